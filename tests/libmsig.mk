# Tests of libmsig.
libmsig_data = \
	tests/data/rrsig/bind.13.earlier.zone \
	tests/data/rrsig/bind.13.zone \
	tests/data/rrsig/bind.14.zone \
	tests/data/rrsig/bind.15.zone \
	tests/data/rrsig/bind.8.zone \
	tests/data/rrsig/knot.13.zone \
	tests/data/sig0/dig.13 \
	tests/data/sig0/dig.15 \
	tests/data/sig0/dig.8 \
	tests/data/sig0/key.13.key \
	tests/data/sig0/key.13.private \
	tests/data/sig0/key.15.key \
	tests/data/sig0/key.15.private \
	tests/data/sig0/key.8.key \
	tests/data/sig0/nsupdate.13 \
	tests/data/sig0/nsupdate.15 \
	tests/data/sig0/nsupdate.8
if HAVE_CMOCKA
libmsig_tests = \
	tests/unit/test_wire \
	tests/unit/test_apex \
	tests/unit/test_key \
	tests/unit/test_hsync \
	tests/unit/test_option \
	tests/unit/test_digest \
	tests/unit/test_rrsig \
	tests/unit/test_sig0 \
	tests/unit/test_peermsg \
	tests/unit/test_target
check_PROGRAMS += $(libmsig_tests)
TESTS += $(libmsig_tests)
EXTRA_DIST += tests/unit/wire.h $(libmsig_data)
libmsig_test_libs = libmsig/libmsig.la $(CMOCKA_LIBS) $(KNOT_LIBS)
tests_unit_test_wire_LDADD = $(libmsig_test_libs)
tests_unit_test_apex_LDADD = $(libmsig_test_libs)
tests_unit_test_key_LDADD = $(libmsig_test_libs)
tests_unit_test_hsync_LDADD = $(libmsig_test_libs)
tests_unit_test_option_LDADD = $(libmsig_test_libs)
tests_unit_test_digest_LDADD = $(libmsig_test_libs)
tests_unit_test_rrsig_LDADD = $(libmsig_test_libs)
tests_unit_test_sig0_LDADD = $(libmsig_test_libs)
tests_unit_test_peermsg_LDADD = $(libmsig_test_libs)
tests_unit_test_target_LDADD = $(libmsig_test_libs)
endif

# Against other implementations of SIG(0).
check_PROGRAMS += tests/system/sig0tool
tests_system_sig0tool_LDADD = libmsig/libmsig.la $(KNOT_LIBS)
dist_check_SCRIPTS += tests/system/test_sig0_interop.py
TESTS += tests/system/test_sig0_interop.py

# libmsig's target against that of agentd's core.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_target_core
TESTS += tests/unit/test_target_core
tests_unit_test_target_core_SOURCES = tests/unit/test_target_core.c $(core_bench)
tests_unit_test_target_core_LDADD = $(core_test_libs)
endif

# Figures of the library.
BENCHES += tests/bench/bench_libmsig
EXTRA_PROGRAMS += $(FUZZERS) tests/bench/bench_libmsig
tests_bench_bench_libmsig_LDADD = libmsig/libmsig.la $(KNOT_LIBS)

# The decoders' seeds and simple mutations of them, in every build; libFuzzer in --enable-fuzzing.
fuzz_libs = libmsig/libmsig.la $(KNOT_LIBS)
if FUZZING
FUZZERS += \
	tests/fuzz/fuzz_hsync \
	tests/fuzz/fuzz_hsync_text \
	tests/fuzz/fuzz_msg \
	tests/fuzz/fuzz_option \
	tests/fuzz/fuzz_peermsg \
	tests/fuzz/fuzz_rrs \
	tests/fuzz/fuzz_rrsig \
	tests/fuzz/fuzz_sig0 \
	tests/fuzz/fuzz_sig0_key \
	tests/fuzz/fuzz_target \
	tests/fuzz/fuzz_update
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_hsync_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_hsync_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hsync_text_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_hsync_text_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_msg_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_msg_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_option_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_option_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_peermsg_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_peermsg_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_rrs_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_rrs_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_rrsig_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_rrsig_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sig0_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_sig0_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sig0_key_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_sig0_key_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_target_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_target_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_update_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_update_LDFLAGS = $(fuzz_ldflags)
else
replays = \
	tests/fuzz/replay_hsync \
	tests/fuzz/replay_hsync_text \
	tests/fuzz/replay_msg \
	tests/fuzz/replay_option \
	tests/fuzz/replay_peermsg \
	tests/fuzz/replay_rrs \
	tests/fuzz/replay_rrsig \
	tests/fuzz/replay_sig0 \
	tests/fuzz/replay_sig0_key \
	tests/fuzz/replay_target \
	tests/fuzz/replay_update
