#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/content.h"
#include "agentd/decide.h"
#include "agentd/egress.h"
#include "libmsig/daemon/log.h"

#define COMPARE_AGAIN_MS 60000
#define COMPARE_AGAIN_LAB_MS 2000
#define NAMES 16 /* of RRsets that differ */

struct content {
	struct zone *zone;
	struct egress egress;
	struct egress_seen seen;
	uint8_t *past;
	struct loop_timer *timer;
	int64_t compare_at; /* mono ms: not before */
	bool compared;      /* name[] is what differs between these two */
	uint8_t served[EGRESS_DIGEST], signed_[EGRESS_DIGEST];
	char *name[NAMES];
	unsigned names;
	bool all;
};

static void judge(void *arg);

struct content *
content_new(struct zone *zone)
{
	struct content *c = xcalloc(1, sizeof(*c));

	c->zone = zone;
	c->timer = loop_timer_new(zone->agent->loop, judge, c);
	/* A restart repairs nothing: it differs until both sides were heard again. */
	c->egress.state = zone->view->d.differs ? EGRESS_DIFFERENT : EGRESS_UNKNOWN;
	judge(c);
	return c;
}

static void
forget_names(struct content *c)
{
	for (unsigned i = 0; i < c->names; i++) {
		free(c->name[i]);
	}
	c->names = 0;
	c->compared = false;
}

void
content_free(struct content *c)
{
	if (c == NULL) {
		return;
	}
	forget_names(c);
	loop_timer_free(c->timer);
	free(c->past);
	free(c);
}

/* What it means ------------------------------------------------------------------------------- */

/* Who is not to sign serves the copy that another one's signer makes: combinerd has no part in it.
 */
static bool
only_serves(const struct zone *zone)
{
	const struct view_hsync_entry *e =
	    view_hsync_of(&zone->view->d.hsync, zone->agent->identity_text);

	return e != NULL && !e->sign;
}

/* And the server of one of which HSYNC says nothing may show such a copy, too. */
static int64_t
settle(const struct content *c)
{
	const struct zone *zone = c->zone;

	return zone->conf->egress_check && !only_serves(zone) && !decide_unlisted(zone->view)
		   ? zone->agent->conf->egress_settle
		   : 0;
}

/* For people, in little room: the first name, and how many more. */
static char *
first_name(const struct content *c, char *buf, size_t len)
{
	if (c->names == 0) {
		snprintf(buf, len, "other records; which ones is being found out");
	} else if (c->names == 1 && c->all) {
		snprintf(buf, len, "%.150s", c->name[0]);
	} else {
		snprintf(buf, len, "%.120s, and %u more%s", c->name[0], c->names - 1,
			 c->all ? "" : " at least");
	}
	return buf;
}

static void
say_change(struct content *c, enum egress_state old)
{
	enum egress_state new = c->egress.state;

	if (new == EGRESS_DIFFERENT) {
		zones_say(c->zone, true,
			  "the signer publishes other content than combinerd serves, for longer "
			  "than agent.egress-settle: processes pause; next: what differs is found "
			  "out by transfers");
	} else if (old == EGRESS_DIFFERENT && new != EGRESS_UNKNOWN) {
		zones_say(c->zone, false,
			  new == EGRESS_EQUAL
			      ? "the signer publishes what combinerd serves again: processes go on"
			      : "the signer publishes what combinerd served before, and nothing "
				"else any more: processes go on");
	} else if (new == EGRESS_OVERDUE) {
		zones_say(c->zone, true,
			  "the signer still publishes an older version of what combinerd serves, "
			  "for longer than agent.egress-settle: do its transfers fail, has it "
			  "stopped to sign?");
	} else if (old == EGRESS_OVERDUE && new == EGRESS_EQUAL) {
		zones_say(c->zone, false, "the signer publishes what combinerd serves again");
	} else {
		log_zone(LOG_LVL_DEBUG, c->zone->name, "content at the signer: %s",
			 egress_state_name(new));
	}
}

static bool
described(const struct content *c)
{
	return c->compared && memcmp(c->served, c->seen.served, EGRESS_DIGEST) == 0 &&
	       memcmp(c->signed_, c->seen.signed_, EGRESS_DIGEST) == 0;
}

static void
compare(struct content *c, int64_t now)
{
	struct zone *zone = c->zone;
	struct msig_msg msg = {.id = MSIG_MSG_COMPARE};

	c->compare_at = now + (zone->agent->conf->lab ? COMPARE_AGAIN_LAB_MS : COMPARE_AGAIN_MS);
	msg.u.COMPARE.id = ++zone->agent->bus_id;
	msg.u.COMPARE.zone = zone->name;
	msg.u.COMPARE.server = zone->signer;
	msg.u.COMPARE.tsig = zones_signer_key(zone);
	if (agent_send(zone->agent, &msg) != 0) {
		c->compare_at = now + 1000; /* nobody is there yet */
	}
}

