/*
 * More servers than there is room to watch: a part of them is never taken for all, and the operator
 * hears which limit it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/unheard.h"
#include "libmsig/err.h"
#include "tests/unit/scene.h"

/* Of so many addresses, the first one is 203.0.FROM.0. */
static void
found(int ns, int from, int count)
{
	static char text[2 * VIEW_PLACES][VIEW_SERVER];
	const char *server[2 * VIEW_PLACES];

	for (int i = 0; i < count; i++) {
		snprintf(text[i], sizeof(text[i]), "203.0.%d.%d@53", from, i);
		server[i] = text[i];
	}
	view_on_addresses(b.view, ns, true, server, count, b.now);
}

static const struct reason *
said(const char *place)
{
	for (int i = 0; i < b.view->reasons; i++) {
		const struct reason *r = &b.view->reason[i];
		if (r->class == REASON_BLOCKED && r->object == REASON_OF_SERVER &&
		    strcmp(r->place, place) == 0) {
			char limit[20];
			snprintf(limit, sizeof(limit), "%d addresses", VIEW_PLACES);
			assert_non_null(strstr(r->seen, limit));
			assert_non_null(strstr(r->todo, "VIEW_PLACES"));
			return r;
		}
	}
	return NULL;
}

static int
places(void)
{
	int n = 0;
	for (int i = 0; i < VIEW_PLACES; i++)
		n += b.view->d.place[i] != NULL;
	return n;
}

/* ---- what fits ---- */

/* The root as parent, and providers with six names each, of two addresses. */
static void
test_a_top_level_domain(void **state)
{
	found(-1, 0, 26);
	for (int i = 0; i < 8 * 6; i++) {
		uint8_t name[] = "\5nsXXX\1p";
		name[3] = 'a';
		name[4] = (uint8_t)('a' + i / 10);
		name[5] = (uint8_t)('0' + i % 10);
		int ns = view_rr(b.view, VIEW_NS, name, sizeof(name));
		found(ns, 1 + i, 2);
		assert_true(rset_has(&b.view->looked_up, ns));
	}
	assert_true(b.view->parent_known);
}

/* ---- a name ---- */

static void
test_a_name(void **state)
{
	struct reason why;

	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 1, PHASE_EXECUTING, 3);
	bench_run(&b, 5000);
	assert_true(check(COND_KEYS, &why));
	bench_forget(&b);
	found(b.ns[1], 1, VIEW_PLACES);
	assert_false(rset_has(&b.view->looked_up, b.ns[1]));
	assert_false(check(COND_KEYS, &why));
	assert_int_equal(why.class, REASON_BLOCKED);
	assert_string_equal(why.place, "msa.p2.");
	bench_decide(&b);
	assert_non_null(said("msa.p2."));
	assert_null(said("msa.p1."));
	assert_null(said("parent"));
	assert_int_equal(b.alarms, 1);
	/* Room again: it is looked up again by itself. */
	bench_run(&b, 60000);
	assert_null(said("msa.p2."));
	assert_true(check(COND_KEYS, &why));
}

/* One that is in some NS RRset, and that no provider states; and then in none. */
static void
test_a_strangers_name(void **state)
{
	static const uint8_t name[] = "\7strange\1p";
	int ns = view_rr(b.view, VIEW_NS, name, sizeof(name));

	rset_add(&b.parent.set[VIEW_NS], ns);
	bench_look(&b);
	found(ns, 1, VIEW_PLACES);
	bench_decide(&b);
	assert_non_null(said(""));
	found(ns, 1, VIEW_PLACES);
	rset_del(&b.parent.set[VIEW_NS], ns);
	bench_look(&b);
	bench_decide(&b);
	assert_null(said(""));
	assert_true(rset_empty(b.view->crowded)); /* its number may be another's some day */
}

/* ---- the parent ---- */

