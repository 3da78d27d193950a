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
	char when[TEXT_TIME];
	if (!json_is_object(p)) {
		text_field(t, "Process", TINT_NONE, "none");
		return;
	}
	text_field(t, "Process", TINT_NONE, "%s %s   number %" PRIu64 "   started %s",
		   js_str(p, "name"), js_str(p, "subject"), js_num(p, "epoch"),
		   text_both(t, js_num(p, "started"), when));
	text_field(t, "Step", TINT_WAIT, "%" PRIu64 " of %" PRIu64 ", %s%s%s",
		   js_num(p, "number") + 1, js_num(p, "steps"), js_str(p, "step"),
		   js_has(p, "phase") ? ", " : "", js_str(p, "phase"));
}

static void
show_did(const struct text *t, const json_t *list)
{
	const json_t *did;
	char when[TEXT_TIME];
	bool first = true;
	JS_EACH(list, did)
	{
		uint64_t at = js_num(did, "time");
		text_field(t, first ? "Did" : "", TINT_NONE, "%s%s%s",
			   at != 0 ? text_clock(t, at, when) : "", at != 0 ? " " : "",
			   json_is_string(did) ? json_string_value(did) : js_str(did, "text"));
		first = false;
	}
}

static void
show_waiting(const struct text *t, const json_t *answer)
{
	const json_t *reason;
	char line[1024], when[TEXT_TIME];
	bool first = true, you = false;
	JS_EACH(json_object_get(answer, "reasons"), reason)
	{
		words_reason(reason, line, sizeof(line));
		text_field(t, first ? "Waiting for" : "", words_you(reason) ? TINT_BAD : TINT_NONE,
			   "%s: %s", words_who(reason), line);
		if (js_num(reason, "next") != 0) {
			text_field(t, "", TINT_NONE, "%s %s",
				   strcmp(js_str(reason, "class"), "until") == 0 ? "until"
										 : "next look",
				   text_both(t, js_num(reason, "next"), when));
		}
		if (js_has(reason, "todo")) {
			text_field(t, "", TINT_BAD, "%s", js_str(reason, "todo"));
		}
		you = you || words_you(reason);
		first = false;
	}
	if (!you) {
		text_field(t, first ? "Waiting for" : "", TINT_NONE, "%snothing for you to do",
			   first ? "nobody; " : "");
	}
}

void
render_tracking(const struct text *t, const json_t *a)
{
	char list[1024];
	text_field(t, "Zone", TINT_HEAD, "%s", js_str(a, "zone"));
	if (js_num(a, "serial-in") != 0 || js_num(a, "serial-out") != 0) {
		text_field(t, "Serials", TINT_NONE, "owner %" PRIu64 ", signer %" PRIu64,
			   js_num(a, "serial-in"), js_num(a, "serial-out"));
	}
	text_field(t, "State", words_tint(js_str(a, "state")), "%s%s", js_str(a, "state"),
		   js_true(a, "paused") ? ", paused by the operator" : "");
	words_join(json_object_get(a, "signers"), "identity", ", ", list, sizeof(list));
	text_field(t, "Signers", TINT_NONE, "%s", list);
	show_process(t, json_object_get(a, "process"));
	show_did(t, json_object_get(a, "did"));
	if (js_has(a, "doing")) {
		text_field(t, "Doing", TINT_NONE, "%s", js_str(a, "doing"));
	}
	if (js_has(a, "will")) {
		text_field(t, "Will", TINT_NONE, "%s", js_str(a, "will"));
	}
	if (js_has(a, "why-so-long")) {
		text_field(t, "Why so long", TINT_NONE, "%s", js_str(a, "why-so-long"));
	}
	show_waiting(t, a);
	if (js_has(a, "if-it-stops")) {
		text_field(t, "If it stops now", TINT_NONE, "%s", js_str(a, "if-it-stops"));
	}
	if (js_has(a, "checked")) {
		text_field(t, "Checked", TINT_NONE, "%s", js_str(a, "checked"));
	}
	render_warnings(t, a);
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
	text_put(t, TINT_HEAD, js_str(a, "zone"));
	text_put(t, TINT_NONE, " ");
	text_put(t, words_tint(js_str(a, "state")), js_str(a, "state"));
	const json_t *p = json_object_get(a, "process");
	if (json_is_object(p)) {
		text_printf(t, TINT_NONE, ", %s %s, %s", js_str(p, "name"), js_str(p, "subject"),
			    js_str(p, "step"));
	}
	fputc('\n', t->out);
	if (json_array_size(reasons) == 0) {
		text_put(t, TINT_NONE, "It waits for nothing.");
		fputc('\n', t->out);
	}
	JS_EACH(reasons, reason)
	{
		show_evidence(t, reason);
	}
	render_warnings(t, a);
}

/* ---- keys --------------------------------------------------------------------------------------
 */

