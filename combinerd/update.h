/*
 * DNS UPDATE on an overlay (RFC 2136 with the overlay in the place of the zone): is this message
 * well-formed, is it allowed, what does the overlay look like behind it. Pure: the caller verified
 * who sent it, and makes durable what comes out. Two rules of RFC 2136 do not apply, since an
 * overlay is not a zone: the last NS may go (the owner's then shows), and prerequisites look at the
 * overlay alone.
 */
#pragma once

#include "combinerd/overlay.h"
#include "combinerd/store.h"

#define UPDATE_MAX_RRS 512 /* in one message, prerequisites included */
#define UPDATE_MAX_KEYS 24 /* DNSKEY, CDS, CDNSKEY: of all origins together */
#define UPDATE_MAX_NS 64
#define UPDATE_MAX_PER_TAG 2 /* keys with one tag: validators try them all */

struct update_result {
	uint16_t rcode; /* KNOT_RCODE_*; NOERROR: the overlay is the new one */
	char why[256];  /* for the log when it is refused */
};

/*
 * Applies a parsed message (canonical names: parsed without KNOT_PF_NOCANON) to the overlay as
 * contributions of origin. On any other rcode than NOERROR the overlay is half changed: work on a
 * copy. The zone section must be checked with update_zone first.
 */
void update_apply(const knot_pkt_t *pkt, const knot_dname_t *zone, const char *origin, uint64_t now,
		  struct overlay *overlay, struct update_result *result);

/* The name in the zone section, or NULL with the rcode in result. */
const knot_dname_t *update_zone(const knot_pkt_t *pkt, struct update_result *result);

/*
 * Whether the overlay may be published: each record and each RRset by the rules of its type, and
 * nothing of a provider's keys vanishes against before unless may_shrink. owner may be NULL: then
 * nothing is known of the owner's zone, and names inside the zone cannot be checked.
 */
void update_check(const struct overlay *overlay, const struct overlay *before, bool may_shrink,
		  const knot_dname_t *zone, const struct version *owner,
		  struct update_result *result);
