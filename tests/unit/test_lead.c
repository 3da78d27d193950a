/*
 * Leader mode: who may ask for what, in whose place the leader asks, and who goes on when another
 * one leads. The agent under test is provider 1; 2 and 3 are moved by hand.
 */
#include "agentd/agree_int.h"
#include "agentd/lead.h"
#include "agentd/operator.h"
#include "tests/unit/scene.h"

/* Elected by hand. */
static void
lead(int who)
{
	struct view_election *e = &b.view->d.election;

	e->term++;
	e->state = ELECT_SETTLED;
	e->leader = (int8_t)who;
	e->since = b.now;
	e->lease = b.now + 1000000;
	e->voters = elect_voters(b.view);
	memset(e->confirmed, who, sizeof(e->confirmed));
	memcpy(e->hsync, b.view->d.hsync.digest, sizeof(e->hsync));
}

static void
led(int designated, uint32_t members, int who)
{
	bench_init(&b, designated, members);
	b.view->config.times.lead = 1000000;
	b.view->config.models = MSIG_SYNC_LEADER;
	for (int i = 1; i < designated; i++)
		view_on_models(b.view, i, MSIG_SYNC_LEADER);
	memset(run(), 0, sizeof(*run())); /* what began as peers */
	bench_decide(&b);
	memset(run(), 0, sizeof(*run()));
	lead(who);
	bench_forget(&b);
}

/* Three: two members and a joiner, which is the third. */
static int
we_lead(void **state)
{
	led(3, 3, 0);
	return 0;
}

static int
other_leads(void **state)
{
	led(3, 3, 1);
	return 0;
}

/* We are the joiner. */
static int
we_join(void **state)
{
	led(2, 2, 1);
	return 0;
}

/* ---- who asks ---- */

static void
test_leader_asks_for_the_joiner(void **state)
{
	bench_run(&b, 2000);
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
	assert_int_equal(run()->subject, 2);
	assert_int_equal(run()->requestor, 0);
	assert_true(run()->led);
	EXPECT(1, REQUEST);
	EXPECT(2, REQUEST);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_REQUEST)->subject, 2);
}

static void
test_joiner_waits(void **state)
{
	bench_run(&b, 5000);
	assert_int_equal(run()->kind, 0);
	EXPECT_NOT(1, REQUEST);
	const struct reason *r = bench_reason(&b, REASON_PEER, REASON_OF_GRANT);
	assert_non_null(r);
	assert_string_equal(r->place, "msa.p2.");
}

static void
test_nobody_without_leader(void **state)
{
	b.view->d.election.state = ELECT_NONE;
	b.view->d.election.backoff = b.now + 60000;
	bench_run(&b, 5000);
	assert_int_equal(run()->kind, 0);
	assert_non_null(bench_reason(&b, REASON_PEER, REASON_OF_LEADER));
}

static void
test_model_unknown(void **state)
{
	peer(1)->models = 0;
	bench_run(&b, 5000);
	assert_int_equal(run()->kind, 0);
	const struct reason *r = NULL;
	for (int i = 0; i < b.view->reasons; i++)
		if (strstr(b.view->reason[i].expected, "its HELLO") != NULL)
			r = &b.view->reason[i];
	assert_non_null(r);
	assert_string_equal(r->place, "msa.p2.");
}

static void
test_no_common_model(void **state)
{
	view_on_models(b.view, 1, MSIG_SYNC_PEER);
	bench_run(&b, 5000);
	assert_int_equal(run()->kind, 0);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_LEADER));
}

/* A member's wish comes by its statement; a joiner that is not there keeps nobody waiting. */
static void
test_wish(void **state)
{
	view_on_peer(b.view, 2, false, "silent");
	struct view_statement st = peer(1)->statement;
	st.wish = MSIG_PROCESS_ZSK;
	restate(1, st);
	b.view->d.attempts = 0;
	bench_run(&b, 2000);
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
	assert_int_equal(run()->subject, 1);
	assert_int_equal(run()->requestor, 0);
	EXPECT(1, REQUEST);
	/* Taken back, it is given up. */
	st.wish = 0;
	restate(1, st);
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
	EXPECT(1, ABORT);
}

