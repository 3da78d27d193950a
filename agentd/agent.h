/*
 * agentd as a whole: what its parts share. Everything hangs on struct agent; there are no globals.
 *
 *	bus -> agent.c -> ask.c (answers)      -> zones_bus.c, peers.c
 *	               -> inbox.c (messages)   -> peers.c, zones_peer.c
 *	event -> zones.c marks the zone dirty -> zones_settle.c: decide() -> store.c -> zones_act.c
 */
#pragma once

#include <stdbool.h>
#include "agentd/ask.h"
#include "agentd/sig0key.h"
#include "agentd/store.h"
#include "agentd/view.h"
#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/conf.h"
#include "libmsig/daemon/ctl.h"
#include "libmsig/daemon/loop.h"
#include "libmsig/daemon/proc.h"
#include "libmsig/name.h"
#include "libmsig/option.h"
#include "libmsig/peermsg.h"

struct contact;
struct talk;
struct zone;

struct agent {
	struct loop *loop;
	const struct conf *conf;
	struct proc *proc; /* NULL in tests */
	struct store *store;
	struct sig0key *sig0key;
	struct bus *bus;
	/* How messages leave: the bus, or a test. */
	int (*send)(void *arg, const struct msig_msg *msg);
	void *send_arg;
	struct ask *ask;
	struct talk *talk;
	struct ctl *ctl;
	struct contact *contacts; /* peers.c */
	struct zone *zones;       /* zones.c */
	knot_dname_storage_t identity;
	char identity_text[MSIG_NAME_TEXT];
	bool stopping;
	struct loop_timer *run_timer; /* zones.c: dirty zones wait for it */
	uint64_t started;             /* UTC ms */
	uint64_t bus_id;              /* last id given to APPLY and SHOW */
	struct loop_timer *prune_timer; /* prune.c */
	bool journal_full;              /* and the log was told that it has no more to take */
	struct loop_timer *clock;     /* compares wall clock and uptime */
	int64_t clock_offset;         /* one minus the other, at the last look */
	int64_t clock_told;           /* and when the log last said that it was set */
	uint8_t boot[16];             /* which start of the machine the uptime is of */
};

/* Everything but the bus and the control socket: used by tests too. err gets the reason. */
int agent_start(struct agent *agent, char *err, size_t errlen);
void agent_stop(struct agent *agent);

/* A message from the bus, whoever brought it. */
void agent_message(struct agent *agent, const struct msig_msg *msg);
int agent_send(struct agent *agent, const struct msig_msg *msg);
/* The configuration is a new one. */
void agent_reload(struct agent *agent, const struct conf *conf);

/* Where everything stands, to the log (SIGUSR2). */
void agent_dump(struct agent *agent);

/* Now, for view_check_clock(). */
struct view_clock agent_clock(const struct agent *agent);

struct msig_coding agent_coding(const struct agent *agent);
