/*
 * What an operator says about processes: roll, cancel, force-remove, approve, step.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msigctl/command.h"
#include "msigctl/json.h"
#include "msigctl/render.h"
#include "msigctl/words.h"

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

/* Of an answer to `tracking`; NULL: agentd knows no such provider. */
static const json_t *
provider_of(const json_t *answer, const char *identity)
{
	const json_t *p;
	JS_EACH(json_object_get(json_object_get(answer, "zone"), "providers"), p)
	{
		if (words_same_name(js_str(p, "provider"), identity)) {
			return p;
		}
	}
	return NULL;
}

static bool
is_in(const json_t *provider, const char *what)
{
	const json_t *has;
	JS_EACH(json_object_get(provider, "has"), has)
	{
		if (strcmp(json_string_value(has) != NULL ? json_string_value(has) : "", what) ==
		    0) {
			return true;
		}
	}
	return false;
}

static bool
nobody_signs(const json_t *answer)
{
	return json_is_false(json_object_get(json_object_get(answer, "zone"), "is_signed"));
}

/* The process that takes it out, by what of it is in; NULL: none does. Whoever is not known is left
 * to agentd, which says what is wrong. */
static const char *
way_out(const json_t *answer, const json_t *provider)
{
	if (provider == NULL) {
		return "remove-signer";
	}
	if (nobody_signs(answer)) {
		return NULL;
	}
	if (js_true(provider, "member") || is_in(provider, "keys") || is_in(provider, "cds")) {
		return "remove-signer";
	}
	return is_in(provider, "ns") ? "ns-remove" : NULL;
}

static int
show_plan(struct context *ctx, const struct text *t, const char *zone, const char *process,
	  const char *provider)
{
	json_t *request = plan_request(zone, process, provider), *answer = NULL;
	char err[1024] = "";
	int ret = command_ask(ctx, "agentd", request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	render_plan(t, answer);
	render_warnings(t, answer);
	json_decref(answer);
	fputc('\n', t->out);
	render_force(t, provider);
	return EXIT_DONE;
}

/* Its servers that resolvers are sent to. */
static void
named_servers(const json_t *answer, const json_t *provider, char *buf, size_t len)
{
	const json_t *p;
	size_t n = 0;
	*buf = '\0';
	JS_EACH(json_object_get(answer, "places"), p)
	{
		if (js_true(p, "named") && n < len &&
		    strcmp(js_str(p, "provider"), js_str(provider, "provider")) == 0) {
			n += (size_t)snprintf(buf + n, len - n, "%s%.80s", n > 0 ? ", " : " (",
					      js_str(p, "server"));
		}
	}
	if (n > 0 && n < len) {
		snprintf(buf + n, len - n, ")");
	}
}

/* Without a plan: what is known. */
static void
show_known(const struct text *t, const json_t *answer, const json_t *provider)
{
	static const char *const bare[] = {
	    "Its name servers leave the NS that this provider publishes as soon as servers of one "
	    "that stays answer; with NSMGMT=OWNER the owner has to take them out.",
	    "Every other provider's operator has to say the same: until he has, these name servers "
	    "stay in what that provider publishes.",
	    "The registrant has to take them out of the delegation: msigctl why says which. They "
	    "have to go on answering until caches have forgotten them.",
	    "It cannot come back before you say --undo."};
	static const char *const nothing[] = {
	    "It is kept out: here it is neither let in nor named before you say --undo.",
	    "The other providers have it as HSYNC does, until their operators say the same."};
	bool un = nobody_signs(answer);
	const char *const *risk = un ? bare : nothing;
	size_t risks = un ? sizeof(bare) / sizeof(bare[0]) : sizeof(nothing) / sizeof(nothing[0]);
	char servers[1024];

	named_servers(answer, provider, servers, sizeof(servers));
	text_field(t, "Zone", TINT_HEAD, "%s", js_str(json_object_get(answer, "zone"), "zone"));
	text_field(t, "In the zone", TINT_NONE, "%s%s",
		   is_in(provider, "ns") ? "its name servers" : "nothing of it", servers);
	text_field(t, "Plan", TINT_NONE, "none: %s",
		   un ? "nobody signs this zone, so no process runs in it"
		      : "there is nothing that a process would take out");
	render_warnings(t, answer);
	fputc('\n', t->out);
	text_line(t, TINT_BAD, "This takes %s out, whatever HSYNC says.",
		  js_str(provider, "provider"));
	for (size_t i = 0; i < risks; i++) {
		text_wrap(t, 2, "- ", TINT_NONE, risk[i]);
	}
}

/* What will be done, and what is at risk. On standard error if JSON is wanted: that is one answer.
 */
static int
show_risk(struct context *ctx, const char *zone, const char *identity)
{
	json_t *request = command_request("tracking", zone), *answer = NULL;
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
	const json_t *provider = provider_of(answer, identity);
	const char *process = way_out(answer, provider);
	if (process != NULL) {
		ret = show_plan(ctx, &t, zone, process, identity);
	} else {
		show_known(&t, answer, provider);
	}
	json_decref(answer);
	fflush(t.out);
	return ret;
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
