/*
 * S1 and S2 over the observed history.
 */
#include <string.h>

#include "agentd/mutant.h"
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

bool
safety_visible(const struct view_place *place, int64_t now)
{
	return place->kind == PLACE_PARENT || place->named != 0 || place->unnamed > now;
}

bool
safety_cached(const struct zone_view *view, const struct view_place *place, int64_t now)
{
	uint32_t ttl = view->own_max_ttl; /* the content is the same everywhere */

	if (safety_visible(place, now))
		return true;
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		for (int v = 0; v < place->history[t].count; v++)
			if (place->history[t].at[v].ttl > ttl)
				ttl = place->history[t].at[v].ttl;
	return place->unnamed != 0 && place->unnamed + ttl * SECOND > now;
}

/* The owner (or the operator) has taken its provider out. */
static bool
taken_out(const struct zone_view *view, const struct view_place *p)
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
	if (stranger || taken_out(view, p))
		return h->time != 0 ? h->time : v->last;
	return v->until;
}

static inline int64_t
expires(const struct zone_view *view, const struct view_place *p, enum view_type type,
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
		if (expires(view, p, type, v) <= now || (!all && v->until <= p->named))
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

static void
look(const struct zone_view *view, int64_t now, struct seen *seen)
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

/* Without DS the zone is insecure: nothing can be bogus. keys: what the DS set stands for. */
static bool
s1(bool no_ds, struct rset keys, struct rset dnskeys, struct rset signers)
{
	return no_ds || rset_meets(rset_and(keys, dnskeys), signers);
}

static bool
s2(struct rset dnskeys, struct rset signers)
{
	return rset_meets(dnskeys, signers);
}

/* S3: every algorithm of the keys is one of the signers. What signs besides, with keys that are not
 * in DNSKEY there, is not known. */
static bool
s3(const struct zone_view *view, struct rset keys, const struct view_version *signed_by)
{
	const struct rpool *pool = &view->d.pool;
	return signed_by->alien || algorithms_within(rpool_algorithms(pool, keys),
						     rpool_algorithms(pool, signed_by->signers));
}

static const struct safety safe = {.ok = true};

/* a is what would be new or both are observed: b decides how long the trouble lasts. */
static void
violated(const struct zone_view *view, struct safety *r, enum reason_object object,
	 const struct vis *a, const struct vis *b)
{
	int64_t until = VIEW_NEVER;
	if (a != NULL)
		until = expires(view, a->place, a->type, a->v);
	if (b != NULL && expires(view, b->place, b->type, b->v) < until)
		until = expires(view, b->place, b->type, b->v);
	if (!r->ok && r->until >= until)
		return;
	const struct view_place *p = a != NULL ? a->place : b->place;
	r->ok = false;
	r->until = until;
	r->object = object;
	reason_copy(r->place, sizeof(r->place), p->server);
	reason_copy(r->text, sizeof(r->text),
		    object == REASON_OF_S1 ? "a DS set that matches no signing key of a DNSKEY set"
		    : object == REASON_OF_S2 ? "signatures that no key of a DNSKEY set made"
					     : "an algorithm that does not sign everywhere");
}

static void
unknown(struct safety *r, enum reason_object object, const char *place, const char *what)
{
	if (!r->ok && !r->unknown)
		return;
	r->ok = false;
	r->unknown = true;
	r->until = VIEW_NEVER;
	r->object = object;
	reason_copy(r->place, sizeof(r->place), place);
	reason_copy(r->text, sizeof(r->text), what);
}

/* DS that the parent is, or was, asked for by CDS, and until when they may be about. */
struct asked {
	struct rset keys;
	const struct view_place *place;
	int64_t until;
};

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
		const struct view_history *h =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : &p->history[VIEW_DS];
		for (int v = 0; h != NULL && v < h->count; v++)
			ttl = h->at[v].ttl > ttl ? h->at[v].ttl : ttl;
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

static int
asked_ds(const struct zone_view *view, int64_t now, struct asked *out)
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

static void
may_come(struct safety *r, const struct asked *asked, const char *what)
{
	unknown(r, REASON_OF_CDS, asked->place->server, what);
	if (r->unknown && asked->until != VIEW_NEVER)
		r->until = asked->until;
}

/* A history that overflowed hides versions: nothing is proven until they are gone. */
static void
overflowed(struct safety *r, const struct seen *seen)
{
	if (seen->overflow != 0 && r->ok) {
		r->ok = false;
		r->until = seen->overflow;
		r->object = REASON_OF_SERVER;
		reason_copy(r->text, sizeof(r->text), "too many versions in a short time");
	}
}

/* Whoever has just begun, with a new database perhaps, does not know whether its servers were named
 * a moment ago; those that name themselves keep who asks them. */
static bool
may_be_named(const struct zone_view *view, const struct view_place *p, int64_t now)
{
	const struct view_history *ns = &p->history[VIEW_NS];
	uint32_t ttl = 0;

	if (p->named != 0 || p->unnamed != 0 || ns->count == 0)
		return false;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_version *v =
		    view->d.place[i] == NULL ? NULL : view_current(view->d.place[i], VIEW_NS);
		if (v != NULL && v->ttl > ttl)
			ttl = v->ttl;
	}
	for (int i = 0; i < ns->count; i++)
		if (rset_meets(ns->at[i].set, p->ns) && expires(view, p, VIEW_NS, &ns->at[i]) > now)
			return true;
	return now < ns->at[0].first + ttl * SECOND + view->config.times.d;
}

