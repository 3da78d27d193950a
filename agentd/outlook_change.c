/*
 * Who acts in a step, and which records appear and disappear. See outlook.h. The difference of two
 * targets; and of a rollover, whose new keys are not there yet, what the table says of its keys.
 */
#include <string.h>

#include "agentd/agree.h"
#include "agentd/outlook_int.h"
#include "agentd/roll.h"
#include "libmsig/key.h"

static void
change(struct outlook_step *s, struct outlook_change c)
{
	if (s->changes == OUTLOOK_CHANGES)
		s->unlisted++;
	else
		s->change[s->changes++] = c;
}

/* What of a provider is in, by a target: the sets that its overlays hold. */
static struct rset
part(const struct zone_view *view, const struct process_target *t, int provider)
{
	const struct view_statement *s = &view->d.provider[provider].statement;
	struct rset all = RSET_NONE;

	if ((t->keys >> provider & 1) != 0)
		all = rset_or(all, rset_and(s->dnskey, t->dnskey)); /* some are left behind */
	if ((t->cds >> provider & 1) != 0 && !rset_empty(t->cds_set))
		all = rset_or(all, rset_or(s->cds, s->cdnskey));
	if ((t->ns >> provider & 1) != 0 && !rset_empty(t->ns_set))
		all = rset_or(all, s->ns);
	return all;
}

static void
differences(const struct rpool *pool, struct outlook_step *s, int provider, struct rset before,
	    struct rset after)
{
	struct rset both[2] = {rset_minus(before, after), rset_minus(after, before)};

	for (int add = 1; add >= 0; add--)
		for (int i = rset_next(&both[add], 0); i >= 0; i = rset_next(&both[add], i + 1))
			change(s, (struct outlook_change){.add = add == 1,
							  .type = pool->at[i].type,
							  .rr = i,
							  .of = provider,
							  .at = s->actors & ~BIT(provider)});
}

/* NS of all is in the overlay of everybody, the own ones too. */
static void
at_home_too(struct outlook_step *s)
{
	for (int i = 0; i < s->changes; i++)
		if (s->change[i].type == TYPE_NS)
			s->change[i].at = s->actors;
}

/* ---- of a rollover ---- */

uint8_t
outlook_key_state(const struct process_keys *keys, uint8_t role)
{
	return role == MSIG_KEY_ROLE_ZSK   ? keys->zsk
	       : role == MSIG_KEY_ROLE_KSK ? keys->ksk
					   : keys->csk;
}

static void
set_state(struct process_keys *keys, uint8_t role, uint8_t state)
{
	*(role == MSIG_KEY_ROLE_ZSK   ? &keys->zsk
	  : role == MSIG_KEY_ROLE_KSK ? &keys->ksk
				      : &keys->csk) = state;
}

/* Bit per role of keys that a provider has and this process rolls. */
static uint32_t
roles(const struct outlook_maker *m, int provider)
{
	const struct rpool *pool = &m->view->d.pool;
	const struct rset *keys = &m->view->d.provider[provider].statement.dnskey;
	uint32_t mask = 0;
	bool zsk = false;

	for (int i = rset_next(keys, 0); i >= 0; i = rset_next(keys, i + 1))
		zsk = zsk || (pool->at[i].flags & MSIG_DNSKEY_SEP) == 0;
	mask = zsk ? BIT(MSIG_KEY_ROLE_ZSK) | BIT(MSIG_KEY_ROLE_KSK) : BIT(MSIG_KEY_ROLE_CSK);
	if (m->out->rule->kind == MSIG_PROCESS_ZSK)
		mask &= BIT(MSIG_KEY_ROLE_ZSK);
	if (m->out->rule->kind == MSIG_PROCESS_KSK)
		mask &= ~BIT(MSIG_KEY_ROLE_ZSK);
	return mask;
}

