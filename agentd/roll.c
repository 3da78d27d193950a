/*
 * The own signer's keys during a rollover: which key comes, which goes, and into which state each
 * has to be brought now. One thing is asked of the key store at a time, and only what the
 * invariants allow; its list is the only truth about what has been done.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/safety.h"
#include "libmsig/key.h"

#define BIT(i) (UINT32_C(1) << (i))

static const uint8_t roles[] = {MSIG_KEY_ROLE_ZSK, MSIG_KEY_ROLE_KSK, MSIG_KEY_ROLE_CSK};

static const struct view_key *
find(const struct zone_view *view, int rr)
{
	for (int i = 0; i < view->keys; i++)
		if (view->key[i].rr == rr)
			return &view->key[i];
	return NULL;
}

bool
roll_in_zone(uint8_t state)
{
	return state == MSIG_KEY_STATE_PUBLISHED || state == MSIG_KEY_STATE_READY ||
	       state == MSIG_KEY_STATE_ACTIVE || state == MSIG_KEY_STATE_RETIRED;
}

/* Is it in use, so that a rollover replaces it? */
static bool
in_use(const struct view_key *k)
{
	return k->state == MSIG_KEY_STATE_READY || k->state == MSIG_KEY_STATE_ACTIVE ||
	       k->state == MSIG_KEY_STATE_RETIRED;
}

bool
roll_mixed(const struct zone_view *view, uint8_t *one, uint8_t *other)
{
	*one = 0;
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (!roll_in_zone(k->state))
			continue;
		*other = k->algorithm;
		if (*one != 0 && *one != *other)
			return true;
		*one = *other;
	}
	return false;
}

struct rset
roll_published(const struct zone_view *view)
{
	struct rset own = RSET_NONE;
	for (int i = 0; i < view->keys; i++)
		if (roll_in_zone(view->key[i].state))
			rset_add(&own, view->key[i].rr);
	return own;
}

struct rset
roll_unused(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	struct rset unused = run->fresh;

	if (run->kind != MSIG_PROCESS_ALGORITHM)
		return unused;
	for (int i = rset_next(&unused, 0); i >= 0; i = rset_next(&unused, i + 1)) {
		const struct view_key *k = find(view, i);
		if (k == NULL || k->state != MSIG_KEY_STATE_MADE)
			rset_del(&unused, i);
	}
	return unused;
}

bool
roll_expects(const struct zone_view *view, uint32_t alien)
{
	struct rset rolled = rset_or(view->d.process.fresh, view->d.process.old);
	for (int i = 0; i < view->keys; i++) /* or one that ended early */
		if (view->key[i].state == MSIG_KEY_STATE_SIGNING ||
		    view->key[i].state == MSIG_KEY_STATE_POST)
			rset_add(&rolled, view->key[i].rr);
	for (int i = rset_next(&rolled, 0); i >= 0; i = rset_next(&rolled, i + 1))
		if (VIEW_ALIEN(view->d.pool.at[i].alg, view->d.pool.at[i].tag) == alien)
			return true;
	return false;
}

/* ---- asking ---- */

static void
ask(struct step *s, uint8_t verb, const struct view_key *key, uint8_t state)
{
	struct zone_view *view = s->view;
	if (!step_due(s, view->key_asked, view->config.times.resend))
		return;
	struct action *a = step_action(s, ACT_KEY);
	if (a == NULL)
		return;
	memset(&a->key, 0, sizeof(a->key));
	a->key.verb = verb;
	a->key.role = key->role;
	a->key.algorithm = key->algorithm;
	a->key.state = state;
	snprintf(a->key.id, sizeof(a->key.id), "%s", key->id);
	view->key_asked = s->now;
	step_wake(s, s->now + view->config.times.resend);
	if (verb == MSIG_KEY_VERB_SET)
		step_journal(s, "signer's key %s (tag %u): %s -> %s asked for", key->id,
			     view->d.pool.at[key->rr].tag, msig_key_state_name(key->state),
			     msig_key_state_name(state));
}

static void
trouble(struct step *s)
{
	if (s->view->store_why[0] != 0)
		step_blocked(s, REASON_OF_KEY, "signer", "the key store to do what it is asked",
			     s->view->store_why, "see what signerd says; asked again by itself");
}

