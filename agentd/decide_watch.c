/*
 * What a person, or the parent, should look at.
 */
#include <stdio.h>

#include "agentd/decide_int.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/safety.h"
#include "agentd/step.h"
#include "agentd/tags.h"
#include "libmsig/key.h"

/* Whom nobody should be led to is not asked for. */
static void
owner_adds(struct step *s, const struct view_provider *p, struct rset names)
{
	struct safety r = safety_naming(s->view, names, s->now);

	if (r.ok)
		step_blocked(s, REASON_OF_NS, p->identity, "its NS in the owner's zone",
			     "not there", "the owner of the zone (NSMGMT=OWNER) adds them");
	else
		decide_unsafe_names(s, &r);
}

/* NSMGMT=OWNER, and no process speaks of it: the owner's NS are those of the providers. */
static void
owners_ns(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_version *v = view_at_signer(view, VIEW_NS);

	if (view->d.agent_ns || view->d.process.kind != 0 || v == NULL ||
	    !view->d.provider[VIEW_SELF].member || (view->designated & BIT(VIEW_SELF)) == 0)
		return;
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		struct rset names = *view_names(view, i);
		if (!p->used)
			continue;
		if ((p->has & HAS_NS) != 0 && (view->listed >> i & 1) != 0 &&
		    !rset_within(names, v->set))
			owner_adds(s, p, rset_minus(names, v->set));
		else if (p->has == 0 && (view->listed >> i & 1) == 0 &&
			 rset_meets(process_own_ns(view, i), v->set))
			step_blocked(s, REASON_OF_NS, p->identity,
				     "the owner's zone without its NS", "they are there",
				     "the owner of the zone (NSMGMT=OWNER) removes them");
	}
}

/* DS that stand for no key of anybody, for a while: nobody but a person knows whether they may go.
 */
static void
strange_ds(struct step *s)
{
	struct zone_view *view = s->view;
	struct reason why;

	if (view->d.process.kind != 0 || !view->d.provider[VIEW_SELF].member ||
	    process_check(view, COND_DS_KNOWN, true, s->now, &why) || why.class != REASON_BLOCKED)
		return;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		if (v != NULL && !step_due(s, v->first, view->config.times.hold_down))
			return;
	}
	step_reason(s, &why);
}

/* CDS that are shown, or that a single signer waits to show, take out what is to be kept. */
static void
unnamed_ds(struct step *s)
{
	const struct zone_view *view = s->view;
	struct process_target t;
	struct reason why;

	if (view->d.process.kind != 0 || !view->d.provider[VIEW_SELF].member ||
	    process_check(view, COND_DS_KEPT, true, s->now, &why) || why.class != REASON_BLOCKED)
		return;
	process_target(view, &t);
	if (t.cds_shown || t.cds_withheld)
		step_reason(s, &why);
}

/* DS that the operator keeps, and the parent does not: where it scans, it took them out with the
 * CDS that do not name them. Nobody brings them back but a person. */
static void
kept_ds(struct step *s)
{
	const struct zone_view *view = s->view;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		const struct view_version *v =
		    p == NULL || p->kind != PLACE_PARENT ? NULL : view_current(p, VIEW_DS);
		if (v == NULL || p->history[VIEW_DS].status == MSIG_SEEN_UNKNOWN ||
		    rset_within(view->config.ds_keep, v->set) ||
		    !step_due(s, v->first, view->config.times.hold_down))
			continue;
		struct rset gone = rset_minus(view->config.ds_keep, v->set);
		int first = rset_next(&gone, 0);
		char seen[REASON_TEXT];
		snprintf(seen, sizeof(seen),
			 "not the one with tag %u: a scan of CDS took it out, or a person",
			 view->d.pool.at[first].tag);
		step_blocked(s, REASON_OF_DS, p->server, "the DS of ds-keep", seen,
			     "have the registrar add that DS again, or take it out of ds-keep");
		return;
	}
}

/* A rollover that was interrupted, and nobody remembers: its order went with a database. */
static void
half_rolled(struct step *s)
{
	struct zone_view *view = s->view;
	uint8_t kind = roll_unfinished(view);
	char todo[REASON_TEXT];

	for (int i = 0; i < VIEW_ORDERS; i++)
		if (view->d.order[i].process != 0)
			return;
	if (kind == 0 || view->d.process.executed || !view->d.provider[VIEW_SELF].member)
		return;
	bool algorithm = kind == MSIG_PROCESS_ALGORITHM;
	uint8_t coming = algorithm ? roll_interrupted_to(view) : 0;
	char number[8] = "NUMBER"; /* the operator's, where the keys do not tell */
	if (coming != 0)
		snprintf(number, sizeof(number), "%u", coming);
	snprintf(todo, sizeof(todo), "order it again: msigctl roll %.100s %s%s", view->zone,
		 algorithm                  ? "algorithm "
		 : kind == MSIG_PROCESS_ZSK ? "zsk"
					    : "ksk",
		 algorithm ? number : "");
	step_blocked(s, REASON_OF_KEY, "signer", "every key in use, or gone",
		     "an earlier rollover was not completed", todo);
}

