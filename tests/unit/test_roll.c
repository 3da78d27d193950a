/*
 * Rollovers of the own signer's keys: a signer whose zone nobody else signs, its key store as the
 * driver has it, and a parent that follows CDS. At every moment what is served must verify with
 * everything that a cache may hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/roll.h"
#include "libmsig/err.h"
#include "tests/unit/bench.h"

#define S(id) MSIG_KEY_STATE_##id
#define R(id) MSIG_KEY_ROLE_##id

static struct bench b;
static struct view_key store[VIEW_STORE];
static int stored, made;
static bool refuse;      /* the store does nothing, and says why */
static bool lose_answer; /* it does, and its answer is lost */
static bool parent_follows;
static bool parent_refuses; /* every key but the first one */
static bool stuck;    /* the signer goes on to serve what it serves, whatever its keys are */
static bool slow_cds; /* CDS stay as they are for now */
static int twins;     /* so many of the keys that are made next have the tag of this one */
static int twin_of;

static bool
in_zone(const struct view_key *k)
{
	return k->state >= S(PUBLISHED) && k->state <= S(RETIRED);
}

static bool
signs_data(const struct view_key *k)
{
	return k->role != R(KSK) &&
	       (k->state == S(SIGNING) || k->state == S(ACTIVE) || k->state == S(POST) ||
		(k->state >= S(PUBLISHED) && k->state <= S(READY) && k->algorithm == 8));
}

/* What the signer serves follows from the states: as Knot does it; where all records come from the
 * overlay, CDS from that. */
static void
sign(void)
{
	struct bench_server *s = &b.signer;
	bool ready = false;

	if (stuck)
		return;
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		s->signers[t] = RSET_NONE;
	s->alien = 0;
	struct bench_server old = *s;
	s->set[VIEW_DNSKEY] = s->set[VIEW_CDS] = s->set[VIEW_CDNSKEY] = RSET_NONE;
	for (int i = 0; i < stored; i++)
		ready |= store[i].state == S(READY);
	for (int i = 0; i < stored; i++) {
		const struct view_key *k = &store[i];
		if (in_zone(k)) {
			rset_add(&s->set[VIEW_DNSKEY], k->rr);
			if (k->role != R(ZSK))
				rset_add(&s->signers[VIEW_DNSKEY], k->rr);
		}
		if (signs_data(k) && in_zone(k))
			rset_add(&s->signers[VIEW_SOA], k->rr);
		else if (signs_data(k))
			s->alien = VIEW_ALIEN(k->algorithm, b.view->d.pool.at[k->rr].tag);
		if (k->role != R(ZSK) && k->state == (ready ? S(READY) : S(ACTIVE))) {
			rset_add(&s->set[VIEW_CDS], rpool_of_key(&b.view->d.pool, k->rr, 59));
			rset_add(&s->set[VIEW_CDNSKEY], rpool_of_key(&b.view->d.pool, k->rr, 60));
		}
	}
	const struct view_contribution *overlay = &b.view->d.want.from[VIEW_SELF];
	if (b.view->config.mode == VIEW_MODE_ALL && !rset_empty(overlay->cds)) {
		s->set[VIEW_CDS] = overlay->cds;
		s->set[VIEW_CDNSKEY] = overlay->cdnskey;
	}
	if (slow_cds) {
		s->set[VIEW_CDS] = old.set[VIEW_CDS];
		s->set[VIEW_CDNSKEY] = old.set[VIEW_CDNSKEY];
	}
	b.server[0] = *s;
	struct rset named = rpool_keys(&b.view->d.pool, s->set[VIEW_CDS]);
	bool first = rset_count(named) == 1 && rset_has(&named, store[0].rr);
	if (!parent_follows || (parent_refuses && !first))
		return;
	b.parent.set[VIEW_DS] = RSET_NONE;
	for (int i = rset_next(&named, 0); i >= 0; i = rset_next(&named, i + 1))
		rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, i, 43));
}

static int
make(uint8_t role, uint8_t algorithm, uint8_t state)
{
	uint8_t rdata[4 + 32] = {1, role == R(ZSK) ? 0 : 1, 3, algorithm};
	struct view_key *k = &store[stored++];

	rdata[4] = (uint8_t)(100 + made++);
	if (twins > 0 && state == S(MADE)) { /* a tag is a sum: a word goes elsewhere */
		rdata[6 + 2 * twins--] = b.view->d.pool.at[twin_of].rdata->data[4];
		rdata[4] = 0;
	}
	memset(k, 0, sizeof(*k));
	snprintf(k->id, sizeof(k->id), "key%d", made);
	k->role = role;
	k->state = state;
	k->algorithm = algorithm;
	k->rr = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	return k->rr;
}

/* Keys of one algorithm come into DNSKEY and leave it together. */
static void
set_state(struct view_key *k, uint8_t state)
{
	bool alone = true;
	for (int i = 0; i < stored; i++)
		alone &= store[i].algorithm == k->algorithm || !in_zone(&store[i]);
	k->state = state;
	for (int i = 0; i < stored; i++)
		if (!alone && &store[i] != k && store[i].algorithm == k->algorithm &&
		    (state == S(POST) || state == S(REMOVED)) && in_zone(&store[i]))
			store[i].state = state;
}

static void
on_key(struct bench *bench, const struct action *a)
{
	if (refuse) {
		view_on_keys(b.view, false, "no", NULL, 0);
		return;
	}
	if (a->key.verb == MSIG_KEY_VERB_MAKE)
		make(a->key.role, a->key.algorithm, S(MADE));
	for (int i = 0; i < stored; i++) {
		if (strcmp(store[i].id, a->key.id) != 0)
			continue;
		assert_false(a->key.verb == MSIG_KEY_VERB_SET && store[i].state == S(MADE) &&
			     a->key.state >=
				 S(READY)); /* what is made is published, or discarded */
		if (a->key.verb == MSIG_KEY_VERB_SET)
			set_state(&store[i], a->key.state);
		else if (a->key.verb == MSIG_KEY_VERB_DISCARD)
			store[i].state = S(REMOVED);
	}
	sign();
	if (!lose_answer)
		view_on_keys(b.view, true, "", store, stored);
	lose_answer = false;
}

static int
begin(uint8_t first, uint8_t second)
{
	bench_init(&b, 1, 1);
	stored = made = 0;
	refuse = lose_answer = stuck = false;
	refuse = lose_answer = slow_cds = false;
	twins = 0;
	parent_follows = true;
	parent_refuses = false;
	b.view->config.driver = true;
	b.on_key = on_key;
	make(first, 13, S(ACTIVE));
	if (second != 0)
		make(second, 13, S(ACTIVE));
	b.view->d.own = b.view->d.foreign = RSET_NONE;
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		b.signer.ttl[t] = 10;
	sign();
	bench_run(&b, 30000);
	return b.view->d.provider[VIEW_SELF].member ? 0 : -1;
}

static int
setup(void **state)
{
	return begin(R(KSK), R(ZSK));
}

static int
setup_csk(void **state)
{
	return begin(R(CSK), 0);
}

static int
teardown(void **state)
{
	bench_clear(&b);
	return 0;
}

static struct view_process *
run(void)
{
	return &b.view->d.process;
}

static const struct view_key *
key_in(uint8_t role, uint8_t state)
{
	for (int i = 0; i < stored; i++)
		if (store[i].role == role && store[i].state == state)
			return &store[i];
	return NULL;
}

static void
decide_safely(void)
{
	bench_decide(&b);
	if (b.view->config.mode == VIEW_MODE_ALL)
		sign();
	struct safety now = safety_now(b.view, b.now);
	if (!now.ok)
		print_message("# %s at %s\n", now.text, now.place);
	assert_true(now.ok);
}

/* Runs until the step is executed; every moment must be safe. */
static void
until(uint8_t kind, uint8_t step)
{
	for (int i = 0; i < 20000; i++) {
		decide_safely();
		if (run()->kind == kind && run()->step >= step && run()->phase >= PHASE_EXECUTING)
			return;
		if (kind == 0 && run()->kind == 0)
			return;
		if (!b.view->dirty)
			b.now = b.plan.wake > b.now ? b.plan.wake : b.now + 1;
	}
	for (int i = 0; i < b.view->reasons; i++) {
		char text[4 * REASON_TEXT];
		print_message("# %s\n", reason_text(&b.view->reason[i], text, sizeof(text)));
	}
	print_message("# process %u step %u phase %u\n", run()->kind, run()->step, run()->phase);
	fail();
}

static void
order(uint8_t process, uint8_t algorithm)
{
	struct view_order o = {process, algorithm};
	assert_int_equal(view_on_order(b.view, &o), 0);
	assert_int_equal(view_on_order(b.view, &o), MSIG_EREFUSED);
}

/* What is left of an algorithm rollover: the key that goes would take others along. */
static void
test_two_algorithms(void **state)
{
	make(R(KSK), 8, S(PUBLISHED));
	make(R(ZSK), 8, S(PUBLISHED));
	sign();
	view_on_keys(b.view, true, "", store, stored);
	bench_run(&b, 30000);
	order(MSIG_PROCESS_ZSK, 0);
	bench_run(&b, 60000);
	assert_true(run()->kind == 0 || run()->phase < PHASE_EXECUTING);
}

