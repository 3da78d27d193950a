/*
 * Requestor and participant, one step after the other. What a peer said is in the view as its
 * latest word; what we say is repeated until it has had its effect.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/hold.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/operator.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/step.h"
#include "libmsig/key.h"

#define BIT(i) (UINT32_C(1) << (i))

/* ---- who ---- */

static const struct view_hsync_entry *
entry_of(const struct zone_view *view, int provider)
{
	const struct view_hsync *h = &view->d.hsync;
	for (int i = 0; i < h->count; i++)
		if (strcmp(h->entry[i].identity, view->d.provider[provider].identity) == 0)
			return &h->entry[i];
	return NULL;
}

uint32_t
agree_designated(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (!view->d.provider[i].used || view->d.provider[i].expelled)
			continue;
		const struct view_hsync_entry *e = entry_of(view, i);
		if (e != NULL && e->on && e->sign)
			mask |= BIT(i);
	}
	return mask;
}

bool
agree_outgoing(const struct zone_view *view)
{
	const struct view_hsync *h = &view->d.pending;
	for (int i = 0; i < h->count; i++)
		if (strcmp(h->entry[i].identity, view->d.provider[VIEW_SELF].identity) == 0)
			return !h->entry[i].on || !h->entry[i].sign;
	return h->count != 0;
}

uint32_t
agree_listed(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		const struct view_hsync_entry *e = p->used ? entry_of(view, i) : NULL;
		if (e != NULL && e->on && !p->expelled)
			mask |= BIT(i);
	}
	return mask;
}

/* Its name servers are to be named, though it does not sign. */
static bool
serves_only(const struct zone_view *view, int provider)
{
	const struct view_hsync_entry *e = entry_of(view, provider);
	return e != NULL && e->on && !e->sign && !view->d.provider[provider].expelled;
}

static uint32_t
designated(const struct zone_view *view)
{
	return view->designated;
}

/* Who has all of it in the zone takes part in what the group does, though its join has to go on. */
static uint32_t
whole(const struct zone_view *view)
{
	uint32_t mask = agree_members(view);
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (view->d.provider[i].used && view->d.provider[i].has == HAS_ALL)
			mask |= BIT(i);
	return mask;
}

/* Who would vote on a process. A joiner is heard by everybody who is to be in the group; what the
 * members do with their keys and servers is theirs. */
static uint32_t
electorate(const struct zone_view *view, uint8_t kind)
{
	uint32_t mask = designated(view);
	return kind == MSIG_PROCESS_ADD ? mask : mask & whole(view);
}

/* Who joins the zone in the middle of a process has no part in it. */
uint32_t
agree_voters(const struct zone_view *view)
{
	uint32_t mask = designated(view);
	return view->d.process.kind != 0 ? mask & view->d.process.voters : mask;
}

/* Signers of which something is in the zone and that nobody designates any more. */
static uint32_t
leaving(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (p->used && (p->member || (p->has & (HAS_KEYS | HAS_CDS)) != 0) &&
		    (designated(view) & BIT(i)) == 0)
			mask |= BIT(i);
	}
	return mask;
}

/* Of which keys or CDS are in the zone, whatever it is to become. */
static uint32_t
partly(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < VIEW_PROVIDERS; i++)
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
	       (designated(view) & BIT(provider)) != 0;
}

/* Does the parent name its servers? */
static bool
at_parent(const struct zone_view *view, int provider)
{
	bool any = false;
	for (int i = 0; i < VIEW_PLACES; i++) {
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

/* A join that was interrupted is known to some and not to others: it goes first, so that all agree
 * again on what is in; of several the one of the lowest identity. Returns who goes before this
 * provider, or -1. */
static int
interrupted(const struct zone_view *view, int but)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if (i == but)
			continue;
		if (half_in(view, i) && (!half_in(view, but) ||
					 strcmp(p->identity, view->d.provider[but].identity) < 0))
			return i;
		if (p->used && p->has == HAS_NS && serves_only(view, i) && !at_parent(view, i))
			return i;
	}
	return -1;
}

/* Named without signing, and not to be any more. What they serve may be old for good, so that
 * caches never forget what a process waits for. */
static uint32_t
unwanted(const struct zone_view *view)
{
	uint32_t mask = 0;
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (view->d.provider[i].used && view->d.provider[i].has == HAS_NS &&
		    !serves_only(view, i) && (designated(view) & BIT(i)) == 0)
			mask |= BIT(i);
	return mask;
}

/* Is something else to be done before a process of this kind about this provider? *who: whose turn
 * it is, or -1. NULL: no. */
static const char *
goes_before(const struct zone_view *view, uint8_t kind, int subject, int *who)
{
	*who = -1;
	if (kind == MSIG_PROCESS_REMOVE)
		return NULL;
	if (leaving(view) != 0)
		return "a member is to leave first";
	if (kind == MSIG_PROCESS_NS_REMOVE)
		return NULL;
	if ((unwanted(view) & ~BIT(subject)) != 0)
		return "name servers are to go first";
	/* Who is half in acts along, and has to show the same NS as the others before it goes on.
	 */
	if (kind == MSIG_PROCESS_NS_ADD)
		return NULL;
	*who = interrupted(view, subject);
	return *who >= 0 ? "a join that was interrupted goes first" : NULL;
}

/* Who of the members speaks for the group: the lowest identity among those that are there. */
static int
speaker(const struct zone_view *view)
{
	uint32_t members = agree_members(view) & designated(view);
	int best = -1;
	if (lead_mode(view))
		return elect_leader(view);
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
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
	for (int i = 0; i < VIEW_PROVIDERS; i++)
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
		mask &= designated(view) | BIT(VIEW_SELF);
		mask |= BIT(view->d.process.subject);
	}
	return mask;
}

int
agree_keytag_collision(const struct zone_view *view, int *other)
{
	const struct rpool *pool = &view->d.pool;
	struct rset all = RSET_NONE;

	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (view->d.provider[i].used)
			all = rset_or(all, view->d.provider[i].statement.dnskey);
	for (int i = rset_next(&all, 0); i >= 0; i = rset_next(&all, i + 1))
		for (int j = rset_next(&all, i + 1); j >= 0; j = rset_next(&all, j + 1)) {
			const struct rr *a = &pool->at[i], *b = &pool->at[j];
			uint16_t ra = msig_key_tag_revoked(a->rdata);
			uint16_t rb = msig_key_tag_revoked(b->rdata);
			if (a->tag == b->tag || a->tag == rb || ra == b->tag || ra == rb) {
				*other = j;
				return i;
			}
		}
	return -1;
}

/* ---- saying ---- */

static const char *
who(const struct step *s, int provider)
{
	return s->view->d.provider[provider].identity;
}

static struct view_message *
say(struct step *s, int to, enum msig_op op, const struct view_message *about)
{
	struct action *a = step_action(s, ACT_SEND);
	if (a == NULL)
		return NULL;
	a->provider = to;
	a->message = *about;
	a->message.op = op;
	a->message.result = 0;
	a->message.text[0] = 0;
	memcpy(a->message.hsync, s->view->d.hsync.digest, sizeof(a->message.hsync));
	a->message.version_epoch = s->view->d.content_epoch;
	a->message.version_counter = s->view->d.content_counter;
	memset(&a->message.change, 0, sizeof(a->message.change));
	if (op == MSIG_OP_EXECUTE && s->view->d.process.led)
		a->message.change = lead_change(s->view, about);
	return &a->message;
}

static void
refuse(struct step *s, int to, enum msig_op op, const struct view_message *about, uint16_t result,
       const char *text)
{
	struct view_message *m = say(s, to, op, about);
	if (m == NULL)
		return;
	m->result = result;
	snprintf(m->text, sizeof(m->text), "%s", text);
}

static struct view_message
our_process(const struct step *s)
{
	const struct view_process *run = &s->view->d.process;
	struct view_message m = {
	    .epoch = run->epoch,
	    .process = run->kind,
	    .step = run->step,
	    .subject = run->subject,
	    .algorithm = run->algorithm,
	};
	memcpy(m.tid, run->tid, sizeof(m.tid));
	return m;
}

static void
say_again_now(struct step *s)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		s->view->d.provider[i].sent = 0;
}

/* ---- change of state: one function assigns it, and says so ---- */

static void
phase(struct step *s, enum view_phase to)
{
	struct view_process *run = &s->view->d.process;
	run->phase = to;
	run->since = s->now;
	s->view->persist = true;
	say_again_now(s);
}

