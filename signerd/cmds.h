/* Commands of the control socket RUNDIR/signerd.ctl; their answers are described in cmds.c. */
#pragma once

#include "libmsig/daemon/ctl.h"
#include "libmsig/daemon/proc.h"
#include "signerd/desk.h"

struct cmds;

/* NULL with an error, which is logged. */
struct cmds *cmds_new(struct desk *desk, struct proc *proc);
void cmds_free(struct cmds *cmds);
