#!/usr/bin/python3
"""Limits of transportd: what waits, what is under way, what is kept for an agentd that is away."""

import os
import socket
import tempfile
import time

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.tsig

from lab import ask, bus, msig, net, sig0
from lab.proc import Processes
from lab.tap import Tap, skip_all
from lab.tcp import Server, control, receive, send

if msig.missing(("transportd",)) or not os.access(bus.program(), os.X_OK):
    skip_all("transportd or busctl is not built")

CONF = """server:
    identity: msa.p1.example.
    rundir: {home}/run
    storage: {home}/lib
key:
  - id: {key.name}
    algorithm: hmac-sha256
    secret: {key.secret}
remote:
  - id: signer
    address: {address}@5301
    key: {key.name}
  - id: keyless
    address: 127.0.0.1@5301
    insecure: on
transport:
    listen: {address}@5399
    rate-source: 100000
    rate-signer: 100000
observe:
    listen: {address}@5398
agent:
    sig0-key: msa.pem
    lab: on
    poll: 1h
    query-timeout: 8s
zone:
  - domain: shop.example.
    master: signer
    signer: signer
    ns: [ ns1.p1.example. ]
  - domain: open.example.
    master: signer
    signer: keyless
    ns: [ ns1.p1.example. ]
"""
ZONE, PEER = "shop.example.", "msa.p2.example."
LIMIT = -975


class Set:
    """Both processes, and a key of a peer."""

    def __init__(self, home, block):
        self.home, self.block, self.address = home, block, block(1)
        self.procs = Processes(home)
        self.key, self.sig0 = ask.Key("k."), sig0.Signer("ns.msa.p2.example.")
        conf = os.path.join(home, "msig.conf")
        os.makedirs(os.path.join(home, "lib"))
        with open(conf, "w", encoding="ascii") as out:
            out.write(CONF.format(home=home, key=self.key, address=self.address))
        os.chmod(conf, 0o600)
        self.child = self.procs.start("transportd", msig.program("transportd"), "-c", conf)
        self.procs.wait(self.child, lambda: self.status("transportd") and self.status("observe"))

    def status(self, daemon):
        return control(os.path.join(self.home, "run", daemon + ".ctl"), "status")

    def notify(self, zone=ZONE, key=True, source=None):
        """A NOTIFY and its RCODE."""
        message = dns.message.make_query(zone, "SOA")
        message.flags = dns.flags.AA
        message.set_opcode(dns.opcode.NOTIFY)
        if key:
            message.use_tsig({dns.name.from_text(self.key.name): self.key.key}, self.key.name)
        return dns.rcode.to_text(dns.query.tcp(message, self.address, 5, 5398, source=source).rcode())


def test_keyless(t, s):
    """A signer without a key is known by its address."""
    t.equal(s.notify("open.example.", key=False), "NOERROR", "NOTIFY from the address of a signer without a key")
    t.equal(s.notify("open.example.", key=False, source=s.block(7)), "REFUSED", "from another address: refused")
    before = s.status("observe")["notify"]
    s.key, own_key = ask.Key("k."), s.key
    try:
        rcode = s.notify("open.example.")
    except dns.tsig.PeerError as error:
        rcode = type(error).__name__
    s.key = own_key
    t.ok(rcode != "NOERROR" and s.status("observe")["notify"] == before,
         "a signature that is wrong is refused, even where none is wanted", rcode)


def test_away(t, s):
    """What agentd is told while it is away, is kept for a moment, and not without end."""
    for _ in range(1100):
        s.notify()
    agent = bus.Bus(os.path.join(s.home, "run"))
    agent.ask(ZONE, "SOA", server=f"{s.block(9)}@1", timeout=2000)  # comes behind them
    count = 0
    while not agent.none("SIGNER_CHANGED"):
        agent.take("SIGNER_CHANGED")
        count += 1
    t.ok(0 < count <= 1024, "what came while agentd was away is told when it is back, at most 1024 messages", count)
    agent.close()

    def told():
        with open(s.child.log, encoding="utf-8", errors="replace") as log:
            return log.read().count("agentd is not there")
    before = told()

    def gone():
        s.notify()
        return told() > before
    net.until(gone, "messages to be given up", 20)
    t.ok(True, "what nobody hears for seconds is given up, and the log says so")


