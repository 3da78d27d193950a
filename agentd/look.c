/*
 * The life of a look. See look.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/look_int.h"
#include "libmsig/daemon/log.h"

void
look_say(char *buf, size_t len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(buf, len, fmt, ap);
	va_end(ap);
}

struct look *
look_new(struct zone *zone, enum look_kind kind)
{
	struct look *look = xcalloc(1, sizeof(*look));

	look->zone = zone;
	look->kind = kind;
	look->asked = loop_utc_ms();
	look->next = zone->looks;
	zone->looks = look;
	return look;
}

void
look_clear(struct look *look)
{
	for (unsigned i = 0; i < look->count; i++) {
		msig_rrs_clear(&look->seen[i].answer);
		msig_rrs_clear(&look->seen[i].authority);
	}
	memset(look->seen, 0, sizeof(look->seen));
	look->count = 0;
}

static void
look_free(struct look *look)
{
	struct look **at = &look->zone->looks;

	while (*at != NULL && *at != look) {
		at = &(*at)->next;
	}
	if (*at == look) {
		*at = look->next;
	}
	for (unsigned i = 0; i < look->ids; i++) {
		ask_cancel(look->zone->agent->ask, look->id[i]);
	}
	look_clear(look);
	free(look);
}

void
look_stop(struct zone *zone)
{
	while (zone->looks != NULL) {
		look_free(zone->looks);
	}
}

static void evaluate(struct look *look);

static void
keep(struct look *look, const struct msig_msg_ANSWER *answer)
{
	struct seen *seen;

	if (look->count == sizeof(look->seen) / sizeof(look->seen[0])) {
		return;
	}
	seen = &look->seen[look->count++];
	seen->type = answer->type;
	seen->status = (enum msig_seen)answer->status;
	seen->validation = (enum msig_validation)answer->validation;
	seen->time = answer->time;
	look_say(seen->reason, sizeof(seen->reason), "%s", answer->reason);
	if (msig_rrs_decode(answer->answer.data, answer->answer.len, &seen->answer) != 0 ||
	    msig_rrs_decode(answer->authority.data, answer->authority.len, &seen->authority) != 0) {
		seen->status = MSIG_SEEN_UNKNOWN;
		look_say(seen->reason, sizeof(seen->reason), "malformed records");
	}
}

static void
answered(void *arg, const struct msig_msg_ANSWER *answer, unsigned left)
{
	struct look *look = arg;

	keep(look, answer);
	if (--look->open == 0) {
		look->ids = 0; /* all ended */
		evaluate(look);
	}
}

void
look_put(struct look *look, const struct ask_question *question)
{
	look->open += question->types;
	look->id[look->ids++] = ask_start(look->zone->agent->ask, question, answered, look);
}

const struct seen *
look_find(const struct look *look, uint16_t type)
{
	for (unsigned i = 0; i < look->count; i++) {
		if (look->seen[i].type == type) {
			return &look->seen[i];
		}
	}
	return NULL;
}

static void
evaluate(struct look *look)
{
	switch (look->kind) {
	case LOOK_PLACE:
		look_at_place(look);
		break;
	case LOOK_HSYNC:
		look_at_hsync(look);
		break;
	case LOOK_NAME:
	case LOOK_PARENT_NAMES:
		look_at_addresses(look);
		break;
	case LOOK_PARENT:
		if (look_at_parent(look)) {
			return;
		}
		break;
	}
	look_free(look);
}
