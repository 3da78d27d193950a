/* The difference between a signer's zone and the merged one, as UPDATE messages: applied as a
 * server does (RFC 2136), they make the one out of the other and leave the signer's own records
 * alone. */
#include <stdio.h>
#include "combinerd/patch.h"
#include "tests/unit/zonetext.h"

#define P1 "msa.p1.example."
#define P2 "msa.p2.example."
#define K "oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2Xh"
#define OWN_KSK "@ 60 DNSKEY 257 3 13 " K "AQ==\n"
#define OWN_ZSK "@ 60 DNSKEY 256 3 13 " K "Ag==\n"
#define FOREIGN "@ 60 DNSKEY 257 3 13 " K "Aw==\n"
#define FOREIGN2 "@ 60 DNSKEY 256 3 13 " K "BA==\n"
#define HASH " 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
#define SOA SOA_TEXT(7)
#define NS "@ NS ns1\n"
#define GENERATED                                                                           \
	"@ RRSIG SOA 13 1 60 20300101000000 20200101000000 1 example. AAAA\n@ NSEC a SOA\n" \
	"@ NSEC3PARAM 1 0 0 -\n@ TYPE65534 \\# 1 00\nw NSEC3 1 0 0 - AAAAAAAA A\n"

static void
contribute(struct overlay *overlay, const char *origin, const char *text)
{
	struct zonetext *zt = zonetext_open(text, "example.");

	while (zonetext_next(zt))
		overlay_add(overlay, origin, zt->rr.type, zt->rr.ttl, zt->rr.rdata, 1);
	zonetext_close(zt);
}

static void
note(struct pushed *pushed, const char *text)
{
	struct zonetext *zt = zonetext_open(text, "example.");

	while (zonetext_next(zt))
		pushed_add(pushed, zt->rr.type, zt->rr.rdata);
	zonetext_close(zt);
}

/* A server, as far as it matters ----------------------------------------------------------------
 */

static bool
has_other(const struct version *at, const struct rr *rr)
{
	const knot_rdataset_t *alias = version_find(at, rr->owner, KNOT_RRTYPE_CNAME, NULL);

	if (rr->type != KNOT_RRTYPE_CNAME)
		return alias != NULL;
	return alias == NULL && version_has_name(at, rr->owner);
}

static bool
last_ns(const struct version *at, const struct rr *rr)
{
	const knot_rdataset_t *ns = version_apex(at, KNOT_RRTYPE_NS, NULL);
	return rr->type == KNOT_RRTYPE_NS && knot_dname_is_equal(rr->owner, APEX) && ns != NULL &&
	       ns->count == 1;
}

static bool counts_up; /* its serial goes up with each message that has no SOA, as BIND does */

/* RFC 2136 3.4.2: one record of the update section. */
static struct version *
serve_rr(struct version *at, const struct rr *rr, uint16_t rclass)
{
	struct change *change = store_begin(at, APEX);
	uint32_t ttl;

	if (rclass == KNOT_CLASS_IN && rr->type == KNOT_RRTYPE_SOA) {
		if ((int32_t)(rr_soa_serial(rr->rdata) - version_serial(at)) > 0) {
			change_drop(change, rr->owner, KNOT_RRTYPE_SOA);
			assert_int_equal(change_add(change, rr), 0);
		}
	} else if (rclass == KNOT_CLASS_IN && !has_other(at, rr)) {
		const knot_rdataset_t *old = version_find(at, rr->owner, rr->type, &ttl);
		knot_rdata_t *r = old != NULL ? old->rdata : NULL;
		change_drop(change, rr->owner, rr->type); /* all take the new TTL */
		for (uint16_t i = 0; old != NULL && i < old->count; i++) {
			struct rr one = {rr->owner, rr->type, rr->ttl, r};
			assert_int_equal(change_add(change, &one), 0);
			r = knot_rdataset_next(r);
		}
		assert_int_equal(change_add(change, rr), 0);
	} else if (rclass == 254 && !last_ns(at, rr)) {
		assert_int_equal(rr->ttl, 0);
		change_remove(change, rr);
	}
	version_unpin(at);
	return store_commit(change);
}

