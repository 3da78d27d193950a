/*
 * Agreement: who approves what, what is denied and why, what is said again, and what is answered
 * after the end. The agent under test is provider 1; 2 and 3 are moved by hand.
 */
#include "agentd/agree_int.h"
#include "tests/unit/scene.h"

static uint16_t
result(int provider, enum msig_op op)
{
	const struct view_message *m = bench_sent(&b, provider, op);
	assert_non_null(m);
	return m->result;
}

/* ---- participant ---- */

static void
test_approve(void **state)
{
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	EXPECT(1, APPROVE);
	assert_int_equal(run()->phase, PHASE_GRANTED);
	assert_int_equal(run()->subject, 1);
	/* A repeated REQUEST is answered again, and changes nothing. */
	int64_t since = run()->since;
	bench_forget(&b);
	b.now += 10;
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	EXPECT(1, APPROVE);
	assert_int_equal(run()->since, since);
}

static void
test_older_epoch(void **state)
{
	b.view->d.epoch = 9;
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_STATE);
	assert_int_equal(run()->kind, 0);
}

static void
test_not_from_the_middle(void **state)
{
	/* What has had effects is known here, or our database was lost: its requestor ends it. */
	bench_say(&b, 1, MSIG_OP_REQUEST, 3, 5);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_ENDED);
}

static void
test_another_hsync(void **state)
{
	struct view_message m = {.op = MSIG_OP_REQUEST, .epoch = 9, .process = 1, .subject = 1};
	memset(m.hsync, 0xee, sizeof(m.hsync));
	m.tid[0] = 5;
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	assert_int_equal(result(1, MSIG_OP_NOT_YET), MSIG_RESULT_HSYNC);
	EXPECT_NOT(1, APPROVE);
}

static void
test_statement_of_another_hsync(void **state)
{
	memset(peer(1)->statement.hsync, 0xee, 32);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	assert_int_equal(result(1, MSIG_OP_NOT_YET), MSIG_RESULT_NOTREADY);
	EXPECT_NOT(1, APPROVE);
}

static void
test_only_the_joiner(void **state)
{
	struct view_message m = {.op = MSIG_OP_REQUEST, .epoch = 9, .process = 1, .subject = 0};
	memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
	m.tid[0] = 5;
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_POLICY);
}

static void
test_unknown_process(void **state)
{
	struct view_message m = {.op = MSIG_OP_REQUEST, .epoch = 9, .process = 77, .subject = 1};
	memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_POLICY);
}

static void
test_not_designated(void **state)
{
	/* A stranger to HSYNC, whatever it says of itself. */
	int p = view_provider(b.view, "msa.p3.");
	view_on_peer(b.view, p, true, "");
	bench_say(&b, p, MSIG_OP_REQUEST, 0, 5);
	assert_int_equal(result(p, MSIG_OP_DENY), MSIG_RESULT_POLICY);
	bench_say(&b, p, MSIG_OP_EXECUTE, 0, 5);
	assert_int_equal(run()->kind, 0);
}

static void
test_keytag_collision(void **state)
{
	/* Two keys with one tag: the tag is a sum, so two words change places. */
	uint8_t rdata[36] = {1, 0, 3, 15, 1, 1, 2, 2}, twin[36] = {1, 0, 3, 15, 2, 2, 1, 1};
	struct view_statement st = peer(1)->statement;
	int other;
	rset_add(&st.dnskey, view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
	rset_add(&st.dnskey, view_rr(b.view, VIEW_DNSKEY, twin, sizeof(twin)));
	st.counter++;
	assert_int_equal(agree_keytag_collision(b.view, &other), -1);
	view_on_statement(b.view, 1, &st, b.now);
	assert_true(agree_keytag_collision(b.view, &other) >= 0);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_KEYTAG);
}

static void
test_keytag_of_the_revoked(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 1, 1}, twin[36] = {1, 0x80, 3, 15, 1, 1};
	struct view_statement st = peer(1)->statement;
	int other;
	rset_add(&st.dnskey, view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
	rset_add(&st.dnskey, view_rr(b.view, VIEW_DNSKEY, twin, sizeof(twin)));
	st.counter++;
	view_on_statement(b.view, 1, &st, b.now);
	assert_true(agree_keytag_collision(b.view, &other) >= 0);
}

static void
test_joiner_named_too_early(void **state)
{
	rset_add(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 5000);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_POLICY);
	assert_non_null(strstr(bench_sent(&b, 1, MSIG_OP_DENY)->text, "delegation"));
}

static void
test_not_yet_becomes_approve(void **state)
{
	b.server[1].silent = true;
	bench_run(&b, 5000);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	assert_int_equal(result(1, MSIG_OP_NOT_YET), MSIG_RESULT_NOTREADY);
	b.server[1].silent = false;
	bench_run(&b, 2000);
	EXPECT(1, APPROVE);
}

/* The other provider joins, `step` is done here, and the requestor asks for the next one. */
static void
at(uint8_t step)
{
	struct view_process *p = run();
	memset(p, 0, sizeof(*p));
	p->kind = MSIG_PROCESS_ADD;
	p->subject = p->requestor = 1;
	p->epoch = 9;
	p->tid[0] = 5;
	p->executed = true;
	p->voters = 3;
	p->step = step;
	p->phase = PHASE_DONE;
	p->done = 1;
	b.view->d.epoch = 9;
	runs(1, MSIG_PROCESS_ADD, step, 9);
}

