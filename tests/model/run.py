#!/usr/bin/python3
"""The models of agentd's protocol in spin: what is right passes exhaustively, what is known to be
wrong is found. doc/model.md says what is modelled. MSIG_FULL=1 adds the large ones.

    run.py [WORD]    only what has WORD in its name
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.tap import Tap

HERE = Path(__file__).resolve().parent
FULL = bool(os.environ.get("MSIG_FULL"))
MEMORY = 12000 if FULL else 3000  # MB, at most
SECONDS = 12000 if FULL else 800  # per search

# name, model, defines. Every one of these is searched to its end.
RIGHT = [
    ("two processes at once, all faults: safe, and each ends", "agree", "T=2 TRIES=1 CALM"),
    ("the instruction taken back three times: safe, and it ends", "agree",
     "T=1 WITHDRAWALS=3 CALM"),
    ("one process of four steps, taken back once", "agree", "T=1 S=4 WITHDRAWALS=1 CALM"),
    ("add-signer", "order", "PROCESS=ADD"),
    ("remove-signer", "order", "PROCESS=REMOVE"),
    ("zsk-rollover", "order", "PROCESS=ZSK"),
    ("ksk-rollover of a CSK", "order", "PROCESS=CSK"),
]
RIGHT_FULL = [
    ("two processes, each agent begins again after a refusal", "agree", "T=2 TRIES=2 CALM"),
    ("a process that goes first, and one that does not", "agree",
     "T=2 TRIES=2 S=2 LAST_FIRST CALM"),
    ("one leader, and one again when faults end", "elect", "TERMS=1 CALM"),
]

# The same with something wrong, which has to be found.
WRONG = [
    # The model must reach the end at all.
    ("both processes complete", "agree", "T=2 TRIES=1 CANARY"),
    ("add-signer completes", "order", "PROCESS=ADD CANARY"),
    ("remove-signer completes", "order", "PROCESS=REMOVE CANARY"),
    ("zsk-rollover completes", "order", "PROCESS=ZSK CANARY"),
    ("ksk-rollover completes", "order", "PROCESS=CSK CANARY"),
    # agreement
    ("DONE before the effect is visible", "agree", "T=1 DONE_EARLY"),
    ("a step is announced before it is persisted", "agree", "T=1 NO_PERSIST"),
    ("a message of an old process counts", "agree", "T=2 NO_EPOCH"),
    ("a majority is enough", "agree", "T=1 MAJORITY"),
    ("a participant goes on from an old copy of its database", "agree", "T=1 RESTORE=1"),
    ("a requestor goes on from an old copy of its database", "agree", "T=1 RESTORE=2"),
    ("silence after the end", "agree", "T=1 SILENT CALM"),
    ("everything is said once", "agree", "T=1 NO_RESEND CALM"),
    ("grants without a lease", "agree", "T=1 NO_LEASE CALM"),
    ("what is over counts as complete", "agree", "T=1 WITHDRAWALS=1 OVER_IS_COMPLETE CALM"),
    # order and holds
    ("join: without H_KEY", "order", "PROCESS=ADD NO_H_KEY"),
    ("join: without H_DS", "order", "PROCESS=ADD NO_H_DS"),
    ("join: the joiner's servers are named first", "order", "PROCESS=ADD NAMED_FIRST"),
    ("join: the owner names the joiner's servers", "order", "PROCESS=ADD OWNER_NAMES"),
    ("join: CDS names the newcomer alone", "order", "PROCESS=ADD CDS_SWAP"),
    ("join: done when combinerd has answered", "order", "PROCESS=ADD ON_ACK"),
    ("join: only the requestor holds", "order", "PROCESS=ADD LEADER_HOLDS"),
    ("leave: the draft's order, no hold after the leaver stopped", "order",
     "PROCESS=REMOVE NO_LEAVE_HOLD"),
    ("leave: without H_NS", "order", "PROCESS=REMOVE NO_H_NS"),
    ("leave: H_NS looks at the remaining servers alone", "order", "PROCESS=REMOVE NS_OF_MEMBERS"),
    ("leave: the leaver goes on naming itself", "order", "PROCESS=REMOVE GHOST"),
    ("leave: done when combinerd has answered", "order", "PROCESS=REMOVE ON_ACK"),
    ("leave: only the requestor holds", "order", "PROCESS=REMOVE LEADER_HOLDS"),
    ("ZSK: used before H_KEY", "order", "PROCESS=ZSK NO_H_KEY"),
    ("ZSK: the draft's order, removed as soon as it is unused", "order", "PROCESS=ZSK NO_H_RR"),
    ("ZSK: done when combinerd has answered", "order", "PROCESS=ZSK ON_ACK"),
    ("ZSK: only the requestor holds", "order", "PROCESS=ZSK LEADER_HOLDS"),
    ("CSK: without H_KEY", "order", "PROCESS=CSK NO_H_KEY"),
    ("CSK: without H_DS", "order", "PROCESS=CSK NO_H_DS"),
    ("CSK: without H_RR", "order", "PROCESS=CSK NO_H_RR"),
    ("CSK: CDS in place of all others", "order", "PROCESS=CSK CDS_SWAP"),
    ("CSK: done when combinerd has answered", "order", "PROCESS=CSK ON_ACK"),
    ("CSK: only the requestor holds", "order", "PROCESS=CSK LEADER_HOLDS"),
]
WRONG_FULL = [
    ("a majority elects", "elect", "TERMS=1 MAJORITY"),
    ("who restarted votes in its term once more", "elect", "TERMS=1 VOTE_AGAIN"),
]


@dataclass
class Search:
    """One run of a verifier: what it explored, what it found, why it may not count."""

    errors: int = -1
    states: int = 0
    depth: int = 0
    length: int = 0  # of the counterexample
    incomplete: str = ""
    output: str = ""


def read(output, status):
    """The verifier's report."""
    s = Search(output=output)
    if m := re.search(r"depth reached (\d+), errors: (\d+)", output):
        s.depth, s.errors = int(m[1]), int(m[2])
    if m := re.search(r"(\d+) states, stored", output):
        s.states = int(m[1])
    for what in ("max search depth too small", "out of memory", "memory limit", "VECTORSZ"):
        if what in output:
            s.incomplete = what
    if s.errors == 0 and "Search not completed" in output:
        s.incomplete = "search not completed"
    if status != 0 and s.errors <= 0:
        s.incomplete = f"exit status {status}"
    return s


