"""./demo: three providers come to sign one zone, on real daemons, and the zone is never bogus.

The shell script ./demo has set up and built; this runs the acts and gives the verdict.
"""

import argparse
import re
import signal
import sys
import textwrap
import time

import dns.dnssec
import dns.name
import dns.rdatatype

from . import ask, msig, net, rig as lab
from .rig import NAIVE, ZONE
from .screen import Screen, table
from .watcher import MIXED
from .world import World, zone_of

# Fewer answers than this prove nothing.
MINIMUM = {"p1": 60, "p2": 40, "p3": 15, MIXED: 150}
JOIN_SECONDS = 60
KILL_STEP = 1  # dnskeys-synced: the first one that changes something


class Demo:
    """The acts, in order."""

    signers = None  # how the providers' signers differ from the rig's own way

    def __init__(self, screen, keep):
        self.screen, self.keep = screen, keep
        self.world = None
        self.members = []
        self.failures = []
        self.killed = []  # (from, to): when a daemon was down
        self.seen = {}    # label -> last journal number shown
        self.acts = []    # entries of our own for the narration
        self.begun = time.time()

    # -- helpers -----------------------------------------------------------------------------

    def fail(self, text):
        """The demo goes on to its end, but does not succeed."""
        self.failures.append(text)
        self.screen.event("FAILED: " + text, "bad")

    def counts(self):
        """The live line."""
        count = self.world.judge.watcher.count(ZONE)
        self.screen.status(f"{self.screen.elapsed:6.1f} s {count}")

    def wait(self, condition, what, seconds):
        """Waits with the live line; False (and a failure) when the time is over."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.counts()
            if time.monotonic() > deadline:
                self.fail(f"{what} not within {seconds} s")
                return False
            time.sleep(0.2)
        return True

    # -- the acts ----------------------------------------------------------------------------

    def bring_up(self):
        """Act 0."""
        screen = self.screen
        screen.head("A parent, an owner, three providers, and a watcher")
        self.world = World(providers=3, combiner="msig", keep=self.keep, signers=self.signers)
        self.members = self.world.providers
        rig = self.world.rig
        for row in table([
                ("parent", "example.", "Knot, signed; scans CDS and CSYNC", rig.block(2)),
                ("owner", ZONE, "Knot, a hidden primary", rig.block(1)),
                *((p.label, p.ns, "Knot; combinerd, agentd, transportd", p.address)
                  for p in self.world.providers)]):
            screen.put(row)
        watcher = self.world.judge.watcher
        screen.text(f"The watcher: {len(watcher.resolvers)} validating resolvers, one pinned to each "
                    "provider and three that mix, none of which may retry; 20 questions a second "
                    "from now to the end. p1 alone signs the zone.")
        self.world.counted(ZONE, "p1", 10)
        screen.event(f"up; {watcher.count(ZONE)}")

    def naive(self):
        """Act 1: what everybody fears."""
        screen, watcher = self.screen, self.world.judge.watcher
        screen.head("The naive way: p2's NS and DS added to a scratch zone, keys not exchanged")
        self.world.judge.watch(NAIVE)
        self.world.counted(NAIVE, None, 10)
        self.world.naive()
        self.wait(lambda: watcher.count(NAIVE).bogus >= 5, "a bogus answer of the naive way", 20)
        watcher.unwatch(NAIVE)
        count = watcher.count(NAIVE)
        screen.event(f"{NAIVE} {count}", "bad" if count.bogus else None)
        for reason, times in count.reasons.most_common(2):
            screen.event(f"BOGUS, the validator says: {reason} ({times} times)", "bad")

    def join(self, joiner, kill=None):
        """Acts 2 and 4: the owner designates another provider; kill: whose agentd dies."""
        screen, world = self.screen, self.world
        members = [p for p in world.providers if p.number <= joiner.number]
        screen.head(f"The owner designates {joiner.label}: one HSYNC record, with knsupdate")
        screen.put(f"  knsupdate: add {ZONE} TYPE{ask.HSYNC} (HSYNC ON AGENT SIGN "
                   f"{joiner.identity} .)")
        before, begun = world.judge.watcher.count(ZONE), time.monotonic()
        self.seen.pop("wait", None)
        world.rig.hsync(joiner)

        def done():
            self.narrate(members)
            if kill and not self.killed:
                self.kill(kill)
            return world.joined(members) and world.in_sync(members)

        if self.wait(done, f"the join of {joiner.label}", JOIN_SECONDS):
            self.narrate(members)
            screen.event(f"{joiner.label} has joined after {time.monotonic() - begun:.1f} s: every "
                         "provider shows all keys, the parent has every DS and names all servers",
                         "good")
            self.judge_act(f"the join of {joiner.label}", before)
        else:
            screen.put(world.logs())

    def judge_act(self, title, before):
        """What the watcher saw since that count must all be secure, and there must have been some; a
        text about it."""
        after = self.world.judge.watcher.count(ZONE)
        secure, bogus = after.secure - before.secure, after.bogus - before.bogus
        if bogus:
            self.fail(f"{title}: {bogus} bogus answers")
        if not secure:
            self.fail(f"{title}: no secure answer, which proves nothing")
        return f"meanwhile secure {secure}, bogus {bogus}"

    def narrate(self, members):
        """Shows what is new in journals, in the states of peers, and at the parent."""
        entries, self.acts = self.acts, []
        for p in members:
            for entry in self.world.msig[p.label].journal(limit=80):
                if entry["seq"] > self.seen.get(p.label, 0) and entry["kind"] in ("step", "alarm"):
                    entries.append((entry["time"], p.label, entry["kind"], entry["text"]))
                    self.seen[p.label] = entry["seq"]
            answer = self.world.msig[p.label].ask("peers") or {}
            for peer in answer.get("peers", ()):
                who = (p.label, peer["peer"])
                if peer["state"] != self.seen.get(who):
                    self.seen[who] = peer["state"]
                    entries.append((peer["since"], p.label, "peer", heard(peer)))
        for when, _, text in self.world.scanner.log[self.seen.get("parent", 0):]:
            entries.append((when * 1000, "parent", "alarm" if "refused" in text else "parent", text))
        self.seen["parent"] = len(self.world.scanner.log)
        for reason in (self.world.msig[members[-1].label].tracking() or {}).get("reasons", ()):
            if reason["class"] in ("until", "parent") and reason["text"] != self.seen.get("wait"):
                self.seen["wait"] = reason["text"]
                left = reason["next"] / 1000 - time.time()
                entries.append((time.time() * 1000, members[-1].label, "waits", "waits "
                                + reason["text"] + (f", {left:.1f} s" if left > 0 else "")))
        for when, who, kind, text in sorted(entries):
            text, colour = words(text, who == members[-1].label)
            self.screen.event(f"{who:6} {text}", TINTS.get(kind, colour),
                              when / 1000 - self.begun)

    def process(self, provider):
        """What a provider's agentd has under way, or {}."""
        return zone_of(self.world.msig[provider.label].tracking()).get("process") or {}

    def kill(self, provider):
        """Kills an agentd with -9 between a persisted EXECUTE and its DONE, and starts it again."""
        daemons = self.world.msig[provider.label]
        process = self.process(provider)
        if process.get("phase") != "executing" or process.get("step", 0) < KILL_STEP \
                or provider.identity in process.get("done", ()):
            return
        step = process["step_name"]
        daemons.kill("agentd")
        begun = time.time()
        self.acts.append((begun * 1000, provider.label, "kill",
                          f"kill -9 agentd ({time.strftime('%H:%M:%S', time.gmtime(begun))} UTC): "
                          f"EXECUTE of {step} is on its disk, its DONE is not"))
        while time.time() < begun + 1.0:  # down for a moment, as after a crash
            self.counts()
            time.sleep(0.1)
        daemons.start("agentd")
        net.until(daemons.answers, f"agentd of {provider.label}", 10)
        self.killed.append((begun, time.time()))
        after = self.process(provider)
        done = [entry["time"] / 1000 for entry in daemons.journal()
                if f"{step} reached here" in entry["text"]]
        if (after.get("step", -1) < process["step"] and not done) or any(t < begun for t in done):
            self.fail(f"agentd of {provider.label} came back at {after}")
        self.acts.append((time.time() * 1000, provider.label, "restart",
                          f"agentd started again: it stands at {after.get('step_name')}, "
                          f"{after.get('phase')}"))

    done = "Both joins done"

    def more(self):
        """What follows the joins: the tour has more acts."""

    # -- the verdict -------------------------------------------------------------------------

    def verdict(self):
        """Counts, keys, journal; what failed."""
        screen, world = self.screen, self.world
        judge = world.judge
        for cls, minimum in MINIMUM.items():
            self.wait(lambda c=cls, m=minimum: judge.watcher.count(ZONE, c).secure >= m,
                      f"{minimum} secure answers of {cls} resolvers", 30)
        world.scanner.stop()
        judge.stop()
        screen.clear()
        screen.head("What the watcher saw")
        rows = [("zone", "resolvers", "queries", "secure", "bogus", "other", "minimum")]
        for zone in (NAIVE, ZONE):
            for cls in judge.watcher.classes(zone):
                count = judge.watcher.count(zone, cls)
                rows.append((zone, cls, count.queries, count.secure, count.bogus, count.other,
                             MINIMUM.get(cls, "") if zone == ZONE else ""))
        for row in table(rows):
            screen.put(row)
        self.judge_counts(judge.watcher)
        s1, s2 = judge.check(ZONE)
        screen.put("  Of all that was served, what caches could hold together:")
        for name, verdict, meaning in (("S1", s1, "DS with DNSKEY sets"),
                                       ("S2", s2, "DNSKEY sets with signatures")):
            screen.put(f"  {name}: {meaning}: {verdict.pairs} pairs, "
                       f"{len(verdict.violations)} wrong", "bad" if verdict.violations else None)
            if verdict.violations or not verdict.pairs:
                self.fail(f"{name}: " + "; ".join(verdict.violations[:3] or ["nothing compared"]))
        self.matrix()
        self.journal()
        count = judge.watcher.count(ZONE)
        screen.put("")
        screen.put(f"{ZONE} {count}", "bad" if count.bogus or self.failures else "good")

    def judge_counts(self, watcher):
        """Bogus 0, the minimums, other 0 outside the time in which a daemon was down."""
        if not watcher.count(NAIVE).bogus:
            self.fail("the naive way went unnoticed: the watcher proves nothing")
        if watcher.count(ZONE).bogus:
            self.fail(f"bogus answers: {dict(watcher.count(ZONE).reasons)}")
        for event in watcher.events:
            if event.zone == ZONE and event.outcome == "other" and \
                    not any(a <= event.when <= b for a, b in self.killed):
                self.fail(f"{event.resolver} ({event.cls}) {' '.join(event.question)}: "
                          f"{event.reason}")
        if not self.killed:
            self.fail("no agentd was killed between EXECUTE and DONE")

    def matrix(self):
        """Which key is served by whom, and is it in the parent's DS."""
        screen, world = self.screen, self.world
        screen.head("Keys, as each provider serves them")
        sets, ds = {}, {r.split()[0] for r in
                        ask.rdata(world.rig.parent.server, ZONE, "DS")}
        name = dns.name.from_text(ZONE)
        for p in self.members:
            found, sigs = ask.rrset(ask.ask(p.server, name, "DNSKEY"), name, dns.rdatatype.DNSKEY)
            www = ask.rrset(ask.ask(p.server, "www." + ZONE, "A"),
                            dns.name.from_text("www." + ZONE), dns.rdatatype.A)[1]
            signing = {s.key_tag for s in [*sigs, *www]}
            sets[p.label] = ({dns.dnssec.key_id(k): k for k in found or ()}, signing)
        keys = {tag: key for known, _ in sets.values() for tag, key in known.items()}
        rows = [("key", "role", *(f"at {p.label}" for p in self.members), "DS at the parent")]
        for tag, key in sorted(keys.items(), key=lambda item: (item[1].flags, item[0])):
            rows.append((tag, "KSK" if key.flags & 1 else "ZSK",
                         *("signs" if tag in sets[p.label][1] else "shown"
                           if tag in sets[p.label][0] else "MISSING" for p in self.members),
                         ("yes" if str(tag) in ds else "NO") if key.flags & 1 else "-"))
        for row in table(rows):
            screen.put(row)

    def journal(self):
        """The joiners' own account."""
        screen = self.screen
        screen.head(f"The end of p1's journal (msigctl journal {ZONE})")
        for entry in self.world.msig["p1"].journal(limit=20):
            when = time.strftime("%H:%M:%S", time.gmtime(entry["time"] / 1000))
            for number, line in enumerate(textwrap.wrap(entry["text"], screen.width - 12)):
                screen.put(f"  {' ' * 8 if number else when}  {line}")

    def stay(self):
        """--keep: how to look around."""
        screen, world = self.screen, self.world
        screen.head("It stays up until Ctrl-C. Look around in another shell:")
        first = world.msig["p1"]
        ctl = msig.program("msigctl")
        for line in (f"M='{ctl} -c {first.conf}'", f"$M tracking {ZONE}", f"$M keys {ZONE}",
                     f"$M journal {ZONE}", "$M peers",
                     f"kdig @{world.providers[1].address} -p {net.DNS_PORT} {ZONE} DNSKEY +dnssec",
                     f"ls {world.rig.directory}"):
            screen.put("  " + line)
        try:
            signal.pause()
        except KeyboardInterrupt:
            screen.put(f"stopped; its files stay in {world.rig.directory}")

    def run(self):
        """All acts; the exit status."""
        try:
            self.bring_up()
            self.naive()
            first, second, third = self.world.providers
            self.join(second, kill=first)
            self.join(third)
            self.more()
            self.verdict()
            took = self.screen.elapsed
            if self.failures:
                self.screen.head(f"FAILED after {took:.0f} s:")
                for text in self.failures:
                    self.screen.text(text)
                if not self.keep:
                    self.screen.text("With --keep it stays up, with its logs.")
            else:
                self.screen.put(f"{self.done}, never bogus, in {took:.0f} s.", "good")
            if self.keep:
                self.stay()
            return 1 if self.failures else 0
        finally:
            self.screen.clear()
            if self.world:
                self.world.close()


