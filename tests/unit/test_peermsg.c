/* The verbs as DNS messages: composed, signed, parsed; what is refused, and how. */
#include "tests/unit/wire.h"
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "libmsig/peermsg.h"
#include "libmsig/sig0.h"
#include "libmsig/statement.h"

#define PAD "00000000000000000000000000000000000000000000000000000000" /* to 32 octets */

#define NOW UINT64_C(1798761600)

#define QN "0473686f70 076578616d706c65 00"
#define Q QN "0006 0001"
#define OPTION                                                            \
	"01 01 02 01 0010 036d7361 027031 076578616d706c65 00 02 000e" QN \
	"14 0001 01 0f 0008 0000000000000001"
#define OPT(len, body) "00 0029 04d0 00000000" len body
#define HELLO OPT("003a", "fdf2 0036" OPTION)

static struct msig_statement statement;
static struct msig_sig0_key *key;
static knot_rdataset_t keys;

static void
add(struct msig_set *set, const char *text)
{
	uint8_t data[256];

	assert_int_equal(msig_set_add(set, data, hex(text, data, sizeof(data))), 0);
}

static int
setup(void **state)
{
	struct msig_set *set = statement.apex.set;

	msig_statement_init(&statement, NAME("MSA.p1.example."), NAME("Shop.example."));
	add(&set[MSIG_APEX_DNSKEY], "0101030f 1111"
				    "0000" PAD);
	add(&set[MSIG_APEX_DNSKEY], "0100030f 2222"
				    "0000" PAD);
	add(&set[MSIG_APEX_NS], "036e7331 00");
	set[MSIG_APEX_NS].ttl = 300;
	assert_int_equal(msig_key_cds(statement.zone, &set[MSIG_APEX_DNSKEY], &set[MSIG_APEX_CDS],
				      &set[MSIG_APEX_CDNSKEY]),
			 0);
	statement.version = (struct msig_version){3, 7};
	statement.process = MSIG_PROCESS_ADD;
	statement.step = 2;
	statement.epoch = 3;
	statement.owner_serial = 2026010101;
	statement.standing = MSIG_STANDING_KEYS | MSIG_STANDING_NS;
	memset(statement.generation, 9, sizeof(statement.generation));
	memset(statement.hsync_digest, 8, sizeof(statement.hsync_digest));
	assert_int_equal(msig_sig0_key_generate(NAME("ns1.p1.example."), 15, &key), 0);
	return knot_rdataset_add(&keys, msig_sig0_key_rdata(key), NULL);
}

static int
teardown(void **state)
{
	msig_statement_clear(&statement);
	msig_sig0_key_free(key);
	knot_rdataset_clear(&keys, NULL);
	return 0;
}

/* An option that passes the check for any operation. */
static void
full_option(struct msig_option *opt, uint8_t op)
{
	msig_option_init(opt, op, NAME("MSA.p1.example."), NAME("Shop.example."));
	assert_int_equal(msig_statement_to_option(&statement, opt), 0);
	MSIG_OPTION_SET(opt, SEQUENCE, sequence, 42);
	MSIG_OPTION_SET(opt, RESULT, result, MSIG_RESULT_BUSY);
	MSIG_OPTION_SET(opt, TERM, term, 1);
	MSIG_OPTION_SET(opt, VOTE, vote, 2);
	memcpy(opt->leader, "\1a", 3);
	opt->has |= MSIG_HAS(LEADER) | MSIG_HAS(TRANSITION);
}

static const struct {
	uint8_t op;
	uint8_t opcode;
	uint16_t qtype;
} verbs[] = {
    {MSIG_OP_HELLO, 4, 6},      {MSIG_OP_HEARTBEAT, 4, 6},     {MSIG_OP_PULL, 0, 255},
    {MSIG_OP_REQUEST, 4, 6},    {MSIG_OP_APPROVE, 4, 6},       {MSIG_OP_DENY, 4, 6},
    {MSIG_OP_EXECUTE, 4, 6},    {MSIG_OP_DONE, 4, 6},          {MSIG_OP_ABORT, 4, 6},
    {MSIG_OP_RELEASE, 4, 6},    {MSIG_OP_NOT_YET, 4, 6},       {MSIG_OP_ELECT_CALL, 4, 6},
    {MSIG_OP_ELECT_VOTE, 4, 6}, {MSIG_OP_ELECT_CONFIRM, 4, 6}, {MSIG_OP_STATE, 5, 6},
};

