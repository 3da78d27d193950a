/*
 * The cheap checks, one after the other: each case is a good message with one thing wrong, and says
 * at which check it has to end and with which answer. Without that check it would end elsewhere.
 */
#include "tests/unit/unit.h"

#include <libknot/libknot.h>
#include "libmsig/option.h"
#include "libmsig/peermsg.h"
#include "libmsig/sig0.h"
#include "transportd/peer/cheap.h"

#define NOW 1800000000ull /* s */
#define MAX 4096

static struct msig_sig0_key *key, *other;
static struct peertable table, unknown_table;
static struct dnsio_addr stranger, known;
static char ID[] = "msa.p2.example.", ID3[] = "msa.p3.example.", ID4[] = "msa.p4.example.";

static const knot_dname_t *
dname(const char *text)
{
	static knot_dname_storage_t name[8];
	static unsigned i;

	i = (i + 1) % 8;
	assert_non_null(knot_dname_from_str(name[i], text, sizeof(name[i])));
	return name[i];
}

/* What is wrong with a message. */
struct wrong {
	const char *zone, *identity;
	int raw_option; /* octets of raw instead of a real option; -1: none at all */
	const uint8_t *raw;
	bool twice; /* the option */
	bool unsigned_, sign_twice, other_key;
	int64_t shift; /* s, of the signature's times */
	enum msig_op op;
};

static void
sign(struct msig_sig0_key *with, uint8_t *wire, size_t *len, int64_t shift)
{
	assert_int_equal(
	    msig_sig0_sign(with, wire, len, MAX, NULL, 0, NOW + (uint64_t)shift, MSIG_SIG0_WINDOW),
	    0);
}

/* NOTIFY SOA with options written by hand. */
static size_t
compose_raw(const struct wrong *w, uint8_t *wire)
{
	knot_pkt_t *pkt = knot_pkt_new(NULL, MAX, NULL);
	knot_rrset_t opt;
	size_t len;

	knot_pkt_clear(pkt);
	knot_wire_set_id(pkt->wire, 4711);
	knot_wire_set_opcode(pkt->wire, KNOT_OPCODE_NOTIFY);
	assert_int_equal(
	    knot_pkt_put_question(pkt, dname("shop.example."), KNOT_CLASS_IN, KNOT_RRTYPE_SOA), 0);
	assert_int_equal(knot_edns_init(&opt, 1232, 0, 0, NULL), 0);
	for (int i = 0; w->raw_option >= 0 && i < 1 + w->twice; i++)
		assert_int_equal(knot_edns_add_option(&opt, MSIG_OPTION_CODE,
						      (uint16_t)w->raw_option, w->raw, NULL),
				 0);
	assert_int_equal(knot_pkt_begin(pkt, KNOT_ADDITIONAL), 0);
	assert_int_equal(knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &opt, 0), 0);
	len = pkt->size;
	memcpy(wire, pkt->wire, len);
	knot_rrset_clear(&opt, NULL);
	knot_pkt_free(pkt);
	return len;
}

static size_t
compose(const struct wrong *w, uint8_t *wire)
{
	struct msig_coding coding = {0};
	struct msig_option option;
	struct msig_peermsg msg;
	size_t len = MAX;

	if (w->raw_option != 0) {
		len = compose_raw(w, wire);
	} else {
		msig_option_init(&option, w->op != 0 ? w->op : MSIG_OP_HELLO,
				 dname(w->identity != NULL ? w->identity : ID),
				 dname(w->zone != NULL ? w->zone : "shop.example."));
		MSIG_OPTION_SET(&option, SEQUENCE, sequence, 1);
		assert_int_equal(msig_peermsg_request(&msg, 4711, &option, NULL), 0);
		assert_int_equal(msig_peermsg_compose(&msg, &coding, wire, &len), 0);
		msig_peermsg_clear(&msg);
	}
	if (!w->unsigned_)
		sign(w->other_key ? other : key, wire, &len, w->shift);
	if (w->sign_twice)
		sign(key, wire, &len, 0);
	return len;
}

static struct cheap_query
query(const uint8_t *wire, size_t len, struct budget *budget)
{
	return (struct cheap_query){
	    .wire = wire,
	    .len = len,
	    .tcp = true,
	    .source = &stranger,
	    .now = NOW * 1000,
	    .now_mono = 1000,
	    .window = MSIG_SIG0_WINDOW,
	    .rate_signer = 100,
	    .option_code = MSIG_OPTION_CODE,
	    .table = &table,
	    .budget = budget,
	};
}

