/*
 * SIG(0): messages signed by nsupdate and dig (tests/data/sig0), our own there and back, and
 * everything that must be refused.
 */
#include <ctype.h>
#include "tests/unit/wire.h"
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "libmsig/sig0.h"

#define NOW UINT64_C(1795407614)
#define W MSIG_SIG0_WINDOW

static size_t
slurp(const char *file, char *buf, size_t max)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	FILE *f;
	size_t len;

	snprintf(path, sizeof(path), "%s/tests/data/sig0/%s", top == NULL ? ".." : top, file);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(buf, 1, max - 1, f);
	buf[len] = '\0';
	fclose(f);
	return len;
}

/* The KEY record of BIND's .key file, as an RRset of one. */
static knot_rdataset_t
public_key(const char *file)
{
	char text[2048], private[4096], name[32];
	struct msig_sig0_key *key;
	knot_rdataset_t set = {0};
	size_t len = slurp(file, text, sizeof(text)), plen;

	snprintf(name, sizeof(name), "%.*s.private", (int)(strlen(file) - 4), file);
	plen = slurp(name, private, sizeof(private));
	assert_int_equal(msig_sig0_key_from_bind(text, len, private, plen, &key), 0);
	assert_int_equal(knot_rdataset_add(&set, msig_sig0_key_rdata(key), NULL), 0);
	msig_sig0_key_free(key);
	return set;
}

static size_t
message(const char *file, uint8_t *wire, size_t max, uint64_t *time)
{
	char text[8192];
	unsigned long t;

	slurp(file, text, sizeof(text));
	assert_int_equal(sscanf(text, "# time %lu", &t), 1);
	*time = t;
	return hex(strchr(text, '\n'), wire, max);
}

static const struct {
	const char *file, *key;
	uint8_t algorithm;
	uint16_t tag;
} foreign[] = {
    {"nsupdate.13", "key.13.key", 13, 54060},
    {"nsupdate.15", "key.15.key", 15, 9287},
    {"dig.13", "key.13.key", 13, 54060},
    {"dig.15", "key.15.key", 15, 9287},
};

/* The signer's name has capitals on the wire: it is hashed in lower case. */
static void
test_foreign(void **state)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		knot_rdataset_t keys = public_key(foreign[i].key);
		struct msig_sig0_info info;
		uint8_t wire[2048];
		uint64_t now;
		size_t len = message(foreign[i].file, wire, sizeof(wire), &now);

		print_message("# %s\n", foreign[i].file);
		assert_int_equal(msig_sig0_peek(wire, len, &info), 0);
		assert_string_equal(text_of(info.signer), "ns.msa.p1.example.");
		assert_memory_equal(info.signer, NAME("ns.msa.p1.example."), 20);
		assert_int_equal(info.algorithm, foreign[i].algorithm);
		assert_int_equal(info.tag, foreign[i].tag);
		assert_int_equal(info.expiration - info.inception, 600);
		assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &keys, now, W, &info), 0);
		for (size_t at = 0; at < len; at++) {
			wire[at] ^= 0x40;
			assert_int_not_equal(
			    msig_sig0_verify(wire, len, NULL, 0, &keys, now, W, NULL), 0);
			wire[at] ^= 0x40;
		}
		knot_rdataset_clear(&keys, NULL);
	}
}

/* RSA is verified, though not made from BIND's files. */
static void
test_rsa(void **state)
{
	static const char *const files[] = {"nsupdate.8", "dig.8"};
	knot_rdataset_t keys = {0};
	knot_rdata_t *rr = rdata_hex(
	    "0200030803010001a3db5ea8d89592fec1d807cbc214c0fbfb7d3d5c1cf28a4af413b2ad63117243"
	    "3e453eee4177df0f00b162623aa917d332308428a877f8353bead156fa5e732a7e666181135254cd"
	    "d5907a21b50d3d413fae92d060848443768b09f41784fb8a70dbcf3a13b7b5222b531348307b1ab8"
	    "cdbae880fc030d92473dfa0c4f6f984a99b487cef1d08cff4fda76b6ed06a5c5d1d073f8a24ccf49"
	    "9cd32d4a968eaa9f49ee679c43a25a10e8e5c2d70e9fac7d5e55872af663d869fbe0b915903b8018"
	    "aa180d86216a28c503a3d801c4b4d67d9bd4ff7b40c8d33e52ad352e306492b272e94352c64ffd29"
	    "aeb9cf4fb048de851d245ddfd252a436b2b667f44ef53b11");

	assert_int_equal(knot_rdataset_add(&keys, rr, NULL), 0);
	free(rr);
	for (int i = 0; i < 2; i++) {
		uint8_t wire[2048];
		uint64_t now;
		size_t len = message(files[i], wire, sizeof(wire), &now);

		assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &keys, now, W, NULL), 0);
	}
	knot_rdataset_clear(&keys, NULL);
}

