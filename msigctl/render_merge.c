/*
 * combinerd's answer about one zone as text. See render.h.
 */
#include <inttypes.h>
#include <string.h>

#include "msigctl/json.h"
#include "msigctl/render.h"
#include "msigctl/words.h"

static void
show_in(const struct text *t, const json_t *in)
{
	const json_t *primary;
	char when[TEXT_TIME];
	uint64_t time = js_num(in, "time");
	text_field(t, "In", TINT_NONE, "serial %" PRIu64 "%s%s%s%s", js_num(in, "serial"),
		   js_has(in, "from") ? " from " : "", js_str(in, "from"),
		   time != 0 ? ", checked " : ", never transferred",
		   time != 0 ? text_both(t, time, when) : "");
	JS_EACH(json_object_get(in, "primaries"), primary)
	{
		bool ok = js_true(primary, "ok");
		text_field(t, "", ok ? TINT_NONE : TINT_BAD, "%s %s", js_str(primary, "address"),
			   ok ? "ok" : js_str(primary, "text"));
	}
}

static void
show_overlay(const struct text *t, const json_t *overlay)
{
	const json_t *part, *record;
	bool first = true;
	JS_EACH(overlay, part)
	{
		const json_t *records = json_object_get(part, "records");
		text_field(t, first ? "Overlay" : "", TINT_NONE, "%s +%zu from %s%s",
			   js_str(part, "type"), json_array_size(records), js_str(part, "origin"),
			   js_true(part, "applied") ? "" : ", not applied");
		first = false;
		if (!t->verbose) {
			continue;
		}
		JS_EACH(records, record)
		{
			text_field(t, "", TINT_DIM, "  %s", js_str(record, "text"));
		}
	}
	if (first) {
		text_field(t, "Overlay", TINT_NONE, "none");
	}
}

static void
show_apex(const struct text *t, const json_t *a)
{
	const json_t *set;
	char list[4096];
	bool first = true;
	JS_EACH(json_object_get(a, "dropped"), set)
	{
		text_field(t, first ? "Dropped" : "", TINT_WAIT, "%s of the owner's zone: %s",
			   js_str(set, "type"), js_str(set, "text"));
		first = false;
	}
	first = true;
	JS_EACH(json_object_get(a, "served"), set)
	{
		const json_t *records = json_object_get(set, "records");
		words_join(records, "text", ", ", list, sizeof(list));
		text_field(t, first ? "Apex" : "", TINT_NONE, "%s %zu, TTL %" PRIu64 "%s%s",
			   js_str(set, "type"), json_array_size(records), js_num(set, "ttl"),
			   t->verbose ? ": " : "", t->verbose ? list : "");
		first = false;
	}
}

void
render_merge(const struct text *t, const json_t *a)
{
	const json_t *out = json_object_get(a, "out");
	char when[TEXT_TIME];
	text_field(t, "Zone", TINT_HEAD, "%s", js_str(a, "zone"));
	text_field(t, "State", words_tint(js_str(a, "state")), "%s%s%s", js_str(a, "state"),
		   js_has(a, "reason") ? ": " : "", js_str(a, "reason"));
	show_in(t, json_object_get(a, "in"));
	text_field(t, "Out", TINT_NONE, "serial %" PRIu64 "%s%s%s%s%s%s", js_num(out, "serial"),
		   js_has(out, "to") ? " to " : "", js_str(out, "to"),
		   js_has(out, "notify") ? ": " : "", js_str(out, "notify"),
		   js_num(out, "seen") != 0 ? " " : "",
		   js_num(out, "seen") != 0 ? text_both(t, js_num(out, "seen"), when) : "");
	show_overlay(t, json_object_get(a, "overlay"));
	show_apex(t, a);
}

void
render_begun(const struct text *t, const json_t *a)
{
	text_line(t, TINT_NONE, "begun; msigctl merge shows how it went");
}
