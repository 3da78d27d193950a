/*
 * The one place that decides: the new state is stored, then what was decided is done, then whoever
 * looks at the zone is told.
 */
#include <stdlib.h>
#include <string.h>
#include "agentd/checkup.h"
#include "agentd/content.h"
#include "agentd/peers.h"
#include "agentd/zones_int.h"
#include "libmsig/daemon/log.h"

#define REASON_SETTLES_MS 1000

int
zones_journal(struct zone *zone, const char *actor, const char *kind, const char *text,
	      const void *evidence, size_t len)
{
	struct store_entry entry = {
	    .time = loop_utc_ms(),
	    .zone = zone->name,
	    .actor = actor,
	    .kind = kind,
	    .text = text,
	    .evidence = evidence,
	    .evidence_len = len,
	};

	return store_journal_add(zone->agent->store, &entry);
}

/* Everything that a plan makes durable, into the open transaction. */
static int
store_plan(struct zone *zone, const struct plan *plan)
{
	struct store *store = zone->agent->store;
	uint8_t *blob = NULL;
	size_t len;
	int ret = 0;

	if (plan->persist) {
		ret = view_encode(zone->view, &blob, &len);
		if (ret == 0) {
			ret = store_zone_set(store, zone->name, blob, len);
		}
		free(blob);
	}
	for (int i = 0; i < plan->count && ret == 0; i++) {
		const struct action *a = &plan->action[i];
		if (a->kind == ACT_JOURNAL || a->kind == ACT_ALARM) {
			ret = zones_journal(zone, zone->agent->identity_text,
					    a->kind == ACT_ALARM ? "alarm" : "step", a->text, NULL,
					    0);
		}
	}
	return ret;
}

static bool
writes(const struct plan *plan)
{
	bool any = plan->persist;

	for (int i = 0; i < plan->count; i++) {
		any =
		    any || plan->action[i].kind == ACT_JOURNAL || plan->action[i].kind == ACT_ALARM;
	}
	return any;
}

static void
set_wake(struct zone *zone, int64_t wake)
{
	int64_t now = (int64_t)loop_utc_ms();

	zone->wake_at = wake;
	if (wake == VIEW_NEVER) {
		loop_timer_cancel(zone->wake);
	} else {
		loop_timer_set(zone->wake, wake > now ? (uint64_t)(wake - now) : 1);
	}
}

/* The contacts that the owner's instruction asks for, as far as it is known. */
void
zones_share_contacts(struct zone *zone)
{
	struct agent *agent = zone->agent;
	const struct view_hsync *h = &zone->view->d.hsync;
	bool ours = view_hsync_of(h, agent->identity_text) != NULL;

	if (h->status != MSIG_SEEN_SET) {
		return;
	}
	if (memcmp(h->digest, zone->hsync_digest, sizeof(zone->hsync_digest)) != 0) {
		memcpy(zone->hsync_digest, h->digest, sizeof(zone->hsync_digest));
		peers_hsync_changed(agent, zone->name);
		content_reload(zone->content);
	}
	for (int i = 0; i < h->count && ours; i++) {
		if (strcmp(h->entry[i].identity, agent->identity_text) != 0) {
			(void)peers_share(agent, h->entry[i].identity, zone->name);
		}
	}
	for (struct contact *c = agent->contacts, *next; c != NULL; c = next) {
		int number = view_provider_find(zone->view, c->peer->identity);
		bool wanted = (number > 0 && zone->view->d.provider[number].member) ||
			      (ours && view_hsync_of(h, c->peer->identity) != NULL);
		next = c->next;
		if (!wanted && peer_zone_find(c->peer, zone->name) != NULL) {
			peers_unshare(agent, c->peer->identity, zone->name);
		}
	}
}

/* The log says once why the zone is not where it should be, and once that it is; what only lasts
 * for a moment is not worth a line. */
static void
log_reason(struct zone *zone)
{
	char text[sizeof(zone->reason_text)] = "";

	if (zone->view->reasons > 0) {
		reason_text(&zone->view->reason[0], text, sizeof(text));
	}
	if (strcmp(text, zone->reason_text) == 0) {
		return;
	}
	strcpy(zone->reason_text, text);
	loop_timer_set(zone->reason_timer, REASON_SETTLES_MS);
}

