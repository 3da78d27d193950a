/*
 * A dry run: what it says of each process from constructed views, and that it leaves the view
 * alone.
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
#include "libmsig/msg.h"
#include "tests/unit/bench.h"

static struct bench b;
static struct outlook *o;
static char err[200];

static int
setup(void **state)
{
	bench_init(&b, 2, 1);
	o = calloc(1, sizeof(*o));
	return o == NULL;
}

static int
setup_members(void **state)
{
	bench_init(&b, 3, 3);
	o = calloc(1, sizeof(*o));
	return o == NULL;
}

static int
teardown(void **state)
{
	bench_clear(&b);
	free(o);
	return 0;
}

/* Every dry run of this file: the view is not touched. */
static int
plan(uint8_t kind, int provider, uint8_t algorithm)
{
	struct outlook_ask ask = {.kind = kind, .provider = provider, .algorithm = algorithm};
	struct zone_view *before = malloc(sizeof(*before));

	memcpy(before, b.view, sizeof(*before));
	err[0] = '\0';
	int ret = outlook_make(b.view, &ask, b.now, o, err, sizeof(err));
	assert_memory_equal(before, b.view, sizeof(*before));
	free(before);
	return ret;
}

static const struct outlook_step *
step(const char *name)
{
	for (int i = 0; i < o->steps; i++)
		if (strcmp(o->step[i].rule->name, name) == 0)
			return &o->step[i];
	fail_msg("no step %s", name);
	return NULL;
}

static const struct outlook_check *
check(const struct outlook_step *s, enum process_condition_bit bit)
{
	for (int i = 0; i < s->checks; i++)
		if (s->check[i].what == process_condition_text(bit))
			return &s->check[i];
	fail_msg("%s has no guard %s", s->rule->name, process_condition_text(bit));
	return NULL;
}

static const struct outlook_check *
begins(const char *what)
{
	for (int i = 0; i < o->starts; i++)
		if (strcmp(o->start[i].what, what) == 0 && o->start[i].verdict != OUTLOOK_PASS)
			return &o->start[i];
	return NULL;
}

static int
changed(const struct outlook_step *s, bool add, uint16_t type, int of, uint32_t at)
{
	int n = 0;
	for (int i = 0; i < s->changes; i++) {
		const struct outlook_change *c = &s->change[i];
		n += c->add == add && c->type == type && c->of == of && c->at == at;
	}
	return n;
}

/* CDS are going to take out what the operator keeps. */
static void
test_kept_ds(void **state)
{
	(void)bench_keep_ds(&b, true);
	bench_look(&b);
	assert_int_equal(plan(MSIG_PROCESS_ADD, -1, 0), 0);
	assert_int_equal(o->worst, OUTLOOK_FAIL);
	static const char *const steps[] = {"signers-unsynced", "cds-added"};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct outlook_check *c = check(step(steps[i]), COND_BIT_DS_KEPT);
		assert_int_equal(c->verdict, OUTLOOK_FAIL);
		assert_non_null(strstr(c->why.todo, "parent-cds"));
	}
	b.view->config.cds_ignored = true;
	assert_int_equal(plan(MSIG_PROCESS_ADD, -1, 0), 0);
	assert_int_equal(o->worst, OUTLOOK_PASS);
}

/* They stay as they are while a ZSK rolls. */
static void
test_kept_ds_at_rest(void **state)
{
	b.view->config.driver = true;
	(void)bench_keep_ds(&b, true);
	bench_look(&b);
	assert_int_equal(plan(MSIG_PROCESS_ZSK, -1, 0), 0);
	assert_true(o->worst < OUTLOOK_FAIL);
	assert_int_equal(plan(MSIG_PROCESS_KSK, -1, 0), 0);
	assert_int_equal(o->worst, OUTLOOK_FAIL);
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, 1, 0), 0);
	assert_int_equal(check(step("cds-added"), COND_BIT_DS_KEPT)->verdict, OUTLOOK_FAIL);
}

