#!/usr/bin/python3
"""agentd's database is lost in the middle of a leave, in each of its steps, at the leaver, at the one that stays
and at both: confirmed, the leave goes on from what is there, and the zone is never bogus. Then the leaver
comes back. In the end it stays to serve only, and its database is lost before it has heard of that."""

from lab import claims, database, group, net
from lab.rig import ZONE
from lab.tap import full
from lab.world import World, run_test, zone_of

# A step of remove-signer that waits for p1's operator, and whose databases are lost then.
STEPS = (
    ("nses-synced", ("p2",)),
    ("csync-added", ("p1",)),
    ("parent-ns-synced", ("p1", "p2")),
    ("leaver-stopped", ("p2",)),
    ("cds-added", ("p1", "p2")),
    ("parent-ds-synced", ("p1",)),
    ("dnskeys-synced", ("p1", "p2")),
)


def lost(t, world, labels, what):
    """These databases are lost, and confirmed one after the other; until then nothing moves."""
    before = {label: database.held(world, label) for label in labels}
    for label in labels:
        database.replace(world, label, None)
    if not claims.until(t, world, f"{what}: the loss is noticed",
                        lambda: all(database.in_doubt(world, label) for label in labels), 30):
        return False
    for label in labels:
        t.equal(database.held(world, label), before[label], f"{what}: {label}'s combinerd holds what it held")
        database.confirm(world, label)
    return True


def leave(t, world, step, labels):
    """p2 leaves, its databases are lost at that step, and it is out; then it is back."""
    first, second = world.providers
    what = f"{' and '.join(labels)} before {step}"
    world.msig["p1"].ctl("step", ZONE, "on", "remove-signer")
    group.designate(world, second, state="OFF")
    if not claims.until(t, world, f"the leave comes to {step}", lambda: group.comes_to(world, "remove-signer", step), 120) or \
            not lost(t, world, labels, what):
        return False
    world.msig["p1"].ctl("step", ZONE, "off")
    if not claims.until(t, world, f"{what}: p2 is out", lambda: group.settled(world, [first]), 180):
        return False
    net.until(lambda: zone_of(world.msig["p2"].tracking()).get("process") is None, "p2 to rest", 60)
    group.designate(world, second, state="ON")
    return t.ok(claims.finish(world, second, 120), f"{what}: p2 is designated again, and joins",
                lambda: world.logs(60))


def serves_only(t, world):
    """The owner wants p2 to serve only, and its database is lost before anything has gone: it signs yet."""
    first, second = world.providers
    world.msig["p1"].ctl("step", ZONE, "on", "remove-signer")
    group.designate(world, second, sign="NOSIGN")
    if not claims.until(t, world, "p2 is not to sign any more: its leave comes to csync-added",
                        lambda: group.comes_to(world, "remove-signer", "csync-added"), 120) or \
            not lost(t, world, ("p2",), "p2 alone"):
        return
    world.counted(ZONE, "mixed", 40)
    world.msig["p1"].ctl("step", ZONE, "off")
    if not claims.until(t, world, "its leave waits for its servers", lambda: world.says(
            "p1", "feed the name servers of that provider from a remaining signer") == "", 120):
        return
    second.turn("p1")
    claims.until(t, world, "its server shows p1's copy: p2 signs no more",
                 lambda: group.settled(world, [first], [second]), 180)


def main(t):
    """All steps in check-full, else one."""
    with World(signers={"p1": {"driver": True}, "p2": {"driver": True}}) as world:
        if not t.ok(claims.join(world, world.providers[1]), "p2 joins", lambda: world.logs(40)):
            return
        if all([leave(t, world, *row) for row in (STEPS if full() else STEPS[2:3])]):
            serves_only(t, world)
        claims.never_bogus(t, world, "leaves whose databases were lost")
        claims.clean_end(t, world)


run_test(main, hold_down="2s")
