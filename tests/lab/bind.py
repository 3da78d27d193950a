"""A BIND server that signs a zone which combinerd pushes into it, and a provider that has one.

named listens only on addresses that an interface has, so it is at 127.0.0.1 with a port of its own,
and a Knot secondary is the provider's public name server: operators do the same. What named needs is
what doc/signers.md tells: the zone as a primary, changed by UPDATE, inline-signing no.
"""

import glob
import os
import re

import dns.dnssec
import dns.exception
import dns.rdata

from . import ask, net, tools
from .knot import Knot
from .rig import TTL, ZONE, Provider


# After a roll-over an old ZSK stays until the last of its signatures has been renewed: for validity
# less refresh, which is nine days, unless it is told otherwise from the beginning.
BRIEF = """    signatures-validity 5m;
    signatures-validity-dnskey 5m;
    signatures-refresh 260s;
    signatures-jitter 10s;
"""
OPTIONS = """options {{
    directory "{home}";
    pid-file "{home}/named.pid";
    session-keyfile none;
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    notify-delay 0;
    notify-rate 1000;
    startup-notify-rate 1000;
    serial-query-rate 1000;
    dnssec-validation no;
}};
controls {{ inet 127.0.0.1 port {control} allow {{ 127.0.0.1; }} keys {{ "control."; }}; }};
"""
# The times of the policy are what decides when named publishes its own CDS: not before everybody
# can have seen its signatures, which max-zone-ttl bounds.
POLICY = """dnssec-policy "msig" {{
    keys {{
        ksk key-directory lifetime unlimited algorithm ecdsap256sha256;
        zsk key-directory lifetime unlimited algorithm ecdsap256sha256;
    }};
    dnskey-ttl {dnskey};
    max-zone-ttl {max};
    publish-safety {publish};
    retire-safety {retire};
{more}    zone-propagation-delay 1;
    parent-propagation-delay 1;
    parent-ds-ttl {ds};
}};
"""


# For a zone whose keys are moved by their times. The last two: it signs the whole zone at once, not
# ten records at a time.
DRIVEN = {"auto_dnssec": "maintain", "update_check_ksk": "yes", "dnssec_dnskey_kskonly": "yes",
          "sig_signing_nodes": "1000", "sig_signing_signatures": "1000"}


def statement(key):
    """A TSIG key as named.conf has it."""
    return f'key "{key.name}" {{ algorithm hmac-sha256; secret "{key.secret}"; }};\n'


def state_of(times, key):
    """The state of a key of DNSKEY text, whose times of the .private file are all over."""
    held = "DSPublish" in times
    if "Delete" in times or "Publish" not in times:
        return "removed" if "Delete" in times else "made"
    if key.startswith("256 "):
        return "published" if held or "Activate" not in times else \
            "retired" if "Inactive" in times else "active"
    if "SyncPublish" not in times:
        return "published"
    if "SyncDelete" in times:
        return "active" if held else "retired"
    return "ready" if held else "active"


