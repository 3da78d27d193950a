/*
 * The world around the agents. See sim.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/mutant.h"
#include "libmsig/key.h"
#include "tests/sim/sim.h"

#define SECOND INT64_C(1000)
#define BIT(i) (UINT32_C(1) << (i))
/* A TTL that changed stays so long: what is raised and lowered again between two looks of every
 * agent cannot be seen, only be allowed for by margins, which are 0 here. */
#define SEEN_FOR (60 * SECOND)

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

/* ---- events: a heap by time, then order
 * ----------------------------------------------------------- */

static bool
before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static struct event *
post(struct sim *sim, enum event_kind kind, int node, int64_t delay)
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
	int i = sim->events++;
	while (i > 0 && before(e, sim->heap[(i - 1) / 2])) {
		sim->heap[i] = sim->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	sim->heap[i] = e;
	return e;
}

static struct event *
next_event(struct sim *sim)
{
	if (sim->events == 0)
		return NULL;
	struct event *top = sim->heap[0], *last = sim->heap[--sim->events];
	int i = 0;
	for (;;) {
		int child = 2 * i + 1;
		if (child >= sim->events)
			break;
		if (child + 1 < sim->events && before(sim->heap[child + 1], sim->heap[child]))
			child++;
		if (!before(sim->heap[child], last))
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
static int64_t
local(const struct sim *sim, const struct node *n)
{
	return sim->now + n->clock;
}

static bool
faulty(const struct sim *sim)
{
	return sim->opt.faults && sim->now < sim->quiet;
}

/* ---- what is served
 * --------------------------------------------------------------------------------- */

/* The version that a signer makes of its combiner's zone. */
static void
sign(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	struct zone_version v;
	struct rset keys = RSET_NONE, cds = RSET_NONE, cdnskey = RSET_NONE, ns = RSET_NONE,
		    csync = RSET_NONE;

	if (n->owner.hsync < 0)
		return;
	memset(&v, 0, sizeof(v));
	for (int p = 0; p < sim->nodes; p++) {
		const struct view_contribution *c = &n->combiner.from[p];
		keys = rset_or(keys, c->dnskey);
		cds = rset_or(cds, c->cds);
		cdnskey = rset_or(cdnskey, c->cdnskey);
		ns = rset_or(ns, c->ns);
		csync = rset_or(csync, c->csync);
	}
	if (n->mode == VIEW_MODE_FOREIGN) {
		keys = rset_or(keys, n->own);
		cds = rset_or(cds, n->cds);
		cdnskey = rset_or(cdnskey, n->cdnskey);
	}
	struct rset ksk = RSET_NONE, zsk = RSET_NONE;
	rset_add(&ksk, n->ksk);
	rset_add(&zsk, n->zsk);
	v.loaded = true;
	v.hsync = n->owner.hsync;
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		v.type[t].ttl = n->ttl[t];
		v.type[t].signers = zsk;
	}
	v.type[VIEW_DNSKEY].set = keys;
	v.type[VIEW_DNSKEY].signers = rset_and(ksk, keys);
	v.type[VIEW_CDS].set = cds;
	v.type[VIEW_CDNSKEY].set = cdnskey;
	v.type[VIEW_NS].set = rset_empty(ns) ? n->owner.ns : ns;
	v.type[VIEW_NS].ttl = n->owner.ttl_ns;
	v.type[VIEW_CSYNC].set = csync;
	v.seq = n->signer.seq;
	if (memcmp(&v, &n->signer, sizeof(v)) == 0)
		return;
	v.seq = ++sim->versions;
	n->signer = v;
	for (int k = 0; k < n->servers; k++) {
		struct event *e =
		    post(sim, EV_SERVER, i, rng_range(&sim->rng, 10, faulty(sim) ? 6000 : 800));
		e->a = k;
	}
}

static void
parent_publish(struct sim *sim)
{
	for (int k = 0; k < sim->parent.servers; k++) {
		struct event *e = post(sim, EV_PARENT_SERVER, 0,
				       rng_range(&sim->rng, 0, faulty(sim) ? 8000 : 500));
		e->a = k;
	}
}

/* The scanner asks every address of every delegated server, and refuses what is not the same at
 * all, or what would break the delegation. */
static void
scan(struct sim *sim)
{
	struct parent *parent = &sim->parent;
	const struct zone_version *first = NULL;
	bool cds_same = true, csync_same = true, safe = true;

	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		if (!rset_has(&parent->ns, n->ns))
			continue;
		for (int k = 0; k < n->servers; k++) {
			const struct zone_version *v = &n->server[k].now;
			if (!v->loaded)
				return;
			if (first == NULL)
				first = v;
			cds_same &=
			    rset_equal(first->type[VIEW_CDS].set, v->type[VIEW_CDS].set) &&
			    rset_equal(first->type[VIEW_CDNSKEY].set, v->type[VIEW_CDNSKEY].set);
			csync_same &=
			    rset_equal(first->type[VIEW_CSYNC].set, v->type[VIEW_CSYNC].set) &&
			    rset_equal(first->type[VIEW_NS].set, v->type[VIEW_NS].set);
		}
	}
	if (first == NULL)
		return;
	struct rset cds = first->type[VIEW_CDS].set, keys = rpool_keys(&sim->pool, cds);
	for (int i = 0; i < sim->nodes; i++) {
		const struct node *n = &sim->node[i];
		for (int k = 0; k < n->servers && rset_has(&parent->ns, n->ns); k++) {
			const struct rrset *dnskey = &n->server[k].now.type[VIEW_DNSKEY];
			safe &= rset_meets(rset_and(keys, dnskey->set), dnskey->signers);
		}
	}
	bool changed = false;
	if (cds_same && safe && !rset_empty(cds)) {
		struct rset ds = RSET_NONE;
		for (int c = rset_next(&cds, 0); c >= 0; c = rset_next(&cds, c + 1)) {
			const struct rr *rr = &sim->pool.at[c];
			rset_add(&ds, rpool_get(&sim->pool, 43, rr->rdata->data, rr->rdata->len));
		}
		if (!rset_equal(ds, parent->ds)) {
			parent->ds = ds;
			changed = true;
			sim_trace(sim, "parent: DS of %d keys", rset_count(ds));
		}
	}
	if (csync_same && !rset_empty(first->type[VIEW_CSYNC].set) &&
	    !rset_equal(first->type[VIEW_NS].set, parent->ns)) {
		parent->ns = first->type[VIEW_NS].set;
		changed = true;
		sim_trace(sim, "parent: NS of %d names", rset_count(parent->ns));
	}
	if (changed)
		parent_publish(sim);
}

