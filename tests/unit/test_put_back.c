/*
 * A database that was lost, or put back from a copy, and confirmed: what combinerd holds, what the
 * parent has and what the others show is all that is known then. Each of these once was a schedule
 * of the simulator that did harm, or came to no end.
 */
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/step.h"
#include "tests/unit/scene.h"

/* A person confirms the database, and this is what combinerd holds for the second provider. */
static void
confirm(const struct view_contribution *held)
{
	view_on_held(b.view, "msa.p2.", held);
	confirm_database();
}

/* ---- what this provider is ---- */

/* HSYNC has it as one that only serves by then: it signs yet, beside keys that combinerd holds, and
 * the parent has its DS. Without those keys it does as HSYNC says. */
static void
test_signed_before(void **state)
{
	for (int held = 1; held >= 0; held--) {
		bench_clear(&b);
		two(state);
		struct view_contribution none = {.used = true},
					 c = {.used = true, .dnskey = b.own[1], .cds = b.cds[1]};
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, true, false);
		bench_run(&b, 2 * SECOND);
		rest();
		peer(VIEW_SELF)->member = false;
		peer(VIEW_SELF)->has = 0;
		confirm(held ? &c : &none);
		bench_decide(&b);
		assert_true(b.view->d.begun);
		assert_int_equal(peer(VIEW_SELF)->member, held);
		assert_int_equal(peer(VIEW_SELF)->has, held ? HAS_ALL : HAS_NS);
		assert_int_equal(rset_meets(b.view->d.want.from[1].dnskey, b.own[1]), held);
	}
}

/* But what one of the others has signed is a copy: it serves, as HSYNC says, and nothing that is
 * signed there is its own. */
static void
test_copy_is_not_signed_here(void **state)
{
	for (int stated = 0; stated < 2; stated++) {
		bench_clear(&b);
		two(state);
		struct view_contribution c = {.used = true,
					      .dnskey = stated ? only(b.zsk[1]) : only(b.ksk[1])};
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, true, false);
		b.signer = b.server[1];
		bench_run(&b, 2 * SECOND);
		rest();
		peer(VIEW_SELF)->member = false;
		peer(VIEW_SELF)->has = 0;
		peer(1)->statement.known = stated;
		if (!stated)
			peer(1)->statement.dnskey = RSET_NONE;
		confirm(&c);
		bench_decide(&b);
		assert_true(b.view->d.begun);
		assert_int_equal(peer(VIEW_SELF)->has, HAS_NS);
		assert_true(rset_empty(b.view->d.own));
	}
}

/* Where others' keys are held beside its own, and not a copy of what one of them has signed. That a
 * key is his somebody says who has others there; but what the key store has is not. */
