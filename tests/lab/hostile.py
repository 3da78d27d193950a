"""An owner's primary that says what a test wants, right or wrong; and a client that does.

Knot, BIND and NSD would not send most of this.
"""

import contextlib
import socket
import struct
import threading

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update
import dns.zone


class Answer:
    """What to say to one AXFR or IXFR: messages (lists of RRsets, or raw octets), and how."""

    def __init__(self, messages, sign=True, key=None, sign_last=True, close=False, flags=0x8400,
                 identity=None, hang=False):
        self.messages, self.sign, self.key, self.sign_last = messages, sign, key, sign_last
        self.close, self.flags, self.identity, self.hang = close, flags, identity, hang


class Owner:
    """A TCP server: SOA questions are answered from the zone, transfers by .answer(question)."""

    def __init__(self, address, port, key):
        self.key = key
        self.zone = None       # text of the zone
        self.serial = None
        self.origin = None
        self.axfr = None       # an Answer instead of the zone as it is
        self.ixfr = None
        self.asked = []        # types of what was asked
        self.socket = socket.create_server((address, port), reuse_port=False)
        self.hung = []
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        """Ends it."""
        self.socket.close()
        for connection in self.hung:
            connection.close()

    def load(self, text, origin):
        """The zone from now on."""
        self.origin = dns.name.from_text(origin)
        self.zone = dns.zone.from_text(text, origin, relativize=False, check_origin=False)
        self.serial = self.soa()[0].serial

    def soa(self):
        """Its SOA RRset."""
        return self.zone.find_rrset(self.origin, "SOA")

    def rrsets(self):
        """All others."""
        return [dns.rrset.from_rdata_list(name, rds.ttl, list(rds))
                for name, node in sorted(self.zone.nodes.items()) for rds in node
                if rds.rdtype != dns.rdatatype.SOA]

    def whole(self):
        """A correct AXFR in one message."""
        return Answer([[self.soa(), *self.rrsets(), self.soa()]])

    def serve(self):
        """Accepts connections."""
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        """One connection: questions until it ends."""
        with contextlib.suppress(OSError, EOFError, dns.exception.DNSException):
            while True:
                wire = receive(connection)
                query = dns.message.from_wire(wire, keyring=self.key.key)
                if not self.reply(connection, query):
                    self.hung.append(connection)
                    return
        connection.close()

    def reply(self, connection, query):
        """One question; False leaves the connection open and silent."""
        qtype = query.question[0].rdtype
        self.asked.append(dns.rdatatype.to_text(qtype))
        if qtype == dns.rdatatype.SOA:
            response = dns.message.make_response(query)
            response.answer.append(self.soa())
            send(connection, response.to_wire())
            return True
        answer = self.ixfr if qtype == dns.rdatatype.IXFR and self.ixfr else self.axfr
        answer = answer or self.whole()
        self.stream(connection, query, answer)
        if answer.hang:
            return False
        if answer.close:
            raise EOFError
        return True

    def stream(self, connection, query, answer):
        """The messages of a transfer, each signed like the first unless the answer says else."""
        context = None
        key = answer.key or self.key
        for number, message in enumerate(answer.messages):
            if isinstance(message, bytes):
                send(connection, message)
                continue
            last = number == len(answer.messages) - 1
            response = dns.message.make_response(query)
            response.flags = answer.flags
            if answer.identity is not None:
                response.id = answer.identity
            response.answer = list(message)
            signed = answer.sign and (answer.sign_last or not last)
            response.tsig = None
            if signed:
                response.use_tsig(key.key)
                response.request_mac = query.mac
            # A TSIG of a stream covers the MAC before it.
            wire = response.to_wire(max_size=65535, multi=len(answer.messages) > 1,
                                    tsig_ctx=context)
            context = response.tsig_ctx if signed else context
            send(connection, wire)


def receive(connection):
    """One message."""
    head = exactly(connection, 2)
    return exactly(connection, struct.unpack("!H", head)[0])


def exactly(connection, length):
    """So many octets, or EOFError."""
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def send(connection, wire):
    """One message."""
    connection.sendall(struct.pack("!H", len(wire)) + wire)


# -- a client ----------------------------------------------------------------------------------


def update(server, zone, key, *changes, sign=True):
    """Sends an UPDATE of dns.update calls (("add", name, ttl, type, rdata), ...); the RCODE as
    text, or the error's name."""
    message = dns.update.UpdateMessage(zone, keyring=key.key if sign else None)
    for verb, *rest in changes:
        getattr(message, verb)(*rest)
    return exchange(server, message)


def exchange(server, message):
    """The RCODE of the answer as text; a TSIG error that the server signals by its name."""
    try:
        response = dns.query.tcp(message, server[0], 5, server[1])
    except dns.tsig.PeerError as error:
        return type(error).__name__
    except dns.message.UnknownTSIGKey:
        return "UnknownTSIGKey"
    except (EOFError, ConnectionError):
        return "closed"
    return dns.rcode.to_text(response.rcode())


def raw(server, wire, timeout=5):
    """Sends octets as one message; the answer's octets, or b"" if the connection was closed."""
    with socket.create_connection(server, timeout) as connection:
        try:
            send(connection, wire)
            return receive(connection)
        except (EOFError, ConnectionError):
            return b""


def transfer(server, zone, key):
    """The whole zone as a set of lines, without SOA; None if it is refused."""
    name = dns.name.from_text(zone)
    lines = set()
    try:
        for message in dns.query.xfr(server[0], name, "AXFR", port=server[1],
                                     keyring={dns.name.from_text(key.name): key.key},
                                     keyname=dns.name.from_text(key.name),
                                     keyalgorithm=dns.tsig.HMAC_SHA256, relativize=False,
                                     timeout=5, lifetime=10):
            for rrset in message.answer:
                if rrset.rdtype != dns.rdatatype.SOA:
                    lines.update(f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} "
                                 f"{rdata.to_text()}" for rdata in rrset)
    except (dns.query.TransferError, dns.exception.FormError, EOFError, ConnectionError):
        return None
    return lines


def serial(server, zone, key):
    """The serial in the answer to a signed SOA question; None if refused."""
    query = dns.message.make_query(zone, "SOA")
    query.use_tsig(key.key)
    try:
        response = dns.query.tcp(query, server[0], 5, server[1])
    except (dns.exception.DNSException, EOFError, OSError):
        return None
    if response.rcode() != 0 or not response.answer:
        return None
    return response.answer[0][0].serial

