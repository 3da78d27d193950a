#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "agentd/peers_int.h"
#include "agentd/talk.h"
#include "agentd/zones.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

#define CLOCK_APART_S 60

static void tick(void *arg);

struct peer_times
peers_times(const struct agent *agent)
{
	const struct conf *conf = agent->conf;

	return (struct peer_times){
	    .heartbeat_min = conf->heartbeat_min,
	    .heartbeat_max = conf->heartbeat_max,
	    .hello_retry = conf->hello_retry,
	    .timeout = conf->query_timeout,
	};
}

struct contact *
peers_find(struct agent *agent, const char *identity)
{
	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		if (strcmp(c->peer->identity, identity) == 0) {
			return c;
		}
	}
	return NULL;
}

struct contact *
peers_find_name(struct agent *agent, const knot_dname_t *identity)
{
	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		if (msig_name_eq(c->name, identity)) {
			return c;
		}
	}
	return NULL;
}

/* transportd ---------------------------------------------------------------------------------- */

void
peers_tell(struct contact *contact)
{
	struct msig_msg msg = {.id = MSIG_MSG_PEER_SET};
	char target[MSIG_NAME_TEXT];
	char *address[DISCOVER_ADDRESSES], *key[DISCOVER_KEYS];
	char keytext[DISCOVER_KEYS][MSIG_NAME_TEXT + 8];
	char **zone;
	uint16_t zones = 0, addresses = 0, keys = 0;
	unsigned count = 0;

	if (contact->found) {
		msig_name_text(contact->at.target, target);
		addresses = (uint16_t)contact->at.addresses;
		keys = (uint16_t)contact->at.keys;
	}
	for (unsigned i = 0; i < addresses; i++) {
		address[i] = contact->at.address[i];
	}
	for (unsigned i = 0; i < keys; i++) {
		snprintf(keytext[i], sizeof(keytext[i]), "%s/%u", target, contact->at.key[i].tag);
		key[i] = keytext[i];
	}
	for (struct peer_zone *z = contact->peer->zones; z != NULL; z = z->next) {
		count++;
	}
	zone = xcalloc(count + 1, sizeof(*zone));
	for (struct peer_zone *z = contact->peer->zones; z != NULL && zones < UINT16_MAX;
	     z = z->next) {
		char text[MSIG_NAME_TEXT];
		zone[zones++] = xstrdup(msig_name_text(z->name, text));
	}
	msg.u.PEER_SET.peer = contact->peer->identity;
	msg.u.PEER_SET.address.at = address;
	msg.u.PEER_SET.address.count = addresses;
	msg.u.PEER_SET.key.at = key;
	msg.u.PEER_SET.key.count = keys;
	msg.u.PEER_SET.zone.at = zone;
	msg.u.PEER_SET.zone.count = zones;
	/* Not delivered: transportd asks for all of them when it starts. */
	(void)agent_send(contact->agent, &msg);
	for (uint16_t i = 0; i < zones; i++) {
		free(zone[i]);
	}
	free(zone);
}

void
peers_tell_transport(struct agent *agent)
{
	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		peers_tell(c);
	}
}

/* The state ----------------------------------------------------------------------------------- */

static void
journal(struct contact *contact, const char *text)
{
	struct store_entry entry = {
	    .time = loop_utc_ms(),
	    .actor = contact->peer->identity,
	    .kind = "peer",
	    .text = text,
	};
	struct store_peer row = {
	    .identity = contact->peer->identity,
	    .state = (int)contact->peer->state,
	    .since = contact->since,
	    .heard = contact->heard_utc,
	};
	struct store *store = contact->agent->store;

	if (store_begin(store) != 0) {
		return;
	}
	if (store_peer_set(store, &row) != 0 || store_journal_add(store, &entry) != 0) {
		store_rollback(store);
		return;
	}
	(void)store_commit(store);
}

static const char *
next_text(enum peer_state state)
{
	switch (state) {
	case PEER_NEEDED:
		return "discovery (URI, SVCB, KEY), DNSSEC-secure or nothing";
	case PEER_KNOWN:
		return "HELLO for each shared zone";
	case PEER_OPERATIONAL:
		return "heartbeats";
	case PEER_DEGRADED:
		return "heartbeats go on; after 10 intervals processes pause";
	case PEER_INTERRUPTED:
		return "processes of shared zones pause until it is heard again";
	}
	return "?";
}

