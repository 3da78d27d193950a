#!/usr/bin/python3
"""A signer that is fed by DNS UPDATE, a real named: its zone is what combinerd serves and its own
DNSSEC records, whatever happens on the way; its own keys are never touched."""

import os
import random
import re
import signal

from cryptography.hazmat.primitives.asymmetric import ec
import dns.dnssec
import dns.name
import dns.query
import dns.rdatatype
import dns.tsigkeyring
import dns.update
import dns.xfr
import dns.zone

import combinerd_rig as lab
from lab import ask, net
from lab.bind import Bind
from lab.tap import Tap

GENERATED = {"RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "TYPE65534", "ZONEMD"}
SHARED = {"DNSKEY", "CDS", "CDNSKEY"}
KEYS = [dns.dnssec.make_dnskey(ec.generate_private_key(ec.SECP256R1()).public_key(),
                               dns.dnssec.Algorithm.ECDSAP256SHA256, flags).to_text()
        for flags in (257, 256)]  # BIND wants points on the curve
FOREIGN = ["300 DNSKEY " + KEYS[0], "300 DNSKEY " + KEYS[1],
           "300 CDS 12345 13 2 " + lab.HASH, "300 CDNSKEY " + KEYS[0],
           "300 NS ns1.p2.example.", "300 CSYNC 0 1 A NS AAAA"]


class Signer:
    """named as a dynamic primary of the zone."""

    def __init__(self, rig, **items):
        self.rig = rig
        self.bind = Bind(rig.procs, rig.directory, "signer")
        rig.client = self.bind.server
        self.bind.pushed(lab.ZONE, rig.signer, **items)
        # long times: it adds no CDS of its own while the test looks
        self.bind.times["max"] = "1h"

    def records(self):
        """What of its zone counts, without its own DNSKEY records: the same form as Rig.axfr()."""
        return {r for r in self.whole() if r[1] not in GENERATED
                and not (r[1] == "DNSKEY" and r[2] in self.own())}

    def whole(self):
        """Everything in it, the SOA with serial 0."""
        zone = dns.zone.Zone(lab.ZONE, relativize=False)
        query, _ = dns.xfr.make_query(zone, keyring=self.rig.signer.key)
        dns.query.inbound_xfr(self.bind.server[0], zone, query, port=self.bind.server[1],
                              timeout=30)
        return lab.content(zone)

    def own(self):
        """Its own keys."""
        return self.bind.dnskeys(lab.ZONE)

    def change(self, *lines, delete=()):
        """Somebody changes its zone behind combinerd's back."""
        update = dns.update.UpdateMessage(lab.ZONE, keyring=self.rig.signer.key)
        for name, *rest in delete:
            update.delete(name, *rest)
        for name, ttl, rdtype, rdata in lines:
            update.add(name, ttl, rdtype, rdata)
        return dns.query.tcp(update, self.bind.server[0], 10, self.bind.server[1]).rcode()


def without_shared_ttl(records):
    """The TTL of DNSKEY, CDS and CDNSKEY is the signer's affair."""
    return {(n, t, d, 0 if n == lab.ZONE and t in SHARED else ttl) for n, t, d, ttl in records}


def out(rig):
    """The push in msigctl merge."""
    return (rig.control("merge") or {}).get("out", {}).get("push", {})


def pushed(rig):
    """How many messages the last push took."""
    return int(re.findall(r"pushed serial .* (\d+) messages", rig.log())[-1])


def says(rig, signer):
    """The ends of both logs, without what the test itself causes."""
    return [line for text in (rig.log(), signer.bind.log()) for line in text.splitlines()
            if "AXFR" not in line][-60:]


def until_equal(tap, rig, signer, claim, seconds=30):
    """Waits until the signer has what is served."""
    def equal():
        try:
            return (without_shared_ttl(signer.records()) == without_shared_ttl(rig.axfr()[0])
                    and out(rig).get("equal"))
        except (OSError, dns.exception.DNSException):
            return False
    try:
        net.until(equal, claim, seconds, 0.3)
    except net.Timeout:
        print(f"# {out(rig)}", *says(rig, signer), sep="\n# ")
    return lab.compare(tap, without_shared_ttl(signer.records()),
                       without_shared_ttl(rig.axfr()[0]), claim)


def keys_there(tap, signer, claim):
    """Its own keys are in its zone, and its DNSKEY RRset is signed by one of them."""
    shown = ask.rdata(signer.bind.server, lab.ZONE, "DNSKEY")
    tap.ok(set(signer.own()) <= shown and len(signer.own()) == 2, claim, f"{shown} {signer.own()}")


def valid(tap, signer, claim):
    """Everything at the apex verifies with the keys that are shown."""
    name = dns.name.from_text(lab.ZONE)
    keys, _ = ask.rrset(ask.ask(signer.bind.server, name, "DNSKEY"), name, dns.rdatatype.DNSKEY)
    bad = []
    for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "CSYNC", "NS", "SOA"):
        found, sigs = ask.rrset(ask.ask(signer.bind.server, name, rdtype), name,
                                dns.rdatatype.from_text(rdtype))
        try:
            if found:
                dns.dnssec.validate(found, sigs, {name: keys})
        except dns.dnssec.ValidationFailure as error:
            bad.append(f"{rdtype}: {error}")
    tap.equal(bad, [], claim)


