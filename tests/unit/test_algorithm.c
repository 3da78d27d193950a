/*
 * Algorithm rollovers where others sign as well: who goes along, who is left behind, and whom the
 * parent hears while a signer goes over. Each of these once was a schedule of the simulator that
 * came to no end, or to a bad one.
 */
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/operator.h"
#include "agentd/roll.h"
#include "agentd/shown.h"
#include "agentd/step.h"
#include "libmsig/msg.h"
#include "tests/unit/scene.h"

/* Keys of another algorithm than all others have. */
static int
other(uint8_t flags, uint16_t tag)
{
	uint8_t rdata[68] = {1, flags, 3, 13, (uint8_t)(tag >> 8), (uint8_t)tag};

	return view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
}

static int
other_key(uint16_t tag)
{
	return other(0, tag);
}

static int
other_sep(uint16_t tag)
{
	return other(1, tag);
}

/* ---- who goes along ---- */

/* The old KSK signs DNSKEY no more, since an earlier rollover to the same algorithm: it need not,
 * where no DS stands for it and nobody wants one. */
static void
test_old_ksk_signs_no_more(void **state)
{
	rset_del(&b.server[0].signers[VIEW_DNSKEY], b.ksk[0]);
	rset_add(&b.server[0].signers[VIEW_DNSKEY], b.zsk[0]);
	in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF, 2, PHASE_EXECUTING, 1);
	run()->algorithm = 13;
	bench_look(&b);
	assert_false(process_check(b.view, COND_SEPS, false, b.now, NULL));
	b.parent.set[VIEW_DS] = ds(1);
	bench_look(&b);
	assert_false(process_check(b.view, COND_SEPS, false, b.now, NULL));
	peer(VIEW_SELF)->statement.cds = RSET_NONE;
	assert_true(process_check(b.view, COND_SEPS, false, b.now, NULL));
	run()->algorithm = 15; /* this is the new one */
	assert_false(process_check(b.view, COND_SEPS, false, b.now, NULL));
}

/* A join that was interrupted goes first, and cannot go on while its algorithms are others. */
static void
test_algorithm_before_join(void **state)
{
	int who;

	rest();
	peer(2)->member = false;
	peer(2)->has = HAS_KEYS;
	agree_match(b.view);
	assert_non_null(agree_goes_before(b.view, MSIG_PROCESS_ALGORITHM, VIEW_SELF, &who));
	assert_int_equal(who, 2);
	rset_add(&peer(VIEW_SELF)->statement.dnskey, other_key(80));
	assert_null(agree_goes_before(b.view, MSIG_PROCESS_ALGORITHM, VIEW_SELF, &who));
	assert_non_null(agree_goes_before(b.view, MSIG_PROCESS_ZSK, VIEW_SELF, &who));
	rset_add(&peer(2)->statement.dnskey, other_key(81));
	assert_non_null(agree_goes_before(b.view, MSIG_PROCESS_ALGORITHM, VIEW_SELF, &who));
}

/* Then the old signatures stay while keys of the old algorithm do, whoever they are of. */
static void
test_old_keys_of_a_joiner(void **state)
{
	in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF, 5, PHASE_EXECUTING, 3);
	run()->algorithm = 15;
	assert_true(check(COND_ALG_ALONE, NULL));
	peer(2)->member = false;
	rset_add(&peer(2)->statement.dnskey, other_key(80));
	peer(2)->has = HAS_KEYS | HAS_CDS;
	assert_false(check(COND_ALG_ALONE, NULL));
	peer(2)->has = 0;
	assert_true(check(COND_ALG_ALONE, NULL));
}

/* But keys that nobody is led to go with the others of the old algorithm, from here as well: their
 * owner cannot take them back, and waits for us. */
static void
test_joiner_left_behind(void **state)
{
	int old = other_key(80), new = b.zsk[2];

	peer(2)->member = false;
	peer(2)->has = HAS_KEYS;
	peer(2)->statement.dnskey = rset_or(only(old), only(new));
	in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF, 4, PHASE_EXECUTING, 3);
	run()->algorithm = 15;
	assert_int_equal(process_left_behind(b.view), 0);
	struct rset all = process_keys_of(b.view, 2);
	assert_true(rset_has(&all, old));
	run()->step = 5;
	assert_int_equal(process_left_behind(b.view), BIT(2));
	struct rset stay = process_keys_of(b.view, 2);
	assert_true(rset_equal(stay, only(new)));
	struct process_target t;
	process_target(b.view, &t);
	assert_false(rset_has(&t.dnskey, old));
	assert_true(rset_has(&t.dnskey, new));
	assert_true(check(COND_ALG_ALONE, NULL));
	peer(2)->has = HAS_KEYS | HAS_NS; /* somebody is led to it */
	assert_int_equal(process_left_behind(b.view), 0);
	run()->kind = MSIG_PROCESS_ZSK;
	peer(2)->has = HAS_KEYS;
	assert_int_equal(process_left_behind(b.view), 0);
}

