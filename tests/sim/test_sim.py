#!/usr/bin/python3
"""What the simulator says of itself: the matrix of mishaps and steps adds up, a seed is the same each
time, a planted fault is found, and its schedule gets shorter and fails still."""

import os
import re
import subprocess
from pathlib import Path

from lab.tap import Tap

SIM = Path(os.environ.get("top_builddir", ".")) / "tests" / "sim"
# A fault that is planted, and how it fails.
PLANTED = [
    ("rule:NO_COMMIT", "S9"),
    ("persist:process", "S9"),
    ("rule:HALF", "EXECUTE does not arrive"),
]
# What the world does on purpose, and which judge has to see it, in so many schedules.
JUDGED = [
    ("world:CDS_DELETE", r"S4: an overlay of \S+ has a CDS that deletes"),
    ("world:CDS_GONE", "S4: no CDS any more at the signer of"),
    ("world:DS_EMPTY", "S4: an empty DS set"),
    ("world:STRANGER", r"S8: an overlay of \S+ has DNSKEY of \S+ that it never stated"),
    ("world:NAMER", r"S8: an overlay of \S+ has NS of \S+ that it never stated"),
    ("world:TAKER", r"S8: \S+ states DNSKEY that are none of its own"),
    ("world:SERIAL", r"S10: the zone of \S+ goes from serial \d+ to \d+"),
    ("world:BARE", r"S11: the signer of \S+ has a zone without what combinerd was told"),
]
SHORT = 15  # mishaps that may be left


def run(*arguments, mutant=None, name="msig-sim"):
    """Status and lines."""
    env = dict(os.environ)
    env.pop("MSIG_MUTANT", None)
    if mutant:
        env["MSIG_MUTANT"] = mutant
    done = subprocess.run([SIM / name, *arguments], env=env, stdout=subprocess.PIPE, text=True,
                          check=False)
    return done.returncode, done.stdout.splitlines()


def matrices(lines):
    """Of each process, per mishap, the cells of its steps; None: an empty one."""
    found, process = {}, None
    for line in lines:
        head = re.fullmatch(r"# ([a-z -]+):((?: \d+ [a-z-]+,?)*)", line)
        row = re.fullmatch(r"#   (\S.*?) {2,}((?: *(?:\d+|\.))+)", line)
        if head:
            process = head[1]
            found[process] = {"steps": max(1, len(re.findall(r" \d+ ", head[2])))}
        elif row and process:
            found[process][row[1]] = [None if cell == "." else int(cell)
                                      for cell in row[2].split()]
        elif not line.startswith("#   "):
            process = None
    return found


def sums(lines):
    """Per mishap: how often, in how many of how many cells."""
    found = (re.fullmatch(r"# (\S.*?) +(\d+), in (\d+) of (\d+)", line) for line in lines)
    return {m[1]: tuple(int(n) for n in m.groups()[1:]) for m in found if m}


def coverage(t):
    """-v prints every cell, and what it says in sum is the sum."""
    status, lines = run("-v", "-c", "60", "-j", "2")
    cells, total = matrices(lines), sums(lines)
    t.equal(status, 0, "60 schedules")
    t.equal(sorted(cells), sorted(["no process", "add-signer", "remove-signer", "zsk-rollover",
                                   "ksk-rollover", "algorithm-rollover", "ns-add", "ns-remove"]),
            "-v has a matrix for each process, and for no process")
    wrong = [(process, mishap) for process, rows in cells.items() for mishap in total
             if len(rows.get(mishap, [])) != rows["steps"]]
    t.equal((wrong, len(total) > 40), ([], True), "each with all mishaps, and a cell for each step")
    wrong = []
    for mishap, (times, hit, of) in total.items():
        row = [cell for rows in cells.values() for cell in rows.get(mishap, [])]
        seen = [cell for cell in row if cell is not None]
        if (sum(seen), len(seen), len(row)) != (times, hit, of):
            wrong.append(mishap)
    t.equal(wrong, [], "sums and numbers of cells are those of the matrix")
    t.ok(total["message lost"][0] > 1000 and total["crash of an agent"][0] > 60,
         "messages are lost and agents crash", total)
    calm = sums(run("-v", "-f", "-c", "20", "-j", "2")[1])
    harm = ["message lost", "crash of an agent", "message late", "clock jumps"]
    t.equal([calm[mishap][:2] for mishap in harm], [(0, 0)] * len(harm),
            "without faults these cells are empty")
    none = sums(run("-v", "-x", "LOST", "-c", "60", "-j", "2")[1])
    t.ok(none["message lost"] == (0, 0, none["message lost"][2]) and none["message late"][0] > 0,
         "without one kind that kind is empty, and no other", none)


