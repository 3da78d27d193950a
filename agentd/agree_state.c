/*
 * The process that runs: what is said of it to others, and the one place that changes its phase.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree_int.h"
#include "agentd/lead.h"
#include "agentd/operator.h"
#include "agentd/process.h"
#include "agentd/step.h"

const char *
agree_who(const struct step *s, int provider)
{
	return s->view->d.provider[provider].identity;
}

/* Is anybody in but this one? A joiner whose servers are to be named is as good as in. */
static bool
others_are_in(const struct zone_view *view, int provider)
{
	bool joined = view->d.process.kind == MSIG_PROCESS_ADD &&
		      (process_effects(view) & EFFECT_NS_ADD) != 0;

	return joined || (agree_members(view) & ~BIT(provider)) != 0;
}

/* Who is to leave, and counts until others are in, is not left out by what the owner says: then
 * what else takes it out is said, if somebody is left without it. */
void
agree_await(struct step *s, int provider, enum reason_object object, const char *waits)
{
	const struct zone_view *view = s->view;
	const struct view_provider *p = &view->d.provider[provider];
	struct reason r = {.class = REASON_PEER, .object = object};

	reason_copy(r.place, sizeof(r.place), p->identity);
	reason_copy(r.expected, sizeof(r.expected), waits);
	reason_copy(r.seen, sizeof(r.seen), p->why);
	if ((view->designated >> provider & 1) != 0 && !agree_to_sign(view, provider) &&
	    others_are_in(view, provider))
		snprintf(r.todo, sizeof(r.todo),
			 "it counts until a signer that is ON is in; if it is gone for good: "
			 "msigctl force-remove, at every other provider");
	step_reason(s, &r);
}

struct view_message *
agree_say(struct step *s, int to, enum msig_op op, const struct view_message *about)
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

void
agree_refuse(struct step *s, int to, enum msig_op op, const struct view_message *about,
	     uint16_t result, const char *text)
{
	struct view_message *m = agree_say(s, to, op, about);
	if (m == NULL)
		return;
	m->result = result;
	snprintf(m->text, sizeof(m->text), "%s", text);
}

struct view_message
agree_our_process(const struct step *s)
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
	for (int i = 0; i < s->view->d.providers; i++)
		s->view->d.provider[i].sent = 0;
}

void
agree_phase(struct step *s, enum view_phase to)
{
	struct view_process *run = &s->view->d.process;
	run->phase = to;
	run->since = s->now;
	s->view->persist = true;
	say_again_now(s);
}

void
agree_forget(struct step *s)
{
	operator_forget(s->view);
	memset(&s->view->d.process, 0, sizeof(s->view->d.process));
	s->view->persist = true;
	for (int i = 0; i < s->view->d.providers; i++) {
		s->view->d.provider[i].said[0] = 0;
		s->view->d.provider[i].said_result = 0;
	}
	say_again_now(s);
}

void
agree_back_off(struct step *s)
{
	struct durable *d = &s->view->d;
	const struct view_times *t = &s->view->config.times;
	int64_t pause = t->backoff_min << (d->attempts < 20 ? d->attempts : 20);
	if (pause > t->backoff_max || pause <= 0)
		pause = t->backoff_max;
	pause += (int64_t)(view_random(s->view) % (uint64_t)(pause + 1));
	d->backoff = s->now + pause;
	d->attempts++;
	s->view->persist = true;
}

/* One that goes to another algorithm has its turn yet. */
void
agree_order_done(struct durable *d, uint8_t kind, uint8_t algorithm)
{
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process == kind && d->order[i].algorithm == algorithm)
			memset(&d->order[i], 0, sizeof(d->order[i]));
}

bool
agree_ordered(const struct durable *d, uint8_t kind)
{
	for (int i = 0; i < VIEW_ORDERS; i++)
		if (d->order[i].process == kind)
			return true;
	return false;
}

struct view_process
agree_new_process(const struct zone_view *view, uint8_t kind, int subject, int requestor,
		  uint8_t algorithm)
{
	return (struct view_process){
	    .kind = kind,
	    .subject = (int8_t)subject,
	    .requestor = (int8_t)requestor,
	    .voters = agree_electorate(view, kind),
	    .algorithm = algorithm,
	    .led = lead_mode(view),
	    .stays = kind == MSIG_PROCESS_REMOVE && agree_serves_only(view, subject),
	};
}
