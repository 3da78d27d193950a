/*
 * Servers of the parent that serve the zone as well: asked for NS they answer with the zone's own,
 * which is not the delegation; and whoever asks them gets the zone from them.
 */
#include "agentd/agree_int.h"
#include "agentd/operator.h"
#include "tests/unit/scene.h"

/* Two members, and a parent with two servers. */
static int
two_parents(void **state)
{
	two(state);
	b.parents = 2;
	b.view->parent_looked_at = 0;
	b.copy = b.server[0];
	bench_run(&b, 10000);
	return 0;
}

/* The second provider leaves: its name is still in the delegation, and no longer in the zone. */
static void
left_the_zone(void)
{
	rset_del(&b.signer.set[VIEW_NS], b.ns[1]);
	for (int i = 0; i < 2; i++)
		rset_del(&b.server[i].set[VIEW_NS], b.ns[1]);
	b.copy = b.server[0];
}

static void
leave(bool lags)
{
	b.view->d.paused = true;
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 2, PHASE_EXECUTING, 1);
	left_the_zone();
	if (lags)
		rset_add(&b.copy.set[VIEW_NS], b.ns[1]);
	struct view_process kept = *run();
	bench_run(&b, 5000);
	*run() = kept;
}

/* What the zone says of itself at a server of the parent is not taken for the delegation. */
static void
test_not_the_delegation(void **state)
{
	struct reason why;

	b.child = 2;
	leave(false);
	assert_false(check(COND_PARENT_NS, &why));
	assert_string_equal(why.place, "198.51.100.1@53");
	assert_int_equal(why.class, REASON_PARENT);
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	leave(false);
	assert_true(check(COND_PARENT_NS, &why));
	/* A copy that lags there says nothing of the delegation either. */
	leave(true);
	assert_true(view_serves_child(b.view, "198.51.100.2@53"));
	assert_false(view_serves_child(b.view, "198.51.100.1@53"));
	assert_true(check(COND_PARENT_NS, &why));
}

/* All serve the zone: what they tell everybody is all that there is. */
static void
test_nobody_shows_it(void **state)
{
	struct reason why;

	b.child = 3;
	leave(false);
	assert_true(check(COND_PARENT_NS, &why));
	leave(true);
	assert_false(check(COND_PARENT_NS, &why));
}

/* A leave that stands where CSYNC is shown, and the delegation nowhere. */
static void
leave_hidden(void)
{
	static const uint8_t csync[] = {0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 8};

	b.child = 3;
	rset_add(&b.signer.set[VIEW_CSYNC], view_rr(b.view, VIEW_CSYNC, csync, sizeof(csync)));
	b.server[0].set[VIEW_CSYNC] = b.signer.set[VIEW_CSYNC];
	leave(false);
}

/* What nobody shows a person has to see to, before CSYNC goes. */
static void
test_operator_looks(void **state)
{
	struct plan plan;

	leave_hidden();
	assert_true(view_hidden(b.view));
	b.view->d.paused = false;
	struct step s = {b.view, b.now, &plan};
	for (int round = 0; round < 3; round++) {
		plan.count = 0;
		b.view->reasons = 0;
		agree_work(&s);
		operator_show(&s);
		if (round == 1)
			assert_int_equal(operator_approve(b.view, 0), 0);
		if (round == 2)
			break;
		assert_int_equal(run()->phase, PHASE_EXECUTING);
		const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
		assert_non_null(r);
		assert_non_null(strstr(r->todo, "msigctl approve shop.example."));
	}
	assert_int_equal(run()->phase, PHASE_DONE);
	/* The others need no second word, and neither does what shows. */
	run()->phase = PHASE_EXECUTING;
	run()->requestor = 1;
	memset(&b.view->d.approved, 0, sizeof(b.view->d.approved));
	assert_false(operator_looks(&s));
	run()->requestor = VIEW_SELF;
	assert_true(operator_looks(&s));
	b.child = 2;
	b.view->d.recalled.kind = MSIG_PROCESS_REMOVE; /* this one asks the parent anew */
	leave(false);
	assert_false(operator_looks(&s));
}

