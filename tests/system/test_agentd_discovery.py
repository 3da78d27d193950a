#!/usr/bin/python3
"""Discovery of a peer is DNSSEC-secure or nothing: an identity zone without DS, or with a wrong one,
stops the join before a word is said; and the join goes on when it is right."""

from lab import claims, msig, net, rig as lab
from lab.knot import update
from lab.rig import PARENT, TTL
from lab.tap import Tap, skip_all
from lab.world import World


def delegation(world, *lines):
    """The parent's word on p2's identity zone."""
    return update(world.rig.parent.server, PARENT, world.rig.parent_key, *lines)


def trouble(world):
    """What p1 says about discovering p2."""
    answer = world.msig["p1"].ask("peers") or {}
    for peer in answer.get("peers", []):
        if peer.get("peer", "").startswith("msa.p2."):
            return peer.get("state"), peer.get("trouble", "")
    return None, ""


def forget(world):
    """p1's observer forgets what it has looked up: resolvers keep a verdict for a minute."""
    world.rig.resolver.control("flush_zone", world.providers[1].domain)
    world.msig["p1"].kill("transportd")
    world.msig["p1"].start("transportd")


def refuses(t, world, what, word):
    """p1 does not get on with p2, and says why."""
    try:
        net.until(lambda: word in trouble(world)[1], f"p1 to say {word}", 90)
        good = True
    except net.Timeout:
        good = False
    state, said = trouble(world)
    t.ok(good and state == "needed", f"{what}: nothing is said to it ({said})",
         lambda: world.logs(30))


def main(t):
    """Insecure, then bogus, then secure."""
    with World(providers=2, watch=False) as world:
        two = world.providers[1]
        ds = two.ksk(two.domain)
        delegation(world, f"delete {two.domain} DS")
        forget(world)
        world.rig.hsync(two)
        refuses(t, world, "no DS for the identity zone", "insecure")
        wrong = ds[0].split()
        wrong[-1] = "0" * len(wrong[-1])
        delegation(world, f"add {two.domain} {TTL['ds']} DS {' '.join(wrong)}")
        forget(world)
        refuses(t, world, "a wrong DS for the identity zone", "bogus")
        delegation(world, f"delete {two.domain} DS",
                   *(f"add {two.domain} {TTL['ds']} DS {record}" for record in ds))
        forget(world)
        t.ok(claims.join(world, two, 150), "the right DS: the join goes through",
             lambda: world.logs(40))


if lab.missing() or msig.missing():
    skip_all("not found: " + " ".join(lab.missing() + msig.missing()))
with Tap() as tap:
    main(tap)