def test_inbound(t, s, agent):
    """Requests that agentd does not answer."""
    agent.send("PEER_SET", peer=PEER, address=[f"{s.block(2)}@5399"], zone=[ZONE],
               key=[f"{s.sig0.name}/{s.sig0.tag}"])
    net.until(lambda: s.status("transportd")["peers"] == 1, "the peer to be known")
    socks = []
    for source in (5, 6):
        for _ in range(20):
            sock = socket.create_connection((s.address, 5399), 5, source_address=(s.block(source), 0))
            sock.settimeout(10)
            socks.append(sock)
            for _ in range(8):
                send(sock, sig0.hello(s.sig0, PEER, ZONE))
    net.until(lambda: s.status("transportd")["waiting"] == 256, "256 requests to wait", 20)
    counters = net.until(lambda: (c := control(os.path.join(s.home, "run/transportd.ctl"), "counters"))
                         and c["full"] == 64 and c, "the others to be refused", 20)
    t.equal((counters["waiting"], counters["full"]), (256, 64), "256 requests wait, the others are refused")
    answers = [receive(sock) for sock in socks[32:]]
    t.ok(all(dns.message.from_wire(a).rcode() == dns.rcode.REFUSED for a in answers), "at once")
    for sock in socks:
        sock.close()
    net.until(lambda: s.status("transportd")["waiting"] == 0, "the requests to be forgotten", 20)
    t.ok(True, "at their time-out they are forgotten")


def test_claims(t, s, agent):
    """HELLOs of somebody who claims to be a peer that agentd has not found yet."""
    agent.send("PEER_SET", peer=PEER, address=[], zone=[ZONE], key=[])
    net.until(lambda: any(p["peer"] == PEER and not p["key"]
                          for p in control(os.path.join(s.home, "run/transportd.ctl"), "peers")["peers"]),
              "the peer to be known without keys")
    signer = sig0.Signer("ns.evil.example.")

    def claim(source, identity=PEER):
        with socket.create_connection((s.address, 5399), 5, source_address=(s.block(source), 0)) as sock:
            sock.settimeout(10)
            send(sock, sig0.hello(signer, identity, ZONE))
            answer = dns.message.from_wire(receive(sock))
            return dns.rcode.to_text(answer.rcode()), [int(o.code) for o in answer.options]

    def counters():
        return control(os.path.join(s.home, "run/transportd.ctl"), "counters")
    t.equal(claim(8), ("REFUSED", [14]), "a HELLO of a peer that is not found yet: not ready")
    got = agent.take("CLAIM")
    t.equal((got["peer"], got["zone"], got["signer"], got["source"].split("@")[0]),
            (PEER, ZONE, f"{signer.name}/{signer.tag}", s.block(8)), "and agentd hears who claims what")
    t.equal(claim(9, "msa.p9.example."), ("BADKEY", [18]), "as nobody that HSYNC names: not known")
    t.equal(counters()["claims"], 1, "and agentd hears nothing")
    began = time.monotonic()
    for _ in range(60):
        claim(9)
    told = counters()["claims"] - 1
    t.ok(1 <= told <= 3 + time.monotonic() - began, "one source: two at once, then one per second", told)
    began = time.monotonic()
    for source in range(10, 110):
        claim(source)
    more = counters()["claims"] - 1 - told
    t.ok(10 <= more <= 21 + 10 * (time.monotonic() - began) and more < 100,
         "many sources: twenty at once, then ten per second", more)
    now = counters()
    t.equal(now["claims"] + now["claims-limited"], 161, "what agentd does not hear is counted")
    t.equal(claim(8)[0], "REFUSED", "everybody is answered")
    agent.send("PEER_DEL", peer=PEER)
    net.until(lambda: s.status("transportd")["peers"] == 0, "the peer to be forgotten")


