/*
 * The conditions of the processes, evaluated on what was observed: never on what was promised.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/safety.h"
#include "libmsig/key.h"

#define BIT(i) (UINT32_C(1) << (i))

struct check {
	const struct zone_view *view;
	bool planned; /* the target is known */
	struct process_target target;
	bool everywhere;
	int64_t now;
	struct reason *why;
};

static bool __attribute__((format(printf, 6, 7)))
no(struct check *c, enum reason_class class, enum reason_object object, const char *place,
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

static void
todo(struct check *c, const char *text)
{
	if (c->why != NULL)
		reason_copy(c->why->todo, sizeof(c->why->todo), text);
}

static const struct process_target *
target(struct check *c)
{
	if (!c->planned)
		process_target(c->view, &c->target);
	c->planned = true;
	return &c->target;
}

static bool
fresh(const struct check *c, const struct view_history *h)
{
	return h->status != MSIG_SEEN_UNKNOWN && h->count > 0 &&
	       c->now - h->time <= c->view->config.times.fresh;
}

static const struct rset *
names_of(const struct zone_view *view, int provider)
{
	return provider == VIEW_SELF ? &view->config.ns : &view->d.provider[provider].statement.ns;
}

/* What a condition says of one server: NULL if it is true there. */
typedef bool (*server_check)(struct check *c, const struct view_place *p, int provider);

/* The leaver may be dead: a server of its that was asked and does not answer is not waited for. */
static bool
leaving(const struct check *c, int provider)
{
	const struct view_process *run = &c->view->d.process;
	return (run->kind == MSIG_PROCESS_REMOVE || run->kind == MSIG_PROCESS_NS_REMOVE) &&
	       run->subject == provider && provider != VIEW_SELF;
}

static bool
silent(const struct check *c, const struct view_history *h)
{
	const struct view_times *t = &c->view->config.times;
	/* One answer that is lost is not silence. */
	return h->status == MSIG_SEEN_UNKNOWN && h->tried != 0 && c->now - h->tried <= t->fresh &&
	       (h->time == 0 || c->now - h->time > 2 * t->fresh);
}

static bool
one_provider(struct check *c, int provider, enum view_type type, server_check good)
{
	const struct zone_view *view = c->view;
	const struct rset *names = names_of(view, provider);
	const char *identity = view->d.provider[provider].identity;
	bool leaves = leaving(c, provider);
	int servers = leaves;

	if (!leaves && (rset_empty(*names) || !rset_within(*names, view->looked_up)))
		return no(c, REASON_PEER, REASON_OF_SERVER, identity,
			  "addresses of its name servers", "not all are known");
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER ||
		    view_place_provider(view, p) != provider)
			continue;
		servers++;
		const struct view_history *h = &p->history[type];
		if ((MUTANT(UNKNOWN) && !fresh(c, h)) || (leaves && silent(c, h)))
			continue;
		if (!fresh(c, h))
			return no(c, REASON_PEER, REASON_OF_SERVER, p->server, "an answer",
				  "unknown: %s",
				  h->reason[0] != 0 ? h->reason : "not asked lately");
		if (!good(c, p, provider))
			return false;
		if (MUTANT(FIRST_SERVER))
			break;
	}
	if (servers == 0)
		return no(c, REASON_PEER, REASON_OF_SERVER, identity, "at least one name server",
			  "none");
	return true;
}

static bool
providers(struct check *c, uint32_t mask, enum view_type type, server_check good)
{
	for (int i = 0; i < c->view->d.providers; i++)
		if ((mask >> i & 1) != 0 && !one_provider(c, i, type, good))
			return false;
	return true;
}

/* The servers whose state counts: our own, if we take part, or those of all actors. signers: of
 * those that sign; who leaves shows what it likes. */
static uint32_t
scope(const struct check *c, bool signers)
{
	const struct view_process *run = &c->view->d.process;
	uint32_t actors = agree_actors(c->view);

	if (run->kind == MSIG_PROCESS_NS_ADD || run->kind == MSIG_PROCESS_NS_REMOVE ||
	    run->kind == MSIG_PROCESS_REMOVE)
		if (signers && run->subject != VIEW_SELF)
			actors &= ~BIT(run->subject);
	return c->everywhere ? actors : actors & 1;
}

/* The provider's SEP keys that are in the set and signed it. */
static bool
signed_by(const struct check *c, const struct view_version *v, int provider)
{
	struct rset own =
	    rset_and(rset_and(v->set, v->signers), c->view->d.provider[provider].statement.dnskey);
	for (int i = rset_next(&own, 0); i >= 0; i = rset_next(&own, i + 1))
		if (c->view->d.pool.at[i].flags & 1)
			return true;
	return false;
}

