/*
 * What caches may hold, exactly: every version that a server has served while a delegation named it
 * and that is not longer gone than its TTL. S1, S2 and S3 over every pair. Written apart from
 * agentd/safety.c: it knows the world, not a view of it.
 */
#include <stdio.h>
#include <string.h>

#include "libmsig/msg.h"
#include "agentd/lead.h"
#include "tests/sim/sim.h"

static bool
cached(const struct sim *sim, const struct past *p)
{
	return p->end == VIEW_NEVER || p->end + p->ttl * SECOND > sim->now;
}

static uint32_t
ttl_of(const struct zone_version *v, int type)
{
	uint32_t ttl = v->type[type].ttl;
	return type == VIEW_SOA && v->ttl_data > ttl ? v->ttl_data : ttl;
}

/* The server shows another version from now on; NULL: nothing any more. */
void
oracle_serve(struct sim *sim, struct server *server, const struct zone_version *version)
{
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		int *n = &server->count[t];
		struct past *last = *n > 0 ? &server->past[t][*n - 1] : NULL;
		if (last != NULL && last->end == VIEW_NEVER) {
			const struct rrset *rr = version == NULL ? NULL : &version->type[t];
			if (rr != NULL && rset_equal(last->set, rr->set) &&
			    rset_equal(last->signers, rr->signers) &&
			    last->ttl == ttl_of(version, t) && last->wrong == version->wrong)
				continue;
			last->end = sim->now;
		}
		if (version == NULL)
			continue;
		/* Forget what no cache holds. */
		int keep = 0;
		for (int i = 0; i < *n; i++) {
			struct past *p = &server->past[t][i];
			if (!cached(sim, p))
				continue;
			if (keep != i)
				server->past[t][keep] = *p;
			keep++;
		}
		*n = keep;
		if (*n == KEPT) {
			sim_fail(sim, "the simulator's history is too short");
			return;
		}
		const struct rrset *rr = &version->type[t];
		struct past *p = &server->past[t][(*n)++];
		*p = (struct past){.set = rr->set,
				   .signers = rr->signers,
				   .ttl = ttl_of(version, t),
				   .wrong = version->wrong,
				   .start = sim->now,
				   .end = VIEW_NEVER};
		if (t == VIEW_DS)
			p->keys = rpool_keys(&sim->pool, rr->set);
	}
	server->now = version;
}

/* Since when somebody may have asked a server, if it is named now. Nothing is cached of what it
 * served before. */
static int64_t
asked_since(const struct sim *sim, const struct server *s)
{
	bool still = s->named_from != 0 &&
		     (s->named_until == VIEW_NEVER || s->named_until >= sim->now - 100 * SECOND);
	return still ? s->named_from : sim->now;
}

static bool
asked(const struct server *s)
{
	return s->named_from != 0 && s->named_until == VIEW_NEVER;
}

/* Until when somebody has asked it for sure, as long as nothing new names it; 0: never. */
static int64_t
asked_until(const struct sim *sim, const struct server *s)
{
	if (!asked(s))
		return s->named_from == 0 ? 0 : s->named_until;
	return s->expires < sim->now ? s->expires : sim->now;
}

#define CHAIN (1000 * SECOND) /* who names each other for so long does it for ever */

/* Raises until[] to when the NS sets that this server shows, and that are asked for from `from` to
 * `to`, are forgotten. self: its own name, or -1; keeps: that counts, so that it keeps those who
 * ask it. */
static void
names_until(const struct sim *sim, const struct server *server, int self, bool keeps, int64_t from,
	    int64_t to, int64_t until[NODES])
{
	for (int v = 0; v < server->count[VIEW_NS]; v++) {
		const struct past *p = &server->past[VIEW_NS][v];
		int64_t end = p->end < to ? p->end : to;
		if (end <= from || p->start >= end)
			continue;
		if (p->end == VIEW_NEVER && to > sim->now && keeps && rset_has(&p->set, self))
			end = VIEW_NEVER;
		if (end != VIEW_NEVER)
			end += p->ttl * SECOND;
		if (end > sim->now + CHAIN)
			end = VIEW_NEVER;
		for (int i = 0; i < sim->nodes; i++)
			if (rset_has(&p->set, sim->node[i].ns) && end > until[i] &&
			    (keeps || sim->node[i].ns != self))
				until[i] = end;
	}
}

