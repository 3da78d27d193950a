/*
 * decide(): the owner's instruction and what is none, the start, the own keys, the overlay, and
 * that early and repeated calls change nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/decide_int.h"
#include "agentd/roll.h"
#include "agentd/step.h"
#include "tests/unit/bench.h"

static struct bench b;

static int
setup(void **state)
{
	bench_init(&b, 2, 1);
	return 0;
}

static int
teardown(void **state)
{
	bench_clear(&b);
	return 0;
}

static void
test_single_signer_publishes_nothing(void **state)
{
	bench_clear(&b);
	bench_init(&b, 1, 1);
	assert_true(b.view->d.begun);
	assert_int_equal(agree_members(b.view), 1);
	assert_int_equal(b.view->d.want.counter, 0);
	assert_int_equal(b.view->reasons, 0);
	bench_run(&b, 60000);
	assert_int_equal(b.applied, 0);
}

static void
test_steady_state(void **state)
{
	/* Two members from the beginning, all in step: nothing but what is there already. */
	bench_clear(&b);
	bench_init(&b, 2, 3);
	assert_int_equal(agree_members(b.view), 3);
	assert_int_equal(b.view->d.process.kind, 0);
	assert_true(rset_equal(b.view->d.provider[0].statement.dnskey, b.own[0]));
	assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
	assert_true(rset_equal(b.view->d.want.from[1].cds, b.cds[1]));
	assert_false(b.view->d.want.from[0].used && !rset_empty(b.view->d.want.from[0].dnskey));
	assert_int_equal(b.view->reasons, 0);
}

/* A zone that is signed by three, and one of them is not known here: the first overlay would take
 * its keys out. */
static void
test_first_overlay_takes_nothing_out(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 7);
	assert_true(agree_members(b.view) != 0);
	assert_false(b.view->d.want.from[1].used);
	assert_non_null(bench_reason(&b, REASON_PEER, REASON_OF_DNSKEY));
	bench_run(&b, 60000);
	assert_int_equal(b.applied, 0);
}

static void
test_repeated_calls(void **state)
{
	int persisted = b.persisted, sends = b.sends;
	for (int i = 0; i < 50; i++) {
		bench_decide(&b);
		for (int k = 0; k < b.plan.count; k++)
			assert_true(b.plan.action[k].kind == ACT_ASK ||
				    b.plan.action[k].kind == ACT_ASK_HSYNC ||
				    b.plan.action[k].kind == ACT_LOOKUP);
		b.now++; /* before anything is due */
	}
	assert_int_equal(b.persisted, persisted);
	assert_int_equal(b.sends, sends);
}

static void
test_wake_is_exact(void **state)
{
	bench_decide(&b);
	assert_true(b.plan.wake > b.now);
	b.now = b.plan.wake;
	bench_decide(&b);
	assert_true(b.plan.count > 0);
}

/* What is no instruction freezes everything, with a reason that names HSYNC. */
static void
frozen(const char *text)
{
	struct view_overlay want = b.view->d.want;
	bench_run(&b, 5000);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC);
	assert_non_null(r);
	assert_non_null(strstr(r->seen, text));
	assert_true(r->todo[0] != 0);
	assert_true(b.alarms > 0);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 1);
	assert_null(bench_sent(&b, 1, MSIG_OP_APPROVE));
	assert_memory_equal(&want, &b.view->d.want, sizeof(want));
	/* And it thaws when the owner has put it right. */
	bench_designate(&b, 2, true);
	bench_run(&b, 5000);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC));
}

/* A signer that publishes other content than combinerd serves: nothing begins, what is published
 * stays, and it goes on when that is over. */
static void
test_egress(void **state)
{
	struct view_overlay want = b.view->d.want;
	const struct reason *r;

	assert_true(view_on_egress(b.view, "www.shop.example. A only at the signer"));
	assert_false(view_on_egress(b.view, "www.shop.example. A only at the signer"));
	bench_run(&b, 5000);
	r = bench_reason(&b, REASON_BLOCKED, REASON_OF_CONTENT);
	assert_non_null(r);
	assert_string_equal(r->seen, "www.shop.example. A only at the signer");
	assert_non_null(strstr(r->todo, "takes it back"));
	/* As long as it may pass by itself, nothing is to be undone: 22:14:10, and a minute begun.
	 */
	b.view->egress_until = b.now + 5000;
	bench_decide(&b);
	r = bench_reason(&b, REASON_BLOCKED, REASON_OF_CONTENT);
	assert_non_null(strstr(r->todo, "by itself"));
	assert_non_null(strstr(r->todo, "by 22:14 UTC what differs is named here"));
	assert_true(step_frozen(b.view));
	b.view->egress_until = b.now + 10;
	bench_decide(&b);
	assert_int_equal(b.plan.wake, b.view->egress_until);
	bench_run(&b, 5000);
	r = bench_reason(&b, REASON_BLOCKED, REASON_OF_CONTENT);
	assert_non_null(strstr(r->todo, "takes it back"));
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 1);
	assert_null(bench_sent(&b, 1, MSIG_OP_APPROVE));
	assert_memory_equal(&want, &b.view->d.want, sizeof(want));
	assert_true(view_on_egress(b.view, ""));
	bench_run(&b, 5000);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_CONTENT));
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 2);
	bench_run(&b, 2000);
	assert_non_null(bench_sent(&b, 1, MSIG_OP_APPROVE));
}

