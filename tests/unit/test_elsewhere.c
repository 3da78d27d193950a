/*
 * Situations in which other implementations went wrong (doc/comparison.md), each from beginning to
 * end at one agent: what is seen, what is said of it, and that nothing goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/lead.h"
#include "agentd/outlook.h"
#include "tests/unit/scene.h"

/* The owner has the third one go, and this step of that is executed. */
static void
leave(uint8_t step)
{
	if (b.hsync.entry[2].on) {
		owner(2, false, true);
		bench_run(&b, 10000);
	}
	in_the_middle(MSIG_PROCESS_REMOVE, 2, VIEW_SELF, step, PHASE_EXECUTING, 3);
}

/* ---- a leave, where one of the leaver's names is another one's as well ---- */

/* Does the overlay have this record, in whosever name? */
static bool
published(int ns)
{
	for (int i = 0; i < b.view->d.providers; i++)
		if (rset_has(&b.view->d.want.from[i].ns, ns))
			return true;
	return false;
}

/* The third provider states the name of the second one, beside its own. */
static void
share_a_name(void)
{
	struct view_statement st = peer(2)->statement;

	rset_add(&st.ns, b.ns[1]);
	restate(2, st);
	bench_run(&b, 5000);
}

static void
test_shared_name_stays(void **state)
{
	struct rset stay = rset_or(only(b.ns[0]), only(b.ns[1]));
	struct process_target t;
	struct reason why;

	share_a_name();
	assert_true(rset_equal(process_own_ns(b.view, 2), only(b.ns[2])));
	assert_true(published(b.ns[1]) && published(b.ns[2]));
	leave(1);
	bench_run(&b, 2000);
	process_target(b.view, &t);
	assert_true(rset_equal(t.ns_set, stay));
	assert_true(published(b.ns[0]) && published(b.ns[1]));
	assert_false(published(b.ns[2]));

	/* And that is what CSYNC has the parent take. */
	leave(2);
	for (int i = 0; i < 3; i++)
		b.server[i].set[VIEW_NS] = stay;
	b.signer.set[VIEW_NS] = stay;
	bench_run(&b, 5000);
	assert_true(check(COND_NS, &why));
	assert_false(check(COND_PARENT_NS, &why));
	b.parent.set[VIEW_NS] = only(b.ns[0]); /* one too few */
	bench_run(&b, 5000);
	assert_false(check(COND_PARENT_NS, &why));
	b.parent.set[VIEW_NS] = stay;
	bench_run(&b, 5000);
	assert_true(check(COND_PARENT_NS, &why));
}

/* What a leader orders, and a follower expects, takes no more away. */
static void
test_shared_name_led(void **state)
{
	struct view_message m = {.process = MSIG_PROCESS_REMOVE, .step = 1, .subject = 2};

	share_a_name();
	leave(1);
	struct view_change c = lead_change(b.view, &m);
	assert_true(rset_equal(c.del[VIEW_NS], only(b.ns[2])));
	assert_true(rset_empty(c.add[VIEW_NS]));
}

/* Nor does the dry run say so. */
static void
test_shared_name_planned(void **state)
{
	struct outlook_ask ask = {.kind = MSIG_PROCESS_REMOVE, .provider = 2};
	struct outlook *o = calloc(1, sizeof(*o));
	struct rset goes = RSET_NONE;
	char err[200] = "";

	share_a_name();
	assert_int_equal(outlook_make(b.view, &ask, b.now, o, err, sizeof(err)), 0);
	for (int i = 0; i < o->steps; i++)
		for (int k = 0; k < o->step[i].changes; k++) {
			const struct outlook_change *c = &o->step[i].change[k];
			if (c->type == 2 && !c->add && c->rr >= 0)
				rset_add(&goes, c->rr);
		}
	assert_true(rset_equal(goes, only(b.ns[2])));
	free(o);
}

/* ---- a server that cannot be reached while sets are compared ---- */

static void
test_unreachable(void **state)
{
	struct reason why;

	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 1, PHASE_EXECUTING, 3);
	bench_run(&b, 5000);
	assert_true(check(COND_KEYS, &why));
	b.server[1].silent = true;
	bench_run(&b, 60000);
	/* It shows what it showed as far as anybody knows, and that is no proof. */
	assert_false(check(COND_KEYS, &why));
	assert_int_equal(why.class, REASON_PEER);
	assert_int_equal(why.object, REASON_OF_SERVER);
	assert_string_equal(why.place, "192.0.2.2@53");
	assert_string_equal(why.expected, "an answer");
	assert_string_equal(why.seen, "unknown: timeout");
	b.server[1].silent = false;
	bench_run(&b, 5000);
	assert_true(check(COND_KEYS, &why));
}

/* Our own rollover waits for it, names it, and goes on with its answer. */
static void
test_unreachable_holds_up(void **state)
{
	leave(1);
	b.server[0].set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
	b.signer.set[VIEW_NS] = b.server[0].set[VIEW_NS];
	b.server[1].silent = true;
	bench_run(&b, 60000);
	reply(1, MSIG_OP_DONE); /* it says so, and nobody sees it */
	bench_run(&b, 60000);
	assert_true(run()->step == 1 || run()->phase == PHASE_REQUESTED);
	const struct reason *r = bench_reason(&b, REASON_PEER, REASON_OF_SERVER);
	assert_non_null(r);
	assert_string_equal(r->place, "192.0.2.2@53");
	assert_string_equal(r->seen, "unknown: timeout");
}

/* ---- a signer that adds CDS of its own again ---- */

