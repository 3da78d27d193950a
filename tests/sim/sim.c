/*
 * Time, chance, the queue of events, and one schedule from its beginning to its end. See sim.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim_int.h"

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
	e->wire = NULL;
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
	free(e->wire);
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
		mail_forget(&sim->node[i]);
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
	uint64_t n = 0;

	reset(sim, options);
	world_make(sim);
	while (!sim->failed && (options->most == 0 || n++ < options->most)) {
		struct event *e = next_event(sim);
		if (e == NULL)
			break;
		sim->now = e->at;
		if (sim->stats != NULL)
			sim->stats->events++;
		bool look =
		    e->kind == EV_SERVER || e->kind == EV_PARENT_SERVER || e->kind == EV_WAKE;
		events_handle(sim, e);
		release(sim, e);
		if (look && over(sim, &settled, &looked))
			break;
	}
	if (sim->failed && sim->opt.trace)
		show_world(sim);
	if (sim->stats != NULL) {
		sim->stats->schedules++;
		sim->stats->failed += sim->failed;
	}
	clear(sim);
	return !sim->failed;
}