/* A provider that only serves has no signer whose zone could differ. */
static void
test_egress_of_a_copy(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 2);
	b.view->d.hsync.entry[0].sign = b.hsync.entry[0].sign = false; /* it is followed */
	b.view->d.process.kind = 0;
	view_on_egress(b.view, "shop.example. NS only at the signer");
	bench_run(&b, 1000);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_CONTENT));
	assert_false(step_frozen(b.view));
}

static void
test_hsync_vanished(void **state)
{
	b.hsync = (struct view_hsync){.status = MSIG_SEEN_ABSENT};
	frozen("vanished");
}

static void
test_hsync_malformed(void **state)
{
	strcpy(b.hsync.error, "duplicate identity");
	memset(b.hsync.digest, 77, 32);
	frozen("duplicate identity");
}

static void
test_hsync_without_us(void **state)
{
	b.hsync.entry[0] = b.hsync.entry[1];
	b.hsync.count = 1;
	memset(b.hsync.digest, 77, 32);
	frozen("does not list this provider");
}

static void
test_hsync_all_off(void **state)
{
	b.hsync.entry[0].on = b.hsync.entry[1].on = false;
	memset(b.hsync.digest, 77, 32);
	frozen("ON");
}

static void
test_hsync_mixed(void **state)
{
	b.hsync.entry[1].agent = false;
	memset(b.hsync.digest, 77, 32);
	frozen("OWNER and AGENT");
}

static void
test_hsync_member_deleted(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	b.hsync.count = 1;
	memset(b.hsync.digest, 77, 32);
	frozen("vanished without having been OFF");
	assert_int_equal(agree_members(b.view), 3);
}

static void
test_hsync_unknown_is_not_empty(void **state)
{
	struct view_hsync last = b.view->d.hsync;
	for (int i = 0; i < 60; i++) {
		b.hsync = (struct view_hsync){.status = MSIG_SEEN_UNKNOWN, .error = "timeout"};
		bench_run(&b, 1000);
	}
	assert_memory_equal(&last, &b.view->d.hsync, sizeof(last));
	assert_non_null(bench_reason(&b, REASON_HOME, REASON_OF_HSYNC));
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 1);
	assert_null(bench_sent(&b, 1, MSIG_OP_APPROVE));
}

static void
test_hsync_off_must_stand(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	b.hsync.entry[1].on = false;
	memset(b.hsync.digest, 77, 32);
	bench_run(&b, 2500);
	assert_true(b.view->d.hsync.entry[1].on);
	assert_non_null(bench_reason(&b, REASON_UNTIL, REASON_OF_HSYNC));
	bench_restart(&b); /* the time it stands survives */
	bench_run(&b, 1000);
	assert_true(b.view->d.hsync.entry[1].on);
	bench_run(&b, view_times_lab.hold_down);
	assert_false(b.view->d.hsync.entry[1].on);
	/* And still nothing is taken away by it alone. */
	assert_int_equal(agree_members(b.view), 3);
	assert_true(b.view->d.want.from[1].used);
}

static void
test_member_off_leaves(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	b.hsync.entry[1].on = false;
	memset(b.hsync.digest, 77, 32);
	bench_run(&b, 10000);
	/* Its keys stay until its servers have gone. */
	assert_int_equal(b.view->d.process.kind, MSIG_PROCESS_REMOVE);
	assert_int_equal(b.view->d.process.subject, 1);
	assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
}

static void
test_nobody_joins_while_a_member_is_off(void **state)
{
	bench_clear(&b);
	bench_init(&b, 3, 3);
	b.hsync.entry[1].on = false;
	memset(b.hsync.digest, 77, 32);
	bench_run(&b, 10000);
	bench_state(&b, 2, false);
	bench_say(&b, 2, MSIG_OP_REQUEST, 0, 5);
	assert_non_null(bench_sent(&b, 2, MSIG_OP_DENY));
	assert_null(bench_sent(&b, 2, MSIG_OP_APPROVE));
}