/* Keys --------------------------------------------------------------------------------------- */

static void
test_keys(void **state)
{
	static const uint8_t algorithms[] = {15, 13};

	for (int i = 0; i < 2; i++) {
		struct msig_sig0_key *key, *again;
		const knot_rdata_t *rr;
		char *pem;
		size_t len;

		assert_int_equal(msig_sig0_key_generate(NAME("Ns.Example."), algorithms[i], &key),
				 0);
		assert_int_equal(msig_sig0_key_algorithm(key), algorithms[i]);
		assert_memory_equal(msig_sig0_key_name(key), "\2ns\7example", 12);
		rr = msig_sig0_key_rdata(key);
		assert_int_equal(rr->len, 4 + (algorithms[i] == 15 ? 32 : 64));
		assert_int_equal(knot_dnskey_flags(rr), 512);
		assert_int_equal(knot_dnskey_proto(rr), 3);
		assert_int_equal(msig_sig0_key_tag(key), msig_key_tag(rr));
		assert_true(msig_sig0_key_usable(rr));

		assert_int_equal(msig_sig0_key_to_pem(key, &pem, &len), 0);
		assert_int_equal(strlen(pem), len);
		assert_non_null(strstr(pem, "BEGIN PRIVATE KEY"));
		assert_int_equal(msig_sig0_key_from_pem(NAME("b."), (uint8_t *)pem, len, &again),
				 0);
		assert_int_equal(msig_sig0_key_tag(again), msig_sig0_key_tag(key));
		assert_int_equal(knot_rdata_cmp(msig_sig0_key_rdata(again), rr), 0);
		msig_sig0_key_free(again);
		/* Half a file. */
		assert_int_not_equal(
		    msig_sig0_key_from_pem(NAME("b."), (uint8_t *)pem, len / 2, &again), 0);
		assert_null(again);
		free(pem);
		msig_sig0_key_free(key);
	}
	msig_sig0_key_free(NULL);
}

static void
test_keys_refused(void **state)
{
	struct msig_sig0_key *key;
	/* A P-384 key: of no use for SIG(0) here. */
	static const char p384[] =
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDNI8byVNc5x8su/is5\n"
	    "mBRTB7iKe3gSxyPF6fX84mxBbEIbRyuX2lBunBXNw1yjc/qhZANiAAQtWQpq2vpD\n"
	    "FRbvU0LI46YRxBZDq3cCZ9CenRiVavEOvUbEOOFBASpitb6+58Brv9krManw+xcc\n"
	    "PTT0fxbqpPHs6y1un3kLe+tElzow6yz+gvCejQqjzpjsgPclhknfXWY=\n"
	    "-----END PRIVATE KEY-----\n";

	assert_int_equal(msig_sig0_key_generate(NAME("a."), 8, &key), KNOT_ENOTSUP);
	assert_null(key);
	assert_int_equal(msig_sig0_key_from_pem(NAME("a."), (const uint8_t *)"", 0, &key),
			 KNOT_EINVAL);
	assert_int_equal(msig_sig0_key_from_pem(NAME("a."), (const uint8_t *)"junk", 4, &key),
			 KNOT_EINVAL);
	assert_int_equal(
	    msig_sig0_key_from_pem(NAME("a."), (const uint8_t *)p384, strlen(p384), &key),
	    KNOT_ENOTSUP);
	assert_null(key);
}