static void
test_zsk(void **state)
{
	int old = key_in(R(ZSK), S(ACTIVE))->rr;

	order(MSIG_PROCESS_ZSK, 0);
	until(MSIG_PROCESS_ZSK, 1);
	assert_non_null(key_in(R(ZSK), S(PUBLISHED)));
	assert_int_equal(key_in(R(ZSK), S(ACTIVE))->rr, old);
	int64_t published = b.now;
	until(MSIG_PROCESS_ZSK, 2);
	assert_true(b.now - published >= 10000); /* H_KEY */
	int64_t active = b.now;
	until(MSIG_PROCESS_ZSK, 4);
	assert_true(b.now - active >= 10000); /* H_RR */
	until(0, 0);
	assert_int_not_equal(key_in(R(ZSK), S(ACTIVE))->rr, old);
	assert_int_equal(key_in(R(ZSK), S(REMOVED))->rr, old);
	assert_false(rset_has(&b.view->d.provider[VIEW_SELF].statement.dnskey, old));
	assert_int_equal(b.view->d.order[0].process, 0);
	bench_run(&b, 10000);
	assert_int_equal(run()->kind, 0);
}

/* The store has the new key and the signer does not show it: the others cannot know of it, and what
 * they show is no answer to the question whether all do. */
static void
test_a_key_that_is_not_shown(void **state)
{
	order(MSIG_PROCESS_ZSK, 0);
	stuck = true;
	bench_run(&b, 60000);
	assert_non_null(key_in(R(ZSK), S(PUBLISHED)));
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
	assert_int_equal(run()->step, 0);
	assert_non_null(bench_reason(&b, REASON_HOME, REASON_OF_DNSKEY));
	stuck = false;
	sign();
	bench_run(&b, 1000);
	/* Nor is it a peer that keeps it out of our own statement. */
	struct view_statement st = b.view->d.provider[VIEW_SELF].statement;
	b.view->d.provider[VIEW_SELF].statement.dnskey = rset_minus(st.dnskey, run()->fresh);
	struct reason why;
	assert_false(process_check(b.view, COND_SHOWN, false, b.now, &why));
	assert_int_equal(why.class, REASON_HOME);
	assert_int_equal(why.object, REASON_OF_STATEMENT);
	b.view->d.provider[VIEW_SELF].statement = st;
	until(0, 0);
}

/* The store has the old key retired and the signer still signs with it: caches get signatures by it
 * to this day, and their time has not begun. */
static void
test_an_old_key_that_still_signs(void **state)
{
	order(MSIG_PROCESS_ZSK, 0);
	until(MSIG_PROCESS_ZSK, 1);
	stuck = true;
	bench_run(&b, 60000);
	assert_non_null(key_in(R(ZSK), S(RETIRED)));
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
	assert_int_equal(run()->step, 2);
	assert_non_null(bench_reason(&b, REASON_HOME, REASON_OF_SIGNATURE));
	for (int i = 0; i < VIEW_PLACES; i++) { /* and what does not answer is said to be ours */
		struct view_place *p = b.view->d.place[i];
		if (p == NULL || p->kind != PLACE_SIGNER)
			continue;
		struct reason why;
		struct view_history seen = p->history[VIEW_SOA];
		p->history[VIEW_SOA].status = MSIG_SEEN_UNKNOWN;
		assert_false(process_check(b.view, COND_DATA_NEW, true, b.now, &why));
		assert_int_equal(why.class, REASON_HOME);
		assert_int_equal(why.object, REASON_OF_SERVER);
		assert_string_equal(why.place, p->server);
		p->history[VIEW_SOA] = seen;
	}
	stuck = false;
	sign();
	until(0, 0);
}

static void
test_ksk(void **state)
{
	int old = key_in(R(KSK), S(ACTIVE))->rr;

	order(MSIG_PROCESS_KSK, 0);
	until(MSIG_PROCESS_KSK, 2);
	until(MSIG_PROCESS_KSK, 3);
	int64_t ds = b.now;
	assert_true(rset_has(&b.signer.set[VIEW_DNSKEY], old));
	until(MSIG_PROCESS_KSK, 6);
	assert_true(b.now - ds >= 20000); /* H_DS */
	until(0, 0);
	assert_int_equal(key_in(R(KSK), S(REMOVED))->rr, old);
	assert_non_null(key_in(R(KSK), S(ACTIVE)));
	assert_non_null(key_in(R(ZSK), S(ACTIVE)));
}

/* The parent does nothing: the zone stays as it is, and it is said whose turn it is. */
static void
test_ksk_without_the_parent(void **state)
{
	order(MSIG_PROCESS_KSK, 0);
	until(MSIG_PROCESS_KSK, 1);
	parent_follows = false;
	until(MSIG_PROCESS_KSK, 3);
	bench_run(&b, 600000);
	assert_int_equal(run()->step, 3);
	assert_non_null(bench_reason(&b, REASON_PARENT, REASON_OF_DS));
	assert_true(safety_now(b.view, b.now).ok);
	parent_follows = true;
	sign();
	until(0, 0);
}

static void
test_csk(void **state)
{
	int old = key_in(R(CSK), S(ACTIVE))->rr;

	order(MSIG_PROCESS_KSK, 0);
	until(MSIG_PROCESS_KSK, 4);
	int64_t active = b.now;
	until(MSIG_PROCESS_KSK, 6);
	assert_true(b.now - active >= 10000); /* H_RR */
	until(0, 0);
	assert_int_equal(key_in(R(CSK), S(REMOVED))->rr, old);
}

static void
test_zsk_of_a_csk(void **state)
{
	order(MSIG_PROCESS_ZSK, 0);
	bench_run(&b, 20000);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_KEY));
	view_on_command(b.view, VIEW_ABORT);
	bench_run(&b, 20000);
	assert_int_equal(run()->kind, 0);
	assert_int_equal(b.view->d.order[0].process, 0);
}

/* Given up before the key is used: it goes again. */
static void
test_abort(void **state)
{
	order(MSIG_PROCESS_ZSK, 0);
	until(MSIG_PROCESS_ZSK, 1);
	view_on_command(b.view, VIEW_ABORT);
	bench_run(&b, 60000);
	assert_int_equal(run()->kind, 0);
	assert_null(key_in(R(ZSK), S(PUBLISHED)));
	assert_non_null(key_in(R(ZSK), S(REMOVED)));
	assert_int_equal(rset_count(b.view->d.orphans), 0);
}

/* Once it is used there is no way back. */
static void
test_abort_too_late(void **state)
{
	order(MSIG_PROCESS_ZSK, 0);
	until(MSIG_PROCESS_ZSK, 2);
	view_on_command(b.view, VIEW_ABORT);
	bench_run(&b, 60000);
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC));
	view_on_command(b.view, VIEW_RESUME);
	until(0, 0);
}

static uint8_t asked_for;

/* It is asked, and does nothing. */
static void
idle(struct bench *bench, const struct action *a)
{
	asked_for = a->key.verb == MSIG_KEY_VERB_SET ? a->key.state : 0;
}

/* ---- turned round ---- */

/* Runs on, safe at every moment, for so long. */
static void
go_on_for(int64_t ms)
{
	for (int64_t end = b.now + ms; b.now < end;) {
		decide_safely();
		if (!b.view->dirty)
			b.now = b.plan.wake > b.now && b.plan.wake < end ? b.plan.wake : b.now + 1;
	}
}

/* What was there before, and nothing else. */
static void
everything_as_before(int keys)
{
	until(0, 0);
	go_on_for(60000);
	for (int i = 0; i < stored; i++)
		assert_int_equal(store[i].state, i < keys ? S(ACTIVE) : S(REMOVED));
	struct rset ds = rpool_keys(&b.view->d.pool, b.parent.set[VIEW_DS]);
	assert_int_equal(rset_count(ds), 1);
	assert_true(rset_has(&ds, store[0].rr));
	assert_int_equal(rset_count(b.view->d.orphans), 0);
	for (int i = 0; i < VIEW_ORDERS; i++)
		assert_int_equal(b.view->d.order[i].process, 0);
	parent_refuses = false;
	order(MSIG_PROCESS_KSK, 0); /* and the next one goes its way */
	until(0, 0);
	assert_int_equal(store[0].state, S(REMOVED));
}

static void
turned_round(uint8_t kind, uint8_t algorithm, uint8_t step, int64_t later, bool follows, bool all)
{
	int keys = stored;

	print_message("# process %u, step %u, the parent %s, all: %d\n", kind, step,
		      follows ? "follows" : "refuses", all);
	if (all)
		b.view->config.mode = VIEW_MODE_ALL;
	parent_refuses = !follows;
	order(kind, algorithm);
	until(kind, step);
	go_on_for(later);
	assert_in_range(run()->step, step, process_rule(kind)->turns);
	view_on_command(b.view, VIEW_ABORT);
	bench_decide(&b);
	assert_true(run()->turned);
	assert_false(run()->aborting);
	everything_as_before(keys);
}

static void
turned_round_at(uint8_t kind, uint8_t algorithm, uint8_t first, uint8_t last, uint8_t key)
{
	for (uint8_t step = first; step <= last; step++)
		for (int how = 0; how < 8; how++) {
			bench_clear(&b);
			assert_int_equal(begin(key, key == R(CSK) ? 0 : R(ZSK)), 0);
			turned_round(kind, algorithm, step, how < 4 ? 0 : 3000, how % 2 != 0,
				     how / 2 % 2 != 0);
		}
}

/* A parent that refuses the new key, or has it already: the old one stays, and the new one goes
 * when nobody holds a DS of it. */
static void
test_turned_round(void **state)
{
	turned_round_at(MSIG_PROCESS_KSK, 0, 2, 3, R(KSK));
}

