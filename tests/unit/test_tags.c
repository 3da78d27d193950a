/*
 * Keys under one tag: every clash that there is, between whosever keys, is a reason that names them
 * and which of them go; and a key is never taken for another one of its tag.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/tags.h"
#include "libmsig/key.h"
#include "tests/unit/scene.h"

#define ZSK MSIG_DNSKEY_ZONE
#define KSK (MSIG_DNSKEY_ZONE | MSIG_DNSKEY_SEP)

/* Another key with the tag of this one: a tag is a sum, so a word of the key goes elsewhere, and
 * what differs in the flags is taken from it. */
static int
twin(int key, uint16_t flags, int place)
{
	const struct rr *rr = &b.view->d.pool.at[key];
	uint8_t rdata[36];

	assert_int_equal(rr->rdata->len, sizeof(rdata));
	memcpy(rdata, rr->rdata->data, sizeof(rdata));
	int word = (rdata[4] << 8 | rdata[5]) + rr->flags - flags;
	rdata[0] = (uint8_t)(flags >> 8);
	rdata[1] = (uint8_t)flags;
	rdata[4] = rdata[5] = 0;
	rdata[6 + 2 * place] = (uint8_t)(word >> 8);
	rdata[7 + 2 * place] = (uint8_t)word;
	int id = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	assert_true(id >= 0 && id != key);
	assert_int_equal(b.view->d.pool.at[id].tag, rr->tag);
	return id;
}

/* It is in DNSKEY of a provider, and so everywhere. */
static void
show(int provider, int key)
{
	rset_add(&b.own[provider], key);
	bench_serve(&b, run()->kind == 0 ? agree_members(b.view) : 1);
	if (provider == VIEW_SELF) {
		rset_add(&b.view->d.own, key);
	} else {
		struct view_statement st = peer(provider)->statement;
		rset_add(&st.dnskey, key);
		restate(provider, st);
	}
	bench_run(&b, 5000);
}

static void
hide(int provider, int key)
{
	struct view_statement st = peer(provider)->statement;

	rset_del(&st.dnskey, key);
	restate(provider, st);
	rset_del(&b.own[provider], key);
	bench_serve(&b, agree_members(b.view));
	bench_run(&b, 5000);
}

/* The reasons about tags: there are so many, and the one with the tag of this key. */
static const struct reason *
named(int key, int many)
{
	const struct reason *found = NULL;
	char place[32];
	int count = 0;

	snprintf(place, sizeof(place), "tag %u", b.view->d.pool.at[key].tag);
	for (int i = 0; i < b.view->reasons; i++) {
		const struct reason *r = &b.view->reason[i];
		if (r->class != REASON_BLOCKED || r->object != REASON_OF_KEYTAG)
			continue;
		count++;
		found = strcmp(r->place, place) == 0 ? r : found;
	}
	assert_int_equal(count, many);
	return found;
}

static void
says(int key, const char *expected, const char *seen, const char *todo)
{
	const struct reason *r = named(key, 1);

	assert_non_null(r);
	assert_string_equal(r->expected, expected);
	assert_string_equal(r->seen, seen);
	assert_string_equal(r->todo, todo);
}

/* At rest, once, and gone with the key. */
static void
test_own_and_foreign(void **state)
{
	assert_null(named(b.zsk[0], 0));
	bench_forget(&b);
	int key = twin(b.zsk[0], ZSK, 1);
	show(1, key);
	says(b.zsk[0], "one key, not 2", "zsk of msa.p1., zsk of msa.p2.",
	     "at msa.p2.: msigctl roll shop.example. zsk");
	assert_int_equal(b.alarms, 1);
	assert_non_null(strstr(b.alarm, "zsk of msa.p1., zsk of msa.p2."));
	bench_run(&b, 100000);
	assert_int_equal(b.alarms, 1);
	bench_restart(&b);
	bench_run(&b, 5000);
	assert_non_null(named(b.zsk[0], 1));
	hide(1, key);
	assert_null(named(b.zsk[0], 0));
}

static void
test_own_and_own(void **state)
{
	show(VIEW_SELF, twin(b.ksk[0], ZSK, 1));
	says(b.ksk[0], "one key, not 2", "ksk of msa.p1., zsk of msa.p1.",
	     "here: the signer itself rolls its zsk"); /* it has no driver */
	b.view->config.driver = b.view->store_known = true;
	bench_decide(&b);
	assert_string_equal(named(b.ksk[0], 1)->todo, "here: msigctl roll shop.example. zsk");
}

