/*
 * Time, chance, the network, and the shell around each agent's core. See sim.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/mutant.h"
#include "agentd/operator.h"
#include "libmsig/key.h"
#include "libmsig/msg.h"
#include "tests/sim/sim.h"

#define DECISIONS 300 /* of one agent in a second */
#define CHUNK 64

/* ---- talking ---- */

void
sim_fail(struct sim *sim, const char *format, ...)
{
	if (sim->failed)
		return;
	va_list ap;
	va_start(ap, format);
	vsnprintf(sim->failure, sizeof(sim->failure), format, ap);
	va_end(ap);
	sim->failed = true;
	sim_trace(sim, "FAILED: %s", sim->failure);
}

void
sim_trace(struct sim *sim, const char *format, ...)
{
	if (!sim->opt.trace)
		return;
	va_list ap;
	printf("# %8.3f ", (double)(sim->now - 1000000000) / 1000);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

const char *
sim_mishap_name(enum mishap kind)
{
	static const char *const names[] = {
#define X(id, text) text,
	    MISHAPS(X)
#undef X
	};
	return names[kind];
}

/* ---- events: a heap by time, then order ---- */

static bool
before(const struct due *a, const struct due *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

struct event *
sim_post(struct sim *sim, enum event_kind kind, int node, int64_t delay)
{
	struct event *e = sim->spare;
	if (e != NULL)
		memcpy(&sim->spare, (void *)e, sizeof(sim->spare));
	else
		e = malloc(sizeof(*e));
	if (sim->events == sim->room) {
		sim->room = sim->room == 0 ? 256 : 2 * sim->room;
		sim->heap = realloc(sim->heap, sizeof(sim->heap[0]) * (size_t)sim->room);
	}
	e->at = sim->now + (delay < 0 ? 0 : delay);
	e->seq = sim->seq++;
	e->kind = kind;
	e->node = node;
	e->from = -1;
	e->a = e->b = 0;
	const struct due due = {e->at, e->seq, e};
	int i = sim->events++;
	while (i > 0 && before(&due, &sim->heap[(i - 1) / 2])) {
		sim->heap[i] = sim->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	sim->heap[i] = due;
	return e;
}

static struct event *
next_event(struct sim *sim)
{
	if (sim->events == 0)
		return NULL;
	struct event *top = sim->heap[0].event;
	const struct due last = sim->heap[--sim->events];
	int i = 0;
	for (;;) {
		int child = 2 * i + 1;
		if (child >= sim->events)
			break;
		if (child + 1 < sim->events && before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (!before(&sim->heap[child], &last))
			break;
		sim->heap[i] = sim->heap[child];
		i = child;
	}
	if (sim->events > 0)
		sim->heap[i] = last;
	return top;
}

static void
release(struct sim *sim, struct event *e)
{
	memcpy((void *)e, &sim->spare, sizeof(sim->spare));
	sim->spare = e;
}

/* What an agent takes for the time. */
int64_t
sim_local(const struct sim *sim, const struct node *n)
{
	return sim->now + n->clock;
}

bool
sim_faulty(const struct sim *sim)
{
	return sim->opt.faults && sim->now < sim->quiet;
}

/* Where the zone stands, for the table of what happened when. */
static void
count_cell(struct sim *sim, enum mishap kind, int node)
{
	const struct view_process *run = NULL;
	for (int i = 0; i < sim->nodes; i++) {
		const struct zone_view *v = sim->node[i].view;
		if (v != NULL && v->d.process.kind != 0 && (run == NULL || i == node))
			run = &v->d.process;
	}
	int k = run == NULL ? 0 : run->kind, s = run == NULL ? 0 : run->step;
	if (k < CELL_KINDS && s < CELL_STEPS)
		sim->stats->cell[kind][k][s]++;
}

bool
sim_mishap(struct sim *sim, enum mishap kind, int node, int per_mille)
{
	if (!sim_faulty(sim) || (sim->opt.without >> kind & 1) != 0 ||
	    !rng_chance(&sim->rng, per_mille))
		return false;
	int number = sim->happened[kind]++;
	if (sim->mask != NULL && number < MISHAP_NUMBERS &&
	    (sim->mask[kind][number / 8] >> (number % 8) & 1) != 0)
		return false;
	if (sim->stats != NULL)
		count_cell(sim, kind, node);
	return true;
}

/* ---- ids ---- */

static int
to_view(struct sim *sim, struct node *n, int id)
{
	if (n->to_view[id] < 0) {
		const struct rr *rr = &sim->pool.at[id];
		int mine = rpool_get(&n->view->d.pool, rr->type, rr->rdata->data, rr->rdata->len);
		if (mine < 0) {
			sim_fail(sim, "the pool of a view is full");
			return 0;
		}
		n->to_view[id] = (int16_t)mine;
		n->from_view[mine] = (int16_t)id;
	}
	return n->to_view[id];
}

struct rset
sim_set_to_view(struct sim *sim, struct node *n, struct rset set)
{
	struct rset out = RSET_NONE;
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		rset_add(&out, to_view(sim, n, i));
	return out;
}

struct rset
sim_set_from_view(struct sim *sim, struct node *n, struct rset set)
{
	struct rset out = RSET_NONE;
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1)) {
		if (n->from_view[i] < 0) {
			const struct rr *rr = &n->view->d.pool.at[i];
			int id = rpool_get(&sim->pool, rr->type, rr->rdata->data, rr->rdata->len);
			if (id < 0) {
				sim_fail(sim, "the pool of the world is full");
				return out;
			}
			n->from_view[i] = (int16_t)id;
			n->to_view[id] = (int16_t)i;
		}
		rset_add(&out, n->from_view[i]);
	}
	return out;
}

static struct view_contribution
contribution_from_view(struct sim *sim, struct node *n, const struct view_contribution *c)
{
	return (struct view_contribution){
	    .used = c->used,
	    .dnskey = sim_set_from_view(sim, n, c->dnskey),
	    .cds = sim_set_from_view(sim, n, c->cds),
	    .cdnskey = sim_set_from_view(sim, n, c->cdnskey),
	    .ns = sim_set_from_view(sim, n, c->ns),
	    .csync = sim_set_from_view(sim, n, c->csync),
	};
}

/* msa.pN.example. */
static int
global_of(const struct sim *sim, const struct node *n, int local)
{
	int i = n->view->d.provider[local].identity[5] - '1';
	return i >= 0 && i < sim->nodes ? i : -1;
}

int
sim_number_at(const struct sim *sim, const struct node *n, int global)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++)
		if (n->view->d.provider[i].used && global_of(sim, n, i) == global)
			return i;
	return -1;
}

