"""The lab: a small Internet of real name servers on 127.53.x.y, and a watcher that judges it.

    tools      where the programs are           net        addresses, waiting for conditions
    proc       children that die with us        ask        questions to a server, TSIG keys, HSYNC
    knot       a Knot server                    unbound    a validating resolver
    rig        parent, owner, providers         scanner    the parent's CDS and CSYNC scanner
    watcher    resolvers that ask and count     recorder   everything that was served
    invariants S1 and S2 on the records         judge      the three of them as one
    byhand     a join with knsupdate            msig       the daemons of a provider
    world      all of it, up and quiet          tap        the output of the tests
    demo       the acts of ./demo               screen     what it prints
    claims     what every join must show

Everything runs unprivileged, in one temporary directory, from programs that setup.sh unpacked.
"""
