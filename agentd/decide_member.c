/*
 * Who is in the zone, as a member or in part: what the delegation shows, and what providers say of
 * themselves. Otherwise only processes change the group.
 */
#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/step.h"

/* Is a provider part of the delegation: DS of one of its keys, and its name servers? -1: not known,
 * or not the same at all servers of the parent: one of them has not followed yet. */
int
decide_delegated(const struct zone_view *view, int provider)
{
	const struct view_statement *st = &view->d.provider[provider].statement;
	struct rset keys = st->dnskey, names = st->ns;
	int in = 0, out = 0, blind = 0;

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_statement *other = &view->d.provider[i].statement;
		if (i == provider || !view->d.provider[i].used || !other->known)
			continue;
		keys = rset_minus(keys, other->dnskey); /* what is somebody else's proves nothing */
		names = rset_minus(names, other->ns);
	}

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		if (p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN)
			return -1;
		const struct view_version *ds = view_current(p, VIEW_DS);
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ds == NULL || ns == NULL)
			return -1;
		bool signs = !rset_empty(st->dnskey);
		if ((signs && !rset_meets(rpool_keys(&view->d.pool, ds->set), keys)) ||
		    (view_delegates(view, p) && !rset_meets(ns->set, names)))
			out++;
		else if (view_delegates(view, p))
			in++;
		else if (signs)
			blind++; /* that it has the DS does not say that it names anybody */
	}
	if (in == 0 && out == 0)
		in = blind;
	return !view->parent_known || (in == 0) == (out == 0) ? -1 : in != 0;
}

/* Do the parent's servers neither name one of our servers, nor have a DS of our keys? */
static bool
not_delegated(const struct zone_view *view)
{
	const struct view_statement *st = &view->d.provider[VIEW_SELF].statement;
	int parents = 0;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *ds = view_current(p, VIEW_DS);
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ds == NULL || ns == NULL || p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    rset_meets(rpool_keys(&view->d.pool, ds->set), st->dnskey) ||
		    (view_delegates(view, p) &&
		     rset_meets(ns->set, process_own_ns(view, VIEW_SELF))))
			return false;
		parents++;
	}
	return parents > 0 && view->parent_known;
}

/* Does one of the parent's servers have a DS of our keys, or is that not known? */
static bool
maybe_ds(const struct zone_view *view)
{
	struct rset keys = view->d.provider[VIEW_SELF].statement.dnskey;
	int parents = 0;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *v = view_current(p, VIEW_DS);
		if (v == NULL || p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    rset_meets(rpool_keys(&view->d.pool, v->set), keys))
			return true;
		parents++;
	}
	return parents == 0 || !view->parent_known;
}

/* The owner took this provider out, and the others have finished that without it: of all, or of
 * signing. */
static void
left_out(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];
	const struct view_hsync_entry *e = decide_listed(view, VIEW_SELF);

	if ((self->has == 0 && !self->member) || view->d.process.kind != 0 || e == NULL)
		return;
	if (e->on && !e->sign && (self->has & HAS_KEYS) != 0 && !maybe_ds(view)) {
		self->member = false;
		self->has &= HAS_NS;
		view->persist = true;
		step_journal(s, "this provider signs no more: HSYNC says so, and the parent has "
				"no DS of its");
		return;
	}
	if (e->on || !not_delegated(view))
		return;
	self->member = self->contributed = false;
	self->has = 0;
	view->persist = true;
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

	if (maybe_ds(view))
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

/* A member whose servers nobody names, because a process ended in the middle or the owner took them
 * out, joins again: that brings them in. */
static void
fallen_out(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];

	if (!self->member || view->d.process.executed || (view->designated & BIT(VIEW_SELF)) == 0)
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
	    (view->designated & BIT(VIEW_SELF)) == 0 || decide_delegated(view, VIEW_SELF) != 1)
		return;
	self->member = self->contributed = true;
	self->has = HAS_ALL;
	view->persist = true;
	step_journal(s, "this provider is a member still: nothing of it is gone");
}

