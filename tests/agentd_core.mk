# The pure core of agentd: the simulator (it is built of the daemon's own sources, and optimised as one
# program: an eighth less time for a schedule) and its teeth (the same sources, with faults that
# can be switched on).
check_PROGRAMS += tests/sim/msig-sim tests/sim/msig-sim-mutants
TESTS += tests/sim/test_sim.py
EXTRA_DIST += tests/sim/suite.idle tests/sim/test_sim.py

sim_sources = \
	tests/sim/agent.c tests/sim/claims.c tests/sim/coverage.c tests/sim/coverage.h tests/sim/events.c tests/sim/mail.c tests/sim/main.c \
	tests/sim/mutants.c tests/sim/teeth.c tests/sim/teeth.h tests/sim/oracle.c tests/sim/oracle_agents.c tests/sim/oracle_end.c tests/sim/oracle_records.c \
	tests/sim/points.h tests/sim/sets.c tests/sim/show.c tests/sim/shrink.c tests/sim/shrink.h \
	tests/sim/sim.c tests/sim/sim.h tests/sim/sim_int.h tests/sim/world.c tests/sim/world_combiner.c \
	tests/sim/world_fault.c tests/sim/world_int.h tests/sim/world_key.c tests/sim/world_make.c \
	tests/sim/world_only.c tests/sim/world_operator.c tests/sim/world_owner.c tests/sim/world_parent.c \
	tests/sim/world_signer.c tests/sim/world_store.c
sim_libs = libmsig/libmsig.la $(KNOT_LIBS) $(GNUTLS_LIBS)

tests_sim_msig_sim_SOURCES = $(sim_sources) $(agentd_libcore_la_SOURCES) tests/sim/mutations.c tests/sim/mutations.h
tests_sim_msig_sim_CFLAGS = $(AM_CFLAGS) $(LTO_CFLAGS)
tests_sim_msig_sim_LDFLAGS = $(AM_LDFLAGS) $(LTO_CFLAGS)
tests_sim_msig_sim_LDADD = combinerd/libcombiner.la $(sim_libs)

# The same core with MSIG_MUTANTS, once for all that links it.
check_LTLIBRARIES += tests/sim/libmutant.la
tests_sim_libmutant_la_SOURCES = $(agentd_libcore_la_SOURCES) tests/sim/mutations.c tests/sim/mutations.h
tests_sim_libmutant_la_CPPFLAGS = $(AM_CPPFLAGS) -DMSIG_MUTANTS
tests_sim_msig_sim_mutants_SOURCES = $(sim_sources)
tests_sim_msig_sim_mutants_CPPFLAGS = $(AM_CPPFLAGS) -DMSIG_MUTANTS
tests_sim_msig_sim_mutants_LDADD = tests/sim/libmutant.la combinerd/libcombiner.la $(sim_libs)

# What a damaged database makes of a zone; see tests/agentd.mk for the others of agentd.
core_fuzz_libs = agentd/libcore.la libmsig/libmsig.la $(KNOT_LIBS) $(GNUTLS_LIBS)
if FUZZING
FUZZERS += tests/fuzz/fuzz_durable
tests_fuzz_fuzz_durable_LDADD = $(core_fuzz_libs)
tests_fuzz_fuzz_durable_LDFLAGS = $(fuzz_ldflags)
else
check_PROGRAMS += tests/fuzz/replay_durable
TESTS += tests/fuzz/replay_durable
tests_fuzz_replay_durable_SOURCES = tests/fuzz/fuzz_durable.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_durable_LDADD = $(core_fuzz_libs)
endif
EXTRA_DIST += \
	tests/fuzz/corpus/fuzz_durable/joins \
	tests/fuzz/corpus/fuzz_durable/leads \
	tests/fuzz/corpus/fuzz_durable/rests \
	tests/fuzz/corpus/fuzz_durable/rolls \
	tests/fuzz/corpus/fuzz_durable/version3

if HAVE_CMOCKA
core_tests = \
	tests/unit/test_view \
	tests/unit/test_hold \
	tests/unit/test_safety \
	tests/unit/test_share \
	tests/unit/test_parent \
	tests/unit/test_operator \
	tests/unit/test_outlook \
	tests/unit/test_process \
	tests/unit/test_steps \
	tests/unit/test_roll \
	tests/unit/test_agree \
	tests/unit/test_elect \
	tests/unit/test_lead \
	tests/unit/test_ways \
	tests/unit/test_standing \
	tests/unit/test_stays \
	tests/unit/test_takes \
	tests/unit/test_forgotten \
	tests/unit/test_put_back \
	tests/unit/test_named \
	tests/unit/test_rest \
	tests/unit/test_endings \
	tests/unit/test_algorithm \
	tests/unit/test_tags \
	tests/unit/test_elsewhere \
	tests/unit/test_home \
	tests/unit/test_crowd \
	tests/unit/test_unsigned \
	tests/unit/test_decide
