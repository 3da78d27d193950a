#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include "agentd/peer.h"
#include "libmsig/daemon/log.h"

#define ARRAY(a) (sizeof(a) / sizeof((a)[0]))

static const char *const state_names[] = {
#define X(id, text) text,
    PEER_STATES(X)
#undef X
};

static const char *const event_texts[] = {
#define X(id, text) text,
    PEER_EVENTS(X)
#undef X
};

#define ANY (-1)

/* The first rule that fits counts; without one the state stays. */
static const struct {
	int from;
	enum peer_event on;
	enum peer_state to;
} rules[] = {
    {PEER_NEEDED, PEER_ON_DISCOVERED, PEER_KNOWN},
    {ANY, PEER_ON_UNDISCOVERED, PEER_NEEDED},
    {PEER_KNOWN, PEER_ON_HELLO_OK, PEER_OPERATIONAL},
    {PEER_KNOWN, PEER_ON_HELLO_IN, PEER_OPERATIONAL},
    {PEER_OPERATIONAL, PEER_ON_REFUSED, PEER_KNOWN},
    {PEER_DEGRADED, PEER_ON_REFUSED, PEER_KNOWN},
    {PEER_INTERRUPTED, PEER_ON_REFUSED, PEER_KNOWN},
    {PEER_OPERATIONAL, PEER_ON_LATE, PEER_DEGRADED},
    {PEER_OPERATIONAL, PEER_ON_DEAD, PEER_INTERRUPTED},
    {PEER_DEGRADED, PEER_ON_DEAD, PEER_INTERRUPTED},
    {PEER_DEGRADED, PEER_ON_BOTH_WAYS, PEER_OPERATIONAL},
    {PEER_INTERRUPTED, PEER_ON_BOTH_WAYS, PEER_OPERATIONAL},
    {PEER_INTERRUPTED, PEER_ON_GONE, PEER_NEEDED},
};

const char *
peer_state_name(enum peer_state state)
{
	return (size_t)state < ARRAY(state_names) ? state_names[state] : "?";
}

const char *
peer_event_text(enum peer_event event)
{
	return (size_t)event < ARRAY(event_texts) ? event_texts[event] : "?";
}

struct peer *
peer_new(const char *identity, uint32_t random, uint64_t now)
{
	struct peer *peer = xcalloc(1, sizeof(*peer));

	peer->identity = xstrdup(identity);
	peer->random = random | 1;
	peer->state = PEER_NEEDED;
	peer->since = now;
	return peer;
}

static void
zone_free(struct peer_zone *zone)
{
	free(zone->name);
	free(zone);
}

void
peer_free(struct peer *peer)
{
	if (peer == NULL) {
		return;
	}
	while (peer->zones != NULL) {
		struct peer_zone *zone = peer->zones;
		peer->zones = zone->next;
		zone_free(zone);
	}
	free(peer->identity);
	free(peer);
}

struct peer_zone *
peer_zone_find(struct peer *peer, const knot_dname_t *zone)
{
	for (struct peer_zone *z = peer->zones; z != NULL; z = z->next) {
		if (knot_dname_is_equal(z->name, zone)) {
			return z;
		}
	}
	return NULL;
}

struct peer_zone *
peer_zone_add(struct peer *peer, const knot_dname_t *zone, uint64_t now)
{
	struct peer_zone *z = peer_zone_find(peer, zone);

	if (z != NULL) {
		return z;
	}
	z = xcalloc(1, sizeof(*z));
	z->name = xmemdup(zone, knot_dname_size(zone));
	z->hello_at = now;
	z->next = peer->zones;
	peer->zones = z;
	return z;
}

void
peer_zone_del(struct peer *peer, const knot_dname_t *zone)
{
	for (struct peer_zone **at = &peer->zones; *at != NULL; at = &(*at)->next) {
		struct peer_zone *z = *at;
		if (knot_dname_is_equal(z->name, zone)) {
			*at = z->next;
			if (peer->turn == z) {
				peer->turn = z->next;
			}
			zone_free(z);
			return;
		}
	}
}

