/*
 * The server half of dnsio.h. One UDP and one TCP socket per address.
 *
 * A callback may do anything, free the server included: what is in use further up the stack is held
 * (conn_hold, server_hold) and its memory goes when the last holder lets go; until then it is
 * marked closed, and nothing but the marks is looked at. Each request ends once: answered, dropped,
 * or gone with its connection; each stream reports once, through done.
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>
#include <libknot/errcode.h>
#include <libknot/packet/wire.h>
#include "libmsig/err.h"
#include "libmsig/daemon/dnsio.h"
#include "libmsig/daemon/log.h"

#define QUEUE_HIGH (192 * 1024) /* a stream adds messages while less than this waits */
#define GATHER 32               /* messages of one writev() */
#define WRITE_ROUNDS 8          /* then others have their turn, however fast the reader is */
#define FD_RESERVE 64           /* descriptors that are left to files, databases, clients */
#define ACCEPT_BATCH 16         /* connections taken before others have their turn */
#define ACCEPT_PAUSE_MS 100     /* when there are no descriptors */
#define FREE_PORT_TRIES 32      /* for one that both UDP and TCP can have */
#define UDP_BATCH 64
#define UDP_PENDING 1024 /* UDP requests without an answer; more are ignored */

struct chunk {
	struct chunk *next;
	size_t len, sent;
	uint8_t data[];
};

struct conn {
	struct conn *next, **prev;
	struct dnsio_server *server;
	struct dnsio_addr peer;
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	unsigned holds;
	bool closed;
	bool eof;           /* the client sends no more; what it asked is answered */
	bool resume;        /* conn_resume() was put off */
	uint64_t active_ms; /* last message in or progress out */
	uint8_t *in;
	size_t in_len, in_cap;
	struct chunk *out, **out_end;
	size_t out_len;
	struct dnsio_request *requests, **requests_end;
	unsigned pending;
};

struct dnsio_request {
	struct dnsio_request *next, **prev;
	struct dnsio_server *server;
	struct conn *conn; /* NULL: UDP */
	struct dnsio_addr source;
	struct dnsio_addr local; /* UDP on a wildcard address: where it came in */
	void (*gone)(void *arg);
	void *gone_arg;
	int (*stream)(void *arg, uint8_t *buf, size_t max);
	void (*stream_done)(void *arg, int result);
	void *stream_arg;
	bool stream_ended; /* next() is through, the rest waits for the reader */
};

struct dnsio_server {
	struct loop *loop;
	struct dnsio_addr addr;
	struct dnsio_limits limits;
	dnsio_handler handler;
	void *arg;
	int tcp, udp;
	struct loop_io *tcp_io, *udp_io;
	struct loop_timer *pause;
	uint64_t complained_ms;
	struct conn *conns;
	unsigned count;
	struct dnsio_request *udp_requests;
	unsigned udp_pending;
	unsigned holds;
	bool closed;
};

static void conn_close(struct conn *conn, int why);
static void conn_resume(void *arg);
static void conn_update(struct conn *conn);

static void
server_hold(struct dnsio_server *server)
{
	server->holds++;
}

static void
server_release(struct dnsio_server *server)
{
	if (--server->holds == 0 && server->closed)
		free(server);
}

static void
conn_hold(struct conn *conn)
{
	server_hold(conn->server);
	conn->holds++;
}

/* False if the connection is gone. */
static bool
conn_release(struct conn *conn)
{
	struct dnsio_server *server = conn->server;
	bool alive = !conn->closed;
	if (--conn->holds == 0 && conn->closed)
		free(conn);
	server_release(server);
	return alive;
}

static void
resume_later(struct conn *conn)
{
	if (conn->closed || conn->resume)
		return;
	conn->resume = true;
	loop_later(conn->server->loop, conn_resume, conn);
}

/* Requests. ----------------------------------------------------------------------------------- */

