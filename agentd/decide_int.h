/*
 * What the files of decide() share (decide.c, decide_owner.c and so on).
 */
#pragma once

#include "agentd/decide.h"
#include "agentd/step.h"

struct safety;

/* decide_owner.c: the owner's instruction. */
/* What the HSYNC that is followed says of a provider; NULL: it is not listed. */
const struct view_hsync_entry *decide_listed(const struct zone_view *view, int provider);
void decide_instruction(struct step *s);
void decide_egress(struct step *s);
void decide_ns_management(struct step *s);
/* Does every record say NSMGMT=AGENT? */
bool decide_all_agent(const struct view_hsync *h);
/* From now on NS are the agents', or the owner's. */
void decide_managed(struct step *s, bool agent);
void decide_sharing(struct step *s);

/* decide_keys.c: own keys. */
void decide_own_keys(struct step *s);
/* Those that are known otherwise than from the zone: by the key store, or by configuration. */
struct rset decide_stored_keys(const struct zone_view *view);
/* The keys whose DS shall stand at the parent. */
struct rset decide_intended(const struct zone_view *view, struct rset own);

/* decide_self.c: our own statement. */
/* Are we to serve the zone without signing it? */
bool decide_serves_only(const struct zone_view *view);
/* Does combinerd hold keys of others for a signer that signs itself? What one of them has signed is
 * a copy. */
bool decide_signs_beside(const struct zone_view *view);
void decide_state_self(struct step *s);
void decide_tell_peers(struct step *s);

/* decide_member.c: who is a member of the group. */
void decide_membership(struct step *s);
/* From now on this of it is in the zone (HAS_*). */
void decide_stands(struct step *s, int provider, uint8_t has, bool member);

/* decide_follow.c: what is believed of those who are in it in part. */
void decide_follow(struct step *s);                   /* what others show */
void decide_follow_one(struct step *s, int provider); /* what is said and shown of this one */
/* Have we no vote on what the group does, so that we act along at most? */
bool decide_no_vote(const struct zone_view *view);
/* Is it silent, and somebody else who votes is not? After a start all are. */
bool decide_silent_alone(const struct zone_view *view, int provider);
/* Have we no vote, and those who do name it no more? */
bool decide_unnamed_by_voters(const struct zone_view *view, int provider);
/* Has it not been taken back for long, after all that ended here? */
bool decide_says_for_long(struct step *s, const struct view_provider *p);

/* decide_held.c: what combinerd holds. */
void decide_database(struct step *s);
/* Of which kinds of records (HAS_*) a provider loses all. */
uint8_t decide_lost(const struct view_contribution *old, const struct view_contribution *new);
/* The reason, if combinerd did not take what it was told. */
void decide_refused(struct step *s);

/* decide_wanted.c: the overlay as it ought to be. false: it cannot be said. */
bool decide_wanted(struct step *s, struct view_overlay *o);
bool decide_holds_anything(const struct view_contribution *c);

/* decide_overlay.c: what combinerd is to hold. */
void decide_unsafe_names(struct step *s, const struct safety *r);
void decide_overlay(struct step *s);
/* Takes it for what combinerd shall hold from now on. */
void decide_want(struct step *s, const struct view_overlay *o);
void decide_apply(struct step *s);

/* decide_unsigned.c: a zone that nobody signs. */
/* Is the zone of the kind that signed: in msig.conf says? If not, nothing is followed. */
bool decide_signed_as_configured(struct step *s);
/* It is not signed, and nobody said that it is not to be; false. */
bool decide_not_configured(struct step *s);
void decide_unsigned(struct step *s);

/* decide_look.c: what is asked. */
void decide_look_up(struct step *s);
void decide_ask(struct step *s);
void decide_forget_places(struct step *s);

/* decide_rest.c: what does not stay as the processes left it. */
void decide_rest(struct step *s);

/* decide_watch.c: alarms, and the parent told. */
void decide_stray(struct step *s);
/* Does it use one that caches may not know yet? Returns what holds of all that they hold. */
struct safety decide_early(struct step *s);
void decide_watch(struct step *s, const struct safety *cached);
void decide_paused(struct step *s);
void decide_notify_parent(struct step *s);
