/*
 * The zones of this agent, by the configuration, and what an operator says to one of them.
 */
#include <stdlib.h>
#include "agentd/content.h"
#include "agentd/keyring.h"
#include "agentd/look.h"
#include "agentd/peers.h"
#include "agentd/zones_int.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

void
zones_mark(struct zone *zone)
{
	zone->dirty = true;
	loop_timer_set(zone->agent->run_timer, 0);
}

static void
run(void *arg)
{
	struct agent *agent = arg;

	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		if (zone->dirty) {
			(void)zones_settle(zone);
		}
	}
}

static void
woken(void *arg)
{
	zones_mark(arg);
}

struct zone *
zones_find(struct agent *agent, const knot_dname_t *name)
{
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		if (msig_name_eq(zone->name, name)) {
			return zone;
		}
	}
	return NULL;
}

static void
zone_add(struct agent *agent, const struct conf_zone *conf)
{
	struct zone *zone = xcalloc(1, sizeof(*zone));

	zone->agent = agent;
	zone->conf = conf;
	zone->name = xmemdup(conf->name, knot_dname_size(conf->name));
	knot_dname_to_lower(zone->name);
	(void)msig_name_text(zone->name, zone->text);
	zone->wake = loop_timer_new(agent->loop, woken, zone);
	zone->apply_timer = loop_timer_new(agent->loop, zones_apply_timeout, zone);
	zone->reason_timer = loop_timer_new(agent->loop, zones_say_reason, zone);
	zone->follow_timer = loop_timer_new(agent->loop, zones_follow, zone);
	zone->load_timer = loop_timer_new(agent->loop, zones_load_again, zone);
	zones_load(zone);
	zone->keyring = keyring_new(zone);
	zone->content = content_new(zone);
	zone->next = agent->zones;
	agent->zones = zone;
	zones_share_contacts(zone); /* as the store knew them */
	zones_tell_peers(zone);
	loop_timer_set(zone->follow_timer, 0);
	zones_mark(zone);
}

static void
zone_free(struct zone *zone)
{
	look_stop(zone);
	loop_timer_free(zone->wake);
	loop_timer_free(zone->apply_timer);
	loop_timer_free(zone->reason_timer);
	loop_timer_free(zone->follow_timer);
	loop_timer_free(zone->load_timer);
	evidence_clear(zone);
	keyring_free(zone->keyring);
	content_free(zone->content);
	view_free(zone->view);
	free(zone->parent);
	free(zone->name);
	free(zone);
}

int
zones_open(struct agent *agent)
{
	agent->run_timer = loop_timer_new(agent->loop, run, agent);
	for (unsigned i = 0; i < agent->conf->zones; i++) {
		zone_add(agent, &agent->conf->zone[i]);
	}
	return 0;
}

void
zones_close(struct agent *agent)
{
	while (agent->zones != NULL) {
		struct zone *zone = agent->zones;
		agent->zones = zone->next;
		zone_free(zone);
	}
	loop_timer_free(agent->run_timer);
	agent->run_timer = NULL;
}

/* A zone that the configuration no longer has: its state stays in the database. */
static void
zone_drop(struct zone *zone)
{
	struct agent *agent = zone->agent;
	struct msig_msg msg = {.id = MSIG_MSG_FOLLOW};

	for (struct contact *c = agent->contacts, *next; c != NULL; c = next) {
		next = c->next;
		if (peer_zone_find(c->peer, zone->name) != NULL) {
			peers_unshare(agent, c->peer->identity, zone->name);
		}
	}
	msg.u.FOLLOW.zone = zone->name;
	(void)agent_send(agent, &msg);
	log_zone(LOG_LVL_INFO, zone->name, "not configured any more: left as it is");
	zone_free(zone);
}

void
zones_reload(struct agent *agent)
{
	for (struct zone **at = &agent->zones; *at != NULL;) {
		struct zone *zone = *at;
		const struct conf_zone *conf = conf_zone_find(agent->conf, zone->name);
		if (conf == NULL) {
			*at = zone->next;
			zone_drop(zone);
			continue;
		}
		zone->conf = conf;
		zones_configure(zone);
		zones_load_again(zone);
		loop_timer_set(zone->follow_timer, 0);
		zones_mark(zone);
		at = &zone->next;
	}
	for (unsigned i = 0; i < agent->conf->zones; i++) {
		if (zones_find(agent, agent->conf->zone[i].name) == NULL) {
			log_zone(LOG_LVL_INFO, agent->conf->zone[i].name, "configured anew");
			zone_add(agent, &agent->conf->zone[i]);
		}
	}
}

int
zones_operator(struct zone *zone, const char *actor, const char *text,
	       int (*tell)(struct zone_view *view, const void *arg), const void *arg)
{
	struct store *store = zone->agent->store;
	int ret = zone->broken ? MSIG_EDB : store_begin(store);

	if (ret != 0) {
		return ret;
	}
	ret = zones_journal(zone, actor, "operator", text, NULL, 0);
	if (ret == 0) {
		ret = tell(zone->view, arg);
	}
	if (ret != 0) {
		store_rollback(store);
		return ret;
	}
	log_zone(LOG_LVL_INFO, zone->name, "%s by %s", text, actor);
	return zones_settle(zone);
}

static int
tell_command(struct zone_view *view, const void *arg)
{
	(void)view_on_command(view, *(const enum view_command *)arg);
	return 0;
}

int
zones_command(struct zone *zone, enum view_command command, const char *actor)
{
	static const char *const text[] = {"pause", "resume", "abort", "confirm"};

	return zones_operator(zone, actor, text[command], tell_command, &command);
}

void
zones_mark_all(struct agent *agent)
{
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		zones_mark(zone);
	}
}
