/*
 * RRset verification on libdnssec, which knows keys and signatures but not what is signed.
 */
#include "libmsig/rrsig.h"
#include <stdlib.h>
#include <string.h>
#include "libmsig/canon.h"
#include "libmsig/compat.h"
#include "libmsig/err.h"
#include "libmsig/name.h"

#define RRSIG_FIXED 18

/* What is verified, fixed for all signatures of one RRset. */
struct check {
	const knot_rrset_t *rrset;
	const knot_rdataset_t *dnskeys;
	const knot_dname_t *zone;
	uint64_t now;
	uint64_t usable;           /* bit i: DNSKEY number i may sign this */
	knot_rdataset_t canonical; /* the records in canonical form and order */
	unsigned tries;
};

static const knot_rdata_t *
next(const knot_rdata_t *rr)
{
	return (const knot_rdata_t *)((const uint8_t *)rr + knot_rdata_size(rr->len));
}

/* The signer's name, if the rdata is long enough for one and a signature. */
static const knot_dname_t *
signer_of(const knot_rdata_t *rrsig, size_t *size)
{
	int n;

	if (rrsig->len <= RRSIG_FIXED)
		return NULL;
	n = knot_dname_wire_check(rrsig->data + RRSIG_FIXED, rrsig->data + rrsig->len, NULL);
	if (n <= 0 || RRSIG_FIXED + n >= rrsig->len)
		return NULL;
	*size = n;
	return rrsig->data + RRSIG_FIXED;
}

static bool
not_after(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a) >= 0;
}

bool
msig_rrsig_in_time(const knot_rdata_t *rrsig, uint64_t now)
{
	uint32_t t = now & 0xffffffff;

	return rrsig->len > RRSIG_FIXED && not_after(knot_rrsig_sig_inception(rrsig), t) &&
	       not_after(t, knot_rrsig_sig_expiration(rrsig));
}

/* An expiration as full UTC seconds: the moment nearest to now that has these 32 bits. */
static uint64_t
absolute(uint32_t t, uint64_t now)
{
	return now + (int64_t)(int32_t)(t - (uint32_t)(now & 0xffffffff));
}

/* The name that was signed (RFC 4035 5.3.2): the owner, or the wildcard it was made from. */
static bool
signed_owner(const struct check *c, uint8_t labels, knot_dname_storage_t out, bool *wildcard)
{
	knot_dname_storage_t lower;
	const knot_dname_t *name = lower;
	size_t have;

	knot_dname_copy_lower(lower, c->rrset->owner);
	have = knot_dname_labels(lower, NULL);
	if (knot_dname_is_wildcard(lower))
		have--;
	if (labels > have)
		return false;
	*wildcard = labels < have;
	if (!*wildcard) {
		memcpy(out, lower, knot_dname_size(lower));
		return true;
	}
	for (size_t n = knot_dname_labels(lower, NULL); n > labels; n--)
		name = knot_wire_next_label(name, NULL);
	out[0] = 1;
	out[1] = '*';
	memcpy(out + 2, name, knot_dname_size(name));
	return true;
}

static int
add(dnssec_sign_ctx_t *ctx, const void *data, size_t len)
{
	dnssec_binary_t bin = {.data = (uint8_t *)(uintptr_t)data, .size = len};

	return len == 0 ? DNSSEC_EOK : dnssec_sign_add(ctx, &bin);
}

/* RFC 4034 3.1.8.1: RRSIG rdata without the signature, then each record in canonical form. */
static int
feed(dnssec_sign_ctx_t *ctx, const struct check *c, const knot_rdata_t *rrsig, size_t signer_size,
     const knot_dname_t *owner)
{
	uint8_t head[RRSIG_FIXED + KNOT_DNAME_MAXLEN];
	uint8_t fixed[KNOT_DNAME_MAXLEN + 10];
	size_t at = knot_dname_size(owner);
	const knot_rdata_t *rr = c->canonical.rdata;
	int ret;

	memcpy(head, rrsig->data, RRSIG_FIXED);
	knot_dname_copy_lower(head + RRSIG_FIXED, rrsig->data + RRSIG_FIXED);
	ret = add(ctx, head, RRSIG_FIXED + signer_size);

	memcpy(fixed, owner, at);
	knot_wire_write_u16(fixed + at, c->rrset->type);
	knot_wire_write_u16(fixed + at + 2, c->rrset->rclass);
	knot_wire_write_u32(fixed + at + 4, knot_rrsig_original_ttl(rrsig));
	for (uint16_t i = 0; i < c->canonical.count && ret == DNSSEC_EOK; i++) {
		knot_wire_write_u16(fixed + at + 8, rr->len);
		ret = add(ctx, fixed, at + 10);
		if (ret == DNSSEC_EOK)
			ret = add(ctx, rr->data, rr->len);
		rr = next(rr);
	}
	return ret;
}

