/*
 * Commands about processes: graph, and plan, the dry run.
 */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libknot/libknot.h>
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "agentd/graph.h"
#include "agentd/hold.h"
#include "agentd/outlook.h"
#include "libmsig/daemon/log.h"
#include "libmsig/key.h"
#include "libmsig/msg.h"
#include "libmsig/name.h"

/* Where the zone is in the process that runs, or how the last one ended. */
static json_t *
present(const struct zone_view *view)
{
	const struct view_process *p = &view->d.process;
	const struct view_ended *e = &view->d.ended;
	json_t *j = json_object();

	if (p->kind != 0) {
		answer_put(j, "step", json_integer(p->step));
		answer_put_text(j, "phase", process_phase_name(p->phase));
		answer_put_text(j, "subject", answer_identity(view, p->subject));
		answer_put_time(j, "since", p->since);
		answer_put(j, "turned", json_boolean(p->turned));
	} else {
		answer_put(j, "step", json_null());
		answer_put_text(j, "phase", e->completed ? "completed" : "aborted");
		answer_put_text(j, "subject", answer_identity(view, e->subject));
		answer_put_time(j, "since", e->time);
	}
	return j;
}

json_t *
cmds_graph(void *arg, struct ctl_request *req, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "process"));
	const struct process_rule *rule = NULL;
	const struct zone_view *view;
	struct zone *zone = NULL;
	json_t *error = NULL, *answer;
	char names[200];

	if (name != NULL && (rule = graph_find(name)) == NULL) {
		return ctl_error(EXIT_USAGE, "no process is named %s; there are: %s", name,
				 graph_names(names, sizeof(names)));
	}
	if (name == NULL) {
		zone = answer_zone_of(arg, request, &error);
		if (zone == NULL) {
			return error;
		}
		view = zone->view;
		rule = process_rule(view->d.process.kind != 0 ? view->d.process.kind
							      : view->d.ended.kind);
	}
	if (rule == NULL) {
		return ctl_error(EXIT_FAILED,
				 "no process runs in %s, and none did; by name there are: %s",
				 zone->text, graph_names(names, sizeof(names)));
	}
	answer = answer_ok();
	answer_put(answer, "process", graph_json(rule));
	answer_put(answer, "zone", zone != NULL ? json_string(zone->text) : json_null());
	answer_put(answer, "now", zone != NULL ? present(zone->view) : json_null());
	return answer;
}

/* plan ----------------------------------------------------------------------------------------- */

static json_t *
checks_json(const struct outlook_check *check, int count)
{
	json_t *list = json_array();

	for (int i = 0; i < count; i++) {
		const struct outlook_check *c = &check[i];
		bool reason = c->verdict == OUTLOOK_WARN || c->verdict == OUTLOOK_FAIL;
		json_t *j = json_object();
		answer_put_text(j, "verdict", outlook_verdict_name(c->verdict));
		answer_put_text(j, "what", c->what);
		answer_put(j, "step", c->step >= 0 ? json_integer(c->step) : json_null());
		answer_put(j, "reason", reason ? answer_reason(&c->why) : json_null());
		json_array_append_new(list, j);
	}
	return list;
}

/* The record as a line of a zone file; empty if it has no text. */
static void
record_text(const struct zone_view *view, const struct rr *rr, char *buf, size_t len)
{
	char type[32] = "", data[4096] = "";
	knot_rrset_t set;

	knot_rrset_init(&set, NULL, rr->type, KNOT_CLASS_IN, 0);
	set.rrs.count = 1;
	set.rrs.size = (uint32_t)knot_rdata_size(rr->rdata->len);
	set.rrs.rdata = rr->rdata; /* borrowed */
	*buf = '\0';
	if (knot_rrtype_to_string(rr->type, type, sizeof(type)) > 0 &&
	    knot_rrset_txt_dump_data(&set, 0, data, sizeof(data), &KNOT_DUMP_STYLE_DEFAULT) > 0) {
		snprintf(buf, len, "%s IN %s %s", view->zone, type, data);
	}
}

