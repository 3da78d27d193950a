/*
 * Loose ends: what was stopped, put back or refused in the middle, in pairs that nobody would think
 * of. Each of these once was a schedule of the simulator that came to no end, or to a bad one.
 */
#include "agentd/agree_int.h"
#include "agentd/decide_int.h"
#include "agentd/shown.h"
#include "agentd/step.h"
#include "libmsig/err.h"
#include "libmsig/msg.h"
#include "tests/unit/scene.h"

/* ---- who leaves ---- */

/* A joiner, or a roller, and a leaver that it knows nothing of: as it is known here, keys of that
 * one would have to be shown, or are of the old algorithm. Whoever has a part in it, or had one, is
 * the requestor's affair. */
static void
test_leaver_without_part(void **state)
{
	static const struct {
		uint8_t kind, ends;
		uint32_t voters;
		bool member;
	} cases[] = {{MSIG_PROCESS_ADD, true, 3, false},
		     {MSIG_PROCESS_ALGORITHM, true, 3, false},
		     {MSIG_PROCESS_ZSK, false, 3, false},
		     {MSIG_PROCESS_ADD, false, 7, false},
		     {MSIG_PROCESS_ADD, false, 3, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		b.view->config.times.hold_down = 0;
		owner(2, false, true);
		bench_run(&b, 2 * SECOND);
		peer(2)->member = cases[i].member;
		peer(2)->has = cases[i].member ? HAS_ALL : HAS_KEYS;
		stands(2, cases[i].member ? HAS_ALL | MSIG_STANDING_MEMBER : HAS_KEYS);
		runs(1, cases[i].kind, 2, 9);
		in_the_middle(cases[i].kind, 1, 1, 2, PHASE_DONE, cases[i].voters);
		bench_decide(&b);
		assert_int_equal(ended_early(cases[i].kind), cases[i].ends);
	}
}

/* Who is a member and is to leave goes before whatever is not bound yet, be it among those who vote
 * or not; of two that leave neither ends the other's. */
static void
test_member_leaves_first(void **state)
{
	static const struct {
		const char *what;
		uint8_t kind, step;
		int requestor;
		uint32_t voters;
		bool on, member, ends;
	} cases[] = {
	    {"it votes", MSIG_PROCESS_ZSK, 0, 1, 7, false, true, true},
	    {"it was taken out", MSIG_PROCESS_ZSK, 0, 1, 3, false, true, true},
	    {"of ours", MSIG_PROCESS_NS_ADD, 0, VIEW_SELF, 3, false, true, true},
	    {"it is no member", MSIG_PROCESS_ZSK, 0, 1, 3, false, false, false},
	    {"it stays", MSIG_PROCESS_ZSK, 0, 1, 7, true, true, false},
	    {"another leave", MSIG_PROCESS_REMOVE, 0, VIEW_SELF, 1, false, true, false},
	    {"others may have seen it", MSIG_PROCESS_ZSK, 1, 1, 3, false, true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = {0};
		bench_clear(&b);
		three(state);
		b.view->config.times.hold_down = 0;
		owner(2, cases[i].on, true);
		if (cases[i].kind == MSIG_PROCESS_REMOVE || cases[i].kind == MSIG_PROCESS_NS_ADD)
			owner(1, cases[i].kind == MSIG_PROCESS_NS_ADD, false);
		rest();
		bench_run(&b, 5 * SECOND);
		peer(2)->member = cases[i].member;
		in_the_middle(cases[i].kind, 1, cases[i].requestor, cases[i].step, PHASE_DONE,
			      cases[i].voters);
		struct step s = {b.view, b.now, &plan};
		agree_withdraw(&s);
		if ((run()->kind == 0) != cases[i].ends)
			fail_msg("%s", cases[i].what);
	}
}

/* An OFF provider that states a joiner's keys has nothing in the zone by that. */
static void
test_ds_of_another(void **state)
{
	for (int theirs = 0; theirs < 2; theirs++) {
		bench_clear(&b);
		three(state);
		b.view->config.times.hold_down = 0;
		owner(2, false, true);
		bench_run(&b, 2 * SECOND);
		peer(1)->member = peer(2)->member = false;
		peer(1)->has = HAS_KEYS | HAS_CDS;
		if (theirs)
			peer(2)->statement.dnskey = peer(1)->statement.dnskey;
		assert_int_equal(shown_ds(b.view, 2), !theirs);
	}
}

/* Its requestor is gone, and another one asks for something else of who only acts along. */
static void
test_deserted(void **state)
{
	struct view_message m = {.op = MSIG_OP_EXECUTE,
				 .epoch = 9,
				 .process = MSIG_PROCESS_REMOVE,
				 .step = 1,
				 .subject = VIEW_SELF,
				 .tid = {6}};

	for (int gone = 0; gone < 2; gone++) {
		bench_clear(&b);
		three(state);
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, false, true);
		bench_run(&b, 2 * SECOND);
		runs(1, MSIG_PROCESS_REMOVE, 1, 9);
		runs(2, MSIG_PROCESS_REMOVE, 1, 9);
		in_the_middle(MSIG_PROCESS_REMOVE, VIEW_SELF, 1, 1, PHASE_DONE, BIT(1));
		view_on_peer(b.view, 1, !gone, "no beats");
		memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
		view_on_message(b.view, 2, &m, b.now);
		bench_decide(&b);
		assert_int_equal(run()->requestor, gone ? 2 : 1);
	}
}

/* All of the parent's servers serve the zone, too: who is to leave may be named from before, though
 * the process that was to name it had not told the parent. */
static void
test_named_from_before(void **state)
{
	for (int hidden = 0; hidden < 2; hidden++) {
		bench_clear(&b);
		two(state);
		b.copy = b.server[0];
		b.child = (uint32_t)hidden;
		owner(1, true, false);
		bench_run(&b, 10 * SECOND);
		peer(1)->member = false;
		peer(1)->has = 0;
		in_the_middle(MSIG_PROCESS_NS_ADD, 1, VIEW_SELF, 1, PHASE_DONE, 1);
		b.view->config.times.hold_down = 0;
		owner(1, false, false);
		bench_run(&b, SECOND);
		assert_true(ended_early(MSIG_PROCESS_NS_ADD));
		assert_int_equal(peer(1)->has & HAS_NS, hidden ? HAS_NS : 0);
	}
}

/* Out of the zone's NS, and taken back: as long as the parent was not told it has not followed.
 * Once it was told, and shows nowhere what came of that, it is out until it is named anew. */
static void
test_taken_back_untold(void **state)
{
	static const struct {
		bool hidden;
		uint8_t step;
		bool named;
	} cases[] = {{true, 1, true}, {true, 2, false}, {false, 1, true}, {false, 2, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		b.copy = b.server[0];
		b.child = cases[i].hidden;
		b.view->config.times.hold_down = 0;
		owner(1, false, false);
		bench_run(&b, 10 * SECOND);
		peer(1)->member = false;
		peer(1)->has = HAS_NS;
		in_the_middle(MSIG_PROCESS_NS_REMOVE, 1, VIEW_SELF, cases[i].step, PHASE_DONE, 1);
		owner(1, true, false);
		bench_run(&b, SECOND);
		print_message("# %zu\n", i);
		assert_true(ended_early(MSIG_PROCESS_NS_REMOVE));
		assert_int_equal(peer(1)->has & HAS_NS, cases[i].named ? HAS_NS : 0);
	}
}

/* He may be taken back in: nothing is concluded from an instruction while another one waits. */
static void
test_out_while_another_waits(void **state)
{
	for (int waits = 1; waits >= 0; waits--) {
		bench_clear(&b);
		two(state);
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, false, true);
		rest();
		bench_run(&b, 5 * SECOND);
		assert_true(peer(VIEW_SELF)->member);
		b.parent.set[VIEW_DS] = ds(1);
		b.parent.set[VIEW_NS] = only(b.ns[1]);
		bench_look(&b);
		if (waits) {
			b.view->d.pending = b.view->d.hsync;
			b.view->d.pending.digest[0] ^= 1;
		}
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		decide_membership(&s);
		assert_int_equal(peer(VIEW_SELF)->member, waits);
	}
}

/* A joiner that believes it is in, and is not: neither the parent nor any member shows it. What one
 * of them shows stays. */
static void
test_shown_nowhere(void **state)
{
	static const struct {
		bool ds, cds, keys, ns;
		uint8_t left;
	} cases[] = {{false, false, false, false, 0},
		     {false, false, false, true, HAS_NS},
		     {false, false, true, false, HAS_KEYS},
		     {false, true, true, false, HAS_KEYS | HAS_CDS},
		     {true, false, false, false, HAS_KEYS | HAS_CDS}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		struct bench_server *other = &b.server[1];
		b.parent.set[VIEW_DS] = cases[i].ds ? rset_or(ds(0), ds(1)) : ds(1);
		b.parent.set[VIEW_NS] = only(b.ns[1]);
		other->set[VIEW_NS] = only(b.ns[1]);
		other->set[VIEW_CDS] = cases[i].cds ? rset_or(b.cds[0], b.cds[1]) : b.cds[1];
		other->set[VIEW_DNSKEY] = cases[i].keys ? rset_or(b.own[0], b.own[1]) : b.own[1];
		if (cases[i].ns)
			rset_add(&other->set[VIEW_NS], b.ns[0]);
		rest();
		bench_run(&b, 5 * SECOND);
		peer(VIEW_SELF)->member = false;
		peer(VIEW_SELF)->has = HAS_ALL;
		rest();
		b.view->d.ended.time = b.now;
		bench_run(&b, 50 * SECOND);
		assert_int_equal(peer(VIEW_SELF)->has, HAS_ALL);
		rest();
		bench_run(&b, 20 * SECOND);
		assert_int_equal(peer(VIEW_SELF)->has, cases[i].left);
	}
}

/* All members are to leave, and who is to sign in their place is not delegated: nobody here knows
 * it for a member but by its word, and then all show the NS that it shows, and act along. If it
 * does not say so, they stay until it is in. */
static void
test_nobody_delegated_stays(void **state)
{
	struct view_message m = {.op = MSIG_OP_EXECUTE,
				 .epoch = 9,
				 .process = MSIG_PROCESS_REMOVE,
				 .step = 1,
				 .subject = 1,
				 .tid = {6}};

	for (int says = 0; says < 2; says++) {
		bench_clear(&b);
		three(state);
		b.view->config.times.hold_down = 0;
		b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		b.server[2].set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[2]));
		owner(1, false, true);
		owner(VIEW_SELF, false, true);
		rest();
		bench_run(&b, 5 * SECOND);
		peer(2)->member = false;
		peer(2)->has = HAS_KEYS | HAS_CDS;
		stands(2, says ? HAS_ALL | MSIG_STANDING_MEMBER : HAS_KEYS | HAS_CDS);
		bench_forget(&b);
		bench_run(&b, 10 * SECOND);
		assert_true(b.journaled <= 2); /* and not to and fro */
		assert_int_equal(b.view->designated, says ? BIT(2) : 7);
		assert_int_equal(agree_say_members(b.view), says ? BIT(2) : 0);
		assert_int_equal(peer(2)->has & HAS_NS, says ? HAS_NS : 0);
		assert_false(peer(2)->member);
		memcpy(m.hsync, b.hsync.digest, sizeof(m.hsync));
		runs(2, MSIG_PROCESS_REMOVE, 1, 9);
		view_on_message(b.view, 2, &m, b.now);
		bench_decide(&b);
		assert_int_equal(run()->kind, says ? MSIG_PROCESS_REMOVE : 0);
	}
}

