/*
 * Ways out: what was interrupted, forgotten or overtaken finds its way on, and whoever cannot go on
 * says why. Each of these once was a schedule of the simulator that came to no end.
 */
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/lead.h"
#include "agentd/roll.h"
#include "libmsig/msg.h"
#include "tests/unit/scene.h"

/* ---- the delegation ---- */

/* Nobody names its servers any more, or has its DS: it joins again; not at once, and not when it is
 * not the only thing that is missing. */
static void
test_fallen_out(void **state)
{
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, 2 * SECOND);
	assert_true(peer(VIEW_SELF)->member);
	bench_run(&b, 10 * SECOND);
	assert_false(peer(VIEW_SELF)->member);
	assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
}

static void
parent_shows_copy(struct view_place *p, bool copy)
{
	struct view_history *h = &p->history[VIEW_NS];
	h->at[h->count - 1].child = copy;
}

/* A leave that ended before anything of it was gone, and who had not heard of the new word yet. */
static void
test_still_in(void **state)
{
	peer(VIEW_SELF)->member = false;
	peer(VIEW_SELF)->has = HAS_KEYS | HAS_CDS;
	b.view->dirty = true;
	for (int i = 0; i < VIEW_PLACES; i++) /* where the delegation shows nowhere, who knows? */
		if (b.view->d.place[i] != NULL && b.view->d.place[i]->kind == PLACE_PARENT)
			parent_shows_copy(b.view->d.place[i], true);
	bench_decide(&b);
	assert_false(peer(VIEW_SELF)->member);
	for (int i = 0; i < VIEW_PLACES; i++)
		if (b.view->d.place[i] != NULL && b.view->d.place[i]->kind == PLACE_PARENT)
			parent_shows_copy(b.view->d.place[i], false);
	run()->kind = 0; /* it began to join again */
	bench_decide(&b);
	assert_true(peer(VIEW_SELF)->member);
	peer(VIEW_SELF)->member = false;
	peer(VIEW_SELF)->has = HAS_KEYS; /* of this one something is */
	b.view->dirty = true;
	bench_decide(&b);
	assert_false(peer(VIEW_SELF)->member);
}

/* Where nobody else is a member it is as at the first start: what is ours may have been known too
 * late for that. */
static void
test_still_in_alone(void **state)
{
	for (int other = 1; other >= 0; other--) {
		memset(run(), 0, sizeof(*run()));
		peer(1)->member = other;
		peer(VIEW_SELF)->member = false;
		peer(VIEW_SELF)->has = 0;
		stands(1, other ? HAS_ALL | MSIG_STANDING_MEMBER : 0);
		bench_decide(&b);
		assert_int_equal(peer(VIEW_SELF)->member, !other);
	}
	peer(VIEW_SELF)->member = false;
	b.parent.set[VIEW_DS] = only(rpool_of_key(&b.view->d.pool, b.ksk[1], 43));
	bench_look(&b);
	bench_decide(&b);
	assert_false(peer(VIEW_SELF)->member);
}

static void
test_lost_its_ds(void **state)
{
	b.parent.set[VIEW_DS] = ds(1);
	bench_run(&b, 12 * SECOND);
	assert_false(peer(VIEW_SELF)->member);
}

/* A parent that has nobody of the group says nothing of one. */
static void
test_nobody_named(void **state)
{
	b.parent.set[VIEW_NS] = only(b.ns[2]);
	bench_run(&b, 12 * SECOND);
	assert_true(peer(VIEW_SELF)->member);
}

/* Who has no part learns from the delegation who is out. */
static void
test_bystander(void **state)
{
	owner(VIEW_SELF, false, true);
	bench_run(&b, 5 * SECOND);
	peer(2)->member = true;
	peer(2)->has = HAS_ALL;
	b.view->dirty = true;
	bench_run(&b, 2 * SECOND);
	assert_false(peer(2)->member);
	assert_int_equal(peer(2)->has, 0);
	assert_true(peer(1)->member);
}

/* A leave that ended early here, and that the members finished: who has to join again would wait
 * for it for ever. As long as a member shows its keys, it has not ended. */
static void
test_left_without_us(void **state)
{
	owner(2, false, true);
	bench_serve(&b, 7);
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, 5 * SECOND);
	peer(VIEW_SELF)->member = false;
	peer(VIEW_SELF)->has = HAS_ALL;
	peer(2)->member = false;
	peer(2)->has = HAS_KEYS;
	b.view->d.ended.time = b.now;
	bench_run(&b, 90 * SECOND);
	assert_int_equal(peer(2)->has, HAS_KEYS);
	b.server[1].set[VIEW_DNSKEY] = rset_or(b.own[0], b.own[1]);
	b.view->d.ended.time = b.now;
	bench_run(&b, 30 * SECOND);
	assert_int_equal(peer(2)->has, HAS_KEYS);
	bench_run(&b, 60 * SECOND);
	assert_int_equal(peer(2)->has, 0);
	assert_int_equal(peer(VIEW_SELF)->has, HAS_ALL);
}

/* It is OFF, nothing of it is known, and it is named all the same: its servers are taken out. */
static void
test_off_and_named(void **state)
{
	owner(1, false, true);
	rset_add(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 10 * SECOND);
	assert_true((peer(1)->has & HAS_NS) != 0);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_REMOVE);
	assert_int_equal(run()->subject, 1);
}

/* Who is to join again, and is named without DS, is taken out of the delegation first: its servers
 * cannot sign before, and without that it cannot join. */
static void
test_named_without_ds(void **state)
{
	b.parent.set[VIEW_DS] = ds(0);
	rset_add(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 5 * SECOND);
	peer(1)->member = false;
	for (int k = 0; k < 3; k++) {
		static const uint8_t has[] = {0, HAS_KEYS, HAS_KEYS};
		rest();
		peer(1)->has = has[k];
		runs(1, k == 1 ? MSIG_PROCESS_ADD : 0, 0, 9);
		bench_decide(&b);
		assert_int_equal((peer(1)->has & HAS_NS) != 0, k == 2);
	}
	b.view->d.backoff = 0;
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_REMOVE);
	assert_int_equal(run()->subject, 1);
}

/* Also while a rollover waits for just that, for ever. */
static void
test_off_and_named_meanwhile(void **state)
{
	owner(1, false, true);
	rset_add(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 10 * SECOND);
	peer(1)->has = 0;
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 0, PHASE_REQUESTED, 1);
	run()->executed = false;
	bench_decide(&b);
	assert_true((peer(1)->has & HAS_NS) != 0);
	assert_int_equal(run()->kind, 0);
}

/* A leave was ended early, and another one remembers more of it: it could begin nothing any more,
 * and who leads saw nothing to do. */
static void
test_off_and_shown(void **state)
{
	owner(2, false, true);
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
	bench_run(&b, 5 * SECOND);
	memset(run(), 0, sizeof(*run()));
	peer(2)->member = false;
	peer(2)->has = 0;
	b.view->d.ended.time = b.now;
	bench_run(&b, 10 * SECOND);
	assert_int_equal(peer(2)->has, 0); /* the others may just not have got so far */
	bench_run(&b, 120 * SECOND);
	assert_true((peer(2)->has & HAS_KEYS) != 0);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
}

/* Nothing was known of it, and the delegation has all of it: so all of it is in. */
static void
test_learns_all(void **state)
{
	owner(1, false, true);
	runs(1, MSIG_PROCESS_REMOVE, 1, 1);
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	rset_add(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 10 * SECOND);
	assert_int_equal(peer(1)->has, HAS_ALL);
}

/* A joiner that does not know who else serves shows other NS than the members do, for ever: what
 * all of their servers name is in, whatever the parent lost again. */
static void
test_members_name_it(void **state)
{
	owner(2, true, false);
	bench_run(&b, 5 * SECOND);
	struct view_statement st = peer(2)->statement;
	st.dnskey = st.cds = st.cdnskey = RSET_NONE;
	restate(2, st);
	peer(2)->has = 0;
	b.server[1].set[VIEW_NS] = only(b.ns[1]);
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, 5 * SECOND);
	assert_int_equal(peer(2)->has, 0);
	rset_add(&b.server[1].set[VIEW_NS], b.ns[2]);
	bench_run(&b, 5 * SECOND);
	bench_forget(&b);
	for (int i = 0; i < 3; i++) { /* and stays so */
		b.view->dirty = true;
		bench_decide(&b);
		assert_int_equal(peer(2)->has, HAS_NS);
		assert_int_equal(b.journaled, 0);
	}
	rset_del(&b.server[1].set[VIEW_NS], b.ns[2]);
	rset_add(&b.parent.set[VIEW_NS], b.ns[2]); /* it has not followed yet */
	bench_run(&b, 5 * SECOND);
	bench_forget(&b);
	for (int i = 0; i < 3; i++) {
		b.view->dirty = true;
		bench_decide(&b);
		assert_int_equal(peer(2)->has, 0);
		assert_int_equal(b.journaled, 0);
	}
}

/* It served a copy, and is to sign now: its servers leave the delegation before it may join. */
static void
test_to_sign(void **state)
{
	owner(1, true, false);
	bench_run(&b, 5 * SECOND);
	peer(1)->member = false;
	peer(1)->has = HAS_NS;
	stands(1, HAS_NS);
	owner(1, true, true);
	bench_run(&b, 10 * SECOND);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_REMOVE);
	assert_int_equal(run()->subject, 1);
}

/* A member that takes part in a process says that it is one; so the delegation has to show what it
 * can. Who is half in takes part as well, and does not say so. */
static void
test_member_says_so(void **state)
{
	peer(1)->member = false;
	peer(1)->has = 0;
	runs(1, MSIG_PROCESS_REMOVE, 3, 1);
	bench_run(&b, SECOND);
	assert_true(peer(1)->member);
	for (int hidden = 0; hidden < 2; hidden++) {
		b.copy = b.server[0];
		b.child = hidden;
		bench_run(&b, 5 * SECOND);
		peer(1)->member = false;
		peer(1)->has = HAS_KEYS | HAS_CDS;
		stands(1, HAS_KEYS | HAS_CDS);
		bench_run(&b, SECOND);
		assert_false(peer(1)->member);
		stands(1, HAS_ALL | MSIG_STANDING_MEMBER);
		b.view->d.ended.kind = MSIG_PROCESS_REMOVE; /* is it what was to take it out? */
		b.view->d.ended.subject = 1;
		b.view->d.ended.completed = false;
		bench_run(&b, SECOND);
		assert_int_equal(peer(1)->member, !hidden);
		b.view->d.ended.subject = VIEW_SELF;
		b.view->dirty = true;
		bench_run(&b, SECOND);
		assert_true(peer(1)->member);
	}
}

/* Who says that it is no member is believed at rest; while something is done, by whom nobody waits
 * for: of two who leave, one would name the other again. */
static void
test_no_member_says_so(void **state)
{
	for (int along = 0; along < 2; along++) {
		if (along != 0)
			owner(VIEW_SELF, false, true);
		bench_run(&b, 5 * SECOND);
		peer(2)->member = true;
		peer(2)->has = HAS_ALL;
		in_the_middle(MSIG_PROCESS_REMOVE, VIEW_SELF, 1, 1, PHASE_EXECUTING, 2);
		runs(1, MSIG_PROCESS_REMOVE, 1, 9);
		runs(2, MSIG_PROCESS_REMOVE, 1, 9);
		stands(2, HAS_KEYS | HAS_CDS);
		bench_decide(&b);
		assert_int_equal(peer(2)->member, along == 0);
	}
	stands(2, HAS_ALL | MSIG_STANDING_MEMBER);
	peer(2)->member = true;
	bench_decide(&b);
	assert_true(peer(2)->member);
}

