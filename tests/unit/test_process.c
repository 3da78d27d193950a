/*
 * The tables of the processes and every condition in them: true in a world where all is well, false
 * with its own reason when one thing at one server is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "libmsig/key.h"
#include "tests/unit/bench.h"

static struct bench b;

static int
teardown(void **state)
{
	bench_clear(&b);
	return 0;
}

/* The second provider joins; the process stands at the step given, executed. */
static void
join(uint8_t step)
{
	struct view_process *run = &b.view->d.process;
	memset(run, 0, sizeof(*run));
	run->kind = MSIG_PROCESS_ADD;
	run->subject = run->requestor = 1;
	run->step = step;
	run->phase = PHASE_EXECUTING;
	run->executed = true;
	run->voters = 3;
}

static int
setup(void **state)
{
	bench_init(&b, 2, 1);
	join(0);
	return 0;
}

/* Everything as it is when both are in. */
static void
all_in(void)
{
	bench_serve(&b, 3);
	b.parent.set[VIEW_DS] = RSET_NONE;
	for (int i = 0; i < 2; i++) {
		rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[i], 43));
		rset_add(&b.parent.set[VIEW_NS], b.ns[i]);
	}
}

static bool
check(enum process_condition cond, bool everywhere, struct reason *why)
{
	return process_check(b.view, cond, everywhere, b.now, why);
}

static void
fails(enum process_condition cond, bool everywhere, enum reason_class class,
      enum reason_object object, const char *place)
{
	struct reason why;
	assert_false(check(cond, everywhere, &why));
	assert_int_equal(why.class, class);
	assert_int_equal(why.object, object);
	if (place != NULL)
		assert_string_equal(why.place, place);
	if (class == REASON_BLOCKED)
		assert_true(why.todo[0] != 0);
}

static void
test_first_step(void **state)
{
	const struct process_rule *rule = process_rule(MSIG_PROCESS_ADD);
	struct reason why;

	assert_true(process_check(b.view, rule->step[0].guard, true, b.now, NULL));
	b.server[1] = b.server[0]; /* a copy: it has every key of the members */
	rset_add(&b.server[1].set[VIEW_DNSKEY], b.zsk[1]);
	bench_look(&b);
	assert_false(process_check(b.view, rule->step[0].guard, true, b.now, &why));
	assert_int_equal(why.object, REASON_OF_SIGNATURE);
	assert_string_equal(why.place, "192.0.2.2@53");
	bench_serve(&b, 1);
	b.server[1].set[VIEW_DNSKEY] = b.own[1]; /* its signer drops those of others */
	bench_look(&b);
	assert_false(process_check(b.view, rule->step[0].guard, true, b.now, &why));
	assert_int_equal(why.object, REASON_OF_DNSKEY);
}

