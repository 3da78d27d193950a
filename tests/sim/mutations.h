/* Faults on purpose, by name: made from the tables of the processes, from the fields of the
 * database, and from agentd/mutant.h. */
#pragma once

#include <stdint.h>

enum edit { EDIT_GUARD, EDIT_DONE, EDIT_HOLD, EDIT_SWAP };

/* In the table of a process. */
struct table_edit {
	uint8_t kind; /* of the process */
	uint8_t step;
	uint8_t what; /* enum edit */
	uint8_t bit;  /* the condition or hold that is not there; SWAP: none */
};

/* What is not agentd's: the world does this, and the oracle has to see it. */
#define WORLD_FAULTS(X)                                                              \
	X(CDS_DELETE, "in an overlay a CDS that deletes comes to combinerd")         \
	X(CDS_GONE, "no CDS of an overlay comes to combinerd")                       \
	X(STRANGER, "of one provider combinerd is told another one's keys")          \
	X(NAMER, "of one provider combinerd is told another one's NS")               \
	X(TAKER, "an agent states a key of somebody else")                           \
	X(DS_EMPTY, "the parent takes CDS that are not there for DS that are to go") \
	X(SERIAL, "combinerd forgets its last serial")                               \
	X(BARE, "combinerd forgets the overlay and goes on with the owner's zone")

enum world_fault {
#define X(name, text) WORLD_BIT_##name,
	WORLD_FAULTS(X)
#undef X
	    WORLD_COUNT
};

#ifdef MSIG_MUTANTS
extern uint32_t world_faults; /* 1 << enum world_fault */
#define WORLD_FAULT(name) ((world_faults >> WORLD_BIT_##name & 1) != 0)
#else
#define WORLD_FAULT(name) 0
#endif

#define EDITS_MAX 64

struct mutation {
	char name[1024];
	char text[120];
	uint64_t mask;   /* rules */
	uint64_t lost;   /* groups of fields that are not in the database */
	uint32_t world;  /* enum world_fault */
	struct table_edit edit[EDITS_MAX];
	int edits;
};

#define MUTATIONS_MAX 400

int mutations_list(struct mutation out[MUTATIONS_MAX]);
/* By name, or several of them as one+other+...; 0: no such thing. */
int mutations_find(const char *name, struct mutation *out);
/* Both. */
void mutations_join(struct mutation *m, const struct mutation *other);
/* Prints, as comments, what would be a mutation by its form and is none, and why. */
void mutations_none(void);
/* NULL: none. */
void mutations_apply(const struct mutation *m);
/* By the environment (MSIG_MUTANT=name), for the unit tests. */
void mutations_environment(void);
