/* agentd: decides what this provider's apex RRsets must be, together with its peers. */
#include <string.h>
#include "agentd/agent.h"
#include "agentd/cmds.h"
#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

static const enum msig_message heard[] = {
    MSIG_MSG_APPLIED,        MSIG_MSG_OVERLAY, MSIG_MSG_ZONE,   MSIG_MSG_PEER,
    MSIG_MSG_RECEIVED,       MSIG_MSG_SENT,    MSIG_MSG_ANSWER, MSIG_MSG_FOLLOWED,
    MSIG_MSG_SIGNER_CHANGED, MSIG_MSG_CLAIM,   MSIG_MSG_KEYS,   MSIG_MSG_COMPARED,
};

static int
to_bus(void *arg, const struct msig_msg *msg)
{
	return bus_send(arg, msg);
}

static void
from_bus(void *arg, const struct msig_msg *msg)
{
	agent_message(arg, msg);
}

static int
open_bus(struct agent *agent)
{
	const struct conf *conf = agent->conf;
	static const enum msig_actor others[] = {MSIG_ACTOR_COMBINER, MSIG_ACTOR_PEER,
						 MSIG_ACTOR_OBSERVE, MSIG_ACTOR_SIGNER};
	const char *const user[] = {conf->user_combiner, conf->user_transport, conf->user_observe,
				    conf->user_signer};
	int ret = 0;

	agent->bus = bus_new(agent->loop, MSIG_ACTOR_AGENT, conf->rundir);
	if (agent->bus == NULL) {
		return MSIG_ENOPEER;
	}
	for (unsigned i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
		bus_on(agent->bus, heard[i], from_bus, agent);
	}
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]) && ret == 0; i++) {
		ret = bus_bind(agent->bus, others[i], proc_uid(user[i]), proc_gid(conf->group));
		ret = ret == 0 ? bus_connect(agent->bus, others[i]) : ret;
	}
	return ret;
}

static int
start(struct proc *proc)
{
	struct agent *agent = proc->arg;
	char err[400] = "";
	int ret;

	agent->proc = proc;
	agent->loop = proc->loop;
	agent->conf = proc->conf;
	ret = proc_deny_network();
	if (ret != 0) {
		log_error("network sockets cannot be denied to this process: %s",
			  msig_strerror(ret));
		return ret;
	}
	ret = open_bus(agent);
	if (ret != 0) {
		log_error("bus in %s: %s", proc->conf->rundir, msig_strerror(ret));
		return ret;
	}
	agent->send = to_bus;
	agent->send_arg = agent->bus;
	ret = agent_start(agent, err, sizeof(err));
	if (ret != 0) {
		log_error("%s", err);
		return ret;
	}
	return cmds_open(agent);
}

static void
reload(struct proc *proc, struct conf *old)
{
	agent_reload(proc->arg, proc->conf);
}

static void
dump(struct proc *proc)
{
	agent_dump(proc->arg);
}

static void
stop(struct proc *proc)
{
	struct agent *agent = proc->arg;

	cmds_close(agent);
	agent_stop(agent);
	bus_free(agent->bus);
}

int
main(int argc, char **argv)
{
	static struct agent agent;
	struct proc proc = {
	    .name = "agentd",
	    .start = start,
	    .reload = reload,
	    .stop = stop,
	    .dump = dump,
	    .arg = &agent,
	};

	return proc_main(&proc, argc, argv);
}
