#!/bin/sh
# The manual: every page is lint-clean, every program and file has one, and every command and option
# in the tables of msigctl stands in its page; those of the daemons in theirs.
. "$top_srcdir/tests/build/tap.sh"
man=$top_srcdir/man

for page in combinerd.8 agentd.8 transportd.8 signerd.8 msigctl.1 msig.conf.5; do
	if [ ! -f "$man/$page" ]; then
		false
		result "$page exists"
		continue
	fi
	if command -v mandoc >/dev/null; then
		# What it finds goes to the standard output; the other one has words on this machine's
		# manuals, and would come in the middle of a line.
		mandoc -T lint -W style "$man/$page" 2>/dev/null |
		    grep -v -E 'referenced manual not found|Mdocdate|text line longer than 80' >"$tmp/lint"
		is_empty "$page: mandoc finds nothing" "$tmp/lint"
	else
		skip "$page: mandoc" "mandoc is not installed"
	fi
	grep -q "man/$page" "$top_srcdir/man/local.mk" "$top_srcdir"/*/local.mk "$top_srcdir"/*/*/local.mk 2>/dev/null
	result "$page is installed by a local.mk"
done

# Commands and options as the program itself says them.
"$top_builddir/msigctl/msigctl" --help >"$tmp/help"
result "msigctl --help"
sed -n '/^commands:/,/^$/s/^  \([a-z][a-z-]*\).*/\1/p' "$tmp/help" >"$tmp/commands"
[ "$(wc -l <"$tmp/commands")" -ge 14 ]
result "the usage lists the commands"
: >"$tmp/missing"
while read -r name; do
	grep -q -E "^\.It Cm $name( |\$)" "$man/msigctl.1" || echo "$name" >>"$tmp/missing"
done <"$tmp/commands"
is_empty "each command has its place in msigctl.1" "$tmp/missing"
sed -n '/^options:/,/^$/s/^  -\([a-zA-Z]\), --\([a-z]*\).*/\1 \2/p' "$tmp/help" >"$tmp/options"
[ "$(wc -l <"$tmp/options")" -ge 10 ]
result "the usage lists the options"
: >"$tmp/missing"
while read -r letter long; do
	grep -q -E "^\.It Fl $letter( Ar .*)? , Fl -$long( |=|\$)" "$man/msigctl.1" ||
	    echo "-$letter, --$long" >>"$tmp/missing"
done <"$tmp/options"
is_empty "each option has its place in msigctl.1" "$tmp/missing"

# The limits of a zone, as they are built, stand in the manual and in README.
: >"$tmp/missing"
while read -r name file unit; do
	number=$(sed -n "s/^#define $name \([0-9]*\)u\{0,1\}[^0-9].*/\1/p" "$top_srcdir/$file")
	sed -n '/^\.Ss Limits of a zone/,/^\.S[hs] [^L]/p' "$man/msig.conf.5" |
	    grep -q -w -e "$number $unit" || echo "$name: $number $unit: msig.conf.5" >>"$tmp/missing"
	sed -n '/^Limits of one zone/,/^$/p' "$top_srcdir/README.md" | tr '\n' ' ' |
	    grep -q -w -e "$number \(different \)\{0,1\}$unit" || echo "$name: $number $unit: README" >>"$tmp/missing"
done <<-EOF
	VIEW_PROVIDERS agentd/view.h providers
	VIEW_NSES agentd/view.h name servers
	VIEW_KEYS agentd/view.h keys
	VIEW_PARENT_NSES agentd/view.h name servers of the parent
	VIEW_PLACES agentd/view.h addresses
	RSET_MAX agentd/rset.h records
EOF
is_empty "the limits of a zone stand in msig.conf.5 and README" "$tmp/missing"

# The daemons' tables of control commands: { "name", acts, function }.
for daemon in combinerd agentd transportd signerd; do
	: >"$tmp/missing"
	find "$top_srcdir/$daemon" -name '*.c' -exec grep -hoE '\{ ?"[a-z-]+", (true|false), ' {} + |
	    sed 's/[^"]*"//; s/".*//' | sort -u >"$tmp/table"
	while read -r name; do
		grep -q -w -e "$name" "$man/$daemon.8" 2>/dev/null ||
		    grep -q -E "^\.It Cm $name( |\$)" "$man/msigctl.1" || echo "$name" >>"$tmp/missing"
	done <"$tmp/table"
	is_empty "each control command of $daemon ($(wc -l <"$tmp/table")) stands in $daemon.8 or msigctl.1" "$tmp/missing"
	[ -s "$tmp/table" ]
	result "$daemon has a table of control commands"
	"$top_builddir/$daemon/$daemon" -h >"$tmp/help" 2>&1
	: >"$tmp/missing"
	for letter in $(tr -s ' ,[]|' '\n' <"$tmp/help" | sed -n 's/^-\([a-zA-Z]\)$/\1/p' | sort -u); do
		grep -q -E "Fl ([a-zA-Z]*)$letter" "$man/$daemon.8" || echo "-$letter" >>"$tmp/missing"
	done
	is_empty "each option of $daemon -h stands in $daemon.8" "$tmp/missing"
done

# Every item of the configuration that the reader's table knows.
if [ -f "$top_srcdir/libmsig/daemon/conf.c" ]; then
	: >"$tmp/missing"
	sed -n -E 's/^ *[A-Z]*[({]"([a-z]+)", "([a-z0-9-]+)",.*/\2/p' "$top_srcdir/libmsig/daemon/conf.c" |
	    sort -u >"$tmp/items"
	while read -r item; do
		grep -q -E "(Ic|Cm|Sy|Ss|Sh) $item( |:|\$)" "$man/msig.conf.5" || echo "$item" >>"$tmp/missing"
	done <"$tmp/items"
	is_empty "each of the $(wc -l <"$tmp/items") items stands in msig.conf.5" "$tmp/missing"
	[ "$(wc -l <"$tmp/items")" -gt 20 ]
	result "the items were found in conf.c"
fi

# Every finding of the doctor is in the table that says what it means.
: >"$tmp/missing"
sed -n -E 's/^\tX\([A-Z_]+, "([a-z-]+)".*/\1/p' "$top_srcdir/agentd/doctor.h" >"$tmp/findings"
while read -r name; do
	grep -q -E "^\| ([a-z-]+, )*$name(, [a-z-]+)* \|" "$top_srcdir/doc/operations.md" || echo "$name" >>"$tmp/missing"
done <"$tmp/findings"
is_empty "each of the $(wc -l <"$tmp/findings") findings of the doctor is explained in operations.md" "$tmp/missing"
[ "$(wc -l <"$tmp/findings")" -ge 20 ]
result "the findings were found in doctor.h"
done_testing
