#!/usr/bin/python3
"""Owners that misbehave, made here byte by byte: whatever they send, the last good version stays
served, the log says what was wrong, and a good version is taken right behind it."""

import time

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype

import combinerd_rig as lab
from combinerd_rig import FakeOwner, body, rr, soa_rr as soa
from lab import ask, net
from lab.tap import Tap


def bad_transfers(tap, rig, owner):
    """Each kind of damage, as AXFR and as IXFR."""
    def stream(messages, **options):
        return lambda query, conn: owner.send(conn, query, messages(query), **options)

    def cut(messages):
        def how(query, conn):
            owner.send(conn, query, messages(query))
            return False
        return how

    def other(response, number):
        response.id ^= 1

    def truncated(response, number):
        response.flags |= dns.flags.TC

    def third_unsigned(query, conn):
        wrong = ask.Key("transfer.").key
        good, owner.key = owner.key, wrong
        try:
            owner.send(conn, query, [whole()])
        finally:
            owner.key = good

    def last_unsigned(query, conn):
        owner.send(conn, query, [[soa(owner.serial)], body()])
        owner.send(conn, query, [[soa(owner.serial)]], sign=False)

    def whole(extra=(), last=None):
        return [soa(owner.serial), *body(extra), last or soa(owner.serial)]

    cases = [
        ("interrupted between messages", cut(lambda q: [[soa(owner.serial)], body()]), "interrupted"),
        ("nothing but the connection", lambda q, c: False, "transfer from"),
        ("REFUSED", stream(lambda q: [[]], tweak=lambda r, n: r.set_rcode(dns.rcode.REFUSED)),
         "answers REFUSED"),
        ("first SOA missing", stream(lambda q: [body() + [soa(owner.serial)]]), "SOA"),
        ("zone without SOA", stream(lambda q: [body()]), "SOA"),
        ("another SOA at the end", stream(lambda q: [whole(last=soa(owner.serial + 1))]),
         "two different SOA"),
        ("a record outside the zone",
         stream(lambda q: [whole([rr("www.elsewhere.", "A", "192.0.2.1")])]), "outside the zone"),
        ("a SOA below the apex",
         stream(lambda q: [whole([rr("sub", "SOA", lab.soa(1))])]), "below the apex"),
        ("class CH", stream(lambda q: [whole([rr("x", "TXT", "x", rdclass="CH")])]), "class"),
        ("no NS at the apex",
         stream(lambda q: [[soa(owner.serial), rr("ns1", "A", "192.0.2.1"), soa(owner.serial)]]),
         "no NS record"),
        ("an alias at the apex", stream(lambda q: [whole([rr("@", "CNAME", "x.")])]), "alias"),
        ("truncated flag", stream(lambda q: [whole()], tweak=truncated), "transfer from"),
        ("another id", stream(lambda q: [whole()], tweak=other), "transfer from"),
        ("not signed", stream(lambda q: [whole()], sign=False), "TSIG"),
        ("signed with another secret", third_unsigned, "TSIG"),
        ("all signed but the last message", last_unsigned, "the end is not signed"),
        ("records behind the end", stream(lambda q: [whole() + [rr("x", "A", "192.0.2.1")]]),
         "behind the end"),
    ]
    for what, answer, said in cases:
        before = rig.axfr()
        mark = len(rig.log())
        owner.answer = answer
        owner.serial += 1
        failed = rig.status()["transfer"]["failed"]
        rig.control("refresh")
        rig.until(lambda s: s["transfer"]["failed"] > failed and not s["transfer"]["running"],
                  f"the transfer to fail: {what}")
        tap.equal(rig.axfr(), before, f"{what}: the old version stays served")
        tap.ok(said in rig.log()[mark:], f"{what}: the log says so", lambda: rig.log()[mark:])
        owner.answer = stream(lambda q: [whole()])
        rig.control("refresh")
        rig.until_owner(owner.serial)
    tap.ok(True, "and behind each of them a good version was taken")


