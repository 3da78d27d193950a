#!/usr/bin/python3
"""observe and a signer that misbehaves: unsigned and forged answers, transfers that break off,
differences that fit nothing, a serial that goes back. What was known stays until it is replaced."""

import os
import socket
import struct
import tempfile
import threading
import time

import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.renderer
import dns.rrset
import dns.tsig

from lab import ask, bus, msig, net
from lab.proc import Processes
from lab.tap import Tap, skip_all

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
observe:
    listen: {address}@5398
agent:
    lab: on
    poll: 1h
zone:
  - domain: {zone}
    master: signer
    signer: signer
    ns: [ ns1.p1.example. ]
"""
ZONE = "shop.example."
SEEN, UNKNOWN = 2, 0


def soa(serial):
    return dns.rrset.from_text(ZONE, 60, "IN", "SOA", f"ns.{ZONE} h.{ZONE} {serial} 3600 900 604800 30")


def a(owner, ttl, last):
    return dns.rrset.from_text(f"{owner}.{ZONE}", ttl, "IN", "A", f"192.0.2.{last}")


def rrsig(owner, hours):
    """A signature that ends in so many hours; nobody verifies it."""
    end = int(time.time()) + hours * 3600
    return dns.rrset.from_text(f"{owner}.{ZONE}", 300, "IN", "RRSIG",
                               f"A 13 3 300 {end} {end - 864000} 4711 {ZONE} {'A' * 86}==")


def whole(serial, *records):
    """An AXFR."""
    return [[soa(serial), *records, soa(serial)]]


class Signer(threading.Thread):
    """A server that answers as its script says: {type: list of messages (lists of RRsets), or a
    function of the query}; it counts what it was asked."""

    def __init__(self, address, key):
        super().__init__(daemon=True)
        self.key, self.script, self.asked = key, {}, []
        self.sign, self.forge, self.close_after, self.cut = True, False, False, False
        self.first_only = False
        self.sock = socket.create_server((address, 5301))
        self.start()

    def run(self):
        while True:
            sock, _ = self.sock.accept()
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        with sock:
            stream = sock.makefile("rb")
            while len(head := stream.read(2)) == 2:
                wire = stream.read(struct.unpack("!H", head)[0])
                query = dns.message.from_wire(wire, keyring={dns.name.from_text(self.key.name): self.key.key},
                                              ignore_trailing=True)
                kind = dns.rdatatype.to_text(query.question[0].rdtype)
                self.asked.append(kind)
                answer = self.script.get(kind)
                if answer is None:  # silent
                    continue
                out = b""
                context = None
                for number, part in enumerate(answer):
                    response = dns.message.make_response(query)
                    if isinstance(part, int):
                        response.set_rcode(part)
                    else:
                        response.flags |= 0x400
                    wire, context = self.render(query, response, part, context, number)
                    out += struct.pack("!H", len(wire)) + wire
                if self.cut:
                    out = out[:-10]
                sock.sendall(out)
                if self.cut or self.close_after:
                    return

    def render(self, query, response, part, context, number):
        """One message; each record on its own and in order, since a transfer has two SOAs."""
        renderer = dns.renderer.Renderer(response.id, response.flags, 65535)
        for question in query.question:
            renderer.add_question(question.name, question.rdtype, question.rdclass)
        for one in [] if isinstance(part, int) else part:
            renderer.add_rrset(dns.renderer.ANSWER, one)
        renderer.write_header()
        key = self.key.key if not self.forge else dns.tsig.Key(self.key.name, b"another secret..", dns.tsig.HMAC_SHA256)
        if self.sign and (number == 0 or not self.first_only):
            context = renderer.add_multi_tsig(context, dns.name.from_text(self.key.name), key, 300, query.id, 0, b"",
                                              query.mac if number == 0 else b"", dns.tsig.HMAC_SHA256)
        return renderer.get_wire(), context


def test_ask(t, agent, signer, server):
    """Answers of which nobody knows who gave them."""
    net.until(lambda: "AXFR" in signer.asked, "the first transfer")
    signer.script = {"SOA": [[soa(1)]], "NS": [[dns.rrset.from_text(ZONE, 60, "IN", "NS", f"ns.{ZONE}")]]}
    got = agent.ask(ZONE, "SOA", "NS", server=server, tsig="k.")
    t.equal([got[k]["status"] for k in ("SOA", "NS")], [SEEN, SEEN], "signed answers count")
    signer.close_after = True
    got = agent.ask(ZONE, "SOA", "NS", server=server, tsig="k.")
    t.equal([got[k]["status"] for k in ("SOA", "NS")], [SEEN, SEEN], "a server that closes after each answer")
    signer.close_after, signer.sign = False, False
    got = agent.ask(ZONE, "SOA", server=server, tsig="k.")["SOA"]
    t.equal((got["status"], got["answer"]), (UNKNOWN, ""), "an answer without the signature asked for: unknown")
    signer.sign, signer.forge = True, True
    got = agent.ask(ZONE, "SOA", server=server, tsig="k.")["SOA"]
    t.equal((got["status"], got["answer"]), (UNKNOWN, ""), "a forged signature: unknown")
    signer.forge, signer.cut = False, True
    got = agent.ask(ZONE, "SOA", "NS", server=server, tsig="k.", timeout=2000)
    t.equal([got[k]["status"] for k in ("SOA", "NS")], [UNKNOWN, UNKNOWN], "an answer that breaks off: unknown")
    signer.cut = False
    signer.script = {}
    got = agent.ask(ZONE, "SOA", "NS", server=server, tsig="k.", timeout=700)
    t.equal([(got[k]["status"], got[k]["reason"]) for k in ("SOA", "NS")], [(UNKNOWN, "timed out")] * 2,
            "a server that is silent: unknown, in time")
    signer.script = {"SOA": [[soa(1)]]}
    got = agent.ask(ZONE, "SOA", "NS", server=server, tsig="k.", timeout=700)
    t.equal([got[k]["status"] for k in ("SOA", "NS")], [SEEN, UNKNOWN], "or silent to one of two questions")
    ids = [agent.send("ASK", server=server, tsig="k.", name=ZONE, timeout_ms=20000, type=[6]) for _ in range(300)]
    t.ok(all(agent.take("ANSWER", id=i, seconds=20)["status"] == SEEN for i in ids), "300 at once are all answered")


def changed(agent, reason=None):
    """The next FOLLOWED, with or without a reason."""
    while True:
        got = agent.take("FOLLOWED", zone=ZONE)
        if reason is None or bool(got["reason"]) == reason:
            return got


def test_follow(t, agent, signer, s):
    """Transfers."""
    agent.send("FOLLOW", zone=ZONE, server=f"{s.address}@5301", tsig="k.")
    t.equal(changed(agent)["serial"], 9, "the zone of the configuration is followed from the start")
    signer.script["IXFR"] = signer.script["AXFR"] = whole(10, a("www", 300, 1), a("mail", 900, 2))
    signer.sign = False
    s.notify()
    got = changed(agent)
    t.ok(got["serial"] == 9 and got["reason"] != "", "a transfer without signature: nothing of it counts", got)
    signer.sign = True
    got = changed(agent)
    t.equal((got["serial"], got["max_ttl"], got["reason"]), (10, 900, ""), "and tried again by itself")
    first = got["digest"]

    signer.asked.clear()
    signer.script["IXFR"] = [[soa(11), soa(10), a("mail", 900, 2), soa(11), a("ftp", 120, 3), soa(11)]]
    s.notify()
    got = changed(agent)
    t.equal((got["serial"], got["max_ttl"], got["reason"]), (11, 300, ""), "a difference")
    t.equal(signer.asked, ["IXFR"], "and nothing more than that")
    second = got["digest"]

    signer.asked.clear()
    signer.script["IXFR"] = [[soa(12), soa(11), a("nothing", 60, 9), soa(12), soa(12)]]
    signer.script["AXFR"] = whole(12, a("www", 300, 1), a("mail", 900, 2))
    s.notify()
    got = changed(agent)
    t.equal((got["serial"], got["digest"], got["reason"]), (12, first, ""),
            "a difference that deletes what is not there: the whole zone is fetched")
    t.equal(signer.asked, ["IXFR", "AXFR"], "as the questions show")

    for claim, answer in (("to another version", [[soa(13), soa(7), soa(13), soa(13)]]),
                          ("refused", [dns.rcode.REFUSED]), ("not implemented", [dns.rcode.NOTIMP])):
        signer.script["IXFR"] = answer
        signer.script["AXFR"] = whole(13, a("www", 300, 1), a("ftp", 120, 3))
        s.notify()
        got = changed(agent)
        t.equal((got["serial"], got["digest"], got["reason"]), (13, second, ""), f"an IXFR {claim}: likewise")
        signer.script["IXFR"] = [[soa(12)]]
        signer.script["AXFR"] = whole(12, a("www", 300, 1), a("mail", 900, 2))
        s.notify()
        got = changed(agent)
        t.equal((got["serial"], got["digest"], got["reason"]), (12, first, ""), "a serial that goes back: likewise")

    signer.script["IXFR"] = [[soa(14), soa(12), a("mail", 900, 2), soa(14), a("ftp", 120, 3), soa(14)]]
    signer.script["AXFR"] = whole(14, a("www", 300, 1), a("ftp", 120, 3))
    for claim, damage in (("that breaks off", "cut"), ("with a forged signature", "forge")):
        setattr(signer, damage, True)
        s.notify()
        got = changed(agent)
        t.ok(got["reason"] != "" and (got["serial"], got["digest"]) == (12, first),
             f"a transfer {claim}: the old picture stays, with the reason", got)
        signer.script["IXFR"] = [[soa(12)]]
        setattr(signer, damage, False)
        got = changed(agent)
        t.equal((got["serial"], got["digest"], got["reason"]), (12, first, ""), "and it heals by itself")
        signer.script["IXFR"] = [[soa(14), soa(12), a("mail", 900, 2), soa(14), a("ftp", 120, 3), soa(14)]]

    def renewal(hours):
        """What is asked after NOTIFY of the serial that is known, and until when signatures last."""
        signer.script["IXFR"] = [[soa(14)]]
        signer.script["AXFR"] = whole(14, a("www", 300, 1), rrsig("www", hours))
        signer.asked.clear()
        s.notify()

    signer.script["IXFR"] = whole(14, a("www", 300, 1), rrsig("www", 30))
    s.notify()
    got = changed(agent)
    t.equal((got["serial"], got["reason"]), (14, ""), "a zone whose signature ends in 30 hours")
    ends = got["expires"]
    renewal(31)
    got = changed(agent)
    t.equal((got["serial"], signer.asked), (14, ["IXFR", "AXFR"]),
            "the same serial, but signatures near their end: the whole zone is fetched")
    t.ok(3500 < got["expires"] - ends < 3700, "and new signatures under the old serial are seen", got)
    renewal(100)
    net.until(lambda: signer.asked, "a question")
    agent.ask(ZONE, "SOA", server=f"{s.address}@5301", tsig="k.", timeout=1000)
    t.ok("AXFR" not in signer.asked, "but not every time", signer.asked)

    parts = whole(15, *[a(f"h{i}", 60, i % 250 + 1) for i in range(200)])[0]
    signer.script["IXFR"] = [parts[i:i + 20] for i in range(0, len(parts), 20)]
    signer.first_only = True
    s.notify()
    got = changed(agent)
    t.ok(got["reason"] != "" and got["serial"] == 14, "many messages of which the last is not signed: nothing counts", got)
    signer.first_only = False
    got = changed(agent)
    t.equal((got["serial"], got["max_ttl"], got["reason"]), (15, 60, ""), "a whole zone in many messages, instead of IXFR")
    agent.send("FOLLOW", zone=ZONE, server="", tsig="")
    agent.ask(ZONE, "SOA", server=f"{s.address}@5301", tsig="k.", timeout=1000)  # comes behind it
    signer.asked.clear()
    s.notify()
    agent.ask(ZONE, "SOA", server=f"{s.address}@5301", tsig="k.", timeout=1000)
    t.ok("IXFR" not in signer.asked, "an empty server ends it", signer.asked)


class Set:
    """observe."""

    def __init__(self, home, block):
        self.address, self.home = block(1), home
        self.key = ask.Key("k.")
        self.procs = Processes(home)
        conf = os.path.join(home, "msig.conf")
        os.makedirs(os.path.join(home, "lib"))
        with open(conf, "w", encoding="ascii") as out:
            out.write(CONF.format(home=home, key=self.key, address=self.address, zone=ZONE))
        os.chmod(conf, 0o600)
        self.signer = Signer(self.address, self.key)
        self.signer.script = {"AXFR": whole(9, a("www", 300, 1))}
        self.child = self.procs.start("observe", msig.program("transportd"), "--only", "observe", "-c", conf)
        self.procs.wait(self.child, lambda: os.path.exists(os.path.join(home, "run/observe.ctl")))

    def notify(self):
        """The signer says that something is new."""
        message = dns.message.make_query(ZONE, "SOA")
        message.set_opcode(dns.opcode.NOTIFY)
        message.use_tsig({dns.name.from_text(self.key.name): self.key.key}, self.key.name)
        dns.query.tcp(message, self.address, 5, 5398)


with tempfile.TemporaryDirectory(prefix="msig.") as folder, Tap() as tap:
    own = net.Block()
    it = Set(folder, own)
    driver = bus.Bus(os.path.join(folder, "run"))
    try:
        test_ask(tap, driver, it.signer, f"{it.address}@5301")
        driver.forget()
        test_follow(tap, driver, it.signer, it)
        tap.ok(it.child.running, "observe is still there")
        it.child.popen.terminate()
        tap.equal(it.child.popen.wait(15), 0, "and ends cleanly")
        tap.note(it.child.tail(3))
    except Exception:
        tap.note(it.child.tail(40))
        raise
    finally:
        driver.close()
        it.procs.stop()
        own.close()
