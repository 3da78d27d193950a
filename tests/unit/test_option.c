/* The Multi-Signer option: layout, every TLV, what is refused. */
#include "tests/unit/wire.h"
#include "libmsig/err.h"
#include "libmsig/option.h"

static size_t
encode(const struct msig_option *opt, unsigned fixed, uint8_t *out, size_t max)
{
	struct msig_wr wr;

	msig_wr_init(&wr, out, max);
	assert_int_equal(msig_option_encode(opt, fixed, &wr), 0);
	return wr.len;
}

/* Every member set, each to another value. */
static void
fill(struct msig_option *opt)
{
	msig_option_init(opt, MSIG_OP_STATE, NAME("MSA.p1.example."), NAME("Shop.example."));
	opt->transport = 0x03;
	opt->sync = 0x03;
	opt->has = 0x7fffffe; /* 1 to 26 */
	knot_dname_copy_lower(opt->leader, NAME("msa.p2.example."));
	knot_dname_copy_lower(opt->subject, NAME("msa.p3.example."));
	opt->algorithm = 15;
	opt->share = MSIG_SHARE_ZSK;
	opt->vote = 0x191a1b1c;
	opt->wish = MSIG_PROCESS_ZSK;
	opt->standing = MSIG_STANDING_KEYS | MSIG_STANDING_MEMBER;
	opt->remaining = 3;
	opt->interval = 0x01020304;
	opt->process = MSIG_PROCESS_ADD;
	opt->step = 5;
	opt->result = MSIG_RESULT_KEYTAG;
	opt->serial = 0x05060708;
	opt->owner_serial = 0x090a0b0c;
	opt->term = UINT64_C(0x1112131415161718);
	opt->epoch = UINT64_C(0x2122232425262728);
	opt->sequence = UINT64_C(0x3132333435363738);
	opt->version.epoch = UINT64_C(0x4142434445464748);
	opt->version.counter = UINT64_C(0x5152535455565758);
	memset(opt->transition, 0x61, sizeof(opt->transition));
	memset(opt->generation, 0x62, sizeof(opt->generation));
	memset(opt->contribution, 0x63, sizeof(opt->contribution));
	memset(opt->hsync, 0x64, sizeof(opt->hsync));
	strcpy(opt->text, "why");
}

static void
test_all_tlvs(void **state)
{
	/* Identity, zone, version first; then by number. */
	static const char *expect =
	    "96 03 03"
	    "01 0010 036d7361 027031 076578616d706c65 00"
	    "02 000e 0473686f70 076578616d706c65 00"
	    "14 0001 01"
	    "03 0001 03"
	    "04 0004 01020304"
	    "05 0001 01"
	    "06 0001 05"
	    "07 0010 61616161616161616161616161616161"
	    "08 0008 1112131415161718"
	    "09 0010 036d7361 027032 076578616d706c65 00"
	    "0a 0002 c001"
	    "0b 0003 776879"
	    "0c 0020 6363636363636363636363636363636363636363636363636363636363636363"
	    "0d 0004 05060708"
	    "0e 0008 2122232425262728"
	    "0f 0008 3132333435363738"
	    "10 0020 6464646464646464646464646464646464646464646464646464646464646464"
	    "11 0010 4142434445464748 5152535455565758"
	    "12 0004 090a0b0c"
	    "13 0010 62626262626262626262626262626262"
	    "15 0010 036d7361 027033 076578616d706c65 00"
	    "16 0001 0f"
	    "17 0001 01"
	    "18 0004 191a1b1c"
	    "19 0001 03"
	    "1a 0001 09";
	struct msig_option opt, back;
	uint8_t wire[1024], want[1024];
	size_t len;

	fill(&opt);
	len = encode(&opt, 3, wire, sizeof(wire));
	assert_int_equal(hex(expect, want, sizeof(want)), len);
	assert_memory_equal(wire, want, len);
	assert_int_equal(msig_option_decode(wire, len, 3, &back), 0);
	assert_memory_equal(&back, &opt, sizeof(opt));
	assert_int_equal(msig_option_check(&back), 0);

	/* Each TLV alone, and no other. */
	for (unsigned tlv = 1; tlv <= 26; tlv++) {
		opt.has = 1u << tlv;
		len = encode(&opt, 3, wire, sizeof(wire));
		assert_int_equal(wire[3], tlv);
		assert_int_equal(msig_option_decode(wire, len, 3, &back), 0);
		assert_int_equal(back.has, 1u << tlv);
		/* One octet less or more than it must have. */
		wire[5]--;
		if (tlv != MSIG_TLV_TEXT) {
			assert_int_equal(msig_option_decode(wire, len - 1, 3, &back), MSIG_EOPTION);
			wire[5] += 2;
			wire[len] = 0;
			assert_int_equal(msig_option_decode(wire, len + 1, 3, &back), MSIG_EOPTION);
		}
	}
}

