/*
 * The election: who may vote, what is on disk before it is said, who wins, what ends a lead. The
 * agent under test is provider 1; 2 and 3 are moved by hand. The last tests let three agents vote
 * against each other through a network that loses and repeats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/elect.h"
#include "tests/unit/bench.h"
#include "tests/unit/durable_v3.h"

static struct bench b;

static void
follow_leader(int provider)
{
	view_on_models(b.view, provider, MSIG_SYNC_LEADER);
}

/* Three members, all of which can be led only. */
static int
three(void **state)
{
	bench_init(&b, 3, 7);
	b.view->config.models = MSIG_SYNC_LEADER;
	follow_leader(1);
	follow_leader(2);
	bench_decide(&b);
	return 0;
}

static int
teardown(void **state)
{
	bench_clear(&b);
	return 0;
}

static struct view_election *
e(void)
{
	return &b.view->d.election;
}

#define EXPECT(provider, op) assert_non_null(bench_sent(&b, provider, MSIG_OP_ELECT_##op))
#define EXPECT_NOT(provider, op) assert_null(bench_sent(&b, provider, MSIG_OP_ELECT_##op))

static void
ballot(int provider, enum msig_op op, uint64_t term, uint32_t vote, int leader)
{
	struct view_message m = {.op = op, .term = term, .vote = vote, .leader = leader};
	memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
	view_on_message(b.view, provider, &m, b.now);
	bench_decide(&b);
}

#define CALL(p, term, v) ballot(p, MSIG_OP_ELECT_CALL, term, v, -1)
#define VOTE(p, term, v) ballot(p, MSIG_OP_ELECT_VOTE, term, v, -1)
#define CONFIRM(p, term, v, who) ballot(p, MSIG_OP_ELECT_CONFIRM, term, v, who)

/* We lead, or 2 does. */
static void
settle(uint64_t term, int leader)
{
	uint32_t vote = leader == 0 ? 0 : UINT32_MAX;
	CONFIRM(1, term, leader == 1 ? vote : 0, leader);
	CONFIRM(2, term, 0, leader);
	assert_int_equal(e()->state, ELECT_SETTLED);
	assert_int_equal(elect_leader(b.view), leader);
}

/* The lowest identity calls, and its term and vote are in what is persisted with the words. */
static void
test_call(void **state)
{
	assert_int_equal(e()->state, ELECT_VOTING);
	assert_int_equal(e()->term, 1);
	assert_int_equal(e()->voters, 7);
	EXPECT(1, CALL);
	EXPECT(2, CALL);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_ELECT_CALL)->vote, e()->vote[0]);
	assert_true(b.plan.persist);
	assert_int_equal(elect_leader(b.view), -1);
}

static void
test_all_votes(void **state)
{
	VOTE(1, 1, 0);
	assert_int_equal(e()->state, ELECT_VOTING);
	EXPECT_NOT(1, CONFIRM);
	VOTE(2, 1, 0);
	assert_int_equal(e()->state, ELECT_CONFIRMING);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_ELECT_CONFIRM)->leader, 0);
	CONFIRM(1, 1, 0, 0);
	assert_int_equal(e()->state, ELECT_CONFIRMING);
	CONFIRM(2, 1, 0, 0);
	assert_int_equal(e()->state, ELECT_SETTLED);
	assert_int_equal(elect_leader(b.view), 0);
	assert_int_equal(e()->lease, b.now + b.view->config.times.lead);
}

/* The highest vote wins; of two equal ones the higher identity. */
static void
test_winner(void **state)
{
	VOTE(1, 1, UINT32_MAX);
	VOTE(2, 1, UINT32_MAX);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_ELECT_CONFIRM)->leader, 2);
}

static void
test_one_vote_each(void **state)
{
	VOTE(1, 1, UINT32_MAX);
	VOTE(1, 1, 0);
	assert_int_equal(e()->vote[1], UINT32_MAX);
	/* A confirmation carries the vote, in case that it was lost. */
	CONFIRM(2, 1, 0, 1);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_ELECT_CONFIRM)->leader, 1);
}

static void
test_other_winner(void **state)
{
	VOTE(1, 1, 0);
	CONFIRM(2, 1, 0, 2);
	assert_int_equal(e()->state, ELECT_NONE);
	assert_true(e()->backoff > b.now);
	/* and later once more */
	bench_forget(&b);
	bench_run(&b, 2000);
	assert_int_equal(e()->term, 2);
	EXPECT(1, CALL);
}

