/*
 * The journal is kept for a while and in some room (journal-max-age, journal-max-usage), not for
 * ever: peers decide how fast it grows.
 */
#pragma once

#include "agentd/agent.h"

void prune_open(struct agent *agent);
void prune_close(struct agent *agent);
/* A little of it; how long until the next, ms. By its age only by a clock that is known to be
 * right: one that is years ahead would take all there is. */
uint64_t prune_some(struct agent *agent, bool clock_is_right);
