/*
 * The shell around each agent's core: it starts and dies, persists, decides, and does what was
 * decided.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/mutant.h"
#include "libmsig/key.h"
#include "tests/sim/mutations.h"
#include "tests/sim/sim_int.h"

#define DECISIONS 300 /* of one agent in a second */

static void
keep_blob(struct sim *sim, struct node *n)
{
	free(n->blob);
	n->blob = NULL;
	if (view_encode(n->view, &n->blob, &n->blob_len) != 0)
		sim_fail(sim, "the view cannot be written");
}

void
agent_start(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	uint8_t generation[16] = {(uint8_t)(i + 1), (uint8_t)n->lives++}, seed[16];

	for (int k = 0; k < 16; k++)
		seed[k] = (uint8_t)rng_next(&sim->rng);
	n->view = view_new("shop.example.", n->identity, &sim->times, generation, seed);
	memset(n->to_view, 0xff, sizeof(n->to_view));
	memset(n->from_view, 0xff, sizeof(n->from_view));
	memset(n->seen, 0, sizeof(n->seen));
	if (n->blob != NULL && view_decode(n->view, n->blob, n->blob_len, sim_local(sim, n)) != 0)
		sim_fail(sim, "what was persisted cannot be read");
	claims_judge(sim, n);
	n->view->config.mode = n->mode;
	n->view->config.models = n->models;
	n->view->config.driver = n->driver;
	n->view->config.share = n->share;
	rset_add(&n->view->config.ns, sets_id_to_view(sim, n, n->ns));
	if (n->mode == VIEW_MODE_ALL && !n->driver)
		n->view->config.own = sim_set_to_view(sim, n, world_published(n));
	view_signer(n->view, "signer");
	n->up = true;
	n->persists = 0;
	n->crash_at = sim_mishap(sim, MISHAP_CRASH, i, 850) ? (int)rng_range(&sim->rng, 1, 30) : 0;
	n->crash_how = (int)rng_range(&sim->rng, 0, 3);
	n->wake = VIEW_NEVER;
	for (int p = 0; p < sim->nodes; p++) {
		if (p == i)
			continue;
		sim_post(sim, EV_PEER, i, rng_range(&sim->rng, 50, 2000))->from = p;
		sim_post(sim, EV_PEER, p, rng_range(&sim->rng, 50, 2000))->from = i;
	}
	sim_post(sim, EV_WAKE, i, 0)->t = n->wake = sim->now;
	sim_post(sim, EV_FOLLOWED, i, rng_range(&sim->rng, 1, 1000));
	sim_trace(sim, "%s: started", n->identity);
}

void
sim_kill(struct sim *sim, int i, const char *where, bool back)
{
	struct node *n = &sim->node[i];
	sim_trace(sim, "%s: %s", n->identity, where);
	if (sim->stats != NULL)
		sim->stats->crashes++;
	view_free(n->view);
	mail_forget(n);
	n->view = NULL;
	n->up = false;
	if (back)
		sim_post(sim, EV_START, i, rng_range(&sim->rng, 100, 20000));
}

void
sim_crash(struct sim *sim, int i, const char *where)
{
	keep_blob(sim, &sim->node[i]);
	sim_kill(sim, i, where, true);
}

/* A message on the way: lost, repeated, late. */
struct event *
agent_send(struct sim *sim, enum event_kind kind, int from, int to)
{
	if (sim->stats != NULL)
		sim->stats->messages++;
	if (to < 0 || (sim_faulty(sim) && sim->cut[from][to]) ||
	    sim_mishap(sim, MISHAP_LOST, from, 100))
		return NULL;
	int64_t most = !sim_faulty(sim)                         ? 60
		       : sim_mishap(sim, MISHAP_LATE, from, 50) ? 20000
								: 1500;
	struct event *e = sim_post(sim, kind, to, rng_range(&sim->rng, 2, most));
	e->from = from;
	return e;
}

/* What is seen is what was served somewhere between question and answer. */
static const struct zone_version *
served_at(struct sim *sim, const struct node *n, const struct view_place *p)
{
	const struct server *s = NULL;

	if (p->kind == PLACE_SIGNER)
		return n->signer;
	for (int k = 0; k < sim->parent.servers && p->kind == PLACE_PARENT; k++)
		if (strcmp(p->server, sim->parent.server[k].name) == 0)
			s = &sim->parent.server[k];
	bool out = false;
	if (p->kind == PLACE_SERVER && p->server[1] == '9' && p->server[2] == '8') {
		s = &sim->parent.copy;        /* 198.51.100.1@53 */
	} else if (p->kind == PLACE_SERVER) { /* 192.0.2.NK@53 */
		const struct node *o = &sim->node[p->server[8] - '1'];
		s = &o->server[p->server[9] - '1'];
		/* One that is silent to agents, and only to them, cannot be told from one that
		 * has stopped. */
		out = o->dead || !o->on || o->expelled;
	}
	if (s == NULL || s->silent || (sim->now < s->deaf && !out) ||
	    sim_mishap(sim, MISHAP_QUESTION, -1, 20))
		return NULL;
	return s->now;
}

