/* Agents that talk to each other: what they accept, and what they must not. */
#define _GNU_SOURCE
#include "tests/unit/unit.h"
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "agentd/egress.h"
#include "agentd/identity.h"
#include "agentd/letter.h"
#include "agentd/peers.h"
#include "agentd/prune.h"
#include "agentd/zones_int.h"
#include "libmsig/daemon/db.h"
#include "libmsig/err.h"
#include "tests/unit/agentworld.h"

static const knot_dname_t *zone_name = (const knot_dname_t *)"\4shop\7example";
static struct world world;

static enum peer_state
state_of(unsigned here, unsigned there)
{
	struct contact *c = peers_find(&world.at[here].agent, world.at[there].identity);

	return c != NULL ? c->peer->state : PEER_NEEDED;
}

static bool
operational(struct world *w)
{
	return state_of(0, 1) == PEER_OPERATIONAL && state_of(1, 0) == PEER_OPERATIONAL;
}

static bool
ready(struct world *w)
{
	struct contact *a = peers_find(&w->at[0].agent, w->at[1].identity);
	struct contact *b = peers_find(&w->at[1].agent, w->at[0].identity);

	return a != NULL && b != NULL && peer_ready(a->peer, zone_name) &&
	       peer_ready(b->peer, zone_name);
}

static int
teardown(void **state)
{
	world_close(&world);
	return 0;
}

static void
two(void)
{
	world_open(&world, 2);
	world_hsync(&world, 0, 3, 1);
	world_hsync(&world, 1, 3, 1);
}

static void
test_meet(void **state)
{
	two();
	assert_true(world_until(&world, ready, 5000));
	assert_true(world_until(&world, operational, 1000));
}

/* The owner's change reaches one side later: its HELLO is refused until then, and both meet. */
static void
test_slow_transfer(void **state)
{
	world_open(&world, 2);
	world_hsync(&world, 0, 3, 1);
	world_run(&world, 300);
	assert_int_equal(state_of(0, 1), PEER_KNOWN);
	assert_int_equal(world.at[1].last_rcode, KNOT_RCODE_REFUSED);
	world_hsync(&world, 1, 3, 1);
	assert_true(world_until(&world, ready, 5000));
}

static void
not_met(enum msig_validation validation)
{
	world_open(&world, 2);
	world.validation = validation;
	world_hsync(&world, 0, 3, 1);
	world_hsync(&world, 1, 3, 1);
	world_run(&world, 500);
	assert_int_equal(state_of(0, 1), PEER_NEEDED);
	assert_int_equal(state_of(1, 0), PEER_NEEDED);
	assert_null(world.at[0].last); /* nothing was said at all */
	assert_null(world.at[1].last);
	world.validation = MSIG_VALIDATION_SECURE; /* and when it is secure, they do */
	assert_true(world_until(&world, ready, 10000));
}

static void
test_discovery_insecure(void **state)
{
	not_met(MSIG_VALIDATION_INSECURE);
}

static void
test_discovery_bogus(void **state)
{
	not_met(MSIG_VALIDATION_BOGUS);
}

static bool
corrupt(struct world *w, unsigned to, uint8_t *wire, size_t *len)
{
	wire[*len - 1] ^= 1; /* the last octet of the signature */
	return true;
}

static void
test_wrong_signature(void **state)
{
	world_open(&world, 2);
	world.on_way = corrupt;
	world_hsync(&world, 0, 3, 1);
	world_hsync(&world, 1, 3, 1);
	world_run(&world, 500);
	assert_int_equal(state_of(0, 1), PEER_KNOWN);
	assert_int_equal(state_of(1, 0), PEER_KNOWN);
	assert_int_equal(world.at[1].last_rcode, KNOT_RCODE_NOTAUTH);
	assert_false(world.at[1].last_signed); /* no public-key operation for strangers */
	world.on_way = NULL;
	assert_true(world_until(&world, ready, 10000));
}

/* A response is worth what its signature is: NOERROR alone makes no peer. */
static bool
strip(struct world *w, unsigned to, uint8_t *wire, size_t *len)
{
	struct msig_sig0_info info;

	if (msig_sig0_peek(wire, *len, &info) == 0) {
		*len = info.offset;
		wire[11]--; /* ARCOUNT */
	}
	return true;
}

static void
test_response_not_signed(void **state)
{
	world_open(&world, 2);
	world.on_back = strip;
	world_hsync(&world, 0, 3, 1);
	world_hsync(&world, 1, 3, 1);
	world_run(&world, 500);
	struct contact *c = peers_find(&world.at[0].agent, world.at[1].identity);
	assert_non_null(c);
	assert_false(peer_ready(c->peer, zone_name));
	world.on_back = NULL;
	assert_true(world_until(&world, ready, 10000));
}

/* Responses that the peer signed for this request, but that are another's or to another. */
static uint8_t request_seen[70000];
static size_t request_len;
static int twist_how;

static bool
remember(struct world *w, unsigned to, uint8_t *wire, size_t *len)
{
	if (to == 1) {
		memcpy(request_seen, wire, *len);
		request_len = *len;
	}
	return to == 1; /* only 0 talks */
}

static bool
twist(struct world *w, unsigned to, uint8_t *wire, size_t *len)
{
	static const uint8_t me[] = "\3msa\2p2";
	uint8_t *at;

	strip(w, to, wire, len);
	if (twist_how == 1)
		wire[1] ^= 1; /* message id */
	if (twist_how == 2 && (at = memmem(wire, *len, me, 7)) != NULL)
		at[6] = '3'; /* identity in the option */
	assert_int_equal(sig0key_sign(w->at[1].agent.sig0key, wire, len, 70000, request_seen,
				      request_len, loop_utc_ms() / 1000),
			 0);
	return true;
}

static bool
told(struct world *w)
{
	struct contact *c = peers_find(&w->at[0].agent, w->at[1].identity);

	return c != NULL && peer_zone_find(c->peer, zone_name)->told;
}

static void
test_response_twisted(void **state)
{
	world_open(&world, 2);
	world.on_way = remember;
	world.on_back = twist;
	world_hsync(&world, 1, 3, 1);
	world_run(&world, 100);
	world_hsync(&world, 0, 3, 1);
	for (twist_how = 1; twist_how <= 2; twist_how++) {
		world_run(&world, 400);
		assert_false(told(&world));
	}
	twist_how = 0;
	assert_true(world_until(&world, told, 10000));
}

static void
test_wrong_key_published(void **state)
{
	world_open(&world, 2);
	world.wrong_key = true;
	world_hsync(&world, 0, 3, 1);
	world_hsync(&world, 1, 3, 1);
	world_run(&world, 400);
	assert_int_equal(state_of(0, 1), PEER_KNOWN);
	/* It is looked up again by itself once the right one is there. */
	world.wrong_key = false;
	assert_true(world_until(&world, ready, 20000));
}

/* us, added to the sequence numbers of hello() */
static uint64_t sequence_ahead;

/* A HELLO with times and sequence of our choice, signed by the right key. */
static size_t
hello(unsigned from, uint8_t *wire, size_t max, uint64_t when, const char *zone)
{
	struct agent *a = &world.at[from].agent;
	struct msig_coding coding = agent_coding(a);
	struct msig_option opt;
	struct msig_peermsg msg;
	knot_dname_storage_t name;
	size_t len = max - 300;

	msig_name_parse(zone, name);
	msig_option_init(&opt, MSIG_OP_HELLO, a->identity, name);
	MSIG_OPTION_SET(&opt, SEQUENCE, sequence, store_sequence(a->store) + sequence_ahead);
	assert_int_equal(msig_peermsg_request(&msg, 1, &opt, NULL), 0);
	assert_int_equal(msig_peermsg_compose(&msg, &coding, wire, &len), 0);
	msig_peermsg_clear(&msg);
	assert_int_equal(sig0key_sign(a->sig0key, wire, &len, max, NULL, 0, when), 0);
	return len;
}