/* ---- the shell of an agent ---- */

static void
keep_blob(struct sim *sim, struct node *n)
{
	free(n->blob);
	n->blob = NULL;
	if (view_encode(n->view, &n->blob, &n->blob_len) != 0)
		sim_fail(sim, "the view cannot be written");
}

static void
start_agent(struct sim *sim, int i)
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
	n->view->config.mode = n->mode;
	n->view->config.models = n->models;
	n->view->config.driver = n->driver;
	n->view->config.share = n->share;
	rset_add(&n->view->config.ns, to_view(sim, n, n->ns));
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
static struct event *
send_to(struct sim *sim, enum event_kind kind, int from, int to)
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

static void
statement_out(struct sim *sim, struct node *n, struct view_statement *st)
{
	*st = n->view->d.provider[VIEW_SELF].statement;
	st->dnskey = sim_set_from_view(sim, n, st->dnskey);
	st->cds = sim_set_from_view(sim, n, st->cds);
	st->cdnskey = sim_set_from_view(sim, n, st->cdnskey);
	st->ns = sim_set_from_view(sim, n, st->ns);
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
		int to = c->used ? global_of(sim, n, p) : -1;
		if (to >= 0)
			e->u.apply.from[to] = contribution_from_view(sim, n, c);
	}
}

static void
change_out(struct sim *sim, struct node *n, struct view_change *c)
{
	for (int t = 0; t < VIEW_APEX; t++) {
		c->add[t] = sim_set_from_view(sim, n, c->add[t]);
		c->del[t] = sim_set_from_view(sim, n, c->del[t]);
	}
}