/* Request, signed, parsed; response, signed, parsed. With a coding of its own each time. */
static void
test_verbs(void **state)
{
	static const struct msig_coding codings[] = {{0, 0}, {65001, 4}, {MSIG_OPTION_CODE, 3}};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) * 3; i++) {
		uint8_t op = verbs[i / 3].op;
		const struct msig_coding *coding = i % 3 == 0 ? NULL : &codings[i % 3];
		const struct msig_apex *apex = op == MSIG_OP_STATE ? &statement.apex : NULL;
		struct msig_option opt;
		struct msig_peermsg msg, got, answer, back;
		uint8_t wire[4096], response[4096];
		size_t len = sizeof(wire), rlen = sizeof(response), unsigned_len;

		print_message("# %s\n", msig_op_name(op));
		full_option(&opt, op);
		assert_int_equal(msig_peermsg_request(&msg, 4711, &opt, apex), 0);
		assert_int_equal(msig_peermsg_compose(&msg, coding, wire, &len), 0);
		unsigned_len = len;
		assert_int_equal(msig_sig0_sign(key, wire, &len, sizeof(wire), NULL, 0, NOW, 300),
				 0);
		assert_int_equal(knot_wire_get_opcode(wire), verbs[i / 3].opcode);
		assert_int_equal(msig_sig0_verify(wire, len, NULL, 0, &keys, NOW, 300, NULL), 0);
		assert_int_equal(msig_peermsg_parse(wire, unsigned_len, coding, &got), KNOT_EMALF);
		assert_int_equal(msig_peermsg_parse(wire, len, coding, &got), 0);
		assert_int_equal(got.id, 4711);
		assert_false(got.response);
		assert_int_equal(got.operation, op);
		assert_true(got.has_option);
		assert_memory_equal(&got.option, &opt, sizeof(opt));
		assert_string_equal(text_of(got.zone), "shop.example.");
		assert_int_equal(got.has_apex, apex != NULL);
		if (apex != NULL)
			assert_true(msig_apex_eq(&got.apex, apex));

		/* The answer to a PULL is the full set. */
		apex = op == MSIG_OP_PULL ? &statement.apex : NULL;
		assert_int_equal(msig_peermsg_response(&answer, &got, 0, &opt, apex), 0);
		assert_int_equal(msig_peermsg_compose(&answer, coding, response, &rlen), 0);
		assert_int_equal(
		    msig_sig0_sign(key, response, &rlen, sizeof(response), wire, len, NOW, 300), 0);
		assert_int_equal(msig_sig0_verify(response, rlen, wire, len, &keys, NOW, 300, NULL),
				 0);
		assert_int_equal(msig_peermsg_parse(response, rlen, coding, &back), 0);
		assert_true(back.response);
		/* An answer of our own, but to an UPDATE. */
		assert_int_equal(knot_wire_get_aa(response) != 0, op != MSIG_OP_STATE);
		assert_int_equal(back.id, 4711);
		assert_int_equal(back.rcode, 0);
		assert_int_equal(back.carrier, got.carrier);
		assert_memory_equal(&back.option, &opt, sizeof(opt));
		assert_int_equal(back.has_apex, op == MSIG_OP_PULL);
		if (op == MSIG_OP_PULL) {
			assert_true(msig_apex_eq(&back.apex, &statement.apex));
			assert_int_equal(back.apex.set[MSIG_APEX_NS].ttl, 300);
		}
		msig_peermsg_clear(&msg);
		msig_peermsg_clear(&got);
		msig_peermsg_clear(&answer);
		msig_peermsg_clear(&back);
	}
}