static void
test_vote_missing(void **state)
{
	VOTE(1, 1, 0);
	bench_forget(&b);
	bench_run(&b, 1100);
	EXPECT(2, CALL); /* asked again */
	EXPECT_NOT(1, CALL);
	bench_run(&b, 2000);
	assert_true(e()->state == ELECT_NONE || e()->term == 2);
	assert_true(e()->attempts > 0);
}

/* Attempts that fail are further and further apart. */
static void
test_no_spinning(void **state)
{
	bench_run(&b, 60000);
	assert_in_range(e()->term, 5, 16);
	assert_non_null(bench_reason(&b, REASON_PEER, REASON_OF_LEADER));
}

static void
test_restart(void **state)
{
	uint32_t vote = e()->vote[0];
	VOTE(1, 1, 0);
	bench_restart(&b);
	b.view->config.models = MSIG_SYNC_LEADER;
	assert_int_equal(e()->state, ELECT_VOTING);
	assert_int_equal(e()->term, 1);
	assert_int_equal(e()->vote[0], vote);
	assert_int_equal(e()->voted, 3);
	assert_int_equal(b.view->d.provider[1].models, MSIG_SYNC_LEADER);
	VOTE(2, 1, 0);
	view_on_peer(b.view, 1, true, "");
	CONFIRM(2, 1, 0, 0);
	CONFIRM(1, 1, 0, 0);
	assert_int_equal(elect_leader(b.view), 0);
	bench_restart(&b);
	assert_int_equal(elect_leader(b.view), 0);
}

/* A record from before there were elections is read, and written as one of today. */
static void
test_older_record(void **state)
{
	uint8_t generation[16] = {1}, seed[16] = {2}, *blob;
	size_t len;
	struct zone_view *old =
	    view_new("shop.example.", "msa.p1.", &view_times_lab, generation, seed);

	assert_int_equal(view_decode(old, durable_v3, sizeof(durable_v3), BENCH_START), 0);
	for (int again = 0; again < 2; again++) {
		const struct durable *d = &old->d;
		assert_int_equal(d->election.term, 0);
		assert_int_equal(elect_leader(old), -1);
		assert_int_equal(d->election.leader, -1);
		assert_int_equal(d->provider[1].models, 0);
		assert_true(d->provider[0].member);
		assert_int_equal(d->provider[1].has, HAS_KEYS);
		assert_int_equal(rset_count(d->provider[0].statement.dnskey), 2);
		assert_int_equal(d->provider[0].statement.wish, 0);
		assert_int_equal(d->provider[0].statement.standing, HAS_ALL | MSIG_STANDING_MEMBER);
		assert_int_equal(d->process.step, 2);
		assert_int_equal(d->process.requestor, 1);
		assert_false(d->process.led);
		assert_int_equal(d->approved.subject, 1);
		assert_int_equal(view_encode(old, &blob, &len), 0);
		assert_true(len > sizeof(durable_v3));
		assert_int_equal(view_decode(old, blob, len, BENCH_START), 0);
		free(blob);
	}
	view_free(old);
}

/* What a statement in it says of its provider follows from what it was doing: process, step. */
static void
test_older_statement(void **state)
{
	static const struct {
		uint8_t process, step, standing;
	} cases[] = {{0, 7, HAS_ALL | MSIG_STANDING_MEMBER}, {0, 0, 0}, {MSIG_PROCESS_ZSK, 7, 0}};
	const size_t at = 159;
	uint8_t id[16] = {1}, record[sizeof(durable_v3)];

	memcpy(record, durable_v3, sizeof(record));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone_view *old =
		    view_new("shop.example.", "msa.p1.", &view_times_lab, id, id);
		const struct view_statement *st = &old->d.provider[0].statement;
		record[at] = cases[i].process;
		record[at + 1] = cases[i].step;
		assert_int_equal(view_decode(old, record, sizeof(record), BENCH_START), 0);
		assert_int_equal(st->process, cases[i].process);
		assert_int_equal(st->step, cases[i].step);
		assert_int_equal(st->standing, cases[i].standing);
		view_free(old);
	}
}

/* A later term is joined with one vote, and what belongs to the former counts no more. */
static void
test_later_term(void **state)
{
	VOTE(1, 1, UINT32_MAX);
	bench_forget(&b);
	CALL(2, 5, 7);
	assert_int_equal(e()->term, 5);
	assert_int_equal(e()->state, ELECT_VOTING);
	EXPECT(1, VOTE);
	EXPECT(2, VOTE);
	assert_int_equal(e()->voted, 5);
	VOTE(1, 1, UINT32_MAX);
	assert_int_equal(e()->voted, 5);
}