enum peer_state
peer_rule(enum peer_state state, enum peer_event event)
{
	for (size_t i = 0; i < ARRAY(rules); i++) {
		if (rules[i].on == event && (rules[i].from == ANY || rules[i].from == (int)state)) {
			return rules[i].to;
		}
	}
	return state;
}

static uint32_t
roll(struct peer *peer)
{
	uint32_t x = peer->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return peer->random = x;
}

/* value within -20 % and +20 % (up false: only below, so that nobody takes us for late). */
static uint64_t
jitter(struct peer *peer, uint64_t value, bool up)
{
	uint64_t fifth = value / 5;

	if (fifth == 0) {
		return value;
	}
	return value - fifth + roll(peer) % (up ? 2 * fifth + 1 : fifth + 1);
}

void
peer_enter(struct peer *peer, enum peer_state state, const struct peer_times *times, uint64_t now)
{
	enum peer_state old = peer->state;

	peer->state = state;
	peer->since = now;
	if (state == PEER_KNOWN) {
		/* Each side says HELLO for every zone when it becomes KNOWN: none waits for ever.
		 */
		for (struct peer_zone *z = peer->zones; z != NULL; z = z->next) {
			z->told = false;
			peer_hello_reset(peer, z, now);
		}
	}
	if (state == PEER_OPERATIONAL && (old == PEER_KNOWN || old == PEER_NEEDED)) {
		/* The clocks of silence start here. */
		peer->heard = peer->acked = now;
		peer->advertised = times->heartbeat_max;
		peer->acked_within = times->heartbeat_max;
	}
	if (state != PEER_NEEDED) {
		peer_beat_reset(peer, times, now);
	}
}

/* Zones in turn, so that each one's digest is heard of. */
static struct peer_zone *
next_turn(struct peer *peer)
{
	struct peer_zone *first = peer->turn != NULL ? peer->turn : peer->zones;
	struct peer_zone *z = first;

	if (first == NULL) {
		return NULL;
	}
	do {
		if (z->told || z->heard) {
			peer->turn = z->next;
			return z;
		}
		z = z->next != NULL ? z->next : peer->zones;
	} while (z != first);
	return NULL;
}

static void
earlier(uint64_t *when, uint64_t at)
{
	if (at < *when) {
		*when = at;
	}
}

enum peer_todo
peer_due(struct peer *peer, uint64_t now, struct peer_zone **zone, uint64_t *when)
{
	unsigned busy = 0;

	*when = UINT64_MAX;
	if (peer->state == PEER_NEEDED) {
		return PEER_NOTHING;
	}
	for (struct peer_zone *z = peer->zones; z != NULL; z = z->next) {
		busy += z->busy;
	}
	for (struct peer_zone *z = peer->zones; z != NULL && busy < PEER_HELLOS; z = z->next) {
		if (z->told || z->busy) {
			continue;
		}
		if (z->hello_at <= now) {
			*zone = z;
			return PEER_HELLO;
		}
		earlier(when, z->hello_at);
	}
	if (peer->state == PEER_KNOWN || peer->beat_busy) {
		return PEER_NOTHING;
	}
	if (peer->beat_at <= now && (*zone = next_turn(peer)) != NULL) {
		return PEER_BEAT;
	}
	if (peer->beat_at > now) {
		earlier(when, peer->beat_at);
	}
	return PEER_NOTHING;
}

/* How many intervals of silence, in the direction that is worse; *when: the next limit. */
static unsigned
silence(const struct peer *peer, uint64_t now, uint64_t *when)
{
	static const unsigned limits[] = {2, 10, 600};
	unsigned worst = 0;

	for (int out = 0; out < 2; out++) {
		uint64_t last = out ? peer->acked : peer->heard;
		uint64_t interval = out ? peer->acked_within : peer->advertised;
		for (size_t i = 0; i < ARRAY(limits); i++) {
			uint64_t limit = last + limits[i] * interval;
			if (now > limit) {
				worst = limits[i] > worst ? limits[i] : worst;
			} else {
				earlier(when, limit + 1);
				break;
			}
		}
	}
	return worst;
}

