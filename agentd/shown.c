/*
 * What is seen of a provider. See shown.h.
 */
#include "agentd/agree.h"
#include "agentd/decide_int.h"
#include "agentd/process.h"
#include "agentd/shown.h"

/* Its records without those that others state too: what may be somebody else's proves nothing. */
static void
of_nobody_else(const struct zone_view *view, int provider, struct rset *keys, struct rset *names)
{
	*keys = view->d.provider[provider].statement.dnskey;
	*names = view->d.provider[provider].statement.ns;
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_statement *other = &view->d.provider[i].statement;
		if (i == provider || !view->d.provider[i].used || !other->known)
			continue;
		*keys = rset_minus(*keys, other->dnskey);
		*names = rset_minus(*names, other->ns);
	}
}

int
shown_delegated(const struct zone_view *view, int provider)
{
	const struct view_statement *st = &view->d.provider[provider].statement;
	struct rset keys, names;
	int in = 0, out = 0, blind = 0;

	of_nobody_else(view, provider, &keys, &names);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		if (p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN)
			return -1;
		const struct view_version *ds = view_current(p, VIEW_DS);
		const struct view_version *ns = view_current(p, VIEW_NS);
		if (ds == NULL || ns == NULL)
			return -1;
		bool signs = !rset_empty(st->dnskey);
		if ((signs && !rset_meets(rpool_keys(&view->d.pool, ds->set), keys)) ||
		    (view_delegates(view, p) && !rset_meets(ns->set, names)))
			out++;
		else if (view_delegates(view, p))
			in++;
		else if (signs)
			blind++; /* that it has the DS does not say that it names anybody */
	}
	if (in == 0 && out == 0)
		in = blind;
	return !view->parent_known || (in == 0) == (out == 0) ? -1 : in != 0;
}

bool
shown_ds(const struct zone_view *view, int provider)
{
	struct rset keys, names;
	bool any = false;

	of_nobody_else(view, provider, &keys, &names);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		const struct view_version *v = view_current(p, VIEW_DS);
		if (v == NULL || p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    !rset_meets(rpool_keys(&view->d.pool, v->set), keys))
			return false;
		any = true;
	}
	return any;
}

uint8_t
shown_maybe(const struct zone_view *view, int provider)
{
	struct rset keys = view->d.provider[provider].statement.dnskey;
	struct rset names = process_own_ns(view, provider);
	uint8_t has = 0;
	int parents = 0;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || q->kind != PLACE_PARENT)
			continue;
		const struct view_version *ds = view_current(q, VIEW_DS);
		const struct view_version *ns = view_current(q, VIEW_NS);
		if (ds == NULL || q->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    rset_meets(rpool_keys(&view->d.pool, ds->set), keys))
			has |= HAS_KEYS | HAS_CDS;
		if (ns == NULL || q->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    (view_delegates(view, q) && rset_meets(ns->set, names)))
			has |= HAS_NS;
		parents++;
	}
	return parents > 0 && view->parent_known ? has : HAS_ALL;
}

bool
shown_named(const struct zone_view *view, int provider)
{
	int parents = 0;

	if (!view->parent_known)
		return false;
	struct rset names = process_own_ns(view, provider);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || !view_delegates(view, q))
			continue;
		const struct view_version *v = view_current(q, VIEW_NS);
		if (v == NULL || q->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    !rset_meets(v->set, names))
			return false;
		parents++;
	}
	return parents > 0;
}

int
shown_by(const struct zone_view *view, int provider, enum view_type type, struct rset set,
	 int64_t since)
{
	int in = 0, out = 0;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || q->kind != PLACE_SERVER ||
		    view_place_provider(view, q) != provider)
			continue;
		const struct view_version *v = view_current(q, type);
		if (v == NULL || q->history[type].status == MSIG_SEEN_UNKNOWN ||
		    q->history[type].time < since)
			return -1;
		in += rset_within(set, v->set);
		out += !rset_meets(set, v->set);
	}
	return rset_empty(set) || (in == 0) == (out == 0) ? -1 : in != 0;
}

bool
shown_by_all(const struct zone_view *view, uint32_t providers, enum view_type type, struct rset set)
{
	for (int i = 1; i < view->d.providers; i++)
		if ((providers >> i & 1) != 0 && shown_by(view, i, type, set, 1) != 1)
			return false;
	return true;
}

bool
shown_by_none(const struct zone_view *view, uint32_t providers, enum view_type type,
	      struct rset set)
{
	for (int i = 1; i < view->d.providers; i++)
		if ((providers >> i & 1) != 0 && shown_by(view, i, type, set, 1) != 0)
			return false;
	return true;
}

