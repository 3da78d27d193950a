/*
 * Facts about public keys, from their DNSKEY rdata alone. A key is identified by its whole rdata,
 * never by its tag: tags only find candidates, and must not collide within a group.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/set.h"

#define MSIG_DNSKEY_ZONE 0x0100
#define MSIG_DNSKEY_REVOKE 0x0080
#define MSIG_DNSKEY_SEP 0x0001

/* Can anybody verify with it? 0, or MSIG_EKEY: malformed, or no point of its curve. A signer that
 * looks at it refuses all that comes with it (BIND: SERVFAIL to the UPDATE). Algorithms that are
 * not known here pass. */
int msig_key_check(const uint8_t *dnskey, size_t len);
/* Zone key and SEP, not revoked: its DS may stand at the parent. */
bool msig_key_is_sep(const knot_rdata_t *dnskey);
uint16_t msig_key_tag(const knot_rdata_t *dnskey);
/* The tag the key has once its REVOKE bit is changed. */
uint16_t msig_key_tag_revoked(const knot_rdata_t *dnskey);

struct msig_key_clash {
	uint16_t tag;
	const knot_rdata_t *a, *b; /* borrowed from the sets */
};

/* Two different keys, one of each set (the sets may be the same), of which a tag or the tag of the
 * REVOKE variant coincide, whatever the algorithms. true and *clash (may be NULL): the first one.
 */
bool msig_key_clash(const struct msig_set *a, const struct msig_set *b,
		    struct msig_key_clash *clash);

/* DS (or CDS) rdata of a DNSKEY: digest 2 (SHA-256) or 4 (SHA-384). *len is 4 + 32 or 4 + 48. */
#define MSIG_DS_MAX (4 + 48)
int msig_key_ds(const knot_dname_t *zone, const knot_rdata_t *dnskey, uint8_t digest,
		uint8_t ds[MSIG_DS_MAX], uint16_t *len);
/* "TAG ALGORITHM DIGEST-TYPE HEX", as in a zone file; digest types 1, 2 and 4. MSIG_EVALUE. */
int msig_key_ds_parse(const char *text, uint8_t ds[MSIG_DS_MAX], uint16_t *len);
/* Does this DS or CDS name that key? Digest types 1, 2 and 4; others never match. */
bool msig_key_matches_ds(const knot_dname_t *zone, const knot_rdata_t *dnskey,
			 const knot_rdata_t *ds);

/* CDS (SHA-256) and CDNSKEY for every SEP key of the set; cds and cdnskey are emptied first. */
int msig_key_cds(const knot_dname_t *zone, const struct msig_set *dnskeys, struct msig_set *cds,
		 struct msig_set *cdnskey);
/* Does the set hold a delete form (RFC 8078 4), or anything with algorithm 0? CDS or CDNSKEY. */
bool msig_key_has_delete(const struct msig_set *set);
/* Do CDS and CDNSKEY name exactly the same keys? Both empty: yes. A delete form: no. */
bool msig_key_cds_agree(const knot_dname_t *zone, const struct msig_set *cds,
			const struct msig_set *cdnskey);