static void
test_not_named(void **state)
{
	/* The owner publishes the joiner's NS: refused before anything is done. */
	rset_add(&b.server[0].set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	fails(COND_NOT_NAMED, true, REASON_BLOCKED, REASON_OF_NS, "192.0.2.1@53");
	rset_del(&b.server[0].set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	assert_true(check(COND_NOT_NAMED, true, NULL));
	rset_add(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	fails(COND_NOT_NAMED, true, REASON_BLOCKED, REASON_OF_NS, "198.51.100.1@53");
}

static void
test_serves(void **state)
{
	b.server[1].signers[VIEW_DNSKEY] = RSET_NONE;
	bench_look(&b);
	fails(COND_SERVES, true, REASON_PEER, REASON_OF_SIGNATURE, "192.0.2.2@53");
	b.server[1].set[VIEW_DNSKEY] = RSET_NONE;
	bench_look(&b);
	fails(COND_SERVES, true, REASON_PEER, REASON_OF_DNSKEY, "192.0.2.2@53");
	b.server[1].silent = true;
	bench_look(&b);
	fails(COND_SERVES, true, REASON_PEER, REASON_OF_SERVER, "192.0.2.2@53");
}

static void
test_signed_by_another_provider(void **state)
{
	/* It shows somebody else's signed copy. */
	b.server[1] = b.server[0];
	bench_look(&b);
	fails(COND_SERVES, true, REASON_PEER, REASON_OF_SIGNATURE, "192.0.2.2@53");
}

static void
test_algorithms(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 13, 1};
	struct view_statement st = b.view->d.provider[1].statement;
	rset_add(&st.dnskey, view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
	st.counter++;
	view_on_statement(b.view, 1, &st, b.now);
	fails(COND_ALGORITHMS, true, REASON_BLOCKED, REASON_OF_DNSKEY, "msa.p2.");
}

static void
test_unknown_ds(void **state)
{
	uint8_t rdata[36] = {0x12, 0x34, 15, 2};
	int ds = view_rr(b.view, VIEW_DS, rdata, sizeof(rdata));
	rset_add(&b.parent.set[VIEW_DS], ds);
	bench_look(&b);
	fails(COND_DS_KNOWN, true, REASON_BLOCKED, REASON_OF_DS, NULL);
	rset_add(&b.view->config.ds_keep, ds); /* the operator knows it */
	assert_true(check(COND_DS_KNOWN, true, NULL));
	b.parent.set[VIEW_DS] = RSET_NONE;
	bench_look(&b);
	fails(COND_DS_KNOWN, true, REASON_BLOCKED, REASON_OF_DS, NULL);
	b.parent.silent = true;
	bench_look(&b);
	fails(COND_DS_KNOWN, true, REASON_PARENT, REASON_OF_SERVER, NULL);
}

/* Unknown is not "not named". */
static void
test_named(void **state)
{
	b.parent.set[VIEW_NS] = RSET_NONE;
	rset_add(&b.parent.set[VIEW_NS], b.ns[0]);
	bench_look(&b);
	assert_true(process_named(b.view, 0));
	assert_false(process_named(b.view, 1));
	b.view->parent_known = false;
	assert_true(process_named(b.view, 1));
	b.view->parent_known = true;
	b.view->d.provider[1].statement.known = false;
	assert_true(process_named(b.view, 1));
	b.view->d.provider[1].statement.known = true;
	b.parent.silent = true;
	bench_look(&b);
	assert_true(process_named(b.view, 1));
}

/* What a peer says with CDS, if it is anything else than what its keys are. */
static void
says_cds(int provider, struct rset cds)
{
	struct view_statement st = b.view->d.provider[provider].statement;

	st.cds = cds;
	st.counter++;
	view_on_statement(b.view, provider, &st, b.now);
}

/* CDS take out at the parent what they do not name: a person is asked before they do. */
static void
test_kept_ds(void **state)
{
	const char *parent = "198.51.100.1@53";
	const knot_rdata_t *rdata = b.view->d.pool.at[bench_keep_ds(&b, true)].rdata;
	int cds = view_rr(b.view, VIEW_CDS, rdata->data, rdata->len);
	struct rset named = b.cds[1];
	struct reason why;

	bench_look(&b);
	assert_true(check(COND_DS_KNOWN, true, NULL));
	fails(COND_DS_KEPT, true, REASON_BLOCKED, REASON_OF_DS, parent);
	assert_false(check(COND_DS_KEPT, true, &why));
	assert_non_null(strstr(why.seen, "tag 4660"));
	assert_non_null(strstr(why.todo, "parent-cds: off")); /* the text fits */
	b.view->config.cds_ignored = true;
	assert_true(check(COND_DS_KEPT, true, NULL));
	b.view->config.cds_ignored = false;
	rset_add(&named, cds);
	says_cds(1, named);
	assert_true(check(COND_DS_KEPT, true, NULL));
	b.view->d.process.kind = MSIG_PROCESS_REMOVE; /* and when it has left? */
	fails(COND_DS_KEPT, true, REASON_BLOCKED, REASON_OF_DS, parent);
}

/* That its key is known, and published, does not make CDS name it. Theirs has another digest. */
static void
test_kept_ds_of_a_known_key(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 15, 85}, data[MSIG_DS_MAX];
	uint16_t len;
	int key = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct rset named = b.cds[1];

	assert_int_equal(
	    msig_key_ds(b.view->d.pool.apex, b.view->d.pool.at[key].rdata, 4, data, &len), 0);
	int ds = view_rr(b.view, VIEW_DS, data, len);
	rset_add(&b.parent.set[VIEW_DS], ds);
	bench_look(&b);
	assert_true(check(COND_DS_KEPT, true, NULL)); /* nobody wants it kept */
	rset_add(&b.view->config.ds_keep, ds);
	assert_true(check(COND_DS_KNOWN, true, NULL));
	fails(COND_DS_KEPT, true, REASON_BLOCKED, REASON_OF_DS, NULL);
	rset_add(&named, rpool_of_key(&b.view->d.pool, key, 59));
	says_cds(1, named);
	assert_true(check(COND_DS_KEPT, true, NULL));
}

/* Who does not know what the parent has waits; where nothing is kept that is nobody's affair. */
static void
test_kept_ds_unseen(void **state)
{
	b.parent.silent = true;
	bench_look(&b);
	assert_true(check(COND_DS_KEPT, true, NULL));
	(void)bench_keep_ds(&b, true);
	bench_look(&b);
	fails(COND_DS_KEPT, true, REASON_PARENT, REASON_OF_SERVER, NULL);
	b.view->config.cds_ignored = true;
	assert_true(check(COND_DS_KEPT, true, NULL));
}

static void
test_stranger_in_the_delegation(void **state)
{
	rset_add(&b.parent.set[VIEW_NS], b.ns[2]);
	bench_look(&b);
	fails(COND_NS_KNOWN, true, REASON_BLOCKED, REASON_OF_NS, NULL);
}

static void
test_keys(void **state)
{
	join(1);
	all_in();
	bench_look(&b);
	assert_true(check(COND_KEYS, true, NULL));
	rset_del(&b.server[1].set[VIEW_DNSKEY], b.zsk[0]);
	bench_look(&b);
	assert_true(check(COND_KEYS, false, NULL)); /* our own are well */
	fails(COND_KEYS, true, REASON_PEER, REASON_OF_DNSKEY, "192.0.2.2@53");
	rset_del(&b.server[0].set[VIEW_DNSKEY], b.zsk[1]);
	bench_look(&b);
	fails(COND_KEYS, false, REASON_HOME, REASON_OF_DNSKEY, "192.0.2.1@53");
}

static void
test_old_answers_prove_nothing(void **state)
{
	join(1);
	all_in();
	bench_look(&b);
	assert_true(check(COND_KEYS, true, NULL));
	b.now += view_times_lab.fresh + 1;
	fails(COND_KEYS, true, REASON_HOME, REASON_OF_SERVER, NULL);
}

static void
test_cds(void **state)
{
	join(2);
	all_in();
	bench_look(&b);
	assert_true(check(COND_CDS, true, NULL));
	rset_del(&b.server[1].set[VIEW_CDNSKEY], rset_next(&b.cdnskey[0], 0));
	bench_look(&b);
	fails(COND_CDS, true, REASON_PEER, REASON_OF_CDS, "192.0.2.2@53");
	all_in();
	rset_add(&b.server[1].set[VIEW_CDS], rset_next(&b.cds[2], 0)); /* one too many */
	bench_look(&b);
	fails(COND_CDS, true, REASON_PEER, REASON_OF_CDS, "192.0.2.2@53");
	all_in();
	b.server[0].set[VIEW_CDS] = RSET_NONE;
	bench_look(&b);
	fails(COND_CDS, false, REASON_HOME, REASON_OF_CDS, "192.0.2.1@53");
}

static void
test_ds(void **state)
{
	join(3);
	all_in();
	bench_look(&b);
	assert_true(check(COND_DS, false, NULL));
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[2], 43));
	bench_look(&b);
	fails(COND_DS, false, REASON_PARENT, REASON_OF_DS, NULL);
}

