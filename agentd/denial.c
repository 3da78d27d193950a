/*
 * Authenticated denial. See denial.h.
 */
#include <string.h>
#include <libdnssec/nsec.h>
#include "agentd/denial.h"
#include "libmsig/err.h"
#include "libmsig/name.h"
#include "libmsig/rrsig.h"

#define ITERATIONS_MAX 150 /* of NSEC3 that we are willing to compute */

static bool
signed_by(const struct msig_rrs *rrs, const knot_rrset_t *rrset, const knot_rdataset_t *keys,
	  const knot_dname_t *zone, uint64_t now)
{
	const knot_rrset_t *sigs = msig_rrs_sigs(rrs, rrset->owner, rrset->type);

	return sigs != NULL && msig_rrsig_verify(rrset, &sigs->rrs, keys, zone, now, NULL) == 0;
}

/* Does the bitmap say that the name has NS or anything, but not type? */
static bool
bitmap_denies(const uint8_t *bitmap, uint16_t len, uint16_t type)
{
	return !dnssec_nsec_bitmap_contains(bitmap, len, type) &&
	       !dnssec_nsec_bitmap_contains(bitmap, len, KNOT_RRTYPE_CNAME);
}

static bool
nsec_denies(const knot_rrset_t *nsec, uint16_t type)
{
	const knot_rdata_t *rdata = nsec->rrs.rdata;
	int next = knot_dname_wire_check(rdata->data, rdata->data + rdata->len, NULL);

	return next > 0 && bitmap_denies(rdata->data + next, (uint16_t)(rdata->len - next), type);
}

static void
base32hex(const uint8_t hash[20], char text[33])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

	for (int i = 0; i < 32; i++) {
		int bit = 5 * i, octet = bit / 8, shift = bit % 8;
		unsigned pair =
		    (unsigned)hash[octet] << 8 | (octet + 1 < 20 ? hash[octet + 1] : 0u);
		text[i] = digits[pair >> (11 - shift) & 31];
	}
	text[32] = '\0';
}

static bool
nsec3_denies(const knot_rrset_t *nsec3, const knot_dname_t *owner, uint16_t type)
{
	const knot_rdata_t *r = nsec3->rrs.rdata;
	const knot_dname_t *label = nsec3->owner;
	dnssec_binary_t name = {.size = knot_dname_size(owner)}, hash = {0};
	dnssec_nsec3_params_t params = {0};
	knot_dname_storage_t lower;
	uint8_t salt_len, hash_len, salt[255];
	char text[33];
	bool match;

	if (r->len < 5 || r->data[0] != 1 || r->len < 6 + r->data[4]) {
		return false;
	}
	salt_len = r->data[4];
	hash_len = r->data[5 + salt_len];
	params.algorithm = DNSSEC_NSEC3_ALGORITHM_SHA1;
	params.iterations = (uint16_t)(r->data[2] << 8 | r->data[3]);
	params.salt.size = salt_len;
	params.salt.data = salt;
	memcpy(salt, r->data + 5, salt_len);
	if (params.iterations > ITERATIONS_MAX || r->len < 6 + salt_len + hash_len ||
	    label[0] != 32) {
		return false;
	}
	memcpy(lower, owner, name.size);
	knot_dname_to_lower(lower);
	name.data = lower;
	if (dnssec_nsec3_hash(&name, &params, &hash) != 0) {
		return false;
	}
	match = hash.size == 20;
	if (match) {
		base32hex(hash.data, text);
		match = strncasecmp(text, (const char *)label + 1, 32) == 0;
	}
	dnssec_binary_free(&hash);
	return match && bitmap_denies(r->data + 6 + salt_len + hash_len,
				      (uint16_t)(r->len - 6 - salt_len - hash_len), type);
}

int
denial_proves(const struct msig_rrs *authority, const knot_dname_t *owner, uint16_t type,
	      const knot_rdataset_t *keys, const knot_dname_t *zone, uint64_t now)
{
	for (size_t i = 0; i < authority->count; i++) {
		const knot_rrset_t *rrset = &authority->at[i];
		bool denies = false;
		if (rrset->rrs.count == 0 || knot_dname_in_bailiwick(rrset->owner, zone) < 0) {
			continue;
		}
		if (rrset->type == KNOT_RRTYPE_NSEC && msig_name_eq(rrset->owner, owner)) {
			denies = nsec_denies(rrset, type);
		} else if (rrset->type == KNOT_RRTYPE_NSEC3) {
			denies = nsec3_denies(rrset, owner, type);
		}
		if (denies && signed_by(authority, rrset, keys, zone, now)) {
			return 0;
		}
	}
	return MSIG_EDOUBT;
}
