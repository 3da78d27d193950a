/* The grammar of incoming transfers: messages made here, what comes out compared. */
#include <stdio.h>
#include "combinerd/xfr_in.h"
#include "libmsig/err.h"
#include "tests/unit/zonetext.h"

#define ID 4711

struct heard {
	struct change *change;
	struct version *base;
	int ops[5];
};

static int
hear(void *arg, enum xfr_op op, const struct rr *rr)
{
	struct heard *heard = arg;

	heard->ops[op]++;
	switch (op) {
	case XFR_FULL:
		heard->change = store_begin(NULL, APEX);
		return 0;
	case XFR_DELTA:
		heard->change = store_begin(heard->base, APEX);
		return 0;
	case XFR_REMOVE:
		return change_remove(heard->change, rr);
	case XFR_SOA:
		change_drop(heard->change, rr->owner, KNOT_RRTYPE_SOA);
		return change_add(heard->change, rr);
	default:
		return change_add(heard->change, rr);
	}
}

/* What is put wrong into a message. */
struct flaw {
	uint16_t rcode, rclass, qtype, id;
	bool tc, no_qr, no_question, other_question;
};

static knot_pkt_t *
message(const char *text, uint16_t qtype, const struct flaw *flaw, uint8_t *wire)
{
	static const struct flaw none;
	struct zonetext *zt = zonetext_open(text, "example.");
	knot_pkt_t *pkt = knot_pkt_new(wire, 65535, NULL);

	knot_pkt_clear(pkt);
	if (flaw == NULL)
		flaw = &none;
	knot_wire_set_id(pkt->wire, flaw->id != 0 ? flaw->id : ID);
	if (!flaw->no_qr)
		knot_wire_set_qr(pkt->wire);
	if (flaw->tc)
		knot_wire_set_tc(pkt->wire);
	knot_wire_set_rcode(pkt->wire, (short)flaw->rcode);
	const knot_dname_t *qname = flaw->other_question ? (const knot_dname_t *)"\x05other" : APEX;
	if (!flaw->no_question)
		knot_pkt_put_question(pkt, qname, KNOT_CLASS_IN,
		                      flaw->qtype != 0 ? flaw->qtype : qtype);
	knot_pkt_begin(pkt, KNOT_ANSWER);
	while (zonetext_next(zt)) {
		knot_rrset_t rrset;
		knot_rrset_init(&rrset, zt->room.owner, zt->rr.type,
		                flaw->rclass != 0 ? flaw->rclass : KNOT_CLASS_IN, zt->rr.ttl);
		assert_int_equal(knot_rdataset_add(&rrset.rrs, zt->rr.rdata, NULL), 0);
		assert_int_equal(knot_pkt_put(pkt, 0, &rrset, 0), 0);
		knot_rdataset_clear(&rrset.rrs, NULL);
	}
	zonetext_close(zt);
	knot_pkt_t *parsed = knot_pkt_new(pkt->wire, (uint16_t)pkt->size, NULL);
	knot_pkt_free(pkt);
	assert_int_equal(knot_pkt_parse(parsed, KNOT_PF_NOCANON), 0);
	return parsed;
}

/* One message per part of the text between "|". */
static enum xfr_state
feed(struct xfr_in *xfr, struct heard *heard, uint16_t qtype, uint32_t ours, const char *text,
     const struct flaw *flaw)
{
	static uint8_t wire[65535];
	char *copy = strdup(text), *rest = copy, *part;

	xfr_in_init(xfr, APEX, qtype, ID, ours, hear, heard);
	while (xfr->state == XFR_MORE && (part = strsep(&rest, "|")) != NULL) {
		knot_pkt_t *pkt = message(part, qtype, flaw, wire);
		xfr_in_message(xfr, pkt);
		knot_pkt_free(pkt);
	}
	free(copy);
	return xfr_in_end(xfr);
}

#define S(n) SOA_TEXT(n)
#define BODY "@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\n"

