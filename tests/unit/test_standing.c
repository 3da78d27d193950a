/*
 * What of whom is in the zone: who is half in says it itself, a process' requestor shows it, and
 * who has fallen out of the delegation asks for nothing but to join again.
 */
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "tests/unit/scene.h"

/* The third one is no member, and the parent has nothing of it. */
static int
half(void **state)
{
	three(state);
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
	bench_run(&b, 5 * SECOND);
	b.view->d.epoch = 9;
	return 0;
}

/* It rests, and knows of all that was done: this is known of it here, and that it says itself. */
static void
known(uint8_t has, uint8_t standing)
{
	memset(run(), 0, sizeof(*run()));
	peer(2)->member = peer(2)->stale = false;
	peer(2)->has = has;
	peer(2)->contributed = has != 0;
	runs(2, 0, 0, b.view->d.epoch);
	stands(2, standing);
}

static uint8_t
then(void)
{
	bench_decide(&b);
	return peer(2)->has;
}

static void
stale(void)
{
	peer(2)->stale = true;
}

/* ---- what it says itself ---- */

/* We say it of ourselves, anew when it is something else. */
static void
test_we_say_it(void **state)
{
	const struct view_statement *st = &peer(VIEW_SELF)->statement;
	uint64_t counter = st->counter;

	assert_int_equal(st->standing, HAS_ALL | MSIG_STANDING_MEMBER);
	peer(VIEW_SELF)->has = HAS_KEYS | HAS_NS;
	bench_decide(&b);
	assert_int_equal(st->standing, HAS_KEYS | HAS_NS | MSIG_STANDING_MEMBER);
	assert_true(st->counter > counter);
	counter = st->counter;
	peer(VIEW_SELF)->member = false;
	b.view->d.ended.time = b.now; /* what the others show of it counts later */
	bench_decide(&b);
	assert_int_equal(st->standing, HAS_KEYS | HAS_NS);
	assert_true(st->counter > counter);
}

static void
test_says_what_is_in(void **state)
{
	known(0, HAS_KEYS);
	assert_int_equal(then(), HAS_KEYS);
	assert_true(peer(2)->contributed);
	known(HAS_KEYS, HAS_ALL);
	assert_int_equal(then(), HAS_ALL);
	known(HAS_ALL, HAS_KEYS | HAS_CDS);
	assert_int_equal(then(), HAS_KEYS | HAS_CDS);
	known(HAS_KEYS, 0);
	assert_int_equal(then(), 0);
	assert_false(peer(2)->contributed);
	assert_true(b.plan.persist);
	bench_forget(&b);
	b.view->dirty = true; /* once is enough */
	assert_int_equal(then(), 0);
	assert_int_equal(b.journaled, 0);
}

/* What was said before the last process ended may be out of date, unless it says so for long after
 * that. */
static void
test_knows_of_all(void **state)
{
	known(0, HAS_KEYS);
	peer(2)->statement.process_epoch = 8;
	assert_int_equal(then(), 0);
	peer(2)->statement.received = b.now;
	b.view->d.ended.time = b.now - 20 * SECOND;
	bench_run(&b, 50 * SECOND);
	assert_int_equal(peer(2)->has, 0);
	b.view->d.ended.time = b.now;
	bench_run(&b, 20 * SECOND);
	assert_int_equal(peer(2)->has, 0);
	b.view->d.ended.time = peer(2)->statement.received - SECOND;
	peer(2)->ready = false; /* who is away says nothing */
	assert_int_equal(then(), 0);
	peer(2)->ready = true;
	assert_int_equal(then(), HAS_KEYS);
}

/* What was said before the last process ended, and never taken back, counts from that end; not of
 * somebody who is away, and could not have taken it back. */
static void
test_said_before_the_end(void **state)
{
	known(0, HAS_KEYS);
	peer(2)->statement.process_epoch = 8;
	peer(2)->statement.received = b.now - 100 * SECOND;
	b.view->d.backoff = b.now + 1000 * SECOND;
	b.view->d.ended.time = b.now;
	bench_run(&b, 55 * SECOND);
	assert_int_equal(peer(2)->has, 0);
	view_on_peer(b.view, 2, false, "silent");
	bench_run(&b, 10 * SECOND);
	assert_int_equal(peer(2)->has, 0);
	view_on_peer(b.view, 2, true, "");
	assert_int_equal(then(), HAS_KEYS);
}

