/*
 * The pool of records of one zone. It grows with what is seen and is swept by decide(); it does not
 * know what its records are for.
 */
#include <stdlib.h>
#include <string.h>

#include "agentd/rset.h"
#include "libmsig/err.h"
#include "libmsig/key.h"

enum { TYPE_NS = 2, TYPE_DS = 43, TYPE_DNSKEY = 48, TYPE_CDS = 59, TYPE_CDNSKEY = 60 };

void
rpool_init(struct rpool *pool, const uint8_t *apex)
{
	memset(pool, 0, sizeof(*pool));
	memcpy(pool->apex, apex, knot_dname_size(apex));
}

void
rpool_clear(struct rpool *pool)
{
	for (int i = 0; i < pool->count; i++)
		free(pool->at[i].rdata);
	pool->count = 0;
	pool->sep = RSET_NONE;
}

static uint32_t
hash(uint16_t type, const uint8_t *rdata, uint16_t len)
{
	uint32_t h = 2166136261u ^ type;
	for (uint16_t i = 0; i < len; i++)
		h = (h ^ rdata[i]) * 16777619u;
	return h;
}

static int
find(const struct rpool *pool, uint16_t type, const uint8_t *rdata, uint16_t len, uint32_t h)
{
	for (int i = 0; i < pool->count; i++) {
		const struct rr *rr = &pool->at[i];
		if (rr->hash == h && rr->type == type && rr->rdata->len == len &&
		    memcmp(rr->rdata->data, rdata, len) == 0)
			return i;
	}
	return -1;
}

int
rpool_find(const struct rpool *pool, uint16_t type, const uint8_t *rdata, uint16_t len)
{
	return find(pool, type, rdata, len, hash(type, rdata, len));
}

static bool
is_key_reference(uint16_t type)
{
	return type == TYPE_DS || type == TYPE_CDS || type == TYPE_CDNSKEY;
}

static bool
stands_for(const struct rpool *pool, const struct rr *ref, const struct rr *key)
{
	if (ref->alg != key->alg)
		return false;
	if (ref->type == TYPE_CDNSKEY)
		return ref->rdata->len == key->rdata->len &&
		       memcmp(ref->rdata->data, key->rdata->data, key->rdata->len) == 0;
	return ref->tag == key->tag && msig_key_matches_ds(pool->apex, key->rdata, ref->rdata);
}

/* The relation of keys and what refers to them is known from the moment both are in the pool. */
static void
relate(struct rpool *pool, int id)
{
	struct rr *rr = &pool->at[id];
	bool key = rr->type == TYPE_DNSKEY;

	if (!key && !is_key_reference(rr->type))
		return;
	for (int i = 0; i < pool->count; i++) {
		struct rr *other = &pool->at[i];
		if (key ? !is_key_reference(other->type) : other->type != TYPE_DNSKEY)
			continue;
		if (stands_for(pool, key ? other : rr, key ? rr : other)) {
			rset_add(&rr->match, i);
			rset_add(&other->match, id);
		}
	}
}

static int
facts(struct rr *rr)
{
	const uint8_t *d = rr->rdata->data;

	switch (rr->type) {
	case TYPE_DNSKEY:
	case TYPE_CDNSKEY:
		if (rr->rdata->len < 5)
			return MSIG_EVALUE;
		rr->flags = (uint16_t)(d[0] << 8 | d[1]);
		rr->alg = d[3];
		rr->tag = msig_key_tag(rr->rdata);
		rr->other = msig_key_tag_revoked(rr->rdata);
		return 0;
	case TYPE_DS:
	case TYPE_CDS:
		if (rr->rdata->len < 5)
			return MSIG_EVALUE;
		rr->tag = (uint16_t)(d[0] << 8 | d[1]);
		rr->alg = d[2];
		return 0;
	}
	return 0;
}

static int
put(struct rpool *pool, int id, uint16_t type, const uint8_t *rdata, uint16_t len, uint32_t h)
{
	struct rr rr = {.type = type, .hash = h};
	rr.rdata = malloc(sizeof(knot_rdata_t) + len + 1);
	if (rr.rdata == NULL)
		return KNOT_ENOMEM;
	knot_rdata_init(rr.rdata, len, rdata);
	int err = facts(&rr);
	if (err != 0) {
		free(rr.rdata);
		return err;
	}
	pool->at[id] = rr;
	if (id >= pool->count)
		pool->count = id + 1;
	if (type == TYPE_DNSKEY && (rr.flags & MSIG_DNSKEY_SEP) != 0)
		rset_add(&pool->sep, id);
	relate(pool, id);
	return id;
}

