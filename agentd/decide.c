/*
 * The zone's state moves here, in a fixed order: what the owner says, what we are, what there is to
 * observe, what was agreed, what combinerd shall hold, what others must hear.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/elect.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/safety.h"
#include "agentd/step.h"
#include "libmsig/key.h"

#define BIT(i) (UINT32_C(1) << (i))

/* ---- building a plan ---- */

const char *
action_name(enum action_kind kind)
{
	static const char *const names[] = {
#define X(id, text) text,
	    DECIDE_ACTIONS_X(X)
#undef X
	};
	return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

struct action *
step_action(struct step *s, enum action_kind kind)
{
	if (s->plan->count == PLAN_ACTIONS) {
		s->plan->wake = s->now;
		return NULL;
	}
	struct action *a = &s->plan->action[s->plan->count++];
	a->kind = kind;
	a->provider = a->place = a->ns = -1;
	a->types = 0;
	a->type = 0;
	a->may_shrink = false;
	a->text[0] = 0;
	return a;
}

void
step_wake(struct step *s, int64_t at)
{
	if (at < s->plan->wake)
		s->plan->wake = at;
}

bool
step_due(struct step *s, int64_t since, int64_t interval)
{
	if (since == 0 || s->now - since >= interval)
		return true;
	step_wake(s, since + interval);
	return false;
}

void
step_reason(struct step *s, const struct reason *why)
{
	struct zone_view *view = s->view;
	for (int i = 0; i < view->reasons; i++)
		if (reason_same(&view->reason[i], why))
			return;
	if (view->reasons < VIEW_REASONS)
		view->reason[view->reasons++] = *why;
}

void
step_wait(struct step *s, enum reason_class class, enum reason_object object, const char *place,
	  const char *expected, const char *seen, int64_t next)
{
	struct reason r;
	r.class = class;
	r.object = object;
	r.since = 0;
	r.next = next;
	r.todo[0] = 0;
	snprintf(r.place, sizeof(r.place), "%.79s", place);
	snprintf(r.expected, sizeof(r.expected), "%s", expected);
	snprintf(r.seen, sizeof(r.seen), "%s", seen);
	step_reason(s, &r);
}

void
step_blocked(struct step *s, enum reason_object object, const char *place, const char *expected,
	     const char *seen, const char *todo)
{
	struct reason r;
	r.class = REASON_BLOCKED;
	r.object = object;
	r.since = r.next = 0;
	snprintf(r.place, sizeof(r.place), "%.79s", place);
	snprintf(r.expected, sizeof(r.expected), "%s", expected);
	snprintf(r.seen, sizeof(r.seen), "%s", seen);
	snprintf(r.todo, sizeof(r.todo), "%s", todo);
	step_reason(s, &r);
}

static void __attribute__((format(printf, 3, 0)))
note(struct step *s, enum action_kind kind, const char *format, va_list ap)
{
	struct action *a = step_action(s, kind);
	if (a != NULL)
		vsnprintf(a->text, sizeof(a->text), format, ap);
}

void
step_journal(struct step *s, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	note(s, ACT_JOURNAL, format, ap);
	va_end(ap);
}

void
step_alarm(struct step *s, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	note(s, ACT_ALARM, format, ap);
	va_end(ap);
}

uint64_t
step_random(struct zone_view *view)
{
	/* splitmix64 over the seed that the shell gave. */
	uint64_t x;
	memcpy(&x, view->seed, sizeof(x));
	x += UINT64_C(0x9e3779b97f4a7c15);
	memcpy(view->seed, &x, sizeof(x));
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	uint64_t y;
	memcpy(&y, view->seed + 8, sizeof(y));
	return x ^ (x >> 31) ^ y;
}

bool
step_frozen(const struct zone_view *view)
{
	return view->freeze[0] != 0 || view->egress[0] != 0 || view->d.paused || view->d.rebuild ||
	       !view->overlay_known || view->d.hsync.count == 0;
}

/* ---- the owner's instruction ---- */

static const struct view_hsync_entry *
entry(const struct view_hsync *h, const char *identity)
{
	for (int i = 0; i < h->count; i++)
		if (strcmp(h->entry[i].identity, identity) == 0)
			return &h->entry[i];
	return NULL;
}

/* What cannot be an instruction: it freezes what is published. NULL: usable. */
static const char *
unusable(const struct zone_view *view, const struct view_hsync *h)
{
	int on = 0, agent = 0;
	if (h->error[0] != 0)
		return h->error;
	for (int i = 0; i < h->count; i++) {
		on += h->entry[i].on;
		agent += h->entry[i].agent;
	}
	if (on == 0)
		return "HSYNC has no provider that is ON";
	if (agent != 0 && agent != h->count)
		return "HSYNC says OWNER and AGENT for NS at the same time";
	if (entry(h, view->d.provider[VIEW_SELF].identity) == NULL)
		return "HSYNC does not list this provider";
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (p->used && (p->member || p->has != 0) && entry(h, p->identity) == NULL)
			return "HSYNC of a provider vanished without having been OFF";
	}
	return NULL;
}

/* Does it end somebody's part who had one? */
static bool
takes_away(const struct zone_view *view, const struct view_hsync *h)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		const struct view_process *run = &view->d.process;
		if (!p->used ||
		    (!p->member && !(run->kind != 0 && run->executed && run->subject == i)))
			continue;
		const struct view_hsync_entry *old = entry(&view->d.hsync, p->identity);
		const struct view_hsync_entry *new = entry(h, p->identity);
		if (old != NULL && old->on && old->sign && (new == NULL || !new->on || !new->sign))
			return true;
	}
	return false;
}

static void
follow(struct step *s, const struct view_hsync *h)
{
	struct durable *d = &s->view->d;
	int on = 0;
	d->hsync = *h;
	memset(&d->pending, 0, sizeof(d->pending));
	/* The owner agrees with the operator who took a provider out: the next ON counts again. */
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_hsync_entry *e = entry(h, d->provider[i].identity);
		if (e == NULL || !e->on || !e->sign)
			d->provider[i].expelled = false;
	}
	for (int i = 0; i < h->count; i++) {
		if (view_provider(s->view, h->entry[i].identity) < 0)
			step_alarm(s, "more providers than %d: %s is left out", VIEW_PROVIDERS,
				   h->entry[i].identity);
		on += h->entry[i].on && h->entry[i].sign;
	}
	s->view->persist = true;
	s->view->designated = agree_designated(s->view);
	s->view->listed = agree_listed(s->view);
	step_journal(s, "HSYNC is followed: %d providers, %d of them sign", h->count, on);
}

/* Is anything of this provider in the zone, or on its way there? */
static bool
involved(const struct durable *d)
{
	const struct view_provider *self = &d->provider[VIEW_SELF];
	return self->member || self->has != 0 || self->contributed || d->process.kind != 0;
}

