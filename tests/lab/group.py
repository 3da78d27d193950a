"""What changes in a group of providers, and when it is over: leaves and rollovers, for tests and the
demo."""

from concurrent.futures import ThreadPoolExecutor

from . import ask, byhand
from .knot import update
from .rig import TTL, ZONE
from .world import zone_of


def designate(world, provider, zone=ZONE, **fields):
    """The owner replaces a provider's HSYNC record, in one UPDATE; without fields it is deleted."""
    rig = world.rig
    lines = [f"del {zone} TYPE{ask.HSYNC} {ask.hsync(provider.identity, **old)}"
             for state in ("ON", "OFF") for sign in ("SIGN", "NOSIGN")
             for upstream in {".", fields.get("upstream", ".")}
             for old in ({"state": state, "sign": sign, "upstream": upstream},)]
    if fields:
        lines.append(f"add {zone} {TTL['ns']} TYPE{ask.HSYNC} "
                     f"{ask.hsync(provider.identity, **fields)}")
    return update(rig.owner.server, zone, rig.owner_key, *lines)


def move(world, source, target, was=None):
    """The owner says who goes and who comes, in one UPDATE; was: what HSYNC says of who comes until then,
    if it names it."""
    rig = world.rig
    lines = [f"del {ZONE} TYPE{ask.HSYNC} {ask.hsync(source.identity)}",
             f"add {ZONE} {TTL['ns']} TYPE{ask.HSYNC} {ask.hsync(source.identity, state='OFF')}",
             f"add {ZONE} {TTL['ns']} TYPE{ask.HSYNC} {ask.hsync(target.identity)}"]
    if was:
        lines.insert(0, f"del {ZONE} TYPE{ask.HSYNC} {ask.hsync(target.identity, state=was)}")
    update(rig.owner.server, ZONE, rig.owner_key, *lines)


def comes_to(world, process, step, label="p1"):
    """Whether a process waits at that step for the operator of one provider, who is in step mode; it is
    let go on until then."""
    wait = zone_of(world.msig[label].tracking()).get("approval") or {}
    if wait.get("process") == process and wait.get("step") == step:
        return True
    if wait:
        world.msig[label].ctl("approve", ZONE, wait["process"], check=False)
    return False


def dies(world, provider):
    """kill -9 of all that a provider has, for good."""
    world.dead.append(provider.label)
    for name in world.msig[provider.label].daemons:
        world.msig[provider.label].kill(name)
    provider.crash()


def force(world, members, leaver):
    """The word of every operator who remains: that one is to go."""
    for p in members:
        world.msig[p.label].ctl("force-remove", "--yes", ZONE, leaver.identity)


def shows_ns(world, providers, names):
    """Whether these providers' servers and the parent show exactly these name servers."""
    try:
        return byhand.delegation(world.rig) == set(names) and \
            all(set(ask.rdata(p.server, ZONE, "NS")) == set(names) for p in providers)
    except OSError:
        return False


def managed_by(world, providers, who):
    """Whether the journals of these say last that NS are managed by the owner or by the agents."""
    return all([e["text"] for e in world.msig[p.label].journal()
                if "NS are managed by" in e["text"]][-1:] == [f"NS are managed by the {who} now"]
               for p in providers)


def management(world, signers, serving, nsmgmt):
    """The owner says who manages NS, for everybody at once."""
    rig, lines = world.rig, [f"del {ZONE} TYPE{ask.HSYNC}"]
    for p, sign in [(p, "SIGN") for p in signers] + [(p, "NOSIGN") for p in serving]:
        lines.append(f"add {ZONE} {TTL['ns']} TYPE{ask.HSYNC} "
                     f"{ask.hsync(p.identity, nsmgmt=nsmgmt, sign=sign)}")
    update(rig.owner.server, ZONE, rig.owner_key, *lines)


def settled(world, members, serving=(), zone=ZONE):
    """Whether the zone is that of these members alone, and of those who serve a member's copy: all show
    exactly the members' keys, CDS and the NS of all, the parent has the members' DS and names all their
    servers, and their agents have nothing to do."""
    named = [*members, *serving]
    try:
        # What costs a process comes after what is a question.
        return (byhand.delegation(world.rig, zone) == {p.ns for p in named}
                and byhand.shown(named, "NS", len(named), zone)
                and quiet(world, named, zone)
                and {r.split()[0] for r in byhand.parent_ds(world.rig, zone)} ==
                {ds.split()[0] for p in members for ds in p.ksk(zone)}
                and byhand.shown(named, "DNSKEY", sum(len(p.keys(zone)) for p in members), zone))
    except OSError:
        return False


def quiet(world, members, zone=ZONE):
    """Whether their agents are in sync, and no order of an operator waits."""
    return world.in_sync(members, zone) and \
        not any(zone_of(world.msig[p.label].tracking(zone)).get("orders") for p in members)


class Rollover:
    """Orders to roll keys of providers whose signers signerd moves; done() when all are replaced."""

    def __init__(self, world, members, orders, serving=(), zone=ZONE):
        """orders: {label: (what, ...)} as msigctl roll takes them; serving: providers that serve a
        member's copy."""
        self.world, self.members, self.serving = world, members, serving
        self.zone = zone
        self.before = {}
        for p in members:
            if p.label in orders or any(what[0] == "algorithm" for what in orders.values()):
                self.before[p.label] = []
        for label, what in orders.items():
            role = "zsk" if what[0] == "zsk" else "ksk"
            for p in members:
                if p.label == label or what[0] == "algorithm":
                    self.before[p.label] += p.stored(role, "active", "ready", zone=zone)
        with ThreadPoolExecutor(len(orders)) as pool:  # at once
            for done in [pool.submit(world.msig[label].ctl, "roll", zone, *what)
                         for label, what in orders.items()]:
                done.result()
        self.accepted = {label: self.when(label, what[0]) for label, what in orders.items()}

    def when(self, label, what):
        """When an agentd took such an order last, in seconds, by its own journal."""
        process = {"csk": "ksk"}.get(what, what) + "-rollover"
        return max(e["time"] for e in self.world.msig[label].journal(self.zone)
                   if e["kind"] == "operator" and e["text"].startswith(f"order {process}")) / 1000

    def apart(self):
        """Seconds between the first and the last of the orders, as they were accepted."""
        return max(self.accepted.values()) - min(self.accepted.values())

    def replaced(self, role):
        """Labels of those who sign with other keys of that role than when it was ordered."""
        now = {p: set(p.stored(role, "active", zone=self.zone)) for p in self.members
               if p.label in self.before}
        return {p.label for p, keys in now.items() if keys and not keys & set(self.before[p.label])}

    def done(self):
        """Whether none of the keys that were active is in the zone any more, and all is quiet."""
        states = ("published", "ready", "active", "retired")
        if not settled(self.world, self.members, self.serving, self.zone):
            return False
        for p in self.members:
            gone = set(self.before.get(p.label, ()))
            if gone and gone & {key for role in ("ksk", "zsk")
                                for key in p.stored(role, *states, zone=self.zone)}:
                return False
        return True