check_PROGRAMS += $(core_tests)
TESTS += $(core_tests)
core_bench = tests/unit/bench.c tests/unit/bench.h tests/sim/mutations.c tests/sim/mutations.h
core_scene = tests/unit/scene.c tests/unit/scene.h tests/unit/unit.h $(core_bench)
core_test_libs = agentd/libcore.la libmsig/libmsig.la $(CMOCKA_LIBS) $(KNOT_LIBS) $(GNUTLS_LIBS)
tests_unit_test_view_SOURCES = tests/unit/test_view.c $(core_bench)
tests_unit_test_view_LDADD = $(core_test_libs)
tests_unit_test_hold_SOURCES = tests/unit/test_hold.c $(core_bench)
tests_unit_test_hold_LDADD = $(core_test_libs)
tests_unit_test_safety_SOURCES = tests/unit/test_safety.c $(core_bench)
tests_unit_test_safety_LDADD = $(core_test_libs)
tests_unit_test_parent_SOURCES = tests/unit/test_parent.c $(core_scene)
tests_unit_test_parent_LDADD = $(core_test_libs)
tests_unit_test_share_SOURCES = tests/unit/test_share.c $(core_scene)
tests_unit_test_share_LDADD = $(core_test_libs)
tests_unit_test_operator_SOURCES = tests/unit/test_operator.c $(core_scene)
tests_unit_test_operator_LDADD = $(core_test_libs)
tests_unit_test_outlook_SOURCES = tests/unit/test_outlook.c $(core_bench)
tests_unit_test_outlook_LDADD = $(core_test_libs)
tests_unit_test_process_SOURCES = tests/unit/test_process.c $(core_bench)
tests_unit_test_process_LDADD = $(core_test_libs)
tests_unit_test_steps_SOURCES = tests/unit/test_steps.c tests/sim/mutations.c tests/sim/mutations.h
tests_unit_test_steps_LDADD = $(core_test_libs)
tests_unit_test_roll_SOURCES = tests/unit/test_roll.c $(core_bench)
tests_unit_test_roll_LDADD = $(core_test_libs)
tests_unit_test_agree_SOURCES = tests/unit/test_agree.c $(core_scene)
tests_unit_test_agree_LDADD = $(core_test_libs)
tests_unit_test_elect_SOURCES = tests/unit/test_elect.c tests/unit/durable_v3.h $(core_bench)
tests_unit_test_elect_LDADD = $(core_test_libs)
tests_unit_test_lead_SOURCES = tests/unit/test_lead.c $(core_scene)
tests_unit_test_lead_LDADD = $(core_test_libs)
tests_unit_test_ways_SOURCES = tests/unit/test_ways.c $(core_scene)
tests_unit_test_ways_LDADD = $(core_test_libs)
tests_unit_test_standing_SOURCES = tests/unit/test_standing.c $(core_scene)
tests_unit_test_standing_LDADD = $(core_test_libs)
tests_unit_test_stays_SOURCES = tests/unit/test_stays.c $(core_scene)
tests_unit_test_stays_LDADD = $(core_test_libs)
tests_unit_test_takes_SOURCES = tests/unit/test_takes.c $(core_scene)
tests_unit_test_takes_LDADD = $(core_test_libs)
tests_unit_test_forgotten_SOURCES = tests/unit/test_forgotten.c $(core_scene)
tests_unit_test_forgotten_LDADD = $(core_test_libs)
tests_unit_test_put_back_SOURCES = tests/unit/test_put_back.c $(core_scene)
tests_unit_test_put_back_LDADD = $(core_test_libs)
tests_unit_test_named_SOURCES = tests/unit/test_named.c $(core_scene)
tests_unit_test_named_LDADD = $(core_test_libs)
tests_unit_test_rest_SOURCES = tests/unit/test_rest.c $(core_scene)
tests_unit_test_rest_LDADD = $(core_test_libs)
tests_unit_test_algorithm_SOURCES = tests/unit/test_algorithm.c $(core_scene)
tests_unit_test_algorithm_LDADD = $(core_test_libs)
tests_unit_test_tags_SOURCES = tests/unit/test_tags.c $(core_scene)
tests_unit_test_tags_LDADD = $(core_test_libs)
tests_unit_test_elsewhere_SOURCES = tests/unit/test_elsewhere.c $(core_scene)
tests_unit_test_elsewhere_LDADD = $(core_test_libs)
tests_unit_test_home_SOURCES = tests/unit/test_home.c $(core_scene)
tests_unit_test_home_LDADD = $(core_test_libs)
tests_unit_test_crowd_SOURCES = tests/unit/test_crowd.c $(core_scene)
tests_unit_test_crowd_LDADD = $(core_test_libs)
tests_unit_test_unsigned_SOURCES = tests/unit/test_unsigned.c $(core_scene)
tests_unit_test_unsigned_LDADD = $(core_test_libs)
tests_unit_test_endings_SOURCES = tests/unit/test_endings.c $(core_scene)
tests_unit_test_endings_LDADD = $(core_test_libs)
tests_unit_test_decide_SOURCES = tests/unit/test_decide.c $(core_bench)
tests_unit_test_decide_LDADD = $(core_test_libs)