static void
test_add(void **state)
{
	assert_int_equal(plan(MSIG_PROCESS_ADD, -1, 0), 0);
	assert_int_equal(o->subject, 1);
	assert_int_equal(o->requestor, 1);
	assert_false(o->running);
	assert_int_equal(o->worst, OUTLOOK_PASS);
	assert_int_equal(o->steps, 8);

	/* The joiner's two keys at the other, and the other's at the joiner. */
	assert_int_equal(step("dnskeys-synced")->changes, 4);
	assert_int_equal(changed(step("dnskeys-synced"), true, 48, 0, 2), 2);
	assert_int_equal(changed(step("dnskeys-synced"), true, 48, 1, 1), 2);
	assert_int_equal(step("dnskeys-synced")->actors, 3);
	assert_int_equal(changed(step("cds-added"), true, 59, 0, 2), 1);
	assert_int_equal(changed(step("cds-added"), true, 59, 1, 1), 1);
	assert_int_equal(changed(step("cds-added"), true, 60, 1, 1), 1);
	assert_int_equal(changed(step("nses-synced"), true, 2, 1, 3), 1);
	assert_int_equal(changed(step("csync-added"), true, 62, VIEW_STRANGER, 3), 1);
	assert_int_equal(changed(step("parent-ns-synced"), false, 62, VIEW_STRANGER, 3), 1);

	/* What the process itself brings about is no obstacle. */
	const struct outlook_check *c = check(step("cds-added"), COND_BIT_KEYS);
	assert_int_equal(c->verdict, OUTLOOK_LATER);
	assert_int_equal(c->step, 1);
	assert_int_equal(check(step("nses-synced"), COND_BIT_NAMING_SAFE)->verdict, OUTLOOK_LATER);
	assert_int_equal(check(step("nses-synced"), COND_BIT_DS)->verdict, OUTLOOK_LATER);
	assert_int_equal(check(step("nses-synced"), COND_BIT_SERVES)->verdict, OUTLOOK_PASS);

	/* DNSKEY 10 s, DS 20 s, 1 s of propagation, no margin in a lab; both at once. */
	const struct outlook_step *s = step("parent-ds-synced");
	assert_int_equal(s->holds, 2);
	assert_int_equal(s->hold[0].hold, HOLD_KEY);
	assert_int_equal(s->hold[0].ttl, 10);
	assert_int_equal(s->hold[0].length, 11000);
	assert_int_equal(s->hold[1].ttl, 20);
	assert_int_equal(s->hold[1].length, 21000);
	assert_string_equal(s->hold[1].place, "198.51.100.1@53");
	assert_int_equal(s->hold[1].provider, VIEW_STRANGER);
	assert_true(s->parent_ds);
	assert_true(step("csync-added")->parent_ns);
	assert_int_equal(o->end - o->begin, 21000);
	/* And no step but the last takes nothing. */
	int64_t work = 0;
	for (int i = 0; i < o->steps; i++) {
		assert_int_equal(o->step[i].work != 0, i < o->steps - 1);
		work += o->step[i].work;
	}
	assert_int_equal(o->work, work);
	assert_int_equal(o->scans, 2);
	assert_int_equal(o->advices, 0);
	assert_string_not_equal(outlook_why(step("dnskeys-synced")), "");
}

/* A third one gets what the two have already, and each of them what it brings. */
static void
test_add_third(void **state)
{
	assert_int_equal(plan(MSIG_PROCESS_ADD, -1, 0), 0);
	assert_int_equal(o->subject, 2);
	const struct outlook_step *s = step("dnskeys-synced");
	assert_int_equal(changed(s, true, 48, 2, 3), 2);
	assert_int_equal(changed(s, true, 48, 0, 4), 2);
	assert_int_equal(changed(s, true, 48, 1, 4), 2);
	assert_int_equal(s->changes, 6);
	s = step("cds-added");
	assert_int_equal(changed(s, true, 59, 2, 3), 1);
	assert_int_equal(changed(s, true, 59, 1, 4), 1);
	assert_int_equal(changed(s, true, 60, 0, 4), 1);
	assert_int_equal(s->changes, 6);
	s = step("nses-synced");
	assert_int_equal(changed(s, true, 2, 2, 7), 1);
	assert_int_equal(changed(s, true, 2, 0, 4), 1);
	assert_int_equal(changed(s, true, 2, 1, 4), 1);
	assert_int_equal(s->changes, 3);
}