/* Names that are not safe by what ought to have expired are looked at again, and not all the time.
 */
static void
test_unsafe_names_wake(void **state)
{
	struct plan plan = {.wake = VIEW_NEVER};
	struct step s = {b.view, b.now, &plan};
	struct safety r = {.until = b.now - 5 * SECOND};

	decide_unsafe_names(&s, &r);
	assert_true(plan.wake > b.now);
	r.until = b.now + 1;
	decide_unsafe_names(&s, &r);
	assert_true(plan.wake == b.now + 1);
}

static void
forget_who_left(void)
{
	memset(run(), 0, sizeof(*run()));
	memset(&peer(2)->statement, 0, sizeof(peer(2)->statement));
	peer(2)->member = false;
	peer(2)->has = 0;
	view_on_peer(b.view, 2, false, "no answer");
	b.view->d.want.from[2] = (struct view_contribution){.used = true,
							    .dnskey = b.own[2],
							    .cds = b.cds[2],
							    .cdnskey = b.cdnskey[2],
							    .ns = only(b.ns[2])};
	b.view->dirty = true;
}

/* The database was lost, and who is to leave is dead: what combinerd holds of it is what it stated.
 * Not of who is there, or is in; nor where that is not all that there is of it. */
static void
test_stated_as_held(void **state)
{
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	forget_who_left();
	view_on_peer(b.view, 2, true, "");
	bench_decide(&b);
	assert_false(peer(2)->statement.known);
	forget_who_left();
	b.view->d.want.from[2].ns = RSET_NONE;
	bench_decide(&b);
	assert_false(peer(2)->statement.known);
	forget_who_left();
	b.view->d.want.from[2].dnskey = only(b.zsk[2]);
	bench_decide(&b);
	assert_false(peer(2)->statement.known);
	forget_who_left();
	b.view->d.want.from[2].ns = RSET_NONE;
	b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
	bench_look(&b); /* it was named, and is no more */
	bench_decide(&b);
	assert_true(peer(2)->statement.known);
	assert_int_equal(peer(2)->has, HAS_KEYS | HAS_CDS);
	forget_who_left();
	bench_decide(&b);
	assert_true(peer(2)->statement.known);
	assert_true(rset_equal(peer(2)->statement.dnskey, b.own[2]));
	assert_true(rset_equal(peer(2)->statement.ns, only(b.ns[2])));
	assert_int_equal(peer(2)->has, HAS_ALL);
	assert_false(peer(2)->member);
	owner(2, true, true);
	bench_run(&b, 5 * SECOND);
	forget_who_left();
	bench_decide(&b);
	assert_false(peer(2)->statement.known);
}

/* The owner manages NS, so that those of the dead one are not here: it is named no more where the
 * parent names nobody whom nobody knows. */
static void
test_stated_as_held_without_ns(void **state)
{
	static const struct {
		const char *what;
		bool agent, stranger, parent, taken;
	} cases[] = {
	    {"the owner's", false, false, true, true},
	    {"the agents'", true, false, true, true},
	    {"somebody unknown", false, true, true, false},
	    {"the same with agents", true, true, true, false},
	    {"the parent is not known", false, false, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		bench_designate(&b, 3, cases[i].agent);
		owner(2, false, true);
		b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		if (cases[i].stranger)
			rset_add(&b.parent.set[VIEW_NS], b.ns[2]);
		bench_run(&b, 5 * SECOND);
		assert_int_equal(b.view->d.agent_ns, cases[i].agent);
		forget_who_left();
		b.view->d.want.from[2].ns = RSET_NONE;
		b.view->parent_known = cases[i].parent;
		bench_decide(&b);
		if (peer(2)->statement.known != cases[i].taken)
			fail_msg("%s", cases[i].what);
		assert_int_equal(peer(2)->has, cases[i].taken ? HAS_KEYS | HAS_CDS : 0);
	}
}

/* What one said before it went silent says nothing once it is taken out. */
static void
test_silent_says_nothing(void **state)
{
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	for (int ready = 0; ready < 2; ready++) {
		view_on_peer(b.view, 2, ready, "no answer");
		peer(2)->member = false;
		peer(2)->has = HAS_KEYS | HAS_CDS;
		stands(2, HAS_ALL | MSIG_STANDING_MEMBER);
		memset(run(), 0, sizeof(*run()));
		bench_decide(&b);
		assert_int_equal(peer(2)->member, ready);
	}
}

/* It is to serve only, and the parent has no DS of its: it signs no more, whatever it missed. */
static void
test_signs_no_more(void **state)
{
	owner(VIEW_SELF, true, false);
	b.parent.set[VIEW_DS] = ds(1);
	bench_run(&b, 10 * SECOND);
	assert_false(peer(VIEW_SELF)->member);
	assert_int_equal(peer(VIEW_SELF)->has, HAS_NS);
}

/* ---- processes ---- */

/* The parent was slow, and names the leaver again when CSYNC is gone. */
static void
test_parent_went_back(void **state)
{
	owner(1, false, true);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 4, PHASE_EXECUTING, 1);
	bench_run(&b, 5 * SECOND);
	assert_true(ended_early(MSIG_PROCESS_REMOVE));
	assert_true(run()->kind == 0 || run()->step < 4);
}

/* After a restart it is not known who the parent is: that is no other NS. */
static void
test_parent_not_known_again(void **state)
{
	owner(1, false, true);
	bench_run(&b, 5 * SECOND);
	b.parent.set[VIEW_NS] = only(b.ns[0]);
	for (int i = 0; i < 2; i++)
		rset_del(&b.server[i].set[VIEW_NS], b.ns[1]);
	rset_del(&b.signer.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 4, PHASE_EXECUTING, 1);
	bench_run(&b, 20 * SECOND);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	b.view->parent_known = false;
	b.view->dirty = true;
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	assert_false(ended_early(MSIG_PROCESS_REMOVE));
}

/* It was to go, and is to go on to serve now: that is another leave. */
static void
test_goes_on_to_serve(void **state)
{
	owner(1, false, true);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 2, PHASE_EXECUTING, 1);
	bench_decide(&b);
	assert_int_equal(run()->step, 2);
	owner(1, true, false);
	bench_run(&b, 5 * SECOND);
	assert_true(ended_early(MSIG_PROCESS_REMOVE));
	assert_true(run()->kind == 0 || run()->stays);
}

/* In the middle of a leave, the owner's NS are equal without the leaver. */
static void
test_agents_take_over_in_a_leave(void **state)
{
	bench_designate(&b, 3, false);
	for (int i = 1; i < 3; i++)
		memcpy(peer(i)->statement.hsync, b.hsync.digest, 32);
	bench_run(&b, 5 * SECOND);
	assert_false(b.view->d.agent_ns);
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 2, 1, 1, PHASE_EXECUTING, 3);
	runs(1, MSIG_PROCESS_REMOVE, 1, 9);
	for (int i = 0; i < 3; i++)
		b.hsync.entry[i].agent = true;
	owner(2, false, true);
	rset_del(&b.signer.set[VIEW_NS], b.ns[2]);
	bench_run(&b, 10 * SECOND);
	assert_true(b.view->d.agent_ns);
}

/* Its DS and keys do not go while the parent names it. */
static void
test_named_leaver_keeps_its_ds(void **state)
{
	const struct process_rule *rule = process_rule(MSIG_PROCESS_REMOVE);
	for (int i = 3; i < rule->steps - 1; i++)
		assert_true((rule->step[i].guard & COND_PARENT_NS) != 0);
}

/* NSMGMT=OWNER: the owner's NS are looked at as long as the parent's are waited for. */
static void
test_owners_ns_until_the_end(void **state)
{
	static const uint8_t kinds[] = {MSIG_PROCESS_ADD, MSIG_PROCESS_REMOVE, MSIG_PROCESS_NS_ADD,
					MSIG_PROCESS_NS_REMOVE};
	for (size_t k = 0; k < sizeof(kinds); k++) {
		const struct process_rule *rule = process_rule(kinds[k]);
		for (int i = 0; i < rule->steps; i++)
			if ((rule->step[i].done & COND_PARENT_NS) != 0)
				assert_true((rule->step[i].done & COND_NS) != 0);
	}
}

/* At the requestor and at another one: what was approved is approved again, and DONE said again. */
static void
test_asked_again(void **state)
{
	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 2, PHASE_DONE, 3);
	peer(1)->member = false;
	runs(1, MSIG_PROCESS_ADD, 1, 9);
	bench_decide(&b);
	bench_forget(&b);
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ADD, 2, 1, 0);
	EXPECT(1, APPROVE);
	assert_int_equal(run()->step, 2);
	assert_int_equal(run()->phase, PHASE_DONE);
	say(1, MSIG_OP_EXECUTE, MSIG_PROCESS_ADD, 2, 1, 0);
	EXPECT(1, DONE);
}

/* A database that was put back is a step behind: it follows, one step after the other. */
static void
test_follows(void **state)
{
	peer(1)->member = false;
	peer(1)->has = 0;
	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 0, PHASE_DONE, 3);
	runs(1, MSIG_PROCESS_ADD, 1, 9);
	bench_decide(&b);
	say(1, MSIG_OP_EXECUTE, MSIG_PROCESS_ADD, 3, 1, 0);
	assert_int_equal(run()->step, 1);
	assert_true(run()->phase >= PHASE_EXECUTING);
	/* Not while its own step is not done. */
	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 0, PHASE_EXECUTING, 3);
	run()->phase = PHASE_GRANTED;
	say(1, MSIG_OP_EXECUTE, MSIG_PROCESS_ADD, 3, 1, 0);
	assert_int_equal(run()->step, 0);
}

/* Its requestor lost it: it says so when it hears DONE, and that ends it. */
static void
test_requestor_forgot(void **state)
{
	say(1, MSIG_OP_DONE, MSIG_PROCESS_ADD, 2, 1, 0);
	const struct view_message *m = bench_sent(&b, 1, MSIG_OP_DENY);
	assert_non_null(m);
	assert_int_equal(m->result, MSIG_RESULT_ENDED);

	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 2, PHASE_DONE, 3);
	runs(1, MSIG_PROCESS_ADD, 1, 9);
	say(1, MSIG_OP_DENY, MSIG_PROCESS_ADD, 2, 1, MSIG_RESULT_ENDED);
	assert_int_equal(run()->kind, 0);
	assert_true(ended_early(MSIG_PROCESS_ADD));
}

/* Who was granted a later step asks about it, by saying what it has done. */
static void
test_granted_for_long(void **state)
{
	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 2, PHASE_GRANTED, 3);
	peer(1)->member = false;
	runs(1, MSIG_PROCESS_ADD, 1, 9);
	bench_run(&b, 10 * SECOND);
	const struct view_message *m = bench_sent(&b, 1, MSIG_OP_DONE);
	assert_non_null(m);
	assert_int_equal(m->step, 1);
}

/* A voter that was in it says that it rests: it lost it, and there is no waiting for it. */
static void
test_voter_forgot(void **state)
{
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 3, PHASE_EXECUTING, 3);
	runs(1, MSIG_PROCESS_ZSK, 2, 9);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
	runs(1, 0, 7, 9);
	bench_decide(&b);
	assert_true(ended_early(MSIG_PROCESS_ZSK));
}

/* It asks for the step after the one that was approved here: that one was executed, and done here,
 * by an earlier state of this database. */
