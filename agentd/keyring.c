#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/keyring.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/key.h"

#define PENDING 4
#define AGAIN_MS 1000 /* signerd is not there */
#define LIST_MS 15000
#define GRACE_MS 10000 /* beyond what signerd gives itself */

struct pending {
	uint64_t id; /* 0: free */
	uint8_t verb, role, algorithm, state;
	char key[VIEW_KEY_ID];
};

struct keyring {
	struct zone *zone;
	struct pending pending[PENDING];
	struct loop_timer *again, *poll;
	bool known;       /* a list was had, and nothing is wrong since */
	char why[400];    /* as the view was told last */
	char failed[400]; /* why the last change was not made: until one is, or for some time */
	uint64_t failed_at;
};

static bool
has_driver(const struct zone *zone)
{
	return zone->conf->signer_driver != CONF_DRIVER_NONE;
}

/* What is known is no longer: the list stays as it was, marked so. */
static void
unknown(struct keyring *ring, const char *why)
{
	if (ring->known || strcmp(ring->why, why) != 0)
		log_zone(LOG_LVL_WARN, ring->zone->name, "the signer's keys: %s", why);
	ring->known = false;
	snprintf(ring->why, sizeof(ring->why), "%s", why);
	if (view_on_keys(ring->zone->view, false, ring->why, NULL, 0))
		zones_mark(ring->zone);
}

/* When what is open is asked again: a list soon, a change when signerd has given it up. */
static void
set_again(struct keyring *ring, bool sent)
{
	uint64_t wait = LIST_MS;

	for (int i = 0; i < PENDING; i++)
		if (ring->pending[i].id != 0 && ring->pending[i].verb != MSIG_KEY_VERB_LIST)
			wait = (uint64_t)ring->zone->agent->conf->signerd_timeout + GRACE_MS;
	loop_timer_set(ring->again, sent ? wait : AGAIN_MS);
	if (!sent)
		unknown(ring, "signerd does not run: start it");
}

/* Asking --------------------------------------------------------------------------------------- */

static int
send_one(struct keyring *ring, struct pending *p)
{
	struct msig_msg msg = {.id = MSIG_MSG_KEY};
	struct msig_msg_KEY *m = &msg.u.KEY;

	p->id = ++ring->zone->agent->bus_id;
	m->id = p->id;
	m->zone = ring->zone->name;
	m->verb = p->verb;
	m->role = p->role;
	m->algorithm = p->algorithm;
	m->state = p->state;
	m->key = p->key;
	return agent_send(ring->zone->agent, &msg);
}

/* What was asked first of all that is open, up to this one; NULL: none. */
static struct pending *
oldest(struct keyring *ring, uint64_t until)
{
	struct pending *old = NULL;

	for (int i = 0; i < PENDING; i++) {
		struct pending *p = &ring->pending[i];
		if (p->id != 0 && p->id <= until && (old == NULL || p->id < old->id))
			old = p;
	}
	return old;
}

/* All that is open, again, in that order: each verb may be repeated. */
static void
send_all(struct keyring *ring)
{
	uint64_t until = ring->zone->agent->bus_id;
	struct pending *p = oldest(ring, until);
	int ret = 0;

	if (p == NULL)
		return;
	for (; p != NULL && ret == 0; p = oldest(ring, until))
		ret = send_one(ring, p);
	set_again(ring, ret == 0);
}

static void
ask_again(void *arg)
{
	struct keyring *ring = arg;

	send_all(ring);
}

static bool
same(const struct pending *p, const struct pending *q)
{
	return p->verb == q->verb && p->role == q->role && p->algorithm == q->algorithm &&
	       p->state == q->state && strcmp(p->key, q->key) == 0;
}

