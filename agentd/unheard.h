/*
 * Why a server was not heard, and who has to see to it: the one whose it is, unless it is our own
 * host that hears nobody, or has no way there.
 */
#pragma once

#include "agentd/view.h"

/* An answer of observe that never came: it is down. */
bool unheard_observe(const char *why);

/* Says so of this place in why (NULL: nobody asks); always false, as conditions say no. */
bool unheard(const struct zone_view *view, const struct view_place *p, const struct view_history *h,
	     struct reason *why);

/* Not even asked: there is no room to watch all of its addresses. place: whose they are. */
void unheard_crowd(struct reason *why, const char *place);
void unheard_parents_crowd(struct reason *why);

/* The same of the first server of the parent that was asked in vain; true: there is none. */
bool unheard_parent(const struct zone_view *view, struct reason *why);
