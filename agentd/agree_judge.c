/*
 * May this process begin, and this step? The answer to a REQUEST; nothing changes here.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/lead.h"
#include "agentd/operator.h"
#include "agentd/process.h"
#include "agentd/step.h"

struct judgement
agree_judge(enum msig_op op, uint16_t result, const char *text)
{
	struct judgement j = {.op = op, .result = result};
	snprintf(j.text, sizeof(j.text), "%.150s", text);
	return j;
}

bool
agree_guard(struct step *s, uint8_t kind, uint8_t step, struct reason *why)
{
	const struct process_rule *rule = process_rule(kind);
	return rule != NULL && step < rule->steps &&
	       process_check(s->view, rule->step[step].guard, true, s->now, why);
}

struct judgement
agree_judge_guard(struct step *s, uint8_t kind, uint8_t step)
{
	struct reason why;
	char text[2 * REASON_TEXT];
	const struct view_process *run = &s->view->d.process;
	const struct process_rule *rule = process_rule(kind);
	int other, key = agree_keytag_barrier(s->view, kind, run->subject, run->algorithm, &other);

	if (rule == NULL || step + 1 >= rule->steps) /* "stop" is nothing to do */
		return agree_judge(MSIG_OP_DENY, MSIG_RESULT_STATE, "there is no such step");
	if (key >= 0 && step <= 1) {
		snprintf(text, sizeof(text), "two keys with tag %u", s->view->d.pool.at[key].tag);
		return agree_judge(MSIG_OP_DENY, MSIG_RESULT_KEYTAG, text);
	}
	if (agree_guard(s, kind, step, &why))
		return operator_waits(s, step)
			   ? agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY,
					 "the operator here has not approved this step yet")
			   : agree_judge(MSIG_OP_APPROVE, 0, "");
	reason_text(&why, text, sizeof(text));
	if (why.class == REASON_BLOCKED && step == 0)
		return agree_judge(MSIG_OP_DENY, MSIG_RESULT_POLICY, text);
	return agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY, text);
}

/* Are own keys with others already, so that one of them can be used before it is there? Whoever is
 * not in yet, and is named or may be, has none there. */
static bool
keys_with_others(const struct zone_view *view)
{
	const struct view_provider *self = &view->d.provider[VIEW_SELF];

	return self->member || (self->has & HAS_KEYS) != 0 ||
	       (view->d.process.subject == VIEW_SELF &&
		(process_effects(view) & EFFECT_KEYS_ADD) != 0);
}

/* Does this step bring the key that is used early to where it is not shown, or one before it? A
 * join brings the keys of both sides together, and keys of another algorithm come with the rollover
 * of all: nobody takes them up before. */
static bool
spreads_keys(const struct zone_view *view, uint8_t kind, int subject, uint8_t step)
{
	const struct process_rule *rule = process_rule(kind);

	if (kind == MSIG_PROCESS_ALGORITHM)
		return view->early_at >= 0 &&
		       !agree_same_algorithms(view, VIEW_SELF, view->early_at);
	if (kind != MSIG_PROCESS_ADD || (subject != VIEW_SELF && subject != view->early_at))
		return false;
	for (int i = 0; i < step; i++)
		if ((rule->step[i].effect & EFFECT_KEYS_ADD) != 0)
			return false;
	return true;
}

const char *
agree_key_first(const struct zone_view *view, uint8_t kind, int subject, uint8_t step)
{
	if (view->stray)
		return "a key signs here that is not published";
	/* Where somebody does not show it for good, that he goes is the end of it. */
	if (!view->early || !keys_with_others(view) || kind == MSIG_PROCESS_REMOVE ||
	    kind == MSIG_PROCESS_NS_REMOVE || spreads_keys(view, kind, subject, step))
		return NULL;
	return "a key signs here that caches may not know yet";
}

