/*
 * How a process ends: complete, early, or given up before anything was done. And when it has to,
 * because what it followed does not stand any more.
 */
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/lead.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/step.h"

static void
remember(struct step *s, bool completed)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;

	d->ended = (struct view_ended){
	    .kind = run->kind,
	    .subject = run->subject,
	    .epoch = run->epoch,
	    .completed = completed,
	    .time = s->now,
	};
	memcpy(d->ended.tid, run->tid, sizeof(run->tid));
}

void
agree_finish(struct step *s)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	struct view_provider *subject = &d->provider[run->subject];

	remember(s, true);
	switch (run->kind) {
	case MSIG_PROCESS_ADD:
		subject->member = subject->contributed = true;
		subject->has = HAS_ALL;
		break;
	case MSIG_PROCESS_REMOVE:
		subject->member = false;
		subject->has = run->stays ? HAS_NS : 0;
		subject->contributed = run->stays;
		break;
	case MSIG_PROCESS_NS_ADD:
		subject->has |= HAS_NS;
		subject->contributed = true;
		break;
	case MSIG_PROCESS_NS_REMOVE:
		subject->has &= (uint8_t)~HAS_NS;
		subject->contributed = subject->has != 0;
		break;
	case MSIG_PROCESS_ALGORITHM:
		agree_order_done(d, run->kind, run->algorithm);
		break;
	default:
		if (run->subject == VIEW_SELF)
			agree_order_done(d, run->kind, run->algorithm);
		break;
	}
	step_journal(s, "%s %s: complete", process_name(run->kind), subject->identity);
	agree_forget(s);
	d->attempts = 0;
	d->backoff = 0;
}

/* Was there CSYNC, so that the parent may name whom the zone names? */
static bool
parent_was_told(const struct zone_view *view)
{
	const struct process_rule *rule = process_rule(view->d.process.kind);

	for (int i = process_executed(view); rule != NULL && i >= 0; i--)
		if ((rule->step[i].effect & EFFECT_CSYNC) != 0)
			return true;
	return false;
}

/* Has the parent followed the NS of the zone, so that nobody is sent to the leaver any more? */
static bool
parent_followed(const struct zone_view *view)
{
	const struct process_rule *rule = process_rule(view->d.process.kind);

	for (int i = process_executed(view); rule != NULL && i >= 0; i--)
		if ((rule->step[i].guard & COND_PARENT_NS) != 0)
			return true;
	return false;
}

/* The owner changed the instruction in the middle: what was done stays, and another process goes on
 * from there. */
void
agree_end_early(struct step *s, const char *why)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	struct view_provider *subject = &d->provider[run->subject];
	uint32_t effects = process_effects(s->view);

	remember(s, false);
	if (effects & EFFECT_KEYS_ADD)
		subject->has |= HAS_KEYS;
	if (effects & EFFECT_CDS_ADD)
		subject->has |= HAS_CDS;
	/* Who is to leave is not named again, whatever the parent says. Where the delegation shows
	 * nowhere, whoever is to stay is named by another process, and who is to leave may still be
	 * named from before. */
	bool leaves = (agree_listed(s->view) & BIT(run->subject)) == 0;
	bool hidden = view_hidden(s->view);
	if ((effects & EFFECT_NS_ADD) != 0 && (parent_was_told(s->view) || (leaves && hidden)))
		subject->has |= HAS_NS;
	if (effects & EFFECT_KEYS_DEL)
		subject->has &= (uint8_t)~HAS_KEYS;
	if (effects & EFFECT_CDS_DEL)
		subject->has &= (uint8_t)~HAS_CDS;
	if ((effects & EFFECT_NS_DEL) != 0 && (leaves || parent_followed(s->view) || hidden))
		subject->has &= (uint8_t)~HAS_NS;
	if (subject->has != HAS_ALL)
		subject->member = false;
	subject->contributed |= subject->has != 0;
	if (parent_was_told(s->view) && !parent_followed(s->view))
		d->recalled = (struct view_approval){run->kind, run->step, run->subject};
	if (run->kind == MSIG_PROCESS_ALGORITHM && s->view->config.driver &&
	    !s->view->config.one_algorithm) {
		agree_order_done(d, run->kind, run->algorithm);
		for (int i = 0; i < VIEW_ORDERS; i++)
			if (d->order[i].process == 0) {
				d->order[i] = (struct view_order){run->kind, run->algorithm};
				break;
			}
	}
	step_journal(s, "%s %s: ended at %s: %s", process_name(run->kind), subject->identity,
		     process_step_name(run->kind, run->step), why);
	agree_forget(s);
}