static void
test_the_parent(void **state)
{
	struct rset keys = rset_or(only(b.ksk[0]), only(b.ksk[1]));
	struct reason why;

	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 1, PHASE_EXECUTING, 3);
	bench_run(&b, 60000);
	assert_true(check(COND_DS, &why));
	assert_true(safety_ds(b.view, keys, b.now).ok);
	bench_forget(&b);
	found(-1, 0, VIEW_PLACES);
	assert_int_equal(places(), VIEW_PLACES);
	assert_false(b.view->parent_known);
	assert_false(check(COND_DS, &why));
	assert_int_equal(why.class, REASON_BLOCKED);
	assert_string_equal(why.place, "parent");
	bench_decide(&b);
	assert_non_null(said("parent"));
	assert_int_equal(b.alarms, 1);
	assert_int_equal(b.plan.wake, b.now); /* not all could be asked at once */
	bench_run(&b, 60000);
	assert_null(said("parent"));
	assert_true(check(COND_DS, &why));
}

/* What is known of a part of its servers proves nothing of the rest, whyever that is not known. */
static void
test_a_part_of_the_parent(void **state)
{
	struct rset keys = rset_or(only(b.ksk[0]), only(b.ksk[1])), less = RSET_NONE;
	struct safety s;
	struct reason why;

	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 1, PHASE_EXECUTING, 3);
	bench_run(&b, 60000);
	less =
	    rset_minus(place(PLACE_SIGNER, NULL)->history[VIEW_DNSKEY].at[0].set, only(b.zsk[1]));
	for (int known = 1; known >= 0; known--) {
		b.view->parent_known = known;
		assert_int_equal(check(COND_DS, &why), known);
		assert_int_equal(check(COND_PARENT_NS, NULL), known);
		s = safety_ds(b.view, keys, b.now);
		assert_int_equal(s.ok, known);
		assert_true(known || (s.unknown && s.object == REASON_OF_DS));
		s = safety_keys(b.view, less, b.now);
		assert_int_equal(s.unknown && s.object == REASON_OF_DS, !known);
		s = safety_naming(b.view, only(b.ns[1]), b.now);
		assert_int_equal(s.ok, known);
	}
	assert_int_equal(why.class, REASON_PARENT); /* and not blocked: it is only not known yet */
	assert_string_equal(why.seen, "not known");
	bench_decide(&b); /* it is looked up */
	assert_true(b.view->parent_known);
}

/* A server of the parent that serves the zone is watched as one of the zone's, too. */
static void
test_the_parents_copy(void **state)
{
	struct view_place *p = place(PLACE_PARENT, NULL);
	struct view_answer a = {.type = VIEW_NS,
				.status = MSIG_SEEN_SET,
				.set = only(b.ns[0]),
				.ttl = 10,
				.child = true,
				.time = b.now + 1};

	while (b.view->d.place[a.place] != p)
		a.place++;
	found(b.ns[1], 1, VIEW_PLACES);
	found(b.ns[0], 1, 1);
	view_on_answer(b.view, &a);
	assert_true(b.view->parent_crowded);
	bench_decide(&b);
	assert_non_null(said("parent"));
}

/* Nobody begins on a part of what the parent has. */
static void
test_first_start(void **state)
{
	b.view->d.begun = false;
	b.view->parent_crowded = true;
	b.view->parent_known = false;
	b.view->parent_looked_at = b.now;
	bench_decide(&b);
	assert_false(b.view->d.begun);
	assert_int_equal(b.view->reason[0].class, REASON_BLOCKED);
	assert_string_equal(b.view->reason[0].place, "parent");
}

/* ---- the database ---- */

static void
test_in_the_database(void **state)
{
	bench_run(&b, 5000);
	found(b.ns[1], 1, VIEW_PLACES - places());
	assert_int_equal(places(), VIEW_PLACES);
	bench_restart(&b);
	assert_int_equal(places(), VIEW_PLACES);
	assert_int_equal(b.view->d.places, VIEW_PLACES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(two, test_a_top_level_domain),   IN(two, test_a_name),
	    IN(two, test_a_strangers_name),     IN(two, test_the_parent),
	    IN(two, test_a_part_of_the_parent), IN(two, test_the_parents_copy),
	    IN(two, test_first_start),          IN(two, test_in_the_database),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
