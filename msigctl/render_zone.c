/*
 * Answers of agentd about one zone as text. See render.h.
 */
#include <inttypes.h>
#include <string.h>

#include "msigctl/json.h"
#include "msigctl/render.h"
#include "msigctl/words.h"

static void
show_process(const struct text *t, const json_t *p)
{
	char when[TEXT_TIME], step[256];
	const json_t *hold;
	if (!json_is_object(p)) {
		text_field(t, "Process", TINT_NONE, "none");
		return;
	}
	text_field(t, "Process", TINT_NONE, "%s %s   number %" PRIu64 "   started %s",
		   js_str(p, "kind"), js_str(p, "subject"), js_num(p, "epoch"),
		   text_both(t, js_num(p, "started"), when));
	words_step(p, step, sizeof(step));
	text_field(t, "Step", TINT_WAIT, "%s since %s", step,
		   text_both(t, js_num(p, "since"), when));
	JS_EACH(json_object_get(p, "holds"), hold)
	{
		text_field(t, "", TINT_NONE, "hold of %s until %s", js_str(hold, "name"),
			   text_both(t, js_num(hold, "until"), when));
	}
}

/* The daemon says the newest first. */
static void
show_did(const struct text *t, const json_t *list)
{
	char when[TEXT_TIME];
	bool first = true;
	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *did = json_array_get(list, i);
		text_field(t, first ? "Did" : "", TINT_NONE, "%s %s",
			   text_clock(t, js_num(did, "time"), when), js_str(did, "text"));
		first = false;
	}
}

static void
show_reason(const struct text *t, const char *label, const json_t *reason)
{
	char line[1024], when[TEXT_TIME];
	words_reason(reason, line, sizeof(line));
	text_field(t, label, words_you(reason) ? TINT_BAD : TINT_NONE, "%s: %s", words_who(reason),
		   line);
	if (js_num(reason, "next") != 0) {
		text_field(t, "", TINT_NONE, "%s %s",
			   strcmp(js_str(reason, "class"), "until") == 0 ? "until" : "next look",
			   text_both(t, js_num(reason, "next"), when));
	}
	if (js_has(reason, "todo")) {
		text_field(t, "", TINT_BAD, "%s", js_str(reason, "todo"));
	}
}

static void
show_waiting(const struct text *t, const json_t *answer)
{
	const json_t *reason;
	bool first = true, you = false;
	JS_EACH(json_object_get(answer, "reasons"), reason)
	{
		show_reason(t, first ? "Waiting for" : "", reason);
		you = you || words_you(reason) || js_has(reason, "todo");
		first = false;
	}
	if (!you) {
		text_field(t, first ? "Waiting for" : "", TINT_NONE, "%snothing for you to do",
			   first ? "nobody; " : "");
	}
}

static void
show_places(const struct text *t, const json_t *places)
{
	const json_t *place;
	char when[TEXT_TIME];
	uint64_t oldest = 0;
	unsigned bad = 0;
	JS_EACH(places, place)
	{
		uint64_t asked = js_num(place, "asked");
		bad += js_has(place, "trouble");
		oldest = oldest == 0 || (asked != 0 && asked < oldest) ? asked : oldest;
	}
	if (json_array_size(places) == 0) {
		return;
	}
	text_field(t, "Checked", bad > 0 ? TINT_WAIT : TINT_NONE,
		   "%zu servers, the longest ago %s, %u in trouble", json_array_size(places),
		   oldest != 0 ? text_both(t, oldest, when) : "never", bad);
	JS_EACH(places, place)
	{
		bool bad_one = js_has(place, "trouble");
		if (!bad_one && !t->verbose) {
			continue;
		}
		bool server = strcmp(js_str(place, "kind"), "server") == 0;
		uint64_t asked = js_num(place, "asked");
		text_field(t, "", bad_one ? TINT_WAIT : TINT_DIM, "%s (%s): %s",
			   js_str(place, "server"),
			   server ? js_str(place, "provider") : js_str(place, "kind"),
			   bad_one      ? js_str(place, "trouble")
			   : asked != 0 ? text_both(t, asked, when)
					: "never asked");
	}
}