static void
forget_process(struct step *s)
{
	operator_forget(s->view);
	memset(&s->view->d.process, 0, sizeof(s->view->d.process));
	s->view->persist = true;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		s->view->d.provider[i].said[0] = 0;
		s->view->d.provider[i].said_result = 0;
	}
	say_again_now(s);
}

static void
back_off(struct step *s)
{
	struct durable *d = &s->view->d;
	const struct view_times *t = &s->view->config.times;
	int64_t pause = t->backoff_min << (d->attempts < 20 ? d->attempts : 20);
	if (pause > t->backoff_max || pause <= 0)
		pause = t->backoff_max;
	pause += (int64_t)(step_random(s->view) % (uint64_t)(pause + 1));
	d->backoff = s->now + pause;
	d->attempts++;
	s->view->persist = true;
}

/* One that goes to another algorithm has its turn yet. */
static void
order_done(struct durable *d, uint8_t kind, uint8_t algorithm)
{
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process == kind && d->order[i].algorithm == algorithm)
			memset(&d->order[i], 0, sizeof(d->order[i]));
}

static bool
ordered(const struct durable *d, uint8_t kind)
{
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process == kind)
			return true;
	return false;
}

static void
remember(struct step *s, bool completed)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;

	d->ended = (struct view_ended){
	    .kind = run->kind,
	    .subject = run->subject,
	    .epoch = run->epoch,
	    .completed = completed,
	    .time = s->now,
	};
	memcpy(d->ended.tid, run->tid, sizeof(run->tid));
}

static void
finish(struct step *s)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	struct view_provider *subject = &d->provider[run->subject];

	remember(s, true);
	switch (run->kind) {
	case MSIG_PROCESS_ADD:
		subject->member = subject->contributed = true;
		subject->has = HAS_ALL;
		break;
	case MSIG_PROCESS_REMOVE:
		subject->member = false;
		subject->has = run->stays ? HAS_NS : 0;
		subject->contributed = run->stays;
		break;
	case MSIG_PROCESS_NS_ADD:
		subject->has |= HAS_NS;
		subject->contributed = true;
		break;
	case MSIG_PROCESS_NS_REMOVE:
		subject->has &= (uint8_t)~HAS_NS;
		subject->contributed = subject->has != 0;
		break;
	case MSIG_PROCESS_ALGORITHM:
		order_done(d, run->kind, run->algorithm);
		break;
	default:
		if (run->subject == VIEW_SELF)
			order_done(d, run->kind, run->algorithm);
		break;
	}
	step_journal(s, "%s %s: complete", process_name(run->kind), subject->identity);
	forget_process(s);
	d->attempts = 0;
	d->backoff = 0;
}

/* Was there CSYNC, so that the parent may name whom the zone names? */
static bool
parent_was_told(const struct zone_view *view)
{
	const struct process_rule *rule = process_rule(view->d.process.kind);

	for (int i = process_executed(view); rule != NULL && i >= 0; i--)
		if ((rule->step[i].effect & EFFECT_CSYNC) != 0)
			return true;
	return false;
}

/* Has the parent followed the NS of the zone, so that nobody is sent to the leaver any more? */
static bool
parent_followed(const struct zone_view *view)
{
	const struct process_rule *rule = process_rule(view->d.process.kind);

	for (int i = process_executed(view); rule != NULL && i >= 0; i--)
		if ((rule->step[i].guard & COND_PARENT_NS) != 0)
			return true;
	return false;
}

/* The owner changed the instruction in the middle: what was done stays, and another process goes on
 * from there. */
static void
end_early(struct step *s, const char *why)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	struct view_provider *subject = &d->provider[run->subject];
	uint32_t effects = process_effects(s->view);

	remember(s, false);
	if (effects & EFFECT_KEYS_ADD)
		subject->has |= HAS_KEYS;
	if (effects & EFFECT_CDS_ADD)
		subject->has |= HAS_CDS;
	if ((effects & EFFECT_NS_ADD) != 0 && parent_was_told(s->view))
		subject->has |= HAS_NS;
	if (effects & EFFECT_KEYS_DEL)
		subject->has &= (uint8_t)~HAS_KEYS;
	if (effects & EFFECT_CDS_DEL)
		subject->has &= (uint8_t)~HAS_CDS;
	/* Who is to leave is not named again, whatever the parent says. */
	bool leaves = (agree_listed(s->view) & BIT(run->subject)) == 0;
	if ((effects & EFFECT_NS_DEL) != 0 && (leaves || parent_followed(s->view)))
		subject->has &= (uint8_t)~HAS_NS;
	if (subject->has != HAS_ALL)
		subject->member = false;
	subject->contributed |= subject->has != 0;
	if (run->kind == MSIG_PROCESS_ALGORITHM && s->view->config.driver) {
		order_done(d, run->kind, run->algorithm);
		for (int i = 0; i < VIEW_ORDERS; i++)
			if (d->order[i].process == 0) {
				d->order[i] = (struct view_order){run->kind, run->algorithm};
				break;
			}
	}
	step_journal(s, "%s %s: ended at %s: %s", process_name(run->kind), subject->identity,
		     process_step_name(run->kind, run->step), why);
	forget_process(s);
}

/* Was a step executed whose effect others may have seen, so that it only goes forward? The first
 * steps have none; a rollover can take a published key back until it is used. */
static bool
effective(const struct view_process *run)
{
	int first = run->kind == MSIG_PROCESS_ZSK || run->kind == MSIG_PROCESS_KSK ? 2 : 1;
	return run->step > first || (run->step == first && run->phase >= PHASE_EXECUTING);
}

/* Gives up what had no effect yet. */
static void
give_up(struct step *s, const char *why)
{
	struct view_process *run = &s->view->d.process;
	step_journal(s, "%s %s: given up before anything was done: %s", process_name(run->kind),
		     who(s, run->subject), why);
	if (process_rolls(s->view))
		s->view->d.orphans = rset_or(s->view->d.orphans, roll_unused(s->view));
	if (run->requestor == VIEW_SELF && run->asked != 0) {
		struct view_message m = our_process(s);
		for (int i = 1; i < VIEW_PROVIDERS; i++)
			if (run->voters & BIT(i))
				say(s, i, MSIG_OP_ABORT, &m);
	}
	forget_process(s);
}

/* ---- the own part of a step
 * ---------------------------------------------------------------------- */

static void
done(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	const struct process_step *step = &process_rule(run->kind)->step[run->step];

	run->done |= BIT(VIEW_SELF);
	phase(s, PHASE_DONE);
	step_journal(s, "%s %s: %s reached here; next: %s", process_name(run->kind),
		     who(s, run->subject), step->name, step->next);
	struct view_message m = our_process(s);
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (run->voters & BIT(i)) {
			say(s, i, MSIG_OP_DONE, &m);
			if (run->requestor != VIEW_SELF) /* who has EXECUTE to say as well */
				s->view->d.provider[i].sent = s->now;
		}
}

/* A hold that cannot begin: who still shows what is to be forgotten? */
static bool
wait_for_old(struct step *s, uint32_t holds)
{
	struct hold_want wanted[HOLD_COUNT];

	process_wanted(s->view, wanted);
	for (int k = 0; k < HOLD_COUNT; k++) {
		const struct view_place *p =
		    (holds >> k & 1) == 0 ? NULL : hold_old(s->view, k, &wanted[k], s->now);
		if (p == NULL)
			continue;
		step_wait(s, p->kind == PLACE_PARENT ? REASON_PARENT : REASON_PEER,
			  REASON_OF_SERVER, p->server, "caches forgot what was replaced",
			  "it still serves that", 0);
		return true;
	}
	return false;
}

