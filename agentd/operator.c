/*
 * Step mode, and orders that wait. See operator.h.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree_int.h"
#include "agentd/mutant.h"
#include "agentd/operator.h"
#include "agentd/process.h"
#include "libmsig/err.h"

#define ALL ((uint16_t)0xfffe)

static uint16_t
bits(uint8_t kind)
{
	return kind == 0 ? ALL : kind < 16 ? (uint16_t)BIT(kind) : 0;
}

bool
operator_steps(const struct zone_view *view, uint8_t kind)
{
	uint16_t on = (view->config.step_mode | view->d.step_on) & (uint16_t)~view->d.step_off;
	return (on & bits(kind)) != 0;
}

static bool
same(const struct view_approval *a, const struct view_approval *b)
{
	return a->kind == b->kind && a->step == b->step && a->subject == b->subject;
}

/* That the own signer goes over to an algorithm without a rollover: the step in which it would,
 * which in a rollover is looked at before. */
static struct view_approval
going_along(void)
{
	const struct process_rule *rule = process_rule(MSIG_PROCESS_ALGORITHM);
	uint8_t step = 0;

	while (rule->step[step].cds != CDS_NEW)
		step++;
	return (struct view_approval){MSIG_PROCESS_ALGORITHM, step | OPERATOR_LOOKS, VIEW_SELF};
}

static bool
along(const struct view_approval *a)
{
	struct view_approval b = going_along();
	return same(a, &b);
}

bool
operator_waits(struct step *s, uint8_t step)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;
	struct view_approval wanted = {.kind = run->kind, .step = step, .subject = run->subject};

	if (MUTANT(STEP_MODE) || !operator_steps(view, run->kind) ||
	    same(&view->d.approved, &wanted))
		return false;
	view->waits = wanted;
	view->waited = s->now;
	return true;
}

/* The parent's NS change by this step; or have to be those of the zone when CDS change algorithm
 * after it, at one signer a moment before the other: whoever hears all of them takes no mixture. */
static bool
delegation_counts(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	const struct process_step *step = &rule->step[run->step];
	struct process_target t;

	if (run->kind != MSIG_PROCESS_ALGORITHM)
		return (step->effect & EFFECT_CSYNC) != 0;
	if (run->step + 1 >= rule->steps)
		return false; /* nothing comes after it */
	process_target(view, &t);
	return step[0].cds == CDS_OLD && step[1].cds == CDS_NEW && __builtin_popcount(t.cds) >= 2;
}

/* Where the delegation shows nowhere, whoever asks for the change looks. What the parent was told
 * of, and may come with yet, those know who took part in that. */
static bool
unseen(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	return (run->requestor == VIEW_SELF && view_hidden(view)) ||
	       (run->kind == MSIG_PROCESS_ALGORITHM && view->d.recalled.kind != 0);
}

static struct view_approval
looks_at(const struct view_process *run)
{
	return (struct view_approval){run->kind, run->step | OPERATOR_LOOKS, run->subject};
}

bool
operator_looks(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_approval wanted = looks_at(&view->d.process);

	if (!unseen(view) || !delegation_counts(view) || same(&view->d.approved, &wanted))
		return false;
	view->waits = wanted;
	view->waited = s->now;
	return true;
}

void
operator_unlook(struct zone_view *view)
{
	struct view_approval now = looks_at(&view->d.process);

	if (same(&view->waits, &now))
		memset(&view->waits, 0, sizeof(view->waits));
	if (same(&view->d.approved, &now)) {
		memset(&view->d.approved, 0, sizeof(view->d.approved));
		view->persist = true;
	}
}

/* Where the delegation shows nowhere, nobody sees what came of CSYNC that was taken back: a person
 * looks when all rests. */
static bool
unseen_at_rest(const struct zone_view *view)
{
	return view->d.process.kind == 0 && view->d.recalled.kind != 0 && view_hidden(view) &&
	       view->d.provider[VIEW_SELF].member;
}

/* Nor what came of name servers that were to be named, when that ended in the middle here, the zone
 * names them, and nobody has asked for it again. */
static bool
unfinished_at_rest(const struct zone_view *view, int64_t now)
{
	const struct view_ended *e = &view->d.ended;
	const struct view_version *ns = view_at_signer(view, VIEW_NS);

	return view->d.process.kind == 0 && e->kind == MSIG_PROCESS_NS_ADD && ns != NULL &&
	       agree_unfinished_ns(view, e->subject) && agree_serves_only(view, e->subject) &&
	       view->d.provider[e->subject].has == 0 && !view->d.agent_ns &&
	       rset_within(*view_names(view, e->subject), ns->set) &&
	       now - e->time > view->config.times.alarm_after;
}

