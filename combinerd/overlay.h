/*
 * The overlay of a zone: what the providers contribute to its apex, record by record, each with the
 * provider that it comes from. Pure, but for overlay_load and overlay_save (overlay_db.c), which
 * keep it in the daemon's database. The same record may come from several origins; it goes when the
 * last one takes it away.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "combinerd/rr.h"
#include "libmsig/daemon/db.h"
#include "libmsig/apex.h"

struct overlay_rr {
	char *origin;  /* HSYNC identity of the provider: absolute text, lower case */
	uint16_t type; /* one of MSIG_APEX_TYPES */
	uint32_t ttl;
	uint64_t time; /* when it was accepted, UTC ms */
	knot_rdata_t *rdata;
};

struct overlay {
	uint64_t epoch, counter; /* version, compared lexicographically */
	struct overlay_rr *at;   /* sorted by type, rdata, origin */
	size_t count;
};

void overlay_clear(struct overlay *overlay);
void overlay_copy(struct overlay *to, const struct overlay *from); /* to must be clear */

/* true if something changed: a new record, or another TTL. */
bool overlay_add(struct overlay *overlay, const char *origin, uint16_t type, uint32_t ttl,
		 const knot_rdata_t *rdata, uint64_t time);
/* rdata NULL: all of the type. Only what this origin contributed; true if something went. */
bool overlay_remove(struct overlay *overlay, const char *origin, uint16_t type,
		    const knot_rdata_t *rdata);

/* How many records of a type; origin NULL: all origins, type 0: all types. */
size_t overlay_count(const struct overlay *overlay, const char *origin, uint16_t type);
bool overlay_eq(const struct overlay *a, const struct overlay *b); /* times and version aside */

/* The RRset to publish: the union over all origins with the smallest TTL. set is initialized here;
 * the caller clears it. */
int overlay_set(const struct overlay *overlay, uint16_t type, struct msig_set *set);

/* The origins, each once, sorted; borrowed strings in a list that the caller frees. */
const char **overlay_origins(const struct overlay *overlay, size_t *count);

/* Inside a transaction of the caller. overlay_load says MSIG_EDB if what is there is not what was
 * saved. */
int overlay_save(struct db *db, const char *zone, const struct overlay *overlay);
int overlay_load(struct db *db, const char *zone, struct overlay *overlay);
