/* HSYNC: wire and text of every version, what is refused, whole RRsets. */
#include "tests/unit/wire.h"
#include "libmsig/err.h"
#include "libmsig/hsync.h"

#define MSA "036d7361 07 6578616d706c65 00"
#define UP "027570 07 6578616d706c65 00"
#define LONG                                                                                \
	"3f 616161616161616161616161616161616161616161616161616161616161616161616161616161" \
	"616161616161616161616161616161616161616161616161"

static const struct {
	const char *name;
	const char *hex;
	unsigned flags;
	int err;
	uint8_t version, state, nsmgmt, sign;
	const char *identity, *upstream;
} wires[] = {
    {"V1 ON", "01" MSA, MSIG_HSYNC_MSIGNER, 0, 1, 1, 1, 1, "msa.example.", "."},
    {"V1 OFF", "02" MSA, MSIG_HSYNC_MSIGNER, 0, 1, 2, 1, 1, "msa.example.", "."},
    {"V3 ON AGENT YES", "01 02 01 03 6d7361 08 70726f7669646572 07 6578616d706c65 00", 0, 0, 3, 1,
     2, 1, "msa.provider.example.", "."},
    {"V4 OFF OWNER NOSIGN", "02 01 02 01 61 07 6578616d706c65 00 02 7570 07 6578616d706c65 00", 0,
     0, 4, 2, 1, 2, "a.example.", "up.example."},
    {"V4 without upstream", "01 02 01" MSA "00", 0, 0, 4, 1, 2, 1, "msa.example.", "."},
    {"letters are kept", "01 02 01 034d7341 00", 0, 0, 3, 1, 2, 1, "MsA.", "."},
    {"private state", "80 09 09" MSA, 0, 0, 3, 128, 9, 9, "msa.example.", "."},
    {"highest private state", "ff 01 01" MSA, 0, 0, 3, 255, 1, 1, "msa.example.", "."},
    {"empty", "", 0, MSIG_EHSYNC},
    {"state alone", "01", 0, MSIG_EHSYNC},
    {"no identity", "01 02 01", 0, MSIG_EHSYNC},
    {"identity cut", "01 02 01 03 6d73", 0, MSIG_EHSYNC},
    {"identity without its end", "01 02 01 03 6d7361", 0, MSIG_EHSYNC},
    {"identity is the root", "01 02 01 00", 0, MSIG_EHSYNC},
    {"identity compressed", "01 02 01 c000", 0, MSIG_EHSYNC},
    {"identity too long", "01 02 01" LONG LONG LONG LONG "00", 0, MSIG_EHSYNC},
    {"upstream cut", "01 02 01" MSA "02 75", 0, MSIG_EHSYNC},
    {"behind upstream", "01 02 01" MSA UP "00", 0, MSIG_EHSYNC},
    {"state 0", "00 02 01" MSA, 0, MSIG_EHSYNC},
    {"state 3", "03 02 01" MSA, 0, MSIG_EHSYNC},
    {"state 127", "7f 02 01" MSA, 0, MSIG_EHSYNC},
    {"nsmgmt 0", "01 00 01" MSA, 0, MSIG_EHSYNC},
    {"nsmgmt 3", "01 03 01" MSA, 0, MSIG_EHSYNC},
    {"sign 0", "01 02 00" MSA, 0, MSIG_EHSYNC},
    {"sign 3", "01 02 03" MSA, 0, MSIG_EHSYNC},
    {"V1 state 0", "00" MSA, MSIG_HSYNC_MSIGNER, MSIG_EHSYNC},
    {"V1 and more", "01" MSA "00", MSIG_HSYNC_MSIGNER, MSIG_EHSYNC},
    {"0 read as OFF and NOSIGN", "00 02 00" MSA, MSIG_HSYNC_ZERO_OFF, 0, 3, 2, 2, 2, "msa.example.",
     "."},
    {"0 in nsmgmt is never read", "01 00 01" MSA, MSIG_HSYNC_ZERO_OFF, MSIG_EHSYNC},
};

