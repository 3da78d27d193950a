/* UPDATE on an overlay: every refusal with its rcode and its reason. */
#include <stdio.h>
#include "combinerd/update.h"
#include "tests/unit/zonetext.h"

#define P1 "msa.p1.example."
#define P2 "msa.p2.example."
#define ALG13 "oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA=="
#define KEY1 "@ 60 DNSKEY 257 3 13 " ALG13 "\n"
#define KEY2 "@ 60 DNSKEY 256 3 13 " ALG13 "\n"
#define HASH "0000000000000000000000000000000000000000000000000000000000000000"
#define CDS1 "@ 60 CDS 1 13 2 " HASH "\n"
#define CDNSKEY1 "@ 60 CDNSKEY 257 3 13 " ALG13 "\n"
#define CSYNC1 "@ 60 CSYNC 0 1 A NS AAAA\n"

/*
 * A line is an operation and a record:
 *   +  add          -  delete the record      =  prerequisite: this value
 *   S  delete the RRset (type of the record)  A  delete all at the name
 *   Y  RRset exists   N  RRset does not exist   y  name in use   n  name not in use
 * A digit in front changes a field: 1 TTL 5 where 0 is due, 2 rdata where none is due, 3 class CH.
 */
static void
put_line(knot_pkt_t *pkt, char op, char flaw, const struct rr *rr)
{
	static const char prereq[] = "=YNyn";
	uint16_t rclass = op == '-' || op == 'N' || op == 'n' ? KNOT_CLASS_NONE
	                  : op == '+' || op == '='            ? KNOT_CLASS_IN
	                                                      : KNOT_CLASS_ANY;
	bool rdata = op == '+' || op == '-' || op == '=' || flaw == '2';
	uint16_t type = op == 'A' || op == 'y' || op == 'n' ? KNOT_RRTYPE_ANY : rr->type;
	knot_rrset_t rrset;
	knot_dname_t *owner = knot_dname_copy(rr->owner, NULL);

	if (strchr(prereq, op) == NULL && pkt->current == KNOT_ANSWER)
		knot_pkt_begin(pkt, KNOT_AUTHORITY);
	knot_rrset_init(&rrset, owner, type, flaw == '3' ? KNOT_CLASS_CH : rclass,
	                flaw == '1' ? 5 : op == '+' ? rr->ttl : 0);
	assert_int_equal(knot_rrset_add_rdata(&rrset, rr->rdata->data, rdata ? rr->rdata->len : 0,
	                                      NULL), 0);
	assert_int_equal(knot_pkt_put(pkt, 0, &rrset, 0), 0);
	knot_rrset_clear(&rrset, NULL);
}

static knot_pkt_t *
message(const char *zone, uint16_t ztype, uint16_t zclass, const char *text, uint8_t *wire)
{
	knot_pkt_t *pkt = knot_pkt_new(wire, 65535, NULL);
	char *copy = strdup(text), *rest = copy, *line;
	knot_dname_t *name = knot_dname_from_str_alloc(zone);

	knot_pkt_clear(pkt);
	knot_wire_set_opcode(pkt->wire, KNOT_OPCODE_UPDATE);
	knot_pkt_put_question(pkt, name, zclass, ztype);
	knot_dname_free(name, NULL);
	knot_pkt_begin(pkt, KNOT_ANSWER);
	while ((line = strsep(&rest, "\n")) != NULL) {
		char flaw = 0;
		if (line[0] == '\0')
			continue;
		if (line[0] >= '1' && line[0] <= '9')
			flaw = *line++;
		char op = line[0], record[1024];
		snprintf(record, sizeof(record), "%s\n", line + 1);
		struct zonetext *zt = zonetext_open(record, "example.");
		assert_true(zonetext_next(zt));
		put_line(pkt, op, flaw, &zt->rr);
		zonetext_close(zt);
	}
	free(copy);
	knot_pkt_t *parsed = knot_pkt_new(wire, (uint16_t)pkt->size, NULL);
	knot_pkt_free(pkt);
	assert_int_equal(knot_pkt_parse(parsed, 0), 0);
	return parsed;
}

