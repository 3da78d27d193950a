#!/usr/bin/python3
"""What the watcher calls bogus, and what it counts apart because a server was down: the validator's
own words, and histories made by hand. Each condition of watcher.py is left out once."""

import os
import tempfile
import time

import dns.edns
import dns.message

from lab import recorder, watcher
from lab.rig import ZONE
from lab.tap import Tap
from lab.unbound import Unbound

QUESTION = (f"n1.{ZONE}", "A")
NO_KEYS = f"No DNSKEY record for key {ZONE} while building chain of trust"
PRIMED = "from 127.53.3.4 for trust anchor example. "
BEFORE = (f"key for validation {ZONE} is marked as invalid because of a previous validation failure "
          f"<x.wild.{ZONE} TXT IN>: ")
# Unbound 1.17.1's reasons; what the watcher shows of each; whether no DNSKEY was had of the zone.
REASONS = (
    (PRIMED + NO_KEYS, "No DNSKEY record", True),
    (f"No DNSKEY record from 127.53.3.12 for key {ZONE} while building chain of trust",
     "No DNSKEY record", True),
    (BEFORE + PRIMED + NO_KEYS, "No DNSKEY record, before", True),
    (PRIMED + "No DNSKEY record for key example. while building chain of trust",
     "No DNSKEY record", False),
    (f"signature missing from 127.53.3.12 for key {ZONE} while building chain of trust",
     "signature missing", False),
    (BEFORE + f"no keys have a DS with algorithm ECDSAP256SHA256 from 127.53.3.12 for key {ZONE} "
     "while building chain of trust", "no keys have a DS with algorithm ECDSAP256SHA256, before",
     False),
    (f"signatures from unknown keys from 127.53.3.12 and {NO_KEYS}",
     "signatures from unknown keys", False),
)


class Resolver(Unbound):
    """One that only has a log."""

    def __init__(self, name, home):  # pylint: disable=super-init-not-called
        self.name, self.home, self.child, self.stubs = name, home, None, {}


class Provider:
    """Where a label's server would be."""
    server = ("127.0.0.1", 5300)


class Rig:
    """Knows every provider."""

    @staticmethod
    def provider(label):
        """Any."""
        return Provider if label else None


def servfail(ede):
    """An answer as a validator gives it."""
    answer = dns.message.make_response(dns.message.make_query(*QUESTION, use_edns=0))
    answer.set_rcode(2)
    answer.use_edns(0, options=[dns.edns.EDEOption(ede)] if ede else [])
    return answer


def answered(scratch, reason, ede=9, pointed=((100, "p1"),)):
    """A watcher that got one such answer just now; pointed: (seconds ago, label)."""
    with open(os.path.join(scratch, "log"), "w", encoding="ascii") as log:
        log.write(f"[1] unbound[1:0] info: start of service (unbound 1.17.1).\n"
                  f"[1] unbound[1:0] info: validation failure <{' '.join(QUESTION)} IN>: {reason}\n"
                  f"[1] unbound[1:0] info: validation failure <n2.{ZONE} A IN>: of another\n")
    one = watcher.Watcher(Rig)
    feed = watcher.Feed(ZONE, Resolver("mix-switch", scratch), None, True)
    for ago, label in pointed:
        one.point(feed, [label])
        spans = one.pointed[ZONE, "mix-switch"]
        spans[-1] = (time.time() - ago, spans[-1][1])
    one.judge((feed, watcher.MIXED, QUESTION, 0), servfail(ede))
    return one


def words(t, scratch):
    """The validator's reason, and where it says that it had no keys of the zone."""
    for reason, shown, excused in REASONS:
        one = answered(scratch, reason)
        event, now = one.events[0], time.time()
        t.equal((event.outcome, event.reason), ("bogus", shown), f"bogus: {shown}")
        one.set_apart(ZONE, {"p1": [(now - 50, now + 1)]})
        count = one.count(ZONE)
        t.equal((count.bogus, count.unreached, +count.reasons == {}),
                (0, 1, True) if excused else (1, 0, False),
                f"counted apart if p1 is down: {excused}")


def conditions(t, scratch):
    """Who was pointed where, and who was down when."""
    now = time.time()
    down, whole = [(now - 20, now + 1)], ((100, "p1"),)
    cases = (
        ("it was at a server that was down", 9, whole, {"p1": down}, True),
        ("nobody was down", 9, whole, {}, False),
        ("another one was down", 9, whole, {"p2": down}, False),
        ("it was thrown there, and away again", 9, ((100, "p2"), (15, "p1"), (10, "p2")),
         {"p1": down}, True),
        ("it was there when the server still answered", 9, ((100, "p2"), (30, "p1"), (25, "p2")),
         {"p1": down}, False),
        ("the server answered again a minute ago", 9, whole, {"p1": [(now - 90, now - 70)]}, False),
        ("SERVFAIL that says nothing, at a server that was down", None, whole, {"p1": down}, True),
        ("SERVFAIL that says nothing, and nobody was down", None, whole, {}, False),
    )
    for what, ede, pointed, outages, apart in cases:
        one = answered(scratch, PRIMED + NO_KEYS, ede, pointed)
        one.set_apart(ZONE, outages)
        one.set_apart(ZONE, outages)
        count = one.count(ZONE)
        t.equal((count.unreached, count.bogus + count.other, count.queries), (apart, not apart, 1),
                f"{what}: counted apart: {apart}")
        t.equal("unreached" in str(count), apart, "and shown so")
    one = answered(scratch, PRIMED + NO_KEYS)
    answer = servfail(None)
    answer.set_rcode(0)
    one.judge((one_feed(scratch), watcher.MIXED, QUESTION, 0), answer)
    one.set_apart(ZONE, {"p1": down})
    t.equal(one.count(ZONE).other, 1, "an answer that is not authenticated has no excuse")


def one_feed(scratch):
    """The feed of answered(), once more."""
    return watcher.Feed(ZONE, Resolver("mix-switch", scratch), None, True)


def outages(t):
    """A server is down when it was silent for long, from its last answer to its next one."""
    now, source = time.time(), recorder.Source("p1", ("127.0.0.1", 5300), ZONE, None, None, False)
    t.equal(source.outages(), [], "never asked: not down")
    source.gaps = [(now - 100, now - 99), (now - 50, now - 30)]
    t.equal(source.outages(), [(now - 50, now - 30)], "slow is not down")
    source.looked, source.silent = now - 3, now - 2
    t.equal(len(source.outages()), 1, "nor is one that is silent since just now")
    source.looked, source.silent = now - 20, now - 19
    t.equal(source.outages()[1], (now - 20, float("inf")), "down, and not up again")


with Tap() as tap, tempfile.TemporaryDirectory() as directory:
    words(tap, directory)
    conditions(tap, directory)
    outages(tap)