void
zones_say_reason(void *arg)
{
	struct zone *zone = arg;
	const char *text = zone->reason_text;

	if (strcmp(text, zone->reason_said) == 0) {
		return;
	}
	strcpy(zone->reason_said, text);
	if (*text == '\0') {
		log_zone(LOG_LVL_INFO, zone->name,
			 "in its target state; next: the signer's zone "
			 "and all servers are looked at again and again");
	} else {
		log_zone(LOG_LVL_INFO, zone->name, "waits: %s", text);
	}
}

/* The volatile part of a view is asked for again; what peers are is known here. */
void
zones_tell_peers(struct zone *zone)
{
	for (struct contact *c = zone->agent->contacts; c != NULL; c = c->next) {
		int number = view_provider_find(zone->view, c->peer->identity);
		char why[200];
		if (number > 0 && peer_zone_find(c->peer, zone->name) != NULL) {
			(void)peers_why(c, zone->name, why, sizeof(why));
			(void)view_on_peer(zone->view, number, *why == '\0', why);
			(void)view_on_apart(zone->view, number, peers_apart(c));
		}
	}
}

void
zones_forget(struct zone *zone)
{
	log_zone(LOG_LVL_ERROR, zone->name, "not stored, so it did not happen: %s",
		 store_error(zone->agent->store));
	zones_load(zone);
	zones_tell_peers(zone);
	loop_timer_set(zone->wake, 1000);
}

static void
check_clock(struct zone *zone)
{
	struct view_clock clock = agent_clock(zone->agent);
	int64_t by = view_check_clock(zone->view, &clock);

	zone->decided = clock.now;
	if (by != 0 && zone->agent->clock_told != clock.now - clock.up) {
		zone->agent->clock_told = clock.now - clock.up; /* once, for all zones */
		if (by == VIEW_CLOCK_UNSURE) {
			log_warn("this machine was started again, and the kernel does not know "
				 "that its clock is right: every hold counts anew; start agentd "
				 "after time-sync.target, and see that NTP runs");
		} else {
			log_warn("the clock was set by %lld s: every hold counts anew; see that "
				 "this machine keeps its time",
				 (long long)(by / 1000));
		}
	}
}

int
zones_settle(struct zone *zone)
{
	return zones_settle_heard(zone, NULL);
}

int
zones_settle_heard(struct zone *zone, const struct heard *heard)
{
	struct store *store = zone->agent->store;
	struct plan *plan;
	struct heard waited;
	bool counts, due;
	int ret = 0;

	zone->dirty = false;
	if (zone->broken) {
		return store_in_transaction(store) ? store_commit(store) : 0;
	}
	plan = xcalloc(1, sizeof(*plan));
	check_clock(zone);
	decide(zone->view, zone->decided, plan);
	if (writes(plan) && !store_in_transaction(store)) {
		ret = store_begin(store);
	}
	counts = heard != NULL && evidence_counts(zone, heard);
	if (heard != NULL && !counts) {
		evidence_wait(zone, heard);
	}
	due = store_in_transaction(store) && evidence_due(zone, &waited);
	if (ret == 0 && due) { /* the message, then what came of it */
		ret = evidence_add(zone, &waited);
	}
	if (ret == 0 && counts) {
		ret = evidence_add(zone, heard);
	}
	if (ret == 0 && writes(plan)) {
		ret = store_plan(zone, plan);
	}
	if (store_in_transaction(store)) {
		if (ret == 0) {
			ret = store_commit(store);
		} else {
			store_rollback(store);
		}
	}
	if (ret != 0) {
		zones_forget(zone);
	} else {
		if (due) {
			evidence_stored(zone, &waited);
		}
		if (counts) {
			evidence_stored(zone, heard);
		}
		set_wake(zone, plan->wake);
		log_reason(zone);
		zones_act(zone, plan);
		zones_share_contacts(zone);
		checkup_watch(zone);
	}
	free(plan);
	return ret;
}

void
zones_say(struct zone *zone, bool wrong, const char *text)
{
	log_zone(wrong ? LOG_LVL_WARN : LOG_LVL_INFO, zone->name, "%s", text);
	(void)zones_journal(zone, zone->agent->identity_text, wrong ? "alarm" : "step", text, NULL,
			    0);
}
