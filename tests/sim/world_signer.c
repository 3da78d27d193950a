/*
 * What signers make of their combiners' zones, and what name servers serve of that.
 */
#include <string.h>

#include "tests/sim/world_int.h"

struct rset
world_cds_of(struct sim *sim, struct rset keys, uint16_t type)
{
	struct rset out = RSET_NONE;
	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1))
		rset_add(&out, rpool_of_key(&sim->pool, i, type));
	return out;
}

void
world_serve_later(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	for (int k = 0; k < n->servers; k++)
		sim_post(sim, EV_SERVER, i, world_upto(sim, 10, 6000, 800))->a = k;
}

/* Foreign keys that the signer is slow to drop, or does not show for a while. */
static void
misbehave(struct sim *sim, struct node *n, struct zone_version *v)
{
	struct rset *keys = &v->type[VIEW_DNSKEY].set;

	if (n->mode == VIEW_MODE_ALL)
		return;
	if (n->signer != NULL && sim->now < n->slow_until) {
		struct rset gone = rset_minus(n->signer->type[VIEW_DNSKEY].set, *keys);
		n->linger = rset_or(n->linger, rset_minus(gone, world_published(n)));
		for (int i = 0; i < n->keys; i++)
			rset_del(&n->linger, n->store[i].rr);
		n->linger_until = n->slow_until;
	}
	if (sim->now < n->linger_until)
		*keys = rset_or(*keys, n->linger);
	else
		n->linger = RSET_NONE;
	if (sim->now < n->dropped_until && rset_meets(*keys, n->dropped)) {
		*keys = rset_minus(*keys, n->dropped);
		v->wrong = true;
	}
	if (sim->now < n->old_cds_until) {
		v->type[VIEW_CDS].set =
		    rset_or(v->type[VIEW_CDS].set, world_cds_of(sim, n->old_cds, 59));
		v->type[VIEW_CDNSKEY].set =
		    rset_or(v->type[VIEW_CDNSKEY].set, world_cds_of(sim, n->old_cds, 60));
	}
}

struct rset
world_shown(const struct sim *sim, struct rset keys, const struct node *n)
{
	if (!sim->zsk)
		return keys;
	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1))
		if ((sim->pool.at[i].flags & 1) != 0 && !rset_has(&n->ever, i))
			rset_del(&keys, i);
	return keys;
}

/* The overlay and the own keys. */
static void
compose(struct sim *sim, struct node *n, struct zone_version *v)
{
	struct rset keys = RSET_NONE, cds = RSET_NONE, cdnskey = RSET_NONE, ns = RSET_NONE,
		    csync = RSET_NONE, sep = RSET_NONE, data = RSET_NONE;

	for (int p = 0; p < sim->nodes; p++) {
		const struct view_contribution *c = &n->combiner.from[p];
		keys = rset_or(keys, c->dnskey);
		cds = rset_or(cds, c->cds);
		cdnskey = rset_or(cdnskey, c->cdnskey);
		ns = rset_or(ns, c->ns);
		csync = rset_or(csync, c->csync);
	}
	keys = world_shown(sim, keys, n); /* whatever it is given */
	if (n->mode == VIEW_MODE_FOREIGN) {
		keys = rset_or(keys, world_published(n));
		cds = rset_or(cds, world_cds_of(sim, world_intended(n), 59));
		cdnskey = rset_or(cdnskey, world_cds_of(sim, world_intended(n), 60));
	}
	for (int i = 0; i < n->keys; i++) {
		if (n->store[i].role != R(ZSK) && world_in_zone(&n->store[i]))
			rset_add(&sep, n->store[i].rr);
		if (world_signs_data(n, &n->store[i]))
			rset_add(&data, n->store[i].rr);
	}
	v->hsync = n->owner.hsync;
	v->ttl_data = n->owner.ttl_data;
	v->type[VIEW_DNSKEY].set = keys;
	v->type[VIEW_CDS].set = cds;
	v->type[VIEW_CDNSKEY].set = cdnskey;
	/* Owner and agents: who manages NS is said by the HSYNC of this very version. */
	v->type[VIEW_NS].set = rset_empty(ns) ? n->owner.ns : ns;
	v->type[VIEW_CSYNC].set = csync;
	oracle_version(sim, n, v);
	misbehave(sim, n, v);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		v->type[t].ttl = n->ttl[t];
		v->type[t].signers = data;
	}
	v->type[VIEW_NS].ttl = n->owner.ttl_ns;
	v->type[VIEW_DNSKEY].signers = rset_and(sep, v->type[VIEW_DNSKEY].set);
	struct rset alien = rset_minus(data, v->type[VIEW_DNSKEY].set);
	v->alien = rset_next(&alien, 0);
	v->loaded = true;
}

static bool
same_zone(const struct zone_version *a, const struct zone_version *b)
{
	return memcmp(a->type, b->type, sizeof(a->type)) == 0 && a->hsync == b->hsync &&
	       a->ttl_data == b->ttl_data && a->alien == b->alien && a->wrong == b->wrong;
}

/* The version that a signer makes of its combiner's zone; who has none serves a copy. */
void
world_sign(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];

	if (n->owner.hsync < 0 || (n->dead && n->frozen))
		return;
	if (n->unsigned_) {
		const struct zone_version *v = n->feed != i ? sim->node[n->feed].signer : NULL;
		if (v != NULL)
			n->signer = v;
		return;
	}
	struct zone_version *v = world_version(sim);
	compose(sim, n, v);
	if (n->signer != NULL && same_zone(v, n->signer)) {
		sim->versions--;
		return;
	}
	n->signer = v;
	if (sim->parent.both && sim->parent.feed == i)
		sim_post(sim, EV_PARENT_COPY, 0, world_upto(sim, 10, 6000, 800));
	for (int k = 0; k < sim->nodes; k++)
		if (sim->node[k].feed == i) {
			if (k != i)
				sim_post(sim, EV_SIGNER, k, world_upto(sim, 10, 2000, 100));
			world_serve_later(sim, k);
		}
}

void
world_serve(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];
	struct server *s = &n->server[e->a];
	const struct zone_version *v = sim->node[n->feed].signer, *old = s->now;

	if (s->silent || v == NULL || (n->dead && n->frozen))
		return;
	if (e->b == FLAP_BACK) { /* to what it had served before */
		v = e->version;
	} else if (e->b == FLAP_OVER) {
		/* d is the time that it may take, whether it is fed or not */
	} else if (sim->now < s->stuck) {
		sim_post(sim, EV_SERVER, e->node, s->stuck - sim->now)->a = e->a;
		return;
	} else if (old != NULL && old != v && sim->times.d > 20 &&
		   sim_mishap(sim, MISHAP_FLAP, e->node, 30)) {
		struct event *back =
		    sim_post(sim, EV_SERVER, e->node, rng_range(&sim->rng, 1, sim->times.d / 2));
		back->a = e->a;
		back->b = FLAP_BACK;
		back->version = old;
		struct event *over = sim_post(sim, EV_SERVER, e->node, sim->times.d - 1);
		over->a = e->a;
		over->b = FLAP_OVER;
	}
	if (v == old)
		return;
	oracle_serve(sim, s, v);
	oracle_check(sim);
}

void
world_silence(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	sim_trace(sim, "%s: its servers stop", n->identity);
	for (int k = 0; k < n->servers; k++)
		if (!n->server[k].silent) {
			n->server[k].silent = true, n->server[k].silent_from = sim->now;
			oracle_serve(sim, &n->server[k], NULL);
		}
	oracle_check(sim);
}