static int
verify_one(const struct check *c, const knot_rdata_t *rrsig, size_t signer_size,
	   const knot_dname_t *owner, const knot_rdata_t *dnskey)
{
	dnssec_binary_t rdata = {.data = (uint8_t *)(uintptr_t)dnskey->data, .size = dnskey->len};
	dnssec_binary_t signature = {
	    .data = (uint8_t *)(uintptr_t)rrsig->data + RRSIG_FIXED + signer_size,
	    .size = rrsig->len - RRSIG_FIXED - signer_size,
	};
	dnssec_key_t *key = NULL;
	dnssec_sign_ctx_t *ctx = NULL;
	int ret = dnssec_key_new(&key);

	if (ret == DNSSEC_EOK)
		ret = dnssec_key_set_rdata(key, &rdata);
	if (ret == DNSSEC_EOK)
		ret = dnssec_sign_new(&ctx, key);
	if (ret == DNSSEC_EOK)
		ret = feed(ctx, c, rrsig, signer_size, owner);
	if (ret == DNSSEC_EOK)
		ret = dnssec_sign_verify(ctx, false, &signature);
	dnssec_sign_free(ctx);
	dnssec_key_free(key);
	return ret == DNSSEC_EOK ? 0 : MSIG_EBADSIG;
}

/* Later reasons are closer to success: the verdict keeps the one that came furthest, and success
 * outranks all. */
static int
rank(int err)
{
	static const int order[] = {
	    MSIG_ENOSIG, KNOT_EMALF, MSIG_ESIGKEY, MSIG_ESIGTIME, MSIG_EBADSIG, MSIG_ESIZE, 0};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (order[i] == err)
			return (int)i;
	}
	return 0;
}

static void
count_valid(struct msig_verdict *v, const knot_rdata_t *rrsig, unsigned key, uint64_t now,
	    bool wildcard)
{
	uint64_t expires = absolute(knot_rrsig_sig_expiration(rrsig), now);

	v->keys |= UINT64_C(1) << key;
	if (v->valid == 0 || expires < v->expires)
		v->expires = expires;
	if (expires > v->expires_last) {
		v->expires_last = expires;
		v->inception = knot_rrsig_sig_inception(rrsig);
	}
	v->wildcard |= wildcard;
	v->valid++;
}

/* One RRSIG against every key that it may be of. */
static int
check_rrsig(struct check *c, const knot_rdata_t *rrsig, struct msig_verdict *v)
{
	knot_dname_storage_t owner;
	size_t size;
	const knot_dname_t *signer = signer_of(rrsig, &size);
	const knot_rdata_t *key = c->dnskeys->rdata;
	bool wildcard;
	int ret = MSIG_ESIGKEY;

	if (signer == NULL || !signed_owner(c, knot_rrsig_labels(rrsig), owner, &wildcard))
		return KNOT_EMALF;
	if (!msig_name_eq(signer, c->zone))
		return MSIG_ESIGKEY;
	if (!msig_rrsig_in_time(rrsig, c->now))
		return MSIG_ESIGTIME;
	for (uint16_t i = 0; i < c->dnskeys->count; i++, key = next(key)) {
		if (!(c->usable & UINT64_C(1) << i) ||
		    knot_dnskey_alg(key) != knot_rrsig_alg(rrsig) ||
		    msig_key_tag(key) != knot_rrsig_key_tag(rrsig))
			continue;
		if (c->tries == MSIG_RRSIG_TRIES_MAX)
			return MSIG_ESIZE;
		c->tries++;
		ret = verify_one(c, rrsig, size, owner, key);
		if (ret == 0) {
			count_valid(v, rrsig, i, c->now, wildcard);
			return 0;
		}
	}
	return ret;
}

