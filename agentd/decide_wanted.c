/*
 * The overlay as it ought to be now, by the step of the process that runs, whatever is safe.
 */
#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/mutant.h"
#include "agentd/process.h"

/* Not shown any more, or not to be after all, and signs yet. */
static bool
signs_unseen(const struct zone_view *view, const struct view_key *key)
{
	return key->state == MSIG_KEY_STATE_POST ||
	       (key->state == MSIG_KEY_STATE_SIGNING &&
		view->d.process.kind == MSIG_PROCESS_ALGORITHM);
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
		for (int o = 0; o < s->view->keys; o++)
			known |= s->view->key[o].algorithm == d->pool.at[k].alg &&
				 signs_unseen(s->view, &s->view->key[o]);
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

bool
decide_holds_anything(const struct view_contribution *c)
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
	c->used = decide_holds_anything(c);
}

/* Is it our turn to show what is not ours? A joiner does with the step at which the group shows its
 * keys; who has left, or only serves, never. */
static bool
takes_part(const struct zone_view *view, const struct process_target *t)
{
	return (t->keys & BIT(VIEW_SELF)) != 0;
}

/* Before it asks to join it shows the keys of the members at home, where nobody is sent yet: a
 * signer that would drop them is found out by that. Returns whose, a bit each. */
static uint32_t
tried_keys(const struct zone_view *view, const struct process_target *t)
{
	uint32_t members = t->keys & ~BIT(VIEW_SELF);
	int other;

	if (!agree_to_sign(view, VIEW_SELF) || !t->complete ||
	    agree_keytag_collision(view, &other) >= 0)
		return 0;
	for (int i = 1; i < view->d.providers; i++)
		if (!agree_same_algorithms(view, VIEW_SELF, i))
			members &= ~BIT(i);
	return members;
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
bool
decide_wanted(struct step *s, struct view_overlay *o)
{
	struct zone_view *view = s->view;
	struct process_target t;

	foresee_cds(view);
	process_target(view, &t);
	bool part = takes_part(view, &t);
	if (!part)
		t.keys = tried_keys(view, &t), t.cds = 0, t.csync = false, t.complete = true;
	/* Who is taken out sends nobody to itself any more, whatever else it has forgotten, or
	 * never heard: that stays as it is. */
	bool goes =
	    view->d.process.kind == MSIG_PROCESS_REMOVE && view->d.process.subject == VIEW_SELF;
	if (!part && !goes)
		t.ns = 0, t.ns_set = RSET_NONE;
	if (!t.complete && !goes)
		return false;
	for (int i = 0; i < view->d.providers; i++)
		if (goes && !view->d.provider[i].statement.known)
			o->from[i] = view->d.want.from[i];
		else if (view->d.provider[i].used)
			contribution(s, &t, i, &o->from[i]);
	/* Who has left names those whom it named last, and not itself: whoever still asks it goes
	 * to them. When it is to join again, those of them who are in. */
	bool left = !part && view->d.agent_ns && t.ns == 0;
	bool out = (view->listed & BIT(VIEW_SELF)) == 0;
	for (int i = 1; i < view->d.providers && left; i++) {
		if (!out && (view->d.provider[i].has & HAS_NS) == 0)
			continue;
		o->from[i].ns = view->d.want.from[i].ns;
		o->from[i].used |= !rset_empty(o->from[i].ns);
	}
	/* Who manages NS may be another one by what waits to be followed: what is there stays. */
	bool other = view->d.pending.count != 0 &&
		     (!view->d.agent_ns || !decide_all_agent(&view->d.pending));
	for (int i = 0; i < view->d.providers && other; i++) {
		o->from[i].ns = view->d.want.from[i].ns;
		o->from[i].used |= !rset_empty(o->from[i].ns);
	}
	/* A joiner shows the group's sets at the step at which the group shows its own. */
	if (t.csync) {
		int id = process_csync_get(&view->d.pool);
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
