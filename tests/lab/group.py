"""What changes in a group of providers, and when it is over: leaves and rollovers, for tests and the
demo."""

from . import ask, byhand
from .knot import update
from .rig import TTL, ZONE
from .world import zone_of


def designate(world, provider, **fields):
    """The owner replaces a provider's HSYNC record, in one UPDATE; without fields it is deleted."""
    rig = world.rig
    lines = [f"del {ZONE} TYPE{ask.HSYNC} {ask.hsync(provider.identity, **old)}"
             for state in ("ON", "OFF") for sign in ("SIGN", "NOSIGN")
             for old in ({"state": state, "sign": sign},)]
    if fields:
        lines.append(f"add {ZONE} {TTL['ns']} TYPE{ask.HSYNC} "
                     f"{ask.hsync(provider.identity, **fields)}")
    return update(rig.owner.server, ZONE, rig.owner_key, *lines)


def settled(world, members):
    """Whether the zone is that of these members alone: all show exactly their keys, CDS and NS, the
    parent has their DS and names their servers, and their agents have nothing to do."""
    try:
        tags = {ds.split()[0] for p in members for ds in p.ksk(ZONE)}
        return (byhand.delegation(world.rig) == {p.ns for p in members}
                and {r.split()[0] for r in byhand.parent_ds(world.rig)} == tags
                and byhand.shown(members, "DNSKEY", sum(len(p.keys()) for p in members))
                and byhand.shown(members, "NS", len(members))
                and quiet(world, members))
    except OSError:
        return False


def quiet(world, members):
    """Whether their agents are in sync, and no order of an operator waits."""
    return world.in_sync(members) and \
        not any(zone_of(world.msig[p.label].tracking()).get("orders") for p in members)


class Rollover:
    """Orders to roll keys of providers whose signers signerd moves; done() when all are replaced."""

    def __init__(self, world, members, orders):
        """orders: {label: (what, ...)} as msigctl roll takes them."""
        self.world, self.members = world, members
        self.before = {}
        for p in members:
            if p.label in orders or any(what[0] == "algorithm" for what in orders.values()):
                self.before[p.label] = []
        for label, what in orders.items():
            role = "zsk" if what[0] == "zsk" else "ksk"
            for p in members:
                if p.label == label or what[0] == "algorithm":
                    self.before[p.label] += p.stored(role, "active", "ready")
        for label, what in orders.items():
            world.msig[label].ctl("roll", ZONE, *what)

    def done(self):
        """Whether none of the keys that were active is in the zone any more, and all is quiet."""
        states = ("published", "ready", "active", "retired")
        for p in self.members:
            gone = set(self.before.get(p.label, ()))
            if gone and gone & set(p.stored("ksk", *states) + p.stored("zsk", *states)):
                return False
        return settled(self.world, self.members)
