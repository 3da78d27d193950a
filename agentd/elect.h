/*
 * Who leads, in leader mode: an election among the signers that HSYNC designates. A term is on disk
 * before anything is said in it, and so is all else that is said, so that a restart is no more than
 * a lost message. Every voter votes one number per term; when all votes are in, everybody confirms
 * the highest (vote, identity); whoever has everybody's confirmation of the same winner follows it,
 * or leads, until its lease ends.
 *
 * All have to vote: a leader without everybody's word could not take a step anyway, and a group
 * that waits does no harm. Somebody who is dead and whom the owner or the operators take out is no
 * voter any more, nor is a provider that does not sign, nor one that joins and was never heard.
 *
 * Pure, like all of the core. Ballots travel as view_message (ELECT_CALL wants an answer,
 * ELECT_VOTE and ELECT_CONFIRM want none).
 */
#pragma once

#include "agentd/step.h"

/* The model that all designated signers can have in common. *who (may be NULL): the provider that
 * UNKNOWN or NONE is about. */
enum view_model elect_model(const struct zone_view *view, int *who);
const char *elect_model_name(enum view_model model);
const char *elect_state_name(enum elect_state state);

uint32_t elect_voters(const struct zone_view *view);
/* The leader on whom all have agreed and whose lease has not ended, or -1. */
int elect_leader(const struct zone_view *view);

/* A peer's ballot came: true if it was news. */
bool elect_on_message(struct zone_view *view, int provider, const struct view_message *m);
/* The clock jumped. */
void elect_on_clock(struct zone_view *view, int64_t now);

/* Hears ballots, moves from state to state, says what has to be said. */
void elect_run(struct step *s);
/* The reason for a missing leader, if it is missing. */
void elect_show(struct step *s);