static const struct {
	const char *name, *public, *private;
	int err;
} binds[] = {
#define A100                                                                                       \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAA"
#define A1000 A100 A100 A100 A100 A100 A100 A100 A100 A100 A100
#define PUB "n. IN KEY 512 3 15 dXD0XfXefjp8B3tNn/5Swa9lhiyb7gbKix8mU5NTOio=\n"
#define PRIV                                                              \
	"Private-key-format: v1.3\nAlgorithm: 15 (ED25519)\nPrivateKey: " \
	"m77eqYfI0evWwL4gWoYqh+bMHER0eSOl5zgkxA1DzmY=\n"
    {"as they are", PUB, PRIV, 0},
    {"with TTL and a comment",
     "; This is a key\nn. 300 IN KEY 512 3 15 dXD0XfXefjp8B3tN n/5Swa9lhiyb7gbKix8mU5NTOio=\r\n",
     PRIV, 0},
    {"no public line", "; nothing\n", PRIV, KNOT_EINVAL},
    {"DNSKEY", "n. IN DNSKEY 512 3 15 dXD0XfXefjp8B3tNn/5Swa9lhiyb7gbKix8mU5NTOio=\n", PRIV,
     KNOT_EINVAL},
    {"no private key", PUB, "Private-key-format: v1.3\n", KNOT_EINVAL},
    {"no base64", PUB, "PrivateKey: !!!\n", KNOT_EINVAL},
    {"protocol", "n. IN KEY 512 2 15 dXD0XfXefjp8B3tNn/5Swa9lhiyb7gbKix8mU5NTOio=\n", PRIV,
     KNOT_EINVAL},
    {"flags", "n. IN KEY 70000 3 15 dXD0XfXefjp8B3tNn/5Swa9lhiyb7gbKix8mU5NTOio=\n", PRIV,
     KNOT_EINVAL},
    {"algorithm", "n. IN KEY 512 3 13 dXD0XfXefjp8B3tNn/5Swa9lhiyb7gbKix8mU5NTOio=\n", PRIV,
     KNOT_EINVAL},
    {"cut", "n. IN KEY 512\n", PRIV, KNOT_EINVAL},
    {"no name", "a..b IN KEY 512 3 15 dXD0XfXefjp8B3tNn/5Swa9lhiyb7gbKix8mU5NTOio=\n", PRIV,
     KNOT_EINVAL},
    {"blanks", "  \t \n", PRIV, KNOT_EINVAL},
    {"algorithm 271", "n. IN KEY 512 3 271 dXD0XfXefjp8B3tNn/5Swa9lhiyb7gbKix8mU5NTOio=\n", PRIV,
     KNOT_EINVAL},
    {"P-256 that calls itself P-384",
     "n. IN KEY 512 3 14 afffkPwRi/uQLK3aoi+Z6ARAQeqZf4NQEmrAx/8BA6xK/Ud50rrXWfSb "
     "os5bsRz3if+3VmeKwQkW+ts8RatbJQ==\n",
     "PrivateKey: tVHf9/+18uXX4sjAMzC0o4HXsFS6/wCtBJ3iZgVi4Po=\n", KNOT_EINVAL},
    {"P-256",
     "n. IN KEY 512 3 13 afffkPwRi/uQLK3aoi+Z6ARAQeqZf4NQEmrAx/8BA6xK/Ud50rrXWfSb "
     "os5bsRz3if+3VmeKwQkW+ts8RatbJQ==\n",
     "PrivateKey: tVHf9/+18uXX4sjAMzC0o4HXsFS6/wCtBJ3iZgVi4Po=\n", 0},
    {"longer than any key", "n. IN KEY 512 3 15 " A1000 " " A1000 "\n", PRIV, KNOT_EINVAL},
    {"empty", "", "", KNOT_EINVAL},
};

static void
test_bind_files(void **state)
{
	for (size_t i = 0; i < sizeof(binds) / sizeof(binds[0]); i++) {
		struct msig_sig0_key *key;

		print_message("# %s\n", binds[i].name);
		assert_int_equal(msig_sig0_key_from_bind(binds[i].public, strlen(binds[i].public),
							 binds[i].private, strlen(binds[i].private),
							 &key),
				 binds[i].err);
		assert_int_equal(key == NULL, binds[i].err != 0);
		if (key != NULL)
			assert_true(msig_sig0_key_tag(key) == 9287 ||
				    msig_sig0_key_tag(key) == 54060);
		msig_sig0_key_free(key);
	}
}

static const struct {
	const char *hex;
	bool usable;
} usables[] = {
    {"0200 03 0f 01", true},
    {"0000 03 0f 01", true},
    {"0200 03 08 01", true},
    {"0200 03 0d 01", true},
    {"0200 03 0e 01", true},
    {"0200 03 10 01", true},
    {"0200 03 05 01", false},
    {"0200 03 01 01", false},
    {"0200 03 00 01", false},
    {"0100 03 0f 01", false},
    {"0200 02 0f 01", false},
    {"0200 03 0f", false},
    {"", false},
};

