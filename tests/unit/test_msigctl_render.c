/*
 * Renderings of msigctl: a table of answers and of what is printed for them. The clock is fixed.
 */
#include "tests/unit/unit.h"

/* Rows of a table leave out what is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#include <ctype.h>
#include <limits.h>

#include "msigctl/draw.h"
#include "msigctl/render.h"
#include "msigctl/wait.h"

#define NOW 1795439721000 /* 2026-11-23 13:15:21 UTC */

typedef void (*render)(const struct text *t, const json_t *answer);

static char *
rendered(render f, const json_t *answer, unsigned columns, bool utf8, bool colour, bool verbose)
{
	char *buf = NULL;
	size_t len = 0;
	struct text t = {.out = open_memstream(&buf, &len),
			 .now = NOW,
			 .columns = columns,
			 .utf8 = utf8,
			 .colour = colour,
			 .verbose = verbose};
	assert_non_null(t.out);
	f(&t, answer);
	if (f != draw_dot && f != draw_svg) { /* as command_show() does */
		render_warnings(&t, answer);
	}
	fclose(t.out);
	return buf;
}

static json_t *
parse(const char *text)
{
	json_error_t e;
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	if (o == NULL) {
		fail_msg("%s at %d of %s", e.text, e.position, text);
	}
	return o;
}

/* The answers use ' for ", and the times are written as seconds from now: ^-38^. */
static json_t *
answer(const char *text)
{
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);
	for (const char *s = text; *s != '\0'; s++) {
		if (*s == '^' && (s[1] == '-' || isdigit((unsigned char)s[1]))) {
			char *end;
			long long seconds = strtoll(s + 1, &end, 10);
			fprintf(f, "%lld", NOW + seconds * 1000);
			s = end;
		} else {
			fputc(*s == '\'' ? '"' : *s, f);
		}
	}
	fclose(f);
	json_t *o = parse(out);
	free(out);
	return o;
}

#define PROCESS                                                                                \
	"{'kind': 'add-signer', 'step': 1, 'steps': 8, 'step_name': 'dnskeys-synced',"         \
	" 'phase': 'executing', 'subject': 'msa.p3.example.', 'requestor': 'msa.p3.example.'," \
	" 'epoch': 4, 'started': ^-4639^, 'since': ^-120^, 'done': [], 'approved': [],"        \
	" 'holds': [{'name': 'key', 'until': ^3130^}], 'next': 'CDS'}"
#define UNTIL                                                                                    \
	"{'class': 'until', 'object': 'dnskey', 'place': '', 'expected': 'the old set has left " \
	"all caches', 'seen': '', 'todo': '', 'since': ^-120^, 'next': ^3130^, 'text': 'x'}"
#define BLOCKED                                                                               \
	"{'class': 'blocked', 'object': 'ds', 'place': '192.0.2.1@53', 'expected': '2 keys'," \
	" 'seen': 'one of no signer', 'todo': 'Ask your registrar to remove DS 20817.',"      \
	" 'since': ^-187200^, 'next': ^280^, 'text': 'x'}"
#define MOVING                                                                                     \
	"{'zone': 'sign-me.example.', 'state': 'moving', 'process': " PROCESS ", 'reason': " UNTIL \
	", 'signers': ['msa.p1.example.', 'msa.p2.example.'], 'joining': ['msa.p3.example.'],"     \
	" 'leaving': [], 'paused': false, 'serial': {'owner': 4, 'out': 11, 'signed': 30},"        \
	" 'merge': 'merged', 'freeze': '', 'trouble': '', 'digest': 'equal'}"
#define BROKEN                                                                                \
	"{'zone': 'broken.example.', 'state': 'blocked', 'process': null, 'reason': " BLOCKED \
	", 'signers': ['msa.p1.example.'], 'joining': [], 'leaving': [], 'paused': false,"    \
	" 'serial': {'owner': 1, 'out': 1, 'signed': 1}, 'merge': 'plain', 'freeze': '',"     \
	" 'trouble': '', 'digest': 'unknown'}"
#define TURNED                                                                                     \
	"{'zone': 'fine.example.', 'state': 'moving', 'process': {'kind': 'ksk-rollover', "        \
	"'step': "                                                                                 \
	"3, 'steps': 10, 'step_name': 'parent-ds-added', 'phase': 'executing', 'turned': true, "   \
	"'subject': 'msa.p1.example.', 'epoch': 5, 'started': ^-120^, 'since': ^-60^, 'holds': "   \
	"[]},"                                                                                     \
	" 'reason': null, 'signers': ['msa.p1.example.', 'msa.p2.example.'], 'joining': [],"       \
	" 'leaving': [], 'paused': false, 'serial': {'owner': 1, 'out': 1, 'signed': 1}, 'merge':" \
	" 'merged', 'freeze': '', 'trouble': '', 'digest': 'equal'}"
