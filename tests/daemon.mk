# Tests of libmsig/daemon and of the message table.
if HAVE_CMOCKA
daemon_tests = \
	tests/unit/test_bus \
	tests/unit/test_conf \
	tests/unit/test_ctl \
	tests/unit/test_db \
	tests/unit/test_dnsio \
	tests/unit/test_log \
	tests/unit/test_loop \
	tests/unit/test_msg \
	tests/unit/test_proc \
	tests/unit/test_tsig
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)
EXTRA_DIST += tests/unit/unit.h
daemon_test_libs = libmsig/daemon/libmsigd.la libmsig/libmsig.la $(CMOCKA_LIBS) $(KNOT_LIBS)
tests_unit_test_bus_LDADD = $(daemon_test_libs) $(ZMQ_LIBS)
tests_unit_test_conf_LDADD = $(daemon_test_libs)
tests_unit_test_ctl_LDADD = $(daemon_test_libs) $(JANSSON_LIBS)
tests_unit_test_db_LDADD = $(daemon_test_libs)
tests_unit_test_dnsio_LDADD = $(daemon_test_libs)
tests_unit_test_loop_LDADD = $(daemon_test_libs)
tests_unit_test_proc_LDADD = $(daemon_test_libs)
tests_unit_test_tsig_LDADD = $(daemon_test_libs)
tests_unit_test_log_LDADD = $(daemon_test_libs)
tests_unit_test_msg_LDADD = $(daemon_test_libs)
endif

# Figures of the daemons' common part.
BENCHES += tests/bench/bench_daemon
EXTRA_PROGRAMS += tests/bench/bench_daemon
tests_bench_bench_daemon_LDADD = libmsig/daemon/libmsigd.la libmsig/libmsig.la $(KNOT_LIBS)

# Key files and TSIG, fuzzed.
daemon_fuzz_libs = libmsig/daemon/libmsigd.la libmsig/libmsig.la $(KNOT_LIBS)
if FUZZING
FUZZERS += \
	tests/fuzz/fuzz_keyfile \
	tests/fuzz/fuzz_tsig
tests_fuzz_fuzz_keyfile_LDADD = $(daemon_fuzz_libs)
tests_fuzz_fuzz_keyfile_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_tsig_LDADD = $(daemon_fuzz_libs)
tests_fuzz_fuzz_tsig_LDFLAGS = $(fuzz_ldflags)
else
daemon_replays = \
	tests/fuzz/replay_keyfile \
	tests/fuzz/replay_tsig
check_PROGRAMS += $(daemon_replays)
TESTS += $(daemon_replays)
tests_fuzz_replay_keyfile_SOURCES = tests/fuzz/fuzz_keyfile.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_keyfile_LDADD = $(daemon_fuzz_libs)
tests_fuzz_replay_tsig_SOURCES = tests/fuzz/fuzz_tsig.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_tsig_LDADD = $(daemon_fuzz_libs)
endif
EXTRA_DIST += \
	tests/fuzz/corpus/fuzz_keyfile/bind \
	tests/fuzz/corpus/fuzz_keyfile/bind-comments \
	tests/fuzz/corpus/fuzz_keyfile/knot \
	tests/fuzz/corpus/fuzz_keyfile/line \
	tests/fuzz/corpus/fuzz_keyfile/other \
	tests/fuzz/corpus/fuzz_tsig/cut \
	tests/fuzz/corpus/fuzz_tsig/empty-mac \
	tests/fuzz/corpus/fuzz_tsig/never-old \
	tests/fuzz/corpus/fuzz_tsig/none \
	tests/fuzz/corpus/fuzz_tsig/old \
	tests/fuzz/corpus/fuzz_tsig/other-algorithm \
	tests/fuzz/corpus/fuzz_tsig/unknown-key
