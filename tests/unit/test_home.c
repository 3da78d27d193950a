/*
 * Who has to act when something is not heard: whoever's it is. What is this provider's own is never
 * a peer's, nor the parent's, and always has a word of what to do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agentd/unheard.h"
#include "libmsig/err.h"
#include "tests/unit/scene.h"

/* A reason of this class about this place whose to-do has these words; empty: none at all. */
static void
said(enum reason_class class, enum reason_object object, const char *place, const char *todo)
{
	for (int i = 0; i < b.view->reasons; i++) {
		const struct reason *r = &b.view->reason[i];
		if (r->class != class || r->object != object || strcmp(r->place, place) != 0)
			continue;
		const char *text = reason_todo(r);
		assert_true(*todo == 0 ? *text == 0 : strstr(text, todo) != NULL);
		return;
	}
	fail_msg("no %s: %s at %s", reason_class_name(class), reason_object_name(object), place);
}

static void
quiet(struct bench_server *s, const char *why)
{
	s->silent = true;
	s->why = why;
}

/* A step of a rollover that looks at the servers of both. */
static void
rolling(void)
{
	in_the_middle(MSIG_PROCESS_ZSK, 1, 1, 1, PHASE_EXECUTING, 3);
	bench_run(&b, 5000);
}

/* ---- servers ---- */

static void
test_whose_server(void **state)
{
	static const struct {
		int server; /* -1: the parent's */
		const char *why;
		enum process_condition cond;
		enum reason_class class;
		const char *place, *todo;
	} cases[] = {
	    {0, "timeout", COND_KEYS, REASON_HOME, "192.0.2.1@53", "this name server of yours"},
	    {1, "timeout", COND_KEYS, REASON_PEER, "192.0.2.2@53", ""},
	    {-1, "timeout", COND_DS, REASON_PARENT, "198.51.100.1@53", ""},
	    {0, VIEW_WHY_DOWN, COND_KEYS, REASON_HOME, "observe", "start transportd"},
	    {1, VIEW_WHY_DOWN, COND_KEYS, REASON_HOME, "observe", "start transportd"},
	    {1, VIEW_WHY_SILENT, COND_KEYS, REASON_HOME, "observe", "start transportd"},
	    {-1, VIEW_WHY_DOWN, COND_DS, REASON_HOME, "observe", "start transportd"},
	};
	rolling();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench_server *s =
		    cases[i].server < 0 ? &b.parent : &b.server[cases[i].server];
		struct reason why;
		quiet(s, cases[i].why);
		bench_run(&b, 60000);
		assert_false(check(cases[i].cond, &why));
		assert_int_equal(why.class, cases[i].class);
		assert_int_equal(why.object, REASON_OF_SERVER);
		assert_string_equal(why.place, cases[i].place);
		assert_non_null(strstr(why.seen, cases[i].why));
		const char *todo = reason_todo(&why);
		assert_true(*cases[i].todo == 0 ? *todo == 0 : strstr(todo, cases[i].todo) != NULL);
		s->silent = false;
		bench_run(&b, 5000);
		assert_true(check(cases[i].cond, &why));
	}
}

/* ---- a host without IPv6 ---- */

/* Every server is asked at one more address, of IPv6, and what comes of that. */
static void
ask_over_ipv6(const char *why, int answers)
{
	static const struct {
		const char *old, *new;
	} both[] = {{"192.0.2.1@53", "2001:db8::1@53"},
		    {"192.0.2.2@53", "2001:db8::2@53"},
		    {"198.51.100.1@53", "2001:db8::3@53"}};
	for (int i = 0; i < 3; i++) {
		const char *server[] = {both[i].old, both[i].new};
		view_on_addresses(b.view, i < 2 ? b.ns[i] : -1, true, server, 2, b.now);
		struct view_place *p = place(i < 2 ? PLACE_SERVER : PLACE_PARENT, both[i].new);
		for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
			struct view_history *h = &p->history[t];
			if (p->kind == PLACE_PARENT && t != VIEW_DS && t != VIEW_NS)
				continue; /* is not asked for */
			h->tried = b.now;
			h->status = i == answers ? MSIG_SEEN_SET : MSIG_SEEN_UNKNOWN;
			reason_copy(h->reason, sizeof(h->reason), i == answers ? "" : why);
		}
	}
}

