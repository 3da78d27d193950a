/* The picture of a zone, from AXFR and IXFR. */
#include "tests/unit/unit.h"

#include <libknot/libknot.h>
#include "transportd/observe/stream.h"

#define NOW 1800000000u /* 2027 */

static knot_dname_t *zone;

/* One record. SOA: rdata is made from the serial; RRSIG: algorithm, tag, expiration. */
static knot_rrset_t *
rr(const char *owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, uint16_t len)
{
	knot_dname_t *name = knot_dname_from_str_alloc(owner);
	knot_rrset_t *set = knot_rrset_new(name, type, KNOT_CLASS_IN, ttl, NULL);

	knot_dname_free(name, NULL);
	assert_int_equal(knot_rrset_add_rdata(set, rdata, len, NULL), 0);
	return set;
}

static knot_rrset_t *
soa(uint32_t serial)
{
	uint8_t rdata[22] = {0};

	knot_wire_write_u32(rdata + 2, serial);
	knot_wire_write_u32(rdata + 6, 60);
	knot_wire_write_u32(rdata + 10, 30);
	knot_wire_write_u32(rdata + 14, 90);
	knot_wire_write_u32(rdata + 18, 7000);
	return rr("zone.example.", KNOT_RRTYPE_SOA, 3600, rdata, sizeof(rdata));
}

static knot_rrset_t *
a(const char *owner, uint32_t ttl, uint8_t last)
{
	uint8_t rdata[4] = {192, 0, 2, last};

	return rr(owner, KNOT_RRTYPE_A, ttl, rdata, sizeof(rdata));
}

static knot_rrset_t *
rrsig(const char *owner, uint8_t algorithm, uint16_t tag, uint32_t expires)
{
	uint8_t rdata[24] = {0, KNOT_RRTYPE_A, algorithm};

	knot_wire_write_u32(rdata + 8, expires);
	knot_wire_write_u16(rdata + 16, tag);
	return rr(owner, KNOT_RRTYPE_RRSIG, 300, rdata, sizeof(rdata));
}

/* Feeds records (freed here) until one fails. */
static int
feed(struct stream *s, knot_rrset_t *const *records, unsigned n)
{
	int err = 0;

	for (unsigned i = 0; i < n; i++) {
		if (err == 0)
			err = stream_record(s, records[i]);
		knot_rrset_free(records[i], NULL);
	}
	return err;
}

#define FEED(s, ...)                                  \
	feed(s, (knot_rrset_t *const[]){__VA_ARGS__}, \
	     sizeof((knot_rrset_t *const[]){__VA_ARGS__}) / sizeof(knot_rrset_t *))

static void
digest(const struct picture *p, uint8_t out[32])
{
	msig_digest_get(&p->digest, out);
}

static void
full(struct picture *p, uint32_t serial)
{
	struct stream s;

	assert_int_equal(stream_begin(&s, zone, NULL, NOW), 0);
	assert_int_equal(FEED(&s, soa(serial), a("zone.example.", 600, 1),
			      a("www.zone.example.", 86400, 2),
			      rrsig("zone.example.", 13, 4711, NOW + 1000),
			      rrsig("www.zone.example.", 13, 4711, NOW + 5000),
			      rrsig("zone.example.", 13, 99, NOW + 2000), soa(serial)),
			 0);
	assert_int_equal(s.state, STREAM_DONE);
	assert_true(s.full);
	stream_take(&s, p);
	stream_clear(&s);
}

static void
test_axfr(void **state)
{
	struct picture p;

	full(&p, 7);
	assert_true(p.valid);
	assert_int_equal(p.serial, 7);
	assert_int_equal(p.refresh, 60);
	assert_int_equal(p.records, 6);
	assert_int_equal(picture_max_ttl(&p), 86400);
	assert_int_equal(picture_expires(&p), (NOW + 1000) / 60 * 60);
	assert_int_equal(p.signatures.count, 2);
	assert_int_equal(p.signatures.at[0].key, 13 << 16 | 99);
	assert_int_equal(p.signatures.at[0].count, 1);
	assert_int_equal(p.signatures.at[1].count, 2);
	picture_clear(&p);
}

