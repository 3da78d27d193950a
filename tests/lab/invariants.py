"""The offline checker: S1 and S2 on everything that was served.

A cache may hold a version from the moment it is served until its TTL after the last moment it was
served. A provider's versions count from when a name server of it is named, by the parent or by an
apex NS RRset of a provider that is itself named, until the TTL of the last such NS RRset.

S1  each DS set and each DNSKEY set that a cache can hold together: a key in the DNSKEY set is
    matched by a DS, and its signature over the set is valid.
S2  each DNSKEY set and each other RRset that a cache can hold together: a signature over the RRset
    verifies with a key of the set. (The zones of the lab have no delegations: all is signed.)
"""

from dataclasses import dataclass

import dns.dnssec
import dns.exception
import dns.name
import dns.rdatatype
import dns.rrset

DS, DNSKEY, NS = dns.rdatatype.DS, dns.rdatatype.DNSKEY, dns.rdatatype.NS


@dataclass
class Span:
    """A version with the time in which a cache may hold it."""
    version: object
    start: float
    end: float

    def meets(self, other):
        """Whether one cache can hold both at one time."""
        return self.start < other.end and other.start < self.end


@dataclass
class Verdict:
    """What was compared, and what was wrong: texts."""
    pairs: int
    violations: list


def named_spans(zone, parent, providers, servers):
    """{provider label: [(start, end)]} during which resolvers know it as a server of zone.

    parent: versions at the parent; providers: {label: versions}; servers: {NS name: label}."""
    apex = dns.name.from_text(zone)
    spans = {label: [] for label in providers}
    todo = [(v, v.first, v.last + v.ttl) for v in parent if v.rdtype == NS and v.name == apex]
    done = set()
    while todo:
        version, start, end = todo.pop()
        for rdata in version.rdatas:
            label = servers.get(rdata.target.to_text())
            if label is None or (label, start, end) in done:
                continue
            done.add((label, start, end))
            spans[label].append((start, end))
            for other in providers[label]:
                if other.rdtype == NS and other.name == apex:
                    first, last = max(start, other.first), min(end, other.last)
                    if first <= last:
                        todo.append((other, first, last + other.ttl))
    return {label: united(times) for label, times in spans.items()}


def united(times):
    """Intervals that overlap as one."""
    found = []
    for start, end in sorted(times):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def visible(versions, spans):
    """Spans of a provider's versions, cut to when the provider could be asked."""
    found = []
    for version in versions:
        for start, end in spans:
            first, last = max(version.first, start), min(version.last, end)
            if first < last:
                found.append(Span(version, first, last + version.ttl))
    return found


class Checker:
    """Signatures are checked once each, however many spans they appear in."""

    def __init__(self, zone):
        self.zone = dns.name.from_text(zone)
        self.verified = {}

    def signed_by(self, version, sig, key):
        """Whether sig, made over version's RRset, verifies with this key."""
        where = (version.name, version.rdtype, version.rdatas, sig, key)
        if where not in self.verified:
            rrset = dns.rrset.from_rdata_list(version.name, sig.original_ttl, list(version.rdatas))
            try:
                dns.dnssec.validate_rrsig(
                    rrset, sig, {self.zone: dns.rrset.from_rdata_list(self.zone, 1, [key])})
                self.verified[where] = True
            except (dns.exception.DNSException, ValueError):
                self.verified[where] = False
        return self.verified[where]

    def valid(self, version, keys):
        """Whether a signature over version verifies with one of keys."""
        return any(dns.dnssec.key_id(key) == sig.key_tag and key.algorithm == sig.algorithm
                   and self.signed_by(version, sig, key)
                   for sig in version.sigs for key in keys)

    def s1(self, ds, dnskey):
        """One DS version against one DNSKEY version."""
        anchors = [key for key in dnskey.rdatas
                   if any(d.key_tag == dns.dnssec.key_id(key)
                          and dns.dnssec.make_ds(self.zone, key, d.digest_type).digest == d.digest
                          for d in ds.rdatas if d.digest_type in (2, 4))]
        return self.valid(dnskey, anchors)

    def check(self, parent, providers, servers, apart=()):
        """(S1, S2) verdicts on all that was served. Arguments as named_spans(); types in apart are
        asked of one server together with its keys, as parents ask for CDS."""
        spans = named_spans(self.zone.to_text(), parent, providers, servers)
        ds = [Span(v, v.first, v.last + v.ttl) for v in parent
              if v.rdtype == DS and v.name == self.zone]
        seen = [s for label, versions in providers.items() for s in visible(versions, spans[label])]
        keys = [s for s in seen if s.version.rdtype == DNSKEY]
        data = [s for s in seen if s.version.rdtype != DNSKEY]
        return (self.pairs(ds, keys, self.s1),
                self.pairs(keys, data, lambda k, d: self.valid(d, k.rdatas)
                           or (d.rdtype in apart and d.source != k.source)))

    @staticmethod
    def pairs(left, right, good):
        """Compares every two contents of which a cache can hold versions together."""
        def by_content(spans):
            found = {}
            for span in spans:
                version = span.version
                found.setdefault((version.name, version.rdtype, version.rdatas, version.sigs),
                                 []).append(span)
            return list(found.values())
        verdict, right = Verdict(0, []), by_content(right)
        for ones in by_content(left):
            for twos in right:
                both = next(((one, two) for one in ones for two in twos if one.meets(two)), None)
                if both is None:
                    continue
                verdict.pairs += 1
                if not good(both[0].version, both[1].version):
                    verdict.violations.append(f"{describe(both[0])} with {describe(both[1])}")
        return verdict


def describe(span):
    """A version for a human."""
    version = span.version
    kind = dns.rdatatype.to_text(version.rdtype)
    if version.rdtype == DNSKEY:
        tags = sorted(dns.dnssec.key_id(k) for k in version.rdatas)
    elif version.rdtype == DS:
        tags = sorted(d.key_tag for d in version.rdatas)
    else:
        tags = sorted(s.key_tag for s in version.sigs)
    what = "keys" if version.rdtype in (DS, DNSKEY) else "signed by"
    return (f"{version.name} {kind} at {version.source} {what} {tags} "
            f"[{span.start:.1f}, {span.end:.1f}]")
