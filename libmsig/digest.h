/*
 * Content digest of a zone: the sum (modulo 2^256) of SHA-256 over each record, so records can be
 * added and removed in any order at constant cost. What a signer makes itself takes no part: SOA,
 * RRSIG, NSEC, NSEC3, NSEC3PARAM, ZONEMD, and at the apex DNSKEY, CDS, CDNSKEY and TYPE65534, where
 * BIND keeps how far its signing is. Equal digests of what combinerd serves and of what the signer
 * publishes prove that nothing was lost between.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/set.h"

struct msig_digest {
	uint32_t limb[8]; /* little end first */
};

void msig_digest_init(struct msig_digest *digest);

/* One record; it is passed over if it takes no part. Names in canonical form: the caller need not
 * care for case. ttl is that of the RRset. */
int msig_digest_add(struct msig_digest *digest, const knot_dname_t *zone, const knot_dname_t *owner,
		    uint16_t type, uint32_t ttl, const uint8_t *rdata, uint16_t len);
int msig_digest_remove(struct msig_digest *digest, const knot_dname_t *zone,
		       const knot_dname_t *owner, uint16_t type, uint32_t ttl, const uint8_t *rdata,
		       uint16_t len);
int msig_digest_add_rrset(struct msig_digest *digest, const knot_dname_t *zone,
			  const knot_rrset_t *rrset);
int msig_digest_remove_rrset(struct msig_digest *digest, const knot_dname_t *zone,
			     const knot_rrset_t *rrset);

/* What one record adds to the sum. */
int msig_digest_record(const knot_dname_t *owner, uint16_t type, uint32_t ttl, const uint8_t *rdata,
		       uint16_t len, uint8_t hash[MSIG_DIGEST_LEN]);

bool msig_digest_covers(const knot_dname_t *zone, const knot_dname_t *owner, uint16_t type);
void msig_digest_get(const struct msig_digest *digest, uint8_t out[MSIG_DIGEST_LEN]);
/* Continues from a digest that was stored with msig_digest_get. */
void msig_digest_set(struct msig_digest *digest, const uint8_t in[MSIG_DIGEST_LEN]);
