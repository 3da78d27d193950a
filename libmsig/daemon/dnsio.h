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

struct dnsio_addr {
	struct sockaddr_storage ss;
	socklen_t len;
};

/* "addr@port" or "addr" (default_port); IPv4 and IPv6, no names. */
int dnsio_addr_parse(const char *text, uint16_t default_port, struct dnsio_addr *addr);
char *dnsio_addr_str(const struct dnsio_addr *addr, char *buf, size_t len); /* "addr@port" */
bool dnsio_addr_same_host(const struct dnsio_addr *a, const struct dnsio_addr *b);

/* Server ------------------------------------------------------------------------------------- */

struct dnsio_server;
struct dnsio_request; /* lives until it was answered or dropped, or its connection broke */

/* A message came. The handler answers at once or later: dnsio_reply (last or only message of the
 * answer), dnsio_stream, or dnsio_drop. wire is lent until the handler returns. */
typedef void (*dnsio_handler)(void *arg, struct dnsio_request *req, const uint8_t *wire,
                              size_t len);

struct dnsio_limits {
	unsigned connections;     /* TCP connections in all */
	unsigned per_source;      /* of one address */
	unsigned idle_ms;         /* without a message */
	unsigned write_ms;        /* a reader that takes nothing */
	size_t max_query;         /* larger messages close the connection */
};

struct dnsio_server *dnsio_listen(struct loop *loop, const struct dnsio_addr *addr,
                                  const struct dnsio_limits *limits, dnsio_handler handler,
                                  void *arg, int *err);
void dnsio_server_free(struct dnsio_server *server);

const struct dnsio_addr *dnsio_source(const struct dnsio_request *req);
bool dnsio_is_tcp(const struct dnsio_request *req);
/* Called when the connection of an unanswered request breaks; the request is gone afterwards. */
void dnsio_on_gone(struct dnsio_request *req, void (*cb)(void *arg), void *arg);

int dnsio_reply(struct dnsio_request *req, const uint8_t *wire, size_t len);
void dnsio_drop(struct dnsio_request *req);

/* Several messages (a transfer, TCP only). next writes one message into buf and returns its length,
 * 0 at the end, or a negative error, which closes the connection. It is called as the reader takes
 * what was sent: no more than some 256 KiB wait in memory. done is called exactly once. */
int dnsio_stream(struct dnsio_request *req, int (*next)(void *arg, uint8_t *buf, size_t max),
                 void (*done)(void *arg, int result), void *arg);

/* Client ------------------------------------------------------------------------------------- */

struct dnsio_client;

/* A message of the answer (result 0), or the end: a negative error with wire NULL. Return true to
 * hear more messages (a transfer), false to end; the client is freed after false or an error. */
typedef bool (*dnsio_answer)(void *arg, int result, const uint8_t *wire, size_t len);

/* One query over TCP; timeout_ms without progress ends it with MSIG_ETIMEOUT. source may be NULL. */
struct dnsio_client *dnsio_query_tcp(struct loop *loop, const struct dnsio_addr *server,
                                     const struct dnsio_addr *source, const uint8_t *wire,
                                     size_t len, unsigned timeout_ms, dnsio_answer cb, void *arg);
/* One query over UDP, answers with another id or source are ignored. */
struct dnsio_client *dnsio_query_udp(struct loop *loop, const struct dnsio_addr *server,
                                     const struct dnsio_addr *source, const uint8_t *wire,
                                     size_t len, unsigned timeout_ms, dnsio_answer cb, void *arg);
/* A second query on the connection of an answer that is being delivered (SOA, then IXFR). */
int dnsio_query_again(struct dnsio_client *client, const uint8_t *wire, size_t len);
void dnsio_client_free(struct dnsio_client *client); /* cb is not called any more */
