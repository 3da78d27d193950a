# TAP for shell tests: source it, call ok/is_empty, end with done_testing.
# Each test has a directory of its own, $tmp, removed at the end.
tap_n=0
tap_failed=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/msig-build.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP

# result TEXT: of the command that was just run
result() {
	tap_status=$?
	tap_n=$((tap_n + 1))
	if [ "$tap_status" = 0 ]; then
		echo "ok $tap_n - $1"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_n - $1"
	fi
	return 0
}

# is_empty TEXT FILE: passes if the file is empty, otherwise shows it
is_empty() {
	[ ! -s "$2" ]
	result "$1"
	sed 's/^/# /' "$2"
}

skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

done_testing() {
	echo "1..$tap_n"
	[ "$tap_failed" = 0 ]
	exit
}