static void
test_own_wish(void **state)
{
	b.view->config.driver = true;
	b.view->store_known = true;
	const struct view_order order = {.process = MSIG_PROCESS_ALGORITHM, .algorithm = 13};
	assert_int_equal(view_on_order(b.view, &order), 0);
	bench_run(&b, 2000);
	assert_int_equal(run()->kind, 0);
	assert_int_equal(peer(0)->statement.wish, MSIG_PROCESS_ALGORITHM);
	assert_int_equal(peer(0)->statement.wish_algorithm, 13);
	uint8_t *blob;
	size_t len;
	assert_int_equal(view_encode(b.view, &blob, &len), 0);
	free(blob);
	bench_restart(&b);
	assert_int_equal(peer(0)->statement.wish_algorithm, 13);
	assert_int_equal(operator_cancel(b.view, 0), 0);
}

/* The joiner is named already, and does not show our key: nothing but its join ends that, and what
 * waits for it does not stand in its way, whoever's turn it is. */
static void
test_key_not_shown_there(void **state)
{
	b.view->d.order[0].process = MSIG_PROCESS_ZSK;
	b.view->d.paused = true;
	rset_add(&b.parent.set[VIEW_NS], b.ns[2]);
	b.server[2].set[VIEW_DNSKEY] = b.own[2];
	bench_run(&b, 5000);
	b.view->d.paused = false;
	assert_true(b.view->early);
	for (int attempts = 0; attempts < 2; attempts++) {
		memset(run(), 0, sizeof(*run()));
		b.view->d.attempts = (uint32_t)attempts;
		bench_decide(&b);
		assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
		assert_int_equal(run()->subject, 2);
	}
}

/* A member says no to what we asked for; the time after that is over. What begins next? */
static uint8_t
denied(void)
{
	struct view_message m = {.op = MSIG_OP_DENY,
				 .epoch = run()->epoch,
				 .process = run()->kind,
				 .step = run()->step,
				 .subject = run()->subject,
				 .result = MSIG_RESULT_POLICY};

	memcpy(m.tid, run()->tid, sizeof(m.tid));
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
	bench_run(&b, b.view->d.backoff - b.now + 1000);
	return run()->kind;
}

/* What the group wants is refused: those who wait for something else have their turn, one after the
 * other. */
static void
test_turns(void **state)
{
	owner(2, true, false);
	bench_run(&b, 5000);
	memset(run(), 0, sizeof(*run()));
	lead(0);
	b.view->d.backoff = b.view->d.attempts = 0;
	b.view->config.driver = b.view->store_known = true;
	struct view_statement st = peer(1)->statement;
	st.wish = MSIG_PROCESS_ZSK;
	restate(1, st);
	bench_run(&b, 1000);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_ADD);
	assert_int_equal(denied(), MSIG_PROCESS_ZSK);
	assert_int_equal(denied(), MSIG_PROCESS_NS_ADD);
	/* Alone it has every turn. */
	st.wish = 0;
	restate(1, st);
	assert_int_equal(denied(), MSIG_PROCESS_NS_ADD);
}

/* Who leads and is no member can ask for nothing before it has joined, and it says what for that it
 * waits. */