static void
instruction(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	const struct view_hsync *h = &view->hsync;
	const struct view_times *t = &view->config.times;
	const char *why = NULL;

	view->freeze[0] = 0;
	if (h->status == MSIG_SEEN_UNKNOWN || s->now - h->time > 10 * t->fresh + t->ask_slow) {
		snprintf(view->freeze, sizeof(view->freeze), "HSYNC is not known now%s%s",
			 view->hsync_why[0] != 0 ? ": " : "", view->hsync_why);
		step_wait(s, REASON_PEER, REASON_OF_HSYNC, "signer", "HSYNC in the signed zone",
			  view->hsync_why, 0);
		return;
	}
	if (h->status == MSIG_SEEN_ABSENT) {
		if (d->hsync.count != 0)
			why = "HSYNC vanished";
	} else if ((d->hsync.count == 0 || !involved(d)) && h->error[0] == 0 &&
		   entry(h, d->provider[VIEW_SELF].identity) == NULL) {
		if (d->hsync.count != 0) /* it had left, and now is not listed any more */
			snprintf(view->freeze, sizeof(view->freeze),
				 "HSYNC does not list this provider");
		return; /* none of our business */
	} else {
		why = unusable(view, h);
	}
	if (why != NULL) {
		snprintf(view->freeze, sizeof(view->freeze), "%.150s", why);
		step_blocked(s, REASON_OF_HSYNC, "signer", "an HSYNC RRset that is an instruction",
			     view->freeze,
			     "the owner corrects HSYNC; until then everything stays as it is");
		return;
	}
	if (h->status != MSIG_SEEN_SET || memcmp(h->digest, d->hsync.digest, 32) == 0) {
		if (d->pending.count != 0) { /* taken back */
			memset(&d->pending, 0, sizeof(d->pending));
			view->persist = true;
		}
		return;
	}
	if (d->hsync.count != 0 && takes_away(view, h)) {
		if (d->pending.count == 0 || memcmp(d->pending.digest, h->digest, 32) != 0) {
			d->pending = *h;
			d->pending.time = s->now;
			view->persist = true;
			step_journal(s, "HSYNC takes a provider away: followed if it stands");
		}
		int64_t at = d->pending.time + t->hold_down;
		if (s->now < at) {
			step_wait(s, REASON_UNTIL, REASON_OF_HSYNC, "signer",
				  "a lasting instruction", "it takes a provider away", at);
			step_wake(s, at);
			return;
		}
	}
	follow(s, h);
}

static bool serves_only(const struct zone_view *view);

/* A signer whose zone somebody else changes is no ground to build on. */
static void
egress(struct step *s)
{
	/* Who only serves has a copy from somebody else: it is not its signer's doing. */
	if (serves_only(s->view))
		s->view->egress[0] = 0;
	if (s->view->egress[0] != 0)
		step_blocked(s, REASON_OF_CONTENT, "signer", "the content that combinerd serves",
			     s->view->egress,
			     "whoever changed the signer's zone takes it back, or the signer "
			     "transfers it anew; nothing is begun until then");
}

static const struct view_version *seen_at_signer(const struct zone_view *view, enum view_type type);

/* ---- who manages NS ---- */

static bool
all_agent(const struct view_hsync *h)
{
	for (int i = 0; i < h->count; i++)
		if (!h->entry[i].agent)
			return false;
	return h->count > 0;
}

/* From the owner to the agents only when both say the same, so that nothing changes; the other way
 * at once. */
static void
ns_management(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	bool agent = all_agent(&d->hsync);
	uint32_t effects = process_effects(view);
	struct rset all = RSET_NONE;
	int providers = 0;

	if (agent == d->agent_ns || d->hsync.count == 0 || view->freeze[0] != 0)
		return;
	for (int i = 0; agent && i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &d->provider[i];
		uint8_t has = p->has;
		if (d->process.kind != 0 && d->process.subject == i)
			has = (uint8_t)((has | (effects & EFFECT_NS_ADD ? HAS_NS : 0)) &
					~(effects & EFFECT_NS_DEL ? HAS_NS : 0));
		if (!p->used || (has & HAS_NS) == 0)
			continue;
		all = rset_or(all, i == VIEW_SELF ? view->config.ns : p->statement.ns);
		providers++;
	}
	const struct view_version *ns = seen_at_signer(view, VIEW_NS);
	/* What was seen before the instruction is of an older zone. */
	if (ns != NULL && view_own_signer(view)->history[VIEW_NS].time < d->hsync.time)
		ns = NULL;
	if (agent && providers > 1 && (ns == NULL || !rset_equal(ns->set, all))) {
		step_blocked(s, REASON_OF_NS, "signer",
			     "the owner's NS equal to those of all providers",
			     ns == NULL ? "not seen yet" : "other NS in the owner's zone",
			     "the owner makes them equal before NSMGMT=AGENT can be followed");
		return;
	}
	d->agent_ns = agent;
	view->persist = true;
	step_journal(s, agent ? "NS are managed by the agents now"
			      : "NS are managed by the owner now");
}

/* ---- which keys are shared ---- */

/* Another share is in force once all whose keys are in the zone want it; what was in force is as
 * safe as what comes, so until then everything stays. */
static void
sharing(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	bool others = false;

	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &d->provider[i];
		if (!p->used || (p->has & HAS_KEYS) == 0 || p->expelled)
			continue;
		others = true;
		if (!p->statement.known || p->statement.share != view->config.share)
			break;
		others = false;
	}
	struct reason why;
	if (d->begun && !step_frozen(view) && !process_check(view, COND_SHARE, true, s->now, &why))
		step_reason(s, &why);
	if (others || d->share == view->config.share || d->hsync.count == 0)
		return;
	d->share = view->config.share;
	view->persist = true;
	step_journal(s, d->share == MSIG_SHARE_ZSK
			    ? "every signer shows the others' ZSKs, and no other keys of theirs"
			    : "every signer shows all keys of the others");
}

/* ---- database and combinerd ---- */

static int
version_cmp(uint64_t epoch, uint64_t counter, uint64_t epoch2, uint64_t counter2)
{
	if (epoch != epoch2)
		return epoch < epoch2 ? -1 : 1;
	return counter == counter2 ? 0 : counter < counter2 ? -1 : 1;
}

/* A database that knows less than combinerd was lost or put back from an old copy. */
static void
database(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (!view->overlay_known) {
		if (step_due(s, view->showed, view->config.times.resend)) {
			step_action(s, ACT_SHOW);
			memset(view->held, 0, sizeof(view->held));
			view->showed = s->now;
		}
		step_wake(s, view->showed + view->config.times.resend);
		step_wait(s, REASON_PEER, REASON_OF_OVERLAY, "combinerd", "what overlay it holds",
			  "no answer yet", 0);
		return;
	}
	int cmp = version_cmp(view->combiner_epoch, view->combiner_counter, d->want.epoch,
			      d->want.counter);
	if (cmp > 0 && !d->rebuild) {
		d->rebuild = true;
		snprintf(d->doubt, sizeof(d->doubt), "combinerd holds version %llu.%llu",
			 (unsigned long long)view->combiner_epoch,
			 (unsigned long long)view->combiner_counter);
		view->persist = true;
		step_alarm(s, "the database is older than the world: %s", d->doubt);
	} else if (cmp < 0 && version_cmp(view->combiner_epoch, view->combiner_counter,
					  d->applied_epoch, d->applied_counter) < 0) {
		/* combinerd forgot: it is told again. */
		d->applied_epoch = view->combiner_epoch;
		d->applied_counter = view->combiner_counter;
		view->persist = true;
	}
	if (!d->rebuild)
		memset(view->held, 0, sizeof(view->held));
	if (d->rebuild)
		step_blocked(s, REASON_OF_DATABASE, "", "a database as new as the world", d->doubt,
			     "make sure that no other agent runs, then confirm");
}

/* ---- our own statement
 * ---------------------------------------------------------------------------- */

static const struct view_version *
seen_at_signer(const struct zone_view *view, enum view_type type)
{
	const struct view_place *p = view_own_signer(view);
	if (p == NULL || p->history[type].status == MSIG_SEEN_UNKNOWN)
		return NULL;
	return view_current(p, type);
}

/* Own keys that are known otherwise than from the zone: by the key store, or by configuration. */
static struct rset
stored_keys(const struct zone_view *view)
{
	if (view->config.driver && view->store_known)
		return rset_minus(roll_published(view), view->d.foreign);
	return view->config.own;
}

/* Are we to serve the zone without signing it? */
static bool
serves_only(const struct zone_view *view)
{
	const struct view_hsync_entry *e =
	    entry(&view->d.hsync, view->d.provider[VIEW_SELF].identity);
	const struct view_process *run = &view->d.process;
	bool adds = run->kind == MSIG_PROCESS_ADD && run->subject == VIEW_SELF &&
		    (process_effects(view) & EFFECT_KEYS_ADD) != 0;
	return e != NULL && !e->sign && !adds && (view->d.provider[VIEW_SELF].has & HAS_KEYS) == 0;
}

/* Does the parent name nobody's servers but those of providers that are known? Whoever is named has
 * keys in the zone, though HSYNC may say OFF for it. */
