#!/usr/bin/python3
"""What HSYNC, a signed zone and ZONEMD do to what is served: nothing is begun without an instruction,
and what was begun does not end by itself."""

import dns.rcode

import combinerd_rig as lab
from lab.tap import Tap

SIGNED = ("@ DNSKEY 257 3 13 " + lab.KEY[1] + "\n"
          "@ RRSIG SOA 13 2 300 20300101000000 20200101000000 1 @ AAAA\n"
          "@ RRSIG NS 13 2 300 20300101000000 20200101000000 1 @ AAAA\n"
          "@ NSEC www SOA NS RRSIG NSEC DNSKEY\n")
ZONEMD = "@ ZONEMD 5 1 1 " + "00" * 48 + "\n"
DNSKEY = f"60 DNSKEY 257 3 13 {lab.KEY[0]}"
NS = "60 NS ns1.p2.example."
ADDED = {(lab.ZONE, "DNSKEY", f"257 3 13 {lab.KEY[0][:32]} {lab.KEY[0][32:64]} {lab.KEY[0][64:]}", 60),
         (lab.ZONE, "NS", "ns1.p2.example.", 60)}


def state(rig, want, reason=""):
    """Waits for a state."""
    return rig.until(lambda s: s["state"] == want and reason in s["reason"], f"{want}, {reason}")


def merged(text, ns=True):
    """The owner's zone with the overlay; ns=False: without its NS."""
    found = lab.records(text)
    if ns:
        found = {r for r in found if r[:2] != (lab.ZONE, "NS")}
    return found | {r for r in ADDED if ns or r[1] != "NS"}


def hsync_comes_and_goes(tap):
    """The life of an HSYNC record."""
    with lab.Rig() as rig:
        owner = lab.KnotOwner(rig)
        bare = lab.zone_text(5, with_hsync=False)
        owner.start(bare)
        rig.start()
        rig.until_serial(5)
        tap.equal(rig.change(add=[DNSKEY, NS]), "NOERROR", "no HSYNC: a contribution is stored")
        tap.equal(rig.axfr(), (lab.records(bare), 5), "and not applied, nor is the serial changed")
        tap.equal(rig.status()["state"], "plain", "the zone is plain")

        owner.serve(lab.zone_text(6))
        state(rig, "merged")
        lab.compare(tap, rig.axfr()[0], merged(lab.zone_text(6)), "HSYNC comes: it is applied")

        gone = lab.zone_text(7, "new A 192.0.2.9\n", with_hsync=False)
        owner.serve(gone)
        state(rig, "frozen", "no HSYNC record")
        lab.compare(tap, rig.axfr()[0], merged(gone),
                    "HSYNC vanishes: the overlay stays, the owner's other changes come through")
        rig.kill()
        rig.start()
        tap.equal(rig.status()["state"], "frozen", "so it is behind a restart")
        lab.compare(tap, rig.axfr()[0], merged(gone), "with the same content")
        tap.ok(any("frozen" in w for w in rig.control("status")["warnings"]),
               "status has the alarm")

        broken = lab.zone_text(8, f"@ {lab.HSYNC} \\# 3 010201\n")
        owner.serve(broken)
        state(rig, "frozen", "cannot be used")
        lab.compare(tap, rig.axfr()[0], merged(broken), "a truncated HSYNC: frozen")

        off = lab.zone_text(9, lab.hsync(state="OFF"), with_hsync=False)
        owner.serve(off)
        state(rig, "frozen", "OFF for this provider")
        lab.compare(tap, rig.axfr()[0], merged(off), "OFF: frozen until the agent withdraws")

        other = lab.zone_text(10, lab.hsync(identity=lab.OTHER), with_hsync=False)
        owner.serve(other)
        state(rig, "frozen", "does not name this provider")
        tap.ok(True, "another provider only: frozen")

        mixed = lab.zone_text(11, lab.hsync("OWNER", identity=lab.OTHER))
        owner.serve(mixed)
        state(rig, "frozen", "do not agree")
        tap.ok(True, "mixed NSMGMT: frozen")

        owners = lab.zone_text(12, lab.hsync("OWNER"), with_hsync=False)
        owner.serve(owners)
        state(rig, "merged")
        lab.compare(tap, rig.axfr()[0], merged(owners, ns=False),
                    "the owner manages NS: its own NS is served, the keys stay")
        owner.serve(lab.zone_text(13))
        rig.until_owner(13)
        lab.compare(tap, rig.axfr()[0], merged(lab.zone_text(13)), "and back to the agents")
        answer = rig.control("withdraw", origin=lab.OTHER)
        tap.ok(answer["ok"], "the operator withdraws a provider", str(answer))
        tap.equal((rig.axfr()[0], rig.status()["state"]), (lab.records(lab.zone_text(13)), "merged"),
                  "and the owner's zone is what is left")


