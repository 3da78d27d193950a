/*
 * Who is to sign no more, and counts as designated until somebody who is to sign is in: its servers
 * may show copies already, its own keys do not roll, and if it is dead a person takes it out.
 */
#include "agentd/agree_int.h"
#include "tests/unit/scene.h"

/* Two members that the owner replaces by the third one. */
static int
replaced(void **state)
{
	bench_init(&b, 3, 3);
	b.view->config.times.hold_down = 0;
	owner(VIEW_SELF, true, false);
	owner(1, false, true);
	bench_run(&b, 5 * SECOND);
	rest();
	assert_int_equal(b.view->designated, 7);
	return 0;
}

/* A server that was fed by another member before, as the leave of its provider had asked for. */
static void
test_shows_a_copy(void **state)
{
	struct reason why;

	in_the_middle(MSIG_PROCESS_ADD, 2, 2, 1, PHASE_EXECUTING, 7);
	bench_serve(&b, 7);
	b.server[0].signers[VIEW_DNSKEY] = only(b.ksk[1]);
	bench_look(&b);
	assert_true(check(COND_KEYS, &why));
	b.server[0].signers[VIEW_DNSKEY] = only(b.ksk[2]); /* whose DS may be anywhere */
	bench_look(&b);
	assert_false(check(COND_KEYS, &why));
	assert_int_equal(why.object, REASON_OF_SIGNATURE);
	b.server[0].signers[VIEW_DNSKEY] = only(b.ksk[1]); /* nor is it a matter of others */
	b.server[2].signers[VIEW_DNSKEY] = only(b.ksk[1]);
	bench_look(&b);
	assert_false(check(COND_KEYS, &why));
	assert_string_equal(why.place, "192.0.2.3@53");
	b.server[2].signers[VIEW_DNSKEY] = only(b.ksk[2]);
	peer(1)->member = false; /* it joins again, and has DS at the parent; or has none */
	bench_look(&b);
	assert_true(check(COND_KEYS, &why));
	b.parent.set[VIEW_DS] = ds(0);
	bench_look(&b);
	assert_false(check(COND_KEYS, &why));
	peer(1)->member = true;
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	owner(VIEW_SELF, true, true); /* it is to sign again */
	bench_run(&b, SECOND);
	in_the_middle(MSIG_PROCESS_ADD, 2, 2, 1, PHASE_EXECUTING, 7);
	bench_look(&b);
	assert_false(check(COND_KEYS, &why));
	assert_string_equal(why.place, "192.0.2.1@53");
}

/* Where KSKs stay at home a copy has those of its signer alone. */
static void
test_shows_a_copy_of_ksks_at_home(void **state)
{
	struct rset zsks = rset_or(only(b.zsk[0]), rset_or(only(b.zsk[1]), only(b.zsk[2])));
	struct reason why;

	b.view->d.share = b.view->config.share = MSIG_SHARE_ZSK;
	in_the_middle(MSIG_PROCESS_ADD, 2, 2, 1, PHASE_EXECUTING, 7);
	bench_serve(&b, 7);
	for (int i = 0; i < 3; i++) {
		int by = i == 0 ? 1 : i;
		b.server[i].set[VIEW_DNSKEY] = rset_or(zsks, only(b.ksk[by]));
		b.server[i].signers[VIEW_DNSKEY] = only(b.ksk[by]);
	}
	bench_look(&b);
	assert_true(check(COND_KEYS, &why));
	rset_del(&b.server[0].set[VIEW_DNSKEY], b.zsk[2]);
	bench_look(&b);
	assert_false(check(COND_KEYS, &why));
	assert_int_equal(why.object, REASON_OF_DNSKEY);
}

/* An algorithm comes with signatures of everybody: not over a copy. */
static void
test_no_algorithm_over_a_copy(void **state)
{
	struct reason why;

	for (int copy = 0; copy < 2; copy++) {
		in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF, 0, PHASE_EXECUTING, 3);
		run()->algorithm = 13;
		bench_serve(&b, 3);
		if (copy)
			b.server[0].signers[VIEW_DNSKEY] = only(b.ksk[1]);
		bench_look(&b);
		assert_int_equal(check(COND_KEYS, &why), !copy);
	}
}

