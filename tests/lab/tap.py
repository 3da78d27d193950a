"""TAP output for the system tests: one `ok` per claim, and why when it is not."""

import os
import signal
import sys
import threading
import traceback


def need_root():
    """Goes on as root: an ordinary user in a namespace, if there can be one."""
    if os.geteuid() != 0 and "MSIG_AS_ROOT" not in os.environ:
        script = os.path.join(os.path.dirname(__file__), os.pardir, "asroot.sh")
        os.environ["MSIG_AS_ROOT"] = "tried"
        os.execv("/bin/sh", ["sh", script, sys.executable, *sys.argv])


class Tap:
    """A test script: `with Tap() as t: t.ok(condition, "claim")`.

    The plan is printed at the end; an exception is a failed test with its trace, never silence, also
    in another thread: what it watched is watched no more.
    """

    def __init__(self):
        self.count = 0
        self.failures = 0
        self.died = []  # threads, with their traces

    def __enter__(self):
        # A test that is stopped from outside still ends its processes and removes its files.
        signal.signal(signal.SIGTERM, stopped)
        threading.excepthook = self.thread_died
        print("TAP version 13", flush=True)
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and kind is not SystemExit:
            self.ok(False, "ran to its end", "".join(traceback.format_exception(kind, value, trace)))
        for name, why in self.died:
            self.ok(False, f"the lab's thread {name} ran to its end", why)
        if kind is not SystemExit or self.count > 0:  # skip_all() has said its plan
            print(f"1..{self.count}", flush=True)
        if kind is SystemExit:
            return False
        sys.exit(1 if self.failures else 0)

    def thread_died(self, args):
        """An exception that nobody caught there."""
        self.died.append((args.thread.name, "".join(traceback.format_exception(
            args.exc_type, args.exc_value, args.exc_traceback))))

    def ok(self, good, claim, why=""):
        """One result; why (text or a function) is shown when it is not good."""
        self.count += 1
        self.failures += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {claim}", flush=True)
        if not good and why:
            self.note(why() if callable(why) else why)
        return bool(good)

    def equal(self, got, want, claim):
        """got == want, both shown when they differ."""
        return self.ok(got == want, claim, f"got  {got!r}\nwant {want!r}")

    def skip(self, claim, reason):
        """A test that cannot run here, with the reason."""
        self.count += 1
        print(f"ok {self.count} - {claim} # SKIP {reason}", flush=True)

    @staticmethod
    def note(text):
        """Lines for the log."""
        for line in str(text).rstrip().split("\n"):
            print(f"# {line}", flush=True)


def stopped(*_):
    """SIGTERM."""
    raise KeyboardInterrupt("stopped")


def skip_all(reason):
    """Nothing of this script can run here."""
    print(f"1..0 # SKIP {reason}", flush=True)
    sys.exit(0)


def full():
    """Whether the long loops are wanted (make check-full)."""
    return bool(os.environ.get("MSIG_FULL"))