/* HELLO as octets, so that the layout cannot drift unnoticed. */
static void
test_hello_octets(void **state)
{
	struct msig_option opt;
	struct msig_peermsg msg;
	uint8_t wire[512], want[512];
	size_t len = sizeof(wire);

	msig_option_init(&opt, MSIG_OP_HELLO, NAME("msa.p1.example."), NAME("shop.example."));
	MSIG_OPTION_SET(&opt, SEQUENCE, sequence, 1);
	assert_int_equal(msig_peermsg_request(&msg, 1, &opt, NULL), 0);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	assert_int_equal(hex("0001 2400 0001 0000 0000 0001"
			     "0473686f70 076578616d706c65 00 0006 0001"
			     "00 0029 04d0 00000000 003a"
			     "fdf2 0036 01 01 02"
			     "01 0010 036d7361 027031 076578616d706c65 00"
			     "02 000e 0473686f70 076578616d706c65 00"
			     "14 0001 01"
			     "0f 0008 0000000000000001",
			     want, sizeof(want)),
			 len);
	assert_memory_equal(wire, want, len);
	msig_peermsg_clear(&msg);
}

static void
test_refusal_message(void **state)
{
	struct msig_option opt;
	struct msig_peermsg msg, answer, back;
	uint8_t wire[4096];
	size_t len = sizeof(wire);

	full_option(&opt, MSIG_OP_HELLO);
	assert_int_equal(msig_peermsg_request(&msg, 7, &opt, NULL), 0);
	/* An extended RCODE and a text of an EDE; no option. */
	assert_int_equal(msig_peermsg_response(&answer, &msg, 17, NULL, NULL), 0);
	msig_peermsg_set_ede(&answer, 18, "no key of that name\n");
	assert_int_equal(msig_peermsg_compose(&answer, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &back), 0);
	assert_true(back.response);
	assert_int_equal(back.rcode, 17);
	assert_true(back.has_ede);
	assert_int_equal(back.ede, 18);
	assert_string_equal(back.ede_text, "no key of that name?");
	assert_false(back.has_option);
	assert_int_equal(back.operation, 0);
	msig_peermsg_clear(&back);
	msig_peermsg_clear(&answer);
	msig_peermsg_clear(&msg);
}

/* A refused PULL has no set: not an empty one. */
static void
test_refused_pull(void **state)
{
	struct msig_option opt;
	struct msig_peermsg msg, answer, back;
	uint8_t wire[4096];
	size_t len = sizeof(wire);

	full_option(&opt, MSIG_OP_PULL);
	/* The request has none either, whatever was given. */
	assert_int_equal(msig_peermsg_request(&msg, 7, &opt, &statement.apex), 0);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	assert_int_equal(knot_wire_get_ancount(wire), 0);
	assert_int_equal(msig_peermsg_response(&answer, &msg, 5, NULL, NULL), 0);
	len = sizeof(wire);
	assert_int_equal(msig_peermsg_compose(&answer, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &back), 0);
	assert_int_equal(back.rcode, 5);
	assert_false(back.has_apex);
	msig_peermsg_clear(&msg);
	msig_peermsg_clear(&back);
}

/* A set that is empty is stated as empty; CSYNC is nobody's own. */
static void
test_empty_sets(void **state)
{
	struct msig_option opt;
	struct msig_peermsg msg, got;
	struct msig_apex apex;
	uint8_t wire[4096];
	size_t len = sizeof(wire);

	msig_apex_init(&apex);
	add(&apex.set[MSIG_APEX_DNSKEY], "0101030f 1111"
					 "0000" PAD);
	add(&apex.set[MSIG_APEX_CSYNC], "00000000 0001 0001 20");
	full_option(&opt, MSIG_OP_STATE);
	assert_int_equal(msig_peermsg_request(&msg, 7, &opt, &apex), 0);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	assert_int_equal(knot_wire_get_nscount(wire), 5); /* four deletes, one add */
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), 0);
	assert_true(got.has_apex);
	assert_int_equal(got.apex.set[MSIG_APEX_DNSKEY].rrs.count, 1);
	assert_int_equal(got.apex.set[MSIG_APEX_NS].rrs.count, 0);
	assert_int_equal(got.apex.set[MSIG_APEX_CSYNC].rrs.count, 0);
	msig_peermsg_clear(&got);
	/* A record of another type: not a set of ours. */
	wire[12 + 18 + 3] = 1;
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), MSIG_EVALUE);
	msig_peermsg_clear(&msg);
	msig_apex_clear(&apex);
}

