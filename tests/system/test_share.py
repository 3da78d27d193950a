#!/usr/bin/python3
"""Signers that show no KSK of another provider (`dnskey-share: zsk`): a difference is named and nothing
moves; once both have it, a join, a ZSK and a KSK rollover, and a leave; never bogus."""

import os
import re

import dns.rdatatype

from lab import ask, byhand, claims, group, msig, net
from lab.rig import ZONE
from lab.world import World, run_test

NEEDED = msig.DAEMONS + ("msigctl", "signerd")
SHARE = "    dnskey-share: zsk\n"


def flags(provider):
    """How many ZSKs and KSKs a provider's server shows."""
    shown = [int(rdata.split()[0]) for rdata in ask.rdata(provider.server, ZONE, "DNSKEY")]
    return shown.count(256), shown.count(257)


def shared(world, members):
    """Whether each shows the ZSKs of all and its own KSK, and all else is as it is to be."""
    try:
        tags = {ds.split()[0] for p in members for ds in p.ksk(ZONE)}
        return (all(flags(p) == (len(members), 1) for p in members)
                and byhand.delegation(world.rig) == {p.ns for p in members}
                and {r.split()[0] for r in byhand.parent_ds(world.rig)} == tags
                and byhand.shown(members, "CDS", len(members))
                and byhand.shown(members, "NS", len(members))
                and group.quiet(world, members))
    except OSError:
        return False


def configure(world, provider):
    """Its operator changes msig.conf, and has it read."""
    daemons = world.msig[provider.label]
    with open(daemons.conf, encoding="ascii") as conf:
        text = conf.read()
    text = re.sub(r"(?m)^    signer-records:", SHARE + "    signer-records:", text)
    with open(daemons.conf + ".new", "w", encoding="ascii",
              opener=lambda path, how: os.open(path, how, 0o600)) as out:
        out.write(text)
    os.rename(daemons.conf + ".new", daemons.conf)
    daemons.ctl("reload")


def difference(t, world):
    """p1 shares ZSKs only, p2 does not know of it."""
    first, second = world.providers
    world.rig.hsync(second)
    t.equal(world.says("p2", "dnskey-share: all, as here", "dnskey-share: zsk", seconds=30), "",
            "p2, which has another dnskey-share, says so")
    net.until(lambda: byhand.shown([second], "DNSKEY", 2), "p2's server to show its own keys", 60)
    t.ok(byhand.shown([first], "DNSKEY", 2) and byhand.shown([second], "DNSKEY", 2)
         and byhand.delegation(world.rig) == {first.ns}, "and nothing has moved",
         lambda: f"{[ask.rdata(p.server, ZONE, 'DNSKEY') for p in world.providers]} " + world.logs(60))
    configure(world, second)


def rolls(world, members, orders):
    """A condition: what is ordered has been done."""
    rollover = group.Rollover(world, members, orders)
    states = ("published", "ready", "active", "retired")
    return lambda: shared(world, members) and not any(
        set(rollover.before.get(p.label, ())) &
        set(p.stored("ksk", *states) + p.stored("zsk", *states)) for p in members)


def main(t):
    """One zone, one thing after the other."""
    signers = {"p1": {"driver": True, "zone_items": SHARE}, "p2": {"driver": True, "mode": "B"}}
    with World(providers=2, signers=signers) as world:
        members = world.providers
        difference(t, world)
        if not claims.until(t, world, "p2 joins as soon as both say the same: each shows its KSK alone",
                            lambda: shared(world, members), 120):
            return
        keys = world.msig["p1"].ask("keys", ZONE)["keys"]
        t.equal(sorted(k["at"][members[1].identity] for k in keys
                       if k["owner"] == members[0].identity and k["role"] == "KSK"), ["none"],
                "msigctl keys does not miss p1's KSK at p2")
        claims.until(t, world, "p1's ZSK and p2's KSK roll",
                     rolls(world, members, {"p1": ("zsk",), "p2": ("ksk",)}), 180)
        group.designate(world, members[0], state="OFF")
        claims.until(t, world, "p1 leaves", lambda: group.settled(world, members[1:]), 120)
        # Knot signs CDS with its KSK, which no other server shows.
        claims.never_bogus(t, world, "ZSKs alone are shared",
                           apart=(dns.rdatatype.CDS, dns.rdatatype.CDNSKEY))
        claims.clean_end(t, world)


run_test(main, needed=NEEDED, hold_down="2s")
