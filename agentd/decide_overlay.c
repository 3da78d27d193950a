/*
 * What combinerd shall hold, and whether that is safe; and what it holds now.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/decide_int.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/safety.h"
#include "agentd/shown.h"
#include "agentd/step.h"

static int
version_cmp(uint64_t epoch, uint64_t counter, uint64_t epoch2, uint64_t counter2)
{
	if (epoch != epoch2)
		return epoch < epoch2 ? -1 : 1;
	return counter == counter2 ? 0 : counter < counter2 ? -1 : 1;
}

static void
in_doubt(struct step *s)
{
	const struct durable *d = &s->view->d;

	if (d->rebuild)
		step_blocked(s, REASON_OF_DATABASE, "", "a database as new as the world", d->doubt,
			     "make sure that no other agent runs, then confirm");
}

/* Which kinds of records does a provider lose all of? */
static uint8_t
lost(const struct view_contribution *old, const struct view_contribution *new)
{
	uint8_t kinds = 0;

	if (!rset_empty(old->dnskey) && rset_empty(new->dnskey))
		kinds |= HAS_KEYS;
	if ((!rset_empty(old->cds) && rset_empty(new->cds)) ||
	    (!rset_empty(old->cdnskey) && rset_empty(new->cdnskey)))
		kinds |= HAS_CDS;
	if (!rset_empty(old->ns) && rset_empty(new->ns))
		kinds |= HAS_NS;
	return kinds;
}

static void
refused(struct step *s)
{
	if (s->view->apply_rcode != 0)
		step_blocked(s, REASON_OF_OVERLAY, "combinerd", "the overlay accepted",
			     s->view->apply_text, "see what combinerd says; said again by itself");
}

/* combinerd refuses, and holds what is not known here to be there: something that was on its way
 * when a database was confirmed. Whether that goes is decided as of all the rest. */
static void
refused_for_held(struct zone_view *view)
{
	struct durable *d = &view->d;
	bool more = false;

	for (int i = 0; i < d->providers && view->apply_rcode != 0 && !d->shrink; i++) {
		const struct view_contribution *held = &view->held[i];
		struct view_contribution *c = &d->want.from[i];
		uint8_t kinds = lost(held, c);

		if (i != VIEW_SELF && !d->provider[i].contributed)
			continue; /* nobody knows how that came there: a person looks */
		if (kinds & HAS_KEYS)
			c->dnskey = held->dnskey;
		if (kinds & HAS_CDS) {
			c->cds = held->cds;
			c->cdnskey = held->cdnskey;
		}
		if (kinds & HAS_NS)
			c->ns = held->ns;
		c->used |= kinds != 0;
		more |= kinds != 0;
	}
	if (more) {
		d->want.epoch = d->epoch;
		d->want.counter = ++d->counter;
		view->persist = true;
	}
}

/* A database that knows less than combinerd was lost or put back from an old copy. */
void
decide_database(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (!view->overlay_known) {
		if (step_due(s, view->showed, view->config.times.resend)) {
			step_action(s, ACT_SHOW);
			memset(view->held, 0, sizeof(view->held));
			view->showed = s->now;
		}
		step_wake(s, view->showed + view->config.times.resend);
		step_wait(s, REASON_PEER, REASON_OF_OVERLAY, "combinerd", "what overlay it holds",
			  "no answer yet", 0);
		refused(s);
		in_doubt(s);
		return;
	}
	int cmp = version_cmp(view->combiner_epoch, view->combiner_counter, d->want.epoch,
			      d->want.counter);
	if (cmp > 0 && !d->rebuild) {
		d->rebuild = true;
		snprintf(d->doubt, sizeof(d->doubt), "combinerd holds version %llu.%llu",
			 (unsigned long long)view->combiner_epoch,
			 (unsigned long long)view->combiner_counter);
		view->persist = true;
		step_alarm(s, "the database is older than the world: %s", d->doubt);
	} else if (cmp < 0 && version_cmp(view->combiner_epoch, view->combiner_counter,
					  d->applied_epoch, d->applied_counter) < 0) {
		/* combinerd forgot: it is told again. */
		d->applied_epoch = view->combiner_epoch;
		d->applied_counter = view->combiner_counter;
		view->persist = true;
	}
	if (!d->rebuild) {
		refused_for_held(view);
		memset(view->held, 0, sizeof(view->held));
	}
	in_doubt(s);
}

