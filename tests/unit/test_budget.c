/* Token buckets and the table of sources. */
#include "tests/unit/unit.h"

#include <libknot/libknot.h>
#include "transportd/peer/budget.h"

static struct dnsio_addr
addr(const char *text)
{
	struct dnsio_addr a;

	assert_int_equal(dnsio_addr_parse(text, 53, &a), 0);
	return a;
}

static unsigned
taken(struct bucket *bucket, uint32_t rate, uint64_t now, unsigned tries)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += bucket_take(bucket, rate, now);
	return n;
}

static void
test_bucket(void **state)
{
	struct bucket b = {0};

	assert_int_equal(taken(&b, 5, 1000, 100), 10); /* a burst of two seconds */
	assert_int_equal(taken(&b, 5, 1100, 100), 0);
	assert_int_equal(taken(&b, 5, 1200, 100), 1);
	assert_int_equal(taken(&b, 5, 2200, 100), 5);
	assert_int_equal(taken(&b, 5, 100000, 100), 10);
	assert_int_equal(taken(&b, 0, 100000, 100), 100); /* no limit */
}

static void
test_clock_back(void **state)
{
	struct bucket b = {0};

	assert_int_equal(taken(&b, 1, 50000, 10), 2);
	assert_int_equal(taken(&b, 1, 10, 10), 2);
}

static void
test_sources_apart(void **state)
{
	struct budget *budget = budget_new(16, 2);
	struct dnsio_addr a = addr("192.0.2.1@1000"), b = addr("192.0.2.2@1000");
	struct dnsio_addr a2 = addr("192.0.2.1@2000");
	struct budget_source *s = budget_source(budget, &a, true, 1);

	for (int i = 0; i < 4; i++)
		assert_true(budget_take(budget, s, 1));
	assert_false(budget_take(budget, s, 1));
	assert_int_equal(s->limited, 1);
	/* Another port is the same source; another address or protocol is not. */
	assert_ptr_equal(budget_source(budget, &a2, true, 1), s);
	assert_true(budget_take(budget, budget_source(budget, &b, true, 1), 1));
	assert_true(budget_take(budget, budget_source(budget, &a, false, 1), 1));
	budget_free(budget);
}

static void
test_ipv6_network(void **state)
{
	struct budget *budget = budget_new(16, 2);
	struct dnsio_addr a = addr("2001:db8:0:1::1@53"), b = addr("2001:db8:0:1:ffff::2@53");
	struct dnsio_addr c = addr("2001:db8:0:2::1@53");
	struct budget_source *s = budget_source(budget, &a, true, 1);

	assert_ptr_equal(budget_source(budget, &b, true, 1), s);
	assert_ptr_not_equal(budget_source(budget, &c, true, 1), s);
	budget_free(budget);
}

static void
count(void *arg, const struct budget_source *source)
{
	(*(unsigned *)arg)++;
}

/* However many sources come, memory stays bounded, and those that speak stay. */
static void
test_bounded(void **state)
{
	struct budget *budget = budget_new(8, 1);
	struct dnsio_addr busy = addr("192.0.2.1");
	unsigned n = 0;
	char text[32];

	assert_true(budget_take(budget, budget_source(budget, &busy, true, 1), 1));
	assert_true(budget_take(budget, budget_source(budget, &busy, true, 1), 1));
	for (unsigned i = 0; i < 1000; i++) {
		struct dnsio_addr a;

		snprintf(text, sizeof(text), "10.0.%u.%u", i / 250, i % 250 + 1);
		a = addr(text);
		budget_source(budget, &a, true, 1);
		assert_false(budget_take(budget, budget_source(budget, &busy, true, 1), 1));
	}
	budget_each(budget, count, &n);
	assert_int_equal(n, 8);
	budget_free(budget);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bucket),        cmocka_unit_test(test_clock_back),
	    cmocka_unit_test(test_sources_apart), cmocka_unit_test(test_ipv6_network),
	    cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
