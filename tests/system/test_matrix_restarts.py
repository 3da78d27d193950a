#!/usr/bin/python3
"""Every process with every daemon and every name server killed and started again in each of its steps (the
table is in lab/matrix.py)."""

from lab import matrix
from lab.tap import Tap, skip_all

if matrix.missing("restarts"):
    skip_all("not found: " + " ".join(matrix.missing("restarts")))
with Tap() as tap:
    matrix.main(tap, "restarts")
