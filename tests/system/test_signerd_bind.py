#!/usr/bin/python3
"""signerd takes a real named through roll-overs of a ZSK, a KSK and a CSK with SET alone, while
foreign DNSKEY, CDS, CDNSKEY and CSYNC stand beside; what named cannot do is refused before anything
has changed."""

import os
import shutil
import signal
import stat
import tempfile

from cryptography.hazmat.primitives.asymmetric import ec
import dns.dnssec
import dns.name
import dns.query
import dns.rdatatype
import dns.update

from lab import ask, msig, net, signerd, tools
from lab.bind import Bind, BindProvider
from lab.proc import Processes, children
from lab.tap import Tap, skip_all

ZONE, SINGLE = "shop.example.", "single.example."
COUNT = 400  # names in the zone: signing takes a moment
FOREIGN = [dns.dnssec.make_dnskey(ec.generate_private_key(ec.SECP256R1()).public_key(),
                                  dns.dnssec.Algorithm.ECDSAP256SHA256, flags)
           for flags in (257, 256)]


def tag(key):
    """Of an id."""
    return int(key.split("+")[1])


class Lab:
    """One named and signerd, for a zone whose first keys are those of roles."""

    def __init__(self, zone, *roles):
        self.zone, self.apex = zone, dns.name.from_text(zone)
        self.directory = tempfile.mkdtemp(prefix="msig.")
        self.procs = Processes(self.directory)
        self.bind = Bind(self.procs, self.directory, "named")
        self.key = ask.Key("signer-key.")
        self.bind.pushed(zone, self.key)
        self.bind.driven(zone, *roles)
        self.signerd = signerd.Signerd(self.procs, self.directory, [zone],
                                       self.bind.signerd_section(self.directory, zone), "bind")

    def __enter__(self):
        self.bind.start()
        self.update(*((f"n{i}.{self.zone}", "A", "192.0.2.1") for i in range(COUNT)),
                    *((self.zone, "DNSKEY", key.to_text()) for key in FOREIGN),
                    (self.zone, "CDS", dns.dnssec.make_ds(self.apex, FOREIGN[0], "SHA256").to_text()),
                    (self.zone, "CDNSKEY", FOREIGN[0].to_text()),
                    (self.zone, "CSYNC", "0 1 A NS AAAA"))
        self.signerd.start()
        return self

    def __exit__(self, *_):
        self.signerd.close()
        self.procs.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def update(self, *records):
        """Adds to the zone, as combinerd does."""
        update = dns.update.UpdateMessage(self.zone, keyring=self.key.key)
        for name, rdtype, rdata in records:
            update.add(name, 2, rdtype, rdata)
        answer = dns.query.tcp(update, self.bind.server[0], 10, self.bind.server[1])
        if answer.rcode() != 0:
            raise AssertionError(answer)

    def signed(self, name, rdtype):
        """(records, tags of who signs them)."""
        found, sigs = ask.rrset(ask.ask(self.bind.server, name, rdtype), name,
                                dns.rdatatype.from_text(rdtype))
        return list(found or ()), sorted(sig.key_tag for sig in sigs or ())

    def look(self):
        """Tags: (own in DNSKEY, who signs DNSKEY, own in CDS, who signs the SOA). The foreign records
        have to be there, or it is said what is."""
        keys, keysigs = self.signed(self.apex, "DNSKEY")
        cds = self.signed(self.apex, "CDS")[0]
        cdnskey, csync = (self.signed(self.apex, rdtype)[0] for rdtype in ("CDNSKEY", "CSYNC"))
        foreign = {dns.dnssec.key_id(key) for key in FOREIGN}
        tags = {dns.dnssec.key_id(key) for key in keys}
        named = sorted(one.key_tag for one in cds)
        kept = foreign <= tags and dns.dnssec.key_id(FOREIGN[0]) in named and len(csync) == 1 and \
            sorted(dns.dnssec.key_id(key) for key in cdnskey) == named
        return (sorted(tags - foreign) if kept else [keys, cds, cdnskey, csync], keysigs,
                [one for one in named if one not in foreign], self.signed(self.apex, "SOA")[1])

    def data(self):
        """Who signs the names below the apex: tags of each that is signed otherwise than others."""
        return {tuple(self.signed(dns.name.from_text(f"n{i}.{self.zone}"), "A")[1])
                for i in range(0, COUNT, 7)}

    def files(self):
        """Names in the key directory, and what is not as named needs it."""
        folder = self.bind.folder(self.zone)
        names = sorted(os.listdir(folder))
        return names, [name for name in names if name.endswith(".private") and
                       stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) & 0o007]

    def make(self, t, role, algorithm=13):
        """A new key's id."""
        before = set(self.signerd.ask("list", self.zone).keys)
        answer = self.signerd.ask("make", self.zone, role=role, algorithm=algorithm)
        new = [k for k in answer.keys if k not in before]
        t.ok(answer.result == 0 and len(new) == 1 and answer.keys[new[0]][:2] == (role, "made"),
             f"a {role} of algorithm {algorithm} is made", f"{answer.text} {answer.keys}")
        again = self.signerd.ask("make", self.zone, role=role, algorithm=algorithm)
        t.equal(set(again.keys), set(answer.keys), "and made once, if it is asked for again")
        return new[0]

    def set(self, t, key, state):
        """SET, which has to succeed; the states after it."""
        answer = self.signerd.ask("set", self.zone, key=key, state=state, seconds=60)
        t.ok(answer.result == 0 and answer.states().get(key) == state, f"set {state}",
             f"{answer.text} {answer.states()} {self.bind.child.tail(40)}")
        return answer.states()


