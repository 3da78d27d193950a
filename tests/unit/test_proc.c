/* The frame of a daemon: a small one is forked for each case and watched from outside. */
#include "config.h"
#include "tests/unit/unit.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/proc.h"

static char dir[64], conf[96], logfile[96];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void
write_conf(const char *extra)
{
	FILE *f = fopen(conf, "w");
	assert_non_null(f);
	fprintf(
	    f, "server:\n    identity: msa.p1.example.\n    rundir: run\n    storage: lib/msig\n%s",
	    extra);
	fclose(f);
	chmod(conf, 0644);
}

static int
setup(void **state)
{
	assert_non_null(mkdtemp(strcpy(dir, "/tmp/msig-proc.XXXXXX")));
	chmod(dir, 0755);
	snprintf(conf, sizeof(conf), "%s/msig.conf", dir);
	snprintf(logfile, sizeof(logfile), "%s/log", dir);
	write_conf("");
	return 0;
}

static int
teardown(void **state)
{
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The daemon says on a pipe what happens to it. */
static int report_fd;

static void
report(const char *what)
{
	if (write(report_fd, what, strlen(what)) < 0)
		_exit(99);
}

static int
start(struct proc *proc)
{
	struct rlimit core;
	mode_t mask = umask(0);
	umask(mask);
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0 || mask != 0027)
		report("soft ");
	report("start ");
	return proc->arg != NULL ? MSIG_EDB : 0;
}

static void
on_reload(struct proc *proc, struct conf *old)
{
	report(proc->conf->dns_port != old->dns_port ? "reload " : "reload-same ");
}

static void
on_stop(struct proc *proc)
{
	report("stop ");
}

static void
on_dump(struct proc *proc)
{
	report("dump ");
}

static pid_t child;
static int heard_fd, out_fd;

/* Starts it with these options; the last one is NULL. */
static void
launch(int fails, ...)
{
	char *argv[16] = {(char[]){"testd"}};
	int argc = 1, up[2], out[2];
	va_list ap;
	va_start(ap, fails);
	for (const char *arg; (arg = va_arg(ap, const char *)) != NULL; argc++)
		argv[argc] = strdup(arg);
	va_end(ap);
	assert_int_equal(pipe(up) | pipe(out), 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		close(up[0]);
		close(out[0]);
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		report_fd = up[1];
		struct proc proc = {.name = "testd",
				    .start = start,
				    .reload = on_reload,
				    .stop = on_stop,
				    .dump = on_dump,
				    .arg = fails ? &proc : NULL};
		int status = proc_main(&proc, argc, argv);
		fflush(NULL);
		_exit(status);
	}
	assert_true(child > 0);
	while (--argc > 0)
		free(argv[argc]);
	close(up[1]);
	close(out[1]);
	heard_fd = up[0];
	out_fd = out[0];
}

/* Reads until text was seen or the other end is closed; 10 s at most. */
static char heard[65536];

static const char *
hear(int fd, const char *text)
{
	size_t len = 0;
	heard[0] = '\0';
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (text != NULL && strstr(heard, text) != NULL)
			return heard;
		if (poll(&p, 1, 10000) <= 0)
			fail_msg("waited for \"%s\", heard \"%s\"", text != NULL ? text : "the end",
				 heard);
		ssize_t n = read(fd, heard + len, sizeof(heard) - 1 - len);
		assert_true(n >= 0);
		if (n == 0)
			return heard;
		len += (size_t)n;
		heard[len] = '\0';
	}
}

