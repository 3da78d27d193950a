# Files of combinerd. All but main.c link into the tests.
noinst_LTLIBRARIES += combinerd/libcombiner.la
combinerd_libcombiner_la_SOURCES = \
	combinerd/rr.h combinerd/rr.c \
	combinerd/serial.h combinerd/serial.c \
	combinerd/store.h combinerd/store_plain.c \
	combinerd/overlay.h combinerd/overlay.c \
	combinerd/merge.h combinerd/merge.c \
	combinerd/update.h combinerd/update.c \
	combinerd/xfr_in.h combinerd/xfr_in.c
combinerd_libcombiner_la_LIBADD = libmsig/daemon/libmsigd.la libmsig/libmsig.la
