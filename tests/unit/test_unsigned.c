/*
 * A zone that nobody signs: what is taken for the owner's word, which NS an agent names in its own
 * copy, what it never does, and what it says that people have to do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/outlook.h"
#include "libmsig/err.h"
#include "tests/unit/scene.h"

#define HOLD_DOWN (4 * SECOND) /* and a little more */

static int
group(void **state) /* three are in: everybody shows the NS of all */
{
	bench_unsigned(&b, 3, 7, true);
	return 0;
}

static int
alone(void **state) /* the first is in, the others are ON and have stated nothing */
{
	bench_unsigned(&b, 3, 1, true);
	return 0;
}

static int
owners(void **state) /* as group, and the owner manages NS */
{
	bench_unsigned(&b, 3, 7, false);
	return 0;
}

static int
unnamed(void **state) /* all are ON, the agents manage NS, and we are not named yet */
{
	bench_unsigned(&b, 3, 6, true);
	return 0;
}

/* What combinerd has to hold: the NS of these. */
static void
expect_union(uint32_t providers)
{
	const struct view_overlay *o = &b.view->d.applied;

	for (int i = 0; i < BENCH_PROVIDERS; i++) {
		struct rset ns = (providers >> i & 1) != 0 ? only(b.ns[i]) : RSET_NONE;
		if (!rset_equal(o->from[i].ns, ns))
			fail_msg("NS of provider %d: %d of them", i, rset_count(o->from[i].ns));
		assert_true(rset_empty(o->from[i].dnskey) && rset_empty(o->from[i].cds) &&
			    rset_empty(o->from[i].cdnskey) && rset_empty(o->from[i].csync));
	}
}

/* Every copy shows this, the own one included. */
static void
all_show(uint32_t named)
{
	bench_bare(&b, &b.signer, named);
	for (int i = 0; i < BENCH_PROVIDERS; i++)
		bench_bare(&b, &b.server[i], named);
}

static void
delegate(uint32_t named)
{
	b.parent.set[VIEW_NS] = RSET_NONE;
	for (int i = 0; i < BENCH_PROVIDERS; i++)
		if (named >> i & 1)
			rset_add(&b.parent.set[VIEW_NS], b.ns[i]);
}

/* The reason is there, and its todo has these words. */
static void
expect_todo(enum reason_object object, const char *place, const char *words)
{
	const struct reason *r = reason_at(REASON_BLOCKED, object, place);

	assert_non_null(r);
	if (strstr(r->todo, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, r->todo);
}

/* ---- the owner's word ---- */

static void
test_at_rest(void **state)
{
	expect_union(7);
	assert_int_equal(b.view->reasons, 0);
	bench_forget(&b);
	bench_run(&b, 60 * SECOND);
	assert_int_equal(b.applied + b.stated + b.sends + b.alarms, 0);
	assert_int_equal(run()->kind, 0);
	assert_false(peer(0)->member || peer(1)->member);
}

/* The item is off and the zone is signed: somebody else's keys would be there. */
static void
test_signed_after_all(void **state)
{
	b.hsync.bare = false;
	owner(2, false, false);
	bench_run(&b, HOLD_DOWN);
	expect_todo(REASON_OF_HSYNC, "signer", "signed: on");
	expect_union(7);
	b.hsync.bare = true;
	bench_run(&b, 2 * HOLD_DOWN);
	expect_union(3);
}

static void
test_sign_is_refused(void **state)
{
	owner(1, true, true);
	owner(2, false, false);
	bench_run(&b, HOLD_DOWN);
	expect_todo(REASON_OF_HSYNC, "signer", "NOSIGN for all");
	assert_non_null(strstr(bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC)->seen, "msa.p2."));
	expect_union(7);
}