/* Everything as the last steps have it, and long enough that caches hold nothing else. */
static void
all_in(void)
{
	bench_serve(&b, 3);
	for (int i = 0; i < 2; i++) {
		int ds = rpool_of_key(&b.view->d.pool, b.ksk[i], 43);
		rset_add(&b.parent.set[VIEW_DS], ds);
		rset_add(&b.parent.set[VIEW_NS], b.ns[i]);
	}
}

static void
ask_at(uint8_t step, bool expected)
{
	bench_run(&b, 1100); /* everything is looked at again */
	at(step - 1);
	bench_forget(&b);
	bench_say(&b, 1, MSIG_OP_REQUEST, step, 5);
	if (expected) {
		EXPECT(1, APPROVE);
	} else {
		EXPECT_NOT(1, APPROVE);
		EXPECT(1, NOT_YET);
	}
}

static void
long_ago(void)
{
	at(1);
	all_in();
	bench_run(&b, 60000);
}

/* No step is approved before the others' servers show what the step before has promised. */
static void
test_guard_keys(void **state)
{
	long_ago();
	for (uint8_t step = 2; step <= 4; step++) { /* our ZSK would be used too early */
		rset_del(&b.server[1].set[VIEW_DNSKEY], b.ksk[0]);
		ask_at(step, false);
		all_in();
		bench_run(&b, 60000);
		ask_at(step, true);
	}
}

/* The last row of a table is where a process stops: nobody asks for that. */
static void
test_no_step_after_the_last(void **state)
{
	const int stop = process_rule(MSIG_PROCESS_ADD)->steps - 1;

	long_ago();
	bench_run(&b, 1100);
	at((uint8_t)(stop - 1));
	bench_forget(&b);
	bench_say(&b, 1, MSIG_OP_REQUEST, (uint8_t)stop, 5);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_STATE);
	EXPECT_NOT(1, APPROVE);
}

/* The signer here signs with what nobody can know. */
static void
stray(bool is)
{
	int place = view_signer(b.view, "127.0.0.1@53");
	struct view_history *h = &b.view->d.place[place]->history[VIEW_SOA];

	h->at[h->count - 1].alien = is ? VIEW_ALIEN(13, 4711) : 0;
	b.view->dirty = true;
}

/* As long as that is so, nothing else moves. */
static void
test_stray_key(void **state)
{
	long_ago();
	for (int is = 1; is >= 0; is--) {
		bench_run(&b, 1100);
		stray(is);
		at(2);
		bench_forget(&b);
		bench_say(&b, 1, MSIG_OP_REQUEST, 3, 5);
		if (is) {
			EXPECT(1, NOT_YET);
			EXPECT_NOT(1, APPROVE);
		} else {
			EXPECT(1, APPROVE);
		}
	}
}

/* Neither is anything begun, nor is a step asked for. */
static void
test_stray_key_begins_nothing(void **state)
{
	b.view->d.paused = true;
	owner(2, false, true);
	bench_run(&b, b.view->config.times.hold_down + 10 * SECOND);
	b.view->d.paused = false;
	stray(true);
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
	stray(false);
	bench_forget(&b);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	EXPECT(1, REQUEST);
	b.now += 2 * b.view->config.times.resend;
	stray(true);
	bench_forget(&b);
	bench_decide(&b);
	EXPECT_NOT(1, REQUEST);
	stray(false);
	bench_decide(&b);
	EXPECT(1, REQUEST);
}

/* The signer here signs with a key that all show by now, and caches do not know yet. */
static void
early(bool is)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 88};
	int key = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));

	rset_add(&b.signer.set[VIEW_DNSKEY], key);
	for (int i = 0; i < BENCH_PROVIDERS; i++)
		rset_add(&b.server[i].set[VIEW_DNSKEY], key);
	b.signer.signers[VIEW_SOA] = b.server[0].signers[VIEW_SOA] = only(is ? key : b.zsk[0]);
	bench_run(&b, 1100);
	assert_int_equal(b.view->early, is);
}

/* As long as caches may not know it, nothing else moves: a peer hears why. */
static void
test_early_key(void **state)
{
	long_ago();
	for (int is = 1; is >= 0; is--) {
		at(2);
		early(is);
		bench_forget(&b);
		bench_say(&b, 1, MSIG_OP_REQUEST, 3, 5);
		if (is) {
			EXPECT_NOT(1, APPROVE);
			EXPECT(1, NOT_YET);
			assert_non_null(strstr(bench_sent(&b, 1, MSIG_OP_NOT_YET)->text,
					       "caches may not know"));
		} else {
			EXPECT(1, APPROVE);
		}
	}
}

/* What was refused is refused for its own reason. */
static void
test_early_key_refuses_as_ever(void **state)
{
	long_ago();
	at(2);
	early(true);
	bench_forget(&b);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 6);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_BUSY);
}

