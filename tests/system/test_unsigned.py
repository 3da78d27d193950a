#!/usr/bin/python3
"""A zone that nobody signs (case D of HSYNC: ON AGENT NOSIGN for all): its NS become the union of the
providers', one leaves, and the owner takes NS over and gives them back. The parent does what msig asks
the registrant for. Resolvers get an answer to every question, all the time."""

import re
import signal

from lab import ask, byhand, claims, group
from lab.claims import clean_end
from lab.knot import update
from lab.rig import PARENT, TTL, ZONE
from lab.tap import full
from lab.watcher import MIXED, UNSIGNED
from lab.world import World, run_test, zone_of


def reasons(world, one):
    """What a provider's agent waits for."""
    return (world.msig[one.label].tracking() or {}).get("reasons", ())


def todo(world, one):
    """What it asks the registrant for: (names to add, names to remove), or None."""
    for reason in reasons(world, one):
        if reason["place"] == "parent" and reason["class"] == "blocked":
            add, remove = (re.search(rf"{verb} NS ([^ ,]+(?:, [^ ,]+)*)", reason["todo"])
                           for verb in ("add", "remove"))
            return [m.group(1).split(", ") if m else [] for m in (add, remove)]
    return None


def as_asked(t, world, one, add, remove):
    """The registrant does what this provider's agent asks for, which has to be just that."""
    want = [[p.ns for p in add], [p.ns for p in remove]]
    if not claims.until(t, world, f"{one.label} asks the registrant to add {want[0]} and remove {want[1]}",
                        lambda: [sorted(names) for names in todo(world, one) or ()] == want, 60):
        return False
    done = todo(world, one)
    update(world.rig.parent.server, PARENT, world.rig.parent_key,
           *(f"add {ZONE} {TTL['ns']} NS {name}" for name in done[0]),
           *(f"del {ZONE} NS {name}" for name in done[1]))
    return True


def settled(world, named):
    """Whether the zone is that of these alone, for everybody."""
    return (byhand.delegation(world.rig) == {p.ns for p in named}
            and byhand.shown(named, "NS", len(named)) and world.in_sync(named))


def bare(t, world):
    """What no server may ever have."""
    found = {rdtype: set().union(*(ask.rdata(p.server, ZONE, rdtype) for p in world.providers))
             for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "CSYNC", "RRSIG")}
    t.ok(not any(found.values()) and not byhand.parent_ds(world.rig),
         "no DNSKEY, CDS, CDNSKEY, CSYNC, signature or DS is anywhere", lambda: str(found))


def all_come(t, world):
    """The first is in; the others are designated, and the parent follows."""
    first, *others = world.providers
    t.equal(world.says("p1", "SIGN for msa.p1", "NOSIGN for all"), "",
            "SIGN in a zone with `signed: off` is refused, with what to do")
    group.designate(world, first, sign="NOSIGN")
    if not claims.until(t, world, "the zone is at p1 alone", lambda: settled(world, [first]), 60):
        return False
    for one in others:
        group.designate(world, one, sign="NOSIGN")
    if not claims.until(t, world, "all copies show the NS of all providers",
                        lambda: byhand.shown(world.providers, "NS", len(world.providers)), 60):
        return False
    t.equal(byhand.delegation(world.rig), {first.ns}, "the parent follows nobody by itself")
    return as_asked(t, world, first, others, []) and \
        claims.until(t, world, "all are in: the agents wait for nothing",
                     lambda: settled(world, world.providers), 60)


def one_leaves(t, world):
    """The last one is OFF, while an agent is dead; its server stops when it may."""
    *stay, gone = world.providers
    world.msig["p2"].kill("agentd")
    group.designate(world, gone, state="OFF", sign="NOSIGN")
    claims.until(t, world, f"{gone.label} is OFF: p1 names it no more",
                 lambda: byhand.shown(stay[:1], "NS", len(stay)), 60)
    t.equal(len(ask.rdata(stay[1].server, ZONE, "NS")), len(world.providers),
            "an agent that is dead changes nothing in its copy")
    world.msig["p2"].start("agentd")
    if not claims.until(t, world, "the agent that was dead follows; who left names the others",
                        lambda: byhand.shown(world.providers, "NS", len(stay)), 60):
        return False
    t.equal(world.says("p1", gone.identity, "they have to go on answering"), "",
            "its servers are to go on while resolvers are sent there")
    if not as_asked(t, world, stay[0], [], [gone]) or \
            not claims.until(t, world, f"{gone.label} is out, and forgotten by caches",
                             lambda: settled(world, stay), 60):
        return False
    gone.crash()
    return True