/* The hold begins with the change, not with the step that waits for it. */
static void
test_formula(void **state)
{
	b.view->config.times = view_times_default;
	b.server[1].ttl[VIEW_DNSKEY] = 86400;
	bench_look(&b);
	b.view->config.times.fresh = INT64_MAX / 20; /* it is taken ten times */
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	const struct outlook_hold *h = &step("parent-ds-synced")->hold[0];
	assert_int_equal(h->ttl, 86400);
	assert_string_equal(h->place, "192.0.2.2@53");
	assert_int_equal(h->provider, 1);
	/* TTL, D = 5 min, a tenth as margin, 5 min for clocks. */
	assert_int_equal(h->length, (86400 + 300 + 8640 + 300) * 1000);
	assert_int_equal(h->from, b.now);
	assert_int_equal(h->until, b.now + h->length);
	assert_int_equal(o->end - o->begin, h->length);
	assert_int_equal(o->advices, 1);
	/* From 95640 s to 4560 s of an hour's TTL: DS is shorter than that. */
	assert_string_equal(o->advice[0], "lower the DNSKEY TTL at msa.p2. from 86400 to 3600, at "
					  "least 27 h before: saves 25 h");
}

/* TTLs as in the world, and nothing that was seen is too old. */
static void
in_the_world(void)
{
	b.view->config.times = view_times_default;
	bench_look(&b);
	b.view->config.times.fresh = INT64_MAX / 20; /* it is taken ten times */
}

/* Holds one after the other: each TTL saves its own part, and no more. */
static void
test_advice_each(void **state)
{
	b.server[1].ttl[VIEW_NS] = b.server[2].ttl[VIEW_NS] = 7200;
	b.server[2].ttl[VIEW_SOA] = 14400;
	b.parent.ttl[VIEW_DS] = 86400;
	in_the_world();
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, 1, 0), 0);
	assert_int_equal(o->advices, 4);
	/* With margin and a share of the TTL: 3960 s of NS, 11880 of all, 91080 of DS. */
	assert_string_equal(o->advice[0], "lower the NS TTL at msa.p2. from 7200 and at msa.p3. "
					  "from 7200 to 3600, at least 3 h before: saves 66 min");
	assert_string_equal(o->advice[1],
			    "lower the largest TTL of any record at msa.p2. from 7200 and at "
			    "msa.p3. from 14400 to 3600, at least 5 h before: saves 4 h");
	assert_string_equal(o->advice[2],
			    "lower the DS TTL at the parent from 86400 to 3600 (for the parent to "
			    "do), at least 27 h before: saves 25 h");
	/* That of any record is that of NS as well. */
	assert_string_equal(o->advice[3],
			    "lower the largest TTL of any record at msa.p2. from 7200 and at "
			    "msa.p3. from 14400 to 3600, and the DS TTL at the parent from 86400 "
			    "to 3600 (for the parent to do), at least 27 h before: saves 29 h "
			    "together");
}

/* Holds side by side: one TTL alone saves nothing, and none is said to. */
static void
test_advice_together(void **state)
{
	b.server[1].ttl[VIEW_DNSKEY] = b.parent.ttl[VIEW_DS] = 86400;
	in_the_world();
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_int_equal(o->advices, 1);
	assert_string_equal(o->advice[0],
			    "lower the DNSKEY TTL at msa.p2. from 86400 to 3600, and the DS TTL at "
			    "the parent from 86400 to 3600 (for the parent to do), at least 27 h "
			    "before: saves 25 h together, and nothing alone");
	/* Which is long, and far from the longest, gets no advice. */
	bench_clear(&b);
	bench_init(&b, 2, 1);
	b.server[1].ttl[VIEW_DNSKEY] = 3700;
	b.parent.ttl[VIEW_DS] = 86400;
	in_the_world();
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_int_equal(o->advices, 1);
	assert_string_equal(o->advice[0],
			    "lower the DS TTL at the parent from 86400 to 3600 (for the parent to "
			    "do), at least 27 h before: saves 25 h");
}

/* One TTL that makes two holds long is one advice; that of any record where it is more than that.
 */
static void
test_advice_once(void **state)
{
	b.view->config.driver = true;
	b.server[1].ttl[VIEW_DNSKEY] = 86400;
	in_the_world();
	assert_int_equal(plan(MSIG_PROCESS_ZSK, -1, 0), 0);
	assert_int_equal(o->advices, 1);
	assert_string_equal(o->advice[0], "lower the DNSKEY TTL at msa.p2. from 86400 to 3600, at "
					  "least 27 h before: saves 2 days");
	b.view->own_max_ttl = 86400;
	assert_int_equal(plan(MSIG_PROCESS_ZSK, -1, 0), 0);
	assert_int_equal(o->advices, 2);
	assert_string_equal(o->advice[1],
			    "lower the largest TTL of any record at msa.p1. from 86400 and at "
			    "msa.p2. from 86400 to 3600, at least 27 h before: saves 2 days");
}