/* Of two that ask at the same time the lower (priority, identity) goes on. */
bool
agree_goes_first(const struct step *s, uint8_t kind, int provider, uint8_t kind2, int provider2)
{
	int a = process_rule(kind)->priority, b = process_rule(kind2)->priority;
	return a != b ? a < b : strcmp(agree_who(s, provider), agree_who(s, provider2)) < 0;
}

/* What a provider asks for itself, where nobody leads. */
bool
agree_own_affair(uint8_t kind)
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
		       : (view->designated & BIT(subject)) != 0
			   ? "HSYNC designates it, and no operator here took it out"
			   : NULL;
	case MSIG_PROCESS_NS_ADD:
		return agree_serves_only(view, subject) ? NULL
							: "HSYNC does not want its servers named";
	case MSIG_PROCESS_NS_REMOVE:
		return agree_serves_only(view, subject) || (p->has & HAS_CDS) != 0
			   ? "HSYNC wants its servers named"
			   : NULL;
	default:
		return subject == from ? NULL : "keys are rolled by their signer";
	}
}

/* A first REQUEST: may it begin? */
struct judgement
agree_judge_new(struct step *s, int from, const struct view_message *m)
{
	struct zone_view *view = s->view;
	struct durable *d = &view->d;

	if (process_rule(m->process) == NULL || m->subject < 0 || m->subject >= VIEW_PROVIDERS ||
	    !d->provider[m->subject].used)
		return agree_judge(MSIG_OP_DENY, MSIG_RESULT_POLICY,
				   "a process that is not known here");
	if (m->process == MSIG_PROCESS_ALGORITHM && !view_algorithm(m->algorithm))
		return agree_judge(MSIG_OP_DENY, MSIG_RESULT_POLICY,
				   "an algorithm that no zone goes to");
	/* What has had effects can only be unknown here when our database was lost. */
	if (m->step != 0)
		return agree_judge(MSIG_OP_DENY, MSIG_RESULT_ENDED, "not a process of ours");
	if (m->epoch <= d->epoch || m->epoch > d->epoch + VIEW_EPOCH_JUMP)
		return agree_judge(MSIG_OP_DENY, MSIG_RESULT_STATE, "an older view of the zone");
	bool never, led = lead_mode(view);
	const char *why = lead_no_right(view, from, m->process, m->algorithm, m->subject, &never);
	if (why != NULL)
		return agree_judge(never ? MSIG_OP_DENY : MSIG_OP_NOT_YET,
				   never ? MSIG_RESULT_POLICY : MSIG_RESULT_NOTREADY, why);
	why = no_right(view, m->process, led && agree_own_affair(m->process) ? m->subject : from,
		       m->subject);
	if (why != NULL)
		return agree_judge(MSIG_OP_DENY,
				   m->process == MSIG_PROCESS_ADD &&
					   d->provider[led ? m->subject : from].member
				       ? MSIG_RESULT_STATE
				       : MSIG_RESULT_POLICY,
				   why);
	if (m->process != MSIG_PROCESS_ADD && !agree_all_known(view))
		return agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY,
				   "a member of the group is not known here yet");
	int other;
	why = agree_goes_before(view, m->process, m->subject, &other);
	if (why != NULL)
		return agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY, why);
	int missing = agree_missing(view, agree_electorate(view, m->process));
	if (missing >= 0)
		return agree_judge(MSIG_OP_NOT_YET, MSIG_RESULT_NOTREADY,
				   d->provider[missing].ready
				       ? "no statement with this HSYNC of a peer"
				       : "a peer is not operational");
	/* The guards look at the process: try it on. */
	struct view_process kept = d->process;
	d->process = agree_new_process(view, m->process, m->subject, from, m->algorithm);
	struct judgement j = agree_judge_guard(s, m->process, 0);
	d->process = kept;
	return j;
}

/* Is the statement that is known here older than the one that the message speaks of? */
bool
agree_older(const struct view_statement *st, const struct view_message *m)
{
	if (m->version_epoch == 0 && m->version_counter == 0)
		return false;
	return !st->known || st->epoch < m->version_epoch ||
	       (st->epoch == m->version_epoch && st->counter < m->version_counter);
}