static void
test_granted_and_done(void **state)
{
	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 1, PHASE_GRANTED, 3);
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ZSK, 1, 1, 0);
	assert_int_equal(run()->phase, PHASE_GRANTED);
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ZSK, 2, 1, 0);
	assert_int_equal(run()->step, 1);
	assert_true(run()->phase >= PHASE_EXECUTING);
	/* Not without what it waits for. */
	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 2, PHASE_GRANTED, 3);
	b.server[1].set[VIEW_DNSKEY] = b.own[1];
	bench_look(&b);
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ZSK, 3, 1, 0);
	assert_int_equal(run()->step, 2);
	assert_int_equal(run()->phase, PHASE_GRANTED);
}

/* One of them rests, and has for long: what the next step waits for it does not know, and it is not
 * asked for that. */
static void
test_voter_rests(void **state)
{
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 2, VIEW_SELF, 1, PHASE_REQUESTED, 3);
	runs(1, MSIG_PROCESS_REMOVE, 1, 9);
	bench_run(&b, 90 * SECOND);
	assert_int_equal(run()->epoch, 9);
	runs(1, 0, 7, 1);
	bench_run(&b, 10 * SECOND);
	assert_int_not_equal(run()->epoch, 9);
	assert_true(ended_early(MSIG_PROCESS_REMOVE));
}

/* Whom the owner took back in has a part in all of it or in nothing. */
static void
test_taken_back_in(void **state)
{
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 2, VIEW_SELF, 2, PHASE_EXECUTING, 1);
	runs(2, 0, 7, 1);
	bench_decide(&b);
	assert_true(ended_early(MSIG_PROCESS_REMOVE));
}

/* Who leaves acts along by what the requestor says that it is in, whatever was forgotten. */
static void
test_acts_along(void **state)
{
	owner(VIEW_SELF, false, true);
	bench_run(&b, 5 * SECOND);
	b.view->d.epoch = 9;
	runs(1, 0, 7, 8);
	say(1, MSIG_OP_EXECUTE, MSIG_PROCESS_REMOVE, 2, VIEW_SELF, 0);
	assert_int_equal(run()->kind, 0);
	runs(1, MSIG_PROCESS_REMOVE, 1, 9);
	say(1, MSIG_OP_EXECUTE, MSIG_PROCESS_REMOVE, 2, VIEW_SELF, 0);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	assert_int_equal(run()->step, 2);
	assert_true(run()->phase >= PHASE_EXECUTING);
	/* It did not know that it is led: it does as soon as a change is said. */
	assert_false(run()->led);
	struct view_message m = {.op = MSIG_OP_EXECUTE,
				 .epoch = 9,
				 .process = MSIG_PROCESS_REMOVE,
				 .step = 3,
				 .tid = {5},
				 .change.given = true};
	memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	assert_true(run()->led);
}

/* In whichever way those who vote work together. */
static void
test_along_as_they_do(void **state)
{
	b.view->config.models = MSIG_SYNC_LEADER;
	view_on_models(b.view, 1, MSIG_SYNC_LEADER);
	owner(VIEW_SELF, false, true);
	bench_run(&b, 5 * SECOND);
	memset(run(), 0, sizeof(*run()));
	assert_true(lead_mode(b.view));
	b.view->d.epoch = 8;
	runs(1, MSIG_PROCESS_REMOVE, 1, 9);
	say(1, MSIG_OP_EXECUTE, MSIG_PROCESS_REMOVE, 2, VIEW_SELF, 0);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	assert_false(run()->led);
	assert_true(run()->phase >= PHASE_EXECUTING);
}

/* Of a third one, who is half in, its requestor's zone says what is in: all show the same CDS, or
 * the step would never end. */
static void
test_half_in_as_the_requestor_says(void **state)
{
	bench_run(&b, 5 * SECOND);
	peer(2)->member = false;
	peer(2)->has = HAS_KEYS;
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	runs(2, MSIG_PROCESS_ADD, 3, 1);
	stands(2, HAS_KEYS);
	bench_run(&b, SECOND);
	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 3, PHASE_EXECUTING, 3);
	runs(1, MSIG_PROCESS_ZSK, 3, 9);
	bench_run(&b, 3 * SECOND);
	assert_int_equal(peer(2)->has, HAS_ALL);
	rset_del(&b.server[1].set[VIEW_NS], b.ns[2]);
	bench_run(&b, 3 * SECOND);
	assert_int_equal(peer(2)->has, HAS_KEYS | HAS_CDS);
	b.server[1].set[VIEW_CDS] = rset_or(b.cds[0], b.cds[1]);
	bench_run(&b, 3 * SECOND);
	assert_int_equal(peer(2)->has, HAS_KEYS);
}

/* So does who is in, as it thinks, but no member, and was not asked. */
static void
test_not_asked(void **state)
{
	owner(2, true, false);
	b.parent.set[VIEW_NS] = only(b.ns[1]); /* or it would be a member still */
	bench_run(&b, 5 * SECOND);
	memset(run(), 0, sizeof(*run()));
	peer(2)->member = false;
	peer(2)->has = 0;
	peer(VIEW_SELF)->member = false;
	peer(VIEW_SELF)->has = HAS_ALL;
	b.view->d.epoch = 8;
	runs(1, MSIG_PROCESS_NS_ADD, 1, 9);
	say(1, MSIG_OP_EXECUTE, MSIG_PROCESS_NS_ADD, 2, 2, 0);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_ADD);
	assert_int_equal(run()->step, 2);
}

/* And does not judge what the owner wants. */
static void
test_along_believes(void **state)
{
	owner(VIEW_SELF, false, true);
	bench_run(&b, 5 * SECOND);
	runs(1, MSIG_PROCESS_REMOVE, 1, 9);
	in_the_middle(MSIG_PROCESS_REMOVE, 2, 1, 1, PHASE_EXECUTING, BIT(1));
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE); /* HSYNC here says ON for it */
}

/* Two leave, one after the other, and a step of the first was ended early: whoever acts along shows
 * the NS that those who vote show, or the parent would never take them up. */
static void
test_along_shows_the_same(void **state)
{
	owner(VIEW_SELF, false, true);
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	peer(2)->member = false;
	peer(2)->has = HAS_KEYS | HAS_CDS;
	runs(2, MSIG_PROCESS_REMOVE, 1, 9);
	runs(1, MSIG_PROCESS_REMOVE, 1, 9);
	in_the_middle(MSIG_PROCESS_REMOVE, VIEW_SELF, 1, 1, PHASE_EXECUTING, BIT(1));
	b.server[1].set[VIEW_NS] = rset_or(only(b.ns[1]), only(b.ns[2]));
	bench_run(&b, 5 * SECOND);
	assert_int_equal(peer(2)->has, HAS_ALL);
	assert_true(rset_has(&b.view->d.want.from[2].ns, b.ns[2]));
	b.server[1].set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, 5 * SECOND);
	assert_int_equal(peer(2)->has, HAS_KEYS | HAS_CDS);
	assert_true(rset_empty(b.view->d.want.from[2].ns));
}

/* Who leaves has no part in elections: it goes with whoever leads now. */
static void
test_along_with_another_leader(void **state)
{
	owner(VIEW_SELF, false, true);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, VIEW_SELF, 2, 1, PHASE_DONE, BIT(1) | BIT(2));
	run()->led = true;
	runs(1, MSIG_PROCESS_REMOVE, 1, 9);
	runs(2, MSIG_PROCESS_REMOVE, 1, 9);
	struct view_message m = {.op = MSIG_OP_EXECUTE,
				 .epoch = 9,
				 .process = MSIG_PROCESS_REMOVE,
				 .step = 2,
				 .tid = {5},
				 .change.given = true};
	m.change.add[VIEW_CSYNC] = lead_change(b.view, &m).add[VIEW_CSYNC];
	memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
	view_on_message(b.view, 1, &m, b.now);
	bench_decide(&b);
	assert_int_equal(run()->requestor, 1);
	assert_int_equal(run()->step, 2);
	assert_true(run()->phase >= PHASE_EXECUTING);
}

/* Its requestor is dead, and it knew nobody else when it began: a later process of a member ends
 * it. */
static void
test_along_is_overtaken(void **state)
{
	owner(VIEW_SELF, true, false);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_NS_ADD, VIEW_SELF, 1, 1, PHASE_DONE, BIT(1));
	runs(1, MSIG_PROCESS_NS_ADD, 1, 9);
	runs(2, 0, 7, 9);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_ADD);
	runs(2, 0, 7, 10);
	bench_decide(&b);
	assert_true(ended_early(MSIG_PROCESS_NS_ADD));
}

/* Two are to leave: who is not there goes first, for it serves on what the other one waits for. */
static void
test_the_dead_leave_first(void **state)
{
	for (int dead = 0; dead < 3; dead++) {
		bench_clear(&b);
		three(state);
		bench_run(&b, 5 * SECOND);
		owner(1, false, true);
		owner(2, false, true);
		view_on_peer(b.view, 2, dead != 1, "no beats");
		view_on_peer(b.view, 1, dead != 2, "no beats");
		bench_run(&b, 10 * SECOND);
		assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
		assert_int_equal(run()->subject, dead == 1 ? 2 : 1);
	}
}

/* Or that it is over for another member, once its requestor is not there any more. */
static void
test_along_without_its_requestor(void **state)
{
	owner(VIEW_SELF, true, false);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_NS_ADD, VIEW_SELF, 1, 1, PHASE_DONE, BIT(1));
	runs(1, MSIG_PROCESS_NS_ADD, 1, 9);
	runs(2, 0, 7, 8); /* it has not begun it yet */
	view_on_peer(b.view, 1, false, "no beats");
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_ADD);
	runs(2, MSIG_PROCESS_NS_ADD, 1, 9);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_ADD);
	runs(2, 0, 7, 9);
	bench_decide(&b);
	assert_true(ended_early(MSIG_PROCESS_NS_ADD));
}

/* Keys of another algorithm are kept out until all go there: a leave that waited for them would
 * keep that from beginning. A join does wait. */
static void
test_leave_without_kept_out(void **state)
{
	uint8_t rdata[68] = {1, 0, 3, 13, 80};
	int other = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct view_statement st = peer(1)->statement;

	rset_add(&st.dnskey, other);
	restate(1, st);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 2, VIEW_SELF, 7, PHASE_EXECUTING, 3);
	assert_true(process_check(b.view, COND_KEYS, false, b.now, NULL));
	in_the_middle(MSIG_PROCESS_ADD, 2, 2, 1, PHASE_EXECUTING, 7);
	assert_false(process_check(b.view, COND_KEYS, false, b.now, NULL));
	/* Nor does what brings all there wait for them before it begins; from then on it does. */
	in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF, 0, PHASE_REQUESTED, 7);
	run()->algorithm = 13;
	run()->executed = false;
	assert_true(process_check(b.view, COND_KEYS, false, b.now, NULL));
	run()->executed = true;
	assert_false(process_check(b.view, COND_KEYS, false, b.now, NULL));
}

/* Who has left goes on naming those whom it named last, and never itself: whoever still asks its
 * servers would ask them for ever. */
static void
test_left_names_the_others(void **state)
{
	owner(VIEW_SELF, false, true);
	b.parent.set[VIEW_DS] = ds(1);
	b.parent.set[VIEW_NS] = b.signer.set[VIEW_NS] = only(b.ns[1]);
	b.server[0].set[VIEW_NS] = b.server[1].set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, 200 * SECOND);
	assert_int_equal(peer(VIEW_SELF)->has, 0);
	assert_true(rset_empty(b.view->d.want.from[1].dnskey));
	assert_true(rset_equal(b.view->d.want.from[1].ns, only(b.ns[1])));
	assert_true(rset_empty(b.view->d.want.from[VIEW_SELF].ns));
	/* And so when it is to join again, until it does; of those who are in. */
	for (int in = 1; in >= 0; in--) {
		struct view_overlay o = {0};
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		b.view->listed |= BIT(VIEW_SELF);
		peer(1)->has = in ? HAS_ALL : HAS_KEYS;
		assert_true(decide_wanted(&s, &o));
		assert_true(rset_equal(o.from[1].ns, in ? only(b.ns[1]) : RSET_NONE));
		assert_true(rset_empty(o.from[VIEW_SELF].ns));
	}
}