static void
test_what_keeps_the_leader(void **state)
{
	bench_clear(&b);
	led(3, 6, 0);
	owner(2, false, true);
	bench_run(&b, 5000);
	memset(run(), 0, sizeof(*run()));
	lead(0);
	b.view->d.backoff = 0;
	b.view->dirty = true;
	bench_run(&b, 1000);
	assert_false(peer(VIEW_SELF)->member);
	assert_int_equal(elect_leader(b.view), VIEW_SELF);
	assert_int_equal(run()->kind, 0);
	const struct reason *r = bench_reason(&b, REASON_PEER, REASON_OF_HSYNC);
	assert_non_null(r);
	assert_string_equal(r->seen, "a member is to leave first");
	/* What another one wishes has its turn all the same. */
	bench_clear(&b);
	led(3, 6, 0);
	struct view_statement st = peer(1)->statement;
	st.wish = MSIG_PROCESS_ZSK;
	restate(1, st);
	b.view->d.backoff = 0;
	b.view->d.attempts = 1;
	bench_run(&b, 1000);
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
	assert_int_equal(run()->subject, 1);
}

/* Whose turn it is not begins nothing, nor who leads and has nothing to do. */
static void
test_nothing_to_begin(void **state)
{
	for (int leads = 0; leads < 2; leads++) {
		bench_clear(&b);
		if (leads)
			led(2, 3, 0);
		else
			led(2, 2, 1);
		b.view->d.attempts = 0;
		bench_run(&b, 10000);
		assert_int_equal(run()->kind, 0);
		assert_int_equal(b.view->d.attempts, 0);
		assert_int_equal(b.sends, 0);
	}
}

/* ---- who may ask ---- */

static void
test_leader_is_heard(void **state)
{
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ADD, 0, 2, 0);
	EXPECT(1, APPROVE);
	assert_int_equal(run()->requestor, 1);
	assert_int_equal(run()->subject, 2);
	assert_true(run()->led);
}

static void
test_joiner_is_not_heard(void **state)
{
	say(2, MSIG_OP_REQUEST, MSIG_PROCESS_ADD, 0, 2, 0);
	EXPECT_NOT(2, APPROVE);
	EXPECT(2, NOT_YET);
	assert_int_equal(run()->kind, 0);
	/* Nor without its REQUEST. */
	say(2, MSIG_OP_EXECUTE, MSIG_PROCESS_ADD, 0, 2, 0);
	assert_int_equal(run()->kind, 0);
}

static void
test_no_leader_no_approval(void **state)
{
	b.view->d.election.state = ELECT_NONE;
	b.view->d.election.backoff = b.now + 60000;
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ADD, 0, 2, 0);
	EXPECT(1, NOT_YET);
	lead(1);
	bench_decide(&b);
	EXPECT(1, APPROVE);
}

/* Nobody rolls our keys but we ourselves. */
static void
test_roll_without_order(void **state)
{
	peer(2)->statement.known = false;
	b.view->designated = 3;
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ZSK, 0, 0, 0);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_DENY)->result, MSIG_RESULT_POLICY);
	bench_forget(&b);
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ZSK, 0, 1, 0); /* its own, which it did not wish */
	EXPECT(1, NOT_YET);
}

/* ---- who goes on ---- */

static void
at(uint8_t step, enum view_phase phase, int requestor)
{
	in_the_middle(MSIG_PROCESS_ADD, 2, requestor, step, phase, 7);
	run()->led = true;
	run()->done = phase == PHASE_DONE;
	bench_forget(&b);
}

static void
test_new_leader_goes_on(void **state)
{
	at(2, PHASE_DONE, 1);
	lead(0);
	bench_decide(&b);
	assert_int_equal(run()->requestor, 0);
	assert_int_equal(run()->phase, PHASE_DONE);
	EXPECT(1, EXECUTE); /* of the same step, to whom it does not know to be done */
	EXPECT(2, EXECUTE);
	reply(1, MSIG_OP_DONE);
	reply(2, MSIG_OP_DONE);
	bench_decide(&b);
	assert_int_equal(run()->step, 3);
	assert_int_equal(run()->phase, PHASE_REQUESTED);
}

/* What it approved itself may have been executed or not: it asks for it once more. */
static void
test_new_leader_asks_again(void **state)
{
	at(1, PHASE_GRANTED, 1);
	lead(0);
	bench_decide(&b);
	assert_int_equal(run()->step, 1);
	assert_int_equal(run()->phase, PHASE_REQUESTED);
	EXPECT(1, REQUEST);
	EXPECT_NOT(1, EXECUTE);
}