/* ---- which keys ---- */

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
		const struct view_key *k = find(view, i);
		if (k != NULL && k->role == role)
			return k->algorithm;
	}
	for (int i = 0; i < view->keys; i++) /* it went already */
		if (view->key[i].role == role && in_use(&view->key[i]))
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
		ksk |= in_use(&view->key[i]) && view->key[i].role == MSIG_KEY_ROLE_KSK;
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
			: in_use(k);
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

bool
roll_past(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;

	if (run->kind != MSIG_PROCESS_ALGORITHM || !process_rolls(view) || !view->store_known ||
	    process_executed(view) < 0 || rset_empty(run->old))
		return false;
	/* They go in one of the last steps; unless keys of that algorithm come again. */
	bool past = process_key_state(view, false, MSIG_KEY_ROLE_KSK) == 0;
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (k->state == MSIG_KEY_STATE_REMOVED)
			continue;
		if (rset_has(&run->old, k->rr))
			return false;
		past |= k->algorithm != run->algorithm && k->state != MSIG_KEY_STATE_MADE;
	}
	return past;
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
			const struct view_key *was = find(view, f);
			if (was == NULL || was->role != role || was->state < MSIG_KEY_STATE_ACTIVE)
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
		const struct view_key *k = find(view, i);
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
		ask(s, MSIG_KEY_VERB_DISCARD, made, 0);
		return false;
	}
	if (made != NULL) {
		rset_add(&run->fresh, made->rr);
		view->persist = true;
		step_journal(s, "the new %s has tag %u", msig_key_role_name(role),
			     view->d.pool.at[made->rr].tag);
		return true;
	}
	step_wait(s, REASON_PEER, REASON_OF_KEY, "signer", "a new key", "not made yet", 0);
	ask(s, MSIG_KEY_VERB_MAKE, &like, 0);
	return false;
}

/* A key that was made twice, because an answer was lost, is in the way where an algorithm comes as
 * a whole. true: there is none. */
static bool
no_spare(struct step *s)
{
	const struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	for (int i = 0; run->kind == MSIG_PROCESS_ALGORITHM && i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (k->state != MSIG_KEY_STATE_MADE || k->algorithm != run->algorithm ||
		    rset_has(&run->fresh, k->rr))
			continue;
		ask(s, MSIG_KEY_VERB_DISCARD, k, 0);
		return false;
	}
	return true;
}

/* A key that an earlier rollover from this algorithm left signing: beside it nobody sees whether
 * the new one does. true: there is none. */
static bool
no_remains(struct step *s)
{
	const struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	for (int i = 0; run->kind == MSIG_PROCESS_ALGORITHM && i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (k->state != MSIG_KEY_STATE_POST || k->algorithm != run->algorithm ||
		    rset_has(&run->fresh, k->rr))
			continue;
		if (!safety_algorithm_cached(view, k->algorithm, s->now))
			ask(s, MSIG_KEY_VERB_SET, k, MSIG_KEY_STATE_REMOVED);
		return false;
	}
	return true;
}

/* ---- moving them ---- */

/* Who goes out of the zone with this key: while there are two algorithms, one of them leaves with
 * all of its keys at once. */
static struct rset
goes_with(const struct zone_view *view, const struct view_key *key)
{
	struct rset one = RSET_NONE, all = RSET_NONE;
	bool others = false;

	rset_add(&one, key->rr);
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (!roll_in_zone(k->state))
			continue;
		others |= k->algorithm != key->algorithm;
		if (k->algorithm == key->algorithm)
			rset_add(&all, k->rr);
	}
	return others && !MUTANT(ORPHAN) ? rset_or(one, all) : one;
}

/* Is it safe to bring a key into this state now? */
static struct safety
judge(const struct zone_view *view, const struct view_key *key, uint8_t state, int64_t now)
{
	const struct view_process *run = &view->d.process;
	struct rset one = RSET_NONE, keys;

	rset_add(&one, key->rr);
	switch (state) {
	case MSIG_KEY_STATE_ACTIVE:
		if (key->role == MSIG_KEY_ROLE_KSK || run->kind == MSIG_PROCESS_ALGORITHM)
			break;
		return safety_signing(view, one, now);
	case MSIG_KEY_STATE_READY:
		keys = rset_minus(
		    rpool_keys(&view->d.pool, view->d.provider[VIEW_SELF].statement.cds), run->old);
		for (int i = 1; i < view->d.providers; i++)
			if ((view->d.provider[i].has & HAS_CDS) != 0)
				keys = rset_or(keys, rpool_keys(&view->d.pool,
								view->d.provider[i].statement.cds));
		return safety_ds(view, rset_or(keys, one), now);
	case MSIG_KEY_STATE_POST:
	case MSIG_KEY_STATE_REMOVED:
		keys = view->d.own;
		for (int i = 1; i < view->d.providers; i++)
			keys = rset_or(keys, view->d.want.from[i].dnskey);
		return safety_keys(view, rset_minus(keys, goes_with(view, key)), now);
	default:
		break;
	}
	return (struct safety){.ok = true};
}