static bool
no_strangers(const struct zone_view *view)
{
	struct rset names = view->config.ns;

	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (view->d.provider[i].used)
			names = rset_or(names, view->d.provider[i].statement.ns);
	for (int i = 0; i < VIEW_PLACES; i++) {
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
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		mine = rset_minus(
		    mine, rset_or(d->provider[i].statement.dnskey,
				  rset_or(rset_or(d->want.from[i].dnskey, view->held[i].dnskey),
					  d->applied.from[i].dnskey)));
	if (rset_empty(mine))
		return;
	d->foreign = rset_minus(d->foreign, mine);
	view->persist = true;
}

/* A key in the signer's zone is ours if it signs there, or if nobody else says it is his. What once
 * came from the overlay never is. */
static void
own_keys(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	const struct view_version *keys = seen_at_signer(view, VIEW_DNSKEY);
	const struct view_version *soa = seen_at_signer(view, VIEW_SOA);
	not_foreign(view);
	struct rset store = stored_keys(view);
	if (serves_only(view)) { /* all that its servers show is another's */
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
	for (int i = 1; i < VIEW_PROVIDERS; i++)
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
	own = rset_or(own, rset_and(new, signs));
	if (all_known)
		own = rset_or(own, rset_minus(new, claimed));
	own = rset_or(own, store);
	if (!rset_equal(own, d->own)) {
		d->own = own;
		view->persist = true;
	}
	if (rset_meets(rset_and(d->foreign, keys->set), signs))
		step_blocked(s, REASON_OF_DNSKEY, "signer", "signatures by own keys only",
			     "a key that came from a peer signs here",
			     "find out how that key came into this signer");
	unclaimed_keys(s, keys, rset_or(claimed, fed));
}

/* The keys whose DS shall stand at the parent: what the signer itself says with CDS, or its SEP
 * keys that sign. */
static struct rset
intended(const struct zone_view *view, struct rset own)
{
	const struct view_version *keys = seen_at_signer(view, VIEW_DNSKEY);
	const struct view_version *cds = seen_at_signer(view, VIEW_CDS);
	struct rset sep = rset_and(own, keys->signers);

	for (int i = rset_next(&sep, 0); i >= 0; i = rset_next(&sep, i + 1))
		if ((view->d.pool.at[i].flags & MSIG_DNSKEY_SEP) == 0)
			rset_del(&sep, i);
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
	if (coming != 0 && roll_goes_over(view, coming))
		return rpool_of_algorithm(&view->d.pool, sep, coming);
	for (int i = 0; i < view->keys && view->config.driver; i++)
		if (view->key[i].state == MSIG_KEY_STATE_PUBLISHED)
			rset_del(&sep, view->key[i].rr);
	if (process_rolls(view)) {
		int step = process_executed(view);
		enum process_cds which =
		    step < 0 ? CDS_OLD : process_rule(run->kind)->step[step].cds;
		if (which == CDS_OLD)
			sep = rset_minus(sep, run->fresh);
		else if (which == CDS_NEW)
			sep = rset_minus(sep, run->old);
	} else if (coming != 0) { /* a rollover to it ended before the CDS changed */
		sep = rset_minus(sep, rpool_of_algorithm(&view->d.pool, sep, coming));
	}
	return sep;
}

static void
state_self(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	struct view_statement *old = &d->provider[VIEW_SELF].statement;
	const struct view_process *run = &d->process;
	struct view_statement new = *old;

	if (d->hsync.count == 0 || d->rebuild)
		return;
	const struct view_version *keys = seen_at_signer(view, VIEW_DNSKEY);
	if (keys != NULL && !keys->absent && !rset_empty(rset_and(d->own, keys->signers))) {
		new.dnskey = d->own;
		struct rset sep = intended(view, d->own);
		new.cds = new.cdnskey = RSET_NONE;
		for (int i = rset_next(&sep, 0); i >= 0; i = rset_next(&sep, i + 1)) {
			int c = rpool_of_key(&d->pool, i, 59), k = rpool_of_key(&d->pool, i, 60);
			if (c < 0 || k < 0)
				return;
			rset_add(&new.cds, c);
			rset_add(&new.cdnskey, k);
		}
	}
	if (serves_only(view)) {
		new.dnskey = new.cds = new.cdnskey = RSET_NONE;
	} else if (rset_empty(new.dnskey)) {
		step_wait(s, REASON_PEER, REASON_OF_DNSKEY, "signer", "the own keys, signing",
			  "not seen yet", 0);
		return;
	}
	new.ns = view->config.ns;
	new.share = view->config.share;
	lead_wish(view, &new);
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
	if (old->known && same && old->process == new.process && old->step == new.step &&
	    old->process_epoch == new.process_epoch && old->share == new.share &&
	    old->wish == new.wish &&
	    old->wish_algorithm == new.wish_algorithm &&memcmp(old->hsync, new.hsync, 32) == 0)
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

static void
tell_peers(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_statement *own = &view->d.provider[VIEW_SELF].statement;

	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		struct view_provider *p = &view->d.provider[i];
		if (p->used && p->refused[0] != 0)
			step_blocked(s, REASON_OF_STATEMENT, p->identity,
				     "a statement of its own records", p->refused,
				     "that provider corrects what its agent states");
		if (!p->used || !p->ready)
			continue;
		if (own->known && p->told != own->counter) {
			struct action *a = step_action(s, ACT_STATE);
			if (a == NULL)
				return;
			a->provider = i;
			p->told = own->counter;
		}
		const struct view_hsync_entry *e = entry(&view->d.hsync, p->identity);
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

/* ---- members
 * ----------------------------------------------------------------------------------------- */

/* Is a provider part of the delegation: DS of one of its keys, and its name servers? -1: not known,
 * or not the same at all servers of the parent: one of them has not followed yet. */
static int
delegated(const struct zone_view *view, int provider)
{
	const struct view_statement *st = &view->d.provider[provider].statement;
	struct rset keys = st->dnskey, names = st->ns;
	int in = 0, out = 0, blind = 0;

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_statement *other = &view->d.provider[i].statement;
		if (i == provider || !view->d.provider[i].used || !other->known)
			continue;
		keys = rset_minus(keys, other->dnskey); /* what is somebody else's proves nothing */
		names = rset_minus(names, other->ns);
	}

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		if (p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN)
			return -1;
		const struct view_version *ds = view_current(p, VIEW_DS);
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ds == NULL || ns == NULL)
			return -1;
		bool signs = !rset_empty(st->dnskey);
		if ((signs && !rset_meets(rpool_keys(&view->d.pool, ds->set), keys)) ||
		    (view_delegates(view, p) && !rset_meets(ns->set, names)))
			out++;
		else if (view_delegates(view, p))
			in++;
		else if (signs)
			blind++; /* that it has the DS does not say that it names anybody */
	}
	if (in == 0 && out == 0)
		in = blind;
	return !view->parent_known || (in == 0) == (out == 0) ? -1 : in != 0;
}

/* Do the parent's servers neither name one of our servers, nor have a DS of our keys? */
static bool
not_delegated(const struct zone_view *view)
{
	const struct view_statement *st = &view->d.provider[VIEW_SELF].statement;
	int parents = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *ds = view_current(p, VIEW_DS);
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ds == NULL || ns == NULL || p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    rset_meets(rpool_keys(&view->d.pool, ds->set), st->dnskey) ||
		    (view_delegates(view, p) &&
		     rset_meets(ns->set, process_own_ns(view, VIEW_SELF))))
			return false;
		parents++;
	}
	return parents > 0 && view->parent_known;
}

/* Does one of the parent's servers have a DS of our keys, or is that not known? */
static bool
maybe_ds(const struct zone_view *view)
{
	struct rset keys = view->d.provider[VIEW_SELF].statement.dnskey;
	int parents = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *v = view_current(p, VIEW_DS);
		if (v == NULL || p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    rset_meets(rpool_keys(&view->d.pool, v->set), keys))
			return true;
		parents++;
	}
	return parents == 0 || !view->parent_known;
}

