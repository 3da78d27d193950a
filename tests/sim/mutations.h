/* Faults on purpose, by name: made from the tables of the processes, and from agentd/mutant.h. */
#pragma once

#include <stdint.h>

struct mutation {
	char name[64];
	char text[100];
	uint64_t mask;
	uint32_t guards, dones, holds;
	uint8_t swap_kind; /* of this process ... */
	int swap;          /* ... this step and the next change what the other should */
};

#define MUTATIONS_MAX 192

int mutations_list(struct mutation out[MUTATIONS_MAX]);
/* Prints, as comments, what would be a mutation by its form and is none, and why. */
void mutations_none(void);
/* NULL: none. */
void mutations_apply(const struct mutation *m);
/* By the environment (MSIG_MUTANT=name), for the unit tests. */
void mutations_environment(void);
