/*
 * Which keys a rollover of the own signer is about: which come, and which go.
 */
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/roll_int.h"
#include "agentd/safety.h"
#include "libmsig/key.h"

static const uint8_t roles[] = {MSIG_KEY_ROLE_ZSK, MSIG_KEY_ROLE_KSK, MSIG_KEY_ROLE_CSK};

static bool
collides(const struct zone_view *view, int rr)
{
	const struct rpool *pool = &view->d.pool;
	struct rset all = rset_or(view->d.own, view->d.foreign);

	for (int i = 0; i < view->d.providers; i++)
		if (view->d.provider[i].used)
			all = rset_or(all, view->d.provider[i].statement.dnskey);
	for (int i = 0; i < view->keys; i++)
		if (view->key[i].state != MSIG_KEY_STATE_REMOVED)
			rset_add(&all, view->key[i].rr);
	for (int i = rset_next(&all, 0); i >= 0; i = rset_next(&all, i + 1))
		if (i != rr && rr_tags_clash(&pool->at[i], &pool->at[rr]))
			return true;
	return false;
}

static uint8_t
algorithm_of(const struct zone_view *view, uint8_t role)
{
	const struct view_process *run = &view->d.process;
	if (run->kind == MSIG_PROCESS_ALGORITHM)
		return run->algorithm;
	for (int i = rset_next(&run->old, 0); i >= 0; i = rset_next(&run->old, i + 1)) {
		const struct view_key *k = roll_key(view, i);
		if (k != NULL && k->role == role)
			return k->algorithm;
	}
	for (int i = 0; i < view->keys; i++) /* it went already */
		if (view->key[i].role == role && roll_in_use(&view->key[i]))
			return view->key[i].algorithm;
	return 0;
}

/* A key that was published and never used is left of a rollover that was ended: it is the new one
 * now, and further ones go with the old. */
static void
leftovers(struct zone_view *view, uint8_t role)
{
	struct view_process *run = &view->d.process;
	uint8_t algorithm = algorithm_of(view, role);
	bool taken = false;

	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (k->role != role || k->algorithm != algorithm ||
		    k->state != MSIG_KEY_STATE_PUBLISHED || rset_has(&view->d.orphans, k->rr))
			continue;
		rset_add(taken ? &run->old : &run->fresh, k->rr);
		taken = true;
	}
}

/* What rolls, and what goes: once, when the process begins here. */
static bool
choose(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;
	bool ksk = false;

	for (int i = 0; i < view->keys; i++)
		ksk |= roll_in_use(&view->key[i]) && view->key[i].role == MSIG_KEY_ROLE_KSK;
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		bool rolls = run->kind == MSIG_PROCESS_ALGORITHM ? k->algorithm != run->algorithm
			     : run->kind == MSIG_PROCESS_ZSK     ? k->role == MSIG_KEY_ROLE_ZSK
			     : ksk                               ? k->role == MSIG_KEY_ROLE_KSK
								 : k->role == MSIG_KEY_ROLE_CSK;
		/* An algorithm goes as a whole, what was never used of it as well. */
		bool goes =
		    run->kind == MSIG_PROCESS_ALGORITHM
			? k->state != MSIG_KEY_STATE_MADE && k->state != MSIG_KEY_STATE_REMOVED
			: roll_in_use(k);
		if (!goes)
			continue;
		if (rolls)
			rset_add(&run->old, k->rr);
		else if (run->kind != MSIG_PROCESS_ALGORITHM)
			continue;
		run->roles |= (uint8_t)BIT(k->role);
	}
	if (run->roles == 0) {
		step_blocked(s, REASON_OF_KEY, "signer", "a key to roll",
			     run->kind == MSIG_PROCESS_ZSK ? "no ZSK is active" : "none is active",
			     run->kind == MSIG_PROCESS_ZSK
				 ? "abort; a signer with a CSK rolls that: roll csk"
				 : "abort, and see what keys the signer has");
		return false;
	}
	for (size_t i = 0; i < sizeof(roles) && run->kind != MSIG_PROCESS_ALGORITHM; i++)
		if ((run->roles & BIT(roles[i])) != 0)
			leftovers(view, roles[i]);
	view->persist = true;
	return true;
}

/* Are all that were to go gone, before anything new is there? An earlier state of this database
 * began with them. */
static bool
chosen_in_vain(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	bool there = run->kind == MSIG_PROCESS_ALGORITHM || process_executed(view) > 0;

	for (int i = 0; i < view->keys; i++)
		there |= view->key[i].state != MSIG_KEY_STATE_REMOVED &&
			 (rset_has(&run->old, view->key[i].rr) ||
			  rset_has(&run->fresh, view->key[i].rr));
	return !there;
}

/* How far a key has come. While one is READY, CDS name it alone, whatever else is ACTIVE. */
static int
brought(const struct view_key *k)
{
	return k->state == MSIG_KEY_STATE_READY ? MSIG_KEY_STATE_ACTIVE + 1 : k->state;
}

/* A key that can be the new one: it was made and never used; where an algorithm comes, the one that
 * an earlier rollover to it has brought furthest. NULL: none. */
