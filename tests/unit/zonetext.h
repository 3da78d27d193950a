/* Records and versions from text, for the tests of combinerd. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libzscanner/scanner.h>
#include "combinerd/store.h"

struct zonetext {
	zs_scanner_t scanner;
	struct rr_room room;
	struct rr rr;
};

static inline struct zonetext *
zonetext_open(const char *text, const char *origin)
{
	struct zonetext *zt = calloc(1, sizeof(*zt));
	assert_non_null(zt);
	assert_int_equal(zs_init(&zt->scanner, origin, KNOT_CLASS_IN, 3600), 0);
	assert_int_equal(zs_set_input_string(&zt->scanner, text, strlen(text)), 0);
	return zt;
}

static inline bool
zonetext_next(struct zonetext *zt)
{
	while (zs_parse_record(&zt->scanner) == 0) {
		if (zt->scanner.state == ZS_STATE_ERROR)
			fail_msg("line %u: %s", (unsigned)zt->scanner.line_counter,
			         zs_strerror(zt->scanner.error.code));
		if (zt->scanner.state == ZS_STATE_EOF)
			return false;
		if (zt->scanner.state != ZS_STATE_DATA)
			continue;
		knot_dname_copy_lower(zt->room.owner, zt->scanner.r_owner);
		knot_rdata_init(rr_room_rdata(&zt->room), (uint16_t)zt->scanner.r_data_length,
		                zt->scanner.r_data);
		zt->rr = (struct rr){zt->room.owner, zt->scanner.r_type, zt->scanner.r_ttl,
		                     rr_room_rdata(&zt->room)};
		return true;
	}
	return false;
}

static inline void
zonetext_close(struct zonetext *zt)
{
	zs_deinit(&zt->scanner);
	free(zt);
}

#define APEX ((const knot_dname_t *)"\x07" "example")
#define SOA_TEXT(serial) "@ SOA ns1 admin " #serial " 3600 600 86400 300\n"

/* base and the records of text, less those of less; texts may be NULL. */
static inline struct version *
zonetext_version(struct version *base, const char *less, const char *text)
{
	struct change *change = store_begin(base, APEX);
	struct zonetext *zt;

	if (less != NULL) {
		zt = zonetext_open(less, "example.");
		while (zonetext_next(zt))
			assert_int_equal(change_remove(change, &zt->rr), 0);
		zonetext_close(zt);
	}
	if (text != NULL) {
		zt = zonetext_open(text, "example.");
		while (zonetext_next(zt))
			assert_int_equal(change_add(change, &zt->rr), 0);
		zonetext_close(zt);
	}
	return store_commit(change);
}

static inline bool
sums_equal(struct rr_sum a, struct rr_sum b)
{
	return a.a == b.a && a.b == b.b;
}
