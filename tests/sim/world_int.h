/*
 * What the files of the world share (world.c, world_store.c and so on).
 */
#pragma once

#include "libmsig/key.h"
#include "tests/sim/sim.h"

/* A server goes back to what it had before, and is over it within D (the parent's: D_parent). */
enum flap { FLAP_NONE, FLAP_BACK, FLAP_OVER };

/* A TTL that changed stays so long: what is raised and lowered again between two looks of every
 * agent cannot be seen, only be allowed for by margins, which are 0 here. */
#define SEEN_FOR (60 * SECOND)
/* The parent asks a server that fell silent again for so long before it passes it over: an agent
 * cannot know within one round of questions that the other signer it counted on is not heard. */
#define ASKED_AGAIN (20 * SECOND)
#define OLD_ALGORITHM 15
#define NEW_ALGORITHM 13

#define S(id) MSIG_KEY_STATE_##id
#define R(id) MSIG_KEY_ROLE_##id

/* world.c: chance. */
/* A time by chance, up to one bound while there are faults, and another when there are none. */
int64_t world_upto(struct sim *sim, int64_t least, int64_t faulty, int64_t calm);

/* world_store.c: key stores. */
/* Is it in the DNSKEY RRset? */
bool world_in_zone(const struct key *k);
/* Does it sign the data? */
bool world_signs_data(const struct node *n, const struct key *k);
/* NULL: there is no room. */
struct key *world_make_key(struct sim *sim, struct node *n, uint8_t role, uint8_t algorithm,
			   uint8_t state, bool collide);
struct key *world_find_key(struct node *n, uint32_t id);
void world_on_key(struct sim *sim, struct event *e);

/* world_signer.c: signers and name servers. */
/* CDS, CDNSKEY or DS of these keys, by type. */
struct rset world_cds_of(struct sim *sim, struct rset keys, uint16_t type);
void world_serve_later(struct sim *sim, int i);
/* The version that a signer makes of its combiner's zone; who has none serves a copy. */
void world_sign(struct sim *sim, int i);
void world_serve(struct sim *sim, struct event *e);
/* Its servers stop. */
void world_silence(struct sim *sim, int i);

/* world_combiner.c: combiners. */
void world_combiner_apply(struct sim *sim, int i, struct event *e);
/* A version of its zone: the owner's, or the overlay, has changed. */
void world_combiner_emit(struct sim *sim, int i);
void world_combiner_restart(struct sim *sim, int i);

/* world_parent.c: the parent. */
void world_parent_publish(struct sim *sim);
void world_parent_serve(struct sim *sim, struct event *e);
void world_scan(struct sim *sim);
struct rset world_keys_of_ds(const struct sim *sim);
void world_feed_parent(struct sim *sim);
void world_parent_copy(struct sim *sim);

/* world_owner.c: the owner. */
/* Somebody who signs stays, whatever happens to this one. */
bool world_others_sign(const struct sim *sim, int but);
/* What the owner means, as a new instruction. */
void world_instruct(struct sim *sim);
void world_owner_publishes(struct sim *sim, int hsync);
/* Whose signer its servers serve from now on. */
void world_choose_feed(struct sim *sim, int i);
/* Did the parent's DS change lately, so that not everybody has seen the new ones? */
bool world_new_ds(const struct sim *sim);
bool world_signs_on(const struct sim *sim, const struct node *n); /* by HSYNC */
bool world_feeds(const struct sim *sim, const struct node *n); /* a signer to take copies from */
bool world_says_member(const struct node *n);
/* One of those of whom it is true, or -1. */
int world_pick(struct sim *sim, bool (*fits)(const struct sim *sim, int i));
void world_owner_acts(struct sim *sim, struct event *e);
void world_blip(struct sim *sim);
void world_owner_helps(struct sim *sim);
bool world_says_gone(const struct zone_view *v, const struct node *n);
void world_owner_makes_ns_equal(struct sim *sim);
void world_parent_tidy(struct sim *sim);
void world_owner_tidies(struct sim *sim);
void world_owner_lists_again(struct sim *sim);
void world_owner_keeps_one(struct sim *sim);
void world_owner_has_rejoin(struct sim *sim);

/* world_operator.c: the operators. */
void world_expel_everywhere(struct sim *sim);
void world_operator_acts(struct sim *sim, struct event *e);
void world_people(struct sim *sim, int i);

/* world_only.c: a world for one process. */
void world_only_node(struct sim *sim, int i);
int world_only_feed(struct sim *sim, int i); /* whose copy a provider serves at the start */
int64_t world_only_plan(struct sim *sim, int64_t at);
int world_only_later(const struct sim *sim);  /* of a thousand that join later, or never */
int world_only_steady(const struct sim *sim); /* of a thousand worlds with a group at the start */
void world_only_tidy(struct sim *sim);
int world_only_fault(struct sim *sim); /* what goes wrong next (world_fault) */

/* world_fault.c: what goes wrong. */
void world_restore(struct sim *sim, struct event *e);
void world_fault(struct sim *sim);
void world_quiet(struct sim *sim);
