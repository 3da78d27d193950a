/* Overlay, policy and merge. */
#include <stdio.h>
#include "combinerd/merge.h"
#include "libmsig/hsync.h"
#include "tests/unit/zonetext.h"

#define P1 "msa.p1.example."
#define P2 "msa.p2.example."
#define KEY1 "@ 60 DNSKEY 257 3 13 oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA==\n"
#define KEY2 "@ 30 DNSKEY 256 3 13 oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA==\n"
#define BASE SOA_TEXT(5) "@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\n"
/* V4: state, nsmgmt, sign, identity, upstream "." */
#define HSYNC(state, nsmgmt, sign, provider)                                                       \
	"@ TYPE65282 \\# 20 " state nsmgmt sign "036d7361" provider "076578616d706c6500" "00\n"
#define ON "01"
#define OFF "02"
#define OWNER "01"
#define AGENT "02"
#define SIGN "01"
#define NOSIGN "02"
#define ONE "027031"
#define TWO "027032"

static void
contribute(struct overlay *overlay, const char *origin, const char *text)
{
	struct zonetext *zt = zonetext_open(text, "example.");

	while (zonetext_next(zt))
		overlay_add(overlay, origin, zt->rr.type, zt->rr.ttl, zt->rr.rdata, 1);
	zonetext_close(zt);
}

static void
overlay_basics(void **state)
{
	struct overlay a = {0}, b = {0};
	struct msig_set set;

	contribute(&a, P2, KEY1 "@ 60 NS ns.p2.\n");
	contribute(&a, P1, KEY1 KEY2 "@ 60 NS ns.p1.\n");
	assert_int_equal(a.count, 5);
	assert_int_equal(overlay_count(&a, NULL, KNOT_RRTYPE_DNSKEY), 3);
	assert_int_equal(overlay_count(&a, P1, 0), 3);
	assert_int_equal(overlay_count(&a, "msa.p3.example.", 0), 0);
	assert_int_equal(overlay_set(&a, KNOT_RRTYPE_DNSKEY, &set), 0);
	assert_int_equal(set.rrs.count, 2); /* KEY1 comes from both */
	assert_int_equal(set.ttl, 30);      /* the smallest */
	msig_set_clear(&set);

	overlay_copy(&b, &a);
	assert_true(overlay_eq(&a, &b));
	/* what the other one contributed stays */
	assert_true(overlay_remove(&b, P2, KNOT_RRTYPE_DNSKEY, NULL));
	assert_false(overlay_remove(&b, P2, KNOT_RRTYPE_DNSKEY, NULL));
	assert_false(overlay_eq(&a, &b));
	assert_int_equal(overlay_set(&b, KNOT_RRTYPE_DNSKEY, &set), 0);
	assert_int_equal(set.rrs.count, 2);
	msig_set_clear(&set);

	size_t count;
	const char **origins = overlay_origins(&a, &count);
	assert_int_equal(count, 2);
	assert_string_equal(origins[0], P1);
	assert_string_equal(origins[1], P2);
	free(origins);
	overlay_clear(&a);
	overlay_clear(&b);
}