static void
test_earlier_term(void **state)
{
	CALL(2, 5, 7);
	bench_forget(&b);
	CALL(1, 3, 9);
	assert_int_equal(e()->term, 5);
	assert_int_equal(e()->voted, 5);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_ELECT_VOTE)->term, 5);
}

static void
test_absurd_term(void **state)
{
	CALL(2, UINT64_MAX, 7);
	assert_int_equal(e()->term, 1);
}

static void
test_other_hsync(void **state)
{
	struct view_message m = {.op = MSIG_OP_ELECT_VOTE, .term = 1, .vote = 3, .leader = -1};
	m.hsync[0] = 0xee;
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	assert_int_equal(e()->voted, 1);
}

/* Who does not sign, is OFF, or was taken out has no vote, though it was heard before. */
static void
test_voters(void **state)
{
	VOTE(2, 1, UINT32_MAX);
	view_on_expel(b.view, "msa.p3.", true);
	bench_forget(&b);
	bench_decide(&b);
	assert_int_equal(e()->term, 2);
	assert_int_equal(e()->voters, 3);
	EXPECT_NOT(2, CALL);
	VOTE(2, 2, UINT32_MAX);
	VOTE(1, 2, 0);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_ELECT_CONFIRM)->leader, 0);
	view_on_expel(b.view, "msa.p3.", false);
	bench_decide(&b);
	assert_int_equal(e()->voters, 7);

	b.hsync.entry[2].sign = false; /* an auditor */
	b.hsync.digest[0]++;
	bench_run(&b, 10000);
	assert_int_equal(elect_voters(b.view), 3);
	b.hsync.entry[1].on = false;
	b.hsync.digest[0]++;
	bench_run(&b, 10000);
	assert_int_equal(elect_voters(b.view), 1);
	assert_int_equal(elect_leader(b.view), 0); /* alone */
}

static void
test_joiner(void **state)
{
	bench_clear(&b);
	bench_init(&b, 3, 3);
	b.view->config.models = MSIG_SYNC_LEADER;
	follow_leader(1);
	b.view->d.provider[2].models = 0;
	bench_decide(&b);
	assert_int_equal(e()->voters, 3); /* nobody heard of it yet: it stops nobody */
	follow_leader(2);
	bench_decide(&b);
	assert_int_equal(e()->voters, 7);
	bench_clear(&b);
	/* and leads nobody who is in already */
	bench_init(&b, 2, 2);
	b.view->config.models = MSIG_SYNC_LEADER;
	bench_decide(&b);
	assert_int_equal(e()->vote[0], 0);
}

static void
test_all_there(void **state)
{
	VOTE(1, 1, 0);
	view_on_peer(b.view, 2, false, "silent");
	bench_run(&b, 30000);
	assert_int_equal(e()->state, ELECT_NONE);
	assert_int_equal(e()->term, 1);
	const struct reason *r = bench_reason(&b, REASON_PEER, REASON_OF_LEADER);
	assert_non_null(r);
	assert_string_equal(r->place, "msa.p3.");
	view_on_peer(b.view, 2, true, "");
	bench_decide(&b);
	assert_int_equal(e()->term, 2);
}

/* The lowest does not call: somebody else does. */
static void
test_patience(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	snprintf(b.view->d.provider[1].identity, VIEW_NAME, "msa.p0.");
	snprintf(b.view->d.hsync.entry[1].identity, VIEW_NAME, "msa.p0.");
	snprintf(b.hsync.entry[1].identity, VIEW_NAME, "msa.p0.");
	b.view->config.models = MSIG_SYNC_LEADER;
	follow_leader(1);
	bench_run(&b, 8000);
	assert_int_equal(e()->term, 0);
	bench_run(&b, 2000);
	assert_int_equal(e()->term, 1);
}

static void
test_lost(void **state)
{
	settle(1, 1);
	assert_int_equal(e()->lease, b.now + b.view->config.times.lead);
	view_on_peer(b.view, 2, false, "silent"); /* a follower: no reason to change */
	bench_decide(&b);
	assert_int_equal(elect_leader(b.view), 1);
	view_on_peer(b.view, 1, false, "silent");
	bench_decide(&b);
	assert_int_equal(elect_leader(b.view), -1);
	view_on_peer(b.view, 2, true, "");
	view_on_peer(b.view, 1, true, "");
	bench_decide(&b);
	assert_int_equal(e()->term, 2);
	settle(2, 1);
	b.hsync.digest[0]++; /* another instruction */
	bench_run(&b, 5000);
	assert_true(e()->term > 2);
}