static void
test_ede(void **state)
{
	struct msig_peermsg msg;
	uint8_t wire[2048];
	size_t len = hex("0001 a405 0001 0000 0000 0001" QN "0006 0001"
			 "00 0029 04d0 00000000 000e 000f 0004 0012 6162 000f 0002 0007",
			 wire, sizeof(wire));

	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &msg), 0); /* of two, the first */
	assert_int_equal(msg.ede, 18);
	assert_string_equal(msg.ede_text, "ab");
	len = hex("0001 a405 0001 0000 0000 0001" QN "0006 0001"
		  "00 0029 04d0 00000000 0005 000f 0001 00",
		  wire, sizeof(wire));
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &msg), 0); /* too short: none */
	assert_false(msg.has_ede);
	len = hex("0001 a405 0001 0000 0000 0001" QN "0006 0001"
		  "00 0029 04d0 00000000 03f2 000f 03ee 0012",
		  wire, sizeof(wire));
	memset(wire + len, 'x', 1004);
	assert_int_equal(msig_peermsg_parse(wire, len + 1004, NULL, &msg), 0);
	assert_int_equal(strlen(msg.ede_text), MSIG_EDE_TEXT - 1);
}

static void
test_too_long(void **state)
{
	uint8_t *wire = calloc(1, 70000);
	size_t len = hex("0001 a405 0001 0000 0000 0000 00 0006 0001", wire, 70000);
	struct msig_peermsg msg;

	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &msg), 0);
	assert_int_equal(msig_peermsg_parse(wire, 65536 + len, NULL, &msg), MSIG_ESIZE);
	free(wire);
}

/* Malformed and strange ---------------------------------------------------------------------- */

static const struct {
	const char *name, *hex;
	int err;
} wires[] = {
    {"HELLO", "0001 2400 0001 0000 0000 0001" Q HELLO, 0},
    {"HELLO without AA", "0001 2000 0001 0000 0000 0001" Q HELLO, 0},
    {"beside another option",
     "0001 2400 0001 0000 0000 0001" Q OPT("003e", "0003 0000 fdf2 0036" OPTION), 0},
    {"the option twice",
     "0001 2400 0001 0000 0000 0001" Q OPT("0074", "fdf2 0036" OPTION "fdf2 0036" OPTION),
     MSIG_EOPTION},
    {"a plain NOTIFY", "0001 2400 0001 0000 0000 0000" Q, MSIG_EMISSING},
    {"a NOTIFY with EDNS", "0001 2400 0001 0000 0000 0001" Q OPT("0000", ""), MSIG_EMISSING},
    {"draft's HELLO without a body",
     "0001 2400 0001 0000 0000 0001" Q OPT("0007", "fdf2 0003 010303"), MSIG_EMISSING},
    {"operation 0", "0001 2400 0001 0000 0000 0001" Q OPT("0007", "fdf2 0003 000303"),
     MSIG_EOPTION},
    {"unknown operation", "0001 2400 0001 0000 0000 0001" Q OPT("0007", "fdf2 0003 630303"),
     KNOT_ENOTSUP},
    {"option cut", "0001 2400 0001 0000 0000 0001" Q OPT("0006", "fdf2 0002 0103"), MSIG_EOPTION},
    {"option header cut", "0001 2400 0001 0000 0000 0001" Q OPT("0003", "fdf2 00"), KNOT_EMALF},
    {"option longer than OPT", "0001 2400 0001 0000 0000 0001" Q OPT("0007", "fdf2 0004 010303"),
     KNOT_EMALF},
    {"another zone in the option",
     "0001 2400 0001 0000 0000 0001 0473686f71 076578616d706c65 00 0006 0001" HELLO, MSIG_EOPTION},
    {"HELLO in a QUERY", "0001 0000 0001 0000 0000 0001" QN "00ff 0001" HELLO, MSIG_EOPTION},
    {"HELLO in an UPDATE", "0001 2800 0001 0000 0000 0001" Q HELLO, MSIG_EOPTION},
    {"NOTIFY of type A", "0001 2400 0001 0000 0000 0001" QN "0001 0001" HELLO, MSIG_EVALUE},
    {"class CH", "0001 2400 0001 0000 0000 0001" QN "0006 0003" HELLO, MSIG_EVALUE},
    {"opcode 2", "0001 1000 0001 0000 0000 0001" Q HELLO, KNOT_ENOTSUP},
    {"no question", "0001 2400 0000 0000 0000 0001" HELLO, KNOT_EMALF},
    {"cut in the question", "0001 2400 0001 0000 0000 0001 0473", KNOT_EMALF},
    {"behind the end", "0001 2400 0001 0000 0000 0001" Q HELLO "00", KNOT_EMALF},
    {"header cut", "0001 24", KNOT_EMALF},
    {"empty", "", KNOT_EMALF},
    {"a response without the option", "0001 a405 0001 0000 0000 0000" Q, 0},
    {"a response whose option names no zone",
     "0001 a400 0001 0000 0000 0001" Q OPT("0007", "fdf2 0003 010303"), 0},
    {"a response with a bad option",
     "0001 a400 0001 0000 0000 0001" Q OPT("0006", "fdf2 0002 0103"), MSIG_EOPTION},
    {"a response about another zone",
     "0001 a400 0001 0000 0000 0001 0473686f71 076578616d706c65 00 0006 0001" HELLO, MSIG_EOPTION},
    {"an answer with a foreign type",
     "0001 8400 0001 0001 0000 0000" QN "00ff 0001"
     "c00c 0001 0001 00000000 0004 7f000001",
     MSIG_EVALUE},
    {"an answer with a foreign name",
     "0001 8400 0001 0001 0000 0000" QN "00ff 0001"
     "c011 0002 0001 00000000 0002 c00c",
     MSIG_EVALUE},
    {"an answer of class CH",
     "0001 8400 0001 0001 0000 0000" QN "00ff 0001"
     "c00c 0002 0003 00000000 0002 c00c",
     MSIG_EVALUE},
};

