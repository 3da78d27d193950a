/*
 * What is published, record by record: whose it is and that its provider said so (S8), that no CDS
 * deletes and none are missing (S4), that each version has a larger serial (S10), and that it has
 * what the agent told combinerd (S11). Here is remembered what everybody ever said; nothing of it
 * gets back to an agent.
 */
#include "libmsig/option.h"
#include "tests/sim/world_int.h"

/* Those of the sets that a statement, or a provider's part of an overlay, is made of. */
struct records {
	struct rset dnskey, cds, cdnskey, ns;
};

static struct records
of_contribution(const struct view_contribution *c)
{
	return (struct records){c->dnskey, c->cds, c->cdnskey, c->ns};
}

static bool
deletes(const struct sim *sim, struct rset set)
{
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		if (sim->pool.at[i].alg == 0)
			return true;
	return false;
}

/* Does every one of them stand for one of the keys? */
static bool
of_keys(const struct sim *sim, struct rset set, struct rset keys)
{
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		if (!rset_meets(sim->pool.at[i].match, keys))
			return false;
	return true;
}

/* Its signer's keys, references to them, and its own servers; NULL: all of it is. */
static const char *
not_own(const struct sim *sim, const struct node *n, const struct records *r)
{
	struct rset ns = RSET_NONE;

	rset_add(&ns, n->ns);
	return !rset_within(r->dnskey, n->ever)     ? "DNSKEY"
	       : !of_keys(sim, r->cds, n->ever)     ? "CDS"
	       : !of_keys(sim, r->cdnskey, n->ever) ? "CDNSKEY"
	       : !rset_within(r->ns, ns)            ? "NS"
						    : NULL;
}

/* What its agent never stated. CDS of keys that it did state others can make themselves: they do
 * while an algorithm comes, so that those of all change at once. */
static const char *
not_stated(const struct sim *sim, const struct node *n, const struct records *r)
{
	return !rset_within(r->dnskey, n->stated[VIEW_DNSKEY]) ? "DNSKEY"
	       : !of_keys(sim, rset_minus(r->cds, n->stated[VIEW_CDS]), n->stated[VIEW_DNSKEY])
		   ? "CDS"
	       : !of_keys(sim, rset_minus(r->cdnskey, n->stated[VIEW_CDNSKEY]),
			  n->stated[VIEW_DNSKEY])
		   ? "CDNSKEY"
	       : !rset_within(r->ns, n->stated[VIEW_NS]) ? "NS"
							 : NULL;
}

static void
note_stated(struct node *n, const struct records *r)
{
	n->stated[VIEW_DNSKEY] = rset_or(n->stated[VIEW_DNSKEY], r->dnskey);
	n->stated[VIEW_CDS] = rset_or(n->stated[VIEW_CDS], r->cds);
	n->stated[VIEW_CDNSKEY] = rset_or(n->stated[VIEW_CDNSKEY], r->cdnskey);
	n->stated[VIEW_NS] = rset_or(n->stated[VIEW_NS], r->ns);
}

void
oracle_begin(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];

	for (int p = 0; p < sim->nodes; p++) {
		struct records r = of_contribution(&n->combiner.from[p]);
		note_stated(&sim->node[p], &r);
		n->taken[p] = n->combiner.from[p];
	}
}

void
oracle_statement(struct sim *sim, struct node *n, const struct view_statement *st)
{
	struct records r = {st->dnskey, st->cds, st->cdnskey, st->ns};
	const char *what = not_own(sim, n, &r);

	if (deletes(sim, st->cds) || deletes(sim, st->cdnskey))
		sim_fail(sim, "S4: %s states a CDS that deletes", n->identity);
	if (what != NULL)
		sim_fail(sim, "S8: %s states %s that are none of its own", n->identity, what);
	note_stated(n, &r);
}

