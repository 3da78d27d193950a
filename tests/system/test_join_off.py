#!/usr/bin/python3
"""The owner takes a joiner back in the middle of its join: what is in of it goes again, whatever that is, and
the zone is that of the others; never bogus."""

from lab import byhand, claims, group
from lab.rig import ZONE
from lab.tap import full
from lab.world import World, run_test

STEPS = ("signers-unsynced", "dnskeys-synced", "cds-added", "parent-ds-synced", "nses-synced",
         "csync-added", "parent-ns-synced")


def taken_back(t, world, joiner, members, what):
    """OFF, and all that was in is out again."""
    before = len(world.msig["p1"].journal())
    group.designate(world, joiner, state="OFF")
    if not claims.until(t, world, f"OFF {what}: the zone is that of {len(members)} as before", lambda:
                        group.settled(world, members) and not world.process(joiner.label), 120):
        return False
    said = [e["text"] for e in world.msig["p1"].journal()[before:]
            if e["text"].startswith(f"add-signer {joiner.identity}: complete")]
    return t.equal(said, [], "and the join was never complete")


def at_parent(t, world):
    """p2 is to join, keys and CDS are exchanged, and the parent has not looked yet."""
    first, second, _ = world.providers
    world.scanner.rests = True
    world.rig.hsync(second)
    if not claims.until(t, world, "p2's join waits for the parent's DS", lambda: all(
                   world.process(p.label).get("step_name") == "parent-ds-synced" and
                   world.process(p.label)["phase"] == "executing" for p in (first, second)), 120):
        return False
    t.ok(byhand.shown([first, second], "CDS", 2), "CDS name the keys of both")
    world.scanner.rests = False
    return taken_back(t, world, second, [first], "while the parent is waited for")


def at_step(t, world, joiner, members, step):
    """A join that is let go up to a step, and no further."""
    world.msig["p1"].ctl("step", ZONE, "on", "add-signer")
    group.designate(world, joiner, state="ON")
    if not claims.until(t, world, f"{joiner.label}'s join comes to {step}",
                        lambda: group.comes_to(world, "add-signer", step), 120):
        return False
    named = joiner.ns in byhand.delegation(world.rig)
    t.equal(named, step == "parent-ns-synced", f"the parent names it: {named}")
    good = taken_back(t, world, joiner, members, f"before {step}")
    world.msig["p1"].ctl("step", ZONE, "off")
    return good


def main(t):
    """Two that sign, in the end, and a third that never comes to it."""
    with World(providers=3) as world:
        first, second, third = world.providers
        if not at_parent(t, world):
            return
        if full() and not all([at_step(t, world, second, [first], step) for step in STEPS]):
            return
        group.designate(world, second, state="ON")
        if t.ok(claims.finish(world, second, 90), "p2 is designated again, and joins",
                lambda: world.logs(60)):
            for step in STEPS[3:] if full() else STEPS[-1:]:
                at_step(t, world, third, [first, second], step)
        claims.never_bogus(t, world, "joins that were taken back")
        claims.clean_end(t, world)


run_test(main, hold_down="2s")
