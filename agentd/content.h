/*
 * The content of a zone on both sides of the signer: what combinerd and observe say of it, what
 * egress.h makes of that, and what follows: processes pause, observe finds out what differs, the
 * operator is told.
 */
#pragma once

#include <jansson.h>
#include "agentd/zones.h"

struct content;

struct content *content_new(struct zone *zone);
void content_free(struct content *content);
/* The configuration is a new one, or the view is. */
void content_reload(struct content *content);

/* Messages from the bus; NULL: the signer's zone cannot be followed now. */
void content_served(struct content *content, const struct msig_msg_ZONE *msg);
void content_followed(struct content *content, const struct msig_msg_FOLLOWED *msg);
void content_compared(struct content *content, const struct msig_msg_COMPARED *msg);

/* What is known now: of combinerd's side, of the signer's, and that both are equal. */
bool content_has_served(const struct content *content);
bool content_has_signed(const struct content *content);
bool content_same(const struct content *content);
/* "equal", "late", ..., see egress.h. */
const char *content_word(const struct content *content);
json_t *content_difference(const struct content *content); /* ["NAME TYPE where"...] */
