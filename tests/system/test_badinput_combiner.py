"""combinerd under bad input: from the owner, from clients, from its own disk.

An owner that says wrong things never changes what is served; a client gets the RCODE that fits and
the log says why; the daemon goes on.
"""

import os
import re
import signal
import sqlite3
import subprocess
import sys

import dns.message
import dns.rdata
import dns.rrset

from lab import ask, hostile, msig, net, proc
from lab.tap import Tap, skip_all

ZONE = "shop.example."
HSYNC1 = f"@ 5 IN TYPE65282 {ask.hsync('msa.p1.example.')}\n"
HSYNC2 = f"@ 5 IN TYPE65282 {ask.hsync('msa.p2.example.')}\n"
KSK = "257 3 13 " + "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="

CONF = """server:
    identity: msa.p1.example.
    rundir: {home}/run
    storage: {home}/lib
key:
  - id: {owner.name}
    algorithm: hmac-sha256
    secret: {owner.secret}
  - id: {signer.name}
    algorithm: hmac-sha256
    secret: {signer.secret}
  - id: {update.name}
    algorithm: hmac-sha256
    secret: {update.secret}
remote:
  - id: owner
    address: {owner_at}
    key: {owner.name}
  - id: signer
    address: {signer_at}
    key: {signer.name}
combiner:
    listen: {combiner_at}
    min-refresh: 1s
    min-retry: 1s
    coalesce: 0
zone:
  - domain: shop.example.
    master: owner
    signer: signer
    update-key: {update.name}
    update-origin: msa.p2.example.
    ns: [ ns1.p1.example. ]
"""


def text(number, extra=HSYNC1 + HSYNC2, soa=True, ns=True):
    """The owner's zone, version NUMBER."""
    return ((f"@ 5 IN SOA ns1.p1.example. h.shop.example. {number} 1 1 3600 2\n" if soa else "")
            + ("@ 5 IN NS ns1.p1.example.\n" if ns else "")
            + f"www 5 IN A 192.0.2.{number % 250}\nmail 5 IN A 192.0.2.25\n" + extra)


