/*
 * Verification of RRsets: the vectors of RFC 8080 and RFC 6605, whole zones signed by BIND and Knot
 * (tests/data/rrsig), and every way in which a signature can be wrong.
 */
#include <libzscanner/scanner.h>
#include "tests/unit/wire.h"
#include "libmsig/err.h"
#include "libmsig/rrs.h"
#include "libmsig/rrsig.h"

#define NOW UINT64_C(1798761600) /* 2027-01-01 */

static const struct {
	const char *file;
	const char *ds;
} zones[] = {
    {"bind.8.zone", "a3c70802 3123D2BD3D84DA348DCA17FC5049437B017AAF6834BF3557767CE738CEE62971"},
    {"bind.13.zone", "f98b0d02 D62B2178B9F39A4CE0C88F64A1828F02C819AB789FFCF501A3608583DE4B279A"},
    {"bind.14.zone", "96080e02 2375A900467BA4E1FB0342FC1A8274B861C21FECA5A760AE5CEF139F6BE5ED18"},
    {"bind.15.zone", "96560f02 C64AB5457AF1C9A345C304B23C08FCE06739DC608ED0F92E98D8177C79507726"},
    {"knot.13.zone", "e5550d02 8530a6268abf5cf4f06a2d2b863446dbfa45d35728d420643583cced71110302"},
};

static void
load(const char *file, struct msig_rrs *rrs)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	zs_scanner_t s;

	memset(rrs, 0, sizeof(*rrs));
	snprintf(path, sizeof(path), "%s/tests/data/rrsig/%s", top == NULL ? ".." : top, file);
	assert_int_equal(zs_init(&s, ".", KNOT_CLASS_IN, 3600), 0);
	assert_int_equal(zs_set_input_file(&s, path), 0);
	while (zs_parse_record(&s) == 0 && s.state == ZS_STATE_DATA) {
		assert_int_equal(msig_rrs_add(rrs, s.r_owner, s.r_type, s.r_class, s.r_ttl,
					      s.r_data, s.r_data_length),
				 0);
	}
	assert_int_equal(s.state, ZS_STATE_EOF);
	zs_deinit(&s);
}

static knot_rdataset_t
set_of(const char *text)
{
	knot_rdataset_t set = {0};
	knot_rdata_t *rr = rdata_hex(text);

	assert_int_equal(knot_rdataset_add(&set, rr, NULL), 0);
	free(rr);
	return set;
}

static void
check_zone(const char *file, const char *ds_text)
{
	struct msig_rrs rrs;
	knot_rdataset_t ds = set_of(ds_text);
	struct name zone = name_of("Example.");
	const knot_rrset_t *keys, *sigs;
	unsigned checked = 0;

	print_message("# %s\n", file);
	load(file, &rrs);
	keys = msig_rrs_find(&rrs, zone.n, KNOT_RRTYPE_DNSKEY);
	for (size_t i = 0; i < rrs.count; i++) {
		const knot_rrset_t *rr = &rrs.at[i];
		struct msig_verdict v;

		if (rr->type == KNOT_RRTYPE_RRSIG)
			continue;
		sigs = msig_rrs_sigs(&rrs, rr->owner, rr->type);
		print_message("#   %s %u\n", text_of(rr->owner), rr->type);
		assert_non_null(sigs);
		if (rr->type == KNOT_RRTYPE_DNSKEY)
			assert_int_equal(
			    msig_rrsig_verify_dnskey(rr, &sigs->rrs, zone.n, &ds, NOW, &v), 0);
		else
			assert_int_equal(
			    msig_rrsig_verify(rr, &sigs->rrs, &keys->rrs, zone.n, NOW, &v), 0);
		assert_int_equal(v.result, 0);
		assert_int_equal(v.valid, 1);
		assert_true(v.keys != 0 && (v.keys & (v.keys - 1)) == 0);
		assert_true(v.expires == v.expires_last && v.expires > NOW);
		assert_false(v.wildcard);
		checked++;
	}
	assert_true(checked > 15);
	msig_rrs_clear(&rrs);
	knot_rdataset_clear(&ds, NULL);
}

static void
test_zones(void **state)
{
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		check_zone(zones[i].file, zones[i].ds);
}

/* Vectors of the RFCs ------------------------------------------------------------------------ */

