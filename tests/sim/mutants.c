/*
 * Teeth: faults made from the tables themselves and from the list in agentd/mutant.h. For each the
 * seed that catches it is looked for. A fault that stays unseen because something else still stands
 * in its way is tried again without that (S1 and S2 evaluated before actions, that is `+safety`).
 */
#include <stdio.h>
#include <string.h>

#include "agentd/hold.h"
#include "agentd/mutant.h"
#include "tests/sim/sim.h"

#ifdef MSIG_MUTANTS
uint64_t mutant_mask;
uint32_t mutant_guards, mutant_dones, mutant_holds;
int mutant_swap;
#endif

static const char *const names[] = {
#define X(name, text) #name,
	MUTANTS(X)
#undef X
};

static const char *const texts[] = {
#define X(name, text) text,
	MUTANTS(X)
#undef X
};

struct mutation {
	char name[64];
	const char *text;
	uint64_t mask;
	uint32_t guards, dones, holds;
	int swap;
};

static void
apply(const struct mutation *m)
{
#ifdef MSIG_MUTANTS
	mutant_mask = m->mask;
	mutant_guards = m->guards;
	mutant_dones = m->dones;
	mutant_holds = m->holds;
	mutant_swap = m->swap;
#endif
}

static int
list(struct mutation *out)
{
	const struct process_rule *rule = process_rule(MSIG_PROCESS_ADD);
	uint32_t guards = 0, dones = 0, holds = 0;
	int n = 0;

	for (int i = 0; i < rule->steps; i++) {
		guards |= rule->step[i].guard;
		dones |= rule->step[i].done;
		holds |= rule->step[i].holds;
	}
	for (int h = 0; h < HOLD_COUNT; h++)
		if (holds >> h & 1) {
			out[n] = (struct mutation){ .holds = 1u << h, .text = "hold off" };
			snprintf(out[n++].name, 64, "hold:%s", hold_name(h));
		}
	for (int b = 0; b < COND_COUNT; b++) {
		if (guards >> b & 1) {
			out[n] = (struct mutation){ .guards = 1u << b,
				                    .text = process_condition_text(b) };
			snprintf(out[n++].name, 64, "guard:%d", b);
		}
		if (guards & dones & 1u << b) {
			out[n] = (struct mutation){ .guards = 1u << b, .dones = 1u << b,
				                    .text = process_condition_text(b) };
			snprintf(out[n++].name, 64, "guard+done:%d", b);
		}
		if (dones >> b & 1) {
			out[n] = (struct mutation){ .dones = 1u << b,
				                    .text = process_condition_text(b) };
			snprintf(out[n++].name, 64, "done:%d", b);
		}
	}
	out[n] = (struct mutation){ .guards = ~0u, .text = "no guard at all" };
	snprintf(out[n++].name, 64, "guard:all");
	for (int i = 1; i + 2 < rule->steps; i++) {
		out[n] = (struct mutation){ .swap = i, .text = rule->step[i].name };
		snprintf(out[n++].name, 64, "swap:%d-%d", i, i + 1);
	}
	for (int i = 0; i < MUTANT_COUNT; i++) {
		out[n] = (struct mutation){ .mask = UINT64_C(1) << i, .text = texts[i] };
		snprintf(out[n++].name, 64, "rule:%s", names[i]);
	}
	return n;
}

static uint64_t
hunt(struct sim *sim, const struct mutation *m, uint64_t tries)
{
	struct sim_options opt = { .faults = true };
	apply(m);
	for (opt.seed = 1; opt.seed <= tries; opt.seed++)
		if (!sim_run(sim, &opt))
			return opt.seed;
	return 0;
}

int mutants_run(uint64_t tries, const char *only);

int
mutants_run(uint64_t tries, const char *only)
{
	static struct mutation all[128];
	static struct sim sim;
	int n = list(all), caught = 0, redundant = 0, survived = 0;

	for (int i = 0; i < n; i++) {
		struct mutation m = all[i];
		const char *how = "";
		if (only != NULL && strstr(m.name, only) == NULL)
			continue;
		uint64_t seed = hunt(&sim, &m, tries);
		if (seed == 0 && (m.mask & 1u << MUTANT_BIT_SAFETY) == 0) {
			m.mask |= 1u << MUTANT_BIT_SAFETY;
			how = " without S1/S2";
			seed = hunt(&sim, &m, tries);
			redundant += seed != 0;
		}
		if (seed != 0)
			caught++;
		else
			survived++;
		printf("# %-20s %-60.60s %s%s", m.name, m.text, seed != 0 ? "caught" : "SURVIVED", how);
		if (seed != 0)
			printf(", seed %llu: %.60s", (unsigned long long)seed, sim.failure);
		printf("\n");
		fflush(stdout);
	}
	apply(&(struct mutation){ .swap = 0 });
	printf("# %d of %d caught, %d of them only without the evaluation of S1 and S2\n", caught,
	       caught + survived, redundant);
	return survived;
}
