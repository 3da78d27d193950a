/*
 * Of who is in the zone in part, or is to leave it, agents may remember another thing: a database
 * was lost, a process was ended in the middle here and complete elsewhere. Here is what is believed
 * of what others say and show, so that all come to the same again.
 */
#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/shown.h"
#include "agentd/step.h"

bool
decide_no_vote(const struct zone_view *view)
{
	return (agree_electorate(view, MSIG_PROCESS_REMOVE) & BIT(VIEW_SELF)) == 0;
}

bool
decide_unnamed_by_voters(const struct zone_view *view, int provider)
{
	return decide_no_vote(view) && shown_by_voters(view, provider) == 0;
}

/* What neither the parent nor any of the members shows of it is not in: they completed a leave that
 * was ended here early. */
static uint8_t
shown_nowhere(const struct zone_view *view, uint32_t members)
{
	const struct view_statement *st = &view->d.provider[VIEW_SELF].statement;
	uint8_t maybe = shown_maybe(view, VIEW_SELF), out = 0;

	if (view_hidden(view) || members == 0)
		return 0;
	if ((maybe & HAS_NS) == 0 &&
	    shown_by_none(view, members, VIEW_NS, process_own_ns(view, VIEW_SELF)))
		out |= HAS_NS;
	if ((maybe & HAS_CDS) == 0 && shown_by_none(view, members, VIEW_CDS, st->cds))
		out |= HAS_CDS;
	if ((out & HAS_CDS) != 0 && shown_by_none(view, members, VIEW_DNSKEY, st->dnskey))
		out |= HAS_KEYS;
	return out;
}

/* Half in, and to be in: what all who vote show of it is in, what nobody shows is not, and its join
 * goes on from there. While another one joins or leaves the same CDS are wanted everywhere. */
static void
in_as_shown(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];
	const struct view_statement *st = &self->statement;
	const struct view_process *run = &view->d.process;
	uint32_t voters = agree_electorate(view, MSIG_PROCESS_REMOVE) & ~BIT(VIEW_SELF);
	bool rests = run->kind == 0 ||
		     (!run->executed && run->kind == MSIG_PROCESS_ADD && run->subject == VIEW_SELF);
	bool along = run->executed && run->subject != VIEW_SELF &&
		     (run->kind == MSIG_PROCESS_ADD || run->kind == MSIG_PROCESS_REMOVE);
	uint8_t has = self->has;

	if (self->member || !(rests || along) || !st->known ||
	    (view->designated & BIT(VIEW_SELF)) == 0 || voters == 0 ||
	    !step_due(s, rests ? view->d.ended.time : run->since, view->config.times.alarm_after))
		return;
	if ((has & (HAS_KEYS | HAS_CDS)) != (HAS_KEYS | HAS_CDS) &&
	    shown_by_all(view, voters, VIEW_CDS, st->cds))
		has |= HAS_KEYS | HAS_CDS;
	else if (rests)
		has &= (uint8_t)~shown_nowhere(view, voters & agree_members(view));
	if (has == self->has)
		return;
	step_journal(s, (has & ~self->has) != 0
			    ? "this provider is in the zone in part: all who vote show its CDS"
			    : "what the others show no more of this provider is out of the zone");
	decide_stands(s, VIEW_SELF, has, false);
}

bool
decide_silent_alone(const struct zone_view *view, int provider)
{
	uint32_t voters = agree_electorate(view, MSIG_PROCESS_REMOVE) & ~BIT(provider);

	for (int i = 1; i < view->d.providers; i++)
		if ((voters >> i & 1) != 0 && view->d.provider[i].ready)
			return !view->d.provider[provider].ready;
	return false;
}

/* The parent takes up NS that are the same everywhere: whoever has no vote shows those that the
 * voters show, whatever it missed of how they came to be. */
static void
follow_names(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	if (!decide_no_vote(view))
		return;
	for (int i = 0; i < view->d.providers; i++) {
		struct view_provider *p = &view->d.provider[i];
		bool goes = (view->designated & BIT(i)) == 0 || decide_silent_alone(view, i);
		/* What becomes of the subject its process says. */
		if (!p->used || !p->statement.known || (p->member && !goes) ||
		    (run->kind != 0 && run->subject == i) ||
		    (i == VIEW_SELF && (p->has == 0 || (view->designated & BIT(i)) != 0)))
			continue;
		int shown = shown_by_voters(view, i);
		if (shown < 0 || shown == ((p->has & HAS_NS) != 0))
			continue;
		uint8_t has = p->has ^ HAS_NS;
		decide_stands(s, i, has, p->member && has == HAS_ALL);
		step_journal(s, "%s is %snamed by all who vote", p->identity, shown ? "" : "not ");
	}
}