/* Every answer is a well-formed response to the query, no larger than it. */
static void
check_answer(struct cheap_query *q, const struct cheap_verdict *v, bool drop)
{
	uint8_t out[MAX];
	size_t len = cheap_answer(q, v, out, sizeof(out));
	knot_pkt_t *pkt;

	if (drop) {
		assert_int_equal(len, 0);
		return;
	}
	assert_in_range(len, KNOT_WIRE_HEADER_SIZE, q->len);
	pkt = knot_pkt_new(out, (uint16_t)len, NULL);
	assert_int_equal(knot_pkt_parse(pkt, 0), 0);
	assert_true(knot_wire_get_qr(out));
	assert_int_equal(knot_wire_get_id(out), knot_wire_get_id(q->wire));
	assert_int_equal(knot_wire_get_opcode(out), knot_wire_get_opcode(q->wire));
	assert_int_equal(knot_wire_get_tc(out) != 0, v->tc);
	if (q->pkt != NULL && knot_pkt_has_edns(q->pkt)) {
		uint8_t *ede;

		assert_int_equal(knot_pkt_ext_rcode(pkt), v->rcode);
		ede = knot_edns_get_option(pkt->opt_rr, KNOT_EDNS_OPTION_EDE, NULL);
		if (v->ede == KNOT_EDNS_EDE_NONE) {
			assert_null(ede);
		} else {
			assert_non_null(ede);
			assert_int_equal(knot_wire_read_u16(knot_edns_opt_get_data(ede)), v->ede);
		}
	} else {
		assert_false(knot_pkt_has_edns(pkt));
	}
	knot_pkt_free(pkt);
}

static void
expect(struct cheap_query *q, enum cheap_check check, uint16_t rcode, int ede, bool drop)
{
	struct cheap_verdict v;
	bool passed = cheap_run(q, &v);

	if (v.check != check)
		print_error("ends at %s, not at %s\n", cheap_name(v.check), cheap_name(check));
	assert_int_equal(v.check, check);
	assert_int_equal(passed, check == CHEAP_CHECK_COUNT);
	if (!passed) {
		assert_int_equal(v.rcode, rcode);
		assert_int_equal(v.ede, ede);
		check_answer(q, &v, drop);
	}
	cheap_clear(q);
}

/* A message composed with one thing wrong. */
static void
expect_wrong(struct wrong w, enum cheap_check check, uint16_t rcode, int ede)
{
	struct budget *budget = budget_new(16, 100);
	uint8_t wire[MAX];
	struct cheap_query q = query(wire, compose(&w, wire), budget);

	expect(&q, check, rcode, ede, false);
	budget_free(budget);
}

static void
test_good(void **state)
{
	struct budget *budget = budget_new(16, 100);
	uint8_t wire[MAX];
	struct cheap_query q = query(wire, compose(&(struct wrong){0}, wire), budget);
	struct cheap_verdict v;

	assert_true(cheap_run(&q, &v));
	assert_int_equal(v.check, CHEAP_CHECK_COUNT);
	assert_string_equal(q.peer->id, ID);
	assert_int_equal(q.option.operation, MSIG_OP_HELLO);
	assert_int_equal(q.from->passed, 1);
	cheap_clear(&q);
	budget_free(budget);
}

static void
test_size(void **state)
{
	struct budget *budget = budget_new(16, 100);
	static uint8_t wire[CHEAP_MAX + 1];
	struct cheap_query q;

	memset(wire, 0, sizeof(wire));
	q = query(wire, 11, budget);
	expect(&q, CHEAP_SIZE, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA, true);
	q = query(wire, sizeof(wire), budget);
	expect(&q, CHEAP_SIZE, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA, false);
	budget_free(budget);
}

static void
test_header(void **state)
{
	struct budget *budget = budget_new(16, 100);
	uint8_t wire[MAX];
	size_t len = compose(&(struct wrong){0}, wire);
	struct cheap_query q = query(wire, len, budget);

	knot_wire_set_qr(wire);
	expect(&q, CHEAP_REQUEST, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA, true);

	len = compose(&(struct wrong){0}, wire);
	knot_wire_set_opcode(wire, KNOT_OPCODE_STATUS);
	q = query(wire, len, budget);
	expect(&q, CHEAP_OPCODE, KNOT_RCODE_NOTIMPL, KNOT_EDNS_EDE_NOTSUP, false);

	for (unsigned count = 0; count <= 2; count += 2) {
		len = compose(&(struct wrong){0}, wire);
		knot_wire_set_qdcount(wire, (uint16_t)count);
		q = query(wire, len, budget);
		expect(&q, CHEAP_QUESTION, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA, false);
	}
	budget_free(budget);
}