/* Merge: the owner's zone, what the two contribute, the mode, and what must come out. */
static const struct {
	const char *name, *owner, *one, *two;
	enum merge_mode mode;
	uint32_t serial;
	const char *want;
	bool zonemd, replaced;
} merges[] = {
    {"nothing to do", BASE, "", "", MERGE_NONE, 5, BASE, false, false},
    {"nothing applies", BASE, KEY1, "", MERGE_NONE, 5, BASE, false, false},
    {"keys of both", BASE, KEY1, KEY2, MERGE_ALL, 6,
     "@ SOA ns1 admin 6 3600 600 86400 300\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\n"
     "@ 30 DNSKEY 257 3 13 oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA==\n"
     KEY2, false, false},
    {"NS replaced", BASE, "@ 60 NS ns.p1.\n", "@ 60 NS ns.p2.\n", MERGE_ALL, 5,
     SOA_TEXT(5) "ns1 A 192.0.2.1\nwww A 192.0.2.2\n@ 60 NS ns.p1.\n@ 60 NS ns.p2.\n", false, false},
    {"NS is the owner's", BASE, "@ 60 NS ns.p1.\n" KEY1, "", MERGE_NO_NS, 5, BASE KEY1, false, false},
    {"NS only", BASE, "@ 60 NS ns.p1.\n" KEY1, "", MERGE_NS, 5,
     SOA_TEXT(5) "ns1 A 192.0.2.1\nwww A 192.0.2.2\n@ 60 NS ns.p1.\n", false, false},
    {"no NS in the overlay: the owner's", BASE, KEY1, "", MERGE_ALL, 5, BASE KEY1, false, false},
    {"the owner's keys are dropped", BASE KEY2, "", "", MERGE_ALL, 5, BASE, false, true},
    {"the owner's keys are replaced", BASE KEY2, KEY1, "", MERGE_ALL, 5, BASE KEY1, false, true},
    {"CDS, CDNSKEY, CSYNC of the owner's",
     BASE "@ CDS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000\n"
          "@ CDNSKEY 0 3 0 AA==\n@ CSYNC 0 1 A NS\n", "@ 60 CSYNC 0 1 A NS AAAA\n", "",
     MERGE_ALL, 5, BASE "@ 60 CSYNC 0 1 A NS AAAA\n", false, true},
    {"ZONEMD stays with the zone it is of",
     BASE "@ ZONEMD 5 1 1 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n",
     "", "", MERGE_NONE, 5,
     BASE "@ ZONEMD 5 1 1 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n",
     false, false},
    {"ZONEMD goes when something is put in",
     BASE "@ ZONEMD 5 1 1 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n",
     KEY1, "", MERGE_ALL, 5, BASE KEY1, true, false},
    {"ZONEMD goes when only the serial changes",
     BASE "@ ZONEMD 5 1 1 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n",
     "", "", MERGE_NONE, 6,
     "@ SOA ns1 admin 6 3600 600 86400 300\n@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\n", true, false},
};

static void
merging(void **state)
{
	for (size_t i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
		struct version *owner = zonetext_version(NULL, NULL, merges[i].owner);
		struct version *want = zonetext_version(NULL, NULL, merges[i].want);
		struct overlay overlay = {0};
		struct merge_notes notes;

		print_message("# %s\n", merges[i].name);
		contribute(&overlay, P1, merges[i].one);
		contribute(&overlay, P2, merges[i].two);
		struct version *have = merge_make(owner, &overlay, merges[i].mode, merges[i].serial,
		                                  &notes);
		assert_non_null(have);
		assert_int_equal(version_count(have), version_count(want));
		assert_true(sums_equal(version_sum(have), version_sum(want)));
		assert_int_equal(notes.zonemd, merges[i].zonemd);
		assert_int_equal(notes.owner[0] != 0, merges[i].replaced);
		overlay_clear(&overlay);
		version_unpin(owner);
		version_unpin(want);
		version_unpin(have);
	}
}

static void
without_soa(void **state)
{
	struct version *owner = zonetext_version(NULL, NULL, "@ NS ns1\n");
	struct overlay overlay = {0};
	struct merge_notes notes;

	assert_null(merge_make(owner, &overlay, MERGE_ALL, 5, &notes));
	version_unpin(owner);
}

#define SIGS "@ RRSIG SOA 13 1 3600 20300101000000 20200101000000 1 example. AAAA\n"
#define NSECS "@ NSEC www SOA RRSIG NSEC\n"

