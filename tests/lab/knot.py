"""A Knot DNS server: its configuration as data, its process, knotc and keymgr."""

import os
import time

from . import tools


SETTLED = 2_000_000_000  # ns: a file that changed before may have changed since under the same time


def render(sections):
    """{section: {item: value} or [{item: value}, ...]} in the grammar of knot.conf."""
    def text(value):
        if isinstance(value, (list, tuple)):
            return "[ " + ", ".join(map(str, value)) + " ]"
        return str(value)
    out = []
    for section, body in sections.items():
        if not body:
            continue
        out.append(f"{section}:")
        for block in [body] if isinstance(body, dict) else body:
            lead = "    " if isinstance(body, dict) else "  - "
            for item, value in block.items():
                out.append(f"{lead}{item}: {text(value)}")
                lead = "    "
    return "\n".join(out) + "\n"


def state_of(key, now=None):
    """The state of a key in Knot's own list, as doc/signers.md has it: the test's own reading."""
    now = now or time.time()
    over = {name for name, at in key.items()
            if name in ("pre-active", "publish", "ready", "active", "retire-active", "retire",
                        "post-active", "remove") and 0 < at <= now}
    for time_over, state in (("remove", "removed"), ("post-active", "post-active"),
                             ("retire", "retired" if key["zsk"] else "removed"),
                             ("retire-active", "retired"), ("active", "active"),
                             ("ready", "ready"), ("publish", "published"),
                             ("pre-active", "signing")):
        if time_over in over:
            return state
    return "made"


def signerd_section(directory, knot=None, keymgr=None):
    """The section `signerd` for a Knot of the lab."""
    lines = [f"keymgr: {keymgr or tools.wrapper(directory, 'keymgr')}"]
    if knot:
        lines += [f"knot-config: {knot.conf}", f"knot-socket: {knot.socket}"]
    return "signerd:\n" + "".join(f"    {line}\n" for line in lines)


class Knot:
    """One knotd in DIRECTORY/NAME, serving on the given (address, port) pairs."""

    def __init__(self, procs, directory, name, listen):
        self.procs, self.name = procs, name
        self.move(os.path.join(directory, name))
        self.listen = [tuple(pair) for pair in listen]
        self.child = None
        self.answers = {}  # of keymgr: arguments -> (when the database had changed, what it said)
        self.text = None  # a whole configuration instead of the sections
        self.sections = {
            "server": {"rundir": self.home, "listen": [f"{a}@{p}" for a, p in self.listen],
                       "udp-workers": 1, "tcp-workers": 2, "background-workers": 2},
            "log": [{"target": os.path.join(self.home, "knot.log"), "any": "info"}],
            "control": {"listen": self.socket},
            # Knot maps its journal at full size; with the default of 20 GiB it fails under limits.
            "database": {"storage": os.path.join(self.home, "db"), "journal-db-max-size": "16M",
                         "kasp-db-max-size": "16M", "timer-db-max-size": "16M"},
            "key": [], "remote": [], "acl": [], "policy": [],
            "template": [{"id": "default", "storage": os.path.join(self.home, "zones"),
                          "semantic-checks": "off", "zonefile-sync": -1}],
            "zone": [],
        }

    def move(self, home):
        """Chooses its directory; before anything is written there."""
        self.home = home
        self.conf = os.path.join(home, "knot.conf")
        self.socket = os.path.join(home, "ctl")
        for sub in ("zones", "db"):
            os.makedirs(os.path.join(home, sub))

    @property
    def server(self):
        """Where to ask."""
        return self.listen[0]

    def key(self, *keys):
        """Makes TSIG keys known."""
        for key in keys:
            if all(known["id"] != key.name for known in self.sections["key"]):
                self.sections["key"].append({"id": key.name, "algorithm": "hmac-sha256",
                                             "secret": key.secret})

    def remote(self, name, address, port, key=None):
        """Names another server."""
        block = {"id": name, "address": f"{address}@{port}"}
        if key:
            self.key(key)
            block["key"] = key.name
        self.sections["remote"].append(block)

    def acl(self, name, key, *actions):
        """Allows what is signed with a key to do something; addresses prove nothing on loopback."""
        self.key(key)
        self.sections["acl"].append({"id": name, "key": key.name, "action": list(actions)})

    def policy(self, name, **items):
        """A DNSSEC policy."""
        self.sections["policy"].append(
            {"id": name, **{k.replace("_", "-"): v for k, v in items.items()}})

    def zone(self, domain, text=None, **items):
        """A zone; text is the content of its zone file (a primary), else it has a master."""
        block = {"domain": domain, **{k.replace("_", "-"): v for k, v in items.items()}}
        if text is not None:
            block["file"] = domain + "zone"
            block.setdefault("zonefile-load", "difference-no-serial")
            block.setdefault("journal-content", "all")
            with open(os.path.join(self.home, "zones", domain + "zone"), "w",
                      encoding="utf-8") as out:
                out.write(text)
        self.sections["zone"].append(block)

    def write(self):
        """Writes the configuration."""
        with open(self.conf, "w", encoding="utf-8") as out:
            out.write(self.text or render(self.sections))

    def start(self, wait=True):
        """Starts it; wait=False leaves waiting to ready()."""
        self.write()
        self.child = self.procs.start(self.name, "knotd", "-c", self.conf)
        if wait:
            self.ready()
        return self

    def ready(self):
        """Waits until it answers knotc."""
        self.procs.wait(self.child, lambda: self.ctl("status", check=False).returncode == 0)

    def reload(self):
        """Applies a changed configuration."""
        self.write()
        self.ctl("reload")

    def ctl(self, *args, **options):
        """knotc."""
        return tools.run("knotc", "-s", self.socket, *args, **options)

    def keymgr(self, *args, **options):
        """keymgr."""
        return tools.run("keymgr", "-c", self.conf, *args, **options).stdout

    def known(self, *args):
        """What keymgr answers to a question: it is asked again when the key database has changed, or just
        did."""
        path = os.path.join(self.home, "db/keys/data.mdb")
        changed = os.stat(path).st_mtime_ns if os.path.exists(path) else 0
        when, said = self.answers.get(args, (None, None))
        if when != changed:
            said = self.keymgr(*args, stdin="")
            if time.time_ns() - changed > SETTLED:
                self.answers[args] = (changed, said)
        return said

    def log(self):
        """What it has logged so far."""
        with open(os.path.join(self.home, "knot.log"), encoding="utf-8") as log:
            return log.read()


def update(server, zone, key, *lines):
    """Sends one DNS UPDATE with knsupdate; a refusal is an error with knsupdate's words."""
    script = "\n".join([f"server {server[0]} {server[1]}", f"zone {zone}",
                        *(f"update {line}" for line in lines), "send", "answer", "quit", ""])
    return tools.run("knsupdate", "-v", "-t", "5", "-y", key.argument, stdin=script)