static void
contribute(struct overlay *overlay, const char *origin, const char *text)
{
	struct zonetext *zt = zonetext_open(text, "example.");

	while (zonetext_next(zt))
		overlay_add(overlay, origin, zt->rr.type, zt->rr.ttl, zt->rr.rdata, 1);
	zonetext_close(zt);
}

static const struct {
	const char *name;
	const char *one, *two; /* what p1 and p2 have in the overlay before */
	const char *text;      /* UPDATE of p1 */
	uint16_t rcode;
	const char *after;     /* what p1 has behind it, p2 always the same */
} cases[] = {
    {"nothing", "", "", "", KNOT_RCODE_NOERROR, ""},
    {"add", "", "", "+" KEY1 "+" CDS1 "+" CDNSKEY1 "+" CSYNC1, KNOT_RCODE_NOERROR, KEY1 CDS1 CDNSKEY1 CSYNC1},
    {"add twice", KEY1, "", "+" KEY1 "+" KEY1, KNOT_RCODE_NOERROR, KEY1},
    {"add the other's", "", KEY1, "+" KEY1, KNOT_RCODE_NOERROR, KEY1},
    {"delete one", KEY1 KEY2, "", "-" KEY1, KNOT_RCODE_NOERROR, KEY2},
    {"delete what is not there", KEY1, "", "-" KEY2, KNOT_RCODE_NOERROR, KEY1},
    {"delete the other's", KEY1, KEY2, "-" KEY2, KNOT_RCODE_NOERROR, KEY1},
    {"replace the RRset", KEY1, KEY2, "S" KEY1 "+" KEY2, KNOT_RCODE_NOERROR, KEY2},
    {"replace one in one message", KEY1 CDS1, "", "+" KEY2 "-" KEY1, KNOT_RCODE_NOERROR, KEY2 CDS1},
    {"in order: add, then delete", KEY2, "", "+" KEY1 "-" KEY1, KNOT_RCODE_NOERROR, KEY2},
    {"last NS may go", KEY1 "@ 60 NS ns.p1.\n", "", "S@ NS x.\n", KNOT_RCODE_NOERROR, KEY1},
    {"CSYNC may go", KEY1 CSYNC1, "", "S" CSYNC1, KNOT_RCODE_NOERROR, KEY1},
    {"names in lower case", "", "", "+@ 60 NS NS.P1.\n", KNOT_RCODE_NOERROR, "@ 60 NS ns.p1.\n"},
    /* shrinking */
    {"last key", KEY1 CDS1, "", "-" KEY1, KNOT_RCODE_REFUSED, NULL},
    {"all keys", KEY1 KEY2 CDS1, "", "S" KEY1, KNOT_RCODE_REFUSED, NULL},
    {"last CDS", KEY1 CDS1, "", "-" CDS1, KNOT_RCODE_REFUSED, NULL},
    {"last CDNSKEY", KEY1 CDNSKEY1, "", "S" CDNSKEY1, KNOT_RCODE_REFUSED, NULL},
    {"CSYNC, all that a provider has", CSYNC1, KEY2, "S" CSYNC1, KNOT_RCODE_NOERROR, ""},
    {"the last NS with the CSYNC", "@ 60 NS ns.p1.\n" CSYNC1, KEY2, "S@ NS x.\nS" CSYNC1, KNOT_RCODE_REFUSED, NULL},
    {"last record of a provider", "@ 60 NS ns.p1.\n", KEY1, "S@ NS x.\n", KNOT_RCODE_REFUSED, NULL},
    /* where */
    {"below the apex", "", "", "+www 60 A 192.0.2.1\n", KNOT_RCODE_REFUSED, NULL},
    {"NS below the apex", "", "", "+sub 60 NS ns.p1.\n", KNOT_RCODE_REFUSED, NULL},
    {"delete below the apex", "", "", "Swww NS x.\n", KNOT_RCODE_REFUSED, NULL},
    {"outside", "", "", "+other. 60 NS ns.p1.\n", KNOT_RCODE_NOTZONE, NULL},
    {"outside, same end", "", "", "+notexample. 60 NS ns.p1.\n", KNOT_RCODE_NOTZONE, NULL},
    {"delete outside", "", "", "Sother. NS x.\n", KNOT_RCODE_NOTZONE, NULL},
    /* what */
    {"SOA", "", "", "+" SOA_TEXT(9), KNOT_RCODE_REFUSED, NULL},
    {"HSYNC", "", "", "+@ TYPE65282 \\# 1 00\n", KNOT_RCODE_REFUSED, NULL},
    {"A", "", "", "+@ 60 A 192.0.2.1\n", KNOT_RCODE_REFUSED, NULL},
    {"RRSIG", "", "", "+@ RRSIG NS 13 1 60 20300101000000 20200101000000 1 example. AAAA\n", KNOT_RCODE_REFUSED, NULL},
    {"all or nothing", "", "", "+" KEY1 "+@ 60 A 192.0.2.1\n", KNOT_RCODE_REFUSED, NULL},
    {"delete everything", KEY1, "", "A" KEY1, KNOT_RCODE_REFUSED, NULL},
    {"delete another type", KEY1, "", "S@ A 192.0.2.1\n", KNOT_RCODE_REFUSED, NULL},
    {"add a query type", "", "", "+@ TYPE252 \\# 1 00\n", KNOT_RCODE_FORMERR, NULL},
    {"delete a query type", "", "", "S@ TYPE252 \\# 1 00\n", KNOT_RCODE_FORMERR, NULL},
    {"delete a record of a query type", "", "", "-@ TYPE254 \\# 1 00\n", KNOT_RCODE_FORMERR, NULL},
    {"delete an RRset with a TTL", KEY1 KEY2, "", "1S" KEY1, KNOT_RCODE_FORMERR, NULL},
    {"delete an RRset with rdata", KEY1 KEY2, "", "2S" KEY1, KNOT_RCODE_FORMERR, NULL},
    {"delete a record with a TTL", KEY1 KEY2, "", "1-" KEY1, KNOT_RCODE_FORMERR, NULL},
    {"class CH", "", "", "3+@ NS ns.p1.\n", KNOT_RCODE_FORMERR, NULL},
    {"TTL too large", "", "", "+@ 2147483648 NS ns.p1.\n", KNOT_RCODE_REFUSED, NULL},
    /* prerequisites */
    {"key is there", KEY1, "", "Y" KEY1 "+" KEY2, KNOT_RCODE_NOERROR, KEY1 KEY2},
    {"key is there, of the other", "", KEY1, "Y" KEY1 "+" KEY2, KNOT_RCODE_NOERROR, KEY2},
    {"key is not there", "", "", "Y" KEY1 "+" KEY2, KNOT_RCODE_NXRRSET, NULL},
    {"no key", "", "", "N" KEY1 "+" KEY2, KNOT_RCODE_NOERROR, KEY2},
    {"no key, but one", KEY1, "", "N" KEY1 "+" KEY2, KNOT_RCODE_YXRRSET, NULL},
    {"something", KEY1, "", "y" KEY1 "+" KEY2, KNOT_RCODE_NOERROR, KEY1 KEY2},
    {"something, but nothing", "", "", "y" KEY1 "+" KEY2, KNOT_RCODE_NXDOMAIN, NULL},
    {"nothing", "", "", "n" KEY1 "+" KEY2, KNOT_RCODE_NOERROR, KEY2},
    {"nothing, but something", KEY1, "", "n" KEY1 "+" KEY2, KNOT_RCODE_YXDOMAIN, NULL},
    {"exactly these", KEY1, KEY2, "=" KEY1 "=" KEY2 "+" CSYNC1, KNOT_RCODE_NOERROR, KEY1 CSYNC1},
    {"exactly these, but one more", KEY1, KEY2, "=" KEY1 "+" CSYNC1, KNOT_RCODE_NXRRSET, NULL},
    {"exactly these, but one less", KEY1, "", "=" KEY1 "=" KEY2 "+" CSYNC1, KNOT_RCODE_NXRRSET, NULL},
    {"name below", KEY1, "", "ywww A 192.0.2.1\n", KNOT_RCODE_NXDOMAIN, NULL},
    {"prerequisite with a TTL", KEY1, "", "1Y" KEY1, KNOT_RCODE_FORMERR, NULL},
    {"prerequisite with rdata", KEY1, "", "2Y" KEY1, KNOT_RCODE_FORMERR, NULL},
    {"prerequisite of class CH", KEY1, "", "3=" KEY1, KNOT_RCODE_FORMERR, NULL},
    {"prerequisite outside", KEY1, "", "yother. A 192.0.2.1\n", KNOT_RCODE_NOTZONE, NULL},
    /* keys */
    {"no point of its curve", "", "",
     "+@ DNSKEY 257 3 13 "
     "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==\n",
     KNOT_RCODE_REFUSED, NULL},
    {"protocol", "", "", "+@ DNSKEY 257 2 13 " ALG13 "\n", KNOT_RCODE_REFUSED, NULL},
    {"no zone bit", "", "", "+@ DNSKEY 1 3 13 " ALG13 "\n", KNOT_RCODE_REFUSED, NULL},
    {"revoked", "", "", "+@ DNSKEY 385 3 13 " ALG13 "\n", KNOT_RCODE_REFUSED, NULL},
    {"algorithm 0", "", "", "+@ DNSKEY 257 3 0 " ALG13 "\n", KNOT_RCODE_REFUSED, NULL},
    {"algorithm unknown", "", "", "+@ DNSKEY 257 3 99 " ALG13 "\n", KNOT_RCODE_REFUSED, NULL},
    {"algorithm out of use", "", "", "+@ DNSKEY 257 3 5 " ALG13 "\n", KNOT_RCODE_REFUSED, NULL},
    {"key of wrong length", "", "", "+@ DNSKEY 257 3 13 AAAA\n", KNOT_RCODE_REFUSED, NULL},
    {"no key in it", "", "", "+@ DNSKEY \\# 4 0101030d\n", KNOT_RCODE_FORMERR, NULL},
    {"CDNSKEY delete", "", "", "+@ CDNSKEY 0 3 0 AA==\n", KNOT_RCODE_REFUSED, NULL},
    {"CDS delete", "", "", "+@ CDS 0 0 0 00\n", KNOT_RCODE_REFUSED, NULL},
    {"CDS algorithm", "", "", "+@ CDS 1 99 2 " HASH "\n", KNOT_RCODE_REFUSED, NULL},
    {"CDS SHA-1", "", "", "+@ CDS 1 13 1 0000000000000000000000000000000000000000\n", KNOT_RCODE_REFUSED, NULL},
    {"CDS of wrong length", "", "", "+@ CDS 1 13 2 " HASH "00\n", KNOT_RCODE_REFUSED, NULL},
    {"CDS SHA-384", "", "", "+@ 60 CDS 1 13 4 " HASH "00000000000000000000000000000000\n", KNOT_RCODE_NOERROR,
     "@ 60 CDS 1 13 4 " HASH "00000000000000000000000000000000\n"},
    /* CSYNC */
    {"CSYNC flags 3", "", "", "+@ 60 CSYNC 5 3 NS\n", KNOT_RCODE_NOERROR, "@ 60 CSYNC 5 3 NS\n"},
    {"CSYNC flags 0", "", "", "+@ CSYNC 0 0 NS\n", KNOT_RCODE_REFUSED, NULL},
    {"CSYNC flags 5", "", "", "+@ CSYNC 0 5 NS\n", KNOT_RCODE_REFUSED, NULL},
    {"CSYNC MX", "", "", "+@ CSYNC 0 1 NS MX\n", KNOT_RCODE_REFUSED, NULL},
    {"CSYNC second window", "", "", "+@ CSYNC 0 1 NS CAA\n", KNOT_RCODE_REFUSED, NULL},
    {"CSYNC without types", "", "", "+@ CSYNC \\# 6 000000000001\n", KNOT_RCODE_REFUSED, NULL},
    {"CSYNC with a bitmap that ends early", "", "", "+@ CSYNC \\# 9 000000000001000460\n", KNOT_RCODE_REFUSED, NULL},
    {"two CSYNC", CSYNC1, "", "+@ CSYNC 1 1 NS\n", KNOT_RCODE_REFUSED, NULL},
    {"two CSYNC of two", "", CSYNC1, "+@ CSYNC 1 1 NS\n", KNOT_RCODE_REFUSED, NULL},
    {"the same CSYNC of two", "", CSYNC1, "+" CSYNC1, KNOT_RCODE_NOERROR, CSYNC1},
    /* NS; the owner's zone has ns1 with an address, alias, and bare without one */
    {"NS outside", "", "", "+@ 60 NS ns.p1.\n", KNOT_RCODE_NOERROR, "@ 60 NS ns.p1.\n"},
    {"NS inside with address", "", "", "+@ 60 NS ns1\n", KNOT_RCODE_NOERROR, "@ 60 NS ns1\n"},
    {"NS inside without address", "", "", "+@ 60 NS bare\n", KNOT_RCODE_REFUSED, NULL},
    {"NS inside, unknown", "", "", "+@ 60 NS nobody\n", KNOT_RCODE_REFUSED, NULL},
    {"NS is an alias", "", "", "+@ 60 NS alias\n", KNOT_RCODE_REFUSED, NULL},
    {"NS is the zone", "", "", "+@ 60 NS @\n", KNOT_RCODE_REFUSED, NULL},
    {"NS is the root", "", "", "+@ 60 NS .\n", KNOT_RCODE_REFUSED, NULL},
};