static void
test_wires(void **state)
{
	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
		uint8_t wire[512];
		size_t len = hex(wires[i].hex, wire, sizeof(wire));
		struct msig_peermsg msg;
		int ret;

		print_message("# %s\n", wires[i].name);
		ret = msig_peermsg_parse(wire, len, NULL, &msg);
		assert_int_equal(ret, wires[i].err);
		if (ret == 0)
			msig_peermsg_clear(&msg);
		if (len >= 2)
			assert_int_equal(msg.id, len >= 12);
	}
}

/* A refusal needs the question, whatever was wrong behind it. */
static void
test_known_so_far(void **state)
{
	uint8_t wire[512];
	size_t len = hex("0001 2400 0001 0000 0000 0001" Q OPT("0007", "fdf2 0003 630303"), wire,
			 sizeof(wire));
	struct msig_peermsg msg, answer, back;
	uint16_t rcode, ede;
	int ret = msig_peermsg_parse(wire, len, NULL, &msg);

	assert_int_equal(ret, KNOT_ENOTSUP);
	assert_int_equal(msg.operation, 0x63);
	assert_string_equal(text_of(msg.zone), "shop.example.");
	msig_peermsg_refusal(ret, &rcode, &ede);
	assert_int_equal(msig_peermsg_response(&answer, &msg, rcode, NULL, NULL), 0);
	msig_peermsg_set_ede(&answer, ede, NULL);
	len = sizeof(wire);
	assert_int_equal(msig_peermsg_compose(&answer, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &back), 0);
	assert_int_equal(back.rcode, 4);
	assert_int_equal(back.ede, 21);
	assert_string_equal(text_of(back.zone), "shop.example.");
	msig_peermsg_clear(&back);
}

/* A STATE that does not name every set is no full set. */
static void
test_partial_state(void **state)
{
	struct msig_option opt;
	struct msig_peermsg msg, got;
	uint8_t wire[4096];
	size_t len = sizeof(wire);
	size_t at;

	full_option(&opt, MSIG_OP_STATE);
	assert_int_equal(msig_peermsg_request(&msg, 1, &opt, &statement.apex), 0);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), 0);
	msig_peermsg_clear(&got);
	/* Every DNSKEY in the update section becomes a CDNSKEY. */
	for (at = 12 + 18; at + 4 < len; at++) {
		if (wire[at] == 0xc0 && wire[at + 1] == 0x0c && wire[at + 3] == 48)
			wire[at + 3] = 60;
	}
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), MSIG_EMISSING);
	msig_peermsg_clear(&msg);
	/* And no records at all. */
	assert_int_equal(msig_peermsg_request(&msg, 1, &opt, NULL), 0);
	len = sizeof(wire);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), MSIG_EMISSING);
	msig_peermsg_clear(&msg);
}

