#!/usr/bin/python3
"""signerd takes a real PowerDNS through roll-overs of a ZSK, a KSK and the algorithm with SET alone.
Its DNSKEYs stand in the zone as well, as an overlay would bring them: each is served once."""

import os
import shutil
import tempfile

import dns.dnssec
import dns.name
import dns.rdatatype

from lab import ask, msig, net, signerd, tools
from lab.pdns import Pdns, PdnsProvider, signerd_section
from lab.proc import Processes
from lab.tap import Tap, skip_all

ZONE = "shop.example."
APEX = dns.name.from_text(ZONE)
TEXT = (f"$ORIGIN {ZONE}\n$TTL 3\n@ SOA ns1 hostmaster 1 3600 900 604800 2\n@ NS ns1\n"
        "ns1 A 192.0.2.1\n")


class Lab:
    """One PowerDNS and signerd."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="msig.")
        self.block = net.Block()
        self.procs = Processes(self.directory)
        self.pdns = Pdns(self.procs, self.directory, "pdns", (self.block(9), net.DNS_PORT))
        self.pdns.primary(ZONE, TEXT)
        path = os.path.join(self.pdns.home, "again")
        with open(path, "w", encoding="ascii") as out:
            out.write(TEXT + "".join(f"@ 2 DNSKEY {key}\n" for key in self.pdns.dnskeys(ZONE)))
        self.pdns.util("load-zone", ZONE, path)
        self.signerd = signerd.Signerd(self.procs, self.directory, [ZONE],
                                       signerd_section(self.directory, self.pdns), driver="pdns")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.signerd.close()
        self.procs.stop()
        self.block.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def look(self):
        """(tags in DNSKEY, who signs DNSKEY, who signs data), each sorted; twice what is there
        twice. Data are at the apex and below it: who is asked again at once has no old answer."""
        def tags(name, rdtype):
            found, sigs = ask.rrset(ask.ask(self.pdns.server, name, rdtype), name,
                                    dns.rdatatype.from_text(rdtype))
            return found, sorted(sig.key_tag for sig in sigs or ())
        keys, keysigs = tags(APEX, "DNSKEY")
        address, port = self.pdns.server
        count = len(tools.run("kdig", f"@{address}", "-p", port, ZONE, "DNSKEY", "+tcp",
                              "+short").stdout.splitlines())
        shown = sorted(dns.dnssec.key_id(key) for key in keys)
        data = tags(APEX, "SOA")[1]
        below = tags(dns.name.from_text(f"ns1.{ZONE}"), "A")[1]
        return (shown if count == len(shown) else [count], keysigs,
                data if data == below else [*data, "below the apex", *below])

    def make(self, t, role, algorithm=13):
        """A new key's id."""
        before = set(self.signerd.ask("list", ZONE).keys)
        answer = self.signerd.ask("make", ZONE, role=role, algorithm=algorithm)
        new = [k for k in answer.keys if k not in before]
        t.ok(answer.result == 0 and len(new) == 1 and answer.keys[new[0]][:2] == (role, "made"),
             f"a {role} of algorithm {algorithm} is made", f"{answer.text} {answer.keys}")
        again = self.signerd.ask("make", ZONE, role=role, algorithm=algorithm)
        t.equal(set(again.keys), set(answer.keys), "and made once, if it is asked for again")
        return new[0]

    def set(self, t, key, state):
        """SET, which has to succeed; the states after it."""
        answer = self.signerd.ask("set", ZONE, key=key, state=state)
        t.ok(answer.result == 0 and answer.states().get(key) == state, f"set {state}",
             f"{answer.text} {answer.states()}")
        return answer.states()


def tag(key):
    """Of an id."""
    return int(key.split("-")[1])


def steps(t, lab, what, plan):
    """plan: [(key, state, keys shown, who signs them, who signs data)]"""
    for key, state, shown, keysigs, datasigs in plan:
        lab.set(t, key, state)
        t.equal(lab.look(), tuple(sorted(tag(k) for k in keys)
                                  for keys in (shown, keysigs, datasigs)), f"{what}: {state}")


