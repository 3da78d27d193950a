/*
 * Who is to join shows the keys of the members at home before anybody shows its own: a signer that
 * would drop them is found out by that, and refused.
 */
#include "agentd/agree_int.h"
#include "tests/unit/scene.h"

/* After this long nobody takes its servers for named from before. */
#define FORGOTTEN (60 * SECOND)

static const struct view_contribution *
held(int provider)
{
	return &b.view->d.want.from[provider];
}

/* Their keys, and nothing else of theirs; of who joins as well nothing. */
static void
test_shows_keys_alone(void **state)
{
	bench_run(&b, SECOND);
	assert_int_equal(run()->executed, false);
	assert_true(rset_equal(held(1)->dnskey, b.own[1]));
	assert_true(rset_empty(held(1)->cds));
	assert_true(rset_empty(held(1)->cdnskey));
	assert_true(rset_empty(held(1)->ns));
	assert_false(held(2)->used);
	assert_int_equal(peer(VIEW_SELF)->has, 0);
	assert_false(peer(VIEW_SELF)->member);
}

/* As long as it is to join, whatever others do; and no longer. */
static void
test_as_long_as_it_joins(void **state)
{
	for (uint8_t step = 0; step < 2; step++) {
		in_the_middle(MSIG_PROCESS_ADD, VIEW_SELF, VIEW_SELF, step, PHASE_EXECUTING, 7);
		b.view->dirty = true;
		bench_decide(&b);
		assert_true(rset_equal(held(1)->dnskey, b.own[1]));
	}
	rest();
	b.view->config.times.hold_down = 0;
	owner(VIEW_SELF, false, true);
	bench_run(&b, FORGOTTEN);
	assert_true(rset_empty(held(1)->dnskey));
	owner(VIEW_SELF, true, false);
	bench_run(&b, 5 * SECOND);
	assert_true(rset_empty(held(1)->dnskey));
	owner(VIEW_SELF, true, true);
	bench_run(&b, 5 * SECOND);
	assert_true(rset_equal(held(1)->dnskey, b.own[1]));
}

/* Keys of another algorithm would say that all is signed with that; and that is why they are not
 * shown. */
static void
test_not_of_another_algorithm(void **state)
{
	struct reason why;
	uint8_t rdata[36] = {1, 0, 3, 13, 1};
	struct view_statement st = peer(1)->statement;

	rset_add(&st.dnskey, view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
	restate(1, st);
	bench_run(&b, FORGOTTEN);
	assert_true(rset_empty(held(1)->dnskey));
	assert_false(check(COND_TAKES | COND_ALGORITHMS, &why));
	assert_int_equal(why.class, REASON_BLOCKED);
	assert_string_equal(why.expected, "the algorithms of the other signers");
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DNSKEY));
}

/* What a member states is not known: nothing is shown that could be out of date. */
static void
test_not_of_the_unknown(void **state)
{
	bench_run(&b, FORGOTTEN);
	peer(1)->statement.known = false;
	b.view->dirty = true;
	bench_decide(&b);
	assert_true(rset_empty(held(1)->dnskey));
}

/* A signer that drops them is not let in: nobody asks, as long as its servers show it. */
static void
test_dropped(void **state)
{
	struct reason why;

	b.server[0].set[VIEW_DNSKEY] = b.signer.set[VIEW_DNSKEY] = b.own[0];
	bench_look(&b);
	rest();
	b.view->d.backoff = 0;
	bench_forget(&b);
	bench_run(&b, 30 * SECOND);
	EXPECT_NOT(1, REQUEST);
	assert_false(check(COND_TAKES, &why));
	assert_int_equal(why.object, REASON_OF_DNSKEY);
	assert_string_equal(why.place, "192.0.2.1@53");
	assert_non_null(strstr(why.todo, "msigctl doctor"));
	assert_non_null(reason_at(why.class, REASON_OF_DNSKEY, why.place));
	rset_add(&b.server[0].set[VIEW_DNSKEY], b.zsk[1]); /* KSKs can stay at home */
	bench_look(&b);
	assert_false(check(COND_TAKES, &why));
	assert_non_null(strstr(why.todo, "dnskey-share: zsk"));
	b.server[0].set[VIEW_DNSKEY] = b.signer.set[VIEW_DNSKEY] = rset_or(b.own[0], b.own[1]);
	bench_run(&b, 30 * SECOND);
	assert_true(check(COND_TAKES, &why));
	EXPECT(1, REQUEST);
}

/* Nor does a member who sees it at the joiner's servers. */
static void
test_not_approved(void **state)
{
	struct reason why;

	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 0, PHASE_REQUESTED, 3);
	run()->executed = false;
	assert_true(check(COND_TAKES, &why));
	b.server[1].set[VIEW_DNSKEY] = rset_minus(b.server[1].set[VIEW_DNSKEY], only(b.zsk[0]));
	bench_look(&b);
	assert_false(check(COND_TAKES, &why));
	assert_string_equal(why.place, "192.0.2.2@53");
	assert_string_equal(why.seen, "1 missing");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(bystander, test_shows_keys_alone),
	    IN(joiner, test_as_long_as_it_joins),
	    IN(joiner, test_not_of_another_algorithm),
	    IN(joiner, test_not_of_the_unknown),
	    IN(joiner, test_dropped),
	    IN(member, test_not_approved),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
