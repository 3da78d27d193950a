/*
 * The one place where a zone's state moves. decide(view, now) looks at everything known and says
 * what to do next, why, and when to look again. It has no clock, does no I/O and keeps no state
 * outside the view; calling it early or twice changes nothing and repeats no action before its
 * time.
 *
 * The shell's duty, in this order:
 *   1. call view_on_*() for what happened, then decide();
 *   2. if plan->persist: write view_encode() in one transaction, commit (fsync). If that fails,
 *      execute nothing, throw the view away and reload the last blob (view_decode): the event was
 *      not accepted. Do not answer the message that caused it;
 *   3. execute the actions in their order, then answer the message (NOERROR = persisted);
 *   4. call decide() again at plan->wake at the latest, and after every event.
 * An action that fails needs no retry by the shell: decide() says it again in time.
 */
#pragma once

#include "agentd/view.h"

#define DECIDE_ACTIONS_X(X)                                                                        \
	X(ASK, "ask")         /* ask `place` for `types` -> view_on_answer, one per type */        \
	X(ASK_HSYNC, "hsync") /* ask the signer for HSYNC, verified -> view_on_hsync */            \
	X(LOOKUP, "lookup")   /* addresses of `ns` (-1: of the parent's servers) */                \
	X(SHOW, "show")       /* ask combinerd what it holds -> view_on_overlay */                 \
	X(APPLY, "apply")     /* give view->d.want to combinerd -> view_on_applied */              \
	X(SEND, "send")       /* `message` to `provider` */                                        \
	X(STATE, "state")     /* own statement (view->d.provider[0].statement) to `provider` */    \
	X(PULL, "pull")       /* ask `provider` for its statement */                               \
	X(KEY, "key")         /* `verb` to the signer's key store -> view_on_keys */               \
	X(NOTIFY, "notify")   /* NOTIFY(CDS or CSYNC: `type`) to the parent */                     \
	X(JOURNAL, "journal") /* a change of state: `text`; log it and append it to the journal */ \
	X(ALARM, "alarm")     /* the same, and a person should look */

enum action_kind {
#define X(id, text) ACT_##id,
	DECIDE_ACTIONS_X(X)
#undef X
};

struct action {
	enum action_kind kind;
	int provider;    /* SEND, STATE, PULL */
	int place;       /* ASK: index of view->d.place */
	uint32_t types;  /* ASK: bit (1 << enum view_type) each */
	int ns;          /* LOOKUP */
	uint16_t type;   /* NOTIFY: RR type */
	struct {         /* KEY */
		uint8_t verb, role, algorithm, state;
		char id[VIEW_KEY_ID];
	} key;
	struct view_message message; /* SEND */
	char text[2 * REASON_TEXT];  /* JOURNAL, ALARM */
};

#define PLAN_ACTIONS 128

struct plan {
	bool persist;
	int64_t wake; /* UTC ms; VIEW_NEVER: only on events */
	int count;
	struct action action[PLAN_ACTIONS];
};

/* Reasons are left in view->reason[]. When there is none, the zone is where it should be. */
void decide(struct zone_view *view, int64_t now, struct plan *plan);

/* The owner's HSYNC as seen last has others only, and nothing of ours is in the zone: it is none of
 * our business. */
bool decide_unlisted(const struct zone_view *view);

const char *action_name(enum action_kind kind);

/*
 * APPLY: from each used view->d.want.from[i] one DNS UPDATE that holds its full contribution,
 * origin = view->d.provider[i].identity; TTLs: DNSKEY ttl_key, CDS and CDNSKEY ttl_cds, NS and
 * CSYNC ttl_ns; version = (want.epoch, want.counter).
 */