static uint16_t
answer_to(unsigned to, const uint8_t *wire, size_t len)
{
	world.at[to].last_rcode = 0xffff;
	world_deliver(&world, to, wire, len);
	world_run(&world, 20);
	return world.at[to].last_rcode;
}

/* Who has a peer's key may use up its numbers of the next minutes, but not those of all times. */
static void
test_sequence_ahead(void **state)
{
	uint8_t wire[2000];
	uint64_t now = loop_utc_ms() / 1000;

	world_open(&world, 3);
	world_hsync(&world, 0, 3, 1);
	world_run(&world, 100);
	sequence_ahead = SEQUENCE_AHEAD + 60000000;
	assert_int_equal(answer_to(0, wire, hello(1, wire, sizeof(wire), now, "shop.example.")),
			 KNOT_RCODE_NOTAUTH);
	sequence_ahead = UINT64_C(1) << 62;
	assert_int_equal(answer_to(0, wire, hello(1, wire, sizeof(wire), now, "shop.example.")),
			 KNOT_RCODE_NOTAUTH);
	sequence_ahead = 0; /* and they are not marked as used */
	assert_int_equal(answer_to(0, wire, hello(1, wire, sizeof(wire), now, "shop.example.")),
			 KNOT_RCODE_NOERROR);
	sequence_ahead = SEQUENCE_AHEAD - 60000000;
	assert_int_equal(answer_to(0, wire, hello(1, wire, sizeof(wire), now, "shop.example.")),
			 KNOT_RCODE_NOERROR);
	sequence_ahead = 0;
}

/* Each message is accepted once: not again at once, not after others, not after a restart. */
static void
test_replay(void **state)
{
	uint8_t first[2000], second[2000];
	uint64_t now = loop_utc_ms() / 1000;
	size_t one, other;

	world_open(&world, 3);
	world_hsync(&world, 0, 3, 1);
	world_run(&world, 100);
	one = hello(1, first, sizeof(first), now, "shop.example.");
	other = hello(1, second, sizeof(second), now, "shop.example.");
	assert_int_equal(answer_to(0, second, other), KNOT_RCODE_NOERROR);
	assert_int_equal(answer_to(0, first, one), KNOT_RCODE_NOERROR); /* overtaken on its way */
	assert_int_not_equal(answer_to(0, first, one), KNOT_RCODE_NOERROR);
	assert_int_not_equal(answer_to(0, second, other), KNOT_RCODE_NOERROR);
	world_stop(&world, 0);
	world_start(&world, 0);
	world_hsync(&world, 0, 3, 1);
	world_run(&world, 100);
	assert_int_not_equal(answer_to(0, first, one), KNOT_RCODE_NOERROR);
	assert_int_not_equal(answer_to(0, second, other), KNOT_RCODE_NOERROR);
	one = hello(1, first, sizeof(first), now, "shop.example.");
	assert_int_equal(answer_to(0, first, one), KNOT_RCODE_NOERROR);
}

static void
test_expired(void **state)
{
	uint8_t wire[2000];
	uint64_t now = loop_utc_ms() / 1000;

	world_open(&world, 3);
	world_hsync(&world, 0, 3, 1); /* 0 knows 1; 1 itself has no HSYNC yet and is quiet */
	world_run(&world, 100);
	assert_int_equal(answer_to(0, wire, hello(1, wire, sizeof(wire), now, "shop.example.")),
			 KNOT_RCODE_NOERROR);
	assert_int_not_equal(
	    answer_to(0, wire, hello(1, wire, sizeof(wire), now - 1000, "shop.example.")),
	    KNOT_RCODE_NOERROR);
	assert_int_not_equal(
	    answer_to(0, wire, hello(1, wire, sizeof(wire), now + 1000, "shop.example.")),
	    KNOT_RCODE_NOERROR);
}

static bool
third_found(struct world *w)
{
	struct contact *c = peers_find(&w->at[0].agent, w->at[2].identity);

	return c != NULL && c->found;
}

static void
test_not_in_hsync(void **state)
{
	uint8_t wire[2000];
	uint64_t now = loop_utc_ms() / 1000;

	world_open(&world, 3);
	world_hsync(&world, 0, 3, 1);
	world_run(&world, 100);
	assert_int_equal(answer_to(0, wire, hello(2, wire, sizeof(wire), now, "shop.example.")),
			 KNOT_RCODE_REFUSED);
	assert_null(peers_find(&world.at[0].agent, world.at[2].identity));
	/* A peer that is known, about a zone in whose HSYNC it is not. */
	world_hsync_side(&world, 0, 1 | 4);
	assert_true(world_until(&world, third_found, 5000));
	assert_int_equal(answer_to(0, wire, hello(1, wire, sizeof(wire), now, "side.example.")),
			 KNOT_RCODE_REFUSED);
	assert_int_equal(answer_to(0, wire, hello(2, wire, sizeof(wire), now, "side.example.")),
			 KNOT_RCODE_NOERROR);
	assert_int_equal(answer_to(0, wire, hello(2, wire, sizeof(wire), now, "shop.example.")),
			 KNOT_RCODE_REFUSED);
	/* A peer that is known, about a zone that we do not have. */
	assert_int_equal(answer_to(0, wire, hello(1, wire, sizeof(wire), now, "other.example.")),
			 KNOT_RCODE_REFUSED);
}

static void
test_garbage(void **state)
{
	uint8_t wire[2000], cut[2000];
	uint64_t now = loop_utc_ms() / 1000;
	size_t len;
	unsigned seed = 7;

	world_open(&world, 3);
	world_hsync(&world, 0, 3, 1);
	world_run(&world, 100);
	len = hello(1, wire, sizeof(wire), now, "shop.example.");
	for (size_t n = 0; n < len; n++)
		assert_int_not_equal(answer_to(0, wire, n), KNOT_RCODE_NOERROR);
	for (unsigned i = 0; i < 300; i++) {
		memcpy(cut, wire, len);
		cut[2 + (unsigned)rand_r(&seed) % (len - 2)] ^= (uint8_t)(1 + rand_r(&seed) % 255);
		assert_int_not_equal(answer_to(0, cut, len), KNOT_RCODE_NOERROR);
	}
	assert_int_equal(answer_to(0, wire, len), KNOT_RCODE_NOERROR);
}

static bool
needed(struct world *w)
{
	return state_of(0, 1) == PEER_NEEDED;
}

/* What discovery found outlives an outage of the look-ups, but not its signatures. */
static void
test_discovery_outage(void **state)
{
	struct contact *c;

	two();
	assert_true(world_until(&world, ready, 5000));
	world.validation = MSIG_VALIDATION_BOGUS;
	c = peers_find(&world.at[0].agent, world.at[1].identity);
	c->discover_at = 0; /* the TTL is over */
	loop_timer_set(c->timer, 0);
	world_run(&world, 300);
	assert_true(*c->trouble != '\0');
	assert_true(ready(&world));
	c->at.good_until = loop_utc_ms();
	assert_true(world_until(&world, needed, 5000));
	world.validation = MSIG_VALIDATION_SECURE;
	assert_true(world_until(&world, ready, 20000));
}

