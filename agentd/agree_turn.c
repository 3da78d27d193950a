/*
 * A rollover that its operator turns round: what was to come goes, and what was to go stays. Its
 * steps go on from where they are, with the keys in each other's place: CDS and DS of those that
 * stay, caches forget the others, and these go. Who rolls a key does that alone; of an algorithm
 * the requestor's messages say where it goes now, and all others follow.
 */
#include <string.h>

#include "agentd/agree_int.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/step.h"

/* Was no step executed yet that takes the old keys out of use? And was it not turned before? */
static bool
in_time(const struct view_process *run)
{
	const struct process_rule *rule = process_rule(run->kind);
	int executed = run->phase >= PHASE_EXECUTING ? run->step : run->step - 1;

	return rule != NULL && run->executed && (!run->turned || MUTANT(TURN_TWICE)) &&
	       (executed <= rule->turns || MUTANT(TURN_LATE));
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

/* Does every member state a KSK or CSK of this algorithm? */
static bool
all_have(const struct zone_view *view, uint8_t algorithm)
{
	for (int i = 0; i < view->d.providers; i++) {
		struct rset keys = rset_and(view->d.provider[i].statement.dnskey, view->d.pool.sep);
		if ((agree_members(view) >> i & 1) != 0 &&
		    rset_empty(rpool_of_algorithm(&view->d.pool, keys, algorithm)))
			return false;
	}
	return true;
}

const char *
agree_turn_hindered(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	bool csk = (run->roles & BIT(MSIG_KEY_ROLE_CSK)) != 0;

	if (!process_rolls(view))
		return "no keys of this provider roll";
	if (!view->store_known)
		return "it is not known what keys the signer has";
	if (csk && view->config.one_algorithm) /* that of BIND */
		return "BIND does not sign with a CSK that CDS no longer name";
	/* Who led before may have had another one execute what we only ask for. */
	if (run->kind == MSIG_PROCESS_ALGORITHM && run->led && run->step > rule->turns)
		return "the old keys may be on their way out at another one";
	if (run->kind == MSIG_PROCESS_ALGORITHM && way_back(view) == 0)
		return "the old keys are not active, or of several algorithms";
	if (run->kind == MSIG_PROCESS_ALGORITHM)
		return all_have(view, way_back(view)) ? NULL
						      : "a member has no key of the old algorithm";
	if (!all_roles(view, in_place(view)))
		return "the old key is not active";
	/* Who rolls under a leader is not asked again for what it has done. */
	bool done =
	    run->step > rule->turns || (run->step == rule->turns && run->phase == PHASE_DONE);
	return run->requestor != VIEW_SELF && done ? "this step is done, as the leader has heard"
						   : NULL;
}

bool
agree_turns(struct step *s)
{
	const struct view_process *run = &s->view->d.process;

	return run->aborting && agree_stands(s->view) && agree_effective(run) &&
	       agree_turner(run) == VIEW_SELF && agree_turn_hindered(s->view) == NULL;
}

/* An algorithm that was to come goes as a whole; what was left of the other one is not touched. */
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

/* The step that was executed last is done when it is with these keys; what others said of it, and
 * of the next one, they said of the others. Of a key that another one's process rolls nobody asks
 * again. */
static void
turn(struct step *s, uint8_t algorithm)
{
	struct view_process *run = &s->view->d.process;
	bool again = run->requestor == VIEW_SELF || run->kind == MSIG_PROCESS_ALGORITHM;

	agree_order_done(&s->view->d, run->kind, run->algorithm);
	change_places(s->view, algorithm);
	run->turned = true;
	run->aborting = false;
	memset(run->hold, 0, sizeof(run->hold));
	if (again) {
		if (!MUTANT(TURN_WORDS))
			run->approved = run->done = 0;
		run->asked = 0;
		run->step -= run->phase < PHASE_EXECUTING;
	}
	agree_phase(s, again ? PHASE_EXECUTING : run->phase);
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

/* Why not? NULL: it can. */
static const char *
cannot_follow(const struct zone_view *view, uint8_t algorithm)
{
	if (!in_time(&view->d.process))
		return "the old keys are on their way out here";
	if (!process_rolls(view))
		return view_algorithm(algorithm) ? NULL : "an algorithm that no zone goes to";
	if (!view->store_known)
		return "it is not known yet what keys the signer has";
	return way_back(view) == algorithm ? NULL : "the old keys are not active here";
}

bool
agree_follow_turn(struct step *s, int from, const struct view_message *m)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;
	struct view_message ours = *m;
	bool votes = run->requestor == VIEW_SELF && (agree_voters(view) & BIT(from)) != 0;

	if (run->kind != MSIG_PROCESS_ALGORITHM || m->algorithm == run->algorithm ||
	    memcmp(run->tid, m->tid, sizeof(m->tid)) != 0)
		return true;
	ours.algorithm = run->algorithm;
	/* Who leads since has not heard of it, or its database is an older one. */
	if (run->turned && run->requestor == from)
		agree_refuse(s, from, MSIG_OP_DENY, &ours, MSIG_RESULT_STATE,
			     "it was turned round");
	if (run->turned || (run->requestor != from && !votes))
		return false;
	const char *why = cannot_follow(view, m->algorithm);
	if (why != NULL)
		agree_refuse(s, from, MSIG_OP_DENY, m, MSIG_RESULT_STATE, why);
	else
		turn(s, m->algorithm);
	return why == NULL;
}
