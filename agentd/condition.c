/*
 * The conditions of the processes, evaluated on what was observed: never on what was promised.
 */
#include <stdio.h>

#include "agentd/agree.h"
#include "agentd/condition_int.h"
#include "agentd/process.h"
#include "agentd/safety.h"
#include "agentd/shown.h"
#include "libmsig/key.h"

/* Who is to sign no longer may have been asked for copies of a member's zone already, by a leave
 * that another change of the owner's came before. An algorithm does not come to such a one: it
 * would have to sign with that. */
static bool
may_copy(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);

	return !agree_to_sign(c->view, provider) &&
	       c->view->d.process.kind != MSIG_PROCESS_ALGORITHM &&
	       !check_signed_by(c, v, provider) && check_signed_copy(c, v);
}

static bool
serves(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);

	if (v->absent)
		return check_no(c, REASON_PEER, REASON_OF_DNSKEY, p->server,
				"a signed copy of the zone", "no DNSKEY");
	if (!check_signed_by(c, v, provider) && !may_copy(c, p, provider))
		return check_no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
				"DNSKEY signed by a key of this provider",
				"no valid signature by one");
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
	struct rset keys = check_target(c)->dnskey;
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
keys_shown(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);
	struct rset own = c->view->d.provider[provider].statement.dnskey;
	struct rset want = rset_or(process_shared(c->view, check_target(c)->dnskey),
				   rset_and(check_target(c)->dnskey, own));
	if (may_copy(c, p, provider))
		want = process_keys_in(c->view, check_target(c)->dnskey, v);
	want = rset_minus(want, kept_out(c, provider));
	struct rset missing = rset_minus(want, v->set);
	char expected[REASON_TEXT];

	if (!rset_empty(missing)) {
		snprintf(expected, sizeof(expected), "all %d keys", rset_count(want));
		check_no(c, REASON_PEER, REASON_OF_DNSKEY, p->server, expected, "%d missing",
			 rset_count(missing));
		if (keeps_ksks_out(c->view, missing, own))
			check_todo(
			    c, "only KSKs of others are missing: if that signer cannot show them, "
			       "dnskey-share: zsk at every provider of the zone");
		return false;
	}
	return true;
}

static bool
keys(struct check *c, const struct view_place *p, int provider)
{
	return keys_shown(c, p, provider) && serves(c, p, provider);
}

static bool
exact(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_DNSKEY);
	struct rset extra = rset_minus(v->set, check_target(c)->dnskey);
	const struct durable *d = &c->view->d;

	/* Keys that are kept for somebody who may have stated more than is known here. */
	for (int i = 1; i < d->providers; i++)
		if (d->provider[i].stale && i != d->process.subject)
			extra = rset_minus(extra, d->want.from[i].dnskey);
	if (rset_empty(extra))
		return true;
	int i = rset_next(&extra, 0);
	return check_no(c, REASON_PEER, REASON_OF_DNSKEY, p->server, "no other keys",
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
			return check_no(c, REASON_PEER, REASON_OF_SIGNATURE, p->server,
					"DNSKEY signed by every key that a DS shall name",
					"not by the key with tag %u", rr->tag);
	}
	return true;
}

/* What came since the step was executed, or is there long after, is not what it takes away:
 * somebody adds records there. At rest the reason has its todo when it lasts (decide_rest). */
static bool
other_cds(struct check *c, const struct view_place *p, const struct view_version *v,
	  const struct rset *want, const char *what)
{
	const struct view_process *run = &c->view->d.process;
	struct rset others = rset_minus(v->set, *want);

	check_no(c, REASON_PEER, REASON_OF_CDS, p->server, what, "%d of %d, %d others",
		 rset_count(rset_and(v->set, *want)), rset_count(*want), rset_count(others));
	if (!rset_empty(others) && run->kind != 0 &&
	    (v->first > run->executed_at ||
	     c->now - run->executed_at > c->view->config.times.alarm_after))
		check_todo(c, PROCESS_TODO_CDS);
	return false;
}