static struct version *
serve(struct version *at, const struct rr_buf *message)
{
	static struct rr_room room;
	size_t zone = KNOT_WIRE_HEADER_SIZE + knot_dname_size(APEX) + 4;
	unsigned count = knot_wire_read_u16(message->data + 8);
	const uint8_t *p = message->data + zone, *end = message->data + message->len;

	assert_int_equal(knot_wire_get_opcode(message->data), KNOT_OPCODE_UPDATE);
	assert_int_equal(knot_wire_get_qdcount(message->data), 1);
	assert_memory_equal(message->data + KNOT_WIRE_HEADER_SIZE, APEX, knot_dname_size(APEX));
	assert_true(message->len <= 65000);
	assert_true(count > 0);
	bool soa = false;
	for (; count > 0; count--) {
		uint8_t *class = (uint8_t *)(uintptr_t)p + knot_dname_size(p) + 2;
		uint16_t rclass = knot_wire_read_u16(class);
		struct rr rr;
		knot_wire_write_u16(class, KNOT_CLASS_IN);
		assert_int_equal(rr_get(&p, end, &room, &rr), 0);
		knot_wire_write_u16(class, rclass);
		at = serve_rr(at, &rr, rclass);
		soa = soa || rr.type == KNOT_RRTYPE_SOA;
	}
	assert_ptr_equal(p, end);
	if (counts_up && !soa) {
		uint32_t ttl;
		const knot_rdataset_t *old = version_apex(at, KNOT_RRTYPE_SOA, &ttl);
		knot_rdata_init(rr_room_rdata(&room), old->rdata->len, old->rdata->data);
		knot_wire_write_u32(rr_room_rdata(&room)->data + old->rdata->len - 20,
				    version_serial(at) + 1);
		struct rr rr = {APEX, KNOT_RRTYPE_SOA, ttl, rr_room_rdata(&room)};
		at = serve_rr(at, &rr, KNOT_CLASS_IN);
	}
	return at;
}

/* Cases -------------------------------------------------------------------------------------------
 */

