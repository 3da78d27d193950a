"""A join without msig: stock Knot and knsupdate, step by step, with all holds.

It proves the oracle: done in the right order the watcher must see no bogus answer, done naively it
must. It also shows what msig automates. The stand-in for combinerd is a Knot primary per provider,
whose apex is edited by DNS UPDATE.
"""

import time

import dns.name
import dns.rdatatype

from . import ask, net
from .knot import Knot, update
from .rig import TTL, ZONE, Provider

CSYNC = "0 1 A NS AAAA"
MARGIN = 1.0
SECONDS = 60  # that a step may take until all show it


class HandFed(Provider):
    """A provider whose signer a stand-in feeds, and whose combinerd is put in between later."""

    adopted = False  # its signer is fed by combinerd
    settled = False  # and that by the owner, no more by the stand-in

    @property
    def primary(self):
        """Where the stand-in is: combinerd has its own place."""
        return (self.address, 5382)

    def master(self):
        return super().master() if self.adopted else (*self.primary, self.signer_key)

    def origin(self):
        return super().origin() if self.settled else self.primary


class StandIn:
    """A Knot primary in the place of a provider's combinerd."""

    def __init__(self, rig, provider):
        self.rig, self.provider, self.feeds = rig, provider, True
        self.server = getattr(provider, "primary", provider.combiner)
        self.knot = Knot(rig.procs, rig.directory, f"combiner-{provider.label}", [self.server])
        self.knot.remote("signer", *provider.server, provider.signer_key)
        self.knot.acl("signer", provider.signer_key, "transfer")
        self.knot.acl("update", provider.update_key, "update")
        self.knot.zone(ZONE, rig.content(ZONE, rig.providers[0].ns), notify="signer",
                       acl=["signer", "update"])

    def start(self):
        """Starts it; ready() waits."""
        return self.knot.start(wait=False)

    def change(self, *lines):
        """One UPDATE."""
        update(self.server, ZONE, self.provider.update_key, *lines)

    def feed(self):
        """Whom it feeds: combinerd as well, which it notifies in place of the signer."""
        provider, zone = self.provider, self.knot.sections["zone"][0]
        self.knot.remote("combinerd", *provider.combiner, provider.transfer_key)
        self.knot.acl("combinerd", provider.transfer_key, "transfer")
        zone["notify"] = "combinerd"
        zone["acl"].append("combinerd")
        self.knot.reload()

    def hand_over(self):
        """The signer is combinerd's from now on."""
        self.provider.adopted = True
        self.provider.follow(other_serial=self.provider.settled)

    def end(self):
        """It feeds nobody any more."""
        self.feeds = False
        self.knot.child.kill()


def key_records(others):
    """UPDATE lines that add other providers' DNSKEY records."""
    return [f"add {ZONE} {TTL['dnskey']} DNSKEY {key}" for p in others for key in p.keys()]


def cds_records(others):
    """UPDATE lines that add the CDS and CDNSKEY records of other providers."""
    lines = []
    for provider in others:
        lines += [f"add {ZONE} 0 CDS {ds}" for ds in provider.ksk(ZONE)]
        lines += [f"add {ZONE} 0 CDNSKEY {key}" for key in provider.keys()
                  if key.startswith("257")]
    return lines


def all_keys(providers):
    """How many DNSKEY records they have together."""
    return sum(len(p.keys()) for p in providers)


def shown(providers, rdtype, count, zone=ZONE):
    """Whether all of these providers show one equal RRset of so many records."""
    sets = [frozenset(ask.rdata(p.server, zone, rdtype)) for p in providers]
    return len(set(sets)) == 1 and len(sets[0]) == count


def join(rig, change, members, joiner, say=lambda text: None, holds=True):
    """joiner becomes a provider of ZONE beside members. change(provider, *lines) sends an UPDATE to
    its combiner. holds=False names the joiner while caches still have the old DS and DNSKEY."""
    group = members + [joiner]
    count = len(group)

    def at_all(what, make):
        """Each gets the lines that make(the providers new to it) gives; a joiner that publishes nothing
        of its own accord gets its own ones, too."""
        for provider in group:
            new = members if provider is joiner else [joiner]
            change(provider, *make(new + [joiner] if provider is joiner and joiner.mode == "B" else new))
        say(what)

    at_all("DNSKEY records exchanged", lambda new: key_records(new))
    net.until(lambda: shown(group, "DNSKEY", all_keys(group)), "the DNSKEY union everywhere", SECONDS)
    at_all("CDS and CDNSKEY records exchanged", lambda new: cds_records(new))
    net.until(lambda: shown(group, "CDS", count), "the CDS union everywhere", SECONDS)
    tags = {ds.split()[0] for p in group for ds in p.ksk(ZONE)}
    net.until(lambda: {r.split()[0] for r in parent_ds(rig)} == tags,
              "the parent to have all DS records", SECONDS)
    say("the parent has all DS records")
    if holds:
        hold(max(TTL["ds"], TTL["dnskey"]) + MARGIN)
    lines = [f"add {ZONE} {TTL['ns']} NS {p.ns}" for p in group]
    at_all("NS records exchanged", lambda new: lines)
    net.until(lambda: shown(group, "NS", count), "the NS union everywhere", SECONDS)
    at_all("CSYNC published", lambda new: [f"add {ZONE} {TTL['ns']} CSYNC {CSYNC}"])
    net.until(lambda: shown(group, "CSYNC", 1), "CSYNC everywhere", SECONDS)
    net.until(lambda: len(delegation(rig)) == count, "the parent to name all servers", SECONDS)
    say("the parent names all servers")
    at_all("CSYNC withdrawn", lambda new: [f"del {ZONE} CSYNC"])
    net.until(lambda: shown(group, "CSYNC", 0), "CSYNC to be gone", SECONDS)


def delegation(rig, zone=ZONE):
    """NS names that the parent gives for a zone."""
    name = dns.name.from_text(zone)
    found = ask.rrset(ask.ask(rig.parent.server, name, "NS"), name, dns.rdatatype.NS, "authority")
    return {r.target.to_text() for r in found[0] or ()}


def parent_ds(rig, zone=ZONE):
    """DS records that the parent has for a zone, as text."""
    return ask.rdata(rig.parent.server, zone, "DS")


def hold(seconds):
    """Nothing happens for so long, but to the caches."""
    end = time.monotonic() + seconds
    net.until(lambda: time.monotonic() >= end, "the hold", seconds + 5)
