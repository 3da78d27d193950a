/*
 * Where a story on the bench begins, and the words in which it is told: zones at rest, as setups
 * for cmocka, a process in its middle, and what the others and the owner say. One bench for the
 * whole test program. The names are short, because the tests consist of them.
 */
#pragma once

#include "tests/unit/unit.h"
#include "tests/unit/bench.h"

#define EXPECT(provider, op) assert_non_null(bench_sent(&b, provider, MSIG_OP_##op))
#define EXPECT_NOT(provider, op) assert_null(bench_sent(&b, provider, MSIG_OP_##op))
#define IN(setup, test) cmocka_unit_test_setup_teardown(test, setup, teardown)

extern struct bench b;

/* ---- zones at rest ---- */

int two(void **state);       /* two members */
int three(void **state);     /* three of them */
int member(void **state);    /* a member alone, and another one in HSYNC */
int joiner(void **state);    /* the other way round: the other one is the member */
int bystander(void **state); /* we join, and so does the third; the second is a member */
int teardown(void **state);

/* ---- what there is ---- */

struct view_process *run(void); /* the process at hand */
struct view_provider *peer(int provider);
struct rset only(int id); /* a set of one */
struct rset ds(int provider);
/* The first place of a kind; server: that one alone, or NULL for any. */
struct view_place *place(enum view_place_kind kind, const char *server);
/* Was the last process one of this kind, and is it over without being complete? */
bool ended_early(uint8_t kind);
/* Does a condition of a process hold everywhere? */
bool check(enum process_condition cond, struct reason *why);
/* What is waited for at this place, or NULL. */
const struct reason *reason_at(enum reason_class class, enum reason_object object,
			       const char *place);

/* ---- what happens ---- */

/* Nothing runs, and nothing is asked for. */
void rest(void);
/* A process in its middle, executed, of epoch 9 and id 5, as say() means it. */
void in_the_middle(uint8_t kind, int subject, int requestor, uint8_t step, enum view_phase phase,
		   uint32_t voters);
void say(int from, enum msig_op op, uint8_t kind, uint8_t step, int subject, uint16_t result);
/* The answer to what we said of our process last. */
void reply(int from, enum msig_op op);
/* A peer's statement, in which something was changed, as its next one. */
void restate(int provider, struct view_statement st);
/* What a peer's statement says of the process that it is in. */
void runs(int provider, uint8_t kind, uint8_t step, uint64_t epoch);
/* And this of itself: MSIG_STANDING_*. */
void stands(int provider, uint8_t standing);
/* The owner says something else of one provider, and everybody has heard it. */
void owner(int provider, bool on, bool sign);
/* All of the parent's servers serve the zone, too, so that the delegation shows nowhere; or not. */
void hide_delegation(bool hidden);
/* A person confirms a database that was in doubt; combinerd holds what it knows of. */
void confirm_database(void);