static void
test_ns(void **state)
{
	join(4);
	all_in();
	bench_look(&b);
	assert_true(check(COND_NS, true, NULL));
	rset_del(&b.server[1].set[VIEW_NS], b.ns[0]);
	bench_look(&b);
	fails(COND_NS, true, REASON_PEER, REASON_OF_NS, "192.0.2.2@53");
}

static void
test_ns_of_the_owner(void **state)
{
	bench_designate(&b, 2, false);
	bench_state(&b, 1, false);
	bench_look(&b);
	b.view->d.hsync = b.hsync;
	b.view->d.agent_ns = false;
	join(4);
	/* Nobody is asked to name it while that would harm. */
	fails(COND_NS, true, REASON_PEER, REASON_OF_NS, NULL);
	all_in();
	for (int i = 0; i < 2; i++)
		rset_del(&b.server[i].set[VIEW_NS], b.ns[1]);
	for (int i = 0; i < 60; i++) {
		b.now += 1000;
		bench_look(&b);
	}
	b.view->d.agent_ns = false;
	join(4);
	struct reason why;
	assert_false(check(COND_NS, true, &why));
	assert_int_equal(why.class, REASON_BLOCKED);
	assert_non_null(strstr(why.todo, "owner"));
	rset_add(&b.server[0].set[VIEW_NS], b.ns[1]);
	rset_add(&b.server[1].set[VIEW_NS], b.ns[1]);
	rset_add(&b.server[1].set[VIEW_NS], b.ns[0]);
	bench_look(&b);
	join(4);
	assert_true(check(COND_NS, true, NULL));
}

static void
test_csync(void **state)
{
	static const uint8_t csync[] = {0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 8};
	static const uint8_t soaminimum[] = {0, 0, 0, 0, 0, 3, 0, 4, 0x60, 0, 0, 8};
	join(5);
	all_in();
	bench_look(&b);
	assert_true(check(COND_NO_CSYNC, true, NULL));
	fails(COND_CSYNC, true, REASON_HOME, REASON_OF_CSYNC, "192.0.2.1@53");
	rset_add(&b.server[0].set[VIEW_CSYNC], view_rr(b.view, VIEW_CSYNC, csync, sizeof(csync)));
	bench_look(&b);
	assert_true(check(COND_CSYNC, false, NULL));
	fails(COND_CSYNC, true, REASON_PEER, REASON_OF_CSYNC, "192.0.2.2@53");
	fails(COND_NO_CSYNC, false, REASON_HOME, REASON_OF_CSYNC, "192.0.2.1@53");
	/* Two, or one with other flags: the parent would ignore all. */
	rset_add(&b.server[0].set[VIEW_CSYNC],
		 view_rr(b.view, VIEW_CSYNC, soaminimum, sizeof(soaminimum)));
	bench_look(&b);
	fails(COND_CSYNC, false, REASON_HOME, REASON_OF_CSYNC, "192.0.2.1@53");
}

static void
test_parent_ns(void **state)
{
	join(5);
	all_in();
	bench_look(&b);
	assert_true(check(COND_PARENT_NS, true, NULL));
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	fails(COND_PARENT_NS, true, REASON_PARENT, REASON_OF_NS, "198.51.100.1@53");
}

static void
test_naming_safe(void **state)
{
	join(3);
	fails(COND_NAMING_SAFE, true, REASON_PEER, REASON_OF_S1, NULL);
	all_in();
	bench_look(&b);
	struct reason why;
	assert_false(check(COND_NAMING_SAFE, true, &why));
	assert_int_equal(why.class, REASON_UNTIL);
	assert_true(why.next > b.now);
	b.now = why.next;
	bench_look(&b);
	assert_true(check(COND_NAMING_SAFE, true, NULL));
}

static void
test_unknown_addresses(void **state)
{
	b.view->looked_up = RSET_NONE;
	fails(COND_SERVES, true, REASON_PEER, REASON_OF_SERVER, "msa.p2.");
}

/* What the overlay of a step holds: the joiner's NS last, CDS for good, CSYNC during one step. */
static void
test_targets(void **state)
{
	static const struct {
		uint32_t keys, cds, ns;
		bool csync;
	} expected[] = {
	    {1, 1, 1, false}, /* signers-unsynced */
	    {3, 1, 1, false}, /* dnskeys-synced */
	    {3, 3, 1, false}, /* cds-added */
	    {3, 3, 1, false}, /* parent-ds-synced */
	    {3, 3, 3, false}, /* nses-synced */
	    {3, 3, 3, true},  /* csync-added */
	    {3, 3, 3, false}, /* parent-ns-synced */
	};
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct process_target t;
		join((uint8_t)i);
		process_target(b.view, &t);
		assert_int_equal(t.keys, expected[i].keys);
		assert_int_equal(t.cds, expected[i].cds);
		assert_int_equal(t.ns, expected[i].ns);
		assert_int_equal(t.csync, expected[i].csync);
		/* What is only granted has no effect yet; what was before has. */
		if (i > 0) {
			struct process_target granted;
			b.view->d.process.phase = PHASE_GRANTED;
			process_target(b.view, &granted);
			assert_int_equal(granted.keys, expected[i - 1].keys);
			assert_int_equal(granted.ns, expected[i - 1].ns);
			assert_int_equal(granted.csync, expected[i - 1].csync);
		}
	}
}

