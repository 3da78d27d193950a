/*
 * What peers say of a process, as evidence in the journal: only what is of a process that runs here, or
 * ended here last, and each thing once, however often and in whatever turn it is said. Who asks for
 * what is refused is in the log.
 */
#include <stdio.h>
#include <string.h>
#include "agentd/process.h"
#include "agentd/zones_int.h"

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
		memset(said, 0, sizeof(*said));
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
}
