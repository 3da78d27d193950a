/* Absence counts only if it is proven: on a zone signed by BIND with NSEC, NSEC3, and opt-out. */
#include "tests/unit/unit.h"
#include <libzscanner/scanner.h>
#include "agentd/denial.h"
#include "libmsig/rrs.h"

#define NOW UINT64_C(1798761600) /* 2027-01-01 */

static const knot_dname_t *apex = (const knot_dname_t *)"\7example";
static const knot_dname_t *shop = (const knot_dname_t *)"\4shop\7example";
static const knot_dname_t *sure = (const knot_dname_t *)"\4sure\7example";
static struct msig_rrs rrs;
static const knot_rdataset_t *keys;

static void
add(zs_scanner_t *s)
{
	assert_int_equal(msig_rrs_add(&rrs, s->r_owner, s->r_type, s->r_class, s->r_ttl, s->r_data,
				      (uint16_t)s->r_data_length),
			 0);
}

static void
load(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[300];
	zs_scanner_t s;

	msig_rrs_clear(&rrs);
	snprintf(path, sizeof(path), "%s/tests/data/denial/%s.zone", top != NULL ? top : ".", name);
	assert_int_equal(zs_init(&s, "example.", KNOT_CLASS_IN, 300), 0);
	assert_int_equal(zs_set_input_file(&s, path), 0);
	assert_int_equal(zs_set_processing(&s, add, NULL, NULL), 0);
	assert_int_equal(zs_parse_all(&s), 0);
	zs_deinit(&s);
	keys = &msig_rrs_find(&rrs, apex, KNOT_RRTYPE_DNSKEY)->rrs;
}

static int
absent(const knot_dname_t *owner, uint16_t type)
{
	return denial_proves(&rrs, owner, type, keys, apex, NOW);
}

/* The same for NSEC and NSEC3. */
static void
proofs(const char *name)
{
	load(name);
	assert_int_equal(absent(apex, KNOT_RRTYPE_CDS), 0);
	assert_int_equal(absent(apex, KNOT_RRTYPE_CSYNC), 0);
	assert_int_equal(absent(shop, KNOT_RRTYPE_DS), 0);
	assert_int_not_equal(absent(apex, KNOT_RRTYPE_NS), 0);
	assert_int_not_equal(absent(apex, KNOT_RRTYPE_DNSKEY), 0);
	assert_int_not_equal(absent(sure, KNOT_RRTYPE_DS), 0);
	/* Not at all without the keys, or at another time. */
	knot_rdataset_t none = {0};
	assert_int_not_equal(denial_proves(&rrs, apex, KNOT_RRTYPE_CDS, &none, apex, NOW), 0);
	assert_int_not_equal(
	    denial_proves(&rrs, apex, KNOT_RRTYPE_CDS, keys, apex, NOW + 20 * 31536000), 0);
	/* Nor by another zone. */
	assert_int_not_equal(denial_proves(&rrs, apex, KNOT_RRTYPE_CDS, keys,
						 (const knot_dname_t *)"\3net", NOW),
			     0);
}

static void
test_nsec(void **state)
{
	proofs("nsec");
}

static void
test_nsec3(void **state)
{
	proofs("nsec3");
}

/* A span without a match proves nothing: there may be a delegation in it. */
static void
test_optout(void **state)
{
	load("optout");
	assert_int_equal(absent(apex, KNOT_RRTYPE_CDS), 0);
	assert_int_not_equal(absent(shop, KNOT_RRTYPE_DS), 0);
	assert_int_not_equal(absent(sure, KNOT_RRTYPE_DS), 0);
}

/* One changed bit in the bitmap, and the signature no longer fits. */
static void
test_forged(void **state)
{
	load("nsec");
	for (size_t i = 0; i < rrs.count; i++) {
		if (rrs.at[i].type == KNOT_RRTYPE_NSEC &&
		    knot_dname_is_equal(rrs.at[i].owner, sure)) {
			knot_rdata_t *r = rrs.at[i].rrs.rdata;
			for (int k = r->len - 3; k < r->len; k++)
				r->data[k] &= 0xef; /* DS is bit 43 */
		}
	}
	assert_int_not_equal(absent(sure, KNOT_RRTYPE_DS), 0);
}

static int
teardown(void **state)
{
	msig_rrs_clear(&rrs);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_nsec, teardown),
	    cmocka_unit_test_teardown(test_nsec3, teardown),
	    cmocka_unit_test_teardown(test_optout, teardown),
	    cmocka_unit_test_teardown(test_forged, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