/* The own statement, as an answer or of its own accord. */
void
agent_state(struct sim *sim, struct node *n, const struct event *pull, struct event *e)
{
	const struct view_statement *st = &n->view->d.provider[VIEW_SELF].statement;

	claims_version(n, CLAIM_STATEMENT, st->epoch, st->counter);
	mail_state(sim, n, pull, e);
	struct view_statement said = e->u.statement;
	if (WORLD_FAULT(TAKER) && n->signer != NULL)
		said.dnskey = rset_or(said.dnskey, n->signer->type[VIEW_DNSKEY].set);
	oracle_statement(sim, n, &said);
}

static void
execute_ask(struct sim *sim, int i, const struct action *a)
{
	struct node *n = &sim->node[i];
	const struct view_place *p = n->view->d.place[a->place];

	if (p == NULL || sim_mishap(sim, MISHAP_QUESTION, i, 30))
		return; /* neither answer nor error */
	struct event *e =
	    sim_post(sim, EV_ANSWER, i, rng_range(&sim->rng, 1, sim_faulty(sim) ? 900 : 20));
	e->a = a->place;
	e->b = (int)a->types;
	e->t = sim_local(sim, n);
	e->version = served_at(sim, n, p);
	e->child = e->version != NULL && sim->parent.both &&
			   e->version == sim->parent.server[0].now &&
			   strcmp(p->server, sim->parent.server[0].name) == 0
		       ? sim->parent.copy.now
		       : NULL;
}

/* Versions of the overlay go up, and nothing goes out while the database is in doubt. */
static void
judge_apply(struct sim *sim, struct node *n)
{
	const struct view_overlay *o = &n->view->d.want;

	if (n->doubt)
		sim_fail(sim, "%s publishes before its database was confirmed", n->identity);
	if (o->epoch < n->issued_epoch ||
	    (o->epoch == n->issued_epoch && o->counter < n->issued_counter))
		sim_fail(sim, "the overlay's version of %s goes back", n->identity);
	n->issued_epoch = o->epoch;
	n->issued_counter = o->counter;
}

static void
execute_apply(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];

	judge_apply(sim, n);
	claims_version(n, CLAIM_OVERLAY, n->view->d.want.epoch, n->view->d.want.counter);
	if (sim_mishap(sim, MISHAP_APPLY, i, 50))
		return;
	struct event *e =
	    sim_post(sim, EV_APPLY, i, rng_range(&sim->rng, 1, sim_faulty(sim) ? 1500 : 20));
	e->u.apply.epoch = n->view->d.want.epoch;
	e->u.apply.counter = n->view->d.want.counter;
	e->u.apply.may_shrink = n->view->d.shrink;
	memset(e->u.apply.from, 0, sizeof(e->u.apply.from));
	for (int p = 0; p < VIEW_PROVIDERS; p++) {
		const struct view_contribution *c = &n->view->d.want.from[p];
		int to = c->used ? sets_global(sim, n, p) : -1;
		if (to >= 0)
			e->u.apply.from[to] = sets_contribution(sim, n, c);
	}
}

/* A follower that had approved a step took it from a message that it should have refused. */
void
agent_judge_change(struct sim *sim, const struct node *n, const struct event *e, bool granted)
{
	const struct view_process *run = n->view == NULL ? NULL : &n->view->d.process;

	if (run != NULL && granted && run->phase >= PHASE_EXECUTING &&
	    run->step == e->u.message.step && memcmp(run->tid, e->u.message.tid, 16) == 0)
		sim_fail(sim, "E3: %s takes a change that it has not planned", n->identity);
}

