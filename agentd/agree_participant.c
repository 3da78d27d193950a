/*
 * The participant: answers what the requestor asks, executes what was approved, and acts along
 * where it has no vote.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/step.h"

static void
grant(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0) {
		*run = agree_new_process(s->view, m->process, m->subject, from, m->algorithm);
		run->epoch = m->epoch;
		run->started = s->now;
		memcpy(run->tid, m->tid, sizeof(run->tid));
		memcpy(run->hsync, s->view->d.hsync.digest, sizeof(run->hsync));
	}
	run->step = m->step;
	run->done = 0;
	memset(run->hold, 0, sizeof(run->hold));
	agree_phase(s, PHASE_GRANTED);
	run->lease = s->now + s->view->config.times.lease;
	step_journal(s, "%s %s: %s approved for %s", process_name(run->kind),
		     agree_who(s, run->subject), process_step_name(run->kind, run->step),
		     agree_who(s, from));
}

/* Is what the leader says of the step what is planned here? */
static bool
fits(struct step *s, int from, const struct view_message *m)
{
	char why[REASON_TEXT];

	if (lead_differs(s->view, m, why, sizeof(why)) == NULL)
		return true;
	lead_refused(s, from, m, why);
	agree_refuse(s, from, MSIG_OP_DENY, m, MSIG_RESULT_CHANGE, why);
	return false;
}

/* The step that was granted. */
static void
execute_here(struct step *s, const struct view_message *m)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;

	run->executed = true;
	run->executed_at = s->now;
	if (m->epoch > d->epoch)
		d->epoch = m->epoch;
	agree_phase(s, PHASE_EXECUTING);
	step_journal(s, "%s %s: %s is executed", process_name(run->kind),
		     agree_who(s, run->subject), process_step_name(run->kind, run->step));
}

/* All have approved the next step, or are to, and we do not know of our part: our database is an
 * older one. One step after the other, each with its guard and its holds. */
static bool
catch_up(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	struct view_message next = *m;

	next.step = run->step + 1;
	if (run->requestor == from && run->phase == PHASE_GRANTED && run->executed) {
		if (agree_judge_guard(s, run->kind, run->step).op != MSIG_OP_APPROVE)
			return false;
		execute_here(s, m);
		return true;
	}
	if (run->requestor != from || run->phase != PHASE_DONE ||
	    agree_judge_guard(s, run->kind, next.step).op != MSIG_OP_APPROVE ||
	    (m->op == MSIG_OP_EXECUTE && next.step == m->step && !fits(s, from, m)))
		return false;
	grant(s, from, &next);
	execute_here(s, &next);
	return true;
}

static struct judgement
judge_step(struct step *s, int from, const struct view_message *m)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;

	if ((view->designated & BIT(from)) == 0)
		return agree_judge(MSIG_OP_DENY, MSIG_RESULT_POLICY,
				   "HSYNC does not designate the sender");
	if (step_frozen(view) || agree_halted(view))
		return agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY, "frozen here");
	if (run->kind == 0 && view->d.ended.kind != 0 && !view->d.ended.completed &&
	    memcmp(view->d.ended.tid, m->tid, sizeof(m->tid)) == 0)
		return agree_judge(MSIG_OP_DENY, MSIG_RESULT_ENDED, "it ended here");
	if (agree_older(&view->d.provider[from].statement, m)) {
		view->d.provider[from].stale = true;
		return agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY,
				   "the requestor's newer statement is not here yet");
	}
	if (!MUTANT(HSYNC) && memcmp(m->hsync, view->d.hsync.digest, 32) != 0)
		return agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_HSYNC,
				   "another HSYNC is seen here");
	if (run->kind != 0 && memcmp(run->tid, m->tid, sizeof(m->tid)) == 0) {
		if (m->step == run->step && run->phase == PHASE_GRANTED)
			return agree_judge(MSIG_OP_APPROVE, 0, "");
		if (m->step == run->step + 1 && run->phase == PHASE_DONE && run->requestor == from)
			return agree_judge_guard(s, run->kind, m->step);
		if (m->step > run->step + 1 ||
		    (m->step == run->step + 1 && run->phase == PHASE_GRANTED))
			(void)catch_up(s, from, m);
		return agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_STATE,
				   "the step before is not done here");
	}
	if (run->kind != 0 && MUTANT(BUSY))
		agree_forget(s);
	if (run->kind != 0) {
		if (run->requestor == from && !run->executed) {
			/* It began anew and its ABORT was lost. */
			agree_give_up(s, "its requestor began anew");
		} else if (run->requestor == VIEW_SELF && !run->executed &&
			   process_rule(m->process) != NULL &&
			   (run->asked == 0 ||
			    agree_goes_first(s, m->process, from, run->kind, VIEW_SELF))) {
			agree_give_up(s, "another process goes first");
			agree_back_off(s);
		} else {
			return agree_judge(MSIG_OP_DENY, MSIG_RESULT_BUSY,
					   "another process is running");
		}
	}
	return agree_judge_new(s, from, m);
}

