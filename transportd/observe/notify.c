/*
 * The signer's NOTIFY: see notify.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/tsig.h"
#include "transportd/observe/notify.h"

#define MESSAGE_MAX 4096
#define ANSWER_MAX 1024

static const struct dnsio_limits limits = {
    .connections = 64,
    .per_source = 32,
    .idle_ms = 10000,
    .write_ms = 5000,
    .max_query = MESSAGE_MAX,
};

struct notify {
	struct loop *loop;
	void (*changed)(void *arg, const knot_dname_t *zone, uint32_t serial);
	void *arg;
	const struct conf *conf;
	struct dnsio_server **server;
	struct dnsio_addr *listen; /* where they are */
	unsigned servers;
	struct notify_counters counters;
	uint64_t logged;   /* mono ms, the last refusal */
	unsigned unlogged; /* since then */
};

struct notify *
notify_new(struct loop *loop, void (*changed)(void *arg, const knot_dname_t *zone, uint32_t serial),
	   void *arg)
{
	struct notify *n = xcalloc(1, sizeof(*n));

	n->loop = loop;
	n->changed = changed;
	n->arg = arg;
	return n;
}

static void
close_all(struct notify *n)
{
	for (unsigned i = 0; i < n->servers; i++)
		dnsio_server_free(n->server[i]);
	free(n->server);
	free(n->listen);
	n->server = NULL;
	n->listen = NULL;
	n->servers = 0;
}

void
notify_free(struct notify *notify)
{
	if (notify == NULL)
		return;
	close_all(notify);
	free(notify);
}

static const knot_tsig_key_t *
find_key(void *arg, const knot_dname_t *name)
{
	const struct notify *n = arg;
	const struct conf_key *key = conf_key_find(n->conf, name);

	return key != NULL ? &key->tsig : NULL;
}

/* What to answer; *zone is set when it is accepted. */
static uint16_t
judge(struct notify *n, knot_pkt_t *pkt, const struct dnsio_addr *source, struct tsig_ctx *ctx,
      const struct conf_zone **zone)
{
	const struct conf_zone *z;
	int err = tsig_verify_request(pkt, find_key, n, ctx);

	if (err != 0)
		return KNOT_RCODE_NOTAUTH;
	if (knot_wire_get_opcode(pkt->wire) != KNOT_OPCODE_NOTIFY)
		return KNOT_RCODE_NOTIMPL;
	if (knot_pkt_qname(pkt) == NULL || knot_pkt_qtype(pkt) != KNOT_RRTYPE_SOA ||
	    knot_pkt_qclass(pkt) != KNOT_CLASS_IN)
		return KNOT_RCODE_FORMERR;
	z = conf_zone_find(n->conf, knot_pkt_qname(pkt));
	if (z == NULL || z->signer == NULL)
		return KNOT_RCODE_NOTAUTH;
	if (z->signer->key != NULL) {
		if (ctx->key != &z->signer->key->tsig)
			return KNOT_RCODE_REFUSED;
	} else {
		unsigned i = 0;

		while (i < z->signer->addresses &&
		       !dnsio_addr_same_host(&z->signer->address[i], source))
			i++;
		if (i == z->signer->addresses)
			return KNOT_RCODE_REFUSED;
	}
	*zone = z;
	return KNOT_RCODE_NOERROR;
}

static uint32_t
announced_serial(const knot_pkt_t *pkt)
{
	const knot_pktsection_t *answer = knot_pkt_section(pkt, KNOT_ANSWER);

	for (uint16_t i = 0; i < answer->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(answer, i);

		if (rr->type == KNOT_RRTYPE_SOA && rr->rrs.count == 1 && rr->rrs.rdata->len >= 22)
			return knot_soa_serial(rr->rrs.rdata);
	}
	return 0;
}