static void
execute_send(struct sim *sim, int i, const struct action *a)
{
	struct node *n = &sim->node[i];
	int to = sets_global(sim, n, a->provider);

	sim_trace(sim, "%s -> %s: %s %s %d/%s", n->identity, sim->node[to].identity,
		  msig_op_name(a->message.op), process_name(a->message.process), a->message.step,
		  a->message.text);
	claims_message(n, &a->message);
	struct event *e = agent_send(sim, EV_MESSAGE, i, to);
	if (e == NULL)
		return;
	e->u.message = a->message;
	e->u.message.subject = sets_global(sim, n, a->message.subject);
	if (a->message.leader >= 0)
		e->u.message.leader = sets_global(sim, n, a->message.leader);
	if (a->message.change.given) {
		sets_change_out(sim, n, &e->u.message.change);
		e->b = sim_mishap(sim, MISHAP_CHANGE, i, 40);
	}
	mail_message(sim, n, &a->message, e);
	if (sim_mishap(sim, MISHAP_TWICE, i, 50)) {
		struct event *twice = sim_post(sim, EV_MESSAGE, to, rng_range(&sim->rng, 2, 30000));
		twice->from = i;
		twice->b = e->b;
		twice->u.message = e->u.message;
		mail_copy(e, twice);
	}
}

/* What is asked of a key store comes there in that order. */
static void
execute_key(struct sim *sim, int i, const struct action *a)
{
	int64_t *last = &sim->node[i].key_asked;

	if (sim_mishap(sim, MISHAP_KEY_LOST, i, 50))
		return;
	int64_t at = sim->now + rng_range(&sim->rng, 5, sim_faulty(sim) ? 4000 : 200);
	*last = at > *last ? at : *last;
	struct event *e = sim_post(sim, EV_KEY, i, *last - sim->now);
	e->u.key.verb = a->key.verb;
	e->u.key.role = a->key.role;
	e->u.key.algorithm = a->key.algorithm;
	e->u.key.state = a->key.state;
	e->u.key.id = a->key.id[0] == 0 ? 0 : (uint32_t)strtoul(a->key.id + 1, NULL, 10);
	if (a->key.verb != MSIG_KEY_VERB_LIST)
		sim_trace(sim, "%s: key store: verb %u role %u state %s of %s",
			  sim->node[i].identity, a->key.verb, a->key.role,
			  msig_key_state_name(a->key.state), a->key.id);
}

static void
execute(struct sim *sim, int i, const struct action *a)
{
	struct node *n = &sim->node[i];
	struct event *e;

	switch (a->kind) {
	case ACT_ASK:
		execute_ask(sim, i, a);
		return;
	case ACT_ASK_HSYNC:
		e = sim_post(sim, EV_HSYNC, i, rng_range(&sim->rng, 1, sim_faulty(sim) ? 900 : 20));
		e->a = n->signer != NULL ? n->signer->hsync : -1;
		return;
	case ACT_LOOKUP:
		e = sim_post(sim, EV_LOOKUP, i,
			     rng_range(&sim->rng, 1, sim_faulty(sim) ? 2000 : 20));
		e->a = -1;
		if (a->ns >= 0) {
			struct rset one = RSET_NONE;
			rset_add(&one, a->ns);
			one = sim_set_from_view(sim, n, one);
			e->a = rset_next(&one, 0);
		}
		return;
	case ACT_SHOW:
		sim_post(sim, EV_SHOW, i, rng_range(&sim->rng, 1, 50));
		return;
	case ACT_APPLY:
		execute_apply(sim, i);
		return;
	case ACT_SEND:
		execute_send(sim, i, a);
		return;
	case ACT_STATE:
		e = agent_send(sim, EV_STATE, i, sets_global(sim, n, a->provider));
		if (e != NULL)
			agent_state(sim, n, NULL, e);
		return;
	case ACT_PULL:
		e = agent_send(sim, EV_PULL, i, sets_global(sim, n, a->provider));
		if (e != NULL)
			mail_pull(sim, n, a->provider, e);
		return;
	case ACT_KEY:
		execute_key(sim, i, a);
		return;
	case ACT_JOURNAL:
	case ACT_ALARM:
		sim_trace(sim, "%s: %s%s", n->identity, a->kind == ACT_ALARM ? "ALARM " : "",
			  a->text);
		return;
	case ACT_NOTIFY:
		return;
	}
}

