/*
 * Teeth of the simulator: for each mutation the seed that catches it. One that is not caught
 * because the evaluation of S1 and S2 before actions still stands in its way is tried again without
 * that: what is tested here is a second line of defence behind the first.
 */
#include <stdio.h>
#include <string.h>

#include "agentd/mutant.h"
#include "tests/sim/mutations.h"
#include "tests/sim/sim.h"

static char failure[256];

#define RULE(name) (UINT64_C(1) << MUTANT_BIT_##name)
#define LEADER_RULES (RULE(LEADER) | RULE(VOTES) | RULE(SUCCESSOR) | RULE(CHANGE) | RULE(HALF))

/* What makes the mutation matter more often: leader mode, the rollover whose table it is in. */
static void
aim(struct sim_options *opt, const struct mutation *m)
{
	static const int orders[CELL_KINDS] = {
	    [MSIG_PROCESS_ZSK] = MISHAP_ORDER_ZSK,
	    [MSIG_PROCESS_KSK] = MISHAP_ORDER_KSK,
	    [MSIG_PROCESS_ALGORITHM] = MISHAP_ORDER_ALG,
	};

	if ((m->mask & LEADER_RULES) != 0 || strcmp(m->name, "persist:election") == 0)
		opt->model = MODEL_LEADER; /* in peer mode they mean nothing */
	if (m->edits > 0)
		opt->order = orders[m->edit[0].kind];
}

/* A seed that fails because of the mutation: without it, it does not. Joins alone and the whole
 * world by turns. */
static uint64_t
hunt(struct sim *sim, const struct mutation *m, uint64_t tries)
{
	struct sim_options opt = {.faults = true};
	const uint64_t safety = UINT64_C(1) << MUTANT_BIT_SAFETY;
	struct mutation base = {.mask = m->mask == safety ? 0 : m->mask & safety};
	bool joins = m->edits == 0 || m->edit[0].kind == MSIG_PROCESS_ADD;

	aim(&opt, m);
	for (opt.seed = 1; opt.seed <= tries; opt.seed++) {
		opt.joins_only = joins && opt.seed % 2 == 1;
		opt.safety_only = m->world != 0 || (!opt.joins_only && opt.seed % 4 != 0);
		mutations_apply(m);
		if (sim_run(sim, &opt))
			continue;
		memcpy(failure, sim->failure, sizeof(failure));
		mutations_apply(&base);
		if (sim_run(sim, &opt))
			return opt.seed;
	}
	return 0;
}

/* false: no schedule found it. */
static bool
one(struct mutation *m, uint64_t tries)
{
	static struct sim sim;
	const char *how = "";
	uint64_t seed = hunt(&sim, m, tries);

	if (seed == 0 && (m->mask & UINT64_C(1) << MUTANT_BIT_SAFETY) == 0) {
		m->mask |= UINT64_C(1) << MUTANT_BIT_SAFETY;
		how = " once S1 and S2 are not evaluated";
		seed = hunt(&sim, m, tries);
	}
	mutations_apply(NULL);
	if (seed != 0)
		printf("caught   %s seed %llu%s: %.60s\n", m->name, (unsigned long long)seed, how,
		       failure);
	else
		printf("survived %s %llu schedules (%s)\n", m->name, (unsigned long long)tries,
		       m->text);
	return seed != 0;
}

/* One a line; behind it the one that stands in front. */
static void
list(void)
{
	static struct mutation all[MUTATIONS_MAX];
	int n = mutations_list(all);

	mutations_none();
	for (int i = 0; i < n; i++)
		printf("%s %s\n", all[i].name, all[i].behind);
}

int mutants_run(uint64_t tries, const char *only);

/* Exit status for one by name, or two of them (one+other): 0 caught, 3 not. */
int
mutants_run(uint64_t tries, const char *only)
{
	struct mutation m;

	if (strcmp(only, "list") == 0) {
		list();
		return 0;
	}
	if (mutations_find(only, &m) == 0) {
		fprintf(stderr, "no such mutation: %s\n", only);
		return 2;
	}
	return one(&m, tries) ? 0 : 3;
}