/* Act, observe, hold. DONE is what is visible, not what was acknowledged. */
void
agree_work(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	struct reason why;
	int64_t until;

	if (rule == NULL || run->phase < PHASE_EXECUTING)
		return;
	const struct process_step *step = &rule->step[run->step];
	if (step->holds != 0) {
		struct hold_want wanted[HOLD_COUNT];
		process_wanted(view, wanted);
		hold_raise(view, step->holds, wanted, s->now);
	}
	if (run->phase != PHASE_EXECUTING)
		return;
	if ((agree_actors(view) & BIT(VIEW_SELF)) == 0) { /* votes, but has nothing to do */
		done(s);
		return;
	}
	if (view->d.want.counter != view->d.applied_counter ||
	    view->d.want.epoch != view->d.applied_epoch) {
		step_wait(s, REASON_PEER, REASON_OF_OVERLAY, "combinerd", "the new overlay",
			  view->apply_rcode != 0 ? view->apply_text : "not committed yet", 0);
		return;
	}
	if (!MUTANT(DONE_ON_ACK) && !process_check(view, step->done, false, s->now, &why)) {
		step_reason(s, &why);
		return;
	}
	if (!hold_elapsed(view, step->holds, s->now, &until)) {
		if (!wait_for_old(s, step->holds))
			step_wait(s, REASON_UNTIL, REASON_OF_CLOCK, "",
				  "caches forgot what was replaced",
				  until == VIEW_NEVER ? "old data still served" : "",
				  until == VIEW_NEVER ? 0 : until);
		step_wake(s, until);
		return;
	}
	if (step_frozen(view) || operator_looks(s))
		return;
	done(s);
}

/* ---- participant
 * ---------------------------------------------------------------------------------- */

struct judgement {
	enum msig_op op;
	uint16_t result;
	char text[REASON_TEXT];
};

static struct judgement
judge(enum msig_op op, uint16_t result, const char *text)
{
	struct judgement j = {.op = op, .result = result};
	snprintf(j.text, sizeof(j.text), "%.150s", text);
	return j;
}

/* Everybody is there, in the same view of HSYNC. Returns the first who is not, or -1. */
static int
not_together(const struct zone_view *view, uint32_t voters)
{
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
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
 * anew may not have heard of all members yet. */
static bool
all_known(const struct zone_view *view)
{
	struct rset keys = RSET_NONE;

	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (view->d.provider[i].used && view->d.provider[i].has != 0)
			keys = rset_or(keys, view->d.provider[i].statement.dnskey);
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if ((designated(view) & BIT(i)) == 0 || p->has != 0)
			continue;
		for (int k = 0; k < VIEW_PLACES; k++) {
			const struct view_place *q = view->d.place[k];
			const struct view_version *v =
			    q == NULL || q->kind != PLACE_PARENT ? NULL : view_current(q, VIEW_DS);
			if (v != NULL && !rset_within(rpool_keys(&view->d.pool, v->set), keys))
				return false;
		}
	}
	return true;
}

/* Does the instruction that the running process follows still stand? */
static bool
stands(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	bool subject = (designated(view) & BIT(run->subject)) != 0;
	bool requestor = (designated(view) & BIT(run->requestor)) != 0;

	if (run->led && run->executed && lead_mode(view))
		requestor = true; /* another one will lead */
	switch (run->kind) {
	case MSIG_PROCESS_REMOVE: /* whether it goes on to serve may have changed */
		return requestor && !subject && run->stays == serves_only(view, run->subject);
	case MSIG_PROCESS_NS_ADD:
		return requestor && serves_only(view, run->subject);
	case MSIG_PROCESS_NS_REMOVE:
		return requestor && !serves_only(view, run->subject);
	default:
		return subject && requestor;
	}
}

/* The operator stopped what is half done, or the owner is about to take its requestor out, so that
 * others may begin something else: it rests where it is. */
static bool
halted(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	return run->kind != 0 && run->executed &&
	       (run->aborting || !stands(view) ||
		(run->requestor == VIEW_SELF && agree_outgoing(view)));
}

static bool
guard(struct step *s, uint8_t kind, uint8_t step, struct reason *why)
{
	const struct process_rule *rule = process_rule(kind);
	return rule != NULL && step < rule->steps &&
	       process_check(s->view, rule->step[step].guard, true, s->now, why);
}

static struct judgement
judge_guard(struct step *s, uint8_t kind, uint8_t step)
{
	struct reason why;
	char text[2 * REASON_TEXT];
	int other, key = agree_keytag_collision(s->view, &other);

	if (key >= 0 && step <= 1 && kind != MSIG_PROCESS_REMOVE &&
	    kind != MSIG_PROCESS_NS_REMOVE) {
		snprintf(text, sizeof(text), "two keys with tag %u", s->view->d.pool.at[key].tag);
		return judge(MSIG_OP_DENY, MSIG_RESULT_KEYTAG, text);
	}
	if (guard(s, kind, step, &why))
		return operator_waits(s, step)
			   ? judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY,
				   "the operator here has not approved this step yet")
			   : judge(MSIG_OP_APPROVE, 0, "");
	reason_text(&why, text, sizeof(text));
	if (why.class == REASON_BLOCKED && step == 0)
		return judge(MSIG_OP_DENY, MSIG_RESULT_POLICY, text);
	return judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY, text);
}

/* Of two that ask at the same time the lower (priority, identity) goes on. */
static bool
goes_first(const struct step *s, uint8_t kind, int provider, uint8_t kind2, int provider2)
{
	int a = process_rule(kind)->priority, b = process_rule(kind2)->priority;
	return a != b ? a < b : strcmp(who(s, provider), who(s, provider2)) < 0;
}

/* What a provider asks for itself, where nobody leads. */
static bool
own_affair(uint8_t kind)
{
	return kind != MSIG_PROCESS_REMOVE && kind != MSIG_PROCESS_NS_ADD &&
	       kind != MSIG_PROCESS_NS_REMOVE;
}

/* May this process be asked for by this provider? NULL, or why not. */
static const char *
no_right(const struct zone_view *view, uint8_t kind, int from, int subject)
{
	const struct view_provider *p = &view->d.provider[subject];

	/* A member that says it is none ended its join where others saw it complete: once more. */
	if (kind == MSIG_PROCESS_ADD)
		return subject != from ? "only the joiner asks to join"
		       : p->member && (p->statement.process != 0 || p->statement.step != 0)
			   ? "a member already"
			   : NULL;
	if (!view->d.provider[from].member)
		return "only a member asks for that";
	switch (kind) {
	case MSIG_PROCESS_REMOVE:
		return subject == from ? "nobody takes itself out"
		       : (designated(view) & BIT(subject)) != 0
			   ? "HSYNC designates it, and no operator here took it out"
			   : NULL;
	case MSIG_PROCESS_NS_ADD:
		return serves_only(view, subject) ? NULL : "HSYNC does not want its servers named";
	case MSIG_PROCESS_NS_REMOVE:
		return serves_only(view, subject) || (p->has & HAS_CDS) != 0
			   ? "HSYNC wants its servers named"
			   : NULL;
	default:
		return subject == from ? NULL : "keys are rolled by their signer";
	}
}

static struct view_process
new_process(const struct zone_view *view, uint8_t kind, int subject, int requestor,
	    uint8_t algorithm)
{
	return (struct view_process){
	    .kind = kind,
	    .subject = (int8_t)subject,
	    .requestor = (int8_t)requestor,
	    .voters = electorate(view, kind),
	    .algorithm = algorithm,
	    .led = lead_mode(view),
	    .stays = kind == MSIG_PROCESS_REMOVE && serves_only(view, subject),
	};
}

/* A first REQUEST: may it begin? */
static struct judgement
judge_new(struct step *s, int from, const struct view_message *m)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (process_rule(m->process) == NULL || m->subject < 0 || m->subject >= VIEW_PROVIDERS ||
	    !d->provider[m->subject].used)
		return judge(MSIG_OP_DENY, MSIG_RESULT_POLICY, "a process that is not known here");
	if (m->process == MSIG_PROCESS_ALGORITHM && !view_algorithm(m->algorithm))
		return judge(MSIG_OP_DENY, MSIG_RESULT_POLICY, "an algorithm that no zone goes to");
	/* What has had effects can only be unknown here when our database was lost. */
	if (m->step != 0)
		return judge(MSIG_OP_DENY, MSIG_RESULT_ENDED, "not a process of ours");
	if (m->epoch <= d->epoch || m->epoch > d->epoch + VIEW_EPOCH_JUMP)
		return judge(MSIG_OP_DENY, MSIG_RESULT_STATE, "an older view of the zone");
	bool never, led = lead_mode(view);
	const char *why = lead_no_right(view, from, m->process, m->algorithm, m->subject, &never);
	if (why != NULL)
		return judge(never ? MSIG_OP_DENY : MSIG_OP_NOT_YET,
			     never ? MSIG_RESULT_POLICY : MSIG_RESULT_NOTREADY, why);
	why = no_right(view, m->process, led && own_affair(m->process) ? m->subject : from,
		       m->subject);
	if (why != NULL)
		return judge(MSIG_OP_DENY,
			     m->process == MSIG_PROCESS_ADD &&
				     d->provider[led ? m->subject : from].member
				 ? MSIG_RESULT_STATE
				 : MSIG_RESULT_POLICY,
			     why);
	if (m->process != MSIG_PROCESS_ADD && !all_known(view))
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY,
			     "a member of the group is not known here yet");
	int other;
	why = goes_before(view, m->process, m->subject, &other);
	if (why != NULL)
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY, why);
	int missing = not_together(view, electorate(view, m->process));
	if (missing >= 0)
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY,
			     d->provider[missing].ready ? "no statement with this HSYNC of a peer"
							: "a peer is not operational");
	/* The guards look at the process: try it on. */
	struct view_process kept = d->process;
	d->process = new_process(view, m->process, m->subject, from, m->algorithm);
	struct judgement j = judge_guard(s, m->process, 0);
	d->process = kept;
	return j;
}