/* Two differences in one answer; what is deleted is taken out of every count. */
static void
test_ixfr(void **state)
{
	struct picture p, direct;
	struct stream s;
	uint8_t left[32], right[32];

	full(&p, 7);
	assert_int_equal(stream_begin(&s, zone, &p, NOW), 0);
	assert_int_equal(FEED(&s, soa(9), soa(7), a("www.zone.example.", 86400, 2),
			      rrsig("zone.example.", 13, 4711, NOW + 1000), soa(8),
			      a("www.zone.example.", 300, 3), soa(8),
			      rrsig("zone.example.", 13, 99, NOW + 2000), soa(9),
			      rrsig("zone.example.", 13, 4711, NOW + 9000), soa(9)),
			 0);
	assert_int_equal(s.state, STREAM_DONE);
	assert_false(s.full);
	assert_int_equal(p.serial, 7); /* nothing is changed before it is whole */
	picture_clear(&p);
	stream_take(&s, &p);
	stream_clear(&s);
	assert_int_equal(p.serial, 9);
	assert_int_equal(p.records, 5);
	assert_int_equal(picture_max_ttl(&p), 3600);
	assert_int_equal(p.signatures.count, 1);
	assert_int_equal(p.signatures.at[0].count, 2);
	assert_int_equal(picture_expires(&p), (NOW + 5000) / 60 * 60);

	assert_int_equal(stream_begin(&s, zone, NULL, NOW), 0);
	assert_int_equal(FEED(&s, soa(9), a("zone.example.", 600, 1),
			      a("www.zone.example.", 300, 3),
			      rrsig("www.zone.example.", 13, 4711, NOW + 5000),
			      rrsig("zone.example.", 13, 4711, NOW + 9000), soa(9)),
			 0);
	stream_take(&s, &direct);
	stream_clear(&s);
	digest(&p, left);
	digest(&direct, right);
	assert_memory_equal(left, right, 32);
	assert_int_equal(p.records, direct.records);
	picture_clear(&p);
	picture_clear(&direct);
}

/* An answer to IXFR in the form of AXFR begins anew. */
static void
test_ixfr_answered_by_axfr(void **state)
{
	struct picture p;
	struct stream s;

	full(&p, 7);
	assert_int_equal(stream_begin(&s, zone, &p, NOW), 0);
	assert_int_equal(FEED(&s, soa(9), a("zone.example.", 60, 1), soa(9)), 0);
	assert_int_equal(s.state, STREAM_DONE);
	assert_true(s.full);
	assert_int_equal(s.work.records, 2);
	assert_int_equal(s.work.signatures.count, 0);
	assert_int_equal(picture_max_ttl(&s.work), 3600);
	stream_clear(&s);
	picture_clear(&p);
}

static void
test_nothing_newer(void **state)
{
	struct picture p;
	struct stream s;

	full(&p, 7);
	assert_int_equal(stream_begin(&s, zone, &p, NOW), 0);
	assert_int_equal(FEED(&s, soa(7)), 0);
	assert_int_equal(s.state, STREAM_FIRST);
	stream_message_end(&s);
	assert_int_equal(s.state, STREAM_DONE);
	assert_true(s.older);
	stream_clear(&s);
	/* A newer SOA alone is only the beginning: the rest comes in other messages. */
	assert_int_equal(stream_begin(&s, zone, &p, NOW), 0);
	assert_int_equal(FEED(&s, soa(8)), 0);
	stream_message_end(&s);
	assert_int_equal(s.state, STREAM_FIRST);
	stream_clear(&s);
	picture_clear(&p);
}

static void
test_only_soa(void **state)
{
	struct stream s;

	assert_int_equal(stream_begin(&s, zone, NULL, NOW), 0);
	assert_int_equal(FEED(&s, soa(1), soa(1)), 0);
	assert_int_equal(s.state, STREAM_DONE);
	assert_int_equal(s.work.records, 1);
	stream_clear(&s);
}

