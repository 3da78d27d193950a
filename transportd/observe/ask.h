/*
 * ASK: questions to a chosen server (TCP, with TSIG where agentd names a key; several types go over
 * one connection) or to the validating resolver. One ANSWER per type follows in any case.
 */
#pragma once

#include "libmsig/daemon/conf.h"
#include "transportd/observe/resolver.h"
#include "transportd/outbox.h"

#define ASK_ACTIVE 128 /* asks at a time */
#define ASK_QUEUED 8192
#define ASK_TIMEOUT 5000 /* ms, where agentd names none */

struct asker;

/* conf and *resolver are looked at when an ask begins: reload may change them between. */
struct asker *asker_new(struct loop *loop, struct outbox *outbox, struct resolver **resolver);
void asker_free(struct asker *asker);
void asker_reconf(struct asker *asker, const struct conf *conf);

void ask_begin(struct asker *asker, const struct msig_msg_ASK *msg);
/* The resolver is about to be replaced: what waits for it is asked again of the new one. */
void asker_resolver_gone(struct asker *asker);
void asker_resolver_back(struct asker *asker);

/* The address from which a remote with that address wants to be asked (remote.via), or NULL. */
const struct dnsio_addr *ask_via(const struct conf *conf, const struct dnsio_addr *server);

struct asker_counters {
	unsigned active, queued;
	uint64_t asks, seen, absent, unknown;
};
void asker_count(const struct asker *asker, struct asker_counters *counters);
