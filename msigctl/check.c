/*
 * msigctl identity check: what others would find under our identity, as agentd found it through
 * validated look-ups, against what it uses. What is not PASS makes the exit status 1.
 */
#include "msigctl/command.h"
#include "msigctl/identity.h"
#include "msigctl/json.h"
#include "msigctl/render.h"

int
identity_check(struct context *ctx)
{
	json_t *request = command_request("identity", NULL), *answer = NULL;
	char err[1024] = "";
	json_object_set_new(request, "what", json_string("check"));
	int ret = command_ask(ctx, "agentd", request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	command_show(ctx, "identity-check", answer, render_identity_check);
	ret = js_true(answer, "good") ? EXIT_DONE : EXIT_FAILED;
	json_decref(answer);
	return ret;
}
