/*
 * Start and stop of a daemon. In this order: options, configuration, run and state folders, user,
 * lock, signals, the daemon's own start, readiness, loop; stop in reverse. A mistake in the
 * configuration is known before anything has been touched.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif
#ifdef HAVE_SECCOMP
#include <seccomp.h>
#include <sys/socket.h>
#endif
#include <libknot/errcode.h>
#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/proc.h"

#define ERR_MAX 8192 /* all mistakes of a configuration */

struct options {
	const char *conf, *log;
	bool check, verbose;
};

/* Folders, lock, users. ----------------------------------------------------------------------- */

int
proc_mkdir(const char *path, mode_t mode)
{
	char *copy = xstrdup(path);
	mode_t mask = umask(0); /* the modes are meant as they are written */
	int ret = 0;
	for (char *p = copy + 1; ret == 0; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		bool last = *p == '\0';
		*p = '\0';
		if (mkdir(copy, last ? mode : 0755) != 0 && errno != EEXIST)
			ret = knot_map_errno();
		if (last)
			break;
		*p = '/';
	}
	umask(mask);
	struct stat st;
	if (ret == 0 && (stat(copy, &st) != 0 || !S_ISDIR(st.st_mode)))
		ret = KNOT_ENOTDIR;
	free(copy);
	return ret;
}

int
proc_lock(const char *dir)
{
	char path[4096];
	if (snprintf(path, sizeof(path), "%s/lock", dir) >= (int)sizeof(path))
		return MSIG_ESIZE;
	/* The descriptor is never closed: the lock ends with the process, kill -9 included. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return knot_map_errno();
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int ret = errno == EWOULDBLOCK ? MSIG_ELOCKED : knot_map_errno();
		close(fd);
		return ret;
	}
	char pid[32];
	int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) != 0 || write(fd, pid, (size_t)n) != n)
		log_debug("%s: the process number could not be noted", path);
	return 0;
}

int
proc_bus(const struct proc *proc, enum msig_actor self, struct bus **bus)
{
	const struct conf *conf = proc->conf;
	int ret = KNOT_ENOMEM;

	*bus = bus_new(proc->loop, self, conf->rundir);
	if (*bus != NULL) {
		ret = bus_bind(*bus, MSIG_ACTOR_AGENT, proc_uid(conf->user_agent),
			       proc_gid(conf->group));
	}
	if (ret == 0) {
		ret = bus_connect(*bus, MSIG_ACTOR_AGENT);
	}
	if (ret != 0) {
		log_error("cannot open the local bus below %s: %s", conf->rundir,
			  msig_strerror(ret));
		bus_free(*bus);
		*bus = NULL;
	}
	return ret;
}

uid_t
proc_uid(const char *user)
{
	struct passwd *pw = user != NULL ? getpwnam(user) : NULL;
	return pw != NULL ? pw->pw_uid : (uid_t)-1;
}

gid_t
proc_gid(const char *group)
{
	struct group *gr = group != NULL ? getgrnam(group) : NULL;
	return gr != NULL ? gr->gr_gid : (gid_t)-1;
}

const char *
proc_user(const struct conf *conf, const char *name)
{
	if (strcmp(name, "combinerd") == 0)
		return conf->user_combiner;
	if (strcmp(name, "agentd") == 0)
		return conf->user_agent;
	if (strcmp(name, "observe") == 0)
		return conf->user_observe;
	if (strcmp(name, "signerd") == 0)
		return conf->user_signer;
	return conf->user_transport;
}

int
proc_become(const char *user, const char *group)
{
	if (geteuid() != 0 || user == NULL)
		return 0;
	struct passwd *pw = getpwnam(user);
	gid_t gid = group != NULL ? proc_gid(group) : pw != NULL ? pw->pw_gid : (gid_t)-1;
	if (pw == NULL || gid == (gid_t)-1) {
		log_error("%s %s: does not exist", pw == NULL ? "user" : "group",
			  pw == NULL      ? user
			  : group != NULL ? group
					  : "?");
		return KNOT_ENOENT;
	}
	if (initgroups(user, gid) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0) {
		int ret = knot_map_errno();
		log_error("cannot become user %s: %s", user, strerror(errno));
		return ret;
	}
	return 0;
}

#ifdef HAVE_SECCOMP
/* The kernel takes the lower half of the register for an int; so the upper one must not count. */
#define INT_IS(n, value) SCMP_CMP(n, SCMP_CMP_MASKED_EQ, 0xffffffff, (scmp_datum_t)(value))
#define TYPE_IS(n, value) SCMP_CMP(n, SCMP_CMP_MASKED_EQ, 0xf, (scmp_datum_t)(value))

static int
deny_family(scmp_filter_ctx filter, int family)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
				INT_IS(0, family));
}

