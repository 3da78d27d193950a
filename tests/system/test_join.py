#!/usr/bin/python3
"""A second and a third provider join, on real daemons, under the watcher; agentd has no network."""

import os

from lab import byhand, claims, rig as lab
from lab.world import World, run_test

STEPS = ["signers-unsynced", "dnskeys-synced", "cds-added", "parent-ds-synced", "nses-synced",
         "csync-added", "parent-ns-synced"]


def network_sockets(pid):
    """Network sockets that a process has open, as inode numbers."""
    inodes = set()
    for name in ("tcp", "tcp6", "udp", "udp6", "raw", "packet"):
        try:
            with open(f"/proc/{pid}/net/{name}", encoding="ascii") as table:
                inodes |= {line.split()[9] for line in list(table)[1:] if len(line.split()) > 9}
        except OSError:
            continue
    held = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        if target.startswith("socket:["):
            held.add(target[8:-1])
    return inodes & held


def in_order(texts):
    """Whether the names of all steps appear in texts in their order."""
    place = 0
    for text in texts:
        while place < len(STEPS) and STEPS[place] in text:
            place += 1
    return place == len(STEPS)


def main(t):
    """Two joins, one after the other."""
    with World(providers=3) as world:
        for joiner in world.providers[1:]:
            good = claims.join(world, joiner)
            t.ok(good, f"{joiner.label} joins", lambda: world.logs(40))
            if not good:
                return
            members = [p for p in world.providers if p.number <= joiner.number]
            t.equal(byhand.delegation(world.rig), {p.ns for p in members},
                    f"{joiner.label}: the parent names exactly the members' servers")
            t.equal({r.split()[0] for r in byhand.parent_ds(world.rig)},
                    {ds.split()[0] for p in members for ds in p.ksk(lab.ZONE)},
                    f"{joiner.label}: the parent's DS are those of the members' keys")
            journal = [e.get("text", "") for e in world.msig[joiner.label].journal()]
            t.ok(in_order(journal), f"{joiner.label}: its journal has every step in order",
                 lambda j=journal: "\n".join(j))
        for p in world.providers:
            child = world.msig[p.label].daemons["agentd"]
            t.equal(network_sockets(child.popen.pid), set(), f"{p.label}: agentd has no network")
        claims.never_bogus(t, world, "two joins")
        claims.clean_end(t, world)


run_test(main)
