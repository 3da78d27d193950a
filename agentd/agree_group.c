/*
 * Who belongs to the group, who votes, and whose turn it is. It looks at the view and changes
 * nothing.
 */
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/elect.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/roll.h"
#include "agentd/shown.h"

static const struct view_hsync_entry *
entry_of(const struct zone_view *view, int provider)
{
	return view_hsync_of(&view->d.hsync, view->d.provider[provider].identity);
}

static uint32_t
say_members(const struct zone_view *view, uint32_t designated)
{
	uint32_t mask = 0;

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (!p->used || (designated & BIT(i)) == 0)
			continue;
		if (p->member)
			return 0;
		if (p->ready && !p->stale && p->statement.known &&
		    (p->statement.standing & MSIG_STANDING_MEMBER) != 0)
			mask |= BIT(i);
	}
	return mask & ~BIT(VIEW_SELF);
}

bool
agree_nobody_in(const struct zone_view *view, uint32_t designated)
{
	return designated != 0 && (agree_members(view) & designated) == 0 &&
	       say_members(view, designated) == 0;
}

/* In one change the owner may say who goes and who comes. As long as nobody who is to sign is in,
 * or says so, whoever is in stays, so that the zone always has a signer: the join comes first, then
 * the leave.
 */
static uint32_t
staying(const struct zone_view *view, uint32_t designated, uint32_t named)
{
	return agree_nobody_in(view, designated) ? agree_members(view) & named : 0;
}

/* Who is to sign, and who is to be there at all. Whom an operator took out is neither. */
static void
instructed(const struct zone_view *view, uint32_t *designated, uint32_t *listed)
{
	uint32_t named = 0, stay;

	*designated = *listed = 0;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		const struct view_hsync_entry *e =
		    p->used && !p->expelled ? entry_of(view, i) : NULL;
		if (e == NULL)
			continue;
		named |= BIT(i);
		*listed |= e->on ? BIT(i) : 0;
		*designated |= e->on && e->sign ? BIT(i) : 0;
	}
	stay = staying(view, *designated, named);
	*designated |= stay;
	*listed |= stay;
}

void
agree_match(struct zone_view *view)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_hsync_entry *e =
		    view->d.provider[i].used ? entry_of(view, i) : NULL;
		view->entry[i] = e != NULL ? (int8_t)(e - view->d.hsync.entry) : -1;
	}
	instructed(view, &view->designated, &view->listed);
}

uint32_t
agree_designated(const struct zone_view *view)
{
	uint32_t designated, listed;

	instructed(view, &designated, &listed);
	return designated;
}

uint32_t
agree_listed(const struct zone_view *view)
{
	uint32_t designated, listed;

	instructed(view, &designated, &listed);
	return listed;
}

bool
agree_to_sign(const struct zone_view *view, int provider)
{
	const struct view_hsync_entry *e = entry_of(view, provider);
	return e != NULL && e->on && e->sign && !view->d.provider[provider].expelled;
}

bool
agree_outgoing(const struct zone_view *view)
{
	const struct view_hsync *h = &view->d.pending;
	const struct view_hsync_entry *e = view_hsync_of(h, view->d.provider[VIEW_SELF].identity);

	return e != NULL ? !e->on || !e->sign : h->count != 0;
}

/* Its name servers are to be named, though it does not sign. */
bool
agree_serves_only(const struct zone_view *view, int provider)
{
	const struct view_hsync_entry *e = entry_of(view, provider);
	return e != NULL && e->on && !e->sign && !view->d.provider[provider].expelled &&
	       (view->designated & BIT(provider)) == 0;
}

/* Who has all of it in the zone takes part in what the group does, though its join has to go on. */
static uint32_t
whole(const struct zone_view *view)
{
	uint32_t mask = agree_members(view);
	for (int i = 0; i < view->d.providers; i++)
		if (view->d.provider[i].used && view->d.provider[i].has == HAS_ALL)
			mask |= BIT(i);
	return mask;
}

/* Who would vote on a process. A joiner is heard by everybody who is to be in the group; what the
 * members do with their keys and servers is theirs. */
uint32_t
agree_electorate(const struct zone_view *view, uint8_t kind)
{
	uint32_t mask = view->designated;
	return kind == MSIG_PROCESS_ADD ? mask : mask & whole(view);
}

uint32_t
agree_say_members(const struct zone_view *view)
{
	return say_members(view, view->designated);
}

