/*
 * What does not stay, between the processes, as they left it.
 */
#include "agentd/decide_int.h"
#include "agentd/step.h"
#include "tests/unit/scene.h"

static int64_t lasts;

/* Two members; the agents manage NS, and have published them. */
static int
resting(void **state)
{
	bench_init(&b, 2, 3);
	b.view->d.agent_ns = true;
	b.view->config.times.hold_down = 60 * SECOND;
	lasts = b.view->config.times.hold_down + 5 * SECOND;
	bench_run(&b, lasts);
	return 0;
}

static const struct reason *
told(const char *expected)
{
	for (int i = 0; i < b.view->reasons; i++)
		if (b.view->reason[i].class == REASON_BLOCKED &&
		    strcmp(b.view->reason[i].expected, expected) == 0)
			return &b.view->reason[i];
	return NULL;
}

/* One server changes; what is expected there, and where. */
static const struct {
	enum { OF_SERVER, OF_PARENT } at;
	enum view_type type;
	const char *expected, *place, *todo;
} rows[] = {
    {OF_SERVER, VIEW_DNSKEY, "all 4 keys", "192.0.2.2@53", "msigctl doctor there"},
    {OF_SERVER, VIEW_CDS, "the CDS of all signers", "192.0.2.2@53", "would drop the DS"},
    {OF_SERVER, VIEW_CDNSKEY, "the CDNSKEY of all signers", "192.0.2.2@53", "would drop the DS"},
    {OF_SERVER, VIEW_NS, "the NS of all providers", "192.0.2.2@53", "does its signer get"},
    {OF_PARENT, VIEW_DS, "DS for the keys of CDS", "198.51.100.1@53", "does not take the CDS"},
    {OF_PARENT, VIEW_NS, "NS of the providers only", "198.51.100.1@53", "remove them from"},
};

static struct bench_server *
changed(size_t i)
{
	return rows[i].at == OF_SERVER ? &b.server[1] : &b.parent;
}

/* Takes one record of another one's out, or puts a stranger in. */
static void
change(size_t i)
{
	struct rset *set = &changed(i)->set[rows[i].type];
	const struct rset others[VIEW_TYPE_COUNT] = {
	    [VIEW_DNSKEY] = only(b.zsk[0]), [VIEW_CDS] = b.cds[0], [VIEW_CDNSKEY] = b.cdnskey[0],
	    [VIEW_DS] = ds(1), [VIEW_NS] = only(b.ns[0])};

	if (rows[i].at == OF_PARENT && rows[i].type == VIEW_NS)
		rset_add(set, b.ns[2]);
	else
		*set = rset_minus(*set, others[rows[i].type]);
}

static void
test_told(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rset was = changed(i)->set[rows[i].type];
		if (told(rows[i].expected) != NULL)
			fail_msg("row %zu: from the beginning", i);
		change(i);
		bench_run(&b, lasts - 8 * SECOND);
		if (told(rows[i].expected) != NULL)
			fail_msg("row %zu: too early", i);
		bench_run(&b, 20 * SECOND);
		const struct reason *r = told(rows[i].expected);
		if (r == NULL) {
			for (int k = 0; k < b.view->reasons; k++)
				print_message("%s|%s|%s\n", b.view->reason[k].place,
					      b.view->reason[k].expected, b.view->reason[k].seen);
			fail_msg("row %zu: not told", i);
			return;
		}
		assert_string_equal(r->place, rows[i].place);
		assert_non_null(strstr(r->todo, rows[i].todo));
		changed(i)->set[rows[i].type] = was;
		bench_run(&b, 20 * SECOND);
		if (told(rows[i].expected) != NULL)
			fail_msg("row %zu: when it is mended", i);
	}
}

static const char cds[] = "the CDS of all signers";

static void
lacks_cds(void)
{
	b.server[1].set[VIEW_CDS] = b.cds[1];
	bench_run(&b, lasts + 20 * SECOND);
}

/* Who was not heard says nothing, and whom it has once shown the right ones. */
static void
test_unknown_is_no_difference(void **state)
{
	b.server[1].silent = true;
	bench_run(&b, lasts + 60 * SECOND);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_null(told(rows[i].expected));
	b.server[0].set[VIEW_CDS] = b.cds[1]; /* and it hides nobody else */
	b.signer.set[VIEW_CDS] = b.cds[1];
	bench_run(&b, lasts + 20 * SECOND);
	assert_non_null(told(cds));
}

/* Whoever is asked more seldom than that is asked once more first. */
static void
test_asked_again_first(void **state)
{
	int64_t early = lasts + 10 * SECOND;

	b.view->config.times.ask_slow = 300 * SECOND;
	b.server[1].set[VIEW_CDS] = b.cds[1];
	bench_look(&b);
	bench_run(&b, early);
	assert_null(told(cds));
	bench_run(&b, 320 * SECOND - early);
	assert_non_null(told(cds));
}

