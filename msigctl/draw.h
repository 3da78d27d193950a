/*
 * A process drawn from the table that agentd gives (GRAPH in agentd/cmds.c), without help of other
 * programs: as text for the terminal, as input for graphviz, as a picture. Where a zone is in it is
 * marked. Pure: JSON in, text out.
 */
#pragma once

#include <jansson.h>
#include "msigctl/text.h"

void draw_text(const struct text *t, const json_t *answer);
void draw_dot(const struct text *t, const json_t *answer);
void draw_svg(const struct text *t, const json_t *answer);