/* It begins when that is over; a leave does not wait for it. */
static void
test_early_key_begins_nothing(void **state)
{
	early(true);
	b.view->d.order[0].process = MSIG_PROCESS_ZSK;
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_SIGNATURE));
	bench_run(&b, 600 * SECOND);
	assert_false(b.view->early);
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
}

static void
test_early_key_leaves_go(void **state)
{
	b.view->d.paused = true;
	owner(2, false, true);
	bench_run(&b, b.view->config.times.hold_down + 10 * SECOND);
	early(true);
	b.view->d.paused = false;
	bench_forget(&b);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	EXPECT(1, REQUEST);
	/* And asked for by another one. */
	memset(run(), 0, sizeof(*run()));
	struct view_message m = {
	    .op = MSIG_OP_REQUEST, .epoch = 9, .process = MSIG_PROCESS_REMOVE, .subject = 2};
	memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
	m.tid[0] = 5;
	b.view->d.backoff = b.now + 100 * SECOND;
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	EXPECT(1, APPROVE);
}

/* No step of what runs is asked for. */
static void
test_early_key_asks_nothing(void **state)
{
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 1, PHASE_REQUESTED, 7);
	for (int is = 1; is >= 0; is--) {
		early(is);
		b.now += 2 * b.view->config.times.resend;
		bench_forget(&b);
		bench_decide(&b);
		assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
		assert_int_equal(bench_sent(&b, 1, MSIG_OP_REQUEST) != NULL, !is);
	}
}

/* Only a join brings keys to where they are not shown, up to the step that does; and where they are
 * of another algorithm, the rollover of all. */
static void
test_early_key_ends_by(void **state)
{
	const struct {
		uint8_t kind, step;
		int subject, at, algorithm;
		bool may;
	} cases[] = {
	    {MSIG_PROCESS_ADD, 0, 1, 1, 15, true},
	    {MSIG_PROCESS_ADD, 1, 1, 1, 15, true},
	    {MSIG_PROCESS_ADD, 2, 1, 1, 15, false},
	    {MSIG_PROCESS_ADD, 1, 0, 1, 15, true},
	    {MSIG_PROCESS_ADD, 1, 2, 1, 15, false},
	    {MSIG_PROCESS_ADD, 1, 1, VIEW_STRANGER, 15, false},
	    {MSIG_PROCESS_ALGORITHM, 2, 0, 1, 15, false},
	    {MSIG_PROCESS_ALGORITHM, 2, 0, 1, 13, true},
	    {MSIG_PROCESS_ALGORITHM, 2, 0, VIEW_STRANGER, 13, false},
	    {MSIG_PROCESS_KSK, 0, 1, 1, 15, false},
	    {MSIG_PROCESS_NS_ADD, 0, 1, 1, 15, false},
	    {MSIG_PROCESS_REMOVE, 5, 2, 1, 15, true},
	    {MSIG_PROCESS_NS_REMOVE, 1, 2, 1, 15, true},
	};
	struct rset dnskey = peer(VIEW_SELF)->statement.dnskey;

	b.view->early = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t rdata[36] = {1, 0, 3, (uint8_t)cases[i].algorithm, 88};
		peer(VIEW_SELF)->statement.dnskey = dnskey;
		rset_add(&peer(VIEW_SELF)->statement.dnskey,
			 view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
		b.view->early_at = cases[i].at;
		if ((agree_key_first(b.view, cases[i].kind, cases[i].subject, cases[i].step) ==
		     NULL) != cases[i].may)
			fail_msg("case %zu", i);
	}
	/* Whoever is not in yet, and is named perhaps, has no keys with others. */
	peer(VIEW_SELF)->member = false;
	peer(VIEW_SELF)->has = 0;
	assert_null(agree_key_first(b.view, MSIG_PROCESS_ADD, 2, 0));
	peer(VIEW_SELF)->has = HAS_KEYS;
	assert_non_null(agree_key_first(b.view, MSIG_PROCESS_ADD, 2, 0));
}

/* An order that is let through is not kept by one that is not, nor by what the group wants. */
static void
test_early_key_next(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 13, 88};

	bench_run(&b, 5 * SECOND);
	rest();
	rset_add(&peer(VIEW_SELF)->statement.dnskey,
		 view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
	b.view->early_at = 1;
	b.view->d.order[0] = (struct view_order){MSIG_PROCESS_ZSK, 0};
	b.view->d.order[1] = (struct view_order){MSIG_PROCESS_ALGORITHM, 13};
	for (int early = 0; early < 2; early++) {
		b.view->early = early;
		assert_int_equal(agree_next_order(b.view).process,
				 early ? MSIG_PROCESS_ALGORITHM : MSIG_PROCESS_ZSK);
	}
}

static void
test_early_key_before_the_group(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 13, 88};

	for (int early = 0; early < 2; early++) {
		struct plan plan = {.wake = VIEW_NEVER};
		bench_clear(&b);
		bench_init(&b, 3, 3);
		b.view->config.times.hold_down = 0;
		owner(2, true, false); /* it waits to be named */
		bench_run(&b, 5 * SECOND);
		memset(run(), 0, sizeof(*run()));
		b.view->d.backoff = 0;
		rset_add(&peer(VIEW_SELF)->statement.dnskey,
			 view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
		b.view->d.order[0] = (struct view_order){MSIG_PROCESS_ALGORITHM, 13};
		b.view->early = early;
		b.view->early_at = 1;
		struct step s = {b.view, b.now, &plan};
		agree_start(&s);
		assert_int_equal(run()->kind, early ? MSIG_PROCESS_ALGORITHM : MSIG_PROCESS_NS_ADD);
	}
}

