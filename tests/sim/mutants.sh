#!/bin/sh
# Every guard, hold and rule of the core is switched off in turn, and every two neighbouring steps
# are swapped. Each must be noticed: by a unit test, or, where none notices, by the simulator's
# oracle. The last line says how many of how many were. TAP.
#   mutants.sh [-a] [schedules per mutation]
# -a: the simulator runs for all of them, which takes an hour or more.
cd "${top_builddir:-.}/tests" || exit 1
full=
[ "$1" = -a ] && full=1 && shift
tries=${1:-5000}
tests="view hold safety share operator process steps roll agree decide elect lead ways standing forgotten"

# What is red without a mutation would "notice" each of them.
for test in $tests; do
	if ! ./unit/mutant_$test >/dev/null 2>&1; then
		echo "Bail out! unit/mutant_$test fails without a mutation"
		exit 1
	fi
done
list=$(./sim/msig-sim-mutants -m list) || exit 1
echo "$list" | grep '^#'
list=$(echo "$list" | grep -v '^#')

caught=0 all=0
for name in $list; do
	all=$((all + 1))
	by= line= found=0
	for test in $tests; do
		MSIG_MUTANT=$name timeout 120 ./unit/mutant_$test >/dev/null 2>&1 || by="$by $test"
	done
	if [ -z "$by" ] || [ -n "$full" ]; then
		line=$(./sim/msig-sim-mutants -m "$name" -c "$tries") && found=1
		[ $found = 1 ] || line="$name: by no schedule of $tries"
	else
		line="caught   $name (simulator not run)"
	fi
	if [ $found = 1 ] || [ -n "$by" ]; then
		caught=$((caught + 1))
		echo "ok $all - $line${by:+; unit tests:$by}"
	else
		echo "not ok $all - $line"
	fi
done
echo "1..$all"
echo "$caught of $all caught"
[ "$caught" = "$all" ] && [ "$all" -gt 0 ]
