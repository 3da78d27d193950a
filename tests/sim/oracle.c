/*
 * What caches may hold, exactly: every version that a server has served while a delegation named it
 * and that is not longer gone than its TTL. S1 and S2 over every pair. Written apart from
 * agentd/safety.c: it knows the world, not a view of it.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

#define SECOND INT64_C(1000)

/* The server shows another version from now on. */
void
oracle_serve(struct sim *sim, struct server *server, const struct zone_version *version)
{
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		const struct rrset *rr = &version->type[t];
		int *n = &server->count[t];
		if (*n > 0) {
			struct past *last = &server->past[t][*n - 1];
			if (rset_equal(last->set, rr->set) &&
			    rset_equal(last->signers, rr->signers) && last->ttl == rr->ttl)
				continue;
			last->end = sim->now;
		}
		/* Forget what no cache holds. */
		int keep = 0;
		for (int i = 0; i < *n; i++) {
			struct past *p = &server->past[t][i];
			if (p->end != VIEW_NEVER && p->end + p->ttl * SECOND < sim->now)
				continue;
			server->past[t][keep++] = *p;
		}
		*n = keep;
		if (*n == KEPT) {
			sim_fail(sim, "the simulator's history is too short");
			return;
		}
		server->past[t][(*n)++] = (struct past){.set = rr->set,
							.signers = rr->signers,
							.ttl = rr->ttl,
							.start = sim->now,
							.end = VIEW_NEVER};
	}
	server->now = *version;
}

static bool
cached(const struct sim *sim, const struct past *p)
{
	return p->end == VIEW_NEVER || p->end + p->ttl * SECOND > sim->now;
}

/* Names in the NS sets that caches may hold of a server. */
static struct rset
names_of(const struct sim *sim, const struct server *server)
{
	struct rset names = RSET_NONE;
	for (int i = 0; i < server->count[VIEW_NS]; i++)
		if (cached(sim, &server->past[VIEW_NS][i]))
			names = rset_or(names, server->past[VIEW_NS][i].set);
	return names;
}

/* Who is named by the parent, or by a server that is named. */
static void
delegations(struct sim *sim)
{
	struct rset names = RSET_NONE;
	for (int i = 0; i < sim->parent.servers; i++)
		names = rset_or(names, names_of(sim, &sim->parent.server[i]));
	for (bool more = true; more;) {
		more = false;
		for (int i = 0; i < sim->nodes; i++) {
			const struct node *node = &sim->node[i];
			if (!rset_has(&names, node->ns))
				continue;
			for (int k = 0; k < node->servers; k++) {
				struct rset all = rset_or(names, names_of(sim, &node->server[k]));
				more |= !rset_equal(all, names);
				names = all;
			}
		}
	}
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->node[i].servers; k++) {
			struct server *s = &sim->node[i].server[k];
			bool named = rset_has(&names, sim->node[i].ns);
			if (named && s->named_from == 0) {
				s->named_from = sim->now > 0 ? sim->now : 1;
				s->named_until = VIEW_NEVER;
			} else if (!named && s->named_from != 0 && s->named_until == VIEW_NEVER) {
				s->named_until = sim->now;
			} else if (named) {
				s->named_until = VIEW_NEVER;
			}
		}
}

/* May a cache hold it? Asked while named, kept for its TTL. */
static bool
visible(const struct sim *sim, const struct server *s, const struct past *p)
{
	if (s->named_from == 0)
		return false;
	int64_t end = p->end < s->named_until ? p->end : s->named_until;
	if (end != VIEW_NEVER && end + p->ttl * SECOND <= sim->now)
		return false;
	return p->end > s->named_from && p->start < s->named_until;
}