/* Cut anywhere, or longer than it says: never passed on. */
static void
test_parse(void **state)
{
	struct budget *budget = budget_new(16, 0);
	uint8_t wire[MAX];
	size_t len = compose(&(struct wrong){0}, wire);
	struct cheap_query q;
	struct cheap_verdict v;

	wire[len] = 0;
	q = query(wire, len + 1, budget);
	expect(&q, CHEAP_PARSE, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA, false);
	for (size_t cut = 0; cut < len; cut++) {
		q = query(wire, cut, budget);
		assert_false(cheap_run(&q, &v));
		check_answer(&q, &v, cut < KNOT_WIRE_HEADER_SIZE);
		assert_int_equal(v.check, cut < KNOT_WIRE_HEADER_SIZE ? CHEAP_SIZE : CHEAP_PARSE);
		cheap_clear(&q);
	}
	budget_free(budget);
}

static void
test_source_budget(void **state)
{
	struct budget *budget = budget_new(16, 1);
	uint8_t wire[MAX];
	size_t len = compose(&(struct wrong){0}, wire);
	struct cheap_query q;

	for (int udp = 0; udp < 2; udp++) {
		for (int i = 0; i < 2; i++) {
			q = query(wire, len, budget);
			q.tcp = !udp;
			expect(&q, udp ? CHEAP_STREAM : CHEAP_CHECK_COUNT, KNOT_RCODE_NOERROR,
			       KNOT_EDNS_EDE_NONE, false);
		}
		/* Over UDP silence: the source may be someone else. */
		q = query(wire, len, budget);
		q.tcp = !udp;
		expect(&q, CHEAP_SOURCE, KNOT_RCODE_REFUSED, KNOT_EDNS_EDE_BLOCKED, udp);
	}
	budget_free(budget);
}

static void
test_option(void **state)
{
	static const uint8_t zero[] = {0, 1, 2}, unassigned[] = {99, 1, 2}, bare[] = {1, 1, 2},
			     no_dns[] = {1, 2, 2}, cut_tlv[] = {1, 1, 2, 1, 0, 9, 1};

	expect_wrong((struct wrong){.raw_option = -1}, CHEAP_PRESENT, KNOT_RCODE_REFUSED,
		     KNOT_EDNS_EDE_PROHIBITED);
	expect_wrong((struct wrong){.raw_option = 2, .raw = bare}, CHEAP_OPTION, KNOT_RCODE_FORMERR,
		     KNOT_EDNS_EDE_INV_DATA);
	expect_wrong((struct wrong){.raw_option = 3, .raw = zero}, CHEAP_OPTION, KNOT_RCODE_FORMERR,
		     KNOT_EDNS_EDE_INV_DATA);
	expect_wrong((struct wrong){.raw_option = 3, .raw = unassigned}, CHEAP_OPTION,
		     KNOT_RCODE_NOTIMPL, KNOT_EDNS_EDE_NOTSUP);
	expect_wrong((struct wrong){.raw_option = 3, .raw = bare}, CHEAP_OPTION, KNOT_RCODE_FORMERR,
		     KNOT_EDNS_EDE_INV_DATA);
	expect_wrong((struct wrong){.raw_option = 3, .raw = no_dns}, CHEAP_OPTION,
		     KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA);
	expect_wrong((struct wrong){.raw_option = 7, .raw = cut_tlv}, CHEAP_OPTION,
		     KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA);
	expect_wrong((struct wrong){.raw_option = 3, .raw = bare, .twice = true}, CHEAP_OPTION,
		     KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA);
}

/* An EXECUTE may be an UPDATE; of the others only STATE is one. */
static void
test_execute(void **state)
{
	static const enum msig_op ops[] = {MSIG_OP_EXECUTE, MSIG_OP_DONE};

	for (size_t i = 0; i < 2; i++) {
		struct budget *budget = budget_new(16, 0);
		struct msig_option option;
		struct msig_change change;
		struct msig_peermsg msg;
		uint8_t wire[MAX];
		size_t len = MAX;

		msig_option_init(&option, ops[i], dname(ID), dname("shop.example."));
		MSIG_OPTION_SET(&option, SEQUENCE, sequence, 1);
		option.has |= MSIG_MUST_STEP;
		msig_change_init(&change);
		assert_int_equal(msig_peermsg_execute(&msg, 1, &option, &change), 0);
		assert_int_equal(msig_peermsg_compose(&msg, NULL, wire, &len), 0);
		msig_peermsg_clear(&msg);
		sign(key, wire, &len, 0);
		struct cheap_query q = query(wire, len, budget);
		if (ops[i] == MSIG_OP_EXECUTE)
			expect(&q, CHEAP_CHECK_COUNT, 0, 0, false);
		else
			expect(&q, CHEAP_CARRIER, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA,
			       false);
		budget_free(budget);
	}
}