static bool
serves(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);
	if (v->absent)
		return no(c, REASON_PEER, REASON_OF_DNSKEY, p->server, "a signed copy of the zone",
			  "no DNSKEY");
	if (!signed_by(c, v, provider))
		return no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
			  "DNSKEY signed by a key of this provider", "no valid signature by one");
	return true;
}

/* All that is missing are keys of others that sign nothing but DNSKEY there. */
static bool
keeps_ksks_out(const struct zone_view *view, struct rset missing, struct rset own)
{
	for (int i = rset_next(&missing, 0); i >= 0; i = rset_next(&missing, i + 1))
		if ((view->d.pool.at[i].flags & MSIG_DNSKEY_SEP) == 0 || rset_has(&own, i))
			return false;
	return view->d.share == MSIG_SHARE_ALL;
}

/* A leave does not wait for keys that are kept out until all go to their algorithm, and that does
 * not wait for them before it begins. */
static struct rset
kept_out(struct check *c, int provider)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;
	struct rset keys = target(c)->dnskey;
	const struct rset *own = &view->d.provider[provider].statement.dnskey;
	bool begins = run->kind == MSIG_PROCESS_ALGORITHM && !run->executed;

	if ((run->kind != MSIG_PROCESS_REMOVE && !begins) || rset_empty(*own))
		return RSET_NONE;
	for (int i = rset_next(own, 0); i >= 0; i = rset_next(own, i + 1))
		keys = rset_minus(keys,
				  rpool_of_algorithm(&view->d.pool, keys, view->d.pool.at[i].alg));
	return keys;
}

static bool
keys(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);
	struct rset own = c->view->d.provider[provider].statement.dnskey;
	struct rset want =
	    rset_or(process_shared(c->view, target(c)->dnskey), rset_and(target(c)->dnskey, own));
	want = rset_minus(want, kept_out(c, provider));
	struct rset missing = rset_minus(want, v->set);
	char expected[REASON_TEXT];

	if (!rset_empty(missing)) {
		snprintf(expected, sizeof(expected), "all %d keys", rset_count(want));
		no(c, REASON_PEER, REASON_OF_DNSKEY, p->server, expected, "%d missing",
		   rset_count(missing));
		if (keeps_ksks_out(c->view, missing, own))
			todo(c, "only KSKs of others are missing: if that signer cannot show them, "
				"dnskey-share: zsk at every provider of the zone");
		return false;
	}
	return serves(c, p, provider);
}

static bool
exact(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);
	struct rset extra = rset_minus(v->set, target(c)->dnskey);

	if (rset_empty(extra))
		return true;
	int i = rset_next(&extra, 0);
	return no(c, REASON_PEER, REASON_OF_DNSKEY, p->server, "no other keys",
		  "%d that no provider states, the first with tag %u", rset_count(extra),
		  c->view->d.pool.at[i].tag);
}

/* Does a DS at the parent stand for it, or does its provider want one? */
static bool
wants_ds(const struct zone_view *view, const struct view_statement *st, int key)
{
	struct rset named = rpool_keys(&view->d.pool, st->cds);

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		if (v != NULL)
			named = rset_or(named, rpool_keys(&view->d.pool, v->set));
	}
	return rset_has(&named, key);
}

/* Both the old and the new key sign DNSKEY before a DS may name the new one alone. An old one that
 * no DS names any more is left by a rollover to the same algorithm that was interrupted. */
static bool
seps(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);
	const struct view_process *run = &c->view->d.process;
	const struct view_statement *st = &c->view->d.provider[provider].statement;
	const struct rset *own = &st->dnskey;

	for (int i = rset_next(own, 0); i >= 0; i = rset_next(own, i + 1)) {
		const struct rr *rr = &c->view->d.pool.at[i];
		if (run->kind == MSIG_PROCESS_ALGORITHM && rr->alg != run->algorithm &&
		    !wants_ds(c->view, st, i))
			continue;
		if ((rr->flags & MSIG_DNSKEY_SEP) != 0 && !rset_has(&v->signers, i))
			return no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
				  "DNSKEY signed by every key that a DS shall name",
				  "not by the key with tag %u", rr->tag);
	}
	return true;
}

/* A server that signs nothing itself: what it shows was signed by a member. */
static bool
copy(struct check *c, const struct view_place *p, int provider)
{
	uint32_t members = agree_members(c->view);
	const struct view_version *v = view_current(p, VIEW_DNSKEY);

	for (int i = 0; i < c->view->d.providers; i++)
		if ((members >> i & 1) != 0 && !v->absent && signed_by(c, v, i))
			return true;
	return no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
		  "a copy of the zone that a member signed", "none");
}

