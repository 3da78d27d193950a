/*
 * When a process has to end, because what it followed does not stand any more. Looked at in the
 * order of the table; the first row that is so counts.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/elect.h"
#include "agentd/lead.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/step.h"

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
	       agree_parent_followed(s->view) && !step_frozen(s->view) &&
	       process_differs(s->view, COND_PARENT_NS, s->now, NULL) && parent_ns_lasts(s);
}

/* ---- when ---- */

static struct view_process *
run_of(const struct step *s)
{
	return &s->view->d.process;
}

static bool
leader_has_no_part(struct step *s)
{
	return lead_lacks(s->view) && !step_frozen(s->view);
}

static bool
led_otherwise(struct step *s)
{
	return lead_over(s->view) != NULL;
}

static bool
another_has_run(struct step *s)
{
	return run_of(s)->executed && overtaken(s->view);
}

static bool
was_put_back(struct step *s)
{
	return s->view->put_back && run_of(s)->executed;
}

static bool
aborted_in_time(struct step *s)
{
	const struct view_process *run = run_of(s);

	return run->aborting && !agree_effective(run) && run->requestor == VIEW_SELF;
}

static bool
algorithm_first(struct step *s)
{
	return other_rolls_first(s->view);
}

static bool
store_is_past(struct step *s)
{
	return run_of(s)->requestor == VIEW_SELF && roll_past(s->view);
}

/* It goes on, for all that its operator and the owner say. */
static bool
goes_on(struct step *s)
{
	return run_of(s)->executed && !run_of(s)->aborting && !step_frozen(s->view);
}

/* Of somebody who is to leave, and never had a part in it, something is in, as it is known here:
 * its keys would be waited for where they are not, or are of the old algorithm. */
static bool
leaver_has_no_part(struct step *s)
{
	const struct view_process *run = run_of(s);
	uint32_t partless =
	    agree_leaving(s->view) & ~run->voters & ~agree_members(s->view) & ~BIT(run->subject);

	return goes_on(s) && partless != 0 &&
	       (run->kind == MSIG_PROCESS_ADD || run->kind == MSIG_PROCESS_ALGORITHM);
}

static bool
acts_along(struct step *s)
{
	const struct view_process *run = run_of(s);

	return run->executed && run->requestor != VIEW_SELF && !run->aborting &&
	       (agree_electorate(s->view, run->kind) & BIT(VIEW_SELF)) == 0;
}

/* Whom the owner took back in has a part in all of it or in nothing, so it begins anew. */
static bool
member_has_no_part(struct step *s)
{
	const struct view_process *run = run_of(s);

	return goes_on(s) && run->requestor == VIEW_SELF &&
	       (agree_members(s->view) & s->view->designated & ~run->voters &
		~BIT(run->subject)) != 0;
}

static bool
names_go_first(struct step *s)
{
	const struct view_process *run = run_of(s);

	return goes_on(s) && run->requestor == VIEW_SELF && run->kind != MSIG_PROCESS_REMOVE &&
	       run->kind != MSIG_PROCESS_NS_REMOVE &&
	       (agree_unwanted(s->view) & ~BIT(run->subject)) != 0;
}

/* Others may have seen what was done. */
static bool
is_bound(struct step *s)
{
	const struct view_process *run = run_of(s);

	return run->requestor == VIEW_SELF ? agree_effective(run) : run->step > 0;
}

/* A member has its keys and servers in what goes on, so it leaves first. Who is to leave first of
 * two says agree_goes_before(). */
static bool
member_leaves_first(struct step *s)
{
	const struct view_process *run = run_of(s);

	return goes_on(s) && !is_bound(s) && run->kind != MSIG_PROCESS_REMOVE &&
	       (agree_members(s->view) & ~s->view->designated & ~BIT(run->subject)) != 0;
}

static bool
is_aborted(struct step *s)
{
	return run_of(s)->aborting;
}

static bool
group_is_another(struct step *s)
{
	const struct view_process *run = run_of(s);

	return !run->executed && run->requestor == VIEW_SELF && regrouped(s->view);
}

static bool
not_designated(struct step *s)
{
	return !agree_stands(s->view);
}

static bool
hsync_changed(struct step *s)
{
	const struct view_process *run = run_of(s);

	return !run->executed && memcmp(run->hsync, s->view->d.hsync.digest, 32) != 0;
}

/* ---- and then ---- */

static void
ends_and_waits(struct step *s, const char *why)
{
	agree_end_early(s, why);
	agree_back_off(s);
}

static void
gives_up(struct step *s, const char *why)
{
	agree_give_up(s, why);
	agree_back_off(s);
}

static void
gives_up_over_leader(struct step *s, const char *why)
{
	(void)why;
	gives_up(s, lead_over(s->view));
}

static void
gives_up_order(struct step *s, const char *why)
{
	agree_order_done(&s->view->d, run_of(s)->kind, run_of(s)->algorithm);
	gives_up(s, why);
}