/* What only the parent can change is no gain of what the providers do. */
static void
test_advice_parent(void **state)
{
	b.parent.ttl[VIEW_NS] = 172800;
	b.server[1].ttl[VIEW_NS] = 7200;
	in_the_world();
	assert_int_equal(plan(MSIG_PROCESS_NS_REMOVE, 1, 0), 0);
	assert_int_equal(o->advices, 2);
	assert_string_equal(o->advice[0],
			    "lower the NS TTL of the delegation at the parent from 172800 to 3600 "
			    "(for the parent to do), at least 3 days before: saves 2 days");
	assert_string_equal(o->advice[1],
			    "lower the NS TTL at msa.p2. from 7200 to 3600, and the NS TTL of the "
			    "delegation at the parent from 172800 to 3600 (for the parent to do), "
			    "at least 3 days before: saves 2 days together");
	/* The zone's own are as long: neither is of use alone. */
	b.server[1].ttl[VIEW_NS] = 172800;
	bench_look(&b);
	assert_int_equal(plan(MSIG_PROCESS_NS_REMOVE, 1, 0), 0);
	assert_int_equal(o->advices, 1);
	assert_string_equal(o->advice[0],
			    "lower the NS TTL at msa.p2. from 172800 to 3600, and the NS TTL of "
			    "the delegation at the parent from 172800 to 3600 (for the parent to "
			    "do), at least 3 days before: saves 2 days together, and nothing "
			    "alone");
}

static void
test_in_the_way(void **state)
{
	/* A server that does not answer may come back. */
	b.server[1].silent = true;
	bench_look(&b);
	b.now += 60000;
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_int_equal(check(&o->step[0], COND_BIT_SERVES)->verdict, OUTLOOK_WARN);
	assert_int_equal(o->worst, OUTLOOK_WARN);
	b.server[1].silent = false;
	bench_look(&b);

	/* The joiner is named already: somebody has to act. */
	rset_add(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_look(&b);
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	const struct outlook_check *c = check(&o->step[0], COND_BIT_NOT_NAMED);
	assert_int_equal(c->verdict, OUTLOOK_FAIL);
	assert_string_not_equal(c->why.todo, "");
	assert_int_equal(o->worst, OUTLOOK_FAIL);
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	bench_look(&b);

	b.view->d.paused = true;
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_int_equal(begins("the zone is not paused")->verdict, OUTLOOK_FAIL);
	b.view->d.paused = false;
	snprintf(b.view->freeze, sizeof(b.view->freeze), "malformed");
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_string_equal(begins("HSYNC can be followed")->why.seen, "malformed");
	b.view->freeze[0] = '\0';
	b.view->d.rebuild = true;
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_int_equal(begins("the database is as new as the world")->verdict, OUTLOOK_FAIL);
	b.view->d.rebuild = false;
	b.view->early = true;
	b.view->early_at = 2;
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_string_equal(begins("nothing signs here but keys that everybody knows")->why.seen,
			    "a key signs here that caches may not know yet");
	assert_int_equal(o->worst, OUTLOOK_FAIL);
	b.view->early_at = 1; /* its join ends that */
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_null(begins("nothing signs here but keys that everybody knows"));
	b.view->early = false;
	view_on_peer(b.view, 1, false, "no beat");
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_string_equal(begins("its agent can be asked")->why.seen, "no beat");
	assert_int_equal(o->worst, OUTLOOK_WARN);
}

static void
test_mistakes(void **state)
{
	assert_int_equal(plan(99, -1, 0), MSIG_EVALUE);
	assert_int_equal(plan(MSIG_PROCESS_ADD, 0, 0), MSIG_EVALUE);
	assert_string_equal(err, "msa.p1. is already one of the signers");
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, 1, 0), MSIG_EVALUE);
	assert_string_equal(err, "msa.p2. is not one of the signers");
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, -1, 0), MSIG_EVALUE);
	assert_int_equal(plan(MSIG_PROCESS_ALGORITHM, -1, 0), MSIG_EVALUE);
	assert_string_equal(err, "to which algorithm?");
}

