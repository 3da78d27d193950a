/*
 * S1 and S2 on what was seen: every pair of what caches may hold, for as long as they may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/bench.h"

static struct bench b;

static int
teardown(void **state)
{
	bench_clear(&b);
	return 0;
}

static int
setup(void **state)
{
	bench_init(&b, 2, 3); /* two members, all in step */
	return 0;
}

static int
index_of(enum view_place_kind kind, int provider)
{
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = b.view->d.place[i];
		if (p != NULL && p->kind == kind &&
		    (kind != PLACE_SERVER || view_place_provider(b.view, p) == provider))
			return i;
	}
	return -1;
}

static void
show(int place, enum view_type type, struct rset set, struct rset signers)
{
	struct view_answer a = {.place = place,
				.type = type,
				.status = MSIG_SEEN_SET,
				.set = set,
				.signers = signers,
				.ttl = 10,
				.time = ++b.now};
	view_on_answer(b.view, &a);
}

static struct rset
one(int id)
{
	struct rset s = RSET_NONE;
	rset_add(&s, id);
	return s;
}

static struct rset
all(void)
{
	return rset_or(b.own[0], b.own[1]);
}

static void
test_good_as_it_is(void **state)
{
	assert_true(safety_now(b.view, b.now).ok);
}

static void
test_keys_may_grow(void **state)
{
	assert_true(safety_keys(b.view, rset_or(all(), b.own[2]), b.now).ok);
}

static void
test_key_that_signs_may_not_go(void **state)
{
	/* S2: what provider 2 signs must verify with what we show. */
	struct rset less = all();
	rset_del(&less, b.zsk[1]);
	struct safety s = safety_keys(b.view, less, b.now);
	assert_false(s.ok);
	assert_int_equal(s.object, REASON_OF_S2);
	assert_int_equal(s.until, VIEW_NEVER);
}

static void
test_key_goes_when_caches_forgot(void **state)
{
	struct rset less = all();
	int place = index_of(PLACE_SERVER, 1);
	rset_del(&less, b.zsk[1]);
	rset_add(&b.own[1], b.zsk[2]);
	show(place, VIEW_SOA, RSET_NONE, one(b.ksk[1])); /* it signs with another key now */
	struct safety s = safety_keys(b.view, less, b.now);
	assert_false(s.ok);
	int64_t end = b.now + 10000 + view_times_lab.d;
	assert_int_equal(s.until, end);
	assert_false(safety_keys(b.view, less, end - 1).ok);
	assert_true(safety_keys(b.view, less, end).ok);
}

/* Whoever signs the SOA signs all else: what has the largest TTL is cached longest. */
static void
test_signatures_of_all(void **state)
{
	struct rset less = all();
	int place = index_of(PLACE_SERVER, 1);
	rset_del(&less, b.zsk[1]);
	show(place, VIEW_SOA, RSET_NONE, one(b.ksk[1]));
	int64_t end = b.now + 10000 + view_times_lab.d, late = b.now + 100000 + view_times_lab.d;
	view_on_followed(b.view, 100);
	assert_false(safety_keys(b.view, less, end).ok);
	assert_int_equal(safety_keys(b.view, less, end).until, late);
	assert_true(safety_keys(b.view, less, late).ok);
	view_on_followed(b.view, 1); /* the SOA itself is there, too */
	assert_int_equal(safety_keys(b.view, less, end - 1).until, end);
	/* A DNSKEY set has its own. */
	view_on_followed(b.view, 100);
	show(place, VIEW_DNSKEY, b.own[1], one(b.ksk[1]));
	show(place, VIEW_DNSKEY, all(), one(b.ksk[1]));
	end = b.now + 10000 + view_times_lab.d;
	assert_int_equal(safety_signing(b.view, one(b.zsk[0]), b.now).until, end);
}

static void
test_own_ksk_may_not_go(void **state)
{
	struct rset less = all();
	rset_del(&less, b.ksk[0]);
	struct safety s = safety_keys(b.view, less, b.now);
	assert_false(s.ok);
	assert_int_equal(s.object, REASON_OF_S1);
}

