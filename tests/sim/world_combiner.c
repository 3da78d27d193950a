/*
 * The combiners: they hold what the agents tell them.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/world_int.h"

static bool
same_contribution(const struct view_contribution *a, const struct view_contribution *b)
{
	return a->used == b->used && rset_equal(a->dnskey, b->dnskey) &&
	       rset_equal(a->cds, b->cds) && rset_equal(a->cdnskey, b->cdnskey) &&
	       rset_equal(a->ns, b->ns) && rset_equal(a->csync, b->csync);
}

static bool
has_more_than_csync(const struct view_contribution *c)
{
	return !rset_empty(c->dnskey) || !rset_empty(c->cds) || !rset_empty(c->cdnskey) ||
	       !rset_empty(c->ns);
}

/* Fewer providers than before, and nobody says why: combinerd keeps what it has. An agent that
 * knows what it had said before does not even try. */
static bool
shrinks(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	for (int p = 0; p < sim->nodes; p++)
		if (has_more_than_csync(&n->combiner.from[p]) && !e->u.apply.from[p].used &&
		    !e->u.apply.may_shrink) {
			if (!n->forgot)
				sim_fail(sim, "an overlay of %s that shrinks without a process",
					 n->identity);
			return true;
		}
	return false;
}

static bool
same_overlay(const struct sim *sim, const struct node *n, const struct event *e)
{
	for (int p = 0; p < sim->nodes; p++)
		if (!same_contribution(&n->combiner.from[p], &e->u.apply.from[p]))
			return false;
	return true;
}

static void
trace_overlay(struct sim *sim, const struct node *n)
{
	char text[200] = "";
	for (int p = 0; p < sim->nodes && sim->opt.trace; p++) {
		const struct view_contribution *c = &n->combiner.from[p];
		size_t len = strlen(text);
		if (c->used)
			snprintf(text + len, sizeof(text) - len, " p%d:%d,%d,%d", p + 1,
				 rset_count(c->dnskey), rset_count(c->cds), rset_count(c->ns));
	}
	sim_trace(sim, "%s: overlay %llu.%llu (DNSKEY,CDS,NS):%s", n->identity,
		  (unsigned long long)n->combiner.epoch, (unsigned long long)n->combiner.counter,
		  text);
}

void
world_combiner_apply(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	struct combiner *c = &n->combiner;
	uint16_t rcode = 0;

	if (e->u.apply.epoch < c->epoch ||
	    (e->u.apply.epoch == c->epoch && e->u.apply.counter < c->counter)) {
		rcode = 5;
	} else if (shrinks(sim, i, e)) {
		rcode = 5;
	} else if (e->u.apply.epoch != c->epoch || e->u.apply.counter != c->counter) {
		c->epoch = e->u.apply.epoch;
		c->counter = e->u.apply.counter;
		memcpy(c->from, e->u.apply.from, sizeof(c->from));
		c->merged = true;
		trace_overlay(sim, n);
		sim_post(sim, EV_SIGNER, i, world_upto(sim, 20, 5000, 300));
	} else if (!same_overlay(sim, n, e)) {
		sim_fail(sim, "two overlays of %s have one version", n->identity);
	}
	if (sim_mishap(sim, MISHAP_APPLIED, i, 50))
		return;
	struct event *r = sim_post(sim, EV_APPLIED, i, rng_range(&sim->rng, 1, 50));
	r->u.apply.epoch = e->u.apply.epoch;
	r->u.apply.counter = e->u.apply.counter;
	r->u.apply.rcode = rcode;
}
