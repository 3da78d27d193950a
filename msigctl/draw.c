/*
 * A process as text, dot and SVG. See draw.h.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libmsig/daemon/log.h"
#include "msigctl/draw.h"
#include "msigctl/json.h"
#include "msigctl/render.h"

enum place { PLACE_DONE, PLACE_NOW, PLACE_OPEN, PLACE_NONE };

/* Where the zone is, seen from a step; of a process that has ended, all is done. */
static enum place
place(const json_t *answer, const json_t *step)
{
	const json_t *now = json_object_get(answer, "now");
	uint64_t n = js_num(step, "step"), at = js_num(now, "step");
	if (!json_is_object(now)) {
		return PLACE_NONE;
	}
	if (!json_is_integer(json_object_get(now, "step"))) {
		return strcmp(js_str(now, "phase"), "completed") == 0 ? PLACE_DONE : PLACE_OPEN;
	}
	return n < at ? PLACE_DONE : n == at ? PLACE_NOW : PLACE_OPEN;
}

/* What is said of a step, in this order. */
static const struct {
	const char *key, *label;
} parts[] = {
    {"guard", "before"}, {"effect", "does"}, {"keys", "keys"},
    {"done", "until"},   {"holds", "hold"},  {"abort", "abort"},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* One line about the zone: "example.: msa.p3.example., executing since 13:13:21 (2m00s ago)". */
static void
situation(const struct text *t, const json_t *answer, char *buf, size_t len)
{
	const json_t *now = json_object_get(answer, "now");
	char when[TEXT_TIME];
	*buf = '\0';
	if (json_is_object(now)) {
		snprintf(buf, len, "%s: %s, %s%s since %s", js_str(answer, "zone"),
			 js_str(now, "subject"), js_str(now, "phase"),
			 js_true(now, "turned") ? ", turned round" : "",
			 text_both(t, js_num(now, "since"), when));
	}
}

/* ---- text -------------------------------------------------------------------------------------
 */

static void
text_step(const struct text *t, const json_t *answer, const json_t *step, bool last)
{
	static const char marks[] = {
	    [PLACE_DONE] = '+', [PLACE_NOW] = '>', [PLACE_OPEN] = ' ', [PLACE_NONE] = ' '};
	enum place at = place(answer, step);
	text_line(t,
		  at == PLACE_NOW    ? TINT_WAIT
		  : at == PLACE_DONE ? TINT_GOOD
				     : TINT_HEAD,
		  "%c %2" PRIu64 "  %s", marks[at], js_num(step, "step"), js_str(step, "name"));
	for (size_t i = 0; i < PARTS; i++) {
		const json_t *list = json_object_get(step, parts[i].key), *item;
		bool first = true;
		JS_EACH(list, item)
		{
			const char *s = json_string_value(item);
			char lead[16];
			snprintf(lead, sizeof(lead), "%-8s", first ? parts[i].label : "");
			text_wrap(t, 6, lead, TINT_NONE, s != NULL ? s : "");
			first = false;
		}
	}
	if (!last) {
		text_line(t, TINT_DIM, "    |");
		text_wrap(t, 4, js_has(step, "next") ? "v       " : "v", TINT_DIM,
			  js_str(step, "next"));
	}
}

void
draw_text(const struct text *t, const json_t *answer)
{
	const json_t *process = json_object_get(answer, "process"), *step;
	const json_t *steps = json_object_get(process, "steps");
	char line[512];
	text_line(t, TINT_HEAD, "%s (process %" PRIu64 ", priority %" PRIu64 ")",
		  js_str(process, "name"), js_num(process, "kind"), js_num(process, "priority"));
	situation(t, answer, line, sizeof(line));
	if (*line != '\0') {
		text_line(t, TINT_NONE, "%s", line);
	}
	text_line(t, TINT_NONE, "%s", "");
	size_t n = 0;
	JS_EACH(steps, step)
	{
		text_step(t, answer, step, ++n == json_array_size(steps));
	}
	if (json_is_object(json_object_get(answer, "now"))) {
		text_line(t, TINT_DIM, "%s", "");
		text_line(t, TINT_DIM, "+ done, > now");
	}
}

/* ---- quoted text -------------------------------------------------------------------------------
 */

/* Cleaned, then as it may stand between the quotes of dot, or in XML. */
static void
put_quoted(const struct text *t, bool xml, const char *src)
{
	char *clean = text_clean(t, src);
	for (const char *s = clean; *s != '\0'; s++) {
		if (xml && strchr("<>&\"'", *s) != NULL) {
			fprintf(t->out, "&#%d;", *s);
		} else if (!xml && (*s == '"' || *s == '\\')) {
			fprintf(t->out, "\\%c", *s);
		} else {
			fputc(*s, t->out);
		}
	}
	free(clean);
}

/* Fills of boxes: the colours say less than the words do. */
static const char *
fill(enum place at)
{
	static const char *const fills[] = {[PLACE_DONE] = "#d9ead3",
					    [PLACE_NOW] = "#fff2a8",
					    [PLACE_OPEN] = "#ffffff",
					    [PLACE_NONE] = "#eef3fa"};
	return fills[at];
}

/* ---- dot --------------------------------------------------------------------------------------
 */

static void
dot_list(const struct text *t, const json_t *step, const char *key, const char *label)
{
	const json_t *item;
	JS_EACH(json_object_get(step, key), item)
	{
		const char *s = json_string_value(item);
		put_quoted(t, false, label);
		put_quoted(t, false, s != NULL ? s : "");
		fputs("\\l", t->out);
	}
}

void
draw_dot(const struct text *t, const json_t *answer)
{
	const json_t *process = json_object_get(answer, "process"), *step, *warning;
	char line[512];
	fputs("digraph \"", t->out);
	put_quoted(t, false, js_str(process, "name"));
	fputs("\" {\n  node [shape=box, style=filled, fontname=monospace];\n"
	      "  edge [fontname=monospace];\n",
	      t->out);
	situation(t, answer, line, sizeof(line));
	fputs("  label=\"", t->out);
	put_quoted(t, false, js_str(process, "name"));
	fputs("\\n", t->out);
	put_quoted(t, false, line);
	if (js_true(answer, "lab")) {
		fputs("\\n" RENDER_LAB, t->out);
	}
	JS_EACH(json_object_get(answer, "warnings"), warning)
	{
		const char *s = json_string_value(warning);
		fputs("\\n", t->out);
		put_quoted(t, false, s != NULL ? s : "");
	}
	fputs("\";\n", t->out);
	uint64_t before = 0, n = 0;
	JS_EACH(json_object_get(process, "steps"), step)
	{
		enum place at = place(answer, step);
		fprintf(t->out, "  s%" PRIu64 " [fillcolor=\"%s\"%s, label=\"%" PRIu64 " ", n,
			fill(at), at == PLACE_NOW ? ", penwidth=3" : "", js_num(step, "step"));
		put_quoted(t, false, js_str(step, "name"));
		fputs("\\n", t->out);
		for (size_t i = 0; i < PARTS; i++) {
			char label[16];
			snprintf(label, sizeof(label), "%s: ", parts[i].label);
			dot_list(t, step, parts[i].key, label);
		}
		fputs("\"];\n", t->out);
		if (n > 0) {
			fprintf(t->out, "  s%" PRIu64 " -> s%" PRIu64 ";\n", before, n);
		}
		before = n++;
	}
	fputs("}\n", t->out);
}

/* ---- SVG --------------------------------------------------------------------------------------
 */

#define SVG_WIDTH 780
#define SVG_LEFT 20
#define SVG_LABEL 34
#define SVG_TEXT 100
#define SVG_LINE 16
#define SVG_CHARS 80 /* of 12 px monospace from SVG_TEXT to the right edge of the box */
#define SVG_GAP 40

struct svg {
	const struct text *t;
	int y;
	bool dry; /* only count */
};

static void
svg_text(struct svg *s, int x, const char *more, const char *text)
{
	if (!s->dry) {
		fprintf(s->t->out, "<text x=\"%d\" y=\"%d\"%s>", x, s->y, more);
		put_quoted(s->t, true, text);
		fputs("</text>\n", s->t->out);
	}
}

/* One item, wrapped at spaces. */
static void
svg_item(struct svg *s, int x, size_t chars, const char *more, const char *item)
{
	char *copy = xstrdup(item), *at = copy;
	while (strlen(at) > chars) {
		char *end = at + chars;
		while (end > at && *end != ' ') {
			end--;
		}
		if (end == at) {
			break; /* a word that is too long stays whole */
		}
		*end = '\0';
		svg_text(s, x, more, at);
		s->y += SVG_LINE;
		at = end + 1;
	}
	svg_text(s, x, more, at);
	s->y += SVG_LINE;
	free(copy);
}

static void
svg_parts(struct svg *s, const json_t *step)
{
	for (size_t i = 0; i < PARTS; i++) {
		const json_t *item;
		bool first = true;
		JS_EACH(json_object_get(step, parts[i].key), item)
		{
			const char *text = json_string_value(item);
			if (first) {
				svg_text(s, SVG_LABEL, " class=\"l\"", parts[i].label);
			}
			svg_item(s, SVG_TEXT, SVG_CHARS, "", text != NULL ? text : "");
			first = false;
		}
	}
}

static void
svg_step(struct svg *s, const json_t *answer, const json_t *step, bool last)
{
	enum place at = place(answer, step);
	FILE *out = s->t->out;
	struct svg count = {.t = s->t, .dry = true};
	char name[300];
	svg_parts(&count, step);
	int height = 30 + count.y;
	fprintf(out,
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"%s\" "
		"stroke=\"#444\" stroke-width=\"%d\"/>\n",
		SVG_LEFT, s->y, SVG_WIDTH - 2 * SVG_LEFT, height, fill(at),
		at == PLACE_NOW ? 3 : 1);
	int top = s->y;
	s->y = top + 20;
	snprintf(name, sizeof(name), "%" PRIu64 "  %s%s", js_num(step, "step"),
		 js_str(step, "name"), at == PLACE_NOW ? "  (now)" : "");
	svg_text(s, SVG_LABEL, " class=\"h\"", name);
	s->y += 20;
	svg_parts(s, step);
	s->y = top + height;
	if (last) {
		return;
	}
	fprintf(out, "<path d=\"M%d %d v%d m-5 -8 l5 8 l5 -8\" fill=\"none\" stroke=\"#444\"/>\n",
		SVG_LEFT + 40, s->y, SVG_GAP);
	s->y += SVG_GAP / 2 + 4;
	svg_text(s, SVG_TEXT, " class=\"n\"", js_str(step, "next"));
	s->y = top + height + SVG_GAP;
}

static void
svg_warning(struct svg *s, const char *text)
{
	s->y += SVG_LINE;
	svg_item(s, SVG_LEFT, SVG_CHARS, " fill=\"#c00\"", text);
}

/* What every answer about a zone warns of, below what is drawn: the picture may go anywhere. */
static void
svg_warnings(struct svg *s, const json_t *answer)
{
	const json_t *warning;
	if (js_true(answer, "lab")) {
		svg_warning(s, RENDER_LAB);
	}
	JS_EACH(json_object_get(answer, "warnings"), warning)
	{
		const char *text = json_string_value(warning);
		svg_warning(s, text != NULL ? text : "");
	}
}

void
draw_svg(const struct text *t, const json_t *answer)
{
	const json_t *process = json_object_get(answer, "process"), *step;
	const json_t *steps = json_object_get(process, "steps");
	struct svg s = {.t = t, .y = 60};
	char line[512];
	JS_EACH(steps, step)
	{
		struct svg count = {.t = t, .dry = true};
		svg_parts(&count, step);
		s.y += 30 + count.y + SVG_GAP;
	}
	struct svg count = {.t = t, .dry = true};
	svg_warnings(&count, answer);
	s.y += count.y;
	fprintf(t->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" font-family=\"monospace\" font-size=\"12\">\n"
		"<style>.h{font-weight:bold;font-size:13px}.l,.n{fill:#666}"
		".n{font-style:italic}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		SVG_WIDTH, s.y, SVG_WIDTH, s.y);
	s.y = 26;
	snprintf(line, sizeof(line), "%s (process %" PRIu64 ", priority %" PRIu64 ")",
		 js_str(process, "name"), js_num(process, "kind"), js_num(process, "priority"));
	svg_text(&s, SVG_LEFT, " class=\"h\"", line);
	situation(t, answer, line, sizeof(line));
	s.y = 44;
	if (*line != '\0') {
		svg_text(&s, SVG_LEFT, "", line);
	}
	s.y = 58;
	size_t n = 0;
	JS_EACH(steps, step)
	{
		svg_step(&s, answer, step, ++n == json_array_size(steps));
	}
	svg_warnings(&s, answer);
	fputs("</svg>\n", t->out);
}
