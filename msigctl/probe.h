/*
 * What does a signer do with the records of others? Tried on a zone that nobody uses: for a moment
 * we are its primary, first with somebody else's DNSKEY, CDS, CDNSKEY, CSYNC and NS, then without,
 * and look what the signer makes of it. The zone that is in service is not touched.
 */
#pragma once

#include <jansson.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/dnsio.h"

struct probe_wish {
	const char *zone; /* that the signer is configured for, like the one in service */
	struct dnsio_addr listen, signer;
	const knot_tsig_key_t *key; /* between us and the signer, both ways; NULL: none */
	uint8_t algorithm;          /* of the foreign key; what we cannot make becomes 13 */
	unsigned timeout_ms;
};

/* Appends to findings (lint.h). Returns 0, or an exit code with the reason in err. */
int probe_run(const struct probe_wish *wish, json_t *findings, char *err, size_t errlen);

/* The zone itself, in probe_zone.c. */
enum { PROBE_DNSKEY, PROBE_CDS, PROBE_CDNSKEY, PROBE_CSYNC, PROBE_NS, PROBE_TYPES };
extern const uint16_t probe_type[PROBE_TYPES];

struct probe_zone {
	knot_dname_storage_t name;
	uint32_t serial;
	uint32_t nonce; /* of this probe: versions of an earlier one have another mark */
	bool foreign;   /* with what others have */
	knot_rrset_t soa, txt;
	knot_rrset_t own[PROBE_TYPES];    /* always there: NS, with the addresses in glue */
	knot_rrset_t others[PROBE_TYPES]; /* only when foreign */
	knot_rrset_t glue[2];
};

/* A fresh foreign key, and what goes with it. An error code of msig_strerror(). */
int probe_zone_init(struct probe_zone *zone, const char *name, uint8_t algorithm);
void probe_zone_clear(struct probe_zone *zone);
/* The next version: SOA and the mark in TXT. */
int probe_zone_set(struct probe_zone *zone, uint32_t serial, bool foreign);
/* A whole transfer, or the SOA alone, behind the question of a response. */
int probe_zone_put(const struct probe_zone *zone, knot_pkt_t *pkt, bool whole);
/* Is this TXT RRset the mark of the present version? */
bool probe_zone_marked(const struct probe_zone *zone, const knot_rrset_t *txt);
