# Files of msigctl. All but main.c are a library, so that the tests link them.
noinst_LTLIBRARIES += msigctl/libctlclient.la
bin_PROGRAMS += msigctl/msigctl

msigctl_libctlclient_la_SOURCES = \
	msigctl/check.c \
	msigctl/client.c \
	msigctl/client.h \
	msigctl/command.h \
	msigctl/commands.c \
	msigctl/doctor.c \
	msigctl/draw.c \
	msigctl/draw.h \
	msigctl/graph.c \
	msigctl/hsync.c \
	msigctl/identity.c \
	msigctl/identity.h \
	msigctl/journal.c \
	msigctl/json.h \
	msigctl/lint.c \
	msigctl/lint.h \
	msigctl/lint_bind.c \
	msigctl/lint_knot.c \
	msigctl/operator.c \
	msigctl/plan.c \
	msigctl/probe.c \
	msigctl/probe.h \
	msigctl/probe_zone.c \
	msigctl/render.h \
	msigctl/render_doctor.c \
	msigctl/render_host.c \
	msigctl/render_merge.c \
	msigctl/render_plan.c \
	msigctl/render_zone.c \
	msigctl/text.c \
	msigctl/text.h \
	msigctl/wait.c \
	msigctl/wait.h \
	msigctl/words.c \
	msigctl/words.h
msigctl_libctlclient_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
msigctl_libctlclient_la_LIBADD = \
	libmsig/daemon/libmsigd.la \
	libmsig/libmsig.la \
	$(JANSSON_LIBS) \
	$(KNOT_LIBS)

msigctl_msigctl_SOURCES = msigctl/main.c
msigctl_msigctl_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
msigctl_msigctl_LDADD = msigctl/libctlclient.la