static void
test_signs_beside(void **state)
{
	static const struct {
		bool held, copy, unseen, claims, all, stored, is;
	} cases[] = {
	    {true, .is = true},
	    {false, .is = false},
	    {true, .copy = true, .is = false},
	    {true, .unseen = true, .is = true},
	    {true, .claims = true, .is = true},
	    {true, .claims = true, .all = true, .is = false},
	    {true, .claims = true, .all = true, .stored = true, .is = true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		if (cases[i].copy)
			b.signer = b.server[1];
		bench_run(&b, 5 * SECOND);
		if (cases[i].unseen)
			place(PLACE_SIGNER, NULL)->history[VIEW_DNSKEY].count = 0;
		b.view->d.own = RSET_NONE;
		memset(b.view->d.want.from, 0, sizeof(b.view->d.want.from));
		if (cases[i].held)
			b.view->d.want.from[1].dnskey = only(b.ksk[1]);
		peer(1)->statement.dnskey = cases[i].claims ? b.own[0] : b.own[1];
		if (cases[i].all)
			peer(1)->statement.dnskey = rset_or(b.own[0], b.own[1]);
		if (cases[i].stored)
			b.view->config.own = b.own[0];
		if (decide_signs_beside(b.view) != cases[i].is)
			fail_msg("case %zu", i);
	}
}

/* Who is not to sign takes a key for its own that signs there when all have said what is theirs
 * whose keys combinerd holds, since the database was confirmed: it may be a new one of theirs. */
static void
test_whose_new_key(void **state)
{
	static const struct {
		bool sign, begun, unknown, stale, expelled, none, own;
	} cases[] = {
	    {.own = true},
	    {.stale = true, .own = false},
	    {.unknown = true, .own = false},
	    {.stale = true, .sign = true, .own = true},
	    {.stale = true, .begun = true, .own = true},
	    {.stale = true, .expelled = true, .own = true},
	    {.stale = true, .none = true, .own = true},
	};
	uint8_t rdata[36] = {1, 1, 3, 15, 84}, more[36] = {1, 0, 3, 15, 85};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		int key = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
		int idle = view_rr(b.view, VIEW_DNSKEY, more, sizeof(more)); /* signs nothing */
		struct view_contribution c = {.used = true, .dnskey = b.own[1]};
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, true, cases[i].sign);
		b.signer.set[VIEW_DNSKEY] =
		    rset_or(rset_or(b.own[0], b.own[1]), rset_or(only(key), only(idle)));
		b.signer.signers[VIEW_DNSKEY] = only(key);
		bench_run(&b, 2 * SECOND);
		rest();
		confirm(&c);
		peer(VIEW_SELF)->member = false;
		peer(VIEW_SELF)->has = cases[i].begun ? HAS_KEYS : 0;
		b.view->d.begun = cases[i].begun;
		b.view->d.own = b.own[0];
		b.view->d.foreign = b.own[1];
		if (cases[i].none)
			b.view->d.want.from[1].dnskey = RSET_NONE;
		peer(1)->statement.known = !cases[i].unknown;
		peer(1)->stale = cases[i].stale;
		peer(1)->expelled = cases[i].expelled;
		struct plan plan = {0};
		b.view->reasons = 0;
		decide_own_keys(&(struct step){b.view, b.now, &plan});
		if (cases[i].none) /* nothing is held: it serves only */
			assert_true(rset_empty(b.view->d.own));
		else if (rset_has(&b.view->d.own, key) != cases[i].own)
			fail_msg("case %zu", i);
		const struct reason *r = reason_at(REASON_PEER, REASON_OF_STATEMENT, "msa.p2.");
		assert_int_equal(r != NULL, !cases[i].own);
		if (!cases[i].own)
			assert_false(rset_has(&b.view->d.own, idle));
	}
}

/* And whoever serves only, as far as is known, keeps the others' keys as long as its signer signs
 * beside them. */
static void
test_no_copy_keeps_keys(void **state)
{
	for (int copy = 0; copy < 2; copy++) {
		bench_clear(&b);
		two(state);
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, true, false);
		if (copy)
			b.signer = b.server[0] = b.server[1];
		bench_run(&b, 60 * SECOND);
		rest();
		peer(VIEW_SELF)->member = false;
		peer(VIEW_SELF)->has = HAS_NS;
		struct plan plan = {0};
		decide_overlay(&(struct step){b.view, b.now, &plan});
		assert_int_equal(rset_meets(b.view->d.want.from[1].dnskey, b.own[1]), !copy);
		assert_true(decide_serves_only(b.view));
	}
}

/* ---- name servers ---- */

/* A copy from the time when the owner managed NS: those that combinerd holds are the agents', also
 * until the instruction is followed that says so. */
static void
test_held_ns_are_the_agents(void **state)
{
	struct view_contribution c = {.used = true,
				      .dnskey = b.own[1],
				      .cds = b.cds[1],
				      .cdnskey = b.cdnskey[1],
				      .ns = only(b.ns[1])};

	b.view->config.times.hold_down = 20 * SECOND;
	owner(1, false, true); /* what takes somebody away has to stand */
	bench_run(&b, 3 * SECOND);
	assert_int_equal(b.view->d.pending.count, 2);
	for (int i = 0; i < b.view->d.hsync.count; i++)
		b.view->d.hsync.entry[i].agent = false;
	b.view->d.agent_ns = false;
	bench_decide(&b);
	confirm(&c);
	assert_true(b.view->d.agent_ns);
	bench_run(&b, 5 * SECOND);
	assert_true(b.view->d.agent_ns);
	assert_true(rset_equal(b.view->d.want.from[1].ns, only(b.ns[1])));
	/* Unless the owner has them by that, too. */
	b.view->d.pending.entry[0].agent = b.hsync.entry[0].agent = false;
	b.view->dirty = true;
	bench_decide(&b);
	assert_false(b.view->d.agent_ns);
}