/* A member that has to join again says so; the same counts for its word. */
static void
test_said_to_be_no_member(void **state)
{
	known(HAS_ALL, HAS_ALL);
	peer(2)->member = true;
	peer(2)->statement.process_epoch = 8;
	peer(2)->statement.received = b.now - 100 * SECOND;
	b.view->d.ended.time = b.now - 30 * SECOND;
	then();
	assert_true(peer(2)->member);
	b.view->d.ended.time = b.now - 70 * SECOND;
	view_on_peer(b.view, 2, false, "silent");
	then();
	assert_true(peer(2)->member);
	view_on_peer(b.view, 2, true, "");
	stale();
	for (uint64_t epoch = 9; epoch >= 8; epoch--) {
		peer(2)->statement.process_epoch = epoch;
		then();
		assert_true(peer(2)->member);
	}
	peer(2)->stale = false;
	then();
	assert_false(peer(2)->member);
}

static void
leaves(void)
{
	owner(2, false, false);
	bench_run(&b, 5 * SECOND);
	rset_del(&b.parent.set[VIEW_NS], b.ns[2]); /* its leave would be another thing */
	bench_run(&b, 5 * SECOND);
}

static void
signs(void)
{
	owner(2, true, true);
	bench_run(&b, 5 * SECOND);
}

static void
has_keys(void)
{
	peer(2)->statement.dnskey = b.own[2];
}

static void
its_process(void)
{
	in_the_middle(MSIG_PROCESS_NS_ADD, 2, 1, 1, PHASE_EXECUTING, 3);
	runs(1, MSIG_PROCESS_NS_ADD, 1, 9);
}

static void
unknown_of(void)
{
	peer(2)->statement.known = false;
}

/* The delegation names it, and it is to serve: so it serves; but for who is to do more, or less. */
static void
test_named_so_it_serves(void **state)
{
	static void (*const but[])(void) = {NULL, leaves, signs, has_keys, its_process, unknown_of};

	for (size_t i = 0; i < sizeof(but) / sizeof(but[0]); i++) {
		bench_clear(&b);
		half(state);
		owner(2, true, false);
		bench_run(&b, 5 * SECOND);
		struct view_statement st = peer(2)->statement;
		st.dnskey = st.cds = st.cdnskey = RSET_NONE;
		known(0, 0);
		rset_add(&b.parent.set[VIEW_NS], b.ns[2]);
		b.view->d.backoff = b.now + 1000 * SECOND;
		bench_look(&b);
		restate(2, st);
		known(0, 0);
		if (but[i] != NULL)
			but[i]();
		peer(2)->has = 0;
		assert_int_equal(then(), but[i] == NULL ? HAS_NS : 0);
	}
}

/* Who is to leave is told what is left of it, and brings nothing in. */
static void
test_leaver_adds_nothing(void **state)
{
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	known(HAS_KEYS, HAS_ALL);
	assert_int_equal(then(), HAS_KEYS);
	known(HAS_KEYS | HAS_NS, HAS_KEYS | HAS_CDS);
	assert_int_equal(then(), HAS_KEYS);
}

/* Whatever it says: what the parent has, or may have, is in; at one of its servers is enough. */
static void
test_parent_shows_it(void **state)
{
	b.parents = 2;
	b.lags = true;
	b.parent.set[VIEW_DS] = rset_or(b.parent.set[VIEW_DS], ds(2));
	bench_run(&b, 60 * SECOND); /* it is looked up anew */
	known(HAS_KEYS | HAS_NS, 0);
	assert_int_equal(then(), HAS_KEYS);
	b.lags = false;
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	rset_add(&b.parent.set[VIEW_NS], b.ns[2]);
	bench_run(&b, 5 * SECOND);
	known(HAS_KEYS | HAS_NS, 0);
	assert_int_equal(then(), HAS_NS);
	rset_del(&b.parent.set[VIEW_NS], b.ns[2]);
	bench_run(&b, 5 * SECOND);
	b.parent.silent = true; /* unknown is not empty */
	bench_run(&b, 5 * SECOND);
	known(HAS_KEYS | HAS_NS, 0);
	assert_int_equal(then(), HAS_KEYS | HAS_NS);
	b.parent.silent = false;
	bench_run(&b, 5 * SECOND);
	known(HAS_KEYS | HAS_NS, 0);
	b.view->parent_known = false;
	assert_int_equal(then(), HAS_KEYS | HAS_NS);
}

