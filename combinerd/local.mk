# Files of combinerd. All but main.c link into the tests.
noinst_LTLIBRARIES += combinerd/libcombiner.la
combinerd_libcombiner_la_SOURCES = \
	combinerd/rr.h combinerd/rr.c \
	combinerd/serial.h combinerd/serial.c \
	combinerd/store.h combinerd/store_plain.c \
	combinerd/base.h combinerd/base.c \
	combinerd/overlay.h combinerd/overlay.c combinerd/overlay_db.c \
	combinerd/journal.h combinerd/journal.c \
	combinerd/merge.h combinerd/merge.c \
	combinerd/update.h combinerd/update.c \
	combinerd/zone.h combinerd/zone.c \
	combinerd/contribute.h combinerd/contribute.c \
	combinerd/xfr_in.h combinerd/xfr_in.c \
	combinerd/transfer.h combinerd/transfer.c \
	combinerd/xfr_out.h combinerd/xfr_out.c \
	combinerd/notify.h combinerd/notify.c \
	combinerd/pushed.h combinerd/pushed.c \
	combinerd/patch.h combinerd/patch.c \
	combinerd/push.h combinerd/push.c \
	combinerd/dns.h combinerd/dns.c
combinerd_libcombiner_la_LIBADD = libmsig/daemon/libmsigd.la libmsig/libmsig.la

sbin_PROGRAMS += combinerd/combinerd
combinerd_combinerd_SOURCES = combinerd/main.c combinerd/cmds.h combinerd/cmds.c
combinerd_combinerd_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
combinerd_combinerd_LDADD = combinerd/libcombiner.la libmsig/daemon/libmsigd.la libmsig/libmsig.la \
	$(KNOT_LIBS) $(JANSSON_LIBS)
