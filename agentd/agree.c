/*
 * Requestor and participant, one step after the other. What a peer said is in the view as its
 * latest word; what we say is repeated until it has had its effect.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/hold.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
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
		if (!view->d.provider[i].used)
			continue;
		const struct view_hsync_entry *e = entry_of(view, i);
		if (e != NULL && e->on && e->sign)
			mask |= BIT(i);
	}
	return mask;
}

static uint32_t
designated(const struct zone_view *view)
{
	return view->designated;
}

/* Who joins the zone in the middle of a process has no part in it. */
uint32_t
agree_voters(const struct zone_view *view)
{
	uint32_t mask = designated(view);
	return view->d.process.kind != 0 ? mask & view->d.process.voters : mask;
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
	uint32_t mask = agree_members(view);
	if (view->d.process.kind != 0)
		mask |= BIT(view->d.process.subject);
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
	memset(&s->view->d.process, 0, sizeof(s->view->d.process));
	s->view->persist = true;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		s->view->d.provider[i].said[0] = 0;
		s->view->d.provider[i].said_result = 0;
	}
	say_again_now(s);
}

static uint64_t
random_of(struct zone_view *view)
{
	/* splitmix64 over the seed that the shell gave. */
	uint64_t x;
	memcpy(&x, view->seed, sizeof(x));
	x += UINT64_C(0x9e3779b97f4a7c15);
	memcpy(view->seed, &x, sizeof(x));
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	uint64_t y;
	memcpy(&y, view->seed + 8, sizeof(y));
	return x ^ (x >> 31) ^ y;
}

static void
back_off(struct step *s)
{
	struct durable *d = &s->view->d;
	const struct view_times *t = &s->view->config.times;
	int64_t pause = t->backoff_min << (d->attempts < 20 ? d->attempts : 20);
	if (pause > t->backoff_max || pause <= 0)
		pause = t->backoff_max;
	pause += (int64_t)(random_of(s->view) % (uint64_t)(pause + 1));
	d->backoff = s->now + pause;
	d->attempts++;
	s->view->persist = true;
}

static void
finish(struct step *s)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;
	struct view_provider *subject = &d->provider[run->subject];

	d->ended = (struct view_ended){
	    .kind = run->kind,
	    .subject = run->subject,
	    .epoch = run->epoch,
	    .completed = true,
	    .time = s->now,
	};
	memcpy(d->ended.tid, run->tid, sizeof(run->tid));
	if (run->kind == MSIG_PROCESS_ADD)
		subject->member = subject->contributed = true;
	step_journal(s, "%s %s: complete", process_name(run->kind), subject->identity);
	forget_process(s);
	d->attempts = 0;
	d->backoff = 0;
}

/* May a step with an effect have been executed? The first one has none. */
static bool
effective(const struct view_process *run)
{
	return run->step > 1 || (run->step == 1 && run->phase >= PHASE_EXECUTING);
}

/* Gives up what had no effect yet. */
static void
give_up(struct step *s, const char *why)
{
	struct view_process *run = &s->view->d.process;
	step_journal(s, "%s %s: given up before anything was done: %s", process_name(run->kind),
		     who(s, run->subject), why);
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
	struct rset wanted[HOLD_COUNT];
	process_wanted(view, wanted);
	hold_raise(view, step->holds, wanted, agree_actors(view), s->now);
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
		step_wait(s, REASON_UNTIL, REASON_OF_CLOCK, "", "caches forgot what was replaced",
			  until == VIEW_NEVER ? "old data still served" : "",
			  until == VIEW_NEVER ? 0 : until);
		step_wake(s, until);
		return;
	}
	if (step_frozen(view))
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
not_together(const struct zone_view *view)
{
	uint32_t voters = agree_voters(view);
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		if ((voters & BIT(i)) == 0)
			continue;
		if (!p->ready || !p->statement.known ||
		    (!MUTANT(HSYNC) && memcmp(p->statement.hsync, view->d.hsync.digest, 32) != 0))
			return i;
	}
	return -1;
}

