/*
 * Records and sets of records, as the core of agentd uses them. Each zone has a pool that holds
 * every record once, by type and whole RDATA (a key is never known by its tag); a set is a bitmap
 * over the pool. Comparing, uniting and subtracting sets are a few machine words.
 *
 * The pool knows what follows from a record alone: flags, algorithm and tag of a DNSKEY, and which
 * DNSKEYs a DS, CDS or CDNSKEY stands for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/rdata.h>

#define RSET_MAX 256 /* records that a zone's pool can hold at a time */
#define RSET_WORDS (RSET_MAX / 64)

struct rset {
	uint64_t w[RSET_WORDS];
};

struct rr {
	uint16_t type;  /* 0: this slot is free */
	uint16_t flags; /* DNSKEY, CDNSKEY */
	uint16_t tag;   /* DNSKEY, CDNSKEY: computed; DS, CDS: as it says */
	uint16_t other; /* DNSKEY, CDNSKEY: the tag with the REVOKE bit changed */
	uint8_t alg;
	uint32_t hash;
	knot_rdata_t *rdata; /* ->len, ->data */
	struct rset match; /* DS, CDS, CDNSKEY: the DNSKEYs it stands for; DNSKEY: those records */
};

/* May a resolver take one of these keys for the other one, now or once one is revoked (RFC 5011)?
 */
static inline bool
rr_tags_clash(const struct rr *a, const struct rr *b)
{
	return a->tag == b->tag || a->tag == b->other || a->other == b->tag || a->other == b->other;
}

struct rpool {
	uint8_t apex[256]; /* owner name, wire form, lower case: enters the DS digest */
	int count;         /* slots in use or once used: ids are below it */
	struct rset sep;   /* DNSKEYs with the SEP bit */
	struct rr at[RSET_MAX];
};

#define RSET_NONE ((struct rset){{0}})

static inline void
rset_add(struct rset *s, int id)
{
	s->w[id >> 6] |= UINT64_C(1) << (id & 63);
}

static inline void
rset_del(struct rset *s, int id)
{
	s->w[id >> 6] &= ~(UINT64_C(1) << (id & 63));
}

static inline bool
rset_has(const struct rset *s, int id)
{
	return (s->w[id >> 6] >> (id & 63)) & 1;
}

static inline struct rset
rset_or(struct rset a, struct rset b)
{
	for (int i = 0; i < RSET_WORDS; i++)
		a.w[i] |= b.w[i];
	return a;
}

static inline struct rset
rset_and(struct rset a, struct rset b)
{
	for (int i = 0; i < RSET_WORDS; i++)
		a.w[i] &= b.w[i];
	return a;
}

static inline struct rset
rset_minus(struct rset a, struct rset b)
{
	for (int i = 0; i < RSET_WORDS; i++)
		a.w[i] &= ~b.w[i];
	return a;
}

static inline bool
rset_empty(struct rset a)
{
	uint64_t x = 0;
	for (int i = 0; i < RSET_WORDS; i++)
		x |= a.w[i];
	return x == 0;
}

static inline bool
rset_equal(struct rset a, struct rset b)
{
	uint64_t x = 0;
	for (int i = 0; i < RSET_WORDS; i++)
		x |= a.w[i] ^ b.w[i];
	return x == 0;
}

/* Is a a subset of b? */
static inline bool
rset_within(struct rset a, struct rset b)
{
	return rset_empty(rset_minus(a, b));
}

static inline bool
rset_meets(struct rset a, struct rset b)
{
	return !rset_empty(rset_and(a, b));
}

static inline int
rset_count(struct rset a)
{
	int n = 0;
	for (int i = 0; i < RSET_WORDS; i++)
		n += __builtin_popcountll(a.w[i]);
	return n;
}

/* The smallest id >= from, or -1. for (int i = rset_next(&s, 0); i >= 0; i = rset_next(&s, i + 1))
 */
static inline int
rset_next(const struct rset *s, int from)
{
	for (int i = from >> 6; i < RSET_WORDS; i++) {
		uint64_t x = s->w[i];
		if (i == from >> 6)
			x &= ~UINT64_C(0) << (from & 63);
		if (x != 0)
			return i * 64 + __builtin_ctzll(x);
	}
	return -1;
}

/* apex: the zone's name in wire form. */
void rpool_init(struct rpool *pool, const uint8_t *apex);
void rpool_clear(struct rpool *pool);

/* The id of the record, which is taken into the pool if it is new; MSIG_ESIZE when the pool is
 * full, MSIG_EVALUE if the rdata is too short for its type. Names in NS records must be lower case.
 */
int rpool_get(struct rpool *pool, uint16_t type, const uint8_t *rdata, uint16_t len);

/* The record under this id, which must be free (a pool that was stored). */
int rpool_put(struct rpool *pool, int id, uint16_t type, const uint8_t *rdata, uint16_t len);

/* The id, or -1 when the pool does not have it. */
int rpool_find(const struct rpool *pool, uint16_t type, const uint8_t *rdata, uint16_t len);

/* The CDS (SHA-256) or CDNSKEY record of a DNSKEY, made on demand. type is KNOT_RRTYPE_CDS, _DS or
 * _CDNSKEY. */
int rpool_of_key(struct rpool *pool, int dnskey, uint16_t type);

/* The same, or -1 when the pool does not have it. */
int rpool_find_of_key(const struct rpool *pool, int dnskey, uint16_t type);

/* The DNSKEYs that the DS, CDS or CDNSKEY records of a set stand for (those the pool knows). */
struct rset rpool_keys(const struct rpool *pool, struct rset set);

/* Which algorithms keys or references to keys have: a bit per number. */
struct algorithms {
	uint64_t w[4];
};
struct algorithms rpool_algorithms(const struct rpool *pool, struct rset set);
bool algorithms_within(struct algorithms a, struct algorithms b);
bool algorithms_one(struct algorithms a); /* and no more */
/* Those of the set that have this one. */
struct rset rpool_of_algorithm(const struct rpool *pool, struct rset set, uint8_t algorithm);
/* Is there anything in the set, and has all of it this one? */
bool rpool_all_of(const struct rpool *pool, struct rset set, uint8_t algorithm);

/* Forgets all records but those in keep; ids of kept records do not change. */
void rpool_keep(struct rpool *pool, struct rset keep);
