#!/usr/bin/python3
"""The oracle of all other system tests, proven in both directions.

A join with stock Knot and knsupdate in the right order: the watcher sees no bogus answer, and S1 and
S2 hold on all that was served. The naive way (second provider's NS and DS without exchanging keys):
the same watcher counts bogus answers with the validator's reason, and S2 is violated. A join in the
right order that does not wait for caches: S1 is violated, even if no resolver happened to notice.
"""

from lab import byhand, net, rig as lab
from lab.tap import Tap, skip_all
from lab.world import World

MINIMUM = 20


def main(t):
    """Both directions."""
    with World(providers=3, combiner="knot", rate=30) as world:
        first, second, third = world.providers
        judge = world.judge
        world.counted(lab.ZONE, "p1", MINIMUM)
        byhand.join(world.rig, lambda p, *lines: world.stand[p.label].change(*lines),
                    [first], second, t.note)
        t.ok(byhand.delegation(world.rig) == {first.ns, second.ns}, "the join is done")
        for cls in ("p1", "p2", "mixed"):
            world.counted(lab.ZONE, cls, MINIMUM)
        judge.watcher.unwatch(lab.ZONE)

        s1, s2 = judge.check(lab.ZONE)
        t.ok(s1.pairs >= 4 and not s1.violations, f"S1 holds on {s1.pairs} pairs of versions",
             "\n".join(s1.violations[:5]))
        t.ok(s2.pairs > 100 and not s2.violations, f"S2 holds on {s2.pairs} pairs of versions",
             "\n".join(s2.violations[:5]))

        # In order, but in a hurry.
        byhand.join(world.rig, lambda p, *lines: world.stand[p.label].change(*lines),
                    [first, second], third, t.note, holds=False)
        net.until(lambda: "p3" in judge.named(lab.ZONE), "the third provider to be recorded")
        t.ok(judge.check(lab.ZONE)[0].violations, "a join without holds: S1 is violated")

        # The naive way, on a zone that no one synchronises.
        judge.watch(lab.NAIVE)
        world.counted(lab.NAIVE, None, MINIMUM)
        t.equal(judge.watcher.count(lab.NAIVE).bogus, 0, "the scratch zone is fine with one signer")
        world.naive()
        for cls in ("mixed", "p2"):
            world.counted(lab.NAIVE, cls, 60)
        judge.stop()
        world.scanner.stop()

        for when, zone, text in world.scanner.log:
            t.note(f"parent: {zone} {text}")
        for cls in judge.watcher.classes(lab.ZONE):
            count = judge.watcher.count(lab.ZONE, cls)
            t.note(f"{lab.ZONE} {cls}: {count}")
            t.ok(count.bogus == 0 and count.other == 0 and count.secure >= MINIMUM,
                 f"join in order: {cls} resolvers see only secure answers",
                 lambda c=count: f"{dict(c.reasons)} {dict(c.oddities)}")
        count = judge.watcher.count(lab.NAIVE)
        t.note(f"{lab.NAIVE}: {count}")
        t.ok(count.bogus > 0, "the naive way: bogus answers are counted")
        t.ok(any("sig" in r.lower() or "key" in r.lower() for r in count.reasons),
             "each with the validator's reason", str(count.reasons))
        t.note(dict(count.reasons))
        s1, s2 = judge.check(lab.NAIVE)
        t.ok(s1.violations, "the offline checker finds S1 violated")
        t.ok(s2.violations, "the offline checker finds S2 violated")
        t.note(f"S1: {len(s1.violations)} of {s1.pairs}; S2: {len(s2.violations)} of {s2.pairs}")
        t.note("\n".join((s1.violations + s2.violations)[:3]))


if lab.missing():
    skip_all("not found: " + " ".join(lab.missing()) + " (run ./check, which unpacks them)")
with Tap() as tap:
    main(tap)
