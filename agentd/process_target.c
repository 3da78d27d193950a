/*
 * What follows from the steps of a process that were executed: what the overlay and the servers of
 * every actor are to hold, and what each hold waits for.
 */
#include <string.h>

#include "agentd/agree.h"
#include "agentd/ds_keep.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/shown.h"
#include "libmsig/key.h"

int
process_executed(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	if (run->kind == 0 || !run->executed)
		return -1;
	return run->phase >= PHASE_EXECUTING ? run->step : run->step - 1;
}

static const uint8_t csync[] = {0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 8};

int
process_csync_find(const struct rpool *pool)
{
	return rpool_find(pool, 62, csync, sizeof(csync));
}

int
process_csync_get(struct rpool *pool)
{
	return rpool_get(pool, 62, csync, sizeof(csync));
}

uint32_t
process_effects(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	uint32_t effects = 0;

	if (rule == NULL)
		return 0;
	int last = process_executed(view);
	for (int i = 0; i <= last && i < rule->steps; i++) {
		uint32_t e = rule->step[i].effect;
		effects |= i == last ? e : e & ~(uint32_t)EFFECT_CSYNC;
	}
	/* CSYNC stays until the next step is executed. */
	if (run->stays)
		effects &= ~(uint32_t)EFFECT_NS_DEL;
	return effects;
}

bool
process_rolls(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	switch (run->kind) {
	case MSIG_PROCESS_ZSK:
	case MSIG_PROCESS_KSK:
		return run->subject == VIEW_SELF;
	case MSIG_PROCESS_ALGORITHM: /* and who is half in */
		return view->d.provider[VIEW_SELF].member ||
		       (view->d.provider[VIEW_SELF].has & HAS_CDS) != 0;
	default:
		return false;
	}
}

uint8_t
process_key_state(const struct zone_view *view, bool fresh, uint8_t role)
{
	const struct process_rule *rule = process_rule(view->d.process.kind);
	int step = process_executed(view);

	if (rule == NULL || step < 0)
		return 0;
	const struct process_keys *keys = fresh ? &rule->step[step].fresh : &rule->step[step].old;
	switch (role) {
	case MSIG_KEY_ROLE_ZSK:
		return keys->zsk;
	case MSIG_KEY_ROLE_KSK:
		return keys->ksk;
	case MSIG_KEY_ROLE_CSK:
		return keys->csk;
	default:
		return 0;
	}
}

static bool
ns_published(const struct zone_view *view)
{
	for (int i = 0; i < view->d.providers; i++)
		if (!rset_empty(view->d.want.from[i].ns))
			return true;
	return false;
}

/* Does whoever conducts the process of another one show its name? */
static bool
requestor_names(const struct zone_view *view, int provider)
{
	const struct view_process *run = &view->d.process;
	struct rset own = process_own_ns(view, provider);

	return run->kind != 0 && run->requestor != VIEW_SELF && run->subject != provider &&
	       !rset_empty(own) && shown_by(view, run->requestor, VIEW_NS, own, 1) == 1;
}

/* Who is to leave, and was named no more, is not named again, whatever else was forgotten; but as
 * long as the requestor of what goes on names him, for NS that differ end nowhere. Who has no vote
 * shows what those show who have. */
static bool
stays_unnamed(const struct zone_view *view, int provider)
{
	return provider != VIEW_SELF && view->d.agent_ns && ns_published(view) &&
	       (agree_electorate(view, MSIG_PROCESS_REMOVE) & BIT(VIEW_SELF)) != 0 &&
	       ((view->listed | view->designated) & BIT(provider)) == 0 &&
	       rset_empty(view->d.want.from[provider].ns) && !requestor_names(view, provider);
}

