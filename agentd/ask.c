#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/ask.h"
#include "agentd/view.h"
#include "libmsig/daemon/log.h"

/* observe has its own time-out; ours only counts when it is gone. */
#define GRACE_MS 2000

struct pending {
	struct pending *next;
	struct ask *ask;
	uint64_t id;
	char *server;
	knot_dname_t *name;
	uint16_t type[ASK_TYPES];
	unsigned types;
	struct loop_timer *timer;
	const char *failure;
	bool firing; /* its callback runs: ask_cancel must not free it */
	ask_done done;
	void *arg;
};

struct ask {
	struct loop *loop;
	int (*send)(void *arg, const struct msig_msg *msg);
	void *send_arg;
	struct pending *pending;
	uint64_t last;
	unsigned open;
};

struct ask *
ask_new(struct loop *loop, int (*send)(void *arg, const struct msig_msg *msg), void *arg)
{
	struct ask *ask = xcalloc(1, sizeof(*ask));

	ask->loop = loop;
	ask->send = send;
	ask->send_arg = arg;
	/* Answers to a process before this one must not fit. */
	ask->last = loop_utc_ms() << 20;
	return ask;
}

static void
pending_free(struct pending *p)
{
	for (struct pending **at = &p->ask->pending; *at != NULL; at = &(*at)->next) {
		if (*at == p) {
			*at = p->next;
			p->ask->open--;
			break;
		}
	}
	loop_timer_free(p->timer);
	free(p->server);
	free(p->name);
	free(p);
}

void
ask_free(struct ask *ask)
{
	if (ask == NULL) {
		return;
	}
	while (ask->pending != NULL) {
		pending_free(ask->pending);
	}
	free(ask);
}

static struct pending *
find(struct ask *ask, uint64_t id)
{
	for (struct pending *p = ask->pending; p != NULL; p = p->next) {
		if (p->id == id) {
			return p;
		}
	}
	return NULL;
}

/* Takes the type off the list; false if it is not on it. */
static bool
take(struct pending *p, uint16_t type)
{
	for (unsigned i = 0; i < p->types; i++) {
		if (p->type[i] == type) {
			p->type[i] = p->type[--p->types];
			return true;
		}
	}
	return false;
}

static void
timed_out(void *arg)
{
	struct pending *p = arg;
	char none[] = "";

	p->firing = true;
	while (p->types > 0) {
		struct msig_msg_ANSWER answer = {
		    .id = p->id,
		    .server = p->server != NULL ? p->server : none,
		    .name = p->name,
		    .type = p->type[0],
		    .status = MSIG_SEEN_UNKNOWN,
		    .time = loop_utc_ms(),
		};
		char reason[80];
		snprintf(reason, sizeof(reason), "%s", p->failure);
		answer.reason = reason;
		take(p, answer.type);
		p->done(p->arg, &answer, p->types);
	}
	pending_free(p);
}

uint64_t
ask_start(struct ask *ask, const struct ask_question *question, ask_done done, void *arg)
{
	struct pending *p = xcalloc(1, sizeof(*p));
	char none[] = "";
	struct msig_msg msg = {.id = MSIG_MSG_ASK};

	p->ask = ask;
	p->id = ++ask->last;
	p->server = question->server != NULL ? xstrdup(question->server) : NULL;
	p->name = xmemdup(question->name, knot_dname_size(question->name));
	p->types = question->types < ASK_TYPES ? question->types : ASK_TYPES;
	memcpy(p->type, question->type, p->types * sizeof(p->type[0]));
	p->done = done;
	p->arg = arg;
	p->failure = VIEW_WHY_SILENT;
	p->timer = loop_timer_new(ask->loop, timed_out, p);
	p->next = ask->pending;
	ask->pending = p;
	ask->open++;

	msg.u.ASK.id = p->id;
	msg.u.ASK.server = p->server != NULL ? p->server : none;
	msg.u.ASK.tsig = question->tsig != NULL ? xstrdup(question->tsig) : NULL;
	msg.u.ASK.name = p->name;
	msg.u.ASK.type.at = p->type;
	msg.u.ASK.type.count = (uint16_t)p->types;
	msg.u.ASK.timeout_ms = question->timeout_ms;
	if (ask->send(ask->send_arg, &msg) != 0) {
		p->failure = VIEW_WHY_DOWN;
		loop_timer_set(p->timer, 100);
	} else {
		loop_timer_set(p->timer, (uint64_t)question->timeout_ms + GRACE_MS);
	}
	free(msg.u.ASK.tsig);
	return p->id;
}

void
ask_cancel(struct ask *ask, uint64_t id)
{
	struct pending *p = id != 0 ? find(ask, id) : NULL;

	if (p != NULL && p->firing) {
		p->types = 0;
	} else if (p != NULL) {
		pending_free(p);
	}
}

void
ask_answer(struct ask *ask, const struct msig_msg_ANSWER *answer)
{
	struct pending *p = find(ask, answer->id);
	ask_done done;
	void *arg;
	unsigned left;

	if (p == NULL || p->firing || !knot_dname_is_case_equal(p->name, answer->name) ||
	    !take(p, answer->type)) {
		return; /* late, or not asked for */
	}
	done = p->done;
	arg = p->arg;
	left = p->types;
	if (left == 0) {
		pending_free(p);
	}
	done(arg, answer, left);
}

unsigned
ask_open(const struct ask *ask)
{
	return ask->open;
}