/* The same where nobody signs. */
static void
test_held_ns_unsigned(void **state)
{
	bench_clear(&b);
	bench_unsigned(&b, 2, 3, true);
	assert_true(b.view->d.agent_ns);
	for (int waits = 1; waits >= 0; waits--) {
		b.view->d.pending = b.view->d.hsync;
		b.view->d.hsync.entry[0].agent = b.view->d.hsync.entry[1].agent = false;
		if (!waits)
			b.view->d.pending.count = 0;
		memcpy(b.view->d.hsync.digest, b.view->hsync.digest, 32);
		struct plan plan = {0};
		decide_unsigned(&(struct step){b.view, b.now, &plan});
		assert_int_equal(b.view->d.agent_ns, waits);
	}
}

/* To the agents they go when both say the same. Whoever has no vote may not know of all who are
 * named: where the members show the owner's, nobody is asked to change them. */
static void
test_owners_as_the_members_show(void **state)
{
	static const struct {
		bool votes, unheard, others, nobody, fewer;
		enum reason_class class;
	} cases[] = {{.class = REASON_PEER},
		     {.votes = true, .class = REASON_BLOCKED},
		     {.unheard = true, .class = REASON_BLOCKED},
		     {.others = true, .class = REASON_BLOCKED},
		     {.nobody = true, .class = REASON_BLOCKED},
		     {.fewer = true, .class = REASON_BLOCKED}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, cases[i].votes, true);
		if (cases[i].fewer)
			b.signer.set[VIEW_NS] = only(b.ns[0]);
		else
			rset_add(&b.signer.set[VIEW_NS], b.ns[2]);
		b.server[1].set[VIEW_NS] = b.signer.set[VIEW_NS];
		if (cases[i].others)
			rset_del(&b.server[1].set[VIEW_NS], b.ns[2]);
		bench_run(&b, 20 * SECOND);
		b.server[1].silent = cases[i].unheard;
		bench_run(&b, 20 * SECOND);
		rest();
		if (cases[i].nobody)
			place(PLACE_SERVER, "192.0.2.2@53")->kind = PLACE_SIGNER;
		b.view->d.agent_ns = false;
		struct plan plan = {0};
		b.view->reasons = 0;
		decide_ns_management(&(struct step){b.view, b.now, &plan});
		assert_false(b.view->d.agent_ns);
		const struct reason *r = bench_reason(&b, cases[i].class, REASON_OF_NS);
		if (r == NULL)
			fail_msg("case %zu", i);
		else if (r->class == REASON_PEER)
			assert_string_equal(r->seen, "ns3.p.");
	}
}

/* And where it holds none nothing is known of who manages them. */
static void
test_no_ns_held(void **state)
{
	struct view_contribution c = {.used = true, .dnskey = b.own[1]};

	b.view->d.agent_ns = false;
	confirm(&c);
	assert_false(b.view->d.agent_ns);
}

/* Where the delegation shows nowhere, the NS of who is to stay do not go because it is not known to
 * be named: nobody has said anything yet. */