/* Do all servers of a provider show all of these, and have said so since then? 0: none of them
 * anywhere; -1: neither, or not known. */
static int
shown_by(const struct zone_view *view, int provider, enum view_type type, struct rset set,
	 int64_t since)
{
	int in = 0, out = 0;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || q->kind != PLACE_SERVER ||
		    view_place_provider(view, q) != provider)
			continue;
		const struct view_version *v = view_current(q, type);
		if (v == NULL || q->history[type].status == MSIG_SEEN_UNKNOWN ||
		    q->history[type].time < since)
			return -1;
		in += rset_within(set, v->set);
		out += !rset_meets(set, v->set);
	}
	return rset_empty(set) || (in == 0) == (out == 0) ? -1 : in != 0;
}

static bool
shown_by_all(const struct zone_view *view, uint32_t providers, enum view_type type, struct rset set)
{
	for (int i = 1; i < view->d.providers; i++)
		if ((providers >> i & 1) != 0 && shown_by(view, i, type, set, 1) != 1)
			return false;
	return true;
}

/* Half in, at rest, and to be in: what all who vote show of it is in, and its join goes on from
 * there. */
static void
in_as_shown(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_provider *self = &view->d.provider[VIEW_SELF];
	const struct view_statement *st = &self->statement;
	uint32_t voters = agree_electorate(view, MSIG_PROCESS_REMOVE) & ~BIT(VIEW_SELF);
	uint8_t has = self->has;

	if (self->member || view->d.process.kind != 0 || !st->known ||
	    (view->designated & BIT(VIEW_SELF)) == 0 || voters == 0 ||
	    !step_due(s, view->d.ended.time, view->config.times.alarm_after))
		return;
	if ((has & (HAS_KEYS | HAS_CDS)) != (HAS_KEYS | HAS_CDS) &&
	    shown_by_all(view, voters, VIEW_CDS, st->cds))
		has |= HAS_KEYS | HAS_CDS;
	if (has == self->has)
		return;
	self->has = has;
	self->contributed = true;
	view->persist = true;
	step_journal(s, "this provider is in the zone in part: all who vote show its CDS");
}

/* Does it say so? Who leaves, or only serves, is not designated; and what one said before it went
 * silent and was taken out is of no use now. */
static bool
says_member(const struct zone_view *view, int provider)
{
	const struct view_statement *st = &view->d.provider[provider].statement;
	bool stays = (view->designated >> provider & 1) != 0;

	return (st->standing & MSIG_STANDING_MEMBER) != 0 &&
	       (stays || (st->process == 0 && view->d.provider[provider].ready));
}

/* Has the parent DS of a provider's keys? Then its keys and CDS are in, whatever became of the
 * process that brought them there. */
static bool
has_ds(const struct zone_view *view, int provider)
{
	struct rset keys = view->d.provider[provider].statement.dnskey;
	bool any = false;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *v = view_current(p, VIEW_DS);
		if (v == NULL || p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    !rset_meets(rpool_keys(&view->d.pool, v->set), keys))
			return false;
		any = true;
	}
	return any;
}

/* Acts along at most in what the group does. */
static bool
no_vote(const struct zone_view *view)
{
	return (agree_electorate(view, MSIG_PROCESS_REMOVE) & BIT(VIEW_SELF)) == 0;
}

/* Agents manage NS: do all servers of all others that vote show its servers? 0: none does; -1: not
 * known, or not the same everywhere. */
