/*
 * Where a peer is: looked up again before it gets old, sooner when it speaks to us or signs with
 * another key, and later after each failure. discover.c knows the records.
 */
#include <stdio.h>
#include <stdlib.h>
#include "agentd/peers_int.h"
#include "agentd/zones.h"
#include "libmsig/daemon/log.h"

static void
discovered(struct contact *c)
{
	struct agent *agent = c->agent;
	uint64_t now = loop_mono_ms(), utc = loop_utc_ms();
	bool news = !c->found || !discover_equal(&c->at, &c->discover.result);
	bool saved = false;
	char *text;

	c->at = c->discover.result;
	c->found = true;
	c->wanted = false;
	c->regular_at = 0;
	c->failures = 0;
	c->trouble[0] = '\0';
	c->discover_at = now + (c->at.fresh_until > utc ? c->at.fresh_until - utc : 0);
	text = discover_print(&c->at);
	if (store_begin(agent->store) == 0) {
		if (store_discovery_set(agent->store, c->peer->identity, text) == 0) {
			saved = store_commit(agent->store) == 0;
		} else {
			store_rollback(agent->store);
		}
	}
	free(text);
	if (!saved) {
		log_peer(LOG_LVL_WARN, c->peer->identity, "discovery could not be stored");
	}
	if (news) {
		char target[MSIG_NAME_TEXT];
		log_peer(LOG_LVL_INFO, c->peer->identity,
			 "discovered, DNSSEC-secure: %s at %s%s, %u key%s",
			 msig_name_text(c->at.target, target), c->at.address[0],
			 c->at.addresses > 1 ? " and others" : "", c->at.keys,
			 c->at.keys == 1 ? "" : "s");
		peers_tell(c);
	}
	peers_event(c, PEER_ON_DISCOVERED);
}

/* Look-ups of one peer that somebody else brings about are so far apart, ms. */
static uint64_t
floor_of(const struct contact *c)
{
	return (uint64_t)c->agent->conf->hello_retry * 2;
}

/* The next turn after a failure: later each time, but what was only brought forward does not count.
 */
static void
set_next(struct contact *c, uint64_t now)
{
	uint64_t retry = floor_of(c), delay = retry << (c->failures < 6 ? c->failures : 6);

	if (c->regular_at > now) {
		c->discover_at = c->regular_at;
	} else {
		c->failures++;
		c->discover_at = now + (delay < retry * 60 ? delay : retry * 60);
	}
	c->regular_at = 0;
	if (c->wanted) {
		c->wanted = false;
		peers_wanted(c);
	}
}

static void
discover_failed(struct contact *c)
{
	uint64_t now = loop_mono_ms();

	set_next(c, now);
	snprintf(c->trouble, sizeof(c->trouble), "%s", c->discover.reason);
	log_peer(LOG_LVL_WARN, c->peer->identity, "discovery failed: %s; %s; again in %llu s",
		 c->discover.reason,
		 c->found ? "what was found before stays good for now" : "nothing is said to it",
		 (unsigned long long)((c->discover_at - now + 999) / 1000));
	zones_peer_changed(c->agent, c);
}

static void discover_ask(struct contact *c);

static void
discover_answer(void *arg, const struct msig_msg_ANSWER *answer, unsigned left)
{
	struct contact *c = arg;

	c->asking = 0;
	switch (discover_feed(&c->discover, answer, loop_utc_ms())) {
	case DISCOVER_ASKING:
		discover_ask(c);
		return;
	case DISCOVER_DONE:
		c->discovering = false;
		discovered(c);
		break;
	case DISCOVER_FAILED:
		c->discovering = false;
		discover_failed(c);
		break;
	}
	loop_timer_set(c->timer, 0);
}

static void
discover_ask(struct contact *c)
{
	struct ask_question question = {.types = 1, .timeout_ms = c->agent->conf->query_timeout};
	knot_dname_storage_t name;

	if (!discover_question(&c->discover, name, &question.type[0])) {
		snprintf(c->discover.reason, sizeof(c->discover.reason),
			 "'%s' is no usable identity", c->peer->identity);
		c->discovering = false;
		discover_failed(c);
		return;
	}
	question.name = name;
	c->asking = ask_start(c->agent->ask, &question, discover_answer, c);
}

void
peers_discover(struct contact *c)
{
	if (c->discovering) {
		return;
	}
	c->discovering = true;
	c->discovered = loop_mono_ms();
	discover_start(&c->discover, c->peer->identity, c->agent->conf->lab,
		       c->agent->conf->cache_floor / 1000);
	discover_ask(c);
}

void
peers_suspect(struct agent *agent, struct contact *contact, const char *why)
{
	uint64_t now = loop_mono_ms();

	if (contact->discovering || now < contact->discovered + floor_of(contact)) {
		return;
	}
	log_peer(LOG_LVL_WARN, contact->peer->identity, "%s; its keys are looked up again", why);
	contact->discover_at = now;
	loop_timer_set(contact->timer, 0);
}

void
peers_wanted(struct contact *c)
{
	uint64_t now = loop_mono_ms(), at;

	if (c->found || c->wanted) {
		return;
	}
	if (c->discovering) {
		c->wanted = true; /* what is under way may have begun before it was ready for us */
		return;
	}
	at = c->discovered + floor_of(c);
	at = at > now ? at : now;
	if (at >= c->discover_at) {
		return;
	}
	if (c->regular_at == 0) {
		c->regular_at = c->discover_at;
	}
	c->discover_at = at;
	loop_timer_set(c->timer, 0);
	log_peer(LOG_LVL_INFO, c->peer->identity,
		 "it speaks to us before it was discovered: looked up %s",
		 at > now ? "soon" : "now");
}
