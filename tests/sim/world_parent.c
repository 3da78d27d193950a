/*
 * The parent: its servers, and its scanner of CDS and CSYNC, as real ones are.
 */
#include <string.h>

#include "tests/sim/mutations.h"
#include "tests/sim/world_int.h"

void
world_parent_publish(struct sim *sim)
{
	for (int k = 0; k < sim->parent.servers; k++) {
		int64_t delay = world_upto(sim, 0, 8000, 500);
		if (sim_mishap(sim, MISHAP_PARENT_STUCK, -1, 50))
			delay = rng_range(&sim->rng, 10000, 60000);
		sim_post(sim, EV_PARENT_SERVER, 0, delay)->a = k;
	}
}

void
world_parent_serve(struct sim *sim, struct event *e)
{
	struct server *s = &sim->parent.server[e->a];
	const struct zone_version *old = s->now;
	struct zone_version *v;

	if (e->b == FLAP_BACK) {
		oracle_serve(sim, s, e->version);
		oracle_check(sim);
		return;
	}
	v = world_version(sim);
	v->loaded = true;
	v->type[VIEW_DS] = (struct rrset){.set = sim->parent.ds, .ttl = sim->parent.ttl_ds};
	v->type[VIEW_NS] = (struct rrset){.set = sim->parent.ns, .ttl = sim->parent.ttl_ns};
	if (old != NULL && memcmp(old->type, v->type, sizeof(v->type)) == 0) {
		sim->versions--;
		return;
	}
	/* What nobody can have seen nobody can wait for. */
	int64_t next = s->since + 4 * sim->times.ask_fast - sim->now;
	if (old != NULL && next > 0 && e->b != FLAP_OVER) {
		sim->versions--;
		sim_post(sim, EV_PARENT_SERVER, 0, next)->a = e->a;
		return;
	}
	s->since = sim->now;
	if (old != NULL && sim->times.d_parent > 20 &&
	    sim_mishap(sim, MISHAP_PARENT_FLAP, -1, 100)) {
		struct event *back = sim_post(sim, EV_PARENT_SERVER, 0,
					      rng_range(&sim->rng, 1, sim->times.d_parent / 2));
		back->a = e->a;
		back->b = FLAP_BACK;
		back->version = old;
		struct event *over = sim_post(sim, EV_PARENT_SERVER, 0, sim->times.d_parent - 1);
		over->a = e->a;
		over->b = FLAP_OVER;
	}
	oracle_serve(sim, s, v);
	oracle_check(sim);
}

/* What every address of every delegated server shows; those that are silent are passed over. */
struct scanned {
	const struct zone_version *first;
	bool cds_same, csync_same, safe;
};

static struct scanned
look_at_all(struct sim *sim)
{
	struct scanned r = {.cds_same = true, .csync_same = true, .safe = true};
	const struct parent *parent = &sim->parent;

	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		for (int k = 0; k < n->servers && rset_has(&parent->ns, n->ns); k++) {
			const struct zone_version *v = n->server[k].now, *f = r.first;
			if (n->server[k].silent &&
			    sim->now - n->server[k].silent_from < ASKED_AGAIN)
				r.cds_same = false;
			if (n->server[k].silent || v == NULL)
				continue;
			if (f == NULL) {
				r.first = v;
				continue;
			}
			r.cds_same &=
			    rset_equal(f->type[VIEW_CDS].set, v->type[VIEW_CDS].set) &&
			    rset_equal(f->type[VIEW_CDNSKEY].set, v->type[VIEW_CDNSKEY].set);
			r.csync_same &=
			    rset_equal(f->type[VIEW_CSYNC].set, v->type[VIEW_CSYNC].set) &&
			    rset_equal(f->type[VIEW_NS].set, v->type[VIEW_NS].set);
		}
	}
	if (r.first == NULL)
		return r;
	struct rset keys = rpool_keys(&sim->pool, r.first->type[VIEW_CDS].set);
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		for (int k = 0; k < n->servers && rset_has(&parent->ns, n->ns); k++) {
			if (n->server[k].silent || n->server[k].now == NULL)
				continue;
			const struct rrset *dnskey = &n->server[k].now->type[VIEW_DNSKEY];
			r.safe &= rset_meets(rset_and(keys, dnskey->set), dnskey->signers);
		}
	}
	return r;
}

void
world_scan(struct sim *sim)
{
	struct parent *parent = &sim->parent;
	struct scanned r = look_at_all(sim);
	bool changed = false;

	if (r.first == NULL)
		return;
	struct rset cds = r.first->type[VIEW_CDS].set;
	bool none = rset_empty(cds) && WORLD_FAULT(DS_EMPTY);
	if (r.cds_same && ((r.safe && !rset_empty(cds)) || none)) {
		struct rset ds = world_cds_of(sim, rpool_keys(&sim->pool, cds), 43);
		if (!rset_equal(ds, parent->ds)) {
			parent->ds = ds;
			parent->ds_since = sim->now;
			changed = true;
			sim_trace(sim, "parent: DS of %d keys", rset_count(ds));
		}
	}
	if (r.csync_same && !rset_empty(r.first->type[VIEW_CSYNC].set) &&
	    !rset_equal(r.first->type[VIEW_NS].set, parent->ns)) {
		parent->ns = r.first->type[VIEW_NS].set;
		changed = true;
		sim_trace(sim, "parent: NS of %d names", rset_count(parent->ns));
	}
	if (changed)
		world_parent_publish(sim);
}

