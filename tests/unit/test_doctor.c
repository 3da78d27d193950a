/*
 * Is the own signer fit for a group: a group of two that is well, and one thing made wrong at a
 * time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/doctor.h"
#include "libmsig/key.h"
#include "tests/unit/bench.h"

#define HOUR (INT64_C(3600) * 1000)
#define ROWS(x) (sizeof(x) / sizeof((x)[0]))

static struct bench b;
static struct doctor_facts facts;
static struct doctor_report report;

static void
set_up(uint32_t members)
{
	bench_init(&b, 2, members);
	bench_run(&b, 60000);
	facts = (struct doctor_facts){
	    .now = b.now,
	    .followed = true,
	    .trouble = "",
	    .expires = b.now + 200 * HOUR,
	    .max_ttl = 3600,
	    .served = true,
	    .same = true,
	    .versions = 3,
	    .announcements = 3,
	};
}

static int
teardown(void **state)
{
	bench_clear(&b);
	return 0;
}

static const struct doctor_finding *
find(enum doctor_check check)
{
	for (int i = 0; i < report.count; i++)
		if (report.finding[i].check == check)
			return &report.finding[i];
	return NULL;
}

static void
examine(void)
{
	facts.now = b.now;
	doctor_examine(b.view, &facts, &report);
}

static struct view_place *
place(enum view_place_kind kind, const char *server)
{
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = b.view->d.place[i];
		if (p != NULL && p->kind == kind &&
		    (server == NULL || strcmp(p->server, server) == 0))
			return p;
	}
	return NULL;
}

static void
must(enum doctor_check check, enum doctor_state state, const char *text)
{
	const struct doctor_finding *f = find(check);

	if (f == NULL)
		fail_msg("%s: not found", doctor_name(check));
	if (f->state != state || strstr(f->text, text) == NULL)
		fail_msg("%s: %s, %s", doctor_name(check), doctor_state_name(f->state), f->text);
}

static void
test_well(void **state)
{
	set_up(3);
	examine();
	for (int i = 0; i < report.count; i++)
		if (report.finding[i].state != DOCTOR_PASS)
			fail_msg("%s: %s", doctor_name(report.finding[i].check),
				 report.finding[i].text);
	assert_true(doctor_good(&report));
	must(DOCTOR_FOREIGN_DNSKEY, DOCTOR_PASS, "all 2 DNSKEY");
	assert_null(find(DOCTOR_FOREIGN)); /* it was seen */
	assert_true(rset_equal(report.own, b.own[0]));
	assert_int_equal(report.algorithm, 15);
	assert_int_equal(report.dnskey_ttl, 10);
}

/* One thing is wrong; time passes; what is said of it. */
static void
no_dnskey(void)
{
	b.signer.set[VIEW_DNSKEY] = b.own[0];
}

static void
no_cds(void)
{
	b.signer.set[VIEW_CDS] = b.cds[0];
}

static void
no_cdnskey(void)
{
	b.signer.set[VIEW_CDNSKEY] = b.cdnskey[0];
}

static void
no_ns(void)
{
	b.signer.set[VIEW_NS] = RSET_NONE;
	rset_add(&b.signer.set[VIEW_NS], b.ns[0]);
}

static void
not_signed(void)
{
	b.signer.signers[VIEW_CDS] = RSET_NONE;
}

static void
no_own_cds(void)
{
	b.signer.set[VIEW_CDS] = b.cds[1];
}

static void
no_own_cdnskey(void)
{
	b.signer.set[VIEW_CDNSKEY] = b.cdnskey[1];
}

static void
cds_delete(void)
{
	uint8_t rdata[] = {0, 0, 0, 0, 0};
	rset_add(&b.signer.set[VIEW_CDS], view_rr(b.view, VIEW_CDS, rdata, sizeof(rdata)));
}

static void
insecure(void)
{
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		b.signer.signers[t] = RSET_NONE;
}

static void
silent(void)
{
	b.signer.silent = true;
}

static void
other_ttl(void)
{
	b.signer.ttl[VIEW_DNSKEY] = 700;
}

static void
expiring(void)
{
	facts.expires = b.now + 60000 + 25 * HOUR - 1;
	facts.max_ttl = 3600;
}

static void
no_signature(void)
{
	facts.expires = 0;
}

static void
refused(void)
{
	facts.followed = false;
	facts.trouble = "REFUSED";
}

static void
not_followed(void)
{
	facts.followed = false;
}