/* ---- name servers ---- */

/* Servers are taken out of the delegation before their provider signs; not those of somebody whose
 * DS the parent has, or may have. */
static void
test_named_with_ds(void **state)
{
	for (int with = 0; with < 2; with++) {
		bench_clear(&b);
		two(state);
		b.parent.set[VIEW_DS] = with ? rset_or(ds(0), ds(1)) : ds(0);
		bench_look(&b);
		rest();
		peer(1)->member = false;
		peer(1)->has = HAS_NS;
		b.view->d.backoff = 0;
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		struct intent i = agree_for_the_group(&s);
		assert_int_equal(i.kind, with ? 0 : MSIG_PROCESS_NS_REMOVE);
	}
}

/* Of whom nothing is known but what combinerd holds and the parent names, be it OFF or not, goes on
 * to be named while another one leaves: all show the same NS as who asked for that. In a process
 * about itself that says. At rest it is so of who is OFF alone. */
static void
test_named_still(void **state)
{
	static const struct {
		uint8_t kind;
		int subject, requestor;
		bool on, parent, in, asked, unknown;
	} cases[] = {{MSIG_PROCESS_REMOVE, 1, VIEW_SELF, false, true, true, false, false},
		     {MSIG_PROCESS_REMOVE, 1, VIEW_SELF, true, true, false, true, false},
		     {MSIG_PROCESS_REMOVE, 1, VIEW_SELF, true, true, false, false, true},
		     {MSIG_PROCESS_REMOVE, 1, VIEW_SELF, true, true, true, false, false},
		     {MSIG_PROCESS_REMOVE, 1, VIEW_SELF, true, false, false, false, false},
		     {MSIG_PROCESS_REMOVE, 2, VIEW_SELF, false, true, false, false, false},
		     {MSIG_PROCESS_NS_ADD, 2, VIEW_SELF, true, true, false, false, false},
		     {MSIG_PROCESS_REMOVE, 1, 1, false, true, false, false, false},
		     {MSIG_PROCESS_REMOVE, 1, 1, true, true, false, false, false},
		     {0, 0, 0, false, true, true, false, false},
		     {0, 0, 0, true, true, false, false, false}};

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		bench_clear(&b);
		three(state);
		b.view->config.times.hold_down = 0;
		for (int i = 1; i < 3; i++)
			owner(i, i == 2 && cases[k].on, i == 1);
		b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
		if (!cases[k].parent)
			rset_del(&b.parent.set[VIEW_NS], b.ns[2]);
		rest();
		bench_run(&b, 5 * SECOND);
		peer(2)->member = peer(2)->contributed = false;
		peer(2)->has = 0;
		b.view->d.want.from[2] =
		    (struct view_contribution){.used = true, .ns = only(b.ns[2])};
		if (cases[k].kind != 0)
			in_the_middle(cases[k].kind, cases[k].subject, cases[k].requestor, 0,
				      PHASE_EXECUTING, 1);
		b.view->d.process.executed &= !cases[k].asked;
		b.view->parent_known &= !cases[k].unknown;
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		b.view->reasons = 0;
		decide_overlay(&s);
		print_message("# %zu\n", k);
		assert_int_equal(rset_has(&b.view->d.want.from[2].ns, b.ns[2]), cases[k].parent);
		assert_int_equal(peer(2)->has, cases[k].in ? HAS_NS : 0);
		assert_int_equal(peer(2)->contributed, cases[k].in);
		assert_int_equal(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY) != NULL,
				 cases[k].parent && !cases[k].in);
	}
}