/* A peer says that it is a member; only if the delegation agrees is it one. */
static void
test_membership_is_not_claimed(void **state)
{
	bench_state(&b, 1, true);
	bench_run(&b, 5000);
	assert_int_equal(agree_members(b.view), 1);
	assert_int_equal(b.applied, 0);
}

/* A member names a new server: only when it serves what every cache can verify. */
static void
test_new_name_server_of_a_member(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	struct view_statement st = b.view->d.provider[1].statement;
	st.counter++;
	rset_add(&st.ns, b.ns[2]);
	rset_add(&st.dnskey, b.zsk[2]);
	view_on_statement(b.view, 1, &st, b.now);
	b.server[2] = b.server[1];
	b.server[2].set[VIEW_DNSKEY] = b.own[2]; /* an unsigned or foreign copy */
	bench_run(&b, 5000);
	assert_false(rset_has(&b.view->d.want.from[1].ns, b.ns[2]));
	assert_true(rset_has(&b.view->d.want.from[1].dnskey, b.zsk[2])); /* the rest goes on */
	assert_non_null(bench_reason(&b, REASON_PEER, REASON_OF_NS));
	b.server[2] = b.server[1];
	bench_run(&b, 60000);
	assert_true(rset_has(&b.view->d.want.from[1].ns, b.ns[2]));
}

static void
test_new_algorithm_of_a_member(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 13, 1};
	bench_clear(&b);
	bench_init(&b, 2, 3);
	int key = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct view_statement st = b.view->d.provider[1].statement;
	st.counter++;
	rset_add(&st.dnskey, key);
	view_on_statement(b.view, 1, &st, b.now);
	bench_run(&b, 5000);
	assert_false(rset_has(&b.view->d.want.from[1].dnskey, key));
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DNSKEY));
}

/* A member's claim does not stand on records of another. */
static void
test_membership_by_another_ones_records(void **state)
{
	struct view_statement st = b.view->d.provider[1].statement;
	st.counter++;
	st.step = 7;
	st.standing = HAS_ALL | MSIG_STANDING_MEMBER;
	st.ns = b.view->config.ns; /* our name server, which the delegation names */
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[1], 43));
	view_on_statement(b.view, 1, &st, b.now);
	bench_run(&b, 5000);
	assert_int_equal(agree_members(b.view), 1);
}

/* The own signer uses a new key at once: alarm, with what is at risk; the key is stated at once;
 * and it is over when no cache can hold a set without it. */
static void
test_early_activation(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 77};
	const struct reason *r;

	bench_clear(&b);
	bench_init(&b, 2, 3);
	int key = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct bench_server *own[] = {&b.signer, &b.server[0]};
	for (int i = 0; i < 2; i++) {
		rset_add(&own[i]->set[VIEW_DNSKEY], key);
		own[i]->signers[VIEW_SOA] = RSET_NONE;
		rset_add(&own[i]->signers[VIEW_SOA], key);
	}
	bench_run(&b, 3000);
	r = bench_reason(&b, REASON_BLOCKED, REASON_OF_SIGNATURE);
	assert_non_null(r);
	assert_non_null(strstr(r->seen, "is used, and not shown at 192.0.2.2@53"));
	struct plan plan = {0};
	b.view->d.begun = false; /* who knows whether anybody asks its servers? */
	b.view->reasons = 0;
	(void)decide_early(&(struct step){b.view, b.now, &plan});
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_SIGNATURE));
	b.view->d.begun = true;
	bench_decide(&b);
	b.view->dirty = true;
	bench_run(&b, 100);
	r = bench_reason(&b, REASON_BLOCKED, REASON_OF_SIGNATURE);
	assert_non_null(r);
	assert_true(r->todo[0] != 0);
	assert_true(b.alarms > 0);
	assert_true(rset_has(&b.view->d.provider[0].statement.dnskey, key));
	assert_true(b.stated > 0);
	/* The other one shows it now: until when is known. */
	rset_add(&b.server[1].set[VIEW_DNSKEY], key);
	bench_run(&b, 3000);
	r = bench_reason(&b, REASON_BLOCKED, REASON_OF_SIGNATURE);
	assert_non_null(r);
	assert_true(r->next > b.now);
	int64_t until = r->next;
	bench_run(&b, until - b.now - 1);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_SIGNATURE));
	bench_run(&b, 3000);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_SIGNATURE));
}

