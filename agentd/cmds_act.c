/*
 * Commands that act: what an operator says.
 */
#include "config.h"
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "libmsig/err.h"

static json_t *
act(struct agent *agent, struct ctl_request *req, const json_t *request, enum view_command command)
{
	json_t *error = NULL, *answer;
	struct zone *zone = answer_zone_of(agent, request, &error);
	int ret;

	if (zone == NULL) {
		return error;
	}
	ret = zones_command(zone, command, ctl_user(req));
	if (ret != 0) {
		return ctl_error(EXIT_FAILED, "not stored, so not done: %s", msig_strerror(ret));
	}
	answer = answer_ok();
	answer_put(answer, "zone", answer_zone(zone));
	return answer;
}

json_t *
cmds_pause(void *arg, struct ctl_request *req, const json_t *request)
{
	return act(arg, req, request, VIEW_PAUSE);
}

json_t *
cmds_resume(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *error = NULL;
	struct zone *zone = answer_zone_of(agent, request, &error);

	if (zone == NULL) {
		return error;
	}
	return act(agent, req, request, zone->view->d.rebuild ? VIEW_CONFIRM : VIEW_RESUME);
}

json_t *
cmds_abort(void *arg, struct ctl_request *req, const json_t *request)
{
	return act(arg, req, request, VIEW_ABORT);
}

static void
list_new(json_t *list, struct agent *agent, const json_t *known)
{
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		if (json_object_get(known, zone->text) == NULL) {
			json_array_append_new(list, json_string(zone->text));
		}
	}
}

static json_t *
zone_names(struct agent *agent)
{
	json_t *names = json_object();

	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		json_object_set_new(names, zone->text, json_true());
	}
	return names;
}

json_t *
cmds_reload(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *before = zone_names(agent), *after, *answer, *change = json_object();
	json_t *added = json_array(), *removed = json_array(), *value;
	char err[400] = "";
	const char *name;
	int ret = agent->proc != NULL ? proc_reload(agent->proc, err, sizeof(err)) : 0;

	if (ret != 0) {
		json_decref(before);
		json_decref(change);
		json_decref(added);
		json_decref(removed);
		return ctl_error(EXIT_FAILED, "%s; the configuration of before stays in force",
				 err);
	}
	after = zone_names(agent);
	list_new(added, agent, before);
	json_object_foreach(before, name, value)
	{
		if (json_object_get(after, name) == NULL) {
			json_array_append_new(removed, json_string(name));
		}
	}
	answer_put(change, "added", added);
	answer_put(change, "removed", removed);
	json_decref(before);
	json_decref(after);
	answer = answer_ok();
	answer_put(answer, "zones", change);
	return answer;
}
