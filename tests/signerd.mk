# Tests of signerd.
signerd_system_tests = tests/system/test_signerd.py tests/system/test_join_driver.py
dist_check_SCRIPTS += $(signerd_system_tests)
TESTS += $(signerd_system_tests)
EXTRA_DIST += tests/lab/signerd.py