/* Of who is half in some may know more than others, and a process about somebody else wants the
 * same CDS and NS everywhere: those of its requestor. */
static void
follow_requestor(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	if (run->kind == 0 || !run->executed || run->requestor == VIEW_SELF)
		return;
	/* CDS of an algorithm that comes are shown before their signer states them. */
	bool rolls = run->kind == MSIG_PROCESS_ALGORITHM;
	/* Who joins shows the NS of all from the step on in which it is named itself. */
	bool names = view->d.provider[run->requestor].member ||
		     shown_by(view, run->requestor, VIEW_NS, process_own_ns(view, run->requestor),
			      run->started) == 1;
	for (int i = 0; i < view->d.providers; i++) {
		struct view_provider *p = &view->d.provider[i];
		bool signs = (view->designated & BIT(i)) != 0;
		uint8_t has = p->has;
		if (!p->used || p->member || i == run->subject || i == run->requestor ||
		    !p->statement.known)
			continue;
		int cds = i == VIEW_SELF || rolls ? -1
						  : shown_by(view, run->requestor, VIEW_CDS,
							     p->statement.cds, run->started);
		int ns = !view->d.agent_ns || !names || (signs && (has & HAS_CDS) == 0)
			     ? -1
			     : shown_by(view, run->requestor, VIEW_NS, process_own_ns(view, i),
					run->started);
		if (cds >= 0)
			has = cds ? has | HAS_KEYS | HAS_CDS : has & (uint8_t)~HAS_CDS;
		if (ns >= 0)
			has = ns ? has | HAS_NS : has & (uint8_t)~HAS_NS;
		if (has == p->has)
			continue;
		decide_stands(s, i, has, false);
		step_journal(s, "what of %s is in the zone is what %s shows", p->identity,
			     view->d.provider[run->requestor].identity);
	}
}

/* At rest, and for long: members may remember another thing of somebody who is not to sign, after a
 * process that some of them ended early. All show what the one shows who speaks for the group. */
static void
follow_speaker(struct step *s)
{
	struct zone_view *view = s->view;
	int speaker = agree_speaker(view);
	int64_t ended = view->d.ended.time;

	if (view->d.process.kind != 0 || !view->d.agent_ns || speaker <= VIEW_SELF ||
	    !view->d.provider[VIEW_SELF].member)
		return;
	for (int i = 1; i < view->d.providers; i++) {
		struct view_provider *p = &view->d.provider[i];
		if (!p->used || p->member || !p->statement.known || i == speaker ||
		    (view->designated & BIT(i)) != 0)
			continue;
		int ns = shown_by(view, speaker, VIEW_NS, process_own_ns(view, i), ended + 1);
		if (ns < 0 || ns == ((p->has & HAS_NS) != 0) ||
		    (ns == 0 && (shown_maybe(view, i) & HAS_NS) != 0) ||
		    !step_due(s, ended, view->config.times.alarm_after))
			continue;
		decide_stands(s, i, p->has ^ HAS_NS, false);
		step_journal(s, "%s is %snamed by %s, who speaks for the group", p->identity,
			     ns ? "" : "not ", view->d.provider[speaker].identity);
	}
}

/* The same where the owner manages NS: neither his zone nor the parent names it, and whoever was to
 * take it out is through. */
static void
follow_owner(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_version *ns = view_at_signer(view, VIEW_NS);

	if (view->d.process.executed || view->d.agent_ns || ns == NULL ||
	    !view->d.provider[VIEW_SELF].member ||
	    !step_due(s, view->d.ended.time, view->config.times.alarm_after) ||
	    !step_due(s, ns->first, view->config.times.alarm_after))
		return;
	for (int i = 1; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (!p->used || p->has != HAS_NS || !p->statement.known ||
		    (view->designated & BIT(i)) != 0 || agree_serves_only(view, i) ||
		    rset_meets(ns->set, process_own_ns(view, i)) ||
		    (shown_maybe(view, i) & HAS_NS) != 0)
			continue;
		decide_stands(s, i, 0, false);
		step_journal(s, "%s is named neither by the owner nor by the parent", p->identity);
	}
}

