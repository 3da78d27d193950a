/*
 * Between the processes: does every server show what they left, and the parent? What changes there
 * by itself, or by somebody's hand, is told when it lasts; the next process would not begin over it.
 */
#include "agentd/decide_int.h"
#include "agentd/process.h"
#include "agentd/step.h"

/* What should be, and what a person does about it if the condition itself does not say. */
static const struct {
	uint32_t condition;
	const char *todo;
} rows[] = {
    {COND_KEYS, "see why that server lacks them: does its signer get the zone, and keep foreign "
		"keys (msigctl doctor there), does a secondary not follow?"},
    {COND_CDS, "see who changes CDS there: a signer that publishes its own (msigctl doctor "
	       "there); a parent that reads them would drop the DS of the others"},
    {COND_NS, "see why that server does not show them: does its signer get the zone?"},
    {COND_DS, "whoever registered the zone finds out why the parent does not take the CDS, or "
	      "has the DS set right"},
    {COND_NS_KNOWN, ""},
    {COND_PARENT_NS, "whoever registered the zone has the parent take the NS of the zone"},
};

static bool
rests(const struct zone_view *view)
{
	return view->d.process.kind == 0 && view->d.begun && !step_frozen(view) &&
	       view->d.provider[VIEW_SELF].member && (view->designated & BIT(VIEW_SELF)) != 0;
}

/* The first that is not as it should be. */
static bool
differs(struct step *s, struct reason *why)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (process_differs(s->view, rows[i].condition, s->now, why)) {
			if (why->todo[0] == '\0')
				reason_copy(why->todo, sizeof(why->todo), rows[i].todo);
			return true;
		}
	return false;
}

void
decide_rest(struct step *s)
{
	struct zone_view *view = s->view;
	struct reason why;

	if (!rests(view) || !differs(s, &why)) {
		view->rest_since = 0;
		return;
	}
	if (view->rest_since == 0 || !reason_same(&view->rest, &why))
		view->rest_since = s->now;
	view->rest = why;
	if (!step_due(s, view->rest_since, view->config.times.hold_down))
		return;
	why.class = REASON_BLOCKED;
	step_reason(s, &why);
}