/* What is refused whatever the signer does is refused for that reason. */
static struct judgement
judge_request(struct step *s, int from, const struct view_message *m)
{
	struct judgement j = judge_step(s, from, m);
	const char *key = j.op != MSIG_OP_APPROVE
			      ? NULL
			      : agree_key_first(s->view, m->process, m->subject, m->step);

	return key == NULL ? j : agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY, key);
}

/* Its requestor asks once more for a step that was executed: its database is an older one. */
static bool
approved_already(const struct view_process *run, int from, const struct view_message *m)
{
	return run->kind != 0 && run->executed && run->requestor == from &&
	       memcmp(run->tid, m->tid, sizeof(m->tid)) == 0 &&
	       (m->step < run->step || (m->step == run->step && run->phase >= PHASE_EXECUTING));
}

void
agree_answer_request(struct step *s, int from)
{
	struct view_provider *p = &s->view->d.provider[from];
	struct view_message *m = &p->request;

	if (s->now - p->requested_at > 4 * s->view->config.times.resend) {
		p->requested = false; /* its sender says it again if it still wants it */
		return;
	}
	if (!agree_follow_turn(s, from, m)) {
		p->requested = false;
		return;
	}
	if (lead_repeats(s->view, from, m) || approved_already(&s->view->d.process, from, m)) {
		agree_say(s, from, MSIG_OP_APPROVE, m);
		p->requested = false;
		return;
	}
	struct judgement j = judge_request(s, from, m);
	switch (j.op) {
	case MSIG_OP_APPROVE:
		if (s->view->d.process.kind == 0 || s->view->d.process.step != m->step ||
		    s->view->d.process.phase != PHASE_GRANTED)
			grant(s, from, m);
		s->view->d.process.lease = s->now + s->view->config.times.lease;
		agree_say(s, from, MSIG_OP_APPROVE, m);
		p->requested = false;
		break;
	case MSIG_OP_DENY:
		agree_refuse(s, from, MSIG_OP_DENY, m, j.result, j.text);
		p->requested = false;
		break;
	default:
		if (p->answer != MSIG_OP_NOT_YET)
			agree_refuse(s, from, MSIG_OP_NOT_YET, m, j.result, j.text);
		p->answer = MSIG_OP_NOT_YET;
		break;
	}
}

/* EXECUTE of the first step by someone whose grant we have let go or never gave: it has everybody's
 * word, ours included, and the step has no effect yet. */
static bool
late_execute(struct step *s, int from, const struct view_message *m)
{
	if (m->step != 0 || s->view->d.process.kind != 0 || step_frozen(s->view) ||
	    (s->view->designated & BIT(from)) == 0 || m->epoch <= s->view->d.epoch)
		return false;
	/* The guards of the first step hold here as ever. */
	if (agree_judge_new(s, from, m).op != MSIG_OP_APPROVE)
		return false;
	grant(s, from, m);
	return true;
}

