"""The system matrix: every process with every mix of signers, two and three providers, under the
watcher. One table of groups; each group is one world in which its processes come one after the other,
and each process is a row: "zsk: knot + pdns".

`make check` runs the pairwise sample (`sample`), and one group with everything killed and started again
in each step of each process; check-full all rows, and all of them once more in that way: what
takes so long is spread over tests of its own.
"""

import json
import re
import time
from dataclasses import dataclass

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype

from . import ask, byhand, claims, group, msig, net, tools, turns
from .bind import BindProvider
from .knot import update
from .pdns import PdnsProvider
from .rig import TTL, ZONE, Provider
from .tap import Tap, full, skip_all
from .world import World, zone_of

# Signers: their class and what is said of them (`Provider`). A copy only serves, from the first one.
KINDS = {
    "knot": (Provider, {"driver": True}),
    "knot-all": (Provider, {"driver": True, "mode": "B"}),
    "csk": (Provider, {"driver": True, "single": True}),
    "pdns": (PdnsProvider, {"driver": True, "mode": "B"}),
    "bind": (BindProvider, {"driver": True}),
    "bind csk": (BindProvider, {"driver": True, "single": True}),
    "bind alone": (BindProvider, {"brief": True}),  # it rolls its keys itself
    "copy": (Provider, {"upstream": "p1"}),
}
BUSY = 3  # s that things take longer when others run beside
NEEDED = msig.DAEMONS + ("msigctl", "signerd")


@dataclass(frozen=True)
class Group:
    """Signers in the order in which they join, and the processes that follow; sample: those that
    `make check` runs, too."""
    signers: tuple
    acts: tuple
    sample: tuple = ()
    led: bool = False  # sync-model: leader

    @property
    def name(self):
        """For a human."""
        return " + ".join(self.signers) + (", led" if self.led else "")

    def programs(self):
        """What its signers run."""
        return {name for kind in self.signers for name in getattr(KINDS[kind][0], "programs", ())}


TURNED = ("turned", "turned-algorithm")
ALL = ("ns", "zsk", "ksk", "algorithm", "leave")
CSK = ("ns", "zsk", "ksk", "csk", "algorithm", "leave")
BIND = ("ns", "zsk", "ksk", "no-algorithm", "leave")
BIND_CSK = ("ns", "owner", "zsk", "ksk", "csk", "no-algorithm", "leave")
# Who left comes back in one change with the leave of the last one that joined.
MOVED = ("ns", "owner", "zsk", "ksk", "csk", "algorithm", "leave", "move")
ALONE = ("zsk", "ksk", "refused", "own-zsk", "leave")
# How BIND gets another algorithm; the second time it is designated too early, and that stays.
ROUND = ("no-algorithm", "leave", "algorithm", "early", "withdraw", "rekey", "again")
EARLY = ("no-algorithm", "leave", "algorithm", "early", "rekey", "again")
# PowerDNS and BIND in one group: for the sample, where a world for each would take too long.
BOTH = ("turned", "no-algorithm", "zsk", "ksk", "leave", "back", "forced")
ALL_THREE = ("sign", "owner", "no-turn", "ksk", "leave", "move")

