/*
 * The bus. PUSH and PULL sockets on ipc:// paths, glued to the event loop.
 *
 * ZMQ_FD is edge-triggered, and reading (or sending on the same socket) can eat the edge: the
 * descriptor says something once, and then never again although messages wait. So a socket's
 * ZMQ_EVENTS are read again after each batch and after each send, and whatever they still show is
 * handled in another round (drain, later). Each direction has a socket, with a descriptor, of its
 * own.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>
#include <libknot/errcode.h>
#include "libmsig/err.h"
#include "libmsig/daemon/bus.h"
#include "libmsig/daemon/log.h"

#define HIGH_WATER 256      /* messages in a queue, on either side */
#define BATCH 64            /* messages handled before others have their turn */
#define FRAME_MAX (1 << 20) /* the largest of the table */
#define COMPLAIN_MS 10000   /* between two warnings about malformed frames */

struct endpoint {
	struct bus *bus;
	enum msig_actor other;
	void *socket;
	struct loop_io *io;
	bool skipping; /* behind the first part of a message of several */
	uint64_t complained_ms;
	unsigned unsaid;
};

struct bus {
	struct loop *loop;
	void *zmq;
	enum msig_actor self;
	char *rundir;
	struct endpoint in[MSIG_ACTOR_COUNT], out[MSIG_ACTOR_COUNT];
	struct {
		bus_handler cb;
		void *arg;
	} handler[256];
	unsigned holds;
	bool freed;
};

struct bus *
bus_new(struct loop *loop, enum msig_actor self, const char *rundir)
{
	struct bus *bus = xcalloc(1, sizeof(*bus));
	bus->loop = loop;
	bus->self = self;
	bus->rundir = xstrdup(rundir);
	bus->zmq = zmq_ctx_new();
	if (bus->zmq == NULL)
		fatal("bus: %s", zmq_strerror(errno));
	return bus;
}

static void drain(void *arg);

static void
endpoint_close(struct endpoint *end)
{
	if (end->socket == NULL)
		return;
	loop_later_cancel(end->bus->loop, drain, end);
	loop_io_free(end->io);
	zmq_close(end->socket);
	end->socket = NULL;
}

void
bus_free(struct bus *bus)
{
	if (bus == NULL || bus->freed)
		return;
	if (bus->holds > 0) {
		bus->freed = true; /* drain() does it */
		return;
	}
	for (int i = 0; i < MSIG_ACTOR_COUNT; i++) {
		endpoint_close(&bus->in[i]);
		endpoint_close(&bus->out[i]);
	}
	zmq_ctx_term(bus->zmq);
	free(bus->rundir);
	free(bus);
}

void
bus_on(struct bus *bus, enum msig_message id, bus_handler handler, void *arg)
{
	bus->handler[id & 0xff].cb = handler;
	bus->handler[id & 0xff].arg = arg;
}

/* Receiving. ---------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void
complain(struct endpoint *end, const char *fmt, ...)
{
	uint64_t now = loop_mono_ms();
	if (end->complained_ms != 0 && now - end->complained_ms < COMPLAIN_MS) {
		end->unsaid++;
		return;
	}
	char what[256], more[64] = "";
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (end->unsaid > 0)
		snprintf(more, sizeof(more), " (and %u more since the last warning)", end->unsaid);
	log_warn("bus: a message of %s is dropped: %s%s", msig_actor_name(end->other), what, more);
	end->complained_ms = now;
	end->unsaid = 0;
}

/* One frame, which may be anything. */
static void
deliver(struct endpoint *end, zmq_msg_t *frame)
{
	struct bus *bus = end->bus;
	bool more = zmq_msg_more(frame), skip = end->skipping || more;
	end->skipping = more;
	if (skip) {
		complain(end, "it has several parts");
		return;
	}
	struct msig_msg msg;
	int ret =
	    msig_msg_decode(zmq_msg_data(frame), zmq_msg_size(frame), end->other, bus->self, &msg);
	if (ret != 0) {
		complain(end, "%s (%zu octets)", msig_strerror(ret), zmq_msg_size(frame));
		return;
	}
	if (bus->handler[msg.id].cb != NULL)
		bus->handler[msg.id].cb(bus->handler[msg.id].arg, &msg);
	else
		complain(end, "%s has no handler here", msig_msg_name(msg.id));
	msig_msg_clear(&msg);
}

