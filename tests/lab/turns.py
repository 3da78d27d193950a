"""Who only serves comes to sign, and who signs comes to serve only: one instruction of the owner each, and
what its operator does when the agents ask for it."""

from . import byhand, claims, group
from .rig import ZONE


def promoted(t, world, one, members, **while_waiting):
    """The owner wants one that only serves to sign, too. Its name servers leave the delegation; then
    its operator has the server sign, and it joins as any other. while_waiting: see claims.until()."""
    group.designate(world, one, state="ON")
    if not claims.until(t, world, f"{one.label} is to sign: its name servers go first",
                        lambda: world.told(members[0], f"ns-remove {one.identity}: complete"),
                        **while_waiting):
        return False
    t.ok(one.ns not in byhand.delegation(world.rig), "the parent does not name it")
    t.equal(parent_ds(world), ds_of(members), "and has no DS for it")
    if not claims.until(t, world, f"{one.label} is blocked as long as its server shows another one's copy",
                        lambda: any(r["class"] == "blocked" for r in
                                    (world.msig[one.label].tracking() or {}).get("reasons", ()))
                        and world.process(one.label).get("phase") in (None, "requested"), **while_waiting):
        return False
    one.turn()
    return claims.until(t, world, f"its server signs now: {one.label} has joined",
                        lambda: group.settled(world, members + [one]), **while_waiting)


def plain(records):
    """DS records as texts that can be compared."""
    return {" ".join(ds.lower().split()[:3]) + " " + "".join(ds.lower().split()[3:]) for ds in records}


def ds_of(members):
    """DS records of these providers' keys."""
    return plain(ds for p in members for ds in p.ksk(ZONE))


def parent_ds(world):
    """DS records at the parent."""
    return plain(byhand.parent_ds(world.rig))


def demoted(t, world, one, members, **while_waiting):
    """The owner wants one that signs to serve only: it stays named all the time, and its keys go when
    its servers show another one's copy. while_waiting: see claims.until()."""
    named, first = {p.ns for p in members} | {one.ns}, members[0].label
    words = "feed the name servers of that provider from a remaining signer"
    group.designate(world, one, sign="NOSIGN")
    if not claims.until(t, world, f"{one.label} is not to sign: its leave waits for its servers, and says so",
                        lambda: world.process(first).get("step_name") == "leaver-stopped"
                        and not world.says(first, words, seconds=0), **while_waiting):
        return False
    t.equal(byhand.delegation(world.rig), named, "the parent names it")
    one.turn(first)
    good = claims.until(t, world, f"its server shows the copy of {first}: {one.label} signs no "
                        "more", lambda: group.settled(world, members, [one]), **while_waiting)
    t.equal(byhand.delegation(world.rig), named, "its name servers have stayed")
    return good