/* What no follower may take. */
static int
tamper(struct sim *sim, struct view_change *c)
{
	switch (rng_range(&sim->rng, 0, 3)) {
	case 0:
		memset(c, 0, sizeof(*c)); /* nothing is said of it */
		break;
	case 1:
		c->unknown = 1;
		break;
	case 2:
		snprintf(c->odd, sizeof(c->odd), "a record of type 1");
		break;
	default:
		for (int t = 0; t < VIEW_APEX; t++) { /* the other way round */
			struct rset add = c->add[t];
			c->add[t] = c->del[t];
			c->del[t] = add;
		}
		/* A step that changes nothing adds somebody's NS. */
		rset_add(&c->add[VIEW_NS], sim->node[0].ns);
		rset_add(&c->del[VIEW_NS], sim->node[0].ns);
	}
	return 1;
}

/* A follower that had approved a step took it from a message that it should have refused. */
static void
judge_change(struct sim *sim, const struct node *n, const struct event *e, bool granted)
{
	const struct view_process *run = n->view == NULL ? NULL : &n->view->d.process;

	if (run != NULL && granted && run->phase >= PHASE_EXECUTING &&
	    run->step == e->u.message.step && memcmp(run->tid, e->u.message.tid, 16) == 0)
		sim_fail(sim, "E3: %s takes a change that it has not planned", n->identity);
}

static void
change_in(struct sim *sim, struct node *n, struct view_change *c)
{
	for (int t = 0; t < VIEW_APEX; t++) {
		c->add[t] = sim_set_to_view(sim, n, c->add[t]);
		c->del[t] = sim_set_to_view(sim, n, c->del[t]);
	}
}

static void
execute_send(struct sim *sim, int i, const struct action *a)
{
	struct node *n = &sim->node[i];
	int to = global_of(sim, n, a->provider);

	sim_trace(sim, "%s -> %s: %s %s %d/%s", n->identity, sim->node[to].identity,
		  msig_op_name(a->message.op), process_name(a->message.process), a->message.step,
		  a->message.text);
	struct event *e = send_to(sim, EV_MESSAGE, i, to);
	if (e == NULL)
		return;
	e->u.message = a->message;
	e->u.message.subject = global_of(sim, n, a->message.subject);
	if (a->message.leader >= 0)
		e->u.message.leader = global_of(sim, n, a->message.leader);
	if (a->message.change.given) {
		change_out(sim, n, &e->u.message.change);
		if (sim_mishap(sim, MISHAP_CHANGE, i, 40))
			e->b = tamper(sim, &e->u.message.change);
	}
	if (sim_mishap(sim, MISHAP_TWICE, i, 50)) {
		struct event *twice = sim_post(sim, EV_MESSAGE, to, rng_range(&sim->rng, 2, 30000));
		twice->from = i;
		twice->u.message = e->u.message;
	}
}

static void
execute_key(struct sim *sim, int i, const struct action *a)
{
	if (sim_mishap(sim, MISHAP_KEY_LOST, i, 50))
		return;
	struct event *e =
	    sim_post(sim, EV_KEY, i, rng_range(&sim->rng, 5, sim_faulty(sim) ? 4000 : 200));
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
		e = send_to(sim, EV_STATE, i, global_of(sim, n, a->provider));
		if (e != NULL)
			statement_out(sim, n, &e->u.statement);
		return;
	case ACT_PULL:
		e = send_to(sim, EV_PULL, i, global_of(sim, n, a->provider));
		if (e != NULL) {
			const struct view_provider *p = &n->view->d.provider[a->provider];
			e->u.apply.epoch = p->statement.epoch;
			e->u.apply.counter = p->statement.counter;
			e->u.apply.rcode = p->differs;
		}
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
	if (n->crash_at == 0 || !sim_faulty(sim))
		return false;
	bool now = n->persists >= n->crash_at;
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

/* ---- events at an agent ---- */

static void
see(struct sim *sim, struct node *n, struct seen *seen, const struct zone_version *v)
{
	if (seen->seq == v->seq)
		return;
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		struct rset signers = v->type[t].signers;
		if (t == VIEW_SOA) /* nobody can verify what is not published */
			signers = rset_and(signers, v->type[VIEW_DNSKEY].set);
		seen->set[t] = sim_set_to_view(sim, n, v->type[t].set);
		seen->signers[t] = sim_set_to_view(sim, n, signers);
	}
	seen->seq = v->seq;
}