static void
ends_order(struct step *s, const char *why)
{
	uint8_t algorithm = run_of(s)->algorithm;

	agree_end_early(s, why);
	agree_order_done(&s->view->d, MSIG_PROCESS_ALGORITHM, algorithm);
}

/* Who has no vote acts along with whoever has: he judges what the owner wants. */
static void
acts_as_wanted(struct step *s, const char *why)
{
	struct view_process *run = run_of(s);
	bool stays = run->kind == MSIG_PROCESS_REMOVE && agree_serves_only(s->view, run->subject);

	(void)why;
	s->view->persist |= stays != run->stays;
	run->stays = stays;
}

/* Aborted, and it cannot be turned round, or not by us. */
static void
rests_until_resumed(struct step *s)
{
	const struct view_process *run = run_of(s);
	int turner = agree_turner(run);
	const char *hindered = turner == VIEW_SELF ? agree_turn_hindered(s->view) : NULL;
	char todo[REASON_TEXT];

	if (turner > VIEW_SELF)
		snprintf(todo, sizeof(todo), "msigctl resume; it is turned round by abort at %.80s",
			 agree_who(s, turner));
	else if (turner == VIEW_SELF)
		snprintf(todo, sizeof(todo),
			 "msigctl resume: it goes forward; it is turned round if that passes");
	else
		snprintf(todo, sizeof(todo), "msigctl resume: what has begun only goes forward");
	step_blocked(s, REASON_OF_HSYNC, agree_who(s, run->subject), "what has begun to end",
		     hindered != NULL ? hindered : "abort asked for", todo);
}

/* Whom the owner takes out stays out of this process. Its requestor ends it: it begins anew among
 * those who remain, so that who is taken back in has a part in all of it or in nothing. Aborted by
 * its operator it rests, and ends when he has it resumed. */
static void
goes_forward(struct step *s, const char *why)
{
	struct view_process *run = run_of(s);
	uint32_t left = run->voters & (s->view->designated | BIT(run->subject));
	bool loses = left != run->voters && !step_frozen(s->view);
	bool led = run->led && lead_mode(s->view);
	bool rests = run->aborting && run->requestor == VIEW_SELF;

	(void)why;
	if (loses && run->requestor == VIEW_SELF && !run->aborting) {
		agree_end_early(s, "the owner took one of its signers out");
		return;
	}
	if (loses && !led && !rests) { /* a leader ends it, this one or the next */
		run->voters = left;
		s->view->persist = true;
	}
	if (run->aborting)
		rests_until_resumed(s);
	else if (!agree_stands(s->view) && !step_frozen(s->view))
		agree_end_early(s, "the owner's instruction is another one now");
}

static const struct {
	bool (*when)(struct step *s);
	void (*then)(struct step *s, const char *why);
	const char *why;
} rows[] = {
    {leader_has_no_part, agree_end_early, "who leads now has no part in it"},
    {led_otherwise, gives_up_over_leader, ""},
    {another_has_run, agree_end_early, "another process has run since"},
    {was_put_back, agree_end_early, "the database was put back from an older copy"},
    {aborted_in_time, gives_up_order, "by the operator"},
    {agree_turns, agree_turn, ""},
    {unknown_to_peer, ends_and_waits, "a peer knows nothing of it any more"},
    {algorithm_first, agree_end_early, "an algorithm rollover was not completed, and goes first"},
    {store_is_past, ends_order, "the key store is past it"},
    {algorithms_differ, ends_and_waits, "the joiner and a member sign with other algorithms"},
    {parent_went_back, agree_end_early, "the parent has other NS again"},
    {leaver_has_no_part, ends_and_waits, "somebody who has no part in it is to leave first"},
    {acts_along, acts_as_wanted, ""},
    {member_has_no_part, agree_end_early, "a member that was taken back in has no part in it"},
    {names_go_first, agree_end_early, "name servers are to go first"},
    {member_leaves_first, gives_up, "a member is to leave first"},
    {is_bound, goes_forward, ""},
    {is_aborted, gives_up, "by the operator"},
    {group_is_another, gives_up, "the group is another one now"},
    {not_designated, gives_up, "HSYNC no longer designates its subject"},
    {hsync_changed, gives_up, "HSYNC changed"},
};

/* A rollover that the leader conducts: it hears of our operator's word by our statement. */
static bool
is_ours_to_abort(const struct view_process *run)
{
	return run->aborting && run->led && run->subject == VIEW_SELF &&
	       run->requestor != VIEW_SELF && agree_own_affair(run->kind) && !agree_effective(run);
}

void
agree_withdraw(struct step *s)
{
	if (run_of(s)->kind == 0)
		return;
	if (is_ours_to_abort(run_of(s)))
		agree_order_done(&s->view->d, run_of(s)->kind, run_of(s)->algorithm);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].when(s)) {
			rows[i].then(s, rows[i].why);
			return;
		}
}
