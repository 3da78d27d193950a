/*
 * What one has forgotten and others know, or all: a database that was put back, a process that some
 * ended early, a delegation that shows nowhere. What is shown brings everybody together again, and
 * where nothing shows a person is asked.
 */
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/operator.h"
#include "agentd/step.h"
#include "tests/unit/scene.h"

static void
pass(int64_t ms)
{
	bench_run(&b, ms);
	if (run()->kind != 0)
		fail_msg("process %u began", run()->kind);
}

/* ---- what the parent has ---- */

/* DS of no key that anybody knows: a person is told, not at once, and not where it is meant so. */
static void
test_strange_ds(void **state)
{
	uint8_t rdata[36] = {0x12, 0x34, 15, 2};
	int strange = view_rr(b.view, VIEW_DS, rdata, sizeof(rdata));

	rest();
	pass(10 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	rset_add(&b.parent.set[VIEW_DS], strange);
	pass(2 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	pass(6 * SECOND);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_DS);
	assert_non_null(r);
	assert_non_null(strstr(r->seen, "tag 4660"));
	assert_true(r->todo[0] != 0);
	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 3, PHASE_EXECUTING, 3);
	runs(1, MSIG_PROCESS_ZSK, 3, 9);
	bench_run(&b, 2 * SECOND);
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	rest();
	runs(1, 0, 7, 9);
	pass(SECOND);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	b.parent.silent = true; /* what does not answer is another trouble */
	bench_run(&b, 10 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	assert_null(bench_reason(&b, REASON_PARENT, REASON_OF_SERVER));
	b.parent.silent = false;
	pass(5 * SECOND);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	rset_add(&b.view->config.ds_keep, strange);
	b.view->dirty = true;
	b.view->config.cds_ignored = true;
	pass(SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
}

/* What is kept is missed when the parent has lost it, and not for a moment: a person brings it
 * back, or gives it up. */
static void
test_kept_ds_is_gone(void **state)
{
	int kept = bench_keep_ds(&b, true);

	b.view->config.times.hold_down = 20 * SECOND;
	b.view->config.cds_ignored = true;
	rest();
	pass(30 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	rset_del(&b.parent.set[VIEW_DS], kept);
	pass(15 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	pass(20 * SECOND);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_DS);
	assert_non_null(r);
	assert_string_equal(r->expected, "the DS of ds-keep");
	assert_string_equal(r->place, "198.51.100.1@53");
	assert_non_null(strstr(r->seen, "tag 4660"));
	assert_non_null(strstr(r->todo, "or take it out of ds-keep"));
	b.parent.silent = true;
	bench_run(&b, 10 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	b.parent.silent = false;
	b.view->config.ds_keep = RSET_NONE;
	pass(10 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
}

/* It is nothing to who has no part in the zone. */
static void
test_strange_ds_elsewhere(void **state)
{
	uint8_t rdata[36] = {0x12, 0x34, 15, 2};

	rset_add(&b.parent.set[VIEW_DS], view_rr(b.view, VIEW_DS, rdata, sizeof(rdata)));
	rest();
	pass(20 * SECOND);
	assert_false(peer(VIEW_SELF)->member);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
}

/* Nor does anybody but a person bring in the first one. */
static void
test_no_ds(void **state)
{
	rest();
	b.parent.set[VIEW_DS] = RSET_NONE;
	pass(2 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	pass(6 * SECOND);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_DS);
	assert_non_null(r);
	assert_non_null(strstr(r->todo, "have the first DS published"));
}

/* Where the delegation shows nowhere, a member is who says so and has DS; what the zone names says
 * nothing. Where it shows, all of it has to. */
static void
test_member_unseen(void **state)
{
	static const struct {
		bool hidden, ds, is;
	} cases[] = {{true, true, true}, {true, false, false}, {false, true, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		rset_del(&b.server[0].set[VIEW_NS], b.ns[1]);
		b.parent.set[VIEW_DS] = cases[i].ds ? rset_or(ds(0), ds(1)) : ds(0);
		b.parent.set[VIEW_NS] = only(b.ns[0]);
		hide_delegation(cases[i].hidden);
		rest();
		peer(1)->member = false;
		peer(1)->has = HAS_KEYS | HAS_CDS;
		stands(1, HAS_ALL | MSIG_STANDING_MEMBER);
		pass(2 * SECOND);
		assert_int_equal(peer(1)->member, cases[i].is);
	}
}

/* ---- how a process ends ---- */

/* Its step stands where it is asked for by now; the others were asked long ago. */
static void
asks_for_long(void)
{
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 2, PHASE_REQUESTED, 3);
	run()->since = b.now - 120 * SECOND;
}

static void
stale(void)
{
	peer(1)->stale = true;
}

static void
away(void)
{
	view_on_peer(b.view, 1, false, "silent");
}

static void
in_it(void)
{
	runs(1, MSIG_PROCESS_ZSK, 1, 9);
}

static void
in_another(void)
{
	runs(1, MSIG_PROCESS_NS_ADD, 1, 8);
}

static void
short_time(void)
{
	run()->since = b.now - 55 * SECOND;
}

static void
executing(void)
{
	run()->phase = PHASE_EXECUTING;
}

/* A voter that says for long that it is in nothing, and whose epoch is an older one, has lost what
 * it knew. Nothing less says so. */
static void
test_unknown_to_a_voter(void **state)
{
	static void (*const but[])(void) = {stale, away, in_it, in_another, short_time, executing};

	runs(1, 0, 7, 8);
	asks_for_long();
	bench_decide(&b);
	assert_true(ended_early(MSIG_PROCESS_ZSK));
	assert_true(b.view->d.backoff > b.now);
	for (size_t i = 0; i < sizeof(but) / sizeof(but[0]); i++) {
		view_on_peer(b.view, 1, true, "");
		peer(1)->stale = false;
		runs(1, 0, 7, 8);
		asks_for_long();
		b.view->d.ended.kind = 0;
		but[i]();
		bench_decide(&b);
		assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
	}
}

/* Nor does a requestor that says so conduct it. */
static void
test_unknown_to_its_requestor(void **state)
{
	static void (*const but[])(void) = {stale, away, in_it, in_another, short_time};

	for (size_t i = 0; i <= sizeof(but) / sizeof(but[0]); i++) {
		view_on_peer(b.view, 1, true, "");
		peer(1)->stale = false;
		runs(1, 0, 7, 8);
		in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 2, PHASE_EXECUTING, 3);
		run()->since = b.now - 120 * SECOND;
		b.view->d.ended.kind = 0;
		if (i > 0)
			but[i - 1]();
		bench_decide(&b);
		assert_int_equal(ended_early(MSIG_PROCESS_ZSK), i == 0);
	}
}

/* Stopped by its operator it rests as it is, with all who have a part in it, and ends when it shall
 * go on without one of them: that one still shows what it had come to. */
static void
test_stopped_and_regrouped(void **state)
{
	in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF, 2, PHASE_REQUESTED, 7);
	run()->aborting = true;
	b.view->config.times.hold_down = 0;
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	assert_int_equal(b.view->designated, 3);
	assert_int_equal(run()->voters, 7);
	view_on_command(b.view, VIEW_RESUME);
	bench_decide(&b);
	assert_true(ended_early(MSIG_PROCESS_ALGORITHM));
}

/* Who leaves and has no vote in it hears that it is not to serve on, either. */
static void
test_leaver_serves_no_more(void **state)
{
	static const struct {
		bool on, stays;
	} cases[] = {{true, true}, {false, false}, {true, true}};

	b.view->config.times.hold_down = 0;
	owner(VIEW_SELF, true, false);
	bench_run(&b, 2 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, VIEW_SELF, 1, 2, PHASE_EXECUTING, 2);
	run()->stays = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		owner(VIEW_SELF, cases[i].on, false);
		bench_run(&b, 2 * SECOND);
		assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
		assert_int_equal(run()->stays, cases[i].stays);
	}
}

static struct view_key
key(const char *id, uint8_t role, uint8_t algorithm, int rr)
{
	struct view_key k = {
	    .role = role, .state = MSIG_KEY_STATE_ACTIVE, .algorithm = algorithm, .rr = rr};
	snprintf(k.id, sizeof(k.id), "%s", id);
	return k;
}

/* Does a rollover of this provider's keys end, where the key store has so many of our keys? */
static bool
rolls_on(const struct view_key *keys, int count, uint8_t kind, int subject, int requestor)
{
	b.view->d.ended.kind = 0;
	view_on_keys(b.view, true, "", keys, count);
	in_the_middle(kind, subject, requestor, 2, PHASE_EXECUTING, 3);
	runs(1, kind, 2, 9);
	bench_decide(&b);
	return !ended_early(kind);
}

/* An algorithm rollover that was not completed goes before the rollover of a key: of ours only, and
 * of nothing but a single key. */
static void
test_whose_algorithm_first(void **state)
{
	uint8_t rdata[68] = {1, 0, 3, 13, 84};
	int left = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	const struct view_key keys[] = {
	    key("k1", MSIG_KEY_ROLE_KSK, 15, b.ksk[0]),
	    key("k2", MSIG_KEY_ROLE_ZSK, 15, b.zsk[0]),
	    key("k3", MSIG_KEY_ROLE_ZSK, 13, left),
	};

	b.view->config.driver = true;
	rset_add(&b.signer.set[VIEW_DNSKEY], left);
	assert_true(rolls_on(keys, 2, MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF));
	/* It would only begin again. */
	assert_true(rolls_on(keys, 3, MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF));
	b.view->d.order[0] = (struct view_order){MSIG_PROCESS_ALGORITHM, 15};
	assert_true(rolls_on(keys, 2, MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF));
	/* His keys are his affair, and who leads ends what it asked for. */
	assert_true(rolls_on(keys, 3, MSIG_PROCESS_ZSK, 1, 1));
	assert_true(rolls_on(keys, 3, MSIG_PROCESS_ZSK, 1, VIEW_SELF));
	assert_true(rolls_on(keys, 3, MSIG_PROCESS_ZSK, VIEW_SELF, 1));
	assert_true(rolls_on(keys, 3, MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF));
	assert_false(rolls_on(keys, 3, MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF));
	assert_false(rolls_on(keys, 3, MSIG_PROCESS_KSK, VIEW_SELF, VIEW_SELF));
	/* What did not begin did not end. */
	b.view->d.ended.kind = 0;
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 0, PHASE_REQUESTED, 3);
	run()->executed = false;
	bench_decide(&b);
	assert_int_equal(b.view->d.ended.kind, 0);
}

/* An ns-remove that ends when the zone names it no more: where the parent shows that it still does,
 * it is named; where nobody sees, another process names it again. */
static void
test_unnamed_unseen(void **state)
{
	static const struct {
		bool hidden;
		uint8_t step, left;
	} cases[] = {{false, 1, HAS_NS}, {true, 0, HAS_NS}, {true, 1, 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		hide_delegation(cases[i].hidden);
		peer(1)->member = false;
		peer(1)->has = HAS_NS;
		in_the_middle(MSIG_PROCESS_NS_REMOVE, 1, VIEW_SELF, cases[i].step, PHASE_EXECUTING,
			      1);
		b.view->put_back = true; /* one of the ways to end early */
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		agree_run(&s);
		assert_true(ended_early(MSIG_PROCESS_NS_REMOVE));
		assert_int_equal(peer(1)->has & HAS_NS, cases[i].left);
	}
}

/* combinerd has heard more than this database knows of, and a person confirms that. */
static void
confirm(const struct view_contribution *held)
{
	view_on_held(b.view, "msa.p2.", held);
	view_on_overlay(b.view, MSIG_ZONE_MERGED, 9, b.view->d.want.counter + 5);
	bench_decide(&b);
	assert_true(b.view->d.rebuild);
	assert_true(run()->kind != 0);
	view_on_command(b.view, VIEW_CONFIRM);
}

/* A database from the middle of a join, and combinerd and the parent are past it: the process ends
 * before anything is concluded from what is in, and so the overlay keeps the joiner's CDS. No
 * process ends for which nobody had to confirm anything. */
static void
test_join_put_back(void **state)
{
	static const struct {
		bool ds, back;
		uint8_t has;
	} cases[] = {{true, true, HAS_KEYS | HAS_CDS},
		     {false, true, HAS_KEYS | HAS_CDS}, /* it may come with them */
		     {true, false, 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		member(state);
		struct view_contribution held = {
		    .dnskey = b.own[1], .cds = b.cds[1], .cdnskey = b.cdnskey[1]};
		b.signer.set[VIEW_DNSKEY] = rset_or(b.own[0], b.own[1]);
		if (cases[i].ds)
			b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
		rest();
		bench_run(&b, 5 * SECOND);
		in_the_middle(MSIG_PROCESS_ADD, 1, 1, 1, PHASE_EXECUTING, 3);
		runs(1, MSIG_PROCESS_ADD, 3, 9);
		peer(1)->has = 0;
		if (cases[i].back)
			confirm(&held);
		bench_decide(&b);
		assert_int_equal(ended_early(MSIG_PROCESS_ADD), cases[i].back);
		if (peer(1)->has != cases[i].has)
			fail_msg("case %zu: %u", i, peer(1)->has);
		if ((cases[i].has & HAS_CDS) != 0)
			assert_true(rset_equal(b.view->d.want.from[1].cds, b.cds[1]));
		assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
	}
}

/* Of what was asked for, and not begun, nothing is over. */
static void
test_request_put_back(void **state)
{
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 0, PHASE_REQUESTED, 3);
	run()->executed = false;
	confirm(&b.view->d.want.from[1]);
	bench_decide(&b);
	assert_false(ended_early(MSIG_PROCESS_ZSK));
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
}

/* ---- who acts along, and who leads now ---- */

/* How often in some seconds is it told to execute the step? */
static int
told(void)
{
	int count = 0;

	bench_run(&b, SECOND);
	bench_forget(&b);
	bench_run(&b, 3 * SECOND);
	for (int i = 0; i < b.sends; i++)
		count += b.sent_to[i] == 1 && b.sent[i].op == MSIG_OP_EXECUTE;
	return count;
}

/* It was done, and its database was put back since: it is told once more. */
static void
test_told_again(void **state)
{
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	peer(1)->member = false;
	peer(1)->has = HAS_KEYS | HAS_CDS;
	runs(1, MSIG_PROCESS_ADD, 3, 1);
	stands(1, HAS_KEYS | HAS_CDS);
	in_the_middle(MSIG_PROCESS_REMOVE, 2, VIEW_SELF, 2, PHASE_EXECUTING, 1);
	runs(1, MSIG_PROCESS_REMOVE, 2, 9);
	assert_true(told() > 0);
	run()->done |= BIT(1);
	assert_int_equal(told(), 0);
	runs(1, MSIG_PROCESS_ADD, 3, 1);
	assert_in_range(told(), 2, 4); /* once a second */
	runs(1, MSIG_PROCESS_REMOVE, 2, 8);
	assert_true(told() > 0);
	runs(1, MSIG_PROCESS_ADD, 2, 9);
	assert_true(told() > 0);
	away();
	assert_int_equal(told(), 0);
}

/* A voter was done, and its database was put back since: what it states is from before that step,
 * and it is told once more, since nothing goes on without it. */
static void
test_voter_told_again(void **state)
{
	in_the_middle(MSIG_PROCESS_ADD, 2, VIEW_SELF, 2, PHASE_REQUESTED, 7);
	b.server[1].set[VIEW_DNSKEY] = b.own[1]; /* so nobody is asked to approve */
	bench_run(&b, 3 * SECOND);
	runs(1, MSIG_PROCESS_ADD, 1, 9);
	runs(2, MSIG_PROCESS_ADD, 1, 9);
	assert_int_equal(told(), 0);
	runs(1, MSIG_PROCESS_ADD, 0, 9);
	assert_in_range(told(), 2, 4); /* once a second */
	EXPECT(1, EXECUTE);
	assert_int_equal(bench_sent(&b, 1, MSIG_OP_EXECUTE)->step, 1);
	runs(1, MSIG_PROCESS_ADD, 0, 8); /* that is another one */
	assert_int_equal(told(), 0);
}

/* Who leads now did the step when another one led, who would have asked his operator to look. */
static void
test_looks_though_done(void **state)
{
	owner(1, false, true);
	bench_run(&b, 10 * SECOND);
	hide_delegation(true);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 2, PHASE_DONE, 1);
	run()->done = 1;
	bench_decide(&b);
	assert_int_equal(run()->step, 2);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
	assert_non_null(r);
	assert_non_null(strstr(r->todo, "msigctl approve shop.example."));
	b.view->d.approved = b.view->waits;
	view_on_command(b.view, VIEW_PAUSE);
	bench_decide(&b);
	assert_int_equal(run()->step, 2);
	view_on_command(b.view, VIEW_RESUME);
	bench_decide(&b);
	assert_int_equal(run()->step, 3);
}

/* Nobody sees whether the parent names all signers, or will in a moment, when their CDS are about
 * to go over to another algorithm, one after the other: it would hear one of them alone. A person
 * looks: who asks for it, and whoever knows of CSYNC that the parent may come with yet. */
static void
test_looks_before_cds(void **state)
{
	static const struct {
		bool hidden, recalled, alone;
		uint8_t step;
		int requestor;
		bool looks;
	} cases[] = {
	    {true, false, false, 2, VIEW_SELF, true},  {false, false, false, 2, VIEW_SELF, false},
	    {true, false, true, 2, VIEW_SELF, false},  {true, false, false, 1, VIEW_SELF, false},
	    {true, false, false, 3, VIEW_SELF, false}, {true, false, false, 2, 1, false},
	    {false, true, false, 2, VIEW_SELF, true},  {false, true, false, 2, 1, true},
	    {false, true, true, 2, VIEW_SELF, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		hide_delegation(cases[i].hidden);
		if (cases[i].alone) {
			peer(1)->member = false;
			peer(1)->has = 0;
		}
		in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, cases[i].requestor, cases[i].step,
			      PHASE_EXECUTING, 3);
		run()->algorithm = 15;
		b.view->d.recalled.kind = cases[i].recalled ? MSIG_PROCESS_REMOVE : 0;
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		assert_int_equal(operator_looks(&s), cases[i].looks);
		operator_show(&s);
		const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
		assert_int_equal(r != NULL && strstr(r->todo, "msigctl approve") != NULL,
				 cases[i].looks);
		if (r != NULL) /* what shows is not all that may come */
			assert_int_equal(strstr(r->todo, "see to it that the parent") != NULL,
					 cases[i].hidden);
		assert_int_equal(operator_approve(b.view, 0) == 0, cases[i].looks);
		assert_false(operator_looks(&s));
		assert_int_equal(b.view->d.recalled.kind != 0,
				 cases[i].recalled && !cases[i].looks);
	}
}

/* ---- what of whom is in ---- */

/* Its database knows nothing of what it brought in: what all who vote show, and not just now, is
 * where its join goes on from. */
static void
test_in_as_shown(void **state)
{
	for (int i = 1; i < 3; i++)
		b.server[i].set[VIEW_CDS] = rset_or(b.cds[1], b.cds[2]);
	b.parent.set[VIEW_DS] = rset_or(ds(1), ds(2));
	b.parent.set[VIEW_NS] = rset_or(only(b.ns[1]), only(b.ns[2]));
	bench_run(&b, 5 * SECOND);
	peer(VIEW_SELF)->member = false;
	peer(VIEW_SELF)->has = 0;
	rest();
	b.view->d.ended.time = b.now;
	rset_add(&b.server[1].set[VIEW_CDS], rset_next(&b.cds[0], 0));
	pass(100 * SECOND);
	assert_int_equal(peer(VIEW_SELF)->has, 0); /* one of them does not */
	rset_add(&b.server[2].set[VIEW_CDS], rset_next(&b.cds[0], 0));
	b.view->d.ended.time = b.now;
	pass(50 * SECOND);
	assert_int_equal(peer(VIEW_SELF)->has, 0);
	pass(20 * SECOND);
	assert_int_equal(peer(VIEW_SELF)->has, HAS_KEYS | HAS_CDS);
	assert_true(peer(VIEW_SELF)->contributed);
	assert_false(peer(VIEW_SELF)->member);
}

/* So it is while it asks to join, and while another one joins or leaves, for long. */
static void
test_in_as_shown_along(void **state)
{
	static const struct {
		uint8_t kind;
		int subject;
		bool executed;
		int since;
		bool in;
	} cases[] = {{MSIG_PROCESS_ADD, 1, true, 100, true},
		     {MSIG_PROCESS_REMOVE, 1, true, 100, true},
		     {MSIG_PROCESS_ADD, 1, true, 10, false},
		     {MSIG_PROCESS_ADD, 1, false, 100, false},
		     {MSIG_PROCESS_ADD, VIEW_SELF, true, 100, false},
		     {MSIG_PROCESS_ADD, VIEW_SELF, false, 10, true},
		     {MSIG_PROCESS_ZSK, VIEW_SELF, false, 10, false},
		     {MSIG_PROCESS_ZSK, 1, true, 100, false}};

	b.parent.set[VIEW_DS] = rset_or(ds(1), ds(2));
	for (int i = 1; i < 3; i++)
		b.server[i].set[VIEW_CDS] = rset_or(b.cds[0], rset_or(b.cds[1], b.cds[2]));
	bench_run(&b, 5 * SECOND);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		peer(VIEW_SELF)->member = false;
		peer(VIEW_SELF)->has = 0;
		b.view->d.ended.time = b.now - 100 * SECOND;
		in_the_middle(cases[i].kind, cases[i].subject, VIEW_SELF, 1,
			      cases[i].executed ? PHASE_EXECUTING : PHASE_REQUESTED, 7);
		run()->executed = cases[i].executed;
		run()->since = b.now - cases[i].since * SECOND;
		decide_follow(&(struct step){b.view, b.now, &plan});
		if ((peer(VIEW_SELF)->has & HAS_CDS) == 0 && cases[i].in)
			fail_msg("case %zu", i);
		if (peer(VIEW_SELF)->has != 0 && !cases[i].in)
			fail_msg("case %zu", i);
	}
}

