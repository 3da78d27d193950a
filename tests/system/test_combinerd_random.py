#!/usr/bin/python3
"""A random sequence of owner's changes (IXFR and whole transfers), overlay changes and restarts; what
is served is compared with what a model of a few lines says, by AXFR and by a client that lives on
IXFR alone. A few dozen steps here, 1,000 with MSIG_FULL; MSIG_SEED repeats a run."""

import os
import random

import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset

import combinerd_rig as lab
from combinerd_rig import FakeOwner, rr, soa_rr
from lab import ask
from lab.tap import Tap

STEPS = 1000 if os.environ.get("MSIG_FULL") else 60
SEED = int(os.environ.get("MSIG_SEED") or random.randrange(1 << 32))
TYPES = {"A": lambda r: f"192.0.2.{r.randrange(8)}", "AAAA": lambda r: f"2001:db8::{r.randrange(8)}",
         "TXT": lambda r: f'"{r.choice(["a", "A", "b c", chr(92) + "255"])}"',
         "MX": lambda r: f"{r.randrange(3)} {r.choice(['x', 'X', 'y.'])}",
         "NS": lambda r: r.choice(["n1", "n2.elsewhere.", "N1"]),
         "TYPE65400": lambda r: f"\\# {1} {r.randrange(8):02x}"}
NAMES = ["a", "b", "A.b", "www", "*.w", "x.y.z", "\\001odd"]


class Owner:
    """The owner's zone as a set of (name, type, rdata), and every version that it had."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.fixed = {("@", "NS", "ns1"), ("ns1", "A", "192.0.2.1"),
                      ("@", lab.HSYNC, ask.hsync(lab.IDENTITY))}
        self.ttls = {}
        self.now = set(self.fixed)
        self.serial = 1
        self.versions = {1: self.expanded()}

    def expanded(self):
        """{(owner, type): (ttl, {rdata})} as dnspython sees it."""
        found = {}
        for name, rdtype, rdata in self.now:
            one = rr(name, rdtype, rdata, self.ttl(name, rdtype))
            key = (one.name.to_text().lower(), rdtype)
            entry = found.setdefault(key, (one.ttl, {}))
            entry[1].setdefault(canonical(one[0]), one[0])
        return {k: (ttl, frozenset(d.values())) for k, (ttl, d) in found.items()}

    def ttl(self, name, rdtype):
        """Equal in an RRset."""
        return self.ttls.get((name.lower(), rdtype), 300)

    def change(self):
        """A new version: some records come, some go, some get another TTL."""
        for _ in range(self.rnd.randrange(1, 8)):
            name, rdtype = self.rnd.choice(NAMES), self.rnd.choice(sorted(TYPES))
            what = self.rnd.random()
            if what < 0.55:
                self.now.add((name, rdtype, TYPES[rdtype](self.rnd)))
            elif what < 0.9:
                loose = sorted(self.now - self.fixed)
                if loose:
                    self.now.discard(self.rnd.choice(loose))
            else:
                self.ttls[(name.lower(), rdtype)] = self.rnd.choice([60, 300, 900])
        self.serial += self.rnd.choice([1, 1, 1, 5])
        self.versions[self.serial] = self.expanded()

    def full(self):
        """All records, with the SOA around."""
        sets = [lab_rrset(name, rdtype, ttl, rdatas)
                for (name, rdtype), (ttl, rdatas) in self.versions[self.serial].items()]
        self.rnd.shuffle(sets)
        return [soa_rr(self.serial), *sets, soa_rr(self.serial)]

    def delta(self, serial):
        """The differences from one version, as one or two sequences."""
        between = [s for s in sorted(self.versions) if serial < s < self.serial]
        chain = [serial, *self.rnd.sample(between, min(len(between), 1)), self.serial]
        out = [soa_rr(self.serial)]
        for old, new in zip(chain, chain[1:]):
            gone, come = difference(self.versions[old], self.versions[new])
            out += [soa_rr(old), *gone, soa_rr(new), *come]
        return out + [soa_rr(self.serial)]


def canonical(rdata):
    """What makes two records the same (names without regard to case)."""
    origin = dns.name.from_text(lab.ZONE)
    return rdata.to_digestable(origin)


def lab_rrset(name, rdtype, ttl, rdatas):
    """An rrset of rdata objects."""
    return dns.rrset.from_rdata_list(dns.name.from_text(name), ttl, sorted(rdatas))


def difference(old, new):
    """What goes and what comes; all of an RRset when its TTL changes."""
    gone, come = [], []
    for key in sorted(set(old) | set(new)):
        ottl, oset = old.get(key, (None, frozenset()))
        nttl, nset = new.get(key, (None, frozenset()))
        same = ottl == nttl
        out, into = (oset - nset, nset - oset) if same else (oset, nset)
        if out:
            gone.append(lab_rrset(*key, ottl, out))
        if into:
            come.append(lab_rrset(*key, nttl, into))
    return gone, come


class Overlay:
    """What was contributed: {type: {rdata text: ttl}}."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.now = {"DNSKEY": {}, "CDS": {}, "CDNSKEY": {}, "NS": {}, "CSYNC": {}}

    def one(self):
        """A record that might be added."""
        rdtype = self.rnd.choice(sorted(self.now))
        digit = self.rnd.randrange(5)
        key = lab.KEY[digit]
        return rdtype, {"DNSKEY": f"{256 + digit % 2} 3 13 {key}", "CDNSKEY": f"257 3 13 {key}",
                        "CDS": f"{digit} 13 2 {lab.HASH}", "NS": f"ns{digit}.p2.example.",
                        "CSYNC": "0 1 A NS AAAA"}[rdtype]

    def change(self):
        """(adds, deletes) that combinerd must accept."""
        adds, deletes = [], []
        for _ in range(self.rnd.randrange(1, 4)):
            rdtype, text = self.one()
            held = self.now[rdtype]
            last = rdtype in ("DNSKEY", "CDS", "CDNSKEY") or sum(map(len, self.now.values())) == 1
            if text in held and not (last and len(held) == 1):
                del held[text]
                deletes.append(f"{rdtype} {text}")
                # deletions are sent first: what is added in the same message must stay
                adds = [a for a in adds if a.split(None, 1)[1] != f"{rdtype} {text}"]
            elif f"{rdtype} {text}" not in deletes:
                ttl = self.rnd.choice([30, 60])
                held[text] = ttl
                adds = [a for a in adds if a.split(None, 1)[1] != f"{rdtype} {text}"]
                adds.append(f"{ttl} {rdtype} {text}")
        return adds, deletes

    def expanded(self):
        """{(owner, type): (ttl, {rdata})}."""
        found = {}
        for rdtype, held in self.now.items():
            if held:
                found[(lab.ZONE, rdtype)] = (min(held.values()), frozenset(
                    dns.rdata.from_text("IN", rdtype, text) for text in held))
        return found