/* The signer's policy changes a TTL and nothing else: the overlay follows, up and down; what caches
 * may hold is the largest. */
static void
test_ttl_of_the_signer(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	assert_int_equal(b.view->d.want.ttl_key, 10);
	static const uint32_t ttls[] = {25, 5};
	for (int i = 0; i < 2; i++) {
		bench_forget(&b);
		b.signer.ttl[VIEW_DNSKEY] = ttls[i];
		bench_run(&b, 10000);
		assert_int_equal(b.view->d.want.ttl_key, ttls[i]);
		assert_int_equal(b.applied, 1);
		assert_int_equal(b.view->d.applied.ttl_key, ttls[i]);
	}
	bench_forget(&b);
	b.signer.ttl[VIEW_NS] = 7;
	bench_run(&b, 10000);
	assert_int_equal(b.view->d.want.ttl_ns, 7);
	assert_int_equal(b.applied, 1);
	for (int i = 0; i < VIEW_PLACES; i++)
		if (b.view->d.place[i] != NULL && b.view->d.place[i]->kind == PLACE_SIGNER)
			assert_int_equal(view_current(b.view->d.place[i], VIEW_DNSKEY)->ttl, 25);
	/* Not known yet after a start is no change. */
	bench_restart(&b);
	bench_forget(&b);
	bench_run(&b, 10000);
	assert_int_equal(b.applied, 0);
}

/* A statement that could not be taken is said, until a good one comes. */
static void
test_statement_refused(void **state)
{
	assert_true(view_refuse(b.view, 1, "a key that is none"));
	assert_false(view_refuse(b.view, 1, "a key that is none"));
	bench_run(&b, 1000);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_STATEMENT);
	assert_non_null(r);
	assert_string_equal(r->seen, "a key that is none");
	assert_string_equal(r->place, "msa.p2.");
	/* In doubt of the database that comes first, and what the owner and the operator said. */
	b.view->d.rebuild = b.view->d.paused = true;
	bench_decide(&b);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_STATEMENT));
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DATABASE));
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OPERATOR));
	b.view->d.rebuild = b.view->d.paused = false;
	bench_decide(&b);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_STATEMENT));
	bench_state(&b, 1, false);
	bench_run(&b, 1000);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_STATEMENT));
}

static void
test_lost_database(void **state)
{
	bench_clear(&b);
	uint8_t id[16] = {3};
	bench_init(&b, 2, 1);
	view_free(b.view);
	b.view = view_new("shop.example.", "msa.p1.", &view_times_lab, id, id);
	b.view->config.ns = RSET_NONE;
	b.show_epoch = 3;
	b.show_counter = 14;
	bench_decide(&b);
	bench_decide(&b);
	assert_true(b.view->d.rebuild);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DATABASE));
	assert_true(b.alarms > 0);
	assert_int_equal(b.applied, 0);
	/* Only a person ends it; versions go on from what combinerd has. */
	view_on_command(b.view, VIEW_CONFIRM);
	bench_decide(&b);
	assert_false(b.view->d.rebuild);
	assert_int_equal(b.view->d.counter, 14);
}

static void
test_pause(void **state)
{
	view_on_command(b.view, VIEW_PAUSE);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 1);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OPERATOR));
	assert_non_null(bench_sent(&b, 1, MSIG_OP_NOT_YET));
	bench_restart(&b);
	assert_true(b.view->d.paused);
	view_on_command(b.view, VIEW_RESUME);
	view_on_peer(b.view, 1, true, "");
	bench_run(&b, 1000);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 1);
	bench_run(&b, 2000);
	assert_non_null(bench_sent(&b, 1, MSIG_OP_APPROVE));
}

static void
test_foreign_key_never_becomes_own(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	assert_true(rset_within(b.own[1], b.view->d.foreign));
	/* The peer drops its ZSK; our signer is slow to forget it. */
	rset_del(&b.own[1], b.zsk[1]);
	b.server[1].signers[VIEW_SOA] = b.own[1];
	bench_state(&b, 1, true);
	bench_run(&b, 60000);
	assert_false(rset_has(&b.view->d.own, b.zsk[1]));
	assert_false(rset_has(&b.view->d.provider[0].statement.dnskey, b.zsk[1]));
}

/* A database in doubt does not know what came from others: nothing is taken for our own. */
static void
test_doubt_takes_nothing(void **state)
{
	rset_add(&b.signer.set[VIEW_DNSKEY], b.zsk[2]);
	b.view->d.rebuild = true;
	bench_run(&b, 5000);
	assert_false(rset_has(&b.view->d.own, b.zsk[2]));
	b.view->d.rebuild = false;
	bench_run(&b, 5000);
	assert_true(rset_has(&b.view->d.own, b.zsk[2]));
}

