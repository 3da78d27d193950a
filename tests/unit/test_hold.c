/*
 * Holds: where they begin, which TTL counts, that they are only raised, and that they survive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/bench.h"

static struct bench b;

static int
teardown(void **state)
{
	bench_clear(&b);
	return 0;
}

static int
setup(void **state)
{
	bench_init(&b, 2, 1);
	return 0;
}

static struct view_place *
place(int provider)
{
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = b.view->d.place[i];
		if (p != NULL && p->kind == (provider < 0 ? PLACE_PARENT : PLACE_SERVER) &&
		    (provider < 0 || view_place_provider(b.view, p) == provider))
			return p;
	}
	return NULL;
}

static void
show(int provider, enum view_type type, struct rset set, uint32_t ttl, int64_t at)
{
	struct view_answer a = {
	    .type = type, .status = MSIG_SEEN_SET, .set = set, .ttl = ttl, .time = at};
	if (type != VIEW_DS)
		a.signers = set;
	struct view_place *p = provider == -2 ? NULL : place(provider);
	for (int i = 0; i < VIEW_PLACES; i++)
		if (b.view->d.place[i] != NULL &&
		    (p != NULL ? b.view->d.place[i] == p
			       : b.view->d.place[i]->kind == PLACE_SIGNER))
			a.place = i;
	view_on_answer(b.view, &a);
}

static struct rset
both(void)
{
	return rset_or(b.own[0], b.own[1]);
}

/* Everybody has shown both providers' keys since `at`. */
static void
converge(int64_t at, uint32_t ttl)
{
	show(-2, VIEW_DNSKEY, both(), ttl, at);
	show(0, VIEW_DNSKEY, both(), ttl, at);
	show(1, VIEW_DNSKEY, both(), ttl, at);
}

static int64_t
deadline(void)
{
	struct hold_want want = {.in = both(), .at = 3};
	return hold_deadline(b.view, HOLD_KEY, &want, b.now + 100000);
}

/* The overlay's keys changed, and changed back, while nobody looked at the own server: other keys
 * may have been there in between. */
static void
test_changed_unseen(void **state)
{
	int64_t at = b.now + 1000;
	struct view_answer a = {.type = VIEW_DNSKEY,
				.status = MSIG_SEEN_SET,
				.set = both(),
				.signers = both(),
				.ttl = 10,
				.time = at + 20000};

	converge(at, 10);
	int64_t before = deadline();
	for (int i = 0; i < VIEW_PLACES; i++)
		if (b.view->d.place[i] == place(0))
			a.place = i;
	b.view->d.keys_since = at + 5000;
	a.asked = at + 4000; /* and answered late */
	view_on_answer(b.view, &a);
	assert_int_equal(deadline(), before);
	converge(at + 21000, 10);
	assert_int_equal(deadline(), before);
	b.view->d.keys_since = at + 22000;
	a.asked = a.time = at + 30000;
	struct view_answer other = a; /* what is there is that one's affair */
	for (int i = 0; i < VIEW_PLACES; i++)
		if (b.view->d.place[i] == place(1))
			other.place = i;
	view_on_answer(b.view, &other);
	assert_int_equal(deadline(), before);
	view_on_answer(b.view, &a);
	assert_int_equal(deadline(), before + 30000);
	view_on_clock(b.view, at + 21000);
	assert_int_equal(b.view->d.keys_since, at + 21000);
}

/* That is since the overlay was made, and survives. */
static void
test_keys_since(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	int64_t since = b.view->d.keys_since;
	assert_true(since != 0);
	bench_run(&b, 5000);
	assert_int_equal(b.view->d.keys_since, since);
	struct view_statement st = b.view->d.provider[1].statement;
	rset_add(&st.dnskey, b.zsk[2]);
	st.counter++;
	assert_int_equal(view_on_statement(b.view, 1, &st, b.now), 0);
	bench_run(&b, 2000);
	assert_true(b.view->d.keys_since > since);
	since = b.view->d.keys_since;
	bench_restart(&b);
	assert_int_equal(b.view->d.keys_since, since);
}