/* ---- the shell of an agent
 * ------------------------------------------------------------------------------ */

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

static struct rset
set_to_view(struct sim *sim, struct node *n, struct rset set)
{
	struct rset out = RSET_NONE;
	for (int i = rset_next(&set, 0); i >= 0; i = rset_next(&set, i + 1))
		rset_add(&out, to_view(sim, n, i));
	return out;
}

static struct rset
set_from_view(struct sim *sim, struct node *n, struct rset set)
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

static int
number_at(const struct sim *sim, const struct node *n, int global)
{
	return view_provider_find(n->view, sim->node[global].identity);
}

static int
global_of(const struct sim *sim, const struct node *n, int local)
{
	for (int i = 0; i < sim->nodes; i++)
		if (strcmp(sim->node[i].identity, n->view->d.provider[local].identity) == 0)
			return i;
	return -1;
}

static void
start_agent(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	uint8_t generation[16] = {(uint8_t)i, 1}, seed[16];

	for (int k = 0; k < 16; k++)
		seed[k] = (uint8_t)rng_next(&sim->rng);
	n->view = view_new("shop.example.", n->identity, &sim->times, generation, seed);
	memset(n->to_view, 0xff, sizeof(n->to_view));
	memset(n->from_view, 0xff, sizeof(n->from_view));
	memset(n->seen, 0, sizeof(n->seen));
	if (n->blob != NULL && view_decode(n->view, n->blob, n->blob_len, local(sim, n)) != 0)
		sim_fail(sim, "what was persisted cannot be read");
	n->view->config.mode = n->mode;
	rset_add(&n->view->config.ns, to_view(sim, n, n->ns));
	if (n->mode == VIEW_MODE_ALL)
		n->view->config.own = set_to_view(sim, n, n->own);
	view_signer(n->view, "signer");
	n->up = true;
	n->persists = 0;
	n->crash_at =
	    faulty(sim) && rng_chance(&sim->rng, 850) ? (int)rng_range(&sim->rng, 1, 30) : 0;
	n->crash_how = (int)rng_range(&sim->rng, 0, 3);
	n->wake = VIEW_NEVER;
	for (int p = 0; p < sim->nodes; p++) {
		if (p == i)
			continue;
		post(sim, EV_PEER, i, rng_range(&sim->rng, 50, 2000))->from = p;
		post(sim, EV_PEER, p, rng_range(&sim->rng, 50, 2000))->from = i;
	}
	post(sim, EV_WAKE, i, 0)->t = n->wake = sim->now;
	sim_trace(sim, "%s: started", n->identity);
}

static void
crash(struct sim *sim, int i, const char *where)
{
	struct node *n = &sim->node[i];
	sim_trace(sim, "%s: crash %s", n->identity, where);
	sim->crashes++;
	view_free(n->view);
	n->view = NULL;
	n->up = false;
	post(sim, EV_START, i, rng_range(&sim->rng, 100, 20000));
}

static void
keep_blob(struct sim *sim, struct node *n)
{
	free(n->blob);
	n->blob = NULL;
	if (view_encode(n->view, &n->blob, &n->blob_len) != 0)
		sim_fail(sim, "the view cannot be written");
}

/* A message on the way: lost, repeated, late. */
static struct event *
send_to(struct sim *sim, enum event_kind kind, int from, int to)
{
	sim->messages++;
	if (faulty(sim) && (sim->cut[from][to] || rng_chance(&sim->rng, 100)))
		return NULL;
	int64_t most = faulty(sim) ? (rng_chance(&sim->rng, 50) ? 20000 : 1500) : 60;
	struct event *e = post(sim, kind, to, rng_range(&sim->rng, 2, most));
	e->from = from;
	return e;
}

static void
statement_out(struct sim *sim, struct node *n, struct view_statement *st)
{
	*st = n->view->d.provider[VIEW_SELF].statement;
	st->dnskey = set_from_view(sim, n, st->dnskey);
	st->cds = set_from_view(sim, n, st->cds);
	st->cdnskey = set_from_view(sim, n, st->cdnskey);
	st->ns = set_from_view(sim, n, st->ns);
}

