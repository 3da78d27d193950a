/*
 * The combiners: they hold what the agents tell them, and give every version of the zone a serial,
 * by combinerd's own rule.
 */
#include <stdio.h>
#include <string.h>

#include "combinerd/serial.h"
#include "tests/sim/mutations.h"
#include "tests/sim/world_int.h"

#define EPOCH 1900000000 /* UTC seconds, when the virtual clock begins */

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
world_combiner_emit(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	struct combiner *c = &n->combiner;

	c->serial = serial_next((enum serial_mode)c->mode, n->owner.serial, c->has_serial,
				c->serial, (uint64_t)(EPOCH + sim_local(sim, n) / SECOND));
	c->has_serial = true;
	oracle_serial(sim, n, c->serial);
}

/* What was on its disk is there again. */
void
world_combiner_restart(struct sim *sim, int i)
{
	struct combiner *c = &sim->node[i].combiner;

	if (WORLD_FAULT(SERIAL))
		c->has_serial = false;
	if (!WORLD_FAULT(BARE))
		return;
	memset(c->from, 0, sizeof(c->from));
	sim_post(sim, EV_SIGNER, i, 20);
}

/* One that is in the overlay and is not the agent's own, or -1. */
static int
other(const struct sim *sim, int i, const struct event *e)
{
	for (int p = 0; p < sim->nodes; p++)
		if (p != i && !rset_empty(e->u.apply.from[p].dnskey))
			return p;
	return -1;
}

/* What the fault on purpose makes of what the agent says. */
static void
spoil(struct sim *sim, int i, struct event *e)
{
	static const uint8_t cds[] = {0, 0, 0, 0, 0}, cdnskey[] = {0, 0, 3, 0, 0};
	int p = other(sim, i, e);

	if (p < 0)
		return;
	struct view_contribution *c = &e->u.apply.from[p];
	if (WORLD_FAULT(CDS_DELETE)) {
		rset_add(&c->cds, rpool_get(&sim->pool, 59, cds, sizeof(cds)));
		rset_add(&c->cdnskey, rpool_get(&sim->pool, 60, cdnskey, sizeof(cdnskey)));
	}
	if (WORLD_FAULT(STRANGER))
		c->dnskey = rset_or(c->dnskey, world_published(&sim->node[i]));
	if (WORLD_FAULT(NAMER))
		rset_add(&c->ns, sim->node[i].ns);
	for (p = 0; p < sim->nodes && WORLD_FAULT(CDS_GONE); p++)
		e->u.apply.from[p].cds = e->u.apply.from[p].cdnskey = RSET_NONE;
}

void
world_combiner_apply(struct sim *sim, int i, struct event *e)
{
	struct node *n = &sim->node[i];
	struct combiner *c = &n->combiner;
	uint16_t rcode = 0;

	spoil(sim, i, e);

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
		oracle_overlay(sim, i, c->from);
		world_combiner_emit(sim, i);
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