static void
test_guard_cds(void **state)
{
	long_ago();
	b.server[1].set[VIEW_CDS] = b.cds[1];
	ask_at(3, false);
	all_in();
	ask_at(3, true);
}

static void
test_guard_ds(void **state)
{
	long_ago();
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[2], 43));
	ask_at(4, false);
	b.parent.set[VIEW_DS] = RSET_NONE;
	all_in();
	ask_at(4, true);
}

static void
test_guard_ns(void **state)
{
	long_ago();
	rset_del(&b.server[1].set[VIEW_NS], b.ns[0]);
	ask_at(5, false);
	all_in();
	ask_at(5, true);
}

static void
test_guard_parent_ns(void **state)
{
	long_ago();
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	ask_at(6, false);
	all_in();
	ask_at(6, true);
}

static void
test_guard_naming(void **state)
{
	/* All is visible, but caches may hold what was before. */
	at(3);
	all_in();
	bench_run(&b, 1100);
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	ask_at(4, false);
	bench_run(&b, 60000);
	ask_at(4, true);
}

/* Two addresses of one name server: both must show it. */
static void
test_every_address(void **state)
{
	const char *two[] = {"192.0.2.2@53", "192.0.2.3@53"};
	long_ago();
	b.server[2] = b.server[1];
	view_on_addresses(b.view, b.ns[1], true, two, 2, b.now);
	bench_run(&b, 5000);
	ask_at(2, true);
	rset_del(&b.server[2].set[VIEW_DNSKEY], b.ksk[0]); /* our ZSK would be used too early */
	ask_at(2, false);
}

/* What must be right before anything begins. */
static void
test_first_guards(void **state)
{
	uint8_t ds[36] = {0x12, 0x34, 15, 2}, key[36] = {1, 1, 3, 13, 1};
	int id = view_rr(b.view, VIEW_DS, ds, sizeof(ds));

	rset_add(&b.parent.set[VIEW_DS], id);
	bench_run(&b, 5000);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_POLICY);
	bench_forget(&b);
	rset_del(&b.parent.set[VIEW_DS], id);
	rset_add(&b.parent.set[VIEW_NS], b.ns[2]);
	bench_run(&b, 5000);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 6);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_POLICY);
	bench_forget(&b);
	rset_del(&b.parent.set[VIEW_NS], b.ns[2]);
	bench_run(&b, 60000);
	struct view_statement st = peer(1)->statement;
	rset_add(&st.dnskey, view_rr(b.view, VIEW_DNSKEY, key, sizeof(key)));
	st.counter++;
	view_on_statement(b.view, 1, &st, b.now);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 7);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_POLICY);
}

/* DONE of a step waits for what the step is about, and for the parent where it has to act. */
static void
done_at(uint8_t step, bool expected)
{
	bench_run(&b, 1100);
	at(step);
	run()->phase = PHASE_EXECUTING;
	run()->done = 0;
	bench_forget(&b);
	bench_run(&b, 30000);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_DONE) != NULL, expected);
}

static void
test_done_conditions(void **state)
{
	static const uint8_t rdata[] = {0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 8};
	int csync = view_rr(b.view, VIEW_CSYNC, rdata, sizeof(rdata));
	long_ago();
	done_at(2, true);
	b.server[0].set[VIEW_CDNSKEY] = b.cdnskey[0];
	done_at(2, false);
	all_in();
	done_at(3, true);
	rset_del(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[1], 43));
	done_at(3, false);
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[1], 43));
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[2], 43));
	done_at(3, false); /* one too many, and the holds are long over */
	b.parent.set[VIEW_DS] = RSET_NONE;
	all_in();
	done_at(4, true);
	rset_del(&b.server[0].set[VIEW_NS], b.ns[1]);
	done_at(4, false);
	all_in();
	done_at(5, false);
	rset_add(&b.server[0].set[VIEW_CSYNC], csync);
	done_at(5, true);
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	done_at(5, false);
	rset_add(&b.parent.set[VIEW_NS], b.ns[1]);
	done_at(6, false);
	rset_del(&b.server[0].set[VIEW_CSYNC], csync);
	done_at(6, true);
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	done_at(6, false);
}

/* A key that goes missing at our own servers takes DONE back to waiting. */
static void
test_done_keys(void **state)
{
	long_ago();
	rset_del(&b.server[0].set[VIEW_DNSKEY], b.zsk[1]);
	done_at(2, false);
	done_at(3, false);
}

static void
test_lease(void **state)
{
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	bench_run(&b, view_times_lab.lease - 100);
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
	bench_restart(&b);
	bench_run(&b, 200);
	assert_int_equal(run()->kind, 0);
}

static void
test_no_lease_after_execute(void **state)
{
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	EXPECT(1, DONE);
	runs(1, MSIG_PROCESS_ADD, 0, 9);
	bench_run(&b, 20 * view_times_lab.lease);
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
	assert_int_equal(run()->phase, PHASE_DONE);
}

