#!/usr/bin/python3
"""Every process with Knot and BIND, two and three providers (the table is in lab/matrix.py)."""

from lab import matrix

matrix.main("bind")