static void
answer(struct dnsio_request *req, const knot_pkt_t *pkt, uint16_t rcode, struct tsig_ctx *ctx)
{
	uint8_t wire[ANSWER_MAX];
	size_t len = KNOT_WIRE_HEADER_SIZE;

	memcpy(wire, pkt->wire, len);
	memset(wire + 4, 0, len - 4);
	if (knot_pkt_qname(pkt) != NULL) {
		memcpy(wire + len, pkt->wire + len, knot_pkt_question_size(pkt));
		len += knot_pkt_question_size(pkt);
		knot_wire_set_qdcount(wire, 1);
	}
	wire[3] = 0;
	knot_wire_set_qr(wire);
	knot_wire_set_rcode(wire, (uint8_t)rcode);
	if (rcode == KNOT_RCODE_NOERROR)
		knot_wire_set_aa(wire);
	if ((ctx->key != NULL || ctx->error != 0) &&
	    tsig_sign_reply(ctx, wire, &len, sizeof(wire)) != 0) {
		dnsio_drop(req);
		return;
	}
	dnsio_reply(req, wire, len);
}

/* One line a second: who sends rubbish must not fill the log. */
static void
log_refusal(struct notify *n, const struct dnsio_addr *source, uint16_t rcode)
{
	const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, rcode);
	uint64_t now = loop_mono_ms();
	char from[80];

	if (n->logged != 0 && now - n->logged < 1000) {
		n->unlogged++;
		return;
	}
	log_info("%s: a message that is no NOTIFY of a signer of ours: %s (and %u before it)",
		 dnsio_addr_str(source, from, sizeof(from)), name != NULL ? name->name : "?",
		 n->unlogged);
	n->logged = now;
	n->unlogged = 0;
}

static void
on_message(void *arg, struct dnsio_request *req, const uint8_t *wire, size_t len)
{
	struct notify *n = arg;
	struct dnsio_addr source = *dnsio_source(req);
	const struct conf_zone *zone = NULL;
	struct tsig_ctx ctx = {0};
	uint32_t serial = 0;
	uint16_t rcode = KNOT_RCODE_FORMERR;
	uint8_t *copy;
	knot_pkt_t *pkt;

	if (len < KNOT_WIRE_HEADER_SIZE || len > MESSAGE_MAX || knot_wire_get_qr(wire)) {
		dnsio_drop(req);
		return;
	}
	copy = xmemdup(wire, len);
	pkt = knot_pkt_new(copy, (uint16_t)len, NULL);
	if (pkt == NULL)
		fatal("out of memory");
	if (knot_pkt_parse(pkt, 0) == 0)
		rcode = judge(n, pkt, &source, &ctx, &zone);
	if (zone != NULL) {
		n->counters.accepted++;
		serial = announced_serial(pkt);
	} else {
		n->counters.refused++;
		log_refusal(n, &source, rcode);
	}
	answer(req, pkt, rcode, &ctx);
	knot_pkt_free(pkt);
	free(copy);
	if (zone != NULL)
		n->changed(n->arg, zone->name, serial);
}

static bool
same_listen(const struct notify *n, const struct conf *conf)
{
	if (n->servers != conf->observe_listens)
		return false;
	for (unsigned i = 0; i < n->servers; i++) {
		if (n->listen[i].len != conf->observe_listen[i].len ||
		    memcmp(&n->listen[i].ss, &conf->observe_listen[i].ss, n->listen[i].len) != 0)
			return false;
	}
	return true;
}

int
notify_reconf(struct notify *n, const struct conf *conf)
{
	char text[80];
	int err = 0;

	n->conf = conf;
	if (n->server != NULL && same_listen(n, conf))
		return 0;
	close_all(n);
	n->server = xcalloc(conf->observe_listens + 1, sizeof(struct dnsio_server *));
	n->listen = xcalloc(conf->observe_listens + 1, sizeof(*n->listen));
	for (unsigned i = 0; i < conf->observe_listens; i++) {
		n->server[i] =
		    dnsio_listen(n->loop, &conf->observe_listen[i], &limits, on_message, n, &err);
		dnsio_addr_str(&conf->observe_listen[i], text, sizeof(text));
		if (n->server[i] == NULL) {
			log_error("cannot listen on %s: %s", text, msig_strerror(err));
			return err;
		}
		n->listen[i] = conf->observe_listen[i];
		n->servers++;
		log_info("listening for the signer's NOTIFY on %s", text);
	}
	return 0;
}

struct notify_counters
notify_count(const struct notify *notify)
{
	return notify->counters;
}
