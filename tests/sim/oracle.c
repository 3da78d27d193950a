/*
 * What caches may hold, exactly: every version that a server has served while a delegation named it
 * and that is not longer gone than its TTL. S1, S2 and S3 over every pair. Written apart from
 * agentd/safety.c: it knows the world, not a view of it.
 */
#include <stdio.h>
#include <string.h>

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
			if (sim->node[i].told)
				sim_fail(sim, "%s was told to stop %s, and caches name it",
					 sim->node[i].identity, s->name);
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
