# Files of agentd. All but main.c is in a library, so that the tests link it.
noinst_LTLIBRARIES += agentd/libagentd.la
agentd_libagentd_la_SOURCES = \
	agentd/agent.h agentd/agent.c \
	agentd/answer.h agentd/answer.c \
	agentd/ask.h agentd/ask.c \
	agentd/checkup.h agentd/checkup.c \
	agentd/cmds.h agentd/cmds.c agentd/cmds_act.c agentd/cmds_doctor.c agentd/cmds_keys.c agentd/cmds_peers.c \
	agentd/cmds_process.c agentd/cmds_zone.c \
	agentd/content.h agentd/content.c \
	agentd/denial.h agentd/denial.c \
	agentd/discover.h agentd/discover.c \
	agentd/doctor.h agentd/doctor_int.h agentd/doctor.c agentd/doctor_given.c agentd/doctor_own.c \
	agentd/doctor_reach.c agentd/doctor_times.c \
	agentd/egress.h agentd/egress.c \
	agentd/graph.h agentd/graph.c \
	agentd/identity.h agentd/identity.c \
	agentd/inbox.h agentd/inbox.c \
	agentd/keyring.h agentd/keyring.c \
	agentd/look.h agentd/look_int.h agentd/look.c agentd/look_hsync.c agentd/look_names.c \
	agentd/look_place.c \
	agentd/peer.h agentd/peer.c \
	agentd/peers.h agentd/peers_int.h agentd/peers.c agentd/peers_discover.c \
	agentd/prune.h agentd/prune.c \
	agentd/sig0key.h agentd/sig0key.c \
	agentd/store.h agentd/store.c \
	agentd/talk.h agentd/talk.c \
	agentd/zones.h agentd/zones_int.h agentd/zones.c agentd/zones_act.c agentd/zones_bus.c agentd/zones_conf.c \
	agentd/zones_evidence.c agentd/zones_peer.c agentd/zones_settle.c
agentd_libagentd_la_CPPFLAGS = $(AM_CPPFLAGS) $(GNUTLS_CFLAGS) $(JANSSON_CFLAGS)
sbin_PROGRAMS += agentd/agentd
agentd_agentd_SOURCES = agentd/main.c
agentd_agentd_LDADD = agentd/libagentd.la agentd/libcore.la libmsig/daemon/libmsigd.la \
	libmsig/libmsig.la $(JANSSON_LIBS) $(GNUTLS_LIBS) $(KNOT_LIBS)
include agentd/core.mk
