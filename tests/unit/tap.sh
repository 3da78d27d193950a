#!/bin/sh
# Runs a unit test. cmocka calls a skipped test "not ok N # SKIP name", which is a failure to
# automake; in TAP it is "ok N # SKIP". The exit status stays the test's own.
# What has to do with other users, or with mounting, runs as root.
case ${1##*/} in
test_bus | test_ctl | test_db | test_proc | test_msigctl_client)
	set -- sh "$(dirname "$0")/../asroot.sh" "$@"
	;;
esac
exec 4>&1
status=$({ { "$@" 3>&- 4>&-; echo $? >&3; } |
	sed 's/^not ok \([0-9]*\) # SKIP \(.*\)$/ok \1 - \2 # SKIP/' >&4; } 3>&1)
exit "$status"