static void
test_turned_round_csk(void **state)
{
	turned_round_at(MSIG_PROCESS_KSK, 0, 2, 3, R(CSK));
}

static void
test_turned_round_algorithm(void **state)
{
	turned_round_at(MSIG_PROCESS_ALGORITHM, 8, 1, 4, R(KSK));
}

/* Of the algorithm that was to come a key is heard of later; of the other one something is left of
 * an earlier rollover, which is none of this one's business. */
static void
test_turned_round_with_leftovers(void **state)
{
	make(R(ZSK), 13, S(PUBLISHED));
	sign();
	view_on_keys(b.view, true, "", store, stored);
	bench_run(&b, 60000);
	order(MSIG_PROCESS_ALGORITHM, 8);
	until(MSIG_PROCESS_ALGORITHM, 1);
	assert_int_equal(stored, 5);
	view_on_command(b.view, VIEW_ABORT);
	bench_decide(&b);
	assert_true(run()->turned);
	make(R(ZSK), 8, S(MADE));
	view_on_keys(b.view, true, "", store, stored);
	until(0, 0);
	for (int i = 0; i < stored; i++)
		assert_int_equal(store[i].state, i < 2    ? S(ACTIVE)
						 : i == 2 ? S(PUBLISHED)
							  : S(REMOVED));
}

/* Nobody goes on before the store has said that CDS name the old key again; and then the parent may
 * have seen the others, and come with them: the new key stays until that would be over. */
static void
test_turned_round_in_doubt(void **state)
{
	static const struct {
		uint8_t kind, algorithm, step;
	} cases[] = {{MSIG_PROCESS_KSK, 0, 3}, {MSIG_PROCESS_ALGORITHM, 8, 4}};

	for (int i = 0; i < 2; i++) {
		bench_clear(&b);
		setup(state);
		parent_refuses = true;
		order(cases[i].kind, cases[i].algorithm);
		until(cases[i].kind, cases[i].step);
		for (int k = 0; k < stored; k++) /* the list is older than the last word */
			if (store[k].state == S(READY))
				store[k].state = S(PUBLISHED);
		sign();
		view_on_keys(b.view, true, "", store, stored);
		bench_look(&b);
		b.on_key = idle;
		view_on_command(b.view, VIEW_ABORT);
		go_on_for(60000);
		assert_true(run()->turned);
		assert_int_equal(run()->step, cases[i].step);
		assert_int_equal(asked_for, S(RETIRED));
		b.on_key = on_key;
		uint8_t held = cases[i].kind == MSIG_PROCESS_KSK ? 5 : cases[i].step;
		until(cases[i].kind, held);
		int64_t before = b.now;
		until(cases[i].kind, held + 1);
		assert_true(b.now - before >= 20000); /* H_DS */
		everything_as_before(2);
	}
}

/* No way back: the old key is not what it was, it is not known what it is, or it is gone. */
static void
test_not_turned_round(void **state)
{
	for (int i = 0; i < 4; i++) {
		uint8_t kind = i == 3 ? MSIG_PROCESS_ALGORITHM : MSIG_PROCESS_KSK;
		bench_clear(&b);
		setup(state);
		order(kind, kind == MSIG_PROCESS_ALGORITHM ? 8 : 0);
		parent_refuses = i != 2;
		until(kind, i == 2 ? 4 : 3);
		if (i == 0 || i == 3) {
			store[0].state = S(RETIRED);
			view_on_keys(b.view, true, "", store, stored);
		} else if (i == 1) {
			refuse = true;
			view_on_keys(b.view, false, "no", NULL, 0);
		}
		view_on_command(b.view, VIEW_ABORT);
		go_on_for(20000);
		assert_false(run()->turned);
		assert_true(run()->aborting);
		assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC));
	}
}

/* In an algorithm rollover of another one: done with its fourth step, as this provider knows it. */
static void
of_another(uint8_t step)
{
	b.view->d.provider[1].used = true;
	b.view->d.providers = 2;
	*run() = (struct view_process){.kind = MSIG_PROCESS_ALGORITHM,
				       .step = step,
				       .phase = PHASE_DONE,
				       .subject = 1,
				       .requestor = 1,
				       .epoch = 7,
				       .tid = {7},
				       .executed = true,
				       .voters = 3,
				       .done = 1,
				       .algorithm = 8,
				       .roles = BIT(R(ZSK)) | BIT(R(KSK))};
	for (int i = 0; i < 2; i++)
		rset_add(&run()->old, store[i].rr);
}

static bool
denied(uint8_t algorithm)
{
	bool is = false;

	for (int k = 0; k < b.plan.count; k++)
		is |= b.plan.action[k].kind == ACT_SEND &&
		      b.plan.action[k].message.op == MSIG_OP_DENY &&
		      b.plan.action[k].message.algorithm == algorithm;
	return is;
}

static bool
says(enum msig_op op)
{
	for (int k = 0; k < b.plan.count; k++)
		if (b.plan.action[k].kind == ACT_SEND && b.plan.action[k].message.op == op)
			return true;
	return false;
}

