/*
 * What caches may hold, from what was observed, and whom they may ask. See vis.h.
 */
#include "agentd/vis.h"

bool
safety_visible(const struct view_place *place, int64_t now)
{
	return place->kind == PLACE_PARENT || place->named != 0 || place->unnamed > now;
}

bool
safety_cached(const struct zone_view *view, const struct view_place *place, int64_t now)
{
	if (safety_visible(place, now))
		return true;
	uint32_t ttl = view_ttl_of_all(place);
	if (view->own_max_ttl > ttl) /* the content is the same everywhere */
		ttl = view->own_max_ttl;
	return place->unnamed != 0 && place->unnamed + ttl * SECOND > now;
}

bool
vis_taken_out(const struct zone_view *view, const struct view_place *p)
{
	int provider = p->kind == PLACE_SERVER ? view_place_provider(view, p) : VIEW_SELF;
	const struct view_process *run = &view->d.process;

	/* Who has no vote any more believes those who have. */
	if (run->kind == MSIG_PROCESS_REMOVE && run->executed && run->subject == provider &&
	    provider > VIEW_SELF && (view->designated & 1) == 0)
		return true;
	return provider > VIEW_SELF && view->d.hsync.count != 0 &&
	       (view->listed >> provider & 1) == 0;
}

/* Silence says nothing of what a server still tells others, unless it is to be silent: then what it
 * said last was served until its last answer. */
static int64_t
served_until(const struct zone_view *view, const struct view_place *p, enum view_type type,
	     const struct view_version *v)
{
	const struct view_history *h = &p->history[type];
	if (v->until != VIEW_NEVER || h->status != MSIG_SEEN_UNKNOWN || h->tried == 0)
		return v->until;
	/* The NS of a server that nobody states keep nobody named but itself. */
	bool stranger = type == VIEW_NS && p->kind == PLACE_SERVER &&
			view_place_provider(view, p) == VIEW_STRANGER;
	if (stranger || vis_taken_out(view, p))
		return h->time != 0 ? h->time : v->last;
	return v->until;
}

int64_t
vis_until(const struct zone_view *view, const struct view_place *p, enum view_type type,
	  const struct view_version *v)
{
	int64_t until = served_until(view, p, type, v);
	/* Nobody has asked it since. */
	if (p->kind == PLACE_SERVER && p->named == 0 && p->unnamed != 0 && p->unnamed < until)
		until = p->unnamed;
	uint32_t ttl = v->ttl;
	/* Who signs the SOA signs all of the zone, which is the same everywhere. */
	if (type == VIEW_SOA && view->own_max_ttl > ttl)
		ttl = view->own_max_ttl;
	return until == VIEW_NEVER ? VIEW_NEVER : until + ttl * SECOND + view->config.times.d;
}

static int
collect(const struct zone_view *view, const struct view_place *p, enum view_type type, bool all,
	int64_t now, struct vis *out, int64_t *overflow)
{
	const struct view_history *h = &p->history[type];
	int n = 0;

	for (int i = 0; i < h->count; i++) {
		const struct view_version *v = &h->at[i];
		if (vis_until(view, p, type, v) <= now || (!all && v->until <= p->named))
			continue;
		out[n].v = v;
		out[n].place = p;
		out[n].type = type;
		if (type == VIEW_DS)
			out[n].keys = rpool_keys(&view->d.pool, v->set);
		n++;
	}
	if (h->overflow > now && h->overflow > *overflow)
		*overflow = h->overflow;
	return n;
}

void
vis_look(const struct zone_view *view, int64_t now, struct seen *seen)
{
	seen->ds = seen->keys = seen->sigs = 0;
	seen->overflow = 0;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !safety_cached(view, p, now))
			continue;
		if (p->kind == PLACE_PARENT) {
			seen->ds += collect(view, p, VIEW_DS, true, now, &seen->d[seen->ds],
					    &seen->overflow);
		} else if (p->kind == PLACE_SERVER) {
			seen->keys += collect(view, p, VIEW_DNSKEY, false, now,
					      &seen->k[seen->keys], &seen->overflow);
			seen->sigs += collect(view, p, VIEW_SOA, false, now, &seen->s[seen->sigs],
					      &seen->overflow);
		}
	}
}

