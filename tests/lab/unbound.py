"""A validating resolver that can be pointed at chosen servers of a zone while it keeps its cache."""

import os
import socket

from . import net, tools

# val-max-restart: 0: an Unbound that may quietly try another server after a bogus answer hides
# exactly what the watcher is there to see. The rest keeps each question a real one.
CONF = """server:
    interface: {address}
    port: {port}
    directory: "{home}"
    chroot: ""
    username: ""
    pidfile: ""
    logfile: "{home}/log"
    use-syslog: no
    log-time-ascii: no
    verbosity: 1
    val-log-level: 2
    do-daemonize: no
    do-ip6: no
    num-threads: 1
    msg-cache-size: 1m
    rrset-cache-size: 1m
    key-cache-size: 1m
    neg-cache-size: 256k
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    module-config: "validator iterator"
    trust-anchor-file: "{anchor}"
    trust-anchor-signaling: no
    root-key-sentinel: no
    val-max-restart: 0
    val-bogus-ttl: 1
    ede: yes
    aggressive-nsec: no
    prefetch: no
    serve-expired: no
    qname-minimisation: no
    minimal-responses: yes
    target-fetch-policy: "0 0 0 0 0"
    unblock-lan-zones: yes
{stubs}remote-control:
    control-enable: yes
    control-interface: {home}/ctl
    control-use-cert: no
"""


class Unbound:
    """One unbound at ADDRESS; the parent is always known to it."""

    def __init__(self, rig, name, address):
        self.rig, self.name = rig, name
        self.home = os.path.join(rig.directory, name)
        self.conf = os.path.join(self.home, "unbound.conf")
        self.server = (address, net.DNS_PORT)
        self.stubs = {"example.": rig.parent.listen}
        self.child = None
        os.makedirs(self.home)

    def stub(self, zone, servers):
        """From now on asks these (address, port) servers for zone; the cache stays."""
        self.stubs[zone] = list(servers)
        if self.child:
            # Replaces an existing stub in one step: no question falls between two states.
            self.control("stub_add", zone, *(f"{a}@{p}" for a, p in servers))

    def start(self, wait=True):
        """Starts it."""
        stubs = ""
        for zone, servers in self.stubs.items():
            stubs += f'stub-zone:\n    name: "{zone}"\n    stub-prime: no\n'
            stubs += "".join(f"    stub-addr: {a}@{p}\n" for a, p in servers)
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(CONF.format(address=self.server[0], port=self.server[1], home=self.home,
                                  anchor=self.rig.anchor, stubs=stubs))
        self.child = self.rig.procs.start(self.name, "unbound", "-d", "-c", self.conf)
        if wait:
            self.ready()
        return self

    def ready(self):
        """Waits until it answers."""
        def answers():
            try:
                return self.control("status")
            except OSError:
                return None
        self.rig.procs.wait(self.child, answers)

    def control(self, *words):
        """What unbound-control would do, in its words; the resolvers are told something all the time."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(os.path.join(self.home, "ctl"))
            sock.sendall(f"UBCT1 {' '.join(words)}\n".encode())
            said = sock.makefile(encoding="utf-8", errors="replace").read()
        if said.startswith("error"):
            raise tools.ToolError(f"{self.name}: {' '.join(words)}: {said}")
        return said

    def failures(self):
        """The validator's own words, as (question, reason), oldest first."""
        found = []
        with open(os.path.join(self.home, "log"), encoding="utf-8", errors="replace") as log:
            for line in log:
                head, mark, tail = line.partition("validation failure <")
                if head and mark:
                    question, _, reason = tail.strip().partition(">: ")
                    found.append((question, reason))
        return found
