/*
 * Holds: how long caches may keep what was replaced. Each begins at the first answer of the last
 * server that no longer showed the old version (up to then it may have been served), uses the
 * largest TTL seen, is stored as an absolute time, and is only ever raised, or begun anew.
 */
#pragma once

#include "agentd/view.h"

/* What a version must be like to be the new one; everything else is old and may be cached. */
struct hold_want {
	struct rset in;    /* DNSKEYs for HOLD_KEY, keys that the DS stand for for HOLD_DS, NS for
			    * HOLD_NS, signers for HOLD_RR (one of them is enough there) */
	struct rset out;   /* and none of these */
	bool exact;        /* nothing but `in` */
	struct rset signs; /* HOLD_KEY: at the servers of `signs_at` these sign it */
	uint32_t signs_at; /* bit per provider */
	uint32_t at;       /* bit per provider whose servers count beside those delegated */
	uint32_t alien;    /* HOLD_RR: signatures by this key (VIEW_ALIEN), which is not published,
			    * count as `in`; 0: none */
};

/* The deadline of a hold as observations have it now; VIEW_NEVER while a server still shows the old
 * version. HOLD_RR looks at the servers of `at` alone. HOLD_LEAVE begins when the servers of the
 * leaver (`at`) are silent or no longer name themselves (in: its NS). */
int64_t hold_deadline(const struct zone_view *view, enum view_hold hold,
		      const struct hold_want *want, int64_t now);

/* A place that still shows the old version, so that the hold has not begun; NULL if none does. */
const struct view_place *hold_old(const struct zone_view *view, enum view_hold hold,
				  const struct hold_want *want, int64_t now);

/* Raises the stored deadlines of the running step (mask: 1 << HOLD_*). One whose old version is
 * served (again) has not begun. */
void hold_raise(struct zone_view *view, uint32_t mask, const struct hold_want want[HOLD_COUNT],
		int64_t now);

/* Have they all elapsed? If not, *until is the latest deadline, or VIEW_NEVER. */
bool hold_elapsed(const struct zone_view *view, uint32_t mask, int64_t now, int64_t *until);

const char *hold_name(enum view_hold hold);
/* What is waited beyond a TTL (ms): for what secondaries and clocks differ. */
int64_t hold_margin(const struct view_times *t, int64_t ttl);
