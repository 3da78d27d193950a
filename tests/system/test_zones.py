#!/usr/bin/python3
"""Two zones in the same daemons. The parent never acts for the first one, whose join stands and says why;
meanwhile the second one sees a join, a rollover and a leave through. Both under the watcher."""

from lab import byhand, claims, group, msig, net
from lab.rig import ZONE
from lab.world import World, run_test

OTHER = "store.example."
NEEDED = (*msig.DAEMONS, "signerd", "msigctl")


def until(t, world, what, condition, seconds=120):
    """One claim: that condition comes true in time."""
    try:
        net.until(condition, what, seconds)
    except net.Timeout:
        return t.ok(False, what, lambda: world.logs(60) + "\n".join(
            str((world.msig[p.label].tracking(zone) or {}).get("reasons"))
            for p in world.providers for zone in world.rig.zones))
    return t.ok(True, what)


def stalled(t, world, when):
    """The first zone stands where the parent has to act, at both, and says so."""
    at = {p.label: world.process(p.label).get("step_name") for p in world.providers}
    t.equal(at, {p.label: "parent-ds-synced" for p in world.providers},
            f"{when}: {ZONE} stands where its parent has to act")
    reasons = (world.msig["p2"].tracking() or {}).get("reasons", ())
    t.ok(any(r["class"] == "parent" and r["object"] == "ds" for r in reasons),
         f"{when}: it says that it waits for the parent's DS", lambda: str(reasons))
    t.ok(len(byhand.parent_ds(world.rig)) == 1 and
         byhand.delegation(world.rig) == {world.providers[0].ns}, f"{when}: the parent has not acted")


def main(t):
    """Two providers."""
    with World(providers=2, zones=(ZONE, OTHER), signers={"p1": {"driver": True}}) as world:
        first, second = world.providers
        world.scanner.zones.remove(ZONE)
        world.rig.hsync(second)
        until(t, world, f"{ZONE}: p2's join comes to where the parent has to act", lambda: all(
            world.process(p.label).get("step_name") == "parent-ds-synced" for p in world.providers))
        if not t.ok(claims.join(world, second, zone=OTHER), f"{OTHER}: p2 joins",
                    lambda: world.logs(60)):
            return
        stalled(t, world, "after the other's join")
        rollover = group.Rollover(world, world.providers, {"p1": ("zsk",)}, zone=OTHER)
        until(t, world, f"{OTHER}: p1's ZSK rolls", rollover.done)
        stalled(t, world, "after its rollover")
        group.designate(world, second, zone=OTHER, state="OFF")
        until(t, world, f"{OTHER}: p2 leaves", lambda: group.settled(world, [first], zone=OTHER))
        stalled(t, world, "after its leave")
        for zone in world.rig.zones:
            claims.never_bogus(t, world, zone, zone=zone)
        claims.clean_end(t, world)


run_test(main, needed=NEEDED, hold_down="2s")
