/*
 * Agreement in peer mode: who may start what, grants, and the messages of one process. One
 * transition id and one grant per process; each step runs REQUEST, APPROVE, EXECUTE, DONE inside
 * it. Everything is state, repeated until it has had its effect; a repeated or late message is
 * harmless.
 *
 * Voters are all signers that HSYNC designates; each must approve and each must be done. Actors are
 * the members of the group and the subject: they change their overlay.
 */
#pragma once

#include "agentd/decide.h"

/* Which entry of HSYNC is whose (view->entry), and who is designated and listed: whenever HSYNC or
 * the group changed. Where nobody whom HSYNC designates is in yet, whoever is in counts as
 * designated until then. */
void agree_match(struct zone_view *view);
uint32_t agree_designated(const struct zone_view *view); /* ON and SIGN; computed anew */
uint32_t agree_listed(const struct zone_view *view);     /* ON, whether it signs or not */
/* Does HSYNC say that it signs? Not because nobody whom it designates is in yet. */
bool agree_to_sign(const struct zone_view *view, int provider);
/* Does an instruction that is not followed yet take this provider out? */
bool agree_outgoing(const struct zone_view *view);
uint32_t agree_voters(const struct zone_view *view); /* bit per provider, ourselves included */
/* Who would vote on such a process, if it began now. */
uint32_t agree_electorate(const struct zone_view *view, uint8_t kind);
/* Of those that are to sign nobody is a member here, because the delegation has none of them: those
 * that say they are. Else 0. */
uint32_t agree_say_members(const struct zone_view *view);
uint32_t agree_members(const struct zone_view *view);
/* Of which keys or CDS are in the zone, whatever it is to become. */
uint32_t agree_partly(const struct zone_view *view);
uint32_t agree_actors(const struct zone_view *view);

/* Is anything of it in the zone, or is it to sign? The keys of all others are nobody's affair. */
bool agree_concerns(const struct zone_view *view, int provider);
/* Two DNSKEYs of different rdata under one tag (the REVOKE variants too), or -1. */
int agree_keytag_collision(const struct zone_view *view, int *other);
/* The same, of those over which a process may not begin, nor go on from its first step. A leave
 * takes keys away, and a rollover may be what ends a clash that there is: it may not bring another
 * one. */
int agree_keytag_barrier(const struct zone_view *view, uint8_t kind, int subject, uint8_t algorithm,
			 int *other);
