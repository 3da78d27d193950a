/*
 * A provider's statement: its own full set for a zone, with a version. Idempotent; of two, the
 * higher version counts. Travels as STATE, and as the answer to PULL.
 */
#pragma once

#include <stdint.h>
#include <libknot/dname.h>
#include "libmsig/apex.h"
#include "libmsig/peermsg.h"

struct msig_statement {
	knot_dname_storage_t identity; /* lower case */
	knot_dname_storage_t zone;
	uint8_t generation[16]; /* of the sender's database */
	struct msig_version version;
	struct msig_apex apex; /* DNSKEY, CDS, CDNSKEY, NS; its CDS records are its intended DS */
	uint8_t hsync_digest[MSIG_DIGEST_LEN]; /* of the HSYNC RRset that the sender sees */
	uint8_t process;
	uint8_t step;
	uint8_t share;         /* enum msig_share: what it wants to share of everybody's keys */
	uint64_t epoch;        /* of that process */
	uint32_t owner_serial; /* as the sender sees it */
	uint8_t wish;          /* process that it asks the leader for; 0: none */
	uint8_t algorithm;     /* of that, where an algorithm rollover goes */
	uint8_t standing;      /* MSIG_STANDING_* of itself; of a sender that does not say: what
				* its process and step tell */
};

void msig_statement_init(struct msig_statement *st, const knot_dname_t *identity,
			 const knot_dname_t *zone);
void msig_statement_clear(struct msig_statement *st);
int msig_statement_copy(struct msig_statement *to, const struct msig_statement *from);

/* Compares versions only: <0, 0, >0. A statement of another generation is not comparable by
 * version: look at the generation first. */
int msig_statement_cmp(const struct msig_statement *a, const struct msig_statement *b);

/* May these be the own sets of a provider? Every CDS names a SEP key stated with it by SHA-256 or
 * SHA-384, CDS and CDNSKEY name the same keys, no delete form, no CSYNC, no key without the zone
 * flag, with protocol other than 3 or revoked among the CDS, none that is no public key
 * (MSIG_EKEY); at most MSIG_STATEMENT_MAX of each. */
#define MSIG_STATEMENT_MAX 32
int msig_statement_check(const struct msig_statement *st);

/* Fills option (TLVs of a STATE: the sequence is the caller's) and gives the message. */
int msig_statement_to_option(const struct msig_statement *st, struct msig_option *option);
/* From a STATE request or a PULL response that was verified. Checks the digest (TLV 12) and
 * msig_statement_check. st is initialized here; clear it after success. */
int msig_statement_from_peermsg(const struct msig_peermsg *msg, struct msig_statement *st);
