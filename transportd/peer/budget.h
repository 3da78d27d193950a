/*
 * Token buckets, and a bounded table of them by source address. A source that fills the table
 * pushes out the one that was silent for longest; what is pushed out starts again with a full
 * bucket. No I/O, no clock: the caller says what time it is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "libmsig/daemon/dnsio.h"

struct bucket {
	uint64_t at;     /* ms, when tokens was right; 0: never used, full */
	uint64_t tokens; /* thousandths */
};

/* Takes one token. rate per second, burst at most twice the rate; rate 0: no limit. */
bool bucket_take(struct bucket *bucket, uint32_t rate, uint64_t now_ms);

/* What is known of one source. UDP sources prove nothing, so they are kept apart from TCP ones. */
struct budget_source {
	struct dnsio_addr addr; /* a network of 64 bits for IPv6, port 0 */
	bool tcp;
	struct bucket bucket;
	struct bucket claims; /* to be a peer that is not discovered: what agentd hears of them */
	uint64_t passed, failed, limited;
	uint64_t last; /* ms */
};

struct budget;

struct budget *budget_new(unsigned sources, uint32_t rate);
void budget_free(struct budget *budget);
void budget_rate(struct budget *budget, uint32_t rate);

/* The entry of that source, made if it is new. Lent until the next call. */
struct budget_source *budget_source(struct budget *budget, const struct dnsio_addr *addr, bool tcp,
				    uint64_t now_ms);
/* One message of that source: false if it is over its budget. */
bool budget_take(struct budget *budget, struct budget_source *source, uint64_t now_ms);
/* All entries, latest first. */
void budget_each(struct budget *budget, void (*cb)(void *arg, const struct budget_source *source),
		 void *arg);
