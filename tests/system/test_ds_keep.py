#!/usr/bin/python3
"""A DS at the parent that no key matches, and that is to stay (ds-keep): a join, whose CDS would take it
out, does not begin, and says why; where the parent takes no CDS (parent-cds: off) it goes on, and that
DS stays; never bogus."""

from lab import ask, byhand, claims
from lab.knot import update
from lab.rig import PARENT, TTL, ZONE
from lab.world import World, run_test

KEPT = "4660 13 2 " + "5A" * 32
OFF = "    parent-cds: off\n"


def at_parent(world, rdtype, *add, remove=()):
    """Whoever runs the parent changes the delegation by hand."""
    update(world.rig.parent.server, PARENT, world.rig.parent_key,
           *(f"del {ZONE} {rdtype} {rdata}" for rdata in remove),
           *(f"add {ZONE} {TTL[rdtype.lower()]} {rdtype} {rdata}" for rdata in add))


def tags(world):
    """Key tags of the DS at the parent."""
    return sorted(int(ds.split()[0]) for ds in byhand.parent_ds(world.rig))


def configure(world, more):
    """The same item in everybody's zone section, as operators would agree on."""
    for daemons in world.msig.values():
        with open(daemons.conf, encoding="ascii") as conf:
            text = conf.read()
        with open(daemons.conf, "w", encoding="ascii") as conf:
            conf.write(text.replace("    ds-keep:", more + "    ds-keep:"))
        daemons.ctl("reload")


def plan(world):
    """The dry run of the join at the one who joins: its exit status and what it says."""
    done = world.msig["p2"].ctl("plan", ZONE, "add-signer", check=False)
    return done.returncode, done.stdout + done.stderr


def main(t):
    """The join of the second of two providers."""
    keep = {"zone_items": f'    ds-keep: [ "{KEPT}" ]\n'}
    with World(providers=2, signers={"p1": keep, "p2": keep}) as world:
        first, second = world.providers
        world.scanner.zones.clear()  # this parent takes no CDS
        own = [int(ds.split()[0]) for p in world.providers for ds in p.ksk()]
        at_parent(world, "DS", KEPT)
        claims.until(t, world, "one who signs alone is content with a DS of ds-keep",
                     lambda: world.in_sync([first]) and tags(world) == sorted([own[0], 4660]), 60)
        world.rig.hsync(second)
        said = world.says("p2", "CDS that name every DS of ds-keep", "tag 4660", seconds=60)
        t.equal(said, "", "the joiner says that CDS would take it out")
        code, text = plan(world)
        t.ok(code != 0 and "FAIL" in text and "parent-cds: off" in text,
             "so does the dry run, which fails, and what a person can do", lambda: text)
        world.counted(ZONE, "mixed", 60)
        shown = [set(ask.rdata(p.server, ZONE, "DNSKEY")) for p in world.providers]
        t.ok(len(shown[0]) == 2 and shown[0] < shown[1],
             "no member shows its keys, and it shows theirs", str(shown))
        t.equal(world.process("p1"), {}, "no process has begun")

        configure(world, OFF)
        claims.until(t, world, "parent-cds: off: the join comes to where the parent's DS are waited for",
                     lambda: world.process("p2").get("step_name") == "parent-ds-synced", 90)
        why = world.msig["p2"].ctl("why", ZONE, check=False).stdout
        t.ok(why and "ds-keep" not in why, "and nothing is said of ds-keep any more", why)
        at_parent(world, "DS", *second.ksk())
        claims.until(t, world, "they are added by hand, and it comes to CSYNC",
                     lambda: world.process("p2").get("step_name") == "csync-added", 120)
        at_parent(world, "NS", second.ns)
        claims.until(t, world, "so are the NS, and p2 is in", lambda: world.in_sync(world.providers)
                     and not world.process("p2"), 120)
        t.equal(tags(world), sorted([*own, 4660]), "the parent has the DS of both, and that one")
        t.equal(byhand.delegation(world.rig), {first.ns, second.ns}, "and names both")

        at_parent(world, "DS", remove=[KEPT])
        said = world.says("p1", "the DS of ds-keep", "tag 4660", seconds=60)
        t.equal(said, "", "once it has gone, the zone's agents say so")
        claims.never_bogus(t, world, "a DS that is kept")
        claims.clean_end(t, world)


run_test(main, hold_down="2s")