static void
test_ds(void **state)
{
	struct rset both = rset_or(one(b.ksk[0]), one(b.ksk[1]));
	assert_true(safety_ds(b.view, both, b.now).ok);
	assert_true(safety_ds(b.view, rset_or(both, one(b.ksk[2])), b.now).ok);
	struct safety s = safety_ds(b.view, one(b.ksk[0]), b.now);
	assert_false(s.ok);
	assert_int_equal(s.object, REASON_OF_S1);
}

static void
test_ds_needs_the_signature(void **state)
{
	/* The key is in the set, but did not sign it. */
	show(index_of(PLACE_SERVER, 1), VIEW_DNSKEY, all(), one(b.zsk[1]));
	assert_false(safety_ds(b.view, rset_or(one(b.ksk[0]), one(b.ksk[1])), b.now).ok);
}

static void
test_naming(void **state)
{
	/* One member; the other is not delegated yet. */
	bench_clear(&b);
	bench_init(&b, 2, 1);
	struct safety s = safety_naming(b.view, one(b.ns[1]), b.now);
	assert_false(s.ok);
	int a = index_of(PLACE_SERVER, 0), j = index_of(PLACE_SERVER, 1);
	int parent = index_of(PLACE_PARENT, -1);
	struct rset ds =
	    rset_or(b.parent.set[VIEW_DS], one(rpool_of_key(&b.view->d.pool, b.ksk[1], 43)));
	show(a, VIEW_DNSKEY, all(), one(b.ksk[0]));
	show(j, VIEW_DNSKEY, all(), one(b.ksk[1]));
	show(a, VIEW_CDS, rset_or(b.cds[0], b.cds[1]), RSET_NONE);
	show(parent, VIEW_DS, ds, RSET_NONE);
	int64_t gone = b.now; /* the old DS, which has the largest TTL here: 20 s */
	/* All is there, but caches hold what was before. */
	s = safety_naming(b.view, one(b.ns[1]), b.now);
	assert_false(s.ok);
	assert_true(s.until > b.now && s.until != VIEW_NEVER);
	b.now = gone + 20000 + view_times_lab.d - 7;
	show(a, VIEW_DNSKEY, all(), one(b.ksk[0]));
	show(a, VIEW_SOA, RSET_NONE, one(b.zsk[0]));
	show(j, VIEW_DNSKEY, all(), one(b.ksk[1]));
	show(j, VIEW_SOA, RSET_NONE, one(b.zsk[1]));
	show(parent, VIEW_DS, ds, RSET_NONE);
	b.now = gone + 20000 + view_times_lab.d;
	assert_false(safety_naming(b.view, one(b.ns[1]), b.now - 1).ok);
	assert_true(safety_naming(b.view, one(b.ns[1]), b.now).ok);
	show(a, VIEW_CDS, b.cds[0], RSET_NONE); /* DS without the newcomer are asked for */
	s = safety_naming(b.view, one(b.ns[1]), b.now);
	assert_true(s.unknown);
	assert_int_equal(s.object, REASON_OF_CDS);
	/* And may have been taken up, after they were taken back. */
	show(a, VIEW_CDS, RSET_NONE, RSET_NONE);
	int64_t end = b.now + 20000 + view_times_lab.d_parent;
	b.now += 1000;
	s = safety_naming(b.view, one(b.ns[1]), b.now);
	assert_true(s.unknown && s.until <= end && s.until > b.now);
	b.now = s.until;
	show(a, VIEW_DNSKEY, all(), one(b.ksk[0])); /* asked again */
	show(a, VIEW_SOA, RSET_NONE, one(b.zsk[0]));
	show(j, VIEW_DNSKEY, all(), one(b.ksk[1]));
	show(j, VIEW_SOA, RSET_NONE, one(b.zsk[1]));
	show(parent, VIEW_DS, ds, RSET_NONE);
	assert_true(safety_naming(b.view, one(b.ns[1]), b.now).ok);
}

