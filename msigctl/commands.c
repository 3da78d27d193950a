/*
 * The table of sub-commands, and those that only ask and show. See command.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <libknot/libknot.h>

#include "libmsig/daemon/log.h"
#include "msigctl/client.h"
#include "msigctl/command.h"
#include "msigctl/json.h"
#include "msigctl/render.h"

#define DEFAULT_TIMEOUT 10000 /* ms; validated look-ups of identity check need some */

static int all_run(struct context *ctx, const char *name, const char *command,
		   void (*render)(const struct text *t, const json_t *answer));
static int overview_run(struct context *ctx, int argc, char **argv);
static int status_run(struct context *ctx, int argc, char **argv);
static int reload_run(struct context *ctx, int argc, char **argv);
static int accept_run(struct context *ctx, int argc, char **argv);
static int withdraw_run(struct context *ctx, int argc, char **argv);

/* clang-format off */
const struct command commands[] = {
	{ "overview", "", "one look at this host (the command without a name)", 0, 0, 0,
	  NULL, NULL, overview_run },
	{ "status", "[DAEMON]", "each daemon: version, since when, warnings, what it does", 0, 1, 0,
	  NULL, NULL, status_run },
	{ "tracking", "ZONE", "where a zone stands: did, doing, will, and who must act", 1, 1, 0,
	  "agentd", render_tracking, NULL },
	{ "keys", "ZONE", "which key is seen where: the key x provider matrix", 1, 1, 0,
	  "agentd", render_keys, NULL },
	{ "why", "ZONE", "evidence for what a zone waits for", 1, 1, 0,
	  "agentd", render_why, NULL },
	{ "wait", "ZONE", "return when the zone is in sync, or has reached a step", 1, 1,
	  TAKES_STEP | TAKES_DONE | TAKES_MEMBER, NULL, NULL, wait_run },
	{ "doctor", "ZONE", "is this provider's signer fit for a group: what to change", 1, 1,
	  TAKES_LINT | TAKES_PROBE, NULL, NULL, doctor_run },
	{ "graph", "ZONE | PROCESS", "a process as its table has it; where a zone stands in it", 1, 1,
	  TAKES_FORMAT, NULL, NULL, graph_run },
	{ "plan", "ZONE [PROCESS [PROVIDER | ALGORITHM]]", "a dry run: each step, who acts, what changes, how long, what is in the way", 1, 3, 0,
	  NULL, NULL, plan_run },
	{ "peers", "", "the other providers: state, channels, when last heard", 0, 0, 0,
	  "agentd", render_peers, NULL },
	{ "merge", "ZONE", "what combinerd takes in, adds, and gives to the signer", 1, 1, 0,
	  "combinerd", render_merge, NULL },
	{ "journal", "ZONE", "what happened to a zone, who did it, on what evidence", 1, 1,
	  TAKES_FOLLOW | TAKES_LIMIT, NULL, NULL, journal_run },
	{ "pause", "ZONE", "start no further step of a zone's process", 1, 1, 0,
	  "agentd", render_done, NULL },
	{ "resume", "ZONE", "take a pause back", 1, 1, 0,
	  "agentd", render_done, NULL },
	{ "abort", "ZONE", "give up a process, turn a roll-over round, or rest what cannot go back", 1, 1, 0,
	  "agentd", render_done, NULL },
	{ "roll", "ZONE zsk | ksk | csk | algorithm NUMBER", "order a roll-over of this provider's keys", 2, 3, 0,
	  NULL, NULL, roll_run },
	{ "cancel", "ZONE [PROCESS]", "take back what was ordered and has not begun", 1, 2, 0,
	  NULL, NULL, cancel_run },
	{ "force-remove", "ZONE PROVIDER", "take a provider out that HSYNC still has; at each remaining one", 2, 2,
	  TAKES_YES | TAKES_UNDO, NULL, NULL, force_run },
	{ "approve", "ZONE [PROCESS]", "let the step that waits for you go on", 1, 2, 0,
	  NULL, NULL, approve_run },
	{ "step", "ZONE on | off [PROCESS]", "let steps wait for approve, or not", 2, 3, 0,
	  NULL, NULL, step_run },
	{ "refresh", "ZONE", "ask the owner for changes now", 1, 1, 0,
	  "combinerd", render_begun, NULL },
	{ "retransfer", "ZONE", "fetch the owner's whole zone, whatever its serial", 1, 1, 0,
	  "combinerd", render_begun, NULL },
	{ "notify", "ZONE", "tell the signer now that there is something to fetch", 1, 1, 0,
	  "combinerd", render_begun, NULL },
	{ "accept", "ZONE signed | overlay", "decide a doubt of combinerd's: a zone that came signed, a lost overlay", 2, 2, 0,
	  NULL, NULL, accept_run },
	{ "withdraw", "ZONE PROVIDER", "take all records of a provider out of the overlay", 2, 2, 0,
	  NULL, NULL, withdraw_run },
	{ "reload", "", "let each daemon read its configuration again", 0, 0, 0,
	  NULL, NULL, reload_run },
	{ "hsync", "[ZONE | RECORD]", "HSYNC as agentd sees it; or a record, printed in both forms", 0, -1,
	  TAKES_OWNER, NULL, NULL, hsync_run },
	{ "identity", "new [FILE] | show | records | check", "this provider's SIG(0) key and what to publish of it", 1, 2,
	  TAKES_ALGORITHM | TAKES_GENERIC, NULL, NULL, identity_run },
	{ 0 },
};

