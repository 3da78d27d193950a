#!/usr/bin/python3
"""Joins that meet doubt: everything rests in a named state, nothing published is taken back, and when
the doubt is over the join goes on. Under the watcher from beginning to end."""

from lab import ask, byhand, claims, net, rig as lab
from lab.knot import update
from lab.world import World, run_test


def owner(world, *lines):
    """The owner changes the zone."""
    update(world.rig.owner.server, lab.ZONE, world.rig.owner_key, *lines)


def apex(world):
    """What the members' signers and the parent show now, to be compared."""
    shown = {(p.label, rdtype): frozenset(ask.rdata(p.server, lab.ZONE, rdtype))
             for p in world.providers for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "NS")}
    shown["parent"] = frozenset(byhand.parent_ds(world.rig))
    return shown


def reaches(world, label, step, phase="executing"):
    """Waits until an agentd has this step under way."""
    net.until(lambda: world.process(label).get("step_name") == step
              and world.process(label).get("phase") == phase, f"{step} at {label}", 60)


def main(t):
    """One world, one join, several doubts."""
    with World(providers=2) as world:
        second = world.providers[1]
        world.msig["p1"].kill("agentd")
        world.rig.hsync(second)
        t.equal(world.says("p2", "statement", "member of the group"), "",
                "the member's agent is dead: the joiner says what it waits for")
        t.equal(world.says("p2", "peer at msa.p1", "its HELLO"), "", "and from whom")
        t.ok(world.process("p2").get("phase") in (None, "requested"), "and has executed nothing",
             str(world.process("p2")))
        world.msig["p1"].start("agentd")

        reaches(world, "p2", "parent-ds-synced")
        net.until(lambda: len(byhand.parent_ds(world.rig)) == 2, "both DS at the parent")
        before = apex(world)
        wire = {p.label: ask.hsync(p.identity) for p in world.providers}
        owner(world, f"del {lab.ZONE} TYPE{ask.HSYNC}")
        for label in ("p1", "p2"):
            t.equal(world.says(label, "HSYNC"), "", f"HSYNC vanished: {label} says so")
        byhand.hold(8)
        t.equal(apex(world), before, "HSYNC vanished: all that is published stays, 8 s later")
        t.equal(world.process("p2").get("step_name"), "parent-ds-synced", "the join stands still")
        for rdata in wire.values():
            owner(world, f"add {lab.ZONE} {lab.TTL['ns']} TYPE{ask.HSYNC} {rdata}")
        good = claims.finish(world, second)
        t.ok(good, "HSYNC is back: the join goes on to its end", lambda: world.logs(40))

        before = apex(world)
        owner(world, f"del {lab.ZONE} TYPE{ask.HSYNC} {wire['p2']}",
              f"add {lab.ZONE} {lab.TTL['ns']} TYPE{ask.HSYNC} \\# 3 7f0201")
        for label in ("p1", "p2"):
            t.equal(world.says(label, "HSYNC"), "", f"HSYNC malformed: {label} says so")
        byhand.hold(4)
        t.equal(apex(world), before, "HSYNC malformed: all that is published stays")
        owner(world, f"del {lab.ZONE} TYPE{ask.HSYNC} \\# 3 7f0201",
              f"add {lab.ZONE} {lab.TTL['ns']} TYPE{ask.HSYNC} {wire['p2']}")
        net.until(lambda: world.in_sync(world.providers), "both to be in sync again")
        t.equal(apex(world), before, "HSYNC is whole again: nothing has changed")
        claims.never_bogus(t, world, "doubts")
        claims.clean_end(t, world)


run_test(main)
