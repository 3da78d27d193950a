# Tests of libmsig.
if HAVE_CMOCKA
libmsig_tests = \
	tests/unit/test_wire \
	tests/unit/test_apex \
	tests/unit/test_key \
	tests/unit/test_hsync \
	tests/unit/test_option \
	tests/unit/test_digest \
	tests/unit/test_rrsig \
	tests/unit/test_target
check_PROGRAMS += $(libmsig_tests)
TESTS += $(libmsig_tests)
EXTRA_DIST += tests/unit/wire.h
libmsig_test_libs = libmsig/libmsig.la $(CMOCKA_LIBS) $(KNOT_LIBS)
tests_unit_test_wire_LDADD = $(libmsig_test_libs)
tests_unit_test_apex_LDADD = $(libmsig_test_libs)
tests_unit_test_key_LDADD = $(libmsig_test_libs)
tests_unit_test_hsync_LDADD = $(libmsig_test_libs)
tests_unit_test_option_LDADD = $(libmsig_test_libs)
tests_unit_test_digest_LDADD = $(libmsig_test_libs)
tests_unit_test_rrsig_LDADD = $(libmsig_test_libs)
tests_unit_test_target_LDADD = $(libmsig_test_libs)
endif
