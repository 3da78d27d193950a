"""What every join must show, whatever else was done to it."""

import re
import signal
import time

from . import net
from .rig import ZONE
from .watcher import MIXED


def join(world, joiner, seconds=60, meanwhile=lambda: None, zone=ZONE):
    """The owner designates joiner; True when the join is done. meanwhile() is called again and again
    until then."""
    world.rig.hsync(joiner, zone=zone)
    return finish(world, joiner, seconds, meanwhile, zone)


def finish(world, joiner, seconds=60, meanwhile=lambda: None, zone=ZONE):
    """Whether, in time, all with a number up to joiner's have all keys, DS and NS, and say so."""
    members = [p for p in world.providers if p.number <= joiner.number]

    def done():
        meanwhile()
        return world.joined(members, zone) and world.in_sync(members, zone)

    try:
        net.until(done, f"the join of {joiner.label}", seconds)
        return True
    except net.Timeout:
        return False


def until(t, world, what, condition, seconds=120, meanwhile=lambda: None):
    """One claim: that condition comes true in time, while meanwhile() is called again and again; else what
    the agents wait for is printed."""
    try:
        net.until(lambda: meanwhile() or condition(), what, seconds)
    except net.Timeout:
        return t.ok(False, what, lambda: world.logs(60) + "\n".join(
            str((world.msig[p.label].tracking() or {}).get("reasons")) for p in world.providers))
    return t.ok(True, what)


def never_bogus(t, world, what, minimum=20, down=(), apart=(), zone=ZONE):
    """The watcher and the offline checker agree that nothing was ever wrong; ends both. down: labels
    of the providers whose servers the test took down for a while: what failed because of that is
    counted apart, by what is said in watcher.py. apart: types that nobody asks for but together with the
    keys of the same server."""
    judge = world.judge
    named = [p.label for p in world.providers if p.label in judge.named(zone)]
    for cls in named + [MIXED]:
        if judge.watcher.count(zone, cls).queries < minimum:
            world.counted(zone, cls, minimum)
    judge.stop()
    judge.set_apart(zone, down)
    for cls in judge.watcher.classes(zone):
        count = judge.watcher.count(zone, cls)
        wrong = [event for event in judge.watcher.events if event.zone == zone
                 and event.cls == cls and event.outcome != "unreached"]
        t.ok(not wrong and (count.secure >= minimum or cls not in named + [MIXED]),
             f"{what}: {cls} resolvers saw {count}",
             lambda c=count, w=wrong: f"{dict(c.reasons)} {dict(c.oddities)}\n" + "\n".join(
                 f"{time.strftime('%T', time.localtime(e.when))} {' '.join(map(str, e[3:]))}"
                 for e in w[:20]))
    for name, verdict in zip(("S1", "S2"), judge.check(zone, apart)):
        t.ok(verdict.pairs > 0 and not verdict.violations,
             f"{what}: {name} holds on all {verdict.pairs} pairs that caches could hold",
             lambda v=verdict: "\n".join(v.violations[:5]))


# What a daemon says when it is broken, in its own words or those of a sanitizer.
BROKEN = re.compile(r"Sanitizer|runtime error:|fatal|[Aa]ssert|core dumped")


def clean_end(t, world):
    """Every daemon of who is not dead still runs, stops with status 0 when told to, and was never broken."""
    for daemons in [d for label, d in world.msig.items() if label not in world.dead]:
        for child in daemons.daemons.values():
            t.ok(child.running, f"{child.name} still runs", child.tail)
            child.kill(signal.SIGTERM)
            t.equal(child.popen.returncode, 0, f"{child.name} stops with status 0")
            with open(child.log, encoding="utf-8", errors="replace") as log:
                said = [line for line in log if BROKEN.search(line)]
            t.ok(not said, f"{child.name} was never broken", "".join(said[:20]))