/* What nobody shows of it, neither the parent nor those who vote, is not in: of its NS also where
 * the owner manages them. While another one joins nothing is taken for gone. */
static void
test_out_as_shown(void **state)
{
	static const struct {
		bool agent, parent, vote, along;
		uint8_t has;
	} cases[] = {{true, false, false, false, 0},
		     {false, false, false, false, 0},
		     {false, true, false, false, HAS_NS},
		     {false, false, true, false, HAS_NS},
		     {true, false, false, true, HAS_ALL}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		bench_clear(&b);
		three(state);
		b.parent.set[VIEW_DS] = rset_or(ds(1), ds(2));
		b.parent.set[VIEW_NS] = rset_or(only(b.ns[1]), only(b.ns[2]));
		if (cases[i].parent)
			rset_add(&b.parent.set[VIEW_NS], b.ns[0]);
		for (int k = 1; k < 3; k++) {
			b.server[k].set[VIEW_CDS] = rset_or(b.cds[1], b.cds[2]);
			b.server[k].set[VIEW_DNSKEY] = rset_or(b.own[1], b.own[2]);
			if (!cases[i].vote)
				rset_del(&b.server[k].set[VIEW_NS], b.ns[0]);
		}
		bench_run(&b, 5 * SECOND);
		rest();
		if (cases[i].along) {
			in_the_middle(MSIG_PROCESS_ADD, 1, VIEW_SELF, 1, PHASE_EXECUTING, 7);
			run()->since = b.now - 100 * SECOND;
		}
		peer(VIEW_SELF)->member = false;
		peer(VIEW_SELF)->has = HAS_ALL;
		b.view->d.ended.time = b.now - 100 * SECOND;
		b.view->d.agent_ns = cases[i].agent;
		decide_follow(&(struct step){b.view, b.now, &plan});
		if (peer(VIEW_SELF)->has != cases[i].has)
			fail_msg("case %zu: %u", i, peer(VIEW_SELF)->has);
	}
}