static int
deny_type(scmp_filter_ctx filter, int family, int type)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 2,
				INT_IS(0, family), TYPE_IS(1, type));
}

static int
add_network(scmp_filter_ctx filter)
{
	static const int families[] = {AF_INET, AF_INET6, AF_PACKET};
	int ret = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(*families) && ret == 0; i++)
		ret = deny_family(filter, families[i]);
	return ret;
}

static int
add_serving(scmp_filter_ctx filter)
{
	static const int types[] = {SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET, SOCK_DCCP, SOCK_PACKET};
	int ret = deny_family(filter, AF_PACKET);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types) && ret == 0; i++) {
		ret = deny_type(filter, AF_INET, types[i]);
		if (ret == 0)
			ret = deny_type(filter, AF_INET6, types[i]);
	}
	if (ret == 0)
		ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(listen), 0);
	return ret;
}

static int
deny(int (*add)(scmp_filter_ctx filter))
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (filter == NULL)
		return KNOT_ENOMEM;
	int ret = add(filter);
	/* A ring would open sockets behind the filter's back. */
	if (ret == 0)
		ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(io_uring_setup), 0);
	if (ret == 0)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	return ret == 0 ? 0 : knot_map_errno_code(ret);
}

int
proc_deny_network(void)
{
	return deny(add_network);
}

int
proc_deny_serving(void)
{
	return deny(add_serving);
}
#else
int
proc_deny_network(void)
{
	return KNOT_ENOTSUP;
}

int
proc_deny_serving(void)
{
	return KNOT_ENOTSUP;
}
#endif

/* Configuration. ------------------------------------------------------------------------------ */

/* One line of the log per mistake. */
static void
log_lines(char *text)
{
	for (char *next, *line = text; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		log_error("%s", line);
	}
}

static void
log_warnings(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->warnings; i++)
		log_warn("%s", conf->warning[i]);
}

static void
set_level(const struct proc *proc)
{
	enum log_level level = LOG_LVL_INFO;
	log_level_parse(proc->conf->log_level, &level);
	log_level_set(proc->verbose ? LOG_LVL_DEBUG : level);
}

static bool
differs(const char *a, const char *b)
{
	return a != b && (a == NULL || b == NULL || strcmp(a, b) != 0);
}

/* What a running daemon cannot change. */
static const char *
needs_restart(const struct conf *a, const struct conf *b)
{
	if (differs(a->identity, b->identity))
		return "server.identity";
	if (differs(a->rundir, b->rundir))
		return "server.rundir";
	if (differs(a->storage, b->storage))
		return "server.storage";
	return NULL;
}

int
proc_reload(struct proc *proc, char *err, size_t errlen)
{
	struct conf *conf = conf_load(proc->conf->file, err, errlen), *old = proc->conf;
	if (conf == NULL)
		return MSIG_ECONF;
	const char *item = needs_restart(old, conf);
	if (item != NULL) {
		snprintf(err, errlen, "%s: %s: cannot be changed without a restart", conf->file,
			 item);
		conf_free(conf);
		return MSIG_ECONF;
	}
	log_warnings(conf);
	proc->conf = conf;
	set_level(proc);
	if (proc->reload != NULL)
		proc->reload(proc, old);
	conf_free(old);
	return 0;
}

static void
reload(struct proc *proc)
{
	char err[ERR_MAX];
#ifdef HAVE_SYSTEMD
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)now.tv_sec * 1000000 +
		       (unsigned long long)now.tv_nsec / 1000);
#endif
	if (proc_reload(proc, err, sizeof(err)) != 0) {
		log_lines(err);
		log_error("the configuration was not reloaded, the old one stays in force");
	} else {
		log_info("configuration reloaded: %u zones", proc->conf->zones);
	}
#ifdef HAVE_SYSTEMD
	sd_notify(0, "READY=1");
#endif
}

/* Signals and the service manager. ------------------------------------------------------------ */

static void
on_signal(void *arg, int signo)
{
	struct proc *proc = arg;
	switch (signo) {
	case SIGHUP:
		reload(proc);
		break;
	case SIGUSR1:
		if (log_reopen() != 0)
			log_error("the log file cannot be opened again, the old one stays in use");
		break;
	case SIGUSR2:
		if (proc->dump != NULL)
			proc->dump(proc);
		break;
	default:
		if (proc->stopping)
			_exit(1); /* the second one forces */
		log_info("stopping (%s)", signo == SIGINT ? "interrupted" : "terminated");
		proc->stopping = true;
		loop_stop(proc->loop);
		break;
	}
}

