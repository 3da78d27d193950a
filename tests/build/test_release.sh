#!/bin/sh
# A release: make dist, unpack, read-only sources, build outside of them with gcc and with clang,
# install, remove. Compiles everything twice; part of check-full.
. "$top_srcdir/tests/build/tap.sh"
unset MAKEFLAGS MAKELEVEL MFLAGS
cd "$top_builddir" || exit 99
make=${MAKE:-make}

"$make" -s distdir distdir="$tmp/msig-release" >"$tmp/dist.out" 2>&1
result "make distdir"
[ "$tap_failed" = 0 ] || sed 's/^/# /' "$tmp/dist.out"

# Everything that is under version control is part of a release, apart from what is named here.
if git -C "$top_srcdir" rev-parse >/dev/null 2>&1; then
	git -C "$top_srcdir" ls-files | while read -r file; do
		case $file in
		.gitignore | .ci/*) continue ;;
		esac
		[ -e "$tmp/msig-release/$file" ] || echo "$file"
	done >"$tmp/forgotten"
	is_empty "no file is forgotten" "$tmp/forgotten"
else
	skip "no file is forgotten" "not a git work tree"
fi

chmod -R a-w "$tmp/msig-release"
for compiler in gcc clang; do
	if ! command -v "$compiler" >/dev/null; then
		skip "$compiler" "$compiler is not installed"
		continue
	fi
	mkdir "$tmp/$compiler"
	(cd "$tmp/$compiler" && "$tmp/msig-release/configure" --enable-werror --prefix=/usr CC="$compiler" &&
	    "$make" -s -j2 && "$make" -s -j2 check TESTS= && "$make" -s install DESTDIR="$tmp/$compiler/dest") \
	    >"$tmp/$compiler.out" 2>&1
	result "$compiler: configure, make, make install from read-only sources, no warning"
	[ -x "$tmp/$compiler/dest/usr/sbin/combinerd" ] || tail -n 30 "$tmp/$compiler.out" | sed 's/^/# /'
	(cd "$tmp/$compiler" && "$make" -s distclean >/dev/null && find . -type f ! -path './dest/*') >"$tmp/left" 2>&1
	is_empty "$compiler: make distclean leaves nothing" "$tmp/left"
done
chmod -R u+w "$tmp/msig-release"
done_testing
