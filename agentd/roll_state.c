/*
 * What the states of the own signer's keys say: what is in the zone, what an earlier rollover left,
 * which algorithm comes, whatever became of the rollover that was to bring it.
 */
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/roll_int.h"
#include "libmsig/key.h"

const struct view_key *
roll_key(const struct zone_view *view, int rr)
{
	for (int i = 0; i < view->keys; i++)
		if (view->key[i].rr == rr)
			return &view->key[i];
	return NULL;
}

bool
roll_in_use(const struct view_key *k)
{
	return k->state == MSIG_KEY_STATE_READY || k->state == MSIG_KEY_STATE_ACTIVE ||
	       k->state == MSIG_KEY_STATE_RETIRED;
}

bool
roll_in_zone(uint8_t state)
{
	return state == MSIG_KEY_STATE_PUBLISHED || state == MSIG_KEY_STATE_READY ||
	       state == MSIG_KEY_STATE_ACTIVE || state == MSIG_KEY_STATE_RETIRED;
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
		const struct view_key *k = roll_key(view, i);
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

/* The algorithm is to be published, and no key of it even signs: the rollover to it was turned
 * round, and came to its end. */
static bool
undone(const struct zone_view *view)
{
	uint8_t want = process_key_state(view, true, MSIG_KEY_ROLE_ZSK);

	if (want != MSIG_KEY_STATE_PUBLISHED && want != MSIG_KEY_STATE_ACTIVE)
		return false;
	bool others = false;
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (k->algorithm == view->d.process.algorithm && k->state != MSIG_KEY_STATE_MADE &&
		    k->state != MSIG_KEY_STATE_REMOVED)
			return false;
		others |= roll_in_use(k);
	}
	return others;
}

bool
roll_past(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;

	if (run->kind != MSIG_PROCESS_ALGORITHM || !process_rolls(view) || !view->store_known ||
	    process_executed(view) < 0 || rset_empty(run->old))
		return false;
	if (undone(view))
		return true;
	/* They go in one of the last steps; unless keys of that algorithm come again. */
	bool past = process_key_state(view, false, MSIG_KEY_ROLE_KSK) == 0, used = false;
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (k->state == MSIG_KEY_STATE_REMOVED)
			continue;
		if (rset_has(&run->old, k->rr))
			return false;
		past |= k->algorithm != run->algorithm && k->state != MSIG_KEY_STATE_MADE;
		used |= k->algorithm == run->algorithm && roll_in_use(k);
	}
	return past && used;
}

bool
roll_is_sep(const struct zone_view *view, int rr)
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
		if (!roll_is_sep(view, k->rr))
			continue;
		if (k->state == MSIG_KEY_STATE_PUBLISHED || k->state == MSIG_KEY_STATE_READY)
			coming = k->algorithm;
	}
	for (int i = 0; i < view->keys; i++) {
		const struct view_key *k = &view->key[i];
		if (roll_is_sep(view, k->rr) && k->state == MSIG_KEY_STATE_ACTIVE)
			active |= k->algorithm == coming ? 1 : 2;
	}
	return active == 2 ? coming : 0;
}

uint8_t
roll_interrupted_to(const struct zone_view *view)
{
	uint8_t coming = roll_coming(view);

	for (int i = 0; i < view->keys && coming == 0; i++) {
		const struct view_key *k = &view->key[i];
		/* Nothing else than this rollover signs with what is not published. */
		if (k->state == MSIG_KEY_STATE_SIGNING)
			coming = k->algorithm;
	}
	return coming;
}

static bool
has_sep_of(const struct zone_view *view, struct rset keys, uint8_t algorithm)
{
	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1))
		if (roll_is_sep(view, i) && view->d.pool.at[i].alg == algorithm)
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
