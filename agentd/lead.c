/*
 * See lead.h. Nothing here takes a step: agree_*.c ask these questions at the places where peer
 * mode has other answers.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/agree.h"
#include "agentd/agree_int.h"
#include "agentd/lead.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "agentd/roll.h"
#include "agentd/shown.h"

bool
lead_mode(const struct zone_view *view)
{
	return elect_model(view, NULL) == MODEL_LEADER;
}

bool
lead_leads(const struct zone_view *view)
{
	return lead_mode(view) && elect_leader(view) == VIEW_SELF;
}

/* ---- wishes ---- */

int
lead_tasks(const struct zone_view *view, struct lead_task task[LEAD_TASKS])
{
	const struct durable *d = &view->d;
	int count = 0;

	for (int i = 0; i < d->providers; i++)
		if ((view->designated & BIT(i)) != 0 && !d->provider[i].member &&
		    d->provider[i].statement.known)
			task[count++] = (struct lead_task){MSIG_PROCESS_ADD, 0, i};
	struct view_order own = agree_next_order(view);
	if (own.process != 0 && d->provider[VIEW_SELF].member)
		task[count++] = (struct lead_task){own.process, own.algorithm, VIEW_SELF};
	for (int i = 1; i < d->providers; i++) {
		const struct view_provider *p = &d->provider[i];
		if ((view->designated & BIT(i)) != 0 && p->member && p->statement.known &&
		    process_is_rollover(p->statement.wish) &&
		    (p->statement.wish != MSIG_PROCESS_ALGORITHM ||
		     view_algorithm(p->statement.wish_algorithm)))
			task[count++] =
			    (struct lead_task){p->statement.wish, p->statement.wish_algorithm, i};
	}
	return count;
}

void
lead_wish(const struct zone_view *view, struct view_statement *own)
{
	struct view_order order = {0};

	if (lead_mode(view))
		order = agree_next_order(view);
	own->wish = order.process;
	own->wish_algorithm = order.algorithm;
}

/* Did the provider's operator order it? Of the others, their statements say so. */
static bool
wished(const struct zone_view *view, uint8_t kind, uint8_t algorithm, int subject)
{
	const struct view_statement *st = &view->d.provider[subject].statement;

	if (subject != VIEW_SELF)
		return st->known && st->wish == kind && st->wish_algorithm == algorithm;
	for (int k = 0; k < VIEW_ORDERS; k++)
		if (view->d.order[k].process == kind && view->d.order[k].algorithm == algorithm)
			return true;
	return false;
}

/* ---- rights ---- */

const char *
lead_no_right(const struct zone_view *view, int from, uint8_t kind, uint8_t algorithm, int subject,
	      bool *never)
{
	bool ignored;

	if (never == NULL)
		never = &ignored;
	*never = false;
	switch (elect_model(view, NULL)) {
	case MODEL_PEER:
		return NULL;
	case MODEL_LEADER:
		break;
	default:
		return "it is not known here what all signers can";
	}
	if (MUTANT(LEADER))
		return NULL;
	if (elect_leader(view) < 0)
		return "no leader is elected here";
	if (elect_leader(view) != from)
		return "another one leads here";
	if (subject == VIEW_SELF && !view->d.begun)
		return "it is not known here yet what is delegated";
	if (process_is_rollover(kind) && !wished(view, kind, algorithm, subject)) {
		*never = subject == VIEW_SELF;
		return subject == VIEW_SELF ? "nobody ordered that here"
					    : "its signer does not ask for that, as seen here";
	}
	return NULL;
}

bool
lead_repeats(const struct zone_view *view, int from, const struct view_message *m)
{
	const struct view_process *run = &view->d.process;

	return run->kind != 0 && run->led && run->executed && run->requestor == from &&
	       m->step == run->step && run->phase >= PHASE_EXECUTING &&
	       memcmp(run->tid, m->tid, sizeof(m->tid)) == 0;
}

bool
lead_rests(const struct zone_view *view)
{
	return view->d.process.led && lead_mode(view) && elect_leader(view) != VIEW_SELF;
}

/* ---- the change of a step ---- */

/* Name servers that somebody else who stays has as well. */
static struct rset
ns_of_others(const struct zone_view *view, int subject)
{
	struct rset names = RSET_NONE;

	for (int i = 0; i < view->d.providers; i++)
		if (i != subject && (view->listed & BIT(i)) != 0)
			names = rset_or(names, view->d.provider[i].statement.ns);
	return names;
}

void
lead_keep(const struct zone_view *view, struct rset *keep)
{
	int id = process_csync_find(&view->d.pool);

	if (id >= 0)
		rset_add(keep, id);
}

