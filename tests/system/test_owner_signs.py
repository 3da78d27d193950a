#!/usr/bin/python3
"""The owner signs (case C of HSYNC): p1 is the owner's own signer, ON AGENT SIGN, and the others serve,
ON AGENT NOSIGN. Their combinerds take the zone from p1's signer as it is signed, and pass it on to
servers that do not sign. They come and go, and p1's keys roll meanwhile. Never bogus, and no combinerd
of theirs ever serves another octet than what was signed."""

import dns.exception
import dns.query

from lab import ask, byhand, claims, group, msig
from lab.rig import ZONE
from lab.world import World, run_test

NEEDED = (*msig.DAEMONS, "signerd", "msigctl")


def transfer(server, key):
    """(serial, all records) of the zone there, with TTL, as they are on the wire."""
    records = [(rrset.name, rrset.rdtype, rrset.ttl, rdata) for message in dns.query.xfr(
        server[0], ZONE, port=server[1], timeout=3, lifetime=3, relativize=False, keyring=key.key)
        for rrset in message.answer for rdata in rrset]
    return records[0][3].serial, frozenset((name.to_wire(), rdtype, ttl, rdata.to_wire())
                                           for name, rdtype, ttl, rdata in records)


class Copies:
    """What the owner's signer and the servers behind the combinerds serve, by serial. look() as often
    as possible: what came and went in between was not seen. Nobody asks the combinerds in passing:
    they would believe that their signer has come."""

    def __init__(self, world):
        self.key = world.rig.watch_key
        self.servers = {p.label: p.server for p in world.providers}
        self.seen = {label: {} for label in self.servers}

    def look(self):
        """One version of each, if it is another one than those before."""
        for label, server in self.servers.items():
            try:
                soa = ask.rdata(server, ZONE, "SOA")
                if soa and int(soa.pop().split()[2]) not in self.seen[label]:
                    serial, records = transfer(server, self.key)
                    self.seen[label][serial] = records
            except (OSError, EOFError, dns.exception.DNSException):
                continue  # asked again; how many were seen is counted in the end

    def compare(self, t, one):
        """A server had with each serial what the signer had with it."""
        signed, here = self.seen["p1"], self.seen[one.label]
        both = signed.keys() & here.keys()
        wrong = [serial for serial in both if signed[serial] != here[serial]]
        t.ok(not wrong and len(both) >= 6, f"{one.label} served what p1 signed, to the octet, in all of "
             f"{len(both)} versions", str(wrong))


def until(t, world, copies, what, condition, seconds=60):
    """One claim: that condition comes true in time; the copies are looked at meanwhile."""
    return claims.until(t, world, what, lambda: copies.look() or condition(), seconds)


def merge(world, label):
    """What a provider's combinerd says of the zone."""
    return world.msig[label].ask("merge", ZONE) or {}


def contributed(world, label, origin):
    """Types of records of a provider in another one's overlay."""
    return {entry["type"] for entry in merge(world, label).get("overlay", ())
            if entry["origin"] == origin.identity}


def passes(t, world, one):
    """What its combinerd has and says, and of whom the records in the overlays are; when all rests."""
    said = merge(world, one.label)
    t.equal(said.get("state"), "passthrough", f"{one.label}'s combinerd passes the zone on")
    t.equal(said.get("overlay"), [], "it has nothing to add")
    t.equal(transfer(one.combiner, one.signer_key),
            transfer(world.rig.provider("p1").server, world.rig.watch_key),
            "and has the zone as p1's signer has it, serial and all")
    t.equal(contributed(world, "p1", one), {"NS"}, f"{one.label} contributes NS, and nothing else")


def story(t, world, copies):
    """True when all of it went well."""
    first, *relays = world.providers

    def is_so(what, *serving):
        return until(t, world, copies, what, lambda: group.settled(world, [first], serving))

    def says(one, **fields):
        group.designate(world, one, sign="NOSIGN", upstream=first.identity, **fields)

    def rolls(kind, *serving):
        rollover = group.Rollover(world, [first], {"p1": (kind,)}, serving)
        return until(t, world, copies, f"the owner rolls its {kind.upper()}", rollover.done) and \
            t.equal(rollover.replaced(kind), {"p1"}, f"and signs with another {kind.upper()}")

    second, third = relays
    says(second)
    if not is_so("p2 passes on what the owner signed, and is named", second) or \
            not rolls("zsk", second):
        return False
    passes(t, world, second)
    says(third)
    if not is_so("so does p3", *relays) or not rolls("ksk", *relays):
        return False
    passes(t, world, third)
    says(second, state="OFF")
    if not is_so("p2 is named no longer", third):
        return False
    t.equal(contributed(world, "p1", second), set(), "nothing of it is in the zone")
    t.equal(merge(world, "p2").get("state"), "passthrough", "and it goes on passing it on")
    return True


def main(t):
    """One world, with ZSK and KSK of the owner's signer in signerd's hands."""
    relay = {"upstream": "p1", "relay": True}
    with World(providers=3, signers={"p1": {"driver": True}, "p2": relay, "p3": relay}) as world:
        copies = Copies(world)
        if story(t, world, copies):
            for one in world.providers[1:]:
                copies.compare(t, one)
            t.equal(byhand.delegation(world.rig), {p.ns for p in world.providers if p.number != 2},
                    "the parent names the owner's server and p3's")
            t.equal(len(byhand.parent_ds(world.rig)), 1, "and has one DS")
        claims.never_bogus(t, world, "the owner signs")
        claims.clean_end(t, world)


run_test(main, needed=NEEDED, hold_down="2s")
