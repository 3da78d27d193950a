"""A PowerDNS server that signs on the fly, and a provider that has one as its signer.

What PowerDNS needs to stand behind combinerd: direct-dnskey (or it passes foreign DNSKEYs over),
the zone as a secondary with keys of its own, publish-cds and publish-cdnskey, and a NOTIFY of its
own after each transfer. The commands are those that doc/signers.md tells operators to run.
"""

import os
import sqlite3

import dns.exception

from . import ask, tools
from .rig import TTL, ZONE, Provider


class Pdns:
    """One pdns_server in DIRECTORY/NAME with a sqlite database, serving on (address, port)."""

    def __init__(self, procs, directory, name, listen):
        self.procs, self.name, self.server = procs, name, listen
        self.home = os.path.join(directory, name)
        self.child = None
        os.makedirs(self.home)
        self.settings = {
            "launch": "gsqlite3", "gsqlite3-database": os.path.join(self.home, "zones.sqlite3"),
            "gsqlite3-dnssec": "yes", "gsqlite3-pragma-synchronous": "0",
            "local-address": listen[0], "local-port": listen[1], "socket-dir": self.home,
            "secondary": "yes", "direct-dnskey": "yes",
            "default-ksk-algorithm": "ecdsa256", "default-zsk-algorithm": "ecdsa256",
            # After a transfer it tells also-notify, and nobody else.
            "secondary-do-renotify": "yes", "only-notify": "",
            # Who speaks on loopback comes from 127.0.0.1, whatever its address is: keys count.
            "trusted-notification-proxy": "127.0.0.1", "allow-unsigned-notify": "no",
            "allow-axfr-ips": "", "xfr-cycle-interval": "2", "zone-cache-refresh-interval": "0",
            "receiver-threads": "1", "retrieval-threads": "1", "signing-threads": "1",
            "distributor-threads": "2", "webserver": "no", "loglevel": "5",
            "disable-syslog": "yes", "version-string": "anonymous",
        }
        for place in (os.path.join(tools.root(), "usr"), "/usr"):
            module = os.path.join(place, "lib", os.uname().machine + "-linux-gnu", "pdns")
            schema = os.path.join(place, "share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
            if os.path.exists(schema):
                self.settings["module-dir"] = module
                break
        with open(schema, encoding="utf-8") as text:
            database = sqlite3.connect(self.settings["gsqlite3-database"])
            database.executescript(text.read())
            database.close()
        self.write()

    def write(self):
        """Writes pdns.conf."""
        with open(os.path.join(self.home, "pdns.conf"), "w", encoding="utf-8") as out:
            out.writelines(f"{name}={value}\n" for name, value in self.settings.items())

    def util(self, *args, **options):
        """pdnsutil."""
        return tools.run("pdnsutil", "--config-dir", self.home, *args, **options).stdout

    def start(self, wait=True):
        """Starts it; wait=False leaves waiting to ready()."""
        self.child = self.procs.start(self.name, "pdns_server", f"--config-dir={self.home}",
                                      "--guardian=no", "--daemon=no")
        if wait:
            self.ready()
        return self

    def ready(self):
        """Waits until it answers."""
        def answers():
            try:
                return ask.ask(self.server, ".", "SOA")
            except (OSError, dns.exception.DNSException):
                return None
        self.procs.wait(self.child, answers)

    def key(self, *keys):
        """Makes TSIG keys known."""
        known = self.util("list-tsig-keys")
        for key in keys:
            if key.name not in known:
                self.util("import-tsig-key", key.name, "hmac-sha256", key.secret)

    def primary(self, zone, text):
        """A zone of its own, signed; text is its zone file."""
        path = os.path.join(self.home, zone + "zone")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        self.util("load-zone", zone, path)
        self.util("secure-zone", zone)

    def secondary(self, zone, master, key, allow=(), notify=None):
        """A zone that it fetches from master (address, port) with key, signs, lets those with a key
        in allow transfer, and notifies of; the first key in allow signs the NOTIFY."""
        self.key(key, *allow)
        self.util("create-secondary-zone", zone, f"{master[0]}:{master[1]}")
        self.util("activate-tsig-key", zone, key.name, "secondary")
        self.util("secure-zone", zone)
        self.util("set-publish-cds", zone, "2")
        self.util("set-publish-cdnskey", zone)
        self.util("set-meta", zone, "TSIG-ALLOW-AXFR", *(k.name.rstrip(".") for k in allow))
        if notify:
            self.util("set-meta", zone, "ALSO-NOTIFY", f"{notify[0]}:{notify[1]}")

    def dnskeys(self, zone):
        """DNSKEY records of its own keys, as text."""
        return [line.split(" IN DNSKEY ", 1)[1].split(" ;")[0].strip()
                for line in self.util("show-zone", zone).splitlines() if " IN DNSKEY " in line]

    def ds(self, zone, algorithm="13 "):
        """DS records (SHA-256) of its own key signing keys, as text."""
        return [line.split(" DS ", 1)[1].split(" ;")[0].strip()
                for line in self.util("export-zone-ds", zone).splitlines()
                if f" {algorithm}2 " in line and "SHA256 digest" in line]

    def states(self, zone):
        """{id: (role, state, DNSKEY as text)} of its keys, as signerd keeps them."""
        found, noted, last = {}, {}, None
        for line in self.util("show-zone", zone).splitlines():
            words = line.split()
            if line.startswith("\tX-MSIG-KEY\t"):
                key, _, state = words[1].partition(":")
                noted[key] = state
            elif line.startswith("ID = "):
                last = f"{words[2]}-{words[9].rstrip(',')}"
                shown = "Published" in words
                state = ("active" if shown else "signing") if "Active" in words else \
                    "published" if shown else "made"
                found[last] = (words[3].strip("(),").lower(), noted.get(last, state), "")
            elif " DNSKEY = " in line and last:
                found[last] = (*found[last][:2], line.split(" IN DNSKEY ", 1)[1].split(" ;")[0].strip())
        return found


def signerd_section(directory, pdns):
    """The section `signerd` for a PowerDNS of the lab."""
    return ("signerd:\n"
            f"    pdnsutil: {tools.wrapper(directory, 'pdnsutil')}\n"
            f"    pdns-control: {tools.wrapper(directory, 'pdns_control')}\n"
            f"    pdns-config: {pdns.home}\n")


class PdnsProvider(Provider):
    """A provider of the rig with PowerDNS as signer and public name server. With a driver it needs
    mode "B": CDS are not its own."""

    programs = ("pdns_server", "pdnsutil", "pdns_control")
    driver_name = "pdns"
    live = True
    generic = False  # types that it knows it reads in their own form only

    def make_signer(self):
        return Pdns(self.rig.procs, self.rig.directory, f"signer-{self.label}", self.server)

    def configure(self, masters):
        self.signer.primary(self.domain, self.identity_zone())
        for zone, (address, port, key) in masters.items():
            self.signer.secondary(zone, (address, port), key,
                                  allow=[self.signer_key, self.rig.watch_key],
                                  notify=self.observe if zone == ZONE else None)
        if self.driver:
            self.signer.util("unset-publish-cds", ZONE)
            self.signer.util("unset-publish-cdnskey", ZONE)

    def signerd_section(self, directory):
        return signerd_section(directory, self.signer)

    def stored(self, role, *states, zone=ZONE):
        return [key for key, (kind, state, _) in self.signer.states(zone).items()
                if kind == role and state in states]

    def ksk(self, zone=ZONE):
        if self.driver and zone == ZONE:
            tags = {key.split("-")[1] for key in
                    self.stored("ksk", "ready") or self.stored("ksk", "active")}
            return [ds for ds in self.signer.ds(zone, "") if ds.split()[0] in tags]
        if not self.ds.get(zone):
            self.ds[zone] = self.signer.ds(zone)
        return self.ds[zone]

    def keys(self, zone=ZONE):
        if self.driver and zone == ZONE:
            return [text for _, state, text in self.signer.states(ZONE).values()
                    if state in ("published", "ready", "active", "retired")]
        return self.signer.dnskeys(zone)