/* Is it still asked for? Who asks for a first step in vain begins anew after a while. */
static bool
current(const struct zone_view *view, int64_t now)
{
	const struct view_times *t = &view->config.times;
	const struct view_process *run = &view->d.process;
	const struct view_approval *w = &view->waits;

	if (along(w))
		return now - view->waited <= 2 * t->resend;
	if ((w->step & OPERATOR_LOOKS) != 0 && run->kind == 0)
		return unseen_at_rest(view) || unfinished_at_rest(view, now);
	if ((w->step & OPERATOR_LOOKS) != 0)
		return run->kind == w->kind && run->subject == w->subject &&
		       run->step == (w->step & ~OPERATOR_LOOKS) && run->phase >= PHASE_EXECUTING &&
		       unseen(view) && !same(w, &view->d.approved);
	if (w->kind == 0 || !operator_steps(view, w->kind) || same(w, &view->d.approved) ||
	    now - view->waited > 2 * t->backoff_max + t->lease)
		return false;
	bool mine = run->kind == w->kind && run->subject == w->subject;
	return !mine || run->step < w->step || (run->step == w->step && run->phase < PHASE_GRANTED);
}

/* Where the delegation shows, it is not all: what the parent has accepted may come later. */
static void
asks_to_look(struct step *s, bool see_to_it)
{
	const struct zone_view *view = s->view;
	bool hidden = view_hidden(view);
	char todo[REASON_TEXT];

	snprintf(todo, sizeof(todo), "%s, then: msigctl approve %.76s",
		 !hidden     ? "ask the parent whether other NS are to come, until none are"
		 : see_to_it ? "see to it that the parent has the NS of the zone"
			     : "see that the parent has the NS of the zone",
		 view->zone);
	step_blocked(s, REASON_OF_NS, "", "the delegation, at a server of the parent",
		     hidden ? "all of them serve the zone, too: it shows nowhere"
			    : "it may change yet: CSYNC was there, and taken back",
		     todo);
}

bool
operator_looks_along(struct step *s)
{
	struct zone_view *view = s->view;

	if (view->d.recalled.kind == 0 && (!view_hidden(view) || along(&view->d.approved)))
		return false;
	view->waits = going_along();
	view->waited = s->now;
	asks_to_look(s, true);
	return true;
}

void
operator_show(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_approval *w = &view->waits;
	char expected[REASON_TEXT], todo[REASON_TEXT];

	if (unseen_at_rest(view)) {
		view->waits = view->d.recalled;
		view->waits.step |= OPERATOR_LOOKS;
	} else if (unfinished_at_rest(view, s->now)) {
		view->waits = (struct view_approval){view->d.ended.kind, OPERATOR_LOOKS,
						     view->d.ended.subject};
		view->waited = s->now;
	}
	if (!current(view, s->now)) {
		memset(&view->waits, 0, sizeof(view->waits));
		return;
	}
	if (along(w))
		return; /* says so itself */
	if ((w->step & OPERATOR_LOOKS) != 0) {
		asks_to_look(s, view->d.process.kind == 0 || w->kind == MSIG_PROCESS_ALGORITHM);
		return;
	}
	snprintf(expected, sizeof(expected), "the operator's approval of %s %.80s",
		 process_name(w->kind), view->d.provider[w->subject].identity);
	snprintf(todo, sizeof(todo), "msigctl approve %.120s", view->zone);
	step_blocked(s, REASON_OF_OPERATOR, process_step_name(w->kind, w->step), expected,
		     "not said yet", todo);
}

void
operator_forget(struct zone_view *view)
{
	if (view->d.process.executed)
		memset(&view->d.approved, 0, sizeof(view->d.approved));
}

int
operator_approve(struct zone_view *view, uint8_t kind)
{
	const struct view_approval *w = &view->waits;

	if (w->kind == 0 || (kind != 0 && w->kind != kind))
		return MSIG_EMISSING;
	if ((w->step & OPERATOR_LOOKS) != 0 && view->d.process.kind == 0 &&
	    view->d.recalled.kind == 0 && w->kind == view->d.ended.kind &&
	    w->subject == view->d.ended.subject) {
		view->d.ended.completed = true;
		view->d.provider[w->subject].unsure = false;
	}
	if ((w->step & OPERATOR_LOOKS) != 0)
		view->d.recalled = (struct view_approval){0};
	/* What is seen at rest says nothing of a step that comes later. */
	if ((w->step & OPERATOR_LOOKS) == 0 || view->d.process.kind != 0 || along(w))
		view->d.approved = *w;
	view->dirty = view->persist = true;
	return 0;
}

void
operator_step(struct zone_view *view, uint8_t kind, bool on)
{
	uint16_t mask = bits(kind);

	view->d.step_on = (uint16_t)(on ? view->d.step_on | mask : view->d.step_on & ~mask);
	view->d.step_off = (uint16_t)(on ? view->d.step_off & ~mask : view->d.step_off | mask);
	view->dirty = view->persist = true;
}

int
operator_cancel(struct zone_view *view, uint8_t kind)
{
	const struct view_process *run = &view->d.process;
	struct durable *d = &view->d;
	bool found = false, runs = false;

	for (int i = 0; i < VIEW_ORDERS; i++) {
		struct view_order *o = &d->order[i];
		if (o->process == 0 || (kind != 0 && o->process != kind))
			continue;
		if (run->kind == o->process && run->subject == VIEW_SELF) {
			runs = true;
			continue;
		}
		memset(o, 0, sizeof(*o));
		found = true;
	}
	if (!found)
		return runs ? MSIG_EREFUSED : MSIG_EMISSING;
	view->dirty = view->persist = true;
	return 0;
}
