#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "combinerd/serial.h"

static void
order(void **state)
{
	static const struct {
		uint32_t a, b;
		bool gt;
	} cases[] = {
	    {1, 0, true}, {0, 1, false}, {5, 5, false}, {0, 0xffffffff, true},
	    {0x7fffffff, 0, true}, {0x80000000, 0, false}, {0, 0x80000000, false},
	    {0x80000001, 1, false}, {100, 0xfffffff0, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(serial_gt(cases[i].a, cases[i].b), cases[i].gt);
}

static void
next_keeps_or_bumps(void **state)
{
	static const struct {
		uint32_t owner;
		bool has_last;
		uint32_t last, next;
	} cases[] = {
	    {7, false, 0, 7},          /* the first one is the owner's */
	    {0, false, 0, 0},
	    {8, true, 7, 8},           /* the owner moved on */
	    {7, true, 7, 8},           /* only the overlay changed */
	    {8, true, 9, 10},          /* the owner is behind what was emitted */
	    {9, true, 9, 10},
	    {0, true, 0xffffffff, 0},  /* wraps */
	    {0x80000007, true, 7, 8},  /* 2^31 apart: not greater */
	    {3, true, 0xfffffffe, 3},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t next = serial_next(SERIAL_OWNER, cases[i].owner, cases[i].has_last,
		                            cases[i].last, 0);
		assert_int_equal(next, cases[i].next);
		if (cases[i].has_last)
			assert_true(serial_gt(next, cases[i].last));
	}
}

static void
other_modes(void **state)
{
	const uint64_t noon = 1795435200; /* 2026-11-23 12:00 UTC */

	assert_int_equal(serial_next(SERIAL_UNIXTIME, 5, true, 4, noon), noon);
	assert_int_equal(serial_next(SERIAL_UNIXTIME, 5, true, (uint32_t)noon, noon), noon + 1);
	assert_int_equal(serial_next(SERIAL_DATE, 5, true, 4, noon), 2026112300);
	assert_int_equal(serial_next(SERIAL_DATE, 5, true, 2026112300, noon), 2026112301);
	/* the hundredth change of a day runs into the next one */
	assert_int_equal(serial_next(SERIAL_DATE, 5, true, 2026112399, noon), 2026112400);
}

static void
distance(void **state)
{
	assert_int_equal(serial_distance(5, 3), 2);
	assert_int_equal(serial_distance(3, 5), 2);
	assert_int_equal(serial_distance(0, 0xffffffff), 1);
	assert_int_equal(serial_distance(0, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(order),
	    cmocka_unit_test(next_keeps_or_bumps),
	    cmocka_unit_test(other_modes),
	    cmocka_unit_test(distance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
