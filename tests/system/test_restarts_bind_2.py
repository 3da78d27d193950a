#!/usr/bin/python3
"""Every process with BIND among the signers, and everything killed and started again in each step of it
(the table is in lab/matrix.py). One half of the groups."""

from lab import matrix

matrix.main("bind", restarts=True, part=(1, 2))
