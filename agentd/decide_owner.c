/*
 * What the owner says, and what of it is followed: HSYNC, who manages NS, and which keys are
 * shared.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/decide_int.h"
#include "agentd/process.h"
#include "agentd/safety.h"
#include "agentd/shown.h"
#include "agentd/step.h"
#include "agentd/unheard.h"
#include "libmsig/key.h"

const struct view_hsync_entry *
decide_listed(const struct zone_view *view, int provider)
{
	int at = view->entry[provider];
	return at < 0 ? NULL : &view->d.hsync.entry[at];
}

/* What cannot be an instruction: it freezes what is published. NULL: usable. */
static const char *
unusable(const struct zone_view *view, const struct view_hsync *h)
{
	int on = 0, agent = 0;
	if (h->error[0] != 0)
		return h->error;
	for (int i = 0; i < h->count; i++) {
		on += h->entry[i].on;
		agent += h->entry[i].agent;
	}
	if (on == 0)
		return "HSYNC has no provider that is ON";
	if (agent != 0 && agent != h->count)
		return "HSYNC says OWNER and AGENT for NS at the same time";
	if (view_hsync_of(h, view->d.provider[VIEW_SELF].identity) == NULL)
		return "HSYNC does not list this provider";
	for (int i = 1; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (p->used && (p->member || p->has != 0) && view_hsync_of(h, p->identity) == NULL)
			return "HSYNC of a provider vanished without having been OFF";
	}
	return NULL;
}

/* Does it end somebody's part who had one? */
static bool
takes_away(const struct zone_view *view, const struct view_hsync *h)
{
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		const struct view_process *run = &view->d.process;
		const struct view_hsync_entry *old = view_hsync_of(&view->d.hsync, p->identity);
		const struct view_hsync_entry *new = view_hsync_of(h, p->identity);
		if (view->config.nobody_signs && p->used && p->has != 0 && old != NULL && old->on &&
		    (new == NULL || !new->on))
			return true;
		if (!p->used ||
		    (!p->member && !(run->kind != 0 && run->executed && run->subject == i)))
			continue;
		if (old != NULL && old->on && old->sign && (new == NULL || !new->on || !new->sign))
			return true;
	}
	return false;
}

/* Does the owner want more of it than before: that it serves, or that it signs? */
static bool
wants_again(const struct zone_view *view, const struct view_hsync *h, int provider)
{
	const char *identity = view->d.provider[provider].identity;
	const struct view_hsync_entry *to = view_hsync_of(h, identity),
				      *from = view_hsync_of(&view->d.hsync, identity);

	return to != NULL && to->on && (from == NULL || !from->on || (to->sign && !from->sign));
}

/* Where the delegation shows nowhere, whoever only serves and was OFF may have been taken out of it
 * or not, or never have come into it: a process tells the parent. */
static bool
maybe_unnamed(const struct zone_view *view, const struct view_hsync *h, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];
	const struct view_hsync_entry *to = view_hsync_of(h, p->identity),
				      *from = view_hsync_of(&view->d.hsync, p->identity);
	bool was_off = from == NULL || !from->on;

	return view_hidden(view) && view->d.provider[VIEW_SELF].member && provider != VIEW_SELF &&
	       p->has == HAS_NS && was_off && to != NULL && to->on && !to->sign;
}

static void
follow(struct step *s, const struct view_hsync *h)
{
	struct durable *d = &s->view->d;
	int on = 0;

	/* The owner agreed with the operator who took a provider out, and wants it in again. */
	for (int i = 0; i < d->providers; i++) {
		if (wants_again(s->view, h, i))
			d->provider[i].expelled = false;
		d->provider[i].unsure |= maybe_unnamed(s->view, h, i);
	}
	d->hsync = *h;
	memset(&d->pending, 0, sizeof(d->pending));
	for (int i = 0; i < h->count; i++) {
		if (view_provider(s->view, h->entry[i].identity) < 0)
			step_alarm(s, "more providers than %d: %s is left out", VIEW_PROVIDERS,
				   h->entry[i].identity);
		on += h->entry[i].on && h->entry[i].sign;
	}
	s->view->persist = true;
	agree_match(s->view);
	step_journal(s, "HSYNC is followed: %d providers, %d of them sign", h->count, on);
}

/* Is anything of this provider in the zone, or on its way there? */
static bool
involved(const struct durable *d)
{
	const struct view_provider *self = &d->provider[VIEW_SELF];
	return self->member || self->has != 0 || self->contributed || d->process.kind != 0;
}

bool
decide_unlisted(const struct zone_view *view)
{
	const struct durable *d = &view->d;
	const struct view_hsync *h = &view->hsync;

	return h->status == MSIG_SEEN_SET && h->error[0] == 0 &&
	       view_hsync_of(h, d->provider[VIEW_SELF].identity) == NULL &&
	       (d->hsync.count == 0 || !involved(d));
}

