/*
 * Teeth of the simulator: for each mutation the seed that catches it. One that is not caught
 * because the evaluation of S1 and S2 before actions still stands in its way is tried again without
 * that: what is tested here is a second line of defence behind the first. Seeds that were found
 * once are in a file, and are run again without a search.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/mutant.h"
#include "tests/sim/mutations.h"
#include "tests/sim/sim.h"
#include "tests/sim/teeth.h"

static struct sim sim;
static char failure[256];

#define RULE(name) (UINT64_C(1) << MUTANT_BIT_##name)
#define LEADER_RULES (RULE(LEADER) | RULE(VOTES) | RULE(SUCCESSOR) | RULE(CHANGE) | RULE(HALF))
#define TURN_RULES \
	(RULE(TURN_LATE) | RULE(TURN_TWICE) | RULE(TURN_WORDS) | RULE(TURN_HOLD) | RULE(BINDS))

/* A world, as letters: a joins only, e every process, l safety alone is judged, o for the process
 * of the mutation's table, r operators order nothing but that rollover, k or g that of a KSK or of
 * an algorithm, p leader mode. */
static void
world(struct sim_options *opt, const struct mutation *m, const char *letters)
{
	static const int orders[CELL_KINDS] = {
	    [MSIG_PROCESS_ZSK] = MISHAP_ORDER_ZSK,
	    [MSIG_PROCESS_KSK] = MISHAP_ORDER_KSK,
	    [MSIG_PROCESS_ALGORITHM] = MISHAP_ORDER_ALG,
	};
	int kind = m->edits > 0 ? m->edit[0].kind : 0;

	*opt = (struct sim_options){.faults = true};
	opt->joins_only = strchr(letters, 'a') != NULL;
	opt->safety_only = strchr(letters, 'l') != NULL;
	opt->only = strchr(letters, 'o') != NULL ? kind : 0;
	opt->order = strchr(letters, 'r') != NULL   ? orders[kind]
		     : strchr(letters, 'k') != NULL ? MISHAP_ORDER_KSK
		     : strchr(letters, 'g') != NULL ? MISHAP_ORDER_ALG
						    : 0;
	opt->model = strchr(letters, 'p') != NULL ? MODEL_LEADER : MODEL_UNKNOWN;
}

/* A seed that fails because of the mutation, and not of what is tried together with it alone. */
static bool
caught(const struct mutation *m, const struct mutation *without, const struct sim_options *opt)
{
	mutations_apply(m);
	bool failed = !sim_run(&sim, opt) && teeth_harm(&sim);
	memcpy(failure, sim.failure, sizeof(failure));
	mutations_apply(without);
	failed = failed && sim_run(&sim, opt);
	mutations_apply(NULL);
	return failed;
}

/* Joins alone and the whole world by turns, and what makes the mutation matter more often: leader
 * mode, the rollover whose table it is in. */
static uint64_t
hunt(const struct mutation *m, uint64_t tries, char letters[8])
{
	const uint64_t safety = RULE(SAFETY);
	struct mutation base = {.mask = m->mask == safety ? 0 : m->mask & safety};
	bool joins = m->edits == 0 || m->edit[0].kind == MSIG_PROCESS_ADD;
	bool led = (m->mask & LEADER_RULES) != 0 || strcmp(m->name, "persist:election") == 0;
	struct sim_options opt;

	for (uint64_t seed = 1; seed <= tries; seed++) {
		bool a = joins && seed % 2 == 1;
		if ((m->mask & TURN_RULES) != 0)
			snprintf(letters, 8, "%s%s", seed % 2 != 0 ? "g" : "k",
				 seed / 2 % 2 != 0 ? "p" : "");
		else
			snprintf(letters, 8, "%s%s%s%s", a ? "a" : "",
				 m->world != 0 || (!a && seed % 4 != 0) ? "l" : "",
				 m->edits > 0 ? "r" : "", led ? "p" : "");
		world(&opt, m, letters);
		opt.seed = seed;
		if (caught(m, &base, &opt))
			return seed;
	}
	return 0;
}

/* false: no schedule found it. */
static bool
one(struct mutation *m, uint64_t tries)
{
	char letters[8];
	const char *with = "-";
	uint64_t seed = hunt(m, tries, letters);

	if (seed == 0 && (m->mask & RULE(SAFETY)) == 0) {
		m->mask |= RULE(SAFETY);
		with = "rule:SAFETY";
		seed = hunt(m, tries, letters);
	}
	if (seed == 0)
		printf("# %s survived %llu schedules (%s)\n", m->name, (unsigned long long)tries,
		       m->text);
	else
		printf("%s\t%llu\t%s\t%s\t%.60s\n", m->name, (unsigned long long)seed,
		       letters[0] == 0 ? "e" : letters, with, failure);
	return seed != 0;
}

/* ---- seeds that are known ---- */

static bool
again(char *line)
{
	static struct mutation m, with;
	struct sim_options opt;
	char *rest = line, *name = strsep(&rest, "\t"), *seed = strsep(&rest, "\t"),
	     *letters = strsep(&rest, "\t"), *others = strsep(&rest, "\t\n");

	if (others == NULL || mutations_find(name, &m) == 0) {
		printf("# no such mutation: %s\n", name);
		return false;
	}
	memset(&with, 0, sizeof(with));
	if (strcmp(others, "-") != 0 && mutations_find(others, &with) == 0) {
		printf("# %s: no such mutation: %s\n", name, others);
		return false;
	}
	world(&opt, &m, letters);
	opt.seed = strtoull(seed, NULL, 10);
	mutations_join(&m, &with);
	if (!caught(&m, &with, &opt)) {
		printf("# %s: seed %s does not notice it any more\n", name, seed);
		return false;
	}
	printf("%s\t%s\t%s\t%s\t%.60s\n", name, seed, letters, others, failure);
	return true;
}

/* A line per mutation: its name, seed, world, what else is broken ("-": nothing); with tabs
 * between. Prints those that hold. */
static int
replay(const char *path)
{
	static char line[2048];
	FILE *file = fopen(path, "r");
	int all = 0, good = 0;

	if (file == NULL) {
		perror(path);
		return 2;
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] == '#')
			continue;
		all++;
		good += again(line);
	}
	(void)fclose(file);
	printf("# %d of %d seeds notice what they noticed\n", good, all);
	return good == all ? 0 : 3;
}

/* One a line. */
static void
list(void)
{
	static struct mutation all[MUTATIONS_MAX];
	int n = mutations_list(all);

	mutations_none();
	for (int i = 0; i < n; i++)
		printf("%s\n", all[i].name);
}

int
mutants_run(uint64_t from, uint64_t tries, const char *what)
{
	static struct mutation m;

	if (strcmp(what, "list") == 0) {
		list();
		return 0;
	}
	if (strncmp(what, "search:", 7) == 0)
		return teeth_search(what + 7, from, tries);
	if (strncmp(what, "seeds:", 6) == 0)
		return replay(what + 6);
	if (mutations_find(what, &m) == 0) {
		fprintf(stderr, "no such mutation: %s\n", what);
		return 2;
	}
	return one(&m, tries) ? 0 : 3;
}