static void
test_running(void **state)
{
	struct view_process *run = &b.view->d.process;
	run->kind = MSIG_PROCESS_ADD;
	run->subject = run->requestor = 1;
	run->step = 3;
	run->phase = PHASE_EXECUTING;
	run->executed = true;
	run->voters = 3;
	run->started = b.now - 5000;
	run->hold[HOLD_DS] = b.now + 7000;
	assert_int_equal(plan(MSIG_PROCESS_ADD, -1, 0), 0);
	assert_true(o->running);
	assert_int_equal(step("cds-added")->state, OUTLOOK_DONE);
	assert_int_equal(step("parent-ds-synced")->state, OUTLOOK_NOW);
	assert_int_equal(step("nses-synced")->state, OUTLOOK_OPEN);
	assert_int_equal(step("parent-ds-synced")->checks, 0); /* it was executed */
	assert_int_equal(o->begin, b.now - 5000);
	/* Another one waits until it has ended. */
	assert_int_equal(plan(MSIG_PROCESS_KSK, 0, 0), 0);
	assert_false(o->running);
	assert_string_equal(begins("no other process runs")->why.seen,
			    "add-signer runs, it goes first");
}

/* What the group does first; not of what runs already. */
static void
test_goes_before(void **state)
{
	assert_int_equal(plan(MSIG_PROCESS_ZSK, VIEW_SELF, 0), 0);
	assert_null(begins("nothing goes before it"));
	b.view->d.provider[2].member = false;
	b.view->d.provider[2].has = HAS_KEYS | HAS_CDS;
	assert_int_equal(plan(MSIG_PROCESS_ZSK, VIEW_SELF, 0), 0);
	const struct outlook_check *c = begins("nothing goes before it");
	assert_non_null(c);
	assert_int_equal(c->verdict, OUTLOOK_WARN);
	assert_string_equal(c->why.seen, "a join that was interrupted goes first");
	assert_string_equal(c->why.place, "msa.p3.");
	b.view->d.process = (struct view_process){.kind = MSIG_PROCESS_ZSK,
						  .step = 1,
						  .phase = PHASE_EXECUTING,
						  .executed = true,
						  .voters = 3};
	assert_int_equal(plan(MSIG_PROCESS_ZSK, -1, 0), 0);
	assert_true(o->running);
	assert_null(begins("nothing goes before it"));
}

/* Keys of the old algorithm of a joiner to whom nobody is led go with the old ones. */
static void
test_left_behind(void **state)
{
	uint8_t rdata[68] = {1, 0, 3, 13, 91};
	int new = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	struct view_process *run = &b.view->d.process;
	struct view_provider *p = &b.view->d.provider[2];

	p->used = p->statement.known = true;
	p->member = false;
	p->has = HAS_KEYS;
	p->statement.dnskey = b.own[2];
	rset_add(&p->statement.dnskey, new);
	run->kind = MSIG_PROCESS_ALGORITHM;
	run->algorithm = 13;
	run->step = 4;
	run->phase = PHASE_EXECUTING;
	run->executed = true;
	run->voters = 3;
	run->started = b.now - 5000;
	assert_int_equal(plan(MSIG_PROCESS_ALGORITHM, VIEW_SELF, 13), 0);
	const struct outlook_step *s = step("old-keys-removed");
	int gone = 0;
	for (int i = 0; i < s->changes; i++)
		gone += !s->change[i].add && s->change[i].type == 48 && s->change[i].of == 2;
	assert_int_equal(gone, rset_count(b.own[2]));
}

/* A hold that has begun has a deadline of its own. */
static void
test_begun(void **state)
{
	struct view_process *run = &b.view->d.process;
	run->kind = MSIG_PROCESS_NS_REMOVE;
	run->subject = 1;
	run->requestor = 0;
	run->step = 3;
	run->phase = PHASE_EXECUTING;
	run->executed = true;
	run->voters = 1;
	run->hold[HOLD_NS] = b.now + 7000;
	assert_int_equal(plan(MSIG_PROCESS_NS_REMOVE, -1, 0), 0);
	assert_int_equal(step("parent-ns-synced")->hold[0].until, b.now + 7000);
	assert_int_equal(o->end, b.now + 7000);
}