bool
roll_reached(const struct zone_view *view, uint8_t have, uint8_t want)
{
	/* A key that is in use is not taken back to where an older database left it. */
	return have == want ||
	       (have > want && (have <= MSIG_KEY_STATE_ACTIVE || want > MSIG_KEY_STATE_ACTIVE ||
				view->d.process.kind == MSIG_PROCESS_ALGORITHM));
}

/* true: it is there. */
static bool
move(struct step *s, int rr, uint8_t state)
{
	const struct view_key *key = find(s->view, rr);

	if (key == NULL || state == 0 || roll_reached(s->view, key->state, state))
		return true;
	/* Used is only what is published, even if an older list of keys came late. */
	if (key->state == MSIG_KEY_STATE_MADE &&
	    (state == MSIG_KEY_STATE_READY || state == MSIG_KEY_STATE_ACTIVE))
		state = MSIG_KEY_STATE_PUBLISHED;
	struct safety r = judge(s->view, key, state, s->now);
	if (!r.ok) {
		step_wait(s, r.until != VIEW_NEVER ? REASON_UNTIL : REASON_PEER, r.object, r.place,
			  "a change of keys that is safe with every cached set", r.text,
			  r.until != VIEW_NEVER ? r.until : 0);
		if (r.until != VIEW_NEVER)
			step_wake(s, r.until);
		return false;
	}
	ask(s, MSIG_KEY_VERB_SET, key, state);
	return false;
}

/* A rollover that began anew may have left a key READY. It leaves CDS as soon as the new one is in:
 * once that is active, CDS would name the old one alone. */
uint8_t
roll_state(const struct zone_view *view, const struct view_key *key, bool fresh)
{
	uint8_t state = process_key_state(view, fresh, key->role);

	if (!fresh && state == 0 && key->state == MSIG_KEY_STATE_READY &&
	    process_key_state(view, true, key->role) == MSIG_KEY_STATE_READY)
		return MSIG_KEY_STATE_RETIRED;
	return state;
}

static void
move_all(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	for (int fresh = 1; fresh >= 0; fresh--) {
		const struct rset *set = fresh ? &run->fresh : &run->old;
		for (int i = rset_next(set, 0); i >= 0; i = rset_next(set, i + 1)) {
			const struct view_key *k = find(view, i);
			if (k != NULL && !move(s, i, roll_state(view, k, fresh)))
				return;
		}
	}
}

/* Keys of a rollover that was given up are taken back. One that is in use was given up by an older
 * database: its rollover had gone on. */
static void
clean_up(struct step *s)
{
	struct durable *d = &s->view->d;

	for (int i = rset_next(&d->orphans, 0); i >= 0; i = rset_next(&d->orphans, i + 1)) {
		const struct view_key *k = find(s->view, i);
		if (k == NULL || k->state == MSIG_KEY_STATE_REMOVED || in_use(k)) {
			rset_del(&d->orphans, i);
			s->view->persist = true;
		} else if (k->state == MSIG_KEY_STATE_MADE) {
			ask(s, MSIG_KEY_VERB_DISCARD, k, 0);
			return;
		} else if (rset_within(goes_with(s->view, k), d->orphans) &&
			   !move(s, i, MSIG_KEY_STATE_REMOVED)) {
			return; /* or it goes with its algorithm */
		}
	}
}

/* ---- an algorithm that comes, whatever became of the rollover ---- */

static bool
is_sep(const struct zone_view *view, int rr)
{
	return (view->d.pool.at[rr].flags & MSIG_DNSKEY_SEP) != 0;
}