void
peers_event(struct contact *contact, enum peer_event event)
{
	struct peer_times times = peers_times(contact->agent);
	struct peer *peer = contact->peer;
	enum peer_state old = peer->state, new = peer_rule(old, event);
	char text[300];

	if (new == old) {
		return;
	}
	peer_enter(peer, new, &times, loop_mono_ms());
	contact->since = loop_utc_ms();
	snprintf(text, sizeof(text), "%s -> %s (%s); next: %s", peer_state_name(old),
		 peer_state_name(new), peer_event_text(event), next_text(new));
	log_peer(new == PEER_DEGRADED || new == PEER_INTERRUPTED ? LOG_LVL_WARN : LOG_LVL_INFO,
		 peer->identity, "%s", text);
	journal(contact, text);
	zones_peer_changed(contact->agent, contact);
	loop_timer_set(contact->timer, 0);
}

struct contact *
peers_share(struct agent *agent, const char *identity, const knot_dname_t *zone)
{
	struct contact *c = peers_find(agent, identity);
	uint64_t now = loop_mono_ms();
	uint32_t random;
	struct store_peer row;
	char *cached = NULL;

	if (c != NULL) {
		if (peer_zone_find(c->peer, zone) == NULL) {
			peer_zone_add(c->peer, zone, now);
			peers_tell(c);
			loop_timer_set(c->timer, 0);
		}
		return c;
	}
	(void)gnutls_rnd(GNUTLS_RND_NONCE, &random, sizeof(random));
	c = xcalloc(1, sizeof(*c));
	c->agent = agent;
	c->peer = peer_new(identity, random, now);
	c->since = loop_utc_ms();
	c->timer = loop_timer_new(agent->loop, tick, c);
	if (msig_name_parse(identity, c->name) != 0) {
		log_warn("peer '%s': no domain name", identity);
	}
	peer_zone_add(c->peer, zone, now);
	c->next = agent->contacts;
	agent->contacts = c;
	log_peer(LOG_LVL_INFO, identity, "needed by HSYNC; next: %s", next_text(PEER_NEEDED));
	if (store_discovery_get(agent->store, identity, &cached) == 0 &&
	    discover_parse(cached, &c->at) == 0 && c->at.good_until > loop_utc_ms()) {
		/* Found before the restart, and still good: at once on, and looked up again. */
		c->found = true;
		peers_event(c, PEER_ON_DISCOVERED);
	}
	free(cached);
	peers_tell(c); /* without keys, its messages are told from those of strangers */
	if (store_peer_get(agent->store, identity, &row) == 0) {
		c->heard_utc = row.heard;
	}
	loop_timer_set(c->timer, 0);
	return c;
}

static void
contact_free(struct contact *c)
{
	ask_cancel(c->agent->ask, c->asking);
	loop_timer_free(c->timer);
	peer_free(c->peer);
	free(c);
}

void
peers_unshare(struct agent *agent, const char *identity, const knot_dname_t *zone)
{
	struct contact *c = peers_find(agent, identity);
	struct msig_msg msg = {.id = MSIG_MSG_PEER_DEL};

	if (c == NULL) {
		return;
	}
	peer_zone_del(c->peer, zone);
	if (c->peer->zones != NULL) {
		peers_tell(c);
		loop_timer_set(c->timer, 0);
		return;
	}
	log_peer(LOG_LVL_INFO, identity, "forgotten: no zone is shared with it any more");
	(void)store_peer_del(agent->store, identity);
	msg.u.PEER_DEL.peer = c->peer->identity;
	(void)agent_send(agent, &msg);
	for (struct contact **at = &agent->contacts; *at != NULL; at = &(*at)->next) {
		if (*at == c) {
			*at = c->next;
			break;
		}
	}
	contact_free(c);
}

void
peers_free(struct agent *agent)
{
	while (agent->contacts != NULL) {
		struct contact *c = agent->contacts;
		agent->contacts = c->next;
		contact_free(c);
	}
}

/* HELLO and HEARTBEAT ------------------------------------------------------------------------- */

static const char *
refusal(const struct msig_peermsg *response, char *buf, size_t len)
{
	const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, response->rcode);

	snprintf(buf, len, "answered %s%s%.50s", name != NULL ? name->name : "with an error",
		 response->has_ede ? ": " : "", response->has_ede ? response->ede_text : "");
	return buf;
}

static void
learn(struct contact *c, const knot_dname_t *zone, const struct msig_option *option)
{
	c->peer->transports = option->transport;
	c->peer->models = option->sync;
	zones_models(c, zone, option->sync);
}

