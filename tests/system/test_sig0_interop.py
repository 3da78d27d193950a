#!/usr/bin/python3
"""SIG(0) against others: nsupdate and dig sign and we verify; we sign, and an independent reading
of RFC 2931 here (on python3-cryptography) and Perl's Net::DNS::SEC verify."""

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lab.tap import Tap, skip_all  # noqa: E402

BUILD = os.environ.get("top_builddir", ".")
TOOL = os.path.join(BUILD, "tests/system/sig0tool")


def tool(*args):
    """Runs sig0tool; what it printed."""
    return subprocess.run([TOOL, *args], stdout=subprocess.PIPE, timeout=60, check=False,
                          text=True).stdout.strip()


# An implementation of our own from the RFC's text, sharing nothing with libmsig.

def skip_name(wire, at):
    """The octet behind a name."""
    while wire[at]:
        if wire[at] & 0xc0:
            return at + 2
        at += 1 + wire[at]
    return at + 1


def split(wire):
    """Message without its SIG(0), rdata before the signature, signature."""
    counts = struct.unpack(">4H", wire[4:12])
    at = 12
    for _ in range(counts[0]):
        at = skip_name(wire, at) + 4
    for _ in range(sum(counts[1:])):
        start = at
        at = skip_name(wire, at)
        rtype, rclass, ttl, rdlen = struct.unpack(">HHIH", wire[at:at + 10])
        rdata = wire[at + 10:at + 10 + rdlen]
        at += 10 + rdlen
    assert (rtype, rclass, ttl, wire[start], at) == (24, 255, 0, 0, len(wire))
    end = skip_name(rdata, 18)
    bare = bytearray(wire[:start])
    bare[10:12] = struct.pack(">H", counts[3] - 1)
    return bytes(bare), rdata[:end], rdata[end:]


def tag_of(key):
    """RFC 4034 appendix B."""
    total = sum(b << 8 if i % 2 == 0 else b for i, b in enumerate(key))
    return (total + (total >> 16 & 0xffff)) & 0xffff