static void
execute(struct sim *sim, int i, const struct action *a)
{
	struct node *n = &sim->node[i];
	struct event *e;
	int to;

	switch (a->kind) {
	case ACT_ASK: {
		const struct view_place *p = n->view->d.place[a->place];
		if (p == NULL)
			return;
		if (faulty(sim) && rng_chance(&sim->rng, 30))
			return; /* neither answer nor error */
		int64_t delay = rng_range(&sim->rng, 1, faulty(sim) ? 900 : 20);
		e = post(sim, EV_ANSWER, i, delay);
		e->a = a->place;
		e->b = (int)a->types;
		e->t = local(sim, n);
		/* What is seen is what was served somewhere between question and answer. */
		const struct server *s = NULL;
		memset(&e->u.answer, 0, sizeof(e->u.answer));
		if (p->kind == PLACE_SIGNER)
			e->u.answer = n->signer;
		for (int k = 0; k < sim->parent.servers && p->kind == PLACE_PARENT; k++)
			if (strcmp(p->server, sim->parent.server[k].name) == 0)
				s = &sim->parent.server[k];
		for (int g = 0; g < sim->nodes && p->kind == PLACE_SERVER; g++)
			for (int k = 0; k < sim->node[g].servers; k++)
				if (strcmp(p->server, sim->node[g].server[k].name) == 0)
					s = &sim->node[g].server[k];
		if (s != NULL && sim->now >= s->deaf && !(faulty(sim) && rng_chance(&sim->rng, 20)))
			e->u.answer = s->now;
		return;
	}
	case ACT_ASK_HSYNC:
		e = post(sim, EV_HSYNC, i, rng_range(&sim->rng, 1, faulty(sim) ? 900 : 20));
		e->a = n->signer.loaded ? n->signer.hsync : -1;
		return;
	case ACT_LOOKUP:
		e = post(sim, EV_LOOKUP, i, rng_range(&sim->rng, 1, faulty(sim) ? 2000 : 20));
		e->a = -1;
		if (a->ns >= 0) {
			struct rset one = RSET_NONE;
			rset_add(&one, a->ns);
			one = set_from_view(sim, n, one);
			e->a = rset_next(&one, 0);
		}
		return;
	case ACT_SHOW:
		post(sim, EV_SHOW, i, rng_range(&sim->rng, 1, 50));
		return;
	case ACT_APPLY:
		if (faulty(sim) && rng_chance(&sim->rng, 50))
			return;
		e = post(sim, EV_APPLY, i, rng_range(&sim->rng, 1, faulty(sim) ? 1500 : 20));
		e->u.apply.epoch = n->view->d.want.epoch;
		e->u.apply.counter = n->view->d.want.counter;
		e->u.apply.may_shrink = a->may_shrink;
		memset(e->u.apply.from, 0, sizeof(e->u.apply.from));
		for (int p = 0; p < VIEW_PROVIDERS; p++) {
			const struct view_contribution *c = &n->view->d.want.from[p];
			if (!c->used)
				continue;
			struct view_contribution *o = &e->u.apply.from[global_of(sim, n, p)];
			o->used = true;
			o->dnskey = set_from_view(sim, n, c->dnskey);
			o->cds = set_from_view(sim, n, c->cds);
			o->cdnskey = set_from_view(sim, n, c->cdnskey);
			o->ns = set_from_view(sim, n, c->ns);
			o->csync = set_from_view(sim, n, c->csync);
		}
		return;
	case ACT_SEND:
		to = global_of(sim, n, a->provider);
		sim->sends[a->message.op]++;
		sim_trace(sim, "%s -> %s: %s %s %d/%s", n->identity, sim->node[to].identity,
			  msig_op_name(a->message.op), process_name(a->message.process),
			  a->message.step, a->message.text);
		e = send_to(sim, EV_MESSAGE, i, to);
		if (e == NULL)
			return;
		e->u.message = a->message;
		e->u.message.subject = global_of(sim, n, a->message.subject);
		if (faulty(sim) && rng_chance(&sim->rng, 50)) {
			struct event *twice =
			    post(sim, EV_MESSAGE, to, rng_range(&sim->rng, 2, 30000));
			twice->from = i;
			twice->u.message = e->u.message;
		}
		return;
	case ACT_STATE:
		to = global_of(sim, n, a->provider);
		if ((e = send_to(sim, EV_STATE, i, to)) != NULL)
			statement_out(sim, n, &e->u.statement);
		return;
	case ACT_PULL:
		send_to(sim, EV_PULL, i, global_of(sim, n, a->provider));
		return;
	case ACT_KEY:
		break;
	case ACT_JOURNAL:
	case ACT_ALARM:
		sim_trace(sim, "%s: %s%s", n->identity, a->kind == ACT_ALARM ? "ALARM " : "",
			  a->text);
		return;
	case ACT_NOTIFY:
		return;
	}
}

