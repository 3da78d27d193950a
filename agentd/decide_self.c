/*
 * What we are and have, as we state it, and who has to hear it.
 */
#include <string.h>

#include "agentd/decide_int.h"
#include "agentd/lead.h"
#include "agentd/process.h"
#include "agentd/step.h"

bool
decide_signs_beside(const struct zone_view *view)
{
	const struct view_version *keys = view_at_signer(view, VIEW_DNSKEY);
	struct rset held = RSET_NONE, stated = RSET_NONE;

	for (int i = 1; i < view->d.providers; i++) {
		struct rset of = view->d.want.from[i].dnskey;
		held = rset_or(held, of);
		if (rset_meets(of, view->d.provider[i].statement.dnskey))
			stated = rset_or(stated, view->d.provider[i].statement.dnskey);
	}
	struct rset others =
	    rset_minus(rset_or(held, stated), rset_or(view->d.own, decide_stored_keys(view)));
	return !rset_empty(held) && (keys == NULL || !rset_meets(keys->signers, others));
}

/* Are we to serve the zone without signing it? Whoever has begun knows what is in; before that
 * combinerd does, whatever HSYNC says by now. */
bool
decide_serves_only(const struct zone_view *view)
{
	const struct view_hsync_entry *e = decide_listed(view, VIEW_SELF);
	const struct view_process *run = &view->d.process;
	bool adds = run->kind == MSIG_PROCESS_ADD && run->subject == VIEW_SELF &&
		    (process_effects(view) & EFFECT_KEYS_ADD) != 0;
	return e != NULL && !e->sign && !adds &&
	       (view->d.provider[VIEW_SELF].has & HAS_KEYS) == 0 &&
	       (view->d.begun || !decide_signs_beside(view));
}

void
decide_state_self(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	struct view_statement *old = &d->provider[VIEW_SELF].statement;
	const struct view_process *run = &d->process;
	struct view_statement new = *old;

	if (d->hsync.count == 0 || d->rebuild)
		return;
	/* Nothing said before to go on from: what the store has and the zone does not show yet
	 * would be missing, and peers would take it out. */
	if (!old->known && view->config.driver && !view->store_known && !decide_serves_only(view)) {
		step_wait(s, REASON_HOME, REASON_OF_KEY, "signer", "the keys in its key store",
			  view->store_why[0] != 0 ? view->store_why : "not known yet", 0);
		return;
	}
	const struct view_version *keys = view_at_signer(view, VIEW_DNSKEY);
	if (keys != NULL && !keys->absent && !rset_empty(rset_and(d->own, keys->signers))) {
		new.dnskey = d->own;
		struct rset sep = decide_intended(view, d->own);
		new.cds = new.cdnskey = RSET_NONE;
		for (int i = rset_next(&sep, 0); i >= 0; i = rset_next(&sep, i + 1)) {
			int c = rpool_of_key(&d->pool, i, 59), k = rpool_of_key(&d->pool, i, 60);
			if (c < 0 || k < 0)
				return;
			rset_add(&new.cds, c);
			rset_add(&new.cdnskey, k);
		}
	}
	if (decide_serves_only(view)) {
		new.dnskey = new.cds = new.cdnskey = RSET_NONE;
	} else if (rset_empty(new.dnskey)) {
		step_wait(s, REASON_HOME, REASON_OF_DNSKEY, "signer", "the own keys, signing",
			  "not seen yet", 0);
		return;
	}
	new.ns = view->config.ns;
	new.share = view->config.share;
	lead_wish(view, &new);
	new.standing =
	    d->provider[VIEW_SELF].has | (d->provider[VIEW_SELF].member ? MSIG_STANDING_MEMBER : 0);
	memcpy(new.hsync, d->hsync.digest, sizeof(new.hsync));
	memcpy(new.generation, d->generation, sizeof(new.generation));
	new.process = 0;
	new.step = d->provider[VIEW_SELF].member ? 7 : 0;
	new.process_epoch = d->epoch;
	if (run->kind != 0 && run->executed) {
		new.process = run->kind;
		new.step = run->phase == PHASE_DONE ? run->step : run->step > 0 ? run->step - 1 : 0;
		new.process_epoch = run->epoch;
	}
	new.known = true;
	bool same = rset_equal(old->dnskey, new.dnskey) && rset_equal(old->cds, new.cds) &&
		    rset_equal(old->cdnskey, new.cdnskey) && rset_equal(old->ns, new.ns);
	if (old->known && view_same_statement(old, &new))
		return;
	new.epoch = d->epoch;
	new.counter = ++d->counter;
	if (!old->known || !same || old->share != new.share) {
		d->content_epoch = new.epoch;
		d->content_counter = new.counter;
	}
	new.received = s->now;
	*old = new;
	view->persist = true;
}

void
decide_tell_peers(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_statement *own = &view->d.provider[VIEW_SELF].statement;

	for (int i = 1; i < view->d.providers; i++) {
		struct view_provider *p = &view->d.provider[i];
		if (p->used && p->refused[0] != 0)
			step_blocked(s, REASON_OF_STATEMENT, p->identity,
				     "a statement of its own records", p->refused,
				     "that provider corrects what its agent states");
		if (!p->used || !p->ready)
			continue;
		if (view_states(view) && p->told != own->counter) {
			struct action *a = step_action(s, ACT_STATE);
			if (a == NULL)
				return;
			a->provider = i;
			p->told = own->counter;
		}
		const struct view_hsync_entry *e = decide_listed(view, i);
		bool wanted = (e != NULL && e->on) || p->has != 0;
		/* What a provider that is OFF has in the zone only itself can tell. */
		int64_t every =
		    wanted || p->stale ? view->config.times.resend : view->config.times.ask_slow;
		if ((p->stale || (e != NULL && !p->statement.known)) &&
		    step_due(s, p->pulled, every)) {
			struct action *a = step_action(s, ACT_PULL);
			if (a == NULL)
				return;
			a->provider = i;
			p->pulled = s->now;
			step_wake(s, s->now + every);
		}
	}
}
