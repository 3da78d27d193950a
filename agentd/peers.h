/*
 * The peers of this agent, and what is said to them regularly: discovery, HELLO, HEARTBEAT. peer.h
 * knows what is due; this file does it.
 */
#pragma once

#include "agentd/agent.h"
#include "agentd/discover.h"
#include "agentd/peer.h"

/* A peer with all that agentd holds about it. */
struct contact {
	struct contact *next;
	struct agent *agent;
	struct peer *peer;
	knot_dname_storage_t name; /* the identity */
	struct loop_timer *timer;
	bool found; /* at is good */
	struct discover_result at;
	struct discover discover;
	bool discovering;
	uint64_t asking; /* ask.h */
	unsigned failures;
	uint64_t discover_at; /* mono ms: next discovery */
	uint64_t discovered;  /* mono ms: when the last one began */
	uint64_t regular_at;  /* mono ms: when it would have been without peers_wanted(); 0: is */
	bool wanted;          /* while one is under way */
	char trouble[200];    /* why discovery failed last, or who else is wrong */
	uint64_t since;       /* UTC ms: of the state, for people */
	uint64_t heard_utc;
	uint32_t rtt_ms;
	char address[64]; /* where it answered last */
	int64_t skew_s;   /* its clock against ours, from its signatures */
};

/* Makes the peer known (discovery starts) and shares the zone with it; taking the last zone away
 * forgets the peer. */
struct contact *peers_share(struct agent *agent, const char *identity, const knot_dname_t *zone);
void peers_unshare(struct agent *agent, const char *identity, const knot_dname_t *zone);
struct contact *peers_find(struct agent *agent, const char *identity);
struct contact *peers_find_name(struct agent *agent, const knot_dname_t *identity);
void peers_free(struct agent *agent);

void peers_event(struct contact *contact, enum peer_event event);
/* A signature that should have fitted did not: look its keys up again, not too often. */
void peers_suspect(struct agent *agent, struct contact *contact, const char *why);
/* Somebody speaks as this peer, which was not discovered yet: look it up now and not at the next
 * turn. Strangers can say so too; all that they get is a look-up once in twice hello-retry, and
 * those do not put off the regular ones. */
void peers_wanted(struct contact *contact);
/* Its clock is ahead of ours by so many seconds. Far apart, it takes part in no step. */
void peers_clock(struct contact *contact, int64_t skew_s);
/* The same, if it is too far from ours for a step to be taken with it; else 0. */
int64_t peers_apart(const struct contact *contact);
/* A verified HELLO or HEARTBEAT came. */
void peers_heard_hello(struct contact *contact, const struct msig_option *option);
void peers_heard_beat(struct contact *contact, const struct msig_option *option);
/* Something of the zone changed: tell everybody soon. */
void peers_zone_changed(struct agent *agent, const knot_dname_t *zone);
/* HSYNC of the zone changed: HELLO is tried again at once. */
void peers_hsync_changed(struct agent *agent, const knot_dname_t *zone);
/* transportd has started: it needs everything again. */
void peers_tell_transport(struct agent *agent);
void peers_reload(struct agent *agent);

struct peer_times peers_times(const struct agent *agent);
/* Why the peer is not ready for the zone, as text for people; "" if it is. */
const char *peers_why(struct contact *contact, const knot_dname_t *zone, char *buf, size_t len);