/* What the requestor says of its algorithm decides where it goes; and who cannot follow says so. */
static void
test_follows(void **state)
{
	static const struct {
		uint8_t step, algorithm, tid;
		int from;
		bool turned, rolls, in_use;
		bool good, turns, denies;
	} cases[] = {
	    {4, 13, 7, 1, false, true, true, true, true, false},
	    {1, 13, 7, 1, false, true, true, true, true, false},
	    {4, 8, 7, 1, false, true, true, true, false, false},   /* as before */
	    {4, 13, 8, 1, false, true, true, true, false, false},  /* another process */
	    {4, 13, 7, 2, false, true, true, false, false, false}, /* not its requestor */
	    {4, 13, 7, 1, true, true, true, false, false, true},   /* it was turned already */
	    {5, 13, 7, 1, false, true, true, false, false, true},  /* too late */
	    {4, 15, 7, 1, false, true, true, false, false, true},  /* a third algorithm */
	    {4, 13, 7, 1, false, true, false, false, false, true}, /* its key is not in use */
	    {4, 13, 7, 1, false, false, false, true, true, false}, /* nothing rolls here */
	    {4, 1, 7, 1, false, false, true, false, false, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view_message m = {.algorithm = cases[i].algorithm, .tid = {cases[i].tid}};
		struct step s = {.view = b.view, .now = b.now, .plan = &b.plan};
		print_message("# %zu\n", i);
		b.plan.count = 0;
		of_another(cases[i].step);
		run()->turned = cases[i].turned;
		b.view->d.provider[VIEW_SELF].member = cases[i].rolls;
		b.view->d.provider[VIEW_SELF].has = cases[i].rolls ? HAS_ALL : 0;
		store[0].state = cases[i].in_use ? S(ACTIVE) : S(RETIRED);
		view_on_keys(b.view, true, "", store, stored);
		assert_int_equal(agree_follow_turn(&s, cases[i].from, &m), cases[i].good);
		assert_int_equal(run()->turned, cases[i].turns || cases[i].turned);
		assert_int_equal(run()->algorithm, cases[i].turns ? cases[i].algorithm : 8);
		assert_int_equal(run()->phase, cases[i].turns ? PHASE_EXECUTING : PHASE_DONE);
		assert_int_equal(run()->done, cases[i].turns ? 0 : 1);
		assert_int_equal(says(MSIG_OP_DENY), cases[i].denies);
	}
}

/* By messages: whoever asked for it says another algorithm, or who has turned says so to a new
 * leader, who has not heard of it. */
static void
test_heard_of_a_turn(void **state)
{
	static const struct {
		enum msig_op op;
		uint8_t step, to;
		enum view_phase phase;
		int requestor;
		bool led, turned; /* before */
		bool turns;
	} cases[] = {
	    {MSIG_OP_EXECUTE, 4, 4, PHASE_DONE, 1, false, false, true},
	    {MSIG_OP_REQUEST, 5, 4, PHASE_DONE, 1, false, false, true},
	    {MSIG_OP_REQUEST, 5, 4, PHASE_GRANTED, 1, false, false, true}, /* not executed */
	    {MSIG_OP_EXECUTE, 5, 5, PHASE_DONE, 1, false, false, false},
	    {MSIG_OP_EXECUTE, 4, 4, PHASE_DONE, 1, false, true, false},
	    {MSIG_OP_EXECUTE, 4, 4, PHASE_DONE, 1, true, true, false},
	    {MSIG_OP_DENY, 4, 4, PHASE_EXECUTING, VIEW_SELF, true, false, true},
	    {MSIG_OP_DENY, 5, 4, PHASE_REQUESTED, VIEW_SELF, true, false, true},
	    {MSIG_OP_DENY, 4, 4, PHASE_EXECUTING, VIEW_SELF, false, false, true},
	    {MSIG_OP_DENY, 4, 4, PHASE_EXECUTING, VIEW_SELF, false, true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view_message m = {.op = cases[i].op,
					 .process = MSIG_PROCESS_ALGORITHM,
					 .subject = 1,
					 .step = cases[i].step,
					 .epoch = 7,
					 .algorithm = cases[i].turned ? 8 : 13,
					 .result = MSIG_RESULT_STATE,
					 .tid = {7}};
		struct step s = {.view = b.view, .now = b.now, .plan = &b.plan};
		print_message("# %zu\n", i);
		b.plan.count = 0;
		of_another(cases[i].step);
		run()->phase = cases[i].phase;
		run()->step =
		    cases[i].phase == PHASE_DONE && m.op == MSIG_OP_REQUEST ? m.step - 1 : m.step;
		run()->requestor = (int8_t)cases[i].requestor;
		run()->led = cases[i].led;
		run()->turned = cases[i].turned;
		run()->algorithm = cases[i].turned ? 13 : 8;
		run()->aborting = true;
		run()->hold[HOLD_DS] = b.now;
		b.view->d.order[0] = (struct view_order){MSIG_PROCESS_ALGORITHM, 8};
		b.view->designated = 3;
		assert_true(view_on_message(b.view, 1, &m, b.now));
		if (m.op == MSIG_OP_REQUEST)
			agree_answer_request(&s, 1);
		else
			agree_answer_ask(&s, 1);
		assert_int_equal(run()->turned, cases[i].turns || cases[i].turned);
		if (cases[i].turns) {
			assert_int_equal(run()->algorithm, 13);
			assert_int_equal(run()->step, cases[i].to);
			assert_int_equal(run()->phase, PHASE_EXECUTING);
			assert_int_equal(run()->done | run()->approved, 0);
			assert_true(run()->hold[HOLD_DS] == 0);
			assert_false(run()->aborting);
			assert_int_equal(b.view->d.order[0].process, 0);
			assert_false(says(MSIG_OP_DONE) || says(MSIG_OP_APPROVE));
		}
		assert_int_equal(denied(13), m.op == MSIG_OP_EXECUTE && !cases[i].turns);
	}
}

/* Of a process that we conduct nobody turns anything who has no vote in it. */
static void
test_turned_by_a_stranger(void **state)
{
	for (int votes = 0; votes < 2; votes++) {
		struct view_message m = {.op = MSIG_OP_DENY, .algorithm = 13, .tid = {7}};
		struct step s = {.view = b.view, .now = b.now, .plan = &b.plan};
		of_another(4);
		run()->requestor = VIEW_SELF;
		run()->voters = votes ? 3 : 1;
		b.view->designated = 3;
		assert_int_equal(agree_follow_turn(&s, 1, &m), votes);
		assert_int_equal(run()->turned, votes);
	}
}

/* Of what was said before it was turned round nothing counts. */
static void
test_words_of_before(void **state)
{
	of_another(4);
	run()->requestor = VIEW_SELF;
	for (int i = 0; i < 4; i++) {
		bool same = i % 2 != 0;
		enum msig_op op = i < 2 ? MSIG_OP_DONE : MSIG_OP_APPROVE;
		struct view_message m = {
		    .op = op, .step = 4, .algorithm = same ? 8 : 13, .tid = {7}};
		run()->phase = i < 2 ? PHASE_EXECUTING : PHASE_REQUESTED;
		assert_int_equal(view_on_message(b.view, 1, &m, b.now), same);
		assert_int_equal(i < 2 ? run()->done : run()->approved, same    ? i < 2 ? 3 : 2
									: i < 2 ? 1
										: 0);
	}
}

/* Why not, or not yet, is said. */
static void
test_hindered(void **state)
{
	static const struct {
		uint8_t kind;
		bool known, bind, csk, active, member, mixed;
		const char *what;
	} cases[] = {
	    {MSIG_PROCESS_KSK, true, false, false, true, false, false, NULL},
	    {MSIG_PROCESS_KSK, false, false, false, true, false, false, "what keys the signer has"},
	    {MSIG_PROCESS_KSK, true, true, false, true, false, false, NULL},
	    {MSIG_PROCESS_KSK, true, true, true, true, false, false, "BIND"},
	    {MSIG_PROCESS_KSK, true, false, true, true, false, false, NULL},
	    {MSIG_PROCESS_KSK, true, false, false, false, false, false, "not active"},
	    {MSIG_PROCESS_ALGORITHM, true, false, false, true, false, false, NULL},
	    {MSIG_PROCESS_ALGORITHM, true, false, false, true, true, false, "a member has no key"},
	    {MSIG_PROCESS_ALGORITHM, true, false, false, false, false, false, "not active"},
	    {MSIG_PROCESS_ALGORITHM, true, false, false, true, false, true, "several algorithms"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct step s = {.view = b.view, .now = b.now, .plan = &b.plan};
		uint8_t role = cases[i].csk ? R(CSK) : R(KSK);
		print_message("# %zu\n", i);
		of_another(3);
		run()->kind = cases[i].kind;
		run()->phase = PHASE_EXECUTING;
		run()->subject = run()->requestor = VIEW_SELF;
		run()->aborting = true;
		b.view->designated = 3;
		b.view->config.one_algorithm = cases[i].bind;
		b.view->d.provider[1].member = cases[i].member;
		store[0].role = role;
		store[0].state = cases[i].active ? S(ACTIVE) : S(RETIRED);
		store[1].algorithm = 13;
		stored = 2;
		if (cases[i].kind == MSIG_PROCESS_ALGORITHM)
			make(R(ZSK), 8, S(PUBLISHED));
		if (cases[i].mixed) {
			uint8_t rdata[36] = {1, 0, 3, 15, 99};
			store[1].rr = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
			rset_add(&run()->old, store[1].rr);
		}
		if (cases[i].kind == MSIG_PROCESS_KSK) {
			run()->old = RSET_NONE;
			rset_add(&run()->old, store[0].rr);
			run()->roles = (uint8_t)BIT(role);
			run()->algorithm = 0;
		}
		view_on_keys(b.view, cases[i].known, "", store, cases[i].known ? stored : 0);
		const char *why = agree_turn_hindered(b.view);
		assert_int_equal(why == NULL, cases[i].what == NULL);
		assert_int_equal(agree_turns(&s), why == NULL);
		if (why == NULL)
			continue;
		assert_non_null(strstr(why, cases[i].what));
		b.view->reasons = 0;
		agree_withdraw(&s);
		assert_string_equal(b.view->reason[0].seen, why);
		assert_string_equal(
		    b.view->reason[0].todo,
		    "msigctl resume: it goes forward; it is turned round if that passes");
	}
}

/* Whom to ask. */
static void
test_turner(void **state)
{
	of_another(4);
	assert_int_equal(agree_turner(run()), 1);
	run()->subject = VIEW_SELF;
	assert_int_equal(agree_turner(run()), 1); /* who asked: of a key, who rolls it */
	run()->turned = true;
	assert_int_equal(agree_turner(run()), -1);
	run()->turned = false;
	run()->kind = MSIG_PROCESS_KSK;
	run()->step = 3;
	assert_int_equal(agree_turner(run()), VIEW_SELF);
	run()->step = 4;
	assert_int_equal(agree_turner(run()), -1);
	run()->kind = MSIG_PROCESS_ZSK;
	run()->step = 3;
	assert_int_equal(agree_turner(run()), -1);
	/* Our own key, under a leader. */
	static const struct {
		uint8_t step;
		enum view_phase phase;
		bool designated, turns;
	} led[] = {
	    {1, PHASE_DONE, true, false},       {2, PHASE_EXECUTING, true, true},
	    {2, PHASE_DONE, true, true},        {3, PHASE_EXECUTING, true, true},
	    {3, PHASE_DONE, true, false},       {2, PHASE_GRANTED, true, false},
	    {3, PHASE_EXECUTING, false, false},
	};
	struct step s = {.view = b.view, .now = b.now, .plan = &b.plan};
	for (size_t i = 0; i < sizeof(led) / sizeof(led[0]); i++) {
		print_message("# %zu\n", i);
		of_another(led[i].step);
		run()->kind = MSIG_PROCESS_KSK;
		run()->subject = VIEW_SELF;
		run()->phase = led[i].phase;
		run()->algorithm = 0;
		run()->roles = BIT(R(KSK));
		run()->old = RSET_NONE;
		rset_add(&run()->old, store[0].rr);
		run()->led = run()->aborting = true;
		b.view->designated = led[i].designated ? 3 : 2;
		assert_int_equal(agree_turns(&s), led[i].turns);
		if (!led[i].turns)
			continue;
		agree_turn(&s, "");
		assert_int_equal(run()->phase, led[i].phase);
		assert_int_equal(run()->done, 1); /* who is done stays so: it may lead next */
	}
	/* The next step is asked for, and nobody can have executed it but under another leader. */
	for (int is_led = 0; is_led < 2; is_led++) {
		of_another(5);
		run()->phase = PHASE_REQUESTED;
		run()->subject = run()->requestor = VIEW_SELF;
		run()->led = is_led;
		run()->aborting = true;
		b.view->designated = 3;
		assert_int_equal(agree_turns(&s), !is_led);
	}
	/* Not by us; it is said by whom. */
	of_another(4);
	b.view->designated = 3;
	view_on_command(b.view, VIEW_ABORT);
	b.view->reasons = 0;
	agree_withdraw(&s);
	assert_false(run()->turned);
	assert_true(run()->aborting);
	assert_int_equal(
	    strncmp(b.view->reason[0].todo, "msigctl resume; it is turned round by abort at ", 47),
	    0);
}

/* Nor twice: what goes back goes back. */
static void
test_turned_round_once(void **state)
{
	order(MSIG_PROCESS_KSK, 0);
	until(MSIG_PROCESS_KSK, 3);
	for (int i = 0; i < 2; i++) {
		view_on_command(b.view, VIEW_ABORT);
		go_on_for(1000);
		bench_restart(&b);
		b.view->config.driver = true;
		assert_true(run()->turned);
		assert_true(rset_has(&run()->fresh, store[0].rr));
		assert_int_equal(run()->aborting, i);
	}
	go_on_for(20000);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC);
	assert_non_null(r);
	assert_string_equal(r->todo, "msigctl resume: what has begun only goes forward");
	view_on_command(b.view, VIEW_RESUME);
	everything_as_before(2);
}

/* The answer to MAKE is lost: the key that was made is taken, and no second one is made. */
static void
test_lost_answer(void **state)
{
	lose_answer = true;
	order(MSIG_PROCESS_ZSK, 0);
	bench_run(&b, 500);
	assert_int_equal(stored, 3);
	view_on_keys(b.view, true, "", store, stored);
	until(0, 0);
	assert_int_equal(stored, 3);
}

static void
test_store_refuses(void **state)
{
	refuse = true;
	view_on_keys(b.view, false, "no", NULL, 0);
	order(MSIG_PROCESS_ZSK, 0);
	bench_run(&b, 20000);
	assert_int_equal(run()->step, 0);
	const struct reason *r = bench_reason(&b, REASON_HOME, REASON_OF_KEY);
	assert_non_null(r);
	assert_string_equal(r->seen, "no");
	/* The store is known, and it makes no key: the same why. */
	view_on_keys(b.view, true, "no room", store, stored);
	bench_decide(&b);
	r = bench_reason(&b, REASON_HOME, REASON_OF_KEY);
	assert_non_null(r);
	assert_string_equal(r->expected, "a new key");
	assert_string_equal(r->seen, "no room");
	refuse = false;
	until(0, 0);
}

static void
test_restarts(void **state)
{
	order(MSIG_PROCESS_KSK, 0);
	for (uint8_t step = 0; step < 6; step++) {
		until(MSIG_PROCESS_KSK, step);
		bench_restart(&b);
		b.view->config.driver = true;
	}
	until(0, 0);
	assert_int_equal(stored, 3);
}

static void
test_algorithm(void **state)
{
	order(MSIG_PROCESS_ALGORITHM, 8);
	until(MSIG_PROCESS_ALGORITHM, 1);
	stuck = true;
	/* Signatures before the DNSKEY: nobody can verify them, they are seen all the same. */
	assert_non_null(key_in(R(KSK), S(MADE)));
	bench_run(&b, 2000);
	assert_non_null(key_in(R(ZSK), S(SIGNING)));
	assert_int_equal(rset_count(b.signer.set[VIEW_DNSKEY]), 2);
	assert_int_equal(run()->step, 1);
	assert_non_null(bench_reason(&b, REASON_HOME, REASON_OF_SIGNATURE));
	stuck = false;
	sign();
	bench_look(&b);
	bench_decide(&b);
	assert_int_equal(run()->step, 1); /* H_RR */
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_SIGNATURE));
}

