/*
 * The process `observe`: puts the parts together. See process.h.
 */
#include "config.h"

#include <stdio.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "transportd/observe/cmds.h"
#include "transportd/observe/process.h"
#include "transportd/supervise.h"

static struct observe_process process;

static void
on_ask(void *arg, const struct msig_msg *msg)
{
	struct observe_process *p = arg;

	ask_begin(p->asker, &msg->u.ASK);
}

static void
on_follow(void *arg, const struct msig_msg *msg)
{
	struct observe_process *p = arg;

	follow_set(p->follower, &msg->u.FOLLOW);
}

static void
on_compare(void *arg, const struct msig_msg *msg)
{
	struct observe_process *p = arg;

	comparer_begin(p->comparer, &msg->u.COMPARE);
}

/* The signer said that the zone changed: agentd hears it at once, before we looked ourselves. */
static void
on_notify(void *arg, const knot_dname_t *zone, uint32_t serial)
{
	struct observe_process *p = arg;
	struct msig_msg msg = {.id = MSIG_MSG_SIGNER_CHANGED};
	struct follow *follow = follow_find(p->follower, zone);
	knot_dname_storage_t name;

	if (knot_dname_store(name, zone) == 0)
		return;
	msg.u.SIGNER_CHANGED.zone = name;
	msg.u.SIGNER_CHANGED.serial = serial;
	outbox_send(p->outbox, &msg);
	if (follow != NULL)
		follow_refresh(follow);
}

static int
start_bus(struct observe_process *p)
{
	int err = proc_bus(p->proc, MSIG_ACTOR_OBSERVE, &p->bus);

	if (err != 0)
		return err;
	bus_on(p->bus, MSIG_MSG_ASK, on_ask, p);
	bus_on(p->bus, MSIG_MSG_FOLLOW, on_follow, p);
	bus_on(p->bus, MSIG_MSG_COMPARE, on_compare, p);
	return 0;
}

static int
start(struct proc *proc)
{
	struct observe_process *p = proc->arg;
	const struct conf *conf = proc->conf;
	char text[1024];
	int err;

	supervise_child();
	p->proc = proc;
	p->started = loop_utc_ms();
	p->resolver = resolver_new(proc->loop, conf, text, sizeof(text));
	if (p->resolver == NULL) {
		log_error("%s", text);
		return MSIG_ECONF;
	}
	err = start_bus(p);
	if (err != 0)
		return err;
	p->outbox = outbox_new(proc->loop, p->bus, MSIG_ACTOR_OBSERVE);
	p->asker = asker_new(proc->loop, p->outbox, &p->resolver);
	asker_reconf(p->asker, conf);
	p->notify = notify_new(proc->loop, on_notify, p);
	err = notify_reconf(p->notify, conf);
	if (err != 0)
		return err;
	snprintf(text, sizeof(text), "%s/observe.ctl", conf->rundir);
	p->follower = follower_new(proc->loop, p->outbox);
	p->comparer = comparer_new(proc->loop, p->outbox);
	comparer_reconf(p->comparer, conf);
	p->ctl =
	    ctl_listen(proc->loop, text, observe_commands, proc_gid(conf->admin_group), p, &err);
	if (p->ctl == NULL) {
		log_error("cannot listen on %s: %s", text, msig_strerror(err));
		return err;
	}
	follower_reconf(p->follower, conf);
	return 0;
}

static void
reload(struct proc *proc, struct conf *old)
{
	struct observe_process *p = proc->arg;
	char err[1024];
	struct resolver *fresh = resolver_new(proc->loop, proc->conf, err, sizeof(err));

	if (fresh == NULL) {
		log_error("%s: the trust anchors and servers of before stay in use", err);
	} else {
		asker_resolver_gone(p->asker);
		resolver_free(p->resolver);
		p->resolver = fresh;
	}
	asker_reconf(p->asker, proc->conf);
	asker_resolver_back(p->asker);
	if (notify_reconf(p->notify, proc->conf) != 0)
		log_error("NOTIFY is not heard now: correct observe.listen and reload");
	follower_reconf(p->follower, proc->conf);
	comparer_reconf(p->comparer, proc->conf);
}

static void
stop(struct proc *proc)
{
	struct observe_process *p = proc->arg;

	ctl_free(p->ctl);
	asker_free(p->asker);
	follower_free(p->follower);
	comparer_free(p->comparer);
	notify_free(p->notify);
	resolver_free(p->resolver);
	outbox_free(p->outbox);
	bus_free(p->bus);
}

int
observe_process(int argc, char **argv)
{
	static struct proc proc = {
	    .name = "observe", .start = start, .reload = reload, .stop = stop};

	proc.arg = &process;
	return proc_main(&proc, argc, argv);
}