static bool
looked_up(struct world *w)
{
	return w->at[0].lookups > 0;
}

static bool
signer_is_silent(struct world *w)
{
	return w->at[0].agent.zones->view->hsync_why[0] != '\0';
}

/* What the core tells apart is what the shell says, word by word: nobody asks the signer. */
static void
test_nobody_asks(void **state)
{
	world_open(&world, 1);
	world.why = VIEW_WHY_DOWN;
	assert_true(world_until(&world, signer_is_silent, 5000));
	assert_string_equal(world.at[0].agent.zones->view->hsync_why, VIEW_WHY_DOWN);
	world.why = NULL;
}

static bool
parent_seen(struct world *w)
{
	const struct zone_view *view = w->at[0].agent.zones->view;
	return view->parent_known || view->parent_crowded;
}

/* All of the parent's servers, or none of them: a part is never taken for the whole. */
static void
test_parents_servers(void **state)
{
	static const struct {
		unsigned nses, addresses;
		int places; /* -1: there is no room */
	} cases[] = {
	    {13, 2, 26}, /* the root has so many */
	    {14, 1, 14},
	    {VIEW_PARENT_NSES, 1, VIEW_PARENT_NSES},
	    {VIEW_PARENT_NSES + 1, 1, -1},
	    {1, 100, 100},
	    {2, 70, -1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int places = 0;
		world_open(&world, 1);
		world.parent_nses = cases[i].nses;
		world.addresses = cases[i].addresses;
		assert_true(world_until(&world, parent_seen, 10000));
		const struct zone_view *view = world.at[0].agent.zones->view;
		for (int k = 0; k < VIEW_PLACES; k++)
			places +=
			    view->d.place[k] != NULL && view->d.place[k]->kind == PLACE_PARENT;
		assert_int_equal(view->parent_crowded, cases[i].places < 0);
		assert_int_equal(view->parent_known, cases[i].places >= 0);
		assert_int_equal(places, cases[i].places < 0 ? 0 : cases[i].places);
		world_close(&world);
	}
	/* One that cannot be read is one that is not known. */
	world_open(&world, 1);
	world.parent_nses = world.addresses = 2;
	world.broken_ns = true;
	world_run(&world, 500);
	assert_false(world.at[0].agent.zones->view->parent_known);
	world.broken_ns = false;
	assert_true(world_until(&world, parent_seen, 10000));
}

/* Who claims to be a peer that was not found yet has it looked up, once in a while, and puts off
 * nothing. */
static void
test_claim(void **state)
{
	static const knot_dname_t *const side = (const knot_dname_t *)"\4side\7example";
	struct world_agent *a = &world.at[0];
	struct contact *c;
	uint64_t next;

	world_open(&world, 2);
	world.validation = MSIG_VALIDATION_INSECURE;
	world_hsync(&world, 0, 3, 1);
	world_run(&world, 50);
	c = peers_find(&a->agent, world.at[1].identity);
	assert_non_null(c);
	assert_int_equal(a->told_zones, 1); /* transportd knows it, without keys */
	assert_int_equal(a->told_keys, 0);

	a->conf.hello_retry = 3000; /* 6 s apart at least */
	c->failures = 6;
	c->discovered = loop_mono_ms();
	next = c->discover_at = c->discovered + 60000;
	a->lookups = 0;
	/* Too soon after the last one: not now, but then; however often. */
	for (unsigned i = 0; i < 40; i++) {
		world_claim(&world, 0, world.at[1].identity, zone_name);
		world_run(&world, 1);
	}
	assert_int_equal(a->lookups, 0);
	assert_int_equal(c->discover_at, c->discovered + 6000);
	c->discover_at = 0; /* it is then */
	loop_timer_set(c->timer, 0);
	assert_true(world_until(&world, looked_up, 5000));
	world_run(&world, 50);
	assert_int_equal(c->discover_at, next); /* it failed; the regular turn is where it was */
	assert_int_equal(c->failures, 6);
	c->discovered = 0; /* long ago */
	/* A peer that HSYNC does not name, and a zone that it does not share with us. */
	a->lookups = 0;
	world_claim(&world, 0, "msa.p9.example.", zone_name);
	world_claim(&world, 0, world.at[1].identity, side);
	world_run(&world, 100);
	assert_int_equal(a->lookups, 0);
	assert_int_equal(c->discover_at, next);
	/* Now it can be found: at once, and then there is nothing more to look up. */
	world.validation = MSIG_VALIDATION_SECURE;
	world_hsync(&world, 1, 3, 1);
	world_claim(&world, 0, world.at[1].identity, zone_name);
	assert_true(world_until(&world, ready, 10000)); /* the regular turn is later */
	assert_int_equal(a->told_keys, 1);
	c->discovered = 0;
	a->lookups = 0;
	world_claim(&world, 0, world.at[1].identity, zone_name);
	world_run(&world, 100);
	assert_int_equal(a->lookups, 0);
}

static bool
told_of_clock(void)
{
	struct contact *c = peers_find(&world.at[0].agent, world.at[1].identity);
	char why[200];

	return strstr(peers_why(c, zone_name, why, sizeof(why)), "clock") != NULL;
}

/* What a person is told of it. */
static const struct reason *
clock_reason(void)
{
	const struct zone_view *view = zones_find(&world.at[0].agent, zone_name)->view;

	for (int i = 0; i < view->reasons; i++) {
		if (view->reason[i].object == REASON_OF_CLOCK) {
			return &view->reason[i];
		}
	}
	return NULL;
}

/* A peer whose clock is far from ours is heard, but takes part in no step, and people hear of it at
 * once. What was signed long ago and is sent again says nothing of its clock. */
static void
test_clock_apart(void **state)
{
	static const struct {
		int by;
		const char *text;
	} cases[] = {
	    {120, "its clock is 120 s ahead of ours"},
	    {-120, "its clock is 120 s behind ours"},
	};
	uint8_t wire[2000];

	two();
	for (size_t i = 0; i < 2; i++) {
		assert_true(world_until(&world, ready, 5000));
		assert_false(told_of_clock());
		size_t len = hello(1, wire, sizeof(wire), loop_utc_ms() / 1000 + cases[i].by,
				   "shop.example.");
		world_stop(&world, 1);
		assert_int_equal(answer_to(0, wire, len), KNOT_RCODE_NOERROR);
		assert_true(told_of_clock());
		world_run(&world, 100);
		assert_non_null(clock_reason());
		assert_int_equal(clock_reason()->class, REASON_BLOCKED);
		assert_string_equal(clock_reason()->seen, cases[i].text);
		world_start(&world, 1);
		world_hsync(&world, 1, 3, 1);
		assert_true(world_until(&world, ready, 5000));
		world_run(&world, 300);
		assert_false(told_of_clock());
		assert_null(clock_reason());
		world_stop(&world, 1);
		assert_int_equal(answer_to(0, wire, len), KNOT_RCODE_NOTAUTH);
		assert_false(told_of_clock());
		world_start(&world, 1);
		world_hsync(&world, 1, 3, 1);
	}
}

/* A zone that is no longer configured is left, its peer too; it comes back as it was. */
static void
test_reload(void **state)
{
	struct world_agent *a = &world.at[0];
	uint64_t epoch;

	two();
	assert_true(world_until(&world, ready, 5000));
	epoch = zones_find(&a->agent, zone_name)->view->d.counter;
	a->conf.zones = 0;
	agent_reload(&a->agent, &a->conf);
	assert_null(zones_find(&a->agent, zone_name));
	assert_null(peers_find(&a->agent, world.at[1].identity));
	world_run(&world, 100);
	assert_int_equal(world.at[0].last_rcode, KNOT_RCODE_REFUSED); /* what the other says now */
	a->conf.zones = 2;
	agent_reload(&a->agent, &a->conf);
	assert_non_null(zones_find(&a->agent, zone_name));
	assert_true(zones_find(&a->agent, zone_name)->view->d.counter >= epoch);
	assert_true(world_until(&world, ready, 10000));
	/* A key that cannot be read leaves the one that is used. */
	assert_int_equal(unlink(a->key), 0);
	agent_reload(&a->agent, &a->conf);
	world_run(&world, 300);
	assert_true(ready(&world));
}

/* What the operator says of the parent's DS gets to where processes ask for it. */
static void
test_ds_keep(void **state)
{
	static char ds[] =
	    "4711 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	static char *list[] = {ds};
	struct conf_zone *conf = &world.at[0].zone[0];

	two();
	const struct view_config *config = &zones_find(&world.at[0].agent, zone_name)->view->config;
	assert_true(rset_empty(config->ds_keep));
	assert_false(config->cds_ignored);
	conf->ds_keep = list;
	conf->ds_keeps = 1;
	conf->parent_cds = false;
	agent_reload(&world.at[0].agent, &world.at[0].conf);
	config = &zones_find(&world.at[0].agent, zone_name)->view->config;
	assert_int_equal(rset_count(config->ds_keep), 1);
	assert_true(config->cds_ignored);
}

static const uint8_t key_a[] = {1,  0,  3,  15, 'a', 2,  3,  4,  5,  6,  7,  8,
				9,  10, 11, 12, 13,  14, 15, 16, 17, 18, 19, 20,
				21, 22, 23, 24, 25,  26, 27, 28, 29, 30, 31, 32};
static const uint8_t key_b[] = {1,  0,  3,  15, 'b', 2,  3,  4,  5,  6,  7,  8,
				9,  10, 11, 12, 13,  14, 15, 16, 17, 18, 19, 20,
				21, 22, 23, 24, 25,  26, 27, 28, 29, 30, 31, 32};

/* The signer shows two keys, and signs with the first. */
static void
signer_shows(struct zone *zone)
{
	int64_t now = (int64_t)loop_utc_ms();
	int place = -1;

	for (int i = 0; i < VIEW_PLACES; i++) {
		if (zone->view->d.place[i] != NULL && zone->view->d.place[i]->kind == PLACE_SIGNER)
			place = i;
	}
	assert_true(place >= 0);
	for (int t = 0; t < 2; t++) {
		struct view_answer a = {.place = place,
					.type = t == 0 ? VIEW_DNSKEY : VIEW_SOA,
					.status = MSIG_SEEN_SET,
					.ttl = 5,
					.asked = now,
					.time = now};
		int one = view_rr(zone->view, VIEW_DNSKEY, key_a, sizeof(key_a));
		int other = view_rr(zone->view, VIEW_DNSKEY, key_b, sizeof(key_b));
		rset_add(&a.signers, one);
		if (t == 0) {
			rset_add(&a.set, one);
			rset_add(&a.set, other);
		}
		view_on_answer(zone->view, &a);
	}
	zones_mark(zone);
	world_run(&world, 20);
}

/* After a database was lost: what the overlay holds for others is theirs, and before that is known
 * nothing that the signer shows is taken for our own. */
static void
test_foreign_keys(void **state)
{
	struct msig_msg_OVERLAY msg = {.id = 77, .zone = (knot_dname_t *)(uintptr_t)zone_name};
	char origin[] = "msa.p2.example.", *origins[] = {origin};
	uint8_t room[200];
	struct msig_blob blob = {.data = room};
	struct msig_wr wr;
	struct zone *zone;
	int id;

	world_open(&world, 2);
	zone = zones_find(&world.at[0].agent, zone_name);
	world_run(&world, 50);
	signer_shows(zone);
	assert_true(rset_empty(zone->view->d.own));
	msig_wr_init(&wr, room, sizeof(room));
	msig_wr_name(&wr, zone_name);
	msig_wr_u16(&wr, KNOT_RRTYPE_DNSKEY);
	msig_wr_u16(&wr, KNOT_CLASS_IN);
	msig_wr_u32(&wr, 5);
	msig_wr_u16(&wr, sizeof(key_b));
	msig_wr_bytes(&wr, key_b, sizeof(key_b));
	blob.len = (uint32_t)wr.len;
	msg.origin.at = origins;
	msg.rrs.at = &blob;
	msg.origin.count = msg.rrs.count = 1;
	zone->showing = 77;
	zones_overlay(&world.at[0].agent, &msg);
	world_hsync(&world, 0, 1, 1); /* p2 is in nobody's HSYNC any more */
	signer_shows(zone);
	id = rpool_find(&zone->view->d.pool, KNOT_RRTYPE_DNSKEY, key_b, sizeof(key_b));
	assert_true(id >= 0 && rset_has(&zone->view->d.foreign, id));
	assert_false(rset_has(&zone->view->d.own, id));
	id = rpool_find(&zone->view->d.pool, KNOT_RRTYPE_DNSKEY, key_a, sizeof(key_a));
	assert_true(rset_has(&zone->view->d.own, id));
}

static bool
stated(struct world *w)
{
	struct zone *zone = zones_find(&w->at[0].agent, zone_name);
	int p = zones_provider(zone, w->at[1].identity);

	return p > 0 && zone->view->d.provider[p].statement.known;
}

/* What an agent states of itself is what the other one holds. */
static void
test_standing(void **state)
{
	struct zone *zone;

	two();
	assert_true(world_until(&world, ready, 5000));
	zone = zones_find(&world.at[1].agent, zone_name);
	zone->view->d.provider[VIEW_SELF].has = HAS_KEYS | HAS_NS;
	world_run(&world, 50);
	signer_shows(zone);
	assert_true(world_until(&world, stated, 5000));
	zone = zones_find(&world.at[0].agent, zone_name);
	int p = zones_provider(zone, world.at[1].identity);
	assert_int_equal(zone->view->d.provider[p].statement.standing, HAS_KEYS | HAS_NS);
}

static void
last_alarm(void *arg, const struct store_entry *e)
{
	if (strcmp(e->kind, "alarm") == 0)
		snprintf(arg, 200, "%s", e->text);
}

/* S5: what ends before caches have forgotten it, and a day before that, is an alarm, once. */
static void
test_signatures_end(void **state)
{
	uint64_t now = loop_utc_ms() / 1000;
	char none[] = "";
	struct msig_msg_FOLLOWED msg = {.zone = (knot_dname_t *)(uintptr_t)zone_name,
					.serial = 1,
					.max_ttl = 3600,
					.reason = none};
	char said[200] = "";
	struct agent *agent;

	two();
	agent = &world.at[0].agent;
	zones_followed(agent, &msg); /* a zone without signatures */
	assert_int_equal(store_journal(agent->store, zone_name, 0, 50, last_alarm, said), 0);
	assert_string_equal(said, "");
	msg.expires = now + 25 * 3600 + 60; /* the TTL, a day, and a minute */
	zones_followed(agent, &msg);
	assert_int_equal(store_journal(agent->store, zone_name, 0, 50, last_alarm, said), 0);
	assert_string_equal(said, "");
	msg.expires = now + 25 * 3600 - 60;
	zones_followed(agent, &msg);
	assert_int_equal(store_journal(agent->store, zone_name, 0, 50, last_alarm, said), 0);
	assert_non_null(strstr(said, "the signer's oldest signatures end in 24 h"));
	assert_true(zones_find(agent, zone_name)->signatures_old);
	msg.expires = now + 100 * 3600;
	zones_followed(agent, &msg);
	assert_false(zones_find(agent, zone_name)->signatures_old);
}

struct spoken {
	int alarms, steps;
	char alarm[400], step[400]; /* the first ones that speak of fitness */
};

static void
fitness(void *arg, const struct store_entry *e)
{
	struct spoken *h = arg;
	bool alarm = strcmp(e->kind, "alarm") == 0;

	if (strstr(e->text, "a group") == NULL)
		return;
	h->alarms += alarm;
	h->steps += !alarm;
	snprintf(alarm ? h->alarm : h->step, sizeof(h->step), "%s", e->text);
}

static struct spoken
of_fitness(struct agent *agent)
{
	struct spoken h = {0};

	assert_int_equal(store_journal(agent->store, zone_name, 0, 50, fitness, &h), 0);
	return h;
}

/* The journal has what the doctor finds bad at a designated provider, once, and that it is mended.
 */
static void
test_fitness(void **state)
{
	struct view_answer none = {.type = VIEW_DNSKEY, .status = MSIG_SEEN_ABSENT};
	struct agent *agent;
	struct zone *zone;

	world_open(&world, 2);
	agent = &world.at[0].agent;
	zone = zones_find(agent, zone_name);
	world_run(&world, 50);
	signer_shows(zone);
	while (zone->view->d.place[none.place] == NULL ||
	       zone->view->d.place[none.place]->kind != PLACE_SIGNER)
		none.place++;
	none.asked = none.time = (int64_t)loop_utc_ms();
	view_on_answer(zone->view, &none);
	zones_mark(zone);
	world_run(&world, 20);
	assert_int_equal(of_fitness(agent).alarms, 0); /* nobody has designated it */
	world_hsync(&world, 0, 3, 1);
	world_run(&world, 50);
	struct spoken h = of_fitness(agent);
	assert_int_equal(h.alarms, 1);
	assert_non_null(strstr(h.alarm, "not fit for a group: signed: the signer's zone is not"));
	assert_non_null(strstr(h.alarm, "; knot: zone: dnssec-signing: on; bind: "));
	zones_mark(zone);
	world_run(&world, 50);
	assert_int_equal(of_fitness(agent).alarms, 1);
	signer_shows(zone);
	h = of_fitness(agent);
	assert_int_equal(h.alarms, 1);
	assert_int_equal(h.steps, 1);
	assert_non_null(strstr(h.step, "the signer is fit for a group now: signed: "));
}

/* The signer's zone differed when the agent ended: so it does after a restart, until both sides
 * were heard and are equal. */
static void
test_difference_survives(void **state)
{
	uint8_t one[EGRESS_DIGEST] = {1}, other[EGRESS_DIGEST] = {2};
	char none[] = "";
	struct msig_msg_ZONE served = {.zone = (knot_dname_t *)(uintptr_t)zone_name,
				       .state = MSIG_ZONE_MERGED,
				       .serial = 1,
				       .text = none,
				       .digest = {one, sizeof(one)}};
	struct msig_msg_FOLLOWED shown = {.zone = (knot_dname_t *)(uintptr_t)zone_name,
					  .serial = 1,
					  .reason = none,
					  .digest = {other, sizeof(other)}};

	two();
	world.at[0].zone[0].egress_check = true;
	world.at[0].conf.egress_settle = 60000;
	zones_served(&world.at[0].agent, &served);
	zones_followed(&world.at[0].agent, &shown);
	int64_t now = (int64_t)loop_utc_ms();
	int64_t passes = zones_find(&world.at[0].agent, zone_name)->view->egress_until;
	assert_in_range(passes, now + 50000, now + 60000); /* egress-settle after it was seen */
	world_run(&world, 300);                            /* it is persisted */
	world_stop(&world, 0);
	world_start(&world, 0);
	struct zone *zone = zones_find(&world.at[0].agent, zone_name);
	assert_true(zone->view->d.differs);
	assert_int_equal(zone->view->egress_until, 0);
	assert_string_not_equal(zone->view->egress, "");
	zones_served(&world.at[0].agent, &served);
	assert_string_not_equal(zone->view->egress, "");
	shown.digest.data = one;
	zones_followed(&world.at[0].agent, &shown);
	assert_string_equal(zone->view->egress, "");
	assert_false(zone->view->d.differs);
}

/* A beat whose version is the one we have, with the content (digest) of another. */
static void
beat(unsigned from, unsigned to, const uint8_t digest[32], uint64_t counter)
{
	struct agent *a = &world.at[from].agent;
	struct msig_coding coding = agent_coding(a);
	uint8_t wire[2000];
	struct msig_option opt;
	struct msig_peermsg msg;
	size_t len = sizeof(wire) - 300;

	msig_option_init(&opt, MSIG_OP_HEARTBEAT, a->identity, zone_name);
	MSIG_OPTION_SET(&opt, SEQUENCE, sequence, store_sequence(a->store));
	opt.version.epoch = 0;
	opt.version.counter = counter;
	memcpy(opt.contribution, digest, 32);
	opt.has |= MSIG_HAS(VERSION) | MSIG_HAS(CONTRIBUTION);
	assert_int_equal(msig_peermsg_request(&msg, 1, &opt, NULL), 0);
	assert_int_equal(msig_peermsg_compose(&msg, &coding, wire, &len), 0);
	msig_peermsg_clear(&msg);
	assert_int_equal(
	    sig0key_sign(a->sig0key, wire, &len, sizeof(wire), NULL, 0, loop_utc_ms() / 1000), 0);
	assert_int_equal(answer_to(to, wire, len), KNOT_RCODE_NOERROR);
}

static bool
pulled(struct world *w)
{
	return w->at[0].pulls > 0;
}

static void
test_anti_entropy(void **state)
{
	struct view_statement said = {.known = true, .counter = 7};
	uint8_t digest[32];
	struct msig_apex none;
	struct zone *zone;

	two();
	assert_true(world_until(&world, ready, 5000));
	world_run(&world, 300);
	zone = zones_find(&world.at[0].agent, zone_name);
	assert_int_equal(
	    view_on_statement(zone->view, zones_provider(zone, world.at[1].identity), &said, 1), 0);
	msig_apex_init(&none);
	assert_int_equal(msig_apex_digest(&none, digest), 0);
	world_run(&world, 1500); /* pulls that were due before */
	world.at[0].pulls = 0;
	beat(1, 0, digest, 7);
	world_run(&world, 1500);
	assert_int_equal(world.at[0].pulls, 0); /* equal: nothing to ask */
	digest[0] ^= 1;
	beat(1, 0, digest, 7);
	assert_true(world_until(&world, pulled, 3000));
}

static bool
all_ready(struct world *w)
{
	struct contact *c = peers_find(&w->at[0].agent, w->at[1].identity);

	return c != NULL && peer_waiting(c->peer) == 0 && c->peer->zones != NULL;
}

/* As many zones as one likes are shared with a peer, and all of them with transportd. */
static void
test_many_zones(void **state)
{
	world_open(&world, 2);
	for (unsigned i = 0; i < 2; i++) {
		world.at[i].conf.zones = WORLD_ZONES;
		agent_reload(&world.at[i].agent, &world.at[i].conf);
		for (unsigned z = 0; z < WORLD_ZONES; z++)
			world_hsync_zone(&world, i, z, 3);
	}
	assert_true(world_until(&world, all_ready, 60000));
	assert_int_equal(world.at[0].told_zones, WORLD_ZONES);
	assert_int_equal(world.at[1].told_zones, WORLD_ZONES);
}

/* What cannot be stored is not accepted, and is when it can be. */
static void
test_full_disk(void **state)
{
	struct rlimit limit, none;
	uint8_t wire[2000];
	uint64_t now = loop_utc_ms() / 1000;
	size_t len;

	world_open(&world, 3);
	world_hsync(&world, 0, 3, 1);
	world_run(&world, 100);
	len = hello(1, wire, sizeof(wire), now, "shop.example.");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &none), 0);
	limit = none;
	limit.rlim_cur = 1000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	uint16_t refused = answer_to(0, wire, len);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_not_equal(refused, KNOT_RCODE_NOERROR);
	assert_int_equal(answer_to(0, wire, len), KNOT_RCODE_NOERROR);
	assert_int_not_equal(answer_to(0, wire, len), KNOT_RCODE_NOERROR); /* once */
}

