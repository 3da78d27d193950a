#!/usr/bin/python3
"""The owner moves the zone from p1 to p2 with one change of HSYNC: p2 joins, then p1 leaves; never
bogus."""

from lab import byhand, claims, group
from lab.world import World, run_test


def main(t):
    """Both are in for a while, and then p2 alone."""
    with World(providers=2) as world:
        first, second = world.providers
        both = {p.ns for p in world.providers}
        seen = []

        def moved():
            seen.append((byhand.delegation(world.rig), len(byhand.parent_ds(world.rig))))
            return group.settled(world, [second])

        claims.until(t, world, "the zone is at p1 alone",
                     lambda: group.settled(world, [first]), 30)
        group.move(world, first, second)
        if not claims.until(t, world, "one change moves it to p2 alone", moved, 150):
            return
        t.ok((both, 2) in seen, "for a while the parent had both, with their DS", lambda: str(seen))
        order = [e["text"] for e in world.msig["p2"].journal() if "complete" in e["text"]]
        t.ok([text.split()[0] for text in order] == ["add-signer", "remove-signer"],
             "a join, and then a leave", lambda: str(order))
        claims.never_bogus(t, world, "a move in one change", down=("p1",))
        claims.clean_end(t, world)


run_test(main, hold_down="2s")
