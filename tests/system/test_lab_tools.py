#!/usr/bin/python3
"""The programs that the lab runs are there, and have the options that its verdicts rest on; and keys
that agents refuse together are seen as such."""

import base64
import os
import subprocess
import sys
import tempfile
import time

from lab import net, proc, tools
from lab.recorder import Recorder
from lab.rig import tags_clash
from lab.tap import Tap, skip_all

if tools.missing():
    skip_all("not found: " + " ".join(tools.missing()) + " (run ./check, which unpacks them)")


def dnskey(flags, *words):
    """A DNSKEY of these 16-bit words: its tag depends on what they are, not on their order."""
    wire = b"".join(word.to_bytes(2, "big") for word in words)
    return f"{flags} 3 13 {base64.b64encode(wire).decode()}"


# A test of which a thread dies.
DIES = """
import threading
from lab.tap import Tap
with Tap() as t:
    t.ok(True, "all is well")
    one = threading.Thread(target=lambda: 1 / 0, name="eyes")
    one.start()
    one.join()
"""

# A test that is killed while a daemon of its own runs, whose process it names.
KILLED = """
import os, signal
from lab.proc import Processes
child = Processes(os.environ["TMPDIR"]).start("sleep", "sleep", "60")
print(child.popen.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""

# What sockets a daemon gets.
SOCKETS = """
import socket
for family in socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_PACKET:
    try:
        print(family.name, "given", socket.socket(family).close())
    except OSError as error:
        print(family.name, error.strerror)
"""


class Closes:
    """A source whose server closes the connection each time."""
    label, misses = "closes", 0

    def look(self):
        """What dnspython says then."""
        raise EOFError

    def missed(self):
        """Counted."""
        self.misses += 1


def script(text, scratch):
    """Runs one in python, as a test is run."""
    lab = os.path.dirname(os.path.dirname(tools.__file__))
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": lab, "TMPDIR": scratch})


def leash(t, scratch):
    """No daemon outlives its test, and some get no network."""
    pid = int(script(KILLED, scratch).stdout)
    ended = True
    try:
        net.until(lambda: not os.path.exists(f"/proc/{pid}/exe"), "its end", 10)
    except net.Timeout:
        ended = False
    t.ok(ended, "a daemon ends with its test, however that ends")
    child = proc.Child("sockets", [sys.executable, "-c", SOCKETS], os.path.join(scratch, "out"),
                       network=False).start()
    child.popen.wait(20)
    t.equal(child.tail(), "AF_UNIX given None\n" + "".join(
        f"{family} Operation not permitted\n" for family in ("AF_INET", "AF_INET6", "AF_PACKET")),
        "one that is to have no network gets Unix sockets alone")


def threads(t):
    """Who watches goes on watching; and if not, that is said."""
    recorder, source = Recorder(lambda: None), Closes()
    recorder.sources.append(source)
    recorder.start()
    until = time.time() + 20
    while source.misses < 2 and time.time() < until:
        time.sleep(0.05)
    t.ok(source.misses > 1 and recorder.errors, "the recorder goes on when a transfer is cut off")
    recorder.stop()
    done = script(DIES, tempfile.gettempdir())
    t.ok(done.returncode == 1 and "not ok 2 - the lab's thread eyes ran to its end" in done.stdout
         and "ZeroDivisionError" in done.stdout, "a thread that dies fails its test",
         done.stdout + done.stderr)


with Tap() as t:
    threads(t)
    for name in tools.NEEDED + ("named", "nsd"):
        path = tools.find(name)
        if path is None and name in ("named", "nsd"):
            t.skip(f"{name} runs", "not unpacked")
            continue
        version = "-V" if name in ("knotd", "knotc", "keymgr", "kdig", "knsupdate", "named",
                                   "dnssec-cds", "unbound") else "-v" if name == "nsd" else "-h"
        done = tools.run(name, version, check=False)
        t.ok(done.returncode in (0, 1) and "error while loading" not in done.stderr,
             f"{name} runs", done.stderr)

    with tempfile.TemporaryDirectory() as scratch:
        leash(t, scratch)
        # Without val-max-restart: 0 a resolver quietly retries elsewhere and sees no bogus answer.
        conf = os.path.join(scratch, "unbound.conf")
        for value, want in (("val-max-restart: 0", 0), ("val-no-such-option: 0", 1)):
            with open(conf, "w", encoding="ascii") as out:
                out.write(f'server:\n\tchroot: ""\n\tusername: ""\n\tdirectory: "{scratch}"\n\t{value}\n')
            done = tools.run("unbound-checkconf", conf, check=False)
            t.equal(done.returncode, want, f"unbound-checkconf on {value!r}")

    key = dnskey(257, *range(32))
    for name, other, want in (
            ("another key", dnskey(257, *range(1, 33)), False),
            ("one of the same tag", dnskey(257, 1, 0, *range(2, 32)), True),
            ("one that has its tag when it is revoked", dnskey(257, 128, *range(1, 32)), True),
            ("one that revoked has its tag", dnskey(385, 1, 0, *range(2, 32)), True)):
        t.equal(tags_clash([key], [dnskey(256, 7), other]), want, f"tags of two signers: {name}")
    t.ok(not tags_clash([key, dnskey(257, 1, 0, *range(2, 32))], []), "tags of one signer")