/* A zone key has another task: its signature is good, and does not count. */
static void
test_zone_key(void **state)
{
	static const char public[] =
	    "n. IN KEY 256 3 15 dXD0XfXefjp8B3tNn/5Swa9lhiyb7gbKix8mU5NTOio=\n";
	uint8_t wire[512];
	size_t len = hex("0001 2400 0001 0000 0000 0000 00 0006 0001", wire, sizeof(wire));
	knot_rdataset_t keys = {0};
	struct msig_sig0_key *key;

	assert_int_equal(msig_sig0_key_from_bind(public, strlen(public), PRIV, strlen(PRIV), &key),
			 0);
	assert_int_equal(knot_rdataset_add(&keys, msig_sig0_key_rdata(key), NULL), 0);
	assert_int_equal(msig_sig0_sign(key, wire, &len, sizeof(wire), NULL, 0, NOW, W), 0);
	assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &keys, NOW, W, NULL), MSIG_ESIGKEY);
	msig_sig0_key_free(key);
	knot_rdataset_clear(&keys, NULL);
}

static void
test_usable(void **state)
{
	for (size_t i = 0; i < sizeof(usables) / sizeof(usables[0]); i++) {
		knot_rdata_t *rr = rdata_hex(usables[i].hex);

		assert_int_equal(msig_sig0_key_usable(rr), usables[i].usable);
		free(rr);
	}
}

/* There and back ----------------------------------------------------------------------------- */

static struct msig_sig0_key *alice, *bob;
static knot_rdataset_t alice_keys, bob_keys;

static int
setup(void **state)
{
	assert_int_equal(msig_sig0_key_generate(NAME("alice.example."), 15, &alice), 0);
	assert_int_equal(msig_sig0_key_generate(NAME("bob.example."), 13, &bob), 0);
	assert_int_equal(knot_rdataset_add(&alice_keys, msig_sig0_key_rdata(alice), NULL), 0);
	assert_int_equal(knot_rdataset_add(&bob_keys, msig_sig0_key_rdata(bob), NULL), 0);
	return 0;
}

static int
teardown(void **state)
{
	msig_sig0_key_free(alice);
	msig_sig0_key_free(bob);
	knot_rdataset_clear(&alice_keys, NULL);
	knot_rdataset_clear(&bob_keys, NULL);
	return 0;
}

#define QUERY "1234 2400 0001 0000 0000 0000 07 6578616d706c65 00 0006 0001"

static size_t
signed_query(uint8_t *wire, size_t max)
{
	size_t len = hex(QUERY, wire, max);

	assert_int_equal(msig_sig0_sign(alice, wire, &len, max, NULL, 0, NOW, W), 0);
	return len;
}

static void
test_request(void **state)
{
	uint8_t wire[512];
	char text[1025];
	size_t plain = hex(QUERY, wire, sizeof(wire));
	size_t len = signed_query(wire, sizeof(wire));
	struct msig_sig0_info info;

	/* The record as the protocol has it: root, SIG, ANY, TTL 0, and its fixed fields. */
	assert_int_equal(len, plain + msig_sig0_size(alice));
	assert_int_equal(knot_wire_get_arcount(wire), 1);
	to_hex(wire + plain, 1 + 10 + 18 + 15, text);
	assert_memory_equal(text, "00001800ff00000000", 18);
	assert_memory_equal(text + 22, "00000f0000000000",
			    16); /* covered, algorithm, labels, TTL */
	assert_memory_equal(text + 58, "05616c696365076578616d706c6500", 30);
	assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &alice_keys, NOW, W, &info), 0);
	assert_int_equal(info.offset, plain);
	assert_int_equal(info.inception, NOW - W);
	assert_int_equal(info.expiration, NOW + W);
	assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &bob_keys, NOW, W, NULL),
			 MSIG_ESIGKEY);
	for (size_t at = 0; at < len; at++) {
		wire[at] ^= 1;
		assert_int_not_equal(
		    msig_sig0_verify(wire, len, NULL, 0, &alice_keys, NOW, W, NULL), 0);
		wire[at] ^= 1;
	}
	for (size_t n = 0; n < len; n++)
		assert_int_not_equal(msig_sig0_verify(wire, n, NULL, 0, &alice_keys, NOW, W, NULL),
				     0);
}

