#!/usr/bin/python3
"""agentd's database: lost, restored from an old copy, newer than the program, used twice."""

import glob
import os
import shutil
import signal
import sqlite3
import subprocess

from lab import ask, byhand, claims, msig, net
from lab.rig import ZONE
from lab.world import World, run_test, zone_of


def published(world):
    """Everything that providers and parent show of the apex."""
    shown = [frozenset(ask.rdata(p.server, ZONE, rdtype))
             for p in world.providers for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "NS")]
    return shown, frozenset(byhand.delegation(world.rig)), frozenset(byhand.parent_ds(world.rig))


def folder(daemons):
    """Where agentd keeps its database."""
    return os.path.join(daemons.home, "lib", "agentd")


def alone(daemons):
    """Runs agentd to its end; (status, what it said)."""
    done = subprocess.run([msig.program("agentd"), "-c", daemons.conf], capture_output=True,
                          text=True, timeout=20, check=False)
    return done.returncode, done.stdout + done.stderr


def doubts(daemons):
    """Whether the agent says that a person has to look."""
    answer = daemons.tracking() or {}
    return zone_of(answer).get("state") == "blocked" and zone_of(answer).get("trouble")


def stop(daemons):
    """Ends agentd as a service manager does."""
    child = daemons.daemons["agentd"]
    child.kill(signal.SIGTERM)
    return child.popen.returncode


def lost(t, world, how, spoil):
    """The database is not what it was: nothing changes until the operator says so."""
    daemons = world.msig["p1"]
    before = published(world)
    spoil(daemons)
    daemons.start("agentd")
    try:
        net.until(lambda: doubts(daemons), "p1 to doubt", 20)
        good = True
    except net.Timeout:
        good = False
    t.ok(good, f"database {how}: the zone is blocked and says why "
         f"({zone_of(daemons.tracking()).get('trouble')})", lambda: world.logs(30))
    t.equal(published(world), before, f"database {how}: nothing is withdrawn or added")
    daemons.ctl("resume", ZONE)
    try:
        net.until(lambda: world.in_sync(world.providers) and world.joined(world.providers),
                  "both to be in sync", 40)
        good = True
    except net.Timeout:
        good = False
    t.ok(good, f"database {how}: in sync again after the operator's word",
         lambda: world.logs(30) + daemons.ctl("why", ZONE, check=False).stdout)
    t.equal(published(world), before, f"database {how}: and still nothing has changed")
    stated = [e["text"] for e in world.msig["p2"].journal()
              if e["actor"] == "msa.p1.example." and e["text"].startswith("states")]
    t.ok(all(text.startswith("states 2 keys, 1 CDS") for text in stated),
         f"database {how}: p1 never stated a key of p2 as its own", "\n".join(stated))


def main(t):
    """One joined zone, and what may happen to p1's database."""
    with World(providers=2) as world:
        daemons = world.msig["p1"]
        saved = os.path.join(daemons.home, "old")

        t.equal(stop(daemons), 0, "agentd stops with status 0")
        shutil.copytree(folder(daemons), saved)
        daemons.start("agentd")
        daemons.ready()
        good = claims.join(world, world.providers[1])
        t.ok(good, "two providers sign the zone", lambda: world.logs(40))
        if not good:
            return

        status, said = alone(daemons)
        t.ok(status == 1 and "another agentd" in said, "a second agentd on the same state is refused", said)
        t.ok(world.in_sync(world.providers), "and the first one does not mind")

        stop(daemons)
        with sqlite3.connect(glob.glob(os.path.join(folder(daemons), "*.db"))[0]) as db:
            said = db.execute("SELECT actor, text, evidence FROM journal"
                              " WHERE kind = 'message'").fetchall()
            stated = db.execute("SELECT provider, message FROM statement").fetchall()
        db.close()
        for verb in ("REQUEST add-signer signers-unsynced", "EXECUTE add-signer cds-added",
                     "DONE add-signer parent-ns-synced"):
            t.ok(any(actor == "msa.p2.example." and text.startswith(verb) and len(evidence) > 100
                     for actor, text, evidence in said),
                 f"the journal has p2's {verb}, as it was signed", "\n".join(r[1] for r in said))
        t.ok([row[0] for row in stated] == ["msa.p2.example."] and len(stated[0][1]) > 100,
             "and its statement, as it was signed")
        lost(t, world, "lost", lambda d: shutil.rmtree(folder(d)))

        stop(daemons)

        def old(d):
            shutil.rmtree(folder(d))
            shutil.copytree(saved, folder(d))
        lost(t, world, "restored from before the join", old)

        stop(daemons)
        path = glob.glob(os.path.join(folder(daemons), "*.db"))[0]
        with sqlite3.connect(path) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            db.execute(f"PRAGMA user_version = {version + 1}")
        db.close()
        status, said = alone(daemons)
        t.ok(status == 1 and "newer version" in said, "a newer database is refused", said)
        with sqlite3.connect(path) as db:
            db.execute(f"PRAGMA user_version = {version}")
        db.close()
        key = os.path.join(daemons.home, "msa.pem")
        os.chmod(key, 0o644)
        status, said = alone(daemons)
        t.ok(status == 1 and "chmod" in said, "a private key that others can read is refused", said)
        os.chmod(key, 0o600)
        daemons.start("agentd")
        net.until(lambda: world.in_sync(world.providers), "both to be in sync", 40)
        t.ok(True, "and then it starts, and is in sync")
        claims.never_bogus(t, world, "whatever happens to the database", 10)


run_test(main)
