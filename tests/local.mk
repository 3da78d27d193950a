# The tests: each area declares its own in tests/<area>.mk. All of them speak TAP.

TEST_EXTENSIONS = .py .sh .idle
# No test hangs for ever; the long ones of check-full get more.
TEST_SECONDS = 900
PYTHON3 = /usr/bin/python3
PY_LOG_COMPILER = timeout --foreground -k 20 $(TEST_SECONDS) $(PYTHON3)
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = timeout --foreground -k 20 $(TEST_SECONDS) $(SHELL)
SH_LOG_DRIVER = $(LOG_DRIVER)
# A script whose program gets what processors the others leave: this is the time that it computes,
# and it may wait as long.
IDLE_LOG_COMPILER = timeout --foreground -k 20 $$((2 * $(TEST_SECONDS))) \
	prlimit --cpu=$(TEST_SECONDS) $(SHELL)
IDLE_LOG_DRIVER = $(LOG_DRIVER)
# Programs: unit tests and replayed seeds.
LOG_COMPILER = timeout --foreground -k 20 $(TEST_SECONDS) $(SHELL) $(srcdir)/tests/unit/tap.sh
EXTRA_DIST += tests/unit/tap.sh tests/asroot.sh

# The same tests, with the long loops: MSIG_FULL reaches them through the environment; and those
# that are always long (FULL_TESTS, scripts only). Then all of them with
# sanitizers, and every fuzz target for FUZZ_SECONDS. Hours. A part that fails does not keep the next
# one from running; the last line has the totals of all, and a part that ended without a failed test
# is one.
FULL_PARTS = tests sanitized/tests fuzzing/tests
check-full:
	@for d in $(FULL_PARTS); do test ! -d $$d || find $$d -name '*.trs' -exec rm -f {} +; done
	@ended() { \
		grep -q -r -E --include='*.trs' '^:test-result: (FAIL|XPASS|ERROR)' $$1 && return; \
		mkdir -p $$1 && echo ":test-result: FAIL make ran all of $$1" >$$1/make.trs; \
	}; \
	MSIG_FULL=1 $(MAKE) $(AM_MAKEFLAGS) -k check TEST_SECONDS=14400 \
		TESTS='$(FULL_TESTS) $(TESTS)' || \
		ended tests; \
	$(MAKE) $(AM_MAKEFLAGS) -k asan TEST_SECONDS=3600 || ended sanitized/tests; \
	$(MAKE) $(AM_MAKEFLAGS) -k fuzz || ended fuzzing/tests; \
	$(SHELL) '$(srcdir)/tests/totals.sh' . $(FULL_PARTS)
.PHONY: check-full
EXTRA_DIST += tests/totals.sh

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