bool
agree_effective(const struct view_process *run)
{
	const struct process_rule *rule = process_rule(run->kind);
	int first = rule != NULL ? rule->binds : 1;
	return run->step > first || (run->step == first && run->phase >= PHASE_EXECUTING);
}

/* Gives up what had no effect yet. */
void
agree_give_up(struct step *s, const char *why)
{
	struct view_process *run = &s->view->d.process;
	step_journal(s, "%s %s: given up before anything was done: %s", process_name(run->kind),
		     agree_who(s, run->subject), why);
	if (process_rolls(s->view))
		s->view->d.orphans = rset_or(s->view->d.orphans, roll_unused(s->view));
	if (run->requestor == VIEW_SELF && run->asked != 0) {
		struct view_message m = agree_our_process(s);
		for (int i = 1; i < s->view->d.providers; i++)
			if (run->voters & BIT(i))
				agree_say(s, i, MSIG_OP_ABORT, &m);
	}
	agree_forget(s);
}

/* Does the instruction that the running process follows still stand? */
static bool
stands(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	bool subject = (view->designated & BIT(run->subject)) != 0;
	bool requestor = (view->designated & BIT(run->requestor)) != 0;

	if (run->led && run->executed && lead_mode(view))
		requestor = true; /* another one will lead */
	switch (run->kind) {
	case MSIG_PROCESS_REMOVE: /* whether it goes on to serve may have changed */
		return requestor && !subject && run->stays == agree_serves_only(view, run->subject);
	case MSIG_PROCESS_NS_ADD:
		return requestor && agree_serves_only(view, run->subject);
	case MSIG_PROCESS_NS_REMOVE:
		return requestor && !agree_serves_only(view, run->subject);
	default:
		return subject && requestor;
	}
}

/* The operator stopped what is half done, or the owner is about to take its requestor out, so that
 * others may begin something else: it rests where it is. */
bool
agree_halted(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	return run->kind != 0 && run->executed &&
	       (run->aborting || !stands(view) ||
		(run->requestor == VIEW_SELF && agree_outgoing(view)));
}

/* Somebody who takes part has executed a later process: ours is over, whoever missed its end. Or
 * its requestor hears that he was in it and is not any more: his database was put back. Who acts
 * along in what somebody else asked for may not have known all who take part when it began; and if
 * its requestor is not there any more, it is over once it is for any of them. */
static bool
overtaken(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	uint32_t part = run->voters;
	bool along = false;

	if ((agree_electorate(view, run->kind) & BIT(VIEW_SELF)) == 0) {
		part |= agree_members(view) & view->designated;
		along = !view->d.provider[run->requestor].ready;
	}
	for (int i = 1; i < view->d.providers; i++) {
		const struct view_statement *st = &view->d.provider[i].statement;
		if ((part >> i & 1) == 0 || !st->known)
			continue;
		bool over = st->process_epoch == run->epoch && st->process == 0;
		if (st->process_epoch > run->epoch || (over && run->requestor == VIEW_SELF) ||
		    (over && along && i != run->requestor && (view->designated & BIT(i)) != 0))
			return true;
	}
	return false;
}

/* It is there, and says that it is in no process, and was in none as late as ours. */
static bool
knows_nothing(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];

	return p->ready && !p->stale && p->statement.known && p->statement.process == 0 &&
	       p->statement.process_epoch < view->d.process.epoch;
}

/* A voter that has approved and done a step says, and has said for long, that it is in none: its
 * database is another one, and it waits for a join or a leave to begin. Or its requestor says so,
 * to who takes part. */
static bool
unknown_to_peer(struct step *s)
{
	const struct view_process *run = &s->view->d.process;

	if (!run->executed || !step_due(s, run->since, s->view->config.times.alarm_after))
		return false;
	if (run->requestor != VIEW_SELF)
		return knows_nothing(s->view, run->requestor);
	for (int i = 1; run->phase == PHASE_REQUESTED && i < s->view->d.providers; i++)
		if ((agree_voters(s->view) & BIT(i)) != 0 && knows_nothing(s->view, i))
			return true;
	return false;
}

/* A key of one of two algorithms takes the others of its algorithm along: that one rolls first,
 * once it is ordered. Ended before that, the key's rollover would begin again. */
static bool
other_rolls_first(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;

	return run->requestor == VIEW_SELF && run->subject == VIEW_SELF && run->executed &&
	       (run->kind == MSIG_PROCESS_ZSK || run->kind == MSIG_PROCESS_KSK) &&
	       roll_unfinished(view) == MSIG_PROCESS_ALGORITHM &&
	       agree_ordered(&view->d, MSIG_PROCESS_ALGORITHM);
}

