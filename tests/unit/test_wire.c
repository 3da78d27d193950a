/* Reader and writer, names, lists of RRsets, canonical rdata. */
#include "tests/unit/wire.h"
#include "libmsig/buf.h"
#include "libmsig/canon.h"
#include "libmsig/err.h"
#include "libmsig/rrs.h"

static void
test_reader(void **state)
{
	uint8_t data[64];
	size_t len = hex("01 0203 04050607 08090a0b0c0d0e0f 0161 00 ff", data, sizeof(data));
	struct msig_rd rd;

	msig_rd_init(&rd, data, len);
	assert_int_equal(msig_rd_u8(&rd), 0x01);
	assert_int_equal(msig_rd_u16(&rd), 0x0203);
	assert_int_equal(msig_rd_u32(&rd), 0x04050607);
	assert_true(msig_rd_u64(&rd) == UINT64_C(0x08090a0b0c0d0e0f));
	assert_memory_equal(msig_rd_name(&rd), "\1a", 3);
	assert_int_equal(msig_rd_end(&rd), MSIG_ETRAIL);
	assert_memory_equal(msig_rd_bytes(&rd, 1), "\xff", 1);
	assert_int_equal(msig_rd_end(&rd), 0);
	assert_null(msig_rd_bytes(&rd, 1));
	assert_int_equal(msig_rd_end(&rd), MSIG_ETRUNC);
}

/* After an error nothing is read any more, whatever is left. */
static void
test_reader_sticks(void **state)
{
	uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct msig_rd rd;

	msig_rd_init(&rd, data, 3);
	assert_int_equal(msig_rd_u32(&rd), 0);
	assert_int_equal(msig_rd_u8(&rd), 0);
	assert_null(msig_rd_name(&rd));
	assert_int_equal(msig_rd_end(&rd), MSIG_ETRUNC);
	for (size_t n = 0; n < 8; n++) {
		msig_rd_init(&rd, data, n);
		assert_int_equal(msig_rd_u64(&rd), 0);
		assert_int_equal(msig_rd_end(&rd), MSIG_ETRUNC);
	}
}

static const struct {
	const char *hex;
	int err;
} names[] = {
    {"00", 0},
    {"0161 00", 0},
    {"", MSIG_ETRUNC},
    {"01", KNOT_EMALF},
    {"0161", KNOT_EMALF},
    {"c000", KNOT_EMALF},
    {"0161 c000", KNOT_EMALF},
    {"40", KNOT_EMALF},
    {"80 61 00", KNOT_EMALF},
};

static void
test_reader_names(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t data[16];
		struct msig_rd rd;

		print_message("# %s\n", names[i].hex);
		msig_rd_init(&rd, data, hex(names[i].hex, data, sizeof(data)));
		assert_true((msig_rd_name(&rd) != NULL) == (names[i].err == 0));
		assert_int_equal(rd.err, names[i].err);
	}
}

static void
test_writer(void **state)
{
	uint8_t data[32];
	char text[65];
	struct msig_wr wr;

	msig_wr_init(&wr, data, 19);
	msig_wr_u8(&wr, 1);
	msig_wr_u16(&wr, 0x0203);
	msig_wr_u32(&wr, 0x04050607);
	msig_wr_u64(&wr, UINT64_C(0x08090a0b0c0d0e0f));
	msig_wr_name(&wr, NAME("a."));
	msig_wr_bytes(&wr, "x", 1);
	assert_int_equal(wr.err, 0);
	msig_wr_patch16(&wr, 1, 0xbeef);
	assert_string_equal(to_hex(data, wr.len, text), "01beef0405060708090a0b0c0d0e0f01610078");
	msig_wr_u8(&wr, 0);
	assert_int_equal(wr.err, KNOT_ESPACE);
	assert_int_equal(wr.len, 19);

	/* The error sticks: what would fit is not written behind what did not. */
	msig_wr_init(&wr, data, 3);
	msig_wr_u32(&wr, 1);
	msig_wr_u8(&wr, 1);
	assert_int_equal(wr.len, 0);
	msig_wr_init(&wr, data, 3);
	memset(data, 7, sizeof(data));
	msig_wr_u16(&wr, 0);
	msig_wr_patch16(&wr, 1, 0xffff); /* half of it is not written yet */
	assert_memory_equal(data, "\0\0\7\7", 4);
	msig_wr_clear(&wr); /* the memory is ours */
	assert_int_equal(data[2], 7);
}

static void
test_writer_grows(void **state)
{
	struct msig_wr wr;
	uint8_t *data;
	size_t len;

	msig_wr_grow(&wr, 1000);
	for (int i = 0; i < 1000; i++)
		msig_wr_u8(&wr, i & 0xff);
	assert_int_equal(msig_wr_take(&wr, &data, &len), 0);
	assert_int_equal(len, 1000);
	assert_int_equal(data[999], 999 & 0xff);
	free(data);
	data = calloc(1, 900);
	msig_wr_u8(&wr, 1);
	msig_wr_bytes(&wr, data, 900); /* more than twice what there was */
	free(data);
	assert_int_equal(msig_wr_take(&wr, &data, &len), 0);
	assert_int_equal(len, 901);
	free(data);

	for (int i = 0; i < 1001; i++)
		msig_wr_u8(&wr, 0);
	assert_int_equal(msig_wr_take(&wr, &data, &len), MSIG_ESIZE);
	assert_null(data);
	msig_wr_clear(&wr);
}

