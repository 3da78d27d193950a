# Files of libmsig/daemon: what the daemons share, linked into each of them.
noinst_LTLIBRARIES += libmsig/daemon/libmsigd.la
libmsig_daemon_libmsigd_la_SOURCES = \
	libmsig/daemon/log.h libmsig/daemon/log.c \
	libmsig/daemon/loop.h libmsig/daemon/loop.c \
	libmsig/daemon/dnsio.h libmsig/daemon/dnsio.c \
	libmsig/daemon/dnsserver.c libmsig/daemon/dnsclient.c \
	libmsig/daemon/tsig.h libmsig/daemon/tsig.c \
	libmsig/daemon/conf.h libmsig/daemon/conf_int.h libmsig/daemon/conf.c \
	libmsig/daemon/confread.c libmsig/daemon/confvalue.c \
	libmsig/daemon/keyfile.c \
	libmsig/daemon/proc.h libmsig/daemon/proc.c \
	libmsig/daemon/bus.h libmsig/daemon/bus.c \
	libmsig/daemon/db.h libmsig/daemon/db.c \
	libmsig/daemon/ctl.h libmsig/daemon/ctl.c
libmsig_daemon_libmsigd_la_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(ZMQ_CFLAGS) $(SQLITE_CFLAGS) \
	$(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS) $(SECCOMP_CFLAGS)
libmsig_daemon_libmsigd_la_LIBADD = libmsig/libmsig.la $(KNOT_LIBS) $(EVENT_LIBS) $(ZMQ_LIBS) $(SQLITE_LIBS) \
	$(JANSSON_LIBS) $(SYSTEMD_LIBS) $(SECCOMP_LIBS) $(GNUTLS_LIBS)