static void
server_silent(void)
{
	b.server[0].silent = true;
}

static void
server_old(void)
{
	b.server[0].set[VIEW_DNSKEY] = b.own[0];
}

static void
other_silent(void)
{
	b.server[1].silent = true;
}

static void
unannounced(void)
{
	facts.announcements = 0;
}

static void
other_content(void)
{
	facts.same = false;
}

static void
no_combiner(void)
{
	b.view->overlay_known = false;
}

static void
same_tag(void)
{
	struct rpool *pool = &b.view->d.pool;
	pool->at[b.zsk[1]].tag = pool->at[b.zsk[0]].tag;
}

static void
other_algorithm(void)
{
	b.view->d.pool.at[b.zsk[1]].alg = 13;
}

static void
no_ns_configured(void)
{
	b.view->config.ns = RSET_NONE;
}

/* Signed by a key that is not in DNSKEY: wrong, but in an algorithm rollover. */
static void
test_not_in_dnskey(void **state)
{
	set_up(3);
	struct rr *key = &b.view->d.pool.at[b.zsk[0]];
	struct view_history *soa = &place(PLACE_SIGNER, NULL)->history[VIEW_SOA];
	soa->at[soa->count - 1].alien = VIEW_ALIEN(key->alg, key->tag);

	examine();
	assert_int_equal(find(DOCTOR_SIGNED)->state, DOCTOR_FAIL);
	assert_non_null(strstr(find(DOCTOR_SIGNED)->text, "not in DNSKEY"));
	rset_add(&b.view->d.process.fresh, b.zsk[0]);
	examine();
	assert_int_equal(find(DOCTOR_SIGNED)->state, DOCTOR_PASS);
}

