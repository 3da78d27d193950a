/*
 * The operator's words: step mode as participant and as requestor, what an approval is good for and
 * for how long, and orders that are taken back.
 */
#include "agentd/operator.h"
#include "libmsig/err.h"
#include "tests/unit/scene.h"

static void
waits(const char *step)
{
	const struct reason *r = bench_reason(&b, REASON_BLOCKED, REASON_OF_OPERATOR);
	assert_non_null(r);
	assert_string_equal(r->place, step);
	assert_string_equal(r->todo, "msigctl approve shop.example.");
}

static void
waits_not(void)
{
	assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_OPERATOR));
}

/* The other asks, and is told "not yet" until our operator has approved. */
static void
test_participant(void **state)
{
	assert_int_equal(operator_approve(b.view, 0), MSIG_EMISSING);
	operator_step(b.view, 0, true);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	EXPECT(1, NOT_YET);
	EXPECT_NOT(1, APPROVE);
	waits("signers-unsynced");
	/* A restart forgets the question, not the mode. */
	bench_restart(&b);
	bench_run(&b, 2000);
	view_on_peer(b.view, 1, true, "");
	bench_state(&b, 1, false);
	bench_run(&b, 2000);
	bench_forget(&b);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	EXPECT_NOT(1, APPROVE);
	waits("signers-unsynced");
	assert_int_equal(operator_approve(b.view, MSIG_PROCESS_REMOVE), MSIG_EMISSING);
	assert_int_equal(operator_approve(b.view, MSIG_PROCESS_ADD), 0);
	bench_decide(&b);
	EXPECT(1, APPROVE);
	waits_not();
	/* It is the word for this step alone. */
	assert_int_equal(operator_approve(b.view, 0), MSIG_EMISSING);
}

/* EXECUTE does not get around it: it was never granted. */
static void
test_execute(void **state)
{
	operator_step(b.view, MSIG_PROCESS_ADD, true);
	bench_say(&b, 1, MSIG_OP_EXECUTE, 0, 5);
	assert_int_equal(run()->kind, 0);
	waits("signers-unsynced");
}

static void
test_requestor(void **state)
{
	operator_step(b.view, 0, true);
	bench_forget(&b);
	bench_run(&b, 60000); /* longer than any lease: nothing has begun that could end */
	EXPECT_NOT(1, REQUEST);
	waits("signers-unsynced");
	assert_int_equal(run()->phase, PHASE_REQUESTED);
	assert_int_equal(operator_approve(b.view, 0), 0);
	bench_run(&b, 1000);
	EXPECT(1, REQUEST);
	waits_not();
}

/* An approval is good for the same step of a process that is begun anew, and survives a restart. */
static void
test_kept(void **state)
{
	operator_step(b.view, 0, true);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	waits("signers-unsynced");
	assert_int_equal(operator_approve(b.view, 0), 0);
	bench_decide(&b);
	EXPECT(1, APPROVE);
	bench_say(&b, 1, MSIG_OP_ABORT, 0, 5);
	assert_int_equal(run()->kind, 0);
	bench_forget(&b);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 6);
	EXPECT(1, APPROVE);
	bench_restart(&b);
	assert_int_equal(b.view->d.approved.kind, MSIG_PROCESS_ADD);
	/* What was executed has used it up. */
	run()->executed = true;
	operator_forget(b.view);
	assert_int_equal(b.view->d.approved.kind, 0);
}

/* Per process, and over the configuration. */
static void
test_modes(void **state)
{
	b.view->config.step_mode = 1u << MSIG_PROCESS_REMOVE;
	assert_true(operator_steps(b.view, MSIG_PROCESS_REMOVE));
	assert_false(operator_steps(b.view, MSIG_PROCESS_ADD));
	operator_step(b.view, MSIG_PROCESS_ADD, true);
	assert_true(operator_steps(b.view, MSIG_PROCESS_ADD));
	assert_false(operator_steps(b.view, MSIG_PROCESS_KSK));
	operator_step(b.view, 0, false);
	for (uint8_t kind = 1; kind <= MSIG_PROCESS_NS_REMOVE; kind++)
		assert_false(operator_steps(b.view, kind));
	operator_step(b.view, 0, true);
	for (uint8_t kind = 1; kind <= MSIG_PROCESS_NS_REMOVE; kind++)
		assert_true(operator_steps(b.view, kind));
	/* Switched off in the middle of waiting. */
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	waits("signers-unsynced");
	operator_step(b.view, MSIG_PROCESS_ADD, false);
	bench_decide(&b);
	EXPECT(1, APPROVE);
	waits_not();
}