static void
test_decode(void **state)
{
	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
		uint8_t data[1024];
		size_t len = hex(wires[i].hex, data, sizeof(data));
		struct msig_hsync h;

		print_message("# %s\n", wires[i].name);
		assert_int_equal(msig_hsync_decode(data, len, wires[i].flags, &h), wires[i].err);
		if (wires[i].err != 0)
			continue;
		assert_int_equal(h.version, wires[i].version);
		assert_int_equal(h.state, wires[i].state);
		assert_int_equal(h.nsmgmt, wires[i].nsmgmt);
		assert_int_equal(h.sign, wires[i].sign);
		assert_memory_equal(h.identity, NAME(wires[i].identity),
				    knot_dname_size(h.identity));
		assert_memory_equal(h.upstream, NAME(wires[i].upstream),
				    knot_dname_size(h.upstream));
	}
}

/* Every prefix of a record is malformed, but for V4 cut down to V3. */
static void
test_truncated(void **state)
{
	uint8_t data[64];
	size_t len = hex("01 02 01" MSA UP, data, sizeof(data));
	size_t v3 = hex("01 02 01" MSA, data + 32, 32);
	struct msig_hsync h;

	for (size_t n = 0; n < len; n++)
		assert_int_equal(msig_hsync_decode(data, n, 0, &h), n == v3 ? 0 : MSIG_EHSYNC);
}

static const struct {
	const char *text;
	unsigned flags;
	int err;
	const char *out; /* what is written */
} texts[] = {
    {"ON AGENT SIGN msa.p1.example. .", 0, 0, "ON AGENT SIGN msa.p1.example. ."},
    {"off owner nosign a.example up.example.", 0, 0, "OFF OWNER NOSIGN a.example. up.example."},
    {"ON AGENT YES msa.provider.example.", 0, 0, "ON AGENT SIGN msa.provider.example. ."},
    {"ON AGENT NO msa.provider.example.", 0, 0, "ON AGENT NOSIGN msa.provider.example. ."},
    {"1 2 1 msa.example. .", 0, 0, "ON AGENT SIGN msa.example. ."},
    {"ON MSA.Example.", 0, 0, "ON OWNER SIGN MSA.Example. ."},
    {"HSYNC ON OWNER SIGN a. .", 0, 0, "ON OWNER SIGN a. ."},
    {"MSIGNER ON msa.example.", 0, 0, "ON OWNER SIGN msa.example. ."},
    {"MSIGNER ON OWNER SIGN msa.example.", 0, MSIG_EHSYNC, NULL},
    {"  TYPE65282 \\# 14 01020103 6d7361 07 6578616d706c6500 ", 0, MSIG_EHSYNC, NULL},
    {"TYPE65282 \\# 16 010201036d7361076578616d706c6500", 0, 0, "ON AGENT SIGN msa.example. ."},
    {"\\# 16 01 02 01 036d7361\t076578616d706c6500", 0, 0, "ON AGENT SIGN msa.example. ."},
    {"TYPE65281 \\# 14 01036d7361076578616d706c6500", 0, 0, "ON OWNER SIGN msa.example. ."},
    {"\\# 14 01036d7361076578616d706c6500", MSIG_HSYNC_MSIGNER, 0, "ON OWNER SIGN msa.example. ."},
    {"\\# 17 010201036d7361076578616d706c6500", 0, MSIG_EHSYNC, NULL},
    {"\\# 15 010201036d7361076578616d706c6500", 0, MSIG_EHSYNC, NULL},
    {"\\# 16 010201036d7361076578616d706c65 0", 0, MSIG_EHSYNC, NULL},
    {"\\# 16 010201036d7361076578616d706c65zz", 0, MSIG_EHSYNC, NULL},
    {"\\# 16 010201036g7361076578616d706c6500", 0, MSIG_EHSYNC, NULL},
    {"\\# 16 01020103g67361076578616d706c6500", 0, MSIG_EHSYNC, NULL},
    {"\\# 3 010201036d7361076578616d706c6500", 0, MSIG_EHSYNC, NULL},
    {"\\# zz", 0, MSIG_EHSYNC, NULL},
    {"TYPE ON AGENT SIGN a. .", 0, MSIG_EHSYNC, NULL},
    {"TYPEx ON AGENT SIGN a. .", 0, MSIG_EHSYNC, NULL},
    {"\\# 70000 01", 0, MSIG_EHSYNC, NULL},
    {"\\#", 0, MSIG_EHSYNC, NULL},
    {"", 0, MSIG_EHSYNC, NULL},
    {"ON", 0, MSIG_EHSYNC, NULL},
    {"ON AGENT msa.example.", 0, MSIG_EHSYNC, NULL},
    {"ON AGENT SIGN msa.example. . more", 0, MSIG_EHSYNC, NULL},
    {"MAYBE AGENT SIGN msa.example. .", 0, MSIG_EHSYNC, NULL},
    {"ON NOBODY SIGN msa.example. .", 0, MSIG_EHSYNC, NULL},
    {"ON AGENT PERHAPS msa.example. .", 0, MSIG_EHSYNC, NULL},
    {"3 AGENT SIGN msa.example. .", 0, MSIG_EHSYNC, NULL},
    {"257 AGENT SIGN msa.example. .", 0, MSIG_EHSYNC, NULL},
    {"-1 AGENT SIGN msa.example. .", 0, MSIG_EHSYNC, NULL},
    {"1x AGENT SIGN msa.example. .", 0, MSIG_EHSYNC, NULL},
    {"ON AGENT SIGN a..b .", 0, MSIG_EHSYNC, NULL},
    {"ON AGENT SIGN . .", 0, MSIG_EHSYNC, NULL},
};