/* decide, persist, act. */
static void
drive(struct sim *sim, int i)
{
	static struct plan plan;
	struct node *n = &sim->node[i];

	decide(n->view, local(sim, n), &plan);
	sim->decisions++;
	/* Ids may have been given back. */
	if (n->view->d.pool.count >= RSET_MAX * 3 / 4) {
		memset(n->to_view, 0xff, sizeof(n->to_view));
		memset(n->from_view, 0xff, sizeof(n->from_view));
		memset(n->seen, 0, sizeof(n->seen));
	}
	oracle_agents(sim);
	if (plan.persist) {
		n->persists++;
		if (n->crash_at != 0 && n->persists == n->crash_at && n->crash_how == 0 &&
		    faulty(sim)) {
			if (MUTANT(NO_COMMIT))
				for (int k = 0; k < plan.count; k++)
					execute(sim, i, &plan.action[k]);
			crash(sim, i, "before the commit");
			return;
		}
		bool dies = n->crash_at != 0 && n->persists >= n->crash_at && faulty(sim);
		if (n->crash_at != 0 && n->persists + 1 >= n->crash_at && faulty(sim))
			keep_blob(sim, n);
		if (dies && n->crash_how == 1) {
			crash(sim, i, "after the commit, before acting");
			return;
		}
		if (dies && n->crash_how == 2) {
			for (int k = 0; k < plan.count / 2; k++)
				execute(sim, i, &plan.action[k]);
			crash(sim, i, "in the middle of acting");
			return;
		}
		if (dies) {
			for (int k = 0; k < plan.count; k++)
				execute(sim, i, &plan.action[k]);
			crash(sim, i, "after acting");
			return;
		}
	}
	for (int k = 0; k < plan.count; k++)
		execute(sim, i, &plan.action[k]);
	int64_t wake = plan.wake == VIEW_NEVER ? VIEW_NEVER : plan.wake - n->clock;
	if (wake != VIEW_NEVER && (wake < n->wake || n->wake <= sim->now)) {
		n->wake = wake <= sim->now ? sim->now + 1 : wake;
		post(sim, EV_WAKE, i, n->wake - sim->now)->t = n->wake;
	}
}

/* ---- events at an agent
 * ------------------------------------------------------------------------------------ */

static void
answer(struct sim *sim, struct node *n, const struct event *e)
{
	const struct zone_version *v = &e->u.answer;
	struct seen *seen = &n->seen[e->a];
	if (e->a >= VIEW_PLACES || n->view->d.place[e->a] == NULL)
		return;
	if (v->loaded && seen->seq != v->seq) {
		for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
			seen->set[t] = set_to_view(sim, n, v->type[t].set);
			seen->signers[t] = set_to_view(sim, n, v->type[t].signers);
		}
		seen->seq = v->seq;
	}
	for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
		if ((e->b >> t & 1) == 0)
			continue;
		struct view_answer a = {
		    .place = e->a, .type = t, .asked = e->t, .time = local(sim, n)};
		if (!v->loaded) {
			a.status = MSIG_SEEN_UNKNOWN;
			memcpy(a.reason, "timeout", 8);
		} else {
			bool soa = t == VIEW_SOA;
			a.set = seen->set[t];
			a.signers = seen->signers[t];
			a.ttl = v->type[t].ttl;
			a.status =
			    soa || !rset_empty(v->type[t].set) ? MSIG_SEEN_SET : MSIG_SEEN_ABSENT;
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
		view_on_addresses(n->view, -1, true, names, sim->parent.servers, local(sim, n));
		return;
	}
	for (int i = 0; i < sim->nodes; i++) {
		if (sim->node[i].ns != e->a)
			continue;
		for (int k = 0; k < sim->node[i].servers; k++)
			names[k] = sim->node[i].server[k].name;
		view_on_addresses(n->view, to_view(sim, n, e->a), true, names, sim->node[i].servers,
				  local(sim, n));
	}
}

static void
combiner_apply(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	struct combiner *c = &n->combiner;
	uint16_t rcode = 0;

	if (e->u.apply.epoch < c->epoch ||
	    (e->u.apply.epoch == c->epoch && e->u.apply.counter < c->counter)) {
		rcode = 5;
	} else if (e->u.apply.epoch != c->epoch || e->u.apply.counter != c->counter) {
		for (int p = 0; p < sim->nodes; p++)
			if (c->from[p].used && !e->u.apply.from[p].used && !e->u.apply.may_shrink &&
			    p != i)
				sim_fail(sim, "an overlay that shrinks without a process");
		c->epoch = e->u.apply.epoch;
		c->counter = e->u.apply.counter;
		memcpy(c->from, e->u.apply.from, sizeof(c->from));
		c->merged = true;
		sim_trace(sim, "%s: overlay %llu.%llu", n->identity, (unsigned long long)c->epoch,
			  (unsigned long long)c->counter);
		post(sim, EV_SIGNER, i, rng_range(&sim->rng, 20, faulty(sim) ? 5000 : 300));
	}
	if (faulty(sim) && rng_chance(&sim->rng, 50))
		return;
	struct event *r = post(sim, EV_APPLIED, i, rng_range(&sim->rng, 1, 50));
	r->u.apply.epoch = e->u.apply.epoch;
	r->u.apply.counter = e->u.apply.counter;
	r->u.apply.rcode = rcode;
}

static void
message(struct sim *sim, int i, const struct event *e)
{
	struct node *n = &sim->node[i];
	struct view_message m = e->u.message;
	int from = number_at(sim, n, e->from);
	m.subject = number_at(sim, n, e->u.message.subject);
	if (from < 0 || m.subject < 0 || !n->view->d.provider[from].ready)
		return; /* refused: no session */
	view_on_message(n->view, from, &m, local(sim, n));
}

static void
beats(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	const struct view_statement *st = &n->view->d.provider[VIEW_SELF].statement;

	for (int p = 0; p < sim->nodes; p++) {
		if (p == i || !sim->node[p].there)
			continue;
		struct event *e = st->known ? send_to(sim, EV_BEAT, i, p) : NULL;
		if (e != NULL) {
			e->u.apply.epoch = st->epoch;
			e->u.apply.counter = st->counter;
		}
	}
}