/* A key of an algorithm that we do not sign with says that we do: it waits for the rollover of all.
 */
static struct rset
known_algorithms(struct step *s, int provider, struct rset keys)
{
	const struct durable *d = &s->view->d;
	struct rset out = keys;

	for (int k = rset_next(&keys, 0); k >= 0; k = rset_next(&keys, k + 1)) {
		bool known = rset_empty(d->own) || (d->process.kind == MSIG_PROCESS_ALGORITHM &&
						    d->pool.at[k].alg == d->process.algorithm);
		for (int o = rset_next(&d->own, 0); o >= 0; o = rset_next(&d->own, o + 1))
			known |= d->pool.at[o].alg == d->pool.at[k].alg;
		for (int o = 0; o < s->view->keys; o++) /* not shown any more, and signs yet */
			known |= s->view->key[o].algorithm == d->pool.at[k].alg &&
				 s->view->key[o].state == MSIG_KEY_STATE_POST;
		if (!known)
			rset_del(&out, k);
	}
	if (!rset_equal(out, keys))
		step_blocked(
		    s, REASON_OF_DNSKEY, d->provider[provider].identity,
		    "keys of the algorithms that all sign with", "another algorithm",
		    "that provider takes the key back: an algorithm changes at all at once");
	return out;
}

/* What it states now is not known here: no key of it that is there goes. */
static void
keep_stale(const struct zone_view *view, int i, struct view_contribution *c)
{
	struct rset had = view->d.want.from[i].dnskey;

	if ((process_left_behind(view) & BIT(i)) != 0)
		had = process_algorithm_keys(view, had, true);
	if (view->d.provider[i].stale && !MUTANT(STALE) && !rset_empty(c->dnskey))
		c->dnskey = rset_or(c->dnskey, had);
}

static bool
holds_anything(const struct view_contribution *c)
{
	return !rset_empty(c->dnskey) || !rset_empty(c->cds) || !rset_empty(c->ns) ||
	       !rset_empty(c->csync);
}

/* Of one provider; *c is empty before. */
static void
contribution(struct step *s, const struct process_target *t, int i, struct view_contribution *c)
{
	const struct zone_view *view = s->view;
	bool all = i != VIEW_SELF || view->config.mode == VIEW_MODE_ALL;

	if (all && i == VIEW_SELF)
		c->dnskey = view->d.own; /* a signer in this mode has no DNSKEY but from here */
	else if (all && (t->keys >> i & 1) != 0)
		c->dnskey = process_shared(view, known_algorithms(s, i, process_keys_of(view, i)));
	if (all && (t->cds >> i & 1) != 0 && t->cds_shown) {
		c->cds = process_cds(view, t, i, VIEW_CDS);
		c->cdnskey = process_cds(view, t, i, VIEW_CDNSKEY);
	}
	if ((t->ns >> i & 1) != 0 && !rset_empty(t->ns_set))
		c->ns = view->d.provider[i].statement.ns;
	keep_stale(view, i, c);
	c->used = holds_anything(c);
}

static bool
same_contribution(const struct view_contribution *a, const struct view_contribution *b)
{
	if (!a->used && !b->used)
		return true;
	return a->used == b->used && rset_equal(a->dnskey, b->dnskey) &&
	       rset_equal(a->cds, b->cds) && rset_equal(a->cdnskey, b->cdnskey) &&
	       rset_equal(a->ns, b->ns) && rset_equal(a->csync, b->csync);
}

/* Those of records that are there. One of the signer's that changed is followed: an RRset has one.
 */
static bool
same_ttls(const struct view_overlay *a, const struct view_overlay *b)
{
	bool keys = false, cds = false, ns = false;

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (!a->from[i].used)
			continue;
		keys |= !rset_empty(a->from[i].dnskey);
		cds |= !rset_empty(a->from[i].cds) || !rset_empty(a->from[i].cdnskey);
		ns |= !rset_empty(a->from[i].ns) || !rset_empty(a->from[i].csync);
	}
	return (!keys || a->ttl_key == b->ttl_key) && (!cds || a->ttl_cds == b->ttl_cds) &&
	       (!ns || a->ttl_ns == b->ttl_ns);
}

