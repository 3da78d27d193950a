#!/usr/bin/python3
"""Every process with Knot signers alone, two and three of them (the table is in lab/matrix.py)."""

from lab import matrix

matrix.main("knot")