def owner_takes_over(t, world, stay):
    """NSMGMT=OWNER, with an NS that the owner forgot; and back."""
    group.management(world, (), stay, "OWNER")
    t.equal(world.says("p1", stay[1].identity, "(NSMGMT=OWNER) adds them"), "",
            "the owner manages NS, and is asked to name p2")
    t.equal(todo(world, stay[0]), None, "the registrant is not asked to take it out meanwhile")
    update(world.rig.owner.server, ZONE, world.rig.owner_key,
           f"add {ZONE} {TTL['ns']} NS {stay[1].ns}")
    if not claims.until(t, world, "the owner names all", lambda: settled(world, stay), 60):
        return False
    group.management(world, (), stay, "AGENT")
    return claims.until(t, world, "the agents manage NS again", lambda: settled(world, stay) and all(
               zone_of(world.msig[p.label].tracking()).get("ns") == "AGENT" for p in stay), 60)


def switch(world, one, old, new):
    """The operator writes it into msig.conf, and agentd reads it again."""
    daemons = world.msig[one.label]
    with open(daemons.conf, encoding="ascii") as conf:
        text = conf.read()
    with open(daemons.conf, "w", encoding="ascii") as conf:
        conf.write(text.replace(old, new))
    daemons.daemons["agentd"].popen.send_signal(signal.SIGHUP)


def without_item(t, world, one):
    """An unsigned zone without `signed: off` is refused; nothing of what is there goes."""
    switch(world, one, "signed: off", "signed: on")
    t.equal(world.says(one.label, "blocked: hsync", "signed: off"), "",
            "without the item the zone is refused, and the item named")
    t.ok(byhand.shown(world.providers, "NS", len(world.providers)), "all NS stay meanwhile")
    switch(world, one, "signed: on", "signed: off")
    return claims.until(t, world, "with it, all is well again", lambda: settled(world, world.providers), 60)


def operators(t, world):
    """What an operator can ask for, and what not."""
    p1 = world.msig["p1"]
    done = p1.ctl("roll", ZONE, "zsk", check=False)
    t.ok(done.returncode != 0 and "nobody signs this zone" in done.stderr,
         "a rollover is refused, for nobody signs", done.stdout + done.stderr)
    done = p1.ctl("plan", ZONE, "ns-add", check=False)
    t.ok(done.returncode != 0 and "nobody signs this zone" in done.stderr,
         "no process is planned, for there is none", done.stdout + done.stderr)
    t.ok("the zone is unsigned" in p1.ctl("tracking", ZONE).stdout
         and "unsigned" in p1.ctl().stdout, "tracking and the overview say it")
    doctor = p1.ask("doctor", ZONE) or {}
    states = {f["check"]: f["state"] for f in doctor.get("findings", ())}
    t.ok(states.get("signed") == "not-applicable" and states.get("servers") == "pass"
         and "fail" not in states.values(),
         "the doctor finds nothing wrong, and says what is not applicable", lambda: str(states))


def never_silent(t, world, stay):
    """Every question was answered, without a signature."""
    judge = world.judge
    for cls in [p.label for p in stay] + [MIXED]:
        world.counted(ZONE, cls, 20)
    judge.stop()
    for cls in judge.watcher.classes(ZONE):
        count = judge.watcher.count(ZONE, cls)
        wrong = [e for e in judge.watcher.events if e.zone == ZONE and e.cls == cls
                 and (e.outcome, e.reason) != ("other", UNSIGNED)]
        t.ok(count.other > 0 and not wrong and count.secure == 0,
             f"{cls} resolvers got an answer to all of {count.queries} questions",
             lambda w=wrong: "\n".join(" ".join(map(str, e)) for e in w[:20]))


def main(t, count):
    """One run with so many providers."""
    off = {"unsigned": True, "zone_items": "    signed: off\n"}
    with World(providers=count, signers={f"p{n + 1}": off for n in range(count)}) as world:
        stay = world.providers[:-1] if count > 2 else world.providers
        if all_come(t, world):
            operators(t, world)
            bare(t, world)
            without_item(t, world, world.providers[1])
            if (count == 2 or one_leaves(t, world)) and owner_takes_over(t, world, stay):
                never_silent(t, world, stay)
        bare(t, world)
        clean_end(t, world)


def whole(tap):
    """With three providers, and with two in check-full."""
    for number in (3, 2) if full() else (3,):
        main(tap, number)


run_test(whole, hold_down="2s")