static void
test_room(void **state)
{
	struct msig_option opt;
	struct msig_peermsg msg;
	uint8_t wire[4096];
	size_t len = sizeof(wire), less;

	full_option(&opt, MSIG_OP_STATE);
	assert_int_equal(msig_peermsg_request(&msg, 1, &opt, &statement.apex), 0);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	for (less = 0; less < len; less++) {
		size_t room = less;

		assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &room), KNOT_ESPACE);
	}
	msig_peermsg_clear(&msg);
}

/* RCODE and EDE as the protocol has them. */
static const struct {
	int err;
	uint16_t rcode, ede;
} refusals[] = {
    {0, 0, 0},
    {MSIG_ENOSIG, 5, 18},
    {MSIG_ESIGKEY, 17, 18},
    {MSIG_EBADSIG, 9, 0},
    {MSIG_ESIGTIME, 9, 7},
    {MSIG_EOPTION, 1, 24},
    {MSIG_EMISSING, 1, 24},
    {KNOT_EMALF, 1, 24},
    {KNOT_ENOTSUP, 4, 21},
    {MSIG_EREFUSED, 5, 18},
    {MSIG_EDOUBT, 5, 14},
    {MSIG_EAHEAD, 9, 0},
    {KNOT_ENOMEM, 2, 0},
};

static void
test_refusals(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		uint16_t rcode, ede;

		msig_peermsg_refusal(refusals[i].err, &rcode, &ede);
		assert_int_equal(rcode, refusals[i].rcode);
		assert_int_equal(ede, refusals[i].ede);
	}
}

/* Statements in messages --------------------------------------------------------------------- */

static void
carry(uint8_t op, struct msig_peermsg *got)
{
	struct msig_option opt;
	struct msig_peermsg msg, answer;
	uint8_t wire[4096];
	size_t len = sizeof(wire);

	full_option(&opt, op);
	assert_int_equal(
	    msig_peermsg_request(&msg, 1, &opt, op == MSIG_OP_STATE ? &statement.apex : NULL), 0);
	assert_int_equal(msig_peermsg_response(&answer, &msg, 0, &opt, &statement.apex), 0);
	assert_int_equal(
	    msig_peermsg_compose(op == MSIG_OP_STATE ? &msg : &answer, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, got), 0);
	msig_peermsg_clear(&msg);
	msig_peermsg_clear(&answer);
}

static void
test_statements(void **state)
{
	static const uint8_t ops[] = {MSIG_OP_STATE, MSIG_OP_PULL};

	for (int i = 0; i < 2; i++) {
		struct msig_statement st;
		struct msig_peermsg msg;

		carry(ops[i], &msg);
		assert_int_equal(msig_statement_from_peermsg(&msg, &st), 0);
		assert_string_equal(text_of(st.identity), "msa.p1.example.");
		assert_string_equal(text_of(st.zone), "shop.example.");
		assert_int_equal(msig_statement_cmp(&st, &statement), 0);
		assert_int_equal(st.process, statement.process);
		assert_int_equal(st.step, statement.step);
		assert_int_equal(st.epoch, statement.epoch);
		assert_int_equal(st.owner_serial, statement.owner_serial);
		assert_int_equal(st.standing, statement.standing);
		assert_memory_equal(st.generation, statement.generation, 16);
		assert_memory_equal(st.hsync_digest, statement.hsync_digest, 32);
		assert_true(msig_apex_eq(&st.apex, &statement.apex));
		msig_statement_clear(&st);

		/* The digest is of what is there. */
		msg.option.contribution[0] ^= 1;
		assert_int_equal(msig_statement_from_peermsg(&msg, &st), MSIG_EVALUE);
		msg.option.contribution[0] ^= 1;
		msg.option.has &= ~MSIG_HAS(VERSION);
		assert_int_equal(msig_statement_from_peermsg(&msg, &st), MSIG_EMISSING);
		msg.option.has |= MSIG_HAS(VERSION);
		msg.has_apex = false;
		assert_int_equal(msig_statement_from_peermsg(&msg, &st), MSIG_EMISSING);
		/* What is stated must be fit. */
		msg.has_apex = true;
		msig_set_clear(&msg.apex.set[MSIG_APEX_CDNSKEY]);
		assert_int_equal(msig_apex_digest(&msg.apex, msg.option.contribution), 0);
		assert_int_equal(msig_statement_from_peermsg(&msg, &st), MSIG_EVALUE);
		msig_peermsg_clear(&msg);
	}
}

