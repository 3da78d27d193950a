/*
 * A set of rdata of one type with a TTL: canonical, sorted, without duplicates. The TTL takes no
 * part in comparisons and digests.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libknot/rdataset.h>

#define MSIG_DIGEST_LEN 32

struct msig_set {
	uint16_t type;
	uint32_t ttl;
	knot_rdataset_t rrs;
};

void msig_set_init(struct msig_set *set, uint16_t type);
void msig_set_clear(struct msig_set *set); /* empties it, keeps type and TTL */
int msig_set_copy(struct msig_set *to, const struct msig_set *from); /* what to held is freed */

/* Adds a copy; names inside become lower case where RFC 4034 6.2 says so. */
int msig_set_add(struct msig_set *set, const uint8_t *rdata, uint16_t len);
int msig_set_remove(struct msig_set *set, const uint8_t *rdata, uint16_t len);
bool msig_set_has(const struct msig_set *set, const uint8_t *rdata, uint16_t len);

/* to = to + from, to = to - from; the TTL of an empty set becomes that of what is added. */
int msig_set_merge(struct msig_set *to, const struct msig_set *from);
int msig_set_subtract(struct msig_set *to, const struct msig_set *from);
bool msig_set_eq(const struct msig_set *a, const struct msig_set *b);
bool msig_set_contains(const struct msig_set *set, const struct msig_set *part);

/* SHA-256 over the concatenation of (u16 type, u16 rdlength, rdata), sorted as octet strings. */
int msig_sets_digest(const struct msig_set *const *sets, size_t count,
		     uint8_t digest[MSIG_DIGEST_LEN]);

/* One behind the last record. */
static inline knot_rdata_t *
msig_set_end(const struct msig_set *set)
{
	if (set->rrs.count == 0)
		return set->rrs.rdata;
	return (knot_rdata_t *)((uint8_t *)set->rrs.rdata + set->rrs.size);
}

/* Loops over the records in canonical order with a knot_rdata_t *rr. */
/* NOLINTBEGIN(bugprone-macro-parentheses): rr is a name, not an expression */
#define MSIG_SET_EACH(set, rr)                                                                   \
	for (knot_rdata_t *rr = (set)->rrs.rdata, *rr##_end = msig_set_end(set); rr != rr##_end; \
	     rr = knot_rdataset_next(rr))
/* NOLINTEND(bugprone-macro-parentheses) */