/* Another hand in the database of the first agent. */
static void
database(const char *sql)
{
	static const char *const none[2] = {"", ""};
	char path[200];
	struct db *db;

	snprintf(path, sizeof(path), "%s/agentd/agentd.db", world.at[0].storage);
	assert_int_equal(db_open(path, none, 2, &db), 0);
	assert_int_equal(db_exec(db_stmt(db, sql)), 0);
	db_close(db);
}

static const char *const hide = "ALTER TABLE zone RENAME TO hidden";
static const char *const unhide = "ALTER TABLE hidden RENAME TO zone";

static struct zone *
first_zone(void)
{
	return zones_find(&world.at[0].agent, zone_name);
}

/* Two agents; the zone of the first is paused, and that is stored. */
static void
two_paused(void)
{
	two();
	assert_true(world_until(&world, ready, 5000));
	assert_int_equal(zones_command(first_zone(), VIEW_PAUSE, "test"), 0);
	assert_true(first_zone()->view->d.paused);
}

/* All commands that act on a zone say why they do not. */
static void
assert_refused(const char *why)
{
	static json_t *(*const run[])(void *, struct ctl_request *, const json_t *) = {
	    cmds_pause,  cmds_resume, cmds_abort,   cmds_order,
	    cmds_cancel, cmds_expel,  cmds_approve, cmds_step};
	json_t *request = json_pack("{s:s, s:s, s:s, s:b}", "zone", "shop.example.", "process",
				    "zsk-rollover", "provider", world.at[1].identity, "on", 1);

	for (size_t i = 0; i < sizeof(run) / sizeof(run[0]); i++) {
		json_t *answer = run[i](&world.at[0].agent, NULL, request);
		const char *error = json_string_value(json_object_get(answer, "error"));
		assert_non_null(error);
		assert_non_null(strstr(error, "shop.example.: not done: "));
		assert_non_null(strstr(error, why));
		json_decref(answer);
	}
	json_decref(request);
	assert_int_equal(zones_command(first_zone(), VIEW_RESUME, "test"), MSIG_EDB);
}

