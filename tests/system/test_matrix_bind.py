#!/usr/bin/python3
"""Every process with Knot and BIND, two and three providers (the table is in lab/matrix.py)."""

from lab import matrix
from lab.tap import Tap, skip_all

if matrix.missing("bind"):
    skip_all("not found: " + " ".join(matrix.missing("bind")))
with Tap() as tap:
    matrix.main(tap, "bind")
