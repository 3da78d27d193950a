# Tests of msigctl.
if HAVE_CMOCKA
msigctl_tests = \
	tests/unit/test_lint \
	tests/unit/test_msigctl_client \
	tests/unit/test_msigctl_local \
	tests/unit/test_msigctl_render
check_PROGRAMS += $(msigctl_tests)
TESTS += $(msigctl_tests)
EXTRA_DIST += tests/unit/msigctl_golden.h tests/unit/msigctl_process.h
msigctl_test_libs = msigctl/libctlclient.la $(CMOCKA_LIBS)
tests_unit_test_lint_LDADD = $(msigctl_test_libs)
tests_unit_test_msigctl_client_LDADD = $(msigctl_test_libs)
tests_unit_test_msigctl_local_LDADD = $(msigctl_test_libs)
tests_unit_test_msigctl_render_LDADD = $(msigctl_test_libs)
endif