static bool
usable(struct world *w)
{
	return !first_zone()->broken;
}

/* What could not be read is read when it can be, with no word from anybody. */
static void
test_unread_is_tried_again(void **state)
{
	two_paused();
	database(hide);
	zones_forget(first_zone());
	assert_true(first_zone()->broken);
	assert_refused("could not be read from the database");
	assert_string_equal(answer_state(first_zone()), "broken");
	assert_false(world_until(&world, usable, 1500));
	assert_int_equal(first_zone()->load_wait, 2000); /* less and less often */
	database(unhide);
	first_zone()->decided = 0;
	assert_true(world_until(&world, usable, 3000));
	int peer = view_provider_find(first_zone()->view, world.at[1].identity);
	assert_true(first_zone()->view->d.provider[peer].ready);
	world_run(&world, 20);
	assert_int_not_equal(first_zone()->decided, 0); /* it goes on */
	assert_true(first_zone()->view->d.paused);
	assert_string_equal(first_zone()->unusable, "");
	assert_int_equal(zones_command(first_zone(), VIEW_RESUME, "test"), 0);
	/* The next time it begins anew. */
	database(hide);
	zones_forget(first_zone());
	assert_int_equal(first_zone()->load_wait, 1000);
}

static void
test_unread_is_tried_at_reload(void **state)
{
	two_paused();
	database(hide);
	zones_forget(first_zone());
	for (int i = 0; i < 9; i++)
		zones_load_again(first_zone());
	assert_int_equal(first_zone()->load_wait, 60000);
	database(unhide);
	agent_reload(&world.at[0].agent, &world.at[0].conf);
	assert_false(first_zone()->broken);
	assert_true(first_zone()->view->d.paused);
	world_run(&world, 50);
	assert_int_equal(zones_command(first_zone(), VIEW_RESUME, "test"), 0);
}