static struct dnsio_request *
request_new(struct dnsio_server *server, struct conn *conn, const struct dnsio_addr *source)
{
	struct dnsio_request *req = xcalloc(1, sizeof(*req));
	req->server = server;
	req->conn = conn;
	req->source = *source;
	/* Connections keep the order of arrival, so that streams are sent in turn. */
	req->prev = conn != NULL ? conn->requests_end : &server->udp_requests;
	req->next = *req->prev;
	*req->prev = req;
	if (req->next != NULL)
		req->next->prev = &req->next;
	if (conn != NULL) {
		conn->requests_end = &req->next;
		conn->pending++;
	} else {
		server->udp_pending++;
	}
	return req;
}

static void
request_free(struct dnsio_request *req)
{
	struct conn *conn = req->conn;
	*req->prev = req->next;
	if (req->next != NULL)
		req->next->prev = req->prev;
	else if (conn != NULL)
		conn->requests_end = req->prev;
	if (conn != NULL)
		conn->pending--;
	else
		req->server->udp_pending--;
	free(req);
	/* There is room for the next request, which may have been read already. */
	if (conn != NULL)
		resume_later(conn);
}

/* The end of a request that cannot be answered any more. */
static void
request_gone(struct dnsio_request *req, int why)
{
	void (*gone)(void *) = req->gone;
	void (*done)(void *, int) = req->stream_done;
	void *gone_arg = req->gone_arg, *stream_arg = req->stream_arg;
	request_free(req);
	if (done != NULL)
		done(stream_arg, why);
	else if (gone != NULL)
		gone(gone_arg);
}

const struct dnsio_addr *
dnsio_source(const struct dnsio_request *req)
{
	return &req->source;
}

bool
dnsio_is_tcp(const struct dnsio_request *req)
{
	return req->conn != NULL;
}

void
dnsio_on_gone(struct dnsio_request *req, void (*cb)(void *arg), void *arg)
{
	req->gone = cb;
	req->gone_arg = arg;
}

/* Connections: closing and time-outs. --------------------------------------------------------- */

static void
conn_close(struct conn *conn, int why)
{
	if (conn->closed)
		return;
	struct dnsio_server *server = conn->server;
	conn_hold(conn);
	conn->closed = true;
	*conn->prev = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	server->count--;
	loop_later_cancel(server->loop, conn_resume, conn);
	loop_timer_free(conn->timer);
	loop_io_free(conn->io);
	close(conn->fd);
	while (conn->out != NULL) {
		struct chunk *next = conn->out->next;
		free(conn->out);
		conn->out = next;
	}
	while (conn->requests != NULL)
		request_gone(conn->requests, why);
	free(conn->in);
	/* A descriptor is free again. */
	if (!server->closed && server->tcp_io != NULL)
		loop_io_want(server->tcp_io, LOOP_READ);
	conn_release(conn);
}

static bool
conn_idle(const struct conn *conn)
{
	return conn->out_len == 0 && conn->pending == 0;
}

static void
conn_timeout(void *arg)
{
	struct conn *conn = arg;
	char peer[DNSIO_ADDR_TEXT];
	if (!conn_idle(conn))
		log_debug("%s: takes nothing of what it asked for, connection closed",
			  dnsio_addr_str(&conn->peer, peer, sizeof(peer)));
	conn_close(conn, MSIG_ETIMEOUT);
}

/* A whole message has been read. */
static bool
has_message(const struct conn *conn)
{
	return conn->in_len >= 2 && conn->in_len >= 2 + ((size_t)conn->in[0] << 8 | conn->in[1]);
}

/* The next message may be handled. */
static bool
has_room(const struct conn *conn)
{
	return conn->pending < conn->server->limits.pipeline && conn->out_len < QUEUE_HIGH;
}

/* The stream whose turn it is: they are sent one after the other. */
static struct dnsio_request *
stream_next(const struct conn *conn)
{
	struct dnsio_request *req = conn->requests;
	while (req != NULL && req->stream == NULL)
		req = req->next;
	return req;
}

