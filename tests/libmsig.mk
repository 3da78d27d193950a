# Tests of libmsig.
libmsig_data = \
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