static void
test_not_before_all_show_it(void **state)
{
	int64_t t = b.now + 1000;
	show(1, VIEW_DNSKEY, b.own[1], 10, b.now);
	show(-2, VIEW_DNSKEY, both(), 10, t);
	show(0, VIEW_DNSKEY, both(), 10, t);
	assert_int_equal(deadline(), VIEW_NEVER);
	show(1, VIEW_DNSKEY, both(), 10, t);
	assert_true(deadline() != VIEW_NEVER);
}

static void
test_begins_at_the_last_server(void **state)
{
	int64_t t = b.now + 1000;
	converge(t, 10);
	int64_t first = deadline();
	assert_int_equal(first, t + 10000 + view_times_lab.d);
	/* One falls back, and returns. */
	show(1, VIEW_DNSKEY, b.own[1], 10, t + 3000);
	assert_int_equal(deadline(), VIEW_NEVER);
	show(1, VIEW_DNSKEY, both(), 10, t + 7000);
	assert_int_equal(deadline(), first + 7000);
}

static void
test_largest_ttl_of_old_and_new(void **state)
{
	int64_t t = b.now + 1000;
	show(1, VIEW_DNSKEY, b.own[1], 300, t); /* the old version had a larger one */
	converge(t + 1, 10);
	assert_int_equal(deadline(), t + 1 + 300000 + view_times_lab.d);
	/* A larger one that shows up later raises it. */
	show(0, VIEW_DNSKEY, both(), 900, t + 5);
	assert_int_equal(deadline(), t + 1 + 900000 + view_times_lab.d);
}

/* A server that nobody is sent to any more has given out what caches still hold. */
static void
test_after_the_last_question(void **state)
{
	int64_t t = b.now + 1000;
	struct hold_want want = {.in = both(), .at = 1};

	show(1, VIEW_DNSKEY, b.own[1], 300, t);
	show(-2, VIEW_DNSKEY, both(), 10, t);
	show(0, VIEW_DNSKEY, both(), 10, t);
	int64_t plain = t + 10000 + view_times_lab.d;
	assert_int_equal(hold_deadline(b.view, HOLD_KEY, &want, t + 1), plain);
	place(1)->unnamed = t + 500;
	assert_int_equal(hold_deadline(b.view, HOLD_KEY, &want, t + 300000), VIEW_NEVER);
	assert_int_equal(hold_deadline(b.view, HOLD_KEY, &want, t + 300500), plain);
}

static void
test_margin(void **state)
{
	int64_t t = b.now + 1000;
	converge(t, 10);
	b.view->config.times.margin = 500;
	b.view->config.times.margin_percent = 50;
	b.view->config.times.skew = 70;
	assert_int_equal(deadline(), t + 10000 + view_times_lab.d + 5000 + 70);
	b.view->config.times.margin = 6000;
	assert_int_equal(deadline(), t + 10000 + view_times_lab.d + 6000 + 70);
}

static void
test_only_raised(void **state)
{
	struct hold_want wanted[HOLD_COUNT] = {[HOLD_KEY] = {.in = both(), .at = 3}};
	int64_t t = b.now + 1000, until;
	converge(t, 10);
	hold_raise(b.view, 1 << HOLD_KEY, wanted, t);
	int64_t stored = b.view->d.process.hold[HOLD_KEY];
	assert_int_equal(stored, deadline());
	b.view->config.times.d = 0; /* a shorter formula does not lower it */
	hold_raise(b.view, 1 << HOLD_KEY, wanted, t);
	assert_int_equal(b.view->d.process.hold[HOLD_KEY], stored);
	assert_false(hold_elapsed(b.view, 1 << HOLD_KEY, stored - 1, &until));
	assert_int_equal(until, stored);
	assert_true(hold_elapsed(b.view, 1 << HOLD_KEY, stored, &until));
	/* One that never began holds for good. */
	assert_false(hold_elapsed(b.view, 1 << HOLD_DS, VIEW_NEVER - 1, &until));
}

