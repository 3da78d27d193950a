/*
 * The apex RRsets that the providers of a zone must have in common: DNSKEY, CDS, CDNSKEY, NS,
 * CSYNC. A struct msig_apex is such a collection, whoever states it: a provider's contribution, an
 * overlay, an observation.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/rrs.h"
#include "libmsig/set.h"

/* id, RR type */
#define MSIG_APEX_TYPES(X) \
	X(DNSKEY, 48)      \
	X(CDS, 59)         \
	X(CDNSKEY, 60)     \
	X(NS, 2)           \
	X(CSYNC, 62)

enum msig_apex_type {
#define X(id, type) MSIG_APEX_##id,
	MSIG_APEX_TYPES(X)
#undef X
	    MSIG_APEX_COUNT
};

/* Masks of sets. */
#define MSIG_APEX_BIT(id) (1u << MSIG_APEX_##id)
#define MSIG_APEX_ALL ((1u << MSIG_APEX_COUNT) - 1)

struct msig_apex {
	struct msig_set set[MSIG_APEX_COUNT];
};

void msig_apex_init(struct msig_apex *apex);
void msig_apex_clear(struct msig_apex *apex);
int msig_apex_copy(struct msig_apex *to, const struct msig_apex *from);
/* The set of an RR type, NULL if it is none of the five. */
struct msig_set *msig_apex_set(struct msig_apex *apex, uint16_t type);
bool msig_apex_is_type(uint16_t type);

/* Set by set, TTLs ignored in eq. Empty and absent are the same here: an observation that is
 * unknown must not be put into a struct msig_apex at all. */
int msig_apex_merge(struct msig_apex *to, const struct msig_apex *from);
int msig_apex_subtract(struct msig_apex *to, const struct msig_apex *from);
bool msig_apex_eq(const struct msig_apex *a, const struct msig_apex *b);
bool msig_apex_empty(const struct msig_apex *apex);

/* SHA-256 over the sorted (type, rdlength, rdata) of all records (TLV 12 for a contribution). */
int msig_apex_digest(const struct msig_apex *apex, uint8_t digest[MSIG_DIGEST_LEN]);

/* An UPDATE (RFC 2136) that replaces the five RRsets by these: for each type "delete RRset", then
 * its records. mask limits it to some types (an empty set in the mask is only deleted). No TSIG, no
 * OPT; *len is the room on the way in and the length on the way out. */
int msig_apex_to_update(const struct msig_apex *apex, unsigned mask, const knot_dname_t *zone,
			uint16_t id, uint8_t *wire, size_t *len);
/* The other way round: the update section must be of the replace form, at the zone's name. Deletes
 * empty the set, adds add in turn. *mask (may be NULL) gets the types that were named. Anything
 * else (prerequisites, other names, types, classes) is MSIG_EVALUE. apex is initialized here and
 * cleared on error; zone gets the name of the zone section. */
int msig_apex_from_update(const uint8_t *wire, size_t len, knot_dname_storage_t zone,
			  struct msig_apex *apex, unsigned *mask);

/* All records as RRs at the zone's apex, for answers, journals and the bus. */
int msig_apex_to_rrs(const struct msig_apex *apex, const knot_dname_t *zone, struct msig_rrs *rrs);
/* Takes the records at the zone's apex that are of the five types; others are passed over.
 * KNOT_EMALF if one is malformed: then some are taken and apex is of no use. */
int msig_apex_from_rrs(const struct msig_rrs *rrs, const knot_dname_t *zone,
		       struct msig_apex *apex);
