/*
 * The zone's state moves here, in a fixed order: what the owner says, what we are, what there is to
 * observe, what was agreed, what combinerd shall hold, what others must hear. Each has its file,
 * decide_*.c.
 */
#include <string.h>

#include "agentd/agree.h"
#include "agentd/decide_int.h"
#include "agentd/elect.h"
#include "agentd/lead.h"
#include "agentd/roll.h"
#include "agentd/safety.h"
#include "agentd/step.h"

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
	for (int i = 0; i < d->providers; i++) {
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
	for (int i = 0; i < d->places; i++) {
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

/* Those that need a person come first; among these, and among the others, they stay as they were
 * found. */
static void
most_important_first(struct zone_view *view)
{
	struct reason sorted[VIEW_REASONS];
	int count = 0;

	for (int blocked = 1; blocked >= 0; blocked--)
		for (int i = 0; i < view->reasons; i++)
			if ((view->reason[i].class == REASON_BLOCKED) == blocked)
				sorted[count++] = view->reason[i];
	memcpy(view->reason, sorted, sizeof(sorted[0]) * (size_t)count);
}

/* What an older database makes of the world asks nobody to do anything; what fails now is seen. */
static void
ask_nothing_in_doubt(struct zone_view *view)
{
	static const uint32_t remembered =
	    BIT(REASON_OF_NS) | BIT(REASON_OF_DS) | BIT(REASON_OF_CDS) | BIT(REASON_OF_CSYNC) |
	    BIT(REASON_OF_DNSKEY) | BIT(REASON_OF_KEY) | BIT(REASON_OF_KEYTAG) |
	    BIT(REASON_OF_STATEMENT) | BIT(REASON_OF_GRANT) | BIT(REASON_OF_OVERLAY);
	int count = 0;

	for (int i = 0; i < view->reasons && view->d.rebuild; i++) {
		const struct reason *r = &view->reason[i];
		if (r->class != REASON_BLOCKED || (remembered >> r->object & 1) == 0)
			view->reason[count++] = *r;
	}
	if (view->d.rebuild)
		view->reasons = count;
}

/* A parent, or somebody's server, that does nothing keeps all waiting. */
static void
told_when_it_lasts(struct step *s, struct reason *r)
{
	char text[4 * REASON_TEXT];

	const char *todo = r->class == REASON_PARENT
			       ? "ask whoever runs the parent, or the registrar"
			   : r->class == REASON_PEER ? "ask that provider"
			   : r->class == REASON_HOME ? "see to it here"
						     : NULL;

	if (todo == NULL || r->told || !step_due(s, r->since, s->view->config.times.alarm_after))
		return;
	r->told = true;
	step_alarm(s, "waits for long: %.300s; %s", reason_text(r, text, sizeof(text)), todo);
}

/* `since` of a reason that stays is kept; a new one that needs a person is an alarm, also where
 * something else was expected of the same place before. */
static void
compare_reasons(struct step *s, const struct reason *old, int count)
{
	struct zone_view *view = s->view;
	for (int i = 0; i < view->reasons; i++) {
		struct reason *r = &view->reason[i];
		r->since = s->now;
		r->told = false;
		bool known = false;
		for (int k = 0; k < count && !known; k++)
			if (reason_same(r, &old[k])) {
				r->since = old[k].since;
				r->told = old[k].told;
				known = strcmp(r->expected, old[k].expected) == 0;
			}
		if (!known && r->class == REASON_BLOCKED) {
			char text[4 * REASON_TEXT];
			step_alarm(s, "%.300s", reason_text(r, text, sizeof(text)));
		}
		told_when_it_lasts(s, r);
	}
}

/* What is agreed changes the overlay, what the overlay shows ends a step, and that may be the next
 * thing to agree on; who has come in may release who stayed for it: until nothing moves any more.
 */
static void
process(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	int reasons = s->view->reasons;

	for (int round = 0; round < 8; round++) {
		enum view_phase phase = run->phase;
		uint8_t kind = run->kind, step = run->step;
		uint32_t designated = s->view->designated;
		s->view->reasons = reasons;
		agree_run(s);
		roll_work(s);
		decide_overlay(s);
		agree_work(s);
		agree_match(s->view);
		if (run->phase == phase && run->kind == kind && run->step == step &&
		    s->view->designated == designated)
			break;
	}
}

/* What all signers do together, and what is theirs alone. */
static void
signed_zone(struct step *s)
{
	decide_ns_management(s);
	decide_database(s);
	decide_sharing(s);
	decide_own_keys(s);
	decide_state_self(s);
	decide_membership(s);
	elect_run(s);
	decide_stray(s);
	struct safety cached = decide_early(s);
	process(s);
	elect_show(s);
	decide_state_self(s); /* as agreed */
	decide_watch(s, &cached);
	decide_rest(s);
	decide_notify_parent(s);
}

/* What servers and parent have shown between a copy of the database and now nobody here saw: no
 * hold begins before now. */
static void
hold_anew(struct step *s)
{
	if (!s->view->confirmed)
		return;
	s->view->confirmed = false;
	s->view->d.clock_floor = s->now;
	s->view->persist = true;
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
	hold_anew(&s);
	agree_match(view);

	decide_instruction(&s);
	decide_egress(&s);
	safety_delegations(view, now);
	if (view->config.nobody_signs)
		decide_unsigned(&s);
	else
		signed_zone(&s);
	decide_tell_peers(&s);
	decide_look_up(&s);
	decide_ask(&s);
	decide_forget_places(&s);
	sweep(view);
	ask_nothing_in_doubt(view);
	most_important_first(view);
	compare_reasons(&s, old, count);
	plan->persist = view->persist;
	view->persist = false;
}
