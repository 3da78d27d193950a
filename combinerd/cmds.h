/* Commands of the control socket; their answers are described in cmds.c. */
#pragma once

#include "combinerd/zone.h"
#include "libmsig/daemon/ctl.h"
#include "libmsig/daemon/proc.h"

struct cmds;

/* NULL with an error, which is logged. */
struct cmds *cmds_new(struct combiner *combiner, struct proc *proc);
void cmds_free(struct cmds *cmds);
