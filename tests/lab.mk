# The lab: real name servers, parent, resolvers and the watcher, for ./demo and the system tests.

EXTRA_DIST += \
	.ci/run \
	tests/lab/setup.sh \
	tests/lab/__init__.py \
	tests/lab/tap.py \
	tests/lab/tools.py

lab_tests = \
	tests/system/test_lab_tools.py
dist_check_SCRIPTS += $(lab_tests)
TESTS += $(lab_tests)