/* The own signer says it, at this address. */
static void
wait_for_hsync(struct step *s)
{
	const struct zone_view *view = s->view;
	const struct view_place *p = view_own_signer(view);
	const char *why = view->hsync_why;
	char seen[REASON_TEXT];

	snprintf(seen, sizeof(seen), "%s%s%s", p != NULL ? p->server : "", *why != 0 ? ": " : "",
		 why);
	step_wait(s, REASON_HOME, REASON_OF_HSYNC, unheard_observe(why) ? "observe" : "signer",
		  "HSYNC in the signed zone", *why != 0 ? seen : "", 0);
}

void
decide_instruction(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	const struct view_hsync *h = &view->hsync;
	const struct view_times *t = &view->config.times;
	const char *why = NULL;

	view->freeze[0] = 0;
	if (!decide_signed_as_configured(s))
		return;
	if (h->status == MSIG_SEEN_UNKNOWN || s->now - h->time > 10 * t->fresh + t->ask_slow) {
		snprintf(view->freeze, sizeof(view->freeze), "HSYNC is not known now%s%s",
			 view->hsync_why[0] != 0 ? ": " : "", view->hsync_why);
		if (view->hsync_bare && !view->config.nobody_signs)
			(void)decide_not_configured(s);
		else
			wait_for_hsync(s);
		return;
	}
	if (h->status == MSIG_SEEN_ABSENT) {
		if (d->hsync.count != 0)
			why = "HSYNC vanished";
	} else if (decide_unlisted(view)) {
		if (d->hsync.count != 0) /* it had left, and now is not listed any more */
			snprintf(view->freeze, sizeof(view->freeze),
				 "HSYNC does not list this provider");
		return; /* none of our business */
	} else {
		why = unusable(view, h);
	}
	if (why != NULL) {
		snprintf(view->freeze, sizeof(view->freeze), "%.150s", why);
		step_blocked(s, REASON_OF_HSYNC, "signer", "an HSYNC RRset that is an instruction",
			     view->freeze,
			     "the owner corrects HSYNC; until then everything stays as it is");
		return;
	}
	if (h->status != MSIG_SEEN_SET || memcmp(h->digest, d->hsync.digest, 32) == 0) {
		if (d->pending.count != 0) { /* taken back */
			memset(&d->pending, 0, sizeof(d->pending));
			view->persist = true;
		}
		return;
	}
	if (d->hsync.count != 0 && takes_away(view, h)) {
		if (d->pending.count == 0 || memcmp(d->pending.digest, h->digest, 32) != 0) {
			d->pending = *h;
			d->pending.time = s->now;
			view->persist = true;
			step_journal(s, "HSYNC takes a provider away: followed if it stands");
		}
		int64_t at = d->pending.time + t->hold_down;
		if (s->now < at) {
			step_wait(s, REASON_UNTIL, REASON_OF_HSYNC, "signer",
				  "a lasting instruction", "it takes a provider away", at);
			step_wake(s, at);
			return;
		}
	}
	follow(s, h);
}

/* A signer whose zone somebody else changes is no ground to build on. Just after a start it may not
 * have the last version yet: until then nobody has to undo anything. */
void
decide_egress(struct step *s)
{
	int64_t until = s->view->egress_until, minutes = until / (60 * SECOND) + 1;
	char todo[REASON_TEXT] = "whoever changed the signer's zone takes it back, or the signer "
				 "transfers it anew; nothing is begun until then";

	/* Who only serves has a copy from somebody else: it is not its signer's doing. */
	if (decide_serves_only(s->view))
		s->view->egress[0] = 0;
	if (s->view->egress[0] == 0)
		return;
	if (until > s->now) {
		snprintf(todo, sizeof(todo),
			 "nothing yet: it may pass by itself, when the signer has transferred and "
			 "signed; if not, by %02d:%02d UTC what differs is named here",
			 (int)(minutes / 60 % 24), (int)(minutes % 60));
		step_wake(s, until);
	}
	step_blocked(s, REASON_OF_CONTENT, "signer", "the content that combinerd serves",
		     s->view->egress, todo);
}

bool
decide_all_agent(const struct view_hsync *h)
{
	for (int i = 0; i < h->count; i++)
		if (!h->entry[i].agent)
			return false;
	return h->count > 0;
}

/* Who is to leave, and whom the owner names no more: agents do not name it again. Of a signer the
 * parent is waited for when its keys leave. Who leaves himself may not hear that somebody who is
 * dead was taken out; of itself it believes it where the members show the same. */
static bool
named_no_more(const struct zone_view *view, int provider, struct rset ns)
{
	bool signer = (view->d.provider[provider].has & (HAS_KEYS | HAS_CDS)) != 0;
	bool leaves = ((view->listed | view->designated) >> provider & 1) == 0 ||
		      (decide_no_vote(view) && decide_silent_alone(view, provider));

	if (provider == VIEW_SELF && !shown_ns_by_voters(view, ns))
		return false;
	return leaves && (signer || (!view_hidden(view) && !process_named(view, provider))) &&
	       !rset_meets(process_own_ns(view, provider), ns);
}