const struct option_entry options[] = {
	{ "config",    'c', "FILE", "configuration that says where the sockets are", 0 },
	{ "rundir",    'r', "DIR",  "the directory of the sockets (or MSIG_SOCKET_DIR)", 0 },
	{ "json",      'j', NULL,   "print JSON", 0 },
	{ "timeout",   't', "SECONDS", "give up after so long", 0 },
	{ "verbose",   'v', NULL,   "legends and evidence", 0 },
	{ "version",   'V', NULL,   "print the version", 0 },
	{ "help",      'h', NULL,   "print this", 0 },
	{ "step",      's', "STEP", "wait: until this step or a later one", TAKES_STEP },
	{ "done",      'd', NULL,   "wait: until no process runs and all is in sync", TAKES_DONE },
	{ "member",    'm', "PROVIDER", "wait: until all is in sync and this provider is one of the signers", TAKES_MEMBER },
	{ "follow",    'f', NULL,   "journal: go on with what happens from now on", TAKES_FOLLOW },
	{ "limit",     'n', "NUMBER", "journal: so many of the last entries", TAKES_LIMIT },
	{ "algorithm", 'a', "NAME", "identity new: ed25519 or ecdsap256sha256", TAKES_ALGORITHM },
	{ "owner",     'o', "NAME", "hsync: the zone's name, for the owner of the record", TAKES_OWNER },
	{ "format",    'F', "FORMAT", "graph: text, dot or svg", TAKES_FORMAT },
	{ "yes",       'y', NULL,   "force-remove: do not ask", TAKES_YES },
	{ "undo",      'u', NULL,   "force-remove: let HSYNC decide again", TAKES_UNDO },
	{ "lint",      'l', "FILE", "doctor: knot.conf, named.conf or pdns.conf, read as well", TAKES_LINT },
	{ "probe",     'p', "ZONE", "doctor: try the signer with this zone, which nobody uses", TAKES_PROBE },
	{ "listen",    'L', "ADDR@PORT", "doctor: where the signer fetches that zone", TAKES_PROBE },
	{ "generic",   'g', NULL,   "identity records: as TYPEnnn \\# ...", TAKES_GENERIC },
	{ 0 },
};
/* clang-format on */

