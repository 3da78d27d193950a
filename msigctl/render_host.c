/*
 * Answers about this host and its peers as text. See render.h.
 */
#include <inttypes.h>
#include <string.h>

#include "msigctl/client.h"
#include "msigctl/json.h"
#include "msigctl/render.h"
#include "msigctl/words.h"

static const char *
daemon_word(const json_t *answer, enum tint *tint)
{
	*tint = TINT_GOOD;
	if (js_true(answer, "ok")) {
		return "ok";
	}
	*tint = TINT_BAD;
	return js_num(answer, "code") == 3 ? "DOWN" : "ERROR";
}

static void
head_line(const struct text *t, const json_t *all)
{
	const char *identity = js_str(json_object_get(all, "agentd"), "identity");
	text_put(t, TINT_HEAD, *identity != '\0' ? identity : "msig");
	for (const char *const *d = client_daemons; *d != NULL; d++) {
		enum tint tint;
		const json_t *answer = json_object_get(all, *d);
		const char *word = daemon_word(answer, &tint);
		if (answer == NULL) {
			continue;
		}
		text_printf(t, TINT_NONE, "  %s ", *d);
		text_put(t, tint, word);
	}
	fputc('\n', t->out);
}

/* "agent.margin is below 1m: for a lab only", "agent.lab is on: ...": said by the line above. */
static bool
of_lab(const char *warning)
{
	return warning != NULL && (strstr(warning, ": for a lab only") != NULL ||
				   strncmp(warning, "agent.lab is on", 15) == 0);
}

/* Which times they are, in one paragraph. */
static void
show_lab(const struct text *t, const json_t *warnings)
{
	char line[1024] = "";
	size_t n = 0;
	const json_t *w;
	JS_EACH(warnings, w)
	{
		const char *s = json_string_value(w);
		const char *end = s != NULL ? strstr(s, ": for a lab only") : NULL;
		if (end != NULL && n < sizeof(line)) {
			n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%.*s",
					      n > 0 ? ", " : "", (int)(end - s), s);
		}
	}
	if (n > 0) {
		text_wrap(t, 2, "! ", TINT_BAD, line);
	}
}

void
render_warnings(const struct text *t, const json_t *answer)
{
	const json_t *w;
	const char *database = js_str(answer, "database");
	if (js_true(answer, "lab")) {
		text_wrap(t, 2, "! ", TINT_BAD, RENDER_LAB);
		show_lab(t, json_object_get(answer, "warnings"));
	}
	if (strcmp(database, "static") == 0) {
		text_wrap(t, 2, "! ", TINT_BAD,
			  "agentd cannot write its database: nothing is decided until it can");
	} else if (strcmp(database, "rebuild") == 0) {
		text_wrap(t, 2, "! ", TINT_BAD,
			  "agentd's database was lost or is older than the world: it publishes and "
			  "withdraws nothing until you confirm each zone with msigctl resume ZONE");
	}
	JS_EACH(json_object_get(answer, "warnings"), w)
	{
		if (js_true(answer, "lab") && of_lab(json_string_value(w))) {
			continue;
		}
		text_wrap(t, 2, "! ", TINT_BAD, json_string_value(w));
	}
}

static const json_t *
zone_reason(const json_t *zone)
{
	return json_object_get(zone, "reason");
}

static void
zone_row(struct table *table, const struct text *t, const json_t *zone)
{
	const json_t *process = json_object_get(zone, "process"), *reason = zone_reason(zone);
	char span[TEXT_TIME], subject[256];
	const char *state = js_str(zone, "state");
	bool you = words_you(reason), moving = json_is_object(process);
	table_cellf(table, t, you ? TINT_BAD : TINT_NONE, "%s %s",
		    you      ? "!"
		    : moving ? ">"
			     : " ",
		    js_str(zone, "zone"));
	table_cell(table, t, words_tint(state), state);
	if (moving) {
		words_short(js_str(process, "subject"), subject, sizeof(subject));
		table_cellf(table, t, TINT_NONE, "%s %s", js_str(process, "kind"), subject);
		table_cellf(table, t, TINT_NONE, "%" PRIu64 "/%" PRIu64 " %s",
			    js_num(process, "step") + 1, words_steps(process),
			    js_str(process, "step_name"));
	} else {
		bool bare = json_is_false(json_object_get(zone, "is_signed"));
		table_cell(table, t, TINT_NONE, bare ? "none: unsigned" : "-");
		table_cell(table, t, TINT_NONE, "");
	}
	uint64_t next = js_num(reason, "next");
	if (next > t->now) {
		table_cellf(table, t, TINT_NONE, "in %s", text_span(next - t->now, span));
	} else {
		table_cell(table, t, TINT_NONE, "");
	}
	const char *space = strchr(words_who(reason), ' ');
	const char *who = space != NULL ? space + 1 : words_who(reason);
	table_cell(table, t, you ? TINT_BAD : TINT_NONE, json_is_object(reason) ? who : "");
}