int
keyring_ask(struct zone *zone, uint8_t verb, uint8_t role, uint8_t algorithm, uint8_t state,
	    const char *key)
{
	struct keyring *ring = zone->keyring;
	struct pending new = {.verb = verb, .role = role, .algorithm = algorithm, .state = state};
	struct pending *room = NULL;

	if (ring == NULL || !has_driver(zone))
		return MSIG_EREFUSED;
	snprintf(new.key, sizeof(new.key), "%s", key);
	for (int i = 0; i < PENDING; i++) {
		struct pending *p = &ring->pending[i];
		/* Every answer has the list. */
		if (p->id != 0 && (verb == MSIG_KEY_VERB_LIST || same(p, &new)))
			return 0;
		/* What was asked of that key before is not wanted any more: asked again after this,
		 * it would be done after it. */
		if (p->id != 0 && p->verb == MSIG_KEY_VERB_SET && verb == MSIG_KEY_VERB_SET &&
		    strcmp(p->key, new.key) == 0)
			p->id = 0;
		if (p->id == 0 && room == NULL)
			room = p;
	}
	if (room == NULL)
		return KNOT_EBUSY;
	*room = new;
	if (verb != MSIG_KEY_VERB_LIST)
		log_zone(LOG_LVL_INFO, zone->name, "signerd is asked: %s %s%s%s",
			 msig_key_verb_name(verb),
			 verb == MSIG_KEY_VERB_MAKE ? msig_key_role_name(role) : new.key,
			 verb == MSIG_KEY_VERB_SET ? " " : "",
			 verb == MSIG_KEY_VERB_SET ? msig_key_state_name(state) : "");
	set_again(ring, send_one(ring, room) == 0);
	return 0;
}

static void
poll_keys(void *arg)
{
	struct keyring *ring = arg;

	loop_timer_set(ring->poll, ring->zone->agent->conf->key_poll);
	(void)keyring_ask(ring->zone, MSIG_KEY_VERB_LIST, 0, 0, 0, "");
}

/* Answers -------------------------------------------------------------------------------------- */

/* Removed keys are of no use but to be discarded: they are what is left out first. */
static int
to_view(struct zone *zone, const struct msig_msg_KEYS *msg, struct view_key *keys)
{
	int count = 0;

	for (int removed = 0; removed < 2; removed++) {
		for (unsigned i = 0; i < msg->key.count && count < VIEW_STORE; i++) {
			const struct msig_blob *rdata = &msg->dnskey.at[i];
			struct view_key *key = &keys[count];
			bool gone = msg->state.at[i] == MSIG_KEY_STATE_REMOVED;
			int rr;
			if (gone != (removed == 1))
				continue;
			rr = view_rr(zone->view, VIEW_DNSKEY, rdata->data, (uint16_t)rdata->len);
			if (rr < 0)
				return rr;
			memset(key, 0, sizeof(*key)); /* compared as a whole */
			snprintf(key->id, sizeof(key->id), "%s", msg->key.at[i]);
			key->role = (uint8_t)msg->role.at[i];
			key->state = (uint8_t)msg->state.at[i];
			key->algorithm = rdata->data[3];
			key->rr = rr;
			count++;
		}
	}
	return count;
}

/* A public key that is none would go to every other signer: the first one's name, or NULL. */
static const char *
no_key(const struct msig_msg_KEYS *msg)
{
	for (unsigned i = 0; i < msg->key.count; i++)
		if (msig_key_check(msg->dnskey.at[i].data, msg->dnskey.at[i].len) != 0)
			return msg->key.at[i];
	return NULL;
}

/* All of it makes sense, or none of it is believed. */
static bool
is_sound(const struct msig_msg_KEYS *msg)
{
	if (msg->role.count != msg->key.count || msg->state.count != msg->key.count ||
	    msg->dnskey.count != msg->key.count)
		return false;
	for (unsigned i = 0; i < msg->key.count; i++) {
		const struct msig_blob *rdata = &msg->dnskey.at[i];
		if (msg->role.at[i] < MSIG_KEY_ROLE_ZSK || msg->role.at[i] > MSIG_KEY_ROLE_CSK ||
		    msg->state.at[i] < MSIG_KEY_STATE_MADE ||
		    msg->state.at[i] > MSIG_KEY_STATE_REMOVED || rdata->len < 5 ||
		    rdata->len > UINT16_MAX || msg->key.at[i][0] == '\0' ||
		    strlen(msg->key.at[i]) >= VIEW_KEY_ID)
			return false;
	}
	return true;
}

static void
own_keys(struct zone *zone, const struct view_key *keys, int count)
{
	struct rset own = RSET_NONE;

	for (int i = 0; i < count; i++)
		if (keys[i].state >= MSIG_KEY_STATE_PUBLISHED &&
		    keys[i].state <= MSIG_KEY_STATE_RETIRED)
			rset_add(&own, keys[i].rr);
	if (!rset_equal(own, zone->view->config.own)) {
		zone->view->config.own = own;
		zone->view->dirty = true;
		zones_mark(zone);
	}
}