static void
owner_acts(struct sim *sim, const struct event *e)
{
	if (e->a >= 0) {
		sim->owner.hsync = e->a;
		if (e->kind == EV_OWNER)
			sim->meant = e->a;
		sim_trace(sim, "owner: HSYNC of %d providers", sim->hsync[e->a].count);
	}
	if (e->b >= 0) {
		rset_add(&sim->owner.ns, e->b);
		sim_trace(sim, "owner: NS of %d names", rset_count(sim->owner.ns));
	}
	for (int i = 0; i < sim->nodes; i++)
		post(sim, EV_OWNER_SYNC, i, rng_range(&sim->rng, 10, faulty(sim) ? 15000 : 300));
}

/* A mistake in HSYNC, taken back after a while. What the owner means stays in sim->meant. */
static void
blip(struct sim *sim, const struct event *e)
{
	struct view_hsync *h;
	struct event act = {.kind = EV_OWNER_BLIP, .a = sim->meant, .b = -1};

	if (e->a >= 0) { /* taken back */
		if (sim->owner.hsync != sim->meant)
			owner_acts(sim, &act);
		return;
	}
	if (sim->owner.hsync != sim->meant || sim->instructions == 64)
		return;
	act.a = sim->instructions++;
	h = &sim->hsync[act.a];
	*h = sim->hsync[sim->meant];
	memset(h->digest, act.a + 1, sizeof(h->digest));
	h->serial = (uint32_t)act.a + 1;
	int last = h->count - 1;
	switch (rng_range(&sim->rng, 0, 5)) {
	case 0:
		*h = (struct view_hsync){.status = MSIG_SEEN_ABSENT};
		break;
	case 1:
		snprintf(h->error, sizeof(h->error), "malformed");
		break;
	case 2:
		h->count--;
		break;
	case 3:
		h->entry[last].on = false;
		break;
	case 4:
		for (int i = 0; i < h->count; i++)
			h->entry[i].on = false;
		break;
	case 5:
		h->entry[0].agent = !h->entry[0].agent;
		break;
	}
	owner_acts(sim, &act);
	post(sim, EV_OWNER_BLIP, 0, rng_range(&sim->rng, 500, 40000))->a = 0;
}

/* NSMGMT=OWNER: the owner does what the joiner's agent asks for. */
static void
owner_helps(struct sim *sim)
{
	for (int i = 0; i < sim->nodes && !sim->agent; i++) {
		const struct node *n = &sim->node[i];
		if (n->view == NULL || rset_has(&sim->owner.ns, n->ns))
			continue;
		const struct view_process *run = &n->view->d.process;
		if (run->kind == MSIG_PROCESS_ADD && run->subject == VIEW_SELF && run->step == 4 &&
		    run->phase == PHASE_EXECUTING) {
			struct event e = {.a = -1, .b = n->ns, .kind = EV_OWNER_SYNC};
			owner_acts(sim, &e);
		}
	}
}

static int key(struct sim *sim, uint16_t flags);

static void
fault(struct sim *sim)
{
	if (!faulty(sim))
		return;
	int i = (int)rng_range(&sim->rng, 0, sim->nodes - 1), k;
	struct node *n = &sim->node[i];
	switch (rng_range(&sim->rng, 0, 10)) {
	case 0: /* one-way cut */
		k = (int)rng_range(&sim->rng, 0, sim->nodes - 1);
		sim->cut[i][k] = !sim->cut[i][k];
		break;
	case 1: /* whole partition of one */
		for (k = 0; k < sim->nodes; k++)
			sim->cut[i][k] = sim->cut[k][i] = rng_chance(&sim->rng, 500);
		break;
	case 2: /* a TTL is raised */
		k = (int)rng_range(&sim->rng, 0, VIEW_TYPE_COUNT - 1);
		if (sim->now < n->ttl_until)
			break;
		n->ttl_until = sim->now + SEEN_FOR;
		n->ttl[k] = (uint32_t)rng_range(&sim->rng, 1, 40);
		post(sim, EV_SIGNER, i, rng_range(&sim->rng, 20, 5000));
		sim_trace(sim, "%s: TTL of %s is %u", n->identity, view_type_name(k), n->ttl[k]);
		break;
	case 3:
		if (sim->now < sim->parent.ttl_until)
			break;
		sim->parent.ttl_until = sim->now + SEEN_FOR;
		sim->parent.ttl_ds = (uint32_t)rng_range(&sim->rng, 1, 60);
		parent_publish(sim);
		sim_trace(sim, "parent: TTL of DS is %u", sim->parent.ttl_ds);
		break;
	case 4: /* the peer table is lost for a while */
		if (n->up && sim->nodes > 1) {
			k = (int)rng_range(&sim->rng, 0, sim->nodes - 1);
			if (k != i && number_at(sim, n, k) > 0)
				view_on_peer(n->view, number_at(sim, n, k), false, "no beats");
			post(sim, EV_PEER, i, rng_range(&sim->rng, 1000, 20000))->from = k;
		}
		break;
	case 5: /* combinerd restarts with what it has; agentd asks again */
		if (n->up)
			post(sim, EV_SHOW, i, 10);
		break;
	case 6: /* a clock jumps, and the shell sees it */
		if (rng_chance(&sim->rng, 300)) {
			n->clock = rng_range(&sim->rng, -300, 3000) * SECOND / 10;
			sim_trace(sim, "%s: clock is %+lld ms", n->identity, (long long)n->clock);
			if (n->up) {
				view_on_clock(n->view, sim->now + n->clock);
				drive(sim, i);
			}
		}
		break;
	case 7: /* a server is not fed any more */
		k = (int)rng_range(&sim->rng, 0, n->servers - 1);
		n->server[k].stuck = sim->now + rng_range(&sim->rng, 1000, 60000);
		if (rng_chance(&sim->rng, 300))
			n->server[k].deaf = n->server[k].stuck;
		break;
	case 8:
		k = (int)rng_range(&sim->rng, 0, n->servers - 1);
		n->server[k].deaf = sim->now + rng_range(&sim->rng, 1000, 40000);
		break;
	case 10: /* a key is published ahead of its use */
		if (rset_count(n->own) < 4) {
			rset_add(&n->own, key(sim, 256));
			post(sim, EV_SIGNER, i, 20);
			if (n->mode == VIEW_MODE_ALL && n->up) {
				n->view->config.own = set_to_view(sim, n, n->own);
				drive(sim, i);
			}
			sim_trace(sim, "%s: a new key", n->identity);
		}
		break;
	case 9:
		post(sim, EV_OWNER_BLIP, 0, 0)->a = -1;
		break;
	}
	post(sim, EV_FAULT, 0, rng_range(&sim->rng, 200, 12000));
}

