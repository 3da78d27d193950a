#!/usr/bin/python3
"""Who only serves comes to sign, and who signs comes to serve only; and zones with one signer whose copies
others serve (case B of HSYNC: ON AGENT SIGN for one, ON AGENT NOSIGN for the rest). Never bogus."""

from lab import byhand, claims, group, msig, rig as lab
from lab.rig import ZONE
from lab.tap import Tap, full, skip_all
from lab.world import World, zone_of

NEEDED = (*msig.DAEMONS, "signerd", "msigctl")


def promoted(t, world, one, members):
    """The owner wants one that only serves to sign, too. Its name servers leave the delegation; then
    its operator has the server sign, and it joins as any other."""
    group.designate(world, one, state="ON")
    if not claims.until(t, world, f"{one.label} is to sign: its name servers go first",
                        lambda: world.told(members[0], f"ns-remove {one.identity}: complete"), 120):
        return False
    t.ok(one.ns not in byhand.delegation(world.rig), "the parent does not name it")
    t.equal(parent_ds(world), ds_of(members), "and has no DS for it")
    if not claims.until(t, world, f"{one.label} is blocked as long as its server shows another one's copy",
                        lambda: any(r["class"] == "blocked" for r in
                                    (world.msig[one.label].tracking() or {}).get("reasons", ()))
                        and world.process(one.label).get("phase") in (None, "requested"), 120):
        return False
    one.turn()
    return claims.until(t, world, f"its server signs now: {one.label} has joined",
                        lambda: group.settled(world, members + [one]), 120)


def plain(records):
    """DS records as texts that can be compared."""
    return {" ".join(ds.lower().split()[:3]) + " " + "".join(ds.lower().split()[3:]) for ds in records}


def ds_of(members):
    """DS records of these providers' keys."""
    return plain(ds for p in members for ds in p.ksk(ZONE))


def parent_ds(world):
    """DS records at the parent."""
    return plain(byhand.parent_ds(world.rig))


def demoted(t, world, one, members):
    """The owner wants one that signs to serve only: it stays named all the time, and its keys go when
    its servers show another one's copy."""
    named = {p.ns for p in members} | {one.ns}
    group.designate(world, one, sign="NOSIGN")
    if not claims.until(t, world, f"{one.label} is not to sign: its leave waits for its servers",
                        lambda: world.process(members[0].label).get("step_name") == "leaver-stopped", 120):
        return False
    t.equal(byhand.delegation(world.rig), named, "the parent names it")
    t.equal(world.says(members[0].label, "feed the name servers of that provider from a remaining "
                       "signer"), "", "and the reason is shown, with what to do")
    one.turn(members[0].label)
    good = claims.until(t, world, f"its server shows the copy of {members[0].label}: {one.label} signs no more",
                        lambda: group.settled(world, members, [one]), 120)
    t.equal(byhand.delegation(world.rig), named, "its name servers have stayed")
    return good


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
            if promoted(t, world, one, members):
                demoted(t, world, one, members)
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
    t.equal(parent_ds(world), ds_of([first]),
            "the parent has the signer's DS, and no other")
    for number, one in enumerate(copies):
        group.designate(world, one, state="OFF", sign="NOSIGN", upstream=first.identity)
        if not is_so(f"{one.label} is named no longer", *copies[number + 1:]):
            return False
    return True


if lab.missing() or msig.missing(NEEDED):
    skip_all("not found: " + " ".join(lab.missing() + msig.missing(NEEDED)))
msig.Msig.hold_down = "2s"
with Tap() as tap:
    for number in (3, 2) if full() else (3,):
        changes(tap, number)
        one_signer(tap, number)