def small_changes(tap, rig, owner, signer):
    """Kinds of change, one after the other."""
    serial = 10
    for what, extra, times in [
            ("an address", "new A 192.0.2.7\n", {}),
            ("a name becomes an alias", "new CNAME www\n", {}),
            ("and no alias any more", "new A 192.0.2.8\nnew A 192.0.2.9\n", {}),
            ("another TTL", "new 77 A 192.0.2.8\nnew 77 A 192.0.2.9\n", {}),
            ("a wildcard, a delegation, its glue, a DS",
             "*.w TXT \"x\"\nsub NS ns.sub\nns.sub A 192.0.2.3\n"
             f"sub DS 1 13 2 {lab.HASH}\n", {}),
            ("an unknown type and MX at the apex", "@ MX 10 mail\nu TYPE65400 \\# 3 010203\n", {}),
            ("other numbers in SOA", "", {"refresh": 1111, "retry": 222}),
            ("all of that gone", "", {})]:
        serial += 1
        owner.serve(lab.zone_text(serial, extra, **times))
        rig.until_owner(serial)
        until_equal(tap, rig, signer, f"the owner changes: {what}")
    return serial


def overlay(tap, rig, signer):
    """The overlay comes and goes; one UPDATE for all of it; the signer's keys stay."""
    tap.equal(rig.change(add=FOREIGN), "NOERROR", "the overlay gets another provider's records")
    until_equal(tap, rig, signer, "they are in the signer's zone")
    tap.equal(pushed(rig), 1, "by one UPDATE: the shared RRsets change together")
    keys_there(tap, signer, "beside its own keys")
    valid(tap, signer, "and all of it is signed")
    for restart in (signal.SIGTERM, signal.SIGKILL):
        rig.daemon.kill(restart)
        rig.start()
        until_equal(tap, rig, signer, f"a restart ({restart.name}) changes nothing")
    # what an agent may do with a process: everything of an origin goes
    signer.bind.child.kill(signal.SIGTERM)
    rig.control("withdraw", origin=lab.OTHER)
    rig.kill()
    signer.bind.start()
    rig.start()
    until_equal(tap, rig, signer, "after a crash it is still known what was pushed: it is withdrawn")
    keys_there(tap, signer, "and the signer's own keys are not")
    shown = ask.rdata(signer.bind.server, lab.ZONE, "DNSKEY")
    tap.equal(shown, set(signer.own()), "they alone are left")


def meddling(tap, rig, signer):
    """Somebody else changes the signer's zone; it is put right."""
    rig.change(add=FOREIGN)
    until_equal(tap, rig, signer, "the overlay is there")
    repaired = out(rig)["repaired"]
    key = FOREIGN[0].split(None, 2)[2]
    tap.equal(signer.change(("@", 300, "NS", "evil.example."),
                            delete=[("@", "DNSKEY", key), ("@", "CDS")]), 0,
              "somebody deletes a key, all CDS, and adds NS")
    rig.until(lambda s: out(rig)["repaired"] > repaired, "the repair")
    until_equal(tap, rig, signer, "that is seen and put right")
    tap.ok("changed by somebody else" in rig.log(), "the log says so")
    signer.change(("www", 300, "TXT", "evil"), ("deep.er", 300, "A", "192.0.2.66"),
                  delete=[("mail", "MX")])
    rig.control("notify")
    until_equal(tap, rig, signer, "below the apex it is when the operator asks (msigctl notify)")
    rig.control("withdraw", origin=lab.OTHER)
    until_equal(tap, rig, signer, "withdrawn again")


