#!/bin/sh
# The pictures of the processes in doc/processes are those of the tables that agentd works by: make
# graphs draws them anew.
. "$top_srcdir/tests/build/tap.sh"
mkdir "$tmp/drawn"
"$top_builddir/tests/tools/drawgraphs" "$tmp/drawn" >"$tmp/names"
result "every process is drawn"
[ "$(wc -l <"$tmp/names")" -ge 2 ]
result "there are processes"
: >"$tmp/differ"
while read -r name; do
	cmp -s "$tmp/drawn/$name" "$top_srcdir/doc/processes/$name" || echo "$name" >>"$tmp/differ"
done <"$tmp/names"
is_empty "doc/processes is what the tables say (else: make graphs)" "$tmp/differ"
(cd "$top_srcdir/doc/processes" && ls) | sort >"$tmp/have"
sort "$tmp/names" | comm -13 - "$tmp/have" >"$tmp/old"
is_empty "no picture of a process that is not there" "$tmp/old"
: >"$tmp/missing"
while read -r name; do
	grep -q "doc/processes/$name" "$top_builddir/Makefile" || echo "$name" >>"$tmp/missing"
done <"$tmp/names"
is_empty "each picture is installed" "$tmp/missing"
: >"$tmp/bad"
for file in "$tmp"/drawn/*.svg; do
	/usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$file" ||
	    echo "$file" >>"$tmp/bad"
done
is_empty "each picture is well-formed XML" "$tmp/bad"
done_testing
