#!/usr/bin/python3
"""The programs that the lab runs are there, and have the options that its verdicts rest on."""

import os
import tempfile

from lab import tools
from lab.tap import Tap, skip_all

if tools.missing():
    skip_all("not found: " + " ".join(tools.missing()) + " (run ./check, which unpacks them)")

with Tap() as t:
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
