/*
 * The own signer's keys during a rollover: into which state each has to be brought now. One thing
 * is asked of the key store at a time, and only what the invariants allow; its list is the only
 * truth about what has been done.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/mutant.h"
#include "agentd/operator.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/roll_int.h"
#include "agentd/safety.h"
#include "agentd/shown.h"
#include "libmsig/key.h"

/* ---- asking ---- */

void
roll_ask(struct step *s, uint8_t verb, const struct view_key *key, uint8_t state)
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
		/* A signer that writes its own CDS names what is READY alone. */
		keys = view->config.mode == VIEW_MODE_FOREIGN
			   ? RSET_NONE
			   : rset_minus(rpool_keys(&view->d.pool,
						   view->d.provider[VIEW_SELF].statement.cds),
					run->old);
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

/* The keys that CDS name at a signer which writes its own, when this key comes into this state:
 * beside those of others that it is told to show, and beside those that it shows yet. Are they of
 * two algorithms? */
static bool
mixed_then(const struct zone_view *view, const struct view_key *key, uint8_t state,
	   struct rset then[2])
{
	const struct rpool *pool = &view->d.pool;
	const struct view_version *shown = view_at_signer(view, VIEW_CDS);
	struct rset own = RSET_NONE, named = RSET_NONE, told = RSET_NONE;

	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		rset_add(&own, k->rr);
		if (k->role != MSIG_KEY_ROLE_ZSK &&
		    (state == MSIG_KEY_STATE_READY ? k->rr == key->rr || k->state == state
						   : k->state == MSIG_KEY_STATE_ACTIVE))
			rset_add(&named, k->rr);
	}
	for (int i = 1; i < view->d.providers; i++)
		told = rset_or(told, rpool_keys(pool, view->d.want.from[i].cds));
	then[0] = then[1] = rset_or(named, told);
	if (shown != NULL)
		then[1] = rset_or(named, rset_minus(rpool_keys(pool, shown->set), own));
	return !algorithms_one(rpool_algorithms(pool, rset_or(then[0], then[1])));
}

/* A signer that writes its own CDS goes over to another algorithm a moment before the overlay does:
 * nobody takes that mixture for an instruction while another signer, with other CDS, is heard as
 * well. Whom the parent hears where the delegation shows nowhere, or may change yet, a person sees:
 * before that step of a rollover, or when the signer goes along without one. */
static bool
witnessed(struct step *s, const struct view_key *key, uint8_t state)
{
	const struct zone_view *view = s->view;
	struct rset then[2];
	bool other = false;

	for (int i = 0; i < view->keys; i++)
		other |= view->key[i].state == MSIG_KEY_STATE_ACTIVE &&
			 view->key[i].role != MSIG_KEY_ROLE_ZSK &&
			 view->key[i].algorithm != key->algorithm;
	if (!other || view->config.mode != VIEW_MODE_FOREIGN || MUTANT(WITNESS))
		return true;
	enum shown_witness w =
	    shown_witness(view, mixed_then(view, key, state, then) ? then : NULL, s->now);
	if (w == WITNESS_ALIKE)
		step_wait(s, REASON_PEER, REASON_OF_CDS, "",
			  "another signer with other CDS than the own ones are going to be",
			  "the same of two algorithms", 0);
	else if (w == WITNESS_SILENT)
		step_wait(s, REASON_PEER, REASON_OF_SERVER, "",
			  "answers of another signer, and of the parent about it, before the own "
			  "CDS change",
			  "none lately", 0);
	else if (w == WITNESS_UNNAMED || w == WITNESS_UNDELEGATED)
		step_blocked(s, REASON_OF_NS, "", "another signer in the delegation",
			     "none: the parent could take CDS of two algorithms",
			     w == WITNESS_UNDELEGATED
				 ? "whoever registered the zone has the parent name all of its NS"
			     : !view->d.agent_ns
				 ? "the owner of the zone (NSMGMT=OWNER) adds the NS of another one"
				 : "the owner takes out who is not named, and lets it join again");
	if (w != WITNESS_HEARD)
		return w == WITNESS_ALONE;
	return view->d.process.kind == MSIG_PROCESS_ALGORITHM ? view->d.recalled.kind == 0
							      : !operator_looks_along(s);
}

/* true: it is there. */
static bool
move(struct step *s, int rr, uint8_t state)
{
	const struct view_key *key = roll_key(s->view, rr);

	if (key == NULL || state == 0 || roll_reached(s->view, key->state, state))
		return true;
	/* What was never used of an algorithm that went back. */
	if (key->state == MSIG_KEY_STATE_MADE && state >= MSIG_KEY_STATE_POST) {
		roll_ask(s, MSIG_KEY_VERB_DISCARD, key, 0);
		return false;
	}
	/* Used is only what is published, even if an older list of keys came late. */
	if (key->state == MSIG_KEY_STATE_MADE &&
	    (state == MSIG_KEY_STATE_READY || state == MSIG_KEY_STATE_ACTIVE))
		state = MSIG_KEY_STATE_PUBLISHED;
	/* CDS go back to the old key, of another algorithm it may be. */
	bool aside = state == MSIG_KEY_STATE_RETIRED && key->role != MSIG_KEY_ROLE_ZSK &&
		     s->view->d.process.turned;
	if ((state == MSIG_KEY_STATE_READY || aside) && !witnessed(s, key, state))
		return false;
	struct safety r = judge(s->view, key, state, s->now);
	if (!r.ok) {
		step_wait(s, r.until != VIEW_NEVER ? REASON_UNTIL : REASON_PEER, r.object, r.place,
			  "a change of keys that is safe with every cached set", r.text,
			  r.until != VIEW_NEVER ? r.until : 0);
		if (r.until != VIEW_NEVER)
			step_wake(s, r.until);
		return false;
	}
	roll_ask(s, MSIG_KEY_VERB_SET, key, state);
	return false;
}