static bool
is_unsigned(const json_t *z)
{
	return json_is_false(json_object_get(z, "is_signed"));
}

/* Who is in with less or more than a signer: servers alone, what an interrupted join left, and whom
 * our operator took out. */
static void
show_providers(const struct text *t, const json_t *z)
{
	const json_t *p;
	char has[64];
	if (js_has(z, "ns")) {
		bool owner = strcmp(js_str(z, "ns"), "OWNER") == 0;
		text_field(t, "NS", TINT_NONE, "%s",
			   owner ? "the owner's (OWNER)" : "of all providers (AGENT)");
	}
	JS_EACH(json_object_get(z, "providers"), p)
	{
		words_join(json_object_get(p, "has"), "", ", ", has, sizeof(has));
		if (!js_true(p, "member") && *has != '\0') {
			text_field(t, is_unsigned(z) ? "Named" : "Partly in",
				   is_unsigned(z) ? TINT_NONE : TINT_WAIT, "%s: %s",
				   js_str(p, "provider"), has);
		}
		if (js_true(p, "expelled")) {
			text_field(t, "Taken out", TINT_BAD, "%s, by the operator here",
				   js_str(p, "provider"));
		}
	}
}

/* Nothing where all are peers: that is the default. */
static void
show_leader(const struct text *t, const json_t *z)
{
	const json_t *sync = json_object_get(z, "sync");
	const char *model = js_str(sync, "model");
	char when[TEXT_TIME];
	if (strcmp(model, "leader") != 0) {
		if (strcmp(model, "none") == 0 || strcmp(model, "unknown") == 0) {
			text_field(t, "Model", TINT_BAD,
				   strcmp(model, "none") == 0
				       ? "none that all providers can (sync-model)"
				       : "not known yet of all providers");
		}
		return;
	}
	if (js_has(sync, "leader")) {
		text_field(t, "Leader", TINT_NONE, "%s, term %" PRIu64 ", until %s",
			   js_str(sync, "leader"), js_num(sync, "term"),
			   text_both(t, js_num(sync, "lease"), when));
	} else {
		text_field(
		    t, "Leader", TINT_WAIT, "none; term %" PRIu64 ", %s", js_num(sync, "term"),
		    strcmp(js_str(sync, "election"), "none") == 0 ? "nobody votes"
								  : js_str(sync, "election"));
	}
}

static void
show_operator(const struct text *t, const json_t *z)
{
	const json_t *order, *approval = json_object_get(z, "approval");
	char list[300], to[40];
	JS_EACH(json_object_get(z, "orders"), order)
	{
		*to = '\0';
		if (js_num(order, "algorithm") != 0) {
			snprintf(to, sizeof(to), " to %" PRIu64, js_num(order, "algorithm"));
		}
		text_field(t, "Ordered", TINT_NONE, "%s%s, %s", js_str(order, "process"), to,
			   js_str(order, "state"));
	}
	if (strcmp(js_str(z, "share"), "zsk") == 0) {
		text_field(t, "Shared", TINT_NONE, "the ZSKs of all, no KSK (dnskey-share: zsk)");
	}
	words_join(json_object_get(z, "step_mode"), "", ", ", list, sizeof(list));
	if (*list != '\0') {
		text_field(t, "Step mode", TINT_NONE, "%s",
			   json_array_size(json_object_get(z, "step_mode")) == 7 ? "all processes"
										 : list);
	}
	if (json_is_object(approval)) {
		text_field(t, "Approve", TINT_BAD, "%s %s, step %s: msigctl approve %s",
			   js_str(approval, "process"), js_str(approval, "subject"),
			   js_str(approval, "step"), js_str(z, "zone"));
	}
}