static void
test_owner(void **state)
{
	bench_designate(&b, 2, false);
	bench_run(&b, 1000);
	assert_int_equal(plan(MSIG_PROCESS_ADD, 1, 0), 0);
	assert_true(step("nses-synced")->owner_ns);
	assert_int_equal(step("nses-synced")->changes, 0);
	assert_int_equal(begins("the owner's HSYNC says so") == NULL, true);
}

static void
test_remove(void **state)
{
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, 1, 0), 0);
	assert_int_equal(begins("the owner's HSYNC says so")->verdict, OUTLOOK_WARN);
	assert_int_equal(o->subject, 1);
	assert_int_equal(o->requestor, 0);
	assert_int_equal(changed(step("nses-synced"), false, 2, 1, 3), 1);
	assert_int_equal(changed(step("cds-added"), false, 59, 1, 1), 1);
	assert_int_equal(changed(step("dnskeys-synced"), false, 48, 1, 1), 2);
	assert_int_equal(step("parent-ns-synced")->hold[0].hold, HOLD_NS);
	assert_int_equal(step("leaver-stopped")->hold[0].hold, HOLD_LEAVE);
	assert_true(step("parent-ds-synced")->parent_ds);
	assert_int_equal(o->scans, 2);
	/* NS 20 s at the parent, the leaver's answers 10 s, DS 20 s, 1 s each: one after the other.
	 */
	assert_int_equal(o->end - o->begin, 21000 + 11000 + 21000);
	/* Our own operator's word is enough of a reason. */
	b.view->d.provider[1].expelled = true;
	agree_match(b.view);
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, -1, 0), 0);
	assert_int_equal(o->subject, 1);
	assert_null(begins("the owner's HSYNC says so"));
}

/* What the owner says of a provider from now on. */
static void
instruct(int provider, bool on, bool sign)
{
	b.view->d.hsync.entry[provider].on = on;
	b.view->d.hsync.entry[provider].sign = sign;
	agree_match(b.view);
}

/* Who is to sign no more, and serves on, leaves as well; its name servers stay. */
static void
test_stays(void **state)
{
	instruct(1, true, false);
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, -1, 0), 0);
	assert_int_equal(o->subject, 1);
	assert_null(begins("the owner's HSYNC says so"));
	assert_int_equal(step("nses-synced")->changes, 0);
	assert_int_equal(changed(step("cds-added"), false, 59, 1, 1), 1);
	assert_int_equal(changed(step("dnskeys-synced"), false, 48, 1, 1), 2);
	assert_false(step("csync-added")->parent_ns);
	assert_true(step("parent-ds-synced")->parent_ds);
	assert_int_equal(o->scans, 1);
	/* It is to serve, and is no candidate for it before it has left. */
	assert_int_equal(plan(MSIG_PROCESS_NS_ADD, -1, 0), MSIG_EVALUE);

	/* Where the owner manages NS, he has nothing to change. */
	instruct(1, false, false);
	b.view->d.agent_ns = false;
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, 1, 0), 0);
	assert_true(step("nses-synced")->owner_ns);
	instruct(1, true, false);
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, 1, 0), 0);
	assert_false(step("nses-synced")->owner_ns);
}

/* As long as nobody who is to sign is in, whoever is stays. */
static void
test_stays_until_replaced(void **state)
{
	instruct(0, false, true);
	instruct(1, false, true);
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, -1, 0), MSIG_EVALUE);
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, 1, 0), 0);
	assert_string_equal(begins("the owner's HSYNC says so")->why.seen,
			    "it stays until a signer that HSYNC designates has joined");
}

/* Of whom only a part is in leaves as a signer does, and can join still; of whom name servers are
 * in, these go. */