static void
test_names(void **state)
{
	static const char *const names[] = {
	    "signers-unsynced", "dnskeys-synced", "cds-added",        "parent-ds-synced",
	    "nses-synced",      "csync-added",    "parent-ns-synced", "stop"};
	for (int i = 0; i < 8; i++)
		assert_string_equal(process_step_name(MSIG_PROCESS_ADD, (uint8_t)i), names[i]);
	assert_string_equal(process_step_name(MSIG_PROCESS_ADD, 8), "?");
	assert_null(process_rule(99));
	for (int i = 0; i < COND_COUNT; i++)
		assert_true(strlen(process_condition_text(i)) > 3);
}

/* Every change of a step is seen by its own done-condition, and each hold comes before the naming.
 */
static void
test_table(void **state)
{
	const struct process_rule *rule = process_rule(MSIG_PROCESS_ADD);
	uint32_t holds = 0;
	for (int i = 0; i < rule->steps; i++) {
		const struct process_step *s = &rule->step[i];
		if (s->effect & EFFECT_KEYS_ADD)
			assert_true(s->done & COND_KEYS);
		if (s->effect & EFFECT_CDS_ADD)
			assert_true(s->done & COND_CDS);
		if (s->effect & EFFECT_NS_ADD) {
			assert_true(s->done & COND_NS);
			assert_true(s->guard & COND_NAMING_SAFE);
			assert_int_equal(holds, 1 << HOLD_KEY | 1 << HOLD_DS);
		}
		if (s->effect & EFFECT_CSYNC)
			assert_true(s->done & COND_CSYNC);
		holds |= s->holds;
	}
}

/* The target of a zone at rest. */
static struct process_target
target(void)
{
	struct process_target t;

	memset(&b.view->d.process, 0, sizeof(b.view->d.process));
	process_target(b.view, &t);
	return t;
}

/* The CDS of a single signer are its own affair, until the parent goes on to have DS of a key that
 * once was its own: CDS take them back. DS of others say nothing of that. */
static void
test_past_ds(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 15, 85};
	int old = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));

	assert_false(target().cds_shown);
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[1], 43));
	bench_look(&b);
	assert_false(target().cds_shown); /* another one states that key */
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, old, 43));
	bench_look(&b);
	assert_true(target().cds_shown);
	assert_true(rset_equal(target().cds_set, b.cds[0]));
	rset_add(&b.view->d.foreign, old); /* nor was it ours */
	assert_false(target().cds_shown);
	rset_del(&b.view->d.foreign, old);
	b.view->d.provider[VIEW_SELF].member = false;
	assert_false(target().cds_shown);
}

/* Those that are shown do not all go while the parent has DS of others yet: a removal was overtaken
 * by the owner's next instruction. */
static void
test_cds_until_followed(void **state)
{
	struct rset own = b.parent.set[VIEW_DS];

	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[1], 43));
	bench_look(&b);
	b.view->d.want.from[VIEW_SELF].cds = b.cds[0];
	assert_true(target().cds_shown);
	assert_true(rset_equal(target().cds_set, b.cds[0]));
	b.view->d.provider[VIEW_SELF].member = false;
	assert_false(target().cds_shown);
	b.view->d.provider[VIEW_SELF].member = true;
	b.view->d.want.from[VIEW_SELF].cds = RSET_NONE; /* none are there */
	assert_false(target().cds_shown);
	b.view->d.want.from[VIEW_SELF].cds = b.cds[0];
	b.parent.set[VIEW_DS] = own;
	bench_look(&b);
	assert_false(target().cds_shown); /* it has followed */
}

/* Nor do they begin to show where they would take out what is to be kept. */
static void
test_cds_withheld(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 15, 85};
	int old = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct process_target t;

	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, old, 43));
	bench_look(&b);
	assert_true(target().cds_shown);
	assert_false(target().cds_withheld);
	(void)bench_keep_ds(&b, true);
	bench_look(&b);
	assert_true(target().cds_withheld);
	assert_false(target().cds_shown);
	assert_true(rset_empty(target().cds_set));
	b.view->config.cds_ignored = true;
	assert_true(target().cds_shown);
	b.view->config.cds_ignored = false;
	/* Asked for is not begun, and what goes on waits for DS that they say. */
	join(0);
	b.view->d.process.kind = MSIG_PROCESS_KSK;
	for (int executed = 0; executed < 2; executed++) {
		b.view->d.process.executed = executed;
		process_target(b.view, &t);
		assert_int_equal(t.cds_shown, executed);
	}
	b.view->d.provider[1].has |= HAS_CDS; /* those of two are shown anyway */
	assert_true(target().cds_shown);
}

/* Or they are about to change at the parent. */
static void
test_cds_of_one(void **state)
{
	static const struct {
		uint8_t kind;
		bool shown;
	} kinds[] = {{MSIG_PROCESS_ZSK, false},
		     {MSIG_PROCESS_NS_ADD, false},
		     {MSIG_PROCESS_KSK, true},
		     {MSIG_PROCESS_ALGORITHM, true},
		     {MSIG_PROCESS_REMOVE, true}};
	struct process_target t;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		join(0);
		b.view->d.process.kind = kinds[i].kind;
		process_target(b.view, &t);
		assert_int_equal(t.cds_shown, kinds[i].shown);
		assert_int_equal(rset_empty(t.cds_set), !kinds[i].shown);
	}
}

