/*
 * A zone that nobody signs (signed: off). Nothing in it can become bogus, so nothing has to be
 * agreed: each agent edits its own copy, the NS alone, by what the owner says and the providers
 * state. It knows who is named, adds whom nobody would miss an answer from, and takes out whom the
 * owner says OFF for. What only the registrant can do, for CSYNC needs DNSSEC, is a reason.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/decide_int.h"
#include "agentd/process.h"
#include "agentd/step.h"
#include "libmsig/name.h"

/* ---- the instruction ---- */

static const struct view_hsync_entry *
signer(const struct view_hsync *h)
{
	for (int i = 0; i < h->count; i++)
		if (h->entry[i].sign)
			return &h->entry[i];
	return NULL;
}

/* Is something there that an agent put there while the zone was signed? */
static bool
was_signed(const struct zone_view *view)
{
	const uint8_t keys = HAS_KEYS | HAS_CDS;
	bool any = view->d.process.kind != 0;

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_contribution *c = &view->d.want.from[i];
		any |= view->d.provider[i].member || (view->d.provider[i].has & keys) != 0 ||
		       !rset_empty(c->dnskey) || !rset_empty(c->cds);
	}
	return any;
}

static bool
not_followed(struct step *s, const char *expected, const char *seen, const char *todo)
{
	snprintf(s->view->freeze, sizeof(s->view->freeze), "%.150s", seen);
	step_blocked(s, REASON_OF_HSYNC, "signer", expected, seen, todo);
	return false;
}

bool
decide_not_configured(struct step *s)
{
	return not_followed(s, "HSYNC in the signed zone", "neither signatures nor DNSKEY",
			    "have the signer sign the zone; or, if nobody is to, put signed: off "
			    "into msig.conf of every provider");
}

bool
decide_signed_as_configured(struct step *s)
{
	const struct zone_view *view = s->view;
	const struct view_hsync *h = &view->hsync;
	char seen[REASON_TEXT];

	if (h->status != MSIG_SEEN_SET || h->error[0] != 0)
		return true;
	if (!view->config.nobody_signs) /* bare: seen before the item was taken back */
		return !h->bare || decide_not_configured(s);
	if (!h->bare)
		return not_followed(
		    s, "a zone that nobody signs", "DNSKEY or signatures in the zone",
		    "put signed: on into msig.conf, or have the zone served without them");
	if (signer(h) != NULL) {
		snprintf(seen, sizeof(seen), "SIGN for %.120s", signer(h)->identity);
		return not_followed(s, "NOSIGN for every provider, where nobody signs", seen,
				    "the owner says NOSIGN for all; or put signed: on into "
				    "msig.conf of every provider");
	}
	if (was_signed(view))
		return not_followed(s, "a zone that no agent has signed",
				    "keys of providers are in, or a process runs",
				    "put signed: on into msig.conf until all signers have left");
	return true;
}

/* ---- what is known ---- */

static bool
is_on(const struct zone_view *view, int provider)
{
	return view->d.provider[provider].used && (view->listed >> provider & 1) != 0;
}

/* Named in HSYNC, and not as one that is there. */
static bool
is_off(const struct zone_view *view, int provider)
{
	return view->d.provider[provider].used && view->entry[provider] >= 0 &&
	       (view->listed >> provider & 1) == 0;
}

/* What a server of the parent delegates to now; NULL: not known, or it does not show there. */
static const struct view_version *
delegation(const struct zone_view *view, const struct view_place *p)
{
	return p == NULL || !view_delegates(view, p) || p->history[VIEW_NS].status != MSIG_SEEN_SET
		   ? NULL
		   : view_current(p, VIEW_NS);
}

static bool
answers(const struct view_place *p, enum view_type type, int64_t since)
{
	const struct view_history *h = &p->history[type];

	return h->status == MSIG_SEEN_SET && h->time >= since;
}

/* Does every address of this name give authoritative answers from the zone, and lately? If not,
 * why is said of one. */
static bool
serves(const struct zone_view *view, int name, int64_t now, char *why, size_t len)
{
	int64_t since = now - view->config.times.fresh;
	int count = 0;

	snprintf(why, len, "no address is known");
	if (!rset_has(&view->looked_up, name))
		return false;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER || !rset_has(&p->ns, name))
			continue;
		if (!answers(p, VIEW_SOA, since) || !answers(p, VIEW_NS, since)) {
			const char *reason = p->history[VIEW_SOA].reason;
			snprintf(why, len, "%s: %s", p->server,
				 *reason != 0 ? reason : "no answer from the zone lately");
			return false;
		}
		count++;
	}
	return count > 0;
}

