/*
 * What people read: times, spans, tables, wrapped lines. Knows widths, colours and the clock that
 * it is given, and not where the words come from. Whatever a daemon says is cleaned before it
 * reaches a terminal: it may repeat what a stranger sent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct text {
	FILE *out;
	uint64_t now;     /* UTC, ms */
	unsigned columns; /* 80 */
	bool utf8;        /* other characters than ASCII are shown */
	bool colour;
	bool verbose; /* legends, evidence */
};

enum tint { TINT_NONE, TINT_GOOD, TINT_WAIT, TINT_BAD, TINT_HEAD, TINT_DIM };

/* Buffers of these are borrowed from the caller, TEXT_TIME octets are enough. */
#define TEXT_TIME 48
const char *text_clock(const struct text *t, uint64_t ms,
		       char *buf);             /* 14:07:31, with the date if not today */
const char *text_span(uint64_t ms, char *buf); /* 38s 52m10s 1h17m 2d4h */
const char *text_both(const struct text *t, uint64_t ms, char *buf); /* 14:07:31 (in 52m10s) */

/* Copies src, cleaned for a terminal, into a new string; NULL gives "". */
char *text_clean(const struct text *t, const char *src);

/* Prints cleaned text in a colour, if there are colours. */
void text_put(const struct text *t, enum tint tint, const char *src);
void text_printf(const struct text *t, enum tint tint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, and the end of the line. A line break inside is cleaned away like everything else. */
void text_line(const struct text *t, enum tint tint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "Label           : text", wrapped at the right edge and indented below the text. */
void text_field(const struct text *t, const char *label, enum tint tint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* A paragraph, wrapped, each line behind indent spaces, the first behind lead as well. */
void text_wrap(const struct text *t, unsigned indent, const char *lead, enum tint tint,
	       const char *src);

/* A table whose columns are as wide as their widest cell; the last one is not padded. Cells are
 * copied. Right edge: the last column is cut (never when the output is not limited: columns 0). */
struct table;
struct table *table_new(unsigned columns);
void table_cell(struct table *table, const struct text *t, enum tint tint, const char *src);
void table_cellf(struct table *table, const struct text *t, enum tint tint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
unsigned table_rows(const struct table *table);
void table_print(const struct table *table, const struct text *t, const char *indent);
void table_free(struct table *table);