/* What an older database has running asks nobody for anything. */
static void
test_doubt_in_the_middle(void **state)
{
	struct plan plan = {0};

	for (int doubt = 0; doubt < 2; doubt++) {
		leave(false);
		b.view->d.paused = false;
		in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 4, PHASE_EXECUTING, 1);
		b.view->d.rebuild = doubt;
		struct step s = {b.view, b.now, &plan};
		b.view->reasons = 0;
		agree_work(&s);
		assert_int_equal(b.view->reasons == 0, doubt);
	}
}

/* The zone is another one by now than the one that the operator was asked about: what is asked, or
 * was said, lapses, and is asked again when the step has come as far. */
static void
test_looked_too_early(void **state)
{
	struct plan plan;

	leave_hidden();
	b.view->d.paused = false;
	struct step s = {b.view, b.now, &plan};
	for (int said = 0; said < 2; said++) {
		plan.count = 0;
		b.view->d.paused = said; /* the step does not end by it at once */
		agree_work(&s);
		b.view->waits = (struct view_approval){MSIG_PROCESS_REMOVE, 2 | OPERATOR_LOOKS, 1};
		if (said)
			assert_int_equal(operator_approve(b.view, 0), 0);
		rset_add(&b.server[0].set[VIEW_NS], b.ns[1]); /* the owner does, for instance */
		bench_look(&b);
		b.view->persist = false;
		agree_work(&s);
		assert_int_equal(b.view->waits.kind, 0);
		assert_int_equal(b.view->d.approved.kind, 0);
		assert_int_equal(b.view->persist, said);
		rset_del(&b.server[0].set[VIEW_NS], b.ns[1]);
		bench_look(&b);
	}
	b.view->d.paused = false;
	/* A word for another step is another matter. */
	b.view->d.approved = (struct view_approval){MSIG_PROCESS_REMOVE, 3, 1};
	rset_add(&b.server[0].set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	agree_work(&s);
	assert_int_equal(b.view->d.approved.step, 3);
}

/* The parent was told to name the second provider no more, or has followed already, when the owner
 * takes it back in: may the parent come with that yet? */
static void
test_csync_recalled(void **state)
{
	static const struct {
		uint8_t step;
		bool recalled;
	} cases[] = {{1, false}, {2, true}, {3, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two_parents(state);
		in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, cases[i].step, PHASE_EXECUTING, 1);
		bench_decide(&b);
		assert_true(ended_early(MSIG_PROCESS_REMOVE));
		assert_int_equal(b.view->d.recalled.kind != 0, cases[i].recalled);
		bench_restart(&b);
		assert_int_equal(b.view->d.recalled.kind != 0, cases[i].recalled);
	}
}

/* What came of it nobody sees where the delegation shows nowhere: a member's operator looks when
 * all rests, once. */
static void
test_recalled_at_rest(void **state)
{
	static const struct {
		int child;
		bool recalled, member, runs, looks;
	} cases[] = {{3, true, true, false, true},
		     {2, true, true, false, false},
		     {3, false, true, false, false},
		     {3, true, false, false, false},
		     {3, true, true, true, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		bench_clear(&b);
		two_parents(state);
		b.child = cases[i].child;
		bench_run(&b, 20 * SECOND);
		rest();
		if (cases[i].runs) { /* and its next step waits for the operator */
			in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 3, PHASE_REQUESTED, 3);
			operator_step(b.view, MSIG_PROCESS_ZSK, true);
			b.view->waits = (struct view_approval){MSIG_PROCESS_ZSK, 3, 1};
			b.view->waited = b.now;
		}
		if (cases[i].recalled)
			b.view->d.recalled = (struct view_approval){MSIG_PROCESS_REMOVE, 2, 1};
		peer(VIEW_SELF)->member = cases[i].member;
		struct step s = {b.view, b.now, &plan};
		b.view->reasons = 0;
		operator_show(&s);
		const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
		if ((r != NULL && strstr(r->todo, "see to it that the parent has") != NULL) !=
		    cases[i].looks)
			fail_msg("case %zu", i);
		assert_int_equal(bench_reason(&b, REASON_BLOCKED, REASON_OF_OPERATOR) != NULL,
				 cases[i].runs);
		if (!cases[i].looks)
			continue;
		assert_int_equal(b.view->waits.step, 2 | OPERATOR_LOOKS);
		assert_int_equal(operator_approve(b.view, MSIG_PROCESS_REMOVE), 0);
		b.view->reasons = 0;
		operator_show(&s);
		assert_int_equal(b.view->reasons, 0);
		assert_int_equal(b.view->waits.kind, 0);
		/* Which says nothing of that step when it comes. */
		in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 2, PHASE_EXECUTING, 1);
		assert_true(operator_looks(&s));
	}
}

