/* What an answer says: seen, absent or unknown, from packets made by hand. */
#include "tests/unit/unit.h"

#include <libknot/libknot.h>
#include "libmsig/err.h"
#include "libmsig/rrs.h"
#include "transportd/observe/look.h"

/* A packet to be: flags, and records named by one letter per section. */
struct reply {
	uint16_t rcode;
	bool no_aa, tc, no_qr, other_question, no_question;
	const char *answer, *authority;
};

static knot_dname_t *
dname(const char *text)
{
	knot_dname_t *name = knot_dname_from_str_alloc(text);

	assert_non_null(name);
	return name;
}

static void
put(knot_pkt_t *pkt, const char *owner, uint16_t type, const char *rdata, uint16_t len)
{
	knot_dname_t *name = dname(owner);
	knot_rrset_t *rr = knot_rrset_new(name, type, KNOT_CLASS_IN, 300, NULL);

	assert_int_equal(knot_rrset_add_rdata(rr, (const uint8_t *)rdata, len, NULL), 0);
	assert_int_equal(knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, rr, 0), 0);
	knot_rrset_free(rr, NULL);
	knot_dname_free(name, NULL);
}

/* d: the NS asked for; c: an alias; S: SOA of the zone; P: SOA of the parent; X: SOA elsewhere;
 * n: NS of the zone (a delegation); N: NS of the parent */
static void
put_all(knot_pkt_t *pkt, const char *letters)
{
	static const char soa[22] = {0};

	for (; letters != NULL && *letters != '\0'; letters++) {
		switch (*letters) {
		case 'd':
		case 'n':
			put(pkt, "Shop.example.", KNOT_RRTYPE_NS, "\3Ns1\2p1\0", 8);
			break;
		case 'N':
			put(pkt, "example.", KNOT_RRTYPE_NS, "\2ns\0", 4);
			break;
		case 'c':
			put(pkt, "shop.example.", KNOT_RRTYPE_CNAME, "\1x\0", 3);
			break;
		case 'S':
			put(pkt, "shop.example.", KNOT_RRTYPE_SOA, soa, sizeof(soa));
			break;
		case 'P':
			put(pkt, "example.", KNOT_RRTYPE_SOA, soa, sizeof(soa));
			break;
		case 'X':
			put(pkt, "www.shop.example.", KNOT_RRTYPE_SOA, soa, sizeof(soa));
			break;
		}
	}
}

static knot_pkt_t *
build(const struct reply *r)
{
	knot_pkt_t *pkt = knot_pkt_new(NULL, 4096, NULL), *parsed;
	knot_dname_t *name = dname(r->other_question ? "other.example." : "sHop.example.");

	knot_pkt_clear(pkt);
	if (!r->no_qr)
		knot_wire_set_qr(pkt->wire);
	if (!r->no_aa)
		knot_wire_set_aa(pkt->wire);
	if (r->tc)
		knot_wire_set_tc(pkt->wire);
	knot_wire_set_rcode(pkt->wire, (uint8_t)r->rcode);
	if (!r->no_question)
		assert_int_equal(knot_pkt_put_question(pkt, name, KNOT_CLASS_IN, KNOT_RRTYPE_NS),
				 0);
	knot_pkt_begin(pkt, KNOT_ANSWER);
	put_all(pkt, r->answer);
	knot_pkt_begin(pkt, KNOT_AUTHORITY);
	put_all(pkt, r->authority);
	parsed = knot_pkt_new(NULL, (uint16_t)pkt->size, NULL);
	memcpy(parsed->wire, pkt->wire, pkt->size);
	parsed->size = pkt->size;
	assert_int_equal(knot_pkt_parse(parsed, KNOT_PF_NOCANON), 0);
	knot_pkt_free(pkt);
	knot_dname_free(name, NULL);
	return parsed;
}