int
peer_silence(const struct peer *peer, const struct peer_times *times, uint64_t now, uint64_t *when)
{
	unsigned worst;

	*when = UINT64_MAX;
	if (peer->state == PEER_NEEDED || peer->state == PEER_KNOWN) {
		return -1;
	}
	worst = silence(peer, now, when);
	if (worst >= 600 && peer->state == PEER_INTERRUPTED) {
		return PEER_ON_GONE;
	}
	if (worst >= 10) {
		return peer->state == PEER_INTERRUPTED ? -1 : PEER_ON_DEAD;
	}
	if (worst >= 2) {
		return peer->state == PEER_OPERATIONAL ? PEER_ON_LATE : -1;
	}
	return peer->state == PEER_OPERATIONAL ? -1 : PEER_ON_BOTH_WAYS;
}

void
peer_hello_sent(struct peer *peer, struct peer_zone *zone)
{
	zone->busy = true;
}

void
peer_hello_failed(struct peer *peer, struct peer_zone *zone, const struct peer_times *times,
		  uint64_t now, const char *why)
{
	uint64_t delay = zone->tries < 5 ? (uint64_t)times->hello_retry << zone->tries
					 : (uint64_t)times->hello_retry * 60;

	zone->busy = false;
	zone->tries++;
	zone->hello_at = now + jitter(peer, delay, true);
	snprintf(zone->said, sizeof(zone->said), "%s", why);
}

void
peer_hello_reset(struct peer *peer, struct peer_zone *zone, uint64_t now)
{
	zone->tries = 0;
	if (!zone->told) {
		zone->hello_at = now;
	}
}

uint32_t
peer_beat_advertise(const struct peer *peer, const struct peer_times *times)
{
	uint64_t ms = (uint64_t)peer->interval * 2;

	if (ms > times->heartbeat_max) {
		ms = times->heartbeat_max;
	}
	return (uint32_t)((ms + 999) / 1000);
}

void
peer_beat_sent(struct peer *peer, const struct peer_times *times, uint64_t now)
{
	uint64_t interval = (uint64_t)peer->interval * 2;

	peer->interval =
	    interval > times->heartbeat_max ? times->heartbeat_max : (uint32_t)interval;
	peer->beat_at = now + jitter(peer, peer->interval, false);
	peer->beat_busy = true;
}

void
peer_beat_acked(struct peer *peer, uint64_t now)
{
	peer->beat_busy = false;
	peer->acked = now;
	peer->acked_within = peer->interval;
}

void
peer_beat_failed(struct peer *peer)
{
	peer->beat_busy = false;
}

void
peer_beat_reset(struct peer *peer, const struct peer_times *times, uint64_t now)
{
	/* Doubled when it is sent: the one after it follows heartbeat_min later. */
	peer->interval = times->heartbeat_min / 2 > 0 ? times->heartbeat_min / 2 : 1;
	if (peer->beat_at > now) {
		peer->beat_at = now;
	}
}

void
peer_heard(struct peer *peer, uint32_t advertised_s, uint64_t now)
{
	peer->heard = now;
	if (advertised_s > 0) {
		/* Nobody may claim a silence of days. */
		peer->advertised = (advertised_s > 3600 ? 3600 : advertised_s) * 1000;
	}
}

unsigned
peer_waiting(const struct peer *peer)
{
	unsigned n = 0;

	for (const struct peer_zone *z = peer->zones; z != NULL; z = z->next) {
		n += !z->told;
	}
	return n;
}

bool
peer_ready(struct peer *peer, const knot_dname_t *zone)
{
	const struct peer_zone *z = peer_zone_find(peer, zone);

	return z != NULL && z->told && peer->state == PEER_OPERATIONAL;
}
