#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/hold.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "tests/sim/mutations.h"

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

static const char *const conditions[] = {
#define X(id, text) #id,
    PROCESS_CONDITIONS(X)
#undef X
};

static struct mutation *
add(struct mutation *out, int *n, const char *kind, const char *name, const char *text)
{
	struct mutation *m = &out[(*n)++];
	*m = (struct mutation){.text = text};
	snprintf(m->name, sizeof(m->name), "%s:%s", kind, name);
	return m;
}

int
mutations_list(struct mutation out[MUTATIONS_MAX])
{
	uint32_t guards = 0, dones = 0, holds = 0;
	int n = 0, swaps = 0;

	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++) {
		const struct process_rule *rule = process_rule(kind);
		for (int i = 0; i < rule->steps; i++) {
			guards |= rule->step[i].guard;
			dones |= rule->step[i].done;
			holds |= rule->step[i].holds;
			if (i > 0 && i + 2 < rule->steps && i > swaps &&
			    (rule->step[i].effect | rule->step[i + 1].effect) != 0)
				swaps = i;
		}
	}
	for (int h = 0; h < HOLD_COUNT; h++)
		if (holds >> h & 1)
			add(out, &n, "hold", h == HOLD_LEAVE ? "H_LEAVE" : hold_name(h),
			    hold_name(h))
			    ->holds = 1u << h;
	for (int b = 0; b < COND_COUNT; b++) {
		const char *text = process_condition_text(b);
		if (guards >> b & 1)
			add(out, &n, "guard", conditions[b], text)->guards = 1u << b;
		if (dones >> b & 1)
			add(out, &n, "done", conditions[b], text)->dones = 1u << b;
	}
	for (int i = 1; i <= swaps; i++) {
		char name[16];
		snprintf(name, sizeof(name), "step-%d", i);
		add(out, &n, "swap", name, "the effect of this step and the next")->swap = i;
	}
	for (int i = 0; i < MUTANT_COUNT; i++)
		add(out, &n, "rule", names[i], texts[i])->mask = UINT64_C(1) << i;
	return n;
}

void
mutations_apply(const struct mutation *m)
{
#ifdef MSIG_MUTANTS
	mutant_mask = m == NULL ? 0 : m->mask;
	mutant_guards = m == NULL ? 0 : m->guards;
	mutant_dones = m == NULL ? 0 : m->dones;
	mutant_holds = m == NULL ? 0 : m->holds;
	mutant_swap = m == NULL ? 0 : m->swap;
#endif
}

void
mutations_environment(void)
{
	static struct mutation all[MUTATIONS_MAX];
	const char *name = getenv("MSIG_MUTANT");
	int n = name == NULL ? 0 : mutations_list(all);

	for (int i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			mutations_apply(&all[i]);
}
