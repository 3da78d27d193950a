/*
 * Faults on purpose, for the simulator alone: what is built with MSIG_MUTANTS can have a guard, a
 * hold or a rule switched off, to see that the oracle finds it. In the daemon it is all 0.
 */
#pragma once

/* name, what is wrong */
#define MUTANTS(X)                                                                 \
	X(SAFETY, "S1 and S2 are not evaluated before actions")                    \
	X(DONE_ON_ACK, "DONE when combinerd has answered")                         \
	X(HSYNC, "APPROVE whatever HSYNC the requestor sees")                      \
	X(MAJORITY, "more than half of the voters are enough")                     \
	X(BUSY, "a second process is granted while one runs")                      \
	X(TRANSITION, "a DONE counts for whatever process runs")                   \
	X(SILENT, "no answer after the end")                                       \
	X(NO_RESEND, "everything is said once")                                    \
	X(CDS_SWAP, "CDS names the newcomer alone")                                \
	X(TTL, "the first TTL seen counts, not the largest")                       \
	X(HOLD_KEPT, "a hold that no longer fits counts on")                       \
	X(FORGET_HOLD, "a restart forgets history and deadlines")                  \
	X(FIRST_SERVER, "one server of a provider is enough")                      \
	X(UNKNOWN, "what was not seen counts as seen")                             \
	X(NO_COMMIT, "what is decided is acted on before it is persisted")         \
	X(STEP_MODE, "a step needs no operator")                                   \
	X(LEADER, "in leader mode, whoever wants something asks for it")           \
	X(VOTES, "a leader needs the votes of more than half")                     \
	X(SUCCESSOR, "nobody goes on for a leader that is gone")                   \
	X(CHANGE, "a follower takes whatever change the leader says")              \
	X(SHRINK, "an overlay loses a provider without a process")                 \
	X(STANDING, "who is half in says what the parent has of it")               \
	X(WITNESS, "own CDS change algorithm though the parent hears nobody else") \
	X(STALE, "an older statement takes out what a later one brought")          \
	X(ORPHAN, "of two algorithms, one loses a key alone")                      \
	X(HALF, "an EXECUTE does not say what its step deletes")                   \
	X(TURN_LATE, "a rollover is turned round whatever was executed")           \
	X(TURN_TWICE, "what was turned round is turned round again")               \
	X(TURN_WORDS, "what was said of the other direction counts")               \
	X(TURN_HOLD, "the hold of DS begins before the key store has said so")     \
	X(BINDS, "given up one step after others may have seen it")

enum mutant {
#define X(name, text) MUTANT_BIT_##name,
	MUTANTS(X)
#undef X
	    MUTANT_COUNT
};

#ifdef MSIG_MUTANTS
#include <stdint.h>
extern uint64_t mutant_mask; /* 1 << enum mutant */
/* The table of a process without a guard, a done-condition or a hold in one of its rows, or with
 * two neighbouring steps swapped in what they change. */
struct process_rule;
const struct process_rule *mutant_rule(const struct process_rule *rule);
/* What a group of fields is that was not written. */
struct durable;
void mutant_forget(struct durable *d);
#define MUTANT(name) ((mutant_mask >> MUTANT_BIT_##name & 1) != 0)
#define MUTANT_RULE(rule) mutant_rule(rule)
#define MUTANT_FORGET(d) mutant_forget(d)
#else
#define MUTANT(name) 0
#define MUTANT_RULE(rule) (rule)
#define MUTANT_FORGET(d) ((void)0)
#endif
