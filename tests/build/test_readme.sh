#!/bin/sh
# What README and doc/signers.md tell people to write is accepted by what they would give it to.
. "$top_srcdir/tests/build/tap.sh"

# block FILE START: the indented block behind the first line that begins with START
block() {
	awk -v start="$2" '
		index($0, start) == 1 { found = 1 }
		found && /^\t/ { print substr($0, 2); inside = 1; next }
		inside && /^$/ { print ""; next }
		inside { exit }' "$1"
}

block "$top_srcdir/README.md" '**2.' >"$tmp/msig.conf"
[ "$(wc -l <"$tmp/msig.conf")" -gt 30 ]
result "README has a msig.conf"
secret=c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0
printf 'key "owner-key." { algorithm hmac-sha256; secret "%s"; };\n' $secret >"$tmp/owner.key"
printf 'hmac-sha256:signer-key.:%s\n' $secret >"$tmp/signer.key"
chmod 600 "$tmp"/*.key "$tmp/msig.conf"
# The users of the text do not exist on this machine.
sed -i '/^    user-/d; /^    group/d; s,/usr/share/dns/root.key,root.key,' "$tmp/msig.conf"
echo '. 3600 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D' >"$tmp/root.key"
for daemon in combinerd agentd transportd; do
	"$top_builddir/$daemon/$daemon" -n -c "$tmp/msig.conf" >"$tmp/out" 2>&1
	result "$daemon -n accepts it"
	grep -E ':[0-9]+:' "$tmp/out" | sed 's/^/# /'
done
"$top_builddir/combinerd/combinerd" -n -v -c "$tmp/msig.conf" >"$tmp/printed" 2>"$tmp/err"
"$top_builddir/combinerd/combinerd" -n -v -c "$tmp/printed" >"$tmp/again" 2>"$tmp/err"
cmp -s "$tmp/printed" "$tmp/again" && [ -s "$tmp/printed" ]
result "what -nv prints is read again to the same"

PATH=$PATH:$MSIG_LAB_ROOT/usr/sbin:/usr/sbin
export LD_LIBRARY_PATH="$MSIG_LAB_ROOT/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
if ! command -v knotc >/dev/null; then
	skip "README's knot.conf" "no knotc here"
	skip "doc/signers.md, A" "no knotc here"
	skip "doc/signers.md, B" "no knotc here"
	done_testing
fi
check_knot() {
	sed -i "s/secret: \.\.\./secret: $secret/" "$1"
	printf 'database:\n    storage: "%s"\n' "$tmp" >>"$1"
	knotc -c "$1" conf-check >"$tmp/out" 2>&1 && ! grep -q -i -E 'error|warning|notice' "$tmp/out"
	result "$2"
	[ "$tap_status" = 0 ] || sed 's/^/# /' "$tmp/out"
}
block "$top_srcdir/README.md" '**3.' >"$tmp/knot.conf"
# And msigctl doctor finds nothing wrong with what README tells people to write. (agentd does not run
# here: the configuration alone.)
doctor() {
	"$top_builddir/msigctl/msigctl" -r "$tmp" --json doctor shop.example. --lint "$1" >"$tmp/out" 2>&1
	[ $? = 3 ] && ! grep -q '"state": "fail"' "$tmp/out" &&
	    [ "$(grep -c '"state": "unknown"' "$tmp/out")" = 1 ] && [ "$(grep -c '"pass"' "$tmp/out")" -ge "$2" ]
	result "$3"
	[ "$tap_status" = 0 ] || sed 's/^/# /' "$tmp/out"
}
doctor "$tmp/knot.conf" 10 "msigctl doctor finds nothing wrong with README's knot.conf"
for example in "$top_srcdir"/examples/*/p*/knot.conf; do
	doctor "$example" 10 "msigctl doctor finds nothing wrong with ${example#"$top_srcdir"/}"
done
block "$top_srcdir/doc/signers.md" 'In `pdns.conf`' >"$tmp/pdns.conf"
doctor "$tmp/pdns.conf" 3 "msigctl doctor finds nothing wrong with doc/signers.md's pdns.conf"
# BIND, whose keys stay and whose keys signerd moves.
block "$top_srcdir/doc/signers.md" 'In `named.conf`' >"$tmp/named.conf"
{ sed '/^zone/,$d' "$tmp/named.conf"; block "$top_srcdir/doc/signers.md" 'With `signer-driver: bind`'; } >"$tmp/driven.conf"
for conf in named driven; do
	doctor "$tmp/$conf.conf" 0 "msigctl doctor finds nothing wrong with doc/signers.md's $conf.conf"
	sed -i "s/secret \"...\"/secret \"$secret\"/" "$tmp/$conf.conf"
	sed -i "s,/var/lib/bind,$tmp," "$tmp/$conf.conf"
	named-checkconf "$tmp/$conf.conf" >"$tmp/out" 2>&1 && ! grep -v deprecated "$tmp/out" | grep -q .
	result "BIND accepts doc/signers.md's $conf.conf"
	[ "$tap_status" = 0 ] || sed 's/^/# /' "$tmp/out"
done
# The parts that doc/signers.md leaves to README.
awk '/^policy:/ { exit } { print }' "$tmp/knot.conf" >"$tmp/head.conf"
awk '/^zone:/ { on = 1 } on { print }' "$tmp/knot.conf" >"$tmp/zone.conf"
check_knot "$tmp/knot.conf" "Knot accepts README's knot.conf"
{ cat "$tmp/head.conf"; block "$top_srcdir/doc/signers.md" '### A'; } >"$tmp/a.conf"
check_knot "$tmp/a.conf" "Knot accepts configuration A of doc/signers.md"
{ cat "$tmp/head.conf"; block "$top_srcdir/doc/signers.md" '### B'; cat "$tmp/zone.conf"; } >"$tmp/b.conf"
check_knot "$tmp/b.conf" "Knot accepts configuration B of doc/signers.md"
done_testing
