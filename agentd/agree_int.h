/*
 * What the files of the agreement share (agree.c, agree_group.c and so on).
 */
#pragma once

#include "agentd/agree.h"
#include "agentd/step.h"

struct judgement {
	enum msig_op op;
	uint16_t result;
	char text[REASON_TEXT];
};

/* What this provider has to ask for next: what the owner wants before what the operator wants,
 * leaving before anything else. kind 0: nothing. */
struct intent {
	uint8_t kind;
	uint8_t algorithm;
	int subject;
};

/* agree_group.c: who belongs to it, and whose turn it is. */
/* Its name servers are to be named, though it does not sign. */
bool agree_serves_only(const struct zone_view *view, int provider);
/* Is none of these, who are to sign, a member, or says that it is? */
bool agree_nobody_in(const struct zone_view *view, uint32_t designated);
/* Signers of which something is in the zone, and that nobody designates any more. */
uint32_t agree_leaving(const struct zone_view *view);
/* Does another one leave before this one, since it is not there? What it serves it goes on to
 * serve, and caches ask it while it is named. */
bool agree_dead_first(const struct zone_view *view, int provider);
bool agree_at_parent(const struct zone_view *view, int provider);
/* Are the keys of both of the same algorithms, as they state them? */
bool agree_same_algorithms(const struct zone_view *view, int a, int b);
/* Ended the last process here in the middle, and it was about its name servers? Where the
 * delegation shows nowhere, what it came to is seen by nobody. */
bool agree_unfinished_ns(const struct zone_view *view, int provider);
/* Named without signing, and not to be any more. */
uint32_t agree_unwanted(const struct zone_view *view);
/* Why something else is to be done first, or NULL; *who: whose turn it is, or -1. */
const char *agree_goes_before(const struct zone_view *view, uint8_t kind, int subject, int *who);
/* Does nothing come first? Of several things to do another one is taken otherwise. */
bool agree_has_turn(const struct zone_view *view, uint8_t kind, int subject);
/* The order whose turn it is here, or none (process 0). Where an algorithm rollover was not
 * completed, no key rolls before it is; and what has to wait keeps no other one. */
struct view_order agree_next_order(const struct zone_view *view);
/* Who of the members speaks for the group, or -1. */
int agree_speaker(const struct zone_view *view);
/* The first of them who is not there, in the same view of HSYNC, or -1. */
int agree_missing(const struct zone_view *view, uint32_t voters);
/* Is every DS at the parent of a provider of which something is known to be in? */
bool agree_all_known(const struct zone_view *view);

/* agree_state.c: what is said of the process, and its phase. */
const char *agree_who(const struct step *s, int provider);
/* The reason that one is not there whose part it is; waits: what for. */
void agree_await(struct step *s, int provider, enum reason_object object, const char *waits);
/* A message to a provider about a process; NULL: the plan is full. */
struct view_message *agree_say(struct step *s, int to, enum msig_op op,
			       const struct view_message *about);
void agree_refuse(struct step *s, int to, enum msig_op op, const struct view_message *about,
		  uint16_t result, const char *text);
struct view_message agree_our_process(const struct step *s);
void agree_phase(struct step *s, enum view_phase to);
void agree_forget(struct step *s);
void agree_back_off(struct step *s);
/* The order of the operator that this process carried out. */
void agree_order_done(struct durable *d, uint8_t kind, uint8_t algorithm);
bool agree_ordered(const struct durable *d, uint8_t kind);
struct view_process agree_new_process(const struct zone_view *view, uint8_t kind, int subject,
				      int requestor, uint8_t algorithm);

/* agree_end.c: how it ends. */
void agree_finish(struct step *s);
/* What was done stays, and another process goes on from there. */
void agree_end_early(struct step *s, const char *why);
/* Was a step executed whose effect others may have seen (process_rule.binds), so that it only goes
 * forward? */
bool agree_effective(const struct view_process *run);
/* Gives up what had no effect yet. */
void agree_give_up(struct step *s, const char *why);
/* It rests where it is, so that others may begin something else. */
bool agree_halted(const struct zone_view *view);
/* Does the instruction that the running process follows still stand? */
bool agree_stands(const struct zone_view *view);
/* Has the parent followed the NS of the zone, so that nobody is sent to the leaver any more? */
bool agree_parent_followed(const struct zone_view *view);

/* agree_turn.c: a rollover that goes back. */
/* Whose operator can turn it round; -1: nobody's, any more. */
int agree_turner(const struct view_process *run);
/* Ours wants that, and it is not too late. */
bool agree_turns(struct step *s);
void agree_turn(struct step *s, const char *why);
/* Why it cannot be turned round by us, now; NULL: it can. */
const char *agree_turn_hindered(const struct zone_view *view);
/* A message that speaks of another algorithm than our process turns that round as well, or is
 * refused. false: it counts no more. */
bool agree_follow_turn(struct step *s, int from, const struct view_message *m);

/* agree_withdraw.c: whether it has to. */
void agree_withdraw(struct step *s);

/* agree_judge.c: may it begin, may this step be executed? */
struct judgement agree_judge(enum msig_op op, uint16_t result, const char *text);
bool agree_guard(struct step *s, uint8_t kind, uint8_t step, struct reason *why);
struct judgement agree_judge_guard(struct step *s, uint8_t kind, uint8_t step);
/* Why this step neither begins here nor is asked for or approved, since the own signer uses a key
 * that nobody can know, or not everybody yet; NULL: it may be. What was executed goes on. */
const char *agree_key_first(const struct zone_view *view, uint8_t kind, int subject, uint8_t step);
/* Of two that ask at the same time: does the first one go on? */
bool agree_goes_first(const struct step *s, uint8_t kind, int provider, uint8_t kind2,
		      int provider2);
/* Is it asked for by its subject, where nobody leads? */
bool agree_own_affair(uint8_t kind);
struct judgement agree_judge_new(struct step *s, int from, const struct view_message *m);
/* Is the statement that is known here older than the one that the message speaks of? */
bool agree_older(const struct view_statement *st, const struct view_message *m);

/* agree_start.c: what there is to ask for. */
/* What is to be done about others by us; kind 0: nothing. */
struct intent agree_for_the_group(struct step *s);
void agree_start(struct step *s);
void agree_await_joiners(struct step *s);

/* agree_requestor.c: the process that we asked for. */
/* Goes on with it. */
void agree_conduct(struct step *s);

/* agree_participant.c: the process that another one asked for. */
void agree_answer_request(struct step *s, int from);
void agree_answer_ask(struct step *s, int from);
void agree_participate(struct step *s);
