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
	text_field(t, "In", TINT_NONE, "serial %" PRIu64 "%s%s%s%s%s%s%s%s", js_num(in, "serial"),
		   js_num(in, "time") != 0 ? " at " : "",
		   js_num(in, "time") != 0 ? text_both(t, js_num(in, "time"), when) : "",
		   js_has(in, "from") ? " from " : "", js_str(in, "from"),
		   js_has(in, "key") ? ", TSIG " : "", js_str(in, "key"),
		   js_has(in, "kind") ? ", " : "", js_str(in, "kind"));
	JS_EACH(json_object_get(in, "primaries"), primary)
	{
		bool ok = js_true(primary, "ok");
		text_field(t, "", ok ? TINT_NONE : TINT_BAD, "%s %s%s%s",
			   js_str(primary, "address"), ok ? "ok" : js_str(primary, "text"),
			   !ok && js_num(primary, "since") != 0 ? " since " : "",
			   !ok && js_num(primary, "since") != 0
			       ? text_both(t, js_num(primary, "since"), when)
			       : "");
	}
}

void
render_merge(const struct text *t, const json_t *a)
{
	const json_t *in = json_object_get(a, "in"), *out = json_object_get(a, "out"), *apex,
		     *dropped;
	char when[TEXT_TIME], list[1024];
	text_field(t, "Zone", TINT_HEAD, "%s", js_str(a, "zone"));
	text_field(t, "State", words_tint(js_str(a, "state")), "%s%s%s", js_str(a, "state"),
		   js_has(a, "reason") ? ": " : "", js_str(a, "reason"));
	show_in(t, in);
	text_field(t, "Out", TINT_NONE, "serial %" PRIu64 "%s%s%s%s", js_num(out, "serial"),
		   js_has(out, "to") ? " to " : "", js_str(out, "to"),
		   js_has(out, "notify") ? ": " : "", js_str(out, "notify"));
	if (js_num(out, "seen") != 0) {
		text_field(t, "", TINT_NONE, "asked for by the signer %s",
			   text_both(t, js_num(out, "seen"), when));
	}
	bool first = true;
	JS_EACH(json_object_get(a, "overlay"), apex)
	{
		words_join(json_object_get(apex, "records"), "text", ", ", list, sizeof(list));
		text_field(t, first ? "Overlay" : "", TINT_NONE, "%s +%zu from %s%s%s",
			   js_str(apex, "type"), json_array_size(json_object_get(apex, "records")),
			   js_str(apex, "origin"), t->verbose ? ": " : "", t->verbose ? list : "");
		first = false;
	}
	if (first) {
		text_field(t, "Overlay", TINT_NONE, "none");
	}
	first = true;
	JS_EACH(json_object_get(a, "dropped"), dropped)
	{
		text_field(t, first ? "Dropped" : "", TINT_WAIT, "%s of the owner's zone: %s",
			   js_str(dropped, "type"), js_str(dropped, "text"));
		first = false;
	}
	render_warnings(t, a);
}
