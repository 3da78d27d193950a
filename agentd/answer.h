/*
 * What the answers of the control socket are made of: members, identities, and the shapes that
 * several commands share (REASON, ZONE and PROCESS at the top of cmds.c).
 */
#pragma once

#include <jansson.h>
#include "agentd/zones.h"
#include "libmsig/daemon/ctl.h"

/* Exit codes of msigctl, in {"ok": false, "code": N}. */
#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_REFUSED 5

/* Steal value; NULL is a lack of memory. */
void answer_put(json_t *object, const char *name, json_t *value);
void answer_put_time(json_t *object, const char *name, int64_t t); /* VIEW_NEVER is 0 */
void answer_put_text(json_t *object, const char *name, const char *text);
json_t *answer_hex(const uint8_t *data, size_t len); /* at most 64 octets of it */

json_t *answer_ok(void); /* with "now" */
/* The zone that the request names; NULL and *error if there is none. */
struct zone *answer_zone_of(struct agent *agent, const json_t *request, json_t **error);

const char *answer_identity(const struct zone_view *view, int provider); /* "" if there is none */
json_t *answer_identities(const struct zone_view *view, uint32_t bits);
json_t *answer_reason(const struct reason *r);
json_t *answer_reasons(const struct zone_view *view);
/* answer_ok() with the ZONE, and what is to be loud in everything that is said of it. */
json_t *answer_about(const struct zone *zone);
/* "lab", "warnings": times that no real zone should have, and what else the configuration warns of.
 */
void answer_put_lab(json_t *answer, const struct agent *agent);
const char *answer_state(const struct zone *zone);
json_t *answer_zone(const struct zone *zone);