/* Made twice, because the answer to MAKE was lost: one of them goes again. */
static void
test_spare_key(void **state)
{
	int left = 0;

	lose_answer = true;
	order(MSIG_PROCESS_ALGORITHM, 8);
	until(MSIG_PROCESS_ALGORITHM, 1);
	bench_run(&b, 5000);
	for (int i = 0; i < stored; i++)
		left += store[i].algorithm == 8 && store[i].state != S(REMOVED);
	assert_int_equal(stored, 5);
	assert_int_equal(left, 2);
}

/* A key that was just made, and has the tag of another one, is thrown away before anybody sees it,
 * and a further one is made. */
static void
test_tag_in_use(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 13, 77};
	int somebodys[] = {store[1].rr, 0}; /* our own ZSK; one that was another one's */

	somebodys[1] = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	for (int k = 0; k < 2; k++) {
		rset_add(&b.view->d.foreign, somebodys[1]);
		twins = 2;
		twin_of = somebodys[k];
		int first = stored;
		order(MSIG_PROCESS_ZSK, 0);
		until(MSIG_PROCESS_ZSK, 1);
		assert_int_equal(twins, 0);
		assert_int_equal(stored, first + 3);
		for (int i = first; i < first + 2; i++) {
			assert_int_equal(b.view->d.pool.at[store[i].rr].tag,
					 b.view->d.pool.at[twin_of].tag);
			assert_int_equal(store[i].state, S(REMOVED));
			assert_false(rset_has(&b.view->d.own, store[i].rr));
		}
		assert_true(rset_has(&run()->fresh, store[first + 2].rr));
		until(0, 0);
		assert_int_equal(store[first + 2].state, S(ACTIVE));
	}
}

/* A clash that there is does not keep the keys from rolling, which ends it. */
static void
test_clash_is_rolled_away(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 13, 100, 1}; /* the tag of the KSK */

	store[1].rr = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	sign();
	view_on_keys(b.view, true, "", store, stored);
	bench_run(&b, 30000);
	assert_int_equal(b.view->d.pool.at[store[1].rr].tag, b.view->d.pool.at[store[0].rr].tag);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_KEYTAG);
	assert_non_null(r);
	assert_string_equal(r->todo, "here: msigctl roll shop.example. zsk");
	order(MSIG_PROCESS_ZSK, 0);
	until(MSIG_PROCESS_ZSK, 1);
	until(0, 0);
	assert_int_equal(store[1].state, S(REMOVED));
	bench_run(&b, 5000);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_KEYTAG));
}

/* Nothing is discarded where no algorithm comes, whatever a message says of one. */
static void
test_made_by_hand(void **state)
{
	order(MSIG_PROCESS_ZSK, 0);
	until(MSIG_PROCESS_ZSK, 1);
	int rr = make(R(ZSK), 8, S(MADE));
	view_on_keys(b.view, true, "", store, stored);
	run()->algorithm = 8;
	bench_run(&b, 5000);
	assert_int_equal(key_in(R(ZSK), S(MADE))->rr, rr);
}

/* A key that a rollover left READY leaves CDS before the new one is active. */
static void
test_left_ready(void **state)
{
	struct view_key old = {.role = R(KSK), .state = S(READY)};

	order(MSIG_PROCESS_KSK, 0);
	until(MSIG_PROCESS_KSK, 1);
	assert_int_equal(roll_state(b.view, &old, false), 0);
	until(MSIG_PROCESS_KSK, 2);
	assert_int_equal(roll_state(b.view, &old, false), S(RETIRED));
	assert_int_equal(roll_state(b.view, &old, true), S(READY));
	old.state = S(ACTIVE);
	assert_int_equal(roll_state(b.view, &old, false), 0);
	until(MSIG_PROCESS_KSK, 6);
	assert_int_equal(roll_state(b.view, &old, false), S(REMOVED));
}

/* A database from before the new key was in use does not take it back. */
static void
test_active_stays_active(void **state)
{
	order(MSIG_PROCESS_KSK, 0);
	until(MSIG_PROCESS_KSK, 2);
	struct view_process older = *run();
	until(MSIG_PROCESS_KSK, 5);
	int fresh = rset_next(&older.fresh, 0);
	*run() = older;
	b.view->dirty = true;
	for (int i = 0; i < 100 && run()->kind != 0; i++) {
		bench_run(&b, 1000);
		assert_non_null(key_in(R(CSK), S(ACTIVE)));
		assert_int_equal(key_in(R(CSK), S(ACTIVE))->rr, fresh);
	}
	assert_int_equal(run()->kind, 0);
}

/* A key is READY when the zone says so: the parent's DS are compared with what CDS said before. */
static void
test_ready_is_shown(void **state)
{
	order(MSIG_PROCESS_KSK, 0);
	until(MSIG_PROCESS_KSK, 1);
	slow_cds = true;
	until(MSIG_PROCESS_KSK, 2);
	bench_run(&b, 60000);
	assert_non_null(key_in(R(KSK), S(READY)));
	assert_int_equal(run()->step, 2);
	assert_non_null(bench_reason(&b, REASON_HOME, REASON_OF_CDS));
	slow_cds = false;
	sign();
	until(0, 0);
}

/* CDS name a key alone that an earlier rollover left READY: the one that is in use may stay beside
 * it when an algorithm is turned round, though it is named no more. */
static void
test_turned_round_beside_ready(void **state)
{
	make(R(KSK), 13, S(READY));
	sign();
	view_on_keys(b.view, true, "", store, stored);
	bench_run(&b, 60000);
	order(MSIG_PROCESS_ALGORITHM, 8);
	until(MSIG_PROCESS_ALGORITHM, 3);
	view_on_command(b.view, VIEW_ABORT);
	bench_decide(&b);
	assert_true(run()->turned);
	assert_true(rset_has(&run()->fresh, store[0].rr));
	until(0, 0);
	for (int i = 0; i < stored; i++)
		assert_int_equal(store[i].state, i < 2    ? S(ACTIVE)
						 : i == 2 ? S(READY)
							  : S(REMOVED));
}

/* So the store is as it is to be: not for a key that is not in use, or beside one of another kind.
 */