/* What was read and makes no sense is left to people, and nothing of it is used. */
static void
test_unusable_stays(void **state)
{
	struct store *store;
	json_t *answer;
	uint8_t *blob;
	size_t len;

	two_paused();
	store = world.at[0].agent.store;
	assert_int_equal(store_zone_get(store, zone_name, &blob, &len), 0);
	assert_int_equal(store_zone_set(store, zone_name, blob, len - 1), 0);
	zones_forget(first_zone());
	assert_refused("it is cut, or longer than it should be");
	assert_refused("do not remove it");
	assert_refused("put a copy of agentd.db in its place");
	assert_false(first_zone()->view->d.paused);
	assert_int_equal(first_zone()->view->d.hsync.count, 0);
	answer = answer_zone(first_zone());
	assert_non_null(strstr(json_string_value(json_object_get(answer, "trouble")), "it is cut"));
	json_decref(answer);
	assert_int_equal(store_zone_set(store, zone_name, blob, len), 0);
	agent_reload(&world.at[0].agent, &world.at[0].conf);
	assert_false(world_until(&world, usable, 1500));
	/* So it is if that shows only when the database can be read again. */
	database(hide);
	zones_forget(first_zone());
	assert_true(first_zone()->unread);
	database(unhide);
	blob[0] = 0x7f;
	assert_int_equal(store_zone_set(store, zone_name, blob, len), 0);
	zones_load_again(first_zone());
	assert_refused("run that version again");
	assert_false(first_zone()->unread);
	free(blob);
}

static json_t *
ask_journal(json_int_t limit, json_int_t before)
{
	json_t *request =
	    json_pack("{s:s, s:I, s:I}", "zone", "shop.example.", "limit", limit, "before", before);
	json_t *answer = cmds_journal(&world.at[0].agent, NULL, request);

	json_decref(request);
	return answer;
}