static void
test_abort(void **state)
{
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	bench_say(&b, 1, MSIG_OP_ABORT, 0, 6); /* of something else */
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
	bench_say(&b, 1, MSIG_OP_ABORT, 0, 5);
	assert_int_equal(run()->kind, 0);
}

static void
test_execute_unknown(void **state)
{
	/* What had effects, and is not known: it cannot go on with us. */
	bench_say(&b, 1, MSIG_OP_EXECUTE, 4, 5);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_ENDED);
	assert_int_equal(run()->kind, 0);
}

/* EXECUTE by a joiner whom nobody approved: the first step's guards hold here as ever. */
static void
test_execute_without_approval(void **state)
{
	rset_add(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 5000);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_STATE);
	assert_int_equal(run()->kind, 0);
	/* It is taken when all is well: the grant was lost here, but it had been given. */
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 60000);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	EXPECT(1, DONE);
}

static void
test_epoch_out_of_reach(void **state)
{
	struct view_message m = {
	    .op = MSIG_OP_REQUEST, .epoch = UINT64_MAX, .process = 1, .subject = 1};
	memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	assert_int_equal(result(1, MSIG_OP_DENY), MSIG_RESULT_STATE);
}

static void
test_execute_again(void **state)
{
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	bench_forget(&b);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	EXPECT(1, DONE);
}

static void
test_step_not_skipped(void **state)
{
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	bench_say(&b, 1, MSIG_OP_REQUEST, 2, 5);
	assert_int_equal(result(1, MSIG_OP_NOT_YET), MSIG_RESULT_STATE);
	/* Ours may be an older database than that which approved it: one step after the other. */
	bench_say(&b, 1, MSIG_OP_EXECUTE, 3, 5);
	assert_true(run()->step <= 1);
}

static void
test_done_needs_the_effect(void **state)
{
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	bench_say(&b, 1, MSIG_OP_REQUEST, 1, 5);
	EXPECT(1, APPROVE);
	bench_forget(&b);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 1, 5);
	assert_int_equal(b.applied, 1); /* acknowledged, but not to be seen anywhere */
	bench_run(&b, 5000);
	EXPECT_NOT(1, DONE);
	b.signer.set[VIEW_DNSKEY] = rset_or(b.own[0], b.own[1]);
	bench_run(&b, 2000);
	EXPECT_NOT(1, DONE); /* at the signer, not at the name server */
	b.server[0].set[VIEW_DNSKEY] = b.signer.set[VIEW_DNSKEY];
	bench_run(&b, 2000);
	EXPECT(1, DONE);
}

static void
test_execute_survives(void **state)
{
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	bench_say(&b, 1, MSIG_OP_REQUEST, 1, 5);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 1, 5);
	bench_restart(&b);
	view_on_peer(b.view, 1, true, "");
	b.signer.set[VIEW_DNSKEY] = b.server[0].set[VIEW_DNSKEY] = rset_or(b.own[0], b.own[1]);
	bench_forget(&b);
	bench_run(&b, 3000);
	EXPECT(1, DONE);
	assert_int_equal(run()->step, 1);
}

/* A peer cannot lead everybody to an algorithm that nobody should sign with. */
static void
test_weak_algorithm(void **state)
{
	struct view_message m = {.op = MSIG_OP_REQUEST,
				 .epoch = 9,
				 .process = MSIG_PROCESS_ALGORITHM,
				 .algorithm = 5,
				 .subject = 1};
	bench_clear(&b);
	bench_init(&b, 2, 3);
	m.tid[0] = 9;
	memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	const struct view_message *said = bench_sent(&b, 1, MSIG_OP_DENY);
	assert_non_null(said);
	assert_int_equal(said->result, MSIG_RESULT_POLICY);
	assert_non_null(strstr(said->text, "algorithm"));
}

/* All show the keys and CDS of the two, and nobody else's NS: the join is at cds-added, and done.
 */
static void
both_show_keys(void)
{
	for (int i = 0; i < 2; i++) {
		b.server[i].set[VIEW_DNSKEY] = rset_or(b.own[0], b.own[1]);
		b.server[i].set[VIEW_CDS] = rset_or(b.cds[0], b.cds[1]);
		b.server[i].set[VIEW_CDNSKEY] = rset_or(b.cdnskey[0], b.cdnskey[1]);
	}
	memcpy(b.signer.set, b.server[0].set, sizeof(b.signer.set));
	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 2, PHASE_EXECUTING, 3);
	bench_decide(&b);
	assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
}

static int
another_zsk(void)
{
	uint8_t rdata[4 + 32] = {1, 0, 3, 15, 77, 78, 79};
	return view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
}

/* Our signer publishes a ZSK by its own clock while somebody joins: it is stated at once, and no
 * further step is approved before the joiner shows it. */