/* What is served again after it was gone holds anew, however long ago the first hold ended. */
static void
test_old_again(void **state)
{
	struct hold_want wanted[HOLD_COUNT] = {[HOLD_KEY] = {.in = both(), .at = 3}};
	int64_t t = b.now + 1000, until;
	converge(t, 10);
	hold_raise(b.view, 1 << HOLD_KEY, wanted, t);
	int64_t stored = b.view->d.process.hold[HOLD_KEY];
	wanted[HOLD_KEY].exact = true;
	wanted[HOLD_KEY].in = RSET_NONE; /* now they are to be gone */
	hold_raise(b.view, 1 << HOLD_KEY, wanted, stored + 1);
	assert_false(hold_elapsed(b.view, 1 << HOLD_KEY, stored + 1, &until));
	assert_int_equal(until, VIEW_NEVER);
}

static void
test_survives_a_restart(void **state)
{
	int64_t t = b.now + 1000;
	converge(t, 10);
	int64_t before = deadline();
	b.view->d.process.hold[HOLD_DS] = 4711;
	bench_restart(&b);
	assert_int_equal(deadline(), before);
	assert_int_equal(b.view->d.process.hold[HOLD_DS], 4711);
}

static void
test_ds(void **state)
{
	struct rset keys = RSET_NONE, ds = b.parent.set[VIEW_DS];
	int64_t t = b.now + 1000;
	rset_add(&keys, b.ksk[0]);
	rset_add(&keys, b.ksk[1]);
	struct hold_want want = {.in = keys, .at = 3};
	assert_int_equal(hold_deadline(b.view, HOLD_DS, &want, t), VIEW_NEVER);
	rset_add(&ds, rpool_of_key(&b.view->d.pool, b.ksk[1], 43));
	show(-1, VIEW_DS, ds, 20, t);
	assert_int_equal(hold_deadline(b.view, HOLD_DS, &want, t),
			 t + 20000 + view_times_lab.d_parent);
}

/* The parent shows what is wanted, and later more than that: caches have had it since the first. If
 * nobody was looking in between, it may have gone back meanwhile. */
static void
test_ds_unwatched(void **state)
{
	struct rset keys = RSET_NONE, ds = RSET_NONE, more = b.parent.set[VIEW_DS];
	int64_t t = b.now + 1000, rest = view_times_lab.ask_slow + view_times_lab.fresh;
	rset_add(&keys, b.ksk[1]);
	rset_add(&ds, rpool_of_key(&b.view->d.pool, b.ksk[1], 43));
	struct hold_want want = {.in = keys, .at = 3};
	show(-1, VIEW_DS, ds, 20, t);
	int64_t since = hold_deadline(b.view, HOLD_DS, &want, t);
	more = rset_or(more, ds);
	show(-1, VIEW_DS, more, 20, t + rest);
	assert_int_equal(hold_deadline(b.view, HOLD_DS, &want, t + rest), since);

	int64_t later = t + 2 * rest + 1;
	show(-1, VIEW_DS, ds, 20, later);
	assert_int_equal(hold_deadline(b.view, HOLD_DS, &want, later), since + later - t);
	bench_restart(&b);
	assert_int_equal(hold_deadline(b.view, HOLD_DS, &want, later), since + later - t);
}

static void
test_clock_in_doubt(void **state)
{
	int64_t t = b.now + 1000, later = t + 500000, until;
	struct hold_want wanted[HOLD_COUNT] = {[HOLD_KEY] = {.in = both(), .at = 3}};
	converge(t, 10);
	hold_raise(b.view, 1 << HOLD_KEY, wanted, t);
	assert_true(hold_elapsed(b.view, 1 << HOLD_KEY, later, &until));
	view_on_clock(b.view, later); /* the full hold again */
	assert_false(hold_elapsed(b.view, 1 << HOLD_KEY, later, &until));
	converge(later + 5, 10);
	hold_raise(b.view, 1 << HOLD_KEY, wanted, later);
	assert_false(hold_elapsed(b.view, 1 << HOLD_KEY, later, &until));
	assert_int_equal(until, later + 10000 + view_times_lab.d);
}

