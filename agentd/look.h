/*
 * Looking at the world for a zone: puts the questions that the core wants asked, verifies what
 * comes back, and hands the core observations with three values. Knows which records prove what;
 * does not know what they are needed for.
 */
#pragma once

#include "agentd/zones.h"

/* Asks a place (index into the view) for types (bits). */
void look_place(struct zone *zone, int place, uint32_t types);
/* Asks the own signer for HSYNC. */
void look_hsync(struct zone *zone);
/* Addresses of a name server (id of an NS record), or of the parent's servers (-1). */
void look_addresses(struct zone *zone, int ns);
/* Nothing under way is waited for any more. */
void look_stop(struct zone *zone);
