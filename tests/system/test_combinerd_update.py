#!/usr/bin/python3
"""UPDATE over DNS with the tools that people have, every refusal with its rcode and its reason in the
log; and what else may and may not be asked of combinerd."""

import socket
from time import time as clock
from unittest import mock

import dns.edns
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update

import combinerd_rig as lab
from lab import ask, tools
from lab.tap import Tap

DNSKEY = f"DNSKEY 257 3 13 {lab.KEY[0]}"
ZSK = f"DNSKEY 256 3 13 {lab.KEY[1]}"
CDS = f"CDS 1 13 2 {lab.HASH}"
CDNSKEY = f"CDNSKEY 257 3 13 {lab.KEY[0]}"


def apex(rig, rdtype):
    """What combinerd serves at the apex of one type."""
    return {r[2].replace(" ", "") for r in rig.axfr()[0] if r[0] == lab.ZONE and r[1] == rdtype}


def clients(tap, rig):
    """knsupdate and nsupdate as they are."""
    status, out = rig.knsupdate(f"update add {lab.ZONE} 60 {DNSKEY}",
                                f"update add {lab.ZONE} 60 {CDS}",
                                f"update add {lab.ZONE} 60 {CDNSKEY}")
    tap.ok(status == 0 and "NOERROR" in out, "knsupdate adds DNSKEY, CDS, CDNSKEY", out)
    tap.equal(rig.axfr()[1], 6, "one message, one version")
    tap.equal((len(apex(rig, "DNSKEY")), len(apex(rig, "CDS")), len(apex(rig, "CDNSKEY"))),
              (1, 1, 1), "and they are served")
    status, out = rig.nsupdate(f"update add {lab.ZONE} 60 {ZSK}")
    tap.ok(status == 0 and "NOERROR" in out, "nsupdate adds a key", out)
    tap.equal(len(apex(rig, "DNSKEY")), 2, "which is served too")
    status, out = rig.nsupdate(f"update delete {lab.ZONE} {DNSKEY}", args=["-v"])
    tap.ok(status == 0 and len(apex(rig, "DNSKEY")) == 1, "nsupdate takes it away, over TCP", out)
    status, out = rig.nsupdate(f"prereq yxrrset {lab.ZONE} CSYNC",
                               f"update add {lab.ZONE} 60 CSYNC 0 1 A NS AAAA")
    tap.ok(status != 0 and "NXRRSET" in out, "nsupdate's prerequisite is not met", out)
    status, out = rig.nsupdate(f"prereq nxrrset {lab.ZONE} CSYNC",
                               f"update add {lab.ZONE} 60 CSYNC 0 1 A NS AAAA")
    tap.ok(status == 0 and apex(rig, "CSYNC"), "and is met", out)
    status, out = rig.knsupdate(f"update del {lab.ZONE} CSYNC")
    tap.ok(status == 0 and not apex(rig, "CSYNC"), "knsupdate deletes an RRset", out)
    status, out = rig.nsupdate(f"update add www.{lab.ZONE} 60 A 192.0.2.1")
    tap.ok(status != 0 and "REFUSED" in out, "nsupdate is refused below the apex", out)
    status, out = rig.knsupdate(f"update add www.{lab.ZONE} 60 A 192.0.2.1")
    tap.ok("REFUSED" in out, "knsupdate is refused below the apex", out)


def idempotent(tap, rig):
    """The same again changes nothing."""
    serial = rig.axfr()[1]
    tap.equal(rig.change(add=[f"60 {CDS}"]), "NOERROR", "the same UPDATE again is right")
    tap.equal(rig.change(add=[f"60 {CDS}"], tcp=False), "NOERROR", "over UDP, too")
    tap.equal(rig.axfr()[1], serial, "and makes no new version")


def raw(rig, build, key=None):
    """An UPDATE as build(message) makes it; the rcode."""
    update = dns.update.UpdateMessage(lab.ZONE)
    build(update)
    answer = rig.send(update, rig.update if key is None else key)
    return dns.rcode.to_text(answer.rcode())


