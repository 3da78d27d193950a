"""signerd alone: its msig.conf, its process, and the test in the place of agentd on the bus."""

import os

from . import bus, msig

VERBS = {"list": 1, "make": 2, "set": 3, "discard": 4}
ROLES = {"zsk": 1, "ksk": 2, "csk": 3}
STATES = {"made": 1, "signing": 2, "published": 3, "ready": 4, "active": 5, "retired": 6,
          "post-active": 7, "removed": 8}


CONF = """server:
    identity: msa.p1.example.
    rundir: {home}/run
    storage: {home}/lib
key:
  - id: nobody.
    algorithm: hmac-sha256
    secret: bm9ib2R5IGtub3dzIHRoaXMgb25lIGhlcmUsIGl0IGlzIG5vdCB1c2Vk
remote:
  - id: nobody
    address: 127.0.0.1@1
    key: nobody.
agent:
    lab: on
{signerd}zone:
{zones}"""

ZONE = """  - domain: {zone}
    master: nobody
    signer: nobody
    signer-driver: {driver}
"""
# What else a zone says for a driver.
ITEMS = {"bind": "    signer-feed: push\n"}


class Answer:
    """KEYS, as a test reads it."""

    def __init__(self, msg):
        self.result, self.text = msg["result"], msg["text"]
        names = {number: name for name, number in STATES.items()}
        roles = {number: name for name, number in ROLES.items()}
        self.keys = {key: (roles[role], names[state], bytes.fromhex(rdata)) for key, role, state, rdata
                     in zip(msg["key"], msg["role"], msg["state"], msg["dnskey"])}

    def states(self):
        """{id: state}"""
        return {key: state for key, (_, state, _) in self.keys.items()}

    def only(self, role, state, algorithm=None):
        """The id of the one key that is so."""
        found = [k for k, (r, s, d) in self.keys.items()
                 if (r, s) == (role, state) and algorithm in (None, d[3])]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} {role} keys are {state}: {self.keys}")
        return found[0]


class Signerd:
    """signerd of DIRECTORY/signerd, and agentd's end of its bus."""

    def __init__(self, procs, directory, zones, signerd, driver="knot"):
        self.procs, self.home = procs, os.path.join(directory, "signerd")
        self.network = driver == "bind"  # rndc speaks TCP; signerd itself forbids itself all others
        os.makedirs(os.path.join(self.home, "lib"))
        self.conf = os.path.join(self.home, "msig.conf")
        self.write(signerd, zones, driver)
        self.child = self.bus = self.begun = None
        self.ident = 0

    def write(self, signerd, zones, driver="knot"):
        """Its configuration."""
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(CONF.format(home=self.home, signerd=signerd, zones="".join(
                ZONE.format(zone=zone, driver=driver)
                + ITEMS.get(driver, "    signer-records: all\n") for zone in zones)))

    def start(self, before=()):
        """Starts it, and the other end of the bus; takes what it says unasked when it begins. before:
        a program that starts both."""
        command = [*before, msig.program("signerd"), "-v", "-c", self.conf]
        self.child = self.procs.start("signerd", *command, network=self.network)
        self.procs.wait(self.child, lambda: os.path.exists(os.path.join(self.home, "run",
                                                                        "signerd.ctl")))
        if self.bus is None:
            self.bus = bus.Bus(os.path.join(self.home, "run"), before=before)
        self.begun = self.answer(0)
        return self

    def close(self):
        """Ends the other end."""
        if self.bus:
            self.bus.close()

    def send(self, verb, zone, key="", role="", algorithm=0, state=""):
        """Asks without waiting; the id of the question."""
        self.ident += 1
        return self.bus.send("KEY", id=self.ident, zone=zone, verb=VERBS.get(verb, verb),
                             role=ROLES.get(role, role or 0), algorithm=algorithm,
                             state=STATES.get(state, state or 0), key=key)

    def answer(self, ident, seconds=20):
        """KEYS of that id."""
        return Answer(self.bus.take("KEYS", seconds=seconds, id=ident))

    def ask(self, verb, zone, seconds=20, **fields):
        """Asks and waits."""
        return self.answer(self.send(verb, zone, **fields), seconds)