static void
test_no_ipv6(void **state)
{
	const char *none = msig_strerror(MSIG_ENOROUTE);
	const struct {
		const char *why;
		int answers; /* who does; -1: nobody */
		enum process_condition cond;
		enum reason_class class;
		const char *place, *todo;
	} cases[] = {
	    {none, -1, COND_DS, REASON_HOME, "2001:db8::3@53", "no IPv6"},
	    {none, -1, COND_KEYS, REASON_HOME, "2001:db8::1@53", "no IPv6"},
	    /* One that answers: there is IPv6, and a route is missing. */
	    {none, 1, COND_DS, REASON_HOME, "2001:db8::3@53", "routes"},
	    {none, 0, COND_DS, REASON_HOME, "2001:db8::3@53", "routes"},
	    /* It is the server that does not answer. */
	    {"timeout", -1, COND_DS, REASON_PARENT, "2001:db8::3@53", ""},
	};
	rolling();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reason why;
		ask_over_ipv6(cases[i].why, cases[i].answers);
		assert_false(check(cases[i].cond, &why)); /* the rule stands */
		assert_int_equal(why.class, cases[i].class);
		assert_string_equal(why.place, cases[i].place);
		assert_non_null(strstr(why.seen, cases[i].why));
		assert_true(*cases[i].todo == 0 ? why.todo[0] == 0
						: strstr(why.todo, cases[i].todo) != NULL);
	}
	/* The same of IPv4 is not for want of IPv6. */
	ask_over_ipv6(none, -1);
	struct view_history *h = &place(PLACE_PARENT, "198.51.100.1@53")->history[VIEW_DS];
	struct reason why;
	h->status = MSIG_SEEN_UNKNOWN;
	reason_copy(h->reason, sizeof(h->reason), none);
	assert_false(unheard(b.view, place(PLACE_PARENT, "198.51.100.1@53"), h, &why));
	assert_int_equal(why.class, REASON_HOME);
	assert_non_null(strstr(why.todo, "routes"));
	/* And at the very first start. */
	b.view->d.begun = false;
	h->status = MSIG_SEEN_SET;
	bench_decide(&b);
	said(REASON_HOME, REASON_OF_SERVER, "2001:db8::3@53", "no IPv6");
}

/* What it lacks is as little a peer's as its silence; but what another one's set makes unsafe is.
 */
static void
test_own_server_lags(void **state)
{
	rolling();
	rset_del(&b.server[0].set[VIEW_DNSKEY], b.zsk[1]);
	bench_run(&b, 5000);
	said(REASON_HOME, REASON_OF_DNSKEY, "192.0.2.1@53", "follows your signer");
}

static void
test_own_names_without_addresses(void **state)
{
	struct reason why;

	rolling();
	rset_del(&b.view->looked_up, b.ns[0]);
	assert_false(check(COND_KEYS, &why));
	assert_int_equal(why.class, REASON_HOME);
	assert_non_null(strstr(why.todo, "ns in msig.conf"));
	rset_add(&b.view->looked_up, b.ns[0]);
	rset_del(&b.view->looked_up, b.ns[1]);
	assert_false(check(COND_KEYS, &why));
	assert_int_equal(why.class, REASON_PEER);
	assert_string_equal(reason_todo(&why), "");
}

/* Who still shows what caches are to forget: a peer's server, or our own signer. */
static void
test_whose_old_data(void **state)
{
	owner(1, false, true);
	for (int i = 0; i < 2; i++)
		rset_del(&b.server[i].set[VIEW_NS], b.ns[1]);
	rset_del(&b.parent.set[VIEW_NS], b.ns[1]);
	rset_del(&b.signer.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 10000);
	in_the_middle(MSIG_PROCESS_REMOVE, 1, VIEW_SELF, 3, PHASE_EXECUTING, 5);
	runs(2, MSIG_PROCESS_REMOVE, 3, 9);
	bench_run(&b, 10000);
	said(REASON_PEER, REASON_OF_SERVER, "192.0.2.3@53", "");
	rset_add(&b.signer.set[VIEW_NS], b.ns[1]);
	bench_run(&b, 10000);
	said(REASON_HOME, REASON_OF_SERVER, "127.0.0.1@53", "of yours");
}

/* ---- at the very first start ---- */

