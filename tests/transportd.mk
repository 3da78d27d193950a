# Tests of transportd, and the tool that speaks on the bus in a daemon's place.
if HAVE_CMOCKA
transportd_tests = \
	tests/unit/test_budget \
	tests/unit/test_cheap \
	tests/unit/test_look \
	tests/unit/test_peertable \
	tests/unit/test_sketch \
	tests/unit/test_stream
check_PROGRAMS += $(transportd_tests)
TESTS += $(transportd_tests)
transportd_test_libs = transportd/libtransport.la libmsig/daemon/libmsigd.la libmsig/libmsig.la \
	$(CMOCKA_LIBS) $(KNOT_LIBS)
tests_unit_test_budget_LDADD = $(transportd_test_libs)
tests_unit_test_cheap_LDADD = $(transportd_test_libs)
tests_unit_test_look_LDADD = $(transportd_test_libs)
tests_unit_test_peertable_LDADD = $(transportd_test_libs)
tests_unit_test_sketch_LDADD = $(transportd_test_libs)
tests_unit_test_stream_LDADD = $(transportd_test_libs)
endif

# Plays a daemon on the bus; tests/lab/bus.py drives it.
noinst_PROGRAMS += tests/tools/busctl
tests_tools_busctl_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_tools_busctl_LDADD = libmsig/daemon/libmsigd.la libmsig/libmsig.la $(KNOT_LIBS) $(JANSSON_LIBS)

EXTRA_DIST += tests/lab/bus.py tests/lab/sig0.py tests/lab/tcp.py
transportd_system_tests = \
	tests/system/test_transportd_limits.py \
	tests/system/test_transportd_observe.py \
	tests/system/test_transportd_peer.py \
	tests/system/test_transportd_signer.py \
	tests/system/test_transportd_supervise.py
dist_check_SCRIPTS += $(transportd_system_tests)
TESTS += $(transportd_system_tests)

# What comes from outside: in every build the seeds and simple mutations of them.
transportd_fuzz_libs = transportd/libtransport.la libmsig/daemon/libmsigd.la libmsig/libmsig.la $(KNOT_LIBS)
if FUZZING
FUZZERS += \
	tests/fuzz/fuzz_cheap \
	tests/fuzz/fuzz_look \
	tests/fuzz/fuzz_stream
tests_fuzz_fuzz_cheap_LDADD = $(transportd_fuzz_libs)
tests_fuzz_fuzz_cheap_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_look_LDADD = $(transportd_fuzz_libs)
tests_fuzz_fuzz_look_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_stream_LDADD = $(transportd_fuzz_libs)
tests_fuzz_fuzz_stream_LDFLAGS = $(fuzz_ldflags)
else
transportd_replays = \
	tests/fuzz/replay_cheap \
	tests/fuzz/replay_look \
	tests/fuzz/replay_stream
check_PROGRAMS += $(transportd_replays)
TESTS += $(transportd_replays)
tests_fuzz_replay_cheap_SOURCES = tests/fuzz/fuzz_cheap.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_cheap_LDADD = $(transportd_fuzz_libs)
tests_fuzz_replay_look_SOURCES = tests/fuzz/fuzz_look.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_look_LDADD = $(transportd_fuzz_libs)
tests_fuzz_replay_stream_SOURCES = tests/fuzz/fuzz_stream.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_stream_LDADD = $(transportd_fuzz_libs)
endif
EXTRA_DIST += \
	tests/fuzz/corpus/fuzz_cheap/expired \
	tests/fuzz/corpus/fuzz_cheap/hello \
	tests/fuzz/corpus/fuzz_cheap/no-option \
	tests/fuzz/corpus/fuzz_cheap/pull \
	tests/fuzz/corpus/fuzz_cheap/unsigned \
	tests/fuzz/corpus/fuzz_look/absent \
	tests/fuzz/corpus/fuzz_look/alias \
	tests/fuzz/corpus/fuzz_look/bogus \
	tests/fuzz/corpus/fuzz_look/insecure \
	tests/fuzz/corpus/fuzz_look/nxdomain \
	tests/fuzz/corpus/fuzz_look/referral \
	tests/fuzz/corpus/fuzz_look/refused \
	tests/fuzz/corpus/fuzz_look/secure \
	tests/fuzz/corpus/fuzz_look/server \
	tests/fuzz/corpus/fuzz_stream/current \
	tests/fuzz/corpus/fuzz_stream/difference \
	tests/fuzz/corpus/fuzz_stream/misfit \
	tests/fuzz/corpus/fuzz_stream/whole
