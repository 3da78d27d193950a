/*
 * What stands in front of a guard, a done-condition or a hold whose loss no schedule notices. In a
 * world for its process many of them are taken out at once, until a schedule fails; then one after
 * the other is put back, as long as that schedule still fails. What is left is minimal: without any
 * one of them it does not fail. So each of them is caught by that seed, together with the others,
 * which are what it is redundant with. But any change of what agents do is another schedule from
 * there on, and so may be there by chance: with it, other seeds have to fail much more often than
 * without it.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/mutant.h"
#include "tests/sim/mutations.h"
#include "tests/sim/sim_int.h"
#include "tests/sim/teeth.h"

#define SET_MAX 60
#define EVENTS 16000 /* twice as many as a schedule has */
#define OTHERS 1000000
#define OTHERS_MAX 120
#define NONE_OF 50 /* and it is none */
#define ENOUGH 6   /* of these */
#define SAFETY (UINT64_C(1) << MUTANT_BIT_SAFETY)
#define SHRINK (UINT64_C(1) << MUTANT_BIT_SHRINK)

static struct mutation all[MUTATIONS_MAX];
static struct mutation *of[SET_MAX]; /* those of the process, and what agents look at besides */
static int size[SET_MAX];            /* of the smallest set that it was caught in; 0: never */
static int count, rows;
static struct sim sim;
static struct sim_options opt;
static struct rng dice;
static uint64_t runs;

bool
teeth_harm(const struct sim *s)
{
	return strncmp(s->failure, "the simulator's", 15) != 0 &&
	       strncmp(s->failure, "the pool", 8) != 0;
}

static int
bits(uint64_t set)
{
	return __builtin_popcountll(set);
}

static bool
fails(uint64_t set)
{
	static struct mutation m;

	m.mask = m.lost = 0;
	m.world = 0;
	m.edits = 0;
	for (int i = 0; i < count; i++)
		if (set >> i & 1)
			mutations_join(&m, of[i]);
	mutations_apply(&m);
	runs++;
	return !sim_run(&sim, &opt) && teeth_harm(&sim);
}

static uint64_t
some_of(uint64_t set, int per_mille)
{
	uint64_t out = 0;

	for (int i = 0; i < count; i++)
		if ((set >> i & 1) != 0 && rng_chance(&dice, per_mille))
			out |= UINT64_C(1) << i;
	return out;
}

/* Those that are caught already. */
static uint64_t
known(void)
{
	uint64_t out = 0;

	for (int i = 0; i < rows; i++)
		if (size[i] != 0)
			out |= UINT64_C(1) << i;
	return out;
}

/* The set without as many as can be, those that are known first, but with those to keep. */
static uint64_t
smaller(uint64_t set, uint64_t keep)
{
	if (fails((set & ~known()) | keep))
		set = (set & ~known()) | keep;
	for (int part = 2; part <= 8; part *= 2)
		for (int k = 0; k < part; k++) {
			uint64_t less = (set & ~some_of(set, 700)) | (set & keep);
			if (less != set && fails(less))
				set = less;
		}
	for (bool less = true; less;) {
		int first = (int)rng_range(&dice, 0, count - 1);
		less = false;
		for (int k = 0; k < count; k++) {
			uint64_t bit = UINT64_C(1) << (first + k) % count;
			if ((set & bit) != 0 && (keep & bit) == 0 && set != bit &&
			    fails(set & ~bit)) {
				set &= ~bit;
				less = true;
			}
		}
	}
	return set;
}

static void
say(int i, uint64_t set)
{
	printf("%s\t%llu\t%s", of[i]->name, (unsigned long long)opt.seed,
	       opt.safety_only ? "ol" : "o");
	printf("\t%s", bits(set) == 1 ? "-" : "");
	for (int k = 0, n = 0; k < count; k++)
		if (k != i && (set >> k & 1) != 0)
			printf("%s%s", n++ > 0 ? "+" : "", of[k]->name);
	printf("\t%.60s\n", sim.failure);
	fflush(stdout);
}

/* How many of so many other seeds fail, up to a limit; *seeds: how many were tried. */
static int
rate(uint64_t set, int limit, int *seeds)
{
	uint64_t seed = opt.seed;
	int n = 0, tried = 0;

	for (; tried < *seeds && n < limit && (n > 0 || tried < NONE_OF || limit < ENOUGH);
	     tried++) {
		opt.seed = OTHERS + (uint64_t)tried;
		n += fails(set);
	}
	opt.seed = seed;
	*seeds = tried;
	return n;
}

