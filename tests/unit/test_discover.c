/* Discovery: what may be believed, and what ends it. */
#include "tests/unit/unit.h"
#include "agentd/discover.h"
#include "libmsig/buf.h"
#include "libmsig/err.h"

#define NOW UINT64_C(1764000000000)

static char identity[] = "msa.p2.example.";
static struct msig_wr wr;
static uint8_t room[4096];

/* Records of the answer, in wire form. */
static void
rr(const char *owner, uint16_t type, uint32_t ttl, const void *rdata, size_t len)
{
	knot_dname_storage_t name;

	assert_non_null(knot_dname_from_str(name, owner, sizeof(name)));
	msig_wr_name(&wr, name);
	msig_wr_u16(&wr, type);
	msig_wr_u16(&wr, 1);
	msig_wr_u32(&wr, ttl);
	msig_wr_u16(&wr, (uint16_t)len);
	msig_wr_bytes(&wr, rdata, len);
	assert_int_equal(wr.err, 0);
}

static void
begin(void)
{
	msig_wr_init(&wr, room, sizeof(room));
}

static enum discover_state
feed_as(struct discover *d, enum msig_seen status, enum msig_validation validation)
{
	char reason[] = "", server[] = "";
	struct msig_msg_ANSWER answer = {
	    .server = server,
	    .status = status,
	    .validation = validation,
	    .reason = reason,
	    .answer = {.data = room, .len = (uint32_t)wr.len},
	};
	knot_dname_storage_t name;

	assert_true(discover_question(d, name, &answer.type));
	answer.name = name;
	return discover_feed(d, &answer, NOW);
}

static enum discover_state
feed(struct discover *d)
{
	return feed_as(d, wr.len > 0 ? MSIG_SEEN_SET : MSIG_SEEN_ABSENT, MSIG_VALIDATION_SECURE);
}

static void
uri(uint16_t priority, uint16_t weight, const char *text)
{
	uint8_t rdata[300] = {(uint8_t)(priority >> 8), (uint8_t)priority, (uint8_t)(weight >> 8),
			      (uint8_t)weight};

	memcpy(rdata + 4, text, strlen(text));
	rr("_dns._tcp.msa.p2.example.", 256, 300, rdata, 4 + strlen(text));
}

static const uint8_t key_rdata[] = {2,  0,  3,  15, 1,  2,  3,  4,  5,  6,  7,  8,
				    9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
				    21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};

static void
begin_svcb(struct discover *d)
{
	discover_start(d, identity, false, 30);
	begin();
	uri(10, 10, "dns://ns.msa.p2.example:5399/");
	assert_int_equal(feed(d), DISCOVER_ASKING);
	begin();
}

static void
finish(struct discover *d)
{
	begin();
	rr("ns.msa.p2.example.", 25, 600, key_rdata, sizeof(key_rdata));
	assert_int_equal(feed(d), DISCOVER_DONE);
}

static void
test_chain(void **state)
{
	/* SVCB 1 . port=5400 ipv4hint=192.0.2.1,192.0.2.2 */
	static const uint8_t svcb[] = {0, 1, 0,   0, 3, 0, 2,   0x15, 0x18, 0, 4,
				       0, 8, 192, 0, 2, 1, 192, 0,    2,    2};
	struct discover d;
	struct discover_result copy;
	char *text;

	begin_svcb(&d);
	rr("ns.msa.p2.example.", 64, 60, svcb, sizeof(svcb));
	assert_int_equal(feed(&d), DISCOVER_ASKING);
	finish(&d);
	assert_int_equal(d.result.addresses, 2);
	assert_string_equal(d.result.address[0], "192.0.2.1@5400"); /* the port of SVCB wins */
	assert_int_equal(d.result.keys, 1);
	assert_int_equal(d.result.fresh_until, NOW + 60 * 1000);
	assert_int_equal(d.result.good_until, NOW + 24 * 3600 * 1000);
	text = discover_print(&d.result);
	assert_int_equal(discover_parse(text, &copy), 0);
	assert_true(discover_equal(&d.result, &copy));
	assert_int_equal(copy.good_until, d.result.good_until);
	free(text);
	assert_int_equal(discover_parse("{}", &copy), MSIG_EVALUE);
	assert_int_equal(discover_parse("no", &copy), MSIG_EVALUE);
}

static void
test_addresses(void **state)
{
	struct discover d;

	begin_svcb(&d); /* SVCB securely absent: addresses of the target, port of the URI */
	assert_int_equal(feed(&d), DISCOVER_ASKING);
	begin();
	rr("ns.msa.p2.example.", 1, 10, "\300\0\2\7", 4);
	assert_int_equal(feed(&d), DISCOVER_ASKING);
	begin();
	assert_int_equal(feed(&d), DISCOVER_ASKING);
	finish(&d);
	assert_int_equal(d.result.addresses, 1);
	assert_string_equal(d.result.address[0], "192.0.2.7@5399");
	assert_int_equal(d.result.fresh_until, NOW + 30 * 1000); /* the floor */
}