static const struct view_key *
candidate(const struct zone_view *view, const struct view_key *like)
{
	uint8_t most = view->d.process.kind == MSIG_PROCESS_ALGORITHM ? MSIG_KEY_STATE_ACTIVE
								      : MSIG_KEY_STATE_MADE;
	const struct view_key *best = NULL;

	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (k->role == like->role && k->algorithm == like->algorithm && k->state <= most &&
		    !rset_has(&view->d.orphans, k->rr) &&
		    (best == NULL || brought(k) > brought(best)))
			best = k;
	}
	return best;
}

/* The store is in a later rollover than an older database knows of: what that took for the new key
 * is in use, and another one is READY. That one goes on. */
static void
go_on_with_ready(struct zone_view *view, uint8_t role)
{
	struct view_process *run = &view->d.process;
	struct rset known = rset_or(rset_or(run->fresh, run->old), view->d.orphans);

	for (int i = 0; i < view->keys && run->kind == MSIG_PROCESS_KSK; i++) {
		const struct view_key *k = &view->key[i];
		if (k->role != role || k->state != MSIG_KEY_STATE_READY || rset_has(&known, k->rr))
			continue;
		for (int f = rset_next(&run->fresh, 0); f >= 0; f = rset_next(&run->fresh, f + 1)) {
			const struct view_key *was = roll_key(view, f);
			if (was == NULL || was->role != role || was->algorithm != k->algorithm ||
			    was->state < MSIG_KEY_STATE_ACTIVE)
				continue;
			rset_del(&run->fresh, f);
			rset_add(&run->old, f);
			rset_add(&run->fresh, k->rr);
			view->persist = true;
		}
	}
}

/* The new key of a role: one that was made already, or a newly made one. true: there is one. */
static bool
fresh_key(struct step *s, uint8_t role)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;
	struct view_key like = {.role = role, .algorithm = algorithm_of(view, role)};

	go_on_with_ready(view, role);
	for (int i = rset_next(&run->fresh, 0); i >= 0; i = rset_next(&run->fresh, i + 1)) {
		const struct view_key *k = roll_key(view, i);
		bool past = k != NULL && k->state > MSIG_KEY_STATE_ACTIVE;
		if (k != NULL && k->role == role && !past)
			return true;
		/* Somebody discarded it; or an older database knows of one that is gone, or goes.
		 */
		if (k == NULL || (k->role == role && past))
			rset_del(&run->fresh, i);
	}
	const struct view_key *made = candidate(view, &like);
	if (made != NULL && made->state == MSIG_KEY_STATE_MADE && collides(view, made->rr)) {
		/* a tag that somebody has: another one is made */
		roll_ask(s, MSIG_KEY_VERB_DISCARD, made, 0);
		return false;
	}
	if (made != NULL) {
		rset_add(&run->fresh, made->rr);
		view->persist = true;
		step_journal(s, "the new %s has tag %u", msig_key_role_name(role),
			     view->d.pool.at[made->rr].tag);
		return true;
	}
	step_wait(s, REASON_HOME, REASON_OF_KEY, "signer", "a new key",
		  view->store_why[0] != 0 ? view->store_why : "not made yet", 0);
	roll_ask(s, MSIG_KEY_VERB_MAKE, &like, 0);
	return false;
}

/* A key of the algorithm that comes as a whole, in this state, and not one of the new ones. */
static const struct view_key *
beside_the_new(const struct zone_view *view, uint8_t state)
{
	const struct view_process *run = &view->d.process;

	for (int i = 0; run->kind == MSIG_PROCESS_ALGORITHM && i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (k->state == state && k->algorithm == run->algorithm &&
		    !rset_has(&run->fresh, k->rr))
			return k;
	}
	return NULL;
}

/* One that was made twice, because an answer was lost, goes; and one that an earlier rollover from
 * this algorithm left signing: beside it nobody sees whether the new one does. true: there is none.
 */
static bool
alone(struct step *s)
{
	const struct view_key *spare = beside_the_new(s->view, MSIG_KEY_STATE_MADE);
	const struct view_key *left = beside_the_new(s->view, MSIG_KEY_STATE_POST);

	if (spare != NULL)
		roll_ask(s, MSIG_KEY_VERB_DISCARD, spare, 0);
	else if (left != NULL && !safety_algorithm_cached(s->view, left->algorithm, s->now))
		roll_ask(s, MSIG_KEY_VERB_SET, left, MSIG_KEY_STATE_REMOVED);
	return spare == NULL && left == NULL;
}

/* An algorithm goes as a whole: what CDS name of it that was not there when the keys were chosen,
 * by an older database; and where it goes back, whatever was made of it. */
static void
all_of_the_other(struct zone_view *view)
{
	struct view_process *run = &view->d.process;

	if (run->kind != MSIG_PROCESS_ALGORITHM)
		return;
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		bool goes = run->turned ? k->state != MSIG_KEY_STATE_REMOVED
					: k->state == MSIG_KEY_STATE_READY;
		if (!goes || k->algorithm == run->algorithm || rset_has(&run->old, k->rr))
			continue;
		rset_add(&run->old, k->rr);
		view->persist = true;
	}
}

bool
roll_choose(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	bool all = true;

	if (run->roles != 0 && chosen_in_vain(s->view)) {
		run->roles = 0;
		run->old = run->fresh = RSET_NONE;
	}
	if (run->roles == 0 && !choose(s))
		return false;
	all_of_the_other(s->view);
	for (size_t i = 0; i < sizeof(roles); i++)
		if ((run->roles & BIT(roles[i])) != 0)
			all = fresh_key(s, roles[i]) && all;
	return all && alone(s);
}