static bool
cds(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_CDS);
	const struct view_history *h = &p->history[VIEW_CDNSKEY];
	const struct view_version *k = view_current(p, VIEW_CDNSKEY);

	if (!target(c)->cds_shown)
		return true;
	if (!rset_equal(v->set, target(c)->cds_set))
		return no(c, REASON_PEER, REASON_OF_CDS, p->server, "the CDS of all signers",
			  "%d of %d, %d others", rset_count(rset_and(v->set, target(c)->cds_set)),
			  rset_count(target(c)->cds_set),
			  rset_count(rset_minus(v->set, target(c)->cds_set)));
	if (!fresh(c, h))
		return no(c, REASON_PEER, REASON_OF_SERVER, p->server, "an answer about CDNSKEY",
			  "unknown");
	if (!rset_equal(k->set, target(c)->cdnskey))
		return no(c, REASON_PEER, REASON_OF_CDS, p->server, "the CDNSKEY of all signers",
			  "%d of %d, %d others", rset_count(rset_and(k->set, target(c)->cdnskey)),
			  rset_count(target(c)->cdnskey),
			  rset_count(rset_minus(k->set, target(c)->cdnskey)));
	return true;
}

/* Does one of the parent's servers name it, or is that not known? */
static bool
named_by_parent(const struct zone_view *view, int provider)
{
	struct rset names = process_own_ns(view, provider);
	bool any = false;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !view_delegates(view, p))
			continue;
		const struct view_version *v = view_current(p, VIEW_NS);
		if (v == NULL || p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    rset_meets(v->set, names))
			return true;
		any = true;
	}
	return !any;
}

static bool
ns(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	const struct view_process *run = &c->view->d.process;

	bool joins = run->kind == MSIG_PROCESS_ADD || run->kind == MSIG_PROCESS_NS_ADD;
	bool leaves = (run->kind == MSIG_PROCESS_REMOVE || run->kind == MSIG_PROCESS_NS_REMOVE) &&
		      !run->stays;

	/* Who is not named misleads nobody, as long as it does not name itself. */
	if (leaves && provider == run->subject && !named_by_parent(c->view, provider))
		return !rset_meets(process_own_ns(c->view, provider), v->set) ||
		       no(c, REASON_PEER, REASON_OF_NS, p->server, "NS without the leaver",
			  "it names itself");
	if (target(c)->agent && !rset_empty(target(c)->ns_set)) {
		if (rset_equal(v->set, target(c)->ns_set))
			return true;
		return no(c, REASON_PEER, REASON_OF_NS, p->server, "the NS of all providers",
			  "%d of %d, %d others", rset_count(rset_and(v->set, target(c)->ns_set)),
			  rset_count(target(c)->ns_set),
			  rset_count(rset_minus(v->set, target(c)->ns_set)));
	}
	/* The NS are those of the owner's zone. */
	if (joins && !rset_within(*names_of(c->view, run->subject), v->set)) {
		no(c, REASON_BLOCKED, REASON_OF_NS, p->server,
		   "the joiner's NS in the owner's zone", "not there");
		todo(c,
		     "the owner of the zone (NSMGMT=OWNER) adds the NS records of the joiner now");
		return false;
	}
	if (leaves && rset_meets(process_own_ns(c->view, run->subject), v->set)) {
		no(c, REASON_BLOCKED, REASON_OF_NS, p->server,
		   "the owner's zone without the leaver's NS", "they are there");
		todo(c, "the owner of the zone (NSMGMT=OWNER) removes the leaver's NS records now");
		return false;
	}
	return true;
}

static const uint8_t csync_rdata[] = {0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 8};

static bool
csync(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_CSYNC);
	int id = rpool_find(&c->view->d.pool, 62, csync_rdata, sizeof(csync_rdata));
	if (id >= 0 && rset_has(&v->set, id) && rset_count(v->set) == 1)
		return true;
	return no(c, REASON_PEER, REASON_OF_CSYNC, p->server, "CSYNC", "%d records",
		  rset_count(v->set));
}

static bool
no_csync(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_CSYNC);
	if (v->absent || rset_empty(v->set))
		return true;
	return no(c, REASON_PEER, REASON_OF_CSYNC, p->server, "no CSYNC", "%d records",
		  rset_count(v->set));
}

typedef bool (*parent_check)(struct check *c, const struct view_place *p);

static bool
parents(struct check *c, enum view_type type, parent_check good)
{
	int servers = 0;
	for (int i = 0; i < c->view->d.places; i++) {
		const struct view_place *p = c->view->d.place[i];
		if (p == NULL || p->kind != PLACE_PARENT ||
		    (type == VIEW_NS && !view_delegates(c->view, p)))
			continue;
		servers++;
		const struct view_history *h = &p->history[type];
		if (!fresh(c, h))
			return no(c, REASON_PARENT, REASON_OF_SERVER, p->server, "an answer",
				  "unknown: %s",
				  h->reason[0] != 0 ? h->reason : "not asked lately");
		if (!good(c, p))
			return false;
	}
	if (servers == 0)
		return no(c, REASON_PARENT, REASON_OF_SERVER, "", "the parent's name servers",
			  "not known");
	return true;
}