static void
test_half_in(void **state)
{
	struct view_provider *p = &b.view->d.provider[2];

	p->has = HAS_KEYS;
	assert_int_equal(plan(MSIG_PROCESS_ADD, 2, 0), 0);
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, 2, 0), 0);
	instruct(2, false, true);
	assert_int_equal(plan(MSIG_PROCESS_ADD, -1, 0), MSIG_EVALUE);
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, -1, 0), 0);
	assert_int_equal(o->subject, 2);
	assert_int_equal(plan(MSIG_PROCESS_NS_REMOVE, -1, 0), MSIG_EVALUE);

	p->has = HAS_NS;
	agree_match(b.view);
	assert_int_equal(plan(MSIG_PROCESS_REMOVE, 2, 0), MSIG_EVALUE);
	assert_string_equal(err,
			    "msa.p3. is not one of the signers: its name servers go by ns-remove");
	assert_int_equal(plan(MSIG_PROCESS_NS_REMOVE, -1, 0), 0);
	assert_int_equal(o->subject, 2);
	assert_null(begins("the owner's HSYNC says so"));
	instruct(2, true, false);
	assert_int_equal(plan(MSIG_PROCESS_NS_REMOVE, -1, 0), MSIG_EVALUE);
}

/* Only who would vote is asked: a rollover of the members does not wait for a joiner. */
static void
test_voters(void **state)
{
	view_on_peer(b.view, 2, false, "no beat");
	assert_int_equal(plan(MSIG_PROCESS_KSK, -1, 0), 0);
	assert_null(begins("every signer's agent can be asked"));
	view_on_peer(b.view, 1, false, "no beat");
	assert_int_equal(plan(MSIG_PROCESS_KSK, -1, 0), 0);
	assert_string_equal(begins("every signer's agent can be asked")->why.place, "msa.p2.");
}

static void
test_zsk(void **state)
{
	b.view->config.driver = true;
	assert_int_equal(plan(MSIG_PROCESS_ZSK, -1, 0), 0);
	assert_int_equal(o->subject, VIEW_SELF);
	const struct outlook_step *s = step("new-zsk-published");
	assert_int_equal(s->changes, 1);
	assert_true(s->change[0].add);
	assert_int_equal(s->change[0].rr, -1); /* it will be made then */
	assert_int_equal(s->change[0].role, MSIG_KEY_ROLE_ZSK);
	assert_int_equal(s->fresh.zsk, MSIG_KEY_STATE_PUBLISHED);
	s = step("zsk-active");
	assert_int_equal(s->fresh.zsk, MSIG_KEY_STATE_ACTIVE);
	assert_int_equal(s->old.zsk, MSIG_KEY_STATE_RETIRED);
	s = step("old-zsk-removed");
	assert_int_equal(s->changes, 1);
	assert_false(s->change[0].add);
	assert_int_equal(s->change[0].rr, b.zsk[0]);
	assert_int_equal(o->scans, 0);
	assert_int_equal(o->end - o->begin, 2 * 11000); /* H_KEY, H_RR */
}

/* Of another's roll-over it is known which keys come and go when they have. */
static void
test_zsk_of_another(void **state)
{
	struct view_process *run = &b.view->d.process;
	assert_int_equal(plan(MSIG_PROCESS_ZSK, 1, 0), 0);
	assert_int_equal(step("old-zsk-removed")->change[0].rr, b.zsk[1]);
	run->kind = MSIG_PROCESS_ZSK;
	run->subject = run->requestor = 1;
	run->step = 2;
	run->phase = PHASE_EXECUTING;
	run->executed = true;
	run->voters = 3;
	assert_int_equal(plan(MSIG_PROCESS_ZSK, -1, 0), 0);
	assert_int_equal(o->subject, 1);
	assert_int_equal(step("old-zsk-removed")->changes, 1);
	assert_int_equal(step("old-zsk-removed")->change[0].rr, -1);
}

/* One that was turned round: nothing comes any more, the key that was to come goes, and DS are held
 * once more. */
static void
test_turned(void **state)
{
	struct view_process *run = &b.view->d.process;
	uint8_t rdata[36] = {1, 1, 3, 15, 91};
	int gone = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));

	b.view->config.driver = true;
	for (int turned = 0; turned < 2; turned++) {
		*run = (struct view_process){.kind = MSIG_PROCESS_KSK,
					     .step = 3,
					     .phase = PHASE_EXECUTING,
					     .executed = true,
					     .voters = 3,
					     .roles = 1 << MSIG_KEY_ROLE_KSK,
					     .turned = turned};
		rset_add(turned ? &run->old : &run->fresh, gone);
		rset_add(turned ? &run->fresh : &run->old, b.ksk[0]);
		assert_int_equal(plan(MSIG_PROCESS_KSK, -1, 0), 0);
		assert_int_equal(step("new-ksk-published")->changes, turned ? 0 : 1);
		for (int add = 0; add < 2; add++)
			assert_int_equal(changed(step("cds-added"), add, 59, 0, o->step[0].actors),
					 !turned);
		assert_int_equal(step("old-key-unused")->holds, turned ? 2 : 1);
		const struct outlook_step *s = step("old-ksk-removed");
		assert_int_equal(s->changes, 1);
		assert_false(s->change[0].add);
		assert_int_equal(s->change[0].rr, turned ? gone : b.ksk[0]);
	}
}

