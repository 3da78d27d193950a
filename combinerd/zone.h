/*
 * A zone: what the owner sent, what the agent contributed, what is served. The single writer of all
 * of it: every change comes through zone_take() or zone_contribute(), is decided by merge_policy(),
 * made durable by journal_commit(), and seen by readers only after that.
 */
#pragma once

#include "combinerd/journal.h"
#include "combinerd/merge.h"
#include "combinerd/update.h"
#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/conf.h"
#include "libmsig/daemon/loop.h"

struct transfer;
struct notify;
struct push;

/* What all zones share. */
struct combiner {
	struct loop *loop;
	const struct conf *conf;
	struct journal *journal;
	struct bus *bus;         /* NULL in tests */
	struct loop_timer *tell; /* set while the agent has not been told of some zone */
	struct zone **zone;
	size_t zones;
	knot_dname_t *identity; /* ours, or NULL */
};

/* Content digests of older versions that the agent is told: what a signer that is slow may show. */
#define ZONE_RECENT 64

/* The MACs of UPDATEs with the newest TSIG time: the same message again is a repetition. */
#define ZONE_MACS 32

struct zone {
	struct combiner *combiner;
	knot_dname_t *name;
	const struct conf_zone *conf;
	struct version *owner;  /* the last one taken in, or NULL */
	struct version *served; /* the last one emitted, or NULL */
	struct overlay overlay;
	bool overlay_lost; /* there was one, and it cannot be read */
	struct journal_row row;
	char why[200];   /* of the policy; empty when there is nothing to say */
	char doubt[200]; /* why the owner's newest version is not taken; empty: it is */
	bool expired, untold;
	struct journal_past *past; /* newest first */
	size_t pasts;
	uint8_t recent[ZONE_RECENT][MSIG_DIGEST_LEN]; /* digests before row.digest, newest first */
	unsigned recents;
	struct transfer *transfer;
	struct notify *notify;
	struct push *push;
	uint64_t changed; /* when what is served changed last, UTC ms */
	uint64_t transfers_out, updates, refused;
	uint8_t mac[ZONE_MACS][16];
	unsigned macs;
};

/* Loads what the journal has and serves it, if it may be served. Never NULL. */
struct zone *zone_new(struct combiner *combiner, const struct conf_zone *conf);
void zone_free(struct zone *zone);
struct zone *zone_find(struct combiner *combiner, const knot_dname_t *name);

/* Asks the owner at once and keeps its zone fresh; says what is served to the signer. */
void zone_start(struct zone *zone);

/* Gives the signer what is served: tells it to come, or pushes. */
void zone_feed(struct zone *zone);

/* What may be transferred and asked for: NULL when nothing may. Borrowed. */
struct version *zone_serving(const struct zone *zone);
/* The version that was emitted with that serial, as far as it is remembered. Borrowed. */
struct version *zone_past(const struct zone *zone, uint32_t serial);
enum msig_zone_state zone_state(const struct zone *zone);
const char *zone_why(const struct zone *zone); /* of the state; empty: nothing to say */

/*
 * A whole new version of the owner's zone. force: the operator wants it, whatever its serial says.
 * 0, MSIG_EDOUBT (must not be served: the old one stays), MSIG_EDISK and others of the journal. why
 * says what is wrong.
 */
int zone_take(struct zone *zone, struct version *owner, bool force, char *why, size_t size);

/* A new overlay, checked already; emptied on success. */
int zone_contribute(struct zone *zone, struct overlay *overlay, char *why, size_t size);

/* Decides anew (the configuration changed, the operator spoke) and publishes what comes out. */
int zone_again(struct zone *zone, char *why, size_t size);

/* The owner was heard and has nothing new. */
void zone_heard(struct zone *zone);
/* Sets or lifts the alarm that the owner has not been heard for its expire time. */
void zone_expire(struct zone *zone, bool expired);
/* Tells the agent what is served; while nobody listens, again every second (zone_tell_all). */
void zone_tell(struct zone *zone);
void zone_tell_all(void *arg); /* struct combiner */