class Bench:
    """combinerd, and around it this script as owner, signer and client."""

    def __init__(self):
        self.block = net.Block()
        self.directory = os.path.realpath(os.path.join("/tmp", f"msig-bad.{os.getpid()}"))
        os.makedirs(os.path.join(self.directory, "lib"))
        self.procs = proc.Processes(self.directory)
        self.keys = {name: ask.Key(f"{name}.") for name in ("owner", "signer", "update")}
        self.server = (self.block(11), 5381)
        self.owner = hostile.Owner(self.block(1), 5300, self.keys["owner"])
        self.conf = os.path.join(self.directory, "msig.conf")
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(CONF.format(home=self.directory, owner_at=f"{self.block(1)}@5300",
                                  signer_at=f"{self.block(12)}@5300",
                                  combiner_at=f"{self.server[0]}@{self.server[1]}", **self.keys))
        os.chmod(self.conf, 0o600)
        self.child = None
        self.number = 1

    def start(self, env=None):
        """Starts it and waits until it answers msigctl."""
        self.child = self.procs.start("combinerd", msig.program("combinerd"), "-c", self.conf,
                                      env=env)
        self.procs.wait(self.child, lambda: self.ctl("status", "combinerd").returncode == 0)

    def close(self):
        """Ends everything."""
        self.owner.close()
        self.procs.stop()
        self.block.close()
        subprocess.run(["rm", "-rf", self.directory], check=False)

    def ctl(self, *args):
        """msigctl."""
        return subprocess.run([msig.program("msigctl"), "-c", self.conf, *args],
                              capture_output=True, text=True, timeout=20, check=False)

    def merge(self):
        """msigctl merge, as text."""
        return self.ctl("merge", ZONE).stdout

    def log(self):
        """What it has logged."""
        with open(self.child.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def logged(self, pattern, since=0, seconds=10):
        """Waits until a line that fits the pattern is in the log behind since."""
        return net.until(lambda: re.search(pattern, self.log()[since:]), f"log: {pattern}", seconds)

    def served(self):
        """The records that the signer would get, or None."""
        return hostile.transfer(self.server, ZONE, self.keys["signer"])

    def serial(self):
        """The serial that the signer would see."""
        return hostile.serial(self.server, ZONE, self.keys["signer"])

    def load(self, **how):
        """The next version of the owner's zone."""
        self.number += 1
        self.owner.axfr = self.owner.ixfr = None
        self.owner.load(text(self.number, **how), ZONE)

    def good(self, what, **how):
        """The next version, and waits until it is served."""
        self.load(**how)
        self.refresh()  # after useless transfers the owner is asked ever more rarely
        mark = f"www.{ZONE} 5 A 192.0.2.{self.number % 250}"
        net.until(lambda: mark in (self.served() or ()), what)

    def refresh(self):
        """The owner is asked now."""
        self.ctl("refresh", ZONE)


def bad_owner(t, bench):
    """Each way to answer a transfer wrongly: the old version stays, the log says what was wrong."""
    owner = bench.owner
    stranger = ask.Key("owner.")  # the right name, another secret
    other = ask.Key("somebody-else.")

    def sets():
        return owner.rrsets()

    def rr(name, rdtype, data, ttl=5):
        return dns.rrset.from_text(name, ttl, "IN", rdtype, data)

    def soa(serial):
        return rr(ZONE, "SOA", f"ns1.p1.example. h.shop.example. {serial} 1 1 3600 2")

    cases = [
        ("a wrong TSIG secret", lambda: hostile.Answer([[owner.soa(), *sets(), owner.soa()]],
                                                       key=stranger), r"TSIG"),
        ("an unknown TSIG key", lambda: hostile.Answer([[owner.soa(), *sets(), owner.soa()]],
                                                       key=other), r"TSIG"),
        ("no TSIG at all", lambda: hostile.Answer([[owner.soa(), *sets(), owner.soa()]],
                                                  sign=False), r"TSIG|not signed"),
        ("a last message without TSIG",
         lambda: hostile.Answer([[owner.soa(), *sets()], [owner.soa()]], sign_last=False),
         r"not signed|TSIG"),
        ("no SOA in front", lambda: hostile.Answer([[*sets(), owner.soa()]]),
         "does not begin with a SOA"),
        ("another SOA at the end",
         lambda: hostile.Answer([[owner.soa(), *sets(), soa(bench.number + 7)]]), "SOA"),
        ("a SOA and nothing else", lambda: hostile.Answer([[owner.soa(), owner.soa()]]), "."),
        ("the end missing", lambda: hostile.Answer([[owner.soa(), *sets()]], close=True),
         "interrupted"),
        ("a message cut in two", lambda: hostile.Answer([b"\0" * 11], close=True), "malformed"),
        ("noise", lambda: hostile.Answer([os.urandom(300)], close=True), "."),
        ("an empty message", lambda: hostile.Answer([b""], close=True), "."),
        ("another id", lambda: hostile.Answer([[owner.soa(), *sets(), owner.soa()]], identity=1),
         "not the answer|TSIG|malformed"),
        ("REFUSED", lambda: hostile.Answer([[]], flags=0x8405), "REFUSED"),
        ("the TC bit", lambda: hostile.Answer([[owner.soa(), *sets(), owner.soa()]], flags=0x8600),
         "truncated"),
        ("a record of another zone",
         lambda: hostile.Answer([[owner.soa(), *sets(), rr("www.example.", "A", "192.0.2.1"),
                                  owner.soa()]]), "outside the zone"),
        ("a SOA below the apex",
         lambda: hostile.Answer([[owner.soa(), *sets(), rr(f"www.{ZONE}", "SOA",
                                                          "a. b. 1 1 1 1 1"), owner.soa()]]),
         "SOA"),
        ("records behind the end",
         lambda: hostile.Answer([[owner.soa(), *sets(), owner.soa(),
                                  rr(f"late.{ZONE}", "A", "192.0.2.1")]]), "behind the end"),
    ]
    for name, answer, pattern in cases:
        before, since = bench.serial(), len(bench.log())
        bench.load()
        owner.axfr = owner.ixfr = answer()
        bench.refresh()
        try:
            bench.logged(r"shop\.example\.: transfer from .*" + pattern, since)
            said = True
        except net.Timeout:
            said = False
        t.ok(said, f"owner: {name}: the log says what is wrong",
             lambda s=since: bench.log()[s:][-1500:])
        t.equal(bench.serial(), before, f"owner: {name}: the old version stays")
    # After so many useless transfers its own retry is a minute away: somebody asks.
    owner.axfr = owner.ixfr = None
    bench.load()
    bench.refresh()
    net.until(lambda: bench.serial() == bench.number, "a good version after all of them")
    t.ok(bench.child.running, "the daemon goes on, and a good version is taken")


def bad_zone(t, bench):
    """Versions that are transferred correctly and must not be served."""
    since = len(bench.log())
    before = bench.serial()
    bench.load(ns=False)
    bench.refresh()
    bench.logged(r"transfer from .*NS|not taken", since)
    t.equal(bench.serial(), before, "a zone without NS is not taken")

    # The serial goes back: not taken, as a secondary would not.
    since = len(bench.log())
    bench.owner.load(text(1), ZONE)
    bench.refresh()
    bench.logged("behind ours", since)
    t.equal(bench.serial(), before, "a serial that goes back is not taken")
    bench.ctl("retransfer", ZONE)
    net.until(lambda: f"www.{ZONE} 5 A 192.0.2.1" in (bench.served() or ()), "retransfer")
    t.ok(bench.serial() > before, "retransfer takes it, and the serial given out goes up")
    bench.number = 1
    bench.good("the next version")

    # Signed all of a sudden.
    since, before = len(bench.log()), bench.serial()
    sig = ("@ 5 IN RRSIG SOA 13 2 5 20361231000000 20200101000000 1 shop.example. "
           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"
           "@ 5 IN NSEC www.shop.example. SOA NS\n")
    bench.load(extra=HSYNC1 + HSYNC2 + sig)
    bench.refresh()
    bench.logged("signed", since)
    t.equal(bench.serial(), before, "a zone that arrives signed is not taken")
    bench.good("an unsigned one again")


def bad_hsync(t, bench):
    """HSYNC vanishes or is broken after an overlay was applied: the overlay stays."""
    key = f"{ZONE} 5 DNSKEY {dns.rdata.from_text('IN', 'DNSKEY', KSK).to_text()}"
    rcode = hostile.update(bench.server, ZONE, bench.keys["update"],
                           ("add", ZONE, 5, "DNSKEY", KSK))
    t.equal(rcode, "NOERROR", "an UPDATE that is right is taken")
    t.ok(key in bench.served(), "and served")
    cases = {
        "vanishes": "",
        "is truncated": "@ 5 IN TYPE65282 \\# 3 010201\n",
        "has an unknown State": f"@ 5 IN TYPE65282 \\# 20 07{ask.hsync('msa.p1.example.').split()[2][2:]}\n",
        "names a provider twice": HSYNC1 + f"@ 5 IN TYPE65282 {ask.hsync('msa.p1.example.', 'OFF')}\n",
        "says OWNER and AGENT": HSYNC1 + f"@ 5 IN TYPE65282 {ask.hsync('msa.p2.example.', nsmgmt='OWNER')}\n",
        "has octets behind its end": f"@ 5 IN TYPE65282 \\# 21 {ask.hsync('msa.p1.example.').split()[2]}00\n",
    }
    for name, extra in cases.items():
        bench.good(f"the version whose HSYNC {name}", extra=extra)
        t.ok(key in bench.served(), f"HSYNC {name}: the overlay stays, the owner's changes go on")
        t.ok("frozen" in bench.merge(), f"HSYNC {name}: the state is named", bench.merge)
    bench.good("a good HSYNC")
    t.ok("merged" in bench.merge(), "with HSYNC back the state is merged again", bench.merge)


def bad_update(t, bench):
    """UPDATEs that must be refused, each with its RCODE; nothing of them is applied."""
    good, stranger, other = bench.keys["update"], ask.Key("update."), ask.Key("nobody.")
    before = bench.served()
    cds_delete = "0 0 0 00"
    cases = [
        ("no TSIG", dict(key=good, sign=False), [("add", ZONE, 5, "DNSKEY", KSK)], {"REFUSED"}),
        ("a wrong secret", dict(key=stranger), [("add", ZONE, 5, "DNSKEY", KSK)],
         {"PeerBadSignature", "NOTAUTH"}),
        ("an unknown key", dict(key=other), [("add", ZONE, 5, "DNSKEY", KSK)],
         {"PeerBadKey", "NOTAUTH"}),
        ("the signer's key", dict(key=bench.keys["signer"]), [("add", ZONE, 5, "DNSKEY", KSK)],
         {"REFUSED"}),
        ("a name below the apex", dict(key=good), [("add", f"www.{ZONE}", 5, "A", "192.0.2.9")],
         {"REFUSED"}),
        ("a key below the apex", dict(key=good), [("add", f"a.{ZONE}", 5, "DNSKEY", KSK)],
         {"REFUSED"}),
        ("another type", dict(key=good), [("add", ZONE, 5, "A", "192.0.2.9")], {"REFUSED"}),
        ("SOA", dict(key=good), [("add", ZONE, 5, "SOA", "a. b. 9 1 1 1 1")], {"REFUSED"}),
        ("HSYNC", dict(key=good), [("add", ZONE, 5, "TYPE65282", ask.hsync("evil.example."))],
         {"REFUSED"}),
        ("everything at the apex", dict(key=good), [("delete", ZONE)], {"REFUSED"}),
        ("a delete form of CDS", dict(key=good), [("add", ZONE, 0, "CDS", cds_delete)],
         {"REFUSED"}),
        ("another zone", dict(key=good, zone="other.example."),
         [("add", "other.example.", 5, "DNSKEY", KSK)], {"NOTAUTH", "REFUSED"}),
        ("a name outside of the zone", dict(key=good), [("add", "other.example.", 5, "DNSKEY", KSK)],
         {"NOTZONE", "REFUSED"}),
        ("a good and a bad record", dict(key=good),
         [("add", ZONE, 5, "NS", "ns9.example."), ("add", f"x.{ZONE}", 5, "A", "192.0.2.9")],
         {"REFUSED"}),
        ("another provider's key away", dict(key=good), [("delete", ZONE, "NSEC3PARAM")],
         {"REFUSED"}),
    ]
    for name, how, changes, want in cases:
        since = len(bench.log())
        options = dict(how)
        key, zone = options.pop("key"), options.pop("zone", ZONE)
        rcode = hostile.update(bench.server, zone, key, *changes, **options)
        t.ok(rcode in want, f"UPDATE: {name}: {' or '.join(sorted(want))}", f"it was {rcode}")
        t.ok(re.search(r"UPDATE|TSIG", bench.log()[since:]), f"UPDATE: {name}: the log says why",
             lambda s=since: bench.log()[s:])
    t.equal(bench.served(), before, "UPDATE: nothing of them was applied")


def noise(t, bench):
    """Octets that are no DNS, or odd DNS: an answer or none, but the daemon goes on."""
    query = dns.message.make_query(ZONE, "SOA").to_wire()
    shapes = [b"", b"\0", b"\0" * 12, query[:11], query[:20], query + b"x" * 40,
              query[:2] + b"\x80" + query[3:], query[:4] + b"\xff\xff" + query[6:],
              query[:2] + b"\x28" + query[3:], query[:2] + b"\x20" + query[3:],
              query[:12] + b"\xc0\x0c" + query[-4:], query[:12] + b"\x3f" * 200, os.urandom(600)]
    for wire in shapes:
        hostile.raw(bench.server, wire)
    for _ in range(200):
        damaged = bytearray(query + b"\0" * 16)
        for _ in range(4):
            damaged[os.urandom(1)[0] % len(damaged)] = os.urandom(1)[0]
        hostile.raw(bench.server, bytes(damaged), 2)
    t.ok(bench.child.running and bench.serial() is not None, "noise: the daemon goes on")
    for kind in ("AXFR", "IXFR"):
        message = dns.message.make_query(ZONE, kind)
        t.ok(hostile.exchange(bench.server, message) in ("REFUSED", "NOTAUTH"),
             f"{kind} without TSIG is refused")


def second_process(t, bench):
    """Another one on the same state."""
    done = subprocess.run([msig.program("combinerd"), "-c", bench.conf], capture_output=True,
                          text=True, timeout=20, check=False)
    t.ok(done.returncode == 1 and "another combinerd" in done.stderr,
         "a second process on the same state is refused", done.stderr)
    t.ok(bench.serial() is not None, "and the first one goes on")


def databases(bench):
    """Its databases."""
    base = os.path.join(bench.directory, "lib", "combinerd")
    return [os.path.join(base, f) for f in os.listdir(base) if f.endswith((".db", ".sqlite"))]


def newer_database(t, bench):
    """A database that a newer version wrote is refused, and left alone."""
    before = bench.served()
    bench.child.kill(signal.SIGTERM)
    files = databases(bench)
    t.ok(files, "there is a database")
    versions = []
    for file in files:
        with sqlite3.connect(file) as db:
            versions.append(db.execute("PRAGMA user_version").fetchone()[0])
            db.execute("PRAGMA user_version = 9999")
        db.close()
    done = subprocess.run([msig.program("combinerd"), "-c", bench.conf], capture_output=True,
                          text=True, timeout=20, check=False)
    t.ok(done.returncode == 1 and "newer" in done.stderr,
         "a database of a newer version is refused, and the error says so", done.stderr)
    for file, version in zip(files, versions):
        with sqlite3.connect(file) as db:
            t.equal(db.execute("PRAGMA user_version").fetchone()[0], 9999, "it is left alone")
            db.execute(f"PRAGMA user_version = {version}")
        db.close()
    bench.child.start()
    net.until(bench.served, "it serves again")
    t.equal(bench.served(), before, "with its own version back it serves what it served")


def full_disk(t, bench):
    """No room on the disk at the commit: the change is refused, the daemon goes on."""
    shim = os.path.join(bench.directory, "full.so")
    source = os.path.join(os.environ.get("top_srcdir", "."), "tests", "lab", "full.c")
    if subprocess.run([os.environ.get("CC", "cc").split()[0], "-shared", "-fPIC", "-o", shim,
                       source], check=False, capture_output=True).returncode != 0:
        t.skip("full disk", "no compiler")
        return
    flag = os.path.join(bench.directory, "is-full")
    bench.child.kill(signal.SIGTERM)
    bench.child.env.update(LD_PRELOAD=shim, MSIG_FULL_FLAG=flag,
                           MSIG_FULL_DIR=os.path.join(bench.directory, "lib"),
                           ASAN_OPTIONS="verify_asan_link_order=0")
    bench.child.start()
    net.until(bench.served, "it serves again")
    before = bench.served()
    with open(flag, "w", encoding="ascii"):
        pass
    since = len(bench.log())
    rcode = hostile.update(bench.server, ZONE, bench.keys["update"],
                           ("add", ZONE, 5, "NS", "ns1.p2.example."))
    t.equal(rcode, "SERVFAIL", "full disk: an UPDATE is not acknowledged")
    t.ok(re.search(r"disk|full", bench.log()[since:], re.I), "full disk: the log says so",
         bench.log()[since:])
    t.equal(bench.served(), before, "full disk: what is served stays")
    bench.load()
    bench.refresh()
    bench.logged(r"disk|full", since)
    t.equal(bench.served(), before, "full disk: a transfer is not taken")
    t.ok(bench.child.running and bench.ctl("status", "combinerd").returncode == 0,
         "full disk: the daemon goes on and answers")
    os.unlink(flag)
    rcode = hostile.update(bench.server, ZONE, bench.keys["update"],
                           ("add", ZONE, 5, "NS", "ns1.p2.example."))
    t.equal(rcode, "NOERROR", "with room again an UPDATE is taken")
    bench.child.kill()
    bench.child.start()
    net.until(bench.served, "it serves again")
    t.ok(f"{ZONE} 5 NS ns1.p2.example." in bench.served(), "and survives kill -9",
         lambda: "\n".join(sorted(bench.served())))


def main():
    """All of it on one daemon, which is never restarted but where that is the test."""
    if msig.missing(("combinerd", "msigctl")):
        skip_all("combinerd or msigctl is not built")
    with Tap() as t:
        bench = Bench()
        try:
            bench.load()
            bench.start()
            bench.number = 1
            bench.good("the first version")
            t.ok(True, "the first version is served")
            bad_owner(t, bench)
            bad_zone(t, bench)
            bad_hsync(t, bench)
            bad_update(t, bench)
            noise(t, bench)
            second_process(t, bench)
            newer_database(t, bench)
            full_disk(t, bench)
        finally:
            bench.close()


if __name__ == "__main__":
    sys.exit(main())