static int
finish(void)
{
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	close(heard_fd);
	close(out_fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
test_options(void **state)
{
	const struct {
		int status;
		const char *text;
		const char *args[4];
	} cases[] = {
	    {0, "testd (msig) ", {"-V"}},
	    {0, "usage: testd", {"-h"}},
	    {64, "usage: testd", {"-x"}},
	    {64, "extra: no such argument", {"extra"}},
	    {64, "usage: testd", {"-c"}},
	    {78, "/nonexistent/msig.conf: cannot be read", {"-c", "/nonexistent/msig.conf"}},
	    {78, "cannot be read", {"-nc", "/nonexistent/msig.conf"}},
	    {0, "", {"-n", "-c", conf}},
	    {0, "identity: msa.p1.example.", {"-nv", "-c", conf}},
	    {1, "/nonexistent/log", {"-l", "/nonexistent/log", "-c", conf}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *const *a = cases[i].args;
		launch(false, a[0], a[1], a[2], a[3], NULL);
		const char *out = hear(out_fd, NULL);
		if (strstr(out, cases[i].text) == NULL)
			fail_msg("case %zu: %s", i, out);
		assert_string_equal(hear(heard_fd, NULL), ""); /* never started */
		assert_int_equal(finish(), cases[i].status);
	}
}

static void
test_bad_configuration(void **state)
{
	write_conf("    dns-port: 99999\nnonsense:\n");
	launch(false, "-c", conf, NULL);
	const char *out = hear(out_fd, NULL);
	/* Every mistake is a line of its own. */
	assert_non_null(strstr(out, "error: "));
	assert_non_null(
	    strstr(out, "msig.conf:5: server.dns-port: 99999 is out of range, 1 to 65535\n"));
	assert_non_null(strstr(out, "msig.conf:6: nonsense: no such section\n"));
	assert_int_equal(finish(), 78);
	/* Nothing was touched. */
	char path[128];
	snprintf(path, sizeof(path), "%s/run", dir);
	assert_int_equal(access(path, F_OK), -1);
}

static void
test_life(void **state)
{
	char path[128];
	struct stat st;
	launch(false, "-l", logfile, "-c", conf, NULL);
	assert_string_equal(hear(heard_fd, "start "), "start ");
	snprintf(path, sizeof(path), "%s/lib/msig/testd", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);

	/* A second one on the same state. */
	pid_t first = child;
	int first_heard = heard_fd, first_out = out_fd;
	launch(false, "-c", conf, NULL);
	assert_non_null(strstr(hear(out_fd, NULL), "testd: another testd works on this state"));
	assert_int_equal(finish(), 1);
	child = first;
	heard_fd = first_heard;
	out_fd = first_out;

	kill(child, SIGUSR2);
	assert_string_equal(hear(heard_fd, "dump "), "dump ");
	write_conf("    dns-port: 5300\n");
	kill(child, SIGHUP);
	assert_string_equal(hear(heard_fd, "reload"), "reload ");
	/* What is wrong is not taken over, and the daemon goes on. */
	write_conf("    dns-port: none\n");
	kill(child, SIGHUP);
	kill(child, SIGUSR2);
	hear(heard_fd, "dump "); /* it has read that by now */
	write_conf("    dns-port: 5301\n");
	kill(child, SIGHUP);
	assert_string_equal(hear(heard_fd, "reload"), "reload ");
	/* Log rotation. */
	char moved[128];
	snprintf(moved, sizeof(moved), "%s.1", logfile);
	assert_int_equal(rename(logfile, moved), 0);
	kill(child, SIGUSR1);
	kill(child, SIGUSR2);
	hear(heard_fd, "dump ");
	assert_int_equal(access(logfile, F_OK), 0);
	kill(child, SIGPIPE); /* ignored */
	kill(child, SIGTERM);
	assert_string_equal(hear(heard_fd, NULL), "stop ");
	assert_int_equal(finish(), 0);

	/* The lock went with the process. */
	launch(false, "-c", conf, NULL);
	hear(heard_fd, "start ");
	kill(child, SIGKILL);
	assert_int_equal(finish(), -SIGKILL);
	launch(false, "-c", conf, NULL);
	hear(heard_fd, "start ");
	kill(child, SIGINT);
	hear(heard_fd, "stop ");
	assert_int_equal(finish(), 0);
}

static void
test_reload_refused(void **state)
{
	launch(false, "-c", conf, NULL);
	hear(out_fd, "is running");
	write_conf("    dns-port: none\n");
	kill(child, SIGHUP);
	hear(out_fd, "the old one stays in force");
	assert_non_null(strstr(heard, "msig.conf:5: server.dns-port: \"none\" is not a number"));
	FILE *f = fopen(conf, "w");
	fprintf(f,
		"server:\n    identity: other.example.\n    rundir: run\n    storage: lib/msig\n");
	fclose(f);
	kill(child, SIGHUP);
	hear(out_fd, "the old one stays in force");
	assert_non_null(strstr(heard, "server.identity: cannot be changed without a restart"));
	kill(child, SIGTERM);
	hear(heard_fd, "stop ");
	assert_int_equal(finish(), 0);
}

static void
test_start_fails(void **state)
{
	launch(true, "-c", conf, NULL);
	assert_non_null(strstr(hear(out_fd, NULL), "start failed: database error"));
	assert_int_equal(finish(), 1);
}

/* What the service manager hears, if we were built for it. */
static void
test_notify(void **state)
{
#ifdef HAVE_SYSTEMD
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", dir);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", addr.sun_path, 1);
	setenv("WATCHDOG_USEC", "20000", 1);
	launch(false, "-c", conf, NULL);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	bool ready = false, fed = false, stopping = false, killed = false;
	while (!stopping) {
		char buf[512];
		struct pollfd p = {.fd = fd, .events = POLLIN};
		assert_int_equal(poll(&p, 1, 10000), 1);
		ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);
		assert_true(n > 0);
		buf[n] = '\0';
		ready = ready || strstr(buf, "READY=1") != NULL;
		fed = fed || strstr(buf, "WATCHDOG=1") != NULL;
		stopping = strstr(buf, "STOPPING=1") != NULL;
		if (ready && fed && !killed)
			killed = kill(child, SIGTERM) == 0;
	}
	hear(heard_fd, "stop ");
	assert_int_equal(finish(), 0);
	close(fd);
#else
	skip();
#endif
}

static void
test_user(void **state)
{
	char path[128];
	struct stat st;
	if (geteuid() != 0 || proc_uid("nobody") == (uid_t)-1) {
		skip();
		return;
	}
	/* transportd's user is what proc_user() takes for a name it does not know. */
	write_conf("    user-transport: nobody\n");
	launch(false, "-c", conf, NULL);
	assert_string_equal(hear(heard_fd, "start "), "start ");
	snprintf(path, sizeof(path), "/proc/%d", (int)child);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, proc_uid("nobody"));
	snprintf(path, sizeof(path), "%s/lib/msig/testd", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, proc_uid("nobody"));
	kill(child, SIGTERM);
	hear(heard_fd, "stop ");
	assert_int_equal(finish(), 0);
	write_conf("    user-transport: no-such-user\n");
	launch(false, "-c", conf, NULL);
	assert_non_null(strstr(hear(out_fd, NULL), "user no-such-user: does not exist"));
	assert_int_equal(finish(), 1);
}

