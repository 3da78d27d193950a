#!/usr/bin/python3
"""A server of the parent that serves the zone as well, as a secondary of one of its providers: what it
says of the zone's NS is not the delegation, and whoever asks it is served by it. A join and a leave
wait for the parent, neither passes too early nor hangs; never bogus."""

from lab import ask, byhand, claims, group
from lab.knot import Knot
from lab.rig import PARENT, ZONE
from lab.world import World, run_test, zone_of


class Both(World):
    """The parent's second server is another Knot, which has the parent zone and a copy of ZONE."""

    both = None

    def configure(self, combiner, level):
        super().configure(combiner, level)
        rig, first = self.rig, self.providers[0]
        listen = rig.parent.listen.pop()
        rig.parent.sections["server"]["listen"] = [f"{a}@{p}" for a, p in rig.parent.listen]
        self.both = Knot(rig.procs, rig.directory, "both", [listen])
        self.both.remote("parent", *rig.parent.server, rig.watch_key)
        self.both.remote("first", *first.server, rig.watch_key)
        self.both.acl("notify", rig.watch_key, "notify")
        self.both.acl("record", rig.watch_key, "transfer")
        self.both.zone(PARENT, master="parent", acl=["notify", "record"])
        self.both.zone(ZONE, master="first", acl=["notify", "record"])
        rig.parent.remote("both", *listen, rig.watch_key)
        rig.parent.sections["template"][0]["notify"] = "both"
        first.signer.remote("both", *listen, rig.watch_key)
        for block in first.signer.sections["zone"]:
            if block["domain"] == ZONE:
                block["notify"].append("both")

    def bring_up(self, *args):
        start = self.rig.start_parent

        def both_start():
            parent = start()
            self.both.start(wait=False)
            return parent
        self.rig.start_parent = both_start
        super().bring_up(*args)


def delegation_there(server):
    """The NS of ZONE that the parent's second server answers with, and whether with authority."""
    answer = ask.ask(server, ZONE, "NS")
    return bool(answer.flags & 0x0400), set(ask.rdata(server, ZONE, "NS"))


def step(world, label):
    """Where its process stands."""
    return (zone_of(world.msig[label].tracking()).get("process") or {}).get("step_name")


def main(t):
    """A join while the parent sleeps and wakes up, and a leave the same way."""
    with Both(providers=2) as world:
        first, second = world.providers
        server = world.both.server
        claims.until(t, world, "the parent's second server serves the zone itself, with authority",
                     lambda: delegation_there(server) == (True, {first.ns}), 90)
        claims.until(t, world, "agentd sees it, and doctor says what that means",
                     lambda: "serves the parent and the zone" in
                     world.msig["p1"].ctl("doctor", ZONE, check=False).stdout, 90)
        world.rig.hsync(second)
        claims.until(t, world, "the join comes to where the parent is waited for",
                     lambda: step(world, "p2") in ("csync-added", "parent-ns-synced") or
                     world.in_sync(world.providers), 90)
        if not t.ok(claims.finish(world, second, 90), "p2 joins", lambda: world.logs(60)):
            return
        claims.until(t, world, "the parent's second server shows all keys as well",
                     lambda: len(ask.rdata(server, ZONE, "DNSKEY")) == 4, 90)

        world.scanner.zones.clear()  # the parent looks no more
        group.designate(world, second, state="OFF")
        claims.until(t, world, "p2 is out of the zone's NS, at the parent's second server, too",
                     lambda: delegation_there(server) == (True, {first.ns})
                     and step(world, "p1") == "csync-added", 90)
        t.equal(world.says("p1", f"{world.rig.parent.server[0]}@", "the NS of the zone"), "",
                "the delegation is looked at where it shows, and waited for")
        world.counted(ZONE, None, 40)
        t.equal(step(world, "p1"), "csync-added", "the zone's own NS do not pass for it")
        world.scanner.zones.append(ZONE)
        claims.until(t, world, "the parent wakes up, and the leave is complete",
                     lambda: group.settled(world, [first]), 120)
        t.equal(byhand.delegation(world.rig), {first.ns}, "the delegation names p1 alone")
        claims.never_bogus(t, world, "a parent that serves the zone")
        claims.clean_end(t, world)


run_test(main, hold_down="2s")