/* The zone is unsigned and the item is on: refused, and the reason names the item. */
static void
test_item_is_needed(void **state)
{
	b.nobody_signs = b.view->config.nobody_signs = false;
	b.hsync.status = MSIG_SEEN_UNKNOWN;
	snprintf(b.hsync.error, sizeof(b.hsync.error), "not validly signed");
	bench_run(&b, 10 * SECOND); /* as it was seen before the item went */
	expect_todo(REASON_OF_HSYNC, "signer", "signed: off");
	bench_restart(&b);
	bench_run(&b, 100 * SECOND); /* and as it is seen now */
	expect_todo(REASON_OF_HSYNC, "signer", "signed: off");
	expect_union(7);
	/* No answer is no unsigned zone. */
	b.hsync.bare = false;
	bench_run(&b, 10 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC));
	assert_non_null(bench_reason(&b, REASON_HOME, REASON_OF_HSYNC));
}

/* What signers left is theirs to take out. */
static void
test_was_signed(void **state)
{
	peer(1)->has = HAS_ALL;
	owner(2, false, false);
	bench_run(&b, HOLD_DOWN);
	expect_todo(REASON_OF_HSYNC, "signer", "until all signers have left");
	expect_union(7);
}

static void
test_vanished_is_not_off(void **state)
{
	b.hsync.count = 2;
	b.hsync.digest[0]++;
	bench_run(&b, 2 * HOLD_DOWN);
	assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC));
	expect_union(7);
}

static void
test_hold_down(void **state)
{
	owner(2, false, false);
	bench_run(&b, 3 * SECOND);
	assert_non_null(bench_reason(&b, REASON_UNTIL, REASON_OF_HSYNC));
	expect_union(7);
	bench_run(&b, HOLD_DOWN);
	expect_union(3);
}

/* ---- which NS are named ---- */

static void
test_union_appears(void **state)
{
	expect_union(1);
	assert_non_null(reason_at(REASON_PEER, REASON_OF_STATEMENT, "msa.p2."));
	bench_names(&b, 1, only(b.ns[1]));
	bench_run(&b, 2 * SECOND);
	expect_union(3);
	bench_names(&b, 2, only(b.ns[2]));
	bench_run(&b, 2 * SECOND);
	expect_union(7);
	assert_int_equal(b.sends, 0);
}

static void
test_no_lame_server(void **state)
{
	b.server[1].silent = true;
	bench_names(&b, 1, only(b.ns[1]));
	bench_run(&b, 20 * SECOND);
	expect_union(1);
	assert_non_null(reason_at(REASON_PEER, REASON_OF_SERVER, "msa.p2."));
	b.server[1].silent = false;
	bench_run(&b, 2 * SECOND);
	expect_union(3);
	/* Who is named stays so. */
	b.server[1].silent = true;
	bench_run(&b, 60 * SECOND);
	expect_union(3);
}

/* Unknown is not empty. */
static void
test_states_nothing(void **state)
{
	bench_names(&b, 1, RSET_NONE);
	view_on_peer(b.view, 2, false, "silent");
	peer(2)->statement.known = false;
	peer(2)->statement.ns = RSET_NONE;
	b.server[1].silent = b.server[2].silent = true;
	bench_run(&b, 60 * SECOND);
	expect_union(7);
	expect_todo(REASON_OF_STATEMENT, "msa.p2.", "msig.conf");
}

/* One of two names is silent: both stay. */
static void
test_half_silent(void **state)
{
	bench_names(&b, 1, rset_or(only(b.ns[1]), only(b.ns[2])));
	bench_run(&b, 5 * SECOND);
	b.server[2].silent = true;
	all_show(1); /* the owner's NS: who is named here is named by us */
	bench_run(&b, 60 * SECOND);
	assert_int_equal(rset_count(b.view->d.applied.from[1].ns), 2);
}

/* An answer of some time ago says nothing of now. */
static void
test_late_answer(void **state)
{
	b.server[1].silent = true;
	bench_names(&b, 1, only(b.ns[1]));
	bench_run(&b, 5 * SECOND);
	struct view_place *p = place(PLACE_SERVER, "192.0.2.2@53");
	for (int old = 0; old < 2; old++) {
		const enum view_type types[] = {VIEW_SOA, VIEW_NS};
		for (int t = 0; t < 2; t++) {
			p->history[types[t]].status = MSIG_SEEN_SET;
			p->history[types[t]].time =
			    b.now - (t == old ? b.view->config.times.fresh + 1 : 0);
		}
		p->asked = b.now;
		bench_decide(&b);
		expect_union(1);
	}
}