check_PROGRAMS += $(mutant_tests)
mutant_tests = tests/unit/mutant_view tests/unit/mutant_hold tests/unit/mutant_safety tests/unit/mutant_share \
	tests/unit/mutant_operator tests/unit/mutant_process tests/unit/mutant_steps tests/unit/mutant_roll \
	tests/unit/mutant_agree tests/unit/mutant_decide tests/unit/mutant_elect tests/unit/mutant_lead \
	tests/unit/mutant_ways tests/unit/mutant_standing tests/unit/mutant_forgotten
mutant_scene = tests/unit/scene.c tests/unit/scene.h tests/unit/bench.c tests/unit/bench.h
tests_unit_mutant_view_SOURCES = tests/unit/test_view.c tests/unit/bench.c tests/unit/bench.h
tests_unit_mutant_view_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_hold_SOURCES = tests/unit/test_hold.c tests/unit/bench.c tests/unit/bench.h
tests_unit_mutant_hold_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_safety_SOURCES = tests/unit/test_safety.c tests/unit/bench.c tests/unit/bench.h
tests_unit_mutant_safety_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_share_SOURCES = tests/unit/test_share.c $(mutant_scene)
tests_unit_mutant_share_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_operator_SOURCES = tests/unit/test_operator.c $(mutant_scene)
tests_unit_mutant_operator_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_process_SOURCES = tests/unit/test_process.c tests/unit/bench.c tests/unit/bench.h
tests_unit_mutant_process_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_steps_SOURCES = tests/unit/test_steps.c
tests_unit_mutant_steps_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_roll_SOURCES = tests/unit/test_roll.c tests/unit/bench.c tests/unit/bench.h
tests_unit_mutant_roll_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_agree_SOURCES = tests/unit/test_agree.c $(mutant_scene)
tests_unit_mutant_agree_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_elect_SOURCES = tests/unit/test_elect.c tests/unit/bench.c tests/unit/bench.h
tests_unit_mutant_elect_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_lead_SOURCES = tests/unit/test_lead.c $(mutant_scene)
tests_unit_mutant_lead_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_ways_SOURCES = tests/unit/test_ways.c $(mutant_scene)
tests_unit_mutant_ways_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_standing_SOURCES = tests/unit/test_standing.c $(mutant_scene)
tests_unit_mutant_standing_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_forgotten_SOURCES = tests/unit/test_forgotten.c $(mutant_scene)
tests_unit_mutant_forgotten_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
tests_unit_mutant_decide_SOURCES = tests/unit/test_decide.c tests/unit/bench.c tests/unit/bench.h
tests_unit_mutant_decide_LDADD = tests/sim/libmutant.la $(sim_libs) $(CMOCKA_LIBS)
endif

# make mutants: every guard, hold and rule of the core is switched off in turn; the last line says how
# many of how many the tests and the simulator noticed. MUTANTS=-a: all tests and the simulator run for
# all; MUTANTS=-d: the table of doc/mutants.md.
mutants: $(check_LTLIBRARIES) $(check_PROGRAMS)
	$(SHELL) $(srcdir)/tests/sim/mutants.sh $(MUTANTS)
.PHONY: mutants
FULL_TESTS += tests/sim/mutants.sh
EXTRA_DIST += tests/sim/mutants.sh tests/sim/mutants.awk tests/sim/mutants.seeds