static void
answer(struct sim *sim, struct node *n, const struct event *e)
{
	const struct zone_version *v = e->version;
	struct seen *seen = &n->seen[e->a];

	if (e->a >= VIEW_PLACES || n->view->d.place[e->a] == NULL)
		return;
	if (v != NULL)
		see(sim, n, seen, v);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		if ((e->b >> t & 1) == 0)
			continue;
		struct view_answer a;
		a.place = e->a;
		a.type = t;
		a.asked = e->t;
		a.time = sim_local(sim, n);
		a.alien = 0;
		a.child = false;
		a.reason[0] = 0;
		if (v == NULL) {
			a.set = a.signers = RSET_NONE;
			a.ttl = 0;
			a.status = MSIG_SEEN_UNKNOWN;
			memcpy(a.reason, "timeout", 8);
		} else {
			bool soa = t == VIEW_SOA;
			a.set = seen->set[t];
			a.signers = seen->signers[t];
			a.ttl = v->type[t].ttl;
			if (t == VIEW_NS && e->child != NULL) {
				a.set = sim_set_to_view(sim, n, e->child->type[t].set);
				a.child = true;
			}
			a.status =
			    soa || !rset_empty(v->type[t].set) ? MSIG_SEEN_SET : MSIG_SEEN_ABSENT;
			if (soa && v->alien >= 0) {
				const struct rr *rr = &sim->pool.at[v->alien];
				a.alien = VIEW_ALIEN(rr->alg, rr->tag);
			}
		}
		view_on_answer(n->view, &a);
	}
}

static void
looked_up(struct sim *sim, struct node *n, const struct event *e)
{
	const char *names[SERVERS];
	if (e->a < 0) {
		for (int k = 0; k < sim->parent.servers; k++)
			names[k] = sim->parent.server[k].name;
		view_on_addresses(n->view, -1, true, names, sim->parent.servers, sim_local(sim, n));
		return;
	}
	for (int i = 0; i < sim->nodes; i++) {
		if (sim->node[i].ns != e->a)
			continue;
		for (int k = 0; k < sim->node[i].servers; k++)
			names[k] = sim->node[i].server[k].name;
		view_on_addresses(n->view, to_view(sim, n, e->a), true, names, sim->node[i].servers,
				  sim_local(sim, n));
	}
}

static void
message(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	struct view_message m = e->u.message;
	int from = sim_number_at(sim, n, e->from);
	m.subject = sim_number_at(sim, n, e->u.message.subject);
	if (m.leader >= 0)
		m.leader = sim_number_at(sim, n, m.leader);
	if (m.change.given)
		change_in(sim, n, &m.change);
	if (from < 0 || m.subject < 0 || !n->view->d.provider[from].ready)
		return; /* refused: no session */
	view_on_message(n->view, from, &m, sim_local(sim, n));
}

static void
beats(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	const struct view_statement *st = &n->view->d.provider[VIEW_SELF].statement;

	for (int p = 0; p < sim->nodes; p++) {
		struct event *e = p != i && st->known ? send_to(sim, EV_BEAT, i, p) : NULL;
		if (e != NULL)
			e->u.statement = *st;
	}
}

static void
on_keys(struct sim *sim, struct node *n, const struct event *e)
{
	struct view_key keys[STORE];

	for (int i = 0; i < e->u.keys.count; i++) {
		const struct key *k = &e->u.keys.key[i];
		memset(&keys[i], 0, sizeof(keys[i]));
		snprintf(keys[i].id, sizeof(keys[i].id), "k%u", k->id);
		keys[i].role = k->role;
		keys[i].state = k->state;
		keys[i].algorithm = k->algorithm;
		keys[i].rr = to_view(sim, n, k->rr);
	}
	view_on_keys(n->view, e->u.keys.known, e->u.keys.known ? "" : "it says no", keys,
		     e->u.keys.count);
}