#define FINE                                                                                  \
	"{'zone': 'fine.example.', 'state': 'in-sync', 'process': null, 'reason': null,"      \
	" 'signers': ['msa.p1.example.', 'msa.p2.example.'], 'joining': [], 'leaving': [],"   \
	" 'paused': false, 'serial': {'owner': 1, 'out': 1, 'signed': 1}, 'merge': 'merged'," \
	" 'freeze': '', 'trouble': '', 'digest': 'equal'}"

static void
force(const struct text *t, const json_t *answer)
{
	render_force(t, json_string_value(json_object_get(answer, "provider")));
}

/* Two steps of a plan, with everything that may be in one. */
#define CHECKS                                                                                 \
	"[{'verdict': 'pass', 'what': 'HSYNC can be followed', 'step': null, 'reason': null}," \
	" {'verdict': 'later', 'what': 'all keys are shown', 'step': 1, 'reason': null},"      \
	" {'verdict': 'warn', 'what': 'its agent can be asked', 'step': null, 'reason': "      \
	"{'class': 'peer', 'object': 'peer', 'place': 'msa.p3.example.', 'expected': '',"      \
	" 'seen': 'no beat', 'todo': ''}},"                                                    \
	" {'verdict': 'fail', 'what': 'nobody names it', 'step': null, 'reason': " BLOCKED "}]"
#define PLAN(verdict)                                                                              \
	"{'process': 'add-signer', 'subject': 'msa.p3.example.', 'requestor': 'msa.p3.example.',"  \
	" 'algorithm': 0, 'running': false, 'verdict': '" verdict "', 'start': " CHECKS ","        \
	" 'steps': [{'step': 0, 'name': 'first', 'state': 'done'}, {'step': 1, 'name':"            \
	" 'second', 'state': 'now', 'acts': ['msa.p1.example.', 'msa.p2.example.'],"               \
	" 'parent': 'DS', 'owner': true, 'why': 'because', 'guard': " CHECKS ", 'effect':"         \
	" ['DNSKEY gets it'], 'keys': ['new ZSK: published'], 'changes': [{'add': true, 'of':"     \
	" 'msa.p3.example.', 'type': 'DNSKEY', 'record': 'x. IN DNSKEY 256 3 13 AA==', 'text':"    \
	" 'DNSKEY 12345, algorithm 13, ZSK', 'at': ['msa.p1.example.']}, {'add': false, 'of': ''," \
	" 'type': 'CSYNC', 'record': '', 'text': 'CSYNC', 'at': []}], 'unlisted': 2, 'done':"      \
	" ['all keys are shown'], 'holds': [{'name': 'H_KEY', 'ttl': 3600, 'length': 4260000,"     \
	" 'from': ^0^, 'until': ^4260^, 'place': '192.0.2.2@53', 'provider':"                      \
	" 'msa.p2.example.'}], 'begin': ^0^, 'end': ^4260^}, {'step': 2, 'name': 'stop',"          \
	" 'state': 'open'}], 'begin': ^0^, 'end': ^4260^, 'scans': 2, 'advice': ['lower a TTL']}"

#define GRAPH(now)                                                                               \
	"{'process': {'name': 'zsk-<rollover>', 'kind': 3, 'priority': 2, 'steps': ["            \
	"{'step': 0, 'name': 'first', 'guard': ['all is \\'well\\'', 'and more'], 'effect': []," \
	" 'done': [], 'holds': [], 'next': 'the second & last'}, {'step': 1, 'name': 'second',"  \
	" 'guard': [], 'effect': ['DNSKEY gets it'], 'done': ['seen'], 'holds': ['H_KEY'],"      \
	" 'next': ''}, {'step': 2, 'name': 'stop', 'guard': [], 'effect': [], 'done': [],"       \
	" 'holds': [], 'next': ''}]}, 'zone': 'sign-me.example.', 'now': " now "}"

static const struct {
	const char *name;
	render f;
	const char *answer;
	const char *text;
} cases[] = {
#include "tests/unit/msigctl_golden.h"
#include "tests/unit/msigctl_process.h"
};