/* Nothing but keys of the old algorithm: the overlay goes without it, and that is no loss. */
static void
test_overlay_leaves_behind(void **state)
{
	int old = other_key(80);

	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
	for (int i = 0; i < 3; i++)
		rset_del(&b.server[i].set[VIEW_NS], b.ns[2]);
	rest();
	stands(2, HAS_KEYS);
	bench_run(&b, 60 * SECOND);
	peer(2)->member = false;
	peer(2)->has = HAS_KEYS;
	b.view->d.want.from[2] =
	    (struct view_contribution){.used = true, .dnskey = peer(2)->statement.dnskey};
	peer(2)->statement.dnskey = only(old);
	b.server[0].set[VIEW_DNSKEY] = rset_or(b.own[0], b.own[1]);
	in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF, 5, PHASE_EXECUTING, 3);
	run()->algorithm = 15;
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_ALGORITHM);
	assert_true(rset_empty(b.view->d.want.from[2].dnskey));
	/* Nor do old ones stay beside a new one, because it may have stated more since. */
	b.view->d.want.from[2] =
	    (struct view_contribution){.used = true, .dnskey = rset_or(only(old), b.own[2])};
	peer(2)->statement.dnskey = b.own[2];
	peer(2)->stale = true;
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_ALGORITHM);
	assert_true(rset_equal(b.view->d.want.from[2].dnskey, b.own[2]));
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY));
}

/* Who is half in goes along with the algorithm: its keys are in the zone, and so are its CDS. */
static void
test_half_in_rolls(void **state)
{
	in_the_middle(MSIG_PROCESS_ALGORITHM, 1, 1, 2, PHASE_EXECUTING, 2);
	assert_true(process_rolls(b.view));
	peer(VIEW_SELF)->member = false;
	peer(VIEW_SELF)->has = HAS_KEYS | HAS_CDS;
	assert_true(process_rolls(b.view));
	peer(VIEW_SELF)->has = HAS_KEYS;
	assert_false(process_rolls(b.view));
}

/* ---- whom the parent hears ---- */

/* Another signer that it names and that answers, with a zone of its own. */
static void
test_witness(void **state)
{
	static const struct {
		bool zone, parent, answers, copy, cds;
		enum shown_witness is;
	} cases[] = {{true, true, true, false, true, WITNESS_HEARD},
		     {true, true, false, false, true, WITNESS_SILENT},
		     {true, true, true, true, true, WITNESS_UNNAMED},
		     {true, false, true, false, true, WITNESS_UNDELEGATED},
		     {false, false, true, false, true, WITNESS_UNNAMED},
		     {false, false, true, false, false, WITNESS_ALONE}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		rest();
		if (!cases[i].parent)
			b.parent.set[VIEW_NS] = only(b.ns[0]);
		if (cases[i].copy)
			b.server[1] = b.server[0];
		for (int k = 0; k < 2 && !cases[i].zone; k++)
			b.server[k].set[VIEW_NS] = only(b.ns[0]);
		bench_run(&b, 60 * SECOND);
		b.server[1].silent = !cases[i].answers;
		bench_run(&b, 20 * SECOND);
		peer(1)->has = cases[i].cds ? HAS_ALL : 0;
		assert_int_equal(shown_witness(b.view, NULL, b.now), cases[i].is);
	}
}