static void
test_parent_at_the_start(void **state)
{
	quiet(&b.parent, "timeout");
	bench_run(&b, 10000);
	b.view->d.begun = false;
	bench_run(&b, 10000);
	said(REASON_PARENT, REASON_OF_SERVER, "198.51.100.1@53", "");
	b.parent.why = VIEW_WHY_DOWN;
	bench_run(&b, 10000);
	said(REASON_HOME, REASON_OF_SERVER, "observe", "start transportd");
	b.parent.silent = false;
	bench_run(&b, 10000);
	assert_true(b.view->d.begun);
}

/* ---- daemons, and the signer ---- */

static void
test_signer_is_silent(void **state)
{
	b.hsync = (struct view_hsync){.status = MSIG_SEEN_UNKNOWN, .error = "timeout"};
	bench_run(&b, 120000);
	said(REASON_HOME, REASON_OF_HSYNC, "signer", "signer runs");
	assert_string_equal(bench_reason(&b, REASON_HOME, REASON_OF_HSYNC)->seen,
			    "127.0.0.1@53: timeout");
	reason_copy(b.hsync.error, sizeof(b.hsync.error), VIEW_WHY_DOWN);
	bench_run(&b, 5000);
	said(REASON_HOME, REASON_OF_HSYNC, "observe", "start transportd");
}

static void
test_signerd_is_down(void **state)
{
	struct reason why;

	in_the_middle(MSIG_PROCESS_ZSK, VIEW_SELF, VIEW_SELF, 1, PHASE_EXECUTING, 3);
	b.view->config.driver = true;
	view_on_keys(b.view, false, "signerd does not run: start it", NULL, 0);
	assert_false(check(COND_DRIVER, &why));
	assert_int_equal(why.class, REASON_HOME);
	assert_non_null(strstr(reason_todo(&why), "start signerd"));
	/* And of one that has nothing to go on from. */
	peer(VIEW_SELF)->statement.known = false;
	bench_decide(&b);
	said(REASON_HOME, REASON_OF_KEY, "signer", "start signerd");
}

static void
test_signer_signs_nothing(void **state)
{
	b.signer.set[VIEW_DNSKEY] = b.signer.signers[VIEW_DNSKEY] = RSET_NONE;
	bench_run(&b, 5000);
	peer(VIEW_SELF)->statement.known = false;
	peer(VIEW_SELF)->statement.dnskey = RSET_NONE;
	b.view->d.own = RSET_NONE;
	bench_decide(&b);
	said(REASON_HOME, REASON_OF_DNSKEY, "signer", "signs the zone");
}

static void
test_combinerd_is_down(void **state)
{
	b.view->overlay_known = false;
	bench_decide(&b);
	said(REASON_HOME, REASON_OF_OVERLAY, "combinerd", "start combinerd");
	bench_run(&b, 5000);
	assert_null(bench_reason(&b, REASON_HOME, REASON_OF_OVERLAY));
	/* In the middle of a step it has not taken what it was told. */
	rolling();
	b.view->d.applied_counter--;
	b.combiner_silent = true;
	bench_decide(&b);
	said(REASON_HOME, REASON_OF_OVERLAY, "combinerd", "start combinerd");
}

/* ---- of all that can be ---- */

static void
test_always_a_word(void **state)
{
	static const char *const places[] = {"", "signer", "combinerd", "observe", "192.0.2.1@53"};

	for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++)
		for (int o = 0; o <= REASON_OF_LEADER; o++) {
			struct reason r = {.class = REASON_HOME, .object = (enum reason_object)o};
			char text[500];
			reason_copy(r.place, sizeof(r.place), places[p]);
			assert_true(reason_todo(&r)[0] != 0);
			assert_true(strlen(reason_todo(&r)) < REASON_TEXT);
			assert_non_null(
			    strstr(reason_text(&r, text, sizeof(text)), reason_todo(&r)));
			reason_copy(r.todo, sizeof(r.todo), "this");
			assert_string_equal(reason_todo(&r), "this");
			r.todo[0] = 0;
			r.class = REASON_PEER;
			assert_string_equal(reason_todo(&r), "");
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    IN(two, test_whose_server),           IN(two, test_no_ipv6),
	    IN(two, test_own_server_lags),        IN(two, test_own_names_without_addresses),
	    IN(three, test_whose_old_data),       IN(two, test_parent_at_the_start),
	    IN(two, test_signer_is_silent),       IN(two, test_signerd_is_down),
	    IN(two, test_signer_signs_nothing),   IN(two, test_combinerd_is_down),
	    cmocka_unit_test(test_always_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