/* Who has no part in the zone leaves to the members what was in of somebody who is out, not there,
 * and has stated nothing here. */
static void
test_out_and_unknown(void **state)
{
	static const struct {
		uint8_t own;
		bool ready, listed, goes;
	} cases[] = {{0, false, false, true},
		     {HAS_KEYS, false, false, false},
		     {0, true, false, false},
		     {0, false, true, false}};

	bench_run(&b, 5 * SECOND);
	rest();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		peer(VIEW_SELF)->member = peer(2)->member = false;
		peer(VIEW_SELF)->has = cases[i].own;
		peer(2)->has = HAS_NS;
		peer(2)->ready = cases[i].ready;
		peer(2)->statement.known = false;
		b.view->d.want.from[2].used = false;
		b.view->listed = BIT(0) | BIT(1) | (cases[i].listed ? BIT(2) : 0);
		decide_follow_one(&(struct step){b.view, b.now, &plan}, 2);
		if (peer(2)->has != (cases[i].goes ? 0 : HAS_NS))
			fail_msg("case %zu", i);
	}
}

/* The last one that is to sign has its DS; all members were taken out by hand, and are gone: nobody
 * else is left who could let it in. */
static void
test_last_left(void **state)
{
	static const struct {
		bool ds, expelled, ready, alone, member, is;
	} cases[] = {
	    {true, true, false, true, true, true},   {false, true, false, true, true, false},
	    {true, false, false, true, true, false}, {true, true, true, true, true, false},
	    {true, true, false, false, true, false}, {true, true, false, true, false, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		bench_clear(&b);
		three(state);
		b.parent.set[VIEW_DS] = cases[i].ds ? rset_or(ds(0), ds(1)) : ds(1);
		b.parent.set[VIEW_NS] = only(b.ns[1]);
		bench_run(&b, 5 * SECOND);
		rest();
		peer(VIEW_SELF)->member = peer(2)->member = false;
		peer(VIEW_SELF)->has = HAS_KEYS | HAS_CDS;
		peer(1)->member = cases[i].member;
		peer(1)->expelled = cases[i].expelled;
		peer(1)->ready = cases[i].ready;
		b.view->designated = BIT(0) | (cases[i].alone ? 0 : BIT(2));
		b.view->listed = b.view->designated;
		for (int round = 0; round < 2; round++) { /* and it stays one */
			plan.count = 0;
			decide_membership(&(struct step){b.view, b.now, &plan});
			if (peer(VIEW_SELF)->member != cases[i].is)
				fail_msg("case %zu, round %d", i, round);
			assert_true(round == 0 || !cases[i].is || plan.count == 0);
			b.now += 2 * b.view->config.times.hold_down;
		}
	}
}

/* Who has no vote shows what it likes, and who does not answer has shown nothing. */
static void
test_shown_by_voters(void **state)
{
	b.parent.set[VIEW_DS] = ds(1);
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	b.server[2].set[VIEW_CDS] = b.cds[2];
	bench_run(&b, 5 * SECOND);
	for (int i = 0; i < 3; i += 2) {
		peer(i)->member = false;
		peer(i)->has = 0;
		runs(i, 0, 0, b.view->d.epoch);
		stands(i, 0);
	}
	rest();
	b.view->d.ended.time = b.now - 100 * SECOND;
	b.server[1].silent = true;
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = b.view->d.place[i];
		if (p != NULL && view_place_provider(b.view, p) == 1)
			p->history[VIEW_CDS].status = MSIG_SEEN_UNKNOWN;
	}
	bench_run(&b, 5 * SECOND);
	assert_int_equal(peer(VIEW_SELF)->has, 0);
	b.server[1].silent = false;
	pass(5 * SECOND);
	assert_int_equal(peer(VIEW_SELF)->has, HAS_KEYS | HAS_CDS);
}

