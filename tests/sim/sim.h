/*
 * A world in one process: several agents (the daemon's own object files), their combiners, signers
 * and name servers, an owner, a parent with a scanner, a network that loses, repeats and reorders,
 * crashes at every persisted write, and an oracle that looks at what every cache may hold. Time is
 * virtual; everything follows from one seed.
 */
#pragma once

#include "agentd/agree.h"
#include "agentd/decide.h"
#include "agentd/process.h"
#include "agentd/rset.h"
#include "agentd/safety.h"
#include "agentd/view.h"

#define NODES 4
#define SERVERS 2 /* addresses per provider and at the parent */
#define KEPT 24   /* versions that a server's history keeps */

/* ---- chance ---- */

struct rng {
	uint64_t s;
};

static inline uint64_t
rng_next(struct rng *r)
{
	uint64_t z = (r->s += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline int64_t
rng_range(struct rng *r, int64_t from, int64_t to) /* both included */
{
	return from + (int64_t)(rng_next(r) % (uint64_t)(to - from + 1));
}

static inline bool
rng_chance(struct rng *r, int per_mille)
{
	return (int)(rng_next(r) % 1000) < per_mille;
}

/* ---- what is served ---- */

struct rrset {
	struct rset set;
	struct rset signers;
	uint32_t ttl;
};

struct zone_version {
	struct rrset type[VIEW_TYPE_COUNT];
	int hsync;    /* index of the owner's instructions */
	uint32_t seq; /* its number: equal versions are the same */
	bool loaded;
};

/* A version in the ids of a view. */
struct seen {
	uint32_t seq;
	struct rset set[VIEW_TYPE_COUNT], signers[VIEW_TYPE_COUNT];
};

/* What a server has served, for the oracle: exact times. */
struct past {
	struct rset set, signers;
	uint32_t ttl;
	int64_t start, end; /* end VIEW_NEVER: now */
};

struct server {
	char name[32];
	struct zone_version now;
	int64_t deaf;                    /* does not answer the agents until then */
	int64_t stuck;                   /* takes no new version until then */
	int64_t named_from, named_until; /* exact; from 0: never */
	int count[VIEW_TYPE_COUNT];
	struct past past[VIEW_TYPE_COUNT][KEPT];
};

struct owner_zone {
	struct rset ns;
	uint32_t ttl_ns;
	int hsync;
};

struct combiner {
	uint64_t epoch, counter;
	bool merged;
	struct view_contribution from[NODES]; /* in world's ids */
};

struct node {
	char identity[32];
	struct rpool *pool;
	bool there; /* takes part in this schedule */
	enum view_mode mode;
	int ksk, zsk, ns; /* world's ids */
	struct rset own, cds, cdnskey;
	struct owner_zone owner;
	struct combiner combiner;
	struct zone_version signer;
	int servers;
	struct server server[SERVERS];
	uint32_t ttl[VIEW_TYPE_COUNT];
	int64_t ttl_until;
	/* the agent */
	struct zone_view *view;
	bool up;
	int64_t clock; /* its clock is ahead by this */
	uint8_t *blob;
	size_t blob_len;
	int64_t wake; /* time of the wake-up event that counts */
	int persists;
	int crash_at; /* number of the persist at which it dies; 0: never */
	int crash_how;
	int16_t to_view[RSET_MAX];
	int16_t from_view[RSET_MAX];
	struct seen seen[VIEW_PLACES];
};

struct parent {
	struct rset ds, ns;
	uint32_t ttl_ds, ttl_ns;
	int64_t ttl_until; /* it does not change before */
	int64_t scan;      /* period */
	int servers;
	struct server server[SERVERS];
};

/* ---- events
 * --------------------------------------------------------------------------------------- */

enum event_kind {
	EV_WAKE,
	EV_MESSAGE,
	EV_STATE,
	EV_PULL,
	EV_BEAT,
	EV_BEAT_SEND,
	EV_ANSWER,
	EV_HSYNC,
	EV_LOOKUP,
	EV_SHOW,
	EV_SHOWN,
	EV_APPLY,
	EV_APPLIED,
	EV_OWNER,      /* the owner does something */
	EV_OWNER_BLIP, /* the owner breaks HSYNC, and repairs it later */
	EV_OWNER_SYNC,
	EV_SIGNER,
	EV_SERVER,
	EV_SCAN,
	EV_PARENT_SERVER,
	EV_START,
	EV_PEER, /* reachability */
	EV_FAULT,
	EV_QUIET, /* faults end */
};

struct state_wire {
	struct view_statement st; /* sets in world's ids */
};

struct event {
	int64_t at;
	uint32_t seq;
	enum event_kind kind;
	int node, from;
	int a, b;
	int64_t t;
	union {
		struct view_message message;
		struct view_statement statement;
		struct {
			uint64_t epoch, counter;
			bool may_shrink;
			uint16_t rcode;
			struct view_contribution from[NODES];
		} apply;
		struct zone_version answer;
	} u;
};

struct sim_options {
	uint64_t seed;
	int nodes; /* 0: by the seed */
	bool faults;
	bool trace;
	int mutant;
};

struct sim {
	struct sim_options opt;
	struct rng rng;
	int64_t now;
	int64_t quiet; /* faults until then */
	int64_t deadline;
	uint32_t seq, versions;
	struct event **heap;
	int events, room;
	struct event *spare;
	struct rpool pool;
	int nodes;
	bool agent; /* NSMGMT */
	struct node node[NODES];
	struct parent parent;
	struct owner_zone owner;
	int instructions;
	int meant; /* the instruction that the owner means */
	struct view_hsync hsync[64];
	struct view_times times;
	bool cut[NODES][NODES];
	/* result */
	bool failed;
	char failure[256];
	int64_t finished;
	uint64_t steps, decisions, checks, crashes, messages;
	uint64_t sends[256];
};

/* Runs one schedule. true: nothing went wrong. */
bool sim_run(struct sim *sim, const struct sim_options *options);
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* oracle.c */
void oracle_serve(struct sim *sim, struct server *server, const struct zone_version *version);
void oracle_check(struct sim *sim);
void oracle_agents(struct sim *sim);
bool oracle_finished(struct sim *sim, char *why, size_t len);