/* The owner says NOSIGN in the middle of a join: the keys that are in are still stated. */
static void
test_keys_of_a_join_are_stated(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 2);
	struct view_process *run = &b.view->d.process;
	*run = (struct view_process){.kind = MSIG_PROCESS_ADD,
				     .step = 1,
				     .phase = PHASE_EXECUTING,
				     .epoch = 99,
				     .executed = true,
				     .voters = 3};
	b.view->d.hsync.entry[0].sign = b.hsync.entry[0].sign = false; /* it is followed */
	decide(b.view, b.now, &b.plan);
	assert_int_equal(run->kind, 0);
	assert_true(rset_equal(b.view->d.provider[VIEW_SELF].statement.dnskey, b.own[0]));
}

/* Our server shows the copy that the other one's signer makes, as the owner's NOSIGN wants it. */
static void
shows_a_copy(void)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	b.view->d.hsync.entry[0].sign = b.hsync.entry[0].sign = false;
	for (int i = 0; i < VIEW_TYPE_COUNT; i++) {
		b.signer.set[i] = b.server[0].set[i] = b.server[1].set[i];
		b.signer.signers[i] = b.server[0].signers[i] = b.server[1].signers[i];
	}
}

/* It has left, and its name servers are named yet: what of others is in its combinerd goes. */
static void
test_copy_is_not_fed_from_here(void **state)
{
	shows_a_copy();
	b.view->d.provider[VIEW_SELF].has = HAS_NS;
	b.view->d.provider[VIEW_SELF].member = false;
	assert_false(rset_empty(b.view->d.want.from[1].dnskey));
	bench_run(&b, 10000);
	assert_true(rset_empty(b.view->d.want.from[1].dnskey));
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_S1));
}

/* While its keys are in, it is nobody's fault that others' keys sign at its server. */
static void
test_copy_is_no_mistake(void **state)
{
	shows_a_copy();
	bench_run(&b, 3000);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DNSKEY));
	b.view->d.hsync.entry[0].sign = b.hsync.entry[0].sign = true;
	bench_run(&b, 3000);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DNSKEY));
}

static void
test_claimed_key_is_not_own(void **state)
{
	/* First start in a zone that shows a peer's keys already: they sign nothing here. */
	bench_clear(&b);
	bench_init(&b, 2, 3);
	assert_true(rset_equal(b.view->d.own, b.own[0]));
}

static void
test_new_own_key_is_stated(void **state)
{
	int new = b.zsk[2];
	rset_add(&b.signer.set[VIEW_DNSKEY], new);
	bench_run(&b, 3000);
	assert_true(rset_has(&b.view->d.provider[0].statement.dnskey, new));
	assert_true(b.stated > 0);
}

static void
test_peer_states_nothing_any_more(void **state)
{
	struct rset none = RSET_NONE;
	bench_clear(&b);
	bench_init(&b, 2, 3);
	struct rset want = b.view->d.want.from[1].dnskey;
	struct view_statement st = b.view->d.provider[1].statement;
	st.dnskey = st.cds = st.cdnskey = st.ns = none;
	st.counter++;
	view_on_statement(b.view, 1, &st, b.now);
	bench_run(&b, 60000);
	assert_true(rset_equal(want, b.view->d.want.from[1].dnskey));
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY));
}

/* A database that was put back has an older statement than what was built on a later one: nothing
 * of that goes before the peer has said again what it states now. */
static void
test_stale_takes_nothing(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	struct view_provider *p = &b.view->d.provider[1];
	const struct view_contribution *c = &b.view->d.want.from[1];
	struct view_statement old = p->statement, st = old;
	st.counter++;
	rset_add(&st.dnskey, b.ksk[2]);
	st.cds = rset_or(st.cds, b.cds[2]);
	st.cdnskey = rset_or(st.cdnskey, b.cdnskey[2]);
	view_on_statement(b.view, 1, &st, b.now);
	bench_run(&b, 2000);
	assert_true(rset_equal(c->dnskey, st.dnskey));
	assert_true(rset_equal(c->cds, st.cds));
	p->statement = old;
	rset_add(&p->statement.dnskey, b.zsk[2]); /* more is no harm */
	p->stale = b.view->dirty = true;
	bench_run(&b, 5000);
	assert_true(rset_equal(c->dnskey, rset_or(st.dnskey, p->statement.dnskey)));
	assert_true(rset_equal(c->cds, st.cds));
	assert_true(rset_equal(c->cdnskey, st.cdnskey));
	p->stale = false; /* it was its word */
	b.view->dirty = true;
	bench_run(&b, 60000);
	assert_true(rset_equal(c->dnskey, p->statement.dnskey));
	assert_true(rset_equal(c->cds, old.cds));
	assert_true(rset_equal(c->cdnskey, old.cdnskey));
}