static const struct {
	const char *name;
	const char *has, *pushed, *one, *two, *want; /* signer, note, overlays, merged */
	const char *end, *noted;
	unsigned messages;
} cases[] = {
    {"equal", SOA NS OWN_KSK GENERATED, "", "", "", SOA NS, SOA NS OWN_KSK, "", 0},
    {"a record comes", SOA NS, "", "", "", SOA NS "a A 192.0.2.1\n", SOA NS "a A 192.0.2.1\n", "",
     1},
    {"a record goes", SOA NS "a A 192.0.2.1\n", "", "", "", SOA NS, SOA NS, "", 1},
    {"into an alias", SOA NS "a A 192.0.2.1\n", "", "", "", SOA NS "a CNAME b\n",
     SOA NS "a CNAME b\n", "", 1},
    {"out of an alias", SOA NS "a CNAME b\n", "", "", "", SOA NS "a A 192.0.2.1\n",
     SOA NS "a A 192.0.2.1\n", "", 1},
    {"another alias", SOA NS "a CNAME b\n", "", "", "", SOA NS "a CNAME c\n", SOA NS "a CNAME c\n",
     "", 1},
    {"another TTL", SOA NS "a 5 A 192.0.2.1\na 5 A 192.0.2.2\n", "", "", "",
     SOA NS "a 6 A 192.0.2.1\na 6 A 192.0.2.2\n", SOA NS "a 6 A 192.0.2.1\na 6 A 192.0.2.2\n", "",
     1},
    {"all other NS", SOA "@ NS old1\n@ NS old2\n", "", "", "", SOA "@ NS new1\n@ NS new2\n",
     SOA "@ NS new1\n@ NS new2\n", "", 1},
    {"NS with another TTL", SOA "@ 5 NS ns1\n@ 5 NS ns2\n", "", "", "", SOA "@ 6 NS ns1\n",
     SOA "@ 6 NS ns1\n", "", 1},
    {"case of names does not count", SOA "@ NS NS1\n", "", "", "", SOA NS, SOA "@ NS NS1\n", "", 0},
    {"a foreign key comes", SOA NS OWN_KSK, "", "", FOREIGN, SOA NS FOREIGN, SOA NS OWN_KSK FOREIGN,
     FOREIGN, 1},
    {"it is there and stays", SOA NS OWN_KSK FOREIGN, FOREIGN, "", FOREIGN, SOA NS FOREIGN,
     SOA NS OWN_KSK FOREIGN, FOREIGN, 0},
    {"it goes", SOA NS OWN_KSK FOREIGN, FOREIGN, "", "", SOA NS, SOA NS OWN_KSK, FOREIGN, 1},
    {"what was not pushed is not taken away", SOA NS OWN_KSK OWN_ZSK FOREIGN, "", "", "", SOA NS,
     SOA NS OWN_KSK OWN_ZSK FOREIGN, "", 0},
    {"the TTL of keys is the signer's", SOA NS "@ 9 DNSKEY 257 3 13 " K "AQ==\n", "", "", FOREIGN,
     SOA NS FOREIGN, SOA NS "@ 9 DNSKEY 257 3 13 " K "AQ==\n@ 9 DNSKEY 257 3 13 " K "Aw==\n",
     FOREIGN, 1},
    {"our own keys in the overlay are the signer's affair", SOA NS OWN_KSK, "", OWN_KSK OWN_ZSK,
     FOREIGN, SOA NS OWN_KSK OWN_ZSK FOREIGN, SOA NS OWN_KSK FOREIGN, FOREIGN, 1},
    {"a foreign key that is there already is adopted", SOA NS OWN_KSK FOREIGN, "", "", FOREIGN,
     SOA NS FOREIGN, SOA NS OWN_KSK FOREIGN, FOREIGN, 0},
    {"a key that signs there is not, whoever claims it", SOA NS OWN_KSK OWN_ZSK, "", "", OWN_ZSK,
     SOA NS OWN_ZSK, SOA NS OWN_KSK OWN_ZSK, "", 0},
    {"nor a CDNSKEY of it", SOA NS OWN_KSK "@ 60 CDNSKEY 257 3 13 " K "AQ==\n", "", "",
     "@ 60 CDNSKEY 257 3 13 " K "AQ==\n", SOA NS "@ 60 CDNSKEY 257 3 13 " K "AQ==\n",
     SOA NS OWN_KSK "@ 60 CDNSKEY 257 3 13 " K "AQ==\n", "", 0},
    {"foreign CDS beside the signer's own", SOA NS "@ 60 CDS 1" HASH, "", "", "@ 60 CDS 2" HASH,
     SOA NS "@ 60 CDS 2" HASH, SOA NS "@ 60 CDS 1" HASH "@ 60 CDS 2" HASH, "@ 60 CDS 2" HASH, 1},
    {"CSYNC is not the signer's", SOA NS "@ 60 CSYNC 0 1 A\n", "", "", "", SOA NS, SOA NS, "", 1},
    {"all at once: one message", SOA "@ NS old\n" OWN_KSK FOREIGN "@ MX 10 a\n", FOREIGN, "",
     FOREIGN2 "@ 60 CDS 2" HASH, SOA NS FOREIGN2 "@ 60 CDS 2" HASH "@ MX 20 b\n@ CSYNC 0 1 A\n",
     SOA NS OWN_KSK FOREIGN2 "@ 60 CDS 2" HASH "@ MX 20 b\n@ CSYNC 0 1 A\n",
     FOREIGN FOREIGN2 "@ 60 CDS 2" HASH, 1},
    {"what DNSSEC makes is left out, on both sides", SOA NS GENERATED, "", "", "",
     SOA NS "@ ZONEMD 1 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	    "00112233445566778899aabbccddeeff\n",
     SOA NS, "", 0},
    {"other numbers in SOA", SOA_TEXT(5) NS, "", "", "", "@ SOA ns1 admin 9 1 2 3 4\n" NS,
     "@ SOA ns1 admin 6 1 2 3 4\n" NS, "", 1},
    {"another serial is no difference", SOA_TEXT(5) NS, "", "", "", SOA_TEXT(9) NS, SOA_TEXT(5) NS,
     "", 0},
};

/* The signer's zone as it is read. */
static struct version *
read_zone(const char *text)
{
	struct change *change = store_begin(NULL, APEX);
	struct zonetext *zt = zonetext_open(text, "example.");

	while (zonetext_next(zt))
		if (patch_counts(APEX, &zt->rr))
			assert_int_equal(change_add(change, &zt->rr), 0);
	zonetext_close(zt);
	return store_commit(change);
}

static uint16_t
tag_of(const char *text)
{
	struct zonetext *zt = zonetext_open(text, "example.");

	assert_true(zonetext_next(zt));
	uint32_t sum = 0;
	for (uint16_t i = 0; i < zt->rr.rdata->len; i++)
		sum += i % 2 == 0 ? (uint32_t)zt->rr.rdata->data[i] << 8 : zt->rr.rdata->data[i];
	zonetext_close(zt);
	return (uint16_t)(sum + (sum >> 16));
}

