/*
 * DNS over UDP and TCP on the event loop: a server with connections, limits and time-outs, and a
 * client. Moves whole messages; knows TSIG and zones not at all (tsig.h, the caller).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "libmsig/daemon/loop.h"

#define DNSIO_MAX_MSG 65535
#define DNSIO_ADDR_TEXT 64 /* enough for dnsio_addr_str() */

struct dnsio_addr {
	struct sockaddr_storage ss;
	socklen_t len;
};

/* "addr@port" or "addr" (default_port); IPv4 and IPv6, no names. */
int dnsio_addr_parse(const char *text, uint16_t default_port, struct dnsio_addr *addr);
char *dnsio_addr_str(const struct dnsio_addr *addr, char *buf, size_t len); /* "addr@port" */
bool dnsio_addr_same_host(const struct dnsio_addr *a, const struct dnsio_addr *b);
int dnsio_errno(void); /* errno as an error code; a broken connection is KNOT_ECONNRESET */

/* Server -------------------------------------------------------------------------------------- */

struct dnsio_server;
struct dnsio_request; /* lives until it was answered or dropped, or its connection broke */

/* A message came: with a whole header, and not itself an answer. The handler answers at once or
 * later: dnsio_reply (last or only message of the answer), dnsio_stream, or dnsio_drop, in any
 * order among the requests of a connection. wire is lent until the handler returns. Every callback
 * may free the server. */
typedef void (*dnsio_handler)(void *arg, struct dnsio_request *req, const uint8_t *wire,
                              size_t len);

struct dnsio_limits {         /* 0 everywhere: the default */
	unsigned connections; /* TCP connections in all: 256; the longest idle one makes room */
	unsigned per_source;  /* of one address: no limit of its own */
	unsigned idle_ms;     /* without a whole message: 30 s */
	unsigned write_ms;    /* a reader that takes nothing: 10 s */
	size_t max_query;     /* larger messages close the connection: 65,535 */
	unsigned pipeline;    /* unanswered requests of one connection, then it is not read: 8 */
};

struct dnsio_server *dnsio_listen(struct loop *loop, const struct dnsio_addr *addr,
                                  const struct dnsio_limits *limits, dnsio_handler handler,
                                  void *arg, int *err);
const struct dnsio_addr *dnsio_server_addr(const struct dnsio_server *server); /* port 0: which */
/* Closes everything; unanswered requests are gone, streams are done, and say so. */
void dnsio_server_free(struct dnsio_server *server);

const struct dnsio_addr *dnsio_source(const struct dnsio_request *req);
bool dnsio_is_tcp(const struct dnsio_request *req);
/* Called when the connection of an unanswered request breaks; the request is gone by then. */
void dnsio_on_gone(struct dnsio_request *req, void (*cb)(void *arg), void *arg);

/* Ends the request, whatever it returns: an error says that nobody will read the answer. */
int dnsio_reply(struct dnsio_request *req, const uint8_t *wire, size_t len);
void dnsio_drop(struct dnsio_request *req);

/* Several messages (a transfer, TCP only). next writes one message into buf and returns its length,
 * 0 at the end, or a negative error, which closes the connection. It is called as the reader takes
 * what was sent: no more than some 256 KiB wait in memory. done is called exactly once, when all
 * was handed to the system (0) or the connection broke; the request is gone by then. Streams of one
 * connection are sent one after the other. KNOT_ENOTSUP over UDP: the request is still there. */
int dnsio_stream(struct dnsio_request *req, int (*next)(void *arg, uint8_t *buf, size_t max),
                 void (*done)(void *arg, int result), void *arg);

/* Client -------------------------------------------------------------------------------------- */

struct dnsio_client;

/* A message of the answer (result 0), or the end: a negative error with wire NULL. Return true to
 * hear more messages (a transfer), false to end; the client is freed after false or an error. It
 * may be freed in here, too. Never called before the query function has returned. */
typedef bool (*dnsio_answer)(void *arg, int result, const uint8_t *wire, size_t len);

/* One query over TCP. Never NULL: errors come through cb. timeout_ms without a whole message ends
 * it with MSIG_ETIMEOUT, a message that does not belong to the query (id, opcode, question) with
 * KNOT_EMALF, the end of the connection with KNOT_ECONNRESET. source may be NULL. */
struct dnsio_client *dnsio_query_tcp(struct loop *loop, const struct dnsio_addr *server,
                                     const struct dnsio_addr *source, const uint8_t *wire,
                                     size_t len, unsigned timeout_ms, dnsio_answer cb, void *arg);
/* One query over UDP; messages that do not belong to it are ignored. Truncation is the caller's. */
struct dnsio_client *dnsio_query_udp(struct loop *loop, const struct dnsio_addr *server,
                                     const struct dnsio_addr *source, const uint8_t *wire,
                                     size_t len, unsigned timeout_ms, dnsio_answer cb, void *arg);
/* A second query on the connection of an answer that is being delivered (SOA, then IXFR); return
 * true from the callback then. TCP only. */
int dnsio_query_again(struct dnsio_client *client, const uint8_t *wire, size_t len);
void dnsio_client_free(struct dnsio_client *client); /* cb is not called any more */