static void
change_csync(struct zone_view *view, const struct process_step *step, struct view_change *c)
{
	int id = view->d.agent_ns ? process_csync_get(&view->d.pool) : -1;

	if (id < 0)
		return;
	if (step->effect & EFFECT_CSYNC)
		rset_add(&c->add[VIEW_CSYNC], id);
	else if (step[-1].effect & EFFECT_CSYNC)
		rset_add(&c->del[VIEW_CSYNC], id);
}

/* Only what is the subject's comes and goes. A roll-over's steps change no set by themselves: what
 * each signer shows follows the roller's statement. */
struct view_change
lead_change(struct zone_view *view, const struct view_message *m)
{
	const struct process_rule *rule = process_rule(m->process);
	struct view_change c = {.given = true};

	if (rule == NULL || m->step == 0 || m->step >= rule->steps || m->subject < 0 ||
	    m->subject >= VIEW_PROVIDERS)
		return c;
	const struct process_step *step = &rule->step[m->step];
	const struct view_statement *st = &view->d.provider[m->subject].statement;
	struct rset keys = process_shared(view, st->dnskey);
	struct rset ns = rset_minus(st->ns, ns_of_others(view, m->subject));
	uint32_t effect = step->effect;

	if (!view->d.agent_ns || view->d.process.stays)
		effect &= ~(uint32_t)EFFECT_NS_DEL;
	if (!view->d.agent_ns)
		effect &= ~(uint32_t)EFFECT_NS_ADD;
	struct rset *to =
	    (effect & (EFFECT_KEYS_DEL | EFFECT_CDS_DEL | EFFECT_NS_DEL)) != 0 ? c.del : c.add;
	if (effect & (EFFECT_KEYS_ADD | EFFECT_KEYS_DEL))
		to[VIEW_DNSKEY] = keys;
	if (effect & (EFFECT_CDS_ADD | EFFECT_CDS_DEL)) {
		to[VIEW_CDS] = st->cds;
		to[VIEW_CDNSKEY] = st->cdnskey;
	}
	if (effect & (EFFECT_NS_ADD | EFFECT_NS_DEL))
		to[VIEW_NS] = ns;
	change_csync(view, step, &c);
	return c;
}

/* A provider that leaves and is not there: one may have heard a later word of it than another one.
 */
static bool
leaves_silently(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;

	return run->kind == MSIG_PROCESS_REMOVE && run->subject != VIEW_SELF &&
	       !view->d.provider[run->subject].ready;
}

/* Everybody takes out all that he has of who leaves silently; what is not here need not go, nor
 * there what the leader does not show, and of those who stay nothing may. */
static bool
same_deletions(const struct zone_view *view, const struct view_change *own,
	       const struct view_change *said, int type)
{
	struct rset more = rset_minus(said->del[type], own->del[type]);

	if (rset_equal(own->del[type], said->del[type]))
		return true;
	if (!leaves_silently(view) || type == VIEW_CSYNC)
		return false;
	if (rset_empty(said->del[type]))
		return shown_by(view, view->d.process.requestor, (enum view_type)type,
				own->del[type], 1) == 0;
	for (int i = 0; i < view->d.providers; i++) {
		const struct view_statement *st = &view->d.provider[i].statement;
		if (view->d.provider[i].used && i != view->d.process.subject &&
		    rset_meets(more,
			       rset_or(rset_or(st->dnskey, st->ns), rset_or(st->cds, st->cdnskey))))
			return false;
	}
	return true;
}

static int
more(const struct rset a[VIEW_APEX], const struct rset b[VIEW_APEX], int type)
{
	return rset_count(rset_minus(a[type], b[type]));
}

const char *
lead_differs(struct zone_view *view, const struct view_message *m, char *buf, size_t len)
{
	const struct view_change *c = &m->change;
	bool led = view->d.process.led;

	if (!c->given && !led)
		return NULL;
	if (MUTANT(CHANGE))
		return NULL;
	if (!c->given || !led) {
		snprintf(buf, len,
			 led ? "the leader does not say what the step changes"
			     : "a change by a leader, and nobody leads here");
		return buf;
	}
	if (c->odd[0] != 0) {
		snprintf(buf, len, "%s: no process changes that", c->odd);
		return buf;
	}
	unsigned strange = c->unknown + (leaves_silently(view) ? 0u : c->strange);
	if (strange != 0) {
		snprintf(buf, len, "%u records that no provider has stated here", strange);
		return buf;
	}
	const struct view_process *run = &view->d.process;
	const struct view_message planned = {
	    .process = run->kind, .step = m->step, .subject = run->subject};
	struct view_change own = lead_change(view, &planned);
	for (int t = 0; t < VIEW_APEX; t++) {
		if (rset_equal(own.add[t], c->add[t]) && same_deletions(view, &own, c, t))
			continue;
		snprintf(buf, len,
			 "%s: the leader would add %d more and %d fewer, delete %d more and %d "
			 "fewer than planned here",
			 view_type_name((enum view_type)t), more(c->add, own.add, t),
			 more(own.add, c->add, t), more(c->del, own.del, t),
			 more(own.del, c->del, t));
		return buf;
	}
	return NULL;
}

