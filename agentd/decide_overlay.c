/*
 * What combinerd shall hold, as far as that is safe, and that it is told.
 */
#include <string.h>

#include "agentd/decide_int.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/safety.h"
#include "agentd/shown.h"

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
	const uint8_t keys_in = HAS_KEYS | HAS_CDS, in = view->d.provider[provider].has;
	bool stays = (view->designated >> provider & 1) != 0;
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
		/* Where the delegation shows nowhere, the zone's own NS say nothing of it. Of who
		 * is to stay, and of whom no more is known than keys, combinerd knows best; but not
		 * better than whoever conducts what goes on. */
		if (view_hidden(view) && stays && (in == keys_in || !st->known) &&
		    !shown_dropped(view, provider))
			has |= HAS_NS;
		if (!view_hidden(view) && view_delegates(view, p) &&
		    (ns == NULL || rset_meets(ns->set, names)))
			has |= HAS_NS;
		parents++;
	}
	return parents == 0 || !view->parent_known ? HAS_ALL : has;
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
	bool goes = ((view->listed | view->designated) >> provider & 1) == 0;
	if (decide_unnamed_by_voters(view, provider) || (goes && shown_dropped(view, provider)))
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
	if (decide_serves_only(view) && !decide_signs_beside(view))
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

/* Whom the parent names, or a server that is named and is not its own: who names itself, to those
 * who know no better, leads nobody new to it. */
static struct rset
named_by_others(const struct zone_view *view)
{
	struct rset names = RSET_NONE;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind == PLACE_SIGNER ||
		    (p->kind == PLACE_SERVER && p->named == 0))
			continue;
		const struct view_version *v = view_current(p, VIEW_NS);
		int provider = view_place_provider(view, p);
		struct rset own = provider >= 0 ? *view_names(view, provider) : RSET_NONE;
		if (v != NULL)
			names = rset_or(names, rset_minus(v->set, own));
	}
	return names;
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
	new = rset_minus(rset_minus(new, old), named_by_others(view));
	if (rset_empty(new))
		return;
	struct safety r = safety_naming(view, new, s->now);
	if (r.ok)
		return;
	decide_unsafe_names(s, &r);
	for (int i = 0; i < view->d.providers; i++) {
		struct view_contribution *c = &o->from[i];
		c->ns = view->d.want.from[i].ns;
		c->used = decide_holds_anything(c);
	}
}

/* Who is OFF and is named is in with that, and leaves as others do. For whoever asks for what goes
 * on anybody who is named is in: the others follow him in what he shows. */
static bool
named_still(const struct zone_view *view, int provider, uint8_t kinds)
{
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_process *run = &view->d.process;
	bool off = ((view->listed | view->designated) & BIT(provider)) == 0;
	bool asks = run->kind != 0 && run->requestor == VIEW_SELF && run->subject != provider;

	return kinds == HAS_NS && (p->has & HAS_NS) == 0 && p->statement.known &&
	       (off ? run->kind == 0 || asks : asks && run->executed && view->parent_known);
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
		uint8_t kinds = decide_lost(&had, c);
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
			step_journal(s, "%s is named by the parent and by combinerd",
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
	const struct view_version *shown = view_at_signer(view, VIEW_NS);
	struct rset old = RSET_NONE, new = RSET_NONE;
	bool first = true;

	for (int i = 0; i < view->d.providers; i++) {
		old = rset_or(old, view->d.want.from[i].ns);
		first &= !view->d.want.from[i].used;
	}
	bool owners = rset_empty(old); /* those of the owner's zone are shown */
	if (owners && !first && shown != NULL)
		old = shown->set;
	for (int i = 0; i < view->d.providers; i++) {
		struct rset kept = rset_and(o->from[i].ns, old);

		new = rset_or(new, kept);
		o->from[i] = view->d.want.from[i];
		o->from[i].ns = kept;
		o->from[i].used = decide_holds_anything(&o->from[i]);
	}
	o->ttl_key = view->d.want.ttl_key;
	o->ttl_cds = view->d.want.ttl_cds;
	if (!owners)
		o->ttl_ns = view->d.want.ttl_ns;
	return !rset_equal(new, old) && !(owners && rset_empty(new));
}

void
decide_want(struct step *s, const struct view_overlay *o)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	for (int i = 0; i < d->providers; i++) {
		d->shrink |= decide_lost(&d->want.from[i], &o->from[i]) != 0;
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
	decide_refused(s);
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
	if (!decide_wanted(s, &o))
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
