/*
 * The DNSKEY, CDS and CDNSKEY records that were pushed into a signer's zone: what tells the other
 * providers' from the signer's own there, which are never touched. A record is noted before it is
 * pushed, and forgotten when it is neither there nor wanted any more. Pure, but for pushed_load and
 * pushed_save, which keep it in the daemon's database.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/daemon/db.h"

struct pushed_rr {
	uint16_t type;
	knot_rdata_t *rdata;
};

struct pushed {
	struct pushed_rr *at; /* in no order: there are a few */
	size_t count;
};

void pushed_clear(struct pushed *pushed);
void pushed_copy(struct pushed *to, const struct pushed *from); /* to must be clear */
bool pushed_has(const struct pushed *pushed, uint16_t type, const knot_rdata_t *rdata);
bool pushed_add(struct pushed *pushed, uint16_t type, const knot_rdata_t *rdata);
bool pushed_eq(const struct pushed *a, const struct pushed *b);

/* zone as absolute text in lower case. Saving is a transaction of its own. */
int pushed_save(struct db *db, const char *zone, const struct pushed *pushed);
int pushed_load(struct db *db, const char *zone, struct pushed *pushed);
