#!/usr/bin/python3
"""Keys roll at providers that sign together, on real signers that signerd moves: ZSKs at two of them
within a second, a KSK, a CSK, and the algorithm of all; never bogus."""

import time

import dns.name
import dns.rdatatype

from lab import ask, claims, group, msig, net, rig as lab
from lab.rig import ZONE
from lab.tap import Tap, full, skip_all
from lab.world import World

PROVIDERS = 3 if full() else 2
NEEDED = msig.DAEMONS + ("msigctl", "signerd")


def rolled(t, world, what, orders, seconds=120):
    """Orders, and waits for what they order."""
    began = time.monotonic()
    rollover = group.Rollover(world, world.providers, orders)
    try:
        net.until(rollover.done, what, seconds)
    except net.Timeout:
        return t.ok(False, what, lambda: world.logs(60) + "\n".join(
            str((world.msig[p.label].tracking() or {}).get("reasons")) for p in world.providers))
    return t.ok(True, f"{what} ({time.monotonic() - began:.0f} s)")


def algorithms(world):
    """Algorithms of the signatures over an address, by provider."""
    name = dns.name.from_text("www." + ZONE)
    return {p.label: {sig.algorithm for sig in ask.rrset(
        ask.ask(p.server, name, "A"), name, dns.rdatatype.A)[1]} for p in world.providers}


def main(t):
    """One group, one rollover after the other."""
    signers = {f"p{n + 1}": {"driver": True, "single": n == 2, "mode": "B" if n == 1 else "A"}
               for n in range(PROVIDERS)}
    with World(providers=PROVIDERS, signers=signers) as world:
        for joiner in world.providers[1:]:
            if not t.ok(claims.join(world, joiner), f"{joiner.label} joins", lambda: world.logs(60)):
                return
        acts = [("the ZSKs of p1 and p2, ordered within a second", {"p1": ("zsk",), "p2": ("zsk",)}),
                ("the KSK of p2", {"p2": ("ksk",)}),
                ("the algorithm, from 13 to 15, of all", {"p1": ("algorithm", "15")})]
        if PROVIDERS > 2:
            acts.insert(2, ("the CSK of p3", {"p3": ("csk",)}))
        for what, orders in acts:
            if not rolled(t, world, what, orders, 180):
                return
        t.equal(algorithms(world), {p.label: {15} for p in world.providers},
                "every signer signs with the new algorithm alone")
        claims.never_bogus(t, world, "rollovers")
        claims.clean_end(t, world)


if lab.missing() or msig.missing(NEEDED):
    skip_all("not found: " + " ".join(lab.missing() + msig.missing(NEEDED)))
with Tap() as tap:
    main(tap)