static bool
cds(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_CDS);
	const struct view_history *h = &p->history[VIEW_CDNSKEY];
	const struct view_version *k = view_current(p, VIEW_CDNSKEY);

	if (!check_target(c)->cds_shown)
		return true;
	if (!rset_equal(v->set, check_target(c)->cds_set))
		return other_cds(c, p, v, &check_target(c)->cds_set, "the CDS of all signers");
	if (!check_fresh(c, h))
		return c->seen || check_no(c, REASON_PEER, REASON_OF_SERVER, p->server,
					   "an answer about CDNSKEY", "unknown");
	if (!rset_equal(k->set, check_target(c)->cdnskey))
		return other_cds(c, p, k, &check_target(c)->cdnskey, "the CDNSKEY of all signers");
	return true;
}

bool
process_named(const struct zone_view *view, int provider)
{
	struct rset names = process_own_ns(view, provider);
	bool any = false;

	if (!view->parent_known || !view->d.provider[provider].statement.known)
		return true;
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

/* Is it there, or to be there, and has not said what is its? */
static bool
unstated(const struct zone_view *view, int provider)
{
	const struct view_provider *p = &view->d.provider[provider];

	return (view->listed >> provider & 1) != 0 &&
	       (!p->statement.known || (p->ready && p->stale));
}

/* The leaver's NS are out of the owner's zone. Those that went with a database are any that nobody
 * states, once all have said what is theirs. */
static bool
owner_removed(struct check *c, const struct view_place *p, const struct view_version *v)
{
	const struct zone_view *view = c->view;
	int subject = view->d.process.subject;
	struct rset left = process_leaver_ns(view, v->set);
	char names[REASON_TEXT];

	if (rset_empty(left))
		return true;
	for (int i = 1; i < view->d.providers && rset_empty(*view_names(view, subject)); i++)
		if (i != subject && unstated(view, i)) {
			check_no(c, REASON_PEER, REASON_OF_STATEMENT, view->d.provider[i].identity,
				 "which name servers are its own", "not stated yet");
			check_todo(c, "ask that provider; if it is gone for good, HSYNC says OFF "
				      "for it, or msigctl force-remove");
			return false;
		}
	check_no(c, REASON_BLOCKED, REASON_OF_NS, p->server,
		 "the owner's zone without the leaver's NS", "%s",
		 view_names_text(view, left, names, sizeof(names)));
	check_todo(c, rset_empty(*view_names(view, subject))
			  ? "the owner of the zone (NSMGMT=OWNER) removes these now, which no "
			    "provider states; or whose they are states them"
			  : "the owner of the zone (NSMGMT=OWNER) removes the leaver's NS records "
			    "now");
	return false;
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
	if (leaves && provider == run->subject && !process_named(c->view, provider))
		return !rset_meets(process_own_ns(c->view, provider), v->set) ||
		       check_no(c, REASON_PEER, REASON_OF_NS, p->server, "NS without the leaver",
				"it names itself");
	if (check_target(c)->agent && !rset_empty(check_target(c)->ns_set)) {
		if (rset_equal(v->set, check_target(c)->ns_set))
			return true;
		return check_no(c, REASON_PEER, REASON_OF_NS, p->server, "the NS of all providers",
				"%d of %d, %d others",
				rset_count(rset_and(v->set, check_target(c)->ns_set)),
				rset_count(check_target(c)->ns_set),
				rset_count(rset_minus(v->set, check_target(c)->ns_set)));
	}
	/* The NS are those of the owner's zone. */
	if (joins && !rset_within(*view_names(c->view, run->subject), v->set)) {
		/* What was safe when the step began may not be so any more. */
		struct safety r =
		    safety_naming(c->view, *view_names(c->view, run->subject), c->now);
		if (!r.ok)
			return check_no(c, REASON_PEER, REASON_OF_NS, r.place,
					"new name servers that are safe with every cached set",
					"%s", r.text);
		check_no(c, REASON_BLOCKED, REASON_OF_NS, p->server,
			 "the joiner's NS in the owner's zone", "not there");
		check_todo(
		    c,
		    "the owner of the zone (NSMGMT=OWNER) adds the NS records of the joiner now");
		return false;
	}
	return !leaves || owner_removed(c, p, v);
}

static bool
csync(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_CSYNC);
	int id = process_csync_find(&c->view->d.pool);
	if (id >= 0 && rset_has(&v->set, id) && rset_count(v->set) == 1)
		return true;
	return check_no(c, REASON_PEER, REASON_OF_CSYNC, p->server, "CSYNC", "%d records",
			rset_count(v->set));
}