/* Signed in lower case, as the canonical form has it, and sent in capitals. */
static void
test_signer_letters(void **state)
{
	uint8_t wire[512];
	size_t plain = hex(QUERY, wire, sizeof(wire));
	size_t len = signed_query(wire, sizeof(wire));

	wire[plain + 1 + 10 + 18 + 1] ^= 0x20;
	assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &alice_keys, NOW, W, NULL), 0);
}

static void
test_response(void **state)
{
	uint8_t query[512], other[512], wire[512];
	size_t qlen = signed_query(query, sizeof(query));
	size_t olen = hex(QUERY, other, sizeof(other));
	size_t len =
	    hex("1234 a400 0001 0000 0000 0000 07 6578616d706c65 00 0006 0001", wire, sizeof(wire));

	assert_int_equal(msig_sig0_sign(bob, wire, &len, sizeof(wire), query, qlen, NOW, W), 0);
	assert_int_equal(msig_sig0_verify(wire, len, query, qlen, &bob_keys, NOW, W, NULL), 0);
	/* It answers that query, whole, and no other. */
	assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &bob_keys, NOW, W, NULL),
			 MSIG_EBADSIG);
	assert_int_equal(msig_sig0_verify(wire, len, other, olen, &bob_keys, NOW, W, NULL),
			 MSIG_EBADSIG);
	query[qlen - 1] ^= 1;
	assert_int_equal(msig_sig0_verify(wire, len, query, qlen, &bob_keys, NOW, W, NULL),
			 MSIG_EBADSIG);
}

static void
test_no_room(void **state)
{
	uint8_t wire[512];
	size_t plain = hex(QUERY, wire, sizeof(wire)), len = plain;
	uint8_t before[512];

	memcpy(before, wire, plain);
	assert_int_equal(
	    msig_sig0_sign(alice, wire, &len, plain + msig_sig0_size(alice) - 1, NULL, 0, NOW, W),
	    KNOT_ESPACE);
	assert_int_equal(len, plain);
	assert_memory_equal(wire, before, plain);
	assert_int_equal(msig_sig0_sign(alice, wire, &len, plain + 5, NULL, 0, NOW, W),
			 KNOT_ESPACE);
	assert_int_equal(
	    msig_sig0_sign(alice, wire, &len, plain + msig_sig0_size(alice), NULL, 0, NOW, W), 0);
	uint8_t *large = calloc(1, 100000);
	len = 65500;
	assert_int_equal(msig_sig0_sign(alice, large, &len, 100000, NULL, 0, NOW, W), KNOT_ESPACE);
	free(large);
	len = 600;
	assert_int_equal(msig_sig0_sign(alice, wire, &len, 512, NULL, 0, NOW, W), KNOT_EINVAL);
	len = 5;
	assert_int_equal(msig_sig0_sign(alice, wire, &len, 512, NULL, 0, NOW, W), KNOT_EINVAL);
}

/* Times: offset of the verifier's clock. */
static const struct {
	int64_t clock;
	int err;
} clocks[] = {
    {0, 0},
    {W, 0},
    {-W, 0},
    {W + 1, MSIG_ESIGTIME},
    {-W - 1, MSIG_ESIGTIME},
    {86400, MSIG_ESIGTIME},
    {-86400, MSIG_ESIGTIME},
    {INT64_C(1) << 31, MSIG_ESIGTIME},
    {INT64_C(1) << 32, 0}, /* RFC 1982: only 32 bits travel */
};

static void
test_times(void **state)
{
	uint8_t wire[512];
	size_t len = signed_query(wire, sizeof(wire));

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		print_message("# %lld\n", (long long)clocks[i].clock);
		assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &alice_keys,
						  NOW + clocks[i].clock, W, NULL),
				 clocks[i].err);
	}
}

static const struct {
	uint32_t inception, expiration, now;
	int err;
} windows[] = {
    {1000, 1600, 1300, 0},
    {1000, 1600, 1000, 0},
    {1000, 1600, 1600, 0},
    {1000, 1600, 999, MSIG_ESIGTIME},
    {1000, 1600, 1601, MSIG_ESIGTIME},
    {1000, 1901, 1300, MSIG_ESIGTIME}, /* good for too long from now */
    {1000, 1900, 1300, 0},
    {699, 1600, 1300, MSIG_ESIGTIME}, /* made too long ago */
    {700, 1600, 1300, 0},
    {1600, 1000, 1300, MSIG_ESIGTIME},       /* the wrong way round */
    {0xffffff00, 0x00000100, 0x00000010, 0}, /* over the end of 32 bits */
    {0xffffff00, 0x00000100, 0xfffffff0, 0},
    {0xffffff00, 0x00000100, 0x00000101, MSIG_ESIGTIME},
    {0xffffff00, 0x00000100, 0xfffffeff, MSIG_ESIGTIME},
};

