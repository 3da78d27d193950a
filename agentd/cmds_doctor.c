/*
 * doctor: is the own signer fit for a group?
 */
#include "config.h"
#include "agentd/answer.h"
#include "agentd/checkup.h"
#include "agentd/cmds.h"

static json_t *
finding_json(const struct doctor_report *report, const struct doctor_finding *f)
{
	char text[DOCTOR_FIX];
	json_t *j = json_object(), *fix = json_object();

	answer_put_text(j, "check", doctor_name(f->check));
	answer_put_text(j, "state", doctor_state_name(f->state));
	answer_put_text(j, "text", f->text);
	for (int i = 0; i < DOCTOR_SIGNER_COUNT; i++) {
		/* What is unknown may be well. */
		if ((f->state == DOCTOR_FAIL || f->state == DOCTOR_WARN) &&
		    *doctor_fix(report, f, i, text, sizeof(text)) != '\0') {
			answer_put_text(fix, doctor_signer_name(i), text);
		}
	}
	answer_put(j, "fix", fix);
	return j;
}

/* What the lint of a signer's configuration compares with. */
static json_t *
policy_json(const struct zone *zone, const struct doctor_report *report)
{
	const struct zone_view *view = zone->view;
	json_t *j = json_object(), *list = json_array();
	bool seen[256] = {false};

	for (int i = rset_next(&report->own, 0); i >= 0; i = rset_next(&report->own, i + 1)) {
		uint8_t alg = view->d.pool.at[i].alg;
		if (!seen[alg]) {
			json_array_append_new(list, json_integer(alg));
		}
		seen[alg] = true;
	}
	answer_put(j, "algorithms", list);
	answer_put(j, "algorithm", json_integer(report->algorithm));
	answer_put(j, "dnskey_ttl", json_integer(report->dnskey_ttl));
	answer_put(j, "overlay_ttl", json_integer(view->d.applied.ttl_key));
	answer_put_text(j, "signer_records",
			view->config.mode == VIEW_MODE_ALL ? "all" : "foreign");
	answer_put(j, "max_ttl", json_integer(zone->max_ttl));
	answer_put(j, "roll_delay", json_integer(report->roll_delay));
	return j;
}

json_t *
cmds_doctor(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL, *answer, *list = json_array();
	struct zone *zone = answer_zone_of(arg, request, &error);
	struct doctor_report report;

	if (zone == NULL) {
		json_decref(list);
		return error;
	}
	checkup_examine(zone, &report);
	for (int i = 0; i < report.count; i++) {
		json_array_append_new(list, finding_json(&report, &report.finding[i]));
	}
	answer = answer_ok();
	answer_put_text(answer, "zone", zone->text);
	answer_put_text(answer, "signer", zone->signer);
	answer_put(answer, "designated", json_boolean(checkup_designated(zone)));
	answer_put(answer, "findings", list);
	answer_put(answer, "good", json_boolean(doctor_good(&report)));
	answer_put(answer, "policy", policy_json(zone, &report));
	return answer;
}
