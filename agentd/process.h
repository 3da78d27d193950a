/*
 * The multi-signer processes as data: per process a list of steps, each with guard, action, done-
 * condition and holds. The same table drives the daemon, the simulator, the graph and the plan.
 */
#pragma once

#include "agentd/view.h"

/* Conditions, used as guard (before REQUEST, APPROVE and EXECUTE, everywhere) and as done-condition
 * (at the own servers). One bit each; process.c evaluates them, and each says its own reason. */
#define PROCESS_CONDITIONS(X)                                        \
	X(NOT_NAMED, "no delegation names the joiner's servers yet") \
	X(SERVES, "the subject serves its signed copy")              \
	X(ALGORITHMS, "one algorithm set everywhere")                \
	X(DS_KNOWN, "every DS at the parent is of a known key")      \
	X(NS_KNOWN, "every delegated server belongs to a provider")  \
	X(KEYS, "every signer shows all keys")                       \
	X(CDS, "every signer shows the same CDS and CDNSKEY")        \
	X(DS, "the parent's DS is what CDS says")                    \
	X(NS, "every signer shows the same NS")                      \
	X(CSYNC, "every signer shows CSYNC")                         \
	X(NO_CSYNC, "no signer shows CSYNC")                         \
	X(PARENT_NS, "the parent's NS is the zone's")                \
	X(NAMING_SAFE, "S1 and S2 hold once the joiner is named")

enum process_condition_bit {
#define X(id, text) COND_BIT_##id,
	PROCESS_CONDITIONS(X)
#undef X
	    COND_COUNT
};
enum process_condition {
#define X(id, text) COND_##id = 1 << COND_BIT_##id,
	PROCESS_CONDITIONS(X)
#undef X
};

/* What a step changes in the overlay, from its EXECUTE on. */
enum process_effect {
	EFFECT_NONE = 0,
	EFFECT_KEYS_ADD = 1, /* the subject's DNSKEYs are in the union */
	EFFECT_CDS_ADD = 2,
	EFFECT_NS_ADD = 4,
	EFFECT_CSYNC = 8, /* during this step only */
	EFFECT_KEYS_DEL = 16,
	EFFECT_CDS_DEL = 32,
	EFFECT_NS_DEL = 64,
};

struct process_step {
	const char *name;
	uint32_t guard;   /* COND_*, at all servers of all actors */
	uint32_t effect;  /* EFFECT_* */
	uint32_t done;    /* COND_*, at the own servers */
	uint32_t holds;   /* 1 << HOLD_*: must have elapsed before DONE */
	const char *next; /* what comes next, for the journal */
};

struct process_rule {
	uint8_t kind; /* enum msig_process */
	const char *name;
	uint8_t priority; /* lower goes first */
	int steps;        /* the last one is "stop" */
	const struct process_step *step;
};

/* What the overlay and the servers of every actor are to hold at the step that was executed last.
 */
struct process_target {
	uint32_t keys, cds, ns; /* providers whose sets are in; 0 for ns: the owner's NS stay */
	bool agent;             /* NSMGMT=AGENT */
	bool csync;
	bool complete; /* every statement that it needs is known */
	struct rset dnskey, cds_set, cdnskey, ns_set;
};

void process_target(const struct zone_view *view, struct process_target *target);

/* The effects of the steps executed so far. */
uint32_t process_effects(const struct zone_view *view);

/* Are all conditions of a mask true? everywhere: at the servers of all actors, else at our own. If
 * not, *why (may be NULL) says which and where. */
bool process_check(const struct zone_view *view, uint32_t conditions, bool everywhere, int64_t now,
		   struct reason *why);

/* What each hold of the running process waits for. */
void process_wanted(const struct zone_view *view, struct rset wanted[HOLD_COUNT]);

const struct process_rule *process_rule(uint8_t kind); /* NULL: not known here */
const char *process_name(uint8_t kind);
const char *process_step_name(uint8_t kind, uint8_t step);
const char *process_condition_text(enum process_condition_bit bit);
const char *process_phase_name(enum view_phase phase);
