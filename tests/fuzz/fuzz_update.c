/* The replace form of an UPDATE of the apex sets. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/apex.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t wire[65535];
	knot_dname_storage_t zone, zone2;
	struct msig_apex apex, again;
	uint8_t digest[2][MSIG_DIGEST_LEN];
	size_t size = sizeof(wire);
	unsigned mask, mask2;

	if (msig_apex_from_update(data, len, zone, &apex, &mask) != 0) {
		HOLDS(msig_apex_empty(&apex));
		return 0;
	}
	/* Names may be compressed in what came, and are not in what is written. */
	if (msig_apex_to_update(&apex, mask, zone, 1, wire, &size) == 0) {
		HOLDS(msig_apex_from_update(wire, size, zone2, &again, &mask2) == 0);
		HOLDS(mask == mask2 && msig_apex_eq(&apex, &again));
		HOLDS(msig_apex_digest(&apex, digest[0]) == 0);
		HOLDS(msig_apex_digest(&again, digest[1]) == 0);
		HOLDS(memcmp(digest[0], digest[1], MSIG_DIGEST_LEN) == 0);
		msig_apex_clear(&again);
	}
	msig_apex_clear(&apex);
	return 0;
}