static void
show_zone(const struct text *t, const json_t *z)
{
	const json_t *serial = json_object_get(z, "serial");
	char list[1024];
	text_field(t, "Zone", TINT_HEAD, "%s", js_str(z, "zone"));
	text_field(t, "State", words_tint(js_str(z, "state")), "%s%s", js_str(z, "state"),
		   js_true(z, "paused") ? ", paused by the operator" : "");
	text_field(t, "Serials", TINT_NONE,
		   "owner %" PRIu64 ", merged %" PRIu64 ", signed %" PRIu64
		   "; merge %s; content %s",
		   js_num(serial, "owner"), js_num(serial, "out"), js_num(serial, "signed"),
		   js_str(z, "merge"), js_str(z, "digest"));
	words_join(json_object_get(z, "difference"), "", "; ", list, sizeof(list));
	if (*list != '\0') {
		text_field(t, "Differs", TINT_BAD, "%s", list);
	}
	words_join(json_object_get(z, "signers"), "", ", ", list, sizeof(list));
	text_field(t, "Signers", TINT_NONE, "%s",
		   is_unsigned(z)  ? "none: the zone is unsigned"
		   : *list != '\0' ? list
				   : "none");
	words_join(json_object_get(z, "joining"), "", ", ", list, sizeof(list));
	if (*list != '\0') {
		text_field(t, "Joining", TINT_WAIT, "%s", list);
	}
	words_join(json_object_get(z, "leaving"), "", ", ", list, sizeof(list));
	if (*list != '\0') {
		text_field(t, "Leaving", TINT_WAIT, "%s", list);
	}
	show_providers(t, z);
	if (!is_unsigned(z)) {
		show_leader(t, z);
	}
	show_operator(t, z);
	if (js_has(z, "freeze")) {
		text_field(t, "HSYNC", TINT_BAD, "not followed: %s", js_str(z, "freeze"));
	}
	if (js_has(z, "trouble")) {
		text_field(t, "Trouble", TINT_BAD, "%s", js_str(z, "trouble"));
	}
}

void
render_tracking(const struct text *t, const json_t *a)
{
	const json_t *zone = json_object_get(a, "zone");
	show_zone(t, zone);
	show_process(t, json_object_get(zone, "process"));
	show_did(t, json_object_get(a, "did"));
	const json_t *first = json_array_get(json_object_get(a, "reasons"), 0);
	if (js_has(a, "doing") && strcmp(js_str(a, "doing"), js_str(first, "text")) != 0) {
		text_field(t, "Doing", TINT_NONE, "%s", js_str(a, "doing"));
	}
	if (js_has(a, "will")) {
		text_field(t, "Will", TINT_NONE, "%s", js_str(a, "will"));
	}
	show_waiting(t, a);
	show_places(t, json_object_get(a, "places"));
}

static void
show_evidence(const struct text *t, const json_t *reason)
{
	char when[TEXT_TIME], span[TEXT_TIME];
	const char *class = js_str(reason, "class");
	text_field(t, "Waits for", words_you(reason) ? TINT_BAD : TINT_WAIT, "%s: %s",
		   words_who(reason), js_str(reason, "object"));
	if (js_has(reason, "place")) {
		text_field(t, "  at", TINT_NONE, "%s", js_str(reason, "place"));
	}
	if (js_has(reason, "expected")) {
		text_field(t, "  expected", TINT_NONE, "%s", js_str(reason, "expected"));
	}
	if (js_has(reason, "seen")) {
		text_field(t, "  seen", TINT_NONE, "%s", js_str(reason, "seen"));
	}
	uint64_t since = js_num(reason, "since"), next = js_num(reason, "next");
	if (since != 0) {
		text_field(t, "  since", TINT_NONE, "%s, for %s", text_clock(t, since, when),
			   text_span(t->now > since ? t->now - since : 0, span));
	}
	if (next != 0) {
		text_field(t, strcmp(class, "until") == 0 ? "  until" : "  next look", TINT_NONE,
			   "%s", text_both(t, next, when));
	}
	text_field(t, "  to do", words_you(reason) ? TINT_BAD : TINT_NONE, "%s",
		   js_has(reason, "todo") ? js_str(reason, "todo")
		   : words_you(reason)    ? "look at the journal"
					  : "nothing, it goes on by itself");
}