/* Who had asked for a step is where it was before. */
static void
test_old_leader_follows(void **state)
{
	at(3, PHASE_REQUESTED, 0);
	lead(1);
	bench_decide(&b);
	assert_int_equal(run()->requestor, 1);
	assert_int_equal(run()->step, 2);
	assert_int_equal(run()->phase, PHASE_DONE);
	EXPECT_NOT(1, REQUEST);
	EXPECT(1, DONE);
}

/* Who executed it already says yes to it again, and stays where it is. */
static void
test_executed_already(void **state)
{
	at(2, PHASE_EXECUTING, 1);
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ADD, 2, 2, 0);
	EXPECT(1, APPROVE);
	assert_int_equal(run()->phase, PHASE_EXECUTING);
	bench_forget(&b);
	say(2, MSIG_OP_REQUEST, MSIG_PROCESS_ADD, 2, 2, 0);
	EXPECT_NOT(2, APPROVE);
}

/* What was not executed ends with who asked for it. */
static void
test_not_executed_ends(void **state)
{
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ADD, 0, 2, 0);
	assert_int_equal(run()->phase, PHASE_GRANTED);
	lead(0);
	b.view->d.backoff = b.now + 60000;
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
}

/* Between two terms nobody takes a step. */
static void
test_no_step_between_terms(void **state)
{
	at(1, PHASE_REQUESTED, 0);
	b.view->d.election.state = ELECT_NONE;
	b.view->d.election.leader = -1;
	b.view->d.election.backoff = b.now + 60000;
	bench_run(&b, 3000);
	EXPECT_NOT(1, REQUEST);
	lead(0);
	bench_run(&b, 3000);
	EXPECT(1, REQUEST);
}

/* Its keys were to roll, and now it says that it is no member: it joins again first. What did not
 * begin cannot, for the delegation has not all of it. */
static void
test_roller_is_no_member(void **state)
{
	peer(1)->statement.wish = MSIG_PROCESS_KSK;
	in_the_middle(MSIG_PROCESS_KSK, 1, VIEW_SELF, 0, PHASE_REQUESTED, 3);
	run()->led = true;
	run()->executed = false;
	run()->voters = agree_electorate(b.view, MSIG_PROCESS_KSK);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_KSK);
	runs(1, 0, 0, 9);
	stands(1, HAS_ALL);
	bench_decide(&b);
	assert_false(peer(1)->member);
	assert_int_equal(peer(1)->has, HAS_ALL);
	assert_int_not_equal(run()->kind, MSIG_PROCESS_KSK);
}

/* The leader is taken out: its successor ends what it conducted, and everything begins anew among
 * those who remain. */
static void
test_leader_taken_out(void **state)
{
	at(2, PHASE_DONE, 1);
	view_on_expel(b.view, "msa.p2.", true);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD); /* nobody leads yet */
	lead(0);
	b.view->d.backoff = b.now + 60000;
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
	assert_int_equal(peer(2)->has, HAS_KEYS | HAS_CDS);
}

/* A voter is taken out: whoever leads ends it, and who acts along, and may lead next, keeps in mind
 * who had a part in it. Between peers there is no next one. */
