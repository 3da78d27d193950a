/*
 * How conditions are checked: at which servers, and what it takes to know.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/condition_int.h"
#include "agentd/mutant.h"
#include "agentd/shown.h"
#include "agentd/unheard.h"

bool
check_no(struct check *c, enum reason_class class, enum reason_object object, const char *place,
	 const char *expected, const char *seen, ...)
{
	struct reason *r = c->why;
	if (r == NULL)
		return false;
	r->class = class;
	r->object = object;
	r->since = r->next = 0;
	r->todo[0] = 0;
	reason_copy(r->place, sizeof(r->place), place);
	reason_copy(r->expected, sizeof(r->expected), expected);
	va_list ap;
	va_start(ap, seen);
	vsnprintf(r->seen, sizeof(r->seen), seen, ap);
	va_end(ap);
	return false;
}

void
check_todo(struct check *c, const char *text)
{
	if (c->why != NULL)
		reason_copy(c->why->todo, sizeof(c->why->todo), text);
}

const struct process_target *
check_target(struct check *c)
{
	if (!c->planned)
		process_target(c->view, &c->target);
	c->planned = true;
	return &c->target;
}

bool
check_fresh(const struct check *c, const struct view_history *h)
{
	const struct view_times *t = &c->view->config.times;
	/* Whatever differs stands until servers are asked again. */
	int64_t age = t->fresh + (c->seen ? t->ask_slow : 0);

	return h->status != MSIG_SEEN_UNKNOWN && h->count > 0 && c->now - h->time <= age;
}

/* The leaver may be dead: a server of its that was asked and does not answer is not waited for. */
static bool
leaving(const struct check *c, int provider)
{
	const struct view_process *run = &c->view->d.process;
	return (run->kind == MSIG_PROCESS_REMOVE || run->kind == MSIG_PROCESS_NS_REMOVE) &&
	       run->subject == provider && provider != VIEW_SELF;
}

bool
check_silent(const struct check *c, const struct view_history *h)
{
	const struct view_times *t = &c->view->config.times;
	/* One answer that is lost is not silence. */
	return h->status == MSIG_SEEN_UNKNOWN && h->tried != 0 && c->now - h->tried <= t->fresh &&
	       c->now - view_heard(c->view, h) > 2 * t->fresh;
}

static bool
no_addresses(struct check *c, int provider)
{
	if (rset_meets(*view_names(c->view, provider), c->view->crowded)) {
		if (c->why != NULL)
			unheard_crowd(c->why, c->view->d.provider[provider].identity);
		return false;
	}
	check_no(c, view_side(provider), REASON_OF_SERVER, c->view->d.provider[provider].identity,
		 "addresses of its name servers", "not all are known");
	if (provider == VIEW_SELF)
		check_todo(c, "see that DNS has an address of each name server that ns in "
			      "msig.conf has: agentd's log says which is not found");
	return false;
}

/* What an own server does not show, no peer brings there. */
static bool
no_at_home(struct check *c, const struct view_place *p, int provider)
{
	struct reason *r = c->why;

	if (r != NULL && provider == VIEW_SELF && r->class == REASON_PEER &&
	    strcmp(r->place, p->server) == 0)
		r->class = REASON_HOME;
	return false;
}

static bool
one_provider(struct check *c, int provider, enum view_type type, server_check good)
{
	const struct zone_view *view = c->view;
	const struct rset *names = view_names(view, provider);
	const char *identity = view->d.provider[provider].identity;
	bool leaves = leaving(c, provider);
	int servers = leaves;

	if (!leaves && !c->seen && (rset_empty(*names) || !rset_within(*names, view->looked_up)))
		return no_addresses(c, provider);
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER ||
		    view_place_provider(view, p) != provider)
			continue;
		servers++;
		const struct view_history *h = &p->history[type];
		if ((MUTANT(UNKNOWN) && !check_fresh(c, h)) || (leaves && check_silent(c, h)))
			continue;
		if (c->seen && !check_fresh(c, h))
			continue;
		if (!check_fresh(c, h))
			return unheard(view, p, h, c->why);
		if (!good(c, p, provider))
			return no_at_home(c, p, provider);
		if (MUTANT(FIRST_SERVER))
			break;
	}
	if (servers == 0 && !c->seen)
		return check_no(c, view_side(provider), REASON_OF_SERVER, identity,
				"at least one name server", "none");
	return true;
}

bool
check_providers(struct check *c, uint32_t mask, enum view_type type, server_check good)
{
	for (int i = 0; i < c->view->d.providers; i++)
		if ((mask >> i & 1) != 0 && !one_provider(c, i, type, good))
			return false;
	return true;
}

/* The servers whose state counts: our own, if we take part, or those of all actors. signers: of
 * those that sign; who leaves shows what it likes. */
uint32_t
check_scope(const struct check *c, bool signers)
{
	const struct view_process *run = &c->view->d.process;
	uint32_t actors = agree_actors(c->view);

	if (run->kind == MSIG_PROCESS_NS_ADD || run->kind == MSIG_PROCESS_NS_REMOVE ||
	    run->kind == MSIG_PROCESS_REMOVE)
		if (signers && run->subject != VIEW_SELF)
			actors &= ~BIT(run->subject);
	return c->everywhere ? actors : actors & 1;
}

/* A part of them does not say what the parent has. */
static bool
no_parents(struct check *c)
{
	if (c->view->parent_crowded && c->why != NULL)
		unheard_parents_crowd(c->why);
	else
		check_no(c, REASON_PARENT, REASON_OF_SERVER, "", "the parent's name servers",
			 "not known");
	return false;
}

bool
check_parents(struct check *c, enum view_type type, parent_check good)
{
	int servers = 0;
	if (!c->view->parent_known)
		return c->seen || no_parents(c);
	for (int i = 0; i < c->view->d.places; i++) {
		const struct view_place *p = c->view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT ||
		    (type == VIEW_NS && !view_delegates(c->view, p)))
			continue;
		servers++;
		const struct view_history *h = &p->history[type];
		if (c->seen && !check_fresh(c, h))
			continue;
		if (!check_fresh(c, h))
			return unheard(c->view, p, h, c->why);
		if (!good(c, p))
			return false;
	}
	return servers > 0 || c->seen || no_parents(c);
}

/* By a member, or by one that may have to join again, though the parent has its DS. */
bool
check_signed_copy(const struct check *c, const struct view_version *v)
{
	uint32_t members = agree_members(c->view);

	for (int i = 0; i < c->view->d.providers && !v->absent; i++)
		if (check_signed_by(c, v, i) && ((members >> i & 1) != 0 || shown_ds(c->view, i)))
			return true;
	return false;
}

/* A server that signs nothing itself: what it shows was signed by a member. */
bool
check_copy(struct check *c, const struct view_place *p, int provider)
{
	if (check_signed_copy(c, view_current(p, VIEW_DNSKEY)))
		return true;
	return check_no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
			"a copy of the zone that a member signed", "none");
}

/* The provider's SEP keys that are in the set and signed it. */
bool
check_signed_by(const struct check *c, const struct view_version *v, int provider)
{
	struct rset own =
	    rset_and(rset_and(v->set, v->signers), c->view->d.provider[provider].statement.dnskey);
	for (int i = rset_next(&own, 0); i >= 0; i = rset_next(&own, i + 1))
		if (c->view->d.pool.at[i].flags & 1)
			return true;
	return false;
}
