/*
 * Vis (safety.h): every version of an RRset that a cache may still hold, by the place that served
 * it, and until when.
 */
#pragma once

#include "agentd/safety.h"

#define VIS_MAX (VIEW_PLACES * (VIEW_VERSIONS + 1)) /* one more each: who is to be named */

struct vis {
	const struct view_version *v;
	const struct view_place *place;
	enum view_type type;
	struct rset keys; /* DS: those that it stands for */
};

/* Everything that caches may hold. */
struct seen {
	int ds, keys, sigs;
	struct vis d[VIS_MAX], k[VIS_MAX], s[VIS_MAX];
	int64_t overflow; /* there may be more, until then */
};

/* DS that the parent is, or was, asked for by CDS, and until when they may be about. */
struct asked {
	struct rset keys;
	const struct view_place *place;
	int64_t until;
};

/* The owner (or the operator) has taken its provider out. */
bool vis_taken_out(const struct zone_view *view, const struct view_place *p);
/* Until when caches may hold this version; VIEW_NEVER: it is served. */
int64_t vis_until(const struct zone_view *view, const struct view_place *p, enum view_type type,
		  const struct view_version *v);
/* All of it. */
void vis_look(const struct zone_view *view, int64_t now, struct seen *seen);
/* Returns how many; out has room for VIS_MAX. */
int vis_asked_ds(const struct zone_view *view, int64_t now, struct asked *out);