def differences(tap, rig, owner):
    """IXFR that does not fit falls back to AXFR; one that fits is applied."""
    old = owner.serial
    owner.serial += 2
    owner.answer = lambda q, c: owner.send(c, q, [
        [soa(owner.serial), soa(old), rr("www", "A", "192.0.2.2"), soa(old + 1),
         rr("a", "A", "192.0.2.3")],
        [soa(old + 1), rr("a", "A", "192.0.2.3"), soa(owner.serial), rr("b", "A", "192.0.2.4"),
         soa(owner.serial)]]) if q.question[0].rdtype == dns.rdatatype.IXFR else False
    rig.until_owner(owner.serial)
    names = {r[0] for r in rig.axfr()[0] if r[1] == "A"}
    tap.equal(names, {"ns1." + lab.ZONE, "b." + lab.ZONE}, "IXFR of two changes in two messages")

    old = owner.serial
    owner.serial += 1
    del owner.asked[:]

    def misfit(query, conn):
        if query.question[0].rdtype == dns.rdatatype.IXFR:
            return owner.send(conn, query, [[soa(owner.serial), soa(old), rr("no", "A", "192.0.2.9"),
                                             soa(owner.serial), soa(owner.serial)]])
        return owner.send(conn, query, [[soa(owner.serial), *body(), soa(owner.serial)]])
    owner.answer = misfit
    rig.until_owner(owner.serial)
    tap.ok("IXFR" in owner.asked and "AXFR" in owner.asked,
           "IXFR that removes what is not there: AXFR at once", str(owner.asked))

    def not_implemented(query, conn):
        if query.question[0].rdtype == dns.rdatatype.IXFR:
            return owner.send(conn, query, [[]],
                              tweak=lambda r, n: r.set_rcode(dns.rcode.NOTIMP))
        return owner.send(conn, query, [[soa(owner.serial), *body(), soa(owner.serial)]])
    owner.answer = not_implemented
    owner.serial += 1
    rig.until_owner(owner.serial)
    tap.ok(True, "an owner without IXFR: AXFR")
    owner.answer = lambda q, c: owner.send(c, q, [[soa(owner.serial)], body(), [soa(owner.serial)]])
    owner.serial += 1
    rig.until_owner(owner.serial)
    tap.ok("IXFR as a whole zone" in rig.log(), "IXFR answered by a whole zone, in three messages")


def going_back(tap, rig, owner):
    """A serial that goes back is not taken, until the operator says so; ours never goes back."""
    before = rig.axfr()
    high, owner.serial = owner.serial, owner.serial - 3
    owner.answer = lambda q, c: owner.send(c, q, [
        [soa(owner.serial), *body([rr("back", "A", "192.0.2.5")]), soa(owner.serial)]])
    rig.until(lambda s: "behind ours" in s["transfer"]["error"], "the serial to be refused")
    tap.equal(rig.axfr(), before, "a serial that goes back is not taken")
    rig.control("retransfer")
    rig.until_owner(owner.serial)
    after = rig.axfr()
    tap.ok(any(r[0].startswith("back.") for r in after[0]), "retransfer takes it")
    tap.equal(after[1], before[1] + 1, "under a serial that goes on")
    owner.serial = high + 5
    rig.until_owner(owner.serial)
    tap.equal(rig.axfr()[1], owner.serial, "and is the owner's again once that is ahead")


def notifies(tap, rig, owner):
    """Who may make combinerd ask."""
    def notify(key, name=lab.ZONE, rdtype="SOA", source=None):
        message = dns.message.make_query(name, rdtype)
        message.flags = dns.opcode.to_flags(dns.opcode.NOTIFY) | dns.flags.AA
        if key:
            message.use_tsig(key.key)
        answer = dns.query.tcp(message, rig.listen[0], 5, rig.listen[1], source=source)
        return dns.rcode.to_text(answer.rcode())
    for what, rcode, args in [
            ("with the owner's key", "NOERROR", (rig.transfer,)),
            ("with the signer's key", "REFUSED", (rig.signer,)),
            ("without key", "REFUSED", (None,)),
            ("without key, from the owner's address", "NOERROR",
             (None, lab.ZONE, "SOA", rig.owner[0])),
            ("for another zone", "NOTAUTH", (rig.transfer, "other.example.")),
            ("for a name in the zone", "NOTAUTH", (rig.transfer, "www." + lab.ZONE)),
            ("for another type", "FORMERR", (rig.transfer, lab.ZONE, "NS"))]:
        tap.equal(notify(*args), rcode, f"NOTIFY {what}: {rcode}")