/* What cannot be: each ends the transfer, and the picture of before is untouched. */
static void
test_refused(void **state)
{
	struct picture p;
	struct stream s;
	uint8_t before[32], after[32];

	full(&p, 7);
	digest(&p, before);
#define REFUSED(want, have, ...)                                        \
	do {                                                            \
		assert_int_equal(stream_begin(&s, zone, have, NOW), 0); \
		assert_int_equal(FEED(&s, __VA_ARGS__), want);          \
		stream_clear(&s);                                       \
	} while (0)
	REFUSED(KNOT_EMALF, NULL, a("zone.example.", 60, 1));
	REFUSED(KNOT_EMALF, NULL, soa(1), a("zone.example.", 60, 1), soa(2));
	REFUSED(KNOT_EMALF, NULL, soa(1), soa(1), a("zone.example.", 60, 1));
	REFUSED(KNOT_EOUTOFZONE, NULL, soa(1), a("example.", 60, 1));
	REFUSED(KNOT_EMALF, NULL,
		rr("www.zone.example.", KNOT_RRTYPE_SOA, 1, (const uint8_t *)"", 0));
	REFUSED(KNOT_EMALF, NULL, rr("zone.example.", KNOT_RRTYPE_SOA, 1, (const uint8_t *)"", 0));
	REFUSED(KNOT_EMALF, NULL, soa(1),
		rr("zone.example.", KNOT_RRTYPE_RRSIG, 1, (const uint8_t *)"12345", 5));
	/* A difference to another version than ours, and one that deletes what is not there. */
	REFUSED(KNOT_ENORECORD, &p, soa(9), soa(8), a("zone.example.", 600, 1));
	REFUSED(KNOT_ENORECORD, &p, soa(9), soa(7), a("zone.example.", 601, 1));
	REFUSED(KNOT_ENORECORD, &p, soa(9), soa(7), rrsig("zone.example.", 8, 1, NOW));
	REFUSED(KNOT_EMALF, &p, soa(9), soa(7), soa(8), soa(9));
	digest(&p, after);
	assert_memory_equal(before, after, 32);
	picture_clear(&p);
}

/* Letters of names do not count; a time beyond 2106 is read as what it means. */
static void
test_case_and_time(void **state)
{
	struct picture p;
	struct stream s;
	uint64_t late = 4294967296ull - 1000;

	assert_int_equal(stream_begin(&s, zone, NULL, late), 0);
	assert_int_equal(FEED(&s, soa(7), rrsig("Zone.Example.", 13, 1, 3600), soa(7)), 0);
	stream_take(&s, &p);
	stream_clear(&s);
	assert_int_equal(picture_expires(&p), (4294967296ull + 3600) / 60 * 60);
	picture_clear(&p);
}

static void
test_tally(void **state)
{
	struct tally t = {0}, copy;

	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(tally_add(&t, i * 7 % 100), 0);
	assert_int_equal(t.count, 100);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(t.at[i].key, i);
	assert_int_equal(tally_add(&t, 50), 0);
	assert_int_equal(t.at[50].count, 2);
	assert_int_equal(tally_copy(&copy, &t), 0);
	assert_int_equal(tally_sub(&t, 50), 0);
	assert_int_equal(tally_sub(&t, 50), 0);
	assert_int_equal(tally_sub(&t, 50), KNOT_ENOENT);
	assert_int_equal(t.count, 99);
	assert_int_equal(copy.at[50].count, 2);
	tally_clear(&t);
	tally_clear(&copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_axfr),
	    cmocka_unit_test(test_ixfr),
	    cmocka_unit_test(test_ixfr_answered_by_axfr),
	    cmocka_unit_test(test_nothing_newer),
	    cmocka_unit_test(test_only_soa),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_case_and_time),
	    cmocka_unit_test(test_tally),
	};
	int rc;

	zone = knot_dname_from_str_alloc("zone.example.");
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	knot_dname_free(zone, NULL);
	return rc;
}
