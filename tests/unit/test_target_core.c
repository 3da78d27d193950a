/*
 * Two computations of one thing: the overlay that agentd's core wants, and msig_target() from the
 * same HSYNC and statements. They share no code and must agree wherever the zone rests.
 */
#include "tests/unit/wire.h"
#include "libmsig/err.h"
#include "libmsig/target.h"
#include "tests/unit/bench.h"

static struct bench b;

static void
copy(struct msig_set *to, const struct rset *from, uint32_t ttl)
{
	for (int id = rset_next(from, 0); id >= 0; id = rset_next(from, id + 1)) {
		const knot_rdata_t *rr = b.view->d.pool.at[id].rdata;

		assert_int_equal(msig_set_add(to, rr->data, rr->len), 0);
	}
	to->ttl = ttl;
}

static void
make_hsync(struct msig_hsync_set *set)
{
	knot_rdataset_t rrs = {0};

	for (int i = 0; i < b.hsync.count; i++) {
		const struct view_hsync_entry *e = &b.hsync.entry[i];
		struct msig_hsync h = {.state = e->on ? MSIG_HSYNC_ON : MSIG_HSYNC_OFF,
				       .nsmgmt = e->agent ? MSIG_HSYNC_AGENT : MSIG_HSYNC_OWNER,
				       .sign = e->sign ? MSIG_HSYNC_SIGN : MSIG_HSYNC_NOSIGN};
		uint8_t rdata[MSIG_HSYNC_RDATA_MAX];
		knot_rdata_t *rr;
		uint16_t len;

		assert_int_equal(msig_name_parse(e->identity, h.identity), 0);
		assert_int_equal(msig_hsync_encode(&h, rdata, &len), 0);
		rr = rdata_of(rdata, len);
		assert_int_equal(knot_rdataset_add(&rrs, rr, NULL), 0);
		free(rr);
	}
	assert_int_equal(msig_hsync_set_decode(&rrs, MSIG_HSYNC_TYPE, 0, set, NULL), 0);
	knot_rdataset_clear(&rrs, NULL);
}

/* What libmsig says the overlay is, with the members let in. */
static void
from_libmsig(struct msig_target *out)
{
	struct msig_statement st[BENCH_PROVIDERS];
	struct msig_target_part part[BENCH_PROVIDERS];
	struct msig_hsync_set hsync;
	struct name own = name_of("msa.p1.");
	struct msig_target_in in = {.hsync = &hsync, .identity = own.n, .part = part};

	make_hsync(&hsync);
	in.mode = b.view->config.mode == VIEW_MODE_ALL ? MSIG_SIGNER_ALL : MSIG_SIGNER_FOREIGN;
	in.key_ttl = b.view->d.want.ttl_key;
	in.ns_ttl = b.view->d.want.ttl_ns;
	for (int i = 0; i < BENCH_PROVIDERS; i++) {
		const struct view_provider *p = &b.view->d.provider[i];
		struct msig_set *set = st[in.count].apex.set;

		if (!p->used)
			continue;
		msig_statement_init(&st[in.count], NAME(p->identity), NAME("shop.example."));
		copy(&set[MSIG_APEX_DNSKEY], &p->statement.dnskey, 0);
		copy(&set[MSIG_APEX_CDS], &p->statement.cds, 0);
		copy(&set[MSIG_APEX_CDNSKEY], &p->statement.cdnskey, 0);
		copy(&set[MSIG_APEX_NS], &p->statement.ns, 0);
		part[in.count].statement = &st[in.count];
		part[in.count].types = p->member ? msig_target_types(&hsync, NAME(p->identity)) : 0;
		in.count++;
	}
	assert_int_equal(msig_target(&in, out), 0);
	for (size_t i = 0; i < in.count; i++)
		msig_statement_clear(&st[i]);
	msig_hsync_set_clear(&hsync);
}

/* What the core wants combinerd to hold, in the same form. */
static void
from_core(struct msig_target *out)
{
	const struct view_overlay *want = &b.view->d.want;

	out->count = 0;
	out->at = calloc(VIEW_PROVIDERS, sizeof(*out->at));
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		struct msig_contribution *c = &out->at[out->count];

		if (!b.view->d.provider[i].used || !want->from[i].used)
			continue;
		memcpy(c->identity, NAME(b.view->d.provider[i].identity), sizeof(c->identity));
		msig_apex_init(&c->apex);
		copy(&c->apex.set[MSIG_APEX_DNSKEY], &want->from[i].dnskey, want->ttl_key);
		copy(&c->apex.set[MSIG_APEX_CDS], &want->from[i].cds, want->ttl_cds);
		copy(&c->apex.set[MSIG_APEX_CDNSKEY], &want->from[i].cdnskey, want->ttl_cds);
		copy(&c->apex.set[MSIG_APEX_NS], &want->from[i].ns, want->ttl_ns);
		copy(&c->apex.set[MSIG_APEX_CSYNC], &want->from[i].csync, want->ttl_ns);
		out->count++;
	}
}

static size_t
compare(void)
{
	struct msig_target core, lib;
	size_t count;

	from_core(&core);
	from_libmsig(&lib);
	assert_true(msig_target_eq(&core, &lib));
	count = lib.count;
	msig_target_clear(&core);
	msig_target_clear(&lib);
	return count;
}

static const struct {
	const char *name;
	int designated;
	uint32_t members;
	enum view_mode mode;
	bool agent;
	size_t origins; /* in the overlay */
} rests[] = {
    {"one signer", 1, 1, VIEW_MODE_FOREIGN, true, 0},
    {"two", 2, 3, VIEW_MODE_FOREIGN, true, 2},
    {"three", 3, 7, VIEW_MODE_FOREIGN, true, 3},
    {"two, the owner keeps NS", 2, 3, VIEW_MODE_FOREIGN, false, 1},
    {"three, the owner keeps NS", 3, 7, VIEW_MODE_FOREIGN, false, 2},
    {"two, mode B", 2, 3, VIEW_MODE_ALL, true, 2},
    {"three, mode B", 3, 7, VIEW_MODE_ALL, true, 3},
    {"three, mode B, the owner keeps NS", 3, 7, VIEW_MODE_ALL, false, 3},
    {"one, and one that has not joined yet", 2, 1, VIEW_MODE_FOREIGN, true, 0},
};

static void
test_rests(void **state)
{
	for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
		print_message("# %s\n", rests[i].name);
		bench_init(&b, rests[i].designated, rests[i].members);
		b.view->config.mode = rests[i].mode;
		bench_designate(&b, rests[i].designated, rests[i].agent);
		for (int p = 1; p < rests[i].designated; p++)
			bench_state(&b, p, (rests[i].members >> p & 1) != 0);
		bench_run(&b, 5000);
		assert_int_equal(agree_members(b.view), rests[i].members);
		assert_int_equal(compare(), rests[i].origins);
		bench_clear(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rests),
	};
	return cmocka_run_group_tests_name("target and core", tests, NULL, NULL);
}