# The sample has each act (and a leader) with Knot, with PowerDNS and with BIND, and with two signers and
# with three, as far as that can be, together with what other tests do with Knot alone. What that is,
# what cannot be, and what is left to check-full: tests/system/test_lab_matrix.py, which counts.
GROUPS = {
    "knot": (
        Group(("knot", "knot-all"), TURNED + ALL + ("back", "forced")),
        Group(("csk", "knot-all"), TURNED + ("zsk", "ksk", "csk", "algorithm", "leave"),
              ("turned-algorithm", "csk")),
        Group(("knot", "knot-all", "csk"), TURNED + MOVED + ("back", "forced")),
    ),
    "pdns": (
        Group(("knot", "pdns"), TURNED + ALL),
        Group(("csk", "pdns"), ("csk", "leave", "back", "forced")),
        Group(("pdns", "knot"), ("owner", "leave", "move")),
        Group(("knot", "pdns"), ("sign",)),
        Group(("knot", "pdns"), ("owner", "zsk", "ksk", "algorithm", "leave"), led=True),
        Group(("knot", "pdns", "csk"), TURNED + MOVED + ("back", "forced"), TURNED + ("algorithm",)),
        Group(("pdns", "bind"), BOTH, BOTH),
    ),
    # Everything restarted in each step (see Restarts).
    "restarts": (
        Group(("knot", "csk"), TURNED + CSK, ALL),
        Group(("knot", "knot-all"), ("ns", "owner", "zsk", "ksk", "algorithm", "leave"), led=True),
        Group(("knot", "knot-all"), ("owner",)),
    ),
    "bind": (
        Group(("knot", "pdns", "bind csk"), ALL_THREE, ALL_THREE, led=True),
        Group(("knot", "bind"), ("turned",) + BIND),
        Group(("knot", "bind"), ROUND),
        Group(("knot", "bind csk"), EARLY),
        Group(("bind csk", "knot"), ("no-turn", "csk", "zsk", "leave", "back", "forced")),
        Group(("bind", "knot"), ("owner", "leave", "move")),
        Group(("knot", "bind"), ("sign",)),
        Group(("knot", "bind"), ("owner", "zsk", "ksk", "leave"), led=True),
        Group(("knot", "bind alone"), ALONE, ("refused", "own-zsk")),
        Group(("knot", "bind", "csk"), ("turned",) + BIND_CSK + ("move", "back", "forced")),
    ),
}

LED = "    sync-model: leader\nagent:\n    leader-lease: 25s\n"

# What a journal says when a step is over.
REACHED = re.compile(r"^(\S+) (\S+): (\S+) reached here")


class Restarts:
    """kill -9 of every daemon and every server of every provider that is not dead, and of the resolver that
    the agents ask, in each step of each process. None goes by unseen: all are in step mode, so that each
    step waits for the operators; who say yes, and pull the plug with the first yes to it."""

    def __init__(self, world):
        self.world, self.seen, self.kills = world, set(), 0
        self.begin()
        for p in world.providers:
            world.msig[p.label].ctl("step", ZONE, "on")

    def begin(self, last=None):
        """Another claim: what had its restart before can have another one. last: the step after which the
        operators say no more yes."""
        self.done, self.last = set(), last

    def __call__(self):
        for p in self.alive():
            step = self.approve(self.world.msig[p.label])
            if step and step not in self.done:
                self.done.add(step)
                self.seen.add(step)
                self.restart()

    def approve(self, one):
        """What one operator was asked for, and has said yes to; else None."""
        wait = zone_of(one.tracking()).get("approval")
        if not wait or self.beyond(wait["step"]) or \
                one.ctl("approve", ZONE, wait["process"], check=False).returncode != 0:
            return None  # or it is asked for no more
        return (wait["process"], wait["subject"], wait["step"])

    def beyond(self, step):
        """Whether a step comes after the last one."""
        return step != self.last and any(self.last == done for _, _, done in self.done)

    def alive(self):
        """Those that can be killed."""
        return [p for p in self.world.providers if p.label not in self.world.dead]

    def passed(self):
        """Steps that were done, by the journals of all."""
        return {match.groups() for p in self.alive() for entry in self.world.msig[p.label].journal()
                for match in [REACHED.match(entry["text"])] if match}

    def restart(self):
        """All at once, as when the power fails everywhere."""
        world, since, alive = self.world, time.time(), self.alive()
        for p in alive:
            for child in world.msig[p.label].daemons.values():
                child.kill()
                self.kills += 1
        for p in alive:
            p.crash()
            self.kills += len(p.servers)
        world.rig.resolver.child.kill()
        self.kills += 1
        world.rig.resolver.child.start()
        for p in alive:
            p.again()
        for p in alive:
            world.msig[p.label].start(*world.msig[p.label].daemons)
        for p in alive:
            net.until(lambda p=p: ask.rdata(p.server, ZONE, "SOA"), f"{p.label}'s server again")
            world.judge.outages.setdefault(p.label, []).append((since, time.time()))


