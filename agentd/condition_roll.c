/*
 * Conditions of rollovers: the own key store, what the own signer shows, and what members state.
 */
#include "agentd/agree.h"
#include "agentd/condition_int.h"
#include "agentd/roll.h"
#include "agentd/unheard.h"
#include "libmsig/key.h"

/* What each member states, for an algorithm rollover. */
static bool
stated(struct check *c, uint32_t members,
       bool (*good)(struct check *c, const struct view_statement *st), const char *expected)
{
	for (int i = 0; i < c->view->d.providers; i++) {
		const struct view_provider *p = &c->view->d.provider[i];
		if ((members >> i & 1) != 0 && !good(c, &p->statement))
			return check_no(c, view_side(i), REASON_OF_STATEMENT,
					i == VIEW_SELF ? "signer" : p->identity, expected,
					"not yet");
	}
	return true;
}

static bool
states_new(struct check *c, const struct view_statement *st)
{
	return !rset_empty(process_algorithm_keys(c->view, st->dnskey, true));
}

static bool
states_cds(struct check *c, const struct view_statement *st)
{
	struct rset keys = rpool_keys(&c->view->d.pool, st->cds);
	return !rset_empty(keys) && rset_empty(process_algorithm_keys(c->view, keys, false));
}

static bool
states_alone(struct check *c, const struct view_statement *st)
{
	return states_new(c, st) && rset_empty(process_algorithm_keys(c->view, st->dnskey, false));
}

/* Before its DNSKEY is there nobody can verify the new signatures; that there are some is seen. */
static bool
alg_signed(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_SOA);

	if ((v->alien != 0 && VIEW_ALIEN_ALGORITHM(v->alien) == c->view->d.process.algorithm) ||
	    !rset_empty(process_algorithm_keys(c->view, v->signers, true)))
		return true;
	return check_no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
			"signatures with the new algorithm", "none");
}

bool
check_driver(struct check *c)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;

	if (run->kind != MSIG_PROCESS_ALGORITHM && run->subject != VIEW_SELF)
		return true;
	if (!view->config.driver) {
		check_no(c, REASON_BLOCKED, REASON_OF_KEY, "signer",
			 "a driver for the signer's keys", "none is configured");
		check_todo(c, "set signer-driver for this zone in msig.conf");
		return false;
	}
	if (run->kind == MSIG_PROCESS_ALGORITHM && view->config.one_algorithm) {
		check_no(c, REASON_BLOCKED, REASON_OF_KEY, "signer",
			 "a driver that brings in another algorithm", "that of BIND cannot");
		check_todo(
		    c, "msigctl cancel the order; that provider leaves, the others roll, and it "
		       "joins again");
		return false;
	}
	if (!view->store_known)
		return check_no(c, REASON_HOME, REASON_OF_KEY, "signer",
				"the keys in its key store", "%s",
				view->store_why[0] != 0 ? view->store_why : "not known yet");
	uint8_t one, other;
	if (run->kind != MSIG_PROCESS_ALGORITHM && roll_mixed(view, &one, &other)) {
		check_no(c, REASON_BLOCKED, REASON_OF_KEY, "signer", "keys of one algorithm",
			 "algorithms %u and %u", one, other);
		check_todo(c, "roll the algorithm first: an earlier rollover was not completed");
		return false;
	}
	return true;
}

/* While one is READY, CDS name it alone: an earlier rollover of the key that is in use ended early,
 * and one of the algorithm was turned round to both. */
static bool
ready_beside(const struct zone_view *view, const struct view_key *key)
{
	bool ready = false;

	for (int i = 0; i < view->keys; i++)
		ready |= view->key[i].state == MSIG_KEY_STATE_READY &&
			 view->key[i].role == key->role && view->key[i].algorithm == key->algorithm;
	return ready && key->state == MSIG_KEY_STATE_ACTIVE;
}

