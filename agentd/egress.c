/* Late, different or equal. */
#include <string.h>
#include "agentd/egress.h"

const char *
egress_state_name(enum egress_state state)
{
	static const char *const names[] = {
#define X(id, text) text,
	    EGRESS_STATES(X)
#undef X
	};
	return (unsigned)state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

static bool
was_served(const struct egress_seen *seen)
{
	for (size_t i = 0; i < seen->pasts; i++) {
		if (memcmp(seen->past + i * EGRESS_DIGEST, seen->signed_, EGRESS_DIGEST) == 0) {
			return true;
		}
	}
	return false;
}

/* A signer that takes one version after the other, and never the last one, is at work. */
static enum egress_state
late(struct egress *e, const struct egress_seen *seen, int64_t now, int64_t settle)
{
	bool stuck = (e->state == EGRESS_LATE || e->state == EGRESS_OVERDUE) &&
		     memcmp(e->signed_, seen->signed_, EGRESS_DIGEST) == 0;

	if (!stuck) {
		e->since = now;
		memcpy(e->signed_, seen->signed_, EGRESS_DIGEST);
	}
	return now - e->since >= settle ? EGRESS_OVERDUE : EGRESS_LATE;
}

/* New versions on top of a wrong one do not make it better: the time goes on. */
static enum egress_state
unlike(struct egress *e, int64_t now, int64_t settle)
{
	if (e->state != EGRESS_SETTLING && e->state != EGRESS_DIFFERENT) {
		e->since = now;
	}
	return e->state == EGRESS_DIFFERENT || now - e->since >= settle ? EGRESS_DIFFERENT
									: EGRESS_SETTLING;
}

bool
egress_judge(struct egress *e, const struct egress_seen *seen, int64_t now, int64_t settle,
	     int64_t *wake)
{
	enum egress_state old = e->state, new;

	*wake = 0;
	if (settle == 0) {
		memset(e, 0, sizeof(*e));
		return old != EGRESS_UNKNOWN;
	}
	if (!seen->has_served || !seen->has_signed) {
		/* Not knowing is no proof that it is right again. */
		new = old == EGRESS_SETTLING || old == EGRESS_DIFFERENT ? old : EGRESS_UNKNOWN;
	} else if (memcmp(seen->served, seen->signed_, EGRESS_DIGEST) == 0) {
		new = EGRESS_EQUAL;
	} else if (was_served(seen)) {
		new = late(e, seen, now, settle);
	} else {
		new = unlike(e, now, settle);
	}
	e->state = new;
	e->proven = e->proven || new == EGRESS_EQUAL || new == EGRESS_LATE || new == EGRESS_OVERDUE;
	if (new == EGRESS_LATE ||
	    (new == EGRESS_SETTLING && seen->has_served && seen->has_signed)) {
		*wake = e->since + settle;
	}
	return new != old;
}

bool
egress_pauses(const struct egress *e)
{
	return e->state == EGRESS_DIFFERENT || (e->state == EGRESS_SETTLING && !e->proven);
}