/* What was seen long ago proves nothing: whoever was away does not know what the others did. */
static void
test_naming_needs_late_answers(void **state)
{
	static const struct {
		enum view_place_kind kind;
		int provider;
		enum view_type type;
	} needed[] = {{PLACE_PARENT, -1, VIEW_DS},
		      {PLACE_SERVER, 0, VIEW_DNSKEY},
		      {PLACE_SERVER, 0, VIEW_SOA},
		      {PLACE_SERVER, 1, VIEW_DNSKEY},
		      {PLACE_SERVER, 1, VIEW_SOA}};
	const struct view_times *t = &b.view->config.times;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		int place = index_of(needed[i].kind, needed[i].provider);
		int64_t *tried = &b.view->d.place[place]->history[needed[i].type].tried;
		int64_t was = *tried;
		assert_true(safety_naming(b.view, one(b.ns[1]), b.now).ok);
		*tried = b.now - t->ask_slow - t->fresh;
		assert_true(safety_naming(b.view, one(b.ns[1]), b.now).ok);
		*tried -= 1;
		assert_true(safety_naming(b.view, one(b.ns[1]), b.now).unknown);
		*tried = 0;
		assert_true(safety_naming(b.view, one(b.ns[1]), b.now).unknown);
		*tried = was;
	}
}

static void
test_naming_needs_answers(void **state)
{
	int place = index_of(PLACE_SERVER, 1);
	struct view_answer a = {.place = place, .type = VIEW_SOA, .time = b.now + 1};
	assert_true(safety_naming(b.view, one(b.ns[1]), b.now).ok);
	view_on_answer(b.view, &a); /* unknown */
	struct safety s = safety_naming(b.view, one(b.ns[1]), b.now);
	assert_false(s.ok);
	assert_true(s.unknown);
}

static void
test_unnamed_servers_do_not_count(void **state)
{
	bench_clear(&b);
	bench_init(&b, 2, 1);
	/* The joiner's set is signed by a key of no DS: nobody asks it yet. */
	assert_true(safety_now(b.view, b.now).ok);
	/* Named all the same (by the owner, say): bogus for those who get there. */
	show(index_of(PLACE_PARENT, -1), VIEW_NS, rset_or(one(b.ns[0]), one(b.ns[1])), RSET_NONE);
	safety_delegations(b.view, b.now);
	assert_false(safety_now(b.view, b.now).ok);
}

static void
test_named_until_caches_forget(void **state)
{
	struct view_place *p = b.view->d.place[index_of(PLACE_SERVER, 1)];
	assert_true(p->named != 0);
	show(index_of(PLACE_PARENT, -1), VIEW_NS, one(b.ns[0]), RSET_NONE);
	show(index_of(PLACE_SIGNER, 0), VIEW_NS, one(b.ns[0]), RSET_NONE);
	show(index_of(PLACE_SERVER, 0), VIEW_NS, one(b.ns[0]), RSET_NONE);
	/* It still names itself: that counts while somebody may come to it. */
	safety_delegations(b.view, b.now);
	show(index_of(PLACE_SERVER, 1), VIEW_NS, one(b.ns[0]), RSET_NONE);
	safety_delegations(b.view, b.now);
	assert_int_equal(p->named, 0);
	assert_true(safety_visible(p, b.now));
	assert_true(safety_visible(p, b.now + 19000));
	assert_false(safety_visible(p, b.now + 40000));
}

/* It names itself, so whoever asked it goes on to do so; that it was silent to us for a while, or
 * who else names it, is nothing to them. */