bool
decide_says_for_long(struct step *s, const struct view_provider *p)
{
	const struct view_times *t = &s->view->config.times;
	int64_t ended = s->view->d.ended.time, said = p->statement.received;

	return p->ready && !p->stale && step_due(s, said > ended ? said : ended, t->alarm_after);
}

/* In the middle of a process about somebody else all show the keys of the same providers: of who
 * has nothing more in than those it says itself whether they are; of who is to leave, that they are
 * not. */
static void
keys_as_stated(struct step *s, int provider)
{
	struct zone_view *view = s->view;
	struct view_provider *p = &view->d.provider[provider];
	const struct view_process *run = &view->d.process;
	const struct view_statement *st = &p->statement;

	int other;
	if (!p->used || p->member || !st->known || p->stale || !run->executed ||
	    agree_keytag_collision(view, &other) >= 0 || run->subject == provider ||
	    ((p->has | st->standing) & ~HAS_KEYS) != 0 || p->has == st->standing ||
	    ((view->designated & BIT(provider)) == 0 && st->standing != 0) ||
	    (st->process_epoch < run->epoch && !decide_says_for_long(s, p)))
		return;
	decide_stands(s, provider, st->standing, false);
	step_journal(s, "%s says itself whether its keys are in the zone", p->identity);
}

/* Are its CDS those of no other member, and does it say for long that they are not in? The others
 * remember more of how they went. Should the parent come with DS yet, all is in again (keys_in). */
static bool
only_here(struct step *s, const struct view_provider *p)
{
	const struct zone_view *view = s->view;
	uint32_t others = agree_members(view) & ~BIT(VIEW_SELF);

	return others != 0 && decide_says_for_long(s, p) &&
	       shown_by_none(view, others, VIEW_CDS, p->statement.cds);
}

/* Who is half in, rests, and knows of all that was done here, says itself what of it is in. Of who
 * is to leave it says at most that something is not in any more. */
static void
as_stated(struct step *s, int provider)
{
	struct zone_view *view = s->view;
	struct view_provider *p = &view->d.provider[provider];
	const struct view_statement *st = &p->statement;

	if (!p->used || p->member || !st->known || p->stale || view->d.process.kind != 0 ||
	    st->process != 0 || (st->standing & MSIG_STANDING_MEMBER) != 0 ||
	    rset_empty(st->dnskey) || agree_serves_only(view, provider) ||
	    (st->process_epoch < view->d.epoch && !decide_says_for_long(s, p)))
		return;
	uint8_t has = st->standing & HAS_ALL;
	int other;
	/* Of who is to leave, and of keys that nobody would have approved, nothing comes in so. */
	if ((view->designated & BIT(provider)) == 0 || agree_keytag_collision(view, &other) >= 0)
		has &= p->has;
	if (!MUTANT(STANDING))
		has |= p->has & shown_maybe(view, provider);
	/* The parent was asked for its DS, and may come with it. */
	if ((p->has & HAS_CDS) != 0 && !only_here(s, p))
		has |= p->has & (HAS_KEYS | HAS_CDS);
	if (has == p->has)
		return;
	decide_stands(s, provider, has, false);
	step_journal(s, "%s says itself what of it is in the zone", p->identity);
}

/* Who is out, not there, and of whom no statement is left, because the database was lost: what
 * combinerd holds of it is what it stated, and all that tells what is to be taken out. */
static void
state_as_held(struct step *s, int provider)
{
	struct zone_view *view = s->view;
	struct view_provider *p = &view->d.provider[provider];
	const struct view_contribution *c = &view->d.want.from[provider];

	if (p->statement.known || !c->used || p->ready || (view->listed >> provider & 1) != 0)
		return;
	/* Where a KSK stays at home nobody knows whose the DS is, and NS of the owner's zone are
	 * not here; but where the parent names nobody else, it is named no more. */
	bool unnamed = view->parent_known && process_check(view, COND_NS_KNOWN, true, s->now, NULL);
	if ((rset_empty(c->ns) && !unnamed) ||
	    (!rset_empty(c->cds) && !rset_meets(rpool_keys(&view->d.pool, c->cds), c->dnskey)))
		return;
	p->statement = (struct view_statement){
	    .known = true, .dnskey = c->dnskey, .cds = c->cds, .cdnskey = c->cdnskey, .ns = c->ns};
	p->stale = true; /* until it says what it does state */
	decide_stands(s, provider,
		      (rset_empty(c->dnskey) ? 0 : HAS_KEYS) | (rset_empty(c->cds) ? 0 : HAS_CDS) |
			  (rset_empty(c->ns) ? 0 : HAS_NS),
		      p->member);
	step_journal(s, "%s is out, and not there: combinerd holds what it stated", p->identity);
}

