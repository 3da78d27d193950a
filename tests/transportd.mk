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

# Plays a daemon on the bus; tests/lab/bus.py drives it.
noinst_PROGRAMS += tests/tools/busctl
tests_tools_busctl_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_tools_busctl_LDADD = libmsig/daemon/libmsigd.la libmsig/libmsig.la $(KNOT_LIBS) $(JANSSON_LIBS)

EXTRA_DIST += tests/lab/bus.py tests/lab/sig0.py
transportd_system_tests = \
	tests/system/test_transportd_observe.py \
	tests/system/test_transportd_peer.py \
	tests/system/test_transportd_signer.py \
	tests/system/test_transportd_supervise.py
dist_check_SCRIPTS += $(transportd_system_tests)
TESTS += $(transportd_system_tests)