/* The keys that come or go, as far as they are known. */
static struct rset
rolling(const struct outlook_maker *m, int provider, bool fresh, uint8_t role)
{
	const struct zone_view *view = m->view;
	const struct view_process *run = &view->d.process;
	const struct rset *keys = &view->d.provider[provider].statement.dnskey;
	bool self = provider == VIEW_SELF;
	struct rset found = RSET_NONE;

	if (m->out->running && self)
		keys = fresh ? &run->fresh : &run->old;
	else if (fresh || m->out->running) /* of another it is known when it has happened */
		return RSET_NONE;
	for (int i = rset_next(keys, 0); i >= 0; i = rset_next(keys, i + 1)) {
		const struct rr *rr = &view->d.pool.at[i];
		bool sep = (rr->flags & MSIG_DNSKEY_SEP) != 0;
		bool other = m->out->rule->kind != MSIG_PROCESS_ALGORITHM || fresh ||
			     rr->alg != m->out->algorithm;
		if (sep == (role != MSIG_KEY_ROLE_ZSK) && other)
			rset_add(&found, i);
	}
	return found;
}

static void
roll_record(const struct outlook_maker *m, struct outlook_step *s, int provider, bool add,
	    bool fresh, uint8_t role, uint16_t type)
{
	struct rset keys = rolling(m, provider, fresh, role);
	struct outlook_change c = {
	    .add = add, .type = type, .rr = -1, .of = provider, .at = s->actors, .role = role};

	if (rset_empty(keys))
		change(s, c);
	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1)) {
		const struct rr *rr = &m->view->d.pool.at[i];
		c.rr = i;
		for (int k = rset_next(&rr->match, 0); type != TYPE_DNSKEY && k >= 0;
		     k = rset_next(&rr->match, k + 1))
			if (m->view->d.pool.at[k].type == type)
				c.rr = k;
		if (m->view->d.pool.at[c.rr].type != type)
			c.rr = -1;
		change(s, c);
	}
}

static bool
named(const struct outlook_maker *m, const struct process_step *p, bool fresh, uint8_t role)
{
	uint8_t state = outlook_key_state(&p->fresh, role);

	if (role == MSIG_KEY_ROLE_ZSK)
		return false;
	if (m->view->config.mode == VIEW_MODE_ALL)
		return fresh ? p->cds != CDS_OLD : p->cds != CDS_NEW;
	bool new = state == MSIG_KEY_STATE_READY || state == MSIG_KEY_STATE_ACTIVE;
	return fresh ? new : !new;
}

static void
rolled_key(struct outlook_maker *m, struct outlook_step *s, int step, int provider, uint8_t role,
	   bool fresh)
{
	static const struct process_step none;
	const struct process_step *now = s->rule, *before = step > 0 ? now - 1 : &none;
	uint8_t from = outlook_key_state(fresh ? &before->fresh : &before->old, role);
	uint8_t to = outlook_key_state(fresh ? &now->fresh : &now->old, role);
	bool was = fresh ? roll_in_zone(from) : from == 0 || roll_in_zone(from);
	bool is = fresh ? roll_in_zone(to) : to == 0 || roll_in_zone(to);
	bool cds_was = named(m, before, fresh, role), cds_is = named(m, now, fresh, role);
	bool turned = m->out->running && m->view->d.process.turned;

	if (turned && fresh)
		return; /* it is what it was */
	if (from != to && to != 0) {
		set_state(fresh ? &s->fresh : &s->old, role, to);
	}
	if (was != is)
		roll_record(m, s, provider, is, fresh, role, TYPE_DNSKEY);
	if (cds_was != cds_is && !turned) { /* CDS are the old ones again already */
		roll_record(m, s, provider, cds_is, fresh, role, TYPE_CDS);
		roll_record(m, s, provider, cds_is, fresh, role, TYPE_CDNSKEY);
	}
}