static void
test_kept_itself(void **state)
{
	struct view_place *p = b.view->d.place[index_of(PLACE_SERVER, 1)];
	struct view_answer silent = {.place = index_of(PLACE_SERVER, 1), .type = VIEW_NS};
	struct rset both = rset_or(one(b.ns[0]), one(b.ns[1]));

	b.view->d.hsync.entry[1].on = false; /* what it said last counts, while it is silent */
	b.view->listed = 1;
	show(index_of(PLACE_PARENT, -1), VIEW_NS, one(b.ns[0]), RSET_NONE);
	show(index_of(PLACE_SIGNER, 0), VIEW_NS, one(b.ns[0]), RSET_NONE);
	show(index_of(PLACE_SERVER, 0), VIEW_NS, one(b.ns[0]), RSET_NONE);
	safety_delegations(b.view, b.now);
	assert_true(p->named != 0);
	silent.time = ++b.now;
	view_on_answer(b.view, &silent);
	b.now += 10000 + view_times_lab.d;
	safety_delegations(b.view, b.now);
	assert_int_equal(p->named, 0);
	b.now = p->unnamed + 100000;
	safety_delegations(b.view, b.now);
	assert_int_equal(p->named, 0);
	/* Taken back: silence says nothing of it any more, however long it lasts. */
	struct view_place later = *p;
	b.view->listed = 3;
	safety_delegations(b.view, b.now);
	assert_true(p->named != 0);
	*p = later;
	b.view->d.provider[1].ready = false; /* it is dead */
	safety_delegations(b.view, b.now);
	assert_int_equal(p->named, 0);
	b.view->d.provider[1].ready = true;
	b.view->listed = 1;
	show(index_of(PLACE_SERVER, 1), VIEW_NS, both, one(b.zsk[1]));
	later = *p;
	safety_delegations(b.view, b.now);
	assert_true(p->named != 0);
	/* Not what names itself since then: nobody has come to it. */
	*p = later;
	p->history[VIEW_NS].at[p->history[VIEW_NS].count - 1].first = p->unnamed;
	safety_delegations(b.view, b.now);
	assert_int_equal(p->named, 0);
}

/* The same of an own server: our agent is there. */
static void
test_own_kept_itself(void **state)
{
	struct view_place *p = b.view->d.place[index_of(PLACE_SERVER, 0)];
	struct view_answer silent = {.place = index_of(PLACE_SERVER, 0), .type = VIEW_NS};

	silent.time = ++b.now;
	view_on_answer(b.view, &silent);
	p->named = 0;
	p->unnamed = b.now + 1;
	b.now += 100000;
	show(index_of(PLACE_PARENT, -1), VIEW_NS, one(b.ns[1]), RSET_NONE);
	show(index_of(PLACE_SIGNER, 0), VIEW_NS, one(b.ns[1]), RSET_NONE);
	show(index_of(PLACE_SERVER, 1), VIEW_NS, one(b.ns[1]), RSET_NONE);
	safety_delegations(b.view, b.now);
	assert_true(p->named != 0);
}

/* What a server gave out while it was named stays in caches for its own TTL after that. */
static void
test_remembered_for_its_ttl(void **state)
{
	struct view_place *p = b.view->d.place[index_of(PLACE_SERVER, 1)];
	struct rset less = all();

	for (int i = 0; i < VIEW_PLACES; i++)
		if (b.view->d.place[i] != NULL)
			show(i, VIEW_NS, one(b.ns[0]), RSET_NONE);
	safety_delegations(b.view, b.now);
	assert_int_equal(p->named, 0);
	int64_t end = p->unnamed;
	for (int i = 0; i < p->history[VIEW_SOA].count; i++)
		p->history[VIEW_SOA].at[i].ttl = 100;
	rset_del(&less, b.zsk[1]);
	assert_false(safety_visible(p, end + 1000));
	assert_true(safety_cached(b.view, p, end + 1000));
	struct safety s = safety_keys(b.view, less, end + 1000);
	assert_false(s.ok);
	assert_int_equal(s.until, end + 100000 + view_times_lab.d);
	assert_true(safety_keys(b.view, less, s.until).ok);
	assert_false(safety_cached(b.view, p, s.until));
}

