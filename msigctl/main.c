/*
 * msigctl: asks the daemons of this host, and prepares what one publishes. Reads its options, finds
 * the directory of the sockets, runs the command of the table.
 */
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "libmsig/daemon/conf.h"
#include "msigctl/command.h"

#define MAX_OPTIONS 32

static bool
number(const char *text, unsigned max, unsigned *value)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || n == 0 || n > max) {
		return false;
	}
	*value = (unsigned)n;
	return true;
}

static void
text_init(struct text *t)
{
	const char *columns = getenv("COLUMNS"), *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	bool tty = isatty(STDOUT_FILENO) == 1;
	struct winsize ws;
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	t->out = stdout;
	t->now = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	t->colour = tty && (no_color == NULL || *no_color == '\0') && term != NULL &&
		    strcmp(term, "dumb") != 0;
	/* Nothing is wrapped or cut in a pipe: that would break the next program. */
	t->columns = tty ? 80 : 0;
	unsigned wanted = 0;
	if (columns != NULL && number(columns, 10000, &wanted) && wanted >= 40) {
		t->columns = wanted;
	} else if (tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 40) {
		t->columns = ws.ws_col;
	}
}

/* Returns -1 to go on, or an exit code. */
static int
option(struct context *ctx, int letter, char *arg)
{
	unsigned seconds;
	switch (letter) {
	case 'c':
		ctx->conf = arg;
		return -1;
	case 'r':
		ctx->rundir = arg;
		return -1;
	case 'j':
		ctx->json = true;
		return -1;
	case 't':
		if (!number(arg, 4000000, &seconds)) {
			return command_error(ctx, EXIT_USAGE, "-t %s: not a number of seconds",
					     arg);
		}
		ctx->timeout_ms = seconds * 1000;
		return -1;
	case 'v':
		ctx->text.verbose = true;
		return -1;
	case 's':
		ctx->step = arg;
		return -1;
	case 'd':
		ctx->done = true;
		return -1;
	case 'm':
		ctx->member = arg;
		return -1;
	case 'f':
		ctx->follow = true;
		return -1;
	case 'n':
		return number(arg, 1000000, &ctx->limit)
			   ? -1
			   : command_error(ctx, EXIT_USAGE, "-n %s: not a number", arg);
	case 'a':
		ctx->algorithm = arg;
		return -1;
	case 'o':
		ctx->owner = arg;
		return -1;
	case 'y':
		ctx->yes = true;
		return -1;
	case 'u':
		ctx->undo = true;
		return -1;
	case 'F':
		ctx->format = arg;
		return -1;
	case 'l':
		ctx->lint = arg;
		return -1;
	case 'p':
		ctx->probe = arg;
		return -1;
	case 'L':
		ctx->listen = arg;
		return -1;
	case 'g':
		ctx->generic = true;
		return -1;
	case 'V':
		printf("msigctl (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		return EXIT_DONE;
	case 'h':
		command_usage(stdout);
		return EXIT_DONE;
	default:
		fputs("msigctl: try msigctl --help\n", stderr);
		return EXIT_USAGE;
	}
}

/* The special options that were given, as bits of 'takes'. */
static int
parse(struct context *ctx, int argc, char **argv, unsigned *given)
{
	struct option longs[MAX_OPTIONS] = {0};
	char letters[2 * MAX_OPTIONS + 1] = "";
	size_t n = 0, l = 0;
	for (; options[n].name != NULL && n < MAX_OPTIONS - 1; n++) {
		longs[n].name = options[n].name;
		longs[n].has_arg = options[n].arg != NULL ? required_argument : no_argument;
		longs[n].val = options[n].letter;
		letters[l++] = (char)options[n].letter;
		if (options[n].arg != NULL) {
			letters[l++] = ':';
		}
	}
	letters[l] = '\0';
	int letter;
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		int ret = option(ctx, letter, optarg);
		if (ret >= 0) {
			return ret;
		}
		for (size_t i = 0; i < n; i++) {
			*given |= options[i].letter == letter ? options[i].takes : 0;
		}
	}
	return -1;
}

/* Where the sockets are: -r, -c, MSIG_SOCKET_DIR, the default configuration, the default. */
static int
find_rundir(struct context *ctx, char **own)
{
	char err[1024] = "";
	const char *env = getenv("MSIG_SOCKET_DIR");
	if (ctx->rundir != NULL) {
		return 0;
	}
	if (ctx->conf == NULL && env != NULL && *env != '\0') {
		ctx->rundir = env;
		return 0;
	}
	const char *file = ctx->conf != NULL ? ctx->conf : MSIG_SYSCONFDIR "/msig.conf";
	if (ctx->conf == NULL && access(file, R_OK) != 0) {
		ctx->rundir = MSIG_RUNDIR; /* the file has secrets: not everybody may read it */
		return 0;
	}
	struct conf *conf = conf_load(file, err, sizeof(err));
	if (conf == NULL && ctx->conf != NULL) {
		return command_error(ctx, EXIT_CONFIG, "%s", err);
	}
	if (conf == NULL) {
		fprintf(stderr, "msigctl: %s; looking for sockets in %s\n", err, MSIG_RUNDIR);
		ctx->rundir = MSIG_RUNDIR;
		return 0;
	}
	ctx->rundir = *own = strdup(conf->rundir);
	conf_free(conf);
	return ctx->rundir != NULL ? 0 : EXIT_FAILED;
}

int
main(int argc, char **argv)
{
	struct context ctx = {.in = stdin};
	unsigned given = 0;
	char *own = NULL;
	setlocale(LC_CTYPE, "");
	text_init(&ctx.text);
	int ret = parse(&ctx, argc, argv, &given);
	if (ret >= 0) {
		return ret;
	}
	const struct command *command = optind < argc ? command_find(argv[optind]) : &commands[0];
	if (command == NULL) {
		command_usage(stderr);
		return command_error(&ctx, EXIT_USAGE,
				     "no command, or more than one, starts with '%s'",
				     argv[optind]);
	}
	if ((given & ~command->takes) != 0) {
		return command_error(&ctx, EXIT_USAGE, "an option that is not one of '%s'",
				     command->name);
	}
	ret = find_rundir(&ctx, &own);
	if (ret == 0) {
		argc -= optind < argc ? optind + 1 : optind;
		ret = command_run(&ctx, command, argc, argv + optind + 1);
	}
	free(own);
	if (fflush(stdout) != 0 && ret == 0) {
		ret = EXIT_FAILED;
	}
	return ret;
}