const struct command *
command_find(const char *name)
{
	const struct command *found = NULL;
	for (const struct command *c = commands; c->name != NULL; c++) {
		if (strcmp(c->name, name) == 0) {
			return c;
		}
		if (strncmp(c->name, name, strlen(name)) == 0) {
			if (found != NULL) {
				return NULL;
			}
			found = c;
		}
	}
	return *name == '\0' ? NULL : found;
}

void
command_usage(FILE *out)
{
	fputs("usage: msigctl [OPTIONS] [COMMAND [ARGUMENT ...]]\n\ncommands:\n", out);
	for (const struct command *c = commands; c->name != NULL; c++) {
		char both[80];
		snprintf(both, sizeof(both), "%s %s", c->name, c->args);
		fprintf(out, strlen(both) > 18 ? "  %s\n  %18s %s\n" : "  %-18s%s %s\n", both, "",
			c->summary);
	}
	fputs("\noptions:\n", out);
	for (const struct option_entry *o = options; o->name != NULL; o++) {
		char both[80];
		snprintf(both, sizeof(both), "-%c, --%s %s", o->letter, o->name,
			 o->arg != NULL ? o->arg : "");
		fprintf(out, "  %-23s %s\n", both, o->help);
	}
	fputs("\nexit status: 0 done, 1 failed, 2 usage, 3 a daemon does not run, "
	      "4 timed out,\n             5 not permitted or on hold, 78 bad configuration\n",
	      out);
}

int
command_error(const struct context *ctx, int code, const char *fmt, ...)
{
	char err[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err, sizeof(err), fmt, ap);
	va_end(ap);
	char *clean = text_clean(&ctx->text, err);
	if (ctx->json) {
		json_t *o = json_pack("{s:b, s:i, s:s?}", "ok", 0, "code", code, "error", clean);
		if (o != NULL) {
			json_dumpf(o, ctx->text.out, JSON_INDENT(2));
			fputc('\n', ctx->text.out);
			json_decref(o);
		}
	}
	fprintf(stderr, "msigctl: %s\n", clean);
	free(clean);
	return code;
}

json_t *
command_request(const char *name, const char *zone)
{
	if (zone == NULL) {
		return json_pack("{s:s}", "command", name);
	}
	knot_dname_storage_t dname;
	knot_dname_txt_storage_t text;
	if (knot_dname_from_str(dname, zone, sizeof(dname)) == NULL) {
		return NULL;
	}
	knot_dname_to_lower(dname);
	if (knot_dname_to_str(text, dname, sizeof(text)) == NULL) {
		return NULL;
	}
	return json_pack("{s:s, s:s}", "command", name, "zone", text);
}

int
command_ask(struct context *ctx, const char *daemon, const json_t *request, json_t **answer,
	    char *err, size_t errlen)
{
	return client_ask(ctx->rundir, daemon, request,
			  ctx->timeout_ms != 0 ? ctx->timeout_ms : DEFAULT_TIMEOUT, answer, err,
			  errlen);
}

void
command_show(struct context *ctx, const char *name, const json_t *answer,
	     void (*render)(const struct text *t, const json_t *answer))
{
	if (!ctx->json) {
		render(&ctx->text, answer);
		render_warnings(&ctx->text, answer);
		return;
	}
	json_t *copy = json_copy((json_t *)(uintptr_t)answer);
	char schema[64];
	snprintf(schema, sizeof(schema), "msigctl.%s/1", name);
	json_object_set_new(copy, "schema", json_string(schema));
	json_dumpf(copy, ctx->text.out, JSON_INDENT(2) | JSON_SORT_KEYS);
	fputc('\n', ctx->text.out);
	json_decref(copy);
}

