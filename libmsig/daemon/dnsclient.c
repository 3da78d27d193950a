/*
 * The client half of dnsio.h: one query, over TCP or UDP, and the messages of its answer. Checks
 * that an answer belongs to the query (id, opcode, question); what it says is the caller's affair.
 *
 * The callback is never called from within the function that starts a query, and hears of exactly
 * one end, unless it ends the matter itself (returns false, or frees the client).
 */
#include "config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libknot/dname.h>
#include <libknot/errcode.h>
#include <libknot/packet/wire.h>
#include "libmsig/err.h"
#include "libmsig/daemon/dnsio.h"
#include "libmsig/daemon/log.h"

#define READ_ROUNDS 16 /* reads before others have their turn */

struct dnsio_client {
	struct loop *loop;
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	unsigned timeout_ms;
	dnsio_answer cb;
	void *arg;
	bool tcp;
	bool connecting;
	bool first; /* no message of the answer was accepted yet */
	bool held;  /* in the callback: freed afterwards */
	bool freed;
	int error;      /* it never started; the timer tells */
	uint8_t *query; /* with its two octets of length */
	size_t query_len, sent;
	uint8_t *in;
	size_t in_len, in_cap;
};

void
dnsio_client_free(struct dnsio_client *client)
{
	if (client == NULL || client->freed)
		return;
	client->freed = true;
	loop_io_free(client->io);
	loop_timer_free(client->timer);
	if (client->fd >= 0)
		close(client->fd);
	free(client->query);
	client->query = NULL;
	if (!client->held) {
		free(client->in);
		free(client);
	}
}

/* Hands on a message or the end. False if the client is gone. */
static bool
report(struct dnsio_client *client, int result, const uint8_t *wire, size_t len)
{
	client->held = true;
	bool more = client->cb(client->arg, result, wire, len);
	client->held = false;
	if (client->freed) {
		free(client->in);
		free(client);
		return false;
	}
	if (!more || result != 0) {
		dnsio_client_free(client);
		return false;
	}
	return true;
}

static void
fail(struct dnsio_client *client, int error)
{
	report(client, error, NULL, 0);
}

static void
on_timeout(void *arg)
{
	struct dnsio_client *client = arg;
	fail(client, client->error != 0 ? client->error : MSIG_ETIMEOUT);
}

/* Length of the question behind the header, 0 if there is none that can be read. */
static size_t
question_len(const uint8_t *wire, size_t len)
{
	if (knot_wire_get_qdcount(wire) != 1)
		return 0;
	const uint8_t *name = wire + KNOT_WIRE_HEADER_SIZE, *end = wire + len;
	int size = knot_dname_wire_check(name, end, NULL);
	if (size <= 0 || (size_t)(end - name) < (size_t)size + 4)
		return 0;
	return (size_t)size + 4;
}

static bool
same_question(const uint8_t *a, const uint8_t *b, size_t len)
{
	return knot_dname_is_case_equal(a, b) && memcmp(a + len - 4, b + len - 4, 4) == 0;
}

/* The message belongs to the query. */
static bool
is_answer(const struct dnsio_client *client, const uint8_t *wire, size_t len)
{
	const uint8_t *query = client->query + 2;
	if (len < KNOT_WIRE_HEADER_SIZE || !knot_wire_get_qr(wire) ||
	    knot_wire_get_id(wire) != knot_wire_get_id(query) ||
	    knot_wire_get_opcode(wire) != knot_wire_get_opcode(query))
		return false;
	/* Without question: later messages of a transfer (RFC 5936 2.2.2), errors, and the answers
	 * to UPDATE and NOTIFY of some servers. */
	if (knot_wire_get_qdcount(wire) == 0)
		return !client->first || knot_wire_get_rcode(wire) != KNOT_RCODE_NOERROR ||
		       knot_wire_get_opcode(query) != KNOT_OPCODE_QUERY;
	size_t asked = question_len(query, client->query_len - 2);
	return asked > 0 && question_len(wire, len) == asked &&
	       same_question(query + KNOT_WIRE_HEADER_SIZE, wire + KNOT_WIRE_HEADER_SIZE, asked);
}

/* A message of the answer is handed on. False if the client is gone. */
static bool
deliver(struct dnsio_client *client, const uint8_t *wire, size_t len)
{
	client->first = false;
	loop_timer_set(client->timer, client->timeout_ms);
	return report(client, 0, wire, len);
}

/* TCP. ---------------------------------------------------------------------------------------- */

static void
tcp_write(struct dnsio_client *client)
{
	while (client->sent < client->query_len) {
		ssize_t n = send(client->fd, client->query + client->sent,
				 client->query_len - client->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			fail(client, dnsio_errno());
			return;
		}
		client->sent += (size_t)n;
	}
	loop_io_want(client->io, LOOP_READ | (client->sent < client->query_len ? LOOP_WRITE : 0));
}

static void
tcp_connected(struct dnsio_client *client)
{
	int error = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0) {
		errno = error;
		fail(client, dnsio_errno());
		return;
	}
	client->connecting = false;
	tcp_write(client);
}

/* Hands on the whole messages that have been read. False if the client is gone. */
static bool
tcp_messages(struct dnsio_client *client)
{
	size_t at = 0;
	while (client->in_len - at >= 2) {
		size_t len = (size_t)client->in[at] << 8 | client->in[at + 1];
		if (client->in_len - at < 2 + len)
			break;
		const uint8_t *wire = client->in + at + 2;
		at += 2 + len;
		if (!is_answer(client, wire, len)) {
			fail(client, KNOT_EMALF);
			return false;
		}
		if (!deliver(client, wire, len))
			return false;
	}
	client->in_len -= at;
	if (at > 0)
		memmove(client->in, client->in + at, client->in_len);
	return true;
}

