/*
 * What the parent and the servers show of a provider, as far as it was seen. Pure: it looks at the
 * view, changes nothing, and takes nothing for known that is not.
 */
#pragma once

#include "agentd/view.h"

/* Is it part of the delegation: DS of one of its keys, and its name servers? -1: not known, or not
 * the same at all servers of the parent: one of them has not followed yet. */
int shown_delegated(const struct zone_view *view, int provider);
/* Have all of the parent's servers DS of its keys? Then its keys and CDS are in, whatever became of
 * the process that brought them there. */
bool shown_ds(const struct zone_view *view, int provider);
/* Do all of the parent's servers name its servers? */
bool shown_named(const struct zone_view *view, int provider);
/* What of it (HAS_*) any of the parent's servers has, or may have. */
uint8_t shown_maybe(const struct zone_view *view, int provider);

/* Do all servers of a provider show all of these, and have said so since then? 0: none of them
 * anywhere; -1: neither, or not known. */
int shown_by(const struct zone_view *view, int provider, enum view_type type, struct rset set,
	     int64_t since);
/* Do all servers of all of these (bit per provider)? */
bool shown_by_all(const struct zone_view *view, uint32_t providers, enum view_type type,
		  struct rset set);
/* Does none of theirs show any of it? */
bool shown_by_none(const struct zone_view *view, uint32_t providers, enum view_type type,
		   struct rset set);
/* Agents manage NS: do all servers of all others that vote show its servers? 0: none does; -1: not
 * known, or not the same everywhere. */
int shown_by_voters(const struct zone_view *view, int provider);
/* Do all of those servers show these NS, and no others? */
bool shown_ns_by_voters(const struct zone_view *view, struct rset ns);
/* Agents manage NS: does whoever asked for what is being done, about somebody else, no longer show
 * its servers? */
bool shown_dropped(const struct zone_view *view, int provider);

/* A parent takes CDS that all show whom it asks, and passes over who does not answer: is there
 * another signer with other ones, whom it hears? */
enum shown_witness {
	WITNESS_UNNAMED,     /* others have CDS, and not even the zone names them */
	WITNESS_UNDELEGATED, /* the zone names one, the parent does not */
	WITNESS_SILENT,      /* delegated; it, or the parent, has not answered lately */
	WITNESS_ALIKE,       /* heard, and it has the CDS that ours are about to be */
	WITNESS_HEARD,
	WITNESS_ALONE, /* nobody else has CDS */
};
/* ours: keys that our CDS may be about to name, two sets; NULL: not with another one's. */
enum shown_witness shown_witness(const struct zone_view *view, const struct rset *ours,
				 int64_t now);
