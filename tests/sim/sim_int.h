/*
 * What the files of the simulator share, apart from what the world needs of them (sim.h).
 */
#pragma once

#include "tests/sim/sim.h"

struct msig_option;

/* sets.c: records of the world as those of a view, and back. */
int sets_id_to_view(struct sim *sim, struct node *n, int id);
struct view_contribution sets_contribution(struct sim *sim, struct node *n,
					   const struct view_contribution *c);
/* The number of one of an agent's providers in the world, or -1. */
int sets_global(const struct sim *sim, const struct node *n, int local);
void sets_statement_out(struct sim *sim, struct node *n, struct view_statement *st);
void sets_change_out(struct sim *sim, struct node *n, struct view_change *c);

/* agent.c: the shell of an agent. */
void agent_start(struct sim *sim, int i);
/* A message on the way: lost, repeated, late. NULL: it does not arrive. */
struct event *agent_send(struct sim *sim, enum event_kind kind, int from, int to);
void agent_state(struct sim *sim, struct node *n, const struct event *pull, struct event *e);
/* A follower that had approved a step took it from a message that it should have refused. */
void agent_judge_change(struct sim *sim, const struct node *n, const struct event *e, bool granted);

/* claims.c: what an agent has said is known to it after a crash. */
void claims_message(struct node *n, const struct view_message *m);
void claims_version(struct node *n, enum claim_of of, uint64_t epoch, uint64_t counter);
void claims_judge(struct sim *sim, struct node *n);

/* mail.c: what is said, as octets, into an event and out of it. Reading is false if that failed, or
 * if what arrives is not what was said: then the schedule has failed. */
/* With e->b set something is wrong with what an EXECUTE is said to change. */
void mail_message(struct sim *sim, const struct node *n, const struct view_message *m,
		  struct event *e);
bool mail_read_message(struct sim *sim, struct node *n, int from, const struct event *e,
		       struct view_message *m);
/* STATE, or (pull) the answer to PULL. */
void mail_state(struct sim *sim, struct node *n, const struct event *pull, struct event *e);
bool mail_read_state(struct sim *sim, struct node *n, const struct event *e,
		     struct view_statement *said);
void mail_pull(struct sim *sim, const struct node *n, int provider, struct event *e);
bool mail_read_option(struct sim *sim, const struct event *e, struct msig_option *opt);
void mail_copy(const struct event *from, struct event *to);
void mail_forget(struct node *n); /* the statement that was written last */

/* events.c: an event arrives. */
void events_handle(struct sim *sim, struct event *e);

/* show.c: everything, into the trace. */
void show_world(struct sim *sim);