static void
statement(struct sim *sim, struct node *n, const struct event *e)
{
	struct view_statement st = e->u.statement;
	int p = sim_number_at(sim, n, e->from);
	if (p < 0)
		return;
	st.dnskey = sim_set_to_view(sim, n, st.dnskey);
	st.cds = sim_set_to_view(sim, n, st.cds);
	st.cdnskey = sim_set_to_view(sim, n, st.cdnskey);
	st.ns = sim_set_to_view(sim, n, st.ns);
	view_on_statement(n->view, p, &st, sim_local(sim, n));
}

static void
peer(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	int p = sim_number_at(sim, n, e->from);

	if (sim->node[e->from].dead) {
		if (p > 0)
			view_on_peer(n->view, p, false, "no beats");
	} else if (p <= 0 || !sim->node[e->from].up) {
		sim_post(sim, EV_PEER, i, 2000)->from = e->from;
	} else {
		view_on_models(n->view, p, sim->node[e->from].models);
		view_on_peer(n->view, p, true, "");
	}
}

/* What combinerd holds, by provider of origin. */
static void
held(struct sim *sim, const struct event *e)
{
	struct node *n = &sim->node[e->node];

	for (int i = 0; i < sim->nodes; i++) {
		const struct view_contribution *c = &e->u.apply.from[i];
		struct view_contribution mine = {
		    .dnskey = sim_set_to_view(sim, n, c->dnskey),
		    .cds = sim_set_to_view(sim, n, c->cds),
		    .cdnskey = sim_set_to_view(sim, n, c->cdnskey),
		    .ns = sim_set_to_view(sim, n, c->ns),
		    .csync = sim_set_to_view(sim, n, c->csync),
		};
		if (c->used)
			view_on_held(n->view, sim->node[i].identity, &mine);
	}
}

/* false: it does not reach the core. */
static bool
at_agent(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];
	int p;

	switch (e->kind) {
	case EV_WAKE:
		if (e->t != n->wake)
			return false;
		n->wake = VIEW_NEVER;
		return true;
	case EV_SIGNER: /* its NOTIFY, as good as it comes */
		if (sim_mishap(sim, MISHAP_NOTIFY, e->node, 300))
			return false;
		view_on_changed(n->view);
		return true;
	case EV_ANSWER:
		answer(sim, n, e);
		return true;
	case EV_HSYNC: {
		static const struct view_hsync unknown = {.status = MSIG_SEEN_UNKNOWN};
		struct view_hsync h = e->a >= 0 ? sim->hsync[e->a] : unknown;
		h.time = sim_local(sim, n);
		view_on_hsync(n->view, &h);
		return true;
	}
	case EV_LOOKUP:
		looked_up(sim, n, e);
		return true;
	case EV_SHOWN:
		held(sim, e);
		view_on_overlay(n->view, MSIG_ZONE_MERGED, e->u.apply.epoch, e->u.apply.counter);
		return true;
	case EV_APPLIED:
		view_on_applied(n->view, e->u.apply.epoch, e->u.apply.counter, e->u.apply.rcode,
				"");
		return true;
	case EV_FOLLOWED:
		view_on_followed(n->view, n->owner.ttl_data);
		return true;
	case EV_KEYS:
		on_keys(sim, n, e);
		return true;
	case EV_PEER:
		peer(sim, e->node, e);
		return true;
	case EV_MESSAGE:
		message(sim, e->node, e);
		return true;
	case EV_STATE:
		statement(sim, n, e);
		return true;
	case EV_PULL: {
		p = sim_number_at(sim, n, e->from);
		if (p > 0 && view_on_echo(n->view, p, e->u.apply.epoch, e->u.apply.counter,
					  e->u.apply.rcode != 0))
			sim_post(sim, EV_WAKE, e->node, 0)->t = n->wake = sim->now;
		if (!view_states(n->view))
			return false;
		struct event *r = send_to(sim, EV_STATE, e->node, e->from);
		if (r != NULL)
			statement_out(sim, n, &r->u.statement);
		return false;
	}
	case EV_BEAT:
		p = sim_number_at(sim, n, e->from);
		if (p > 0 && n->view->d.provider[p].models == 0) /* known anew: HELLO */
			sim_post(sim, EV_PEER, e->node, 0)->from = e->from;
		if (p > 0)
			view_on_beat(n->view, p, e->u.statement.generation, e->u.statement.epoch,
				     e->u.statement.counter, e->u.statement.hsync);
		return true;
	case EV_BEAT_SEND:
		beats(sim, e->node);
		return false;
	default:
		return false;
	}
}