def refused(t, lab, ksk, zsk):
    """What PowerDNS cannot do, and what nobody should."""
    before = lab.signerd.ask("list", ZONE).states()
    for claim, verb, fields, word in (
            ("a CSK", "make", {"role": "csk", "algorithm": 13}, "CSK"),
            ("taking out the only ZSK", "set", {"key": zsk, "state": "retired"}, "last"),
            ("taking out the only KSK", "set", {"key": ksk, "state": "removed"}, "last"),
            ("a number in place of an id", "set", {"key": "1", "state": "retired"}, "no key"),
            ("a ready ZSK", "set", {"key": zsk, "state": "ready"}, "CDS")):
        answer = lab.signerd.ask(verb, ZONE, **fields)
        t.ok(answer.result != 0 and word in answer.text and answer.states() == before,
             f"{claim}: refused, and nothing has changed", f"{answer.text} {answer.states()}")
    lab.pdns.util("set-publish-cds", ZONE, "2")
    answer = lab.signerd.ask("set", ZONE, key=ksk, state="ready")
    t.ok(answer.result != 0 and "unset-publish-cds" in answer.text,
         "PUBLISH-CDS: refused, with what to do", answer.text)
    lab.pdns.util("unset-publish-cds", ZONE)


def main(t):
    """All of it."""
    with Lab() as lab:
        lab.pdns.start()
        lab.signerd.start()
        keys = lab.signerd.begun
        ksk, zsk = keys.only("ksk", "active"), keys.only("zsk", "active")
        t.equal(lab.look(), (sorted([tag(ksk), tag(zsk)]), [tag(ksk)], [tag(zsk)]),
                "PowerDNS's keys are known, and each is served once")
        refused(t, lab, ksk, zsk)
        new = lab.make(t, "zsk")
        steps(t, lab, "ZSK", [(new, "published", [ksk, zsk, new], [ksk], [zsk]),
                              (new, "active", [ksk, zsk, new], [ksk], [zsk, new]),
                              (zsk, "retired", [ksk, zsk, new], [ksk], [new])])
        # Its record in the zone is the overlay's, which takes it away when the key has gone.
        lab.set(t, zsk, "removed")
        t.equal(lab.look()[2], [tag(new)], "ZSK: removed")
        answer = lab.signerd.ask("discard", ZONE, key=zsk)
        t.ok(answer.result == 0 and zsk not in answer.keys, "and discarded", answer.text)
        lab.pdns.util("delete-rrset", ZONE, "@", "DNSKEY")
        lab.pdns.util("rectify-zone", ZONE)
        old, zsk = ksk, new
        ksk = lab.make(t, "ksk")
        steps(t, lab, "KSK", [(ksk, "published", [old, ksk, zsk], [old, ksk], [zsk]),
                              (ksk, "ready", [old, ksk, zsk], [old, ksk], [zsk]),
                              (ksk, "active", [old, ksk, zsk], [old, ksk], [zsk])])
        t.equal(lab.signerd.ask("list", ZONE).states()[old], "retired", "the one before it is retired")
        steps(t, lab, "KSK", [(old, "removed", [ksk, zsk], [ksk], [zsk])])
        ksk2, zsk2 = lab.make(t, "ksk", 15), lab.make(t, "zsk", 15)
        lab.set(t, zsk2, "signing")
        shown, _, datasigs = lab.look()
        t.equal((shown, datasigs), (sorted([tag(ksk), tag(zsk)]), sorted([tag(zsk), tag(zsk2)])),
                "algorithm: signing")
        both = [ksk, zsk, ksk2, zsk2]
        lab.set(t, ksk2, "published")
        steps(t, lab, "algorithm", [
            (zsk2, "published", both, [ksk, ksk2], [zsk, zsk2]),
            (ksk2, "ready", both, [ksk, ksk2], [zsk, zsk2]),
            (zsk2, "active", both, [ksk, ksk2], [zsk, zsk2]),
            (ksk2, "active", both, [ksk, ksk2], [zsk, zsk2])])
        lab.set(t, zsk, "post-active")
        lab.set(t, ksk, "post-active")
        shown, _, datasigs = lab.look()
        t.equal((shown, datasigs), (sorted([tag(ksk2), tag(zsk2)]), sorted([tag(zsk), tag(zsk2)])),
                "algorithm: post-active")
        steps(t, lab, "algorithm", [(ksk, "removed", [ksk2, zsk2], [ksk2] + [zsk], [zsk, zsk2]),
                                    (zsk, "removed", [ksk2, zsk2], [ksk2], [zsk2])])
        lab.pdns.child.kill()
        answer = lab.signerd.ask("list", ZONE)
        t.ok(answer.result == 0 and answer.only("ksk", "active") == ksk2,
             "PowerDNS is down: the list is had", answer.text)


NEEDED = PdnsProvider.programs + ("kdig",)
if tools.missing(NEEDED) or msig.missing(("signerd",)):
    skip_all("not found: " + " ".join(tools.missing(NEEDED) + msig.missing(("signerd",))))
with Tap() as tap:
    main(tap)
