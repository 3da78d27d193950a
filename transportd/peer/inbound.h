/*
 * Requests of peers: cheap checks, then agentd, then its answer back by the channel it came from.
 * Remembers only who waits for what; an answer that does not come in time is a SERVFAIL.
 */
#pragma once

#include <jansson.h>
#include "libmsig/daemon/conf.h"
#include "transportd/outbox.h"
#include "transportd/peer/channel.h"
#include "transportd/peer/cheap.h"

#define INBOUND_WAITING 256 /* requests that agentd has not answered */
#define INBOUND_SOURCES 4096
/* Claims that agentd hears, per second: of one source, and in all. */
#define INBOUND_CLAIMS_SOURCE 1
#define INBOUND_CLAIMS 10

struct inbound *inbound_new(struct loop *loop, struct outbox *outbox, const struct peertable *table,
			    const struct conf *conf);
void inbound_free(struct inbound *in);
void inbound_reconf(struct inbound *in, const struct conf *conf);

/* A channel has a request. wire is lent. */
void inbound_request(struct inbound *in, const struct channel *channel, void *handle,
		     const struct dnsio_addr *source, bool tcp, const uint8_t *wire, size_t len);
/* The channel lost who asked; the handle is gone. */
void inbound_gone(struct inbound *in, void *handle);
/* agentd answers. */
void inbound_reply(struct inbound *in, const struct msig_msg_REPLY *reply);

/* {"waiting": n, "passed": n, "claims": n, "claims-limited": n, "checks": {"size": n, ...},
 * "sources": [...]} */
json_t *inbound_counters(struct inbound *in);
unsigned inbound_waiting(const struct inbound *in);
