"""The watcher: validating resolvers that ask all the time, and a count of what they answered.

    queries = secure + bogus + other, and + unreached where a server was down

Resolvers pinned to one provider see that provider alone; mixed ones take what comes from all, and
one of them is thrown from provider to provider with its cache. A pinned resolver of a provider that
is not named yet asks the others, counted as mixed, so that what it brings along is old: the caches
that a change must not break are those that were filled before it.

Unreached: a resolver that can reach no server of the zone, like the one that is thrown to a provider
whose servers are down, fails, and nothing of the zone is wrong. Most of that is SERVFAIL without
another word, or silence. But when it has an answer (that came just before, or just after) and its keys
have expired, it asks for DNSKEY, gets nothing, and Unbound calls that answer bogus, "No DNSKEY record"
(EDE 9); for a minute it then holds the zone's keys to be bad, at whatever server it asks next ("is
marked as invalid because of a previous validation failure"). All this is counted apart by set_apart(),
on these conditions: the validator's first reason was that it got no DNSKEY of the zone, so it found no
key and no signature wrong; the resolver had been pointed, within that minute, at a provider whose
server the test took down; and the recorder, which asks the same server, got no answer then either.
"""

import collections
import itertools
import random
import re
import selectors
import socket
import string
import threading
import time
from typing import NamedTuple

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from .unbound import Unbound

# What is asked, in turn: positive answers, an alias-free apex, NODATA, NXDOMAIN and wildcards.
# {r} is new each time, so that the question reaches the provider.
QUESTIONS = (("www", "A"), ("{r}", "A"), ("n1", "A"), ("{r}.wild", "TXT"), ("", "SOA"), ("n2", "A"),
             ("www", "AAAA"), ("", "MX"), ("{r}", "TXT"), ("n3", "A"), ("", "DNSKEY"), ("n4", "AAAA"),
             ("{r}.wild", "TXT"), ("n5", "A"), ("", "NS"), ("mail", "A"), ("n6", "A"), ("{r}", "MX"),
             ("n7", "A"), ("", "A"), ("n8", "A"))

# Extended errors (RFC 8914) that a validator gives when it found an answer wrong.
BOGUS_EDE = {1, 2, 5, 6, 7, 8, 9, 10, 11, 12}
TIMEOUT = 6.0
MIXED = "mixed"

# Unbound's words when nobody gave it a zone's keys, and how long it remembers that (BOGUS_KEY_TTL),
# and servers that did not answer; ours for an answer that nobody vouches for.
NO_KEYS, REMEMBERS = "No DNSKEY record", 60.0
UNSIGNED = "answer is not authenticated"
# What stands around its reason: which trust anchor was primed before; what made the keys bad.
PRIMED = re.compile(r"^from \S+ for trust anchor \S+ ")
EARLIER = re.compile(r".*because of a previous validation failure <[^>]*>: ")


class Event(NamedTuple):
    """An answer that was not secure. cause: of a bogus one, the validator's whole first reason."""
    when: float
    zone: str
    cls: str
    resolver: str
    question: tuple
    outcome: str
    reason: str
    cause: str = ""


class Count:
    """Outcomes of one class of resolvers for one zone."""

    def __init__(self):
        self.secure = self.bogus = self.other = self.unreached = 0
        self.reasons = collections.Counter()  # of bogus
        self.oddities = collections.Counter()  # of other

    @property
    def queries(self):
        """All that was answered or given up."""
        return self.secure + self.bogus + self.other + self.unreached

    def __add__(self, more):
        both = Count()
        for name in ("secure", "bogus", "other", "unreached", "reasons", "oddities"):
            setattr(both, name, getattr(self, name) + getattr(more, name))
        return both

    def __str__(self):
        return (f"queries {self.queries} = secure {self.secure} + bogus {self.bogus} "
                f"+ other {self.other}"
                + (f" + unreached {self.unreached}" if self.unreached else ""))


class Feed:
    """One resolver's questions about one zone. cls is the class that its answers count for."""

    def __init__(self, zone, resolver, home, switch):
        self.zone, self.resolver, self.home, self.switch = zone, resolver, home, switch
        self.cls, self.servers = MIXED, ()
        self.questions = itertools.cycle(QUESTIONS)


