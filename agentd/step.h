/*
 * What the files of decide() and of the agreement share: building a plan and its reasons.
 */
#pragma once

#include "agentd/decide.h"

struct step {
	struct zone_view *view;
	int64_t now;
	struct plan *plan;
};

/* NULL when the plan is full: what is left is said at the next call, at once. */
struct action *step_action(struct step *s, enum action_kind kind);
void step_wake(struct step *s, int64_t at);
void step_reason(struct step *s, const struct reason *why);
void step_blocked(struct step *s, enum reason_object object, const char *place,
		  const char *expected, const char *seen, const char *todo);
void step_wait(struct step *s, enum reason_class class, enum reason_object object,
	       const char *place, const char *expected, const char *seen, int64_t next);
void step_journal(struct step *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void step_alarm(struct step *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Is a deadline that was set at `since` due? If not, the plan wakes then. */
bool step_due(struct step *s, int64_t since, int64_t interval);

/* Nothing new may begin: doubt about HSYNC, database, clock, or the operator's pause. */
bool step_frozen(const struct zone_view *view);

/* agree.c: messages, grants, who goes on to which step. */
void agree_run(struct step *s);
/* agree.c: our own part of the step that is executed; after the overlay was brought in line. */
void agree_work(struct step *s);
