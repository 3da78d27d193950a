/*
 * What peers say of a process, as evidence in the journal: only what is of a process that runs
 * here, or ended here last, and each thing once, however often and in whatever turn it is said. A
 * REQUEST that waits is kept in memory, one of each peer, until it is granted. Who asks for what is
 * refused is in the log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/process.h"
#include "agentd/zones_int.h"
#include "libmsig/daemon/log.h"

#define OPS (MSIG_OP_NOT_YET - MSIG_OP_REQUEST + 1)
_Static_assert(OPS == sizeof(((struct said *)0)->steps) / sizeof(uint32_t), "a place per operation");

/* Its place in what was said of this process; NULL: it has none. */
static uint32_t *
place_of(struct zone *zone, const struct heard *heard)
{
	const struct durable *d = &zone->view->d;
	const struct view_message *m = heard->message;
	struct said *said = &zone->said[heard->provider];
	bool ours = d->process.kind != 0 && memcmp(d->process.tid, m->tid, sizeof(m->tid)) == 0;
	bool ended = d->ended.kind != 0 && memcmp(d->ended.tid, m->tid, sizeof(m->tid)) == 0;

	if ((!ours && !ended) || m->op < MSIG_OP_REQUEST || m->op > MSIG_OP_NOT_YET ||
	    m->step >= 32) {
		return NULL;
	}
	if (memcmp(said->tid, m->tid, sizeof(said->tid)) != 0) {
		memset(said->steps, 0, sizeof(said->steps));
		memcpy(said->tid, m->tid, sizeof(said->tid));
	}
	return &said->steps[m->op - MSIG_OP_REQUEST];
}

bool
evidence_counts(struct zone *zone, const struct heard *heard)
{
	const uint32_t *steps = place_of(zone, heard);

	return steps != NULL && (*steps & BIT(heard->message->step)) == 0;
}

static void
forget(struct said *said)
{
	free(said->wire);
	said->wire = NULL;
}

void
evidence_wait(struct zone *zone, const struct heard *heard)
{
	struct said *said = &zone->said[heard->provider];

	if (heard->message->op != MSIG_OP_REQUEST) {
		return;
	}
	forget(said);
	said->waits = *heard->message;
	said->wire = xmemdup(heard->wire, heard->len);
	said->len = heard->len;
}

bool
evidence_due(struct zone *zone, struct heard *heard)
{
	const struct view_process *run = &zone->view->d.process;

	for (int i = 1; i < VIEW_PROVIDERS; i++) {
		struct said *said = &zone->said[i];
		if (said->wire != NULL && run->kind != 0 &&
		    memcmp(run->tid, said->waits.tid, sizeof(run->tid)) == 0 &&
		    run->requestor == i) {
			*heard = (struct heard){.provider = i,
						.actor = zone->view->d.provider[i].identity,
						.message = &said->waits,
						.wire = said->wire,
						.len = said->len};
			return true;
		}
	}
	return false;
}

void
evidence_clear(struct zone *zone)
{
	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		forget(&zone->said[i]);
	}
}

int
evidence_add(struct zone *zone, const struct heard *heard)
{
	const struct view_message *m = heard->message;
	char text[400];

	snprintf(text, sizeof(text), "%s %s %s%s%s", msig_op_name(m->op),
		 msig_process_name(m->process), process_step_name(m->process, m->step),
		 *m->text != '\0' ? ": " : "", m->text);
	return zones_journal(zone, heard->actor, "message", text, heard->wire, heard->len);
}

void
evidence_stored(struct zone *zone, const struct heard *heard)
{
	uint32_t *steps = place_of(zone, heard);

	if (steps != NULL) {
		*steps |= BIT(heard->message->step);
	}
	if (heard->message == &zone->said[heard->provider].waits) {
		forget(&zone->said[heard->provider]);
	}
}