void
lead_refused(struct step *s, int from, const struct view_message *m, const char *why)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;
	struct view_provider *subject = &view->d.provider[run->subject];

	/* One of the two may know an older statement. */
	subject->stale |= run->subject != VIEW_SELF;
	if (view->unfit_epoch != run->epoch || view->unfit_step != m->step) {
		view->unfit_epoch = run->epoch;
		view->unfit_step = m->step;
		view->unfit_since = s->now;
		step_journal(s, "%s %s: %s is refused to %s: %s", process_name(run->kind),
			     subject->identity, process_step_name(run->kind, m->step),
			     view->d.provider[from].identity, why);
	}
	snprintf(view->unfit, sizeof(view->unfit), "%.150s", why);
	step_wake(s, view->unfit_since + 2 * view->config.times.resend);
}

void
lead_show(struct step *s)
{
	struct zone_view *view = s->view;
	const struct view_process *run = &view->d.process;

	if (run->kind == 0 || run->epoch != view->unfit_epoch || run->step != view->unfit_step ||
	    run->phase != PHASE_GRANTED) {
		view->unfit_epoch = 0;
		return;
	}
	/* What a statement on its way explains is no alarm. */
	if (s->now - view->unfit_since >= 2 * view->config.times.resend)
		step_blocked(s, REASON_OF_GRANT, view->d.provider[run->requestor].identity,
			     "the change that is planned here", view->unfit,
			     "compare `msigctl plan` here and at the leader; nothing is done "
			     "until they agree");
	else
		step_wake(s, view->unfit_since + 2 * view->config.times.resend);
}

/* ---- succession ---- */

const char *
lead_over(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	int first = rule != NULL ? rule->binds - 1 : 0;
	bool early = !run->executed || run->step < first ||
		     (run->step == first && run->phase < PHASE_EXECUTING);

	if (run->kind == 0 || !run->led || !lead_mode(view))
		return NULL;
	if (!run->executed && elect_leader(view) >= 0 && elect_leader(view) != run->requestor)
		return "another one leads now";
	if (early && process_is_rollover(run->kind) && run->requestor == VIEW_SELF &&
	    run->subject != VIEW_SELF && !wished(view, run->kind, run->algorithm, run->subject))
		return "its signer no longer asks for it";
	return NULL;
}

bool
lead_lacks(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	int leader = elect_leader(view);

	return run->kind != 0 && run->led && run->executed && lead_mode(view) && leader >= 0 &&
	       (run->voters & BIT(leader)) == 0;
}

/* What began between peers goes on as the leader's once whoever asked for it leads: all who take
 * part hear who does. */
void
lead_take_up(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;

	if (run->kind == 0 || run->led || elect_leader(view) != run->requestor)
		return;
	run->led = true;
	view->persist = true;
	step_journal(s, "%s %s: goes on under %s, which leads now", process_name(run->kind),
		     view->d.provider[run->subject].identity,
		     view->d.provider[run->requestor].identity);
}

/*
 * Everybody has approved what anybody executed, so nobody is further than one step, whoever asked.
 * The new leader asks once more for what it approved itself; the old one is where it was before it
 * asked.
 */
void
lead_succeed(struct step *s)
{
	struct zone_view *view = s->view;
	struct view_process *run = &view->d.process;
	int leader = elect_leader(view);

	if (run->kind == 0 || !run->led || !run->executed || !lead_mode(view) || leader < 0 ||
	    leader == run->requestor || MUTANT(SUCCESSOR) || lead_lacks(view) ||
	    (view->designated & BIT(VIEW_SELF)) == 0)
		return;
	if (run->requestor == VIEW_SELF && run->phase == PHASE_REQUESTED) {
		run->step--;
		run->phase = PHASE_DONE;
		run->done |= BIT(VIEW_SELF);
	}
	if (leader == VIEW_SELF && run->phase == PHASE_GRANTED) {
		run->phase = PHASE_REQUESTED;
		run->approved = 0;
		run->asked = 0;
	}
	run->requestor = (int8_t)leader;
	run->since = s->now;
	for (int i = 0; i < view->d.providers; i++)
		view->d.provider[i].sent = 0;
	view->persist = true;
	step_journal(s, "%s %s: goes on with %s, which leads now", process_name(run->kind),
		     view->d.provider[run->subject].identity, view->d.provider[leader].identity);
}
