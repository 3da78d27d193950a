/*
 * The process `peer`: puts the parts together. See process.h.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "transportd/peer/cmds.h"
#include "transportd/peer/process.h"
#include "transportd/supervise.h"

#define ASK_AGAIN 2000 /* ms, for the table of peers */

static const struct channel *const channels[] = {&channel_dns};
#define CHANNELS (sizeof(channels) / sizeof(channels[0]))

static struct peer_process process;

static void
on_peer_set(void *arg, const struct msig_msg *msg)
{
	struct peer_process *p = arg;
	bool first = !p->table.known, fresh = peer_find(&p->table, msg->u.PEER_SET.peer) == NULL;
	unsigned skipped;
	int err = peertable_set(&p->table, &msg->u.PEER_SET, &skipped);

	if (err != 0)
		log_warn("agentd names a peer that cannot be taken: %s", msig_strerror(err));
	else if (skipped > 0)
		log_peer(LOG_LVL_WARN, msg->u.PEER_SET.peer,
			 "%u of its addresses, keys and zones are malformed or too many: left out",
			 skipped);
	else
		log_peer(LOG_LVL_DEBUG, msg->u.PEER_SET.peer, "%u addresses, %u keys, %u zones",
			 msg->u.PEER_SET.address.count, msg->u.PEER_SET.key.count,
			 msg->u.PEER_SET.zone.count);
	if (fresh && err == 0)
		store_load(p->store, peer_find(&p->table, msg->u.PEER_SET.peer));
	if (first) {
		loop_timer_cancel(p->ask);
		log_info("agentd names its peers: their messages are heard now");
	}
}

static void
on_peer_del(void *arg, const struct msig_msg *msg)
{
	struct peer_process *p = arg;

	store_save(p->store, &p->table);
	outbound_forget(p->out, msg->u.PEER_DEL.peer);
	peertable_del(&p->table, msg->u.PEER_DEL.peer);
	loop_timer_cancel(p->ask);
}

/* agentd answers with all peers that it has. */
static void
ask_once(struct peer_process *p)
{
	char nobody[] = "", text[] = "started";
	struct msig_msg msg = {.id = MSIG_MSG_PEER};

	msg.u.PEER.peer = nobody;
	msg.u.PEER.text = text;
	bus_send(p->bus, &msg);
}

static void
on_send(void *arg, const struct msig_msg *msg)
{
	struct peer_process *p = arg;

	/* Where both have just started, what it said of this peer may have been lost, and not what
	 * it said of the next one. */
	if (p->table.known && peer_find(&p->table, msg->u.SEND.peer) == NULL)
		ask_once(p);
	outbound_send(p->out, &msg->u.SEND);
}

static void
on_reply(void *arg, const struct msig_msg *msg)
{
	struct peer_process *p = arg;

	inbound_reply(p->in, &msg->u.REPLY);
}

/* We started with no memory: agentd knows the peers. */
static void
ask_for_table(void *arg)
{
	struct peer_process *p = arg;

	ask_once(p);
	loop_timer_set(p->ask, ASK_AGAIN);
}

static void
save(void *arg)
{
	struct peer_process *p = arg;

	store_save(p->store, &p->table);
	loop_timer_set(p->save, STORE_EVERY);
}

static int
start_bus(struct peer_process *p)
{
	int err = proc_bus(p->proc, MSIG_ACTOR_PEER, &p->bus);

	if (err != 0)
		return err;
	bus_on(p->bus, MSIG_MSG_PEER_SET, on_peer_set, p);
	bus_on(p->bus, MSIG_MSG_PEER_DEL, on_peer_del, p);
	bus_on(p->bus, MSIG_MSG_SEND, on_send, p);
	bus_on(p->bus, MSIG_MSG_REPLY, on_reply, p);
	return 0;
}

static int
start(struct proc *proc)
{
	struct peer_process *p = proc->arg;
	const struct conf *conf = proc->conf;
	char path[1024];
	int err;

	supervise_child();
	p->proc = proc;
	p->started = loop_utc_ms();
	err = start_bus(p);
	if (err != 0)
		return err;
	p->outbox = outbox_new(proc->loop, p->bus, MSIG_ACTOR_PEER);
	p->in = inbound_new(proc->loop, p->outbox, &p->table, conf);
	p->out = outbound_new(proc->loop, p->outbox, &p->table);
	for (unsigned i = 0; i < CHANNELS; i++) {
		err = channels[i]->open(proc->loop, conf, p->in);
		if (err != 0)
			return err;
	}
	snprintf(path, sizeof(path), "%s/transportd.ctl", conf->rundir);
	p->ctl = ctl_listen(proc->loop, path, peer_commands, proc_gid(conf->admin_group), p, &err);
	if (p->ctl == NULL) {
		log_error("cannot listen on %s: %s", path, msig_strerror(err));
		return err;
	}
	snprintf(path, sizeof(path), "%s/%s", conf->storage, proc->name);
	p->store = store_open(path);
	p->save = loop_timer_new(proc->loop, save, p);
	loop_timer_set(p->save, STORE_EVERY);
	p->ask = loop_timer_new(proc->loop, ask_for_table, p);
	ask_for_table(p);
	return 0;
}

static bool
same_listen(const struct conf *a, const struct conf *b)
{
	if (a->transport_listens != b->transport_listens)
		return false;
	for (unsigned i = 0; i < a->transport_listens; i++) {
		if (a->transport_listen[i].len != b->transport_listen[i].len ||
		    memcmp(&a->transport_listen[i].ss, &b->transport_listen[i].ss,
			   a->transport_listen[i].len) != 0)
			return false;
	}
	return true;
}

static void
reload(struct proc *proc, struct conf *old)
{
	struct peer_process *p = proc->arg;

	inbound_reconf(p->in, proc->conf);
	if (same_listen(old, proc->conf))
		return;
	for (unsigned i = 0; i < CHANNELS; i++) {
		channels[i]->close();
		if (channels[i]->open(proc->loop, proc->conf, p->in) != 0)
			log_error("channel %s is closed now: correct transport.listen and reload",
				  channels[i]->name);
	}
}

static void
stop(struct proc *proc)
{
	struct peer_process *p = proc->arg;

	store_save(p->store, &p->table);
	store_close(p->store);
	ctl_free(p->ctl);
	outbound_free(p->out);
	inbound_free(p->in);
	for (unsigned i = 0; i < CHANNELS; i++)
		channels[i]->close();
	loop_timer_free(p->ask);
	loop_timer_free(p->save);
	outbox_free(p->outbox);
	bus_free(p->bus);
	peertable_clear(&p->table);
}

int
peer_process(int argc, char **argv)
{
	static struct proc proc = {
	    .name = "transportd", .start = start, .reload = reload, .stop = stop};

	proc.arg = &process;
	return proc_main(&proc, argc, argv);
}