static void
test_voter_taken_out(void **state)
{
	static const struct {
		const char *what;
		bool led, out;
		int requestor;
		bool ends;
		uint32_t voters;
	} cases[] = {
	    {"along", true, true, 1, false, 7},
	    {"between peers", false, true, 1, false, 3},
	    {"nobody leads now", true, true, 1, false, 3},
	    {"nobody goes", false, false, 1, false, 7},
	    {"we lead", true, true, VIEW_SELF, true, 0},
	    {"we lead on", true, false, VIEW_SELF, false, 7},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		led(3, 7, cases[i].requestor);
		in_the_middle(MSIG_PROCESS_ZSK, 1, cases[i].requestor, 3, PHASE_DONE, 7);
		run()->led = cases[i].led;
		if (cases[i].out)
			assert_int_equal(view_on_expel(b.view, "msa.p3.", true), 0);
		agree_match(b.view);
		for (int k = 0; k < 3 && i == 2; k++)
			view_on_models(b.view, k, MSIG_SYNC_PEER);
		b.view->config.models = i == 2 ? MSIG_SYNC_PEER : MSIG_SYNC_LEADER;
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		agree_withdraw(&s);
		if (ended_early(MSIG_PROCESS_ZSK) != cases[i].ends ||
		    run()->voters != cases[i].voters)
			fail_msg("%s: %u", cases[i].what, run()->voters);
		if (i != 0)
			continue;
		lead(VIEW_SELF); /* the next one */
		bench_decide(&b);
		assert_true(ended_early(MSIG_PROCESS_ZSK));
	}
}

/* Who had no part in a process cannot conduct it. */
static void
test_leader_without_part(void **state)
{
	at(2, PHASE_DONE, 1);
	run()->voters = 6;
	lead(0);
	b.view->d.backoff = b.now + 60000;
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
	assert_false(b.view->d.ended.completed);
}

/* The leader says that it is over: the joiner's own word decides whether it is in. */
static void
test_over(void **state)
{
	at(6, PHASE_DONE, 1);
	struct view_statement st = peer(1)->statement;
	st.process_epoch = 9;
	restate(1, st);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
	st = peer(2)->statement;
	st.process_epoch = 9;
	st.step = 7;
	restate(2, st);
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
	assert_true(peer(2)->member);
	/* and if it says that it is not */
	at(6, PHASE_DONE, 1);
	peer(2)->member = false;
	st.step = 0;
	restate(2, st);
	bench_decide(&b);
	assert_int_equal(run()->kind, 0);
	assert_false(peer(2)->member);
}

/* ---- what a step changes ---- */

/* EXECUTE of the step that was approved, with this change; what became of it here. */
static enum view_phase
told(const struct view_change *change)
{
	struct view_message m = {.op = MSIG_OP_EXECUTE,
				 .epoch = run()->epoch,
				 .process = run()->kind,
				 .step = run()->step,
				 .subject = run()->subject,
				 .change = *change};
	memcpy(m.tid, run()->tid, sizeof(m.tid));
	memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	return run()->phase;
}

static struct view_change
planned(uint8_t kind, uint8_t step)
{
	struct view_message m = {.process = kind, .step = step, .subject = 2};
	run()->kind = kind;
	run()->subject = 2;
	return lead_change(b.view, &m);
}

static void
changes(const struct view_change *c, bool add, unsigned types)
{
	for (int t = 0; t < VIEW_APEX; t++) {
		assert_int_equal(!rset_empty(c->add[t]), add && (types >> t & 1));
		assert_int_equal(!rset_empty(c->del[t]), !add && (types >> t & 1));
	}
}