static bool
ds(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_DS);
	struct rset want = rpool_keys(&c->view->d.pool, target(c)->cds_set);
	if (!target(c)->cds_shown)
		return true; /* a single signer and its parent: their own affair */
	struct rset have = rpool_keys(&c->view->d.pool, v->set);
	if (rset_equal(want, have))
		return true;
	return no(c, REASON_PARENT, REASON_OF_DS, p->server, "DS for the keys of CDS",
		  "%d of %d keys, %d others", rset_count(rset_and(want, have)), rset_count(want),
		  rset_count(rset_minus(have, want)));
}

/* A DS that no agent knows is never dropped silently: it stops the process. */
static bool
ds_known(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_DS);
	if (v->absent) {
		no(c, REASON_BLOCKED, REASON_OF_DS, p->server, "DS of the zone", "none");
		todo(c, "the zone is not secure at its parent: have the first DS published");
		return false;
	}
	for (int i = rset_next(&v->set, 0); i >= 0; i = rset_next(&v->set, i + 1)) {
		const struct rr *rr = &c->view->d.pool.at[i];
		if (!rset_empty(rr->match) || rset_has(&c->view->config.ds_keep, i))
			continue;
		no(c, REASON_BLOCKED, REASON_OF_DS, p->server, "DS of known keys only",
		   "a DS with tag %u, algorithm %u, of no key that is known", rr->tag, rr->alg);
		todo(c, "remove that DS at the parent, or name it in ds-keep (msig.conf)");
		return false;
	}
	return true;
}

/* The delegation names nobody but members (and the subject). */
static bool
ns_known(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	uint32_t actors = agree_actors(c->view);
	struct rset names = RSET_NONE;

	for (int i = 0; i < c->view->d.providers; i++)
		if ((actors >> i & 1) != 0 || c->view->d.provider[i].has != 0)
			names = rset_or(names, *names_of(c->view, i));
	if (rset_within(v->set, names))
		return true;
	no(c, REASON_BLOCKED, REASON_OF_NS, p->server, "NS of the providers only",
	   "%d name servers that no provider states", rset_count(rset_minus(v->set, names)));
	todo(c, "remove them from the delegation, or state them at their provider");
	return false;
}

/* NSMGMT=OWNER: what else the owner does with the delegation is his affair. */
static bool
parent_ns_of_subject(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	const struct view_process *run = &c->view->d.process;

	switch (run->kind) {
	case MSIG_PROCESS_ADD:
	case MSIG_PROCESS_NS_ADD:
		return rset_within(*names_of(c->view, run->subject), v->set) ||
		       no(c, REASON_PARENT, REASON_OF_NS, p->server, "the joiner's NS",
			  "not there");
	case MSIG_PROCESS_REMOVE:
	case MSIG_PROCESS_NS_REMOVE:
		return run->stays || !rset_meets(process_own_ns(c->view, run->subject), v->set) ||
		       no(c, REASON_PARENT, REASON_OF_NS, p->server, "no NS of the leaver",
			  "they are there");
	default:
		return true;
	}
}

static bool
parent_ns(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	struct rset want = target(c)->ns_set;

	if (!target(c)->agent)
		return parent_ns_of_subject(c, p);
	if (rset_empty(want)) {
		/* What the zone itself says, as our own signer shows it. */
		for (int i = 0; i < c->view->d.places; i++) {
			const struct view_place *q = c->view->d.place[i];
			if (q != NULL && q->kind == PLACE_SIGNER &&
			    view_current(q, VIEW_NS) != NULL)
				want = view_current(q, VIEW_NS)->set;
		}
	}
	if (rset_equal(v->set, want))
		return true;
	return no(c, REASON_PARENT, REASON_OF_NS, p->server, "the NS of the zone",
		  "%d of %d, %d others", rset_count(rset_and(v->set, want)), rset_count(want),
		  rset_count(rset_minus(v->set, want)));
}

/* A joiner that is named already: bogus for its share of the queries. */
static bool
not_named_parent(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	const struct view_process *run = &c->view->d.process;
	int subject = run->kind != 0 ? run->subject : VIEW_SELF;
	if (!rset_meets(v->set, *names_of(c->view, subject)))
		return true;
	/* A join that was interrupted, or a leave that was taken back: it hurts nobody. */
	if (safety_naming(c->view, *names_of(c->view, subject), c->now).ok)
		return true;
	no(c, REASON_BLOCKED, REASON_OF_NS, p->server, "the joiner's NS not in the delegation",
	   "there already");
	todo(c, "take the joiner's NS out of the zone and of the delegation; it is named last");
	return false;
}