static void
test_text(void **state)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char buf[MSIG_HSYNC_TEXT], generic[2048];
		struct msig_hsync h, again;

		print_message("# %s\n", texts[i].text);
		assert_int_equal(msig_hsync_parse(texts[i].text, texts[i].flags, &h), texts[i].err);
		if (texts[i].err != 0)
			continue;
		assert_int_equal(msig_hsync_text(&h, buf, sizeof(buf)), 0);
		assert_string_equal(buf, texts[i].out);
		/* What is written reads as the same, in both forms. */
		assert_int_equal(msig_hsync_parse(buf, 0, &again), 0);
		assert_memory_equal(again.identity, h.identity, sizeof(h.identity));
		assert_int_equal(msig_hsync_text_generic(&h, generic, sizeof(generic)), 0);
		assert_int_equal(msig_hsync_parse(generic, 0, &again), 0);
		assert_int_equal(again.version, 4);
		assert_int_equal(again.state, h.state);
		assert_int_equal(again.nsmgmt, h.nsmgmt);
		assert_int_equal(again.sign, h.sign);
		assert_memory_equal(again.identity, h.identity, sizeof(h.identity));
		assert_memory_equal(again.upstream, h.upstream, sizeof(h.upstream));
	}
}

static void
test_text_room(void **state)
{
	struct msig_hsync h;
	char buf[64];

	assert_int_equal(msig_hsync_parse("ON AGENT SIGN a. .", 0, &h), 0);
	assert_int_equal(msig_hsync_text(&h, buf, 10), KNOT_ESPACE);
	assert_int_equal(msig_hsync_text(&h, buf, strlen("ON AGENT SIGN a. .")), KNOT_ESPACE);
	assert_int_equal(msig_hsync_text(&h, buf, strlen("ON AGENT SIGN a. .") + 1), 0);
	assert_int_equal(msig_hsync_text_generic(&h, buf, 18), KNOT_ESPACE);
	assert_int_equal(msig_hsync_text_generic(&h, buf, strlen("\\# 7 01020101610000") + 1), 0);
	assert_string_equal(buf, "\\# 7 01020101610000");
}

/* The longest names there are. */
static void
test_longest(void **state)
{
	char text[MSIG_HSYNC_TEXT + 2048];
	char label[64], name[256];
	struct msig_hsync h;

	memset(label, 'x', 63);
	label[63] = '\0';
	snprintf(name, sizeof(name), "%s.%s.%s.%.61s.", label, label, label, label);
	snprintf(text, sizeof(text), "ON AGENT SIGN %s %s", name, name);
	assert_int_equal(msig_hsync_parse(text, 0, &h), 0);
	assert_int_equal(knot_dname_size(h.identity), 255);
	assert_int_equal(msig_hsync_text_generic(&h, text, sizeof(text)), 0);
	assert_int_equal(msig_hsync_parse(text, 0, &h), 0);
	assert_int_equal(knot_dname_size(h.upstream), 255);
}