/* Policy: what HSYNC and the past say is applied. */
static const struct {
	const char *name, *extra;
	bool no_identity, ever, has_overlay, accept;
	enum merge_mode last;
	enum msig_zone_state state;
	enum merge_mode mode;
	bool take;
	bool signs; /* keys or CDS are in the overlay */
} policies[] = {
    {"no HSYNC, never merged", "", false, false, true, false, MERGE_NONE, MSIG_ZONE_PLAIN, MERGE_NONE, true, false},
    {"HSYNC vanished", "", false, true, true, false, MERGE_ALL, MSIG_ZONE_FROZEN, MERGE_ALL, true, false},
    {"HSYNC vanished, owner's NS", "", false, true, true, false, MERGE_NO_NS, MSIG_ZONE_FROZEN, MERGE_NO_NS, true, false},
    {"no identity: no policy", "", true, false, true, false, MERGE_NONE, MSIG_ZONE_MERGED, MERGE_ALL, true, false},
    {"no identity, no overlay", "", true, false, false, false, MERGE_NONE, MSIG_ZONE_PLAIN, MERGE_NONE, true, false},
    {"agents manage NS", HSYNC(ON, AGENT, SIGN, ONE), false, false, true, false, MERGE_NONE, MSIG_ZONE_MERGED, MERGE_ALL, true, false},
    {"owner manages NS", HSYNC(ON, OWNER, SIGN, ONE), false, false, true, false, MERGE_NONE, MSIG_ZONE_MERGED, MERGE_NO_NS, true, false},
    {"designated, nothing contributed", HSYNC(ON, AGENT, SIGN, ONE), false, false, false, false, MERGE_NONE, MSIG_ZONE_PLAIN, MERGE_NONE, true, false},
    {"emptied by right", HSYNC(ON, AGENT, SIGN, ONE), false, true, false, false, MERGE_ALL, MSIG_ZONE_MERGED, MERGE_ALL, true, false},
    {"NS taken back by the owner", HSYNC(ON, OWNER, SIGN, ONE), false, true, true, false, MERGE_ALL, MSIG_ZONE_MERGED, MERGE_NO_NS, true, false},
    {"does not sign", HSYNC(ON, OWNER, NOSIGN, ONE), false, false, true, false, MERGE_NONE, MSIG_ZONE_PLAIN, MERGE_NONE, true, false},
    {"does not sign, agents manage NS", HSYNC(ON, AGENT, NOSIGN, ONE), false, false, true, false, MERGE_NONE, MSIG_ZONE_MERGED, MERGE_NS, true, false},
    {"nobody signs, the NS stay the agents'", HSYNC(ON, AGENT, NOSIGN, ONE), false, true, true, false, MERGE_NS, MSIG_ZONE_MERGED, MERGE_NS, true, false},
    {"nobody signs, the owner takes NS over", HSYNC(ON, OWNER, NOSIGN, ONE), false, true, true, false, MERGE_NS, MSIG_ZONE_MERGED, MERGE_NONE, true, false},
    {"nobody signs, the agents manage NS again", HSYNC(ON, AGENT, NOSIGN, ONE), false, true, true, false, MERGE_NONE, MSIG_ZONE_MERGED, MERGE_NS, true, false},
    {"nobody signs, it is OFF", HSYNC(OFF, AGENT, NOSIGN, ONE), false, true, true, false, MERGE_NS, MSIG_ZONE_FROZEN, MERGE_NS, true, false},
    {"NOSIGN with keys from before", HSYNC(ON, AGENT, NOSIGN, ONE), false, true, true, false, MERGE_NONE, MSIG_ZONE_FROZEN, MERGE_NONE, true, true},
    {"stops signing", HSYNC(ON, AGENT, NOSIGN, ONE), false, true, true, false, MERGE_ALL, MSIG_ZONE_FROZEN, MERGE_ALL, true, false},
    {"others only", HSYNC(ON, AGENT, SIGN, TWO), false, true, true, false, MERGE_ALL, MSIG_ZONE_FROZEN, MERGE_ALL, true, false},
    {"others only, never merged", HSYNC(ON, AGENT, SIGN, TWO), false, false, true, false, MERGE_NONE, MSIG_ZONE_PLAIN, MERGE_NONE, true, false},
    {"off, never merged", HSYNC(OFF, AGENT, SIGN, ONE) HSYNC(ON, AGENT, SIGN, TWO), false, false, true, false, MERGE_NONE, MSIG_ZONE_PLAIN, MERGE_NONE, true, false},
    {"off, and stays until another one is in", HSYNC(OFF, AGENT, SIGN, ONE) HSYNC(ON, AGENT, SIGN, TWO), false, false, true, false, MERGE_NONE, MSIG_ZONE_MERGED, MERGE_ALL, true, true},
    {"the same, owner manages NS", HSYNC(OFF, OWNER, SIGN, ONE) HSYNC(ON, OWNER, SIGN, TWO), false, false, true, false, MERGE_NONE, MSIG_ZONE_MERGED, MERGE_NO_NS, true, true},
    {"is to serve, and stays until then", HSYNC(ON, AGENT, NOSIGN, ONE) HSYNC(ON, AGENT, SIGN, TWO), false, false, true, false, MERGE_NONE, MSIG_ZONE_MERGED, MERGE_ALL, true, true},
    {"not named, never merged, whatever the agent says", HSYNC(ON, AGENT, SIGN, TWO), false, false, true, false, MERGE_NONE, MSIG_ZONE_PLAIN, MERGE_NONE, true, true},
    {"off", HSYNC(OFF, AGENT, SIGN, ONE) HSYNC(ON, AGENT, SIGN, TWO), false, true, true, false, MERGE_ALL, MSIG_ZONE_FROZEN, MERGE_ALL, true, false},
    {"mixed", HSYNC(ON, AGENT, SIGN, ONE) HSYNC(ON, OWNER, SIGN, TWO), false, true, true, false, MERGE_ALL, MSIG_ZONE_FROZEN, MERGE_ALL, true, false},
    {"state 0", HSYNC("00", AGENT, SIGN, ONE), false, true, true, false, MERGE_ALL, MSIG_ZONE_FROZEN, MERGE_ALL, true, false},
    {"unknown value", HSYNC(ON, "07", SIGN, ONE), false, true, true, false, MERGE_NO_NS, MSIG_ZONE_FROZEN, MERGE_NO_NS, true, false},
    {"truncated", "@ TYPE65282 \\# 3 010201\n", false, true, true, false, MERGE_ALL, MSIG_ZONE_FROZEN, MERGE_ALL, true, false},
    {"one of two truncated", HSYNC(ON, AGENT, SIGN, ONE) "@ TYPE65282 \\# 3 010201\n", false, true, true, false, MERGE_ALL, MSIG_ZONE_FROZEN, MERGE_ALL, true, false},
    {"named twice", HSYNC(ON, AGENT, SIGN, ONE) HSYNC(OFF, AGENT, SIGN, ONE), false, true, true, false, MERGE_ALL, MSIG_ZONE_FROZEN, MERGE_ALL, true, false},
    {"signed from the start", SIGS NSECS, false, false, true, false, MERGE_NONE, MSIG_ZONE_PASSTHROUGH, MERGE_NONE, true, false},
    {"suddenly signed", SIGS NSECS, false, true, true, false, MERGE_ALL, MSIG_ZONE_PASSTHROUGH, MERGE_NONE, false, false},
    {"suddenly signed, accepted", SIGS NSECS, false, true, true, true, MERGE_ALL, MSIG_ZONE_PASSTHROUGH, MERGE_NONE, true, false},
    {"signed with NSEC3", SIGS "abc NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n", false, false, false, false, MERGE_NONE, MSIG_ZONE_PASSTHROUGH, MERGE_NONE, true, false},
    {"NSEC3PARAM alone is no signature", "@ NSEC3PARAM 1 0 0 -\n" HSYNC(ON, AGENT, SIGN, ONE), false, true, true, false, MERGE_ALL, MSIG_ZONE_MERGED, MERGE_ALL, true, false},
    {"RRSIG alone is no signed zone", SIGS HSYNC(ON, AGENT, SIGN, ONE), false, true, true, false, MERGE_ALL, MSIG_ZONE_MERGED, MERGE_ALL, true, false},
};