/* A new database does not know whether its servers were named a moment ago. */
static void
test_named_before_we_knew(void **state)
{
	struct view_place *own = b.view->d.place[index_of(PLACE_SERVER, 0)];
	struct rset less = all();

	rset_del(&less, b.zsk[1]);
	for (int i = 0; i < VIEW_PLACES; i++)
		if (b.view->d.place[i] != NULL)
			show(i, VIEW_NS, one(b.ns[1]), RSET_NONE);
	own->named = own->unnamed = 0;
	own->history[VIEW_NS].count = 1; /* first seen just now */
	own->history[VIEW_NS].at[0] = (struct view_version){
	    .set = one(b.ns[1]), .ttl = 50, .first = b.now, .last = b.now, .until = VIEW_NEVER};
	assert_false(safety_keys(b.view, less, b.now + 49000).ok);
	assert_true(safety_keys(b.view, less, b.now + 60000).ok); /* not delegated */
	/* One that names itself keeps who asks it. */
	own->history[VIEW_NS].at[0].set = one(b.ns[0]);
	assert_false(safety_keys(b.view, less, b.now + 60000).ok);
}

/* Who has not seen all servers does not know whom it would leave without keys. */
static void
test_nobody_unseen(void **state)
{
	struct view_place *p = b.view->d.place[index_of(PLACE_SERVER, 1)];
	struct rset less = all();

	rset_del(&less, b.zsk[1]);
	show(index_of(PLACE_SERVER, 1), VIEW_SOA, RSET_NONE, one(b.ksk[1]));
	int64_t later = b.now + 100000;
	assert_true(safety_keys(b.view, less, later).ok);
	p->history[VIEW_SOA].count = 0;
	struct safety s = safety_keys(b.view, less, later);
	assert_true(s.unknown);
	assert_string_equal(s.place, p->server);
	p->history[VIEW_SOA].count = 1;
	rset_del(&b.view->looked_up, b.ns[1]);
	assert_true(safety_keys(b.view, less, later).unknown);
}

/* What a database remembers may be out of date: nothing goes before all have answered again. */
static void
test_nobody_unasked(void **state)
{
	static const struct {
		enum view_place_kind kind;
		int provider;
		enum view_type type;
	} needed[] = {{PLACE_PARENT, -1, VIEW_DS},
		      {PLACE_SERVER, 1, VIEW_DNSKEY},
		      {PLACE_SERVER, 1, VIEW_SOA}};
	struct rset less = all(), ksks = rset_or(one(b.ksk[0]), one(b.ksk[1]));

	rset_del(&less, b.zsk[1]);
	show(index_of(PLACE_SERVER, 1), VIEW_SOA, RSET_NONE, one(b.ksk[1]));
	int64_t later = b.now + 100000;
	assert_true(safety_keys(b.view, less, later).ok);
	assert_true(safety_ds(b.view, ksks, later).ok);
	assert_true(safety_signing(b.view, one(b.zsk[0]), later).ok);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		int place = index_of(needed[i].kind, needed[i].provider);
		int64_t *tried = &b.view->d.place[place]->history[needed[i].type].tried;
		int64_t was = *tried;
		*tried = 0;
		assert_true(safety_keys(b.view, less, later).unknown);
		assert_true(safety_ds(b.view, ksks, later).unknown);
		assert_true(safety_signing(b.view, one(b.zsk[0]), later).unknown);
		*tried = was;
	}
}

/* Nor before those are known whom a named server names: somebody may come to them from there. */
static void
test_nobody_unseen_behind(void **state)
{
	const char *server = "192.0.2.3@53";
	struct rset less = all(), both = rset_or(one(b.ns[0]), one(b.ns[1]));

	rset_del(&less, b.zsk[1]);
	show(index_of(PLACE_SERVER, 1), VIEW_SOA, RSET_NONE, one(b.ksk[1]));
	int64_t later = b.now + 100000;
	assert_true(safety_keys(b.view, less, later).ok);
	show(index_of(PLACE_SERVER, 1), VIEW_NS, rset_or(both, one(b.ns[2])), RSET_NONE);
	assert_true(safety_keys(b.view, less, later).unknown);
	view_on_addresses(b.view, b.ns[2], true, &server, 1, b.now);
	struct safety s = safety_keys(b.view, less, later);
	assert_true(s.unknown);
	assert_string_equal(s.place, server);
	int place = index_of(PLACE_SERVER, VIEW_STRANGER);
	show(place, VIEW_DNSKEY, less, one(b.ksk[0]));
	assert_true(safety_keys(b.view, less, later).unknown);
	show(place, VIEW_SOA, RSET_NONE, one(b.zsk[0]));
	assert_true(safety_keys(b.view, less, later).ok);
	/* What is named by nobody's server names nobody. */
	b.view->d.place[place]->history[VIEW_SOA].count = 0;
	assert_true(safety_keys(b.view, less, later).unknown);
	b.view->d.place[index_of(PLACE_SERVER, 1)]->named = 0;
	assert_true(safety_keys(b.view, less, later).ok);
}