int
rpool_get(struct rpool *pool, uint16_t type, const uint8_t *rdata, uint16_t len)
{
	uint32_t h = hash(type, rdata, len);
	int id = find(pool, type, rdata, len, h);
	if (id >= 0)
		return id;
	for (id = 0; id < pool->count && pool->at[id].type != 0; id++)
		;
	return id == RSET_MAX ? MSIG_ESIZE : put(pool, id, type, rdata, len, h);
}

int
rpool_put(struct rpool *pool, int id, uint16_t type, const uint8_t *rdata, uint16_t len)
{
	uint32_t h = hash(type, rdata, len);
	if (type == 0 || id < 0 || id >= RSET_MAX || pool->at[id].type != 0 ||
	    find(pool, type, rdata, len, h) >= 0)
		return MSIG_EVALUE;
	int err = put(pool, id, type, rdata, len, h);
	return err < 0 ? err : 0;
}

int
rpool_find_of_key(const struct rpool *pool, int dnskey, uint16_t type)
{
	const struct rr *key = &pool->at[dnskey];
	for (int i = rset_next(&key->match, 0); i >= 0; i = rset_next(&key->match, i + 1)) {
		const struct rr *rr = &pool->at[i];
		if (rr->type == type && (type == TYPE_CDNSKEY || rr->rdata->data[3] == 2))
			return i;
	}
	return -1;
}

int
rpool_of_key(struct rpool *pool, int dnskey, uint16_t type)
{
	const struct rr *key = &pool->at[dnskey];
	int id = rpool_find_of_key(pool, dnskey, type);
	if (id >= 0)
		return id;
	if (type == TYPE_CDNSKEY) {
		/* The record may move nothing: the rdata is allocated apart from the table. */
		return rpool_get(pool, type, key->rdata->data, key->rdata->len);
	}
	uint8_t ds[MSIG_DS_MAX];
	uint16_t len;
	int err = msig_key_ds(pool->apex, key->rdata, 2, ds, &len);
	return err != 0 ? err : rpool_get(pool, type, ds, len);
}

struct rset
rpool_keys(const struct rpool *pool, struct rset set)
{
	struct rset keys = RSET_NONE;
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		if (is_key_reference(pool->at[i].type))
			keys = rset_or(keys, pool->at[i].match);
	return keys;
}

struct algorithms
rpool_algorithms(const struct rpool *pool, struct rset set)
{
	struct algorithms a = {{0}};
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		a.w[pool->at[i].alg >> 6] |= UINT64_C(1) << (pool->at[i].alg & 63);
	return a;
}

bool
algorithms_within(struct algorithms a, struct algorithms b)
{
	for (int i = 0; i < 4; i++)
		if ((a.w[i] & ~b.w[i]) != 0)
			return false;
	return true;
}

bool
algorithms_one(struct algorithms a)
{
	bool any = false;
	for (int i = 0; i < 4; i++) {
		if (a.w[i] == 0)
			continue;
		if (any || (a.w[i] & (a.w[i] - 1)) != 0)
			return false;
		any = true;
	}
	return any;
}

struct rset
rpool_of_algorithm(const struct rpool *pool, struct rset set, uint8_t algorithm)
{
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		if (pool->at[i].alg != algorithm)
			rset_del(&set, i);
	return set;
}

bool
rpool_all_of(const struct rpool *pool, struct rset set, uint8_t algorithm)
{
	return !rset_empty(set) && rset_equal(set, rpool_of_algorithm(pool, set, algorithm));
}

void
rpool_keep(struct rpool *pool, struct rset keep)
{
	for (int i = 0; i < pool->count; i++) {
		struct rr *rr = &pool->at[i];
		if (rr->type == 0)
			continue;
		if (!rset_has(&keep, i)) {
			free(rr->rdata);
			memset(rr, 0, sizeof(*rr));
		} else {
			rr->match = rset_and(rr->match, keep);
		}
	}
	pool->sep = rset_and(pool->sep, keep);
	while (pool->count > 0 && pool->at[pool->count - 1].type == 0)
		pool->count--;
}