static void
test_layout4(void **state)
{
	struct msig_option opt, back;
	uint8_t three[1024], four[1024];
	size_t len;

	fill(&opt);
	len = encode(&opt, 3, three, sizeof(three));
	assert_int_equal(encode(&opt, 4, four, sizeof(four)), len + 1);
	assert_memory_equal(four, three, 3);
	assert_int_equal(four[3], 0);
	assert_memory_equal(four + 4, three + 3, len - 3);
	assert_int_equal(msig_option_decode(four, len + 1, 4, &back), 0);
	assert_memory_equal(&back, &opt, sizeof(opt));
	assert_int_equal(msig_option_decode((const uint8_t *)"\1\1\1", 3, 4, &back), MSIG_EOPTION);
}

static const struct {
	const char *name;
	const char *hex;
	int err;
	uint32_t has;
} wires[] = {
    {"HELLO without a body (draft)", "01 03 03", 0, 0},
    {"empty", "", MSIG_EOPTION},
    {"two octets", "01 01", MSIG_EOPTION},
    {"operation 0", "00 01 01", MSIG_EOPTION},
    {"HEARTBEAT of one octet", "02 01 02 05", 0, MSIG_HAS(REMAINING)},
    {"HELLO of one octet", "01 01 02 05", MSIG_EOPTION},
    {"HEARTBEAT with TLVs", "02 01 02 03 0001 05", 0, MSIG_HAS(REMAINING)},
    {"unknown TLV passed over", "01 01 01 c8 0002 ffff 06 0001 02", 0, MSIG_HAS(STEP)},
    {"TLV 0 passed over", "01 01 01 00 0000 06 0001 02", 0, MSIG_HAS(STEP)},
    {"TLV 27 passed over", "01 01 01 1b 0000", 0, 0},
    {"TLV 32 passed over", "01 01 01 20 0000", 0, 0},
    {"unknown TLV twice", "01 01 01 c8 0000 c8 0000", 0, 0},
    {"TLV twice", "01 01 01 06 0001 02 06 0001 02", MSIG_EOPTION},
    {"TLV header cut", "01 01 01 06 00", MSIG_EOPTION},
    {"TLV value cut", "01 01 01 06 0002 01", MSIG_EOPTION},
    {"unknown TLV cut", "01 01 01 c8 0002 01", MSIG_EOPTION},
    {"name not ended", "01 01 01 01 0002 0161", MSIG_EOPTION},
    {"name compressed", "01 01 01 01 0002 c000", MSIG_EOPTION},
    {"behind the name", "01 01 01 01 0004 0161 00 00", MSIG_EOPTION},
    {"unknown operation is read", "63 01 01", 0, 0},
};

static void
test_wires(void **state)
{
	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
		uint8_t data[64];
		size_t len = hex(wires[i].hex, data, sizeof(data));
		struct msig_option opt;

		print_message("# %s\n", wires[i].name);
		assert_int_equal(msig_option_decode(data, len, 3, &opt), wires[i].err);
		if (wires[i].err == 0)
			assert_int_equal(opt.has, wires[i].has);
	}
}

static void
test_text(void **state)
{
	struct msig_option opt, back;
	uint8_t wire[1024];
	size_t len;

	msig_option_init(&opt, MSIG_OP_DENY, NAME("a."), NAME("b."));
	MSIG_OPTION_SET(&opt, STEP, step, 1);
	strcpy(opt.text, "a\n\x1b[31m\x7f\xc3\xa9");
	opt.has |= MSIG_HAS(TEXT);
	len = encode(&opt, 3, wire, sizeof(wire));
	assert_int_equal(msig_option_decode(wire, len, 3, &back), 0);
	assert_string_equal(back.text, "a??[31m???");

	/* The longest there is room for, and one that a peer made longer. */
	memset(opt.text, 'x', sizeof(opt.text));
	opt.has = MSIG_HAS(TEXT);
	len = encode(&opt, 3, wire, sizeof(wire));
	assert_int_equal(len, 3 + 3 + MSIG_OPTION_TEXT - 1);
	memset(wire + len, 'y', 100);
	knot_wire_write_u16(wire + 4, MSIG_OPTION_TEXT - 1 + 100);
	assert_int_equal(msig_option_decode(wire, len + 100, 3, &back), 0);
	assert_int_equal(strlen(back.text), MSIG_OPTION_TEXT - 1);
}

/* Names come out in lower case, so that identities compare as octets too. */
static void
test_lower(void **state)
{
	uint8_t wire[16];
	size_t len = hex("01 01 01 01 0003 0141 00", wire, sizeof(wire));
	struct msig_option opt;

	assert_int_equal(msig_option_decode(wire, len, 3, &opt), 0);
	assert_memory_equal(opt.identity, "\1a", 3);
}

