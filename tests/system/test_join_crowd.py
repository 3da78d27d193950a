#!/usr/bin/python3
"""Two providers are designated at once, while the owner keeps changing the zone: they join one after the
other, nothing is ever bogus, and at the end each shows what the owner wrote, record for record.

In full (make check-full) also: the second one is designated during each step of the first one's join.
"""

import random
import time

import dns.query
import dns.rdatatype
import dns.zone

from lab import ask, claims, net, rig as lab
from lab.knot import update
from lab.tap import full
from lab.world import World, run_test

STEPS = ["dnskeys-synced", "cds-added", "parent-ds-synced", "nses-synced", "csync-added",
         "parent-ns-synced"]
DNSSEC = {dns.rdatatype.from_text(t) for t in
          ("RRSIG", "NSEC", "DNSKEY", "CDS", "CDNSKEY", "CSYNC", "SOA")}


class Churn:
    """The owner's work: it adds and removes records below the apex, a few times a second."""

    def __init__(self, world, chance):
        self.world, self.random = world, chance
        self.next, self.changes = 0.0, 0

    def __call__(self):
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + self.random.uniform(0.1, 0.6)
        name = f"c{self.random.randrange(12)}.{lab.ZONE}"
        update(self.world.rig.owner.server, lab.ZONE, self.world.rig.owner_key,
               self.random.choice((f"del {name} A", f"add {name} 3 A 192.0.2.{self.changes % 250}",
                                   f"add {name} 3 TXT \"{self.changes}\"", f"del {name}")))
        self.changes += 1


def content(server, key):
    """A zone as the set of its records, without what signer and overlay add."""
    found = set()
    for message in dns.query.xfr(server[0], lab.ZONE, port=server[1], relativize=False,
                                 keyring=key.key, lifetime=10):
        for rrset in message.answer:
            if rrset.rdtype in DNSSEC or (rrset.rdtype == dns.rdatatype.NS):
                continue
            found |= {(rrset.name.to_text().lower(), rrset.ttl, rrset.rdtype, r.to_text())
                      for r in rrset}
    return found


def crowd(t, second_during, chance):
    """p2, and p3 at once or when p2 is at a step."""
    what = f"p3 designated {'during ' + second_during if second_during else 'at once with p2'}"
    with World(providers=3) as world:
        _, p2, p3 = world.providers
        churn = Churn(world, chance)
        wanted = [p2] if second_during else [p2, p3]
        update(world.rig.owner.server, lab.ZONE, world.rig.owner_key,
               *(f"add {lab.ZONE} {lab.TTL['ns']} TYPE{ask.HSYNC} {ask.hsync(p.identity)}"
                 for p in wanted))
        if second_during:
            begun = f"all approve {second_during}, execute"  # a step may be over in half a second
            net.until(lambda: churn() or any(begun in entry["text"] for entry in
                                             world.msig["p2"].journal()),
                      f"{second_during} of p2", 60)
            world.rig.hsync(p3)
        t.ok(claims.finish(world, p3, 120, churn), f"{what}: both join", lambda: world.logs(40))
        t.ok(churn.changes > 20, f"{what}: the owner made {churn.changes} changes meanwhile")
        owner = content(world.rig.owner.server, p2.transfer_key)
        for p in world.providers:
            try:
                net.until(lambda who=p: content(who.server, world.rig.watch_key) == owner,
                          "the owner's content", 10)
            except net.Timeout:
                pass
            t.equal(content(p.server, world.rig.watch_key) ^ owner, set(),
                    f"{what}: {p.label} shows the {len(owner)} records of the owner")
        claims.never_bogus(t, world, what)
        claims.clean_end(t, world)


def main(t):
    """All cases of this run."""
    seed = random.randrange(1 << 32)
    t.note(f"seed {seed}")
    for during in [None] + (STEPS if full() else []):
        crowd(t, during, random.Random(seed))


run_test(main)
