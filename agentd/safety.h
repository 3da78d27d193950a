/*
 * The two invariants that keep a zone from being bogus, evaluated on what was observed, whatever
 * the process tables say. Vis is every version of an RRset that a cache may still hold: served by
 * a server while a delegation named it, and not longer gone than its TTL.
 *
 * S1: for every DS set and every DNSKEY set in Vis, a key of the latter is matched by the former
 * and has validly signed it. S2: for every DNSKEY set and every kind of signature in Vis, a key of
 * the former made the latter.
 */
#pragma once

#include "agentd/view.h"

struct safety {
	bool ok;
	bool unknown;  /* cannot be judged: something was not seen */
	int64_t until; /* not ok: when the offending version has expired everywhere; VIEW_NEVER */
	enum reason_object object;
	char place[VIEW_SERVER];
	int provider; /* whose that place is, or VIEW_STRANGER */
	char text[REASON_TEXT];
};

/* May caches hold a delegation to this place now? */
bool safety_visible(const struct view_place *place, int64_t now);
/* Or something that was asked for there while they did? */
bool safety_cached(const struct zone_view *view, const struct view_place *place, int64_t now);

/* Keeps `named` of each place, from the delegations seen; call before the others. */
void safety_delegations(struct zone_view *view, int64_t now);

/* Would it be safe if our own servers showed these DNSKEYs, signed by the keys that sign now? What
 * is no worse than what they show already is allowed. */
struct safety safety_keys(const struct zone_view *view, struct rset dnskeys, int64_t now);

/* Would it be safe if data were signed with one of these keys alone? */
struct safety safety_signing(const struct zone_view *view, struct rset keys, int64_t now);

/* Would it be safe if the parent's DS stood for these keys? */
struct safety safety_ds(const struct zone_view *view, struct rset keys, int64_t now);

/* Would it be safe if a delegation named these name servers, with what they serve now? */
struct safety safety_naming(const struct zone_view *view, struct rset names, int64_t now);

/* May a cache hold a DNSKEY RRset with a key of this algorithm? Then it has to sign. */
bool safety_algorithm_cached(const struct zone_view *view, uint8_t algorithm, int64_t now);

/* Does it hold as things are? */
struct safety safety_now(const struct zone_view *view, int64_t now);
/* The same, and *use: that data are signed with these keys. */
struct safety safety_watch(const struct zone_view *view, struct rset signers, int64_t now,
			   struct safety *use);