/* A table of what each operation must carry; one TLV less is refused. */
static const struct {
	uint8_t op;
	const char *name;
	enum msig_carrier carrier;
	uint32_t must;
} ops[] = {
#define ALWAYS (MSIG_HAS(IDENTITY) | MSIG_HAS(ZONE) | MSIG_HAS(PROTOCOL) | MSIG_HAS(SEQUENCE))
#define STEP (ALWAYS | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 14 | 1 << 16)
    {1, "HELLO", MSIG_CARRIER_NOTIFY, ALWAYS},
    {2, "HEARTBEAT", MSIG_CARRIER_NOTIFY, ALWAYS},
    {7, "PULL", MSIG_CARRIER_QUERY, ALWAYS},
    {128, "REQUEST", MSIG_CARRIER_NOTIFY, STEP},
    {129, "APPROVE", MSIG_CARRIER_NOTIFY, STEP},
    {130, "DENY", MSIG_CARRIER_NOTIFY, STEP | 1 << 10},
    {131, "EXECUTE", MSIG_CARRIER_NOTIFY, STEP},
    {132, "DONE", MSIG_CARRIER_NOTIFY, STEP},
    {133, "ABORT", MSIG_CARRIER_NOTIFY, STEP},
    {134, "RELEASE", MSIG_CARRIER_NOTIFY, STEP},
    {135, "NOT_YET", MSIG_CARRIER_NOTIFY, STEP},
    {140, "ELECT_CALL", MSIG_CARRIER_NOTIFY, ALWAYS | 1 << 8 | 1 << 16 | 1 << 24},
    {141, "ELECT_VOTE", MSIG_CARRIER_NOTIFY, ALWAYS | 1 << 8 | 1 << 16 | 1 << 24},
    {142, "ELECT_CONFIRM", MSIG_CARRIER_NOTIFY, ALWAYS | 1 << 8 | 1 << 9 | 1 << 16 | 1 << 24},
    {150, "STATE", MSIG_CARRIER_UPDATE, ALWAYS | 1 << 12 | 1 << 16 | 1 << 17 | 1 << 19},
};

static void
test_check(void **state)
{
	struct msig_option opt;
	unsigned known = 0;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		print_message("# %s\n", ops[i].name);
		assert_string_equal(msig_op_name(ops[i].op), ops[i].name);
		assert_int_equal(msig_op_carrier(ops[i].op), ops[i].carrier);
		fill(&opt);
		opt.operation = ops[i].op;
		opt.has = ops[i].must;
		assert_int_equal(msig_option_check(&opt), 0);
		for (unsigned tlv = 1; tlv <= 25; tlv++) {
			opt.has = ops[i].must & ~(1u << tlv);
			assert_int_equal(msig_option_check(&opt),
					 ops[i].must & 1u << tlv ? MSIG_EMISSING : 0);
		}
	}
	fill(&opt);
	for (unsigned op = 0; op < 256; op++) {
		opt.operation = op;
		known += msig_option_check(&opt) != KNOT_ENOTSUP;
	}
	assert_int_equal(known, sizeof(ops) / sizeof(ops[0]));

	fill(&opt);
	opt.transport = MSIG_TRANSPORT_API;
	assert_int_equal(msig_option_check(&opt), MSIG_EOPTION);
	fill(&opt);
	opt.protocol = 0;
	assert_int_equal(msig_option_check(&opt), MSIG_EOPTION);
}

static void
test_names(void **state)
{
	assert_string_equal(msig_op_name(99), "?");
	assert_string_equal(msig_process_name(1), "add-signer");
	assert_string_equal(msig_process_name(99), "?");
	assert_string_equal(msig_result_text(49152), "busy");
	assert_string_equal(msig_result_text(0), "?");
}

static void
test_versions(void **state)
{
	struct msig_version a = {1, 9}, b = {2, 0}, c = {2, 1};

	assert_true(msig_version_cmp(&a, &b) < 0);
	assert_true(msig_version_cmp(&b, &a) > 0);
	assert_true(msig_version_cmp(&b, &c) < 0);
	assert_true(msig_version_cmp(&c, &b) > 0);
	assert_int_equal(msig_version_cmp(&c, &c), 0);
}

static void
test_room(void **state)
{
	struct msig_option opt;
	uint8_t wire[1024];
	struct msig_wr wr;
	size_t len;

	fill(&opt);
	len = encode(&opt, 3, wire, sizeof(wire));
	msig_wr_init(&wr, wire, len - 1);
	assert_int_equal(msig_option_encode(&opt, 3, &wr), KNOT_ESPACE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_tlvs), cmocka_unit_test(test_layout4),
	    cmocka_unit_test(test_wires),    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_lower),    cmocka_unit_test(test_check),
	    cmocka_unit_test(test_names),    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_room),
	};
	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
