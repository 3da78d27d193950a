"""A whole run: the rig, per provider its daemons or stand-ins, the parent's scanner, the judge."""

import os
import time

from . import byhand, msig, net, tools
from .judge import Judge
from .knot import update
from .msig import Msig
from .rig import NAIVE, PARENT, TTL, ZONE, Rig, tags_clash
from .scanner import Scanner
from .tap import Tap, skip_all


class TagClash(Exception):
    """Two signers have made keys of one tag."""


def run_test(main, needed=msig.DAEMONS + ("msigctl",), hold_down=None):
    """A system test: main(tap), where all that it needs is there; our programs are needed."""
    lacks = tools.missing() + msig.missing(needed)
    if lacks:
        skip_all("not found: " + " ".join(lacks))
    if hold_down is not None:
        Msig.hold_down = hold_down
    with Tap() as tap:
        main(tap)


class World:
    """Everything up and quiet: one provider signs ZONE, the others wait to be designated.

    combiner: "msig" for the daemons, "knot" for stand-ins that are changed by hand; watch=False:
    nobody judges; signers: {label: {attribute: value}} of Provider, as {"p2": {"driver": True, "mode":
    "B"}}; zones: what they share. Use it as a context."""

    beside = (NAIVE,)  # zones in which nothing happens

    def __init__(self, providers=2, combiner="msig", keep=False, rate=20.0, level="info",
                 watch=True, signers=None, zones=(ZONE,)):
        self.delegated = (*zones, *self.beside)  # their DS is at the parent from the beginning
        while True:
            self.rig = Rig(providers, keep, zones=zones)
            self.providers = self.rig.providers
            for label, attributes in (signers or {}).items():
                for name, value in attributes.items():
                    setattr(self.rig.provider(label), name, value)
            if self.providers[0].unsigned:
                self.delegated = (NAIVE,)
            self.scanner = self.judge = None
            self.msig, self.stand = {}, {}
            self.dead = []  # labels of the providers that died for good
            try:
                self.bring_up(combiner, rate, level, watch)
                return
            except TagClash:  # a matter of luck: with other keys
                self.close()
            except BaseException:
                self.close()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def configure(self, combiner, level):
        """Configurations of owner and providers."""
        rig = self.rig
        for p in self.providers:
            if combiner == "msig":
                self.msig[p.label] = Msig(rig, p, level)
                p.records = self.msig[p.label].make_identity()
            else:
                self.stand[p.label] = byhand.StandIn(rig, p)
            p.configure({**{zone: p.master() for zone in rig.zones},
                         NAIVE: (*rig.owner.server, p.transfer_key)})
        rig.configure_owner({f"combiner-{p.label}": (*p.combiner, p.transfer_key)
                             for p in self.providers if not p.relay} if self.msig else {},
                            {f"signer-{p.label}": (*p.signer_server, p.transfer_key)
                             for p in self.providers})

    def bring_up(self, combiner, rate, level, watch):
        """Starts everything; the slow parts side by side."""
        rig = self.rig
        self.configure(combiner, level)
        rig.owner.start(wait=False)
        rig.start_parent()
        for p in self.providers:
            p.signer.start(wait=False)
        for stand in self.stand.values():
            stand.start()
        for daemons in self.msig.values():
            daemons.start("combinerd")
        for knot in [rig.owner, rig.parent] + [s.knot for s in self.stand.values()] \
                + [p.signer for p in self.providers]:
            knot.ready()
        rig.delegate(self.delegated)
        for p in (p for p in self.providers if not p.upstream and not p.unsigned):
            net.until(p.keys, f"the keys of {p.label}'s signer")
        if any(tags_clash(*(p.keys(zone) for p in self.providers)) for zone in rig.zones):
            raise TagClash
        for daemons in self.msig.values():
            daemons.start("transportd", "agentd")
        for daemons in self.msig.values():
            daemons.ready()
        self.scanner = Scanner(rig, rig.zones)
        if watch:
            self.judge = Judge(rig, rate=rate).start()
            for zone in rig.zones:
                self.judge.watch(zone)
        self.scanner.start()

    def close(self):
        """Ends threads and processes."""
        for thread in (self.scanner, self.judge):
            if thread:
                thread.stop()
        self.rig.close()

    # -- what tests and the demo do ----------------------------------------------------------

    def counted(self, zone, cls, more, seconds=60):
        """Waits until a class of resolvers has answered so many more questions."""
        since = self.judge.watcher.count(zone, cls).queries
        net.until(lambda: self.judge.watcher.count(zone, cls).queries >= since + more,
                  f"{more} answers about {zone} to {cls} resolvers", seconds)

    def naive(self):
        """The wrong way for the scratch zone: the second provider's NS and DS, keys not exchanged."""
        second = self.providers[1]
        update(self.rig.parent.server, PARENT, self.rig.parent_key,
               f"add {NAIVE} {TTL['ns']} NS {second.ns}",
               *(f"add {NAIVE} {TTL['ds']} DS {ds}" for ds in second.ksk(NAIVE)))

    def joined(self, providers, zone=ZONE):
        """Whether the parent names these providers' servers and has all their DS records, and every
        one of them shows all keys."""
        group = list(providers)
        try:
            return (byhand.delegation(self.rig, zone) == {p.ns for p in group}
                    and byhand.shown(group, "CDS", len(group), zone)
                    and byhand.shown(group, "NS", len(group), zone)
                    and {r.split()[0] for r in byhand.parent_ds(self.rig, zone)} ==
                    {ds.split()[0] for p in group for ds in p.ksk(zone)}
                    and byhand.shown(group, "DNSKEY", sum(len(p.keys(zone)) for p in group), zone))
        except OSError:
            return False

    def in_sync(self, providers, zone=ZONE):
        """Whether the agents of these providers say that there is nothing to do."""
        return all(zone_of(self.msig[p.label].tracking(zone)).get("state") == "in-sync"
                   for p in providers)

    def process(self, label, zone=ZONE):
        """The process that a provider's agentd has under way, or {}."""
        return zone_of(self.msig[label].tracking(zone)).get("process") or {}

    def told(self, provider, *words, zone=ZONE):
        """Whether a provider's journal has an entry with all these words."""
        return any(all(word in e["text"] for word in words)
                   for e in self.msig[provider.label].journal(zone))

    def says(self, label, *words, seconds=15, zone=ZONE):
        """"" as soon as what a provider's agentd says of the zone or of its peers has all these
        words; what it says instead when the time is over."""
        def text():
            answer = self.msig[label].tracking(zone) or {}
            said = zone_of(answer)
            peers = (self.msig[label].ask("peers") or {}).get("peers", ())
            return " / ".join([r["text"] for r in answer.get("reasons", ())]
                              + [said.get("freeze", ""), said.get("trouble", "")]
                              + [f"{p['peer']} {p['state']} {p['trouble']}" for p in peers]
                              + [z["trouble"] for p in peers for z in p["zones"]])
        try:
            net.until(lambda: all(word in text() for word in words), "words", seconds)
            return ""
        except net.Timeout:
            return text() or "nothing"

    def logs(self, lines=12):
        """The ends of the daemons' logs, for a failed test."""
        text = ""
        for daemons in self.msig.values():
            for child in daemons.daemons.values():
                said = [line for line in child.tail(10 * lines).splitlines(True)
                        if "for a lab only" not in line]
                text += f"--- {child.name}\n" + "".join(said[-lines:])
        for when, zone, said in self.scanner.log if self.scanner else ():
            text += f"parent {time.strftime('%T', time.localtime(when))} {zone} {said}\n"
        return text

    def path(self, *names):
        """A file of this run."""
        return os.path.join(self.rig.directory, *names)


def zone_of(answer):
    """The zone in an answer of msigctl --json; {} if there was none."""
    zone = (answer or {}).get("zone")
    return zone if isinstance(zone, dict) else answer or {}