static void
test_own_zsk_in_a_join(void **state)
{
	both_show_keys();
	int zsk = another_zsk(), stated = b.stated;

	rset_add(&b.signer.set[VIEW_DNSKEY], zsk);
	rset_add(&b.server[0].set[VIEW_DNSKEY], zsk);
	bench_run(&b, 10 * SECOND);
	assert_true(rset_has(&peer(VIEW_SELF)->statement.dnskey, zsk));
	assert_true(b.stated > stated);
	EXPECT(1, DONE); /* that is about our own servers */
	bench_say(&b, 1, MSIG_OP_REQUEST, 3, 5);
	bench_run(&b, SECOND);
	EXPECT_NOT(1, APPROVE);
	assert_non_null(strstr(bench_sent(&b, 1, MSIG_OP_NOT_YET)->text, "192.0.2.2@53"));
	rset_add(&b.server[1].set[VIEW_DNSKEY], zsk);
	bench_run(&b, 10 * SECOND);
	bench_say(&b, 1, MSIG_OP_REQUEST, 3, 5);
	EXPECT(1, APPROVE);
}

/* The joiner's signer does: it is in our overlay at once, and the step does not end before all of
 * our servers show it. */
static void
test_joiners_zsk_in_a_join(void **state)
{
	both_show_keys();
	int zsk = another_zsk();
	struct view_statement st = peer(1)->statement;

	rset_add(&st.dnskey, zsk);
	restate(1, st);
	rset_add(&b.server[1].set[VIEW_DNSKEY], zsk);
	bench_run(&b, 10 * SECOND);
	assert_true(rset_has(&b.view->d.want.from[1].dnskey, zsk));
	assert_int_equal(run()->phase, PHASE_EXECUTING);
	EXPECT_NOT(1, DONE);
	rset_add(&b.signer.set[VIEW_DNSKEY], zsk);
	rset_add(&b.server[0].set[VIEW_DNSKEY], zsk);
	bench_run(&b, 10 * SECOND);
	assert_int_equal(run()->phase, PHASE_DONE);
	EXPECT(1, DONE);
}

static void
test_busy(void **state)
{
	bench_clear(&b);
	bench_init(&b, 3, 1);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	EXPECT(1, APPROVE);
	bench_say(&b, 2, MSIG_OP_REQUEST, 0, 6);
	assert_int_equal(result(2, MSIG_OP_DENY), MSIG_RESULT_BUSY);
	bench_say(&b, 2, MSIG_OP_EXECUTE, 0, 6);
	assert_int_equal(run()->subject, 1);
}

static void
test_off_in_the_middle(void **state)
{
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	bench_say(&b, 1, MSIG_OP_REQUEST, 1, 5);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 1, 5);
	b.signer.set[VIEW_DNSKEY] = b.server[0].set[VIEW_DNSKEY] = rset_or(b.own[0], b.own[1]);
	bench_run(&b, 2000);
	struct rset keys = b.view->d.want.from[1].dnskey;
	assert_false(rset_empty(keys));
	b.hsync.entry[1].on = false;
	memset(b.hsync.digest, 77, 32);
	bench_run(&b, 10000);
	/* The way back is a leave: what is published stays until its turn comes. */
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	assert_int_equal(run()->subject, 1);
	assert_false(b.view->d.ended.completed);
	assert_int_equal(peer(1)->has, HAS_KEYS);
	assert_true(rset_equal(keys, b.view->d.want.from[1].dnskey));
}

static void
test_abort_and_resume(void **state)
{
	long_ago();
	at(1);
	view_on_command(b.view, VIEW_ABORT);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD); /* too late: it rests, and says so */
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC);
	assert_non_null(r);
	assert_string_equal(r->seen, "abort asked for");
	bench_say(&b, 1, MSIG_OP_REQUEST, 2, 5);
	EXPECT_NOT(1, APPROVE);
	view_on_command(b.view, VIEW_RESUME);
	bench_run(&b, 1000);
	bench_say(&b, 1, MSIG_OP_REQUEST, 2, 5);
	EXPECT(1, APPROVE);
}

/* ---- requestor
 * ------------------------------------------------------------------------------------ */

static void
test_joiner_asks(void **state)
{
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
	assert_int_equal(run()->subject, VIEW_SELF);
	bench_run(&b, 1500);
	EXPECT(1, REQUEST);
	EXPECT_NOT(1, EXECUTE);
	assert_int_equal(b.applied, 0);
}

static void
test_unanimity(void **state)
{
	bench_run(&b, 1500);
	EXPECT(1, REQUEST);
	EXPECT(2, REQUEST);
	reply(1, MSIG_OP_APPROVE);
	EXPECT_NOT(1, EXECUTE);
	reply(2, MSIG_OP_APPROVE);
	EXPECT(1, EXECUTE);
	EXPECT(2, EXECUTE);
	/* And DONE of all, for the next step. */
	reply(1, MSIG_OP_DONE);
	bench_run(&b, 1500);
	assert_int_equal(run()->step, 0);
	reply(2, MSIG_OP_DONE);
	assert_int_equal(run()->step, 1);
}

static void
test_approval_of_something_else(void **state)
{
	bench_run(&b, 1500);
	struct view_message m = {.op = MSIG_OP_APPROVE, .epoch = 2, .process = 1, .subject = 0};
	m.tid[0] = 99;
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	EXPECT_NOT(1, EXECUTE);
	EXPECT(1, ABORT); /* whoever holds a grant for it may let it go */
}