static int64_t
check_clock(int64_t now, int64_t up, uint8_t boot)
{
	return view_check_clock(b.view, &(struct view_clock){now, up, {boot}, false});
}

/* A clock that is set shows, also across a restart; another start of the machine has another
 * uptime, and corrections of the rate do not show. */
static void
test_clock_is_set(void **state)
{
	b.view->config.times.skew = 300000;
	assert_int_equal(check_clock(5000000, 1000, 1), 0); /* never compared before */
	assert_int_equal(b.view->d.clock_floor, 0);
	assert_int_equal(check_clock(5100000, 101000, 1), 0);
	assert_int_equal(check_clock(5200000 + 60000, 201000, 1), 0);

	uint8_t *blob;
	size_t len;
	assert_int_equal(view_encode(b.view, &blob, &len), 0);
	b.view->d.clock_offset = 0;
	assert_int_equal(view_decode(b.view, blob, len, 5300000), 0);
	free(blob);
	assert_int_equal(check_clock(5300000 + 60001, 301000, 1), 60001);
	assert_int_equal(b.view->d.clock_floor, 5360001);
	assert_true(b.view->persist);
	assert_int_equal(check_clock(5300000, 301000, 1), -60001); /* and back */
	assert_int_equal(b.view->d.clock_floor, 5300000);
	assert_int_equal(check_clock(5300000, 301000, 1), 0);
	assert_int_equal(check_clock(9300000, 1000, 2), 0); /* the machine was started again */
	assert_int_equal(b.view->d.clock_floor, 5300000);
	assert_int_equal(check_clock(9400000, 1000, 0), 0);
	assert_int_equal(check_clock(9900000, 1000, 0), 0); /* nobody knows which start it is of */
}

/* The machine was started again, and nobody has set its clock since. */
static void
test_clock_is_unsure(void **state)
{
	static const struct {
		uint8_t before, boot;
		bool unsure, anew;
	} rows[] = {{1, 2, true, true},
		    {1, 2, false, false},
		    {1, 1, true, false},
		    {0, 2, true, false}, /* never compared before */
		    {1, 0, true, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct view_clock clock = {9300000, 1000, {rows[i].boot}, rows[i].unsure};
		(void)check_clock(9299000, 0, rows[i].before);
		b.view->d.clock_floor = 0;
		assert_true(view_check_clock(b.view, &clock) ==
			    (rows[i].anew ? VIEW_CLOCK_UNSURE : 0));
		assert_int_equal(b.view->d.clock_floor, rows[i].anew ? 9300000 : 0);
	}
}

/* What a narrow margin has no room for shows sooner. */
static void
test_clock_margin(void **state)
{
	b.view->config.times.skew = 20000;
	(void)check_clock(5000000, 1000, 1);
	assert_int_equal(check_clock(5000000 + 10001, 1000, 1), 10001);
	b.view->config.times.skew = 0;
	assert_int_equal(check_clock(5010001 + 900, 1000, 1), 0);
	assert_int_equal(check_clock(5010001 + 1100, 1000, 1), 1100);
}

/* A hold that is waited for until it ends, and no moment less. */
static void
holds_until(enum view_hold hold, struct hold_want want, int64_t end)
{
	struct hold_want wanted[HOLD_COUNT] = {[HOLD_KEY] = {.at = 0}};
	int64_t until;
	wanted[hold] = want;
	memset(b.view->d.process.hold, 0, sizeof(b.view->d.process.hold));
	hold_raise(b.view, 1u << hold, wanted, b.now);
	bool elapsed = hold_elapsed(b.view, 1u << hold, end - 1, &until);
	assert_false(elapsed);
	assert_int_equal(until, end);
	assert_true(end == VIEW_NEVER || hold_elapsed(b.view, 1u << hold, end, &until));
}

/* An algorithm that comes signs before its DNSKEY is there: what is waited for is the signature of
 * that one key, and of no other one that nobody shows. */
static void
test_signatures_to_come(void **state)
{
	const uint32_t ours = VIEW_ALIEN(13, 4711), another = VIEW_ALIEN(13, 4712);
	uint8_t rdata[68] = {1, 0, 3, 13, 86};
	struct hold_want want = {.at = 1, .alien = ours};
	struct view_version *v[] = {NULL, NULL};

	rset_add(&want.in, view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = b.view->d.place[i];
		if (p == NULL || p->kind == PLACE_PARENT || view_place_provider(b.view, p) != 0)
			continue;
		struct view_history *h = &p->history[VIEW_SOA];
		v[p->kind == PLACE_SERVER] = &h->at[h->count - 1];
	}
	assert_int_equal(hold_deadline(b.view, HOLD_RR, &want, b.now), VIEW_NEVER);
	v[0]->alien = v[1]->alien = ours;
	assert_true(hold_deadline(b.view, HOLD_RR, &want, b.now) != VIEW_NEVER);
	v[1]->alien = another;
	assert_int_equal(hold_deadline(b.view, HOLD_RR, &want, b.now), VIEW_NEVER);
	assert_ptr_equal(hold_old(b.view, HOLD_RR, &want, b.now), place(0));
	v[1]->signers = want.in; /* it is shown by now */
	assert_true(hold_deadline(b.view, HOLD_RR, &want, b.now) != VIEW_NEVER);
	want.alien = v[0]->alien = 0;
	assert_int_equal(hold_deadline(b.view, HOLD_RR, &want, b.now), VIEW_NEVER);
}

static void
members(void)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
}