/* Is any of this provider's names in the zone, or in the delegation? -1: not known. */
static int
named(const struct zone_view *view, int provider)
{
	struct rset mine = process_own_ns(view, provider);
	const struct view_version *zone = view_at_signer(view, VIEW_NS);
	int parents = 0;
	bool unknown = zone == NULL || !view->parent_known;

	if (!rset_empty(view->d.want.from[provider].ns) ||
	    (zone != NULL && rset_meets(zone->set, mine)))
		return 1;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v = delegation(view, p);
		if (p == NULL || p->kind != PLACE_PARENT)
			continue;
		parents++;
		if (v != NULL && rset_meets(v->set, mine))
			return 1;
		unknown |= v == NULL && view_delegates(view, p);
	}
	return unknown || parents == 0 ? -1 : 0;
}

/* Who is in with its name servers: the owner may not let its record vanish before it is out. */
static void
stand(struct step *s)
{
	struct zone_view *view = s->view;

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		int is = p->used ? named(view, i) : -1;
		if (is < 0 || (p->has == HAS_NS) == (is > 0))
			continue;
		decide_stands(s, i, is > 0 ? HAS_NS : 0, false);
		step_journal(s, "%s: its name servers are %s", p->identity,
			     is > 0 ? "in" : "out of the zone and of the delegation");
	}
}

/* ---- who manages NS ---- */

/* The union takes the place of the owner's NS only when it lacks none of them: a name that nobody
 * states would go without an OFF. */
static bool
covered(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_version *zone = view_at_signer(view, VIEW_NS);
	struct rset stated = RSET_NONE;
	char names[REASON_TEXT];

	if (zone == NULL || view_own_signer(view)->history[VIEW_NS].time < view->d.hsync.time) {
		step_wait(s, REASON_HOME, REASON_OF_NS, "signer", "the NS of the owner's zone",
			  "not seen yet", 0);
		return false;
	}
	for (int i = 0; i < view->d.providers; i++)
		if (is_on(view, i) || is_off(view, i))
			stated = rset_or(stated, *view_names(view, i));
	struct rset strange = rset_minus(zone->set, stated);
	if (rset_empty(strange))
		return true;
	step_blocked(s, REASON_OF_NS, "signer", "NS in the owner's zone that a provider states",
		     view_names_text(view, strange, names, sizeof(names)),
		     "wait for that provider's agent; or the owner takes these NS out before "
		     "NSMGMT=AGENT can be followed");
	return false;
}

static void
manage(struct step *s)
{
	const struct durable *d = &s->view->d;
	bool agent = decide_all_agent(&d->hsync);

	if (agent == d->agent_ns || (agent ? !covered(s) : decide_all_agent(&d->pending)))
		return;
	decide_managed(s, agent);
}

/* ---- the overlay ---- */

/* Of what a provider states: what is named already, and what answers. */
static struct rset
admitted(struct step *s, int provider)
{
	struct zone_view *view = s->view;
	struct rset names = *view_names(view, provider), in = RSET_NONE;
	struct rset old = view->d.want.from[provider].ns;
	const struct view_version *zone = view_at_signer(view, VIEW_NS);
	const char *identity = view->d.provider[provider].identity;
	char why[REASON_TEXT];

	if (zone != NULL)
		old = rset_or(old, zone->set);
	for (int i = rset_next(&names, 0); i >= 0; i = rset_next(&names, i + 1)) {
		if (rset_has(&old, i) || serves(view, i, s->now, why, sizeof(why)))
			rset_add(&in, i);
		else
			step_wait(s, view_side(provider), REASON_OF_SERVER, identity,
				  "servers that answer from the zone before they are named", why,
				  0);
	}
	return in;
}

/* The NS of each provider. Whoever states none, or none that answers, keeps what is there: only OFF
 * takes that out, and only when somebody who stays is there to be asked. */
static void
wanted(struct step *s, struct view_overlay *o)
{
	struct zone_view *view = s->view;
	const struct view_overlay *old = &view->d.want;
	char why[REASON_TEXT];
	bool stays = false;

	for (int i = 0; i < view->d.providers; i++) {
		struct rset in = is_on(view, i) ? admitted(s, i) : RSET_NONE;
		o->from[i].ns = is_on(view, i) && !rset_empty(in) ? in : old->from[i].ns;
		for (int n = rset_next(&in, 0); n >= 0; n = rset_next(&in, n + 1))
			stays |= serves(view, n, s->now, why, sizeof(why));
	}
	for (int i = 0; i < view->d.providers; i++) {
		if (is_off(view, i) && !rset_empty(o->from[i].ns) && stays)
			o->from[i].ns = RSET_NONE;
		else if (is_off(view, i) && !rset_empty(o->from[i].ns))
			step_wait(s, REASON_PEER, REASON_OF_NS, view->d.provider[i].identity,
				  "a provider that stays, whose servers answer", "none does", 0);
	}
}

