#!/usr/bin/python3
"""Leader mode: the signers elect one that asks for everything. It is killed in the middle of a join and of
a leave, stays away for a while in another join, and dies for good; a follower's wish reaches it; never
bogus."""

import time

from lab import claims, group, msig, net, rig as lab
from lab.rig import ZONE
from lab.tap import Tap, skip_all
from lab.world import World, zone_of

# One provider is enough. A lease that ends several times meanwhile.
LED = "    sync-model: leader\nagent:\n    leader-lease: 25s\n"
MIDDLE = ("dnskeys-synced", "cds-added", "parent-ds-synced", "nses-synced", "leaver-stopped")


def leader(world, providers):
    """The provider on whom the agents of all these have agreed, or None."""
    said = set()
    for p in providers:
        sync = zone_of(world.msig[p.label].tracking()).get("sync") or {}
        said.add((sync.get("leader"), sync.get("term")) if sync.get("model") == "leader" else None)
    if len(said) != 1:
        return None
    one = said.pop()
    return next((p for p in world.providers if one and p.identity == one[0]), None)


class Killer:
    """Kills the agent of the one who leads, once a process is in its middle, and starts it again: at
    once, or when the others say that nobody leads."""

    def __init__(self, t, world, providers, away=False):
        self.t, self.world, self.providers, self.away = t, world, providers, away
        self.victim, self.back, self.noticed = None, False, False

    def processes(self):
        """What the agents say of the process that runs."""
        found = {p.label: self.world.process(p.label) for p in self.providers}
        return {label: run for label, run in found.items() if run}

    def __call__(self):
        if self.back:
            return
        if self.victim is None:
            for run in self.processes().values():
                if run["step_name"] in MIDDLE and run["phase"] == "executing":
                    self.victim = next(p for p in self.providers
                                       if p.identity == run["requestor"])
                    self.t.note(f"{time.strftime('%T')} kill -9 of {self.victim.label}'s agentd, "
                                f"which leads, at {run['kind']} {run['step_name']}")
                    self.world.msig[self.victim.label].kill("agentd")
                    self.since = time.monotonic()
                    return
            return
        rest = [p for p in self.providers if p is not self.victim]
        self.noticed = self.noticed or any(
            not (zone_of(self.world.msig[p.label].tracking()).get("sync") or {}).get("leader")
            for p in rest)
        if self.noticed or (not self.away and time.monotonic() > self.since + 0.5):
            self.t.note(f"{time.strftime('%T')} it starts again")
            self.world.msig[self.victim.label].start("agentd")
            self.back = True


def until(t, world, what, condition, seconds=120):
    """One claim: that condition comes true in time."""
    try:
        net.until(condition, what, seconds)
    except net.Timeout:
        return t.ok(False, what, lambda: world.logs(40) + "\n".join(
            str(world.msig[p.label].tracking()) for p in world.providers))
    return t.ok(True, what)


def told(world, provider, *words):
    """Whether a provider's journal has an entry with all these words."""
    return any(all(word in e["text"] for word in words)
               for e in world.msig[provider.label].journal())


def joins(t, world):
    """p2, whose leader is killed and back at once; p3, whose leader stays away until it is missed."""
    first, second, third = world.providers
    killer = Killer(t, world, [first, second])
    if not t.ok(claims.join(world, second, 120, killer) and killer.back,
                "p2 joins, though the leader is killed in the middle", lambda: world.logs(40)):
        return False
    until(t, world, "both say who leads", lambda: leader(world, [first, second]) is not None, 30)
    t.ok(told(world, second, "add-signer msa.p2", "approved for msa.p1"),
         "p1, a member, asked for it: not p2, which joins")
    peers = world.msig["p2"].ask("peers")["peers"]
    t.equal([z["models"] for p in peers if p["peer"] == first.identity for z in p["zones"]],
            [["leader"]], "msigctl peers says what p1 can")
    killer = Killer(t, world, world.providers, away=True)
    if not t.ok(claims.join(world, third, 150, killer) and killer.noticed,
                "p3 joins, though the leader is away until the others miss it",
                lambda: world.logs(40)):
        return False
    return until(t, world, "all three say who leads",
                 lambda: leader(world, world.providers) is not None, 30)


def wish(t, world):
    """A follower's operator orders a rollover; the leader asks for it."""
    roller = world.providers[1]
    rollover = group.Rollover(world, world.providers, {roller.label: ("zsk",)})
    until(t, world, "p2's ZSK rolls, as its operator wished", rollover.done, 150)
    chief = leader(world, world.providers)
    t.ok(chief is not None and (chief is roller or any(
        told(world, p, "zsk-rollover msa.p2", "approved for msa.p", "new-zsk-published")
        for p in world.providers)), "and the leader asked for it")


def leaves(t, world):
    """A follower leaves while the leader is killed."""
    chief = leader(world, world.providers)
    follower = next(p for p in reversed(world.providers) if p is not chief)
    rest = [p for p in world.providers if p is not follower]
    killer = Killer(t, world, rest)
    group.designate(world, follower, state="OFF")

    def out():
        killer()
        return killer.back and group.settled(world, rest)

    until(t, world, f"{follower.label} leaves, though the leader is killed in the middle", out)
    until(t, world, "the two agree on a leader", lambda: leader(world, rest) is not None, 30)


def killed(t):
    """Three providers, one thing after the other."""
    signers = {"p1": {"zone_items": LED}, "p2": {"driver": True}}
    with World(providers=3, signers=signers) as world:
        if joins(t, world):
            wish(t, world)
            leaves(t, world)
        claims.never_bogus(t, world, "led joins, a rollover and a leave")
        claims.clean_end(t, world)


def dead(t):
    """Two providers; the one who leads dies for good, and the owner takes it out."""
    signers = {label: {"zone_items": LED} for label in ("p1", "p2")}
    with World(providers=2, signers=signers) as world:
        if not t.ok(claims.join(world, world.providers[1], 90), "p2 joins", lambda: world.logs(40)):
            return
        chief = leader(world, world.providers)
        if not t.ok(chief is not None, "both agree on a leader", lambda: world.logs(40)):
            return
        last = next(p for p in world.providers if p is not chief)
        t.note(f"{time.strftime('%T')} {chief.label}, which leads, dies for good")
        for name in msig.DAEMONS:
            world.msig[chief.label].kill(name)
        chief.signer.child.kill()
        until(t, world, f"{last.label} says that the leader is missing",
              lambda: any(r["object"] == "leader" and chief.identity in r["place"] for r in
                          (world.msig[last.label].tracking() or {}).get("reasons", ())), 60)
        group.designate(world, chief, state="OFF")
        until(t, world, "the owner takes it out: the one who remains leads, and removes it",
              lambda: group.settled(world, [last]) and leader(world, [last]) is last)
        claims.never_bogus(t, world, "a dead leader is replaced", down=(chief.label,))


NEEDED = (*msig.DAEMONS, "signerd", "msigctl")
if lab.missing() or msig.missing(NEEDED):
    skip_all("not found: " + " ".join(lab.missing() + msig.missing(NEEDED)))
msig.Msig.hold_down = "2s"
with Tap() as tap:
    killed(tap)
    dead(tap)
