# Files of agentd. All but main.c is in a library, so that the tests link it.
noinst_LTLIBRARIES += agentd/libagentd.la
agentd_libagentd_la_SOURCES = \
	agentd/ask.h agentd/ask.c \
	agentd/discover.h agentd/discover.c \
	agentd/peer.h agentd/peer.c \
	agentd/signer.h agentd/signer.c
agentd_libagentd_la_CPPFLAGS = $(AM_CPPFLAGS) $(GNUTLS_CFLAGS) $(JANSSON_CFLAGS)
include agentd/core.mk
