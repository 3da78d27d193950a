/*
 * msigctl graph: a process from agentd's own table, by its name or as it runs in a zone.
 */
#include <string.h>

#include "libmsig/option.h"
#include "msigctl/command.h"
#include "msigctl/draw.h"
#include "msigctl/json.h"

static const struct {
	const char *name;
	void (*draw)(const struct text *t, const json_t *answer);
} formats[] = {{"text", draw_text}, {"dot", draw_dot}, {"svg", draw_svg}};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static bool
is_process(const char *name)
{
	for (unsigned kind = 1; kind <= UINT8_MAX; kind++) {
		const char *known = msig_process_name(kind);
		if (*known != '?' && strcmp(known, name) == 0) {
			return true;
		}
	}
	return false;
}

int
graph_run(struct context *ctx, int argc, char **argv)
{
	size_t format = 0;
	while (ctx->format != NULL && format < FORMATS &&
	       strcmp(ctx->format, formats[format].name) != 0) {
		format++;
	}
	if (format == FORMATS) {
		return command_error(ctx, EXIT_USAGE, "--format %s: text, dot or svg", ctx->format);
	}
	bool named = is_process(argv[0]);
	json_t *request = command_request("graph", named ? NULL : argv[0]), *answer = NULL;
	char err[1024] = "";
	if (request == NULL) {
		return command_error(ctx, EXIT_USAGE, "'%s' is no process, and no domain name",
				     argv[0]);
	}
	if (named) {
		json_object_set_new(request, "process", json_string(argv[0]));
	}
	int ret = command_ask(ctx, "agentd", request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	if (ctx->json || formats[format].draw == draw_text) {
		command_show(ctx, "graph", answer, formats[format].draw);
	} else { /* nothing may stand behind it */
		formats[format].draw(&ctx->text, answer);
	}
	json_decref(answer);
	return EXIT_DONE;
}