/* Each step changes what its row says, and nothing but the subject's records. */
static void
test_change_of_each_step(void **state)
{
	static const struct {
		uint8_t kind, step;
		bool add;
		unsigned types;
	} rows[] = {
	    {MSIG_PROCESS_ADD, 0, true, 0},
	    {MSIG_PROCESS_ADD, 1, true, 1u << VIEW_DNSKEY},
	    {MSIG_PROCESS_ADD, 2, true, 1u << VIEW_CDS | 1u << VIEW_CDNSKEY},
	    {MSIG_PROCESS_ADD, 3, true, 0},
	    {MSIG_PROCESS_ADD, 4, true, 1u << VIEW_NS},
	    {MSIG_PROCESS_ADD, 5, true, 1u << VIEW_CSYNC},
	    {MSIG_PROCESS_ADD, 6, false, 1u << VIEW_CSYNC},
	    {MSIG_PROCESS_REMOVE, 1, false, 1u << VIEW_NS},
	    {MSIG_PROCESS_REMOVE, 2, true, 1u << VIEW_CSYNC},
	    {MSIG_PROCESS_REMOVE, 3, false, 1u << VIEW_CSYNC},
	    {MSIG_PROCESS_REMOVE, 4, false, 0},
	    {MSIG_PROCESS_REMOVE, 5, false, 1u << VIEW_CDS | 1u << VIEW_CDNSKEY},
	    {MSIG_PROCESS_REMOVE, 7, false, 1u << VIEW_DNSKEY},
	    {MSIG_PROCESS_ZSK, 2, true, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view_change c = planned(rows[i].kind, rows[i].step);
		changes(&c, rows[i].add, rows[i].types);
		const struct rset *keys = rows[i].add ? c.add : c.del;
		assert_true(rset_within(keys[VIEW_DNSKEY], b.own[2]));
		assert_true(rset_within(keys[VIEW_CDS], b.cds[2]));
		assert_true(rset_within(keys[VIEW_NS], only(b.ns[2])));
	}
	/* NS that the owner manages are his; and so are those of who goes on serving. */
	struct view_change c;
	run()->stays = true;
	c = planned(MSIG_PROCESS_REMOVE, 1);
	changes(&c, false, 0);
	run()->stays = false;
	b.view->d.agent_ns = false;
	c = planned(MSIG_PROCESS_ADD, 4);
	changes(&c, true, 0);
}

static void
test_change_as_planned(void **state)
{
	at(1, PHASE_GRANTED, 1);
	struct view_change c = planned(MSIG_PROCESS_ADD, 1);
	assert_int_equal(told(&c), PHASE_EXECUTING);
	EXPECT_NOT(1, DENY);
}

/* Anything else is refused, nothing is done, and it is no alarm before it lasts. */
static void
refused(struct view_change c)
{
	at(1, PHASE_GRANTED, 1);
	uint64_t counter = b.view->d.want.counter;
	assert_int_equal(told(&c), PHASE_GRANTED);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_DENY)->result, MSIG_RESULT_CHANGE);
	assert_true(bench_sent(&b, 1, MSIG_OP_DENY)->text[0] != 0);
	assert_int_equal(b.view->d.want.counter, counter);
	assert_true(peer(2)->stale); /* perhaps a statement is missing */
	assert_int_equal(b.alarms, 0);
	bench_run(&b, 3 * b.view->config.times.resend);
	assert_int_equal(told(&c), PHASE_GRANTED);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_GRANT));
	assert_int_equal(b.alarms, 1);
	assert_int_equal(b.view->d.want.counter, counter);
	c = planned(MSIG_PROCESS_ADD, 1);
	assert_int_equal(told(&c), PHASE_EXECUTING);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_GRANT));
}

static void
test_change_without_words(void **state)
{
	refused((struct view_change){0});
}

static void
test_change_too_little(void **state)
{
	struct view_change c = planned(MSIG_PROCESS_ADD, 1);
	rset_del(&c.add[VIEW_DNSKEY], b.zsk[2]);
	refused(c);
}

static void
test_change_too_much(void **state)
{
	struct view_change c = planned(MSIG_PROCESS_ADD, 1);
	c.add[VIEW_NS] = only(b.ns[2]);
	refused(c);
}

static void
test_change_deletes_ours(void **state)
{
	struct view_change c = planned(MSIG_PROCESS_ADD, 1);
	c.del[VIEW_DNSKEY] = only(b.zsk[0]);
	refused(c);
}

static void
test_change_of_the_unknown(void **state)
{
	struct view_change c = planned(MSIG_PROCESS_ADD, 1);
	c.unknown = 1;
	refused(c);
}

static void
test_change_of_something_else(void **state)
{
	struct view_change c = planned(MSIG_PROCESS_ADD, 1);
	snprintf(c.odd, sizeof(c.odd), "a record of type 1");
	refused(c);
}