static int
shown_by_voters(const struct zone_view *view, int provider)
{
	struct rset names = process_own_ns(view, provider);
	uint32_t voters = agree_electorate(view, MSIG_PROCESS_REMOVE);
	int in = 0, out = 0;

	if (!view->d.agent_ns || rset_empty(names))
		return -1;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		int of = q == NULL || q->kind != PLACE_SERVER ? -1 : view_place_provider(view, q);
		if (of <= VIEW_SELF || (voters >> of & 1) == 0)
			continue;
		const struct view_version *v = view_current(q, VIEW_NS);
		if (v == NULL || q->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN) {
			if (view->d.provider[of].ready)
				return -1;
			continue; /* it is not there at all */
		}
		in += rset_within(names, v->set);
		out += !rset_meets(names, v->set);
	}
	return (in == 0) == (out == 0) ? -1 : in != 0;
}

bool
decide_unnamed_by_voters(const struct zone_view *view, int provider)
{
	return no_vote(view) && shown_by_voters(view, provider) == 0;
}

/* Do the members show its keys no more, long after all that ended here? They finished a leave that
 * was ended here early. */
static bool
dropped_by_members(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_statement *st = &view->d.provider[provider].statement;
	int members = 0;

	if (!step_due(s, view->d.ended.time, view->config.times.alarm_after))
		return false;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		int of = q == NULL || q->kind != PLACE_SERVER ? -1 : view_place_provider(view, q);
		if (of <= VIEW_SELF || !view->d.provider[of].member)
			continue;
		const struct view_version *v = view_current(q, VIEW_DNSKEY);
		if (v == NULL || q->history[VIEW_DNSKEY].status == MSIG_SEEN_UNKNOWN ||
		    rset_meets(v->set, st->dnskey))
			return false;
		members++;
	}
	return members > 0;
}

/* Who has no part in the zone is not asked when others leave it, or go on without signing: the
 * delegation tells what is left of them. Returns what of `has` is not. */
static uint8_t
gone_without_us(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_provider *self = &view->d.provider[VIEW_SELF];
	struct rset keys = p->statement.dnskey;
	bool ds = false, ns = false;
	int parents = 0;

	if (!p->used || p->has == 0 || self->member || view->d.process.kind != 0 ||
	    (self->has == HAS_ALL && !dropped_by_members(s, provider)) || !p->statement.known ||
	    !view->parent_known)
		return 0;
	struct rset names = process_own_ns(view, provider);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || q->kind != PLACE_PARENT)
			continue;
		if (q->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    q->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    q->history[VIEW_DS].count == 0 || q->history[VIEW_NS].count == 0)
			return 0;
		ds |= rset_meets(rpool_keys(&view->d.pool, view_current(q, VIEW_DS)->set), keys);
		ns |= view_delegates(view, q) && rset_meets(view_current(q, VIEW_NS)->set, names);
		parents++;
	}
	ns |= shown_by_voters(view, provider) > 0;
	/* Whoever says of itself that it signs may be on its way in or out. */
	bool signs = (view->listed >> provider & 1) != 0 && !rset_empty(keys) &&
		     (p->statement.process != 0 || p->statement.standing != 0);
	if (parents == 0 || signs)
		return 0;
	return p->has & (uint8_t) ~((ds ? HAS_KEYS | HAS_CDS : 0) | (ns ? HAS_NS : 0));
}

/* It has DS and is not named: its NS are in the zone if combinerd holds them. */
static uint8_t
shown_half(const struct zone_view *view)
{
	return rset_empty(view->d.want.from[VIEW_SELF].ns) ? HAS_KEYS | HAS_CDS : HAS_ALL;
}

/* Do all of the parent's servers name its servers? */
static bool
named_everywhere(const struct zone_view *view, int provider)
{
	int parents = 0;

	if (!view->parent_known)
		return false;
	struct rset names = process_own_ns(view, provider);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || !view_delegates(view, q))
			continue;
		const struct view_version *v = view_current(q, VIEW_NS);
		if (v == NULL || q->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    !rset_meets(v->set, names))
			return false;
		parents++;
	}
	return parents > 0;
}

/* Is it OFF, and named, though nothing of it is known? */
static bool
left_named(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];

	return p->used && p->has == 0 && p->statement.known && !view->d.process.executed &&
	       view->d.provider[VIEW_SELF].member && (view->listed >> provider & 1) == 0 &&
	       named_everywhere(view, provider);
}

