/*
 * A dry run of a process as text. See render.h.
 */
#include <inttypes.h>
#include <string.h>

#include "msigctl/json.h"
#include "msigctl/render.h"
#include "msigctl/words.h"

static const struct {
	const char *verdict, *label;
	enum tint tint;
} verdicts[] = {
    {"pass", "PASS   ", TINT_GOOD},
    {"later", "LATER  ", TINT_DIM},
    {"warn", "WARN   ", TINT_WAIT},
    {"fail", "FAIL   ", TINT_BAD},
};

#define INDENT 5

static void
show_check(const struct text *t, const json_t *check)
{
	const json_t *reason = json_object_get(check, "reason");
	char line[1024], seen[1024];
	size_t v = 0;
	while (v < 3 && strcmp(verdicts[v].verdict, js_str(check, "verdict")) != 0) {
		v++;
	}
	snprintf(line, sizeof(line), "%.500s", js_str(check, "what"));
	if (json_is_integer(json_object_get(check, "step"))) {
		snprintf(line, sizeof(line), "%.500s: by step %" PRIu64, js_str(check, "what"),
			 js_num(check, "step"));
	}
	text_wrap(t, INDENT, verdicts[v].label, verdicts[v].tint, line);
	if (!json_is_object(reason)) {
		return;
	}
	words_reason(reason, seen, sizeof(seen));
	text_wrap(t, INDENT + 7, "", TINT_NONE, seen);
	if (js_has(reason, "todo")) {
		text_wrap(t, INDENT + 7, "to do: ", TINT_BAD, js_str(reason, "todo"));
	}
}

static void
show_list(const struct text *t, const json_t *list, const char *label)
{
	const json_t *item;
	char lead[16];
	JS_EACH(list, item)
	{
		const char *s = json_string_value(item);
		snprintf(lead, sizeof(lead), "%-7s", label);
		text_wrap(t, INDENT, lead, TINT_NONE, s != NULL ? s : "");
		label = "";
	}
}

/* Who acts; the parent and the owner act when they like. */
static void
show_who(const struct text *t, const json_t *step)
{
	char list[1024], line[2048];
	words_join(json_object_get(step, "acts"), "", ", ", list, sizeof(list));
	snprintf(line, sizeof(line), "%s", *list != '\0' ? list : "nobody");
	size_t n = strlen(line);
	if (js_true(step, "owner")) {
		n += (size_t)snprintf(line + n, sizeof(line) - n,
				      "; the owner of the zone changes NS (NSMGMT=OWNER)");
	}
	if (js_has(step, "parent")) {
		snprintf(line + n, sizeof(line) - n,
			 "; then the parent takes over %.20s, when it looks next",
			 js_str(step, "parent"));
	}
	text_wrap(t, INDENT, "who    ", TINT_NONE, line);
}

static void
show_changes(const struct text *t, const json_t *step)
{
	const json_t *c;
	char at[1024], line[2048];
	JS_EACH(json_object_get(step, "changes"), c)
	{
		words_join(json_object_get(c, "at"), "", ", ", at, sizeof(at));
		snprintf(
		    line, sizeof(line), "%.300s%s%.300s%s%s",
		    t->verbose && js_has(c, "record") ? js_str(c, "record") : js_str(c, "text"),
		    js_has(c, "of") ? " of " : "", js_str(c, "of"), *at != '\0' ? " at " : "", at);
		text_wrap(t, INDENT + 5, js_true(c, "add") ? "+ " : "- ", TINT_NONE, line);
	}
	if (js_num(step, "unlisted") != 0) {
		text_line(t, TINT_NONE, "%*sand %" PRIu64 " more", INDENT + 7, "",
			  js_num(step, "unlisted"));
	}
}

static void
show_holds(const struct text *t, const json_t *step)
{
	const json_t *h;
	char span[TEXT_TIME], from[TEXT_TIME], until[TEXT_TIME], line[1024];
	JS_EACH(json_object_get(step, "holds"), h)
	{
		snprintf(line, sizeof(line), "%.60s %s from %s until %s, for TTL %" PRIu64,
			 js_str(h, "name"), text_span(js_num(h, "length"), span),
			 text_clock(t, js_num(h, "from"), from),
			 text_clock(t, js_num(h, "until"), until), js_num(h, "ttl"));
		size_t n = strlen(line);
		if (js_has(h, "place")) {
			snprintf(line + n, sizeof(line) - n, " at %.200s%s%.300s%s",
				 js_str(h, "place"), js_has(h, "provider") ? " (" : "",
				 js_str(h, "provider"), js_has(h, "provider") ? ")" : "");
		}
		text_wrap(t, INDENT, "hold   ", TINT_WAIT, line);
	}
}

/* What no hold says. */
static void
show_work(const struct text *t, const json_t *step)
{
	char span[TEXT_TIME], line[200];
	int n;

	if (js_num(step, "work") == 0) {
		return;
	}
	n = snprintf(line, sizeof(line), "about %s, by the configured times",
		     text_span(js_num(step, "work"), span));
	if (js_has(step, "parent")) {
		snprintf(line + n, sizeof(line) - (size_t)n,
			 "; and unknown: until the parent looks for %.20s", js_str(step, "parent"));
	} else if (js_true(step, "owner")) {
		snprintf(line + n, sizeof(line) - (size_t)n,
			 "; and unknown: until the owner has changed NS");
	}
	text_wrap(t, INDENT, "takes  ", TINT_NONE, line);
}

