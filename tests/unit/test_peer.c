/* Life cycle of a peer: rules, HELLO rounds, heartbeats, silence. */
#include "tests/unit/unit.h"
#include "agentd/peer.h"

static const struct peer_times times = {2000, 30000, 30000, 5000};
static const knot_dname_t *zone_a = (const knot_dname_t *)"\1a\7example";
static const knot_dname_t *zone_b = (const knot_dname_t *)"\1b\7example";

static struct peer *
make(uint64_t now)
{
	struct peer *peer = peer_new("msa.p2.example.", 4711, now);

	peer_zone_add(peer, zone_a, now);
	return peer;
}

/* Every state and event, as the table of the protocol has it. */
static void
test_rules(void **state)
{
	static const struct {
		enum peer_state from;
		enum peer_event on;
		enum peer_state to;
	} cases[] = {
	    {PEER_NEEDED, PEER_ON_DISCOVERED, PEER_KNOWN},
	    {PEER_NEEDED, PEER_ON_HELLO_IN, PEER_NEEDED},
	    {PEER_NEEDED, PEER_ON_HELLO_OK, PEER_NEEDED},
	    {PEER_NEEDED, PEER_ON_BOTH_WAYS, PEER_NEEDED},
	    {PEER_KNOWN, PEER_ON_DISCOVERED, PEER_KNOWN},
	    {PEER_KNOWN, PEER_ON_HELLO_OK, PEER_OPERATIONAL},
	    {PEER_KNOWN, PEER_ON_HELLO_IN, PEER_OPERATIONAL},
	    {PEER_KNOWN, PEER_ON_BOTH_WAYS, PEER_KNOWN},
	    {PEER_KNOWN, PEER_ON_UNDISCOVERED, PEER_NEEDED},
	    {PEER_OPERATIONAL, PEER_ON_HELLO_OK, PEER_OPERATIONAL},
	    {PEER_OPERATIONAL, PEER_ON_DISCOVERED, PEER_OPERATIONAL},
	    {PEER_OPERATIONAL, PEER_ON_REFUSED, PEER_KNOWN},
	    {PEER_OPERATIONAL, PEER_ON_LATE, PEER_DEGRADED},
	    {PEER_OPERATIONAL, PEER_ON_DEAD, PEER_INTERRUPTED},
	    {PEER_OPERATIONAL, PEER_ON_UNDISCOVERED, PEER_NEEDED},
	    {PEER_DEGRADED, PEER_ON_BOTH_WAYS, PEER_OPERATIONAL},
	    {PEER_DEGRADED, PEER_ON_DEAD, PEER_INTERRUPTED},
	    {PEER_DEGRADED, PEER_ON_HELLO_IN, PEER_DEGRADED},
	    {PEER_INTERRUPTED, PEER_ON_BOTH_WAYS, PEER_OPERATIONAL},
	    {PEER_INTERRUPTED, PEER_ON_GONE, PEER_NEEDED},
	    {PEER_INTERRUPTED, PEER_ON_REFUSED, PEER_KNOWN},
	    {PEER_INTERRUPTED, PEER_ON_LATE, PEER_INTERRUPTED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (peer_rule(cases[i].from, cases[i].on) != cases[i].to) {
			fail_msg("%s on '%s' gives %s", peer_state_name(cases[i].from),
				 peer_event_text(cases[i].on),
				 peer_state_name(peer_rule(cases[i].from, cases[i].on)));
		}
	}
}

static void
test_hello_rounds(void **state)
{
	static const uint64_t factor[] = {1, 2, 4, 8, 16, 60, 60};
	struct peer *peer = make(1000);
	struct peer_zone *zone = NULL;
	uint64_t now = 1000, when;

	assert_int_equal(peer_due(peer, now, &zone, &when), PEER_NOTHING); /* not discovered */
	peer_enter(peer, PEER_KNOWN, &times, now);
	for (size_t i = 0; i < sizeof(factor) / sizeof(factor[0]); i++) {
		uint64_t base = factor[i] * times.hello_retry;
		assert_int_equal(peer_due(peer, now, &zone, &when), PEER_HELLO);
		peer_hello_sent(peer, zone);
		assert_int_equal(peer_due(peer, now, &zone, &when),
				 PEER_NOTHING); /* one at a time */
		peer_hello_failed(peer, zone, &times, now, "no answer");
		assert_int_equal(peer_due(peer, now, &zone, &when), PEER_NOTHING);
		assert_in_range(when - now, base * 8 / 10, base * 12 / 10 + 1);
		now = when;
	}
	/* A HELLO from the other side begins the rounds anew. */
	peer_hello_failed(peer, zone, &times, now, "no answer");
	peer_hello_reset(peer, zone, now);
	assert_int_equal(peer_due(peer, now, &zone, &when), PEER_HELLO);
	assert_int_equal(zone->tries, 0);
	peer_free(peer);
}

static void
test_hello_per_zone(void **state)
{
	struct peer *peer = make(0);
	struct peer_zone *zone = NULL;
	uint64_t when;

	peer_enter(peer, PEER_KNOWN, &times, 0);
	peer_zone_find(peer, zone_a)->told = true;
	peer_enter(peer, PEER_OPERATIONAL, &times, 0);
	assert_true(peer_ready(peer, zone_a));
	peer_zone_add(peer, zone_b, 10);
	assert_int_equal(peer_waiting(peer), 1);
	assert_false(peer_ready(peer, zone_b));
	/* Being operational for one zone says nothing about the next. */
	assert_int_equal(peer_due(peer, 10, &zone, &when), PEER_HELLO);
	assert_true(knot_dname_is_equal(zone->name, zone_b));
	peer_zone_del(peer, zone_b);
	assert_null(peer_zone_find(peer, zone_b));
	assert_int_equal(peer_waiting(peer), 0);
	peer_free(peer);
}

/* A peer with which many zones are shared is not flooded. */
static void
test_hellos_at_once(void **state)
{
	struct peer *peer = make(0);
	struct peer_zone *zone = NULL;
	unsigned sent = 0;
	uint64_t when;

	for (int i = 0; i < 30; i++) {
		knot_dname_t name[] = {1, (uint8_t)('A' + i), 0};
		peer_zone_add(peer, name, 0);
	}
	peer_enter(peer, PEER_KNOWN, &times, 0);
	while (peer_due(peer, 0, &zone, &when) == PEER_HELLO) {
		peer_hello_sent(peer, zone);
		sent++;
	}
	assert_int_equal(sent, PEER_HELLOS);
	zone->busy = false;
	zone->told = true;
	assert_int_equal(peer_due(peer, 0, &zone, &when), PEER_HELLO);
	peer_free(peer);
}

static void
test_heartbeat_doubles(void **state)
{
	static const uint64_t want[] = {2000, 4000, 8000, 16000, 30000, 30000};
	struct peer *peer = make(0);
	struct peer_zone *zone = NULL;
	uint64_t now = 0, when;

	peer_enter(peer, PEER_KNOWN, &times, now);
	peer_zone_find(peer, zone_a)->told = true;
	peer_enter(peer, PEER_OPERATIONAL, &times, now);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(peer_due(peer, now, &zone, &when), PEER_BEAT);
		assert_int_equal(peer_beat_advertise(peer, &times), want[i] / 1000);
		peer_beat_sent(peer, &times, now);
		assert_int_equal(peer_due(peer, now, &zone, &when), PEER_NOTHING);
		peer_beat_acked(peer, now);
		assert_int_equal(peer_due(peer, now, &zone, &when), PEER_NOTHING);
		assert_in_range(when - now, want[i] * 8 / 10,
				want[i]); /* never after what was said */
		now = when;
	}
	peer_beat_reset(peer, &times, now - 1);
	assert_int_equal(peer_due(peer, now, &zone, &when), PEER_BEAT);
	assert_int_equal(peer_beat_advertise(peer, &times), 2);
	peer_free(peer);
}

