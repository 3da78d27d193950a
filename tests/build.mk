# Tests of the build, the manual and the README.
build_tests = \
	tests/build/test_install.sh \
	tests/build/test_manual.sh \
	tests/build/test_readme.sh
dist_check_SCRIPTS += $(build_tests) tests/build/test_release.sh
TESTS += $(build_tests)
FULL_TESTS += tests/build/test_release.sh
EXTRA_DIST += tests/build/tap.sh