void
oracle_check(struct sim *sim)
{
	static const struct past *keys[NODES * SERVERS * KEPT], *sigs[NODES * SERVERS * KEPT];
	static const char *key_at[NODES * SERVERS * KEPT], *sig_at[NODES * SERVERS * KEPT];
	const struct past *ds[SERVERS * KEPT];
	struct rset ds_keys[SERVERS * KEPT];
	int nk = 0, ns = 0, nd = 0;

	delegations(sim);
	sim->checks++;
	for (int i = 0; i < sim->parent.servers; i++) {
		const struct server *s = &sim->parent.server[i];
		for (int v = 0; v < s->count[VIEW_DS]; v++)
			if (cached(sim, &s->past[VIEW_DS][v])) {
				ds_keys[nd] = rpool_keys(&sim->pool, s->past[VIEW_DS][v].set);
				ds[nd++] = &s->past[VIEW_DS][v];
			}
	}
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->node[i].servers; k++) {
			const struct server *s = &sim->node[i].server[k];
			for (int v = 0; v < s->count[VIEW_DNSKEY]; v++)
				if (visible(sim, s, &s->past[VIEW_DNSKEY][v])) {
					key_at[nk] = s->name;
					keys[nk++] = &s->past[VIEW_DNSKEY][v];
				}
			for (int v = 0; v < s->count[VIEW_SOA]; v++)
				if (visible(sim, s, &s->past[VIEW_SOA][v])) {
					sig_at[ns] = s->name;
					sigs[ns++] = &s->past[VIEW_SOA][v];
				}
		}
	for (int d = 0; d < nd; d++)
		if (rset_empty(ds[d]->set)) {
			sim_fail(sim, "S4: an empty DS set");
			return;
		}
	for (int k = 0; k < nk; k++) {
		for (int d = 0; d < nd; d++)
			if (!rset_meets(rset_and(ds_keys[d], keys[k]->set), keys[k]->signers)) {
				sim_fail(
				    sim,
				    "S1: a cached DS set matches no signing key of the DNSKEY set "
				    "of %s",
				    key_at[k]);
				return;
			}
		for (int s = 0; s < ns; s++)
			if (!rset_meets(keys[k]->set, sigs[s]->signers)) {
				sim_fail(
				    sim,
				    "S2: signatures of %s verify with no key of the DNSKEY set "
				    "of %s",
				    sig_at[s], key_at[k]);
				return;
			}
	}
}

/* Does the requestor still count on it? The owner may have taken it out. */
static bool
takes_part(const struct sim *sim, int i, const struct view_process *run)
{
	for (int k = 0; k < sim->nodes; k++) {
		const struct zone_view *v = sim->node[k].view;
		if (v == NULL || v->d.process.kind == 0 || v->d.process.requestor != VIEW_SELF ||
		    memcmp(v->d.process.tid, run->tid, 16) != 0)
			continue;
		int number = view_provider_find(v, sim->node[i].identity);
		return number >= 0 && (v->d.process.voters >> number & 1) != 0;
	}
	return false;
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

/* S7: one process per zone (one that has done nothing yet does not count). S6: its agents are at
 * most one step apart. */
void
oracle_agents(struct sim *sim)
{
	const struct view_process *seen = NULL;
	int low = 100, high = -1;

	for (int i = 0; i < sim->nodes; i++) {
		if (sim->node[i].view == NULL)
			continue;
		const struct view_process *run = &sim->node[i].view->d.process;
		if (run->kind == 0 || !takes_part(sim, i, run) || run->step == 0 ||
		    (run->step == 1 && run->phase < PHASE_EXECUTING) || ended(sim, run))
			continue;
		if (seen != NULL && memcmp(seen->tid, run->tid, 16) != 0) {
			sim_fail(sim, "S7: two processes at a time");
			return;
		}
		seen = run;
	}
	for (int i = 0; i < sim->nodes && seen != NULL; i++) {
		if (sim->node[i].view == NULL)
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

/* Everybody who was designated is in, everywhere. */
bool
oracle_finished(struct sim *sim, char *why, size_t len)
{
	struct rset ns = RSET_NONE, keys = RSET_NONE, ksks = RSET_NONE;
	uint32_t members = 0;

	for (int i = 0; i < sim->nodes; i++) {
		if (!sim->node[i].there)
			continue;
		rset_add(&ns, sim->node[i].ns);
		rset_add(&ksks, sim->node[i].ksk);
		keys = rset_or(keys, sim->node[i].own);
		members++;
	}
	for (int i = 0; i < sim->parent.servers; i++) {
		const struct server *s = &sim->parent.server[i];
		if (!rset_equal(rpool_keys(&sim->pool, s->now.type[VIEW_DS].set), ksks) ||
		    !rset_equal(s->now.type[VIEW_NS].set, ns)) {
			snprintf(why, len, "the parent's %s",
				 rset_equal(s->now.type[VIEW_NS].set, ns) ? "DS" : "NS");
			return false;
		}
	}
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		if (!n->there)
			continue;
		for (int k = 0; k < n->servers; k++)
			if (!rset_within(keys, n->server[k].now.type[VIEW_DNSKEY].set) ||
			    !rset_equal(n->server[k].now.type[VIEW_NS].set, ns) ||
			    !rset_empty(n->server[k].now.type[VIEW_CSYNC].set)) {
				snprintf(why, len, "what %s serves", n->server[k].name);
				return false;
			}
		if (n->view == NULL || n->view->d.process.kind != 0 ||
		    (uint32_t)__builtin_popcount(agree_members(n->view)) != members) {
			snprintf(why, len, "the agent of %s", n->identity);
			return false;
		}
	}
	return true;
}