/* The parent dropped it, and now it is to stay and we go: it is a member again, and may ask us to
 * leave, once those who vote name it; not by its word alone, and not where we vote. */
static void
test_taken_back_while_we_go(void **state)
{
	enum { NAMED, UNNAMED, UNKNOWN, HALF, VOTES, GOES, CASES };

	for (int i = NAMED; i < CASES; i++) {
		bench_clear(&b);
		three(state);
		owner(VIEW_SELF, i == VOTES, true);
		if (i == GOES)
			owner(1, false, true);
		b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[2]));
		b.server[1].set[VIEW_NS] = b.server[2].set[VIEW_NS] =
		    i == UNNAMED ? only(b.ns[2]) : rset_or(only(b.ns[1]), only(b.ns[2]));
		b.server[1].silent = b.server[2].silent = i == UNKNOWN;
		if (i == HALF)
			b.parent.set[VIEW_DS] = rset_or(ds(0), ds(2));
		bench_run(&b, 20 * SECOND);
		memset(run(), 0, sizeof(*run()));
		peer(1)->member = false;
		peer(1)->has = i == HALF ? HAS_ALL & ~HAS_CDS : HAS_ALL;
		stands(1, HAS_ALL | MSIG_STANDING_MEMBER);
		bench_run(&b, 5 * SECOND);
		if (peer(1)->member != (i == NAMED))
			fail_msg("case %d", i);
	}
}

