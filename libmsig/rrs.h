/*
 * A list of RRsets, and its wire form on the bus: RRs one behind the other, uncompressed,
 * `owner type class ttl rdlength rdata`, letters as they came.
 */
#pragma once

#include <libknot/libknot.h>
#include "libmsig/buf.h"

struct msig_rrs {
	knot_rrset_t *at;
	size_t count;
};

#define MSIG_RRS_MAX 16384 /* RRs in one list that is decoded */

void msig_rrs_clear(struct msig_rrs *rrs);

/* Adds a record to its RRset (owner without regard to case, type, class; RRSIGs apart by the type
 * they cover) or begins one. Duplicates collapse. Of unequal TTLs the RRset keeps the largest: what
 * waits for caches needs that one. */
int msig_rrs_add(struct msig_rrs *rrs, const knot_dname_t *owner, uint16_t type, uint16_t rclass,
		 uint32_t ttl, const uint8_t *rdata, uint16_t len);
int msig_rrs_add_rrset(struct msig_rrs *rrs, const knot_rrset_t *rrset);
/* All records of a section of a parsed message. Parse with KNOT_PF_NOCANON to keep the letters. */
int msig_rrs_add_section(struct msig_rrs *rrs, const knot_pktsection_t *section);

/* The RRset, or NULL; class IN. */
const knot_rrset_t *msig_rrs_find(const struct msig_rrs *rrs, const knot_dname_t *owner,
				  uint16_t type);
/* The RRSIGs at owner that cover the type, or NULL. */
const knot_rrset_t *msig_rrs_sigs(const struct msig_rrs *rrs, const knot_dname_t *owner,
				  uint16_t type);

/* Appends the wire form to a writer. */
int msig_rrs_encode(const struct msig_rrs *rrs, struct msig_wr *wr);
/* Decodes into a list that msig_rrs_clear frees; it is empty after an error. */
int msig_rrs_decode(const uint8_t *data, size_t len, struct msig_rrs *rrs);