static bool
not_named_server(struct check *c, const struct view_place *p, int provider)
{
	return not_named_parent(c, p);
}

/* Nor is one of its servers one of the parent's, which is asked by everybody. */
static bool
not_at_parent(struct check *c)
{
	const struct view_process *run = &c->view->d.process;
	int subject = run->kind != 0 ? run->subject : VIEW_SELF;

	for (int i = 0; i < c->view->d.places; i++) {
		const struct view_place *p = c->view->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER ||
		    view_place_provider(c->view, p) != subject ||
		    !view_serves_child(c->view, p->server) ||
		    safety_naming(c->view, *names_of(c->view, subject), c->now).ok)
			continue;
		no(c, REASON_BLOCKED, REASON_OF_SERVER, p->server,
		   "the joiner's servers asked by nobody yet",
		   "it is a server of the parent zone, too, and shows the joiner's copy");
		todo(c, "let that server show a member's copy, or none, until the joiner is named");
		return false;
	}
	return true;
}

static bool
algorithms(struct check *c)
{
	uint32_t actors = agree_actors(c->view);
	struct algorithms first = {{0}};
	bool any = false;

	for (int i = 0; i < c->view->d.providers; i++) {
		if ((actors >> i & 1) == 0)
			continue;
		/* What a rollover to an algorithm finds of it already is in place; who has
		 * nothing else is through. */
		struct rset set = c->view->d.provider[i].statement.dnskey;
		if (c->view->d.process.kind == MSIG_PROCESS_ALGORITHM) {
			set = process_algorithm_keys(c->view, set, false);
			if (rset_empty(set))
				continue;
		}
		struct algorithms these = rpool_algorithms(&c->view->d.pool, set);
		if (!any) {
			any = true;
			first = these;
		} else if (!algorithms_within(first, these) || !algorithms_within(these, first)) {
			no(c, REASON_BLOCKED, REASON_OF_DNSKEY, c->view->d.provider[i].identity,
			   "the algorithms of the other signers", "others");
			todo(c, "configure the joiner's signer with the group's algorithms");
			return false;
		}
	}
	return true;
}

static bool
signs_data(const struct zone_view *view, int key)
{
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind == PLACE_PARENT ? NULL : view_current(p, VIEW_SOA);
		if (v != NULL && rset_has(&v->signers, key))
			return true;
	}
	return false;
}

/* A key of this provider that signs DNSKEY and data: -1 if it has none. */
static int
combined_key(const struct zone_view *view, int provider)
{
	const struct rset *keys = &view->d.provider[provider].statement.dnskey;
	int sep = -1;
	bool zsk = false;

	for (int i = rset_next(keys, 0); i >= 0; i = rset_next(keys, i + 1)) {
		bool is = (view->d.pool.at[i].flags & MSIG_DNSKEY_SEP) != 0;
		zsk |= !is;
		if (is && (sep < 0 || signs_data(view, i)))
			sep = i;
	}
	return sep >= 0 && (!zsk || signs_data(view, sep)) ? sep : -1;
}

/* With dnskey-share zsk each DNSKEY RRset is signed by a key that no other signer shows: safe where
 * all do it so, and where that key signs nothing else. */
static bool
share(struct check *c)
{
	const struct zone_view *view = c->view;
	uint32_t actors = agree_actors(view) | BIT(VIEW_SELF);
	char expected[REASON_TEXT];

	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if ((actors >> i & 1) == 0 || (i != VIEW_SELF && !p->statement.known))
			continue;
		if (i != VIEW_SELF && p->statement.share != view->config.share) {
			snprintf(expected, sizeof(expected), "dnskey-share: %s, as here",
				 msig_share_name(view->config.share));
			no(c, REASON_BLOCKED, REASON_OF_STATEMENT, p->identity, expected,
			   "dnskey-share: %s", msig_share_name(p->statement.share));
			todo(c, "all providers of a zone set the same dnskey-share in msig.conf");
			return false;
		}
		int csk = view->config.share == MSIG_SHARE_ZSK ? combined_key(view, i) : -1;
		if (csk >= 0) {
			no(c, REASON_BLOCKED, REASON_OF_DNSKEY, p->identity,
			   "a KSK and a ZSK, for dnskey-share: zsk",
			   "one key for both, with tag %u", view->d.pool.at[csk].tag);
			todo(c, "that signer gets a KSK and a ZSK, or all set dnskey-share: all");
			return false;
		}
	}
	return true;
}