static void
grant(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0) {
		*run = new_process(s->view, m->process, m->subject, from, m->algorithm);
		run->epoch = m->epoch;
		run->started = s->now;
		memcpy(run->tid, m->tid, sizeof(run->tid));
		memcpy(run->hsync, s->view->d.hsync.digest, sizeof(run->hsync));
	}
	run->step = m->step;
	run->done = 0;
	memset(run->hold, 0, sizeof(run->hold));
	phase(s, PHASE_GRANTED);
	run->lease = s->now + s->view->config.times.lease;
	step_journal(s, "%s %s: %s approved for %s", process_name(run->kind), who(s, run->subject),
		     process_step_name(run->kind, run->step), who(s, from));
}

/* Is the statement that is known here older than the one that the message speaks of? */
static bool
older(const struct view_statement *st, const struct view_message *m)
{
	if (m->version_epoch == 0 && m->version_counter == 0)
		return false;
	return !st->known || st->epoch < m->version_epoch ||
	       (st->epoch == m->version_epoch && st->counter < m->version_counter);
}

/* Is what the leader says of the step what is planned here? */
static bool
fits(struct step *s, int from, const struct view_message *m)
{
	char why[REASON_TEXT];

	if (lead_differs(s->view, m, why, sizeof(why)) == NULL)
		return true;
	lead_refused(s, from, m, why);
	refuse(s, from, MSIG_OP_DENY, m, MSIG_RESULT_CHANGE, why);
	return false;
}

/* The step that was granted. */
static void
execute_here(struct step *s, const struct view_message *m)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;

	run->executed = true;
	run->executed_at = s->now;
	if (m->epoch > d->epoch)
		d->epoch = m->epoch;
	phase(s, PHASE_EXECUTING);
	step_journal(s, "%s %s: %s is executed", process_name(run->kind), who(s, run->subject),
		     process_step_name(run->kind, run->step));
}

/* All have approved the next step, and we do not know of our part: our database is an older one.
 * One step after the other, each with its guard and its holds. */
static bool
catch_up(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	struct view_message next = *m;

	next.step = run->step + 1;
	if (run->requestor != from || run->phase != PHASE_DONE ||
	    judge_guard(s, run->kind, next.step).op != MSIG_OP_APPROVE ||
	    (m->op == MSIG_OP_EXECUTE && next.step == m->step && !fits(s, from, m)))
		return false;
	grant(s, from, &next);
	execute_here(s, &next);
	return true;
}

static struct judgement
judge_request(struct step *s, int from, const struct view_message *m)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;

	if ((designated(view) & BIT(from)) == 0)
		return judge(MSIG_OP_DENY, MSIG_RESULT_POLICY,
			     "HSYNC does not designate the sender");
	if (step_frozen(view) || halted(view))
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY, "frozen here");
	if (run->kind == 0 && view->d.ended.kind != 0 && !view->d.ended.completed &&
	    memcmp(view->d.ended.tid, m->tid, sizeof(m->tid)) == 0)
		return judge(MSIG_OP_DENY, MSIG_RESULT_ENDED, "it ended here");
	if (older(&view->d.provider[from].statement, m)) {
		view->d.provider[from].stale = true;
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY,
			     "the requestor's newer statement is not here yet");
	}
	if (!MUTANT(HSYNC) && memcmp(m->hsync, view->d.hsync.digest, 32) != 0)
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_HSYNC, "another HSYNC is seen here");
	if (run->kind != 0 && memcmp(run->tid, m->tid, sizeof(m->tid)) == 0) {
		if (m->step == run->step && run->phase == PHASE_GRANTED)
			return judge(MSIG_OP_APPROVE, 0, "");
		if (m->step == run->step + 1 && run->phase == PHASE_DONE && run->requestor == from)
			return judge_guard(s, run->kind, m->step);
		if (m->step > run->step + 1)
			(void)catch_up(s, from, m);
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_STATE,
			     "the step before is not done here");
	}
	if (run->kind != 0 && MUTANT(BUSY))
		forget_process(s);
	if (run->kind != 0) {
		if (run->requestor == from && !run->executed) {
			/* It began anew and its ABORT was lost. */
			give_up(s, "its requestor began anew");
		} else if (run->requestor == VIEW_SELF && !run->executed &&
			   process_rule(m->process) != NULL &&
			   (run->asked == 0 ||
			    goes_first(s, m->process, from, run->kind, VIEW_SELF))) {
			give_up(s, "another process goes first");
			back_off(s);
		} else {
			return judge(MSIG_OP_DENY, MSIG_RESULT_BUSY, "another process is running");
		}
	}
	return judge_new(s, from, m);
}

/* Its requestor asks once more for a step that was executed: its database is an older one. */
static bool
approved_already(const struct view_process *run, int from, const struct view_message *m)
{
	return run->kind != 0 && run->executed && run->requestor == from &&
	       memcmp(run->tid, m->tid, sizeof(m->tid)) == 0 &&
	       (m->step < run->step || (m->step == run->step && run->phase >= PHASE_EXECUTING));
}

static void
answer_request(struct step *s, int from)
{
	struct view_provider *p = &s->view->d.provider[from];
	struct view_message *m = &p->request;

	if (s->now - p->requested_at > 4 * s->view->config.times.resend) {
		p->requested = false; /* its sender says it again if it still wants it */
		return;
	}
	if (lead_repeats(s->view, from, m) || approved_already(&s->view->d.process, from, m)) {
		say(s, from, MSIG_OP_APPROVE, m);
		p->requested = false;
		return;
	}
	struct judgement j = judge_request(s, from, m);
	switch (j.op) {
	case MSIG_OP_APPROVE:
		if (s->view->d.process.kind == 0 || s->view->d.process.step != m->step ||
		    s->view->d.process.phase != PHASE_GRANTED)
			grant(s, from, m);
		s->view->d.process.lease = s->now + s->view->config.times.lease;
		say(s, from, MSIG_OP_APPROVE, m);
		p->requested = false;
		break;
	case MSIG_OP_DENY:
		refuse(s, from, MSIG_OP_DENY, m, j.result, j.text);
		p->requested = false;
		break;
	default:
		if (p->answer != MSIG_OP_NOT_YET)
			refuse(s, from, MSIG_OP_NOT_YET, m, j.result, j.text);
		p->answer = MSIG_OP_NOT_YET;
		break;
	}
}

/* EXECUTE of the first step by someone whose grant we have let go or never gave: it has everybody's
 * word, ours included, and the step has no effect yet. */
static bool
late_execute(struct step *s, int from, const struct view_message *m)
{
	if (m->step != 0 || s->view->d.process.kind != 0 || step_frozen(s->view) ||
	    (designated(s->view) & BIT(from)) == 0 || m->epoch <= s->view->d.epoch)
		return false;
	/* The guards of the first step hold here as ever. */
	if (judge_new(s, from, m).op != MSIG_OP_APPROVE)
		return false;
	grant(s, from, m);
	return true;
}

/* Who has no vote on a process acts along, at whatever step the others are: its subject, that
 * leaves or only serves, and a member whose turn to leave comes next. */