static bool
own_delegated(const struct zone_view *view, int64_t now)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_SERVER &&
		    view_place_provider(view, p) == VIEW_SELF &&
		    (safety_visible(p, now) || may_be_named(view, p, now)))
			return true;
	}
	return false;
}

/* Has it said since we began what it shows, or is it not waited for? What an older database knows
 * may be out of date. */
static bool
answered(const struct zone_view *view, const struct view_place *p, enum view_type type)
{
	const struct view_history *h = &p->history[type];
	return h->tried != 0 && (h->count != 0 || taken_out(view, p));
}

/* Is it known what every server shows that the parent names? Whoever has just begun does not know
 * whom it would leave without keys. */
static bool
all_seen(const struct zone_view *view, int64_t now, struct safety *r)
{
	struct rset names = RSET_NONE;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		if (p->history[VIEW_DS].tried == 0) {
			unknown(r, REASON_OF_DS, p->server, "it has not answered yet");
			return false;
		}
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ns != NULL)
			names = rset_or(names, ns->set);
	}
	for (int i = 0; i < view->d.places; i++) { /* and whom they name */
		const struct view_place *p = view->d.place[i];
		const struct view_version *ns =
		    p == NULL || p->kind != PLACE_SERVER || p->named == 0
			? NULL
			: view_current(p, VIEW_NS);
		if (ns != NULL)
			names = rset_or(names, ns->set);
	}
	if (rset_empty(names) || !rset_within(names, view->looked_up)) {
		unknown(r, REASON_OF_SERVER, "", "not all delegated servers are known");
		return false;
	}
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER || !rset_meets(p->ns, names))
			continue;
		if (!answered(view, p, VIEW_SOA) || !answered(view, p, VIEW_DNSKEY)) {
			unknown(r, REASON_OF_SERVER, p->server, "it has not answered yet");
			return false;
		}
	}
	return true;
}

struct safety
safety_keys(const struct zone_view *view, struct rset dnskeys, int64_t now)
{
	struct safety r = safe;
	struct seen seen;
	const struct view_place *signer = view_own_signer(view);
	const struct view_version *cur = signer == NULL ? NULL : view_current(signer, VIEW_DNSKEY);

	if (MUTANT(SAFETY) || !own_delegated(view, now))
		return r;
	if (cur == NULL) {
		unknown(&r, REASON_OF_DNSKEY, "", "the own signer's DNSKEY was never seen");
		return r;
	}
	if (rset_within(cur->set, dnskeys))
		return r; /* more keys never hurt */
	if (!all_seen(view, now, &r))
		return r;
	look(view, now, &seen);
	for (int i = 0; i < seen.ds; i++) {
		if (!s1(seen.d[i].v->absent, seen.d[i].keys, dnskeys, cur->signers) &&
		    s1(seen.d[i].v->absent, seen.d[i].keys, cur->set, cur->signers))
			violated(view, &r, REASON_OF_S1, NULL, &seen.d[i]);
	}
	for (int i = 0; i < seen.sigs; i++)
		if (!s2(dnskeys, seen.s[i].v->signers) && s2(cur->set, seen.s[i].v->signers))
			violated(view, &r, REASON_OF_S2, NULL, &seen.s[i]);
	struct asked asked[VIS_MAX];
	int count = asked_ds(view, now, asked);
	for (int i = 0; i < count; i++)
		if (!s1(false, asked[i].keys, dnskeys, cur->signers) &&
		    s1(false, asked[i].keys, cur->set, cur->signers))
			may_come(&r, &asked[i], "CDS that match no signing key of the DNSKEY set");
	overflowed(&r, &seen);
	return r;
}