/* Names -------------------------------------------------------------------------------------- */

static void
test_names(void **state)
{
	knot_dname_storage_t name;
	char buf[MSIG_NAME_TEXT];

	assert_int_equal(msig_name_parse("MSA.P1.Example", name), 0);
	assert_string_equal(msig_name_text(name, buf), "msa.p1.example.");
	assert_int_equal(msig_name_parse_case("MSA.", name), 0);
	assert_memory_equal(name, "\3MSA", 5);
	assert_string_equal(msig_name_text(name, buf), "msa.");
	assert_int_equal(msig_name_parse(".", name), 0);
	assert_string_equal(msig_name_text(name, buf), ".");
	assert_int_equal(msig_name_parse("", name), KNOT_EINVAL);
	assert_int_equal(msig_name_parse("a..b", name), KNOT_EINVAL);
	assert_true(msig_name_eq(NAME("A.b."), NAME("a.B.")));
	assert_false(msig_name_eq(NAME("a.b."), NAME("a.c.")));
	assert_true(msig_name_cmp(NAME("A.example."), NAME("z.example.")) < 0);
	assert_true(msig_name_cmp(NAME("Z.example."), NAME("a.example.")) > 0);
	assert_true(msig_name_cmp(NAME("example."), NAME("a.example.")) < 0);
	assert_int_equal(msig_name_cmp(NAME("A."), NAME("a.")), 0);
}

/* Lists of RRsets ---------------------------------------------------------------------------- */

#define RR(owner, type, class, ttl, rdlen, rdata) owner type class ttl rdlen rdata
#define A1 RR("0161 00", "0001", "0001", "00000e10", "0004", "c0000201")
#define A2 RR("0141 00", "0001", "0001", "00001c20", "0004", "c0000202")
#define SIG_A RR("0161 00", "002e", "0001", "00000e10", "0004", "00010000")
#define SIG_NS RR("0161 00", "002e", "0001", "0000012c", "0004", "00020000")

static void
test_rrs(void **state)
{
	uint8_t data[512], again[512];
	size_t len = hex(A1 A2 A1 SIG_A SIG_NS, data, sizeof(data));
	struct msig_rrs rrs, second;
	const knot_rrset_t *rr;
	struct msig_wr wr;

	assert_int_equal(msig_rrs_decode(data, len, &rrs), 0);
	assert_int_equal(rrs.count, 3);
	rr = msig_rrs_find(&rrs, NAME("a."), 1);
	assert_int_equal(rr->rrs.count, 2); /* one RRset, whatever the letters; no duplicates */
	assert_int_equal(rr->ttl, 7200);    /* the largest */
	assert_int_equal(msig_rrs_sigs(&rrs, NAME("A."), 1)->ttl, 3600);
	assert_int_equal(msig_rrs_sigs(&rrs, NAME("A."), 2)->ttl, 300);
	assert_null(msig_rrs_sigs(&rrs, NAME("a."), 48));
	assert_null(msig_rrs_find(&rrs, NAME("b."), 1));
	assert_null(msig_rrs_find(&rrs, NAME("a."), 2));

	msig_wr_init(&wr, again, sizeof(again));
	assert_int_equal(msig_rrs_encode(&rrs, &wr), 0);
	assert_int_equal(msig_rrs_decode(again, wr.len, &second), 0);
	assert_int_equal(second.count, rrs.count);
	for (size_t i = 0; i < rrs.count; i++) {
		assert_int_equal(rrs.at[i].ttl, second.at[i].ttl);
		assert_true(knot_rdataset_eq(&rrs.at[i].rrs, &second.at[i].rrs));
	}
	msig_rrs_clear(&rrs);
	msig_rrs_clear(&second);

	for (size_t n = 0; n < len; n++) {
		int ret = msig_rrs_decode(data, n, &rrs);

		assert_true(ret == 0 || ret == MSIG_ETRUNC || ret == KNOT_EMALF);
		assert_true(ret == 0 || rrs.count == 0);
		msig_rrs_clear(&rrs);
	}
}

/* Letters in owner and rdata stay as they came; classes are kept apart; empty rdata is a record. */
static void
test_rrs_as_it_is(void **state)
{
	uint8_t data[512], again[512];
	size_t len = hex(RR("0141 00", "0002", "0001", "0000012c", "0005", "03 4e5331 00")
			     RR("0141 00", "0002", "00fe", "00000000", "0005", "03 4e5331 00")
				 RR("0141 00", "0002", "00ff", "00000000", "0000", ""),
			 data, sizeof(data));
	struct msig_rrs rrs;
	struct msig_wr wr;

	assert_int_equal(msig_rrs_decode(data, len, &rrs), 0);
	assert_int_equal(rrs.count, 3);
	msig_wr_init(&wr, again, sizeof(again));
	assert_int_equal(msig_rrs_encode(&rrs, &wr), 0);
	assert_int_equal(wr.len, len);
	assert_memory_equal(again, data, len);
	msig_rrs_clear(&rrs);
}