/* Text longer than any record, and rdata longer than any. */
static void
test_text_too_long(void **state)
{
	static char text[20000];
	struct msig_hsync h;

	memset(text, ' ', sizeof(text) - 1);
	memcpy(text + 19000, "ON AGENT SIGN a. .", 18);
	assert_int_equal(msig_hsync_parse(text, 0, &h), 0); /* blanks in front */
	memcpy(text, "ON AGENT SIGN a. .", 18);
	memset(text + 19000, ' ', 18);
	assert_int_equal(msig_hsync_parse(text, 0, &h), MSIG_EHSYNC);
	for (int octets = MSIG_HSYNC_RDATA_MAX - 1; octets < MSIG_HSYNC_RDATA_MAX + 90; octets++) {
		memset(text, 0, sizeof(text));
		sprintf(text, "\\# %d ", octets);
		memset(text + strlen(text), 'a', 2 * octets);
		assert_int_equal(msig_hsync_parse(text, 0, &h), MSIG_EHSYNC);
	}
	memset(text, 0, sizeof(text));
	sprintf(text, "\\# 3 ");
	memset(text + strlen(text), 'a', 1500);
	assert_int_equal(msig_hsync_parse(text, 0, &h), MSIG_EHSYNC);
}

static void
test_encode_refuses(void **state)
{
	struct msig_hsync h;
	uint8_t rdata[MSIG_HSYNC_RDATA_MAX];
	char text[64];
	uint16_t len;

	assert_int_equal(msig_hsync_parse("ON AGENT SIGN a. .", 0, &h), 0);
	assert_int_equal(msig_hsync_encode(&h, rdata, &len), 0);
	h.state = 0;
	assert_int_equal(msig_hsync_encode(&h, rdata, &len), MSIG_EHSYNC);
	assert_int_equal(msig_hsync_text_generic(&h, text, sizeof(text)), MSIG_EHSYNC);
}

/* RRsets ------------------------------------------------------------------------------------- */

static void
add(knot_rdataset_t *rrs, const char *text)
{
	uint8_t data[1024];
	knot_rdata_t *rr = rdata_of(data, hex(text, data, sizeof(data)));

	assert_int_equal(knot_rdataset_add(rrs, rr, NULL), 0);
	free(rr);
}

static const struct {
	const char *name;
	const char *rr[4];
	int err;
	size_t count, signers;
	uint8_t nsmgmt;
	bool mixed;
} sets[] = {
    {"one", {"01 02 01 0161 00"}, 0, 1, 1, MSIG_HSYNC_AGENT, false},
    {"two, V3 and V4",
     {"01 02 01 0162 00", "01 02 01 0161 00 00"},
     0,
     2,
     2,
     MSIG_HSYNC_AGENT,
     false},
    {"signer and not", {"01 01 01 0162 00", "01 01 02 0161 00"}, 0, 2, 1, MSIG_HSYNC_OWNER, false},
    {"off does not sign",
     {"01 02 01 0162 00", "02 02 01 0161 00"},
     0,
     2,
     1,
     MSIG_HSYNC_AGENT,
     false},
    {"nsmgmt differs", {"01 02 01 0162 00", "01 01 01 0161 00"}, 0, 2, 2, MSIG_HSYNC_OWNER, true},
    {"nsmgmt differs, the other first",
     {"01 01 01 0162 00", "01 02 01 0161 00"},
     0,
     2,
     2,
     MSIG_HSYNC_OWNER,
     true},
    {"private state passed over",
     {"01 02 01 0162 00", "80 01 01 0161 00"},
     0,
     1,
     1,
     MSIG_HSYNC_AGENT,
     false},
    {"one bad of three", {"01 02 01 0161 00", "01 02 01 0162 00", "03 02 01 0163 00"}, MSIG_EHSYNC},
    {"state 0 among good ones", {"01 02 01 0161 00", "00 02 01 0162 00"}, MSIG_EHSYNC},
    {"one identity twice", {"01 02 01 0161 00", "02 02 01 0161 00"}, MSIG_EDUP},
    {"one identity twice, other letters", {"01 02 01 0161 00", "01 02 01 0141 00"}, MSIG_EDUP},
    {"private state may repeat an identity",
     {"01 02 01 0161 00", "81 01 01 0161 00"},
     0,
     1,
     1,
     MSIG_HSYNC_AGENT,
     false},
    {"none", {NULL}, MSIG_EMISSING},
};

