/*
 * A peer and its life cycle: which state it is in, which HELLO or HEARTBEAT is due, when it counts
 * as late. Pure: time comes in, nothing goes out. peers.c does what is due. Times are monotonic
 * milliseconds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/dname.h>

#define PEER_STATES(X)                                                          \
	X(NEEDED, "needed")           /* wanted by HSYNC, not discovered yet */ \
	X(KNOWN, "known")             /* discovered, HELLO not answered yet */  \
	X(OPERATIONAL, "operational") /* heard in both directions */            \
	X(DEGRADED, "degraded")       /* silent for more than 2 intervals */    \
	X(INTERRUPTED, "interrupted") /* silent for more than 10: processes pause */

#define PEER_EVENTS(X)                                           \
	X(DISCOVERED, "discovery is complete")                   \
	X(UNDISCOVERED, "its discovery data are no longer good") \
	X(HELLO_OK, "it answered our HELLO")                     \
	X(HELLO_IN, "it sent HELLO")                             \
	X(BOTH_WAYS, "heard in both directions")                 \
	X(REFUSED, "it refused our HEARTBEAT")                   \
	X(LATE, "silent for more than 2 heartbeat intervals")    \
	X(DEAD, "silent for more than 10 heartbeat intervals")   \
	X(GONE, "silent for very long")

enum peer_state {
#define X(id, text) PEER_##id,
	PEER_STATES(X)
#undef X
};

enum peer_event {
#define X(id, text) PEER_ON_##id,
	PEER_EVENTS(X)
#undef X
};

#define PEER_HELLOS 8 /* at once, to one peer */

struct peer_times {
	uint32_t heartbeat_min, heartbeat_max, hello_retry, timeout; /* ms */
};

/* A zone shared with the peer. */
struct peer_zone {
	struct peer_zone *next;
	knot_dname_t *name;
	bool told;  /* our HELLO for the zone was answered with NOERROR */
	bool heard; /* the peer's HELLO for it came */
	bool busy;  /* a HELLO is under way */
	unsigned tries;
	uint64_t hello_at; /* when the next HELLO is due */
	bool has_digest;   /* what the peer last said its statement is */
	uint8_t digest[32];
	char said[80]; /* how the last HELLO failed */
};

struct peer {
	struct peer *next;
	char *identity;
	enum peer_state state;
	uint64_t since;
	struct peer_zone *zones;
	/* heartbeats: ours */
	uint32_t interval; /* until the next one */
	uint64_t beat_at;  /* when it is due */
	bool beat_busy;
	uint64_t acked;        /* the last one that was answered, 0: none */
	uint32_t acked_within; /* the interval that was in force then */
	/* and the peer's */
	uint64_t heard;      /* its last message that was valid, 0: none */
	uint32_t advertised; /* its interval */
	uint8_t remaining;   /* HELLOs that it still waits for */
	uint8_t transports, models;
	uint32_t random;        /* for jitter */
	struct peer_zone *turn; /* whose heartbeat is next */
};

const char *peer_state_name(enum peer_state state);
const char *peer_event_text(enum peer_event event);

struct peer *peer_new(const char *identity, uint32_t random, uint64_t now);
void peer_free(struct peer *peer);

struct peer_zone *peer_zone_add(struct peer *peer, const knot_dname_t *zone, uint64_t now);
void peer_zone_del(struct peer *peer, const knot_dname_t *zone);
struct peer_zone *peer_zone_find(struct peer *peer, const knot_dname_t *zone);

/* The state that the rules give for event; the present one if none applies. Changes nothing. */
enum peer_state peer_rule(enum peer_state state, enum peer_event event);
/* Assigns the state (the only function that does) and starts what belongs to it. */
void peer_enter(struct peer *peer, enum peer_state state, const struct peer_times *times,
		uint64_t now);

enum peer_todo { PEER_NOTHING, PEER_HELLO, PEER_BEAT };
/* What is due now, and for which zone; otherwise *when is the next moment to ask again. */
enum peer_todo peer_due(struct peer *peer, uint64_t now, struct peer_zone **zone, uint64_t *when);
/* LATE, DEAD, GONE or BOTH_WAYS if that is so at now; -1 if nothing is to be said. */
int peer_silence(const struct peer *peer, const struct peer_times *times, uint64_t now,
		 uint64_t *when);

void peer_hello_sent(struct peer *peer, struct peer_zone *zone);
/* The HELLO was not answered as wanted: next round after 1, 2, 4, 8, 16, then 60 times the base. */
void peer_hello_failed(struct peer *peer, struct peer_zone *zone, const struct peer_times *times,
		       uint64_t now, const char *why);
void peer_hello_reset(struct peer *peer, struct peer_zone *zone, uint64_t now);
/* The interval that the HEARTBEAT about to be sent advertises, in seconds. */
uint32_t peer_beat_advertise(const struct peer *peer, const struct peer_times *times);
void peer_beat_sent(struct peer *peer, const struct peer_times *times, uint64_t now);
void peer_beat_acked(struct peer *peer, uint64_t now);
void peer_beat_failed(struct peer *peer);
/* Something changed: beat at once, and often for a while. */
void peer_beat_reset(struct peer *peer, const struct peer_times *times, uint64_t now);
void peer_heard(struct peer *peer, uint32_t advertised_s, uint64_t now);

unsigned peer_waiting(const struct peer *peer); /* zones whose HELLO is not answered yet */
/* Both sides have said HELLO for the zone and the peer is operational. */
bool peer_ready(struct peer *peer, const knot_dname_t *zone);