static const struct {
	const char *name, *zone, *owner;
	uint16_t type;
	const char *rdata, *key, *rrsig;
	uint64_t now;
} vectors[] = {
    {"RFC 8080 6.1", "example.com.", "example.com.", 15,
     "000a 046d61696c 076578616d706c65 03636f6d 00",
     "0101030f974d96a22d224bc01adb915091477d44ccd91c9a41a11430010117d52c59240e",
     "000f0f0200000e1055d4fc6055b94ce00e1d076578616d706c6503636f6d00a0bf64ac9ba7ef17c1"
     "38859c1878bb99a839fe1759aca5b0d798cf1ab1e98d079102f4ddb3368f0fe40bb377f1f00e0cdd"
     "edb799167d56b6e932783072ba8d02",
     1439000000},
    {"RFC 6605 6.1", "example.net.", "www.example.net.", 1, "c0000201",
     "0101030d1a88c88615d437fbb8bf9e1942a1929f28562706ae6c2bd399e7b1bfb6d1e9e75b92b4aa"
     "42917ae1c61b701ef035c3fe7be3009cbafe5a2f71316c902dcf0d00",
     "00010d0300000e104c88b1374c63c737d960076578616d706c65036e657400ab1eb02d8aa687e97d"
     "a0229337aa8873e6f0eb26be289f28333d183f5d3b7a95c0c869adfb748daee3c5286eed6682c12e"
     "5533186baced9c26c167a9ebae950b",
     1282000000},
};

static void
test_vectors(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct name zone = name_of(vectors[i].zone);
		knot_rrset_t *rr =
		    knot_rrset_new(NAME(vectors[i].owner), vectors[i].type, 1, 1, NULL);
		knot_rdataset_t keys = set_of(vectors[i].key), sigs = set_of(vectors[i].rrsig);
		struct msig_verdict v;

		print_message("# %s\n", vectors[i].name);
		rr->rrs = set_of(vectors[i].rdata);
		assert_int_equal(msig_rrsig_verify(rr, &sigs, &keys, zone.n, vectors[i].now, &v),
				 0);
		assert_int_equal(v.keys, 1);
		assert_int_equal(msig_rrsig_verify(rr, &sigs, &keys, zone.n, NOW, NULL),
				 MSIG_ESIGTIME);
		knot_rdataset_clear(&keys, NULL);
		knot_rdataset_clear(&sigs, NULL);
		knot_rrset_free(rr, NULL);
	}
}

/* What can be wrong -------------------------------------------------------------------------- */

static struct msig_rrs rrs;
static struct name zone;

struct bench {
	knot_rrset_t *rrset;
	knot_rdataset_t keys, sigs;
	uint64_t now;
};

static void
replace_owner(knot_rrset_t *rr, const char *owner)
{
	knot_dname_free(rr->owner, NULL);
	rr->owner = knot_dname_copy(NAME(owner), NULL);
}

static void
make(struct bench *b, const char *owner, uint16_t type)
{
	b->rrset = knot_rrset_copy(msig_rrs_find(&rrs, NAME(owner), type), NULL);
	b->keys = (knot_rdataset_t){0};
	b->sigs = (knot_rdataset_t){0};
	b->now = NOW;
	assert_int_equal(knot_rdataset_copy(
			     &b->keys, &msig_rrs_find(&rrs, zone.n, KNOT_RRTYPE_DNSKEY)->rrs, NULL),
			 0);
	assert_int_equal(
	    knot_rdataset_copy(&b->sigs, &msig_rrs_sigs(&rrs, NAME(owner), type)->rrs, NULL), 0);
}

static int
judge(struct bench *b, struct msig_verdict *v)
{
	return msig_rrsig_verify(b->rrset, &b->sigs, &b->keys, zone.n, b->now, v);
}

static void
drop(struct bench *b)
{
	knot_rrset_free(b->rrset, NULL);
	knot_rdataset_clear(&b->keys, NULL);
	knot_rdataset_clear(&b->sigs, NULL);
}

static void
w_nothing(struct bench *b)
{
}

static void
w_rdata(struct bench *b)
{
	b->rrset->rrs.rdata->data[5] ^= 1;
}

static void
w_letters(struct bench *b)
{
	replace_owner(b->rrset, "A.B.eXample.");
}

static void
w_owner(struct bench *b)
{
	replace_owner(b->rrset, "a.c.example.");
}

