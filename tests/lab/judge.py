"""The watcher, the recorder and the offline checker as one: begin, follow the parent, verdict."""

import dns.name
import dns.rdatatype

from . import net
from .invariants import Checker
from .recorder import Recorder
from .rig import PARENT
from .watcher import Watcher

DS, NS = dns.rdatatype.DS, dns.rdatatype.NS
SHARED = [DS, NS, dns.rdatatype.DNSKEY, dns.rdatatype.CDS, dns.rdatatype.CDNSKEY]


class Judge:
    """Watches zones of a rig from now to stop()."""

    def __init__(self, rig, rate=20.0):
        self.rig = rig
        self.watcher = Watcher(rig, rate=rate)
        self.recorder = Recorder(self.follow)
        self.parent = self.recorder.add("parent", rig.parent.server, PARENT, rig.watch_key,
                                        lambda name, rdtype: rdtype in (DS, NS))
        self.sources = {}  # zone -> {label: Source}
        self.labels = {p.ns: p.label for p in rig.providers}
        self.outages = {}  # label -> [(from, to)]: a test restarted its servers

    def start(self):
        """Starts resolvers and threads."""
        self.watcher.resolvers_for([p.label for p in self.rig.providers])
        self.recorder.start()
        self.watcher.start()
        return self

    def watch(self, zone):
        """Judges a zone: everything that the providers' servers show, and what resolvers get."""
        self.sources[zone] = {p.label: self.recorder.add(p.label, p.server, zone,
                                                         self.rig.watch_key, live=p.live)
                              for p in self.rig.providers}
        self.watcher.watch(zone, net.until(lambda: self.named(zone), f"the delegation of {zone}"))

    def named(self, zone):
        """Labels of the providers that the parent names now, as the recorder saw it."""
        with self.recorder.lock:
            version = self.parent.current.get((dns.name.from_text(zone), NS))
        return sorted(self.labels[r.target.to_text()] for r in version.rdatas
                      if r.target.to_text() in self.labels) if version else []

    def follow(self):
        """Points the resolvers at whom the parent names (the recorder calls it all the time)."""
        for zone in list(self.watcher.named):
            self.watcher.follow(zone, self.named(zone))

    def stop(self):
        """Ends the threads."""
        self.watcher.stop()
        self.recorder.stop()

    def set_apart(self, zone, down):
        """Counts apart what resolvers failed at since these providers' servers were down (see
        watcher.py). down: labels of those that the test took down, and of nobody else; of those that it
        had down for a moment, self.outages says when."""
        with self.recorder.lock:
            outages = {label: self.sources[zone][label].outages() for label in down}
        for label, times in self.outages.items():
            outages[label] = outages.get(label, []) + times
        self.watcher.set_apart(zone, outages)

    def undone(self, zone, since):
        """Shared records that a server or the parent showed since then and then did not, as texts."""
        found, apex = [], dns.name.from_text(zone)
        for source in (self.parent, *self.sources[zone].values()):
            with self.recorder.lock:
                versions, served = source.versions(), set(source.current)
            for rdtype in SHARED:
                seen = sorted((v for v in versions if v.name == apex and v.rdtype == rdtype
                               and v.last >= since), key=lambda v: v.first)
                gone = [a.rdatas - b.rdatas for a, b in zip(seen, seen[1:])]
                gone += [v.rdatas for v in seen[-1:] if (apex, rdtype) not in served]
                found += [f"{source.label} {dns.rdatatype.to_text(rdtype)}: {g}" for g in gone if g]
        return found

    def check(self, zone, apart=()):
        """(S1, S2) verdicts over everything recorded of a zone. apart: see Checker."""
        with self.recorder.lock:
            parent = self.parent.versions()
            providers = {label: source.versions() for label, source in self.sources[zone].items()}
        return Checker(zone).check(parent, providers, self.labels, apart)