static int
catch_signals(struct proc *proc)
{
	static const int signals[] = {SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2};
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		int ret = loop_signal(proc->loop, signals[i], on_signal, proc);
		if (ret != 0)
			return ret;
	}
	return 0;
}

static void
force_stop(int signo)
{
	_exit(1);
}

#ifdef HAVE_SYSTEMD
struct watchdog {
	struct loop_timer *timer;
	uint64_t every_ms;
};

/* Runs in the loop, so a loop that hangs is seen. */
static void
feed_watchdog(void *arg)
{
	struct watchdog *dog = arg;
	sd_notify(0, "WATCHDOG=1");
	loop_timer_set(dog->timer, dog->every_ms);
}
#endif

static void
run_loop(struct proc *proc)
{
#ifdef HAVE_SYSTEMD
	uint64_t usec = 0;
	struct watchdog dog = {.every_ms = 0};
	if (sd_watchdog_enabled(0, &usec) > 0) {
		dog.every_ms = usec / 2000 > 0 ? usec / 2000 : 1;
		dog.timer = loop_timer_new(proc->loop, feed_watchdog, &dog);
		loop_timer_set(dog.timer, dog.every_ms);
	}
	sd_notifyf(0, "READY=1\nSTATUS=%u zones", proc->conf->zones);
#endif
	if (loop_run(proc->loop) != 0)
		log_error("event loop: failed");
#ifdef HAVE_SYSTEMD
	sd_notify(0, "STOPPING=1");
	loop_timer_free(dog.timer);
#endif
}

/* Start. -------------------------------------------------------------------------------------- */

static void
usage(const struct proc *proc, FILE *out)
{
	fprintf(out,
		"usage: %s [-nvVh] [-c file] [-l file]\n"
		"  -c, --config file  configuration (" MSIG_SYSCONFDIR "/msig.conf)\n"
		"  -n, --check        check the configuration and exit; with -v print it\n"
		"  -v, --verbose      log everything\n"
		"  -l, --log file     log to this file instead of standard error\n"
		"  -V, --version      print the version and exit\n",
		proc->name);
}

