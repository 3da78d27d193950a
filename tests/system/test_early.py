#!/usr/bin/python3
"""A signer that uses a new ZSK at once: both agentds say which answers are at risk, the key goes to the
other signer without anybody's help, and it is over when caches have turned over."""

from lab import ask, claims, msig, net, rig as lab
from lab.rig import ZONE
from lab.tap import Tap, skip_all
from lab.world import World

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


def said(world, label, words):
    """Whether an agentd has these words among its reasons."""
    return any(words in r["text"] for r in (world.msig[label].tracking() or {}).get("reasons", ()))


def until(t, world, what, condition, seconds=60):
    """One claim: that condition comes true in time."""
    try:
        net.until(condition, what, seconds)
    except net.Timeout:
        return t.ok(False, what, lambda: world.logs(60))
    return t.ok(True, what)


def main(t):
    """p1's signer does it while p2 signs along."""
    with World(providers=2, signers={"p1": {"driver": True}}, watch=False) as world:
        first, second = world.providers
        if not t.ok(claims.join(world, second), "p2 joins", lambda: world.logs(60)):
            return
        before = set(ask.rdata(first.server, ZONE, "DNSKEY"))
        roll_at_once(first)
        until(t, world, "p1's agentd says that the key is used before p2 shows it",
              lambda: said(world, "p1", RISK) or any(
                  RISK in e["text"] for e in world.msig["p1"].journal()))
        until(t, world, "the new key is at p2, which nobody has asked for",
              lambda: set(ask.rdata(second.server, ZONE, "DNSKEY")) - before)
        t.ok(any(RISK in e["text"] for e in world.msig["p1"].journal()),
             "the journal has the alarm", lambda: world.msig["p1"].ctl("journal", ZONE).stdout)
        until(t, world, "it is over when no cache can hold a set without the key",
              lambda: not said(world, "p1", RISK), 90)
        claims.clean_end(t, world)


if lab.missing() or msig.missing(NEEDED):
    skip_all("not found: " + " ".join(lab.missing() + msig.missing(NEEDED)))
with Tap() as tap:
    main(tap)