/* Who joins the zone in the middle of a process has no part in it. */
uint32_t
agree_voters(const struct zone_view *view)
{
	uint32_t mask = view->designated;
	return view->d.process.kind != 0 ? mask & view->d.process.voters : mask;
}

/* Signers of which something is in the zone and that nobody designates any more. */
uint32_t
agree_leaving(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (p->used && (p->member || (p->has & (HAS_KEYS | HAS_CDS)) != 0) &&
		    (view->designated & BIT(i)) == 0)
			mask |= BIT(i);
	}
	return mask;
}

bool
agree_dead_first(const struct zone_view *view, int provider)
{
	uint32_t leaving = agree_leaving(view) & ~BIT(VIEW_SELF) & ~BIT(provider);

	for (int i = 1; i < view->d.providers && view->d.provider[provider].ready; i++)
		if ((leaving >> i & 1) != 0 && !view->d.provider[i].ready)
			return true;
	return false;
}

/* Of which keys or CDS are in the zone, whatever it is to become. */
uint32_t
agree_partly(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < view->d.providers; i++)
		if (view->d.provider[i].used &&
		    (view->d.provider[i].has & (HAS_KEYS | HAS_CDS)) != 0)
			mask |= BIT(i);
	return mask;
}

/* Not in the group, with something of it in the zone, and to be in the group. */
static bool
half_in(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];
	return p->used && !p->member && (p->has & (HAS_KEYS | HAS_CDS)) != 0 &&
	       (view->designated & BIT(provider)) != 0;
}

/* Does the parent name its servers? */
bool
agree_at_parent(const struct zone_view *view, int provider)
{
	bool any = false;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !view_delegates(view, p))
			continue;
		const struct view_version *v = view_current(p, VIEW_NS);
		if (v == NULL || !rset_within(view->d.provider[provider].statement.ns, v->set))
			return false;
		any = true;
	}
	return any;
}

bool
agree_unfinished_ns(const struct zone_view *view, int provider)
{
	const struct view_ended *e = &view->d.ended;

	bool ended = !e->completed && e->subject == provider &&
		     (e->kind == MSIG_PROCESS_NS_ADD || e->kind == MSIG_PROCESS_NS_REMOVE);

	return view->d.provider[VIEW_SELF].member && view_hidden(view) &&
	       (ended || view->d.provider[provider].unsure);
}

bool
agree_same_algorithms(const struct zone_view *view, int a, int b)
{
	struct algorithms one =
	    rpool_algorithms(&view->d.pool, view->d.provider[a].statement.dnskey);
	struct algorithms two =
	    rpool_algorithms(&view->d.pool, view->d.provider[b].statement.dnskey);

	return algorithms_within(one, two) && algorithms_within(two, one);
}

/* A join that was interrupted is known to some and not to others: it goes first, so that all agree
 * again on what is in; of several the one of the lowest identity. Returns who goes before this
 * provider, or -1. A join cannot go on where the algorithms of the two are others; what mends that
 * does not wait for it. */
static int
interrupted(const struct zone_view *view, int but, bool mends)
{
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (i == but)
			continue;
		if (half_in(view, i) && !(mends && !agree_same_algorithms(view, but, i)) &&
		    (!half_in(view, but) ||
		     strcmp(p->identity, view->d.provider[but].identity) < 0))
			return i;
		if (p->used && p->has == HAS_NS && agree_serves_only(view, i) &&
		    !agree_at_parent(view, i))
			return i;
	}
	return -1;
}

/* Named without signing, and not to be any more. What they serve may be old for good, so that
 * caches never forget what a process waits for. */
uint32_t
agree_unwanted(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < view->d.providers; i++)
		if (view->d.provider[i].used && view->d.provider[i].has == HAS_NS &&
		    !agree_serves_only(view, i) && (view->designated & BIT(i)) == 0)
			mask |= BIT(i);
	return mask;
}

/* Is something else to be done before a process of this kind about this provider? *who: whose turn
 * it is, or -1. NULL: no. */
