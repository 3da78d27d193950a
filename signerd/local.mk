# Files of signerd. All but main.c link into the tests.
noinst_LTLIBRARIES += signerd/libsigner.la
signerd_libsigner_la_SOURCES = \
	signerd/bind.c \
	signerd/bindkey.h signerd/bindkey.c \
	signerd/cmds.h signerd/cmds.c \
	signerd/desk.h signerd/desk.c \
	signerd/door.h signerd/door.c \
	signerd/driver.h signerd/driver.c \
	signerd/key.h signerd/key.c \
	signerd/knot.c \
	signerd/knotctl.h signerd/knotctl.c \
	signerd/named.h signerd/named.c \
	signerd/pdns.c \
	signerd/run.h signerd/run.c \
	signerd/worker.h signerd/worker.c
signerd_libsigner_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(GNUTLS_CFLAGS)

sbin_PROGRAMS += signerd/signerd
signerd_signerd_SOURCES = signerd/main.c
signerd_signerd_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
signerd_signerd_LDADD = signerd/libsigner.la libmsig/daemon/libmsigd.la libmsig/libmsig.la \
	$(JANSSON_LIBS) $(GNUTLS_LIBS) $(KNOT_LIBS)
