/*
 * Events into the view: what servers, the parent and the own signer show.
 */
#include <stdlib.h>
#include <string.h>

#include "agentd/mutant.h"
#include "agentd/view.h"
#include "agentd/view_int.h"

static bool
same_version(const struct view_version *v, const struct view_answer *a)
{
	return v->absent == (a->status == MSIG_SEEN_ABSENT) && v->alien == a->alien &&
	       v->child == a->child && rset_equal(v->set, a->set) &&
	       rset_equal(v->signers, a->signers);
}

static void
drop_version(struct view_history *h, int i)
{
	memmove(&h->at[i], &h->at[i + 1], sizeof(h->at[0]) * (size_t)(h->count - i - 1));
	h->count--;
}

/* A new current version. One that was seen before and comes back is current again: its old entry
 * goes, since what is current never expires. */
static void
push_version(struct view_history *h, const struct view_answer *a, const struct view_times *times,
	     bool gap)
{
	uint32_t ttl = a->ttl;

	if (h->count > 0)
		h->at[h->count - 1].until = a->time;
	for (int i = 0; i < h->count; i++) {
		if (same_version(&h->at[i], a)) {
			if (h->at[i].ttl > ttl)
				ttl = h->at[i].ttl;
			drop_version(h, i--);
		}
	}
	if (h->count == VIEW_VERSIONS) {
		const struct view_version *old = &h->at[0];
		int64_t end = old->until + old->ttl * SECOND + times->d + times->margin;
		if (end > h->overflow)
			h->overflow = end;
		drop_version(h, 0);
	}
	h->at[h->count++] = (struct view_version){
	    .set = a->set,
	    .signers = a->signers,
	    .absent = a->status == MSIG_SEEN_ABSENT,
	    .alien = a->alien,
	    .child = a->child,
	    .gap = gap,
	    .ttl = ttl,
	    .first = a->time,
	    .last = a->time,
	    .until = VIEW_NEVER,
	};
}

static struct view_place *place_of(struct zone_view *view, enum view_place_kind kind,
				   const char *server, int *index);

/* A server of the parent that serves the zone is watched as a server of the zone, too. */
static bool
watch_child(struct zone_view *view, const struct view_answer *a)
{
	int index;
	return !a->child ||
	       place_of(view, PLACE_SERVER, view->d.place[a->place]->server, &index) != NULL;
}

/* The overlay's keys have changed since an own server was seen, perhaps there and back: what it
 * shows again it has shown since now, for all that is known. */
static bool
unseen_change(const struct zone_view *view, const struct view_place *place,
	      const struct view_version *current, const struct view_answer *a)
{
	return a->type == VIEW_DNSKEY && place->kind != PLACE_PARENT &&
	       (place->kind == PLACE_SIGNER || view_place_provider(view, place) == VIEW_SELF) &&
	       current->last < view->d.keys_since && a->asked >= view->d.keys_since;
}

bool
view_on_answer(struct zone_view *view, const struct view_answer *a)
{
	if (a->place < 0 || a->place >= VIEW_PLACES || view->d.place[a->place] == NULL ||
	    (unsigned)a->type >= VIEW_TYPE_COUNT)
		return false;
	struct view_place *place = view->d.place[a->place];
	struct view_history *h = &place->history[a->type];
	if (a->time < h->tried)
		return false; /* overtaken by a later answer */
	if (!watch_child(view, a)) {
		view->parent_crowded = true;
		return false;
	}
	h->tried = a->time;

	bool changed = h->status != a->status;
	h->status = a->status;
	if (a->status == MSIG_SEEN_UNKNOWN) {
		reason_copy(h->reason, sizeof(h->reason), a->reason);
		return changed ? view_news(view, false) : false;
	}
	/* Since a start nobody has looked; or longer ago than one looks at rest. */
	bool gap = a->time - h->time > view->config.times.ask_slow + view->config.times.fresh;
	h->time = a->time;
	bool other = h->ttl != a->ttl && a->status == MSIG_SEEN_SET && place->kind == PLACE_SIGNER;
	if (other)
		h->ttl = a->ttl;
	h->reason[0] = 0;
	struct view_version *current = h->count > 0 ? &h->at[h->count - 1] : NULL;
	if (current == NULL || !same_version(current, a)) {
		push_version(h, a, &view->config.times, gap);
		return view_news(view, true);
	}
	bool again = unseen_change(view, place, current, a);
	if (again)
		current->first = a->time;
	current->last = a->time;
	if (a->ttl > current->ttl && !MUTANT(TTL)) {
		current->ttl = a->ttl;
		return view_news(view, true);
	}
	return changed || other || again ? view_news(view, again) : false;
}

