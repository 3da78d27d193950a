/* The key store through signerd: what is asked when, what is believed, and what gets lost. */
#include "tests/unit/unit.h"
#include "agentd/answer.h"
#include "agentd/keyring.h"
#include "libmsig/err.h"
#include "tests/unit/agentworld.h"

static knot_dname_t zone_name[] = "\4shop\7example";
static struct world world;

/* What signerd was asked. */
static struct {
	unsigned count;
	struct msig_msg_KEY last;
	char key[VIEW_KEY_ID];
	int result; /* of sending */
	uint8_t states[8]; /* of the first ones */
} asked;

static int
on_key(struct world *w, unsigned from, const struct msig_msg_KEY *key)
{
	if (asked.result != 0)
		return asked.result;
	if (asked.count < sizeof(asked.states))
		asked.states[asked.count] = (uint8_t)key->state;
	asked.count++;
	asked.last = *key;
	asked.last.zone = zone_name;
	snprintf(asked.key, sizeof(asked.key), "%s", key->key);
	asked.last.key = asked.key;
	return 0;
}

static struct zone *
the_zone(void)
{
	return zones_find(&world.at[0].agent, zone_name);
}

static struct zone_view *
view(void)
{
	return the_zone()->view;
}

/* A list in the making. */
static struct {
	char *id[40];
	char ids[40][VIEW_KEY_ID];
	uint16_t role[40], state[40];
	uint8_t rdata[40][36];
	struct msig_blob blob[40];
	struct msig_msg msg;
	char text[100];
} list;

static void
list_new(uint64_t id, int32_t result, const char *text)
{
	memset(&list, 0, sizeof(list));
	list.msg.id = MSIG_MSG_KEYS;
	snprintf(list.text, sizeof(list.text), "%s", text);
	list.msg.u.KEYS.id = id;
	list.msg.u.KEYS.zone = zone_name;
	list.msg.u.KEYS.result = result;
	list.msg.u.KEYS.text = list.text;
	list.msg.u.KEYS.key.at = list.id;
	list.msg.u.KEYS.role.at = list.role;
	list.msg.u.KEYS.state.at = list.state;
	list.msg.u.KEYS.dnskey.at = list.blob;
}

static void
list_add(uint8_t role, uint8_t state)
{
	struct msig_msg_KEYS *m = &list.msg.u.KEYS;
	unsigned i = m->key.count;

	snprintf(list.ids[i], sizeof(list.ids[i]), "key%u", i);
	list.id[i] = list.ids[i];
	list.role[i] = role;
	list.state[i] = state;
	memcpy(list.rdata[i], "\1\1\3\17\0", 5);
	list.rdata[i][1] = role == MSIG_KEY_ROLE_ZSK ? 0 : 1;
	list.rdata[i][4] = (uint8_t)i;
	list.blob[i] = (struct msig_blob){list.rdata[i], 36};
	m->key.count = m->role.count = m->state.count = m->dnskey.count = (uint16_t)(i + 1);
}

static void
list_send(void)
{
	world_keys(&world, 0, &list.msg);
}

static void
set_driver(enum conf_driver driver)
{
	world.at[0].zone[0].signer_driver = driver;
	agent_reload(&world.at[0].agent, &world.at[0].conf);
}

static void
open_world(enum conf_driver driver)
{
	memset(&asked, 0, sizeof(asked));
	world_open(&world, 1);
	world.on_key = on_key;
	world.at[0].conf.key_poll = 600000;
	world.at[0].conf.signerd_timeout = 600000;
	set_driver(driver);
	world_run(&world, 20);
}

static int
teardown(void **state)
{
	world_close(&world);
	return 0;
}

static bool
was_asked(struct world *w)
{
	return asked.count > 0;
}

static void
test_none(void **state)
{
	open_world(CONF_DRIVER_NONE);
	assert_int_equal(asked.count, 0);
	assert_false(view()->config.driver);
	assert_int_equal(keyring_ask(the_zone(), MSIG_KEY_VERB_LIST, 0, 0, 0, ""), MSIG_EREFUSED);
	list_new(0, 0, "");
	list_add(MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE);
	list_send();
	assert_false(view()->store_known);
}

static void
test_list(void **state)
{
	open_world(CONF_DRIVER_KNOT);
	assert_true(view()->config.driver);
	assert_int_equal(asked.count, 1);
	assert_int_equal(asked.last.verb, MSIG_KEY_VERB_LIST);
	assert_false(view()->store_known);
	list_new(asked.last.id, 0, "");
	for (uint8_t s = MSIG_KEY_STATE_MADE; s <= MSIG_KEY_STATE_REMOVED; s++)
		list_add(MSIG_KEY_ROLE_CSK, s);
	list_send();
	assert_true(view()->store_known);
	assert_string_equal(view()->store_why, "");
	assert_int_equal(view()->keys, 8);
	for (int i = 0; i < 8; i++) {
		const struct view_key *key = &view()->key[i];
		assert_string_equal(key->id, list.ids[i]);
		assert_int_equal(key->state, i + 1);
		assert_int_equal(key->algorithm, 15);
		/* What belongs into the zone: published, ready, active, retired. */
		assert_int_equal(rset_has(&view()->config.own, key->rr),
				 key->state >= MSIG_KEY_STATE_PUBLISHED &&
				     key->state <= MSIG_KEY_STATE_RETIRED);
	}
}

