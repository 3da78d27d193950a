/*
 * Messages to agentd that shall survive its restart: what cannot be sent now is tried again for a
 * few seconds, in order. A daemon that starts asks at once, and is often heard before it can hear:
 * without this its first questions would end in its time-outs. Both processes of transportd use it.
 */
#pragma once

#include "libmsig/daemon/bus.h"

#define OUTBOX_KEEP 3000 /* ms */
#define OUTBOX_MAX 1024  /* messages */

struct outbox;

struct outbox *outbox_new(struct loop *loop, struct bus *bus, enum msig_actor self);
void outbox_free(struct outbox *outbox);
/* msg is borrowed. */
void outbox_send(struct outbox *outbox, const struct msig_msg *msg);