/* What the owner named is not taken out for being silent when the agents take over. */
static void
test_flips_silent(void **state)
{
	b.server[2].silent = true;
	bench_run(&b, 10 * SECOND);
	for (int i = 0; i < 3; i++)
		b.hsync.entry[i].agent = true;
	b.hsync.digest[0]++;
	bench_run(&b, 5 * SECOND);
	expect_union(7);
}

/* NS that were seen before the instruction are of an older zone. */
static void
test_older_zone(void **state)
{
	for (int i = 0; i < 3; i++)
		b.view->d.hsync.entry[i].agent = true;
	b.view->d.hsync.time = b.now + 3600 * SECOND;
	bench_run(&b, 5 * SECOND);
	expect_union(0);
	assert_non_null(reason_at(REASON_HOME, REASON_OF_NS, "signer"));
}

static int
asked_in_ten_seconds(void)
{
	int64_t last = 0;
	int count = 0;

	for (int i = 0; i < 40; i++) {
		bench_run(&b, SECOND / 4);
		count += place(PLACE_SIGNER, NULL)->asked != last;
		last = place(PLACE_SIGNER, NULL)->asked;
	}
	return count;
}

/* Servers that are waited for are asked often; the registrant may take days. */
static void
test_pace(void **state)
{
	assert_in_range(asked_in_ten_seconds(), 4, 7);
	delegate(3);
	bench_run(&b, 5 * SECOND);
	expect_todo(REASON_OF_NS, "parent", "add NS");
	assert_in_range(asked_in_ten_seconds(), 4, 7);
	b.server[1].silent = true;
	bench_run(&b, 5 * SECOND);
	assert_in_range(asked_in_ten_seconds(), 15, 25);
}

/* Its own word for other names counts when they answer. */
static void
test_other_name(void **state)
{
	b.server[2].silent = true;
	owner(2, false, false);
	bench_run(&b, 2 * HOLD_DOWN);
	expect_union(3);
	all_show(3);
	bench_run(&b, 5 * SECOND);
	bench_names(&b, 1, only(b.ns[2])); /* a name whose server says nothing yet */
	bench_run(&b, 20 * SECOND);
	expect_union(3);
	b.server[2].silent = false;
	bench_run(&b, 20 * SECOND);
	assert_true(rset_equal(b.view->d.applied.from[1].ns, only(b.ns[2])));
}

static void
test_last_one_stays(void **state)
{
	owner(1, false, false);
	owner(2, false, false);
	b.server[0].silent = true;
	bench_run(&b, 20 * SECOND);
	expect_union(7);
	assert_non_null(reason_at(REASON_PEER, REASON_OF_NS, "msa.p2."));
	b.server[0].silent = false;
	bench_run(&b, 5 * SECOND);
	expect_union(1);
}

/* Whoever still asks who has left is told who is there. */
static void
test_leaves_itself(void **state)
{
	owner(0, false, false);
	bench_run(&b, 2 * HOLD_DOWN);
	expect_union(6);
}

static void
test_expelled(void **state)
{
	assert_int_equal(view_on_expel(b.view, "msa.p3.", true), 0);
	bench_run(&b, 5 * SECOND);
	expect_union(3);
	/* Another instruction, in which it is ON as before, does not take the word back. */
	owner(1, false, false);
	bench_run(&b, 2 * HOLD_DOWN);
	expect_union(1);
}

static void
test_restart(void **state)
{
	owner(2, false, false);
	bench_run(&b, 2 * HOLD_DOWN);
	bench_forget(&b);
	bench_restart(&b);
	bench_run(&b, 10 * SECOND);
	expect_union(3);
	assert_int_equal(b.applied, 0);
}

static void
test_paused(void **state)
{
	view_on_command(b.view, VIEW_PAUSE);
	owner(2, false, false);
	bench_run(&b, 2 * HOLD_DOWN);
	expect_union(7);
	expect_todo(REASON_OF_OPERATOR, "", "msigctl resume shop.example.");
}

/* ---- who manages NS ---- */

