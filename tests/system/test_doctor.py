#!/usr/bin/python3
"""msigctl doctor beside real signers: what it says before anybody is designated, what it says of one
that strips the records of others, of one that would use a new key too early, of BIND and PowerDNS."""

import json
import os
import re
import subprocess
import tempfile

import dns.exception

from lab import ask, claims, msig, net, rig as lab, tools
from lab.pdns import PdnsProvider
from lab.proc import Processes
from lab.rig import Provider, TTL
from lab.tap import Tap, skip_all
from lab.world import World


PROBE = "probe.invalid."


class Probed(Provider):
    """Knot with a zone for probes."""

    def configure(self, masters):
        super().configure(masters)
        self.signer.remote("probe", self.address, 5390, self.signer_key)
        self.signer.zone(PROBE, master="probe", acl=["transfer"], dnssec_signing="on",
                         dnssec_policy="multi", zonefile_load="none")


class ProbedPdns(PdnsProvider):
    """PowerDNS with a zone for probes."""

    def configure(self, masters):
        super().configure(masters)
        self.signer.secondary(PROBE, (self.address, 5390), self.signer_key, allow=[self.signer_key])


class Stripping(Probed):
    """Knot with a policy that manages DNSKEY in full, the default."""

    def configure(self, masters):
        super().configure(masters)
        for block in self.signer.sections["policy"]:
            if block["id"] == "multi":
                for item in ("dnskey-management", "delete-delay"):
                    del block[item]