/* Who is to leave, and was named no more, stays so, whatever is remembered of it here. */
static void
test_named_no_more(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	assert_int_equal(target().ns, 3);
	struct rset names = b.view->d.want.from[1].ns;
	b.view->listed = b.view->designated = 1;
	assert_int_equal(target().ns, 3); /* no step has taken them out */
	b.view->d.want.from[1].ns = RSET_NONE;
	assert_int_equal(target().ns, 1);
	b.view->listed = 3;
	assert_int_equal(target().ns, 3);
	b.view->listed = 1;
	b.view->designated = 0; /* we leave as well, and name those whom the others name */
	assert_int_equal(target().ns, 3);
	b.view->designated = 1;
	b.view->d.agent_ns = false;
	assert_int_equal(target().ns, 3);
	b.view->d.agent_ns = true;
	b.view->d.want.from[0].ns = RSET_NONE; /* no NS came from here yet */
	assert_int_equal(target().ns, 3);
	b.view->d.want.from[1].ns = names;
	b.view->listed = b.view->designated = 2;
	assert_int_equal(target().ns, 3); /* what we name of ourselves is our leave's affair */
}

/* ---- what a step begins and ends with ---- */

/* A process of provider `subject` stands at a step that was executed everywhere. */
static void
running(uint8_t kind, int subject, int step)
{
	join((uint8_t)step);
	struct view_process *run = &b.view->d.process;
	run->kind = kind;
	run->subject = run->requestor = subject;
}

/* May the step after that begin? */
static bool
begins(struct reason *why)
{
	const struct view_process *run = &b.view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	return process_check(b.view, rule->step[run->step + 1].guard, true, b.now, why);
}

/* Is the step done here? */
static bool
ends(struct reason *why)
{
	const struct view_process *run = &b.view->d.process;
	const struct process_rule *rule = process_rule(run->kind);
	return process_check(b.view, rule->step[run->step].done, false, b.now, why);
}

static void
waits(bool (*question)(struct reason *why), enum reason_class class, enum reason_object object,
      const char *place)
{
	struct reason why;
	assert_false(question(&why));
	if (why.class != class || why.object != object || strcmp(why.place, place) != 0)
		fail_msg("waits for %s: %s, at '%s'", why.expected, why.seen, why.place);
	if (class == REASON_BLOCKED)
		assert_true(why.todo[0] != 0);
}

/* A zone without any signer is bogus as a whole: the last one does not leave, whatever HSYNC says.
 */
static void
test_the_last_signer_stays(void **state)
{
	const struct process_rule *rule = process_rule(MSIG_PROCESS_REMOVE);
	struct reason why;

	bench_clear(&b);
	bench_init(&b, 2, 2); /* we have not joined yet, and provider 2 wants to go */
	assert_int_equal(agree_members(b.view), 2);
	running(MSIG_PROCESS_REMOVE, 1, 0);
	b.view->d.process.executed = false;
	assert_false(process_check(b.view, rule->step[0].guard, true, b.now, &why));
	assert_int_equal(why.class, REASON_BLOCKED);
	assert_int_equal(why.object, REASON_OF_HSYNC);
	assert_true(why.todo[0] != 0);
	waits(begins, REASON_BLOCKED, REASON_OF_HSYNC, "");
	bench_clear(&b);
	bench_init(&b, 2, 3);
	running(MSIG_PROCESS_REMOVE, 1, 0);
	assert_true(begins(NULL));
}

/* Servers that sign nothing are named when they serve a copy that a member signed: neither one
 * signed by somebody else, nor an unsigned one, nor none. */
static void
test_a_copy_that_a_member_signed(void **state)
{
	running(MSIG_PROCESS_NS_ADD, 1, 0);
	waits(begins, REASON_PEER, REASON_OF_SIGNATURE, "192.0.2.2@53");
	b.server[1] = b.server[0];
	bench_look(&b);
	assert_true(begins(NULL));
	b.server[1].set[VIEW_DNSKEY] = b.server[1].signers[VIEW_DNSKEY] = RSET_NONE;
	bench_look(&b);
	waits(begins, REASON_PEER, REASON_OF_SIGNATURE, "192.0.2.2@53");
	b.server[1].silent = true;
	b.now += view_times_lab.fresh;
	bench_look(&b);
	waits(begins, REASON_PEER, REASON_OF_SERVER, "192.0.2.2@53");
}

/* Both in, and the second one has left NS everywhere. */
static void
leaver_unnamed(int step)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	all_in();
	rset_del(&b.signer.set[VIEW_NS], b.ns[1]);
	rset_del(&b.server[0].set[VIEW_NS], b.ns[1]);
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	running(MSIG_PROCESS_REMOVE, 1, step);
}

/* A server that names itself keeps the resolvers that ask it: they come back for ever, so that it
 * must not lose its DS while it answers. */
