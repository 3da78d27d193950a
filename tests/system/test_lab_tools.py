#!/usr/bin/python3
"""The programs that the lab runs are there, and have the options that its verdicts rest on; and keys
that agents refuse together are seen as such."""

import base64
import os
import subprocess
import sys
import tempfile
import time

from lab import tools
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


class Closes:
    """A source whose server closes the connection each time."""
    label, misses = "closes", 0

    def look(self):
        """What dnspython says then."""
        raise EOFError

    def missed(self):
        """Counted."""
        self.misses += 1


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
    done = subprocess.run([sys.executable, "-c", DIES], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(
                              tools.__file__))})
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

    # Without val-max-restart: 0 a resolver quietly retries elsewhere and sees no bogus answer.
    with tempfile.TemporaryDirectory() as scratch:
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