/* What of every provider is in, by the effects of the running process. */
static void
target_masks(const struct zone_view *view, uint32_t effects, struct process_target *t)
{
	const struct view_process *run = &view->d.process;
	uint32_t subject = run->kind != 0 ? BIT(run->subject) : 0;

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (!p->used)
			continue;
		t->keys |= p->has & HAS_KEYS ? BIT(i) : 0;
		t->cds |= p->has & HAS_CDS ? BIT(i) : 0;
		t->ns |= p->has & HAS_NS && !stays_unnamed(view, i) ? BIT(i) : 0;
	}
	/* Who leaves goes on as it is until the end: nobody asks it any more. */
	if (run->kind == MSIG_PROCESS_REMOVE && run->subject == VIEW_SELF)
		effects &= ~(uint32_t)(EFFECT_KEYS_DEL | EFFECT_CDS_DEL);
	if (effects & EFFECT_KEYS_ADD)
		t->keys |= subject;
	if (effects & EFFECT_CDS_ADD)
		t->cds |= subject;
	/* The joiner shows the NS of all before it is named: the owner's, that its zone has until
	 * then, may name who has left. */
	if ((effects & EFFECT_NS_ADD) || (run->kind == MSIG_PROCESS_ADD &&
					  run->subject == VIEW_SELF && (effects & EFFECT_CDS_ADD)))
		t->ns |= subject;
	if (effects & EFFECT_KEYS_DEL)
		t->keys &= ~subject;
	if (effects & EFFECT_CDS_DEL)
		t->cds &= ~subject;
	if (effects & EFFECT_NS_DEL)
		t->ns &= ~subject;
	/* Who goes on to serve stays named, if it is. */
	if (run->stays && !rset_empty(view->d.want.from[run->subject].ns))
		t->ns |= subject;
	t->csync = (effects & EFFECT_CSYNC) != 0;
}

/* The keys that sign the DNSKEY RRset, or may. */
static struct rset
sep_keys(const struct zone_view *view, struct rset keys)
{
	return rset_and(keys, view->d.pool.sep);
}

/* CDS or CDNSKEY of a provider's keys of one algorithm; empty: it has none, or they are not in the
 * pool yet (decide_overlay() takes them in). */
static struct rset
cds_of_algorithm(const struct zone_view *view, int provider, uint8_t algorithm, enum view_type type)
{
	const struct rpool *pool = &view->d.pool;
	struct rset out = RSET_NONE;
	struct rset keys = rpool_of_algorithm(
	    pool, sep_keys(view, view->d.provider[provider].statement.dnskey), algorithm);

	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1)) {
		int id = rpool_find_of_key(pool, i, view_rrtype(type));
		if (id < 0)
			return RSET_NONE;
		rset_add(&out, id);
	}
	return out;
}

/* The algorithm that comes, if the own CDS have gone over to it, and those of everybody can. */
static uint8_t
gone_over(const struct zone_view *view, uint32_t providers)
{
	const struct view_process *run = &view->d.process;
	const struct view_statement *own = &view->d.provider[VIEW_SELF].statement;
	uint8_t coming = run->kind == MSIG_PROCESS_ALGORITHM ? run->algorithm : roll_coming(view);

	if (coming == 0 || (providers & BIT(VIEW_SELF)) == 0 ||
	    !rpool_all_of(&view->d.pool, own->cds, coming))
		return 0;
	for (int i = 1; i < view->d.providers; i++)
		if ((providers & BIT(i)) != 0 &&
		    (rset_empty(cds_of_algorithm(view, i, coming, VIEW_CDS)) ||
		     rset_empty(cds_of_algorithm(view, i, coming, VIEW_CDNSKEY))))
			return 0;
	return coming;
}

/* What a provider states of its CDS; where that may be out of date, what is there stays. */
static struct rset
stated_cds(const struct zone_view *view, int provider, enum view_type type)
{
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_contribution *had = &view->d.want.from[provider];
	bool stays = provider != VIEW_SELF && p->stale && !rset_empty(p->statement.cds) &&
		     !rset_empty(had->cds) && !MUTANT(STALE);

	if (type == VIEW_CDS)
		return stays ? had->cds : p->statement.cds;
	return stays ? had->cdnskey : p->statement.cdnskey;
}

struct rset
process_cds(const struct zone_view *view, const struct process_target *t, int provider,
	    enum view_type type)
{
	const struct view_contribution *had = &view->d.want.from[provider];
	bool says = provider == VIEW_SELF && view->config.mode == VIEW_MODE_FOREIGN;
	struct rset stated = stated_cds(view, provider, VIEW_CDS);

	if (t->cds_coming != 0 && !rpool_all_of(&view->d.pool, stated, t->cds_coming))
		return cds_of_algorithm(view, provider, t->cds_coming, type);
	if (t->cds_kept && !says)
		return type == VIEW_CDS ? had->cds : had->cdnskey;
	return stated_cds(view, provider, type);
}

static void
add_cds(const struct zone_view *view, struct process_target *t)
{
	t->cds_set = t->cdnskey = RSET_NONE;
	for (int i = 0; i < view->d.providers; i++) {
		if ((t->cds & BIT(i)) == 0 || !view->d.provider[i].statement.known)
			continue;
		t->cds_set = rset_or(t->cds_set, process_cds(view, t, i, VIEW_CDS));
		t->cdnskey = rset_or(t->cdnskey, process_cds(view, t, i, VIEW_CDNSKEY));
	}
}

