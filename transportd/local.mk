# Files of transportd. All but main.c links into the tests.
noinst_LTLIBRARIES += transportd/libtransport.la
sbin_PROGRAMS += transportd/transportd

transportd_cppflags = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS) $(UNBOUND_CFLAGS) $(GNUTLS_CFLAGS)

transportd_libtransport_la_SOURCES = \
	transportd/outbox.h transportd/outbox.c \
	transportd/supervise.h transportd/supervise.c \
	transportd/peer/budget.h transportd/peer/budget.c \
	transportd/peer/channel.h transportd/peer/dns.c \
	transportd/peer/cheap.h transportd/peer/cheap.c \
	transportd/peer/cmds.h transportd/peer/cmds.c \
	transportd/peer/inbound.h transportd/peer/inbound.c \
	transportd/peer/outbound.h transportd/peer/outbound.c \
	transportd/peer/peertable.h transportd/peer/peertable.c \
	transportd/peer/process.h transportd/peer/process.c \
	transportd/peer/store.h transportd/peer/store.c \
	transportd/observe/ask.h transportd/observe/ask.c \
	transportd/observe/axfr.h transportd/observe/axfr.c \
	transportd/observe/cmds.h transportd/observe/cmds.c \
	transportd/observe/compare.h transportd/observe/compare.c \
	transportd/observe/follow.h transportd/observe/follow.c \
	transportd/observe/look.h transportd/observe/look.c \
	transportd/observe/notify.h transportd/observe/notify.c \
	transportd/observe/process.h transportd/observe/process.c \
	transportd/observe/resolver.h transportd/observe/resolver.c \
	transportd/observe/sketch.h transportd/observe/sketch.c \
	transportd/observe/stream.h transportd/observe/stream.c \
	transportd/observe/tally.h transportd/observe/tally.c \
	transportd/observe/transfer.h transportd/observe/transfer.c
transportd_libtransport_la_CPPFLAGS = $(transportd_cppflags)
transportd_libtransport_la_LIBADD = libmsig/daemon/libmsigd.la $(UNBOUND_LIBS)

transportd_transportd_SOURCES = transportd/main.c
transportd_transportd_CPPFLAGS = $(transportd_cppflags)
transportd_transportd_LDADD = transportd/libtransport.la