/* The parent takes up NS that are the same everywhere: whoever has no vote shows those that the
 * voters show, whatever it missed of how they came to be. */
static void
follow_names(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	if (!no_vote(view))
		return;
	for (int i = 0; i < view->d.providers; i++) {
		struct view_provider *p = &view->d.provider[i];
		bool goes = (view->designated & BIT(i)) == 0;
		/* What becomes of the subject its process says. */
		if (!p->used || !p->statement.known || (p->member && !goes) ||
		    (run->kind != 0 && run->subject == i) ||
		    (i == VIEW_SELF && (p->has == 0 || (view->designated & BIT(i)) != 0)))
			continue;
		int shown = shown_by_voters(view, i);
		if (shown < 0 || shown == ((p->has & HAS_NS) != 0))
			continue;
		p->has ^= HAS_NS;
		p->member &= p->has == HAS_ALL;
		p->contributed = p->has != 0;
		view->persist = true;
		step_journal(s, "%s is %snamed by all who vote", p->identity, shown ? "" : "not ");
	}
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

/* Of who is half in some may know more than others, and a process about somebody else wants the
 * same CDS and NS everywhere: those of its requestor. */
static void
follow_requestor(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	if (run->kind == 0 || !run->executed || run->requestor == VIEW_SELF)
		return;
	/* Who joins shows the NS of all from a later step on. */
	bool names = view->d.provider[run->requestor].member;
	for (int i = 0; i < view->d.providers; i++) {
		struct view_provider *p = &view->d.provider[i];
		bool signs = (view->designated & BIT(i)) != 0;
		uint8_t has = p->has;
		if (!p->used || p->member || i == run->subject || i == run->requestor ||
		    !p->statement.known)
			continue;
		int cds = i == VIEW_SELF ? -1
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
		p->has = has;
		p->contributed = has != 0;
		view->persist = true;
		step_journal(s, "what of %s is in the zone is what %s shows", p->identity,
			     view->d.provider[run->requestor].identity);
	}
}

/* Has any of the parent's servers DS of a provider's keys, or names its servers, or is that not
 * known? */
static uint8_t
maybe_at_parent(const struct zone_view *view, int provider)
{
	struct rset keys = view->d.provider[provider].statement.dnskey;
	struct rset names = process_own_ns(view, provider);
	uint8_t has = view->parent_known ? 0 : HAS_ALL;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || q->kind != PLACE_PARENT)
			continue;
		const struct view_version *ds = view_current(q, VIEW_DS);
		const struct view_version *ns = view_current(q, VIEW_NS);
		if (ds == NULL || q->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    rset_meets(rpool_keys(&view->d.pool, ds->set), keys))
			has |= HAS_KEYS | HAS_CDS;
		if (ns == NULL || q->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    (view_delegates(view, q) && rset_meets(ns->set, names)))
			has |= HAS_NS;
	}
	return has;
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
		    (ns == 0 && (maybe_at_parent(view, i) & HAS_NS) != 0) ||
		    !step_due(s, ended, view->config.times.alarm_after))
			continue;
		p->has ^= HAS_NS;
		p->contributed = p->has != 0;
		view->persist = true;
		step_journal(s, "%s is %snamed by %s, who speaks for the group", p->identity,
			     ns ? "" : "not ", view->d.provider[speaker].identity);
	}
}

/* Has it not been taken back for long after all that ended here? */
static bool
says_for_long(struct step *s, const struct view_provider *p)
{
	const struct view_times *t = &s->view->config.times;
	int64_t ended = s->view->d.ended.time, said = p->statement.received;

	return p->ready && !p->stale && step_due(s, said > ended ? said : ended, t->alarm_after);
}

/* In the middle of a process about somebody else all show the keys of the same providers: of who
 * has nothing more in than those it says itself whether they are. */