/* Who joins and a member sign with other algorithms, and not just now: neither takes up the other's
 * keys before a rollover has brought them together, which waits for the end of this. Who is named
 * already goes on: a later rollover takes it along. */
static bool
algorithms_differ(struct step *s)
{
	const struct view_process *run = &s->view->d.process;

	if (run->kind != MSIG_PROCESS_ADD || run->requestor != VIEW_SELF || !run->executed ||
	    run->aborting || step_frozen(s->view) ||
	    (process_effects(s->view) & EFFECT_NS_ADD) != 0 ||
	    !step_due(s, run->since, s->view->config.times.alarm_after))
		return false;
	for (int i = 0; i < s->view->d.providers; i++)
		if ((agree_members(s->view) & s->view->designated & BIT(i)) != 0 &&
		    !agree_same_algorithms(s->view, run->subject, i))
			return true;
	return false;
}

/* Who would be asked now is not who was asked when it began, or somebody goes first. */
static bool
regrouped(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	int other;
	if ((run->kind == MSIG_PROCESS_ZSK || run->kind == MSIG_PROCESS_KSK) &&
	    roll_unfinished(view) == MSIG_PROCESS_ALGORITHM &&
	    agree_ordered(&view->d, MSIG_PROCESS_ALGORITHM))
		return true;
	/* Who asks for it, or whose keys roll, joins again first. */
	int who = !run->led ? VIEW_SELF : agree_own_affair(run->kind) ? run->subject : -1;
	if (run->kind != MSIG_PROCESS_ADD && who >= 0 && !view->d.provider[who].member)
		return true;
	return run->voters != agree_electorate(view, run->kind) ||
	       agree_goes_before(view, run->kind, run->subject, &other) != NULL;
}

/* Have all of the parent's servers shown their NS for a while? */
static bool
parent_ns_lasts(struct step *s)
{
	int parents = 0;

	for (int i = 0; i < s->view->d.places; i++) {
		const struct view_place *p = s->view->d.place[i];
		if (p == NULL || !view_delegates(s->view, p))
			continue;
		const struct view_version *v = view_current(p, VIEW_NS);
		if (v == NULL || p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    !step_due(s, v->first, s->view->config.times.hold_down))
			return false;
		parents++;
	}
	return parents > 0;
}

/* A parent that was slow may come with older NS when CSYNC is gone: then from the beginning. */
static bool
parent_went_back(struct step *s)
{
	const struct view_process *run = &s->view->d.process;

	return run->requestor == VIEW_SELF && run->executed && !run->aborting &&
	       parent_followed(s->view) && !step_frozen(s->view) &&
	       !process_check(s->view, COND_PARENT_NS, true, s->now, NULL) && parent_ns_lasts(s);
}

