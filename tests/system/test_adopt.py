#!/usr/bin/python3
"""A zone that several providers sign already, by hand, as scripts or another implementation left it: the
daemons are put in between with empty databases. They find what is there, and take nothing back; then a
key rolls. Never bogus."""

import os
import time

from lab import ask, byhand, claims, group, msig, tools
from lab.bind import BindProvider
from lab.byhand import HandFed
from lab.knot import update
from lab.pdns import PdnsProvider
from lab.rig import TTL, ZONE
from lab.tap import full
from lab.world import World, run_test, zone_of

NEEDED = (*msig.DAEMONS, "signerd", "msigctl")


class HandFedPdns(HandFed, PdnsProvider):
    """The same with PowerDNS as signer."""

    def follow(self, other_serial):
        address, port, _ = self.master()
        self.signer.util("change-secondary-zone-primary", ZONE, f"{address}:{port}")


class HandFedBind(BindProvider):
    """named is a primary, and has by UPDATE what they share; combinerd, fed by the owner, pushes into it
    later."""

    settled = True

    def configure(self, masters):
        super().configure(masters)
        with open(os.path.join(self.bind.home, ZONE + "zone"), "w", encoding="ascii") as out:
            out.write(self.rig.content(ZONE, self.rig.providers[0].ns))


class Itself:
    """named in the place of a stand-in before itself."""

    feeds = True

    def __init__(self, provider):
        self.provider, self.knot = provider, provider.bind

    def start(self):
        """It is the signer."""

    def change(self, *lines):
        """One UPDATE."""
        update(self.provider.bind.server, ZONE, self.provider.signer_key, *lines)

    def feed(self):
        """From now on combinerd puts right what is changed by hand."""
        self.feeds = False

    hand_over = end = start


class ByHand(World):
    """A stand-in feeds every signer; the daemons are configured, and not started."""

    def configure(self, combiner, level):
        for p in self.providers:
            self.msig[p.label] = msig.Msig(self.rig, p, level)
            p.records = self.msig[p.label].make_identity()
        super().configure("knot", level)
        self.ready, self.msig = self.msig, {}
        for p in self.providers:
            if isinstance(p, HandFedBind):
                self.stand[p.label] = Itself(p)

    def steady(self, t):
        """One after the other is let in by hand."""
        for number, joiner in enumerate(self.providers[1:], 1):
            byhand.join(self.rig, lambda p, *lines: self.stand[p.label].change(*lines),
                        self.providers[:number], joiner, t.note)
        return self.joined(self.providers)

    def hsync(self):
        """Designates all, in the owner's zone and in what each is fed with; the owner names all."""
        lines = [f"add {ZONE} {TTL['ns']} TYPE{ask.HSYNC} {ask.hsync(p.identity)}"
                 for p in self.providers]
        update(self.rig.owner.server, ZONE, self.rig.owner_key, *lines,
               *(f"add {ZONE} {TTL['ns']} NS {p.ns}" for p in self.providers))
        for stand in self.stand.values():
            stand.change(*lines)

    def served(self, name):
        """Whether all servers show a name's TXT."""
        return all(ask.rdata(p.server, f"{name}.{ZONE}", "TXT") for p in self.providers)

    def owner_has_all(self):
        """The owner's zone has by hand what they share: combinerd gets it there from the beginning."""
        update(self.rig.owner.server, ZONE, self.rig.owner_key, *byhand.key_records(self.providers),
               *byhand.cds_records(self.providers))
        for p in self.providers:
            p.settled = True
            write(self.ready[p.label])

    def combiner(self, label):
        """The state of the zone at a combinerd."""
        return (self.msig[label].ask("merge", ZONE) or {}).get("state")


def write(daemons):
    """Writes msig.conf anew."""
    with open(daemons.conf, "w", encoding="ascii") as conf:
        conf.write(daemons.text("info"))


def change(world, name):
    """A change of the zone where it comes from."""
    record = f"add {name}.{ZONE} {TTL['txt']} TXT new"
    update(world.rig.owner.server, ZONE, world.rig.owner_key, record)
    for stand in world.stand.values():
        if stand.feeds:
            stand.change(record)


def between(t, world):
    """combinerd between what feeds each signer and the signer: it passes on what it gets."""
    world.msig = world.ready
    for p in world.providers:
        world.stand[p.label].feed()
        world.msig[p.label].start("combinerd")
        if not claims.until(t, world, f"{p.label}'s combinerd has the zone, and passes it on as it is",
                            lambda p=p: world.combiner(p.label) == "plain", 60):
            return False
        world.stand[p.label].hand_over()
    change(world, "between")
    return claims.until(t, world, "every signer has a change by way of its combinerd",
                        lambda: world.served("between"), 60)


