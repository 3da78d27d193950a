# The pure core of agentd: no I/O, no clock, no log. The daemon and the simulator link it.
noinst_LTLIBRARIES += agentd/libcore.la
agentd_libcore_la_SOURCES = \
	agentd/agree.h agentd/agree.c \
	agentd/condition.c \
	agentd/decide.h agentd/decide.c \
	agentd/durable.c \
	agentd/elect.h agentd/elect.c \
	agentd/lead.h agentd/lead.c \
	agentd/hold.h agentd/hold.c agentd/mutant.h \
	agentd/operator.h agentd/operator.c \
	agentd/outlook.h agentd/outlook_int.h agentd/outlook.c agentd/outlook_change.c \
	agentd/outlook_check.c agentd/outlook_time.c \
	agentd/process.h agentd/process.c \
	agentd/reason.h agentd/reason.c \
	agentd/roll.h agentd/roll.c \
	agentd/rset.h agentd/rset.c \
	agentd/safety.h agentd/safety.c \
	agentd/step.h \
	agentd/view.h agentd/view.c