/* Its requestor is gone, and we only act along in it. */
static bool
deserted(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;

	return run->kind != 0 && run->requestor != VIEW_SELF &&
	       !view->d.provider[run->requestor].ready &&
	       (agree_electorate(view, run->kind) & BIT(VIEW_SELF)) == 0;
}

/* Does a member of the group say that it takes part in this? Who asks has keys in the zone, and
 * asks for our leave. */
static bool
vouched(const struct zone_view *view, int from, const struct view_message *m)
{
	if (m->subject != VIEW_SELF || (agree_partly(view) & BIT(from)) == 0)
		return false;
	for (int i = 1; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (p->used && p->member && p->ready && !p->stale &&
		    p->statement.process == m->process && p->statement.process_epoch == m->epoch)
			return true;
	}
	return false;
}

/* Who has no vote on a process acts along, at whatever step the others are: its subject, that
 * leaves or only serves, and a member whose turn to leave comes next. */
static bool
act_along(struct step *s, int from, const struct view_message *m)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	const struct process_rule *rule = process_rule(m->process);
	bool same = run->kind != 0 && memcmp(run->tid, m->tid, sizeof(m->tid)) == 0;
	/* Who is no member, and was not asked, has no vote as the others see it. */
	bool votes = (agree_electorate(s->view, m->process) & BIT(VIEW_SELF)) != 0 &&
		     (same || d->provider[VIEW_SELF].member);
	bool insider = d->provider[from].member || vouched(s->view, from, m) ||
		       (agree_say_members(s->view) & BIT(from)) != 0;

	if (m->subject < 0 || m->subject >= VIEW_PROVIDERS || !d->provider[m->subject].used ||
	    (m->subject != VIEW_SELF && (agree_partly(s->view) & BIT(VIEW_SELF)) == 0) ||
	    rule == NULL || m->step + 1 >= rule->steps || step_frozen(s->view) || votes ||
	    (s->view->designated & BIT(from)) == 0 || !insider ||
	    (m->process != MSIG_PROCESS_REMOVE && m->process != MSIG_PROCESS_NS_ADD &&
	     m->process != MSIG_PROCESS_NS_REMOVE))
		return false;
	/* What its requestor says it is in goes on here too, though it was ended here, or the
	 * database that knew of it is lost. */
	if (same) {
		run->led |= m->change.given; /* from now on each step needs one */
		if (run->led && m->step >= run->step)
			run->requestor = (int8_t)from; /* another one leads now */
	}
	const struct view_statement *st = &d->provider[from].statement;
	bool runs = st->process == m->process && st->process_epoch == m->epoch;
	if (!same && runs && deserted(s->view))
		agree_end_early(s,
				"its requestor is gone, and another one asks for something else");
	if (same ? m->step <= run->step && run->executed
		 : run->kind != 0 || (m->epoch <= d->epoch && !runs) ||
		       m->epoch > d->epoch + VIEW_EPOCH_JUMP)
		return same;
	if (!same) {
		*run = agree_new_process(s->view, m->process, m->subject, from, 0);
		run->epoch = m->epoch;
		run->started = s->now;
		memcpy(run->tid, m->tid, sizeof(run->tid));
		memcpy(run->hsync, d->hsync.digest, sizeof(run->hsync));
		run->led = m->change.given; /* as those who vote have it */
	}
	run->step = m->step;
	run->done = 0;
	memset(run->hold, 0, sizeof(run->hold));
	agree_phase(s, PHASE_GRANTED);
	return true;
}

