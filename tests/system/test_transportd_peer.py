#!/usr/bin/python3
"""The process peer as strangers and peers see it; agentd is played through the bus."""

import os
import signal
import socket
import struct
import tempfile
import threading
import time

import dns.edns
import dns.message
import dns.rcode

from lab import bus, msig, net, sig0, tools
from lab.proc import Processes
from lab.tap import Tap, skip_all
from lab.tcp import Server, control, receive, send

if msig.missing(("transportd",)) or not os.access(bus.program(), os.X_OK):
    skip_all("transportd or busctl is not built")

CONF = """server:
    identity: msa.p1.example.
    rundir: {home}/run
    storage: {home}/lib
log:
    level: debug
key:
  - id: k.
    algorithm: hmac-sha256
    secret: c2VjcmV0c2VjcmV0
remote:
  - id: signer
    address: {address}@5301
    key: k.
combiner:
    listen: {address}@5381
transport:
    listen: {address}@5399
    rate-source: {source}
    rate-signer: {signer}
observe:
    listen: {address}@5398
agent:
    sig0-key: msa.pem
    lab: on
    query-timeout: 1s
zone:
  - domain: shop.example.
    master: signer
    signer: signer
    ns: [ ns1.p1.example. ]
"""
ZONE, ME, PEER = "shop.example.", "msa.p1.example.", "msa.p2.example."
ENOPEER, ETIMEOUT = -2014, -2020
NOT_READY, BLOCKED, PROHIBITED, EXPIRED, NOT_YET, NOTSUP, INVALID = 14, 15, 18, 7, 8, 21, 24