/* Of a sender that does not say: at rest, in sync, it is a member with all; else nobody knows. */
static const struct {
	uint8_t process, step, standing;
} derived[] = {
    {0, 7, MSIG_STANDING_KEYS | MSIG_STANDING_CDS | MSIG_STANDING_NS | MSIG_STANDING_MEMBER},
    {0, 0, 0},
    {0, 6, 0},
    {MSIG_PROCESS_ADD, 7, 0},
    {MSIG_PROCESS_REMOVE, 7, 0},
    {MSIG_PROCESS_ZSK, 3, 0},
};

static void
test_standing(void **state)
{
	struct msig_peermsg msg;

	carry(MSIG_OP_STATE, &msg);
	for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++) {
		struct msig_statement st;

		msg.option.process = derived[i].process;
		msg.option.step = derived[i].step;
		msg.option.has |= MSIG_HAS(STANDING);
		assert_int_equal(msig_statement_from_peermsg(&msg, &st), 0);
		assert_int_equal(st.standing, statement.standing);
		msig_statement_clear(&st);
		msg.option.has &= ~MSIG_HAS(STANDING);
		assert_int_equal(msig_statement_from_peermsg(&msg, &st), 0);
		assert_int_equal(st.standing, derived[i].standing);
		msig_statement_clear(&st);
	}
	msig_peermsg_clear(&msg);
}

static void
test_statement_order(void **state)
{
	struct msig_statement a = {.version = {2, 1}}, b = {.version = {1, 9}};

	assert_true(msig_statement_cmp(&a, &b) > 0);
	assert_true(msig_statement_cmp(&b, &a) < 0);
}

/* EXECUTE with what its step changes: records that go and come, all at the apex. */
static void
test_change(void **state)
{
	struct msig_option opt;
	struct msig_change change;
	struct msig_peermsg msg, got, answer;
	uint8_t wire[4096];
	size_t len = sizeof(wire);

	full_option(&opt, MSIG_OP_EXECUTE);
	msig_change_init(&change);
	assert_int_equal(msig_apex_copy(&change.add, &statement.apex), 0);
	add(&change.del.set[MSIG_APEX_DNSKEY], "0100030f 3333");
	add(&change.add.set[MSIG_APEX_CSYNC], "00000000 0001 00 04 60000008");
	assert_int_equal(msig_peermsg_execute(&msg, 7, &opt, &change), 0);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	assert_int_equal(knot_wire_get_opcode(wire), KNOT_OPCODE_UPDATE);
	assert_int_equal(knot_wire_get_nscount(wire), 1 + 2 + 1 + 1 + 1 + 1);
	assert_int_equal(msig_sig0_sign(key, wire, &len, sizeof(wire), NULL, 0, NOW, 300), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), 0);
	assert_int_equal(got.operation, MSIG_OP_EXECUTE);
	assert_true(got.has_change);
	assert_false(got.has_apex);
	assert_string_equal(got.change.odd, "");
	assert_true(msig_apex_eq(&got.change.add, &change.add));
	assert_true(msig_apex_eq(&got.change.del, &change.del));
	assert_int_equal(got.change.add.set[MSIG_APEX_NS].ttl, 300);
	assert_int_equal(msig_peermsg_response(&answer, &got, 0, &opt, NULL), 0);
	msig_peermsg_clear(&got);
	len = sizeof(wire);
	assert_int_equal(msig_peermsg_compose(&answer, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), 0);
	assert_true(got.response);
	assert_false(got.has_change);
	msig_peermsg_clear(&got);
	msig_peermsg_clear(&answer);
	msig_peermsg_clear(&msg);
	msig_change_clear(&change);

	/* A step that changes nothing; and an EXECUTE among peers, which is no UPDATE. */
	len = sizeof(wire);
	assert_int_equal(msig_peermsg_execute(&msg, 7, &opt, &change), 0);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), 0);
	assert_true(got.has_change);
	assert_true(msig_apex_empty(&got.change.add));
	msig_peermsg_clear(&got);
	msig_peermsg_clear(&msg);
	len = sizeof(wire);
	assert_int_equal(msig_peermsg_request(&msg, 7, &opt, NULL), 0);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), 0);
	assert_false(got.has_change);
	msig_peermsg_clear(&got);
	msig_peermsg_clear(&msg);
	/* No other operation may be one. */
	full_option(&opt, MSIG_OP_APPROVE);
	len = sizeof(wire);
	assert_int_equal(msig_peermsg_execute(&msg, 7, &opt, &change), 0);
	assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
	assert_int_equal(msig_peermsg_parse(wire, len, NULL, &got), MSIG_EOPTION);
	msig_peermsg_clear(&msg);
}