/* The owner took this provider out, and the others have finished that without it: of all, or of
 * signing. */
static void
left_out(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];
	const struct view_hsync_entry *e = entry(&view->d.hsync, self->identity);

	if ((self->has == 0 && !self->member) || view->d.process.kind != 0 || e == NULL)
		return;
	if (e->on && !e->sign && (self->has & HAS_KEYS) != 0 && !maybe_ds(view)) {
		self->member = false;
		self->has &= HAS_NS;
		view->persist = true;
		step_journal(s, "this provider signs no more: HSYNC says so, and the parent has "
				"no DS of its");
		return;
	}
	if (e->on || !not_delegated(view))
		return;
	self->member = self->contributed = false;
	self->has = 0;
	view->persist = true;
	step_journal(s, "this provider is out of the zone: HSYNC says OFF, and so does the parent");
}

/* Do all of the parent's servers, and not just now, name others of the group and none of ours? */
static bool
named_no_more(struct step *s)
{
	struct zone_view *view = s->view;
	struct rset others = RSET_NONE;
	int parents = 0;

	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (view->d.provider[i].used && view->d.provider[i].member)
			others = rset_or(others, process_own_ns(view, i));
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !view_delegates(view, p))
			continue;
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ns == NULL || p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    rset_meets(ns->set, view->config.ns) || !rset_meets(ns->set, others) ||
		    !step_due(s, ns->first, view->config.times.hold_down))
			return false;
		parents++;
	}
	return parents > 0 && view->parent_known;
}

/* Have all of the parent's servers, and not just now, DS of others of the group and none of ours?
 */
static bool
ds_no_more(struct step *s)
{
	struct zone_view *view = s->view;
	struct rset others = RSET_NONE;
	int parents = 0;

	if (maybe_ds(view))
		return false;
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (view->d.provider[i].used && view->d.provider[i].member &&
		    (view->designated >> i & 1) != 0)
			others = rset_or(others, view->d.provider[i].statement.dnskey);
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *v = view_current(p, VIEW_DS);
		if (!rset_meets(rpool_keys(&view->d.pool, v->set), others) ||
		    !step_due(s, v->first, view->config.times.hold_down))
			return false;
		parents++;
	}
	return parents > 0;
}

/* A member whose servers nobody names, because a process ended in the middle or the owner took them
 * out, joins again: that brings them in. */
static void
fallen_out(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];

	if (!self->member || view->d.process.kind != 0 || (view->designated & BIT(VIEW_SELF)) == 0)
		return;
	if (!ds_no_more(s) && !named_no_more(s))
		return;
	self->member = false; /* what of it the others show stays */
	view->persist = true;
	step_journal(s, "the delegation has not all of this provider any more: it joins again");
}

/* A leave, or a join, that ended when all of it was in, or nothing of it was gone: the delegation
 * has it, and so have the others. Where the delegation shows nowhere it joins again, which ends
 * with a person who looks at that. */
static void
still_in(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];
	uint8_t keys = HAS_KEYS | HAS_CDS;

	if (self->member || view_hidden(view) || view->d.process.kind != 0 ||
	    (self->has & keys) != keys || (view->designated & BIT(VIEW_SELF)) == 0 ||
	    delegated(view, VIEW_SELF) != 1)
		return;
	self->member = self->contributed = true;
	self->has = HAS_ALL;
	view->persist = true;
	step_journal(s, "this provider is a member still: nothing of it is gone");
}

/* At rest it says so; keys are rolled by members alone, and none but members vote on anything but a
 * join. Who leaves, or only serves, is not designated. */
static bool
says_member(const struct zone_view *view, int provider)
{
	const struct view_statement *st = &view->d.provider[provider].statement;

	switch (st->process) {
	case 0:
		return st->step == 7;
	case MSIG_PROCESS_ZSK:
	case MSIG_PROCESS_KSK:
	case MSIG_PROCESS_ALGORITHM:
		return true;
	case MSIG_PROCESS_ADD:
		return false;
	default:
		return (view->designated >> provider & 1) != 0;
	}
}

/* Has the parent DS of a provider's keys? Then its keys and CDS are in, whatever became of the
 * process that brought them there. */
static bool
has_ds(const struct zone_view *view, int provider)
{
	struct rset keys = view->d.provider[provider].statement.dnskey;
	bool any = false;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *v = view_current(p, VIEW_DS);
		if (v == NULL || p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    !rset_meets(rpool_keys(&view->d.pool, v->set), keys))
			return false;
		any = true;
	}
	return any;
}

/* Who has no part in the zone is not asked when others leave it, or go on without signing: the
 * delegation tells what is left of them. Returns what of `has` is not. */
static uint8_t
gone_without_us(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_provider *self = &view->d.provider[VIEW_SELF];
	struct rset names = process_own_ns(view, provider), keys = p->statement.dnskey;
	bool ds = false, ns = false;
	int parents = 0;

	if (!p->used || p->has == 0 || self->member || self->has == HAS_ALL ||
	    view->d.process.kind != 0 || !p->statement.known || !view->parent_known)
		return 0;
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || q->kind != PLACE_PARENT)
			continue;
		if (q->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    q->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    q->history[VIEW_DS].count == 0 || q->history[VIEW_NS].count == 0)
			return 0;
		ds |= rset_meets(rpool_keys(&view->d.pool, view_current(q, VIEW_DS)->set), keys);
		ns |= view_delegates(view, q) && rset_meets(view_current(q, VIEW_NS)->set, names);
		parents++;
	}
	/* Whoever says of itself that it signs may be on its way in or out. */
	bool signs = (view->listed >> provider & 1) != 0 && !rset_empty(keys) &&
		     (p->statement.process != 0 || p->statement.step != 0);
	if (parents == 0 || signs)
		return 0;
	return p->has & (uint8_t) ~((ds ? HAS_KEYS | HAS_CDS : 0) | (ns ? HAS_NS : 0));
}

/* It has DS and is not named: its NS are in the zone if combinerd holds them. */
static uint8_t
shown_half(const struct zone_view *view)
{
	return rset_empty(view->d.want.from[VIEW_SELF].ns) ? HAS_KEYS | HAS_CDS : HAS_ALL;
}

/* Is it OFF, and do all of the parent's servers name its servers, though nothing of it is known? */
static bool
left_named(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];
	struct rset names = process_own_ns(view, provider);
	int parents = 0;

	if (!p->used || p->has != 0 || !p->statement.known || view->d.process.kind != 0 ||
	    !view->d.provider[VIEW_SELF].member || (view->listed >> provider & 1) != 0 ||
	    !view->parent_known)
		return false;
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || !view_delegates(view, q))
			continue;
		const struct view_version *v = view_current(q, VIEW_NS);
		if (v == NULL || q->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    !rset_meets(v->set, names))
			return false;
		parents++;
	}
	return parents > 0;
}

/* Was it said after all that ended here, and never taken back? */
static bool
says_for_long(struct step *s, const struct view_statement *st)
{
	const struct view_times *t = &s->view->config.times;
	return st->received > s->view->d.ended.time && step_due(s, st->received, t->alarm_after);
}

/* The first start decides from what is delegated; later only processes change the group. A peer
 * that says it is a member is one if the delegation agrees. */