/* Do the members show its keys no more, long after all that ended here? They finished a leave that
 * was ended here early. */
static bool
dropped_by_members(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	struct rset keys = view->d.provider[provider].statement.dnskey;
	uint32_t members = agree_members(view) & ~BIT(VIEW_SELF);

	if (members == 0 || !step_due(s, view->d.ended.time, view->config.times.alarm_after))
		return false;
	return rset_empty(keys) || shown_by_none(view, members, VIEW_DNSKEY, keys);
}

/* Who has no part in the zone is not asked when others leave it, or go on without signing: the
 * delegation tells what is left of them; of somebody who is OFF, not there, and stated nothing
 * here, the members know. Returns what of `has` is not. */
static uint8_t
gone_without_us(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_provider *self = &view->d.provider[VIEW_SELF];

	if (!p->used || p->has == 0 || self->member || view->d.process.kind != 0 ||
	    (self->has == HAS_ALL && !dropped_by_members(s, provider)))
		return 0;
	if (!p->statement.known)
		return self->has == 0 && !p->ready && (view->listed >> provider & 1) == 0 ? p->has
											  : 0;
	/* Whoever says of itself that it signs may be on its way in or out. */
	bool signs = (view->listed >> provider & 1) != 0 && !rset_empty(p->statement.dnskey) &&
		     (p->statement.process != 0 || p->statement.standing != 0);
	if (signs)
		return 0;
	uint8_t in = shown_maybe(view, provider);
	if (shown_by_voters(view, provider) > 0)
		in |= HAS_NS;
	return p->has & (uint8_t)~in;
}

/* Is it OFF, nothing of it known, and does another member's server go on showing its keys, long
 * after all that ended here? That one remembers more of a leave that was ended early. */
static bool
left_keys(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_times *t = &view->config.times;

	if (!p->used || p->has != 0 || !p->statement.known || view->d.process.executed ||
	    !view->d.provider[VIEW_SELF].member || (view->listed >> provider & 1) != 0 ||
	    !step_due(s, view->d.ended.time, t->alarm_after))
		return false;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		int of = q == NULL || q->kind != PLACE_SERVER ? -1 : view_place_provider(view, q);
		if (of <= VIEW_SELF || !view->d.provider[of].member)
			continue;
		const struct view_history *h = &q->history[VIEW_DNSKEY];
		const struct view_version *v = view_current(q, VIEW_DNSKEY);
		if (v != NULL && h->status != MSIG_SEEN_UNKNOWN && h->time > view->d.ended.time &&
		    s->now - h->time <= t->fresh && rset_meets(v->set, p->statement.dnskey))
			return true;
	}
	return false;
}

static void
keys_shown(struct step *s, int provider)
{
	const struct view_provider *p = &s->view->d.provider[provider];

	if (!left_keys(s, provider))
		return;
	decide_stands(s, provider, HAS_KEYS, p->member);
	step_journal(s, "%s is OFF, and another member shows its keys", p->identity);
}

static void
gone(struct step *s, int provider)
{
	const struct view_provider *p = &s->view->d.provider[provider];
	uint8_t what = gone_without_us(s, provider);

	if (what == 0)
		return;
	decide_stands(s, provider, p->has & (uint8_t)~what, false);
	step_journal(s, "%s is out of the zone%s: the delegation has it no more", p->identity,
		     p->has != 0 ? " in part" : "");
}

void
decide_follow(struct step *s)
{
	in_as_shown(s);
	follow_names(s);
	follow_requestor(s);
	follow_speaker(s);
	follow_owner(s);
}

void
decide_follow_one(struct step *s, int provider)
{
	state_as_held(s, provider);
	as_stated(s, provider);
	keys_as_stated(s, provider);
	keys_shown(s, provider);
	gone(s, provider);
}
