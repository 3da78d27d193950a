/*
 * Why a server was not heard. See unheard.h.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/unheard.h"
#include "libmsig/err.h"

bool
unheard_observe(const char *why)
{
	return strcmp(why, VIEW_WHY_DOWN) == 0 || strcmp(why, VIEW_WHY_SILENT) == 0;
}

static bool
no_route(const struct view_history *h)
{
	return strcmp(h->reason, msig_strerror(MSIG_ENOROUTE)) == 0; /* an answer has no reason */
}

static bool
is_ipv6(const struct view_place *p)
{
	return strchr(p->server, ':') != NULL;
}

/* Of all that was asked over IPv6, was there no way to any? */
static bool
no_ipv6(const struct zone_view *view)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		for (int t = 0; t < VIEW_TYPE_COUNT && p != NULL && is_ipv6(p); t++)
			if (p->history[t].tried != 0 && !no_route(&p->history[t]))
				return false;
	}
	return true;
}

static void
say_no_route(const struct zone_view *view, const struct view_place *p, struct reason *why)
{
	why->class = REASON_HOME;
	reason_copy(why->todo, sizeof(why->todo),
		    is_ipv6(p) && no_ipv6(view)
			? "this host has no IPv6, with which no server could be reached: give it "
			  "IPv6; every address of every name server has to answer"
			: "see to this host's routes: every address of every name server has to "
			  "answer");
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
	if (no_route(h))
		say_no_route(view, p, why);
	return false;
}

static void
crowd(struct reason *why, const char *place, const char *expected)
{
	*why = (struct reason){
	    .class = REASON_BLOCKED,
	    .object = REASON_OF_SERVER,
	    .todo = "have fewer name servers or addresses there, or build agentd with a larger "
		    "limit (VIEW_PLACES in agentd/view.h)",
	};
	reason_copy(why->place, sizeof(why->place), place);
	reason_copy(why->expected, sizeof(why->expected), expected);
}

void
unheard_crowd(struct reason *why, const char *place)
{
	crowd(why, place, "every address of its name servers watched");
	snprintf(why->seen, sizeof(why->seen),
		 "no room: %d addresses in all, of the signer, all providers and the parent",
		 VIEW_PLACES);
}

void
unheard_parents_crowd(struct reason *why)
{
	crowd(why, "parent", "every address of the parent's name servers watched");
	snprintf(why->seen, sizeof(why->seen),
		 "no room: %d name servers of the parent, and %d addresses in all, of the signer, "
		 "all providers and the parent",
		 VIEW_PARENT_NSES, VIEW_PLACES);
}

bool
unheard_parent(const struct zone_view *view, struct reason *why)
{
	static const enum view_type types[] = {VIEW_DS, VIEW_NS};

	if (view->parent_crowded) {
		unheard_parents_crowd(why);
		return false;
	}
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
