/*
 * Building a plan: its actions, reasons and the time of the next look.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agentd/decide_int.h"
#include "agentd/step.h"

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
	a->text[0] = 0;
	return a;
}

void
step_wake(struct step *s, int64_t at)
{
	/* What ought to be over by now, and is not, is looked at again, and not all the time. */
	if (at <= s->now)
		at = s->now + s->view->config.times.ask_fast;
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

/* There is no more room: the last one that nobody has to do anything about gives way. */
static void
instead(struct zone_view *view, const struct reason *why)
{
	for (int i = VIEW_REASONS - 1; i >= 0; i--)
		if (view->reason[i].class != REASON_BLOCKED) {
			view->reason[i] = *why;
			return;
		}
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
	else if (why->class == REASON_BLOCKED)
		instead(view, why);
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
	reason_copy(r.place, sizeof(r.place), place);
	reason_copy(r.expected, sizeof(r.expected), expected);
	reason_copy(r.seen, sizeof(r.seen), seen);
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
	reason_copy(r.place, sizeof(r.place), place);
	reason_copy(r.expected, sizeof(r.expected), expected);
	reason_copy(r.seen, sizeof(r.seen), seen);
	reason_copy(r.todo, sizeof(r.todo), todo);
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

bool
step_frozen(const struct zone_view *view)
{
	return view->freeze[0] != 0 || view->egress[0] != 0 || view->d.paused || view->d.rebuild ||
	       !view->overlay_known || view->d.hsync.count == 0;
}