/* Octets of one record in the update section are changed: what a change may not have is named. */
static const struct {
	const char *name;
	int offset; /* from its owner */
	uint8_t octet;
	const char *odd;
} odd_records[] = {
    {"type A", 3, 1, "a record of type 1"},
    {"type SOA", 3, 6, "a record of type 6"},
    {"class ANY", 5, 255, "all records of type 2 at once"},
    {"class CH", 5, 3, "all records of type 2 at once"},
    {"another name", 1, 0x11, "a record of type 2 at another name than the apex"},
};

static void
test_odd_change(void **state)
{
	for (size_t i = 0; i < sizeof(odd_records) / sizeof(odd_records[0]); i++) {
		struct msig_option opt;
		struct msig_change change;
		struct msig_peermsg msg, got;
		uint8_t wire[4096];
		size_t len = sizeof(wire), at = 0;

		print_message("# %s\n", odd_records[i].name);
		full_option(&opt, MSIG_OP_EXECUTE);
		msig_change_init(&change);
		add(&change.add.set[MSIG_APEX_NS], "04c0a80101 00");
		assert_int_equal(msig_peermsg_execute(&msg, 7, &opt, &change), 0);
		assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
		for (size_t k = 12; k + 4 < len && at == 0; k++)
			if (wire[k] == 0xc0 && wire[k + 1] == 0x0c && wire[k + 3] == 2)
				at = k;
		assert_true(at > 0);
		wire[at + odd_records[i].offset] = odd_records[i].octet;
		if (odd_records[i].octet == 1) /* an A record has four octets */
			memmove(wire + at + 12 + 4, wire + at + 12 + 6, len - at - 12 - 6),
			    len -= 2, wire[at + 11] = 4;
		int ret = msig_peermsg_parse(wire, len, NULL, &got);
		if (odd_records[i].octet == 6) { /* this is none */
			assert_int_equal(ret, KNOT_EMALF);
		} else {
			assert_int_equal(ret, 0);
			assert_string_equal(got.change.odd, odd_records[i].odd);
			msig_peermsg_clear(&got);
		}
		msig_peermsg_clear(&msg);
		msig_change_clear(&change);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verbs),
	    cmocka_unit_test(test_hello_octets),
	    cmocka_unit_test(test_refusal_message),
	    cmocka_unit_test(test_wires),
	    cmocka_unit_test(test_known_so_far),
	    cmocka_unit_test(test_refused_pull),
	    cmocka_unit_test(test_empty_sets),
	    cmocka_unit_test(test_ede),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_partial_state),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_statements),
	    cmocka_unit_test(test_standing),
	    cmocka_unit_test(test_statement_order),
	    cmocka_unit_test(test_change),
	    cmocka_unit_test(test_odd_change),
	};
	return cmocka_run_group_tests_name("peermsg", tests, setup, teardown);
}
