/*
 * One agent on a bench: its view, what every server shows, and what it did. Time stands still until
 * bench_run() moves it. Provider 0 is the agent's own; the others are moved by hand.
 */
#pragma once

#include "agentd/agree.h"
#include "agentd/decide.h"
#include "agentd/hold.h"
#include "agentd/process.h"
#include "agentd/safety.h"
#include "agentd/view.h"

#define BENCH_PROVIDERS 3
#define BENCH_START INT64_C(1700000000000)

struct bench_server {
	bool silent;
	const char *why; /* silent: what is said of it; NULL: a time-out */
	struct rset set[VIEW_TYPE_COUNT];
	struct rset signers[VIEW_TYPE_COUNT];
	uint32_t ttl[VIEW_TYPE_COUNT];
	uint32_t alien; /* VIEW_ALIEN of the first signature of SOA by a key that is not shown */
};

struct bench {
	struct zone_view *view;
	int64_t now;
	struct plan plan; /* of the last decide() */
	int ksk[BENCH_PROVIDERS], zsk[BENCH_PROVIDERS], ns[BENCH_PROVIDERS];
	struct rset own[BENCH_PROVIDERS], cds[BENCH_PROVIDERS], cdnskey[BENCH_PROVIDERS];
	struct bench_server signer, server[BENCH_PROVIDERS], parent;
	struct bench_server copy; /* of the zone, at servers of the parent */
	int parents;              /* servers of the parent; 0: one */
	bool lags;                /* the second one has no DS yet */
	uint32_t child;           /* bit per server of the parent: it serves `copy`, too */
	struct view_hsync hsync;
	bool nobody_signs; /* signed: off */
	bool combiner_silent;
	uint64_t show_epoch, show_counter; /* what combinerd says it holds at the start */
	/* what was done since bench_forget() */
	int applied, stated, journaled, alarms, persisted;
	char alarm[400];
	struct view_message sent[64];
	int sent_to[64];
	int sends;
	/* Does what ACT_KEY says; NULL: nobody does. */
	void (*on_key)(struct bench *b, const struct action *a);
};

/* An agent with HSYNC of `designated` providers (the first is itself), whose zone is delegated to
 * the providers in `members`; everyone serves what a zone of these members serves. */
void bench_init(struct bench *b, int designated, uint32_t members);
/* The same of a zone that nobody signs: `listed` providers are ON and NOSIGN, the zone and the
 * delegation have the NS of those in `named`, and the peers of it have stated theirs. */
void bench_unsigned(struct bench *b, int listed, uint32_t named, bool agent);
/* Such a zone as a server shows it, with the NS of these. */
void bench_bare(struct bench *b, struct bench_server *s, uint32_t named);
/* The statement of a peer there: its NS, if it has any. */
void bench_names(struct bench *b, int provider, struct rset ns);
void bench_clear(struct bench *b);
void bench_forget(struct bench *b);

/* Kill -9 and restart: the durable part goes through bytes. */
void bench_restart(struct bench *b);

/* Lets time pass in steps, answers what is asked, and carries out plans. */
void bench_run(struct bench *b, int64_t ms);
/* One decide() now. */
void bench_decide(struct bench *b);
/* Asks every server what it says now, and does nothing else. */
void bench_look(struct bench *b);
/* The operator keeps a DS whose key nobody states; the parent has it, or not. Returns its number.
 */
int bench_keep_ds(struct bench *b, bool at_parent);

/* All providers of a mask show the union of their keys, CDS, CDNSKEY and NS. */
void bench_serve(struct bench *b, uint32_t members);
void bench_designate(struct bench *b, int count, bool agent);

/* The statement of a peer: a member (process 0, step 7) or not (0, 0). */
void bench_state(struct bench *b, int provider, bool member);
/* A message of a peer about its own process. */
void bench_say(struct bench *b, int provider, enum msig_op op, uint8_t step, uint8_t id);

/* Was it said to a provider? Returns the last such message, or NULL. */
const struct view_message *bench_sent(const struct bench *b, int provider, enum msig_op op);
/* Is there a reason of this class and object? */
const struct reason *bench_reason(const struct bench *b, enum reason_class class,
				  enum reason_object object);