static void
test_silence(void **state)
{
	struct peer *peer = make(0);
	uint64_t when;

	peer_enter(peer, PEER_KNOWN, &times, 0);
	assert_int_equal(peer_silence(peer, &times, 1000000, &when),
			 -1); /* nobody promised beats */
	peer_enter(peer, PEER_OPERATIONAL, &times, 0);
	peer_heard(peer, 10, 1000);
	peer->acked = 1000;
	peer->acked_within = 10000;
	assert_int_equal(peer_silence(peer, &times, 21000, &when), -1);
	assert_int_equal(when, 21001);
	assert_int_equal(peer_silence(peer, &times, 21001, &when), PEER_ON_LATE);
	peer_enter(peer, PEER_DEGRADED, &times, 21001);
	assert_int_equal(peer_silence(peer, &times, 101000, &when), -1);
	assert_int_equal(peer_silence(peer, &times, 101001, &when), PEER_ON_DEAD);
	peer_enter(peer, PEER_INTERRUPTED, &times, 101001);
	/* One direction is not enough. */
	peer_heard(peer, 10, 102000);
	assert_int_equal(peer_silence(peer, &times, 102000, &when), -1);
	peer_beat_sent(peer, &times, 102000);
	peer_beat_acked(peer, 102000);
	assert_int_equal(peer_silence(peer, &times, 102000, &when), PEER_ON_BOTH_WAYS);
	/* And nobody may promise to be silent for days. */
	peer_heard(peer, 86400, 102000);
	assert_int_equal(peer->advertised, 3600 * 1000);
	peer_free(peer);
}

static void
test_known_again(void **state)
{
	struct peer *peer = make(0);
	struct peer_zone *zone = NULL;
	uint64_t when;

	peer_enter(peer, PEER_KNOWN, &times, 0);
	peer_zone_find(peer, zone_a)->told = true;
	peer_enter(peer, PEER_OPERATIONAL, &times, 0);
	peer_enter(peer, PEER_KNOWN, &times, 5000);
	assert_false(peer_zone_find(peer, zone_a)->told);
	assert_int_equal(peer_due(peer, 5000, &zone, &when), PEER_HELLO);
	peer_free(peer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_hello_rounds),
	    cmocka_unit_test(test_hello_per_zone),
	    cmocka_unit_test(test_hellos_at_once),
	    cmocka_unit_test(test_heartbeat_doubles),
	    cmocka_unit_test(test_silence),
	    cmocka_unit_test(test_known_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