void
decide_paused(struct step *s)
{
	char todo[REASON_TEXT];

	snprintf(todo, sizeof(todo), "msigctl resume %.120s", s->view->zone);
	step_blocked(s, REASON_OF_OPERATOR, "", "", "paused by the operator", todo);
}

/* Does nobody answer, and for long, of those whom this server of the parent names? */
static bool
names_the_dead(struct step *s, const struct view_place *parent)
{
	const struct zone_view *view = s->view;
	const struct view_version *v = view_current(parent, VIEW_NS);
	int silent = 0;

	if (v == NULL || parent->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
	    rset_meets(v->set, view->config.ns) || !rset_within(v->set, view->looked_up))
		return false;
	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *q = view->d.place[i];
		if (q == NULL || q->kind != PLACE_SERVER || !rset_meets(q->ns, v->set))
			continue;
		const struct view_history *h = &q->history[VIEW_NS];
		/* Not since a start: what was current then was served until then. */
		int64_t heard = h->count > 0 ? h->at[h->count - 1].last : 0;
		if (h->status != MSIG_SEEN_UNKNOWN || h->tried == 0 ||
		    s->now - heard <= view->config.times.alarm_after)
			return false;
		silent++;
	}
	return silent > 0;
}

/* Is this so of each server of the parent that shows the delegation? Returns one of them, or NULL.
 */
static const struct view_place *
at_all_parents(struct step *s, bool (*is)(struct step *s, const struct view_place *parent))
{
	const struct zone_view *view = s->view;
	const struct view_place *one = NULL;

	for (int i = 0; i < view->d.places; i++) {
		const struct view_place *p = view->d.place[i];
		if (p == NULL || !view_delegates(view, p))
			continue;
		if (!is(s, p))
			return NULL;
		one = p;
	}
	return one;
}

/* The delegation names none of the servers that are there. No resolver comes to the zone, and the
 * parent, which asks those servers for CSYNC, will not change it. */
static void
nobody_there(struct step *s)
{
	const struct zone_view *view = s->view;
	const uint8_t keys = HAS_KEYS | HAS_CDS; /* our servers would do */

	if ((view->d.provider[VIEW_SELF].has & keys) != keys ||
	    (view->designated & BIT(VIEW_SELF)) == 0)
		return;
	const struct view_place *one = at_all_parents(s, names_the_dead);
	if (one != NULL)
		step_blocked(s, REASON_OF_NS, one->server,
			     "a name server in the delegation that answers", "none of them does",
			     "whoever registered the zone has the parent take the NS of the zone, "
			     "by hand: it asks nobody who could tell it");
}

/* Does this server of the parent, and not just now, name others only? */
static bool
names_others(struct step *s, const struct view_place *parent)
{
	const struct view_version *v = view_current(parent, VIEW_NS);

	return v != NULL && parent->history[VIEW_NS].status != MSIG_SEEN_UNKNOWN &&
	       !rset_meets(v->set, s->view->config.ns) &&
	       step_due(s, v->first, s->view->config.times.hold_down);
}

/* The zone names this signer, and the delegation neither it nor another one with whom it could join
 * again (fallen_out): a leave was taken back when the parent had followed. */
static void
signer_unnamed(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_version *zone = view_at_signer(view, VIEW_NS);

	if (view->d.process.kind != 0 || !view->d.provider[VIEW_SELF].member ||
	    (view->designated & BIT(VIEW_SELF)) == 0 || view_hidden(view) || zone == NULL ||
	    !rset_meets(zone->set, view->config.ns))
		return;
	const struct view_place *one = at_all_parents(s, names_others);
	if (one != NULL)
		step_blocked(s, REASON_OF_NS, one->server,
			     "this signer's name servers in the delegation, as in the zone",
			     "those of others only",
			     "whoever registered the zone has the parent take the NS of the zone, "
			     "by hand: no process does");
}

/* A signer that uses a key before everybody shows it: whoever holds a DNSKEY set without it takes
 * its answers for bogus, until that set is out of caches. The key is in the statement, and so on
 * its way to all, as soon as it is seen; all else waits until it is known (agree_key_first). */
static bool
early(struct step *s, const struct view_place *signer, const struct view_version *soa,
      const struct safety *risk)
{
	struct zone_view *view = s->view;
	int key = rset_next(&soa->signers, 0);

	/* Before the first start was decided it is not known whether anybody comes here at all. */
	if (key < 0 || !view->d.begun || decide_serves_only(view) ||
	    signer->history[VIEW_SOA].status != MSIG_SEEN_SET)
		return false;
	if (risk->ok || risk->object != REASON_OF_S2)
		return false;
	struct reason r = {.class = REASON_BLOCKED, .object = REASON_OF_SIGNATURE};
	snprintf(r.place, sizeof(r.place), "signer");
	snprintf(r.expected, sizeof(r.expected), "signatures by keys that every server shows");
	snprintf(r.seen, sizeof(r.seen),
		 "key with tag %u is used, and not shown at %.72s: "
		 "answers are bogus where that is cached",
		 view->d.pool.at[key].tag, risk->place);
	snprintf(r.todo, sizeof(r.todo),
		 "stop using that key until all show it; have the "
		 "signer's keys rolled by msig alone (msigctl doctor)");
	r.next = risk->until == VIEW_NEVER ? 0 : risk->until;
	step_reason(s, &r);
	step_wake(s, risk->until);
	view->early_at = risk->provider;
	return true;
}