static void
membership(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	struct view_provider *self = &d->provider[VIEW_SELF];

	if (!self->statement.known || step_frozen(view))
		return;
	if (!d->begun) {
		int yes = delegated(view, VIEW_SELF);
		if (yes < 0) {
			step_wait(s, REASON_PARENT, REASON_OF_DS, "", "DS and NS at the parent",
				  "not known yet", 0);
			return;
		}
		d->begun = true;
		if (serves_only(view)) {
			self->has = yes == 1 ? HAS_NS : 0;
			self->contributed = yes == 1;
		} else {
			self->member = yes == 1;
			self->has = yes == 1                  ? HAS_ALL
				    : has_ds(view, VIEW_SELF) ? shown_half(view)
							      : 0;
			self->contributed = self->has != 0;
		}
		view->persist = true;
		step_journal(s, "this provider is %s",
			     yes ? "a member: the delegation has its DS and name servers"
				 : "not part of the delegation yet");
	}
	left_out(s);
	fallen_out(s);
	still_in(s);
	if (serves_only(view) && self->has == 0 && d->process.kind == 0 &&
	    entry(&d->hsync, self->identity)->on && delegated(view, VIEW_SELF) == 1) {
		self->has = HAS_NS;
		self->contributed = true;
		view->persist = true;
		step_journal(s, "this provider serves the zone: the delegation names it");
	}
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		struct view_provider *p = &d->provider[i];
		const struct view_hsync_entry *e = entry(&d->hsync, p->identity);
		const struct view_statement *st = &p->statement;
		if (i != VIEW_SELF && p->member && d->process.kind == 0 && st->known && !p->stale &&
		    st->process == 0 && st->step == 0 &&
		    (st->process_epoch >= d->epoch || says_for_long(s, st))) {
			p->member = false; /* what it has stays */
			view->persist = true;
			step_journal(s, "%s says that it is no member: it has to join again",
				     p->identity);
		}
		bool apart = d->process.kind == 0 || d->process.subject != i ||
			     (d->process.kind == MSIG_PROCESS_REMOVE &&
			      (process_effects(view) & EFFECT_CDS_DEL) == 0);
		if (p->used && has_ds(view, i) && !p->member && apart &&
		    (p->has & (HAS_KEYS | HAS_CDS)) != (HAS_KEYS | HAS_CDS)) {
			p->has |= HAS_KEYS | HAS_CDS;
			p->contributed = true;
			view->persist = true;
			step_journal(s, "%s has DS at the parent: its keys are in", p->identity);
		}
		if (left_named(view, i)) {
			p->has |= HAS_NS;
			p->contributed = true;
			view->persist = true;
			step_journal(s, "%s is OFF, and the delegation names it", p->identity);
		}
		uint8_t gone = gone_without_us(view, i);
		if (gone != 0) {
			p->has &= (uint8_t)~gone;
			p->member = false;
			p->contributed = p->has != 0;
			view->persist = true;
			step_journal(s, "%s is out of the zone%s: the delegation has it no more",
				     p->identity, p->has != 0 ? " in part" : "");
		}
		if (p->used && p->has == 0 && p->statement.known && e != NULL && e->on &&
		    !e->sign && rset_empty(p->statement.dnskey) &&
		    (d->process.kind == 0 || d->process.subject != i) && delegated(view, i) == 1) {
			p->has = HAS_NS;
			p->contributed = true;
			view->persist = true;
			step_journal(s, "%s serves the zone: the delegation names it", p->identity);
			continue;
		}
		if (!p->used || p->member || p->expelled || !p->statement.known ||
		    !says_member(view, i) || e == NULL ||
		    (d->process.kind != 0 && d->process.subject == i) || delegated(view, i) != 1)
			continue;
		p->member = p->contributed = true;
		p->has = HAS_ALL;
		view->persist = true;
		step_journal(s, "%s is a member: it says so, and so does the delegation",
			     p->identity);
	}
}

/* ---- the overlay
 * --------------------------------------------------------------------------------------- */

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

static struct view_contribution
contribution(struct step *s, const struct process_target *t, int i)
{
	const struct zone_view *view = s->view;
	const struct view_statement *st = &view->d.provider[i].statement;
	bool all = i != VIEW_SELF || view->config.mode == VIEW_MODE_ALL;
	struct view_contribution c = {0};

	if (all && i == VIEW_SELF)
		c.dnskey = view->d.own; /* a signer in this mode has no DNSKEY but from here */
	else if (all && (t->keys >> i & 1) != 0)
		c.dnskey = process_shared(view, known_algorithms(s, i, st->dnskey));
	if (all && (t->cds >> i & 1) != 0 && t->cds_shown) {
		c.cds = t->cds_kept ? view->d.want.from[i].cds : st->cds;
		c.cdnskey = t->cds_kept ? view->d.want.from[i].cdnskey : st->cdnskey;
	}
	if ((t->ns >> i & 1) != 0 && !rset_empty(t->ns_set))
		c.ns = st->ns;
	c.used = !rset_empty(c.dnskey) || !rset_empty(c.cds) || !rset_empty(c.ns);
	return c;
}

static bool
same_contribution(const struct view_contribution *a, const struct view_contribution *b)
{
	return a->used == b->used && rset_equal(a->dnskey, b->dnskey) &&
	       rset_equal(a->cds, b->cds) && rset_equal(a->cdnskey, b->cdnskey) &&
	       rset_equal(a->ns, b->ns) && rset_equal(a->csync, b->csync);
}

/* Those of records that are there. One of the signer's that changed is followed: an RRset has one.
 */
static bool
same_ttls(const struct view_overlay *a, const struct view_overlay *b)
{
	bool keys = false, cds = false, ns = false;

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		keys |= !rset_empty(a->from[i].dnskey);
		cds |= !rset_empty(a->from[i].cds) || !rset_empty(a->from[i].cdnskey);
		ns |= !rset_empty(a->from[i].ns) || !rset_empty(a->from[i].csync);
	}
	return (!keys || a->ttl_key == b->ttl_key) && (!cds || a->ttl_cds == b->ttl_cds) &&
	       (!ns || a->ttl_ns == b->ttl_ns);
}

/* Is it our turn to show what is not ours? A joiner does with the step at which the group shows its
 * keys; who has left, or only serves, never. */
static bool
takes_part(const struct zone_view *view, const struct process_target *t)
{
	return (t->keys & BIT(VIEW_SELF)) != 0;
}

/* The overlay as it ought to be now. false: it cannot be said. */
static bool
wanted_overlay(struct step *s, struct view_overlay *o)
{
	static const uint8_t csync[] = {0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 8};
	struct zone_view *view = s->view;
	struct process_target t;

	process_target(view, &t);
	if (!takes_part(view, &t)) /* our own keys at most */
		t.keys = t.cds = 0, t.csync = false, t.complete = true;
	/* Who is taken out sends nobody to itself any more, whatever else it has forgotten. */
	if (!takes_part(view, &t) &&
	    !(view->d.process.kind == MSIG_PROCESS_REMOVE && view->d.process.subject == VIEW_SELF))
		t.ns = 0, t.ns_set = RSET_NONE;
	if (!t.complete)
		return false;
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (view->d.provider[i].used)
			o->from[i] = contribution(s, &t, i);
	/* A joiner shows the group's sets at the step at which the group shows its own. */
	if (t.csync) {
		int id = rpool_get(&view->d.pool, 62, csync, sizeof(csync));
		if (id < 0)
			return false;
		rset_add(&o->from[VIEW_SELF].csync, id);
		o->from[VIEW_SELF].used = true;
	}
	const struct view_version *keys = seen_at_signer(view, VIEW_DNSKEY);
	const struct view_version *ns = seen_at_signer(view, VIEW_NS);
	const struct view_version *cds = seen_at_signer(view, VIEW_CDS);
	if (keys == NULL || ns == NULL)
		return false;
	o->ttl_key = view_own_signer(view)->history[VIEW_DNSKEY].ttl;
	o->ttl_cds =
	    cds != NULL && !cds->absent ? view_own_signer(view)->history[VIEW_CDS].ttl : o->ttl_key;
	o->ttl_ns = view_own_signer(view)->history[VIEW_NS].ttl;
	return true;
}

/* The DS that CDS stand for, as far as they were seen: the same data. Their keys may not be known.
 */
static struct rset
ds_of_cds(const struct zone_view *view, struct rset cds)
{
	struct rset out = RSET_NONE;

	for (int i = rset_next(&cds, 0); i >= 0; i = rset_next(&cds, i + 1)) {
		const knot_rdata_t *r = view->d.pool.at[i].rdata;
		int id = rpool_find(&view->d.pool, 43, r->data, r->len);
		if (id >= 0)
			rset_add(&out, id);
	}
	return out;
}