def agents(t, world):
    """One agentd after the other; none does anything before the last one is there."""
    shared = [shared_sets(p) for p in world.providers]
    late, *early = world.providers
    for p in early:
        world.msig[p.label].start("transportd", "agentd")
        world.msig[p.label].ready()
    for p in early:
        claims.until(t, world, f"{p.label} finds itself in the delegation: a member",
                     lambda p=p: world.told(p, "this provider is a member"), 60)
        t.equal(world.says(p.label, f"{late.identity}: expected operational", seconds=60), "",
                f"{p.label} says for whom it waits")
    world.counted(ZONE, None, 100)
    t.equal({p.label: world.combiner(p.label) for p in world.providers},
            {p.label: "plain" for p in world.providers}, "until then no combinerd is told anything")
    world.msig[late.label].start("transportd", "agentd")
    everybody = {p.identity for p in world.providers}
    good = claims.until(t, world, "all agents are there: in sync, with all as members", lambda: all(
        members(world, p) == everybody for p in world.providers) and world.in_sync(world.providers), 120)
    t.equal([shared_sets(p) for p in world.providers], shared, "what the servers share is what it was")
    t.equal({p.label: world.combiner(p.label) for p in world.providers},
            {p.label: "merged" for p in world.providers}, "every combinerd has an overlay")
    told = {p.label: [e["text"] for e in world.msig[p.label].journal() if "add-signer" in e["text"]]
            for p in world.providers}
    t.equal(told, {p.label: [] for p in world.providers}, "nobody had to join")
    return good


def members(world, provider):
    """Identities that an agent has as members."""
    known = zone_of(world.msig[provider.label].tracking()).get("providers", ())
    return {one["provider"] for one in known if one["member"]}


def shared_sets(provider):
    """What a server shows of what they share."""
    return {rdtype: ask.rdata(provider.server, ZONE, rdtype)
            for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "NS", "CSYNC")}


def owner_alone(t, world):
    """combinerd gets the zone from the owner, who has none of the records that were put in by hand, or has
    them no more; what fed the signers before is switched off."""
    for p in world.providers:
        daemons = world.msig[p.label]
        if not p.settled:
            p.settled = True
            write(daemons)
            daemons.ctl("reload")
            daemons.ctl("retransfer", ZONE)
        world.stand[p.label].end()
    update(world.rig.owner.server, ZONE, world.rig.owner_key,
           *(f"del {ZONE} {rdtype}" for rdtype in ("DNSKEY", "CDS", "CDNSKEY")))
    change(world, "owner")
    return claims.until(t, world, "the owner alone feeds them, and all are in sync", lambda: world.served(
        "owner") and world.joined(world.providers) and world.in_sync(world.providers), 60)


def adopt(t, signers, owner=False):
    """The whole way, with signers that are as said. owner: the owner's zone has what they share, and not
    what each of them is fed with."""
    what = " + ".join(signers) + (", all of it in the owner's zone" if owner else "")
    attributes = {f"p{n}": KINDS[kind][1] for n, kind in enumerate(signers, 1)}
    with ByHand(providers=[KINDS[kind][0] for kind in signers], combiner="knot",
                signers=attributes) as world:
        if not t.ok(world.steady(t), f"{what}: all sign, by hand, and the parent has and names all"):
            return
        since = time.time()
        world.hsync()
        if owner:
            world.owner_has_all()
        if between(t, world) and agents(t, world) and owner_alone(t, world):
            t.equal(world.judge.undone(ZONE, since), [],
                    "no server, nor the parent, ever lost a record of what is shared")
            last = world.providers[-1].label
            rollover = group.Rollover(world, world.providers, {last: ("zsk",)})
            if claims.until(t, world, f"{last} rolls its ZSK", rollover.done, 150) and full():
                group.designate(world, world.providers[0], state="OFF")
                claims.until(t, world, "p1 leaves, with all that was put in for it by hand",
                             lambda: group.settled(world, world.providers[1:]), 150)
        claims.never_bogus(t, world, what)
        claims.clean_end(t, world)


# Signers: class, and what is said of them; signerd moves the keys of all but the first.
KINDS = {"knot": (HandFed, {}), "knot driven": (HandFed, {"driver": True}),
         "knot-all": (HandFed, {"driver": True, "mode": "B"}),
         "pdns": (HandFedPdns, {"driver": True, "mode": "B"}),
         "bind": (HandFedBind, {"driver": True})}

def main(tap):
    """Two signers, and three in check-full."""
    adopt(tap, ("knot", "knot-all"))
    if full():
        adopt(tap, ("knot", "knot driven"), owner=True)
        adopt(tap, ("knot", "knot-all", "knot driven"))
        for kind, programs in (("pdns", PdnsProvider.programs), ("bind", BindProvider.programs)):
            if tools.missing(programs):
                tap.skip(f"knot + {kind}", "not found: " + " ".join(tools.missing(programs)))
            else:
                adopt(tap, ("knot", kind))


run_test(main, needed=NEEDED, hold_down="2s")