/* What CDS ask the parent for may come at any time, and what they asked for a moment ago as well:
 * DNSKEY has to fit to that. */
static void
test_ds_that_may_come(void **state)
{
	int signer = index_of(PLACE_SIGNER, 0), own = index_of(PLACE_SERVER, 0);
	struct rset less = all(), more = rset_or(all(), one(b.ksk[2]));

	show(signer, VIEW_DNSKEY, more, rset_or(one(b.ksk[0]), one(b.ksk[2])));
	assert_true(safety_keys(b.view, less, b.now).ok);
	show(own, VIEW_CDS, b.cds[2], RSET_NONE);
	struct safety s = safety_keys(b.view, less, b.now);
	assert_true(s.unknown);
	assert_int_equal(s.object, REASON_OF_CDS);
	assert_int_equal(s.until, VIEW_NEVER);
	assert_string_equal(s.place, "192.0.2.1@53");
	assert_true(safety_keys(b.view, more, b.now).ok);
	show(own, VIEW_CDS, rset_or(b.cds[0], b.cds[2]), RSET_NONE); /* one of them is enough */
	int64_t end = b.now + 20000 + view_times_lab.d_parent;
	s = safety_keys(b.view, less, b.now);
	assert_true(s.unknown);
	assert_int_equal(s.until, end);
	assert_false(safety_keys(b.view, less, end - 1).ok);
	assert_true(safety_keys(b.view, less, end).ok);
	/* What has to be the signer's own key signs the set. */
	show(signer, VIEW_DNSKEY, more, one(b.ksk[0]));
	assert_true(safety_keys(b.view, less, b.now).ok);
}

/* S3: a server whose DNSKEY has an algorithm that not everybody signs with is not named. */
static void
test_naming_and_algorithms(void **state)
{
	uint8_t rdata[36] = {1, 0, 3, 8, 99};
	struct rset more = rset_or(all(), one(view_rr(b.view, VIEW_DNSKEY, rdata, 36)));

	assert_true(safety_naming(b.view, one(b.ns[1]), b.now).ok);
	show(index_of(PLACE_SERVER, 1), VIEW_DNSKEY, more, one(b.ksk[1]));
	struct safety s = safety_naming(b.view, one(b.ns[1]), b.now);
	assert_false(s.ok);
	assert_int_equal(s.object, REASON_OF_SIGNATURE);
}

static void
test_too_many_versions(void **state)
{
	int place = index_of(PLACE_SERVER, 1);
	for (int i = 0; i < VIEW_VERSIONS + 3; i++) {
		uint8_t rdata[36] = {1, 0, 3, 15, 99, (uint8_t)i};
		struct rset set = rset_or(all(), one(view_rr(b.view, VIEW_DNSKEY, rdata, 36)));
		show(place, VIEW_DNSKEY, set, one(b.ksk[1]));
	}
	struct safety s = safety_ds(b.view, rset_or(one(b.ksk[0]), one(b.ksk[1])), b.now);
	assert_false(s.ok);
	assert_true(s.until > b.now);
	assert_true(safety_ds(b.view, rset_or(one(b.ksk[0]), one(b.ksk[1])), s.until).ok);
}

