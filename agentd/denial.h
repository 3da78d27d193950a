/*
 * Authenticated denial of existence (RFC 4035 section 5.4, RFC 5155 section 8.5): that a name which
 * is there has no RRset of a type.
 */
#pragma once

#include "libmsig/rrs.h"

/* Do the NSEC or NSEC3 in the authority section, signed by keys of zone, prove that owner has no
 * RRset of this type? now: seconds. 0, or MSIG_EDOUBT. */
int denial_proves(const struct msig_rrs *authority, const knot_dname_t *owner, uint16_t type,
		  const knot_rdataset_t *keys, const knot_dname_t *zone, uint64_t now);