const char *
agree_goes_before(const struct zone_view *view, uint8_t kind, int subject, int *who)
{
	*who = -1;
	if (kind == MSIG_PROCESS_REMOVE)
		return NULL;
	if (agree_leaving(view) != 0)
		return "a member is to leave first";
	if (kind == MSIG_PROCESS_NS_REMOVE)
		return NULL;
	if ((agree_unwanted(view) & ~BIT(subject)) != 0)
		return "name servers are to go first";
	/* Who is half in acts along, and has to show the same NS as the others before it goes on.
	 */
	if (kind == MSIG_PROCESS_NS_ADD)
		return NULL;
	/* Its servers may show copies already, which its own keys do not sign. */
	if ((kind == MSIG_PROCESS_ZSK || kind == MSIG_PROCESS_KSK) && !agree_to_sign(view, subject))
		return "a signer that is ON is to join first";
	*who = interrupted(view, subject, kind == MSIG_PROCESS_ALGORITHM);
	return *who >= 0 ? "a join that was interrupted goes first" : NULL;
}

bool
agree_has_turn(const struct zone_view *view, uint8_t kind, int subject)
{
	int who;

	return agree_goes_before(view, kind, subject, &who) == NULL &&
	       agree_key_first(view, kind, subject, 0) == NULL;
}

struct view_order
agree_next_order(const struct zone_view *view)
{
	const struct view_order *order = view->d.order;
	bool unfinished = roll_unfinished(view) == MSIG_PROCESS_ALGORITHM;
	int best = -1, rank = 0;

	for (int k = 0; k < VIEW_ORDERS; k++) {
		if (order[k].process == 0)
			continue;
		int its = unfinished && order[k].process == MSIG_PROCESS_ALGORITHM ? 3
			  : agree_has_turn(view, order[k].process, VIEW_SELF)      ? 2
										   : 1;
		if (its > rank) {
			best = k;
			rank = its;
		}
	}
	return best >= 0 ? order[best] : (struct view_order){0};
}

/* Who of the members speaks for the group: the lowest identity among those that are there. */
int
agree_speaker(const struct zone_view *view)
{
	uint32_t members = agree_members(view) & view->designated;
	int best = -1;
	if (lead_mode(view))
		return elect_leader(view);
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if ((members & BIT(i)) == 0 || (i != VIEW_SELF && !p->ready))
			continue;
		if (best < 0 || strcmp(p->identity, view->d.provider[best].identity) < 0)
			best = i;
	}
	return best;
}

uint32_t
agree_members(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < view->d.providers; i++)
		if (view->d.provider[i].used && view->d.provider[i].member)
			mask |= BIT(i);
	return mask;
}

uint32_t
agree_actors(const struct zone_view *view)
{
	uint32_t mask = whole(view);
	if (view->d.process.kind != 0) {
		/* A member that is to leave as well acts along, but nobody waits for it. */
		mask &= view->designated | BIT(VIEW_SELF);
		mask |= BIT(view->d.process.subject);
	}
	return mask;
}

bool
agree_concerns(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];

	return p->used && (p->member || p->has != 0 || (view->designated & BIT(provider)) != 0);
}

static struct rset
stated_keys(const struct zone_view *view)
{
	struct rset all = RSET_NONE;

	for (int i = 0; i < view->d.providers; i++)
		if (agree_concerns(view, i))
			all = rset_or(all, view->d.provider[i].statement.dnskey);
	return all;
}

/* Of two keys whose tags clash, the first in a set; or -1. */
static int
clash_in(const struct zone_view *view, struct rset some, int *other)
{
	const struct rpool *pool = &view->d.pool;
	struct rset all = stated_keys(view);

	for (int i = rset_next(&some, 0); i >= 0; i = rset_next(&some, i + 1))
		for (int j = rset_next(&all, 0); j >= 0; j = rset_next(&all, j + 1))
			if (i != j && rr_tags_clash(&pool->at[i], &pool->at[j])) {
				*other = j;
				return i;
			}
	return -1;
}

int
agree_keytag_collision(const struct zone_view *view, int *other)
{
	return clash_in(view, stated_keys(view), other);
}

/* Of the keys of these providers (bit each) those that a rollover may have brought as yet: SEP keys
 * that their CDS do not name, ZSKs that nobody saw sign. */