def forgotten(tap, rig, signer):
    """A key of another provider that somebody put in before msig counts as pushed: it can go."""
    foreign = FOREIGN[1].split(None, 2)[2]
    signer.change(("@", 300, "DNSKEY", foreign))
    rig.change(add=[FOREIGN[1]])
    rig.control("notify")
    until_equal(tap, rig, signer, "a foreign key is there already")
    rig.change(add=[FOREIGN[0]])
    until_equal(tap, rig, signer, "and another one comes")
    rig.change(delete=["DNSKEY " + foreign])
    until_equal(tap, rig, signer, "the first one goes when it is withdrawn")
    rig.control("withdraw", origin=lab.OTHER)
    until_equal(tap, rig, signer, "and so does the other")
    keys_there(tap, signer, "the signer's own keys stay")
    # a peer that claims the signer's own keys
    for own in signer.own():
        tap.equal(rig.change(add=["300 DNSKEY " + own]), "NOERROR", "a peer claims an own key")
    until_quiet(rig)
    rig.control("withdraw", origin=lab.OTHER)
    until_equal(tap, rig, signer, "and withdraws it")
    keys_there(tap, signer, "claimed and withdrawn by a peer, the signer's own keys stay")


def until_quiet(rig):
    """Waits until the newest version is pushed."""
    rig.until(lambda s: out(rig).get("equal"), "the push")


def refusals(tap, rig, signer, owner, serial):
    """What the signer may say; each has a line that tells what to do, and the end is equal."""
    bind = signer.bind
    good = dict(bind.zones[lab.ZONE])
    for what, change, said in [
            ("no update at all", {"update_policy": f'{{ deny "{rig.signer.name}" zonesub ANY; }}'},
             "allow updates"),
            ("no transfer", {"allow_transfer": "{ none; }"}, "let it be transferred"),
            ("another zone", None, "must be the primary"),
            ("inline-signing", {"inline_signing": "yes"}, "inline-signing no")]:
        bind.child.kill(signal.SIGTERM)
        bind.zones = {lab.ZONE: {**good, **change}} if change else {}
        rig.until(lambda s: out(rig)["trouble"], "the trouble that nobody is there")
        bind.start()
        serial += 1
        owner.serve(lab.zone_text(serial))
        rig.change(add=FOREIGN[:2])
        rig.control("notify")
        try:
            rig.until(lambda s, w=said: w in out(rig)["trouble"] and "Connection" not in
                      out(rig)["trouble"] and out(rig)["trouble"], f"the trouble with {what}")
        except net.Timeout as error:
            print("# " + str(error).replace("\n", "\n# "))
        trouble = out(rig)["trouble"]
        tap.ok(trouble and said in trouble, f"{what}: msigctl says what to do", trouble)
        tap.ok(any(said in w for w in rig.control("status")["warnings"]), "and so does status",
               str(rig.control("status")["warnings"]))
        bind.child.kill(signal.SIGTERM)
        bind.zones = {lab.ZONE: dict(good)}
        if what == "inline-signing":  # it has made a signed copy
            for end in ("signed", "signed.jnl", "jbk"):
                path = os.path.join(bind.home, f"{lab.ZONE}zone.{end}")
                if os.path.exists(path):
                    os.unlink(path)
        bind.start()
        until_equal(tap, rig, signer, f"{what}: put right, it goes on", 40)
        rig.control("withdraw", origin=lab.OTHER)
        until_equal(tap, rig, signer, "and the overlay is gone again")
    keys_there(tap, signer, "its own keys are there after all of it")
    tap.ok("TSIG" in wrong_key(rig), "another secret: msigctl says TSIG", out(rig).get("trouble"))
    rig.write(feed="    signer-feed: push\n")
    rig.control("reload")
    until_equal(tap, rig, signer, "the right one, by a reload: it goes on")


def stubborn(tap, rig, signer, owner, serial):
    """A record that the signer changes as it likes: said so, and nothing else waits for it."""
    owner.serve(lab.zone_text(serial + 1, "long 90000 A 192.0.2.1\n"))
    rig.until_owner(serial + 1)
    rig.control("notify")
    try:
        rig.until(lambda s: "max-zone-ttl" in out(rig)["trouble"], "the trouble with a TTL")
    except net.Timeout as error:
        print("# " + str(error).replace("\n", "\n# "))
    tap.ok("long.shop.example. A" in out(rig)["trouble"], "a TTL that BIND cuts: msigctl says so",
           str(out(rig)))
    owner.serve(lab.zone_text(serial + 2, "long 90000 A 192.0.2.1\nnext A 192.0.2.2\n"))
    rig.until_owner(serial + 2)
    try:
        net.until(lambda: ask.rdata(signer.bind.server, "next." + lab.ZONE, "A"), "it", 5)
    except net.Timeout:
        pass
    tap.ok(ask.rdata(signer.bind.server, "next." + lab.ZONE, "A"), "other changes go on at once")
    owner.serve(lab.zone_text(serial + 3))
    rig.until_owner(serial + 3)
    until_equal(tap, rig, signer, "without it nothing is left to say")