/* The owner or the operator took back what is half done: it rests where it is. */
static bool
halted(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	return run->kind != 0 && run->executed &&
	       (run->aborting || (designated(view) & BIT(run->subject)) == 0);
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

	if (key >= 0) {
		snprintf(text, sizeof(text), "two keys with tag %u", s->view->d.pool.at[key].tag);
		return judge(MSIG_OP_DENY, MSIG_RESULT_KEYTAG, text);
	}
	if (guard(s, kind, step, &why))
		return judge(MSIG_OP_APPROVE, 0, "");
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

/* A first REQUEST: may it begin? */
static struct judgement
judge_new(struct step *s, int from, const struct view_message *m)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (process_rule(m->process) == NULL)
		return judge(MSIG_OP_DENY, MSIG_RESULT_POLICY, "a process that is not known here");
	if (m->step != 0 || m->epoch <= d->epoch || m->epoch > d->epoch + VIEW_EPOCH_JUMP)
		return judge(MSIG_OP_DENY, MSIG_RESULT_STATE, "an older view of the zone");
	if (m->process == MSIG_PROCESS_ADD && m->subject != from)
		return judge(MSIG_OP_DENY, MSIG_RESULT_POLICY, "only the joiner asks to join");
	if (m->process == MSIG_PROCESS_ADD && d->provider[from].member)
		return judge(MSIG_OP_DENY, MSIG_RESULT_STATE, "a member already");
	if ((agree_members(view) & ~designated(view)) != 0)
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY, "a member is to leave first");
	int missing = not_together(view);
	if (missing >= 0)
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY,
			     d->provider[missing].ready ? "no statement with this HSYNC of a peer"
							: "a peer is not operational");
	/* The guards look at the process: try it on. */
	struct view_process kept = d->process;
	memset(&d->process, 0, sizeof(d->process));
	d->process.kind = m->process;
	d->process.subject = (int8_t)m->subject;
	d->process.requestor = (int8_t)from;
	d->process.voters = designated(view);
	struct judgement j = judge_guard(s, m->process, 0);
	d->process = kept;
	return j;
}

static void
grant(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0) {
		*run = (struct view_process){
		    .kind = m->process,
		    .subject = (int8_t)m->subject,
		    .requestor = (int8_t)from,
		    .epoch = m->epoch,
		    .voters = designated(s->view),
		    .started = s->now,
		};
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
	if (!MUTANT(HSYNC) && memcmp(m->hsync, view->d.hsync.digest, 32) != 0)
		return judge(MSIG_OP_NOT_YET, MSIG_RESULT_HSYNC, "another HSYNC is seen here");
	if (run->kind != 0 && memcmp(run->tid, m->tid, sizeof(m->tid)) == 0) {
		if (m->step == run->step && run->phase == PHASE_GRANTED)
			return judge(MSIG_OP_APPROVE, 0, "");
		if (m->step == run->step + 1 && run->phase == PHASE_DONE && run->requestor == from)
			return judge_guard(s, run->kind, m->step);
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

static void
answer_request(struct step *s, int from)
{
	struct view_provider *p = &s->view->d.provider[from];
	struct view_message *m = &p->request;

	if (s->now - p->requested_at > 4 * s->view->config.times.resend) {
		p->requested = false; /* its sender says it again if it still wants it */
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
	    (designated(s->view) & BIT(from)) == 0 || m->epoch <= s->view->d.epoch ||
	    process_rule(m->process) == NULL ||
	    (m->process == MSIG_PROCESS_ADD && m->subject != from))
		return false;
	/* The guards of the first step hold here as ever. */
	if (judge_new(s, from, m).op != MSIG_OP_APPROVE)
		return false;
	grant(s, from, m);
	return true;
}

static void
on_execute(struct step *s, int from, const struct view_message *m)
{
	struct durable *d = &s->view->d;
	struct view_process *run = &d->process;

	if (run->kind == 0 && memcmp(d->ended.tid, m->tid, sizeof(m->tid)) == 0) {
		say(s, from, MSIG_OP_DONE, m); /* we have seen everybody's DONE */
		return;
	}
	if ((run->kind == 0 || memcmp(run->tid, m->tid, sizeof(m->tid)) != 0) &&
	    !late_execute(s, from, m)) {
		refuse(s, from, MSIG_OP_DENY, m,
		       run->kind != 0 && !run->executed ? MSIG_RESULT_BUSY : MSIG_RESULT_STATE,
		       "not a process of ours");
		return;
	}
	if (run->requestor != from)
		return;
	if (m->step < run->step || (m->step == run->step && run->phase == PHASE_DONE)) {
		say(s, from, MSIG_OP_DONE, m);
		return;
	}
	if (m->step != run->step || run->phase != PHASE_GRANTED)
		return;
	run->executed = true;
	run->executed_at = s->now;
	if (m->epoch > d->epoch)
		d->epoch = m->epoch;
	phase(s, PHASE_EXECUTING);
	step_journal(s, "%s %s: %s is executed", process_name(run->kind), who(s, run->subject),
		     process_step_name(run->kind, run->step));
}

static void
on_release(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0 || memcmp(run->tid, m->tid, sizeof(m->tid)) != 0 ||
	    run->requestor != from || run->phase != PHASE_DONE ||
	    run->step + 2 != process_rule(run->kind)->steps)
		return;
	finish(s);
}

static void
on_denied(struct step *s, int from, const struct view_message *m)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0 || run->requestor != VIEW_SELF || m->step != run->step ||
	    memcmp(run->tid, m->tid, sizeof(m->tid)) != 0 || effective(run) ||
	    (run->executed && m->result != MSIG_RESULT_STATE))
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
		if (!MUTANT(SILENT) && memcmp(d->ended.tid, m.tid, sizeof(m.tid)) == 0)
			say(s, from, MSIG_OP_RELEASE, &m);
		else if (!mine && m.step == 0 &&
			 m.subject == VIEW_SELF) /* or that it was given up */
			say(s, from, MSIG_OP_ABORT, &m);
		break;
	default:
		break;
	}
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
		if (run->phase == PHASE_DONE && run->step + 2 == process_rule(run->kind)->steps) {
			finish(s);
			return;
		}
		step_journal(s, "%s %s: it ended without this provider", process_name(run->kind),
			     who(s, run->subject));
		forget_process(s);
		return;
	}
	if (run->phase == PHASE_GRANTED && !run->executed) {
		if (s->now >= run->lease) {
			give_up(s, "the lease of the grant is over");
			return;
		}
		step_wake(s, run->lease);
	}
	if (run->phase == PHASE_GRANTED)
		step_wait(s, REASON_PEER, REASON_OF_GRANT, requestor,
			  "EXECUTE of the step approved", p->ready ? "" : p->why, 0);
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