static void
test_carrier(void **state)
{
	struct budget *budget = budget_new(16, 0);
	uint8_t wire[MAX];
	size_t len = compose(&(struct wrong){0}, wire), question;
	struct cheap_query q = query(wire, len, budget);

	knot_wire_set_opcode(wire, KNOT_OPCODE_QUERY);
	expect(&q, CHEAP_CARRIER, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA, false);

	/* Another type, class, or name than the option's zone in the question. */
	question = KNOT_WIRE_HEADER_SIZE + knot_dname_size(dname("shop.example."));
	len = compose(&(struct wrong){0}, wire);
	wire[question + 1] = KNOT_RRTYPE_A;
	q = query(wire, len, budget);
	expect(&q, CHEAP_CARRIER, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA, false);
	len = compose(&(struct wrong){0}, wire);
	wire[question + 3] = KNOT_CLASS_CH;
	q = query(wire, len, budget);
	expect(&q, CHEAP_CARRIER, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA, false);
	len = compose(&(struct wrong){0}, wire);
	wire[KNOT_WIRE_HEADER_SIZE + 1] = 'x';
	q = query(wire, len, budget);
	expect(&q, CHEAP_CARRIER, KNOT_RCODE_FORMERR, KNOT_EDNS_EDE_INV_DATA, false);
	/* Letters of either case are the same name. */
	len = compose(&(struct wrong){0}, wire);
	wire[KNOT_WIRE_HEADER_SIZE + 1] = 'S';
	q = query(wire, len, budget);
	expect(&q, CHEAP_CHECK_COUNT, 0, 0, false);
	budget_free(budget);
}

static void
test_stream(void **state)
{
	struct budget *budget = budget_new(16, 0);
	uint8_t wire[MAX];
	struct cheap_query q = query(wire, compose(&(struct wrong){0}, wire), budget);

	q.tcp = false;
	expect(&q, CHEAP_STREAM, KNOT_RCODE_NOERROR, KNOT_EDNS_EDE_NONE, false);
	budget_free(budget);
}

static void
test_zone(void **state)
{
	struct budget *budget = budget_new(16, 0);
	uint8_t wire[MAX];
	struct cheap_query q = query(wire, compose(&(struct wrong){0}, wire), budget);

	q.table = &unknown_table;
	expect(&q, CHEAP_READY, KNOT_RCODE_REFUSED, KNOT_EDNS_EDE_NOT_READY, false);
	expect_wrong((struct wrong){.zone = "nobody.example."}, CHEAP_ZONE, KNOT_RCODE_REFUSED,
		     KNOT_EDNS_EDE_NOT_READY);
	expect_wrong((struct wrong){.zone = "other.example."}, CHEAP_SHARED, KNOT_RCODE_REFUSED,
		     KNOT_EDNS_EDE_PROHIBITED);
	budget_free(budget);
}

static void
test_signature(void **state)
{
	expect_wrong((struct wrong){.unsigned_ = true}, CHEAP_SIGNED, KNOT_RCODE_REFUSED,
		     KNOT_EDNS_EDE_PROHIBITED);
	expect_wrong((struct wrong){.sign_twice = true}, CHEAP_SIGNED, KNOT_RCODE_REFUSED,
		     KNOT_EDNS_EDE_PROHIBITED);
	expect_wrong((struct wrong){.other_key = true}, CHEAP_SIGNER, KNOT_RCODE_BADKEY,
		     KNOT_EDNS_EDE_PROHIBITED);
	/* This peer is known, but its keys are not yet. */
	expect_wrong((struct wrong){.other_key = true, .identity = ID4}, CHEAP_SIGNER,
		     KNOT_RCODE_REFUSED, KNOT_EDNS_EDE_NOT_READY);
	expect_wrong((struct wrong){.shift = -1000}, CHEAP_WINDOW, KNOT_RCODE_NOTAUTH,
		     KNOT_EDNS_EDE_SIG_EXPIRED);
	expect_wrong((struct wrong){.shift = 1000}, CHEAP_WINDOW, KNOT_RCODE_NOTAUTH,
		     KNOT_EDNS_EDE_SIG_NOTYET);
}

