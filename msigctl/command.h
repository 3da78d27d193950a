/*
 * The sub-commands of msigctl: one table, from which dispatch, usage, and the test of the manual
 * come. A command that only asks a daemon and shows the answer is a line of the table; the others
 * have a function.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include "msigctl/text.h"

/* Exit status. What a daemon refuses comes with one of these as well. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_DOWN = 3,    /* a daemon does not run, or does not answer */
	EXIT_TIMEOUT = 4, /* wait: not within -t */
	EXIT_DENIED = 5,  /* not permitted, or the zone is on hold */
	EXIT_CONFIG = 78,
};

/* Options behind the command's name; 'takes' of a command says which it knows. */
enum {
	TAKES_STEP = 1 << 0,
	TAKES_DONE = 1 << 1,
	TAKES_FOLLOW = 1 << 2,
	TAKES_LIMIT = 1 << 3,
	TAKES_ALGORITHM = 1 << 4,
	TAKES_OWNER = 1 << 5,
	TAKES_GENERIC = 1 << 6,
	TAKES_MEMBER = 1 << 7,
	TAKES_FORMAT = 1 << 8,
	TAKES_YES = 1 << 9,
	TAKES_UNDO = 1 << 10,
	TAKES_LINT = 1 << 11,
	TAKES_PROBE = 1 << 12,
};

struct context {
	const char *rundir;
	const char *conf; /* file, or NULL: the default one, if it can be read */
	bool json;
	unsigned timeout_ms; /* 0: not given */
	struct text text;
	FILE *in;
	/* of single commands */
	const char *step, *algorithm, *owner, *member, *format, *lint, *probe, *listen;
	bool done, follow, generic, yes, undo;
	unsigned limit;
};

struct command {
	const char *name;
	const char *args; /* as in the manual */
	const char *summary;
	int min, max; /* how many arguments */
	unsigned takes;
	const char *daemon; /* the one that is asked, the first argument being a zone ... */
	void (*render)(const struct text *t, const json_t *answer);
	int (*run)(struct context *ctx, int argc, char **argv); /* ... or what is done */
};

extern const struct command
    commands[]; /* ends with a NULL name; the first one is the bare command */

struct option_entry {
	const char *name; /* long */
	int letter;       /* short one, or a number above 255 */
	const char *arg;  /* or NULL */
	const char *help;
	unsigned takes; /* 0: every command */
};

extern const struct option_entry options[]; /* ends with a NULL name */

/* NULL if there is none, or if an abbreviation fits several. */
const struct command *command_find(const char *name);
int command_run(struct context *ctx, const struct command *command, int argc, char **argv);
void command_usage(FILE *out);

/* Prints "msigctl: text" to standard error, or an object in JSON form; returns code. */
int command_error(const struct context *ctx, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* {"command": name, "zone": zone in canonical form}; zone may be NULL. NULL if zone is no name. */
json_t *command_request(const char *name, const char *zone);
int command_ask(struct context *ctx, const char *daemon, const json_t *request, json_t **answer,
		char *err, size_t errlen);
/* Prints as JSON with "schema": "msigctl.<name>/1", or through render. */
void command_show(struct context *ctx, const char *name, const json_t *answer,
		  void (*render)(const struct text *t, const json_t *answer));

/* In files of their own. */
int hsync_run(struct context *ctx, int argc, char **argv);
int identity_run(struct context *ctx, int argc, char **argv);
int wait_run(struct context *ctx, int argc, char **argv);
int journal_run(struct context *ctx, int argc, char **argv);
int roll_run(struct context *ctx, int argc, char **argv);
int cancel_run(struct context *ctx, int argc, char **argv);
int approve_run(struct context *ctx, int argc, char **argv);
int step_run(struct context *ctx, int argc, char **argv);
int force_run(struct context *ctx, int argc, char **argv);
int plan_run(struct context *ctx, int argc, char **argv);
/* third: a provider, or the number of an algorithm; NULL if zone is no name. */
json_t *plan_request(const char *zone, const char *process, const char *third);
int doctor_run(struct context *ctx, int argc, char **argv);
int graph_run(struct context *ctx, int argc, char **argv);
