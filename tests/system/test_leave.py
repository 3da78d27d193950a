#!/usr/bin/python3
"""Providers leave: one that acts along, one that is dead, one that comes back; never bogus."""

from lab import claims, group, net
from lab.world import World, run_test, zone_of


def leave(t, world, leaver, members, what, seconds=90):
    """The owner says OFF; True when the leaver is out everywhere."""
    group.designate(world, leaver, state="OFF")
    try:
        net.until(lambda: group.settled(world, members), what, seconds)
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
        with open(world.msig["p2"].daemons["agentd"].log, encoding="utf-8") as log:
            refused = [line for line in log if "combinerd refused the overlay" in line]
        t.equal(refused, [], "meanwhile its combinerd took all that its agent said")
        journal = [e["text"] for e in world.msig["p2"].journal()]
        t.ok(any("remove-signer" in text and "complete" in text for text in journal),
             "p2's own journal says that it is out", lambda: "\n".join(journal))
        group.designate(world, second)
        net.until(lambda: world.in_sync([first, third]), "the others without p2's record", 30)
        t.ok(group.settled(world, [first, third]), "the owner deletes its record: nothing changes")

        group.designate(world, second, state="ON")
        t.ok(claims.finish(world, third), "p2 is designated again and comes back",
             lambda: world.logs(40))

        group.dies(world, third)
        if not leave(t, world, third, [first, second], "p3 is dead, and leaves all the same"):
            return
        claims.never_bogus(t, world, "three leaves and joins", down=("p3",))
        for p in (first, second):
            t.ok(all(child.running for child in world.msig[p.label].daemons.values()),
                 f"{p.label}'s daemons still run")


run_test(main, hold_down="2s")