/* A DS set with two algorithms wants a chain of both at every signer, so CDS of two are not mixed.
 * They stay until our own have gone over, and then all go over here at once: the keys are
 * everywhere, and sign. Whoever waited for the others to say so would show the parent a mixture for
 * as long as one of them is silent, and be the only one that it hears. */
static void
one_algorithm(const struct zone_view *view, struct process_target *t)
{
	const struct rpool *pool = &view->d.pool;
	struct algorithms all = rpool_algorithms(pool, t->cds_set);
	bool one = algorithms_one(all), differ = false; /* if one, then whoever has any has all */

	for (int i = 0; i < view->d.providers; i++) {
		struct rset cds = stated_cds(view, i, VIEW_CDS);
		if ((t->cds & BIT(i)) == 0 || !view->d.provider[i].statement.known)
			continue;
		differ |=
		    one ? rset_empty(cds) : !algorithms_within(all, rpool_algorithms(pool, cds));
	}
	if (!differ)
		return;
	t->cds_coming = gone_over(view, t->cds);
	t->cds_kept = t->cds_coming == 0;
	add_cds(view, t);
}

/* Has the parent DS of keys that once were ours, and that we want no more? */
static bool
past_ds(const struct zone_view *view)
{
	struct rset others = view->d.foreign;

	for (int i = 1; i < view->d.providers; i++)
		if (view->d.provider[i].used)
			others = rset_or(others, view->d.provider[i].statement.dnskey);
	others = rset_or(others, rpool_keys(&view->d.pool, view->d.provider[0].statement.cds));
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		if (v != NULL && view->d.provider[VIEW_SELF].member &&
		    !rset_within(rpool_keys(&view->d.pool, v->set), others))
			return true;
	}
	return false;
}

/* Are CDS shown here, and has the parent DS of others as well, or may it have? Not all of them go
 * until it has followed: whoever was to leave, and then stays, would be forgotten on the way. */
static bool
not_alone_yet(const struct zone_view *view)
{
	const struct durable *d = &view->d;
	struct rset own = rset_or(d->own, d->provider[VIEW_SELF].statement.dnskey);
	bool shows = false, others = false;

	for (int i = 0; i < d->providers; i++)
		shows |= !rset_empty(d->want.from[i].cds);
	for (int i = 0; i < d->places; i++) {
		const struct view_place *p = d->place[i];
		const struct view_version *v =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		others |= v != NULL && !rset_within(rpool_keys(&d->pool, v->set), own);
	}
	return shows && others && d->provider[VIEW_SELF].member;
}

/* The sets of a single signer are its own affair, unless they are about to change at the parent, or
 * the parent did not follow. Those come without a step of their own, so no guard looks at what the
 * parent would lose by them. A process that goes on takes nothing back: it waits for DS. */
static void
show_cds(const struct zone_view *view, struct process_target *t)
{
	const struct view_process *run = &view->d.process;
	bool changes = run->kind == MSIG_PROCESS_REMOVE || run->kind == MSIG_PROCESS_KSK ||
		       run->kind == MSIG_PROCESS_ALGORITHM;
	bool shown = __builtin_popcount(t->cds) >= 2 || (changes && run->executed);
	bool wanted = shown || changes || past_ds(view) || not_alone_yet(view);

	t->cds_withheld = wanted && !shown && ds_keep_loses(view);
	t->cds_shown = wanted && !t->cds_withheld;
}

/* Does the owner's NS RRset, which agents are to manage, name somebody who is not to be named, and
 * whom the parent does not name? */
static bool
names_outsiders(const struct zone_view *view, uint32_t named)
{
	const struct view_version *ns = view_at_signer(view, VIEW_NS);
	struct rset all = rset_or(view->config.ns, view_names_of_others(view, VIEW_SELF));

	if (ns == NULL || !rset_within(ns->set, all)) /* others are his, and would go */
		return false;
	for (int i = 1; i < view->d.providers; i++)
		if (view->d.provider[i].used && view->d.provider[i].statement.known &&
		    ((named | view->listed) & BIT(i)) == 0 &&
		    rset_meets(ns->set, process_own_ns(view, i)) &&
		    (shown_maybe(view, i) & HAS_NS) == 0)
			return true;
	return false;
}