/* A claim is remembered if it is a HELLO, as a peer without keys, for a zone shared with that. */
static void
test_claim(void **state)
{
	static const struct {
		const char *identity, *zone;
		enum msig_op op;
		bool claimed;
	} cases[] = {
	    {"msa.p4.example.", "shop.example.", MSIG_OP_HELLO, true},
	    {"msa.p4.example.", "other.example.", MSIG_OP_HELLO, false},
	    {"msa.p4.example.", "shop.example.", MSIG_OP_HEARTBEAT, false},
	    {"msa.p2.example.", "shop.example.", MSIG_OP_HELLO, false},
	    {"msa.p9.example.", "shop.example.", MSIG_OP_HELLO, false},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct budget *budget = budget_new(16, 0);
		struct wrong w = {.other_key = true,
				  .identity = cases[i].identity,
				  .zone = cases[i].zone,
				  .op = cases[i].op};
		uint8_t wire[MAX];
		struct cheap_query q = query(wire, compose(&w, wire), budget);
		struct cheap_verdict v;

		assert_false(cheap_run(&q, &v));
		assert_int_equal(v.check, CHEAP_SIGNER);
		assert_int_equal(q.claimed != NULL, cases[i].claimed);
		cheap_clear(&q);
		budget_free(budget);
	}
}

/* Who claims to be a peer from elsewhere cannot use up what the peer itself has. */
static void
test_signer_budget(void **state)
{
	struct budget *budget = budget_new(16, 0);
	uint8_t wire[MAX];
	size_t len = compose(&(struct wrong){0}, wire);
	struct peer *peer = peer_find(&table, ID);

	peer->known = peer->claimed = (struct bucket){0};
	for (int i = 0; i < 6; i++) {
		struct cheap_query q = query(wire, len, budget);

		q.rate_signer = 1;
		q.source = i < 3 ? &stranger : &known;
		expect(&q, i == 2 || i == 5 ? CHEAP_SIGNER_BUDGET : CHEAP_CHECK_COUNT,
		       KNOT_RCODE_REFUSED, KNOT_EDNS_EDE_BLOCKED, false);
	}
	assert_int_equal(peer->limited, 2);
	budget_free(budget);
}

/* An answer fits into the smallest query that can get one. */
static void
test_answer_without_edns(void **state)
{
	struct budget *budget = budget_new(16, 0);
	uint8_t wire[MAX] = {0};
	size_t len = KNOT_WIRE_HEADER_SIZE + 5;
	struct cheap_query q = query(wire, len, budget);

	knot_wire_set_qdcount(wire, 1);
	wire[14] = KNOT_RRTYPE_SOA;
	wire[16] = KNOT_CLASS_IN;
	expect(&q, CHEAP_PRESENT, KNOT_RCODE_REFUSED, KNOT_EDNS_EDE_PROHIBITED, false);
	budget_free(budget);
}

static void
add_peer(char *id, char *address, char *key_text, char *zone)
{
	struct msig_msg_PEER_SET set = {.peer = id,
					.address = {&address, 1},
					.key = {&key_text, key_text != NULL},
					.zone = {&zone, 1}};
	unsigned skipped;

	assert_int_equal(peertable_set(&table, &set, &skipped), 0);
	assert_int_equal(skipped, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),          cmocka_unit_test(test_size),
	    cmocka_unit_test(test_header),        cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_source_budget), cmocka_unit_test(test_option),
	    cmocka_unit_test(test_carrier),       cmocka_unit_test(test_execute),
	    cmocka_unit_test(test_stream),        cmocka_unit_test(test_zone),
	    cmocka_unit_test(test_signature),     cmocka_unit_test(test_claim),
	    cmocka_unit_test(test_signer_budget), cmocka_unit_test(test_answer_without_edns),
	};
	char text[64], key3[] = "ns.msa.p3.example./1", address[] = "192.0.2.1@5399";
	char shop[] = "shop.example.", others[] = "other.example.";
	int rc;

	if (msig_sig0_key_generate(dname("ns.msa.p2.example."), 15, &key) != 0 ||
	    msig_sig0_key_generate(dname("ns.evil.example."), 15, &other) != 0 ||
	    dnsio_addr_parse("198.51.100.1@40000", 53, &stranger) != 0 ||
	    dnsio_addr_parse("192.0.2.1@40000", 53, &known) != 0)
		return 1;
	snprintf(text, sizeof(text), "ns.msa.p2.example./%u", msig_sig0_key_tag(key));
	add_peer(ID, address, text, shop);
	add_peer(ID3, address, key3, others);
	add_peer(ID4, address, NULL, shop);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	peertable_clear(&table);
	msig_sig0_key_free(key);
	msig_sig0_key_free(other);
	return rc;
}
