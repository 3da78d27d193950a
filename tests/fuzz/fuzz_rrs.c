/* Lists of RRs as they travel on the bus. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/canon.h"
#include "libmsig/digest.h"
#include "libmsig/rrs.h"

static size_t
records(const struct msig_rrs *rrs)
{
	size_t n = 0;

	for (size_t i = 0; i < rrs->count; i++)
		n += rrs->at[i].rrs.count;
	return n;
}

/* Adding and removing everything leaves nothing. */
static void
digest(const struct msig_rrs *rrs)
{
	const knot_dname_t *zone = (const knot_dname_t *)"\7example";
	struct msig_digest sum, zero;

	msig_digest_init(&sum);
	msig_digest_init(&zero);
	for (size_t i = 0; i < rrs->count; i++)
		HOLDS(msig_digest_add_rrset(&sum, zone, &rrs->at[i]) == 0);
	for (size_t i = rrs->count; i-- > 0;)
		HOLDS(msig_digest_remove_rrset(&sum, zone, &rrs->at[i]) == 0);
	HOLDS(memcmp(&sum, &zero, sizeof(sum)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msig_rrs rrs, again;
	struct msig_wr wr;
	uint8_t *wire;
	size_t size;

	if (msig_rrs_decode(data, len, &rrs) != 0) {
		HOLDS(rrs.count == 0 && rrs.at == NULL);
		return 0;
	}
	digest(&rrs);
	msig_wr_grow(&wr, len);
	HOLDS(msig_rrs_encode(&rrs, &wr) == 0); /* duplicates collapse: never longer */
	HOLDS(msig_wr_take(&wr, &wire, &size) == 0);
	HOLDS(msig_rrs_decode(wire, size, &again) == 0);
	HOLDS(again.count == rrs.count && records(&again) == records(&rrs));
	free(wire);
	msig_rrs_clear(&rrs);
	msig_rrs_clear(&again);
	return 0;
}