class Set:
    """The process, its agentd, and a peer's key."""

    def __init__(self, home):
        self.home, self.block = home, net.Block()
        self.address = self.block(1)
        self.procs = Processes(home)
        self.conf = os.path.join(home, "msig.conf")
        os.makedirs(os.path.join(home, "lib"))
        self.key = sig0.Signer("ns.msa.p2.example.")
        self.write_conf()
        self.child = self.procs.start("peer", msig.program("transportd"), "--only", "peer", "-c",
                                      self.conf)
        self.wait()
        self.agent = bus.Bus(os.path.join(home, "run"))

    def write_conf(self, source=0, signer=0):
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(CONF.format(home=self.home, address=self.address, source=source or 100000,
                                  signer=signer or 100000))

    def wait(self):
        self.procs.wait(self.child, lambda: self.ctl("status"))

    def ctl(self, command):
        """One command on the control socket; None if nobody is there."""
        return control(os.path.join(self.home, "run/transportd.ctl"), command)

    def know(self, *addresses, zones=(ZONE,), keys=True, peer=PEER):
        """PEER_SET."""
        self.agent.send("PEER_SET", peer=peer, address=list(addresses), zone=list(zones),
                        key=[f"{self.key.name}/{self.key.tag}"] if keys else [])
        net.until(lambda: self.ctl("peers")["table-known"] and any(
            p["peer"] == peer and p["address"] == list(addresses) and p["zone"] == list(zones)
            and bool(p["key"]) == keys for p in self.ctl("peers")["peers"]), "the table", 5)

    def connect(self):
        sock = socket.create_connection((self.address, 5399), 5)
        sock.settimeout(8)
        return sock

    def tcp(self, message):
        """The response to a message, b"" if the connection is closed."""
        with self.connect() as sock:
            send(sock, message)
            return receive(sock)

    def udp(self, message, seconds=3.0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(seconds)
            sock.sendto(message, (self.address, 5399))
            try:
                return sock.recv(65535)
            except socket.timeout:
                return b""

    def hello(self, **times):
        return sig0.hello(self.key, PEER, ZONE, **times)


def verdict(response):
    """(RCODE as text, EDE or None) of a response."""
    parsed = dns.message.from_wire(response)
    ede = [o.code if hasattr(o, "code") else None for o in parsed.options if o.otype == dns.edns.EDE]
    return dns.rcode.to_text(parsed.rcode()), int(ede[0]) if ede else None


def refused(t, s, message, rcode, ede, claim):
    """The message is answered so, with no more octets than it has, and agentd hears nothing."""
    response = s.tcp(message)
    t.ok(response and len(response) <= len(message) and verdict(response) == (rcode, ede) and
         s.agent.none("RECEIVED"), claim,
         lambda: f"{verdict(response) if response else 'closed'}, {len(response)} of {len(message)} octets")


def test_start(t, s):
    """Nothing is known yet."""
    t.equal(s.agent.take("PEER", peer="")["text"], "started", "asks for the table of peers")
    refused(t, s, s.hello(), "REFUSED", NOT_READY, "before the table is known: not ready")
    t.equal(s.agent.take("PEER", peer="")["text"], "started", "and asks until it comes")


def test_good(t, s):
    """A message of a peer, its answer, and the end of waiting."""
    message = s.hello()
    with s.connect() as sock:
        send(sock, message)
        got = s.agent.take("RECEIVED")
        t.equal(bytes.fromhex(got["message"]), message, "agentd gets it as it came")
        t.equal((got["channel"], got["source"].split("@")[0]), ("dns", "127.0.0.1"), "channel and source")
        answer = s.key.sign(message[:2] + b"\xa4\x00" + message[4:], message)
        s.agent.send("REPLY", id=got["id"], message=answer)
        t.equal(receive(sock), answer, "the peer gets agentd's answer as it is")
        # Two in one connection, answered in the other order.
        both = [s.hello(), s.hello()]
        for one in both:
            send(sock, one)
        ids = [s.agent.take("RECEIVED", message=one.hex())["id"] for one in both]
        for ident, one in reversed(list(zip(ids, both))):
            s.agent.send("REPLY", id=ident, message=one[:2] + b"\xa4\x00" + one[4:])
        stream = [receive(sock)[:2] for _ in both]
        t.equal(sorted(stream), sorted(one[:2] for one in both), "pipelined messages are both answered")
    with s.connect() as sock:
        send(sock, s.hello())
        s.agent.send("REPLY", id=s.agent.take("RECEIVED")["id"], message=b"")
        t.ok(s.ctl("status")["ok"], "agentd may drop a request")
    began = time.monotonic()
    t.equal(verdict(s.tcp(s.hello())), ("SERVFAIL", NOT_READY), "agentd does not answer: SERVFAIL")
    t.ok(0.9 < time.monotonic() - began < 5, "after query-timeout")
    late = s.agent.take("RECEIVED")["id"]
    s.agent.send("REPLY", id=late, message=message)
    with s.connect() as sock:
        send(sock, s.hello())
        gone = s.agent.take("RECEIVED")["id"]
    net.until(lambda: s.ctl("status")["waiting"] == 0, "a request whose peer went away to be forgotten", 5)
    s.agent.send("REPLY", id=gone, message=message)
    t.ok(s.ctl("status")["ok"], "answers that nobody waits for do no harm")


def test_bad(t, s):
    """One thing wrong each."""
    other = sig0.Signer("ns.evil.example.")
    option = sig0.option(sig0.HELLO, PEER, ZONE)
    refused(t, s, sig0.message(ZONE, b"x" * 20, code=65001), "REFUSED", PROHIBITED, "no option")
    refused(t, s, sig0.message(ZONE), "REFUSED", None, "no room to say why: the answer is never larger")
    refused(t, s, s.key.sign(sig0.message(ZONE, option[:-1])), "FORMERR", INVALID, "option cut short")
    refused(t, s, s.key.sign(sig0.message(ZONE, b"\0" + option[1:])), "FORMERR", INVALID, "operation 0")
    refused(t, s, s.key.sign(sig0.message(ZONE, b"\x63" + option[1:])), "NOTIMP", NOTSUP, "operation 99")
    refused(t, s, s.key.sign(sig0.message(ZONE, option[:3])), "FORMERR", INVALID, "option without fields")
    refused(t, s, s.key.sign(sig0.message(ZONE, option, opcode=sig0.UPDATE)), "FORMERR", INVALID,
            "HELLO as UPDATE")
    refused(t, s, s.key.sign(sig0.message("x.example.", sig0.option(sig0.HELLO, PEER, "x.example."))),
            "REFUSED", NOT_READY, "a zone that nobody shares with us")
    refused(t, s, sig0.message(ZONE, option), "REFUSED", PROHIBITED, "not signed")
    refused(t, s, other.sign(sig0.message(ZONE, option)), "BADKEY", PROHIBITED, "a signer nobody knows")
    refused(t, s, s.hello(shift=-1000), "NOTAUTH", EXPIRED, "expired")
    refused(t, s, s.hello(shift=1000), "NOTAUTH", NOT_YET, "not valid yet")
    response = s.tcp(s.hello()[:2] + b"\x10\x00" + s.hello()[4:])
    t.equal(dns.rcode.from_flags(struct.unpack("!H", response[2:4])[0], 0), dns.rcode.NOTIMP, "opcode STATUS")
    message = s.hello()
    response = s.udp(message)
    t.ok(response[2] & 0x02 and len(response) <= len(message), "over UDP: truncated, come by TCP")
    t.ok(s.agent.none("RECEIVED"), "and agentd hears nothing")
    t.equal(s.tcp(b"\0" * 11), b"", "less than a header: the connection is closed")
    t.equal(s.udp(b"\0" * 11, 0.5), b"", "or nothing is said")
    t.equal(s.udp(message[:2] + b"\x80" + message[3:], 0.5), b"", "a response is not answered")
    for length in range(12, len(message), 7):
        response = s.tcp(message[:length])
        if not response or verdict(response)[0] == "NOERROR" or len(response) > length:
            t.ok(False, f"cut to {length} octets", response.hex())
    t.ok(s.agent.none("RECEIVED"), "cut anywhere: never passed on")
    counters = s.ctl("counters")
    t.ok(all(counters["failed"][c] > 0 for c in ("option", "option-form", "carrier", "zone", "signed", "signer",
                                                 "window", "stream", "opcode", "parse")),
         "every failure is counted", counters)


def test_foreign(t, s):
    """Foreign implementations: dig's options, nsupdate's SIG(0)."""
    if tools.missing(("dig",)):
        t.skip("dig", "not found")
    else:
        done = tools.run("dig", "+tcp", "+opcode=notify", "+norec", "-p", 5399, f"@{s.address}", ZONE, "SOA",
                         "+ednsopt=65010:010102", check=False).stdout
        t.ok("FORMERR" in done and "EDE: 24" in done, "dig +ednsopt with an option that lacks its fields", done)
        done = tools.run("dig", "+tcp", "-p", 5399, f"@{s.address}", ZONE, "SOA", check=False).stdout
        t.ok("REFUSED" in done, "dig without the option", done)
        done = tools.run("dig", "+notcp", "+ignore", "+opcode=notify", "-p", 5399, f"@{s.address}", ZONE, "SOA",
                         "+ednsopt=65010:" + sig0.option(1, PEER, ZONE).hex(), check=False).stdout
        t.ok(" tc" in done, "dig with a whole option over UDP: truncated", done)
    if tools.missing(("nsupdate", "dnssec-keygen")):
        t.skip("nsupdate -k", "not found")
        return
    base = tools.run("dnssec-keygen", "-K", s.home, "-T", "KEY", "-n", "HOST", "-a", "ED25519",
                     "ns.msa.p2.example.").stdout.strip()
    done = tools.run("nsupdate", "-v", "-k", os.path.join(s.home, base + ".private"),
                     stdin=f"server {s.address} 5399\nzone {ZONE}\nupdate add x.{ZONE} 60 A 192.0.2.1\nsend\n",
                     check=False)
    t.ok("REFUSED" in done.stdout + done.stderr, "nsupdate with SIG(0), but no option: refused",
         done.stdout + done.stderr)


def test_race(t, s):
    """A peer is known, its keys are not yet."""
    s.know(f"{s.block(2)}@5399", keys=False)
    refused(t, s, s.hello(), "REFUSED", NOT_READY, "discovery of this peer is not finished: come again")
    s.know(f"{s.block(2)}@5399", zones=("other.example.",))
    s.know(f"{s.block(2)}@5399", peer="msa.p3.example.", keys=False)
    refused(t, s, s.hello(), "REFUSED", PROHIBITED, "a zone that is not shared with this signer")
    s.agent.send("PEER_DEL", peer="msa.p3.example.")
    s.know(f"{s.block(2)}@5399")


def test_budget(t, s):
    """Too many messages."""
    s.write_conf(source=100000, signer=5)
    s.child.popen.send_signal(signal.SIGHUP)
    before = s.ctl("peers")["peers"][0]["limited"]

    def limited():
        response = s.tcp(s.hello())
        return verdict(response) == ("REFUSED", BLOCKED)

    # agentd answers at once, so that the budget is what stops them.
    stop = threading.Event()

    def answer():
        while not stop.is_set():
            try:
                got = s.agent.take("RECEIVED", seconds=0.2)
            except net.Timeout:
                continue
            raw = bytes.fromhex(got["message"])
            s.agent.send("REPLY", id=got["id"], message=raw[:2] + b"\xa4\x00" + raw[4:])
    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    t.ok(net.until(limited, "the signer's budget to be used up", 10, every=0.001), "the signer's budget")
    t.ok(s.ctl("peers")["peers"][0]["limited"] > before, "is counted with the peer")
    s.write_conf(source=5)
    s.child.popen.send_signal(signal.SIGHUP)

    def source_limited():
        # The signer's budget may be the one that refuses, until the new configuration counts.
        refused = verdict(s.tcp(s.hello())) == ("REFUSED", BLOCKED)
        return refused and any(c["limited"] > 0 for c in s.ctl("counters")["sources"])
    t.ok(net.until(source_limited, "the source's budget to be used up", 10, every=0.001),
         "the source's budget, counted with the source")
    s.write_conf()
    s.child.popen.send_signal(signal.SIGHUP)
    net.until(lambda: verdict(s.tcp(s.hello()))[0] == "NOERROR", "the budgets to be lifted", 10)
    stop.set()
    thread.join()
    s.agent.forget()


def echo(message):
    return message[:2] + bytes((message[2] | 0x80,)) + message[3:]


def test_send(t, s):
    """Deliveries to a peer."""
    one, two, dead = s.block(2), s.block(3), s.block(4)
    good = Server(two, 5399, echo)
    s.know(f"{dead}@5399", f"{two}@5399")
    message = sig0.message(ZONE, sig0.option(sig0.HELLO, ME, ZONE))
    ident = s.agent.send("SEND", peer=PEER, timeout_ms=5000, message=message)
    sent = s.agent.take("SENT", id=ident)
    t.equal((sent["result"], sent["address"], bytes.fromhex(sent["response"])), (0, f"{two}@5399", echo(message)),
            "the second address answers where the first does not")
    told = s.agent.take("PEER", peer=PEER)
    t.equal(told["reachable"], 1, "the peer is reachable")
    first = Server(one, 5399, echo)
    s.know(f"{one}@5399", f"{two}@5399")
    ident = s.agent.send("SEND", peer=PEER.upper(), timeout_ms=5000, message=message)
    t.equal(s.agent.take("SENT", id=ident)["address"], f"{two}@5399", "what answered last is tried first")
    t.equal(first.count, 0, "and nothing else")
    t.ok(s.agent.none("PEER", peer=PEER), "reachability is told when it changes, not each time")
    good.close()
    ident = s.agent.send("SEND", peer=PEER, timeout_ms=5000, message=message)
    t.equal(s.agent.take("SENT", id=ident)["address"], f"{one}@5399", "when it fails, the other one")
    first.react = lambda m: None
    began = time.monotonic()
    ident = s.agent.send("SEND", peer=PEER, timeout_ms=1500, message=message)
    sent = s.agent.take("SENT", id=ident)
    t.ok(sent["result"] != 0 and sent["response"] == "" and time.monotonic() - began < 4,
         "a peer that is silent: an error in time", sent)
    t.equal(s.agent.take("PEER", peer=PEER)["reachable"], 0, "and it is told that it is not reachable")
    first.react = lambda m: b"\0\0" + echo(m)[2:]
    ident = s.agent.send("SEND", peer=PEER, timeout_ms=1500, message=b"\x47\x11" + message[2:])
    t.ok(s.agent.take("SENT", id=ident)["result"] != 0, "a response to something else is no response")
    first.react = lambda m: b""
    ident = s.agent.send("SEND", peer=PEER, timeout_ms=1500, message=message)
    t.ok(s.agent.take("SENT", id=ident)["result"] != 0, "a connection that is closed")
    first.react = echo
    ids = [s.agent.send("SEND", peer=PEER, timeout_ms=20000, message=message) for _ in range(200)]
    t.ok(all(s.agent.take("SENT", id=i, seconds=20)["result"] == 0 for i in ids), "200 at once are all delivered")
    t.equal(s.agent.take("PEER", peer=PEER)["reachable"], 1, "reachable again")
    s.agent.forget()
    ident = s.agent.send("SEND", peer="msa.p9.example.", timeout_ms=1500, message=message)
    t.equal(s.agent.take("SENT", id=ident)["result"], ENOPEER, "a peer that is not known")
    t.equal(s.agent.take("PEER", peer="")["text"], "started",
            "and the table is asked for again: part of it may have been lost when both started")
    s.know()
    ident = s.agent.send("SEND", peer=PEER, timeout_ms=1500, message=message)
    t.ok(s.agent.take("SENT", id=ident)["result"] != 0, "a peer without an address")
    s.know(f"{one}@5399")
    first.react = lambda m: None
    ident = s.agent.send("SEND", peer=PEER, timeout_ms=20000, message=message)
    net.until(lambda: s.ctl("status")["sending"] == 1, "the delivery to begin", 5)
    s.agent.send("PEER_DEL", peer=PEER)
    t.equal(s.agent.take("SENT", id=ident)["result"], ENOPEER, "a peer that is taken away meanwhile")
    ids = [s.agent.send("SEND", peer=PEER, timeout_ms=20000, message=message) for _ in range(3)]
    t.ok(all(s.agent.take("SENT", id=i)["result"] == ENOPEER for i in ids), "and afterwards")
    first.close()


def test_restart(t, s):
    """A clean end keeps the counters of peers; kill -9 loses what is asked for again."""
    s.agent.forget()
    s.know(f"{s.block(2)}@5399")
    before = s.ctl("peers")["peers"][0]
    s.child.kill(signal.SIGTERM)
    s.child.start()
    s.wait()
    s.know(f"{s.block(2)}@5399")
    after = s.ctl("peers")["peers"][0]
    kept = ("sent", "answered", "failed", "received", "limited", "answered-last", "last-received", "last-answered")
    t.equal([after[k] for k in kept], [before[k] for k in kept], "counters and the last good address are kept")
    t.ok(before["sent"] > 0 and before["limited"] > 0 and before["answered-last"], "which were not empty", before)
    s.child.kill()
    s.child.start()
    s.wait()
    s.agent.take("PEER", peer="")
    t.ok(True, "after kill -9 the table is asked for again")
    refused(t, s, s.hello(), "REFUSED", NOT_READY, "and nothing is passed on before it comes")
    s.know(f"{s.block(2)}@5399")
    with s.connect() as sock:
        send(sock, s.hello())
        t.ok(s.agent.take("RECEIVED"), "then it goes on")
    s.child.kill()
    for end in ("", "-wal", "-shm"):
        if os.path.exists(base := os.path.join(s.home, "lib/transportd/transport.db") + end):
            os.unlink(base)
    with open(os.path.join(s.home, "lib/transportd/transport.db"), "wb") as out:
        out.write(b"no database at all, but long enough to look like one: " * 100)
    s.child.start()
    s.wait()
    t.ok("counters begin at 0" in s.child.tail(50), "a damaged database: said, and it works without", s.child.tail)


with tempfile.TemporaryDirectory(prefix="msig.") as folder, Tap() as tap:
    it = Set(folder)
    try:
        test_start(tap, it)
        it.know(f"{it.block(2)}@5399")
        for test in (test_good, test_bad, test_foreign, test_race, test_budget, test_send, test_restart):
            test(tap, it)
        tap.ok(it.child.running, "the process is still there", it.child.tail)
        it.child.popen.terminate()
        tap.equal(it.child.popen.wait(15), 0, "and ends cleanly")
        tap.note(it.child.tail(3))
    except Exception:
        tap.note(it.child.tail(40))
        raise
    finally:
        it.agent.close()
        it.procs.stop()
        it.block.close()
