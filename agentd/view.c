/*
 * The view itself: how it begins, who and what is in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/view.h"
#include "agentd/view_int.h"
#include "libmsig/name.h"

#define MINUTE (60 * SECOND)
#define MORE 14 /* octets of " and 999 more" and its end */

const struct view_times view_times_default = {
    .d = 5 * MINUTE,
    .d_parent = 10 * MINUTE,
    .margin = MINUTE,
    .margin_percent = 10,
    .skew = 5 * MINUTE,
    .ask_fast = 10 * SECOND,
    .ask_parent = MINUTE,
    .ask_slow = 5 * MINUTE,
    .fresh = 2 * MINUTE,
    .resend = 5 * SECOND,
    .lease = 10 * MINUTE,
    .backoff_min = 5 * SECOND,
    .backoff_max = 10 * MINUTE,
    .hold_down = 10 * MINUTE,
    .alarm_after = 60 * MINUTE,
    .ballot = 15 * SECOND,
    .lead = 60 * MINUTE,
    .late = 10 * MINUTE,
};

const struct view_times view_times_lab = {
    .d = SECOND,
    .d_parent = SECOND,
    .margin = 0,
    .margin_percent = 0,
    .skew = 0,
    .ask_fast = SECOND / 2,
    .ask_parent = SECOND / 2,
    .ask_slow = 2 * SECOND,
    .fresh = 5 * SECOND,
    .resend = SECOND,
    .lease = 30 * SECOND,
    .backoff_min = SECOND,
    .backoff_max = 5 * SECOND,
    .hold_down = 3 * SECOND,
    .alarm_after = 60 * SECOND,
    .ballot = 3 * SECOND,
    .lead = 60 * SECOND,
    .late = 5 * SECOND,
};

struct zone_view *
view_new(const char *zone, const char *identity, const struct view_times *times,
	 const uint8_t generation[16], const uint8_t seed[16])
{
	knot_dname_storage_t apex;
	if (msig_name_parse(zone, apex) != 0 || strlen(identity) >= VIEW_NAME)
		return NULL;
	struct zone_view *view = calloc(1, sizeof(*view));
	if (view == NULL)
		return NULL;
	strncpy(view->zone, zone, sizeof(view->zone) - 1);
	view->config.times = *times;
	rpool_init(&view->d.pool, apex);
	memcpy(view->d.generation, generation, sizeof(view->d.generation));
	memcpy(view->seed, seed, sizeof(view->seed));
	view_provider(view, identity);
	view->d.election.leader = -1;
	view->dirty = true;
	return view;
}

void
view_free(struct zone_view *view)
{
	if (view == NULL)
		return;
	for (int i = 0; i < VIEW_PLACES; i++)
		free(view->d.place[i]);
	rpool_clear(&view->d.pool);
	free(view);
}

uint16_t
view_rrtype(enum view_type type)
{
	static const uint16_t types[] = {
#define X(id, rrtype) rrtype,
	    VIEW_TYPES(X)
#undef X
	};
	return types[type];
}

const char *
view_type_name(enum view_type type)
{
	static const char *const names[] = {
#define X(id, rrtype) #id,
	    VIEW_TYPES(X)
#undef X
	};
	return (unsigned)type < VIEW_TYPE_COUNT ? names[type] : "?";
}

int
view_rr(struct zone_view *view, enum view_type type, const uint8_t *rdata, uint16_t len)
{
	return rpool_get(&view->d.pool, view_rrtype(type), rdata, len);
}

int
view_provider_find(const struct zone_view *view, const char *identity)
{
	for (int i = 0; i < view->d.providers; i++)
		if (view->d.provider[i].used && strcmp(view->d.provider[i].identity, identity) == 0)
			return i;
	return -1;
}

const struct view_hsync_entry *
view_hsync_of(const struct view_hsync *h, const char *identity)
{
	for (int i = 0; i < h->count; i++)
		if (strcmp(h->entry[i].identity, identity) == 0)
			return &h->entry[i];
	return NULL;
}

/* Nothing of it is published, nobody designates it, and no process speaks of it. */
static bool
forgettable(const struct zone_view *view, int i)
{
	const struct durable *d = &view->d;
	const struct view_provider *p = &d->provider[i];

	if (i == VIEW_SELF || p->member || p->contributed || p->has != 0 || d->want.from[i].used ||
	    view->held[i].used || d->applied.from[i].used || (d->process.kind != 0))
		return false;
	/* Of whom CSYNC was taken back: the parent may come with it yet, and a person has to look.
	 */
	if (d->recalled.kind != 0 && d->recalled.subject == i)
		return false;
	return view_hsync_of(&d->hsync, p->identity) == NULL && d->ended.subject != i;
}

static void
forget_approval(struct view_approval *a, int i)
{
	if (a->kind != 0 && a->subject == i)
		*a = (struct view_approval){0};
}

/* It is over for whoever counted a number that somebody else gets: as when HSYNC changes, this
 * provider takes no more part in that term. */
static void
forget_election(struct zone_view *view, int i)
{
	struct view_election *e = &view->d.election;
	bool counts = e->leader == i || (e->voters & BIT(i)) != 0;

	e->voters &= ~BIT(i);
	e->voted &= ~BIT(i);
	e->vote[i] = 0;
	e->confirmed[i] = -1;
	for (int p = 0; p < VIEW_PROVIDERS; p++) {
		counts |= e->confirmed[p] == i;
		if (e->confirmed[p] == i)
			e->confirmed[p] = -1;
	}
	if (counts) {
		e->state = ELECT_NONE;
		e->leader = -1;
	}
}

/* Messages that wait: those of the provider itself go with it, those of others that are about it
 * are said again. */