def test_outbound(t, s, agent):
    """Deliveries to peers that are silent."""
    silent = Server(s.block(2), 5399, lambda m: None)
    for number in range(2, 12):
        agent.send("PEER_SET", peer=f"msa.p{number}.example.", address=[f"{s.block(2)}@5399"], zone=[ZONE], key=[])
    net.until(lambda: s.status("transportd")["peers"] == 10, "the peers to be known")
    message = sig0.message(ZONE, sig0.option(sig0.HELLO, PEER, ZONE))

    def post(peer, count, timeout):
        return [agent.send("SEND", peer=peer, timeout_ms=timeout, message=message) for _ in range(count)]
    post(PEER, 20, 60000)
    net.until(lambda: s.status("transportd")["queued"] == 12, "the queue")
    t.equal(s.status("transportd")["sending"], 8, "8 deliveries to one peer at a time, the others wait")
    for number in range(3, 12):
        post(f"msa.p{number}.example.", 20, 60000)
    net.until(lambda: s.status("transportd")["sending"] + s.status("transportd")["queued"] == 200, "the queue")
    t.equal(s.status("transportd")["sending"], 64, "64 in all")
    short = post(PEER, 1, 300)[0]
    t.ok(agent.take("SENT", id=short)["result"] != 0, "what waits ends at its deadline, too")
    many = post(PEER, 1000, 60000)
    net.until(lambda: s.status("transportd")["queued"] == 1024, "the queue to be full", 20)
    got = agent.take("SENT", id=many[-1])
    t.equal(got["result"], LIMIT, "and when 1024 wait, the next one is refused")
    answering = Server(s.block(4), 5399, lambda m: m[:2] + bytes((m[2] | 0x80,)) + m[3:])
    short = post(PEER, 1, 100)[0]  # full: refused
    agent.take("SENT", id=short)
    agent.send("PEER_DEL", peer="msa.p11.example.")
    agent.send("PEER_SET", peer="msa.p12.example.", address=[f"{s.block(4)}@5399"], zone=[ZONE], key=[])
    other = agent.send("SEND", peer="msa.p12.example.", timeout_ms=60000, message=message)
    for number in range(2, 11):
        agent.send("PEER_DEL", peer=f"msa.p{number}.example.")
    t.equal(agent.take("SENT", id=other)["result"], 0, "who waited behind them has its turn")
    answering.close()
    net.until(lambda: s.status("transportd")["queued"] == 0, "the queue to be empty", 20)
    t.equal(s.status("transportd")["sending"], 0, "a peer that is taken away takes its deliveries along")
    silent.close()


def test_ask(t, s, agent):
    """Questions to a server that is silent."""
    Server(s.block(3), 5300, lambda m: None)
    before = s.status("observe")["asking"]

    def post(count, timeout=60000):
        return [agent.send("ASK", server=f"{s.block(3)}@5300", tsig="", name=ZONE, timeout_ms=timeout, type=[6])
                for _ in range(count)]
    t.equal(before, 0, "nothing is asked")
    post(200)
    net.until(lambda: s.status("observe")["queued"] == 72, "the queue")
    t.equal(s.status("observe")["asking"], 128, "128 questions at a time, the others wait")
    short = post(1, 300)[0]
    t.equal(agent.take("ANSWER", id=short)["reason"], "timed out", "what waits ends at its deadline, too")
    last = post(8192)[-1]
    got = agent.take("ANSWER", id=last, seconds=30)
    t.equal((got["status"], got["reason"]), (0, "too many questions wait"), "8192 wait, the next one is unknown")


with tempfile.TemporaryDirectory(prefix="msig.") as folder, Tap() as tap:
    own = net.Block()
    it = Set(folder, own)
    driver = None
    try:
        test_keyless(tap, it)
        test_away(tap, it)
        driver = bus.Bus(os.path.join(folder, "run"))
        for test in (test_inbound, test_claims, test_outbound, test_ask):
            test(tap, it, driver)
        it.child.popen.terminate()
        tap.equal(it.child.popen.wait(15), 0, "and ends cleanly")
    except Exception:
        tap.note(it.child.tail(40))
        raise
    finally:
        if driver:
            driver.close()
        it.procs.stop()
        own.close()
