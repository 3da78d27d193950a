#!/bin/sh
# Every guard, hold and rule of the core is switched off in turn. Each must be noticed: by the
# simulator's oracle, or by a unit test. The last line says how many of how many were. TAP.
#   mutants.sh [schedules per mutation]
cd "${top_builddir:-.}/tests" || exit 1
tries=${1:-300}
caught=0 all=0
for name in $(./sim/msig-sim-mutants -m list); do
	all=$((all + 1))
	by=
	for test in view hold safety operator process roll agree decide; do
		MSIG_MUTANT=$name ./unit/mutant_$test >/dev/null 2>&1 || by="$by $test"
	done
	line=$(./sim/msig-sim-mutants -m "$name" -c "$tries") && found=1 || found=0
	if [ $found = 1 ] || [ -n "$by" ]; then
		caught=$((caught + 1))
		[ $found = 1 ] || line="caught   $name by no schedule of $tries"
		echo "ok $all - $line${by:+; unit tests:$by}"
	else
		echo "not ok $all - $line"
	fi
done
echo "1..$all"
echo "$caught of $all caught"
[ "$caught" = "$all" ]
