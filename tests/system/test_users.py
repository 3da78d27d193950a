#!/usr/bin/python3
"""A provider's daemons under four users: who runs as whom, and what a process that was taken over
could do to the others through the directories and sockets that they share. Needs root."""

import grp
import json
import os
import pwd
import shutil
import socket
import stat
import tempfile

from lab import ask, msig, net, proc
from lab.tap import Tap, need_root, skip_all

# Users that every Debian has; nothing but the numbers is used of them.
USERS = {"combinerd": "games", "agentd": "news", "transportd": "uucp", "observe": "proxy"}
GROUP = "users"

CONF = """server:
    identity: msa.p1.example.
    rundir: {home}/run
    storage: {home}/lib
    user-combiner: games
    user-agent: news
    user-transport: uucp
    user-observe: proxy
    group: users
key:
  - id: {key.name}
    algorithm: hmac-sha256
    secret: {key.secret}
remote:
  - id: owner
    address: {address}@5300
    key: {key.name}
combiner:
    listen: {address}@5381
transport:
    listen: {address}@5399
observe:
    listen: {address}@5398
    trust-anchor: root.key
agent:
    sig0-key: msa.pem
zone:
  - domain: shop.example.
    master: owner
    signer: owner
    ns: [ ns1.p1.example. ]
"""


def as_user(user, group, action):
    """What action() returns, as text, when this user and group run it; or the error's name."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            gid = grp.getgrnam(group).gr_gid
            os.setgroups([gid])
            os.setgid(gid)
            os.setuid(pwd.getpwnam(user).pw_uid)
            said = str(action())
        except OSError as error:
            said = type(error).__name__
        os.write(into, said.encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def command(path, text):
    """The code of a daemon's answer, 0 for ok."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        sock.sendall(json.dumps(text).encode() + b"\n")
        answer = json.loads(sock.makefile().readline())
    return 0 if answer["ok"] else answer["code"]


def user_of(path):
    """Whose file it is."""
    return pwd.getpwuid(os.stat(path).st_uid).pw_name


def main(t, home, procs, address):
    """All of it."""
    conf, run = os.path.join(home, "msig.conf"), os.path.join(home, "run")
    with open(conf, "w", encoding="ascii") as out:
        out.write(CONF.format(home=home, address=address, key=ask.Key("k.")))
    with open(os.path.join(home, "root.key"), "w", encoding="ascii") as out:
        out.write(". 3600 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237"
                  "C7F8EC8D\n")
    os.chown(conf, 0, grp.getgrnam(GROUP).gr_gid)
    os.chmod(conf, 0o640)
    os.chmod(os.path.join(home, "root.key"), 0o644)
    msig.subprocess.run([msig.program("msigctl"), "-c", conf, "identity", "new"], check=True,
                        capture_output=True)
    t.equal(user_of(os.path.join(home, "msa.pem")), USERS["agentd"],
            "root makes the SIG(0) key for agentd's user")
    # transportd first: what is shared must not be its.
    for name in ("transportd", "agentd", "combinerd"):
        procs.start(name, msig.program(name), "-c", conf)
    net.until(lambda: msig.subprocess.run([msig.program("msigctl"), "-c", conf, "status"],
                                          capture_output=True, check=False).returncode == 0,
              "all daemons to answer", 20)
    for name, user in USERS.items():
        t.equal(user_of(os.path.join(run, name + ".ctl")), user, f"{name} runs as its user")
        t.equal(stat.S_IMODE(os.stat(os.path.join(run, name + ".ctl")).st_mode), 0o660,
                f"{name}.ctl is for user and group")
        t.equal(stat.S_IMODE(os.stat(os.path.join(run, "bus", name)).st_mode), 0o750,
                f"{name}'s part of the bus is its own")
    for shared in ("", "bus"):
        path = os.path.join(run, shared)
        t.ok(user_of(path) == "root" and os.stat(path).st_mode & stat.S_ISVTX,
             f"{path[len(home):]} is root's, and sticky")

    exposed = USERS["transportd"]
    for what in ("agentd.ctl", "combinerd.ctl", "bus", "bus/agentd", "bus/combinerd",
                 "bus/observe"):
        path = os.path.join(run, what)
        t.equal(as_user(exposed, GROUP, lambda p=path: os.rename(p, p + ".x")), "PermissionError",
                f"transportd's user cannot put something in the place of {what}")
    key = os.path.join(home, "msa.pem")
    t.equal(as_user(exposed, GROUP, lambda: os.open(key, os.O_RDONLY)), "PermissionError",
            "and cannot read the SIG(0) key")
    for state in ("agentd", "combinerd"):
        path = os.path.join(home, "lib", state)
        t.equal(as_user(exposed, GROUP, lambda p=path: os.listdir(p)), "PermissionError",
                f"nor the state of {state}")
    agent = os.path.join(run, "agentd.ctl")
    status, pause = {"command": "status"}, {"command": "pause", "zone": "shop.example."}
    t.equal(as_user(exposed, GROUP, lambda: command(agent, status)), "0",
            "a member of the group may read")
    t.equal(as_user(exposed, GROUP, lambda: command(agent, pause)), "5", "but not act")
    t.equal(as_user("nobody", "nogroup", lambda: command(agent, status)), "PermissionError",
            "nobody else may even connect")
    t.equal(command(agent, pause), 0, "root may act")


if msig.missing():
    skip_all("not built: " + " ".join(msig.missing()))
need_root()
if os.geteuid() != 0:
    skip_all("only root can start daemons under four users")
with Tap() as tap:
    block = net.Block()
    directory = tempfile.mkdtemp(prefix="msig.")
    os.chmod(directory, 0o755)
    processes = proc.Processes(directory)
    try:
        main(tap, directory, processes, block(11))
    finally:
        processes.stop()
        block.close()
        shutil.rmtree(directory, ignore_errors=True)
