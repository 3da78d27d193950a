/*
 * Which of the keys in the signer's zone are ours, and for which of them DS shall stand at the
 * parent.
 */
#include <stdio.h>

#include "agentd/decide_int.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/safety.h"
#include "agentd/step.h"
#include "libmsig/key.h"

struct rset
decide_stored_keys(const struct zone_view *view)
{
	if (view->config.driver && view->store_known)
		return rset_minus(roll_published(view), view->d.foreign);
	return view->config.own;
}

/* Does the parent name nobody's servers but those of providers that are known? Whoever is named has
 * keys in the zone, though HSYNC may say OFF for it. */
static bool
no_strangers(const struct zone_view *view)
{
	struct rset names = rset_or(view->config.ns, view_names_of_others(view, VIEW_SELF));

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !view_delegates(view, p))
			continue;
		const struct view_version *v = view_current(p, VIEW_NS);
		if (v == NULL || !rset_within(v->set, names))
			return false;
	}
	return view->parent_known;
}

/* Keys of which nobody knows whose they are: since a database in doubt was confirmed, or because
 * the signer does not drop them. */
static void
unclaimed_keys(struct step *s, const struct view_version *keys, struct rset known)
{
	struct zone_view *view = s->view;
	const struct durable *d = &view->d;
	struct rset left = rset_minus(rset_minus(keys->set, known), d->own);
	char seen[REASON_TEXT];

	if (rset_empty(left) || !d->provider[VIEW_SELF].member ||
	    d->want.epoch != d->applied_epoch || d->want.counter != d->applied_counter ||
	    !step_due(s, keys->first, view->config.times.alarm_after))
		return;
	/* A copy of the zone, or a cache, may need one of them yet. */
	struct safety r = safety_keys(view, rset_minus(keys->set, left), s->now);
	if (!r.ok) {
		step_wait(s, r.until != VIEW_NEVER ? REASON_UNTIL : REASON_PEER, REASON_OF_DNSKEY,
			  "signer", "keys that no provider states used by nobody", r.text,
			  r.until != VIEW_NEVER ? r.until : 0);
		if (r.until != VIEW_NEVER)
			step_wake(s, r.until);
		return;
	}
	snprintf(seen, sizeof(seen), "%d that no provider states, the first with tag %u",
		 rset_count(left), d->pool.at[rset_next(&left, 0)].tag);
	step_blocked(s, REASON_OF_DNSKEY, "signer", "no other keys than those of the providers",
		     seen, "take them out of this signer, or let them sign if they are its own");
}

/* What the own key store has, and nobody claims, was taken for foreign in doubt only. */
static void
not_foreign(struct zone_view *view)
{
	struct durable *d = &view->d;
	struct rset mine = rset_and(d->foreign, roll_published(view));

	if (!view->config.driver || !view->store_known || rset_empty(mine))
		return;
	for (int i = 1; i < d->providers; i++)
		mine = rset_minus(
		    mine, rset_or(d->provider[i].statement.dnskey,
				  rset_or(rset_or(d->want.from[i].dnskey, view->held[i].dnskey),
					  d->applied.from[i].dnskey)));
	if (rset_empty(mine))
		return;
	d->foreign = rset_minus(d->foreign, mine);
	view->persist = true;
}

/* Who is not to sign may show a copy by now, and in it a new key of somebody whose keys combinerd
 * holds, and who has not said what is his since our database was confirmed. -1: nobody. */
static int
unheard_signer(const struct zone_view *view)
{
	const struct view_hsync_entry *e = decide_listed(view, VIEW_SELF);

	for (int i = 1; i < view->d.providers && !view->d.begun && e != NULL && !e->sign; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (p->used && !p->expelled && !rset_empty(view->d.want.from[i].dnskey) &&
		    (!p->statement.known || p->stale))
			return i;
	}
	return -1;
}

/* A key in the signer's zone is ours if nobody else says it is his, and it signs there, or all are
 * known. What once came from the overlay never is. */