/* -1: go on; otherwise exit with that status. */
static int
parse_options(struct proc *proc, struct options *opt, int argc, char **argv)
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
	int c;
	opt->conf = MSIG_SYSCONFDIR "/msig.conf";
	optind = 1;
	while ((c = getopt_long(argc, argv, "c:nvl:Vh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			opt->conf = optarg;
			break;
		case 'n':
			opt->check = true;
			break;
		case 'v':
			opt->verbose = true;
			break;
		case 'l':
			opt->log = optarg;
			break;
		case 'V':
			printf("%s (msig) %s\n", proc->name, PACKAGE_VERSION);
			return 0;
		case 'h':
			usage(proc, stdout);
			return 0;
		default:
			usage(proc, stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: %s: no such argument\n", proc->name, argv[optind]);
		usage(proc, stderr);
		return EX_USAGE;
	}
	return -1;
}

/* -n: what is wrong, and with -v what was read. */
static int
check_only(const struct proc *proc, const struct options *opt)
{
	char err[ERR_MAX];
	struct conf *conf = conf_load(opt->conf, err, sizeof(err));
	if (conf == NULL) {
		fprintf(stderr, "%s\n", err);
		return EX_CONFIG;
	}
	for (unsigned i = 0; i < conf->warnings; i++)
		fprintf(stderr, "warning: %s\n", conf->warning[i]);
	int ret = opt->verbose && conf_print(conf, stdout) != 0 ? 1 : 0;
	conf_free(conf);
	return fflush(stdout) == 0 ? ret : 1;
}

static void
harden(void)
{
	const struct rlimit none = {0, 0};
	umask(0027);
	setrlimit(RLIMIT_CORE, &none); /* it would hold keys */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int
own(const char *path, uid_t uid, gid_t gid)
{
	if (geteuid() == 0 && (uid != (uid_t)-1 || gid != (gid_t)-1) && chown(path, uid, gid) != 0)
		return knot_map_errno();
	return 0;
}

/* Made under another name and moved into place when it is as it should be: daemons that start
 * together must not find each other's half made ones. Whoever is second leaves that of the first.
 */
static int
make_folder(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	char made[4096];

	if (snprintf(made, sizeof(made), "%s.%ld", path, (long)getpid()) >= (int)sizeof(made))
		return MSIG_ESIZE;
	int ret = proc_mkdir(made, mode);
	if (ret == 0)
		ret = own(made, uid, gid);
	if (ret == 0 && rename(made, path) == 0)
		return 0;
	if (ret == 0 && errno != ENOTEMPTY && errno != EEXIST)
		ret = knot_map_errno();
	(void)rmdir(made);
	return ret;
}

/* Run and state folders, made and handed over while we still may. */
static int
make_folders(const struct proc *proc, char *state, size_t len)
{
	const struct conf *conf = proc->conf;
	uid_t uid = proc_uid(proc_user(conf, proc->name));
	gid_t gid = proc_gid(conf->group);
	if (snprintf(state, len, "%s/%s", conf->storage, proc->name) >= (int)len)
		return MSIG_ESIZE;
	char bus[4096];
	if (snprintf(bus, sizeof(bus), "%s/bus", conf->rundir) >= (int)sizeof(bus))
		return MSIG_ESIZE;
	/* The daemons' users share the last two: with the sticky bit, and made by root, nobody can
	 * put something else in the place of what another one has there. */
	const struct {
		const char *path;
		mode_t mode;
		bool ours;
	} folders[] = {{conf->storage, 0755, false},
		       {state, 0700, true},
		       {conf->rundir, gid == (gid_t)-1 ? 0755 : 01775, false},
		       {bus, gid == (gid_t)-1 ? 0750 : 01770, false}};
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		struct stat st;
		if (stat(folders[i].path, &st) == 0)
			continue;
		int ret = make_folder(folders[i].path, folders[i].mode,
				      folders[i].ours ? uid : (uid_t)-1, gid);
		if (ret != 0) {
			log_error("%s: cannot be made: %s", folders[i].path, msig_strerror(ret));
			return ret;
		}
	}
	return 0;
}

static int
prepare(struct proc *proc)
{
	char state[4096];
	const struct conf *conf = proc->conf;
	const char *user = proc_user(conf, proc->name);
	int ret = make_folders(proc, state, sizeof(state));
	if (ret != 0)
		return ret;
	if (geteuid() == 0 && user == NULL)
		log_warn("runs as root: name a user in server.user-... and it becomes that one");
	ret = proc_become(user, conf->group);
	if (ret != 0)
		return ret;
	ret = proc_lock(state);
	if (ret == MSIG_ELOCKED)
		log_error("%s: another %s works on this state", state, proc->name);
	else if (ret != 0)
		log_error("%s/lock: %s", state, msig_strerror(ret));
	return ret;
}

static int
run(struct proc *proc)
{
	int ret = prepare(proc);
	if (ret != 0)
		return 1;
	proc->loop = loop_new();
	ret = catch_signals(proc);
	if (ret == 0)
		ret = proc->start(proc);
	if (ret == 0) {
		log_info("version " PACKAGE_VERSION " is running: %u zones", proc->conf->zones);
		run_loop(proc);
	} else {
		log_error("start failed: %s", msig_strerror(ret));
	}
	/* The loop is not asked any more: a signal that comes now ends it the hard way. */
	signal(SIGTERM, force_stop);
	signal(SIGINT, force_stop);
	if (proc->stop != NULL)
		proc->stop(proc);
	loop_free(proc->loop);
	proc->loop = NULL;
	log_info("stopped");
	return ret == 0 && proc->failed == 0 ? 0 : 1;
}

int
proc_main(struct proc *proc, int argc, char **argv)
{
	struct options opt = {.conf = NULL};
	char err[ERR_MAX];
	int status = parse_options(proc, &opt, argc, argv);
	if (status >= 0)
		return status;
	if (opt.check)
		return check_only(proc, &opt);
	harden();
	int ret = log_open(proc->name, opt.log, opt.verbose ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	if (ret != 0) {
		fprintf(stderr, "%s: %s: %s\n", proc->name, opt.log, msig_strerror(ret));
		return 1;
	}
	proc->verbose = opt.verbose;
	proc->conf = conf_load(opt.conf, err, sizeof(err));
	if (proc->conf == NULL) {
		log_lines(err);
		return EX_CONFIG;
	}
	set_level(proc);
	log_warnings(proc->conf);
	status = run(proc);
	conf_free(proc->conf);
	proc->conf = NULL;
	return status;
}

void
proc_boot(uint8_t id[16])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	int digits = 0, c;

	memset(id, 0, 16);
	while (f != NULL && digits < 32 && (c = fgetc(f)) != EOF) {
		const char *hex = "0123456789abcdef", *at = c == 0 ? NULL : strchr(hex, c);
		if (at == NULL)
			continue; /* a hyphen */
		id[digits / 2] = (uint8_t)(id[digits / 2] << 4 | (at - hex));
		digits++;
	}
	if (f != NULL)
		fclose(f);
	if (digits < 32 && getrandom(id, 16, 0) != 16)
		fatal("the system has no random octets");
}