/* Receives up to a batch. False when there is nothing left. */
static bool
receive(struct endpoint *end)
{
	for (int i = 0; i < BATCH && !end->bus->freed; i++) {
		zmq_msg_t frame;
		zmq_msg_init(&frame);
		int n = zmq_msg_recv(&frame, end->socket, ZMQ_DONTWAIT);
		if (n >= 0)
			deliver(end, &frame);
		int error = n < 0 ? errno : 0;
		zmq_msg_close(&frame);
		if (error != 0 && error != EINTR)
			return false;
	}
	return true;
}

/* Whether the socket still has something; reading this is what arms the descriptor again. */
static bool
has_events(const struct endpoint *end, int wanted)
{
	int events = 0;
	size_t len = sizeof(events);
	return zmq_getsockopt(end->socket, ZMQ_EVENTS, &events, &len) == 0 &&
	       (events & wanted) != 0;
}

static void
drain(void *arg)
{
	struct endpoint *end = arg;
	struct bus *bus = end->bus;
	bus->holds++;
	receive(end);
	bus->holds--;
	if (bus->freed) {
		bus->freed = false;
		bus_free(bus);
		return;
	}
	if (has_events(end, ZMQ_POLLIN)) {
		loop_later_cancel(bus->loop, drain, end);
		loop_later(bus->loop, drain, end);
	}
}

static void
on_ready(void *arg, int ready)
{
	drain(arg);
}

/* Opening. ------------------------------------------------------------------------------------ */

static int
zmq_error(void)
{
	int ret = knot_map_errno_code(errno);
	return ret == KNOT_ERRNO_ERROR ? KNOT_ERROR : ret;
}

/* RUNDIR/bus/<receiver>/<sender>.ipc. */
static int
make_path(const struct bus *bus, enum msig_actor receiver, enum msig_actor sender, char *path,
	  size_t len)
{
	int n = snprintf(path, len, "%s/bus/%s/%s.ipc", bus->rundir, msig_actor_name(receiver),
			 msig_actor_name(sender));
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	if (n < 0 || (size_t)n >= len || (size_t)n > max) {
		log_error(
		    "bus: %s/bus/...: a socket's path would have %d octets, %zu are possible; "
		    "choose a shorter server.rundir",
		    bus->rundir, n, max);
		return MSIG_ESIZE;
	}
	return 0;
}

static int
set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static void *
open_socket(struct bus *bus, int type)
{
	void *socket = zmq_socket(bus->zmq, type);
	if (socket == NULL)
		return NULL;
	int64_t frame_max = FRAME_MAX;
	if (set_int(socket, ZMQ_LINGER, 0) != 0 || set_int(socket, ZMQ_IMMEDIATE, 1) != 0 ||
	    set_int(socket, ZMQ_SNDHWM, HIGH_WATER) != 0 ||
	    set_int(socket, ZMQ_RCVHWM, HIGH_WATER) != 0 ||
	    set_int(socket, ZMQ_RECONNECT_IVL, 50) != 0 ||
	    set_int(socket, ZMQ_RECONNECT_IVL_MAX, 1000) != 0 ||
	    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max)) != 0) {
		zmq_close(socket);
		return NULL;
	}
	return socket;
}

/* A folder of ours, 0750: nobody else may have made it, or could put another socket there. */
static int
own_folder(const char *path, gid_t gid)
{
	struct stat st;
	if (mkdir(path, 0750) != 0 && errno != EEXIST) {
		log_error("bus: %s: cannot be made: %s", path, strerror(errno));
		return knot_map_errno();
	}
	if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
		log_error("bus: %s: is not a folder of ours", path);
		return MSIG_EREFUSED;
	}
	if ((gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) != 0) || chmod(path, 0750) != 0) {
		log_error("bus: %s: %s", path, strerror(errno));
		return knot_map_errno();
	}
	return 0;
}

/* RUNDIR/bus is shared by the daemons: each makes its own folder there, none touches another's. */
static int
shared_folder(const char *path, gid_t gid)
{
	if (mkdir(path, 0750) == 0) {
		mode_t mode = gid != (gid_t)-1 ? 01770 : 0750;
		if ((gid == (gid_t)-1 || chown(path, (uid_t)-1, gid) == 0) &&
		    chmod(path, mode) == 0)
			return 0;
	} else if (errno == EEXIST) {
		return 0;
	}
	log_error("bus: %s: %s", path, strerror(errno));
	return knot_map_errno();
}

