/*
 * Which DS of ds-keep a parent that acts on CDS would take out. See ds_keep.h.
 */
#include "agentd/agree.h"
#include "agentd/condition_int.h"
#include "agentd/ds_keep.h"

/* What CDS say of those who stay. A key that is to go with a rollover is named until then: its
 * entry is to leave ds-keep once CDS name it. */
static struct rset
stated_cds(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	uint32_t actors = agree_actors(view);
	struct rset cds = RSET_NONE;

	if (run->kind == MSIG_PROCESS_REMOVE)
		actors &= ~BIT(run->subject);
	for (int i = 0; i < view->d.providers; i++)
		if ((actors & BIT(i)) != 0)
			cds = rset_or(cds, view->d.provider[i].statement.cds);
	return cds;
}

/* By its key, or by the same data where nobody knows the key. */
static bool
named(const struct rpool *pool, int ds, struct rset cds, struct rset keys)
{
	const struct rr *rr = &pool->at[ds];
	int same = rpool_find(pool, view_rrtype(VIEW_CDS), rr->rdata->data, rr->rdata->len);

	return rset_meets(rr->match, keys) || (same >= 0 && rset_has(&cds, same));
}

struct rset
ds_keep_lost(const struct zone_view *view, struct rset ds)
{
	struct rset kept = rset_and(view->config.ds_keep, ds), lost = RSET_NONE;

	if (rset_empty(kept) || view->config.cds_ignored)
		return RSET_NONE;
	struct rset cds = stated_cds(view), keys = rpool_keys(&view->d.pool, cds);
	for (int i = rset_next(&kept, 0); i >= 0; i = rset_next(&kept, i + 1))
		if (!named(&view->d.pool, i, cds, keys))
			rset_add(&lost, i);
	return lost;
}

bool
ds_keep_loses(const struct zone_view *view)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		if (v != NULL && !rset_empty(ds_keep_lost(view, v->set)))
			return true;
	}
	return false;
}

static bool
loses_none(struct check *c, const struct view_place *p)
{
	struct rset lost = ds_keep_lost(c->view, view_current(p, VIEW_DS)->set);

	if (rset_empty(lost))
		return true;
	check_no(c, REASON_BLOCKED, REASON_OF_DS, p->server, "CDS that name every DS of ds-keep",
		 "none for the one with tag %u: a scan takes it out",
		 c->view->d.pool.at[rset_next(&lost, 0)].tag);
	check_todo(c, "have CDS name its key; or have the registrar remove that DS, and take it "
		      "out of ds-keep; or, if the parent does not act on CDS, parent-cds: off");
	return false;
}

bool
check_ds_kept(struct check *c)
{
	const struct view_config *config = &c->view->config;

	/* Where nothing can be lost it does not matter what the parent has. */
	return rset_empty(config->ds_keep) || config->cds_ignored ||
	       check_parents(c, VIEW_DS, loses_none);
}
