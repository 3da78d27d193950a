"""The small Internet: signed parent `example.`, an owner's primary, identity zones, providers.

    X.1  owner's primary        X.2, X.4  parent's two addresses      X.3  resolver of the agents
    X.1N provider N: its signer is also its public name server ns1.pN.example.
    X.30 and up: the watcher's resolvers

TTLs are seconds, so that the waits of a join are real and short; they differ from each other so
that a formula that uses the wrong one is seen.
"""

import itertools
import json
import os
import shutil
import tempfile

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rdtypes.dnskeybase

from . import ask, net, tools
from .knot import Knot, signerd_section, state_of, update
from .proc import Processes
from .unbound import Unbound

ZONE = "shop.example."
NAIVE = "naive.example."
PARENT = "example."
TTL = {"rr": 3, "txt": 4, "ns": 4, "dnskey": 4, "ds": 4, "negative": 2}


# Policies of the signers, as in doc/signers.md: who writes the records of the signer's own keys.
MODES = {
    "A": {"dnskey_management": "incremental", "delete_delay": "1h",
          "cds_cdnskey_publish": "always"},
    "B": {"cds_cdnskey_publish": "none", "unsafe_operation": "no-update-dnskey"},
}


def tags_clash(*signers):
    """Whether keys of two signers (each a list of DNSKEY texts) have one tag, now or once revoked.
    Agents refuse such a joiner; one pair of random keys in twenty thousand is like that."""
    def tags(texts):
        keys = [dns.rdata.from_text("IN", "DNSKEY", text) for text in texts]
        return {dns.dnssec.key_id(k) for key in keys
                for k in (key, key.replace(flags=key.flags ^ dns.rdtypes.dnskeybase.Flag.REVOKE))}
    sets = [tags(texts) for texts in signers]
    return any(a & b for a, b in itertools.combinations(sets, 2))