static void
test_ready_beside(void **state)
{
	static const struct {
		uint8_t kind, fresh, role, algorithm, state;
		bool good;
	} cases[] = {{MSIG_PROCESS_ALGORITHM, S(ACTIVE), R(KSK), 13, S(READY), true},
		     {MSIG_PROCESS_KSK, S(ACTIVE), R(KSK), 13, S(READY), true},
		     {MSIG_PROCESS_ALGORITHM, S(READY), R(KSK), 13, S(READY), false},
		     {MSIG_PROCESS_ALGORITHM, S(ACTIVE), R(KSK), 13, S(PUBLISHED), false},
		     {MSIG_PROCESS_ALGORITHM, S(ACTIVE), R(KSK), 13, S(ACTIVE), false},
		     {MSIG_PROCESS_ALGORITHM, S(ACTIVE), R(CSK), 13, S(READY), false},
		     {MSIG_PROCESS_ALGORITHM, S(ACTIVE), R(KSK), 8, S(READY), false}};
	struct view_statement *own = &b.view->d.provider[VIEW_SELF].statement;
	struct reason why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		of_another(cases[i].kind == MSIG_PROCESS_KSK ? 2 : 3);
		run()->kind = cases[i].kind;
		run()->subject = VIEW_SELF;
		run()->turned = true;
		run()->algorithm = 13;
		run()->roles = BIT(R(KSK));
		run()->old = RSET_NONE;
		rset_add(&run()->fresh, store[0].rr);
		store[0].state = cases[i].fresh;
		stored = 2;
		int other = make(cases[i].role, cases[i].algorithm, cases[i].state);
		view_on_keys(b.view, true, "", store, stored);
		own->cds = RSET_NONE;
		rset_add(&own->cds, rpool_of_key(&b.view->d.pool, other, 59));
		if (process_check(b.view, COND_STORE, false, b.now, &why) != cases[i].good)
			fail_msg("case %zu", i);
		assert_true(cases[i].good || why.object == REASON_OF_CDS);
		rset_add(&own->cds, rpool_of_key(&b.view->d.pool, store[0].rr, 59));
		assert_true(process_check(b.view, COND_STORE, false, b.now, &why));
	}
}

/* What an algorithm rollover that ended early has left: keys of both algorithms sign. */
static void
half_rolled(void)
{
	make(R(KSK), 8, S(PUBLISHED));
	make(R(ZSK), 8, S(PUBLISHED));
	sign();
	view_on_keys(b.view, true, "", store, stored);
	bench_run(&b, 60000);
}

/* A key of the old algorithm that CDS name, and that an older database does not know of. */
static void
test_algorithm_of_a_later_key(void **state)
{
	order(MSIG_PROCESS_ALGORITHM, 8);
	until(MSIG_PROCESS_ALGORITHM, 1);
	int later = stored;
	make(R(KSK), 13, S(PUBLISHED));
	for (int i = 0; i < 2; i++) {
		sign();
		view_on_keys(b.view, true, "", store, stored);
		go_on_for(12000);
		store[later].state = S(READY);
	}
	until(0, 0);
	for (int i = 0; i < stored; i++)
		assert_int_equal(store[i].state, store[i].algorithm == 8 ? S(ACTIVE) : S(REMOVED));
}

/* The next rollover takes them up as they are. */
static void
test_algorithm_again(void **state)
{
	half_rolled();
	order(MSIG_PROCESS_ALGORITHM, 8);
	until(0, 0);
	assert_int_equal(stored, 4);
	for (int i = 0; i < stored; i++)
		assert_int_equal(store[i].state, store[i].algorithm == 8 ? S(ACTIVE) : S(REMOVED));
}

/* And one that is given up leaves them where they were. */
static void
test_not_taken_back(void **state)
{
	make(R(KSK), 8, S(PUBLISHED));
	sign();
	view_on_keys(b.view, true, "", store, stored);
	bench_run(&b, 60000);
	refuse = true; /* to make the ZSK */
	order(MSIG_PROCESS_ALGORITHM, 8);
	bench_run(&b, 5000);
	assert_int_equal(run()->kind, MSIG_PROCESS_ALGORITHM);
	assert_int_equal(rset_count(run()->fresh), 1);
	view_on_command(b.view, VIEW_ABORT);
	refuse = false;
	bench_run(&b, 60000);
	assert_int_equal(run()->kind, 0);
	assert_non_null(key_in(R(KSK), S(PUBLISHED)));
}

static const struct view_key *
key_of(uint8_t role, uint8_t algorithm)
{
	for (int i = 0; i < stored; i++)
		if (store[i].role == role && store[i].algorithm == algorithm)
			return &store[i];
	return NULL;
}

static void
orphan(const struct view_key *k)
{
	rset_add(&b.view->d.orphans, k->rr);
	bench_run(&b, 30000);
}

/* A key that was never used goes alone, while it is not the only one of its algorithm. */
static void
test_orphan(void **state)
{
	make(R(ZSK), 13, S(PUBLISHED));
	sign();
	view_on_keys(b.view, true, "", store, stored);
	orphan(key_in(R(ZSK), S(PUBLISHED)));
	assert_non_null(key_in(R(ZSK), S(REMOVED)));
	assert_non_null(key_in(R(ZSK), S(ACTIVE)));
	assert_int_equal(rset_count(b.view->d.orphans), 0);
}

/* A database that was put back knows a key that is in use as one that was given up. */
static void
test_orphan_in_use(void **state)
{
	orphan(key_in(R(ZSK), S(ACTIVE)));
	assert_non_null(key_in(R(ZSK), S(ACTIVE)));
	assert_int_equal(rset_count(b.view->d.orphans), 0);
}

/* Of two algorithms, one goes with all of its keys or stays with all of them. */
static void
test_orphans_of_an_algorithm(void **state)
{
	const struct view_key *ksk, *zsk;

	half_rolled();
	ksk = key_of(R(KSK), 8);
	zsk = key_of(R(ZSK), 8);
	orphan(zsk);
	assert_int_equal(zsk->state, S(PUBLISHED));
	assert_int_equal(ksk->state, S(PUBLISHED));
	/* What goes with a key has to be safe as well: a server shows signatures of the ZSK alone,
	 * and the KSK would take that along. */
	stuck = true;
	b.server[0].signers[VIEW_SOA] = RSET_NONE;
	rset_add(&b.server[0].signers[VIEW_SOA], zsk->rr);
	bench_run(&b, 30000);
	orphan(ksk);
	assert_int_equal(zsk->state, S(PUBLISHED));
	assert_int_equal(ksk->state, S(PUBLISHED));
	stuck = false;
	sign();
	bench_run(&b, 60000);
	assert_int_equal(zsk->state, S(REMOVED));
	assert_int_equal(ksk->state, S(REMOVED));
	assert_int_equal(rset_count(b.view->d.orphans), 0);
}

/* What an algorithm rollover took along, and ended early, signs as long as a cached DNSKEY set asks
 * for its signatures; another one of those that were given up need not wait for that. */
static void
test_orphan_of_an_algorithm_in_caches(void **state)
{
	int left = make(R(ZSK), 8, S(POST)), other = make(R(ZSK), 13, S(PUBLISHED));

	sign();
	rset_add(&b.server[0].set[VIEW_DNSKEY], left);
	stuck = true;
	view_on_keys(b.view, true, "", store, stored);
	bench_run(&b, 5000);
	int64_t gone = b.now;
	stuck = false;
	sign(); /* and the server shows it no more */
	rset_add(&b.view->d.orphans, left);
	rset_add(&b.view->d.orphans, other);
	bench_run(&b, 5000);
	assert_int_equal(key_in(R(ZSK), S(REMOVED))->rr, other);
	while (key_in(R(ZSK), S(POST)) != NULL) {
		assert_true(b.now - gone < 60000);
		bench_run(&b, 500);
	}
	assert_true(b.now - gone >= 10000); /* its TTL */
	bench_run(&b, 5000);
	assert_int_equal(key_of(R(ZSK), 8)->state, S(REMOVED));
	assert_int_equal(rset_count(b.view->d.orphans), 0);
}

/* What an earlier rollover from this algorithm left signing goes first: beside it nobody sees
 * whether the new keys sign. It stays as long as a cached DNSKEY set asks for its signatures. */
static void
test_remains(void **state)
{
	int left = make(R(ZSK), 8, S(POST));

	rset_add(&b.server[0].set[VIEW_DNSKEY], left);
	view_on_keys(b.view, true, "", store, stored);
	bench_run(&b, 5000);
	int64_t gone = b.now;
	sign(); /* and the server shows it no more */
	order(MSIG_PROCESS_ALGORITHM, 8);
	until(MSIG_PROCESS_ALGORITHM, 1);
	assert_non_null(key_in(R(ZSK), S(POST)));
	while (key_in(R(ZSK), S(POST)) != NULL) {
		assert_null(key_in(R(ZSK), S(SIGNING)));
		assert_true(b.now - gone < 60000);
		bench_run(&b, 500);
	}
	assert_true(b.now - gone >= 10000); /* its TTL */
	bench_run(&b, 5000);
	assert_int_equal(key_in(R(ZSK), S(REMOVED))->rr, left);
	assert_non_null(key_in(R(ZSK), S(SIGNING)));
}

/* An older list of keys came late: what is to be used is in the zone first. */
static void
test_published_before_used(void **state)
{
	static const uint8_t kinds[] = {MSIG_PROCESS_ZSK, MSIG_PROCESS_KSK};

	for (int i = 0; i < 2; i++) {
		bench_clear(&b);
		setup(state);
		order(kinds[i], 0);
		until(kinds[i], 2);
		int fresh = rset_next(&run()->fresh, 0);
		b.on_key = idle;
		b.view->key_asked = 0;
		for (int k = 0; k < b.view->keys; k++)
			if (b.view->key[k].rr == fresh)
				b.view->key[k].state = S(MADE);
		b.view->dirty = true;
		bench_decide(&b);
		assert_int_equal(run()->step, 2);
		assert_int_equal(asked_for, S(PUBLISHED));
		b.on_key = on_key;
		view_on_keys(b.view, true, "", store, stored);
		until(0, 0);
	}
}