/* The parent was asked for its DS, and may come with it at any time. */
static void
test_parent_may_come(void **state)
{
	known(HAS_ALL, 0);
	assert_int_equal(then(), HAS_KEYS | HAS_CDS);
	known(HAS_KEYS | HAS_CDS, HAS_NS);
	assert_int_equal(then(), HAS_ALL);
}

static void
process_here(void)
{
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 3, PHASE_EXECUTING, 3);
}

static void
process_there(void)
{
	runs(2, MSIG_PROCESS_ADD, 3, 9);
}

static void
of_a_member(void)
{
	peer(2)->member = true;
	runs(2, 0, 7, 9);
}

static void
says_member(void)
{
	stands(2, HAS_KEYS | MSIG_STANDING_MEMBER);
}

static void
states_no_keys(void)
{
	struct view_statement *st = &peer(2)->statement;
	st->dnskey = st->cds = st->cdnskey = RSET_NONE;
}

static void
serves_only(void)
{
	owner(2, true, false);
	bench_run(&b, 5 * SECOND);
	known(HAS_ALL, HAS_KEYS);
}

/* Where it cannot be believed, or is not asked, all stays. */
static const struct {
	const char *name;
	void (*but)(void);
} not_believed[] = {
    {"a process runs here", process_here},
    {"a process runs there", process_there},
    {"it has stated another thing since", stale},
    {"a member has all", of_a_member},
    {"who says that it is a member has all", says_member},
    {"it states no keys", states_no_keys},
    {"who only serves", serves_only},
};

static void
test_not_believed(void **state)
{
	for (size_t i = 0; i < sizeof(not_believed) / sizeof(not_believed[0]); i++) {
		print_message("# %s\n", not_believed[i].name);
		bench_clear(&b);
		half(state);
		known(HAS_ALL, HAS_KEYS);
		not_believed[i].but();
		assert_int_equal(then(), HAS_ALL);
	}
}

/* Keys with one tag would not have been approved: that they are in is not believed either. */
static void
test_colliding_keys(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 1, 1, 2, 2}, twin[36] = {1, 0, 3, 15, 2, 2, 1, 1};
	struct rset alone = peer(2)->statement.dnskey, two = alone;

	rset_add(&two, view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
	rset_add(&two, view_rr(b.view, VIEW_DNSKEY, twin, sizeof(twin)));
	b.server[1].set[VIEW_CDS] = rset_or(b.cds[0], b.cds[1]); /* nobody else shows more of it */
	bench_run(&b, 5 * SECOND);
	for (int runs_here = 0; runs_here < 2; runs_here++)
		for (int collide = 1; collide >= 0; collide--) {
			known(0, HAS_KEYS);
			if (runs_here) {
				in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 3, PHASE_EXECUTING, 3);
				runs(1, MSIG_PROCESS_ZSK, 3, 9);
			}
			peer(2)->statement.dnskey = collide ? two : alone;
			assert_int_equal(then(), collide ? 0 : HAS_KEYS);
		}
}

/* In the middle of a process about somebody else it says itself whether its keys are in: also who
 * has no part in it, once it has said so for long; and who is to leave, that they are not. */
static void
test_keys_as_stated(void **state)
{
	static const struct {
		uint8_t has, standing;
		bool listed;
		uint64_t epoch;
		int since;
		uint8_t then;
	} cases[] = {{0, HAS_KEYS, true, 9, 0, HAS_KEYS},
		     {HAS_KEYS, 0, true, 9, 0, 0},
		     {HAS_KEYS, 0, true, 3, 10, HAS_KEYS},
		     {HAS_KEYS, 0, true, 3, 100, 0},
		     {HAS_KEYS, 0, false, 9, 0, 0},
		     {0, HAS_KEYS, false, 9, 0, 0},
		     {HAS_ALL, HAS_KEYS, true, 9, 0, HAS_ALL},
		     {0, HAS_ALL, true, 9, 0, 0}};

	b.server[1].set[VIEW_CDS] = rset_or(b.cds[0], b.cds[1]);
	bench_run(&b, 5 * SECOND);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		known(cases[i].has, cases[i].standing);
		in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 3, PHASE_EXECUTING, 3);
		peer(2)->statement.process_epoch = cases[i].epoch;
		peer(2)->statement.received = b.now - cases[i].since * SECOND;
		b.view->d.ended.time = 0;
		b.view->designated = BIT(0) | BIT(1) | (cases[i].listed ? BIT(2) : 0);
		decide_follow_one(&s, 2);
		if (peer(2)->has != cases[i].then)
			fail_msg("case %zu: %u", i, peer(2)->has);
	}
}

