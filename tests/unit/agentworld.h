/*
 * A world for agents in one process: a transport, an observer that answers look-ups of identities,
 * and a combiner that says yes. What is on the way can be changed, dropped, or sent again.
 */
#pragma once

#include "agentd/agent.h"

#define WORLD_AGENTS 3
#define WORLD_ZONES 100 /* shop.example., side.example., z2.example., ... */

struct world_agent {
	struct agent agent;
	struct conf conf;
	struct conf_zone zone[WORLD_ZONES]; /* the first two from the beginning */
	char identity[40];
	char *ns[2];
	char ns_name[40];
	char storage[128], key[160];
	uint64_t next_id;
	bool up;
	unsigned applied;
	unsigned pulls;      /* that it has sent */
	unsigned lookups;    /* URI questions that it has asked */
	unsigned told_keys;  /* of the last PEER_SET */
	unsigned told_zones; /* of the last PEER_SET */
	/* The last message that came for it, as it came. */
	uint8_t *last;
	size_t last_len;
	uint16_t last_rcode; /* of the last response that it gave */
	bool last_signed;
};

struct world {
	unsigned posted; /* messages that have not arrived yet */
	struct loop *loop;
	struct world_agent at[WORLD_AGENTS];
	unsigned count;
	char dir[64];
	enum msig_validation validation; /* of every look-up */
	bool wrong_key;                  /* the KEY published is another one */
	unsigned parent_nses, addresses; /* of the parent, and of each of its servers */
	bool broken_ns;                  /* one more NS of the parent, that is no name */
	const char *why; /* servers do not answer: what is said of it; NULL: nothing */
	/* Sees each request on its way; false drops it. May change it in place. */
	bool (*on_way)(struct world *world, unsigned to, uint8_t *wire, size_t *len);
	bool (*on_back)(struct world *world, unsigned to, uint8_t *wire, size_t *len);
	/* signerd: what became of sending KEY to it. NULL: nobody is there. */
	int (*on_key)(struct world *world, unsigned from, const struct msig_msg_KEY *key);
	void *arg;
};

void world_open(struct world *world, unsigned agents);
void world_close(struct world *world);
void world_start(struct world *world, unsigned number);
void world_stop(struct world *world, unsigned number);
/* The owner's word, as the signer's zone would show it; bit i: agent i is ON and SIGN. */
void world_hsync(struct world *world, unsigned number, unsigned on, uint32_t serial);
void world_hsync_side(struct world *world, unsigned number, unsigned on);
void world_hsync_zone(struct world *world, unsigned number, unsigned zone, unsigned on);
/* Runs until cond says so; false after timeout_ms. */
bool world_until(struct world *world, bool (*cond)(struct world *world), unsigned timeout_ms);
void world_run(struct world *world, unsigned ms);
/* KEYS for an agent, at once. */
void world_keys(struct world *world, unsigned to, const struct msig_msg *keys);
/* transportd says that somebody claims to be that peer. */
void world_claim(struct world *world, unsigned to, const char *identity, const knot_dname_t *zone);
/* A message for an agent, straight from the network. */
void world_deliver(struct world *world, unsigned to, const uint8_t *wire, size_t len);
