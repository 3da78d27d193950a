# Daemons under bad input, with owners, peers and clients that no real program would be.
badinput_tests = \
	tests/system/test_badinput_combiner.py \
	tests/system/test_badinput_peer.py \
	tests/system/test_users.py
dist_check_SCRIPTS += $(badinput_tests)
TESTS += $(badinput_tests)
EXTRA_DIST += tests/lab/full.c tests/lab/hostile.py