void
render_why(const struct text *t, const json_t *a)
{
	const json_t *reasons = json_object_get(a, "reasons"), *reason;
	const json_t *zone = json_object_get(a, "zone"), *p = json_object_get(zone, "process");
	char step[256];
	text_put(t, TINT_HEAD, js_str(zone, "zone"));
	fputc(' ', t->out);
	text_put(t, words_tint(js_str(zone, "state")), js_str(zone, "state"));
	if (json_is_object(p)) {
		words_step(p, step, sizeof(step));
		text_printf(t, TINT_NONE, ", %s %s, step %s", js_str(p, "kind"),
			    js_str(p, "subject"), step);
	}
	const json_t *sync = json_object_get(zone, "sync");
	if (js_has(sync, "leader")) {
		text_printf(t, TINT_NONE, ", led by %s", js_str(sync, "leader"));
	}
	fputc('\n', t->out);
	if (js_has(zone, "freeze")) {
		text_field(t, "HSYNC", TINT_BAD, "not followed: %s", js_str(zone, "freeze"));
	}
	if (js_has(zone, "trouble")) {
		text_field(t, "Trouble", TINT_BAD, "%s", js_str(zone, "trouble"));
	}
	if (json_array_size(reasons) == 0) {
		text_put(t, TINT_NONE, "It waits for nothing.");
		fputc('\n', t->out);
	}
	JS_EACH(reasons, reason)
	{
		show_evidence(t, reason);
	}
}

/* ---- keys --------------------------------------------------------------------------------------
 */

/* msa.p1.example. -> p1: enough to head a column, if it is different for all. */
static void
short_name(const json_t *providers, const char *identity, char *buf, size_t len)
{
	words_short(identity, buf, len);
	const json_t *p;
	unsigned same = 0;
	JS_EACH(providers, p)
	{
		char other[256];
		words_short(json_string_value(p) != NULL ? json_string_value(p) : "", other,
			    sizeof(other));
		same += strcmp(other, buf) == 0;
	}
	if (same > 1 || *buf == '\0') {
		snprintf(buf, len, "%s", identity);
	}
}

static enum tint
cell_tint(const char *word)
{
	return strcmp(word, "sign") == 0      ? TINT_GOOD
	       : strcmp(word, "missing") == 0 ? TINT_BAD
	       : strcmp(word, "unknown") == 0 ? TINT_WAIT
					      : TINT_NONE;
}

static void
key_row(struct table *table, const struct text *t, const json_t *providers, const json_t *key,
	bool states)
{
	char name[256], when[TEXT_TIME];
	const json_t *p, *at = json_object_get(key, "at");
	table_cellf(table, t, TINT_NONE, "%05" PRIu64 "/%.8s", js_num(key, "tag"),
		    js_str(key, "digest"));
	table_cell(table, t, TINT_NONE, js_str(key, "role"));
	short_name(providers, js_str(key, "owner"), name, sizeof(name));
	table_cell(table, t, TINT_NONE, name);
	table_cellf(table, t, TINT_NONE, "%" PRIu64, js_num(key, "algorithm"));
	JS_EACH(providers, p)
	{
		const char *word =
		    js_str(at, json_string_value(p) != NULL ? json_string_value(p) : "");
		table_cell(table, t, cell_tint(word),
			   strcmp(word, "missing") == 0 ? "MISSING"
			   : strcmp(word, "none") == 0  ? "-"
			   : *word != '\0'              ? word
							: "?");
	}
	if (states) {
		table_cellf(table, t, js_has(key, "rolls") ? TINT_WAIT : TINT_NONE, "%s%s%s",
			    js_str(key, "state"), js_has(key, "rolls") ? ", " : "",
			    js_str(key, "rolls"));
	}
	bool sep = strcmp(js_str(key, "role"), "ZSK") != 0;
	table_cell(table, t, TINT_NONE, sep && js_has(key, "ds") ? js_str(key, "ds") : "-");
	table_cell(table, t, TINT_NONE,
		   js_num(key, "since") != 0 ? text_clock(t, js_num(key, "since"), when) : "");
}