/* Who goes himself shows of another one who goes, or is not there while others are, the NS that
 * those who vote show, though that one is a member as far as he knows. */
static void
test_goes_as_others_say(void **state)
{
	enum { STAYS, GOES, DIES, STARTS };

	for (int goes = STAYS; goes <= STARTS; goes++) {
		bench_clear(&b);
		three(state);
		owner(VIEW_SELF, false, true);
		if (goes == GOES)
			owner(2, false, true);
		bench_run(&b, 5 * SECOND);
		runs(2, MSIG_PROCESS_REMOVE, 1, 8);
		stands(2, HAS_ALL); /* its word is of no use */
		runs(1, MSIG_PROCESS_REMOVE, 1, 9);
		in_the_middle(MSIG_PROCESS_REMOVE, VIEW_SELF, 1, 1, PHASE_EXECUTING,
			      goes == GOES ? BIT(1) : BIT(1) | BIT(2));
		b.server[1].set[VIEW_NS] = b.server[2].set[VIEW_NS] = only(b.ns[1]);
		if (goes == DIES) {
			view_on_peer(b.view, 2, false, "silent");
			b.server[2].silent = true;
		}
		if (goes == STARTS) { /* nobody has been heard yet */
			b.server[2].silent = true;
			view_on_peer(b.view, 1, false, "silent");
			view_on_peer(b.view, 2, false, "silent");
		}
		bench_run(&b, 5 * SECOND);
		assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
		bool taken = goes == GOES || goes == DIES;
		assert_int_equal(peer(2)->member, !taken);
		assert_int_equal(peer(2)->has, taken ? HAS_KEYS | HAS_CDS : HAS_ALL);
	}
}

