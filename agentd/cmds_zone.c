/*
 * Commands that look at zones: status, tracking, why, journal, hsync.
 */
#include "config.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "agentd/peers.h"
#include "agentd/process.h"

#define JOURNAL_DEFAULT 50
#define JOURNAL_MAX 1000

json_t *
cmds_status(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *answer = answer_ok(), *zones = json_array();
	unsigned operational = 0, total = 0, in_sync = 0, moving = 0, waiting = 0, blocked = 0;
	unsigned drivers = 0;
	bool rebuild = false;

	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		operational += c->peer->state == PEER_OPERATIONAL;
		total++;
	}
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		const char *state = answer_state(zone);
		json_array_append_new(zones, answer_zone(zone));
		rebuild = rebuild || zone->view->d.rebuild;
		drivers += zone->view->config.driver;
		in_sync += strcmp(state, "in-sync") == 0;
		moving += strcmp(state, "moving") == 0;
		waiting += strcmp(state, "waiting") == 0 || strcmp(state, "starting") == 0;
		blocked += strcmp(state, "blocked") == 0 || strcmp(state, "broken") == 0 ||
			   strcmp(state, "paused") == 0;
	}
	answer_put_text(answer, "identity", agent->identity_text);
	answer_put_text(answer, "version", PACKAGE_VERSION);
	answer_put(answer, "pid", json_integer(getpid()));
	answer_put_time(answer, "started", (int64_t)agent->started);
	answer_put_lab(answer, agent);
	answer_put_text(answer, "database",
			store_broken(agent->store) ? "static"
			: rebuild                  ? "rebuild"
						   : "ok");
	answer_put(answer, "peers",
		   json_pack("{s:i, s:i}", "operational", (int)operational, "total", (int)total));
	answer_put(answer, "drivers", json_integer(drivers)); /* zones that signerd is for */
	answer_put(answer, "zones", zones);
	answer_put(answer, "count",
		   json_pack("{s:i, s:i, s:i, s:i}", "in_sync", (int)in_sync, "moving", (int)moving,
			     "waiting", (int)waiting, "blocked", (int)blocked));
	return answer;
}

struct collect {
	json_t *list;
	const char *kind; /* or NULL: all */
	unsigned limit;
};

static void
collect_entry(void *arg, const struct store_entry *entry)
{
	struct collect *c = arg;
	char zone[MSIG_NAME_TEXT];
	json_t *j;

	if ((c->kind != NULL && strcmp(entry->kind, c->kind) != 0) ||
	    json_array_size(c->list) >= c->limit) {
		return;
	}
	j = json_object();
	answer_put(j, "seq", json_integer((json_int_t)entry->seq));
	answer_put_time(j, "time", (int64_t)entry->time);
	answer_put(j, "zone",
		   entry->zone != NULL ? json_string(msig_name_text(entry->zone, zone))
				       : json_null());
	answer_put_text(j, "actor", entry->actor);
	answer_put_text(j, "kind", entry->kind);
	answer_put_text(j, "text", entry->text);
	json_array_append_new(c->list, j);
}

