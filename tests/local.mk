# The tests: each area declares its own in tests/<area>.mk. All of them speak TAP.

TEST_EXTENSIONS = .py .sh
# No test hangs for ever; the long ones of check-full get more.
TEST_SECONDS = 900
PYTHON3 = /usr/bin/python3
PY_LOG_COMPILER = timeout --foreground -k 20 $(TEST_SECONDS) $(PYTHON3)
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = timeout --foreground -k 20 $(TEST_SECONDS) $(SHELL)
SH_LOG_DRIVER = $(LOG_DRIVER)
# Programs: unit tests and replayed seeds.
LOG_COMPILER = timeout --foreground -k 20 $(TEST_SECONDS) $(SHELL) $(srcdir)/tests/unit/tap.sh
EXTRA_DIST += tests/unit/tap.sh

# The same tests, with the long loops: MSIG_FULL reaches them through the environment; and those
# that are always long (FULL_TESTS, scripts only); then all of them with sanitizers, and every fuzz
# target for FUZZ_SECONDS. Hours.
check-full:
	MSIG_FULL=1 $(MAKE) $(AM_MAKEFLAGS) check TEST_SECONDS=14400 \
		TESTS="$(TESTS) $(FULL_TESTS)"
	$(MAKE) $(AM_MAKEFLAGS) asan TEST_SECONDS=3600
	$(MAKE) $(AM_MAKEFLAGS) fuzz
.PHONY: check-full

include tests/lab.mk
include tests/daemon.mk
include tests/msigctl.mk
include tests/combinerd.mk
include tests/transportd.mk
include tests/signerd.mk
include tests/build.mk
include tests/badinput.mk
include tests/agentd.mk
include tests/agentd_core.mk
include tests/libmsig.mk
include tests/model.mk
