"""Speaks on a provider's local bus in the place of one of its daemons, through tests/tools/busctl."""

import collections
import json
import os
import queue
import subprocess
import threading
import time

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from . import net, tools


def program():
    """The path of busctl."""
    return os.path.join(tools.build(), "tests/tools/busctl")


class Bus:
    """The daemon `actor` of the provider whose rundir this is, played by the test. before: a program that
    starts it."""

    def __init__(self, rundir, actor="agentd", before=()):
        self.popen = subprocess.Popen([*before, program(), rundir, actor], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.queue = queue.Queue()
        self.seen = []  # arrived, not yet taken
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.next_id = 1

    def read(self):
        """Collects what arrives."""
        for line in self.popen.stdout:
            self.queue.put(json.loads(line))

    def close(self):
        """Ends it."""
        self.popen.stdin.close()
        self.popen.wait(10)

    def send(self, msg, **fields):
        """Sends a message; bytes become blobs. Returns the id it has got, if it takes one."""
        body = {k: v.hex() if isinstance(v, bytes) else v for k, v in fields.items()}
        if msg in ("SEND", "ASK", "APPLY", "SHOW") and "id" not in body:
            body["id"] = self.next_id
            self.next_id += 1
        self.popen.stdin.write(json.dumps({"msg": msg, **body}) + "\n")
        self.popen.stdin.flush()
        return body.get("id")

    def take(self, msg, seconds=10, **fields):
        """The first message of that name with these fields; others wait for their turn."""
        def fits(one):
            return one.get("msg") == msg and \
                all(one.get(k) == v for k, v in fields.items())
        deadline = time.monotonic() + seconds
        while True:
            for one in self.seen:
                if fits(one):
                    self.seen.remove(one)
                    return one
            left = deadline - time.monotonic()
            if left <= 0:
                raise net.Timeout(f"waited {seconds:g} s for {msg} {fields}; arrived: "
                                  f"{dict(collections.Counter(m.get('msg') for m in self.seen))}")
            try:
                self.seen.append(self.queue.get(timeout=left))
            except queue.Empty:
                pass

    def none(self, msg, **fields):
        """Whether no such message has arrived so far."""
        while not self.queue.empty():
            self.seen.append(self.queue.get())
        return not [m for m in self.seen if m.get("msg") == msg
                    and all(m.get(k) == v for k, v in fields.items())]

    def forget(self):
        """Drops all that has arrived."""
        while not self.queue.empty():
            self.queue.get()
        self.seen.clear()

    def ask(self, name, *types, server="", tsig="", timeout=5000):
        """ASK and its answers, {type name: ANSWER}."""
        ident = self.send("ASK", server=server, tsig=tsig, name=name, timeout_ms=timeout,
                          type=[int(dns.rdatatype.from_text(t)) for t in types])
        answers = {}
        while len(answers) < len(types):
            one = self.take("ANSWER", seconds=timeout / 1000 + 5, id=ident)
            answers[dns.rdatatype.to_text(one["type"])] = one
        return answers


def records(blob):
    """[(owner, TTL, type, rdata)] of RRs in wire form, in hexadecimal as the bus tool has them."""
    wire, at, out = bytes.fromhex(blob), 0, []
    while at < len(wire):
        owner, used = dns.name.from_wire(wire, at)
        at += used
        kind, rclass = int.from_bytes(wire[at:at + 2], "big"), int.from_bytes(wire[at + 2:at + 4], "big")
        ttl, size = int.from_bytes(wire[at + 4:at + 8], "big"), int.from_bytes(wire[at + 8:at + 10], "big")
        at += 10
        rdata = dns.rdata.from_wire(rclass, kind, wire, at, size)
        at += size
        out.append((owner.to_text(), ttl, dns.rdatatype.to_text(kind), rdata))
    return out


def kinds(blob):
    """The types of the RRs."""
    return [kind for _, _, kind, _ in records(blob)]
