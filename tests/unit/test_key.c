/* Key tags and their collisions, DS, CDS and CDNSKEY. */
#include "tests/unit/wire.h"
#include "libmsig/err.h"
#include "libmsig/key.h"

/* RFC 8080 6.1, RFC 6605 6.1, RFC 4034 5.4. */
#define ED25519    \
	"0101030f" \
	"974d96a22d224bc01adb915091477d44ccd91c9a41a11430010117d52c59240e"
#define P256                                                               \
	"0101030d"                                                         \
	"1a88c88615d437fbb8bf9e1942a1929f28562706ae6c2bd399e7b1bfb6d1e9e7" \
	"5b92b4aa42917ae1c61b701ef035c3fe7be3009cbafe5a2f71316c902dcf0d00"

static void
test_tags(void **state)
{
	knot_rdata_t *key = rdata_hex(ED25519);
	uint8_t ds[MSIG_DS_MAX];
	uint16_t len;
	char text[128];

	assert_int_equal(msig_key_tag(key), 3613);
	assert_int_equal(msig_key_tag_revoked(key), 3613 + 128);
	assert_true(msig_key_is_sep(key));
	assert_int_equal(msig_key_ds(NAME("Example.com."), key, 2, ds, &len), 0);
	assert_int_equal(len, 36);
	assert_string_equal(
	    to_hex(ds, len, text),
	    "0e1d0f023aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b");
	assert_int_equal(msig_key_ds(NAME("example.com."), key, 4, ds, &len), 0);
	assert_int_equal(len, 52);
	assert_int_equal(msig_key_ds(NAME("example.com."), key, 1, ds, &len), KNOT_ENOTSUP);
	free(key);

	/* RSA/MD5: octets of the modulus. */
	key = rdata_hex("0100 03 01 0101 1234567890");
	assert_int_equal(msig_key_tag(key), 0x5678);
	assert_int_equal(msig_key_tag_revoked(key), 0x5678);
	free(key);
	key = rdata_hex("0100 03 01");
	assert_int_equal(msig_key_tag(key), 0x0401);
	assert_int_equal(msig_key_ds(NAME("a."), key, 2, ds, &len), KNOT_EINVAL);
	free(key);
	key = rdata_hex("01");
	assert_int_equal(msig_key_tag(key), 0);
	free(key);
	key = calloc(1, 8000);
	key->len = 7000; /* longer than any key of use */
	assert_int_equal(msig_key_ds(NAME("a."), key, 2, ds, &len), KNOT_ESPACE);
	free(key);

	key = rdata_hex(P256);
	assert_int_equal(msig_key_tag(key), 55648);
	assert_int_equal(msig_key_ds(NAME("example.net."), key, 2, ds, &len), 0);
	assert_string_equal(
	    to_hex(ds, len, text),
	    "d9600d02b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17");
	free(key);
}

static const struct {
	const char *hex;
	bool sep;
} seps[] = {
    {"0101030f 01", true},
    {"0100030f 01", false},
    {"0181030f 01", false},
    {"0001030f 01", false},
    {"0101020f 01", false},
    {"0101030f", false},
    {"", false},
};

static void
test_sep(void **state)
{
	for (size_t i = 0; i < sizeof(seps) / sizeof(seps[0]); i++) {
		knot_rdata_t *key = rdata_hex(seps[i].hex);

		print_message("# %s\n", seps[i].hex);
		assert_int_equal(msig_key_is_sep(key), seps[i].sep);
		free(key);
	}
}

static const struct {
	const char *name;
	const char *ds;
	bool match;
} matches[] = {
    {"SHA-1", "0e1d0f01 b2c63605467c4a40942b47a953e9c0d38f81083a", true},
    {"SHA-256", "0e1d0f02 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b", true},
    {"SHA-384",
     "0e1d0f04 "
     "89389da437fca8372e67359dfc0dd4428fa2615df6e31bc5501677dd068514fea5c4efaf82188530a8a1645d9d3ef"
     "884",
     true},
    {"digest", "0e1d0f02 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304c", false},
    {"tag", "0e1e0f02 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b", false},
    {"algorithm", "0e1d0d02 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b",
     false},
    {"cut", "0e1d0f02 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a30", false},
    {"longer", "0e1d0f02 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b00",
     false},
    {"digest type 3", "0e1d0f03 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b",
     false},
    {"delete", "00000000 00", false},
    {"empty", "", false},
};

static void
test_matches(void **state)
{
	knot_rdata_t *key = rdata_hex(ED25519);

	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		knot_rdata_t *ds = rdata_hex(matches[i].ds);

		print_message("# %s\n", matches[i].name);
		assert_int_equal(msig_key_matches_ds(NAME("example.COM."), key, ds),
				 matches[i].match);
		assert_false(msig_key_matches_ds(NAME("example.net."), key, ds));
		free(ds);
	}
	free(key);
}

