/*
 * Control commands of the process `observe`.
 */
#include "config.h"

#include "transportd/observe/cmds.h"

static json_t *
run_status(void *arg, struct ctl_request *req, const json_t *request)
{
	struct observe_process *p = arg;
	struct asker_counters ask;
	struct notify_counters notify = notify_count(p->notify);
	json_t *zones = follow_json(p->follower);
	json_t *answer;

	asker_count(p->asker, &ask);
	answer = json_pack(
	    "{s:b s:s s:s s:I s:i s:i s:i s:I s:I s:I s:I s:I s:I}", "ok", 1, "daemon", "observe",
	    "version", PACKAGE_VERSION, "started", (json_int_t)p->started, "zones",
	    (int)json_array_size(zones), "asking", (int)ask.active, "queued", (int)ask.queued,
	    "asks", (json_int_t)ask.asks, "seen", (json_int_t)ask.seen, "absent",
	    (json_int_t)ask.absent, "unknown", (json_int_t)ask.unknown, "notify",
	    (json_int_t)notify.accepted, "notify-refused", (json_int_t)notify.refused);
	json_decref(zones);
	return answer;
}

static json_t *
run_zones(void *arg, struct ctl_request *req, const json_t *request)
{
	struct observe_process *p = arg;

	return json_pack("{s:b s:o}", "ok", 1, "zones", follow_json(p->follower));
}

static json_t *
run_reload(void *arg, struct ctl_request *req, const json_t *request)
{
	struct observe_process *p = arg;
	char err[1024];

	if (proc_reload(p->proc, err, sizeof(err)) != 0)
		return ctl_error(78, "%s", err);
	return ctl_ok();
}

const struct ctl_command observe_commands[] = {
    {"status", false, run_status},
    {"zones", false, run_zones},
    {"reload", true, run_reload},
    {NULL, false, NULL},
};