static bool
naming_safe(struct check *c)
{
	const struct view_process *run = &c->view->d.process;
	struct safety s = safety_naming(
	    c->view, *names_of(c->view, run->kind != 0 ? run->subject : VIEW_SELF), c->now);
	if (s.ok)
		return true;
	no(c, s.until != VIEW_NEVER ? REASON_UNTIL : REASON_PEER, s.object, s.place,
	   "safe with every cached set", "%s", s.text);
	if (c->why != NULL && s.until != VIEW_NEVER)
		c->why->next = s.until;
	return false;
}

/* ---- leaving ---- */

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
			if ((mask >> k & 1) != 0 && rset_meets(v->set, *names_of(view, k)))
				return true;
	}
	return !seen;
}

/* Does a server that is named serve a zone that one of these signed: its own, or a copy? */
static bool
anyone_served(const struct zone_view *view, uint32_t mask)
{
	struct rset keys = RSET_NONE;

	for (int k = 0; k < view->d.providers; k++)
		if ((mask >> k & 1) != 0)
			keys = rset_or(keys, view->d.provider[k].statement.dnskey);
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

static bool
remains(struct check *c)
{
	const struct view_process *run = &c->view->d.process;
	uint32_t left = agree_members(c->view) & agree_voters(c->view) & ~BIT(run->subject);
	uint32_t members = agree_members(c->view);

	if (left != 0 && !anyone_named(c->view, left) && !anyone_served(c->view, left)) {
		no(c, REASON_BLOCKED, REASON_OF_NS, "", "a signer that remains in the delegation",
		   "none of them is named");
		todo(c, "the owner designates the one that leaves until another one is named");
		return false;
	}
	if (left != 0 || (run->kind == MSIG_PROCESS_NS_REMOVE && members != 0))
		return true;
	no(c, REASON_BLOCKED, REASON_OF_HSYNC, "", "a signer that remains", "the last one leaves");
	todo(c, "designate another signer first, and let it join");
	return false;
}

/* One server of the leaver: silent, or nobody who asks it learns of it. */
static bool
gone_server(struct check *c, const struct view_place *p)
{
	const struct view_process *run = &c->view->d.process;
	const struct view_history *ns = &p->history[VIEW_NS], *soa = &p->history[VIEW_SOA];
	const struct view_version *v = view_current(p, VIEW_NS);

	if (silent(c, ns) && silent(c, soa))
		return true;
	if (!fresh(c, ns) || v == NULL)
		return no(c, REASON_PEER, REASON_OF_SERVER, p->server, "an answer, or none",
			  "not asked lately");
	if (run->stays) {
		struct rset own = c->view->d.provider[run->subject].statement.dnskey;
		const struct view_version *k = view_current(p, VIEW_DNSKEY);
		const struct view_version *s = view_current(p, VIEW_SOA);
		if (k != NULL && s != NULL && copy(c, p, run->subject) &&
		    !rset_meets(s->signers, own))
			return true;
		no(c, REASON_BLOCKED, REASON_OF_SIGNATURE, p->server,
		   "a copy of the zone that a remaining signer signed", "its own signatures");
		todo(c, "feed the name servers of that provider from a remaining signer");
		return false;
	}
	if (!rset_meets(v->set, process_own_ns(c->view, run->subject)))
		return true;
	no(c, REASON_BLOCKED, REASON_OF_SERVER, p->server,
	   "the leaver's server silent, or without itself in its NS",
	   "it answers and names itself");
	todo(c, "have that server stopped for the zone: resolvers that ask it never leave it");
	return false;
}

static bool
gone(struct check *c)
{
	const struct view_process *run = &c->view->d.process;
	for (int i = 0; i < c->view->d.places; i++) {
		const struct view_place *p = c->view->d.place[i];
		if (p != NULL && p->kind == PLACE_SERVER &&
		    view_place_provider(c->view, p) == run->subject && !gone_server(c, p))
			return false;
	}
	return true;
}

/* ---- rollovers ---- */

/* What each member states, for an algorithm rollover. */
static bool
stated(struct check *c, uint32_t members,
       bool (*good)(struct check *c, const struct view_statement *st), const char *expected)
{
	for (int i = 0; i < c->view->d.providers; i++) {
		const struct view_provider *p = &c->view->d.provider[i];
		if ((members >> i & 1) != 0 && !good(c, &p->statement))
			return no(c, REASON_PEER, REASON_OF_STATEMENT, p->identity, expected,
				  "not yet");
	}
	return true;
}

static bool
states_new(struct check *c, const struct view_statement *st)
{
	return !rset_empty(process_algorithm_keys(c->view, st->dnskey, true));
}

static bool
states_cds(struct check *c, const struct view_statement *st)
{
	struct rset keys = rpool_keys(&c->view->d.pool, st->cds);
	return !rset_empty(keys) && rset_empty(process_algorithm_keys(c->view, keys, false));
}

static bool
states_alone(struct check *c, const struct view_statement *st)
{
	return states_new(c, st) && rset_empty(process_algorithm_keys(c->view, st->dnskey, false));
}

/* Before its DNSKEY is there nobody can verify the new signatures; that there are some is seen. */
static bool
alg_signed(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_SOA);

	if ((v->alien != 0 && VIEW_ALIEN_ALGORITHM(v->alien) == c->view->d.process.algorithm) ||
	    !rset_empty(process_algorithm_keys(c->view, v->signers, true)))
		return true;
	return no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
		  "signatures with the new algorithm", "none");
}

