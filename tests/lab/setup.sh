# Set-up of a bare Debian for ./demo and ./check; POSIX sh, to be sourced with $top set to the
# source tree. It says what it is going to do before it does it, and does nothing twice.
#
# What the build needs is installed by apt. The daemons that the lab runs are *not*: installed,
# they would start on port 53 and could not write to a temporary directory. They are unpacked,
# with the libraries that are missing, into $top/.demo/root, and run from there.

demo_dir=$top/.demo
lab_root=$demo_dir/root

# One name per line so that a diff shows what changed.
build_packages='
autoconf
automake
gcc
libc6-dev
libcmocka-dev
libevent-dev
libgnutls28-dev
libjansson-dev
libknot-dev
libseccomp-dev
libsqlite3-dev
libsystemd-dev
libtool
libunbound-dev
libzmq3-dev
make
pkg-config
'
lab_packages='
bind9-dnsutils
bind9-utils
knot-dnssecutils
knot-dnsutils
ldnsutils
python3
python3-cryptography
python3-dnspython
'
# What only the tests need: a linter of manuals, somebody else's SIG(0), a model checker, and root in a
# namespace for an ordinary user. ./check asks for them.
check_packages='
libnet-dns-sec-perl
mandoc
spin
uidmap
'
# And the long ones: a second compiler with its sanitizers and fuzzer.
full_packages='
clang
git
libclang-rt-14-dev
'
more_packages=
daemon_packages='
knot
unbound
nsd
bind9
pdns-server
pdns-backend-sqlite3
'

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

installed_version() {
	dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null |
		sed -n 's/^installed //p' | head -n 1
}

missing_packages() {
	for _p in $build_packages $lab_packages $more_packages; do
		[ -n "$(installed_version "$_p")" ] || printf '%s ' "$_p"
	done
}

missing_daemons() {
	for _p in $daemon_packages; do
		[ -f "$lab_root/.unpacked/$_p" ] || printf '%s ' "$_p"
	done
}

# apt_get ARGUMENTS: the package lists of the machine where there are any, else our own copy.
apt_get() {
	DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get $apt_options "$@" </dev/null
}

# apt_as_root ARGUMENTS: for the machine. Nothing but apt-get is run with sudo: that may be all it allows.
apt_as_root() {
	DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 $as_root apt-get "$@" </dev/null
}

may_sudo_apt() {
	command -v sudo >/dev/null 2>&1 || return 1
	if sudo -n apt-get --version >/dev/null 2>&1; then
		as_root='sudo -n'
	elif [ -t 0 ]; then
		as_root=sudo
	fi
	[ -n "$as_root" ]
}

have_lists() { apt-cache $apt_options show knot >/dev/null 2>&1; }

refresh_lists() {
	have_lists && return 0
	say '   reading package lists'
	if [ -n "$as_root" ] || [ "$(id -u)" = 0 ]; then
		apt_as_root update -qq || return 1
	else
		mkdir -p "$demo_dir/apt/lists/partial" "$demo_dir/apt/cache/archives/partial"
		apt_options="-o Dir::State::lists=$demo_dir/apt/lists -o Dir::Cache=$demo_dir/apt/cache"
		apt_get update -qq || return 1
	fi
	have_lists
}

install_packages() {
	refresh_lists || return 1
	if ! apt_as_root install -y -qq --no-install-recommends "$@" >"$demo_dir/apt.log" 2>&1; then
		# The lists may be older than the archive.
		apt_as_root update -qq &&
		    apt_as_root install -y -qq --no-install-recommends "$@" >"$demo_dir/apt.log" 2>&1 ||
		    { tail -n 20 "$demo_dir/apt.log" >&2; return 1; }
	fi
}

# unpack PACKAGE: into $lab_root.new, then what it depends on and the machine lacks or has in
# another version (Debian's named is linked with the libraries of exactly its own version).
unpack() {
	[ ! -f "$lab_root.new/.unpacked/$1" ] || return 0
	rm -rf "$demo_dir/deb" && mkdir -p "$demo_dir/deb" "$lab_root.new/.unpacked" || return 1
	(cd "$demo_dir/deb" && apt_get -qq download "$1" >"$demo_dir/apt.log" 2>&1) ||
		{ tail -n 5 "$demo_dir/apt.log" >&2; return 1; }
	dpkg-deb -x "$demo_dir"/deb/*.deb "$lab_root.new" || return 1
	: >"$lab_root.new/.unpacked/$1"
	for _dep in $(dpkg-deb -f "$demo_dir"/deb/*.deb Depends | tr ',' '\n' |
	    sed -n -e 's/|.*//' -e 's/[ ()]\{1,\}/ /g' -e 's/^ *//' -e 's/ = /=/' -e 's/ .*//' \
	    -e '/^lib/p' -e '/^bind9-libs/p'); do
		_have=$(installed_version "${_dep%%=*}")
		case $_dep in
		*=*) [ "$_have" = "${_dep#*=}" ] || printf '%s\n' "${_dep%%=*}" ;;
		*) [ -n "$_have" ] || printf '%s\n' "$_dep" ;;
		esac
	done >"$demo_dir/deps.$1"
	while read -r _dep; do
		unpack "$_dep" || return 1
	done <"$demo_dir/deps.$1"
	rm -f "$demo_dir/deps.$1"
}

