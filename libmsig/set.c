/*
 * Sets of rdata, on the rdataset of libknot.
 */
#include "libmsig/set.h"
#include <stdlib.h>
#include <string.h>
#include <libknot/errcode.h>
#include <libknot/wire.h>
#include "libmsig/canon.h"
#include "libmsig/hash.h"

void
msig_set_init(struct msig_set *set, uint16_t type)
{
	memset(set, 0, sizeof(*set));
	set->type = type;
}

void
msig_set_clear(struct msig_set *set)
{
	knot_rdataset_clear(&set->rrs, NULL);
	knot_rdataset_init(&set->rrs);
}

int
msig_set_copy(struct msig_set *to, const struct msig_set *from)
{
	knot_rdataset_t rrs;
	int ret;

	knot_rdataset_init(&rrs);
	ret = knot_rdataset_copy(&rrs, &from->rrs, NULL);
	if (ret != KNOT_EOK)
		return ret;
	msig_set_clear(to);
	to->type = from->type;
	to->ttl = from->ttl;
	to->rrs = rrs;
	return 0;
}

/* A record in canonical form, on the heap. */
static knot_rdata_t *
canonical(uint16_t type, const uint8_t *rdata, uint16_t len, int *err)
{
	knot_rdata_t *rr = malloc(knot_rdata_size(len));

	if (rr == NULL) {
		*err = KNOT_ENOMEM;
		return NULL;
	}
	knot_rdata_init(rr, len, rdata);
	if (!msig_canon_rdata(type, rr->data, len)) {
		free(rr);
		*err = KNOT_EMALF;
		return NULL;
	}
	*err = 0;
	return rr;
}

int
msig_set_add(struct msig_set *set, const uint8_t *rdata, uint16_t len)
{
	int ret;
	knot_rdata_t *rr = canonical(set->type, rdata, len, &ret);

	if (rr == NULL)
		return ret;
	ret = knot_rdataset_add(&set->rrs, rr, NULL);
	free(rr);
	return ret;
}

int
msig_set_remove(struct msig_set *set, const uint8_t *rdata, uint16_t len)
{
	int ret;
	knot_rdata_t *rr = canonical(set->type, rdata, len, &ret);

	if (rr == NULL)
		return ret;
	ret = knot_rdataset_remove(&set->rrs, rr, NULL);
	free(rr);
	return ret;
}

bool
msig_set_has(const struct msig_set *set, const uint8_t *rdata, uint16_t len)
{
	int ret;
	bool has;
	knot_rdata_t *rr = canonical(set->type, rdata, len, &ret);

	if (rr == NULL)
		return false;
	has = knot_rdataset_member(&set->rrs, rr);
	free(rr);
	return has;
}

int
msig_set_merge(struct msig_set *to, const struct msig_set *from)
{
	if (from->rrs.count == 0)
		return 0;
	if (to->rrs.count == 0)
		to->ttl = from->ttl;
	return knot_rdataset_merge(&to->rrs, &from->rrs, NULL);
}

int
msig_set_subtract(struct msig_set *to, const struct msig_set *from)
{
	return knot_rdataset_subtract(&to->rrs, &from->rrs, NULL);
}

bool
msig_set_eq(const struct msig_set *a, const struct msig_set *b)
{
	return a->type == b->type && knot_rdataset_eq(&a->rrs, &b->rrs);
}

bool
msig_set_contains(const struct msig_set *set, const struct msig_set *part)
{
	return knot_rdataset_subset(&part->rrs, &set->rrs);
}

/* A record as it goes into the digest. */
struct entry {
	uint16_t type;
	const knot_rdata_t *rr;
};

/* The order of the octets type, rdlength, rdata. */
static int
entry_cmp(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (a->rr->len != b->rr->len)
		return a->rr->len < b->rr->len ? -1 : 1;
	return memcmp(a->rr->data, b->rr->data, a->rr->len);
}

static int
entries_hash(const struct entry *entries, size_t count, uint8_t digest[MSIG_DIGEST_LEN])
{
	size_t len = 0;
	uint8_t *data, *at;
	int ret;

	for (size_t i = 0; i < count; i++)
		len += 4 + entries[i].rr->len;
	at = data = malloc(len + 1);
	if (data == NULL)
		return KNOT_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		knot_wire_write_u16(at, entries[i].type);
		knot_wire_write_u16(at + 2, entries[i].rr->len);
		memcpy(at + 4, entries[i].rr->data, entries[i].rr->len);
		at += 4 + entries[i].rr->len;
	}
	ret = hash_digest(2, data, len, digest);
	free(data);
	return ret;
}

int
msig_sets_digest(const struct msig_set *const *sets, size_t count, uint8_t digest[MSIG_DIGEST_LEN])
{
	struct entry *entries;
	size_t n = 0;
	int ret;

	for (size_t i = 0; i < count; i++)
		n += sets[i]->rrs.count;
	entries = calloc(n + 1, sizeof(*entries));
	if (entries == NULL)
		return KNOT_ENOMEM;
	n = 0;
	for (size_t i = 0; i < count; i++) {
		MSIG_SET_EACH(sets[i], rr)
		entries[n++] = (struct entry){sets[i]->type, rr};
	}
	qsort(entries, n, sizeof(*entries), entry_cmp);
	ret = entries_hash(entries, n, digest);
	free(entries);
	return ret;
}