static void
updates(void **state)
{
	static uint8_t wire[65535];
	struct version *owner = zonetext_version(NULL, NULL, SOA_TEXT(1)
	    "@ NS ns1\nns1 A 192.0.2.1\nbare TXT x\nalias CNAME ns1\n");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct overlay before = {0}, after = {0}, want = {0};
		struct update_result result;
		print_message("# %s\n", cases[i].name);
		contribute(&before, P1, cases[i].one);
		contribute(&before, P2, cases[i].two);
		overlay_copy(&after, &before);
		knot_pkt_t *pkt = message("example.", KNOT_RRTYPE_SOA, KNOT_CLASS_IN,
		                          cases[i].text, wire);
		assert_non_null(update_zone(pkt, &result));
		update_apply(pkt, APEX, P1, 2, &after, &result);
		if (result.rcode == KNOT_RCODE_NOERROR)
			update_check(&after, &before, false, APEX, owner, &result);
		print_message("#   %s\n", result.why);
		assert_int_equal(result.rcode, cases[i].rcode);
		assert_int_equal(result.why[0] == '\0', result.rcode == KNOT_RCODE_NOERROR);
		if (cases[i].after != NULL) {
			contribute(&want, P1, cases[i].after);
			contribute(&want, P2, cases[i].two);
			assert_true(overlay_eq(&after, &want));
		}
		overlay_clear(&before);
		overlay_clear(&after);
		overlay_clear(&want);
		knot_pkt_free(pkt);
	}
	version_unpin(owner);
}