void
oracle_overlay(struct sim *sim, int i, const struct view_contribution from[NODES])
{
	struct node *n = &sim->node[i];

	for (int p = 0; p < sim->nodes; p++) {
		struct records r = of_contribution(&from[p]);
		const char *what =
		    p == i ? not_own(sim, n, &r) : not_stated(sim, &sim->node[p], &r);

		if (deletes(sim, r.cds) || deletes(sim, r.cdnskey))
			sim_fail(sim, "S4: an overlay of %s has a CDS that deletes", n->identity);
		if (what == NULL && p != i && !rset_empty(from[p].csync))
			what = "CSYNC";
		if (what != NULL)
			sim_fail(sim, "S8: an overlay of %s has %s of %s that it never stated",
				 n->identity, what, sim->node[p].identity);
		n->taken[p] = from[p];
	}
}

/* Is it one of several signers, by what every server of the parent shows, and asked for its CDS?
 * What combinerd holds of somebody who has stated nothing, as far as its database knows, says
 * nothing. */
static bool
asked_with_others(const struct sim *sim, const struct node *n)
{
	struct rset keys = world_keys_of_ds(sim);
	bool named = rset_has(&sim->parent.ns, n->ns) && &sim->node[n->feed] == n;
	bool others = rset_meets(keys, n->ever) && !rset_within(keys, n->ever);

	for (int k = 0; k < sim->parent.servers && others; k++) {
		const struct zone_version *v = sim->parent.server[k].now;
		others = v != NULL &&
			 !rset_within(rpool_keys(&sim->pool, v->type[VIEW_DS].set), n->ever);
	}
	return named && others && !n->blind;
}

static void
no_gap(struct sim *sim, struct node *n, const struct zone_version *v)
{
	static const enum view_type types[] = {VIEW_CDS, VIEW_CDNSKEY};

	if (n->signer != NULL && rset_empty(n->signer->type[VIEW_CDS].set))
		n->blind = false; /* from now on they are shown for those whom it knows */

	for (int k = 0; k < 2; k++) {
		enum view_type t = types[k];
		if (deletes(sim, v->type[t].set))
			sim_fail(sim, "S4: %s at the signer of %s deletes", view_type_name(t),
				 n->identity);
		if (n->signer != NULL && !rset_empty(n->signer->type[t].set) &&
		    rset_empty(v->type[t].set) && asked_with_others(sim, n))
			sim_fail(sim, "S4: no %s any more at the signer of %s", view_type_name(t),
				 n->identity);
	}
}

static void
combined(struct sim *sim, const struct node *n, const struct zone_version *v)
{
	struct rset ns = RSET_NONE, keys = RSET_NONE;
	bool all = true;

	for (int p = 0; p < sim->nodes; p++) {
		const struct view_contribution *c = &n->taken[p];
		keys = rset_or(keys, c->dnskey);
		ns = rset_or(ns, c->ns);
		all &= rset_within(c->cds, v->type[VIEW_CDS].set) &&
		       rset_within(c->cdnskey, v->type[VIEW_CDNSKEY].set) &&
		       rset_within(c->csync, v->type[VIEW_CSYNC].set);
	}
	all &= rset_within(world_shown(sim, keys, n), v->type[VIEW_DNSKEY].set);
	all &= rset_empty(ns) || rset_equal(ns, v->type[VIEW_NS].set);
	if (!all)
		sim_fail(sim, "S11: the signer of %s has a zone without what combinerd was told",
			 n->identity);
}

/* Before the signer does anything wrong of its own accord. */
void
oracle_version(struct sim *sim, struct node *n, const struct zone_version *v)
{
	combined(sim, n, v);
	no_gap(sim, n, v);
}

/* As secondaries compare them (RFC 1982). */
void
oracle_serial(struct sim *sim, struct node *n, uint32_t serial)
{
	if (n->emitted && (int32_t)(serial - n->last_serial) <= 0)
		sim_fail(sim, "S10: the zone of %s goes from serial %u to %u", n->identity,
			 n->last_serial, serial);
	n->last_serial = serial;
	n->emitted = true;
}