/* Another subject in the same process changes nothing of what is compared. */
static void
test_change_of_another(void **state)
{
	struct view_message m = {.process = MSIG_PROCESS_ADD, .step = 1, .subject = 1};
	run()->kind = MSIG_PROCESS_ADD;
	refused(lead_change(b.view, &m));
}

/* Of who leaves and is not there one may know more than another: each takes out what he has of it.
 * What is of those who stay is not among it, and whoever is there can be asked. */
static void
test_change_of_the_dead(void **state)
{
	run()->kind = MSIG_PROCESS_REMOVE;
	run()->subject = 2;
	run()->led = true;
	struct view_message m = {.process = MSIG_PROCESS_REMOVE, .step = 7, .subject = 2};
	char why[200];
	m.change = lead_change(b.view, &m);
	rset_del(&m.change.del[VIEW_DNSKEY], b.zsk[2]);
	peer(2)->ready = true;
	assert_non_null(lead_differs(b.view, &m, why, sizeof(why)));
	peer(2)->ready = false;
	assert_null(lead_differs(b.view, &m, why, sizeof(why)));
	m.change.strange = 1;
	assert_null(lead_differs(b.view, &m, why, sizeof(why)));
	peer(2)->ready = true;
	assert_non_null(lead_differs(b.view, &m, why, sizeof(why)));
	peer(2)->ready = false;
	rset_add(&m.change.del[VIEW_DNSKEY], b.zsk[0]);
	assert_non_null(lead_differs(b.view, &m, why, sizeof(why)));
	rset_del(&m.change.del[VIEW_DNSKEY], b.zsk[0]);
	rset_add(&m.change.add[VIEW_DNSKEY], b.zsk[2]);
	assert_non_null(lead_differs(b.view, &m, why, sizeof(why)));
	memset(run(), 0, sizeof(*run()));
}

/* The leader knows nothing of who leaves silently, and its servers show nothing of it that would go
 * here: that need not go there. */
static void
test_change_of_the_unknown_dead(void **state)
{
	struct view_message m = {.process = MSIG_PROCESS_REMOVE, .step = 1, .subject = 2};
	char why[200];

	run()->kind = MSIG_PROCESS_REMOVE;
	run()->subject = 2;
	run()->requestor = 1;
	run()->led = true;
	peer(2)->ready = false;
	m.change.given = true;
	for (int shown = 0; shown < 2; shown++) {
		b.server[1].set[VIEW_NS] = shown ? only(b.ns[2]) : only(b.ns[1]);
		bench_look(&b);
		assert_int_equal(lead_differs(b.view, &m, why, sizeof(why)) != NULL, shown);
	}
	memset(run(), 0, sizeof(*run()));
}

static void
as_peers(void)
{
	b.view->config.models = MSIG_SYNC_PEER;
	for (int i = 1; i < b.view->d.providers; i++)
		view_on_models(b.view, i, MSIG_SYNC_PEER);
	run()->led = false;
}

/* It began between peers: under whoever asked for it, if that one leads, each step has its change. */
static void
test_takes_up(void **state)
{
	for (int by = 0; by < 2; by++) {
		at(1, PHASE_EXECUTING, by);
		run()->led = false;
		bench_decide(&b);
		assert_int_equal(run()->led, by == 0);
	}
	at(1, PHASE_EXECUTING, 0);
	as_peers();
	bench_decide(&b);
	assert_false(run()->led);
}

/* As peers nobody is told what to change. */
static void
test_change_by_a_peer(void **state)
{
	at(1, PHASE_GRANTED, 1);
	as_peers();
	struct view_change c = planned(MSIG_PROCESS_ADD, 1);
	assert_int_equal(told(&c), PHASE_GRANTED);
	EXPECT(1, DENY);
	memset(&c, 0, sizeof(c));
	assert_int_equal(told(&c), PHASE_EXECUTING);
}

