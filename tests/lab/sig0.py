"""Messages of agents made without libmsig: the Multi-Signer option and SIG(0) (RFC 2931) written
from the specifications, so that what our programs think of them is a second opinion."""

import os
import struct
import time

import dns.name
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

OPTION = 65010
HELLO, HEARTBEAT, PULL = 1, 2, 7
NOTIFY, UPDATE, QUERY = 4, 5, 0
SOA, ANY = 6, 255


def wire(name):
    """A name in wire form."""
    return dns.name.from_text(name).to_wire()


class Signer:
    """An Ed25519 SIG(0) key."""

    def __init__(self, name):
        self.name = name
        self.private = Ed25519PrivateKey.generate()
        public = self.private.public_key().public_bytes(serialization.Encoding.Raw,
                                                        serialization.PublicFormat.Raw)
        self.rdata = struct.pack("!HBB", 512, 3, 15) + public

    @property
    def tag(self):
        """The key tag (RFC 4034 B)."""
        total = sum(octet << (8 if i % 2 == 0 else 0) for i, octet in enumerate(self.rdata))
        return (total + (total >> 16)) & 0xFFFF

    def sign(self, message, request=b"", shift=0, window=300):
        """The message with SIG(0) as its last record."""
        now = int(time.time()) + shift
        rdata = struct.pack("!HBBIIIH", 0, 15, 0, 0, now + window, now - window, self.tag)
        rdata += dns.name.from_text(self.name).canonicalize().to_wire()
        rdata += self.private.sign(rdata + request + message)
        count = struct.unpack("!H", message[10:12])[0] + 1
        record = b"\0" + struct.pack("!HHIH", 24, 255, 0, len(rdata)) + rdata
        return message[:10] + struct.pack("!H", count) + message[12:] + record


def tlv(kind, value):
    """One field of the option."""
    return struct.pack("!BH", kind, len(value)) + value


def sequence():
    """The next sequence number: the clock in microseconds, and never one twice."""
    sequence.last = max(getattr(sequence, "last", 0) + 1, time.time_ns() // 1000)
    return sequence.last


def option(operation, identity, zone, *fields, transport=1, sync=2):
    """The option with identity, zone, protocol version 1, and a sequence number."""
    body = tlv(1, wire(identity)) + tlv(2, wire(zone)) + tlv(20, b"\1")
    body += tlv(15, struct.pack("!Q", sequence()))
    return bytes((operation, transport, sync)) + body + b"".join(fields)


def message(zone, data=None, opcode=NOTIFY, qtype=SOA, code=OPTION):
    """A request, not signed yet; data is the option's, None for a message without."""
    head = os.urandom(2) + struct.pack("!HHHHH", opcode << 11, 1, 0, 0, 1)
    body = wire(zone) + struct.pack("!HH", qtype, 1)
    options = struct.pack("!HH", code, len(data)) + data if data is not None else b""
    return head + body + b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(options)) + options


def hello(signer, identity, zone, **times):
    """A signed HELLO."""
    return signer.sign(message(zone, option(HELLO, identity, zone)), **times)
