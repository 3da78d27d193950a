#!/usr/bin/python3
"""What survives: kill -9 at any moment, a damaged or lost database, a damaged copy of the zone. What
was acknowledged is there, serials go on, IXFR goes on, and a bare zone is never served."""

import glob
import os
import random
import sqlite3
import threading

import dns.exception
import dns.rcode

import combinerd_rig as lab
from lab import net
from lab.tap import Tap

DNSKEY = f"60 DNSKEY 257 3 13 {lab.KEY[0]}"
KILLS = 40 if os.environ.get("MSIG_FULL") else 8


def database(rig):
    """Its path."""
    return os.path.join(rig.home, "lib", "combinerd", "combinerd.db")


def restart(tap):
    """A stop and a start change nothing that a client can see."""
    with lab.Rig() as rig:
        owner = lab.KnotOwner(rig)
        owner.start(lab.zone_text(5))
        rig.start()
        rig.until_serial(5)
        rig.change(add=[DNSKEY])
        rig.change(add=["60 NS ns1.p2.example."])
        before, digest = rig.axfr(), rig.status()["digest"]
        tap.equal(rig.stop(), 0, "SIGTERM: a clean end")
        rig.start()
        tap.equal(rig.axfr(), before, "restart: the same content under the same serial")
        tap.equal(rig.status()["digest"], digest, "and the same digest")
        found, whole = rig.ixfr(5)
        tap.ok(not whole and len(found) > 4, "IXFR from a version before the restart", str(found))
        rig.kill()
        rig.start()
        tap.equal(rig.axfr(), before, "kill -9: the same")
        owner.serve(lab.zone_text(6, "new A 192.0.2.9\n"))
        rig.until_owner(6)
        tap.equal(rig.axfr()[1], 8, "the owner's serial is behind ours: ours goes on")
        owner.serve(lab.zone_text(30, "new A 192.0.2.9\n"))
        rig.until_serial(30)
        tap.ok(True, "and is the owner's where that is ahead")
        found, whole = rig.ixfr(4)
        tap.ok(whole, "a serial that was never served gets the whole zone")
        found, whole = rig.ixfr(30)
        tap.equal(len(found), 1, "the present serial gets a single SOA")
        found, whole = rig.ixfr(31)
        tap.equal(len(found), 1, "a serial ahead of ours too")


def acknowledged(tap):
    """kill -9 while UPDATEs and owner's changes run: all that was acknowledged is there."""
    rnd = random.Random(4711)
    with lab.Rig() as rig:
        owner = lab.FakeOwner(rig)
        owner.answer = lambda q, c: owner.send(c, q, [[lab.soa_rr(owner.serial), *lab.body(),
                                                       lab.soa_rr(owner.serial)]])
        rig.start()
        rig.until_serial(1)
        last, acked, gone = 1, set(), 0
        for number in range(KILLS):
            stop = threading.Event()

            def write():
                count = 0
                while not stop.is_set():
                    name = f"ns{number}-{count}.p2.example."
                    drop = sorted(acked)[:1] if len(acked) > 20 else []
                    try:
                        if rig.change(add=[f"60 NS {name}"],
                                      delete=[f"NS {d}" for d in drop]) != "NOERROR":
                            return
                    except (OSError, EOFError, dns.exception.DNSException):
                        maybe.update([name], drop)
                        return
                    acked.add(name)
                    acked.difference_update(drop)
                    count += 1
                    owner.serial += count % 5 == 0
            maybe = set()
            thread = threading.Thread(target=write)
            thread.start()
            stop.wait(rnd.uniform(0.02, 0.3))
            rig.kill()
            stop.set()
            thread.join()
            rig.start()
            found, serial = rig.axfr()
            names = {r[2] for r in found if r[:2] == (lab.ZONE, "NS")}
            lost = acked - names - maybe
            extra = names - acked - maybe - ({"ns1." + lab.ZONE} if not acked else set())
            gone += len(lost) + len(extra) + (serial - last & 0xffffffff > 1 << 31)
            if lost or extra:
                tap.note(f"round {number}: lost {lost}, extra {extra}")
            acked.clear()
            acked.update(n for n in names if n.endswith("p2.example."))
            last = serial
        tap.equal(gone, 0, f"{KILLS} times kill -9: what was acknowledged is there, no serial "
                           "went back")
        owner.close()