class Watcher(threading.Thread):
    """Asks `rate` questions a second over all zones and resolvers, until stop()."""

    def __init__(self, rig, first_host=30, rate=20.0):
        super().__init__(name="watcher", daemon=True)
        self.rig, self.rate, self.next_host = rig, rate, first_host
        self.resolvers, self.feeds = {}, []
        self.counts = {}        # (zone, class) -> Count
        self.events = []        # all that was not secure
        self.pointed = {}       # (zone, resolver name) -> [(since when, labels)]
        self.pending = {}       # (resolver name, id) -> (feed, cls, question, sent)
        self.named = {}         # zone -> labels of the providers that the parent names
        self.selector = selectors.DefaultSelector()
        self.ended, self.lock = threading.Event(), threading.RLock()
        self.random = random.Random(4)

    # -- set-up ------------------------------------------------------------------------------

    def resolvers_for(self, labels):
        """Starts one pinned resolver per provider and three that mix (one of them thrown about)."""
        names = [(label, label, False) for label in labels]
        names += [("mix-a", None, False), ("mix-b", None, False), ("mix-switch", None, True)]
        started = []
        for name, home, switch in names:
            resolver = Unbound(self.rig, "watch-" + name, self.rig.block(self.next_host))
            self.next_host += 1
            started.append((resolver.start(wait=False), home, switch))
        for resolver, home, switch in started:
            resolver.ready()
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.connect(resolver.server)
            udp.setblocking(False)
            self.resolvers[resolver.name] = (resolver, home, switch, udp)
            self.selector.register(udp, selectors.EVENT_READ, resolver.name)

    def watch(self, zone, labels):
        """Begins to ask about zone at the providers with these labels."""
        with self.lock:
            self.named[zone] = []
            for resolver, home, switch, _ in self.resolvers.values():
                self.feeds.append(Feed(zone, resolver, home, switch))
            self.follow(zone, labels)

    def unwatch(self, zone):
        """No more questions about zone; its counts stay."""
        with self.lock:
            self.feeds = [feed for feed in self.feeds if feed.zone != zone]

    def follow(self, zone, labels):
        """The parent now names these providers' servers for zone: resolvers go there."""
        with self.lock:
            if not labels or self.named[zone] == sorted(labels):
                return
            self.named[zone] = sorted(labels)
            for feed in self.feeds:
                if feed.zone == zone:
                    self.point(feed, [feed.home] if feed.home in labels else sorted(labels))

    def point(self, feed, labels):
        """Points a feed's resolver at the servers of providers."""
        feed.cls = feed.home if labels == [feed.home] else MIXED
        feed.servers = [self.rig.provider(label).server for label in labels]
        feed.resolver.stub(feed.zone, feed.servers)
        self.pointed.setdefault((feed.zone, feed.resolver.name), []).append((time.time(), labels))

    # -- asking ------------------------------------------------------------------------------

    def run(self):
        gap, due, turn, thrown = 1.0 / self.rate, time.monotonic(), 0, time.monotonic()
        while not self.ended.is_set():
            now = time.monotonic()
            if now >= due:
                with self.lock:
                    if self.feeds:
                        self.send(self.feeds[turn % len(self.feeds)])
                        turn += 1
                    self.expire(now)
                due = max(due + gap, now - 1)
            if now - thrown > 1.5:
                self.throw(turn)
                thrown = now
            for key, _ in self.selector.select(max(0.0, min(due - time.monotonic(), 0.05))):
                self.receive(key.data, key.fileobj)
        deadline = time.monotonic() + TIMEOUT
        while self.pending and time.monotonic() < deadline:
            for key, _ in self.selector.select(0.1):
                self.receive(key.data, key.fileobj)
        with self.lock:
            self.expire(time.monotonic() + TIMEOUT)

    def stop(self):
        """Asks no more, takes in what is under way, ends."""
        self.ended.set()
        if self.is_alive():
            self.join()

    def throw(self, turn):
        """The switching resolver goes to another single provider, with its cache."""
        with self.lock:
            for feed in self.feeds:
                labels = self.named[feed.zone]
                if feed.switch and len(labels) > 1:
                    self.point(feed, [labels[turn % len(labels)]])
                    feed.cls = MIXED

    def send(self, feed):
        """One question."""
        label, rdtype = next(feed.questions)
        fresh = "".join(self.random.choices(string.ascii_lowercase, k=8))
        name = label.format(r=fresh) + ("." if label else "") + feed.zone
        query = dns.message.make_query(name, rdtype, want_dnssec=True, payload=1232)
        query.flags |= dns.flags.AD
        self.pending[(feed.resolver.name, query.id)] = (feed, feed.cls, (name, rdtype),
                                                        time.monotonic())
        self.resolvers[feed.resolver.name][3].send(query.to_wire())

    def receive(self, resolver, udp):
        """One answer."""
        try:
            response = dns.message.from_wire(udp.recv(65535), ignore_trailing=True)
        except (OSError, dns.exception.DNSException):
            return
        with self.lock:
            asked = self.pending.pop((resolver, response.id), None)
            if asked:
                self.judge(asked, response)

    def expire(self, now):
        """Questions without an answer."""
        for which in [w for w, asked in self.pending.items() if now - asked[3] > TIMEOUT]:
            self.note(self.pending.pop(which), "other", "no answer from the resolver")

    def judge(self, asked, response):
        """Secure, bogus or other."""
        rcode = response.rcode()
        if rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            if response.flags & dns.flags.AD:
                self.note(asked, "secure", None)
            else:
                self.note(asked, "other", UNSIGNED)
            return
        errors = [o for o in response.options if o.otype == dns.edns.OptionType.EDE]
        bad = [o for o in errors if int(o.code) in BOGUS_EDE]
        if bad:
            reason, cause = self.words(asked)
            self.note(asked, "bogus", reason or bad[0].text or f"EDE {int(bad[0].code)}", cause)
        else:
            self.note(asked, "other", f"{dns.rcode.to_text(rcode)} "
                      + " ".join(f"EDE {int(o.code)} {o.text or ''}".strip() for o in errors))

    @staticmethod
    def words(asked):
        """(The validator's reason for a question, without what differs each time; the reason why the
        zone's keys were bad before, or the same one, in full)."""
        feed, _, (name, rdtype), _ = asked
        for question, reason in reversed(feed.resolver.failures()):
            if question.lower() == f"{name} {rdtype} IN".lower():
                cause = PRIMED.sub("", EARLIER.sub("", PRIMED.sub("", reason)))
                short = cause.split(" for <")[0].split(" from 127.")[0].split(" for key ")[0]
                return short + (", before" if EARLIER.match(reason) else ""), cause
        return None, ""

    def note(self, asked, outcome, reason, cause=""):
        """Counts."""
        feed, cls, question, _ = asked
        count = self.counts.setdefault((feed.zone, cls), Count())
        setattr(count, outcome, getattr(count, outcome) + 1)
        if outcome == "secure":
            return
        (count.reasons if outcome == "bogus" else count.oddities)[reason] += 1
        self.events.append(Event(time.time(), feed.zone, cls, feed.resolver.name, question, outcome,
                                 reason, cause))

    # -- servers that were down ----------------------------------------------------------------

    def set_apart(self, zone, outages):
        """Counts as unreached what failed because a server was down: outages are {label: [(from,
        to)]}, when the provider's server answered nobody."""
        with self.lock:
            self.events = [self.apart(e, outages) if e.zone == zone else e for e in self.events]

    def apart(self, event, outages):
        """One event."""
        excuse = event.reason != UNSIGNED if event.outcome == "other" else \
            event.outcome == "bogus" and event.cause.startswith(NO_KEYS) and \
            f" for key {event.zone} " in event.cause
        if not excuse or not self.met(event, event.when - REMEMBERS, outages):
            return event
        count = self.counts[event.zone, event.cls]
        setattr(count, event.outcome, getattr(count, event.outcome) - 1)
        (count.reasons if event.outcome == "bogus" else count.oddities)[event.reason] -= 1
        count.unreached += 1
        return event._replace(outcome="unreached")

    def met(self, event, since, outages):
        """Whether the resolver was pointed at a server that was down, between then and the event."""
        spans = self.pointed[event.zone, event.resolver]
        ends = [start for start, _ in spans[1:]] + [event.when]
        return any(max(start, since, down) <= min(end, event.when, up)
                   for (start, labels), end in zip(spans, ends)
                   for label in labels for down, up in outages.get(label, ()))

    # -- results -----------------------------------------------------------------------------

    def count(self, zone, cls=None):
        """The count of a class of resolvers, or of all, for a zone."""
        with self.lock:
            return sum((c for (z, k), c in self.counts.items()
                        if z == zone and cls in (None, k)), Count())

    def classes(self, zone):
        """Classes that have counted for a zone, mixed last."""
        with self.lock:
            return sorted((k for z, k in self.counts if z == zone), key=lambda k: (k == MIXED, k))
