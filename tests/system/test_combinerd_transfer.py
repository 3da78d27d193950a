#!/usr/bin/python3
"""Transfers between real servers: each kind of owner in, each kind of secondary out, AXFR and IXFR,
and what comes out is, record for record, what went in and what was put in between."""

import dns.exception

import combinerd_rig as lab
from lab import net
from lab.tap import Tap

CHANGED = "new A 192.0.2.9\nnew AAAA 2001:db8::9\n\\000weird\\.name TXT \"x\"\nbig TYPE65400 \\# 3 010203\n"


def expect(serial_text, add="", less=()):
    """The owner's records and what was put in, without those of some types at the apex."""
    found = lab.records(serial_text + add)
    return {r for r in found if not (r[0] == lab.ZONE and r[1] in less)}


def owner_in(tap, kind):
    """One kind of owner: AXFR, IXFR, and back to where it was."""
    with lab.Rig() as rig:
        owner = lab.OWNERS[kind](rig)
        owner.start(lab.zone_text(5))
        rig.start()
        rig.until_serial(5)
        lab.compare(tap, rig.axfr()[0], lab.records(lab.zone_text(5)), f"AXFR from {owner.kind}")
        owner.serve(lab.zone_text(6, CHANGED))
        rig.until_serial(6)
        lab.compare(tap, rig.axfr()[0], lab.records(lab.zone_text(6, CHANGED)),
                    f"a change from {owner.kind}")
        tap.ok("IXFR from" in rig.log(), f"that was IXFR from {owner.kind}", rig.log)
        rig.change(add=[f"60 DNSKEY 257 3 13 {lab.KEY[0]}", "60 NS ns1.p2.example."])
        rig.until_serial(7)
        text = lab.zone_text(6, CHANGED) + f"@ 60 DNSKEY 257 3 13 {lab.KEY[0]}\n"
        lab.compare(tap, rig.axfr()[0],
                    expect(text, less=("NS",)) | {(lab.ZONE, "NS", "ns1.p2.example.", 60)},
                    f"with the overlay, from {owner.kind}")
        owner.serve(lab.zone_text(8))
        rig.until_serial(8)
        lab.compare(tap, rig.axfr()[0],
                    expect(lab.zone_text(8) + f"@ 60 DNSKEY 257 3 13 {lab.KEY[0]}\n", less=("NS",)) |
                    {(lab.ZONE, "NS", "ns1.p2.example.", 60)}, f"back again, from {owner.kind}")
        owner.stop()
        rig.stop()
        rig.start()
        tap.equal(rig.axfr()[1], 8, f"without its {owner.kind} owner it serves on after a restart")


def client_out(tap, kind):
    """One kind of secondary: AXFR, then IXFR for an overlay change and for the owner's change."""
    with lab.Rig() as rig:
        owner = lab.KnotOwner(rig)
        owner.start(lab.zone_text(5))
        rig.start()
        rig.until_serial(5)
        client = lab.CLIENTS[kind](rig).start()

        def has(serial):
            def seen():
                try:
                    records, now = rig.axfr(server=rig.client)
                except (OSError, dns.exception.DNSException):
                    return None  # NSD resets connections when it puts new processes in place
                return records if now == serial else None
            return net.until(seen, f"{client.kind} to have serial {serial}\n{rig.daemon.tail(20)}")

        lab.compare(tap, has(5), rig.axfr()[0], f"AXFR to {client.kind}")
        rig.change(add=[f"60 DNSKEY 257 3 13 {lab.KEY[0]}"])
        lab.compare(tap, has(6), rig.axfr()[0], f"an overlay change to {client.kind}")
        owner.serve(lab.zone_text(9, CHANGED))
        lab.compare(tap, has(9), rig.axfr()[0], f"an owner's change to {client.kind}")
        for step in range(3):
            rig.change(add=[f"60 NS ns{step}.p2.example."])
        lab.compare(tap, has(12), rig.axfr()[0], f"three changes in a row to {client.kind}")
        tap.ok("IXFR 5 -> 6" in rig.log() and "-> 12" in rig.log(),
               f"the changes went to {client.kind} as IXFR", rig.log)
        status = rig.until(lambda s: s["signer"]["serial"] == 12 and not s["signer"]["pending"],
                           "the signer to have been seen")
        tap.ok(status["signer"]["tries"] <= 2,
               f"{client.kind} was seen to have the last version, and is told no more", str(status))
        # Missed while it was away: told again until it comes.
        client.stop()
        rig.change(add=["60 NS ns7.p2.example."])
        rig.until(lambda s: s["signer"]["tries"] >= 2, "a second NOTIFY")
        lab.CLIENTS[kind].start.__get__(client)() if kind != "knot" else client.knot.start()
        lab.compare(tap, has(13), rig.axfr()[0], f"{client.kind} came back and was told")


def several_primaries(tap):
    """The first primary is away, the second one has the zone; later the other way round."""
    with lab.Rig() as rig:
        rig.write(master="[ owner, standby ]")
        second = lab.NsdOwner(rig, rig.standby)
        second.start(lab.zone_text(5, refresh=1, retry=1))
        rig.start()
        rig.until_serial(5)
        tap.ok(True, "the second primary is asked when the first does not answer")
        first = lab.KnotOwner(rig)
        first.start(lab.zone_text(6, "other A 192.0.2.3\n", refresh=1, retry=1))
        rig.until_serial(6)
        lab.compare(tap, rig.axfr()[0],
                    lab.records(lab.zone_text(6, "other A 192.0.2.3\n", refresh=1, retry=1)),
                    "another primary: a whole transfer, not differences to somebody else's zone")
        tap.ok("AXFR from " + lab.at(rig.owner) in rig.log(), "by AXFR", rig.log)


with Tap() as t:
    lab.without("knotd", "knotc", "nsd", "named")
    for name in lab.OWNERS:
        owner_in(t, name)
    for name in lab.CLIENTS:
        client_out(t, name)
    several_primaries(t)
