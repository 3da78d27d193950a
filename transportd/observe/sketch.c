/*
 * The sketch: see sketch.h. An invertible Bloom look-up table per level; a record is at level n
 * with probability 2^-(n+1), so that, whatever the number of differences is, some level has few
 * enough.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "libmsig/digest.h"
#include "libmsig/daemon/log.h"
#include "transportd/observe/sketch.h"

#define LEVELS 24
#define PARTS 3 /* cells of a record, one in each part */
#define PART 29
#define CELLS (PARTS * PART)
#define FOUND (LEVELS * CELLS)
#define WORDS 4 /* of a hash */

/* All but count are XORs. */
struct cell {
	int32_t count; /* of side 1, less those of side -1 */
	uint64_t hash[WORDS], check;
	uint8_t owner[KNOT_DNAME_MAXLEN];
	uint16_t type;
};

struct record {
	uint64_t hash[WORDS];
	uint8_t owner[KNOT_DNAME_MAXLEN]; /* and zeros */
	uint16_t type;
};

struct sketch {
	struct cell cell[LEVELS][CELLS];
};

struct sketch *
sketch_new(void)
{
	return xcalloc(1, sizeof(struct sketch));
}

void
sketch_free(struct sketch *sketch)
{
	free(sketch);
}

/* Is no sum: the XOR of two hashes does not have the XOR of their checks. */
static uint64_t
check_of(const uint64_t hash[WORDS])
{
	uint64_t x = 0;

	for (int i = 0; i < WORDS; i++) {
		x = (x ^ hash[i]) * 0xbf58476d1ce4e5b9ull;
		x ^= x >> 29;
	}
	return x;
}

static unsigned
level_of(const struct record *r)
{
	unsigned level = 0;

	while (level < LEVELS - 1 && (r->hash[0] >> level & 1) == 0)
		level++;
	return level;
}

static struct cell *
cell_of(struct sketch *s, const struct record *r, unsigned part)
{
	uint64_t number = r->hash[1 + part] % PART;

	return &s->cell[level_of(r)][part * PART + number];
}

static void
put(struct sketch *s, const struct record *r, int side)
{
	uint64_t check = check_of(r->hash);

	for (unsigned part = 0; part < PARTS; part++) {
		struct cell *c = cell_of(s, r, part);

		c->count += side;
		c->check ^= check;
		c->type ^= r->type;
		for (int i = 0; i < WORDS; i++)
			c->hash[i] ^= r->hash[i];
		for (size_t i = 0; i < sizeof(c->owner); i++)
			c->owner[i] ^= r->owner[i];
	}
}

int
sketch_add(struct sketch *sketch, const knot_dname_t *zone, const knot_rrset_t *rr, int side)
{
	const knot_rdata_t *rdata = rr->rrs.rdata;
	struct record r = {.type = rr->type};
	uint8_t hash[MSIG_DIGEST_LEN];
	int err;

	if (!msig_digest_covers(zone, rr->owner, rr->type))
		return 0;
	if (knot_dname_store(r.owner, rr->owner) == 0)
		return KNOT_EMALF;
	knot_dname_to_lower(r.owner);
	err = msig_digest_record(rr->owner, rr->type, rr->ttl, rdata->data, rdata->len, hash);
	if (err != 0)
		return err;
	memcpy(r.hash, hash, sizeof(r.hash));
	put(sketch, &r, side);
	return 0;
}

/* One record, and nothing else? */
static bool
is_pure(const struct cell *c)
{
	return (c->count == 1 || c->count == -1) && c->check == check_of(c->hash);
}

/* Takes out what is alone in a cell, until nothing is. */
static size_t
peel(struct sketch *s, struct sketch_difference *found)
{
	size_t count = 0;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < LEVELS * CELLS && count < FOUND; i++) {
			struct cell *c = &s->cell[i / CELLS][i % CELLS];
			struct sketch_difference *d = &found[count];
			struct record r;

			if (!is_pure(c))
				continue;
			memcpy(r.hash, c->hash, sizeof(r.hash));
			memcpy(r.owner, c->owner, sizeof(r.owner));
			r.type = c->type;
			d->side = c->count;
			d->type = c->type;
			memcpy(d->owner, c->owner, sizeof(c->owner));
			put(s, &r, -c->count);
			count++;
			more = true;
		}
	}
	return count;
}

static int
compare(const void *a, const void *b)
{
	const struct sketch_difference *x = a, *y = b;
	int order = knot_dname_cmp(x->owner, y->owner);

	return order != 0 ? order : (int)x->type - (int)y->type;
}

size_t
sketch_read(struct sketch *sketch, struct sketch_difference *out, size_t max, bool *all)
{
	struct sketch_difference *found = xcalloc(FOUND, sizeof(*found));
	size_t count = peel(sketch, found), n = 0;

	*all = true;
	for (size_t i = 0; i < LEVELS * CELLS; i++)
		*all = *all && sketch->cell[i / CELLS][i % CELLS].count == 0 &&
		       sketch->cell[i / CELLS][i % CELLS].check == 0;
	qsort(found, count, sizeof(*found), compare);
	for (size_t i = 0; i < count; i++) {
		if (n > 0 && compare(&out[n - 1], &found[i]) == 0) {
			if (out[n - 1].side != found[i].side)
				out[n - 1].side = 0;
			continue;
		}
		if (n == max) {
			*all = false;
			break;
		}
		out[n++] = found[i];
	}
	free(found);
	return n;
}
