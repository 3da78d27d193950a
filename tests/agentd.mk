# Tests of agentd's shell.
if HAVE_CMOCKA
agentd_tests = \
	tests/unit/test_peer \
	tests/unit/test_discover \
	tests/unit/test_egress \
	tests/unit/test_denial \
	tests/unit/test_sig0key \
	tests/unit/test_agent_store \
	tests/unit/test_agents \
	tests/unit/test_doctor
check_PROGRAMS += $(agentd_tests)
TESTS += $(agentd_tests)
agentd_test_libs = agentd/libagentd.la agentd/libcore.la libmsig/daemon/libmsigd.la libmsig/libmsig.la \
	$(CMOCKA_LIBS) $(KNOT_LIBS) $(JANSSON_LIBS) $(GNUTLS_LIBS)
tests_unit_test_peer_LDADD = $(agentd_test_libs)
tests_unit_test_discover_LDADD = $(agentd_test_libs)
tests_unit_test_egress_LDADD = $(agentd_test_libs)
tests_unit_test_sig0key_LDADD = $(agentd_test_libs)
tests_unit_test_denial_LDADD = $(agentd_test_libs)
EXTRA_DIST += tests/data/denial/nsec.zone tests/data/denial/nsec3.zone \
	tests/data/denial/optout.zone
tests_unit_test_agent_store_LDADD = $(agentd_test_libs)
tests_unit_test_agents_SOURCES = tests/unit/test_agents.c tests/unit/agentworld.c \
	tests/unit/agentworld.h
tests_unit_test_agents_LDADD = $(agentd_test_libs)
tests_unit_test_doctor_SOURCES = tests/unit/test_doctor.c tests/unit/bench.c tests/unit/bench.h \
	tests/sim/mutations.c tests/sim/mutations.h
tests_unit_test_doctor_LDADD = $(agentd_test_libs)
endif

agentd_system_tests = \
	tests/system/test_agentd_discovery.py \
	tests/system/test_agentd_hsync.py \
	tests/system/test_agentd_reload.py \
	tests/system/test_agentd_state.py \
	tests/system/test_database.py \
	tests/system/test_doctor.py \
	tests/system/test_ds_keep.py \
	tests/system/test_egress.py \
	tests/system/test_operator.py \
	tests/system/test_parent.py
agentd_long_tests = \
	tests/system/test_database_leave.py \
	tests/system/test_flipped.py
dist_check_SCRIPTS += $(agentd_system_tests) $(agentd_long_tests)
TESTS += $(agentd_system_tests)
FULL_TESTS += $(agentd_long_tests)

agentd_fuzz_libs = agentd/libagentd.la agentd/libcore.la libmsig/daemon/libmsigd.la \
	libmsig/libmsig.la $(KNOT_LIBS) $(JANSSON_LIBS) $(GNUTLS_LIBS)
if FUZZING
FUZZERS += \
	tests/fuzz/fuzz_denial \
	tests/fuzz/fuzz_discover
tests_fuzz_fuzz_denial_LDADD = $(agentd_fuzz_libs)
tests_fuzz_fuzz_denial_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_discover_LDADD = $(agentd_fuzz_libs)
tests_fuzz_fuzz_discover_LDFLAGS = $(fuzz_ldflags)
else
agentd_replays = \
	tests/fuzz/replay_denial \
	tests/fuzz/replay_discover
check_PROGRAMS += $(agentd_replays)
TESTS += $(agentd_replays)
tests_fuzz_replay_denial_SOURCES = tests/fuzz/fuzz_denial.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_denial_LDADD = $(agentd_fuzz_libs)
tests_fuzz_replay_discover_SOURCES = tests/fuzz/fuzz_discover.c tests/fuzz/replay.c \
	tests/fuzz/fuzz.h
tests_fuzz_replay_discover_LDADD = $(agentd_fuzz_libs)
endif
EXTRA_DIST += \
	tests/fuzz/corpus/fuzz_denial/nsec \
	tests/fuzz/corpus/fuzz_denial/nsec3 \
	tests/fuzz/corpus/fuzz_denial/optout \
	tests/fuzz/corpus/fuzz_discover/addresses \
	tests/fuzz/corpus/fuzz_discover/alias \
	tests/fuzz/corpus/fuzz_discover/hints \
	tests/fuzz/corpus/fuzz_discover/hints6 \
	tests/fuzz/corpus/fuzz_discover/insecure
