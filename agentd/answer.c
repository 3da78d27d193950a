/*
 * The pieces of agentd's answers. See answer.h.
 */
#include "config.h"
#include <stdio.h>
#include <string.h>
#include "agentd/elect.h"
#include "agentd/answer.h"
#include "agentd/content.h"
#include "agentd/operator.h"
#include "agentd/process.h"
#include "libmsig/daemon/log.h"

void
answer_put(json_t *object, const char *name, json_t *value)
{
	if (value == NULL || json_object_set_new(object, name, value) != 0) {
		fatal("out of memory");
	}
}

void
answer_put_time(json_t *object, const char *name, int64_t t)
{
	answer_put(object, name, json_integer(t == VIEW_NEVER ? 0 : t));
}

void
answer_put_text(json_t *object, const char *name, const char *text)
{
	json_t *s = json_string(text);

	/* Text of others may be no UTF-8. */
	answer_put(object, name, s != NULL ? s : json_string("?"));
}

json_t *
answer_ok(void)
{
	json_t *answer = ctl_ok();

	answer_put_time(answer, "now", (int64_t)loop_utc_ms());
	return answer;
}

json_t *
answer_hex(const uint8_t *data, size_t len)
{
	char text[2 * 64 + 1];

	len = len < 64 ? len : 64;
	for (size_t i = 0; i < len; i++) {
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	}
	text[2 * len] = '\0';
	return json_string(text);
}

const char *
answer_identity(const struct zone_view *view, int provider)
{
	return provider >= 0 && provider < VIEW_PROVIDERS ? view->d.provider[provider].identity
							  : "";
}

json_t *
answer_identities(const struct zone_view *view, uint32_t bits)
{
	json_t *list = json_array();

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if ((bits >> i & 1) != 0) {
			json_array_append_new(list, json_string(answer_identity(view, i)));
		}
	}
	return list;
}

/* "a., b. and 3 more", or that there is none. */
static const char *
zones_text(const struct agent *agent, char *buf, size_t len)
{
	unsigned more = 0;
	size_t at = 0;

	*buf = '\0';
	for (const struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		if (more > 0 || at + strlen(zone->text) + 24 > len) {
			more++;
			continue;
		}
		at += (size_t)snprintf(buf + at, len - at, "%s%s", at > 0 ? ", " : "", zone->text);
	}
	if (more > 0) {
		(void)snprintf(buf + at, len - at, " and %u more", more);
	}
	return at > 0 ? buf : "none";
}

struct zone *
answer_zone_of(struct agent *agent, const json_t *request, json_t **error)
{
	const char *name = json_string_value(json_object_get(request, "zone"));
	knot_dname_storage_t wire;
	struct zone *zone;

	if (name == NULL || msig_name_parse(name, wire) != 0) {
		*error = ctl_error(EXIT_USAGE, "which zone? \"zone\" is missing or no domain name");
		return NULL;
	}
	zone = zones_find(agent, wire);
	if (zone == NULL) {
		char zones[160];
		*error = ctl_error(EXIT_USAGE, "zone %s is not configured here; there are: %s",
				   name, zones_text(agent, zones, sizeof(zones)));
	}
	return zone;
}

json_t *
answer_reason(const struct reason *r)
{
	json_t *j = json_object();
	char text[500];

	answer_put_text(j, "class", reason_class_name(r->class));
	answer_put_text(j, "object", reason_object_name(r->object));
	answer_put_text(j, "place", r->place);
	answer_put_text(j, "expected", r->expected);
	answer_put_text(j, "seen", r->seen);
	answer_put_text(j, "todo", reason_todo(r));
	answer_put_time(j, "since", r->since);
	answer_put_time(j, "next", r->next);
	answer_put_text(j, "text", reason_text(r, text, sizeof(text)));
	return j;
}

json_t *
answer_reasons(const struct zone_view *view)
{
	json_t *list = json_array();

	for (int i = 0; i < view->reasons; i++) {
		json_array_append_new(list, answer_reason(&view->reason[i]));
	}
	return list;
}