/* Keys that are there, and have one tag: no join begins before one of them is gone, and some
 * resolvers give up over them now. What runs goes on, and rollovers begin: they take it away. */
static void
one_tag(struct step *s)
{
	struct zone_view *view = s->view;
	struct rset clash[TAGS_CLASHES];
	int count = tags_clashes(view, view->d.own, clash);
	char place[32], expected[32], seen[REASON_TEXT], todo[REASON_TEXT];

	for (int i = 0; i < count && i < TAGS_CLASHES; i++) {
		snprintf(place, sizeof(place), "tag %u", tags_first(view, &clash[i]));
		snprintf(expected, sizeof(expected), "one key, not %d", rset_count(clash[i]));
		step_blocked(s, REASON_OF_KEYTAG, place, expected,
			     tags_whose(view, view->d.own, &clash[i], seen, sizeof(seen)),
			     tags_todo(view, view->d.own, &clash[i], todo, sizeof(todo)));
	}
}

/* As long as the signer uses a key that nobody can know, nothing else changes: nothing begins, no
 * step is asked for or approved. */
void
decide_stray(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_place *signer = view_own_signer(view);
	const struct view_version *soa = signer == NULL ? NULL : view_current(signer, VIEW_SOA);
	char key[16];

	view->stray = soa != NULL && soa->alien != 0 && view->d.begun &&
		      !decide_serves_only(view) && !roll_expects(view, soa->alien);
	if (!view->stray)
		return;
	snprintf(key, sizeof(key), "%u/%u", VIEW_ALIEN_ALGORITHM(soa->alien),
		 VIEW_ALIEN_TAG(soa->alien));
	step_blocked(s, REASON_OF_SIGNATURE, "signer", "signatures by keys that are published", key,
		     "publish that key at the signer, or stop using it, at once");
}

struct safety
decide_early(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_place *signer = view_own_signer(view);
	const struct view_version *soa = signer == NULL ? NULL : view_current(signer, VIEW_SOA);
	struct safety use,
	    cached = safety_watch(view, soa != NULL ? soa->signers : RSET_NONE, s->now, &use);

	view->early = soa != NULL && early(s, signer, soa, &use);
	return cached;
}

static void
cached_sets(struct step *s, const struct safety *r)
{
	if (!r->ok && r->until != VIEW_NEVER)
		step_wait(s, REASON_UNTIL, r->object, r->place, "every cached set to validate",
			  r->text, r->until);
	else if (!r->ok)
		step_blocked(s, r->object, r->place, "every cached set to validate", r->text,
			     "some resolvers fail now: compare keys, signatures and DS there");
}

/* Nothing says whose clock is wrong, and no step is taken before it is set: somebody looks. */
static void
clocks_apart(struct step *s)
{
	const struct zone_view *view = s->view;
	char seen[REASON_TEXT];

	for (int i = 1; i < view->d.providers; i++) {
		const struct view_provider *p = &view->d.provider[i];
		bool counts = p->has != 0 || ((view->designated | view->listed) & BIT(i)) != 0;
		if (p->used && p->apart != 0 && counts)
			step_blocked(s, REASON_OF_CLOCK, p->identity, "the same time as here",
				     reason_clock(p->apart, seen, sizeof(seen)),
				     "set the clock that is wrong, here or there: until then no "
				     "step is taken with that provider");
	}
}

void
decide_watch(struct step *s, const struct safety *cached)
{
	cached_sets(s, cached);
	clocks_apart(s);
	owners_ns(s);
	strange_ds(s);
	unnamed_ds(s);
	kept_ds(s);
	nobody_there(s);
	signer_unnamed(s);
	half_rolled(s);
	one_tag(s);
	if (s->view->d.paused)
		decide_paused(s);
}

/* The parent is told when there is something to scan; it only changes when it looks. */
void
decide_notify_parent(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);

	if (rule == NULL || run->requestor != VIEW_SELF || run->phase != PHASE_EXECUTING)
		return;
	uint32_t conditions = rule->step[run->step].done;
	bool ds = (conditions & COND_DS) != 0 && !process_check(view, COND_DS, true, s->now, NULL);
	bool ns = (conditions & COND_CSYNC) != 0 &&
		  process_check(view, COND_CSYNC, true, s->now, NULL) &&
		  (view_hidden(view) || !process_check(view, COND_PARENT_NS, true, s->now, NULL));
	if (!ds && !ns)
		return;
	int64_t every = 12 * view->config.times.resend;
	if (view->notified < run->since || step_due(s, view->notified, every)) {
		struct action *a = step_action(s, ACT_NOTIFY);
		if (a == NULL)
			return;
		a->type = ds ? 59 : 62;
		view->notified = s->now;
		step_wake(s, s->now + every);
	}
}
