/*
 * The tables of the processes (process.h) as JSON, for who draws them: GRAPH at the top of cmds.c.
 * Knows no zone.
 */
#pragma once

#include <jansson.h>
#include "agentd/process.h"

json_t *graph_json(const struct process_rule *rule);

/* By the name that people use ("add-signer"); NULL if there is none. */
const struct process_rule *graph_find(const char *name);
/* The names of all processes, with ", " between them. */
const char *graph_names(char *buf, size_t len);

/* Of a mask EFFECT_* or COND_*: the texts, in their order. */
json_t *graph_effects(uint32_t effects);
json_t *graph_conditions(uint32_t conditions);
/* States of a roller's keys that differ from those of the step before (NULL: none). */
json_t *graph_keys(const struct process_keys *fresh, const struct process_keys *old,
		   const struct process_step *before);