static void
test_held_ns_hidden(void **state)
{
	static const struct {
		uint8_t has;
		bool stays, known, goes;
	} cases[] = {{HAS_KEYS | HAS_CDS, true, true, false},
		     {0, true, false, false},
		     {0, true, true, true},
		     {HAS_KEYS | HAS_CDS, false, true, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		if (cases[i].has == 0)
			b.parent.set[VIEW_DS] = ds(0);
		hide_delegation(true);
		rest();
		peer(1)->member = false;
		peer(1)->has = cases[i].has;
		peer(1)->statement.known = cases[i].known;
		stands(1, cases[i].has);
		if (cases[i].has == 0)
			memset(&b.view->d.want.from[1], 0, sizeof(b.view->d.want.from[1]));
		b.view->d.want.from[1].used = true;
		b.view->d.want.from[1].ns = only(b.ns[1]);
		b.view->d.want.from[VIEW_SELF].ns = only(b.ns[0]);
		b.view->designated = b.view->listed = cases[i].stays ? 3 : 1;
		struct plan plan = {0};
		decide_overlay(&(struct step){b.view, b.now, &plan});
		if (rset_empty(b.view->d.want.from[1].ns) != cases[i].goes)
			fail_msg("case %zu", i);
	}
}

/* Unless whoever conducts what goes on shows them no more: NS that differ end nowhere. */
static void
test_held_ns_dropped(void **state)
{
	for (int shown = 0; shown < 2; shown++) {
		bench_clear(&b);
		three(state);
		b.server[1].set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		if (shown)
			rset_add(&b.server[1].set[VIEW_NS], b.ns[2]);
		b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
		hide_delegation(true);
		in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 3, PHASE_EXECUTING, 3);
		run()->started = b.now - 3 * SECOND;
		peer(2)->member = false;
		peer(2)->has = HAS_KEYS | HAS_CDS;
		for (int i = 0; i < 3; i++)
			b.view->d.want.from[i].ns = only(b.ns[i]);
		b.view->d.want.from[2].used = true;
		struct plan plan = {0};
		decide_overlay(&(struct step){b.view, b.now, &plan});
		assert_int_equal(rset_empty(b.view->d.want.from[2].ns), !shown);
	}
}

/* ---- a leaver whose name servers nobody knows any more ---- */

static void
leaver_without_names(void)
{
	peer(1)->statement.ns = RSET_NONE;
	peer(1)->stale = true;
	b.view->d.agent_ns = false;
	memset(&b.view->d.want.from, 0, sizeof(b.view->d.want.from));
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 2, PHASE_EXECUTING, 1);
}

/* Any that nobody states may be its; of one whose NS are known those are, and no others. */
static void
test_leaver_ns(void **state)
{
	struct rset all = rset_or(only(b.ns[0]), rset_or(only(b.ns[1]), only(b.ns[2])));

	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 2, PHASE_EXECUTING, 1);
	assert_true(rset_equal(process_leaver_ns(b.view, all), only(b.ns[1])));
	leaver_without_names();
	assert_true(rset_equal(process_leaver_ns(b.view, all),
			       rset_or(only(b.ns[1]), only(b.ns[2]))));
	assert_true(rset_empty(process_leaver_ns(b.view, only(b.ns[0]))));
}

/* CSYNC would bring them into the delegation again: the owner is asked to take them out first. */
static void
test_leaver_named_by_the_owner(void **state)
{
	for (int named = 0; named < 2; named++) {
		struct process_target t;
		struct reason why = {0};
		b.signer.set[VIEW_NS] = b.server[0].set[VIEW_NS] = b.parent.set[VIEW_NS] =
		    named ? rset_or(only(b.ns[0]), only(b.ns[1])) : only(b.ns[0]);
		bench_look(&b);
		leaver_without_names();
		process_target(b.view, &t);
		assert_int_equal(t.csync, !named);
		run()->step = 1;
		assert_int_equal(check(COND_NS, &why), !named);
		assert_int_equal(check(COND_PARENT_NS, NULL), !named);
		if (named) {
			assert_int_equal(why.class, REASON_BLOCKED);
			assert_string_equal(why.seen, "ns2.p.");
			assert_non_null(strstr(why.todo, "which no provider states"));
			run()->step = 2;
		}
	}
}

/* Somebody who is there, and has not said since, has to say first what is his; of no concern is
 * that where the leaver's own are known, and the leaver itself. */
