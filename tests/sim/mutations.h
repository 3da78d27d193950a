/* Faults on purpose, by name: made from the tables of the processes, and from agentd/mutant.h. */
#pragma once

#include <stdint.h>

struct mutation {
	char name[40];
	const char *text;
	uint64_t mask;
	uint32_t guards, dones, holds;
	int swap;
};

#define MUTATIONS_MAX 128

int mutations_list(struct mutation out[MUTATIONS_MAX]);
/* NULL: none. */
void mutations_apply(const struct mutation *m);
/* By the environment (MSIG_MUTANT=name), for the unit tests. */
void mutations_environment(void);
