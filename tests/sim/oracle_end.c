/*
 * Where everything ends: is what the owner and the operators want there, everywhere, and does
 * whoever is not there say why?
 */
#include <stdio.h>

#include "tests/sim/sim.h"

struct goal {
	struct rset ns, keys, ksks;
	int members;
};

static bool
signs(const struct node *n)
{
	return n->listed && n->on && n->sign && !n->expelled;
}

static bool
serves(const struct node *n)
{
	return n->listed && n->on && !n->expelled;
}

static struct goal
goal(const struct sim *sim)
{
	struct goal g = {0};
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		if (serves(n))
			rset_add(&g.ns, n->ns);
		if (!signs(n))
			continue;
		g.keys = rset_or(g.keys, world_published(n));
		g.ksks = rset_or(g.ksks, world_intended(n));
		g.members++;
	}
	return g;
}

/* An agent that has nothing left to do. */
static bool
agent_rests(const struct node *n, const struct goal *g, const struct sim *sim, char *why,
	    size_t len)
{
	const struct zone_view *v = n->view;

	if (v == NULL) {
		snprintf(why, len, "%s is down", n->identity);
		return false;
	}
	if (v->d.process.kind != 0 || __builtin_popcount(agree_members(v)) != g->members) {
		snprintf(why, len, "the agent of %s (process %u, %d members of %d)", n->identity,
			 v->d.process.kind, __builtin_popcount(agree_members(v)), g->members);
		return false;
	}
	for (int k = 0; k < VIEW_ORDERS && signs(n); k++) {
		if (v->d.order[k].process != 0) {
			snprintf(why, len, "%s still has an order", n->identity);
			return false;
		}
		if (n->order[k].process != 0 && rset_meets(n->order[k].old, world_published(n))) {
			snprintf(why, len, "keys of %s that were to go are there", n->identity);
			return false;
		}
	}
	for (int i = 0; i < sim->nodes; i++) {
		int p = view_provider_find(v, sim->node[i].identity);
		bool has = p >= 0 && v->d.provider[p].has != 0;
		if (has != serves(&sim->node[i])) {
			snprintf(why, len, "%s thinks that %s is %s", n->identity,
				 sim->node[i].identity, has ? "in" : "out");
			return false;
		}
	}
	return true;
}

static bool
zone_rests(const struct sim *sim, const struct node *n, const struct goal *g, char *why, size_t len)
{
	struct rset keys = world_shown(sim, g->keys, &sim->node[n->feed]);

	for (int k = 0; k < n->servers; k++) {
		const struct zone_version *z = n->server[k].now;
		const char *what = NULL;
		if (z == NULL)
			what = "nothing";
		else if (!rset_equal(keys, z->type[VIEW_DNSKEY].set))
			what = rset_within(keys, z->type[VIEW_DNSKEY].set) ? "more DNSKEY"
									   : "other DNSKEY";
		else if (!rset_equal(z->type[VIEW_NS].set, g->ns))
			what = "other NS";
		else if (!rset_empty(z->type[VIEW_CSYNC].set))
			what = "CSYNC";
		else if (g->members > 1 &&
			 !rset_equal(rpool_keys(&sim->pool, z->type[VIEW_CDS].set), g->ksks))
			what = "other CDS";
		if (what != NULL) {
			snprintf(why, len, "%s serves %s", n->server[k].name, what);
			return false;
		}
	}
	return true;
}

static bool
all_rest(const struct sim *sim, const struct goal *g, char *why, size_t len)
{
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		if (serves(n) &&
		    (!agent_rests(n, g, sim, why, len) || !zone_rests(sim, n, g, why, len)))
			return false;
	}
	return true;
}

/* What the owner wants, and the operators, is there: at every agent, server and the parent. */
bool
oracle_finished(struct sim *sim, char *why, size_t len)
{
	struct goal g = goal(sim);

	for (int i = 0; i < sim->parent.servers; i++) {
		const struct zone_version *z = sim->parent.server[i].now;
		if (z == NULL ||
		    !rset_equal(rpool_keys(&sim->pool, z->type[VIEW_DS].set), g.ksks) ||
		    !rset_equal(z->type[VIEW_NS].set, g.ns)) {
			snprintf(why, len, "the parent's %s",
				 z == NULL || rset_equal(z->type[VIEW_NS].set, g.ns) ? "DS" : "NS");
			return false;
		}
	}
	return all_rest(sim, &g, why, len);
}

/* All servers of the parent serve the zone as well, and somebody's database, that alone knew how
 * far the parent had come, is lost: nobody sees that it still names others. */
bool
oracle_unseen(struct sim *sim)
{
	struct goal g = goal(sim);
	bool lost = false;
	char why[128];

	for (int i = 0; i < sim->nodes; i++)
		lost |= sim->node[i].lost;
	return lost && sim->parent.both && sim->parent.servers == 1 &&
	       !rset_equal(sim->parent.ns, g.ns) && all_rest(sim, &g, why, sizeof(why));
}

bool
oracle_named(struct sim *sim, char *why, size_t len)
{
	struct goal g = goal(sim);

	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		if (n->dead || !serves(n) || agent_rests(n, &g, sim, why, len))
			continue;
		/* Who only serves, and is named, has no part in what others wait for. */
		if (!n->sign && n->view != NULL && n->view->d.process.kind == 0 &&
		    n->view->d.provider[VIEW_SELF].has == HAS_NS)
			continue;
		if (n->view != NULL && n->view->reasons == 0)
			return false;
	}
	return true;
}
