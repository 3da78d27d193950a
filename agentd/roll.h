/*
 * The own signer's keys during a rollover (process.h: the states of each step).
 */
#pragma once

#include "agentd/step.h"

/* Brings the keys into the states of the step that is executed: MAKE, SET, DISCARD to the key
 * store, one at a time, each only if it is safe with everything cached. */
void roll_work(struct step *s);

/* The key with this DNSKEY in the own key store, or NULL. */
const struct view_key *roll_key(const struct zone_view *view, int rr);
/* The keys that the store has in the zone: the own DNSKEYs. */
struct rset roll_published(const struct zone_view *view);

/* The new keys of the running rollover that can be taken back: nobody has built on them. Those that
 * an earlier rollover to this algorithm brought into the zone stay there. */
struct rset roll_unused(const struct zone_view *view);
/* Are these signatures (VIEW_ALIEN) by an own key whose DNSKEY an algorithm rollover holds back, or
 * took away already? */
bool roll_expects(const struct zone_view *view, uint32_t alien);

/* Is the DNSKEY of a key in this state (MSIG_KEY_STATE_*) in the zone? */
bool roll_in_zone(uint8_t state);
/* The state that a key is brought into by the step that was executed last; 0: it stays. */
uint8_t roll_state(const struct zone_view *view, const struct view_key *key, bool fresh);
/* Does the key store have a KSK or CSK that goes in a state in which CDS may name it, or may come
 * to name it by an order that is under way? */
bool roll_named(const struct zone_view *view);
/* Is a key that has one state where the other one is wanted? A rollover to an algorithm may find
 * what an earlier one has done: nothing goes back. */
bool roll_reached(const struct zone_view *view, uint8_t have, uint8_t want);

/* Are keys of two algorithms in the zone? One of them takes the others of its algorithm along. */
bool roll_mixed(const struct zone_view *view, uint8_t *one, uint8_t *other);
/* An algorithm rollover whose old keys are gone already, before the step that takes them out, or
 * while other keys of their algorithm come: the key store is past it, and the database is an older
 * one. */
bool roll_past(const struct zone_view *view);
/* The rollover that the states of the own keys say was interrupted; 0: none. */
uint8_t roll_unfinished(const struct zone_view *view);
/* The algorithm of own keys that were published and are not active yet, while keys of another one
 * are: a rollover to it runs, or ended early. 0: none. */
uint8_t roll_coming(const struct zone_view *view);
/* The same, of keys that are not published either, and sign only. */
uint8_t roll_interrupted_to(const struct zone_view *view);
/* Shall CDS name the keys of that algorithm now, whatever step is executed here? */
bool roll_goes_over(const struct zone_view *view, uint8_t coming);