static void
test_foreign_and_foreign(void **state)
{
	/* Neither of them is ours: whoever is asked names the same one. */
	show(2, twin(b.ksk[1], KSK, 1));
	says(b.ksk[1], "one key, not 2", "ksk of msa.p2., ksk of msa.p3.",
	     "at msa.p3.: msigctl roll shop.example. ksk");
}

/* Two keys of one that is not us. */
static void
test_foreign_alone(void **state)
{
	show(1, twin(b.zsk[1], ZSK, 1));
	says(b.zsk[1], "one key, not 2", "zsk of msa.p2., zsk of msa.p2.",
	     "at msa.p2.: msigctl roll shop.example. zsk");
}

/* The third one is an alarm again: what is to be done is more. */
static void
test_three(void **state)
{
	bench_forget(&b);
	show(1, twin(b.zsk[0], ZSK, 1));
	assert_int_equal(b.alarms, 1);
	show(2, twin(b.zsk[0], KSK, 2));
	says(b.zsk[0], "one key, not 3", "zsk of msa.p1., zsk of msa.p2., ksk of msa.p3.",
	     "here: the signer itself rolls its zsk; at msa.p2.: msigctl roll shop.example. zsk");
	assert_int_equal(b.alarms, 2);
	show(2, twin(b.zsk[0], ZSK, 3));
	assert_string_equal(named(b.zsk[0], 1)->expected, "one key, not 4");
}

/* Of two clashes each is named. */
static void
test_two_clashes(void **state)
{
	show(1, twin(b.zsk[0], ZSK, 1));
	show(2, twin(b.ksk[1], KSK, 1));
	assert_string_equal(named(b.zsk[0], 2)->seen, "zsk of msa.p1., zsk of msa.p2.");
	assert_string_equal(named(b.ksk[1], 2)->seen, "ksk of msa.p2., ksk of msa.p3.");
}

/* More than there is room for are counted. */
static void
test_many(void **state)
{
	struct rset clash[TAGS_CLASHES];
	struct view_statement st = peer(1)->statement;
	uint8_t rdata[36] = {1, 0, 3, 15, 0, 1};
	const int many = TAGS_CLASHES + 2;

	for (int i = 0; i < many; i++) {
		rdata[4] = (uint8_t)(100 + i);
		int key = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
		rset_add(&st.dnskey, key);
		rset_add(&st.dnskey, twin(key, ZSK, 1));
	}
	peer(1)->statement = st;
	assert_int_equal(tags_clashes(b.view, b.view->d.own, clash), many);
	for (int i = 0; i < TAGS_CLASHES; i++)
		assert_int_equal(rset_count(clash[i]), 2);
}

/* The tag that a key would have once it is revoked counts as well. */
static void
test_revoked(void **state)
{
	uint8_t rdata[36];

	memcpy(rdata, b.view->d.pool.at[b.ksk[0]].rdata->data, sizeof(rdata));
	rdata[1] |= 0x80;
	show(1, view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata)));
	assert_string_equal(named(b.ksk[0], 1)->expected, "one key, not 2");
}

/* Who is out, and is not to come in, troubles nobody. */
static void
test_outside(void **state)
{
	struct rset clash[TAGS_CLASHES];

	rset_add(&peer(1)->statement.dnskey, twin(b.zsk[0], ZSK, 1));
	assert_int_equal(tags_clashes(b.view, b.view->d.own, clash), 1); /* it is to join */
	b.view->designated = BIT(VIEW_SELF);
	assert_int_equal(tags_clashes(b.view, b.view->d.own, clash), 0);
	peer(1)->has = HAS_KEYS;
	assert_int_equal(tags_clashes(b.view, b.view->d.own, clash), 1);
}

static const char *
todo_of_one(void)
{
	static char buf[REASON_TEXT];
	struct rset clash[TAGS_CLASHES];

	assert_int_equal(tags_clashes(b.view, b.view->d.own, clash), 1);
	return tags_todo(b.view, b.view->d.own, &clash[0], buf, sizeof(buf));
}

/* What a joiner has is replaced without a rollover, so it is its key that goes, whatever it is for;
 * as long as it is not sure that nothing of it is in, it rolls as any other. */