/* In a process of its own: filters stay. 77: there are none. */
static void
apart(int (*good)(void))
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(good());
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static bool
denied(long family, int type)
{
	return syscall(SYS_socket, family, type, 0) < 0 && errno == EACCES;
}

static int
no_network(void)
{
	int ret = proc_deny_network();
	if (ret == KNOT_ENOTSUP)
		return 77;
	/* The kernel looks at the lower half of the register alone. */
	return ret == 0 && denied(AF_INET, SOCK_STREAM) && denied(AF_INET6, SOCK_DGRAM) &&
		       denied(AF_PACKET, SOCK_RAW) && denied(AF_INET | 1L << 32, SOCK_STREAM) &&
		       socket(AF_UNIX, SOCK_STREAM, 0) >= 0
		   ? 0
		   : 1;
}

static void
test_deny_network(void **state)
{
	apart(no_network);
}

static int
no_serving(void)
{
	int stream = socket(AF_INET, SOCK_STREAM, 0);
	int ret = proc_deny_serving();
	if (ret == KNOT_ENOTSUP)
		return 77;
	return ret == 0 && stream >= 0 && listen(stream, 1) < 0 && errno == EACCES &&
		       denied(AF_INET, SOCK_RAW) && denied(AF_INET6, SOCK_RAW | SOCK_CLOEXEC) &&
		       denied(AF_INET, SOCK_SEQPACKET) && denied(AF_PACKET, SOCK_DGRAM) &&
		       socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 &&
		       socket(AF_INET6, SOCK_DGRAM, 0) >= 0
		   ? 0
		   : 1;
}

static void
test_deny_serving(void **state)
{
	apart(no_serving);
}

/* Daemons that start together: none finds a folder of another one half made, for it is moved into
 * place. */
static void
test_folders_come_whole(void **state)
{
	char events[4096], *at = events;
	bool moved = false;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(inotify_add_watch(fd, dir, IN_CREATE | IN_MOVED_TO) >= 0);
	launch(false, "-c", conf, NULL);
	hear(heard_fd, "start ");
	kill(child, SIGTERM);
	assert_int_equal(finish(), 0);
	ssize_t len = read(fd, events, sizeof(events));
	assert_true(len > 0);
	while (at < events + len) {
		struct inotify_event e;
		memcpy(&e, at, sizeof(e));
		const char *name = at + sizeof(e);
		if (strcmp(name, "run") == 0) {
			assert_false((e.mask & IN_CREATE) != 0);
			moved |= (e.mask & IN_MOVED_TO) != 0;
		}
		at += sizeof(e) + e.len;
	}
	close(fd);
	assert_true(moved);
}

/* The same as long as the machine runs. */
static void
test_boot(void **state)
{
	static const uint8_t none[16];
	uint8_t first[16], second[16];

	proc_boot(first);
	proc_boot(second);
	assert_memory_equal(first, second, sizeof(first));
	assert_memory_not_equal(first, none, sizeof(first));
}

static void
test_folders(void **state)
{
	char path[256];
	struct stat st;
	snprintf(path, sizeof(path), "%s/a/b/c", dir);
	assert_int_equal(proc_mkdir(path, 0700), 0);
	assert_int_equal(proc_mkdir(path, 0700), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	snprintf(path, sizeof(path), "%s/msig.conf", dir);
	assert_true(proc_mkdir(path, 0700) < 0);
	snprintf(path, sizeof(path), "%s/msig.conf/x", dir);
	assert_true(proc_mkdir(path, 0700) < 0);
	assert_true(proc_lock(path) < 0);
	assert_true(proc_uid(NULL) == (uid_t)-1);
	assert_true(proc_uid("no-such-user") == (uid_t)-1);
	assert_true(proc_gid("no-such-group") == (gid_t)-1);
	assert_true(proc_uid("root") == 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_options),        T(test_bad_configuration),  T(test_life),
	    T(test_reload_refused), T(test_start_fails),        T(test_notify),
	    T(test_user),           T(test_deny_network),       T(test_deny_serving),
	    T(test_folders),        T(test_folders_come_whole), T(test_boot),
	};
	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
