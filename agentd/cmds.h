/* The control socket of agentd: RUNDIR/agentd.ctl. The answers are described in cmds.c. */
#pragma once

#include "agentd/agent.h"

struct zone;

int cmds_open(struct agent *agent);
void cmds_close(struct agent *agent);
/* The zone was decided on: those who wait for it may have to be told. */
void cmds_settled(struct zone *zone);
