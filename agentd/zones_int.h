/*
 * What the files of the zones share (zones.c, zones_settle.c and so on).
 */
#pragma once

#include "agentd/zones.h"

/* zones_conf.c: configuration, and the stored view. */
/* What the configuration says of the zone, into its view. */
void zones_configure(struct zone *zone);
/* The view as the store has it, or a new one; if it cannot be had, an empty one, and the zone is
 * broken. */
void zones_load(struct zone *zone);
/* Once more, if the database could not be read. */
void zones_load_again(void *arg);

/* zones_settle.c: deciding. */
/* Into the open transaction, if there is one. */
int zones_journal(struct zone *zone, const char *actor, const char *kind, const char *text,
		  const void *evidence, size_t len);
/* The contacts that the owner's instruction asks for. */
void zones_share_contacts(struct zone *zone);
/* Timers. */
void zones_say_reason(void *arg);
/* What peers are, told to the view. */
void zones_tell_peers(struct zone *zone);

/* zones_evidence.c: messages of peers in the journal. */
/* Is it of what runs here, or ended last, and not in the journal yet? */
bool evidence_counts(struct zone *zone, const struct heard *heard);
/* A REQUEST may be of what runs here later. */
void evidence_wait(struct zone *zone, const struct heard *heard);
/* One that has waited, and is now; what *heard has is lent until evidence_stored(). */
bool evidence_due(struct zone *zone, struct heard *heard);
void evidence_clear(struct zone *zone);
/* Into the open transaction; and once that is on disk. */
int evidence_add(struct zone *zone, const struct heard *heard);
void evidence_stored(struct zone *zone, const struct heard *heard);

/* zones_act.c: acting. */
void zones_apply_timeout(void *arg);
void zones_show(struct zone *zone);
/* Does what was decided, and stored. */
void zones_act(struct zone *zone, const struct plan *plan);

/* zones_bus.c: the bus. */
void zones_follow(void *arg);
