/*
 * The target: what the overlay of this provider must hold, computed from HSYNC and the statements
 * alone. Pure, and equal inputs give equal octets at every agent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "libmsig/apex.h"
#include "libmsig/hsync.h"
#include "libmsig/statement.h"

/* Who puts the signer's own records in: the signer (mode A) or the overlay (mode B). */
enum msig_signer_mode { MSIG_SIGNER_FOREIGN, MSIG_SIGNER_ALL };

/* One provider's part. types is the process's word: a mask (MSIG_APEX_BIT) of the sets that are let
 * in now. A joiner's NS come last; a leaver's keys stay, though its HSYNC is OFF, until their step.
 */
struct msig_target_part {
	const struct msig_statement *statement;
	unsigned types;
};

/* What HSYNC alone permits a provider, the steady state: ON SIGN all but CSYNC (NS only if AGENT),
 * ON NOSIGN only NS (if AGENT), OFF or not listed nothing. */
unsigned msig_target_types(const struct msig_hsync_set *hsync, const knot_dname_t *identity);

struct msig_target_in {
	const struct msig_hsync_set *hsync;
	const knot_dname_t *identity; /* our own */
	enum msig_signer_mode mode;
	const struct msig_target_part *part;
	size_t count;
	uint32_t key_ttl; /* of DNSKEY, CDS, CDNSKEY: the own signer's observed DNSKEY TTL */
	uint32_t ns_ttl;  /* of NS, CSYNC: the owner's NS TTL */
	bool csync;       /* publish CSYNC 0 1 A NS AAAA; its origin is ourselves */
};

struct msig_contribution {
	knot_dname_storage_t identity; /* origin, lower case */
	struct msig_apex apex;
};

/* In canonical order of the identities; an origin without a record is left out. */
struct msig_target {
	struct msig_contribution *at;
	size_t count;
};

/* MSIG_EDOUBT if HSYNC is no instruction (empty, mixed, own identity absent, nobody ON); then *out
 * is empty and the overlay is to stay as it is. A part whose set is not fit (a CDS that names no
 * key stated, a delete form) is MSIG_EREFUSED. NS are left out unless NSMGMT is AGENT; CDS, CDNSKEY
 * and NS while only one part has anything let in; everything if we do not sign a zone that others
 * sign. In mode FOREIGN our own DNSKEY, CDS, CDNSKEY are left out, our NS are not. */
int msig_target(const struct msig_target_in *in, struct msig_target *out);
void msig_target_clear(struct msig_target *target);
bool msig_target_eq(const struct msig_target *a, const struct msig_target *b); /* rdata only */
const struct msig_contribution *msig_target_find(const struct msig_target *target,
						 const knot_dname_t *identity);
/* All contributions together. apex must be initialized. */
int msig_target_union(const struct msig_target *target, struct msig_apex *apex);
/* Is an origin of the old one missing in the new one? Then a process must have said so. */
bool msig_target_shrinks(const struct msig_target *old, const struct msig_target *now);