/* Is it our turn to show what is not ours? A joiner does with the step at which the group shows its
 * keys; who has left, or only serves, never. */
static bool
takes_part(const struct zone_view *view, const struct process_target *t)
{
	return (t->keys & BIT(VIEW_SELF)) != 0;
}

/* While an algorithm comes: the CDS that every provider is going to have, for process_cds(). */
static void
foresee_cds(struct zone_view *view)
{
	struct rpool *pool = &view->d.pool;
	struct rset all = RSET_NONE;

	for (int i = 0; i < view->d.providers; i++)
		all = rset_or(all, rset_and(view->d.provider[i].statement.dnskey, pool->sep));
	if (algorithms_one(rpool_algorithms(pool, all)))
		return;
	for (int i = rset_next(&all, 0); i >= 0; i = rset_next(&all, i + 1))
		if (rpool_of_key(pool, i, view_rrtype(VIEW_CDS)) < 0 ||
		    rpool_of_key(pool, i, view_rrtype(VIEW_CDNSKEY)) < 0)
			return; /* the pool is full: the CDS wait until all have stated theirs */
}

/* The overlay as it ought to be now. false: it cannot be said. */
static bool
wanted_overlay(struct step *s, struct view_overlay *o)
{
	static const uint8_t csync[] = {0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 8};
	struct zone_view *view = s->view;
	struct process_target t;

	foresee_cds(view);
	process_target(view, &t);
	if (!takes_part(view, &t)) /* our own keys at most */
		t.keys = t.cds = 0, t.csync = false, t.complete = true;
	/* Who is taken out sends nobody to itself any more, whatever else it has forgotten. */
	if (!takes_part(view, &t) &&
	    !(view->d.process.kind == MSIG_PROCESS_REMOVE && view->d.process.subject == VIEW_SELF))
		t.ns = 0, t.ns_set = RSET_NONE;
	if (!t.complete)
		return false;
	for (int i = 0; i < view->d.providers; i++)
		if (view->d.provider[i].used)
			contribution(s, &t, i, &o->from[i]);
	/* Who has left names those whom it named last, and not itself: whoever still asks it goes
	 * to them. */
	bool left = !takes_part(view, &t) && (view->listed & BIT(VIEW_SELF)) == 0 &&
		    view->d.agent_ns && t.ns == 0;
	for (int i = 1; i < view->d.providers && left; i++) {
		o->from[i].ns = view->d.want.from[i].ns;
		o->from[i].used |= !rset_empty(o->from[i].ns);
	}
	/* Who manages NS may be another one by what waits to be followed: what is there stays. */
	for (int i = 0; i < view->d.providers && !view->d.agent_ns && view->d.pending.count != 0;
	     i++) {
		o->from[i].ns = view->d.want.from[i].ns;
		o->from[i].used |= !rset_empty(o->from[i].ns);
	}
	/* A joiner shows the group's sets at the step at which the group shows its own. */
	if (t.csync) {
		int id = rpool_get(&view->d.pool, 62, csync, sizeof(csync));
		if (id < 0)
			return false;
		rset_add(&o->from[VIEW_SELF].csync, id);
		o->from[VIEW_SELF].used = true;
	}
	const struct view_version *keys = view_at_signer(view, VIEW_DNSKEY);
	const struct view_version *ns = view_at_signer(view, VIEW_NS);
	const struct view_version *cds = view_at_signer(view, VIEW_CDS);
	if (keys == NULL || ns == NULL)
		return false;
	o->ttl_key = view_own_signer(view)->history[VIEW_DNSKEY].ttl;
	o->ttl_cds =
	    cds != NULL && !cds->absent ? view_own_signer(view)->history[VIEW_CDS].ttl : o->ttl_key;
	o->ttl_ns = view_own_signer(view)->history[VIEW_NS].ttl;
	return true;
}