/* What people call it: "DNSKEY 12345, algorithm 13, ZSK". */
static void
record_name(const struct rr *rr, const char *type, char *buf, size_t len)
{
	knot_dname_txt_storage_t name;

	if (rr->type == KNOT_RRTYPE_NS) {
		(void)knot_dname_to_str(name, rr->rdata->data, sizeof(name));
		snprintf(buf, len, "NS %s", name);
	} else if (rr->type == KNOT_RRTYPE_DNSKEY) {
		snprintf(buf, len, "DNSKEY %u, algorithm %u, %s", rr->tag, rr->alg,
			 (rr->flags & MSIG_DNSKEY_SEP) != 0 ? "KSK or CSK" : "ZSK");
	} else {
		snprintf(buf, len, "%s %u, algorithm %u", type, rr->tag, rr->alg);
	}
}

static json_t *
change_json(const struct zone_view *view, const struct outlook_change *c)
{
	static const char *const roles[] = {
	    [MSIG_KEY_ROLE_ZSK] = "ZSK", [MSIG_KEY_ROLE_KSK] = "KSK", [MSIG_KEY_ROLE_CSK] = "CSK"};
	char record[5000] = "", type[32] = "", name[KNOT_DNAME_TXT_MAXLEN + 64];
	json_t *j = json_object();

	(void)knot_rrtype_to_string(c->type, type, sizeof(type));
	if (c->rr >= 0) {
		record_text(view, &view->d.pool.at[c->rr], record, sizeof(record));
		record_name(&view->d.pool.at[c->rr], type, name, sizeof(name));
	} else if (c->role != 0) {
		snprintf(name, sizeof(name), "%s of the %s %s", type, c->add ? "new" : "old",
			 roles[c->role]);
	} else {
		snprintf(name, sizeof(name), "%s", type);
	}
	answer_put(j, "add", json_boolean(c->add));
	answer_put_text(j, "of", answer_identity(view, c->of));
	answer_put_text(j, "type", type);
	answer_put_text(j, "record", record);
	answer_put_text(j, "text", name);
	answer_put(j, "at", answer_identities(view, c->at));
	return j;
}

