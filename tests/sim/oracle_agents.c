/*
 * What agents do together: one process at a time, a step apart at most, one leader per term.
 */
#include <string.h>

#include "agentd/lead.h"
#include "libmsig/msg.h"
#include "tests/sim/sim.h"

/* Does the requestor still count on it? The owner may have taken it out, and another one lead. */
static bool
takes_part(const struct sim *sim, int i, const struct view_process *run)
{
	bool any = false;

	for (int k = 0; k < sim->nodes; k++) {
		const struct zone_view *v = sim->node[k].view;
		if (v == NULL || v->d.process.kind == 0 || v->d.process.requestor != VIEW_SELF ||
		    memcmp(v->d.process.tid, run->tid, 16) != 0)
			continue;
		int number = sim_number_at(sim, &sim->node[k], i);
		if (number < 0 || (v->d.process.voters >> number & 1) == 0)
			return false;
		any = true;
	}
	return any;
}

/* One that some agent ended early, because it saw the owner's new instruction first, does nothing
 * any more: that agent approves no further step. */
static bool
ended(const struct sim *sim, const struct view_process *run)
{
	for (int i = 0; i < sim->nodes; i++) {
		const struct zone_view *v = sim->node[i].view;
		if (v != NULL && memcmp(v->d.process.tid, run->tid, sizeof(run->tid)) != 0 &&
		    v->d.epoch > run->epoch)
			return true;
		if (v != NULL && !v->d.ended.completed &&
		    memcmp(v->d.ended.tid, run->tid, sizeof(run->tid)) == 0)
			return true;
	}
	return false;
}

/* Its requestor rests: the owner is about to take it out, and the others need not know of it. */
static bool
rests(const struct zone_view *v)
{
	return v->d.process.requestor == VIEW_SELF && agree_outgoing(v);
}

/* The first step that others may have seen something of. */
static int
first_effect(const struct view_process *run)
{
	return run->kind == MSIG_PROCESS_ZSK || run->kind == MSIG_PROCESS_KSK ? 2 : 1;
}

/* Who votes in the process that a node runs, by the numbers of the simulator. */
static uint32_t
votes(const struct sim *sim, int node, const struct view_process *run)
{
	const struct zone_view *v = sim->node[node].view;
	uint32_t mask = 0;
	for (int i = 0; i < sim->nodes; i++) {
		int number = sim_number_at(sim, &sim->node[node], i);
		if (number >= 0 && ((run->voters & v->designated) >> number & 1) != 0)
			mask |= UINT32_C(1) << i;
	}
	return mask;
}

/* S7: one process per zone (one that has done nothing yet does not count). Agents that cannot hear
 * each other, and that the owner told to go on alone, one after the other, follow the owner: their
 * processes have no voter in common. S6: its agents are at
 * most one step apart. Who restored its database stands where it stood then. */
void
oracle_agents(struct sim *sim)
{
	const struct view_process *seen = NULL;
	uint32_t voters = 0;
	int low = 100, high = -1, running = 0;

	for (int i = 0; i < sim->nodes; i++)
		running += sim->node[i].view != NULL && sim->node[i].view->d.process.kind != 0;
	if (running < 2)
		return;
	for (int i = 0; i < sim->nodes; i++) {
		if (sim->node[i].view == NULL || sim->node[i].lost)
			continue;
		const struct view_process *run = &sim->node[i].view->d.process;
		int first = first_effect(run);
		if (run->kind == 0 || run->step < first ||
		    (run->step == first && run->phase < PHASE_EXECUTING) ||
		    !takes_part(sim, i, run) || ended(sim, run) || rests(sim->node[i].view))
			continue;
		uint32_t mask = votes(sim, i, run);
		if (seen != NULL && memcmp(seen->tid, run->tid, 16) != 0 && (mask & voters) != 0) {
			sim_fail(sim, "S7: two processes at a time");
			return;
		}
		seen = run;
		voters |= mask;
	}
	for (int i = 0; i < sim->nodes && seen != NULL; i++) {
		if (sim->node[i].view == NULL || sim->node[i].lost)
			continue;
		const struct view_process *run = &sim->node[i].view->d.process;
		if (memcmp(seen->tid, run->tid, 16) != 0 || !takes_part(sim, i, run))
			continue;
		int step = run->phase >= PHASE_EXECUTING ? run->step : run->step - 1;
		low = step < low ? step : low;
		high = step > high ? step : high;
	}
	if (high - low > 1 && high >= 0)
		sim_fail(sim, "S6: agents are %d steps apart", high - low);
}

/* ---- who leads ---- */

static const char *
leader_of(const struct node *n)
{
	int leader = n->view == NULL || n->forgot ? -1 : elect_leader(n->view);
	return leader < 0 ? NULL : n->view->d.provider[leader].identity;
}

/* Who has not heard of anybody else yet leads himself, and nobody follows. */
static bool
share_a_voter(const struct node *a, const struct node *b)
{
	const struct durable *x = &a->view->d, *y = &b->view->d;

	for (int i = 0; i < x->providers; i++)
		for (int k = 0; k < y->providers; k++)
			if ((x->election.voters >> i & 1) != 0 &&
			    (y->election.voters >> k & 1) != 0 &&
			    strcmp(x->provider[i].identity, y->provider[k].identity) == 0)
				return true;
	return false;
}

void
oracle_leader(struct sim *sim, int i, const struct view_process *before)
{
	const struct node *n = &sim->node[i];
	const struct view_process *run = &n->view->d.process;
	const char *leader = leader_of(n);

	for (int k = 0; k < sim->nodes && leader != NULL; k++) {
		const struct node *o = &sim->node[k];
		if (k != i && leader_of(o) != NULL &&
		    o->view->d.election.term == n->view->d.election.term &&
		    memcmp(o->view->d.election.hsync, n->view->d.election.hsync, 32) == 0 &&
		    share_a_voter(o, n) && strcmp(leader_of(o), leader) != 0)
			sim_fail(sim, "E1: two leaders in term %llu",
				 (unsigned long long)n->view->d.election.term);
	}
	if (run->kind != 0 && run->led && run->requestor == VIEW_SELF &&
	    (before->kind == 0 || memcmp(before->tid, run->tid, sizeof(run->tid)) != 0) &&
	    !lead_leads(n->view))
		sim_fail(sim, "E2: %s begins a process and does not lead", n->identity);
}