static void
test_windows(void **state)
{
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct msig_sig0_info info = {.inception = windows[i].inception,
					      .expiration = windows[i].expiration};

		print_message("# %u %u %u\n", windows[i].inception, windows[i].expiration,
			      windows[i].now);
		assert_int_equal(msig_sig0_check_time(&info, windows[i].now, W), windows[i].err);
	}
}

/* A roll-over: several KEYs at the name; and keys of one tag, of which four are tried. */
static void
test_candidates(void **state)
{
	uint8_t wire[512];
	size_t len = signed_query(wire, sizeof(wire));
	const knot_rdata_t *good = msig_sig0_key_rdata(alice);
	knot_rdataset_t keys = {0};
	unsigned made = 0;

	assert_int_equal(knot_rdataset_add(&keys, msig_sig0_key_rdata(bob), NULL), 0);
	assert_int_equal(knot_rdataset_add(&keys, good, NULL), 0);
	assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &keys, NOW, W, NULL), 0);
	knot_rdataset_clear(&keys, NULL);

	/* Another key of that algorithm is not tried. */
	knot_rdata_t *other = rdata_of(good->data, good->len);
	other->data[10] ^= 1;
	assert_int_equal(knot_rdataset_add(&keys, other, NULL), 0);
	free(other);
	assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &keys, NOW, W, NULL), MSIG_ESIGKEY);
	knot_rdataset_clear(&keys, NULL);

	/* One of the same tag behind the good one does not take its word back. */
	other = rdata_of(good->data, good->len);
	for (int i = 4; i < 34; i += 2) {
		if (other->data[i] < 255 && other->data[i + 2] > 0) {
			other->data[i]++;
			other->data[i + 2]--;
			break;
		}
	}
	assert_int_equal(msig_key_tag(other), msig_sig0_key_tag(alice));
	assert_int_equal(knot_rdataset_add(&keys, other, NULL), 0);
	assert_int_equal(knot_rdataset_add(&keys, good, NULL), 0);
	free(other);
	assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &keys, NOW, W, NULL), 0);
	knot_rdataset_clear(&keys, NULL);

	/* Sorted in front of the good key, and of its tag: 256 moved between two octets of a
	 * column. The sum of 16-bit words stays the same. */
	for (int i = 4; i < 34 && made < 5; i += 2) {
		knot_rdata_t *rr = rdata_of(good->data, good->len);

		if (rr->data[i] > 0 && rr->data[i + 2] < 255) {
			rr->data[i]--;
			rr->data[i + 2]++;
			assert_int_equal(msig_key_tag(rr), msig_sig0_key_tag(alice));
			assert_true(knot_rdata_cmp(rr, good) < 0);
			assert_int_equal(knot_rdataset_add(&keys, rr, NULL), 0);
			made++;
			if (made == MSIG_SIG0_KEYS_MAX - 1) {
				assert_int_equal(knot_rdataset_add(&keys, good, NULL), 0);
				assert_int_equal(
				    msig_sig0_verify(wire, len, NULL, 0, &keys, NOW, W, NULL), 0);
			}
		}
		free(rr);
	}
	assert_true(made > MSIG_SIG0_KEYS_MAX);
	/* The good one is the last of six: too many. */
	assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &keys, NOW, W, NULL), MSIG_EBADSIG);
	knot_rdataset_clear(&keys, NULL);
}

/* Form --------------------------------------------------------------------------------------- */

/* covered algorithm labels ottl expiration inception tag signer signature */
#define SIG_RDATA "0000 0f 00 00000000 00000258 00000000 1234 0161 00 ffff"
#define SIG(owner, class, ttl) owner "0018" class ttl "0017" SIG_RDATA
#define GOOD SIG("00", "00ff", "00000000")
#define Q1(ar) "0001 2400 0001 0000 0000" ar "00 0006 0001"

