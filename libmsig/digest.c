/*
 * The content digest: a 256-bit sum of hashes.
 */
#include "libmsig/digest.h"
#include <stdlib.h>
#include <string.h>
#include "libmsig/canon.h"
#include "libmsig/hash.h"
#include "libmsig/name.h"

#define TYPE_SIGNING 65534 /* private: BIND's sig-signing-type */

void
msig_digest_init(struct msig_digest *digest)
{
	memset(digest, 0, sizeof(*digest));
}

bool
msig_digest_covers(const knot_dname_t *zone, const knot_dname_t *owner, uint16_t type)
{
	switch (type) {
	case KNOT_RRTYPE_SOA:
	case KNOT_RRTYPE_RRSIG:
	case KNOT_RRTYPE_NSEC:
	case KNOT_RRTYPE_NSEC3:
	case KNOT_RRTYPE_NSEC3PARAM:
	case KNOT_RRTYPE_ZONEMD:
		return false;
	case KNOT_RRTYPE_DNSKEY:
	case KNOT_RRTYPE_CDS:
	case KNOT_RRTYPE_CDNSKEY:
	case TYPE_SIGNING:
		return !msig_name_eq(zone, owner);
	default:
		return true;
	}
}

/* Lays the canonical record out and hashes it. Large rdata goes over the heap. */
int
msig_digest_record(const knot_dname_t *owner, uint16_t type, uint32_t ttl, const uint8_t *rdata,
		   uint16_t len, uint8_t hash[MSIG_DIGEST_LEN])
{
	uint8_t small[KNOT_DNAME_MAXLEN + 10 + 1024];
	uint8_t *data = small;
	size_t at = knot_dname_size(owner);
	int ret;

	if (len > 1024) {
		data = malloc(at + 10 + len);
		if (data == NULL)
			return KNOT_ENOMEM;
	}
	knot_dname_copy_lower(data, owner);
	knot_wire_write_u32(data + at, ttl);
	knot_wire_write_u16(data + at + 4, KNOT_CLASS_IN);
	knot_wire_write_u16(data + at + 6, type);
	knot_wire_write_u16(data + at + 8, len);
	if (len > 0)
		memcpy(data + at + 10, rdata, len);
	(void)msig_canon_rdata(type, data + at + 10, len); /* malformed: hashed as it is */
	ret = hash_digest(2, data, at + 10 + len, hash);
	if (data != small)
		free(data);
	return ret;
}

/* digest += hash, or digest -= hash by adding the two's complement. */
static void
accumulate(struct msig_digest *digest, const uint8_t hash[MSIG_DIGEST_LEN], bool negative)
{
	uint64_t carry = negative;

	for (int i = 0; i < 8; i++) {
		uint32_t limb = knot_wire_read_u32(hash + MSIG_DIGEST_LEN - 4 - 4 * (size_t)i);

		carry += (uint64_t)digest->limb[i] + (negative ? ~limb : limb);
		digest->limb[i] = carry & 0xffffffff;
		carry >>= 32;
	}
}

static int
change(struct msig_digest *digest, const knot_dname_t *zone, const knot_dname_t *owner,
       uint16_t type, uint32_t ttl, const uint8_t *rdata, uint16_t len, bool negative)
{
	uint8_t hash[MSIG_DIGEST_LEN];
	int ret;

	if (!msig_digest_covers(zone, owner, type))
		return 0;
	ret = msig_digest_record(owner, type, ttl, rdata, len, hash);
	if (ret == 0)
		accumulate(digest, hash, negative);
	return ret;
}

int
msig_digest_add(struct msig_digest *digest, const knot_dname_t *zone, const knot_dname_t *owner,
		uint16_t type, uint32_t ttl, const uint8_t *rdata, uint16_t len)
{
	return change(digest, zone, owner, type, ttl, rdata, len, false);
}

int
msig_digest_remove(struct msig_digest *digest, const knot_dname_t *zone, const knot_dname_t *owner,
		   uint16_t type, uint32_t ttl, const uint8_t *rdata, uint16_t len)
{
	return change(digest, zone, owner, type, ttl, rdata, len, true);
}

static int
change_rrset(struct msig_digest *digest, const knot_dname_t *zone, const knot_rrset_t *rrset,
	     bool negative)
{
	const knot_rdata_t *rr = rrset->rrs.rdata;

	for (uint16_t i = 0; i < rrset->rrs.count; i++) {
		int ret = change(digest, zone, rrset->owner, rrset->type, rrset->ttl, rr->data,
				 rr->len, negative);

		if (ret != 0)
			return ret;
		rr = (const knot_rdata_t *)((const uint8_t *)rr + knot_rdata_size(rr->len));
	}
	return 0;
}

int
msig_digest_add_rrset(struct msig_digest *digest, const knot_dname_t *zone,
		      const knot_rrset_t *rrset)
{
	return change_rrset(digest, zone, rrset, false);
}

int
msig_digest_remove_rrset(struct msig_digest *digest, const knot_dname_t *zone,
			 const knot_rrset_t *rrset)
{
	return change_rrset(digest, zone, rrset, true);
}

void
msig_digest_get(const struct msig_digest *digest, uint8_t out[MSIG_DIGEST_LEN])
{
	for (int i = 0; i < 8; i++)
		knot_wire_write_u32(out + MSIG_DIGEST_LEN - 4 - 4 * (size_t)i, digest->limb[i]);
}

void
msig_digest_set(struct msig_digest *digest, const uint8_t in[MSIG_DIGEST_LEN])
{
	for (int i = 0; i < 8; i++)
		digest->limb[i] = knot_wire_read_u32(in + MSIG_DIGEST_LEN - 4 - 4 * (size_t)i);
}