/* A leaver's server is silent if it has not answered for long; just after a start nobody knows. */
static void
test_silent_since_a_start(void **state)
{
	int64_t fresh = b.view->config.times.fresh;

	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 4, PHASE_EXECUTING, 1);
	for (int i = 0; i < b.view->d.places; i++) {
		struct view_place *p = b.view->d.place[i];
		for (int t = 0; p != NULL && p->kind == PLACE_SERVER &&
				view_place_provider(b.view, p) == 1 && t < VIEW_TYPE_COUNT;
		     t++) {
			p->history[t].status = MSIG_SEEN_UNKNOWN;
			p->history[t].count = 0;
			p->history[t].time = 0;
			p->history[t].tried = b.now;
		}
	}
	b.view->loaded = b.now - 2 * fresh;
	assert_false(process_check(b.view, COND_GONE, false, b.now, NULL));
	b.view->loaded--;
	assert_true(process_check(b.view, COND_GONE, false, b.now, NULL));
}

/* Agents manage NS, and the owner's zone names somebody who is not to be named, nor does the parent
 * name him: one server of ours alone is reason enough to show other NS. */
static void
test_owner_names_outsider(void **state)
{
	static const struct {
		bool listed, parent, others, own;
	} cases[] = {{false, false, false, true},
		     {true, false, false, false},
		     {false, true, false, false},
		     {false, false, true, false}}; /* servers of his own */

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		member(state);
		b.view->config.times.hold_down = 0;
		owner(1, cases[i].listed, false);
		rest();
		bench_run(&b, 5 * SECOND);
		for (int k = 0; k < 3; k++)
			b.view->d.want.from[k].ns = RSET_NONE;
		b.signer.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		if (cases[i].parent)
			b.parent.set[VIEW_NS] = b.signer.set[VIEW_NS];
		if (cases[i].others)
			rset_add(&b.signer.set[VIEW_NS], b.ns[2]);
		bench_look(&b);
		peer(1)->has = 0;
		struct process_target t;
		process_target(b.view, &t);
		assert_int_equal(t.ns, BIT(0));
		assert_int_equal(!rset_empty(t.ns_set), cases[i].own);
	}
}

