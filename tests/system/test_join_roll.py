#!/usr/bin/python3
"""A provider joins while the ZSK of another one is to roll: both are wanted within a second, and then
the rollover is ordered in the middle of a join. One process is finished before the other one begins,
and nothing is lost. Never bogus."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

from lab import claims, group, msig, net
from lab.matrix import REACHED
from lab.world import World, run_test

NEEDED = (*msig.DAEMONS, "signerd", "msigctl")
JOIN, ROLL = ("add-signer", "zsk-rollover")


def order(world, members):
    """msigctl roll at the first one, among these who are members when it is over."""
    return group.Rollover(world, members, {"p1": ("zsk",)})


def processes(world, since):
    """What went on at p1 since then, one process after the other, by its journal."""
    steps = [REACHED.match(e["text"])[1] for e in world.msig["p1"].journal()
             if e["time"] >= since * 1000 and REACHED.match(e["text"])]
    return [kind for kind, _ in itertools.groupby(steps)]


def finished(t, world, rollover, what):
    """Both have come to their end, and p1 signs with another key."""
    try:
        net.until(rollover.done, what, 60)
    except net.Timeout:
        return t.ok(False, what, lambda: world.logs(60) + "\n".join(
            str((world.msig[p.label].tracking() or {}).get("reasons")) for p in world.providers))
    return t.equal(rollover.replaced("zsk"), {"p1"}, what)


def at_once(t, world):
    """HSYNC and the order in one second."""
    first, second, _ = world.providers
    since = time.time()
    with ThreadPoolExecutor(1) as pool:
        ordering = pool.submit(order, world, [first, second])
        world.rig.hsync(second)
        told = time.time()
        rollover = ordering.result()
    apart = abs(rollover.accepted["p1"] - told)
    t.ok(apart < 1, f"p2 was designated and the rollover ordered within a second: {apart:.3f} s apart")
    if not finished(t, world, rollover, "p2 has joined, and p1 signs with another ZSK"):
        return False
    t.equal(sorted(processes(world, since)), [JOIN, ROLL], "one was finished before the other began")
    return True


def in_the_middle(t, world):
    """The order when the joiner's keys and CDS are in already."""
    since = time.time()
    world.rig.hsync(world.providers[2])
    net.until(lambda: world.process("p1").get("step_name") in ("cds-added", "parent-ds-synced"),
              "the middle of p3's join", 30)
    rollover = order(world, world.providers)
    t.equal(world.process("p1").get("kind"), JOIN, "a ZSK rollover is ordered in the middle of p3's join")
    if not finished(t, world, rollover, "p3 has joined, and p1 signs with another ZSK"):
        return
    t.equal(processes(world, since), [JOIN, ROLL], "the join was finished before the rollover began")


def main(t):
    """One world; p1's keys are signerd's to move."""
    with World(providers=3, signers={"p1": {"driver": True}}) as world:
        if at_once(t, world):
            in_the_middle(t, world)
        claims.never_bogus(t, world, "a join and a rollover")
        claims.clean_end(t, world)


run_test(main, needed=NEEDED, hold_down="2s")