def refusals(tap, rig):
    """Each with its rcode, and the reason in the log."""
    serial = rig.axfr()[1]
    cases = [
        ("A", lambda u: u.add("@", 60, "A", "192.0.2.1"), "REFUSED", "type A is the owner's"),
        ("SOA", lambda u: u.add("@", 60, "SOA", lab.soa(99)), "REFUSED", "type SOA is the owner's"),
        ("HSYNC", lambda u: u.add("@", 60, lab.HSYNC, ask.hsync(lab.OTHER)), "REFUSED",
         "type TYPE65282 is the owner's"),
        ("a name below", lambda u: u.add("www", 60, "NS", "ns.p2.example."), "REFUSED",
         "is below the apex"),
        ("another zone's name", lambda u: u.add("www.other.", 60, "NS", "ns.p2.example."), "NOTZONE",
         "is outside the zone"),
        ("everything at the apex", lambda u: u.delete("@"), "REFUSED", "deletion of everything"),
        ("a CDS that makes the zone insecure", lambda u: u.add("@", 60, "CDS", "0 0 0 00"), "REFUSED",
         "CDS with algorithm 0"),
        ("a revoked key", lambda u: u.add("@", 60, "DNSKEY", f"385 3 13 {lab.KEY[0]}"), "REFUSED",
         "REVOKE"),
        ("a key that is no point of its curve",
         lambda u: u.add("@", 60, "DNSKEY", f"256 3 13 A{lab.KEY[0][1:]}"), "REFUSED",
         "no point of its curve"),
        ("the provider's last CDS", lambda u: u.delete("@", "CDS"), "REFUSED",
         "takes away every CDS of msa.p2.example."),
        ("NS without an address", lambda u: u.add("@", 60, "NS", "nowhere"), "REFUSED",
         "has no address there"),
        ("a query type", lambda u: u.add("@", 60, "TYPE252", "\\# 1 00"), "FORMERR",
         "cannot be added"),
    ]
    for what, build, rcode, log in cases:
        tap.equal(raw(rig, build), rcode, f"{what}: {rcode}")
        tap.ok(log in rig.log(), f"{what}: the log says why", rig.log)
    for what, zone, rdtype, rdclass, rcode in [
            ("another zone", "other.example.", "SOA", "IN", "NOTAUTH"),
            ("a zone below", "sub." + lab.ZONE, "SOA", "IN", "NOTAUTH"),
            ("no SOA in the zone section", lab.ZONE, "NS", "IN", "FORMERR"),
            ("class CH", lab.ZONE, "SOA", "CH", "FORMERR")]:
        message = dns.message.make_query(zone, rdtype, rdclass)
        message.flags = dns.opcode.to_flags(dns.opcode.UPDATE)
        message.use_tsig(rig.update.key)
        answer = raw_exchange(rig, message.to_wire())
        tap.equal(dns.rcode.to_text(answer[3] & 15), rcode, f"{what}: {rcode}")
    tap.equal(rig.axfr()[1], serial, "nothing of it was published")


def keys(tap, rig):
    """Whoever has not the update key."""
    def build(update):
        update.add("@", 60, "NS", "ns.evil.example.")
    tap.equal(raw(rig, build, False), "REFUSED", "without TSIG: REFUSED")
    tap.equal(raw(rig, build, rig.signer), "REFUSED", "with the signer's key: REFUSED")
    tap.ok("which is not the update key" in rig.log(), "the log says why")
    for name, key, error in [
            ("an unknown key", ask.Key("nobody."), 17),
            ("a wrong secret", ask.Key("update."), 16)]:
        update = dns.update.UpdateMessage(lab.ZONE)
        build(update)
        rcode, got = tsig_error(rig, update, key.key)
        tap.equal((rcode, got), ("NOTAUTH", error), f"{name}: NOTAUTH, TSIG error {error}")
    update = dns.update.UpdateMessage(lab.ZONE)
    build(update)
    rcode, got = tsig_error(rig, update, rig.update.key, shift=-1000)
    tap.equal((rcode, got), ("NOTAUTH", 18), "an old signature: NOTAUTH, BADTIME")
    update = dns.update.UpdateMessage(lab.ZONE)
    build(update)
    update.use_tsig(rig.update.key)
    wire = bytearray(update.to_wire())
    wire[wire.find(b"\x04evil") + 1] ^= 0x01
    answer = raw_exchange(rig, bytes(wire))
    tap.equal(answer[3] & 15, dns.rcode.NOTAUTH, "changed on the way: NOTAUTH")
    tap.ok(not any("evil" in r[2] for r in rig.axfr()[0]), "nothing of it was published")