static void
roll(struct outlook_maker *m, struct outlook_step *s, int step)
{
	uint8_t kind = m->out->rule->kind;
	uint32_t who = kind == MSIG_PROCESS_ALGORITHM ? agree_members(m->view)
		       : kind == MSIG_PROCESS_ZSK || kind == MSIG_PROCESS_KSK ? BIT(m->out->subject)
									      : 0;

	if (step == m->out->rule->steps - 1)
		return; /* stop: as it was */
	for (int i = 0; i < m->view->d.providers; i++)
		for (uint8_t role = MSIG_KEY_ROLE_ZSK; role <= MSIG_KEY_ROLE_CSK; role++) {
			if ((who >> i & 1) == 0 || (roles(m, i) >> role & 1) == 0)
				continue;
			rolled_key(m, s, step, i, role, true);
			rolled_key(m, s, step, i, role, false);
		}
}

bool
outlook_changes_type(const struct outlook_step *s, uint16_t type)
{
	for (int i = 0; i < s->changes; i++)
		if (s->change[i].type == type)
			return true;
	return false;
}

/* Who joins gets what the others had among themselves already. */
static void
newcomer(struct outlook_maker *m, struct outlook_step *s, const struct process_target *before)
{
	uint32_t effect = s->rule->effect;

	if (m->out->rule->kind != MSIG_PROCESS_ADD)
		return;
	for (int i = 0; i < m->view->d.providers; i++) {
		const struct view_statement *st = &m->view->d.provider[i].statement;
		struct rset all = RSET_NONE;
		if (i == m->out->subject)
			continue;
		if ((effect & EFFECT_KEYS_ADD) != 0 && (before->keys >> i & 1) != 0)
			all = rset_or(all, process_shared(m->view, st->dnskey));
		if ((effect & EFFECT_CDS_ADD) != 0 && (before->cds >> i & 1) != 0 &&
		    !rset_empty(before->cds_set))
			all = rset_or(all, rset_or(st->cds, st->cdnskey));
		if ((effect & EFFECT_NS_ADD) != 0 && (before->ns >> i & 1) != 0 &&
		    !rset_empty(before->ns_set))
			all = rset_or(all, st->ns);
		for (int k = rset_next(&all, 0); k >= 0; k = rset_next(&all, k + 1))
			change(s, (struct outlook_change){.add = true,
							  .type = m->view->d.pool.at[k].type,
							  .rr = k,
							  .of = i,
							  .at = BIT(m->out->subject)});
	}
}

void
outlook_changes(struct outlook_maker *m, struct outlook_step *s, int step)
{
	struct process_target before, after;
	uint8_t kind = m->out->rule->kind;

	outlook_stand(m, step - 1);
	process_target(m->at, &before);
	outlook_stand(m, step);
	process_target(m->at, &after);
	s->actors = agree_actors(m->at);
	if (kind == MSIG_PROCESS_NS_ADD || kind == MSIG_PROCESS_NS_REMOVE)
		s->actors &= ~BIT(m->out->subject); /* it has no signer to act on */
	/* A name that two of them state stays, or is there already, whoever of the two it is about.
	 */
	struct rset stay = rset_and(before.ns_set, after.ns_set);
	for (int i = 0; i < m->view->d.providers; i++)
		if (m->view->d.provider[i].used)
			differences(&m->view->d.pool, s, i,
				    rset_minus(part(m->view, &before, i), stay),
				    rset_minus(part(m->view, &after, i), stay));
	if (before.csync != after.csync)
		change(s, (struct outlook_change){.add = after.csync,
						  .type = TYPE_CSYNC,
						  .rr = -1,
						  .of = VIEW_STRANGER,
						  .at = s->actors});
	roll(m, s, step);
	at_home_too(s);
	newcomer(m, s, &before);
	m->ds_pending = m->ds_pending || outlook_changes_type(s, TYPE_CDS);
	s->parent_ds = m->ds_pending && (s->rule->done & COND_DS) != 0;
	m->ds_pending = m->ds_pending && !s->parent_ds;
	/* Of a signer that goes on to serve, the NS stay. */
	uint32_t effect = m->at->d.process.stays ? 0 : s->rule->effect;
	s->parent_ns = (s->rule->done & COND_PARENT_NS) != 0 && (effect & EFFECT_CSYNC) != 0;
	s->owner_ns = !after.agent && (effect & (EFFECT_NS_ADD | EFFECT_NS_DEL)) != 0;
}