static void
test_poll(void **state)
{
	open_world(CONF_DRIVER_KNOT);
	world.at[0].conf.key_poll = 50;
	set_driver(CONF_DRIVER_KNOT);
	world_run(&world, 20);
	assert_int_equal(asked.count, 1); /* it is open: not asked twice */
	list_new(asked.last.id, 0, "");
	list_send();
	asked.count = 0;
	assert_true(world_until(&world, was_asked, 2000));
}

static void
test_not_there(void **state)
{
	memset(&asked, 0, sizeof(asked));
	world_open(&world, 1);
	world.on_key = on_key;
	asked.result = MSIG_ENOPEER;
	world.at[0].conf.key_poll = 600000;
	set_driver(CONF_DRIVER_KNOT);
	world_run(&world, 20);
	assert_false(view()->store_known);
	/* Nothing of doing without it: a rollover that runs needs the driver. */
	assert_string_equal(view()->store_why, "signerd does not run: start it");
	struct reason why = {
	    .class = REASON_HOME, .object = REASON_OF_KEY, .place = "signer", .todo = ""};
	json_t *j = answer_reason(&why);
	assert_string_equal(json_string_value(json_object_get(j, "class")), "home");
	assert_non_null(strstr(json_string_value(json_object_get(j, "todo")), "start signerd"));
	json_decref(j);
	asked.result = 0;
	assert_true(world_until(&world, was_asked, 3000));
}

/* The list of before stays when signerd goes, and is said to be of before. */
static void
test_goes(void **state)
{
	open_world(CONF_DRIVER_KNOT);
	list_new(asked.last.id, 0, "");
	list_add(MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE);
	list_send();
	assert_true(view()->store_known);
	list_new(0, MSIG_ETIMEOUT, "the store does not open");
	list_send();
	assert_false(view()->store_known);
	assert_string_equal(view()->store_why, "the store does not open");
	assert_int_equal(view()->keys, 1);
	assert_int_equal(rset_count(view()->config.own), 1);
}

static void
test_lost(void **state)
{
	uint64_t first;

	open_world(CONF_DRIVER_KNOT);
	list_new(asked.last.id, 0, "");
	list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_MADE);
	list_send();
	asked.count = 0;
	assert_int_equal(
	    keyring_ask(the_zone(), MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_PUBLISHED, "key0"), 0);
	assert_int_equal(asked.count, 1);
	first = asked.last.id;
	/* The same again, and a list, are covered by what is open. */
	keyring_ask(the_zone(), MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_PUBLISHED, "key0");
	keyring_ask(the_zone(), MSIG_KEY_VERB_LIST, 0, 0, 0, "");
	assert_int_equal(asked.count, 1);
	/* signerd has begun anew: it knows nothing of that. */
	list_new(0, 0, "");
	list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_MADE);
	list_send();
	assert_int_equal(asked.count, 2);
	assert_int_equal(asked.last.verb, MSIG_KEY_VERB_SET);
	assert_int_equal(asked.last.state, MSIG_KEY_STATE_PUBLISHED);
	assert_string_equal(asked.key, "key0");
	assert_int_not_equal(asked.last.id, first);
	/* An answer to the first one may be older than the list. */
	list_new(first, 0, "");
	list_send();
	assert_int_equal(view()->keys, 1);
	list_new(asked.last.id, 0, "");
	list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_PUBLISHED);
	list_send();
	assert_int_equal(view()->key[0].state, MSIG_KEY_STATE_PUBLISHED);
	/* After each change the list is asked for. */
	assert_int_equal(asked.count, 3);
	assert_int_equal(asked.last.verb, MSIG_KEY_VERB_LIST);
}

static void
set(const char *key, uint8_t to)
{
	assert_int_equal(keyring_ask(the_zone(), MSIG_KEY_VERB_SET, 0, 0, to, key), 0);
}

/* What is asked again comes in the order in which it was asked, and of a key it is the last word
 * alone: a READY that were done after the RETIRED that took it back would change CDS. */
static void
test_asked_in_order(void **state)
{
	open_world(CONF_DRIVER_KNOT);
	list_new(asked.last.id, 0, "");
	list_add(MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE);
	list_send();
	set("key1", MSIG_KEY_STATE_PUBLISHED);
	uint64_t first = asked.last.id;
	set("key0", MSIG_KEY_STATE_READY);
	set("key2", MSIG_KEY_STATE_ACTIVE);
	list_new(first, 0, ""); /* its place is free again */
	list_add(MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE);
	list_send();
	set("key0", MSIG_KEY_STATE_RETIRED);
	asked.count = 0;
	list_new(0, 0, ""); /* signerd has begun anew */
	list_add(MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE);
	list_send();
	assert_int_equal(asked.count, 2);
	assert_int_equal(asked.states[0], MSIG_KEY_STATE_ACTIVE);
	assert_int_equal(asked.states[1], MSIG_KEY_STATE_RETIRED);
}

