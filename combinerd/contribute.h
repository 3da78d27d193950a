/*
 * What the agent (APPLY, over the bus) and holders of the update key (UPDATE, over DNS) want in the
 * overlay: on a copy first, then checked, then committed, then answered.
 */
#pragma once

#include "combinerd/update.h"
#include "combinerd/zone.h"

/* A parsed UPDATE whose sender was verified. On NOERROR it is on disk and served. */
void contribute_update(struct zone *zone, const knot_pkt_t *pkt, const char *origin,
		       struct update_result *result);

/* A whole overlay. The same: NOERROR means that it is on disk and served. */
void contribute_apply(struct zone *zone, const struct msig_msg_APPLY *apply,
		      struct update_result *result);

/* The operator's word: everything of one origin goes; origin NULL: a lost overlay is forgotten. */
void contribute_withdraw(struct zone *zone, const char *origin, struct update_result *result);

/* Binds APPLY and SHOW to the bus. */
void contribute_listen(struct combiner *combiner);