static void
test_golden(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *a = answer(cases[i].answer);
		char *text = rendered(cases[i].f, a, 80, false, false, false);
		if (strcmp(text, cases[i].text) != 0) {
			fprintf(stderr, "%s:\n%s", cases[i].name, text); /* print_error() cuts */
			fail();
		}
		bool wide = cases[i].f == draw_dot || cases[i].f == draw_svg; /* for programs */
		for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
			/* Nothing wider than 80 columns but a word that is. */
			if (strlen(line) > 80 && !wide) {
				fail_msg("%s: %zu columns: %s", cases[i].name, strlen(line), line);
			}
			for (char *c = line; *c != '\0'; c++) {
				assert_in_range(*c, 0x20, 0x7e);
			}
		}
		free(text);
		json_decref(a);
	}
}

/* Whatever is missing or of the wrong type, and whatever stands in a text, is survived; and no
 * control character of a daemon's words reaches the terminal. */
static json_t *
mutilate(const json_t *o, unsigned *n, int how)
{
	if (json_is_object(o)) {
		json_t *copy = json_object(), *v;
		const char *key;
		json_object_foreach((json_t *)(uintptr_t)o, key, v)
		{
			json_t *to = mutilate(v, n, how);
			if ((*n)-- == 0) {
				json_decref(to);
				to = how == 0   ? NULL
				     : how == 1 ? json_integer(-7)
				     : how == 2 ? json_string("a\033[31m\n\x07 \xc3\xa9 \xc2\x9b")
				     : how == 3 ? json_pack("[n, i, s, {}]", 5, "x")
						: json_pack("{s:n}", "zone");
			}
			if (to != NULL) {
				json_object_set_new(copy, key, to);
			}
		}
		return copy;
	}
	if (json_is_array(o)) {
		json_t *copy = json_array(), *v;
		size_t i;
		json_array_foreach(o, i, v)
		{
			json_array_append_new(copy, mutilate(v, n, how));
		}
		return copy;
	}
	return json_deep_copy(o);
}

static void
check_printable(const char *name, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text != '\n' && (*text < 0x20 || *text > 0x7e)) {
			fail_msg("%s: octet %02x", name, (unsigned char)*text);
		}
	}
}

static void
test_mutilated(void **state)
{
	unsigned tried = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *a = answer(cases[i].answer);
		for (int how = 0; how < 5; how++) {
			unsigned left = UINT_MAX;
			json_decref(mutilate(a, &left, how));
			unsigned members = UINT_MAX - left;
			for (unsigned at = 0; at < members; at++, tried++) {
				left = at;
				json_t *m = mutilate(a, &left, how);
				for (int v = 0; v < 2; v++) {
					char *text =
					    rendered(cases[i].f, m, 80, false, false, v == 1);
					check_printable(cases[i].name, text);
					free(text);
				}
				json_decref(m);
			}
		}
		json_decref(a);
	}
	assert_true(tried > 1000);
}

static void
test_text(void **state)
{
	char buf[TEXT_TIME];
	struct text t = {.now = NOW};
	static const struct {
		uint64_t ms;
		const char *text;
	} spans[] = {
	    {0, "0s"},          {38999, "38s"},     {60000, "1m00s"},    {3130000, "52m10s"},
	    {4639000, "1h17m"}, {86400000, "1d0h"}, {187200000, "2d4h"},
	};
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		assert_string_equal(text_span(spans[i].ms, buf), spans[i].text);
	}
	assert_string_equal(text_clock(&t, NOW, buf), "13:15:21");
	assert_string_equal(text_clock(&t, NOW - 86400000, buf), "2026-11-22 13:15:21");
	assert_string_equal(text_both(&t, NOW + 3130000, buf), "14:07:31 (in 52m10s)");
	assert_string_equal(text_both(&t, NOW - 38000, buf), "13:14:43 (38s ago)");
	assert_true(strlen(text_both(&t, UINT64_MAX, buf)) < TEXT_TIME);
}

static void
test_clean(void **state)
{
	static const struct {
		const char *src, *ascii, *utf8;
	} cases_[] = {
	    {"plain", "plain", "plain"},
	    {"a\tb\nc", "a b c", "a b c"},
	    {"\033]0;x\007", "?]0;x?", "?]0;x?"},
	    {"caf\xc3\xa9", "caf?", "caf\xc3\xa9"},
	    {"\xe2\x86\x92", "?", "\xe2\x86\x92"},
	    {"\xc2\x9b"
	     "31m",
	     "??31m", "??31m"}, /* CSI in one octet */
	    {"\xff\xc3", "??", "??"},
	    {"\xe2\x86", "??", "??"},
	    {"\xc0\xaf", "??", "??"}, /* overlong */
	    {"\x7f", "?", "?"},
	};
	struct text ascii = {.utf8 = false}, utf8 = {.utf8 = true};
	for (size_t i = 0; i < sizeof(cases_) / sizeof(cases_[0]); i++) {
		char *a = text_clean(&ascii, cases_[i].src), *u = text_clean(&utf8, cases_[i].src);
		assert_string_equal(a, cases_[i].ascii);
		assert_string_equal(u, cases_[i].utf8);
		free(a);
		free(u);
	}
	char *none = text_clean(&ascii, NULL);
	assert_string_equal(none, "");
	free(none);
}