static json_t *
places_json(const struct zone *zone)
{
	static const char *const kinds[] = {
	    [PLACE_SIGNER] = "signer", [PLACE_SERVER] = "server", [PLACE_PARENT] = "parent"};
	json_t *list = json_array();

	for (int i = 0; i < VIEW_PLACES; i++) {
		const struct view_place *p = zone->view->d.place[i];
		int64_t asked = 0;
		const char *trouble = "";
		json_t *j;
		if (p == NULL) {
			continue;
		}
		for (int t = 0; t < VIEW_TYPE_COUNT; t++) {
			const struct view_history *h = &p->history[t];
			asked = h->time > asked ? h->time : asked;
			if (h->tried != 0 && h->status == MSIG_SEEN_UNKNOWN) {
				trouble = h->reason;
			}
		}
		if (*trouble == '\0' && p->kind == PLACE_PARENT &&
		    view_serves_child(zone->view, p->server)) {
			trouble = "serves the zone, too: what it delegates to does not show";
		}
		j = json_object();
		answer_put_text(j, "server", p->server);
		answer_put_text(j, "kind", kinds[p->kind]);
		answer_put_text(
		    j, "provider",
		    p->kind == PLACE_SIGNER ? answer_identity(zone->view, VIEW_SELF)
		    : p->kind == PLACE_PARENT
			? ""
			: answer_identity(zone->view, view_place_provider(zone->view, p)));
		answer_put_time(j, "asked", asked);
		answer_put(j, "named", json_boolean(p->named != 0));
		answer_put_text(j, "trouble", trouble);
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
steps_json(const struct zone_view *view)
{
	const struct view_process *p = &view->d.process;
	const struct process_rule *rule = process_rule(p->kind);
	json_t *list = json_array();

	for (int i = 0; rule != NULL && i < rule->steps; i++) {
		json_t *j = json_object();
		answer_put(j, "step", json_integer(i));
		answer_put_text(j, "name", rule->step[i].name);
		answer_put_text(j, "state", i < p->step ? "done" : i == p->step ? "now" : "open");
		json_array_append_new(list, j);
	}
	return list;
}

json_t *
cmds_tracking(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *error = NULL, *answer;
	struct zone *zone = answer_zone_of(agent, request, &error);
	struct collect did = {.kind = "step", .limit = 5};
	const struct view_process *p;
	const struct process_rule *rule;
	char text[500] = "";

	if (zone == NULL) {
		return error;
	}
	answer = answer_about(zone);
	did.list = json_array();
	(void)store_journal(agent->store, zone->name, 0, 200, collect_entry, &did);
	answer_put(answer, "did", did.list);
	if (zone->view->reasons > 0) {
		(void)reason_text(&zone->view->reason[0], text, sizeof(text));
	}
	answer_put_text(answer, "doing", *text != '\0' ? text : "nothing: in its target state");
	p = &zone->view->d.process;
	rule = process_rule(p->kind);
	answer_put_text(answer, "will",
			rule != NULL && p->step < rule->steps && rule->step[p->step].next != NULL
			    ? rule->step[p->step].next
			    : "");
	answer_put(answer, "reasons", answer_reasons(zone->view));
	answer_put(answer, "places", places_json(zone));
	answer_put(answer, "steps", steps_json(zone->view));
	return answer;
}

json_t *
cmds_why(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL, *answer;
	struct zone *zone = answer_zone_of(arg, request, &error);

	if (zone == NULL) {
		return error;
	}
	answer = answer_about(zone);
	answer_put(answer, "reasons", answer_reasons(zone->view));
	return answer;
}

json_t *
cmds_journal(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_int_t limit = json_integer_value(json_object_get(request, "limit"));
	json_int_t before = json_integer_value(json_object_get(request, "before"));
	struct collect all = {0};
	struct zone *zone = NULL;
	json_t *error = NULL, *answer;

	if (json_object_get(request, "zone") != NULL &&
	    (zone = answer_zone_of(agent, request, &error)) == NULL) {
		return error;
	}
	if (limit > JOURNAL_MAX) {
		return ctl_error(EXIT_USAGE,
				 "at most %d entries of the journal at a time; ask for those "
				 "\"before\" the oldest \"seq\" of the answer next",
				 JOURNAL_MAX);
	}
	all.limit = limit <= 0 ? JOURNAL_DEFAULT : (unsigned)limit;
	all.list = json_array();
	if (store_journal(agent->store, zone != NULL ? zone->name : NULL,
			  before > 0 ? (uint64_t)before : 0, all.limit, collect_entry, &all) != 0) {
		json_decref(all.list);
		return ctl_error(EXIT_FAILED, "journal: %s", store_error(agent->store));
	}
	answer = answer_ok();
	answer_put(answer, "entries", all.list);
	return answer;
}

json_t *
cmds_hsync(void *arg, struct ctl_request *req, const json_t *request)
{
	static const char *const names[] = {[MSIG_SEEN_UNKNOWN] = "unknown",
					    [MSIG_SEEN_ABSENT] = "absent",
					    [MSIG_SEEN_SET] = "set"};
	struct agent *agent = arg;
	json_t *error = NULL, *answer, *list = json_array();
	struct zone *zone = answer_zone_of(agent, request, &error);
	const struct view_hsync *now, *good;

	if (zone == NULL) {
		json_decref(list);
		return error;
	}
	now = &zone->view->hsync;
	good = now->status == MSIG_SEEN_SET && now->error[0] == '\0' ? now : &zone->view->d.hsync;
	for (int i = 0; i < good->count; i++) {
		const struct view_hsync_entry *e = &good->entry[i];
		int number = view_provider_find(zone->view, e->identity);
		json_t *j = json_object();
		answer_put_text(j, "identity", e->identity);
		answer_put_text(j, "state", e->on ? "ON" : "OFF");
		answer_put_text(j, "nsmgmt", e->agent ? "AGENT" : "OWNER");
		answer_put_text(j, "sign", e->sign ? "SIGN" : "NOSIGN");
		answer_put(j, "member",
			   json_boolean(number >= 0 && zone->view->d.provider[number].member));
		answer_put(j, "self", json_boolean(strcmp(e->identity, agent->identity_text) == 0));
		json_array_append_new(list, j);
	}
	answer = answer_ok();
	answer_put_text(answer, "zone", zone->text);
	answer_put_text(answer, "status", names[now->status]);
	answer_put_text(answer, "error",
			now->error[0] != '\0' ? now->error : zone->view->hsync_why);
	answer_put_text(answer, "freeze", zone->view->freeze);
	answer_put(answer, "serial", json_integer(good->serial));
	answer_put_time(answer, "time", good->time);
	answer_put(answer, "digest", answer_hex(good->digest, sizeof(good->digest)));
	answer_put(answer, "records", list);
	answer_put(answer, "type", json_integer(agent->conf->hsync_type));
	return answer;
}