static void
keys_as_stated(struct step *s, int provider)
{
	struct zone_view *view = s->view;
	struct view_provider *p = &view->d.provider[provider];
	const struct view_process *run = &view->d.process;
	const struct view_statement *st = &p->statement;

	if (!p->used || p->member || !st->known || p->stale || !run->executed ||
	    run->subject == provider || (view->designated & BIT(provider)) == 0 ||
	    ((p->has | st->standing) & ~HAS_KEYS) != 0 || p->has == st->standing ||
	    st->process_epoch < run->epoch)
		return;
	p->has = st->standing;
	p->contributed = p->has != 0;
	view->persist = true;
	step_journal(s, "%s says itself whether its keys are in the zone", p->identity);
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
	    (st->process_epoch < view->d.epoch && !says_for_long(s, p)))
		return;
	uint8_t has = st->standing & HAS_ALL;
	if ((view->designated & BIT(provider)) == 0)
		has &= p->has;
	if (!MUTANT(STANDING))
		has |= p->has & maybe_at_parent(view, provider);
	if ((p->has & HAS_CDS) != 0) /* the parent was asked for its DS, and may come with it */
		has |= p->has & (HAS_KEYS | HAS_CDS);
	if (has == p->has)
		return;
	p->has = has;
	p->contributed = has != 0;
	view->persist = true;
	step_journal(s, "%s says itself what of it is in the zone", p->identity);
}

/* Does it say that it is none? While something is done, only who has no vote on it goes by that. */
static bool
says_no_member(struct step *s, int provider)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_statement *st = &p->statement;
	bool along = no_vote(view);

	if (!st->known || p->stale || (st->standing & MSIG_STANDING_MEMBER) != 0 ||
	    (!along && (view->d.process.executed || st->process != 0 || st->step != 0)))
		return false;
	return st->process_epoch >= view->d.epoch || says_for_long(s, p);
}

/* Where the delegation shows nowhere, DS are all that there is to see. */
static bool
delegation_agrees(const struct zone_view *view, int provider)
{
	return view_hidden(view) ? has_ds(view, provider) : decide_delegated(view, provider) == 1;
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
	/* Where a KSK stays at home nobody knows whose the DS is, and the owner's NS are not here.
	 */
	if (rset_empty(c->ns) ||
	    (!rset_empty(c->cds) && !rset_meets(rpool_keys(&view->d.pool, c->cds), c->dnskey)))
		return;
	p->statement = (struct view_statement){
	    .known = true, .dnskey = c->dnskey, .cds = c->cds, .cdnskey = c->cdnskey, .ns = c->ns};
	p->stale = true; /* until it says what it does state */
	p->has = (rset_empty(c->dnskey) ? 0 : HAS_KEYS) | (rset_empty(c->cds) ? 0 : HAS_CDS) |
		 (rset_empty(c->ns) ? 0 : HAS_NS);
	p->contributed = p->has != 0;
	view->persist = true;
	step_journal(s, "%s is out, and not there: combinerd holds what it stated", p->identity);
}

/* The first start decides from what is delegated; later only processes change the group. A peer
 * that says it is a member is one if the delegation agrees. */
