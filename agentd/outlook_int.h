/*
 * What the files of the dry run share (outlook.c, and outlook_check.c, outlook_change.c,
 * outlook_time.c, outlook_advice.c).
 */
#pragma once

#include "agentd/outlook.h"

enum { TYPE_NS = 2, TYPE_DNSKEY = 48, TYPE_CDS = 59, TYPE_CDNSKEY = 60, TYPE_CSYNC = 62 };

/* TTLs that can be lowered, those that are easier to lower first. */
enum outlook_lever {
	LEVER_DNSKEY,
	LEVER_NS,
	LEVER_ALL, /* every record of the zone, those above too */
	LEVER_DS,
	LEVER_DELEGATION,
	LEVER_COUNT
};

struct outlook_maker {
	const struct zone_view *view;
	struct zone_view *at; /* copy: the process stands at some step */
	struct outlook *out;
	int64_t now;
	uint32_t lowered;           /* bit per lever: counts as OUTLOOK_TTL where it is larger */
	int64_t change[HOLD_COUNT]; /* when what a hold is about last changed; 0: not yet */
	bool ds_held;               /* since DS changed last */
	bool ds_pending;            /* CDS changed, and the parent did not look since */
};

/* outlook.c: in the copy of the view, the process stands at this step; -1: nothing was executed. */
void outlook_stand(struct outlook_maker *m, int step);
void outlook_walk(struct outlook_maker *m);
/* The first step that nobody has executed. */
int outlook_next(const struct outlook_maker *m);

/* outlook_check.c: what must be true to begin at all; before a step (first: from which step on the
 * process itself brings things about). */
void outlook_starts(struct outlook_maker *m);
void outlook_guard(struct outlook_maker *m, struct outlook_step *s, int step, int first);
/* Does the owner, or our operator, want what this process does? */
bool outlook_wanted(const struct zone_view *view, uint8_t kind, int provider);

/* outlook_change.c: who acts, and which records appear and disappear. */
void outlook_changes(struct outlook_maker *m, struct outlook_step *s, int step);
bool outlook_changes_type(const struct outlook_step *s, uint16_t type);
uint8_t outlook_key_state(const struct process_keys *keys, uint8_t role);

/* outlook_time.c: the holds of a step. */
void outlook_times(struct outlook_maker *m, struct outlook_step *s, int step);
/* How long caches may have what has that TTL, ms: with propagation and margin. */
int64_t outlook_forgotten(const struct view_times *t, uint32_t ttl, bool parent);

/* outlook_advice.c: what would make it shorter. */
bool outlook_lowered(const struct outlook_maker *m, bool parent, enum view_type type);
void outlook_advices(struct outlook_maker *m);