/* After a while in which nobody asked it: what it showed only then is in no cache. */
static void
named_again(struct server *s)
{
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		for (int i = 0; i < s->count[t]; i++) {
			struct past *p = &s->past[t][i];
			if (p->end == VIEW_NEVER || p->end <= s->named_until)
				continue;
			if (p->start >= s->named_until)
				p->ttl = 0;
			p->end = s->named_until;
		}
}

/* Somebody died and goes on to serve what names him, and a database is lost: where that one alone
 * had named him, nobody knows of it any more. */
static bool
forgotten(const struct sim *sim, const struct node *node)
{
	bool lost = false;

	for (int i = 0; i < sim->nodes; i++)
		lost |= sim->node[i].lost;
	return lost && node->dead;
}

/* Until when each provider's servers are asked: the parent names them, or a server that is asked
 * itself, or was while caches still hold what it said. */
static void
named(const struct sim *sim, int64_t until[NODES])
{
	int64_t before[NODES];

	/* A server that serves the zone, too, answers with that and refers nobody. */
	for (int i = sim->parent.both ? 1 : 0; i < sim->parent.servers; i++)
		names_until(sim, &sim->parent.server[i], -1, false, -1, VIEW_NEVER, until);
	names_until(sim, &sim->parent.copy, -1, false, -1, VIEW_NEVER, until);
	do {
		memcpy(before, until, sizeof(before));
		for (int i = 0; i < sim->nodes; i++) {
			const struct node *node = &sim->node[i];
			for (int k = 0; k < node->servers; k++) {
				const struct server *s = &node->server[k];
				int64_t to = asked_until(sim, s);
				to = until[i] > to ? until[i] : to;
				names_until(sim, s, node->ns, !forgotten(sim, node),
					    asked_since(sim, s), to, until);
			}
		}
	} while (memcmp(before, until, sizeof(before)) != 0);
}

static void
delegations(struct sim *sim)
{
	int64_t until[NODES] = {0};

	named(sim, until);
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->node[i].servers; k++) {
			struct server *s = &sim->node[i].server[k];
			if (until[i] <= sim->now) {
				if (asked(s))
					s->named_until = asked_until(sim, s);
				continue;
			}
			if (s->named_from != 0 && !asked(s))
				named_again(s);
			s->named_from = asked_since(sim, s);
			s->named_until = VIEW_NEVER;
			s->expires = until[i];
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

#define SEEN_MAX ((NODES * SERVERS + 1) * KEPT)

struct cache {
	const struct past *at[SEEN_MAX];
	const char *where[SEEN_MAX];
	int count;
};

/* The same set from several servers is one. */
static void
collect(const struct sim *sim, const struct server *s, enum view_type type, bool parent,
	struct cache *out)
{
	for (int v = 0; v < s->count[type]; v++) {
		const struct past *p = &s->past[type][v];
		if (parent ? !cached(sim, p) : p->wrong || !visible(sim, s, p))
			continue;
		bool known = false;
		for (int i = 0; i < out->count && !known; i++)
			known = rset_equal(out->at[i]->set, p->set) &&
				rset_equal(out->at[i]->signers, p->signers);
		if (known)
			continue;
		out->at[out->count] = p;
		out->where[out->count++] = s->name;
	}
}

static struct rset
of_algorithm(const struct sim *sim, struct rset keys, uint8_t algorithm)
{
	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1))
		if (sim->pool.at[i].alg != algorithm)
			rset_del(&keys, i);
	return keys;
}

/* Every algorithm in DS has a chain at every server, and signs the data; every algorithm in DNSKEY
 * signs the data. */
