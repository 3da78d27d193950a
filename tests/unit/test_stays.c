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
	owner(VIEW_SELF, true, true); /* it is to sign again */
	bench_run(&b, SECOND);
	in_the_middle(MSIG_PROCESS_ADD, 2, 2, 1, PHASE_EXECUTING, 7);
	bench_look(&b);
	assert_false(check(COND_KEYS, &why));
	assert_string_equal(why.place, "192.0.2.1@53");
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
		agree_await(&s, i);
		r = bench_reason(&b, REASON_PEER, REASON_OF_PEER);
		assert_non_null(r);
		assert_string_equal(r->seen, "no beats");
		assert_int_equal(strstr(r->todo, "msigctl force-remove") != NULL, i == 1);
	}
	b.view->d.backoff = 0;
	b.view->dirty = true;
	bench_run(&b, SECOND);
	r = bench_reason(&b, REASON_PEER, REASON_OF_PEER);
	assert_non_null(r);
	assert_string_equal(r->place, "msa.p3.");
	assert_int_equal(view_on_expel(b.view, "msa.p2.", true), 0);
	bench_run(&b, SECOND);
	assert_int_equal(b.view->designated, 5);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	assert_int_equal(run()->subject, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(replaced, test_shows_a_copy),
	    IN(replaced, test_does_not_roll),
	    IN(replaced, test_dead_and_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
