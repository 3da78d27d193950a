#!/usr/bin/python3
"""A provider joins whose signer publishes exactly what it is given (configuration B): before its
overlay is there it serves no DNSKEY, and agentd knows its own keys only from the key store, by way of
signerd."""

from lab import byhand, claims, msig, net, rig as lab
from lab.world import World, run_test


def main(t):
    """One join."""
    with World(providers=2, signers={"p2": {"driver": True, "mode": "B"}}) as world:
        joiner = world.providers[1]
        t.equal(byhand.shown([joiner], "DNSKEY", 0), True, "p2's signer serves no DNSKEY at first")
        good = claims.join(world, joiner)
        t.ok(good, "p2 joins", lambda: world.logs(60))
        if not good:
            return
        t.equal({r.split()[0] for r in byhand.parent_ds(world.rig)},
                {ds.split()[0] for p in world.providers for ds in p.ksk(lab.ZONE)},
                "the parent's DS are those of both providers' keys")
        status = world.msig["p2"].ctl("status").stdout
        t.ok("signerd: ok" in status, "signerd stands in p2's status", status)
        status = world.msig["p1"].ctl("status").stdout
        t.ok("signerd" not in status, "and not in that of p1, which has no driver", status)
        world.msig["p2"].kill("signerd")
        done = world.msig["p2"].ctl("status", check=False)
        t.ok(done.returncode == 3 and "signerd does not run" in done.stdout,
             "it is missed when it is gone", done.stdout)
        net.until(lambda: "signerd does not run" in world.msig["p2"].daemons["agentd"].tail(200),
                  "agentd to notice")
        t.ok(world.in_sync(world.providers), "agentd goes on without it")
        world.msig["p2"].start("signerd")
        net.until(lambda: world.msig["p2"].daemons["agentd"].tail(200).rfind("keys are known")
                  > world.msig["p2"].daemons["agentd"].tail(200).rfind("does not run"),
                  "agentd to know the keys again")
        t.ok(True, "and knows the keys again when it is back")
        claims.never_bogus(t, world, "the join")
        claims.clean_end(t, world)


run_test(main, needed=msig.DAEMONS + ("msigctl", "signerd"))
