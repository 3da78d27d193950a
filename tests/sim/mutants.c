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
#define LEADER_RULES \
	(RULE(LEADER) | RULE(VOTES) | RULE(TERM) | RULE(SUCCESSOR) | RULE(CHANGE) | RULE(HALF))

/* A seed that fails because of the mutation: without it, it does not. Joins alone and the whole
 * world by turns. */
static uint64_t
hunt(struct sim *sim, const struct mutation *m, uint64_t tries)
{
	struct sim_options opt = {.faults = true};
	const uint64_t safety = UINT64_C(1) << MUTANT_BIT_SAFETY;
	struct mutation base = {.mask = m->mask == safety ? 0 : m->mask & safety};

	if ((m->mask & LEADER_RULES) != 0) /* in peer mode they mean nothing */
		opt.model = MODEL_LEADER;
	for (opt.seed = 1; opt.seed <= tries; opt.seed++) {
		opt.joins_only = opt.seed % 2 == 1;
		opt.safety_only = !opt.joins_only;
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

int mutants_run(uint64_t tries, const char *only);

/* Exit status for one by name: 0 caught, 3 not. */
int
mutants_run(uint64_t tries, const char *only)
{
	static struct mutation all[MUTATIONS_MAX];
	static struct sim sim;
	int n = mutations_list(all), caught = 0, tried = 0;

	if (strcmp(only, "list") == 0)
		mutations_none();
	for (int i = 0; i < n; i++) {
		struct mutation m = all[i];
		const char *how = "";
		if (strcmp(only, "list") == 0) {
			printf("%s\n", m.name);
			continue;
		}
		if (only[0] != 0 && strcmp(m.name, only) != 0)
			continue;
		tried++;
		uint64_t seed = hunt(&sim, &m, tries);
		if (seed == 0 && (m.mask & UINT64_C(1) << MUTANT_BIT_SAFETY) == 0) {
			m.mask |= UINT64_C(1) << MUTANT_BIT_SAFETY;
			how = " once S1 and S2 are not evaluated";
			seed = hunt(&sim, &m, tries);
		}
		mutations_apply(NULL);
		caught += seed != 0;
		if (seed != 0)
			printf("caught   %s seed %llu%s: %.60s\n", m.name, (unsigned long long)seed,
			       how, failure);
		else
			printf("survived %s %llu schedules (%s)\n", m.name,
			       (unsigned long long)tries, m.text);
		fflush(stdout);
	}
	return caught == tried ? 0 : 3;
}