/* The agents are to manage NS. Who is not named changes nothing for anybody, whatever NS the
 * owner's zone has; it would keep a joiner waiting for an owner to whom they do not matter any
 * more. */
static void
test_unnamed_follows_nsmgmt(void **state)
{
	rset_add(&b.parent.set[VIEW_NS], b.ns[0]);
	bench_run(&b, 8 * SECOND);
	b.view->d.agent_ns = false;
	b.signer.set[VIEW_NS] = only(b.ns[0]); /* the owner's */
	peer(VIEW_SELF)->has = HAS_NS;
	peer(2)->has = HAS_NS;
	bench_run(&b, SECOND);
	assert_false(b.view->d.agent_ns);
	rset_del(&b.parent.set[VIEW_NS], b.ns[0]);
	peer(VIEW_SELF)->has = 0;
	bench_decide(&b);
	assert_true(b.view->d.agent_ns);
	/* Nor who is named, and shows a copy of another one's. */
	b.view->d.agent_ns = false;
	peer(VIEW_SELF)->has = HAS_NS;
	b.hsync.entry[VIEW_SELF].sign = false;
	owner(2, true, true);
	bench_run(&b, 2 * SECOND);
	assert_true(b.view->d.agent_ns);
}

/* The agents are to manage NS, and the owner's lack somebody's: it is asked to add them only when
 * that is safe, and until then nobody has to do anything. */
static void
test_owner_adds_safe_names(void **state)
{
	rset_del(&b.signer.set[VIEW_NS], b.ns[1]);
	rset_del(&b.server[1].set[VIEW_DNSKEY], b.zsk[0]);
	bench_run(&b, 5 * SECOND);
	b.view->d.agent_ns = false;
	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 3, PHASE_EXECUTING, 3);
	runs(1, MSIG_PROCESS_ZSK, 3, 9);
	bench_run(&b, 2 * SECOND);
	assert_false(b.view->d.agent_ns);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_NS));
	const struct reason *r = bench_reason(&b, REASON_PEER, REASON_OF_NS);
	assert_non_null(r);
	assert_string_equal(r->place, place(PLACE_SERVER, "192.0.2.2@53")->server);
	rset_add(&b.server[1].set[VIEW_DNSKEY], b.zsk[0]);
	bench_run(&b, 60 * SECOND);
	assert_false(b.view->d.agent_ns);
	r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
	assert_non_null(r);
	assert_string_equal(r->todo,
			    "the owner makes them equal before NSMGMT=AGENT can be followed");
	b.view->d.hsync.time = b.now + 1; /* which are those of the zone with this HSYNC? */
	b.view->dirty = true;
	bench_decide(&b);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_NS));
	r = bench_reason(&b, REASON_HOME, REASON_OF_NS);
	assert_non_null(r);
	assert_string_equal(r->seen, "not seen yet");
	rset_add(&b.signer.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 5 * SECOND);
	assert_true(b.view->d.agent_ns);
}

/* In a leave agents show NS though a single provider is left: not while the owner's have a name
 * that nobody has stated here, as of one who died before, for that would go at the leaver alone. */
static void
test_takes_over_all_names(void **state)
{
	owner(VIEW_SELF, false, true);
	bench_run(&b, 5 * SECOND);
	for (int unknown = 1; unknown >= 0; unknown--) {
		b.signer.set[VIEW_NS] =
		    unknown ? rset_or(only(b.ns[1]), only(b.ns[2])) : only(b.ns[1]);
		b.view->d.agent_ns = false;
		in_the_middle(MSIG_PROCESS_REMOVE, VIEW_SELF, 1, 2, PHASE_EXECUTING, 2);
		runs(1, MSIG_PROCESS_REMOVE, 2, 9);
		bench_run(&b, 2 * SECOND);
		assert_int_equal(b.view->d.agent_ns, !unknown);
		assert_int_equal(bench_reason(&b, REASON_BLOCKED, REASON_OF_NS) != NULL ||
				     bench_reason(&b, REASON_PEER, REASON_OF_NS) != NULL,
				 unknown);
	}
}

/* Who leaves, and whom neither the owner names nor the members, asks nobody to name it again:
 * others would show that, and lead resolvers to it when its DS are gone. */
static void
test_leaver_asks_for_no_name(void **state)
{
	static const struct {
		bool votes, shown, taken;
	} cases[] = {{false, false, true}, {false, true, false}, {true, false, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, cases[i].votes, true);
		b.signer.set[VIEW_NS] = b.server[1].set[VIEW_NS] = only(b.ns[1]);
		if (cases[i].shown)
			rset_add(&b.server[1].set[VIEW_NS], b.ns[0]);
		b.view->d.agent_ns = false;
		b.view->d.hsync.entry[0].agent = false;
		bench_run(&b, 10 * SECOND);
		rest();
		b.view->d.agent_ns = false;
		peer(VIEW_SELF)->member = true;
		peer(VIEW_SELF)->has = HAS_ALL;
		struct plan plan = {0};
		b.view->reasons = 0;
		decide_ns_management(&(struct step){b.view, b.now, &plan});
		if (b.view->d.agent_ns != cases[i].taken)
			fail_msg("case %zu", i);
		assert_int_equal(peer(VIEW_SELF)->has,
				 cases[i].taken ? HAS_KEYS | HAS_CDS : HAS_ALL);
		assert_int_equal(b.view->reasons != 0, !cases[i].taken);
	}
}

/* Whoever leaves and states nothing any more: what is there of it stays until its step, and all
 * else goes on. */
static void
test_states_nothing(void **state)
{
	owner(1, false, true);
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 2, PHASE_EXECUTING, 1);
	bench_run(&b, SECOND);
	assert_false(rset_empty(b.view->d.want.from[VIEW_SELF].csync));
	struct view_statement st = peer(1)->statement;
	st.dnskey = st.cds = st.cdnskey = RSET_NONE;
	restate(1, st);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 3, PHASE_EXECUTING, 1);
	bench_run(&b, SECOND);
	assert_true(rset_empty(b.view->d.want.from[VIEW_SELF].csync));
	assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
	assert_true(rset_equal(b.view->d.want.from[1].cds, b.cds[1]));
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY));
	/* Its step takes its CDS, and nothing else yet. */
	b.parent.set[VIEW_NS] = only(b.ns[0]);
	b.server[1].silent = true;
	bench_run(&b, 600 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 5, PHASE_EXECUTING, 1);
	bench_run(&b, SECOND);
	assert_true(rset_empty(b.view->d.want.from[1].cds));
	assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
}

/* Somebody else of whom something is in the zone is told as well: the parent asks its servers. */
static void
test_half_in_is_told(void **state)
{
	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	peer(1)->member = false;
	peer(1)->has = HAS_KEYS | HAS_CDS;
	runs(1, MSIG_PROCESS_ADD, 3, 1);
	stands(1, HAS_KEYS | HAS_CDS);
	bench_forget(&b);
	in_the_middle(MSIG_PROCESS_REMOVE, 2, VIEW_SELF, 2, PHASE_EXECUTING, 1);
	bench_run(&b, 2 * SECOND);
	EXPECT(1, EXECUTE);
}

/* The speaker sees nothing to do, and has not for long: another one asks. */
static void
test_speaker_does_not_know(void **state)
{
	static const char lowest[] = "msa.a1.";
	memcpy(peer(1)->identity, lowest, sizeof(lowest));
	memcpy(b.hsync.entry[1].identity, lowest, sizeof(lowest));
	owner(2, false, true);
	view_on_models(b.view, 1, MSIG_SYNC_PEER);
	bench_run(&b, 10 * SECOND);
	assert_int_equal(run()->kind, 0);
	peer(1)->statement.process = 0;
	peer(1)->statement.received = b.now;
	bench_run(&b, 50 * SECOND);
	assert_int_equal(run()->kind, 0);
	bench_run(&b, 20 * SECOND);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	assert_int_equal(run()->requestor, VIEW_SELF);
}

/* Servers that are to go hold up what waits for caches: they go first. */
static void
test_servers_go_first(void **state)
{
	owner(1, false, false);
	bench_run(&b, 5 * SECOND);
	peer(1)->member = false;
	peer(1)->has = HAS_NS;
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 3, PHASE_EXECUTING, 1);
	bench_decide(&b);
	assert_true(ended_early(MSIG_PROCESS_ZSK));
	bench_run(&b, 10 * SECOND);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_REMOVE);
}

/* NS of a join that ended before the parent was told are not in the zone. */
static void
test_ended_before_csync(void **state)
{
	peer(1)->has = 0;
	peer(1)->member = false;
	in_the_middle(MSIG_PROCESS_NS_ADD, 1, 1, 1, PHASE_EXECUTING, 3);
	say(1, MSIG_OP_DENY, MSIG_PROCESS_NS_ADD, 1, 1, MSIG_RESULT_ENDED);
	assert_int_equal(peer(1)->has & HAS_NS, 0);
	in_the_middle(MSIG_PROCESS_NS_ADD, 1, 1, 2, PHASE_EXECUTING, 3);
	say(1, MSIG_OP_DENY, MSIG_PROCESS_NS_ADD, 2, 1, MSIG_RESULT_ENDED);
	assert_int_equal(peer(1)->has & HAS_NS, HAS_NS);
}

/* A leave that ended before the parent followed leaves the NS where they are. */
static void
test_leave_ended_before_the_parent(void **state)
{
	in_the_middle(MSIG_PROCESS_REMOVE, 1, 1, 2, PHASE_EXECUTING, 3);
	say(1, MSIG_OP_DENY, MSIG_PROCESS_REMOVE, 2, 1, MSIG_RESULT_ENDED);
	assert_int_equal(peer(1)->has, HAS_ALL);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, 1, 3, PHASE_EXECUTING, 3);
	say(1, MSIG_OP_DENY, MSIG_PROCESS_REMOVE, 3, 1, MSIG_RESULT_ENDED);
	assert_int_equal(peer(1)->has & HAS_NS, 0);
}

/* Of a leaver, nothing goes before its step: with a new database nobody knows that it has keys. */
static void
test_leaver_loses_what_its_step_takes(void **state)
{
	owner(1, false, true);
	bench_run(&b, 10 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 1, PHASE_EXECUTING, 1);
	b.parent.set[VIEW_DS] = RSET_NONE;
	for (int i = 0; i < VIEW_PLACES; i++) /* nor does the parent say so */
		if (b.view->d.place[i] != NULL && b.view->d.place[i]->kind == PLACE_PARENT)
			b.view->d.place[i]->history[VIEW_DS].count = 0;
	peer(1)->member = false;
	peer(1)->has = 0;
	bench_decide(&b);
	assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY));
}

/* Nor while only a part of the parent's servers is known, which has nothing of it. */
static void
test_leaver_at_a_part_of_the_parent(void **state)
{
	owner(1, false, true);
	bench_run(&b, 10 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 1, PHASE_EXECUTING, 1);
	b.parent.set[VIEW_DS] = ds(0);
	b.parent.set[VIEW_NS] = only(b.ns[0]);
	bench_look(&b);
	peer(1)->member = false;
	peer(1)->has = 0;
	b.view->parent_known = false;
	b.view->parent_looked_at = b.now;
	bench_decide(&b);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY));
	b.view->parent_known = true;
	bench_decide(&b);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY));
}

