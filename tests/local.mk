# The tests: each area declares its own in tests/<area>.mk. All of them speak TAP.

TEST_EXTENSIONS = .py
PYTHON3 = /usr/bin/python3
PY_LOG_COMPILER = timeout -k 20 900 $(PYTHON3)
PY_LOG_DRIVER = $(LOG_DRIVER)

# The same tests, with the long loops: MSIG_FULL reaches them through the environment.
check-full:
	$(MAKE) $(AM_MAKEFLAGS) check MSIG_FULL=1
.PHONY: check-full

include tests/lab.mk
include tests/daemon.mk
