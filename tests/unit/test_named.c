/*
 * Delegations that no process mends: a person puts the zone's NS at the parent.
 */
#include "tests/unit/scene.h"

static const char by_hand[] = "whoever registered the zone has the parent take the NS of the zone";

/* Is a person asked to name somebody? */
static bool
asks(const char *expected)
{
	for (int i = 0; i < b.view->reasons; i++) {
		const struct reason *r = &b.view->reason[i];
		if (r->class == REASON_BLOCKED && r->object == REASON_OF_NS &&
		    strcmp(r->expected, expected) == 0) {
			assert_non_null(strstr(r->todo, by_hand));
			assert_string_equal(r->place, "198.51.100.1@53");
			return true;
		}
	}
	return false;
}

static bool
unnamed(void)
{
	bench_run(&b, 5 * SECOND);
	return asks("this signer's name servers in the delegation, as in the zone");
}

/* A signer is named by the zone, and not by the parent, which names no other one either. */
static void
test_signer_unnamed(void **state)
{
	const int64_t stands = b.view->config.times.hold_down;
	struct rset named = b.parent.set[VIEW_NS];

	assert_false(unnamed());
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, SECOND);
	assert_false(asks("this signer's name servers in the delegation, as in the zone"));
	bench_run(&b, stands);
	assert_true(unnamed());
	/* A hidden signer is no accident. */
	struct rset zone = b.signer.set[VIEW_NS];
	b.signer.set[VIEW_NS] = only(b.ns[1]);
	assert_false(unnamed());
	b.signer.set[VIEW_NS] = zone;
	assert_true(unnamed());
	/* One of the parent's servers names it: they follow one by one. */
	b.parent.set[VIEW_NS] = named;
	assert_false(unnamed());
}

/* Who is not the only one joins again, and while something runs it is what mends that. */
static void
test_signer_unnamed_rightly(void **state)
{
	static const char expected[] =
	    "this signer's name servers in the delegation, as in the zone";

	bench_run(&b, 5 * SECOND);
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, b.view->config.times.hold_down + 10 * SECOND);
	assert_true(asks(expected));
	owner(1, false, true);
	bench_run(&b, 10 * SECOND);
	assert_int_equal(run()->kind, MSIG_PROCESS_NS_REMOVE);
	assert_false(asks(expected));
	memset(run(), 0, sizeof(*run()));
	peer(1)->member = true;
	b.view->dirty = true;
	bench_decide(&b);
	assert_false(peer(VIEW_SELF)->member);
	assert_false(asks(expected));
}

/* Of two that sign, neither is named: both say so. Who is to leave does not. */
static void
test_both_unnamed(void **state)
{
	const int64_t stands = b.view->config.times.hold_down + 10 * SECOND;

	bench_run(&b, 5 * SECOND);
	b.parent.set[VIEW_NS] = only(b.ns[2]);
	bench_run(&b, stands);
	assert_true(unnamed());
	owner(VIEW_SELF, false, true);
	bench_run(&b, stands);
	assert_true(peer(VIEW_SELF)->member);
	assert_false(unnamed());
}

/* A joiner is not named yet. */
static void
test_joiner_unnamed(void **state)
{
	view_on_peer(b.view, 1, false, "no answer"); /* nothing begins meanwhile */
	rset_add(&b.signer.set[VIEW_NS], b.ns[0]);
	bench_run(&b, b.view->config.times.hold_down + 10 * SECOND);
	assert_false(unnamed());
	assert_int_equal(run()->kind, 0);
}

/* Where the delegation shows nowhere, nobody knows. */
static void
test_unnamed_unseen(void **state)
{
	bench_run(&b, 5 * SECOND);
	b.copy = b.server[0];
	rset_del(&b.copy.set[VIEW_NS], b.ns[0]);
	rset_add(&b.copy.set[VIEW_NS], b.ns[1]);
	b.child = 1;
	bench_run(&b, b.view->config.times.hold_down + 10 * SECOND);
	assert_true(view_hidden(b.view));
	assert_false(unnamed());
}

/* Nobody answers of those whom the parent names, and for long. */
static void
test_nobody_there(void **state)
{
	static const char expected[] = "a name server in the delegation that answers";
	const int64_t late = b.view->config.times.alarm_after;

	b.view->d.paused = true;
	b.parent.set[VIEW_NS] = only(b.ns[1]);
	bench_run(&b, 60 * SECOND);
	assert_false(asks(expected));
	b.server[1].silent = true;
	bench_run(&b, 10 * SECOND);
	assert_false(asks(expected));
	bench_run(&b, late + 60 * SECOND);
	assert_true(asks(expected));
	rset_add(&b.parent.set[VIEW_NS], b.ns[0]); /* our own does */
	bench_run(&b, 60 * SECOND);
	assert_false(asks(expected));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(member, test_signer_unnamed), IN(member, test_signer_unnamed_rightly),
	    IN(member, test_unnamed_unseen), IN(two, test_both_unnamed),
	    IN(joiner, test_joiner_unnamed), IN(two, test_nobody_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