static void
test_cds_come_back(void **state)
{
	struct rset without = rset_or(b.cds[0], b.cds[1]);
	struct reason why;

	leave(5);
	for (int i = 0; i < 2; i++) {
		b.server[i].set[VIEW_CDS] = without;
		b.server[i].set[VIEW_CDNSKEY] = rset_or(b.cdnskey[0], b.cdnskey[1]);
	}
	b.signer = b.server[0];
	bench_look(&b);
	assert_true(check(COND_CDS, &why));
	/* They were withdrawn, and one signer has them again: whoever has to act is told. */
	b.server[1].set[VIEW_CDS] = rset_or(without, b.cds[2]);
	b.now += SECOND;
	bench_look(&b);
	assert_false(check(COND_CDS, &why));
	assert_string_equal(why.todo, PROCESS_TODO_CDS);
	assert_int_equal(why.class, REASON_PEER);
	assert_int_equal(why.object, REASON_OF_CDS);
	assert_string_equal(why.place, "192.0.2.2@53");
	assert_string_equal(why.expected, "the CDS of all signers");
	assert_string_equal(why.seen, "2 of 2, 1 others");
	/* What was there when the step began is what it takes away, and nobody's mistake. */
	run()->executed_at = b.now;
	assert_false(check(COND_CDS, &why));
	assert_string_equal(why.todo, "");
	b.now += b.view->config.times.alarm_after + SECOND; /* unless it stays */
	bench_look(&b);
	assert_false(check(COND_CDS, &why));
	assert_string_equal(why.todo, PROCESS_TODO_CDS);
	run()->executed_at = b.now;
	b.server[1].set[VIEW_CDS] = without;
	b.now += SECOND;
	bench_look(&b);
	assert_true(check(COND_CDS, &why));
	/* Nor is one that is missing. */
	b.server[1].set[VIEW_CDS] = b.cds[1];
	b.now += SECOND;
	bench_look(&b);
	assert_false(check(COND_CDS, &why));
	assert_string_equal(why.todo, "");
	/* CDNSKEY are looked at as well. */
	b.server[1].set[VIEW_CDS] = without;
	rset_add(&b.server[1].set[VIEW_CDNSKEY], rset_next(&b.cdnskey[2], 0));
	b.now += SECOND;
	bench_look(&b);
	assert_false(check(COND_CDS, &why));
	assert_string_equal(why.expected, "the CDNSKEY of all signers");
	assert_string_equal(why.todo, PROCESS_TODO_CDS);
}

/* The own signer does, with those of a key that it had before: our part of the step is not done,
 * and said to nobody, until they are gone again. */
static void
test_own_cds_come_back(void **state)
{
	struct rset both = b.server[0].set[VIEW_CDS];

	b.server[0].set[VIEW_CDS] = b.signer.set[VIEW_CDS] = rset_or(both, b.cds[2]);
	bench_run(&b, 5000);
	in_the_middle(MSIG_PROCESS_KSK, 1, 1, 7, PHASE_EXECUTING, 3);
	bench_forget(&b);
	bench_run(&b, 30000);
	EXPECT_NOT(1, DONE);
	assert_int_equal(run()->phase, PHASE_EXECUTING);
	const struct reason *r = bench_reason(&b, REASON_HOME, REASON_OF_CDS);
	assert_non_null(r);
	assert_string_equal(r->place, "192.0.2.1@53");
	assert_string_equal(r->expected, "the CDS of all signers");
	assert_string_equal(r->seen, "2 of 2, 1 others");
	b.server[0].set[VIEW_CDS] = b.signer.set[VIEW_CDS] = both;
	bench_run(&b, 5000);
	EXPECT(1, DONE);
}

/* ---- a restart during a wait ---- */

static void
test_restart_in_a_wait(void **state)
{
	/* The parent has the joiner's DS as of now: caches have to turn over. */
	for (int i = 0; i < 2; i++) {
		b.server[i].set[VIEW_DNSKEY] = rset_or(b.own[0], b.own[1]);
		b.server[i].set[VIEW_CDS] = rset_or(b.cds[0], b.cds[1]);
		b.server[i].set[VIEW_CDNSKEY] = rset_or(b.cdnskey[0], b.cdnskey[1]);
	}
	memcpy(b.signer.set, b.server[0].set, sizeof(b.signer.set));
	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 3, PHASE_EXECUTING, 1);
	bench_run(&b, 2000);
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	bench_run(&b, 3000);
	int64_t until = run()->hold[HOLD_DS];
	assert_int_equal(run()->step, 3);
	assert_int_equal(run()->phase, PHASE_EXECUTING);
	assert_true(until > b.now + 5000);

	for (int i = 0; i < 3; i++) {
		bench_restart(&b);
		bench_run(&b, 1000);
		assert_int_equal(run()->hold[HOLD_DS], until);
		assert_int_equal(run()->phase, PHASE_EXECUTING);
	}
	const struct reason *r = bench_reason(&b, REASON_UNTIL, REASON_OF_CLOCK);
	assert_non_null(r);
	assert_int_equal(r->next, until);
	bench_run(&b, until - b.now - 1);
	assert_int_equal(run()->phase, PHASE_EXECUTING);
	bench_run(&b, 1001);
	assert_int_equal(run()->phase, PHASE_DONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(three, test_shared_name_stays),    IN(three, test_shared_name_led),
	    IN(three, test_shared_name_planned),  IN(two, test_unreachable),
	    IN(three, test_unreachable_holds_up), IN(three, test_cds_come_back),
	    IN(two, test_own_cds_come_back),      IN(member, test_restart_in_a_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