/* Sets what the connection waits for, by its state; closes it when there is nothing left. */
static void
conn_update(struct conn *conn)
{
	struct dnsio_server *server = conn->server;
	bool waiting = has_message(conn), writing = conn->out_len > 0 || stream_next(conn) != NULL;
	if (conn->eof && conn_idle(conn) && !waiting) {
		conn_close(conn, KNOT_ECONNRESET);
		return;
	}
	bool room = has_room(conn);
	int want = writing ? LOOP_WRITE : 0;
	want |= room && !conn->eof ? LOOP_READ : 0;
	loop_io_want(conn->io, want);
	if (room && waiting)
		resume_later(conn);

	if (!writing && conn->pending > 0) {
		loop_timer_cancel(conn->timer); /* the answer is our affair */
		return;
	}
	unsigned wait = writing ? server->limits.write_ms : server->limits.idle_ms;
	uint64_t now = loop_mono_ms(), until = conn->active_ms + wait;
	loop_timer_set(conn->timer, until > now ? until - now : 0);
}

/* Writing. ------------------------------------------------------------------------------------ */

static void
out_append(struct conn *conn, struct chunk *chunk)
{
	if (conn->out_len == 0)
		conn->active_ms = loop_mono_ms();
	*conn->out_end = chunk;
	conn->out_end = &chunk->next;
	conn->out_len += chunk->len;
}

static void
out_sent(struct conn *conn, size_t n)
{
	conn->out_len -= n;
	conn->active_ms = loop_mono_ms();
	while (n > 0) {
		struct chunk *chunk = conn->out;
		size_t part = chunk->len - chunk->sent;
		if (n < part) {
			chunk->sent += n;
			return;
		}
		n -= part;
		conn->out = chunk->next;
		if (conn->out == NULL)
			conn->out_end = &conn->out;
		free(chunk);
	}
}