static void
on_execute(struct step *s, int from, const struct view_message *m)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;

	bool over = run->kind == 0 && memcmp(d->ended.tid, m->tid, sizeof(m->tid)) == 0;
	if (over && d->ended.completed) {
		agree_say(s, from, MSIG_OP_DONE, m); /* we have seen everybody's DONE */
		return;
	}
	bool along = act_along(s, from, m);
	if (along && run->phase != PHASE_GRANTED)
		return;
	if (over && !along) {
		agree_refuse(s, from, MSIG_OP_DENY, m, MSIG_RESULT_ENDED, "it ended here");
		return;
	}
	if ((run->kind == 0 || memcmp(run->tid, m->tid, sizeof(m->tid)) != 0) &&
	    !late_execute(s, from, m)) {
		/* What has had effects can only be unknown here when our database was lost. */
		agree_refuse(s, from, MSIG_OP_DENY, m,
			     run->kind == 0 && m->step > 0      ? MSIG_RESULT_ENDED
			     : run->kind != 0 && !run->executed ? MSIG_RESULT_BUSY
								: MSIG_RESULT_STATE,
			     "not a process of ours");
		return;
	}
	if (run->requestor != from || !agree_follow_turn(s, from, m))
		return;
	if (m->step < run->step || (m->step == run->step && run->phase == PHASE_DONE)) {
		agree_say(s, from, MSIG_OP_DONE, m);
		return;
	}
	if (m->step > run->step && catch_up(s, from, m))
		return;
	if (m->step != run->step || run->phase != PHASE_GRANTED)
		return;
	if (!fits(s, from, m))
		return;
	execute_here(s, m);
}

static void
on_release(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0 || memcmp(run->tid, m->tid, sizeof(m->tid)) != 0 ||
	    run->requestor != from)
		return;
	bool along = run->executed && (agree_electorate(s->view, run->kind) & BIT(VIEW_SELF)) == 0;
	if (!along && (run->phase != PHASE_DONE || run->step + 2 != process_rule(run->kind)->steps))
		return;
	agree_finish(s);
}

static void
on_denied(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0 || memcmp(run->tid, m->tid, sizeof(m->tid)) != 0 ||
	    !agree_follow_turn(s, from, m))
		return;
	if (run->requestor == from && run->executed && m->result == MSIG_RESULT_ENDED) {
		agree_end_early(s, "its requestor knows nothing of it any more");
		return;
	}
	if (run->requestor != VIEW_SELF || m->step != run->step)
		return;
	if ((agree_voters(s->view) & BIT(from)) == 0)
		return; /* it acts along, or not */
	if (m->result == MSIG_RESULT_ENDED && run->executed) {
		agree_end_early(s, "it ended at a peer");
		agree_back_off(s);
		return;
	}
	if (agree_effective(run) || (run->executed && m->result != MSIG_RESULT_STATE))
		return;
	char why[2 * REASON_TEXT];
	snprintf(why, sizeof(why), "%.80s: %.180s", agree_who(s, from), m->text);
	if (m->result == MSIG_RESULT_STATE)
		s->view->d.provider[from].stale = true;
	agree_give_up(s, why);
	agree_back_off(s);
	snprintf(s->view->denied, sizeof(s->view->denied), "%.150s", why);
	s->view->denied_result = m->result;
}

void
agree_answer_ask(struct step *s, int from)
{
	struct durable *d = &s->view->d;
	struct view_provider *p = &d->provider[from];
	struct view_process *run = &d->process;
	struct view_message m = p->ask;
	bool mine = run->kind != 0 && memcmp(run->tid, m.tid, sizeof(m.tid)) == 0;

	p->asking = false;
	switch (m.op) {
	case MSIG_OP_EXECUTE:
		on_execute(s, from, &m);
		break;
	case MSIG_OP_RELEASE:
		on_release(s, from, &m);
		break;
	case MSIG_OP_ABORT:
		if (mine && run->requestor == from && !agree_effective(run))
			agree_give_up(s, "its requestor gave up");
		else if (mine && run->requestor == from && run->led)
			agree_end_early(s, "its requestor ended it");
		if (memcmp(p->request.tid, m.tid, sizeof(m.tid)) == 0)
			p->requested = false;
		break;
	case MSIG_OP_DENY:
		on_denied(s, from, &m);
		break;
	case MSIG_OP_APPROVE: /* of something that we gave up */
		if (!mine && memcmp(d->ended.tid, m.tid, sizeof(m.tid)) != 0)
			agree_say(s, from, MSIG_OP_ABORT, &m);
		break;
	case MSIG_OP_DONE: /* it missed the end */
		if (!MUTANT(SILENT) && d->ended.completed &&
		    memcmp(d->ended.tid, m.tid, sizeof(m.tid)) == 0)
			agree_say(s, from, MSIG_OP_RELEASE, &m);
		else if (!mine && ((m.step == 0 && m.subject == VIEW_SELF) ||
				   lead_leads(s->view))) /* or that it was given up */
			agree_say(s, from, MSIG_OP_ABORT, &m);
		else if (!mine) /* or we did: it is heard if we are its requestor */
			agree_refuse(s, from, MSIG_OP_DENY, &m, MSIG_RESULT_ENDED,
				     "not a process of ours");
		break;
	default:
		break;
	}
}

