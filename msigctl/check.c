/*
 * msigctl identity check: what others would find under our identity, as agentd found it through
 * validated look-ups, against what it uses. Any FAIL makes the exit status 1.
 */
#include "msigctl/command.h"
#include "msigctl/identity.h"
#include "msigctl/json.h"
#include "msigctl/render.h"

int
identity_check(struct context *ctx)
{
	json_t *request = command_request("identity-check", NULL), *answer = NULL;
	const json_t *check;
	char err[1024] = "";
	int ret = command_ask(ctx, "agentd", request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	command_show(ctx, "identity-check", answer, render_identity_check);
	JS_EACH(json_object_get(answer, "checks"), check)
	{
		ret = js_true(check, "ok") ? ret : EXIT_FAILED;
	}
	json_decref(answer);
	return ret;
}