static void
test_wrong(void **state)
{
	static const struct {
		void (*change)(void);
		enum doctor_check check;
		enum doctor_state state;
		const char *text;
	} rows[] = {
	    {no_dnskey, DOCTOR_FOREIGN_DNSKEY, DOCTOR_FAIL, "2 of the 2 DNSKEY"},
	    {no_cds, DOCTOR_FOREIGN_CDS, DOCTOR_FAIL, "1 of the 1 CDS"},
	    {no_cdnskey, DOCTOR_FOREIGN_CDNSKEY, DOCTOR_FAIL, "1 of the 1 CDNSKEY"},
	    {no_ns, DOCTOR_NS, DOCTOR_FAIL, "of the 2 NS"},
	    {not_signed, DOCTOR_FOREIGN_CDS, DOCTOR_FAIL, "not signed"},
	    {no_own_cds, DOCTOR_OWN_CDS, DOCTOR_FAIL, "told to drop it"},
	    {no_own_cdnskey, DOCTOR_OWN_CDS, DOCTOR_FAIL, "told to drop it"},
	    {cds_delete, DOCTOR_OWN_CDS, DOCTOR_FAIL, "insecure"},
	    {insecure, DOCTOR_SIGNED, DOCTOR_FAIL, "not signed"},
	    {silent, DOCTOR_FOREIGN_DNSKEY, DOCTOR_UNKNOWN, "timeout"},
	    {silent, DOCTOR_OWN_CDS, DOCTOR_UNKNOWN, "timeout"},
	    {silent, DOCTOR_SIGNED, DOCTOR_UNKNOWN, "timeout"},
	    {silent, DOCTOR_ALGORITHM, DOCTOR_UNKNOWN, "no key"},
	    {other_ttl, DOCTOR_DNSKEY_TTL, DOCTOR_WARN, "TTL 700"},
	    {expiring, DOCTOR_SIGNATURES, DOCTOR_FAIL, "24 h"},
	    {no_signature, DOCTOR_SIGNATURES, DOCTOR_UNKNOWN, ""},
	    {refused, DOCTOR_TRANSFER, DOCTOR_FAIL, "REFUSED"},
	    {refused, DOCTOR_SIGNATURES, DOCTOR_UNKNOWN, ""},
	    {not_followed, DOCTOR_TRANSFER, DOCTOR_UNKNOWN, ""},
	    {server_silent, DOCTOR_SERVERS, DOCTOR_FAIL, "192.0.2.1@53 does not answer: timeout"},
	    {server_old, DOCTOR_SERVERS, DOCTOR_WARN, "other DNSKEYs"},
	    {other_silent, DOCTOR_OTHERS, DOCTOR_WARN, "192.0.2.2@53 of msa.p2., timeout"},
	    {unannounced, DOCTOR_NOTIFY, DOCTOR_WARN, "3 new versions"},
	    {other_content, DOCTOR_CONTENT, DOCTOR_WARN, ""},
	    {no_combiner, DOCTOR_FOREIGN, DOCTOR_UNKNOWN, "combinerd"},
	    {same_tag, DOCTOR_KEY_TAGS, DOCTOR_FAIL, "tag"},
	    {other_algorithm, DOCTOR_ALGORITHM, DOCTOR_FAIL, "algorithm 15"},
	    {no_ns_configured, DOCTOR_SERVERS, DOCTOR_FAIL, "msig.conf"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		set_up(3);
		rows[i].change();
		bench_run(&b, 60000);
		if (rows[i].change == no_combiner)
			b.view->overlay_known = false;
		examine();
		must(rows[i].check, rows[i].state, rows[i].text);
		assert_int_equal(doctor_good(&report), rows[i].state == DOCTOR_WARN);
		bench_clear(&b);
	}
	set_up(3);
}

static int
key_tags(enum doctor_state state)
{
	int count = 0;

	examine();
	for (int i = 0; i < report.count; i++)
		count +=
		    report.finding[i].check == DOCTOR_KEY_TAGS && report.finding[i].state == state;
	return count;
}

/* Every clash is found, whosever keys they are: those of others among themselves, our own, and any
 * number under one tag. */
static void
test_key_tags(void **state)
{
	bench_init(&b, 3, 7);
	bench_run(&b, 60000);
	facts = (struct doctor_facts){.followed = true, .trouble = "", .served = true};
	struct rr *at = b.view->d.pool.at;
	uint16_t was = at[b.ksk[2]].tag;

	assert_int_equal(key_tags(DOCTOR_PASS), 1);
	at[b.ksk[2]].tag = at[b.ksk[1]].tag;
	assert_int_equal(key_tags(DOCTOR_FAIL), 1);
	must(DOCTOR_KEY_TAGS, DOCTOR_FAIL, "is that of 2 keys: ksk of msa.p2., ksk of msa.p3.");
	at[b.ksk[2]].tag = was;

	at[b.ksk[0]].tag = at[b.zsk[0]].tag;
	assert_int_equal(key_tags(DOCTOR_FAIL), 1);
	must(DOCTOR_KEY_TAGS, DOCTOR_FAIL, "is that of 2 keys: ksk of msa.p1., zsk of msa.p1.");

	at[b.zsk[2]].tag = at[b.zsk[0]].tag;
	assert_int_equal(key_tags(DOCTOR_FAIL), 1);
	must(DOCTOR_KEY_TAGS, DOCTOR_FAIL,
	     "is that of 3 keys: ksk of msa.p1., zsk of msa.p1., zsk of msa.p3.");

	at[b.ksk[2]].tag = at[b.ksk[1]].tag;
	assert_int_equal(key_tags(DOCTOR_FAIL), 2);
	assert_int_equal(key_tags(DOCTOR_PASS), 0);
}

/* Who has left may have keys of any algorithm: nothing is compared with them, here or by the lint.
 * As long as anything of it is in, it counts. */
static void
test_left(void **state)
{
	set_up(3);
	struct view_provider *left = &b.view->d.provider[1];
	struct rr *at = b.view->d.pool.at;

	at[b.zsk[1]].alg = at[b.ksk[1]].alg = 13;
	b.view->designated &= ~BIT(1);
	left->member = false;
	left->has = HAS_NS;
	examine();
	must(DOCTOR_ALGORITHM, DOCTOR_FAIL, "those of the others 13");
	assert_int_equal(report.algorithm, 13);
	left->has = 0;
	examine();
	must(DOCTOR_ALGORITHM, DOCTOR_PASS, "no other provider");
	assert_int_equal(report.algorithm, 0);
	assert_null(find(DOCTOR_KEY_TAGS)); /* there is nothing to compare with */
}

/* What was given a moment ago may still be on its way. */
static void
test_a_moment(void **state)
{
	set_up(3);
	no_dnskey();
	bench_run(&b, 60000);
	facts.applied_at = b.now;
	examine();
	must(DOCTOR_FOREIGN_DNSKEY, DOCTOR_UNKNOWN, "a moment ago");
	bench_run(&b, 60000);
	examine();
	must(DOCTOR_FOREIGN_DNSKEY, DOCTOR_FAIL, "drops them");
}

/* Before anything was given there is nothing to be seen, and that is no PASS. */
static void
test_alone(void **state)
{
	set_up(1);
	memset(&b.view->d.applied, 0, sizeof(b.view->d.applied));
	b.view->d.provider[1].statement = (struct view_statement){0};
	examine();
	must(DOCTOR_FOREIGN, DOCTOR_UNKNOWN, "nothing of others");
	assert_null(find(DOCTOR_FOREIGN_DNSKEY));
	must(DOCTOR_ALGORITHM, DOCTOR_PASS, "no other provider");
	assert_false(doctor_good(&report));
	assert_int_equal(report.algorithm, 0);
}

/* What is given in our own name counts where the overlay has all the say, and there alone. */
static void
test_all_records(void **state)
{
	set_up(3);
	b.view->d.applied.from[0].used = true;
	b.view->d.applied.from[0].dnskey = b.own[2];
	examine();
	must(DOCTOR_FOREIGN_DNSKEY, DOCTOR_PASS, "all 2");
	b.view->config.mode = VIEW_MODE_ALL;
	examine();
	must(DOCTOR_FOREIGN_DNSKEY, DOCTOR_FAIL, "2 of the 4");
	assert_null(find(DOCTOR_OWN_CDS)); /* it is combinerd's affair */
}

/* No change, nothing to announce. */
static void
test_quiet(void **state)
{
	set_up(3);
	facts.versions = facts.announcements = 0;
	examine();
	assert_null(find(DOCTOR_NOTIFY));
}

static void
test_left_over(void **state)
{
	set_up(3);
	memset(&b.view->d.applied, 0, sizeof(b.view->d.applied));
	b.view->d.foreign = b.own[1];
	examine();
	must(DOCTOR_LEFT_OVER, DOCTOR_WARN, "are still there: 15/");
}

static void
test_private(void **state)
{
	static const struct {
		const char *server;
		bool is;
	} rows[] = {
	    {"127.0.0.1@53", true},  {"10.1.2.3@53", true},    {"192.168.0.1@53", true},
	    {"172.16.1.1@53", true}, {"172.32.1.1@53", false}, {"169.254.1.1@53", true},
	    {"100.64.0.1@53", true}, {"192.0.2.1@53", false},  {"fd00::1@53", true},
	    {"fe80::1@53", true},    {"::1@53", true},         {"2001:db8::1@53", false},
	    {"no address", false},
	};

	set_up(3);
	struct view_place *p = place(PLACE_SERVER, "192.0.2.1@53");
	assert_non_null(p);
	for (size_t i = 0; i < ROWS(rows); i++) {
		snprintf(p->server, sizeof(p->server), "%s", rows[i].server);
		examine();
		assert_int_equal(find(DOCTOR_ADDRESSES) != NULL, rows[i].is);
	}
	snprintf(p->server, sizeof(p->server), "127.0.0.1@53");
	facts.lab = true;
	examine();
	assert_null(find(DOCTOR_ADDRESSES));
}

/* Where servers of the parent serve the zone, too, the delegation does not show. */
static void
test_parent(void **state)
{
	static const struct {
		uint32_t child;
		enum doctor_state state;
		const char *text;
	} rows[] = {
	    {0, DOCTOR_PASS, "2 servers show the delegation"},
	    {1, DOCTOR_WARN, "is looked at elsewhere"},
	    {3, DOCTOR_WARN, "look up the NS at the parent"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		set_up(3);
		b.parents = 2;
		b.copy = b.server[0];
		b.child = rows[i].child;
		bench_run(&b, 120000);
		examine();
		must(DOCTOR_PARENT, rows[i].state, rows[i].text);
		assert_true(strlen(find(DOCTOR_PARENT)->text) < DOCTOR_TEXT - 1);
		bench_clear(&b);
	}
	set_up(3);
}

/* The delay is long enough for what the holds themselves count. */
static void
test_roll_delay(void **state)
{
	const struct view_times *t;

	set_up(3);
	examine();
	t = &b.view->config.times;
	int64_t least = t->ask_slow + 2 * t->d + t->margin + t->skew;
	assert_true(report.roll_delay * INT64_C(1000) >= least);
	uint32_t before = report.roll_delay;
	/* Another provider's caches remember for longer than ours: that is on top. */
	place(PLACE_SERVER, "192.0.2.2@53")->history[VIEW_DNSKEY].at[0].ttl = 110;
	examine();
	assert_true(report.roll_delay >= before + 100);
}

/* Without a driver the signer's own clock rules: what a new key needs is said, with the line. */
static void
test_own_clock(void **state)
{
	char fix[DOCTOR_FIX], line[60];

	set_up(3);
	examine();
	must(DOCTOR_ROLL_DELAY, DOCTOR_PASS, "no driver");
	assert_null(find(DOCTOR_ROLLS)); /* nothing was seen to roll */
	/* Long TTLs at another provider: longer than signers wait by default. */
	place(PLACE_SERVER, "192.0.2.2@53")->history[VIEW_DNSKEY].at[0].ttl = 7200;
	examine();
	must(DOCTOR_ROLL_DELAY, DOCTOR_WARN, "too short");
	snprintf(line, sizeof(line), "propagation-delay: %u, ", report.roll_delay);
	assert_non_null(strstr(
	    doctor_fix(&report, find(DOCTOR_ROLL_DELAY), DOCTOR_KNOT, fix, sizeof(fix)), line));
	assert_true(doctor_good(&report));
	/* A zone without keys has no such clock. */
	b.signer.set[VIEW_DNSKEY] = RSET_NONE;
	bench_look(&b);
	examine();
	assert_null(find(DOCTOR_ROLL_DELAY));
}

/* New keys of the signer's own making: seen to come, and after a while the ZSK in use. */
static void
rolls_after(int64_t ms)
{
	uint8_t rdata[36] = {1, 0, 3, 15, 99};
	int zsk = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));

	rdata[0]++; /* and a KSK, which never signs data */
	int ksk = view_rr(b.view, VIEW_DNSKEY, rdata, sizeof(rdata));
	rset_add(&b.signer.set[VIEW_DNSKEY], zsk);
	rset_add(&b.signer.set[VIEW_DNSKEY], ksk);
	bench_look(&b);
	rset_add(&b.view->d.own, zsk);
	rset_add(&b.view->d.own, ksk);
	examine();
	must(DOCTOR_ROLLS, DOCTOR_WARN, "rolls by itself");
	b.now += ms;
	b.signer.signers[VIEW_SOA] = RSET_NONE;
	rset_add(&b.signer.signers[VIEW_SOA], zsk);
	bench_look(&b);
	examine();
}