static void
zone_section(void **state)
{
	static uint8_t wire[65535];
	static const struct {
		uint16_t type, class, rcode;
	} zones[] = {
	    {KNOT_RRTYPE_SOA, KNOT_CLASS_IN, 0},
	    {KNOT_RRTYPE_NS, KNOT_CLASS_IN, KNOT_RCODE_FORMERR},
	    {KNOT_RRTYPE_SOA, KNOT_CLASS_CH, KNOT_RCODE_FORMERR},
	    {KNOT_RRTYPE_SOA, KNOT_CLASS_ANY, KNOT_RCODE_FORMERR},
	};
	struct update_result result;

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		knot_pkt_t *pkt = message("example.", zones[i].type, zones[i].class, "", wire);
		assert_int_equal(update_zone(pkt, &result) == NULL, zones[i].rcode != 0);
		assert_int_equal(result.rcode, zones[i].rcode);
		knot_pkt_free(pkt);
	}
}

static void
process_may_shrink(void **state)
{
	struct overlay before = {0}, after = {0};
	struct update_result result;

	contribute(&before, P1, KEY1 CDS1);
	contribute(&before, P2, KEY2);
	contribute(&after, P2, KEY2);
	update_check(&after, &before, false, APEX, NULL, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_REFUSED);
	update_check(&after, &before, true, APEX, NULL, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_NOERROR);
	overlay_clear(&before);
	overlay_clear(&after);
}

