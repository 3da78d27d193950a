/*
 * The egress check: does the signer publish what combinerd serves? By their content digests, which
 * are equal for whatever the signer adds of its own. Serials do not tell: each side has its own. A
 * signer that shows what combinerd served before is late; one that shows anything else is wrong, if
 * that lasts. Pure; times in ms of any clock that does not go back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EGRESS_STATES(X)                                                                          \
	X(UNKNOWN, "unknown") /* one of both is not known, or nothing is checked */               \
	X(EQUAL, "equal")                                                                         \
	X(LATE, "late")         /* equal to an older version */                                   \
	X(OVERDUE, "overdue")   /* for longer than it may take: a warning */                      \
	X(SETTLING, "settling") /* unlike anything that was served: not long enough to be sure */ \
	X(DIFFERENT, "different") /* an alarm: processes pause */

enum egress_state {
#define X(id, text) EGRESS_##id,
	EGRESS_STATES(X)
#undef X
};

#define EGRESS_DIGEST 32

/* What combinerd and observe said last. */
struct egress_seen {
	bool has_served, has_signed;
	uint8_t served[EGRESS_DIGEST], signed_[EGRESS_DIGEST];
	const uint8_t *past; /* digests of what was served before, one behind the other */
	size_t pasts;
};

struct egress {
	enum egress_state state;
	int64_t since;                  /* of being late without progress, or of being unlike */
	uint8_t signed_[EGRESS_DIGEST]; /* at that time */
	bool proven; /* it was equal, or late, since the start: what is unlike now is news */
};

/* The state as of now. settle 0: nothing is checked. Returns whether it is another one; *wake is
 * when it becomes another one by itself, 0: it does not. */
bool egress_judge(struct egress *egress, const struct egress_seen *seen, int64_t now,
		  int64_t settle, int64_t *wake);
/* Processes pause: an alarm; or after a start, when nobody knows whether there was one before. */
bool egress_pauses(const struct egress *egress);
const char *egress_state_name(enum egress_state state);
