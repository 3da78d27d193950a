/*
 * Conditions of a leave: somebody remains, and the leaver's servers are gone.
 */
#include "agentd/agree.h"
#include "agentd/condition_int.h"

/* Do the parent's servers name any of these, as far as the delegation shows? */
static bool
anyone_named(const struct zone_view *view, uint32_t mask)
{
	bool seen = false;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || !view_delegates(view, p) ? NULL : view_current(p, VIEW_NS);
		if (v == NULL)
			continue;
		seen = true;
		for (int k = 0; k < view->d.providers; k++)
			if ((mask >> k & 1) != 0 && rset_meets(v->set, *view_names(view, k)))
				return true;
	}
	return !seen;
}

static struct rset
keys_of(const struct zone_view *view, uint32_t mask)
{
	struct rset keys = RSET_NONE;

	for (int k = 0; k < view->d.providers; k++)
		if ((mask >> k & 1) != 0)
			keys = rset_or(keys, view->d.provider[k].statement.dnskey);
	return keys;
}

/* Does a server that is named serve a zone that one of these signed: its own, or a copy? */
static bool
anyone_served(const struct zone_view *view, uint32_t mask)
{
	struct rset keys = keys_of(view, mask);

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v = p == NULL || p->kind != PLACE_SERVER || p->named == 0
						   ? NULL
						   : view_current(p, VIEW_SOA);
		if (v != NULL && p->history[VIEW_SOA].status == MSIG_SEEN_SET &&
		    rset_meets(v->signers, keys))
			return true;
	}
	return false;
}

/* Has a server of the parent DS, and none of these? */
static bool
none_has_ds(const struct zone_view *view, uint32_t mask)
{
	struct rset keys = keys_of(view, mask);

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		if (v != NULL && !rset_empty(v->set) &&
		    !rset_meets(rpool_keys(&view->d.pool, v->set), keys))
			return true;
	}
	return false;
}

/* What brings one of these into the delegation again? */
static const char *
names_one(const struct zone_view *view, uint32_t left)
{
	const struct view_version *zone = view_at_signer(view, VIEW_NS);
	bool named = view->d.agent_ns || zone == NULL;

	for (int k = 0; k < view->d.providers && !named; k++)
		named = (left >> k & 1) != 0 && rset_meets(zone->set, *view_names(view, k));
	return !named ? "the owner of the zone (NSMGMT=OWNER) adds the NS of a signer that remains"
	       : view->d.provider[view->d.process.subject].expelled
		   ? "whoever registered the zone has the parent take the NS of the zone, by hand"
		   : "the owner designates the one that leaves until another one is named";
}

bool
check_remains(struct check *c)
{
	const struct view_process *run = &c->view->d.process;
	uint32_t left = agree_members(c->view) & agree_voters(c->view) & ~BIT(run->subject);
	uint32_t members = agree_members(c->view);

	if (left != 0 && !anyone_named(c->view, left) && !anyone_served(c->view, left)) {
		check_no(c, REASON_BLOCKED, REASON_OF_NS, "",
			 "a signer that remains in the delegation", "none of them is named");
		check_todo(c, names_one(c->view, left));
		return false;
	}
	if (left != 0 && run->kind == MSIG_PROCESS_REMOVE && none_has_ds(c->view, left)) {
		check_no(c, REASON_BLOCKED, REASON_OF_DS, "",
			 "a signer that remains with DS at the parent", "none of them has any");
		check_todo(c,
			   c->view->d.provider[run->subject].expelled
			       ? "have the parent take the DS of a signer that remains, by hand; "
				 "or take the word back: msigctl force-remove --undo ZONE PROVIDER"
			       : "the owner designates the one that leaves until another one has "
				 "joined");
		return false;
	}
	if (left != 0 || (run->kind == MSIG_PROCESS_NS_REMOVE && members != 0))
		return true;
	check_no(c, REASON_BLOCKED, REASON_OF_HSYNC, "", "a signer that remains",
		 "the last one leaves");
	check_todo(c, "designate another signer first, and let it join");
	return false;
}

static bool
ask_for_copies(struct check *c, const struct view_place *p, const char *seen)
{
	check_no(c, REASON_BLOCKED, REASON_OF_SIGNATURE, p->server,
		 "a copy of the zone that a remaining signer signed", "%s", seen);
	check_todo(c, "feed the name servers of that provider from a remaining signer");
	return false;
}

/* One server of the leaver: silent, or nobody who asks it learns of it. */
static bool
gone_server(struct check *c, const struct view_place *p)
{
	const struct view_process *run = &c->view->d.process;
	const struct view_history *ns = &p->history[VIEW_NS], *soa = &p->history[VIEW_SOA];
	const struct view_version *v = view_current(p, VIEW_NS);

	if (check_silent(c, ns) && check_silent(c, soa))
		return true;
	if (!check_fresh(c, ns) || v == NULL)
		return check_no(c, REASON_PEER, REASON_OF_SERVER, p->server, "an answer, or none",
				"not asked lately");
	if (run->stays) {
		struct rset own = c->view->d.provider[run->subject].statement.dnskey;
		const struct view_version *k = view_current(p, VIEW_DNSKEY);
		const struct view_version *s = view_current(p, VIEW_SOA);
		if (k != NULL && s != NULL && check_copy(c, p, run->subject) &&
		    !rset_meets(s->signers, own))
			return true;
		return ask_for_copies(c, p, "its own signatures");
	}
	if (!rset_meets(v->set, process_own_ns(c->view, run->subject)))
		return true;
	check_no(c, REASON_BLOCKED, REASON_OF_SERVER, p->server,
		 "the leaver's server silent, or without itself in its NS",
		 "it answers and names itself");
	check_todo(c,
		   "have that server stopped for the zone: resolvers that ask it never leave it");
	return false;
}

/* A server of another one that shows what the leaver signed, and nobody else: whoever asks it has
 * the keys of the leaver only. One that is silent shows nothing; one lost answer is not that. */
static bool
fed_by_leaver(struct check *c, const struct view_place *p, int provider)
{
	const struct view_process *run = &c->view->d.process;
	const struct view_version *v = view_current(p, VIEW_DNSKEY);
	bool goes = provider >= 0 && ((c->view->listed | c->view->designated) >> provider & 1) == 0;

	if (check_silent(c, &p->history[VIEW_DNSKEY]) || v == NULL ||
	    !check_signed_by(c, v, run->subject))
		return false;
	for (int i = 0; i < c->view->d.providers; i++)
		if (i != run->subject && check_signed_by(c, v, i))
			return false;
	(void)ask_for_copies(c, p, "one that the leaver signed");
	if (goes)
		check_todo(c, "feed the name servers of that provider from a remaining signer, or "
			      "have them stopped for the zone: it is to leave as well");
	return true;
}

bool
check_gone(struct check *c)
{
	const struct view_process *run = &c->view->d.process;

	for (int i = 0; i < c->view->d.places; i++) {
		const struct view_place *p = c->view->d.place[i];
		int of = p == NULL || p->kind != PLACE_SERVER ? run->subject
							      : view_place_provider(c->view, p);
		if (of != run->subject && p->named != 0 && fed_by_leaver(c, p, of))
			return false;
	}
	for (int i = 0; i < c->view->d.places; i++) {
		const struct view_place *p = c->view->d.place[i];
		if (p != NULL && p->kind == PLACE_SERVER &&
		    view_place_provider(c->view, p) == run->subject && !gone_server(c, p))
			return false;
	}
	return true;
}
