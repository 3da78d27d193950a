# The pure core of agentd: the simulator (it links the daemon's own object files) and its teeth (the
# same sources, with faults that can be switched on).
check_PROGRAMS += tests/sim/msig-sim tests/sim/msig-sim-mutants
TESTS += tests/sim/msig-sim

sim_sources = tests/sim/main.c tests/sim/mutants.c tests/sim/oracle.c tests/sim/sim.c tests/sim/sim.h
sim_libs = libmsig/libmsig.la $(KNOT_LIBS) $(GNUTLS_LIBS)

tests_sim_msig_sim_SOURCES = $(sim_sources)
tests_sim_msig_sim_LDADD = agentd/libcore.la $(sim_libs)

tests_sim_msig_sim_mutants_SOURCES = $(sim_sources) $(agentd_libcore_la_SOURCES)
tests_sim_msig_sim_mutants_CPPFLAGS = $(AM_CPPFLAGS) -DMSIG_MUTANTS
tests_sim_msig_sim_mutants_LDADD = $(sim_libs)

# make mutants: the last line says how many of how many were caught.
mutants: tests/sim/msig-sim-mutants
	tests/sim/msig-sim-mutants -m '' -c 2000
.PHONY: mutants