static void
test_lease(void **state)
{
	settle(1, 1);
	bench_run(&b, b.view->config.times.lead * 19 / 20 - 1);
	assert_int_equal(elect_leader(b.view), 1);
	bench_run(&b, 2);
	assert_int_equal(e()->term, 2); /* the leader did not call: we do */
	settle(2, 1);
	view_on_peer(b.view, 2, false, "silent");
	bench_run(&b, b.view->config.times.lead - 1);
	assert_int_equal(elect_leader(b.view), 1);
	bench_run(&b, 2);
	assert_int_equal(elect_leader(b.view), -1);
}

/* Who renews its lease goes on leading; called by others, it is one of them. */
static void
test_renew(void **state)
{
	settle(1, 0);
	bench_forget(&b);
	bench_run(&b, b.view->config.times.lead * 9 / 10 + 1);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_ELECT_CALL)->vote, UINT32_MAX);
	CALL(1, 9, 4);
	assert_true(bench_sent(&b, 1, MSIG_OP_ELECT_VOTE)->vote < UINT32_MAX);
}

/* Asked, we repeat what we said; what is no question is not answered. */
static void
test_answers(void **state)
{
	settle(1, 1);
	bench_forget(&b);
	CONFIRM(2, 1, 0, 1);
	assert_int_equal(b.sends, 0);
	CALL(2, 1, 0);
	assert_int_equal(bench_sent(&b, 2, MSIG_OP_ELECT_CONFIRM)->leader, 1);
}

static void
test_clock(void **state)
{
	settle(1, 1);
	view_on_clock(b.view, b.now - 3600000);
	assert_true(e()->lease <= b.now - 3600000 + b.view->config.times.lead);
}

static void
test_doubt(void **state)
{
	settle(1, 1);
	b.view->d.rebuild = true;
	bench_decide(&b);
	assert_int_equal(elect_leader(b.view), -1);
	bench_forget(&b);
	CALL(1, 7, 4);
	assert_int_equal(b.sends, 0);
}

static void
test_model(void **state)
{
	int who;
	assert_int_equal(elect_model(b.view, NULL), MODEL_LEADER);
	b.view->config.models = MSIG_SYNC_PEER;
	assert_int_equal(elect_model(b.view, &who), MODEL_NONE);
	bench_decide(&b);
	assert_int_equal(e()->state, ELECT_NONE);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_LEADER));
	b.view->config.models = 0;
	assert_int_equal(elect_model(b.view, NULL), MODEL_LEADER);
	view_on_models(b.view, 1, 3);
	assert_int_equal(elect_model(b.view, &who), MODEL_LEADER);
	assert_int_equal(who, 2);
	view_on_models(b.view, 2, 3);
	assert_int_equal(elect_model(b.view, NULL), MODEL_PEER);
	view_on_models(b.view, 2, 0); /* says nothing new */
	assert_int_equal(elect_model(b.view, NULL), MODEL_PEER);
	b.view->d.provider[2].models = 0;
	assert_int_equal(elect_model(b.view, &who), MODEL_UNKNOWN);
	assert_int_equal(who, 2);
}

/* ---- three agents, with nothing but their elections ---- */

#define AGENTS 3
static struct zone_view *agent[AGENTS];
static struct plan plan;
static int64_t now;
static uint32_t dice;

static uint32_t
roll(uint32_t sides)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 8) % sides;
}

static void
name_of(int i, char name[VIEW_NAME])
{
	snprintf(name, VIEW_NAME, "msa.p%d.", i + 1);
}

/* The number that agent k has for agent i. */
static int
number(int i, int k)
{
	char name[VIEW_NAME];
	name_of(i, name);
	return view_provider_find(agent[k], name);
}

/* ... and the other way round. */
static int
agent_of(int k, int n)
{
	return agent[k]->d.provider[n].identity[5] - '1';
}