static void
show_step(const struct text *t, const json_t *step)
{
	const char *state = js_str(step, "state");
	bool done = strcmp(state, "done") == 0, now = strcmp(state, "now") == 0;
	const json_t *check;
	text_line(t,
		  done  ? TINT_GOOD
		  : now ? TINT_WAIT
			: TINT_HEAD,
		  "%c %" PRIu64 "  %s",
		  done  ? '+'
		  : now ? '>'
			: ' ',
		  js_num(step, "step"), js_str(step, "name"));
	if (done || strcmp(js_str(step, "name"), "stop") == 0) {
		return;
	}
	JS_EACH(json_object_get(step, "guard"), check)
	{
		show_check(t, check);
	}
	show_who(t, step);
	show_list(t, json_object_get(step, "effect"), "does");
	show_list(t, json_object_get(step, "keys"), "keys");
	show_changes(t, step);
	show_list(t, json_object_get(step, "done"), "until");
	show_holds(t, step);
	show_work(t, step);
	if (js_has(step, "why")) {
		text_wrap(t, INDENT, "why    ", TINT_DIM, js_str(step, "why"));
	}
}

static void
show_times(const struct text *t, const json_t *plan)
{
	char span[TEXT_TIME], from[TEXT_TIME], until[TEXT_TIME];
	uint64_t begin = js_num(plan, "begin"), end = js_num(plan, "end");
	uint64_t scans = js_num(plan, "scans");
	text_field(t, "Best case", TINT_HEAD, "%s, from %s until %s: the holds alone",
		   text_span(end > begin ? end - begin : 0, span), text_clock(t, begin, from),
		   text_both(t, end, until));
	if (js_num(plan, "work") != 0) {
		text_field(t, "", TINT_NONE,
			   "and about %s until all have agreed on each step, published and seen it",
			   text_span(js_num(plan, "work"), span));
	}
	if (scans > 0) {
		text_field(
		    t, "", TINT_NONE,
		    "and the parent has to look %s in between: when it does, is not known here",
		    scans == 1   ? "once"
		    : scans == 2 ? "twice"
				 : "several times");
	}
}

void
render_plan(const struct text *t, const json_t *a)
{
	const json_t *plan = json_object_get(a, "plan"), *item;
	const json_t *zone = json_object_get(a, "zone");
	char algorithm[40] = "";
	const char *verdict = js_str(plan, "verdict");
	bool bad = strcmp(verdict, "fail") == 0, warn = strcmp(verdict, "warn") == 0;
	if (js_num(plan, "algorithm") != 0) {
		snprintf(algorithm, sizeof(algorithm), " to algorithm %" PRIu64,
			 js_num(plan, "algorithm"));
	}
	text_field(t, "Zone", TINT_HEAD, "%s", js_str(zone, "zone"));
	text_field(t, "Plan", TINT_NONE, "%s%s, subject %s, asked for by %s",
		   js_str(plan, "process"), algorithm, js_str(plan, "subject"),
		   js_has(plan, "requestor") ? js_str(plan, "requestor") : "nobody as yet");
	text_field(t, "Now",
		   bad    ? TINT_BAD
		   : warn ? TINT_WAIT
			  : TINT_GOOD,
		   "%s%s", js_true(plan, "running") ? "it runs; " : "",
		   bad    ? "somebody has to act first: FAIL"
		   : warn ? "not everything is there yet: WARN"
			  : "nothing stands in its way");
	JS_EACH(json_object_get(plan, "start"), item)
	{
		show_check(t, item);
	}
	JS_EACH(json_object_get(plan, "steps"), item)
	{
		show_step(t, item);
	}
	show_times(t, plan);
	JS_EACH(json_object_get(plan, "advice"), item)
	{
		const char *s = json_string_value(item);
		text_field(t, "Advice", TINT_WAIT, "%s", s != NULL ? s : "");
	}
}

void
render_force(const struct text *t, const char *provider)
{
	text_put(t, TINT_BAD, "This takes ");
	text_put(t, TINT_BAD, provider);
	text_line(t, TINT_BAD, " out, whatever HSYNC says.");
	text_wrap(
	    t, 2, "- ", TINT_NONE,
	    "Every remaining provider's operator has to say the same: until all have, nothing "
	    "is removed.");
	text_wrap(t, 2, "- ", TINT_NONE,
		  "As long as caches send resolvers to its servers, what these serve has to stay "
		  "valid, and nobody here can see to that.");
	text_wrap(t, 2, "- ", TINT_NONE,
		  "If its servers go on serving, they have to stop, or to drop themselves from NS, "
		  "before its DS and keys go; the process waits for that.");
	text_wrap(t, 2, "- ", TINT_NONE,
		  "It cannot come back before you say --undo, and then it joins anew.");
}
