/*
 * A rollover that its operator turns round: what was to come goes, and what was to go stays. Its
 * steps go on from where they are, with the keys in each other's place: CDS and DS of those that
 * stay, caches forget the others, and these go. Who rolls a key does that alone; of an algorithm
 * the requestor's messages say where it goes now, and all others follow.
 */
#include <string.h>

#include "agentd/agree_int.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/step.h"

/* What is old is in use yet. */
static bool
in_time(const struct view_process *run)
{
	const struct process_rule *rule = process_rule(run->kind);

	return rule != NULL && run->executed && run->step <= rule->turns && !run->turned;
}

int
agree_turner(const struct view_process *run)
{
	return !in_time(run)                         ? -1
	       : run->kind == MSIG_PROCESS_ALGORITHM ? run->requestor
						     : run->subject;
}

/* The old keys that are what they were before it began. */
static struct rset
in_place(const struct zone_view *view)
{
	const struct rset *old = &view->d.process.old;
	struct rset keys = RSET_NONE;

	for (int i = rset_next(old, 0); i >= 0; i = rset_next(old, i + 1)) {
		const struct view_key *k = roll_key(view, i);
		if (k != NULL && k->state == MSIG_KEY_STATE_ACTIVE)
			rset_add(&keys, i);
	}
	return keys;
}

/* Is there one of each role that rolls, or that this algorithm has to have? */
static bool
all_roles(const struct zone_view *view, struct rset keys)
{
	uint8_t roles = 0;

	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1))
		roles |= (uint8_t)BIT(roll_key(view, i)->role);
	return roles != 0 && roles == view->d.process.roles;
}

/* The algorithm that all own keys had; 0: none, or several. */
static uint8_t
way_back(const struct zone_view *view)
{
	struct rset keys = in_place(view);
	struct algorithms all = rpool_algorithms(&view->d.pool, keys);
	int first = rset_next(&keys, 0);

	return first >= 0 && algorithms_one(all) && all_roles(view, keys)
		   ? view->d.pool.at[first].alg
		   : 0;
}

/* Can it be turned round here now, and by us? Who rolls under a leader is not asked again for what
 * it has done. */
static bool
can_turn(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;

	if (!in_time(run) || !agree_effective(run) || !process_rolls(view) || !view->store_known)
		return false;
	if (run->kind == MSIG_PROCESS_ALGORITHM)
		return run->requestor == VIEW_SELF && way_back(view) != 0;
	return all_roles(view, in_place(view)) &&
	       (run->requestor == VIEW_SELF || run->phase != PHASE_DONE ||
		run->step < process_rule(run->kind)->turns);
}

bool
agree_turns(struct step *s)
{
	return s->view->d.process.aborting && agree_stands(s->view) && can_turn(s->view);
}

/* Of an algorithm that was to come all goes, and what was left of the one that stays is not
 * touched.
 */
static void
change_places(struct zone_view *view, uint8_t algorithm)
{
	struct view_process *run = &view->d.process;
	struct rset stay = in_place(view);

	run->old = run->kind == MSIG_PROCESS_ALGORITHM
		       ? run->fresh
		       : rset_minus(rset_or(run->old, run->fresh), stay);
	run->fresh = stay;
	run->algorithm = algorithm;
}

/* The step that is executed is done when it is with these keys; what others said of it, and of the
 * next one, they said of the others. */
static void
turn(struct step *s, uint8_t algorithm)
{
	struct view_process *run = &s->view->d.process;
	bool mine = run->requestor == VIEW_SELF || run->kind == MSIG_PROCESS_ALGORITHM;

	agree_order_done(&s->view->d, run->kind, run->algorithm);
	change_places(s->view, algorithm);
	run->turned = true;
	run->aborting = false;
	run->approved = 0;
	if (mine)
		run->done = 0;
	agree_phase(s, run->phase == PHASE_DONE && mine ? PHASE_EXECUTING : run->phase);
	step_journal(s, "%s %s: turned round at %s: the old keys stay, the new ones go",
		     process_name(run->kind), agree_who(s, run->subject),
		     process_step_name(run->kind, run->step));
}

void
agree_turn(struct step *s, const char *why)
{
	bool algorithm = s->view->d.process.kind == MSIG_PROCESS_ALGORITHM;

	(void)why;
	turn(s, algorithm ? way_back(s->view) : 0);
}

bool
agree_same_way(struct step *s, int from, const struct view_message *m)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	if (run->kind != MSIG_PROCESS_ALGORITHM || m->algorithm == run->algorithm ||
	    memcmp(run->tid, m->tid, sizeof(m->tid)) != 0)
		return true;
	/* One of before it was turned round, or not for us to follow. */
	if (run->turned || run->requestor != from)
		return false;
	bool follows =
	    in_time(run) && view_algorithm(m->algorithm) &&
	    (!process_rolls(view) || (view->store_known && way_back(view) == m->algorithm));
	if (follows)
		turn(s, m->algorithm);
	else
		agree_refuse(s, from, MSIG_OP_DENY, m, MSIG_RESULT_STATE,
			     "not all keys of the old algorithm are in use here");
	return follows;
}
