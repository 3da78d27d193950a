# The lab: real name servers, parent, resolvers and the watcher, for ./demo and the system tests.

EXTRA_DIST += \
	.ci/run \
	tests/lab/__init__.py \
	tests/lab/ask.py \
	tests/lab/byhand.py \
	tests/lab/demo.py \
	tests/lab/invariants.py \
	tests/lab/judge.py \
	tests/lab/knot.py \
	tests/lab/msig.py \
	tests/lab/net.py \
	tests/lab/proc.py \
	tests/lab/recorder.py \
	tests/lab/rig.py \
	tests/lab/scanner.py \
	tests/lab/screen.py \
	tests/lab/setup.sh \
	tests/lab/tap.py \
	tests/lab/tools.py \
	tests/lab/unbound.py \
	tests/lab/watcher.py \
	tests/lab/world.py

lab_tests = \
	tests/system/test_lab_invariants.py \
	tests/system/test_lab_oracle.py \
	tests/system/test_lab_scanner.py \
	tests/system/test_lab_tools.py
dist_check_SCRIPTS += $(lab_tests)
TESTS += $(lab_tests)
