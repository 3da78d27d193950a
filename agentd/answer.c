/*
 * The pieces of agentd's answers. See answer.h.
 */
#include "config.h"
#include <stdio.h>
#include <string.h>
#include "agentd/answer.h"
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
		*error = ctl_error(EXIT_USAGE, "zone %s is not configured here", name);
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
	answer_put_text(j, "todo", r->todo);
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

/* Signers now, those that HSYNC wants in, those it wants out. */
static void
put_group(json_t *j, const struct zone_view *view)
{
	json_t *signers = json_array(), *joining = json_array(), *leaving = json_array();

	for (int i = 0; i < VIEW_PROVIDERS; i++) {
		const struct view_provider *p = &view->d.provider[i];
		bool wanted = false;
		if (!p->used) {
			continue;
		}
		for (int k = 0; k < view->d.hsync.count; k++) {
			const struct view_hsync_entry *e = &view->d.hsync.entry[k];
			wanted =
			    wanted || (strcmp(e->identity, p->identity) == 0 && e->on && e->sign);
		}
		if (p->member) {
			json_array_append_new(signers, json_string(p->identity));
		}
		if (p->member != wanted) {
			json_array_append_new(wanted ? joining : leaving, json_string(p->identity));
		}
	}
	answer_put(j, "signers", signers);
	answer_put(j, "joining", joining);
	answer_put(j, "leaving", leaving);
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
	answer_put(j, "paused", json_boolean(view->d.paused));
	answer_put_time(j, "next", zone->wake_at);
	answer_put(j, "serial",
		   json_pack("{s:I, s:I, s:I}", "owner", (json_int_t)zone->owner_serial, "out",
			     (json_int_t)zone->served_serial, "signed",
			     (json_int_t)zone->signer_serial));
	answer_put_text(j, "merge", msig_zone_state_name((enum msig_zone_state)zone->merge_state));
	answer_put_text(j, "freeze", view->freeze);
	answer_put_text(j, "trouble",
			view->d.rebuild          ? view->d.doubt
			: *zone->trouble != '\0' ? zone->trouble
						 : zone->follow_trouble);
	answer_put_time(j, "signatures_expire", (int64_t)zone->signatures_expire * 1000);
	answer_put(j, "max_ttl", json_integer(zone->max_ttl));
	answer_put_text(j, "digest",
			!zone->has_served || !zone->has_signed                      ? "unknown"
			: memcmp(zone->served_digest, zone->signed_digest, 32) == 0 ? "equal"
										    : "different");
	return j;
}