static void
quiet(struct sim *sim)
{
	memset(sim->cut, 0, sizeof(sim->cut));
	post(sim, EV_OWNER_BLIP, 0, 0)->a = 0;
	for (int i = 0; i < sim->nodes; i++)
		for (int k = 0; k < sim->node[i].servers; k++)
			sim->node[i].server[k].deaf = 0;
	for (int i = 0; i < sim->nodes; i++)
		for (int p = 0; p < sim->nodes; p++)
			if (p != i)
				post(sim, EV_PEER, i, rng_range(&sim->rng, 10, 500))->from = p;
	sim_trace(sim, "no more faults");
}

static void
handle(struct sim *sim, struct event *e)
{
	struct node *n = &sim->node[e->node];
	int p;

	/* What needs no agent. */
	switch (e->kind) {
	case EV_START:
		if (!n->up)
			start_agent(sim, e->node);
		return;
	case EV_OWNER:
		owner_acts(sim, e);
		return;
	case EV_OWNER_BLIP:
		blip(sim, e);
		return;
	case EV_OWNER_SYNC:
		n->owner = sim->owner;
		post(sim, EV_SIGNER, e->node, rng_range(&sim->rng, 10, 300));
		return;
	case EV_SIGNER:
		sign(sim, e->node);
		break;
	case EV_SERVER:
		if (sim->now < n->server[e->a].stuck) {
			post(sim, EV_SERVER, e->node, n->server[e->a].stuck - sim->now)->a = e->a;
			return;
		}
		oracle_serve(sim, &n->server[e->a], &n->signer);
		oracle_check(sim);
		break;
	case EV_SCAN:
		scan(sim);
		post(sim, EV_SCAN, 0, rng_range(&sim->rng, sim->parent.scan / 2, sim->parent.scan));
		return;
	case EV_PARENT_SERVER: {
		struct zone_version v = sim->parent.server[e->a].now;
		v.loaded = true;
		v.seq = ++sim->versions;
		v.type[VIEW_DS] = (struct rrset){.set = sim->parent.ds, .ttl = sim->parent.ttl_ds};
		v.type[VIEW_NS] = (struct rrset){.set = sim->parent.ns, .ttl = sim->parent.ttl_ns};
		oracle_serve(sim, &sim->parent.server[e->a], &v);
		oracle_check(sim);
		return;
	}
	case EV_FAULT:
		fault(sim);
		return;
	case EV_QUIET:
		quiet(sim);
		return;
	case EV_APPLY:
		combiner_apply(sim, e->node, e);
		return;
	case EV_SHOW: {
		struct event *r = post(sim, EV_SHOWN, e->node, 5);
		r->u.apply.epoch = n->combiner.epoch;
		r->u.apply.counter = n->combiner.counter;
		return;
	}
	default:
		break;
	}
	if (e->kind == EV_BEAT_SEND)
		post(sim, EV_BEAT_SEND, e->node, rng_range(&sim->rng, 3000, 5000));
	if (!n->up)
		return;
	switch (e->kind) {
	case EV_WAKE:
		if (e->t != n->wake)
			return;
		n->wake = VIEW_NEVER;
		break;
	case EV_SIGNER: /* its NOTIFY, as good as it comes */
		if (faulty(sim) && rng_chance(&sim->rng, 300))
			return;
		view_on_changed(n->view);
		break;
	case EV_ANSWER:
		answer(sim, n, e);
		break;
	case EV_HSYNC: {
		struct view_hsync h = {.status = MSIG_SEEN_UNKNOWN};
		if (e->a >= 0)
			h = sim->hsync[e->a];
		h.time = local(sim, n);
		view_on_hsync(n->view, &h);
		break;
	}
	case EV_LOOKUP:
		looked_up(sim, n, e);
		break;
	case EV_SHOWN:
		view_on_overlay(n->view, MSIG_ZONE_MERGED, e->u.apply.epoch, e->u.apply.counter);
		break;
	case EV_APPLIED:
		view_on_applied(n->view, e->u.apply.epoch, e->u.apply.counter, e->u.apply.rcode,
				"");
		break;
	case EV_PEER:
		p = number_at(sim, n, e->from);
		if (p <= 0 || !sim->node[e->from].up) {
			post(sim, EV_PEER, e->node, 2000)->from = e->from;
			return;
		}
		view_on_peer(n->view, p, true, "");
		break;
	case EV_MESSAGE:
		message(sim, e->node, e);
		break;
	case EV_STATE: {
		struct view_statement st = e->u.statement;
		p = number_at(sim, n, e->from);
		if (p < 0)
			return;
		st.dnskey = set_to_view(sim, n, st.dnskey);
		st.cds = set_to_view(sim, n, st.cds);
		st.cdnskey = set_to_view(sim, n, st.cdnskey);
		st.ns = set_to_view(sim, n, st.ns);
		view_on_statement(n->view, p, &st, local(sim, n));
		break;
	}
	case EV_PULL: {
		if (!n->view->d.provider[VIEW_SELF].statement.known)
			return;
		struct event *r = send_to(sim, EV_STATE, e->node, e->from);
		if (r != NULL)
			statement_out(sim, n, &r->u.statement);
		return;
	}
	case EV_BEAT:
		p = number_at(sim, n, e->from);
		if (p > 0)
			view_on_beat(n->view, p, e->u.apply.epoch, e->u.apply.counter);
		break;
	case EV_BEAT_SEND:
		beats(sim, e->node);
		return;
	default:
		return;
	}
	if (n->view->dirty || e->kind == EV_WAKE)
		drive(sim, e->node);
}

