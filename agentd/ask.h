/*
 * Questions to observe, and their answers: correlates ASK and ANSWER by id, and says "unknown" when
 * observe does not answer in time. Does not judge what an answer means.
 */
#pragma once

#include <stdint.h>
#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/loop.h"

struct ask;

/* One answer; lent until it returns. left: how many types of the question are still open. */
typedef void (*ask_done)(void *arg, const struct msig_msg_ANSWER *answer, unsigned left);

/* send delivers an ASK (the bus, or a test). */
struct ask *ask_new(struct loop *loop, int (*send)(void *arg, const struct msig_msg *msg),
		    void *arg);
void ask_free(struct ask *ask); /* callbacks are not called any more */

#define ASK_TYPES 12

struct ask_question {
	const char *server; /* "addr@port"; NULL: the validating resolver */
	const char *tsig;   /* name of a key, or NULL */
	const knot_dname_t *name;
	uint16_t type[ASK_TYPES];
	unsigned types;
	uint32_t timeout_ms;
};

/* done is called once per type, never from within. Returns an id for ask_cancel. */
uint64_t ask_start(struct ask *ask, const struct ask_question *question, ask_done done, void *arg);
void ask_cancel(struct ask *ask, uint64_t id); /* 0 and ids that have ended are ignored */

/* An ANSWER from the bus. */
void ask_answer(struct ask *ask, const struct msig_msg_ANSWER *answer);
unsigned ask_open(const struct ask *ask); /* questions under way */