static int
check_all(struct check *c, const knot_rdataset_t *rrsigs, struct msig_verdict *v)
{
	const knot_rdata_t *rrsig = rrsigs->rdata;

	v->result = MSIG_ENOSIG;
	for (uint16_t i = 0; i < rrsigs->count; i++, rrsig = next(rrsig)) {
		int ret;

		if (rrsig->len < 2 || knot_rrsig_type_covered(rrsig) != c->rrset->type)
			continue;
		v->seen++;
		ret = check_rrsig(c, rrsig, v);
		if (rank(ret) > rank(v->result))
			v->result = ret;
	}
	return v->result;
}

static int
canonical_form(struct check *c)
{
	struct msig_set set;
	const knot_rdata_t *rr = c->rrset->rrs.rdata;
	int ret = 0;

	msig_set_init(&set, c->rrset->type);
	for (uint16_t i = 0; i < c->rrset->rrs.count && ret == 0; i++, rr = next(rr))
		ret = msig_set_add(&set, rr->data, rr->len);
	c->canonical = set.rrs;
	return ret;
}

static bool
within(const knot_dname_t *owner, const knot_dname_t *zone)
{
	knot_dname_storage_t lower_owner, lower_zone;

	knot_dname_copy_lower(lower_owner, owner);
	knot_dname_copy_lower(lower_zone, zone);
	return knot_dname_in_bailiwick(lower_owner, lower_zone) >= 0;
}

static int
verify(struct check *c, const knot_rdataset_t *rrsigs, struct msig_verdict *v)
{
	struct msig_verdict none;
	int ret;

	if (v == NULL)
		v = &none;
	memset(v, 0, sizeof(*v));
	if (c->rrset->rrs.count == 0)
		ret = MSIG_EMISSING;
	else if (c->dnskeys->count > MSIG_RRSIG_KEYS_MAX)
		ret = MSIG_ESIZE;
	else if (!within(c->rrset->owner, c->zone))
		ret = MSIG_ESIGKEY;
	else
		ret = canonical_form(c);
	if (ret == 0)
		ret = check_all(c, rrsigs, v);
	knot_rdataset_clear(&c->canonical, NULL);
	v->result = ret;
	return ret;
}

/* Zone keys that are not revoked. */
static uint64_t
zone_keys(const knot_rdataset_t *dnskeys)
{
	const knot_rdata_t *key = dnskeys->rdata;
	uint64_t usable = 0;

	for (uint16_t i = 0; i < dnskeys->count && i < MSIG_RRSIG_KEYS_MAX; i++, key = next(key)) {
		if (key->len > 4 && knot_dnskey_proto(key) == 3 &&
		    (knot_dnskey_flags(key) & MSIG_DNSKEY_ZONE) &&
		    !(knot_dnskey_flags(key) & MSIG_DNSKEY_REVOKE))
			usable |= UINT64_C(1) << i;
	}
	return usable;
}

int
msig_rrsig_verify(const knot_rrset_t *rrset, const knot_rdataset_t *rrsigs,
		  const knot_rdataset_t *dnskeys, const knot_dname_t *zone, uint64_t now,
		  struct msig_verdict *verdict)
{
	struct check c = {.rrset = rrset, .dnskeys = dnskeys, .zone = zone, .now = now};

	c.usable = zone_keys(dnskeys);
	return verify(&c, rrsigs, verdict);
}

static bool
has_ds(const knot_dname_t *zone, const knot_rdata_t *key, const knot_rdataset_t *ds)
{
	const knot_rdata_t *rr = ds->rdata;

	for (uint16_t i = 0; i < ds->count; i++, rr = next(rr)) {
		if (msig_key_matches_ds(zone, key, rr))
			return true;
	}
	return false;
}

int
msig_rrsig_verify_dnskey(const knot_rrset_t *dnskeys, const knot_rdataset_t *rrsigs,
			 const knot_dname_t *zone, const knot_rdataset_t *ds, uint64_t now,
			 struct msig_verdict *verdict)
{
	struct check c = {.rrset = dnskeys, .dnskeys = &dnskeys->rrs, .zone = zone, .now = now};
	const knot_rdata_t *key = dnskeys->rrs.rdata;

	for (uint16_t i = 0; i < dnskeys->rrs.count && i < MSIG_RRSIG_KEYS_MAX;
	     i++, key = next(key)) {
		if (msig_key_is_sep(key) && (ds == NULL || has_ds(zone, key, ds)))
			c.usable |= UINT64_C(1) << i;
	}
	return verify(&c, rrsigs, verdict);
}
