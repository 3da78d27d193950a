"""Addresses that belong to one run, and waiting for conditions instead of sleeping."""

import random
import socket
import time

# All delegated name servers of a run listen on one port (msig.conf's dns-port), so that whoever
# follows a delegation finds them as it would find port 53.
DNS_PORT = 5300
LOCK_PORT = 5399
OWN_PORTS = range(10000, 32768)  # below those that the kernel gives to whoever asks for any


class Block:
    """127.53.X.0/24, ours until close(): the claim is a socket, which no crash can leave behind."""

    def __init__(self):
        for number in range(1, 250):
            claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                claim.bind((f"127.53.{number}.254", LOCK_PORT))
                claim.listen(1)
            except OSError:
                claim.close()
                continue
            self.claim, self.number = claim, number
            return
        raise RuntimeError("no free block 127.53.X.0/24: 249 runs at once?")

    def __call__(self, host):
        return f"127.53.{self.number}.{host}"

    def close(self):
        """Lets another run have it."""
        self.claim.close()


def free_port():
    """A port of 127.0.0.1 that nobody has for UDP or TCP, for what cannot have its own address."""
    for port in random.sample(OWN_PORTS, 100):
        try:
            for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                with socket.socket(socket.AF_INET, kind) as sock:
                    sock.bind(("127.0.0.1", port))
            return port
        except OSError:
            pass
    raise RuntimeError("a hundred ports of 127.0.0.1, and none of them free for UDP and TCP")


PATIENCE = 3  # a machine that others use as well may need it; what comes in time costs nothing


class Timeout(Exception):
    """A condition did not come true before its deadline."""


def until(condition, what, seconds=20.0, every=0.1):
    """Returns the first true value of condition(); Timeout, naming what, after so many seconds, and PATIENCE
    times as many where they are meant for work and not for a moment."""
    if seconds >= 15:
        seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"waited {seconds:g} s for {what}")
        time.sleep(every)
