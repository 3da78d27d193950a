#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "signerd/desk.h"

#define WORKERS 4
#define WAITING 16 /* requests of one zone; agentd has one at a time */
#define ANNOUNCE_MS 500

struct request {
	struct request *next;
	struct msig_msg_KEY ask; /* its zone is the zone's, its key is a copy */
};

struct zone {
	struct zone *next;
	struct desk *desk;
	knot_dname_t *name;
	const struct driver *driver;
	struct request *first, **last; /* the first one is worked on while there is a worker */
	unsigned waiting;
	struct worker *worker;
	struct keys keys;
	struct loop_timer *announce; /* until agentd has heard of this process */
	bool known, settled;
	char why[512], said[512];
	uint64_t time, since, asked, failed;
};

struct desk {
	struct loop *loop;
	const struct conf *conf;
	int (*send)(void *arg, const struct msig_msg *msg);
	void *arg;
	struct zone *zones;
	unsigned working;
};

static void start_some(struct desk *desk);

/* Answers -------------------------------------------------------------------------------------- */

static int
refuse(struct desk *desk, const struct msig_msg_KEY *ask, int result, const char *why)
{
	struct msig_msg msg = {.id = MSIG_MSG_KEYS};

	msg.u.KEYS.id = ask->id;
	msg.u.KEYS.zone = ask->zone;
	msg.u.KEYS.result = result;
	msg.u.KEYS.text = (char *)(uintptr_t)why;
	return desk->send(desk->arg, &msg);
}

static void
request_free(struct request *r)
{
	free(r->ask.key);
	free(r);
}

static struct request *
pop(struct zone *zone)
{
	struct request *r = zone->first;

	zone->first = r->next;
	if (zone->first == NULL)
		zone->last = &zone->first;
	zone->waiting--;
	return r;
}

/* The list of an answer. The driver made it, so it fits. */
static void
note_keys(struct zone *zone, const struct msig_msg_KEYS *m)
{
	zone->keys.count = 0;
	for (unsigned i = 0; i < m->key.count && i < m->role.count && i < m->state.count &&
			     i < m->dnskey.count && i < KEYS_MAX;
	     i++) {
		struct key *key = &zone->keys.at[i];
		const struct msig_blob *rdata = &m->dnskey.at[i];
		if (rdata->len < 4 || rdata->len > sizeof(key->dnskey))
			return;
		*key = (struct key){.role = (uint8_t)m->role.at[i],
				    .state = (uint8_t)m->state.at[i],
				    .algorithm = rdata->data[3],
				    .len = (uint16_t)rdata->len};
		snprintf(key->id, sizeof(key->id), "%s", m->key.at[i]);
		memcpy(key->dnskey, rdata->data, rdata->len);
		zone->keys.count++;
	}
}

/* One line for each change, and for each new trouble. */
static void
say(struct zone *zone, const struct msig_msg_KEY *ask, int result)
{
	if (result != 0 && (ask->verb != MSIG_KEY_VERB_LIST || strcmp(zone->why, zone->said) != 0))
		log_zone(LOG_LVL_WARN, zone->name, "%s %.40s%s%s: %s",
			 msig_key_verb_name(ask->verb), ask->key,
			 ask->verb == MSIG_KEY_VERB_SET ? " " : "",
			 ask->verb == MSIG_KEY_VERB_SET ? msig_key_state_name(ask->state) : "",
			 zone->why);
	else if (ask->verb == MSIG_KEY_VERB_MAKE)
		log_zone(LOG_LVL_INFO, zone->name, "a %s of algorithm %u is made",
			 msig_key_role_name(ask->role), ask->algorithm);
	else if (ask->verb != MSIG_KEY_VERB_LIST)
		log_zone(LOG_LVL_INFO, zone->name, "key %.40s is %s%s%s", ask->key,
			 ask->verb == MSIG_KEY_VERB_SET ? msig_key_state_name(ask->state)
							: "discarded",
			 *zone->why != '\0' ? "; not in force yet: " : "", zone->why);
	else if (strcmp(zone->why, zone->said) != 0)
		log_zone(*zone->why != '\0' ? LOG_LVL_WARN : LOG_LVL_INFO, zone->name,
			 "%u keys%s%s", zone->keys.count,
			 *zone->why != '\0' ? " listed, but not in force: " : ", in force",
			 zone->why);
	snprintf(zone->said, sizeof(zone->said), "%s", zone->why);
}

static void
on_done(void *arg, const struct msig_msg *answer, bool settled, const char *why)
{
	struct zone *zone = arg;
	struct desk *desk = zone->desk;
	struct request *r = pop(zone);
	const struct msig_msg_KEYS *m = answer != NULL ? &answer->u.KEYS : NULL;
	int result = m != NULL ? m->result : MSIG_ETIMEOUT;

	zone->worker = NULL;
	desk->working--;
	zone->time = loop_utc_ms();
	zone->failed += result != 0;
	zone->settled = settled;
	snprintf(zone->why, sizeof(zone->why), "%s", m != NULL ? m->text : why);
	if (m != NULL && (result == 0 || m->key.count > 0))
		note_keys(zone, m);
	zone->known = result == 0 || (m != NULL && m->key.count > 0);
	say(zone, &r->ask, result);
	if (answer == NULL)
		result = refuse(desk, &r->ask, result, zone->why);
	else
		result = desk->send(desk->arg, answer);
	if (result != 0) /* lost: agentd asks again when it hears of us */
		loop_timer_set(zone->announce, ANNOUNCE_MS);
	request_free(r);
	start_some(desk);
}

/* Requests ------------------------------------------------------------------------------------- */