/* Asks one daemon about one zone, or about itself. */
static int
ask_run(struct context *ctx, const struct command *command, const char *zone)
{
	json_t *request = command_request(command->name, zone), *answer = NULL;
	char err[1024] = "";
	if (request == NULL) {
		return command_error(ctx, EXIT_USAGE, "'%s' is not a domain name", zone);
	}
	int ret = command_ask(ctx, command->daemon, request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	command_show(ctx, command->name, answer, command->render);
	json_decref(answer);
	return EXIT_DONE;
}

int
command_run(struct context *ctx, const struct command *command, int argc, char **argv)
{
	if (argc < command->min || (command->max >= 0 && argc > command->max)) {
		return command_error(ctx, EXIT_USAGE, "usage: msigctl %s %s", command->name,
				     command->args);
	}
	return command->run != NULL ? command->run(ctx, argc, argv)
				    : ask_run(ctx, command, argc > 0 ? argv[0] : NULL);
}

/* Asks every daemon; what one cannot say stands in its place: {"agentd": {...}, ...}. A daemon
 * that does not run stops nobody from reading the others. */
/* signerd is for zones that have a driver; agentd, which is asked before, knows whether there are. */
static bool
is_spare(const char *daemon, const json_t *all)
{
	return strcmp(daemon, "signerd") == 0 &&
	       js_num(json_object_get(all, "agentd"), "drivers") == 0;
}

static int
ask_all(struct context *ctx, const char *only, const char *command, json_t **all)
{
	json_t *request = command_request(command, NULL);
	int worst = EXIT_DONE;
	*all = json_object();
	for (const char *const *d = client_daemons; *d != NULL; d++) {
		if (only != NULL && strcmp(only, *d) != 0) {
			continue;
		}
		json_t *answer = NULL;
		char err[1024] = "";
		int ret = command_ask(ctx, *d, request, &answer, err, sizeof(err));
		if (ret == EXIT_DOWN && only == NULL && is_spare(*d, *all)) {
			continue;
		}
		if (ret != 0) {
			worst = ret > worst ? ret : worst;
			answer = json_pack("{s:b, s:i, s:s}", "ok", 0, "code", ret, "error", err);
		}
		json_object_set_new(*all, *d, answer);
	}
	json_decref(request);
	return worst;
}

static int
all_run(struct context *ctx, const char *name, const char *command,
	void (*render)(const struct text *t, const json_t *answer))
{
	json_t *all = NULL;
	int ret = ask_all(ctx, NULL, command, &all);
	command_show(ctx, name, all, render);
	json_decref(all);
	return ret;
}

static int
overview_run(struct context *ctx, int argc, char **argv)
{
	return all_run(ctx, "overview", "status", render_overview);
}

static int
status_run(struct context *ctx, int argc, char **argv)
{
	if (argc == 0) {
		return all_run(ctx, "status", "status", render_status);
	}
	json_t *all = NULL;
	int ret = ask_all(ctx, argv[0], "status", &all);
	if (json_object_size(all) == 0) {
		json_decref(all);
		return command_error(ctx, EXIT_USAGE, "'%s' is not one of the daemons", argv[0]);
	}
	command_show(ctx, "status", all, render_status);
	json_decref(all);
	return ret;
}

static int
reload_run(struct context *ctx, int argc, char **argv)
{
	return all_run(ctx, "reload", "reload", render_reload);
}

/* A command of combinerd with a second argument. */
static int
with_second(struct context *ctx, const char *name, char **argv, const char *key)
{
	json_t *request = command_request(name, argv[0]), *answer = NULL;
	char err[1024] = "";
	if (request == NULL) {
		return command_error(ctx, EXIT_USAGE, "'%s' is not a domain name", argv[0]);
	}
	json_object_set_new(request, key, json_string(argv[1]));
	int ret = command_ask(ctx, "combinerd", request, &answer, err, sizeof(err));
	json_decref(request);
	if (ret != 0) {
		return command_error(ctx, ret, "%s", err);
	}
	command_show(ctx, name, answer, render_done);
	json_decref(answer);
	return EXIT_DONE;
}

static int
accept_run(struct context *ctx, int argc, char **argv)
{
	return with_second(ctx, "accept", argv, "what");
}

static int
withdraw_run(struct context *ctx, int argc, char **argv)
{
	return with_second(ctx, "withdraw", argv, "origin");
}
