/*
 * transportd: two processes under one name. `peer` talks with other providers' agents and can be
 * reached by strangers; `observe` asks servers and resolvers what they show and is reached by
 * nobody but the signer. They share no memory and no user, and neither can speak in place of the
 * other.
 */
#include "config.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "transportd/observe/process.h"
#include "transportd/peer/process.h"
#include "transportd/supervise.h"

#define EXIT_USAGE 64

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} part[] = {{"peer", peer_process}, {"observe", observe_process}};

/* Takes `--only NAME` or `--only=NAME` out of the arguments. */
static const char *
take_only(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		const char *only = NULL;
		int n = 1;

		if (strcmp(argv[i], "--only") == 0) {
			only = i + 1 < *argc ? argv[i + 1] : "";
			n = i + 1 < *argc ? 2 : 1;
		} else if (strncmp(argv[i], "--only=", 7) == 0) {
			only = argv[i] + 7;
		}
		if (only == NULL)
			continue;
		memmove(&argv[i], &argv[i + n], (size_t)(*argc - i - n + 1) * sizeof(*argv));
		*argc -= n;
		return only;
	}
	return NULL;
}

/* Does this call only ask something (-n, -V, -h, or a mistake)? One process can answer that. */
static bool
just_asks(int argc, char **argv, const char **logfile)
{
	static const struct option longs[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check", no_argument, NULL, 'n'},
	    {"verbose", no_argument, NULL, 'v'},
	    {"log", required_argument, NULL, 'l'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	bool asks = false;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "c:nvl:Vh", longs, NULL)) != -1) {
		if (opt == 'l')
			*logfile = optarg;
		else if (opt != 'c' && opt != 'v')
			asks = true;
	}
	opterr = 1;
	return asks || optind < argc;
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {"peer", "observe", NULL};
	const char *only = take_only(&argc, argv), *logfile = NULL;

	if (only == NULL) {
		if (just_asks(argc, argv, &logfile))
			return peer_process(argc, argv);
		return supervise(argc, argv, names, logfile);
	}
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		if (strcmp(only, part[i].name) == 0)
			return part[i].run(argc, argv);
	}
	fprintf(stderr, "transportd: --only peer or --only observe, not '%s'\n", only);
	return EXIT_USAGE;
}