static json_t *
plan_holds(const struct zone_view *view, const struct outlook_step *s)
{
	json_t *list = json_array();

	for (int i = 0; i < s->holds; i++) {
		const struct outlook_hold *h = &s->hold[i];
		json_t *j = json_object();
		answer_put_text(j, "name", hold_name(h->hold));
		answer_put(j, "ttl", json_integer(h->ttl));
		answer_put(j, "length", json_integer(h->length));
		answer_put_time(j, "from", h->from);
		answer_put_time(j, "until", h->until);
		answer_put_text(j, "place", h->place);
		answer_put_text(j, "provider", answer_identity(view, h->provider));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
plan_step(const struct zone_view *view, const struct outlook_step *s, int number)
{
	static const char *const states[] = {
	    [OUTLOOK_DONE] = "done", [OUTLOOK_NOW] = "now", [OUTLOOK_OPEN] = "open"};
	json_t *j = json_object(), *list = json_array();

	for (int i = 0; i < s->changes; i++) {
		json_array_append_new(list, change_json(view, &s->change[i]));
	}
	answer_put(j, "step", json_integer(number));
	answer_put_text(j, "name", s->rule->name);
	answer_put_text(j, "state", states[s->state]);
	answer_put(j, "acts", answer_identities(view, s->actors));
	answer_put_text(j, "parent", s->parent_ds ? "DS" : s->parent_ns ? "NS" : "");
	answer_put(j, "owner", json_boolean(s->owner_ns));
	answer_put_text(j, "why", outlook_why(s));
	answer_put(j, "guard", checks_json(s->check, s->checks));
	answer_put(j, "effect", graph_effects(s->rule->effect));
	answer_put(j, "keys", graph_keys(&s->fresh, &s->old, NULL));
	answer_put(j, "changes", list);
	answer_put(j, "unlisted", json_integer(s->unlisted));
	answer_put(j, "done", graph_conditions(s->rule->done));
	answer_put(j, "holds", plan_holds(view, s));
	answer_put(j, "work", json_integer(s->work));
	answer_put_time(j, "begin", s->begin);
	answer_put_time(j, "end", s->end);
	return j;
}

static json_t *
plan_json(const struct zone_view *view, const struct outlook *o)
{
	json_t *j = json_object(), *steps = json_array(), *advice = json_array();

	for (int i = 0; i < o->steps; i++) {
		json_array_append_new(steps, plan_step(view, &o->step[i], i));
	}
	for (int i = 0; i < o->advices; i++) {
		json_array_append_new(advice, json_string(o->advice[i]));
	}
	answer_put_text(j, "process", o->rule->name);
	answer_put_text(j, "subject", answer_identity(view, o->subject));
	answer_put_text(j, "requestor", answer_identity(view, o->requestor));
	answer_put(j, "algorithm", json_integer(o->algorithm));
	answer_put(j, "running", json_boolean(o->running));
	answer_put_text(j, "verdict", outlook_verdict_name(o->worst));
	answer_put(j, "start", checks_json(o->start, o->starts));
	answer_put(j, "steps", steps);
	answer_put_time(j, "begin", o->begin);
	answer_put_time(j, "end", o->end);
	answer_put(j, "work", json_integer(o->work));
	answer_put(j, "scans", json_integer(o->scans));
	answer_put(j, "advice", advice);
	return j;
}

/* The process that is asked about; NULL: it is in *ask. */
static json_t *
plan_ask(const struct zone *zone, const json_t *request, struct outlook_ask *ask)
{
	const char *name = json_string_value(json_object_get(request, "process"));
	const char *provider = json_string_value(json_object_get(request, "provider"));
	json_int_t algorithm = json_integer_value(json_object_get(request, "algorithm"));
	const struct process_rule *rule = name != NULL ? graph_find(name) : NULL;
	knot_dname_storage_t wire;
	char names[200], text[MSIG_NAME_TEXT];

	*ask = (struct outlook_ask){.kind = zone->view->d.process.kind, .provider = -1};
	if (name == NULL && ask->kind == 0) {
		return ctl_error(EXIT_USAGE, "which process? none runs in %s; there are: %s",
				 zone->text, graph_names(names, sizeof(names)));
	}
	if (name != NULL && rule == NULL) {
		return ctl_error(EXIT_USAGE, "no process is named %s; there are: %s", name,
				 graph_names(names, sizeof(names)));
	}
	ask->kind = rule != NULL ? rule->kind : ask->kind;
	if (algorithm < 0 || algorithm > UINT8_MAX) {
		return ctl_error(EXIT_USAGE, "an algorithm is a number up to 255");
	}
	ask->algorithm = (uint8_t)algorithm;
	if (provider != NULL) {
		if (msig_name_parse(provider, wire) != 0) {
			return ctl_error(EXIT_USAGE, "%s is not a domain name", provider);
		}
		ask->provider = view_provider_find(zone->view, msig_name_text(wire, text));
		if (ask->provider < 0) {
			return ctl_error(EXIT_USAGE,
					 "%s is not known in %s: HSYNC does not name it", text,
					 zone->text);
		}
	}
	return NULL;
}

json_t *
cmds_plan(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL, *answer;
	struct zone *zone = answer_zone_of(arg, request, &error);
	struct outlook_ask ask;
	struct outlook *o;
	char err[200] = "";

	if (zone == NULL || (error = plan_ask(zone, request, &ask)) != NULL) {
		return error;
	}
	o = xcalloc(1, sizeof(*o));
	if (outlook_make(zone->view, &ask, (int64_t)loop_utc_ms(), o, err, sizeof(err)) != 0) {
		free(o);
		return ctl_error(EXIT_USAGE, "%s", err);
	}
	answer = answer_about(zone);
	answer_put(answer, "plan", plan_json(zone->view, o));
	free(o);
	return answer;
}
