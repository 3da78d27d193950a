/*
 * What agentd must not forget, in one sqlite file. All SQL of agentd is in store.c; no other file
 * knows a table. Writes happen inside store_begin() / store_commit(); what a commit covered is
 * durable. After a disk error the store is static: writes fail, what was read stays valid, and the
 * daemon goes on without acting (MSIG_EDISK).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/dname.h>

#define STORE_GENERATION 16

struct store;
struct replay;

/* Opens DIR/agentd.db, making it if there is none. *fresh: it was made just now, with a new
 * generation (protocol: TLV 19). MSIG_EDBNEWER for a database of a newer version. */
int store_open(const char *dir, struct store **store, bool *fresh);
void store_close(struct store *store);
const uint8_t *store_generation(const struct store *store);
const char *store_error(struct store *store);

int store_begin(struct store *store);
int store_commit(struct store *store);
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);
bool store_broken(const struct store *store); /* a write failed for good: nothing may be acted on */

/* Small facts by name. get: MSIG_EMISSING if there is none; the caller frees *value. */
int store_meta_get(struct store *store, const char *name, uint8_t **value, size_t *len);
int store_meta_set(struct store *store, const char *name, const void *value, size_t len);

/* No agent takes a sequence number that is so far ahead of its clock (us): a stolen key must not be
 * able to use up all that will ever come. Twice what a signature may be ahead. */
#define SEQUENCE_AHEAD UINT64_C(600000000)

/* The next outgoing sequence number: larger than every one before, also those of a database that
 * was lost (it follows the clock); but if our clock was ahead and went back by so much that nobody
 * would take the next one, it follows the clock again: nobody took those in between. Reserves blocks in the database, in its own transaction or in
 * the one that is open. 0 on a disk error. */
uint64_t store_sequence(struct store *store);

/* The replay window of a sender (signer.h). A sender never heard of has an empty window. */
int store_replay_get(struct store *store, const char *sender, struct replay *replay);
int store_replay_set(struct store *store, const char *sender, const struct replay *replay);

/* The durable state of a zone, as one blob that the core reads and writes. */
int store_zone_get(struct store *store, const knot_dname_t *zone, uint8_t **blob, size_t *len);
int store_zone_set(struct store *store, const knot_dname_t *zone, const void *blob, size_t len);

/* Statements: the signed message as it came is the evidence, for people; agentd does not read it.
 */
struct store_statement {
	char *provider;
	uint64_t epoch, counter;
	uint64_t received; /* UTC ms */
	uint8_t *message;
	size_t len;
};
int store_statement_set(struct store *store, const knot_dname_t *zone,
			const struct store_statement *statement);

/* Peers: state survives a restart, so that "since" does. */
struct store_peer {
	char *identity;
	int state;
	uint64_t since, heard; /* UTC ms */
};
int store_peer_set(struct store *store, const struct store_peer *peer);
int store_peer_del(struct store *store, const char *identity);
int store_peer_get(struct store *store, const char *identity, struct store_peer *peer);

/* Last good discovery of a peer, text made by discover.c; the caller frees *text. */
int store_discovery_get(struct store *store, const char *identity, char **text);
int store_discovery_set(struct store *store, const char *identity, const char *text);

/* The audit journal: appended to, and pruned from its old end (prune.h). */
struct store_entry {
	uint64_t seq;
	uint64_t time;            /* UTC ms */
	const knot_dname_t *zone; /* or NULL */
	const char *actor;        /* identity, "operator uid 0", "signer", ... */
	const char *kind;         /* short word: "step", "message", "peer", ... */
	const char *text;
	const void *evidence;
	size_t evidence_len;
};
int store_journal_add(struct store *store, const struct store_entry *entry);
/* Newest first, at most limit entries with seq < before (0: all); zone NULL: every zone. */
int store_journal(struct store *store, const knot_dname_t *zone, uint64_t before, unsigned limit,
		  void (*cb)(void *arg, const struct store_entry *entry), void *arg);

/* What the entries take, in octets. */
uint64_t store_journal_usage(const struct store *store);
struct store_prune {
	uint64_t before; /* UTC ms: what is older goes */
	uint64_t usage;  /* and the oldest, until no more is taken than this */
	/* What stays nevertheless; NULL: nothing. */
	bool (*keep)(void *arg, const knot_dname_t *zone, uint64_t time);
	void *arg;
};
/* Looks at some of the oldest entries, in one small transaction, and goes on from there the next
 * time: 1 if there may be more to do, 0 at the end, or an error. */
int store_journal_prune(struct store *store, const struct store_prune *prune);
