/* Control commands of the process `peer`: status, peers, counters, reload, stop. */
#pragma once

#include "libmsig/daemon/ctl.h"
#include "libmsig/daemon/proc.h"
#include "transportd/peer/inbound.h"
#include "transportd/peer/outbound.h"
#include "transportd/peer/store.h"

struct peer_process {
	struct proc *proc;
	struct bus *bus;
	struct outbox *outbox;
	struct ctl *ctl;
	struct peertable table;
	struct inbound *in;
	struct outbound *out;
	struct store *store;     /* or NULL */
	struct loop_timer *save; /* writes to it */
	struct loop_timer *ask;  /* asks agentd for the table until it comes */
	uint64_t started;        /* UTC ms */
};

extern const struct ctl_command peer_commands[]; /* arg: struct peer_process */
