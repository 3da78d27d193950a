/*
 * Keeps the zone of a signer that takes it by DNS UPDATE equal to what is served: reads the
 * signer's zone, sends the difference (patch.h), reads its apex back. The whole zone is read at
 * start and after doubt, otherwise the apex only; whatever is found to differ is sent again. Whom
 * it has to send to, and whether at all, the configuration of the zone says (signer-feed: push).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct push;
struct zone;

struct push *push_new(struct zone *zone);
void push_free(struct push *push);

/* There is something new to push. */
void push_changed(struct push *push);
/* An operator wants it: the whole zone is compared, now. */
void push_again(struct push *push);
/* The configuration changed: begins, goes on or stops. */
void push_configured(struct push *push);

struct push_status {
	bool on;             /* the zone is fed by push */
	bool running;        /* something is being read or sent */
	bool equal;          /* the signer has what is served, as far as is known */
	char where[80];      /* the signer's address */
	char trouble[400];   /* why not, and what to do; empty: none */
	size_t sent, of;     /* messages of the push that runs */
	uint32_t serial;     /* of the signer's SOA, last seen */
	uint64_t time, next; /* UTC ms: last time equal, next try or look */
	unsigned failures;   /* in a row */
	uint64_t pushes, failed, repaired;
};

void push_status(const struct push *push, struct push_status *status);