/* The zone names it, and that is all that shows. */
static void
serves_unseen(uint8_t has, bool completed)
{
	struct view_statement st = peer(1)->statement;

	st.dnskey = st.cds = st.cdnskey = RSET_NONE;
	peer(1)->statement = st;
	peer(1)->has = has;
	memset(run(), 0, sizeof(*run()));
	b.view->d.ended = (struct view_ended){
	    .kind = MSIG_PROCESS_NS_ADD, .subject = 1, .completed = completed, .time = b.now};
	b.view->d.backoff = 0;
	b.view->dirty = true;
	bench_decide(&b);
}

/* CSYNC has the parent take the NS that are shown: where the owner came to manage them in the
 * middle, it waits until they are what the process is for. */
static void
test_csync_of_the_owners_ns(void **state)
{
	static const struct {
		uint8_t kind;
		bool agent, ours, named, csync;
	} cases[] = {
	    {MSIG_PROCESS_NS_ADD, false, false, true, true},
	    {MSIG_PROCESS_NS_ADD, false, false, false, false},
	    {MSIG_PROCESS_NS_ADD, false, true, true, false}, /* the agents' own yet */
	    {MSIG_PROCESS_NS_ADD, true, true, false, true},
	    {MSIG_PROCESS_NS_REMOVE, false, false, true, false},
	    {MSIG_PROCESS_NS_REMOVE, false, false, false, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct process_target t;
		bench_clear(&b);
		two(state);
		b.signer.set[VIEW_NS] = only(b.ns[0]);
		if (cases[i].named)
			rset_add(&b.signer.set[VIEW_NS], b.ns[1]);
		bench_look(&b);
		b.view->d.agent_ns = cases[i].agent;
		for (int k = 0; k < 2; k++)
			b.view->d.want.from[k].ns = cases[i].ours ? only(b.ns[k]) : RSET_NONE;
		in_the_middle(cases[i].kind, 1, VIEW_SELF, 2, PHASE_EXECUTING, 1);
		process_target(b.view, &t);
		print_message("# %zu\n", i);
		assert_int_equal(t.csync, cases[i].csync);
		run()->step = 3;
		process_target(b.view, &t);
		assert_false(t.csync);
	}
}

/* Who only serves may show the copy of a member; or of one that has to join again, and whose DS the
 * parent has: that join waits for whoever only serves to be named. */
static void
test_copy_of_one_who_joins_again(void **state)
{
	struct reason why;

	bench_clear(&b);
	three(state);
	owner(2, true, false);
	bench_serve(&b, 3);
	b.server[2] = b.server[1];
	for (int k = 0; k < 3; k++) {
		b.parent.set[VIEW_DS] = k == 1 ? rset_or(ds(0), ds(1)) : ds(0);
		bench_look(&b);
		in_the_middle(MSIG_PROCESS_NS_ADD, 2, VIEW_SELF, 0, PHASE_REQUESTED, 3);
		peer(2)->member = false;
		peer(1)->member = k == 0;
		b.view->d.process.executed = false;
		print_message("# %d\n", k);
		assert_int_equal(check(COND_COPY, &why), k < 2);
	}
	assert_int_equal(why.object, REASON_OF_SIGNATURE);
	assert_string_equal(why.place, "192.0.2.3@53");
}

/* An ns-add that ended in the middle begins once more: nobody sees how far the parent is. */
static void
test_ns_add_unseen(void **state)
{
	owner(1, true, false);
	rset_add(&b.signer.set[VIEW_NS], b.ns[1]);
	b.copy = b.server[1] = b.server[0] = b.signer;
	b.child = 1;
	b.view->d.paused = true;
	bench_run(&b, 60000); /* caches forget what server 1 showed before */
	b.view->d.paused = false;
	assert_true(view_hidden(b.view));
	serves_unseen(0, true);
	assert_int_equal(peer(1)->has, HAS_NS);
	assert_int_equal(run()->kind, 0);
	serves_unseen(0, false);
	assert_int_equal(peer(1)->has, 0);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_ADD);
	serves_unseen(HAS_NS, true);
	assert_int_equal(run()->kind, 0);
	serves_unseen(HAS_NS, false);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_ADD);
}

