/*
 * The requestor: asks everybody for the next step, has it executed when all approved, and goes on
 * when all are done.
 */
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/operator.h"
#include "agentd/process.h"
#include "agentd/step.h"

/* Says something to everyone in the mask who has not been told lately. */
static void
tell(struct step *s, uint32_t mask, enum msig_op op)
{
	int64_t resend = s->view->config.times.resend;

	for (int i = 1; i < s->view->d.providers; i++) {
		struct view_provider *p = &s->view->d.provider[i];
		if ((mask & BIT(i)) == 0)
			continue;
		if (!p->ready) {
			agree_await(s, i, REASON_OF_PEER, "operational");
			continue;
		}
		if (MUTANT(NO_RESEND) ? p->sent == 0 : p->tell || step_due(s, p->sent, resend)) {
			struct view_message m = agree_our_process(s);
			agree_say(s, i, op, &m);
			p->sent = s->now;
			p->tell = false;
		}
		step_wake(s, p->sent + resend);
		if (op == MSIG_OP_EXECUTE && p->said[0] != 0 &&
		    p->said_result == MSIG_RESULT_CHANGE)
			step_blocked(s, REASON_OF_GRANT, p->identity,
				     "the change of this step taken", p->said,
				     "compare `msigctl plan` here and there; it is said again");
		if (op == MSIG_OP_EXECUTE && s->view->d.process.turned && p->said[0] != 0 &&
		    p->said_result == MSIG_RESULT_STATE)
			step_blocked(s, REASON_OF_KEY, p->identity,
				     "the rollover turned round there", p->said,
				     "that provider sees to its signer's keys; it is said again");
		step_wait(s, REASON_PEER, REASON_OF_GRANT, p->identity,
			  op == MSIG_OP_REQUEST ? "approval" : "done", p->said, p->sent + resend);
	}
}

static void
execute(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	run->executed = true;
	run->executed_at = s->now;
	run->done = 0;
	if (run->epoch > s->view->d.epoch)
		s->view->d.epoch = run->epoch;
	memset(run->hold, 0, sizeof(run->hold));
	agree_phase(s, PHASE_EXECUTING);
	step_journal(s, "%s %s: all approve %s, execute", process_name(run->kind),
		     agree_who(s, run->subject), process_step_name(run->kind, run->step));
}

/* What the leader cannot begin does not keep everything else waiting. */
static bool
led_yields(struct step *s)
{
	const struct view_process *run = &s->view->d.process;
	struct lead_task task[LEAD_TASKS];

	return run->led && !run->executed && lead_leads(s->view) &&
	       (lead_tasks(s->view, task) > 1 ||
		(s->view->d.provider[VIEW_SELF].member && agree_for_the_group(s).kind != 0)) &&
	       step_due(s, run->since, 4 * s->view->config.times.resend);
}

static void
ask_for_step(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	uint32_t others = agree_voters(s->view) & ~BIT(VIEW_SELF);
	struct reason why;

	if (step_frozen(s->view) || agree_halted(s->view) || lead_rests(s->view) ||
	    agree_key_first(s->view, run->kind, run->subject, run->step) != NULL)
		return;
	if (!agree_guard(s, run->kind, run->step, &why)) {
		step_reason(s, &why);
		if (led_yields(s)) {
			agree_give_up(s, "what else there is to do has its turn");
			agree_back_off(s);
		}
		return;
	}
	if (operator_waits(s, run->step)) {
		run->asked = 0; /* the time of those who approve has not begun */
		return;
	}
	/* Approvals are worth as much as the leases behind them. */
	if (!run->executed && run->asked != 0 &&
	    s->now - run->asked > s->view->config.times.lease / 2) {
		agree_give_up(s, "not all approved in time");
		agree_back_off(s);
		return;
	}
	if (MUTANT(MAJORITY) &&
	    2 * __builtin_popcount(run->approved | 1) > __builtin_popcount(others | 1))
		run->approved |= others;
	if ((others & ~run->approved) == 0) {
		execute(s);
		tell(s, others, MSIG_OP_EXECUTE);
		return;
	}
	if (run->asked == 0) {
		run->asked = s->now;
		s->view->persist = true;
	}
	if (!run->executed)
		step_wake(s, run->asked + s->view->config.times.lease / 2 + 1);
	tell(s, others & ~run->approved, MSIG_OP_REQUEST);
}

/* It was done with a step before this one, and states less: its database is an older one. */
static bool
fell_behind(const struct view_process *run, const struct view_statement *st, uint8_t step)
{
	return run->phase == PHASE_REQUESTED && st->known && st->process == run->kind &&
	       st->process_epoch == run->epoch && st->step < step;
}

/* The subject that has no vote, and whoever is to leave as well, act along if they are there: the
 * parent looks at their servers too. They are not waited for. What they missed of the step before,
 * or a voter forgot of it, they are told while approvals for the next one are asked for, since the
 * guards look at their servers. */
static void
inform(struct step *s, uint32_t voters)
{
	struct view_process *run = &s->view->d.process;
	uint32_t along = (agree_members(s->view) | agree_partly(s->view) | BIT(run->subject)) &
			 ~voters & ~BIT(VIEW_SELF);
	struct view_message m = agree_our_process(s);

	if (run->phase == PHASE_REQUESTED && m.step-- == 0)
		return;
	for (int i = 1; i < s->view->d.providers; i++) {
		struct view_provider *p = &s->view->d.provider[i];
		const struct view_statement *st = &p->statement;
		/* It was done, and says that it is in it; its database may be an older one. */
		bool knows = (run->done & BIT(i)) != 0 && st->process == run->kind &&
			     st->process_epoch == run->epoch;
		bool told = (voters & BIT(i)) != 0 ? !fell_behind(run, st, m.step)
						   : (along & BIT(i)) == 0 || knows;
		if (!p->used || !p->ready || told ||
		    !step_due(s, p->sent, s->view->config.times.resend))
			continue;
		agree_say(s, i, MSIG_OP_EXECUTE, &m);
		p->sent = s->now;
		step_wake(s, p->sent + s->view->config.times.resend);
	}
}

void
agree_conduct(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	uint32_t voters = agree_voters(s->view);

	if (run->kind == 0 || run->requestor != VIEW_SELF)
		return;
	if (run->phase == PHASE_REQUESTED) {
		ask_for_step(s);
		if (run->kind != 0 && run->phase == PHASE_REQUESTED)
			inform(s, voters);
		return;
	}
	if (MUTANT(MAJORITY) && (run->done & 1) != 0 &&
	    2 * __builtin_popcount(run->done) > __builtin_popcount(voters))
		run->done |= voters;
	/* Who leads now may have been done before it had to ask for a look. */
	if ((voters & ~run->done) == 0 && !step_frozen(s->view) && !agree_halted(s->view) &&
	    !operator_looks(s)) {
		if (run->step + 2 == process_rule(run->kind)->steps) {
			struct view_message m = agree_our_process(s);
			agree_finish(s);
			for (int i = 1; i < s->view->d.providers; i++)
				if (((voters | agree_members(s->view)) & BIT(i)) != 0 ||
				    i == m.subject)
					agree_say(s, i, MSIG_OP_RELEASE, &m);
			return;
		}
		run->step++;
		run->approved = 0;
		run->asked = 0;
		agree_phase(s, PHASE_REQUESTED);
		return;
	}
	tell(s, voters & ~run->done & ~BIT(VIEW_SELF), MSIG_OP_EXECUTE);
	inform(s, voters);
}