/* The time counts from the last change of what is wrong. */
static void
test_another_one(void **state)
{
	b.server[1].set[VIEW_CDS] = b.cds[1];
	bench_run(&b, lasts - 8 * SECOND);
	b.server[1].set[VIEW_CDS] = b.server[0].set[VIEW_CDS];
	b.server[0].set[VIEW_CDS] = b.cds[1];
	bench_run(&b, lasts - 8 * SECOND);
	assert_null(told(cds));
	bench_run(&b, 30 * SECOND);
	assert_non_null(told(cds));
}

static bool
tells(void)
{
	struct plan plan = {0};

	b.view->reasons = 0;
	decide_rest(&(struct step){b.view, b.now, &plan});
	return told(cds) != NULL;
}

/* A process has its own conditions; and who is frozen, is to go or is no member knows nothing. */
static void
test_not_at_rest(void **state)
{
	bool *const off[] = {&b.view->d.paused, &b.view->d.rebuild},
		    *const on[] = {&b.view->d.begun, &peer(VIEW_SELF)->member};

	lacks_cds();
	assert_true(tells());
	for (size_t i = 0; i < 2; i++) {
		b.view->rest_since = 1;
		*off[i] = true;
		assert_false(tells());
		*off[i] = false;
		b.view->rest_since = 1;
		*on[i] = false;
		assert_false(tells());
		*on[i] = true;
	}
	b.view->rest_since = 1;
	b.view->designated = BIT(1);
	assert_false(tells());
	b.view->designated = BIT(1) | BIT(VIEW_SELF);
	b.view->rest_since = 1;
	run()->kind = MSIG_PROCESS_ZSK;
	assert_false(tells());
	assert_int_equal(b.view->rest_since, 0);
	run()->kind = 0;
	b.view->rest_since = 1;
	assert_true(tells());
	/* What is to be there has not been heard, or is about to be heard anew. */
	peer(1)->statement.known = false;
	for (int i = 0; i < 2; i++) {
		assert_false(tells());
		assert_int_equal(b.view->rest_since, 0);
		b.view->rest_since = 1; /* for long */
	}
	peer(1)->statement.known = true;
	b.view->rest_since = 1;
	peer(1)->stale = true;
	assert_false(tells());
	assert_int_equal(b.view->reasons, 0);
}

/* ---- DS that the operator keeps ---- */

static const char named[] = "CDS that name every DS of ds-keep";

static void
keep(bool at_parent)
{
	(void)bench_keep_ds(&b, at_parent);
	bench_run(&b, 20 * SECOND);
}

static bool
watched(void)
{
	b.view->reasons = 0;
	decide_watch(&(struct step){b.view, b.now, &b.plan}, &(struct safety){.ok = true});
	return told(named) != NULL;
}

/* The CDS of two are shown, and the next scan takes out what they do not name. */
static void
test_kept_ds(void **state)
{
	keep(true);
	const struct reason *r = told(named);
	assert_non_null(r);
	assert_string_equal(r->place, "198.51.100.1@53");
	assert_non_null(strstr(r->todo, "have CDS name its key"));
	b.view->config.cds_ignored = true;
	bench_decide(&b);
	assert_null(told(named));
	b.view->config.cds_ignored = false;
	bench_decide(&b);
	assert_non_null(told(named));
	b.parent.silent = true; /* what does not answer is another trouble */
	bench_run(&b, 60 * SECOND);
	assert_false(watched());
	assert_null(bench_reason(&b, REASON_PARENT, REASON_OF_SERVER));
	b.parent.silent = false;
	bench_run(&b, 20 * SECOND);
	assert_true(watched());
	run()->kind = MSIG_PROCESS_ZSK; /* what goes on has its own guards */
	assert_false(watched());
	run()->kind = 0;
	peer(VIEW_SELF)->member = false; /* nor is it the affair of who is out */
	assert_false(watched());
}

/* A single signer shows none, unless the parent has to drop a DS of its own: then they wait. */
static void
test_kept_ds_of_one(void **state)
{
	uint8_t rdata[36] = {1, 1, 3, 15, 85};

	bench_clear(&b);
	member(state);
	keep(true);
	assert_null(told(named));
	say(1, MSIG_OP_REQUEST, MSIG_PROCESS_ADD, 0, 1, 0);
	EXPECT(1, DENY);
	assert_non_null(strstr(bench_sent(&b, 1, MSIG_OP_DENY)->text, named));
	int old = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	rset_add(&b.parent.set[VIEW_DS], rpool_of_key(&b.view->d.pool, old, 43));
	bench_run(&b, 20 * SECOND);
	assert_non_null(told(named));
	assert_true(rset_empty(b.view->d.want.from[VIEW_SELF].cds));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(resting, test_asked_again_first),
	    IN(resting, test_told),
	    IN(resting, test_unknown_is_no_difference),
	    IN(resting, test_another_one),
	    IN(resting, test_not_at_rest),
	    IN(resting, test_kept_ds),
	    IN(resting, test_kept_ds_of_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