/* Sends what the socket takes. 0 or an error. */
static int
out_flush(struct conn *conn)
{
	while (conn->out_len > 0) {
		struct iovec iov[GATHER];
		struct msghdr msg = {.msg_iov = iov};
		struct chunk *chunk = conn->out;
		for (; chunk != NULL && msg.msg_iovlen < GATHER; chunk = chunk->next) {
			iov[msg.msg_iovlen].iov_base = chunk->data + chunk->sent;
			iov[msg.msg_iovlen].iov_len = chunk->len - chunk->sent;
			msg.msg_iovlen++;
		}
		ssize_t n = sendmsg(conn->fd, &msg, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : dnsio_errno();
		out_sent(conn, (size_t)n);
	}
	return 0;
}

static struct chunk *
chunk_new(size_t max)
{
	struct chunk *chunk = malloc(sizeof(*chunk) + 2 + max);
	if (chunk == NULL)
		fatal("out of memory");
	chunk->next = NULL;
	chunk->sent = 0;
	return chunk;
}

static struct chunk *
chunk_finish(struct chunk *chunk, size_t len)
{
	struct chunk *smaller = realloc(chunk, sizeof(*chunk) + 2 + len);
	if (smaller != NULL)
		chunk = smaller;
	chunk->data[0] = (uint8_t)(len >> 8);
	chunk->data[1] = (uint8_t)len;
	chunk->len = len + 2;
	return chunk;
}

/* Adds messages of the stream while there is room. False if the connection is gone (held). */
static bool
stream_fill(struct conn *conn, struct dnsio_request *req)
{
	while (!conn->closed && conn->out_len < QUEUE_HIGH && !req->stream_ended) {
		struct chunk *chunk = chunk_new(DNSIO_MAX_MSG);
		int n = req->stream(req->stream_arg, chunk->data + 2, DNSIO_MAX_MSG);
		if (conn->closed || n <= 0 || n > DNSIO_MAX_MSG) {
			free(chunk);
			if (conn->closed)
				return false;
			if (n != 0) {
				conn_close(conn, n < 0 ? n : MSIG_ESIZE);
				return false;
			}
			req->stream_ended = true;
		} else {
			out_append(conn, chunk_finish(chunk, (size_t)n));
		}
	}
	return !conn->closed;
}

/* Writes, lets streams go on, and ends those that are through. False if the connection is gone. */
static bool
conn_write(struct conn *conn)
{
	conn_hold(conn);
	for (int rounds = 0; !conn->closed && rounds < WRITE_ROUNDS; rounds++) {
		struct dnsio_request *req = stream_next(conn);
		if (req != NULL && !stream_fill(conn, req))
			break;
		int ret = out_flush(conn);
		if (ret != 0) {
			conn_close(conn, ret);
			break;
		}
		if (conn->out_len > 0 || req == NULL)
			break; /* the socket is full, or there is no more */
		if (req->stream_ended) {
			void (*done)(void *, int) = req->stream_done;
			void *arg = req->stream_arg;
			request_free(req);
			done(arg, 0);
		}
	}
	if (!conn->closed)
		conn_update(conn);
	return conn_release(conn);
}

/* Reading. ------------------------------------------------------------------------------------ */

/* A message that can be a question. Answering anything else could make two servers talk for ever.
 */
static bool
is_question(const uint8_t *wire, size_t len)
{
	return len >= KNOT_WIRE_HEADER_SIZE && !knot_wire_get_qr(wire);
}

/* Handles the whole messages that have been read, as far as the limits let. */
static void
conn_messages(struct conn *conn)
{
	struct dnsio_server *server = conn->server;
	size_t at = 0;
	conn_hold(conn);
	while (!conn->closed && has_room(conn) && conn->in_len - at >= 2) {
		size_t len = (size_t)conn->in[at] << 8 | conn->in[at + 1];
		if (len > server->limits.max_query) {
			conn_close(conn, MSIG_ESIZE);
			break;
		}
		if (conn->in_len - at < 2 + len)
			break;
		const uint8_t *wire = conn->in + at + 2;
		if (!is_question(wire, len)) {
			conn_close(conn, KNOT_EMALF);
			break;
		}
		at += 2 + len;
		conn->active_ms = loop_mono_ms();
		server->handler(server->arg, request_new(server, conn, &conn->peer), wire, len);
	}
	if (!conn->closed && at > 0) {
		conn->in_len -= at;
		memmove(conn->in, conn->in + at, conn->in_len);
	}
	if (!conn->closed)
		conn_write(conn);
	conn_release(conn);
}

/* Room for a whole message, at least. */
static void
in_reserve(struct conn *conn)
{
	size_t need = 512;
	if (conn->in_len >= 2)
		need = 2 + ((size_t)conn->in[0] << 8 | conn->in[1]);
	if (need <= conn->in_len)
		need = conn->in_len + 512; /* whole ones wait for their turn */
	if (need <= conn->in_cap)
		return;
	uint8_t *in = realloc(conn->in, need);
	if (in == NULL)
		fatal("out of memory");
	conn->in = in;
	conn->in_cap = need;
}

static void
conn_read(struct conn *conn)
{
	in_reserve(conn);
	ssize_t n = recv(conn->fd, conn->in + conn->in_len, conn->in_cap - conn->in_len, 0);
	if (n < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			conn_close(conn, dnsio_errno());
		return;
	}
	if (n == 0) {
		conn->eof = true;
		conn_update(conn);
		return;
	}
	conn->in_len += (size_t)n;
	conn_messages(conn);
}

static void
conn_ready(void *arg, int ready)
{
	struct conn *conn = arg;
	conn_hold(conn);
	if (ready & LOOP_WRITE)
		conn_write(conn);
	if (!conn->closed && ready & LOOP_READ)
		conn_read(conn);
	conn_release(conn);
}

static void
conn_resume(void *arg)
{
	struct conn *conn = arg;
	conn->resume = false;
	conn_messages(conn);
}

/* Accepting. ---------------------------------------------------------------------------------- */

/* The connection that has been idle for longest has to go when another one needs its place. */
static struct conn *
oldest_idle(const struct dnsio_server *server)
{
	struct conn *oldest = NULL;
	for (struct conn *conn = server->conns; conn != NULL; conn = conn->next) {
		/* The list begins with the youngest. */
		if (conn_idle(conn) && (oldest == NULL || conn->active_ms <= oldest->active_ms))
			oldest = conn;
	}
	return oldest;
}

static unsigned
count_source(const struct dnsio_server *server, const struct dnsio_addr *peer)
{
	unsigned count = 0;
	for (const struct conn *conn = server->conns; conn != NULL; conn = conn->next)
		count += dnsio_addr_same_host(&conn->peer, peer);
	return count;
}

static void
complain(struct dnsio_server *server, const char *what)
{
	uint64_t now = loop_mono_ms();
	char addr[DNSIO_ADDR_TEXT];
	if (server->complained_ms != 0 && now - server->complained_ms < 60000)
		return;
	server->complained_ms = now;
	log_warn("%s: %s (said at most once a minute)",
		 dnsio_addr_str(&server->addr, addr, sizeof(addr)), what);
}

static void
conn_new(struct dnsio_server *server, int fd, const struct dnsio_addr *peer)
{
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	struct conn *conn = xcalloc(1, sizeof(*conn));
	conn->server = server;
	conn->peer = *peer;
	conn->fd = fd;
	conn->active_ms = loop_mono_ms();
	conn->out_end = &conn->out;
	conn->requests_end = &conn->requests;
	conn->timer = loop_timer_new(server->loop, conn_timeout, conn);
	conn->io = loop_io_new(server->loop, fd, LOOP_READ, conn_ready, conn);
	conn->prev = &server->conns;
	conn->next = server->conns;
	if (conn->next != NULL)
		conn->next->prev = &conn->next;
	server->conns = conn;
	server->count++;
	conn_update(conn);
}

static void
accept_again(void *arg)
{
	struct dnsio_server *server = arg;
	loop_io_want(server->tcp_io, LOOP_READ);
}

/* Without a free descriptor the socket stays ready: not looking at it is what keeps this from
 * spinning. A connection that ends, or a short while, makes it look again. */
static void
accept_pause(struct dnsio_server *server, const char *why)
{
	complain(server, why);
	loop_io_want(server->tcp_io, 0);
	loop_timer_set(server->pause, ACCEPT_PAUSE_MS);
}

static void
accept_ready(void *arg, int ready)
{
	struct dnsio_server *server = arg;
	server_hold(server);
	for (int i = 0; i < ACCEPT_BATCH && !server->closed; i++) {
		struct conn *idle = oldest_idle(server);
		bool full = server->count >= server->limits.connections;
		if (full && idle == NULL) {
			accept_pause(server, "all connections are in use, new ones have to wait");
			break;
		}
		struct dnsio_addr peer = {.len = sizeof(peer.ss)};
		int fd = accept4(server->tcp, (struct sockaddr *)&peer.ss, &peer.len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0 && count_source(server, &peer) >= server->limits.per_source) {
			close(fd);
			continue;
		}
		if (fd >= 0) {
			if (full)
				conn_close(idle, MSIG_ETIMEOUT);
			conn_new(server, fd, &peer);
			continue;
		}
		if ((errno == EMFILE || errno == ENFILE) && idle != NULL) {
			conn_close(idle, MSIG_ETIMEOUT);
			continue;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		if (errno == EINTR || errno == ECONNABORTED)
			continue; /* one that went away while it waited */
		accept_pause(server, strerror(errno));
		break;
	}
	server_release(server);
}

/* UDP. ---------------------------------------------------------------------------------------- */

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* Where a datagram came in, so that the answer leaves from there. */
static void
read_local(struct msghdr *msg, struct dnsio_addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			struct sockaddr_in *v4 = (struct sockaddr_in *)&local->ss;
			v4->sin_family = AF_INET;
			v4->sin_addr = info.ipi_addr;
			local->len = sizeof(*v4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&local->ss;
			v6->sin6_family = AF_INET6;
			v6->sin6_addr = info.ipi6_addr;
			v6->sin6_scope_id = info.ipi6_ifindex;
			local->len = sizeof(*v6);
		}
	}
}

static void
write_local(struct msghdr *msg, union control *control, const struct dnsio_addr *local)
{
	if (local->len == 0)
		return;
	memset(control, 0, sizeof(*control));
	msg->msg_control = control->space;
	msg->msg_controllen = sizeof(control->space);
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	if (local->ss.ss_family == AF_INET) {
		struct in_pktinfo info = {.ipi_spec_dst =
					      ((const struct sockaddr_in *)&local->ss)->sin_addr};
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		msg->msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&local->ss;
		struct in6_pktinfo info = {.ipi6_addr = v6->sin6_addr,
					   .ipi6_ifindex = v6->sin6_scope_id};
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		msg->msg_controllen = CMSG_SPACE(sizeof(info));
	}
}

static void
udp_ready(void *arg, int ready)
{
	static uint8_t wire[DNSIO_MAX_MSG];
	struct dnsio_server *server = arg;
	server_hold(server);
	for (int i = 0; i < UDP_BATCH && !server->closed; i++) {
		struct dnsio_addr source = {.len = 0};
		union control control;
		struct iovec iov = {wire, sizeof(wire)};
		struct msghdr msg = {.msg_name = &source.ss,
				     .msg_namelen = sizeof(source.ss),
				     .msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = control.space,
				     .msg_controllen = sizeof(control.space)};
		ssize_t n = recvmsg(server->udp, &msg, 0);
		if (n < 0)
			break; /* EAGAIN, or the ICMP error of an answer that nobody waited for */
		source.len = msg.msg_namelen;
		if (!is_question(wire, (size_t)n) || (size_t)n > server->limits.max_query ||
		    server->udp_pending >= UDP_PENDING)
			continue;
		struct dnsio_request *req = request_new(server, NULL, &source);
		read_local(&msg, &req->local);
		server->handler(server->arg, req, wire, (size_t)n);
	}
	server_release(server);
}

static int
udp_reply(struct dnsio_request *req, const uint8_t *wire, size_t len)
{
	struct iovec iov = {(void *)(uintptr_t)wire, len};
	union control control;
	struct msghdr msg = {.msg_name = &req->source.ss,
			     .msg_namelen = req->source.len,
			     .msg_iov = &iov,
			     .msg_iovlen = 1};
	write_local(&msg, &control, &req->local);
	ssize_t n = sendmsg(req->server->udp, &msg, MSG_NOSIGNAL);
	int ret = n < 0 ? dnsio_errno() : 0;
	request_free(req);
	return ret;
}

/* Answers. ------------------------------------------------------------------------------------ */

/*
 * Called from a handler or from anywhere else: writes at once unless the connection is being worked
 * on further up, where conn_write() follows anyway.
 */
static int
conn_kick(struct conn *conn)
{
	if (conn->holds > 0)
		return 0;
	return conn_write(conn) ? 0 : KNOT_ECONNRESET;
}

int
dnsio_reply(struct dnsio_request *req, const uint8_t *wire, size_t len)
{
	if (len > DNSIO_MAX_MSG) {
		dnsio_drop(req);
		return MSIG_ESIZE;
	}
	struct conn *conn = req->conn;
	if (conn == NULL)
		return udp_reply(req, wire, len);
	if (conn->closed) {
		request_free(req);
		return KNOT_ECONNRESET;
	}
	struct chunk *chunk = chunk_new(len);
	memcpy(chunk->data + 2, wire, len);
	out_append(conn, chunk_finish(chunk, len));
	request_free(req);
	return conn_kick(conn);
}

void
dnsio_drop(struct dnsio_request *req)
{
	struct conn *conn = req->conn;
	request_free(req);
	if (conn != NULL)
		conn_kick(conn);
}

int
dnsio_stream(struct dnsio_request *req, int (*next)(void *arg, uint8_t *buf, size_t max),
	     void (*done)(void *arg, int result), void *arg)
{
	struct conn *conn = req->conn;
	if (conn == NULL)
		return KNOT_ENOTSUP;
	req->stream = next;
	req->stream_done = done;
	req->stream_arg = arg;
	resume_later(conn); /* never from within the caller, who has to settle first */
	return 0;
}

/* Opening and closing. ------------------------------------------------------------------------ */

static int
open_socket(const struct dnsio_addr *addr, int type)
{
	int family = addr->ss.ss_family, one = 1;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return dnsio_errno();
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	else if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&addr->ss, addr->len) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 128) != 0)) {
		int ret = dnsio_errno();
		close(fd);
		return ret;
	}
	return fd;
}

