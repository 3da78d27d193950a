# Tests of signerd, and of agentd's side of it.
if HAVE_CMOCKA
signerd_tests = \
	tests/unit/test_keyring \
	tests/unit/test_signerd
check_PROGRAMS += $(signerd_tests)
TESTS += $(signerd_tests)
tests_unit_test_keyring_SOURCES = tests/unit/test_keyring.c tests/unit/agentworld.c \
	tests/unit/agentworld.h
tests_unit_test_keyring_LDADD = $(agentd_test_libs)
tests_unit_test_signerd_LDADD = signerd/libsigner.la libmsig/daemon/libmsigd.la libmsig/libmsig.la \
	$(CMOCKA_LIBS) $(KNOT_LIBS) $(JANSSON_LIBS) $(GNUTLS_LIBS)
endif

signerd_system_tests = tests/system/test_signerd.py tests/system/test_signerd_pdns.py \
	tests/system/test_signerd_bind.py \
	tests/system/test_join_driver.py \
	tests/system/test_share.py \
	tests/system/test_early.py
dist_check_SCRIPTS += $(signerd_system_tests)
TESTS += $(signerd_system_tests)
EXTRA_DIST += tests/lab/signerd.py
