/*
 * msigctl wait: until a zone is in sync, or a step is reached. Asks 'tracking' again and again, so
 * a daemon that is restarted meanwhile ends nothing. Says each change once, on standard error when
 * JSON is wanted.
 */
#include "config.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libmsig/daemon/log.h"
#include "msigctl/command.h"
#include "msigctl/json.h"
#include "msigctl/render.h"
#include "msigctl/wait.h"
#include "msigctl/words.h"

#define ASK_MS 200 /* between questions */
#define ASK_TIMEOUT 5000

static uint64_t
clock_ms(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The number of a step in the process that runs, or -1. */
static int
step_number(const json_t *tracking, const char *name)
{
	const json_t *step;
	JS_EACH(json_object_get(tracking, "steps"), step)
	{
		if (strcmp(js_str(step, "name"), name) == 0) {
			return (int)js_num(step, "step");
		}
	}
	return -1;
}

static bool
has_member(const json_t *zone, const char *member)
{
	const json_t *signer;
	JS_EACH(json_object_get(zone, "signers"), signer)
	{
		if (member == NULL ||
		    (json_is_string(signer) && strcmp(json_string_value(signer), member) == 0)) {
			return true;
		}
	}
	return member == NULL;
}

enum wait_result
wait_judge(const json_t *tracking, const char *step, const char *member)
{
	const json_t *zone = json_object_get(tracking, "zone");
	const json_t *process = json_object_get(zone, "process");
	bool runs = json_is_object(process);
	if (step == NULL) {
		/* What was ordered is still to come. */
		bool in_sync = !runs && strcmp(js_str(zone, "state"), "in-sync") == 0 &&
			       json_array_size(json_object_get(zone, "orders")) == 0;
		return in_sync && has_member(zone, member) ? WAIT_REACHED : WAIT_NOT_YET;
	}
	if (!runs) {
		return WAIT_NOT_YET;
	}
	int wanted = step_number(tracking, step);
	if (wanted < 0) {
		return WAIT_UNKNOWN;
	}
	return (int)js_num(process, "step") >= wanted ? WAIT_REACHED : WAIT_NOT_YET;
}

/* One line per change: what the zone is in, and what it waits for. */
static char *
describe(const json_t *tracking)
{
	const json_t *zone = json_object_get(tracking, "zone");
	const json_t *process = json_object_get(zone, "process");
	const json_t *reason = json_array_get(json_object_get(tracking, "reasons"), 0);
	char *line = NULL, what[512] = "";
	if (json_is_object(reason)) {
		words_reason(reason, what, sizeof(what));
	}
	int n;
	if (json_is_object(process)) {
		n = asprintf(&line, "%s %s, %s, %s%s%s%s", js_str(process, "kind"),
			     js_str(process, "subject"), js_str(process, "step_name"),
			     js_str(process, "phase"),
			     js_true(process, "turned") ? ", turned round" : "",
			     *what != '\0' ? "; " : "", what);
	} else {
		n = asprintf(&line, "%s%s%s", js_str(zone, "state"), *what != '\0' ? "; " : "",
			     what);
	}
	if (n < 0) {
		fatal("out of memory");
	}
	return line;
}

struct waiting {
	struct context *ctx;
	uint64_t deadline; /* CLOCK_MONOTONIC; 0: none */
	char *last;
	bool ran;    /* a process was seen */
	bool warned; /* of what the configuration warns of */
};

static void
say(struct waiting *w, const char *line)
{
	if (w->last != NULL && strcmp(w->last, line) == 0) {
		return;
	}
	free(w->last);
	w->last = xstrdup(line);
	struct text t = w->ctx->text;
	char at[TEXT_TIME];
	t.now = clock_ms(CLOCK_REALTIME);
	t.out = w->ctx->json ? stderr : t.out;
	text_line(&t, TINT_NONE, "%s  %s", text_clock(&t, t.now, at), line);
	fflush(t.out);
}

static void
warn(struct waiting *w, const json_t *answer)
{
	struct text t = w->ctx->text;
	t.out = w->ctx->json ? stderr : t.out;
	if (!w->warned) {
		render_warnings(&t, answer);
		fflush(t.out);
	}
	w->warned = true;
}

/* Asks once. EXIT_DONE: reached; -1: not yet; else an exit code. *answer is the caller's. */
static int
look(struct waiting *w, const json_t *request, json_t **answer)
{
	struct context *ctx = w->ctx;
	char err[1024] = "";
	unsigned patience = ctx->timeout_ms;
	ctx->timeout_ms = ASK_TIMEOUT;
	int ret = command_ask(ctx, "agentd", request, answer, err, sizeof(err));
	ctx->timeout_ms = patience;
	if (ret == EXIT_DOWN) {
		say(w, err); /* it may come back */
		return -1;
	}
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	warn(w, *answer);
	char *line = describe(*answer);
	say(w, line);
	free(line);
	bool runs = json_is_object(json_object_get(json_object_get(*answer, "zone"), "process"));
	enum wait_result result = wait_judge(*answer, ctx->step, ctx->member);
	/* It may have run through the step between two looks. */
	if (ctx->step != NULL && w->ran && !runs &&
	    wait_judge(*answer, NULL, NULL) == WAIT_REACHED) {
		result = WAIT_REACHED;
	}
	w->ran = w->ran || runs;
	if (result == WAIT_UNKNOWN) {
		return command_error(ctx, EXIT_USAGE,
				     "--step %s: the process that runs has no such step",
				     ctx->step);
	}
	return result == WAIT_REACHED ? EXIT_DONE : -1;
}

int
wait_run(struct context *ctx, int argc, char **argv)
{
	if (ctx->step != NULL && (ctx->done || ctx->member != NULL)) {
		return command_error(ctx, EXIT_USAGE,
				     "--step goes with neither --done nor --member");
	}
	json_t *named = ctx->member != NULL ? command_request("", ctx->member) : NULL;
	if (ctx->member != NULL && named == NULL) {
		return command_error(ctx, EXIT_USAGE, "'%s' is not a domain name", ctx->member);
	}
	ctx->member = named != NULL ? json_string_value(json_object_get(named, "zone")) : NULL;
	json_t *request = command_request("tracking", argv[0]), *answer = NULL;
	if (request == NULL) {
		json_decref(named);
		return command_error(ctx, EXIT_USAGE, "'%s' is not a domain name", argv[0]);
	}
	struct waiting w = {.ctx = ctx};
	w.deadline = ctx->timeout_ms != 0 ? clock_ms(CLOCK_MONOTONIC) + ctx->timeout_ms : 0;
	int ret;
	while ((ret = look(&w, request, &answer)) == -1) {
		json_decref(answer);
		answer = NULL;
		if (w.deadline != 0 && clock_ms(CLOCK_MONOTONIC) >= w.deadline) {
			ret =
			    command_error(ctx, EXIT_TIMEOUT, "%s: not within %u s; it last was: %s",
					  argv[0], ctx->timeout_ms / 1000, w.last);
			break;
		}
		(void)poll(NULL, 0, ASK_MS);
	}
	if (ret == EXIT_DONE && ctx->json) {
		command_show(ctx, "wait", answer, NULL);
	}
	json_decref(answer);
	json_decref(request);
	json_decref(named);
	free(w.last);
	return ret;
}