static void
start_some(struct desk *desk)
{
	for (struct zone *zone = desk->zones; zone != NULL; zone = zone->next) {
		char why[200] = "";
		while (zone->first != NULL && zone->worker == NULL && desk->working < WORKERS) {
			zone->worker = worker_start(desk->loop, desk->conf, zone->driver,
						    &zone->first->ask, &zone->keys, zone->settled,
						    why, sizeof(why), on_done, zone);
			zone->since = loop_utc_ms();
			if (zone->worker != NULL) {
				desk->working++;
				break;
			}
			struct request *r = pop(zone);
			(void)refuse(desk, &r->ask, KNOT_ERROR, why);
			request_free(r);
		}
	}
}

static struct zone *
find(const struct desk *desk, const knot_dname_t *name)
{
	struct zone *zone = desk->zones;

	while (zone != NULL && !msig_name_eq(zone->name, name))
		zone = zone->next;
	return zone;
}

/* A list that waits behind another request, and that is asked for again: agentd has given up on the
 * first. */
static void
drop_list(struct zone *zone, const struct msig_msg_KEY *ask)
{
	struct request **at = zone->worker != NULL ? &zone->first->next : &zone->first;

	while (ask->verb == MSIG_KEY_VERB_LIST && *at != NULL) {
		struct request *r = *at;
		if (r->ask.verb != MSIG_KEY_VERB_LIST || r->ask.id == 0) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		if (*at == NULL)
			zone->last = at;
		zone->waiting--;
		request_free(r);
	}
}

void
desk_ask(struct desk *desk, const struct msig_msg_KEY *ask)
{
	struct zone *zone = find(desk, ask->zone);
	struct request *r;

	if (zone == NULL) {
		(void)refuse(desk, ask, MSIG_EREFUSED,
			     "no driver is configured for this zone (zone.signer-driver)");
		return;
	}
	if (zone->waiting >= WAITING) {
		(void)refuse(desk, ask, KNOT_EBUSY, "too many requests wait");
		return;
	}
	drop_list(zone, ask);
	r = xcalloc(1, sizeof(*r));
	r->ask = *ask;
	r->ask.zone = zone->name;
	r->ask.key = xstrdup(ask->key);
	*zone->last = r;
	zone->last = &r->next;
	zone->waiting++;
	zone->asked++;
	start_some(desk);
}

/* Zones ---------------------------------------------------------------------------------------- */

static void
zone_free(struct zone *zone)
{
	if (zone->worker != NULL)
		zone->desk->working--;
	worker_free(zone->worker);
	while (zone->first != NULL)
		request_free(pop(zone));
	loop_timer_free(zone->announce);
	free(zone->name);
	free(zone);
}

/* The list, unasked: agentd learns that requests to a process before this one are lost. */
static void
announce(void *arg)
{
	struct zone *zone = arg;
	char none[] = "";
	const struct msig_msg_KEY ask = {
	    .zone = zone->name, .verb = MSIG_KEY_VERB_LIST, .key = none};

	desk_ask(zone->desk, &ask);
}

static void
add_zones(struct desk *desk)
{
	for (unsigned i = 0; i < desk->conf->zones; i++) {
		const struct conf_zone *conf = &desk->conf->zone[i];
		const struct driver *driver = driver_find(conf->signer_driver);
		struct zone *zone;
		if (driver == NULL || find(desk, conf->name) != NULL)
			continue;
		zone = xcalloc(1, sizeof(*zone));
		zone->desk = desk;
		zone->name = xmemdup(conf->name, knot_dname_size(conf->name));
		zone->driver = driver;
		zone->last = &zone->first;
		zone->announce = loop_timer_new(desk->loop, announce, zone);
		loop_timer_set(zone->announce, 0);
		zone->next = desk->zones;
		desk->zones = zone;
	}
}

struct desk *
desk_new(struct loop *loop, const struct conf *conf,
	 int (*send)(void *arg, const struct msig_msg *msg), void *arg)
{
	struct desk *desk = xcalloc(1, sizeof(*desk));

	desk->loop = loop;
	desk->conf = conf;
	desk->send = send;
	desk->arg = arg;
	add_zones(desk);
	return desk;
}

void
desk_free(struct desk *desk)
{
	while (desk != NULL && desk->zones != NULL) {
		struct zone *zone = desk->zones;
		desk->zones = zone->next;
		zone_free(zone);
	}
	free(desk);
}

/* What is under way has the configuration of before: a worker has its own copy. */
void
desk_reload(struct desk *desk, const struct conf *conf)
{
	desk->conf = conf;
	for (struct zone **at = &desk->zones; *at != NULL;) {
		struct zone *zone = *at;
		const struct conf_zone *now = conf_zone_find(conf, zone->name);
		const struct driver *driver = now != NULL ? driver_find(now->signer_driver) : NULL;
		if (driver == zone->driver) {
			zone->settled = false;
			at = &zone->next;
			continue;
		}
		*at = zone->next;
		zone_free(zone);
	}
	add_zones(desk);
	start_some(desk);
}

void
desk_each(const struct desk *desk, void (*each)(void *arg, const struct desk_zone *zone), void *arg)
{
	for (const struct zone *zone = desk->zones; zone != NULL; zone = zone->next) {
		const struct desk_zone shown = {
		    .name = zone->name,
		    .driver = zone->driver->name,
		    .keys = &zone->keys,
		    .known = zone->known,
		    .settled = zone->settled,
		    .why = zone->why,
		    .time = zone->time,
		    .asked = zone->asked,
		    .failed = zone->failed,
		    .waiting = zone->waiting,
		    .verb = zone->worker != NULL ? msig_key_verb_name(zone->first->ask.verb) : "",
		    .since = zone->since,
		};
		each(arg, &shown);
	}
}