static void
test_refused(void **state)
{
	open_world(CONF_DRIVER_KNOT);
	list_new(asked.last.id, 0, "");
	list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_MADE);
	list_send();
	keyring_ask(the_zone(), MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_ACTIVE, "key0");
	list_new(asked.last.id, MSIG_EREFUSED, "Knot refuses it");
	list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_MADE);
	list_send();
	assert_true(view()->store_known);
	assert_string_equal(view()->store_why, "Knot refuses it");
	/* A list does not make it undone. */
	assert_int_equal(asked.last.verb, MSIG_KEY_VERB_LIST);
	list_new(asked.last.id, 0, "");
	list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_MADE);
	list_send();
	assert_string_equal(view()->store_why, "Knot refuses it");
	keyring_ask(the_zone(), MSIG_KEY_VERB_SET, 0, 0, MSIG_KEY_STATE_PUBLISHED, "key0");
	list_new(asked.last.id, 0, "");
	list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_PUBLISHED);
	list_send();
	assert_string_equal(view()->store_why, "");
}

/* Nothing of a list that makes no sense is believed. */
static void
test_nonsense(void **state)
{
	static const uint8_t short_rdata[4] = {1, 1, 3, 13};
	char longid[VIEW_KEY_ID + 1];

	open_world(CONF_DRIVER_KNOT);
	for (int bad = 0; bad < 10; bad++) {
		struct msig_msg_KEYS *m = &list.msg.u.KEYS;
		list_new(0, 0, "");
		list_add(MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE);
		list_send();
		assert_true(view()->store_known);
		list_new(0, 0, "");
		list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE);
		list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_ACTIVE);
		memset(longid, 'a', sizeof(longid) - 1);
		longid[sizeof(longid) - 1] = '\0';
		if (bad == 0)
			m->role.count = 1;
		else if (bad == 1)
			m->state.count = 1;
		else if (bad == 2)
			m->dnskey.count = 1;
		else if (bad == 3)
			list.role[1] = 4;
		else if (bad == 4)
			list.state[1] = 0;
		else if (bad == 5)
			list.state[1] = 9;
		else if (bad == 6)
			list.id[1] = longid;
		else if (bad == 7)
			list.id[1] = longid + sizeof(longid) - 1; /* empty */
		else if (bad == 9)                                /* no key of Ed448 */
			list.rdata[1][3] = 16;
		else
			list.blob[1] = (struct msig_blob){(uint8_t *)(uintptr_t)short_rdata, 4};
		list_send();
		if (view()->store_known)
			fail_msg("list %d was believed", bad);
		if (bad == 9)
			assert_string_equal(view()->store_why,
					    "the public key of key1 is none: take it out");
		assert_int_equal(view()->keys, 1);
		assert_int_equal(view()->key[0].role, MSIG_KEY_ROLE_KSK);
	}
}

static void
test_many(void **state)
{
	open_world(CONF_DRIVER_KNOT);
	list_new(0, 0, "");
	for (int i = 0; i < 30; i++)
		list_add(MSIG_KEY_ROLE_ZSK, MSIG_KEY_STATE_REMOVED);
	list_add(MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE);
	list_send();
	assert_true(view()->store_known);
	assert_int_equal(view()->keys, VIEW_STORE);
	assert_string_equal(view()->key[0].id, "key30");
}

static void
test_driver_goes(void **state)
{
	open_world(CONF_DRIVER_KNOT);
	list_new(0, 0, "");
	list_add(MSIG_KEY_ROLE_KSK, MSIG_KEY_STATE_ACTIVE);
	list_send();
	set_driver(CONF_DRIVER_NONE);
	world_run(&world, 20);
	assert_false(view()->config.driver);
	assert_false(view()->store_known);
	assert_true(rset_empty(view()->config.own));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_none, teardown),
	    cmocka_unit_test_teardown(test_list, teardown),
	    cmocka_unit_test_teardown(test_poll, teardown),
	    cmocka_unit_test_teardown(test_not_there, teardown),
	    cmocka_unit_test_teardown(test_goes, teardown),
	    cmocka_unit_test_teardown(test_lost, teardown),
	    cmocka_unit_test_teardown(test_asked_in_order, teardown),
	    cmocka_unit_test_teardown(test_refused, teardown),
	    cmocka_unit_test_teardown(test_nonsense, teardown),
	    cmocka_unit_test_teardown(test_many, teardown),
	    cmocka_unit_test_teardown(test_driver_goes, teardown),
	};
	return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
