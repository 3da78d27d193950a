/*
 * What an answer says, in three values: seen, absent, or unknown with the reason. Pure: no I/O, no
 * clock. Unknown is never taken for empty.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/msg.h"

#define LOOK_SECTION_MAX 120000 /* octets of one section, uncompressed: two fit in ANSWER */

struct look {
	enum msig_seen status;
	enum msig_validation validation;
	uint16_t rcode;
	bool aa;
	char reason[256];            /* of an unknown; empty else */
	uint8_t *answer, *authority; /* RRs in wire form, letters as they came */
	size_t answer_len, authority_len;
};

/* The query for it: RD 0, EDNS with DO. Returns its length; 0 if it does not fit. */
size_t look_query(uint16_t id, const knot_dname_t *name, uint16_t type, uint8_t *wire, size_t max);

/* The answer of a chosen server; pkt was parsed with KNOT_PF_NOCANON. Only an authoritative answer
 * counts, and for NS a delegation, which is what a parent's server can say (aa is false then). */
void look_server(const knot_pkt_t *pkt, const knot_dname_t *name, uint16_t type, struct look *look);

/* The answer of the validating resolver; pkt may be NULL. Absence only counts when it is secure. A
 * bogus answer is unknown, whatever data it carries. why may be NULL. */
void look_validated(const knot_pkt_t *pkt, uint16_t rcode, enum msig_validation validation,
		    const char *why, uint16_t type, struct look *look);

/* No answer at all. */
void look_failed(int error, struct look *look);
void look_clear(struct look *look);
