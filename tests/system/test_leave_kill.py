#!/usr/bin/python3
"""A provider dies for good in the middle of its own leave, with its signer, its name server and all
daemons: those who remain take it out by their operators' word, and the leave ends; never bogus."""

from lab import byhand, claims, group
from lab.tap import full
from lab.world import World, run_test, zone_of

# How many there are, what begins the leave of the last one ("OFF": the owner; "word": the operators,
# while HSYNC has it yet, so that it does not act along), and at which step it dies.
CASES = ((3, "OFF", "csync-added"), (2, "word", "csync-added"))
MORE = ((3, "word", "csync-added"), (3, "OFF", "parent-ds-synced"), (2, "OFF", "leaver-stopped"),
        (2, "OFF", "parent-ds-synced"))


def stands(world, members, step):
    """Whether the leave stands at a step, at the one who asks for it; the parent rests from where it is
    to."""
    run = world.process(members[0].label)
    at = run.get("step_name") if run.get("kind") == "remove-signer" else None
    if step == "parent-ds-synced" and at == "leaver-stopped":
        world.scanner.rests = True
    return at == step


def leave(t, count, begun, step):
    """One case."""
    what = f"one of {count} dies at {step} of its leave, which {begun} began"
    with World(providers=count) as world:
        members, leaver = world.providers[:-1], world.providers[-1]
        for joiner in world.providers[1:]:
            if not t.ok(claims.join(world, joiner), f"{joiner.label} joins", lambda: world.logs(40)):
                return
        world.scanner.rests = step == "csync-added"
        if begun == "word":
            group.force(world, members, leaver)
        else:
            group.designate(world, leaver, state="OFF")
        if not claims.until(t, world, f"the leave comes to {step}", lambda: stands(world, members, step), 120):
            return
        group.dies(world, leaver)
        t.ok(stands(world, members, step),
             f"{leaver.label} is dead, and its leave stands at {step}")
        if step == "csync-added":
            t.ok(leaver.ns in byhand.delegation(world.rig), "the parent names it yet")
        world.scanner.rests = False
        if begun == "OFF":
            group.force(world, members, leaver)
        claims.until(t, world, f"{what}: it is out, and nothing runs",
                     lambda: group.settled(world, members)
                     and not any(world.process(p.label) for p in members), 120)
        out = {p.label: [q["provider"] for q in zone_of(world.msig[p.label].tracking())["providers"]
                         if q["expelled"]] for p in members}
        t.equal(out, {p.label: [leaver.identity] for p in members}, "all say by whose word")
        t.ok(all(world.told(p, f"remove-signer {leaver.identity}: complete") for p in members),
             "and that its leave is complete")
        claims.never_bogus(t, world, what, down=(leaver.label,))
        for child in [c for p in members for c in world.msig[p.label].daemons.values()]:
            t.ok(child.running, f"{child.name} still runs", child.tail)


def main(tap):
    """Each way to be killed in a leave."""
    for case in CASES + MORE if full() else CASES:
        leave(tap, *case)


run_test(main, hold_down="2s")