def steps(t, lab, what, plan):
    """plan: [(key, state, own keys shown, who signs them, own CDS, who signs the SOA)]"""
    for key, state, *expected in plan:
        lab.set(t, key, state)
        t.equal(lab.look(), tuple(sorted(tag(k) for k in keys) for keys in expected),
                f"{what}: {state}")


def refused(t, lab, cases):
    """Verbs that change nothing."""
    before = lab.signerd.ask("list", lab.zone).states(), lab.look(), lab.files()
    for claim, verb, fields, word in cases:
        answer = lab.signerd.ask(verb, lab.zone, **fields)
        t.ok(answer.result != 0 and word in answer.text and
             (answer.states(), lab.look(), lab.files()) == before,
             f"{claim}: refused, and nothing has changed", f"{answer.text} {answer.states()}")


def pair(t):
    """A KSK and a ZSK."""
    with Lab(ZONE, "ksk", "zsk") as lab:
        keys = lab.signerd.begun
        ksk, zsk = keys.only("ksk", "active"), keys.only("zsk", "active")
        # As a dnssec-policy leaves it; by it the key would stay.
        tools.run("dnssec-settime", "-K", lab.bind.folder(ZONE), "-s", "-g", "OMNIPRESENT", "-k",
                  "OMNIPRESENT", "now", "-z", "OMNIPRESENT", "now", f"K{ZONE}+{zsk}")
        t.equal(lab.look(), ([*sorted([tag(ksk), tag(zsk)])], [tag(ksk)], [tag(ksk)], [tag(zsk)]),
                "named's keys are known")
        refused(t, lab, (
            ("another algorithm", "make", {"role": "zsk", "algorithm": 15}, "join again"),
            ("a CSK beside a ZSK", "make", {"role": "csk", "algorithm": 13}, "CSK"),
            ("taking out the only ZSK", "set", {"key": zsk, "state": "retired"}, "last"),
            ("taking out the only KSK", "set", {"key": ksk, "state": "removed"}, "last"),
            ("signing without DNSKEY", "set", {"key": zsk, "state": "post-active"}, "in DNSKEY"),
            ("a tag in place of an id", "set", {"key": str(tag(zsk)), "state": "retired"}, "no key"),
            ("a path in place of an id", "set", {"key": "../" + zsk, "state": "retired"}, "no key"),
            ("a ready ZSK", "set", {"key": zsk, "state": "ready"}, "CDS")))
        new = lab.make(t, "zsk")
        steps(t, lab, "ZSK", [(new, "published", [ksk, zsk, new], [ksk], [ksk], [zsk]),
                              (new, "active", [ksk, zsk, new], [ksk], [ksk], [zsk, new])])
        t.equal(lab.data(), {tuple(sorted([tag(zsk), tag(new)]))},
                "ZSK: active is when every name has its signature")
        steps(t, lab, "ZSK", [(zsk, "retired", [ksk, zsk, new], [ksk], [ksk], [new])])
        # Not at the old one's wish: everything goes with its DNSKEY.
        steps(t, lab, "ZSK", [(zsk, "active", [ksk, zsk, new], [ksk], [ksk], [zsk, new]),
                              (zsk, "retired", [ksk, zsk, new], [ksk], [ksk], [new]),
                              (zsk, "removed", [ksk, new], [ksk], [ksk], [new])])
        answer = lab.signerd.ask("discard", ZONE, key=zsk)
        t.ok(answer.result == 0 and zsk not in answer.keys, "and discarded", answer.text)
        net.until(lambda: lab.data() == {(tag(new),)}, "old signatures to go", 20)
        old, zsk = ksk, new
        ksk = lab.make(t, "ksk")
        both = [old, ksk, zsk]
        steps(t, lab, "KSK", [(ksk, "published", both, [old, ksk], [old], [zsk]),
                              (ksk, "ready", both, [old, ksk], [ksk], [zsk])])
        t.equal(lab.signerd.ask("list", ZONE).states()[old], "active",
                "the one before it is active until then")
        steps(t, lab, "KSK that is given up", [
            (ksk, "removed", [old, zsk], [old], [old], [zsk]),
            (ksk, "published", both, [old, ksk], [old], [zsk])])
        steps(t, lab, "KSK", [(ksk, "ready", both, [old, ksk], [ksk], [zsk]),
                              (ksk, "active", both, [old, ksk], [ksk], [zsk])])
        t.equal(lab.signerd.ask("list", ZONE).states()[old], "retired", "the one before it is retired")
        steps(t, lab, "KSK", [(old, "removed", [ksk, zsk], [ksk], [ksk], [zsk])])
        down(t, lab, ksk, zsk)
        t.equal(lab.files()[1], [], "no private key is for everybody to read")
        t.equal([name for name in lab.files()[0] if not name.startswith("K")], [],
                "and nothing is left beside the keys")


