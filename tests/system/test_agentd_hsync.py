#!/usr/bin/python3
"""HSYNC that is no instruction: nothing that is published changes, the zone says why, and it goes on
when the owner's word is clear again."""

from lab import ask, byhand, claims, net
from lab.knot import update
from lab.rig import TTL, ZONE
from lab.world import World, run_test, zone_of

TYPE = f"TYPE{ask.HSYNC}"


def hsync(world):
    """What p1's agent says about HSYNC."""
    return world.msig["p1"].ask("hsync", ZONE) or {}


def published(world):
    """Everything that providers and parent show of the apex."""
    shown = [frozenset(ask.rdata(p.server, ZONE, rdtype))
             for p in world.providers for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "NS")]
    return shown, frozenset(byhand.delegation(world.rig)), frozenset(byhand.parent_ds(world.rig))


def owner(world, *lines):
    """The owner changes its zone."""
    return update(world.rig.owner.server, ZONE, world.rig.owner_key, *lines)


def freezes(t, world, what, *lines):
    """These changes of the owner are no instruction: nothing moves, and p1 and p2 say why."""
    before = published(world)
    owner(world, *lines)
    try:
        for p in world.providers:
            net.until(lambda p=p: (world.msig[p.label].ask("hsync", ZONE) or {}).get("freeze"),
                      f"{p.label} to see it", 20)
        seen = hsync(world)
        good = True
    except net.Timeout:
        good, seen = False, hsync(world)
    t.ok(good, f"{what}: not followed ({seen.get('freeze')})", lambda: world.logs(30))
    journals = [len(m.journal()) for m in world.msig.values()]
    net.until(lambda: frozen_for(world, 10), f"{what}: ten more looks at the signers", 30)
    t.equal(published(world), before, f"{what}: everything published stays as it was")
    t.ok(all(zone_of(m.tracking()).get("process") is None for m in world.msig.values()),
         f"{what}: no process began")
    t.ok(sum(len(m.journal()) for m in world.msig.values()) <= sum(journals) + 4,
         f"{what}: it is said once, not again and again")


LOOKS = {}


def frozen_for(world, count):
    """Whether the agents have looked so many times at HSYNC since this was first asked."""
    seen = LOOKS.setdefault(id(world), set())
    seen.add(hsync(world).get("now"))
    if len(seen) < count:
        return False
    LOOKS.clear()
    return True


def clear(t, world, what, *lines):
    """The owner's word is clear again."""
    owner(world, *lines)
    try:
        net.until(lambda: not hsync(world).get("freeze") and world.in_sync(world.providers),
                  "the agents to follow again", 30)
        t.ok(True, f"{what}: followed again")
    except net.Timeout:
        t.ok(False, f"{what}: followed again", lambda: world.logs(30))


def main(t):
    """A joined zone, and what an owner may do to HSYNC."""
    with World(providers=2) as world:
        good = claims.join(world, world.providers[1])
        t.ok(good, "two providers sign the zone", lambda: world.logs(40))
        if not good:
            return
        ttl = TTL["ns"]
        one, two = (ask.hsync(p.identity) for p in world.providers)
        both = (f"add {ZONE} {ttl} {TYPE} {one}", f"add {ZONE} {ttl} {TYPE} {two}")

        freezes(t, world, "no HSYNC at all", f"delete {ZONE} {TYPE}")
        clear(t, world, "no HSYNC at all", *both)
        freezes(t, world, "a truncated record", f"add {ZONE} {ttl} {TYPE} \\# 3 010201")
        clear(t, world, "a truncated record", f"delete {ZONE} {TYPE}", *both)
        freezes(t, world, "an unknown State",
                f"add {ZONE} {ttl} {TYPE} \\# 9 0702010378797a0000")
        clear(t, world, "an unknown State", f"delete {ZONE} {TYPE}", *both)
        freezes(t, world, "State 0", f"add {ZONE} {ttl} {TYPE} \\# 9 0002010378797a0000")
        clear(t, world, "State 0", f"delete {ZONE} {TYPE}", *both)
        freezes(t, world, "mixed NSMGMT", f"add {ZONE} {ttl} {TYPE} \\# 9 0101010378797a0000")
        clear(t, world, "mixed NSMGMT", f"delete {ZONE} {TYPE}", *both)
        freezes(t, world, "one identity twice",
                f"add {ZONE} {ttl} {TYPE} {ask.hsync(world.providers[1].identity, sign='NOSIGN')}")
        clear(t, world, "one identity twice", f"delete {ZONE} {TYPE}", *both)
        claims.never_bogus(t, world, "whatever HSYNC says", 10)


run_test(main)
