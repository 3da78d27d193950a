/*
 * What there is to be looked at, and when: names, servers, the owner's instruction.
 */
#include <stdlib.h>

#include "agentd/decide_int.h"
#include "agentd/safety.h"
#include "agentd/step.h"
#include "agentd/unheard.h"

/* In a zone that nobody signs: the registrant may take days, servers do not. */
static bool
waits_for_servers(const struct zone_view *view)
{
	for (int i = 0; i < view->reasons; i++)
		if (view->reason[i].class == REASON_PEER || view->reason[i].class == REASON_HOME)
			return true;
	return false;
}

/* Is anything going on that must be seen soon? */
static bool
busy(const struct zone_view *view)
{
	const struct durable *d = &view->d;
	if (view->config.nobody_signs)
		return waits_for_servers(view) || d->want.counter != d->applied_counter;
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process != 0)
			return true;
	if (d->process.kind != 0 || !d->begun || d->want.counter != d->applied_counter ||
	    !d->provider[VIEW_SELF].member)
		return true;
	for (int i = 1; i < d->providers; i++)
		if (d->provider[i].used &&
		    (d->provider[i].requested || d->provider[i].statement.process != 0))
			return true;
	return false;
}

/* Alarms are the last to come into a plan, and have to fit: what is left to be asked is said at the
 * next call, at once. */
static struct action *
question(struct step *s, enum action_kind kind)
{
	if (s->plan->count < PLAN_ACTIONS - VIEW_REASONS)
		return step_action(s, kind);
	s->plan->wake = s->now;
	return NULL;
}

/* What does not fit is never looked at. */
static void
say_crowded(struct step *s, struct rset names)
{
	struct zone_view *view = s->view;
	struct rset rest = view->crowded = rset_and(view->crowded, names);
	struct reason why;

	if (view->parent_crowded) {
		unheard_parents_crowd(&why);
		step_reason(s, &why);
	}
	for (int i = 0; i < view->d.providers; i++) {
		if (!rset_meets(*view_names(view, i), rest))
			continue;
		unheard_crowd(&why, view->d.provider[i].identity);
		step_reason(s, &why);
		rest = rset_minus(rest, *view_names(view, i));
	}
	if (!rset_empty(rest)) { /* in some NS RRset, and nobody states it */
		unheard_crowd(&why, "");
		step_reason(s, &why);
	}
}

void
decide_look_up(struct step *s)
{
	struct zone_view *view = s->view;
	struct rset names = view->config.ns;
	const struct view_times *t = &view->config.times;

	for (int i = 1; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (!p->used)
			continue;
		const struct view_hsync_entry *e = decide_listed(view, i);
		if ((e != NULL && e->on) || p->has != 0 ||
		    (view->d.process.kind != 0 && view->d.process.subject == i))
			names = rset_or(names, p->statement.ns);
	}
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v = p == NULL ? NULL : view_current(p, VIEW_NS);
		if (v != NULL)
			names = rset_or(names, v->set);
	}
	say_crowded(s, names);
	for (int i = rset_next(&names, 0); i >= 0; i = rset_next(&names, i + 1)) {
		int64_t every = rset_has(&view->looked_up, i) ? 10 * t->ask_slow : t->resend;
		if (!step_due(s, view->looked_at[i], every))
			continue;
		struct action *a = question(s, ACT_LOOKUP);
		if (a == NULL)
			return;
		a->ns = i;
		view->looked_at[i] = s->now;
		step_wake(s, s->now + every);
	}
	int64_t every = view->parent_known ? 10 * t->ask_slow : t->resend;
	if (step_due(s, view->parent_looked_at, every)) {
		struct action *a = question(s, ACT_LOOKUP);
		if (a != NULL) {
			view->parent_looked_at = s->now;
			step_wake(s, s->now + every);
		}
	}
}

/* How often servers are asked, as of now. */
struct pace {
	int64_t servers, parent;
};

static struct pace
pace(const struct zone_view *view)
{
	const struct view_times *t = &view->config.times;

	return busy(view) ? (struct pace){t->ask_fast, t->ask_parent}
			  : (struct pace){t->ask_slow, t->ask_slow};
}

static int64_t
interval(const struct pace *pace, const struct view_place *p)
{
	return p->kind == PLACE_PARENT ? pace->parent : pace->servers;
}

/* Questions whose time is near go along with those whose time has come: one look at all that is
 * known, not one for each server. */
static bool
any_due(const struct zone_view *view, const struct pace *pace, int64_t now)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p != NULL && (p->asked == 0 || now - p->asked >= interval(pace, p)))
			return true;
	}
	return view->hsync_asked == 0 || now - view->hsync_asked >= pace->servers;
}

static bool
due_along(struct step *s, int64_t since, int64_t every, bool any)
{
	if (since == 0 || (any && s->now - since >= every - every / 4))
		return true;
	step_wake(s, since + every);
	return false;
}

void
decide_ask(struct step *s)
{
	struct zone_view *view = s->view;
	const struct pace now = pace(view);
	bool any = any_due(view, &now, s->now);

	for (int i = 0; i < view->d.places; i++) {
		struct view_place *p = view->d.place[i];
		if (p == NULL || !due_along(s, p->asked, interval(&now, p), any))
			continue;
		struct action *a = question(s, ACT_ASK);
		if (a == NULL)
			return;
		a->place = i;
		a->types = p->kind == PLACE_PARENT
			       ? 1u << VIEW_DS | 1u << VIEW_NS
			       : ((1u << VIEW_TYPE_COUNT) - 1) & ~(1u << VIEW_DS);
		p->asked = s->now;
		step_wake(s, s->now + interval(&now, p));
	}
	if (view_own_signer(view) == NULL)
		step_blocked(s, REASON_OF_SERVER, "signer", "the address of the signer", "none",
			     "signer or signer-query of this zone in msig.conf has it");
	else if (due_along(s, view->hsync_asked, now.servers, any) &&
		 question(s, ACT_ASK_HSYNC) != NULL) {
		view->hsync_asked = s->now;
		step_wake(s, s->now + now.servers);
	}
}

/* Places that nobody names any more, and whose answers no cache can hold. */
void
decide_forget_places(struct step *s)
{
	for (int i = 0; i < s->view->d.places; i++) {
		struct view_place *p = s->view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER || !rset_empty(p->ns) ||
		    safety_cached(s->view, p, s->now))
			continue;
		free(p);
		s->view->d.place[i] = NULL;
		s->view->persist = true;
	}
}
