/*
 * The DNS channel: agents' messages as they are, over TCP; UDP only to say that TCP is wanted.
 */
#include "config.h"

#include <stdlib.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "transportd/peer/inbound.h"

static const struct dnsio_limits limits = {
    .connections = 128,
    .per_source = 32,
    .idle_ms = 30000,
    .write_ms = 10000,
    .max_query = CHEAP_MAX,
};

static struct dnsio_server **server;
static unsigned servers;
static struct inbound *receiver;

static void
gone(void *arg)
{
	inbound_gone(receiver, arg);
}

static void
request(void *arg, struct dnsio_request *req, const uint8_t *wire, size_t len)
{
	struct dnsio_addr source = *dnsio_source(req);

	dnsio_on_gone(req, gone, req);
	inbound_request(receiver, &channel_dns, req, &source, dnsio_is_tcp(req), wire, len);
}

static void
dns_close(void)
{
	for (unsigned i = 0; i < servers; i++)
		dnsio_server_free(server[i]);
	free(server);
	server = NULL;
	servers = 0;
}

static int
dns_open(struct loop *loop, const struct conf *conf, struct inbound *inbound)
{
	char text[80];
	int err = 0;

	receiver = inbound;
	server = xcalloc(conf->transport_listens + 1, sizeof(struct dnsio_server *));
	for (unsigned i = 0; i < conf->transport_listens; i++) {
		const struct dnsio_addr *addr = &conf->transport_listen[i];

		server[servers] = dnsio_listen(loop, addr, &limits, request, NULL, &err);
		dnsio_addr_str(addr, text, sizeof(text));
		if (server[servers] == NULL) {
			log_error("cannot listen on %s: %s", text, msig_strerror(err));
			dns_close();
			return err;
		}
		servers++;
		log_info("listening for peers on %s", text);
	}
	return 0;
}

static void
dns_reply(void *handle, const uint8_t *wire, size_t len)
{
	dnsio_reply(handle, wire, len);
}

static void
dns_drop(void *handle)
{
	dnsio_drop(handle);
}

struct delivery {
	struct dnsio_client *client;
	channel_answer cb;
	void *arg;
};

static bool
answered(void *arg, int result, const uint8_t *wire, size_t len)
{
	struct delivery *d = arg;

	d->cb(d->arg, result, wire, len);
	free(d);
	return false;
}

static void *
dns_send(struct loop *loop, const struct dnsio_addr *to, const uint8_t *wire, size_t len,
	 unsigned timeout_ms, channel_answer cb, void *arg)
{
	struct delivery *d = xcalloc(1, sizeof(*d));

	d->cb = cb;
	d->arg = arg;
	d->client = dnsio_query_tcp(loop, to, NULL, wire, len, timeout_ms, answered, d);
	if (d->client == NULL) {
		free(d);
		return NULL;
	}
	return d;
}

static void
dns_cancel(void *delivery)
{
	struct delivery *d = delivery;

	dnsio_client_free(d->client);
	free(d);
}

const struct channel channel_dns = {
    .name = "dns",
    .open = dns_open,
    .close = dns_close,
    .reply = dns_reply,
    .drop = dns_drop,
    .send = dns_send,
    .cancel = dns_cancel,
};
