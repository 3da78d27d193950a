/*
 * Ways to talk with peers, as a table: each moves whole DNS messages and knows nothing of what is
 * in them. `dns` today; another one is another row.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "libmsig/daemon/conf.h"
#include "libmsig/daemon/dnsio.h"
#include "libmsig/daemon/loop.h"

struct inbound;

/* The end of a delivery: the response (result 0), or an error. Called once. */
typedef void (*channel_answer)(void *arg, int result, const uint8_t *wire, size_t len);

struct channel {
	const char *name;
	/* Listens; requests go to inbound_request() with a handle for what follows. */
	int (*open)(struct loop *loop, const struct conf *conf, struct inbound *inbound);
	void (*close)(void);
	/* The end of a request, either way; the handle is gone. */
	void (*reply)(void *handle, const uint8_t *wire, size_t len);
	void (*drop)(void *handle);
	/* A delivery, and giving it up (cb is not called any more). NULL if it cannot begin. The
	 * channel sees to it that a response belongs to the message. */
	void *(*send)(struct loop *loop, const struct dnsio_addr *to, const uint8_t *wire,
		      size_t len, unsigned timeout_ms, channel_answer cb, void *arg);
	void (*cancel)(void *delivery);
};

extern const struct channel channel_dns;
