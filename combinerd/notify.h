/*
 * Tells the signer that there is a new version (RFC 1996), again and again until it has come for
 * it: a Knot that was restarted does not ask by itself for a long time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct notify;
struct zone;

struct notify *notify_new(struct zone *zone);
void notify_free(struct notify *notify);

/* There is something new to serve. */
void notify_changed(struct notify *notify);
/* The signer was seen: it asked for the SOA, or has now the version with that serial. */
void notify_seen(struct notify *notify, uint32_t serial);

struct notify_status {
	bool pending;
	unsigned tries;
	uint32_t signer_serial; /* last version that the signer fetched or asked about */
	bool seen;              /* it has that */
	uint64_t seen_time;     /* UTC ms */
};

void notify_status(const struct notify *notify, struct notify_status *status);