def owners_own(tap):
    """Records of the owner's that are not the owner's business."""
    with lab.Rig() as rig:
        owner = lab.KnotOwner(rig)
        text = lab.zone_text(5, f"@ DNSKEY 256 3 13 {lab.KEY[1]}\n" + ZONEMD)
        owner.start(text)
        rig.start()
        rig.until_serial(5)
        lab.compare(tap, rig.axfr()[0], lab.records(text), "plain: everything as it is, ZONEMD too")
        rig.change(add=[DNSKEY, NS])
        want = {r for r in merged(text) if r[1] != "ZONEMD" and lab.KEY[1][:32] not in r[2]}
        lab.compare(tap, rig.axfr()[0], want, "merged: the owner's DNSKEY and ZONEMD are left out")
        tap.ok("ZONEMD is left out" in rig.log() and "own DNSKEY records are left out" in rig.log(),
               "the log says so", rig.log)
        dropped = {d["type"] for d in rig.control("merge")["dropped"]}
        tap.ok({"DNSKEY", "ZONEMD"} <= dropped, "merge shows it", str(dropped))


def signed_from_the_start(tap):
    """A zone that arrives signed passes through."""
    with lab.Rig() as rig:
        owner = lab.KnotOwner(rig)
        text = lab.zone_text(5, SIGNED + ZONEMD)
        owner.start(text)
        rig.start()
        state(rig, "passthrough")
        lab.compare(tap, rig.axfr()[0], lab.records(text), "signed: served as it is")
        tap.equal(rig.change(add=[DNSKEY, NS]), "NOERROR", "a contribution is stored")
        tap.equal(rig.axfr(), (lab.records(text), 5), "and not applied")
        owner.serve(lab.zone_text(6, SIGNED))
        rig.until_owner(6)
        tap.equal(rig.axfr(), (lab.records(lab.zone_text(6, SIGNED)), 6),
                  "changes pass, with the owner's serial")


def suddenly_signed(tap):
    """A zone that was merged and arrives signed is not served until somebody decides."""
    with lab.Rig() as rig:
        owner = lab.KnotOwner(rig)
        owner.start(lab.zone_text(5, refresh=1, retry=1))
        rig.start()
        rig.until_serial(5)
        rig.change(add=[DNSKEY, NS])
        before = rig.axfr()
        owner.serve(lab.zone_text(7, SIGNED, refresh=1, retry=1))
        state(rig, "frozen", "is signed")
        tap.equal(rig.axfr(), before, "suddenly signed: the last merged version stays served")
        tap.equal(rig.change(add=["60 NS ns9.p2.example."]), "NOERROR", "the overlay goes on")
        tap.equal(rig.axfr()[1], before[1] + 1, "on the last good version of the owner")
        tap.equal(rig.status()["state"], "frozen", "which does not end the alarm")
        rig.kill()
        rig.start()
        state(rig, "frozen", "is signed")
        tap.ok(not any(r[1] == "RRSIG" for r in rig.axfr()[0]), "behind a restart, too")
        owner.serve(lab.zone_text(8, refresh=1, retry=1))
        rig.until_owner(8)
        tap.equal(rig.status()["state"], "merged", "unsigned again: merged again")
        text = lab.zone_text(20, SIGNED, refresh=1, retry=1)
        owner.serve(text)
        state(rig, "frozen", "is signed")
        rig.control("accept", what="signed")
        state(rig, "passthrough")
        tap.equal(rig.axfr(), (lab.records(text), 20), "the operator accepts it: passed through")


def without_identity(tap):
    """Names of no zone."""
    with lab.Rig() as rig:
        rig.start()
        tap.equal(dns.rcode.to_text(rig.query("SOA").rcode()), "SERVFAIL", "no zone, no answer")
        answer = rig.control("merge", zone="other.example.")
        tap.equal((answer["ok"], answer["code"]), (False, 2), "no such zone: said so")


with Tap() as t:
    lab.without("knotd", "knotc")
    hsync_comes_and_goes(t)
    owners_own(t)
    signed_from_the_start(t)
    suddenly_signed(t)
    without_identity(t)
