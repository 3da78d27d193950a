/*
 * msig-sim: runs schedules from consecutive seeds, on all processors; TAP. A failure prints its
 * seed, and the shortest schedule that still fails; the same seed with -t prints what happened.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/coverage.h"
#include "tests/sim/mutations.h"
#include "tests/sim/shrink.h"
#include "tests/sim/sim.h"
#include "tests/sim/teeth.h"

#define JOBS 64
#define FAILURES 10
#define LAME_SEEDS 200
#define FAILURES_ALL 4000   /* with -k */
#define LAME 1              /* of 100,000, in the run without arguments; see doc/simulator.md */
#ifdef __SANITIZE_ADDRESS__ /* many times slower, and the same schedules */
#define SANITIZED true
#else
#define SANITIZED false
#endif
#define BATCH 20                 /* seeds that a process takes at a time */
#define STOPPED (UINT64_MAX / 2) /* board.next: no more */

/* Shared by the processes. */
struct board {
	uint64_t next; /* seed */
	uint64_t failures;
	struct {
		uint64_t seed;
		char text[256];
		double at;
	} failure[FAILURES_ALL];
	uint64_t enough; /* of them */
	uint64_t lame;   /* schedules that come to no end and are let pass (-u) */
	uint64_t lame_seed[LAME_SEEDS];
	bool tell; /* what is found is said at once, besides the report at the end */
	struct sim_stats stats[JOBS];
};

/* Told to stop (SIGINT, SIGTERM), a campaign reports what it has found until then, and none
 * follows. */
static struct board *running;

static void
stop(int sig)
{
	(void)sig;
	__atomic_store_n(&running->next, STOPPED, __ATOMIC_RELAXED);
}

static bool
stopped(const struct board *board)
{
	return __atomic_load_n(&board->next, __ATOMIC_RELAXED) >= STOPPED;
}