/* Both signers sign with two algorithms, and the own one names the new one in its CDS: so does the
 * overlay for the other one, though nobody has heard from it since. */
static void
test_silent_goes_over(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	struct view_provider *p = &b.view->d.provider[1];
	const struct view_contribution *c = &b.view->d.want.from[1];
	int new[2];

	for (int i = 0; i < 2; i++) {
		uint8_t rdata[36] = {1, 1, 3, 8, (uint8_t)(90 + i)};
		new[i] = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
		rset_add(&b.own[i], new[i]);
	}
	bench_serve(&b, 3);
	struct view_statement st = p->statement;
	st.counter++;
	rset_add(&st.dnskey, new[1]);
	view_on_statement(b.view, 1, &st, b.now);
	bench_run(&b, 3000);
	assert_true(rset_has(&c->dnskey, new[1]));
	assert_true(rset_equal(c->cds, b.cds[1]));
	p->ready = false;
	p->stale = true;
	b.view->key[0] = (struct view_key){.rr = b.ksk[0],
					   .role = MSIG_KEY_ROLE_KSK,
					   .algorithm = 13,
					   .state = MSIG_KEY_STATE_ACTIVE};
	b.view->key[1] = (struct view_key){
	    .rr = new[0], .role = MSIG_KEY_ROLE_KSK, .algorithm = 8, .state = MSIG_KEY_STATE_READY};
	b.view->keys = 2;
	b.signer.set[VIEW_CDS] = b.signer.set[VIEW_CDNSKEY] = RSET_NONE;
	rset_add(&b.signer.set[VIEW_CDS], rpool_of_key(&b.view->d.pool, new[0], 59));
	rset_add(&b.signer.set[VIEW_CDNSKEY], rpool_of_key(&b.view->d.pool, new[0], 60));
	bench_run(&b, 15000);
	assert_int_equal(roll_coming(b.view), 8);
	/* Not while a key that they name does not sign its DNSKEY RRset. */
	assert_true(rset_equal(c->cds, b.cds[1]));
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_S1));
	rset_add(&b.server[0].signers[VIEW_DNSKEY], new[0]);
	rset_add(&b.server[1].signers[VIEW_DNSKEY], new[1]);
	bench_run(&b, 30000);
	assert_int_equal(rset_count(c->cds), 1);
	assert_true(rset_has(&c->cds, rpool_find_of_key(&b.view->d.pool, new[1], 59)));
	assert_true(rset_has(&c->cdnskey, rpool_find_of_key(&b.view->d.pool, new[1], 60)));
}

static void
test_combiner_refuses(void **state)
{
	bench_clear(&b);
	b.combiner_silent = false;
	bench_init(&b, 2, 3);
	struct view_statement st = b.view->d.provider[1].statement;
	rset_add(&st.dnskey, b.zsk[2]);
	st.counter++;
	b.combiner_silent = true;
	bench_forget(&b);
	view_on_statement(b.view, 1, &st, b.now);
	bench_decide(&b);
	assert_int_equal(b.applied, 1);
	view_on_applied(b.view, b.view->d.want.epoch, b.view->d.want.counter, 5, "not accepted");
	bench_decide(&b);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY);
	assert_non_null(r);
	assert_non_null(strstr(r->seen, "not accepted"));
	bench_run(&b, 10000);
	assert_true(b.applied > 1); /* said again */
	b.combiner_silent = false;
	bench_run(&b, 10000);
	assert_int_equal(b.view->d.applied_counter, b.view->d.want.counter);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY));
}

static void
test_combiner_forgot(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	view_on_overlay(b.view, MSIG_ZONE_PLAIN, 0, 0);
	bench_run(&b, 2000);
	assert_int_equal(b.applied, 1);
}

static void
test_mode_all_carries_own_keys(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	b.view->config.mode = VIEW_MODE_ALL;
	bench_run(&b, 2000);
	assert_true(rset_equal(b.view->d.want.from[0].dnskey, b.own[0]));
	assert_true(rset_equal(b.view->d.want.from[0].cds, b.cds[0]));
}

/* A single signer's CDS are its own affair; where they come from here the parent is told, too, that
 * a key that once was its own is none any more. */