static void
test_the_leaver_stops_before_its_ds_goes(void **state)
{
	leaver_unnamed(4);
	waits(begins, REASON_BLOCKED, REASON_OF_SERVER, "192.0.2.2@53");
	waits(ends, REASON_BLOCKED, REASON_OF_SERVER, "192.0.2.2@53");
	rset_del(&b.server[1].set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	assert_true(begins(NULL));
	assert_true(ends(NULL));
	/* Or it does not answer any more; one lost answer is not silence. */
	rset_add(&b.server[1].set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	b.server[1].silent = true;
	bench_look(&b);
	assert_false(ends(NULL));
	for (int i = 0; i < 3; i++) {
		b.now += view_times_lab.fresh;
		bench_look(&b);
	}
	assert_true(begins(NULL));
	assert_true(ends(NULL));
}

/* Whoever still shows the leaver's keys has not finished: the process would be forgotten, and they
 * would stay for ever. */
static void
test_the_leavers_keys_are_gone_in_the_end(void **state)
{
	leaver_unnamed(7);
	b.view->d.process.voters = 1;
	waits(ends, REASON_HOME, REASON_OF_DNSKEY, "192.0.2.1@53");
	b.server[0].set[VIEW_DNSKEY] = b.own[0];
	bench_look(&b);
	assert_true(ends(NULL));
}

/* ---- rollovers of another provider and of our own ---- */

/* One more key of a provider that its statement names; flags 257: for DS. */
static int
another_key(int provider, uint16_t flags, uint8_t algorithm)
{
	uint8_t rdata[36] = {(uint8_t)(flags >> 8), (uint8_t)flags, 3, algorithm,
			     (uint8_t)(77 + provider)};
	int id = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	for (int i = 0; i < 2; i++)
		rset_add(&b.server[i].set[VIEW_DNSKEY], id);
	rset_add(&b.signer.set[VIEW_DNSKEY], id);
	return id;
}

/* The DS of the new key alone is worth nothing where DNSKEY is not signed by it: so it signs at
 * every server of its signer before CDS name it. */
static void
test_double_signed(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	all_in();
	int ksk = another_key(1, 257, 15);
	bench_look(&b);
	running(MSIG_PROCESS_KSK, 1, 1);
	rset_add(&b.view->d.provider[1].statement.dnskey, ksk);
	waits(begins, REASON_PEER, REASON_OF_SIGNATURE, "192.0.2.2@53");
	assert_true(ends(NULL)); /* here all is well: it is not our key */
	rset_add(&b.server[1].signers[VIEW_DNSKEY], ksk);
	bench_look(&b);
	running(MSIG_PROCESS_KSK, 1, 1);
	rset_add(&b.view->d.provider[1].statement.dnskey, ksk);
	assert_true(begins(NULL));
	/* And our own. */
	ksk = another_key(0, 257, 15);
	bench_look(&b);
	running(MSIG_PROCESS_KSK, 0, 1);
	rset_add(&b.view->d.provider[0].statement.dnskey, ksk);
	waits(ends, REASON_HOME, REASON_OF_SIGNATURE, "192.0.2.1@53");
}

static int new_ksk[2], new_zsk[2];

/* Two members go to algorithm 13: both show and state both algorithms, sign with both, and want DS
 * of the new one only. */
static void
to_algorithm_13(int step)
{
	bench_clear(&b);
	bench_init(&b, 2, 3);
	all_in();
	for (int i = 0; i < 2; i++) {
		new_ksk[i] = another_key(i, 257, 13);
		new_zsk[i] = another_key(i, 256, 13);
		rset_add(&b.server[i].signers[VIEW_DNSKEY], new_ksk[i]);
		rset_add(&b.server[i].signers[VIEW_SOA], new_zsk[i]);
	}
	bench_look(&b);
	running(MSIG_PROCESS_ALGORITHM, 0, step);
	b.view->d.process.algorithm = 13;
	for (int i = 0; i < 2; i++) {
		struct view_statement *st = &b.view->d.provider[i].statement;
		rset_add(&st->dnskey, new_ksk[i]);
		rset_add(&st->dnskey, new_zsk[i]);
		st->cds = st->cdnskey = RSET_NONE;
		rset_add(&st->cds, rpool_of_key(&b.view->d.pool, new_ksk[i], 59));
		rset_add(&st->cdnskey, rpool_of_key(&b.view->d.pool, new_ksk[i], 60));
	}
}

/* An algorithm in the DNSKEY set is asked for in every answer: a signer that has only the old
 * signatures holds the new DNSKEY back at all. */
static void
test_new_signatures_everywhere(void **state)
{
	to_algorithm_13(1);
	assert_true(begins(NULL));
	rset_del(&b.server[1].signers[VIEW_SOA], new_zsk[1]);
	struct view_process run = b.view->d.process;
	bench_look(&b);
	b.view->d.process = run;
	waits(begins, REASON_PEER, REASON_OF_SIGNATURE, "192.0.2.2@53");
	b.server[0].signers[VIEW_SOA] = RSET_NONE;
	rset_add(&b.server[0].signers[VIEW_SOA], b.zsk[0]);
	bench_look(&b);
	b.view->d.process = run;
	waits(ends, REASON_HOME, REASON_OF_SIGNATURE, "192.0.2.1@53");
}

/* The DNSKEY set that all show is made of what each states: one that states no new keys has none
 * anywhere, and a DS of the new algorithm would find its servers without. */
static void
test_all_state_new_keys(void **state)
{
	to_algorithm_13(2);
	assert_true(begins(NULL));
	rset_del(&b.view->d.provider[1].statement.dnskey, new_ksk[1]);
	rset_del(&b.view->d.provider[1].statement.dnskey, new_zsk[1]);
	waits(begins, REASON_PEER, REASON_OF_STATEMENT, "msa.p2.");
	waits(ends, REASON_PEER, REASON_OF_STATEMENT, "msa.p2.");
}

/* CDS for the old algorithm of one signer bring its DS, which asks every signer for keys of that
 * algorithm: while one of them wants it, nobody's old keys go. */
static void
test_nobody_wants_old_ds(void **state)
{
	const struct process_rule *rule = process_rule(MSIG_PROCESS_ALGORITHM);
	struct reason why;

	to_algorithm_13(3);
	b.view->d.provider[1].statement.cds = b.cds[1];
	b.view->d.provider[1].statement.cdnskey = b.cdnskey[1];
	waits(begins, REASON_HOME, REASON_OF_CDS, "192.0.2.1@53"); /* they show other CDS */
	struct process_target t;
	process_target(b.view, &t);
	for (int i = 0; i < 2; i++) {
		b.server[i].set[VIEW_CDS] = t.cds_set;
		b.server[i].set[VIEW_CDNSKEY] = t.cdnskey;
	}
	struct view_process run = b.view->d.process;
	struct view_provider self = b.view->d.provider[0];
	bench_look(&b);
	b.view->d.process = run;
	b.view->d.provider[0] = self;
	/* All show the same, and still it is not what the algorithm needs. */
	waits(begins, REASON_PEER, REASON_OF_STATEMENT, "msa.p2.");
	waits(ends, REASON_PEER, REASON_OF_STATEMENT, "msa.p2.");
	self = b.view->d.provider[0];
	b.view->d.provider[0].statement.cds = b.cds[0];
	assert_false(process_check(b.view, COND_ALG_CDS, true, b.now, &why));
	assert_int_equal(why.class, REASON_HOME);
	assert_string_equal(why.place, "signer");
	b.view->d.provider[0] = self;
	assert_false(
	    process_check(b.view, rule->step[5].guard & ~(uint32_t)COND_DS, true, b.now, &why));
	assert_int_equal(why.object, REASON_OF_STATEMENT);
	b.view->d.provider[1].statement.cds = RSET_NONE;
	rset_add(&b.view->d.provider[1].statement.cds,
		 rpool_of_key(&b.view->d.pool, new_ksk[1], 59));
	assert_true(process_check(b.view, COND_ALG_CDS, true, b.now, NULL));
}

/* The old signatures may go when no DNSKEY set asks for them: nobody states an old key, and nobody
 * shows one. */
static void
test_old_keys_before_old_signatures(void **state)
{
	to_algorithm_13(5);
	for (int i = 0; i < 2; i++)
		b.view->d.provider[i].statement.dnskey =
		    rset_minus(b.view->d.provider[i].statement.dnskey, b.own[i]);
	waits(begins, REASON_HOME, REASON_OF_DNSKEY, "192.0.2.1@53");
	for (int i = 0; i < 2; i++)
		b.server[i].set[VIEW_DNSKEY] =
		    rset_minus(b.server[i].set[VIEW_DNSKEY], rset_or(b.own[0], b.own[1]));
	struct view_process run = b.view->d.process;
	struct view_provider self = b.view->d.provider[0];
	bench_look(&b);
	b.view->d.process = run;
	b.view->d.provider[0] = self;
	assert_true(begins(NULL));
	/* One that goes on with an old key, and all show it as it wants: it is not that far. */
	rset_add(&b.view->d.provider[1].statement.dnskey, b.zsk[1]);
	self = b.view->d.provider[0];
	for (int i = 0; i < 2; i++)
		rset_add(&b.server[i].set[VIEW_DNSKEY], b.zsk[1]);
	bench_look(&b);
	b.view->d.process = run;
	b.view->d.provider[0] = self;
	waits(begins, REASON_PEER, REASON_OF_STATEMENT, "msa.p2.");
	waits(ends, REASON_PEER, REASON_OF_STATEMENT, "msa.p2.");
}

/* Once the old keys are to go, whoever shows one has yet to forget it. */
static void
test_old_keys_are_forgotten(void **state)
{
	struct hold_want want[HOLD_COUNT];

	for (int step = 3; step <= 6; step++) {
		to_algorithm_13(step);
		process_wanted(b.view, want);
		assert_int_equal(want[HOLD_KEY].exact, step >= 5);
	}
}

/* New signatures before their DNSKEY: they are seen as those of a key that nobody knows, and it has
 * to be ours. */
static void
test_own_new_signatures(void **state)
{
	struct hold_want want[HOLD_COUNT];

	to_algorithm_13(1);
	const struct rpool *pool = &b.view->d.pool;
	struct view_process *run = &b.view->d.process;
	process_wanted(b.view, want);
	assert_int_equal(want[HOLD_RR].alien, 0);
	rset_add(&run->fresh, new_ksk[0]);
	process_wanted(b.view, want);
	uint16_t tag = pool->at[new_ksk[0]].tag;
	assert_int_equal(want[HOLD_RR].alien, VIEW_ALIEN(13, tag)); /* a CSK */
	rset_add(&run->fresh, new_zsk[0]);
	rset_add(&run->fresh, new_ksk[1]);
	process_wanted(b.view, want);
	tag = pool->at[new_zsk[0]].tag;
	assert_int_equal(want[HOLD_RR].alien, VIEW_ALIEN(13, tag));
	assert_true(rset_equal(want[HOLD_RR].in, run->fresh));
	/* One of ours that is shown, and signs already, does as well. */
	uint8_t other[68] = {1, 0, 3, 13, 90};
	int signs = view_rr(b.view, VIEW_DNSKEY, other, sizeof(other));
	rset_add(&b.view->d.own, signs);
	process_wanted(b.view, want);
	assert_true(rset_has(&want[HOLD_RR].in, signs));
	assert_true(rset_within(run->fresh, want[HOLD_RR].in));
	assert_false(rset_meets(want[HOLD_RR].in, b.own[0]));
	rset_del(&b.view->d.own, signs);
	process_wanted(b.view, want);
	run->kind = MSIG_PROCESS_ZSK;
	process_wanted(b.view, want);
	assert_int_equal(want[HOLD_RR].alien, 0);
}

/* A cached DS set with the old algorithm as well asks for a chain of it: it has to be forgotten. */
static void
test_ds_of_the_old_algorithm(void **state)
{
	struct hold_want want[HOLD_COUNT];
	uint8_t rdata[36] = {1, 1, 3, 8, 77};
	int new = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));

	running(MSIG_PROCESS_ALGORITHM, 0, 4);
	b.view->d.process.algorithm = 8;
	process_wanted(b.view, want);
	assert_true(rset_has(&want[HOLD_DS].out, b.ksk[0]));
	assert_true(rset_has(&want[HOLD_DS].out, b.ksk[1]));
	assert_false(rset_has(&want[HOLD_DS].out, new));
}

