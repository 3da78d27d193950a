#!/usr/bin/python3
"""Discovery is DNSSEC-secure or nothing happens: identity zones that are insecure, bogus, or that name
another key. Each time the join rests with the reason, and goes on when the records are right."""

from lab import ask, byhand, claims, net, rig as lab
from lab.knot import update
from lab.world import World, run_test

AD = 0x20


def parent(world, *lines):
    """The parent changes."""
    update(world.rig.parent.server, lab.PARENT, world.rig.parent_key, *lines)


def identity(provider, *lines):
    """A provider changes its identity zone."""
    update(provider.server, provider.domain, provider.update_key, *lines)


def resolver_sees(world, name, rdtype, test, what):
    """Waits until the resolver that agents ask has forgotten what was."""
    net.until(lambda: test(ask.ask(world.rig.resolver.server, name, rdtype, rd=True)), what, 20)


def rests(t, world, what, *words):
    """p1 says why, and nothing has begun."""
    t.equal(world.says("p1", *words), "", f"{what}: p1 says {' '.join(words)!r}")
    t.ok("peer: peer at msa.p2.example.: expected operational" in [
        r["text"].split(",")[0] for r in world.msig["p1"].tracking()["reasons"]],
         f"{what}: that is what the zone waits for", lambda: str(world.msig["p1"].tracking()))
    t.equal(world.process("p1"), {}, f"{what}: no process has begun")
    t.equal(len(byhand.parent_ds(world.rig)), 1, f"{what}: the parent has one DS")


def main(t):
    """Three faults of p2's identity zone, one after the other, then none."""
    with World(providers=2) as world:
        p2 = world.providers[1]
        name = "ns." + p2.identity
        key = sorted(ask.rdata(p2.server, name, "KEY"))[0]
        other = key[:-2] + ("00" if not key.endswith("00") else "11")  # hexadecimal
        identity(p2, f"del {name} KEY", f"add {name} {lab.TTL['rr']} KEY {other}")
        resolver_sees(world, name, "KEY", lambda r: other in r.to_text().replace("\n", ""),
                      "the other key")
        world.rig.hsync(p2)
        rests(t, world, "another key", "msa.p2.example.", "no key for this signature")
        t.ok(all(p["state"] != "operational" for p in world.msig["p1"].ask("peers")["peers"]),
             "another key: the peer is not operational")
        identity(p2, f"del {name} KEY", f"add {name} {lab.TTL['rr']} KEY {key}")

        ds = sorted(ask.rdata(world.rig.parent.server, p2.domain, "DS"))[0]
        tag, algorithm, kind, digest = ds.split(" ", 3)
        world.msig["p2"].kill("agentd")  # or it begins as soon as its key is right
        parent(world, f"del {p2.domain} DS")
        resolver_sees(world, name, "KEY", lambda r: not r.flags & AD, "an insecure answer")
        rests(t, world, "insecure", "msa.p2.example.", "insecure")

        wrong = digest[:-2] + ("00" if digest[-2:] != "00" else "11")
        parent(world, f"add {p2.domain} {lab.TTL['ds']} DS {tag} {algorithm} {kind} {wrong}")
        resolver_sees(world, name, "KEY", lambda r: r.rcode() == 2, "a bogus answer")
        rests(t, world, "bogus", "msa.p2.example.", "bogus")

        # Unbound and libunbound keep a bogus key for a minute: empty caches save that.
        parent(world, f"del {p2.domain} DS", f"add {p2.domain} {lab.TTL['ds']} DS {ds}")
        world.rig.resolver.control("flush_zone", p2.domain)
        for daemons in world.msig.values():
            daemons.kill_observe()
        world.msig["p2"].start("agentd")
        t.ok(claims.finish(world, p2, 90), "all is right: the join is done",
             lambda: world.logs(40))
        claims.never_bogus(t, world, "discovery")
        claims.clean_end(t, world)


run_test(main)
