#!/bin/sh
# What the suite runs of the simulator, on processors that tests that have to keep time leave idle. A
# script, because make looks at the sources of a program before it runs it, and begins with other
# tests meanwhile: the longest would be the last.
command -v chrt >/dev/null && exec chrt --idle 0 ./tests/sim/msig-sim
exec nice -n 19 ./tests/sim/msig-sim