/* CDS of two algorithms are not mixed: those in the overlay stay until all say the same. */
static void
test_cds_of_two_algorithms(void **state)
{
	struct rpool *pool = &b.view->d.pool;
	uint8_t rdata[36] = {1, 1, 3, 8, 77};
	struct process_target t;
	int new[2], cds[2];

	join(3);
	for (int i = 0; i < 2; i++) {
		rdata[5] = (uint8_t)i;
		new[i] = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
		cds[i] = rpool_of_key(pool, new[i], 59);
		b.view->d.want.from[i].cds = b.cds[i];
		b.view->d.want.from[i].cdnskey = b.cdnskey[i];
	}
	process_target(b.view, &t);
	assert_false(t.cds_kept);
	b.view->d.provider[1].statement.cds = RSET_NONE;
	rset_add(&b.view->d.provider[1].statement.cds, cds[1]);
	process_target(b.view, &t);
	assert_true(t.cds_kept);
	assert_true(rset_equal(t.cds_set, rset_or(b.cds[0], b.cds[1])));
	assert_true(rset_equal(t.cdnskey, rset_or(b.cdnskey[0], b.cdnskey[1])));
	b.view->d.provider[0].statement.cds = RSET_NONE;
	rset_add(&b.view->d.provider[0].statement.cds, cds[0]);
	process_target(b.view, &t);
	assert_false(t.cds_kept);
	assert_true(rset_has(&t.cds_set, cds[0]) && rset_has(&t.cds_set, cds[1]));
}