static bool
driver(struct check *c)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;

	if (run->kind != MSIG_PROCESS_ALGORITHM && run->subject != VIEW_SELF)
		return true;
	if (!view->config.driver) {
		no(c, REASON_BLOCKED, REASON_OF_KEY, "signer", "a driver for the signer's keys",
		   "none is configured");
		todo(c, "set signer-driver for this zone in msig.conf");
		return false;
	}
	if (run->kind == MSIG_PROCESS_ALGORITHM && view->config.one_algorithm) {
		no(c, REASON_BLOCKED, REASON_OF_KEY, "signer",
		   "a driver that brings in another algorithm", "that of BIND cannot");
		todo(c, "abort it; let this provider leave, roll, and let it join again");
		return false;
	}
	if (!view->store_known)
		return no(c, REASON_PEER, REASON_OF_KEY, "signer", "the keys in its key store",
			  "%s", view->store_why[0] != 0 ? view->store_why : "not known yet");
	uint8_t one, other;
	if (run->kind != MSIG_PROCESS_ALGORITHM && roll_mixed(view, &one, &other)) {
		no(c, REASON_BLOCKED, REASON_OF_KEY, "signer", "keys of one algorithm",
		   "algorithms %u and %u", one, other);
		todo(c, "roll the algorithm first: an earlier rollover was not completed");
		return false;
	}
	return true;
}

static const struct view_key *
store_key(const struct zone_view *view, int rr)
{
	for (int i = 0; i < view->keys; i++)
		if (view->key[i].rr == rr)
			return &view->key[i];
	return NULL;
}

static bool
in_state(struct check *c, const struct rset *keys, bool fresh_ones)
{
	for (int i = rset_next(keys, 0); i >= 0; i = rset_next(keys, i + 1)) {
		const struct view_key *k = store_key(c->view, i);
		uint8_t want =
		    k == NULL ? MSIG_KEY_STATE_REMOVED : roll_state(c->view, k, fresh_ones);
		uint8_t have = k == NULL ? MSIG_KEY_STATE_REMOVED : k->state;
		if (fresh_ones && k == NULL)
			return no(c, REASON_PEER, REASON_OF_KEY, "signer",
				  "the new key in its store", "not there");
		bool gone = want == MSIG_KEY_STATE_REMOVED || want == MSIG_KEY_STATE_POST;
		if (gone && rset_has(&c->view->d.provider[VIEW_SELF].statement.dnskey, i))
			return no(c, REASON_PEER, REASON_OF_DNSKEY, "signer", "without the old key",
				  "key with tag %u is still there", c->view->d.pool.at[i].tag);
		/* What CDS say follows the state when the signer gets to it. */
		struct rset named =
		    rpool_keys(&c->view->d.pool, c->view->d.provider[VIEW_SELF].statement.cds);
		if (want == MSIG_KEY_STATE_READY && fresh_ones && !rset_has(&named, i))
			return no(c, REASON_PEER, REASON_OF_CDS, "signer", "CDS of the new key",
				  "not in the own statement yet");
		if (want != 0 && !roll_reached(c->view, have, want))
			return no(c, REASON_PEER, REASON_OF_KEY, "signer",
				  msig_key_state_name(want), "key with tag %u is %s",
				  c->view->d.pool.at[i].tag, msig_key_state_name(have));
	}
	return true;
}

static bool
store(struct check *c)
{
	const struct view_process *run = &c->view->d.process;
	if (!process_rolls(c->view))
		return true;
	if (!driver(c))
		return false;
	if (rset_empty(run->fresh) || rset_count(run->fresh) < __builtin_popcount(run->roles))
		return no(c, REASON_PEER, REASON_OF_KEY, "signer", "new keys", "not made yet");
	return in_state(c, &run->fresh, true) && in_state(c, &run->old, false);
}