def raw_exchange(rig, wire):
    """Octets there and back over TCP."""
    with socket.create_connection(rig.listen, 10) as sock:
        sock.sendall(len(wire).to_bytes(2, "big") + wire)
        stream = sock.makefile("rb")
        length = stream.read(2)
        return stream.read(int.from_bytes(length, "big")) if length else b""


def tsig_error(rig, message, key, shift=0):
    """(rcode, TSIG error) of the answer to a message signed with a key, at another time."""
    message.use_tsig(key)
    with mock.patch("time.time", lambda: clock() + shift):
        wire = message.to_wire()
    answer, error = raw_exchange(rig, wire), 0
    try:
        dns.message.from_wire(answer, keyring=message.keyring, request_mac=message.mac)
    except dns.tsig.PeerError as peer:
        error = {dns.tsig.PeerBadSignature: 16, dns.tsig.PeerBadKey: 17,
                 dns.tsig.PeerBadTime: 18}[type(peer)]
    return dns.rcode.to_text(answer[3] & 15), error


def again(tap, rig):
    """A signed UPDATE that is sent again: as it was, and after others."""
    def signed(shift, *changes):
        update = dns.update.UpdateMessage(lab.ZONE)
        for how, rdata in changes:
            getattr(update, how)("@", *((60,) if how == "add" else ()), "NS", rdata)
        update.use_tsig(rig.update.key)
        with mock.patch("time.time", lambda: clock() + shift):
            return update.to_wire()

    def served(name):
        return any(r[2] == name for r in rig.axfr()[0])
    old = signed(10, ("add", "ns5.p2.example."))
    tap.equal(raw_exchange(rig, old)[3] & 15, 0, "an UPDATE")
    serial = rig.axfr()[1]
    tap.equal((raw_exchange(rig, old)[3] & 15, rig.axfr()[1]), (0, serial),
              "the same message again: the same answer, nothing happens")
    tap.equal(raw_exchange(rig, signed(10, ("delete", "ns5.p2.example."),
                                       ("add", "ns6.p2.example.")))[3] & 15, 0,
              "another one in the same second")
    tap.ok(not served("ns5.p2.example."), "takes the record away")
    raw_exchange(rig, old)
    tap.ok(not served("ns5.p2.example."), "the first one, sent again, does not bring it back")
    tap.equal(raw_exchange(rig, signed(11, ("add", "ns7.p2.example.")))[3] & 15, 0, "a later one")
    tap.equal(raw_exchange(rig, old)[3] & 15, dns.rcode.NOTAUTH, "now the first one is too old")
    tap.ok("signed before the last one" in rig.log(), "the log says why")
    rig.kill()
    rig.start()
    tap.equal(raw_exchange(rig, old)[3] & 15, dns.rcode.NOTAUTH, "and is behind a restart")