static void
test_not_secure(void **state)
{
	static const struct {
		enum msig_seen status;
		enum msig_validation validation;
		const char *says;
	} cases[] = {
	    {MSIG_SEEN_SET, MSIG_VALIDATION_INSECURE, "insecure"},
	    {MSIG_SEEN_SET, MSIG_VALIDATION_BOGUS, "bogus"},
	    {MSIG_SEEN_SET, MSIG_VALIDATION_NONE, "insecure"},
	    {MSIG_SEEN_ABSENT, MSIG_VALIDATION_INSECURE, "insecure"},
	    {MSIG_SEEN_UNKNOWN, MSIG_VALIDATION_SECURE, "no answer"},
	};
	static const uint8_t svcb[] = {0, 1, 0, 0, 4, 0, 4, 192, 0, 2, 1};

	/* At each step of the chain. */
	for (size_t step = 0; step < 3; step++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct discover d;
			discover_start(&d, identity, false, 30);
			begin();
			uri(10, 10, "dns://ns.msa.p2.example/");
			if (step > 0) {
				assert_int_equal(feed(&d), DISCOVER_ASKING);
				begin();
				rr("ns.msa.p2.example.", 64, 60, svcb, sizeof(svcb));
			}
			if (step > 1) {
				assert_int_equal(feed(&d), DISCOVER_ASKING);
				begin();
				rr("ns.msa.p2.example.", 25, 600, key_rdata, sizeof(key_rdata));
			}
			assert_int_equal(feed_as(&d, cases[i].status, cases[i].validation),
					 DISCOVER_FAILED);
			assert_non_null(strstr(d.reason, cases[i].says));
		}
	}
}

static void
test_uri(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
	    {"dns://ns.p2.example/", true},       {"dns://ns.p2.example:5399", true},
	    {"DNS://ns.p2.example", true},        {"https://ns.p2.example/", false},
	    {"dns:ns.p2.example", false},         {"dns://", false},
	    {"dns://user@ns.p2.example/", false}, {"dns://ns.p2.example/#x", false},
	    {"dns://ns.p2.example:0/", false},    {"dns://ns.p2.example:65536/", false},
	    {"dns://ns.p2.example:53x/", false},  {"dns://192.0.2.1/", false},
	    {"dns://[2001:db8::1]/", false},      {"dns://ns.p2.example:/", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct discover d;
		discover_start(&d, identity, false, 30);
		begin();
		uri(1, 1, cases[i].text);
		if (feed(&d) != (cases[i].good ? DISCOVER_ASKING : DISCOVER_FAILED)) {
			fail_msg("%s", cases[i].text);
		}
	}
}

static void
test_uri_choice(void **state)
{
	struct discover d;
	knot_dname_storage_t name;
	uint16_t type;
	char text[256];

	discover_start(&d, identity, false, 30);
	begin();
	uri(20, 9, "dns://later.example/");
	uri(10, 1, "dns://light.example/");
	uri(10, 7, "dns://Heavy.example/");
	uri(5, 7, "https://other.example/");
	assert_int_equal(feed(&d), DISCOVER_ASKING);
	assert_true(discover_question(&d, name, &type));
	assert_string_equal(knot_dname_to_str(text, name, sizeof(text)), "heavy.example.");
}

