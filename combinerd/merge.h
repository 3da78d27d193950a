/*
 * From the owner's version and the overlay to what is served: which parts of the overlay apply (the
 * policy, read off HSYNC as a safety net; the agent decides), and the merge itself. Pure.
 */
#pragma once

#include "combinerd/overlay.h"
#include "combinerd/store.h"
#include "libmsig/msg.h"

/* What is applied. The text is what is stored and shown. */
#define MERGE_MODES(X)                                                \
	X(NONE, "none")   /* the owner's zone as it is */             \
	X(NS, "ns")       /* nobody signs: NS only */                 \
	X(NO_NS, "no-ns") /* the owner manages NS: everything else */ \
	X(ALL, "all")     /* the agents manage NS too */

enum merge_mode {
#define X(id, name) MERGE_##id,
	MERGE_MODES(X)
#undef X
	    MERGE_MODE_COUNT
};

const char *merge_mode_name(enum merge_mode mode);

struct policy_input {
	struct version *owner;
	uint16_t hsync_type;
	const knot_dname_t *identity; /* ours; NULL: HSYNC is not looked at, everything applies */
	bool has_overlay;             /* the overlay is not empty now */
	bool signs;                   /* and has keys or CDS: the agent takes part in signing */
	bool ever;                    /* an overlay was applied to this zone once */
	bool accept_signed;           /* the operator said that a signed zone is right */
	enum merge_mode last;         /* what was applied to the version before */
};

struct policy {
	enum msig_zone_state state;
	enum merge_mode mode;
	bool take;     /* false: this version of the owner must not be served */
	char why[160]; /* never empty in FROZEN and PASSTHROUGH, and when take is false */
};

void merge_policy(const struct policy_input *in, struct policy *out);

/* RRSIG over the apex SOA, and NSEC at the apex or NSEC3 anywhere. */
bool merge_is_signed(struct version *version);

/* What was dropped from the owner's zone, for the log. */
struct merge_notes {
	bool zonemd;       /* apex ZONEMD, which would no longer match */
	uint16_t owner[4]; /* types of the owner's that the overlay is the authority of; 0 ends */
};

/* The version to serve, pinned for the caller; NULL if out of memory or without a SOA record. */
struct version *merge_make(struct version *owner, const struct overlay *overlay,
			   enum merge_mode mode, uint32_t serial, struct merge_notes *notes);
