/*
 * New keys: the octets of DNSKEYs that agents take for keys.
 */
#include <string.h>

#include "tests/sim/points.h"
#include "tests/sim/world_int.h"

#define HEAD 4 /* flags, protocol, algorithm */
#define OCTETS 32
#define POINT 64

static void
from_hex(const char *hex, uint8_t *out)
{
	for (int i = 0; i < POINT; i++) {
		int high = hex[2 * i], low = hex[2 * i + 1];
		high = high <= '9' ? high - '0' : high - 'a' + 10;
		low = low <= '9' ? low - '0' : low - 'a' + 10;
		out[i] = (uint8_t)(high << 4 | low);
	}
}

/* Could a resolver take it for another one? */
static bool
clashes(const struct sim *sim, int id)
{
	for (int i = 0; i < sim->pool.count; i++)
		if (i != id && sim->pool.at[i].type == 48 &&
		    rr_tags_clash(&sim->pool.at[i], &sim->pool.at[id]))
			return true;
	return false;
}

static int
full(struct sim *sim)
{
	sim_fail(sim, "the pool of the world is full");
	return 0;
}

/* One of the points that is no key yet; with the tag of one that is, if that can be. */
static int
point(struct sim *sim, const uint8_t *head, bool collide)
{
	uint8_t rdata[HEAD + POINT];
	int first = (int)rng_range(&sim->rng, 0, POINTS - 1), id = -1;

	memcpy(rdata, head, HEAD);
	for (int i = 0; i < POINTS; i++) {
		const char *const *pair = points[(first + i) % POINTS];
		from_hex(pair[0], rdata + HEAD);
		bool used = rpool_find(&sim->pool, 48, rdata, sizeof(rdata)) >= 0;
		if (collide && used) {
			from_hex(pair[1], rdata + HEAD);
			if (rpool_find(&sim->pool, 48, rdata, sizeof(rdata)) < 0)
				return rpool_get(&sim->pool, 48, rdata, sizeof(rdata));
		}
		if (used || id >= 0)
			continue;
		int got = rpool_get(&sim->pool, 48, rdata, sizeof(rdata));
		if (got < 0)
			return full(sim);
		if (!clashes(sim, got))
			id = got;
		if (id >= 0 && !collide)
			return id;
	}
	return id >= 0 ? id : full(sim);
}

int
world_key(struct sim *sim, uint16_t flags, uint8_t algorithm, bool collide)
{
	uint8_t rdata[HEAD + OCTETS] = {(uint8_t)(flags >> 8), (uint8_t)flags, 3, algorithm};
	int id;

	if (algorithm == NEW_ALGORITHM)
		return point(sim, rdata, collide);
	do {
		for (size_t i = HEAD; i < sizeof(rdata); i++)
			rdata[i] = (uint8_t)rng_next(&sim->rng);
		id = rpool_get(&sim->pool, 48, rdata, sizeof(rdata));
		if (id < 0)
			return full(sim);
	} while (clashes(sim, id));
	/* The same octets with two words swapped have the same tag. */
	if (collide) {
		uint8_t word[2];
		for (int i = 0; i < sim->pool.count; i++) {
			const struct rr *rr = &sim->pool.at[i];
			if (rr->type != 48 || rr->alg != algorithm || rr->flags != flags ||
			    rr->rdata->len != sizeof(rdata))
				continue;
			memcpy(rdata, rr->rdata->data, sizeof(rdata));
			memcpy(word, rdata + HEAD, 2);
			memcpy(rdata + HEAD, rdata + HEAD + 2, 2);
			memcpy(rdata + HEAD + 2, word, 2);
		}
	}
	if (rpool_find(&sim->pool, 48, rdata, sizeof(rdata)) >= 0)
		return id; /* that one is somebody's already */
	id = rpool_get(&sim->pool, 48, rdata, sizeof(rdata));
	return id < 0 ? full(sim) : id;
}