static struct safety
signing(const struct zone_view *view, const struct seen *seen, struct rset keys, int64_t now)
{
	struct safety r = safe;

	if (MUTANT(SAFETY) || !own_delegated(view, now))
		return r;
	for (int i = 0; i < seen->keys; i++)
		if (!s2(seen->k[i].v->set, keys))
			violated(view, &r, REASON_OF_S2, NULL, &seen->k[i]);
	overflowed(&r, seen);
	return r;
}

struct safety
safety_signing(const struct zone_view *view, struct rset keys, int64_t now)
{
	struct safety r = safe;
	struct seen seen;

	if (own_delegated(view, now) && !MUTANT(SAFETY) && !all_seen(view, now, &r))
		return r;
	look(view, now, &seen);
	return signing(view, &seen, keys, now);
}

struct safety
safety_ds(const struct zone_view *view, struct rset keys, int64_t now)
{
	struct safety r = safe;
	struct seen seen;

	if (MUTANT(SAFETY))
		return r;
	if (!all_seen(view, now, &r))
		return r;
	look(view, now, &seen);
	for (int i = 0; i < seen.keys; i++)
		if (!s1(false, keys, seen.k[i].v->set, seen.k[i].v->signers))
			violated(view, &r, REASON_OF_S1, NULL, &seen.k[i]);
	overflowed(&r, &seen);
	return r;
}

/* Who is named already. */
static struct rset
named_now(const struct zone_view *view)
{
	struct rset names = RSET_NONE;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_SERVER && p->named != 0)
			names = rset_or(names, p->ns);
	}
	return names;
}

/* Is it known what this place shows now, or that it does not answer? */
static bool
asked_lately(const struct zone_view *view, const struct view_place *p, enum view_type type,
	     int64_t now)
{
	const struct view_times *t = &view->config.times;
	int64_t tried = p->history[type].tried;
	return tried != 0 && now - tried <= t->ask_slow + t->fresh;
}

/* What everybody shows of whom others are to be led to: the parent, whoever is named, and the
 * newcomers. */
static bool
known_lately(const struct zone_view *view, struct rset names, int64_t now, struct safety *r)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind == PLACE_SIGNER ||
		    (p->kind == PLACE_SERVER && p->named == 0 && !rset_meets(p->ns, names)))
			continue;
		bool parent = p->kind == PLACE_PARENT;
		if (asked_lately(view, p, parent ? VIEW_DS : VIEW_DNSKEY, now) &&
		    (parent || asked_lately(view, p, VIEW_SOA, now)))
			continue;
		unknown(r, parent ? REASON_OF_DS : REASON_OF_SERVER, p->server, "not asked lately");
		return false;
	}
	return true;
}

/* The DS that the parent is asked for now come soon, and those that it was asked for may be about:
 * newcomers have to fit to these as well. */
static void
fits_cds(const struct zone_view *view, const struct seen *seen, int newcomers, int64_t now,
	 struct safety *r)
{
	struct asked asked[VIS_MAX];
	int count = asked_ds(view, now, asked);

	for (int i = 0; i < count; i++)
		for (int k = newcomers; k < seen->keys; k++)
			if (!s1(false, asked[i].keys, seen->k[k].v->set, seen->k[k].v->signers))
				may_come(r, &asked[i],
					 "CDS that match no signing key of the newcomer");
}

