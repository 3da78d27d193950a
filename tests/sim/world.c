/*
 * The world around the agents: signers and their key stores, name servers, combiners, the parent
 * and its scanner, the owner and the operators, and what goes wrong with each. Each has its file,
 * world_*.c; here is which event goes to whom. See sim.h.
 */
#include <string.h>

#include "agentd/operator.h"
#include "tests/sim/world_int.h"

int64_t
world_upto(struct sim *sim, int64_t least, int64_t faulty, int64_t calm)
{
	return rng_range(&sim->rng, least, sim_faulty(sim) ? faulty : calm);
}

static void
tidy(struct sim *sim)
{
	world_only_tidy(sim);
	world_owner_keeps_one(sim);
	world_owner_has_rejoin(sim);
	world_feed_parent(sim);
	world_owner_lists_again(sim);
	world_owner_helps(sim);
	world_owner_makes_ns_equal(sim);
	world_parent_tidy(sim);
	world_owner_tidies(sim);
	world_expel_everywhere(sim);
	for (int i = 0; i < sim->nodes && !sim->failed; i++)
		world_people(sim, i);
	sim_post(sim, EV_TIDY, 0, rng_range(&sim->rng, 1500, 5000));
}

bool
world_event(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];

	switch (e->kind) {
	case EV_OWNER:
		world_owner_acts(sim, e);
		return true;
	case EV_OWNER_BACK:
		if (sim->owner.hsync != sim->meant)
			world_owner_publishes(sim, sim->meant);
		return true;
	case EV_OWNER_SYNC:
		n->owner = sim->owner;
		world_combiner_emit(sim, e->node);
		sim_post(sim, EV_SIGNER, e->node, rng_range(&sim->rng, 10, 300));
		return true;
	case EV_OPERATOR:
		world_operator_acts(sim, e);
		return true;
	case EV_SIGNER:
		world_sign(sim, e->node);
		return false;
	case EV_SERVER:
		world_serve(sim, e);
		return true;
	case EV_PARENT_COPY:
		world_parent_copy(sim);
		return true;
	case EV_SILENCE:
		world_silence(sim, e->node);
		return true;
	case EV_SCAN:
		world_scan(sim);
		sim_post(sim, EV_SCAN, 0,
			 rng_range(&sim->rng, sim->parent.scan / 2, sim->parent.scan));
		return true;
	case EV_PARENT_SERVER:
		world_parent_serve(sim, e);
		return true;
	case EV_FAULT:
		world_fault(sim);
		return true;
	case EV_TIDY:
		tidy(sim);
		return true;
	case EV_QUIET:
		world_quiet(sim);
		return true;
	case EV_APPLY:
		world_combiner_apply(sim, e->node, e);
		return true;
	case EV_RESTORE:
		world_restore(sim, e);
		return true;
	case EV_KEY:
		world_on_key(sim, e);
		return true;
	case EV_SHOW: {
		struct event *r = sim_post(sim, EV_SHOWN, e->node, 5);
		r->u.apply.epoch = n->combiner.epoch;
		r->u.apply.counter = n->combiner.counter;
		memcpy(r->u.apply.from, n->combiner.from, sizeof(r->u.apply.from));
		return true;
	}
	default:
		return false;
	}
}