static const struct {
	const char *name, *hex;
	int err;
} forms[] = {
    {"good", Q1("0001") GOOD, 0},
    {"behind OPT", Q1("0002") "00 0029 04d0 00000000 0000" GOOD, 0},
    {"no records", Q1("0000"), MSIG_ENOSIG},
    {"OPT only", Q1("0001") "00 0029 04d0 00000000 0000", MSIG_ENOSIG},
    {"OPT behind it", Q1("0002") GOOD "00 0029 04d0 00000000 0000", KNOT_EMALF},
    {"twice", Q1("0002") GOOD GOOD, KNOT_EMALF},
    {"with TSIG", Q1("0002") "00 00fa 00ff 00000000 0000" GOOD, KNOT_EMALF},
    {"TSIG behind it", Q1("0002") GOOD "00 00fa 00ff 00000000 0000", KNOT_EMALF},
    {"TSIG alone", Q1("0001") "00 00fa 00ff 00000000 0000", MSIG_ENOSIG},
    {"in the answer section", "0001 2400 0001 0001 0000 0000 00 0006 0001" GOOD, MSIG_ENOSIG},
    {"covers a type",
     Q1("0001") "00 0018 00ff 00000000 0017 0001 0f 00 00000000 00000258 00000000 1234 0161 00 "
		"ffff",
     MSIG_ENOSIG},
    {"owner not the root", Q1("0001") SIG("0161 00", "00ff", "00000000"), KNOT_EMALF},
    {"class IN", Q1("0001") SIG("00", "0001", "00000000"), KNOT_EMALF},
    {"TTL", Q1("0001") SIG("00", "00ff", "00000001"), KNOT_EMALF},
    {"RRSIG instead", Q1("0001") "00 002e 00ff 00000000 0017" SIG_RDATA, MSIG_ENOSIG},
    {"no signature",
     Q1("0001") "00 0018 00ff 00000000 0015 0000 0f 00 00000000 00000258 00000000 1234 0161 00",
     KNOT_EMALF},
    {"signer cut",
     Q1("0001") "00 0018 00ff 00000000 0014 0000 0f 00 00000000 00000258 00000000 1234 0161",
     KNOT_EMALF},
    {"signer compressed",
     Q1("0001") "00 0018 00ff 00000000 0016 0000 0f 00 00000000 00000258 00000000 1234 c00c ffff",
     KNOT_EMALF},
    {"rdata cut", Q1("0001") "00 0018 00ff 00000000 0018" SIG_RDATA, KNOT_EMALF},
    {"rdata short", Q1("0001") "00 0018 00ff 00000000 0004 0000 0f 00", KNOT_EMALF},
    {"rdata empty", Q1("0001") "00 0018 00ff 00000000 0000", MSIG_ENOSIG},
    {"behind the end", Q1("0001") GOOD "00", KNOT_EMALF},
    {"one record missing", Q1("0002") GOOD, KNOT_EMALF},
    {"question cut", "0001 2400 0002 0000 0000 0000 00 0006 0001", KNOT_EMALF},
    {"question name loops", "0001 2400 0001 0000 0000 0000 c00c 0006 0001", KNOT_EMALF},
    {"header cut", "0001 2400", KNOT_EMALF},
    {"empty", "", KNOT_EMALF},
};

static void
test_forms(void **state)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint8_t wire[512];
		size_t len = hex(forms[i].hex, wire, sizeof(wire));
		struct msig_sig0_info info;

		print_message("# %s\n", forms[i].name);
		assert_int_equal(msig_sig0_peek(wire, len, &info), forms[i].err);
		if (forms[i].err != 0)
			assert_int_equal(
			    msig_sig0_verify(wire, len, NULL, 0, &alice_keys, 300, W, NULL),
			    forms[i].err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_foreign),        cmocka_unit_test(test_rsa),
	    cmocka_unit_test(test_keys),           cmocka_unit_test(test_keys_refused),
	    cmocka_unit_test(test_bind_files),     cmocka_unit_test(test_usable),
	    cmocka_unit_test(test_zone_key),       cmocka_unit_test(test_request),
	    cmocka_unit_test(test_signer_letters), cmocka_unit_test(test_response),
	    cmocka_unit_test(test_no_room),        cmocka_unit_test(test_times),
	    cmocka_unit_test(test_windows),        cmocka_unit_test(test_candidates),
	    cmocka_unit_test(test_forms),
	};
	return cmocka_run_group_tests_name("sig0", tests, setup, teardown);
}