def verify(key, wire, request=b""):
    """Whether the signature is good; request for a response."""
    # pylint: disable=import-outside-toplevel
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

    bare, head, signature = split(wire)
    if struct.unpack(">H", head[16:18])[0] != tag_of(key):
        return False
    data = head[:18] + head[18:].lower() + request + bare
    try:
        if key[3] == 15:
            ed25519.Ed25519PublicKey.from_public_bytes(key[4:]).verify(signature, data)
        else:
            numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(key[4:36], "big"),
                                                    int.from_bytes(key[36:], "big"),
                                                    ec.SECP256R1())
            der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                             int.from_bytes(signature[32:], "big"))
            numbers.public_key().verify(der, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


PERL = r"""
use Net::DNS; use Net::DNS::SEC;
my ($name, $key, $hex) = @ARGV;
my $wire = pack('H*', $hex);
my $packet = Net::DNS::Packet->new(\$wire);
my $rr = Net::DNS::RR->new("$name KEY $key");
my ($sig) = grep { $_->type eq 'SIG' } $packet->additional;
print $sig->verify($packet, $rr) ? "ok\n" : $sig->vrfyerrstr . "\n";
"""


def perl(name, key, wire):
    """What Net::DNS::SEC says."""
    import base64  # pylint: disable=import-outside-toplevel
    text = f"{key[0] << 8 | key[1]} {key[2]} {key[3]} {base64.b64encode(key[4:]).decode()}"
    return subprocess.run(["perl", "-e", PERL, name, text, wire.hex()], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False, text=True).stdout.strip()


def capture(command, feed):
    """The message that a program sends to a server that is us, over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(20)
        port = sock.getsockname()[1]
        got = []

        def serve():
            try:
                wire, peer = sock.recvfrom(65535)
                got.append(wire)
                sock.sendto(wire[:2] + b"\xa8\x05" + bytes(8), peer)
            except OSError:
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        subprocess.run([a.replace("PORT", str(port)) for a in command], check=False, timeout=60,
                       input=feed.replace("PORT", str(port)).encode(),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        thread.join()
        return got[0] if got else b""


def foreign(t, algorithm, folder):
    """nsupdate and dig sign with a key of dnssec-keygen."""
    base = subprocess.run(["dnssec-keygen", "-q", "-K", folder, "-a", algorithm, "-T", "KEY",
                           "-n", "HOST", "Ns1.P1.example."], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=60, check=True, text=True).stdout.strip()
    path = os.path.join(folder, base)
    key = tool("bind", path + ".key", path + ".private")
    tag = int(base.rsplit("+", 1)[1])
    t.equal(tag_of(bytes.fromhex(key)), tag, f"{algorithm}: the key file reads as it was written")
    for command, feed in (
            (["nsupdate", "-k", path + ".private"],
             "server 127.0.0.1 PORT\nzone shop.example.\nupdate add shop.example. 300 NS a.example.\nsend\n"),
            (["dig", "-k", path + ".private", "@127.0.0.1", "-p", "PORT", "+tries=1", "+time=2",
              "shop.example.", "ANY", "+notcp"], "")):
        wire = capture(command, feed)
        t.equal(tool("verify", key, wire.hex()), f"ok ns1.p1.example. {tag}",
                f"{algorithm}: signed by {command[0]}, verified here")
        spoilt = wire[:14] + bytes([wire[14] ^ 1]) + wire[15:]
        t.equal(tool("verify", key, spoilt.hex()), "signature does not verify",
                f"{algorithm}: changed on the way from {command[0]}, refused here")


def own(t, algorithm, folder):
    """We sign, others verify."""
    pem, key = re.fullmatch(r"(.*\n)([0-9a-f]+)", tool("generate", "ns1.p1.example.", algorithm),
                            re.S).groups()
    path = os.path.join(folder, f"{algorithm}.pem")
    with open(path, "w", encoding="ascii") as out:
        out.write(pem)
    public = bytes.fromhex(key)
    plain = tool("hello", "msa.p1.example.", "shop.example.")
    request = tool("sign", "ns1.p1.example.", path, plain)
    answer = plain[:4] + "a400" + plain[8:]
    response = tool("sign", "ns1.p1.example.", path, answer, request)
    wire = bytes.fromhex(request)
    t.ok(verify(public, wire), f"algorithm {algorithm}: our request verifies by the RFC's text")
    t.ok(not verify(public, wire[:14] + b"x" + wire[15:]),
         f"algorithm {algorithm}: and not when it was changed")
    t.ok(verify(public, bytes.fromhex(response), wire),
         f"algorithm {algorithm}: our response verifies over the whole request")
    t.ok(not verify(public, bytes.fromhex(response), bytes.fromhex(plain)),
         f"algorithm {algorithm}: and not over the request without its SIG(0)")
    have = subprocess.run(["perl", "-MNet::DNS::SEC", "-e", "1"], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0
    if not have:
        t.skip(f"algorithm {algorithm}: Net::DNS::SEC verifies our request",
               "libnet-dns-sec-perl is not installed")
        return
    t.equal(perl("ns1.p1.example.", public, wire), "ok",
            f"algorithm {algorithm}: Net::DNS::SEC verifies our request")
    spoilt = wire[:14] + b"x" + wire[15:]
    t.ok(perl("ns1.p1.example.", public, spoilt) != "ok",
         f"algorithm {algorithm}: and refuses it when it was changed")


if any(shutil.which(p) is None for p in ("dnssec-keygen", "nsupdate", "dig", "perl")):
    skip_all("bind9-utils, bind9-dnsutils and perl are needed")

with Tap() as tap, tempfile.TemporaryDirectory() as scratch:
    for name in ("ED25519", "ECDSAP256SHA256"):
        foreign(tap, name, scratch)
    for number in ("15", "13"):
        own(tap, number, scratch)