static void
w_other_zone(struct bench *b)
{
	replace_owner(b->rrset, "a.b.example2.");
}

static void
w_ttl(struct bench *b)
{
	b->rrset->ttl = 1;
}

static void
w_type(struct bench *b)
{
	b->rrset->type = 29;
}

static void
w_class(struct bench *b)
{
	b->rrset->rclass = 3;
}

static void
w_original_ttl(struct bench *b)
{
	b->sigs.rdata->data[7] ^= 1;
}

static void
w_signature(struct bench *b)
{
	b->sigs.rdata->data[b->sigs.rdata->len - 1] ^= 1;
}

static void
w_signer(struct bench *b)
{
	b->sigs.rdata->data[19] ^= 1;
}

static void
w_signer_letters(struct bench *b)
{
	b->sigs.rdata->data[19] ^= 0x20;
}

static void
w_labels_few(struct bench *b)
{
	b->sigs.rdata->data[3] = 2;
}

static void
w_labels_many(struct bench *b)
{
	b->sigs.rdata->data[3] = 4;
}

static void
w_before(struct bench *b)
{
	b->now = 1735689599; /* inception is 2025-01-01 */
}

static void
w_at_inception(struct bench *b)
{
	b->now = 1735689600;
}

static void
w_at_expiration(struct bench *b)
{
	b->now = 2051222400; /* 2035-01-01 */
}

static void
w_after(struct bench *b)
{
	b->now = 2051222401;
}

static void
w_no_sigs(struct bench *b)
{
	knot_rdataset_clear(&b->sigs, NULL);
}

static void
w_sig_of_other_type(struct bench *b)
{
	b->sigs.rdata->data[1] ^= 1;
}

static void
w_sig_cut(struct bench *b)
{
	b->sigs.rdata->len = 20;
}

static void
w_sig_empty(struct bench *b)
{
	b->sigs.rdata->len = 18 + 9; /* up to the signer's name */
}

static void
w_no_keys(struct bench *b)
{
	knot_rdataset_clear(&b->keys, NULL);
}

static void
w_tag(struct bench *b)
{
	b->sigs.rdata->data[17] ^= 1;
}

static void
w_algorithm(struct bench *b)
{
	b->sigs.rdata->data[2] = 14;
}

/* A key with another header, and its new tag in the signature: not even tried. */
static void
header(struct bench *b, uint16_t flags, uint8_t protocol)
{
	knot_rdata_t *key = b->keys.rdata;

	for (uint16_t i = 0; i < b->keys.count; i++, key = knot_rdataset_next(key)) {
		if (msig_key_tag(key) == knot_rrsig_key_tag(b->sigs.rdata)) {
			knot_wire_write_u16(key->data, flags);
			key->data[2] = protocol;
			knot_wire_write_u16(b->sigs.rdata->data + 16, msig_key_tag(key));
			return;
		}
	}
	fail();
}

static void
w_revoked(struct bench *b)
{
	header(b, 0x0180, 3);
}

static void
w_no_zone_key(struct bench *b)
{
	header(b, 0x0000, 3);
}

static void
w_sep_flag(struct bench *b)
{
	header(b, 0x0101, 3); /* tried, and the tag in the signature is not what was signed */
}

static void
w_protocol(struct bench *b)
{
	header(b, 0x0100, 2);
}

static void
w_empty(struct bench *b)
{
	knot_rdataset_clear(&b->rrset->rrs, NULL);
}

static void
w_many_keys(struct bench *b)
{
	for (int i = 0; i < MSIG_RRSIG_KEYS_MAX; i++) {
		uint8_t data[] = {1, 0, 3, 13, i};
		knot_rdata_t *rr = rdata_of(data, sizeof(data));

		assert_int_equal(knot_rdataset_add(&b->keys, rr, NULL), 0);
		free(rr);
	}
}

/* Bad signatures of the right tag: work for nothing, up to a limit. */
static void
more_sigs(struct bench *b, int count)
{
	for (int i = 0; i < count; i++) {
		knot_rdata_t *rr = rdata_of(b->sigs.rdata->data, b->sigs.rdata->len);

		rr->data[rr->len - 1] ^= i + 1;
		rr->data[rr->len - 40] ^= 0x55;
		assert_int_equal(knot_rdataset_add(&b->sigs, rr, NULL), 0);
		free(rr);
	}
}

static void
w_some_bad_sigs(struct bench *b)
{
	more_sigs(b, 4);
}