/* ---- what the requestor of a process shows ---- */

/* Of one that does not sign, or is to sign no more: all show the same NS and CDS, or the step would
 * never end. */
static void
test_serves_as_the_requestor_says(void **state)
{
	owner(2, true, false);
	bench_run(&b, 5 * SECOND);
	known(HAS_NS, HAS_NS);
	b.server[1].set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
	b.server[1].set[VIEW_CDS] = rset_or(b.cds[0], b.cds[1]);
	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 3, PHASE_EXECUTING, 3);
	runs(1, MSIG_PROCESS_ZSK, 3, 9);
	bench_run(&b, 3 * SECOND);
	assert_int_equal(peer(2)->has, 0);
	peer(2)->has = HAS_ALL;
	bench_run(&b, 3 * SECOND);
	assert_int_equal(peer(2)->has, HAS_KEYS);
	rset_add(&b.server[1].set[VIEW_NS], b.ns[2]);
	peer(2)->has = 0;
	bench_run(&b, 3 * SECOND);
	assert_int_equal(peer(2)->has, HAS_NS);
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
	peer(1)->member = false; /* who joins shows other NS until it names itself */
	b.server[1].set[VIEW_NS] = only(b.ns[0]);
	bench_look(&b);
	assert_int_equal(then(), HAS_NS);
	peer(1)->member = true;
	assert_int_equal(then(), 0);
	peer(1)->member = false;
	peer(2)->has = HAS_NS;
	rset_add(&b.server[1].set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	assert_int_equal(then(), 0);
	b.view->d.agent_ns = b.view->d.hsync.entry[0].agent = false; /* these are the owner's */
	peer(2)->has = 0;
	assert_int_equal(then(), 0);
}

/* It says for long that it is no member, and whoever leads does not name it: so it is, though we
 * took it for one when the process about somebody else began. */
static void
test_dropped_by_the_requestor(void **state)
{
	static const struct {
		const char *what;
		int subject, requestor;
		bool named, lately, agent, member;
	} cases[] = {
	    {"no member", 3, 1, false, false, true, false},
	    {"the requestor names it", 3, 1, true, false, true, true},
	    {"it says so since a moment", 3, 1, false, true, true, true},
	    {"the process is about it", 2, 1, false, false, true, true},
	    {"we lead", 3, VIEW_SELF, false, false, true, true},
	    {"the owner manages NS", 3, 1, false, false, false, true},
	};

	owner(2, true, true);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rest();
		peer(2)->member = true;
		peer(2)->has = HAS_ALL;
		peer(2)->stale = false;
		stands(2, HAS_KEYS | HAS_CDS);
		b.view->d.agent_ns = b.view->d.hsync.entry[0].agent = cases[i].agent;
		b.server[1].set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		if (cases[i].named)
			rset_add(&b.server[1].set[VIEW_NS], b.ns[2]);
		b.server[0].set[VIEW_NS] = b.server[1].set[VIEW_NS];
		in_the_middle(MSIG_PROCESS_NS_ADD, cases[i].subject, cases[i].requestor, 1,
			      PHASE_EXECUTING, 7);
		runs(2, MSIG_PROCESS_NS_ADD, 1, 8);
		b.view->d.ended.time = 0;
		bench_look(&b);
		peer(2)->statement.received = b.now - (cases[i].lately ? 5 : 100) * SECOND;
		bench_decide(&b);
		if (peer(2)->member != cases[i].member)
			fail_msg("%s", cases[i].what);
	}
}

/* Who is to leave was named again here, when the requestor had dropped its name already: NS that
 * differ would end nowhere, though the parent names it. */
