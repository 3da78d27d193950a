/* Proofs of absence by whoever answers: any records, keys among them. */
#include "tests/fuzz/fuzz.h"
#include "agentd/denial.h"
#include "libmsig/rrs.h"

#define NOW UINT64_C(1798761600)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t apex[] = "\7example", shop[] = "\4shop\7example",
			     sure[] = "\4sure\7example";
	const knot_rrset_t *keys;
	struct msig_rrs rrs;

	if (msig_rrs_decode(data, len, &rrs) != 0)
		return 0;
	keys = msig_rrs_find(&rrs, apex, KNOT_RRTYPE_DNSKEY);
	if (keys != NULL) {
		(void)denial_proves(&rrs, apex, KNOT_RRTYPE_CDS, &keys->rrs, apex, NOW);
		(void)denial_proves(&rrs, shop, KNOT_RRTYPE_DS, &keys->rrs, apex, NOW);
		/* This one has a DS, and who changes that must break the signature. */
		HOLDS(denial_proves(&rrs, sure, KNOT_RRTYPE_DS, &keys->rrs, apex, NOW) != 0);
	}
	msig_rrs_clear(&rrs);
	return 0;
}