static bool
act_along(struct step *s, int from, const struct view_message *m)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	const struct process_rule *rule = process_rule(m->process);
	bool same = run->kind != 0 && memcmp(run->tid, m->tid, sizeof(m->tid)) == 0;

	if (m->subject < 0 || m->subject >= VIEW_PROVIDERS || !d->provider[m->subject].used ||
	    (m->subject != VIEW_SELF && (partly(s->view) & BIT(VIEW_SELF)) == 0) || rule == NULL ||
	    m->step + 1 >= rule->steps || step_frozen(s->view) ||
	    (electorate(s->view, m->process) & BIT(VIEW_SELF)) != 0 ||
	    (designated(s->view) & BIT(from)) == 0 || !d->provider[from].member ||
	    (m->process != MSIG_PROCESS_REMOVE && m->process != MSIG_PROCESS_NS_ADD &&
	     m->process != MSIG_PROCESS_NS_REMOVE))
		return false;
	/* What its requestor says it is in goes on here too, though it was ended here, or the
	 * database that knew of it is lost. */
	if (same)
		run->led |= m->change.given; /* from now on each step needs one */
	const struct view_statement *st = &d->provider[from].statement;
	bool runs = st->process == m->process && st->process_epoch == m->epoch;
	if (same ? m->step <= run->step && run->executed
		 : run->kind != 0 || (m->epoch <= d->epoch && !runs) ||
		       m->epoch > d->epoch + VIEW_EPOCH_JUMP)
		return same;
	if (!same) {
		*run = new_process(s->view, m->process, m->subject, from, 0);
		run->epoch = m->epoch;
		run->started = s->now;
		memcpy(run->tid, m->tid, sizeof(run->tid));
		memcpy(run->hsync, d->hsync.digest, sizeof(run->hsync));
		run->led |= m->change.given;
	}
	run->step = m->step;
	run->done = 0;
	memset(run->hold, 0, sizeof(run->hold));
	phase(s, PHASE_GRANTED);
	return true;
}

static void
on_execute(struct step *s, int from, const struct view_message *m)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;

	bool over = run->kind == 0 && memcmp(d->ended.tid, m->tid, sizeof(m->tid)) == 0;
	if (over && d->ended.completed) {
		say(s, from, MSIG_OP_DONE, m); /* we have seen everybody's DONE */
		return;
	}
	bool along = act_along(s, from, m);
	if (along && run->phase != PHASE_GRANTED)
		return;
	if (over && !along) {
		refuse(s, from, MSIG_OP_DENY, m, MSIG_RESULT_ENDED, "it ended here");
		return;
	}
	if ((run->kind == 0 || memcmp(run->tid, m->tid, sizeof(m->tid)) != 0) &&
	    !late_execute(s, from, m)) {
		/* What has had effects can only be unknown here when our database was lost. */
		refuse(s, from, MSIG_OP_DENY, m,
		       run->kind == 0 && m->step > 0      ? MSIG_RESULT_ENDED
		       : run->kind != 0 && !run->executed ? MSIG_RESULT_BUSY
							  : MSIG_RESULT_STATE,
		       "not a process of ours");
		return;
	}
	if (run->requestor != from)
		return;
	if (m->step < run->step || (m->step == run->step && run->phase == PHASE_DONE)) {
		say(s, from, MSIG_OP_DONE, m);
		return;
	}
	if (m->step > run->step && catch_up(s, from, m))
		return;
	if (m->step != run->step || run->phase != PHASE_GRANTED)
		return;
	if (!fits(s, from, m))
		return;
	execute_here(s, m);
}

static void
on_release(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0 || memcmp(run->tid, m->tid, sizeof(m->tid)) != 0 ||
	    run->requestor != from)
		return;
	bool along = run->executed && (electorate(s->view, run->kind) & BIT(VIEW_SELF)) == 0;
	if (!along && (run->phase != PHASE_DONE || run->step + 2 != process_rule(run->kind)->steps))
		return;
	finish(s);
}

static void
on_denied(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0 || memcmp(run->tid, m->tid, sizeof(m->tid)) != 0)
		return;
	if (run->requestor == from && run->executed && m->result == MSIG_RESULT_ENDED) {
		end_early(s, "its requestor knows nothing of it any more");
		return;
	}
	if (run->requestor != VIEW_SELF || m->step != run->step)
		return;
	if ((agree_voters(s->view) & BIT(from)) == 0)
		return; /* it acts along, or not */
	if (m->result == MSIG_RESULT_ENDED && run->executed) {
		end_early(s, "it ended at a peer");
		back_off(s);
		return;
	}
	if (effective(run) || (run->executed && m->result != MSIG_RESULT_STATE))
		return;
	char why[2 * REASON_TEXT];
	snprintf(why, sizeof(why), "%.80s: %.180s", who(s, from), m->text);
	if (m->result == MSIG_RESULT_STATE)
		s->view->d.provider[from].stale = true;
	give_up(s, why);
	back_off(s);
	snprintf(s->view->denied, sizeof(s->view->denied), "%.150s", why);
	s->view->denied_result = m->result;
}

static void
answer_ask(struct step *s, int from)
{
	struct durable *d = &s->view->d;
	struct view_provider *p = &d->provider[from];
	struct view_process *run = &d->process;
	struct view_message m = p->ask;
	bool mine = run->kind != 0 && memcmp(run->tid, m.tid, sizeof(m.tid)) == 0;

	p->asking = false;
	switch (m.op) {
	case MSIG_OP_EXECUTE:
		on_execute(s, from, &m);
		break;
	case MSIG_OP_RELEASE:
		on_release(s, from, &m);
		break;
	case MSIG_OP_ABORT:
		if (mine && run->requestor == from && !effective(run))
			give_up(s, "its requestor gave up");
		else if (mine && run->requestor == from && run->led)
			end_early(s, "its requestor ended it");
		if (memcmp(p->request.tid, m.tid, sizeof(m.tid)) == 0)
			p->requested = false;
		break;
	case MSIG_OP_DENY:
		on_denied(s, from, &m);
		break;
	case MSIG_OP_APPROVE: /* of something that we gave up */
		if (!mine && memcmp(d->ended.tid, m.tid, sizeof(m.tid)) != 0)
			say(s, from, MSIG_OP_ABORT, &m);
		break;
	case MSIG_OP_DONE: /* it missed the end */
		if (!MUTANT(SILENT) && d->ended.completed &&
		    memcmp(d->ended.tid, m.tid, sizeof(m.tid)) == 0)
			say(s, from, MSIG_OP_RELEASE, &m);
		else if (!mine && ((m.step == 0 && m.subject == VIEW_SELF) ||
				   lead_leads(s->view))) /* or that it was given up */
			say(s, from, MSIG_OP_ABORT, &m);
		else if (!mine) /* or we did: it is heard if we are its requestor */
			refuse(s, from, MSIG_OP_DENY, &m, MSIG_RESULT_ENDED,
			       "not a process of ours");
		break;
	default:
		break;
	}
}

/* A join that the leader asked for is over, and the last step is done here: the joiner's own
 * statement says whether it is in. The joiner itself asks the leader, by its DONE. */
static bool
led_outcome(struct step *s)
{
	const struct view_process *run = &s->view->d.process;
	const struct view_statement *st = &s->view->d.provider[run->subject].statement;

	if (run->subject == VIEW_SELF || !st->known || st->process != 0 ||
	    st->process_epoch < run->epoch)
		return false;
	if (st->step == 7)
		finish(s);
	else
		end_early(s, "it ended without this provider");
	return true;
}

static void
participate(struct step *s)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;

	if (run->kind == 0 || run->requestor == VIEW_SELF)
		return;
	const char *requestor = who(s, run->requestor);
	struct view_provider *p = &d->provider[run->requestor];
	/* The requestor's own statement says that it is over: it ended without us, because the
	 * owner had taken us out, or its RELEASE was lost. */
	if (p->statement.known && p->statement.process_epoch >= run->epoch &&
	    (p->statement.process == 0 || p->statement.process_epoch > run->epoch) &&
	    run->executed) {
		/* Over is not complete: a joiner that ended it at its last step is no member. */
		bool last =
		    run->phase == PHASE_DONE && run->step + 2 == process_rule(run->kind)->steps;
		if (run->led && run->kind == MSIG_PROCESS_ADD && last) {
			if (led_outcome(s))
				return;
		} else {
			bool complete = run->kind != MSIG_PROCESS_ADD ||
					(p->statement.process == 0 && p->statement.step == 7);
			if (complete && last) {
				finish(s);
				return;
			}
			end_early(s, "it ended without this provider");
			return;
		}
	}
	if (run->phase == PHASE_GRANTED && !run->executed) {
		if (s->now >= run->lease) {
			give_up(s, "the lease of the grant is over");
			return;
		}
		step_wake(s, run->lease);
	}
	lead_show(s);
	if (run->phase == PHASE_GRANTED)
		step_wait(s, REASON_PEER, REASON_OF_GRANT, requestor,
			  "EXECUTE of the step approved", p->ready ? "" : p->why, 0);
	/* Its requestor may know nothing of it any more: it answers what it does not know. */
	if (run->phase == PHASE_GRANTED && run->executed && p->ready &&
	    step_due(s, p->sent, 4 * s->view->config.times.resend)) {
		struct view_message m = our_process(s);
		m.step--;
		say(s, run->requestor, MSIG_OP_DONE, &m);
		p->sent = s->now;
		step_due(s, p->sent, 4 * s->view->config.times.resend);
	}
	if (run->phase != PHASE_DONE)
		return;
	step_wait(s, REASON_PEER, REASON_OF_GRANT, requestor, "the next step, or the end",
		  p->ready ? "not all are done" : p->why, 0);
	if (p->ready && step_due(s, p->sent, 4 * s->view->config.times.resend)) {
		struct view_message m = our_process(s);
		say(s, run->requestor, MSIG_OP_DONE, &m);
		p->sent = s->now;
		step_due(s, p->sent, 4 * s->view->config.times.resend);
	}
}

