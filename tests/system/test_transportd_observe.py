#!/usr/bin/python3
"""observe against a real Knot: the three values, validation, TSIG, following, NOTIFY."""

import os
import signal
import tempfile

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rdatatype
import dns.tsigkeyring

from lab import ask, bus, msig, net, tools
from lab.knot import Knot, update
from lab.proc import Processes
from lab.tap import Tap, skip_all

if tools.missing(("knotd", "knotc", "keymgr", "knsupdate")):
    skip_all("Knot not found (run ./check, which unpacks it)")
if msig.missing(("transportd",)) or not os.access(bus.program(), os.X_OK):
    skip_all("transportd or busctl is not built")

CONF = """server:
    identity: msa.p1.example.
    rundir: {home}/run
    storage: {home}/lib
log:
    level: debug
key:
  - id: {signer.name}
    algorithm: hmac-sha256
    secret: {signer.secret}
  - id: {other.name}
    algorithm: hmac-sha256
    secret: {other.secret}
remote:
  - id: signer
    address: {server}
    key: {signer.name}
  - id: owner
    address: {server}
    key: {other.name}
combiner:
    listen: {address}@5381
transport:
    listen: {address}@5399
observe:
    listen: {address}@5398
    trust-anchor: {anchor}
{forward}agent:
    sig0-key: msa.pem
    lab: on
    poll: {poll}
zone:
  - domain: shop.example.
    master: owner
    signer: signer
    ns: [ ns1.p1.example. ]
"""