static void
ask_for_step(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	uint32_t others = agree_voters(s->view) & ~BIT(VIEW_SELF);
	struct reason why;

	if (step_frozen(s->view) || halted(s->view))
		return;
	if (!guard(s, run->kind, run->step, &why)) {
		step_reason(s, &why);
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

static void
conduct(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	uint32_t voters = agree_voters(s->view);

	if (run->kind == 0 || run->requestor != VIEW_SELF)
		return;
	if (run->phase == PHASE_REQUESTED) {
		ask_for_step(s);
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
				if (voters & BIT(i))
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

/* Are we a joiner, and may we ask? */
static void
start(struct step *s)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (d->process.kind != 0 || !d->begun || d->provider[VIEW_SELF].member ||
	    step_frozen(view) || (designated(view) & BIT(VIEW_SELF)) == 0)
		return;
	if (agree_members(view) == 0) {
		int others = __builtin_popcount(designated(view)) - 1;
		if (others == 0)
			step_blocked(s, REASON_OF_DS, "", "a delegation with DS to this provider",
				     "none",
				     "have the zone delegated to this provider, with its DS");
		else
			step_wait(s, REASON_PEER, REASON_OF_STATEMENT, "", "a member of the group",
				  nobody(s), 0);
		return;
	}
	if ((agree_members(view) & ~designated(view)) != 0) {
		step_wait(s, REASON_PEER, REASON_OF_HSYNC, "", "every member designated",
			  "a member is to leave first", 0);
		return;
	}
	int missing = not_together(view);
	if (missing >= 0) {
		const struct view_provider *p = &d->provider[missing];
		step_wait(s, REASON_PEER, p->ready ? REASON_OF_STATEMENT : REASON_OF_PEER,
			  p->identity, p->ready ? "a statement with the same HSYNC" : "operational",
			  p->ready ? "none yet" : p->why, 0);
		return;
	}
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_statement *st = &d->provider[i].statement;
		if ((designated(view) & BIT(i)) != 0 && st->process != 0) {
			step_wait(s, REASON_PEER, REASON_OF_GRANT, who(s, i), "no process running",
				  process_name(st->process), 0);
			return;
		}
	}
	if (s->now < d->backoff) {
		if (view->denied[0] != 0 && (view->denied_result == MSIG_RESULT_POLICY ||
					     view->denied_result == MSIG_RESULT_KEYTAG))
			step_blocked(s, REASON_OF_GRANT, "", "approval of all", view->denied,
				     "see to what the peer says; asked again by itself");
		else
			step_wait(s, REASON_PEER, REASON_OF_GRANT, "", "approval of all",
				  view->denied, d->backoff);
		step_wake(s, d->backoff);
		return;
	}
	int other, key = agree_keytag_collision(view, &other);
	if (key >= 0) {
		char seen[REASON_TEXT];
		snprintf(seen, sizeof(seen), "two keys with tag %u", d->pool.at[key].tag);
		step_blocked(s, REASON_OF_KEYTAG, "", "different key tags", seen,
			     "one of the two signers makes another key");
		return;
	}
	uint64_t epoch = d->epoch;
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_statement *st = &d->provider[i].statement;
		if (st->known && st->epoch > epoch)
			epoch = st->epoch;
		if (st->known && st->process_epoch > epoch)
			epoch = st->process_epoch;
	}
	d->process = (struct view_process){
	    .kind = MSIG_PROCESS_ADD,
	    .subject = VIEW_SELF,
	    .requestor = VIEW_SELF,
	    .epoch = epoch + 1,
	    .voters = designated(view),
	    .started = s->now,
	};
	uint64_t id[2] = {random_of(view), random_of(view)};
	memcpy(d->process.tid, id, sizeof(id));
	memcpy(d->process.hsync, d->hsync.digest, sizeof(d->process.hsync));
	view->denied[0] = 0;
	phase(s, PHASE_REQUESTED);
}

/* What the owner wants and this version has no process for is said, and nothing is done. */
static void
leavers(struct step *s)
{
	uint32_t left = agree_members(s->view) & ~designated(s->view);
	if (process_rule(MSIG_PROCESS_REMOVE) != NULL || step_frozen(s->view))
		return;
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (left & BIT(i))
			step_blocked(s, REASON_OF_HSYNC, who(s, i), "a process that takes it out",
				     "remove-signer is not available",
				     "designate it again; everything of it stays published");
}

/* A member to whom the owner gave a partner: the partner has to ask, and until then says why not.
 */
static void
await_joiners(struct step *s)
{
	struct durable *d = &s->view->d;

	if (d->process.kind != 0 || !d->provider[VIEW_SELF].member || step_frozen(s->view))
		return;
	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &d->provider[i];
		if ((designated(s->view) & BIT(i)) == 0 || p->member)
			continue;
		step_wait(s, REASON_PEER, REASON_OF_PEER, p->identity,
			  p->ready ? "its request to join" : "operational",
			  p->ready ? "none yet" : p->why, 0);
	}
}

