/*
 * Messages to agentd: see outbox.h.
 */
#include "config.h"

#include <stdlib.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "transportd/outbox.h"

#define TRY_AGAIN 50 /* ms */

struct letter {
	struct msig_msg msg; /* owned */
	uint64_t until;      /* mono ms */
	struct letter *next;
};

struct outbox {
	struct bus *bus;
	enum msig_actor self;
	struct loop_timer *timer;
	struct letter *first, **last;
	unsigned count;
	bool lossy; /* said so, until something goes out again */
};

static void
lost(struct outbox *outbox, const struct msig_msg *msg)
{
	if (!outbox->lossy)
		log_warn("agentd is not there: %s and what follows is not heard",
			 msig_msg_name(msg->id));
	outbox->lossy = true;
}

static void
drop_first(struct outbox *outbox)
{
	struct letter *letter = outbox->first;

	outbox->first = letter->next;
	if (outbox->first == NULL)
		outbox->last = &outbox->first;
	outbox->count--;
	msig_msg_clear(&letter->msg);
	free(letter);
}

static void
try_again(void *arg)
{
	struct outbox *outbox = arg;

	while (outbox->first != NULL) {
		struct letter *letter = outbox->first;

		if (bus_send(outbox->bus, &letter->msg) == 0) {
			outbox->lossy = false;
		} else if (loop_mono_ms() < letter->until) {
			loop_timer_set(outbox->timer, TRY_AGAIN);
			return;
		} else {
			lost(outbox, &letter->msg);
		}
		drop_first(outbox);
	}
}

struct outbox *
outbox_new(struct loop *loop, struct bus *bus, enum msig_actor self)
{
	struct outbox *outbox = xcalloc(1, sizeof(*outbox));

	outbox->bus = bus;
	outbox->self = self;
	outbox->last = &outbox->first;
	outbox->timer = loop_timer_new(loop, try_again, outbox);
	return outbox;
}

void
outbox_free(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	while (outbox->first != NULL)
		drop_first(outbox);
	loop_timer_free(outbox->timer);
	free(outbox);
}

/* A copy that owns what it points at. */
static struct letter *
write_letter(const struct outbox *outbox, const struct msig_msg *msg)
{
	struct letter *letter = xcalloc(1, sizeof(*letter));
	uint8_t *frame = NULL;
	size_t len;
	int err = msig_msg_encode(msg, &frame, &len);

	if (err == 0)
		err = msig_msg_decode(frame, len, outbox->self, MSIG_ACTOR_AGENT, &letter->msg);
	free(frame);
	if (err == 0)
		return letter;
	log_warn("%s cannot be sent: %s", msig_msg_name(msg->id), msig_strerror(err));
	free(letter);
	return NULL;
}

void
outbox_send(struct outbox *outbox, const struct msig_msg *msg)
{
	struct letter *letter;

	if (outbox->first == NULL && bus_send(outbox->bus, msg) == 0) {
		outbox->lossy = false;
		return;
	}
	/* The oldest goes: what was seen later says more. */
	if (outbox->count >= OUTBOX_MAX) {
		lost(outbox, &outbox->first->msg);
		drop_first(outbox);
	}
	letter = write_letter(outbox, msg);
	if (letter == NULL)
		return;
	letter->until = loop_mono_ms() + OUTBOX_KEEP;
	*outbox->last = letter;
	outbox->last = &letter->next;
	if (outbox->count++ == 0)
		loop_timer_set(outbox->timer, TRY_AGAIN);
}
