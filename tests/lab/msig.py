"""The daemons of one provider: its one msig.conf, its identity, starting and killing them."""

import json
import os
import re
import signal
import subprocess

from . import net, tools
from .proc import children
from .rig import PARENT, TTL, ZONE
from .tcp import control

DAEMONS = ("combinerd", "transportd", "agentd")
FOLDER = {"msigctl": "msigctl", "signerd": "signerd", **{d: d for d in DAEMONS}}


def program(name):
    """The path of one of our programs: past the script that libtool puts in its place, which starts six
    processes each time; it finds our library by our environment."""
    folder = os.path.join(tools.build(), FOLDER[name])
    real = os.path.join(folder, ".libs", name)
    return real if os.access(real, os.X_OK) else os.path.join(folder, name)


def find_library():
    """Our library, for what program() finds."""
    path = os.path.join(tools.build(), "libmsig/.libs")
    known = os.environ.get("LD_LIBRARY_PATH", "")
    if path not in known.split(":"):
        os.environ["LD_LIBRARY_PATH"] = f"{path}:{known}".rstrip(":")


find_library()


def missing(names=DAEMONS + ("msigctl",)):
    """Those of our programs that are not built."""
    return [name for name in names if not os.access(program(name), os.X_OK)]


# Times of seconds for TTLs of seconds. The formulas do not change.
LAB_PROFILE = """    lab: on
    heartbeat-min: 500ms
    heartbeat-max: 2s
    hello-retry: 500ms
    query-timeout: 2s
    poll: 500ms
    parent-poll: 500ms
    request-timeout: 3s
    lease: 20s
    propagation: 500ms
    margin: 500ms
    margin-percent: 10
    clock-skew: 1s
    cache-floor: 1s
    egress-settle: 4s
    key-poll: 1s
"""

CONF = """server:
    identity: {identity}
    rundir: {home}/run
    storage: {home}/lib
    dns-port: {dns_port}
log:
    level: {level}
key:
  - id: {transfer.name}
    algorithm: hmac-sha256
    secret: {transfer.secret}
  - id: {signer.name}
    algorithm: hmac-sha256
    secret: {signer.secret}
  - id: {update.name}
    algorithm: hmac-sha256
    secret: {update.secret}
remote:
  - id: owner
    address: {owner}
    key: {transfer.name}
  - id: signer
    address: {server}
    key: {signer.name}
combiner:
    listen: {combiner}
transport:
    listen: {transport}
observe:
    listen: {observe}
    trust-anchor: {anchor}
    forward: {resolver}
agent:
    sig0-key: msa.pem
{profile}{signerd}zone:
{zones}"""

ZONE_CONF = """  - domain: {zone}
    master: owner
    signer: signer
    signer-records: {records}
    signer-driver: {driver}
    ns: [ {ns} ]
    parent: {parent}
    hsync-hold-down: {hold_down}
{zone_items}"""


class Msig:
    """One provider's combinerd, transportd and agentd, in DIRECTORY/LABEL; and signerd, if its signer
    has a driver: it is started with agentd."""

    hold_down = "10m"  # of what HSYNC takes away; short where providers are to leave

    def __init__(self, rig, provider, level="info", text=None):
        self.rig, self.provider = rig, provider
        self.home = os.path.join(rig.directory, provider.label)
        self.conf = os.path.join(self.home, "msig.conf")
        os.makedirs(os.path.join(self.home, "lib"))
        with open(self.conf, "w", encoding="ascii",
                  opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            out.write(text or self.text(level))
        self.daemons = {}

    def text(self, level):
        """Its msig.conf."""
        p, rig = self.provider, self.rig
        return CONF.format(
            identity=p.identity, home=self.home, dns_port=net.DNS_PORT, level=level,
            transfer=p.transfer_key, signer=p.signer_key, update=p.update_key,
            owner=at(p.origin()), server=at(p.signer_server), combiner=at(p.combiner),
            transport=at(p.transport), observe=at(p.observe), anchor=rig.anchor,
            resolver=at(rig.resolver_server), profile=LAB_PROFILE,
            zones="".join(map(self.zone_text, rig.zones)),
            signerd=p.signerd_section(self.home) if p.driver else "")

    def zone_text(self, zone):
        """One of its zones."""
        p = self.provider
        return ZONE_CONF.format(
            zone=zone, ns=p.ns, parent=PARENT, hold_down=self.hold_down, zone_items=p.zone_items,
            records="all" if p.mode == "B" else "foreign",
            driver=p.driver_name if p.driver else "none")

    def make_identity(self):
        """A SIG(0) key, and the records that lead others to it, for the identity zone's file; with
        a TTL of the lab."""
        self.ctl("identity", "new", os.path.join(self.home, "msa.pem"))
        generic = ["--generic"] if self.provider.generic else []
        records = self.ctl("identity", "records", *generic).stdout
        return re.sub(r"^(\S+) \d+ IN ", rf"\1 {TTL['rr']} IN ", records, flags=re.MULTILINE)

    def start(self, *names):
        """Starts daemons (all, if none is named) without waiting; signerd with agentd."""
        names = names or DAEMONS
        if self.provider.driver and "agentd" in names and "signerd" not in self.daemons:
            names = (*names, "signerd")
        for name in names:
            child = self.daemons.get(name)
            if child:
                child.start()
            else:
                self.daemons[name] = self.rig.procs.start(
                    f"{self.provider.label}-{name}", program(name), "-c", self.conf,
                    network=name not in ("agentd", "signerd")
                    or (name == "signerd" and self.provider.driver_name == "bind"))

    def ready(self):
        """Waits until every started daemon answers on its control socket."""
        for child in self.daemons.values():
            self.rig.procs.wait(child, self.answers, 20)

    def answers(self):
        """Whether all daemons answer."""
        done = self.ctl("status", check=False)
        return done.returncode == 0

    def kill(self, name):
        """kill -9, as a crash would."""
        self.daemons[name].kill()

    def kill_observe(self):
        """kill -9 of transportd's second process; the first has to start it again."""
        for pid in children(self.daemons["transportd"].popen.pid):
            os.kill(pid, signal.SIGKILL)

    def ctl(self, *args, check=True, timeout=20):
        """msigctl as a user calls it."""
        done = subprocess.run([program("msigctl"), "-c", self.conf, *args], capture_output=True,
                              text=True, timeout=timeout, check=False)
        if check and done.returncode != 0:
            raise tools.ToolError(f"msigctl {' '.join(args)} at {self.provider.label}: status "
                                  f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ask(self, *args):
        """msigctl --json, as an object; None while the daemon does not answer."""
        done = self.ctl(*args, "--json", check=False)
        try:
            return json.loads(done.stdout) if done.returncode == 0 else None
        except ValueError:
            return None

    def tracking(self, zone=ZONE):
        """Where the zone stands, or None. Asked for all the time: so not with msigctl, which shows just
        this answer."""
        answer = control(os.path.join(self.home, "run/agentd.ctl"), "tracking", zone=zone)
        return answer if answer and answer.get("ok") else None

    def journal(self, zone=ZONE, limit=1000):
        """Entries, oldest first."""
        answer = self.ask("journal", zone, "--limit", str(limit))
        return answer.get("entries", []) if answer else []


def at(server):
    """(address, port) as configuration files have it."""
    return f"{server[0]}@{server[1]}"