static struct rset
union_of(const struct view_overlay *o)
{
	struct rset all = RSET_NONE;

	for (int i = 0; i < VIEW_PROVIDERS; i++)
		all = rset_or(all, o->from[i].ns);
	return all;
}

static void
overlay(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_overlay *old = &view->d.want;
	struct view_overlay o = {0};
	bool same = true;

	if (view_at_signer(view, VIEW_NS) == NULL)
		return;
	o.ttl_ns = view_own_signer(view)->history[VIEW_NS].ttl;
	if (view->d.agent_ns)
		wanted(s, &o);
	for (int i = 0; i < view->d.providers; i++) {
		o.from[i].used = !rset_empty(o.from[i].ns);
		same &= rset_equal(o.from[i].ns, old->from[i].ns);
	}
	if (!rset_empty(union_of(&o)))
		same &= o.ttl_ns == old->ttl_ns;
	if (!same)
		decide_want(s, &o);
}

/* ---- what others still have to do ---- */

/* The NS that all are to show: the union; the owner's, as the own server has them. */
static struct rset
target(const struct zone_view *view)
{
	const struct view_version *zone = view_at_signer(view, VIEW_NS);

	if (view->d.agent_ns)
		return union_of(&view->d.want);
	return zone != NULL ? zone->set : RSET_NONE;
}

/* Who is named answers with the same NS as all. */
static void
copies(struct step *s, struct rset all)
{
	struct zone_view *view = s->view;
	char names[REASON_TEXT / 2], seen[REASON_TEXT];

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v = p == NULL ? NULL : view_current(p, VIEW_NS);
		int of = p == NULL ? VIEW_STRANGER : view_place_provider(view, p);
		if (of < 0 || p->kind != PLACE_SERVER || !is_on(view, of) ||
		    !rset_meets(p->ns, all))
			continue;
		bool heard = p->history[VIEW_NS].status == MSIG_SEEN_SET && v != NULL;
		if (heard && rset_equal(v->set, all))
			continue;
		if (heard)
			snprintf(seen, sizeof(seen), "%s has %s", p->server,
				 view_names_text(view, v->set, names, sizeof(names)));
		else
			snprintf(seen, sizeof(seen), "%s: %s", p->server,
				 p->history[VIEW_NS].reason);
		step_wait(s, view_side(of), REASON_OF_NS, view->d.provider[of].identity,
			  "the NS of all at its servers", seen, 0);
	}
}

/* What the registrant has to do, in the room of one reason: of what comes and of what goes some are
 * said in any case, in half of the room each if both need more. */
static void
parent_does(struct step *s, struct rset add, struct rset del, struct rset seen)
{
	static const char who[] = "the registrant has the parent", adds[] = " add NS ",
			  dels[] = " remove NS ", both[] = " and";
	char have[REASON_TEXT], more[REASON_TEXT], todo[REASON_TEXT];
	char come[REASON_TEXT] = "", go[REASON_TEXT] = "";
	struct zone_view *view = s->view;
	bool adding = !rset_empty(add), removing = !rset_empty(del);
	size_t room = sizeof(todo) - strlen(who) - (adding ? strlen(adds) : 0) -
		      (removing ? strlen(dels) : 0) - (adding && removing ? strlen(both) : 0);

	if (removing)
		view_names_text(view, del, go, room);
	size_t half = strlen(go) < room / 2 ? room - strlen(go) : room / 2;
	if (adding)
		view_names_text(view, add, come, removing ? half : room);
	if (removing)
		view_names_text(view, del, go, room - strlen(come));
	size_t at = (size_t)snprintf(todo, sizeof(todo), "%s", who);
	if (adding)
		at += (size_t)snprintf(todo + at, sizeof(todo) - at, "%s%s", adds, come);
	if (removing)
		snprintf(todo + at, sizeof(todo) - at, "%s%s%s", adding ? both : "", dels, go);
	step_blocked(s, REASON_OF_NS, "parent",
		     view_names_text(view, rset_minus(rset_or(seen, add), del), more, sizeof(more)),
		     view_names_text(view, seen, have, sizeof(have)), todo);
}

