/*
 * Keeps the owner's zone fresh: asks its primaries at start, on NOTIFY and when the SOA timers say
 * so, one after the other until one answers; IXFR where there is something to build on, AXFR where
 * there is not or it does not fit. What comes in goes whole to zone_take(), or not at all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct transfer;
struct zone;

struct transfer *transfer_new(struct zone *zone);
void transfer_free(struct transfer *transfer);

/* Asks now; while it runs, once more behind it. force: take the owner's zone whatever its serial
 * says, by AXFR. */
void transfer_start(struct transfer *transfer, bool force);

/* The owner says that there is something new. Anybody may say so often: asked a few times a second.
 */
void transfer_notified(struct transfer *transfer);

struct transfer_status {
	bool running;
	char primary[80]; /* last one that answered, or is being asked */
	char error[200];  /* of the last attempt; empty: it succeeded */
	uint64_t next;    /* UTC ms when it is asked again, 0: running */
	uint64_t in, failed;
};

void transfer_status(const struct transfer *transfer, struct transfer_status *status);
