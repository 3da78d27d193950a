#!/usr/bin/python3
"""Zones come and go at run time, and a mistake in the configuration changes nothing."""

import os
import signal

from lab import net
from lab.rig import NAIVE, ZONE
from lab.world import World, run_test, zone_of

MORE = f"""  - domain: {NAIVE}
    master: owner
    signer: signer
    ns: [ ns1.p1.example. ]
"""


def zones(daemons):
    """The zones that agentd has, by msigctl."""
    return {z for z in (ZONE, NAIVE) if daemons.tracking(z)}


def main(t):
    """One provider; msigctl reload, SIGHUP, and mistakes."""
    with World(providers=1, watch=False) as world:
        daemons = world.msig["p1"]
        child = daemons.daemons["agentd"]
        net.until(lambda: world.in_sync(world.providers), "the zone to be in its target state")
        with open(daemons.conf, encoding="ascii") as conf:
            text = conf.read()

        def write(new):
            with open(daemons.conf, "w", encoding="ascii") as conf:
                conf.write(new)

        pid = child.popen.pid
        write(text + MORE)
        daemons.ctl("reload")
        net.until(lambda: zones(daemons) == {ZONE, NAIVE}, "the zone that was added")
        net.until(lambda: zone_of(daemons.tracking(NAIVE)).get("state") not in (None, "starting"),
                  "the new zone to be looked at")
        state = zone_of(daemons.tracking(NAIVE))
        t.ok(state.get("freeze") or state.get("state") == "in-sync",
             "the zone that was added is looked at: it has no HSYNC and is left alone",
             lambda: str(state))

        write(text + MORE.replace("master: owner", "master: nobody"))
        done = daemons.ctl("reload", check=False)
        t.ok(done.returncode != 0 and "nobody" in done.stdout + done.stderr,
             "a configuration with a mistake is refused, and it is named", done.stdout + done.stderr)
        write(text)  # msigctl reads it too
        t.equal(zones(daemons), {ZONE, NAIVE}, "and nothing has changed")

        os.kill(pid, signal.SIGHUP)
        net.until(lambda: zones(daemons) == {ZONE}, "the zone to go")
        t.ok(child.running and child.popen.pid == pid, "SIGHUP takes it away, without a restart")
        t.ok(world.in_sync(world.providers), "the other zone is where it was")

        os.kill(pid, signal.SIGUSR2)
        net.until(lambda: "questions to observe under way" in child.tail(20), "the dump")
        t.ok(f"zone {ZONE}: none running, idle" in child.tail(20),
             "SIGUSR2 writes where the zone stands to the log", lambda: child.tail(20))

        # A zone that comes back is taken up where it was left.
        before = len(daemons.journal())
        write(text.replace(f"  - domain: {ZONE}", f"  - domain: {NAIVE}"))
        daemons.ctl("reload")
        net.until(lambda: zones(daemons) == {NAIVE}, "one zone for another")
        write(text)
        daemons.ctl("reload")
        net.until(lambda: world.in_sync(world.providers), "the zone to be back")
        after = [e for e in daemons.journal()[before:] if e.get("kind") == "step"]
        t.equal(after, [], "a zone that comes back does not begin anew")


run_test(main)
