/*
 * See lead.h. Nothing here takes a step: agree.c asks these questions at the places where peer mode
 * has other answers.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/process.h"

#define BIT(i) (UINT32_C(1) << (i))

bool
lead_mode(const struct zone_view *view)
{
	return elect_model(view, NULL) == MODEL_LEADER;
}

bool
lead_leads(const struct zone_view *view)
{
	return lead_mode(view) && elect_leader(view) == VIEW_SELF;
}

static bool
rolls(uint8_t kind)
{
	return kind == MSIG_PROCESS_ZSK || kind == MSIG_PROCESS_KSK ||
	       kind == MSIG_PROCESS_ALGORITHM;
}

/* ---- wishes ---- */

int
lead_tasks(const struct zone_view *view, struct lead_task task[LEAD_TASKS])
{
	const struct durable *d = &view->d;
	int count = 0;

	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if ((view->designated & BIT(i)) != 0 && !d->provider[i].member &&
		    d->provider[i].statement.known)
			task[count++] = (struct lead_task){MSIG_PROCESS_ADD, 0, i};
	for (int k = 0; k < VIEW_ORDERS && d->provider[VIEW_SELF].member; k++)
		if (d->order[k].process != 0)
			task[count++] = (struct lead_task){d->order[k].process,
							   d->order[k].algorithm, VIEW_SELF};
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &d->provider[i];
		if ((view->designated & BIT(i)) != 0 && p->member && p->statement.known &&
		    rolls(p->statement.wish) &&
		    (p->statement.wish != MSIG_PROCESS_ALGORITHM ||
		     view_algorithm(p->statement.wish_algorithm)))
			task[count++] =
			    (struct lead_task){p->statement.wish, p->statement.wish_algorithm, i};
	}
	return count;
}

void
lead_wish(const struct zone_view *view, struct view_statement *own)
{
	own->wish = own->wish_algorithm = 0;
	for (int k = VIEW_ORDERS - 1; k >= 0 && lead_mode(view); k--)
		if (view->d.order[k].process != 0) {
			own->wish = view->d.order[k].process;
			own->wish_algorithm = view->d.order[k].algorithm;
		}
}

/* Did the provider's operator order it? Of the others, their statements say so. */
static bool
wished(const struct zone_view *view, uint8_t kind, uint8_t algorithm, int subject)
{
	const struct view_statement *st = &view->d.provider[subject].statement;

	if (subject != VIEW_SELF)
		return st->known && st->wish == kind && st->wish_algorithm == algorithm;
	for (int k = 0; k < VIEW_ORDERS; k++)
		if (view->d.order[k].process == kind && view->d.order[k].algorithm == algorithm)
			return true;
	return false;
}

/* ---- rights ---- */

const char *
lead_no_right(const struct zone_view *view, int from, uint8_t kind, uint8_t algorithm, int subject,
	      bool *never)
{
	bool ignored;

	if (never == NULL)
		never = &ignored;
	*never = false;
	switch (elect_model(view, NULL)) {
	case MODEL_PEER:
		return NULL;
	case MODEL_LEADER:
		break;
	default:
		return "it is not known here what all signers can";
	}
	if (MUTANT(LEADER))
		return NULL;
	if (elect_leader(view) < 0)
		return "no leader is elected here";
	if (elect_leader(view) != from)
		return "another one leads here";
	if (subject == VIEW_SELF && !view->d.begun)
		return "it is not known here yet what is delegated";
	if (rolls(kind) && !wished(view, kind, algorithm, subject)) {
		*never = subject == VIEW_SELF;
		return subject == VIEW_SELF ? "nobody ordered that here"
					    : "its signer does not ask for that, as seen here";
	}
	return NULL;
}

bool
lead_repeats(const struct zone_view *view, int from, const struct view_message *m)
{
	const struct view_process *run = &view->d.process;

	return run->kind != 0 && run->led && run->executed && run->requestor == from &&
	       m->step == run->step && run->phase >= PHASE_EXECUTING &&
	       memcmp(run->tid, m->tid, sizeof(m->tid)) == 0;
}

bool
lead_rests(const struct zone_view *view)
{
	return view->d.process.led && lead_mode(view) && elect_leader(view) != VIEW_SELF;
}

/* ---- succession ---- */

const char *
lead_over(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	int first = run->kind == MSIG_PROCESS_ZSK || run->kind == MSIG_PROCESS_KSK ? 1 : 0;
	bool early = !run->executed || run->step < first ||
		     (run->step == first && run->phase < PHASE_EXECUTING);

	if (run->kind == 0 || !run->led || !lead_mode(view))
		return NULL;
	if (!run->executed && elect_leader(view) >= 0 && elect_leader(view) != run->requestor)
		return "another one leads now";
	if (early && rolls(run->kind) && run->requestor == VIEW_SELF && run->subject != VIEW_SELF &&
	    !wished(view, run->kind, run->algorithm, run->subject))
		return "its signer no longer asks for it";
	return NULL;
}

/*
 * Everybody has approved what anybody executed, so nobody is further than one step, whoever asked.
 * The new leader asks once more for what it approved itself; the old one is where it was before it
 * asked.
 */
void
lead_succeed(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;
	int leader = elect_leader(view);

	if (run->kind == 0 || !run->led || !run->executed || !lead_mode(view) || leader < 0 ||
	    leader == run->requestor || (view->designated & BIT(VIEW_SELF)) == 0)
		return;
	if (run->requestor == VIEW_SELF && run->phase == PHASE_REQUESTED) {
		run->step--;
		run->phase = PHASE_DONE;
		run->done |= BIT(VIEW_SELF);
	}
	if (leader == VIEW_SELF && run->phase == PHASE_GRANTED) {
		run->phase = PHASE_REQUESTED;
		run->approved = 0;
		run->asked = 0;
	}
	run->requestor = (int8_t)leader;
	run->since = s->now;
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		view->d.provider[i].sent = 0;
	view->persist = true;
	step_journal(s, "%s %s: goes on with %s, which leads now", process_name(run->kind),
		     view->d.provider[run->subject].identity, view->d.provider[leader].identity);
}
