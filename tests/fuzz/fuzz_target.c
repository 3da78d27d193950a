/*
 * The target from anything that claims to be HSYNC and statements: RRs in wire form; HSYNC at
 * `example.`, and what a provider states at its identity's name.
 */
#include "tests/fuzz/fuzz.h"
#include "libmsig/key.h"
#include "libmsig/rrs.h"
#include "libmsig/target.h"

#define PARTS 4

static void
compute(struct msig_target_in *in, struct msig_statement st[PARTS])
{
	struct msig_target out;
	struct msig_apex all;

	for (int mode = 0; mode < 2; mode++) {
		in->mode = mode ? MSIG_SIGNER_ALL : MSIG_SIGNER_FOREIGN;
		in->csync = mode;
		if (msig_target(in, &out) != 0) {
			HOLDS(out.count == 0);
			continue;
		}
		HOLDS(out.count <= in->count + 1 && msig_target_eq(&out, &out));
		HOLDS(!msig_target_shrinks(&out, &out));
		msig_apex_init(&all);
		HOLDS(msig_target_union(&out, &all) == 0);
		HOLDS(!msig_key_has_delete(&all.set[MSIG_APEX_CDS]));
		HOLDS(all.set[MSIG_APEX_CSYNC].rrs.count <= 1);
		HOLDS(in->hsync->nsmgmt == MSIG_HSYNC_AGENT ||
		      all.set[MSIG_APEX_NS].rrs.count == 0);
		msig_apex_clear(&all);
		msig_target_clear(&out);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const knot_dname_t *zone = (const knot_dname_t *)"\7example";
	const knot_rrset_t *rr;
	struct msig_statement st[PARTS];
	struct msig_target_part part[PARTS];
	struct msig_hsync_set hsync;
	struct msig_rrs rrs;

	if (len > 8192 || msig_rrs_decode(data, len, &rrs) != 0)
		return 0;
	rr = msig_rrs_find(&rrs, zone, MSIG_HSYNC_TYPE);
	if (rr != NULL && msig_hsync_set_decode(&rr->rrs, rr->type, 0, &hsync, NULL) == 0) {
		struct msig_target_in in = {
		    .hsync = &hsync, .part = part, .key_ttl = 1, .ns_ttl = 2};

		for (; in.count < PARTS && in.count < hsync.count; in.count++) {
			const knot_dname_t *identity = hsync.at[in.count].identity;

			msig_statement_init(&st[in.count], identity, zone);
			/* After a malformed name the rest is missing: a statement like any other.
			 */
			(void)msig_apex_from_rrs(&rrs, identity, &st[in.count].apex);
			(void)msig_key_clash(&st[0].apex.set[0], &st[in.count].apex.set[0], NULL);
			part[in.count].statement = &st[in.count];
			part[in.count].types = msig_target_types(&hsync, identity);
		}
		if (hsync.count > 0) {
			in.identity = hsync.at[0].identity;
			compute(&in, st);
		}
		for (size_t i = 0; i < in.count; i++)
			msig_statement_clear(&st[i]);
		msig_hsync_set_clear(&hsync);
	}
	msig_rrs_clear(&rrs);
	return 0;
}