static void
handle(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];

	if (e->kind == EV_START) {
		if (!n->up && !n->dead && n->mended > sim->now)
			sim_post(sim, EV_START, e->node, n->mended - sim->now);
		else if (!n->up && !n->dead)
			start_agent(sim, e->node);
		return;
	}
	if (world_event(sim, e) || sim->failed)
		return;
	if (e->kind == EV_BEAT_SEND)
		sim_post(sim, EV_BEAT_SEND, e->node, rng_range(&sim->rng, 3000, 5000));
	bool tampered = e->kind == EV_MESSAGE && e->b != 0 && n->up;
	bool granted = tampered && n->view->d.process.phase == PHASE_GRANTED;
	if (n->up && at_agent(sim, e) && (n->view->dirty || e->kind == EV_WAKE))
		sim_drive(sim, e->node);
	if (tampered)
		judge_change(sim, n, e, granted);
}

/* ---- one schedule ---- */

/* What is used again from schedule to schedule stays. */
static void
clear(struct sim *sim)
{
	for (int i = 0; i < sim->events; i++)
		release(sim, sim->heap[i].event);
	sim->events = 0;
	for (int i = 0; i < NODES; i++) {
		view_free(sim->node[i].view);
		free(sim->node[i].blob);
		free(sim->node[i].backup);
	}
	rpool_clear(&sim->pool);
}

struct zone_version *
world_version(struct sim *sim)
{
	uint32_t number = sim->versions++;

	if ((int)(number / CHUNK) >= sim->chunks) {
		sim->chunk = realloc(sim->chunk, sizeof(sim->chunk[0]) * (size_t)(sim->chunks + 1));
		sim->chunk[sim->chunks++] = malloc(sizeof(struct zone_version) * CHUNK);
	}
	struct zone_version *v = &sim->chunk[number / CHUNK][number % CHUNK];
	memset(v, 0, sizeof(*v));
	v->seq = number + 1;
	v->alien = -1;
	return v;
}

static void
reset(struct sim *sim, const struct sim_options *options)
{
	struct due *heap = sim->heap;
	struct event *spare = sim->spare;
	struct zone_version **chunk = sim->chunk;
	struct sim_stats *stats = sim->stats;
	const uint8_t(*mask)[MISHAP_NUMBERS / 8] = sim->mask;
	int room = sim->room, chunks = sim->chunks;

	memset(sim, 0, sizeof(*sim));
	sim->heap = heap;
	sim->room = room;
	sim->spare = spare;
	sim->chunk = chunk;
	sim->chunks = chunks;
	sim->stats = stats;
	sim->mask = mask;
	sim->opt = *options;
	sim->rng.s = options->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
	sim->now = 1000000000; /* not 0: that is never */
}

static double
seconds(int64_t at)
{
	return at <= 0 || at == VIEW_NEVER ? 0 : (double)(at - 1000000000) / 1000;
}