static void
test_leader_says_what_changes(void **state)
{
	at(1, PHASE_DONE, 0);
	bench_decide(&b);
	EXPECT(1, EXECUTE);
	const struct view_change *c = &bench_sent(&b, 1, MSIG_OP_EXECUTE)->change;
	assert_true(c->given);
	assert_true(rset_equal(c->add[VIEW_DNSKEY], b.own[2]));
	EXPECT(2, EXECUTE);
	bench_forget(&b);
	as_peers();
	bench_run(&b, 2 * b.view->config.times.resend);
	EXPECT(1, EXECUTE);
	assert_false(bench_sent(&b, 1, MSIG_OP_EXECUTE)->change.given);
}

/* The leader says who refused what, and says it again. */
static void
test_leader_is_refused(void **state)
{
	at(1, PHASE_DONE, 0);
	bench_decide(&b);
	struct view_message m = {.op = MSIG_OP_DENY,
				 .epoch = 9,
				 .process = MSIG_PROCESS_ADD,
				 .step = 1,
				 .subject = 2,
				 .result = MSIG_RESULT_CHANGE};
	m.tid[0] = 5;
	snprintf(m.text, sizeof(m.text), "DNSKEY: one more");
	view_on_message(b.view, 1, &m, b.now);
	bench_forget(&b);
	bench_run(&b, 3 * b.view->config.times.resend);
	assert_int_equal(run()->step, 1);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_GRANT);
	assert_non_null(r);
	assert_string_equal(r->place, "msa.p2.");
	assert_string_equal(r->seen, "DNSKEY: one more");
	assert_int_equal(b.alarms, 1);
	EXPECT(1, EXECUTE);
	reply(1, MSIG_OP_DONE);
	bench_decide(&b);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_GRANT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(we_lead, test_leader_asks_for_the_joiner),
	    IN(we_join, test_joiner_waits),
	    IN(we_lead, test_nobody_without_leader),
	    IN(we_lead, test_model_unknown),
	    IN(we_lead, test_no_common_model),
	    IN(we_lead, test_wish),
	    IN(other_leads, test_own_wish),
	    IN(we_lead, test_key_not_shown_there),
	    IN(we_lead, test_turns),
	    IN(we_lead, test_takes_up),
	    IN(we_lead, test_what_keeps_the_leader),
	    IN(we_lead, test_nothing_to_begin),
	    IN(other_leads, test_leader_is_heard),
	    IN(other_leads, test_joiner_is_not_heard),
	    IN(other_leads, test_no_leader_no_approval),
	    IN(other_leads, test_roll_without_order),
	    IN(other_leads, test_new_leader_goes_on),
	    IN(other_leads, test_new_leader_asks_again),
	    IN(we_lead, test_old_leader_follows),
	    IN(other_leads, test_executed_already),
	    IN(other_leads, test_not_executed_ends),
	    IN(we_lead, test_no_step_between_terms),
	    IN(we_lead, test_roller_is_no_member),
	    IN(other_leads, test_leader_taken_out),
	    IN(other_leads, test_voter_taken_out),
	    IN(other_leads, test_leader_without_part),
	    IN(other_leads, test_over),
	    IN(other_leads, test_change_of_each_step),
	    IN(other_leads, test_change_as_planned),
	    IN(other_leads, test_change_without_words),
	    IN(other_leads, test_change_too_little),
	    IN(other_leads, test_change_too_much),
	    IN(other_leads, test_change_deletes_ours),
	    IN(other_leads, test_change_of_the_unknown),
	    IN(other_leads, test_change_of_something_else),
	    IN(other_leads, test_change_of_another),
	    IN(other_leads, test_change_of_the_dead),
	    IN(other_leads, test_change_of_the_unknown_dead),
	    IN(other_leads, test_change_by_a_peer),
	    IN(we_lead, test_leader_says_what_changes),
	    IN(we_lead, test_leader_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
