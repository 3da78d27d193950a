/*
 * SOA serials: RFC 1982 arithmetic, and the rule by which combinerd chooses what it emits. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* a > b in RFC 1982. Serials 2^31 apart are neither greater nor less: false both ways. */
bool serial_gt(uint32_t a, uint32_t b);

/*
 * How an emitted serial is chosen. OWNER keeps the owner's as long as it moves forward, and adds
 * one where it does not: the serial grows with each version, whatever the owner's does.
 */
#define SERIAL_MODES(X)                                                      \
	X(OWNER, "owner")       /* the owner's, or one more than the last */ \
	X(UNIXTIME, "unixtime") /* seconds since 1970, or one more */        \
	X(DATE, "dateserial")   /* YYYYMMDDNN, or one more */

enum serial_mode {
#define X(id, name) SERIAL_##id,
	SERIAL_MODES(X)
#undef X
	    SERIAL_MODE_COUNT
};

const char *serial_mode_name(enum serial_mode mode);

/*
 * The serial of the next version. owner: the owner's serial in it; last: the last one emitted, of
 * which has_last says whether there is one; now: UTC seconds. Always greater than last.
 */
uint32_t serial_next(enum serial_mode mode, uint32_t owner, bool has_last, uint32_t last,
		     uint64_t now);

/* How far the emitted serial is ahead of or behind the owner's. Warn at SERIAL_FAR. */
#define SERIAL_FAR (1U << 30)
uint32_t serial_distance(uint32_t a, uint32_t b);
