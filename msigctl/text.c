/*
 * What people read: times, spans, tables, wrapped lines. See text.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libmsig/daemon/log.h"
#include "msigctl/text.h"

#define LABEL_WIDTH 16 /* of text_field */

const char *
text_clock(const struct text *t, uint64_t ms, char *buf)
{
	time_t at = (time_t)(ms / 1000), now = (time_t)(t->now / 1000);
	struct tm a, n;
	gmtime_r(&at, &a);
	gmtime_r(&now, &n);
	bool today = a.tm_year == n.tm_year && a.tm_yday == n.tm_yday;
	strftime(buf, TEXT_TIME, today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &a);
	return buf;
}

const char *
text_span(uint64_t ms, char *buf)
{
	uint64_t s = ms / 1000, m = s / 60, h = m / 60, d = h / 24;
	if (m == 0) {
		snprintf(buf, TEXT_TIME, "%" PRIu64 "s", s);
	} else if (h == 0) {
		snprintf(buf, TEXT_TIME, "%" PRIu64 "m%02" PRIu64 "s", m, s % 60);
	} else if (d == 0) {
		snprintf(buf, TEXT_TIME, "%" PRIu64 "h%02" PRIu64 "m", h, m % 60);
	} else {
		snprintf(buf, TEXT_TIME, "%" PRIu64 "d%" PRIu64 "h", d, h % 24);
	}
	return buf;
}

const char *
text_both(const struct text *t, uint64_t ms, char *buf)
{
	char at[TEXT_TIME], span[TEXT_TIME];
	text_clock(t, ms, at);
	if (ms > t->now) {
		snprintf(buf, TEXT_TIME, "%.20s (in %.16s)", at, text_span(ms - t->now, span));
	} else {
		snprintf(buf, TEXT_TIME, "%.20s (%.16s ago)", at, text_span(t->now - ms, span));
	}
	return buf;
}

/* The length of a well-formed UTF-8 sequence at s that is fit for a terminal, or 0. */
static size_t
utf8_len(const unsigned char *s)
{
	size_t len = 0;
	if (s[0] >= 0xc2 && s[0] < 0xe0) {
		len = 2;
	} else if ((s[0] & 0xf0) == 0xe0) {
		len = 3;
	} else if (s[0] >= 0xf0 && s[0] < 0xf5) {
		len = 4;
	}
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	/* U+0080 to U+009F are control characters as well. */
	return len == 2 && s[0] == 0xc2 && s[1] < 0xa0 ? 0 : len;
}

char *
text_clean(const struct text *t, const char *src)
{
	char *copy = xstrdup(src != NULL ? src : "");
	char *to = copy;
	for (const unsigned char *s = (unsigned char *)copy; *s != '\0';) {
		size_t len = *s >= 0x80 ? utf8_len(s) : 1;
		if (*s < 0x20 || *s == 0x7f || len == 0) {
			*to++ = *s == '\n' || *s == '\t' ? ' ' : '?';
			s++;
		} else if (len > 1 && !t->utf8) {
			*to++ = '?';
			s += len;
		} else {
			memmove(to, s, len);
			to += len;
			s += len;
		}
	}
	*to = '\0';
	return copy;
}

static const char *
tint_code(const struct text *t, enum tint tint)
{
	static const char *const codes[] = {
	    [TINT_NONE] = "",          [TINT_GOOD] = "\033[32m", [TINT_WAIT] = "\033[33m",
	    [TINT_BAD] = "\033[1;31m", [TINT_HEAD] = "\033[1m",  [TINT_DIM] = "\033[2m",
	};
	return t->colour ? codes[tint] : "";
}

static void
put_clean(const struct text *t, enum tint tint, const char *clean)
{
	const char *code = tint_code(t, tint);
	fprintf(t->out, "%s%s%s", code, clean, *code != '\0' ? "\033[0m" : "");
}

void
text_put(const struct text *t, enum tint tint, const char *src)
{
	char *clean = text_clean(t, src);
	put_clean(t, tint, clean);
	free(clean);
}

__attribute__((format(printf, 1, 0))) static char *
vformat(const char *fmt, va_list ap)
{
	char *s = NULL;
	if (vasprintf(&s, fmt, ap) < 0) {
		fatal("out of memory");
	}
	return s;
}

void
text_printf(const struct text *t, enum tint tint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = vformat(fmt, ap);
	va_end(ap);
	text_put(t, tint, s);
	free(s);
}

void
text_line(const struct text *t, enum tint tint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = vformat(fmt, ap);
	va_end(ap);
	text_put(t, tint, s);
	fputc('\n', t->out);
	free(s);
}

/* Characters, not octets. */
static size_t
width(const char *s)
{
	size_t n = 0;
	for (; *s != '\0'; s++) {
		n += (*s & 0xc0) != 0x80;
	}
	return n;
}