uint32_t
process_left_behind(const struct zone_view *view)
{
	uint32_t mask = 0;

	if (view->d.process.kind != MSIG_PROCESS_ALGORITHM ||
	    process_key_state(view, false, MSIG_KEY_ROLE_KSK) == 0)
		return 0;
	for (int i = 1; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (p->used && !p->member && p->has == HAS_KEYS)
			mask |= BIT(i);
	}
	return mask;
}

struct rset
process_keys_of(const struct zone_view *view, int provider)
{
	struct rset keys = view->d.provider[provider].statement.dnskey;

	return (process_left_behind(view) & BIT(provider)) != 0
		   ? process_algorithm_keys(view, keys, true)
		   : keys;
}

struct rset
process_leaver_ns(const struct zone_view *view, struct rset names)
{
	int subject = view->d.process.subject;

	if (rset_empty(*view_names(view, subject)))
		return rset_minus(names, view_names_of_others(view, subject));
	return rset_and(names, process_own_ns(view, subject));
}

/* CSYNC has the parent take the NS that are shown. Where the owner manages them, are they what the
 * process is for? Not if they come from here yet. */
static bool
owner_followed(const struct zone_view *view, uint32_t effects)
{
	int subject = view->d.process.subject;
	const struct view_version *ns = view_at_signer(view, VIEW_NS);

	if (ns == NULL || ns_published(view))
		return false;
	if ((effects & EFFECT_NS_ADD) != 0)
		return rset_within(*view_names(view, subject), ns->set);
	return (effects & EFFECT_NS_DEL) == 0 || rset_empty(process_leaver_ns(view, ns->set));
}

void
process_target(const struct zone_view *view, struct process_target *t)
{
	const struct view_process *run = &view->d.process;
	uint32_t effects = process_effects(view);

	memset(t, 0, sizeof(*t));
	target_masks(view, effects, t);
	t->agent = view->d.agent_ns;
	t->complete = true;
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_statement *s = &view->d.provider[i].statement;
		if (((t->keys | t->cds | t->ns) & BIT(i)) == 0)
			continue;
		if (!s->known) {
			t->complete = false;
			continue;
		}
		if (t->keys & BIT(i))
			t->dnskey = rset_or(t->dnskey, process_keys_of(view, i));
		if (t->ns & BIT(i))
			t->ns_set = rset_or(t->ns_set, s->ns);
	}
	add_cds(view, t);
	show_cds(view, t);
	if (t->cds_shown)
		one_algorithm(view, t);
	if (MUTANT(CDS_SWAP) && (effects & EFFECT_CDS_ADD)) {
		t->cds = BIT(run->subject);
		t->cds_set = view->d.provider[run->subject].statement.cds;
		t->cdnskey = view->d.provider[run->subject].statement.cdnskey;
	} else if (!t->cds_shown)
		t->cds_set = t->cdnskey = RSET_NONE;
	/* NS that came from here stay so: the owner's own may name who has left. A joiner shows
	 * those of the group from the beginning: once it is named, what it names counts. */
	bool joins = run->kind == MSIG_PROCESS_ADD && run->subject == VIEW_SELF;
	/* And who leaves is left out by whoever manages NS, also where the owner named it. */
	bool leaves = (effects & EFFECT_NS_DEL) != 0;
	if (!t->agent || (__builtin_popcount(t->ns) < 2 && !ns_published(view) && !joins &&
			  !leaves && !names_outsiders(view, t->ns)))
		t->ns_set = RSET_NONE;
	t->csync &= t->agent || owner_followed(view, effects);
}

/* The NS that only this provider states. */
struct rset
process_own_ns(const struct zone_view *view, int provider)
{
	return rset_minus(*view_names(view, provider), view_names_of_others(view, provider));
}

/* The keys of the new algorithm, or all others, among those of a provider. */
struct rset
process_algorithm_keys(const struct zone_view *view, struct rset keys, bool fresh)
{
	struct rset new = rpool_of_algorithm(&view->d.pool, keys, view->d.process.algorithm);
	return fresh ? new : rset_minus(keys, new);
}

struct rset
process_shared(const struct zone_view *view, struct rset keys)
{
	if (view->d.share != MSIG_SHARE_ZSK)
		return keys;
	struct rset home = sep_keys(view, keys);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind == PLACE_PARENT ? NULL : view_current(p, VIEW_SOA);
		if (v != NULL) /* whatever signs data is needed by whoever meets that */
			home = rset_minus(home, v->signers);
	}
	return rset_minus(keys, home);
}

