/*
 * Verification of single RRsets (RFC 4034, 4035 5.3). Knows nothing of chains of trust beyond one
 * DNSKEY RRset and the DS set that the caller gives. Every key that made a valid signature is
 * reported: the safety rules need more than a yes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/key.h"

#define MSIG_RRSIG_KEYS_MAX 64  /* keys in a DNSKEY RRset */
#define MSIG_RRSIG_TRIES_MAX 32 /* public-key operations on one RRset */

struct msig_verdict {
	int result;            /* 0: at least one valid signature; else why not */
	uint64_t keys;         /* bit i: DNSKEY number i of the rdataset made a valid signature */
	unsigned valid;        /* signatures that are valid */
	unsigned seen;         /* RRSIGs that cover the type */
	uint32_t inception;    /* of the valid signature that expires last */
	uint64_t expires;      /* the earliest expiration of a valid signature, UTC seconds */
	uint64_t expires_last; /* the latest one */
	bool wildcard;         /* the owner was made from a wildcard (the labels field says) */
};

/* Verifies an RRset with the RRSIGs (those of other types are passed over) by the keys of the zone
 * at time now, UTC seconds. The result is also returned: 0; MSIG_ENOSIG (no RRSIG covers it);
 * MSIG_ESIGKEY (no key for any); MSIG_ESIGTIME; MSIG_EBADSIG; MSIG_ESIZE. verdict may be NULL. */
int msig_rrsig_verify(const knot_rrset_t *rrset, const knot_rdataset_t *rrsigs,
		      const knot_rdataset_t *dnskeys, const knot_dname_t *zone, uint64_t now,
		      struct msig_verdict *verdict);

/* As above for the DNSKEY RRset itself: only signatures by SEP keys count, and if ds is not NULL
 * only by keys that one of these DS records matches (no DS at all: MSIG_ESIGKEY). */
int msig_rrsig_verify_dnskey(const knot_rrset_t *dnskeys, const knot_rdataset_t *rrsigs,
			     const knot_dname_t *zone, const knot_rdataset_t *ds, uint64_t now,
			     struct msig_verdict *verdict);

/* Is now between inception and expiration (RFC 1982)? */
bool msig_rrsig_in_time(const knot_rdata_t *rrsig, uint64_t now);