static void
run_case(size_t i)
{
	uint16_t signer[2] = {tag_of(OWN_KSK), tag_of(OWN_ZSK)};
	struct version *has = read_zone(cases[i].has), *end = read_zone(cases[i].end);
	struct version *want = zonetext_version(NULL, NULL, cases[i].want);
	struct overlay overlay = {0};
	struct pushed pushed = {0}, noted = {0};
	struct patch patch, again;

	contribute(&overlay, P1, cases[i].one);
	contribute(&overlay, P2, cases[i].two);
	note(&pushed, cases[i].pushed);
	note(&noted, cases[i].noted);
	struct patch_input in = {has, has, want, &overlay, P1, &pushed, signer, 2, true};
	patch_make(&in, &patch);
	if (patch.messages != cases[i].messages)
		fail_msg("%s: %zu messages", cases[i].name, patch.messages);
	if (!pushed_eq(&patch.pushed, &noted))
		fail_msg("%s: %zu records are noted", cases[i].name, patch.pushed.count);
	for (size_t m = 0; m < patch.messages; m++)
		has = serve(has, &patch.message[m]);
	if (!sums_equal(version_sum(has), version_sum(end)))
		fail_msg("%s: the signer's zone differs", cases[i].name);
	in = (struct patch_input){has, has, want, &overlay, P1, &patch.pushed, signer, 2, true};
	patch_make(&in, &again);
	if (again.messages != 0)
		fail_msg("%s: there is still a difference: %s", cases[i].name, again.first);
	patch_clear(&again);
	patch_clear(&patch);
	pushed_clear(&pushed);
	pushed_clear(&noted);
	overlay_clear(&overlay);
	version_unpin(has);
	version_unpin(want);
	version_unpin(end);
}

static void
table(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(i);
}

/* Every name has both of its addresses, or none. */
static void
whole_names(const struct version *version)
{
	for (int i = 0; i < 5000; i++) {
		knot_dname_storage_t name;
		char text[32];
		snprintf(text, sizeof(text), "n%d.example.", i);
		assert_non_null(knot_dname_from_str(name, text, sizeof(name)));
		const knot_rdataset_t *a = version_find(version, name, KNOT_RRTYPE_A, NULL);
		assert_true(a == NULL || a->count == 2 || i == 7);
	}
}

/* A large change: bounded messages, no name split, what comes first, the apex between. */
static void
large(void **state)
{
	char *text = calloc(1, 1 << 20), *at = text;
	struct overlay overlay = {0};
	struct pushed pushed = {0};
	struct patch patch;
	size_t apex = 0, ended = 0;

	at += sprintf(at, SOA NS);
	for (int i = 0; i < 5000; i++)
		at += sprintf(at, "n%d A 192.0.2.1\nn%d A 192.0.2.2\n", i, i);
	struct version *many = zonetext_version(NULL, NULL, text);
	struct version *few =
	    zonetext_version(NULL, NULL, SOA "@ NS ns2\nn7 A 192.0.2.9\nz A 192.0.2.3\n");
	const struct version *pair[2][2] = {{many, few}, {few, many}};
	for (int way = 0; way < 2; way++) {
		struct version *has = version_pin((struct version *)(uintptr_t)pair[way][0]);
		struct version *want = (struct version *)(uintptr_t)pair[way][1];
		struct patch_input in = {has, has, want, &overlay, P1, &pushed, NULL, 0, false};
		patch_make(&in, &patch);
		assert_true(patch.messages > 5);
		for (size_t m = 0; m < patch.messages; m++) {
			assert_true(patch.message[m].len <= PATCH_MESSAGE);
			struct version *before = version_pin(has);
			has = serve(has, &patch.message[m]);
			bool was = version_has_name(before, (const uint8_t *)"\x02n8\x07"
									     "example");
			const knot_rdataset_t *n8 = version_find(has,
								 (const uint8_t *)"\x02n8\x07"
										  "example",
								 KNOT_RRTYPE_A, NULL);
			whole_names(has);
			if (was != (n8 != NULL))
				ended = m;
			const knot_rdataset_t *ns = version_apex(has, KNOT_RRTYPE_NS, NULL);
			if (!knot_rdataset_eq(ns, version_apex(before, KNOT_RRTYPE_NS, NULL)))
				apex = m;
			version_unpin(before);
		}
		/* names come before the apex, and go behind it */
		assert_true(way == 0 ? ended > apex : ended < apex);
		assert_true(sums_equal(version_sum(has), version_sum(want)));
		patch_clear(&patch);
		version_unpin(has);
	}
	version_unpin(many);
	version_unpin(few);
	free(text);
}