/* The plan up to its action `end`; how it dies on the way. */
static bool
dies(struct sim *sim, int i, const struct plan *plan)
{
	static const char *const where[] = {"crash before the commit",
					    "crash after the commit, before acting",
					    "crash in the middle of acting", "crash after acting"};
	struct node *n = &sim->node[i];

	if (!plan->persist)
		return false;
	n->persists++;
	bool awaited = n->crash_at != 0 && sim_faulty(sim);
	bool now = awaited && n->persists >= n->crash_at;
	if (!(now && n->crash_how == 0)) /* committed: what is said from now on rests on it */
		n->claims = 0;
	if (!awaited)
		return false;
	/* The last commit before it is all that the next start knows. */
	if (n->persists + 1 >= n->crash_at && !(now && n->crash_how == 0))
		keep_blob(sim, n);
	if (!now)
		return false;
	int acts = n->crash_how == 0   ? (MUTANT(NO_COMMIT) ? plan->count : 0)
		   : n->crash_how == 1 ? 0
		   : n->crash_how == 2 ? plan->count / 2
				       : plan->count;
	for (int k = 0; k < acts; k++)
		execute(sim, i, &plan->action[k]);
	sim_kill(sim, i, where[n->crash_how], true);
	return true;
}

/* A process that its requestor has just ended. */
static void
count_end(struct sim *sim, const struct zone_view *v, const struct view_process *before)
{
	if (sim->stats == NULL || before->kind == 0 || before->requestor != VIEW_SELF ||
	    memcmp(v->d.process.tid, before->tid, sizeof(before->tid)) == 0 ||
	    memcmp(v->d.ended.tid, before->tid, sizeof(before->tid)) != 0)
		return;
	if (v->d.ended.completed)
		sim->stats->finished[before->kind]++;
	else
		sim->stats->early[before->kind]++;
}

/* L3: an agent that has nothing new does not decide again and again. */
static void
not_endless(struct sim *sim, struct node *n)
{
	if (sim->now - n->second >= SECOND) {
		n->second = sim->now;
		n->decisions = 0;
	}
	if (++n->decisions > DECISIONS)
		sim_fail(sim, "L3: %s decides without end", n->identity);
}

/* Which condition alone is in the way of a step, or of its end? */
static void
count_alone(struct sim *sim, const struct node *n, int64_t now)
{
	const struct zone_view *v = n->view;
	const struct view_process *run = &v->d.process;
	const struct process_rule *rule = run->kind == 0 ? NULL : process_rule(run->kind);

	if (sim->opt.only == 0 || sim->stats == NULL || rule == NULL ||
	    run->kind != sim->opt.only || run->phase == PHASE_DONE || run->step >= CELL_STEPS)
		return;
	bool done = run->phase == PHASE_EXECUTING;
	uint32_t mask = done ? rule->step[run->step].done : rule->step[run->step].guard;
	for (int bit = 0; bit < COND_COUNT; bit++)
		if ((mask >> bit & 1) != 0 &&
		    !process_check(v, UINT32_C(1) << bit, !done, now, NULL) &&
		    process_check(v, mask & ~(UINT32_C(1) << bit), !done, now, NULL))
			sim->stats->alone[run->kind][run->step][done][bit]++;
}

/* decide, persist, act. */
void
sim_drive(struct sim *sim, int i)
{
	static struct plan plan;
	struct node *n = &sim->node[i];
	struct view_process before = n->view->d.process;
	const struct view_clock clock = {.now = sim_local(sim, n), .up = sim->now, .boot = {1}};

	(void)view_check_clock(n->view, &clock);
	decide(n->view, clock.now, &plan);
	if (sim->stats != NULL)
		sim->stats->decisions++;
	not_endless(sim, n);
	count_alone(sim, n, clock.now);
	count_end(sim, n->view, &before);
	/* Ids may have been given back. */
	if (n->view->d.pool.count >= RSET_MAX * 3 / 4) {
		memset(n->to_view, 0xff, sizeof(n->to_view));
		memset(n->from_view, 0xff, sizeof(n->from_view));
		memset(n->seen, 0, sizeof(n->seen));
	}
	oracle_agents(sim);
	if (sim->led)
		oracle_leader(sim, i, &before);
	if (n->view->d.process.turned && !before.turned)
		world_turned(sim, i, n->view->d.process.kind);
	struct rset own = sim_set_to_view(sim, n, world_made(n));
	if (!rset_within(n->view->d.own, own))
		sim_fail(sim, "S8: %s takes a key of another provider for its own", n->identity);
	if (dies(sim, i, &plan))
		return;
	for (int k = 0; k < plan.count; k++)
		execute(sim, i, &plan.action[k]);
	int64_t wake = plan.wake == VIEW_NEVER ? VIEW_NEVER : plan.wake - n->clock;
	if (wake != VIEW_NEVER && (wake < n->wake || n->wake <= sim->now)) {
		n->wake = wake <= sim->now ? sim->now + 1 : wake;
		sim_post(sim, EV_WAKE, i, n->wake - sim->now)->t = n->wake;
	}
}
