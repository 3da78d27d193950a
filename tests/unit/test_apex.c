/* Sets, the five apex sets together, and their UPDATE form. */
#include "tests/unit/wire.h"
#include "libmsig/apex.h"
#include "libmsig/err.h"

#define KEY1 "0101030f"
#define KEY2 "0100030f22"
#define NS1 "036e7331 00"
#define NS2 "036e7332 00"

static void
add(struct msig_apex *apex, int i, uint32_t ttl, const char *text)
{
	uint8_t data[256];

	apex->set[i].ttl = ttl;
	assert_int_equal(msig_set_add(&apex->set[i], data, hex(text, data, sizeof(data))), 0);
}

static void
fill(struct msig_apex *apex)
{
	msig_apex_init(apex);
	add(apex, MSIG_APEX_DNSKEY, 3600, KEY1);
	add(apex, MSIG_APEX_DNSKEY, 3600, KEY2);
	add(apex, MSIG_APEX_NS, 300, NS1);
}

static void
test_set(void **state)
{
	struct msig_set a, b;

	msig_set_init(&a, 2);
	msig_set_init(&b, 2);
	assert_int_equal(msig_set_add(&a, (const uint8_t *)"\3NS1", 5), 0);
	assert_int_equal(msig_set_add(&a, (const uint8_t *)"\3ns1", 5), 0);
	assert_int_equal(a.rrs.count, 1); /* case does not make another name server */
	assert_true(msig_set_has(&a, (const uint8_t *)"\3Ns1", 5));
	assert_false(msig_set_has(&a, (const uint8_t *)"\3ns2", 5));
	assert_int_equal(msig_set_add(&a, (const uint8_t *)"\3ns", 3), KNOT_EMALF);

	b.ttl = 60;
	assert_true(msig_set_contains(&a, &b));
	assert_int_equal(msig_set_add(&b, (const uint8_t *)"\3ns1", 5), 0);
	assert_true(msig_set_eq(&a, &b)); /* TTLs do not count */
	assert_int_equal(msig_set_add(&b, (const uint8_t *)"\3ns2", 5), 0);
	assert_false(msig_set_eq(&a, &b));
	assert_true(msig_set_contains(&b, &a));
	assert_false(msig_set_contains(&a, &b));
	assert_int_equal(msig_set_remove(&b, (const uint8_t *)"\3ns", 3), KNOT_EMALF);
	assert_false(msig_set_has(&b, (const uint8_t *)"\3ns", 3));
	assert_int_equal(msig_set_remove(&b, (const uint8_t *)"\3NS1", 5), 0);
	assert_int_equal(b.rrs.count, 1);
	assert_int_equal(msig_set_merge(&a, &b), 0);
	assert_int_equal(a.rrs.count, 2);
	assert_int_equal(a.ttl, 0); /* it had records of its own */
	assert_int_equal(msig_set_subtract(&a, &b), 0);
	assert_int_equal(a.rrs.count, 1);
	msig_set_clear(&a);
	assert_int_equal(msig_set_merge(&a, &b), 0);
	assert_int_equal(a.ttl, 60);
	msig_set_clear(&b);
	b.ttl = 5;
	msig_set_clear(&a);
	assert_int_equal(msig_set_merge(&a, &b), 0); /* nothing is added: nothing changes */
	assert_int_equal(a.ttl, 60);
	assert_int_equal(msig_set_subtract(&a, &b), 0);
	b.type = 5;
	assert_false(msig_set_eq(&a, &b));
	msig_set_clear(&a);
	msig_set_clear(&b);
}

static void
test_each_empty(void **state)
{
	struct msig_set set;

	msig_set_init(&set, 2);
	MSIG_SET_EACH(&set, rr)
	assert_null(rr);
}

