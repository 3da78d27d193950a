/*
 * Leader mode: who may ask for what, what the leader asks for in the others' place, and how a
 * process goes on when somebody else leads. Who leads is elect.h; what is asked, approved and done
 * is agree.h, the same as in peer mode.
 */
#pragma once

#include "agentd/elect.h"
#include "agentd/step.h"

#define LEAD_TASKS (2 * VIEW_PROVIDERS + 1)

/* Something to be asked for; kind 0: nothing. */
struct lead_task {
	uint8_t kind;
	uint8_t algorithm;
	int subject;
};

bool lead_mode(const struct zone_view *view);  /* leader mode is what all can */
bool lead_leads(const struct zone_view *view); /* ... and we lead */

/* What joiners, our operator and, by their statements, the other members want. Returns how many. */
int lead_tasks(const struct zone_view *view, struct lead_task task[LEAD_TASKS]);

/* Our own wish, for the statement. */
void lead_wish(const struct zone_view *view, struct view_statement *own);

/* May `from` ask for this? NULL, or why not; *never (may be NULL): not later either. */
const char *lead_no_right(const struct zone_view *view, int from, uint8_t kind, uint8_t algorithm,
			  int subject, bool *never);

/* Who asks again for a step that was executed here already, in a process that it took over? */
bool lead_repeats(const struct zone_view *view, int from, const struct view_message *m);

/* What a step changes in the zone's apex sets, by what is known here: the leader tells each
 * follower with EXECUTE, and the follower takes the step only if that is what it would do itself.
 */
struct view_change lead_change(struct zone_view *view, const struct view_message *execute);
/* NULL if the change is the one planned here; else how they differ, in buf. */
const char *lead_differs(struct zone_view *view, const struct view_message *execute, char *buf,
			 size_t len);
/* It differs: said once, looked into, and an alarm when it stays so. */
void lead_refused(struct step *s, int from, const struct view_message *m, const char *why);
/* Records that a change may name, for the sweep. */
void lead_keep(const struct zone_view *view, struct rset *keep);
/* The reason for a step that is refused here. */
void lead_show(struct step *s);

/* A process of peers becomes the leader's, if that is who asked for it. */
void lead_take_up(struct step *s);
/* Another one leads: a process with an EXECUTE behind it goes on under it. */
void lead_succeed(struct step *s);
/* Why a process without one is given up, or NULL. */
const char *lead_over(const struct zone_view *view);
/* Who leads has no part in the process that runs: nobody can go on with it. */
bool lead_lacks(const struct zone_view *view);
/* The leader may take no step now: its lease has ended. */
bool lead_rests(const struct zone_view *view);