static void
test_colour(void **state)
{
	json_t *a = answer("{'zone': " FINE "}");
	char *plain = rendered(render_done, a, 80, false, false, false);
	char *colour = rendered(render_done, a, 80, false, true, false);
	assert_null(strchr(plain, '\033'));
	assert_non_null(strstr(colour, "\033[32min-sync\033[0m"));
	free(plain);
	free(colour);
	json_decref(a);
}

static void
test_pipe(void **state)
{
	/* Without a width nothing is cut or wrapped. */
	json_t *a =
	    answer("{'zone': " MOVING ", 'reasons': [" BLOCKED "], 'will': 'w w w w w w w w w w "
		   "w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w'}");
	char *text = rendered(render_tracking, a, 0, false, false, false);
	assert_non_null(strstr(
	    text, "w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w w"));
	free(text);
	json_decref(a);
}

static void
test_wait(void **state)
{
	static const char steps[] =
	    "'steps': [{'step': 0, 'name': 'signers-unsynced'}, {'step': 1, "
	    "'name': 'dnskeys-synced'}, {'step': 2, 'name': 'cds-added'}]}";
	static const struct {
		const char *zone, *step;
		enum wait_result result;
		const char *member;
	} waits[] = {
	    {FINE, NULL, WAIT_REACHED},
	    {FINE, NULL, WAIT_REACHED, "msa.p2.example."},
	    {FINE, NULL, WAIT_NOT_YET, "msa.p3.example."}, /* in sync, but as it was before */
	    {"{'state': 'in-sync', 'process': null, 'signers': [], 'orders': []}", NULL, WAIT_REACHED},
	    {"{'state': 'in-sync', 'process': null, 'signers': [], 'orders': [{}]}", NULL,
	     WAIT_NOT_YET},
	    {MOVING, NULL, WAIT_NOT_YET, "msa.p1.example."},
	    {MOVING, NULL, WAIT_NOT_YET},
	    {BROKEN, NULL, WAIT_NOT_YET},
	    {MOVING, "signers-unsynced", WAIT_REACHED}, /* it is beyond */
	    {MOVING, "dnskeys-synced", WAIT_REACHED},
	    {MOVING, "cds-added", WAIT_NOT_YET},
	    {MOVING, "nonsense", WAIT_UNKNOWN},
	    {FINE, "cds-added", WAIT_NOT_YET}, /* no process yet */
	};
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		char text[4096];
		snprintf(text, sizeof(text), "{'zone': %s, %s", waits[i].zone, steps);
		json_t *a = answer(text);
		if (wait_judge(a, waits[i].step, waits[i].member) != waits[i].result) {
			fail_msg("wait %zu", i);
		}
		json_decref(a);
	}
	/* An empty answer is no reason to go on. */
	json_t *empty = json_object();
	assert_int_equal(wait_judge(empty, NULL, NULL), WAIT_NOT_YET);
	assert_int_equal(wait_judge(empty, "cds-added", NULL), WAIT_NOT_YET);
	json_decref(empty);
}

/* The legend of -v explains what agentd says of a key (cmds_keys.c), as it is shown, and nothing
 * else. */
static void
test_legend(void **state)
{
	static const char *const words[] = {"sign:",    "pub:",  "MISSING:", "-: not",
					    "unknown:", "some:", "-: a ZSK"};
	json_t *a = answer("{'zone': 'z.', 'providers': [], 'keys': []}");
	char *text = rendered(render_keys, a, 0, false, false, true);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strstr(text, words[i]) == NULL) {
			fail_msg("no '%s': %s", words[i], text);
		}
	}
	assert_null(strstr(text, "part:"));
	free(text);
	json_decref(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),   cmocka_unit_test(test_clean),
	    cmocka_unit_test(test_golden), cmocka_unit_test(test_mutilated),
	    cmocka_unit_test(test_legend), cmocka_unit_test(test_colour),
	    cmocka_unit_test(test_pipe),   cmocka_unit_test(test_wait),
	};
	return cmocka_run_group_tests_name("msigctl_render", tests, NULL, NULL);
}
