/*
 * The parent of both processes: see supervise.h.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libmsig/daemon/log.h"
#include "libmsig/daemon/loop.h"
#include "transportd/supervise.h"

#define CHILDREN_MAX 4
#define PARENT_ENV "MSIG_SUPERVISOR"
#define BACKOFF_MIN 200 /* ms until a dead one is started again, doubling */
#define BACKOFF_MAX 30000
#define SETTLED 60000 /* ms: who lived so long begins again with BACKOFF_MIN */
#define GIVE_UP 5000  /* ms: who never lived so long, in so many starts, cannot run at all */
#define GIVE_UP_STARTS 4
#define KILL_AFTER 10000
#define EXIT_USAGE 64
#define EXIT_CONF 78

struct child {
	const char *name;
	pid_t pid; /* 0: not running */
	unsigned starts;
	uint64_t since; /* started or died, mono ms */
	uint64_t backoff;
	bool lived; /* for some time, once */
};

static struct child child[CHILDREN_MAX];
static unsigned children;
static sigset_t normal_mask;

void
supervise_child(void)
{
	const char *parent = getenv(PARENT_ENV);

	if (parent == NULL)
		return;
	/* At once: nothing of ours is on disk, and the next parent's processes want the lock. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)strtol(parent, NULL, 10))
		raise(SIGKILL);
	/* Started by way of /proc/self/exe, it would be "exe" in ps, top and pidof. */
	prctl(PR_SET_NAME, program_invocation_short_name);
}

static void
start(struct child *c, int argc, char **argv)
{
	static char only[] = "--only";
	char name[32], parent[32];
	char **args = xcalloc((size_t)argc + 3, sizeof(char *));
	pid_t self = getpid();

	c->since = loop_mono_ms();
	c->starts++;
	c->pid = fork();
	if (c->pid == 0) {
		snprintf(name, sizeof(name), "%s", c->name);
		snprintf(parent, sizeof(parent), "%ld", (long)self);
		args[0] = argv[0];
		args[1] = only;
		args[2] = name;
		memcpy(&args[3], &argv[1], (size_t)(argc - 1) * sizeof(char *));
		setenv(PARENT_ENV, parent, 1);
		sigprocmask(SIG_SETMASK, &normal_mask, NULL);
		execv("/proc/self/exe", args);
		_exit(127);
	}
	free(args);
	if (c->pid < 0) {
		log_error("cannot start %s: %s", c->name, strerror(errno));
		c->pid = 0;
	} else {
		log_debug("%s started, process %ld", c->name, (long)c->pid);
	}
}

static void
signal_all(int signo)
{
	for (unsigned i = 0; i < children; i++) {
		if (child[i].pid > 0)
			kill(child[i].pid, signo);
	}
}

/* A mistake in the configuration or in the arguments, or whatever else keeps it from running: then
 * whoever started us shall know. Later a broken configuration must not end the other process. */
static bool
hopeless(struct child *c, int status, uint64_t lived)
{
	c->lived = c->lived || lived >= GIVE_UP;
	if (c->lived || !WIFEXITED(status) || WEXITSTATUS(status) == 0)
		return false;
	return c->starts >= GIVE_UP_STARTS || WEXITSTATUS(status) == EXIT_USAGE ||
	       WEXITSTATUS(status) == EXIT_CONF;
}

/* Says why it ended, and when it starts again. Returns an exit status if it never will. */
static int
died(struct child *c, int status, bool stopping)
{
	uint64_t now = loop_mono_ms(), lived = now - c->since;

	c->pid = 0;
	if (stopping)
		return 0;
	if (hopeless(c, status, lived)) {
		log_error("%s cannot start (exit status %d)", c->name, WEXITSTATUS(status));
		return WEXITSTATUS(status);
	}
	c->backoff = lived >= SETTLED || c->backoff == 0 ? BACKOFF_MIN : c->backoff * 2;
	if (c->backoff > BACKOFF_MAX)
		c->backoff = BACKOFF_MAX;
	c->since = now;
	log_warn("%s ended (%s %d); started again in %llu ms", c->name,
		 WIFSIGNALED(status) ? "signal" : "exit status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		 (unsigned long long)c->backoff);
	return 0;
}

static int
reap(bool stopping)
{
	int status, failure = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < children; i++) {
			if (child[i].pid == pid) {
				int rc = died(&child[i], status, stopping);

				failure = rc != 0 ? rc : failure;
			}
		}
	}
	return failure;
}

static bool
all_dead(void)
{
	for (unsigned i = 0; i < children; i++) {
		if (child[i].pid > 0)
			return false;
	}
	return true;
}

static void
wait_signal(const sigset_t *set, uint64_t ms, int *signo)
{
	struct timespec ts = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	*signo = sigtimedwait(set, NULL, &ts);
}

static void
stop_all(const sigset_t *set)
{
	uint64_t began = loop_mono_ms();
	int signo;

	signal_all(SIGTERM);
	while (reap(true), !all_dead()) {
		if (loop_mono_ms() - began > KILL_AFTER) {
			log_warn("a process does not end: killed");
			signal_all(SIGKILL);
		}
		wait_signal(set, 1000, &signo);
	}
}

/* Starts those whose time has come. Returns the time until the next one. */
static uint64_t
start_due(int argc, char **argv)
{
	uint64_t next = 60000, now = loop_mono_ms();

	for (unsigned i = 0; i < children; i++) {
		struct child *c = &child[i];

		if (c->pid > 0)
			continue;
		if (now >= c->since + c->backoff)
			start(c, argc, argv);
		else if (c->since + c->backoff - now < next)
			next = c->since + c->backoff - now;
	}
	return next;
}

int
supervise(int argc, char **argv, const char *const *names, const char *logfile)
{
	static const int handled[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
	sigset_t set;
	int signo, failure = 0;

	if (log_open("transportd", logfile, LOG_LVL_INFO) != 0)
		return 1;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		sigaddset(&set, handled[i]);
	sigprocmask(SIG_BLOCK, &set, &normal_mask);
	for (; names[children] != NULL && children < CHILDREN_MAX; children++)
		child[children].name = names[children];

	while (failure == 0) {
		wait_signal(&set, start_due(argc, argv), &signo);
		failure = reap(false);
		if (signo == SIGTERM || signo == SIGINT)
			break;
		if (signo == SIGUSR1)
			log_reopen();
		if (signo == SIGHUP || signo == SIGUSR1 || signo == SIGUSR2)
			signal_all(signo);
	}
	stop_all(&set);
	return failure;
}