/* A join that the leader asked for is over, and the last step is done here: the joiner's own
 * statement says whether it is in. The joiner itself asks the leader, by its DONE. */
static bool
led_outcome(struct step *s)
{
	const struct view_process *run = &s->view->d.process;
	const struct view_statement *st = &s->view->d.provider[run->subject].statement;

	if (run->subject == VIEW_SELF || !st->known || st->process != 0 ||
	    st->process_epoch < run->epoch)
		return false;
	if (st->step == 7)
		agree_finish(s);
	else
		agree_end_early(s, "it ended without this provider");
	return true;
}

/* Its requestor's part is next; seen: if it is there. */
static void
await(struct step *s, const char *what, const char *seen)
{
	const struct view_provider *p = &s->view->d.provider[s->view->d.process.requestor];

	if (p->ready)
		step_wait(s, REASON_PEER, REASON_OF_GRANT, p->identity, what, seen, 0);
	else
		agree_await(s, s->view->d.process.requestor, REASON_OF_GRANT, what);
}

void
agree_participate(struct step *s)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;

	if (run->kind == 0 || run->requestor == VIEW_SELF)
		return;
	struct view_provider *p = &d->provider[run->requestor];
	/* The requestor's own statement says that it is over: it ended without us, because the
	 * owner had taken us out, or its RELEASE was lost. */
	if (p->statement.known && p->statement.process_epoch >= run->epoch &&
	    (p->statement.process == 0 || p->statement.process_epoch > run->epoch) &&
	    run->executed) {
		/* Over is not complete: a joiner that ended it at its last step is no member. */
		bool last =
		    run->phase == PHASE_DONE && run->step + 2 == process_rule(run->kind)->steps;
		if (run->led && run->kind == MSIG_PROCESS_ADD && last) {
			if (led_outcome(s))
				return;
		} else {
			bool complete = run->kind != MSIG_PROCESS_ADD ||
					(p->statement.process == 0 && p->statement.step == 7);
			if (complete && last) {
				agree_finish(s);
				return;
			}
			agree_end_early(s, "it ended without this provider");
			return;
		}
	}
	if (run->phase == PHASE_GRANTED && !run->executed) {
		if (s->now >= run->lease) {
			agree_give_up(s, "the lease of the grant is over");
			return;
		}
		step_wake(s, run->lease);
	}
	lead_show(s);
	if (run->phase == PHASE_GRANTED)
		await(s, "EXECUTE of the step approved", "");
	/* Its requestor may know nothing of it any more: it answers what it does not know. */
	if (run->phase == PHASE_GRANTED && run->executed && p->ready &&
	    step_due(s, p->sent, 4 * s->view->config.times.resend)) {
		struct view_message m = agree_our_process(s);
		m.step--;
		agree_say(s, run->requestor, MSIG_OP_DONE, &m);
		p->sent = s->now;
		step_due(s, p->sent, 4 * s->view->config.times.resend);
	}
	if (run->phase != PHASE_DONE)
		return;
	await(s, "the next step, or the end", "not all are done");
	if (p->ready && step_due(s, p->sent, 4 * s->view->config.times.resend)) {
		struct view_message m = agree_our_process(s);
		agree_say(s, run->requestor, MSIG_OP_DONE, &m);
		p->sent = s->now;
		step_due(s, p->sent, 4 * s->view->config.times.resend);
	}
}
