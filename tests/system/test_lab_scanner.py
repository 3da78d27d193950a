#!/usr/bin/python3
"""The parent's scanner refuses what real parents refuse, each for its own reason."""

import signal

import dns.exception

from lab import ask, byhand, net, rig as lab
from lab.knot import update
from lab.scanner import Refused
from lab.tap import Tap, skip_all
from lab.world import World


def refusal(scanner, zone):
    """Why a scan was refused, or ''."""
    try:
        scanner.scan(zone)
    except Refused as reason:
        return str(reason)
    except (OSError, dns.exception.DNSException) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main(t):
    """One refusal after the other, on a world whose own scanner stands still."""
    with World(providers=2, combiner="knot", rate=2) as world:
        rig, scanner = world.rig, world.scanner
        scanner.stop()
        first, second = world.providers

        def change(*lines):
            world.stand["p1"].change(*lines)

        def shown(rdtype, test):
            net.until(lambda: test(ask.rdata(first.server, lab.ZONE, rdtype)), f"{rdtype} at the signer")

        t.equal(refusal(scanner, lab.ZONE), "", "a zone that asks for nothing new is left alone")
        before = byhand.parent_ds(rig)

        ds = second.ksk(lab.ZONE)[0]
        change(f"add {lab.ZONE} 0 CDS {ds}")
        shown("CDS", lambda seen: len(seen) == 2)
        t.equal(refusal(scanner, lab.ZONE), "CDS and CDNSKEY are not of the same keys",
                "CDS and CDNSKEY that do not match")
        t.equal(byhand.parent_ds(rig), before, "the DS is as it was")
        change(f"del {lab.ZONE} CDS")
        shown("CDS", lambda seen: len(seen) == 1)

        change(f"add {lab.ZONE} 4 CSYNC 0 0 A NS AAAA")
        shown("CSYNC", len)
        t.ok("only immediate" in refusal(scanner, lab.ZONE), "CSYNC without the immediate flag")
        change(f"del {lab.ZONE} CSYNC", f"add {lab.ZONE} 4 CSYNC 0 1 A NS AAAA",
               f"add {lab.ZONE} 4 CSYNC 1 1 A NS AAAA")
        shown("CSYNC", lambda seen: len(seen) == 2)
        t.ok("more than one CSYNC" in refusal(scanner, lab.ZONE), "two CSYNC records")
        change(f"del {lab.ZONE} CSYNC")
        shown("CSYNC", lambda seen: not seen)

        update(rig.parent.server, lab.PARENT, rig.parent_key, f"add {lab.ZONE} 4 NS {second.ns}")
        t.ok("no DNSKEY matches the DS" in refusal(scanner, lab.ZONE),
             "a named server whose keys the DS does not know", lambda: refusal(scanner, lab.ZONE))
        world.naive()
        t.ok("differs" in refusal(scanner, lab.NAIVE), "servers that show different CDS",
             lambda: refusal(scanner, lab.NAIVE))
        t.equal(len(byhand.parent_ds(rig, lab.NAIVE)), 2, "their DS is as it was")
        second.signer.child.kill(signal.SIGKILL)
        t.ok("does not answer" in refusal(scanner, lab.NAIVE), "a named server that is silent",
             lambda: refusal(scanner, lab.NAIVE))


if lab.missing():
    skip_all("not found: " + " ".join(lab.missing()) + " (run ./check, which unpacks them)")
with Tap() as tap:
    main(tap)