/* Two members remember another thing of somebody who is not to sign: all show what the one shows
 * who speaks for the group, when everything has ended for long. */
static void
test_as_the_speaker_shows(void **state)
{
	static const char lowest[] = "msa.a1.";

	memcpy(peer(1)->identity, lowest, sizeof(lowest));
	memcpy(b.hsync.entry[1].identity, lowest, sizeof(lowest));
	owner(2, true, false);
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
	bench_run(&b, 5 * SECOND);
	struct view_statement st = peer(2)->statement;
	st.dnskey = st.cds = st.cdnskey = RSET_NONE;
	st.process = st.standing = 0;
	restate(2, st);
	rest();
	assert_int_equal(agree_speaker(b.view), 1);
	for (int named = 0; named < 2; named++) {
		b.server[1].set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		if (named)
			rset_add(&b.server[1].set[VIEW_NS], b.ns[2]);
		peer(2)->member = false;
		peer(2)->has = named ? 0 : HAS_NS;
		b.view->d.ended.time = b.now;
		pass(50 * SECOND);
		assert_int_equal(peer(2)->has, named ? 0 : HAS_NS);
		pass(20 * SECOND);
		assert_int_equal(peer(2)->has, named ? HAS_NS : 0);
		assert_int_equal(peer(2)->contributed, named);
	}
	/* It shows one of two, or does not answer: who knows? */
	rset_add(&st.ns, rset_next(&b.parent.set[VIEW_NS], 0));
	rset_del(&st.ns, b.ns[0]);
	uint8_t name[] = {1, 'x', 1, 'p', 0};
	rset_add(&st.ns, view_rr(b.view, VIEW_NS, name, sizeof(name)));
	restate(2, st);
	for (int i = 0; i < 2; i++) {
		peer(2)->has = i != 0 ? HAS_NS : 0;
		pass(10 * SECOND);
		assert_int_equal(peer(2)->has, i != 0 ? HAS_NS : 0);
	}
	/* Nor while something is asked for, or where these are the owner's. */
	rset_del(&st.ns, rset_next(&st.ns, b.ns[2] + 1));
	restate(2, st);
	peer(2)->has = 0;
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 0, PHASE_REQUESTED, 3);
	run()->executed = false;
	bench_decide(&b);
	assert_int_equal(peer(2)->has, 0);
	rest();
	b.view->d.agent_ns = b.view->d.hsync.entry[0].agent = false;
	bench_decide(&b);
	assert_int_equal(peer(2)->has, 0);
	b.view->d.agent_ns = b.view->d.hsync.entry[0].agent = true;
	peer(2)->member = true; /* whose leave is to come */
	peer(2)->has = HAS_ALL & ~HAS_NS;
	bench_decide(&b);
	assert_int_equal(peer(2)->has, HAS_ALL & ~HAS_NS);
	peer(2)->member = false;
	peer(2)->has = 0;
	bench_decide(&b);
	assert_int_equal(peer(2)->has, HAS_NS);
}

