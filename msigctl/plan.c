/*
 * msigctl plan: a dry run of a whole process, as agentd sees it coming. The exit status says
 * whether it could go on as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "msigctl/command.h"
#include "msigctl/json.h"
#include "msigctl/render.h"

static int
verdict(const json_t *answer)
{
	const json_t *zone = json_object_get(answer, "zone");
	if (js_true(zone, "paused") || js_has(zone, "freeze")) {
		return EXIT_DENIED;
	}
	return strcmp(js_str(json_object_get(answer, "plan"), "verdict"), "fail") == 0 ? EXIT_FAILED
										       : EXIT_DONE;
}

json_t *
plan_request(const char *zone, const char *process, const char *third)
{
	json_t *request = command_request("plan", zone);
	if (request == NULL) {
		return NULL;
	}
	if (process != NULL) {
		json_object_set_new(request, "process", json_string(process));
	}
	if (third != NULL && third[strspn(third, "0123456789")] == '\0') {
		json_object_set_new(request, "algorithm", json_integer(atol(third)));
	} else if (third != NULL) {
		json_object_set_new(request, "provider", json_string(third));
	}
	return request;
}

int
plan_run(struct context *ctx, int argc, char **argv)
{
	json_t *request =
	    plan_request(argv[0], argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL);
	json_t *answer = NULL;
	char err[1024] = "";
	if (request == NULL) {
		return command_error(ctx, EXIT_USAGE, "'%s' is not a domain name", argv[0]);
	}
	int ret = command_ask(ctx, "agentd", request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	command_show(ctx, "plan", answer, render_plan);
	ret = verdict(answer);
	json_decref(answer);
	return ret;
}