static void
expect(struct reply r, enum msig_seen status, const char *reason)
{
	knot_pkt_t *pkt = build(&r);
	knot_dname_t *name = dname("shop.example.");
	struct look look;

	look_server(pkt, name, KNOT_RRTYPE_NS, &look);
	if (look.status != status)
		print_error("status %d, not %d: %s\n", look.status, status, look.reason);
	assert_int_equal(look.status, status);
	assert_int_equal(look.validation, MSIG_VALIDATION_NONE);
	if (status == MSIG_SEEN_UNKNOWN)
		assert_non_null(strstr(look.reason, reason));
	else
		assert_string_equal(look.reason, "");
	look_clear(&look);
	knot_pkt_free(pkt);
	knot_dname_free(name, NULL);
}

static void
test_server(void **state)
{
	expect((struct reply){.answer = "d"}, MSIG_SEEN_SET, NULL);
	expect((struct reply){.authority = "S"}, MSIG_SEEN_ABSENT, NULL);
	expect((struct reply){.authority = "P"}, MSIG_SEEN_ABSENT, NULL);
	expect((struct reply){.rcode = KNOT_RCODE_NXDOMAIN, .authority = "P"}, MSIG_SEEN_ABSENT,
	       NULL);
	/* A parent's server names the child's servers in a referral. */
	expect((struct reply){.no_aa = true, .authority = "n"}, MSIG_SEEN_SET, NULL);
}

static void
test_server_unknown(void **state)
{
	const enum msig_seen u = MSIG_SEEN_UNKNOWN;

	expect((struct reply){0}, u, "neither");
	expect((struct reply){.authority = "X"}, u, "neither");
	expect((struct reply){.answer = "c"}, u, "alias");
	expect((struct reply){.no_aa = true, .answer = "d"}, u, "not authoritative");
	expect((struct reply){.no_aa = true, .authority = "S"}, u, "not authoritative");
	expect((struct reply){.no_aa = true, .authority = "N"}, u, "referral");
	expect((struct reply){.rcode = KNOT_RCODE_NXDOMAIN}, u, "without a SOA");
	expect((struct reply){.rcode = KNOT_RCODE_NXDOMAIN, .no_aa = true, .authority = "S"}, u,
	       "not authoritative");
	expect((struct reply){.rcode = KNOT_RCODE_REFUSED, .authority = "S"}, u, "REFUSED");
	expect((struct reply){.rcode = KNOT_RCODE_SERVFAIL, .answer = "d"}, u, "SERVFAIL");
	expect((struct reply){.rcode = KNOT_RCODE_NOTAUTH}, u, "NOTAUTH");
	expect((struct reply){.tc = true, .answer = "d"}, u, "no answer to this");
	expect((struct reply){.no_qr = true, .answer = "d"}, u, "no answer to this");
	expect((struct reply){.other_question = true, .answer = "d"}, u, "no answer to this");
	expect((struct reply){.no_question = true, .answer = "d"}, u, "no answer to this");
	expect((struct reply){.no_question = true, .rcode = KNOT_RCODE_REFUSED}, u, "REFUSED");
}

static void
expect_validated(struct reply r, bool packet, uint16_t rcode, enum msig_validation validation,
		 enum msig_seen status, const char *reason)
{
	knot_pkt_t *pkt = packet ? build(&r) : NULL;
	struct look look;

	look_validated(pkt, rcode, validation, validation == MSIG_VALIDATION_BOGUS ? "why" : NULL,
		       KNOT_RRTYPE_NS, &look);
	assert_int_equal(look.status, status);
	assert_int_equal(look.validation, validation);
	if (status == MSIG_SEEN_UNKNOWN)
		assert_non_null(strstr(look.reason, reason));
	look_clear(&look);
	knot_pkt_free(pkt);
}

