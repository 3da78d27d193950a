/*
 * A world in which one process runs as often as can be, and what goes wrong is what its conditions
 * are there for: servers and signers that lag, go back and show other things than they should. For
 * the search of what a guard or a done-condition stands in front of (teeth.c).
 */
#include "libmsig/option.h"
#include "tests/sim/world_int.h"

static bool
rolls(int kind)
{
	return kind == MSIG_PROCESS_ZSK || kind == MSIG_PROCESS_KSK ||
	       kind == MSIG_PROCESS_ALGORITHM;
}

static bool
serves_only(int kind)
{
	return kind == MSIG_PROCESS_NS_ADD || kind == MSIG_PROCESS_NS_REMOVE;
}

void
world_only_node(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];

	if (rolls(sim->opt.only))
		n->driver = rng_chance(&sim->rng, 950);
	if (serves_only(sim->opt.only))
		n->unsigned_ = i > 0 && (i == sim->nodes - 1 || rng_chance(&sim->rng, 400));
	else
		n->unsigned_ = n->unsigned_ && rng_chance(&sim->rng, 300);
}

/* Not always one that may be named. */
int
world_only_feed(struct sim *sim, int i)
{
	int from = (int)rng_range(&sim->rng, 0, i - 1);

	return sim->node[from].unsigned_ || rng_chance(&sim->rng, 500) ? 0 : from;
}

int
world_only_later(const struct sim *sim)
{
	return sim->opt.only == 0 || sim->opt.only == MSIG_PROCESS_ADD ? 250 : 500;
}

int
world_only_steady(const struct sim *sim)
{
	return sim->opt.only == 0 || sim->opt.only == MSIG_PROCESS_ADD ? 300 : 850;
}

static enum mishap
begins(struct sim *sim, bool *order)
{
	static const enum mishap words[][3] = {
	    [MSIG_PROCESS_ADD] = {MISHAP_JOIN, MISHAP_JOIN, MISHAP_LEAVE},
	    [MSIG_PROCESS_REMOVE] = {MISHAP_LEAVE, MISHAP_LEAVE, MISHAP_SIGN_NOSIGN},
	    [MSIG_PROCESS_NS_ADD] = {MISHAP_NOSIGN, MISHAP_NOSIGN, MISHAP_NOSIGN_LEAVE},
	    [MSIG_PROCESS_NS_REMOVE] = {MISHAP_NOSIGN_LEAVE, MISHAP_NOSIGN_LEAVE, MISHAP_NOSIGN},
	    [MSIG_PROCESS_ZSK] = {MISHAP_ORDER_ZSK, MISHAP_ORDER_ZSK, MISHAP_ORDER_ZSK},
	    [MSIG_PROCESS_KSK] = {MISHAP_ORDER_KSK, MISHAP_ORDER_KSK, MISHAP_ORDER_KSK},
	    [MSIG_PROCESS_ALGORITHM] = {MISHAP_ORDER_ALG, MISHAP_ORDER_ALG, MISHAP_ORDER_ALG},
	};

	*order = rolls(sim->opt.only) && !rng_chance(&sim->rng, 200);
	if (rolls(sim->opt.only) && !*order)
		return rng_chance(&sim->rng, 500) ? MISHAP_JOIN : MISHAP_LEAVE;
	return words[sim->opt.only][rng_range(&sim->rng, 0, 2)];
}

int64_t
world_only_plan(struct sim *sim, int64_t at)
{
	for (int n = (int)rng_range(&sim->rng, 2, 5); n > 0; n--) {
		bool order;
		enum mishap what = begins(sim, &order);
		struct event *e = sim_post(sim, order ? EV_OPERATOR : EV_OWNER, 0,
					   rng_range(&sim->rng, 5000, 300000));
		e->a = order ? (int)WORD_ORDER : -1;
		e->b = (int)what;
		at = e->at - sim->now > at ? e->at - sim->now : at;
	}
	return at;
}

int
world_only_fault(struct sim *sim)
{
	/* The numbers of world_fault(). */
	static const int faults[] = {0, 1, 2, 3,  4,  5,  6,  7,  7,  8,
				     8, 8, 9, 10, 11, 12, 12, 13, 13, 13};

	return faults[rng_range(&sim->rng, 0, (int)(sizeof(faults) / sizeof(faults[0])) - 1)];
}

/* Is the provider out, as every agent says, and by a process that has come to its end? */
static bool
is_out(const struct sim *sim, const struct node *n)
{
	bool ended = false;

	for (int i = 0; i < sim->nodes; i++) {
		const struct zone_view *v = sim->node[i].view;
		int p = v == NULL ? -1 : view_provider_find(v, n->identity);
		if (v == NULL || v->d.process.kind != 0 || p < 0 || v->d.provider[p].has != 0)
			return false;
		ended |= v->d.ended.completed && v->d.ended.subject == p &&
			 (v->d.ended.kind == MSIG_PROCESS_REMOVE ||
			  v->d.ended.kind == MSIG_PROCESS_NS_REMOVE);
	}
	return ended;
}

/* Whoever is out, as all agents say, turns its servers off; and on again before it comes back. */
void
world_only_tidy(struct sim *sim)
{
	for (int i = 0; i < sim->nodes && sim->opt.only != 0; i++) {
		struct node *n = &sim->node[i];
		if (n->told == (n->listed && !n->on && !n->dead) || (!n->told && !is_out(sim, n)))
			continue;
		n->told = !n->told;
		sim_trace(sim, "%s: its servers %s", n->identity,
			  n->told ? "stop, as nobody is sent to them" : "are there again");
		for (int k = 0; k < n->servers; k++) {
			n->server[k].silent = n->told;
			if (n->told)
				oracle_serve(sim, &n->server[k], NULL);
		}
		if (n->told)
			oracle_check(sim);
		else
			world_serve_later(sim, i);
	}
}