static void
tcp_read(struct dnsio_client *client)
{
	for (int i = 0; i < READ_ROUNDS; i++) {
		ssize_t n = recv(client->fd, client->in + client->in_len,
				 client->in_cap - client->in_len, 0);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n <= 0) {
			fail(client, n == 0 ? KNOT_ECONNRESET : dnsio_errno());
			return;
		}
		client->in_len += (size_t)n;
		if (!tcp_messages(client))
			return;
	}
}

static void
tcp_ready(void *arg, int ready)
{
	struct dnsio_client *client = arg;
	if (client->connecting)
		tcp_connected(client);
	else if (ready & LOOP_READ)
		tcp_read(client);
	else
		tcp_write(client);
}

/* UDP. ---------------------------------------------------------------------------------------- */

static void
udp_ready(void *arg, int ready)
{
	struct dnsio_client *client = arg;
	for (int i = 0; i < READ_ROUNDS; i++) {
		ssize_t n = recv(client->fd, client->in, client->in_cap, 0);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n < 0) {
			fail(client, dnsio_errno());
			return;
		}
		/* Not ours: perhaps somebody guesses. The right answer may still come. */
		if (is_answer(client, client->in, (size_t)n) &&
		    !deliver(client, client->in, (size_t)n))
			return;
	}
}

/* Starting. ----------------------------------------------------------------------------------- */

static void
set_query(struct dnsio_client *client, const uint8_t *wire, size_t len)
{
	uint8_t *query = xcalloc(1, len + 2);
	query[0] = (uint8_t)(len >> 8);
	query[1] = (uint8_t)len;
	memcpy(query + 2, wire, len);
	free(client->query);
	client->query = query;
	client->query_len = len + 2;
	client->sent = 0;
	client->first = true;
}

/* An address that this host cannot reach at all, in particular IPv6 where there is none, is not a
 * server that does not answer. A source address that is not ours is neither. */
static int
connect_errno(void)
{
	switch (errno) {
	case ENETUNREACH:
	case ENETDOWN:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return MSIG_ENOROUTE;
	default:
		return dnsio_errno();
	}
}

static int
open_and_connect(struct dnsio_client *client, const struct dnsio_addr *server,
		 const struct dnsio_addr *source)
{
	int one = 1, type = client->tcp ? SOCK_STREAM : SOCK_DGRAM;
	client->fd = socket(server->ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return connect_errno();
	if (client->tcp)
		setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (source != NULL && source->len > 0 &&
	    bind(client->fd, (const struct sockaddr *)&source->ss, source->len) != 0)
		return dnsio_errno();
	if (connect(client->fd, (const struct sockaddr *)&server->ss, server->len) != 0) {
		if (errno != EINPROGRESS)
			return connect_errno();
		client->connecting = true;
	}
	if (!client->tcp && send(client->fd, client->query + 2, client->query_len - 2, 0) < 0)
		return dnsio_errno();
	return 0;
}

static struct dnsio_client *
start(struct loop *loop, bool tcp, const struct dnsio_addr *server, const struct dnsio_addr *source,
      const uint8_t *wire, size_t len, unsigned timeout_ms, dnsio_answer cb, void *arg)
{
	struct dnsio_client *client = xcalloc(1, sizeof(*client));
	client->loop = loop;
	client->fd = -1;
	client->timeout_ms = timeout_ms;
	client->cb = cb;
	client->arg = arg;
	client->tcp = tcp;
	client->timer = loop_timer_new(loop, on_timeout, client);
	if (len < KNOT_WIRE_HEADER_SIZE || len > DNSIO_MAX_MSG) {
		client->error = KNOT_EINVAL;
	} else {
		set_query(client, wire, len);
		client->error = open_and_connect(client, server, source);
	}
	if (client->error != 0) {
		loop_timer_set(client->timer, 0); /* told as the others are: later */
		return client;
	}
	client->in_cap = DNSIO_MAX_MSG + 2;
	client->in = malloc(client->in_cap); /* nothing of it is read before it was written */
	if (client->in == NULL)
		fatal("out of memory");
	client->io = loop_io_new(loop, client->fd, tcp ? LOOP_WRITE : LOOP_READ,
				 tcp ? tcp_ready : udp_ready, client);
	loop_timer_set(client->timer, timeout_ms);
	return client;
}

struct dnsio_client *
dnsio_query_tcp(struct loop *loop, const struct dnsio_addr *server, const struct dnsio_addr *source,
		const uint8_t *wire, size_t len, unsigned timeout_ms, dnsio_answer cb, void *arg)
{
	return start(loop, true, server, source, wire, len, timeout_ms, cb, arg);
}

struct dnsio_client *
dnsio_query_udp(struct loop *loop, const struct dnsio_addr *server, const struct dnsio_addr *source,
		const uint8_t *wire, size_t len, unsigned timeout_ms, dnsio_answer cb, void *arg)
{
	return start(loop, false, server, source, wire, len, timeout_ms, cb, arg);
}

int
dnsio_query_again(struct dnsio_client *client, const uint8_t *wire, size_t len)
{
	if (!client->tcp || !client->held || client->freed || client->error != 0)
		return KNOT_ENOTSUP;
	if (len < KNOT_WIRE_HEADER_SIZE || len > DNSIO_MAX_MSG)
		return KNOT_EINVAL;
	set_query(client, wire, len);
	loop_io_want(client->io, LOOP_READ | LOOP_WRITE);
	return 0;
}
