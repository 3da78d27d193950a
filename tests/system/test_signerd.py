#!/usr/bin/python3
"""signerd takes a real Knot through roll-overs of a ZSK, a KSK, a CSK and the algorithm with SET
alone; the zone is valid at each step, and what is in it and who signs is what doc/signers.md says. It
is killed in the middle of them; what Knot refuses is taken back."""

import os
import shutil
import tempfile

import dns.name
import dns.dnssec
import dns.query
import dns.rdatatype
import dns.zone

from lab import ask, msig, net, signerd, tools
from lab.knot import Knot, signerd_section
from lab.proc import Processes
from lab.tap import Tap, skip_all

ZONE = "shop.example."
APEX = dns.name.from_text(ZONE)
TEXT = (f"$ORIGIN {ZONE}\n$TTL 3\n@ SOA ns1 hostmaster 1 3600 900 604800 2\n@ NS ns1\n"
        "ns1 A 192.0.2.1\nwww A 192.0.2.80\n*.wild TXT \"wildcard\"\n")
A = {"dnskey_management": "incremental", "delete_delay": "1h", "cds_cdnskey_publish": "always"}
B = {"cds_cdnskey_publish": "none", "unsafe_operation": "no-update-dnskey"}


class Lab:
    """One Knot with a manual policy, and signerd beside it."""

    def __init__(self, settings, single=False):
        self.directory = tempfile.mkdtemp(prefix="msig.")
        self.block = net.Block()
        self.procs = Processes(self.directory)
        self.knot = Knot(self.procs, self.directory, "knot", [(self.block(9), net.DNS_PORT)])
        self.watch = ask.Key("watch.")
        self.knot.acl("watch", self.watch, "transfer")
        if single:
            settings = dict(settings, single_type_signing="on")
        self.knot.policy("manual", algorithm="ecdsap256sha256", manual="on", dnskey_ttl=3,
                         **settings)
        self.text = TEXT
        self.signerd = signerd.Signerd(self.procs, self.directory, [ZONE],
                                       signerd_section(self.directory, self.knot))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.signerd.close()
        self.procs.stop()
        self.block.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def begin(self):
        """Starts both; Knot has no keys yet."""
        self.knot.zone(ZONE, self.text, acl="watch", dnssec_signing="on", dnssec_policy="manual")
        self.knot.start()
        self.signerd.start()

    def make(self, t, role, algorithm=13):
        """A new key's id."""
        before = set(self.signerd.ask("list", ZONE).keys)
        answer = self.signerd.ask("make", ZONE, role=role, algorithm=algorithm)
        new = [k for k in answer.keys if k not in before]
        t.ok(answer.result == 0 and len(new) == 1 and answer.keys[new[0]][1] == "made",
             f"a {role} of algorithm {algorithm} is made", answer.text)
        return new[0]

    def set(self, t, key, state, claim=None):
        """SET, which has to succeed, and what the zone is then."""
        answer = self.signerd.ask("set", ZONE, key=key, state=state)
        t.ok(answer.result == 0 and answer.states().get(key) == state and not answer.text,
             claim or f"set {state}", lambda: f"{answer.text} {answer.states()}\n{self.knot.log()}")
        return answer

    def tag(self, key):
        """A key's tag."""
        for line in self.knot.keymgr(ZONE, "list").splitlines():
            if line.startswith(key):
                return int(line.split()[1])
        raise KeyError(key)

    def zone(self):
        """The zone as it is served, by transfer."""
        keyring = dns.tsigkeyring.from_text({self.watch.name: self.watch.secret})
        address, port = self.knot.server
        return dns.zone.from_xfr(dns.query.xfr(address, ZONE, port=port, keyring=keyring,
                                               keyalgorithm="hmac-sha256", relativize=False),
                                 relativize=False)

    def look(self):
        """What is in the zone: {dnskey, cds, and who signs keys and data}, as sets of tags."""
        zone = self.zone()

        def rdatas(rdtype, covers="NONE"):
            found = zone.get_rdataset(APEX, rdtype, covers)
            return list(found) if found else []
        return {
            "dnskey": {dns.dnssec.key_id(k) for k in rdatas("DNSKEY")},
            "cds": {c.key_tag for c in rdatas("CDS")},
            "cdnskey": {dns.dnssec.key_id(k) for k in rdatas("CDNSKEY")},
            "keysigs": {s.key_tag for s in rdatas("RRSIG", "DNSKEY")},
            "datasigs": {s.key_tag for s in rdatas("RRSIG", "SOA")},
        }

    def valid(self):
        """"" if the zone verifies, or what a verifier says."""
        path = os.path.join(self.directory, "zone")
        self.zone().to_file(path, relativize=False)
        done = tools.run("ldns-verify-zone", path, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def claim(self, t, where, **expected):
        """Valid, and exactly so."""
        why = self.valid()
        t.ok(not why, f"{where}: the zone is valid", why)
        seen = self.look()
        expected.setdefault("cdnskey", expected["cds"])
        t.equal(seen, expected, f"{where}: what is there, and who signs")


def first_keys(t, lab, *roles):
    """The keys that a zone begins with."""
    lab.begin()
    answer = lab.signerd.begun
    t.ok(answer.result == 0 and answer.keys == {}, "signerd says unasked that there is no key yet",
         answer.text)
    keys = [lab.make(t, role) for role in roles]
    for key in keys:
        lab.set(t, key, "active", "a first key becomes active, and Knot loads the zone")
    return keys


def zsk_roll(t, lab, ksk, old):
    """Pre-publication (RFC 6781 4.1.1.1)."""
    k, o = lab.tag(ksk), lab.tag(old)
    new = lab.make(t, "zsk")
    n = lab.tag(new)
    lab.claim(t, "ZSK made", dnskey={k, o}, cds={k}, keysigs={k}, datasigs={o})
    lab.set(t, new, "published")
    lab.claim(t, "ZSK published", dnskey={k, o, n}, cds={k}, keysigs={k}, datasigs={o})
    lab.set(t, new, "active")
    lab.claim(t, "ZSK active", dnskey={k, o, n}, cds={k}, keysigs={k}, datasigs={o, n})
    lab.set(t, old, "retired")
    lab.claim(t, "old ZSK retired", dnskey={k, o, n}, cds={k}, keysigs={k}, datasigs={n})
    lab.set(t, old, "removed")
    lab.claim(t, "old ZSK removed", dnskey={k, n}, cds={k}, keysigs={k}, datasigs={n})
    answer = lab.signerd.ask("discard", ZONE, key=old)
    t.ok(answer.result == 0 and old not in answer.keys, "it is discarded", answer.text)
    return new


def ksk_roll(t, lab, old, zsk):
    """Double signature, then the DS (RFC 6781 4.1.2)."""
    o, z = lab.tag(old), lab.tag(zsk)
    new = lab.make(t, "ksk")
    n = lab.tag(new)
    lab.set(t, new, "published")
    lab.claim(t, "KSK published", dnskey={o, n, z}, cds={o}, keysigs={o, n}, datasigs={z})
    lab.set(t, new, "ready")
    lab.claim(t, "KSK ready", dnskey={o, n, z}, cds={n}, keysigs={o, n}, datasigs={z})
    lab.set(t, new, "published", "and back: the parent has not changed its DS")
    lab.claim(t, "KSK published again", dnskey={o, n, z}, cds={o}, keysigs={o, n}, datasigs={z})
    lab.set(t, new, "ready")
    answer = lab.set(t, new, "active")
    t.equal(answer.states()[old], "retired", "the KSK before it is retired in the same step")
    lab.claim(t, "KSK active", dnskey={o, n, z}, cds={n}, keysigs={o, n}, datasigs={z})
    lab.set(t, old, "removed")
    lab.claim(t, "old KSK removed", dnskey={n, z}, cds={n}, keysigs={n}, datasigs={z})
    return new


def algorithm_roll(t, lab, ksk, zsk):
    """RFC 6781 4.1.4: signatures first, then keys; and the other way round on the way out."""
    k, z = lab.tag(ksk), lab.tag(zsk)
    ksk2, zsk2 = lab.make(t, "ksk", 15), lab.make(t, "zsk", 15)
    k2, z2 = lab.tag(ksk2), lab.tag(zsk2)
    answer = lab.signerd.ask("set", ZONE, key=ksk2, state="published")
    t.ok(answer.result != 0 and "zsk" in answer.text and answer.states()[ksk2] == "made",
         "a KSK of a new algorithm cannot come before the ZSK signs", answer.text)
    lab.set(t, zsk2, "signing")
    # A verifier sees signatures that no DNSKEY is there for; that is what they are there for.
    t.equal(lab.look()["datasigs"], {z, z2}, "the new algorithm signs")
    t.equal(lab.look()["dnskey"], {k, z}, "and its keys are not published")
    answer = lab.set(t, ksk2, "published")
    t.equal(answer.states()[zsk2], "published", "the ZSK comes with the KSK")
    lab.set(t, zsk2, "published", "set to the state that it has: nothing to do")
    lab.claim(t, "new algorithm published", dnskey={k, z, k2, z2}, cds={k}, keysigs={k, k2},
              datasigs={z, z2})
    lab.set(t, ksk2, "ready")
    lab.claim(t, "new algorithm ready", dnskey={k, z, k2, z2}, cds={k2}, keysigs={k, k2},
              datasigs={z, z2})
    lab.set(t, zsk2, "active")
    lab.set(t, ksk2, "active")
    lab.claim(t, "new algorithm active", dnskey={k, z, k2, z2}, cds={k2}, keysigs={k, k2},
              datasigs={z, z2})
    answer = lab.signerd.ask("set", ZONE, key=zsk, state="removed")
    t.ok(answer.result != 0 and "post-active" in answer.text and answer.states()[zsk] == "active",
         "a ZSK does not go before the keys of its algorithm", answer.text)
    answer = lab.set(t, zsk, "post-active")
    t.equal(answer.states()[ksk], "post-active", "the old KSK goes with the old ZSK")
    seen = lab.look()
    t.equal((seen["dnskey"], seen["datasigs"]), ({k2, z2}, {z, z2}),
            "the old algorithm still signs, and its keys are gone")
    lab.set(t, ksk, "removed")
    lab.set(t, zsk, "removed")
    lab.claim(t, "old algorithm removed", dnskey={k2, z2}, cds={k2}, keysigs={k2}, datasigs={z2})
    return ksk2, zsk2


def csk_roll(t, lab, old, algorithm=13):
    """A key that is both; to another algorithm if that is one."""
    change = algorithm != 13
    o = lab.tag(old)
    new = lab.make(t, "csk", algorithm)
    n = lab.tag(new)
    both = {o, n}
    if change:
        lab.set(t, new, "signing")
        t.equal((lab.look()["dnskey"], lab.look()["datasigs"]), ({o}, both),
                "CSK signing: before its DNSKEY is there")
    lab.set(t, new, "published")
    lab.claim(t, "CSK published", dnskey=both, cds={o}, keysigs=both,
              datasigs=both if change else {o})
    lab.set(t, new, "ready")
    lab.claim(t, "CSK ready", dnskey=both, cds={n}, keysigs=both,
              datasigs=both if change else {o})
    answer = lab.set(t, new, "active")
    t.equal(answer.states()[old], "retired", "the CSK before it is retired in the same step")
    lab.claim(t, "CSK active", dnskey=both, cds={n}, keysigs=both,
              datasigs=both if change else {n})
    if change:
        lab.set(t, old, "post-active")
        t.equal((lab.look()["dnskey"], lab.look()["datasigs"]), ({n}, both),
                "old CSK post-active: still signs")
    lab.set(t, old, "removed")
    lab.claim(t, "old CSK removed", dnskey={n}, cds={n}, keysigs={n}, datasigs={n})
    return new


def kills(t, lab, rounds):
    """kill -9 at any point, and the same again: each step is made once, and the zone is valid."""
    made = set()
    answer = lab.signerd.ask("list", ZONE)
    old = answer.only("zsk", "active")
    for n in range(rounds):
        for verb, fields in (("make", {"role": "zsk", "algorithm": 15}), ("set", {"state": "published"}),
                             ("set", {"state": "active"}), ("set", {"state": "retired", "old": True}),
                             ("set", {"state": "removed", "old": True}), ("discard", {"old": True})):
            fields = dict(fields)
            if verb != "make":
                fields["key"] = old if fields.pop("old", False) else new
            lab.signerd.send(verb, ZONE, **fields)
            # A kill that comes when a verb is half done: each one at another point.
            net.until(lambda: lab.signerd.child.running, "signerd")
            delay(0.004 * (n * 7 % 23))
            lab.signerd.child.kill()
            lab.signerd.bus.forget()
            lab.signerd.start()
            answer = lab.signerd.ask(verb, ZONE, **fields)
            if answer.result != 0:
                return t.ok(False, f"round {n}: {verb} {fields}", answer.text)
            if verb == "make":
                new = answer.only("zsk", "made", 15)
                made.add(new)
            why = lab.valid()
            if why:
                return t.ok(False, f"round {n}: the zone is valid after {verb} {fields}", why)
        old = new
    t.equal(len(made), rounds, "each key was made once")
    keys = lab.signerd.ask("list", ZONE).keys
    return t.ok(len(keys) == 2, f"{6 * rounds} kills: the keys are what they have to be", str(keys))


def delay(seconds):
    """Where a kill shall come; not a wait for anything."""
    net.time.sleep(seconds)


def refused(t, lab):
    """Bad words, and what Knot does not take."""
    ask_it, answer = lab.signerd.ask, lab.signerd.ask("list", ZONE)
    ksk, zsk = answer.only("ksk", "active"), answer.only("zsk", "active")
    before = answer.states()
    for claim, verb, fields in (
            ("a verb that there is not", 9, {}),
            ("a role that there is not", "make", {"role": 7, "algorithm": 13}),
            ("an algorithm that nobody should use", "make", {"role": "zsk", "algorithm": 5}),
            ("a state that there is not", "set", {"key": zsk, "state": 9}),
            ("a ZSK that is to be ready", "set", {"key": zsk, "state": "ready"}),
            ("an id that there is not", "set", {"key": "0" * 40, "state": "active"}),
            ("a tag in place of an id", "set", {"key": str(lab.tag(zsk)), "state": "retired"}),
            ("the beginning of an id", "set", {"key": zsk[:12], "state": "retired"}),
            ("an option in place of an id", "set", {"key": "-h", "state": "retired"}),
            ("discarding a key that is active", "discard", {"key": zsk}),
            ("taking out the only ZSK", "set", {"key": zsk, "state": "removed"}),
            ("taking out the only algorithm", "set", {"key": zsk, "state": "post-active"}),
            ("taking out the only KSK", "set", {"key": ksk, "state": "removed"})):
        answer = ask_it(verb, ZONE, **fields)
        t.ok(answer.result != 0 and answer.text and answer.states() == before,
             f"{claim}: refused, and nothing has changed", f"{answer.text} {answer.states()}")
    answer = ask_it("list", "other.example.")
    t.ok(answer.result != 0 and "driver" in answer.text, "a zone without a driver", answer.text)
    t.equal(lab.valid(), "", "and the zone is valid")


def without_knot(t, lab):
    """Knot is down: nothing is changed, and the list is still had."""
    answer = lab.signerd.ask("list", ZONE)
    zsk, before = answer.only("zsk", "active"), answer.states()
    lab.knot.child.kill()
    answer = lab.signerd.ask("set", ZONE, key=zsk, state="retired")
    t.ok(answer.result != 0 and answer.states() == before and "taken back" in answer.text,
         "Knot is down: the change is taken back", f"{answer.text} {answer.states()}")
    answer = lab.signerd.ask("list", ZONE)
    t.ok(answer.result == 0 and answer.states() == before and "Knot" in answer.text,
         "the list is had, with the reason why it may not be in force", answer.text)
    lab.knot.start()
    answer = lab.signerd.ask("list", ZONE)
    t.ok(answer.result == 0 and not answer.text, "Knot is back: in force", answer.text)


def configuration_b(t):
    """The overlay's DNSKEY set has all keys from the beginning; the states say who signs."""
    with Lab(B) as lab:
        lab.signerd.start()
        lab.knot.write()
        keys = [lab.make(t, role) for role in ("ksk", "zsk")]
        answer = lab.signerd.ask("set", ZONE, key=keys[0], state="active")
        t.ok(answer.result == 0 and "Knot" in answer.text,
             "a first key before Knot runs: set, and said to be not in force", answer.text)
        t.equal(list(answer.states().values()), ["active", "active"], "and its ZSK with it")
        keys += [lab.make(t, role) for role in ("ksk", "zsk")]
        answer = lab.signerd.ask("make", ZONE, role="ksk", algorithm=13)
        t.ok(answer.result == 0 and len(answer.keys) == 4, "one that is made is not made again")
        lab.text += "".join(lab.knot.keymgr(ZONE, "dnskey", key) for key in keys)
        lab.knot.zone(ZONE, lab.text, acl="watch", dnssec_signing="on", dnssec_policy="manual")
        lab.knot.start()
        k, z, k2, z2 = (lab.tag(key) for key in keys)
        every = {k, z, k2, z2}

        def claim(where, keysigs, datasigs):
            lab.claim(t, f"B, {where}", dnskey=every, cds=set(), keysigs=keysigs, datasigs=datasigs)
        claim("first keys", {k}, {z})
        for key, state, keysigs, datasigs in (
                (keys[3], "published", {k}, {z}), (keys[3], "active", {k}, {z, z2}),
                (keys[1], "retired", {k}, {z2}), (keys[2], "published", {k, k2}, {z2}),
                (keys[2], "ready", {k, k2}, {z2}), (keys[2], "active", {k, k2}, {z2}),
                (keys[0], "removed", {k2}, {z2})):
            lab.set(t, key, state)
            claim(state, keysigs, datasigs)


class Users(Lab):
    """Knot and signerd under two users that share Knot's group, as signerd(8) has it. Numbers that
    nobody has will do."""

    KNOT, SIGNER, GROUP, OTHER = 61234, 61235, 61236, 61237

    def give(self):
        """The folders, to those who have them."""
        os.chmod(self.directory, 0o755)
        for root, folders, files in os.walk(self.directory):
            for name in folders + files:
                os.chown(os.path.join(root, name), self.KNOT, self.GROUP)
        for root, folders, files in os.walk(self.signerd.home):
            for path in (root, *(os.path.join(root, name) for name in folders + files)):
                os.chown(path, self.SIGNER, self.OTHER)

    def start(self):
        """Both, each as its user."""
        self.knot.zone(ZONE, self.text, acl="watch", dnssec_signing="on", dnssec_policy="manual")
        self.knot.write()
        self.knot.keymgr(ZONE, "generate", "algorithm=13", "ksk=yes")
        self.knot.keymgr(ZONE, "generate", "algorithm=13", "zsk=yes")
        self.give()
        store = os.path.join(self.knot.home, "db", "keys")
        os.chmod(os.path.dirname(store), 0o750)
        tools.run("chmod", "-R", "g+rwX", store)
        tools.run("find", store, "-type", "d", "-exec", "chmod", "g+s", "{}", "+")
        self.signerd.write(f"signerd:\n    keymgr: {tools.wrapper(self.directory, 'keymgr')}\n"
                           f"    knot-kasp: {store}\n    knot-socket: {self.knot.socket}\n", [ZONE])
        self.knot.child = self.procs.start(
            "knot", "setpriv", f"--reuid={self.KNOT}", f"--regid={self.GROUP}", "--clear-groups",
            tools.wrapper(self.directory, "knotd"), "-c", self.knot.conf)
        self.knot.ready()
        self.signerd.start(before=["setpriv", f"--reuid={self.SIGNER}", f"--regid={self.OTHER}",
                                   f"--groups={self.OTHER},{self.GROUP}"])


def users(t):
    """What is said about access is enough."""
    with Users(A) as lab:
        lab.start()
        answer = lab.signerd.begun
        t.ok(answer.result == 0 and len(answer.keys) == 2 and not answer.text,
             "signerd as another user of Knot's group reads the store and the socket",
             lambda: f"{answer.text}\n{lab.signerd.child.tail()}")
        new, old = lab.make(t, "zsk"), answer.only("zsk", "active")
        for key, state in ((new, "published"), (new, "active"), (old, "retired")):
            lab.set(t, key, state)
        # Its reload reads the keys anew; what Knot cannot read it cannot sign with.
        t.equal(lab.look()["datasigs"], {lab.tag(new)}, "Knot signs with the key that it made")
        t.equal(lab.valid(), "", "and the zone is valid")


def main(t):
    """All of it."""
    if os.geteuid() == 0:
        users(t)
    with Lab(A) as lab:
        ksk, zsk = first_keys(t, lab, "ksk", "zsk")
        lab.claim(t, "first keys", dnskey={lab.tag(ksk), lab.tag(zsk)}, cds={lab.tag(ksk)},
                  keysigs={lab.tag(ksk)}, datasigs={lab.tag(zsk)})
        zsk = zsk_roll(t, lab, ksk, zsk)
        ksk = ksk_roll(t, lab, ksk, zsk)
        refused(t, lab)
        without_knot(t, lab)
        old = ksk
        ksk, zsk = algorithm_roll(t, lab, ksk, zsk)
        for key, state in lab.signerd.ask("list", ZONE).states().items():
            if state == "removed":
                lab.signerd.ask("discard", ZONE, key=key)
        t.ok(old not in lab.signerd.ask("list", ZONE).keys, "what is removed can be discarded")
        kills(t, lab, 30 if os.environ.get("MSIG_FULL") else 3)
    with Lab(A, single=True) as lab:
        csk, = first_keys(t, lab, "csk")
        csk = csk_roll(t, lab, csk)
        csk_roll(t, lab, csk, 15)
    configuration_b(t)


if tools.missing(("knotd", "keymgr", "ldns-verify-zone")) or msig.missing(("signerd",)):
    skip_all("not found: " + " ".join(tools.missing(("knotd", "keymgr", "ldns-verify-zone"))
                                      + msig.missing(("signerd",))))
with Tap() as tap:
    main(tap)
