#!/usr/bin/python3
"""The owner takes an instruction back in the middle of what follows from it, or gives another one while
something else goes on: a leave in each of its steps, and a leave while keys roll. Never bogus."""

from lab import claims, group
from lab.rig import ZONE
from lab.tap import full
from lab.world import World, run_test

LEAVE = ("nses-synced", "csync-added", "parent-ns-synced", "leaver-stopped", "cds-added", "parent-ds-synced",
         "dnskeys-synced")
# A rollover of p1's, its name, and a step of it in which p2 is taken out.
ROLLS = (
    ("zsk", "zsk-rollover", "zsk-active"),
    ("ksk", "ksk-rollover", "cds-added"),
    ("ksk", "ksk-rollover", "old-ksk-removed"),
)


def stops(world, process):
    """p1's operator wants to see each step of it."""
    world.msig["p1"].ctl("step", ZONE, "on", process)


def goes_on(world):
    """And no more."""
    world.msig["p1"].ctl("step", ZONE, "off")


def taken_back(t, world, step):
    """p2 is OFF, and ON again when its leave is at that step: it is a member in the end."""
    first, second = world.providers
    stops(world, "remove-signer")
    group.designate(world, second, state="OFF")
    if not claims.until(t, world, f"p2's leave comes to {step}",
                        lambda: group.comes_to(world, "remove-signer", step), 120):
        return False
    group.designate(world, second, state="ON")
    goes_on(world)
    return claims.until(t, world, f"taken back before {step}: both are members",
                        lambda: group.settled(world, [first, second]), 180)


def meanwhile(t, world, what, process, step):
    """p2 is taken out while p1's keys roll: both come to their end; then p2 joins again."""
    first, second = world.providers
    stops(world, process)
    rollover = group.Rollover(world, [first], {"p1": (what,)})
    if not claims.until(t, world, f"p1's {process} comes to {step}",
                        lambda: group.comes_to(world, process, step), 120):
        return False
    group.designate(world, second, state="OFF")
    goes_on(world)
    if not claims.until(t, world, f"p2 is OFF before {step}: p1's keys are rolled, and p2 is out",
                        rollover.done, 240):
        return False
    group.designate(world, second, state="ON")
    return t.ok(claims.finish(world, second, 120), "and joins again", lambda: world.logs(60))


def main(t):
    """All of it in check-full, a part else."""
    with World(signers={"p1": {"driver": True}, "p2": {"driver": True}}) as world:
        if not t.ok(claims.join(world, world.providers[1]), "p2 joins", lambda: world.logs(40)):
            return
        if all([taken_back(t, world, step) for step in (LEAVE if full() else LEAVE[4:5])]):
            _ = all([meanwhile(t, world, *row) for row in (ROLLS if full() else ROLLS[1:2])])
        claims.never_bogus(t, world, "instructions that were taken back")
        claims.clean_end(t, world)


run_test(main, hold_down="2s")