/* Nothing is known of a parent that has not answered lately, nor of a server that never did. */
static void
test_witness_unknown(void **state)
{
	bench_run(&b, 5 * SECOND);
	assert_int_equal(shown_witness(b.view, NULL, b.now), WITNESS_HEARD);
	struct view_place *p = place(PLACE_SERVER, "192.0.2.2@53");
	struct view_history keys = p->history[VIEW_DNSKEY], *cds = &p->history[VIEW_CDS];
	p->history[VIEW_DNSKEY].count = 0;
	assert_int_equal(shown_witness(b.view, NULL, b.now), WITNESS_SILENT);
	p->history[VIEW_DNSKEY] = keys;
	cds->status = MSIG_SEEN_ABSENT; /* nothing that differs from ours */
	assert_int_equal(shown_witness(b.view, NULL, b.now), WITNESS_SILENT);
	cds->status = MSIG_SEEN_SET;
	b.parent.silent = true;
	bench_run(&b, 20 * SECOND);
	assert_int_equal(shown_witness(b.view, NULL, b.now), WITNESS_SILENT);
	b.parent.silent = false;
	bench_run(&b, 5 * SECOND);
	struct view_history *ns = &place(PLACE_PARENT, NULL)->history[VIEW_NS];
	assert_int_equal(shown_witness(b.view, NULL, b.now), WITNESS_HEARD);
	ns->time -= 60 * SECOND;
	assert_int_equal(shown_witness(b.view, NULL, b.now), WITNESS_SILENT);
}

/* Where the delegation shows nowhere, the zone's own NS count. */
static void
test_witness_unseen(void **state)
{
	b.parent.set[VIEW_NS] = only(b.ns[0]);
	bench_run(&b, 5 * SECOND);
	assert_int_equal(shown_witness(b.view, NULL, b.now), WITNESS_UNDELEGATED);
	b.copy = b.server[0];
	b.child = 1;
	bench_run(&b, 5 * SECOND);
	assert_true(view_hidden(b.view));
	assert_int_equal(shown_witness(b.view, NULL, b.now), WITNESS_HEARD);
}

/* Does the store hear now that a key comes into this state? */
static bool
brought_to(uint8_t state)
{
	struct plan plan = {0};
	bool asked = false;

	roll_work(&(struct step){b.view, b.now, &plan});
	for (int i = 0; i < plan.count; i++)
		asked |= plan.action[i].kind == ACT_KEY &&
			 plan.action[i].key.verb == MSIG_KEY_VERB_SET &&
			 plan.action[i].key.state == state;
	return asked;
}

/* A rollover that ended early, of a signer that writes its own CDS, after the other one went over:
 * the keys of both algorithms are in. Is the new one taken to READY? */
static bool
taken_along(uint8_t kind)
{
	int new = other_sep(90), theirs = other_sep(91);

	for (int i = 0; i < 2; i++) {
		struct bench_server *at = &b.server[i];
		at->set[VIEW_DNSKEY] =
		    rset_or(at->set[VIEW_DNSKEY], rset_or(only(new), only(theirs)));
		rset_add(&at->signers[VIEW_DNSKEY], i == 0 ? new : theirs);
	}
	b.signer = b.copy = b.server[0];
	bench_run(&b, 60 * SECOND);
	b.view->config.driver = b.view->store_known = true;
	b.view->config.mode = VIEW_MODE_FOREIGN;
	b.view->keys = 2;
	b.view->key[0] = (struct view_key){.rr = b.ksk[0],
					   .role = MSIG_KEY_ROLE_KSK,
					   .algorithm = 15,
					   .state = MSIG_KEY_STATE_ACTIVE};
	b.view->key[1] = (struct view_key){.rr = new,
					   .role = MSIG_KEY_ROLE_KSK,
					   .algorithm = 13,
					   .state = MSIG_KEY_STATE_PUBLISHED};
	rset_add(&b.view->d.own, new);
	rset_add(&peer(1)->statement.dnskey, theirs);
	peer(1)->statement.cds = only(rpool_of_key(&b.view->d.pool, theirs, 59));
	if (kind != 0) {
		in_the_middle(kind, VIEW_SELF, VIEW_SELF, 3, PHASE_EXECUTING, 3);
		run()->algorithm = 13;
		run()->roles = BIT(MSIG_KEY_ROLE_KSK);
		run()->fresh = only(new);
		run()->old = only(b.ksk[0]);
	}
	return brought_to(MSIG_KEY_STATE_READY);
}

/* Where the delegation shows nowhere, or may change yet, nobody sees whom the parent will hear: a
 * person looks, before that step of a rollover. Without one it is not gone over. */