static void
policy(void **state)
{
	knot_dname_t *identity = knot_dname_from_str_alloc(P1);

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		struct version *base = zonetext_version(NULL, NULL, BASE);
		struct version *owner = zonetext_version(base, NULL, policies[i].extra);
		struct policy out;
		struct policy_input in = {
		    .owner = owner,
		    .hsync_type = MSIG_HSYNC_TYPE,
		    .identity = policies[i].no_identity ? NULL : identity,
		    .has_overlay = policies[i].has_overlay,
		    .signs = policies[i].signs,
		    .ever = policies[i].ever,
		    .accept_signed = policies[i].accept,
		    .last = policies[i].last,
		};
		print_message("# %s\n", policies[i].name);
		merge_policy(&in, &out);
		print_message("#   %s, %s: %s\n", msig_zone_state_name(out.state),
		              merge_mode_name(out.mode), out.why);
		assert_int_equal(out.take, policies[i].take);
		assert_int_equal(out.state, policies[i].state);
		assert_int_equal(out.mode, policies[i].mode);
		if (out.state == MSIG_ZONE_FROZEN || !out.take)
			assert_true(out.why[0] != '\0');
		version_unpin(base);
		version_unpin(owner);
	}
	knot_dname_free(identity, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(overlay_basics),
	    cmocka_unit_test(merging),
	    cmocka_unit_test(without_soa),
	    cmocka_unit_test(policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
