"""combinerd between real owners and real signers: one zone, one daemon, no agent."""

import os
import shutil
import signal
import socket
import tempfile
import threading

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import dns.tsigkeyring
import dns.update
import dns.xfr
import dns.zone

from lab import ask, net, tools
from lab.knot import Knot
from lab.msig import at, program
from lab.proc import Processes
from lab.tcp import control

ZONE = "shop.example."
IDENTITY = "msa.p1.example."
OTHER = "msa.p2.example."
HSYNC = f"TYPE{ask.HSYNC}"
# Points on the curve: what is none is refused.
KEY = ("oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA==",
       "uPoaSsvZALeI/x+FJMz/8d0qPWyRfkAJr2BPvUBttwKaXMMtFPyDcmaERSdIH38Gy0+zRzOyTKkuhh9yzHyuNw==",
       "zPeoe+XKFurACJI9qx4ouBIxBao8zZkYcFIiyl06fMa7Jy6o5VMI+QJSyWoulWvotjbleOMtNmP/W2/+Xp1ssg==",
       "9yjFfkcRXy4gzA3L+WgKGprCkwn8KJKK9+oBzTa0t7kU43hIw6auupCF4xQmIGcdqaJG5Bv27z2mpMYS5vScKQ==",
       "BJS+pgDQ9kzyY1pJus2/eIFy2OtyCHgk8I6FTXOOXLnIPN4pgUWFUVd4Od/Yki2O7Z7RTJT/aI6peQu75eckUw==")
HASH = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
APEX = ("DNSKEY", "CDS", "CDNSKEY", "NS", "CSYNC")


def soa(serial, refresh=3600, retry=600, expire=86400):
    """The rdata of a SOA record."""
    return f"ns1 hostmaster {serial} {refresh} {retry} {expire} 300"


def hsync(nsmgmt="AGENT", state="ON", sign="SIGN", identity=IDENTITY):
    """An HSYNC record at the apex."""
    return f"@ {HSYNC} {ask.hsync(identity, state, nsmgmt, sign)}\n"


def zone_text(serial=1, extra="", with_hsync=True, **times):
    """A small zone of the owner's."""
    return (f"$ORIGIN {ZONE}\n$TTL 300\n@ SOA {soa(serial, **times)}\n@ NS ns1\n@ NS ns2.elsewhere.\n"
            f"ns1 A 192.0.2.1\nwww A 192.0.2.2\nwww TXT \"a\" \"b\"\nmail MX 10 www\n"
            f"{hsync() if with_hsync else ''}{extra}")


CONF = """server:
    identity: {identity}
    rundir: {home}/run
    storage: {home}/lib
log:
    level: debug
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
  - id: {second.name}
    algorithm: hmac-sha256
    secret: {second.secret}
remote:
  - id: owner
    address: {owner}
    key: {transfer.name}
  - id: standby
    address: {standby}
    key: {transfer.name}
  - id: signer
    address: {client}
    key: {signer.name}
agent:
    lab: on
combiner:
    listen: {listen}
    notify-retry: 500ms
    coalesce: 50ms
    min-refresh: 1
    min-retry: 1
{combiner}zone:
  - domain: {zone}
    master: {master}
    signer: signer
    update-key: {update.name}
    update-origin: {origin}
{feed}"""


