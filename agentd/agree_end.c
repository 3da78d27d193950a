/*
 * How a process ends: complete, early, or given up before anything was done. When it has to:
 * agree_withdraw.c.
 */
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/step.h"

static void
remember(struct step *s, bool completed)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	int last = d->ended.subject;

	/* What came of those name servers nobody has seen by now either. */
	if (last != run->subject && agree_unfinished_ns(s->view, last))
		d->provider[last].unsure = true;
	d->ended = (struct view_ended){
	    .kind = run->kind,
	    .subject = run->subject,
	    .epoch = run->epoch,
	    .completed = completed,
	    .time = s->now,
	};
	memcpy(d->ended.tid, run->tid, sizeof(run->tid));
}

void
agree_finish(struct step *s)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	struct view_provider *subject = &d->provider[run->subject];

	remember(s, true);
	if (run->kind == MSIG_PROCESS_ADD || run->kind == MSIG_PROCESS_REMOVE ||
	    run->kind == MSIG_PROCESS_NS_ADD || run->kind == MSIG_PROCESS_NS_REMOVE)
		subject->unsure = false; /* a person has seen it */
	switch (run->kind) {
	case MSIG_PROCESS_ADD:
		subject->member = subject->contributed = true;
		subject->has = HAS_ALL;
		break;
	case MSIG_PROCESS_REMOVE:
		subject->member = false;
		subject->has = run->stays ? HAS_NS : 0;
		subject->contributed = run->stays;
		break;
	case MSIG_PROCESS_NS_ADD:
		subject->has |= HAS_NS;
		subject->contributed = true;
		break;
	case MSIG_PROCESS_NS_REMOVE:
		subject->has &= (uint8_t)~HAS_NS;
		subject->contributed = subject->has != 0;
		break;
	case MSIG_PROCESS_ALGORITHM:
		agree_order_done(d, run->kind, run->algorithm);
		break;
	default:
		if (run->subject == VIEW_SELF)
			agree_order_done(d, run->kind, run->algorithm);
		break;
	}
	step_journal(s, "%s %s: complete%s", process_name(run->kind), subject->identity,
		     run->turned ? ", turned round: the old keys have stayed" : "");
	agree_forget(s);
	d->attempts = 0;
	d->backoff = 0;
}

/* Was there CSYNC, so that the parent may name whom the zone names? */
static bool
parent_was_told(const struct zone_view *view)
{
	const struct process_rule *rule = process_rule(view->d.process.kind);

	for (int i = process_executed(view); rule != NULL && i >= 0; i--)
		if ((rule->step[i].effect & EFFECT_CSYNC) != 0)
			return true;
	return false;
}

bool
agree_parent_followed(const struct zone_view *view)
{
	const struct process_rule *rule = process_rule(view->d.process.kind);

	for (int i = process_executed(view); rule != NULL && i >= 0; i--)
		if ((rule->step[i].guard & COND_PARENT_NS) != 0)
			return true;
	return false;
}

/* The owner changed the instruction in the middle: what was done stays, and another process goes on
 * from there. */
void
agree_end_early(struct step *s, const char *why)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	struct view_provider *subject = &d->provider[run->subject];
	uint32_t effects = process_effects(s->view);

	remember(s, false);
	if (effects & EFFECT_KEYS_ADD)
		subject->has |= HAS_KEYS;
	if (effects & EFFECT_CDS_ADD)
		subject->has |= HAS_CDS;
	/* Who is to leave is not named again, whatever the parent says. Where the delegation shows
	 * nowhere, whoever is to stay is named by another process, and who is to leave may still be
	 * named from before. */
	bool leaves = (agree_listed(s->view) & BIT(run->subject)) == 0;
	bool hidden = view_hidden(s->view);
	if ((effects & EFFECT_NS_ADD) != 0 && (parent_was_told(s->view) || (leaves && hidden)))
		subject->has |= HAS_NS;
	if (effects & EFFECT_KEYS_DEL)
		subject->has &= (uint8_t)~HAS_KEYS;
	if (effects & EFFECT_CDS_DEL)
		subject->has &= (uint8_t)~HAS_CDS;
	/* An older database does not know whether the parent was told. */
	bool told = parent_was_told(s->view) || s->view->put_back;
	if ((effects & EFFECT_NS_DEL) != 0 &&
	    (leaves || agree_parent_followed(s->view) || (hidden && told)))
		subject->has &= (uint8_t)~HAS_NS;
	if (subject->has != HAS_ALL)
		subject->member = false;
	subject->contributed |= subject->has != 0;
	if (parent_was_told(s->view) && !agree_parent_followed(s->view))
		d->recalled = (struct view_approval){run->kind, run->step, run->subject};
	if (run->kind == MSIG_PROCESS_ALGORITHM && s->view->config.driver &&
	    !s->view->config.one_algorithm) {
		agree_order_done(d, run->kind, run->algorithm);
		for (int i = 0; i < VIEW_ORDERS; i++)
			if (d->order[i].process == 0) {
				d->order[i] = (struct view_order){run->kind, run->algorithm};
				break;
			}
	}
	step_journal(s, "%s %s: ended at %s: %s", process_name(run->kind), subject->identity,
		     process_step_name(run->kind, run->step), why);
	agree_forget(s);
}

bool
agree_effective(const struct view_process *run)
{
	const struct process_rule *rule = process_rule(run->kind);
	int first = (rule != NULL ? rule->binds : 1) + (MUTANT(BINDS) ? 1 : 0);
	return run->step > first || (run->step == first && run->phase >= PHASE_EXECUTING);
}

/* Gives up what had no effect yet. */
void
agree_give_up(struct step *s, const char *why)
{
	struct view_process *run = &s->view->d.process;
	step_journal(s, "%s %s: given up before anything was done: %s", process_name(run->kind),
		     agree_who(s, run->subject), why);
	if (process_rolls(s->view))
		s->view->d.orphans = rset_or(s->view->d.orphans, roll_unused(s->view));
	if (run->requestor == VIEW_SELF && run->asked != 0) {
		struct view_message m = agree_our_process(s);
		for (int i = 1; i < s->view->d.providers; i++)
			if (run->voters & BIT(i))
				agree_say(s, i, MSIG_OP_ABORT, &m);
	}
	agree_forget(s);
}

bool
agree_stands(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	bool subject = (view->designated & BIT(run->subject)) != 0;
	bool requestor = (view->designated & BIT(run->requestor)) != 0;

	if (run->led && run->executed && lead_mode(view))
		requestor = true; /* another one will lead */
	switch (run->kind) {
	case MSIG_PROCESS_REMOVE: /* whether it goes on to serve may have changed */
		return requestor && !subject && run->stays == agree_serves_only(view, run->subject);
	case MSIG_PROCESS_NS_ADD:
		return requestor && agree_serves_only(view, run->subject);
	case MSIG_PROCESS_NS_REMOVE:
		return requestor && !agree_serves_only(view, run->subject);
	default:
		return subject && requestor;
	}
}

/* The operator stopped what is half done, or the owner is about to take its requestor out, so that
 * others may begin something else: it rests where it is. */
bool
agree_halted(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	return run->kind != 0 && run->executed &&
	       (run->aborting || !agree_stands(view) ||
		(run->requestor == VIEW_SELF && agree_outgoing(view)));
}