/* Against digests computed with another tool. */
static void
test_digest(void **state)
{
	struct msig_apex apex;
	uint8_t digest[32];
	char text[65];

	msig_apex_init(&apex);
	assert_int_equal(msig_apex_digest(&apex, digest), 0);
	assert_string_equal(to_hex(digest, 32, text),
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	fill(&apex);
	assert_int_equal(msig_apex_digest(&apex, digest), 0);
	assert_string_equal(to_hex(digest, 32, text),
			    "d68eadeb65a31bb9a26c1a796f1ab2c0b8cef5ae8d66fb7c9230e81360511a08");
	apex.set[MSIG_APEX_DNSKEY].ttl = 1; /* no part of it */
	assert_int_equal(msig_apex_digest(&apex, digest), 0);
	assert_string_equal(to_hex(digest, 32, text),
			    "d68eadeb65a31bb9a26c1a796f1ab2c0b8cef5ae8d66fb7c9230e81360511a08");
	msig_apex_clear(&apex);
}

static void
test_algebra(void **state)
{
	struct msig_apex a, b, c;

	fill(&a);
	msig_apex_init(&b);
	msig_apex_init(&c);
	assert_true(msig_apex_empty(&b));
	assert_false(msig_apex_empty(&a));
	add(&b, MSIG_APEX_NS, 300, NS2);
	assert_int_equal(msig_apex_copy(&c, &a), 0);
	assert_true(msig_apex_eq(&c, &a));
	assert_int_equal(msig_apex_merge(&c, &b), 0);
	assert_false(msig_apex_eq(&c, &a));
	assert_int_equal(c.set[MSIG_APEX_NS].rrs.count, 2);
	assert_int_equal(msig_apex_subtract(&c, &b), 0);
	assert_true(msig_apex_eq(&c, &a));
	assert_int_equal(msig_apex_subtract(&c, &a), 0);
	assert_true(msig_apex_empty(&c));
	assert_true(msig_apex_is_type(48));
	assert_false(msig_apex_is_type(1));
	assert_null(msig_apex_set(&a, 6));
	msig_apex_clear(&a);
	msig_apex_clear(&b);
	msig_apex_clear(&c);
}

static void
test_rrs(void **state)
{
	struct msig_apex a, b;
	struct msig_rrs rrs = {0};

	fill(&a);
	msig_apex_init(&b);
	assert_int_equal(msig_apex_to_rrs(&a, NAME("example."), &rrs), 0);
	assert_int_equal(rrs.count, 2);
	/* What is not at the apex, not of the five types or of another class is passed over. */
	assert_int_equal(msig_rrs_add(&rrs, NAME("x.example."), 2, 1, 9, (const uint8_t *)"\1x", 3),
			 0);
	assert_int_equal(msig_rrs_add(&rrs, NAME("example."), 1, 1, 9, (const uint8_t *)"abcd", 4),
			 0);
	assert_int_equal(msig_rrs_add(&rrs, NAME("example."), 2, 3, 9, (const uint8_t *)"\1x", 3),
			 0);
	assert_int_equal(msig_apex_from_rrs(&rrs, NAME("EXAMPLE."), &b), 0);
	assert_true(msig_apex_eq(&a, &b));
	assert_int_equal(b.set[MSIG_APEX_DNSKEY].ttl, 3600);
	assert_int_equal(b.set[MSIG_APEX_NS].ttl, 300);
	/* The largest TTL is kept. */
	b.set[MSIG_APEX_NS].ttl = 301;
	assert_int_equal(msig_apex_from_rrs(&rrs, NAME("example."), &b), 0);
	assert_int_equal(b.set[MSIG_APEX_NS].ttl, 301);
	assert_int_equal(msig_rrs_add(&rrs, NAME("example."), 2, 1, 9, (const uint8_t *)"\3x", 2),
			 0);
	assert_int_equal(msig_apex_from_rrs(&rrs, NAME("example."), &b), KNOT_EMALF);
	msig_rrs_clear(&rrs);
	msig_apex_clear(&a);
	msig_apex_clear(&b);
}

/* 65536 octets too long must not read as what is left of the length in 16 bits. */
static void
test_too_long(void **state)
{
	uint8_t *wire = calloc(1, 70000);
	size_t len = hex("0007 2800 0001 0000 0000 0000 00 0006 0001", wire, 70000);
	knot_dname_storage_t zone;
	struct msig_apex apex;

	assert_int_equal(msig_apex_from_update(wire, len, zone, &apex, NULL), 0);
	assert_int_equal(msig_apex_from_update(wire, 65536 + len, zone, &apex, NULL), MSIG_ESIZE);
	free(wire);
}

/* UPDATE ------------------------------------------------------------------------------------- */

#define HEAD "0007 2800 0001 0000 "
#define ZONE "07 6578616d706c65 00 0006 0001 "
#define DEL_NS "c00c 0002 00ff 00000000 0000 "
#define DEL_DNSKEY "c00c 0030 00ff 00000000 0000 "
#define ADD_NS1 "c00c 0002 0001 0000012c 0005 " NS1 " "
#define ADD_NS2 "c00c 0002 0001 00000064 0005 " NS2 " "

static void
test_update_round(void **state)
{
	struct msig_apex a, b;
	knot_dname_storage_t zone;
	uint8_t wire[512], expect[512];
	size_t len = sizeof(wire);
	unsigned mask;

	fill(&a);
	assert_int_equal(msig_apex_to_update(&a, MSIG_APEX_BIT(NS) | MSIG_APEX_BIT(CDS),
					     NAME("example."), 7, wire, &len),
			 0);
	/* In the order of the table: CDS is only deleted. */
	assert_int_equal(hex(HEAD "0003 0000" ZONE "c00c 003b 00ff 00000000 0000" DEL_NS ADD_NS1,
			     expect, sizeof(expect)),
			 len);
	assert_memory_equal(wire, expect, len);

	len = sizeof(wire);
	assert_int_equal(msig_apex_to_update(&a, MSIG_APEX_ALL, NAME("example."), 7, wire, &len),
			 0);
	assert_int_equal(msig_apex_from_update(wire, len, zone, &b, &mask), 0);
	assert_int_equal(mask, MSIG_APEX_ALL);
	assert_true(msig_apex_eq(&a, &b));
	assert_int_equal(b.set[MSIG_APEX_DNSKEY].ttl, 3600);
	assert_string_equal(text_of(zone), "example.");
	msig_apex_clear(&b);

	/* Room that is one octet short. */
	size_t less = len - 1;
	assert_int_equal(msig_apex_to_update(&a, MSIG_APEX_ALL, NAME("example."), 7, wire, &less),
			 KNOT_ESPACE);
	msig_apex_clear(&a);
}

static const struct {
	const char *name;
	const char *hex;
	int err;
	unsigned mask;
	uint16_t ns;
	uint32_t ttl;
} updates[] = {
    {"nothing", HEAD "0000 0000" ZONE, 0, 0, 0, 0},
    {"delete", HEAD "0001 0000" ZONE DEL_NS, 0, MSIG_APEX_BIT(NS), 0, 0},
    {"replace", HEAD "0003 0000" ZONE DEL_NS ADD_NS1 ADD_NS2, 0, MSIG_APEX_BIT(NS), 2, 100},
    {"smallest TTL counts in any order", HEAD "0003 0000" ZONE DEL_NS ADD_NS2 ADD_NS1, 0,
     MSIG_APEX_BIT(NS), 2, 100},
    {"a delete behind the adds", HEAD "0002 0000" ZONE ADD_NS1 DEL_NS, 0, MSIG_APEX_BIT(NS), 0},
    {"repeated", HEAD "0004 0000" ZONE DEL_NS ADD_NS2 DEL_NS ADD_NS1, 0, MSIG_APEX_BIT(NS), 1, 300},
    {"owner in other letters",
     HEAD "0001 0000" ZONE "07 4558414d504c45 00 0002 0001 0000012c 0005" NS1, 0, MSIG_APEX_BIT(NS),
     1, 300},
    {"below the apex", HEAD "0001 0000" ZONE "0161 c00c 0002 0001 0000012c 0005" NS1, MSIG_EVALUE},
    {"beside the zone", HEAD "0001 0000" ZONE "0161 00 0002 0001 0000012c 0005" NS1, MSIG_EVALUE},
    {"another type", HEAD "0001 0000" ZONE "c00c 0001 0001 0000012c 0004 c0000201", MSIG_EVALUE},
    {"SOA", HEAD "0001 0000" ZONE "c00c 0006 00ff 00000000 0000", MSIG_EVALUE},
    {"all types", HEAD "0001 0000" ZONE "c00c 00ff 00ff 00000000 0000", MSIG_EVALUE},
    {"delete one record (class NONE)", HEAD "0001 0000" ZONE "c00c 0002 00fe 00000000 0005" NS1,
     MSIG_EVALUE},
    {"delete RRset with class NONE", HEAD "0001 0000" ZONE "c00c 0002 00fe 00000000 0000",
     MSIG_EVALUE},
    {"class CH", HEAD "0001 0000" ZONE "c00c 0002 0003 00000000 0005" NS1, MSIG_EVALUE},
    {"delete with a TTL", HEAD "0001 0000" ZONE "c00c 0002 00ff 00000001 0000", MSIG_EVALUE},
    {"delete with rdata", HEAD "0001 0000" ZONE "c00c 0002 00ff 00000000 0005" NS1, MSIG_EVALUE},
    {"add without rdata", HEAD "0001 0000" ZONE "c00c 0030 0001 00000000 0000", KNOT_EMALF},
    {"prerequisite", "0007 2800 0001 0001 0000 0000" ZONE "c00c 0002 00ff 00000000 0000",
     MSIG_EVALUE},
    {"no UPDATE but NOTIFY", "0007 2000 0001 0000 0000 0000" ZONE, MSIG_EVALUE},
    {"zone section not SOA", HEAD "0000 0000 07 6578616d706c65 00 0001 0001", MSIG_EVALUE},
    {"zone of class CH", HEAD "0000 0000 07 6578616d706c65 00 0006 0003", MSIG_EVALUE},
    {"no zone", "0007 2800 0000 0000 0000 0000", MSIG_EVALUE},
    {"cut", HEAD "0001 0000" ZONE "c00c 0002 00ff 00000000", KNOT_EMALF},
    {"behind the end", HEAD "0000 0000" ZONE "00", KNOT_EMALF},
    {"header cut", "0007 2800", KNOT_EMALF},
    {"empty", "", KNOT_EMALF},
};

static void
test_updates(void **state)
{
	for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
		uint8_t wire[512];
		size_t len = hex(updates[i].hex, wire, sizeof(wire));
		knot_dname_storage_t zone;
		struct msig_apex apex;
		unsigned mask;
		int ret;

		print_message("# %s\n", updates[i].name);
		ret = msig_apex_from_update(wire, len, zone, &apex, &mask);
		assert_int_equal(ret, updates[i].err);
		assert_true(ret == 0 || msig_apex_empty(&apex));
		if (ret == 0) {
			assert_int_equal(mask, updates[i].mask);
			assert_int_equal(apex.set[MSIG_APEX_NS].rrs.count, updates[i].ns);
			if (updates[i].ttl != 0)
				assert_int_equal(apex.set[MSIG_APEX_NS].ttl, updates[i].ttl);
		}
		msig_apex_clear(&apex);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set),     cmocka_unit_test(test_each_empty),
	    cmocka_unit_test(test_digest),  cmocka_unit_test(test_algebra),
	    cmocka_unit_test(test_rrs),     cmocka_unit_test(test_update_round),
	    cmocka_unit_test(test_updates), cmocka_unit_test(test_too_long),
	};
	return cmocka_run_group_tests_name("apex", tests, NULL, NULL);
}