static void
test_rolls(void **state)
{
	set_up(3);
	examine();
	int64_t need = (report.roll_delay + report.dnskey_ttl) * INT64_C(1000);
	rolls_after(need);
	must(DOCTOR_ROLLS, DOCTOR_WARN, "rolls by itself");
	bench_clear(&b);

	set_up(3); /* a key that was always in use, and comes back: no time is known */
	rset_del(&b.signer.set[VIEW_DNSKEY], b.zsk[0]);
	bench_look(&b);
	rset_add(&b.signer.set[VIEW_DNSKEY], b.zsk[0]);
	bench_look(&b);
	rset_add(&b.view->d.own, b.zsk[0]);
	examine();
	must(DOCTOR_ROLLS, DOCTOR_WARN, "rolls by itself");
	bench_clear(&b);

	set_up(3);
	rolls_after(need / 2);
	must(DOCTOR_ROLLS, DOCTOR_FAIL, "the others need");
	/* What was not seen since the start may have come long before. */
	facts.loaded = b.now;
	examine();
	must(DOCTOR_ROLLS, DOCTOR_WARN, "rolls by itself");
	facts.loaded = 0;
	/* Who is no member yet harms nobody by it. */
	b.view->d.provider[VIEW_SELF].member = false;
	examine();
	must(DOCTOR_ROLLS, DOCTOR_WARN, "the others need");
}