static void
test_dropped_leaver(void **state)
{
	static const struct {
		const char *what;
		bool on, named, goes;
	} cases[] = {
	    {"dropped", false, false, true},
	    {"the requestor names it", false, true, false},
	    {"it is to be in", true, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		bench_clear(&b);
		three(state);
		b.view->config.times.hold_down = 0;
		bench_run(&b, 5 * SECOND);
		owner(2, cases[i].on, false);
		if (!cases[i].named)
			rset_del(&b.server[1].set[VIEW_NS], b.ns[2]);
		rest();
		bench_run(&b, 5 * SECOND);
		peer(2)->member = peer(2)->contributed = false;
		peer(2)->has = 0;
		b.view->d.want.from[2] =
		    (struct view_contribution){.used = true, .ns = only(b.ns[2])};
		in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 1, PHASE_EXECUTING, 3);
		run()->started = b.now - 10 * SECOND;
		struct step s = {b.view, b.now, &plan};
		decide_overlay(&s);
		if (rset_empty(b.view->d.want.from[2].ns) != cases[i].goes)
			fail_msg("%s", cases[i].what);
	}
}

/* It is silent, and those who vote name it no more, for an operator took it out: for who leaves,
 * and does not hear that, it is no member either, whatever the parent shows. */
static void
test_silent_and_unnamed(void **state)
{
	static const struct {
		const char *what;
		bool votes, silent, others, named, member;
	} cases[] = {
	    {"silent and not named", false, true, false, false, false},
	    {"it is there", false, false, false, false, true},
	    {"all are silent", false, true, true, false, true},
	    {"it is named", false, true, false, true, true},
	    {"we vote", true, true, false, false, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, cases[i].votes, true);
		if (!cases[i].named)
			rset_del(&b.server[1].set[VIEW_NS], b.ns[2]);
		b.server[2].silent = true;
		rest();
		bench_run(&b, 60 * SECOND);
		view_on_peer(b.view, 1, !cases[i].others, "no beats");
		view_on_peer(b.view, 2, !cases[i].silent, "no beats");
		peer(2)->member = false;
		peer(2)->has = HAS_KEYS | HAS_CDS;
		stands(2, HAS_ALL | MSIG_STANDING_MEMBER);
		bench_forget(&b);
		bench_run(&b, 10 * SECOND);
		if (peer(2)->member != cases[i].member)
			fail_msg("%s", cases[i].what);
		assert_true(b.journaled <= 2); /* and not to and fro */
	}
}

/* The parent has our DS again, or still, when our leave begins anew: the others took our keys for
 * in, and so do we, until the step that takes the CDS. */
static void
test_leaves_anew(void **state)
{
	static const struct {
		const char *what;
		uint8_t kind, step;
		int subject;
		bool ds, in;
	} cases[] = {
	    {"as the parent has it", MSIG_PROCESS_REMOVE, 2, VIEW_SELF, true, true},
	    {"no DS any more", MSIG_PROCESS_REMOVE, 2, VIEW_SELF, false, false},
	    {"CDS go", MSIG_PROCESS_REMOVE, 5, VIEW_SELF, true, false},
	    {"a join", MSIG_PROCESS_ADD, 1, VIEW_SELF, true, false},
	    {"somebody else leaves", MSIG_PROCESS_REMOVE, 2, 2, true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		if (!cases[i].ds)
			b.parent.set[VIEW_DS] = ds(1);
		if (cases[i].kind == MSIG_PROCESS_REMOVE)
			owner(cases[i].subject, false, true);
		b.view->config.times.hold_down = 0;
		bench_run(&b, 5 * SECOND);
		peer(VIEW_SELF)->member = false;
		peer(VIEW_SELF)->has = HAS_KEYS;
		in_the_middle(cases[i].kind, cases[i].subject, 1, cases[i].step, PHASE_EXECUTING,
			      6);
		runs(1, cases[i].kind, cases[i].step, 9);
		bench_decide(&b);
		if ((peer(VIEW_SELF)->has == (HAS_KEYS | HAS_CDS)) != cases[i].in)
			fail_msg("%s: %u", cases[i].what, peer(VIEW_SELF)->has);
	}
}

/* ---- who has fallen out ---- */

/* While a rollover of ours waits for the others, who would never approve: it is not ours to ask for
 * any more. */
static void
test_fallen_out_meanwhile(void **state)
{
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 0, PHASE_REQUESTED, 3);
	run()->executed = false;
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, 10 * SECOND);
	assert_false(peer(VIEW_SELF)->member);
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
}