class Provider:
    """A DNS provider of the rig: names, addresses, and its Knot signer.

    Its signer has configuration A and rolls no key, unless it is told otherwise before configure():
    unsigned: its server signs no shared zone (HSYNC NOSIGN at all providers);
    driver: its keys of ZONE are signerd's to move (`manual: on`; the first ones are made by
    configure()); mode "B" for that configuration; single: one CSK in place of KSK and ZSK; upstream:
    label of the provider whose signed copy of ZONE it serves (HSYNC NOSIGN); relay: its server gets
    that copy by way of its combinerd, which passes it on, and not from the signer itself."""

    driver, mode, single, upstream, relay = False, "A", False, None, False
    unsigned = False
    driver_name = "knot"

    live = False  # its server signs as it answers: keys and signatures change under one serial
    generic = True  # its zone files may have any record in the form of RFC 3597
    zone_items = ""  # what its msig.conf has more in the zone section

    def __init__(self, rig, number):
        self.rig, self.number = rig, number
        self.label = f"p{number}"
        self.domain = f"p{number}.{PARENT}"
        self.identity = f"msa.{self.domain}"
        self.ns = f"ns1.{self.domain}"
        self.address = rig.block(10 + number)
        self.server = (self.address, net.DNS_PORT)
        self.combiner = (self.address, 5381)
        self.transport = (self.address, 5399)
        self.observe = (self.address, 5398)
        self.transfer_key = ask.Key(f"transfer-{self.label}.")  # owner -> combiner
        self.signer_key = ask.Key(f"signer-{self.label}.")      # combiner <-> signer <-> observe
        self.update_key = ask.Key(f"update-{self.label}.")      # UPDATE over DNS at the combiner
        self.signer = self.make_signer()
        self.records = ""  # of its identity, for the identity zone
        self.ds = {}  # zone -> what ksk() found: nothing rolls here

    @property
    def signer_server(self):
        """Where the server that signs is: here the public one."""
        return self.server

    @property
    def servers(self):
        """All that it runs: each has a child."""
        return [self.signer]

    def crash(self):
        """kill -9 of all its servers."""
        for server in self.servers:
            server.child.kill()

    def again(self):
        """Starts them again, and waits for nothing."""
        for server in self.servers:
            server.child.start()

    def make_signer(self):
        """The server that signs: something with start(wait=False) and ready()."""
        return Knot(self.rig.procs, self.rig.directory, f"signer-{self.label}", [self.server])

    def configure(self, masters):
        """masters: {zone: (address, port, key)}: where the signer gets each zone from."""
        signer = self.signer
        signer.acl("transfer", self.signer_key, "transfer", "notify")
        signer.acl("record", self.rig.watch_key, "transfer")
        signer.acl("identity", self.update_key, "update")
        signer.remote("observe", *self.observe, self.signer_key)
        always = {"algorithm": "ecdsap256sha256", "dnskey_ttl": TTL["dnskey"],
                  "propagation_delay": 1}
        signer.policy("multi", **always, **MODES["A"], zsk_lifetime=0, ksk_lifetime=0)
        signer.policy("manual", **always, **MODES[self.mode], manual="on",
                      single_type_signing="on" if self.single else "off")
        signer.policy("single", algorithm="ecdsap256sha256", dnskey_ttl=TTL["dnskey"],
                      zsk_lifetime=0, ksk_lifetime=0, propagation_delay=1)
        signer.zone(self.domain, self.identity_zone(), dnssec_signing="on",
                    dnssec_policy="single", acl="identity")
        for number, (zone, master) in enumerate(masters.items()):
            self.serve(zone, f"master{number}", master)
        if self.driver:
            self.first_keys()

    def serve(self, zone, name, master):
        """The signer serves a zone that it gets from master (address, port, key), which is called
        name: signed by itself, or the copy of another provider."""
        signer, key = self.signer, master[2]
        signer.remote(name, *master)
        acls = ["transfer", "record"]
        acls += [f"copy-{p.label}" for p in self.rig.providers
                 if zone in self.rig.zones and p.relay and p.upstream == self.label]
        if key is not self.signer_key:
            signer.acl(f"notify-{name}", key, "notify")
            acls.append(f"notify-{name}")
        shared = zone in self.rig.zones
        manual = shared and self.driver
        signing = {"dnssec_signing": "on", "dnssec_policy": "manual" if manual else "multi",
                   "zonefile_load": "difference"}
        if shared and (self.upstream or self.unsigned):
            signing = {}
        signer.zone(zone, master=name, acl=acls, **signing,
                    **({"notify": ["observe", *self.downstream()]} if shared else {}))

    def turn(self, upstream=None):
        """The operator has its server sign ZONE from now on, or serve the copy that another
        provider's signer makes (upstream is its label)."""
        self.upstream = upstream
        if upstream:
            self.rig.provider(upstream).feed()
        self.follow(other_serial=True)

    def follow(self, other_serial):
        """Its server gets ZONE from where master() says by now; other_serial: whatever the serial there
        is."""
        signer = self.signer
        signer.sections["zone"] = [z for z in signer.sections["zone"] if z["domain"] != ZONE]
        self.serve(ZONE, f"turned{len(signer.sections['remote'])}", self.master())
        signer.reload()
        if other_serial:
            signer.ctl("zone-retransfer", ZONE)

    def feed(self):
        """Its signer notifies all that serve its copy."""
        block = next(z for z in self.signer.sections["zone"] if z["domain"] == ZONE)
        block["notify"] = ["observe", *self.downstream()]
        self.signer.reload()

    def downstream(self):
        """Makes those known that serve this provider's signed copy: their names as remotes and, where
        they have keys of their own, as rules."""
        names = []
        for other in self.rig.providers:
            if other.upstream == self.label:
                name, known = f"copy-{other.label}", self.signer.sections["remote"]
                if other.relay and all(r["id"] != name for r in known):
                    self.signer.remote(name, *other.combiner, other.transfer_key)
                    self.signer.acl(name, other.transfer_key, "transfer")
                elif all(r["id"] != name for r in known):
                    self.signer.remote(name, *other.server, self.signer_key)
                names.append(name)
        return names

    def master(self):
        """Where its server gets ZONE from: (address, port, key)."""
        if self.upstream and not self.relay:
            source = self.rig.provider(self.upstream)
            return (*source.server, source.signer_key)
        return (*self.combiner, self.signer_key)

    def origin(self):
        """Where its combinerd gets ZONE from: (address, port)."""
        return self.rig.provider(self.upstream).signer_server if self.relay else self.rig.owner.server

    def first_keys(self):
        """The keys that each zone begins with: Knot with `manual: on` makes none."""
        self.signer.write()
        kinds = (("yes", "yes"),) if self.single else (("yes", "no"), ("no", "yes"))
        for zone, (ksk, zsk) in itertools.product(self.rig.zones, kinds):
            self.signer.keymgr(zone, "generate", "algorithm=13", f"ksk={ksk}", f"zsk={zsk}")

    def identity_zone(self):
        """The signed zone that holds this provider's name server and identity records."""
        return (f"$ORIGIN {self.domain}\n$TTL 5\n"
                f"@ SOA ns1 hostmaster 1 3600 900 604800 {TTL['negative']}\n"
                f"@ NS ns1\nns1 A {self.address}\n{self.records}")

    def ksk(self, zone=ZONE):
        """The DS records (SHA-256) of the signer's own KSK, from its key database; of those that CDS
        name, if they are rolled."""
        if (self.upstream or self.unsigned) and zone in self.rig.zones:
            return []
        if self.driver and zone in self.rig.zones:
            active = self.stored("ksk", "active", zone=zone)
            return [line.split(" DS ", 1)[1]
                    for key in self.stored("ksk", "ready", zone=zone) or active
                    for line in self.signer.known(zone, "ds", key).splitlines()
                    if line.split()[4] == "2"]
        if not self.ds.get(zone):
            self.ds[zone] = [line.split(" DS ", 1)[1]
                             for line in self.signer.keymgr(zone, "ds").splitlines()
                             if " 13 2 " in line]
        return self.ds[zone]

    def signerd_section(self, directory):
        """The section `signerd` of its msig.conf."""
        return signerd_section(directory, self.signer)

    def stored(self, role, *states, zone=ZONE):
        """Ids of the signer's keys for a zone with that role ("ksk" and "zsk" have CSKs, too) in these
        states, from its key database."""
        return [key["id"] for key in
                json.loads(self.signer.known("-j", zone, "list") or "[]")
                if key[role] and state_of(key) in states]

    def keys(self, zone=ZONE):
        """The signer's own DNSKEY records: those in its key database, not what it serves."""
        found = []
        if (self.upstream or self.unsigned) and zone in self.rig.zones:
            return found
        if self.driver and zone in self.rig.zones:
            states = ("published", "ready", "active", "retired")
            ids = dict.fromkeys(self.stored("ksk", *states, zone=zone)
                                + self.stored("zsk", *states, zone=zone))
            return [self.signer.known(zone, "dnskey", key).strip().split(" DNSKEY ", 1)[1]
                    for key in ids]
        for line in self.signer.known(zone, "list").splitlines():
            if line.split()[2:3] in (["KSK"], ["ZSK"], ["CSK"]):
                text = self.signer.known(zone, "dnskey", line.split()[0])
                found.append(text.strip().split(" DNSKEY ", 1)[1])
        return found