/* What of a provider the parent has, as far as is known: DS of its keys, and its name servers.
 * After a database was lost, what combinerd was told for it is all that tells what is its. */
static uint8_t
parent_has(const struct zone_view *view, int provider)
{
	const struct view_contribution *c = &view->d.want.from[provider];
	const struct view_statement *st = &view->d.provider[provider].statement;
	struct rset names = rset_or(c->ns, st->ns), keys = rset_or(c->dnskey, st->dnskey);
	struct rset wanted = ds_of_cds(view, c->cds);
	uint8_t has = 0;
	int parents = 0;

	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (i != provider && view->d.provider[i].used)
			names =
			    rset_minus(names, i == VIEW_SELF ? view->config.ns
							     : view->d.provider[i].statement.ns);
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *ds = view_current(p, VIEW_DS);
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ds == NULL || rset_meets(ds->set, wanted) ||
		    rset_meets(rpool_keys(&view->d.pool, ds->set), keys))
			has |= HAS_KEYS | HAS_CDS;
		/* Where the delegation shows nowhere, the zone's own NS say nothing of it. */
		if (!view_hidden(view) && view_delegates(view, p) &&
		    (ns == NULL || rset_meets(ns->set, names)))
			has |= HAS_NS;
		parents++;
	}
	return parents == 0 ? HAS_ALL : has;
}

/* Which kinds of records does a provider lose all of? */
static uint8_t
lost(const struct view_contribution *old, const struct view_contribution *new)
{
	uint8_t kinds = 0;

	if (!rset_empty(old->dnskey) && rset_empty(new->dnskey))
		kinds |= HAS_KEYS;
	if ((!rset_empty(old->cds) && rset_empty(new->cds)) ||
	    (!rset_empty(old->cdnskey) && rset_empty(new->cdnskey)))
		kinds |= HAS_CDS;
	if (!rset_empty(old->ns) && rset_empty(new->ns))
		kinds |= HAS_NS;
	return kinds;
}

/* Has a process taken them out, or are they not in the zone anyway? */
static bool
may_go(const struct zone_view *view, int provider, uint8_t kinds)
{
	const struct view_process *run = &view->d.process;
	uint32_t dels = EFFECT_KEYS_DEL | EFFECT_CDS_DEL | EFFECT_NS_DEL;

	struct process_target t;

	process_target(view, &t);
	if (!t.cds_shown) /* those of a single signer are its own affair */
		kinds &= (uint8_t)~HAS_CDS;
	/* Who does not sign here any more shows nobody's. */
	if (kinds == 0 || (view->d.provider[VIEW_SELF].has & HAS_KEYS) == 0 ||
	    (run->kind != 0 && run->subject == provider && (process_effects(view) & dels) != 0))
		return true;
	return (kinds & (view->d.provider[provider].has | parent_has(view, provider))) == 0;
}

/* The first overlay replaces what somebody put into a delegated zone by hand: until all who are in
 * there are known, it would take their keys out. */
static bool
replaces_all(struct step *s, const struct view_overlay *o, struct rset keys)
{
	struct zone_view *view = s->view;
	const struct view_version *cur = seen_at_signer(view, VIEW_DNSKEY);

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (view->d.want.from[i].used)
			return true;
		if (o->from[i].used) /* all of its keys, be they shared or not */
			keys = rset_or(keys, view->d.provider[i].statement.dnskey);
	}
	if (cur == NULL || rset_within(rset_minus(cur->set, view->d.foreign), keys) ||
	    delegated(view, VIEW_SELF) == 0)
		return true;
	step_wait(s, REASON_PEER, REASON_OF_DNSKEY, "signer",
		  "every key in the zone stated by a provider", "keys that nobody states yet", 0);
	return false;
}

static bool
safe_overlay(struct step *s, const struct view_overlay *o)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	struct rset keys = d->own, cds = RSET_NONE, old_cds = RSET_NONE;
	struct safety r = {.ok = true};

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		keys = rset_or(keys, o->from[i].dnskey);
		cds = rset_or(cds, o->from[i].cds);
		old_cds = rset_or(old_cds, d->want.from[i].cds);
		struct view_contribution had = d->want.from[i];
		if (!d->agent_ns) /* the owner took them over */
			had.ns = RSET_NONE;
		if (i != VIEW_SELF && !may_go(view, i, lost(&had, &o->from[i])) &&
		    !MUTANT(SHRINK)) {
			step_blocked(s, REASON_OF_OVERLAY, d->provider[i].identity,
				     "no fewer providers than before",
				     "no process takes this one away",
				     "find out why it states nothing any more");
			return false;
		}
	}
	if (!replaces_all(s, o, keys))
		return false;
	r = safety_keys(view, keys, s->now);
	struct rset all_cds = cds;
	if (view->config.mode == VIEW_MODE_FOREIGN && /* the signer adds its own */
	    (!rset_empty(cds) || d->provider[VIEW_SELF].member))
		all_cds = rset_or(cds, d->provider[VIEW_SELF].statement.cds);
	if (r.ok && !rset_empty(all_cds) && !rset_equal(cds, old_cds))
		r = safety_ds(view, rpool_keys(&d->pool, all_cds), s->now);
	if (r.ok)
		return true;
	static const char expected[] = "an overlay that is safe with every cached set";
	if (r.until == VIEW_NEVER) {
		step_blocked(s, r.object, r.place, expected, r.text,
			     "find out what that server serves; the overlay stays as it is");
		return false;
	}
	step_wait(s, REASON_UNTIL, r.object, r.place, expected, r.text, r.until);
	step_wake(s, r.until);
	return false;
}

static void
unsafe_names(struct step *s, const struct safety *r)
{
	bool known = r->until != VIEW_NEVER;

	step_wait(s, known ? REASON_UNTIL : REASON_PEER, REASON_OF_NS, r->place,
		  "new name servers that are safe with every cached set", r->text,
		  known ? r->until : 0);
	if (known)
		step_wake(s, r->until);
}

/* Name servers that nobody named before are named only if that is safe; until then the NS stay as
 * they are, and the other sets go on. */
static void
naming(struct step *s, struct view_overlay *o)
{
	struct zone_view *view = s->view;
	struct rset old = RSET_NONE, new = RSET_NONE;

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		old = rset_or(old, view->d.want.from[i].ns);
		new = rset_or(new, o->from[i].ns);
	}
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && p->kind == PLACE_SERVER && p->named != 0)
			old = rset_or(old, p->ns);
	}
	new = rset_minus(new, old);
	if (rset_empty(new))
		return;
	struct safety r = safety_naming(view, new, s->now);
	if (r.ok)
		return;
	unsafe_names(s, &r);
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		struct view_contribution *c = &o->from[i];
		c->ns = view->d.want.from[i].ns;
		c->used = !rset_empty(c->dnskey) || !rset_empty(c->cds) || !rset_empty(c->ns) ||
			  !rset_empty(c->csync);
	}
}

static void
overlay(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	struct view_overlay o = {0};
	bool same = true;

	if (step_frozen(view) || (!d->begun && view->config.mode == VIEW_MODE_FOREIGN))
		return;
	if (!wanted_overlay(s, &o))
		return;
	/* Before it is known what we are, a signer whose records all come from here gets its own
	 * keys; all else that combinerd holds stays. */
	struct view_contribution own = o.from[VIEW_SELF];
	for (int i = 0; i < VIEW_PROVIDERS && !d->begun; i++)
		o.from[i] = d->want.from[i];
	if (!d->begun) {
		o.from[VIEW_SELF].dnskey = own.dnskey;
		o.from[VIEW_SELF].used |= own.used;
	}
	naming(s, &o);
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		same &= same_contribution(&o.from[i], &d->want.from[i]);
	same &= same_ttls(&o, &d->want);
	if (!same && safe_overlay(s, &o)) {
		o.epoch = d->epoch;
		o.counter = ++d->counter;
		for (int i = 0; i < VIEW_PROVIDERS; i++)
			d->shrink |= lost(&d->want.from[i], &o.from[i]) != 0;
		d->want = o;
		for (int i = 1; i < VIEW_PROVIDERS; i++)
			d->foreign = rset_or(d->foreign, rset_minus(o.from[i].dnskey, d->own));
		view->applying = 0;
		view->apply_rcode = 0;
		view->persist = true;
	}
	if (d->want.epoch == d->applied_epoch && d->want.counter == d->applied_counter)
		return;
	int64_t again = view->config.times.resend * (view->apply_rcode != 0 ? 4 : 1);
	if (step_due(s, view->applying, again)) {
		struct action *a = step_action(s, ACT_APPLY);
		if (a == NULL)
			return;
		a->may_shrink = d->shrink; /* judged when it was decided */
		view->applying = s->now;
		step_wake(s, s->now + again);
	}
	if (view->apply_rcode != 0)
		step_blocked(s, REASON_OF_OVERLAY, "combinerd", "the overlay accepted",
			     view->apply_text, "see what combinerd says; said again by itself");
}