/* A key whose tag is the same as that of every other one made here. */
static void
same_tag(struct overlay *overlay, unsigned n)
{
	static struct rr_room room;
	uint8_t data[4 + 32] = {1, 1, 3, 15};

	data[4 + 2 * n] = 0x12;
	knot_rdata_init(rr_room_rdata(&room), sizeof(data), data);
	overlay_add(overlay, P1, KNOT_RRTYPE_DNSKEY, 60, rr_room_rdata(&room), 1);
}

static void
limits(void **state)
{
	static struct rr_room room;
	struct overlay none = {0}, overlay = {0};
	struct update_result result;

	same_tag(&overlay, 0);
	same_tag(&overlay, 1);
	update_check(&overlay, &none, false, APEX, NULL, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_NOERROR);
	same_tag(&overlay, 2);
	update_check(&overlay, &none, false, APEX, NULL, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_REFUSED);
	overlay_clear(&overlay);

	for (unsigned n = 0; n <= UPDATE_MAX_KEYS; n++) {
		uint8_t data[4 + 32] = {1, 1, 3, 15, (uint8_t)n, (uint8_t)(3 * n)};
		knot_rdata_init(rr_room_rdata(&room), sizeof(data), data);
		overlay_add(&overlay, P1, KNOT_RRTYPE_DNSKEY, 60, rr_room_rdata(&room), 1);
		update_check(&overlay, &none, false, APEX, NULL, &result);
		assert_int_equal(result.rcode, n < UPDATE_MAX_KEYS ? KNOT_RCODE_NOERROR
		                                                   : KNOT_RCODE_REFUSED);
	}
	overlay_clear(&overlay);
}

static void
too_many_records(void **state)
{
	static uint8_t wire[65535];
	static char text[64 * (UPDATE_MAX_RRS + 2)];
	struct overlay overlay = {0};
	struct update_result result;

	for (int more = 0; more < 2; more++) {
		text[0] = '\0';
		for (int i = 0; i < UPDATE_MAX_RRS + more; i++)
			sprintf(text + strlen(text), "-@ NS ns%d.p1.\n", i);
		knot_pkt_t *pkt = message("example.", KNOT_RRTYPE_SOA, KNOT_CLASS_IN, text, wire);
		update_apply(pkt, APEX, P1, 2, &overlay, &result);
		assert_int_equal(result.rcode, more ? KNOT_RCODE_REFUSED : KNOT_RCODE_NOERROR);
		knot_pkt_free(pkt);
	}
	overlay_clear(&overlay);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(updates),
	    cmocka_unit_test(zone_section),
	    cmocka_unit_test(process_may_shrink),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(too_many_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
