#!/usr/bin/python3
"""The offline checker of S1 and S2, on histories made by hand: each rule has a history that it
allows and one, just beyond, that it does not."""

import time

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.RRSIG
import dns.rrset
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from lab.invariants import Checker
from lab.recorder import Version
from lab.tap import Tap

ZONE = dns.name.from_text("shop.example.")
SERVERS = {"ns1.p1.example.": "p1", "ns1.p2.example.": "p2"}
TTL = 10


def record(rdtype, text):
    """One RDATA."""
    return dns.rdata.from_text(dns.rdataclass.IN, rdtype, text, relativize=False)


class Signer:
    """A KSK and a ZSK."""

    def __init__(self):
        self.private = {}
        for flags in (257, 256):
            private = ec.generate_private_key(ec.SECP256R1())
            numbers = private.public_key().public_numbers()
            point = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
            wire = flags.to_bytes(2, "big") + b"\x03\x0d" + point
            key = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.DNSKEY, wire, 0, len(wire))
            self.private[key] = private
        self.ksk, self.zsk = self.private

    @property
    def ds(self):
        """Of the KSK."""
        return dns.dnssec.make_ds(ZONE, self.ksk, "SHA256")

    def sign(self, name, rdtype, rdatas, key):
        """RRSIG over an RRset (RFC 4034, 3.1.8.1)."""
        now = int(time.time())
        sig = dns.rdtypes.ANY.RRSIG.RRSIG(
            dns.rdataclass.IN, dns.rdatatype.RRSIG, rdtype, 13, len(name) - 1, TTL, now + 86400,
            now - 3600, dns.dnssec.key_id(key), ZONE, b"")
        data = sig.to_wire(origin=ZONE)
        for rdata in sorted(rdatas, key=lambda r: r.to_digestable(ZONE)):
            wire = rdata.to_digestable(ZONE)
            data += name.to_digestable() + rdtype.to_bytes(2, "big") + b"\0\1" \
                + TTL.to_bytes(4, "big") + len(wire).to_bytes(2, "big") + wire
        r, s = utils.decode_dss_signature(
            self.private[key].sign(data, ec.ECDSA(hashes.SHA256())))
        return sig.replace(signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def keys(self, source, others, first, last):
        """A DNSKEY version: own keys and those of others, signed by the KSK."""
        rdatas = frozenset([*self.private, *(k for o in others for k in o.private)])
        sig = self.sign(ZONE, dns.rdatatype.DNSKEY, rdatas, self.ksk)
        return Version(source, ZONE, dns.rdatatype.DNSKEY, TTL, rdatas, frozenset([sig]), first,
                       last)

    def data(self, source, first, last, signed=True):
        """A version of an ordinary RRset, signed by the ZSK."""
        name, rdatas = dns.name.from_text("www.shop.example."), frozenset(
            [record("A", "192.0.2.1")])
        sigs = [self.sign(name, dns.rdatatype.A, rdatas, self.zsk)] if signed else []
        return Version(source, name, dns.rdatatype.A, TTL, rdatas, frozenset(sigs), first, last)


def at_parent(rdtype, rdatas, first, last):
    """A version at the parent."""
    return Version("parent", ZONE, dns.rdatatype.from_text(rdtype), TTL, frozenset(rdatas),
                   frozenset(), first, last)


def names(*servers):
    """NS records."""
    return [record("NS", server) for server in servers]


def run(parent, p1, p2):
    """(S1 good, S2 good) of a history."""
    s1, s2 = Checker("shop.example.").check(parent, {"p1": p1, "p2": p2}, SERVERS)
    return not s1.violations, not s2.violations


def join(a, b, union_at, ds_at, named_at, end=200):
    """A history: DNSKEY union at union_at, DS union at ds_at, p2 named at named_at."""
    parent = [at_parent("NS", names("ns1.p1.example."), 0, named_at),
              at_parent("NS", names("ns1.p1.example.", "ns1.p2.example."), named_at, end),
              at_parent("DS", [a.ds], 0, ds_at), at_parent("DS", [a.ds, b.ds], ds_at, end)]
    p1 = [a.keys("p1", [], 0, union_at), a.keys("p1", [b], union_at, end), a.data("p1", 0, end)]
    p2 = [b.keys("p2", [], 0, union_at), b.keys("p2", [a], union_at, end), b.data("p2", 0, end)]
    return parent, p1, p2


with Tap() as t:
    a, b = Signer(), Signer()
    t.equal(run(*join(a, b, 20, 30, 41)), (True, True), "a join with all holds")
    t.equal(run(*join(a, b, 20, 30, 39)), (False, True),
            "named before the old DS left all caches: S1")
    t.equal(run(*join(a, b, 30, 20, 39)), (True, False),
            "named before the old DNSKEY set left all caches: S2")
    t.equal(run(*join(a, b, 20, 30, 41, 42)), (True, True), "seen to its end only a second later")

    parent, p1, p2 = join(a, b, 20, 30, 41)
    t.equal(run(parent, p1, p2 + [b.data("p2", 0, 40, signed=False)]), (True, True),
            "what a provider serves before it is named does not count")
    t.equal(run(parent, p1, p2 + [b.data("p2", 0, 42, signed=False)]), (True, False),
            "an unsigned RRset at a named provider: S2")
    own_ns = Version("p1", ZONE, dns.rdatatype.NS, TTL,
                     frozenset(names("ns1.p1.example.", "ns1.p2.example.")), frozenset(), 25, 200)
    signed = Version("p1", ZONE, dns.rdatatype.NS, TTL, own_ns.rdatas, frozenset(
        [a.sign(ZONE, dns.rdatatype.NS, own_ns.rdatas, a.zsk)]), 25, 200)
    t.equal(run(parent, p1 + [signed], p2), (False, False),
            "an NS RRset at a named provider names others too, and that was too early")

    parent, p1, p2 = join(a, b, 20, 30, 41)
    stranger = Signer()
    forged = stranger.keys("p1", [a, b], 50, 60)
    t.equal(run(parent, p1 + [forged], p2)[0], False, "a DNSKEY set signed by an unknown key: S1")