check_PROGRAMS += $(replays)
TESTS += $(replays)
tests_fuzz_replay_hsync_SOURCES = tests/fuzz/fuzz_hsync.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_hsync_LDADD = $(fuzz_libs)
tests_fuzz_replay_hsync_text_SOURCES = tests/fuzz/fuzz_hsync_text.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_hsync_text_LDADD = $(fuzz_libs)
tests_fuzz_replay_msg_SOURCES = tests/fuzz/fuzz_msg.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_msg_LDADD = $(fuzz_libs)
tests_fuzz_replay_option_SOURCES = tests/fuzz/fuzz_option.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_option_LDADD = $(fuzz_libs)
tests_fuzz_replay_peermsg_SOURCES = tests/fuzz/fuzz_peermsg.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_peermsg_LDADD = $(fuzz_libs)
tests_fuzz_replay_rrs_SOURCES = tests/fuzz/fuzz_rrs.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_rrs_LDADD = $(fuzz_libs)
tests_fuzz_replay_rrsig_SOURCES = tests/fuzz/fuzz_rrsig.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_rrsig_LDADD = $(fuzz_libs)
tests_fuzz_replay_sig0_SOURCES = tests/fuzz/fuzz_sig0.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_sig0_LDADD = $(fuzz_libs)
tests_fuzz_replay_sig0_key_SOURCES = tests/fuzz/fuzz_sig0_key.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_sig0_key_LDADD = $(fuzz_libs)
tests_fuzz_replay_target_SOURCES = tests/fuzz/fuzz_target.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_target_LDADD = $(fuzz_libs)
tests_fuzz_replay_update_SOURCES = tests/fuzz/fuzz_update.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_update_LDADD = $(fuzz_libs)
endif
EXTRA_DIST += \
	tests/fuzz/corpus/fuzz_hsync/set \
	tests/fuzz/corpus/fuzz_hsync/set-msigner \
	tests/fuzz/corpus/fuzz_hsync/v1 \
	tests/fuzz/corpus/fuzz_hsync/v3 \
	tests/fuzz/corpus/fuzz_hsync/v4 \
	tests/fuzz/corpus/fuzz_hsync/zero \
	tests/fuzz/corpus/fuzz_hsync_text/generic \
	tests/fuzz/corpus/fuzz_hsync_text/generic-msigner \
	tests/fuzz/corpus/fuzz_hsync_text/numbers \
	tests/fuzz/corpus/fuzz_hsync_text/v1 \
	tests/fuzz/corpus/fuzz_hsync_text/v3 \
	tests/fuzz/corpus/fuzz_hsync_text/v4 \
	tests/fuzz/corpus/fuzz_msg/applied \
	tests/fuzz/corpus/fuzz_msg/apply \
	tests/fuzz/corpus/fuzz_msg/ask \
	tests/fuzz/corpus/fuzz_msg/peer_del \
	tests/fuzz/corpus/fuzz_msg/send \
	tests/fuzz/corpus/fuzz_msg/show \
	tests/fuzz/corpus/fuzz_option/all \
	tests/fuzz/corpus/fuzz_option/four \
	tests/fuzz/corpus/fuzz_option/heartbeat \
	tests/fuzz/corpus/fuzz_option/unknown \
	tests/fuzz/corpus/fuzz_peermsg/deny \
	tests/fuzz/corpus/fuzz_peermsg/execute \
	tests/fuzz/corpus/fuzz_peermsg/hello \
	tests/fuzz/corpus/fuzz_peermsg/hello-four \
	tests/fuzz/corpus/fuzz_peermsg/pull \
	tests/fuzz/corpus/fuzz_peermsg/pull-answer \
	tests/fuzz/corpus/fuzz_peermsg/refused \
	tests/fuzz/corpus/fuzz_peermsg/state \
	tests/fuzz/corpus/fuzz_rrs/classes \
	tests/fuzz/corpus/fuzz_rrs/one \
	tests/fuzz/corpus/fuzz_rrs/zone \
	tests/fuzz/corpus/fuzz_rrsig/bind.13.28 \
	tests/fuzz/corpus/fuzz_rrsig/bind.13.35 \
	tests/fuzz/corpus/fuzz_rrsig/bind.13.6 \
	tests/fuzz/corpus/fuzz_rrsig/bind.15.28 \
	tests/fuzz/corpus/fuzz_rrsig/bind.15.35 \
	tests/fuzz/corpus/fuzz_rrsig/bind.15.6 \
	tests/fuzz/corpus/fuzz_rrsig/knot.13.28 \
	tests/fuzz/corpus/fuzz_rrsig/knot.13.35 \
	tests/fuzz/corpus/fuzz_rrsig/knot.13.6 \
	tests/fuzz/corpus/fuzz_sig0/dig.13 \
	tests/fuzz/corpus/fuzz_sig0/dig.15 \
	tests/fuzz/corpus/fuzz_sig0/nsupdate.13 \
	tests/fuzz/corpus/fuzz_sig0/nsupdate.15 \
	tests/fuzz/corpus/fuzz_sig0_key/bind.13 \
	tests/fuzz/corpus/fuzz_sig0_key/bind.15 \
	tests/fuzz/corpus/fuzz_sig0_key/dek-info \
	tests/fuzz/corpus/fuzz_sig0_key/pem.13 \
	tests/fuzz/corpus/fuzz_sig0_key/pem.15 \
	tests/fuzz/corpus/fuzz_target/off \
	tests/fuzz/corpus/fuzz_target/owner \
	tests/fuzz/corpus/fuzz_target/two \
	tests/fuzz/corpus/fuzz_update/compressed \
	tests/fuzz/corpus/fuzz_update/delete \
	tests/fuzz/corpus/fuzz_update/replace