void
render_keys(const struct text *t, const json_t *a)
{
	static const char *const before[] = {"KEY", "ROLE", "OF", "ALG"};
	const json_t *providers = json_object_get(a, "providers"), *p, *key, *server;
	char name[256];
	bool states = strcmp(js_str(a, "store"), "known") == 0;
	struct table *table =
	    table_new((unsigned)(4 + json_array_size(providers) + (states ? 3 : 2)));
	for (size_t i = 0; i < 4; i++) {
		table_cell(table, t, TINT_HEAD, before[i]);
	}
	JS_EACH(providers, p)
	{
		short_name(providers, json_string_value(p) != NULL ? json_string_value(p) : "",
			   name, sizeof(name));
		table_cellf(table, t, TINT_HEAD, "AT %s", name);
	}
	if (states) {
		table_cell(table, t, TINT_HEAD, "STATE");
	}
	table_cell(table, t, TINT_HEAD, "DS");
	table_cell(table, t, TINT_HEAD, "SINCE");
	JS_EACH(json_object_get(a, "keys"), key)
	{
		key_row(table, t, providers, key, states);
	}
	if (table_rows(table) > 1) {
		table_print(table, t, "");
	} else {
		text_line(t, TINT_NONE, "no key has been seen yet");
	}
	table_free(table);
	if (t->verbose) {
		fputc('\n', t->out);
		text_wrap(
		    t, 0, "", TINT_DIM,
		    "KEY is tag/first octets of SHA-256 over the DNSKEY's data: a tag alone is not "
		    "unique. sign: published and seen signing. pub: published. MISSING: expected, "
		    "and absent at a server. -: not expected there (dnskey-share). unknown: "
		    "nobody knows now. STATE: in the own signer's key store; new, old: in the "
		    "roll-over that runs. DS: at the parent; some: at some of its servers; -: a "
		    "ZSK has none.");
	}
	JS_EACH(json_object_get(a, "servers"), server)
	{
		bool ok = js_true(server, "answered");
		if (ok && !t->verbose) {
			continue;
		}
		char line[512];
		snprintf(line, sizeof(line), "%s%s%s%s: %s", js_str(server, "server"),
			 js_has(server, "provider") ? " (" : "", js_str(server, "provider"),
			 js_has(server, "provider") ? ")" : "",
			 ok                         ? "answered"
			 : js_has(server, "reason") ? js_str(server, "reason")
						    : "no answer");
		text_wrap(t, 0, ok ? "  " : "! ", ok ? TINT_DIM : TINT_BAD, line);
	}
	if (js_has(a, "store_trouble")) {
		char line[512];
		snprintf(line, sizeof(line), "the own signer's key store: %.400s",
			 js_str(a, "store_trouble"));
		text_wrap(t, 0, "! ", TINT_BAD, line);
	}
	JS_EACH(json_object_get(a, "ds"), server)
	{
		if (!js_true(server, "known")) {
			char line[512];
			snprintf(line, sizeof(line),
				 "DS %" PRIu64 " %" PRIu64 " %" PRIu64
				 " %.100s at the parent: no key of a provider "
				 "has this digest",
				 js_num(server, "tag"), js_num(server, "algorithm"),
				 js_num(server, "digest_type"), js_str(server, "digest"));
			text_wrap(t, 0, "! ", TINT_BAD, line);
		}
	}
}

/* ---- journal, merge
 * ------------------------------------------------------------------------------ */