static double
seconds(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* No end, and nothing that harmed anybody: some of these may be let pass. */
static bool
lame(struct board *board, const struct sim *sim, uint64_t seed, int pass)
{
	if (pass == 0 || strncmp(sim->failure, "L1:", 3) != 0)
		return false;
	uint64_t k = __atomic_fetch_add(&board->lame, 1, __ATOMIC_RELAXED);
	if (k < LAME_SEEDS)
		board->lame_seed[k] = seed;
	return true;
}

static void
tell(const struct board *board, const struct sim *sim, uint64_t seed)
{
	if (board->tell)
		fprintf(stderr, "# msig-sim: seed %llu: %s\n", (unsigned long long)seed,
			sim->failure);
}

static void
work(struct board *board, int job, struct sim_options opt, uint64_t end)
{
	static struct sim sim;

	sim.stats = &board->stats[job];
	for (;;) {
		uint64_t from = __atomic_fetch_add(&board->next, BATCH, __ATOMIC_RELAXED);
		for (uint64_t seed = from; seed < from + BATCH; seed++) {
			if (seed >= end || stopped(board) ||
			    __atomic_load_n(&board->failures, __ATOMIC_RELAXED) >= board->enough)
				return;
			opt.seed = seed;
			if (sim_run(&sim, &opt))
				continue;
			tell(board, &sim, seed);
			if (lame(board, &sim, seed, opt.lame))
				continue;
			uint64_t k = __atomic_fetch_add(&board->failures, 1, __ATOMIC_RELAXED);
			if (k >= board->enough)
				return;
			board->failure[k].seed = seed;
			board->failure[k].at = (double)(sim.now - 1000000000) / 1000;
			memcpy(board->failure[k].text, sim.failure, sizeof(sim.failure));
		}
	}
}

static void
run_all(struct board *board, int jobs, const struct sim_options *opt, uint64_t end)
{
	if (jobs == 1) {
		work(board, 0, *opt, end);
		return;
	}
	fflush(stdout);
	for (int j = 0; j < jobs; j++)
		if (fork() == 0) {
			work(board, j, *opt, end);
			fflush(stdout);
			_exit(0);
		}
	for (int j = 0; j < jobs; j++) {
		int status = 0;
		while (wait(&status) < 0 && errno == EINTR)
			;
		if (status != 0) {
			printf("Bail out! a process of the simulator died\n");
			exit(1);
		}
	}
}

static void
add(struct sim_stats *sum, const struct sim_stats *s)
{
	uint64_t *a = (uint64_t *)sum;
	const uint64_t *b = (const uint64_t *)s;
	for (size_t i = 0; i < sizeof(*s) / sizeof(uint64_t); i++)
		a[i] += b[i];
}

struct arguments {
	struct sim_options opt;
	uint64_t count;
	int jobs;
	bool cells, given, all;
	const char *mutants;
};

static int
usage(void)
{
	fprintf(
	    stderr,
	    "usage: msig-sim [-afkltv] [-s seed] [-c count] [-u of 100,000] [-n agents] [-j jobs] "
	    "[-x kind,...] [-o kind] [-p peer|leader] [-w process]\n");
	return 2;
}

/* The kind of mishap of this name, or MISHAP_COUNT. */
static int
mishap(const char *word)
{
	static const char *const ids[] = {
#define X(id, text) #id,
	    MISHAPS(X)
#undef X
	};
	int i = 0;
	while (i < MISHAP_COUNT && strcmp(ids[i], word) != 0)
		i++;
	return i;
}

static bool
without(struct arguments *a, char *list)
{
	for (char *word = strtok(list, ","); word != NULL; word = strtok(NULL, ",")) {
		int i = mishap(word);
		if (i == MISHAP_COUNT)
			return false;
		a->opt.without |= UINT64_C(1) << i;
	}
	return true;
}

static int
arguments(int argc, char **argv, struct arguments *a)
{
	int c;

	while ((c = getopt(argc, argv, "as:c:n:fj:klo:tm:p:u:vw:x:")) != -1) {
		a->given = true;
		switch (c) {
		case 'a':
			a->opt.joins_only = true;
			break;
		case 's':
			a->opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			a->count = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			a->opt.nodes = atoi(optarg);
			if (a->opt.nodes < 2 || a->opt.nodes > NODES)
				return usage();
			break;
		case 'f':
			a->opt.faults = false;
			break;
		case 'j':
			a->jobs = atoi(optarg);
			break;
		case 'k':
			a->all = true;
			break;
		case 'l':
			a->opt.safety_only = true;
			break;
		case 'o':
			a->opt.order = mishap(optarg);
			if (a->opt.order < MISHAP_ORDER_ZSK || a->opt.order > MISHAP_ORDER_ALG)
				return usage();
			break;
		case 'm':
			a->mutants = optarg;
			break;
		case 'p':
			a->opt.model = strcmp(optarg, "leader") == 0 ? MODEL_LEADER
				       : strcmp(optarg, "peer") == 0 ? MODEL_PEER
								     : -1;
			if (a->opt.model < 0)
				return usage();
			break;
		case 't':
			a->opt.trace = true;
			break;
		case 'u':
			a->opt.lame = atoi(optarg);
			break;
		case 'v':
			a->cells = true;
			break;
		case 'w':
			a->opt.only = 1;
			while (process_rule((uint8_t)a->opt.only) != NULL &&
			       strcmp(process_name((uint8_t)a->opt.only), optarg) != 0)
				a->opt.only++;
			if (process_rule((uint8_t)a->opt.only) == NULL)
				return usage();
			break;
		case 'x':
			if (!without(a, optarg))
				return usage();
			break;
		default:
			return usage();
		}
	}
	if (a->jobs < 1 || a->jobs > JOBS)
		a->jobs = 1;
	return 0;
}

static bool
report(const struct board *board, const struct arguments *a, double took, int test)
{
	static struct sim_stats sum;

	memset(&sum, 0, sizeof(sum));

	for (int j = 0; j < a->jobs; j++)
		add(&sum, &board->stats[j]);
	double n = sum.schedules > 0 ? (double)sum.schedules : 1;
	printf("# %llu schedules in %.1f s (%.0f per second and %d processes); per schedule %.0f "
	       "events, %.0f decisions, %.0f messages, %.1f crashes, %.0f checks of what caches "
	       "hold; %llu rest for a reason that only people can end\n",
	       (unsigned long long)sum.schedules, took, n / took, a->jobs, (double)sum.events / n,
	       (double)sum.decisions / n, (double)sum.messages / n, (double)sum.crashes / n,
	       (double)sum.checks / n, (unsigned long long)sum.unsolved);
	if (a->cells)
		coverage(&sum);
	if (a->cells && a->opt.only != 0)
		coverage_alone(&sum, (uint8_t)a->opt.only);
	uint64_t failures = board->failures < board->enough ? board->failures : board->enough;
	for (uint64_t i = 0; i < failures; i++)
		printf("# seed %llu at %.3f s: %s\n", (unsigned long long)board->failure[i].seed,
		       board->failure[i].at, board->failure[i].text);
	if (failures > 0 && !a->opt.trace && !a->all) {
		struct sim_options opt = a->opt;
		opt.seed = board->failure[0].seed;
		shrink(&opt);
	}
	bool many = board->lame * 100000 > (uint64_t)a->opt.lame * sum.schedules;
	if (a->opt.lame != 0) {
		printf("# %llu came to no end, at most %d of 100,000 are let pass; seeds",
		       (unsigned long long)board->lame, a->opt.lame);
		for (uint64_t i = 0; i < board->lame && i < LAME_SEEDS; i++)
			printf(" %llu", (unsigned long long)board->lame_seed[i]);
		printf("\n");
	}
	bool cut = stopped(board);
	printf("%sok %d - %s%llu schedules of %s from seed %llu\n",
	       failures != 0 || many || cut ? "not " : "", test, cut ? "stopped after " : "",
	       (unsigned long long)sum.schedules, a->opt.joins_only ? "joins" : "every process",
	       (unsigned long long)a->opt.seed);
	return failures == 0 && !many && !cut;
}

/* One test. */
static bool
campaign(const struct arguments *a, int test)
{
	struct board *board =
	    mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double start = seconds(CLOCK_MONOTONIC);

	if (board == MAP_FAILED) {
		printf("not ok %d - no memory\n", test);
		return false;
	}
	board->next = a->opt.seed;
	board->enough = a->all ? FAILURES_ALL : FAILURES;
	board->tell = !a->given;
	running = board;
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	run_all(board, a->jobs, &a->opt, a->opt.seed + a->count);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	bool good = report(board, a, seconds(CLOCK_MONOTONIC) - start, test);
	if (stopped(board))
		exit(1);
	munmap(board, sizeof(*board));
	return good;
}

/* What the suite runs: joins have to end, all of them; of what every process can run into, some
 * that come to no end are let pass. */
static bool
suite(struct arguments *a)
{
	bool full = getenv("MSIG_FULL") != NULL && !SANITIZED;

	printf("1..2\n");
	a->opt.joins_only = true;
	a->count = SANITIZED ? 2000 : full ? 100000 : 20000;
	bool good = campaign(a, 1);
	a->opt.joins_only = false;
	a->opt.lame = LAME;
	a->count = SANITIZED ? 8000 : full ? 900000 : 80000;
	a->cells = true;
	return campaign(a, 2) && good;
}

int
main(int argc, char **argv)
{
	struct arguments a = {.opt = {.seed = 1, .faults = true},
			      .count = 1000,
			      .jobs = (int)sysconf(_SC_NPROCESSORS_ONLN)};
	int bad = arguments(argc, argv, &a);
	if (bad != 0)
		return bad;
	mutations_environment(); /* a fault on purpose, where it is built with them */
	if (a.mutants != NULL)
		return mutants_run(a.opt.seed, a.count, a.mutants);
	if (!a.given)
		return suite(&a) ? 0 : 1;
	if (a.opt.trace)
		a.jobs = 1;
	printf("1..1\n");
	return campaign(&a, 1) ? 0 : 1;
}