/* A zone that is signed for the first time, and a key that was always in use, roll nothing. */
static void
test_no_roll(void **state)
{
	set_up(3);
	struct view_place *signer = place(PLACE_SIGNER, NULL);
	for (int t = 0; t < VIEW_TYPE_COUNT; t++)
		signer->history[t].count = 0;
	struct rset keys = b.signer.set[VIEW_DNSKEY], signers = b.signer.signers[VIEW_SOA];
	b.signer.set[VIEW_DNSKEY] = b.signer.signers[VIEW_SOA] = RSET_NONE;
	bench_look(&b);
	b.signer.set[VIEW_DNSKEY] = keys;
	b.signer.signers[VIEW_SOA] = signers;
	bench_look(&b);
	assert_int_equal(signer->history[VIEW_DNSKEY].count, 2);
	examine();
	assert_null(find(DOCTOR_ROLLS));
}

/* With a driver msig rolls; what else comes into the key store is said. */
static void
test_driver_rolls(void **state)
{
	set_up(3);
	b.view->config.driver = true;
	snprintf(b.view->store_why, sizeof(b.view->store_why), "signerd is silent");
	examine();
	must(DOCTOR_ROLLS, DOCTOR_UNKNOWN, "signerd is silent");
	b.view->store_known = true;
	b.view->keys = 1;
	b.view->key[0] = (struct view_key){.role = MSIG_KEY_ROLE_ZSK,
					   .state = MSIG_KEY_STATE_ACTIVE,
					   .algorithm = 15,
					   .rr = b.zsk[0]};
	examine();
	must(DOCTOR_ROLLS, DOCTOR_PASS, "msig rolls its keys");
	assert_null(find(DOCTOR_ROLL_DELAY));
	b.view->key[0].state = MSIG_KEY_STATE_PUBLISHED;
	examine();
	must(DOCTOR_ROLLS, DOCTOR_WARN, "not ordered here: key 15/");
	/* What was ordered takes it along; what was given up goes by itself. */
	b.view->d.order[0].process = MSIG_PROCESS_ZSK;
	examine();
	assert_null(find(DOCTOR_ROLLS));
	b.view->d.order[0].process = 0;
	b.view->d.process.kind = MSIG_PROCESS_ZSK;
	b.view->d.process.subject = VIEW_SELF;
	examine();
	assert_null(find(DOCTOR_ROLLS));
	b.view->d.process.kind = 0;
	rset_add(&b.view->d.orphans, b.zsk[0]);
	examine();
	must(DOCTOR_ROLLS, DOCTOR_PASS, "msig rolls its keys");
}

