/*
 * The control socket of agentd: RUNDIR/agentd.ctl. The table of commands and the shapes of their
 * answers are in cmds.c; the commands themselves in cmds_*.c.
 */
#pragma once

#include <jansson.h>
#include "agentd/agent.h"

struct zone;

int cmds_open(struct agent *agent);
void cmds_close(struct agent *agent);

#define CMDS(X)     \
	X(status)   \
	X(tracking) \
	X(keys)     \
	X(why)      \
	X(peers)    \
	X(journal)  \
	X(hsync)    \
	X(doctor)   \
	X(identity) \
	X(plan)     \
	X(graph)    \
	X(order)    \
	X(cancel)   \
	X(expel)    \
	X(approve)  \
	X(step)     \
	X(pause)    \
	X(resume)   \
	X(abort)    \
	X(reload)

/* struct ctl_command.run; arg is the agent. */
#define X(name) json_t *cmds_##name(void *arg, struct ctl_request *req, const json_t *request);
CMDS(X)
#undef X
