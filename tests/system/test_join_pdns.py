#!/usr/bin/python3
"""PowerDNS as a signer: it joins a zone that Knot signs, and Knot joins one that it signs, under the
watcher; then the owner changes records, and both serve them."""

import dns.rdatatype

from lab import ask, byhand, claims, msig, net, rig as lab, tools
from lab.knot import update
from lab.pdns import PdnsProvider
from lab.rig import Provider
from lab.tap import Tap, skip_all
from lab.world import World


def owner_changes(t, world, what):
    """The owner adds, changes and removes; all members show it, signed."""
    rig = world.rig
    for number, (op, name, rdtype, rdata) in enumerate((
            ("add", "new", "A", "192.0.2.99"), ("add", "new", "TXT", '"two"'),
            ("del", "new", "A", "192.0.2.99"), ("add", "", "MX", "20 mail2"))):
        name = f"{name}.{lab.ZONE}" if name else lab.ZONE
        ttl = "3" if op == "add" else ""
        update(rig.owner.server, lab.ZONE, rig.owner_key, f"{op} {name} {ttl} {rdtype} {rdata}")
        expected = ask.rdata(rig.owner.server, name, rdtype)
        for p in world.providers:
            try:
                net.until(lambda p=p: ask.rdata(p.server, name, rdtype) == expected, "it", 15)
            except net.Timeout:
                pass
            t.equal(ask.rdata(p.server, name, rdtype), expected,
                    f"{what}: change {number + 1} of the owner is served by {p.label}")
    try:
        net.until(lambda: world.in_sync(world.providers), "both to be in sync", 20)
    except net.Timeout:
        pass
    t.ok(world.in_sync(world.providers), f"{what}: both agents say that all is in sync",
         lambda: world.logs(30))


def join(t, classes, what):
    """The second of two providers joins the first."""
    with World(providers=classes) as world:
        first, second = world.providers
        good = claims.join(world, second, 90)
        t.ok(good, f"{what}: the second provider joins", lambda: world.logs(40))
        if good:
            t.equal(byhand.delegation(world.rig), {first.ns, second.ns},
                    f"{what}: the parent names both providers' servers")
            owner_changes(t, world, what)
            keys = {rdtype: [ask.rdata(p.server, lab.ZONE, rdtype) for p in world.providers]
                    for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "NS")}
            for rdtype, (one, other) in keys.items():
                t.equal(one, other, f"{what}: both show the same {rdtype}")
        claims.never_bogus(t, world, what)
        claims.clean_end(t, world)


def main(t):
    """One join in each direction."""
    join(t, [Provider, PdnsProvider], "PowerDNS joins Knot")
    join(t, [PdnsProvider, Provider], "Knot joins PowerDNS")


absent = lab.missing() + msig.missing() + tools.missing(PdnsProvider.programs)
if absent:
    skip_all("not found: " + " ".join(absent))
with Tap() as tap:
    main(tap)