/* Who feeds others stays until they are fed by somebody else. */
static void
test_feeds_and_leaves(void **state)
{
	static const struct {
		const char *what;
		bool feeds, shared, unnamed;
		enum { ANSWERS, LOST, SILENT } server;
		bool gone;
	} cases[] = {
	    {"nobody is fed", false, false, false, ANSWERS, true},
	    {"somebody is", true, false, false, ANSWERS, false},
	    {"from another one as well", true, true, false, ANSWERS, true},
	    {"who is not named", true, false, true, ANSWERS, true},
	    {"one answer is lost", true, false, false, LOST, false},
	    {"it is silent", true, false, false, SILENT, true},
	};
	struct reason why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		bench_run(&b, 5 * SECOND);
		b.server[1].silent = true;
		bench_run(&b, 60 * SECOND);
		in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 4, PHASE_EXECUTING, 5);
		if (cases[i].feeds)
			b.server[2].signers[VIEW_DNSKEY] = only(b.ksk[1]);
		if (cases[i].shared)
			rset_add(&b.server[2].signers[VIEW_DNSKEY], b.ksk[0]);
		bench_look(&b);
		b.server[2].silent = cases[i].server != ANSWERS;
		if (cases[i].server == LOST)
			bench_look(&b);
		run()->phase = PHASE_DONE;
		if (cases[i].server == SILENT)
			bench_run(&b, 60 * SECOND);
		in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 4, PHASE_EXECUTING, 5);
		if (cases[i].unnamed)
			place(PLACE_SERVER, "192.0.2.3@53")->named = 0;
		if (check(COND_GONE, &why) != cases[i].gone)
			fail_msg("%s", cases[i].what);
		if (cases[i].gone)
			continue;
		assert_non_null(strstr(why.todo, "feed the name servers"));
		assert_null(strstr(why.todo, "stopped for the zone"));
		b.view->listed = b.view->designated = BIT(VIEW_SELF); /* it is to leave as well */
		assert_false(check(COND_GONE, &why));
		assert_non_null(strstr(why.todo, "stopped for the zone"));
	}
}

/* Its own keys are no part of what its servers show: they roll when it signs, or not at all. */
static void
test_does_not_roll(void **state)
{
	static const struct {
		uint8_t kind;
		bool first;
	} cases[] = {{MSIG_PROCESS_ZSK, true},
		     {MSIG_PROCESS_KSK, true},
		     {MSIG_PROCESS_ALGORITHM, false}};
	int who;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *first = agree_goes_before(b.view, cases[i].kind, VIEW_SELF, &who);
		assert_int_equal(first != NULL, cases[i].first);
		assert_int_equal(who, -1);
	}
	owner(VIEW_SELF, true, true);
	bench_run(&b, SECOND);
	peer(1)->member = false; /* or it leaves first */
	peer(1)->has = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_null(agree_goes_before(b.view, cases[i].kind, VIEW_SELF, &who));
}

/* An order that waits for another group keeps no other one. */
static void
test_next_order(void **state)
{
	struct view_order *order = b.view->d.order;

	order[0] = (struct view_order){MSIG_PROCESS_ZSK, 0};
	assert_int_equal(agree_next_order(b.view).process, MSIG_PROCESS_ZSK);
	order[1] = (struct view_order){MSIG_PROCESS_ALGORITHM, 13};
	assert_int_equal(agree_next_order(b.view).process, MSIG_PROCESS_ALGORITHM);
	assert_int_equal(agree_next_order(b.view).algorithm, 13);
	owner(VIEW_SELF, true, true); /* first come, first served */
	b.view->d.backoff = b.now + 3600 * SECOND;
	bench_run(&b, SECOND);
	peer(1)->member = false;
	peer(1)->has = 0;
	assert_int_equal(agree_next_order(b.view).process, MSIG_PROCESS_ZSK);
	memset(order, 0, sizeof(b.view->d.order));
	assert_int_equal(agree_next_order(b.view).process, 0);
}

/* The one who asked for what runs is dead: its part is next, and it is OFF already. Nobody is told
 * to take out the only one who is in. */
static void
test_requestor_is_dead(void **state)
{
	view_on_peer(b.view, 1, false, "no beats");
	for (int alone = 0; alone < 2; alone++) {
		in_the_middle(MSIG_PROCESS_NS_REMOVE, 2, 1, 1, PHASE_DONE, 7);
		peer(VIEW_SELF)->member = !alone;
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		b.view->reasons = 0;
		agree_participate(&s);
		const struct reason *r = bench_reason(&b, REASON_PEER, REASON_OF_GRANT);
		assert_non_null(r);
		assert_string_equal(r->seen, "no beats");
		assert_int_equal(strstr(r->todo, "msigctl force-remove") != NULL, !alone);
	}
}