/* An order to go on to another algorithm has its turn yet. */
static void
test_other_algorithm_stays_ordered(void **state)
{
	b.view->d.order[0] = (struct view_order){MSIG_PROCESS_ALGORITHM, 13};
	b.view->d.order[1] = (struct view_order){MSIG_PROCESS_ALGORITHM, 15};
	in_the_middle(MSIG_PROCESS_ALGORITHM, 1, 1, 6, PHASE_DONE, 3);
	run()->algorithm = 13;
	runs(1, MSIG_PROCESS_ALGORITHM, 6, 9);
	say(1, MSIG_OP_RELEASE, MSIG_PROCESS_ALGORITHM, 6, 1, 0);
	assert_true(b.view->d.ended.completed);
	assert_int_equal(b.view->d.order[0].process, 0);
	assert_int_equal(b.view->d.order[1].process, MSIG_PROCESS_ALGORITHM);
}

/* ---- databases ---- */

/* A DS that came and went while nobody looked is in no history: holds count from then on. */
static void
test_confirm_holds_anew(void **state)
{
	bench_run(&b, 60 * SECOND);
	struct hold_want want = {.in = rpool_keys(&b.view->d.pool, b.parent.set[VIEW_DS]), .at = 3};
	int64_t before = hold_deadline(b.view, HOLD_DS, &want, b.now);
	assert_true(before < b.now);
	confirm_database();
	bench_decide(&b);
	int64_t floor = b.view->d.clock_floor;
	assert_int_equal(floor, b.now);
	assert_true(hold_deadline(b.view, HOLD_DS, &want, b.now) > b.now);
	for (int i = 0; i < 2; i++) {
		bench_run(&b, 5 * SECOND);
		assert_int_equal(b.view->d.clock_floor, floor); /* once */
		bench_restart(&b);
	}
}

/* What combinerd holds is where a confirmed database goes on from; what it holds for others came
 * from them. */
static void
test_confirm_takes_over(void **state)
{
	struct view_contribution c = {.used = true, .dnskey = b.own[1], .cds = b.cds[1]};

	b.view->d.foreign = RSET_NONE;
	memset(&b.view->d.want.from, 0, sizeof(b.view->d.want.from));
	view_on_held(b.view, "msa.p2.", &c);
	confirm_database();
	assert_true(rset_equal(b.view->d.want.from[1].dnskey, b.own[1]));
	assert_true(rset_within(b.own[1], b.view->d.foreign));
	assert_false(b.view->d.begun);
}

/* And so is what it holds from here; but nothing is said of the own keys before the key store has:
 * peers would take out what the signer does not show yet. */
static void
test_confirm_keeps_own_keys(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 15, 78};
	int key = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct view_contribution c = {.used = true, .dnskey = rset_or(b.own[0], only(key))};

	view_on_held(b.view, "msa.p1.", &c);
	b.view->config.driver = true;
	confirm_database();
	assert_true(rset_has(&b.view->d.own, key));
	bench_run(&b, 2 * SECOND);
	assert_false(peer(VIEW_SELF)->statement.known);
	assert_non_null(bench_reason(&b, REASON_HOME, REASON_OF_KEY));
	view_on_keys(b.view, true, "", NULL, 0);
	bench_run(&b, SECOND);
	assert_true(peer(VIEW_SELF)->statement.known);
	/* Who signs nothing needs no key store. */
	b.view->store_known = peer(VIEW_SELF)->member = false;
	peer(VIEW_SELF)->has = 0;
	owner(VIEW_SELF, true, false);
	b.view->config.times.hold_down = 0;
	bench_run(&b, 2 * SECOND);
	peer(VIEW_SELF)->statement.known = false;
	peer(VIEW_SELF)->has = 0;
	b.view->dirty = true;
	bench_decide(&b);
	assert_true(peer(VIEW_SELF)->statement.known);
}

/* Each confirmation begins a generation that was not there before. */
static void
test_confirm_is_another_generation(void **state)
{
	uint8_t had[3][16];

	for (int i = 0; i < 3; i++) {
		memcpy(had[i], b.view->d.generation, sizeof(had[i]));
		for (int k = 0; k < i; k++)
			assert_memory_not_equal(had[i], had[k], sizeof(had[i]));
		confirm_database();
		bench_run(&b, 2 * SECOND);
		assert_memory_equal(peer(VIEW_SELF)->statement.generation, b.view->d.generation,
				    16);
	}
}

/* CDS that combinerd holds, and that the parent may have taken up, are in: of who is to sign. */
static void
test_confirm_cds_that_are_held(void **state)
{
	for (int on = 0; on < 2; on++)
		for (int held = 0; held < 2; held++) {
			struct view_contribution c = {.used = true, .dnskey = b.own[1]};
			if (held)
				c.cds = b.cds[1];
			memset(b.view->held, 0, sizeof(b.view->held));
			peer(1)->has = HAS_KEYS;
			b.view->designated = on ? 3 : 1;
			view_on_held(b.view, "msa.p2.", &c);
			confirm_database();
			assert_int_equal(peer(1)->has & HAS_CDS, on && held ? HAS_CDS : 0);
		}
}

/* Nobody whom the parent still has is dropped because nothing is known of him here. */
static void
test_parent_still_has_him(void **state)
{
	struct view_contribution c = {
	    .used = true, .dnskey = b.own[2], .cds = b.cds[2], .ns = only(b.ns[2])};

	memset(&peer(2)->statement, 0, sizeof(peer(2)->statement));
	peer(2)->member = false;
	peer(2)->has = 0;
	view_on_held(b.view, "msa.p3.", &c);
	confirm_database();
	bench_run(&b, 2 * SECOND);
	assert_true(rset_equal(b.view->d.want.from[2].dnskey, b.own[2]));
	assert_true((bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY)) != NULL);
	/* And when the parent has nothing of him, he goes. */
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	rset_del(&b.parent.set[VIEW_NS], b.ns[2]);
	bench_serve(&b, 3);
	bench_run(&b, 60 * SECOND);
	assert_true(rset_empty(b.view->d.want.from[2].dnskey));
}

/* What is left of who is not known tells whose the rest is: nothing of it goes before all may. */
static void
test_not_piece_by_piece(void **state)
{
	struct view_contribution c = {.used = true, .dnskey = only(b.zsk[1]), .cds = b.cds[1]};

	memset(&peer(1)->statement, 0, sizeof(peer(1)->statement));
	peer(1)->member = false;
	peer(1)->has = 0;
	view_on_held(b.view, "msa.p2.", &c);
	confirm_database();
	bench_run(&b, 5 * SECOND);
	assert_true(rset_has(&b.view->d.want.from[1].dnskey, b.zsk[1]));
	assert_true(rset_equal(b.view->d.want.from[1].cds, b.cds[1]));
}

/* Its server shows a copy of another one's zone yet: the keys that sign there are not ours. */
static void
test_copy_of_another(void **state)
{
	bench_run(&b, 5 * SECOND);
	b.view->d.own = b.view->d.foreign = RSET_NONE;
	b.signer.set[VIEW_DNSKEY] = b.own[1];
	b.signer.signers[VIEW_DNSKEY] = only(b.ksk[1]);
	b.signer.signers[VIEW_SOA] = only(b.zsk[1]);
	bench_run(&b, 5 * SECOND);
	assert_false(rset_meets(b.view->d.own, b.own[1]));
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_DNSKEY);
	assert_non_null(r);
	assert_non_null(strstr(r->todo, "have the own signer sign"));
}

/* Taken for foreign in doubt, and nobody's: what makes valid signatures here is ours. */
static void
test_signs_so_it_is_ours(void **state)
{
	rset_del(&b.view->d.own, b.zsk[0]);
	rset_add(&b.view->d.foreign, b.zsk[0]);
	b.view->dirty = true;
	bench_run(&b, SECOND);
	assert_true(rset_has(&b.view->d.own, b.zsk[0]));
	assert_false(rset_has(&b.view->d.foreign, b.zsk[0]));
}

/* And what does not sign is shown. */
static void
test_key_of_nobody(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 77};
	int key = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));

	rset_add(&b.view->d.foreign, key);
	rset_add(&b.signer.set[VIEW_DNSKEY], key);
	bench_run(&b, 30 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DNSKEY));
	bench_run(&b, 60 * SECOND);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DNSKEY));
	assert_false(rset_has(&b.view->d.own, key));
	b.server[1].signers[VIEW_SOA] = only(key); /* of an old copy: its signatures are cached */
	bench_run(&b, 15 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DNSKEY));
	assert_non_null(bench_reason(&b, REASON_PEER, REASON_OF_DNSKEY));
}

/* Who has left long ago, and whose record is gone, does not freeze anything. */
static void
test_forgotten_record(void **state)
{
	peer(1)->contributed = true;
	peer(1)->has = 0;
	peer(1)->member = false;
	b.hsync.count = 1;
	b.hsync.digest[0]++;
	bench_run(&b, 5 * SECOND);
	assert_string_equal(b.view->freeze, "");
	assert_int_equal(b.view->d.hsync.count, 1);
}

/* ---- clocks and holds ---- */

/* What was over by the old clock is over, and what was not takes as long as it would have. */
static void
test_clock(void **state)
{
	struct view_place *p = place(PLACE_SERVER, NULL);
	int64_t old = p->unnamed = b.now - 1000 * SECOND;
	p->history[VIEW_NS].overflow = b.now + 5 * SECOND;
	p->history[VIEW_NS].tried = b.now;
	view_on_clock(b.view, b.now + 3600 * SECOND);
	assert_int_equal(p->unnamed, old);
	assert_int_equal(p->history[VIEW_NS].overflow, b.now + 3605 * SECOND);
	p->unnamed = b.now + 10 * SECOND;
	p->history[VIEW_NS].tried = b.now;
	view_on_clock(b.view, b.now + 7200 * SECOND);
	assert_true(p->unnamed > b.now + 7200 * SECOND);
	/* The other way round as well: it does not lie ahead again. */
	p->unnamed = b.now - 1000 * SECOND;
	p->history[VIEW_NS].tried = b.now;
	view_on_clock(b.view, b.now - 3600 * SECOND);
	assert_true(p->unnamed < b.now - 3600 * SECOND);
}

/* Until our CDS are what they are now the parent may have taken up others. */
static void
test_hold_ds_since_cds(void **state)
{
	struct hold_want wanted[HOLD_COUNT];

	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 3, PHASE_EXECUTING, 3);
	process_wanted(b.view, wanted);
	int64_t before = hold_deadline(b.view, HOLD_DS, &wanted[HOLD_DS], b.now);
	struct rset cds = b.server[0].set[VIEW_CDS];
	b.server[0].set[VIEW_CDS] = b.cds[0];
	bench_run(&b, 20 * SECOND);
	b.server[0].set[VIEW_CDS] = cds;
	bench_run(&b, 20 * SECOND);
	int64_t after = hold_deadline(b.view, HOLD_DS, &wanted[HOLD_DS], b.now);
	assert_true(before != VIEW_NEVER);
	assert_true(after >= before + 20 * SECOND);
}

/* Two who only served are taken out, and the servers of one are silent for good: the other one does
 * not wait for what they would say. */