TINTS = {"alarm": "bad", "kill": "bad", "restart": "good", "waits": "wait"}

# The agreement's verbs in the journal's sentences.
VERBS = ((r"all approve (\S+), execute", "EXECUTE {0}: all approve", "head"),
         (r"(\S+) approved for \S+", "APPROVE {0}", "dim"),
         (r"(\S+) is executed", "EXECUTE {0} is heard", "dim"),
         (r"(\S+) reached here; next: (.*)", "DONE    {0}{1}", None),
         (r"complete", "COMPLETE", "good"))


def words(text, leads):
    """(text, colour) of a journal entry, short enough for one line; what comes next is said by the
    one that leads."""
    text = re.sub(r"^[a-z]+-(signer|rollover|add|remove) \S+: ", "", text)
    for pattern, short, colour in VERBS:
        match = re.fullmatch(pattern, text)
        if match:
            groups = list(match.groups())
            if len(groups) == 2:
                groups[1] = f"; next: {groups[1]}" if leads else ""
            return short.format(*groups), colour
    return text, None


def heard(peer):
    """A peer's state, and what discovery found."""
    text = f"peer {peer['peer']} {peer['state']}"
    if peer["state"] == "operational":
        tags = " ".join(str(key["tag"]) for key in peer["keys"])
        text += f": DNSSEC-secure URI, SVCB, KEY {tags}; HELLO both ways"
    return text


def stopped(*_):
    """Any signal to stop: as Ctrl-C, so that nothing stays behind."""
    raise KeyboardInterrupt


def main():
    """Options, signals, missing parts."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--keep", action="store_true",
                        help="leave it running at the end, and say how to look around")
    parser.add_argument("--tour", action="store_true",
                        help="after the joins: rollovers of ZSK, KSK and algorithm, and a leave")
    options = parser.parse_args()
    lacking = lab.missing() + msig.missing()
    if lacking:
        sys.exit("demo: not found: " + " ".join(lacking))
    for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signo, stopped)  # SIGINT too: a shell's background job ignores it
    screen = Screen()
    try:
        if options.tour:
            from .tour import Tour  # pylint: disable=import-outside-toplevel,cyclic-import
            status = Tour(screen, options.keep).run()
        else:
            status = Demo(screen, options.keep).run()
    except KeyboardInterrupt:
        screen.put("stopped; nothing is left running")
        status = 130
    except (net.Timeout, RuntimeError, OSError) as error:
        screen.put(f"demo: {error}", "bad")
        status = 1
    sys.stdout.flush()
    sys.exit(status)


if __name__ == "__main__":
    main()
