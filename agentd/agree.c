/*
 * The agreement of a zone, one step after the other. What a peer said is in the view as its latest
 * word; what we say is repeated until it has had its effect. Here is the order in which things are
 * looked at, and our own part of the step that is executed.
 */
#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/hold.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/operator.h"
#include "agentd/process.h"
#include "agentd/step.h"

static void
done(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	const struct process_step *step = &process_rule(run->kind)->step[run->step];

	run->done |= BIT(VIEW_SELF);
	agree_phase(s, PHASE_DONE);
	step_journal(s, "%s %s: %s reached here; next: %s", process_name(run->kind),
		     agree_who(s, run->subject), step->name, step->next);
	struct view_message m = agree_our_process(s);
	for (int i = 1; i < s->view->d.providers; i++)
		if (run->voters & BIT(i)) {
			agree_say(s, i, MSIG_OP_DONE, &m);
			if (run->requestor != VIEW_SELF) /* who has EXECUTE to say as well */
				s->view->d.provider[i].sent = s->now;
		}
}

/* It has not answered for so long that a person should know. */
static bool
gone(struct step *s, const struct view_place *p)
{
	const struct view_history *h = &p->history[VIEW_SOA];

	return p->kind == PLACE_SERVER && h->status == MSIG_SEEN_UNKNOWN && h->count > 0 &&
	       step_due(s, h->at[h->count - 1].last, s->view->config.times.alarm_after);
}

/* A hold that cannot begin: who still shows what is to be forgotten? */
static bool
wait_for_old(struct step *s, uint32_t holds)
{
	struct hold_want wanted[HOLD_COUNT];

	process_wanted(s->view, wanted);
	for (int k = 0; k < HOLD_COUNT; k++) {
		const struct view_place *p =
		    (holds >> k & 1) == 0 ? NULL : hold_old(s->view, k, &wanted[k], s->now);
		if (p == NULL)
			continue;
		if (gone(s, p)) {
			step_blocked(
			    s, REASON_OF_SERVER, p->server,
			    "an answer: it served what caches have to forget",
			    p->history[VIEW_SOA].reason,
			    "bring it back; if it is gone for good, ns in msig.conf of its "
			    "provider and the delegation lose it; of a dead provider HSYNC says "
			    "OFF");
			return true;
		}
		step_wait(s,
			  p->kind == PLACE_PARENT ? REASON_PARENT
						  : view_side(view_place_provider(s->view, p)),
			  REASON_OF_SERVER, p->server, "caches forgot what was replaced",
			  "it still serves that", 0);
		return true;
	}
	return false;
}

/* Is what this step changes here where everybody can see it? */
static bool
visible(struct step *s, uint32_t conditions)
{
	struct zone_view *view = s->view;
	struct reason why;

	if (view->d.want.counter != view->d.applied_counter ||
	    view->d.want.epoch != view->d.applied_epoch) {
		step_wait(s, REASON_HOME, REASON_OF_OVERLAY, "combinerd", "the new overlay",
			  view->apply_rcode != 0 ? view->apply_text : "not committed yet", 0);
		return false;
	}
	if (MUTANT(DONE_ON_ACK) || process_check(view, conditions, false, s->now, &why))
		return true;
	step_reason(s, &why);
	return false;
}

/* Act, observe, hold. DONE is what is visible, not what was acknowledged. */
void
agree_work(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	int64_t until;

	if (rule == NULL || run->phase < PHASE_EXECUTING)
		return;
	const struct process_step *step = &rule->step[run->step];
	if (step->holds != 0) {
		struct hold_want wanted[HOLD_COUNT];
		process_wanted(view, wanted);
		hold_raise(view, step->holds, wanted, s->now);
	}
	/* What an older database has running says what is to be done once that is confirmed. */
	if (run->phase != PHASE_EXECUTING || view->d.rebuild)
		return;
	if ((agree_actors(view) & BIT(VIEW_SELF)) == 0) { /* votes, but has nothing to do */
		done(s);
		return;
	}
	if (!visible(s, step->done)) {
		operator_unlook(view);
		return;
	}
	if (!hold_elapsed(view, step->holds, s->now, &until)) {
		if (!wait_for_old(s, step->holds))
			step_wait(s, REASON_UNTIL, REASON_OF_CLOCK, "",
				  "caches forgot what was replaced",
				  until == VIEW_NEVER ? "old data still served" : "",
				  until == VIEW_NEVER ? 0 : until);
		step_wake(s, until);
		return;
	}
	if (step_frozen(view) || operator_looks(s))
		return;
	done(s);
}

void
agree_run(struct step *s)
{
	struct durable *d = &s->view->d;

	lead_take_up(s);
	lead_succeed(s);
	agree_withdraw(s);
	s->view->put_back = false;
	for (int i = 1; i < d->providers; i++)
		if (d->provider[i].used && d->provider[i].asking)
			agree_answer_ask(s, i);
	for (int i = 1; i < d->providers; i++)
		if (d->provider[i].used && d->provider[i].requested)
			agree_answer_request(s, i);
	operator_show(s); /* before what others are waited for */
	agree_start(s);
	agree_await_joiners(s);
	agree_conduct(s);
	agree_participate(s);
	operator_show(s);
}
