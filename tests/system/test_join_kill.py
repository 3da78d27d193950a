#!/usr/bin/python3
"""kill -9 of each daemon at random moments of joins: every join finishes, nothing that a daemon said
before is lost, and nothing is ever bogus.

"observe" is transportd's second process, which the first starts again; "all" is a host that lost its
power. A few kills in each run; MSIG_FULL (make check-full): 100. MSIG_SEED repeats a run's moments.
"""

import os
import random
import time

from lab import claims, msig
from lab.rig import ZONE
from lab.tap import full
from lab.world import World, run_test

KILLS = 100 if full() else 6
PER_JOIN = 6


class Killer:
    """Kills and restarts daemons while a join goes on."""

    def __init__(self, t, world, chance, count):
        self.t, self.world, self.random, self.left = t, world, chance, count
        self.victims = [(label, name) for label in ("p1", "p2")
                        for name in (*msig.DAEMONS, "observe", "all")]
        self.random.shuffle(self.victims)
        self.down = None
        self.told = {label: {} for label in world.msig}      # what agentd's journal said: by number
        self.serial = {label: None for label in world.msig}  # what combinerd served last
        self.next = time.monotonic() + self.random.uniform(0.1, 2.0)

    def listen(self, label):
        """Remembers what the daemons of a provider say now: it must be true for ever."""
        daemons = self.world.msig[label]
        self.told[label].update((entry["seq"], entry) for entry in daemons.journal())
        merged = daemons.ask("merge", ZONE)
        if merged:
            self.serial[label] = merged["out"]["serial"]

    def lost(self):
        """What was said before a kill and is not so at the end."""
        gone = []
        for label, daemons in self.world.msig.items():
            now = {entry["seq"]: entry for entry in daemons.journal()}
            gone += [f"{label}: {entry}" for seq, entry in self.told[label].items()
                     if now.get(seq) != entry]
            before, merged = self.serial[label], daemons.ask("merge", ZONE)
            if before is not None and (not merged or
                                       (merged["out"]["serial"] - before) % (1 << 32) >= 1 << 31):
                gone.append(f"{label}: served serial {before}, then {merged}")
        return gone

    def start(self):
        """What was killed last and does not run yet; a join may finish without it."""
        if self.down:
            label, names = self.down
            self.world.msig[label].start(*names)
            self.down = None

    def __call__(self):
        if time.monotonic() < self.next:
            return
        pause = self.random.uniform(0.1, 3.0)
        if self.down:
            self.start()
        elif self.left:
            self.left -= 1
            label, name = self.victims[self.left % len(self.victims)]
            self.listen(label)
            self.t.note(f"{time.strftime('%T')} kill -9 {label} {name}")
            if name == "observe":
                self.world.msig[label].kill_observe()
            else:
                names = msig.DAEMONS if name == "all" else (name,)
                for one in names:
                    self.world.msig[label].kill(one)
                self.down = label, names
                pause = self.random.uniform(0.0, 1.5)
        self.next = time.monotonic() + pause


def one_join(t, chance, kills, number):
    """A fresh world, one join, some kills."""
    with World(providers=2, rate=15) as world:
        killer = Killer(t, world, chance, kills)
        good = claims.join(world, world.providers[1], 150, killer)
        killer.start()
        t.ok(good, f"join {number} finishes despite {kills - killer.left} kills",
             lambda: world.logs(40))
        t.ok(any(killer.told.values()) and not killer.lost(),
             f"join {number}: nothing that was said before a kill is lost",
             lambda: "\n".join(killer.lost()))
        claims.never_bogus(t, world, f"join {number}", 10)
        claims.clean_end(t, world)
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


run_test(main)
