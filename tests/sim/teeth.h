/* What notices faults on purpose, and what stands in front of those that nothing notices. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sim;

/* mutants.c. What to do: `list` the mutations; the name of one, or several (one+other), is tried
 * with so many seeds; `seeds:file` runs those that are known; `search:process` looks for more. Exit
 * status: 0 noticed, 3 not. */
int mutants_run(uint64_t from, uint64_t tries, const char *what);

/* process, or process:file with what is known. Looks in so many schedules of the world for it.
 * Prints, each time a smaller set is found: mutation, seed, world, the others of the set, how it
 * fails; with tabs between. */
int teeth_search(const char *what, uint64_t from, uint64_t tries);

/* Has it failed because of what agents do, and not for lack of room in the simulator? */
bool teeth_harm(const struct sim *sim);