def change_database(rig, *statements):
    """SQL on the database of a daemon that does not run."""
    with sqlite3.connect(database(rig)) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def refusing(tap, rig, what):
    """Transfers are refused, and nobody is told to come."""
    rig.start()
    status = rig.status()
    tap.equal(status["state"], "refusing", f"{what}: refusing")
    tap.equal({dns.rcode.to_text(rig.query(q).rcode()) for q in ("SOA", "AXFR")}, {"SERVFAIL"},
              f"{what}: no SOA, no transfer")
    tap.equal(rig.change(add=["60 NS ns9.p2.example."]), "SERVFAIL",
              f"{what}: no UPDATE on top of what is not known")
    tap.ok("NOTIFY of serial" not in rig.log().split("is running")[-1], f"{what}: no NOTIFY",
           rig.log)
    tap.ok(any("refusing" in w for w in rig.control("status")["warnings"]),
           f"{what}: status has the alarm")


def damaged_overlay(tap):
    """An overlay that is not what was stored."""
    cases = {
        "a record of the overlay changed": "UPDATE overlay SET rdata = x'00' WHERE type = 48",
        "a record of the overlay gone": "DELETE FROM overlay WHERE type = 48",
        "the overlay gone": "DELETE FROM overlay",
        "an origin changed": f"UPDATE overlay SET origin = '{lab.IDENTITY}'",
    }
    for what, statement in cases.items():
        with lab.Rig() as rig:
            lab.KnotOwner(rig).start(lab.zone_text(5))
            rig.start()
            rig.until_serial(5)
            rig.change(add=[DNSKEY, "60 NS ns1.p2.example."])
            rig.stop()
            change_database(rig, statement)
            refusing(tap, rig, what)
            answer = rig.control("accept", what="overlay")
            tap.ok(answer["ok"], f"{what}: the operator decides", str(answer))
            tap.equal(rig.axfr()[1], 7, f"{what}: served again, under a new serial")
            rig.stop()
            rig.start()
            tap.equal(rig.axfr()[1], 7, f"{what}: and behind a restart")


def lost_database(tap):
    """The whole database is gone, or is not one."""
    with lab.Rig() as rig:
        lab.KnotOwner(rig).start(lab.zone_text(5))
        rig.start()
        rig.until_serial(5)
        rig.change(add=[DNSKEY])
        rig.stop()
        for path in glob.glob(database(rig) + "*"):
            os.remove(path)
        refusing(tap, rig, "database lost")
        rig.until_owner(5)
        status = rig.status()
        tap.equal((status["state"], status["reason"]),
                  ("refusing", "the overlay is lost or cannot be read"),
                  "database lost: the owner's zone alone is not served")
        rig.stop()
        with open(database(rig), "r+b") as file:
            file.seek(100)
            file.write(os.urandom(4000))
        rig.start(wait=False)
        net.until(lambda: not rig.daemon.running, "combinerd to end")
        tap.equal(rig.daemon.popen.returncode, 1, "a damaged database: it does not start")
        tap.ok("combinerd.db" in rig.daemon.tail(3), "and names it", rig.daemon.tail)


def damaged_copy(tap):
    """The copy of the owner's zone is damaged: it is transferred again."""
    with lab.Rig() as rig:
        lab.KnotOwner(rig).start(lab.zone_text(5))
        rig.start()
        rig.until_serial(5)
        rig.change(add=[DNSKEY])
        before = rig.axfr()
        for what, damage in (("cut", lambda f: f.truncate(100)),
                             ("changed", lambda f: (f.seek(60), f.write(b"\xff")))):
            rig.stop()
            [path] = glob.glob(os.path.join(rig.home, "lib", "combinerd", "*.zone"))
            with open(path, "r+b") as file:
                damage(file)
            rig.start()
            rig.until(lambda s: s["state"] == "merged", "the zone again")
            found, serial = rig.axfr()
            lab.compare(tap, found, before[0], f"{what} copy: transferred again, with the overlay")
            tap.ok(serial > before[1], f"{what} copy: under a serial that goes on", str(serial))
            before = found, serial
        folder = os.path.join(rig.home, "lib", "combinerd")
        rig.stop()
        [path] = glob.glob(os.path.join(folder, "*.zone"))
        for name in (path + ".tmp", path.replace("00000005-", "00000004-")):
            with open(name, "wb"):
                pass
        rig.start()
        tap.equal(rig.axfr(), before, "what a crash left behind does not matter")
        files = os.listdir(folder)
        tap.equal(len([f for f in files if ".zone" in f]), 1, "no file is left behind")


