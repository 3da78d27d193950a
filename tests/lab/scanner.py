"""The parent's CDS and CSYNC scanner, as strict as real ones.

For each delegated zone it asks *every address of every server that the parent names*, over TCP. One
that does not answer, or answers differently, or does not validate from the parent's DS, and nothing
is done. CDS goes through BIND's dnssec-cds (RFC 7344, 8078), CSYNC is RFC 7477: immediate flag, SOA
serial equal before and after, the NS RRset equal everywhere. Changes are made with knsupdate.
"""

import os
import threading
import time

import dns.dnssec
import dns.exception
import dns.name
import dns.rdatatype
import dns.rrset

from . import ask, net, tools
from .knot import update
from .rig import PARENT, TTL

# Signers backdate their signatures, Knot by minutes, PowerDNS by up to two weeks: dnssec-cds must
# not take them for older than the present DS.
CDS_START = "-1300000"


class Refused(Exception):
    """Why a scan of a zone changed nothing."""


class Silent(Refused):
    """Because a server does not answer, or cannot be found."""


class Scanner(threading.Thread):
    """Scans the given zones again and again until stop(); log holds (time, zone, text). A server
    that is silent for `patience` seconds is left out from then on, as registries do after days; while
    it `rests` it looks at nothing."""

    patience = 5.0
    rests = False

    def __init__(self, rig, zones, interval=1.0):
        super().__init__(name="scanner", daemon=True)
        self.rig, self.zones, self.interval = rig, list(zones), interval
        self.home = os.path.join(rig.directory, "scanner")
        os.makedirs(self.home)
        self.log, self.ended = [], threading.Event()
        self.last = {}
        self.silent = {}  # server or name -> since when
        self.made = {}  # (zone, server) -> (what it showed, and the DS set that was there; what came of it)

    def run(self):
        while not self.ended.wait(self.interval):
            for zone in [] if self.rests else self.zones:
                try:
                    self.scan(zone)
                    self.say(zone, "quiet", None)
                except Refused as reason:
                    self.say(zone, "refused", f"refused: {reason}")
                except (OSError, dns.exception.DNSException, tools.ToolError) as error:
                    self.say(zone, "error", f"failed: {error}")

    def stop(self):
        """Ends after the scan at hand."""
        self.ended.set()
        if self.is_alive():
            self.join()

    def say(self, zone, kind, text):
        """Logs a text, but one that repeats itself only once."""
        if text and self.last.get(zone) != (kind, text):
            self.log.append((time.time(), zone, text))
        self.last[zone] = (kind, text)

    # -- what the parent and the child's servers say -----------------------------------------

    def delegation(self, zone):
        """(NS names, DS RRset or None) as the parent serves them."""
        name = dns.name.from_text(zone)
        referral = ask.ask(self.rig.parent.server, name, "NS")
        names = ask.rrset(referral, name, dns.rdatatype.NS, "authority")[0]
        ds = ask.rrset(ask.ask(self.rig.parent.server, name, "DS"), name, dns.rdatatype.DS)[0]
        return sorted(r.target.to_text() for r in names or ()), ds

    def given_up(self, what):
        """Whether a server that is silent now has been so for long."""
        return time.monotonic() - self.silent.setdefault(what, time.monotonic()) > self.patience

    def servers(self, names):
        """Every address of every one of these name servers."""
        found = []
        for name in names:
            try:
                found += [(address, net.DNS_PORT) for address in sorted(self.addresses(name))]
                self.silent.pop(name, None)
            except Silent:
                if not self.given_up(name):
                    raise
        return found

    def answering(self, servers, name, ds):
        """{server: its keys}, without those that are silent for long."""
        keys = {}
        for server in servers:
            try:
                keys[server] = self.keys(server, name, ds)
                self.silent.pop(server, None)
            except Silent:
                if not self.given_up(server):
                    raise
        return keys

    def addresses(self, name):
        """A records through the validating resolver."""
        try:
            response = ask.ask(self.rig.resolver.server, name, "A", rd=True)
        except (OSError, dns.exception.DNSException) as error:
            raise Silent(f"no address for {name}: {error}") from None
        found = ask.rrset(response, dns.name.from_text(name), dns.rdatatype.A)[0]
        if not found:
            raise Silent(f"no address for {name}")
        return [r.address for r in found]

    @staticmethod
    def fetch(server, name, rdtype):
        """(RRset, RRSIGs) from one server; (None, None) if it says that there is none."""
        try:
            response = ask.ask(server, name, rdtype)
        except (OSError, dns.exception.DNSException) as error:
            raise Silent(f"{server[0]} does not answer for {rdtype}: {error}") from None
        if response.rcode() != 0 or not response.flags & 0x0400:
            raise Refused(f"{server[0]} answers {rdtype} without authority")
        return ask.rrset(response, name, dns.rdatatype.from_text(rdtype))

    def keys(self, server, name, ds):
        """The server's DNSKEY RRset, proven by the parent's DS."""
        keys, sigs = self.fetch(server, name, "DNSKEY")
        if not keys or not sigs:
            raise Refused(f"{server[0]} has no signed DNSKEY")
        anchors = [k for k in keys if any(dns.dnssec.make_ds(name, k, d.digest_type) == d
                                          for d in ds if d.digest_type in (2, 4))]
        if not anchors:
            raise Refused(f"{server[0]}: no DNSKEY matches the DS")
        self.verify(server, keys, sigs, name, anchors)
        return keys, sigs

    @staticmethod
    def verify(server, rrset, sigs, zone, keys):
        """The RRset is signed by one of keys, or the scan is over."""
        trusted = dns.rrset.from_rdata_list(zone, 1, keys)
        try:
            dns.dnssec.validate(rrset, sigs, {zone: trusted})
        except (dns.exception.DNSException, AttributeError) as error:
            raise Refused(f"{server[0]}: {dns.rdatatype.to_text(rrset.rdtype)} does not "
                          f"validate: {error}") from None

    def everywhere(self, servers, name, rdtype, keys):
        """The one RRset that all servers show, with each server's signatures; None if all have
        none."""
        seen = [self.fetch(server, name, rdtype) for server in servers]
        for server, (rrset, sigs) in zip(servers, seen):
            if {r.to_text() for r in rrset or ()} != {r.to_text() for r in seen[0][0] or ()}:
                raise Refused(f"{rdtype} at {server[0]} differs from {servers[0][0]}")
            if rrset:
                self.verify(server, rrset, sigs, name, keys[server][0])
        return seen[0] if seen[0][0] else None

    # -- the two jobs ----------------------------------------------------------------------

    def scan(self, zone):
        """One look at a zone; changes the parent if the zone asks for it properly."""
        name = dns.name.from_text(zone)
        names, ds = self.delegation(zone)
        if not names or not ds:
            raise Refused("not a secure delegation")
        servers = self.servers(names)
        keys = self.answering(servers, name, ds)
        servers = list(keys)
        self.cds(zone, name, servers, keys, ds)
        self.csync(zone, name, servers, keys, names)

    def cds(self, zone, name, servers, keys, ds):
        """DS after CDS and CDNSKEY, decided by dnssec-cds on each server's answer."""
        both = [self.everywhere(servers, name, t, keys) for t in ("CDS", "CDNSKEY")]
        if both == [None, None]:
            return
        if None in both:
            raise Refused("CDS without CDNSKEY or CDNSKEY without CDS")
        (cds, _), (cdnskey, _) = both
        if {(r.key_tag, r.digest) for r in cds} != {
                (d.key_tag, d.digest) for k in cdnskey for t in {r.digest_type for r in cds}
                for d in [dns.dnssec.make_ds(name, k, t)]}:
            raise Refused("CDS and CDNSKEY are not of the same keys")
        results = {self.dnssec_cds(zone, server, keys[server], ds) for server in servers}
        if len(results) != 1:
            raise Refused("dnssec-cds decides differently for different servers")
        wanted = results.pop()
        present = {tuple(r.to_text().lower().split()) for r in ds}
        if wanted == present:
            return
        self.change(zone, [f"del {zone} DS"] + [f"add {zone} {TTL['ds']} DS {' '.join(r)}"
                                                for r in sorted(wanted)])
        self.say(zone, "ds", f"DS now for keys {', '.join(sorted(r[0] for r in wanted))} (CDS)")

    def dnssec_cds(self, zone, server, keys, ds):
        """The DS set that dnssec-cds makes of one server's answers; of the same ones it makes the same."""
        name = dns.name.from_text(zone)
        rrsets = [*keys, *self.fetch(server, name, "CDS"), *self.fetch(server, name, "CDNSKEY")]
        if None in rrsets:
            raise Refused(f"{server[0]} shows CDS and CDNSKEY no longer")
        answers = ["\n".join(rrset.to_text() for rrset in some) + "\n" for some in (rrsets, [ds])]
        before, made = self.made.get((zone, server), (None, None))
        if before != answers:
            made = self.make_ds(zone, *answers)
            self.made[zone, server] = answers, made
        return made

    def make_ds(self, zone, *texts):
        """dnssec-cds itself; texts: what a child shows, and the DS set that is there."""
        paths = [os.path.join(self.home, name) for name in ("child", "dsset")]
        for path, text in zip(paths, texts):
            with open(path, "w", encoding="ascii") as out:
                out.write(text)
        done = tools.run("dnssec-cds", "-s", CDS_START, "-T", TTL["ds"], "-f", paths[0], "-d", paths[1],
                         zone, check=False)
        if done.returncode != 0:
            raise Refused(f"dnssec-cds: {done.stderr.strip()}")
        return frozenset((f[0], f[1], f[2], "".join(f[3:]).lower()) for f in
                         (line.split(" DS ")[1].split() for line in done.stdout.splitlines()
                          if " DS " in line))

    def csync(self, zone, name, servers, keys, names):
        """NS after CSYNC."""
        before = [self.serial(server, name) for server in servers]
        found = self.everywhere(servers, name, "CSYNC", keys)
        if found is None:
            return
        if len(found[0]) != 1:
            raise Refused("more than one CSYNC record")
        record = found[0][0]
        if record.flags != 1:
            raise Refused(f"CSYNC flags {record.flags}: only immediate is acted upon")
        if not self.covers(record, dns.rdatatype.NS):
            return
        wanted = self.everywhere(servers, name, "NS", keys)
        if wanted is None:
            raise Refused("no NS RRset at the apex")
        if before != [self.serial(server, name) for server in servers]:
            raise Refused("a serial changed while CSYNC was read")
        wanted = sorted(r.target.to_text() for r in wanted[0])
        if wanted == names:
            return
        for ns in wanted:
            self.addresses(ns)
        self.change(zone, [f"del {zone} NS"] + [f"add {zone} {TTL['ns']} NS {ns}" for ns in wanted])
        self.say(zone, "ns", f"NS now {' '.join(wanted)} (CSYNC)")

    def serial(self, server, name):
        """SOA serial at one server."""
        return self.fetch(server, name, "SOA")[0][0].serial

    @staticmethod
    def covers(record, rdtype):
        """Whether the type bitmap has a type."""
        for window, bitmap in record.windows:
            index = rdtype - window * 256
            if 0 <= index < len(bitmap) * 8 and bitmap[index // 8] & (0x80 >> (index % 8)):
                return True
        return False

    def change(self, zone, lines):
        """One UPDATE to the parent's primary."""
        del zone
        update(self.rig.parent.server, PARENT, self.rig.parent_key, *lines)
