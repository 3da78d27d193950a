#!/usr/bin/python3
"""100,000 records through combinerd, record for record, compared by programs that are not ours; and
what a small change of a large zone costs."""

import os
import time

import combinerd_rig as lab
from lab import net, tools
from lab.tap import Tap

RECORDS = 1000000 if os.environ.get("MSIG_LARGE") else 100000
DNSKEY = f"60 DNSKEY 257 3 13 {lab.KEY[0]}"


def large_zone(serial, extra=""):
    """A zone of many kinds of records."""
    lines = [lab.zone_text(serial, extra)]
    for i in range(RECORDS // 5):
        lines.append(f"h{i} A 192.0.2.{i % 256}\nh{i} AAAA 2001:db8::{i >> 16:x}:{i & 65535:x}\n"
                     f"d{i} NS ns{i % 1000}.elsewhere.\nd{i} NS ns{i % 777}.elsewhere.org.\n"
                     f"t{i} TXT \"number {i}\" \"and so on\"\n")
    return "".join(lines)


def transferred(rig, server):
    """The lines of kdig's AXFR, sorted; the SOA without its serial, which is returned too."""
    done = tools.run("kdig", f"@{server[0]}", "-p", server[1], "-y", rig.signer.argument, "+tcp",
                     "+noall", "+answer", "+time=60", lab.ZONE, "AXFR", timeout=120)
    lines, serial = set(), None
    for line in done.stdout.splitlines():
        words = line.split()
        if not words or words[0].startswith(";"):
            continue
        if words[3] == "SOA":
            serial = int(words[6])
            words[6] = "0"
        lines.add(" ".join(words))
    return lines, serial


def memory(pid):
    """Resident octets and the peak of them."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    return [int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM")]


def write(rig, lines, name):
    """kdig's lines as a zone file."""
    path = os.path.join(rig.directory, name)
    with open(path, "w", encoding="ascii") as out:
        out.write("\n".join(sorted(lines, key=lambda line: " SOA " not in line)) + "\n")
    return path


def run(tap, rig):
    """In, out, a small change, a restart."""
    owner = lab.KnotOwner(rig)
    owner.knot.acl("signer", rig.signer, "transfer")
    owner.knot.sections["server"]["tcp-remote-io-timeout"] = 60000
    owner.start(large_zone(5))
    owner.knot.sections["zone"][0]["acl"] = ["transfer", "signer"]
    owner.knot.reload()
    net.until(lambda: lab.serial_at(rig.owner) == 5, "the owner", 60)
    rig.start()
    rig.until_serial(5, 120)
    rss, peak = memory(rig.daemon.popen.pid)
    tap.note(f"{RECORDS} records: {rss >> 20} MiB resident, peak {peak >> 20} MiB")

    begin = time.monotonic()
    got, serial = transferred(rig, rig.listen)
    tap.note(f"AXFR out through kdig: {time.monotonic() - begin:.2f} s")
    want, _ = transferred(rig, rig.owner)
    tap.equal(serial, 5, "the owner's serial")
    tap.equal(len(want), RECORDS + 8, "the owner has as many records as meant")
    lab.compare(tap, got, want, "kdig gets from combinerd, line for line, what it gets from the owner")
    if tools.find("ldns-compare-zones"):
        done = tools.run("ldns-compare-zones", "-a", write(rig, want, "want"),
                         write(rig, got, "got"), check=False, timeout=120)
        tap.ok(done.returncode == 0, "ldns-compare-zones sees no difference",
               (done.stdout + done.stderr)[-2000:])
    else:
        tap.skip("ldns-compare-zones sees no difference", "no ldns-compare-zones")

    client = lab.KnotClient(rig).start()
    net.until(lambda: lab.serial_at(rig.client) == 5, "the signer", 60)
    begin = time.monotonic()
    tap.equal(rig.change(add=[DNSKEY]), "NOERROR", "an overlay change")
    update = time.monotonic() - begin
    net.until(lambda: lab.serial_at(rig.client) == 6, "the signer", 60, 0.01)
    tap.note(f"overlay change: answered in {update * 1000:.1f} ms, at the signer after "
             f"{(time.monotonic() - begin) * 1000:.0f} ms (coalesce 50 ms)")
    tap.ok("IXFR 5 -> 6" in rig.log(), "goes out as IXFR", rig.daemon.tail)
    tap.ok(update < 1, "and does not cost what the zone costs", f"{update} s")

    begin = time.monotonic()
    owner.serve(large_zone(7, "new A 192.0.2.1\n"))
    rig.until_serial(7, 60)
    [line] = [x for x in rig.log().splitlines() if "IXFR from" in x][-1:]
    tap.ok("5 records" in line, "a change of one record comes in as IXFR of one", line)
    net.until(lambda: lab.serial_at(rig.client) == 7, "the signer", 60)
    got, _ = transferred(rig, rig.client)
    want, _ = transferred(rig, rig.listen)
    lab.compare(tap, got, want, "after IXFR in and out the signer has what combinerd has")
    owners, _ = transferred(rig, rig.owner)
    tap.equal(len(got - owners), 1, "which is what the owner has, and one key")
    tap.equal(len(owners - got), 0, "and nothing less")

    rig.kill()
    begin = time.monotonic()
    rig.start()
    tap.note(f"restart: {time.monotonic() - begin:.2f} s")
    again, serial = transferred(rig, rig.listen)
    tap.equal((serial, again == want), (7, True), "kill -9: the same content under the same serial")
    client.stop()


with Tap() as t:
    lab.without("knotd", "knotc", "kdig")
    with lab.Rig() as r:
        run(t, r)
