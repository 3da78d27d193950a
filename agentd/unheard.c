/*
 * Why a server was not heard. See unheard.h.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/unheard.h"

bool
unheard_observe(const char *why)
{
	return strcmp(why, VIEW_WHY_DOWN) == 0 || strcmp(why, VIEW_WHY_SILENT) == 0;
}

bool
unheard(const struct zone_view *view, const struct view_place *p, const struct view_history *h,
	struct reason *why)
{
	bool down = unheard_observe(h->reason);

	if (why == NULL)
		return false;
	*why = (struct reason){
	    .class = p->kind == PLACE_PARENT && !down
			 ? REASON_PARENT
			 : view_side(down ? VIEW_SELF : view_place_provider(view, p)),
	    .object = REASON_OF_SERVER,
	    .expected = "an answer",
	};
	reason_copy(why->place, sizeof(why->place), down ? "observe" : p->server);
	snprintf(why->seen, sizeof(why->seen), "unknown: %s",
		 h->reason[0] != 0 ? h->reason : "not asked lately");
	return false;
}

bool
unheard_parent(const struct zone_view *view, struct reason *why)
{
	static const enum view_type types[] = {VIEW_DS, VIEW_NS};

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		for (int t = 0; t < 2 && p != NULL && p->kind == PLACE_PARENT; t++) {
			const struct view_history *h = &p->history[types[t]];
			if (h->tried != 0 && h->status == MSIG_SEEN_UNKNOWN)
				return unheard(view, p, h, why);
		}
	}
	return true;
}
