#!/usr/bin/python3
"""A signer's zone that somebody changes behind combinerd's back: it is found, the name is named, no
process goes on until it is repaired; and a signer that is only late is told from that."""

from lab import byhand, claims, net, rig as lab
from lab.knot import update
from lab.world import World, run_test, zone_of


def content(world, label="p1"):
    """What agentd thinks of the content of the signer's zone, and the names that differ."""
    zone = zone_of(world.msig[label].tracking())
    return zone.get("digest"), zone.get("difference")


def reasons(world, label="p1"):
    """The reasons of `why`."""
    return (world.msig[label].ask("why", lab.ZONE) or {}).get("reasons", [])


def edit(world, *commands):
    """Changes the signer's zone by hand, as one transaction."""
    signer = world.providers[0].signer
    signer.ctl("zone-begin", lab.ZONE)
    for command in commands:
        signer.ctl(command[0], lab.ZONE, *command[1:])
    signer.ctl("zone-commit", lab.ZONE)


def says(world, kind, *words):
    """Whether p1's journal has an entry of that kind with all these words."""
    return any(entry["kind"] == kind and all(w in entry["text"] for w in words)
               for entry in world.msig["p1"].journal())


def found(t, world, what, *names):
    """agentd names what differs, and pauses."""
    try:
        net.until(lambda: content(world)[0] == "different" and len(content(world)[1]) == len(names), what, 30)
    except net.Timeout:
        pass
    word, difference = content(world)
    t.equal((word, difference), ("different", list(names)), f"{what}: found and named")
    why = reasons(world)
    t.ok(why and why[0]["class"] == "blocked" and why[0]["object"] == "signed-zone" and
         names[0].split()[0] in why[0]["seen"] and why[0]["todo"], f"{what}: blocked, and `why` says what and what to do",
         why)


def equal(t, world, what):
    """It is right again."""
    try:
        net.until(lambda: content(world)[0] == "equal" and not any(r["object"] == "signed-zone" for r in reasons(world)),
                  what, 30)
        good = True
    except net.Timeout:
        good = False
    t.ok(good, what, lambda: f"{content(world)} {reasons(world)}\n" + world.logs(30))


def main(t):
    """One world: altered, repaired, altered in the middle of a join, late."""
    with World(providers=2) as world:
        one, two = world.providers
        equal(t, world, "at rest, the signer publishes what combinerd serves")

        edit(world, ("zone-set", "evil", "60", "A", "192.0.2.66"))
        found(t, world, "a name added at the signer", f"evil.{lab.ZONE} A only at the signer")
        t.ok(says(world, "alarm", "other content", "pause") and says(world, "alarm", f"evil.{lab.ZONE}"),
             "the journal has both", lambda: world.msig["p1"].journal())
        done = world.msig["p1"].ctl("tracking", lab.ZONE).stdout
        t.ok("content different" in done and f"evil.{lab.ZONE} A" in done, "msigctl tracking shows it", done)

        before = frozenset(byhand.parent_ds(world.rig))
        world.rig.hsync(two)
        net.until(lambda: zone_of(world.msig["p2"].tracking()).get("process") or reasons(world, "p2"),
                  "p2 to see HSYNC", 30)
        world.msig["p1"].kill("agentd")
        world.msig["p1"].start("agentd")
        byhand.hold(8)
        t.ok(not byhand.shown([one], "DNSKEY", 4) and frozenset(byhand.parent_ds(world.rig)) == before
             and world.process("p1").get("phase") in (None, "idle", "none", "requested"),
             "a provider that is designated meanwhile does not join, also after a restart of agentd",
             lambda: str(world.process("p1")))
        edit(world, ("zone-unset", "evil"))
        equal(t, world, "taken back: it is right again by itself")
        # Either at once, or by way of an older version.
        t.ok(says(world, "step", "processes go on"), "and the journal says so",
             lambda: world.msig["p1"].journal())

        net.until(lambda: world.process("p1").get("phase") == "executing", "the join to go on", 60)
        edit(world, ("zone-set", "www", "60", "A", "192.0.2.67"))
        net.until(lambda: content(world)[0] == "different" and content(world)[1], "the alarm", 30)
        step = world.process("p1").get("step_name")
        byhand.hold(6)
        t.ok(step and world.process("p1").get("step_name") == step,
             f"altered in the middle of a join: it stands still at {step}", lambda: str(world.process("p1")))
        t.note(str(content(world)))
        one.signer.ctl("-f", "zone-retransfer", lab.ZONE)
        equal(t, world, "transferred anew: right again")
        t.ok(claims.finish(world, two, 90), "the join goes on to its end", lambda: world.logs(40))

        # Late is not wrong: the signer keeps an old version for too long.
        one.signer.ctl("zone-freeze", lab.ZONE)
        update(world.rig.owner.server, lab.ZONE, world.rig.owner_key, f"add late.{lab.ZONE} 60 A 192.0.2.9")
        net.until(lambda: content(world)[0] == "late", "the signer to be late", 20)
        t.ok(content(world)[1] == [] and not reasons(world), "a signer that shows the version before is late",
             lambda: str(reasons(world)))
        net.until(lambda: content(world)[0] == "overdue", "the signer to be overdue", 20)
        t.ok(says(world, "alarm", "older version") and not reasons(world), "for too long: a warning, and nothing pauses",
             lambda: str(reasons(world)))
        one.signer.ctl("zone-thaw", lab.ZONE)
        equal(t, world, "and when it has caught up, all is well")
        claims.never_bogus(t, world, "altered signers")
        claims.clean_end(t, world)


run_test(main)
