# Tests of combinerd.
if HAVE_CMOCKA
combinerd_unit = \
	tests/unit/test_store \
	tests/unit/test_serial \
	tests/unit/test_merge \
	tests/unit/test_patch \
	tests/unit/test_update \
	tests/unit/test_zone \
	tests/unit/test_ixfr
check_PROGRAMS += $(combinerd_unit)
TESTS += $(combinerd_unit)
combinerd_unit_libs = combinerd/libcombiner.la libmsig/daemon/libmsigd.la libmsig/libmsig.la \
	$(KNOT_LIBS) $(SQLITE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_store_SOURCES = tests/unit/test_store.c tests/unit/zonetext.h
tests_unit_test_store_LDADD = $(combinerd_unit_libs)
tests_unit_test_serial_SOURCES = tests/unit/test_serial.c
tests_unit_test_serial_LDADD = $(combinerd_unit_libs)
tests_unit_test_merge_SOURCES = tests/unit/test_merge.c tests/unit/zonetext.h
tests_unit_test_merge_LDADD = $(combinerd_unit_libs)
tests_unit_test_patch_SOURCES = tests/unit/test_patch.c tests/unit/zonetext.h
tests_unit_test_patch_LDADD = $(combinerd_unit_libs)
tests_unit_test_update_SOURCES = tests/unit/test_update.c tests/unit/zonetext.h
tests_unit_test_update_LDADD = $(combinerd_unit_libs)
tests_unit_test_zone_SOURCES = tests/unit/test_zone.c tests/unit/zonetext.h
tests_unit_test_zone_LDADD = $(combinerd_unit_libs)
tests_unit_test_ixfr_SOURCES = tests/unit/test_ixfr.c tests/unit/zonetext.h
tests_unit_test_ixfr_LDADD = $(combinerd_unit_libs)
endif

# combinerd between real owners and real signers.
combinerd_system = \
	tests/system/test_combinerd_agent.py \
	tests/system/test_combinerd_large.py \
	tests/system/test_combinerd_owner.py \
	tests/system/test_combinerd_policy.py \
	tests/system/test_combinerd_push.py \
	tests/system/test_combinerd_random.py \
	tests/system/test_combinerd_state.py \
	tests/system/test_combinerd_transfer.py \
	tests/system/test_combinerd_update.py
dist_check_SCRIPTS += $(combinerd_system)
TESTS += $(combinerd_system)
EXTRA_DIST += tests/system/combinerd_rig.py

# What comes from owners and from holders of the update key.
combinerd_fuzz_libs = combinerd/libcombiner.la libmsig/daemon/libmsigd.la libmsig/libmsig.la $(KNOT_LIBS)
if FUZZING
FUZZERS += \
	tests/fuzz/fuzz_overlay \
	tests/fuzz/fuzz_xfr
tests_fuzz_fuzz_overlay_LDADD = $(combinerd_fuzz_libs)
tests_fuzz_fuzz_overlay_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_xfr_LDADD = $(combinerd_fuzz_libs)
tests_fuzz_fuzz_xfr_LDFLAGS = $(fuzz_ldflags)
else
combinerd_replays = \
	tests/fuzz/replay_overlay \
	tests/fuzz/replay_xfr
check_PROGRAMS += $(combinerd_replays)
TESTS += $(combinerd_replays)
tests_fuzz_replay_overlay_SOURCES = tests/fuzz/fuzz_overlay.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_overlay_LDADD = $(combinerd_fuzz_libs)
tests_fuzz_replay_xfr_SOURCES = tests/fuzz/fuzz_xfr.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_xfr_LDADD = $(combinerd_fuzz_libs)
endif
EXTRA_DIST += \
	tests/fuzz/corpus/fuzz_overlay/add \
	tests/fuzz/corpus/fuzz_overlay/below \
	tests/fuzz/corpus/fuzz_overlay/everything \
	tests/fuzz/corpus/fuzz_overlay/prereq \
	tests/fuzz/corpus/fuzz_overlay/replace \
	tests/fuzz/corpus/fuzz_xfr/axfr \
	tests/fuzz/corpus/fuzz_xfr/axfr-messages \
	tests/fuzz/corpus/fuzz_xfr/ixfr \
	tests/fuzz/corpus/fuzz_xfr/ixfr-current \
	tests/fuzz/corpus/fuzz_xfr/ixfr-two \
	tests/fuzz/corpus/fuzz_xfr/ixfr-whole
