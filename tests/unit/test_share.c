/*
 * dnskey-share: zsk. Every DNSKEY RRset is signed by a key that no other signer shows; what is
 * waited for is what each has to show then, and nothing begins unless all want it so.
 */
#include "tests/unit/scene.h"

/* Nobody shows a KSK of another one. */
static void
keep_ksks_home(void)
{
	rset_del(&b.signer.set[VIEW_DNSKEY], b.ksk[1]);
	rset_del(&b.server[0].set[VIEW_DNSKEY], b.ksk[1]);
	rset_del(&b.server[1].set[VIEW_DNSKEY], b.ksk[0]);
}

static void
peer_wants(uint8_t share)
{
	struct view_statement st = peer(1)->statement;

	st.share = share;
	restate(1, st);
}

static void
all_want_zsk(void)
{
	b.view->config.share = MSIG_SHARE_ZSK;
	b.view->dirty = true;
	peer_wants(MSIG_SHARE_ZSK);
	bench_run(&b, 5000);
}

static void
test_agreed(void **state)
{
	const struct view_contribution *c = &b.view->d.want.from[1];

	assert_true(rset_equal(c->dnskey, b.own[1]));
	all_want_zsk();
	assert_int_equal(b.view->d.share, MSIG_SHARE_ZSK);
	assert_int_equal(peer(0)->statement.share, MSIG_SHARE_ZSK);
	assert_true(rset_has(&c->dnskey, b.zsk[1]));
	assert_false(rset_has(&c->dnskey, b.ksk[1]));
	assert_true(rset_equal(c->cds, b.cds[1])); /* the DS names all */
	assert_int_equal(b.view->d.applied_counter, b.view->d.want.counter);
	bench_restart(&b);
	assert_int_equal(b.view->d.share, MSIG_SHARE_ZSK);
	assert_int_equal(peer(1)->statement.share, MSIG_SHARE_ZSK);
}

/* One wants it and one does not: both stay as they are, both know why, and nothing begins. */
static void
test_difference(void **state)
{
	const struct reason *r;
	struct reason why;

	b.view->config.share = MSIG_SHARE_ZSK;
	b.view->dirty = true;
	bench_run(&b, 5000);
	assert_int_equal(b.view->d.share, MSIG_SHARE_ALL);
	assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
	r = bench_reason(&b, REASON_BLOCKED, REASON_OF_STATEMENT);
	assert_non_null(r);
	assert_string_equal(r->place, "msa.p2.");
	assert_string_equal(r->expected, "dnskey-share: zsk, as here");
	assert_true(r->todo[0] != 0);
	assert_true(b.alarms > 0);
	assert_false(check(COND_SHARE, &why));
	/* Every process that begins in a zone at rest, and every join, asks for it. */
	assert_true(process_rule(MSIG_PROCESS_ADD)->step[0].guard & COND_SHARE);
	assert_true(process_rule(MSIG_PROCESS_ADD)->step[1].guard & COND_SHARE);
	assert_true(process_rule(MSIG_PROCESS_ZSK)->step[0].guard & COND_SHARE);
	assert_true(process_rule(MSIG_PROCESS_KSK)->step[0].guard & COND_SHARE);
	assert_true(process_rule(MSIG_PROCESS_ALGORITHM)->step[0].guard & COND_SHARE);

	peer_wants(MSIG_SHARE_ZSK);
	bench_run(&b, 5000);
	assert_int_equal(b.view->d.share, MSIG_SHARE_ZSK);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_STATEMENT));
	/* And the other way round. */
	peer_wants(MSIG_SHARE_ALL);
	bench_run(&b, 5000);
	assert_int_equal(b.view->d.share, MSIG_SHARE_ZSK);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_STATEMENT));
	b.view->config.share = MSIG_SHARE_ALL;
	b.view->dirty = true;
	bench_run(&b, 5000);
	assert_int_equal(b.view->d.share, MSIG_SHARE_ALL);
	assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
}