/* ---- requestor
 * -------------------------------------------------------------------------------------- */

/* Says something to everyone in the mask who has not been told lately. */
static void
tell(struct step *s, uint32_t mask, enum msig_op op)
{
	struct view_message m = our_process(s);
	int64_t resend = s->view->config.times.resend;

	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		struct view_provider *p = &s->view->d.provider[i];
		if ((mask & BIT(i)) == 0)
			continue;
		if (!p->ready) {
			step_wait(s, REASON_PEER, REASON_OF_PEER, p->identity, "operational",
				  p->why, 0);
			continue;
		}
		if (MUTANT(NO_RESEND) ? p->sent == 0 : p->tell || step_due(s, p->sent, resend)) {
			say(s, i, op, &m);
			p->sent = s->now;
			p->tell = false;
		}
		step_wake(s, p->sent + resend);
		if (op == MSIG_OP_EXECUTE && p->said[0] != 0 &&
		    p->said_result == MSIG_RESULT_CHANGE)
			step_blocked(s, REASON_OF_GRANT, p->identity,
				     "the change of this step taken", p->said,
				     "compare `msigctl plan` here and there; it is said again");
		step_wait(s, REASON_PEER, REASON_OF_GRANT, p->identity,
			  op == MSIG_OP_REQUEST ? "approval" : "done", p->said, p->sent + resend);
	}
}

static void
execute(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	run->executed = true;
	run->executed_at = s->now;
	run->done = 0;
	if (run->epoch > s->view->d.epoch)
		s->view->d.epoch = run->epoch;
	memset(run->hold, 0, sizeof(run->hold));
	phase(s, PHASE_EXECUTING);
	step_journal(s, "%s %s: all approve %s, execute", process_name(run->kind),
		     who(s, run->subject), process_step_name(run->kind, run->step));
}

/* What this provider has to ask for next: what the owner wants before what the operator wants,
 * leaving before anything else. kind 0: nothing. */
struct intent {
	uint8_t kind;
	uint8_t algorithm;
	int subject;
};

static struct intent for_the_group(struct step *s);

/* What the leader cannot begin does not keep everything else waiting. */
static bool
led_yields(struct step *s)
{
	const struct view_process *run = &s->view->d.process;
	struct lead_task task[LEAD_TASKS];

	return run->led && !run->executed && lead_leads(s->view) &&
	       (lead_tasks(s->view, task) > 1 ||
		(s->view->d.provider[VIEW_SELF].member && for_the_group(s).kind != 0)) &&
	       step_due(s, run->since, 4 * s->view->config.times.resend);
}

static void
ask_for_step(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	uint32_t others = agree_voters(s->view) & ~BIT(VIEW_SELF);
	struct reason why;

	if (step_frozen(s->view) || halted(s->view) || lead_rests(s->view))
		return;
	if (!guard(s, run->kind, run->step, &why)) {
		step_reason(s, &why);
		if (led_yields(s)) {
			give_up(s, "what else there is to do has its turn");
			back_off(s);
		}
		return;
	}
	if (operator_waits(s, run->step)) {
		run->asked = 0; /* the time of those who approve has not begun */
		return;
	}
	/* Approvals are worth as much as the leases behind them. */
	if (!run->executed && run->asked != 0 &&
	    s->now - run->asked > s->view->config.times.lease / 2) {
		give_up(s, "not all approved in time");
		back_off(s);
		return;
	}
	if (MUTANT(MAJORITY) &&
	    2 * __builtin_popcount(run->approved | 1) > __builtin_popcount(others | 1))
		run->approved |= others;
	if ((others & ~run->approved) == 0) {
		execute(s);
		tell(s, others, MSIG_OP_EXECUTE);
		return;
	}
	if (run->asked == 0) {
		run->asked = s->now;
		s->view->persist = true;
	}
	if (!run->executed)
		step_wake(s, run->asked + s->view->config.times.lease / 2 + 1);
	tell(s, others & ~run->approved, MSIG_OP_REQUEST);
}

/* The subject that has no vote, and whoever is to leave as well, act along if they are there: the
 * parent looks at their servers too. They are not waited for. What they missed of the step before
 * they are told while approvals for the next one are asked for, since the guards look at their
 * servers. */
static void
inform(struct step *s, uint32_t voters)
{
	struct view_process *run = &s->view->d.process;
	uint32_t along = (agree_members(s->view) | partly(s->view) | BIT(run->subject)) & ~voters &
			 ~BIT(VIEW_SELF);
	struct view_message m = our_process(s);

	if (run->phase == PHASE_REQUESTED && m.step-- == 0)
		return;
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		struct view_provider *p = &s->view->d.provider[i];
		if ((along & BIT(i)) == 0 || !p->ready || (run->done & BIT(i)) != 0 ||
		    !step_due(s, p->sent, s->view->config.times.resend))
			continue;
		say(s, i, MSIG_OP_EXECUTE, &m);
		p->sent = s->now;
		step_wake(s, p->sent + s->view->config.times.resend);
	}
}

static void
conduct(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	uint32_t voters = agree_voters(s->view);

	if (run->kind == 0 || run->requestor != VIEW_SELF)
		return;
	if (run->phase == PHASE_REQUESTED) {
		ask_for_step(s);
		if (run->kind != 0 && run->phase == PHASE_REQUESTED)
			inform(s, voters);
		return;
	}
	if (MUTANT(MAJORITY) && (run->done & 1) != 0 &&
	    2 * __builtin_popcount(run->done) > __builtin_popcount(voters))
		run->done |= voters;
	if ((voters & ~run->done) == 0 && !step_frozen(s->view) && !halted(s->view)) {
		if (run->step + 2 == process_rule(run->kind)->steps) {
			struct view_message m = our_process(s);
			finish(s);
			for (int i = 1; i < VIEW_PROVIDERS; i++)
				if (((voters | agree_members(s->view)) & BIT(i)) != 0 ||
				    i == m.subject)
					say(s, i, MSIG_OP_RELEASE, &m);
			return;
		}
		run->step++;
		run->approved = 0;
		run->asked = 0;
		phase(s, PHASE_REQUESTED);
		return;
	}
	tell(s, voters & ~run->done & ~BIT(VIEW_SELF), MSIG_OP_EXECUTE);
	inform(s, voters);
}

/* Why no member is known: the first peer that is not operational, and why. */
static const char *
nobody(struct step *s)
{
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &s->view->d.provider[i];
		if ((designated(s->view) & BIT(i)) != 0 && !p->ready && p->why[0] != '\0')
			return p->why;
	}
	return "nobody says that it is one";
}

/* Who speaks for the group sees nothing to do, and has not for long: it may not know. */
static bool
rests_long(struct step *s, int provider)
{
	const struct view_statement *st = &s->view->d.provider[provider].statement;
	int64_t long_time = s->view->config.times.alarm_after;

	return st->known && st->process == 0 && step_due(s, st->received, long_time);
}

/* What is to be done about this provider by the group. */
static uint8_t
group_kind(const struct zone_view *view, int i)
{
	const struct view_provider *p = &view->d.provider[i];

	if ((leaving(view) & BIT(i)) != 0)
		return MSIG_PROCESS_REMOVE;
	/* What serves without DS has to be out of the delegation before it may sign. */
	if (!p->member && (p->has & HAS_NS) != 0 && (p->has & HAS_CDS) == 0 &&
	    !serves_only(view, i))
		return MSIG_PROCESS_NS_REMOVE;
	if (serves_only(view, i) && (p->has == 0 || (p->has == HAS_NS && !at_parent(view, i))) &&
	    p->statement.known && !rset_empty(p->statement.ns))
		return MSIG_PROCESS_NS_ADD;
	return 0;
}