static void
test_joiner_goes(void **state)
{
	const char *in = "here: the signer itself rolls its zsk";
	struct durable *d = &b.view->d;

	rset_add(&peer(1)->statement.dnskey, twin(b.zsk[0], KSK, 1));
	assert_string_equal(
	    todo_of_one(),
	    "at msa.p2.: its signer gets another ksk, as nothing of it is in the zone");
	bool *const doubts[] = {&peer(1)->member, &d->rebuild};
	for (size_t i = 0; i < 2; i++) {
		*doubts[i] = true;
		assert_string_equal(todo_of_one(), in);
		*doubts[i] = false;
	}
	bool *const sure[] = {&d->begun, &b.view->parent_known};
	for (size_t i = 0; i < 2; i++) {
		*sure[i] = false;
		assert_string_equal(todo_of_one(), in);
		*sure[i] = true;
	}
	peer(1)->has = HAS_NS;
	assert_string_equal(todo_of_one(), in);
}

/* Our own trouble us also while nobody knows of them. */
static void
test_own_outside(void **state)
{
	struct rset clash[TAGS_CLASHES];

	b.view->designated = BIT(1);
	peer(VIEW_SELF)->member = false;
	peer(VIEW_SELF)->has = 0;
	rset_add(&b.view->d.own, twin(b.zsk[0], ZSK, 1));
	assert_false(agree_concerns(b.view, VIEW_SELF));
	assert_int_equal(tags_clashes(b.view, b.view->d.own, clash), 1);
}

/* What runs goes on, whatever clashes: a leave is what may take it away. */
static void
test_goes_on(void **state)
{
	show(1, twin(b.zsk[0], ZSK, 1));
	assert_int_equal(run()->kind, 0);
	owner(1, false, true);
	bench_run(&b, 10000);
	assert_int_equal(run()->kind, MSIG_PROCESS_REMOVE);
	assert_true(run()->executed);
	assert_non_null(named(b.zsk[0], 1));
	assert_int_equal(b.view->reason[0].object, REASON_OF_KEYTAG); /* a person is needed */
	assert_true(b.view->reasons > 1);
}

/* ---- a rollover takes away what clashes, and brings no other clash ---- */

static uint16_t
asked(uint8_t kind, uint8_t step)
{
	bench_forget(&b);
	say(1, MSIG_OP_REQUEST, kind, step, 1, 0);
	const struct view_message *no = bench_sent(&b, 1, MSIG_OP_DENY);
	return no != NULL ? no->result : 0;
}

static void
test_rolled_away(void **state)
{
	static const struct {
		uint8_t kind;
		uint16_t flags;
	} rows[] = {{MSIG_PROCESS_ZSK, ZSK}, {MSIG_PROCESS_KSK, KSK}};

	for (size_t i = 0; i < 2; i++) {
		int *of = rows[i].kind == MSIG_PROCESS_ZSK ? b.zsk : b.ksk;
		/* What clashes is used: the rollover may begin, and go on. */
		int old = of[1];
		rset_add(&b.own[0], twin(old, rows[i].flags, 1));
		b.view->d.own = b.own[0];
		bench_serve(&b, 3);
		bench_run(&b, 5000);
		assert_non_null(named(old, 1));
		assert_int_equal(asked(rows[i].kind, 0), 0);
		EXPECT(1, APPROVE);
		in_the_middle(rows[i].kind, 1, 1, 0, PHASE_DONE, 3);
		assert_int_equal(asked(rows[i].kind, 1), 0);
		EXPECT(1, APPROVE);
		/* A new one that clashes is refused, whatever there was before. */
		in_the_middle(rows[i].kind, 1, 1, 0, PHASE_DONE, 3);
		struct view_statement st = peer(1)->statement;
		rset_add(&st.dnskey, twin(of[0], rows[i].flags, 2));
		restate(1, st);
		assert_int_equal(asked(rows[i].kind, 1), MSIG_RESULT_KEYTAG);
		bench_clear(&b);
		bench_init(&b, 2, 3);
	}
}

/* ---- two KSKs under one tag, at different providers ---- */

static void
set_keys(struct view_statement *st, int provider)
{
	st->dnskey = b.own[provider];
	st->cds = b.cds[provider];
	st->cdnskey = b.cdnskey[provider];
}

/* The KSK of the second one gets the tag of ours. */
static void
same_tag(void)
{
	int key = twin(b.ksk[0], KSK, 1);
	struct view_statement st = peer(1)->statement;

	b.ksk[1] = key;
	b.own[1] = rset_or(only(key), only(b.zsk[1]));
	b.cds[1] = only(rpool_of_key(&b.view->d.pool, key, 59));
	b.cdnskey[1] = only(rpool_of_key(&b.view->d.pool, key, 60));
	set_keys(&st, 1);
	restate(1, st);
}

