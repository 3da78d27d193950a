/* The table of peers. */
#include "tests/unit/unit.h"

#include <libknot/libknot.h>
#include "transportd/peer/peertable.h"

#define LIST(...) ((char *[]){__VA_ARGS__})

static unsigned
set(struct peertable *t, char *peer, char **address, unsigned addresses, char **key, unsigned keys,
    char **zone, unsigned zones)
{
	struct msig_msg_PEER_SET msg = {
	    .peer = peer,
	    .address = {address, (uint16_t)addresses},
	    .key = {key, (uint16_t)keys},
	    .zone = {zone, (uint16_t)zones},
	};
	unsigned skipped;

	assert_int_equal(peertable_set(t, &msg, &skipped), 0);
	return skipped;
}

static knot_dname_t *
name(const char *text)
{
	knot_dname_t *n = knot_dname_from_str_alloc(text);

	assert_non_null(n);
	return n;
}

static char P2[] = "msa.p2.example.", P3[] = "msa.p3.example.", EMPTY[] = "";
static char A1[] = "192.0.2.1@5399", A3[] = "2001:db8::1@5399";
static char K2[] = "NS.msa.p2.example./4711", K3[] = "ns.msa.p3.example./65535";
static char ZB[] = "B.example.", ZA[] = "a.example.", ZC[] = "c.example.";

static void
test_set_and_find(void **state)
{
	struct peertable t = {0};
	knot_dname_t *signer = name("ns.msa.p2.example."), *zone = name("b.example.");
	struct dnsio_addr addr;

	assert_false(t.known);
	set(&t, P2, LIST(A1, A3), 2, LIST(K2), 1, LIST(ZC, ZB, ZA), 3);
	set(&t, P3, LIST(A1), 1, LIST(K3), 1, LIST(ZA), 1);
	assert_true(t.known);
	assert_int_equal(t.count, 2);
	assert_string_equal(peer_find(&t, "MSA.p2.example.")->id, P2);
	assert_null(peer_find(&t, "msa.p4.example."));
	assert_string_equal(peer_find_signer(&t, signer, 4711)->id, P2);
	assert_null(peer_find_signer(&t, signer, 4712));
	assert_null(peer_find_signer(&t, zone, 4711));
	assert_true(peer_has_zone(peer_find(&t, P2), zone));
	assert_false(peer_has_zone(peer_find(&t, P3), zone));
	assert_true(peertable_has_zone(&t, zone));
	assert_false(peertable_has_zone(&t, signer));
	assert_int_equal(dnsio_addr_parse("192.0.2.1@40000", 53, &addr), 0);
	assert_true(peer_has_address(peer_find(&t, P2), &addr));
	peertable_clear(&t);
	assert_false(t.known);
	knot_dname_free(signer, NULL);
	knot_dname_free(zone, NULL);
}

/* A new set replaces the old one and keeps what was learned. */
static void
test_replace(void **state)
{
	struct peertable t = {0};
	struct peer *peer;
	knot_dname_t *zone = name("c.example.");

	set(&t, P2, LIST(A1), 1, LIST(K2), 1, LIST(ZC), 1);
	peer = peer_find(&t, P2);
	peer->sent = 7;
	set(&t, P2, LIST(A1), 1, LIST(K2), 1, LIST(ZA), 1);
	assert_ptr_equal(peer_find(&t, P2), peer);
	assert_int_equal(peer->sent, 7);
	assert_false(peertable_has_zone(&t, zone));
	assert_int_equal(t.count, 1);
	peertable_del(&t, P2);
	assert_int_equal(t.count, 0);
	assert_true(t.known);
	peertable_del(&t, P2);
	knot_dname_free(zone, NULL);
}

static void
test_del_all(void **state)
{
	struct peertable t = {0};

	set(&t, P2, LIST(A1), 1, LIST(K2), 1, LIST(ZC), 1);
	set(&t, P3, LIST(A1), 1, LIST(K3), 1, LIST(ZA), 1);
	peertable_del(&t, EMPTY);
	assert_int_equal(t.count, 0);
	assert_null(t.first);
}

/* What is malformed is left out and counted; the rest counts. */
static void
test_skips(void **state)
{
	static char bad_address[][24] = {"",
					 "nonsense",
					 "192.0.2.300@53",
					 "0.0.0.0@53",
					 "224.0.0.1@53",
					 "255.255.255.255@53",
					 "192.0.2.1@0",
					 "::@53",
					 "ff02::1@53"};
	static char bad_key[][16] = {"",        "/1",       "name./",
				     "name./x", "name./-1", "name./65536",
				     "name.",   "name./1x", "bad..name./1"};
	struct peertable t = {0};
	unsigned n = sizeof(bad_address) / sizeof(bad_address[0]);
	unsigned k = sizeof(bad_key) / sizeof(bad_key[0]);

	for (unsigned i = 0; i < n; i++) {
		char *one = bad_address[i];

		assert_int_equal(set(&t, P2, &one, 1, LIST(K2), 1, LIST(ZA), 1), 1);
		assert_int_equal(peer_find(&t, P2)->addresses, 0);
	}
	for (unsigned i = 0; i < k; i++) {
		char *one = bad_key[i];

		assert_int_equal(set(&t, P2, LIST(A1), 1, &one, 1, LIST(ZA), 1), 1);
		assert_int_equal(peer_find(&t, P2)->keys, 0);
	}
	assert_int_equal(set(&t, P2, LIST(A1), 1, LIST(K2), 1, LIST(bad_key[8]), 1), 1);
	peertable_clear(&t);
}

static void
test_limits(void **state)
{
	struct peertable t = {0};
	struct msig_msg_PEER_SET msg = {.peer = EMPTY};
	char *many[PEER_MAX_ADDRESSES + 3], *keys[PEER_MAX_KEYS + 5], id[32];
	unsigned skipped;

	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		many[i] = A1;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		keys[i] = K2;
	assert_int_equal(
	    set(&t, P2, many, PEER_MAX_ADDRESSES + 3, keys, PEER_MAX_KEYS + 5, NULL, 0), 8);
	assert_int_equal(peer_find(&t, P2)->addresses, PEER_MAX_ADDRESSES);
	assert_int_equal(peertable_set(&t, &msg, &skipped), KNOT_EINVAL);
	for (unsigned i = 1; i < PEER_MAX; i++) {
		snprintf(id, sizeof(id), "p%u.", i);
		set(&t, id, NULL, 0, NULL, 0, NULL, 0);
	}
	msg.peer = P3;
	assert_int_equal(peertable_set(&t, &msg, &skipped), KNOT_ELIMIT);
	assert_int_equal(t.count, PEER_MAX);
	peertable_clear(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set_and_find), cmocka_unit_test(test_replace),
	    cmocka_unit_test(test_del_all),      cmocka_unit_test(test_skips),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