def command(directory, argv):
    return subprocess.run(argv, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=SECONDS, check=False)


def search(directory, model, defines, shortest):
    """Generates, compiles and runs a verifier. shortest: breadth first, or ever shorter."""
    ltl = "CALM" in defines.split()
    shortest = shortest and "CANARY" not in defines.split()  # breadth first is no way to the end
    shortest = shortest and model != "elect"  # nor cheap here
    flags = [f"-D{d}" for d in defines.split()]
    done = command(directory, ["spin", *flags, "-a", str(HERE / f"{model}.pml")])
    if not (directory / "pan.c").exists():
        return Search(output=done.stdout, incomplete="spin could not read it")
    options = ["-DNOFAIR", f"-DMEMLIM={MEMORY}", "-O0" if shortest else "-O1"]
    if not ltl:
        options += ["-DSAFETY"] + (["-DBFS"] if shortest else [])
    cc = shlex.split(os.environ.get("CC") or "cc")
    done = command(directory, [*cc, "-w", *options, "-o", "pan", "pan.c"])
    if done.returncode != 0:
        return Search(output=done.stdout, incomplete="the verifier does not compile")
    argv = ["./pan", "-n", "-m200000", "-w22"]
    if ltl:
        argv += ["-a"] + (["-i"] if shortest else [])
    done = command(directory, argv)
    s = read(done.stdout, done.returncode)
    if s.errors > 0:
        s.length = actions(directory, model, flags)
    return s


def actions(directory, model, flags):
    """How many things happen in the counterexample: the lines of its story."""
    trail = directory / f"{model}.pml.trail"
    if not trail.exists():
        return 0
    story = command(directory, ["spin", *flags, "-T", "-k", trail.name, str(HERE / f"{model}.pml")])
    (directory / "story").write_text(story.stdout)
    lines = [line for line in story.stdout.split("spin:")[0].splitlines()
             if line and not line.startswith(("ltl", "Never", "  <<<"))]
    return len(lines)


def one(tap, directory, wrong, name, model, defines):
    for old in directory.iterdir():
        old.unlink()
    try:
        s = search(directory, model, defines, wrong)
    except subprocess.TimeoutExpired:
        s = Search(incomplete=f"not finished in {SECONDS} s")
    size = f"{s.states} states, depth {s.depth}"
    if wrong:
        tap.ok(s.errors > 0,
               f"{model}: found: {name} (after {size}; {s.length} events)",
               s.incomplete or "no counterexample: the model does not see this fault")
    else:
        good = s.errors == 0 and not s.incomplete
        tap.ok(good, f"{model}: {name}: {size}", lambda: s.incomplete + "\n" + s.output)
    if s.errors > 0 and (not wrong or os.environ.get("MSIG_STORY")):
        tap.note((directory / "story").read_text() if (directory / "story").exists() else "")


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    directory = Path(tempfile.mkdtemp(prefix="msig-model."))
    try:
        with Tap() as tap:
            if shutil.which("spin") is None:
                tap.ok(False, "spin is installed", "apt-get install spin")
                return
            for wrong, table in ((False, RIGHT + (RIGHT_FULL if FULL else [])),
                                 (True, WRONG + (WRONG_FULL if FULL else []))):
                for name, model, defines in table:
                    if word in name or word == model:
                        one(tap, directory, wrong, name, model, defines)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