/* A process whose instruction was taken back. */
void
agree_withdraw(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0)
		return;
	/* A rollover that the leader conducts: it hears of our operator's word by our statement. */
	if (run->aborting && run->led && run->subject == VIEW_SELF && run->requestor != VIEW_SELF &&
	    agree_own_affair(run->kind) && !agree_effective(run))
		agree_order_done(&s->view->d, run->kind, run->algorithm);
	if (lead_lacks(s->view) && !step_frozen(s->view)) {
		agree_end_early(s, "who leads now has no part in it");
		return;
	}
	const char *over = lead_over(s->view);
	if (over != NULL) {
		agree_give_up(s, over);
		agree_back_off(s);
		return;
	}
	bool bound = run->requestor == VIEW_SELF ? agree_effective(run) : run->step > 0;
	if (run->executed && overtaken(s->view)) {
		agree_end_early(s, "another process has run since");
		return;
	}
	if (s->view->put_back && run->executed) {
		agree_end_early(s, "the database was put back from an older copy");
		return;
	}
	if (run->aborting && !agree_effective(run) && run->requestor == VIEW_SELF) {
		agree_order_done(&s->view->d, run->kind, run->algorithm);
		agree_give_up(s, "by the operator");
		agree_back_off(s);
		return;
	}
	if (unknown_to_peer(s)) {
		agree_end_early(s, "a peer knows nothing of it any more");
		agree_back_off(s);
		return;
	}
	if (other_rolls_first(s->view)) {
		agree_end_early(s, "an algorithm rollover was not completed, and goes first");
		return;
	}
	if (run->requestor == VIEW_SELF && roll_past(s->view)) {
		uint8_t algorithm = run->algorithm;
		agree_end_early(s, "the key store is past it");
		agree_order_done(&s->view->d, MSIG_PROCESS_ALGORITHM, algorithm);
		return;
	}
	if (algorithms_differ(s)) {
		agree_end_early(s, "the joiner and a member sign with other algorithms");
		agree_back_off(s);
		return;
	}
	if (parent_went_back(s)) {
		agree_end_early(s, "the parent has other NS again");
		return;
	}
	/* Of somebody who is to leave, and never had a part in it, something is in, as it is known
	 * here: its keys would be waited for where they are not, or are of the old algorithm. */
	uint32_t partless =
	    agree_leaving(s->view) & ~run->voters & ~agree_members(s->view) & ~BIT(run->subject);
	if (run->executed && !run->aborting && partless != 0 && !step_frozen(s->view) &&
	    (run->kind == MSIG_PROCESS_ADD || run->kind == MSIG_PROCESS_ALGORITHM)) {
		agree_end_early(s, "somebody who has no part in it is to leave first");
		agree_back_off(s);
		return;
	}
	/* Who has no vote acts along with whoever has: he judges what the owner wants. */
	if (run->executed && run->requestor != VIEW_SELF && !run->aborting &&
	    (agree_electorate(s->view, run->kind) & BIT(VIEW_SELF)) == 0) {
		bool stays =
		    run->kind == MSIG_PROCESS_REMOVE && agree_serves_only(s->view, run->subject);
		s->view->persist |= stays != run->stays;
		run->stays = stays;
		return;
	}
	/* Whom the owner took back in has a part in all of it or in nothing, so it begins anew. */
	uint32_t back =
	    agree_members(s->view) & s->view->designated & ~run->voters & ~BIT(run->subject);
	if (run->executed && run->requestor == VIEW_SELF && !run->aborting && back != 0 &&
	    !step_frozen(s->view)) {
		agree_end_early(s, "a member that was taken back in has no part in it");
		return;
	}
	if (run->executed && run->requestor == VIEW_SELF && !run->aborting &&
	    run->kind != MSIG_PROCESS_REMOVE && run->kind != MSIG_PROCESS_NS_REMOVE &&
	    (agree_unwanted(s->view) & ~BIT(run->subject)) != 0 && !step_frozen(s->view)) {
		agree_end_early(s, "name servers are to go first");
		return;
	}
	/* A member has its keys and servers in what goes on, so it leaves first. */
	if (run->executed && !bound && !run->aborting && !step_frozen(s->view) &&
	    (run->voters & agree_members(s->view) & ~s->view->designated & ~BIT(run->subject)) !=
		0) {
		agree_give_up(s, "a member is to leave first");
		agree_back_off(s);
		return;
	}
	if (bound) {
		/* Whom the owner takes out stays out of this process. Its requestor ends it: it
		 * begins anew among those who remain, so that who is taken back in has a part in
		 * all of it or in nothing. Aborted by its operator it rests, and ends when he has
		 * it resumed. */
		uint32_t left = run->voters & (s->view->designated | BIT(run->subject));
		if (left != run->voters && !step_frozen(s->view) && run->requestor == VIEW_SELF &&
		    !run->aborting) {
			agree_end_early(s, "the owner took one of its signers out");
			return;
		}
		bool succession =
		    run->led && lead_mode(s->view) && (left >> run->requestor & 1) == 0;
		bool rests = run->aborting && run->requestor == VIEW_SELF;
		if (left != run->voters && !step_frozen(s->view) && !succession && !rests) {
			run->voters = left;
			s->view->persist = true;
		}
		if (run->aborting)
			step_blocked(s, REASON_OF_HSYNC, agree_who(s, run->subject),
				     "what has begun to end", "abort asked for",
				     "msigctl resume: what has begun only goes forward");
		else if (!stands(s->view) && !step_frozen(s->view))
			agree_end_early(s, "the owner's instruction is another one now");
		return;
	}
	if (run->aborting)
		agree_give_up(s, "by the operator");
	else if (!run->executed && run->requestor == VIEW_SELF && regrouped(s->view))
		agree_give_up(s, "the group is another one now");
	else if (!stands(s->view))
		agree_give_up(s, "HSYNC no longer designates its subject");
	else if (!run->executed && memcmp(run->hsync, s->view->d.hsync.digest, 32) != 0)
		agree_give_up(s, "HSYNC changed");
	else
		return;
	agree_back_off(s);
}