static void
test_leaver_or_another(void **state)
{
	static const struct {
		bool off, known, stale, away, named, subject, waits;
	} cases[] = {{.waits = true},
		     {.off = true},
		     {.known = true},
		     {.known = true, .stale = true, .waits = true},
		     {.known = true, .stale = true, .away = true},
		     {.named = true},
		     {.known = true, .subject = true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reason why = {0};
		bench_clear(&b);
		three(state);
		leaver_without_names();
		if (cases[i].named)
			peer(1)->statement.ns = only(b.ns[1]);
		peer(1)->statement.known = !cases[i].subject;
		run()->step = 1;
		peer(2)->statement.known = cases[i].known;
		peer(2)->stale = cases[i].stale;
		peer(2)->ready = !cases[i].away;
		b.view->listed = cases[i].off ? 3 : 7;
		peer(2)->member = false;
		peer(2)->has = 0;
		assert_false(check(COND_NS, &why));
		if (why.class != (cases[i].waits ? REASON_PEER : REASON_BLOCKED))
			fail_msg("case %zu: %s", i, reason_class_name(why.class));
		assert_string_equal(why.place, cases[i].waits ? "msa.p3." : "192.0.2.1@53");
		if (cases[i].waits)
			assert_non_null(strstr(why.todo, "force-remove"));
	}
}

/* Caches have to forget them as well. */
static void
test_leaver_ns_in_caches(void **state)
{
	struct hold_want want[HOLD_COUNT];

	leaver_without_names();
	process_wanted(b.view, want);
	assert_true(rset_has(&want[HOLD_NS].out, b.ns[1]));
	assert_false(rset_has(&want[HOLD_NS].out, b.ns[0]));
}

/* Its servers are nobody's then: what does not answer any more is its, and shows nothing old. */
static void
test_leaver_ns_silent(void **state)
{
	for (int named = 0; named < 2; named++) {
		struct hold_want want[HOLD_COUNT];
		bench_clear(&b);
		two(state);
		b.signer.set[VIEW_NS] = b.server[0].set[VIEW_NS] = b.parent.set[VIEW_NS] =
		    only(b.ns[0]);
		bench_run(&b, 5 * SECOND);
		b.server[1].silent = true;
		for (int k = 0; k < 30; k++) {
			bench_look(&b);
			b.now += SECOND;
		}
		leaver_without_names();
		peer(1)->statement.ns = named ? only(b.ns[2]) : RSET_NONE;
		b.view->designated = b.view->listed = 1;
		process_wanted(b.view, want);
		want[HOLD_NS].out = only(b.ns[1]);
		struct view_place *p = place(PLACE_SERVER, "192.0.2.2@53");
		if (p != NULL)
			p->named = 1;
		assert_int_equal(hold_old(b.view, HOLD_NS, &want[HOLD_NS], b.now) == p, named);
	}
}

/* ---- what others remember ---- */

/* Who leaves acts along for somebody whom it takes for none of the group, if a member says that it
 * takes part in that. */
static void
test_vouched_for(void **state)
{
	static const struct {
		bool ready, stale, member;
		uint8_t process;
		uint64_t epoch;
		uint8_t has;
		int subject;
		bool along;
	} cases[] = {
	    {true, false, true, MSIG_PROCESS_REMOVE, 9, HAS_KEYS, VIEW_SELF, true},
	    {false, false, true, MSIG_PROCESS_REMOVE, 9, HAS_KEYS, VIEW_SELF, false},
	    {true, true, true, MSIG_PROCESS_REMOVE, 9, HAS_KEYS, VIEW_SELF, false},
	    {true, false, false, MSIG_PROCESS_REMOVE, 9, HAS_KEYS, VIEW_SELF, false},
	    {true, false, true, MSIG_PROCESS_NS_REMOVE, 9, HAS_KEYS, VIEW_SELF, false},
	    {true, false, true, MSIG_PROCESS_REMOVE, 8, HAS_KEYS, VIEW_SELF, false},
	    {true, false, true, MSIG_PROCESS_REMOVE, 9, 0, VIEW_SELF, false},
	    {true, false, true, MSIG_PROCESS_REMOVE, 9, HAS_KEYS, 2, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		owner(VIEW_SELF, false, true);
		bench_run(&b, 5 * SECOND);
		b.view->d.epoch = 9;
		b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[2]));
		if (cases[i].has == 0)
			b.parent.set[VIEW_DS] = rset_or(ds(0), ds(2));
		bench_look(&b);
		peer(1)->member = false;
		peer(1)->has = cases[i].has;
		runs(1, MSIG_PROCESS_REMOVE, 1, 9);
		runs(2, cases[i].process, 1, cases[i].epoch);
		peer(2)->ready = cases[i].ready;
		peer(2)->stale = cases[i].stale;
		peer(2)->member = cases[i].member;
		stands(2, cases[i].member ? HAS_ALL | MSIG_STANDING_MEMBER : 0);
		stands(1, 0); /* and it does not say so itself */
		say(1, MSIG_OP_EXECUTE, MSIG_PROCESS_REMOVE, 2, cases[i].subject, 0);
		if ((run()->kind == MSIG_PROCESS_REMOVE) != cases[i].along)
			fail_msg("case %zu: %u", i, run()->kind);
	}
}