static void
judge(void *arg)
{
	struct content *c = arg;
	enum egress_state old = c->egress.state;
	int64_t now = (int64_t)loop_mono_ms(), wake;
	char text[200];

	if (egress_judge(&c->egress, &c->seen, now, settle(c), &wake)) {
		say_change(c, old);
	}
	if (c->egress.state != EGRESS_DIFFERENT) {
		forget_names(c);
	} else if (!described(c)) {
		if (c->compare_at <= now) {
			compare(c, now);
		}
		wake = c->compare_at;
	}
	if (!egress_pauses(&c->egress)) {
		text[0] = '\0';
	} else if (c->egress.state == EGRESS_DIFFERENT) {
		first_name(c, text, sizeof(text));
	} else {
		snprintf(text, sizeof(text), "other records, since agentd has started");
	}
	c->zone->view->egress_until =
	    c->egress.state != EGRESS_SETTLING
		? 0
		: (int64_t)loop_utc_ms() + c->egress.since + settle(c) - now;
	if (view_on_egress(c->zone->view, text)) {
		zones_mark(c->zone);
	}
	if (wake != 0) {
		loop_timer_set(c->timer, wake > now ? (uint64_t)(wake - now) : 1);
	} else {
		loop_timer_cancel(c->timer);
	}
}

void
content_reload(struct content *c)
{
	judge(c);
}

/* The bus ------------------------------------------------------------------------------------- */

void
content_served(struct content *c, const struct msig_msg_ZONE *msg)
{
	struct egress_seen *s = &c->seen;

	s->has_served = msg->digest.len == sizeof(s->served) && msg->state != MSIG_ZONE_NONE &&
			msg->state != MSIG_ZONE_REFUSING;
	if (s->has_served) {
		memcpy(s->served, msg->digest.data, sizeof(s->served));
	}
	free(c->past);
	c->past = msg->past.len > 0 ? xmemdup(msg->past.data, msg->past.len) : NULL;
	s->past = c->past;
	s->pasts = msg->past.len / EGRESS_DIGEST;
	judge(c);
}

void
content_followed(struct content *c, const struct msig_msg_FOLLOWED *msg)
{
	struct egress_seen *s = &c->seen;

	s->has_signed = msg != NULL && msg->digest.len == sizeof(s->signed_);
	if (s->has_signed) {
		memcpy(s->signed_, msg->digest.data, sizeof(s->signed_));
	}
	judge(c);
}

static void
take_names(struct content *c, const struct msig_msg_COMPARED *msg)
{
	forget_names(c);
	for (unsigned i = 0; i < msg->difference.count && i < NAMES; i++) {
		c->name[c->names++] = xstrdup(msg->difference.at[i]);
	}
	c->all = msg->all != 0 && msg->difference.count <= NAMES;
	c->compared = true;
	memcpy(c->served, msg->served_digest.data, EGRESS_DIGEST);
	memcpy(c->signed_, msg->signed_digest.data, EGRESS_DIGEST);
}

void
content_compared(struct content *c, const struct msig_msg_COMPARED *msg)
{
	char before[200], text[200];

	if (c->egress.state != EGRESS_DIFFERENT) {
		return;
	}
	if (*msg->reason != '\0' || msg->served_digest.len != EGRESS_DIGEST ||
	    msg->signed_digest.len != EGRESS_DIGEST) {
		log_zone(LOG_LVL_INFO, c->zone->name,
			 "what differs at the signer is not found out yet: %s", msg->reason);
		return; /* the timer asks again */
	}
	first_name(c, before, sizeof(before));
	if (msg->signed_serial == c->zone->signer_serial &&
	    memcmp(msg->signed_digest.data, c->seen.signed_, EGRESS_DIGEST) != 0) {
		/* One of the two was not told all: it begins anew. */
		log_zone(LOG_LVL_INFO, c->zone->name,
			 "the signer's version %u looks otherwise as a whole: followed anew",
			 msg->signed_serial);
		zones_follow_anew(c->zone);
		return;
	}
	take_names(c, msg);
	if (c->names > 0 && strcmp(before, first_name(c, text, sizeof(text))) != 0) {
		char line[400];
		snprintf(line, sizeof(line),
			 "at the signer (serial %u) and at combinerd (serial %u) differ: %s",
			 msg->signed_serial, msg->served_serial, text);
		zones_say(c->zone, true, line);
	}
	judge(c);
}

bool
content_has_served(const struct content *c)
{
	return c->seen.has_served;
}

bool
content_has_signed(const struct content *c)
{
	return c->seen.has_signed;
}

bool
content_same(const struct content *c)
{
	const struct egress_seen *s = &c->seen;

	return s->has_served && s->has_signed &&
	       memcmp(s->served, s->signed_, sizeof(s->served)) == 0;
}

const char *
content_word(const struct content *c)
{
	const struct egress_seen *s = &c->seen;

	if (settle(c) != 0) {
		return egress_state_name(c->egress.state);
	}
	if (!s->has_served || !s->has_signed || only_serves(c->zone)) {
		return "unknown";
	}
	return content_same(c) ? "equal" : "different";
}

json_t *
content_difference(const struct content *c)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < c->names; i++) {
		json_array_append_new(list, json_string(c->name[i]));
	}
	return list;
}