/* Each rdata, and whether it may be used. */
static void
test_svcb(void **state)
{
	static const struct {
		const char *what;
		uint8_t rdata[32];
		size_t len;
		bool good;
	} cases[] = {
	    {"plain", {0, 1, 0, 0, 4, 0, 4, 192, 0, 2, 1}, 11, true},
	    {"mandatory that we know",
	     {0, 1, 0, 0, 0, 0, 2, 0, 4, 0, 4, 0, 4, 192, 0, 2, 1},
	     17,
	     true},
	    {"mandatory alpn", {0, 1, 0, 0, 0, 0, 2, 0, 1, 0, 4, 0, 4, 192, 0, 2, 1}, 17, false},
	    {"keys not in order",
	     {0, 1, 0, 0, 4, 0, 4, 192, 0, 2, 1, 0, 3, 0, 2, 0, 53},
	     17,
	     false},
	    {"key twice", {0, 1, 0, 0, 3, 0, 2, 0, 53, 0, 3, 0, 2, 0, 53}, 15, false},
	    {"hint of 3 octets", {0, 1, 0, 0, 4, 0, 3, 192, 0, 2}, 10, false},
	    {"value behind the end", {0, 1, 0, 0, 4, 0, 8, 192, 0, 2, 1}, 11, false},
	    {"port 0", {0, 1, 0, 0, 3, 0, 2, 0, 0, 0, 4, 0, 4, 192, 0, 2, 1}, 17, false},
	    {"no target", {0, 1}, 2, false},
	    {"alias to the root", {0, 0, 0}, 3, false},
	    {"loopback", {0, 1, 0, 0, 4, 0, 4, 127, 0, 0, 1}, 11, false},
	    {"link-local", {0, 1, 0, 0, 4, 0, 4, 169, 254, 0, 1}, 11, false},
	    {"multicast", {0, 1, 0, 0, 4, 0, 4, 224, 0, 0, 1}, 11, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct discover d;
		begin_svcb(&d);
		rr("ns.msa.p2.example.", 64, 60, cases[i].rdata, cases[i].len);
		if (feed(&d) != (cases[i].good ? DISCOVER_ASKING : DISCOVER_FAILED)) {
			fail_msg("%s", cases[i].what);
		}
	}
}

static void
test_aliases(void **state)
{
	struct discover d;
	uint8_t rdata[] = {0, 0, 1, 'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};

	begin_svcb(&d);
	for (int i = 0; i < DISCOVER_ALIASES; i++) {
		begin();
		rr("ns.msa.p2.example.", 64, 60, rdata, sizeof(rdata));
		assert_int_equal(feed(&d), DISCOVER_ASKING);
	}
	assert_int_equal(feed(&d), DISCOVER_FAILED);
	assert_non_null(strstr(d.reason, "aliases"));
}

/* The KEY stays that of the URI's target, wherever the aliases lead. */
static void
test_alias_key(void **state)
{
	struct discover d;
	uint8_t alias[] = {0, 0, 1, 'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
	knot_dname_storage_t name;
	uint16_t type;
	char text[256];

	begin_svcb(&d);
	rr("ns.msa.p2.example.", 64, 60, alias, sizeof(alias));
	assert_int_equal(feed(&d), DISCOVER_ASKING);
	begin();
	assert_int_equal(feed(&d), DISCOVER_ASKING); /* absent there: its addresses */
	assert_true(discover_question(&d, name, &type));
	assert_string_equal(knot_dname_to_str(text, name, sizeof(text)), "a.example.");
	assert_int_equal(type, 1);
	rr("a.example.", 1, 10, "\300\0\2\7", 4);
	assert_int_equal(feed(&d), DISCOVER_ASKING);
	begin();
	assert_int_equal(feed(&d), DISCOVER_ASKING);
	assert_true(discover_question(&d, name, &type));
	assert_string_equal(knot_dname_to_str(text, name, sizeof(text)), "ns.msa.p2.example.");
	assert_int_equal(type, 25);
}

static void
test_keys(void **state)
{
	static const struct {
		uint8_t head[4];
		bool good;
	} cases[] = {
	    {{2, 0, 3, 15}, true},  {{0, 0, 3, 13}, true},   {{2, 0, 3, 5}, false},
	    {{2, 0, 2, 15}, false}, {{1, 0, 3, 15}, false},  {{0x80, 0, 3, 15}, false},
	    {{2, 0, 3, 8}, true},   {{2, 0, 3, 253}, false},
	};
	static const uint8_t svcb[] = {0, 1, 0, 0, 4, 0, 4, 192, 0, 2, 1};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct discover d;
		uint8_t rdata[sizeof(key_rdata)];
		begin_svcb(&d);
		rr("ns.msa.p2.example.", 64, 60, svcb, sizeof(svcb));
		assert_int_equal(feed(&d), DISCOVER_ASKING);
		memcpy(rdata, key_rdata, sizeof(rdata));
		memcpy(rdata, cases[i].head, 4);
		begin();
		rr("ns.msa.p2.example.", 25, 600, rdata, sizeof(rdata));
		if (feed(&d) != (cases[i].good ? DISCOVER_DONE : DISCOVER_FAILED)) {
			fail_msg("KEY case %zu", i);
		}
	}
}

static void
test_expiry(void **state)
{
	static const uint8_t svcb[] = {0, 1, 0, 0, 4, 0, 4, 192, 0, 2, 1};
	uint32_t expires = (uint32_t)(NOW / 1000 + 3600);
	uint8_t sig[40] = {0,
			   25,
			   15,
			   4,
			   0,
			   0,
			   2,
			   88,
			   (uint8_t)(expires >> 24),
			   (uint8_t)(expires >> 16),
			   (uint8_t)(expires >> 8),
			   (uint8_t)expires};
	struct discover d;

	begin_svcb(&d);
	rr("ns.msa.p2.example.", 64, 60, svcb, sizeof(svcb));
	assert_int_equal(feed(&d), DISCOVER_ASKING);
	begin();
	rr("ns.msa.p2.example.", 25, 600, key_rdata, sizeof(key_rdata));
	rr("ns.msa.p2.example.", 46, 600, sig, sizeof(sig));
	assert_int_equal(feed(&d), DISCOVER_DONE);
	assert_int_equal(d.result.good_until, (uint64_t)expires * 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_chain),      cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_not_secure), cmocka_unit_test(test_uri),
	    cmocka_unit_test(test_uri_choice), cmocka_unit_test(test_svcb),
	    cmocka_unit_test(test_aliases),    cmocka_unit_test(test_alias_key),
	    cmocka_unit_test(test_keys),       cmocka_unit_test(test_expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
