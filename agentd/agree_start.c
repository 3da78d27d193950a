/*
 * What there is to ask for, and whether it may be asked for now. Else: what it waits for.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/elect.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/shown.h"
#include "agentd/step.h"

/* Why no member is known: the first peer that is not operational, and why. */
static const char *
nobody(struct step *s)
{
	for (int i = 1; i < s->view->d.providers; i++) {
		const struct view_provider *p = &s->view->d.provider[i];
		if ((s->view->designated & BIT(i)) != 0 && !p->ready && p->why[0] != '\0')
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

	if ((agree_leaving(view) & BIT(i)) != 0)
		return MSIG_PROCESS_REMOVE;
	/* What serves without DS has to be out of the delegation before it may sign. Where the
	 * parent may have its DS, that is not what it is. */
	if (!p->member && (p->has & HAS_NS) != 0 && (p->has & HAS_CDS) == 0 &&
	    !agree_serves_only(view, i) && (shown_maybe(view, i) & HAS_CDS) == 0)
		return MSIG_PROCESS_NS_REMOVE;
	if (agree_serves_only(view, i) &&
	    (p->has == 0 ||
	     (p->has == HAS_NS && (!agree_at_parent(view, i) || agree_unfinished_ns(view, i)))) &&
	    p->statement.known && !rset_empty(p->statement.ns))
		return MSIG_PROCESS_NS_ADD;
	return 0;
}

/* Those who go, go first. */
struct intent
agree_for_the_group(struct step *s)
{
	static const uint8_t order[] = {MSIG_PROCESS_REMOVE, MSIG_PROCESS_NS_REMOVE,
					MSIG_PROCESS_NS_ADD};
	struct zone_view *view = s->view;
	int first = agree_speaker(view);

	for (size_t k = 0; k < sizeof(order); k++)
		for (int i = 1; i < view->d.providers; i++) {
			if (!view->d.provider[i].used || group_kind(view, i) != order[k] ||
			    (order[k] == MSIG_PROCESS_REMOVE && agree_dead_first(view, i)) ||
			    (agree_leaving(view) != 0 && order[k] != MSIG_PROCESS_REMOVE))
				continue;
			if (first == VIEW_SELF ||
			    (first > 0 && !lead_mode(view) && rests_long(s, first)))
				return (struct intent){order[k], 0, i};
			if (first < 0 && lead_mode(view)) /* who does not sign knows of none */
				step_wait(s, REASON_PEER, REASON_OF_LEADER, "",
					  process_name(order[k]), "no leader asked for it yet", 0);
			if (first > 0)
				step_wait(s, REASON_PEER, REASON_OF_GRANT, agree_who(s, first),
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
	int count = lead_tasks(view, task), leader = elect_leader(view);
	struct intent i = {0};

	if (view->d.provider[VIEW_SELF].member || leader != VIEW_SELF) /* a member asks for these */
		i = agree_for_the_group(s);
	bool turn = count == 0 || view->d.attempts % 2 == 0;
	if (i.kind != 0 && turn && agree_has_turn(view, i.kind, i.subject))
		return i;
	for (int k = 0; k < count; k++) {
		const struct lead_task *t = &task[(k + (int)(view->d.attempts % 64)) % count];
		if (leader != VIEW_SELF) {
			if (leader > 0 && t->subject == VIEW_SELF)
				step_wait(s, REASON_PEER, REASON_OF_GRANT, agree_who(s, leader),
					  process_name(t->kind), "not asked for yet", 0);
			continue;
		}
		if (!agree_has_turn(view, t->kind, t->subject))
			continue;
		bool together = agree_missing(view, agree_electorate(view, t->kind)) < 0;
		if (i.kind == 0 || together)
			i = (struct intent){t->kind, t->algorithm, t->subject};
		if (together)
			break;
	}
	/* What keeps whoever leads, and is no member, from joining is said as ever. */
	if (i.kind == 0 && leader == VIEW_SELF && !view->d.provider[VIEW_SELF].member)
		return (struct intent){MSIG_PROCESS_ADD, 0, VIEW_SELF};
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
		return (view->designated & BIT(VIEW_SELF)) != 0
			   ? (struct intent){MSIG_PROCESS_ADD, 0, VIEW_SELF}
			   : (struct intent){0};
	struct intent i = agree_for_the_group(s);
	bool may = i.kind != 0 && agree_key_first(view, i.kind, i.subject, 0) == NULL;
	if (may || (view->designated & BIT(VIEW_SELF)) == 0)
		return i;
	struct view_order next = agree_next_order(view);
	return next.process != 0 ? (struct intent){next.process, next.algorithm, VIEW_SELF} : i;
}

/* A joiner needs somebody to join. */
static bool
somebody(struct step *s)
{
	struct zone_view *view = s->view;
	if ((agree_members(view) & view->designated) != 0)
		return true;
	if (agree_members(view) != 0) {
		step_blocked(s, REASON_OF_HSYNC, "", "a member of the group that stays",
			     "all of them are to leave",
			     "the owner designates one of them until another one has joined");
		return false;
	}
	/* Somebody who is OFF may be in yet, and has not said so. */
	bool alone = view->d.hsync.count == 1 ||
		     step_due(s, view->d.hsync.time, view->config.times.alarm_after);
	if (__builtin_popcount(view->designated) == 1 && alone)
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
	int missing = agree_missing(view, voters);

	if (missing >= 0) {
		const struct view_provider *p = &view->d.provider[missing];
		if (p->ready)
			step_wait(s, REASON_PEER, REASON_OF_STATEMENT, p->identity,
				  "a statement with the same HSYNC", "none yet", 0);
		else
			agree_await(s, missing, REASON_OF_PEER, "operational");
		return false;
	}
	for (int i = 1; i < view->d.providers; i++) {
		const struct view_statement *st = &view->d.provider[i].statement;
		if ((voters & BIT(i)) != 0 && st->process != 0) {
			step_wait(s, REASON_PEER, REASON_OF_GRANT, agree_who(s, i),
				  "no process running", process_name(st->process), 0);
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
tags_differ(struct step *s, struct intent want)
{
	int other,
	    key = agree_keytag_barrier(s->view, want.kind, want.subject, want.algorithm, &other);
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

	for (int i = 0; i < d->providers; i++) {
		const struct view_statement *st = &d->provider[i].statement;
		if (st->known && st->epoch > epoch)
			epoch = st->epoch;
		if (st->known && st->process_epoch > epoch)
			epoch = st->process_epoch;
	}
	d->process = agree_new_process(view, want.kind, want.subject, VIEW_SELF, want.algorithm);
	d->process.epoch = epoch + 1;
	d->process.started = s->now;
	uint64_t id[2] = {view_random(view), view_random(view)};
	memcpy(d->process.tid, id, sizeof(id));
	memcpy(d->process.hsync, d->hsync.digest, sizeof(d->process.hsync));
	view->denied[0] = 0;
	agree_phase(s, PHASE_REQUESTED);
}

/* Is there something to ask for, and may we? */
void
agree_start(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (d->process.kind != 0 || !d->begun || step_frozen(view))
		return;
	struct intent want = intent(s);
	if (want.kind == 0 || agree_key_first(view, want.kind, want.subject, 0) != NULL)
		return;
	if (want.kind == MSIG_PROCESS_ADD && !somebody(s))
		return;
	enum view_model model = elect_model(view, NULL);
	if (model == MODEL_UNKNOWN || model == MODEL_NONE)
		return;
	if (want.kind != MSIG_PROCESS_ADD && !agree_all_known(view)) {
		step_wait(s, REASON_PEER, REASON_OF_STATEMENT, "",
			  "every DS at the parent to be of a known member", "others", 0);
		return;
	}
	int other;
	const char *first = agree_goes_before(view, want.kind, want.subject, &other);
	if (first != NULL && other >= 0) {
		step_wait(s, REASON_PEER, REASON_OF_GRANT, agree_who(s, other), "its join to go on",
			  "it was interrupted, and goes first", 0);
		return;
	}
	if (first != NULL) {
		step_wait(s, REASON_PEER, REASON_OF_HSYNC, "", "nothing that goes before it", first,
			  0);
		return;
	}
	if (!all_ready(s, agree_electorate(view, want.kind)) || !backed_off(s))
		return;
	if (!tags_differ(s, want))
		return;
	begin(s, want);
}

/* A member to whom the owner gave a partner: the partner has to ask, and until then says why not.
 */
void
agree_await_joiners(struct step *s)
{
	struct durable *d = &s->view->d;

	if (d->process.kind == 0 && agree_serves_only(s->view, VIEW_SELF) &&
	    (d->provider[VIEW_SELF].has & HAS_NS) == 0)
		step_wait(s, REASON_PEER, REASON_OF_NS, "", "our name servers named",
			  "no member has asked for it yet", 0);
	if (d->process.kind != 0 || !d->provider[VIEW_SELF].member || step_frozen(s->view))
		return;
	struct reason why;
	bool strangers = process_differs(s->view, COND_DS_KNOWN | COND_NS_KNOWN, s->now, &why) != 0;
	for (int i = 1; i < d->providers; i++) {
		const struct view_provider *p = &d->provider[i];
		/* Who was out before we knew of it, and is dead: nobody tells us what is its. */
		if (p->used && !p->statement.known && p->has == 0 && strangers &&
		    (s->view->designated & BIT(i)) == 0)
			step_reason(s, &why);
		if ((s->view->designated & BIT(i)) == 0)
			continue;
		if (!p->ready && !agree_to_sign(s->view, i)) /* it stays, and who joins waits */
			agree_await(s, i, REASON_OF_PEER, "operational");
		if (p->member || (p->ready && lead_leads(s->view)))
			continue;
		if (p->ready)
			step_wait(s, REASON_PEER, REASON_OF_PEER, p->identity,
				  lead_mode(s->view) ? "the leader's request for its join"
						     : "its request to join",
				  "none yet", 0);
		else
			agree_await(s, i, REASON_OF_PEER, "operational");
	}
}
