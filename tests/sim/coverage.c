/*
 * Coverage as it is printed: mishaps against the steps of the processes.
 */
#include <stdio.h>

#include "tests/sim/coverage.h"

/* "stop" is no step; with no process at all, the zone rests: one cell. */
static int
steps_of(int kind)
{
	const struct process_rule *rule = process_rule((uint8_t)kind);

	return rule == NULL ? 1 : rule->steps - 1;
}

static void
matrix(const struct sim_stats *s, int kind)
{
	int steps = steps_of(kind);

	printf("# %s:", kind == 0 ? "no process" : process_name((uint8_t)kind));
	for (int i = 0; i < steps && kind != 0; i++)
		printf(" %d %s%s", i, process_step_name((uint8_t)kind, (uint8_t)i),
		       i + 1 < steps ? "," : "");
	printf("\n#   %-48s", "");
	for (int i = 0; i < steps; i++)
		printf(" %8d", i);
	printf("\n");
	for (int m = 0; m < MISHAP_COUNT; m++) {
		printf("#   %-48s", sim_mishap_name((enum mishap)m));
		for (int i = 0; i < steps; i++)
			if (s->cell[m][kind][i] != 0)
				printf(" %8llu", (unsigned long long)s->cell[m][kind][i]);
			else
				printf(" %8s", ".");
		printf("\n");
	}
}

static void
sums(const struct sim_stats *s)
{
	for (int m = 0; m < MISHAP_COUNT; m++) {
		uint64_t sum = 0;
		int hit = 0, cells = 0;
		for (int k = 0; k < CELL_KINDS; k++)
			for (int i = 0; i < steps_of(k); i++) {
				cells++;
				hit += s->cell[m][k][i] != 0;
				sum += s->cell[m][k][i];
			}
		printf("# %-48s %9llu, in %d of %d\n", sim_mishap_name((enum mishap)m),
		       (unsigned long long)sum, hit, cells);
	}
}

void
coverage(const struct sim_stats *s)
{
	printf("# processes:");
	for (int k = 1; k < CELL_KINDS; k++)
		printf(" %s %llu (%llu ended early)", process_name((uint8_t)k),
		       (unsigned long long)s->finished[k], (unsigned long long)s->early[k]);
	printf("\n");
	for (int k = 0; k < CELL_KINDS; k++)
		matrix(s, k);
	sums(s);
}

void
coverage_alone(const struct sim_stats *sum, uint8_t kind)
{
	static const char *const names[] = {
#define X(id, text) #id,
	    PROCESS_CONDITIONS(X)
#undef X
	};
	const struct process_rule *rule = process_rule(kind);

	for (int i = 0; i < rule->steps && i < CELL_STEPS; i++)
		for (int done = 0; done < 2; done++)
			for (int bit = 0; bit < COND_COUNT; bit++) {
				const struct process_step *s = &rule->step[i];
				if (((done ? s->done : s->guard) >> bit & 1) != 0)
					printf("# alone in the way: %s:%s.%s.%s %llu\n",
					       done ? "done" : "guard", rule->name, s->name,
					       names[bit],
					       (unsigned long long)sum->alone[kind][i][done][bit]);
			}
}
