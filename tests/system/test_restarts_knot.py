#!/usr/bin/python3
"""Every process with Knot signers alone, and everything killed and started again in each step of it
(the table is in lab/matrix.py)."""

from lab import matrix

matrix.main("knot", restarts=True)
