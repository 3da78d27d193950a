#!/usr/bin/python3
"""What else the owner and the operators may want of a group: a provider that only serves, NS in the
owner's hands and back, a dead provider forced out while HSYNC still has it, a move from one provider to
another, a parent that never acts; never bogus."""

from lab import ask, byhand, claims, group
from lab.knot import update
from lab.rig import TTL, ZONE
from lab.world import World, run_test, zone_of


def serving(t):
    """A provider that only serves comes and goes; then the owner takes NS over, and gives them back."""
    with World(providers=3, signers={"p3": {"upstream": "p1"}}) as world:
        first, second, third = world.providers
        signers = [first, second]
        if not t.ok(claims.join(world, second), "p2 joins", lambda: world.logs(60)):
            return
        group.designate(world, third, sign="NOSIGN")
        names = [p.ns for p in world.providers]
        if not claims.until(t, world, "p3 only serves, and is named everywhere",
                            lambda: group.shows_ns(world, world.providers, names)
                            and world.in_sync(signers), 90):
            return
        t.ok(byhand.shown(world.providers, "DNSKEY", 4), "it serves the keys of the two that sign")
        t.equal(len(byhand.parent_ds(world.rig)), 2, "the parent has no DS for it")

        # The owner takes NS over: first its own copy is made equal.
        update(world.rig.owner.server, ZONE, world.rig.owner_key,
               *(f"add {ZONE} {TTL['ns']} NS {name}" for name in names))
        group.management(world, signers, [third], "OWNER")
        claims.until(t, world, "NS are the owner's now, and nothing changes",
                     lambda: all("NS are managed by the owner" in " ".join(
                         e["text"] for e in world.msig[p.label].journal()) for p in signers)
                     and group.shows_ns(world, world.providers, names) and world.in_sync(signers), 90)
        update(world.rig.owner.server, ZONE, world.rig.owner_key, f"del {ZONE} NS {third.ns}")
        group.management(world, signers, [third], "AGENT")
        claims.until(t, world, "they do not go back to the agents while the owner has others",
                     lambda: any("before NSMGMT=AGENT" in str(world.msig["p1"].tracking()) for _ in "1"), 90)
        update(world.rig.owner.server, ZONE, world.rig.owner_key,
               f"add {ZONE} {TTL['ns']} NS {third.ns}")
        claims.until(t, world, "they go back to the agents when both say the same",
                     lambda: group.shows_ns(world, world.providers, names) and world.in_sync(signers)
                     and all("managed by the agents" in world.msig[p.label].journal()[-1]["text"]
                             or "managed by the agents" in " ".join(
                                 e["text"] for e in world.msig[p.label].journal()[-40:])
                             for p in signers), 90)

        update(world.rig.owner.server, ZONE, world.rig.owner_key,
               f"del {ZONE} TYPE{ask.HSYNC} {ask.hsync(third.identity, sign='NOSIGN')}",
               f"add {ZONE} {TTL['ns']} TYPE{ask.HSYNC} "
               f"{ask.hsync(third.identity, state='OFF', sign='NOSIGN')}")
        claims.until(t, world, "p3 is named no longer",
                     lambda: group.shows_ns(world, signers, [p.ns for p in signers])
                     and world.in_sync(signers), 90)
        claims.never_bogus(t, world, "a provider that serves")
        claims.clean_end(t, world)


def forced(t):
    """p2 dies for good and its owner cannot be reached: the operators take it out, and move on."""
    with World(providers=3) as world:
        first, second, third = world.providers
        for joiner in (second, third):
            if not t.ok(claims.join(world, joiner), f"{joiner.label} joins", lambda: world.logs(60)):
                return
        group.dies(world, second)
        rest = [first, third]
        group.force(world, [first], second)
        claims.until(t, world, "one operator's word is not enough: it is said whose is missing",
                     lambda: "no operator here took it out" in str(world.msig["p1"].tracking()), 30)
        group.force(world, [third], second)
        if not claims.until(t, world, "p2 is out by both operators' word, though HSYNC still has it",
                            lambda: group.settled(world, rest), 120):
            return
        claims.never_bogus(t, world, "a provider forced out", down=("p2",))


def moved(t):
    """The owner moves from p1 to p2: p2 joins, then p1 leaves; the parent sleeps for a while."""
    with World(providers=2) as world:
        first, second = world.providers
        if not t.ok(claims.join(world, second), "p2 joins", lambda: world.logs(60)):
            return
        world.scanner.zones.clear()  # the parent looks no more
        group.designate(world, first, state="OFF")
        claims.until(t, world, "a parent that does not act is waited for, and it is said so",
                     lambda: any(r["class"] == "parent" for r in
                                 (world.msig["p2"].tracking() or {}).get("reasons", ())), 90)
        t.ok(zone_of(world.msig["p2"].tracking())["process"]["step_name"] == "csync-added",
             "the leave rests at csync-added")
        world.counted(ZONE, None, 60)
        world.scanner.zones.append(ZONE)
        if not claims.until(t, world, "the parent wakes up, and the move is complete",
                            lambda: group.settled(world, [second]), 120):
            return
        claims.never_bogus(t, world, "a move from p1 to p2")


def main(t):
    """Each in a world of its own."""
    for part in (serving, forced, moved):
        part(t)


run_test(main, hold_down="2s")
