/*
 * What two zones differ in, found while both pass by, in any order and in fixed memory: a set
 * sketch. Each record is in three cells of one of many levels; what both zones have cancels out; a
 * cell with one record left gives it away, and with that, cells of others. Few differences come out
 * all, of very many at least some. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>

struct sketch;

struct sketch_difference {
	knot_dname_storage_t owner;
	uint16_t type;
	int side; /* 1, -1: of which zone; 0: both have the type there, with other records or TTL */
};

struct sketch *sketch_new(void);
void sketch_free(struct sketch *sketch);

/* One record of the zone on that side (1 or -1); passed over if it takes no part in the digest. */
int sketch_add(struct sketch *sketch, const knot_dname_t *zone, const knot_rrset_t *rr, int side);

/* What is left, in canonical order, an RRset once; at most max, *all says whether that is all of
 * it. The sketch is used up. */
size_t sketch_read(struct sketch *sketch, struct sketch_difference *out, size_t max, bool *all);
