/*
 * Who is a member of the group: what the delegation shows, and what providers say of themselves.
 * Otherwise only processes change the group.
 */
#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/process.h"
#include "agentd/shown.h"
#include "agentd/step.h"
#include "agentd/unheard.h"

void
decide_stands(struct step *s, int provider, uint8_t has, bool member)
{
	struct view_provider *p = &s->view->d.provider[provider];

	p->has = has;
	p->member = member;
	p->contributed = has != 0;
	s->view->persist = true;
}

/* The owner took this provider out, and the others have finished that without it: of all, or of
 * signing. */
static void
left_out(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];
	const struct view_hsync_entry *e = decide_listed(view, VIEW_SELF);

	if ((self->has == 0 && !self->member) || view->d.process.kind != 0 || e == NULL ||
	    view->d.pending.count != 0) /* it may be taken back in */
		return;
	if (e->on && !e->sign && (self->has & HAS_KEYS) != 0 &&
	    (shown_maybe(view, VIEW_SELF) & HAS_CDS) == 0) {
		self->member = false;
		self->has &= HAS_NS;
		view->persist = true;
		step_journal(s, "this provider signs no more: HSYNC says so, and the parent has "
				"no DS of its");
		return;
	}
	if (e->on || shown_maybe(view, VIEW_SELF) != 0)
		return;
	decide_stands(s, VIEW_SELF, 0, false);
	step_journal(s, "this provider is out of the zone: HSYNC says OFF, and so does the parent");
}

/* Do all of the parent's servers, and not just now, name others of the group and none of ours? */
static bool
named_no_more(struct step *s)
{
	struct zone_view *view = s->view;
	struct rset others = RSET_NONE;
	int parents = 0;

	for (int i = 1; i < view->d.providers; i++)
		if (view->d.provider[i].used && view->d.provider[i].member)
			others = rset_or(others, process_own_ns(view, i));
	for (int i = 0; i < view->d.places; i++) {
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

	if ((shown_maybe(view, VIEW_SELF) & HAS_CDS) != 0)
		return false;
	for (int i = 1; i < view->d.providers; i++)
		if (view->d.provider[i].used && view->d.provider[i].member &&
		    (view->designated >> i & 1) != 0)
			others = rset_or(others, view->d.provider[i].statement.dnskey);
	for (int i = 0; i < view->d.places; i++) {
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

/* The operator took all other members out, which are dead, and nobody but this provider is to sign:
 * it is what is left of the group. */
static bool
nobody_else(const struct zone_view *view)
{
	uint32_t others = agree_members(view) & ~BIT(VIEW_SELF);

	for (int i = 1; i < view->d.providers; i++)
		if ((others >> i & 1) != 0 &&
		    (view->d.provider[i].ready || !view->d.provider[i].expelled))
			return false;
	return others != 0 && view->designated == BIT(VIEW_SELF);
}

/* A member whose servers nobody names, because a process ended in the middle or the owner took them
 * out, joins again: that brings them in. */
static void
fallen_out(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];

	if (!self->member || view->d.process.executed || (view->designated & BIT(VIEW_SELF)) == 0 ||
	    nobody_else(view))
		return;
	if (!ds_no_more(s) && !named_no_more(s))
		return;
	self->member = false; /* what of it the others show stays */
	view->persist = true;
	step_journal(s, "the delegation has not all of this provider any more: it joins again");
}

/* A leave, or a join, that ended when all of it was in, or nothing of it was gone: the delegation
 * has it, and so have the others. Where the delegation shows nowhere it joins again, which ends
 * with a person who looks at that. And if nobody else is a member it is as at the first start: own
 * keys may have been known too late. */
static void
still_in(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];
	uint8_t keys = HAS_KEYS | HAS_CDS;
	bool alone = agree_members(view) == 0;

	if (self->member || view->d.process.kind != 0 ||
	    (!alone && (view_hidden(view) || (self->has & keys) != keys)) ||
	    (view->designated & BIT(VIEW_SELF)) == 0 || shown_delegated(view, VIEW_SELF) != 1)
		return;
	decide_stands(s, VIEW_SELF, HAS_ALL, true);
	step_journal(s, "this provider is a member still: nothing of it is gone");
}

/* What is left of the group, and has DS, lets itself in: there is nobody else who could. */
static void
last_left(struct step *s)
{
	struct zone_view *view = s->view;

	if (view->d.provider[VIEW_SELF].member || view->d.process.kind != 0 || !nobody_else(view) ||
	    !shown_ds(view, VIEW_SELF))
		return;
	decide_stands(s, VIEW_SELF, HAS_ALL, true);
	step_journal(s, "this provider is what is left of the group: it has DS, and every member "
			"was taken out and is gone");
}

/* Does it say so? Who leaves, or only serves, is not designated; and what one said before it went
 * silent and was taken out is of no use now. As long as nobody is in who is to sign, nobody leaves.
 */
static bool
says_member(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];
	bool stays = (view->designated >> provider & 1) != 0;
	bool rests = p->statement.process == 0 || agree_nobody_in(view, view->designated);

	return (p->statement.standing & MSIG_STANDING_MEMBER) != 0 &&
	       (stays || (rests && p->ready));
}