static bool
shown(struct check *c)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;
	const struct view_place *p = view_own_signer(view);
	const struct view_version *v = p == NULL ? NULL : view_current(p, VIEW_DNSKEY);

	if (!process_rolls(view))
		return true;
	if (v == NULL || !rset_within(run->fresh, v->set))
		return no(c, REASON_PEER, REASON_OF_DNSKEY, "signer", "the new key",
			  "not in DNSKEY yet");
	if (!rset_within(run->fresh, view->d.provider[VIEW_SELF].statement.dnskey))
		return no(c, REASON_PEER, REASON_OF_STATEMENT, "",
			  "the new key in the own statement", "not yet");
	return true;
}

/* At the own signer and at every own server. */
static bool
data_new(struct check *c)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;

	if (!process_rolls(view))
		return true;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || p->kind == PLACE_PARENT ||
		    view_place_provider(view, p) != VIEW_SELF)
			continue;
		const struct view_version *v = view_current(p, VIEW_SOA);
		if (v == NULL || !fresh(c, &p->history[VIEW_SOA]))
			return no(c, REASON_PEER, REASON_OF_SERVER, p->server, "an answer",
				  "unknown: %s", p->history[VIEW_SOA].reason);
		if (rset_empty(v->signers) || rset_meets(v->signers, run->old) ||
		    (run->kind == MSIG_PROCESS_ALGORITHM && v->alien != 0))
			return no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
				  "data signed with the new key only", "by the old one too");
	}
	return true;
}

static bool
condition(struct check *c, enum process_condition_bit bit)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;
	uint32_t subject = UINT32_C(1) << (run->kind != 0 ? run->subject : VIEW_SELF);

	switch (bit) {
	case COND_BIT_NOT_NAMED:
		return parents(c, VIEW_NS, not_named_parent) &&
		       providers(c, agree_members(view), VIEW_NS, not_named_server) &&
		       not_at_parent(c);
	case COND_BIT_SERVES:
		return providers(c, subject, VIEW_DNSKEY, serves);
	case COND_BIT_COPY:
		return providers(c, subject, VIEW_DNSKEY, copy);
	case COND_BIT_ALGORITHMS:
		return algorithms(c);
	case COND_BIT_SHARE:
		return share(c);
	case COND_BIT_REMAIN:
		return remains(c);
	case COND_BIT_DS_KNOWN:
		return parents(c, VIEW_DS, ds_known);
	case COND_BIT_NS_KNOWN:
		return parents(c, VIEW_NS, ns_known);
	case COND_BIT_KEYS:
		return providers(c, scope(c, true), VIEW_DNSKEY, keys);
	case COND_BIT_EXACT:
		return providers(c, scope(c, true), VIEW_DNSKEY, exact);
	case COND_BIT_SEPS:
		return providers(c, scope(c, true), VIEW_DNSKEY, seps);
	case COND_BIT_CDS:
		return providers(c, scope(c, true), VIEW_CDS, cds);
	case COND_BIT_DS:
		return parents(c, VIEW_DS, ds);
	case COND_BIT_NS:
		return providers(c, scope(c, false), VIEW_NS, ns);
	case COND_BIT_CSYNC:
		return providers(c, scope(c, false), VIEW_CSYNC, csync);
	case COND_BIT_NO_CSYNC:
		return providers(c, scope(c, false), VIEW_CSYNC, no_csync);
	case COND_BIT_PARENT_NS:
		return parents(c, VIEW_NS, parent_ns);
	case COND_BIT_NAMING_SAFE:
		return naming_safe(c);
	case COND_BIT_GONE:
		return gone(c);
	case COND_BIT_ALG_SIGNED:
		return providers(c, scope(c, true), VIEW_SOA, alg_signed);
	case COND_BIT_ALG_STATED:
		return stated(c, agree_members(view), states_new, "keys of the new algorithm");
	case COND_BIT_ALG_CDS:
		return stated(c, agree_members(view), states_cds, "DS of the new algorithm only");
	case COND_BIT_ALG_ALONE:
		return stated(
		    c, (agree_members(view) | agree_partly(view)) & ~process_left_behind(view),
		    states_alone, "keys of the new algorithm only");
	case COND_BIT_DRIVER:
		return driver(c);
	case COND_BIT_STORE:
		return store(c);
	case COND_BIT_SHOWN:
		return shown(c);
	case COND_BIT_DATA_NEW:
		return data_new(c);
	case COND_COUNT:
		break;
	}
	return false;
}

bool
process_check(const struct zone_view *view, uint32_t conditions, bool everywhere, int64_t now,
	      struct reason *why)
{
	struct check c = {.view = view, .everywhere = everywhere, .now = now, .why = why};
	conditions &= everywhere ? ~MUTANT_GUARDS : ~MUTANT_DONES;
	for (int bit = 0; bit < COND_COUNT; bit++)
		if ((conditions >> bit & 1) != 0 && !condition(&c, bit))
			return false;
	return true;
}
