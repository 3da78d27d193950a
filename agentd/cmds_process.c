/*
 * Commands about processes: graph.
 */
#include <string.h>
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "agentd/graph.h"

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