/* Those who go, go first. */
static struct intent
for_the_group(struct step *s)
{
	static const uint8_t order[] = {MSIG_PROCESS_REMOVE, MSIG_PROCESS_NS_REMOVE,
					MSIG_PROCESS_NS_ADD};
	struct zone_view *view = s->view;
	int first = speaker(view);

	for (size_t k = 0; k < sizeof(order); k++)
		for (int i = 1; i < VIEW_PROVIDERS; i++) {
			if (!view->d.provider[i].used || group_kind(view, i) != order[k] ||
			    (leaving(view) != 0 && order[k] != MSIG_PROCESS_REMOVE))
				continue;
			if (first == VIEW_SELF ||
			    (first > 0 && !lead_mode(view) && rests_long(s, first)))
				return (struct intent){order[k], 0, i};
			if (first < 0 && lead_mode(view)) /* who does not sign knows of none */
				step_wait(s, REASON_PEER, REASON_OF_LEADER, "",
					  process_name(order[k]), "no leader asked for it yet", 0);
			if (first > 0)
				step_wait(s, REASON_PEER, REASON_OF_GRANT, who(s, first),
					  process_name(order[k]), "not asked for yet", 0);
		}
	return (struct intent){0};
}

/* Who leads asks for everything; the others say what they wait for. After each refusal it is
 * another one's turn, and who is not there keeps nobody waiting. */
static struct intent
led_intent(struct step *s)
{
	struct zone_view *view = s->view;
	struct lead_task task[LEAD_TASKS];
	int count = lead_tasks(view, task), leader = elect_leader(view), other;
	struct intent i = {0};

	if (view->d.provider[VIEW_SELF].member || leader != VIEW_SELF) /* a member asks for these */
		i = for_the_group(s);
	if (i.kind != 0 && goes_before(view, i.kind, i.subject, &other) == NULL)
		return i;
	for (int k = 0; k < count; k++) {
		const struct lead_task *t = &task[(k + (int)(view->d.attempts % 64)) % count];
		if (leader != VIEW_SELF) {
			if (leader > 0 && t->subject == VIEW_SELF)
				step_wait(s, REASON_PEER, REASON_OF_GRANT, who(s, leader),
					  process_name(t->kind), "not asked for yet", 0);
			continue;
		}
		if (goes_before(view, t->kind, t->subject, &other) != NULL)
			continue;
		bool together = not_together(view, electorate(view, t->kind)) < 0;
		if (i.kind == 0 || together)
			i = (struct intent){t->kind, t->algorithm, t->subject};
		if (together)
			break;
	}
	return i;
}

static struct intent
intent(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (lead_mode(view)) {
		struct intent led = led_intent(s);
		if (led.kind != 0 || !MUTANT(LEADER))
			return led;
	}
	if (!d->provider[VIEW_SELF].member)
		return (designated(view) & BIT(VIEW_SELF)) != 0
			   ? (struct intent){MSIG_PROCESS_ADD, 0, VIEW_SELF}
			   : (struct intent){0};
	struct intent i = for_the_group(s);
	if (i.kind != 0 || (designated(view) & BIT(VIEW_SELF)) == 0)
		return i;
	/* Where an algorithm rollover was not completed, no key rolls before it is. */
	bool first =
	    roll_unfinished(view) == MSIG_PROCESS_ALGORITHM && ordered(d, MSIG_PROCESS_ALGORITHM);
	for (int k = 0; k < VIEW_ORDERS; k++)
		if (d->order[k].process != 0 &&
		    (!first || d->order[k].process == MSIG_PROCESS_ALGORITHM))
			return (struct intent){d->order[k].process, d->order[k].algorithm,
					       VIEW_SELF};
	return i;
}

/* A joiner needs somebody to join. */
static bool
somebody(struct step *s)
{
	struct zone_view *view = s->view;
	if ((agree_members(view) & designated(view)) != 0)
		return true;
	if (agree_members(view) != 0) {
		step_blocked(s, REASON_OF_HSYNC, "", "a member of the group that stays",
			     "all of them are to leave",
			     "the owner designates one of them until another one has joined");
		return false;
	}
	if (__builtin_popcount(designated(view)) == 1)
		step_blocked(s, REASON_OF_DS, "", "a delegation with DS to this provider", "none",
			     "have the zone delegated to this provider, with its DS");
	else
		step_wait(s, REASON_PEER, REASON_OF_STATEMENT, "", "a member of the group",
			  nobody(s), 0);
	return false;
}

/* Everybody who votes is there, rests, and sees the same HSYNC. */
static bool
all_ready(struct step *s, uint32_t voters)
{
	struct zone_view *view = s->view;
	int missing = not_together(view, voters);

	if (missing >= 0) {
		const struct view_provider *p = &view->d.provider[missing];
		step_wait(s, REASON_PEER, p->ready ? REASON_OF_STATEMENT : REASON_OF_PEER,
			  p->identity, p->ready ? "a statement with the same HSYNC" : "operational",
			  p->ready ? "none yet" : p->why, 0);
		return false;
	}
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_statement *st = &view->d.provider[i].statement;
		if ((voters & BIT(i)) != 0 && st->process != 0) {
			step_wait(s, REASON_PEER, REASON_OF_GRANT, who(s, i), "no process running",
				  process_name(st->process), 0);
			return false;
		}
	}
	return true;
}

/* After a refusal, not at once again. */
static bool
backed_off(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (s->now >= d->backoff)
		return true;
	if (view->denied[0] != 0 && (view->denied_result == MSIG_RESULT_POLICY ||
				     view->denied_result == MSIG_RESULT_KEYTAG))
		step_blocked(s, REASON_OF_GRANT, "", "approval of all", view->denied,
			     "see to what the peer says; asked again by itself");
	else
		step_wait(s, REASON_PEER, REASON_OF_GRANT, "", "approval of all", view->denied,
			  d->backoff);
	step_wake(s, d->backoff);
	return false;
}

static bool
tags_differ(struct step *s)
{
	int other, key = agree_keytag_collision(s->view, &other);
	if (key < 0)
		return true;
	char seen[REASON_TEXT];
	snprintf(seen, sizeof(seen), "two keys with tag %u", s->view->d.pool.at[key].tag);
	step_blocked(s, REASON_OF_KEYTAG, "", "different key tags", seen,
		     "one of the two signers makes another key");
	return false;
}

static void
begin(struct step *s, struct intent want)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;
	uint64_t epoch = d->epoch;

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_statement *st = &d->provider[i].statement;
		if (st->known && st->epoch > epoch)
			epoch = st->epoch;
		if (st->known && st->process_epoch > epoch)
			epoch = st->process_epoch;
	}
	d->process = new_process(view, want.kind, want.subject, VIEW_SELF, want.algorithm);
	d->process.epoch = epoch + 1;
	d->process.started = s->now;
	uint64_t id[2] = {step_random(view), step_random(view)};
	memcpy(d->process.tid, id, sizeof(id));
	memcpy(d->process.hsync, d->hsync.digest, sizeof(d->process.hsync));
	view->denied[0] = 0;
	phase(s, PHASE_REQUESTED);
}

/* Is there something to ask for, and may we? */
static void
start(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (d->process.kind != 0 || !d->begun || step_frozen(view))
		return;
	struct intent want = intent(s);
	if (want.kind == 0 || (want.kind == MSIG_PROCESS_ADD && !somebody(s)))
		return;
	enum view_model model = elect_model(view, NULL);
	if (model == MODEL_UNKNOWN || model == MODEL_NONE)
		return;
	if (want.kind != MSIG_PROCESS_ADD && !all_known(view)) {
		step_wait(s, REASON_PEER, REASON_OF_STATEMENT, "",
			  "every DS at the parent to be of a known member", "others", 0);
		return;
	}
	int other;
	const char *first = goes_before(view, want.kind, want.subject, &other);
	if (first != NULL && other >= 0) {
		step_wait(s, REASON_PEER, REASON_OF_GRANT, who(s, other), "its join to go on",
			  "it was interrupted, and goes first", 0);
		return;
	}
	if (first != NULL) {
		step_wait(s, REASON_PEER, REASON_OF_HSYNC, "", "nobody but whom HSYNC designates",
			  first, 0);
		return;
	}
	if (!all_ready(s, electorate(view, want.kind)) || !backed_off(s))
		return;
	if (want.kind != MSIG_PROCESS_REMOVE && want.kind != MSIG_PROCESS_NS_REMOVE &&
	    !tags_differ(s))
		return;
	begin(s, want);
}

