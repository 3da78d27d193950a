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

if HAVE_CMOCKA
core_tests = \
	tests/unit/test_view \
	tests/unit/test_hold \
	tests/unit/test_safety \
	tests/unit/test_process \
	tests/unit/test_agree \
	tests/unit/test_decide
check_PROGRAMS += $(core_tests)
TESTS += $(core_tests)
core_bench = tests/unit/bench.c tests/unit/bench.h
core_test_libs = agentd/libcore.la libmsig/libmsig.la $(CMOCKA_LIBS) $(KNOT_LIBS) $(GNUTLS_LIBS)
tests_unit_test_view_SOURCES = tests/unit/test_view.c $(core_bench)
tests_unit_test_view_LDADD = $(core_test_libs)
tests_unit_test_hold_SOURCES = tests/unit/test_hold.c $(core_bench)
tests_unit_test_hold_LDADD = $(core_test_libs)
tests_unit_test_safety_SOURCES = tests/unit/test_safety.c $(core_bench)
tests_unit_test_safety_LDADD = $(core_test_libs)
tests_unit_test_process_SOURCES = tests/unit/test_process.c $(core_bench)
tests_unit_test_process_LDADD = $(core_test_libs)
tests_unit_test_agree_SOURCES = tests/unit/test_agree.c $(core_bench)
tests_unit_test_agree_LDADD = $(core_test_libs)
tests_unit_test_decide_SOURCES = tests/unit/test_decide.c $(core_bench)
tests_unit_test_decide_LDADD = $(core_test_libs)
endif
