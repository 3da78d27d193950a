#!/usr/bin/python3
"""Discovery of a peer is DNSSEC-secure or nothing: an identity zone without DS, or with a wrong one,
stops the join before a word is said; and the join goes on when it is right."""

import os
import time

from lab import claims, net
from lab.knot import update
from lab.rig import PARENT, TTL
from lab.tcp import control
from lab.world import World, run_test


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


def next_lookup(world):
    """Seconds until p1 looks p2 up again by itself."""
    answer = world.msig["p1"].ask("peers") or {}
    for peer in answer.get("peers", []):
        if peer["peer"].startswith("msa.p2."):
            return peer["next_lookup"] / 1000 - time.time()
    return 0


def claims_heard(world):
    """HELLOs of an undiscovered peer that p1's transportd has told agentd about."""
    answer = control(os.path.join(world.msig["p1"].home, "run/transportd.ctl"), "counters") or {}
    return answer.get("claims", 0)


def far_away(world):
    """p1's regular look-ups of p2 are minutes apart."""
    p1 = world.msig["p1"]
    net.until(lambda: next_lookup(world) > 10, "look-ups to be apart", 60)
    with open(p1.conf, encoding="ascii") as conf:
        text = conf.read()
    with open(p1.conf, "w", encoding="ascii") as conf:
        conf.write(text.replace("hello-retry: 500ms", "hello-retry: 2s"))
    p1.ctl("reload")
    net.until(lambda: next_lookup(world) > 100, "look-ups to be far apart", 60)
    last = next_lookup(world)
    net.until(lambda: next_lookup(world) < last - 4, "a look-up to be allowed again", 20)


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
        world.msig["p2"].kill("agentd")
        far_away(world)
        delegation(world, f"delete {two.domain} DS",
                   *(f"add {two.domain} {TTL['ds']} DS {record}" for record in ds))
        forget(world)
        net.until(lambda: world.msig["p1"].answers(), "p1's transportd", 20)
        later = next_lookup(world)
        t.ok(trouble(world)[0] == "needed" and later > 60,
             f"right again: by itself p1 would look after {later:.0f} s", trouble(world))
        world.msig["p2"].start("agentd")
        net.until(lambda: claims_heard(world) > 0, "HELLO of p2", 20, every=0.02)
        began = time.monotonic()
        net.until(lambda: trouble(world)[0] not in (None, "needed"), "p2 to be found", 20, every=0.05)
        took = time.monotonic() - began
        t.ok(took < 3, f"p2's HELLO makes p1 look at once: found after {took:.1f} s", lambda: world.logs(40))
        t.ok(claims.finish(world, two, 150), "and the join goes through", lambda: world.logs(40))


run_test(main)