static json_t *
process_json(const struct zone_view *view)
{
	static const char *const holds[HOLD_COUNT] = {[HOLD_KEY] = "key",
						      [HOLD_DS] = "ds",
						      [HOLD_NS] = "ns",
						      [HOLD_RR] = "rr",
						      [HOLD_LEAVE] = "leave"};
	const struct view_process *p = &view->d.process;
	const struct process_rule *rule = process_rule(p->kind);
	json_t *j, *list;

	if (p->kind == 0 || rule == NULL) {
		return json_null();
	}
	j = json_object();
	answer_put_text(j, "kind", rule->name);
	answer_put(j, "step", json_integer(p->step));
	answer_put(j, "steps", json_integer(rule->steps));
	answer_put_text(j, "step_name", process_step_name(p->kind, p->step));
	answer_put_text(j, "phase", process_phase_name(p->phase));
	answer_put_text(j, "subject", answer_identity(view, p->subject));
	answer_put_text(j, "requestor", answer_identity(view, p->requestor));
	answer_put(j, "epoch", json_integer((json_int_t)p->epoch));
	answer_put(j, "id", answer_hex(p->tid, sizeof(p->tid)));
	answer_put_time(j, "started", p->started);
	answer_put_time(j, "since", p->since);
	answer_put(j, "turned", json_boolean(p->turned));
	answer_put(j, "done", answer_identities(view, p->done));
	answer_put(j, "approved", answer_identities(view, p->approved));
	list = json_array();
	for (int i = 0; i < HOLD_COUNT; i++) {
		if (p->hold[i] != 0) {
			json_t *hold = json_object();
			answer_put_text(hold, "name", holds[i]);
			answer_put_time(hold, "until", p->hold[i]);
			json_array_append_new(list, hold);
		}
	}
	answer_put(j, "holds", list);
	answer_put_text(j, "next",
			p->step < rule->steps && rule->step[p->step].next != NULL
			    ? rule->step[p->step].next
			    : "");
	return j;
}

const char *
answer_state(const struct zone *zone)
{
	const struct zone_view *view = zone->view;

	if (zone->broken) {
		return "broken";
	}
	if (view->d.paused) {
		return "paused";
	}
	if (view->reasons > 0 && view->reason[0].class == REASON_BLOCKED) {
		return "blocked";
	}
	if (view->d.process.kind != 0) {
		return "moving";
	}
	if (view->hsync.status == MSIG_SEEN_UNKNOWN) {
		return "starting";
	}
	return view->reasons == 0 || view->reason[0].class == REASON_READY ? "in-sync" : "waiting";
}

static bool
is_wanted(const struct zone_view *view, const struct view_provider *p)
{
	const struct view_hsync_entry *e = view_hsync_of(&view->d.hsync, p->identity);

	return e != NULL && e->on && e->sign && !p->expelled;
}

/* Signers now, those that are to come in, those that are to go. */
static void
put_group(json_t *j, const struct zone_view *view)
{
	json_t *signers = json_array(), *joining = json_array(), *leaving = json_array();

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		bool in = p->member || (p->has & (HAS_KEYS | HAS_CDS)) != 0;
		if (!p->used) {
			continue;
		}
		if (p->member) {
			json_array_append_new(signers, json_string(p->identity));
		}
		if (is_wanted(view, p) && !p->member) {
			json_array_append_new(joining, json_string(p->identity));
		} else if (!is_wanted(view, p) && in) {
			json_array_append_new(leaving, json_string(p->identity));
		}
	}
	answer_put(j, "signers", signers);
	answer_put(j, "joining", joining);
	answer_put(j, "leaving", leaving);
}

/* Of each provider what is in the zone, and of the signer's operator what he said. */
static json_t *
provider_json(const struct view_provider *p)
{
	json_t *has = json_array();

	for (unsigned i = 0; i < 3; i++) {
		static const char *const names[] = {"keys", "cds", "ns"};
		if ((p->has >> i & 1) != 0) {
			json_array_append_new(has, json_string(names[i]));
		}
	}
	return json_pack("{s:s, s:b, s:b, s:b, s:o}", "provider", p->identity, "member", p->member,
			 "contributed", p->contributed, "expelled", p->expelled, "has", has);
}