static const struct {
	const char *name;
	uint16_t qtype;
	uint32_t ours;
	const char *text;
	struct flaw flaw;
	enum xfr_state state;
	const char *result; /* the zone it makes, on top of BODY S(5) for deltas */
	bool try_axfr;
} cases[] = {
    {"axfr", 252, 0, S(7) BODY S(7), {0}, XFR_DONE, S(7) BODY, false},
    {"axfr in messages", 252, 0, S(7) "|" BODY "|" S(7), {0}, XFR_DONE, S(7) BODY, false},
    {"axfr with duplicates", 252, 0, S(7) BODY BODY S(7), {0}, XFR_DONE, S(7) BODY, false},
    {"axfr, last SOA missing", 252, 0, S(7) BODY, {0}, XFR_FAILED, NULL, false},
    {"axfr, first SOA missing", 252, 0, BODY S(7), {0}, XFR_FAILED, NULL, false},
    {"axfr, records behind the end", 252, 0, S(7) BODY S(7) "x A 192.0.2.1\n", {0}, XFR_FAILED, NULL, false},
    {"axfr, another last SOA", 252, 0, S(7) BODY S(8), {0}, XFR_FAILED, NULL, false},
    {"axfr, SOA below the apex", 252, 0, S(7) "www SOA ns1 admin 1 2 3 4 5\n" S(7), {0}, XFR_FAILED, NULL, false},
    {"axfr, record outside", 252, 0, S(7) "www.other. A 192.0.2.1\n" S(7), {0}, XFR_FAILED, NULL, false},
    {"axfr, suffix that only looks inside", 252, 0, S(7) "notexample. A 192.0.2.1\n" S(7), {0}, XFR_FAILED, NULL, false},
    {"axfr, class", 252, 0, S(7) BODY S(7), {.rclass = KNOT_CLASS_CH}, XFR_FAILED, NULL, false},
    {"axfr, truncated", 252, 0, S(7) BODY S(7), {.tc = true}, XFR_FAILED, NULL, false},
    {"axfr, no response", 252, 0, S(7) BODY S(7), {.no_qr = true}, XFR_FAILED, NULL, false},
    {"axfr, other id", 252, 0, S(7) BODY S(7), {.id = 1}, XFR_FAILED, NULL, false},
    {"axfr, no question", 252, 0, S(7) BODY S(7), {.no_question = true}, XFR_FAILED, NULL, false},
    {"axfr, other question", 252, 0, S(7) BODY S(7), {.other_question = true}, XFR_FAILED, NULL, false},
    {"axfr, other qtype", 252, 0, S(7) BODY S(7), {.qtype = 1}, XFR_FAILED, NULL, false},
    {"axfr refused", 252, 0, "", {.rcode = 5}, XFR_FAILED, NULL, false},
    {"axfr empty message", 252, 0, S(7) BODY "|", {0}, XFR_FAILED, NULL, false},
    {"axfr of a meta type", 252, 0, S(7) "x TYPE254 \\# 1 00\n" S(7), {0}, XFR_FAILED, NULL, false},
    {"ixfr up to date", 251, 5, S(5), {0}, XFR_CURRENT, NULL, false},
    {"ixfr, server older", 251, 5, S(4), {0}, XFR_CURRENT, NULL, false},
    {"ixfr, newer single SOA", 251, 5, S(6), {0}, XFR_FAILED, NULL, true},
    {"ixfr one delta", 251, 5, S(6) S(5) "www A 192.0.2.2\n" S(6) "new A 192.0.2.7\n" S(6), {0}, XFR_DONE,
     S(6) "@ NS ns1\nns1 A 192.0.2.1\nnew A 192.0.2.7\n", false},
    {"ixfr two deltas in messages", 251, 5,
     S(7) "|" S(5) "www A 192.0.2.2\n" S(6) "|new A 192.0.2.7\n" S(6) "new A 192.0.2.7\n" S(7) "|"
     "other A 192.0.2.8\n" S(7), {0}, XFR_DONE,
     S(7) "@ NS ns1\nns1 A 192.0.2.1\nother A 192.0.2.8\n", false},
    {"ixfr only the serial", 251, 5, S(6) S(5) S(6) S(6), {0}, XFR_DONE, S(6) BODY, false},
    {"ixfr answered by a whole zone", 251, 5, S(7) "z A 192.0.2.1\n" S(7), {0}, XFR_DONE,
     S(7) "z A 192.0.2.1\n", false},
    {"ixfr answered by a whole zone in messages", 251, 5, S(7) "|z A 192.0.2.1\n|" S(7), {0}, XFR_DONE,
     S(7) "z A 192.0.2.1\n", false},
    {"ixfr removes what is not there", 251, 5, S(6) S(5) "no A 192.0.2.2\n" S(6) S(6), {0}, XFR_FAILED, NULL, true},
    {"ixfr from another serial", 251, 5, S(7) S(6) "www A 192.0.2.2\n" S(7) S(7), {0}, XFR_FAILED, NULL, true},
    {"ixfr does not join", 251, 5, S(8) S(5) S(6) S(7) S(8) S(8), {0}, XFR_FAILED, NULL, true},
    {"ixfr interrupted", 251, 5, S(6) S(5) "www A 192.0.2.2\n" S(6), {0}, XFR_FAILED, NULL, false},
    {"ixfr interrupted between deltas", 251, 5, S(7) S(5) "www A 192.0.2.2\n" S(6) "|", {0}, XFR_FAILED, NULL, false},
    {"ixfr not implemented", 251, 5, "", {.rcode = 4}, XFR_FAILED, NULL, true},
    {"ixfr format error", 251, 5, "", {.rcode = 1}, XFR_FAILED, NULL, true},
    {"ixfr refused", 251, 5, "", {.rcode = 5}, XFR_FAILED, NULL, false},
    {"ixfr behind the end", 251, 5, S(6) S(5) S(6) S(6) "x A 192.0.2.1\n", {0}, XFR_FAILED, NULL, false},
};

