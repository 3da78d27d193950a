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

    def ds(self, zone):
        """DS records (SHA-256) of its own key signing keys, as text."""
        return [line.split(" DS ", 1)[1].split(" ;")[0].strip()
                for line in self.util("export-zone-ds", zone).splitlines() if " 13 2 " in line]


class PdnsProvider(Provider):
    """A provider of the rig with PowerDNS as signer and public name server."""

    programs = ("pdns_server", "pdnsutil")
    generic = False  # types that it knows it reads in their own form only

    def make_signer(self):
        return Pdns(self.rig.procs, self.rig.directory, f"signer-{self.label}", self.server)

    def configure(self, masters):
        self.signer.primary(self.domain, self.identity_zone())
        for zone, (address, port, key) in masters.items():
            self.signer.secondary(zone, (address, port), key,
                                  allow=[self.signer_key, self.rig.watch_key],
                                  notify=self.observe if zone == ZONE else None)

    def ksk(self, zone=ZONE):
        if not self.ds.get(zone):
            self.ds[zone] = self.signer.ds(zone)
        return self.ds[zone]

    def keys(self, zone=ZONE):
        return self.signer.dnskeys(zone)
