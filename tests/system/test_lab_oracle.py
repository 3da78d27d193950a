#!/usr/bin/python3
"""The oracle of all other system tests, proven in both directions.

A join with stock Knot and knsupdate in the right order: the watcher sees no bogus answer, and S1 and
S2 hold on all that was served. The naive way (second provider's NS and DS without exchanging keys):
the same watcher counts bogus answers with the validator's reason, and S2 is violated.
"""

import time

from lab import byhand, net, rig as lab
from lab.judge import Judge
from lab.knot import update
from lab.scanner import Scanner
from lab.tap import Tap, skip_all

MINIMUM = 20


def hold(seconds):
    """Caches need this time; so the watcher goes on meanwhile."""
    end = time.monotonic() + seconds
    net.until(lambda: time.monotonic() >= end, "the hold", seconds + 5)


def counted(judge, zone, cls, since, more):
    """Waits until a class of resolvers has answered so many questions more."""
    net.until(lambda: judge.watcher.count(zone, cls).queries >= since + more,
              f"{more} questions about {zone} to {cls}", 60)


def main(t):
    """Both directions."""
    with lab.Rig(providers=2) as rig:
        stand = {p: byhand.StandIn(rig, p) for p in rig.providers}
        rig.start_owner({f"naive-{p.label}": (*p.server, p.transfer_key) for p in rig.providers})
        rig.start_parent()
        for p in rig.providers:
            stand[p].start()
            p.configure({lab.ZONE: (*p.combiner, p.signer_key),
                         lab.NAIVE: (*rig.owner.server, p.transfer_key)})
            p.signer.start(wait=False)
        for knot in [rig.owner, rig.parent] + [s.knot for s in stand.values()]:
            knot.ready()
        for p in rig.providers:
            p.signer.ready()
        rig.delegate()
        first, second = rig.providers
        net.until(second.keys, "the second signer's keys")
        scanner = Scanner(rig, [lab.ZONE])
        judge = Judge(rig, rate=30).start()
        judge.watch(lab.ZONE)
        scanner.start()

        counted(judge, lab.ZONE, "p1", 0, MINIMUM)
        byhand.join(rig, lambda p, *lines: stand[p].change(*lines), [first], second, hold, t.note)
        t.ok(byhand.delegation(rig) == {first.ns, second.ns}, "the join is done")
        for cls in ("p1", "p2", "mixed"):
            counted(judge, lab.ZONE, cls, judge.watcher.count(lab.ZONE, cls).queries, MINIMUM)
        judge.watcher.unwatch(lab.ZONE)

        # The naive way, on a zone that no one synchronises.
        judge.watch(lab.NAIVE)
        counted(judge, lab.NAIVE, None, 0, MINIMUM)
        t.equal(judge.watcher.count(lab.NAIVE).bogus, 0, "the scratch zone is fine with one signer")
        update(rig.parent.server, lab.PARENT, rig.parent_key,
               f"add {lab.NAIVE} {lab.TTL['ns']} NS {second.ns}",
               *(f"add {lab.NAIVE} {lab.TTL['ds']} DS {ds}" for ds in second.ksk(lab.NAIVE)))
        for cls in ("mixed", "p2"):
            counted(judge, lab.NAIVE, cls, judge.watcher.count(lab.NAIVE, cls).queries, 60)
        judge.stop()
        scanner.stop()

        for when, zone, text in scanner.log:
            t.note(f"parent: {zone} {text}")
        for cls in judge.watcher.classes(lab.ZONE):
            count = judge.watcher.count(lab.ZONE, cls)
            t.note(f"{lab.ZONE} {cls}: {count}")
            t.ok(count.bogus == 0 and count.other == 0 and count.secure >= MINIMUM,
                 f"join in order: {cls} resolvers see only secure answers",
                 lambda c=count: f"{dict(c.reasons)} {dict(c.oddities)}")
        s1, s2 = judge.check(lab.ZONE)
        t.ok(s1.pairs > 5 and not s1.violations, f"S1 holds on {s1.pairs} pairs of versions",
             "\n".join(s1.violations[:5]))
        t.ok(s2.pairs > 100 and not s2.violations, f"S2 holds on {s2.pairs} pairs of versions",
             "\n".join(s2.violations[:5]))

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
