#!/usr/bin/python3
"""kill -9 of each daemon at random moments of joins: every join finishes, and nothing is ever bogus.

A few kills in each run; MSIG_FULL (make check-full): 100. MSIG_SEED repeats a run's moments.
"""

import os
import random
import time

from lab import claims, msig, rig as lab
from lab.tap import Tap, full, skip_all
from lab.world import World

KILLS = 100 if full() else 6
PER_JOIN = 6


class Killer:
    """Kills and restarts daemons while a join goes on."""

    def __init__(self, t, world, chance, count):
        self.t, self.world, self.random, self.left = t, world, chance, count
        self.victims = [(label, name) for label in ("p1", "p2") for name in msig.DAEMONS]
        self.random.shuffle(self.victims)
        self.down = None
        self.next = time.monotonic() + self.random.uniform(0.1, 2.0)

    def __call__(self):
        now = time.monotonic()
        if now < self.next:
            return
        if self.down:
            label, name = self.down
            self.world.msig[label].start(name)
            self.down = None
            self.next = now + self.random.uniform(0.1, 3.0)
        elif self.left:
            self.left -= 1
            label, name = self.down = self.victims[self.left % len(self.victims)]
            self.world.msig[label].kill(name)
            self.t.note(f"{time.strftime('%T')} kill -9 {label} {name}")
            self.next = now + self.random.uniform(0.0, 1.5)


def one_join(t, chance, kills, number):
    """A fresh world, one join, some kills."""
    with World(providers=2, rate=15) as world:
        killer = Killer(t, world, chance, kills)
        good = claims.join(world, world.providers[1], 150, killer)
        t.ok(good, f"join {number} finishes despite {kills - killer.left} kills",
             lambda: world.logs(40))
        claims.never_bogus(t, world, f"join {number}", 10)
        return kills - killer.left


def main(t):
    """Joins until all kills are done."""
    seed = os.environ.get("MSIG_SEED") or str(random.randrange(1 << 32))
    t.note(f"MSIG_SEED={seed}")
    chance = random.Random(seed)
    done = number = 0
    while done < KILLS:
        number += 1
        killed = one_join(t, chance, min(PER_JOIN, KILLS - done), number)
        done += max(1, killed)
    t.note(f"{done} kills in {number} joins")


if lab.missing() or msig.missing():
    skip_all("not found: " + " ".join(lab.missing() + msig.missing()))
with Tap() as tap:
    main(tap)