/* msa.p1.example. -> p1: enough to head a column, if it is different for all. */
static void
short_name(const json_t *providers, const char *identity, char *buf, size_t len)
{
	const char *first = strchr(identity, '.');
	const char *second = first != NULL ? first + 1 : identity;
	snprintf(buf, len, "%.*s", (int)strcspn(second, "."), second);
	const json_t *p;
	unsigned same = 0;
	JS_EACH(providers, p)
	{
		const char *other = json_string_value(p);
		const char *dot = other != NULL ? strchr(other, '.') : NULL;
		const char *label = dot != NULL ? dot + 1 : other;
		same += label != NULL && strncmp(label, buf, strlen(buf)) == 0 &&
			strcspn(label, ".") == strlen(buf);
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
	       : strcmp(word, "?") == 0       ? TINT_WAIT
					      : TINT_NONE;
}

static void
key_row(struct table *table, const struct text *t, const json_t *providers, const json_t *key)
{
	char name[256], when[TEXT_TIME];
	const json_t *p, *at = json_object_get(key, "at");
	table_cellf(table, t, TINT_NONE, "%05" PRIu64 "/%.8s", js_num(key, "tag"),
		    js_str(key, "sha256"));
	table_cell(table, t, TINT_NONE, js_str(key, "role"));
	short_name(providers, js_str(key, "of"), name, sizeof(name));
	table_cell(table, t, TINT_NONE, name);
	table_cellf(table, t, TINT_NONE, "%" PRIu64, js_num(key, "algorithm"));
	JS_EACH(providers, p)
	{
		const char *word =
		    js_str(at, json_string_value(p) != NULL ? json_string_value(p) : "");
		table_cell(table, t, cell_tint(word),
			   strcmp(word, "missing") == 0 ? "MISSING"
			   : *word != '\0'              ? word
							: "?");
	}
	table_cell(table, t, TINT_NONE, js_has(key, "ds") ? js_str(key, "ds") : "-");
	table_cell(table, t, TINT_NONE,
		   js_num(key, "since") != 0 ? text_clock(t, js_num(key, "since"), when) : "");
}

void
render_keys(const struct text *t, const json_t *a)
{
	static const char *const before[] = {"KEY", "ROLE", "OF", "ALG"};
	const json_t *providers = json_object_get(a, "providers"), *p, *key, *server;
	char name[256];
	struct table *table = table_new((unsigned)(4 + json_array_size(providers) + 2));
	for (size_t i = 0; i < 4; i++) {
		table_cell(table, t, TINT_HEAD, before[i]);
	}
	JS_EACH(providers, p)
	{
		short_name(providers, json_string_value(p) != NULL ? json_string_value(p) : "",
			   name, sizeof(name));
		table_cellf(table, t, TINT_HEAD, "AT %s", name);
	}
	table_cell(table, t, TINT_HEAD, "DS");
	table_cell(table, t, TINT_HEAD, "SINCE");
	JS_EACH(json_object_get(a, "keys"), key)
	{
		key_row(table, t, providers, key);
	}
	table_print(table, t, "");
	table_free(table);
	if (t->verbose) {
		fputc('\n', t->out);
		text_wrap(
		    t, 0, "", TINT_DIM,
		    "KEY is tag/first octets of SHA-256 over the DNSKEY's data: a tag alone is not "
		    "unique. sign: published and seen signing. pub: published. part: by some "
		    "servers. "
		    "MISSING: expected and absent. ?: not known now. DS: at the parent.");
	}
	JS_EACH(json_object_get(a, "servers"), server)
	{
		char line[512];
		snprintf(line, sizeof(line), "%s (%s): %s", js_str(server, "server"),
			 js_str(server, "provider"), js_str(server, "text"));
		if (!js_true(server, "ok")) {
			text_wrap(t, 0, "! ", TINT_BAD, line);
		} else if (t->verbose) {
			text_wrap(t, 0, "  ", TINT_DIM, line);
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
	struct text whole = *t;
	whole.columns = 0; /* a journal is not cut */
	table_print(table, &whole, "");
	table_free(table);
}

void
render_done(const struct text *t, const json_t *a)
{
	text_put(t, TINT_NONE, js_has(a, "text") ? js_str(a, "text") : "done");
	fputc('\n', t->out);
}

void
render_identity_check(const struct text *t, const json_t *a)
{
	const json_t *c;
	JS_EACH(json_object_get(a, "checks"), c)
	{
		bool ok = js_true(c, "ok");
		text_put(t, ok ? TINT_GOOD : TINT_BAD, ok ? "PASS  " : "FAIL  ");
		text_put(t, TINT_NONE, js_str(c, "text"));
		fputc('\n', t->out);
		if (!ok && js_has(c, "todo")) {
			text_wrap(t, 6, "", TINT_NONE, js_str(c, "todo"));
		}
	}
}
