/* An observation: RRs in wire form, every RRset of them verified with what keys are in it. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/rrs.h"
#include "libmsig/rrsig.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const knot_dname_t *zone = (const knot_dname_t *)"\7example";
	const uint64_t now = 1798761600;
	const knot_rrset_t *keys;
	const knot_rdataset_t none = {0};
	struct msig_rrs rrs;

	if (len > 4096 || msig_rrs_decode(data, len, &rrs) != 0)
		return 0;
	keys = msig_rrs_find(&rrs, zone, KNOT_RRTYPE_DNSKEY);
	for (size_t i = 0; i < rrs.count; i++) {
		const knot_rrset_t *rr = &rrs.at[i];
		const knot_rrset_t *sigs = msig_rrs_sigs(&rrs, rr->owner, rr->type);
		struct msig_verdict v;
		int ret = msig_rrsig_verify(rr, sigs == NULL ? &none : &sigs->rrs,
					    keys == NULL ? &none : &keys->rrs, zone, now, &v);

		HOLDS(v.result == ret && (ret == 0) == (v.valid > 0) && v.valid <= v.seen);
		HOLDS((v.keys == 0) == (v.valid == 0));
		HOLDS(v.valid == 0 || (v.expires >= now && v.expires <= v.expires_last));
	}
	if (keys != NULL) {
		const knot_rrset_t *ds = msig_rrs_find(&rrs, zone, KNOT_RRTYPE_DS);
		const knot_rrset_t *sigs = msig_rrs_sigs(&rrs, zone, KNOT_RRTYPE_DNSKEY);

		(void)msig_rrsig_verify_dnskey(keys, sigs == NULL ? &none : &sigs->rrs, zone,
					       ds == NULL ? NULL : &ds->rrs, now, NULL);
	}
	msig_rrs_clear(&rrs);
	return 0;
}
