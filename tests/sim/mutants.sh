#!/bin/sh
# Every guard, done-condition and hold in every row of every process is switched off in turn, every
# two neighbouring steps are swapped, every group of fields is left out of the database, every rule of
# agentd/mutant.h is broken. Each must be noticed: by a unit test, or, where none notices, by the
# simulator's oracle. The last line says how many of how many were. TAP.
#   mutants.sh [-a] [schedules per mutation]
#   mutants.sh -d [schedules per mutation]        the table of doc/mutants.md
# -a, -d: all unit tests run for all of them, and the simulator, which takes most of an hour. Where no
# schedule notices one, it is tried together with the one that stands in front of it.
here=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
cd "${top_builddir:-.}/tests" || exit 1
tests="steps view process agree roll decide ways hold lead elect standing forgotten share operator safety"

# One of them: its name, a tab, who noticed, a tab, what the simulator says.
one() {
	by= line=
	case $1 in world:*) tests= ;; esac # they are none of agentd's
	for test in $tests; do
		[ -n "$by" ] && [ -z "$full" ] && break
		MSIG_MUTANT=$1 timeout 120 ./unit/mutant_$test >/dev/null 2>&1
		case $? in
		0) ;;
		99 | 126 | 127) return ;; # no such mutation, no such test: nothing was noticed
		*) by="$by $test" ;;
		esac
	done
	if [ -z "$by" ] || [ -n "$full" ]; then
		line=$(./sim/msig-sim-mutants -m "$1" -c "$tries") ||
			{ [ -n "$2" ] && line=$(./sim/msig-sim-mutants -m "$1+$2" -c "$tries"); } ||
			line=
	fi
	printf '%s\t%s\t%s\n' "$1" "$by" "$line"
}
if [ "$1" = -1 ]; then
	full=$2 tries=$3
	one "$4" "$5"
	exit
fi

full=0 table=
[ "$1" = -a ] && full=1 && shift
[ "$1" = -d ] && full=1 && table=1 && shift
tries=${1:-400}
[ $full = 1 ] || full=

# What is red without a mutation would "notice" each of them.
for test in $tests; do
	if ! ./unit/mutant_$test >/dev/null 2>&1; then
		echo "Bail out! unit/mutant_$test fails without a mutation"
		exit 1
	fi
done
list=$(./sim/msig-sim-mutants -m list) || exit 1
[ -n "$table" ] || echo "$list" | grep '^#'
list=$(echo "$list" | grep -v '^#' | sed 's/ *$//')
all=$(echo "$list" | wc -l)
top_builddir=.. && export top_builddir

echo "$list" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -L 1 "${SHELL:-/bin/sh}" "$here" -1 "$full" "$tries" |
	sort | awk -F '\t' -v all="$all" -v table="$table" '
	{
		n++
		good = $2 != "" || $3 != ""
		caught += good
		sub(/^ /, "", $2)
		sim = $3
		sub(/^caught +/, "", sim)
		if (table) {
			sub(/:.*/, "", sim)
			seed = ""
			if (match($3, / seed [^:]*:.*/)) {
				seed = substr($3, RSTART + 1, RLENGTH - 1)
				if (index($3, "+") && index($3, "+") < RSTART)
					seed = seed " (with " substr($3, index($3, "+") + 1, RSTART - index($3, "+") - 1) ")"
			}
			gsub(/\|/, "", seed)
			printf "| %s | %s | %s |\n", $1, $2, seed
		} else
			printf "%sok %d - %s:%s%s\n", good ? "" : "not ", n, $1,
			    $2 != "" ? " unit tests " $2 : "", sim != "" ? " " sim : ""
	}
	END {
		if (!table)
			printf "1..%d\n%d of %d caught\n", n, caught, all
		exit n == 0 || caught != all
	}'