def filtered(pid):
    """Whether system calls of a process are filtered: sockets are denied to it, or some."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return "\nSeccomp:\t2\n" in status.read()


def down(t, lab, ksk, zsk):
    """named is not there, or neither is the process that starts rndc."""
    before = lab.look()
    new = lab.make(t, "zsk")
    lab.bind.child.kill()
    answer = lab.signerd.ask("list", ZONE)
    t.ok(answer.result == 0 and answer.only("ksk", "active") == ksk, "named is down: the list is had",
         answer.text)
    answer = lab.signerd.ask("set", ZONE, key=new, state="published")
    t.ok(answer.result != 0 and "taken back" in answer.text and answer.states()[new] == "made",
         "and a change is taken back", f"{answer.text} {answer.states()}")
    lab.bind.start()
    net.until(lambda: lab.look() == before, "named to be as before", 20)
    doors = children(lab.signerd.child.popen.pid)
    t.equal([filtered(pid) for pid in (lab.signerd.child.popen.pid, *doors)], [True, True],
            "sockets are denied to it, and to the one process that starts rndc those of a server")
    lab.signerd.child.kill()
    net.until(lambda: doors[0] not in children(), "it to end with signerd", 10)
    lab.signerd.start()
    lab.set(t, new, "published")
    t.equal(lab.look()[0], sorted([tag(ksk), tag(zsk), tag(new)]), "after a restart all goes on")
    os.kill(children(lab.signerd.child.popen.pid)[0], signal.SIGKILL)
    answer = lab.signerd.ask("set", ZONE, key=new, state="active")
    t.ok(answer.result != 0 and "restart signerd" in answer.text,
         "without that process: it is said what to do", answer.text)


def single(t):
    """A CSK."""
    with Lab(SINGLE, "csk") as lab:
        old = lab.signerd.begun.only("csk", "active")
        refused(t, lab, (
            ("a KSK without a ZSK", "make", {"role": "ksk", "algorithm": 13}, "CSK"),
            ("another algorithm", "make", {"role": "csk", "algorithm": 15}, "join again"),
            ("taking out the only CSK", "set", {"key": old, "state": "retired"}, "last")))
        new = lab.make(t, "csk")
        both = [old, new]
        steps(t, lab, "CSK", [(new, "published", both, both, [old], both),
                              (new, "ready", both, both, [new], both),
                              (new, "active", both, [new], [new], [new])])
        t.ok(all(tag(new) in tags for tags in lab.data()), "CSK: active is when it signs everything",
             str(lab.data()))
        steps(t, lab, "CSK", [(old, "removed", [new], [new], [new], [new])])
        net.until(lambda: lab.data() == {(tag(new),)}, "old signatures to go", 20)


NEEDED = BindProvider.programs + ("rndc", "dnssec-keygen", "dnssec-settime")
if tools.missing(NEEDED) or msig.missing(("signerd",)):
    skip_all("not found: " + " ".join(tools.missing(NEEDED) + msig.missing(("signerd",))))
with Tap() as tap:
    pair(tap)
    single(tap)