/* More than fits into an answer is not cut in silence. */
static void
test_journal_limit(void **state)
{
	json_t *answer;

	world_open(&world, 1);
	answer = ask_journal(1001, 0);
	assert_int_equal(json_integer_value(json_object_get(answer, "code")), 2);
	assert_non_null(
	    strstr(json_string_value(json_object_get(answer, "error")), "at most 1000"));
	json_decref(answer);
	answer = ask_journal(1000, 0);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

/* Entries in the first agent's journal, of a zone or of all (NULL), as `count` counts them. */
static unsigned
counted(const knot_dname_t *zone, void (*count)(void *arg, const struct store_entry *e))
{
	unsigned n = 0;

	assert_int_equal(store_journal(world.at[0].agent.store, zone, 0, 10000, count, &n), 0);
	return n;
}

static void
count_kept(void *arg, const struct store_entry *e)
{
	*(unsigned *)arg += strcmp(e->actor, "test") == 0;
}

static unsigned
kept(void)
{
	return counted(NULL, count_kept);
}

/* Entries of a zone (NULL: of none) so many seconds old. */
static void
write_entries(const knot_dname_t *name, unsigned entries, uint64_t seconds)
{
	struct store_entry e = {.zone = name, .actor = "test", .kind = "message", .text = "x"};

	e.time = loop_utc_ms() - seconds * 1000;
	for (unsigned i = 0; i < entries; i++)
		assert_int_equal(store_journal_add(world.at[0].agent.store, &e), 0);
}

/* The journal is as long, and as large, as is configured; of a process that runs all stays. */
static void
test_journal_is_pruned(void **state)
{
	struct agent *agent;
	struct view_process *run;

	world_open(&world, 1);
	agent = &world.at[0].agent;
	run = &first_zone()->view->d.process;
	world.at[0].conf.journal_max_age = 100;
	write_entries(zone_name, 3, 110);
	write_entries(NULL, 2, 110);
	write_entries(zone_name, 4, 90);
	run->kind = MSIG_PROCESS_ADD;
	run->started = (int64_t)loop_utc_ms() - 120000;
	(void)prune_some(agent, false);
	assert_int_equal(kept(), 9); /* who knows how old they are */
	(void)prune_some(agent, true);
	assert_int_equal(kept(), 7); /* those of no zone went */
	run->started = (int64_t)loop_utc_ms() - 100000;
	(void)prune_some(agent, true);
	assert_int_equal(kept(), 4);
	/* By its size, and what is kept alone is too much: no more of it goes than has to. */
	world.at[0].conf.journal_max_age = 50;
	world.at[0].conf.journal_max_usage = 202; /* 101 octets each */
	assert_int_equal(prune_some(agent, true), 10000);
	assert_int_equal(kept(), 2);
	assert_true(agent->journal_full);
	memset(run, 0, sizeof(*run));
	world.at[0].conf.journal_max_usage = 1000;
	world.at[0].conf.journal_max_age = 300;
	write_entries(zone_name, 20, 250);
	assert_int_equal(prune_some(agent, true), 10000);
	assert_int_equal(kept(), 9);
	assert_false(agent->journal_full);
	/* Many go in small pieces, soon after each other; of a broken zone all stay. */
	world.at[0].conf.journal_max_age = 100;
	write_entries(zone_name, 600, 200);
	first_zone()->broken = true;
	world.at[0].conf.journal_max_usage = 1048576;
	while (prune_some(agent, true) == 100) {
	}
	assert_int_equal(kept(), 609);
	first_zone()->broken = false;
	assert_int_equal(prune_some(agent, true), 100);
	assert_in_range(kept(), 300, 400);
}

/* A message of the second agent about a step, to the first. */
static void
say_step(enum msig_op op, uint8_t step, uint8_t tid)
{
	struct agent *a = &world.at[1].agent;
	struct msig_coding coding = agent_coding(a);
	struct view_message m = {.op = op, .process = MSIG_PROCESS_ADD, .step = step};
	struct msig_option opt;
	struct msig_peermsg msg;
	uint8_t wire[2000];
	size_t len = sizeof(wire) - 300;

	m.tid[0] = tid;
	m.subject = view_provider_find(zones_find(a, zone_name)->view, world.at[1].identity);
	m.result = MSIG_RESULT_NOTREADY;
	msig_option_init(&opt, op, a->identity, zone_name);
	letter_option(zones_find(a, zone_name)->view, &m, &opt);
	MSIG_OPTION_SET(&opt, SEQUENCE, sequence, store_sequence(a->store));
	assert_int_equal(msig_peermsg_request(&msg, 1, &opt, NULL), 0);
	assert_int_equal(msig_peermsg_compose(&msg, &coding, wire, &len), 0);
	msig_peermsg_clear(&msg);
	assert_int_equal(
	    sig0key_sign(a->sig0key, wire, &len, sizeof(wire), NULL, 0, loop_utc_ms() / 1000), 0);
	assert_int_equal(answer_to(0, wire, len), KNOT_RCODE_NOERROR);
}

static void
count_heard(void *arg, const struct store_entry *e)
{
	unsigned *count = arg;

	if (strcmp(e->kind, "message") == 0 && strcmp(e->actor, world.at[1].identity) == 0 &&
	    strncmp(e->text, "states", 6) != 0) {
		assert_true(e->evidence_len > 100);
		(*count)++;
	}
}

static unsigned
heard(void)
{
	return counted(zone_name, count_heard);
}

static bool
drop(struct world *w, unsigned to, uint8_t *wire, size_t *len)
{
	return false;
}

/* Two that know each other, and from now on say only what the test says. */
static void
two_silent(void)
{
	two();
	assert_true(world_until(&world, ready, 5000));
	world.on_way = drop;
	world_run(&world, 20);
}

/* What a peer says of a process is evidence once; of what never began here, not at all. */
static void
test_evidence_once(void **state)
{
	struct view_ended *ended;

	two_silent();
	for (uint8_t tid = 1; tid < 5; tid++)
		say_step(MSIG_OP_REQUEST, 0, tid);
	assert_int_equal(heard(), 0); /* refused: an older view of the zone */
	ended = &first_zone()->view->d.ended;
	*ended = (struct view_ended){.kind = MSIG_PROCESS_ADD, .tid = {7}, .time = 1};
	for (int again = 0; again < 3; again++) {
		say_step(MSIG_OP_DONE, 2, 7);
		say_step(MSIG_OP_NOT_YET, 2, 7);
		say_step(MSIG_OP_DONE, 3, 7);
		say_step(MSIG_OP_DONE, 3, 8); /* another one */
		say_step(MSIG_OP_DONE, 200, 7);
	}
	assert_int_equal(heard(), 3);
	ended->tid[0] = 9;
	say_step(MSIG_OP_DONE, 3, 9);
	assert_int_equal(heard(), 4);
	/* A REQUEST that waited, and was granted later: this one, and no other. */
	struct view_process *run = &first_zone()->view->d.process;
	struct heard due;
	say_step(MSIG_OP_REQUEST, 0, 20);
	say_step(MSIG_OP_REQUEST, 0, 21);
	say_step(MSIG_OP_DONE, 0, 22);
	assert_int_equal(heard(), 4);
	assert_false(evidence_due(first_zone(), &due));
	run->tid[0] = 20;
	run->kind = MSIG_PROCESS_ADD;
	run->subject = run->requestor =
	    (int8_t)view_provider_find(first_zone()->view, world.at[1].identity);
	assert_false(evidence_due(first_zone(), &due));
	run->tid[0] = 21;
	run->requestor = VIEW_SELF;
	assert_false(evidence_due(first_zone(), &due));
	run->requestor = run->subject;
	run->kind = 0;
	assert_false(evidence_due(first_zone(), &due));
	run->kind = MSIG_PROCESS_ADD;
	assert_true(evidence_due(first_zone(), &due));
	first_zone()->view->persist = first_zone()->view->dirty = true;
	run->executed = true;
	run->phase = PHASE_EXECUTING;
	assert_int_equal(zones_settle(first_zone()), 0);
	assert_int_equal(heard(), 5);
	assert_false(evidence_due(first_zone(), &due));
	/* And of the one that runs; an election is none. */
	struct view_message m = {.op = MSIG_OP_DONE, .step = 2, .tid = {10}};
	struct heard said = {.provider = 1, .message = &m};
	memset(run, 0, sizeof(*run));
	first_zone()->view->d.process.tid[0] = 10;
	assert_false(evidence_counts(first_zone(), &said));
	first_zone()->view->d.process.kind = MSIG_PROCESS_ADD;
	assert_true(evidence_counts(first_zone(), &said));
	m.op = MSIG_OP_ELECT_CALL;
	assert_false(evidence_counts(first_zone(), &said));
	m.op = MSIG_OP_PULL;
	assert_false(evidence_counts(first_zone(), &said));
	m = (struct view_message){.op = MSIG_OP_DONE};
	memset(&first_zone()->view->d.process, 0, sizeof(struct view_process));
	memset(ended, 0, sizeof(*ended));
	assert_false(evidence_counts(first_zone(), &said)); /* nothing is no process */
}

static void
count_stated(void *arg, const struct store_entry *e)
{
	*(unsigned *)arg +=
	    strcmp(e->actor, world.at[1].identity) == 0 && strncmp(e->text, "states", 6) == 0;
}

static unsigned
statements(void)
{
	return counted(zone_name, count_stated);
}

/* The second agent states what it has, under this number and with this step. */
static void
state(uint64_t counter, uint8_t step)
{
	struct agent *a = &world.at[1].agent;
	struct zone *zone = zones_find(a, zone_name);
	struct view_statement *own = &zone->view->d.provider[VIEW_SELF].statement;
	struct msig_coding coding = agent_coding(a);
	struct msig_peermsg msg;
	struct msig_option opt;
	struct msig_apex apex;
	uint8_t wire[4000];
	size_t len = sizeof(wire) - 300;

	own->known = true;
	own->epoch = 0;
	own->counter = counter;
	own->step = step;
	msig_option_init(&opt, MSIG_OP_STATE, a->identity, zone_name);
	assert_int_equal(zones_statement(zone, &opt, &apex), 0);
	opt.operation = MSIG_OP_STATE;
	MSIG_OPTION_SET(&opt, SEQUENCE, sequence, store_sequence(a->store));
	assert_int_equal(msig_peermsg_request(&msg, 1, &opt, &apex), 0);
	assert_int_equal(msig_peermsg_compose(&msg, &coding, wire, &len), 0);
	msig_peermsg_clear(&msg);
	msig_apex_clear(&apex);
	assert_int_equal(
	    sig0key_sign(a->sig0key, wire, &len, sizeof(wire), NULL, 0, loop_utc_ms() / 1000), 0);
	assert_int_equal(answer_to(0, wire, len), KNOT_RCODE_NOERROR);
}

/* A statement is evidence when it says something else, not when only its number is another one. */
static void
test_statement_is_evidence_if_new(void **unused)
{
	two_silent();
	state(1000, 0);
	unsigned before = statements();
	assert_true(before > 0);
	for (uint64_t counter = 1001; counter < 1005; counter++)
		state(counter, 0);
	assert_int_equal(statements(), before);
	state(1010, 7);
	assert_int_equal(statements(), before + 1);
}

/* An identity with no room for the name of its URI: said at once, and no question leaves. */
static void
test_identity_too_long(void **state)
{
	const char *label = "0123456789012345678901234567890123456789012345678901234567a.";
	const char *text;
	json_t *answer;

	world_open(&world, 1);
	struct agent *agent = &world.at[0].agent;
	snprintf(agent->identity_text, sizeof(agent->identity_text), "%s%s%s%sexample.", label,
		 label, label, label); /* 249 octets as a name, and the URI's has ten more */
	answer = identity_check(agent, NULL);
	assert_non_null(answer);
	text = json_string_value(
	    json_object_get(json_array_get(json_object_get(answer, "checks"), 0), "text"));
	assert_non_null(text);
	assert_non_null(strstr(text, "choose a shorter one"));
	assert_true(json_is_false(json_object_get(answer, "good")));
	json_decref(answer);
	assert_int_equal(ask_open(agent->ask), 0);
}

static bool
interrupted(struct world *w)
{
	return state_of(1, 0) == PEER_INTERRUPTED;
}

static void
test_silence_and_return(void **state)
{
	two();
	assert_true(world_until(&world, ready, 5000));
	world_stop(&world, 0);
	assert_true(world_until(&world, interrupted, 40000));
	world_start(&world, 0);
	world_hsync(&world, 0, 3, 1);
	assert_true(world_until(&world, ready, 10000));
	assert_true(world_until(&world, operational, 10000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_meet, teardown),
	    cmocka_unit_test_teardown(test_slow_transfer, teardown),
	    cmocka_unit_test_teardown(test_discovery_insecure, teardown),
	    cmocka_unit_test_teardown(test_discovery_bogus, teardown),
	    cmocka_unit_test_teardown(test_wrong_signature, teardown),
	    cmocka_unit_test_teardown(test_response_not_signed, teardown),
	    cmocka_unit_test_teardown(test_response_twisted, teardown),
	    cmocka_unit_test_teardown(test_wrong_key_published, teardown),
	    cmocka_unit_test_teardown(test_sequence_ahead, teardown),
	    cmocka_unit_test_teardown(test_replay, teardown),
	    cmocka_unit_test_teardown(test_expired, teardown),
	    cmocka_unit_test_teardown(test_not_in_hsync, teardown),
	    cmocka_unit_test_teardown(test_garbage, teardown),
	    cmocka_unit_test_teardown(test_silence_and_return, teardown),
	    cmocka_unit_test_teardown(test_discovery_outage, teardown),
	    cmocka_unit_test_teardown(test_claim, teardown),
	    cmocka_unit_test_teardown(test_clock_apart, teardown),
	    cmocka_unit_test_teardown(test_reload, teardown),
	    cmocka_unit_test_teardown(test_ds_keep, teardown),
	    cmocka_unit_test_teardown(test_standing, teardown),
	    cmocka_unit_test_teardown(test_signatures_end, teardown),
	    cmocka_unit_test_teardown(test_fitness, teardown),
	    cmocka_unit_test_teardown(test_difference_survives, teardown),
	    cmocka_unit_test_teardown(test_anti_entropy, teardown),
	    cmocka_unit_test_teardown(test_foreign_keys, teardown),
	    cmocka_unit_test_teardown(test_nobody_asks, teardown),
	    cmocka_unit_test_teardown(test_parents_servers, teardown),
	    cmocka_unit_test_teardown(test_many_zones, teardown),
	    cmocka_unit_test_teardown(test_full_disk, teardown),
	    cmocka_unit_test_teardown(test_identity_too_long, teardown),
	    cmocka_unit_test_teardown(test_unread_is_tried_again, teardown),
	    cmocka_unit_test_teardown(test_unread_is_tried_at_reload, teardown),
	    cmocka_unit_test_teardown(test_unusable_stays, teardown),
	    cmocka_unit_test_teardown(test_journal_is_pruned, teardown),
	    cmocka_unit_test_teardown(test_journal_limit, teardown),
	    cmocka_unit_test_teardown(test_evidence_once, teardown),
	    cmocka_unit_test_teardown(test_statement_is_evidence_if_new, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
