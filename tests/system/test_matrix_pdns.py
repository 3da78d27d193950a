#!/usr/bin/python3
"""Every process with Knot and PowerDNS, two and three providers (the table is in lab/matrix.py)."""

from lab import matrix
from lab.tap import Tap, skip_all

if matrix.missing("pdns"):
    skip_all("not found: " + " ".join(matrix.missing("pdns")))
with Tap() as tap:
    matrix.main(tap, "pdns")