class Set:
    """A Knot with a secure, an insecure and a broken zone below its own trust anchor, and observe."""

    ZONES = ("example.", "shop.example.", "plain.example.", "broken.example.", "corp.test.")

    def __init__(self, home):
        self.home = home
        self.block = net.Block()
        self.procs = Processes(home)
        self.signer_key, self.other_key = ask.Key("signer."), ask.Key("other.")
        self.address = self.block(1)
        self.knot = knot = Knot(self.procs, home, "knot", [(self.block(2), net.DNS_PORT)])
        knot.acl("transfer", self.signer_key, "transfer")
        knot.acl("change", self.signer_key, "update")
        knot.remote("observe", self.address, 5398, self.signer_key)
        knot.policy("p", algorithm="ecdsap256sha256", zsk_lifetime=0, ksk_lifetime=0)
        for zone in self.ZONES:
            text = f"$ORIGIN {zone}\n$TTL 60\n@ SOA ns hostmaster 1 3600 900 604800 30\n@ NS ns\n" \
                   f"ns A {self.block(2)}\nwww A 192.0.2.1\n"
            text += "".join(f"{z} NS ns.{z}\nns.{z} A {self.block(2)}\n" for z in self.ZONES[1:4]
                            if zone == "example.")
            signed = {} if zone.startswith("plain") else {"dnssec_signing": "on", "dnssec_policy": "p"}
            # Anybody may transfer nothing: a query needs no ACL, a transfer the key.
            knot.zone(zone, text, acl=["transfer", "change"], **signed,
                      **({"notify": "observe"} if zone == "shop.example." else {}))
        knot.start()
        self.delegate()
        self.anchor = os.path.join(home, "anchor.key")
        with open(self.anchor, "w", encoding="ascii") as out:
            out.write(self.dnskey("example.") + self.dnskey("corp.test."))
        self.conf = os.path.join(home, "msig.conf")
        os.makedirs(os.path.join(home, "lib"))
        self.write_conf()
        self.observe = None

    def server(self):
        return f"{self.block(2)}@{net.DNS_PORT}"

    def write_conf(self, poll="1h", stubs=ZONES, anchor=None, forward="", zones=""):
        stub = "".join(f"  - id: {zone}\n    address: {self.server()}\n" for zone in stubs)
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(CONF.format(home=self.home, signer=self.signer_key, other=self.other_key, forward=forward,
                                  server=self.server(), address=self.address, anchor=anchor or self.anchor,
                                  poll=poll) + zones + ("stub:\n" if stub else "") + stub)
        os.chmod(self.conf, 0o600)

    def reload(self):
        """SIGHUP, and until it has done."""
        before = self.log().count("configuration")
        self.observe.popen.send_signal(signal.SIGHUP)
        net.until(lambda: self.log().count("configuration") > before, "the reload")

    def log(self):
        with open(self.observe.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def ksk(self, zone):
        return next(line.split()[0] for line in self.knot.keymgr(zone, "list").splitlines()
                    if line.split()[2] == "KSK")

    def dnskey(self, zone):
        return self.knot.keymgr(zone, "dnskey", self.ksk(zone))

    def delegate(self):
        """DS of the two signed zones; that of one fits none of its keys."""
        self.knot.ctl("zone-begin", "example.")
        for zone in ("shop", "broken"):
            line = next(l for l in self.knot.keymgr(f"{zone}.example.", "ds").splitlines() if " 13 2 " in l)
            ds = line.split(" DS ", 1)[1].split()
            if zone == "broken":
                ds[3] = ("0" if ds[3][0] != "0" else "1") + ds[3][1:]
            self.knot.ctl("zone-set", "example.", f"{zone}.example.", "60", "DS", *ds)
        self.knot.ctl("zone-commit", "example.")

    def start(self):
        self.observe = self.procs.start("observe", msig.program("transportd"), "--only", "observe",
                                        "-c", self.conf)
        self.procs.wait(self.observe, lambda: os.path.exists(os.path.join(self.home, "run/observe.ctl")))

    def change(self, *lines):
        update((self.block(2), net.DNS_PORT), "shop.example.", self.signer_key, *lines)

    def notify(self, key=None, zone="shop.example.", tcp=True, opcode=dns.opcode.NOTIFY):
        """A NOTIFY as from a signer; the response's RCODE, or None."""
        message = dns.message.make_query(zone, "SOA")
        message.flags = dns.flags.AA
        message.set_opcode(opcode)
        if key:
            message.use_tsig(dns.tsigkeyring.from_text({key.name: key.secret}), key.name)
        send = dns.query.tcp if tcp else dns.query.udp
        return dns.rcode.to_text(send(message, self.address, 5, 5398).rcode())


SEEN, ABSENT, UNKNOWN = 2, 1, 0
INSECURE, BOGUS, SECURE = 1, 2, 3


def test_validated(t, agent):
    """The resolver: secure, insecure, bogus, absent."""
    got = agent.ask("www.shop.example.", "A", "TXT")
    t.equal((got["A"]["status"], got["A"]["validation"]), (SEEN, SECURE), "signed data is secure")
    t.equal(bus.kinds(got["A"]["answer"]), ["A", "RRSIG"], "its signature comes with it")
    t.equal((got["TXT"]["status"], got["TXT"]["validation"]), (ABSENT, SECURE), "no such type: absent, proven")
    got = agent.ask("nothing.shop.example.", "A")["A"]
    t.equal((got["status"], got["validation"], got["rcode"]), (ABSENT, SECURE, 3), "no such name: absent, proven")
    got = agent.ask("www.plain.example.", "A", "TXT")
    t.equal((got["A"]["status"], got["A"]["validation"]), (SEEN, INSECURE), "an unsigned zone is insecure")
    t.equal((got["TXT"]["status"], got["TXT"]["validation"]), (UNKNOWN, INSECURE),
            "absence that nothing proves is unknown")
    got = agent.ask("www.broken.example.", "A")["A"]
    t.equal((got["status"], got["validation"]), (UNKNOWN, BOGUS), "a DS that fits no key makes it bogus")
    t.ok(got["reason"].startswith("bogus: ") and len(got["reason"]) > 20, "the validator's reason is passed on",
         got["reason"])
    got = agent.ask("www.corp.test.", "A")["A"]
    t.equal((got["status"], got["validation"]), (SEEN, SECURE), "a zone below test. is asked like any other")
    got = agent.ask("shop.example.", "DS", "TYPE65282")
    t.equal((got["DS"]["status"], got["DS"]["validation"]), (SEEN, SECURE), "DS of a zone, from its parent")
    t.equal(got["TYPE65282"]["status"], ABSENT, "types by number")


def test_server(t, agent, s):
    """A chosen server."""
    got = agent.ask("Shop.example.", "SOA", "DNSKEY", "CDS", "CSYNC", "NS", server=s.server(), tsig="signer.")
    t.equal([got[k]["status"] for k in ("SOA", "DNSKEY", "CDS", "CSYNC", "NS")], [SEEN, SEEN, SEEN, ABSENT, SEEN],
            "several types of the signer over one connection, with TSIG")
    t.equal((got["SOA"]["aa"], got["SOA"]["validation"], got["SOA"]["server"]), (1, 0, s.server()),
            "authoritative, not validated, and which server")
    t.equal(sorted(bus.kinds(got["DNSKEY"]["answer"])), ["DNSKEY", "DNSKEY", "RRSIG"], "keys and their signature")
    t.ok("SOA" in bus.kinds(got["CSYNC"]["authority"]), "the authority section comes along")
    got = agent.ask("shop.example.", "SOA", server=s.server(), tsig="other.")["SOA"]
    t.equal(got["status"], UNKNOWN, "a key that the server does not know: unknown")
    t.ok("TSIG" in got["reason"] or "key" in got["reason"].lower(), "and the reason says so", got["reason"])
    got = agent.ask("shop.example.", "SOA", server=s.server(), tsig="missing.")["SOA"]
    t.equal((got["status"], got["reason"]), (UNKNOWN, "no key missing. is configured"), "a key that we do not have")
    got = agent.ask("elsewhere.test.", "SOA", server=s.server())["SOA"]
    t.equal((got["status"], got["reason"]), (UNKNOWN, "REFUSED"), "a server that refuses: unknown")
    got = agent.ask("shop.example.", "SOA", "NS", server=f"{s.block(9)}@{net.DNS_PORT}", timeout=2000)
    t.equal([got[k]["status"] for k in ("SOA", "NS")], [UNKNOWN, UNKNOWN], "nobody there: unknown, for every type")
    got = agent.ask("www.plain.example.", "A", server="nonsense")["A"]
    t.equal(got["status"], UNKNOWN, "an address that is none")
    got = agent.ask("shop.example.", "NS", "DS", server=s.server())
    t.equal(got["NS"]["status"], SEEN, "NS")


def changed(agent, serial):
    """The next FOLLOWED with another serial: the same one may be reported twice."""
    while True:
        got = agent.take("FOLLOWED", zone="shop.example.")
        if got["serial"] != serial:
            return got


def test_follow(t, agent, s):
    """The whole zone, by transfers."""
    agent.send("FOLLOW", zone="shop.example.", server=s.server(), tsig="signer.")
    first = agent.take("FOLLOWED", zone="shop.example.", reason="")
    t.equal(len(first["signer"]), 2, "two keys sign: KSK and ZSK")
    t.ok(all(k.startswith("13/") for k in first["signer"]), "by algorithm and tag", first["signer"])
    t.equal(first["max_ttl"], 60, "the largest TTL")
    t.equal(len(first["digest"]), 64, "a content digest")
    s.change("add new.shop.example. 777 A 192.0.2.7")
    agent.take("SIGNER_CHANGED", zone="shop.example.")
    t.ok(True, "the signer's NOTIFY comes through")
    second = changed(agent, first["serial"])
    t.ok(second["serial"] > first["serial"], "a change is seen")
    t.equal(second["max_ttl"], max(777, first["max_ttl"]), "its TTL is counted")
    t.ok(second["digest"] != first["digest"], "and its content")
    t.equal(sum(map(int, second["signatures"])), sum(map(int, first["signatures"])) + 2,
            "and its signatures: of the address and of its NSEC")
    agent.forget()
    s.change("del new.shop.example. 777 A 192.0.2.7")
    third = changed(agent, second["serial"])
    t.equal((third["max_ttl"], third["digest"], sum(map(int, third["signatures"]))),
            (first["max_ttl"], first["digest"], sum(map(int, first["signatures"]))),
            "what is deleted is taken away again")
    agent.send("FOLLOW", zone="shop.example.", server=s.server(), tsig="signer.")
    again = agent.take("FOLLOWED", zone="shop.example.")
    t.equal((again["serial"], again["digest"]), (third["serial"], third["digest"]), "asked again: reported again")


def test_follow_failures(t, agent, s):
    """No key, no right: said with a reason, and healed when it works again."""
    agent.forget()
    agent.send("FOLLOW", zone="shop.example.", server=s.server(), tsig="other.")
    got = agent.take("FOLLOWED", zone="shop.example.")
    t.ok(got["reason"] != "", "a transfer that is refused has a reason", got)
    agent.send("FOLLOW", zone="shop.example.", server=s.server(), tsig="missing.")
    got = agent.take("FOLLOWED", zone="shop.example.", reason="no key missing. is configured")
    t.equal(got["serial"], 0, "a key that we do not have: nothing is asked without it")
    agent.send("FOLLOW", zone="shop.example.", server=s.server(), tsig="signer.")
    got = agent.take("FOLLOWED", zone="shop.example.", reason="")
    t.ok(got["serial"] > 0, "and works with the right key")


def test_notify(t, agent, s):
    """Who may say that the signer has something new."""
    agent.forget()
    t.equal(s.notify(s.signer_key), "NOERROR", "NOTIFY with the signer's key")
    agent.take("SIGNER_CHANGED", zone="shop.example.")
    t.equal(s.notify(s.signer_key, tcp=False), "NOERROR", "over UDP too")
    agent.take("SIGNER_CHANGED", zone="shop.example.")
    agent.forget()
    t.equal(s.notify(), "REFUSED", "without a key: refused")
    t.equal(s.notify(s.other_key), "REFUSED", "with another key of ours: refused")
    t.equal(s.notify(s.signer_key, zone="plain.example."), "NOTAUTH", "for another zone: not authoritative")
    t.equal(s.notify(s.signer_key, opcode=dns.opcode.QUERY), "NOTIMP", "a query: not implemented")
    try:
        rcode = s.notify(ask.Key("signer."))
    except Exception as error:  # dnspython raises for the TSIG error
        rcode = type(error).__name__
    t.ok(rcode in ("NOTAUTH", "PeerBadSignature", "PeerBadKey"), "the right name, the wrong secret", rcode)
    t.ok(agent.none("SIGNER_CHANGED"), "none of these reached agentd")


def test_reload(t, agent, s):
    """SIGHUP: other trust anchors, other zones."""
    wrong = os.path.join(s.home, "wrong.key")
    with open(wrong, "w", encoding="ascii") as out:
        out.write(s.dnskey("corp.test.").replace("corp.test.", "example."))
    s.write_conf(anchor=wrong)
    s.reload()
    got = agent.ask("www.shop.example.", "A")["A"]
    t.equal((got["status"], got["validation"]), (UNKNOWN, BOGUS), "another trust anchor: bogus now")
    s.write_conf(anchor=os.path.join(s.home, "missing.key"))
    s.reload()
    t.ok("missing.key" in s.log(), "a trust anchor that is missing is named")
    s.write_conf(zones="  - domain: plain.example.\n    master: owner\n    signer: signer\n    ns: ns1.p1.example.\n")
    ident = agent.send("ASK", server="", tsig="", name="new.shop.example.", timeout_ms=5000, type=[1, 16, 28])
    s.reload()
    answers = [agent.take("ANSWER", id=ident, seconds=10) for _ in range(3)]
    t.equal(len(answers), 3, "what is asked during a reload is answered, too")
    got = agent.ask("www.shop.example.", "A")["A"]
    t.equal((got["status"], got["validation"]), (SEEN, SECURE), "the right one again: secure")
    t.ok(agent.take("FOLLOWED", zone="plain.example.", reason="")["serial"] > 0, "a zone that is new is followed")
    s.write_conf()
    s.reload()
    t.equal(s.notify(s.signer_key, zone="plain.example."), "NOTAUTH", "and not any more when it is gone")


def test_forward(t, agent, s):
    """Through a resolver that validates or not: what counts is what observe itself proves."""
    if tools.missing(("unbound",)):
        t.skip("through a resolver", "unbound not found")
        return
    conf = os.path.join(s.home, "unbound.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write(f"""server:
	chroot: ""
	username: ""
	directory: "{s.home}"
	pidfile: ""
	use-syslog: no
	verbosity: 1
	interface: {s.block(3)}@{net.DNS_PORT}
	access-control: 127.0.0.0/8 allow
	do-not-query-localhost: no
	module-config: "iterator"
	local-zone: "test." nodefault
""")
        for zone in s.ZONES:
            out.write(f'stub-zone:\n\tname: "{zone}"\n\tstub-addr: {s.server()}\n')
    resolver = s.procs.start("unbound", "unbound", "-d", "-c", conf)
    s.procs.wait(resolver, lambda: "start of service" in resolver.tail())
    s.write_conf(stubs=(), forward=f"    forward: {s.block(3)}@{net.DNS_PORT}\n")
    s.reload()
    for name, want in (("www.shop.example.", (SEEN, SECURE)), ("nothing.shop.example.", (ABSENT, SECURE)),
                       ("www.plain.example.", (SEEN, INSECURE)), ("www.broken.example.", (UNKNOWN, BOGUS)),
                       ("www.corp.test.", (SEEN, SECURE))):
        got = agent.ask(name, "A")["A"]
        t.equal((got["status"], got["validation"]), want, f"through a resolver that does not validate: {name}")
    resolver.kill()
    got = agent.ask("other.shop.example.", "A", timeout=2000)["A"]
    t.equal((got["status"], got["validation"]), (UNKNOWN, 0), "the resolver is gone: unknown")
    resolver.start()
    t.ok(net.until(lambda: agent.ask("www.shop.example.", "TXT", timeout=2000)["TXT"]["status"] == ABSENT,
                   "the resolver to be used again", 40), "and used again when it is back")
    s.write_conf()
    s.reload()


def test_restart(t, s):
    """kill -9 of either side."""
    agent = bus.Bus(os.path.join(s.home, "run"))
    agent.ask("www.shop.example.", "A")
    agent.close()
    agent = bus.Bus(os.path.join(s.home, "run"))
    t.equal(agent.ask("www.shop.example.", "A")["A"]["status"], SEEN, "agentd is answered as soon as it is back")
    agent.forget()
    s.observe.kill()
    s.observe.start()
    t.ok(agent.take("FOLLOWED", zone="shop.example.", reason="")["serial"] > 0,
         "after kill -9 observe follows again without being asked")
    t.equal(agent.ask("shop.example.", "SOA", server=s.server(), tsig="signer.")["SOA"]["status"], SEEN, "and answers")
    agent.close()


with tempfile.TemporaryDirectory(prefix="msig.") as home, Tap() as t:
    s = Set(home)
    agent = None
    try:
        s.start()
        agent = bus.Bus(os.path.join(home, "run"))
        test_validated(t, agent)
        test_server(t, agent, s)
        test_follow(t, agent, s)
        test_follow_failures(t, agent, s)
        test_notify(t, agent, s)
        test_reload(t, agent, s)
        test_forward(t, agent, s)
        agent.close()
        agent = None
        test_restart(t, s)
        t.ok(s.observe.running, "observe is still there", s.observe.tail)
        s.observe.popen.terminate()
        t.equal(s.observe.popen.wait(15), 0, "and ends cleanly")
        t.note(s.observe.tail(3))
    except Exception:
        t.note(s.observe.tail(40) if s.observe else "")
        raise
    finally:
        if agent:
            agent.close()
        s.procs.stop()
        s.block.close()