static bool
in_state(struct check *c, const struct rset *keys, bool fresh_ones)
{
	for (int i = rset_next(keys, 0); i >= 0; i = rset_next(keys, i + 1)) {
		const struct view_key *k = roll_key(c->view, i);
		uint8_t want =
		    k == NULL ? MSIG_KEY_STATE_REMOVED : roll_state(c->view, k, fresh_ones);
		uint8_t have = k == NULL ? MSIG_KEY_STATE_REMOVED : k->state;
		if (fresh_ones && k == NULL)
			return check_no(c, REASON_HOME, REASON_OF_KEY, "signer",
					"the new key in its store", "not there");
		bool gone = want == MSIG_KEY_STATE_REMOVED || want == MSIG_KEY_STATE_POST;
		if (gone && rset_has(&c->view->d.provider[VIEW_SELF].statement.dnskey, i))
			return check_no(c, REASON_HOME, REASON_OF_DNSKEY, "signer",
					"without the old key", "key with tag %u is still there",
					c->view->d.pool.at[i].tag);
		/* What CDS say follows the state when the signer gets to it. */
		struct rset named =
		    rpool_keys(&c->view->d.pool, c->view->d.provider[VIEW_SELF].statement.cds);
		if (want == MSIG_KEY_STATE_READY && fresh_ones && !rset_has(&named, i) &&
		    !ready_beside(c->view, k))
			return check_no(c, REASON_HOME, REASON_OF_CDS, "signer",
					"CDS of the new key", "not in the own statement yet");
		if (want != 0 && !roll_reached(c->view, have, want))
			return check_no(c, REASON_HOME, REASON_OF_KEY, "signer",
					msig_key_state_name(want), "key with tag %u is %s",
					c->view->d.pool.at[i].tag, msig_key_state_name(have));
	}
	return true;
}

bool
check_store(struct check *c)
{
	const struct view_process *run = &c->view->d.process;
	if (!process_rolls(c->view))
		return true;
	if (!check_driver(c))
		return false;
	if (rset_empty(run->fresh) || rset_count(run->fresh) < __builtin_popcount(run->roles))
		return check_no(c, REASON_HOME, REASON_OF_KEY, "signer", "new keys",
				"not made yet");
	return in_state(c, &run->fresh, true) && in_state(c, &run->old, false);
}

bool
check_shown(struct check *c)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;
	const struct view_place *p = view_own_signer(view);
	const struct view_version *v = p == NULL ? NULL : view_current(p, VIEW_DNSKEY);

	if (!process_rolls(view))
		return true;
	if (v == NULL || !rset_within(run->fresh, v->set))
		return check_no(c, REASON_HOME, REASON_OF_DNSKEY, "signer", "the new key",
				"not in DNSKEY yet");
	if (!rset_within(run->fresh, view->d.provider[VIEW_SELF].statement.dnskey))
		return check_no(c, REASON_HOME, REASON_OF_STATEMENT, "signer",
				"the new key in the own statement", "not yet");
	return true;
}

/* At the own signer and at every own server. */
bool
check_data_new(struct check *c)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;

	if (!process_rolls(view))
		return true;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind == PLACE_PARENT ||
		    view_place_provider(view, p) != VIEW_SELF)
			continue;
		const struct view_version *v = view_current(p, VIEW_SOA);
		if (v == NULL || !check_fresh(c, &p->history[VIEW_SOA]))
			return unheard(view, p, &p->history[VIEW_SOA], c->why);
		if (rset_empty(v->signers) || rset_meets(v->signers, run->old) ||
		    (run->kind == MSIG_PROCESS_ALGORITHM && v->alien != 0))
			return check_no(c, REASON_HOME, REASON_OF_SIGNATURE, p->server,
					"data signed with the new key only", "by the old one too");
	}
	return true;
}

bool
check_algorithm(struct check *c, enum process_condition_bit bit)
{
	uint32_t members = agree_members(c->view);

	switch (bit) {
	case COND_BIT_ALG_SIGNED:
		return check_providers(c, check_scope(c, true), VIEW_SOA, alg_signed);
	case COND_BIT_ALG_STATED:
		return stated(c, members, states_new, "keys of the new algorithm");
	case COND_BIT_ALG_CDS:
		return stated(c, members, states_cds, "DS of the new algorithm only");
	case COND_BIT_ALG_ALONE:
		members = (members | agree_partly(c->view)) & ~process_left_behind(c->view);
		return stated(c, members, states_alone, "keys of the new algorithm only");
	default:
		return false;
	}
}
