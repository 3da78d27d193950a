/*
 * Holds: how long caches may keep what was replaced. Each begins at the first answer of the last
 * server that no longer showed the old version (up to then it may have been served), uses the
 * largest TTL seen, is stored as an absolute time, and is only ever raised.
 */
#pragma once

#include "agentd/view.h"

/* The deadline of a hold as observations have it now; VIEW_NEVER while a server still shows the old
 * version. wanted: what must be in every set: DNSKEYs for HOLD_KEY, keys that the DS stand for for
 * HOLD_DS, NS for HOLD_NS; unused for HOLD_RR, which begins when `subject` stopped signing with
 * others than its keys. providers: bit per provider whose servers count beside those delegated. */
int64_t hold_deadline(const struct zone_view *view, enum view_hold hold, struct rset wanted,
		      uint32_t providers, int64_t now);

/* Raises the stored deadlines of the running step (mask: 1 << HOLD_*). */
void hold_raise(struct zone_view *view, uint32_t mask, const struct rset wanted[HOLD_COUNT],
		uint32_t providers, int64_t now);

/* Have they all elapsed? If not, *until is the latest deadline, or VIEW_NEVER. */
bool hold_elapsed(const struct zone_view *view, uint32_t mask, int64_t now, int64_t *until);

const char *hold_name(enum view_hold hold);