static void
test_mode_all_takes_ds_back(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 15, 87};

	bench_clear(&b);
	bench_init(&b, 1, 1);
	int old = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	b.view->config.mode = VIEW_MODE_ALL;
	bench_run(&b, 5000);
	assert_true(rset_equal(b.view->d.want.from[0].dnskey, b.own[0]));
	assert_true(rset_empty(b.view->d.want.from[0].cds));
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, old, 43));
	bench_run(&b, 5000);
	assert_true(rset_equal(b.view->d.want.from[0].cds, b.cds[0]));
	assert_true(rset_equal(b.view->d.want.from[0].cdnskey, b.cdnskey[0]));
}

static void
test_owner_manages_ns(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	assert_false(rset_empty(b.view->d.want.from[1].ns));
	bench_designate(&b, 2, false);
	bench_state(&b, 1, true);
	bench_run(&b, 5000);
	assert_true(rset_empty(b.view->d.want.from[1].ns));
	assert_true(rset_empty(b.view->d.want.from[0].ns));
}

static void
test_reason_keeps_its_time(void **state)
{
	view_on_command(b.view, VIEW_PAUSE);
	bench_decide(&b);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_OPERATOR);
	int64_t since = r->since;
	assert_int_equal(since, b.now);
	bench_run(&b, 7000);
	bench_decide(&b);
	r = bench_reason(&b, REASON_BLOCKED, REASON_OF_OPERATOR);
	assert_int_equal(r->since, since);
	assert_int_equal(b.alarms, 1);
	for (int i = 0; i < b.view->reasons; i++) /* something else was expected there until now */
		if (b.view->reason[i].object == REASON_OF_OPERATOR)
			b.view->reason[i].expected[0] ^= 1;
	b.view->dirty = true;
	bench_decide(&b);
	assert_int_equal(b.alarms, 2);
}

/* A peer's clock that is far from ours is a person's affair at once, also when nothing runs. */
static void
test_clocks_apart(void **state)
{
	bench_forget(&b);
	assert_true(view_on_apart(b.view, 1, -120));
	assert_false(view_on_apart(b.view, 1, -120));
	bench_decide(&b);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_CLOCK);
	assert_non_null(r);
	assert_string_equal(r->place, "msa.p2.");
	assert_string_equal(r->seen, "its clock is 120 s behind ours");
	assert_non_null(strstr(r->todo, "set the clock"));
	assert_int_equal(b.alarms, 1);
	assert_true(view_on_apart(b.view, 1, 0));
	bench_decide(&b);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_CLOCK));
	/* Nor is it if that peer has no part in the zone any more. */
	assert_true(view_on_apart(b.view, 1, 90));
	b.view->d.provider[1].has = 0;
	b.view->designated = b.view->listed = 0;
	b.view->reasons = 0;
	struct plan plan = {0};
	decide_watch(&(struct step){b.view, b.now, &plan}, &(struct safety){.ok = true});
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_CLOCK));
}

static void
test_alien_signature(void **state)
{
	int place = view_signer(b.view, "127.0.0.1@53");
	struct view_answer a = {.place = place,
				.type = VIEW_SOA,
				.status = MSIG_SEEN_SET,
				.alien = VIEW_ALIEN(13, 4711),
				.time = b.now + 1};
	view_on_answer(b.view, &a);
	b.now++;
	decide(b.view, b.now, &b.plan);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_SIGNATURE);
	assert_non_null(r);
	assert_string_equal(r->seen, "13/4711");
	assert_true(b.view->stray);
	struct plan plan = {0};
	b.view->d.begun = false;
	decide_stray(&(struct step){b.view, b.now, &plan});
	assert_false(b.view->stray);
}

/* While something runs the parent is asked as often as parent-poll says, and no server the less. */
static void
test_parent_poll(void **state)
{
	struct view_times *t = &b.view->config.times;
	int64_t *parent = NULL, *server = NULL;

	for (int i = 0; i < b.view->d.places; i++) {
		struct view_place *p = b.view->d.place[i];
		if (p != NULL && p->kind == PLACE_PARENT)
			parent = &p->asked;
		if (p != NULL && p->kind == PLACE_SERVER)
			server = &p->asked;
	}
	assert_true(parent != NULL && server != NULL);
	t->ask_fast = 4000;
	t->ask_parent = 30000;
	t->ask_slow = 3600000;
	b.view->d.order[0].process = MSIG_PROCESS_ZSK; /* of which nothing comes here */
	b.view->d.paused = true;
	int looks[2] = {0};
	for (int i = 0; i < 90; i++) {
		int64_t asked[2] = {*parent, *server};
		bench_run(&b, 1000);
		looks[0] += *parent != asked[0];
		looks[1] += *server != asked[1];
	}
	assert_in_range(looks[0], 3, 4);
	assert_in_range(looks[1], 20, 25);
	b.view->d.order[0].process = 0;
	b.view->d.paused = false;
}

