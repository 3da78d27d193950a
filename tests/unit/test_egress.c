/* Late, different or equal: sequences of what is seen, and the state after each. */
#include "tests/unit/unit.h"
#include "agentd/egress.h"

#define SETTLE 100
#define STEPS 12

/* A moment: digests by letter, ' ' unknown. past: versions before, newest first. */
struct moment {
	int64_t at;
	char served, signed_;
	const char *past;
	enum egress_state state;
	bool pauses;
	int64_t wake;
};

#define U EGRESS_UNKNOWN
#define E EGRESS_EQUAL
#define L EGRESS_LATE
#define O EGRESS_OVERDUE
#define S EGRESS_SETTLING
#define D EGRESS_DIFFERENT

static const struct {
	const char *what;
	struct moment moment[STEPS];
} cases[] = {
    {"nothing is known", {{1, ' ', ' ', "", U, false, 0}, {500, 'a', ' ', "", U, false, 0}}},
    {"equal, and not known for a while",
     {{1, 'a', 'a', "", E, false, 0},
      {2, 'a', ' ', "", U, false, 0},
      {900, 'a', 'a', "", E, false, 0}}},
    {"the signer follows",
     {{1, 'a', 'a', "", E, false, 0},
      {2, 'b', 'a', "a", L, false, 102},
      {3, 'b', 'b', "a", E, false, 0}}},
    {"late for too long, then not any more",
     {{1, 'b', 'a', "a", L, false, 101},
      {100, 'b', 'a', "a", L, false, 101},
      {101, 'b', 'a', "a", O, false, 0},
      {900, 'c', 'a', "ba", O, false, 0},
      {901, 'c', 'b', "ba", L, false, 1001},
      {902, 'c', 'c', "ba", E, false, 0}}},
    {"always one version behind, and at work",
     {{1, 'b', 'a', "a", L, false, 101},
      {90, 'c', 'b', "ba", L, false, 190},
      {180, 'd', 'c', "cba", L, false, 280},
      {270, 'e', 'd', "dcba", L, false, 370}}},
    {"the very old version", {{1, 'z', 'a', "yxwvutsrqponmlkjihgfedcba", L, false, 101}}},
    {"different for a moment",
     {{1, 'a', 'a', "", E, false, 0},
      {2, 'a', 'x', "", S, false, 102},
      {101, 'a', 'x', "", S, false, 102},
      {101, 'a', 'a', "", E, false, 0}}},
    {"different for long",
     {{1, 'a', 'a', "", E, false, 0},
      {2, 'a', 'x', "", S, false, 102},
      {102, 'a', 'x', "", D, true, 0},
      {103, 'a', 'a', "", E, false, 0},
      {104, 'a', 'x', "", S, false, 204}}},
    {"new versions do not start the time anew",
     {{1, 'a', 'a', "", E, false, 0},
      {2, 'b', 'x', "a", S, false, 102},
      {60, 'c', 'y', "ba", S, false, 102},
      {102, 'd', 'z', "cba", D, true, 0},
      {103, 'e', 'w', "dcba", D, true, 0}}},
    {"after a start nobody knows how long it was so",
     {{1, 'a', 'x', "", S, true, 101},
      {101, 'a', 'x', "", D, true, 0},
      {102, 'a', 'a', "", E, false, 0}}},
    {"not known is not repaired",
     {{1, 'a', 'a', "", E, false, 0},
      {2, 'a', 'x', "", S, false, 102},
      {50, 'a', ' ', "", S, false, 0},
      {150, 'a', ' ', "", S, false, 0},
      {160, 'a', 'x', "", D, true, 0},
      {170, ' ', 'x', "", D, true, 0},
      {900, 'a', ' ', "", D, true, 0}}},
    {"an older version ends the alarm",
     {{1, 'b', 'x', "a", S, true, 101},
      {101, 'b', 'x', "a", D, true, 0},
      {102, 'b', 'a', "a", L, false, 202},
      {202, 'b', 'a', "a", O, false, 0}}},
    {"from late to different",
     {{1, 'b', 'a', "a", L, false, 101},
      {90, 'b', 'x', "a", S, false, 190},
      {150, 'b', 'x', "a", S, false, 190},
      {190, 'b', 'x', "a", D, true, 0}}},
};

static void
fill(uint8_t digest[EGRESS_DIGEST], char letter)
{
	memset(digest, letter, EGRESS_DIGEST);
	digest[0] = 7; /* all of it is compared */
}

static void
test_cases(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct egress e = {0};

		for (const struct moment *m = cases[i].moment; m->at != 0; m++) {
			struct egress_seen seen = {.has_served = m->served != ' ',
						   .has_signed = m->signed_ != ' '};
			uint8_t past[32 * EGRESS_DIGEST];
			enum egress_state old = e.state;
			int64_t wake = -1;
			bool changed;

			fill(seen.served, m->served);
			fill(seen.signed_, m->signed_);
			seen.past = past;
			seen.pasts = strlen(m->past);
			for (size_t p = 0; p < seen.pasts; p++)
				fill(past + p * EGRESS_DIGEST, m->past[p]);
			changed = egress_judge(&e, &seen, m->at, SETTLE, &wake);
			if (e.state != m->state || egress_pauses(&e) != m->pauses ||
			    wake != m->wake)
				print_error("%s, at %d: %s, wakes at %d\n", cases[i].what,
					    (int)m->at, egress_state_name(e.state), (int)wake);
			assert_int_equal(e.state, m->state);
			assert_int_equal(egress_pauses(&e), m->pauses);
			assert_int_equal(wake, m->wake);
			assert_int_equal(changed, old != e.state);
		}
	}
}

/* Switched off in the middle of an alarm. */
static void
test_off(void **state)
{
	struct egress_seen seen = {.has_served = true, .has_signed = true, .served = {1}};
	struct egress e = {0};
	int64_t wake;

	egress_judge(&e, &seen, 1, SETTLE, &wake);
	egress_judge(&e, &seen, 101, SETTLE, &wake);
	assert_int_equal(e.state, EGRESS_DIFFERENT);
	assert_true(egress_judge(&e, &seen, 102, 0, &wake));
	assert_int_equal(e.state, EGRESS_UNKNOWN);
	assert_false(egress_pauses(&e));
	assert_int_equal(wake, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),
	    cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
