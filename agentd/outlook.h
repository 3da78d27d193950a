/*
 * A dry run: a whole process from the view as it is now. Per step who acts, what changes, what must
 * be true before it and whether it is, which holds it has and how long they last with the TTLs that
 * were observed. Pure, over a const view; it asks nobody, and promises nothing: the parent's scans
 * and the other providers' operators have their own clocks, so the times are the best case.
 */
#pragma once

#include "agentd/process.h"

#define OUTLOOK_STEPS 12
#define OUTLOOK_CHECKS 20
#define OUTLOOK_CHANGES 32
#define OUTLOOK_ADVICES 8
#define OUTLOOK_TEXT 512
#define OUTLOOK_TTL 3600 /* s: TTLs above it are worth an advice */

#define OUTLOOK_VERDICTS(X)                                                             \
	X(PASS, "pass")   /* true now */                                                \
	X(LATER, "later") /* not now; an earlier step of the process brings it about */ \
	X(WARN, "warn")   /* not now, and it may pass without anybody's doing */        \
	X(FAIL, "fail")   /* not now, and somebody has to act */

enum outlook_verdict {
#define X(id, text) OUTLOOK_##id,
	OUTLOOK_VERDICTS(X)
#undef X
};

struct outlook_check {
	enum outlook_verdict verdict;
	const char *what;  /* what should be true */
	int step;          /* LATER: of this step; else -1 */
	struct reason why; /* WARN, FAIL */
};

struct outlook_change {
	bool add;
	uint16_t type;
	int rr;       /* in the view's pool; -1: not there yet, or not known which */
	uint8_t role; /* enum msig_key_role: of the key that rolls; else 0 */
	int of;       /* provider whose record it is; VIEW_STRANGER: of nobody (CSYNC) */
	uint32_t at;  /* bit per provider whose overlay or signer changes */
};

struct outlook_hold {
	enum view_hold hold;
	uint32_t ttl;   /* s; the largest that was observed */
	int64_t length; /* ms: TTL, propagation and margin */
	int64_t from, until;
	char place[VIEW_SERVER]; /* where that TTL was seen; empty: nowhere yet */
	int provider; /* whose server it is, or VIEW_STRANGER: the parent's, or nobody's */
};

enum outlook_state { OUTLOOK_DONE, OUTLOOK_NOW, OUTLOOK_OPEN };

struct outlook_step {
	const struct process_step *rule;
	enum outlook_state state;
	uint32_t actors;                /* bit per provider */
	struct process_keys fresh, old; /* rollover: states that change in this step, else 0 */
	bool parent_ds; /* the parent takes over DS in this step, when it scans next */
	bool parent_ns; /* the same for NS */
	bool owner_ns;  /* NSMGMT=OWNER: the owner of the zone changes NS in this step */
	int checks, changes, holds;
	struct outlook_check check[OUTLOOK_CHECKS]; /* of the guard */
	struct outlook_change change[OUTLOOK_CHANGES];
	int unlisted; /* changes that did not fit */
	struct outlook_hold hold[HOLD_COUNT];
	int64_t begin, end; /* UTC ms, best case */
	int64_t work;       /* ms, about: until all have agreed, published and seen it */
};

struct outlook {
	const struct process_rule *rule;
	int subject, requestor; /* requestor -1: nobody could be it now */
	uint8_t algorithm;
	bool running;
	enum outlook_verdict worst; /* of what has to be true now */
	int starts;
	struct outlook_check start[OUTLOOK_CHECKS]; /* beyond the first guard, to begin */
	int steps;
	struct outlook_step step[OUTLOOK_STEPS];
	int64_t begin, end; /* best case: holds alone */
	int64_t work;       /* ms: of all steps that are open, on top of the holds */
	int scans;          /* how often the parent has to look, which comes on top */
	int advices;
	char advice[OUTLOOK_ADVICES][OUTLOOK_TEXT];
};

/* What is asked: provider -1 takes the one that suggests itself (who joins, who leaves, ourselves);
 * algorithm 0 for all but an algorithm rollover. */
struct outlook_ask {
	uint8_t kind; /* enum msig_process */
	int provider;
	uint8_t algorithm;
};

/* 0 and *out, or MSIG_EVALUE and the reason in err. */
int outlook_make(const struct zone_view *view, const struct outlook_ask *ask, int64_t now,
		 struct outlook *out, char *err, size_t errlen);

const char *outlook_verdict_name(enum outlook_verdict verdict);
/* Why a step is there; never NULL. */
const char *outlook_why(const struct outlook_step *step);