class Run:
    """One group in its world."""

    def __init__(self, t, world, what, restarts):
        self.t, self.world, self.what = t, world, what
        self.signers = [p for p in world.providers if not p.upstream]
        self.copies = [p for p in world.providers if p.upstream]
        self.left = []
        self.restarts = restarts
        self.meanwhile = Restarts(world) if restarts else lambda: None
        self.seconds = 300 if restarts else 150

    def until(self, row, condition, last=None):
        """One claim: that condition comes true in time. last: see Restarts.begin()."""
        began = time.monotonic()
        if self.restarts:
            self.meanwhile.begin(last)
        try:
            net.until(lambda: self.meanwhile() or condition(), row, self.seconds)
        except net.Timeout:
            return self.t.ok(False, f"{row}: {self.what}", self.why)
        return self.t.ok(True, f"{row}: {self.what} ({time.monotonic() - began:.0f} s)")

    def why(self):
        """What the daemons say, for a row that failed."""
        return self.world.logs(60) + "\n".join(
            str((self.world.msig[p.label].tracking() or {}).get("reasons"))
            for p in self.world.providers)

    # -- the processes -----------------------------------------------------------------------

    def join(self):
        """Every signer but the first, one after the other."""
        return all(self.t.ok(claims.join(self.world, p, self.seconds, self.meanwhile),
                             f"join of {p.label}: {self.what}", self.why) for p in self.signers[1:])

    def shows_ns(self, providers, named):
        """Whether these providers' servers and the parent show exactly these NS, and all rest."""
        return group.shows_ns(self.world, providers, [p.ns for p in named]) and \
            self.world.in_sync(self.signers)

    def ns(self):
        """A provider that does not sign comes and goes."""
        copy, everybody = self.copies[0], self.signers + self.copies[:1]
        group.designate(self.world, copy, sign="NOSIGN")
        if not self.until("ns-add", lambda: self.shows_ns(everybody, everybody)):
            return False
        group.designate(self.world, copy, state="OFF", sign="NOSIGN")
        return self.until("ns-remove", lambda: self.shows_ns(self.signers, self.signers))

    def sign(self):
        """A provider that does not sign comes to sign, too, serves only again, and goes."""
        t, world, copy = self.t, self.world, self.copies[0]
        group.designate(world, copy, sign="NOSIGN")
        if not self.until("sign: it serves", lambda: group.settled(world, self.signers, [copy])) or \
                not all(turn(t, world, copy, self.signers, seconds=self.seconds, meanwhile=self.meanwhile)
                        for turn in (turns.promoted, turns.demoted)):
            return False
        group.designate(world, copy, state="OFF", sign="NOSIGN")
        return self.until("sign: it is named no longer", lambda: self.shows_ns(self.signers, self.signers))

    def owner(self):
        """The owner takes NS over, where nothing changes with it, and gives them back; all are restarted
        as soon as he has said so, and once more when it is followed."""
        world = self.world
        update(world.rig.owner.server, ZONE, world.rig.owner_key,
               *(f"add {ZONE} {TTL['ns']} NS {p.ns}" for p in self.signers))
        for nsmgmt, who in (("OWNER", "owner"), ("AGENT", "agents")):
            group.management(world, self.signers, [], nsmgmt)
            self.pull()
            if not self.until(f"ns are with the {who}", lambda w=who: self.shows_ns(
                    self.signers, self.signers) and group.managed_by(world, self.signers, w)):
                return False
            self.pull()
        return self.until("ns are as they were", lambda: group.settled(world, self.signers))

    def pull(self):
        """All are restarted now, if that is wanted at all."""
        if self.restarts:
            self.meanwhile.restart()

    def roll(self, row, orders):
        """Orders, all at once, and waits for what they order; the rollover if that comes about."""
        rollover = group.Rollover(self.world, self.signers, orders)
        return rollover if self.until(row, rollover.done) else None

    def pairs(self):
        """Labels of providers that have KSK and ZSK which signerd moves; the last one first."""
        return [p.label for p in reversed(self.signers) if p.driver and not p.single]

    def zsk(self):
        """The ZSKs of all; and doctor has said how long each has to be published before it is used."""
        told = {label: self.estimate(label) for label in self.pairs()}
        began = time.time() * 1000
        rollover = self.roll("zsk", {label: ("zsk",) for label in told})
        if rollover is None:
            return False
        if len(told) > 1:
            self.t.ok(rollover.apart() < 1, f"zsk: {self.what}: {len(told)} were ordered within a "
                      f"second: {rollover.apart():.3f} s apart", str(rollover.accepted))
        self.t.equal(rollover.replaced("zsk"), set(told), f"zsk: {self.what}: each signs with another "
                     "key")
        return self.restarts or all([self.as_told(label, told[label], began) for label in told])

    def estimate(self, label):
        """What doctor says, in seconds."""
        done = self.world.msig[label].ctl("doctor", ZONE, "--json", check=False)
        policy = json.loads(done.stdout).get("policy", {})
        return policy.get("roll_delay", 0) + policy.get("dnskey_ttl", 0)

    def as_told(self, label, told, began):
        """Whether a ZSK was published before it was used for as long as was said: no longer, but for
        what a busy machine takes more, and not for a small part of that."""
        identity, reached = self.world.rig.provider(label).identity, {}
        for entry in self.world.msig[label].journal():
            match = REACHED.match(entry["text"])
            if match and entry["time"] >= began and match[1] == "zsk-rollover" and \
                    match[2] in (identity, label):
                reached[match[3]] = entry["time"] / 1000
        took = reached.get("zsk-synced", 0) - reached.get("new-zsk-published", 0)
        return self.t.ok(0 < took <= told + BUSY and told <= 3 * took,
                         f"zsk: {self.what}: {label} published it for {took:.1f} s before it was used, "
                         f"doctor says {told} s", str(reached))

    def ksk(self):
        """One KSK."""
        return self.roll("ksk", {self.pairs()[0]: ("ksk",)}) is not None

    def csk(self):
        """One CSK."""
        return self.roll("csk", {p.label: ("csk",) for p in self.signers if p.single}) is not None

    def algorithm(self):
        """All go from 13 to 15."""
        if not self.roll("algorithm", {"p1": ("algorithm", "15")}):
            return False
        return self.t.equal(
            {p.label: self.signed_by(p, "www." + ZONE, "A") for p in self.signers},
            {p.label: {15} for p in self.signers},
            f"algorithm: {self.what}: every signer signs with the new one alone")

    def turned(self):
        """A KSK or CSK of each is turned round: the parent knows nothing of the new DS, or has it. In
        the sample, with three, that of the last one."""
        first = 0 if full() else len(self.signers) // 3 * 2
        return all([self.turn(f"{p.label} turns round", p.label, ("ksk",), "parent-ds-added", n % 2)
                    for n, p in list(enumerate(self.signers))[first:]])

    def no_turn(self):
        """BIND's CSK cannot be put aside: abort rests the roll-over, says why, and it goes on."""
        world, row = self.world, "bind csk"
        label = next(p.label for p in self.signers if isinstance(p, BindProvider))
        rollover = group.Rollover(world, self.signers, {label: ("csk",)})
        good = self.until(f"{row}: it comes to the parent", lambda: (
            world.process(label).get("step_name"), world.process(label).get("phase")) ==
            ("parent-ds-added", "executing"))
        world.msig[label].ctl("abort", ZONE)
        good = good and self.t.equal(world.says(label, "BIND does not sign with a CSK"), "",
                                     f"{row}: {self.what}: why it cannot be turned round is said")
        world.msig[label].ctl("resume", ZONE)
        return good and self.until(f"{row}: it goes on", rollover.done)

    def turned_algorithm(self):
        """And the algorithm of all; in the sample the parent sleeps with two, and has the DS with
        three."""
        return all([self.turn("all turn round", "p1", ("algorithm", "15"), "parent-ds-synced", follows)
                    for follows in ((0, 1) if full() else (len(self.signers) % 2,))])

    def turn(self, row, label, order, step, follows):
        """An order, and abort when the parent is waited for, or has followed."""
        world, states = self.world, ("published", "ready", "active", "retired", "post-active")
        row += ", the parent has its DS" if follows else ", the parent sleeps"

        def keys(*states):
            return {p.label: {key for role in ("ksk", "zsk") for key in p.stored(role, *states)}
                    for p in self.signers}

        def waits():
            at, followed = world.process(label), turns.parent_ds(world) != ds
            here = (at.get("step_name"), at.get("phase")) == (step, "executing")
            # Where all is restarted it may have been there, and waits for its operators after that step.
            return followed == bool(follows) and (here or bool(at and followed and self.restarts))
        before, ds = keys("active"), turns.parent_ds(world)
        if not follows:
            world.scanner.zones.remove(ZONE)
        world.msig[label].ctl("roll", ZONE, *order)
        good = self.until(row, waits, last=step)
        world.msig[label].ctl("abort", ZONE)
        good = good and self.until(f"{row}: tracking says so", lambda: "turned round" in
                                   world.msig[label].ctl("tracking", ZONE, check=False).stdout)
        good = good and self.until(f"{row}: as before", lambda: group.settled(world, self.signers) and
                                   keys(*states) == before and turns.parent_ds(world) == ds)
        if not follows:
            world.scanner.zones.append(ZONE)
        return good and self.t.ok(
            any("turned round" in e["text"] for e in world.msig[label].journal()),
            f"{row}: the journal says so")

    @staticmethod
    def signed_by(provider, name, rdtype):
        """Algorithms of an RRset's signatures there."""
        name, rdtype = dns.name.from_text(name), dns.rdatatype.from_text(rdtype)
        sigs = ask.rrset(ask.ask(provider.server, name, rdtype), name, rdtype)[1]
        return {sig.algorithm for sig in sigs or ()}

    def algorithms(self, provider):
        """All that its server shows anywhere: in keys, in what it asks the parent for, in signatures."""
        found = {int(record.split()[at]) for rdtype, at in (("DNSKEY", 2), ("CDNSKEY", 2), ("CDS", 1))
                 for record in ask.rdata(provider.server, ZONE, rdtype)}
        asked = [(ZONE, rdtype) for rdtype in ("SOA", "NS", "MX", "DNSKEY", "CDS", "CDNSKEY")]
        asked += [("www." + ZONE, "AAAA"), *((f"n{i}.{ZONE}", "A") for i in range(1, 9))]
        return found.union(*(self.signed_by(provider, *one) for one in asked))

    def refused(self):
        """What cannot be done where a signer has no driver: it is said why, and nothing changes."""
        world, what = self.world, self.what
        member = next(p for p in self.signers if not p.driver)
        for kind in ("zsk", "ksk"):
            done = world.msig[member.label].ctl("roll", ZONE, kind, check=False)
            self.t.ok(done.returncode != 0 and "no driver for the signer's keys" in done.stderr,
                      f"{kind} at {member.label}: {what}: refused, with the reason", done.stderr)
        return self.not_begun(member, "a driver")

    def no_algorithm(self):
        """BIND cannot bring in an algorithm: it is said, and nothing changes."""
        world, what = self.world, self.what
        member = next(p for p in self.signers if isinstance(p, BindProvider))
        done = world.msig[member.label].ctl("roll", ZONE, "algorithm", "15", check=False)
        self.t.ok(done.returncode != 0 and "join again" in done.stderr,
                  f"algorithm at {member.label}: {what}: refused, with the reason", done.stderr)
        return self.not_begun(member, "a driver that brings in another algorithm")

    def not_begun(self, member, expected):
        """An algorithm roll-over does not begin while a member cannot: which one is said, and why."""
        world, what = self.world, self.what
        before = [ask.rdata(p.server, ZONE, "DNSKEY") for p in self.signers]
        world.msig["p1"].ctl("roll", ZONE, "algorithm", "15")
        words = f"{member.identity}: blocked: key at signer: expected {expected}"
        good = self.until("algorithm: refused, and who cannot", lambda: any(
            words in r["text"] for r in (world.msig["p1"].tracking() or {}).get("reasons", ())))
        world.msig["p1"].ctl("cancel", ZONE)
        self.until("algorithm: cancelled", lambda: group.quiet(world, self.signers))
        self.t.equal([ask.rdata(p.server, ZONE, "DNSKEY") for p in self.signers], before,
                     f"algorithm: {what}: nothing has changed")
        return good

    def own_zsk(self):
        """named rolls its ZSK by its own clock, which is slow enough for the others."""
        member = next(p for p in self.signers if isinstance(p, BindProvider))
        old = member.bind.roll(ZONE, 256, safety=12)
        count = sum(2 - bool(p.single) for p in self.signers)

        def done():
            keys = ask.rdata(member.server, ZONE, "DNSKEY")
            return old not in keys and byhand.shown(self.signers, "DNSKEY", count) and \
                self.world.in_sync(self.signers)
        return self.until("zsk by named's own clock", done)

    def leave(self):
        """The second one goes; with two, the first remains alone."""
        leaver = self.signers[1]
        self.signers.remove(leaver)
        self.left.append(leaver)
        group.designate(self.world, leaver, state="OFF")
        return self.until("leave", lambda: group.settled(self.world, self.signers))

    def back(self):
        """Who left is designated again, and joins again."""
        back = self.left.pop()
        self.signers.append(back)
        group.designate(self.world, back, state="ON")
        return self.until("join again", lambda: group.settled(self.world, self.signers))

    def move(self):
        """The owner moves the zone, in one change, from who joined last to who left. Where nobody else
        signs both are in for a while; else each comes and goes as soon as it may."""
        world, source, target = self.world, self.signers[-1], self.left[-1]
        stay, seen = self.signers[:-1], []
        tags = len(source.ksk(ZONE) + target.ksk(ZONE))
        self.signers, self.left = stay + [target], [*self.left[:-1], source]
        group.move(world, source, target, was="OFF")

        def moved():
            seen.append((byhand.delegation(world.rig), len(byhand.parent_ds(world.rig))))
            return group.settled(world, self.signers)

        good = self.until(f"move from {source.label} to {target.label}", moved)
        if stay:
            held = {p.ns for p in stay}
            return self.t.ok(all(held <= names for names, _ in seen), f"move: {self.what}: the parent named "
                             "all the time who stays", str(seen)) and good
        return self.t.ok(({source.ns, target.ns}, tags) in seen,
                         f"move: {self.what}: for a while the parent had both, with their DS",
                         str(seen)) and good

    def forced(self):
        """The last one dies for good, and the owner says nothing: the operators of all others take it
        out."""
        dead = self.signers.pop()
        group.dies(self.world, dead)
        group.force(self.world, self.signers, dead)
        return self.until(f"forced: {dead.label}, which is dead, is out",
                          lambda: group.settled(self.world, self.signers))

    def early(self):
        """Who left is designated while its keys are of the old algorithm: it stays out, and is told
        why."""
        world, leaver = self.world, self.left[0]
        words = "dnskey at msa.p1.example.: expected the algorithms of the other signers"
        group.designate(world, leaver, state="ON")
        good = self.until("early: refused, with the reason", lambda: any(
            words in r["text"] for r in (world.msig[leaver.label].tracking() or {}).get("reasons", ())))
        said = self.doctor(leaver)
        return self.t.ok("FAIL    algorithm: " in said, f"early: {self.what}: doctor says so, too",
                         said) and good

    def withdraw(self):
        """And the owner takes that back."""
        group.designate(self.world, self.left[0], state="OFF")
        return self.until("withdraw: nothing has changed",
                          lambda: group.settled(self.world, self.signers))

    def doctor(self, provider):
        """What it finds."""
        return self.world.msig[provider.label].ctl("doctor", ZONE, check=False).stdout

    def rekey(self):
        """Who left gets keys of the algorithm that the others have rolled to, and no others."""
        leaver = self.left[0]
        leaver.bind.rekey(ZONE, "15")
        return self.until("rekey", lambda: self.algorithms(leaver) == {15}) and self.until(
            "rekey: doctor says that they fit",
            lambda: "PASS    algorithm: the same as at the others: 15\n" in self.doctor(leaver))

    def again(self):
        """It joins again: one algorithm everywhere, with the DS of what is shown; and goes on so."""
        world, what, back = self.world, self.what, self.left[-1]
        if not self.back():
            return False
        self.t.equal([self.algorithms(p) for p in self.signers], [{15} for _ in self.signers],
                     f"join again: {what}: every server shows the new algorithm alone")
        seps = [key for key in ask.rdata(back.server, ZONE, "DNSKEY") if key.startswith("257 ")]
        self.t.equal(byhand.parent_ds(world.rig),
                     {dns.dnssec.make_ds(ZONE, dns.rdata.from_text("IN", "DNSKEY", key),
                                         "SHA256").to_text() for key in seps},
                     f"join again: {what}: the parent has the DS of its {len(seps)} KSKs, no others")
        world.counted(ZONE, back.label, 20)
        return True