/* A wait that lasts is told once; one that begins anew is another one. */
static void
test_lasting_wait(void **state)
{
	const int64_t lasts = b.view->config.times.alarm_after;

	for (int round = 0; round < 2; round++) {
		b.hsync.entry[1].on = true;
		b.hsync.digest[0]++; /* its request to join is waited for */
		bench_run(&b, 10000);
		bench_forget(&b);
		assert_non_null(bench_reason(&b, REASON_PEER, REASON_OF_PEER));
		bench_run(&b, lasts - 20000);
		assert_int_equal(b.alarms, 0);
		bench_run(&b, 30000);
		assert_int_equal(b.alarms, 1);
		assert_non_null(strstr(b.alarm, "waits for long: peer: peer at msa.p2."));
		assert_non_null(strstr(b.alarm, "; ask that provider"));
		bench_run(&b, 2 * lasts);
		assert_int_equal(b.alarms, 1);
		b.hsync.entry[1].on = false;
		b.hsync.digest[0]++;
		bench_run(&b, 20000);
		assert_null(bench_reason(&b, REASON_PEER, REASON_OF_PEER));
	}
}

/* However much is waited for, what a person has to do is kept; and of the rest the first. */
static void
test_reasons_no_room(void **state)
{
	struct plan plan = {0};
	struct step s = {b.view, b.now, &plan};
	char place[8];

	b.view->reasons = 0;
	for (int i = 0; i < VIEW_REASONS + 2; i++) {
		snprintf(place, sizeof(place), "%d", i);
		if (i == 1 || i >= VIEW_REASONS)
			step_blocked(&s, REASON_OF_NS, place, "x", "y", "z");
		else
			step_wait(&s, REASON_PEER, REASON_OF_NS, place, "x", "y", 0);
	}
	step_wait(&s, REASON_PEER, REASON_OF_NS, "late", "x", "y", 0);
	assert_int_equal(b.view->reasons, VIEW_REASONS);
	assert_string_equal(b.view->reason[0].place, "0");
	assert_string_equal(b.view->reason[1].place, "1");
	assert_string_equal(b.view->reason[VIEW_REASONS - 3].place, "13");
	assert_string_equal(b.view->reason[VIEW_REASONS - 2].place, "17");
	assert_string_equal(b.view->reason[VIEW_REASONS - 1].place, "16");
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_reasons_no_room),
	    T(test_lasting_wait),
	    T(test_parent_poll),
	    T(test_single_signer_publishes_nothing),
	    T(test_steady_state),
	    T(test_first_overlay_takes_nothing_out),
	    T(test_repeated_calls),
	    T(test_wake_is_exact),
	    T(test_egress),
	    T(test_egress_of_a_copy),
	    T(test_hsync_vanished),
	    T(test_hsync_malformed),
	    T(test_hsync_without_us),
	    T(test_hsync_all_off),
	    T(test_hsync_mixed),
	    T(test_hsync_member_deleted),
	    T(test_hsync_unknown_is_not_empty),
	    T(test_hsync_off_must_stand),
	    T(test_member_off_leaves),
	    T(test_nobody_joins_while_a_member_is_off),
	    T(test_membership_is_not_claimed),
	    T(test_new_name_server_of_a_member),
	    T(test_new_algorithm_of_a_member),
	    T(test_membership_by_another_ones_records),
	    T(test_early_activation),
	    T(test_ttl_of_the_signer),
	    T(test_statement_refused),
	    T(test_lost_database),
	    T(test_pause),
	    T(test_foreign_key_never_becomes_own),
	    T(test_copy_is_not_fed_from_here),
	    T(test_copy_is_no_mistake),
	    T(test_claimed_key_is_not_own),
	    T(test_doubt_takes_nothing),
	    T(test_keys_of_a_join_are_stated),
	    T(test_new_own_key_is_stated),
	    T(test_peer_states_nothing_any_more),
	    T(test_stale_takes_nothing),
	    T(test_silent_goes_over),
	    T(test_combiner_refuses),
	    T(test_combiner_forgot),
	    T(test_mode_all_carries_own_keys),
	    T(test_mode_all_takes_ds_back),
	    T(test_owner_manages_ns),
	    T(test_reason_keeps_its_time),
	    T(test_clocks_apart),
	    T(test_alien_signature),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
