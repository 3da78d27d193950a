# The lab: real name servers, parent, resolvers and the watcher, for ./demo and the system tests.

# Starts daemons that do not outlive their test.
noinst_PROGRAMS += tests/tools/leash

EXTRA_DIST += \
	.ci/run \
	examples/README.md \
	examples/three-providers/owner/knot.conf \
	examples/three-providers/owner/shop.example.zone \
	examples/three-providers/p1/knot.conf \
	examples/three-providers/p1/msig.conf \
	examples/three-providers/p1/p1.example.zone \
	examples/three-providers/p2/knot.conf \
	examples/three-providers/p2/msig.conf \
	examples/three-providers/p2/p2.example.zone \
	examples/three-providers/p3/knot.conf \
	examples/three-providers/p3/msig.conf \
	examples/three-providers/p3/p3.example.zone \
	examples/two-providers/owner/knot.conf \
	examples/two-providers/owner/shop.example.zone \
	examples/two-providers/p1/knot.conf \
	examples/two-providers/p1/msig.conf \
	examples/two-providers/p1/p1.example.zone \
	examples/two-providers/p2/knot.conf \
	examples/two-providers/p2/msig.conf \
	examples/two-providers/p2/p2.example.zone \
	tests/lab/__init__.py \
	tests/lab/ask.py \
	tests/lab/bind.py \
	tests/lab/byhand.py \
	tests/lab/claims.py \
	tests/lab/database.py \
	tests/lab/demo.py \
	tests/lab/group.py \
	tests/lab/invariants.py \
	tests/lab/judge.py \
	tests/lab/knot.py \
	tests/lab/matrix.py \
	tests/lab/msig.py \
	tests/lab/net.py \
	tests/lab/pdns.py \
	tests/lab/proc.py \
	tests/lab/recorder.py \
	tests/lab/rig.py \
	tests/lab/scanner.py \
	tests/lab/screen.py \
	tests/lab/setup.sh \
	tests/lab/tap.py \
	tests/lab/tools.py \
	tests/lab/tour.py \
	tests/lab/turns.py \
	tests/lab/unbound.py \
	tests/lab/watcher.py \
	tests/lab/world.py

lab_tests = \
	tests/system/test_adopt.py \
	tests/system/test_matrix_bind.py \
	tests/system/test_matrix_knot.py \
	tests/system/test_matrix_pdns.py \
	tests/system/test_matrix_restarts.py \
	tests/system/test_demo.py \
	tests/system/test_discovery.py \
	tests/system/test_examples.py \
	tests/system/test_join.py \
	tests/system/test_join_crowd.py \
	tests/system/test_join_doubt.py \
	tests/system/test_join_off.py \
	tests/system/test_join_roll.py \
	tests/system/test_group.py \
	tests/system/test_move.py \
	tests/system/test_owner_signs.py \
	tests/system/test_leave.py \
	tests/system/test_leave_kill.py \
	tests/system/test_sign.py \
	tests/system/test_unsigned.py \
	tests/system/test_zones.py \
	tests/system/test_leader.py \
	tests/system/test_join_kill.py \
	tests/system/test_join_bind.py \
	tests/system/test_join_pdns.py \
	tests/system/test_lab_invariants.py \
	tests/system/test_lab_matrix.py \
	tests/system/test_lab_oracle.py \
	tests/system/test_lab_scanner.py \
	tests/system/test_lab_watcher.py \
	tests/system/test_lab_tools.py
lab_long_tests = \
	tests/system/test_restarts_bind_1.py \
	tests/system/test_restarts_bind_2.py \
	tests/system/test_restarts_knot.py \
	tests/system/test_restarts_pdns_1.py \
	tests/system/test_restarts_pdns_2.py
dist_check_SCRIPTS += $(lab_tests) $(lab_long_tests)
TESTS += $(lab_tests)
FULL_TESTS += $(lab_long_tests)
