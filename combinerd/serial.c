#include "config.h"

#include <time.h>
#include "combinerd/serial.h"

#define HALF 0x80000000U

bool
serial_gt(uint32_t a, uint32_t b)
{
	uint32_t ahead = a - b;
	return ahead != 0 && ahead < HALF;
}

const char *
serial_mode_name(enum serial_mode mode)
{
	static const char *const names[] = {
#define X(id, name) name,
	    SERIAL_MODES(X)
#undef X
	};
	return (unsigned)mode < SERIAL_MODE_COUNT ? names[mode] : "?";
}

static uint32_t
wanted(enum serial_mode mode, uint32_t owner, uint64_t now)
{
	time_t t = (time_t)now;
	struct tm tm;

	switch (mode) {
	case SERIAL_UNIXTIME:
		return (uint32_t)now;
	case SERIAL_DATE:
		if (gmtime_r(&t, &tm) == NULL)
			return owner;
		return ((uint32_t)(tm.tm_year + 1900) * 10000 + (uint32_t)(tm.tm_mon + 1) * 100 +
			(uint32_t)tm.tm_mday) *
		       100;
	default:
		return owner;
	}
}

uint32_t
serial_next(enum serial_mode mode, uint32_t owner, bool has_last, uint32_t last, uint64_t now)
{
	uint32_t want = wanted(mode, owner, now);

	if (!has_last || serial_gt(want, last))
		return want;
	return last + 1;
}

uint32_t
serial_distance(uint32_t a, uint32_t b)
{
	uint32_t ahead = a - b;
	return ahead < HALF ? ahead : 0U - ahead;
}