/* A process whose instruction was taken back before anything was done. */
static void
withdraw(struct step *s)
{
	struct view_process *run = &s->view->d.process;
	if (run->kind == 0)
		return;
	bool designated_still = (designated(s->view) & BIT(run->subject)) != 0;
	bool bound = run->requestor == VIEW_SELF ? effective(run) : run->step > 0;
	if (bound) {
		/* Whom the owner takes out stays out of this process: it went on without it. */
		uint32_t left = run->voters & (designated(s->view) | BIT(run->subject));
		if (left != run->voters && !step_frozen(s->view)) {
			run->voters = left;
			s->view->persist = true;
		}
		if (!designated_still || run->aborting)
			step_blocked(s, REASON_OF_HSYNC, who(s, run->subject),
				     "the subject of the process designated",
				     run->aborting ? "abort asked for" : "it no longer is",
				     run->aborting ? "resume: what has begun only goes forward"
						   : "designate it again: what has begun only goes "
						     "forward");
		return;
	}
	if (run->aborting)
		give_up(s, "by the operator");
	else if (!designated_still)
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

	withdraw(s);
	leavers(s);
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (d->provider[i].used && d->provider[i].asking)
			answer_ask(s, i);
	for (int i = 1; i < VIEW_PROVIDERS; i++)
		if (d->provider[i].used && d->provider[i].requested)
			answer_request(s, i);
	start(s);
	await_joiners(s);
	conduct(s);
	participate(s);
}
