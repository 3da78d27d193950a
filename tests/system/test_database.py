#!/usr/bin/python3
"""agentd's database is lost, or put back from an older copy, while the zone is served: nothing is
published and nothing withdrawn until a person confirms it, and then the provider is where it was."""

from lab import claims, net
from lab.database import confirm, copy_of, held, in_doubt, replace
from lab.rig import ZONE
from lab.world import World, run_test


def heard_of_it(world, label, other):
    """Does the other agent warn that this one's database is another one? It does so once for each."""
    return world.msig[other].daemons["agentd"].tail(100000).count(
        f"{world.msig[label].provider.identity} has another database, or confirmed an older one")


def warns(world, label, other, before):
    """How often the other agent has warned since: it may hear of it after this one is in step."""
    try:
        net.until(lambda: heard_of_it(world, label, other) > before, "a warning", 15)
    except net.Timeout:
        pass
    return heard_of_it(world, label, other) - before


def confirmed(t, world, label, what, copy):
    """One loss: noticed, nothing moves, confirmed, and all is as before."""
    before = held(world, label)
    other = "p2" if label == "p1" else "p1"
    warned = heard_of_it(world, label, other)
    shown = {p.label: sorted(map(str, p.keys())) for p in world.providers[:2]}
    replace(world, label, copy)
    try:
        net.until(lambda: in_doubt(world, label), "doubt", 30)
        good = True
    except net.Timeout:
        good = False
    if not t.ok(good, f"{what}: noticed", lambda: world.logs(30)):
        return False
    said = world.msig[label].ctl("why", ZONE, check=False).stdout
    t.ok("msigctl resume shop.example." in said, f"{what}: it is said what to do", said)
    world.counted(ZONE, "mixed", 40)
    t.equal(held(world, label), before, f"{what}: combinerd holds what it held")
    confirm(world, label)
    try:
        net.until(lambda: world.in_sync(world.providers[:2]) and world.joined(world.providers[:2])
                  and not in_doubt(world, label), "in sync", 60)
        good = True
    except net.Timeout:
        good = False
    t.ok(good, f"{what}: confirmed, it is a member as before", lambda: world.logs(40))
    t.equal({p.label: sorted(map(str, p.keys())) for p in world.providers[:2]}, shown,
            f"{what}: every signer has the keys that it had")
    t.equal(warns(world, label, other, warned), 1, f"{what}: {other} warns of it, once")
    return good


def main(t):
    """A member, and a second one that has just joined."""
    with World(providers=3) as world:
        if not t.ok(claims.join(world, world.providers[1]), "p2 joins", lambda: world.logs(40)):
            return
        if not (confirmed(t, world, "p1", "p1's is lost", None)
                and confirmed(t, world, "p2", "p2's is lost", None)):
            return
        old = copy_of(world, "p2", "old")
        t.ok(claims.join(world, world.providers[2]), "p3 joins after that",
             lambda: world.logs(40))
        warned = heard_of_it(world, "p2", "p1")
        replace(world, "p2", old)
        try:
            net.until(lambda: in_doubt(world, "p2"), "doubt", 30)
            noticed = True
        except net.Timeout:
            noticed = False
        t.ok(noticed, "p2's is put back from before p3's join: noticed", lambda: world.logs(30))
        confirm(world, "p2")
        try:
            net.until(lambda: world.in_sync(world.providers) and world.joined(world.providers),
                      "in sync", 90)
            good = True
        except net.Timeout:
            good = False
        t.ok(good, "confirmed, all three are in step", lambda: world.logs(40))
        t.equal(warns(world, "p2", "p1", warned), 1, "p1 warns of the older one, once")
        claims.never_bogus(t, world, "lost and old databases")
        claims.clean_end(t, world)


run_test(main)
