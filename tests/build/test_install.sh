#!/bin/sh
# make install into a DESTDIR: the right files, no file that does not belong there, a library that
# exports what its map says and nothing else, and a .pc file that a stranger can compile with.
. "$top_srcdir/tests/build/tap.sh"
dest=$tmp/dest
cd "$top_builddir" || exit 99
prefix=$(sed -n 's/^prefix = //p' Makefile)

env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS "${MAKE:-make}" -s install DESTDIR="$dest" >"$tmp/install.out" 2>&1
result "make install with DESTDIR" || cat "$tmp/install.out"
[ "$tap_failed" = 0 ] || sed 's/^/# /' "$tmp/install.out"

for file in sbin/combinerd sbin/agentd sbin/transportd sbin/signerd bin/msigctl \
    lib/libmsig.so lib/pkgconfig/libmsig.pc include/libmsig/hsync.h \
    share/man/man8/combinerd.8 share/man/man8/agentd.8 share/man/man8/transportd.8 \
    share/man/man8/signerd.8 \
    share/man/man1/msigctl.1 share/man/man5/msig.conf.5; do
	[ -e "$dest$prefix/$file" ]
	result "$file is installed"
done

# Nothing is written outside the prefix, and nothing is made of this machine's paths.
find "$dest" -type f ! -path "$dest$prefix/*" >"$tmp/outside"
is_empty "nothing outside of the prefix" "$tmp/outside"
find "$dest$prefix" -path '*/include/*' -path '*daemon*' >"$tmp/private"
is_empty "the daemons' own headers stay private" "$tmp/private"
: >"$tmp/rpath"
for program in "$dest$prefix"/sbin/* "$dest$prefix"/bin/*; do
	readelf -d "$program" 2>/dev/null | grep -E 'R(UN)?PATH' | grep -F "$top_builddir" >>"$tmp/rpath"
done
is_empty "no program looks for libraries in the build directory" "$tmp/rpath"

lib=$dest$prefix/lib/libmsig.so
# The version's own name is an absolute symbol.
nm -D --defined-only "$lib" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$tmp/exported"
grep -v '^msig_' "$tmp/exported" >"$tmp/foreign"
is_empty "the library exports msig_ names only" "$tmp/foreign"
[ -s "$tmp/exported" ]
result "the library exports something"

# What the installed headers declare must be there to link with, and the other way round.
: >"$tmp/headers.h"
for h in "$dest$prefix"/include/libmsig/*.h; do
	echo "#include <libmsig/${h##*/}>" >>"$tmp/headers.h"
done
flags=$(PKG_CONFIG_PATH="$dest$prefix/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR= \
    pkg-config --define-variable=prefix="$dest$prefix" --cflags --libs libmsig) 2>"$tmp/pc.err"
is_empty "pkg-config reads libmsig.pc" "$tmp/pc.err"
cat >"$tmp/user.c" <<'C'
#include <stdio.h>
#include "headers.h"
int main(void) { return puts(msig_strerror(-2000)) < 0; }
C
sanitize=$(sed -n 's/^SAN_CFLAGS = //p' Makefile)
# shellcheck disable=SC2086
(cd "$tmp" && ${CC:-cc} -std=gnu11 -Wall -Wextra -Werror $sanitize -o user user.c $flags) 2>"$tmp/user.err"
is_empty "every installed header compiles, and a program links" "$tmp/user.err"
LD_LIBRARY_PATH="$dest$prefix/lib" "$tmp/user" | grep -q 'ends too early'
result "that program runs"
# shellcheck disable=SC2086
(cd "$tmp" && ${CC:-cc} -std=gnu11 -E user.c $flags) | tr -c 'A-Za-z0-9_' '\n' | grep '^msig_' | sort -u >"$tmp/declared"
comm -23 "$tmp/exported" "$tmp/declared" >"$tmp/undeclared"
is_empty "every exported name is declared in an installed header" "$tmp/undeclared"

env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS "${MAKE:-make}" -s uninstall DESTDIR="$dest" >/dev/null 2>&1
find "$dest" -type f -o -type l >"$tmp/left"
is_empty "make uninstall leaves nothing" "$tmp/left"
done_testing