/* What is executed goes on, and it has a part in that. */
static void
test_fallen_out_in_the_middle(void **state)
{
	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 3, PHASE_EXECUTING, 3);
	runs(1, MSIG_PROCESS_ZSK, 3, 9);
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, 10 * SECOND);
	assert_true(peer(VIEW_SELF)->member);
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
}

/* A process that was asked for. */
static void
asked(uint8_t kind, int subject)
{
	in_the_middle(kind, subject, VIEW_SELF, 0, PHASE_REQUESTED, 3);
	run()->executed = false;
	run()->asked = b.now;
}

/* Who is no member asks for its own join, and for what it leads. */
static void
test_no_member_asks_for(void **state)
{
	b.parent.set[VIEW_NS] = only(b.ns[1]); /* or it would be a member still */
	bench_run(&b, 10 * SECOND);
	assert_false(peer(VIEW_SELF)->member);
	assert_int_equal(peer(VIEW_SELF)->has, HAS_ALL);
	asked(MSIG_PROCESS_ADD, VIEW_SELF);
	bench_decide(&b);
	assert_int_equal(run()->tid[0], 5);
	asked(MSIG_PROCESS_ZSK, VIEW_SELF);
	bench_forget(&b);
	bench_decide(&b);
	EXPECT(1, ABORT);
	assert_int_not_equal(run()->kind, MSIG_PROCESS_ZSK);
	static const uint8_t led[] = {MSIG_PROCESS_ZSK, MSIG_PROCESS_ALGORITHM,
				      MSIG_PROCESS_NS_REMOVE};
	for (size_t i = 0; i < sizeof(led); i++) {
		asked(led[i], 1);
		run()->led = true;
		run()->voters = BIT(1);
		peer(VIEW_SELF)->has = 0; /* or its own join would go first */
		bench_decide(&b);
		assert_int_equal(run()->tid[0], 5);
	}
}

/* Whose DS is at the parent: of a member that states it, or of one that states nothing any more,
 * whose keys combinerd holds. While somebody of whom nothing is in is to join, others are unknown. */
static void
test_all_known(void **state)
{
	struct view_statement st = peer(2)->statement;

	peer(1)->has = peer(1)->member = 0; /* it is to join */
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(2));
	bench_look(&b);
	assert_true(agree_all_known(b.view));
	st.dnskey = st.cds = st.cdnskey = RSET_NONE;
	restate(2, st);
	b.view->d.want.from[2].dnskey = b.own[2];
	assert_true(agree_all_known(b.view));
	b.view->d.want.from[2].dnskey = RSET_NONE;
	assert_false(agree_all_known(b.view));
	b.view->d.want.from[2].dnskey = b.own[2];
	peer(2)->has = 0; /* it is out, as far as is known here */
	assert_false(agree_all_known(b.view));
}

int
main(void)
{
#define HALF(test) cmocka_unit_test_setup_teardown(test, half, teardown)
	const struct CMUnitTest tests[] = {
	    IN(two, test_we_say_it),
	    HALF(test_says_what_is_in),
	    HALF(test_knows_of_all),
	    HALF(test_said_before_the_end),
	    HALF(test_said_to_be_no_member),
	    HALF(test_named_so_it_serves),
	    HALF(test_leaver_adds_nothing),
	    HALF(test_parent_shows_it),
	    HALF(test_parent_may_come),
	    HALF(test_not_believed),
	    HALF(test_colliding_keys),
	    HALF(test_keys_as_stated),
	    HALF(test_serves_as_the_requestor_says),
	    IN(three, test_dropped_by_the_requestor),
	    IN(three, test_dropped_leaver),
	    IN(three, test_silent_and_unnamed),
	    IN(three, test_leaves_anew),
	    IN(two, test_fallen_out_meanwhile),
	    IN(two, test_fallen_out_in_the_middle),
	    IN(two, test_no_member_asks_for),
	    IN(three, test_all_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
