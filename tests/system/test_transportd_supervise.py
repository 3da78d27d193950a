#!/usr/bin/python3
"""transportd without --only: two processes that are kept running, and end with their parent."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile

from lab import msig, net
from lab.proc import Processes
from lab.tap import Tap, need_root, skip_all
from lab.tcp import control

need_root()
if msig.missing(("transportd",)):
    skip_all("transportd is not built")

CONF = """server:
    identity: msa.p1.example.
    rundir: {home}/run
    storage: {home}/lib
{users}key:
  - id: k.
    algorithm: hmac-sha256
    secret: c2VjcmV0c2VjcmV0
remote:
  - id: signer
    address: {address}@5301
    key: k.
transport:
    listen: {address}@5399
observe:
    listen: {address}@5398
zone:
  - domain: shop.example.
    master: signer
    signer: signer
    ns: [ ns1.p1.example. ]
"""
PROGRAM = msig.program("transportd")


class Set:
    """A configuration, and the program with it."""

    def __init__(self, home, block):
        self.home, self.address = home, block(1)
        self.procs = Processes(home)
        self.conf = os.path.join(home, "msig.conf")
        self.write()
        self.child = None

    def write(self, users="", extra=""):
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(CONF.format(home=self.home, address=self.address, users=users) + extra)
        os.chmod(self.conf, 0o644)

    def run(self, *args, seconds=20):
        """Runs to its end: (status, output)."""
        done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=seconds, check=False)
        return done.returncode, done.stdout + done.stderr

    def start(self):
        if self.child:
            self.child.start()
        else:
            self.child = self.procs.start("transportd", PROGRAM, "-c", self.conf)
        self.procs.wait(self.child, lambda: all(map(self.answers, ("transportd", "observe"))))

    def answers(self, daemon):
        """Its status on its control socket, or None."""
        return control(os.path.join(self.home, "run", daemon + ".ctl"), "status")

    def pids(self):
        """{part: pid} of the children, as their command lines say."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as line:
                    args = line.read().split("\0")
                with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                    state = stat.read().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if self.conf in args and "--only" in args and state != "Z":
                found[args[args.index("--only") + 1]] = int(pid)
        return found

    def log(self):
        with open(self.child.log, encoding="utf-8", errors="replace") as log:
            return log.read()


def named(pid):
    """What ps and top call a process."""
    with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
        return comm.read().strip()


def test_options(t, s):
    """What ends at once."""
    t.equal(s.run("-c", s.conf, "-n")[0], 0, "-n: the configuration is valid")
    t.equal(s.run("--only", "observe", "-c", s.conf, "-n")[0], 0, "for one process, too")
    t.ok("shop.example." in s.run("-c", s.conf, "-nv")[1], "-nv prints it")
    t.equal(s.run("-V")[0], 0, "-V")
    t.equal(s.run("-h")[0], 0, "-h")
    t.equal(s.run("--only", "nothing")[0], 64, "--only with another word")
    t.equal(s.run("--only")[0], 64, "--only without a word")
    t.equal(s.run("-x")[0], 64, "an option that is none")
    s.write(extra="nonsense: 1\n")
    status, output = s.run("-c", s.conf)
    t.equal(status, 78, "a broken configuration ends the parent with status 78")
    t.ok("msig.conf:" in output and "nonsense" in output, "which says where", output)
    s.write()
    with socket.create_server((s.address, 5399)):
        status, output = s.run("-c", s.conf)
    t.equal(status, 1, "an address that is taken ends the parent with status 1, after some tries")
    t.ok(f"{s.address}@5399" in output, "which says what is taken", output)
    t.equal(s.pids(), {}, "nothing is left running")


def test_running(t, s):
    """Two processes, kept running."""
    s.start()
    first = s.pids()
    t.equal({named(pid) for pid in first.values()}, {"transportd"}, "both are called as what was started")
    t.equal(sorted(first), ["observe", "peer"], "both processes run")
    for part, daemon in (("peer", "transportd"), ("observe", "observe")):
        os.kill(first[part], signal.SIGKILL)
        net.until(lambda: s.pids().get(part, first[part]) != first[part] and s.answers(daemon),
                  f"{part} to be started again")
        t.ok(True, f"{part} is started again after kill -9")
    second = s.pids()
    t.ok("signal 9" in s.log(), "the log says how it ended", s.log)
    os.kill(second["peer"], signal.SIGTERM)
    net.until(lambda: s.pids().get("peer", second["peer"]) != second["peer"] and s.answers("transportd"),
              "peer to be started again")
    t.equal(s.pids()["observe"], second["observe"], "the other one is not touched")
    s.child.popen.send_signal(signal.SIGHUP)
    net.until(lambda: s.log().count("configuration reloaded") == 2, "both to reload")
    t.ok(True, "SIGHUP reaches both")
    s.child.popen.terminate()
    t.equal(s.child.popen.wait(15), 0, "SIGTERM: a clean end")
    t.equal(s.pids(), {}, "of both")


def test_parent_killed(t, s):
    """kill -9 of the parent leaves nothing behind, and it can be started again at once."""
    s.start()
    s.child.kill()
    s.start()
    t.equal(sorted(s.pids()), ["observe", "peer"], "started again at once")
    s.child.kill()
    net.until(lambda: not s.pids(), "its processes to end")
    t.ok(True, "kill -9 of the parent ends its processes")


def uids(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(line.split()[1] for line in status if line.startswith("Uid:"))


def test_users(t, s):
    """Started by root, each becomes its own user."""
    if os.geteuid() != 0:
        t.skip("own users", "not started by root")
        return
    for part in ("run", "lib"):
        shutil.rmtree(os.path.join(s.home, part))
    os.mkdir(os.path.join(s.home, "lib"))
    os.mkdir(os.path.join(s.home, "run"))
    os.chmod(s.home, 0o755)
    os.chmod(os.path.join(s.home, "run"), 0o777)
    s.write(users="    user-transport: nobody\n    user-observe: daemon\n    user-agent: man\n    group: nogroup\n")
    s.start()
    who = {part: uids(pid) for part, pid in s.pids().items()}
    t.ok(len(set(who.values())) == 2 and "0" not in who.values(), "two users, neither is root", who)
    pids = s.pids()
    os.kill(pids["observe"], signal.SIGKILL)
    net.until(lambda: s.pids().get("observe", pids["observe"]) != pids["observe"] and s.answers("observe"),
              "observe to be started again")
    t.equal(uids(s.pids()["observe"]), who["observe"], "the same user when it is started again")
    s.child.kill()
    net.until(lambda: not s.pids(), "its processes to end")
    t.ok(True, "other users' processes end with the parent, too")


with tempfile.TemporaryDirectory(prefix="msig.") as folder, Tap() as tap:
    own = net.Block()
    it = Set(folder, own)
    try:
        for test in (test_options, test_running, test_parent_killed, test_users):
            test(tap, it)
    except Exception:
        tap.note(it.child.tail(40) if it.child else "")
        raise
    finally:
        it.procs.stop()
        own.close()
