/*
 * Between the processes: does every server show what they left, and the parent? What changes there
 * by itself, or by somebody's hand, is told when it lasts; the next process would not begin over it.
 */
#include "agentd/decide_int.h"
#include "agentd/process.h"
#include "agentd/step.h"

/* What should be, and what a person does about it where the condition itself does not say. */
static const struct {
	uint32_t condition;
	const char *todo;
} rows[] = {
    {COND_KEYS, "see why that server lacks them: does its signer get the zone, and keep foreign "
		"keys (msigctl doctor there), does a secondary not follow?"},
    {COND_CDS, PROCESS_TODO_CDS},
    {COND_NS, "see why that server does not show them: does its signer get the zone?"},
    {COND_DS, "whoever registered the zone finds out why the parent does not take the CDS, or "
	      "has the DS set right"},
    {COND_PARENT_NS, "whoever registered the zone has the parent take the NS of the zone"},
};

/* Somebody of whom something is in has stated something newer, that has not come yet. */
static bool
any_stale(const struct zone_view *view)
{
	for (int i = 1; i < view->d.providers; i++)
		if (view->d.provider[i].stale && view->d.provider[i].has != 0)
			return true;
	return false;
}

static bool
rests(const struct zone_view *view)
{
	return !any_stale(view) && view->d.process.kind == 0 && view->d.begun &&
	       !step_frozen(view) && view->d.provider[VIEW_SELF].member &&
	       (view->designated & BIT(VIEW_SELF)) != 0;
}

/* Something that is not as it should be. */
static bool
differs(struct step *s, struct reason *why)
{
	uint32_t all = COND_NS_KNOWN; /* says itself what to do */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		all |= rows[i].condition;
	uint32_t one = process_differs(s->view, all, s->now, why);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].condition == one && why->todo[0] == '\0')
			reason_copy(why->todo, sizeof(why->todo), rows[i].todo);
	return one != 0;
}

void
decide_rest(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_times *t = &view->config.times;
	struct reason why;

	if (!rests(view) || !differs(s, &why)) {
		view->rest_since = 0;
		return;
	}
	if (view->rest_since == 0 || !reason_same(&view->rest, &why))
		view->rest_since = s->now;
	view->rest = why;
	/* Whoever is asked seldom is asked once more first. */
	int64_t again = t->ask_slow + t->fresh;
	if (!step_due(s, view->rest_since, t->hold_down > again ? t->hold_down : again))
		return;
	why.class = REASON_BLOCKED;
	step_reason(s, &why);
}
