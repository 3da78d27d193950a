# Tests of transportd, and the tool that speaks on the bus in a daemon's place.
if HAVE_CMOCKA
transportd_tests = \
	tests/unit/test_budget \
	tests/unit/test_cheap \
	tests/unit/test_look \
	tests/unit/test_peertable \
	tests/unit/test_stream
check_PROGRAMS += $(transportd_tests)
TESTS += $(transportd_tests)
transportd_test_libs = transportd/libtransport.la libmsig/daemon/libmsigd.la libmsig/libmsig.la \
	$(CMOCKA_LIBS) $(KNOT_LIBS)
tests_unit_test_budget_LDADD = $(transportd_test_libs)
tests_unit_test_cheap_LDADD = $(transportd_test_libs)
tests_unit_test_look_LDADD = $(transportd_test_libs)
tests_unit_test_peertable_LDADD = $(transportd_test_libs)
tests_unit_test_stream_LDADD = $(transportd_test_libs)
endif