def bad_cds(tap, rig, signer):
    """CDS of an algorithm that no key has: BIND refuses the message with all of the apex."""
    rig.change(add=["300 CDS 12345 15 2 " + lab.HASH])
    rig.until(lambda s: "bad CDS" in out(rig)["trouble"], "the trouble with CDS")
    tap.ok("REFUSED" in out(rig)["trouble"], "CDS of another algorithm: msigctl says what it is")
    rig.control("withdraw", origin=lab.OTHER)
    until_equal(tap, rig, signer, "it goes on when that is gone")


def wrong_key(rig):
    """What is said when the signer's key has another secret there."""
    good, rig.signer = rig.signer, ask.Key(rig.signer.name)
    rig.write(feed="    signer-feed: push\n")
    rig.signer = good
    rig.control("reload")
    rig.until(lambda s: "TSIG" in out(rig).get("trouble", ""), "TSIG to fail")
    return out(rig)["trouble"]


def clean_end(tap, rig):
    """It ends as it should, and no sanitizer has said anything."""
    tap.equal(rig.stop(), 0, "combinerd stops with status 0")
    broken = [line for line in rig.log().splitlines()
              if "Sanitizer" in line or "runtime error" in line]
    tap.equal(broken, [], "and was never broken")


def large(tap):
    """10,000 records: the initial load is interrupted again and again, and ends equal; then a change
    of one record costs one."""
    rng = random.Random(4711)
    with lab.Rig() as rig:
        signer = Signer(rig)
        rig.write(feed="    signer-feed: push\n")
        hosts = [f"h{i} A 192.0.2.{i % 250 + 1}\n" for i in range(10000)]
        owner = lab.KnotOwner(rig)
        owner.start(lab.zone_text(1, "".join(hosts)))
        signer.bind.start()
        rig.start()
        for _ in range(4):
            try:
                net.until(lambda: out(rig).get("equal") or
                          (rig.control("merge") or {}).get("out", {}).get("notify", "")
                          .startswith("being pushed"), "the push", 20, 0.02)
            except net.Timeout:
                pass
            wait = rng.uniform(0.05, 0.8)
            end = net.time.monotonic() + wait
            net.until(lambda e=end: net.time.monotonic() > e, "a moment", 5, 0.02)
            rig.kill()
            rig.start()
        until_equal(tap, rig, signer, "an initial load of 10,000 records, killed four times", 120)
        axfrs = signer.bind.log().count("AXFR ended")
        hosts[5000] = "h5000 A 192.0.2.251\n"
        owner.serve(lab.zone_text(2, "".join(hosts)))
        rig.until_owner(2)
        until_quiet(rig)
        tap.equal(pushed(rig), 1, "a change of one record is one UPDATE")
        tap.equal(signer.bind.log().count("AXFR ended") - axfrs, 0, "and no transfer")
        until_equal(tap, rig, signer, "and it is there")
        # half of it goes and comes while combinerd is killed
        owner.serve(lab.zone_text(3, "".join(hosts[::2])))
        rig.until_owner(3)
        rig.kill()
        owner.serve(lab.zone_text(4, "".join(hosts[1::2])))
        rig.start()
        rig.until_owner(4)
        until_equal(tap, rig, signer, "half replaced by the other half, killed in between", 60)
        keys_there(tap, signer, "its own keys are there")
        clean_end(tap, rig)


with Tap() as t:
    lab.without("knotd", "knotc", "named")
    with lab.Rig() as r:
        s = Signer(r)
        r.write(feed="    signer-feed: push\n")
        o = lab.KnotOwner(r)
        o.start(lab.zone_text(1))
        r.start()
        r.until(lambda _: out(r).get("trouble"), "the trouble that nobody is there")
        t.ok("running" in out(r)["trouble"], "the signer is not there yet: said so", str(out(r)))
        s.bind.start()
        until_equal(t, r, s, "the signer's first zone is replaced by what is served")
        keys_there(t, s, "its own keys are there")
        number = small_changes(t, r, o, s)
        overlay(t, r, s)
        meddling(t, r, s)
        forgotten(t, r, s)
        stubborn(t, r, s, o, number)
        bad_cds(t, r, s)
        refusals(t, r, s, o, number + 3)
        clean_end(t, r)
    large(t)