void
decide_membership(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	struct view_provider *self = &d->provider[VIEW_SELF];

	if (!self->statement.known || step_frozen(view))
		return;
	if (!d->begun) {
		int yes = decide_delegated(view, VIEW_SELF);
		if (yes < 0) {
			step_wait(s, REASON_PARENT, REASON_OF_DS, "", "DS and NS at the parent",
				  "not known yet", 0);
			return;
		}
		d->begun = true;
		if (decide_serves_only(view)) {
			self->has = yes == 1 ? HAS_NS : 0;
			self->contributed = yes == 1;
		} else {
			self->member = yes == 1;
			self->has = yes == 1                  ? HAS_ALL
				    : has_ds(view, VIEW_SELF) ? shown_half(view)
							      : 0;
			self->contributed = self->has != 0;
		}
		view->persist = true;
		step_journal(s, "this provider is %s",
			     yes ? "a member: the delegation has its DS and name servers"
				 : "not part of the delegation yet");
	}
	left_out(s);
	fallen_out(s);
	still_in(s);
	in_as_shown(s);
	follow_names(s);
	follow_requestor(s);
	follow_speaker(s);
	if (decide_serves_only(view) && self->has == 0 && d->process.kind == 0 &&
	    decide_listed(view, VIEW_SELF)->on && decide_delegated(view, VIEW_SELF) == 1) {
		self->has = HAS_NS;
		self->contributed = true;
		view->persist = true;
		step_journal(s, "this provider serves the zone: the delegation names it");
	}
	for (int i = 1; i < d->providers; i++) {
		struct view_provider *p = &d->provider[i];
		if (!p->used)
			continue;
		const struct view_hsync_entry *e = decide_listed(view, i);
		state_as_held(s, i);
		if (i != VIEW_SELF && p->member && says_no_member(s, i)) {
			p->member = false; /* what it has stays */
			view->persist = true;
			step_journal(s, "%s says that it is no member: it has to join again",
				     p->identity);
		}
		bool apart = d->process.kind == 0 || d->process.subject != i ||
			     (d->process.kind == MSIG_PROCESS_REMOVE &&
			      (process_effects(view) & EFFECT_CDS_DEL) == 0);
		if (!p->member && apart &&
		    (p->has & (HAS_KEYS | HAS_CDS)) != (HAS_KEYS | HAS_CDS) && has_ds(view, i)) {
			/* Of whom nothing was known, all is learned that the delegation shows. */
			bool named = p->has == 0 && named_everywhere(view, i);
			p->has |= HAS_KEYS | HAS_CDS | (named ? HAS_NS : 0);
			p->contributed = true;
			view->persist = true;
			step_journal(s, "%s has DS at the parent: its keys are in", p->identity);
		}
		as_stated(s, i);
		keys_as_stated(s, i);
		if (left_named(view, i)) {
			p->has |= HAS_NS;
			p->contributed = true;
			view->persist = true;
			step_journal(s, "%s is OFF, and the delegation names it", p->identity);
		}
		if (left_keys(s, i)) {
			p->has |= HAS_KEYS;
			p->contributed = true;
			view->persist = true;
			step_journal(s, "%s is OFF, and another member shows its keys",
				     p->identity);
		}
		uint8_t gone = gone_without_us(s, i);
		if (gone != 0) {
			p->has &= (uint8_t)~gone;
			p->member = false;
			p->contributed = p->has != 0;
			view->persist = true;
			step_journal(s, "%s is out of the zone%s: the delegation has it no more",
				     p->identity, p->has != 0 ? " in part" : "");
		}
		/* Where the delegation shows nowhere who had no part in it believes the zone's
		 * NS: it has nobody else to ask. */
		if (p->has == 0 && p->statement.known && e != NULL && e->on && !e->sign &&
		    rset_empty(p->statement.dnskey) &&
		    (d->process.kind == 0 || d->process.subject != i) &&
		    !agree_unfinished_ns(view, i) && decide_delegated(view, i) == 1 &&
		    !decide_unnamed_by_voters(view, i)) {
			p->has = HAS_NS;
			p->contributed = true;
			view->persist = true;
			step_journal(s, "%s serves the zone: the delegation names it", p->identity);
			continue;
		}
		if (p->member || p->expelled || !p->statement.known || !says_member(view, i) ||
		    e == NULL || (d->process.kind != 0 && d->process.subject == i) ||
		    !delegation_agrees(view, i))
			continue;
		p->member = p->contributed = true;
		p->has = HAS_ALL;
		view->persist = true;
		step_journal(s, "%s is a member: it says so, and so does the delegation",
			     p->identity);
	}
}