/* The owner manages NS. Who is not to serve, and whom neither his zone nor the parent names for
 * long, is out. */
static void
test_named_by_nobody(void **state)
{
	static const struct {
		bool zone, parent, serves;
	} cases[] = {{false, false, false},
		     {true, false, false},
		     {false, true, false},
		     {false, false, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		bench_designate(&b, 3, false);
		owner(2, cases[i].serves, false);
		bench_serve(&b, 3);
		b.signer.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		b.parent.set[VIEW_NS] = b.signer.set[VIEW_NS];
		if (cases[i].zone)
			rset_add(&b.signer.set[VIEW_NS], b.ns[2]);
		if (cases[i].parent)
			rset_add(&b.parent.set[VIEW_NS], b.ns[2]);
		b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
		bench_run(&b, 5 * SECOND);
		peer(2)->member = false;
		peer(2)->has = HAS_NS;
		rest();
		b.view->d.ended.time = b.now;
		bench_run(&b, 50 * SECOND);
		assert_int_equal(peer(2)->has, HAS_NS);
		rest();
		bench_forget(&b);
		bench_run(&b, 70 * SECOND);
		bool out = !cases[i].zone && !cases[i].parent && !cases[i].serves;
		assert_int_equal(peer(2)->has, out ? 0 : HAS_NS);
		assert_int_equal(b.journaled, out); /* and not to and fro */
	}
}

/* Agents take NS over from an owner who names a leaver no more: they do not name it again, though
 * it has keys in the zone yet. */
static void
test_not_named_again(void **state)
{
	bench_designate(&b, 3, false);
	for (int i = 1; i < 3; i++)
		memcpy(peer(i)->statement.hsync, b.hsync.digest, 32);
	bench_run(&b, 5 * SECOND);
	assert_false(b.view->d.agent_ns);
	b.view->config.times.hold_down = 0;
	owner(2, false, true);
	view_on_peer(b.view, 2, false, "no beats");
	b.server[2].silent = true;
	rset_del(&b.signer.set[VIEW_NS], b.ns[2]);
	bench_run(&b, 5 * SECOND);
	for (int i = 0; i < 3; i++)
		b.hsync.entry[i].agent = true;
	owner(2, false, true);
	rest();
	bench_run(&b, 5 * SECOND);
	assert_true(b.view->d.agent_ns);
	assert_int_equal(peer(2)->has, HAS_KEYS | HAS_CDS);
	assert_true(rset_empty(b.view->d.want.from[2].ns));
}

/* Who leaves himself may not hear that a dead one is taken out. Whom the owner names no more, and
 * who is silent while somebody who votes is not, it does not name either; who votes knows better.
 */
static void
test_silent_not_named_again(void **state)
{
	static const struct {
		const char *what;
		bool votes, silent, alone, named, taken;
	} cases[] = {
	    {"no vote", false, true, true, false, true},
	    {"the owner names it", false, true, true, true, true},
	    {"it is there", false, false, true, false, false},
	    {"all are silent", false, true, false, false, false},
	    {"we vote", true, true, true, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		three(state);
		bench_designate(&b, 3, false);
		b.view->config.times.hold_down = 0;
		owner(VIEW_SELF, cases[i].votes, true);
		for (int k = 0; k < 3 && !cases[i].named; k++)
			rset_del(&b.server[k].set[VIEW_NS], b.ns[2]);
		b.signer.set[VIEW_NS] = b.server[0].set[VIEW_NS];
		bench_run(&b, 5 * SECOND);
		assert_false(b.view->d.agent_ns);
		view_on_peer(b.view, 1, !cases[i].silent || cases[i].alone, "no beats");
		view_on_peer(b.view, 2, !cases[i].silent, "no beats");
		for (int k = 0; k < 3; k++)
			b.hsync.entry[k].agent = true;
		owner(VIEW_SELF, cases[i].votes, true);
		rest();
		bench_run(&b, 5 * SECOND);
		print_message("# %s\n", cases[i].what);
		assert_int_equal(b.view->d.agent_ns, cases[i].taken);
		assert_int_equal((peer(2)->has & HAS_NS) == 0, cases[i].taken && !cases[i].named);
	}
}

/* The same of who only served, once the parent does not name it either: its process waits for the
 * parent, and agents that took NS over would name it again. */
static void
test_served_not_named_again(void **state)
{
	for (int parent = 1; parent >= 0; parent--) {
		bench_clear(&b);
		three(state);
		bench_designate(&b, 3, false);
		for (int i = 1; i < 3; i++)
			memcpy(peer(i)->statement.hsync, b.hsync.digest, 32);
		b.view->config.times.hold_down = 0;
		bench_run(&b, 5 * SECOND);
		owner(2, false, false);
		view_on_peer(b.view, 2, false, "no beats");
		b.server[2].silent = true;
		rset_del(&b.signer.set[VIEW_NS], b.ns[2]);
		b.parent.set[VIEW_NS] = rset_or(only(b.ns[0]), only(b.ns[1]));
		b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
		if (parent)
			rset_add(&b.parent.set[VIEW_NS], b.ns[2]);
		bench_run(&b, 5 * SECOND);
		peer(2)->member = false;
		peer(2)->has = HAS_NS;
		peer(2)->statement.dnskey = peer(2)->statement.cds = RSET_NONE;
		for (int i = 0; i < 3; i++)
			b.hsync.entry[i].agent = true;
		owner(2, false, false);
		rest();
		bench_run(&b, 5 * SECOND);
		assert_int_equal(b.view->d.agent_ns, !parent);
		assert_int_equal(peer(2)->has, parent ? HAS_NS : 0);
	}
}

/* But nothing changes by that for who is left: the owner's zone names somebody else besides. */
static void
test_not_taken_over(void **state)
{
	for (int more = 1; more >= 0; more--) {
		bench_clear(&b);
		two(state);
		bench_designate(&b, 2, false);
		memcpy(peer(1)->statement.hsync, b.hsync.digest, 32);
		bench_run(&b, 5 * SECOND);
		b.view->config.times.hold_down = 0;
		b.signer.set[VIEW_NS] = only(b.ns[0]);
		if (more)
			rset_add(&b.signer.set[VIEW_NS], b.ns[2]);
		b.hsync.entry[0].agent = b.hsync.entry[1].agent = true;
		owner(1, false, true);
		rest();
		bench_run(&b, 5 * SECOND);
		assert_int_equal(b.view->d.agent_ns, !more);
	}
}

/* Who has to join again, and was told of somebody who only served: there are no keys that members
 * might show. */
static void
test_only_served(void **state)
{
	owner(2, false, false);
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	for (int i = 0; i < 2; i++)
		rset_del(&b.server[i].set[VIEW_NS], b.ns[2]);
	bench_run(&b, 5 * SECOND);
	peer(VIEW_SELF)->member = peer(2)->member = false;
	peer(VIEW_SELF)->has = HAS_ALL;
	peer(2)->has = HAS_NS;
	peer(2)->statement.dnskey = peer(2)->statement.cds = peer(2)->statement.cdnskey = RSET_NONE;
	rest();
	b.view->d.ended.time = b.now;
	bench_run(&b, 50 * SECOND);
	assert_int_equal(peer(2)->has, HAS_NS);
	rest();
	bench_run(&b, 20 * SECOND);
	assert_int_equal(peer(2)->has, 0);
}

/* The parent names others only, and none of those is there: a person is asked, when that has
 * lasted. */
static void
test_nobody_whom_it_names(void **state)
{
	static const struct {
		bool own, answers, in, said;
	} cases[] = {{false, false, true, true},
		     {true, false, true, false}, /* ours are silent as well: that helps nobody */
		     {false, true, true, false},
		     {false, false, false, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		bench_run(&b, 2 * SECOND);
		b.parent.set[VIEW_NS] = only(b.ns[1]);
		if (cases[i].own)
			rset_add(&b.parent.set[VIEW_NS], b.ns[0]);
		b.server[0].silent = cases[i].own;
		b.server[1].silent = !cases[i].answers;
		if (!cases[i].in)
			owner(VIEW_SELF, false, true);
		view_on_peer(b.view, 1, false, "no beats");
		bench_run(&b, 40 * SECOND);
		bench_restart(&b); /* from then on it counts anew */
		bench_run(&b, 10 * SECOND);
		const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
		assert_true(r == NULL || strstr(r->todo, "by hand") == NULL);
		bench_run(&b, 60 * SECOND);
		r = bench_reason(&b, REASON_BLOCKED, REASON_OF_NS);
		assert_int_equal(r != NULL && strstr(r->todo, "by hand") != NULL, cases[i].said);
	}
}

/* The signer that remains is named nowhere, but a copy of its zone is served by who is. A copy of
 * the leaver's is not enough. */
static void
test_copy_remains(void **state)
{
	struct reason why;

	b.parent.set[VIEW_NS] = only(b.ns[2]);
	for (int i = 0; i < 3; i++)
		b.server[i].set[VIEW_NS] = only(b.ns[2]);
	rest();
	bench_run(&b, 60 * SECOND);
	peer(2)->member = false;
	peer(2)->has = HAS_NS;
	for (int of = 0; of < 2; of++) {
		b.server[2] = b.server[of];
		bench_run(&b, 15 * SECOND);
		in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 4, PHASE_DONE, 1);
		peer(VIEW_SELF)->member = peer(1)->member = true;
		assert_int_equal(check(COND_REMAIN, &why), of == VIEW_SELF);
		rest();
	}
	assert_int_equal(why.object, REASON_OF_NS);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 4, PHASE_DONE, 1);
	peer(VIEW_SELF)->member = peer(1)->member = peer(1)->expelled = true;
	assert_false(check(COND_REMAIN, &why));
	assert_non_null(strstr(why.todo, "by hand"));
	/* The owner's zone does not name us either: that comes first. */
	for (int ours = 0; ours < 2; ours++) {
		b.signer.set[VIEW_NS] = only(b.ns[ours ? 0 : 2]);
		bench_look(&b);
		b.view->d.agent_ns = false;
		assert_false(check(COND_REMAIN, &why));
		assert_non_null(strstr(why.todo, ours ? "by hand" : "NSMGMT=OWNER"));
	}
}

/* A signer that remains without DS is none; where the zone has no DS at all nobody needs any. Name
 * servers need none either. */
static void
test_ds_remains(void **state)
{
	static const struct {
		bool ours, theirs;
		uint8_t kind;
		bool remains;
	} cases[] = {{true, true, MSIG_PROCESS_REMOVE, true},
		     {true, false, MSIG_PROCESS_REMOVE, true},
		     {false, true, MSIG_PROCESS_REMOVE, false},
		     {false, true, MSIG_PROCESS_NS_REMOVE, true},
		     {false, false, MSIG_PROCESS_REMOVE, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reason why = {0};
		bench_clear(&b);
		two(state);
		b.parent.set[VIEW_DS] =
		    rset_or(cases[i].ours ? ds(0) : RSET_NONE, cases[i].theirs ? ds(1) : RSET_NONE);
		bench_look(&b);
		in_the_middle(cases[i].kind, 1, VIEW_SELF, 1, PHASE_DONE, 1);
		peer(VIEW_SELF)->member = true;
		if (check(COND_REMAIN, &why) != cases[i].remains)
			fail_msg("case %zu", i);
		if (cases[i].remains)
			continue;
		assert_int_equal(why.object, REASON_OF_DS);
		assert_non_null(strstr(why.todo, "the owner designates"));
		peer(1)->expelled = true; /* whatever the owner says */
		assert_false(check(COND_REMAIN, &why));
		assert_non_null(strstr(why.todo, "by hand"));
	}
}

/* A join waits for the algorithm rollover that was not completed, and the parent, which does not
 * name the joiner, for the join: that rollover does not wait for him there. */
static void
test_algorithm_and_the_parents_ns(void **state)
{
	b.parent.set[VIEW_NS] = only(b.ns[0]);
	bench_look(&b);
	in_the_middle(MSIG_PROCESS_ALGORITHM, VIEW_SELF, VIEW_SELF, 0, PHASE_REQUESTED, 3);
	assert_false(check(COND_PARENT_NS, NULL));
	peer(1)->member = false;
	assert_true(check(COND_PARENT_NS, NULL));
	b.parent.set[VIEW_NS] = only(b.ns[1]); /* it may be us */
	bench_look(&b);
	peer(1)->member = true;
	peer(VIEW_SELF)->member = true;
	assert_false(check(COND_PARENT_NS, NULL));
	peer(VIEW_SELF)->member = false;
	assert_true(check(COND_PARENT_NS, NULL));
	run()->kind = MSIG_PROCESS_ZSK;
	assert_false(check(COND_PARENT_NS, NULL));
}

/* An instruction waits, and by the one that is followed somebody else manages NS, or did: those
 * that combinerd holds may be from a later one, which an older database does not know of. */
static void
test_ns_while_another_waits(void **state)
{
	static const struct {
		bool agent, waits, waiting_agent, held, named;
	} cases[] = {
	    {false, true, true, true, true},   {false, false, false, true, false},
	    {true, true, false, false, false}, {true, true, true, false, true},
	    {true, false, false, false, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_clear(&b);
		two(state);
		rest();
		bench_run(&b, 5 * SECOND);
		b.view->d.agent_ns = cases[i].agent;
		b.view->d.want.from[0] = (struct view_contribution){
		    .used = true, .ns = cases[i].held ? only(b.ns[0]) : RSET_NONE};
		b.view->d.want.from[1].ns = RSET_NONE;
		b.view->d.pending = cases[i].waits ? b.view->d.hsync : (struct view_hsync){0};
		for (int k = 0; k < b.view->d.pending.count; k++)
			b.view->d.pending.entry[k].agent = cases[i].waiting_agent;
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		decide_overlay(&s);
		if (rset_has(&b.view->d.want.from[0].ns, b.ns[0]) != cases[i].named)
			fail_msg("case %zu", i);
	}
}

/* What the requestor shows of the CDS of who is half in is said of those that it states; in an
 * algorithm rollover others come before. */
static void
test_cds_before_they_are_stated(void **state)
{
	static const uint8_t kinds[] = {MSIG_PROCESS_ALGORITHM, MSIG_PROCESS_ZSK};

	for (int k = 0; k < 2; k++) {
		bench_clear(&b);
		three(state);
		rest();
		b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
		b.server[1].set[VIEW_CDS] = rset_or(b.cds[0], b.cds[1]);
		bench_run(&b, 5 * SECOND);
		peer(2)->member = false;
		peer(2)->has = HAS_KEYS | HAS_CDS;
		in_the_middle(kinds[k], 1, 1, 3, PHASE_EXECUTING, 3);
		run()->algorithm = 15;
		run()->started = b.now - 3 * SECOND;
		struct plan plan = {0};
		struct step s = {b.view, b.now, &plan};
		decide_follow(&s);
		assert_int_equal(peer(2)->has & HAS_CDS, k == 0 ? HAS_CDS : 0);
	}
}

/* ---- databases ---- */

/* A peer's database was put back. A signer of the group puts it in doubt, and takes nothing of it;
 * who is none is not believed in that, and takes it as it is, when it is so for long. */
static void
test_put_back_and_not_believed(void **state)
{
	int64_t late = b.view->config.times.late;

	for (int signs = 0; signs < 2; signs++) {
		struct view_statement st = peer(1)->statement, older = st;
		peer(VIEW_SELF)->member = signs;
		b.view->designated = signs ? 3 : 2;
		st.counter += 2;
		assert_int_equal(view_on_statement(b.view, 1, &st, b.now), 0);
		older.counter++;
		older.step = 3;
		assert_int_equal(view_on_statement(b.view, 1, &older, b.now), MSIG_EDOUBT);
		assert_int_equal(view_on_statement(b.view, 1, &older, b.now + late - 1),
				 MSIG_EDOUBT);
		assert_int_equal(view_on_statement(b.view, 1, &st, b.now + late),
				 0); /* it was not */
		int64_t then = b.now + 10 * late;
		assert_int_equal(view_on_statement(b.view, 1, &older, then), MSIG_EDOUBT);
		assert_int_equal(view_on_statement(b.view, 1, &older, then + late),
				 signs ? MSIG_EDOUBT : 0);
		older.step = 4; /* the same version, and another one again */
		then += 10 * late;
		assert_int_equal(view_on_statement(b.view, 1, &older, then), MSIG_EDOUBT);
		assert_int_equal(view_on_statement(b.view, 1, &older, then + late),
				 signs ? MSIG_EDOUBT : 0);
	}
}

/* combinerd refuses an overlay, for it holds something that is not known here to be there: whether
 * that may go is decided as of all the rest, and then it is said. */
static void
test_refused_for_what_it_holds(void **state)
{
	struct view_contribution held = {.used = true, .ns = only(b.ns[1]), .dnskey = b.own[1]};

	enum { HELD, PROCESS, OF_NOBODY };
	for (int how = HELD; how <= OF_NOBODY; how++) {
		bench_clear(&b);
		two(state);
		bench_designate(&b, 2, false); /* so NS are not from here */
		memcpy(peer(1)->statement.hsync, b.hsync.digest, 32);
		bench_run(&b, 5 * SECOND);
		assert_true(rset_empty(b.view->d.want.from[1].ns));
		struct view_statement st = peer(1)->statement;
		rset_add(&st.dnskey, b.zsk[2]);
		b.combiner_silent = true;
		restate(1, st);
		bench_decide(&b);
		b.view->d.shrink = how == PROCESS; /* then it was refused for something else */
		peer(1)->contributed = how != OF_NOBODY; /* then a person looks */
		uint64_t counter = b.view->d.want.counter;
		view_on_applied(b.view, b.view->d.want.epoch, counter, 5, "shrinks");
		assert_false(b.view->overlay_known);
		assert_int_equal(b.view->showed, 0);
		bench_decide(&b);
		assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OVERLAY));
		view_on_held(b.view, "msa.p2.", &held);
		view_on_overlay(b.view, MSIG_ZONE_MERGED, b.view->d.applied_epoch,
				b.view->d.applied_counter);
		bench_decide(&b);
		assert_true(rset_empty(b.view->d.want.from[1].ns));
		assert_int_equal(b.view->d.shrink, how != OF_NOBODY);
		assert_int_equal(b.view->d.want.counter > counter, how == HELD);
	}
}

/* What was on its way to combinerd when a doubt arose has arrived: what is known of what it holds
 * is from before that. */
static void
test_applied_in_doubt(void **state)
{
	for (int doubt = 0; doubt < 2; doubt++) {
		struct view_statement st = peer(1)->statement;
		b.combiner_silent = true;
		rset_add(&st.dnskey, doubt ? b.zsk[2] : b.ksk[2]);
		restate(1, st);
		bench_decide(&b);
		assert_true(b.view->overlay_known);
		b.view->d.rebuild = doubt;
		view_on_applied(b.view, b.view->d.want.epoch, b.view->d.want.counter, 0, "");
		assert_int_equal(b.view->overlay_known, !doubt);
	}
	assert_int_equal(b.view->showed, 0);
	assert_false(view_on_command(b.view, VIEW_CONFIRM));
}

/* Our database is an older one, and so is the statement of a peer in it: its CDS in the overlay, of
 * the new algorithm, are not mixed with ours. */
static void
test_stale_cds_are_not_mixed(void **state)
{
	struct rpool *pool = &b.view->d.pool;
	struct process_target t;
	int new[2];

	for (int i = 0; i < 2; i++) {
		uint8_t rdata[68] = {1, 1, 3, 13, (uint8_t)(70 + i)};
		new[i] = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
		struct view_contribution *had = &b.view->d.want.from[i];
		had->used = true;
		had->cds = only(rpool_of_key(pool, new[i], 59));
		had->cdnskey = only(rpool_of_key(pool, new[i], 60));
	}
	b.view->config.mode = VIEW_MODE_ALL;
	process_target(b.view, &t);
	assert_true(rset_equal(t.cds_set, rset_or(b.cds[0], b.cds[1])));
	peer(1)->stale = true;
	process_target(b.view, &t);
	assert_true(t.cds_kept);
	struct rset kept = rset_or(b.view->d.want.from[0].cds, b.view->d.want.from[1].cds);
	assert_true(rset_equal(t.cds_set, kept));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(three, test_leaver_without_part),
	    IN(three, test_member_leaves_first),
	    IN(three, test_ds_of_another),
	    IN(three, test_deserted),
	    IN(two, test_named_from_before),
	    IN(two, test_taken_back_untold),
	    IN(two, test_out_while_another_waits),
	    IN(two, test_shown_nowhere),
	    IN(three, test_nobody_delegated_stays),
	    IN(two, test_named_with_ds),
	    IN(three, test_named_still),
	    IN(three, test_silent_since_a_start),
	    IN(member, test_owner_names_outsider),
	    IN(three, test_named_by_nobody),
	    IN(three, test_not_named_again),
	    IN(three, test_silent_not_named_again),
	    IN(three, test_served_not_named_again),
	    IN(two, test_not_taken_over),
	    IN(three, test_only_served),
	    IN(two, test_nobody_whom_it_names),
	    IN(three, test_copy_remains),
	    IN(two, test_ds_remains),
	    IN(two, test_algorithm_and_the_parents_ns),
	    IN(two, test_ns_while_another_waits),
	    IN(three, test_cds_before_they_are_stated),
	    IN(two, test_put_back_and_not_believed),
	    IN(two, test_refused_for_what_it_holds),
	    IN(two, test_applied_in_doubt),
	    IN(two, test_stale_cds_are_not_mixed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
