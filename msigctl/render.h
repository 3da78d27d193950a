/*
 * The daemons' answers as text: pure functions, JSON in, text out. What is missing in an answer is
 * left out; nothing that a daemon may say makes them fail. Times are UTC in milliseconds.
 * The shapes are those at the top of agentd/cmds.c and combinerd/cmds.c.
 */
#pragma once

#include <jansson.h>
#include "msigctl/text.h"

/* Of all daemons together: {"agentd": answer, ...}. */
void render_overview(const struct text *t, const json_t *all);
void render_status(const struct text *t, const json_t *all);
void render_reload(const struct text *t, const json_t *all);

#define RENDER_LAB "LAB PROFILE: times are shorter than what is safe for a real zone"

/* What any answer may bring along: "warnings", "lab": true, a database in doubt. command_show() has
 * them printed behind what a command shows. */
void render_warnings(const struct text *t, const json_t *answer);

/* Of agentd. */
void render_tracking(const struct text *t, const json_t *answer);
void render_keys(const struct text *t, const json_t *answer);
/* What force-remove does and risks, beside the plan. */
void render_force(const struct text *t, const char *provider);
void render_plan(const struct text *t, const json_t *answer);
void render_why(const struct text *t, const json_t *answer);
void render_peers(const struct text *t, const json_t *answer);
void render_journal(const struct text *t, const json_t *answer);
void render_hsync_zone(const struct text *t, const json_t *answer);
void render_done(const struct text *t, const json_t *answer);
void render_doctor(const struct text *t, const json_t *answer);
void render_identity_check(const struct text *t, const json_t *answer);

/* Of combinerd. begun: it was asked for; that it has happened, the answer does not say. */
void render_begun(const struct text *t, const json_t *answer);
void render_merge(const struct text *t, const json_t *answer);