/* It has DS and is not named: its NS are in the zone if combinerd holds them. */
static uint8_t
shown_half(const struct zone_view *view)
{
	return rset_empty(view->d.want.from[VIEW_SELF].ns) ? HAS_KEYS | HAS_CDS : HAS_ALL;
}

/* Is it OFF, and named, though nothing of it is known? */
static bool
left_named(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];

	return p->used && p->has == 0 && p->statement.known && !view->d.process.executed &&
	       view->d.provider[VIEW_SELF].member && (view->listed >> provider & 1) == 0 &&
	       shown_named(view, provider);
}

/* Does it say that it is none? While something is done, only who has no vote on it goes by that, or
 * who sees that whoever leads it does. */
static bool
says_no_member(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_statement *st = &p->statement;
	bool along = decide_no_vote(view) || shown_dropped(view, provider);

	if (!st->known || p->stale || (st->standing & MSIG_STANDING_MEMBER) != 0 ||
	    (!along && (view->d.process.executed || st->process != 0 || st->step != 0)))
		return false;
	return st->process_epoch >= view->d.epoch || decide_says_for_long(s, p);
}

/* Does it say so out of the process that was to take it out, and that ended here? What of it went
 * by then it has not said yet. */
static bool
said_before_the_end(const struct zone_view *view, int provider)
{
	const struct view_ended *e = &view->d.ended;

	return e->kind == MSIG_PROCESS_REMOVE && e->subject == provider && !e->completed &&
	       view->d.provider[provider].statement.process == MSIG_PROCESS_REMOVE;
}

/* Where the delegation shows nowhere, DS are all that there is to see. */
static bool
delegation_agrees(const struct zone_view *view, int provider)
{
	if (view_hidden(view))
		return shown_ds(view, provider) && !said_before_the_end(view, provider);
	return shown_delegated(view, provider) == 1;
}

/* Perhaps it is not the parent that keeps it. */
static void
wait_for_parent(struct step *s)
{
	struct reason why;

	if (!unheard_parent(s->view, &why))
		step_reason(s, &why);
	else
		step_wait(s, REASON_PARENT, REASON_OF_DS, "", "DS and NS at the parent",
			  "not known yet", 0);
}

/* The first start. false: it has to wait. */
static bool
begin(struct step *s)
{
	struct zone_view *view = s->view;
	int yes = shown_delegated(view, VIEW_SELF);

	if (yes < 0) {
		wait_for_parent(s);
		return false;
	}
	if (decide_serves_only(view))
		decide_stands(s, VIEW_SELF, yes ? HAS_NS : 0, false);
	else
		decide_stands(s, VIEW_SELF,
			      yes                         ? HAS_ALL
			      : shown_ds(view, VIEW_SELF) ? shown_half(view)
							  : 0,
			      yes);
	view->d.begun = true;
	step_journal(s, "this provider is %s",
		     yes ? "a member: the delegation has its DS and name servers"
			 : "not part of the delegation yet");
	return true;
}

static void
we_serve(struct step *s)
{
	struct zone_view *view = s->view;

	if (!decide_serves_only(view) || view->d.provider[VIEW_SELF].has != 0 ||
	    view->d.process.kind != 0 || !decide_listed(view, VIEW_SELF)->on ||
	    shown_delegated(view, VIEW_SELF) != 1)
		return;
	decide_stands(s, VIEW_SELF, HAS_NS, view->d.provider[VIEW_SELF].member);
	step_journal(s, "this provider serves the zone: the delegation names it");
}

static void
no_member(struct step *s, int provider)
{
	struct view_provider *p = &s->view->d.provider[provider];

	if (!p->member || !says_no_member(s, provider))
		return;
	p->member = false; /* what it has stays */
	s->view->persist = true;
	step_journal(s, "%s says that it is no member: it has to join again", p->identity);
}

/* Its keys and CDS are in, whatever became of the process that brought them there. Of whom nothing
 * was known, all is learned that the delegation shows. */