static void
test_said_again(void **state)
{
	bench_run(&b, 500);
	bench_forget(&b);
	bench_run(&b, 10 * view_times_lab.resend);
	assert_in_range(b.sends, 9, 12); /* not more often either */
	reply(1, MSIG_OP_APPROVE);
	bench_forget(&b);
	bench_run(&b, 10 * view_times_lab.resend);
	assert_in_range(b.sends, 9, 12);
	EXPECT(1, EXECUTE);
}

static void
test_denied(void **state)
{
	bench_run(&b, 500);
	uint8_t tid[16];
	memcpy(tid, run()->tid, 16);
	reply(1, MSIG_OP_DENY);
	EXPECT(1, ABORT);
	assert_int_equal(run()->kind, 0);
	assert_true(b.view->d.backoff > b.now);
	bench_restart(&b); /* it backs off after a restart too */
	view_on_peer(b.view, 1, true, "");
	bench_run(&b, 100);
	assert_int_equal(run()->kind, 0);
	bench_run(&b, 2 * view_times_lab.backoff_max);
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
	assert_memory_not_equal(tid, run()->tid, 16);
}

static void
test_approvals_grow_old(void **state)
{
	bench_clear(&b);
	bench_init(&b, 3, 2);
	bench_run(&b, 1500);
	reply(1, MSIG_OP_APPROVE);
	view_on_peer(b.view, 2, false, "no beats");
	bench_run(&b, view_times_lab.lease / 2 + 2000);
	EXPECT(1, ABORT);
	EXPECT_NOT(1, EXECUTE);
}

static void
test_peer_not_there(void **state)
{
	view_on_peer(b.view, 1, false, "no beats for 60 s");
	bench_run(&b, 10000);
	const struct reason *r = bench_reason(&b, REASON_PEER, REASON_OF_PEER);
	assert_non_null(r);
	assert_string_equal(r->place, "msa.p2.");
	assert_string_equal(r->seen, "no beats for 60 s");
}

static void
test_lower_goes_first(void **state)
{
	/* We are msa.p1.: ours goes first. */
	bench_run(&b, 1500);
	EXPECT(2, REQUEST);
	bench_say(&b, 2, MSIG_OP_REQUEST, 0, 6);
	assert_int_equal(result(2, MSIG_OP_DENY), MSIG_RESULT_BUSY);
	assert_int_equal(run()->subject, VIEW_SELF);
}

static void
test_the_asked_yields_to_nobody_later(void **state)
{
	/* An abort of the operator before anything was done ends it; afterwards it is a reason. */
	bench_run(&b, 1500);
	view_on_command(b.view, VIEW_ABORT);
	bench_decide(&b);
	EXPECT(1, ABORT);
	assert_int_equal(run()->kind, 0);
}

static void
test_after_the_end(void **state)
{
	b.view->d.ended = (struct view_ended){.kind = 1, .epoch = 9, .completed = true};
	b.view->d.ended.tid[0] = 5;
	bench_say(&b, 1, MSIG_OP_DONE, 6, 5);
	EXPECT(1, RELEASE);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 6, 5);
	EXPECT(1, DONE);
}

static void
test_done_counts_once_and_for_its_step(void **state)
{
	bench_run(&b, 1500);
	reply(1, MSIG_OP_DONE); /* before EXECUTE: means nothing */
	assert_int_equal(run()->done, 0);
	reply(1, MSIG_OP_APPROVE);
	struct view_message m = {
	    .op = MSIG_OP_DONE, .epoch = run()->epoch, .process = 1, .step = 3};
	memcpy(m.tid, run()->tid, 16);
	view_on_message(b.view, 1, &m, b.now);
	assert_int_equal(run()->done & 2, 0);
	m.step = 0;
	m.tid[3] ^= 1;
	view_on_message(b.view, 1, &m, b.now);
	assert_int_equal(run()->done & 2, 0);
}

/* What is over is not therefore complete: its requestor may have ended it at its last step. */
static void
test_over_is_not_complete(void **state)
{
	struct view_message m = {.op = MSIG_OP_DONE, .epoch = 9, .process = 1, .step = 6};
	m.tid[0] = 5;
	b.view->d.ended =
	    (struct view_ended){.kind = MSIG_PROCESS_ADD, .epoch = 9, .completed = false};
	b.view->d.ended.tid[0] = 5;
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	EXPECT_NOT(1, RELEASE);
}

/* A leave that ends early, because another one has run since, does not name the leaver again. */
static void
test_leaver_is_not_named_again(void **state)
{
	struct view_provider *p = &b.view->d.provider[1];

	for (int off = 0; off < 2; off++) {
		p->member = true;
		p->has = HAS_ALL;
		b.view->d.hsync.entry[1].on = off == 0;
		b.view->designated = agree_designated(b.view);
		*run() = (struct view_process){.kind = MSIG_PROCESS_REMOVE,
					       .step = 1,
					       .phase = PHASE_EXECUTING,
					       .subject = 1,
					       .executed = true,
					       .voters = 1};
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		b.view->put_back = true; /* one of the ways to end early */
		agree_run(&s);
		assert_int_equal(p->has & HAS_NS, off ? 0 : HAS_NS);
	}
}