/* The DS that CDS stand for, as far as they were seen: the same data. Their keys may not be known.
 */
static struct rset
ds_of_cds(const struct zone_view *view, struct rset cds)
{
	struct rset out = RSET_NONE;

	for (int i = rset_next(&cds, 0); i >= 0; i = rset_next(&cds, i + 1)) {
		const knot_rdata_t *r = view->d.pool.at[i].rdata;
		int id = rpool_find(&view->d.pool, 43, r->data, r->len);
		if (id >= 0)
			rset_add(&out, id);
	}
	return out;
}

/* What of a provider the parent has, as far as is known: DS of its keys, and its name servers.
 * After a database was lost, what combinerd was told for it is all that tells what is its. */
static uint8_t
parent_has(const struct zone_view *view, int provider)
{
	const struct view_contribution *c = &view->d.want.from[provider];
	const struct view_statement *st = &view->d.provider[provider].statement;
	struct rset names = rset_or(c->ns, st->ns), keys = rset_or(c->dnskey, st->dnskey);
	struct rset wanted = ds_of_cds(view, c->cds);
	uint8_t has = 0;
	int parents = 0;

	names = rset_minus(names, view_names_of_others(view, provider));
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *ds = view_current(p, VIEW_DS);
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ds == NULL || rset_meets(ds->set, wanted) ||
		    rset_meets(rpool_keys(&view->d.pool, ds->set), keys))
			has |= HAS_KEYS | HAS_CDS;
		/* Where the delegation shows nowhere, the zone's own NS say nothing of it. */
		if (!view_hidden(view) && view_delegates(view, p) &&
		    (ns == NULL || rset_meets(ns->set, names)))
			has |= HAS_NS;
		parents++;
	}
	return parents == 0 ? HAS_ALL : has;
}

/* What the process that runs has taken out of its subject so far. */
static uint8_t
taken_by_process(const struct zone_view *view, int provider)
{
	const struct view_process *run = &view->d.process;
	uint32_t effects = run->kind != 0 && run->subject == provider ? process_effects(view) : 0;

	if ((process_left_behind(view) & BIT(provider)) != 0)
		return HAS_KEYS;
	return (uint8_t)(((effects & EFFECT_KEYS_DEL) != 0 ? HAS_KEYS : 0) |
			 ((effects & EFFECT_CDS_DEL) != 0 ? HAS_CDS : 0) |
			 ((effects & EFFECT_NS_DEL) != 0 ? HAS_NS : 0));
}

/* Has a process taken them out, or are they not in the zone anyway? */
static bool
may_go(const struct zone_view *view, int provider, uint8_t kinds)
{
	struct process_target t;

	if (kinds == 0) /* nothing goes: most of the time */
		return true;
	process_target(view, &t);
	if (!t.cds_shown) /* those of a single signer are its own affair */
		kinds &= (uint8_t)~HAS_CDS;
	kinds &= (uint8_t)~taken_by_process(view, provider);
	if (decide_unnamed_by_voters(view, provider))
		kinds &= (uint8_t)~HAS_NS;
	/* Who does not sign here any more shows nobody's. */
	if (kinds == 0 || (view->d.provider[VIEW_SELF].has & HAS_KEYS) == 0)
		return true;
	return (kinds & (view->d.provider[provider].has | parent_has(view, provider))) == 0;
}

/* The first overlay replaces what somebody put into a delegated zone by hand: until all who are in
 * there are known, it would take their keys out. */
static bool
replaces_all(struct step *s, const struct view_overlay *o, struct rset keys)
{
	struct zone_view *view = s->view;
	const struct view_version *cur = view_at_signer(view, VIEW_DNSKEY);

	for (int i = 0; i < view->d.providers; i++) {
		if (view->d.want.from[i].used)
			return true;
		if (o->from[i].used) /* all of its keys, be they shared or not */
			keys = rset_or(keys, view->d.provider[i].statement.dnskey);
	}
	if (cur == NULL || rset_within(rset_minus(cur->set, view->d.foreign), keys) ||
	    shown_delegated(view, VIEW_SELF) == 0)
		return true;
	step_wait(s, REASON_PEER, REASON_OF_DNSKEY, "signer",
		  "every key in the zone stated by a provider", "keys that nobody states yet", 0);
	return false;
}