bool
view_on_hsync(struct zone_view *view, const struct view_hsync *seen)
{
	if (seen->time < view->hsync_tried)
		return false;
	view->hsync_tried = seen->time;
	view->hsync_bare = seen->bare;
	bool same = view->hsync.status == seen->status && view->hsync.bare == seen->bare &&
		    memcmp(view->hsync.digest, seen->digest, 32) == 0 &&
		    view->hsync.serial == seen->serial &&
		    strcmp(view->hsync.error, seen->error) == 0;
	if (seen->status == MSIG_SEEN_UNKNOWN) {
		/* The last thing seen stays: unknown is not empty. Its time grows old. */
		bool first = view->hsync_why[0] == 0;
		reason_copy(view->hsync_why, sizeof(view->hsync_why), seen->error);
		return first ? view_news(view, false) : false;
	}
	view->hsync_why[0] = 0;
	view->hsync = *seen;
	return same ? false : view_news(view, false);
}

static struct view_place *
place_of(struct zone_view *view, enum view_place_kind kind, const char *server, int *index)
{
	int empty = -1;
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = view->d.place[i];
		if (p == NULL) {
			if (empty < 0)
				empty = i;
		} else if (p->kind == kind && strcmp(p->server, server) == 0) {
			*index = i;
			return p;
		}
	}
	struct view_place *p = empty < 0 ? NULL : calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->kind = kind;
	reason_copy(p->server, sizeof(p->server), server);
	view->d.place[empty] = p;
	if (empty >= view->d.places)
		view->d.places = empty + 1;
	*index = empty;
	view_news(view, true);
	return p;
}

int
view_signer(struct zone_view *view, const char *server)
{
	int index = -1;
	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_SIGNER && strcmp(p->server, server) != 0) {
			free(p);
			view->d.place[i] = NULL;
		}
	}
	place_of(view, PLACE_SIGNER, server, &index);
	return index;
}

static bool
listed(const char *const *server, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(server[i], name) == 0)
			return true;
	return false;
}

/* Servers of the parent that are no longer among its addresses do not count any more: what they
 * said last may be cached, but a parent does not retire a server and change the DS at once. */
static bool
parent_addresses(struct zone_view *view, const char *const *server, int count)
{
	bool changed = !view->parent_known;
	int index;

	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT || listed(server, count, p->server))
			continue;
		free(p);
		view->d.place[i] = NULL;
		changed = view_news(view, true);
	}
	for (int i = 0; i < count; i++)
		if (place_of(view, PLACE_PARENT, server[i], &index) == NULL)
			return view_on_crowd(view, -1);
	view->parent_known = true;
	view->parent_crowded = false;
	return changed ? view_news(view, true) : false;
}

bool
view_on_crowd(struct zone_view *view, int ns)
{
	bool known = ns < 0 ? view->parent_crowded : rset_has(&view->crowded, ns);

	if (ns < 0) {
		view->parent_known = false;
		view->parent_crowded = true;
	} else {
		rset_del(&view->looked_up, ns);
		rset_add(&view->crowded, ns);
	}
	return known ? false : view_news(view, true);
}

bool
view_on_addresses(struct zone_view *view, int ns, bool known, const char *const *server, int count,
		  int64_t now)
{
	if (!known || count == 0)
		return false;
	if (ns < 0)
		return parent_addresses(view, server, count);

	bool changed = !rset_has(&view->looked_up, ns);
	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_SERVER && rset_has(&p->ns, ns) &&
		    !listed(server, count, p->server)) {
			rset_del(&p->ns, ns);
			changed = view_news(view, true);
		}
	}
	for (int i = 0; i < count; i++) {
		int index;
		struct view_place *p = place_of(view, PLACE_SERVER, server[i], &index);
		if (p == NULL)
			return view_on_crowd(view, ns) || changed;
		if (!rset_has(&p->ns, ns)) {
			rset_add(&p->ns, ns);
			changed = view_news(view, true);
		}
	}
	rset_add(&view->looked_up, ns);
	rset_del(&view->crowded, ns);
	return changed ? view_news(view, false) : false;
}

bool
view_on_changed(struct zone_view *view)
{
	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p != NULL && view_place_provider(view, p) == VIEW_SELF)
			p->asked = 0;
	}
	view->hsync_asked = 0;
	return view_news(view, false);
}

bool
view_on_followed(struct zone_view *view, uint32_t max_ttl)
{
	if (view->own_max_ttl == max_ttl)
		return false;
	view->own_max_ttl = max_ttl;
	return view_news(view, false);
}

bool
view_on_egress(struct zone_view *view, const char *text)
{
	if (strncmp(view->egress, text, sizeof(view->egress) - 1) == 0)
		return false;
	reason_copy(view->egress, sizeof(view->egress), text);
	view->persist |= view->d.differs != (text[0] != '\0');
	view->d.differs = text[0] != '\0';
	return view_news(view, false);
}