def reference(owner, overlay):
    """What must be served, but for the SOA."""
    want = dict(owner.versions[owner.serial])
    want.update(overlay.expanded())
    return flat(want)


def flat(content):
    """{(owner, type, rdata, ttl)} with rdata in a form that case of names does not change."""
    return {(name, rdtype, canonical(rdata), ttl)
            for (name, rdtype), (ttl, rdatas) in content.items() for rdata in rdatas}


def served(records):
    """The same of a list of rrsets, without SOA."""
    return {(r.name.to_text().lower(), dns.rdatatype.to_text(r.rdtype), canonical(d), r.ttl)
            for r in records for d in r if r.rdtype != dns.rdatatype.SOA}


class Client:
    """Lives on IXFR: applies what it gets to what it has, and complains when that does not fit."""

    def __init__(self, rig):
        self.rig = rig
        self.have, self.serial, self.trouble, self.deltas = set(), 0, [], 0

    def refresh(self):
        """One IXFR."""
        records, whole = self.rig.ixfr(self.serial)
        serial = records[0][0].serial
        if whole:
            self.have = served(records)
        elif len(records) > 1:
            self.deltas += 1
            soas = 1
            for one in records[1:]:
                if one.rdtype == dns.rdatatype.SOA:
                    soas += 1
                elif soas % 2 == 0:
                    if not served([one]) <= self.have:
                        self.trouble.append(f"removes what is not there: {one}")
                    self.have -= served([one])
                else:
                    if served([one]) & self.have:
                        self.trouble.append(f"adds what is there: {one}")
                    self.have |= served([one])
        if self.serial and serial - self.serial & 0xffffffff >= 1 << 31:
            self.trouble.append(f"serial went from {self.serial} to {serial}")
        self.serial = serial


def run(tap, rnd):
    """All steps of one run."""
    with lab.Rig() as rig:
        owner, overlay = Owner(rnd), Overlay(rnd)
        fake = FakeOwner(rig)

        def answer(query, conn):
            ours = query.authority[0][0].serial if query.authority else None
            if ours in owner.versions and rnd.random() < 0.8:
                records = owner.delta(ours)
            else:
                records = owner.full()
            cut = rnd.randrange(1, len(records))
            fake.send(conn, query, [records[:cut], records[cut:]])
        fake.answer = answer
        rig.start()
        rig.until_owner(1)
        client, wrong, counts = Client(rig), [], {"owner": 0, "overlay": 0, "restart": 0}
        for step in range(STEPS):
            what = rnd.choices(["owner", "overlay", "restart"], [10, 10, 1])[0]
            counts[what] += 1
            if what == "owner":
                owner.change()
                fake.serial = owner.serial
                rig.control("refresh")
                rig.until_owner(owner.serial)
            elif what == "overlay":
                adds, deletes = overlay.change()
                rcode = rig.change(add=adds, delete=deletes)
                if rcode != "NOERROR":
                    wrong.append(f"step {step}: {rcode} to {adds} {deletes}\n{rig.daemon.tail(3)}")
            else:
                rig.kill()
                rig.start()
            want = reference(owner, overlay)
            if rnd.random() < 0.7:
                client.refresh()
                if client.have != want:
                    wrong.append(f"step {step} ({what}): IXFR client, {describe(client.have, want)}")
            if rnd.random() < 0.3 or step == STEPS - 1:
                records, _ = rig.ixfr(client.serial - 1000000 & 0xffffffff)
                if served(records) != want:
                    wrong.append(f"step {step} ({what}): AXFR, {describe(served(records), want)}")
            if wrong or client.trouble:
                break
        tap.note(f"{counts}, {client.deltas} IXFR with differences, serial {client.serial}, "
                 f"owner's {owner.serial}")
        tap.ok(not wrong and not client.trouble,
               f"{STEPS} random steps: AXFR and IXFR give what the model says",
               "\n".join(wrong + client.trouble) + f"\nMSIG_SEED={SEED}")
        tap.ok(client.deltas > STEPS // 4, "most of it as real IXFR", str(client.deltas))
        fake.close()


def describe(have, want):
    """What differs."""
    return f"missing {sorted(map(str, want - have))[:5]}, too many {sorted(map(str, have - want))[:5]}"


with Tap() as t:
    lab.without()
    t.note(f"MSIG_SEED={SEED}")
    run(t, random.Random(SEED))