static void
w_tries(struct bench *b)
{
	b->sigs.rdata->data[b->sigs.rdata->len - 1] ^= 0x80; /* none is good */
	more_sigs(b, MSIG_RRSIG_TRIES_MAX);
}

static const struct {
	const char *name;
	void (*spoil)(struct bench *b);
	int err;
} wrongs[] = {
    {"nothing", w_nothing, 0},
    {"rdata", w_rdata, MSIG_EBADSIG},
    {"letters of the owner", w_letters, 0},
    {"owner", w_owner, MSIG_EBADSIG},
    {"owner outside the zone", w_other_zone, MSIG_ESIGKEY},
    {"TTL counted down", w_ttl, 0},
    {"type", w_type, MSIG_ENOSIG},
    {"class", w_class, MSIG_EBADSIG},
    {"original TTL", w_original_ttl, MSIG_EBADSIG},
    {"signature", w_signature, MSIG_EBADSIG},
    {"signer", w_signer, MSIG_ESIGKEY},
    {"letters of the signer", w_signer_letters, 0},
    {"too few labels", w_labels_few, MSIG_EBADSIG},
    {"too many labels", w_labels_many, KNOT_EMALF},
    {"before inception", w_before, MSIG_ESIGTIME},
    {"at inception", w_at_inception, 0},
    {"at expiration", w_at_expiration, 0},
    {"after expiration", w_after, MSIG_ESIGTIME},
    {"no signature", w_no_sigs, MSIG_ENOSIG},
    {"signature of another type", w_sig_of_other_type, MSIG_ENOSIG},
    {"signature cut in the name", w_sig_cut, KNOT_EMALF},
    {"signature without a signature", w_sig_empty, KNOT_EMALF},
    {"no keys", w_no_keys, MSIG_ESIGKEY},
    {"tag", w_tag, MSIG_ESIGKEY},
    {"algorithm", w_algorithm, MSIG_ESIGKEY},
    {"revoked key", w_revoked, MSIG_ESIGKEY},
    {"no zone key", w_no_zone_key, MSIG_ESIGKEY},
    {"key with another flag", w_sep_flag, MSIG_EBADSIG},
    {"protocol of the key", w_protocol, MSIG_ESIGKEY},
    {"empty RRset", w_empty, MSIG_EMISSING},
    {"65 keys and more", w_many_keys, MSIG_ESIZE},
    {"bad signatures beside a good one", w_some_bad_sigs, 0},
    {"too many bad signatures", w_tries, MSIG_ESIZE},
};

static int
setup(void **state)
{
	zone = name_of("example.");
	load("bind.13.zone", &rrs);
	return 0;
}

static int
teardown(void **state)
{
	msig_rrs_clear(&rrs);
	return 0;
}

static void
test_wrongs(void **state)
{
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct bench b;
		struct msig_verdict v;

		print_message("# %s\n", wrongs[i].name);
		make(&b, "a.b.example.", KNOT_RRTYPE_AAAA);
		wrongs[i].spoil(&b);
		assert_int_equal(judge(&b, &v), wrongs[i].err);
		assert_int_equal(v.result, wrongs[i].err);
		assert_int_equal(v.valid, wrongs[i].err == 0);
		assert_int_equal(v.keys != 0, wrongs[i].err == 0);
		assert_int_equal(judge(&b, NULL), wrongs[i].err);
		drop(&b);
	}
}

static const struct {
	const char *owner;
	int err;
	bool wildcard;
} wildcards[] = {
    {"*.wild.example.", 0, false},
    {"x.wild.example.", 0, true},
    {"X.y.Wild.example.", 0, true},
    {"*.x.wild.example.", 0, true},
    {"x.tame.example.", MSIG_EBADSIG, false},
    {"wild.example.", MSIG_EBADSIG, false},
    {"example.", KNOT_EMALF, false},
};

static void
test_wildcards(void **state)
{
	for (size_t i = 0; i < sizeof(wildcards) / sizeof(wildcards[0]); i++) {
		struct bench b;
		struct msig_verdict v;

		print_message("# %s\n", wildcards[i].owner);
		make(&b, "*.wild.example.", KNOT_RRTYPE_A);
		replace_owner(b.rrset, wildcards[i].owner);
		assert_int_equal(judge(&b, &v), wildcards[i].err);
		assert_int_equal(v.wildcard, wildcards[i].wildcard);
		drop(&b);
	}
}

