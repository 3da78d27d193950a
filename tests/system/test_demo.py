#!/usr/bin/python3
"""./demo as a newcomer sees it: it succeeds, fails for the right reasons, and leaves nothing behind."""

import glob
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace

from lab import demo, msig, rig as lab, tools, tour
from lab.screen import Screen
from lab.tap import Tap, full, skip_all
from lab.watcher import MIXED, Count, Event


def start(scratch, *options):
    """The demo without its shell script, which only sets up and builds."""
    env = dict(os.environ, TMPDIR=scratch, MSIG_BUILD=tools.build())
    return subprocess.Popen([sys.executable, "-m", "lab.demo", *options], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, process_group=0)


def left_over(scratch):
    """Command lines of processes that still work below scratch."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, encoding="utf-8", errors="replace") as cmdline:
                line = cmdline.read().replace("\0", " ")
        except OSError:
            continue
        if scratch in line:
            found.append(line)
    return found


def whole_run(t):
    """From beginning to end."""
    with tempfile.TemporaryDirectory(prefix="msig-test.") as scratch:
        run = start(scratch)
        out = run.communicate(timeout=240)[0]
        t.equal(run.returncode, 0, "it ends with success")
        for text in ("BOGUS, the validator says: ", "knsupdate: add shop.example.",
                     "kill -9 agentd", "its DONE is not", "agentd started again",
                     "p2 has joined", "p3 has joined", "never bogus"):
            t.ok(text in out, f"it shows {text!r}", out)
        t.ok(re.search(r"shop\.example\. queries (\d+) = secure \1 \+ bogus 0 \+ other 0", out),
             "it sums up: all queries secure", out)
        t.ok(all(len(line) <= 80 for line in out.split("\n")) and "\033" not in out,
             "plain lines of 80 columns where there is no terminal",
             lambda: "\n".join(line for line in out.split("\n") if len(line) > 80))
        t.equal(os.listdir(scratch), [], "its directory is gone")


# What each act of the tour is called, after the joins, in order.
ACTS = ("p1 and p2 roll their ZSKs, ordered at the same time", "p2 rolls its KSK",
        "All go from algorithm 13 to 15 together", "The owner takes p3 out: its HSYNC record says OFF")


def whole_tour(t):
    """--tour, from beginning to end: every act is done, and says that nothing was bogus in it."""
    with tempfile.TemporaryDirectory(prefix="msig-test.") as scratch:
        run = start(scratch, "--tour")
        out = run.communicate(timeout=1200)[0]
        t.equal(run.returncode, 0, "the tour ends with success")
        for text in ("BOGUS, the validator says: ", "agentd started again", "p2 has joined",
                     "p3 has joined"):
            t.ok(text in out, f"the tour shows {text!r}", out)
        rest = out
        for title in ACTS:
            rest = rest.partition(f"\n{title}\n")[2]
            act = rest.partition("\n\n")[0]
            done = re.findall(r"done after [\d.]+ s; meanwhile secure (\d+), bogus (\d+)", act)
            t.ok(len(done) == 1 and int(done[0][0]) > 0 and done[0][1] == "0",
                 f"an act: {title}: done, {done and done[0][0]} secure answers, bogus 0", out)
        last = rest.rstrip().split("\n")[-2:]
        t.ok(re.fullmatch(r"shop\.example\. queries (\d+) = secure \1 \+ bogus 0 \+ other 0", last[0]),
             f"the tour sums up: {last[0]}", out)
        t.ok(re.fullmatch(tour.Tour.done + r", never bogus, in \d+ s\.", last[-1]),
             f"and ends with: {last[-1]}", out)
        t.equal(os.listdir(scratch), [], "its directory is gone")


def interrupted(t):
    """Ctrl-C while a join is under way; SIGTERM; and a kill that it cannot catch."""
    for signo, name in ((signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM"),
                        (signal.SIGKILL, "SIGKILL")):
        with tempfile.TemporaryDirectory(prefix="msig-test.") as scratch:
            run = start(scratch)
            for line in run.stdout:
                if "The owner designates" in line:
                    break
            t.ok(left_over(scratch), f"{name}: something was running")
            os.killpg(run.pid, signo)
            out = run.communicate(timeout=30)[0]
            gone = time.monotonic() + (10 if signo == signal.SIGKILL else 0)
            while left_over(scratch) and time.monotonic() < gone:
                time.sleep(0.1)
            t.equal(left_over(scratch), [], f"{name}: no process stays behind")
            if signo != signal.SIGKILL:
                t.equal(run.returncode, 130, f"{name}: exit status")
                t.ok("stopped; nothing is left running" in out, f"{name}: it says so", out)
                t.equal(os.listdir(scratch), [], f"{name}: its directory is gone")


class Seen:
    """A watcher with made-up counts."""

    def __init__(self, naive, zone, other_at=None):
        self.zones = {lab.NAIVE: Count(), lab.ZONE: Count()}
        self.zones[lab.NAIVE].bogus, self.zones[lab.ZONE].bogus = naive, zone
        self.events = [Event(other_at, lab.ZONE, MIXED, "mix-a", ("www.shop.example.", "A"), "other",
                             "no answer")] if other_at else []

    def count(self, zone):
        """As Watcher.count()."""
        return self.zones[zone]


def verdicts(t):
    """What makes a run fail."""
    for what, seen, killed, good in (
            ("all as it should be", Seen(5, 0), [(10, 20)], True),
            ("the naive way went unnoticed", Seen(0, 0), [(10, 20)], False),
            ("a bogus answer", Seen(5, 1), [(10, 20)], False),
            ("another failure while the agentd was down", Seen(5, 0, 15), [(10, 20)], True),
            ("another failure at another time", Seen(5, 0, 25), [(10, 20)], False),
            ("nothing was killed", Seen(5, 0), [], False)):
        one = demo.Demo(Screen(io.StringIO()), False)
        one.killed = killed
        one.judge_counts(seen)
        t.equal(not one.failures, good, f"{'success' if good else 'failure'}: {what}")


class Watched:
    """A watcher whose count grows by so many (secure, bogus) answers each time it is looked at."""

    def __init__(self, *steps):
        self.steps, self.now = list(steps), Count()

    def count(self, _):
        """As Watcher.count()."""
        more = Count()
        more.secure, more.bogus = self.steps.pop(0) if self.steps else (0, 0)
        self.now = self.now + more
        return self.now


class MadeUp(tour.Tour):
    """A tour of one act in a world without daemons; its verdict finds nothing."""

    def __init__(self, watcher):
        super().__init__(Screen(io.StringIO()), False)
        self.fake = SimpleNamespace(providers=[None] * 3, judge=SimpleNamespace(watcher=watcher),
                                    close=lambda: None, logs=lambda: "")

    def bring_up(self):
        self.world = self.fake

    def nothing(self, *_, **__):
        """No part of this."""

    naive = join = narrate = verdict = counts = nothing

    def more(self):
        self.act("An act", ["as ordered"], nothing_more, lambda: True)


def nothing_more():
    """What an act begins with that orders nothing."""


def acts(t):
    """An act of the tour makes the run fail by itself, whatever all of them together look like."""
    for what, steps, status in (("all secure", ((50, 0), (20, 0)), 0),
                                ("a bogus answer", ((50, 0), (20, 1)), 1),
                                ("bogus before the act alone", ((50, 1), (20, 0)), 0),
                                ("no secure answer", ((50, 0), (0, 0)), 1)):
        t.equal(MadeUp(Watched(*steps)).run(), status, f"an act with {what}: exit status {status}")


if lab.missing() or msig.missing():
    skip_all("not found: " + " ".join(lab.missing() + msig.missing()))
with Tap() as tap:
    verdicts(tap)
    acts(tap)
    whole_run(tap)
    interrupted(tap)
    if full():
        whole_tour(tap)
