#!/usr/bin/python3
"""Every process with every daemon and every name server killed and started again in each of its steps (the
table is in lab/matrix.py)."""

from lab import matrix

matrix.main("restarts", restarts=True)