/* Whose join is to go on says itself what of it is in. */
static void
test_not_of_a_joiner(void **state)
{
	static const char lowest[] = "msa.a1.";

	memcpy(peer(1)->identity, lowest, sizeof(lowest));
	memcpy(b.hsync.entry[1].identity, lowest, sizeof(lowest));
	b.hsync.digest[0]++;
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	b.parent.set[VIEW_NS] = b.server[1].set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
	bench_run(&b, 5 * SECOND);
	runs(2, MSIG_PROCESS_ADD, 4, 1);
	stands(2, HAS_ALL);
	peer(2)->member = false;
	peer(2)->has = HAS_ALL;
	rest();
	assert_int_equal(agree_speaker(b.view), 1);
	b.view->d.ended.time = b.now - 1000 * SECOND;
	pass(5 * SECOND);
	assert_int_equal(peer(2)->has, HAS_ALL);
}

/* What a member who has no part in the zone does not see of somebody who signs is no proof that it
 * is out: it says itself that something of it is in. */
static void
test_says_that_it_is_in(void **state)
{
	bench_run(&b, 5 * SECOND);
	runs(2, 0, 0, b.view->d.epoch);
	stands(2, HAS_KEYS);
	peer(2)->member = false;
	peer(2)->has = HAS_KEYS;
	rest();
	pass(5 * SECOND);
	assert_int_equal(peer(2)->has, HAS_KEYS);
	b.view->d.epoch = 9; /* it may not know of all */
	stands(2, 0);
	runs(2, MSIG_PROCESS_ADD, 3, 1); /* and be on its way */
	bench_decide(&b);
	assert_int_equal(peer(2)->has, HAS_KEYS);
	b.server[1].set[VIEW_DNSKEY] = rset_or(b.own[1], b.own[2]); /* no matter to who is out */
	bench_run(&b, 5 * SECOND);
	runs(2, 0, 0, 0);
	view_on_peer(b.view, 2, false, "silent");
	in_the_middle(MSIG_PROCESS_NS_REMOVE, 1, 1, 0, PHASE_DONE, BIT(1));
	runs(1, MSIG_PROCESS_NS_REMOVE, 0, 9);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_REMOVE);
	assert_int_equal(peer(2)->has, HAS_KEYS); /* all rest first */
	rest();
	bench_decide(&b);
	assert_int_equal(peer(2)->has, 0);
}