/* What caches may hold of it, with keys as numbers of the pool. */
static void
show_past(struct sim *sim, const struct server *s)
{
	static const struct {
		enum view_type type;
		const char *name;
	} types[] = {
	    {VIEW_NS, "NS"}, {VIEW_DS, "DS"}, {VIEW_DNSKEY, "DNSKEY"}, {VIEW_SOA, "signed"}};

	sim_trace(sim, "   named %.3f to %.3f", seconds(s->named_from), seconds(s->named_until));
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (int i = 0; i < s->count[types[t].type]; i++) {
			const struct past *p = &s->past[types[t].type][i];
			const struct rset *shown = types[t].type == VIEW_DS ? &p->keys : &p->set;
			char text[300] = "", by[200] = "";
			for (int k = rset_next(shown, 0); k >= 0; k = rset_next(shown, k + 1))
				snprintf(text + strlen(text), sizeof(text) - strlen(text), " %d",
					 k);
			for (int k = rset_next(&p->signers, 0); k >= 0;
			     k = rset_next(&p->signers, k + 1))
				snprintf(by + strlen(by), sizeof(by) - strlen(by), " %d", k);
			if (t != 3 || by[0] != 0)
				sim_trace(sim, "   %s%s signed by%s TTL %u, %.3f to %.3f",
					  types[t].name, t == 3 ? "" : text, by, p->ttl,
					  seconds(p->start), seconds(p->end));
		}
}

static void
show_server(struct sim *sim, const struct server *s, const char *more)
{
	const struct zone_version *v = s->now;
	char names[64] = "";

	for (int i = 0; v != NULL && i < sim->nodes; i++)
		if (rset_has(&v->type[VIEW_NS].set, sim->node[i].ns))
			snprintf(names + strlen(names), sizeof(names) - strlen(names), " p%d",
				 i + 1);
	if (v != NULL)
		sim_trace(sim, "%s: %d DNSKEY, %d CDS, %d CSYNC, %d DS, NS%s%s", s->name,
			  rset_count(v->type[VIEW_DNSKEY].set), rset_count(v->type[VIEW_CDS].set),
			  rset_count(v->type[VIEW_CSYNC].set), rset_count(v->type[VIEW_DS].set),
			  names, more);
	show_past(sim, s);
}

static void
show_servers(struct sim *sim)
{
	for (int i = 0; i < sim->parent.servers; i++)
		show_server(sim, &sim->parent.server[i], "");
	if (sim->parent.copy.now != NULL)
		show_server(sim, &sim->parent.copy, ", the copy at the parent's server");
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->node[i].servers; k++)
			show_server(sim, &sim->node[i].server[k],
				    sim->node[i].server[k].silent ? ", silent"
				    : sim->node[i].feed != i      ? ", a copy"
								  : "");
}

/* What an agent knows of the servers that it watches, by its own clock. */
static void
show_places(struct sim *sim, const struct node *n)
{
	const struct zone_view *v = n->view;

	for (int i = 0; i < v->d.places; i++) {
		const struct view_place *p = v->d.place[i];
		if (p == NULL || p->kind != PLACE_SERVER)
			continue;
		const struct view_history *h = &p->history[VIEW_NS];
		double since = (double)(sim->now - 1000000000);
		int64_t now = sim_local(sim, n);
		sim_trace(sim, "   watches %s of %d: %s, unnamed %.3f, NS %s of %.3f, asked %.3f",
			  p->server, view_place_provider(v, p), p->named != 0 ? "named" : "not",
			  p->unnamed == 0 ? 0 : (since + (double)(p->unnamed - now)) / 1000,
			  h->status == MSIG_SEEN_SET ? "seen" : "not seen",
			  h->time == 0 ? 0 : (since + (double)(h->time - now)) / 1000,
			  p->asked == 0 ? 0 : (since + (double)(p->asked - now)) / 1000);
	}
}

/* What it holds of the others' statements. */
static void
show_statements(struct sim *sim, const struct node *n)
{
	const struct zone_view *v = n->view;

	for (int i = 0; i < v->d.providers; i++) {
		const struct view_provider *p = &v->d.provider[i];
		const struct view_statement *st = &p->statement;
		if (!p->used || !st->known)
			continue;
		sim_trace(
		    sim, "   %s of %d states %llu.%llu: %s %d of %llu, standing %x, HSYNC %02x%s%s",
		    p->identity, i, (unsigned long long)st->epoch, (unsigned long long)st->counter,
		    process_name(st->process), st->step, (unsigned long long)st->process_epoch,
		    st->standing, st->hsync[0], p->ready || i == VIEW_SELF ? "" : ", not ready",
		    p->stale ? ", stale" : "");
	}
}