static void
test_owner_manages(void **state)
{
	expect_union(0);
	assert_int_equal(b.view->reasons, 0);
	all_show(3);
	delegate(3);
	bench_run(&b, 5 * SECOND);
	expect_todo(REASON_OF_NS, "msa.p3.", "adds them");
	/* Nor does the parent take out whom the owner is to name. */
	delegate(7);
	bench_run(&b, 5 * SECOND);
	assert_null(reason_at(REASON_BLOCKED, REASON_OF_NS, "parent"));
	delegate(3);
	/* Nobody is asked to name who does not answer. */
	b.server[2].silent = true;
	bench_run(&b, 20 * SECOND);
	assert_null(reason_at(REASON_BLOCKED, REASON_OF_NS, "msa.p3."));
	assert_non_null(reason_at(REASON_PEER, REASON_OF_SERVER, "msa.p3."));
	owner(1, false, false);
	bench_run(&b, 2 * HOLD_DOWN);
	expect_todo(REASON_OF_NS, "msa.p2.", "removes them");
	expect_union(0);
}

static void
test_flips(void **state)
{
	for (int i = 0; i < 3; i++)
		b.hsync.entry[i].agent = true;
	b.hsync.digest[0]++;
	bench_run(&b, 5 * SECOND);
	expect_union(7);
	for (int i = 0; i < 3; i++)
		b.hsync.entry[i].agent = false;
	b.hsync.digest[0]++;
	bench_run(&b, 5 * SECOND);
	expect_union(0);
}

/* An NS that nobody states would go without an OFF. */
static void
test_strange_name(void **state)
{
	bench_names(&b, 2, RSET_NONE);
	for (int i = 0; i < 3; i++)
		b.hsync.entry[i].agent = true;
	b.hsync.digest[0]++;
	bench_run(&b, 5 * SECOND);
	expect_union(0);
	expect_todo(REASON_OF_NS, "signer", "takes these NS out");
	all_show(3);
	bench_run(&b, 5 * SECOND);
	expect_union(3);
}

/* ---- what others have to do ---- */

static void
test_registrant_adds(void **state)
{
	bench_names(&b, 1, only(b.ns[1]));
	bench_run(&b, 2 * SECOND);
	all_show(3);
	bench_run(&b, 5 * SECOND);
	expect_todo(REASON_OF_NS, "parent", "add NS ns2.p.");
	delegate(3);
	bench_run(&b, 5 * SECOND);
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_NS));
}

/* Names "a1xxx.p.", "a2xxx.p." and so on, with a label of so many octets each. */
static struct rset
names(char letter, int count, uint8_t octets)
{
	struct rset all = RSET_NONE;

	for (int i = 1; i <= count; i++) {
		uint8_t wire[70];
		memset(wire, 'x', sizeof(wire));
		wire[0] = octets;
		wire[1] = (uint8_t)letter;
		wire[2] = (uint8_t)('0' + i);
		memcpy(wire + 1 + octets, "\1p", 3);
		rset_add(&all, view_rr(b.view, VIEW_NS, wire, (uint16_t)(octets + 4)));
	}
	return all;
}

/* However long the names are: some of those that come and of those that go are said, and how many
 * more there are. */