/* Every place that fits, each with as many versions as fit: still judged within bounds. */
static void
test_as_much_as_fits(void **state)
{
	char text[VIEW_PLACES][VIEW_SERVER];
	const char *server[VIEW_PLACES];
	for (int i = 0; i < VIEW_PLACES - 4; i++) {
		snprintf(text[i], sizeof(text[i]), "203.0.113.%d@53", i);
		server[i] = text[i];
	}
	view_on_addresses(b.view, b.ns[1], true, server, VIEW_PLACES - 4, b.now);
	for (int p = 0; p < VIEW_PLACES; p++)
		for (int i = 0; i < VIEW_VERSIONS && b.view->d.place[p] != NULL; i++) {
			show(p, VIEW_DNSKEY, rset_or(all(), one(100 + i)), one(b.ksk[1]));
			show(p, VIEW_SOA, RSET_NONE, one(100 + i));
			show(p, VIEW_DS, one(i), RSET_NONE);
		}
	safety_delegations(b.view, b.now);
	assert_false(safety_naming(b.view, one(b.ns[1]), b.now).ok);
	assert_false(safety_now(b.view, b.now).ok);
}

static void
test_insecure_is_not_bogus(void **state)
{
	struct view_answer a = {.place = index_of(PLACE_PARENT, -1),
				.type = VIEW_DS,
				.status = MSIG_SEEN_ABSENT,
				.ttl = 10,
				.time = b.now + 1};
	view_on_answer(b.view, &a);
	assert_true(safety_now(b.view, b.now + 100000).ok);
}

/* Nobody had looked before a DNSKEY RRset was there: another one may have been before it, with that
 * algorithm, and be cached yet. What followed one that was watched says what was there. */
static void
test_algorithm_unwatched(void **state)
{
	int place = index_of(PLACE_SERVER, 1);
	int64_t ttl = 10000 + view_times_lab.d, begun = b.now;

	assert_true(safety_algorithm_cached(b.view, 15, b.now + 10 * ttl));
	assert_true(safety_algorithm_cached(b.view, 8, begun)); /* it was the first one */
	assert_false(safety_algorithm_cached(b.view, 8, begun + ttl));
	b.now = begun + 2 * ttl;
	show(place, VIEW_DNSKEY, all(), one(b.ksk[1]));
	b.now += view_times_lab.ask_slow + view_times_lab.fresh - 1;
	show(place, VIEW_DNSKEY, rset_or(all(), one(b.ksk[2])), one(b.ksk[1]));
	assert_false(safety_algorithm_cached(b.view, 8, b.now));
	b.now += view_times_lab.ask_slow + view_times_lab.fresh;
	show(place, VIEW_DNSKEY, all(), one(b.ksk[1]));
	int64_t end = b.now + ttl;
	assert_true(safety_algorithm_cached(b.view, 8, end - 1));
	assert_false(safety_algorithm_cached(b.view, 8, end));
	show(place, VIEW_DNSKEY, rset_or(all(), one(b.ksk[2])), one(b.ksk[1])); /* and it went */
	assert_true(safety_algorithm_cached(b.view, 8, end - 1));
	assert_false(safety_algorithm_cached(b.view, 8, end));
	b.view->d.place[place]->history[VIEW_DNSKEY].at[1].ttl = 20; /* or it had a larger TTL */
	assert_true(safety_algorithm_cached(b.view, 8, end));
	assert_false(safety_algorithm_cached(b.view, 8, end + 10000));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_good_as_it_is),
	    T(test_keys_may_grow),
	    T(test_key_that_signs_may_not_go),
	    T(test_key_goes_when_caches_forgot),
	    T(test_signatures_of_all),
	    T(test_own_ksk_may_not_go),
	    T(test_ds),
	    T(test_ds_needs_the_signature),
	    T(test_naming),
	    T(test_naming_needs_answers),
	    T(test_naming_needs_late_answers),
	    T(test_unnamed_servers_do_not_count),
	    T(test_named_until_caches_forget),
	    T(test_kept_itself),
	    T(test_own_kept_itself),
	    T(test_remembered_for_its_ttl),
	    T(test_named_before_we_knew),
	    T(test_nobody_unseen),
	    T(test_nobody_unasked),
	    T(test_nobody_unseen_behind),
	    T(test_ds_that_may_come),
	    T(test_naming_and_algorithms),
	    T(test_algorithm_unwatched),
	    T(test_too_many_versions),
	    T(test_as_much_as_fits),
	    T(test_insecure_is_not_bogus),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