static void
hello_done(struct contact *c, const knot_dname_t *name, int result,
	   const struct msig_peermsg *response, const uint8_t *wire, size_t len)
{
	struct peer_times times = peers_times(c->agent);
	struct peer_zone *z = peer_zone_find(c->peer, name);
	uint64_t now = loop_mono_ms();
	char why[80], zone[MSIG_NAME_TEXT];

	if (z == NULL) {
		return;
	}
	if (result != 0 || response->rcode != KNOT_RCODE_NOERROR) {
		peer_hello_failed(c->peer, z, &times, now,
				  result != 0 ? msig_strerror(result)
					      : refusal(response, why, sizeof(why)));
		log_peer(LOG_LVL_INFO, c->peer->identity, "HELLO for %s: %s; again in %llu s",
			 msig_name_text(z->name, zone), z->said,
			 (unsigned long long)((z->hello_at - now + 999) / 1000));
		if (z->tries == 5) {
			log_peer(
			    LOG_LVL_WARN, c->peer->identity,
			    "no HELLO for %s succeeded in %u tries (%s): is agentd running there, "
			    "is the zone configured, is its HSYNC the same?",
			    zone, z->tries, z->said);
		}
		loop_timer_set(c->timer, 0);
		return;
	}
	z->busy = false;
	z->told = true;
	z->tries = 0;
	z->said[0] = '\0';
	learn(c, name, &response->option);
	peer_heard(c->peer, 0, now);
	log_peer(LOG_LVL_INFO, c->peer->identity, "HELLO for %s accepted",
		 msig_name_text(z->name, zone));
	peers_event(c, PEER_ON_HELLO_OK);
	zones_peer_changed(c->agent, c);
	loop_timer_set(c->timer, 0);
}

static void
beat_done(struct contact *c, const knot_dname_t *name, int result,
	  const struct msig_peermsg *response, const uint8_t *wire, size_t len)
{
	struct peer_zone *z = peer_zone_find(c->peer, name);
	uint64_t now = loop_mono_ms();
	char why[80];

	if (result == 0 && response->rcode == KNOT_RCODE_NOERROR) {
		peer_beat_acked(c->peer, now);
		peer_heard(c->peer, 0, now);
		c->heard_utc = loop_utc_ms();
		learn(c, name, &response->option);
	} else {
		peer_beat_failed(c->peer);
		log_peer(LOG_LVL_DEBUG, c->peer->identity, "HEARTBEAT: %s",
			 result != 0 ? msig_strerror(result) : refusal(response, why, sizeof(why)));
	}
	if (result == 0 && response->rcode == KNOT_RCODE_REFUSED && z != NULL && z->told) {
		/* It has started anew, or dropped the zone: say HELLO for that again. */
		bool others = false;
		z->told = false;
		peer_hello_reset(c->peer, z, now);
		for (struct peer_zone *o = c->peer->zones; o != NULL; o = o->next) {
			others = others || o->told;
		}
		log_peer(LOG_LVL_INFO, c->peer->identity, "HEARTBEAT %s; next: HELLO",
			 refusal(response, why, sizeof(why)));
		if (!others) {
			peers_event(c, PEER_ON_REFUSED);
		}
		zones_peer_changed(c->agent, c);
	}
	loop_timer_set(c->timer, 0);
}

static void
say(struct contact *c, struct peer_zone *z, enum peer_todo what)
{
	struct peer_times times = peers_times(c->agent);
	struct msig_option opt;

	msig_option_init(&opt, what == PEER_HELLO ? MSIG_OP_HELLO : MSIG_OP_HEARTBEAT,
			 c->agent->identity, z->name);
	MSIG_OPTION_SET(&opt, REMAINING, remaining, (uint8_t)peer_waiting(c->peer));
	MSIG_OPTION_SET(&opt, INTERVAL, interval, peer_beat_advertise(c->peer, &times));
	zones_fill(c->agent, z->name, &opt);
	if (what == PEER_HELLO) {
		peer_hello_sent(c->peer, z);
		talk_send(c->agent, c, &opt, NULL, hello_done);
	} else {
		peer_beat_sent(c->peer, &times, loop_mono_ms());
		talk_send(c->agent, c, &opt, NULL, beat_done);
	}
}

/* Does what is due, then sleeps until the next thing is. */
static void
tick(void *arg)
{
	struct contact *c = arg;
	struct peer_times times = peers_times(c->agent);
	uint64_t now = loop_mono_ms(), when, next = UINT64_MAX;
	struct peer_zone *z = NULL;
	enum peer_todo what;
	int event;

	if (c->found && c->at.good_until <= loop_utc_ms()) {
		c->found = false;
		peers_event(c, PEER_ON_UNDISCOVERED);
	}
	event = peer_silence(c->peer, &times, now, &when);
	if (event >= 0) {
		if (event == PEER_ON_GONE) {
			c->discover_at = now;
		}
		peers_event(c, (enum peer_event)event);
		if (event == PEER_ON_GONE && c->found) {
			peers_event(c, PEER_ON_DISCOVERED);
		}
	}
	next = when < next ? when : next;
	if (!c->discovering) {
		if (c->discover_at <= now) {
			peers_discover(c);
		} else if (c->discover_at < next) {
			next = c->discover_at;
		}
	}
	while (c->found && (what = peer_due(c->peer, now, &z, &when)) != PEER_NOTHING) {
		say(c, z, what);
	}
	if (c->found && when < next) {
		next = when;
	}
	if (next != UINT64_MAX) {
		loop_timer_set(c->timer, next > now ? next - now : 1);
	}
}