static void
test_validated(void **state)
{
	const enum msig_validation secure = MSIG_VALIDATION_SECURE,
				   insecure = MSIG_VALIDATION_INSECURE,
				   bogus = MSIG_VALIDATION_BOGUS, none = MSIG_VALIDATION_NONE;
	const struct reply data = {.no_aa = true, .answer = "d"};
	const struct reply nodata = {.no_aa = true, .authority = "S"};
	const struct reply nxdomain = {
	    .no_aa = true, .rcode = KNOT_RCODE_NXDOMAIN, .authority = "P"};
	const struct reply servfail = {.rcode = KNOT_RCODE_SERVFAIL};

	expect_validated(data, true, 0, secure, MSIG_SEEN_SET, NULL);
	expect_validated(nodata, true, 0, secure, MSIG_SEEN_ABSENT, NULL);
	expect_validated(nxdomain, true, 3, secure, MSIG_SEEN_ABSENT, NULL);
	expect_validated(data, true, 0, insecure, MSIG_SEEN_SET, NULL);
	/* Absence that nothing proves is not known. */
	expect_validated(nodata, true, 0, insecure, MSIG_SEEN_UNKNOWN, "insecure");
	expect_validated(nxdomain, true, 3, insecure, MSIG_SEEN_UNKNOWN, "insecure");
	/* Bogus answers carry data, too. */
	expect_validated(data, true, 0, bogus, MSIG_SEEN_UNKNOWN, "bogus: why");
	expect_validated(nodata, true, 0, bogus, MSIG_SEEN_UNKNOWN, "bogus: why");
	expect_validated(data, false, 2, bogus, MSIG_SEEN_UNKNOWN, "bogus: why");
	expect_validated(servfail, true, 0, none, MSIG_SEEN_UNKNOWN, "SERVFAIL");
	expect_validated(data, false, 2, none, MSIG_SEEN_UNKNOWN, "SERVFAIL");
}

/* Records are handed on with the letters of their names as they came. */
static void
test_letters(void **state)
{
	struct reply r = {.answer = "d", .authority = "S"};
	knot_pkt_t *pkt = build(&r);
	knot_dname_t *name = dname("shop.example.");
	struct msig_rrs rrs;
	struct look look;

	look_server(pkt, name, KNOT_RRTYPE_NS, &look);
	assert_int_equal(msig_rrs_decode(look.answer, look.answer_len, &rrs), 0);
	assert_int_equal(rrs.count, 1);
	assert_memory_equal(rrs.at[0].rrs.rdata->data, "\3Ns1\2p1\0", 8);
	msig_rrs_clear(&rrs);
	assert_int_equal(msig_rrs_decode(look.authority, look.authority_len, &rrs), 0);
	assert_int_equal(rrs.count, 1);
	assert_int_equal(rrs.at[0].type, KNOT_RRTYPE_SOA);
	msig_rrs_clear(&rrs);
	look_clear(&look);
	knot_pkt_free(pkt);
	knot_dname_free(name, NULL);
}

static void
test_query(void **state)
{
	knot_dname_t *name = dname("shop.example.");
	uint8_t wire[512];
	size_t len = look_query(4711, name, KNOT_RRTYPE_DNSKEY, wire, sizeof(wire));
	knot_pkt_t *pkt = knot_pkt_new(wire, (uint16_t)len, NULL);

	assert_int_equal(knot_pkt_parse(pkt, 0), 0);
	assert_int_equal(knot_wire_get_id(wire), 4711);
	assert_int_equal(knot_pkt_qtype(pkt), KNOT_RRTYPE_DNSKEY);
	assert_true(knot_pkt_has_dnssec(pkt));
	assert_false(knot_wire_get_rd(wire));
	assert_int_equal(look_query(4711, name, KNOT_RRTYPE_DNSKEY, wire, len - 1), 0);
	knot_pkt_free(pkt);
	knot_dname_free(name, NULL);
}

static void
test_failed(void **state)
{
	struct look look;

	look_failed(MSIG_ETIMEOUT, &look);
	assert_int_equal(look.status, MSIG_SEEN_UNKNOWN);
	assert_non_null(strstr(look.reason, "timed out"));
	look_clear(&look);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_server),    cmocka_unit_test(test_server_unknown),
	    cmocka_unit_test(test_validated), cmocka_unit_test(test_letters),
	    cmocka_unit_test(test_query),     cmocka_unit_test(test_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
