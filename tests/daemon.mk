# Tests of libmsig/daemon and of the message table.
if HAVE_CMOCKA
daemon_tests = \
	tests/unit/test_conf \
	tests/unit/test_loop \
	tests/unit/test_dnsio
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)
EXTRA_DIST += tests/unit/unit.h
daemon_test_libs = libmsig/daemon/libmsigd.la libmsig/libmsig.la $(CMOCKA_LIBS) $(KNOT_LIBS) $(JANSSON_LIBS)
tests_unit_test_loop_LDADD = $(daemon_test_libs)
tests_unit_test_dnsio_LDADD = $(daemon_test_libs)
tests_unit_test_conf_LDADD = $(daemon_test_libs)
endif
