/* Control commands of the process `observe`: status, zones, reload. */
#pragma once

#include "libmsig/daemon/ctl.h"
#include "libmsig/daemon/proc.h"
#include "transportd/observe/ask.h"
#include "transportd/observe/compare.h"
#include "transportd/observe/follow.h"
#include "transportd/observe/notify.h"

struct observe_process {
	struct proc *proc;
	struct bus *bus;
	struct outbox *outbox;
	struct ctl *ctl;
	struct resolver *resolver;
	struct asker *asker;
	struct follower *follower;
	struct comparer *comparer;
	struct notify *notify;
	uint64_t started; /* UTC ms */
};

extern const struct ctl_command observe_commands[]; /* arg: struct observe_process */