static void
test_goes_over_unseen(void **state)
{
	static const struct {
		bool hidden, recalled;
		uint8_t kind;
		bool goes;
	} cases[] = {{false, false, 0, true},
		     {true, false, 0, false},
		     {true, false, MSIG_PROCESS_ALGORITHM, true},
		     {false, true, 0, false},
		     {false, true, MSIG_PROCESS_ALGORITHM, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		rest();
		b.copy = b.server[0];
		b.child = cases[i].hidden;
		bench_run(&b, 5 * SECOND);
		assert_int_equal(view_hidden(b.view), cases[i].hidden);
		assert_int_equal(shown_witness(b.view, NULL, b.now), WITNESS_HEARD);
		b.view->d.recalled.kind = cases[i].recalled ? MSIG_PROCESS_REMOVE : 0;
		if (taken_along(cases[i].kind) != cases[i].goes)
			fail_msg("case %zu", i);
	}
}

/* The CDS of these keys. */
static struct rset
cds_of(struct rset keys)
{
	struct rset out = RSET_NONE;

	for (int i = rset_next(&keys, 0); i >= 0; i = rset_next(&keys, i + 1))
		rset_add(&out, rpool_of_key(&b.view->d.pool, i, 59));
	return out;
}

/* What the other signer shows has to differ from what ours is about to: a mixture that all show the
 * parent takes. It may be told to our signer, or be there yet. */
static void
test_goes_back_alike(void **state)
{
	enum { OURS, NEW, THEIRS, OLD }; /* keys: in use, that goes back, and the other signer's */
	static const struct {
		const char *what;
		uint8_t told, there, shown; /* CDS of others at our signer; all of the other one */
		bool goes;
	} cases[] = {
	    {"the other one has gone over, too", BIT(THEIRS), BIT(THEIRS), BIT(NEW) | BIT(THEIRS),
	     true},
	    {"it has our old ones beside", BIT(THEIRS), BIT(THEIRS), BIT(OURS) | BIT(THEIRS),
	     false},
	    {"so it is told", BIT(THEIRS), BIT(OLD), BIT(OURS) | BIT(THEIRS), false},
	    {"so it is yet", BIT(OLD), BIT(THEIRS), BIT(OURS) | BIT(THEIRS), false},
	    {"no mixture", BIT(OLD), BIT(OLD), BIT(OURS) | BIT(OLD), true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		rest();
		(void)taken_along(MSIG_PROCESS_ALGORITHM);
		int keys[] = {b.ksk[0], b.view->key[1].rr, 0, b.ksk[1]};
		struct rset told = RSET_NONE, there = RSET_NONE, shown = RSET_NONE;
		keys[THEIRS] = other_sep(91);
		for (int k = 0; k < 4; k++) {
			if (cases[i].told >> k & 1)
				rset_add(&told, keys[k]);
			if (cases[i].there >> k & 1)
				rset_add(&there, keys[k]);
			if (cases[i].shown >> k & 1)
				rset_add(&shown, keys[k]);
		}
		b.signer.set[VIEW_CDS] = cds_of(rset_or(there, only(keys[NEW])));
		b.server[1].set[VIEW_CDS] = cds_of(shown);
		bench_look(&b);
		b.view->d.want.from[1].cds = cds_of(told);
		b.view->key[1].state = MSIG_KEY_STATE_READY;
		run()->turned = true;
		run()->fresh = only(keys[OURS]);
		run()->old = only(keys[NEW]);
		run()->algorithm = 15;
		peer(VIEW_SELF)->statement.cds = cds_of(only(keys[NEW]));
		b.view->key_asked = 0;
		b.view->reasons = 0;
		print_message("# %s\n", cases[i].what);
		assert_int_equal(brought_to(MSIG_KEY_STATE_RETIRED), cases[i].goes);
		assert_int_equal(bench_reason(&b, REASON_PEER, REASON_OF_CDS) != NULL,
				 !cases[i].goes);
	}
}

/* So it is when the signer goes along with a rollover that ended, at rest or while somebody leaves:
 * it says so, and goes when its operator has looked. */
static void
test_looks_before_it_goes_along(void **state)
{
	for (int i = 0; i < 4; i++) {
		uint8_t kind = i % 2 == 0 ? 0 : MSIG_PROCESS_REMOVE;
		bench_clear(&b);
		two(state);
		rest();
		b.copy = b.server[0];
		b.child = i < 2;
		bench_run(&b, 5 * SECOND);
		b.view->d.recalled.kind = i < 2 ? 0 : MSIG_PROCESS_REMOVE;
		b.view->reasons = 0;
		assert_false(taken_along(kind));
		const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
		assert_non_null(r);
		assert_non_null(strstr(r->todo, "msigctl approve shop.example."));
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		operator_show(&s);
		assert_int_equal(operator_approve(b.view, MSIG_PROCESS_ALGORITHM), 0);
		assert_int_equal(b.view->d.recalled.kind, 0);
		b.view->reasons = 0;
		assert_true(brought_to(MSIG_KEY_STATE_READY));
		assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_NS));
		operator_show(&s); /* nobody waits for it any more */
		b.now += 2 * b.view->config.times.resend + 1;
		s.now = b.now;
		operator_show(&s);
		assert_int_equal(b.view->waits.kind, 0);
	}
}