/* Who votes on a leave: by HSYNC, or as they say. */
static uint32_t
voters_of(const struct zone_view *view)
{
	uint32_t voters = agree_electorate(view, MSIG_PROCESS_REMOVE);

	return voters != 0 ? voters : agree_say_members(view);
}

bool
shown_ns_by_voters(const struct zone_view *view, struct rset ns)
{
	uint32_t voters = voters_of(view);
	int servers = 0;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		int of = p == NULL || p->kind != PLACE_SERVER ? -1 : view_place_provider(view, p);
		if (of <= VIEW_SELF || (voters >> of & 1) == 0)
			continue;
		const struct view_version *v = view_current(p, VIEW_NS);
		if (v == NULL || p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    !rset_equal(v->set, ns))
			return false;
		servers++;
	}
	return servers > 0;
}

int
shown_by_voters(const struct zone_view *view, int provider)
{
	struct rset names = process_own_ns(view, provider);
	uint32_t voters = voters_of(view);
	int in = 0, out = 0;

	if (!view->d.agent_ns || rset_empty(names))
		return -1;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		int of = q == NULL || q->kind != PLACE_SERVER ? -1 : view_place_provider(view, q);
		if (of <= VIEW_SELF || (voters >> of & 1) == 0)
			continue;
		const struct view_version *v = view_current(q, VIEW_NS);
		if (v == NULL || q->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN) {
			if (view->d.provider[of].ready)
				return -1;
			continue; /* it is not there at all */
		}
		in += rset_within(names, v->set);
		out += !rset_meets(names, v->set);
	}
	return (in == 0) == (out == 0) ? -1 : in != 0;
}

bool
shown_dropped(const struct zone_view *view, int provider)
{
	const struct view_process *run = &view->d.process;

	return run->executed && run->requestor != VIEW_SELF && run->subject != provider &&
	       view->d.agent_ns &&
	       shown_by(view, run->requestor, VIEW_NS, process_own_ns(view, provider),
			run->started) == 0;
}

/* Do all servers of the parent name it, and have they said so lately? 0: one does not; -1: not
 * known. Where the delegation shows nowhere: 1. */
static int
delegated_to(const struct zone_view *view, const struct view_place *p, int64_t now)
{
	bool known = view->parent_known;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || !view_delegates(view, q))
			continue;
		const struct view_history *h = &q->history[VIEW_NS];
		const struct view_version *v = view_current(q, VIEW_NS);
		if (v == NULL ||
		    now - h->time > view->config.times.ask_slow + view->config.times.fresh)
			known = false;
		else if (!rset_meets(v->set, p->ns))
			return 0;
	}
	return known ? 1 : -1;
}

/* One server of another signer; what it serves may be a copy of somebody else's zone. */
static enum shown_witness
witness(const struct zone_view *view, const struct view_place *p, const struct rset *ours,
	int64_t now)
{
	int of = view_place_provider(view, p);
	const struct view_history *h = &p->history[VIEW_CDS];
	const struct view_version *keys = view_current(p, VIEW_DNSKEY);

	if (of <= VIEW_SELF || (view->d.provider[of].has & HAS_CDS) == 0 || p->named == 0 ||
	    (keys != NULL && !rset_empty(keys->signers) &&
	     !rset_meets(keys->signers, view->d.provider[of].statement.dnskey)))
		return WITNESS_UNNAMED;
	int delegated = delegated_to(view, p, now);
	if (delegated == 0)
		return WITNESS_UNDELEGATED;
	if (delegated < 0 || keys == NULL || rset_empty(keys->signers) ||
	    h->status != MSIG_SEEN_SET || now - h->time > view->config.times.fresh)
		return WITNESS_SILENT;
	struct rset named = rpool_keys(&view->d.pool, view_current(p, VIEW_CDS)->set);
	for (int i = 0; ours != NULL && i < 2; i++)
		if (rset_equal(named, ours[i]))
			return WITNESS_ALIKE;
	return WITNESS_HEARD;
}

enum shown_witness
shown_witness(const struct zone_view *view, const struct rset *ours, int64_t now)
{
	enum shown_witness best = WITNESS_ALONE;

	for (int i = 1; i < view->d.providers; i++)
		if (view->d.provider[i].used && (view->d.provider[i].has & HAS_CDS) != 0)
			best = WITNESS_UNNAMED;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		enum shown_witness w = p == NULL || p->kind != PLACE_SERVER
					   ? WITNESS_UNNAMED
					   : witness(view, p, ours, now);
		best = w > best ? w : best;
	}
	return best;
}
