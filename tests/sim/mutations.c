#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/hold.h"
#include "agentd/mutant.h"
#include "agentd/process.h"
#include "tests/sim/mutations.h"

#define STEPS_MAX 16

#ifdef MSIG_MUTANTS
uint64_t mutant_mask;
uint32_t mutant_guards, mutant_dones, mutant_holds;
static uint8_t swap_kind;
static int swap_first;

static void
change_as(struct process_step *step, const struct process_step *other)
{
	step->effect = other->effect;
	step->fresh = other->fresh;
	step->old = other->old;
	step->cds = other->cds;
}

const struct process_rule *
mutant_rule(const struct process_rule *rule)
{
	static struct process_rule swapped;
	static struct process_step step[STEPS_MAX];

	if (rule->kind != swap_kind || rule->steps > STEPS_MAX)
		return rule;
	for (int i = 0; i < rule->steps; i++)
		step[i] = rule->step[i];
	change_as(&step[swap_first], &rule->step[swap_first + 1]);
	change_as(&step[swap_first + 1], &rule->step[swap_first]);
	swapped = *rule;
	swapped.step = step;
	return &swapped;
}
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
	*m = (struct mutation){0};
	snprintf(m->text, sizeof(m->text), "%s", text);
	snprintf(m->name, sizeof(m->name), "%s:%s", kind, name);
	return m;
}

static bool
same_change(const struct process_step *a, const struct process_step *b)
{
	return a->effect == b->effect && a->cds == b->cds &&
	       memcmp(&a->fresh, &b->fresh, sizeof(a->fresh)) == 0 &&
	       memcmp(&a->old, &b->old, sizeof(a->old)) == 0;
}

static void
add_swaps(struct mutation *out, int *n, const struct process_rule *rule)
{
	for (int i = 0; i + 2 < rule->steps; i++) {
		const struct process_step *a = &rule->step[i], *b = a + 1;
		char name[64], text[100];
		if (same_change(a, b))
			continue;
		snprintf(name, sizeof(name), "%s.%s", rule->name, a->name);
		snprintf(text, sizeof(text), "what %s and %s change is swapped", a->name, b->name);
		struct mutation *m = add(out, n, "swap", name, text);
		m->swap_kind = rule->kind;
		m->swap = i;
	}
}

int
mutations_list(struct mutation out[MUTATIONS_MAX])
{
	uint32_t guards = 0, dones = 0, holds = 0;
	int n = 0;

	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++) {
		const struct process_rule *rule = process_rule(kind);
		for (int i = 0; i < rule->steps; i++) {
			guards |= rule->step[i].guard;
			dones |= rule->step[i].done;
			holds |= rule->step[i].holds;
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
	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++)
		add_swaps(out, &n, process_rule(kind));
	for (int i = 0; i < MUTANT_COUNT; i++)
		add(out, &n, "rule", names[i], texts[i])->mask = UINT64_C(1) << i;
	return n;
}

/* Swapping two steps that change the same gives the same table; and "stop" is no step. */
void
mutations_none(void)
{
	for (uint8_t kind = 1; process_rule(kind) != NULL; kind++) {
		const struct process_rule *rule = process_rule(kind);
		for (int i = 0; i + 2 < rule->steps; i++)
			if (same_change(&rule->step[i], &rule->step[i + 1]))
				printf("# no mutation: swap:%s.%s, the next step changes the "
				       "same, so the table stays as it is\n",
				       rule->name, rule->step[i].name);
	}
}

void
mutations_apply(const struct mutation *m)
{
#ifdef MSIG_MUTANTS
	mutant_mask = m == NULL ? 0 : m->mask;
	mutant_guards = m == NULL ? 0 : m->guards;
	mutant_dones = m == NULL ? 0 : m->dones;
	mutant_holds = m == NULL ? 0 : m->holds;
	swap_kind = m == NULL ? 0 : m->swap_kind;
	swap_first = m == NULL ? 0 : m->swap;
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
