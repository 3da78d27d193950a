#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "agentd/sig0key.h"
#include "agentd/store.h"
#include "libmsig/daemon/db.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/loop.h"
#include "libmsig/err.h"

#define SEQUENCE_BLOCK 1024
#define ENTRY_SIZE 100 /* of a journal entry beside its text and its evidence, about */
#define PRUNE_ENTRIES 256

/* steps[i] brings version i to i + 1; published steps are never changed, only added to. */
static const char *const steps[] = {
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE replay(sender TEXT PRIMARY KEY, high INTEGER NOT NULL, seen INTEGER NOT NULL,"
    "  generation BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE zone(name BLOB PRIMARY KEY, state BLOB NOT NULL) STRICT;"
    "CREATE TABLE statement(zone BLOB NOT NULL, provider TEXT NOT NULL, epoch INTEGER NOT NULL,"
    "  counter INTEGER NOT NULL, received INTEGER NOT NULL, message BLOB NOT NULL,"
    "  PRIMARY KEY(zone, provider)) STRICT;"
    "CREATE TABLE peer(identity TEXT PRIMARY KEY, state INTEGER NOT NULL, since INTEGER NOT NULL,"
    "  heard INTEGER NOT NULL) STRICT;"
    "CREATE TABLE discovery(identity TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT;"
    "CREATE TABLE journal(seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,"
    "  zone BLOB, actor TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,"
    "  evidence BLOB) STRICT;"
    "CREATE INDEX journal_zone ON journal(zone, seq);",
    /* A generation goes with the statement of a zone. */
    "ALTER TABLE replay DROP COLUMN generation;",
};

struct store {
	struct db *db;
	uint8_t generation[STORE_GENERATION];
	uint64_t sequence, reserved; /* next to give out, first not reserved */
	bool open;                   /* a transaction is */
	bool broken;
	uint64_t journal;       /* octets in it, but for */
	uint64_t journal_open;  /* those of the open transaction */
	int64_t journal_pruned; /* pruning goes on behind this entry */
};

static int
mark(struct store *store, int ret)
{
	if (ret == MSIG_EDISK || ret == MSIG_EDB) {
		if (!store->broken) {
			log_error("database: %s; nothing is decided until agentd can write again",
				  db_error(store->db));
		}
		store->broken = true;
	}
	return ret;
}

int
store_begin(struct store *store)
{
	int ret = mark(store, db_begin(store->db));

	store->open = ret == 0;
	return ret;
}

int
store_commit(struct store *store)
{
	int ret = db_commit(store->db);

	store->open = false;
	store->journal += ret == 0 ? store->journal_open : 0;
	store->journal_open = 0;
	if (ret != 0) {
		db_rollback(store->db);
		return mark(store, ret);
	}
	if (store->broken) {
		log_info("database: writable again");
		store->broken = false;
	}
	return 0;
}

void
store_rollback(struct store *store)
{
	if (store->open) {
		db_rollback(store->db);
	}
	store->open = false;
	store->journal_open = 0;
	/* What was reserved inside the transaction is not on disk. */
	store->reserved = store->sequence;
}

bool
store_in_transaction(const struct store *store)
{
	return store->open;
}

bool
store_broken(const struct store *store)
{
	return store->broken;
}

const char *
store_error(struct store *store)
{
	return db_error(store->db);
}

const uint8_t *
store_generation(const struct store *store)
{
	return store->generation;
}

static int
load_generation(struct store *store, bool *fresh)
{
	uint8_t *value = NULL;
	size_t len = 0;
	int ret = store_meta_get(store, "generation", &value, &len);

	if (ret == 0 && len == STORE_GENERATION) {
		memcpy(store->generation, value, len);
		free(value);
		*fresh = false;
		return 0;
	}
	free(value);
	if (ret != 0 && ret != MSIG_EMISSING) {
		return ret;
	}
	*fresh = true;
	if (gnutls_rnd(GNUTLS_RND_KEY, store->generation, STORE_GENERATION) != 0) {
		return MSIG_EDB;
	}
	ret = store_begin(store);
	if (ret != 0) {
		return ret;
	}
	ret = store_meta_set(store, "generation", store->generation, STORE_GENERATION);
	if (ret != 0) {
		store_rollback(store);
		return ret;
	}
	return store_commit(store);
}

#define SIZE_OF_ENTRY "length(CAST(text AS BLOB)) + ifnull(length(evidence), 0)"

/* Once, at the start: the lengths are read, not what they are of. */
static int
load_journal(struct store *store)
{
	struct db_stmt *st =
	    db_stmt(store->db, "SELECT count(*), ifnull(sum(" SIZE_OF_ENTRY "), 0) FROM journal");
	int ret = db_next(st);

	if (ret > 0) {
		store->journal = (uint64_t)db_int(st, 0) * ENTRY_SIZE + (uint64_t)db_int(st, 1);
	}
	db_done(st);
	return ret < 0 ? ret : 0;
}

int
store_open(const char *dir, struct store **out, bool *fresh)
{
	struct store *store = xcalloc(1, sizeof(*store));
	char path[4096];
	int ret;

	snprintf(path, sizeof(path), "%s/agentd.db", dir);
	ret = db_open(path, steps, sizeof(steps) / sizeof(steps[0]), &store->db);
	if (ret != 0) {
		free(store);
		return ret;
	}
	ret = load_generation(store, fresh);
	ret = ret == 0 ? load_journal(store) : ret;
	if (ret != 0) {
		store_close(store);
		return ret;
	}
	*out = store;
	return 0;
}

void
store_close(struct store *store)
{
	if (store == NULL) {
		return;
	}
	db_close(store->db);
	free(store);
}

/* Runs a statement that returns no rows. */
static int
run(struct store *store, struct db_stmt *st)
{
	return mark(store, db_exec(st));
}

/* Copies a column; NUL behind the end so that text can be used as such. */
static uint8_t *
column(struct db_stmt *st, int col, size_t *len)
{
	const void *data = db_blob(st, col, len);
	uint8_t *copy = xcalloc(1, *len + 1);

	if (*len > 0) {
		memcpy(copy, data, *len);
	}
	return copy;
}

/* One row with one blob; the statement is reset. */
static int
get_blob(struct store *store, struct db_stmt *st, uint8_t **value, size_t *len)
{
	int ret = db_next(st);

	if (ret < 0) {
		return mark(store, ret);
	}
	if (ret == 0) {
		return MSIG_EMISSING;
	}
	*value = column(st, 0, len);
	while (db_next(st) > 0) {
	}
	return 0;
}

int
store_meta_get(struct store *store, const char *name, uint8_t **value, size_t *len)
{
	struct db_stmt *st = db_stmt(store->db, "SELECT value FROM meta WHERE name = ?");

	db_bind_text(st, 1, name);
	return get_blob(store, st, value, len);
}

int
store_meta_set(struct store *store, const char *name, const void *value, size_t len)
{
	struct db_stmt *st = db_stmt(store->db, "INSERT OR REPLACE INTO meta VALUES(?, ?)");

	db_bind_text(st, 1, name);
	db_bind_blob(st, 2, value, len);
	return run(store, st);
}

/* Stores the end of a new block, then numbers of it may be given out. */
static int
reserve(struct store *store)
{
	uint64_t now = loop_utc_ms() * 1000, end;
	uint8_t *value = NULL;
	size_t len = 0;
	bool own = !store->open;
	int ret;

	if (store->sequence == 0 && store_meta_get(store, "sequence", &value, &len) == 0 &&
	    len == sizeof(store->sequence)) {
		memcpy(&store->sequence, value, len);
	}
	free(value);
	if (store->sequence < now || store->sequence > now + SEQUENCE_AHEAD) {
		store->sequence = now;
	}
	end = store->sequence + SEQUENCE_BLOCK;
	if (own && (ret = store_begin(store)) != 0) {
		return ret;
	}
	ret = store_meta_set(store, "sequence", &end, sizeof(end));
	if (own) {
		if (ret == 0) {
			ret = store_commit(store);
		} else {
			store_rollback(store);
		}
	}
	if (ret == 0) {
		store->reserved = end;
	}
	return ret;
}

uint64_t
store_sequence(struct store *store)
{
	bool ahead = store->sequence > loop_utc_ms() * 1000 + SEQUENCE_AHEAD;

	if ((store->sequence >= store->reserved || ahead) && reserve(store) != 0) {
		return 0;
	}
	return store->sequence++;
}

int
store_replay_get(struct store *store, const char *sender, struct replay *replay)
{
	struct db_stmt *st = db_stmt(store->db, "SELECT high, seen FROM replay WHERE sender = ?");
	int ret;

	memset(replay, 0, sizeof(*replay));
	db_bind_text(st, 1, sender);
	ret = db_next(st);
	if (ret < 0) {
		return mark(store, ret);
	}
	if (ret == 0) {
		return 0;
	}
	replay->high = (uint64_t)db_int(st, 0);
	replay->seen = (uint64_t)db_int(st, 1);
	while (db_next(st) > 0) {
	}
	return 0;
}

int
store_replay_set(struct store *store, const char *sender, const struct replay *replay)
{
	struct db_stmt *st = db_stmt(store->db, "INSERT OR REPLACE INTO replay VALUES(?, ?, ?)");

	db_bind_text(st, 1, sender);
	db_bind_int(st, 2, (int64_t)replay->high);
	db_bind_int(st, 3, (int64_t)replay->seen);
	return run(store, st);
}

int
store_zone_get(struct store *store, const knot_dname_t *zone, uint8_t **blob, size_t *len)
{
	struct db_stmt *st = db_stmt(store->db, "SELECT state FROM zone WHERE name = ?");

	db_bind_blob(st, 1, zone, knot_dname_size(zone));
	return get_blob(store, st, blob, len);
}

int
store_zone_set(struct store *store, const knot_dname_t *zone, const void *blob, size_t len)
{
	struct db_stmt *st = db_stmt(store->db, "INSERT OR REPLACE INTO zone VALUES(?, ?)");

	db_bind_blob(st, 1, zone, knot_dname_size(zone));
	db_bind_blob(st, 2, blob, len);
	return run(store, st);
}

int
store_statement_set(struct store *store, const knot_dname_t *zone,
		    const struct store_statement *statement)
{
	struct db_stmt *st =
	    db_stmt(store->db, "INSERT OR REPLACE INTO statement VALUES(?, ?, ?, ?, ?, ?)");

	db_bind_blob(st, 1, zone, knot_dname_size(zone));
	db_bind_text(st, 2, statement->provider);
	db_bind_int(st, 3, (int64_t)statement->epoch);
	db_bind_int(st, 4, (int64_t)statement->counter);
	db_bind_int(st, 5, (int64_t)statement->received);
	db_bind_blob(st, 6, statement->message, statement->len);
	return run(store, st);
}

int
store_peer_set(struct store *store, const struct store_peer *peer)
{
	struct db_stmt *st = db_stmt(store->db, "INSERT OR REPLACE INTO peer VALUES(?, ?, ?, ?)");

	db_bind_text(st, 1, peer->identity);
	db_bind_int(st, 2, peer->state);
	db_bind_int(st, 3, (int64_t)peer->since);
	db_bind_int(st, 4, (int64_t)peer->heard);
	return run(store, st);
}

int
store_peer_del(struct store *store, const char *identity)
{
	struct db_stmt *st = db_stmt(store->db, "DELETE FROM peer WHERE identity = ?");

	db_bind_text(st, 1, identity);
	return run(store, st);
}

int
store_peer_get(struct store *store, const char *identity, struct store_peer *peer)
{
	struct db_stmt *st =
	    db_stmt(store->db, "SELECT state, since, heard FROM peer WHERE identity = ?");
	int ret;

	db_bind_text(st, 1, identity);
	ret = db_next(st);
	if (ret <= 0) {
		return ret < 0 ? mark(store, ret) : MSIG_EMISSING;
	}
	peer->state = (int)db_int(st, 0);
	peer->since = (uint64_t)db_int(st, 1);
	peer->heard = (uint64_t)db_int(st, 2);
	while (db_next(st) > 0) {
	}
	return 0;
}

int
store_discovery_get(struct store *store, const char *identity, char **text)
{
	struct db_stmt *st = db_stmt(store->db, "SELECT data FROM discovery WHERE identity = ?");
	uint8_t *value = NULL;
	size_t len;
	int ret;

	db_bind_text(st, 1, identity);
	ret = get_blob(store, st, &value, &len);
	*text = (char *)value;
	return ret;
}

int
store_discovery_set(struct store *store, const char *identity, const char *text)
{
	struct db_stmt *st = db_stmt(store->db, "INSERT OR REPLACE INTO discovery VALUES(?, ?)");

	db_bind_text(st, 1, identity);
	db_bind_text(st, 2, text);
	return run(store, st);
}

int
store_journal_add(struct store *store, const struct store_entry *entry)
{
	struct db_stmt *st =
	    db_stmt(store->db, "INSERT INTO journal(time, zone, actor, kind, text, evidence)"
			       " VALUES(?, ?, ?, ?, ?, ?)");
	int ret;

	db_bind_int(st, 1, (int64_t)entry->time);
	if (entry->zone != NULL) {
		db_bind_blob(st, 2, entry->zone, knot_dname_size(entry->zone));
	}
	db_bind_text(st, 3, entry->actor);
	db_bind_text(st, 4, entry->kind);
	db_bind_text(st, 5, entry->text);
	if (entry->evidence != NULL) {
		db_bind_blob(st, 6, entry->evidence, entry->evidence_len);
	}
	ret = run(store, st);
	if (ret == 0) {
		*(store->open ? &store->journal_open : &store->journal) +=
		    ENTRY_SIZE + strlen(entry->text) + entry->evidence_len;
	}
	return ret;
}

uint64_t
store_journal_usage(const struct store *store)
{
	return store->journal + store->journal_open;
}

/* Some of the oldest that are to go: how many, and what they take. Sets the entry behind which to
 * look the next time, 0: from the beginning. */
static int
choose(struct store *store, const struct store_prune *prune, int64_t seq[PRUNE_ENTRIES],
       uint64_t *size)
{
	struct db_stmt *st = db_stmt(store->db, "SELECT seq, time, zone, " SIZE_OF_ENTRY
						" FROM journal WHERE seq > ? ORDER BY seq LIMIT ?");
	int count = 0, seen = 0, ret;
	bool end = false;

	*size = 0;
	db_bind_int(st, 1, store->journal_pruned);
	db_bind_int(st, 2, PRUNE_ENTRIES);
	while (!end && (ret = db_next(st)) > 0) {
		uint64_t time = (uint64_t)db_int(st, 1);
		size_t len;
		const knot_dname_t *zone = db_blob(st, 2, &len);
		end = time >= prune->before && store->journal - *size <= prune->usage;
		store->journal_pruned = db_int(st, 0);
		seen++;
		if (!end && (prune->keep == NULL ||
			     !prune->keep(prune->arg, len > 0 ? zone : NULL, time))) {
			seq[count++] = store->journal_pruned;
			*size += ENTRY_SIZE + (uint64_t)db_int(st, 3);
		}
	}
	db_done(st);
	if (seen < PRUNE_ENTRIES) {
		store->journal_pruned = 0;
	}
	return ret < 0 ? mark(store, ret) : count;
}

int
store_journal_prune(struct store *store, const struct store_prune *prune)
{
	int64_t seq[PRUNE_ENTRIES];
	uint64_t size;
	int count = choose(store, prune, seq, &size), ret;

	if (count <= 0) {
		return count < 0 ? count : store->journal_pruned != 0;
	}
	ret = store_begin(store);
	for (int i = 0; i < count && ret == 0; i++) {
		struct db_stmt *st = db_stmt(store->db, "DELETE FROM journal WHERE seq = ?");
		db_bind_int(st, 1, seq[i]);
		ret = run(store, st);
	}
	if (ret != 0) {
		store_rollback(store);
		return ret;
	}
	ret = store_commit(store);
	store->journal -= ret == 0 ? size : 0;
	return ret != 0 ? ret : store->journal_pruned != 0;
}

int
store_journal(struct store *store, const knot_dname_t *zone, uint64_t before, unsigned limit,
	      void (*cb)(void *arg, const struct store_entry *entry), void *arg)
{
	struct db_stmt *st =
	    zone != NULL ? db_stmt(store->db, "SELECT seq, time, zone, actor, kind, text, evidence"
					      " FROM journal WHERE seq < ? AND zone = ?"
					      " ORDER BY seq DESC LIMIT ?")
			 : db_stmt(store->db, "SELECT seq, time, zone, actor, kind, text, evidence"
					      " FROM journal WHERE seq < ? AND ? IS NULL"
					      " ORDER BY seq DESC LIMIT ?");
	int ret;

	db_bind_int(st, 1, before == 0 ? INT64_MAX : (int64_t)before);
	if (zone != NULL) {
		db_bind_blob(st, 2, zone, knot_dname_size(zone));
	}
	db_bind_int(st, 3, limit);
	while ((ret = db_next(st)) > 0) {
		struct store_entry e = {0};
		size_t len;

		e.seq = (uint64_t)db_int(st, 0);
		e.time = (uint64_t)db_int(st, 1);
		e.zone = db_blob(st, 2, &len);
		e.zone = len > 0 ? e.zone : NULL;
		e.actor = db_text(st, 3);
		e.kind = db_text(st, 4);
		e.text = db_text(st, 5);
		e.evidence = db_blob(st, 6, &e.evidence_len);
		cb(arg, &e);
	}
	return mark(store, ret);
}