static bool
safe_overlay(struct step *s, const struct view_overlay *o)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	struct rset keys = d->own, cds = RSET_NONE, old_cds = RSET_NONE;
	struct safety r = {.ok = true};

	/* Its servers show what another one's signer makes: what combinerd holds here is in no set.
	 */
	if (decide_serves_only(view))
		return true;
	for (int i = 0; i < d->providers; i++) {
		keys = rset_or(keys, o->from[i].dnskey);
		cds = rset_or(cds, o->from[i].cds);
		old_cds = rset_or(old_cds, d->want.from[i].cds);
	}
	if (!replaces_all(s, o, keys))
		return false;
	r = safety_keys(view, keys, s->now);
	struct rset all_cds = cds;
	if (view->config.mode == VIEW_MODE_FOREIGN && /* the signer adds its own */
	    (!rset_empty(cds) || d->provider[VIEW_SELF].member))
		all_cds = rset_or(cds, d->provider[VIEW_SELF].statement.cds);
	if (r.ok && !rset_empty(all_cds) && !rset_equal(cds, old_cds))
		r = safety_ds(view, rpool_keys(&d->pool, all_cds), s->now);
	if (r.ok)
		return true;
	static const char expected[] = "an overlay that is safe with every cached set";
	if (r.until == VIEW_NEVER) {
		step_blocked(s, r.object, r.place, expected, r.text,
			     "find out what that server serves; the overlay stays as it is");
		return false;
	}
	step_wait(s, REASON_UNTIL, r.object, r.place, expected, r.text, r.until);
	step_wake(s, r.until);
	return false;
}

void
decide_unsafe_names(struct step *s, const struct safety *r)
{
	bool known = r->until != VIEW_NEVER;

	step_wait(s, known ? REASON_UNTIL : REASON_PEER, REASON_OF_NS, r->place,
		  "new name servers that are safe with every cached set", r->text,
		  known ? r->until : 0);
	if (known)
		step_wake(s, r->until);
}

/* Name servers that nobody named before are named only if that is safe; until then the NS stay as
 * they are, and the other sets go on. */
static void
naming(struct step *s, struct view_overlay *o)
{
	struct zone_view *view = s->view;
	struct rset old = RSET_NONE, new = RSET_NONE;

	for (int i = 0; i < view->d.providers; i++) {
		old = rset_or(old, view->d.want.from[i].ns);
		new = rset_or(new, o->from[i].ns);
	}
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_SERVER && p->named != 0)
			old = rset_or(old, p->ns);
	}
	new = rset_minus(new, old);
	if (rset_empty(new))
		return;
	struct safety r = safety_naming(view, new, s->now);
	if (r.ok)
		return;
	decide_unsafe_names(s, &r);
	for (int i = 0; i < view->d.providers; i++) {
		struct view_contribution *c = &o->from[i];
		c->ns = view->d.want.from[i].ns;
		c->used = holds_anything(c);
	}
}

/* Who is OFF and is named is in with that, and leaves as others do: at rest, and for whoever asks
 * for what goes on. The others follow him in what he shows. */
static bool
named_still(const struct zone_view *view, int provider, uint8_t kinds)
{
	const struct view_provider *p = &view->d.provider[provider];

	return kinds == HAS_NS && (p->has & HAS_NS) == 0 && p->statement.known &&
	       (view->d.process.kind == 0 ||
		(view->d.process.requestor == VIEW_SELF && view->d.process.subject != provider)) &&
	       ((view->listed | view->designated) & BIT(provider)) == 0;
}

/* What a provider states no more goes with the step that takes it out: until then it stays, and the
 * other sets go on. */