/* ---- making a world
 * ------------------------------------------------------------------------------------------ */

static int
key(struct sim *sim, uint16_t flags)
{
	uint8_t rdata[4 + 32] = {(uint8_t)(flags >> 8), (uint8_t)flags, 3, 15};
	for (;;) {
		for (size_t i = 4; i < sizeof(rdata); i++)
			rdata[i] = (uint8_t)rng_next(&sim->rng);
		int id = rpool_get(&sim->pool, 48, rdata, sizeof(rdata));
		const struct rr *rr = &sim->pool.at[id];
		bool clash = false;
		for (int i = 0; i < sim->pool.count; i++)
			if (i != id && sim->pool.at[i].type == 48 &&
			    (sim->pool.at[i].tag == rr->tag ||
			     sim->pool.at[i].tag == msig_key_tag_revoked(rr->rdata) ||
			     rr->tag == msig_key_tag_revoked(sim->pool.at[i].rdata)))
				clash = true;
		if (!clash)
			return id;
	}
}

static void
make_node(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];
	uint8_t name[] = {3,   'n', 's', (uint8_t)('1' + i), 1, 'p', 7, 'e', 'x', 'a', 'm', 'p',
			  'l', 'e', 0};

	snprintf(n->identity, sizeof(n->identity), "msa.p%d.example.", i + 1);
	n->mode = rng_chance(&sim->rng, 400) ? VIEW_MODE_ALL : VIEW_MODE_FOREIGN;
	n->ksk = key(sim, 257);
	n->zsk = key(sim, 256);
	n->ns = rpool_get(&sim->pool, 2, name, sizeof(name));
	rset_add(&n->own, n->ksk);
	rset_add(&n->own, n->zsk);
	rset_add(&n->cds, rpool_of_key(&sim->pool, n->ksk, 59));
	rset_add(&n->cdnskey, rpool_of_key(&sim->pool, n->ksk, 60));
	n->owner.hsync = -1;
	n->servers = (int)rng_range(&sim->rng, 1, SERVERS);
	for (int k = 0; k < n->servers; k++)
		snprintf(n->server[k].name, sizeof(n->server[k].name), "192.0.2.%d@53",
			 10 * i + k + 1);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		n->ttl[t] = (uint32_t)rng_range(&sim->rng, 1, 20);
}

/* i: designate the first i+1 of an order. */
static void
instruct(struct sim *sim, int index, int count, const int *order)
{
	struct view_hsync *h = &sim->hsync[index];
	h->status = MSIG_SEEN_SET;
	h->serial = (uint32_t)index + 1;
	h->count = count;
	for (int i = 0; i < count; i++) {
		struct view_hsync_entry *e = &h->entry[i];
		snprintf(e->identity, sizeof(e->identity), "msa.p%d.example.", order[i] + 1);
		e->on = e->sign = true;
		e->agent = sim->agent;
	}
	memset(h->digest, index + 1, sizeof(h->digest));
}

