/*
 * Local messages over ZeroMQ, ipc:// only. The only file that includes zmq.h.
 *
 * A daemon binds one PULL socket per sender, at RUNDIR/bus/<receiver>/<sender>.ipc in a 0750
 * directory, that hears nobody but that sender's user (ZMQ_IPC_FILTER_UID); it connects a PUSH
 * socket to each receiver. Delivery is at most once. Take proc_lock() before bus_bind(): a second
 * process that binds the same path takes it over without an error to either.
 */
#pragma once

#include <sys/types.h>
#include "libmsig/msg.h"
#include "libmsig/daemon/loop.h"

struct bus;
typedef void (*bus_handler)(void *arg, const struct msig_msg *msg);

struct bus *bus_new(struct loop *loop, enum msig_actor self, const char *rundir);
void bus_free(struct bus *bus);

/* uid: the user that may send, (uid_t)-1 for our own. gid: group that may connect, or (gid_t)-1. */
int bus_bind(struct bus *bus, enum msig_actor sender, uid_t uid, gid_t gid);
int bus_connect(struct bus *bus, enum msig_actor receiver);

/* handler gets each message of that id; the message is only lent until it returns. */
void bus_on(struct bus *bus, enum msig_message id, bus_handler handler, void *arg);

/* MSIG_ENOPEER if nobody is connected or the queue is full: nothing was queued, try again later. */
int bus_send(struct bus *bus, const struct msig_msg *msg);
