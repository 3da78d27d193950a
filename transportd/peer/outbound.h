/*
 * Messages to peers: each is tried at the peer's addresses in turn, the one that answered last
 * first, until one answers or the time is over; then agentd hears what became of it. Keeps nothing
 * longer than that: agentd's statements are versioned and sent again, so no outbox is needed.
 */
#pragma once

#include "libmsig/daemon/conf.h"
#include "transportd/outbox.h"
#include "transportd/peer/peertable.h"

#define OUTBOUND_ACTIVE 64     /* deliveries at a time */
#define OUTBOUND_ACTIVE_PEER 8 /* to one peer */
#define OUTBOUND_QUEUED 1024
#define OUTBOUND_TIMEOUT 5000 /* ms, where agentd names none */
#define OUTBOUND_TRY 500      /* ms, at least for one address */

struct outbound;

struct outbound *outbound_new(struct loop *loop, struct outbox *outbox, struct peertable *table);
void outbound_free(struct outbound *out);

/* SENT follows in any case. */
void outbound_send(struct outbound *out, const struct msig_msg_SEND *send);
/* The peer is no longer known: what is under way to it ends with MSIG_ENOPEER. */
void outbound_forget(struct outbound *out, const char *peer);
unsigned outbound_active(const struct outbound *out);
unsigned outbound_queued(const struct outbound *out);
