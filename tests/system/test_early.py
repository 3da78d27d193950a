#!/usr/bin/python3
"""A signer that uses a new ZSK at once: both agentds say which answers are at risk, the key goes to the
other signer without anybody's help, and it is over when caches have turned over.

The harm is the signer's: when agentd first sees the key, answers are signed with it already, and caches
hold DNSKEY sets without it, which nobody can call back. So this is the one test with bogus answers; the
watcher shows that there are none but those that the alarm is about, and none when it is over."""

import re
import time

from lab import ask, claims, msig, net
from lab.rig import ZONE
from lab.world import World, run_test

NEEDED = msig.DAEMONS + ("msigctl", "signerd")
RISK = "is used, and not shown at"


def roll_at_once(provider):
    """What an automatic policy would do: the new key signs as soon as it is there."""
    signer = provider.signer
    old = provider.stored("zsk", "active")[0]
    signer.keymgr(ZONE, "generate", "algorithm=13", "ksk=no", "zsk=yes", "publish=+0",
                  "active=+0")
    signer.keymgr(ZONE, "set", old, "retire=+0")
    signer.ctl("zone-keys-load", ZONE)
    return time.time()


class Alarm:
    """What p1's agentd says of the risk: about which key, and until when at most."""

    def __init__(self, world):
        self.world, self.until, self.tags = world, 0, set()

    def __call__(self):
        """Whether it says something now."""
        mine = [r for r in (self.world.msig["p1"].tracking() or {}).get("reasons", ())
                if RISK in r["text"]]
        for r in mine:
            self.until = max(self.until, r["next"] / 1000)
            self.tags.update(re.findall(r"key with tag (\d+)", r["text"]))
        return bool(mine)


def at_risk(t, world, alarm, began, ended):
    """Nothing was bogus but what the alarm was about."""
    judge = world.judge
    secure = judge.watcher.count(ZONE).secure
    net.until(lambda: judge.watcher.count(ZONE).secure >= secure + 60, "answers after it", 30)
    judge.stop()
    bad = [e for e in judge.watcher.events if e.zone == ZONE]
    t.ok(alarm.until and began < alarm.until < ended + 1, "it said until when, and that was right",
         f"from {began}, until {alarm.until}, over at {ended}")
    t.equal([e for e in bad if e.outcome != "bogus" or not began <= e.when <= alarm.until + 1], [],
            f"of the answers that were not secure ({len(bad)}) all were bogus, and within that time")
    t.ok(judge.watcher.count(ZONE).secure > 200, f"all else was secure: {judge.watcher.count(ZONE)}")
    s1, s2 = judge.check(ZONE)
    t.ok(s1.pairs and not s1.violations, "S1 holds: the chain of trust was never at risk",
         lambda: "\n".join(s1.violations[:5]))
    pairs = [re.search(r" keys \[(.*?)\].* signed by \[(.*?)\]", v) for v in s2.violations]
    tag = next(iter(alarm.tags), "none")
    t.ok(pairs and len(alarm.tags) == 1, f"what caches could hold together was wrong in {len(pairs)} "
         f"of {s2.pairs} pairs; the alarm names one key", str(alarm.tags))
    t.equal([m[0] for m in pairs if tag in m[1].split(", ") or m[2].split(", ") != [tag]], [],
            f"in each of them, {tag} has signed, and the DNSKEY set lacks it: as the alarm says")


def main(t):
    """p1's signer does it while p2 signs along."""
    with World(providers=2, signers={"p1": {"driver": True}}) as world:
        first, second = world.providers
        if not t.ok(claims.join(world, second), "p2 joins", lambda: world.logs(60)):
            return
        world.counted(ZONE, None, 60)
        t.equal(world.judge.watcher.count(ZONE).bogus, 0, "until then nothing was bogus")
        before, alarm = set(ask.rdata(first.server, ZONE, "DNSKEY")), Alarm(world)
        began = roll_at_once(first)
        claims.until(t, world, "p1's agentd says that the key is used before p2 shows it", alarm, 60)
        claims.until(t, world, "the new key is at p2, which nobody has asked for",
                     lambda: alarm() and set(ask.rdata(second.server, ZONE, "DNSKEY")) - before, 60)
        t.ok(any(RISK in e["text"] for e in world.msig["p1"].journal()),
             "the journal has the alarm", lambda: world.msig["p1"].ctl("journal", ZONE).stdout)
        claims.until(t, world, "it is over when no cache can hold a set without the key",
                     lambda: not alarm(), 90)
        at_risk(t, world, alarm, began, time.time())
        claims.clean_end(t, world)


run_test(main, needed=NEEDED)
