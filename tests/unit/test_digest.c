/* The content digest: order, removal, what takes part. */
#include "tests/unit/wire.h"
#include "libmsig/digest.h"

#define RECORDS 200

static struct name zone;

static int
setup(void **state)
{
	zone = name_of("example.");
	return 0;
}

static void
record(int i, struct name *owner, uint8_t rdata[8])
{
	char text[32];

	snprintf(text, sizeof(text), "h%d.example.", i / 2);
	*owner = name_of(text);
	memset(rdata, i, 8);
}

/* Adds or removes the records of a permutation. */
static void
change(struct msig_digest *d, int step, bool add)
{
	for (int i = 0; i < RECORDS; i++) {
		struct name owner;
		uint8_t rdata[8];

		record(i * step % RECORDS, &owner, rdata);
		assert_int_equal((add ? msig_digest_add : msig_digest_remove)(
				     d, zone.n, owner.n, 16, 300, rdata, sizeof(rdata)),
				 0);
	}
}

static void
test_order(void **state)
{
	struct msig_digest a, b, zero;
	uint8_t out[32], zeros[32] = {0};

	msig_digest_init(&a);
	msig_digest_init(&b);
	msig_digest_init(&zero);
	change(&a, 1, true);
	change(&b, 7, true);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_not_equal(&a, &zero, sizeof(a));
	/* Stored and continued. */
	msig_digest_get(&a, out);
	msig_digest_set(&b, out);
	assert_memory_equal(&a, &b, sizeof(a));
	change(&b, 3, false);
	assert_memory_equal(&b, &zero, sizeof(b));
	msig_digest_get(&b, out);
	assert_memory_equal(out, zeros, 32);
}

/* Below zero and back: removal first. */
static void
test_wraps(void **state)
{
	struct msig_digest d, zero;

	msig_digest_init(&d);
	msig_digest_init(&zero);
	change(&d, 1, false);
	assert_memory_not_equal(&d, &zero, sizeof(d));
	change(&d, 1, true);
	assert_memory_equal(&d, &zero, sizeof(d));
}

/* Computed with another tool: one record, and the sum of two with its carries. */
static void
test_values(void **state)
{
	struct msig_digest d;
	uint8_t out[32];
	char text[65];

	msig_digest_init(&d);
	msig_digest_add(&d, zone.n, NAME("WWW.example."), 15, 3600, (const uint8_t *)"\0\12\1M\0",
			5);
	msig_digest_get(&d, out);
	assert_string_equal(to_hex(out, 32, text),
			    "acb5f9c5cc518f08bc86c53c6dadcb51dc939020c6e9161bd8375088b904d4b1");
	msig_digest_add(&d, zone.n, NAME("a.example."), 1, 60, (const uint8_t *)"\300\0\2\1", 4);
	msig_digest_get(&d, out);
	assert_string_equal(to_hex(out, 32, text),
			    "2e53c1c05b2259151930aafa7d2db044ca067fac546946ffdfc6704f76a4ff87");
	msig_digest_remove(&d, zone.n, NAME("A.EXAMPLE."), 1, 60, (const uint8_t *)"\300\0\2\1", 4);
	msig_digest_get(&d, out);
	assert_string_equal(to_hex(out, 32, text),
			    "acb5f9c5cc518f08bc86c53c6dadcb51dc939020c6e9161bd8375088b904d4b1");
}

static const struct {
	const char *owner;
	uint16_t type;
	bool covered;
} covers[] = {
    {"example.", 2, true},     {"example.", 6, false},    {"example.", 46, false},
    {"example.", 47, false},   {"x.example.", 47, false}, {"x.example.", 46, false},
    {"x.example.", 50, false}, {"example.", 51, false},   {"example.", 63, false},
    {"example.", 48, false},   {"EXAMPLE.", 48, false},   {"x.example.", 48, true},
    {"example.", 59, false},   {"x.example.", 59, true},  {"example.", 60, false},
    {"x.example.", 60, true},  {"example.", 62, true},    {"example.", 65282, true},
    {"x.example.", 43, true},  {"example.", 16, true},    {"example.", 65534, false},
    {"x.example.", 65534, true},
};

static void
test_covers(void **state)
{
	for (size_t i = 0; i < sizeof(covers) / sizeof(covers[0]); i++) {
		struct msig_digest d, zero;

		print_message("# %s %u\n", covers[i].owner, covers[i].type);
		assert_int_equal(msig_digest_covers(zone.n, NAME(covers[i].owner), covers[i].type),
				 covers[i].covered);
		msig_digest_init(&d);
		msig_digest_init(&zero);
		assert_int_equal(msig_digest_add(&d, zone.n, NAME(covers[i].owner), covers[i].type,
						 1, (const uint8_t *)"\1x", 3),
				 0);
		assert_int_equal(memcmp(&d, &zero, sizeof(d)) != 0, covers[i].covered);
	}
}

/* Everything that identifies a record makes another digest. */
static void
test_differs(void **state)
{
	struct msig_digest d[5];

	for (int i = 0; i < 5; i++) {
		msig_digest_init(&d[i]);
		msig_digest_add(&d[i], zone.n, i == 1 ? NAME("b.example.") : NAME("a.example."),
				i == 2 ? 17 : 16, i == 3 ? 301 : 300,
				(const uint8_t *)(i == 4 ? "\1y\1z" : "\1x\1z"), 4);
	}
	for (int i = 0; i < 5; i++) {
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(&d[i], &d[j], sizeof(d[0]));
	}
}

static void
test_rrset(void **state)
{
	struct msig_digest a, b;
	knot_rrset_t *rr = knot_rrset_new(NAME("x.example."), 16, 1, 300, NULL);
	uint8_t large[4000];

	memset(large, 7, sizeof(large));
	knot_rrset_add_rdata(rr, (const uint8_t *)"\1a", 2, NULL);
	knot_rrset_add_rdata(rr, (const uint8_t *)"\1b", 2, NULL);
	knot_rrset_add_rdata(rr, large, sizeof(large), NULL);
	msig_digest_init(&a);
	msig_digest_init(&b);
	assert_int_equal(msig_digest_add_rrset(&a, zone.n, rr), 0);
	msig_digest_add(&b, zone.n, rr->owner, 16, 300, large, sizeof(large));
	msig_digest_add(&b, zone.n, rr->owner, 16, 300, (const uint8_t *)"\1b", 2);
	msig_digest_add(&b, zone.n, rr->owner, 16, 300, (const uint8_t *)"\1a", 2);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(msig_digest_remove_rrset(&a, zone.n, rr), 0);
	msig_digest_init(&b);
	assert_memory_equal(&a, &b, sizeof(a));
	knot_rrset_free(rr, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),   cmocka_unit_test(test_wraps),
	    cmocka_unit_test(test_values),  cmocka_unit_test(test_covers),
	    cmocka_unit_test(test_differs), cmocka_unit_test(test_rrset),
	};
	return cmocka_run_group_tests_name("digest", tests, setup, NULL);
}
