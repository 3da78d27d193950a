/*
 * What every daemon does at start and stop: options, configuration, lock, user, signals, readiness.
 *
 *   -c FILE  configuration    -n  check and exit (with -v: print what was read)
 *   -v       more log         -l FILE  log file      -V  version      -h  usage
 * Exit status: 0 clean stop or valid configuration, 1 failure, 64 usage, 78 bad configuration.
 */
#pragma once

#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/conf.h"
#include "libmsig/daemon/loop.h"

struct proc {
	const char *name; /* "combinerd" */
	struct conf *conf;
	struct loop *loop;
	/* The daemon's own part. start returns 0 or an error, which it has logged. */
	int (*start)(struct proc *proc);
	void (*reload)(struct proc *proc, struct conf *old); /* proc->conf is the new one */
	void (*stop)(struct proc *proc);
	void (*dump)(struct proc *proc); /* SIGUSR2 */
	void *arg;
	/* set by proc_main() */
	bool verbose, stopping;
	int failed; /* a daemon that stops its loop because of an error sets it: exit status 1 */
};

/* The whole of main(). Parses options, loads the configuration, locks STORAGE/<name>, runs. */
int proc_main(struct proc *proc, int argc, char **argv);

/* SIGHUP's way, for the control socket. 0, or an error with its text in err. */
int proc_reload(struct proc *proc, char *err, size_t errlen);

/* The bus of this process, both ways with agentd and nobody else. 0, or an error that is logged;
 * then *bus is NULL. */
int proc_bus(const struct proc *proc, enum msig_actor self, struct bus **bus);

/* The configured user of a process ("combinerd", "agentd", "transportd", "observe", "signerd"), or
 * NULL. */
const char *proc_user(const struct conf *conf, const char *name);
/* From root to this user and group for good; 0 if we are not root or user is NULL. Logs errors. */
int proc_become(const char *user, const char *group);

/* flock on DIR/lock, kept until the process ends. MSIG_ELOCKED if another has it. */
int proc_lock(const char *dir);
int proc_mkdir(const char *path, mode_t mode); /* with parents, 0755; there already: 0 */
uid_t proc_uid(const char *user);              /* (uid_t)-1 if NULL or unknown */
gid_t proc_gid(const char *group);

/* Deny socket(AF_INET), socket(AF_INET6) and AF_PACKET to this process for good (seccomp): EACCES.
 * KNOT_ENOTSUP if it was built without libseccomp. */
int proc_deny_network(void);
/* Deny what a client of one TCP service has no use for: to listen, and sockets of other kinds than
 * that and those of a look-up of its name. Otherwise as proc_deny_network(). */
int proc_deny_serving(void);

/* Which start of the machine this is. Where the system does not tell, an id of this process. */
void proc_boot(uint8_t id[16]);