/* Who is asked to order it again is told how, with the algorithm that msigctl wants to know. */
static void
test_order_says_which(void **state)
{
	static const uint8_t states[] = {MSIG_KEY_STATE_PUBLISHED, MSIG_KEY_STATE_SIGNING};
	struct plan plan = {0};

	rest();
	(void)taken_along(0);
	for (size_t i = 0; i < 2; i++) {
		b.view->key[1].state = states[i];
		b.view->reasons = 0;
		decide_watch(&(struct step){b.view, b.now, &plan}, &(struct safety){.ok = true});
		const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_KEY);
		assert_non_null(r);
		assert_string_equal(r->todo,
				    "order it again: msigctl roll shop.example. algorithm 13");
	}
}

/* In the middle of a join one of the two is seen to sign with another algorithm: neither takes that
 * key up before a rollover has brought them together, so the join makes room for it. Not at once:
 * what is stated may be on its way. */
static void
test_join_makes_room(void **state)
{
	static const struct {
		bool other;
		int since;
		uint8_t kind, step;
		bool member, ends;
	} cases[] = {{true, 100, MSIG_PROCESS_ADD, 2, true, true},
		     {false, 100, MSIG_PROCESS_ADD, 2, true, false},
		     {true, 10, MSIG_PROCESS_ADD, 2, true, false},
		     {true, 100, MSIG_PROCESS_ADD, 3, true, true},
		     {true, 100, MSIG_PROCESS_ADD, 4, true, false}, /* it is named */
		     {true, 100, MSIG_PROCESS_ALGORITHM, 2, true, false},
		     {true, 100, MSIG_PROCESS_ADD, 2, false, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		rest();
		peer(VIEW_SELF)->member = cases[i].kind != MSIG_PROCESS_ADD;
		peer(1)->member = cases[i].member;
		in_the_middle(cases[i].kind, VIEW_SELF, VIEW_SELF, cases[i].step, PHASE_EXECUTING,
			      3);
		runs(1, cases[i].kind, cases[i].step, 9);
		run()->since = b.now - cases[i].since * SECOND;
		if (cases[i].other)
			rset_add(&peer(1)->statement.dnskey, other_sep(90));
		struct plan plan = {0};
		agree_withdraw(&(struct step){b.view, b.now, &plan});
		if ((run()->kind == 0) != cases[i].ends)
			fail_msg("case %zu", i);
		assert_true(!cases[i].ends || b.view->d.backoff > b.now);
	}
}

/* Who has nothing in gets other keys; of whom something is in, no key can just be replaced. */
static void
test_other_algorithm_of_a_joiner(void **state)
{
	struct reason why;

	rest();
	rset_add(&peer(1)->statement.dnskey, other_sep(90));
	peer(1)->member = false;
	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 0, PHASE_REQUESTED, 3);
	for (int in = 0; in < 2; in++) {
		peer(1)->has = in ? HAS_KEYS : 0;
		assert_false(check(COND_ALGORITHMS, &why));
		assert_non_null(strstr(why.todo, in ? "msigctl roll" : "configure the joiner"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(two, test_old_ksk_signs_no_more),
	    IN(three, test_algorithm_before_join),
	    IN(three, test_old_keys_of_a_joiner),
	    IN(three, test_joiner_left_behind),
	    IN(three, test_overlay_leaves_behind),
	    IN(two, test_half_in_rolls),
	    IN(two, test_witness),
	    IN(two, test_witness_unknown),
	    IN(two, test_witness_unseen),
	    IN(two, test_goes_over_unseen),
	    IN(two, test_goes_back_alike),
	    IN(two, test_looks_before_it_goes_along),
	    IN(two, test_order_says_which),
	    IN(two, test_join_makes_room),
	    IN(two, test_other_algorithm_of_a_joiner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
