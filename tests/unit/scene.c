#include "tests/unit/scene.h"

struct bench b;

int
two(void **state)
{
	bench_init(&b, 2, 3);
	return 0;
}

int
three(void **state)
{
	bench_init(&b, 3, 7);
	return 0;
}

int
member(void **state)
{
	bench_init(&b, 2, 1);
	return 0;
}

int
joiner(void **state)
{
	bench_init(&b, 2, 2);
	return 0;
}

int
bystander(void **state)
{
	bench_init(&b, 3, 2);
	return 0;
}

int
teardown(void **state)
{
	bench_clear(&b);
	return 0;
}

struct view_process *
run(void)
{
	return &b.view->d.process;
}

struct view_provider *
peer(int provider)
{
	return &b.view->d.provider[provider];
}

struct rset
only(int id)
{
	struct rset s = RSET_NONE;

	rset_add(&s, id);
	return s;
}

struct rset
ds(int provider)
{
	return only(rpool_of_key(&b.view->d.pool, b.ksk[provider], 43));
}

struct view_place *
place(enum view_place_kind kind, const char *server)
{
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = b.view->d.place[i];
		if (p != NULL && p->kind == kind &&
		    (server == NULL || strcmp(p->server, server) == 0))
			return p;
	}
	return NULL;
}

bool
check(enum process_condition cond, struct reason *why)
{
	return process_check(b.view, cond, true, b.now, why);
}

void
in_the_middle(uint8_t kind, int subject, int requestor, uint8_t step, enum view_phase phase,
	      uint32_t voters)
{
	*run() = (struct view_process){.kind = kind,
				       .subject = (int8_t)subject,
				       .requestor = (int8_t)requestor,
				       .step = step,
				       .phase = phase,
				       .epoch = 9,
				       .tid = {5},
				       .voters = voters,
				       .executed = true,
				       .started = b.now,
				       .since = b.now,
				       .executed_at = b.now};
	memcpy(run()->hsync, b.view->d.hsync.digest, sizeof(run()->hsync));
	b.view->d.epoch = 9;
	b.view->dirty = true;
}

void
rest(void)
{
	memset(run(), 0, sizeof(*run()));
	b.view->d.backoff = b.now + 3600 * SECOND;
	b.view->dirty = true;
}

bool
ended_early(uint8_t kind)
{
	return b.view->d.ended.kind == kind && !b.view->d.ended.completed;
}

static void
hear(int from, struct view_message *m)
{
	memcpy(m->hsync, b.hsync.digest, sizeof(m->hsync));
	view_on_message(b.view, from, m, b.now);
	bench_decide(&b);
}

void
say(int from, enum msig_op op, uint8_t kind, uint8_t step, int subject, uint16_t result)
{
	struct view_message m = {.op = op,
				 .epoch = 9,
				 .process = kind,
				 .step = step,
				 .subject = subject,
				 .result = result,
				 .tid = {5}};
	hear(from, &m);
}

void
reply(int from, enum msig_op op)
{
	struct view_message m = {.op = op,
				 .epoch = run()->epoch,
				 .process = run()->kind,
				 .step = run()->step,
				 .subject = run()->subject};
	memcpy(m.tid, run()->tid, sizeof(m.tid));
	hear(from, &m);
}

void
restate(int provider, struct view_statement st)
{
	st.counter = peer(provider)->statement.counter + 1;
	assert_int_equal(view_on_statement(b.view, provider, &st, b.now), 0);
}

void
runs(int provider, uint8_t kind, uint8_t step, uint64_t epoch)
{
	peer(provider)->statement.process = kind;
	peer(provider)->statement.step = step;
	peer(provider)->statement.process_epoch = epoch;
	b.view->dirty = true;
}

void
stands(int provider, uint8_t standing)
{
	peer(provider)->statement.standing = standing;
	b.view->dirty = true;
}

void
owner(int provider, bool on, bool sign)
{
	b.hsync.entry[provider].on = on;
	b.hsync.entry[provider].sign = sign;
	b.hsync.digest[0]++;
	for (int i = 1; i < b.hsync.count; i++)
		memcpy(peer(i)->statement.hsync, b.hsync.digest, 32);
}

void
hide_delegation(bool hidden)
{
	b.copy = b.server[0];
	b.child = hidden;
	bench_run(&b, 5 * SECOND);
	assert_int_equal(view_hidden(b.view), hidden);
}

void
confirm_database(void)
{
	b.view->d.rebuild = true;
	b.view->combiner_epoch = b.view->d.want.epoch = b.view->d.applied_epoch;
	b.view->combiner_counter = b.view->d.want.counter = b.view->d.applied_counter;
	view_on_command(b.view, VIEW_CONFIRM);
}

const struct reason *
reason_at(enum reason_class class, enum reason_object object, const char *place)
{
	for (int i = 0; i < b.view->reasons; i++) {
		const struct reason *r = &b.view->reason[i];
		if (r->class == class && r->object == object && strcmp(r->place, place) == 0)
			return r;
	}
	return NULL;
}