static int
make_folders(const struct bus *bus, gid_t gid)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/bus", bus->rundir);
	int ret = shared_folder(path, gid);
	if (ret != 0)
		return ret;
	snprintf(path, sizeof(path), "%s/bus/%s", bus->rundir, msig_actor_name(bus->self));
	return own_folder(path, gid);
}

static int
watch(struct bus *bus, struct endpoint *end)
{
	int fd;
	size_t len = sizeof(fd);
	if (zmq_getsockopt(end->socket, ZMQ_FD, &fd, &len) != 0)
		return zmq_error();
	end->io = loop_io_new(bus->loop, fd, LOOP_READ, on_ready, end);
	loop_later(bus->loop, drain, end); /* the first edge may be over */
	return 0;
}

int
bus_bind(struct bus *bus, enum msig_actor sender, uid_t uid, gid_t gid)
{
	struct endpoint *end = &bus->in[sender];
	char path[512], url[sizeof(path) + 8];
	int ret = make_path(bus, bus->self, sender, path, sizeof(path));
	if (ret == 0)
		ret = make_folders(bus, gid);
	if (ret != 0)
		return ret;
	if (uid == (uid_t)-1)
		uid = geteuid();
	end->bus = bus;
	end->other = sender;
	end->socket = open_socket(bus, ZMQ_PULL);
	if (end->socket == NULL)
		return zmq_error();
	snprintf(url, sizeof(url), "ipc://%s", path);
	if (zmq_setsockopt(end->socket, ZMQ_IPC_FILTER_UID, &uid, sizeof(uid)) != 0 ||
	    zmq_bind(end->socket, url) != 0) {
		ret = zmq_error();
		log_error("bus: %s: %s", path, zmq_strerror(errno));
	} else if ((gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) != 0) ||
		   chmod(path, 0660) != 0) {
		ret = knot_map_errno();
		log_error("bus: %s: %s", path, strerror(errno));
	} else {
		ret = watch(bus, end);
	}
	if (ret != 0)
		endpoint_close(end);
	return ret;
}

int
bus_connect(struct bus *bus, enum msig_actor receiver)
{
	struct endpoint *end = &bus->out[receiver];
	char path[512], url[sizeof(path) + 8];
	int ret = make_path(bus, receiver, bus->self, path, sizeof(path));
	if (ret != 0)
		return ret;
	end->bus = bus;
	end->other = receiver;
	end->socket = open_socket(bus, ZMQ_PUSH);
	if (end->socket == NULL)
		return zmq_error();
	snprintf(url, sizeof(url), "ipc://%s", path);
	if (zmq_connect(end->socket, url) != 0) {
		ret = zmq_error();
		log_error("bus: %s: %s", path, zmq_strerror(errno));
		endpoint_close(end);
	}
	return ret;
}

/* Sending. ------------------------------------------------------------------------------------ */

static enum msig_actor
receiver_of(enum msig_message id)
{
	switch (id) {
#define X(value, name, from, to, size) \
	case MSIG_MSG_##name:          \
		return MSIG_ACTOR_##to;
		MSIG_MESSAGES(X)
#undef X
	}
	return MSIG_ACTOR_COUNT;
}

static void
free_frame(void *data, void *hint)
{
	free(data);
}

int
bus_send(struct bus *bus, const struct msig_msg *msg)
{
	enum msig_actor to = receiver_of(msg->id);
	if (bus->freed || to == MSIG_ACTOR_COUNT || bus->out[to].socket == NULL)
		return MSIG_ENOPEER;
	uint8_t *data;
	size_t len;
	int ret = msig_msg_encode(msg, &data, &len);
	if (ret != 0)
		return ret;
	zmq_msg_t frame;
	if (zmq_msg_init_data(&frame, data, len, free_frame, NULL) != 0) {
		free(data);
		return KNOT_ENOMEM;
	}
	if (zmq_msg_send(&frame, bus->out[to].socket, ZMQ_DONTWAIT) < 0) {
		ret = errno == EAGAIN ? MSIG_ENOPEER : zmq_error();
		zmq_msg_close(&frame);
	}
	return ret;
}