static void
grammar(void **state)
{
	struct version *base = zonetext_version(NULL, NULL, S(5) BODY);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct heard heard = {.base = base};
		struct xfr_in xfr;
		print_message("# %s\n", cases[i].name);
		enum xfr_state got = feed(&xfr, &heard, cases[i].qtype, cases[i].ours, cases[i].text,
		                          &cases[i].flaw);
		print_message("#   %s\n", xfr.why);
		assert_int_equal(got, cases[i].state);
		assert_int_equal(xfr.try_axfr, cases[i].try_axfr);
		assert_int_equal(got == XFR_FAILED, xfr.err != 0);
		if (cases[i].result != NULL) {
			struct version *want = zonetext_version(NULL, NULL, cases[i].result);
			struct version *have = store_commit(heard.change);
			assert_true(sums_equal(version_sum(want), version_sum(have)));
			version_unpin(want);
			version_unpin(have);
		} else {
			store_rollback(heard.change);
		}
		xfr_in_clear(&xfr);
	}
	version_unpin(base);
}

static void
limits(void **state)
{
	static uint8_t wire[65535];
	struct heard heard = {0};
	struct xfr_in xfr;

	for (int octets = 0; octets < 2; octets++) {
		knot_pkt_t *pkt = message(S(7) BODY S(7), 252, NULL, wire);
		xfr_in_init(&xfr, APEX, 252, ID, 0, hear, &heard);
		if (octets)
			xfr.max_bytes = pkt->size - 1;
		else
			xfr.max_records = 4;
		assert_int_equal(xfr_in_message(&xfr, pkt), XFR_FAILED);
		assert_int_equal(xfr.err, MSIG_ESIZE);
		knot_pkt_free(pkt);
		xfr_in_clear(&xfr);
		store_rollback(heard.change);
		heard.change = NULL;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grammar),
	    cmocka_unit_test(limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
