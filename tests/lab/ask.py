"""Questions to one server, with dnspython; TSIG keys; HSYNC."""

import base64
import os

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring

HSYNC = 65282
_STATE = {"ON": 1, "OFF": 2}
_NSMGMT = {"OWNER": 1, "AGENT": 2}
_SIGN = {"SIGN": 1, "NOSIGN": 2}


class Key:
    """A TSIG key of one relation, new in each run unless its secret is given."""

    def __init__(self, name, secret=None):
        self.name = name
        self.secret = secret or base64.b64encode(os.urandom(32)).decode()

    @property
    def key(self):
        """For dnspython."""
        return dns.tsig.Key(self.name, self.secret, dns.tsig.HMAC_SHA256)

    @property
    def argument(self):
        """For kdig and knsupdate: -y."""
        return f"hmac-sha256:{self.name}:{self.secret}"


def hsync(identity, state="ON", nsmgmt="AGENT", sign="SIGN", upstream="."):
    """The RDATA of an HSYNC record as stock tools read it (RFC 3597 form)."""
    wire = bytes((_STATE[state], _NSMGMT[nsmgmt], _SIGN[sign]))
    for name in (identity, upstream):
        wire += dns.name.from_text(name).to_wire()
    return f"\\# {len(wire)} {wire.hex()}"


def ask(server, name, rdtype, tcp=True, timeout=3.0, dnssec=True, rd=False):
    """The response of server (address, port) as a dns.message."""
    query = dns.message.make_query(name, rdtype, want_dnssec=dnssec, payload=1232)
    if not rd:
        query.flags &= ~dns.flags.RD
    try:
        if tcp:
            return dns.query.tcp(query, server[0], timeout, server[1])
        return dns.query.udp_with_fallback(query, server[0], timeout, server[1])[0]
    except EOFError as error:  # what dnspython says of a connection that was closed
        raise ConnectionResetError(f"{server[0]} closed the connection") from error


def rrset(response, name, rdtype, section="answer"):
    """(RRset or None, its RRSIGs or None) out of a response."""
    found = [None, None]
    for one in getattr(response, section):
        if one.name != name:
            continue
        if one.rdtype == rdtype:
            found[0] = one
        elif one.rdtype == dns.rdatatype.RRSIG and one.covers == rdtype:
            found[1] = one
    return tuple(found)


def rdata(server, name, rdtype):
    """The set of RDATA that server answers with, as text; empty for none or no answer."""
    name = dns.name.from_text(name)
    rdtype = dns.rdatatype.RdataType.make(rdtype)
    try:
        found = rrset(ask(server, name, rdtype), name, rdtype)[0]
    except (OSError, dns.exception.DNSException):
        return set()
    return {r.to_text() for r in found or ()}
