/*
 * What the process peer keeps on disk: see store.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "libmsig/err.h"
#include "libmsig/daemon/db.h"
#include "libmsig/daemon/log.h"
#include "transportd/peer/store.h"

static const char *const steps[] = {
    "CREATE TABLE peer (id TEXT PRIMARY KEY, good TEXT NOT NULL, received INTEGER NOT NULL,"
    " limited INTEGER NOT NULL, sent INTEGER NOT NULL, answered INTEGER NOT NULL,"
    " failed INTEGER NOT NULL, last_received INTEGER NOT NULL, last_answered INTEGER NOT NULL)",
};

struct store {
	struct db *db;
	bool failing; /* said so */
};

struct store *
store_open(const char *folder)
{
	struct store *store = xcalloc(1, sizeof(*store));
	char path[4096];
	int err;

	snprintf(path, sizeof(path), "%s/transport.db", folder);
	err = db_open(path, steps, sizeof(steps) / sizeof(steps[0]), &store->db);
	if (err == 0)
		return store;
	log_warn("%s: %s; counters begin at 0 and are not kept", path, msig_strerror(err));
	free(store);
	return NULL;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	db_close(store->db);
	free(store);
}

void
store_load(struct store *store, struct peer *peer)
{
	struct db_stmt *st;

	if (store == NULL)
		return;
	st = db_stmt(store->db, "SELECT good, received, limited, sent, answered, failed,"
				" last_received, last_answered FROM peer WHERE id = ?1");
	db_bind_text(st, 1, peer->id);
	if (db_next(st) != 1)
		return;
	if (dnsio_addr_parse(db_text(st, 0), 53, &peer->good) != 0)
		peer->good = (struct dnsio_addr){0};
	peer->received = (uint64_t)db_int(st, 1);
	peer->limited = (uint64_t)db_int(st, 2);
	peer->sent = (uint64_t)db_int(st, 3);
	peer->answered = (uint64_t)db_int(st, 4);
	peer->failed = (uint64_t)db_int(st, 5);
	peer->last_received = (uint64_t)db_int(st, 6);
	peer->last_answered = (uint64_t)db_int(st, 7);
	db_done(st);
}

static void
save_peer(struct store *store, const struct peer *peer)
{
	struct db_stmt *st = db_stmt(store->db, "INSERT OR REPLACE INTO peer VALUES"
						" (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
	char good[80] = "";

	if (peer->good.len > 0)
		dnsio_addr_str(&peer->good, good, sizeof(good));
	db_bind_text(st, 1, peer->id);
	db_bind_text(st, 2, good);
	db_bind_int(st, 3, (int64_t)peer->received);
	db_bind_int(st, 4, (int64_t)peer->limited);
	db_bind_int(st, 5, (int64_t)peer->sent);
	db_bind_int(st, 6, (int64_t)peer->answered);
	db_bind_int(st, 7, (int64_t)peer->failed);
	db_bind_int(st, 8, (int64_t)peer->last_received);
	db_bind_int(st, 9, (int64_t)peer->last_answered);
	(void)db_exec(st); /* an error sticks to the transaction */
}

void
store_save(struct store *store, const struct peertable *table)
{
	int err;

	if (store == NULL || table->first == NULL)
		return;
	err = db_begin(store->db);
	for (const struct peer *peer = table->first; peer != NULL && err == 0; peer = peer->next)
		save_peer(store, peer);
	if (err == 0)
		err = db_commit(store->db);
	if (err != 0 && !store->failing)
		log_warn("counters cannot be kept: %s", db_error(store->db));
	store->failing = err != 0;
}
