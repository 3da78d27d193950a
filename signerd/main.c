/*
 * signerd: the only process that touches the signer's key store. Does what agentd asks for, one
 * verb at a time per zone, and decides nothing.
 */
#include "config.h"

#include <string.h>
#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/proc.h"
#include "libmsig/err.h"
#include "signerd/cmds.h"
#include "signerd/desk.h"
#include "signerd/door.h"

struct daemon {
	struct bus *bus;
	struct desk *desk;
	struct cmds *cmds;
};

static void
on_key(void *arg, const struct msig_msg *msg)
{
	struct daemon *daemon = arg;

	desk_ask(daemon->desk, &msg->u.KEY);
}

static int
to_bus(void *arg, const struct msig_msg *msg)
{
	return bus_send(arg, msg);
}

static int
start(struct proc *proc)
{
	struct daemon *daemon = proc->arg;
	int ret = door_open(proc->conf);

	if (ret != 0) {
		log_error("the process that starts rndc cannot be started: %s", msig_strerror(ret));
		return ret;
	}
	ret = proc_deny_network();
	if (ret != 0) {
		log_error("network sockets cannot be denied to this process: %s",
			  msig_strerror(ret));
		return ret;
	}
	ret = proc_bus(proc, MSIG_ACTOR_SIGNER, &daemon->bus);
	if (ret != 0)
		return ret;
	bus_on(daemon->bus, MSIG_MSG_KEY, on_key, daemon);
	daemon->desk = desk_new(proc->loop, proc->conf, to_bus, daemon->bus);
	daemon->cmds = cmds_new(daemon->desk, proc);
	return daemon->cmds != NULL ? 0 : MSIG_ECONF;
}

static void
reload(struct proc *proc, struct conf *old)
{
	struct daemon *daemon = proc->arg;

	desk_reload(daemon->desk, proc->conf);
}

static void
stop(struct proc *proc)
{
	struct daemon *daemon = proc->arg;

	cmds_free(daemon->cmds);
	desk_free(daemon->desk);
	bus_free(daemon->bus);
}

static void
say_zone(void *arg, const struct desk_zone *z)
{
	log_zone(LOG_LVL_INFO, z->name, "driver %s, %u keys%s, %llu requests, %llu failed%s%s",
		 z->driver, z->keys->count, z->settled ? "" : ", not known to be in force",
		 (unsigned long long)z->asked, (unsigned long long)z->failed,
		 *z->why != '\0' ? ": " : "", z->why);
}

static void
dump(struct proc *proc)
{
	struct daemon *daemon = proc->arg;

	desk_each(daemon->desk, say_zone, NULL);
}

int
main(int argc, char **argv)
{
	static struct daemon daemon;
	struct proc proc = {
	    .name = "signerd",
	    .start = start,
	    .reload = reload,
	    .stop = stop,
	    .dump = dump,
	    .arg = &daemon,
	};

	return proc_main(&proc, argc, argv);
}
