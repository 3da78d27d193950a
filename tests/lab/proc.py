"""Child processes that cannot outlive us, and that can be denied the network.

Each child gets a signal when the thread that started it ends (PR_SET_PDEATHSIG), so start daemons
from a thread that stays; we are the reaper of grandchildren; and stop() ends all. A child has its
own process group: Ctrl-C reaches only us, and we stop the children in order.
"""

import ctypes
import os
import signal
import struct
import subprocess
import time

from . import net, tools

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


# -- no network ------------------------------------------------------------------------------

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_LOAD, _EQUAL, _RETURN, _ALLOW, _ERRNO = 0x20, 0x15, 0x06, 0x7FFF0000, 0x00050000
EPERM = 1


class _Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _filter():
    """BPF: socket() of AF_INET, AF_INET6 and AF_PACKET fails with EPERM, all else is allowed."""
    arch, number = _SOCKET[os.uname().machine]
    families = (2, 10, 17)
    code = [(_LOAD, 0, 0, 4), (_EQUAL, 0, 3 + len(families), arch),
            (_LOAD, 0, 0, 0), (_EQUAL, 0, 1 + len(families), number), (_LOAD, 0, 0, 16)]
    for left, family in zip(range(len(families), 0, -1), families):
        code.append((_EQUAL, left, 0, family))
    code += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | EPERM)]
    return b"".join(struct.pack("=HBBI", *one) for one in code), len(code)


_bpf, _length = _filter() if os.uname().machine in _SOCKET else (b"", 0)
_code = ctypes.create_string_buffer(_bpf, max(1, len(_bpf)))
_program = _Program(_length, ctypes.addressof(_code))


def _die_with_parent_without_network():
    _die_with_parent()
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(_program), 0, 0) != 0:
        os._exit(126)


# -- processes -------------------------------------------------------------------------------


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
            # Child processes are started before and beside threads that hold no locks of ours, and
            # the hook calls nothing but prctl.
            self.popen = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.env,
                process_group=0,
                preexec_fn=_die_with_parent if self.network else _die_with_parent_without_network)
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