static void
make_world(struct sim *sim)
{
	static const uint8_t apex[] = {4,   's', 'h', 'o', 'p', 7,   'e',
				       'x', 'a', 'm', 'p', 'l', 'e', 0};
	int order[NODES];

	rpool_init(&sim->pool, apex);
	sim->nodes = sim->opt.nodes != 0 ? sim->opt.nodes : (int)rng_range(&sim->rng, 2, 3);
	sim->agent = rng_chance(&sim->rng, 700);
	sim->times = view_times_lab;
	sim->times.ask_fast = 2 * SECOND;
	sim->times.ask_slow = 10 * SECOND;
	sim->times.fresh = 8 * SECOND;
	sim->times.resend = 3 * SECOND;
	sim->times.lease = 60 * SECOND;
	sim->times.backoff_max = 20 * SECOND;
	sim->times.d = rng_range(&sim->rng, 0, 2000);
	sim->times.d_parent = rng_range(&sim->rng, 0, 2000);
	for (int i = 0; i < sim->nodes; i++) {
		make_node(sim, i);
		order[i] = i;
	}
	for (int i = sim->nodes - 1; i > 1; i--) { /* who joins when */
		int k = (int)rng_range(&sim->rng, 1, i), t = order[i];
		order[i] = order[k];
		order[k] = t;
	}
	/* The zone lives at the first provider. */
	struct node *first = &sim->node[0];
	sim->parent.ttl_ds = (uint32_t)rng_range(&sim->rng, 1, 30);
	sim->parent.ttl_ns = (uint32_t)rng_range(&sim->rng, 1, 30);
	sim->parent.scan = rng_range(&sim->rng, 2, 12) * SECOND;
	sim->parent.servers = (int)rng_range(&sim->rng, 1, SERVERS);
	const struct rr *cds = &sim->pool.at[rset_next(&first->cds, 0)];
	rset_add(&sim->parent.ds, rpool_get(&sim->pool, 43, cds->rdata->data, cds->rdata->len));
	rset_add(&sim->parent.ns, first->ns);
	rset_add(&sim->owner.ns, first->ns);
	sim->owner.ttl_ns = (uint32_t)rng_range(&sim->rng, 1, 20);
	for (int k = 0; k < sim->parent.servers; k++) {
		snprintf(sim->parent.server[k].name, 32, "198.51.100.%d@53", k + 1);
		post(sim, EV_PARENT_SERVER, 0, 0)->a = k;
	}
	/* In mode B the overlay is there from the beginning. */
	if (first->mode == VIEW_MODE_ALL) {
		first->combiner.from[0].used = true;
		first->combiner.from[0].dnskey = first->own;
	}
	for (int c = 1; c <= sim->nodes; c++)
		instruct(sim, c - 1, c, order);
	sim->instructions = sim->nodes;
	sim->owner.hsync = 0;
	for (int i = 0; i < sim->nodes; i++) {
		struct node *n = &sim->node[i];
		n->there = true;
		n->owner = sim->owner;
		sign(sim, i);
		for (int k = 0; k < n->servers; k++)
			oracle_serve(sim, &n->server[k], &n->signer);
		post(sim, EV_START, i, rng_range(&sim->rng, 0, 3000));
		post(sim, EV_BEAT_SEND, i, rng_range(&sim->rng, 0, 3000));
	}
	int64_t at = rng_range(&sim->rng, 2000, 20000);
	for (int c = 2; c <= sim->nodes; c++) {
		struct event *e = post(sim, EV_OWNER, 0, at);
		e->a = c - 1;
		e->b = -1;
		at += rng_chance(&sim->rng, 400) ? rng_range(&sim->rng, 0, 4000)
						 : rng_range(&sim->rng, 10000, 150000);
	}
	post(sim, EV_SCAN, 0, rng_range(&sim->rng, 0, sim->parent.scan));
	sim->quiet = sim->opt.faults ? rng_range(&sim->rng, 20, 240) * SECOND : 0;
	if (sim->opt.faults) {
		post(sim, EV_FAULT, 0, 3000);
		post(sim, EV_QUIET, 0, sim->quiet);
	}
	sim->deadline = (sim->quiet > at ? sim->quiet : at) + 1500 * SECOND;
}

static void
clear(struct sim *sim)
{
	for (int i = 0; i < sim->events; i++)
		free(sim->heap[i]);
	while (sim->spare != NULL) {
		struct event *e = sim->spare;
		memcpy(&sim->spare, (void *)e, sizeof(sim->spare));
		free(e);
	}
	free(sim->heap);
	for (int i = 0; i < sim->nodes; i++) {
		view_free(sim->node[i].view);
		free(sim->node[i].blob);
	}
	rpool_clear(&sim->pool);
}

bool
sim_run(struct sim *sim, const struct sim_options *options)
{
	char why[128] = "";
	int64_t settled = 0, looked = 0;

	memset(sim, 0, sizeof(*sim));
	sim->opt = *options;
	sim->rng.s = options->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
	sim->now = 1000000000; /* not 0: that is never */
	make_world(sim);
	sim->quiet += sim->now;
	sim->deadline += sim->now;
	while (!sim->failed) {
		struct event *e = next_event(sim);
		if (e == NULL)
			break;
		sim->now = e->at;
		sim->steps++;
		bool world =
		    e->kind == EV_SERVER || e->kind == EV_PARENT_SERVER || e->kind == EV_WAKE;
		handle(sim, e);
		release(sim, e);
		owner_helps(sim);
		if (world && sim->now >= sim->quiet + looked &&
		    sim->owner.hsync == sim->nodes - 1 && oracle_finished(sim, why, sizeof(why))) {
			if (settled == 0) {
				settled = sim->now;
				sim->finished = sim->now;
			}
			if (sim->now - settled > 40 * SECOND)
				break;
			looked = sim->now - sim->quiet + SECOND;
		} else if (world && sim->now >= sim->quiet + looked) {
			settled = 0;
			looked = sim->now - sim->quiet + SECOND;
		}
		if (sim->now > sim->deadline) {
			oracle_finished(sim, why, sizeof(why));
			sim_fail(sim, "L1: not finished long after the last fault: %s", why);
		}
	}
	for (int i = 0; sim->failed && sim->opt.trace && i < sim->nodes; i++) {
		struct zone_view *v = sim->node[i].view;
		char text[800];
		if (v == NULL)
			continue;
		sim_trace(sim, "%s: process %d step %d %s, members %x, applied %llu want %llu",
			  sim->node[i].identity, v->d.process.kind, v->d.process.step,
			  process_phase_name(v->d.process.phase), agree_members(v),
			  (unsigned long long)v->d.applied_counter,
			  (unsigned long long)v->d.want.counter);
		for (int r = 0; r < v->reasons; r++)
			sim_trace(sim, "   %s", reason_text(&v->reason[r], text, sizeof(text)));
	}
	clear(sim);
	return !sim->failed;
}