static bool
no_csync(struct check *c, const struct view_place *p, int provider)
{
	const struct view_version *v = view_current(p, VIEW_CSYNC);
	if (v->absent || rset_empty(v->set))
		return true;
	return check_no(c, REASON_PEER, REASON_OF_CSYNC, p->server, "no CSYNC", "%d records",
			rset_count(v->set));
}

static bool
ds(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_DS);
	struct rset want = rpool_keys(&c->view->d.pool, check_target(c)->cds_set);
	if (!check_target(c)->cds_shown)
		return true; /* a single signer and its parent: their own affair */
	struct rset have = rpool_keys(&c->view->d.pool, v->set);
	if (rset_equal(want, have))
		return true;
	return check_no(c, REASON_PARENT, REASON_OF_DS, p->server, "DS for the keys of CDS",
			"%d of %d keys, %d others", rset_count(rset_and(want, have)),
			rset_count(want), rset_count(rset_minus(have, want)));
}

/* A DS that no agent knows is never dropped silently: it stops the process. */
static bool
ds_known(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_DS);
	if (v->absent) {
		check_no(c, REASON_BLOCKED, REASON_OF_DS, p->server, "DS of the zone", "none");
		check_todo(c, "the zone is not secure at its parent: have the first DS published");
		return false;
	}
	for (int i = rset_next(&v->set, 0); i >= 0; i = rset_next(&v->set, i + 1)) {
		const struct rr *rr = &c->view->d.pool.at[i];
		if (!rset_empty(rr->match) || rset_has(&c->view->config.ds_keep, i))
			continue;
		check_no(c, REASON_BLOCKED, REASON_OF_DS, p->server, "DS of known keys only",
			 "a DS with tag %u, algorithm %u, of no key that is known", rr->tag,
			 rr->alg);
		check_todo(c, "remove that DS at the parent, or name it in ds-keep (msig.conf)");
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
			names = rset_or(names, *view_names(c->view, i));
	if (rset_within(v->set, names))
		return true;
	check_no(c, REASON_BLOCKED, REASON_OF_NS, p->server, "NS of the providers only",
		 "%d name servers that no provider states", rset_count(rset_minus(v->set, names)));
	check_todo(c, "remove them from the delegation, or state them at their provider");
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
		return rset_within(*view_names(c->view, run->subject), v->set) ||
		       check_no(c, REASON_PARENT, REASON_OF_NS, p->server, "the joiner's NS",
				"not there");
	case MSIG_PROCESS_REMOVE:
	case MSIG_PROCESS_NS_REMOVE:
		return run->stays || rset_empty(process_leaver_ns(c->view, v->set)) ||
		       check_no(c, REASON_PARENT, REASON_OF_NS, p->server, "no NS of the leaver",
				"they are there");
	default:
		return true;
	}
}