def run(t, this, acts, restarts=False):
    """One group."""
    kinds = list(this.signers) + (["copy"] if {"ns", "sign"} & set(acts) else [])
    led = LED if this.led else ""
    signers = {f"p{n}": {**attributes, "zone_items": cls.zone_items + led}
               for n, (cls, attributes) in enumerate((KINDS[kind] for kind in kinds), 1)}
    what = this.name + (", all restarted in each step" if restarts else "")
    with World(providers=[KINDS[kind][0] for kind in kinds], signers=signers) as world:
        one = Run(t, world, what, restarts)
        if one.join() and all(getattr(one, act.replace("-", "_"))() for act in acts):
            if restarts:
                passed, seen = one.meanwhile.passed(), one.meanwhile.seen
                t.ok(passed and passed <= seen, f"{what}: {one.meanwhile.kills} kills, in each of "
                     f"{len(passed)} steps", lambda: str(sorted(passed - seen)))
        claims.never_bogus(t, world, what, down=world.dead)
        claims.clean_end(t, world)


def missing(kind):
    """What this kind needs and is not here; what one of its groups needs, too, is asked there."""
    programs = {"knot": (), "restarts": (), "pdns": PdnsProvider.programs,
                "bind": BindProvider.programs + ("rndc",)}
    return tools.missing() + msig.missing(NEEDED) + tools.missing(programs[kind])


def main(kind, restarts=False, part=(0, 1)):
    """A test: all groups of one kind that this run has, or a part of them: (which, of how many)."""
    msig.Msig.hold_down = "2s"
    if missing(kind):
        skip_all("not found: " + " ".join(missing(kind)))
    with Tap() as t:
        for this in GROUPS[kind][part[0]::part[1]]:
            acts = this.acts if full() else this.sample
            absent = tools.missing(this.programs())
            if acts and absent:
                t.skip(this.name, "not found: " + " ".join(absent))
            elif acts:
                run(t, this, acts, restarts)
