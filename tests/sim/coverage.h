/* What happened in which step of which process, in many schedules. */
#pragma once

#include "tests/sim/sim.h"

/* For each process a matrix of mishaps and steps; then, for each mishap, how often it happened, and
 * in how many of all cells. */
void coverage(const struct sim_stats *s);
/* How often each condition in the rows of a process was all that was in the way. */
void coverage_alone(const struct sim_stats *sum, uint8_t kind);
