#!/usr/bin/python3
"""The agent's side of combinerd, over the local bus: APPLY, SHOW, ZONE; what was answered survives
kill -9."""

import sqlite3
import time

import dns.rcode
import dns.update

import combinerd_rig as lab
from lab.bus import Bus, records
from lab.tap import Tap

KEY1 = f"DNSKEY 257 3 13 {lab.KEY[0]}"
KEY2 = f"DNSKEY 257 3 13 {lab.KEY[1]}"
THIRD = "msa.p3.example."


def statement(*lines):
    """A provider's contribution as UPDATE, in hexadecimal."""
    update = dns.update.UpdateMessage(lab.ZONE)
    for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "NS", "CSYNC"):
        update.delete("@", rdtype)
    for line in lines:
        rdtype, rdata = line.split(None, 1)
        update.add("@", 60, rdtype, rdata)
    return update.to_wire().hex()


class Agent(Bus):
    """agentd, played by the test."""

    def __init__(self, rig):
        super().__init__(rig.home + "/run", "agentd")

    def apply(self, version, contributions, may_shrink=0):
        """APPLY; (rcode, text, serial) of the answer. It is sent again until it is answered."""
        origin, contribution = list(contributions), list(contributions.values())
        for _ in range(10):
            ident = self.send("APPLY", zone=lab.ZONE, epoch=version[0], counter=version[1],
                              may_shrink=may_shrink, origin=origin, contribution=contribution)
            try:
                answer = self.take("APPLIED", seconds=2, id=ident)
            except lab.net.Timeout:
                continue
            return dns.rcode.to_text(answer["rcode"]), answer["text"], answer["serial"]
        raise lab.net.Timeout("APPLY is not answered")

    def show(self):
        """What combinerd holds: (state, version, {origin: [(TTL, type, rdata)]})."""
        for _ in range(10):
            ident = self.send("SHOW", zone=lab.ZONE)
            try:
                answer = self.take("OVERLAY", seconds=2, id=ident)
            except lab.net.Timeout:
                continue
            return answer["state"], (answer["epoch"], answer["counter"]), {
                o: sorted((kind, str(rdata)) for _, _, kind, rdata in records(b))
                for o, b in zip(answer["origin"], answer["rrs"])}
        raise lab.net.Timeout("SHOW is not answered")


def run(tap, rig, agent):
    """The life of an overlay."""
    two, three = statement(KEY1, "NS ns1.p2.example."), statement(KEY2)
    tap.equal(agent.apply((1, 1), {lab.OTHER: two, THIRD: three}), ("NOERROR", "", 6),
              "APPLY: one version for two providers")
    zone = agent.take("ZONE", serial=6)
    tap.equal((zone["state"], zone["owner_serial"], zone["digest"]),
              (2, 5, rig.status()["digest"]), "ZONE says merged, serials and digest")
    tap.equal(len([r for r in rig.axfr()[0] if r[1] == "DNSKEY"]), 2, "it is served")
    state, version, held = agent.show()
    tap.equal((state, version, {o: len(r) for o, r in held.items()}),
              (2, (1, 1), {lab.OTHER: 2, THIRD: 1}), "SHOW: whose records they are")
    tap.equal(agent.apply((1, 1), {lab.OTHER: two, THIRD: three}), ("NOERROR", "", 6),
              "the same again: the same answer")
    rcode, text, serial = agent.apply((1, 2), {lab.OTHER: two})
    tap.equal((rcode, serial), ("REFUSED", 6), "a provider less: refused")
    tap.ok(THIRD in text, "with the reason", text)
    tap.equal(agent.apply((1, 2), {lab.OTHER: two}, 1), ("NOERROR", "", 7),
              "unless a process says so")
    tap.equal(agent.apply((1, 1), {lab.OTHER: two, THIRD: three})[0], "REFUSED",
              "an older version: refused")
    tap.equal(agent.apply((1, 3), {lab.OTHER: statement(KEY1, "CDS 0 0 0 00")})[0], "REFUSED",
              "a CDS that makes the zone insecure: refused")
    tap.equal(agent.apply((1, 3), {lab.OTHER: "00" * 20})[0], "FORMERR", "nonsense: FORMERR")
    ident = agent.send("APPLY", zone="other.example.", epoch=1, counter=1, may_shrink=0, origin=[],
                       contribution=[])
    tap.equal(agent.take("APPLIED", id=ident)["rcode"], dns.rcode.NOTAUTH, "another zone: NOTAUTH")

    counter, begin = 3, time.monotonic()
    for _ in range(5):
        for _ in range(10):
            counter += 1
            tap_result = agent.apply((1, counter), {lab.OTHER: statement(
                KEY1, f"NS ns{counter}.p2.example.")})
        rig.kill()
        rig.start()
        state, version, held = agent.show()
        if version != (1, counter) or f"ns{counter}.p2.example." not in str(held):
            tap.ok(False, "kill -9: what was answered is there", f"{version} {held}")
            return
        if rig.axfr()[1] != tap_result[2]:
            tap.ok(False, "kill -9: under the serial that was answered", str(rig.axfr()[1]))
            return
    tap.ok(True, "50 APPLY, 5 times kill -9: what was answered is there, under that serial")
    tap.note(f"{time.monotonic() - begin:.1f} s")


def lost(tap, rig, agent):
    """The overlay cannot be read: the agent states it anew."""
    _, version, _ = agent.show()
    rig.stop()
    with sqlite3.connect(f"{rig.home}/lib/combinerd/combinerd.db") as database:
        database.execute("DELETE FROM overlay")
    database.close()
    rig.start()
    state, _, held = agent.show()
    tap.equal((state, held), (5, {}), "a lost overlay: SHOW says refusing")
    tap.equal(agent.apply(version, {})[0], "REFUSED", "an empty statement is no way out")
    rcode, _, serial = agent.apply(version, {lab.OTHER: statement(KEY1)})
    tap.equal(rcode, "NOERROR", "the overlay is stated anew")
    tap.equal((rig.axfr()[1], rig.status()["state"]), (serial, "merged"), "and served")


with Tap() as t:
    lab.without("knotd", "knotc")
    with lab.Rig() as r:
        lab.KnotOwner(r).start(lab.zone_text(5))
        r.start()
        r.until_serial(5)
        played = Agent(r)
        played.take("ZONE", serial=5)
        t.ok(True, "an agent that starts is told what is served")
        run(t, r, played)
        lost(t, r, played)
        played.close()
        r.change(add=["60 NS ns99.p2.example."])
        played = Agent(r)
        played.take("ZONE", serial=r.status()["serial"]["out"])
        t.ok(True, "one that was away is told what it missed")
        played.close()