/* Collisions --------------------------------------------------------------------------------- */

static void
put(struct msig_set *set, const char *text)
{
	uint8_t data[256];

	assert_int_equal(msig_set_add(set, data, hex(text, data, sizeof(data))), 0);
}

/* Tag: the sum of 16-bit words with the carry. Two words swapped: another key of the same tag. */
static const struct {
	const char *name;
	const char *a, *b;
	bool clash;
} clashes[] = {
    {"the same key", "0100030f 1111 2222", "0100030f 1111 2222", false},
    {"different tags", "0100030f 1111 2222", "0100030f 1111 2223", false},
    {"same tag", "0100030f 1111 2222", "0100030f 2222 1111", true},
    {"same tag, other algorithm", "0100030f 1112 2222", "0100030d 2224 1112", true},
    {"ZSK and KSK", "0100030f 1111 2223", "0101030f 2222 1111", true},
    /* b is 128 above a: what a becomes when it is revoked. */
    {"tag of the revoked variant", "0101030f 1111 2222", "0101030f 1111 22a2", true},
    {"of the other's revoked variant", "0101030f 1111 22a2", "0101030f 1111 2222", true},
    {"revoked key and its former self", "0181030f 1111 2222", "0101030f 1111 2222", false},
    {"two revoked keys", "0181030f 1111 2222", "0181030f 2222 1111", true},
    {"too short to be keys", "01", "02", true}, /* both have no tag: 0 */
    {"256 apart", "0101030f 1111 2222", "0101030f 1111 2322", false},
};

static void
test_clashes(void **state)
{
	for (size_t i = 0; i < sizeof(clashes) / sizeof(clashes[0]); i++) {
		struct msig_set a, b;
		struct msig_key_clash clash;

		print_message("# %s\n", clashes[i].name);
		msig_set_init(&a, 48);
		msig_set_init(&b, 48);
		put(&a, "0100030f aaaa bbbb");
		put(&a, clashes[i].a);
		put(&b, clashes[i].b);
		assert_int_equal(msig_key_clash(&a, &b, &clash), clashes[i].clash);
		assert_int_equal(msig_key_clash(&b, &a, NULL), clashes[i].clash);
		if (clashes[i].clash) {
			assert_true(clash.tag == msig_key_tag(clash.a) ||
				    clash.tag == msig_key_tag_revoked(clash.a));
			assert_true(knot_rdataset_member(&b.rrs, clash.b));
		}
		/* Within one set as well. */
		put(&a, clashes[i].b);
		assert_int_equal(msig_key_clash(&a, &a, NULL), clashes[i].clash);
		msig_set_clear(&a);
		msig_set_clear(&b);
	}
}

/* CDS ---------------------------------------------------------------------------------------- */

static void
test_cds(void **state)
{
	struct msig_set keys, cds, cdnskey;
	char text[128];

	msig_set_init(&keys, 48);
	msig_set_init(&cds, 59);
	msig_set_init(&cdnskey, 60);
	keys.ttl = 77;
	put(&keys, ED25519);
	put(&keys, "0100030f 0102"); /* no SEP */
	put(&keys, "0181030f 0102"); /* revoked */
	put(&cds, "00000000 00");
	assert_int_equal(msig_key_cds(NAME("example.com."), &keys, &cds, &cdnskey), 0);
	assert_int_equal(cds.rrs.count, 1);
	assert_int_equal(cdnskey.rrs.count, 1);
	assert_int_equal(cds.ttl, 77);
	assert_int_equal(cdnskey.ttl, 77);
	assert_string_equal(
	    to_hex(cds.rrs.rdata->data, cds.rrs.rdata->len, text),
	    "0e1d0f023aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b");
	assert_true(msig_key_cds_agree(NAME("example.com."), &cds, &cdnskey));
	assert_false(msig_key_cds_agree(NAME("example.net."), &cds, &cdnskey));

	/* One more on either side: they do not agree. */
	put(&cdnskey, P256);
	assert_false(msig_key_cds_agree(NAME("example.com."), &cds, &cdnskey));
	assert_int_equal(msig_key_cds(NAME("example.com."), &keys, &cds, &cdnskey), 0);
	put(&cds, "d9600d02b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17");
	assert_false(msig_key_cds_agree(NAME("example.com."), &cds, &cdnskey));

	msig_set_clear(&cds);
	assert_false(msig_key_cds_agree(NAME("example.com."), &cds, &cdnskey));
	msig_set_clear(&cdnskey);
	assert_true(msig_key_cds_agree(NAME("example.com."), &cds, &cdnskey));
	msig_set_clear(&keys);
}

