#!/usr/bin/python3
"""The operator's side on real daemons: a dry run that comes true, the graph of what runs, a join in
step mode, orders that are refused, and a dead provider that is taken out by the word of all others."""

import json
import os
import pty
import time
import xml.dom.minidom

from lab import byhand, claims, group, msig, net
from lab.rig import ZONE
from lab.world import World, run_test, zone_of

NO_LAB = "LAB PROFILE"


def status(world, label, *args):
    """(exit status, everything that was printed)."""
    done = world.msig[label].ctl(*args, check=False)
    return done.returncode, done.stdout + done.stderr


def asked(world, label, *args):
    """(exit status, the JSON answer)."""
    done = world.msig[label].ctl(*args, "--json", check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, {}


def waiting(world, label):
    """What waits for this provider's operator, or None."""
    return zone_of(world.msig[label].tracking()).get("approval")


def refusals(t, world):
    """What cannot be done, with the exit status that the manual says."""
    for status_, args, word in (
            (2, ("plan", ZONE), "which process?"),
            (2, ("plan", ZONE, "nonsense"), "no process is named"),
            (2, ("plan", ZONE, "add-signer", "msa.p9.example."), "HSYNC does not name it"),
            (2, ("plan", "other.example.", "add-signer"), "not configured here"),
            (2, ("graph", "other.example."), "not configured here"),
            (1, ("graph", ZONE), "no process runs"),
            (2, ("graph", "add-signer", "--format", "png"), "text, dot or svg"),
            (1, ("approve", ZONE), "nothing waits"),
            (1, ("abort", ZONE), "no process runs"),
            (1, ("cancel", ZONE), "no such order waits"),
            (5, ("roll", ZONE, "zsk"), "no driver"),
            (2, ("roll", ZONE, "algorithm"), "to which one?"),
            (2, ("roll", ZONE, "algorithm", "5"), "there are 13"),
            (2, ("roll", ZONE, "algorithm", "1300"), "up to 255"),
            (5, ("roll", ZONE, "algorithm", "13"), "algorithm 13 already"),
            (2, ("roll", "other.example.", "zsk"), "there are: " + ZONE),
            (2, ("roll", ZONE, "everything"), "zsk, ksk, csk or algorithm"),
            (2, ("step", ZONE, "perhaps"), "on or off"),
            (5, ("force-remove", ZONE, "msa.p2.example.", "--undo"), "no operator's word")):
        got, text = status(world, "p1", *args)
        t.ok(got == status_ and word in text, f"{' '.join(args)}: status {status_}, {word}",
             lambda g=got, x=text: f"{g}: {x}")


def pictures(t, world):
    """Every process in every format, from the daemon."""
    for name in ("add-signer", "remove-signer", "zsk-rollover", "ksk-rollover",
                 "algorithm-rollover", "ns-add", "ns-remove"):
        code, svg = status(world, "p1", "graph", name, "--format", "svg")
        xml.dom.minidom.parseString(svg)
        dot = status(world, "p1", "graph", name, "--format", "dot")
        text = status(world, "p1", "graph", name)
        t.ok(code == dot[0] == text[0] == 0 and dot[1].startswith(f'digraph "{name}"')
             and text[1].startswith(name), f"graph {name}: text, dot and SVG")


def by_steps(t, world):
    """p2 joins while p1 is in step mode; p1's operator approves each step. The dry run is made while
    the first step waits, and compared with what has happened at the end."""
    first, second = world.providers[:2]
    world.msig["p1"].ctl("step", ZONE, "on", "add-signer")
    world.rig.hsync(second)
    net.until(lambda: waiting(world, "p1"), "the first step to wait", 40)
    zone = zone_of(world.msig["p1"].tracking())
    t.equal(zone["approval"], {"process": "add-signer", "step": "signers-unsynced",
                               "subject": second.identity}, "the first step waits for p1's operator")
    t.equal(zone["state"], "blocked", "the zone is blocked, and says so")
    reason = zone.get("reason") or {}
    t.equal((reason.get("class"), reason.get("object"), reason.get("todo")),
            ("blocked", "operator", f"msigctl approve {ZONE}"), "the reason names who and what")
    t.equal(world.says("p2", "has not approved"), "", "p2 says whose operator it waits for")
    code, answer = asked(world, "p1", "plan", ZONE, "add-signer")
    plan = answer.get("plan", {})
    t.ok(code == 0 and plan.get("subject") == second.identity and plan.get("verdict") != "fail",
         "the dry run finds nothing in the way", lambda: str(answer)[:2000])
    t.ok(answer.get("lab") and any("lab only" in w for w in answer.get("warnings", ())),
         "times of a lab are loud")
    text = status(world, "p1", "-v", "plan", ZONE, "add-signer")[1]
    t.ok("DNSKEY 257 3 13 " in text and "H_DS" in text and NO_LAB in text,
         "for people: records, holds, and the lab", lambda: text)

    began, approved, tried = time.time(), [], 0
    while not (world.joined([first, second]) and world.in_sync([first, second])):
        wait = waiting(world, "p1")
        if wait and (not approved or approved[-1] != wait["step"]):
            if wait["step"] == "cds-added":
                graph = asked(world, "p1", "graph", ZONE)[1]
                tried = graph.get("now", {}).get("step")
                world.msig["p1"].kill("agentd")  # the mode outlives it
                world.msig["p1"].start("agentd")
                net.until(lambda: waiting(world, "p1"), "the step to wait again", 40)
            world.msig["p1"].ctl("approve", ZONE, "add-signer")
            approved.append(wait["step"])
        if time.time() - began > 150:
            return t.ok(False, "p2 joins step by step", lambda: world.logs(40))
        time.sleep(0.1)
    t.equal(approved, ["signers-unsynced", "dnskeys-synced", "cds-added", "parent-ds-synced",
                       "nses-synced", "csync-added", "parent-ns-synced"],
            "p2 joins step by step: each was approved, none went by itself")
    t.equal(tried, 1, "the graph of the zone says where it stood")
    shown = {r.split(" DNSKEY ")[-1].replace(" ", "") for r in
             (c["record"] for s in plan["steps"] for c in s["changes"]
              if c["type"] == "DNSKEY" and c["add"] and c["at"] == [first.identity])}
    keys = {k.replace(" ", "") for k in second.keys()}
    t.equal(shown, keys, "what the dry run said p1 would add is what p2's signer has")
    entries = [e["text"] for e in world.msig["p1"].journal() if e["kind"] == "operator"]
    t.ok(sum(text.startswith("approve add-signer") for text in entries) == 7
         and any("step mode on for add-signer" in text for text in entries),
         "the journal has every word of the operator", lambda: "\n".join(entries))
    world.msig["p1"].ctl("step", ZONE, "off")
    return True


def typed(world, label, answer, *args):
    """msigctl on a terminal, at which somebody types an answer; its exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(msig.program("msigctl"), ["msigctl", "-c", world.msig[label].conf, *args])
    seen = b""
    while b"anything else to stop" not in seen:
        try:
            seen += os.read(fd, 4096)
        except OSError:
            break
    os.write(fd, answer.encode() + b"\n")
    try:
        while os.read(fd, 4096):
            pass
    except OSError:
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return code, seen.decode(errors="replace")


def alone(world, members):
    """Whether the zone is that of these members alone."""
    tags = {ds.split()[0] for p in members for ds in p.ksk(ZONE)}
    try:
        return (byhand.delegation(world.rig) == {p.ns for p in members}
                and {r.split()[0] for r in byhand.parent_ds(world.rig)} == tags
                and byhand.shown(members, "DNSKEY", 2 * len(members))
                and world.in_sync(members))
    except OSError:
        return False


def taken_out(t, world):
    """p3 is dead and HSYNC still has it: each of the others says so."""
    first, second, third = world.providers
    group.dies(world, third)
    code, text = status(world, "p1", "force-remove", ZONE, third.identity)
    t.ok(code == 5 and "there is no terminal" in text and "What" not in text
         and "whatever HSYNC says" in text and "remove-signer" in text,
         "without a terminal nothing is done, after plan and risk were shown", lambda: text)
    code, text = typed(world, "p1", "yes", "force-remove", ZONE, third.identity)
    t.equal(code, 5, "a yes is not the identity")
    t.equal(zone_of(world.msig["p1"].tracking())["leaving"], [], "nothing has been said yet")
    code, text = typed(world, "p1", third.identity, "force-remove", ZONE, third.identity)
    t.ok(code == 0 and "whatever HSYNC says" in text, "confirmed at a terminal", lambda: text)
    net.until(lambda: zone_of(world.msig["p1"].tracking())["leaving"] == [third.identity],
              "p1 to say that p3 is to leave", 20)
    t.equal(world.says("p1", "remove-signer", seconds=30) and world.says("p1", "DENY", seconds=1)
            and world.says("p1", "designates it", seconds=20), "",
            "p1 says that another operator has not said so")
    t.ok(byhand.delegation(world.rig) == {p.ns for p in world.providers},
         "one operator's word removes nothing")
    world.msig["p2"].ctl("force-remove", ZONE, third.identity, "--yes")
    try:
        net.until(lambda: alone(world, [first, second]), "p3 to be out", 120)
        t.ok(True, "both have said so: p3 is out")
    except net.Timeout:
        t.ok(False, "both have said so: p3 is out", lambda: world.logs(40) + str(
            [world.msig[p.label].tracking() for p in (first, second)]))
    _, answer = asked(world, "p1", "tracking", ZONE)
    out = [p["provider"] for p in zone_of(answer)["providers"] if p["expelled"]]
    t.equal(out, [third.identity], "tracking says who was taken out, by whom")
    t.equal(status(world, "p1", "force-remove", ZONE, third.identity, "--undo")[0], 0, "undone")
    t.ok(not any(p["expelled"] for p in zone_of(world.msig["p1"].tracking())["providers"]),
         "HSYNC decides again")


def main(t):
    """All of it, in one world."""
    with World(providers=3) as world:
        refusals(t, world)
        pictures(t, world)
        if not by_steps(t, world):
            return
        if not t.ok(claims.join(world, world.providers[2]), "p3 joins, by itself again",
                    lambda: world.logs(40)):
            return
        taken_out(t, world)
        claims.never_bogus(t, world, "step mode and force-remove", down=("p3",))


run_test(main, hold_down="2s")