static void
keys_in(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_process *run = &view->d.process;
	const uint8_t keys = HAS_KEYS | HAS_CDS;
	bool apart =
	    run->kind == 0 || run->subject != provider ||
	    (run->kind == MSIG_PROCESS_REMOVE && (process_effects(view) & EFFECT_CDS_DEL) == 0);

	if (p->member || !apart || (p->has & keys) == keys || !shown_ds(view, provider))
		return;
	bool named = p->has == 0 && shown_named(view, provider);
	decide_stands(s, provider, p->has | keys | (named ? HAS_NS : 0), false);
	step_journal(s, "%s has DS at the parent: its keys are in", p->identity);
}

/* Where our leave begins anew the parent has our DS yet, so that the others take our keys and CDS
 * for in, whatever an older database says. */
static void
leaves_anew(struct step *s)
{
	const struct view_process *run = &s->view->d.process;
	if (run->kind == MSIG_PROCESS_REMOVE && run->subject == VIEW_SELF)
		keys_in(s, VIEW_SELF);
}

static void
off_and_named(struct step *s, int provider)
{
	const struct view_provider *p = &s->view->d.provider[provider];

	if (!left_named(s->view, provider))
		return;
	decide_stands(s, provider, HAS_NS, p->member);
	step_journal(s, "%s is OFF, and the delegation names it", p->identity);
}

/* Its keys are in from before, and the parent names it: without DS that goes before it may join
 * again. */
static void
named_still(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];

	if (p->member || p->has != HAS_KEYS || !p->statement.known || p->statement.process != 0 ||
	    view_hidden(view) || view->d.process.kind != 0 ||
	    (view->designated >> provider & 1) == 0 ||
	    (shown_maybe(view, provider) & HAS_CDS) != 0 || !shown_named(view, provider))
		return;
	decide_stands(s, provider, p->has | HAS_NS, false);
	step_journal(s, "the delegation names %s still", p->identity);
}

/* Where the delegation shows nowhere who had no part in it believes the zone's NS: it has nobody
 * else to ask. */
static void
serves(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_hsync_entry *e = decide_listed(view, provider);

	if (p->has != 0 || !p->statement.known || e == NULL || !e->on || e->sign ||
	    !rset_empty(p->statement.dnskey) ||
	    (view->d.process.kind != 0 && view->d.process.subject == provider) ||
	    agree_unfinished_ns(view, provider) || shown_delegated(view, provider) != 1 ||
	    decide_unnamed_by_voters(view, provider))
		return;
	decide_stands(s, provider, HAS_NS, p->member);
	step_journal(s, "%s serves the zone: the delegation names it", p->identity);
}

/* The parent may have dropped it in a leave that the owner took back: who has no vote goes by those
 * who do, if a member that is to stay is among them. */
static bool
borne_out(const struct zone_view *view, int provider)
{
	return delegation_agrees(view, provider) ||
	       (decide_no_vote(view) && view->d.provider[provider].has == HAS_ALL &&
		(view->designated >> provider & 1) != 0 &&
		(view->designated & agree_members(view)) != 0 &&
		shown_by_voters(view, provider) == 1);
}

static void
is_member(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];
	bool goes = (view->designated >> provider & 1) == 0 || decide_silent_alone(view, provider);

	if (p->member || p->expelled || !p->statement.known || !says_member(view, provider) ||
	    decide_listed(view, provider) == NULL ||
	    (view->d.process.kind != 0 && view->d.process.subject == provider) ||
	    !borne_out(view, provider) || (goes && decide_unnamed_by_voters(view, provider)))
		return;
	decide_stands(s, provider, HAS_ALL, true);
	step_journal(s, "%s is a member: it says so, and is seen to be", p->identity);
}

/* The first start decides from what is delegated; later only processes change the group. A peer
 * that says it is a member is one if the delegation agrees. */
void
decide_membership(struct step *s)
{
	static void (*const ours[])(struct step *) = {
	    left_out, fallen_out, still_in, leaves_anew, last_left, decide_follow, we_serve};
	static void (*const theirs[])(struct step *, int) = {
	    no_member, keys_in, off_and_named, named_still, decide_follow_one, serves, is_member};
	struct zone_view *view = s->view;

	if (!view->d.provider[VIEW_SELF].statement.known || step_frozen(view) ||
	    (!view->d.begun && !begin(s)))
		return;
	for (size_t k = 0; k < sizeof(ours) / sizeof(ours[0]); k++)
		ours[k](s);
	for (int i = 1; i < view->d.providers; i++)
		for (size_t k = 0; k < sizeof(theirs) / sizeof(theirs[0]); k++)
			if (view->d.provider[i].used)
				theirs[k](s, i);
}