/* The own CDS have gone over: those of a provider that is silent go over here as well. A mixture
 * would be what a parent takes that skips whoever does not answer. */
static void
test_cds_go_over_at_once(void **state)
{
	struct rpool *pool = &b.view->d.pool;
	struct view_statement *own = &b.view->d.provider[0].statement;
	uint8_t rdata[36] = {1, 1, 3, 8, 77};
	struct process_target t;
	int new[2], cds[2];

	running(MSIG_PROCESS_ALGORITHM, 0, 3);
	b.view->d.process.algorithm = 8;
	b.view->d.provider[1].has = b.view->d.provider[0].has;
	for (int i = 0; i < 2; i++) {
		rdata[5] = (uint8_t)i;
		new[i] = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
		b.view->d.want.from[i].cds = b.cds[i];
		b.view->d.want.from[i].cdnskey = b.cdnskey[i];
	}
	cds[0] = rpool_of_key(pool, new[0], 59);
	own->cds = RSET_NONE;
	rset_add(&own->cds, cds[0]);
	process_target(b.view, &t);
	assert_true(t.cds_kept); /* the other one has no key of it */
	assert_int_equal(t.cds_coming, 0);
	rset_add(&b.view->d.provider[1].statement.dnskey, new[1]);
	process_target(b.view, &t);
	assert_true(t.cds_kept); /* what would name it is not in the pool yet */
	cds[1] = rpool_of_key(pool, new[1], 59);
	rpool_of_key(pool, new[1], 60);
	process_target(b.view, &t);
	assert_false(t.cds_kept);
	assert_int_equal(t.cds_coming, 8);
	assert_true(rset_has(&t.cds_set, cds[0]) && rset_has(&t.cds_set, cds[1]));
	assert_false(rset_meets(t.cds_set, rset_or(b.cds[0], b.cds[1])));
	struct rset one = process_cds(b.view, &t, 1, VIEW_CDNSKEY);
	assert_true(rset_has(&one, rpool_find_of_key(pool, new[1], 60)));
	assert_int_equal(rset_count(one), 1);
	/* It is the algorithm that comes, and not the one that goes. */
	b.view->d.process.algorithm = 13;
	process_target(b.view, &t);
	assert_true(t.cds_kept);
	/* Nor before the own ones have. */
	b.view->d.process.algorithm = 8;
	own->cds = b.cds[0];
	b.view->d.provider[1].statement.cds = RSET_NONE;
	rset_add(&b.view->d.provider[1].statement.cds, cds[1]);
	process_target(b.view, &t);
	assert_true(t.cds_kept);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_first_step),
	    T(test_not_named),
	    T(test_serves),
	    T(test_signed_by_another_provider),
	    T(test_algorithms),
	    T(test_unknown_ds),
	    T(test_named),
	    T(test_kept_ds),
	    T(test_kept_ds_of_a_known_key),
	    T(test_kept_ds_unseen),
	    T(test_stranger_in_the_delegation),
	    T(test_keys),
	    T(test_old_answers_prove_nothing),
	    T(test_cds),
	    T(test_cds_of_two_algorithms),
	    T(test_cds_go_over_at_once),
	    T(test_ds_of_the_old_algorithm),
	    T(test_ds),
	    T(test_ns),
	    T(test_ns_of_the_owner),
	    T(test_csync),
	    T(test_parent_ns),
	    T(test_naming_safe),
	    T(test_unknown_addresses),
	    T(test_targets),
	    T(test_past_ds),
	    T(test_cds_until_followed),
	    T(test_cds_withheld),
	    T(test_cds_of_one),
	    T(test_named_no_more),
	    T(test_names),
	    T(test_the_last_signer_stays),
	    T(test_a_copy_that_a_member_signed),
	    T(test_the_leaver_stops_before_its_ds_goes),
	    T(test_the_leavers_keys_are_gone_in_the_end),
	    T(test_double_signed),
	    T(test_new_signatures_everywhere),
	    T(test_old_keys_are_forgotten),
	    T(test_own_new_signatures),
	    T(test_all_state_new_keys),
	    T(test_nobody_wants_old_ds),
	    T(test_old_keys_before_old_signatures),
	    T(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