/* The port that TCP got, for both. */
static int
open_pair(struct dnsio_server *server)
{
	server->tcp = open_socket(&server->addr, SOCK_STREAM);
	if (server->tcp < 0)
		return server->tcp;
	socklen_t len = sizeof(server->addr.ss);
	if (getsockname(server->tcp, (struct sockaddr *)&server->addr.ss, &len) != 0)
		return dnsio_errno();
	server->udp = open_socket(&server->addr, SOCK_DGRAM);
	return server->udp < 0 ? server->udp : 0;
}

static bool
any_port(const struct dnsio_addr *addr)
{
	return addr->ss.ss_family == AF_INET6
		   ? ((const struct sockaddr_in6 *)&addr->ss)->sin6_port == 0
		   : ((const struct sockaddr_in *)&addr->ss)->sin_port == 0;
}

/* Port 0: what is free for TCP may be another program's for UDP, and then another is asked for. */
static int
open_both(struct dnsio_server *server)
{
	const struct dnsio_addr wish = server->addr;
	int ret = open_pair(server);
	for (int i = 0; any_port(&wish) && ret == KNOT_EADDRINUSE && i < FREE_PORT_TRIES; i++) {
		if (server->tcp >= 0)
			close(server->tcp);
		server->addr = wish;
		ret = open_pair(server);
	}
	return ret;
}