static void
one_finding(enum doctor_check check, enum doctor_state state)
{
	report.finding[report.count].check = check;
	report.finding[report.count++].state = state;
}

/* What is said by itself: once, again when it is worse, and when it is mended. */
static void
test_news(void **state)
{
	enum { CSYNC = DOCTOR_CSYNC, DELAY = DOCTOR_ROLL_DELAY, QUIET = DOCTOR_SERVERS, END = -1 };
	static const struct {
		int check;
		enum doctor_state state;
		uint32_t worse, mended;
		bool unfit;
	} rows[] = {
	    {CSYNC, DOCTOR_UNKNOWN, 0, 0, false},
	    {CSYNC, DOCTOR_FAIL, 1, 0, true},
	    {CSYNC, DOCTOR_FAIL, 0, 0, true},
	    {CSYNC, DOCTOR_UNKNOWN, 0, 0, true}, /* unknown is not mended */
	    {CSYNC, DOCTOR_FAIL, 0, 0, true},    /* nor new */
	    {CSYNC, DOCTOR_PASS, 0, 1, false},
	    {CSYNC, DOCTOR_PASS, 0, 0, false},
	    {CSYNC, DOCTOR_WARN, 0, 0, false}, /* of this only what fails */
	    {CSYNC, DOCTOR_FAIL, 1, 0, true},
	    {CSYNC, DOCTOR_WARN, 0, 1, false},
	    {CSYNC, DOCTOR_FAIL, 1, 0, true},
	    {END, 0, 0, 0, false}, /* nothing is looked at: neither is it mended */
	    {CSYNC, DOCTOR_PASS, 0, 0, false},
	    {DELAY, DOCTOR_WARN, 1, 0, false},
	    {DELAY, DOCTOR_WARN, 0, 0, false},
	    {DELAY, DOCTOR_FAIL, 1, 0, true},
	    {DELAY, DOCTOR_WARN, 0, 1, false},
	    {DELAY, DOCTOR_PASS, 0, 1, false},
	    {QUIET, DOCTOR_FAIL, 0, 0, false},
	    {QUIET, DOCTOR_PASS, 0, 0, false},
	};
	struct doctor_told told = {{0}};
	uint32_t worse, mended;

	for (size_t i = 0; i < ROWS(rows); i++) {
		memset(&report, 0, sizeof(report));
		if (rows[i].check != END)
			one_finding((enum doctor_check)rows[i].check, rows[i].state);
		doctor_news(&report, &told, &worse, &mended);
		if (worse != rows[i].worse || mended != rows[i].mended ||
		    doctor_unfit(&told) != rows[i].unfit)
			fail_msg("row %zu: worse %x, mended %x", i, worse, mended);
	}
	/* Of one check, several: all that fail are said, and one of what is mended. */
	memset(&report, 0, sizeof(report));
	one_finding(DOCTOR_KEY_TAGS, DOCTOR_FAIL);
	one_finding(DOCTOR_KEY_TAGS, DOCTOR_FAIL);
	doctor_news(&report, &told, &worse, &mended);
	assert_int_equal(worse, 3);
	report.finding[1].state = DOCTOR_PASS;
	doctor_news(&report, &told, &worse, &mended);
	assert_int_equal(worse | mended, 0);
	report.finding[0].state = DOCTOR_PASS;
	doctor_news(&report, &told, &worse, &mended);
	assert_int_equal(worse, 0);
	assert_int_equal(mended, 1);
}

