/* The control socket of agentd: RUNDIR/agentd.ctl. The answers are described in cmds.c. */
#pragma once

#include "agentd/agent.h"

int cmds_open(struct agent *agent);
void cmds_close(struct agent *agent);