struct safety
safety_naming(const struct zone_view *view, struct rset names, int64_t now)
{
	struct safety r = safe;
	struct seen seen;
	int known = 0;

	if (MUTANT(SAFETY))
		return r;
	if (!rset_within(names, view->looked_up)) {
		unknown(&r, REASON_OF_SERVER, "", "not all addresses are known");
		return r;
	}
	if (!known_lately(view, names, now, &r))
		return r;
	look(view, now, &seen);
	/* The newcomer's servers enter with what they serve now. */
	int old_keys = seen.keys, old_sigs = seen.sigs;
	struct rset may = rset_or(names, named_now(view));
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER || !rset_meets(p->ns, names))
			continue;
		known++;
		const struct view_version *k = view_current(p, VIEW_DNSKEY);
		const struct view_version *s = view_current(p, VIEW_SOA);
		if (k == NULL || s == NULL || p->history[VIEW_DNSKEY].status != MSIG_SEEN_SET ||
		    p->history[VIEW_SOA].status != MSIG_SEEN_SET) {
			unknown(&r, REASON_OF_SERVER, p->server, "no answer about DNSKEY and SOA");
			return r;
		}
		/* And with whom they name. */
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ns != NULL && !rset_within(ns->set, may)) {
			unknown(&r, REASON_OF_NS, p->server,
				"it names servers that nobody else names");
			return r;
		}
		seen.k[seen.keys++] = (struct vis){.v = k, .place = p, .type = VIEW_DNSKEY};
		seen.s[seen.sigs++] = (struct vis){.v = s, .place = p, .type = VIEW_SOA};
	}
	if (known == 0) {
		unknown(&r, REASON_OF_SERVER, "", "no address is known");
		return r;
	}
	if (seen.ds == 0)
		unknown(&r, REASON_OF_DS, "", "the parent's DS was never seen");
	for (int i = old_keys; i < seen.keys; i++)
		for (int j = 0; j < seen.ds; j++)
			if (!s1(seen.d[j].v->absent, seen.d[j].keys, seen.k[i].v->set,
				seen.k[i].v->signers))
				violated(view, &r, REASON_OF_S1, &seen.k[i], &seen.d[j]);
	for (int i = 0; i < seen.keys; i++)
		for (int j = 0; j < seen.sigs; j++)
			if ((i >= old_keys || j >= old_sigs) &&
			    !s2(seen.k[i].v->set, seen.s[j].v->signers))
				violated(view, &r, REASON_OF_S2, &seen.k[i], &seen.s[j]);
	for (int i = 0; i < seen.keys; i++)
		for (int j = 0; j < seen.sigs; j++)
			if ((i >= old_keys || j >= old_sigs) &&
			    !s3(view, seen.k[i].v->set, seen.s[j].v))
				violated(view, &r, REASON_OF_SIGNATURE, &seen.k[i], &seen.s[j]);
	overflowed(&r, &seen);
	fits_cds(view, &seen, old_keys, now, &r);
	return r;
}

bool
safety_algorithm_cached(const struct zone_view *view, uint8_t algorithm, int64_t now)
{
	struct seen seen;

	look(view, now, &seen);
	for (int i = 0; i < seen.keys; i++)
		if (!rset_empty(rpool_of_algorithm(&view->d.pool, seen.k[i].v->set, algorithm)))
			return true;
	return seen.overflow != 0;
}

static struct safety
holds(const struct zone_view *view, const struct seen *seen)
{
	struct safety r = safe;

	for (int i = 0; i < seen->keys; i++) {
		const struct vis *k = &seen->k[i];
		for (int j = 0; j < seen->ds; j++)
			if (!s1(seen->d[j].v->absent, seen->d[j].keys, k->v->set, k->v->signers))
				violated(view, &r, REASON_OF_S1, k, &seen->d[j]);
		for (int j = 0; j < seen->sigs; j++)
			if (!s2(k->v->set, seen->s[j].v->signers))
				violated(view, &r, REASON_OF_S2, k, &seen->s[j]);
	}
	return r;
}

struct safety
safety_now(const struct zone_view *view, int64_t now)
{
	struct seen seen;

	look(view, now, &seen);
	return holds(view, &seen);
}

struct safety
safety_watch(const struct zone_view *view, struct rset signers, int64_t now, struct safety *use)
{
	struct seen seen;

	look(view, now, &seen);
	*use = signing(view, &seen, signers, now);
	return holds(view, &seen);
}

/* ---- who is named ---- */

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
		if (v == NULL || (!kept && expires(view, p, VIEW_NS, v) <= now))
			continue;
		names = rset_or(names, v->set);
		for (int t = 0; t < p->history[VIEW_NS].count; t++)
			if (p->history[VIEW_NS].at[t].ttl > *ttl)
				*ttl = p->history[VIEW_NS].at[t].ttl;
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