static bool
parent_ns(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	struct rset want = check_target(c)->ns_set, half = RSET_NONE;

	if (!check_target(c)->agent)
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
	/* An algorithm rollover may be what keeps somebody half in from being named there. */
	for (int i = 0;
	     i < c->view->d.providers && c->view->d.process.kind == MSIG_PROCESS_ALGORITHM; i++)
		if (c->view->d.provider[i].used && !c->view->d.provider[i].member)
			half = rset_or(half, rset_and(*view_names(c->view, i), want));
	if (rset_equal(rset_or(v->set, half), want))
		return true;
	return check_no(c, REASON_PARENT, REASON_OF_NS, p->server, "the NS of the zone",
			"%d of %d, %d others", rset_count(rset_and(v->set, want)), rset_count(want),
			rset_count(rset_minus(v->set, want)));
}

/* A signer that drops the keys of others is found out before anybody else shows its own. */
static bool
takes(struct check *c, const struct view_place *p, int provider)
{
	if (keys_shown(c, p, provider))
		return true;
	if (c->why != NULL && c->why->todo[0] == 0) /* nothing more special is known */
		check_todo(c, "have that signer keep DNSKEYs that are not its own: msigctl doctor "
			      "there names the line");
	return false;
}

/* A joiner that is named already: bogus for its share of the queries. */
static bool
not_named_parent(struct check *c, const struct view_place *p)
{
	const struct view_version *v = view_current(p, VIEW_NS);
	const struct view_process *run = &c->view->d.process;
	int subject = run->kind != 0 ? run->subject : VIEW_SELF;
	if (!rset_meets(v->set, *view_names(c->view, subject)))
		return true;
	/* A join that was interrupted, or a leave that was taken back: it hurts nobody. */
	if (safety_naming(c->view, *view_names(c->view, subject), c->now).ok)
		return true;
	check_no(c, REASON_BLOCKED, REASON_OF_NS, p->server,
		 "the joiner's NS not in the delegation", "there already");
	check_todo(c,
		   "take the joiner's NS out of the zone and of the delegation; it is named last");
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
		    safety_naming(c->view, *view_names(c->view, subject), c->now).ok)
			continue;
		check_no(c, REASON_BLOCKED, REASON_OF_SERVER, p->server,
			 "the joiner's servers asked by nobody yet",
			 "it is a server of the parent zone, too, and shows the joiner's copy");
		check_todo(
		    c, "let that server show a member's copy, or none, until the joiner is named");
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
			check_no(c, REASON_BLOCKED, REASON_OF_DNSKEY,
				 c->view->d.provider[i].identity,
				 "the algorithms of the other signers", "others");
			check_todo(
			    c, c->view->d.provider[c->view->d.process.subject].has != 0
				   ? "roll the algorithm at all: msigctl roll ZONE algorithm NUMBER"
				   : "configure the joiner's signer with the group's "
				     "algorithms");
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
			check_no(c, REASON_BLOCKED, REASON_OF_STATEMENT, p->identity, expected,
				 "dnskey-share: %s", msig_share_name(p->statement.share));
			check_todo(
			    c, "all providers of a zone set the same dnskey-share in msig.conf");
			return false;
		}
		int csk = view->config.share == MSIG_SHARE_ZSK ? combined_key(view, i) : -1;
		if (csk >= 0) {
			check_no(c, REASON_BLOCKED, REASON_OF_DNSKEY, p->identity,
				 "a KSK and a ZSK, for dnskey-share: zsk",
				 "one key for both, with tag %u", view->d.pool.at[csk].tag);
			check_todo(
			    c, "that signer gets a KSK and a ZSK, or all set dnskey-share: all");
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
	    c->view, *view_names(c->view, run->kind != 0 ? run->subject : VIEW_SELF), c->now);
	if (s.ok)
		return true;
	check_no(c, s.until != VIEW_NEVER ? REASON_UNTIL : REASON_PEER, s.object, s.place,
		 "safe with every cached set", "%s", s.text);
	if (c->why != NULL && s.until != VIEW_NEVER)
		c->why->next = s.until;
	return false;
}