class Rig:
    """A temporary directory, addresses, and the daemons of one test."""

    def __init__(self, keep=False):
        self.directory = tempfile.mkdtemp(prefix="msig-comb.")
        self.keep = keep or bool(os.environ.get("MSIG_KEEP"))
        self.block = net.Block()
        self.procs = Processes(self.directory)
        self.transfer = ask.Key("transfer.")
        self.signer = ask.Key("signer.")
        self.update = ask.Key("update.")
        self.second = ask.Key("second.")
        self.owner = (self.block(1), 5300)
        self.standby = (self.block(4), 5300)
        self.client = (self.block(2), 5300)
        self.listen = (self.block(3), 5381)
        self.home = os.path.join(self.directory, "comb")
        self.conf = os.path.join(self.home, "msig.conf")
        os.makedirs(os.path.join(self.home, "lib"))
        self.daemon = None
        self.write()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.procs.stop()
        self.block.close()
        if self.keep:
            print(f"# kept: {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    # -- combinerd -------------------------------------------------------------------------

    def write(self, **changes):
        """Writes msig.conf."""
        items = {"identity": IDENTITY, "home": self.home, "transfer": self.transfer,
                 "signer": self.signer, "update": self.update, "second": self.second,
                 "owner": at(self.owner), "standby": at(self.standby), "client": at(self.client),
                 "listen": at(self.listen), "zone": ZONE, "master": "owner", "origin": OTHER,
                 "combiner": "", "feed": "", **changes}
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(CONF.format(**items))

    def start(self, wait=True):
        """Starts combinerd, or starts it again."""
        if self.daemon is None:
            self.daemon = self.procs.start("combinerd", program("combinerd"), "-c", self.conf)
        else:
            self.daemon.start()
        if wait:
            self.procs.wait(self.daemon, lambda: self.status() is not None)

    def stop(self):
        """SIGTERM, and the end."""
        self.daemon.kill(signal.SIGTERM)
        return self.daemon.popen.returncode

    def kill(self):
        """kill -9."""
        self.daemon.kill()

    def log(self):
        """What combinerd has said so far."""
        with open(self.daemon.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def control(self, command, **items):
        """One command on the control socket; None if nobody listens."""
        return control(os.path.join(self.home, "run", "combinerd.ctl"), command, **{"zone": ZONE, **items})

    def status(self):
        """The zone's part of status, or None."""
        answer = self.control("status")
        return answer["zones"][0] if answer and answer.get("zones") else None

    def until(self, condition, what, seconds=20):
        """Waits for condition(status)."""
        def check():
            if not self.daemon.running:
                raise RuntimeError("combinerd ended:\n" + self.daemon.tail(30))
            status = self.status()
            return status if status and condition(status) else None
        try:
            return net.until(check, what, seconds, 0.05)
        except net.Timeout as error:
            raise net.Timeout(f"{error}\nstatus: {self.status()}\n{self.daemon.tail(40)}") from None

    def until_serial(self, serial, seconds=20):
        """Waits until combinerd serves that serial."""
        return self.until(lambda s: s["serial"]["out"] == serial, f"serial {serial}", seconds)

    def until_owner(self, serial, seconds=20):
        """Waits until combinerd has the owner's version with that serial."""
        return self.until(lambda s: s["serial"]["owner"] == serial, f"owner's serial {serial}",
                          seconds)

    # -- asking it -------------------------------------------------------------------------

    def query(self, rdtype, key=None, name=ZONE, tcp=True, **options):
        """One question, signed with key (default: the signer's, False: none)."""
        message = dns.message.make_query(name, rdtype, **options)
        return self.send(message, key, tcp)

    def send(self, message, key=None, tcp=True):
        """Any message."""
        key = self.signer if key is None else key
        if key:
            message.use_tsig(key.key)
        how = dns.query.tcp if tcp else dns.query.udp
        return how(message, self.listen[0], 10, self.listen[1])

    def axfr(self, key=None, server=None):
        """{(owner, type, rdata text, ttl)} without the SOA's serial, and the serial."""
        key = key or self.signer
        server = server or self.listen
        zone = dns.zone.Zone(ZONE, relativize=False)
        query, _ = dns.xfr.make_query(zone, keyring=key.key)
        dns.query.inbound_xfr(server[0], zone, query, port=server[1], timeout=30)
        return content(zone), zone.get_rdataset("@", "SOA")[0].serial

    def ixfr(self, serial, key=None):
        """The messages that answer IXFR, as (records, whole): [(owner, rdataset text)...]."""
        query = dns.message.make_query(ZONE, "IXFR")
        query.find_rrset(query.authority, dns.name.from_text(ZONE), dns.rdataclass.IN,
                         dns.rdatatype.SOA, create=True).add(
            dns.rdata.from_text("IN", "SOA", f". . {serial} 0 0 0 0"), 0)
        query.use_tsig((key or self.signer).key)
        records = []
        with socket.create_connection(self.listen, 10) as sock:
            wire = query.to_wire()
            sock.sendall(len(wire).to_bytes(2, "big") + wire)
            stream = sock.makefile("rb")
            soas = 0
            ctx, first = None, None
            while True:
                length = int.from_bytes(stream.read(2), "big")
                answer = dns.message.from_wire(
                    stream.read(length), keyring=query.keyring, request_mac=query.mac, xfr=True,
                    one_rr_per_rrset=True, tsig_ctx=ctx, multi=True)
                ctx = answer.tsig_ctx
                for rrset in answer.answer:
                    records.append(rrset)
                    first = first or rrset
                    soas += rrset.rdtype == dns.rdatatype.SOA and rrset[0] == first[0]
                whole = len(records) > 1 and records[1].rdtype != dns.rdatatype.SOA
                if len(records) == 1 or soas == (2 if whole else 3):
                    return records, whole

    def change(self, add=(), delete=(), key=None, tcp=True, **options):
        """UPDATE over DNS with dnspython; "TTL TYPE RDATA" each. Returns the rcode as text."""
        update = dns.update.UpdateMessage(ZONE, keyring=(key or self.update).key)
        for text in delete:
            parts = text.split(None, 1)
            update.delete("@", *parts)
        for text in add:
            ttl, rdtype, rdata = text.split(None, 2)
            update.add("@", int(ttl), rdtype, rdata)
        how = dns.query.tcp if tcp else dns.query.udp
        answer = how(update, self.listen[0], 10, self.listen[1], **options)
        return dns.rcode.to_text(answer.rcode())

    def knsupdate(self, *lines, key=None):
        """knsupdate's exit status and output."""
        return self.tool("knsupdate", f"server {self.listen[0]} {self.listen[1]}", f"zone {ZONE}",
                         *lines, "send", "answer", key=key)

    def nsupdate(self, *lines, key=None, args=()):
        """nsupdate's exit status and output."""
        return self.tool("nsupdate", f"server {self.listen[0]} {self.listen[1]}", f"zone {ZONE}",
                         *lines, "send", "answer", key=key, args=args)

    def tool(self, name, *lines, key=None, args=()):
        """A client of UPDATE, its words from standard input."""
        done = tools.run(name, "-t", "5", *args, "-y", (key or self.update).argument,
                         stdin="\n".join(lines) + "\n", check=False)
        return done.returncode, done.stdout + done.stderr


def content(zone):
    """Everything in a dnspython zone; the SOA with serial 0."""
    found = set()
    for name, ttl, rdata in zone.iterate_rdatas():
        if rdata.rdtype == dns.rdatatype.SOA:
            rdata = rdata.replace(serial=0)
        found.add((name.to_text().lower(), dns.rdatatype.to_text(rdata.rdtype), rdata.to_text(),
                   ttl))
    return found


def records(text, origin=ZONE):
    """The same, of zone file text."""
    return content(dns.zone.from_text(text, origin, relativize=False, check_origin=False))


# -- owners: start(text), serve(text): another version of the zone ---------------------------


class KnotOwner:
    """A Knot primary."""

    kind = "Knot"

    def __init__(self, rig, server=None):
        self.rig = rig
        self.knot = Knot(rig.procs, rig.directory, "owner-knot", [server or rig.owner])
        self.knot.remote("combiner", *rig.listen, rig.transfer)
        self.knot.acl("transfer", rig.transfer, "transfer")

    def start(self, text):
        """Serves the zone."""
        self.knot.zone(ZONE, text, notify="combiner", acl="transfer",
                       **{"zonefile-load": "difference", "semantic-checks": "off"})
        self.knot.start()

    def serve(self, text):
        """Serves another version of it, with NOTIFY."""
        with open(os.path.join(self.knot.home, "zones", ZONE + "zone"), "w",
                  encoding="utf-8") as out:
            out.write(text)
        self.knot.ctl("-b", "zone-reload", ZONE)

    def stop(self):
        """Ends it."""
        self.knot.child.kill(signal.SIGTERM)


class NsdOwner:
    """An NSD primary; it makes IXFR by itself (create-ixfr, NSD 4.6)."""

    kind = "NSD"

    def __init__(self, rig, server=None):
        self.rig, self.server = rig, server or rig.owner
        self.home = os.path.join(rig.directory, "owner-nsd")
        os.makedirs(self.home)
        self.child = None

    def write(self, text):
        """Zone file and configuration."""
        with open(os.path.join(self.home, "zone"), "w", encoding="utf-8") as out:
            out.write(text)
        with open(os.path.join(self.home, "nsd.conf"), "w", encoding="utf-8") as out:
            out.write(nsd_conf(self.home, self.server, [self.rig.transfer]) + f"""
zone:
    name: {ZONE}
    zonefile: "{self.home}/zone"
    create-ixfr: yes
    store-ixfr: yes
    provide-xfr: 0.0.0.0/0 {self.rig.transfer.name}
    notify: {self.rig.listen[0]}@{self.rig.listen[1]} {self.rig.transfer.name}
""")

    def start(self, text):
        """Serves the zone."""
        self.write(text)
        self.child = self.rig.procs.start("owner-nsd", "nsd", "-d", "-c",
                                          os.path.join(self.home, "nsd.conf"),
                                          ready=lambda: answers(self.server))

    def serve(self, text):
        """Serves another version of it, with NOTIFY."""
        self.write(text)
        os.kill(self.child.popen.pid, signal.SIGHUP)

    def stop(self):
        """Ends it."""
        self.child.kill(signal.SIGTERM)


class BindOwner:
    """A BIND primary. named listens only on addresses that an interface has."""

    kind = "BIND"

    def __init__(self, rig):
        self.rig = rig
        self.server = rig.owner = ("127.0.0.1", net.free_port())
        rig.write()
        self.home = os.path.join(rig.directory, "owner-bind")
        os.makedirs(self.home)
        self.child = None

    def write(self, text):
        """Zone file and configuration."""
        with open(os.path.join(self.home, "zone"), "w", encoding="utf-8") as out:
            out.write(text)
        address, port = self.rig.listen
        with open(os.path.join(self.home, "named.conf"), "w", encoding="utf-8") as out:
            out.write(bind_conf(self.home, self.server, [self.rig.transfer]) + f"""
zone "{ZONE}" {{
    type primary;
    file "{self.home}/zone";
    ixfr-from-differences yes;
    check-names ignore;
    check-integrity no;
    notify explicit;
    also-notify {{ {address} port {port} key "{self.rig.transfer.name}"; }};
    allow-transfer {{ key "{self.rig.transfer.name}"; }};
}};
""")

    def start(self, text):
        """Serves the zone."""
        self.write(text)
        self.child = self.rig.procs.start("owner-bind", "named", "-g", "-n", "1", "-c",
                                          os.path.join(self.home, "named.conf"),
                                          ready=lambda: answers(self.server))

    def serve(self, text):
        """Serves another version of it, with NOTIFY."""
        self.write(text)
        os.kill(self.child.popen.pid, signal.SIGHUP)

    def stop(self):
        """Ends it."""
        self.child.kill(signal.SIGTERM)


class FakeOwner:
    """A primary over TCP that answers SOA, AXFR and IXFR with what it is told to."""

    def __init__(self, rig):
        self.rig = rig
        self.key = rig.transfer.key
        self.serial = 1
        self.answer = None      # function(query, connection): its own way to answer a transfer
        self.asked = []         # types asked for
        self.sock = socket.create_server(rig.owner)
        threading.Thread(target=self.run, daemon=True).start()

    def close(self):
        """Nobody answers any more."""
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def run(self):
        """Accepts until it is closed."""
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        """All questions of one connection."""
        with conn:
            stream = conn.makefile("rb")
            while True:
                length = stream.read(2)
                if len(length) < 2:
                    return
                wire = stream.read(int.from_bytes(length, "big"))
                query = dns.message.from_wire(wire, keyring={self.rig.transfer.key.name:
                                                             self.rig.transfer.key})
                rdtype = query.question[0].rdtype
                self.asked.append(dns.rdatatype.to_text(rdtype))
                try:
                    if rdtype == dns.rdatatype.SOA:
                        self.send(conn, query, [[soa_rr(self.serial)]])
                    elif self.answer(query, conn) is False:
                        return
                except OSError:
                    return

    def send(self, conn, query, messages, tweak=None, sign=True):
        """A stream of messages, each a list of rrsets; tweak(response, number) may spoil one."""
        ctx = None
        for number, rrsets in enumerate(messages):
            response = dns.message.make_response(query)
            response.flags |= dns.flags.AA
            response.answer = list(rrsets)
            if tweak:
                tweak(response, number)
            if sign:
                response.use_tsig(self.key)
                response.request_mac = query.mac
                wire = response.to_wire(multi=len(messages) > 1, tsig_ctx=ctx)
                ctx = response.tsig_ctx
            else:
                response.tsig = None
                response.keyring = None
                wire = response.to_wire()
            conn.sendall(len(wire).to_bytes(2, "big") + wire)


def soa_rr(serial):
    """The SOA of that serial, asked for every second."""
    return rr("@", "SOA", soa(serial, refresh=1, retry=1))


def rr(name, rdtype, rdata, ttl=300, rdclass="IN"):
    """One rrset."""
    origin = dns.name.from_text(ZONE)
    return dns.rrset.from_text_list(dns.name.from_text(name, origin), ttl, rdclass, rdtype, [rdata],
                                    origin=origin, relativize=False)


def body(extra=()):
    """A zone's records but the SOA."""
    return [rr("@", "NS", "ns1." + ZONE), rr("ns1", "A", "192.0.2.1"),
            rr("www", "A", "192.0.2.2"),
            rr("@", HSYNC, ask.hsync(IDENTITY)), *extra]


# -- clients: start(), content() -------------------------------------------------------------


class KnotClient:
    """A Knot secondary of combinerd."""

    kind = "Knot"

    def __init__(self, rig):
        self.rig = rig
        self.knot = Knot(rig.procs, rig.directory, "client-knot", [rig.client])
        self.knot.remote("combiner", *rig.listen, rig.signer)
        self.knot.acl("all", rig.signer, "transfer", "notify")

    def start(self, **items):
        """Starts it."""
        self.knot.zone(ZONE, master="combiner", acl="all", **items)
        self.knot.start()
        return self

    def ixfrs(self):
        """How many IXFR it took that were IXFR."""
        return self.knot.log().count("IXFR, incoming, remote combiner") and sum(
            "IXFR, incoming" in line and "finished" in line for line in self.knot.log().splitlines())

    def stop(self):
        """Ends it."""
        self.knot.child.kill(signal.SIGTERM)


class NsdClient:
    """An NSD secondary of combinerd."""

    kind = "NSD"

    def __init__(self, rig):
        self.rig = rig
        self.home = os.path.join(rig.directory, "client-nsd")
        os.makedirs(self.home)
        self.child = None

    def start(self):
        """Starts it."""
        address, port = self.rig.listen
        with open(os.path.join(self.home, "nsd.conf"), "w", encoding="utf-8") as out:
            out.write(nsd_conf(self.home, self.rig.client, [self.rig.signer]) + f"""
zone:
    name: {ZONE}
    zonefile: "{self.home}/zone"
    request-xfr: {address}@{port} {self.rig.signer.name}
    allow-notify: 0.0.0.0/0 {self.rig.signer.name}
    provide-xfr: 0.0.0.0/0 {self.rig.signer.name}
""")
        self.child = self.rig.procs.start("client-nsd", "nsd", "-d", "-V", "3", "-c",
                                          os.path.join(self.home, "nsd.conf"))
        return self

    def stop(self):
        """Ends it."""
        self.child.kill(signal.SIGTERM)


class BindClient:
    """A BIND secondary of combinerd."""

    kind = "BIND"

    def __init__(self, rig):
        self.rig = rig
        rig.client = ("127.0.0.1", net.free_port())
        rig.write()
        rig.control("reload")
        self.home = os.path.join(rig.directory, "client-bind")
        os.makedirs(self.home)
        self.child = None

    def start(self):
        """Starts it."""
        address, port = self.rig.listen
        key = self.rig.signer.name
        with open(os.path.join(self.home, "named.conf"), "w", encoding="utf-8") as out:
            out.write(bind_conf(self.home, self.rig.client, [self.rig.signer]) + f"""
zone "{ZONE}" {{
    type secondary;
    file "{self.home}/zone";
    primaries {{ {address} port {port} key "{key}"; }};
    allow-notify {{ key "{key}"; }};
    allow-transfer {{ key "{key}"; }};
    notify no;
}};
""")
        self.child = self.rig.procs.start("client-bind", "named", "-g", "-n", "1", "-c",
                                          os.path.join(self.home, "named.conf"))
        return self

    def stop(self):
        """Ends it."""
        self.child.kill(signal.SIGTERM)


def nsd_conf(home, server, keys):
    """What every nsd.conf has."""
    return f"""server:
    ip-address: {server[0]}@{server[1]}
    username: ""
    chroot: ""
    zonesdir: "{home}"
    database: ""
    pidfile: "{home}/nsd.pid"
    xfrdfile: "{home}/xfrd.state"
    zonelistfile: "{home}/zone.list"
    xfrdir: "{home}"
    server-count: 1
    xfrd-reload-timeout: 0
remote-control:
    control-enable: no
""" + "".join(f"key:\n    name: {k.name}\n    algorithm: hmac-sha256\n    secret: {k.secret}\n"
              for k in keys)


def bind_conf(home, server, keys):
    """What every named.conf has."""
    return f"""options {{
    directory "{home}";
    pid-file "{home}/named.pid";
    session-keyfile none;
    listen-on port {server[1]} {{ {server[0]}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    notify-delay 0;
    serial-query-rate 1000;
    dnssec-validation no;
}};
controls {{ }};
""" + "".join(f'key "{k.name}" {{ algorithm hmac-sha256; secret "{k.secret}"; }};\n' for k in keys)


def answers(server, zone=ZONE):
    """Whether a server answers the SOA question with authority."""
    try:
        message = ask.ask(server, zone, "SOA", timeout=1)
    except (OSError, dns.exception.DNSException):
        return False
    return bool(message.answer)


def serial_at(server, zone=ZONE):
    """The serial that a server shows, or None."""
    try:
        message = ask.ask(server, zone, "SOA", timeout=1)
    except (OSError, dns.exception.DNSException):
        return None
    return message.answer[0][0].serial if message.answer else None


OWNERS = {"knot": KnotOwner, "nsd": NsdOwner, "bind": BindOwner}
CLIENTS = {"knot": KnotClient, "nsd": NsdClient, "bind": BindClient}


def without(*names):
    """Skips the whole test when a program is missing."""
    gone = tools.missing(names)
    if gone:
        print(f"1..0 # SKIP not found: {', '.join(gone)}")
        raise SystemExit(0)
    if not os.access(program("combinerd"), os.X_OK):
        print("1..0 # SKIP combinerd is not built")
        raise SystemExit(0)


def compare(tap, got, want, claim):
    """Two contents, the difference shown."""
    lines = [f"- {r}" for r in sorted(want - got)[:10]] + [f"+ {r}" for r in sorted(got - want)[:10]]
    return tap.ok(got == want, claim, "\n".join(lines) or "equal")