/* What one of two records of one tag stands for is the whole key. */
static void
test_ksks_are_whole(void **state)
{
	static const uint16_t types[] = {43, 59, 60};
	struct rpool *pool = &b.view->d.pool;

	same_tag();
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int ours = rpool_of_key(pool, b.ksk[0], types[i]);
		int theirs = rpool_of_key(pool, b.ksk[1], types[i]);
		assert_int_not_equal(ours, theirs);
		assert_int_equal(pool->at[ours].tag, pool->at[theirs].tag);
		assert_true(rset_equal(rpool_keys(pool, only(ours)), only(b.ksk[0])));
		assert_true(rset_equal(rpool_keys(pool, only(theirs)), only(b.ksk[1])));
	}
}

/* The join of such a key is refused, and the one who asks hears why. */
static void
test_ksk_is_refused(void **state)
{
	same_tag();
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	const struct view_message *m = bench_sent(&b, 1, MSIG_OP_DENY);
	char text[64];
	snprintf(text, sizeof(text), "two keys with tag %u", b.view->d.pool.at[b.ksk[0]].tag);
	assert_non_null(m);
	assert_int_equal(m->result, MSIG_RESULT_KEYTAG);
	assert_string_equal(m->text, text);
	EXPECT_NOT(1, APPROVE);
	assert_int_equal(run()->kind, 0);
}

/* A clash that all members show is there, and keeps nothing from beginning; one that is to come
 * does. Whoever is out, and is to stay out, is nobody's affair. */
static void
test_clash_that_is_there(void **state)
{
	static const uint8_t kinds[] = {MSIG_PROCESS_ADD, MSIG_PROCESS_KSK, MSIG_PROCESS_ALGORITHM};
	struct view_statement st;
	int other;

	same_tag();
	bench_run(&b, 5000);
	rest();
	for (int shown = 0; shown < 2; shown++) {
		st = peer(1)->statement; /* nor do its CDS name that key */
		st.cds = st.cdnskey = RSET_NONE;
		restate(1, st);
		for (size_t k = 0; k < sizeof(kinds); k++)
			assert_int_equal(agree_keytag_barrier(b.view, kinds[k], 1, 15, &other) >= 0,
					 !shown);
		bench_serve(&b, 3);
		bench_run(&b, 30000);
		rest();
	}
	b.server[1].set[VIEW_DNSKEY] = only(b.zsk[1]);
	bench_run(&b, 10000);
	assert_true(agree_keytag_barrier(b.view, MSIG_PROCESS_ADD, 1, 0, &other) >= 0);
	b.view->designated = BIT(VIEW_SELF);
	peer(1)->has = 0;
	peer(1)->member = false;
	assert_int_equal(agree_keytag_collision(b.view, &other), -1);
}

/* That of a joiner is not there yet, wherever it shows. */
static void
test_clash_of_a_joiner_at_home(void **state)
{
	int other;

	same_tag();
	b.view->d.paused = true;
	b.server[1].set[VIEW_DNSKEY] = b.own[1];
	b.server[1].signers[VIEW_DNSKEY] = only(b.ksk[1]);
	bench_run(&b, 10000);
	rest();
	for (uint8_t share = 0; share < 2; share++) {
		b.view->d.share = share == 0 ? MSIG_SHARE_ALL : MSIG_SHARE_ZSK;
		assert_true(agree_keytag_barrier(b.view, MSIG_PROCESS_ADD, 1, 0, &other) >= 0);
	}
}

