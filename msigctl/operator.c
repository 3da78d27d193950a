/*
 * What an operator says about processes: roll, cancel, force-remove, approve, step.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msigctl/command.h"
#include "msigctl/json.h"
#include "msigctl/render.h"

/* zsk is zsk-rollover; csk goes where ksk goes: the key store tells what the keys are. */
static const char *
process_of(const char *word)
{
	static const struct {
		const char *word, *process;
	} words[] = {
	    {"zsk", "zsk-rollover"},
	    {"ksk", "ksk-rollover"},
	    {"csk", "ksk-rollover"},
	    {"algorithm", "algorithm-rollover"},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0) {
			return words[i].process;
		}
	}
	return word;
}

static int
act(struct context *ctx, const char *name, json_t *request)
{
	json_t *answer = NULL;
	char err[1024] = "";
	int ret = command_ask(ctx, "agentd", request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	command_show(ctx, name, answer, render_done);
	json_decref(answer);
	return EXIT_DONE;
}

static json_t *
request_of(struct context *ctx, const char *command, const char *zone, int *ret)
{
	json_t *request = command_request(command, zone);
	*ret = request == NULL ? command_error(ctx, EXIT_USAGE, "'%s' is not a domain name", zone)
			       : EXIT_DONE;
	return request;
}

int
roll_run(struct context *ctx, int argc, char **argv)
{
	const char *process = process_of(argv[1]), *number = argc > 2 ? argv[2] : NULL;
	bool algorithm = strcmp(process, "algorithm-rollover") == 0;
	int ret;
	if (strcmp(process, argv[1]) == 0 && !algorithm) {
		return command_error(ctx, EXIT_USAGE, "roll %s: zsk, ksk, csk or algorithm",
				     argv[1]);
	}
	if (algorithm != (number != NULL) ||
	    (number != NULL && number[strspn(number, "0123456789")] != '\0')) {
		return command_error(ctx, EXIT_USAGE,
				     algorithm ? "roll algorithm: to which one? A number, as 13"
					       : "roll %s: takes no number",
				     argv[1]);
	}
	json_t *request = request_of(ctx, "order", argv[0], &ret);
	if (request == NULL) {
		return ret;
	}
	json_object_set_new(request, "process", json_string(process));
	if (number != NULL) {
		json_object_set_new(request, "algorithm", json_integer(atol(number)));
	}
	return act(ctx, "roll", request);
}

/* cancel, approve: of one process or of whatever waits. */
static int
named_run(struct context *ctx, const char *command, int argc, char **argv)
{
	int ret;
	json_t *request = request_of(ctx, command, argv[0], &ret);
	if (request == NULL) {
		return ret;
	}
	if (argc > 1) {
		json_object_set_new(request, "process", json_string(process_of(argv[1])));
	}
	return act(ctx, command, request);
}

int
cancel_run(struct context *ctx, int argc, char **argv)
{
	return named_run(ctx, "cancel", argc, argv);
}

int
approve_run(struct context *ctx, int argc, char **argv)
{
	return named_run(ctx, "approve", argc, argv);
}

int
step_run(struct context *ctx, int argc, char **argv)
{
	bool on = strcmp(argv[1], "on") == 0;
	int ret;
	if (!on && strcmp(argv[1], "off") != 0) {
		return command_error(ctx, EXIT_USAGE, "step %s: on or off", argv[1]);
	}
	json_t *request = request_of(ctx, "step", argv[0], &ret);
	if (request == NULL) {
		return ret;
	}
	json_object_set_new(request, "on", json_boolean(on));
	if (argc > 2) {
		json_object_set_new(request, "process", json_string(process_of(argv[2])));
	}
	return act(ctx, "step", request);
}

/* ---- force-remove -----------------------------------------------------------------------------
 */

/* What will be done, and what is at risk. On standard error if JSON is wanted: that is one answer.
 */
static int
show_risk(struct context *ctx, const char *zone, const char *provider)
{
	json_t *request = plan_request(zone, "remove-signer", provider), *answer = NULL;
	char err[1024] = "";
	struct text t = ctx->text;
	if (request == NULL) {
		return command_error(ctx, EXIT_USAGE, "'%s' is not a domain name", zone);
	}
	int ret = command_ask(ctx, "agentd", request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	t.out = ctx->json ? stderr : t.out;
	render_plan(&t, answer);
	render_warnings(&t, answer);
	json_decref(answer);
	fputc('\n', t.out);
	render_force(&t, provider);
	fflush(t.out);
	return EXIT_DONE;
}

/* Nobody is asked who cannot answer: a script says --yes. */
static int
confirmed(struct context *ctx, const char *provider)
{
	char line[300] = "";
	if (ctx->yes) {
		return EXIT_DONE;
	}
	if (isatty(fileno(ctx->in)) != 1) {
		return command_error(ctx, EXIT_DENIED,
				     "not done: there is no terminal to confirm at; --yes does it");
	}
	fprintf(stderr,
		"Type the identity of the provider to take it out, anything else to stop: ");
	if (fgets(line, sizeof(line), ctx->in) == NULL) {
		line[0] = '\0';
	}
	line[strcspn(line, "\r\n")] = '\0';
	return strcmp(line, provider) == 0 ? EXIT_DONE
					   : command_error(ctx, EXIT_DENIED, "not done");
}

int
force_run(struct context *ctx, int argc, char **argv)
{
	int ret = EXIT_DONE;
	if (!ctx->undo) {
		ret = show_risk(ctx, argv[0], argv[1]);
		ret = ret != EXIT_DONE ? ret : confirmed(ctx, argv[1]);
	}
	if (ret != EXIT_DONE) {
		return ret;
	}
	json_t *request = request_of(ctx, "expel", argv[0], &ret);
	if (request == NULL) {
		return ret;
	}
	json_object_set_new(request, "provider", json_string(argv[1]));
	json_object_set_new(request, "on", json_boolean(!ctx->undo));
	return act(ctx, "force-remove", request);
}
