#!/usr/bin/python3
"""Providers leave: one that acts along, one that is dead, one that comes back; never bogus."""

import time

from lab import ask, byhand, claims, msig, net, rig as lab
from lab.knot import update
from lab.rig import TTL, ZONE
from lab.tap import Tap, skip_all
from lab.world import World, zone_of


def say(world, provider, **fields):
    """The owner replaces the HSYNC record of a provider, in one UPDATE; without fields it is
    deleted."""
    rig = world.rig
    lines = [f"del {ZONE} TYPE{ask.HSYNC} {ask.hsync(provider.identity, **old)}"
             for old in ({}, {"state": "OFF"})]
    if fields:
        lines.append(f"add {ZONE} {TTL['ns']} TYPE{ask.HSYNC} "
                     f"{ask.hsync(provider.identity, **fields)}")
    return update(rig.owner.server, ZONE, rig.owner_key, *lines)


def alone(world, members):
    """Whether the zone is that of these members alone: keys, CDS, NS, and DS and NS at the parent."""
    try:
        tags = {ds.split()[0] for p in members for ds in p.ksk(ZONE)}
        return (byhand.delegation(world.rig) == {p.ns for p in members}
                and {r.split()[0] for r in byhand.parent_ds(world.rig)} == tags
                and byhand.shown(members, "DNSKEY", 2 * len(members))
                and byhand.shown(members, "NS", len(members))
                and world.in_sync(members))
    except OSError:
        return False


def leave(t, world, leaver, members, what, seconds=90):
    """The owner says OFF; True when the leaver is out everywhere."""
    say(world, leaver, state="OFF")
    try:
        net.until(lambda: alone(world, members), what, seconds)
    except net.Timeout:
        return t.ok(False, what, lambda: world.logs(40) + "\n".join(
            str(world.msig[p.label].tracking()) for p in members))
    return t.ok(True, what)


def main(t):
    """Three providers; p2 leaves and comes back, p3 dies and is taken out."""
    with World(providers=3) as world:
        first, second, third = world.providers
        for joiner in (second, third):
            if not t.ok(claims.join(world, joiner), f"{joiner.label} joins", lambda: world.logs(40)):
                return
        if not leave(t, world, second, [first, third], "p2 leaves while it is alive"):
            return
        net.until(lambda: zone_of(world.msig["p2"].tracking()).get("process") is None,
                  "p2 to rest", 20)
        journal = [e["text"] for e in world.msig["p2"].journal()]
        t.ok(any("remove-signer" in text and "complete" in text for text in journal),
             "p2's own journal says that it is out", lambda: "\n".join(journal))
        say(world, second)
        net.until(lambda: world.in_sync([first, third]), "the others without p2's record", 30)
        t.ok(alone(world, [first, third]), "the owner deletes its record: nothing changes")

        say(world, second, state="ON")
        t.ok(claims.finish(world, third), "p2 is designated again and comes back",
             lambda: world.logs(40))

        died = time.time() - 1
        for name in msig.DAEMONS:
            world.msig["p3"].kill(name)
        third.signer.child.kill()
        if not leave(t, world, third, [first, second], "p3 is dead, and leaves all the same"):
            return
        # Until the parent names it no longer, resolvers that may not retry run into it.
        named = [when for when, _, text in world.scanner.log if text.startswith("NS now")][-1]
        claims.never_bogus(t, world, "three leaves and joins", dead=(died, named + 15))
        for p in (first, second):
            t.ok(all(child.running for child in world.msig[p.label].daemons.values()),
                 f"{p.label}'s daemons still run")


if lab.missing() or msig.missing():
    skip_all("not found: " + " ".join(lab.missing() + msig.missing()))
msig.Msig.hold_down = "2s"
with Tap() as tap:
    main(tap)