static bool
condition(struct check *c, enum process_condition_bit bit)
{
	const struct zone_view *view = c->view;
	const struct view_process *run = &view->d.process;
	uint32_t subject = BIT(run->kind != 0 ? run->subject : VIEW_SELF);

	switch (bit) {
	case COND_BIT_NOT_NAMED:
		return check_parents(c, VIEW_NS, not_named_parent) &&
		       check_providers(c, agree_members(view), VIEW_NS, not_named_server) &&
		       not_at_parent(c);
	case COND_BIT_SERVES:
		return check_providers(c, subject, VIEW_DNSKEY, serves);
	case COND_BIT_TAKES:
		return check_providers(c, subject, VIEW_DNSKEY, takes);
	case COND_BIT_COPY:
		return check_providers(c, subject, VIEW_DNSKEY, check_copy);
	case COND_BIT_ALGORITHMS:
		return algorithms(c);
	case COND_BIT_SHARE:
		return share(c);
	case COND_BIT_REMAIN:
		return check_remains(c);
	case COND_BIT_DS_KNOWN:
		return check_parents(c, VIEW_DS, ds_known);
	case COND_BIT_DS_KEPT:
		return check_ds_kept(c);
	case COND_BIT_NS_KNOWN:
		return check_parents(c, VIEW_NS, ns_known);
	case COND_BIT_KEYS:
		return check_providers(c, check_scope(c, true), VIEW_DNSKEY, keys);
	case COND_BIT_EXACT:
		return check_providers(c, check_scope(c, true), VIEW_DNSKEY, exact);
	case COND_BIT_SEPS:
		return check_providers(c, check_scope(c, true), VIEW_DNSKEY, seps);
	case COND_BIT_CDS:
		return check_providers(c, check_scope(c, true), VIEW_CDS, cds);
	case COND_BIT_DS:
		return check_parents(c, VIEW_DS, ds);
	case COND_BIT_NS:
		return check_providers(c, check_scope(c, false), VIEW_NS, ns);
	case COND_BIT_CSYNC:
		return check_providers(c, check_scope(c, false), VIEW_CSYNC, csync);
	case COND_BIT_NO_CSYNC:
		return check_providers(c, check_scope(c, false), VIEW_CSYNC, no_csync);
	case COND_BIT_PARENT_NS:
		return check_parents(c, VIEW_NS, parent_ns);
	case COND_BIT_NAMING_SAFE:
		return naming_safe(c);
	case COND_BIT_GONE:
		return check_gone(c);
	case COND_BIT_ALG_SIGNED:
	case COND_BIT_ALG_STATED:
	case COND_BIT_ALG_CDS:
	case COND_BIT_ALG_ALONE:
		return check_algorithm(c, bit);
	case COND_BIT_DRIVER:
		return check_driver(c);
	case COND_BIT_STORE:
		return check_store(c);
	case COND_BIT_SHOWN:
		return check_shown(c);
	case COND_BIT_DATA_NEW:
		return check_data_new(c);
	case COND_COUNT:
		break;
	}
	return false;
}

uint32_t
process_differs(const struct zone_view *view, uint32_t conditions, int64_t now, struct reason *why)
{
	struct check c = {.view = view, .everywhere = true, .seen = true, .now = now, .why = why};

	for (int bit = 0; bit < COND_COUNT && check_target(&c)->complete; bit++)
		if ((conditions >> bit & 1) != 0 && !condition(&c, bit))
			return UINT32_C(1) << bit;
	return 0;
}

bool
process_check(const struct zone_view *view, uint32_t conditions, bool everywhere, int64_t now,
	      struct reason *why)
{
	struct check c = {.view = view, .everywhere = everywhere, .now = now, .why = why};
	for (int bit = 0; bit < COND_COUNT; bit++)
		if ((conditions >> bit & 1) != 0 && !condition(&c, bit))
			return false;
	return true;
}
