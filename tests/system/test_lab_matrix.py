#!/usr/bin/python3
"""The sample of the matrix that `make check` runs, counted: every act with every kind of signer and with
two and with three that sign. What cannot be is named here with its reason, and so are what another test
does and what is left to check-full. No daemon runs."""

import glob
import os
import re

from lab import matrix
from lab.bind import BindProvider
from lab.pdns import PdnsProvider
from lab.tap import Tap

KINDS = {PdnsProvider: "PowerDNS", BindProvider: "BIND"}  # all others are Knot
PARTNERS = ("Knot", "PowerDNS", "BIND", 2, 3)

# What a group may do, in its words; "led" is what the whole group is.
ACTS = ("ns", "owner", "zsk", "ksk", "csk", "algorithm", "leave", "turned", "turned-algorithm", "move",
        "back", "forced", "sign", "led")
# What is said and done where BIND cannot what others can: with BIND, whoever else is there.
OF_BIND = ("no-turn", "no-algorithm", "refused", "own-zsk", "early", "withdraw", "rekey", "again")
# Acts that have another one in them.
HAS = {"sign": ("ns",),  # it comes to serve, and goes
       "no-turn": ("csk",),  # the order that cannot be turned round is carried out
       "again": ("back",)}

NO_ALGORITHM = "named signs with what is in DNSKEY alone: it brings in no other algorithm (no-algorithm)"
IMPOSSIBLE = {
    ("algorithm", "BIND"): NO_ALGORITHM,
    ("turned-algorithm", "BIND"): NO_ALGORITHM,
    ("csk", "PowerDNS"): "its CSK signs all as soon as it signs DNSKEY: none can be brought in",
}
# Possible, and not in the sample. Of BIND's signers, a CSK is not turned round (no-turn is what happens).
LEFT = {(act, "BIND"): "the way round takes a minute and a half: check-full"
        for act in ("early", "withdraw", "rekey", "again")}
# Another test of `make check`, with Knot alone.
ELSEWHERE = {
    ("owner", 2): "test_group",  # NSMGMT there and back
    ("zsk", 3): "test_leader",
    ("move", 2): "test_move",
    ("sign", 2): "test_sign",
    ("led", 2): "test_leader",
    ("back", "Knot"): "test_leave", ("back", 3): "test_leave",
    ("forced", "Knot"): "test_group", ("forced", 3): "test_group",
}


def kind(signer):
    """The product."""
    return KINDS.get(matrix.KINDS[signer][0], "Knot")


def acts_of(group, acts):
    """All that is in these acts of a group, with what is in them."""
    found = set(acts) | {other for act in acts for other in HAS.get(act, ())}
    return found | {"led"} if group.led and acts else found


def who(group, act):
    """Those of its signers that an act of the sample is about: whose keys roll, or all."""
    signers = group.signers
    driven = {one: matrix.KINDS[one][1] for one in signers if matrix.KINDS[one][1].get("driver")}
    if act == "csk":
        return [one for one in driven if driven[one].get("single")]
    if act in ("zsk", "ksk"):
        two = [one for one in driven if not driven[one].get("single")]
        return two[-1:] if act == "ksk" else two
    return signers[-1:] if act == "turned" and len(signers) == 3 else signers


def pairs(groups):
    """What the samples of these groups cover."""
    return {(act, partner) for group in groups for act in acts_of(group, group.sample)
            for partner in {len(group.signers), *(kind(one) for one in who(group, act))}}


def wanted():
    """All that is possible, and neither left to check-full nor in another test."""
    every = {(act, partner) for act in ACTS for partner in PARTNERS} | {(act, "BIND") for act in OF_BIND}
    return every - set(IMPOSSIBLE) - set(LEFT) - set(ELSEWHERE)


def restarted(directory):
    """Kinds of groups, with which of them the tests in a directory run with restarts."""
    call = re.compile(r'^matrix\.main\("(\w+)", restarts=True(?:, part=\((\d), (\d)\))?\)$', re.M)
    found = {kind: [] for kind in matrix.GROUPS}
    for path in glob.glob(os.path.join(directory, "test_*.py")):
        with open(path, encoding="utf-8") as text:
            for name, which, of in call.findall(text.read()):
                found[name] += matrix.GROUPS[name][int(which or 0)::int(of or 1)]
    return found


def named(found):
    """For a human."""
    return [f"{act} with {partner}" for act, partner in sorted(found, key=str)]


def main(t):
    """The tables, and what they leave out."""
    groups = [group for every in matrix.GROUPS.values() for group in every]
    sample = [group for group in groups if group.sample]
    covered = pairs(sample)
    t.equal(named(wanted() - covered), [], f"the sample has all {len(wanted())} pairs that it is to have")
    for what, table in (("cannot be", IMPOSSIBLE), ("is left to check-full", LEFT),
                         ("is in another test", ELSEWHERE)):
        t.equal(named(set(table) & covered), [], f"and none of which it is said that it {what}")
    for group in sample:
        t.ok(wanted() - pairs(one for one in sample if one is not group),
             f"without {group.name} something would be missing")
        t.equal([act for act in group.sample if act not in group.acts], [],
                f"{group.name}: check-full does all that the sample does")
    known = set(ACTS + OF_BIND)
    t.equal(sorted({act for group in groups for act in acts_of(group, group.acts)} ^ known), [],
            "every act is counted, and every act that is counted is one")
    directory = os.path.join(os.environ["top_srcdir"], "tests/system")
    for test in sorted(set(ELSEWHERE.values())):
        t.ok(os.access(os.path.join(directory, test + ".py"), os.X_OK), f"{test} is there")
    for name, found in restarted(directory).items():
        t.equal(sorted(map(str, found)), sorted(map(str, matrix.GROUPS[name])),
                f"every group of {name} is restarted in one test")


with Tap() as tap:
    main(tap)
