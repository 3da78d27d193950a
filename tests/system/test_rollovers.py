#!/usr/bin/python3
"""Keys roll at providers that sign together, on real signers that signerd moves: ZSKs at two of them
within a second, a KSK, a CSK, and the algorithm of all; never bogus."""

import time

import dns.name
import dns.rdatatype

from lab import ask, byhand, claims, msig, net, rig as lab
from lab.rig import ZONE
from lab.tap import Tap, full, skip_all
from lab.world import World, zone_of

PROVIDERS = 3 if full() else 2
NEEDED = msig.DAEMONS + ("msigctl", "signerd")


def roll(world, label, *what):
    """The operator's order."""
    return world.msig[label].ctl("roll", ZONE, *what)


def quiet(world):
    """Whether every provider's agent has nothing to do, and no order waits anywhere."""
    return world.in_sync(world.providers) and \
        all(not zone_of(world.msig[p.label].tracking()).get("orders") for p in world.providers)


def same_everywhere(world):
    """Whether the parent has a DS for each KSK and all show one DNSKEY set of all keys."""
    group = world.providers
    count = sum(len(p.keys()) for p in group)
    try:
        return (byhand.shown(group, "DNSKEY", count) and byhand.delegation(world.rig)
                == {p.ns for p in group} and {r.split()[0] for r in byhand.parent_ds(world.rig)}
                == {ds.split()[0] for p in group for ds in p.ksk(ZONE)})
    except OSError:
        return False


def rolled(t, world, what, before, seconds=120):
    """Waits until the keys that `before` holds ({label: (role, ids)}) are all replaced."""
    def done():
        return all(not set(p.stored(before[p.label][0], "published", "ready", "active", "retired"))
                   & set(before[p.label][1]) for p in world.providers if p.label in before) \
            and quiet(world) and same_everywhere(world)
    began = time.monotonic()
    try:
        net.until(done, what, seconds)
    except net.Timeout:
        return t.ok(False, what, lambda: world.logs(60) + "\n".join(
            str((world.msig[p.label].tracking() or {}).get("reasons")) for p in world.providers))
    return t.ok(True, f"{what} ({time.monotonic() - began:.0f} s)")


def active(provider, role):
    """(role, ids of the active keys of that role)."""
    return role, provider.stored(role, "active", "ready")


def algorithms(world):
    """Algorithms of the signatures over an address, by provider."""
    name = dns.name.from_text("www." + ZONE)
    return {p.label: {sig.algorithm for sig in ask.rrset(
        ask.ask(p.server, name, "A"), name, dns.rdatatype.A)[1]} for p in world.providers}


def main(t):
    """One group, one rollover after the other."""
    signers = {f"p{n + 1}": {"driver": True, "single": n == 2} for n in range(PROVIDERS)}
    with World(providers=PROVIDERS, signers=signers) as world:
        for joiner in world.providers[1:]:
            if not t.ok(claims.join(world, joiner), f"{joiner.label} joins", lambda: world.logs(60)):
                return
        first, second = world.providers[:2]
        before = {p.label: active(p, "zsk") for p in (first, second)}
        for p in (first, second):
            roll(world, p.label, "zsk")
        if not rolled(t, world, "the ZSKs of p1 and p2, ordered within a second", before):
            return
        before = {"p2": active(second, "ksk")}
        roll(world, "p2", "ksk")
        if not rolled(t, world, "the KSK of p2", before):
            return
        if PROVIDERS > 2:
            before = {"p3": active(world.providers[2], "ksk")}
            roll(world, "p3", "csk")
            if not rolled(t, world, "the CSK of p3", before):
                return
        before = {p.label: active(p, "ksk") for p in world.providers}
        roll(world, "p1", "algorithm", "15")
        if not rolled(t, world, "the algorithm, from 13 to 15, of all", before, 180):
            return
        t.equal(algorithms(world), {p.label: {15} for p in world.providers},
                "every signer signs with the new algorithm alone")
        claims.never_bogus(t, world, "rollovers")
        claims.clean_end(t, world)


if lab.missing() or msig.missing(NEEDED):
    skip_all("not found: " + " ".join(lab.missing() + msig.missing(NEEDED)))
with Tap() as tap:
    main(tap)