/* Who has to join again forgets a leaver when the members show its keys no more: not when one of
 * them does not answer. */
static void
test_dropped_by_members(void **state)
{
	owner(2, false, true);
	bench_serve(&b, 3);
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, 5 * SECOND);
	peer(VIEW_SELF)->member = peer(2)->member = false;
	peer(VIEW_SELF)->has = HAS_ALL;
	rest();
	b.server[1].silent = true;
	b.view->d.ended.time = b.now;
	peer(2)->has = HAS_KEYS;
	bench_run(&b, 90 * SECOND);
	assert_int_equal(peer(2)->has, HAS_KEYS);
	b.server[1].silent = false;
	bench_run(&b, 10 * SECOND);
	assert_int_equal(peer(2)->has, 0);
}

/* What a requestor's servers showed before it asked says nothing of what it shows now. */
static void
test_shown_since_then(void **state)
{
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	bench_run(&b, 5 * SECOND);
	peer(2)->member = false;
	peer(2)->has = HAS_KEYS;
	runs(2, MSIG_PROCESS_ADD, 3, 1);
	stands(2, HAS_KEYS);
	rest();
	pass(5 * SECOND);
	b.now++;
	assert_int_equal(peer(2)->has, HAS_KEYS);
	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 3, PHASE_EXECUTING, 3);
	runs(1, MSIG_PROCESS_ZSK, 3, 9);
	bench_decide(&b);
	assert_int_equal(peer(2)->has, HAS_KEYS);
	bench_run(&b, 5 * SECOND);
	assert_int_equal(peer(2)->has, HAS_ALL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(two, test_strange_ds),
	    IN(two, test_kept_ds_is_gone),
	    IN(joiner, test_strange_ds_elsewhere),
	    IN(two, test_no_ds),
	    IN(two, test_member_unseen),
	    IN(two, test_unknown_to_a_voter),
	    IN(two, test_unknown_to_its_requestor),
	    IN(three, test_stopped_and_regrouped),
	    IN(two, test_leaver_serves_no_more),
	    IN(two, test_whose_algorithm_first),
	    IN(two, test_unnamed_unseen),
	    IN(member, test_join_put_back),
	    IN(two, test_request_put_back),
	    IN(three, test_told_again),
	    IN(three, test_voter_told_again),
	    IN(two, test_looks_though_done),
	    IN(two, test_looks_before_cds),
	    IN(three, test_in_as_shown),
	    IN(three, test_in_as_shown_along),
	    IN(three, test_out_as_shown),
	    IN(three, test_out_and_unknown),
	    IN(three, test_last_left),
	    IN(three, test_shown_by_voters),
	    IN(three, test_taken_back_while_we_go),
	    IN(three, test_goes_as_others_say),
	    IN(three, test_as_the_speaker_shows),
	    IN(three, test_not_of_a_joiner),
	    IN(bystander, test_says_that_it_is_in),
	    IN(three, test_dropped_by_members),
	    IN(three, test_shown_since_then),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