static json_t *
orders_json(const struct zone_view *view)
{
	const struct view_process *run = &view->d.process;
	json_t *list = json_array();

	for (int i = 0; i < VIEW_ORDERS; i++) {
		const struct view_order *o = &view->d.order[i];
		bool runs = run->kind == o->process && run->subject == VIEW_SELF;
		if (o->process != 0) {
			json_array_append_new(list, json_pack("{s:s, s:i, s:s}", "process",
							      process_name(o->process), "algorithm",
							      (int)o->algorithm, "state",
							      runs ? "runs" : "waits"));
		}
	}
	return list;
}

/* How the providers work together, and who leads. */
static json_t *
sync_json(const struct zone_view *view)
{
	const struct view_election *e = &view->d.election;
	json_t *j = json_object();

	answer_put_text(j, "model", elect_model_name(elect_model(view, NULL)));
	answer_put_text(j, "leader", answer_identity(view, elect_leader(view)));
	answer_put(j, "term", json_integer((json_int_t)e->term));
	answer_put_text(j, "election", elect_state_name(e->state));
	answer_put_time(j, "lease", e->state == ELECT_SETTLED ? e->lease : 0);
	return j;
}

static void
put_operator(json_t *j, const struct zone_view *view)
{
	const struct view_approval *w = &view->waits;
	json_t *providers = json_array(), *steps = json_array();

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		if (view->d.provider[i].used) {
			json_array_append_new(providers, provider_json(&view->d.provider[i]));
		}
	}
	for (unsigned kind = 1; process_rule((uint8_t)kind) != NULL; kind++) {
		if (operator_steps(view, (uint8_t)kind)) {
			json_array_append_new(steps, json_string(process_name((uint8_t)kind)));
		}
	}
	answer_put(j, "providers", providers);
	answer_put_text(j, "ns", view->d.agent_ns ? "AGENT" : "OWNER");
	answer_put_text(j, "share", msig_share_name(view->d.share));
	answer_put(j, "sync", sync_json(view));
	answer_put(j, "orders", orders_json(view));
	answer_put(j, "step_mode", steps);
	answer_put(j, "approval",
		   w->kind == 0
		       ? json_null()
		       : json_pack("{s:s, s:s, s:s}", "process", process_name(w->kind), "step",
				   process_step_name(w->kind, w->step & ~OPERATOR_LOOKS), "subject",
				   answer_identity(view, w->subject)));
}

json_t *
answer_zone(const struct zone *zone)
{
	const struct zone_view *view = zone->view;
	json_t *j = json_object();

	answer_put_text(j, "zone", zone->text);
	answer_put_text(j, "state", answer_state(zone));
	answer_put(j, "process", process_json(view));
	answer_put(j, "reason", view->reasons > 0 ? answer_reason(&view->reason[0]) : json_null());
	put_group(j, view);
	put_operator(j, view);
	answer_put(j, "is_signed", json_boolean(!view->config.nobody_signs));
	answer_put(j, "paused", json_boolean(view->d.paused));
	answer_put_time(j, "next", zone->wake_at);
	answer_put(j, "serial",
		   json_pack("{s:I, s:I, s:I}", "owner", (json_int_t)zone->owner_serial, "out",
			     (json_int_t)zone->served_serial, "signed",
			     (json_int_t)zone->signer_serial));
	answer_put_text(j, "merge", msig_zone_state_name((enum msig_zone_state)zone->merge_state));
	answer_put_text(j, "freeze", view->freeze);
	answer_put_text(j, "trouble",
			zone->broken             ? zone->unusable
			: view->d.rebuild        ? view->d.doubt
			: *zone->trouble != '\0' ? zone->trouble
						 : zone->follow_trouble);
	answer_put_time(j, "signatures_expire", (int64_t)zone->signatures_expire * 1000);
	answer_put(j, "max_ttl", json_integer(zone->max_ttl));
	answer_put_text(j, "digest", content_word(zone->content));
	answer_put(j, "difference", content_difference(zone->content));
	return j;
}

void
answer_put_lab(json_t *answer, const struct agent *agent)
{
	const struct conf *conf = agent->conf;

	ctl_put_lab(answer, conf->lab, conf->warning, conf->warnings);
}

json_t *
answer_about(const struct zone *zone)
{
	json_t *answer = answer_ok();

	answer_put(answer, "zone", answer_zone(zone));
	return answer;
}