static void
zone_table(const struct text *t, const json_t *zones)
{
	static const char *const head[] = {"  ZONE", "STATE", "PROCESS", "STEP", "NEXT", "ACTS"};
	struct table *table = table_new(6);
	const json_t *zone;
	for (size_t i = 0; i < 6; i++) {
		table_cell(table, t, TINT_HEAD, head[i]);
	}
	JS_EACH(zones, zone)
	{
		zone_row(table, t, zone);
	}
	table_print(table, t, "");
	table_free(table);
}

static void
needs(const struct text *t, const json_t *zones)
{
	const json_t *zone, *reason;
	char line[1024];
	JS_EACH(zones, zone)
	{
		reason = zone_reason(zone);
		if (!words_you(reason)) {
			continue;
		}
		words_reason(reason, line, sizeof(line));
		fputc('\n', t->out);
		text_line(t, TINT_BAD, "%s: %s", js_str(zone, "zone"), line);
		if (js_has(reason, "todo")) {
			text_wrap(t, 2, "", TINT_NONE, js_str(reason, "todo"));
		}
	}
}

void
render_overview(const struct text *t, const json_t *all)
{
	const json_t *agent = json_object_get(all, "agentd"), *zone;
	const json_t *zones = json_object_get(agent, "zones"),
		     *peers = json_object_get(agent, "peers");
	unsigned sync = 0, moving = 0, you = 0;
	char at[TEXT_TIME];
	JS_EACH(zones, zone)
	{
		bool mine = words_you(zone_reason(zone));
		you += mine;
		sync += !mine && strcmp(js_str(zone, "state"), "in-sync") == 0;
		moving += !mine && json_is_object(json_object_get(zone, "process"));
	}
	head_line(t, all);
	for (const char *const *d = client_daemons; *d != NULL; d++) {
		const json_t *answer = json_object_get(all, *d);
		if (answer != NULL && !js_true(answer, "ok")) {
			text_wrap(t, 2, "! ", TINT_BAD, js_str(answer, "error"));
		}
		render_warnings(t, answer);
	}
	if (!js_true(agent, "ok")) {
		return;
	}
	text_printf(t, TINT_NONE,
		    "%s UTC  peers %" PRIu64 " of %" PRIu64
		    " operational  zones %u in sync, %u moving, ",
		    text_clock(t, t->now, at), js_num(peers, "operational"), js_num(peers, "total"),
		    sync, moving);
	text_line(t, you > 0 ? TINT_BAD : TINT_NONE, "%u %s you", you, you == 1 ? "needs" : "need");
	fputc('\n', t->out);
	zone_table(t, zones);
	needs(t, zones);
}

void
render_status(const struct text *t, const json_t *all)
{
	bool first = true;
	for (const char *const *d = client_daemons; *d != NULL; d++) {
		const json_t *a = json_object_get(all, *d);
		char when[TEXT_TIME];
		enum tint tint;
		if (a == NULL) {
			continue;
		}
		fputs(first ? "" : "\n", t->out);
		first = false;
		text_put(t, TINT_HEAD, *d);
		text_put(t, TINT_NONE, ": ");
		const char *word = daemon_word(a, &tint);
		text_put(t, tint, word);
		if (!js_true(a, "ok")) {
			text_line(t, TINT_NONE, ", %s", js_str(a, "error"));
			continue;
		}
		text_printf(t, TINT_NONE, "%s%s", js_has(a, "version") ? ", version " : "",
			    js_str(a, "version"));
		if (js_num(a, "pid") != 0) {
			text_printf(t, TINT_NONE, ", pid %" PRIu64, js_num(a, "pid"));
		}
		if (js_num(a, "started") != 0) {
			text_printf(t, TINT_NONE, ", since %s",
				    text_both(t, js_num(a, "started"), when));
		}
		fputc('\n', t->out);
		render_warnings(t, a);
	}
}

