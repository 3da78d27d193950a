# Files of libmsig: the protocol, pure. Installed as a shared library.
lib_LTLIBRARIES += libmsig/libmsig.la

libmsig_headers = \
	libmsig/apex.h \
	libmsig/buf.h \
	libmsig/canon.h \
	libmsig/change.h \
	libmsig/digest.h \
	libmsig/err.h \
	libmsig/hsync.h \
	libmsig/key.h \
	libmsig/msg.h \
	libmsig/name.h \
	libmsig/option.h \
	libmsig/peermsg.h \
	libmsig/rrs.h \
	libmsig/rrsig.h \
	libmsig/set.h \
	libmsig/sig0.h \
	libmsig/statement.h \
	libmsig/target.h

libmsig_libmsig_la_SOURCES = \
	$(libmsig_headers) \
	libmsig/compat.h \
	libmsig/hash.h \
	libmsig/apex.c \
	libmsig/buf.c \
	libmsig/canon.c \
	libmsig/change.c \
	libmsig/digest.c \
	libmsig/err.c \
	libmsig/hash.c \
	libmsig/hsync.c \
	libmsig/key.c \
	libmsig/msg.c \
	libmsig/name.c \
	libmsig/option.c \
	libmsig/peermsg.c \
	libmsig/rrs.c \
	libmsig/rrsig.c \
	libmsig/set.c \
	libmsig/sig0.c \
	libmsig/statement.c \
	libmsig/target.c

libmsigincludedir = $(includedir)/libmsig
libmsiginclude_HEADERS = $(libmsig_headers)
pkgconfig_DATA += libmsig/libmsig.pc
EXTRA_DIST += libmsig/libmsig.map

libmsig_libmsig_la_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS)
libmsig_libmsig_la_LIBADD = $(KNOT_LIBS) $(GNUTLS_LIBS)
libmsig_libmsig_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
	-Wl,--version-script=$(srcdir)/libmsig/libmsig.map
EXTRA_libmsig_libmsig_la_DEPENDENCIES = libmsig/libmsig.map