static void
test_hold_without_the_silent(void **state)
{
	struct hold_want wanted[HOLD_COUNT];

	bench_run(&b, 5 * SECOND);
	owner(2, false, false);
	b.server[2].silent = true;
	bench_run(&b, 200 * SECOND);
	in_the_middle(MSIG_PROCESS_NS_REMOVE, 1, VIEW_SELF, 3, PHASE_EXECUTING, 1);
	process_wanted(b.view, wanted);
	for (int k = 0; k < VIEW_PLACES; k++) { /* all others have followed */
		struct view_place *p = b.view->d.place[k];
		if (p == NULL || view_place_provider(b.view, p) == 2)
			continue;
		struct view_history *h = &p->history[VIEW_NS];
		if (h->count > 0)
			rset_del(&h->at[h->count - 1].set, b.ns[1]);
	}
	b.view->listed = BIT(VIEW_SELF);
	assert_null(hold_old(b.view, HOLD_NS, &wanted[HOLD_NS], b.now));
	b.view->listed |= BIT(2);
	const struct view_place *p = hold_old(b.view, HOLD_NS, &wanted[HOLD_NS], b.now);
	assert_non_null(p);
	assert_int_equal(view_place_provider(b.view, p), 2);
}

/* Who still serves what is to be forgotten is waited for; if it does not answer, a person hears. */
static void
test_hold_for_the_silent(void **state)
{
	bench_run(&b, 5 * SECOND);
	owner(1, false, true);
	rset_del(&b.signer.set[VIEW_NS], b.ns[1]);
	rset_del(&b.server[0].set[VIEW_NS], b.ns[1]);
	rset_del(&b.server[1].set[VIEW_NS], b.ns[1]);
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 10 * SECOND);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 3, PHASE_EXECUTING, 5);
	runs(2, MSIG_PROCESS_REMOVE, 3, 9);
	bench_run(&b, 100 * SECOND);
	assert_non_null(bench_reason(&b, REASON_PEER, REASON_OF_SERVER));
	b.server[2].silent = true;
	bench_run(&b, 50 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_SERVER));
	bench_run(&b, 50 * SECOND);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_SERVER);
	assert_non_null(r);
	assert_string_equal(r->place, place(PLACE_SERVER, "192.0.2.3@53")->server);
}

/* A copy of what another signer signed shows nothing of ours: that one waits for it. */
static void
test_hold_without_copies_of_others(void **state)
{
	struct hold_want wanted[HOLD_COUNT];
	uint8_t rdata[68] = {1, 0, 3, 13, 82};
	int fresh = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	const char *server = NULL;

	bench_run(&b, 5 * SECOND);
	peer(2)->member = false;
	in_the_middle(MSIG_PROCESS_ALGORITHM, 1, 1, 1, PHASE_EXECUTING, 3);
	run()->fresh = only(fresh);
	process_wanted(b.view, wanted);
	for (int k = 0; k < VIEW_PLACES; k++) {
		struct view_place *p = b.view->d.place[k];
		if (p == NULL || p->kind == PLACE_PARENT)
			continue;
		struct view_history *h = &p->history[VIEW_SOA];
		bool copy = view_place_provider(b.view, p) == 2;
		server = copy ? p->server : server;
		if (h->count > 0)
			h->at[h->count - 1].signers = only(copy ? b.zsk[1] : fresh);
	}
	assert_non_null(server);
	struct view_place *p = place(PLACE_SERVER, server);
	assert_null(hold_old(b.view, HOLD_RR, &wanted[HOLD_RR], b.now));
	p->history[VIEW_SOA].at[p->history[VIEW_SOA].count - 1].alien = VIEW_ALIEN(15, 7);
	assert_null(hold_old(b.view, HOLD_RR, &wanted[HOLD_RR], b.now)); /* nor is that ours */
	p->history[VIEW_SOA].at[p->history[VIEW_SOA].count - 1].signers = only(b.zsk[0]);
	assert_ptr_equal(hold_old(b.view, HOLD_RR, &wanted[HOLD_RR], b.now), p);
}

/* A database from before a join saw CDS of the joiner: no CDS in the overlay are the signer's own
 * ones, and the parent would believe these. */
static void
test_no_cds_are_own_cds(void **state)
{
	bench_run(&b, 5 * SECOND);
	assert_true(rset_equal(b.view->d.want.from[1].cds, b.cds[1]));
	b.parent.set[VIEW_DS] = RSET_NONE; /* as it was */
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[0], 43));
	bench_run(&b, 5 * SECOND);
	peer(1)->member = false;
	peer(1)->has = HAS_KEYS | HAS_NS;
	bench_decide(&b);
	assert_true(rset_equal(b.view->d.want.from[1].cds, b.cds[1]));
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_S1);
	assert_non_null(r);
	assert_string_equal(r->expected, "an overlay that is safe with every cached set");
}

/* A joiner whose own servers are asked, as the owner's NS name it: CDS without its keys may not
 * come before nobody is sent there any more. */
static void
test_own_name_goes_first(void **state)
{
	bench_run(&b, 5 * SECOND);
	b.parent.set[VIEW_DS] = rset_or(ds(0), rset_or(ds(1), ds(2)));
	b.signer.set[VIEW_DNSKEY] = b.server[0].set[VIEW_DNSKEY] = b.own[0];
	bench_run(&b, 5 * SECOND);
	in_the_middle(MSIG_PROCESS_ADD, VIEW_SELF, VIEW_SELF, 1, PHASE_EXECUTING, 7);
	peer(0)->member = false;
	peer(0)->has = 0;
	b.view->config.mode = VIEW_MODE_ALL;
	struct view_overlay *o = &b.view->d.want;
	memset(o->from, 0, sizeof(o->from));
	o->from[0].dnskey = b.own[0];
	o->from[0].used = true;
	o->ttl_ns = 0;
	b.view->dirty = true;
	bench_decide(&b);
	assert_true(rset_equal(o->from[1].ns, only(b.ns[1])));
	assert_true(rset_empty(o->from[1].dnskey));
	assert_true(rset_empty(o->from[0].ns));
	assert_true(o->ttl_ns != 0);
	uint64_t counter = o->counter;
	bench_decide(&b);
	assert_int_equal(o->counter, counter);
	peer(1)->has = peer(2)->has = HAS_KEYS | HAS_CDS; /* nobody is to be named by agents */
	memset(o->from, 0, sizeof(o->from));
	o->from[0].dnskey = b.own[0];
	o->from[0].used = true;
	b.view->dirty = true;
	bench_decide(&b);
	counter = o->counter;
	b.view->dirty = true;
	bench_decide(&b);
	assert_int_equal(o->counter, counter);
}

/* Who is taken out drops its own name, though it never heard what the name servers of another one
 * are: those stay as they were. Who stays says nothing before it knows. */
static void
test_leaves_without_all_statements(void **state)
{
	for (int leaves = 0; leaves < 2; leaves++) {
		bench_clear(&b);
		assert_int_equal(three(state), 0);
		owner(leaves ? VIEW_SELF : 1, false, true);
		bench_run(&b, 5 * SECOND);
		runs(1, MSIG_PROCESS_REMOVE, 1, 9);
		in_the_middle(MSIG_PROCESS_REMOVE, leaves ? VIEW_SELF : 1, leaves ? 1 : VIEW_SELF,
			      1, PHASE_EXECUTING, leaves ? 6 : 5);
		memset(&peer(2)->statement, 0, sizeof(peer(2)->statement));
		struct view_overlay *o = &b.view->d.want;
		o->from[0].ns = only(b.ns[0]);
		o->from[1].ns = only(b.ns[1]);
		o->from[2].ns = only(b.ns[2]);
		o->from[0].used = o->from[1].used = o->from[2].used = true;
		b.view->dirty = true;
		bench_decide(&b);
		assert_int_equal(rset_empty(o->from[0].ns), leaves);
		assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY));
		assert_true(rset_equal(o->from[1].ns, only(b.ns[1])));
		assert_true(rset_equal(o->from[2].ns, only(b.ns[2])));
	}
}

/* Who is to leave and is not named here is named no more, but as long as the requestor of what goes
 * on names him. */
static void
test_named_by_the_requestor(void **state)
{
	struct process_target t;

	owner(2, false, true);
	bench_run(&b, 5 * SECOND);
	for (int i = 0; i < 5; i++) {
		bool names = i != 1, runs_here = i == 2;
		int subject = i == 3 ? 2 : 1;
		in_the_middle(MSIG_PROCESS_REMOVE, subject, runs_here ? VIEW_SELF : 1, 1,
			      PHASE_EXECUTING, 3);
		run()->kind = i == 4 ? 0 : MSIG_PROCESS_ZSK;
		peer(2)->has = HAS_ALL;
		b.view->d.want.from[0].ns = only(b.ns[0]);
		b.view->d.want.from[1].ns = only(b.ns[1]);
		b.view->d.want.from[2].ns = RSET_NONE;
		b.server[1].set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		if (names)
			rset_add(&b.server[1].set[VIEW_NS], b.ns[2]);
		bench_look(&b);
		process_target(b.view, &t);
		print_message("# %d\n", i);
		assert_int_equal(t.ns >> 2 & 1, i == 0);
	}
}

/* A server that caches still send some to, and that names itself to them, is named as far as caches
 * go: that is no reason to name it to everybody, with DNSKEY that have none of our keys. What the
 * parent, or another's server that is named, names is named to all, whatever we say. */
static void
test_naming_itself_names_nobody(void **state)
{
	enum { NOBODY, NOBODY_ASKED, PARENT, OTHERS, ALL };

	for (int who = NOBODY; who < ALL; who++) {
		struct bench_server *by[ALL] = {&b.server[1], &b.server[2], &b.parent, b.server};
		bench_clear(&b);
		bench_init(&b, 3, 7);
		bench_run(&b, 5 * SECOND);
		b.view->d.want.from[1].ns = RSET_NONE;
		b.parent.set[VIEW_NS] = b.server[0].set[VIEW_NS] = only(b.ns[0]);
		b.server[1].set[VIEW_DNSKEY] = b.own[1];
		b.server[1].set[VIEW_NS] = only(b.ns[1]);
		b.server[2].set[VIEW_NS] = only(b.ns[0]);
		rset_add(&by[who]->set[VIEW_NS], b.ns[1]);
		bench_look(&b);
		struct view_place *p = place(PLACE_SERVER, "192.0.2.2@53");
		p->named = place(PLACE_SERVER, "192.0.2.3@53")->named = 0;
		p->unnamed = b.now + 60 * SECOND;
		bench_decide(&b);
		print_message("# named by %d\n", who);
		assert_true(p->named != 0);
		assert_int_equal(rset_has(&b.view->d.want.from[1].ns, b.ns[1]), who >= PARENT);
	}
}

/* CDS that may not go yet, for a server is named that does not verify what they leave: its name
 * goes first, alone. */
static void
test_names_go_before_cds(void **state)
{
	bench_run(&b, 5 * SECOND);
	b.parent.set[VIEW_DS] = ds(0);
	b.parent.set[VIEW_NS] = only(b.ns[0]);
	bench_run(&b, 5 * SECOND);
	peer(1)->member = false;
	peer(1)->has = HAS_KEYS;
	bench_decide(&b);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_S1));
	struct view_overlay *o = &b.view->d.want;
	assert_true(rset_empty(o->from[1].ns));
	assert_true(rset_equal(o->from[1].cds, b.cds[1]));
	assert_true(rset_equal(o->from[1].dnskey, b.own[1]));
	uint64_t counter = o->counter;
	bench_decide(&b);
	assert_int_equal(o->counter, counter); /* once */
}

/* ---- reasons ---- */

