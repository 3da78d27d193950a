#!/usr/bin/python3
"""Every process with Knot signers alone, two and three of them (the table is in lab/matrix.py)."""

from lab import matrix
from lab.tap import Tap, skip_all

if matrix.missing("knot"):
    skip_all("not found: " + " ".join(matrix.missing("knot")))
with Tap() as tap:
    matrix.main(tap, "knot")