/* A signer whose CDS come from here: those of the old algorithm stay in the statement until there
 * is a key of the new one for them. */
static void
test_cds_never_empty(void **state)
{
	b.view->config.mode = VIEW_MODE_ALL;
	half_rolled();
	const struct view_statement *st = &b.view->d.provider[VIEW_SELF].statement;
	struct rset old = st->cds;

	b.on_key = idle;
	order(MSIG_PROCESS_ALGORITHM, 8);
	until(MSIG_PROCESS_ALGORITHM, 3);
	for (int i = 0; i < 20; i++) {
		bench_run(&b, 500);
		assert_int_equal(run()->step, 3);
		assert_int_equal(rset_count(old), 1);
		assert_true(rset_equal(st->cds, old));
		assert_int_equal(asked_for, S(READY));
	}
	b.on_key = on_key;
	until(0, 0);
	assert_int_equal(rset_count(st->cds), 1);
	assert_false(rset_equal(st->cds, old));
}

/* Is the step done that waits until all show the new key? */
static bool
synced(struct reason *why)
{
	uint32_t done = process_rule(run()->kind)->step[1].done;

	return process_check(b.view, done, false, b.now, why);
}

/* That all show what is stated here is no answer, while the new key is not in the statement, or not
 * in the zone: the store was put back, or its list. */
static void
test_synced_with_the_new_key(void **state)
{
	static const uint8_t kinds[] = {MSIG_PROCESS_ZSK, MSIG_PROCESS_KSK};
	struct reason why;

	for (int i = 0; i < 2; i++) {
		bench_clear(&b);
		setup(state);
		order(kinds[i], 0);
		until(kinds[i], 1);
		bench_run(&b, 3000);
		assert_int_equal(run()->step, 1);
		int fresh = rset_next(&run()->fresh, 0);
		assert_true(synced(&why));
		rset_del(&b.view->d.provider[VIEW_SELF].statement.dnskey, fresh);
		assert_false(synced(&why));
		assert_int_equal(why.object, REASON_OF_STATEMENT);
		rset_add(&b.view->d.provider[VIEW_SELF].statement.dnskey, fresh);
		assert_true(synced(&why));
		for (int k = 0; k < b.view->keys; k++)
			if (b.view->key[k].rr == fresh)
				b.view->key[k].state = S(MADE);
		assert_false(synced(&why));
		assert_int_equal(why.object, REASON_OF_KEY);
		b.view->keys--;
		assert_false(synced(&why));
		assert_int_equal(why.object, REASON_OF_KEY);
	}
}

/* The parent has gone over: this signer does as well, though no rollover runs. */
static void
test_goes_over(void **state)
{
	half_rolled();
	int new = key_in(R(KSK), S(PUBLISHED))->rr;
	assert_int_equal(roll_coming(b.view), 8);
	assert_false(roll_goes_over(b.view, 8));
	parent_follows = false;
	b.parent.set[VIEW_DS] = RSET_NONE;
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, new, 43));
	bench_run(&b, 60000);
	assert_int_equal(key_in(R(KSK), S(READY))->rr, new);
	assert_int_equal(run()->kind, 0);
}

/* A database that was put back has an older statement of ours, and of the others: what they have in
 * the zone counts. */
static void
test_goes_over_put_back(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 8, 99};
	struct view_provider *p = &b.view->d.provider[1];

	half_rolled();
	int theirs = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	b.parent.set[VIEW_DS] = RSET_NONE;
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, theirs, 43));
	bench_look(&b);
	assert_true(roll_goes_over(b.view, 8));
	b.view->d.provider[VIEW_SELF].statement.dnskey = RSET_NONE;
	assert_true(roll_goes_over(b.view, 8));
	b.view->d.providers = 2;
	p->used = p->statement.known = true;
	p->has = HAS_ALL;
	rset_add(&b.view->d.want.from[1].dnskey, theirs);
	assert_false(roll_goes_over(b.view, 8));
	p->stale = true;
	assert_true(roll_goes_over(b.view, 8));
	rset_add(&p->statement.dnskey, theirs);
	p->stale = false;
	assert_true(roll_goes_over(b.view, 8));
}

/* The parent hears nobody else: CDS that the signer itself writes do not change algorithm, in one
 * moment, while those of the others are yet to follow. Nor does it matter who has none. */
static void
test_unheard(void **state)
{
	static const struct {
		enum view_mode mode;
		uint8_t has;
		bool goes;
	} cases[] = {{VIEW_MODE_FOREIGN, HAS_ALL, false},
		     {VIEW_MODE_FOREIGN, HAS_KEYS, true},
		     {VIEW_MODE_ALL, HAS_ALL, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		setup(state);
		half_rolled();
		struct view_provider *p = &b.view->d.provider[1];
		int new = key_in(R(KSK), S(PUBLISHED))->rr;
		parent_follows = false;
		b.parent.set[VIEW_DS] = RSET_NONE;
		rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, new, 43));
		b.view->config.mode = cases[i].mode;
		b.view->d.providers = 2;
		p->used = p->statement.known = true;
		p->has = cases[i].has;
		rset_add(&p->statement.dnskey, new); /* the keys are not what is asked here */
		bench_look(&b);
		struct plan plan = {0};
		struct step s = {b.view, b.now + 60000, &plan};
		b.view->reasons = 0;
		b.view->freeze[0] = 0; /* HSYNC does not list it */
		roll_work(&s);
		const struct action *last = plan.count == 0 ? NULL : &plan.action[plan.count - 1];
		for (int k = 0; k < plan.count; k++)
			if (plan.action[k].kind == ACT_KEY)
				last = &plan.action[k];
		assert_int_equal(last != NULL && last->kind == ACT_KEY &&
				     last->key.verb == MSIG_KEY_VERB_SET &&
				     last->key.state == S(READY),
				 cases[i].goes);
		const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
		assert_int_equal(r != NULL && strstr(r->todo, "join again") != NULL,
				 !cases[i].goes);
		b.view->d.agent_ns = false;
		b.view->reasons = 0;
		roll_work(&s);
		r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
		assert_int_equal(r != NULL && strstr(r->todo, "NSMGMT=OWNER") != NULL,
				 !cases[i].goes);
	}
}

/* Back to the other algorithm as well. */
static void
test_unheard_back(void **state)
{
	for (int has = 0; has <= HAS_ALL; has += HAS_ALL) {
		bench_clear(&b);
		setup(state);
		parent_refuses = true;
		order(MSIG_PROCESS_ALGORITHM, 8);
		until(MSIG_PROCESS_ALGORITHM, 4);
		struct view_provider *p = &b.view->d.provider[1];
		b.view->d.providers = 2;
		p->used = p->statement.known = true;
		p->has = (uint8_t)has;
		p->statement.dnskey = b.view->d.own;
		b.on_key = idle;
		asked_for = 0;
		run()->turned = true;
		run()->algorithm = 13;
		run()->old = run()->fresh;
		run()->fresh = RSET_NONE;
		for (int i = 0; i < 2; i++)
			rset_add(&run()->fresh, store[i].rr);
		struct plan plan = {0};
		struct step s = {b.view, b.now + 60000, &plan};
		b.view->reasons = 0;
		b.view->freeze[0] = 0;
		roll_work(&s);
		bool asks = false;
		for (int k = 0; k < plan.count; k++)
			asks |= plan.action[k].kind == ACT_KEY &&
				plan.action[k].key.state == S(RETIRED);
		assert_int_equal(asks, has == 0);
		assert_int_equal(bench_reason(&b, REASON_BLOCKED, REASON_OF_NS) != NULL, has != 0);
	}
}

/* A database from the middle of an algorithm rollover, and a key store that is past it: the old
 * keys are gone before their step, or while others of their algorithm come. */
static void
test_past(void **state)
{
	static const struct {
		uint8_t step, state, algorithm;
		bool past;
	} cases[] = {{4, S(REMOVED), 8, true},
		     {4, S(POST), 8, false},
		     {5, S(REMOVED), 8, false},
		     {5, S(REMOVED), 13, true},
		     {6, S(REMOVED), 13, true}};

	b.on_key = NULL;
	*run() = (struct view_process){.kind = MSIG_PROCESS_ALGORITHM,
				       .algorithm = 8,
				       .step = 2,
				       .phase = PHASE_EXECUTING,
				       .executed = true};
	rset_add(&run()->old, b.ksk[0]);
	view_on_keys(b.view, true, "", NULL, 0); /* a store that is empty is past nothing */
	assert_false(roll_past(b.view));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		*run() = (struct view_process){.kind = MSIG_PROCESS_ALGORITHM,
					       .requestor = VIEW_SELF,
					       .subject = VIEW_SELF,
					       .algorithm = 8,
					       .step = cases[i].step,
					       .phase = PHASE_EXECUTING,
					       .voters = 1,
					       .roles = 2,
					       .executed = true};
		memcpy(run()->hsync, b.view->d.hsync.digest, sizeof(run()->hsync));
		stored = 0;
		rset_add(&run()->old, make(R(KSK), 13, cases[i].state));
		make(R(KSK), 8, S(ACTIVE));
		make(R(KSK), cases[i].algorithm, S(SIGNING));
		make(R(KSK), 13, S(MADE)); /* it does nothing yet */
		view_on_keys(b.view, true, "", store, stored);
		assert_int_equal(roll_past(b.view), cases[i].past);
		b.view->d.ended.kind = 0;
		bench_decide(&b);
		assert_int_equal(b.view->d.ended.kind == MSIG_PROCESS_ALGORITHM, cases[i].past);
		assert_int_equal(b.view->d.order[0].process, 0); /* and it does not begin again */
	}
}

