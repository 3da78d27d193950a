"""Child processes that cannot outlive us, and that can be denied the network.

Each child gets a signal when the thread that started it ends (tests/tools/leash), so start daemons
from a thread that stays; we are the reaper of grandchildren; and stop() ends all. A child has its
own process group: Ctrl-C reaches only us, and we stop the children in order.
"""

import ctypes
import os
import signal
import subprocess
import time

from . import net, tools

PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def leash():
    """The program that starts all others; only if python is not copied for that can it be quick."""
    return os.path.join(tools.build(), "tests/tools/leash")


def children(of=None):
    """The living children of a process; ours with, as we are their reaper, what they left behind."""
    own = str(of or os.getpid())
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if parent == own and state != "Z":
            found.append(int(pid))
    return found


class Child:
    """A daemon: start() it, kill() it as a crash would, start() it again."""

    def __init__(self, name, command, log, env=None, network=True):
        self.name, self.command, self.log, self.env = name, command, log, env
        self.network = network
        self.popen = None

    def start(self):
        """Starts it; its output is appended to its log."""
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                [leash(), *([] if self.network else ["-n"]), str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.env, process_group=0)
        return self

    @property
    def running(self):
        """Whether it lives."""
        return self.popen is not None and self.popen.poll() is None

    def kill(self, signo=signal.SIGKILL):
        """Sends a signal and waits for the end."""
        if self.running:
            self.popen.send_signal(signo)
            self.popen.wait(10)

    def tail(self, lines=15):
        """The end of its log."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])


class Processes:
    """All children of a run."""

    def __init__(self, directory):
        self.directory = directory
        self.all = []
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def start(self, name, program, *args, ready=None, seconds=20, env=None, network=True):
        """Starts a program and waits until ready() is true; network=False: it gets no socket but
        Unix ones, whatever it tries."""
        path = program if "/" in program else tools.find(program)
        child = Child(name, [path, *map(str, args)], os.path.join(self.directory, name + ".out"),
                      dict(tools.environment(path), **(env or {})), network)
        self.all.append(child)
        child.start()
        if ready:
            self.wait(child, ready, seconds)
        return child

    @staticmethod
    def wait(child, ready, seconds=20):
        """Waits until ready(); a child that ended instead is an error with its last words."""
        def check():
            if not child.running:
                raise RuntimeError(f"{child.name} ended with status {child.popen.returncode}:\n"
                                   f"{child.tail()}")
            return ready()
        try:
            net.until(check, f"{child.name} to be ready", seconds)
        except net.Timeout as error:
            raise net.Timeout(f"{error}\n{child.tail()}") from None

    def stop(self):
        """Ends every child and grandchild: SIGTERM to all, SIGKILL to those that do not go."""
        for child in reversed(self.all):
            if child.running:
                child.popen.terminate()
        deadline = time.monotonic() + 5
        for child in self.all:
            if child.popen is None:
                continue
            try:
                child.popen.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.popen.kill()
                child.popen.wait()
        for pid in children():
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except OSError:
                pass
