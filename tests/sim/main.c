/*
 * msig-sim: runs schedules from consecutive seeds; TAP. A failure prints its seed; the same seed
 * with -t prints what happened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim.h"

int mutants_run(uint64_t tries, const char *only);

static double
seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	struct sim_options opt = {.seed = 1, .faults = true};
	static struct sim sim;
	uint64_t count = 1000, failed = 0, events = 0, decisions = 0, crashes = 0, checks = 0;
	const char *only = NULL;
	bool mutants = false;
	int c;

	while ((c = getopt(argc, argv, "s:c:n:ftm:")) != -1)
		switch (c) {
		case 's':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			count = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			opt.nodes = atoi(optarg);
			break;
		case 'f':
			opt.faults = false;
			break;
		case 'm':
			mutants = true;
			only = optarg;
			break;
		case 't':
			opt.trace = true;
			break;
		default:
			fprintf(stderr,
				"usage: msig-sim [-s seed] [-c count] [-n agents] [-f] [-t]\n");
			return 2;
		}
	if (mutants)
		return mutants_run(count, only);
	if (argc == 1 && getenv("MSIG_FULL") != NULL)
		count = 100000;
	else if (argc == 1)
		count = 3000;
	double start = seconds();
	for (uint64_t i = 0; i < count; i++, opt.seed++) {
		if (!sim_run(&sim, &opt)) {
			printf("# seed %llu at %.3f s: %s\n", (unsigned long long)opt.seed,
			       (double)(sim.now - 1000000000) / 1000, sim.failure);
			if (++failed >= 10)
				break;
		}
		events += sim.steps;
		decisions += sim.decisions;
		crashes += sim.crashes;
		checks += sim.checks;
	}
	double took = seconds() - start;
	printf("# %llu schedules in %.1f s of processor time (%.0f per second); per schedule %.0f "
	       "events, %.0f decisions, "
	       "%.1f crashes, %.0f checks of S1 and S2\n",
	       (unsigned long long)count, took, (double)count / took,
	       (double)events / (double)count, (double)decisions / (double)count,
	       (double)crashes / (double)count, (double)checks / (double)count);
	printf("1..1\n%sok 1 - %llu schedules from seed %llu\n", failed != 0 ? "not " : "",
	       (unsigned long long)count, (unsigned long long)(opt.seed - count));
	return failed != 0;
}