static bool
asks_for_less(const struct node *n, enum reason_object object, const char *todo)
{
	for (int i = 0; n->view != NULL && n->up && i < n->view->reasons; i++)
		if (n->view->reason[i].class == REASON_BLOCKED &&
		    n->view->reason[i].object == object &&
		    strstr(n->view->reason[i].todo, todo) != NULL)
			return true;
	return false;
}

static bool
asks_for_ns(const struct node *n)
{
	for (int i = 0; n->view != NULL && n->up && i < n->view->reasons; i++)
		if (strncmp(n->view->reason[i].todo, "whoever registered the zone has", 31) == 0 ||
		    strncmp(n->view->reason[i].todo, "see to it that the parent has", 29) == 0)
			return true;
	return false;
}

/* The NS of the zone, as a person sees them: those of whoever asks, unless somebody else is named.
 */
static struct rset
ns_of_zone(const struct sim *sim, const struct node *asks)
{
	for (int i = 0; i < sim->nodes && !world_delegated(sim, asks); i++) {
		const struct node *n = &sim->node[i];
		if (n->signer != NULL && world_says_member(n) && world_delegated(sim, n))
			return n->signer->type[VIEW_NS].set;
	}
	return asks->signer->type[VIEW_NS].set;
}

/* Nobody whom it names is there, and it learns of nobody else. */
static void
names_by_hand(struct sim *sim)
{
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		if (!asks_for_ns(n) || n->signer == NULL)
			continue;
		struct rset ns = ns_of_zone(sim, n);
		if (rset_equal(ns, sim->parent.ns))
			continue;
		sim->parent.ns = ns;
		sim_trace(sim, "parent: NS of %d names, by hand", rset_count(sim->parent.ns));
		world_parent_publish(sim);
		return;
	}
}

/* Name servers that are gone for good leave the delegation as well. */
static void
dead_by_hand(struct sim *sim)
{
	struct rset ns = sim->parent.ns;

	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->nodes && sim->node[i].view != NULL; k++)
			if (sim->node[k].dead && !sim->node[k].on &&
			    (world_says_gone(sim->node[i].view, &sim->node[k]) ||
			     asks_for_less(&sim->node[i], REASON_OF_NS,
					   "remove them from the delegation")))
				rset_del(&ns, sim->node[k].ns);
	if (rset_empty(ns) || rset_equal(ns, sim->parent.ns))
		return;
	sim->parent.ns = ns;
	sim_trace(sim, "parent: NS of %d names, without the dead", rset_count(ns));
	world_parent_publish(sim);
}

/* Whoever registered the zone takes DS out that stand for no key that anybody has, and names those
 * who are there. */
void
world_parent_tidy(struct sim *sim)
{
	struct parent *parent = &sim->parent;
	struct rset keys = RSET_NONE;
	bool asked = false;

	names_by_hand(sim);
	dead_by_hand(sim);
	for (int i = 0; i < sim->nodes; i++) {
		asked |= asks_for_less(&sim->node[i], REASON_OF_DS, "remove that DS");
		keys = rset_or(keys, world_published(&sim->node[i]));
	}
	struct rset ds = rset_and(parent->ds, world_cds_of(sim, keys, 43));
	if (!asked || rset_empty(ds) || rset_equal(ds, parent->ds))
		return;
	parent->ds = ds;
	parent->ds_since = sim->now;
	sim_trace(sim, "parent: DS of %d keys, by hand", rset_count(ds));
	world_parent_publish(sim);
}

struct rset
world_keys_of_ds(const struct sim *sim)
{
	return rpool_keys(&sim->pool, sim->parent.ds);
}

bool
world_delegated(const struct sim *sim, const struct node *n)
{
	struct rset keys = world_intended(n);
	return rset_has(&sim->parent.ns, n->ns) &&
	       (n->unsigned_ || rset_meets(world_keys_of_ds(sim), keys));
}

/* The server of the parent that serves the zone gets it from a signer that is there and named, and
 * from one that says it is a member; until somebody does it stays as it is. */
void
world_feed_parent(struct sim *sim)
{
	bool member = false;

	for (int i = 0; i < sim->nodes; i++)
		member |= world_feeds(sim, &sim->node[i]) && world_says_member(&sim->node[i]);
	for (int k = 0; k < sim->nodes && sim->parent.both && member; k++) {
		int i = (sim->parent.feed + k) % sim->nodes;
		const struct node *o = &sim->node[i];
		if (!world_feeds(sim, o) || (k != 0 && !world_says_member(o)))
			continue;
		if (i == sim->parent.feed || world_new_ds(sim))
			return;
		sim_trace(sim, "the parent's copy comes from %s now", o->identity);
		sim->parent.feed = i;
		sim_post(sim, EV_PARENT_COPY, 0, world_upto(sim, 10, 2000, 100));
		return;
	}
}

void
world_parent_copy(struct sim *sim)
{
	const struct zone_version *v = sim->node[sim->parent.feed].signer;

	if (v == NULL || v == sim->parent.copy.now)
		return;
	oracle_serve(sim, &sim->parent.copy, v);
	oracle_check(sim);
}