static void
start(int i)
{
	uint8_t generation[16] = {1}, seed[16] = {(uint8_t)roll(256), (uint8_t)roll(256)};
	char name[VIEW_NAME];
	uint8_t *blob = NULL;
	size_t len = 0;

	if (agent[i] != NULL)
		assert_int_equal(view_encode(agent[i], &blob, &len), 0);
	view_free(agent[i]);
	name_of(i, name);
	agent[i] = view_new("shop.example.", name, &view_times_lab, generation, seed);
	if (blob != NULL)
		assert_int_equal(view_decode(agent[i], blob, len, now), 0);
	free(blob);
	struct durable *d = &agent[i]->d;
	d->hsync.count = AGENTS;
	for (int k = 0; k < AGENTS; k++) {
		struct view_hsync_entry *h = &d->hsync.entry[k];
		name_of(k, h->identity);
		h->on = h->sign = true;
		struct view_provider *p = &d->provider[view_provider(agent[i], h->identity)];
		p->member = p->ready = true;
		p->models = MSIG_SYNC_LEADER;
	}
	agent[i]->config.models = MSIG_SYNC_LEADER;
	agent[i]->designated = agree_designated(agent[i]);
}

static void turn(int i, bool faulty);

static void
pass_on(int from, const struct action *a, bool faulty)
{
	struct view_message m = a->message;
	int to = agent_of(from, a->provider);

	if (m.leader >= 0)
		m.leader = number(agent_of(from, m.leader), to);
	view_on_message(agent[to], number(from, to), &m, now);
	if (roll(2) == 0) /* or the next one comes at once */
		turn(to, faulty);
}

static void
turn(int i, bool faulty)
{
	struct step s = {agent[i], now, &plan};
	static struct action sent[AGENTS][PLAN_ACTIONS];
	static int depth[AGENTS];
	int count = 0;

	if (depth[i] > 0)
		return;
	depth[i]++;
	plan.count = 0;
	plan.wake = VIEW_NEVER;
	elect_run(&s);
	for (int k = 0; k < plan.count; k++)
		if (plan.action[k].kind == ACT_SEND)
			sent[i][count++] = plan.action[k];
	for (int k = 0; k < count; k++)
		for (int times = faulty ? (int)roll(3) : 1; times > 0; times--)
			pass_on(i, &sent[i][k], faulty);
	depth[i]--;
}

static void
one_leader_per_term(void)
{
	for (int i = 0; i < AGENTS; i++)
		for (int k = 0; k < i; k++) {
			const struct view_election *x = &agent[i]->d.election;
			const struct view_election *y = &agent[k]->d.election;
			if (x->state == ELECT_SETTLED && y->state == ELECT_SETTLED &&
			    x->term == y->term)
				assert_int_equal(agent_of(i, x->leader), agent_of(k, y->leader));
		}
}

static void
round_of(bool faulty)
{
	now += 200;
	for (int i = 0; i < AGENTS; i++) {
		if (faulty && roll(40) == 0)
			start(i);
		if (faulty && roll(60) == 0)
			agent[i]->d.provider[1 + roll(2)].ready = roll(3) != 0;
		turn(i, faulty);
		one_leader_per_term();
	}
}

static bool
agreed(void)
{
	for (int i = 0; i < AGENTS; i++)
		if (agent[i]->d.election.state != ELECT_SETTLED ||
		    agent[i]->d.election.term != agent[0]->d.election.term)
			return false;
	return true;
}

static void
test_three_agents(void **state)
{
	int settled = 0;

	for (int schedule = 0; schedule < 200; schedule++) {
		dice = (uint32_t)schedule;
		now = BENCH_START;
		for (int i = 0; i < AGENTS; i++)
			start(i);
		for (int n = 0; n < 300; n++) {
			round_of(true);
			settled += agent[0]->d.election.state == ELECT_SETTLED;
		}
		for (int i = 0; i < AGENTS; i++)
			start(i);
		int rounds = 0;
		while (!agreed() && rounds++ < 200)
			round_of(false);
		assert_true(agreed());
		for (int i = 0; i < AGENTS; i++) {
			view_free(agent[i]);
			agent[i] = NULL;
		}
	}
	assert_true(settled > 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, three, teardown)
	    T(test_call),         T(test_all_votes),
	    T(test_winner),       T(test_one_vote_each),
	    T(test_other_winner), T(test_vote_missing),
	    T(test_no_spinning),  T(test_restart),
	    T(test_older_record), T(test_older_statement),
	    T(test_later_term),   T(test_earlier_term),
	    T(test_absurd_term),  T(test_other_hsync),
	    T(test_voters),       T(test_joiner),
	    T(test_all_there),    T(test_patience),
	    T(test_lost),         T(test_lease),
	    T(test_renew),        T(test_answers),
	    T(test_clock),        T(test_doubt),
	    T(test_model),        cmocka_unit_test(test_three_agents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