/* NSMGMT=OWNER: at rest, the owner's NS are those of the providers. */
static void
test_owners_ns_at_rest(void **state)
{
	bench_designate(&b, 2, false);
	for (int i = 1; i < 2; i++)
		memcpy(peer(i)->statement.hsync, b.hsync.digest, 32);
	bench_run(&b, 5 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_NS));
	rset_del(&b.signer.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 5 * SECOND);
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
	assert_non_null(r);
	assert_string_equal(r->place, "msa.p2.");
	/* Nobody is asked to name whom caches would find bogus. */
	rset_del(&b.server[1].set[VIEW_DNSKEY], b.zsk[0]);
	bench_run(&b, 5 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_NS));
}

/* All members are to leave, and who is to sign as well says that it is in, which nobody sees: this
 * one cannot join anybody. */
static void
test_nobody_stays(void **state)
{
	owner(1, false, true);
	stands(2, HAS_ALL | MSIG_STANDING_MEMBER);
	bench_run(&b, 10 * SECOND);
	assert_int_equal(b.view->designated, BIT(VIEW_SELF) | BIT(2));
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC));
}

/* One change of the owner's moves the zone: who goes stays until who comes is in. */
static void
test_moves_to_us(void **state)
{
	for (int serves = 0; serves < 2; serves++) {
		bench_clear(&b);
		joiner(state);
		owner(1, serves, false);
		bench_run(&b, 10 * SECOND);
		assert_int_equal(run()->kind, MSIG_PROCESS_ADD);
		assert_int_equal(run()->voters, BIT(VIEW_SELF) | BIT(1));
		EXPECT(1, REQUEST);
		/* Then it goes, by the same instruction: as soon as we are in. */
		rest();
		peer(VIEW_SELF)->has = HAS_ALL;
		rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, b.ksk[0], 43));
		rset_add(&b.parent.set[VIEW_NS], b.ns[0]);
		bench_look(&b);
		bench_decide(&b);
		assert_true(peer(VIEW_SELF)->member);
		assert_int_equal(b.view->designated, BIT(VIEW_SELF));
		assert_int_equal(agree_leaving(b.view), BIT(1));
		assert_int_equal(agree_serves_only(b.view, 1), serves);
	}
}

/* Whoever stays for us may be busy, and is a member all the same. */
static void
test_who_stays_is_busy(void **state)
{
	owner(1, false, true);
	bench_decide(&b);
	peer(1)->member = false;
	runs(1, MSIG_PROCESS_ALGORITHM, 4, 9);
	bench_run(&b, SECOND);
	assert_true(peer(1)->member);
	assert_int_equal(b.view->designated, BIT(VIEW_SELF) | BIT(1));
	/* If it is gone it may have been taken out. */
	peer(1)->member = false;
	view_on_peer(b.view, 1, false, "no beats");
	bench_run(&b, SECOND);
	assert_false(peer(1)->member);
}

/* Before anything is heard of him, nobody is asked to delegate the zone to us. */
static void
test_nobody_heard_of_yet(void **state)
{
	owner(1, false, true);
	bench_run(&b, 10 * SECOND); /* it is followed if it stands */
	rest();
	peer(1)->member = peer(1)->statement.known = false;
	peer(1)->has = 0;
	b.parent.set[VIEW_DS] = RSET_NONE;
	b.view->d.hsync.time = b.now;
	bench_decide(&b);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	assert_non_null(bench_reason(&b, REASON_PEER, REASON_OF_STATEMENT));
	bench_run(&b, b.view->config.times.alarm_after + 5 * SECOND);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
	/* Unless there is nobody else. */
	b.view->d.hsync.time = b.now;
	b.view->d.hsync.count = 1;
	bench_decide(&b);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_DS));
}

static void
test_moves_away(void **state)
{
	for (int serves = 0; serves < 2; serves++) {
		bench_clear(&b);
		member(state);
		owner(VIEW_SELF, serves, false);
		bench_run(&b, 5 * SECOND);
		assert_int_equal(b.view->designated, BIT(VIEW_SELF) | BIT(1));
		assert_int_equal(b.view->listed, BIT(VIEW_SELF) | BIT(1));
		assert_false(agree_serves_only(b.view, VIEW_SELF));
		assert_int_equal(agree_leaving(b.view), 0);
		/* Whom an operator took out does not stay for that. */
		peer(VIEW_SELF)->expelled = true;
		agree_match(b.view);
		assert_int_equal(b.view->designated, BIT(1));
		peer(VIEW_SELF)->expelled = false;
		/* Nor does anybody where nobody is to come. */
		b.view->d.hsync.entry[1].on = false;
		agree_match(b.view);
		assert_int_equal(b.view->designated, 0);
	}
}

/* It is to serve, and nobody has named it yet. */
static void
test_not_named_yet(void **state)
{
	owner(VIEW_SELF, true, false);
	bench_run(&b, 10 * SECOND);
	assert_non_null(bench_reason(&b, REASON_PEER, REASON_OF_NS));
}

/* ---- keys ---- */

static struct view_key
key(const char *id, uint8_t role, uint8_t state, int rr)
{
	struct view_key k = {.role = role, .state = state, .algorithm = 15, .rr = rr};
	snprintf(k.id, sizeof(k.id), "%s", id);
	return k;
}

/* A rollover that nobody remembers is shown; its key is the new one of the next. */
static void
test_half_rolled(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 78};
	int left = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct view_key keys[] = {
	    key("k1", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE, b.ksk[0]),
	    key("k2", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE, b.zsk[0]),
	    key("k3", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_RETIRED, left),
	};

	b.view->config.driver = true;
	rset_add(&b.signer.set[VIEW_DNSKEY], left);
	view_on_keys(b.view, true, "", keys, 3);
	bench_run(&b, 2 * SECOND);
	assert_int_equal(roll_unfinished(b.view), MSIG_PROCESS_ZSK);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_KEY));
	/* Also while something is asked for that may never come. */
	in_the_middle(MSIG_PROCESS_ADD, 1, 1, 0, PHASE_GRANTED, 3);
	run()->lease = b.now + 60 * SECOND;
	run()->executed = false;
	bench_decide(&b);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_KEY));
	run()->executed = b.view->dirty = true;
	bench_decide(&b);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_KEY));
	memset(run(), 0, sizeof(*run()));
	keys[2].state = MSIG_KEY_STATE_PUBLISHED;
	view_on_keys(b.view, true, "", keys, 3);
	bench_run(&b, 2 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_KEY));

	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 0, PHASE_EXECUTING, 3);
	bench_decide(&b);
	assert_true(rset_has(&run()->fresh, left));
	assert_false(rset_has(&run()->old, left));
}

/* The database is older than a rollover of the algorithm: it is ordered again, and what was in the
 * middle then does not keep it waiting. */
static void
test_algorithm_first(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 13, 80};
	int other = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct view_key keys[] = {
	    key("k1", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE, b.ksk[0]),
	    key("k2", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE, b.zsk[0]),
	    key("k3", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_READY, other),
	};

	keys[2].algorithm = 13;
	b.view->config.driver = true;
	view_on_keys(b.view, true, "", keys, 3);
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 3, PHASE_EXECUTING, 3);
	b.view->d.order[0] = (struct view_order){MSIG_PROCESS_ALGORITHM, 13};
	bench_decide(&b);
	assert_true(ended_early(MSIG_PROCESS_ZSK));
	/* It goes first whatever was ordered before; one that is ordered for later waits. */
	b.view->d.order[0] = (struct view_order){MSIG_PROCESS_ZSK, 0};
	b.view->d.order[1] = (struct view_order){MSIG_PROCESS_ALGORITHM, 13};
	assert_int_equal(agree_next_order(b.view).process, MSIG_PROCESS_ALGORITHM);
	view_on_keys(b.view, true, "", keys, 2);
	assert_int_equal(agree_next_order(b.view).process, MSIG_PROCESS_ZSK);
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 3, PHASE_EXECUTING, 3);
	bench_decide(&b);
	assert_int_equal(run()->kind, MSIG_PROCESS_ZSK);
}

/* A new key that somebody discarded before it was used is not waited for. */
static void
test_discarded(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 79};
	int gone = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct view_key keys[] = {
	    key("k1", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE, b.ksk[0]),
	    key("k2", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE, b.zsk[0]),
	};

	b.view->config.driver = true;
	view_on_keys(b.view, true, "", keys, 2);
	bench_decide(&b);
	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 0, PHASE_EXECUTING, 3);
	run()->fresh = only(gone);
	run()->old = only(b.zsk[0]);
	run()->roles = 1 << MSIG_KEY_ROLE_ZSK;
	bench_decide(&b);
	assert_false(rset_has(&run()->fresh, gone));
}

/* Of two keys of the algorithm that comes, CDS name the one that is READY, whatever the other one
 * is: that one goes on. */
static void
test_ready_goes_on(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 13, 83}, rdata2[36] = {1, 1, 3, 13, 84};
	int active = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	int ready = view_rr(b.view, VIEW_DNSKEY, rdata2, sizeof(rdata2));
	struct view_key keys[] = {
	    key("k1", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE, b.ksk[0]),
	    key("k2", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE, b.zsk[0]),
	    key("k3", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE, active),
	    key("k4", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_READY, ready),
	};

	keys[2].algorithm = keys[3].algorithm = 13;
	b.view->config.driver = true;
	view_on_keys(b.view, true, "", keys, 4);
	in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF, 0, PHASE_EXECUTING, 3);
	run()->algorithm = 13;
	bench_decide(&b);
	assert_true(rset_has(&run()->fresh, ready));
	assert_false(rset_has(&run()->fresh, active));
}

static int made_of;

static void
note_make(struct bench *bench, const struct action *a)
{
	if (a->key.verb == MSIG_KEY_VERB_MAKE)
		made_of = a->key.algorithm;
}

/* An earlier state of the database: the rollover that it began is over, and the old key gone. It
 * rolls what there is now, and a new key has its algorithm. */
static void
test_chosen_in_vain(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 82};
	int gone = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct view_key keys[] = {
	    key("k1", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE, b.ksk[0]),
	    key("k2", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE, b.zsk[0]),
	};

	b.view->config.driver = true;
	b.on_key = note_make;
	view_on_keys(b.view, true, "", keys, 2);
	for (uint8_t step = 0; step < 2; step++) {
		in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, step, PHASE_EXECUTING, 3);
		run()->old = only(gone);
		run()->roles = 1 << MSIG_KEY_ROLE_ZSK;
		b.view->key_asked = made_of = 0;
		bench_run(&b, SECOND);
		assert_int_equal(made_of, 15);
		/* Later a new key has its part in it already, wherever it is. */
		assert_int_equal(rset_has(&run()->old, b.zsk[0]), step == 0);
	}
}

/* An older database, in the middle of a rollover whose new key is in use by now, or gone out of use
 * again: where another one is READY that goes on, and else a new one is made. */
static void
test_later_rollover(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 15, 83};
	int was = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	rdata[4] = 84;
	int ready = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	static const struct {
		uint8_t was, other, algorithm;
		bool goes_on, makes;
	} cases[] = {
	    {MSIG_KEY_STATE_ACTIVE, MSIG_KEY_STATE_READY, 15, true, false},
	    {MSIG_KEY_STATE_ACTIVE, MSIG_KEY_STATE_READY, 13, false, false}, /* of another one */
	    {MSIG_KEY_STATE_ACTIVE, MSIG_KEY_STATE_REMOVED, 15, false, false},
	    {MSIG_KEY_STATE_READY, MSIG_KEY_STATE_READY, 15, false, false},
	    {MSIG_KEY_STATE_POST, MSIG_KEY_STATE_REMOVED, 15, false, true},
	};

	b.view->config.driver = true;
	b.on_key = note_make;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view_key keys[] = {
		    key("k1", MSIG_KEY_ROLE_KSK, cases[i].was, was),
		    key("k2", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE, b.zsk[0]),
		    key("k3", MSIG_KEY_ROLE_KSK, cases[i].other, ready),
		    key("k4", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_RETIRED, b.ksk[0]),
		};
		keys[2].algorithm = cases[i].algorithm;
		view_on_keys(b.view, true, "", keys, 4);
		in_the_middle(MSIG_PROCESS_KSK, VIEW_SELF, VIEW_SELF, 2, PHASE_EXECUTING, 3);
		run()->fresh = only(was);
		run()->old = only(b.ksk[0]);
		run()->roles = 1 << MSIG_KEY_ROLE_KSK;
		b.view->key_asked = made_of = 0;
		bench_decide(&b);
		assert_int_equal(rset_has(&run()->fresh, ready), cases[i].goes_on);
		assert_int_equal(rset_has(&run()->old, was), cases[i].goes_on);
		assert_int_equal(made_of, cases[i].makes ? 15 : 0);
	}
}