static struct rset
unused_keys(const struct zone_view *view, uint32_t providers)
{
	const struct rpool *pool = &view->d.pool;
	struct rset keys = RSET_NONE, named = RSET_NONE;

	for (int i = 0; i < view->d.providers; i++) {
		if ((providers & BIT(i)) == 0)
			continue;
		keys = rset_or(keys, view->d.provider[i].statement.dnskey);
		named = rset_or(named, rpool_keys(pool, view->d.provider[i].statement.cds));
	}
	struct rset zsk = rset_minus(keys, pool->sep);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind == PLACE_PARENT ? NULL : view_current(p, VIEW_SOA);
		if (v != NULL)
			zsk = rset_minus(zsk, v->signers);
	}
	return rset_or(rset_minus(rset_and(keys, pool->sep), named), zsk);
}

/* The members at which a key is shown, once it is: a KSK may be its owner's affair alone. */
static uint32_t
shown_at(const struct zone_view *view, int key)
{
	uint32_t members = agree_members(view), owners = 0;

	for (int i = 0; i < view->d.providers; i++)
		if (rset_has(&view->d.provider[i].statement.dnskey, key))
			owners |= members & BIT(i);
	bool home = view->d.share == MSIG_SHARE_ZSK && rset_has(&view->d.pool.sep, key);
	return home && owners != 0 ? owners : members;
}

static bool
all_show(const struct zone_view *view, int key)
{
	uint32_t members = shown_at(view, key);
	const struct view_version *own = view_at_signer(view, VIEW_DNSKEY);
	struct rset one = RSET_NONE;

	rset_add(&one, key);
	if ((members & BIT(VIEW_SELF)) != 0 && (own == NULL || !rset_has(&own->set, key)))
		return false;
	return shown_by_all(view, members, VIEW_DNSKEY, one);
}

/* The same, less what shows already wherever it will: that clash is there, whatever begins now. */
static int
clash_to_come(const struct zone_view *view, struct rset some, int *other)
{
	struct rset shown = RSET_NONE;

	if (clash_in(view, some, other) < 0)
		return -1;
	for (int i = rset_next(&some, 0); i >= 0; i = rset_next(&some, i + 1))
		if (all_show(view, i))
			rset_add(&shown, i);
	return clash_in(view, rset_minus(some, shown), other);
}

int
agree_keytag_barrier(const struct zone_view *view, uint8_t kind, int subject, uint8_t algorithm,
		     int *other)
{
	switch (kind) {
	case MSIG_PROCESS_REMOVE:
	case MSIG_PROCESS_NS_REMOVE:
		return -1;
	case MSIG_PROCESS_ZSK:
	case MSIG_PROCESS_KSK:
		return clash_to_come(view, unused_keys(view, BIT(subject)), other);
	case MSIG_PROCESS_ALGORITHM: /* it may go on from what an earlier one has brought */
		return clash_to_come(view,
				     rpool_of_algorithm(&view->d.pool,
							unused_keys(view, agree_members(view)),
							algorithm),
				     other);
	default:
		return clash_to_come(view, stated_keys(view), other);
	}
}

/* Everybody is there, in the same view of HSYNC. Returns the first who is not, or -1. */
int
agree_missing(const struct zone_view *view, uint32_t voters)
{
	for (int i = 1; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if ((voters & BIT(i)) == 0)
			continue;
		/* It says that it is a member, and the delegation was not seen to agree yet. */
		bool claims = !p->member && p->statement.process == 0 && p->statement.step == 7;
		if (!p->ready || !p->statement.known || claims ||
		    (!MUTANT(HSYNC) && memcmp(p->statement.hsync, view->d.hsync.digest, 32) != 0))
			return i;
	}
	return -1;
}

/* Is every DS at the parent of a provider of which something is known to be in? Somebody who starts
 * anew may not have heard of all members yet. Who states nothing any more stated what is held of
 * it. */
bool
agree_all_known(const struct zone_view *view)
{
	struct rset keys = RSET_NONE;

	for (int i = 0; i < view->d.providers; i++)
		if (view->d.provider[i].used && view->d.provider[i].has != 0)
			keys = rset_or(keys, rset_or(view->d.provider[i].statement.dnskey,
						     view->d.want.from[i].dnskey));
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if ((view->designated & BIT(i)) == 0 || p->has != 0)
			continue;
		for (int k = 0; k < view->d.places; k++) {
			const struct view_place *q = view->d.place[k];
			const struct view_version *v =
			    q == NULL || q->kind != PLACE_PARENT ? NULL : view_current(q, VIEW_DS);
			if (v != NULL && !rset_within(rpool_keys(&view->d.pool, v->set), keys))
				return false;
		}
	}
	return true;
}