def questions(tap, rig):
    """SOA and transfers for the signer; nothing else for anybody."""
    answer = rig.query("SOA")
    tap.ok(answer.answer and answer.answer[0][0].serial == rig.axfr()[1], "SOA for the signer")
    tap.ok(rig.query("SOA", tcp=False).answer, "over UDP too")
    for rdtype in ("A", "ANY", "DNSKEY", "NS", "TXT"):
        answer = rig.query(rdtype)
        tap.equal((dns.rcode.to_text(answer.rcode()), len(answer.answer), len(answer.authority)),
                  ("REFUSED", 0, 0), f"{rdtype} is refused, to the signer too")
    for rdtype in ("SOA", "AXFR"):
        for name, key in (("nobody", False), ("the owner's key", rig.transfer)):
            answer = rig.query(rdtype, key)
            tap.equal(dns.rcode.to_text(answer.rcode()), "REFUSED", f"{rdtype} with {name}: REFUSED")
    tap.equal(dns.rcode.to_text(rig.query("AXFR", rig.update).rcode()), "REFUSED",
              "AXFR with the update key: REFUSED")
    tap.equal(dns.rcode.to_text(rig.query("SOA", name="other.example.").rcode()), "REFUSED",
              "another zone: REFUSED")
    tap.equal(dns.rcode.to_text(rig.query("SOA", name="www." + lab.ZONE).rcode()), "REFUSED",
              "a name in the zone: REFUSED")
    query = dns.message.make_query(lab.ZONE, "ANY", use_edns=0, payload=4096)
    tap.ok(len(raw_exchange(rig, query.to_wire())) <= len(query.to_wire()),
           "a refusal is no larger than the question")


def edns(tap, rig):
    """OPT, its versions, and opcodes."""
    answer = rig.query("SOA", use_edns=0, payload=1232)
    tap.equal((answer.edns, bool(answer.answer)), (0, True), "OPT is answered with OPT")
    tap.equal(rig.query("SOA", use_edns=False).edns, -1, "no OPT, no OPT")
    query = dns.message.make_query(lab.ZONE, "SOA")
    query.use_edns(1)
    answer = rig.send(query)
    tap.equal((dns.rcode.to_text(answer.rcode()), len(answer.answer)), ("BADVERS", 0),
              "EDNS version 1: BADVERS")
    expire = dns.edns.GenericOption(9, b"")
    answer = rig.query("SOA", use_edns=0, options=[expire])
    tap.ok(answer.answer, "an option that is not known (EXPIRE) is passed over")
    for opcode in (dns.opcode.STATUS, dns.opcode.IQUERY, 6):
        message = dns.message.make_query(lab.ZONE, "SOA")
        message.flags = int(opcode) << 11
        answer = raw_exchange(rig, message.to_wire())
        tap.equal(answer[3] & 15, dns.rcode.NOTIMP, f"opcode {int(opcode)}: NOTIMP")
    header = bytes.fromhex("123400000001000000000000")
    answer = raw_exchange(rig, header + b"\x05short")
    tap.equal((answer[:2], answer[3] & 15, len(answer)), (b"\x124", dns.rcode.FORMERR, 12),
              "malformed: FORMERR, header only")
    message = dns.message.make_query(lab.ZONE, "SOA")
    wire = bytearray(message.to_wire())
    wire[5] = 2
    answer = raw_exchange(rig, bytes(wire) + bytes(wire[12:]))
    tap.equal(answer[3] & 15, dns.rcode.FORMERR, "two questions: FORMERR")
    done = tools.run("kdig", f"@{rig.listen[0]}", "-p", rig.listen[1], "+tcp", "-y",
                     rig.signer.argument, lab.ZONE, "AXFR", check=False)
    tap.ok(done.stdout.count("SOA") == 2 and "TSIG" in done.stdout, "kdig transfers", done.stdout)
    done = tools.run("dig", f"@{rig.listen[0]}", "-p", rig.listen[1], "-y", rig.signer.argument,
                     lab.ZONE, "IXFR=1", check=False)
    tap.ok(done.stdout.count("SOA") >= 2, "dig transfers", done.stdout + done.stderr)


with Tap() as t:
    lab.without("knotd", "knotc", "knsupdate", "nsupdate", "kdig", "dig")
    with lab.Rig() as r:
        lab.KnotOwner(r).start(lab.zone_text(5))
        r.start()
        r.until_serial(5)
        clients(t, r)
        idempotent(t, r)
        refusals(t, r)
        keys(t, r)
        questions(t, r)
        edns(t, r)
        again(t, r)