def doctor(world, label, *args):
    """(exit status, {check: finding}, answer) of msigctl doctor."""
    done = world.msig[label].ctl("doctor", lab.ZONE, "--json", *args, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {}
    return done.returncode, {f["check"]: f for f in answer.get("findings", ())}, answer



def state(found, check):
    """The state of a check; "" if there is no such finding."""
    return found.get(check, {}).get("state", "")


def troubles(found):
    """What does not pass."""
    return [f for f in found.values() if f["state"] != "pass"]


def becomes(world, label, check, wanted, *args, seconds=30):
    """Waits until a check is in this state; what it was last."""
    last = [None]

    def there():
        last[0] = doctor(world, label, *args)
        return state(last[0][1], check) == wanted
    try:
        net.until(there, f"{check} to be {wanted}", seconds, 0.3)
    except net.Timeout:
        pass
    return last[0]


SEEN = ("transfer", "signed", "own-cds", "algorithm", "signatures", "servers")


def settled(world, label):
    """Waits until everything that can be seen of a lone signer was looked at; what was found then."""
    return [becomes(world, label, check, "pass") for check in SEEN][-1]


def probe(world, label, seconds=20):
    """doctor with a probe."""
    address = world.rig.provider(label).address
    return doctor(world, label, "--probe", PROBE, "--listen", f"{address}@5390", "-t", str(seconds))


KINDS = ("dnskey", "cds", "cdnskey", "csync", "ns", "own-cds")


def probed(found):
    """States of what a probe found."""
    return [state(found, f"probe-{kind}") for kind in KINDS]


def text(path):
    """A file's content."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def variant(world, name, content):
    """A changed configuration, only to be read."""
    path = world.path(name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(content)
    return path


def right(t):
    """Knot as README has it: alone, as a joiner, as a member; and its policy in variants."""
    with World(providers=[Provider, Probed], watch=False) as world:
        conf = world.providers[1].signer.conf
        code, found, _ = settled(world, "p2")
        t.equal((code, state(found, "foreign")), (1, "unknown"),
                "before anything was given: whether it keeps that is unknown, and the status 1")
        for check in SEEN:
            t.ok(state(found, check) == "pass", f"before: {check}", str(found.get(check)))
        code, found, _ = doctor(world, "p2", "--lint", conf)
        t.equal(state(found, "foreign"), "warn", "with its knot.conf: it says that it keeps them")
        t.equal([f for f in found.values() if f["state"] in ("fail", "unknown")], [],
                "and nothing fails")
        t.equal(code, 0, "and the status is 0")
        for again in ("a probe", "and at once another one"):
            code, found, _ = probe(world, "p2")
            t.ok(code == 0 and probed(found) == ["pass"] * 6 and state(found, "foreign") == "",
                 f"{again}: it keeps all of it, and lets it go", str(troubles(found)))
        done = world.msig["p2"].ctl("doctor", lab.ZONE, "--probe", lab.ZONE, check=False)
        t.equal(done.returncode, 2, "a probe of the zone in service is refused")
        code, found, _ = doctor(world, "p1", "--probe", PROBE, "-t", "3", "--listen",
                                f"{world.providers[0].address}@5390")
        t.equal((code, state(found, "probe"), state(found, "foreign")), (1, "unknown", "unknown"),
                "a probe of a zone that the signer does not have: unknown")

        t.ok(claims.join(world, world.providers[1]), "it joins", lambda: world.logs(20))
        code, found, answer = becomes(world, "p2", "foreign-cdnskey", "pass", "--lint", conf)
        for check in ("foreign-dnskey", "foreign-cds", "foreign-cdnskey", "ns", "key-tags",
                      "notify", "dnskey-ttl"):
            t.ok(state(found, check) == "pass", f"as a member: {check}", str(found.get(check)))
        t.equal(code, 0, "and the status is 0")
        delay = answer["policy"]["roll_delay"]
        t.ok(TTL["dnskey"] > 0 and 1 <= delay <= 60, f"the others need {delay} s to publish a key")

        for args in ("tracking", "keys", "why", "wait", "doctor", "graph", "plan zsk-rollover", "hsync",
                     "journal", "merge", "refresh", "notify", "pause", "resume", "step on", "step off"):
            command, *rest = args.split()
            done = world.msig["p2"].ctl(command, lab.ZONE, *rest, check=False)
            t.ok("LAB PROFILE" in done.stdout, f"{args}: says that the times are those of a lab",
                 done.stdout + done.stderr)

        good = text(conf)
        for name, content, check, wanted, words in (
                ("full", good.replace("dnskey-management: incremental", "dnskey-management: full"),
                 "policy multi: dnskey-management", "fail", "dnskey-management: incremental"),
                ("quick", re.sub(r"zsk-lifetime: 0", "zsk-lifetime: 30d", good),
                 "policy multi: propagation-delay", "fail", f"propagation-delay: {delay}"),
                ("quick", None, "policy multi: zsk-lifetime", "fail", "zsk-lifetime: 0"),
                ("slow", re.sub(r"propagation-delay: 1\b", f"propagation-delay: {delay}",
                                re.sub(r"zsk-lifetime: 0", "zsk-lifetime: 30d", good)),
                 "policy multi: zsk-lifetime", "warn", "zsk-lifetime: 0"),
                ("slow", None, "policy multi: propagation-delay", "pass", ""),
                ("ed25519", good.replace("algorithm: ecdsap256sha256", "algorithm: ed25519"),
                 "policy multi: algorithm", "fail", "algorithm: 13"),
                ("none", good.replace("cds-cdnskey-publish: always", "cds-cdnskey-publish: none"),
                 "policy multi: cds-cdnskey-publish", "fail", "cds-cdnskey-publish: always")):
            path = world.path(name)
            if content is not None:
                path = variant(world, name, content)
                t.ok(content != good, f"{name}: is another configuration")
            code, found, _ = doctor(world, "p2", "--lint", path)
            fix = " ".join(found.get(check, {}).get("fix", {}).values())
            t.ok(state(found, check) == wanted and words in fix, f"{name}: {check} is {wanted}",
                 f"{found.get(check)}")
            t.equal(code, 1 if name != "slow" else 0, f"{name}: the exit status")

        done = world.msig["p2"].ctl("doctor", lab.ZONE, "--lint", world.path("full"), check=False)
        t.ok("FAIL    policy multi: dnskey-management" in done.stdout
             and "at knot: dnskey-management: incremental" in done.stdout
             and "PASS    foreign-dnskey" in done.stdout, "as text: findings with what to change",
             done.stdout)
        bind = variant(world, "named.conf", f"""zone "{lab.ZONE.rstrip('.')}" {{ type secondary;
            primaries {{ 127.0.0.1; }}; inline-signing yes; dnssec-policy default; }};""")
        code, found, _ = doctor(world, "p2", "--lint", bind)
        t.equal((code, state(found, "type")), (1, "fail"), "BIND as a secondary that signs: does not work")
        for name, content in (("empty", ""), ("rubbish", "\x01\x02 rubbish"), ("nul", "a\0b: c")):
            path = variant(world, name, content)
            done = world.msig["p2"].ctl("doctor", lab.ZONE, "--lint", path, check=False)
            t.ok(done.returncode in (1, 2) and name in done.stderr, f"{name}: is no configuration",
                 done.stderr)
        world.msig["p2"].kill("agentd")
        code, found, _ = doctor(world, "p2", "--lint", conf)
        t.equal((code, state(found, "agentd"), state(found, "policy multi: dnskey-management")),
                (3, "unknown", "pass"), "without agentd: the configuration alone, and status 3")


def wrong(t):
    """Knot with the default policy: it strips what others have, and nothing in its log says so."""
    with World(providers=[Provider, Stripping], watch=False) as world:
        joiner = world.providers[1]
        code, found, _ = doctor(world, "p2", "--lint", joiner.signer.conf)
        t.equal((code, state(found, "policy multi: dnskey-management")), (1, "fail"),
                "the default policy: its configuration says what it will do, before anything happens")
        code, found, _ = probe(world, "p2")
        t.equal((code, probed(found)[:3]), (1, ["fail"] * 3), "and a probe shows it")
        world.rig.hsync(joiner)
        code, found, answer = becomes(world, "p2", "foreign-dnskey", "fail")
        t.equal((code, state(found, "foreign-dnskey")), (1, "fail"), "it strips: seen")
        t.ok("2 of the 2 DNSKEY" in found.get("foreign-dnskey", {}).get("text", ""), "and how many",
             str(found.get("foreign-dnskey")))
        t.ok("incremental" in found.get("foreign-dnskey", {}).get("fix", {}).get("knot", ""),
             "and what to change")
        t.ok(answer.get("designated"), "and that we are designated")
        log = world.msig["p2"].daemons["agentd"].log
        try:
            net.until(lambda: "not fit for a group: foreign-dnskey" in text(log), "the log", 10)
        except net.Timeout:
            pass
        said = [line for line in text(log).splitlines() if "not fit for a group" in line]
        t.ok(len(said) == 1 and "incremental" in said[0], "agentd's log says it by itself, once",
             "\n".join(said))
        for block in joiner.signer.sections["policy"]:
            if block["id"] == "multi":
                block.update({"dnskey-management": "incremental", "delete-delay": "1h"})
        joiner.signer.reload()
        joiner.signer.ctl("zone-retransfer", lab.ZONE)
        t.ok(claims.finish(world, joiner, 90), "mended as it said: the join goes on to its end",
             lambda: world.logs(20))
        t.ok("the signer is fit for a group now" in text(log), "and the log says so")
        code, found, _ = doctor(world, "p2")
        t.ok(code == 0, "and the status is 0", str(troubles(found)))


def powerdns(t):
    """PowerDNS: as it should be, and without direct-dnskey."""
    with World(providers=[Provider, ProbedPdns], watch=False) as world:
        signer = world.providers[1].signer
        conf = os.path.join(signer.home, "pdns.conf")
        settled(world, "p2")
        code, found, _ = probe(world, "p2")
        t.ok(code == 0 and probed(found) == ["pass"] * 6, "PowerDNS: a probe finds nothing wrong",
             str(troubles(found)))
        t.ok(claims.join(world, world.providers[1]), "PowerDNS joins", lambda: world.logs(20))
        code, found, _ = becomes(world, "p2", "foreign-cdnskey", "pass", "--lint", conf)
        t.ok(code == 0, "PowerDNS as a member: the status is 0", str(troubles(found)))
        t.equal((state(found, "direct-dnskey=yes"), state(found, "notify")), ("pass", "pass"),
                "its configuration is read, and its NOTIFY arrives")
        signer.settings["direct-dnskey"] = "no"
        signer.write()
        signer.child.kill()
        signer.start()
        code, found, _ = becomes(world, "p2", "foreign-cds", "fail", "--lint", conf)
        t.equal((code, state(found, "foreign-dnskey"), state(found, "foreign-cds"),
                 state(found, "direct-dnskey=yes")), (1, "fail", "fail", "fail"),
                "without direct-dnskey: seen in the zone, and in the configuration")
        code, found, _ = probe(world, "p2")
        t.equal((code, probed(found)[:3]), (1, ["fail"] * 3), "and by a probe")


NAMED = """options {{ directory "{home}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; pid-file none; session-keyfile none; allow-transfer {{ any; }}; notify no;
    allow-notify {{ any; }}; }};
controls {{ }};
key "{key.name}" {{ algorithm hmac-sha256; secret "{key.secret}"; }};
zone "probe.invalid" {{ type secondary; file "probe"; inline-signing yes; dnssec-policy default;
    primaries {{ 127.0.0.1 port {listen} key "{key.name}"; }}; }};
zone "{zone}" {{ type secondary; file "zone"; inline-signing yes; dnssec-policy default;
    primaries {{ 127.0.0.1 port {listen} key "{key.name}"; }}; }};
"""

MSIG = """server:
    identity: msa.p1.example.
    rundir: {home}/run
    storage: {home}
key:
  - id: {key.name}
    algorithm: hmac-sha256
    secret: {key.secret}
remote:
  - id: signer
    address: 127.0.0.1@{port}
    key: {key.name}
zone:
  - domain: {zone}
    master: signer
    signer: signer
    ns: [ ns1.p1.example. ]
"""


def bind(t):
    """BIND as a secondary that signs; without agentd, the probe and the configuration alone."""
    with tempfile.TemporaryDirectory(prefix="msig.") as home:
        procs, key = Processes(home), ask.Key("k.")
        facts = {"home": home, "port": net.free_port(), "listen": net.free_port(), "key": key,
                 "zone": lab.ZONE.rstrip(".")}
        conf, named = os.path.join(home, "msig.conf"), os.path.join(home, "named.conf")
        for path, content in ((conf, MSIG), (named, NAMED)):
            with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as out:
                out.write(content.format(**facts))
        server = procs.start("named", "named", "-f", "-c", named)
        try:
            def answers():
                try:
                    return ask.ask(("127.0.0.1", facts["port"]), ".", "SOA")
                except (OSError, dns.exception.DNSException):
                    return None
            procs.wait(server, answers)
            done = subprocess.run(
                [msig.program("msigctl"), "-c", conf, "--json", "-t", "8", "doctor", lab.ZONE,
                 "--lint", named, "--probe", PROBE, "--listen", f"127.0.0.1@{facts['listen']}"],
                capture_output=True, text=True, timeout=30, check=False)
            found = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
            t.equal((done.returncode, state(found, "type")), (3, "fail"),
                    "BIND, inline-signing: its configuration does not work")
            t.ok(state(found, "probe") == "unknown" and "did not show it" in found["probe"]["text"]
                 or state(found, "probe-dnskey") == "fail", "and the probe does not come through",
                 f"{done.stdout}{server.tail()}")
            t.note("BIND: " + found.get("probe", found.get("probe-dnskey", {})).get("text", ""))
        finally:
            procs.stop()


def main(t):
    """All signers."""
    right(t)
    wrong(t)
    powerdns(t)
    bind(t)


absent = lab.missing() + msig.missing() + tools.missing(PdnsProvider.programs + ("named",))
if absent:
    skip_all("not found: " + " ".join(absent))
with Tap() as tap:
    main(tap)
