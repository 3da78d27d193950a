"""Everything that the servers served, with times: what the offline checker judges.

Each source (a server and a zone) is asked for its SOA five times a second; when the serial moves,
IXFR brings every version in between, so that not even a short-lived one is missed. A server that
signs as it answers (PowerDNS) changes signatures and DNSKEY under one serial: it is asked for the
whole zone each time. A version counts from the last look before it was seen until the first look
after which it was gone: the interval is never too short.
"""

import threading
import time
from dataclasses import dataclass, field

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.rrset

from . import ask

SILENT = 5.0  # s without an answer: the server is dead

SOA, RRSIG = dns.rdatatype.SOA, dns.rdatatype.RRSIG


@dataclass(frozen=True)
class Version:
    """One version of an RRset at a source. rdatas, sigs: frozensets of RDATA; last is None while it
    is served."""
    source: str
    name: dns.name.Name
    rdtype: int
    ttl: int
    rdatas: frozenset
    sigs: frozenset
    first: float
    last: float = field(default=None, compare=False)


class Source:
    """One zone at one server, and all versions of the RRsets of interest."""

    def __init__(self, label, server, zone, key, wanted, live):
        self.label, self.server, self.key, self.wanted = label, server, key, wanted
        self.live = live    # it signs as it answers: the serial says nothing of keys and signatures
        self.zone = dns.name.from_text(zone)
        self.serial = None
        self.records = {}   # (name, type) -> {rdata: ttl}, RRSIGs by (name, RRSIG, covered type)
        self.current = {}   # (name, type) -> Version being served
        self.past = []
        self.looked = None  # the last look that was answered
        self.silent = None  # the first one since then that was not
        self.gaps = []      # (from, to) without an answer
        self.soas = 0

    def look(self):
        """Asks for the SOA and fetches what is new."""
        now = time.time()
        query = dns.message.make_query(self.zone, SOA)
        response = dns.query.udp(query, self.server[0], 1.0, self.server[1])
        if self.silent:
            self.gaps.append((self.looked or self.silent, now))
            self.silent = None
        found = ask.rrset(response, self.zone, SOA)[0]
        if found is None:
            return
        self.soas += 1
        if self.live:
            self.serial = None
        if found[0].serial != self.serial:
            for deltas in self.transfer():
                self.apply(deltas, self.looked or now, time.time())
        self.looked = now

    def transfer(self):
        """[(deleted, added)] per version, or one that replaces everything (deleted is None)."""
        if self.serial is None:
            messages = dns.query.xfr(self.server[0], self.zone, port=self.server[1], timeout=5,
                                     lifetime=5, relativize=False, keyring=self.key.key)
        else:
            messages = dns.query.xfr(self.server[0], self.zone, rdtype=dns.rdatatype.IXFR,
                                     serial=self.serial, port=self.server[1], timeout=5,
                                     lifetime=5, relativize=False, keyring=self.key.key)
        records = [(rrset.name, rrset.ttl, rdata) for message in messages
                   for rrset in message.answer for rdata in rrset]
        if len(records) == 1 and records[0][2].serial != self.serial:
            self.serial = None  # it went back: the zone comes from elsewhere now
            return self.transfer()
        if len(records) == 1:
            return []
        final = records[0][2].serial
        self.serial, old = final, self.serial
        if old is None or records[1][2].rdtype != SOA:
            return [(None, records[:-1])]
        deltas, part = [], None
        for name, ttl, rdata in records[1:-1]:
            if rdata.rdtype == SOA:
                if part is None or part is deltas[-1][1]:
                    deltas.append(([], []))
                    part = deltas[-1][0]
                else:
                    part = deltas[-1][1]
            part.append((name, ttl, rdata))
        return deltas

    @staticmethod
    def index(name, rdata):
        """Where a record belongs: signatures stay with what they cover."""
        return (name, rdata.rdtype, rdata.covers() if rdata.rdtype == RRSIG else 0)

    def apply(self, delta, first, now):
        """Takes in one version of the zone."""
        deleted, added = delta
        if deleted is None:
            touched = set(self.records)
            self.records = {}
        else:
            touched = set()
            for name, _, rdata in deleted:
                where = self.index(name, rdata)
                self.records.get(where, {}).pop(rdata, None)
                touched.add(where)
        for name, ttl, rdata in added:
            where = self.index(name, rdata)
            self.records.setdefault(where, {})[rdata] = ttl
            touched.add(where)
        for name, rdtype in {(n, c if t == RRSIG else t) for n, t, c in touched}:
            if self.wanted(name, rdtype):
                self.note(name, rdtype, first, now)

    def note(self, name, rdtype, first, now):
        """Ends the version of an RRset that was, begins the one that is."""
        rdatas = self.records.get((name, rdtype, 0)) or {}
        sigs = self.records.get((name, RRSIG, rdtype)) or {}
        old = self.current.get((name, rdtype))
        if old and (old.rdatas, old.sigs) == (frozenset(rdatas), frozenset(sigs)) \
                and old.ttl == max(rdatas.values(), default=0):
            return
        if old:
            object.__setattr__(old, "last", now)
            self.past.append(self.current.pop((name, rdtype)))
        if rdatas:
            self.current[(name, rdtype)] = Version(
                self.label, name, rdtype, max(rdatas.values()), frozenset(rdatas),
                frozenset(sigs), first)

    def missed(self):
        """A look was not answered."""
        self.silent = self.silent or time.time()

    def outages(self):
        """[(from, to)] in which it was dead, not slow: from the last answer until the next one."""
        gaps = list(self.gaps)
        if self.silent:
            gaps.append((self.looked or self.silent, float("inf")))
        return [(start, end) for start, end in gaps if min(end, time.time()) - start > SILENT]

    def versions(self):
        """All versions so far; those being served end now, or when the server fell silent for good:
        a server that is only slow has answered again within seconds."""
        now = time.time()
        if self.silent and now - self.silent > SILENT:
            now = self.silent
        found = list(self.past)
        for version in self.current.values():
            found.append(Version(version.source, version.name, version.rdtype, version.ttl,
                                 version.rdatas, version.sigs, version.first, now))
        return found


class Recorder(threading.Thread):
    """Looks at all sources until stop(); after() is called when a round of looks is over."""

    def __init__(self, after=lambda: None, every=0.2):
        super().__init__(name="recorder", daemon=True)
        self.after, self.every, self.sources = after, every, []
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.errors = []

    def add(self, label, server, zone, key, wanted=lambda name, rdtype: True, live=False):
        """Records what server shows of zone; wanted(name, type) chooses RRsets; live: a server that
        signs as it answers."""
        source = Source(label, server, zone, key, wanted, live)
        with self.lock:
            self.sources.append(source)
        return source

    def run(self):
        while not self.ended.wait(self.every):
            with self.lock:
                for source in self.sources:
                    try:
                        source.look()
                    except (OSError, EOFError, dns.exception.DNSException) as error:
                        source.missed()
                        self.errors.append((time.time(), source.label, str(error)))
            self.after()

    def stop(self):
        """Ends."""
        self.ended.set()
        if self.is_alive():
            self.join()

    def versions(self, zone=None):
        """Versions of all sources, or of those of one zone."""
        with self.lock:
            return [v for source in self.sources
                    if zone is None or source.zone == dns.name.from_text(zone)
                    for v in source.versions()]