static void
fill_limits(struct dnsio_limits *limits)
{
	struct rlimit nofile;
	if (limits->connections == 0)
		limits->connections = 256;
	if (limits->per_source == 0)
		limits->per_source = limits->connections;
	if (limits->idle_ms == 0)
		limits->idle_ms = 30000;
	if (limits->write_ms == 0)
		limits->write_ms = 10000;
	if (limits->max_query == 0 || limits->max_query > DNSIO_MAX_MSG)
		limits->max_query = DNSIO_MAX_MSG;
	if (limits->pipeline == 0)
		limits->pipeline = 8;
	if (getrlimit(RLIMIT_NOFILE, &nofile) == 0 && nofile.rlim_cur > FD_RESERVE &&
	    nofile.rlim_cur != RLIM_INFINITY &&
	    limits->connections > nofile.rlim_cur - FD_RESERVE) {
		limits->connections = (unsigned)(nofile.rlim_cur - FD_RESERVE);
		log_warn("no more than %u connections: the limit of open files is %llu",
			 limits->connections, (unsigned long long)nofile.rlim_cur);
	}
}

struct dnsio_server *
dnsio_listen(struct loop *loop, const struct dnsio_addr *addr, const struct dnsio_limits *limits,
	     dnsio_handler handler, void *arg, int *err)
{
	struct dnsio_server *server = xcalloc(1, sizeof(*server));
	server->loop = loop;
	server->addr = *addr;
	if (limits != NULL)
		server->limits = *limits;
	fill_limits(&server->limits);
	server->handler = handler;
	server->arg = arg;
	server->tcp = server->udp = -1;
	*err = open_both(server);
	if (*err != 0) {
		dnsio_server_free(server);
		return NULL;
	}
	server->pause = loop_timer_new(loop, accept_again, server);
	server->tcp_io = loop_io_new(loop, server->tcp, LOOP_READ, accept_ready, server);
	server->udp_io = loop_io_new(loop, server->udp, LOOP_READ, udp_ready, server);
	return server;
}

const struct dnsio_addr *
dnsio_server_addr(const struct dnsio_server *server)
{
	return &server->addr;
}

void
dnsio_server_free(struct dnsio_server *server)
{
	if (server == NULL || server->closed)
		return;
	server_hold(server);
	server->closed = true;
	while (server->conns != NULL)
		conn_close(server->conns, KNOT_ECONNRESET);
	while (server->udp_requests != NULL)
		request_gone(server->udp_requests, KNOT_ECONNRESET);
	loop_io_free(server->tcp_io);
	loop_io_free(server->udp_io);
	loop_timer_free(server->pause);
	if (server->tcp >= 0)
		close(server->tcp);
	if (server->udp >= 0)
		close(server->udp);
	server_release(server);
}
