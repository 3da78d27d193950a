/* What two zones differ in, whatever the order and the number. */
#include "tests/unit/unit.h"

#include <libknot/libknot.h>
#include "transportd/observe/sketch.h"

#define MAX 16

static const knot_dname_t *const zone = (const knot_dname_t *)"\7example";

static void
add(struct sketch *s, const char *owner, uint16_t type, uint32_t ttl, unsigned number, int side)
{
	knot_dname_t *name = knot_dname_from_str_alloc(owner);
	knot_rrset_t *rr = knot_rrset_new(name, type, KNOT_CLASS_IN, ttl, NULL);
	uint8_t rdata[4];

	knot_wire_write_u32(rdata, number);
	assert_int_equal(knot_rrset_add_rdata(rr, rdata, sizeof(rdata), NULL), 0);
	assert_int_equal(sketch_add(s, zone, rr, side), 0);
	knot_rrset_free(rr, NULL);
	knot_dname_free(name, NULL);
}

/* A zone of n names; the other side in another order, and some letters in upper case. */
static void
both(struct sketch *s, unsigned n)
{
	char owner[40];

	for (unsigned i = 0; i < n; i++) {
		snprintf(owner, sizeof(owner), "h%u.example.", i);
		add(s, owner, 1, 300, i, 1);
	}
	for (unsigned i = n; i-- > 0;) {
		snprintf(owner, sizeof(owner), "%c%u.Example.", i % 2 ? 'H' : 'h', i);
		add(s, owner, 1, 300, i, -1);
	}
}

static void
expect(const struct sketch_difference *d, const char *owner, uint16_t type, int side)
{
	knot_dname_storage_t name;

	assert_non_null(knot_dname_from_str(name, owner, sizeof(name)));
	assert_true(knot_dname_is_equal(d->owner, name));
	assert_int_equal(d->type, type);
	assert_int_equal(d->side, side);
}

static void
test_equal(void **state)
{
	struct sketch *s = sketch_new();
	struct sketch_difference d[MAX];
	bool all = false;

	both(s, 3000);
	add(s, "example.", KNOT_RRTYPE_DNSKEY, 300, 1, 1); /* the signer's own */
	add(s, "h1.example.", KNOT_RRTYPE_RRSIG, 300, 1, 1);
	assert_int_equal(sketch_read(s, d, MAX, &all), 0);
	assert_true(all);
	sketch_free(s);
}

static void
test_few(void **state)
{
	struct sketch *s = sketch_new();
	struct sketch_difference d[MAX];
	bool all = false;

	both(s, 3000);
	add(s, "b.example.", 1, 300, 1, 1);
	add(s, "a.example.", 16, 300, 1, -1);
	add(s, "a.example.", 1, 300, 1, -1);
	add(s, "a.example.", 1, 300, 2, -1);
	add(s, "c.example.", 1, 300, 1, 1); /* another TTL */
	add(s, "c.example.", 1, 301, 1, -1);
	assert_int_equal(sketch_read(s, d, MAX, &all), 4);
	assert_true(all);
	expect(&d[0], "a.example.", 1, -1);
	expect(&d[1], "a.example.", 16, -1);
	expect(&d[2], "b.example.", 1, 1);
	expect(&d[3], "c.example.", 1, 0);
	sketch_free(s);
}

/* Up to hundreds come out all, and in order; of the greatest number some do. */
static void
test_many(void **state)
{
	for (unsigned n = 1; n <= 100000; n = n * 7 + 1) {
		struct sketch *s = sketch_new();
		struct sketch_difference d[MAX];
		char owner[40];
		bool all = false;
		size_t count;

		both(s, 500);
		for (unsigned i = 0; i < n; i++) {
			snprintf(owner, sizeof(owner), "x%06u.example.", i);
			add(s, owner, 1, 300, i, i % 2 ? 1 : -1);
		}
		count = sketch_read(s, d, MAX, &all);
		assert_in_range(count, 1, MAX);
		assert_int_equal(all, n <= MAX);
		for (size_t i = 0; i < count; i++) {
			knot_dname_txt_storage_t text;

			assert_non_null(knot_dname_to_str(text, d[i].owner, sizeof(text)));
			assert_int_equal(text[0], 'x');
			if (n < 100)
				assert_int_equal(strtoul(text + 1, NULL, 10), i);
			assert_int_equal(d[i].side, strtoul(text + 1, NULL, 10) % 2 ? 1 : -1);
		}
		sketch_free(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_equal),
	    cmocka_unit_test(test_few),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
