#!/usr/bin/python3
"""Who only serves comes to sign, and who signs comes to serve only; and zones with one signer whose copies
others serve (case B of HSYNC: ON AGENT SIGN for one, ON AGENT NOSIGN for the rest). Never bogus."""

from lab import byhand, claims, group, msig, turns
from lab.tap import full
from lab.world import World, run_test, zone_of

NEEDED = (*msig.DAEMONS, "signerd", "msigctl")


def at_rest(t, world, one):
    """What its combinerd serves is not what its server shows, and that is nobody's fault."""
    byhand.hold(6)  # longer than agent.egress-settle of the lab
    t.ok(not world.told(one, "other content than combinerd serves")
         and zone_of(world.msig[one.label].tracking())["digest"] == "unknown",
         f"the content of {one.label}'s server is not held against it",
         lambda: str(world.msig[one.label].tracking()))


def changes(t, count):
    """The last of so many providers serves only, signs, serves only."""
    last = f"p{count}"
    with World(providers=count, signers={last: {"upstream": "p1"}}) as world:
        members, one = world.providers[:-1], world.providers[-1]
        for joiner in members[1:]:
            if not t.ok(claims.join(world, joiner), f"{joiner.label} joins", lambda: world.logs(60)):
                return
        byhand.hold(6)  # longer than agent.egress-settle of the lab: its server shows others' NS
        t.ok(not world.told(one, "other content than combinerd serves"),
             f"of {one.label}, of which HSYNC says nothing yet, other content is expected", world.logs)
        group.designate(world, one, sign="NOSIGN")
        if claims.until(t, world, f"{one.label} only serves, and is named",
                        lambda: group.settled(world, members, [one]), 120):
            at_rest(t, world, one)
            if turns.promoted(t, world, one, members):
                turns.demoted(t, world, one, members)
        claims.never_bogus(t, world, f"NOSIGN, SIGN, NOSIGN with {count}")
        claims.clean_end(t, world)


def one_signer(t, count):
    """Case B: p1 alone signs, the others serve its copy; they come and go, and its keys roll."""
    signers = {f"p{n}": {"upstream": "p1"} for n in range(2, count + 1)}
    with World(providers=count, signers={"p1": {"driver": True}, **signers}) as world:
        first, *copies = world.providers
        if case_b(t, world, first, copies):
            t.equal(byhand.delegation(world.rig), {first.ns}, "the parent names p1 alone again")
        claims.never_bogus(t, world, f"one signer of {count}")
        claims.clean_end(t, world)


def case_b(t, world, first, copies):
    """True when all of it went well."""
    def is_so(what, *serving):
        return claims.until(t, world, what, lambda: group.settled(world, [first], serving), 120)

    def rolls(kind):
        rollover = group.Rollover(world, [first], {"p1": (kind,)}, copies)
        return claims.until(t, world, f"the one signer rolls its {kind.upper()}", rollover.done, 120)

    for number, one in enumerate(copies):
        group.designate(world, one, sign="NOSIGN", upstream=first.identity)
        if not is_so(f"{one.label} serves the signer's copy, and is named", *copies[:number + 1]):
            return False
    if not rolls("zsk") or not rolls("ksk"):
        return False
    t.equal(turns.parent_ds(world), turns.ds_of([first]),
            "the parent has the signer's DS, and no other")
    for number, one in enumerate(copies):
        group.designate(world, one, state="OFF", sign="NOSIGN", upstream=first.identity)
        if not is_so(f"{one.label} is named no longer", *copies[number + 1:]):
            return False
    return True


def main(tap):
    """With three providers, and with two in check-full."""
    for number in (3, 2) if full() else (3,):
        changes(tap, number)
        one_signer(tap, number)


run_test(main, needed=NEEDED, hold_down="2s")
