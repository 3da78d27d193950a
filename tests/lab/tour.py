"""./demo --tour: after the joins, what else happens in the life of a zone with several signers."""

import time

from . import group, msig
from .demo import Demo
from .rig import ZONE

SECONDS = 150


class Tour(Demo):
    """The demo, and more acts."""

    signers = {label: {"driver": True} for label in ("p1", "p2", "p3")}
    done = "Joins, rollovers and a leave done"

    def bring_up(self):
        """The demo's, with signers whose keys signerd moves, and an owner who is believed soon."""
        msig.Msig.hold_down = "2s"
        super().bring_up()

    def act(self, title, commands, begin, done):
        """One act: what is ordered, what follows, what the watcher saw meanwhile."""
        screen = self.screen
        screen.head(title)
        for command in commands:
            screen.put("  " + command)
        before, began = self.world.judge.watcher.count(ZONE), time.monotonic()
        over = begin()

        def watched():
            self.narrate(self.members)
            return (over or done)()

        if not self.wait(watched, title, SECONDS):
            screen.put(self.world.logs())
            return
        self.narrate(self.members)
        saw = self.judge_act(title, before)
        screen.event(f"done after {time.monotonic() - began:.1f} s; {saw}", "good")

    def roll(self, title, orders):
        """Keys roll: by the operator's word at one or more providers."""
        self.act(title, [f"{label}$ msigctl roll {ZONE} {' '.join(what)}"
                         for label, what in orders.items()],
                 lambda: group.Rollover(self.world, self.members, orders).done, None)

    def leave(self, leaver):
        """The owner takes a provider out."""
        self.members = [p for p in self.members if p is not leaver]
        self.act(f"The owner takes {leaver.label} out: its HSYNC record says OFF",
                 [f"knsupdate: replace it by HSYNC OFF AGENT SIGN {leaver.identity} ."],
                 lambda: group.designate(self.world, leaver, state="OFF") and None,
                 lambda: group.settled(self.world, self.members))

    def more(self):
        """The acts."""
        if self.failures:
            return
        self.roll("p1 and p2 roll their ZSKs, ordered at the same time",
                  {"p1": ("zsk",), "p2": ("zsk",)})
        self.roll("p2 rolls its KSK", {"p2": ("ksk",)})
        self.roll("All go from algorithm 13 to 15 together", {"p1": ("algorithm", "15")})
        self.leave(self.world.rig.provider("p3"))