static void
test_ksk(void **state)
{
	b.view->config.driver = true;
	assert_int_equal(plan(MSIG_PROCESS_KSK, -1, 0), 0);
	const struct outlook_step *s = step("cds-added");
	assert_int_equal(s->fresh.ksk, MSIG_KEY_STATE_READY);
	assert_int_equal(s->fresh.csk, 0); /* it has a ZSK, so it has no CSK */
	/* The signer writes CDS: from the old to the new in one step, and the DS follows. */
	assert_int_equal(changed(s, true, 59, 0, o->step[0].actors), 1);
	assert_int_equal(changed(s, false, 59, 0, o->step[0].actors), 1);
	assert_true(step("parent-ds-added")->parent_ds);
	assert_false(step("parent-ds-final")->parent_ds);
	assert_int_equal(step("old-key-unused")->holds, 0); /* it never signed data */
	assert_int_equal(step("old-ksk-removed")->change[0].rr, b.ksk[0]);
	assert_int_equal(o->scans, 1);
	assert_int_equal(o->end - o->begin, 11000 + 21000);
	/* The overlay writes all: both are named in between. */
	b.view->config.mode = VIEW_MODE_ALL;
	assert_int_equal(plan(MSIG_PROCESS_KSK, -1, 0), 0);
	assert_int_equal(changed(step("cds-added"), false, 59, 0, o->step[0].actors), 0);
	assert_int_equal(changed(step("cds-final"), false, 59, 0, o->step[0].actors), 1);
	assert_int_equal(o->scans, 2);
}

static void
test_algorithm(void **state)
{
	b.view->config.driver = true;
	assert_int_equal(plan(MSIG_PROCESS_ALGORITHM, -1, 13), 0);
	assert_int_equal(o->requestor, 0);
	/* Every member's keys. */
	const struct outlook_step *s = step("new-keys-published");
	assert_int_equal(s->changes, 4);
	assert_int_equal(changed(s, true, 48, 0, s->actors), 2);
	assert_int_equal(changed(s, true, 48, 1, s->actors), 2);
	s = step("old-keys-removed");
	assert_int_equal(changed(s, false, 48, 0, s->actors), 2);
	assert_int_equal(changed(s, false, 48, 1, s->actors), 2);
	assert_int_equal(step("new-signatures")->hold[0].hold, HOLD_RR);
	/* Without a driver nobody can do it. */
	b.view->config.driver = false;
	assert_int_equal(plan(MSIG_PROCESS_ALGORITHM, -1, 13), 0);
	assert_int_equal(check(&o->step[0], COND_BIT_DRIVER)->verdict, OUTLOOK_FAIL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define MEMBERS(name) cmocka_unit_test_setup_teardown(name, setup_members, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_kept_ds),
	    MEMBERS(test_kept_ds_at_rest),
	    TEST(test_add),
	    TEST(test_formula),
	    MEMBERS(test_advice_each),
	    TEST(test_advice_together),
	    MEMBERS(test_advice_once),
	    MEMBERS(test_advice_parent),
	    TEST(test_in_the_way),
	    TEST(test_mistakes),
	    TEST(test_running),
	    MEMBERS(test_goes_before),
	    TEST(test_begun),
	    MEMBERS(test_left_behind),
	    TEST(test_owner),
	    MEMBERS(test_remove),
	    MEMBERS(test_stays),
	    MEMBERS(test_stays_until_replaced),
	    MEMBERS(test_half_in),
	    MEMBERS(test_voters),
	    MEMBERS(test_add_third),
	    MEMBERS(test_zsk),
	    MEMBERS(test_zsk_of_another),
	    MEMBERS(test_turned),
	    MEMBERS(test_ksk),
	    MEMBERS(test_algorithm),
	};
	return cmocka_run_group_tests_name("outlook", tests, NULL, NULL);
}