class Rig:
    """One run of the lab. Use it as a context: leaving it ends every process. providers: how many,
    or the classes of each (those that are not Provider have another signer than Knot, and can do ZONE
    alone). zones: those that the providers share."""

    def __init__(self, providers=3, keep=False, directory=None, zones=(ZONE,)):
        self.zones = tuple(zones)
        self.directory = directory or tempfile.mkdtemp(prefix="msig.")
        self.keep = keep
        self.block = net.Block()
        self.procs = Processes(self.directory)
        self.watch_key = ask.Key("watch.")
        self.parent_key = ask.Key("parent-update.")
        self.owner_key = ask.Key("owner-update.")
        classes = [Provider] * providers if isinstance(providers, int) else providers
        self.providers = [cls(self, n + 1) for n, cls in enumerate(classes)]
        self.parent = Knot(self.procs, self.directory, "parent",
                           [(self.block(2), net.DNS_PORT), (self.block(4), net.DNS_PORT)])
        self.owner = Knot(self.procs, self.directory, "owner", [(self.block(1), net.DNS_PORT)])
        self.anchor = os.path.join(self.directory, "anchor.key")
        self.resolver = None

    @property
    def resolver_server(self):
        """Where the resolver of the agents is, or will be."""
        return (self.block(3), net.DNS_PORT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends all processes and removes the directory, unless it is to be kept."""
        self.procs.stop()
        self.block.close()
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def provider(self, label):
        """By label: p1, p2, ..."""
        return next(p for p in self.providers if p.label == label)

    # -- configuration ---------------------------------------------------------------------

    @staticmethod
    def content(zone, ns, extra=""):
        """The zone file of a customer zone: the names that the watcher asks for."""
        hosts = "".join(f"n{i} A 192.0.2.{i}\n" for i in range(1, 9))
        return (f"$ORIGIN {zone}\n$TTL {TTL['rr']}\n"
                f"@ {TTL['ns']} SOA {ns} hostmaster.{zone} 1 30 5 3600 {TTL['negative']}\n"
                f"@ {TTL['ns']} NS {ns}\n@ A 192.0.2.80\n@ MX 10 mail\nwww A 192.0.2.80\n"
                f"www AAAA 2001:db8::80\nmail A 192.0.2.25\n{hosts}"
                f"*.wild {TTL['txt']} TXT \"wildcard\"\n{extra}")

    def configure_owner(self, zone_notify=(), naive_notify=()):
        """The owner's primary: HSYNC names the first provider. It notifies, and lets transfer,
        {name: (address, port, key)}, for each zone."""
        first, owner = self.providers[0], self.owner
        owner.acl("update", self.owner_key, "update")
        hsync = f"@ TYPE{ask.HSYNC} {ask.hsync(first.identity)}\n"
        for name, (address, port, key) in {**dict(zone_notify), **dict(naive_notify)}.items():
            owner.remote(name, address, port, key)
            owner.acl(name, key, "transfer")
        for zone, extra, notify in (*((zone, hsync, zone_notify) for zone in self.zones),
                                    (NAIVE, "", naive_notify)):
            owner.zone(zone, self.content(zone, first.ns, extra), acl=["update", *notify],
                       **({"notify": list(notify)} if notify else {}))

    def start_parent(self):
        """The signed parent: delegates identity zones and the customer's zones; the DS records
        are added by delegate() when the signers have their keys."""
        text = (f"$ORIGIN {PARENT}\n$TTL 5\n"
                f"@ SOA ns1 hostmaster 1 3600 900 604800 {TTL['negative']}\n@ NS ns1\n@ NS ns2\n"
                f"ns1 A {self.block(2)}\nns2 A {self.block(4)}\n")
        for provider in self.providers:
            text += f"{provider.domain} NS {provider.ns}\n{provider.ns} A {provider.address}\n"
        for zone in (*self.zones, NAIVE):
            text += f"{zone} {TTL['ns']} NS {self.providers[0].ns}\n"
        parent = self.parent
        parent.policy("parent", algorithm="ecdsap256sha256", zsk_lifetime=0, ksk_lifetime=0,
                      dnskey_ttl=5)
        parent.acl("update", self.parent_key, "update")
        parent.acl("record", self.watch_key, "transfer")
        parent.zone(PARENT, text, dnssec_signing="on", dnssec_policy="parent",
                    acl=["update", "record"])
        return parent.start(wait=False)

    def delegate(self, zones=None):
        """Waits for the signers' keys, puts the first DS records in the parent, writes the trust
        anchor, and starts the resolver that agents ask."""
        pairs = [(p, p.domain) for p in self.providers]
        pairs += [(self.providers[0], zone) for zone in zones or (*self.zones, NAIVE)]
        lines = []
        for provider, zone in pairs:
            keys = net.until(lambda p=provider, z=zone: self.sep_keys(p.server, z),
                             f"{provider.label} to serve {zone} signed")
            for key in keys:
                ds = dns.dnssec.make_ds(zone, key, "SHA256")
                lines.append(f"add {zone} {TTL['ds']} DS {ds.to_text()}")
        keys = net.until(lambda: self.sep_keys(self.parent.server, PARENT), "the parent's keys")
        with open(self.anchor, "w", encoding="ascii") as out:
            for key in keys:
                out.write(f"{PARENT} 3600 IN DNSKEY {key.to_text()}\n")
        update(self.parent.server, PARENT, self.parent_key, *lines)
        self.resolver = Unbound(self, "resolver", self.resolver_server[0])
        for provider in self.providers:
            self.resolver.stub(provider.domain, [provider.server])
        self.resolver.start()

    @staticmethod
    def sep_keys(server, zone):
        """The key signing keys in a DNSKEY RRset that a server answers with."""
        name = dns.name.from_text(zone)
        try:
            found, sigs = ask.rrset(ask.ask(server, name, "DNSKEY"), name, dns.rdatatype.DNSKEY)
        except (OSError, dns.exception.DNSException):
            return []
        return [r for r in found or () if sigs and r.flags & 1]

    # -- the owner's word ------------------------------------------------------------------

    def hsync(self, provider, op="add", zone=ZONE, **fields):
        """The owner publishes or withdraws a provider's HSYNC record with knsupdate."""
        rdata = ask.hsync(provider.identity, **fields)
        ttl = TTL["ns"] if op == "add" else ""
        return update(self.owner.server, zone, self.owner_key,
                      f"{op} {zone} {ttl} TYPE{ask.HSYNC} {rdata}")


def missing():
    """Programs that the lab needs and this machine lacks."""
    return tools.missing()