/* Each of a minimal set that matters. */
static void
note(uint64_t set)
{
	int seeds = OTHERS_MAX, with = 0;

	for (int i = 0; i < rows; i++) {
		if ((set >> i & 1) == 0 || (size[i] != 0 && size[i] <= bits(set)))
			continue;
		if (bits(set) > 1 && with == 0 && (with = rate(set, ENOUGH, &seeds)) < 2)
			return;
		int same = seeds;
		if (bits(set) > 1 &&
		    rate(set & ~(UINT64_C(1) << i), with / 3 + 1, &same) > with / 3)
			continue;
		size[i] = bits(set);
		(void)fails(set); /* for its text */
		say(i, set);
	}
}

/* One that is not caught yet, or not alone. */
static int
target(void)
{
	int best = (int)rng_range(&dice, 0, rows - 1);

	for (int k = 0; k < 4; k++) {
		int i = (int)rng_range(&dice, 0, rows - 1);
		if (size[best] != 0 && (size[i] == 0 || size[i] > size[best]))
			best = i;
	}
	return best;
}

/* The same condition in the other rows, which most of the time is what stands in front. */
static uint64_t
alike(int i)
{
	uint64_t out = 0;

	for (int k = 0; k < rows; k++)
		if (of[k]->edit[0].bit == of[i]->edit[0].bit &&
		    (of[k]->edit[0].what == EDIT_HOLD) == (of[i]->edit[0].what == EDIT_HOLD))
			out |= UINT64_C(1) << k;
	return out;
}

/* What else is taken out. */
static uint64_t
others(int i)
{
	uint64_t every = (UINT64_C(1) << count) - 1, rules = every >> rows << rows;

	switch (rng_range(&dice, 0, 9)) {
	case 0:
		return 0;
	case 1:
		return rules;
	case 2:
		return alike(i);
	case 3:
	case 4:
	case 5:
		return alike(i) | rules;
	case 6:
	case 7:
		return alike(i) | rules | some_of(every, 150);
	case 8:
		return some_of(every, 400);
	default:
		return some_of(every, 800);
	}
}

/* The schedule of this seed, and one condition that has to matter in it. */
static void
hunt(int i)
{
	uint64_t me = UINT64_C(1) << i, set = me | others(i);

	/* Where it fails without as well, the others show why. */
	if (fails(set) && !fails(0))
		note(smaller(fails(set & ~me) ? set & ~me : smaller(set, me), 0));
}

/* What is known need not be found again. */
static void
know(const char *path)
{
	static char line[2048];
	FILE *file = fopen(path, "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		char *rest = line, *name = strsep(&rest, "\t"), *others = NULL;
		for (int k = 0; k < 3; k++)
			others = strsep(&rest, "\t\n");
		int n = others == NULL || strcmp(others, "-") == 0 ? 1 : 2;
		for (const char *c = others; c != NULL && *c != 0; c++)
			n += *c == '+';
		for (int i = 0; i < rows && others != NULL; i++)
			if (strcmp(of[i]->name, name) == 0 && (size[i] == 0 || n < size[i]))
				size[i] = n;
	}
	if (file != NULL)
		(void)fclose(file);
}

int
teeth_search(const char *what, uint64_t from, uint64_t tries)
{
	int n = mutations_list(all);
	char process[32];

	snprintf(process, sizeof(process), "%.*s", (int)strcspn(what, ":"), what);
	for (int i = 0; i < n; i++)
		if (all[i].edits > 0 && all[i].edit[0].what != EDIT_SWAP && rows < SET_MAX - 2 &&
		    strcmp(process_name(all[i].edit[0].kind), process) == 0)
			of[rows++] = &all[i];
	if (strchr(what, ':') != NULL)
		know(strchr(what, ':') + 1);
	if (rows == 0) {
		fprintf(stderr, "no such process: %s\n", process);
		return 2;
	}
	count = rows;
	for (int i = 0; i < n; i++)
		if (all[i].edits == 0 && (all[i].mask & (SAFETY | SHRINK)) != 0)
			of[count++] = &all[i];
	opt = (struct sim_options){.faults = true, .only = of[0]->edit[0].kind, .most = EVENTS};
	dice.s = from;
	for (uint64_t k = 0; k < tries; k++) {
		opt.seed = from + k;
		opt.safety_only = rng_chance(&dice, 600);
		hunt(target());
	}
	for (int i = 0; i < rows; i++)
		if (size[i] == 0)
			printf("# %s: never\n", of[i]->name);
	printf("# %s: %llu seeds, %llu schedules\n", process, (unsigned long long)tries,
	       (unsigned long long)runs);
	return 0;
}
