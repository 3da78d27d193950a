/*
 * What the process peer keeps on disk: of each peer its counters and the address that answered
 * last, so that a restart neither forgets what was seen nor tries dead addresses first. Nothing
 * that anybody relies on: without a database, or with a full disk, it goes on and says so once.
 */
#pragma once

#include "transportd/peer/peertable.h"

#define STORE_EVERY 60000 /* ms between writes */

struct store;

/* NULL if it cannot be opened, which is logged. */
struct store *store_open(const char *folder);
/* Both take NULL for the store. */
void store_close(struct store *store);
/* Fills the counters of a peer that is new in the table. */
void store_load(struct store *store, struct peer *peer);
/* All peers, in one transaction. */
void store_save(struct store *store, const struct peertable *table);