/* Resolvers go to the leaver's servers as long as a delegation or an NS set that names them is
 * cached: from the last server that let go of it, for the larger of the two TTLs. */
static void
test_names_that_are_cached(void **state)
{
	struct rset names = RSET_NONE, ours = RSET_NONE;
	rset_add(&names, b.ns[1]);
	rset_add(&ours, b.ns[0]);
	members();
	struct hold_want want = {.out = names, .at = 1};
	int64_t t = b.now + 1000;
	show(-2, VIEW_NS, ours, 10, t);
	show(0, VIEW_NS, ours, 10, t);
	show(1, VIEW_NS, ours, 10, t);
	holds_until(HOLD_NS, want, VIEW_NEVER); /* the parent still names them */
	show(-1, VIEW_NS, ours, 20, t + 300);
	holds_until(HOLD_NS, want, t + 300 + 20000 + view_times_lab.d);
	show(-1, VIEW_NS, ours, 30, t + 400);
	holds_until(HOLD_NS, want, t + 300 + 30000 + view_times_lab.d);
}

/* What the leaver's servers said last may be cached after they are silent: its DS and keys have to
 * be there for it, for the largest TTL of the zone. */
static void
test_answers_of_the_leaver(void **state)
{
	struct rset names = RSET_NONE, ours = RSET_NONE;
	rset_add(&names, b.ns[1]);
	rset_add(&ours, b.ns[0]);
	members();
	struct hold_want want = {.in = names, .at = 2};
	int64_t t = b.now + 1000;
	b.view->d.process.executed_at = b.now;
	holds_until(HOLD_LEAVE, want, VIEW_NEVER); /* it answers, and names itself */
	show(1, VIEW_NS, ours, 10, t);
	/* Who learned from it that it is one, a moment before, may still ask it for that long. */
	int64_t asked = t + place(1)->history[VIEW_NS].at[0].ttl * INT64_C(1000);
	assert_true(asked > t);
	holds_until(HOLD_LEAVE, want, asked + 10000 + view_times_lab.d);
	b.view->own_max_ttl = 3600;
	holds_until(HOLD_LEAVE, want, asked + 3600000 + view_times_lab.d);
}

/* Whom the owner took out, and who was never heard since the database was lost, may have answered
 * until the step was executed, with what has the largest TTL of the zone. Not while its agent is
 * there, so that it may answer yet, nor before it was asked. */