int64_t
peers_apart(const struct contact *c)
{
	return llabs(c->skew_s) > CLOCK_APART_S ? c->skew_s : 0;
}

void
peers_clock(struct contact *c, int64_t skew_s)
{
	int64_t was = peers_apart(c);
	char text[80];

	c->skew_s = skew_s;
	bool is = peers_apart(c) != 0;
	if ((was != 0) == is) {
		return;
	}
	log_peer(is ? LOG_LVL_WARN : LOG_LVL_INFO, c->peer->identity, "%s%s",
		 reason_clock(skew_s, text, sizeof(text)),
		 is ? ": no step is taken with it until one of them is set"
		    : ", close enough again");
	zones_peer_changed(c->agent, c);
}

void
peers_heard_hello(struct contact *c, const struct msig_option *option)
{
	struct peer_zone *z = peer_zone_find(c->peer, option->zone);
	uint64_t now = loop_mono_ms();

	if (z == NULL) {
		return;
	}
	learn(c, option->zone, option);
	c->heard_utc = loop_utc_ms();
	z->heard = true;
	if (!z->told && !z->busy) {
		peer_hello_reset(c->peer, z, now);
	}
	peer_heard(c->peer, option->has & MSIG_HAS(INTERVAL) ? option->interval : 0, now);
	peers_event(c, PEER_ON_HELLO_IN);
	loop_timer_set(c->timer, 0);
}

void
peers_heard_beat(struct contact *c, const struct msig_option *option)
{
	struct peer_zone *z = peer_zone_find(c->peer, option->zone);

	peer_heard(c->peer, option->has & MSIG_HAS(INTERVAL) ? option->interval : 0,
		   loop_mono_ms());
	c->heard_utc = loop_utc_ms();
	if (option->has & MSIG_HAS(REMAINING)) {
		c->peer->remaining = option->remaining;
	}
	if (z != NULL && (option->has & MSIG_HAS(CONTRIBUTION))) {
		memcpy(z->digest, option->contribution, sizeof(z->digest));
		z->has_digest = true;
	}
	loop_timer_set(c->timer, 0);
}

void
peers_zone_changed(struct agent *agent, const knot_dname_t *zone)
{
	struct peer_times times = peers_times(agent);
	uint64_t now = loop_mono_ms();

	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		struct peer_zone *z = peer_zone_find(c->peer, zone);
		if (z != NULL) {
			c->peer->turn = z;
			peer_beat_reset(c->peer, &times, now);
			loop_timer_set(c->timer, 0);
		}
	}
}

void
peers_hsync_changed(struct agent *agent, const knot_dname_t *zone)
{
	uint64_t now = loop_mono_ms();

	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		struct peer_zone *z = peer_zone_find(c->peer, zone);
		if (z != NULL) {
			peer_hello_reset(c->peer, z, now);
			if (!c->found && !c->discovering) {
				c->failures = 0;
				c->regular_at = 0;
				c->discover_at = now;
			}
			loop_timer_set(c->timer, 0);
		}
	}
}

void
peers_reload(struct agent *agent)
{
	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		loop_timer_set(c->timer, 0);
	}
}

const char *
peers_why(struct contact *c, const knot_dname_t *zone, char *buf, size_t len)
{
	struct peer_zone *z = peer_zone_find(c->peer, zone);

	if (peer_ready(c->peer, zone) && peers_apart(c) != 0) {
		reason_clock(c->skew_s, buf, len);
	} else if (peer_ready(c->peer, zone)) {
		buf[0] = '\0';
	} else if (c->peer->state == PEER_NEEDED) {
		snprintf(buf, len, "not discovered%s%s", *c->trouble != '\0' ? ": " : " yet",
			 c->trouble);
	} else if (z != NULL && !z->told) {
		snprintf(buf, len, "HELLO %s", *z->said != '\0' ? z->said : "not answered yet");
	} else {
		snprintf(buf, len, "%s", peer_state_name(c->peer->state));
	}
	return buf;
}
