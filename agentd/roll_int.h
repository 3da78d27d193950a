/*
 * For roll*.c.
 */
#pragma once

#include "agentd/step.h"

/* Is it in use, so that a rollover replaces it? */
bool roll_in_use(const struct view_key *key);
bool roll_is_sep(const struct zone_view *view, int rr);

/* One thing at a time is asked of the key store: MSIG_KEY_VERB_*; of MAKE the role and algorithm of
 * the key count. */
void roll_ask(struct step *s, uint8_t verb, const struct view_key *key, uint8_t state);
/* Which keys come and go, for the rollover that runs. true: all are there. */
bool roll_choose(struct step *s);
