"""The lab: a small Internet of real name servers on 127.53.x.y, and a watcher that judges it.

    tools     where the programs are
    net       addresses of one run, waiting for conditions
    proc      child processes that cannot outlive us
    tap       the tests' output

Everything runs unprivileged, in one temporary directory, from programs that setup.sh unpacked.
"""
