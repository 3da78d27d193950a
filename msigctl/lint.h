/*
 * The configuration of a signer, read as text and compared with what a group needs. Pure: text in,
 * findings out, {"check", "state": "pass"|"warn"|"fail"|"unknown", "text", "fix": {signer: line}},
 * as agentd's command doctor has them. What the text does not say (an include, a key's own settings
 * in a database) is unknown.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "libmsig/daemon/dnsio.h"

enum lint_kind { LINT_KNOT, LINT_BIND, LINT_POWERDNS, LINT_NOTHING };

/* What to compare with. 0 and NULL: not known. */
struct lint_wish {
	const char *zone; /* absolute, lower case */
	uint8_t algorithm;
	uint32_t dnskey_ttl;                         /* s, that the others have */
	uint32_t max_ttl;                            /* s, of the zone */
	uint32_t roll_delay;                         /* s, agentd/doctor.h */
	bool all;                                    /* signer-records: all */
	bool driver;                                 /* signer-driver: bind */
	const struct dnsio_addr *combiner, *observe; /* where they listen */
	unsigned combiners, observes;
};

/* By its looks. */
enum lint_kind lint_kind(const char *text);
const char *lint_kind_name(enum lint_kind kind); /* as the members of "fix" */

/* Appends to findings. Does this configuration keep the records of others? */
bool lint_knot(const char *text, const struct lint_wish *wish, json_t *findings);
bool lint_bind(const char *text, const struct lint_wish *wish, json_t *findings);
bool lint_powerdns(const char *text, const struct lint_wish *wish, json_t *findings);

/* One finding; fix may be NULL. */
void lint_add(json_t *findings, enum lint_kind kind, const char *check, const char *state,
	      const char *fix, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* The number of a DNSSEC algorithm by its name or number in text; 0 if it has none. */
uint8_t lint_algorithm(const char *text);