static void
s3(struct sim *sim, const struct cache *ds, const struct cache *keys, const struct cache *sigs)
{
	static const uint8_t algorithms[] = {13, 15};

	for (size_t a = 0; a < sizeof(algorithms) && !sim->failed; a++)
		for (int k = 0; k < keys->count; k++) {
			const struct past *p = keys->at[k];
			struct rset of = of_algorithm(sim, p->set, algorithms[a]);
			bool named = false;
			for (int d = 0; d < ds->count; d++) {
				struct rset want =
				    of_algorithm(sim, ds->at[d]->keys, algorithms[a]);
				named |= !rset_empty(want);
				if (!rset_empty(want) &&
				    !rset_meets(rset_and(want, of), p->signers))
					sim_fail(
					    sim,
					    "S3: no chain of algorithm %u at %s for a cached DS",
					    algorithms[a], keys->where[k]);
			}
			for (int s = 0; s < sigs->count && !rset_empty(of); s++) {
				struct rset by =
				    of_algorithm(sim, sigs->at[s]->signers, algorithms[a]);
				if (rset_within(sigs->at[s]->signers, sim->tainted))
					continue;
				if (rset_empty(by) || (named && !rset_meets(by, p->set)))
					sim_fail(
					    sim,
					    "S3: algorithm %u is in DNSKEY of %s%s and does not "
					    "sign at %s",
					    algorithms[a], keys->where[k],
					    named ? " and in DS" : "", sigs->where[s]);
			}
		}
}

void
oracle_check(struct sim *sim)
{
	static struct cache ds, keys, sigs;

	ds.count = keys.count = sigs.count = 0;
	delegations(sim);
	if (sim->stats != NULL)
		sim->stats->checks++;
	for (int i = 0; i < sim->parent.servers; i++)
		collect(sim, &sim->parent.server[i], VIEW_DS, true, &ds);
	collect(sim, &sim->parent.copy, VIEW_DNSKEY, false, &keys);
	collect(sim, &sim->parent.copy, VIEW_SOA, false, &sigs);
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->node[i].servers; k++) {
			collect(sim, &sim->node[i].server[k], VIEW_DNSKEY, false, &keys);
			collect(sim, &sim->node[i].server[k], VIEW_SOA, false, &sigs);
		}
	for (int d = 0; d < ds.count; d++)
		if (rset_empty(ds.at[d]->set)) {
			sim_fail(sim, "S4: an empty DS set");
			return;
		}
	for (int k = 0; k < keys.count; k++) {
		const struct past *p = keys.at[k];
		for (int d = 0; d < ds.count; d++)
			if (!rset_meets(rset_and(ds.at[d]->keys, p->set), p->signers)) {
				sim_fail(sim,
					 "S1: a cached DS set matches no signing key of the DNSKEY "
					 "set of %s",
					 keys.where[k]);
				return;
			}
		for (int s = 0; s < sigs.count; s++)
			if (!rset_meets(p->set, sigs.at[s]->signers) &&
			    !rset_within(sigs.at[s]->signers, sim->tainted)) {
				sim_fail(sim,
					 "S2: signatures of %s verify with no key of the DNSKEY "
					 "set of %s",
					 sigs.where[s], keys.where[k]);
				return;
			}
	}
	if (sim->algorithms)
		s3(sim, &ds, &keys, &sigs);
}

/* ---- the agents ---- */

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
		    strcmp(leader_of(o), leader) != 0)
			sim_fail(sim, "E1: two leaders in term %llu",
				 (unsigned long long)n->view->d.election.term);
	}
	if (run->kind != 0 && run->led && run->requestor == VIEW_SELF &&
	    (before->kind == 0 || memcmp(before->tid, run->tid, sizeof(run->tid)) != 0) &&
	    !lead_leads(n->view))
		sim_fail(sim, "E2: %s begins a process and does not lead", n->identity);
}

/* ---- where everything ends ---- */

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