static void
test_never_heard(void **state)
{
	static const struct {
		const char *what;
		uint8_t kind;
		bool ready, tried, stays, heard;
		uint32_t own;
		int64_t begin, ttl; /* 0: it does not begin */
		int64_t loaded;
	} cases[] = {
	    {"never", MSIG_PROCESS_REMOVE, false, true, false, false, 3600, 700, 3600000, 0},
	    {"a small zone", MSIG_PROCESS_REMOVE, false, true, false, false, 5, 700, 20000, 0},
	    {"only named", MSIG_PROCESS_NS_REMOVE, false, true, false, false, 3600, 700, 3600000,
	     0},
	    {"once", MSIG_PROCESS_REMOVE, true, true, false, true, 3600, 300, 20000, 0},
	    {"its agent is there", MSIG_PROCESS_REMOVE, true, true, false, false, 3600, 0, 0, 0},
	    {"not asked", MSIG_PROCESS_REMOVE, false, false, false, false, 3600, 0, 0, 0},
	    {"it stays", MSIG_PROCESS_REMOVE, false, true, true, false, 3600, 0, 0, 0},
	    {"nobody leaves", MSIG_PROCESS_ADD, false, true, false, false, 3600, 0, 0, 0},
	    {"since a start", MSIG_PROCESS_REMOVE, false, true, false, false, 5, 900, 20000, 900},
	    {"before it", MSIG_PROCESS_REMOVE, true, true, false, true, 3600, 900, 20000, 900},
	    {"a moment ago", MSIG_PROCESS_REMOVE, false, true, false, false, 5, 0, 0, 99000},
	    {"not asked since", MSIG_PROCESS_REMOVE, true, false, false, true, 3600, 0, 0, 900},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		members();
		struct hold_want want = {.out = *view_names(b.view, 1), .at = 1};
		int64_t t = b.now + 1000;
		for (int k = -2; k <= 0; k++)
			show(k, VIEW_NS, *view_names(b.view, 0), k == -1 ? 20 : 10, t);
		struct view_place *p = place(1);
		if (!cases[i].heard)
			memset(p->history, 0, sizeof(p->history));
		p->history[VIEW_NS].status = MSIG_SEEN_UNKNOWN;
		bool now = cases[i].heard && cases[i].loaded == 0;
		p->history[VIEW_NS].time = now ? t + 300 : 0;
		b.view->loaded = cases[i].loaded != 0 ? t + cases[i].loaded : 0;
		p->history[VIEW_NS].tried = cases[i].tried ? t : 0;
		b.view->d.provider[1].ready = cases[i].ready;
		b.view->designated = cases[i].stays ? 3 : 1;
		b.view->listed = cases[i].kind == MSIG_PROCESS_REMOVE ? 3 : b.view->designated;
		b.view->own_max_ttl = cases[i].own;
		b.view->d.process.kind = cases[i].kind;
		b.view->d.process.executed_at = t + 700;
		int64_t end = t + cases[i].begin + cases[i].ttl + view_times_lab.d;
		bool begins = cases[i].begin != 0;
		if (hold_deadline(b.view, HOLD_NS, &want, t + 100000) !=
		    (begins ? end : VIEW_NEVER))
			fail_msg("%s", cases[i].what);
		assert_ptr_equal(hold_old(b.view, HOLD_NS, &want, t + 100000), begins ? NULL : p);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_changed_unseen),
	    T(test_keys_since),
	    T(test_not_before_all_show_it),
	    T(test_begins_at_the_last_server),
	    T(test_largest_ttl_of_old_and_new),
	    T(test_after_the_last_question),
	    T(test_margin),
	    T(test_only_raised),
	    T(test_old_again),
	    T(test_survives_a_restart),
	    T(test_ds),
	    T(test_ds_unwatched),
	    T(test_names_that_are_cached),
	    T(test_answers_of_the_leaver),
	    T(test_never_heard),
	    T(test_signatures_to_come),
	    T(test_clock_in_doubt),
	    T(test_clock_is_set),
	    T(test_clock_is_unsure),
	    T(test_clock_margin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
