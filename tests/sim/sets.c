/*
 * Records have numbers: of the pool of the world, and others in the view of each agent. Here one
 * becomes the other, for sets and for what is made of sets.
 */
#include "tests/sim/sim_int.h"

int
sets_id_to_view(struct sim *sim, struct node *n, int id)
{
	if (n->to_view[id] < 0) {
		const struct rr *rr = &sim->pool.at[id];
		int mine = rpool_get(&n->view->d.pool, rr->type, rr->rdata->data, rr->rdata->len);
		if (mine < 0) {
			sim_fail(sim, "the pool of a view is full");
			return 0;
		}
		n->to_view[id] = (int16_t)mine;
		n->from_view[mine] = (int16_t)id;
	}
	return n->to_view[id];
}

struct rset
sim_set_to_view(struct sim *sim, struct node *n, struct rset set)
{
	struct rset out = RSET_NONE;
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		rset_add(&out, sets_id_to_view(sim, n, i));
	return out;
}

struct rset
sim_set_from_view(struct sim *sim, struct node *n, struct rset set)
{
	struct rset out = RSET_NONE;
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1)) {
		if (n->from_view[i] < 0) {
			const struct rr *rr = &n->view->d.pool.at[i];
			int id = rpool_get(&sim->pool, rr->type, rr->rdata->data, rr->rdata->len);
			if (id < 0) {
				sim_fail(sim, "the pool of the world is full");
				return out;
			}
			n->from_view[i] = (int16_t)id;
			n->to_view[id] = (int16_t)i;
		}
		rset_add(&out, n->from_view[i]);
	}
	return out;
}

struct view_contribution
sets_contribution(struct sim *sim, struct node *n, const struct view_contribution *c)
{
	return (struct view_contribution){
	    .used = c->used,
	    .dnskey = sim_set_from_view(sim, n, c->dnskey),
	    .cds = sim_set_from_view(sim, n, c->cds),
	    .cdnskey = sim_set_from_view(sim, n, c->cdnskey),
	    .ns = sim_set_from_view(sim, n, c->ns),
	    .csync = sim_set_from_view(sim, n, c->csync),
	};
}

/* msa.pN.example. */
int
sets_global(const struct sim *sim, const struct node *n, int local)
{
	int i = n->view->d.provider[local].identity[5] - '1';
	return i >= 0 && i < sim->nodes ? i : -1;
}

int
sim_number_at(const struct sim *sim, const struct node *n, int global)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (n->view->d.provider[i].used && sets_global(sim, n, i) == global)
			return i;
	return -1;
}

void
sets_statement_out(struct sim *sim, struct node *n, struct view_statement *st)
{
	*st = n->view->d.provider[VIEW_SELF].statement;
	st->dnskey = sim_set_from_view(sim, n, st->dnskey);
	st->cds = sim_set_from_view(sim, n, st->cds);
	st->cdnskey = sim_set_from_view(sim, n, st->cdnskey);
	st->ns = sim_set_from_view(sim, n, st->ns);
}

void
sets_change_out(struct sim *sim, struct node *n, struct view_change *c)
{
	for (int t = 0; t < VIEW_APEX; t++) {
		c->add[t] = sim_set_from_view(sim, n, c->add[t]);
		c->del[t] = sim_set_from_view(sim, n, c->del[t]);
	}
}