/* The keys of its signer, as its key store has them and as its agent last heard. */
static void
show_keys(struct sim *sim, const struct node *n)
{
	const struct zone_view *v = n->view;

	for (int i = 0; i < n->keys; i++) {
		const struct key *k = &n->store[i];
		const char *heard = "not heard of";
		char id[16];

		snprintf(id, sizeof(id), "k%u", k->id);
		for (int h = 0; h < v->keys; h++)
			if (strcmp(v->key[h].id, id) == 0)
				heard = msig_key_state_name(v->key[h].state);
		sim_trace(sim, "   key %s (%d): %s, for the agent: %s", id, k->rr,
			  msig_key_state_name(k->state), heard);
	}
}

static void
show_agents(struct sim *sim)
{
	show_servers(sim);
	for (int i = 0; i < sim->nodes; i++) {
		struct zone_view *v = sim->node[i].view;
		char text[800];
		if (v == NULL) {
			sim_trace(sim, "%s: %s", sim->node[i].identity,
				  sim->node[i].dead ? "dead" : "down");
			continue;
		}
		text[0] = 0;
		for (int p = 0; p < sim->nodes; p++) {
			int k = view_provider_find(v, sim->node[p].identity);
			size_t len = strlen(text);
			if (k >= 0)
				snprintf(text + len, sizeof(text) - len, " p%d:%s%x", p + 1,
					 v->d.provider[k].member ? "member/" : "",
					 v->d.provider[k].has);
		}
		sim_trace(sim, "%s: process %s step %s %s, has%s, applied %llu want %llu",
			  sim->node[i].identity, process_name(v->d.process.kind),
			  process_step_name(v->d.process.kind, v->d.process.step),
			  process_phase_name(v->d.process.phase), text,
			  (unsigned long long)v->d.applied_counter,
			  (unsigned long long)v->d.want.counter);
		for (int r = 0; r < v->reasons; r++)
			sim_trace(sim, "   %s", reason_text(&v->reason[r], text, sizeof(text)));
		show_keys(sim, &sim->node[i]);
		show_statements(sim, &sim->node[i]);
		show_places(sim, &sim->node[i]);
	}
}

/* Everything is where it should be and has been for a while, or rests for a reason that has a
 * name. */
static bool
over(struct sim *sim, int64_t *settled, int64_t *looked)
{
	char why[128] = "";

	if (sim->now < sim->quiet + *looked)
		return false;
	*looked = sim->now - sim->quiet + SECOND;
	if (!oracle_finished(sim, why, sizeof(why))) {
		*settled = 0;
		if (sim->now <= sim->deadline)
			return false;
		if (sim->opt.safety_only)
			return true;
		if (!sim->unsolvable && !sim->broken && !oracle_unseen(sim))
			sim_fail(sim, "L1: not finished long after the last fault: %s", why);
		else if (!oracle_named(sim, why, sizeof(why)))
			sim_fail(sim, "L1: it rests without a reason: %s", why);
		else if (sim->stats != NULL)
			sim->stats->unsolved++;
		return true;
	}
	if (*settled == 0)
		*settled = sim->now;
	sim->finished = *settled;
	return sim->now - *settled > 40 * SECOND;
}

bool
sim_run(struct sim *sim, const struct sim_options *options)
{
	int64_t settled = 0, looked = 0;

	reset(sim, options);
	world_make(sim);
	while (!sim->failed) {
		struct event *e = next_event(sim);
		if (e == NULL)
			break;
		sim->now = e->at;
		if (sim->stats != NULL)
			sim->stats->events++;
		bool look =
		    e->kind == EV_SERVER || e->kind == EV_PARENT_SERVER || e->kind == EV_WAKE;
		handle(sim, e);
		release(sim, e);
		if (look && over(sim, &settled, &looked))
			break;
	}
	if (sim->failed && sim->opt.trace)
		show_agents(sim);
	if (sim->stats != NULL) {
		sim->stats->schedules++;
		sim->stats->failed += sim->failed;
	}
	clear(sim);
	return !sim->failed;
}