/* The parent follows no CSYNC here: a person tells it. */
static void
parent(struct step *s, struct rset all)
{
	struct zone_view *view = s->view;
	struct rset stay = RSET_NONE; /* of those who are ON, and may be silent, or not named yet */
	bool shown = false;

	for (int i = 0; i < view->d.providers; i++)
		if (is_on(view, i))
			stay = rset_or(stay, *view_names(view, i));
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v = delegation(view, p);
		const struct view_version *ds =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		if (ds != NULL && !ds->absent)
			step_blocked(s, REASON_OF_DS, p->server,
				     "no DS of a zone that nobody signs",
				     "DS records: whoever validates takes every answer for bogus",
				     "the registrant has the parent remove the DS, at once");
		if (v == NULL)
			continue;
		shown = true;
		struct rset add = rset_minus(all, v->set);
		struct rset del = rset_minus(v->set, rset_or(all, stay));
		if (!rset_empty(rset_or(add, del)))
			parent_does(s, add, del, v->set);
	}
	if (!shown)
		step_wait(s, REASON_PARENT, REASON_OF_NS, "parent", "the delegation",
			  view->parent_known ? "it does not show now" : "no server is known yet",
			  0);
}

/* Who has left serves on until nobody is sent to it any more. */
static void
leaver(struct step *s, const struct view_place *p, int of, struct rset own)
{
	const char *identity = s->view->d.provider[of].identity;
	const struct view_version *v = view_current(p, VIEW_NS);

	if (p->named != 0)
		step_wait(s, REASON_PARENT, REASON_OF_SERVER, identity,
			  "its name servers out of the delegation and of the zone",
			  "resolvers are sent there: they have to go on answering", 0);
	else if (s->now < p->unnamed) {
		step_wait(s, REASON_UNTIL, REASON_OF_SERVER, identity,
			  "its name servers forgotten by caches",
			  "they have to go on answering until then", p->unnamed);
		step_wake(s, p->unnamed);
	} else {
		return;
	}
	if (v != NULL && answers(p, VIEW_NS, 0) && rset_meets(v->set, own))
		step_wait(s, view_side(of), REASON_OF_NS, identity,
			  "its copy without its own name servers",
			  "it names itself: who asks it never leaves it", 0);
}

static void
leavers(struct step *s)
{
	struct zone_view *view = s->view;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		int of = p == NULL ? VIEW_STRANGER : view_place_provider(view, p);
		if (of >= 0 && p->kind == PLACE_SERVER && is_off(view, of) &&
		    rset_meets(p->ns, process_own_ns(view, of)))
			leaver(s, p, of, process_own_ns(view, of));
	}
}

/* NSMGMT=OWNER: the owner's NS are those of the providers that are ON. */
static void
owner(struct step *s, struct rset all)
{
	struct zone_view *view = s->view;
	char names[REASON_TEXT], why[REASON_TEXT];

	for (int i = 0; i < view->d.providers; i++) {
		const char *identity = view->d.provider[i].identity;
		struct rset lacks = rset_minus(*view_names(view, i), all), still = RSET_NONE;
		if (is_off(view, i))
			still = rset_and(process_own_ns(view, i), all);
		if (!rset_empty(still))
			step_blocked(s, REASON_OF_NS, identity, "the owner's zone without its NS",
				     view_names_text(view, still, names, sizeof(names)),
				     "the owner of the zone (NSMGMT=OWNER) removes them");
		for (int n = rset_next(&lacks, 0); is_on(view, i) && n >= 0;
		     n = rset_next(&lacks, n + 1))
			if (!serves(view, n, s->now, why, sizeof(why))) {
				step_wait(s, view_side(i), REASON_OF_SERVER, identity,
					  "servers that answer from the zone before they are named",
					  why, 0);
				rset_del(&lacks, n);
			}
		if (is_on(view, i) && !rset_empty(lacks))
			step_blocked(s, REASON_OF_NS, identity, "its NS in the owner's zone",
				     view_names_text(view, lacks, names, sizeof(names)),
				     "the owner of the zone (NSMGMT=OWNER) adds them");
	}
}

static void
silent(struct step *s)
{
	struct zone_view *view = s->view;

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (i != VIEW_SELF && is_on(view, i) && !p->statement.known)
			step_wait(s, REASON_PEER, REASON_OF_STATEMENT, p->identity,
				  "its name servers stated",
				  p->why[0] != 0 ? p->why : "nothing stated yet", 0);
		else if (is_on(view, i) && rset_empty(*view_names(view, i)))
			step_blocked(s, REASON_OF_STATEMENT, p->identity, "name servers", "none",
				     "its operator names them in msig.conf (ns)");
	}
}

void
decide_unsigned(struct step *s)
{
	struct zone_view *view = s->view;

	decide_database(s);
	decide_state_self(s);
	if (view->d.paused)
		decide_paused(s);
	if (step_frozen(view))
		return;
	stand(s);
	manage(s);
	overlay(s);
	decide_apply(s);
	struct rset all = target(view);
	silent(s);
	if (!view->d.agent_ns && !decide_all_agent(&view->d.hsync))
		owner(s, all);
	if (rset_empty(all))
		return;
	copies(s, all);
	parent(s, all);
	leavers(s);
}