/* DNSKEY: both keys sign it in this zone. */

static void
keep_sig_of(knot_rdataset_t *sigs, const knot_rdataset_t *keys, bool sep)
{
	const knot_rdata_t *key = keys->rdata;

	for (uint16_t i = 0; i < keys->count; i++) {
		for (uint16_t j = 0; j < sigs->count; j++) {
			knot_rdata_t *sig = knot_rdataset_at(sigs, j);

			if (knot_rrsig_key_tag(sig) == msig_key_tag(key) &&
			    msig_key_is_sep(key) != sep) {
				knot_rdata_t *copy = rdata_of(sig->data, sig->len);

				knot_rdataset_remove(sigs, copy, NULL);
				free(copy);
				break;
			}
		}
		key = knot_rdataset_at(keys, i + 1 < keys->count ? i + 1 : i);
	}
}

static void
test_dnskey(void **state)
{
	knot_rdataset_t ds = set_of(zones[1].ds), none = {0};
	knot_rdataset_t other =
	    set_of("f98b0d02 d62b2178b9f39a4ce0c88f64a1828f02c819ab789ffcf501a3608583de4b279b");
	struct bench b;
	struct msig_verdict v;

	make(&b, "example.", KNOT_RRTYPE_DNSKEY);
	assert_int_equal(b.sigs.count, 2);
	assert_int_equal(judge(&b, &v), 0);
	assert_int_equal(v.valid, 2);
	assert_int_equal(msig_rrsig_verify_dnskey(b.rrset, &b.sigs, zone.n, NULL, NOW, &v), 0);
	assert_int_equal(v.valid, 1);
	assert_int_equal(msig_rrsig_verify_dnskey(b.rrset, &b.sigs, zone.n, &ds, NOW, &v), 0);
	assert_int_equal(v.valid, 1);
	assert_int_equal(msig_rrsig_verify_dnskey(b.rrset, &b.sigs, zone.n, &other, NOW, &v),
			 MSIG_ESIGKEY);
	assert_int_equal(msig_rrsig_verify_dnskey(b.rrset, &b.sigs, zone.n, &none, NOW, &v),
			 MSIG_ESIGKEY);
	/* By the ZSK alone: signed, but not for the parent. */
	keep_sig_of(&b.sigs, &b.keys, false);
	assert_int_equal(b.sigs.count, 1);
	assert_int_equal(judge(&b, &v), 0);
	assert_int_equal(msig_rrsig_verify_dnskey(b.rrset, &b.sigs, zone.n, NULL, NOW, &v),
			 MSIG_ESIGKEY);
	drop(&b);
	knot_rdataset_clear(&ds, NULL);
	knot_rdataset_clear(&other, NULL);
}

/* Two good signatures of different ends: earliest and latest are told apart. */
static void
test_expirations(void **state)
{
	struct bench b;
	struct msig_verdict v;
	knot_rdata_t *sig;

	make(&b, "example.", KNOT_RRTYPE_DNSKEY);
	assert_int_equal(judge(&b, &v), 0);
	assert_true(v.expires == 2051222400 && v.expires_last == 2051222400);
	assert_int_equal(v.inception, 1735689600);
	assert_int_equal(v.seen, 2);
	sig = b.sigs.rdata;
	sig->data[sig->len - 1] ^= 1;
	assert_int_equal(judge(&b, &v), 0);
	assert_int_equal(v.valid, 1);
	assert_int_equal(v.seen, 2);
	drop(&b);
}

/* A second signature over the same RRset, by the same key, that ends in 2030. */
static void
test_two_ends(void **state)
{
	struct msig_rrs earlier;
	struct bench b;
	struct msig_verdict v;

	load("bind.13.earlier.zone", &earlier);
	make(&b, "a.b.example.", KNOT_RRTYPE_AAAA);
	assert_int_equal(knot_rdataset_merge(&b.sigs, &earlier.at[0].rrs, NULL), 0);
	assert_int_equal(b.sigs.count, 2);
	assert_int_equal(judge(&b, &v), 0);
	assert_int_equal(v.valid, 2);
	assert_true(v.expires == 1893456000);
	assert_true(v.expires_last == 2051222400);
	b.now = 1893456001;
	assert_int_equal(judge(&b, &v), 0);
	assert_int_equal(v.valid, 1);
	assert_true(v.expires == 2051222400 && v.expires_last == 2051222400);
	drop(&b);
	msig_rrs_clear(&earlier);
}