static void
test_rrs_limit(void **state)
{
	uint8_t rr[32];
	size_t n = hex("00 0001 0001 00000000 0002 0000", rr, sizeof(rr));
	uint8_t *data = malloc(n * (MSIG_RRS_MAX + 1));
	struct msig_rrs rrs;

	/* One owner: the list is short, only the number of records counts. */
	for (size_t i = 0; i <= MSIG_RRS_MAX; i++) {
		memcpy(data + i * n, rr, n);
		data[i * n + n - 1] = i % 7;
	}
	assert_int_equal(msig_rrs_decode(data, n * (MSIG_RRS_MAX + 1), &rrs), MSIG_ESIZE);
	assert_int_equal(msig_rrs_decode(data, n * MSIG_RRS_MAX, &rrs), 0);
	msig_rrs_clear(&rrs);
	free(data);
}

static void
test_rrs_packet(void **state)
{
	uint8_t wire[512];
	size_t len = hex("0001 8400 0001 0002 0000 0000  0141 00 0002 0001"
			 "c00c 0002 0001 0000012c 0006 034e5331 c00c"
			 "c00c 0002 0001 0000012c 0006 036e7332 c00c",
			 wire, sizeof(wire));
	knot_pkt_t *pkt = knot_pkt_new(wire, len, NULL);
	struct msig_rrs rrs = {0};

	assert_int_equal(knot_pkt_parse(pkt, KNOT_PF_NOCANON), 0);
	assert_int_equal(msig_rrs_add_section(&rrs, knot_pkt_section(pkt, KNOT_ANSWER)), 0);
	assert_int_equal(rrs.count, 1);
	assert_int_equal(rrs.at[0].rrs.count, 2);
	assert_memory_equal(rrs.at[0].rrs.rdata->data, "\3NS1\1A", 7);
	msig_rrs_clear(&rrs);
	knot_pkt_free(pkt);
}

/* Canonical rdata ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint16_t type;
	const char *in, *out; /* out NULL: malformed */
} canons[] = {
    {"A is opaque", 1, "41424344", "41424344"},
    {"NS", 2, "034e5331 0141 00", "036e733101 6100"},
    {"SOA", 6, "0141 00 0142 00 41414141", "0161 00 0162 00 41414141"},
    {"MX", 15, "4141 0142 00", "4141 0162 00"},
    {"SRV", 33, "414141414141 0142 00", "414141414141 0162 00"},
    {"NAPTR", 35, "41414141 0141 0141 0141 0142 00", "41414141 0141 0141 0141 0162 00"},
    {"DNAME", 39, "0142 00", "0162 00"},
    {"RRSIG", 46, "414141414141414141414141414141414141 0142 00 4142",
     "414141414141414141414141414141414141 0162 00 4142"},
    {"NSEC stays (RFC 6840)", 47, "0142 00 4142", "0142 00 4142"},
    {"TXT", 16, "0141", "0141"},
    {"HSYNC stays", 65282, "010201 0142 00", "010201 0142 00"},
    {"SVCB stays", 64, "0001 0142 00", "0001 0142 00"},
    {"NS cut", 2, "034e53", NULL},
    {"NS empty", 2, "", NULL},
    {"MX without a name", 15, "4141", NULL},
    {"MX too short", 15, "41", NULL},
    {"NAPTR cut", 35, "41414141 05", NULL},
    {"NAPTR without strings", 35, "41414141", NULL},
    {"NAPTR without a name", 35, "41414141 00 00 00", NULL},
    {"RRSIG cut", 46, "4141", NULL},
};

static void
test_canon(void **state)
{
	for (size_t i = 0; i < sizeof(canons) / sizeof(canons[0]); i++) {
		uint8_t in[64], out[64];
		size_t len = hex(canons[i].in, in, sizeof(in));

		print_message("# %s\n", canons[i].name);
		assert_int_equal(msig_canon_rdata(canons[i].type, in, len), canons[i].out != NULL);
		if (canons[i].out == NULL)
			continue;
		assert_int_equal(hex(canons[i].out, out, sizeof(out)), len);
		assert_memory_equal(in, out, len);
	}
}

static void
test_errors(void **state)
{
	assert_string_equal(msig_strerror(MSIG_EHSYNC), "malformed HSYNC record");
	assert_string_equal(msig_strerror(KNOT_EMALF), knot_strerror(KNOT_EMALF));
	assert_non_null(msig_strerror(-999999));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reader),       cmocka_unit_test(test_reader_sticks),
	    cmocka_unit_test(test_reader_names), cmocka_unit_test(test_writer),
	    cmocka_unit_test(test_writer_grows), cmocka_unit_test(test_names),
	    cmocka_unit_test(test_rrs),          cmocka_unit_test(test_rrs_as_it_is),
	    cmocka_unit_test(test_rrs_limit),    cmocka_unit_test(test_rrs_packet),
	    cmocka_unit_test(test_canon),        cmocka_unit_test(test_errors),
	};
	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