unpack_daemons() {
	refresh_lists || return 1
	rm -rf "$lab_root.new"
	for _d in $daemon_packages; do
		unpack "$_d" || { say "could not get the package $_d" >&2; return 1; }
	done
	rm -rf "$demo_dir/deb" "$lab_root" && mv "$lab_root.new" "$lab_root"
}

# setup: everything that ./demo and ./check need before the build.
setup() {
	# autoconf and make take these for more than a name.
	case $top in
	*[[:space:]\"\#\$\&\'\`\\]*)
		die "$top: it cannot be built in a folder with a space or one of \"#\$&'\`\\ in its path: put it elsewhere." ;;
	esac
	apt_options=
	as_root=
	command -v apt-get >/dev/null 2>&1 ||
		die 'This script sets up Debian and its relatives; elsewhere see README.md, "Building".'
	mkdir -p "$demo_dir" 2>/dev/null && [ -w "$demo_dir" ] ||
		die "$demo_dir cannot be written to: run this in a copy of the tree that is yours."
	_packages=$(missing_packages)
	_daemons=$(missing_daemons)
	[ -n "$_packages$_daemons" ] || return 0

	if [ -n "$_packages" ]; then
		say 'Debian packages that will be installed:'
		say "$_packages" | fold -s -w 76 | sed 's/^/   /'
		[ "$(id -u)" = 0 ] || may_sudo_apt ||
			die "You are not root, and cannot run apt-get with sudo. Have root run
   apt-get install --no-install-recommends $_packages
and start this again."
	fi
	if [ -n "$_daemons" ]; then
		say 'Daemons that will be unpacked, not installed (nothing is started, nothing'
		say "listens on port 53), into ${lab_root#"$PWD"/}:"
		say "   $_daemons"
	fi
	if [ -n "$_packages" ]; then
		install_packages $_packages || die 'The packages could not be installed.'
	fi
	if [ -n "$_daemons" ]; then
		unpack_daemons || die 'The daemons could not be unpacked.'
	fi
	say 'Set up. From here on no network is needed.'
}

# build: configure and make in $top/build, quietly; what went wrong is shown.
build() {
	command -v nproc >/dev/null 2>&1 && jobs=$(nproc) || jobs=2
	mkdir -p "$top/build" && [ -w "$top/build" ] ||
		die "$top/build cannot be written to: run this in a copy of the tree that is yours."
	[ ! -f "$top/config.status" ] ||
		die "$top was configured in place: run \`make distclean' there first."
	if [ ! -x "$top/configure" ] || [ -n "$(find "$top" \( -name .demo -o -name build \) -prune \
	    -o \( -name local.mk -o -name '*.mk' -o -name Makefile.am -o -name configure.ac \) \
	    -newer "$top/configure" -print | head -n 1)" ]; then
		step 'preparing the build' "$top/build/autogen.out" "$top/autogen.sh"
	fi
	if [ ! -f "$top/build/Makefile" ]; then
		step 'configuring' "$top/build/configure.out" in_build "$top/configure" $configure_options
	fi
	step 'compiling' "$top/build/make.out" in_build make -j "$jobs" all
}

in_build() { (cd "$top/build" && "$@"); }

# step TEXT LOG COMMAND...: one line; the log's end if it fails.
step() {
	_text=$1 _log=$2
	shift 2
	printf '%s ... ' "$_text"
	if "$@" >"$_log" 2>&1 </dev/null; then
		echo 'done'
	else
		echo 'failed'
		tail -n 30 "$_log" >&2
		die "The whole output is in $_log"
	fi
}

# What the lab's programs look for; a checkout works beside an installed Knot or Unbound.
MSIG_LAB_ROOT=$lab_root
export MSIG_LAB_ROOT
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH
