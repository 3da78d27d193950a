#!/usr/bin/python3
"""Leader mode: the signers elect one that asks for everything. It is killed in the middle of a join and of
a leave, stays away for a while in another join, and dies for good; another one takes its process over;
a follower's wish reaches it; never bogus."""

import time

from lab import byhand, claims, group, msig, net
from lab.rig import ZONE
from lab.tap import full
from lab.world import World, run_test, zone_of

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


def missed(world, provider, chief):
    """Whether a provider says that nobody leads because that one is not there."""
    return any(r["object"] == "leader" and chief.identity in r["place"]
               for r in (world.msig[provider.label].tracking() or {}).get("reasons", ()))


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
        self.noticed = self.noticed or any(missed(self.world, p, self.victim) for p in rest)
        if self.noticed or (not self.away and time.monotonic() > self.since + 0.5):
            self.t.note(f"{time.strftime('%T')} it starts again")
            self.world.msig[self.victim.label].start("agentd")
            self.back = True


def joins(t, world):
    """p2, whose leader is killed and back at once; p3, whose leader stays away until it is missed."""
    first, second, third = world.providers
    killer = Killer(t, world, [first, second])
    if not t.ok(claims.join(world, second, 120, killer) and killer.back,
                "p2 joins, though the leader is killed in the middle", lambda: world.logs(40)):
        return False
    claims.until(t, world, "both say who leads", lambda: leader(world, [first, second]) is not None, 30)
    t.ok(world.told(second, "add-signer msa.p2", "approved for msa.p1"),
         "p1, a member, asked for it: not p2, which joins")
    peers = world.msig["p2"].ask("peers")["peers"]
    t.equal([z["models"] for p in peers if p["peer"] == first.identity for z in p["zones"]],
            [["leader"]], "msigctl peers says what p1 can")
    killer = Killer(t, world, world.providers, away=True)
    if not t.ok(claims.join(world, third, 150, killer) and killer.noticed,
                "p3 joins, though the leader is away until the others miss it",
                lambda: world.logs(40)):
        return False
    return claims.until(t, world, "all three say who leads",
                        lambda: leader(world, world.providers) is not None, 30)


def wish(t, world):
    """A follower's operator orders a rollover; the leader asks for it."""
    roller = world.providers[1]
    rollover = group.Rollover(world, world.providers, {roller.label: ("zsk",)})
    claims.until(t, world, "p2's ZSK rolls, as its operator wished", rollover.done, 150)
    chief = net.until(lambda: leader(world, world.providers), "a leader, between two terms", 30)
    t.ok(chief is roller or any(
        world.told(p, "zsk-rollover msa.p2", "approved for msa.p", "new-zsk-published")
        for p in world.providers), "and the leader asked for it")


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

    claims.until(t, world, f"{follower.label} leaves, though the leader is killed in the middle", out, 120)
    claims.until(t, world, "the two agree on a leader", lambda: leader(world, rest) is not None, 30)


def killed(t):
    """Three providers, one thing after the other."""
    signers = {"p1": {"zone_items": LED}, "p2": {"driver": True}}
    with World(providers=3, signers=signers) as world:
        if joins(t, world):
            wish(t, world)
            leaves(t, world)
        claims.never_bogus(t, world, "led joins, a rollover and a leave")
        claims.clean_end(t, world)


def dead(t, count):
    """The one who leads dies for good, its name server with it, in the middle of another one's rollover,
    and the owner takes it out. Who remains leads, or of two the one whom both elect, and ends both."""
    signers = {f"p{n}": {"zone_items": LED, "driver": True} for n in range(1, count + 1)}
    with World(providers=count, signers=signers) as world:
        for joiner in world.providers[1:]:
            if not t.ok(claims.join(world, joiner, 90), f"{joiner.label} joins", lambda: world.logs(40)):
                return
        claims.until(t, world, f"all {count} agree on a leader",
                     lambda: leader(world, world.providers) is not None, 30)
        chief = leader(world, world.providers)
        rest = [p for p in world.providers if p is not chief]
        last = rest[-1]
        rollover = group.Rollover(world, rest, {last.label: ("zsk",)})
        claims.until(t, world, f"{last.label}'s rollover is led by {chief.label}, and the key is there",
                     lambda: world.process(last.label).get("step_name") in ("zsk-synced", "zsk-active")
                     and world.process(last.label)["requestor"] == chief.identity, 120)
        t.note(f"{time.strftime('%T')} {chief.label}, which leads, dies for good, at zsk-rollover "
               f"{world.process(last.label).get('step_name')}")
        group.dies(world, chief)
        claims.until(t, world, "who remains says that the leader is missing",
                     lambda: all(missed(world, p, chief) for p in rest), 60)
        t.ok(not rollover.done() and world.process(last.label), "and waits for it")
        group.designate(world, chief, state="OFF")
        claims.until(t, world, "the owner takes it out: one who remains leads, removes it, and has the keys rolled",
                     lambda: rollover.done() and leader(world, rest) in rest, 180)
        t.note(f"{time.strftime('%T')} it is out")
        claims.never_bogus(t, world, f"a dead leader of {count} is replaced", down=(chief.label,))


class Takeover:
    """A join or a leave that is led by one to begin with, and by another in the end. The parent rests as
    long as that takes, so that the process stays in its middle.

    Every step takes the word of every voter, and so does an election: while the dead one is a voter
    (the owner, or all operators, take it out: see dead()), nobody leads and nobody goes on. So the
    succession is when it is back: it is elected like any other then, or is not."""

    def __init__(self, t, world, kind, step, voters):
        self.t, self.world, self.providers = t, world, world.providers
        self.what, self.step, self.voters = f"{kind} {world.providers[2].identity}", step, voters
        self.old, self.began = None, {}
        self.marks = []

    def mark(self, what):
        """A moment, for the log."""
        self.marks.append((time.time(), what))

    def runs(self):
        """The process as each agent that answers sees it: {label: (id, step, requestor)}."""
        found = {p.label: self.world.process(p.label) for p in self.providers}
        return {label: (run["id"], run["step_name"], run["requestor"])
                for label, run in found.items() if run and run["phase"] == "executing"}

    def rest(self):
        """All voters but the one who led."""
        return [p for p in self.voters if p is not self.old]

    def begin(self, order):
        """What the owner orders begins, up to where the parent has to act; its leader is self.old."""
        self.world.scanner.rests = True
        order()

        def waits():
            self.began = self.runs()
            return len(self.began) == 3 and len(set(self.began.values())) == 1 and \
                self.began["p1"][1] == self.step

        good = claims.until(self.t, self.world, f"{self.what}: up to where the parent has to act", waits, 120)
        self.old = next(p for p in self.providers if p.identity == self.began["p1"][2]) \
            if good else None
        return good

    def die(self):
        """kill -9 of the leader's agent, noticed by the others."""
        self.world.msig[self.old.label].kill("agentd")
        self.mark(f"kill -9 of {self.old.label}'s agentd, which leads, at "
                  f"{self.what} {self.step}")
        net.until(lambda: all(missed(self.world, p, self.old) for p in self.rest()),
                  f"the others to miss {self.old.label}", 60)
        self.mark("missed by the others")

    def outlast(self):
        """Away for longer than its lease: nobody goes on, and all is as it was."""
        leases = [zone_of(self.world.msig[p.label].tracking())["sync"]["lease"]
                  for p in self.providers]
        self.die()
        claims.until(self.t, self.world, "it is away for longer than its lease, and nobody leads",
                     lambda: time.time() > max(leases) / 1000 and
                     all(missed(self.world, p, self.old) for p in self.rest()), 60)
        self.mark("its lease has ended")
        self.t.equal(self.runs(), {label: run for label, run in self.began.items()
                                   if label != self.old.label},
                     "and nobody has taken a step without it")
        self.t.equal(byhand.delegation(self.world.rig), {p.ns for p in self.providers[:2]},
                     "the parent names the two")

    def elect(self):
        """It comes back until another one is elected, which is a matter of chance each time."""
        for _ in range(20):
            self.world.msig[self.old.label].start("agentd")
            self.mark("it starts again")
            new = net.until(lambda: leader(self.world, self.voters), "all to elect one", 60)
            self.mark(f"{new.label} is elected")
            if new is not self.old:
                return new
            self.die()
        return None

    def goes_on(self, new, done):
        """The new one has the process, as it was, and ends it: done(), when that is."""
        first = self.began["p1"]
        claims.until(self.t, self.world, f"all go on with the same process under {new.label}",
                     lambda: self.runs() == {p.label: (*first[:2], new.identity) for p in self.providers},
                     30)
        self.t.ok(self.world.told(new, self.what, f"goes on with {new.identity}", "leads now"),
                  "its journal says so")
        self.mark(f"{new.label} has taken over")
        self.world.scanner.rests = False
        claims.until(self.t, self.world, f"{self.what}: {new.label} ends it", done, 120)
        self.mark("it is done")
        claims.until(self.t, self.world, f"{self.old.label} follows",
                     lambda: leader(self.world, self.voters) is new and not self.runs(), 30)

    def replace(self, done):
        """It comes back, and another one is elected after it and goes on."""
        new = self.elect()
        if self.t.ok(new is not None, f"another one leads after it: {new and new.label}",
                     lambda: self.world.logs(40)):
            self.goes_on(new, done)
        return new

    def undone(self):
        """Shared records that a server or the parent showed and then did not, as texts."""
        return self.world.judge.undone(ZONE, self.marks[0][0])

    def durations(self):
        """What was done when."""
        for when, what in self.marks:
            self.t.note(f"{time.strftime('%T', time.localtime(when))} "
                        f"{when - self.marks[0][0]:+6.1f} s {what}")


def overtaken(t):
    """Three providers; the leader of a join dies in its middle, and another one ends the join; and so
    with a leave, in which the leaver, who has no vote, acts along under the new one."""
    signers = {f"p{n}": {"zone_items": LED} for n in (1, 2, 3)}
    with World(providers=3, signers=signers) as world:
        first, second, third = world.providers
        if not t.ok(claims.join(world, second, 90), "p2 joins", lambda: world.logs(40)):
            return
        join = Takeover(t, world, "add-signer", "parent-ds-synced", world.providers)
        if join.begin(lambda: world.rig.hsync(third)):
            join.outlast()
            new = join.replace(lambda: world.joined(world.providers) and
                               world.in_sync(world.providers))
            t.ok(any(world.told(p, join.what, "nses-synced", f"approved for {new.identity}")
                     for p in join.rest()), f"{new.label} asked for the steps that were left")
            t.equal(join.undone(), [], "nothing of what was shared was taken back at any time")
            join.durations()
        leave = Takeover(t, world, "remove-signer", "csync-added", [first, second])
        if leave.begin(lambda: group.designate(world, third, state="OFF")):
            leave.die()
            leave.replace(lambda: group.settled(world, [first, second]))
            leave.durations()
        claims.never_bogus(t, world, "a leader is replaced in the middle of a join and a leave")
        claims.clean_end(t, world)


NEEDED = (*msig.DAEMONS, "signerd", "msigctl")


def main(tap):
    """What becomes of a process whose leader goes; in check-full one of three dies for good as well."""
    killed(tap)
    overtaken(tap)
    for count in (2, 3) if full() else (2,):
        dead(tap, count)


run_test(main, needed=NEEDED, hold_down="2s")