/* A change that was not made is said to the view for as long as somebody may want to know. */
static const char *
what_failed(struct keyring *ring, const struct msig_msg_KEYS *msg, uint8_t verb)
{
	uint64_t now = loop_mono_ms();

	if (verb != 0 && verb != MSIG_KEY_VERB_LIST) {
		ring->failed[0] = '\0';
		if (msg->result != 0)
			snprintf(ring->failed, sizeof(ring->failed), "%s",
				 *msg->text != '\0' ? msg->text : msig_strerror(msg->result));
		ring->failed_at = now;
	} else if (now - ring->failed_at > 2 * (uint64_t)ring->zone->agent->conf->key_poll) {
		ring->failed[0] = '\0';
	}
	return *msg->text == '\0' ? ring->failed : msg->text;
}

static void
note(struct keyring *ring, const struct msig_msg_KEYS *msg, uint8_t verb)
{
	struct zone *zone = ring->zone;
	struct view_key keys[VIEW_STORE];
	const char *why = what_failed(ring, msg, verb);
	int count;

	if (msg->result != 0 && msg->key.count == 0) {
		unknown(ring, *why != '\0' ? why : msig_strerror(msg->result));
		return;
	}
	count = is_sound(msg) ? to_view(zone, msg, keys) : MSIG_EVALUE;
	if (count < 0) {
		unknown(ring, "signerd's list cannot be used");
		return;
	}
	if (no_key(msg) != NULL) {
		char text[120];
		snprintf(text, sizeof(text), "the public key of %.48s is none: take it out",
			 no_key(msg));
		unknown(ring, text);
		return;
	}
	if (!ring->known)
		log_zone(LOG_LVL_INFO, zone->name, "the signer's keys are known: %u",
			 msg->key.count);
	if (*why != '\0' && strcmp(ring->why, why) != 0)
		log_zone(LOG_LVL_WARN, zone->name, "the signer's keys: %s", why);
	ring->known = true;
	snprintf(ring->why, sizeof(ring->why), "%s", why);
	own_keys(zone, keys, count);
	if (view_on_keys(zone->view, true, ring->why, keys, count))
		zones_mark(zone);
}

void
keyring_answer(struct agent *agent, const struct msig_msg_KEYS *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);
	struct keyring *ring = zone != NULL ? zone->keyring : NULL;
	uint8_t verb = 0;
	bool more = false;

	if (ring == NULL || !has_driver(zone))
		return;
	for (int i = 0; i < PENDING; i++) {
		struct pending *p = &ring->pending[i];
		if (p->id != 0 && p->id == msg->id) {
			verb = p->verb;
			p->id = 0;
		}
		more = more || p->id != 0;
	}
	if (verb == 0 && msg->id != 0)
		return; /* to one that was asked again since */
	if (!more)
		loop_timer_cancel(ring->again);
	note(ring, msg, verb);
	/* Unasked: signerd has just begun, and what it was asked before may be lost. */
	if (msg->id == 0 && more)
		send_all(ring);
	if (verb == MSIG_KEY_VERB_SET)
		(void)keyring_ask(zone, MSIG_KEY_VERB_LIST, 0, 0, 0, "");
}

/* ---------------------------------------------------------------------------------------------- */

void
keyring_reload(struct keyring *ring)
{
	struct zone *zone = ring->zone;

	zone->view->config.driver = has_driver(zone);
	zone->view->config.one_algorithm = zone->conf->signer_driver == CONF_DRIVER_BIND;
	if (has_driver(zone)) {
		loop_timer_set(ring->poll, 0);
		return;
	}
	memset(ring->pending, 0, sizeof(ring->pending));
	loop_timer_cancel(ring->poll);
	loop_timer_cancel(ring->again);
	zone->view->config.own = RSET_NONE;
	ring->known = false;
	ring->why[0] = '\0';
	if (view_on_keys(zone->view, false, "", NULL, 0))
		zones_mark(zone);
}

struct keyring *
keyring_new(struct zone *zone)
{
	struct keyring *ring = xcalloc(1, sizeof(*ring));

	ring->zone = zone;
	ring->again = loop_timer_new(zone->agent->loop, ask_again, ring);
	ring->poll = loop_timer_new(zone->agent->loop, poll_keys, ring);
	keyring_reload(ring);
	return ring;
}

void
keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	loop_timer_free(ring->again);
	loop_timer_free(ring->poll);
	free(ring);
}