/* A member to whom the owner gave a partner: the partner has to ask, and until then says why not.
 */
static void
await_joiners(struct step *s)
{
	struct durable *d = &s->view->d;

	if (d->process.kind == 0 && serves_only(s->view, VIEW_SELF) &&
	    (d->provider[VIEW_SELF].has & HAS_NS) == 0)
		step_wait(s, REASON_PEER, REASON_OF_NS, "", "our name servers named",
			  "no member has asked for it yet", 0);
	if (d->process.kind != 0 || !d->provider[VIEW_SELF].member || step_frozen(s->view))
		return;
	struct reason why;
	bool strangers = !process_check(s->view, COND_DS_KNOWN | COND_NS_KNOWN, true, s->now, &why);
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &d->provider[i];
		/* Who was out before we knew of it, and is dead: nobody tells us what is its. */
		if (p->used && !p->statement.known && p->has == 0 && strangers &&
		    (designated(s->view) & BIT(i)) == 0)
			step_reason(s, &why);
		if ((designated(s->view) & BIT(i)) == 0 || p->member ||
		    (p->ready && lead_leads(s->view)))
			continue;
		step_wait(s, REASON_PEER, REASON_OF_PEER, p->identity,
			  !p->ready            ? "operational"
			  : lead_mode(s->view) ? "the leader's request for its join"
					       : "its request to join",
			  p->ready ? "none yet" : p->why, 0);
	}
}

/* Somebody who takes part has executed a later process: ours is over, whoever missed its end. Or
 * its requestor hears that he was in it and is not any more: his database was put back. */
static bool
overtaken(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_statement *st = &view->d.provider[i].statement;
		if ((run->voters >> i & 1) == 0 || !st->known)
			continue;
		if (st->process_epoch > run->epoch ||
		    (run->requestor == VIEW_SELF && st->process_epoch == run->epoch &&
		     st->process == 0))
			return true;
	}
	return false;
}

/* Who would be asked now is not who was asked when it began, or somebody goes first. */
static bool
regrouped(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	int other;
	if ((run->kind == MSIG_PROCESS_ZSK || run->kind == MSIG_PROCESS_KSK) &&
	    roll_unfinished(view) == MSIG_PROCESS_ALGORITHM &&
	    ordered(&view->d, MSIG_PROCESS_ALGORITHM))
		return true;
	return run->voters != electorate(view, run->kind) ||
	       goes_before(view, run->kind, run->subject, &other) != NULL;
}

/* Have all of the parent's servers shown their NS for a while? */
static bool
parent_ns_lasts(struct step *s)
{
	int parents = 0;

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = s->view->d.place[i];
		if (p == NULL || !view_delegates(s->view, p))
			continue;
		const struct view_version *v = view_current(p, VIEW_NS);
		if (v == NULL || p->history[VIEW_NS].status == MSIG_SEEN_UNKNOWN ||
		    !step_due(s, v->first, s->view->config.times.hold_down))
			return false;
		parents++;
	}
	return parents > 0;
}

/* A parent that was slow may come with older NS when CSYNC is gone: then from the beginning. */
static bool
parent_went_back(struct step *s)
{
	const struct view_process *run = &s->view->d.process;

	return run->requestor == VIEW_SELF && run->executed && !run->aborting &&
	       parent_followed(s->view) && !step_frozen(s->view) &&
	       !process_check(s->view, COND_PARENT_NS, true, s->now, NULL) && parent_ns_lasts(s);
}

/* A process whose instruction was taken back. */
static void
withdraw(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0)
		return;
	/* A rollover that the leader conducts: it hears of our operator's word by our statement. */
	if (run->aborting && run->led && run->subject == VIEW_SELF && run->requestor != VIEW_SELF &&
	    own_affair(run->kind) && !effective(run))
		order_done(&s->view->d, run->kind, run->algorithm);
	if (lead_lacks(s->view) && !step_frozen(s->view)) {
		end_early(s, "who leads now has no part in it");
		return;
	}
	const char *over = lead_over(s->view);
	if (over != NULL) {
		give_up(s, over);
		back_off(s);
		return;
	}
	bool bound = run->requestor == VIEW_SELF ? effective(run) : run->step > 0;
	if (run->executed && overtaken(s->view)) {
		end_early(s, "another process has run since");
		return;
	}
	if (s->view->put_back && run->executed) {
		end_early(s, "the database was put back from an older copy");
		return;
	}
	if (run->aborting && !effective(run) && run->requestor == VIEW_SELF) {
		order_done(&s->view->d, run->kind, run->algorithm);
		give_up(s, "by the operator");
		back_off(s);
		return;
	}
	if (parent_went_back(s)) {
		end_early(s, "the parent has other NS again");
		return;
	}
	/* Who has no vote acts along with whoever has: he judges what the owner wants. */
	if (run->executed && run->requestor != VIEW_SELF && !run->aborting &&
	    (electorate(s->view, run->kind) & BIT(VIEW_SELF)) == 0)
		return;
	/* Whom the owner took back in has a part in all of it or in nothing, so it begins anew. */
	uint32_t back =
	    agree_members(s->view) & designated(s->view) & ~run->voters & ~BIT(run->subject);
	if (run->executed && run->requestor == VIEW_SELF && !run->aborting && back != 0 &&
	    !step_frozen(s->view)) {
		end_early(s, "a member that was taken back in has no part in it");
		return;
	}
	if (run->executed && run->requestor == VIEW_SELF && !run->aborting &&
	    run->kind != MSIG_PROCESS_REMOVE && run->kind != MSIG_PROCESS_NS_REMOVE &&
	    (unwanted(s->view) & ~BIT(run->subject)) != 0 && !step_frozen(s->view)) {
		end_early(s, "name servers are to go first");
		return;
	}
	/* A member has its keys and servers in what goes on, so it leaves first. */
	if (run->executed && !bound && !run->aborting && !step_frozen(s->view) &&
	    (run->voters & agree_members(s->view) & ~designated(s->view) & ~BIT(run->subject)) !=
		0) {
		give_up(s, "a member is to leave first");
		back_off(s);
		return;
	}
	if (bound) {
		/* Whom the owner takes out stays out of this process. Its requestor ends it: it
		 * begins anew among those who remain, so that who is taken back in has a part in
		 * all of it or in nothing. */
		uint32_t left = run->voters & (designated(s->view) | BIT(run->subject));
		if (left != run->voters && !step_frozen(s->view) && run->requestor == VIEW_SELF &&
		    !run->aborting) {
			end_early(s, "the owner took one of its signers out");
			return;
		}
		bool succession =
		    run->led && lead_mode(s->view) && (left >> run->requestor & 1) == 0;
		if (left != run->voters && !step_frozen(s->view) && !succession) {
			run->voters = left;
			s->view->persist = true;
		}
		if (run->aborting)
			step_blocked(s, REASON_OF_HSYNC, who(s, run->subject),
				     "what has begun to end", "abort asked for",
				     "resume: what has begun only goes forward");
		else if (!stands(s->view) && !step_frozen(s->view))
			end_early(s, "the owner's instruction is another one now");
		return;
	}
	if (run->aborting)
		give_up(s, "by the operator");
	else if (!run->executed && run->requestor == VIEW_SELF && regrouped(s->view))
		give_up(s, "the group is another one now");
	else if (!stands(s->view))
		give_up(s, "HSYNC no longer designates its subject");
	else if (!run->executed && memcmp(run->hsync, s->view->d.hsync.digest, 32) != 0)
		give_up(s, "HSYNC changed");
	else
		return;
	back_off(s);
}

void
agree_run(struct step *s)
{
	struct durable *d = &s->view->d;

	lead_succeed(s);
	withdraw(s);
	s->view->put_back = false;
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (d->provider[i].used && d->provider[i].asking)
			answer_ask(s, i);
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (d->provider[i].used && d->provider[i].requested)
			answer_request(s, i);
	operator_show(s); /* before what others are waited for */
	start(s);
	await_joiners(s);
	conduct(s);
	participate(s);
	operator_show(s);
}