/* A key of an algorithm that is not shown here: it is taken from a peer if all is signed with that
 * algorithm all the same. */
static void
test_signs_unseen(void **state)
{
	static const struct {
		uint8_t state, kind;
		bool taken;
	} cases[] = {
	    {MSIG_KEY_STATE_MADE, MSIG_PROCESS_ALGORITHM, false},
	    {MSIG_KEY_STATE_SIGNING, MSIG_PROCESS_ALGORITHM, true},
	    {MSIG_KEY_STATE_SIGNING, MSIG_PROCESS_ZSK, false},
	    {MSIG_KEY_STATE_POST, MSIG_PROCESS_ZSK, true},
	    {MSIG_KEY_STATE_REMOVED, MSIG_PROCESS_ALGORITHM, false},
	};
	uint8_t rdata[36] = {1, 0, 3, 8, 85};
	int other = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	rdata[4] = 86;
	int theirs = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct view_key keys[] = {
		    key("k1", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE, b.ksk[0]),
		    key("k2", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE, b.zsk[0]),
		    key("k3", MSIG_KEY_ROLE_ZSK, cases[i].state, other),
		};
		keys[2].algorithm = 8;
		view_on_keys(b.view, true, "", keys, 3);
		in_the_middle(cases[i].kind, 1, 1, 2, PHASE_DONE, 3);
		run()->algorithm = cases[i].kind == MSIG_PROCESS_ALGORITHM ? 15 : 0;
		rset_add(&b.view->d.provider[1].statement.dnskey, theirs);
		b.view->d.want.from[1].dnskey = b.own[1];
		b.view->dirty = true;
		bench_decide(&b);
		print_message("# %zu\n", i);
		assert_int_equal(rset_has(&b.view->d.want.from[1].dnskey, theirs), cases[i].taken);
	}
}

static int listed;

static void
count_lists(struct bench *bench, const struct action *a)
{
	listed += a->key.verb == MSIG_KEY_VERB_LIST;
}

/* A key that somebody took out by hand, while the list that has it was on its way: it would be
 * stated, and waited for, for ever. */
static void
test_listed_anew(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 81};
	int gone = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct view_key keys[] = {
	    key("k1", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE, b.ksk[0]),
	    key("k2", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE, b.zsk[0]),
	    key("k3", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_PUBLISHED, gone),
	};

	b.view->config.driver = true;
	b.on_key = count_lists;
	view_on_keys(b.view, true, "", keys, 2);
	bench_run(&b, 60 * SECOND);
	listed = 0;
	bench_run(&b, 60 * SECOND);
	assert_int_equal(listed, 0);
	view_on_keys(b.view, true, "", keys, 3);
	bench_run(&b, 60 * SECOND);
	assert_true(listed > 0);
	/* Or it signs with a key that nobody shows: where all records come from the overlay that is
	 * all that can be seen. */
	view_on_keys(b.view, true, "", keys, 2);
	bench_run(&b, 60 * SECOND);
	listed = 0;
	struct view_place *p = place(PLACE_SIGNER, NULL);
	for (int i = 0; i < 60; i++) {
		p->history[VIEW_SOA].at[p->history[VIEW_SOA].count - 1].alien = VIEW_ALIEN(13, 1);
		b.view->dirty = true;
		bench_run(&b, SECOND);
	}
	assert_true(listed > 0);
	/* Or its CDS do not name the key that is READY. */
	keys[0].state = MSIG_KEY_STATE_READY;
	view_on_keys(b.view, true, "", keys, 2);
	bench_run(&b, 60 * SECOND);
	listed = 0;
	bench_run(&b, 60 * SECOND);
	assert_int_equal(listed, 0);
	rdata[0] = 1, rdata[1] = 1;
	int ready = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	rset_add(&b.signer.set[VIEW_DNSKEY], ready);
	rset_add(&b.signer.signers[VIEW_DNSKEY], ready);
	keys[0].state = MSIG_KEY_STATE_ACTIVE;
	keys[2] = key("k3", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_READY, ready);
	view_on_keys(b.view, true, "", keys, 3);
	bench_run(&b, 60 * SECOND); /* until it is seen in DNSKEY */
	listed = 0;
	bench_run(&b, 60 * SECOND);
	assert_true(listed > 0);
	/* Or a KSK is in DNSKEY, as the overlay has it, and does not sign that. */
	keys[2].state = MSIG_KEY_STATE_PUBLISHED;
	for (int signs = 1; signs >= 0; signs--) {
		if (!signs)
			rset_del(&b.signer.signers[VIEW_DNSKEY], ready);
		view_on_keys(b.view, true, "", keys, 3);
		bench_run(&b, 60 * SECOND);
		listed = 0;
		bench_run(&b, 60 * SECOND);
		assert_int_equal(listed > 0, !signs);
	}
}

static int readied;

static void
count_ready(struct bench *bench, const struct action *a)
{
	readied += a->key.verb == MSIG_KEY_VERB_SET && a->key.state == MSIG_KEY_STATE_READY;
}

/* What is READY stands alone in CDS that the signer writes itself, whatever an older database takes
 * for the old key: so every cached DNSKEY RRset has to have it. */
static void
test_ready_stands_alone(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 15, 83};

	for (int shown = 0; shown < 2; shown++) {
		bench_clear(&b);
		member(state);
		int new = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
		struct view_key keys[] = {
		    key("k1", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE, b.ksk[0]),
		    key("k2", MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE, b.zsk[0]),
		    key("k3", MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_PUBLISHED, new),
		};
		b.view->config.driver = true;
		b.on_key = count_ready;
		view_on_keys(b.view, true, "", keys, 3);
		rset_add(&b.signer.set[VIEW_DNSKEY], new);
		rset_add(&b.signer.signers[VIEW_DNSKEY], new);
		if (shown)
			b.server[0] = b.signer;
		bench_run(&b, 60 * SECOND);
		in_the_middle(MSIG_PROCESS_KSK, VIEW_SELF, VIEW_SELF, 2, PHASE_EXECUTING, 1);
		run()->roles = BIT(MSIG_KEY_ROLE_KSK);
		run()->fresh = only(new);
		readied = 0;
		bench_decide(&b);
		assert_int_equal(readied, shown);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(two, test_fallen_out),
	    IN(two, test_lost_its_ds),
	    IN(two, test_still_in_alone),
	    IN(two, test_still_in),
	    IN(two, test_nobody_named),
	    IN(bystander, test_bystander),
	    IN(three, test_left_without_us),
	    IN(member, test_off_and_named),
	    IN(member, test_off_and_named_meanwhile),
	    IN(member, test_named_without_ds),
	    IN(three, test_off_and_shown),
	    IN(member, test_learns_all),
	    IN(bystander, test_members_name_it),
	    IN(member, test_to_sign),
	    IN(two, test_member_says_so),
	    IN(three, test_no_member_says_so),
	    IN(two, test_unsafe_names_wake),
	    IN(three, test_stated_as_held),
	    IN(three, test_stated_as_held_without_ns),
	    IN(three, test_silent_says_nothing),
	    IN(two, test_signs_no_more),
	    IN(two, test_parent_went_back),
	    IN(two, test_parent_not_known_again),
	    IN(two, test_goes_on_to_serve),
	    IN(three, test_agents_take_over_in_a_leave),
	    IN(two, test_named_leaver_keeps_its_ds),
	    IN(two, test_owners_ns_until_the_end),
	    IN(two, test_asked_again),
	    IN(member, test_follows),
	    IN(two, test_requestor_forgot),
	    IN(two, test_granted_for_long),
	    IN(two, test_voter_forgot),
	    IN(two, test_granted_and_done),
	    IN(three, test_voter_rests),
	    IN(three, test_taken_back_in),
	    IN(two, test_acts_along),
	    IN(two, test_along_as_they_do),
	    IN(three, test_half_in_as_the_requestor_says),
	    IN(three, test_not_asked),
	    IN(three, test_along_believes),
	    IN(three, test_along_shows_the_same),
	    IN(three, test_along_with_another_leader),
	    IN(three, test_along_is_overtaken),
	    IN(three, test_along_without_its_requestor),
	    IN(three, test_the_dead_leave_first),
	    IN(three, test_leave_without_kept_out),
	    IN(two, test_left_names_the_others),
	    IN(bystander, test_unnamed_follows_nsmgmt),
	    IN(two, test_owner_adds_safe_names),
	    IN(two, test_leaver_asks_for_no_name),
	    IN(two, test_takes_over_all_names),
	    IN(two, test_states_nothing),
	    IN(three, test_half_in_is_told),
	    IN(three, test_speaker_does_not_know),
	    IN(member, test_servers_go_first),
	    IN(two, test_ended_before_csync),
	    IN(two, test_leave_ended_before_the_parent),
	    IN(two, test_leaver_loses_what_its_step_takes),
	    IN(two, test_leaver_at_a_part_of_the_parent),
	    IN(two, test_other_algorithm_stays_ordered),
	    IN(two, test_confirm_holds_anew),
	    IN(two, test_confirm_takes_over),
	    IN(two, test_confirm_keeps_own_keys),
	    IN(two, test_confirm_is_another_generation),
	    IN(three, test_confirm_cds_that_are_held),
	    IN(three, test_parent_still_has_him),
	    IN(two, test_not_piece_by_piece),
	    IN(joiner, test_copy_of_another),
	    IN(two, test_signs_so_it_is_ours),
	    IN(two, test_key_of_nobody),
	    IN(member, test_forgotten_record),
	    IN(two, test_clock),
	    IN(two, test_hold_ds_since_cds),
	    IN(three, test_hold_without_the_silent),
	    IN(three, test_hold_for_the_silent),
	    IN(three, test_hold_without_copies_of_others),
	    IN(two, test_no_cds_are_own_cds),
	    IN(two, test_naming_itself_names_nobody),
	    IN(two, test_names_go_before_cds),
	    IN(three, test_own_name_goes_first),
	    IN(three, test_named_by_the_requestor),
	    IN(three, test_leaves_without_all_statements),
	    IN(two, test_owners_ns_at_rest),
	    IN(bystander, test_nobody_stays),
	    IN(joiner, test_moves_to_us),
	    IN(joiner, test_who_stays_is_busy),
	    IN(joiner, test_nobody_heard_of_yet),
	    IN(member, test_moves_away),
	    IN(bystander, test_not_named_yet),
	    IN(two, test_half_rolled),
	    IN(two, test_algorithm_first),
	    IN(two, test_discarded),
	    IN(two, test_ready_goes_on),
	    IN(two, test_chosen_in_vain),
	    IN(two, test_later_rollover),
	    IN(two, test_signs_unseen),
	    IN(two, test_listed_anew),
	    IN(member, test_ready_stands_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