void
render_journal(const struct text *t, const json_t *a)
{
	struct table *table = table_new(4);
	const json_t *e;
	char when[TEXT_TIME];
	JS_EACH(json_object_get(a, "entries"), e)
	{
		table_cell(table, t, TINT_DIM, text_clock(t, js_num(e, "time"), when));
		table_cell(table, t, TINT_NONE, js_str(e, "kind"));
		table_cell(table, t, TINT_NONE, js_str(e, "actor"));
		table_cell(table, t, strcmp(js_str(e, "kind"), "alarm") == 0 ? TINT_BAD : TINT_NONE,
			   js_str(e, "text"));
	}
	if (table_rows(table) == 0) {
		text_line(t, TINT_NONE, "nothing yet");
	}
	struct text whole = *t;
	whole.columns = 0; /* a journal is not cut */
	table_print(table, &whole, "");
	table_free(table);
}

void
render_done(const struct text *t, const json_t *a)
{
	const json_t *zone = json_object_get(a, "zone");
	if (!json_is_object(zone)) {
		text_line(t, TINT_NONE, "done");
		return;
	}
	text_printf(t, TINT_NONE, "%s ", js_str(zone, "zone"));
	text_put(t, words_tint(js_str(zone, "state")), js_str(zone, "state"));
	bool said = strcmp(js_str(zone, "state"), "paused") == 0;
	text_line(t, TINT_NONE, "%s",
		  said                      ? ""
		  : js_true(zone, "paused") ? ", paused"
					    : ", not paused");
	show_operator(t, zone);
	const json_t *p;
	JS_EACH(json_object_get(zone, "providers"), p)
	{
		if (js_true(p, "expelled")) {
			text_field(t, "Taken out", TINT_BAD, "%s, by the operator here",
				   js_str(p, "provider"));
		}
	}
}

void
render_identity_check(const struct text *t, const json_t *a)
{
	const json_t *c;
	JS_EACH(json_object_get(a, "checks"), c)
	{
		const char *state = js_str(c, "state");
		if (strcmp(state, "pass") == 0) {
			text_put(t, TINT_GOOD, "PASS     ");
		} else if (strcmp(state, "fail") == 0) {
			text_put(t, TINT_BAD, "FAIL     ");
		} else {
			text_put(t, TINT_WAIT, "UNKNOWN  ");
		}
		text_printf(t, TINT_NONE, "%-5s ", js_str(c, "what"));
		text_put(t, TINT_NONE, js_str(c, "text"));
		fputc('\n', t->out);
	}
}

/* What agentd has seen in the signer's zone. */
void
render_hsync_zone(const struct text *t, const json_t *a)
{
	const json_t *r;
	char when[TEXT_TIME];
	text_field(t, "Zone", TINT_HEAD, "%s", js_str(a, "zone"));
	text_field(t, "HSYNC", TINT_NONE, "%s, serial %" PRIu64 ", seen %s", js_str(a, "status"),
		   js_num(a, "serial"),
		   js_num(a, "time") != 0 ? text_both(t, js_num(a, "time"), when) : "never");
	if (js_has(a, "error")) {
		text_field(t, "Wrong", TINT_BAD, "%s", js_str(a, "error"));
	}
	if (js_has(a, "freeze")) {
		text_field(t, "Not followed", TINT_BAD, "%s", js_str(a, "freeze"));
	}
	struct table *table = table_new(2);
	JS_EACH(json_object_get(a, "records"), r)
	{
		table_cellf(table, t, TINT_NONE, "%s %s %s %s", js_str(r, "state"),
			    js_str(r, "nsmgmt"), js_str(r, "sign"), js_str(r, "identity"));
		table_cellf(table, t, TINT_NONE, "%s%s",
			    js_true(r, "self") ? "(this provider) " : "",
			    js_true(r, "member") ? "member" : "not a member");
	}
	table_print(table, t, "  ");
	table_free(table);
}