void
decide_own_keys(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	const struct view_version *keys = view_at_signer(view, VIEW_DNSKEY);
	const struct view_version *soa = view_at_signer(view, VIEW_SOA);
	not_foreign(view);
	struct rset store = decide_stored_keys(view);
	if (decide_serves_only(view)) { /* all that its servers show is another's */
		if (!rset_empty(d->own)) {
			d->own = RSET_NONE;
			view->persist = true;
		}
		return;
	}
	if (view->config.mode == VIEW_MODE_ALL && view->store_known) {
		/* What the overlay says proves nothing: the key store is the only authority. */
		if (!rset_equal(d->own, store)) {
			d->own = store;
			view->persist = true;
		}
		return;
	}
	if (!rset_within(store, d->own)) {
		d->own = rset_or(d->own, store);
		view->persist = true;
	}
	if (keys == NULL || soa == NULL || keys->absent)
		return;
	/* Before it is known who the others are and what combinerd feeds in for them, a peer's key
	 * would be taken for our own, and for good. */
	if (d->hsync.count == 0 || !view->overlay_known)
		return;

	/* What combinerd feeds in is known, and foreign. */
	struct rset claimed = RSET_NONE, fed = RSET_NONE,
		    signs = rset_or(keys->signers, soa->signers);
	bool all_known = no_strangers(view) && !d->rebuild;
	for (int i = 0; i < d->hsync.count; i++) {
		int p = view_provider_find(view, d->hsync.entry[i].identity);
		if (p > VIEW_SELF && d->hsync.entry[i].on && d->hsync.entry[i].sign)
			all_known &= d->provider[p].statement.known;
	}
	for (int i = 1; i < d->providers; i++)
		if (d->provider[i].used) {
			claimed = rset_or(claimed, d->provider[i].statement.dnskey);
			fed = rset_or(fed,
				      rset_or(d->want.from[i].dnskey, d->applied.from[i].dnskey));
		}
	struct rset own = rset_and(d->own, keys->set);
	/* Who confirmed a database in doubt took for foreign what did not sign: whose key makes
	 * valid signatures here, and is nobody's, is ours. */
	struct rset mine = rset_minus(rset_minus(rset_and(d->foreign, signs), claimed), fed);
	if (!rset_empty(mine) && all_known) {
		d->foreign = rset_minus(d->foreign, mine);
		view->persist = true;
	}
	struct rset new = rset_minus(rset_minus(keys->set, d->own), d->foreign);
	struct rset makes = rset_minus(rset_and(new, signs), claimed);
	int other = unheard_signer(view);
	if (other < 0)
		own = rset_or(own, makes);
	else if (!rset_empty(makes))
		step_wait(s, REASON_PEER, REASON_OF_STATEMENT, d->provider[other].identity,
			  "which keys are its own", "not stated since this database was confirmed",
			  0);
	if (all_known && other < 0)
		own = rset_or(own, rset_minus(new, claimed));
	own = rset_or(own, store);
	if (!rset_equal(own, d->own)) {
		d->own = own;
		view->persist = true;
	}
	/* Who is not to sign any more has its servers show such a copy, and its keys are in it yet.
	 */
	const struct view_hsync_entry *e = decide_listed(view, VIEW_SELF);
	bool is_to_sign = e == NULL || e->sign;
	if (is_to_sign && rset_meets(rset_and(new, claimed), signs))
		step_blocked(s, REASON_OF_DNSKEY, "signer", "signatures by own keys only",
			     "a key that another provider states signs here: a copy of its zone",
			     "have the own signer sign the zone that combinerd serves");
	else if (is_to_sign && rset_meets(rset_and(d->foreign, keys->set), signs))
		step_blocked(s, REASON_OF_DNSKEY, "signer", "signatures by own keys only",
			     "a key that came from a peer signs here",
			     "find out how that key came into this signer");
	unclaimed_keys(s, keys, rset_or(claimed, fed));
}

/* Keys of an algorithm that goes: a rollover to it was turned round, and ended before they left.
 * CDS of two algorithms want a chain of both everywhere. */
static struct rset
of_a_past_algorithm(const struct zone_view *view)
{
	struct rset past = RSET_NONE;
	bool used[256] = {false};

	for (int i = 0; i < view->keys; i++)
		used[view->key[i].algorithm] |= view->key[i].role != MSIG_KEY_ROLE_ZSK &&
						view->key[i].state == MSIG_KEY_STATE_ACTIVE;
	for (int i = 0; i < view->keys; i++)
		if (view->key[i].state == MSIG_KEY_STATE_RETIRED && !used[view->key[i].algorithm])
			rset_add(&past, view->key[i].rr);
	return past;
}

/* The keys whose DS shall stand at the parent: what the signer itself says with CDS, or its SEP
 * keys that sign. */
struct rset
decide_intended(const struct zone_view *view, struct rset own)
{
	const struct view_version *keys = view_at_signer(view, VIEW_DNSKEY);
	const struct view_version *cds = view_at_signer(view, VIEW_CDS);
	struct rset sep = rset_and(rset_and(own, keys->signers), view->d.pool.sep);

	if (view->config.mode == VIEW_MODE_FOREIGN && cds != NULL && !cds->absent) {
		struct rset said = rset_and(rpool_keys(&view->d.pool, cds->set), own);
		if (!rset_empty(said))
			return said;
	}
	/* The overlay says it for the signer: what is in use there, by the step of the rollover. */
	const struct view_process *run = &view->d.process;
	const struct view_statement *said = &view->d.provider[VIEW_SELF].statement;
	sep = rset_minus(sep, view->d.orphans);
	if (view->config.driver && !view->store_known && said->known)
		return rset_and(rpool_keys(&view->d.pool, said->cds), own);
	uint8_t coming = roll_coming(view);
	bool back = run->kind == MSIG_PROCESS_ALGORITHM && process_rolls(view) &&
		    process_executed(view) >= 0 && run->algorithm != coming;
	if (coming != 0 && !back && roll_goes_over(view, coming))
		return rpool_of_algorithm(&view->d.pool, sep, coming);
	struct rset all = sep;
	for (int i = 0; i < view->keys && view->config.driver; i++)
		if (view->key[i].state == MSIG_KEY_STATE_PUBLISHED)
			rset_del(&sep, view->key[i].rr);
	if (process_rolls(view)) {
		int step = process_executed(view);
		enum process_cds which = step < 0      ? CDS_OLD
					 : run->turned ? CDS_NEW
						       : process_rule(run->kind)->step[step].cds;
		if (which == CDS_OLD)
			sep = rset_minus(sep, run->fresh);
		else if (which == CDS_NEW)
			sep = rset_minus(sep, run->old);
		if (rset_empty(sep)) /* the new one is not ready yet */
			sep = rset_minus(all, run->fresh);
	} else {
		if (coming != 0) /* a rollover to it ended before the CDS changed */
			sep = rset_minus(sep, rpool_of_algorithm(&view->d.pool, sep, coming));
		struct rset stay = rset_minus(sep, of_a_past_algorithm(view));
		sep = rset_empty(stay) ? sep : stay;
	}
	return sep;
}