def floods(tap, rig, owner):
    """Many messages cost little: few questions to the owner, few lines in the log."""
    owner.answer = lambda q, c: owner.send(c, q, [[soa(owner.serial), *body(), soa(owner.serial)]])
    del owner.asked[:]
    message = dns.message.make_query(lab.ZONE, "SOA")
    message.flags = dns.opcode.to_flags(dns.opcode.NOTIFY) | dns.flags.AA
    message.use_tsig(rig.transfer.key)
    for _ in range(200):
        dns.query.udp(message, rig.listen[0], 5, rig.listen[1])
    tap.ok(0 < len(owner.asked) <= 20, "200 NOTIFY: a few questions", str(len(owner.asked)))
    mark = len(rig.log())
    query = dns.message.make_query(lab.ZONE, "SOA")
    for _ in range(200):
        dns.query.udp(query, rig.listen[0], 5, rig.listen[1])
    lines = rig.log()[mark:].count("which is not the signer's")
    tap.ok(0 < lines <= 30, "200 refused questions: a few lines", str(lines))


def useless(tap, rig, owner):
    """A transfer that is of no use is repeated ever less often; another version is fetched at once."""
    owner.serial += 1
    fetched = []

    def bad(query, conn):
        fetched.append(time.monotonic())
        owner.send(conn, query, [[soa(owner.serial), *body(), rr("x.elsewhere.", "A", "192.0.2.1"),
                                  soa(owner.serial)]])
    owner.answer = bad
    rig.control("refresh")
    net.until(lambda: len(fetched) >= 3, "three attempts", 30)
    first, second = fetched[1] - fetched[0], fetched[2] - fetched[1]
    tap.ok(first > 1.5 and second > 1.6 * first, "the interval doubles", f"{first} {second}")
    asked = owner.asked.count("SOA")
    net.until(lambda: owner.asked.count("SOA") > asked, "the SOA question goes on")
    owner.answer = lambda q, c: owner.send(c, q, [[soa(owner.serial), *body(), soa(owner.serial)]])
    owner.serial += 1
    begin = time.monotonic()
    rig.until_owner(owner.serial)
    tap.ok(time.monotonic() - begin < 4, "another serial is fetched at the next question")


def expired(tap):
    """An owner that is gone for longer than its expire time: served on, with an alarm."""
    with lab.Rig() as rig:
        owner = FakeOwner(rig)
        owner.answer = lambda q, c: owner.send(c, q, [
            [short(owner.serial), *body(), short(owner.serial)]])

        def short(serial):
            return rr("@", "SOA", lab.soa(serial, refresh=1, retry=1, expire=2))
        rig.start()
        rig.until_serial(1)
        owner.close()
        rig.until(lambda s: s["expired"], "the alarm")
        tap.equal(rig.axfr()[1], 1, "an expired zone is served on")
        tap.equal(rig.change(add=["60 NS ns1.p2.example."]), "NOERROR", "overlay updates go on")
        tap.equal(rig.axfr()[1], 2, "and are published")
        tap.ok(any("expire time" in w for w in rig.control("status")["warnings"]),
               "status has the alarm", str(rig.control("status")["warnings"]))


def first_contact(tap):
    """Nothing is served before the first whole zone."""
    with lab.Rig() as rig:
        rig.start()
        answer = rig.query("SOA")
        tap.equal(dns.rcode.to_text(answer.rcode()), "SERVFAIL", "nothing yet: SERVFAIL")
        tap.equal(dns.rcode.to_text(rig.query("AXFR").rcode()), "SERVFAIL", "for AXFR too")
        tap.equal(rig.change(add=["60 NS ns1.p2.example."]), "NOERROR",
                  "an UPDATE before the zone is stored")
        tap.equal(dns.rcode.to_text(rig.query("AXFR").rcode()), "SERVFAIL",
                  "never an overlay without a zone")
        lab.KnotOwner(rig).start(lab.zone_text(5))
        rig.until_serial(5, 30)
        tap.ok(any(r[2] == "ns1.p2.example." for r in rig.axfr()[0]),
               "it is there when the zone comes")


with Tap() as t:
    lab.without("knotd", "knotc")
    with lab.Rig() as r:
        fake = FakeOwner(r)
        fake.answer = lambda q, c: fake.send(c, q, [[soa(1), *body(), soa(1)]])
        r.start()
        r.until_serial(1)
        bad_transfers(t, r, fake)
        differences(t, r, fake)
        going_back(t, r, fake)
        notifies(t, r, fake)
        floods(t, r, fake)
        useless(t, r, fake)
        fake.close()
    expired(t)
    first_contact(t)
