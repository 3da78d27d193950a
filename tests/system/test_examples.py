#!/usr/bin/python3
"""The files of examples/ as they are, with other addresses, paths and TTLs: each is accepted by the
program that it is for, and in the world that they make together the others join."""

import os
import re
import subprocess

from lab import ask, claims, msig, net, tools
from lab.world import World, run_test

TOP = os.path.join(os.environ.get("top_srcdir", "."), "examples")
HOSTS = {"203.0.113.1": 1, "192.0.2.11": 11, "198.51.100.12": 12, "233.252.0.13": 13}


class Example(World):
    """The parties of one folder of examples/, beside the lab's parent and resolver."""

    beside = ()

    def __init__(self, name, providers):
        self.name = name
        super().__init__(providers=providers, watch=False)

    def read(self, folder, file):
        """A file, with the rig's addresses, paths and TTLs."""
        with open(os.path.join(TOP, self.name, folder, file), encoding="utf-8") as text:
            text = text.read()
        knot, daemons = self.path(f"{folder}-knot"), self.path(folder)
        text = text.replace("127.0.0.1@53", msig.at(self.rig.resolver_server))
        for host, number in HOSTS.items():
            text = text.replace(host, self.rig.block(number))
        for real, here in (("/usr/share/dns/root.key", self.rig.anchor),
                           ("/run/knot/knot.sock", knot + "/ctl"), ("/run/knot", knot),
                           ("/var/lib/knot", knot + "/zones"), ("/run/msig", daemons + "/run"),
                           ("/var/lib/msig", daemons + "/lib"),
                           ("agent:\n", "agent:\n" + msig.LAB_PROFILE),
                           ("server:\n    identity", f"server:\n    dns-port: {net.DNS_PORT}\n"
                            "    identity")):
            text = text.replace(real, here)
        text = re.sub(r"@53\b", f"@{net.DNS_PORT}", text)
        text = re.sub(r"(\$TTL|dnskey-ttl:) 300\b", r"\1 4", text)
        return text.replace("604800 60", "604800 2")

    def knot(self, server, folder, zone, extra=""):
        """Gives a Knot the configuration and zone file of the example."""
        server.move(self.path(f"{folder}-knot"))
        server.text = self.read(folder, "knot.conf")
        with open(os.path.join(server.home, "zones", zone), "w", encoding="utf-8") as out:
            out.write(self.read(folder, zone) + extra)

    def configure(self, combiner, level):
        rig = self.rig
        secret = re.search(r"owner-update\.\n.*\n +secret: (\S+)", self.read("owner", "knot.conf"))
        rig.owner_key = ask.Key("owner-update.", secret.group(1))
        self.knot(rig.owner, "owner", "shop.example.zone")
        for p in self.providers:
            daemons = self.msig[p.label] = msig.Msig(rig, p, text=self.read(p.label, "msig.conf"))
            self.knot(p.signer, p.label, f"{p.label}.example.zone", daemons.make_identity())


def check_files(t, world):
    """The programs' own checks of their files."""
    for folder in ["owner"] + [p.label for p in world.providers]:
        conf = world.path(f"{folder}-knot", "knot.conf")
        done = tools.run("knotc", "-c", conf, "conf-check", check=False)
        t.ok(done.returncode == 0, f"{world.name}: knotc conf-check of {folder}/knot.conf",
             done.stdout + done.stderr)
    for p in world.providers:
        for daemon in msig.DAEMONS:
            done = subprocess.run([msig.program(daemon), "-c", world.msig[p.label].conf, "-n"],
                                  capture_output=True, text=True, timeout=10, check=False)
            t.ok(done.returncode == 0, f"{world.name}: {daemon} -n of {p.label}/msig.conf",
                 done.stdout + done.stderr)


def main(t):
    """Both folders."""
    for name, providers in (("two-providers", 2), ("three-providers", 3)):
        with Example(name, providers) as world:
            check_files(t, world)
            for joiner in world.providers[1:]:
                t.ok(claims.join(world, joiner, 90), f"{name}: {joiner.label} joins",
                     lambda w=world: w.logs(30))


run_test(main)