/* ---- looking around
 * -------------------------------------------------------------------------------------- */

/* Is anything going on that must be seen soon? */
static bool
busy(const struct zone_view *view)
{
	const struct durable *d = &view->d;
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process != 0)
			return true;
	if (d->process.kind != 0 || !d->begun || d->want.counter != d->applied_counter ||
	    !d->provider[VIEW_SELF].member)
		return true;
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (d->provider[i].used &&
		    (d->provider[i].requested || d->provider[i].statement.process != 0))
			return true;
	return false;
}

static void
look_up(struct step *s)
{
	struct zone_view *view = s->view;
	struct rset names = view->config.ns;
	const struct view_times *t = &view->config.times;

	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		const struct view_hsync_entry *e = entry(&view->d.hsync, p->identity);
		if (p->used && ((e != NULL && e->on) || p->has != 0 ||
				(view->d.process.kind != 0 && view->d.process.subject == i)))
			names = rset_or(names, p->statement.ns);
	}
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v = p == NULL ? NULL : view_current(p, VIEW_NS);
		if (v != NULL)
			names = rset_or(names, v->set);
	}
	for (int i = rset_next(&names, 0); i >= 0; i = rset_next(&names, i + 1)) {
		int64_t every = rset_has(&view->looked_up, i) ? 10 * t->ask_slow : t->resend;
		if (!step_due(s, view->looked_at[i], every))
			continue;
		struct action *a = step_action(s, ACT_LOOKUP);
		if (a == NULL)
			return;
		a->ns = i;
		view->looked_at[i] = s->now;
		step_wake(s, s->now + every);
	}
	int64_t every = view->parent_known ? 10 * t->ask_slow : t->resend;
	if (step_due(s, view->parent_looked_at, every)) {
		struct action *a = step_action(s, ACT_LOOKUP);
		if (a != NULL) {
			view->parent_looked_at = s->now;
			step_wake(s, s->now + every);
		}
	}
}

/* Questions whose time is near go along with those whose time has come: one look at all that is
 * known, not one for each server. */
static bool
any_due(const struct zone_view *view, int64_t every, int64_t now)
{
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && (p->asked == 0 || now - p->asked >= every))
			return true;
	}
	return view->hsync_asked == 0 || now - view->hsync_asked >= every;
}

static bool
due_along(struct step *s, int64_t since, int64_t every, bool any)
{
	if (since == 0 || (any && s->now - since >= every - every / 4))
		return true;
	step_wake(s, since + every);
	return false;
}

static void
ask(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_times *t = &view->config.times;
	int64_t every = busy(view) ? t->ask_fast : t->ask_slow;
	bool any = any_due(view, every, s->now);

	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = view->d.place[i];
		if (p == NULL || !due_along(s, p->asked, every, any))
			continue;
		struct action *a = step_action(s, ACT_ASK);
		if (a == NULL)
			return;
		a->place = i;
		a->types = p->kind == PLACE_PARENT
			       ? 1u << VIEW_DS | 1u << VIEW_NS
			       : ((1u << VIEW_TYPE_COUNT) - 1) & ~(1u << VIEW_DS);
		p->asked = s->now;
		step_wake(s, s->now + every);
	}
	if (view_own_signer(view) == NULL)
		step_wait(s, REASON_BLOCKED, REASON_OF_SERVER, "signer",
			  "the address of the signer", "none", 0);
	else if (due_along(s, view->hsync_asked, every, any) &&
		 step_action(s, ACT_ASK_HSYNC) != NULL) {
		view->hsync_asked = s->now;
		step_wake(s, s->now + every);
	}
}

/* Places that nobody names any more, and whose answers no cache can hold. */
static void
forget_places(struct step *s)
{
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = s->view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER || !rset_empty(p->ns) ||
		    safety_cached(s->view, p, s->now))
			continue;
		free(p);
		s->view->d.place[i] = NULL;
		s->view->persist = true;
	}
}

/* ---- alarms
 * --------------------------------------------------------------------------------------------- */

/* Signatures by an own key whose DNSKEY an algorithm rollover holds back, or took away already. */
static bool
expected_alien(const struct zone_view *view, const char *what)
{
	unsigned algorithm, tag;

	if (sscanf(what, "%u/%u", &algorithm, &tag) != 2)
		return false;
	struct rset rolled = rset_or(view->d.process.fresh, view->d.process.old);
	for (int i = 0; i < view->keys; i++) /* or one that ended early */
		if (view->key[i].state == MSIG_KEY_STATE_SIGNING ||
		    view->key[i].state == MSIG_KEY_STATE_POST)
			rset_add(&rolled, view->key[i].rr);
	for (int i = rset_next(&rolled, 0); i >= 0; i = rset_next(&rolled, i + 1))
		if (view->d.pool.at[i].alg == algorithm && view->d.pool.at[i].tag == tag)
			return true;
	return false;
}

/* Whom nobody should be led to is not asked for. */
static void
owner_adds(struct step *s, const struct view_provider *p, struct rset names)
{
	struct safety r = safety_naming(s->view, names, s->now);

	if (r.ok)
		step_blocked(s, REASON_OF_NS, p->identity, "its NS in the owner's zone",
			     "not there", "the owner of the zone (NSMGMT=OWNER) adds them");
	else
		unsafe_names(s, &r);
}

/* NSMGMT=OWNER, and no process speaks of it: the owner's NS are those of the providers. */
static void
owners_ns(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_version *v = seen_at_signer(view, VIEW_NS);

	if (view->d.agent_ns || view->d.process.kind != 0 || v == NULL ||
	    !view->d.provider[VIEW_SELF].member || (view->designated & BIT(VIEW_SELF)) == 0)
		return;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		struct rset names = i == VIEW_SELF ? view->config.ns : p->statement.ns;
		if (!p->used)
			continue;
		if ((p->has & HAS_NS) != 0 && (view->listed >> i & 1) != 0 &&
		    !rset_within(names, v->set))
			owner_adds(s, p, rset_minus(names, v->set));
		else if (p->has == 0 && (view->listed >> i & 1) == 0 &&
			 rset_meets(process_own_ns(view, i), v->set))
			step_blocked(s, REASON_OF_NS, p->identity,
				     "the owner's zone without its NS", "they are there",
				     "the owner of the zone (NSMGMT=OWNER) removes them");
	}
}

/* A rollover that was interrupted, and nobody remembers: its order went with a database. */
static void
half_rolled(struct step *s)
{
	struct zone_view *view = s->view;
	uint8_t kind = roll_unfinished(view);
	char todo[REASON_TEXT];

	for (int i = 0; i < VIEW_ORDERS; i++)
		if (view->d.order[i].process != 0)
			return;
	if (kind == 0 || view->d.process.kind != 0 || !view->d.provider[VIEW_SELF].member)
		return;
	snprintf(todo, sizeof(todo), "order it again: msigctl roll %.100s %s", view->zone,
		 kind == MSIG_PROCESS_ZSK   ? "zsk"
		 : kind == MSIG_PROCESS_KSK ? "ksk"
					    : "algorithm");
	step_blocked(s, REASON_OF_KEY, "signer", "every key in use, or gone",
		     "an earlier rollover was not completed", todo);
}