/* Two algorithms, the one that sorts first ending last. */
static void
test_two_algorithms(void **state)
{
	struct msig_rrs earlier, rsa;
	struct bench b;
	struct msig_verdict v;

	load("bind.13.earlier.zone", &earlier);
	load("bind.8.zone", &rsa);
	make(&b, "a.b.example.", KNOT_RRTYPE_AAAA);
	knot_rdataset_clear(&b.sigs, NULL);
	assert_int_equal(knot_rdataset_merge(&b.sigs, &earlier.at[0].rrs, NULL), 0);
	assert_int_equal(
	    knot_rdataset_merge(
		&b.sigs, &msig_rrs_sigs(&rsa, NAME("a.b.example."), KNOT_RRTYPE_AAAA)->rrs, NULL),
	    0);
	assert_int_equal(knot_rdataset_merge(
			     &b.keys, &msig_rrs_find(&rsa, zone.n, KNOT_RRTYPE_DNSKEY)->rrs, NULL),
			 0);
	assert_int_equal(judge(&b, &v), 0);
	assert_int_equal(v.valid, 2);
	assert_true(v.expires == 1893456000 && v.expires_last == 2051222400);
	for (uint16_t i = 0; i < b.keys.count; i++) {
		const knot_rdata_t *key = knot_rdataset_at(&b.keys, i);

		/* The two ZSKs, whatever else is there. */
		assert_int_equal((v.keys >> i) & 1, knot_dnskey_flags(key) == 256);
	}
	drop(&b);
	msig_rrs_clear(&earlier);
	msig_rrs_clear(&rsa);
}

/* Every beginning of an RRSIG and of a key, each in memory of just its size. */
static void
test_short(void **state)
{
	struct bench b;
	struct msig_verdict v;

	make(&b, "a.b.example.", KNOT_RRTYPE_AAAA);
	for (uint16_t n = 0; n < b.sigs.rdata->len; n++) {
		knot_rdata_t *rr = rdata_of(b.sigs.rdata->data, n);
		knot_rdataset_t sigs = {0};

		assert_int_equal(knot_rdataset_add(&sigs, rr, NULL), 0);
		assert_int_not_equal(msig_rrsig_verify(b.rrset, &sigs, &b.keys, zone.n, NOW, &v),
				     0);
		assert_false(n < 18 && msig_rrsig_in_time(sigs.rdata, NOW));
		knot_rdataset_clear(&sigs, NULL);
		free(rr);
	}
	for (uint16_t n = 0; n < b.keys.rdata->len; n++) {
		knot_rdata_t *rr = rdata_of(b.keys.rdata->data, n);
		knot_rdataset_t keys = {0};

		assert_int_equal(knot_rdataset_add(&keys, rr, NULL), 0);
		assert_int_equal(msig_rrsig_verify(b.rrset, &b.sigs, &keys, zone.n, NOW, &v),
				 MSIG_ESIGKEY);
		knot_rdataset_clear(&keys, NULL);
		free(rr);
	}
	drop(&b);
}

/* 32-bit times across 2106: what is near now counts. */
static void
test_time_wraps(void **state)
{
	knot_rdata_t *sig = rdata_hex("0001 0d 02 00000e10 00000100 ffffff00 0000 00 00");

	assert_true(msig_rrsig_in_time(sig, UINT64_C(0x100000000)));
	assert_true(msig_rrsig_in_time(sig, UINT64_C(0x0ffffff00)));
	assert_true(msig_rrsig_in_time(sig, UINT64_C(0x100000100)));
	assert_false(msig_rrsig_in_time(sig, UINT64_C(0x100000101)));
	assert_false(msig_rrsig_in_time(sig, UINT64_C(0x0fffffeff)));
	free(sig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_zones),      cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_wrongs),     cmocka_unit_test(test_wildcards),
	    cmocka_unit_test(test_dnskey),     cmocka_unit_test(test_expirations),
	    cmocka_unit_test(test_time_wraps), cmocka_unit_test(test_two_algorithms),
	    cmocka_unit_test(test_short),      cmocka_unit_test(test_two_ends),
	};
	return cmocka_run_group_tests_name("rrsig", tests, setup, teardown);
}
