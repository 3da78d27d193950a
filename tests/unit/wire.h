/* Hex, names and records for the tests of libmsig. */
#pragma once

#include <ctype.h>
#include <libknot/libknot.h>
#include "tests/unit/unit.h"
#include "libmsig/name.h"

/* Rows of a table leave out what is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* Hex with blanks between to octets; returns how many. */
static inline size_t
hex(const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;

	for (;;) {
		unsigned octet;

		while (isspace((unsigned char)*text))
			text++;
		if (*text == '\0')
			return n;
		assert_int_equal(sscanf(text, "%2x", &octet), 1);
		assert_true(n < max);
		out[n++] = octet;
		text += 2;
	}
}

static inline char *
to_hex(const uint8_t *data, size_t len, char *out)
{
	*out = '\0';
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", data[i]);
	return out;
}

struct name {
	knot_dname_storage_t n;
};

/* A name as a temporary: NAME("example."). */
static inline struct name
name_of(const char *text)
{
	struct name name;

	assert_int_equal(msig_name_parse_case(text, name.n), 0);
	return name;
}

#define NAME(text) (name_of(text).n)

static inline const char *
text_of(const knot_dname_t *name)
{
	static char buf[4][MSIG_NAME_TEXT];
	static int i;

	i = (i + 1) % 4;
	return msig_name_text(name, buf[i]);
}

/* Rdata on the heap. */
static inline knot_rdata_t *
rdata_of(const uint8_t *data, uint16_t len)
{
	knot_rdata_t *rr = malloc(knot_rdata_size(len));

	knot_rdata_init(rr, len, data);
	return rr;
}

static inline knot_rdata_t *
rdata_hex(const char *text)
{
	static uint8_t data[65536];

	return rdata_of(data, hex(text, data, sizeof(data)));
}
