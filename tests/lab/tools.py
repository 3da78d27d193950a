"""Where the programs are: built here, unpacked by setup.sh, or installed."""

import os
import shlex
import subprocess

# Unpacked daemons first: an installed one may be confined (AppArmor) to its own directories.
NEEDED = ("knotd", "knotc", "keymgr", "unbound", "unbound-checkconf",
          "kdig", "knsupdate", "dnssec-cds")


def build():
    """The build directory: automake's tests say it, ./demo does."""
    return os.path.abspath(os.environ.get("top_builddir") or os.environ.get("MSIG_BUILD", "build"))


def root():
    """The directory that setup.sh unpacked into."""
    return os.environ.get("MSIG_LAB_ROOT", "")


def find(name):
    """The path of a program, or None."""
    places = [os.path.join(root(), d) for d in ("usr/sbin", "usr/bin")] if root() else []
    places += os.environ.get("PATH", "").split(":")
    places += ["/usr/local/sbin", "/usr/sbin", "/sbin"]
    for place in places:
        path = os.path.join(place, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None


def missing(names=NEEDED):
    """Those of names that are nowhere."""
    return [name for name in names if find(name) is None]


def environment(path):
    """The environment of a program: an unpacked one also finds the libraries unpacked with it."""
    env = dict(os.environ, LC_ALL="C")
    if root() and path.startswith(root() + "/"):
        libs = [os.path.join(root(), "usr/lib", d)
                for d in ("", os.uname().machine + "-linux-gnu")]
        env["LD_LIBRARY_PATH"] = ":".join(libs + [env.get("LD_LIBRARY_PATH", "")]).rstrip(":")
    return env


def wrapper(directory, name):
    """A script that runs an unpacked program with its libraries: signerd gives it none of our
    environment. The program itself where it is installed."""
    path = find(name)
    libs = environment(path).get("LD_LIBRARY_PATH")
    if not libs:
        return path
    script = os.path.join(directory, name)
    with open(script, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o755)) as out:
        out.write(f"#!/bin/sh\nLD_LIBRARY_PATH={shlex.quote(libs)} exec {shlex.quote(path)} \"$@\"\n")
    return script


class ToolError(Exception):
    """A program failed; the message has its command line and output."""


def run(name, *args, stdin=None, check=True, timeout=20):
    """Runs a program to its end; returns its CompletedProcess with text output."""
    path = find(name)
    if path is None:
        raise ToolError(f"{name}: no such program")
    done = subprocess.run([path, *map(str, args)], input=stdin, capture_output=True, text=True,
                          timeout=timeout, env=environment(path), check=False)
    if check and done.returncode != 0:
        raise ToolError(f"{name} {' '.join(map(str, args))}: status {done.returncode}\n"
                        f"{stdin or ''}{done.stdout}{done.stderr}")
    return done
