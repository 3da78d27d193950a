#!/usr/bin/python3
"""Agents under bad input, on a whole lab: messages of strangers and of a member gone bad, discovery
that is not DNSSEC-secure, HSYNC that is broken or vanishes. The zone stays valid all the time, each
refusal has its reason, and the next good thing works."""

import os
import struct
import time

import dns.edns
import dns.message
import dns.rcode
import dns.rdata

from cryptography.hazmat.primitives import serialization

from lab import ask, byhand, claims, hostile, net, sig0
from lab.knot import update
from lab.rig import PARENT, TTL, ZONE
from lab.tap import full
from lab.world import World, run_test, zone_of

REQUEST, EXECUTE, STATE = 128, 131, 150


class Member(sig0.Signer):
    """A provider's own SIG(0) key, out of its file: what somebody who broke in there could sign."""

    def __init__(self, name, file):
        super().__init__(name)
        with open(file, "rb") as pem:
            self.private = serialization.load_pem_private_key(pem.read(), None)
        public = self.private.public_key().public_bytes(serialization.Encoding.Raw,
                                                        serialization.PublicFormat.Raw)
        self.rdata = struct.pack("!HBB", 512, 3, 15) + public


def option(operation, identity, zone, *fields):
    """sig0.option with a sequence in the unit of agents: one that is far ahead of their clocks
    would make a peer deaf for what the real sender says later."""
    data = sig0.option(operation, identity, zone)
    at = data.index(b"\x0f\0\x08")
    sequence = sig0.tlv(15, struct.pack("!Q", time.time_ns() // 1000))
    return data[:at] + sequence + data[at + len(sequence):] + b"".join(fields)


def hello(signer, identity, zone, **times):
    """A signed HELLO."""
    return signer.sign(sig0.message(zone, option(sig0.HELLO, identity, zone)), **times)


def verdict(response):
    """(RCODE, EDE or None, signed) of a response; "none" when the connection was closed."""
    if not response:
        return "none", None, False
    parsed = dns.message.from_wire(response, ignore_trailing=True)
    codes = [int(o.code) for o in parsed.options if o.otype == dns.edns.EDE]
    signed = any(r.rdtype == 24 for r in parsed.additional)
    return dns.rcode.to_text(parsed.rcode()), codes[0] if codes else None, signed


def say(provider, message):
    """A message to a provider's transportd; its verdict."""
    return verdict(hostile.raw(provider.transport, message, 10))


def step(operation, identity, process=1, number=1, digest=b"\0" * 32):
    """A signed step's option."""
    return option(operation, identity, ZONE, sig0.tlv(7, os.urandom(16)),
                       sig0.tlv(5, bytes([process])), sig0.tlv(6, bytes([number])),
                       sig0.tlv(14, struct.pack("!Q", 99)), sig0.tlv(16, digest))


def apex(world):
    """What everybody sees of the zone that matters: DNSKEY, CDS and NS at each member, DS."""
    first = world.providers[:2]
    return ([frozenset(ask.rdata(p.server, ZONE, t)) for p in first
             for t in ("DNSKEY", "CDS", "CDNSKEY", "NS")],
            byhand.parent_ds(world.rig), byhand.delegation(world.rig))


def strangers(t, world):
    """Before there is any peer."""
    p1 = world.providers[0]
    stranger = sig0.Signer("ns.msa.evil.example.")
    for name, message in {
            "a signed HELLO": hello(stranger, "msa.evil.example.", ZONE),
            "an unsigned one": sig0.message(ZONE, option(1, "msa.evil.example.", ZONE)),
            "about another zone": hello(stranger, "msa.evil.example.", "other.example."),
            "in the name of p1 itself": hello(sig0.Signer(f"ns.{p1.identity}"), p1.identity,
                                                   ZONE),
            "STATE": stranger.sign(sig0.message(ZONE, option(STATE, "msa.evil.example.",
                                                                  ZONE), sig0.UPDATE)),
    }.items():
        rcode, _, signed = say(p1, message)
        t.ok(rcode in ("REFUSED", "FORMERR", "none") and not signed,
             f"a stranger: {name} is refused, and nothing is signed for it", f"{rcode}")


def member_gone_bad(t, world):
    """p2 is a member; somebody has its key, or part of it."""
    p1, p2, p3 = world.providers
    name = f"ns.{p2.identity}"
    good = Member(name, os.path.join(world.msig["p2"].home, "msa.pem"))
    third = Member(f"ns.{p3.identity}", os.path.join(world.msig["p3"].home, "msa.pem"))
    before = apex(world)

    right = hello(good, p2.identity, ZONE)
    t.equal(say(p1, right), ("NOERROR", None, True), "a HELLO that is right is answered, signed")
    rcode, _, _ = say(p1, right)
    t.ok(rcode != "NOERROR", "the same octets once more are refused", rcode)
    net.until(lambda: "seen before" in log(world, "p1"), "the log says replay")
    t.ok(True, "and the log says that it was seen before")

    def flipped():
        message = bytearray(hello(good, p2.identity, ZONE))
        message[-1] ^= 1
        return bytes(message)

    forged = sig0.Signer(name)
    bad = {
        "a wrong signature": (flipped, {"NOTAUTH"}),
        "another key under its name": (lambda: hello(forged, p2.identity, ZONE),
                                       {"NOTAUTH", "REFUSED", "BADKEY"}),
        "an expired signature": (lambda: hello(good, p2.identity, ZONE, shift=-1000),
                                 {"NOTAUTH"}),
        "a signature of the future": (lambda: hello(good, p2.identity, ZONE, shift=1000),
                                      {"NOTAUTH"}),
        "a signature for a year": (lambda: hello(good, p2.identity, ZONE, window=31536000),
                                   {"NOTAUTH", "REFUSED", "NOERROR"}),
        "the key of a third provider": (lambda: hello(third, p2.identity, ZONE),
                                        {"BADKEY", "NOTAUTH", "REFUSED"}),
        "a provider that is not in HSYNC": (lambda: hello(third, p3.identity, ZONE),
                                            {"BADKEY", "REFUSED"}),
        "a zone that is not here": (lambda: hello(good, p2.identity, "naive.example."),
                                    {"REFUSED"}),
        "no signature": (lambda: sig0.message(ZONE, option(1, p2.identity, ZONE)),
                         {"REFUSED"}),
        "no option": (lambda: good.sign(sig0.message(ZONE)), {"REFUSED", "FORMERR", "NOTAUTH"}),
        "operation 0": (lambda: good.sign(sig0.message(ZONE, option(0, p2.identity, ZONE))),
                        {"FORMERR"}),
        "operation 99": (lambda: good.sign(sig0.message(ZONE, option(99, p2.identity, ZONE))),
                         {"NOTIMP"}),
        "an option of two octets": (lambda: good.sign(sig0.message(ZONE, b"\1\1")), {"FORMERR"}),
        "a TLV longer than the option":
            (lambda: good.sign(sig0.message(ZONE, option(1, p2.identity, ZONE) + b"\x0b\xff\xff")),
             {"FORMERR"}),
        "another zone in the option":
            (lambda: good.sign(sig0.message(ZONE, option(1, p2.identity, "other.example."))),
             {"FORMERR", "REFUSED"}),
        "REQUEST without its fields":
            (lambda: good.sign(sig0.message(ZONE, option(REQUEST, p2.identity, ZONE))),
             {"FORMERR"}),
        "STATE without a statement":
            (lambda: good.sign(sig0.message(ZONE, option(STATE, p2.identity, ZONE))),
             {"FORMERR"}),
        "STATE as NOTIFY":
            (lambda: good.sign(sig0.message(ZONE, option(STATE, p2.identity, ZONE),
                                            sig0.NOTIFY)), {"FORMERR"}),
    }
    for what, (make, want) in bad.items():
        got = say(p1, make())
        t.ok(got[0] in want, f"a member: {what}: {' or '.join(sorted(want))}", repr(got))

    # Rightly signed, and still not followed: a step that nobody agreed to.
    for operation in (REQUEST, EXECUTE):
        for process in (1, 2, 7, 250):
            say(p1, good.sign(sig0.message(ZONE, step(operation, p2.identity, process))))
    net.until(lambda: world.in_sync(world.providers[:2]), "both to be in sync", 20)
    t.ok(True, "EXECUTE and REQUEST out of nowhere, rightly signed, start nothing")
    t.equal(apex(world), before, "nothing of all this changed the zone")
    # Whoever has the key may use up sequence numbers; a restart of the owner of the key goes on
    # behind them.
    world.msig["p2"].kill("agentd")
    world.msig["p2"].start("agentd")
    net.until(lambda: peer(world, "p1", p2.identity).get("state") == "operational",
              "p2 to be heard again", 30)
    world.msig["p2"].ready()
    t.ok(all(child.running for m in world.msig.values() for child in m.daemons.values()),
         "and every daemon goes on")


def log(world, label, name="agentd"):
    """A daemon's log."""
    with open(world.msig[label].daemons[name].log, encoding="utf-8", errors="replace") as text:
        return text.read()


def peer(world, label, identity):
    """What an agent says of a peer."""
    answer = world.msig[label].ask("peers") or {}
    return next((p for p in answer.get("peers", []) if p.get("peer") == identity), {})


def not_secure(t, world):
    """The joiner's identity zone is insecure, or bogus: no contact; then secure: it joins."""
    p3 = world.providers[2]
    before = apex(world)
    ds = [line for line in p3.signer.keymgr(p3.domain, "ds").splitlines() if " 13 2 " in line]
    right = ds[0].split(" DS ", 1)[1]
    wrong = " ".join(right.split()[:3]) + " " + "00" * 32
    parent = (world.rig.parent.server, PARENT, world.rig.parent_key)

    def said(word):
        """The reason that p1 gives for having no contact, if the word is in it."""
        about = peer(world, "p1", p3.identity)
        why = about.get("trouble", "")
        return about.get("state") == "needed" and word in why.lower() and why

    # Insecure takes minutes: what was wrong is looked up again in growing intervals.
    if full():
        update(*parent, f"delete {p3.domain} DS")
        net.until(lambda: not ask.rdata(world.rig.parent.server, p3.domain, "DS"), "the DS to go")
        forget(world, p3)
        world.rig.hsync(p3)
        why = net.until(lambda: said("insecure"), "insecure discovery to be named", 30)
        t.ok(True, f"insecure discovery: no contact, and the reason: {why}")
    update(*parent, f"delete {p3.domain} DS", f"add {p3.domain} {TTL['ds']} DS {wrong}")
    forget(world, p3)
    if not full():
        world.rig.hsync(p3)
    why = net.until(lambda: said("bogus"), "bogus discovery to be named", 120)
    t.ok(True, f"bogus discovery: no contact, and the reason: {why}")
    t.equal(apex(world), before, "the zone is as it was")

    def told():
        done = world.msig["p3"].ctl("identity", "check", check=False)
        return done.returncode == 1 and "FAIL" in done.stdout
    t.ok(net.until(told, "identity check to see it", 30),
         "msigctl identity check tells the joiner itself")
    update(*parent, f"delete {p3.domain} DS", f"add {p3.domain} {TTL['ds']} DS {right}")
    forget(world, p3)
    t.ok(joined(world), "with the right DS it joins", lambda: world.logs(30))


def joined(world):
    """All three, within the time that discovery takes to look again."""
    try:
        net.until(lambda: world.joined(world.providers) and world.in_sync(world.providers),
                  "the join of p3", 150)
        return True
    except net.Timeout:
        return False


def forget(world, provider):
    """The resolver's cache has nothing of a provider's zone any more."""
    world.rig.resolver.control("flush_zone", provider.domain)


def freeze(world):
    """Why p1 does not follow HSYNC; empty if it does."""
    return zone_of(world.msig["p1"].tracking() or {}).get("freeze") or ""


def broken_hsync(t, world):
    """The owner's HSYNC goes wrong in several ways: nothing is taken away, the state says why."""
    rig = world.rig
    before = apex(world)
    p2 = world.providers[1]
    whole = [ask.hsync(p.identity) for p in world.providers]

    def write(*rdata):
        update(rig.owner.server, ZONE, rig.owner_key, f"delete {ZONE} TYPE{ask.HSYNC}",
               *(f"add {ZONE} {TTL['ns']} TYPE{ask.HSYNC} {r}" for r in rdata))

    def wanted(records):
        """As dnspython writes generic data."""
        return {dns.rdata.from_text("IN", f"TYPE{ask.HSYNC}", r).to_text() for r in records}

    unknown = f"\\# {whole[0].split()[1]} 07{whole[0].split()[2][2:]}"
    # Each reason differs from the one before, so that what is seen is about this case.
    cases = {
        "an unknown State": ([unknown, *whole[1:]], "malformed"),
        "one identity twice": ([*whole, ask.hsync(p2.identity, "OFF")], "duplicate"),
        "a truncated record": (["\\# 3 010201", *whole], "malformed"),
        "OWNER and AGENT mixed": ([*whole[1:], ask.hsync(world.providers[0].identity,
                                                        nsmgmt="OWNER")], "NSMGMT"),
        "all OFF": ([ask.hsync(p.identity, "OFF") for p in world.providers], "no provider"),
        "nothing at all": ([], "HSYNC"),
    }
    for name, (records, reason) in cases.items():
        last = freeze(world)
        write(*records)
        server = world.providers[0].server
        net.until(lambda w=wanted(records): ask.rdata(server, ZONE, f"TYPE{ask.HSYNC}") == w,
                  "the signer to show the owner's version", 20)
        try:
            why = net.until(lambda old=last, word=reason: freeze(world) != old
                            and word in freeze(world) and freeze(world),
                            f"HSYNC with {name} not to be followed", 20)
            t.ok(True, f"HSYNC: {name}: not followed: {why}")
        except net.Timeout as error:
            t.ok(False, f"HSYNC: {name}: not followed", f"{error}\n{freeze(world)}\n{world.logs(5)}")
        t.equal(apex(world), before, f"HSYNC: {name}: everything stays as it was")
    write(*whole)
    net.until(lambda: world.in_sync(world.providers), "in sync again", 30)
    t.ok(True, "with HSYNC put right all are in sync again")
    t.equal(apex(world), before, "and nothing has changed")


def main(t):
    """One lab for all of it, the watcher looking on."""
    with World(providers=3) as world:
        strangers(t, world)
        good = claims.join(world, world.providers[1])
        t.ok(good, "p2 joins after that", lambda: world.logs(40))
        if not good:
            return
        member_gone_bad(t, world)
        not_secure(t, world)
        broken_hsync(t, world)
        claims.never_bogus(t, world, "bad input")


run_test(main)
