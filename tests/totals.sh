#!/bin/sh
# What the tests found:  totals.sh BUILD DIRECTORY...  (directories below BUILD)
# A line per test, and of those that failed why. The last line is "N passed, N failed, N skipped"; the
# status is 0 only if something ran and nothing failed.
build=$1
shift
passed=0 failed=0 skipped=0
list=$(cd "$build" && find "$@" -name '*.trs' 2>/dev/null | sort)
for trs in $list; do
	p=$(grep -c -E '^:test-result: (PASS|XFAIL)' "$build/$trs")
	f=$(grep -c -E '^:test-result: (FAIL|XPASS|ERROR)' "$build/$trs")
	s=$(grep -c '^:test-result: SKIP' "$build/$trs")
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '   %-44s %4d passed %3d failed %3d skipped\n' "${trs%.trs}" "$p" "$f" "$s"
	[ "$s" = 0 ] || sed -n 's/^:test-result: SKIP /      skipped: /p' "$build/$trs"
	[ "$f" != 0 ] || continue
	sed -n -E 's/^:test-result: (FAIL|XPASS|ERROR) /      failed: /p' "$build/$trs"
	log=$build/${trs%.trs}.log
	[ -f "$log" ] || continue
	echo "      from its log, $log:"
	if grep -q '^not ok' "$log"; then
		grep -A 40 '^not ok' "$log" | grep -v -E '^(ok|PASS|FAIL:)' | head -n 120
	else
		tail -n 60 "$log"
	fi | sed 's/^/      | /'
done
[ $((passed + failed)) != 0 ] || echo 'Nothing ran.'
echo "$passed passed, $failed failed, $skipped skipped"
[ "$passed" != 0 ] && [ "$failed" = 0 ]