/* Prints words of clean text up to the right edge; at is the column where the first one stands. */
static void
put_words(const struct text *t, enum tint tint, const char *clean, unsigned indent)
{
	const char *code = tint_code(t, tint);
	size_t column = indent;
	bool first = true;
	fputs(code, t->out);
	while (*clean != '\0') {
		clean += strspn(clean, " ");
		size_t len = strcspn(clean, " ");
		if (len == 0) {
			break;
		}
		char *word = strndup(clean, len);
		if (word == NULL) {
			fatal("out of memory");
		}
		size_t w = width(word);
		if (!first && t->columns != 0 && column + 1 + w > t->columns) {
			fprintf(t->out, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		fprintf(t->out, "%s%s", first ? "" : " ", word);
		column += w + !first;
		first = false;
		free(word);
		clean += len;
	}
	fprintf(t->out, "%s\n", *code != '\0' ? "\033[0m" : "");
}

void
text_field(const struct text *t, const char *label, enum tint tint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = vformat(fmt, ap);
	va_end(ap);
	char *clean = text_clean(t, s);
	fprintf(t->out, "%-*s%s ", LABEL_WIDTH, label, *label != '\0' ? ":" : " ");
	put_words(t, tint, clean, LABEL_WIDTH + 2);
	free(clean);
	free(s);
}

void
text_wrap(const struct text *t, unsigned indent, const char *lead, enum tint tint, const char *src)
{
	char *clean = text_clean(t, src);
	fprintf(t->out, "%*s%s", (int)indent, "", lead);
	put_words(t, tint, clean, indent + (unsigned)strlen(lead));
	free(clean);
}

struct cell {
	char *text;
	enum tint tint;
};

struct table {
	struct cell *cell;
	unsigned columns, cells;
};

struct table *
table_new(unsigned columns)
{
	struct table *table = xcalloc(1, sizeof(*table));
	table->columns = columns;
	return table;
}

void
table_cell(struct table *table, const struct text *t, enum tint tint, const char *src)
{
	struct cell *more = realloc(table->cell, (table->cells + 1) * sizeof(*more));
	if (more == NULL) {
		fatal("out of memory");
	}
	table->cell = more;
	table->cell[table->cells++] = (struct cell){text_clean(t, src), tint};
}

void
table_cellf(struct table *table, const struct text *t, enum tint tint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = vformat(fmt, ap);
	va_end(ap);
	table_cell(table, t, tint, s);
	free(s);
}

unsigned
table_rows(const struct table *table)
{
	return table->columns == 0 ? 0 : table->cells / table->columns;
}

static size_t
column_width(const struct table *table, unsigned column)
{
	size_t max = 0;
	for (unsigned i = column; i < table->cells; i += table->columns) {
		size_t w = width(table->cell[i].text);
		max = w > max ? w : max;
	}
	return max;
}

/* Cuts clean text to at most max characters, max > 0; the last one then shows it. */
static void
cut(char *s, size_t max)
{
	size_t n = 0;
	char *last = s;
	for (char *p = s; *p != '\0'; p++) {
		if ((*p & 0xc0) == 0x80) {
			continue;
		}
		if (n++ == max) {
			*p = '\0';
			strcpy(last, ">");
			return;
		}
		last = p;
	}
}

void
table_print(const struct table *table, const struct text *t, const char *indent)
{
	unsigned last = table->columns - 1;
	size_t before = strlen(indent);
	for (unsigned c = 0; c < last; c++) {
		before += column_width(table, c) + 2;
	}
	for (unsigned i = 0; i + last < table->cells; i += table->columns) {
		fputs(indent, t->out);
		for (unsigned c = 0; c < last; c++) {
			const struct cell *cell = &table->cell[i + c];
			put_clean(t, cell->tint, cell->text);
			size_t pad = column_width(table, c) - width(cell->text) + 2;
			bool more = false; /* nothing but spaces up to the end: leave them out */
			for (unsigned k = c + 1; k <= last; k++) {
				more = more || *table->cell[i + k].text != '\0';
			}
			fprintf(t->out, "%*s", more ? (int)pad : 0, "");
		}
		char *end = xstrdup(table->cell[i + last].text);
		if (t->columns != 0) {
			cut(end, t->columns > before + 8 ? t->columns - before : 8);
		}
		put_clean(t, table->cell[i + last].tint, end);
		free(end);
		fputc('\n', t->out);
	}
}

void
table_free(struct table *table)
{
	if (table == NULL) {
		return;
	}
	for (unsigned i = 0; i < table->cells; i++) {
		free(table->cell[i].text);
	}
	free(table->cell);
	free(table);
}