/* The same database, and a rollover that was turned round since, and came to its end: no key of the
 * algorithm that is to be published even signs, and others are in use. It ends, and so does its
 * order. */
static void
test_past_undone(void **state)
{
	static const struct {
		uint8_t step, phase, fresh, old;
		bool past;
	} cases[] = {{2, PHASE_EXECUTING, S(MADE), S(ACTIVE), true},
		     {2, PHASE_EXECUTING, S(REMOVED), S(READY), true},
		     {3, PHASE_EXECUTING, S(MADE), S(ACTIVE), true},
		     {3, PHASE_REQUESTED, S(MADE), S(ACTIVE), true},
		     {5, PHASE_EXECUTING, S(REMOVED), S(RETIRED), true},
		     {2, PHASE_EXECUTING, S(SIGNING), S(ACTIVE), false},
		     {2, PHASE_EXECUTING, S(POST), S(ACTIVE), false},
		     {1, PHASE_EXECUTING, S(MADE), S(ACTIVE), false},
		     {2, PHASE_REQUESTED, S(MADE), S(ACTIVE), false},
		     {2, PHASE_EXECUTING, S(MADE), S(PUBLISHED), false},
		     {5, PHASE_EXECUTING, S(REMOVED), S(POST), false}};

	b.on_key = NULL;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		of_another(cases[i].step);
		run()->phase = cases[i].phase;
		run()->subject = run()->requestor = VIEW_SELF;
		run()->voters = 1;
		memcpy(run()->hsync, b.view->d.hsync.digest, sizeof(run()->hsync));
		b.view->d.order[0] = (struct view_order){MSIG_PROCESS_ALGORITHM, 8};
		stored = 2;
		store[0].state = store[1].state = cases[i].old;
		make(R(KSK), 8, S(MADE));
		make(R(ZSK), 8, cases[i].fresh);
		view_on_keys(b.view, true, "", store, stored);
		b.view->d.ended.kind = 0;
		bench_decide(&b);
		if ((b.view->d.ended.kind == MSIG_PROCESS_ALGORITHM) != cases[i].past)
			fail_msg("case %zu", i);
		assert_int_equal(run()->kind == 0, cases[i].past);
		assert_int_equal(b.view->d.order[0].process == 0, cases[i].past);
	}
}

/* Ordered back to the algorithm that the parent's DS left: CDS follow that rollover. */
static void
test_back_again(void **state)
{
	half_rolled();
	int new = key_in(R(KSK), S(PUBLISHED))->rr, old = key_in(R(KSK), S(ACTIVE))->rr;
	parent_follows = false;
	b.parent.set[VIEW_DS] = RSET_NONE;
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, new, 43));
	b.view->config.mode = VIEW_MODE_ALL;
	bench_look(&b);
	struct rset cds = decide_intended(b.view, b.view->d.own);
	assert_true(rset_has(&cds, new));
	*run() = (struct view_process){.kind = MSIG_PROCESS_ALGORITHM,
				       .algorithm = 13,
				       .step = 3,
				       .phase = PHASE_EXECUTING,
				       .executed = true};
	rset_add(&run()->old, new);
	cds = decide_intended(b.view, b.view->d.own);
	assert_false(rset_has(&cds, new));
	assert_true(rset_has(&cds, old));
	run()->algorithm = 8;
	cds = decide_intended(b.view, b.view->d.own);
	assert_true(rset_has(&cds, new));
}

/* At rest CDS do not name a key of an algorithm that was turned round and goes; a retired key
 * beside one of its algorithm they do, and what is all that there is. */
static void
test_cds_of_a_past_algorithm(void **state)
{
	static const struct {
		uint8_t old,
		    beside; /* the state of the key in use, and of one of the other algorithm */
		bool named;
	} cases[] = {{S(ACTIVE), S(MADE), false},
		     {S(ACTIVE), S(ACTIVE), true},
		     {S(ACTIVE), S(READY), true},
		     {S(RETIRED), S(MADE), true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		stored = 2;
		store[0].state = S(ACTIVE);
		half_rolled();
		struct view_key *in = &store[0], *gone = &store[2];
		gone->state = S(RETIRED);
		make(R(KSK), gone->algorithm, cases[i].beside);
		in->state = cases[i].old;
		view_on_keys(b.view, true, "", store, stored);
		b.view->config.mode = VIEW_MODE_ALL;
		bench_look(&b);
		struct rset cds = decide_intended(b.view, b.view->d.own);
		print_message("# %zu\n", i);
		assert_int_equal(rset_has(&cds, gone->rr), cases[i].named);
		assert_true(cases[i].named || rset_has(&cds, in->rr));
	}
}

static void
test_orders(void **state)
{
	struct view_order bad[] = {{MSIG_PROCESS_ADD, 0},
				   {MSIG_PROCESS_ZSK, 8},
				   {MSIG_PROCESS_ALGORITHM, 0},
				   {MSIG_PROCESS_ALGORITHM, 5},
				   {0, 0}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(view_on_order(b.view, &bad[i]), MSIG_EVALUE);
	b.view->config.driver = false;
	struct view_order zsk = {MSIG_PROCESS_ZSK, 0};
	assert_int_equal(view_on_order(b.view, &zsk), MSIG_EVALUE);
	b.view->config.driver = true;
	b.view->config.one_algorithm = true;
	struct view_order algorithm = {MSIG_PROCESS_ALGORITHM, 15};
	assert_int_equal(view_on_order(b.view, &algorithm), MSIG_ECONF);
	/* Not what runs, at whoever's word: it would be over with that. */
	*run() = (struct view_process){.kind = MSIG_PROCESS_ZSK, .subject = VIEW_SELF};
	assert_int_equal(view_on_order(b.view, &zsk), MSIG_EREFUSED);
	*run() = (struct view_process){.kind = MSIG_PROCESS_ALGORITHM, .algorithm = 8};
	b.view->config.one_algorithm = false;
	struct view_order same = {MSIG_PROCESS_ALGORITHM, 8};
	assert_int_equal(view_on_order(b.view, &same), MSIG_EREFUSED);
	assert_int_equal(view_on_order(b.view, &algorithm), 0);
	memset(b.view->d.order, 0, sizeof(b.view->d.order));
	*run() = (struct view_process){0};
	/* One after the other, in their order. */
	order(MSIG_PROCESS_ZSK, 0);
	order(MSIG_PROCESS_KSK, 0);
	until(MSIG_PROCESS_ZSK, 0);
	until(MSIG_PROCESS_KSK, 0);
	until(0, 0);
}

/* A driver that cannot bring in another algorithm: nobody begins with that. */
static void
test_one_algorithm(void **state)
{
	struct view_process roll = {.kind = MSIG_PROCESS_ALGORITHM, .algorithm = 15};
	struct reason why = {0};

	*run() = roll;
	assert_true(process_check(b.view, COND_DRIVER, false, b.now, &why));
	b.view->config.one_algorithm = true;
	assert_false(process_check(b.view, COND_DRIVER, false, b.now, &why));
	assert_int_equal(why.class, REASON_BLOCKED);
	assert_non_null(strstr(why.todo, "msigctl cancel"));
	run()->kind = MSIG_PROCESS_ZSK;
	assert_true(process_check(b.view, COND_DRIVER, false, b.now, &why));
	*run() = (struct view_process){0};
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define C(name) cmocka_unit_test_setup_teardown(name, setup_csk, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_zsk),
	    T(test_two_algorithms),
	    T(test_ksk),
	    T(test_ksk_without_the_parent),
	    C(test_csk),
	    C(test_zsk_of_a_csk),
	    T(test_abort),
	    T(test_abort_too_late),
	    T(test_turned_round),
	    T(test_turned_round_csk),
	    T(test_turned_round_algorithm),
	    T(test_turned_round_with_leftovers),
	    T(test_turned_round_in_doubt),
	    T(test_not_turned_round),
	    T(test_turned_round_once),
	    T(test_follows),
	    T(test_heard_of_a_turn),
	    T(test_turned_by_a_stranger),
	    T(test_hindered),
	    T(test_words_of_before),
	    T(test_turner),
	    T(test_lost_answer),
	    T(test_store_refuses),
	    T(test_restarts),
	    T(test_algorithm),
	    T(test_spare_key),
	    T(test_tag_in_use),
	    T(test_clash_is_rolled_away),
	    T(test_made_by_hand),
	    T(test_left_ready),
	    T(test_ready_is_shown),
	    T(test_turned_round_beside_ready),
	    T(test_ready_beside),
	    C(test_active_stays_active),
	    T(test_algorithm_of_a_later_key),
	    T(test_algorithm_again),
	    T(test_not_taken_back),
	    T(test_orphan),
	    T(test_orphan_in_use),
	    T(test_orphans_of_an_algorithm),
	    T(test_orphan_of_an_algorithm_in_caches),
	    T(test_remains),
	    T(test_published_before_used),
	    T(test_cds_never_empty),
	    T(test_synced_with_the_new_key),
	    T(test_goes_over),
	    T(test_goes_over_put_back),
	    T(test_unheard),
	    T(test_unheard_back),
	    T(test_past),
	    T(test_past_undone),
	    T(test_back_again),
	    T(test_cds_of_a_past_algorithm),
	    T(test_orders),
	    T(test_one_algorithm),
	    T(test_a_key_that_is_not_shown),
	    T(test_an_old_key_that_still_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