/* A signer that uses a key before everybody shows it: whoever holds a DNSKEY set without it takes
 * its answers for bogus, until that set is out of caches. The key is in the statement, and so on
 * its way to all, as soon as it is seen; more cannot be done from here. */
static void
early(struct step *s, const struct view_place *signer, const struct view_version *soa)
{
	struct zone_view *view = s->view;
	struct reason r = {.class = REASON_BLOCKED, .object = REASON_OF_SIGNATURE};
	int key = rset_next(&soa->signers, 0);

	if (key < 0 || serves_only(view) || signer->history[VIEW_SOA].status != MSIG_SEEN_SET)
		return;
	struct safety risk = safety_signing(view, soa->signers, s->now);
	if (risk.ok || risk.object != REASON_OF_S2)
		return;
	snprintf(r.place, sizeof(r.place), "signer");
	snprintf(r.expected, sizeof(r.expected), "signatures by keys that every server shows");
	snprintf(r.seen, sizeof(r.seen),
		 "key with tag %u is used, and not shown at %.72s: "
		 "answers are bogus where that is cached",
		 view->d.pool.at[key].tag, risk.place);
	snprintf(r.todo, sizeof(r.todo),
		 "stop using that key until all show it; have the "
		 "signer's keys rolled by msig alone (msigctl doctor)");
	r.next = risk.until == VIEW_NEVER ? 0 : risk.until;
	step_reason(s, &r);
	step_wake(s, risk.until);
}

static void
watch(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_place *signer = view_own_signer(view);
	const struct view_version *soa = signer == NULL ? NULL : view_current(signer, VIEW_SOA);

	if (soa != NULL && soa->alien && !serves_only(view) &&
	    !expected_alien(view, signer->history[VIEW_SOA].reason))
		step_blocked(s, REASON_OF_SIGNATURE, "signer",
			     "signatures by keys that are published",
			     signer->history[VIEW_SOA].reason,
			     "publish that key at the signer, or stop using it, at once");
	if (soa != NULL)
		early(s, signer, soa);
	struct safety r = safety_now(view, s->now);
	if (!r.ok && r.until != VIEW_NEVER)
		step_wait(s, REASON_UNTIL, r.object, r.place, "every cached set to validate",
			  r.text, r.until);
	else if (!r.ok)
		step_blocked(s, r.object, r.place, "every cached set to validate", r.text,
			     "some resolvers fail now: compare keys, signatures and DS there");
	owners_ns(s);
	half_rolled(s);
	if (view->d.paused)
		step_blocked(s, REASON_OF_OPERATOR, "", "", "paused by the operator", "resume");
}

/* The parent is told when there is something to scan; it only changes when it looks. */
static void
notify_parent(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);

	if (rule == NULL || run->requestor != VIEW_SELF || run->phase != PHASE_EXECUTING)
		return;
	uint32_t conditions = rule->step[run->step].done;
	bool ds = (conditions & COND_DS) != 0 && !process_check(view, COND_DS, true, s->now, NULL);
	bool ns = (conditions & COND_CSYNC) != 0 &&
		  process_check(view, COND_CSYNC, true, s->now, NULL) &&
		  (view_hidden(view) || !process_check(view, COND_PARENT_NS, true, s->now, NULL));
	if (!ds && !ns)
		return;
	int64_t every = 12 * view->config.times.resend;
	if (view->notified < run->since || step_due(s, view->notified, every)) {
		struct action *a = step_action(s, ACT_NOTIFY);
		if (a == NULL)
			return;
		a->type = ds ? 59 : 62;
		view->notified = s->now;
		step_wake(s, s->now + every);
	}
}

/* ---- the end
 * --------------------------------------------------------------------------------------------- */

static void
sweep(struct zone_view *view)
{
	struct durable *d = &view->d;
	if (d->pool.count < RSET_MAX * 3 / 4)
		return;
	struct rset keep =
	    rset_or(rset_or(view->config.ns, view->config.ds_keep), view->config.own);
	keep = rset_or(rset_or(keep, d->own),
		       rset_or(d->orphans, rset_or(d->process.fresh, d->process.old)));
	for (int i = 0; i < view->keys; i++)
		rset_add(&keep, view->key[i].rr);
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_statement *st = &d->provider[i].statement;
		const struct view_contribution *c[] = {&d->want.from[i], &d->applied.from[i],
						       &view->held[i]};
		keep = rset_or(keep,
			       rset_or(rset_or(st->dnskey, st->cds), rset_or(st->cdnskey, st->ns)));
		for (size_t k = 0; k < sizeof(c) / sizeof(c[0]); k++)
			keep = rset_or(keep, rset_or(rset_or(rset_or(c[k]->dnskey, c[k]->cds),
							     rset_or(c[k]->cdnskey, c[k]->ns)),
						     c[k]->csync));
	}
	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = d->place[i];
		if (p == NULL)
			continue;
		keep = rset_or(keep, p->ns);
		for (int t = 0; t < VIEW_TYPE_COUNT; t++)
			for (int v = 0; v < p->history[t].count; v++)
				keep = rset_or(keep, rset_or(p->history[t].at[v].set,
							     p->history[t].at[v].signers));
	}
	lead_keep(view, &keep);
	/* That a key was foreign is remembered while anybody shows it, caches included. */
	d->foreign = rset_and(d->foreign, keep);
	rpool_keep(&d->pool, keep);
	view->looked_up = rset_and(view->looked_up, keep);
	for (int i = 0; i < RSET_MAX; i++)
		if (!rset_has(&keep, i))
			view->looked_at[i] = 0;
}

/* `since` of a reason that stays is kept; a new one that needs a person is an alarm. */
static void
compare_reasons(struct step *s, const struct reason *old, int count)
{
	struct zone_view *view = s->view;
	for (int i = 0; i < view->reasons; i++) {
		struct reason *r = &view->reason[i];
		r->since = s->now;
		bool known = false;
		for (int k = 0; k < count && !known; k++)
			if (reason_same(r, &old[k])) {
				r->since = old[k].since;
				known = true;
			}
		if (!known && r->class == REASON_BLOCKED) {
			char text[4 * REASON_TEXT];
			step_alarm(s, "%.300s", reason_text(r, text, sizeof(text)));
		}
	}
}

/* What is agreed changes the overlay, what the overlay shows ends a step, and that may be the next
 * thing to agree on: until nothing moves any more. */
static void
process(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	int reasons = s->view->reasons;

	for (int round = 0; round < 8; round++) {
		enum view_phase phase = run->phase;
		uint8_t kind = run->kind, step = run->step;
		s->view->reasons = reasons;
		agree_run(s);
		roll_work(s);
		overlay(s);
		agree_work(s);
		if (run->phase == phase && run->kind == kind && run->step == step)
			break;
	}
}

void
decide(struct zone_view *view, int64_t now, struct plan *plan)
{
	struct step s = {view, now, plan};
	struct reason old[VIEW_REASONS];
	int count = view->reasons;

	memcpy(old, view->reason, sizeof(old[0]) * (size_t)count);
	view->reasons = 0;
	plan->count = 0;
	plan->wake = VIEW_NEVER;
	view->dirty = false;
	view->designated = agree_designated(view);
	view->listed = agree_listed(view);

	instruction(&s);
	egress(&s);
	ns_management(&s);
	database(&s);
	sharing(&s);
	safety_delegations(view, now);
	own_keys(&s);
	state_self(&s);
	membership(&s);
	elect_run(&s);
	process(&s);
	elect_show(&s);
	state_self(&s); /* as agreed */
	watch(&s);
	notify_parent(&s);
	tell_peers(&s);
	look_up(&s);
	ask(&s);
	forget_places(&s);
	sweep(view);
	compare_reasons(&s, old, count);
	plan->persist = view->persist;
	view->persist = false;
}
