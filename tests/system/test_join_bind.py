#!/usr/bin/python3
"""BIND as a signer, fed by push: it joins a zone that Knot signs, and Knot joins one that it signs,
under the watcher; then the owner changes records, and both serve them."""

import json

from lab import ask, byhand, claims, msig, net, rig as lab, tools
from lab.bind import BindProvider, BumpProvider
from lab.knot import update
from lab.rig import Provider
from lab.tap import Tap, skip_all
from lab.world import World


def shown(provider, name, rdtype):
    """What a provider's public name server answers."""
    return ask.rdata(provider.server, name, rdtype)


def owner_changes(t, world, what):
    """The owner adds, changes and removes; all members show it."""
    rig = world.rig
    for number, (op, name, rdtype, rdata) in enumerate((
            ("add", "new", "A", "192.0.2.99"), ("add", "new", "TXT", '"two"'),
            ("del", "new", "A", "192.0.2.99"), ("add", "", "MX", "20 mail2"))):
        name = f"{name}.{lab.ZONE}" if name else lab.ZONE
        ttl = "3" if op == "add" else ""
        update(rig.owner.server, lab.ZONE, rig.owner_key, f"{op} {name} {ttl} {rdtype} {rdata}")
        expected = shown(rig.owner, name, rdtype)
        for p in world.providers:
            try:
                net.until(lambda p=p, n=name, r=rdtype, e=expected: shown(p, n, r) == e, "it", 15)
            except net.Timeout:
                pass
            t.equal(shown(p, name, rdtype), expected,
                    f"{what}: change {number + 1} of the owner is served by {p.label}")
    try:
        net.until(lambda: world.in_sync(world.providers), "both to be in sync", 20)
    except net.Timeout:
        pass
    t.ok(world.in_sync(world.providers), f"{what}: both agents say that all is in sync",
         lambda: world.logs(30))


def stays(t, world, what):
    """named looks after its keys again and again: it leaves the shared RRsets as they are."""
    types = ("DNSKEY", "CDS", "CDNSKEY", "NS")
    before = {r: shown(p, lab.ZONE, r) for p in world.providers for r in types}
    for p in world.providers:
        if not isinstance(p, BindProvider):
            continue
        serial = ask.ask(p.server, lab.ZONE, "SOA").answer[0][0].serial
        p.bind.child.kill()
        p.bind.start()
        net.until(lambda p=p: "next key event" in p.bind.log(), "named to look after its keys")
        rig = world.rig
        update(rig.owner.server, lab.ZONE, rig.owner_key, f"add again.{lab.ZONE} 3 A 192.0.2.1")
        net.until(lambda p=p, s=serial: shown(p, "again." + lab.ZONE, "A")
                  and ask.ask(p.server, lab.ZONE, "SOA").answer[0][0].serial != s, "it", 30)
    after = {r: shown(p, lab.ZONE, r) for p in world.providers for r in types}
    t.equal(after, before, f"{what}: a restart of named (kill -9) leaves the shared RRsets alone")


def join(t, classes, what):
    """The second of two providers joins the first."""
    with World(providers=classes) as world:
        first, second = world.providers
        good = claims.join(world, second, 120)
        t.ok(good, f"{what}: the second provider joins", lambda: world.logs(40))
        if good:
            t.equal(byhand.delegation(world.rig), {first.ns, second.ns},
                    f"{what}: the parent names both providers' servers")
            owner_changes(t, world, what)
            stays(t, world, what)
            for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "NS"):
                one, other = (shown(p, lab.ZONE, rdtype) for p in world.providers)
                t.equal(one, other, f"{what}: both show the same {rdtype}")
        claims.never_bogus(t, world, what)
        claims.clean_end(t, world)


def doctor(world, label):
    """What msigctl doctor finds, by check."""
    done = world.msig[label].ctl("doctor", lab.ZONE, "--json", check=False)
    try:
        return {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    except (ValueError, KeyError):
        return {}


def refused(t):
    """BIND as a secondary that signs is found out by what it drops, before anybody approves its
    join: the parent and the other provider's servers know nothing of it."""
    what = "BIND as a bump in the wire"
    with World(providers=[Provider, BumpProvider]) as world:
        first, second = world.providers
        before = byhand.parent_ds(world.rig), byhand.delegation(world.rig)
        world.rig.hsync(second)
        try:
            net.until(lambda: doctor(world, "p2").get("foreign-dnskey", {}).get("state") == "fail",
                      "doctor to find it", 40)
        except net.Timeout:
            pass
        found = doctor(world, "p2").get("foreign-dnskey", {})
        t.ok(found.get("state") == "fail", f"{what}: doctor finds that it drops keys",
             lambda: f"{doctor(world, 'p2')}\n{world.logs(40)}")
        fix = found.get("fix", {}).get("bind", "")
        for words in ("type primary;", "inline-signing no;", "update-policy", "signer-feed: push"):
            t.ok(words in fix, f"{what}: it says what to change: {words}", str(found))
        log = world.msig["p2"].daemons["agentd"].log
        with open(log, encoding="utf-8") as text:
            t.ok("the signer drops them" in text.read(), f"{what}: so does agentd's log", log)
        world.counted(lab.ZONE, "mixed", 60)
        why = world.msig["p2"].ctl("why", lab.ZONE, check=False).stdout
        t.ok("have that signer keep DNSKEYs that are not its own" in why,
             f"{what}: why says what keeps it out", why)
        t.equal(shown(first, lab.ZONE, "DNSKEY") & shown(second, lab.ZONE, "DNSKEY"), set(),
                f"{what}: no member shows its keys, and it shows nobody's")
        t.equal(world.process("p1"), {}, f"{what}: no process has begun")
        t.equal((byhand.parent_ds(world.rig), byhand.delegation(world.rig)), before,
                f"{what}: the parent is not told of it")
        t.equal(shown(second, lab.ZONE, "CDS") & shown(first, lab.ZONE, "CDS"), set(),
                f"{what}: it is never given CDS, which would take the whole zone down")
        t.ok(shown(second, "www." + lab.ZONE, "A"), f"{what}: it serves the zone")
        claims.never_bogus(t, world, what)


def main(t):
    """One join in each direction, and one that must not be."""
    refused(t)
    join(t, [Provider, BindProvider], "BIND joins Knot")
    join(t, [BindProvider, Provider], "Knot joins BIND")


absent = lab.missing() + msig.missing() + tools.missing(BindProvider.programs)
if absent:
    skip_all("not found: " + " ".join(absent))
with Tap() as tap:
    main(tap)