static void
test_registrant_is_told(void **state)
{
	static const struct {
		int adds, removes;
		uint8_t add_octets, remove_octets;
		const char *add, *remove; /* in what is to do */
	} rows[] = {
	    {2, 0, 10, 10, "parent add NS a1xxxxxxxx.p., a2xxxxxxxx.p.", ""},
	    {0, 2, 10, 10, "parent remove NS r1xxxxxxxx.p., r2xxxxxxxx.p.", ""},
	    {2, 2, 10, 10, "add NS a1xxxxxxxx.p., a2xxxxxxxx.p. and",
	     "and remove NS r1xxxxxxxx.p., r2xxxxxxxx.p."},
	    /* What one of them leaves of its half is the other's. */
	    {9, 9, 20, 10, " and 8 more and remove NS r1", "r4xxxxxxxx.p. and 5 more"},
	    {1, 9, 10, 10, "add NS a1xxxxxxxx.p. and remove NS r1", "r5xxxxxxxx.p. and 4 more"},
	    {9, 1, 10, 10, "a5xxxxxxxx.p. and 4 more and", "and remove NS r1xxxxxxxx.p."},
	    {3, 3, 45, 45, "add NS a1xx", "and remove NS r1xx"},
	    {3, 3, 63, 63, "x... and 2 more and remove NS r1xx", "x... and 2 more"},
	    {1, 1, 63, 63, "x... and remove NS r1xx", "xxx..."},
	    {3, 0, 63, 0, "xx.p. and 2 more", "add NS a1xx"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rset keep = only(b.ns[0]);
		b.signer.set[VIEW_NS] = rset_or(keep, names('a', rows[i].adds, rows[i].add_octets));
		b.parent.set[VIEW_NS] =
		    rset_or(keep, names('r', rows[i].removes, rows[i].remove_octets));
		bench_run(&b, 5 * SECOND);
		const struct reason *r = NULL;
		for (int n = 0; n < b.view->reasons; n++)
			if (strcmp(b.view->reason[n].place, "parent") == 0)
				r = &b.view->reason[n];
		assert_non_null(r);
		if (strstr(r->todo, rows[i].add) == NULL || strstr(r->todo, rows[i].remove) == NULL)
			fail_msg("row %zu: %s", i, r->todo);
	}
}

static void
test_no_ds(void **state)
{
	b.parent.set[VIEW_DS] = ds(0);
	bench_run(&b, 5 * SECOND);
	expect_todo(REASON_OF_DS, "198.51.100.1@53", "remove the DS");
}

static void
test_copies(void **state)
{
	bench_bare(&b, &b.server[1], 3);
	bench_run(&b, 5 * SECOND);
	const struct reason *r = reason_at(REASON_PEER, REASON_OF_NS, "msa.p2.");
	assert_non_null(r);
	assert_non_null(strstr(r->seen, "ns1.p., ns2.p."));
	b.server[1].silent = true;
	bench_run(&b, 5 * SECOND);
	assert_non_null(strstr(reason_at(REASON_PEER, REASON_OF_NS, "msa.p2.")->seen, "timeout"));
	/* An own one is no peer's, and is looked at as often. */
	bench_bare(&b, &b.server[1], 7);
	b.server[1].silent = false;
	bench_bare(&b, &b.server[0], 3);
	bench_run(&b, 5 * SECOND);
	assert_null(reason_at(REASON_PEER, REASON_OF_NS, "msa.p2."));
	assert_non_null(reason_at(REASON_HOME, REASON_OF_NS, "msa.p1."));
	bench_bare(&b, &b.server[0], 7);
	bench_run(&b, SECOND);
	assert_int_equal(b.view->reasons, 0);
}

/* Servers that do not answer are not named; our own are ours. */
static void
test_own_is_lame(void **state)
{
	b.server[0].silent = true;
	bench_run(&b, 20 * SECOND);
	delegate(6);
	all_show(6);
	bench_bare(&b, &b.signer, 6);
	b.server[0].silent = true;
	bench_run(&b, 20 * SECOND);
	b.view->d.want.from[VIEW_SELF].ns = RSET_NONE;
	bench_run(&b, SECOND);
	assert_non_null(reason_at(REASON_HOME, REASON_OF_SERVER, "msa.p1."));
	assert_null(reason_at(REASON_PEER, REASON_OF_SERVER, "msa.p1."));
}

/* We are out, and our server names itself. */
static void
test_own_names_itself(void **state)
{
	owner(0, false, false);
	bench_run(&b, 2 * HOLD_DOWN);
	assert_non_null(reason_at(REASON_HOME, REASON_OF_NS, "msa.p1."));
}

/* Its servers serve on until no cache leads anybody there. */
static void
test_leaver(void **state)
{
	owner(2, false, false);
	bench_run(&b, 2 * HOLD_DOWN);
	expect_union(3);
	bench_bare(&b, &b.signer, 3);
	bench_bare(&b, &b.server[0], 3);
	bench_bare(&b, &b.server[1], 3);
	bench_run(&b, 5 * SECOND);
	expect_todo(REASON_OF_NS, "parent", "remove NS ns3.p.");
	assert_non_null(reason_at(REASON_PARENT, REASON_OF_SERVER, "msa.p3."));
	assert_non_null(reason_at(REASON_PEER, REASON_OF_NS, "msa.p3.")); /* it names itself */
	assert_int_equal(peer(2)->has, HAS_NS);
	bench_bare(&b, &b.server[2], 3);
	delegate(3);
	bench_run(&b, 5 * SECOND);
	assert_non_null(reason_at(REASON_UNTIL, REASON_OF_SERVER, "msa.p3."));
	assert_null(reason_at(REASON_PEER, REASON_OF_NS, "msa.p3."));
	bench_run(&b, 60 * SECOND);
	assert_int_equal(b.view->reasons, 0);
	assert_int_equal(peer(2)->has, 0);
	/* Now the owner may take the record away. */
	b.hsync.count = 2;
	b.hsync.digest[0]++;
	bench_run(&b, 5 * SECOND);
	assert_int_equal(b.view->reasons, 0);
}

/* A part of the parent's servers does not say that it is out. */
static void
test_leaver_at_a_part_of_the_parent(void **state)
{
	owner(2, false, false);
	bench_run(&b, 2 * HOLD_DOWN);
	bench_bare(&b, &b.signer, 3);
	all_show(3);
	delegate(3);
	bench_look(&b);
	for (int known = 0; known < 2; known++) {
		b.view->parent_known = known;
		b.view->parent_looked_at = b.now;
		bench_decide(&b);
		assert_int_equal(peer(2)->has, known ? 0 : HAS_NS);
	}
}

static void
test_parent_unknown(void **state)
{
	b.parent.silent = true;
	bench_run(&b, 10 * SECOND);
	assert_non_null(reason_at(REASON_PARENT, REASON_OF_NS, "parent"));
	owner(2, false, false);
	all_show(3);
	bench_run(&b, 60 * SECOND);
	assert_int_equal(peer(2)->has, HAS_NS); /* the parent may name it */
}

/* ---- what there is not ---- */

static void
test_nothing_to_order(void **state)
{
	static struct outlook out;
	struct view_order order = {.process = MSIG_PROCESS_ZSK};
	struct outlook_ask ask = {.kind = MSIG_PROCESS_NS_ADD, .provider = 1};
	char why[200];

	b.view->config.driver = true;
	assert_int_equal(view_on_order(b.view, &order), MSIG_ENOSIG);
	assert_int_equal(outlook_make(b.view, &ask, b.now, &out, why, sizeof(why)), MSIG_EVALUE);
	assert_non_null(strstr(why, "nobody signs"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(group, test_at_rest),
	    IN(group, test_signed_after_all),
	    IN(group, test_sign_is_refused),
	    IN(group, test_item_is_needed),
	    IN(group, test_was_signed),
	    IN(group, test_vanished_is_not_off),
	    IN(group, test_hold_down),
	    IN(alone, test_union_appears),
	    IN(alone, test_no_lame_server),
	    IN(group, test_states_nothing),
	    IN(alone, test_half_silent),
	    IN(alone, test_late_answer),
	    IN(owners, test_flips_silent),
	    IN(owners, test_older_zone),
	    IN(group, test_pace),
	    IN(group, test_other_name),
	    IN(group, test_last_one_stays),
	    IN(group, test_leaves_itself),
	    IN(group, test_expelled),
	    IN(group, test_restart),
	    IN(group, test_paused),
	    IN(owners, test_owner_manages),
	    IN(owners, test_flips),
	    IN(owners, test_strange_name),
	    IN(alone, test_registrant_adds),
	    IN(owners, test_registrant_is_told),
	    IN(group, test_no_ds),
	    IN(group, test_copies),
	    IN(owners, test_own_is_lame),
	    IN(unnamed, test_own_is_lame),
	    IN(group, test_own_names_itself),
	    IN(group, test_leaver),
	    IN(group, test_leaver_at_a_part_of_the_parent),
	    IN(group, test_parent_unknown),
	    IN(group, test_nothing_to_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