def same_again(t):
    """Everything follows from the seed."""
    first = [line for line in run("-s", "4711", "-c", "1", "-t")[1] if "schedules in" not in line]
    again = [line for line in run("-s", "4711", "-c", "1", "-t")[1] if "schedules in" not in line]
    t.ok(len(first) > 100, "a trace of one seed", len(first))
    t.ok(first == again, "the same seed, the same trace")


def shrinker(t):
    """A planted fault: found, its first schedule made shorter; what is left fails in the same way."""
    for mutant, how in PLANTED:
        options = ["-j", "1", *(["-p", "leader"] if mutant == "rule:HALF" else [])]
        status, lines = run("-c", "60", *options, mutant=mutant, name="msig-sim-mutants")
        text = "\n".join(lines)
        seed = re.search(r"^# the shortest schedule of seed (\d+) that fails:$", text, re.MULTILINE)
        left = re.search(r"^# left: (\d+) of (\d+) mishaps:", text, re.MULTILINE)
        still = re.search(r"^# it fails still: (.*)$", text, re.MULTILINE)
        trace = re.search(r"^# +[0-9.]+ FAILED: (.*)$", text, re.MULTILINE)
        if not t.ok(status == 1 and seed, f"{mutant}: 60 schedules find it", text[-2000:]):
            continue
        claim = f"{mutant}, seed {seed[1]}"
        t.ok(left and int(left[1]) <= min(SHORT, int(left[2]) // 2),
             f"{claim}: at most {SHORT} mishaps are left, and no more than half",
             left and left[0])
        t.ok(still and trace and still[1] == trace[1] and how in still[1],
             f"{claim}: and it fails still, with {how}", text[-2000:])
        t.equal(run("-s", seed[1], "-c", "1", *options, name="msig-sim-mutants")[0], 0,
                f"{claim}: without the fault it does not")


def judges(t):
    """What no agent does wrong the world does: each judge sees it, and sees nothing without it."""
    for fault, how in JUDGED:
        # -k: all of them fail; -l: safety alone, for the end of it may be harmed as well.
        _, lines = run("-c", "40", "-l", "-k", "-j", "1", mutant=fault, name="msig-sim-mutants")
        seen = [line for line in lines if re.match(rf"# seed \d+ at [0-9.]+ s: {how}", line)]
        t.ok(seen, f"{fault}: noticed as what it is", "\n".join(lines)[-2000:])
    t.equal(run("-c", "40", "-l", "-j", "1", name="msig-sim-mutants")[0], 0, "without them: nothing")


def one_process(t):
    """Worlds for one process: nothing goes wrong there that does not elsewhere, and it runs."""
    for process in ("add-signer", "remove-signer", "zsk-rollover", "ksk-rollover",
                    "algorithm-rollover", "ns-add", "ns-remove"):
        status, lines = run("-w", process, "-v", "-c", "20", "-l", "-j", "1")
        lost = matrices(lines).get(process, {}).get("message lost", [])
        t.ok(status == 0 and sum(cell or 0 for cell in lost) > 20, f"-w {process}: it runs, and holds",
             "\n".join(lines)[-1000:])


with Tap() as tap:
    coverage(tap)
    same_again(tap)
    shrinker(tap)
    judges(tap)
    one_process(tap)