/* The parent's server serves the zone, which names the third one, who only serves. */
static void
serves_hidden(bool hidden)
{
	owner(2, true, false);
	bench_serve(&b, 7);
	b.copy = b.server[2] = b.server[1];
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	b.child = hidden;
	b.view->d.paused = true;
	bench_run(&b, 60 * SECOND);
	b.view->d.paused = false;
	assert_int_equal(view_hidden(b.view), hidden);
	struct view_statement st = peer(2)->statement;
	st.dnskey = st.cds = st.cdnskey = RSET_NONE;
	st.standing = st.step = 0;
	restate(2, st);
	peer(2)->member = false;
	rest();
}

/* A member that ended an ns-add in the middle does not believe the zone's NS, whatever has run
 * since; who is none, or had no part in it, has nobody else to ask. */
static void
test_named_unseen(void **state)
{
	static const struct {
		const char *what;
		bool hidden, member;
		uint8_t kind;
		int subject;
		bool completed, unsure;
		uint8_t has;
	} cases[] = {
	    {"after its own", true, true, MSIG_PROCESS_NS_ADD, 2, true, false, HAS_NS},
	    {"in its middle", true, true, MSIG_PROCESS_NS_ADD, 2, false, false, 0},
	    {"another one since", true, true, MSIG_PROCESS_REMOVE, 1, true, true, 0},
	    {"of another one", true, true, MSIG_PROCESS_NS_ADD, 1, false, false, HAS_NS},
	    {"the delegation shows", false, true, MSIG_PROCESS_REMOVE, 2, true, true, HAS_NS},
	    {"no member", true, false, MSIG_PROCESS_REMOVE, 2, true, true, HAS_NS},
	    {"no member, in the middle", true, false, MSIG_PROCESS_NS_ADD, 2, false, false, HAS_NS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		serves_hidden(cases[i].hidden);
		peer(2)->has = 0;
		peer(VIEW_SELF)->member = cases[i].member; /* or it joins again, and votes */
		b.view->d.ended = (struct view_ended){.kind = cases[i].kind,
						      .subject = cases[i].subject,
						      .completed = cases[i].completed,
						      .time = b.now};
		peer(2)->unsure = cases[i].unsure;
		b.view->d.backoff = 0;
		bench_decide(&b);
		if (peer(2)->has != cases[i].has)
			fail_msg("%s: %u", cases[i].what, peer(2)->has);
		bool asks = cases[i].member && cases[i].has == 0; /* then it names him */
		assert_int_equal(run()->kind == MSIG_PROCESS_NS_ADD, asks);
	}
}

/* What nobody knows of name servers is not known any better when another process has run, and after
 * a restart; it is once they are named, or a person says so. */
static void
test_unsure(void **state)
{
	for (int by = 0; by < 2; by++) {
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		bench_clear(&b);
		three(state);
		serves_hidden(true);
		s.view = b.view;
		in_the_middle(MSIG_PROCESS_NS_ADD, 2, VIEW_SELF, 1, PHASE_EXECUTING, 3);
		agree_end_early(&s, "");
		assert_false(peer(2)->unsure); /* it is the last one */
		in_the_middle(MSIG_PROCESS_ZSK, 1, VIEW_SELF, 1, PHASE_EXECUTING, 3);
		agree_end_early(&s, "");
		assert_true(peer(2)->unsure);
		assert_true(agree_unfinished_ns(b.view, 2));
		bench_restart(&b);
		s.view = b.view;
		assert_true(peer(2)->unsure);
		if (by == 0) {
			in_the_middle(MSIG_PROCESS_NS_ADD, 2, VIEW_SELF, 3, PHASE_DONE, 3);
			agree_finish(&s);
		} else {
			b.view->d.ended.kind = MSIG_PROCESS_NS_ADD;
			b.view->d.ended.subject = 2;
			b.view->waits =
			    (struct view_approval){MSIG_PROCESS_NS_ADD, 2 | OPERATOR_LOOKS, 2};
			assert_int_equal(operator_approve(b.view, 0), 0);
		}
		assert_false(peer(2)->unsure);
	}
}

/* Who only serves, was OFF, and is ON again, may have been taken out of the delegation by then or
 * not: where nobody sees that he is named anew, and stays in the zone meanwhile. */
static void
test_on_again_unseen(void **state)
{
	static const struct {
		const char *what;
		bool hidden, named, was_on, member, signs, keys, asks;
	} cases[] = {
	    {"on again", true, true, false, true, false, false, true},
	    {"the delegation shows", false, true, false, true, false, false, false},
	    {"not there any more", false, false, false, true, false, false, true},
	    {"on as before", true, true, true, true, false, false, false},
	    {"no member", true, false, false, false, false, false, false},
	    {"to sign", true, true, false, true, true, false, false},
	    {"keys as well", true, true, false, true, false, true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		b.view->config.times.hold_down = 0;
		serves_hidden(cases[i].hidden);
		owner(2, cases[i].was_on, false);
		if (!cases[i].named) {
			rset_del(&b.parent.set[VIEW_NS], b.ns[2]);
			rset_del(&b.copy.set[VIEW_NS], b.ns[2]);
		}
		bench_run(&b, 5 * SECOND);
		const uint8_t has = cases[i].keys ? HAS_NS | HAS_KEYS : HAS_NS;
		peer(2)->has = has;
		peer(VIEW_SELF)->member = cases[i].member;
		owner(2, true, cases[i].signs);
		b.hsync.time = b.now;
		view_on_hsync(b.view, &b.hsync);
		b.view->d.backoff = 0;
		bench_decide(&b);
		if (peer(2)->has != has || (run()->kind == MSIG_PROCESS_NS_ADD) != cases[i].asks ||
		    peer(2)->unsure != (cases[i].hidden && cases[i].asks))
			fail_msg("%s: %u %u", cases[i].what, peer(2)->has, run()->kind);
	}
}

/* Whoever should ask for it again has another database, and does not: the operator looks, and says
 * that the parent has it. */
static void
test_ns_add_unseen_for_long(void **state)
{
	static const struct {
		const char *what;
		bool named, agent, completed, lately;
		uint8_t has;
		bool signs;
		bool looks;
	} cases[] = {
	    {"for long", true, false, false, false, 0, false, true},
	    {"not yet", true, false, false, true, 0, false, false},
	    {"the owner does not name it", false, false, false, false, 0, false, false},
	    {"the agents manage NS", true, true, false, false, 0, false, false},
	    {"it was completed", true, false, true, false, 0, false, false},
	    {"it is in", true, false, false, false, HAS_NS, false, false},
	    {"it is to sign", true, false, false, false, 0, true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		bench_clear(&b);
		two(state);
		owner(1, true, cases[i].signs);
		if (cases[i].named)
			rset_add(&b.signer.set[VIEW_NS], b.ns[1]);
		else
			rset_del(&b.signer.set[VIEW_NS], b.ns[1]);
		b.copy = b.server[1] = b.server[0] = b.signer;
		b.child = 1;
		b.view->d.paused = true;
		bench_run(&b, 10000);
		assert_true(view_hidden(b.view));
		struct step s = {b.view, b.now, &plan};
		struct view_statement st = peer(1)->statement;
		st.dnskey = st.cds = st.cdnskey = RSET_NONE;
		peer(1)->statement = st;
		peer(1)->has = cases[i].has;
		memset(run(), 0, sizeof(*run()));
		b.view->d.agent_ns = cases[i].agent;
		b.view->d.ended =
		    (struct view_ended){.kind = MSIG_PROCESS_NS_ADD,
					.subject = 1,
					.completed = cases[i].completed,
					.time = b.now - (cases[i].lately ? 5 : 100) * SECOND};
		b.view->reasons = 0;
		operator_show(&s);
		const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
		if ((r != NULL && strstr(r->todo, "see to it that the parent has") != NULL) !=
		    cases[i].looks)
			fail_msg("%s", cases[i].what);
		if (!cases[i].looks)
			continue;
		struct view_approval asked = b.view->waits; /* a word about an algorithm is none */
		b.view->waits.kind = MSIG_PROCESS_ALGORITHM;
		assert_int_equal(operator_approve(b.view, 0), 0);
		assert_false(b.view->d.ended.completed);
		b.view->waits = asked;
		assert_int_equal(operator_approve(b.view, MSIG_PROCESS_NS_ADD), 0);
		assert_true(b.view->d.ended.completed);
		assert_int_equal(b.view->d.approved.kind, 0);
		b.view->reasons = 0;
		operator_show(&s);
		assert_int_equal(b.view->reasons, 0);
		b.view->d.paused = false;
		bench_decide(&b);
		assert_int_equal(peer(1)->has, HAS_NS);
	}
}

/* Only the last process, in its middle, about its name servers, and where nobody sees them: and
 * only a member knows what it did. */
static void
test_unfinished_ns(void **state)
{
	const struct view_ended ended = {.kind = MSIG_PROCESS_NS_ADD, .subject = 1};
	struct view_ended *e = &b.view->d.ended;

	*e = ended;
	assert_false(agree_unfinished_ns(b.view, 1));
	b.child = 3;
	bench_run(&b, 10000);
	*e = ended;
	assert_true(agree_unfinished_ns(b.view, 1));
	e->kind = MSIG_PROCESS_NS_REMOVE;
	assert_true(agree_unfinished_ns(b.view, 1));
	assert_false(agree_unfinished_ns(b.view, 0));
	e->kind = MSIG_PROCESS_ADD;
	assert_false(agree_unfinished_ns(b.view, 1));
	*e = ended;
	e->completed = true;
	assert_false(agree_unfinished_ns(b.view, 1));
	*e = ended;
	peer(VIEW_SELF)->member = false;
	assert_false(agree_unfinished_ns(b.view, 1));
}

/* Whoever asks there is served, named or not: its copy counts for S1 and S2 and for holds. */
static void
test_counts_as_server(void **state)
{
	struct rset without = rset_minus(b.copy.set[VIEW_DNSKEY], b.own[1]);

	assert_null(place(PLACE_SERVER, "198.51.100.2@53"));
	assert_true(safety_now(b.view, b.now).ok);
	b.child = 2;
	b.copy.set[VIEW_DNSKEY] = without;
	bench_run(&b, 5000);
	const struct view_place *p = place(PLACE_SERVER, "198.51.100.2@53");
	assert_non_null(p);
	assert_true(p->named != 0);
	assert_int_equal(view_place_provider(b.view, p), VIEW_STRANGER);
	struct safety s = safety_now(b.view, b.now);
	assert_false(s.ok);
	assert_int_equal(s.object, REASON_OF_S2);
	assert_string_equal(s.place, "198.51.100.2@53");
	struct hold_want want = {.in = rset_or(b.own[0], b.own[1]), .at = 3};
	assert_true(hold_deadline(b.view, HOLD_KEY, &want, b.now) == VIEW_NEVER);
	assert_ptr_equal(hold_old(b.view, HOLD_KEY, &want, b.now), p);
	b.copy = b.server[0];
	bench_run(&b, 5000);
	assert_true(hold_deadline(b.view, HOLD_KEY, &want, b.now) != VIEW_NEVER);
	assert_null(hold_old(b.view, HOLD_KEY, &want, b.now));
	/* It is remembered over a restart, and forgotten when it serves the zone no more. */
	bench_restart(&b);
	b.parents = 2;
	assert_true(view_serves_child(b.view, "198.51.100.2@53"));
	b.child = 0;
	bench_run(&b, 5000);
	assert_false(view_serves_child(b.view, "198.51.100.2@53"));
	bench_run(&b, 60000);
	assert_null(place(PLACE_SERVER, "198.51.100.2@53"));
}

/* A joiner whose server is one of the parent's: its copy is met before it is named. */
static void
test_joiner_at_the_parent(void **state)
{
	struct reason why;
	const char *server[] = {"198.51.100.2@53"};

	bench_clear(&b);
	member(state);
	b.parents = 2;
	b.view->parent_looked_at = 0;
	b.child = 2;
	b.copy = b.server[0];
	bench_run(&b, 10000);
	memset(run(), 0, sizeof(*run()));
	run()->kind = MSIG_PROCESS_ADD;
	run()->subject = run()->requestor = 1;
	assert_true(check(COND_NOT_NAMED, &why)); /* it shows a member's */
	run()->kind = 0;
	b.copy = b.server[1];
	view_on_addresses(b.view, b.ns[1], true, server, 1, b.now);
	b.view->looked_at[b.ns[1]] = b.now + 100000;
	bench_run(&b, 5000);
	run()->kind = MSIG_PROCESS_ADD;
	run()->subject = run()->requestor = 1;
	assert_false(check(COND_NOT_NAMED, &why));
	assert_int_equal(why.class, REASON_BLOCKED);
	assert_string_equal(why.place, "198.51.100.2@53");
	assert_true(why.todo[0] != 0);
}

/* Who is a member is told by the servers that show the delegation. */
static void
test_start(void **state)
{
	bench_clear(&b);
	two(state);
	assert_int_equal(agree_members(b.view), 3);
	b.child = 1;
	b.copy = b.server[0];
	rset_del(&b.copy.set[VIEW_NS], b.ns[0]); /* whatever it says */
	b.parents = 2;
	b.view->parent_looked_at = 0;
	bench_run(&b, 20000);
	b.view->d.begun = false;
	peer(0)->member = false;
	bench_run(&b, 20000);
	assert_int_equal(agree_members(b.view) & 1, 1);
}

/* One server of the parent has no DS yet: that is no ground to say that we are not in. */
static void
test_parents_differ(void **state)
{
	b.lags = true;
	bench_run(&b, 20000);
	b.view->d.begun = false;
	peer(0)->member = false;
	bench_run(&b, 20000);
	assert_false(b.view->d.begun);
	b.lags = false;
	bench_run(&b, 20000);
	assert_true(b.view->d.begun);
	assert_true(peer(0)->member);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(two_parents, test_not_the_delegation),
	    IN(two_parents, test_nobody_shows_it),
	    IN(two_parents, test_counts_as_server),
	    IN(two_parents, test_joiner_at_the_parent),
	    IN(two_parents, test_start),
	    IN(two_parents, test_operator_looks),
	    IN(two_parents, test_looked_too_early),
	    IN(two_parents, test_doubt_in_the_middle),
	    IN(two_parents, test_csync_recalled),
	    IN(two_parents, test_recalled_at_rest),
	    IN(member, test_csync_of_the_owners_ns),
	    IN(member, test_copy_of_one_who_joins_again),
	    IN(member, test_ns_add_unseen),
	    IN(three, test_named_unseen),
	    IN(three, test_unsure),
	    IN(three, test_on_again_unseen),
	    IN(member, test_ns_add_unseen_for_long),
	    IN(two_parents, test_unfinished_ns),
	    IN(two_parents, test_parents_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