static void
test_what_is_waited_for(void **state)
{
	struct reason why;

	keep_ksks_home();
	bench_run(&b, 5000);
	assert_false(check(COND_KEYS, &why)); /* the way out is named */
	assert_non_null(strstr(why.todo, "dnskey-share: zsk"));
	all_want_zsk();
	assert_true(check(COND_KEYS | COND_EXACT | COND_SHARE, &why));
	rset_del(&b.server[1].set[VIEW_DNSKEY], b.zsk[0]);
	bench_run(&b, 5000);
	assert_false(check(COND_KEYS, &why));
	assert_string_equal(why.place, "192.0.2.2@53");
	assert_string_equal(why.seen, "1 missing");
	/* The own KSK has to be there, and no key that nobody states. */
	rset_add(&b.server[1].set[VIEW_DNSKEY], b.zsk[0]);
	rset_add(&b.server[1].set[VIEW_DNSKEY], b.ksk[2]);
	bench_run(&b, 5000);
	assert_false(check(COND_EXACT, &why));
	/* But of somebody who may have stated more than is known here, unless it is he who leaves.
	 */
	rset_add(&b.view->d.want.from[1].dnskey, b.ksk[2]);
	assert_false(check(COND_EXACT, &why));
	b.view->d.provider[1].stale = true;
	assert_true(check(COND_EXACT, &why));
	b.view->d.process.subject = 1;
	assert_false(check(COND_EXACT, &why));
	b.view->d.process.subject = VIEW_SELF;
	b.view->d.provider[1].stale = false;
	rset_del(&b.view->d.want.from[1].dnskey, b.ksk[2]);
	rset_del(&b.server[1].set[VIEW_DNSKEY], b.ksk[2]);
	rset_del(&b.server[1].set[VIEW_DNSKEY], b.ksk[1]);
	bench_run(&b, 5000);
	assert_false(check(COND_KEYS, &why));
}

/* A hold on the DNSKEY RRsets begins though nobody shows the others' KSKs. */
static void
test_hold(void **state)
{
	struct hold_want want = {.in = rset_or(b.own[0], b.own[1]), .at = 3};

	keep_ksks_home();
	bench_run(&b, 5000);
	assert_true(hold_deadline(b.view, HOLD_KEY, &want, b.now) == VIEW_NEVER);
	all_want_zsk();
	assert_true(hold_deadline(b.view, HOLD_KEY, &want, b.now) != VIEW_NEVER);
	/* A new KSK of a signer is to be seen at that signer. */
	rset_add(&want.in, b.ksk[2]);
	peer(1)->statement.dnskey = rset_or(b.own[1], want.in);
	rset_del(&peer(1)->statement.dnskey, b.ksk[0]);
	rset_del(&peer(1)->statement.dnskey, b.zsk[0]);
	assert_true(hold_deadline(b.view, HOLD_KEY, &want, b.now) == VIEW_NEVER);
	rset_add(&b.server[1].set[VIEW_DNSKEY], b.ksk[2]);
	bench_run(&b, 5000);
	assert_true(hold_deadline(b.view, HOLD_KEY, &want, b.now) != VIEW_NEVER);
}

/* A key that signs DNSKEY and data cannot stay at home: refused with the reason, and shared as long
 * as it is used. */
static void
test_combined_key(void **state)
{
	struct reason why;

	all_want_zsk();
	rset_add(&b.server[1].signers[VIEW_SOA], b.ksk[1]);
	rset_del(&b.server[1].signers[VIEW_SOA], b.zsk[1]);
	bench_run(&b, 5000);
	assert_false(check(COND_SHARE, &why));
	assert_int_equal(why.class, REASON_BLOCKED);
	assert_int_equal(why.object, REASON_OF_DNSKEY);
	assert_string_equal(why.place, "msa.p2.");
	assert_true(why.todo[0] != 0);
	assert_true(rset_has(&b.view->d.want.from[1].dnskey, b.ksk[1]));
	/* One without any ZSK has a CSK, whatever is seen. */
	rset_add(&b.server[1].signers[VIEW_SOA], b.zsk[1]);
	rset_del(&b.server[1].signers[VIEW_SOA], b.ksk[1]);
	bench_run(&b, 5000);
	assert_true(check(COND_SHARE, &why));
	struct view_statement st = peer(1)->statement;
	rset_del(&st.dnskey, b.zsk[1]);
	restate(1, st);
	assert_false(check(COND_SHARE, &why));
}

/* A zone that signs so already: the first overlay is not held back by KSKs that are not in it. */
static void
test_steady_state(void **state)
{
	bench_clear(&b);
	bench_init(&b, 1, 1);
	b.view->config.share = MSIG_SHARE_ZSK;
	b.view->dirty = true;
	bench_run(&b, 1000);
	assert_int_equal(b.view->d.share, MSIG_SHARE_ZSK); /* nobody else has a say */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(two, test_agreed), IN(two, test_difference),   IN(two, test_what_is_waited_for),
	    IN(two, test_hold),   IN(two, test_combined_key), IN(two, test_steady_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