/* A KSK that is shown nowhere but at home is there once it shows there. */
static void
test_clash_of_ksks_at_home(void **state)
{
	static const struct {
		const char *what;
		uint8_t share;
		bool ours, theirs, clash;
	} cases[] = {
	    {"each shows its own", MSIG_SHARE_ZSK, true, true, false},
	    {"all are to show them", MSIG_SHARE_ALL, true, true, true},
	    {"ours is to come", MSIG_SHARE_ZSK, false, true, true},
	    {"theirs is to come", MSIG_SHARE_ZSK, true, false, true},
	};
	struct rset zsks = rset_or(only(b.zsk[0]), only(b.zsk[1]));
	int other;

	same_tag();
	b.view->d.paused = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bench_serve(&b, 3);
		b.server[0].set[VIEW_DNSKEY] = b.server[1].set[VIEW_DNSKEY] = zsks;
		if (cases[i].ours)
			rset_add(&b.server[0].set[VIEW_DNSKEY], b.ksk[0]);
		if (cases[i].theirs)
			rset_add(&b.server[1].set[VIEW_DNSKEY], b.ksk[1]);
		b.signer.set[VIEW_DNSKEY] = b.server[0].set[VIEW_DNSKEY];
		bench_run(&b, 10000);
		rest();
		b.view->d.share = cases[i].share;
		int key = agree_keytag_barrier(b.view, MSIG_PROCESS_ADD, 1, 0, &other);
		if ((key >= 0) != cases[i].clash)
			fail_msg("%s", cases[i].what);
	}
	/* A ZSK is everybody's. */
	struct view_statement st = peer(1)->statement;
	int zsk = twin(b.zsk[0], ZSK, 1);
	rset_add(&st.dnskey, zsk);
	restate(1, st);
	rset_add(&b.server[1].set[VIEW_DNSKEY], b.ksk[1]);
	rset_add(&b.server[1].set[VIEW_DNSKEY], zsk);
	bench_run(&b, 10000);
	rest();
	b.view->d.share = MSIG_SHARE_ZSK;
	assert_true(agree_keytag_barrier(b.view, MSIG_PROCESS_ADD, 1, 0, &other) >= 0);
}

/* Among members, where it happened all the same: the DS of one is not that of the other one. */
static void
test_ds_of_the_other(void **state)
{
	struct reason why;

	same_tag();
	bench_serve(&b, 3);
	bench_run(&b, 30000);
	const struct view_contribution *theirs = &b.view->d.want.from[1];
	assert_true(rset_equal(theirs->cds, b.cds[1]));
	assert_true(rset_equal(theirs->cdnskey, b.cdnskey[1]));
	assert_true(rset_equal(peer(VIEW_SELF)->statement.cds, b.cds[0]));

	b.parent.set[VIEW_DS] = ds(0);
	bench_run(&b, 5000);
	assert_false(check(COND_DS, &why));
	b.parent.set[VIEW_DS] = ds(1);
	bench_run(&b, 5000);
	assert_false(check(COND_DS, &why));
	b.parent.set[VIEW_DS] = rset_or(ds(0), ds(1));
	bench_run(&b, 5000);
	assert_true(check(COND_DS, &why));
}

/* A DS with the tag of our key, and of a key that nobody has, is not known by its tag. */
static void
test_ds_of_nobody(void **state)
{
	struct reason why;
	const struct rr *ours = &b.view->d.pool.at[rpool_of_key(&b.view->d.pool, b.ksk[0], 43)];
	uint8_t rdata[36];

	assert_int_equal(ours->rdata->len, sizeof(rdata));
	memcpy(rdata, ours->rdata->data, sizeof(rdata));
	rdata[35] ^= 1;
	assert_true(check(COND_DS_KNOWN, &why));
	rset_add(&b.parent.set[VIEW_DS], view_rr(b.view, VIEW_DS, rdata, sizeof(rdata)));
	bench_run(&b, 5000);
	assert_false(check(COND_DS_KNOWN, &why));
	assert_int_equal(why.object, REASON_OF_DS);
}

/* Who is to join shows no keys of members beforehand while one has a tag of its own. */
static void
test_not_shown_beforehand(void **state)
{
	struct view_statement st = peer(1)->statement;

	for (int clash = 0; clash < 2; clash++) {
		if (clash)
			rset_add(&st.dnskey, twin(b.zsk[0], ZSK, 1));
		restate(1, st);
		bench_run(&b, 60 * SECOND); /* nobody takes its servers for named from before */
		assert_int_equal(rset_empty(b.view->d.want.from[1].dnskey), clash);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(two, test_own_and_foreign),
	    IN(two, test_own_and_own),
	    IN(three, test_foreign_and_foreign),
	    IN(two, test_foreign_alone),
	    IN(three, test_three),
	    IN(three, test_two_clashes),
	    IN(two, test_many),
	    IN(two, test_revoked),
	    IN(member, test_outside),
	    IN(member, test_own_outside),
	    IN(member, test_joiner_goes),
	    IN(two, test_goes_on),
	    IN(two, test_rolled_away),
	    IN(two, test_ksks_are_whole),
	    IN(member, test_ksk_is_refused),
	    IN(two, test_clash_that_is_there),
	    IN(two, test_clash_of_ksks_at_home),
	    IN(member, test_clash_of_a_joiner_at_home),
	    IN(two, test_ds_of_the_other),
	    IN(two, test_ds_of_nobody),
	    IN(joiner, test_not_shown_beforehand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