static void
test_stated_over_is_not_complete(void **state)
{
	struct view_statement st = peer(1)->statement;

	*run() = (struct view_process){.kind = MSIG_PROCESS_ADD,
				       .step = 6,
				       .phase = PHASE_DONE,
				       .subject = 1,
				       .requestor = 1,
				       .epoch = 9,
				       .executed = true,
				       .voters = 3};
	b.view->d.epoch = st.process_epoch = 9;
	st.epoch = 9;
	st.counter++;
	st.process = st.step = 0; /* rests, and is no member */
	view_on_statement(b.view, 1, &st, b.now);
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
	assert_false(peer(1)->member);
}

/* Who is to vote was found before somebody was known to be in the group: asked anew, of
 * all. */
static void
test_regrouped(void **state)
{
	uint8_t tid[16];
	bench_run(&b, 1500);
	assert_int_equal(run()->phase, PHASE_REQUESTED);
	memcpy(tid, run()->tid, sizeof(tid));
	run()->voters = 1;
	run()->approved = 0;
	for (int i = 0; i < 60 && (run()->kind == 0 || run()->voters == 1); i++)
		bench_run(&b, 1000);
	assert_int_equal(run()->voters, 3);
	assert_memory_not_equal(run()->tid, tid, sizeof(tid));
}

/* The owner is about to take the requestor out; others may begin something before it
 * follows. */
static void
test_outgoing_rests(void **state)
{
	bench_run(&b, 1500);
	reply(1, MSIG_OP_APPROVE);
	assert_true(run()->executed);
	bench_run(&b, 1000);
	assert_int_equal(run()->phase, PHASE_DONE);
	b.hsync.entry[0].on = false;
	memset(b.hsync.digest, 55, sizeof(b.hsync.digest));
	bench_run(&b, 2000);
	assert_true(agree_outgoing(b.view));
	assert_int_equal(b.view->d.hsync.entry[0].on, true);
	uint8_t step = run()->step;
	reply(1, MSIG_OP_DONE);
	assert_int_equal(run()->step, step);
	bench_designate(&b, 2, true); /* taken back */
	bench_run(&b, 2000);
	reply(1, MSIG_OP_DONE);
	assert_int_equal(run()->step, step + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(member, test_approve),
	    IN(member, test_older_epoch),
	    IN(member, test_not_from_the_middle),
	    IN(member, test_another_hsync),
	    IN(member, test_statement_of_another_hsync),
	    IN(member, test_over_is_not_complete),
	    IN(member, test_leaver_is_not_named_again),
	    IN(member, test_stated_over_is_not_complete),
	    IN(member, test_only_the_joiner),
	    IN(member, test_unknown_process),
	    IN(member, test_not_designated),
	    IN(member, test_keytag_collision),
	    IN(member, test_keytag_of_the_revoked),
	    IN(member, test_joiner_named_too_early),
	    IN(member, test_guard_keys),
	    IN(member, test_stray_key),
	    IN(member, test_no_step_after_the_last),
	    IN(three, test_stray_key_begins_nothing),
	    IN(member, test_early_key),
	    IN(member, test_early_key_refuses_as_ever),
	    IN(three, test_early_key_begins_nothing),
	    IN(three, test_early_key_leaves_go),
	    IN(three, test_early_key_asks_nothing),
	    IN(three, test_early_key_ends_by),
	    IN(two, test_early_key_next),
	    IN(two, test_early_key_before_the_group),
	    IN(member, test_guard_cds),
	    IN(member, test_guard_ds),
	    IN(member, test_guard_ns),
	    IN(member, test_guard_parent_ns),
	    IN(member, test_guard_naming),
	    IN(member, test_every_address),
	    IN(member, test_first_guards),
	    IN(member, test_done_conditions),
	    IN(member, test_done_keys),
	    IN(member, test_not_yet_becomes_approve),
	    IN(member, test_lease),
	    IN(member, test_no_lease_after_execute),
	    IN(member, test_abort),
	    IN(member, test_execute_unknown),
	    IN(member, test_execute_without_approval),
	    IN(member, test_epoch_out_of_reach),
	    IN(member, test_execute_again),
	    IN(member, test_step_not_skipped),
	    IN(member, test_done_needs_the_effect),
	    IN(member, test_execute_survives),
	    IN(member, test_weak_algorithm),
	    IN(member, test_own_zsk_in_a_join),
	    IN(member, test_joiners_zsk_in_a_join),
	    IN(member, test_busy),
	    IN(member, test_off_in_the_middle),
	    IN(member, test_abort_and_resume),
	    IN(joiner, test_regrouped),
	    IN(joiner, test_outgoing_rests),
	    IN(joiner, test_joiner_asks),
	    IN(bystander, test_unanimity),
	    IN(joiner, test_approval_of_something_else),
	    IN(joiner, test_said_again),
	    IN(joiner, test_denied),
	    IN(joiner, test_approvals_grow_old),
	    IN(joiner, test_peer_not_there),
	    IN(bystander, test_lower_goes_first),
	    IN(joiner, test_the_asked_yields_to_nobody_later),
	    IN(member, test_after_the_end),
	    IN(joiner, test_done_counts_once_and_for_its_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