uint8_t
roll_unfinished(const struct zone_view *view)
{
	uint8_t kind = 0, algorithm = 0;

	for (int i = 0; i < view->keys && view->store_known; i++) {
		const struct view_key *k = &view->key[i];
		bool signs = k->state != MSIG_KEY_STATE_MADE && k->state != MSIG_KEY_STATE_REMOVED;
		if (signs && algorithm != 0 && k->algorithm != algorithm)
			return MSIG_PROCESS_ALGORITHM;
		if (signs)
			algorithm = k->algorithm;
		if (k->state != MSIG_KEY_STATE_READY && k->state != MSIG_KEY_STATE_RETIRED)
			continue;
		if (k->role != MSIG_KEY_ROLE_ZSK)
			kind = MSIG_PROCESS_KSK;
		else if (kind == 0)
			kind = MSIG_PROCESS_ZSK;
	}
	return kind;
}

uint8_t
roll_coming(const struct zone_view *view)
{
	uint8_t coming = 0, active = 0;

	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (!is_sep(view, k->rr))
			continue;
		if (k->state == MSIG_KEY_STATE_PUBLISHED || k->state == MSIG_KEY_STATE_READY)
			coming = k->algorithm;
	}
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (is_sep(view, k->rr) && k->state == MSIG_KEY_STATE_ACTIVE)
			active |= k->algorithm == coming ? 1 : 2;
	}
	return active == 2 ? coming : 0;
}

static bool
has_sep_of(const struct zone_view *view, struct rset keys, uint8_t algorithm)
{
	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1))
		if (is_sep(view, i) && view->d.pool.at[i].alg == algorithm)
			return true;
	return false;
}

/* Where somebody's CDS, or the parent, has gone over to the algorithm that comes, and everybody has
 * keys of it, there is no way back for a signer that writes its own CDS: so all go on. */
bool
roll_goes_over(const struct zone_view *view, uint8_t coming)
{
	bool over = false;

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (!p->used || (p->has & HAS_CDS) == 0)
			continue;
		/* An older database may have its older statement, or ours. */
		struct rset keys = i == VIEW_SELF ? view->d.own
				   : p->stale     ? view->d.want.from[i].dnskey
						  : RSET_NONE;
		if (!has_sep_of(view, rset_or(p->statement.dnskey, keys), coming))
			return false;
		over |= rpool_all_of(&view->d.pool, p->statement.cds, coming);
	}
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		over |= v != NULL && rpool_all_of(&view->d.pool, v->set, coming);
	}
	return over;
}

/* The rollover ended early; others went over already. */
static void
go_along(struct step *s)
{
	struct zone_view *view = s->view;
	uint8_t coming = roll_coming(view);

	if (coming == 0 || !roll_goes_over(view, coming))
		return;
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (is_sep(view, k->rr) && k->algorithm == coming &&
		    k->state == MSIG_KEY_STATE_PUBLISHED)
			if (!move(s, k->rr, MSIG_KEY_STATE_READY))
				return;
	}
}

/* Somebody moved keys by hand, or the list was on its way while it happened: the signer does not
 * show all keys that the list has, or signs with others, and has not just been told to. */
static void
list_anew(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_place *signer = view_own_signer(view);
	const struct view_version *v = signer == NULL ? NULL : view_current(signer, VIEW_DNSKEY);
	const struct view_version *soa = signer == NULL ? NULL : view_current(signer, VIEW_SOA);
	static const struct view_key none;

	if (v == NULL || signer->history[VIEW_DNSKEY].status == MSIG_SEEN_UNKNOWN ||
	    (rset_within(roll_published(view), v->set) && (soa == NULL || !soa->alien)) ||
	    !step_due(s, view->key_asked, 2 * view->config.times.ask_slow))
		return;
	ask(s, MSIG_KEY_VERB_LIST, &none, 0);
}

void
roll_work(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;

	if (!view->config.driver)
		return;
	if (!view->store_known) {
		static const struct view_key none;
		ask(s, MSIG_KEY_VERB_LIST, &none, 0);
		return;
	}
	list_anew(s);
	if (step_frozen(view))
		return;
	if (!process_rolls(view) || process_executed(view) < 0) {
		/* Or while others do something: what was never used is safe to take away. */
		if (run->kind == 0 || !process_rolls(view))
			clean_up(s);
		go_along(s);
		return;
	}
	trouble(s);
	if (run->roles != 0 && chosen_in_vain(view)) {
		run->roles = 0;
		run->old = run->fresh = RSET_NONE;
	}
	if (run->roles == 0 && !choose(s))
		return;
	bool all = true;
	for (size_t i = 0; i < sizeof(roles); i++)
		if ((run->roles & BIT(roles[i])) != 0)
			all = fresh_key(s, roles[i]) && all;
	if (all && no_spare(s) && no_remains(s))
		move_all(s);
}
