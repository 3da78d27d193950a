#!/bin/sh
# Every guard, done-condition and hold in every row of every process is switched off in turn, every
# two neighbouring steps are swapped, every group of fields is left out of the database, every rule of
# agentd/mutant.h is broken, and the world does what no agent does. Each must be noticed: by the
# simulator, with the seed of it that is known (mutants.seeds), by a unit test, or by the simulator with
# other seeds. The last line says how many of how many were, the one before it by what. TAP.
#   mutants.sh [-a] [schedules per mutation]
#   mutants.sh -d [schedules per mutation]        doc/mutants.md
# -a, -d: all unit tests run for all of them, and the simulator for all without a seed.
here=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
known=${here%/*}/mutants.seeds
cd "${top_builddir:-.}/tests" || exit 1
tests="steps view process agree roll decide ways hold lead elect standing forgotten share operator safety"

# One of them: its name, a tab, which unit tests noticed, a tab, and what the simulator says: with tabs
# between, the seed, its world, what else is broken, how it fails.
one() {
	by= line=$(grep "^$1	" "$seeds" | cut -f 2-)
	case $1 in world:*) tests= ;; esac # they are none of agentd's
	case $full$line in
	[0-9]*"	-	"*) tests= ;; # noticed already
	"") # is it steps alone? And roll takes longer than all others together
		tests=$(echo "$tests" | sed 's/^steps\(.*\) roll\(.*\)/\1\2 roll steps/')
		;;
	esac
	for test in $tests; do
		[ -n "$by" ] && [ -z "$full" ] && break
		MSIG_MUTANT=$1 timeout 120 ./unit/mutant_$test >/dev/null 2>&1
		case $? in
		0) ;;
		99 | 126 | 127) return ;; # no such mutation, no such test: nothing was noticed
		*) by="$by $test" ;;
		esac
	done
	if [ -z "$line" ] && { [ -z "$by" ] || [ -n "$full" ]; }; then
		line=$(./sim/msig-sim-mutants -m "$1" -c "$tries" | grep -v '^#' | cut -f 2-)
	fi
	printf '%s\t%s\t%s\n' "$1" "$by" "$line"
}
if [ "$1" = -1 ]; then
	full=$2 tries=$3 seeds=$4
	one "$5"
	exit
fi

full= table=
[ "$1" = -a ] && full=all && shift
[ "$1" = -d ] && full=all && table=1 && shift
tries=${1:-400}

# What is red without a mutation would "notice" each of them.
for test in $tests; do
	if ! ./unit/mutant_$test >/dev/null 2>&1; then
		echo "Bail out! unit/mutant_$test fails without a mutation"
		exit 1
	fi
done
list=$(./sim/msig-sim-mutants -m list) || exit 1
[ -n "$table" ] || echo "$list" | grep '^#'
list=$(echo "$list" | grep -v '^#')
all=$(echo "$list" | wc -l)
seeds=$(mktemp) && alone=$(mktemp) || exit 1
trap 'rm -f "$seeds" "$alone"' EXIT
./sim/msig-sim-mutants -m "seeds:$known" >"$seeds"
[ -n "$table" ] || grep '^#' "$seeds"
for process in $([ -z "$table" ] || echo "$list" | sed -n 's/^guard:\([^.]*\).*/\1/p' | sort -u); do
	./sim/msig-sim -w "$process" -l -v -c 400 -s 900001 | sed -n 's/^# alone in the way: //p' >>"$alone"
done
top_builddir=.. && export top_builddir

echo "$list" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -L 1 "${SHELL:-/bin/sh}" "$here" -1 "$full" "$tries" "$seeds" |
	sort | awk -F '\t' -v all="$all" -v table="$table" -v alone_in="$alone" -f "${here%/*}/mutants.awk"
