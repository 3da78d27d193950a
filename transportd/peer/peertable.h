/*
 * The peers that agentd named: where they are, with which SIG(0) keys they sign, which zones we
 * share with them. A copy of what agentd knows, lost at exit and asked for again at start. Decides
 * nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/msg.h"
#include "libmsig/daemon/dnsio.h"
#include "transportd/peer/budget.h"

#define PEER_MAX 4096
#define PEER_MAX_ADDRESSES 16
#define PEER_MAX_KEYS 16 /* candidates for one signature */

struct peer_key {
	knot_dname_t *name; /* lower case */
	uint16_t tag;
};

enum peer_reach { PEER_REACH_UNKNOWN, PEER_REACH_NO, PEER_REACH_YES };

struct peer {
	char *id; /* HSYNC identity */
	struct dnsio_addr *address;
	unsigned addresses;
	struct peer_key *key;
	unsigned keys;
	knot_dname_t **zone; /* sorted */
	unsigned zones;

	/* Survives a new PEER_SET. Anyone can claim to be this signer: what comes from one of its
	 * addresses has its own bucket, so that others cannot empty it. */
	struct bucket known, claimed;
	enum peer_reach reach;
	struct dnsio_addr good; /* answered last; len 0: none did */
	uint64_t received, limited, sent, answered, failed;
	uint64_t last_received, last_answered; /* UTC ms, 0 never */
	struct peer *next;
};

struct peertable {
	struct peer *first;
	unsigned count;
	bool known; /* agentd has spoken since we started */
};

/* Adds or replaces the peer. What is malformed or too much in it is left out, *skipped counts it.
 * KNOT_ELIMIT if there are too many peers, KNOT_EINVAL if it has no name. */
int peertable_set(struct peertable *table, const struct msig_msg_PEER_SET *set, unsigned *skipped);
/* An empty name forgets all of them. */
void peertable_del(struct peertable *table, const char *id);
void peertable_clear(struct peertable *table);

struct peer *peer_find(const struct peertable *table, const char *id);
/* The peer that signs with a key of that name and tag. */
struct peer *peer_find_signer(const struct peertable *table, const knot_dname_t *name,
			      uint16_t tag);
bool peer_has_zone(const struct peer *peer, const knot_dname_t *zone);
bool peer_has_address(const struct peer *peer, const struct dnsio_addr *addr);
bool peertable_has_zone(const struct peertable *table, const knot_dname_t *zone);