static void
test_delete(void **state)
{
	struct msig_set cds, cdnskey;
	uint8_t ds[MSIG_DS_MAX];
	uint16_t len;

	msig_set_init(&cds, 59);
	msig_set_init(&cdnskey, 60);
	assert_false(msig_key_has_delete(&cds));
	put(&cds, "0e1d0f02 3aa5");
	put(&cdnskey, "0101030f 01");
	assert_false(msig_key_has_delete(&cds));
	assert_false(msig_key_has_delete(&cdnskey));
	put(&cds, "00000000 00");
	put(&cdnskey, "00000300 00");
	assert_true(msig_key_has_delete(&cds));
	assert_true(msig_key_has_delete(&cdnskey));
	msig_set_clear(&cds);
	msig_set_clear(&cdnskey);
	/* Alone, both sides: still no agreement to act on. */
	put(&cds, "00000000 00");
	put(&cdnskey, "00000300 00");
	assert_false(msig_key_cds_agree(NAME("example.com."), &cds, &cdnskey));
	msig_set_clear(&cds);
	msig_set_clear(&cdnskey);
	/* Algorithm 0 with a digest that fits. */
	put(&cdnskey, "01010300 1111");
	assert_int_equal(msig_key_ds(NAME("example.com."), cdnskey.rrs.rdata, 2, ds, &len), 0);
	assert_int_equal(msig_set_add(&cds, ds, len), 0);
	assert_false(msig_key_cds_agree(NAME("example.com."), &cds, &cdnskey));
	msig_set_clear(&cds);
	msig_set_clear(&cdnskey);
	put(&cds, "0e1d"); /* too short to tell */
	assert_true(msig_key_has_delete(&cds));
	msig_set_clear(&cds);
}

static void
test_ds_parse(void **state)
{
	static const char *const wrong[] = {"",
					    "1 2 3",
					    "4711 13 2 00",
					    "70000 13 1 0011223344556677889900112233445566778899",
					    "4711 13 3 0011223344556677889900112233445566778899",
					    "4711 13 1 001122334455667788990011223344556677889x",
					    "-1 13 1 00",
					    "4711 13 1"};
	uint8_t ds[MSIG_DS_MAX], expect[24];
	uint16_t len;

	assert_int_equal(
	    msig_key_ds_parse("4711 13 1 00112233445566778899001122334455667788Ff", ds, &len), 0);
	assert_int_equal(len, 24);
	hex("1267 0d 01 00112233445566778899001122334455667788ff", expect, sizeof(expect));
	assert_memory_equal(ds, expect, len);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(msig_key_ds_parse(wrong[i], ds, &len), MSIG_EVALUE);
}

/* Keys that a crypto library takes, and the same with one octet changed. */
static void
test_check(void **state)
{
	static const struct {
		const char *name, *hex;
		int result;
	} cases[] = {
	    {"P-256",
	     "0101030d "
	     "a09311112cf9138818cd2feae970ebbd4d6a30f6088c25b325a39abbc5cd1197aa098283e5aaf421"
	     "177c2aa5d714992a9957d1bcc18f98cd71f1f1806b65e148",
	     0},
	    {"P-256, not on the curve",
	     "0101030d "
	     "a09311112cf9138818cd2feae970ebbd4d6a30f6088c25b325a39abbc5cd1197aa098283e5aaf421"
	     "177c2aa5d714992a9957d1bcc18f98cd71f1f1806b65e149",
	     MSIG_EKEY},
	    {"P-256, too short", "0101030d a0931111", MSIG_EKEY},
	    {"P-384, not on the curve",
	     "0101030e "
	     "010101010101010101010101010101010101010101010101010101010101010101010101010101"
	     "0101010101010101010202020202020202020202020202020202020202020202020202020202020202"
	     "0202020202020202020202020202",
	     MSIG_EKEY},
	    {"Ed25519", "0101030f 1111111111111111111111111111111111111111111111111111111111111111",
	     0},
	    {"Ed25519, too short", "0101030f 1111", MSIG_EKEY},
	    {"RSA without a modulus", "01010308 03010001", MSIG_EKEY},
	    {"empty", "01010308", MSIG_EKEY},
	    {"an algorithm that is not known here", "010103fd 11", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t data[256];
		size_t len = hex(cases[i].hex, data, sizeof(data));
		print_message("# %s\n", cases[i].name);
		assert_int_equal(msig_key_check(data, len), cases[i].result);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tags),    cmocka_unit_test(test_sep),
	    cmocka_unit_test(test_matches), cmocka_unit_test(test_clashes),
	    cmocka_unit_test(test_cds),     cmocka_unit_test(test_delete),
	    cmocka_unit_test(test_check),   cmocka_unit_test(test_ds_parse),
	};
	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