static void
test_sets(void **state)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		knot_rdataset_t rrs = {0};
		struct msig_hsync_set set, copy = {0};
		uint16_t bad = 99;

		print_message("# %s\n", sets[i].name);
		for (int j = 0; j < 4 && sets[i].rr[j] != NULL; j++)
			add(&rrs, sets[i].rr[j]);
		assert_int_equal(msig_hsync_set_decode(&rrs, MSIG_HSYNC_TYPE, 0, &set, &bad),
				 sets[i].err);
		assert_int_equal(set.count, sets[i].count);
		if (sets[i].err == 0) {
			assert_int_equal(msig_hsync_set_signers(&set), sets[i].signers);
			assert_int_equal(set.nsmgmt, sets[i].nsmgmt);
			assert_int_equal(set.mixed, sets[i].mixed);
			assert_int_equal(msig_hsync_set_copy(&copy, &set), 0);
			msig_hsync_set_clear(&set);
			assert_int_equal(copy.count, sets[i].count);
			for (size_t j = 1; j < copy.count; j++)
				assert_true(msig_name_cmp(copy.at[j - 1].identity,
							  copy.at[j].identity) < 0);
			msig_hsync_set_clear(&copy);
		}
		knot_rdataset_clear(&rrs, NULL);
	}
}

static void
test_set_find(void **state)
{
	knot_rdataset_t rrs = {0};
	struct msig_hsync_set set;

	add(&rrs, "01 02 01 034d5341 00");
	assert_int_equal(msig_hsync_set_decode(&rrs, MSIG_HSYNC_TYPE, 0, &set, NULL), 0);
	assert_non_null(msig_hsync_set_find(&set, NAME("msa.")));
	assert_non_null(msig_hsync_set_find(&set, NAME("MSA.")));
	assert_null(msig_hsync_set_find(&set, NAME("msb.")));
	/* Letters as they came. */
	assert_memory_equal(set.at[0].identity, "\3MSA", 5);
	msig_hsync_set_clear(&set);
	knot_rdataset_clear(&rrs, NULL);
}

static void
test_set_bad(void **state)
{
	knot_rdataset_t rrs = {0};
	struct msig_hsync_set set;
	uint16_t bad;

	add(&rrs, "01 02 01 0161 00");
	add(&rrs, "01 02 01 0162 00");
	add(&rrs, "07 02 01 0163 00");
	assert_int_equal(msig_hsync_set_decode(&rrs, MSIG_HSYNC_TYPE, 0, &set, &bad), MSIG_EHSYNC);
	assert_int_equal(bad, 2);
	knot_rdataset_clear(&rrs, NULL);
}

/* The digest is over (type, rdlength, rdata), shorter rdata first; computed with another tool. */
static void
test_set_digest(void **state)
{
	knot_rdataset_t rrs = {0};
	struct msig_hsync_set set;
	char text[65];

	add(&rrs,
	    "01 02 01 026161 00"); /* longer, and first by its octets if lengths are left out */
	add(&rrs, "02 02 01 0162 00");
	assert_int_equal(msig_hsync_set_decode(&rrs, MSIG_HSYNC_TYPE, 0, &set, NULL), 0);
	assert_string_equal(to_hex(set.digest, 32, text),
			    "797cee81c147fe0a65a47c51853f4c2826b5e0fe7d9203494e321058ce87a0fd");
	msig_hsync_set_clear(&set);
	knot_rdataset_clear(&rrs, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_decode),     cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_text),       cmocka_unit_test(test_text_room),
	    cmocka_unit_test(test_longest),    cmocka_unit_test(test_encode_refuses),
	    cmocka_unit_test(test_sets),       cmocka_unit_test(test_set_find),
	    cmocka_unit_test(test_set_bad),    cmocka_unit_test(test_text_too_long),
	    cmocka_unit_test(test_set_digest),
	};
	return cmocka_run_group_tests_name("hsync", tests, NULL, NULL);
}