/* The owner said OFF already: it takes more than that to go on without it. */
static void
test_dead_and_counts(void **state)
{
	const struct reason *r;

	view_on_peer(b.view, 1, false, "no beats");
	view_on_peer(b.view, 2, false, "no beats");
	for (int i = 1; i < 3; i++) {
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		b.view->reasons = 0;
		agree_await(&s, i, REASON_OF_PEER, "operational");
		r = bench_reason(&b, REASON_PEER, REASON_OF_PEER);
		assert_non_null(r);
		assert_string_equal(r->seen, "no beats");
		assert_int_equal(strstr(r->todo, "msigctl force-remove") != NULL, i == 1);
	}
	b.view->d.backoff = 0;
	b.view->dirty = true;
	bench_run(&b, SECOND);
	/* Whoever joins waits for it as well: those who are in say so, before anybody asks. */
	for (int joiner = 0; joiner < 2; joiner++) {
		view_on_peer(b.view, 2, joiner != 0, "no beats");
		bench_run(&b, SECOND);
		r = reason_at(REASON_PEER, REASON_OF_PEER, "msa.p2.");
		assert_non_null(r);
		assert_non_null(strstr(r->todo, "msigctl force-remove"));
		r = reason_at(REASON_PEER, REASON_OF_PEER, "msa.p3.");
		assert_non_null(r);
		assert_string_equal(r->seen, joiner ? "none yet" : "no beats");
	}
	view_on_peer(b.view, 1, true, NULL);
	bench_run(&b, SECOND);
	assert_null(reason_at(REASON_PEER, REASON_OF_PEER, "msa.p2."));
	view_on_peer(b.view, 1, false, "no beats");
	assert_int_equal(view_on_expel(b.view, "msa.p2.", true), 0);
	bench_run(&b, SECOND);
	assert_int_equal(b.view->designated, 5);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	assert_int_equal(run()->subject, 1);
	/* What else the owner says does not take that back, until he wants it in again. */
	owner(VIEW_SELF, false, false);
	bench_run(&b, 5 * SECOND);
	assert_int_equal(b.view->designated, 5);
	owner(1, true, true);
	bench_run(&b, 5 * SECOND);
	assert_int_equal(b.view->designated & BIT(1), BIT(1));
	assert_false(peer(1)->expelled);
	/* Nor does the owner who agrees, while it counts. */
	assert_int_equal(view_on_expel(b.view, "msa.p2.", true), 0);
	owner(1, false, true);
	bench_run(&b, 5 * SECOND);
	assert_true(peer(1)->expelled);
	assert_int_equal(b.view->designated, 5);
	owner(1, true, false); /* to serve is in, too */
	bench_run(&b, 5 * SECOND);
	assert_false(peer(1)->expelled);
	assert_int_equal(view_on_expel(b.view, "msa.p2.", true), 0);
	owner(1, true, true);
	bench_run(&b, 5 * SECOND);
	assert_false(peer(1)->expelled);
}

/* A joiner whose servers are to be named is as good as in: then it does not need the dead one any
 * more. Before that, and in what does not bring a signer, there is nobody else. */
static void
test_joined_without_the_dead(void **state)
{
	static const struct {
		const char *what;
		bool member;
		uint8_t kind, step;
		enum view_phase phase;
		bool told;
	} cases[] = {
	    {"at rest", true, 0, 0, PHASE_IDLE, true},
	    {"nobody else is in", false, 0, 0, PHASE_IDLE, false},
	    {"not named yet", false, MSIG_PROCESS_ADD, 3, PHASE_EXECUTING, false},
	    {"asked for", false, MSIG_PROCESS_ADD, 4, PHASE_REQUESTED, false},
	    {"named", false, MSIG_PROCESS_ADD, 4, PHASE_EXECUTING, true},
	    {"named at the parent", false, MSIG_PROCESS_ADD, 6, PHASE_DONE, true},
	    {"who only serves", false, MSIG_PROCESS_NS_ADD, 3, PHASE_DONE, false},
	};

	view_on_peer(b.view, 1, false, "no beats");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		peer(VIEW_SELF)->member = cases[i].member;
		in_the_middle(cases[i].kind, 2, 2, cases[i].step, cases[i].phase, 7);
		b.view->reasons = 0;
		agree_await(&s, 1, REASON_OF_PEER, "operational");
		const struct reason *r = bench_reason(&b, REASON_PEER, REASON_OF_PEER);
		assert_non_null(r);
		if ((strstr(r->todo, "msigctl force-remove") != NULL) != cases[i].told)
			fail_msg("%s", cases[i].what);
	}
}

/* Who is to sign and is not there keeps nobody from resting. */
static void
test_dead_and_to_sign(void **state)
{
	view_on_peer(b.view, 1, false, "no beats");
	bench_run(&b, SECOND);
	assert_null(reason_at(REASON_PEER, REASON_OF_PEER, "msa.p2."));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(replaced, test_shows_a_copy),
	    IN(replaced, test_shows_a_copy_of_ksks_at_home),
	    IN(replaced, test_no_algorithm_over_a_copy),
	    IN(three, test_feeds_and_leaves),
	    IN(replaced, test_does_not_roll),
	    IN(replaced, test_next_order),
	    IN(replaced, test_requestor_is_dead),
	    IN(replaced, test_dead_and_counts),
	    IN(replaced, test_joined_without_the_dead),
	    IN(two, test_dead_and_to_sign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
