/* A failing schedule is made shorter: see shrink.c. */
#pragma once

#include "tests/sim/sim.h"

/* Runs the schedule again with what went wrong, and what people did, left out piece by piece, until
 * nothing can be left out any more; prints what is left. */
void shrink(const struct sim_options *options);