static void
keep_lost(struct step *s, struct view_overlay *o)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	for (int i = 1; i < view->d.providers && !MUTANT(SHRINK); i++) {
		struct view_contribution *c = &o->from[i], had = d->want.from[i];
		if (!d->agent_ns) /* the owner took them over */
			had.ns = RSET_NONE;
		uint8_t kinds = lost(&had, c);
		kinds &= (uint8_t)~taken_by_process(view, i);
		if (may_go(view, i, kinds)) /* what is left of it tells whose the rest is */
			continue;
		if (kinds & HAS_KEYS)
			c->dnskey = had.dnskey;
		if (kinds & HAS_CDS) {
			c->cds = had.cds;
			c->cdnskey = had.cdnskey;
		}
		if (kinds & HAS_NS)
			c->ns = had.ns;
		c->used = true;
		if (named_still(view, i, kinds)) {
			d->provider[i].has |= HAS_NS;
			d->provider[i].contributed = view->persist = true;
			step_journal(s, "%s is OFF, and named by the parent and by combinerd",
				     d->provider[i].identity);
			continue;
		}
		step_blocked(s, REASON_OF_OVERLAY, d->provider[i].identity,
			     "no fewer providers than before", "no process takes this one away",
			     "find out why it states nothing any more");
	}
}

/* An overlay that has to wait as a whole, for it is not safe yet: name servers that go need not
 * wait. Often it is they whom it waits for: as long as one is named, it has to verify what others
 * show. */
static bool
names_that_go(const struct zone_view *view, struct view_overlay *o)
{
	bool more = false;

	for (int i = 0; i < view->d.providers; i++) {
		struct rset kept = rset_and(o->from[i].ns, view->d.want.from[i].ns);

		more |= !rset_equal(kept, view->d.want.from[i].ns);
		o->from[i] = view->d.want.from[i];
		o->from[i].ns = kept;
		o->from[i].used = holds_anything(&o->from[i]);
	}
	o->ttl_key = view->d.want.ttl_key;
	o->ttl_cds = view->d.want.ttl_cds;
	o->ttl_ns = view->d.want.ttl_ns;
	return more;
}

void
decide_want(struct step *s, const struct view_overlay *o)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	for (int i = 0; i < d->providers; i++) {
		d->shrink |= lost(&d->want.from[i], &o->from[i]) != 0;
		if (!rset_equal(d->want.from[i].dnskey, o->from[i].dnskey))
			d->keys_since = s->now;
	}
	d->want = *o;
	d->want.epoch = d->epoch;
	d->want.counter = ++d->counter;
	for (int i = 1; i < d->providers; i++)
		d->foreign = rset_or(d->foreign, rset_minus(o->from[i].dnskey, d->own));
	view->applying = 0;
	view->apply_rcode = 0;
	view->persist = true;
}

/* Says it to combinerd until it has it. */
void
decide_apply(struct step *s)
{
	struct zone_view *view = s->view;
	const struct durable *d = &view->d;

	if (d->want.epoch == d->applied_epoch && d->want.counter == d->applied_counter)
		return;
	int64_t again = view->config.times.resend * (view->apply_rcode != 0 ? 4 : 1);
	if (step_due(s, view->applying, again)) {
		if (step_action(s, ACT_APPLY) == NULL)
			return;
		view->applying = s->now;
		step_wake(s, s->now + again);
	}
	refused(s);
}

void
decide_overlay(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	struct view_overlay o = {0};
	bool same = true;

	if (step_frozen(view) || (!d->begun && view->config.mode == VIEW_MODE_FOREIGN))
		return;
	if (!wanted_overlay(s, &o))
		return;
	/* Before it is known what we are, a signer whose records all come from here gets its own
	 * keys; all else that combinerd holds stays. */
	struct view_contribution own = o.from[VIEW_SELF];
	for (int i = 0; i < d->providers && !d->begun; i++)
		o.from[i] = d->want.from[i];
	if (!d->begun) {
		o.from[VIEW_SELF].dnskey = own.dnskey;
		o.from[VIEW_SELF].used |= own.used;
	}
	keep_lost(s, &o);
	naming(s, &o);
	for (int i = 0; i < d->providers; i++)
		same &= same_contribution(&o.from[i], &d->want.from[i]);
	same &= same_ttls(&o, &d->want);
	if (!same && (safe_overlay(s, &o) || names_that_go(view, &o)))
		decide_want(s, &o);
	decide_apply(s);
}