struct rset
process_keys_in(const struct zone_view *view, struct rset all, const struct view_version *v)
{
	struct rset want = process_shared(view, all);
	bool made = false;

	for (int i = 0; i < view->d.providers; i++) {
		const struct rset *keys = &view->d.provider[i].statement.dnskey;
		if (!view->d.provider[i].used || !rset_meets(sep_keys(view, *keys), v->signers))
			continue;
		made = true;
		want = rset_or(want, rset_and(all, *keys));
	}
	return made ? want : all;
}

/* The keys of a provider that sign no data at its servers now. */
static struct rset
idle_keys(const struct zone_view *view, int provider)
{
	struct rset keys = view->d.provider[provider].statement.dnskey;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind == PLACE_PARENT ||
		    view_place_provider(view, p) != provider)
			continue;
		const struct view_version *v = view_current(p, VIEW_SOA);
		if (v != NULL)
			keys = rset_minus(keys, v->signers);
	}
	return keys;
}

/* All records of a type that are known. */
static struct rset
known(const struct zone_view *view, enum view_type type)
{
	struct rset all = RSET_NONE;

	for (int i = 0; i < view->d.pool.count; i++)
		if (view->d.pool.at[i].type == view_rrtype(type))
			rset_add(&all, i);
	return all;
}

/* The own new key that signs data before it is published. */
static uint32_t
alien_to_be(const struct zone_view *view)
{
	const struct rset *fresh = &view->d.process.fresh;
	uint32_t alien = 0;

	for (int i = rset_next(fresh, 0); i >= 0; i = rset_next(fresh, i + 1)) {
		const struct rr *rr = &view->d.pool.at[i];
		if (alien == 0 || (rr->flags & MSIG_DNSKEY_SEP) == 0)
			alien = VIEW_ALIEN(rr->alg, rr->tag);
	}
	return alien;
}

void
process_wanted(const struct zone_view *view, struct hold_want wanted[HOLD_COUNT])
{
	const struct view_process *run = &view->d.process;
	struct process_target t;
	uint32_t subject = run->kind != 0 ? BIT(run->subject) : 0;
	uint32_t actors = agree_actors(view);

	process_target(view, &t);
	memset(wanted, 0, sizeof(wanted[0]) * HOLD_COUNT);
	for (int i = 0; i < HOLD_COUNT; i++)
		wanted[i].at = actors;
	wanted[HOLD_KEY].in = t.dnskey;
	wanted[HOLD_DS].in = rpool_keys(&view->d.pool, t.cds_set);
	wanted[HOLD_NS].in = t.ns_set;
	wanted[HOLD_LEAVE].at = wanted[HOLD_RR].at = subject;
	switch (run->kind) {
	case MSIG_PROCESS_REMOVE:
		wanted[HOLD_LEAVE].in = run->stays ? RSET_NONE : process_own_ns(view, run->subject);
		wanted[HOLD_DS].out =
		    rset_minus(view->d.provider[run->subject].statement.dnskey, wanted[HOLD_DS].in);
		/* fall through */
	case MSIG_PROCESS_NS_REMOVE:
		for (int i = 0; i < HOLD_COUNT; i++)
			if (i != HOLD_LEAVE)
				wanted[i].at &= ~subject;
		if (!run->stays)
			wanted[HOLD_NS].out = process_leaver_ns(view, known(view, VIEW_NS));
		break;
	case MSIG_PROCESS_KSK:
		wanted[HOLD_KEY].signs =
		    sep_keys(view, view->d.provider[run->subject].statement.dnskey);
		wanted[HOLD_KEY].signs_at = subject;
		/* fall through */
	case MSIG_PROCESS_ZSK:
		wanted[HOLD_RR].out = rset_or(run->old, idle_keys(view, run->subject));
		break;
	case MSIG_PROCESS_ALGORITHM:
		/* All keys of other algorithms than the one that the rollover goes to. */
		wanted[HOLD_DS].out = process_algorithm_keys(view, known(view, VIEW_DNSKEY), false);
		wanted[HOLD_KEY].exact = process_key_state(view, false, MSIG_KEY_ROLE_KSK) != 0;
		wanted[HOLD_RR].at = BIT(VIEW_SELF);
		/* An own key of it that signs already does as well as the new one. */
		wanted[HOLD_RR].in =
		    rset_or(run->fresh, process_algorithm_keys(view, view->d.own, true));
		wanted[HOLD_RR].alien = alien_to_be(view);
		break;
	default:
		break;
	}
}