class Bind:
    """One named in DIRECTORY/NAME."""

    def __init__(self, procs, directory, name, server=None):
        self.procs, self.name = procs, name
        self.server = server or ("127.0.0.1", net.free_port())
        self.home = os.path.join(directory, name)
        os.makedirs(self.home)
        self.child = None
        self.keys, self.zones = {}, {}
        self.control = ask.Key("control.")
        self.control_port = net.free_port()
        self.key(self.control)
        self.conf = os.path.join(self.home, "rndc.conf")
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(statement(self.control) + f'options {{ default-key "{self.control.name}"; '
                      f"default-server 127.0.0.1; default-port {self.control_port}; }};\n")
        self.times = {"dnskey": TTL["dnskey"], "max": max(TTL.values()), "ds": TTL["ds"], "publish": 0,
                      "retire": 0, "more": ""}

    def key(self, *keys):
        """Makes TSIG keys known."""
        for key in keys:
            self.keys[key.name] = key

    def zone(self, zone, text, **items):
        """A zone statement: {name: value} with _ for -; text is the zone file at the beginning."""
        self.zones[zone] = items
        path = os.path.join(self.home, zone + "zone")
        os.makedirs(os.path.join(self.home, zone + "keys"), exist_ok=True)
        if text is not None and not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)

    def pushed(self, zone, update, transfer=(), notify=(), **items):
        """A zone that the holder of the key update pushes into; notify: [(address, port, key)]."""
        self.key(update, *transfer, *(key for _, _, key in notify))
        told = " ".join(f'{a} port {p} key "{k.name}";' for a, p, k in notify)
        self.zone(zone, FIRST, **{
            "type": "primary", "check_names": "ignore", "check_integrity": "no",
             "dnssec_policy": '"msig"',
            "inline_signing": "no", "update_policy": f'{{ grant "{update.name}" zonesub ANY; }}',
            "allow_transfer": "{ " + " ".join(f'key "{k.name}";' for k in (update, *transfer))
                              + " }",
            "notify": "explicit", "also_notify": f"{{ {told} }}", **items})

    def bump(self, zone, master, transfer, notify):
        """A zone that it fetches from master (address, port, key) and signs, a bump in the wire: it
        drops other providers' keys, and with their CDS fails as a whole."""
        address, port, key = master
        self.key(key, transfer, *(k for _, _, k in notify))
        told = " ".join(f'{a} port {p} key "{k.name}";' for a, p, k in notify)
        self.zone(zone, None, type="secondary", dnssec_policy='"msig"', inline_signing="yes",
                  primaries=f'{{ {address} port {port} key "{key.name}"; }}',
                  allow_notify=f'{{ key "{key.name}"; }}', notify="explicit",
                  allow_transfer=f'{{ key "{transfer.name}"; }}', also_notify=f"{{ {told} }}")

    def write(self):
        """Writes named.conf."""
        with open(os.path.join(self.home, "named.conf"), "w", encoding="utf-8") as out:
            out.write(OPTIONS.format(home=self.home, address=self.server[0], port=self.server[1],
                                     control=self.control_port))
            out.writelines(statement(k) for k in self.keys.values())
            out.write(POLICY.format(**self.times))
            for zone, items in self.zones.items():
                out.write(f'zone "{zone}" {{\n    file "{zone}zone";\n'
                          f'    key-directory "{zone}keys";\n')
                out.writelines(f"    {name.replace('_', '-')} {value};\n"
                               for name, value in items.items())
                out.write("};\n")

    def start(self, wait=True):
        """Starts it; wait=False leaves waiting to ready()."""
        self.write()
        if self.child:
            self.child.start()
        else:
            self.child = self.procs.start(self.name, "named", "-g", "-n", "1", "-c",
                                          os.path.join(self.home, "named.conf"))
        if wait:
            self.ready()
        return self

    def ready(self):
        """Waits until it answers, whatever it says."""
        def answers():
            try:
                return ask.ask(self.server, ".", "SOA", timeout=1)
            except (OSError, dns.exception.DNSException):
                return None
        self.procs.wait(self.child, answers)

    def rndc(self, *words):
        """rndc."""
        return tools.run("rndc", "-c", self.conf, *words).stdout

    def driven(self, zone, *roles, algorithm="13"):
        """The zone's keys are moved by their times, which somebody else writes, and by nothing else;
        the first ones are active now."""
        items = self.zones[zone]
        del items["dnssec_policy"]
        items.update(DRIVEN)
        for role in roles:
            self.make(zone, role, algorithm)

    def make(self, zone, role, algorithm="13"):
        """A key that is active now, as an operator makes the first ones; its id."""
        named = () if role == "zsk" else ("-f", "KSK", "-P", "sync", "now")
        return tools.run("dnssec-keygen", "-q", "-K", self.folder(zone), "-a", algorithm, "-L", TTL["dnskey"],
                         *named, zone).stdout.strip().partition("+")[2]

    def rekey(self, zone, algorithm):
        """Keys of another algorithm in the place of all that there are, as doc/signers.md tells an
        operator to do it while the zone has no part in a group."""
        old = {key: role for key, (role, state, _) in self.states(zone).items() if state != "removed"}
        for role in sorted(set(old.values())):
            self.make(zone, role, algorithm)
        for key, role in old.items():
            if role == "ksk":
                self.settime(zone, key, "-D", "sync", "-60")
        self.rndc("loadkeys", zone)
        for key in old:
            self.settime(zone, key, "-I", "now", "-D", "now")
        self.rndc("sign", zone)

    def settime(self, zone, key, *times):
        """Times of a key."""
        tools.run("dnssec-settime", "-K", self.folder(zone), *times, f"K{zone}+{key}")

    def folder(self, zone):
        """Its key directory."""
        return os.path.join(self.home, zone + "keys")

    def states(self, zone):
        """{id: (role, state, DNSKEY as text)} of its keys, by their times."""
        found = {}
        for path in sorted(glob.glob(os.path.join(self.folder(zone), "K*.private"))):
            with open(path, encoding="ascii") as private:
                times = dict(re.findall(r"^(\w+): (\d{14})$", private.read(), re.MULTILINE))
            with open(path.removesuffix("private") + "key", encoding="ascii") as public:
                text = re.search(r" DNSKEY (.*)", public.read())[1]
            key = dns.rdata.from_text("IN", "DNSKEY", text).to_text()
            name = os.path.basename(path).removesuffix(".private").partition("+")[2]
            found[name] = ("ksk" if key.startswith("257 ") else "zsk", state_of(times, key), key)
        return found

    def signerd_section(self, directory, zone):
        """The section `signerd` of who moves the keys."""
        programs = {name: tools.wrapper(directory, name)
                    for name in ("dnssec-keygen", "dnssec-settime", "rndc")}
        return "signerd:\n" + "".join(f"    {name}: {value}\n" for name, value in {
            **programs, "rndc-config": self.conf, "bind-keys": self.folder(zone)}.items())

    def roll(self, zone, flags, safety):
        """named rolls a key (flags 256: ZSK) by itself, beginning now; the new one is published for
        at least so many seconds before it is used. Returns the old one's DNSKEY as text."""
        self.times.update(publish=safety, retire=safety)
        self.write()
        self.rndc("reconfig")
        old = next(key for key in self.dnskeys(zone) if key.startswith(f"{flags} "))
        tag = dns.dnssec.key_id(dns.rdata.from_text("IN", "DNSKEY", old))
        self.rndc("dnssec", "-rollover", "-key", tag, zone)
        return old

    def log(self):
        """What it has said so far."""
        with open(self.child.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def dnskeys(self, zone):
        """DNSKEY records in its key directory, as text."""
        found = []
        for path in sorted(glob.glob(os.path.join(self.home, zone + "keys", "K*.key"))):
            with open(path, encoding="ascii") as key:
                for line in key:
                    match = re.match(r"\S+ (?:\d+ )?IN DNSKEY (.*)", line)
                    if match:
                        found.append(dns.rdata.from_text("IN", "DNSKEY", match[1]).to_text())
        return found

    def ds(self, zone):
        """DS records (SHA-256) of its own key signing keys, as text."""
        return [dns.dnssec.make_ds(zone, dns.rdata.from_text("IN", "DNSKEY", key),
                                   "SHA256").to_text()
                for key in self.dnskeys(zone) if key.startswith("257 ")]


# A zone that is pushed has to begin with something: the push replaces all of it.
FIRST = "$TTL 2\n@ SOA invalid. invalid. 1 3600 900 604800 2\n@ NS invalid.\n"


class Chain:
    """The named that signs and the Knot that is asked: started and waited for as one."""

    def __init__(self, bind, knot):
        self.bind, self.knot = bind, knot

    def start(self, wait=True):
        """Starts both."""
        self.bind.start(wait)
        self.knot.start(wait)
        return self

    def ready(self):
        """Waits for both."""
        self.bind.ready()
        self.knot.ready()


class BindProvider(Provider):
    """A provider of the rig with BIND as signer, fed by push, and Knot as public name server."""

    programs = ("named",)
    driver_name = "bind"
    push = True
    brief = False  # its signatures last minutes: for roll-overs by its own clock
    zone_items = "    signer-feed: push\n"

    def make_signer(self):
        procs, directory = self.rig.procs, self.rig.directory
        self.bind = Bind(procs, directory, f"signer-{self.label}")
        self.knot = Knot(procs, directory, f"public-{self.label}", [self.server])
        return Chain(self.bind, self.knot)

    @property
    def servers(self):
        return [self.bind, self.knot]

    @property
    def signer_server(self):
        return self.bind.server

    def configure(self, masters):
        bind, knot = self.bind, self.knot
        bind.times["more"] = BRIEF if self.brief else ""
        knot.remote("bind", *bind.server, self.signer_key)
        knot.acl("notify", self.signer_key, "notify")
        knot.acl("record", self.rig.watch_key, "transfer")
        knot.acl("identity", self.update_key, "update")
        knot.policy("single", algorithm="ecdsap256sha256", dnskey_ttl=TTL["dnskey"],
                    zsk_lifetime=0, ksk_lifetime=0, propagation_delay=1)
        knot.zone(self.domain, self.identity_zone(), dnssec_signing="on", dnssec_policy="single",
                  acl="identity")
        for zone, master in masters.items():
            knot.zone(zone, master="bind", acl=["notify", "record"])
            told = [(*self.server, self.signer_key)]
            if zone == ZONE:
                told.append((*self.observe, self.signer_key))
            if zone == ZONE and self.push:
                bind.pushed(zone, self.signer_key, [self.rig.watch_key], told)
                if self.driver:
                    bind.driven(zone, *(("csk",) if self.single else ("ksk", "zsk")))
            else:
                bind.bump(zone, master, self.signer_key, told)

    def rekey(self, zone, algorithm):
        """Keys of another algorithm in the place of all that there are."""
        self.bind.rekey(zone, algorithm)

    def signerd_section(self, directory):
        return self.bind.signerd_section(directory, ZONE)

    def stored(self, role, *states, zone=ZONE):
        return [key for key, (kind, state, _) in self.bind.states(zone).items()
                if (kind == role or self.single) and state in states]

    def ksk(self, zone=ZONE):
        if self.driver and zone == ZONE:
            tags = {str(int(key.split("+")[1]))
                    for key in self.stored("ksk", "ready") or self.stored("ksk", "active")}
            return [ds for ds in self.bind.ds(zone) if ds.split()[0] in tags]
        if not self.ds.get(zone):
            self.ds[zone] = self.bind.ds(zone)
        return self.ds[zone]

    def keys(self, zone=ZONE):
        if self.driver and zone == ZONE:
            return [text for _, state, text in self.bind.states(ZONE).values()
                    if state in ("published", "ready", "active", "retired")]
        return self.bind.dnskeys(zone)


class BumpProvider(BindProvider):
    """A provider that uses BIND as it must not: as a secondary that signs."""

    push = False
    zone_items = ""