static void
test_words(void **state)
{
	char fix[DOCTOR_FIX];

	for (int c = 0; c < DOCTOR_CHECK_COUNT; c++) {
		assert_true(*doctor_name(c) != '\0');
		for (int s = 0; s < DOCTOR_SIGNER_COUNT; s++)
			assert_true(strlen(doctor_fix(&report, &(struct doctor_finding){.check = c},
						      s, fix, sizeof(fix))) < sizeof(fix) - 1);
	}
	assert_true(DOCTOR_FINDINGS <= 32); /* a bit each */
}

/* What to change depends on how the signer is fed, and on who moves its keys: what is said works
 * there. */
static void
test_fix(void **state)
{
	static const struct {
		bool push, driver, bare;
		enum doctor_check check;
		enum doctor_signer signer;
		const char *text; /* "": nothing is said */
		const char * not ;
	} rows[] = {
	    {false, false, false, DOCTOR_NS, DOCTOR_BIND, "type primary", "primaries"},
	    {false, false, false, DOCTOR_CSYNC, DOCTOR_BIND, "type primary", "primaries"},
	    {false, false, false, DOCTOR_CONTENT, DOCTOR_BIND, "type primary", "primaries"},
	    {false, false, false, DOCTOR_NS, DOCTOR_KNOT, "master: combinerd", "update"},
	    {true, false, false, DOCTOR_NS, DOCTOR_BIND, "update-policy", "primaries"},
	    {true, false, false, DOCTOR_NS, DOCTOR_KNOT, "update", "master"},
	    {true, false, false, DOCTOR_CONTENT, DOCTOR_PDNS, "", NULL},
	    {true, false, false, DOCTOR_CSYNC, DOCTOR_MSIG, "msigctl merge", "master"},
	    {false, false, true, DOCTOR_NS, DOCTOR_BIND, "primaries { combinerd; };", "primary;"},
	    {false, false, false, DOCTOR_OWN_CDS, DOCTOR_BIND, "dnssec-policy", "cds-digest"},
	    {true, true, false, DOCTOR_OWN_CDS, DOCTOR_BIND, "-P sync", "dnssec-policy"},
	    {true, true, false, DOCTOR_SIGNED, DOCTOR_BIND, "auto-dnssec", "dnssec-policy"},
	    {true, true, false, DOCTOR_ALGORITHM, DOCTOR_BIND, "The way round", "dnssec-policy"},
	    {true, true, false, DOCTOR_DNSKEY_TTL, DOCTOR_BIND, "settime -L", "dnssec-policy"},
	    {true, true, false, DOCTOR_SIGNATURES, DOCTOR_BIND, "sig-validity", "dnssec-policy"},
	    {false, false, false, DOCTOR_KEY_TAGS, DOCTOR_KNOT, "keymgr ZONE generate", "msigctl"},
	    {false, false, false, DOCTOR_KEY_TAGS, DOCTOR_BIND, "rndc dnssec -rollover", "msigctl"},
	    {false, false, false, DOCTOR_KEY_TAGS, DOCTOR_MSIG, "", NULL},
	    {false, true, false, DOCTOR_KEY_TAGS, DOCTOR_KNOT, "", NULL},
	    {true, true, false, DOCTOR_KEY_TAGS, DOCTOR_BIND, "", NULL},
	    {false, true, false, DOCTOR_KEY_TAGS, DOCTOR_PDNS, "", NULL},
	    {false, true, false, DOCTOR_KEY_TAGS, DOCTOR_MSIG, "msigctl roll ZONE zsk", "rndc"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		set_up(3);
		facts.push = rows[i].push;
		b.view->config.driver = rows[i].driver;
		b.view->config.nobody_signs = rows[i].bare;
		examine();
		struct doctor_finding f = {.check = rows[i].check,
					   .situation = report.finding[0].situation};
		char fix[DOCTOR_FIX];
		(void)doctor_fix(&report, &f, rows[i].signer, fix, sizeof(fix));
		if (strstr(fix, rows[i].text) == NULL ||
		    (*rows[i].text == '\0') != (*fix == '\0') ||
		    (rows[i].not != NULL && strstr(fix, rows[i].not ) != NULL))
			fail_msg("row %zu: %s", i, fix);
		bench_clear(&b);
	}
	set_up(3);
}

/* However much is wrong, the report ends. */
static void
test_too_much(void **state)
{
	set_up(3);
	for (int i = 0; i < VIEW_PLACES; i++) {
		struct view_place *p = place(PLACE_SERVER, "192.0.2.1@53"), *copy;
		if (b.view->d.place[i] != NULL)
			continue;
		copy = calloc(1, sizeof(*copy));
		*copy = *p;
		snprintf(copy->server, sizeof(copy->server), "10.0.0.%d@53", i);
		copy->history[VIEW_DNSKEY].status = MSIG_SEEN_UNKNOWN;
		b.view->d.place[i] = copy;
	}
	examine();
	assert_int_equal(report.count, DOCTOR_FINDINGS);
	assert_false(doctor_good(&report));
}

/* Where nobody signs, what speaks of signatures is not applicable; the rest is looked at. */
static void
test_unsigned(void **state)
{
	bench_unsigned(&b, 2, 3, true);
	bench_run(&b, 60000);
	facts.followed = true;
	facts.trouble = "";
	facts.lab = facts.served = facts.same = true;
	examine();
	must(DOCTOR_SIGNED, DOCTOR_NOT_APPLICABLE, "nobody signs");
	must(DOCTOR_SIGNATURES, DOCTOR_NOT_APPLICABLE, "nobody signs");
	must(DOCTOR_NS, DOCTOR_PASS, "all 2 NS");
	must(DOCTOR_SERVERS, DOCTOR_PASS, "all 1 addresses");
	must(DOCTOR_OTHERS, DOCTOR_PASS, "1 addresses");
	assert_true(doctor_good(&report));
	b.signer.set[VIEW_DNSKEY] = b.own[0];
	bench_bare(&b, &b.server[0], 1);
	bench_run(&b, 60000);
	examine();
	must(DOCTOR_SIGNED, DOCTOR_FAIL, "signed: off");
	must(DOCTOR_SERVERS, DOCTOR_WARN, "other NS");
	b.server[0].set[VIEW_NS] = RSET_NONE;
	bench_bare(&b, &b.signer, 1);
	bench_run(&b, 60000);
	examine();
	must(DOCTOR_NS, DOCTOR_FAIL, "other NS");
	must(DOCTOR_SERVERS, DOCTOR_FAIL, "shows no NS");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_well, teardown),
	    cmocka_unit_test_teardown(test_wrong, teardown),
	    cmocka_unit_test_teardown(test_not_in_dnskey, teardown),
	    cmocka_unit_test_teardown(test_key_tags, teardown),
	    cmocka_unit_test_teardown(test_left, teardown),
	    cmocka_unit_test_teardown(test_a_moment, teardown),
	    cmocka_unit_test_teardown(test_alone, teardown),
	    cmocka_unit_test_teardown(test_all_records, teardown),
	    cmocka_unit_test_teardown(test_quiet, teardown),
	    cmocka_unit_test_teardown(test_left_over, teardown),
	    cmocka_unit_test_teardown(test_private, teardown),
	    cmocka_unit_test_teardown(test_parent, teardown),
	    cmocka_unit_test_teardown(test_roll_delay, teardown),
	    cmocka_unit_test_teardown(test_own_clock, teardown),
	    cmocka_unit_test_teardown(test_rolls, teardown),
	    cmocka_unit_test_teardown(test_no_roll, teardown),
	    cmocka_unit_test_teardown(test_driver_rolls, teardown),
	    cmocka_unit_test(test_news),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test_teardown(test_fix, teardown),
	    cmocka_unit_test_teardown(test_too_much, teardown),
	    cmocka_unit_test_teardown(test_unsigned, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
