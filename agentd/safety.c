/*
 * S1 and S2 over the observed history.
 */
#include <string.h>

#include "agentd/mutant.h"
#include "agentd/vis.h"

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
		until = vis_until(view, a->place, a->type, a->v);
	if (b != NULL && vis_until(view, b->place, b->type, b->v) < until)
		until = vis_until(view, b->place, b->type, b->v);
	if (!r->ok && r->until >= until)
		return;
	const struct view_place *p = a != NULL ? a->place : b->place;
	r->ok = false;
	r->until = until;
	r->object = object;
	r->provider = view_place_provider(view, p);
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
		if (rset_meets(ns->at[i].set, p->ns) &&
		    vis_until(view, p, VIEW_NS, &ns->at[i]) > now)
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
	return h->tried != 0 && (h->count != 0 || vis_taken_out(view, p));
}

/* One of the parent's servers that is not watched could have other DS. */
static bool
parent_seen(const struct zone_view *view, struct safety *r)
{
	if (!view->parent_known)
		unknown(r, REASON_OF_DS, "", "not all of the parent's servers are known");
	return view->parent_known;
}

/* Is it known what every server shows that the parent names? Whoever has just begun does not know
 * whom it would leave without keys. */
static bool
all_seen(const struct zone_view *view, int64_t now, struct safety *r)
{
	struct rset names = RSET_NONE;

	if (!parent_seen(view, r))
		return false;
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
	vis_look(view, now, &seen);
	for (int i = 0; i < seen.ds; i++) {
		if (!s1(seen.d[i].v->absent, seen.d[i].keys, dnskeys, cur->signers) &&
		    s1(seen.d[i].v->absent, seen.d[i].keys, cur->set, cur->signers))
			violated(view, &r, REASON_OF_S1, NULL, &seen.d[i]);
	}
	for (int i = 0; i < seen.sigs; i++)
		if (!s2(dnskeys, seen.s[i].v->signers) && s2(cur->set, seen.s[i].v->signers))
			violated(view, &r, REASON_OF_S2, NULL, &seen.s[i]);
	struct asked asked[VIS_MAX];
	int count = vis_asked_ds(view, now, asked);
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
	vis_look(view, now, &seen);
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
	vis_look(view, now, &seen);
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
	if (!parent_seen(view, r))
		return false;
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
	int count = vis_asked_ds(view, now, asked);

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
	vis_look(view, now, &seen);
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

	vis_look(view, now, &seen);
	for (int i = 0; i < seen.keys; i++) {
		const struct vis *k = &seen.k[i];
		if (!rset_empty(rpool_of_algorithm(&view->d.pool, k->v->set, algorithm)))
			return true;
		/* Nobody looked before: it may have been there until then. */
		int64_t until =
		    k->v->first + view_ttl(k->place, VIEW_DNSKEY) * SECOND + view->config.times.d;
		if (k->v->gap && until > now)
			return true;
	}
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

	vis_look(view, now, &seen);
	return holds(view, &seen);
}

struct safety
safety_watch(const struct zone_view *view, struct rset signers, int64_t now, struct safety *use)
{
	struct seen seen;

	vis_look(view, now, &seen);
	*use = signing(view, &seen, signers, now);
	return holds(view, &seen);
}