def lost_change(tap):
    """One of the owner's changes since its zone was written is gone from the database."""
    with lab.Rig() as rig:
        owner = lab.KnotOwner(rig)
        owner.start(lab.zone_text(5))
        rig.start()
        rig.until_serial(5)
        owner.serve(lab.zone_text(6, "one A 192.0.2.8\n"))
        rig.until_serial(6)
        rig.stop()
        change_database(rig, "DELETE FROM delta")
        owner.stop()
        rig.start()
        tap.equal(rig.status()["state"], "no-zone", "a change is missing: the rest is not served")
        owner.knot.start()
        rig.until(lambda s: s["state"] == "plain", "the zone again", 30)
        lab.compare(tap, rig.axfr()[0], lab.records(lab.zone_text(6, "one A 192.0.2.8\n")),
                    "it is transferred again")


def second_process(tap):
    """The same state for two."""
    with lab.Rig() as rig:
        lab.KnotOwner(rig).start(lab.zone_text(5))
        rig.start()
        rig.until_serial(5)
        other = rig.procs.start("second", lab.program("combinerd"), "-c", rig.conf)
        net.until(lambda: not other.running, "the second process to end")
        tap.equal(other.popen.returncode, 1, "a second process on the same state ends with status 1")
        tap.equal(rig.axfr()[1], 5, "the first one goes on")


def zones_come_and_go(tap):
    """reload with another configuration."""
    with lab.Rig() as rig:
        lab.KnotOwner(rig).start(lab.zone_text(5))
        rig.start()
        rig.until_serial(5)
        rig.change(add=[DNSKEY])
        before = rig.axfr()
        with open(rig.conf, encoding="ascii") as conf:
            text = conf.read()
        with open(rig.conf, "w", encoding="ascii") as conf:
            conf.write(text.replace(lab.ZONE, "other.example."))
        tap.ok(rig.control("reload")["ok"], "reload with another zone")
        tap.equal(dns.rcode.to_text(rig.query("SOA").rcode()), "REFUSED", "the old one is refused")
        first, second = lab.at(rig.listen), lab.at((rig.block(5), 5381))
        rig.write(listen=f"[ {first}, {second} ]")
        rig.control("reload")
        rig.listen = (rig.block(5), 5381)
        tap.equal(rig.axfr(), before, "reload with a second address: the zone is back, there too")
        rig.listen = (rig.block(3), 5381)
        tap.equal(rig.axfr(), before, "and still at the first one")
        rig.write(listen=second)
        rig.control("reload")
        try:
            rig.axfr()
            tap.ok(False, "an address that is gone is closed")
        except OSError:
            tap.ok(True, "an address that is gone is closed")
        with open(rig.conf, "w", encoding="ascii") as conf:
            conf.write(text + "nonsense:\n")
        answer = rig.control("reload")
        tap.ok(not answer["ok"] and "msig.conf" in answer["error"],
               "a wrong configuration is refused, with file and line", str(answer))
        with open(rig.conf, "w", encoding="ascii") as conf:
            conf.write(text)
        rig.control("reload")
        tap.equal(rig.axfr(), before, "the zone is back as it was")


with Tap() as t:
    lab.without("knotd", "knotc")
    restart(t)
    acknowledged(t)
    damaged_overlay(t)
    lost_database(t)
    damaged_copy(t)
    lost_change(t)
    second_process(t)
    zones_come_and_go(t)