void
decide_managed(struct step *s, bool agent)
{
	s->view->d.agent_ns = agent;
	s->view->persist = true;
	step_journal(s, agent ? "NS are managed by the agents now"
			      : "NS are managed by the owner now");
}

/* Are the owner's NS those of all providers, so that nothing changes with who manages them? */
static bool
may_take_over(struct step *s, const struct view_version *ns, struct rset all)
{
	struct zone_view *view = s->view;
	char names[REASON_TEXT];

	if (ns == NULL) {
		step_wait(s, REASON_HOME, REASON_OF_NS, "signer",
			  "the owner's NS equal to those of all providers", "not seen yet", 0);
		return false;
	}
	if (rset_equal(ns->set, all))
		return true;
	/* Whoever has no vote may not know of all who are named: those who vote do. */
	struct rset more = rset_minus(ns->set, all);
	if (!rset_empty(more) && decide_no_vote(view) && shown_ns_by_voters(view, ns->set)) {
		step_wait(s, REASON_PEER, REASON_OF_NS, "",
			  "each NS that the members show stated by a provider",
			  view_names_text(view, more, names, sizeof(names)), 0);
		return false;
	}
	struct rset new = rset_minus(all, ns->set);
	struct safety r = safety_naming(view, new, s->now);
	if (!rset_empty(new) && !r.ok) { /* a joiner's may be named later */
		decide_unsafe_names(s, &r);
		return false;
	}
	step_blocked(s, REASON_OF_NS, "signer", "the owner's NS equal to those of all providers",
		     "other NS in the owner's zone",
		     "the owner makes them equal before NSMGMT=AGENT can be followed");
	return false;
}

/* From the owner to the agents only when both say the same, so that nothing changes; the other way
 * at once. */
void
decide_ns_management(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	bool agent = decide_all_agent(&d->hsync);
	uint32_t effects = process_effects(view);
	struct rset all = RSET_NONE;
	uint32_t unnamed = 0;
	int providers = 0;

	if (agent == d->agent_ns || d->hsync.count == 0 || view->freeze[0] != 0)
		return;
	/* The agents' by an instruction that an older database has not followed yet. */
	if (!agent && decide_all_agent(&d->pending))
		return;
	const struct view_version *ns = view_at_signer(view, VIEW_NS);
	/* What was seen before the instruction is of an older zone. */
	if (ns != NULL && view_own_signer(view)->history[VIEW_NS].time < d->hsync.time)
		ns = NULL;
	for (int i = 0; agent && i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &d->provider[i];
		uint8_t has = p->has;
		if (d->process.kind != 0 && d->process.subject == i)
			has = (uint8_t)((has | (effects & EFFECT_NS_ADD ? HAS_NS : 0)) &
					~(effects & EFFECT_NS_DEL ? HAS_NS : 0));
		if (!p->used || (has & HAS_NS) == 0)
			continue;
		providers++;
		if (ns != NULL && named_no_more(view, i, ns->set))
			unnamed |= BIT(i);
		else
			all = rset_or(all, *view_names(view, i));
	}
	/* Where we are not named, or show another one's copy, nothing changes with it. */
	bool named = !decide_serves_only(view) &&
		     ((d->provider[VIEW_SELF].has & HAS_NS) != 0 ||
		      (d->process.subject == VIEW_SELF && (effects & EFFECT_NS_ADD) != 0));
	/* The owner's stay where there is a single provider, but in a leave. */
	bool ours = providers > 1 || (effects & EFFECT_NS_DEL) != 0;
	if (agent && named && ours && !may_take_over(s, ns, all))
		return;
	for (int i = 0; i < d->providers; i++)
		if ((unnamed >> i & 1) != 0)
			decide_stands(s, i, d->provider[i].has & (uint8_t)~HAS_NS, false);
	decide_managed(s, agent);
}

/* Another share is in force once all whose keys are in the zone want it; what was in force is as
 * safe as what comes, so until then everything stays. */
void
decide_sharing(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	bool others = false;

	for (int i = 1; i < d->providers; i++) {
		const struct view_provider *p = &d->provider[i];
		if (!p->used || (p->has & HAS_KEYS) == 0 || p->expelled)
			continue;
		others = true;
		if (!p->statement.known || p->statement.share != view->config.share)
			break;
		others = false;
	}
	struct reason why;
	if (d->begun && !step_frozen(view) && !process_check(view, COND_SHARE, true, s->now, &why))
		step_reason(s, &why);
	if (others || d->share == view->config.share || d->hsync.count == 0)
		return;
	d->share = view->config.share;
	view->persist = true;
	step_journal(s, d->share == MSIG_SHARE_ZSK
			    ? "every signer shows the others' ZSKs, and no other keys of theirs"
			    : "every signer shows all keys of the others");
}