/* A rollover that began anew may have left a key READY. It leaves CDS as soon as the new one is in:
 * once that is active, CDS would name the old one alone. One that was turned round may have asked
 * for READY just before, whatever is known of it: the store has to say that it is not. */
uint8_t
roll_state(const struct zone_view *view, const struct view_key *key, bool fresh)
{
	uint8_t state = process_key_state(view, fresh, key->role);
	bool named = key->state == MSIG_KEY_STATE_READY ||
		     (view->d.process.turned && key->state == MSIG_KEY_STATE_PUBLISHED);

	if (!fresh && state == 0 && named &&
	    process_key_state(view, true, key->role) == MSIG_KEY_STATE_READY)
		return MSIG_KEY_STATE_RETIRED;
	return state;
}

bool
roll_named(const struct zone_view *view)
{
	const struct rset *old = &view->d.process.old;

	for (int i = rset_next(old, 0); i >= 0; i = rset_next(old, i + 1)) {
		const struct view_key *k = roll_key(view, i);
		if (k != NULL && k->role != MSIG_KEY_ROLE_ZSK &&
		    (k->state == MSIG_KEY_STATE_PUBLISHED || k->state == MSIG_KEY_STATE_READY))
			return true;
	}
	return false;
}

static void
move_all(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	for (int fresh = 1; fresh >= 0; fresh--) {
		const struct rset *set = fresh ? &run->fresh : &run->old;
		for (int i = rset_next(set, 0); i >= 0; i = rset_next(set, i + 1)) {
			const struct view_key *k = roll_key(view, i);
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
		const struct view_key *k = roll_key(s->view, i);
		if (k == NULL || k->state == MSIG_KEY_STATE_REMOVED || roll_in_use(k)) {
			rset_del(&d->orphans, i);
			s->view->persist = true;
		} else if (k->state == MSIG_KEY_STATE_MADE) {
			roll_ask(s, MSIG_KEY_VERB_DISCARD, k, 0);
			return;
		} else if (k->state == MSIG_KEY_STATE_POST &&
			   safety_algorithm_cached(s->view, k->algorithm, s->now)) {
			/* An algorithm rollover took it along, and ended early. */
			step_wait(s, REASON_PEER, REASON_OF_DNSKEY, "",
				  "an algorithm out of caches before its signatures go",
				  "DNSKEY with it may be there yet", 0);
			continue;
		} else if (rset_within(goes_with(s->view, k), d->orphans) &&
			   !move(s, i, MSIG_KEY_STATE_REMOVED)) {
			return; /* or it goes with its algorithm */
		}
	}
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
		if (roll_is_sep(view, k->rr) && k->algorithm == coming &&
		    k->state == MSIG_KEY_STATE_PUBLISHED)
			if (!move(s, k->rr, MSIG_KEY_STATE_READY))
				return;
	}
}

/* A key is READY, and a signer that writes its own CDS does not name it there. */
static bool
ready_without_cds(const struct zone_view *view)
{
	struct rset named = rpool_keys(&view->d.pool, view->d.provider[VIEW_SELF].statement.cds);
	bool without = false;

	for (int i = 0; i < view->keys && view->config.mode == VIEW_MODE_FOREIGN; i++)
		without |= view->key[i].role != MSIG_KEY_ROLE_ZSK &&
			   view->key[i].state == MSIG_KEY_STATE_READY &&
			   !rset_has(&named, view->key[i].rr);
	return without;
}

/* Somebody moved keys by hand, or the list was on its way while it happened: the signer does not
 * show all that the list has, or signs with others, and has not just been told to. */
static void
list_anew(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_place *signer = view_own_signer(view);
	const struct view_version *v = signer == NULL ? NULL : view_current(signer, VIEW_DNSKEY);
	const struct view_version *soa = signer == NULL ? NULL : view_current(signer, VIEW_SOA);
	static const struct view_key none;
	struct rset shown = roll_published(view);

	if (v == NULL || signer->history[VIEW_DNSKEY].status == MSIG_SEEN_UNKNOWN ||
	    (rset_within(shown, v->set) &&
	     rset_within(rset_and(shown, view->d.pool.sep), v->signers) &&
	     (soa == NULL || !soa->alien) && !ready_without_cds(view)) ||
	    !step_due(s, view->key_asked, 2 * view->config.times.ask_slow))
		return;
	roll_ask(s, MSIG_KEY_VERB_LIST, &none, 0);
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
		roll_ask(s, MSIG_KEY_VERB_LIST, &none, 0);
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
	if (roll_choose(s))
		move_all(s);
}