void
render_reload(const struct text *t, const json_t *all)
{
	for (const char *const *d = client_daemons; *d != NULL; d++) {
		const json_t *a = json_object_get(all, *d);
		bool ok = js_true(a, "ok");
		if (a == NULL) {
			continue;
		}
		text_printf(t, TINT_NONE, "%s: ", *d);
		text_put(t, ok ? TINT_GOOD : TINT_BAD, ok ? "reloaded" : js_str(a, "error"));
		fputc('\n', t->out);
	}
}

/* ---- peers -------------------------------------------------------------------------------------
 */

static void
peer_lists(const struct text *t, const json_t *p)
{
	const json_t *key, *zone;
	char list[1024] = "";
	size_t n = 0;
	words_join(json_object_get(p, "addresses"), "", ", ", list, sizeof(list));
	if (*list != '\0') {
		text_wrap(t, 2, "dns:   ", TINT_NONE, list);
	}
	*list = '\0';
	JS_EACH(json_object_get(p, "keys"), key)
	{
		n += (size_t)snprintf(list + n, sizeof(list) - n,
				      "%s%" PRIu64 " (algorithm %" PRIu64 ")", n > 0 ? ", " : "",
				      js_num(key, "tag"), js_num(key, "algorithm"));
		if (n >= sizeof(list)) {
			break;
		}
	}
	if (*list != '\0') {
		char line[sizeof(list) + 300];
		snprintf(line, sizeof(line), "%s of %.255s", list, js_str(p, "target"));
		text_wrap(t, 2, "keys:  ", TINT_NONE, line);
	}
	JS_EACH(json_object_get(p, "zones"), zone)
	{
		bool both = js_true(zone, "hello_sent") && js_true(zone, "hello_heard");
		const json_t *models = json_object_get(zone, "models");
		bool led = json_array_size(models) == 1 &&
			   strcmp(json_string_value(json_array_get(models, 0)), "leader") == 0;
		snprintf(list, sizeof(list), "%s%s", js_str(zone, "zone"),
			 both ? led ? ", with a leader (sync-model)" : ""
			 : js_true(zone, "hello_sent")
			     ? ": our HELLO was taken, its own has not come"
			 : js_true(zone, "hello_heard") ? ": its HELLO came, ours was not taken"
							: ": no HELLO yet");
		text_wrap(t, 2, "zone:  ", both ? TINT_NONE : TINT_WAIT, list);
		if (js_has(zone, "trouble")) {
			text_wrap(t, 9, "", TINT_BAD, js_str(zone, "trouble"));
		}
	}
}

static void
one_peer(const struct text *t, const json_t *p)
{
	char when[TEXT_TIME], span[TEXT_TIME];
	const char *state = js_str(p, "state");
	text_printf(t, TINT_HEAD, "peer: %s", js_str(p, "peer"));
	fputs("\n  state: ", t->out);
	text_put(t, words_tint(state), state);
	if (js_num(p, "since") != 0) {
		text_printf(t, TINT_NONE, " since %s", text_both(t, js_num(p, "since"), when));
	}
	fputc('\n', t->out);
	if (js_has(p, "trouble")) {
		text_wrap(t, 2, "why:   ", TINT_BAD, js_str(p, "trouble"));
	}
	peer_lists(t, p);
	if (js_num(p, "heard") != 0) {
		text_printf(t, TINT_NONE, "  heard: %s", text_both(t, js_num(p, "heard"), when));
		uint64_t interval = js_num(p, "interval");
		if (interval != 0 && interval < 1000) {
			text_printf(t, TINT_NONE, ", beats every %" PRIu64 " ms", interval);
		} else if (interval != 0) {
			text_printf(t, TINT_NONE, ", beats every %s", text_span(interval, span));
		}
		fputc('\n', t->out);
	}
	if (t->verbose && js_num(p, "fresh_until") != 0) {
		text_line(t, TINT_NONE, "  found by validated look-ups; asked again %s",
			  text_both(t, js_num(p, "fresh_until"), when));
	}
}

void
render_peers(const struct text *t, const json_t *answer)
{
	const json_t *peers = json_object_get(answer, "peers"), *peer;
	if (json_array_size(peers) == 0) {
		text_put(t, TINT_NONE, "no peers: no zone's HSYNC names another provider");
		fputc('\n', t->out);
		return;
	}
	JS_EACH(peers, peer)
	{
		fputs(peer_i > 0 ? "\n" : "", t->out);
		one_peer(t, peer);
	}
}