/* Nobody asks any more: it is forgotten after a while. */
static void
test_forgotten(void **state)
{
	operator_step(b.view, 0, true);
	bench_say(&b, 1, MSIG_OP_REQUEST, 0, 5);
	waits("signers-unsynced");
	bench_run(&b, 10000);
	waits("signers-unsynced");
	bench_run(&b, 60000);
	waits_not();
	assert_int_equal(operator_approve(b.view, 0), MSIG_EMISSING);
}

static void
test_cancel(void **state)
{
	struct view_order zsk = {.process = MSIG_PROCESS_ZSK}, ksk = {.process = MSIG_PROCESS_KSK};

	assert_int_equal(operator_cancel(b.view, 0), MSIG_EMISSING);
	b.view->config.driver = true;
	assert_int_equal(view_on_order(b.view, &zsk), 0);
	assert_int_equal(view_on_order(b.view, &ksk), 0);
	assert_int_equal(operator_cancel(b.view, MSIG_PROCESS_ALGORITHM), MSIG_EMISSING);
	view_on_command(b.view, VIEW_ABORT); /* of what runs: what waits is cancelled */
	assert_int_equal(b.view->d.order[0].process, MSIG_PROCESS_ZSK);
	assert_int_equal(operator_cancel(b.view, MSIG_PROCESS_ZSK), 0);
	assert_int_equal(b.view->d.order[0].process, 0);
	assert_int_equal(b.view->d.order[1].process, MSIG_PROCESS_KSK);
	/* What runs is aborted, not cancelled. */
	run()->kind = MSIG_PROCESS_KSK;
	run()->requestor = VIEW_SELF;
	assert_int_equal(operator_cancel(b.view, MSIG_PROCESS_KSK), MSIG_EREFUSED);
	assert_int_equal(operator_cancel(b.view, 0), MSIG_EREFUSED);
	assert_int_equal(b.view->d.order[1].process, MSIG_PROCESS_KSK);
}

/* Of every process: what changed nothing yet is given up; what did rests where it is, and goes on
 * with resume. */
static void
test_abort(void **state)
{
	static const struct {
		uint8_t kind;
		int8_t subject;
		uint8_t last; /* step that can still be given up, executed */
	} cases[] = {
	    {MSIG_PROCESS_REMOVE, 1, 0},
	    {MSIG_PROCESS_ZSK, 0, 1},
	    {MSIG_PROCESS_KSK, 0, 1},
	    {MSIG_PROCESS_ALGORITHM, 0, 0},
	};

	b.view->config.driver = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint8_t step = 0; step <= 3; step++) {
			uint8_t kind = cases[i].kind;
			in_the_middle(kind, cases[i].subject, VIEW_SELF, step, PHASE_EXECUTING, 7);
			run()->algorithm = kind == MSIG_PROCESS_ALGORITHM ? 13 : 0;
			peer(1)->expelled = kind == MSIG_PROCESS_REMOVE;
			view_on_command(b.view, VIEW_ABORT);
			bench_decide(&b);
			if (step <= cases[i].last) {
				assert_true(run()->kind == 0 || !run()->executed);
				continue;
			}
			assert_int_equal(run()->kind, kind);
			assert_int_equal(run()->step, step);
			assert_non_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC));
			view_on_command(b.view, VIEW_RESUME);
			bench_decide(&b);
			assert_int_equal(run()->kind, kind);
			assert_null(bench_reason(&b, REASON_BLOCKED, REASON_OF_HSYNC));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(member, test_participant), IN(member, test_execute), IN(joiner, test_requestor),
	    IN(member, test_kept),        IN(member, test_modes),   IN(member, test_forgotten),
	    IN(member, test_cancel),      IN(three, test_abort),
	};
	return cmocka_run_group_tests_name("operator", tests, NULL, NULL);
}