/* The SOA of the owner is ahead of what the messages before it count up. */
static void
soa_behind(void **state)
{
	char *text = calloc(1, 1 << 20), *at = text;
	struct overlay overlay = {0};
	struct pushed pushed = {0};
	struct patch patch;

	at += sprintf(at, "@ SOA ns1 admin 9 1 2 3 4\n" NS);
	for (int i = 0; i < 5000; i++)
		at += sprintf(at, "n%d A 192.0.2.1\n", i);
	struct version *want = zonetext_version(NULL, NULL, text);
	struct version *has = zonetext_version(NULL, NULL, SOA NS);
	struct patch_input in = {has, has, want, &overlay, P1, &pushed, NULL, 0, false};
	patch_make(&in, &patch);
	assert_true(patch.messages > 3);
	counts_up = true;
	for (size_t m = 0; m < patch.messages; m++)
		has = serve(has, &patch.message[m]);
	counts_up = false;
	patch_clear(&patch);
	in.from = in.apex = has;
	patch_make(&in, &patch);
	assert_int_equal(patch.messages, 0);
	patch_clear(&patch);
	version_unpin(has);
	version_unpin(want);
	free(text);
}

/* An RRset that is larger than a message is split. */
static void
huge_name(void **state)
{
	char *text = calloc(1, 1 << 20), *at = text;
	struct overlay overlay = {0};
	struct pushed pushed = {0};
	struct patch patch;

	at += sprintf(at, SOA NS "a A 192.0.2.1\n");
	for (int type = 65300; type < 65310; type++)
		for (int i = 0; i < 40; i++)
			at += sprintf(at, "big TYPE%d \\# 104 %0200d%08x\n", type, 0, i);
	struct version *want = zonetext_version(NULL, NULL, text);
	struct version *has = zonetext_version(NULL, NULL, SOA NS);
	struct patch_input in = {has, has, want, &overlay, P1, &pushed, NULL, 0, false};
	patch_make(&in, &patch);
	assert_true(patch.messages > 1);
	for (size_t m = 0; m < patch.messages; m++) {
		assert_true(patch.message[m].len <= PATCH_MESSAGE);
		has = serve(has, &patch.message[m]);
	}
	assert_true(sums_equal(version_sum(has), version_sum(want)));
	patch_clear(&patch);
	version_unpin(has);
	version_unpin(want);
	free(text);
}

/* From a version that is known to be there, with the apex as it was read. */
static void
incremental(void **state)
{
	struct overlay overlay = {0};
	struct pushed pushed = {0};
	struct patch patch;
	struct version *at = zonetext_version(NULL, NULL, SOA NS "a A 192.0.2.1\n");
	struct version *want = zonetext_version(at, NULL, FOREIGN "b A 192.0.2.2\n");
	struct version *apex = read_zone(SOA NS OWN_KSK "@ NS evil\n");

	contribute(&overlay, P2, FOREIGN);
	struct patch_input in = {at, apex, want, &overlay, P1, &pushed, NULL, 0, true};
	patch_make(&in, &patch);
	assert_int_equal(patch.messages, 2);
	assert_int_equal(patch.added, 2);
	assert_int_equal(patch.removed, 1); /* evil */
	assert_true(patch.lacks_key);
	assert_string_equal(patch.first, "b.example. A is missing or differs");

	/* forgotten when neither there nor wanted */
	patch_forget(&patch.pushed, apex, want);
	assert_int_equal(patch.pushed.count, 1);
	patch_forget(&patch.pushed, apex, at);
	assert_int_equal(patch.pushed.count, 0);
	patch_clear(&patch);
	version_unpin(at);
	version_unpin(want);
	version_unpin(apex);
	overlay_clear(&overlay);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table),       cmocka_unit_test(large),
	    cmocka_unit_test(soa_behind),  cmocka_unit_test(huge_name),
	    cmocka_unit_test(incremental),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
