/*
 * The own signer's keys during a rollover (process.h: the states of each step).
 */
#pragma once

#include "agentd/step.h"

/* Brings the keys into the states of the step that is executed: MAKE, SET, DISCARD to the key
 * store, one at a time, each only if it is safe with everything cached. */
void roll_work(struct step *s);

/* The keys that the store has in the zone: the own DNSKEYs. */
struct rset roll_published(const struct zone_view *view);

/* Is the DNSKEY of a key in this state (MSIG_KEY_STATE_*) in the zone? */
/* The state that a key is brought into by the step that was executed last; 0: it stays. */
uint8_t roll_state(const struct zone_view *view, const struct view_key *key, bool fresh);
bool roll_in_zone(uint8_t state);