static void
forget_messages(struct zone_view *view, int i)
{
	view->balloted &= ~BIT(i);
	view->polled[i] = 0;
	for (int n = 0; n < VIEW_PROVIDERS; n++) {
		struct view_provider *p = &view->d.provider[n];
		if (view->ballot[n].leader == i)
			view->balloted &= ~BIT(n);
		p->requested = p->requested && p->request.subject != i;
		p->asking = p->asking && p->ask.subject != i;
	}
}

/* Whatever refers to this number; what forgettable() looks at does not. */
static void
forget(struct zone_view *view, int i)
{
	struct durable *d = &view->d;

	memset(&d->provider[i], 0, sizeof(d->provider[i]));
	memset(&d->want.from[i], 0, sizeof(d->want.from[i]));
	memset(&d->applied.from[i], 0, sizeof(d->applied.from[i]));
	memset(&view->held[i], 0, sizeof(view->held[i]));
	forget_approval(&d->approved, i);
	forget_approval(&view->waits, i);
	forget_election(view, i);
	forget_messages(view, i);
	view->entry[i] = -1;
	view->designated &= ~BIT(i);
	view->listed &= ~BIT(i);
}

int
view_provider(struct zone_view *view, const char *identity)
{
	int i = view_provider_find(view, identity);
	if (i >= 0)
		return i;
	if (strlen(identity) >= VIEW_NAME)
		return -1;
	for (i = 0; i < VIEW_PROVIDERS; i++) {
		struct view_provider *p = &view->d.provider[i];
		if (p->used && !forgettable(view, i))
			continue;
		if (p->used)
			forget(view, i);
		p->used = true;
		if (i >= view->d.providers)
			view->d.providers = i + 1;
		reason_copy(p->identity, sizeof(p->identity), identity);
		view_news(view, true);
		return i;
	}
	return -1;
}

int
view_place_provider(const struct zone_view *view, const struct view_place *place)
{
	if (place->kind == PLACE_SIGNER)
		return VIEW_SELF;
	if (place->kind == PLACE_PARENT)
		return VIEW_STRANGER;
	if (rset_meets(place->ns, view->config.ns))
		return VIEW_SELF;
	for (int i = 1; i < view->d.providers; i++)
		if (view->d.provider[i].used &&
		    rset_meets(place->ns, view->d.provider[i].statement.ns))
			return i;
	return VIEW_STRANGER;
}

uint32_t
view_ttl(const struct view_place *p, enum view_type type)
{
	const struct view_history *h = &p->history[type];
	uint32_t ttl = 0;

	for (int i = 0; i < h->count; i++)
		if (h->at[i].ttl > ttl)
			ttl = h->at[i].ttl;
	return ttl;
}

uint32_t
view_ttl_of_all(const struct view_place *p)
{
	uint32_t ttl = 0;

	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		uint32_t one = view_ttl(p, (enum view_type)t);
		ttl = one > ttl ? one : ttl;
	}
	return ttl;
}

int64_t
view_heard(const struct zone_view *view, const struct view_history *h)
{
	if (h->time != 0)
		return h->time;
	int64_t last = h->count > 0 ? h->at[h->count - 1].last : 0;
	return last > view->loaded ? last : view->loaded;
}

static bool
shows_child(const struct view_place *p)
{
	const struct view_version *v = p->kind == PLACE_PARENT ? view_current(p, VIEW_NS) : NULL;
	return v != NULL && v->child;
}

bool
view_hidden(const struct zone_view *view)
{
	bool any = false;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_PARENT && !shows_child(p))
			return false;
		any |= p != NULL && p->kind == PLACE_PARENT;
	}
	return any;
}

bool
view_delegates(const struct zone_view *view, const struct view_place *place)
{
	return place->kind == PLACE_PARENT && (!shows_child(place) || view_hidden(view));
}

bool
view_serves_child(const struct zone_view *view, const char *server)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && shows_child(p) && strcmp(p->server, server) == 0)
			return true;
	}
	return false;
}

const struct view_place *
view_own_signer(const struct zone_view *view)
{
	for (int i = 0; i < view->d.places; i++)
		if (view->d.place[i] != NULL && view->d.place[i]->kind == PLACE_SIGNER)
			return view->d.place[i];
	return NULL;
}

const struct view_version *
view_at_signer(const struct zone_view *view, enum view_type type)
{
	const struct view_place *p = view_own_signer(view);
	if (p == NULL || p->history[type].status == MSIG_SEEN_UNKNOWN)
		return NULL;
	return view_current(p, type);
}

const struct rset *
view_names(const struct zone_view *view, int provider)
{
	return provider == VIEW_SELF ? &view->config.ns : &view->d.provider[provider].statement.ns;
}

struct rset
view_names_of_others(const struct zone_view *view, int provider)
{
	struct rset names = RSET_NONE;
	for (int i = 0; i < view->d.providers; i++)
		if (i != provider && view->d.provider[i].used)
			names = rset_or(names, *view_names(view, i));
	return names;
}

const char *
view_names_text(const struct zone_view *view, struct rset names, char *buf, size_t len)
{
	int left = rset_count(names);
	size_t at = 0;

	snprintf(buf, len, "none");
	for (int i = rset_next(&names, 0); i >= 0; i = rset_next(&names, i + 1), left--) {
		char name[MSIG_NAME_TEXT];
		(void)msig_name_text(view->d.pool.at[i].rdata->data, name);
		size_t end = len - (left > 1 ? MORE : 1);
		if (at > 0 && at + 2 + strlen(name) > end) {
			snprintf(buf + at, len - at, " and %d more", left);
			break;
		}
		if (strlen(name) > end)
			snprintf(name + end - 3, 4, "...");
		at += (size_t)snprintf(buf + at, len - at, "%s%s", at > 0 ? ", " : "", name);
	}
	return buf;
}
