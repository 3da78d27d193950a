/*
 * Everything that goes wrong in a schedule has a kind and a number (sim_mishap). A failing schedule
 * is run again without some of them, first by whole kinds, then in ever smaller pieces; what still
 * fails, with whatever text, is kept. What is left is printed as it happens.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/sim/shrink.h"

#define PATIENCE 20 /* seconds */

static uint8_t mask[MISHAP_COUNT][MISHAP_NUMBERS / 8], tried[MISHAP_COUNT][MISHAP_NUMBERS / 8];
static struct sim sim;
static char failure[256];
static int64_t end;

static bool
fails(const struct sim_options *opt)
{
	sim.stats = NULL;
	sim.mask = (const uint8_t(*)[MISHAP_NUMBERS / 8]) tried;
	if (sim_run(&sim, opt) || strncmp(sim.failure, failure, 3) != 0)
		return false;
	memcpy(mask, tried, sizeof(mask));
	end = sim.now;
	return true;
}

static void
leave_out(int kind, int from, int to)
{
	memcpy(tried, mask, sizeof(tried));
	for (int i = from; i < to && i < MISHAP_NUMBERS; i++)
		tried[kind][i / 8] |= (uint8_t)(1 << i % 8);
}

static int
left(int kind)
{
	int n = 0;
	for (int i = 0; i < sim.happened[kind] && i < MISHAP_NUMBERS; i++)
		n += (mask[kind][i / 8] >> (i % 8) & 1) == 0;
	return n;
}

void
shrink(const struct sim_options *options)
{
	struct sim_options opt = *options;
	time_t start = time(NULL);
	bool more = true;
	int before = 0, after = 0;

	memset(mask, 0, sizeof(mask));
	memset(tried, 0, sizeof(tried));
	sim.stats = NULL;
	sim.mask = NULL;
	if (sim_run(&sim, &opt))
		return; /* it does not fail alone: cannot be */
	memcpy(failure, sim.failure, sizeof(failure));
	for (int k = 0; k < MISHAP_COUNT; k++)
		before += sim.happened[k];
	for (int k = 0; k < MISHAP_COUNT; k++) {
		leave_out(k, 0, MISHAP_NUMBERS);
		fails(&opt);
	}
	for (int piece = 64; piece >= 1 && time(NULL) - start < PATIENCE;
	     piece = more && piece == 1 ? 1 : piece / 2) {
		more = false;
		for (int k = 0; k < MISHAP_COUNT; k++)
			for (int i = 0; i < MISHAP_NUMBERS && time(NULL) - start < PATIENCE;
			     i += piece) {
				leave_out(k, i, i + piece);
				if (memcmp(tried, mask, sizeof(mask)) == 0)
					continue;
				memcpy(tried, mask, sizeof(tried));
				fails(&opt);
				if (i >= sim.happened[k])
					break;
				leave_out(k, i, i + piece);
				more |= fails(&opt);
			}
	}
	memcpy(tried, mask, sizeof(tried));
	opt.trace = true;
	printf("# the shortest schedule of seed %llu that fails:\n", (unsigned long long)opt.seed);
	printf("# %s: %s\n", fails(&opt) ? "it fails still" : "IT DOES NOT FAIL ANY MORE",
	       sim.failure);
	for (int k = 0; k < MISHAP_COUNT; k++)
		after += left(k);
	printf("# left: %d of %d mishaps:", after, before);
	for (int k = 0; k < MISHAP_COUNT; k++)
		if (left(k) > 0)
			printf(" %s (%d)", sim_mishap_name(k), left(k));
	printf("\n");
}