/* How long the DS of CDS that were taken back may be about: the parent may have taken them up, and
 * its DS been seen by others than us. */
static int64_t
ds_of_past_cds(const struct zone_view *view, const struct view_version *cds)
{
	uint32_t ttl = 0;

	if (cds->until == VIEW_NEVER)
		return VIEW_NEVER;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		uint32_t one = p == NULL || p->kind != PLACE_PARENT ? 0 : view_ttl(p, VIEW_DS);
		ttl = one > ttl ? one : ttl;
	}
	return cds->until + ttl * SECOND + view->config.times.d_parent;
}

/* The parent takes what is the same everywhere: if our servers are named, what they show is asked
 * for, or nothing; else what the members show. Others may show something old for good. */
static bool
asks(const struct zone_view *view, const struct view_place *p, bool ours)
{
	int provider = p == NULL || p->kind != PLACE_SERVER || p->named == 0
			   ? VIEW_STRANGER
			   : view_place_provider(view, p);

	return ours ? provider == VIEW_SELF : provider >= 0 && view->d.provider[provider].member;
}

int
vis_asked_ds(const struct zone_view *view, int64_t now, struct asked *out)
{
	bool ours = false;
	int n = 0;

	for (int i = 0; i < view->d.places; i++)
		ours |= asks(view, view->d.place[i], true);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (!asks(view, p, ours))
			continue;
		for (int v = 0; v < p->history[VIEW_CDS].count; v++) {
			const struct view_version *cds = &p->history[VIEW_CDS].at[v];
			int64_t until = ds_of_past_cds(view, cds);
			if (rset_empty(cds->set) || until <= now)
				continue;
			out[n++] = (struct asked){rpool_keys(&view->d.pool, cds->set), p, until};
		}
	}
	return n;
}

/* It was named once, and has named itself ever since: whoever asked it then still does, though it
 * is silent to us, or was for a while. Where its agent is silent, too, it is dead, and was let go.
 */
static bool
kept_itself(const struct zone_view *view, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	int provider = view_place_provider(view, p);

	if (p->unnamed == 0 || v == NULL || v->first >= p->unnamed || !rset_meets(v->set, p->ns))
		return false;
	bool alive =
	    provider == VIEW_SELF || (provider > VIEW_SELF && view->d.provider[provider].ready);
	return p->history[VIEW_NS].status == MSIG_SEEN_SET ||
	       (alive && served_until(view, p, VIEW_NS, v) == VIEW_NEVER);
}

/* Names in the NS sets of the parent, and of servers that are named, each with the largest TTL. */
static struct rset
named_by(const struct zone_view *view, enum view_place_kind kind, int64_t now, uint32_t *ttl,
	 struct rset names)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != kind)
			continue;
		bool kept = kind == PLACE_SERVER && kept_itself(view, p);
		if (kind == PLACE_SERVER && !kept && !rset_meets(p->ns, names) &&
		    !safety_visible(p, now) && !view_serves_child(view, p->server))
			continue;
		const struct view_version *v = view_current(p, VIEW_NS);
		if (v == NULL || (!kept && vis_until(view, p, VIEW_NS, v) <= now))
			continue;
		names = rset_or(names, v->set);
		uint32_t one = view_ttl(p, VIEW_NS);
		*ttl = one > *ttl ? one : *ttl;
	}
	return names;
}

void
safety_delegations(struct zone_view *view, int64_t now)
{
	uint32_t ttl = 0;
	struct rset names = named_by(view, PLACE_PARENT, now, &ttl, RSET_NONE);

	for (;;) { /* until no server names another one */
		struct rset more = named_by(view, PLACE_SERVER, now, &ttl, names);
		if (rset_equal(more, names))
			break;
		names = more;
	}
	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER)
			continue;
		/* Whoever asks the parent's server gets the zone from it. */
		bool named = rset_meets(p->ns, names) || view_serves_child(view, p->server);
		if (named && p->named == 0) {
			/* It was named some time before we saw it. */
			p->named = now - view->config.times.fresh;
			if (p->named <= 0)
				p->named = 1;
			view->persist = true;
		} else if (!named && p->named != 0) {
			p->named = 0;
			p->unnamed = now + ttl * SECOND + view->config.times.d;
			view->persist = true;
		}
	}
}