/* CDS of somebody whose join was interrupted, which no other member shows, go when it says for long
 * that nothing of it is in; until then the parent may come with its DS. */
static void
test_cds_only_here(void **state)
{
	static const struct {
		int said; /* seconds ago */
		bool others, alone, stays;
	} cases[] = {{100, false, false, false},
		     {10, false, false, true},
		     {100, true, false, true},
		     {100, false, true, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
		b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		b.server[1].set[VIEW_CDS] =
		    rset_or(b.cds[1], cases[i].others ? b.cds[2] : b.cds[0]);
		bench_run(&b, 5 * SECOND);
		rest();
		runs(2, 0, 0, 0);
		stands(2, 0);
		peer(2)->member = false;
		peer(2)->has = HAS_KEYS | HAS_CDS;
		peer(1)->member = !cases[i].alone;
		b.view->d.ended.time = 0;
		peer(2)->statement.received = b.now - cases[i].said * SECOND;
		struct plan plan = {0};
		decide_follow_one(&(struct step){b.view, b.now, &plan}, 2);
		if ((peer(2)->has != 0) != cases[i].stays)
			fail_msg("case %zu: %u", i, peer(2)->has);
	}
}

/* ---- what a person is told ---- */

/* Servers are asked seldom while nothing runs, and what is amiss stands all the time. */
static void
test_strangers_stand(void **state)
{
	b.view->config.times.ask_slow = 60 * SECOND;
	b.view->config.times.hold_down = 0;
	owner(1, false, true);
	b.parent.set[VIEW_DS] = ds(0);
	bench_run(&b, 100 * SECOND);
	peer(1)->member = false;
	peer(1)->has = 0;
	peer(1)->statement.known = false; /* out before we knew of it, and gone */
	view_on_peer(b.view, 1, false, "silent");
	rest();
	for (int i = 0; i < 130; i++) {
		bench_run(&b, SECOND);
		peer(1)->statement.known = false;
		b.view->dirty = true;
		bench_decide(&b);
		assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_NS));
		assert_null(bench_reason(&b, REASON_PARENT, REASON_OF_SERVER));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(two, test_signed_before),
	    IN(two, test_copy_is_not_signed_here),
	    IN(two, test_signs_beside),
	    IN(two, test_whose_new_key),
	    IN(two, test_no_copy_keeps_keys),
	    IN(two, test_held_ns_are_the_agents),
	    IN(two, test_held_ns_unsigned),
	    IN(two, test_owners_as_the_members_show),
	    IN(two, test_no_ns_held),
	    IN(two, test_held_ns_hidden),
	    IN(three, test_held_ns_dropped),
	    IN(two, test_leaver_ns),
	    IN(two, test_leaver_named_by_the_owner),
	    IN(three, test_leaver_or_another),
	    IN(two, test_leaver_ns_in_caches),
	    IN(two, test_leaver_ns_silent),
	    IN(three, test_vouched_for),
	    IN(three, test_cds_only_here),
	    IN(two, test_strangers_stand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
