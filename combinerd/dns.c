#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "combinerd/contribute.h"
#include "combinerd/dns.h"
#include "combinerd/notify.h"
#include "combinerd/serial.h"
#include "combinerd/transfer.h"
#include "combinerd/xfr_out.h"
#include "libmsig/daemon/dnsio.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/tsig.h"
#include "libmsig/err.h"

#define UDP_PAYLOAD 1232
#define OPT_SIZE 11
#define REFUSED_PER_S 10 /* lines in the log about what is refused; the rest is counted */

struct listener {
	struct dnsio_addr addr;
	struct dnsio_server *server;
};

struct dns {
	struct combiner *combiner;
	struct listener *at;
	size_t count;
	uint64_t second; /* monotonic: when the lines about refusals began to be counted */
	unsigned lines;
};

/* One request, while it is answered. */
struct ask {
	struct dns *dns;
	struct dnsio_request *req;
	knot_pkt_t *pkt;
	struct tsig_ctx tsig;
	struct zone *zone;
	char source[DNSIO_ADDR_TEXT];
};

/* Answers -------------------------------------------------------------------------------------- */

static size_t
room(const struct ask *ask)
{
	if (dnsio_is_tcp(ask->req))
		return DNSIO_MAX_MSG;
	uint16_t size = ask->pkt->opt_rr != NULL ? knot_edns_get_payload(ask->pkt->opt_rr) : 512;
	if (size < 512)
		size = 512;
	return size > UDP_PAYLOAD ? UDP_PAYLOAD : size;
}

static int
put_opt(knot_pkt_t *pkt, uint16_t rcode)
{
	knot_rrset_t opt;
	int ret = knot_edns_init(&opt, UDP_PAYLOAD, (uint8_t)(rcode >> 4), KNOT_EDNS_VERSION, NULL);

	if (ret == 0 && (ret = knot_pkt_begin(pkt, KNOT_ADDITIONAL)) == 0)
		ret = knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &opt, 0);
	knot_rrset_clear(&opt, NULL);
	return ret;
}

/* soa: the version whose SOA goes into the answer, or NULL. */
static void
answer(struct ask *ask, uint16_t rcode, const struct version *soa)
{
	static uint8_t wire[DNSIO_MAX_MSG];
	size_t max = room(ask);
	knot_pkt_t *pkt = knot_pkt_new(wire, (uint16_t)max, NULL);

	if (pkt == NULL || knot_pkt_init_response(pkt, ask->pkt) != 0) {
		knot_pkt_free(pkt);
		dnsio_drop(ask->req);
		return;
	}
	knot_wire_set_rcode(pkt->wire, (short)(rcode & 0xf));
	knot_pkt_reserve(pkt, (uint16_t)(tsig_space(&ask->tsig) + OPT_SIZE));
	knot_pkt_begin(pkt, KNOT_ANSWER);
	if (soa != NULL) {
		knot_rrset_t rrset;
		uint32_t ttl = 0;
		const knot_rdataset_t *rrs = version_apex(soa, KNOT_RRTYPE_SOA, &ttl);
		knot_rrset_init(&rrset, ask->zone->name, KNOT_RRTYPE_SOA, KNOT_CLASS_IN, ttl);
		rrset.rrs = *rrs;
		knot_wire_set_aa(pkt->wire);
		if (knot_pkt_put(pkt, KNOT_COMPR_HINT_QNAME, &rrset, 0) != 0)
			knot_wire_set_tc(pkt->wire);
	}
	knot_pkt_reclaim(pkt, OPT_SIZE);
	if (ask->pkt->opt_rr != NULL)
		put_opt(pkt, rcode);
	size_t len = pkt->size;
	knot_pkt_free(pkt);
	if (tsig_sign_reply(&ask->tsig, wire, &len, max) != 0)
		dnsio_drop(ask->req);
	else
		dnsio_reply(ask->req, wire, len);
}

/* Whoever can reach us can be refused: that must not fill the log. */
static bool
may_log(struct dns *dns)
{
	uint64_t now = loop_mono_ms();

	if (now - dns->second >= 1000) {
		if (dns->lines > REFUSED_PER_S)
			log_info("%u more messages were refused", dns->lines - REFUSED_PER_S);
		dns->second = now;
		dns->lines = 0;
	}
	return ++dns->lines <= REFUSED_PER_S;
}

static void __attribute__((format(printf, 3, 4)))
refuse(struct ask *ask, uint16_t rcode, const char *fmt, ...)
{
	const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, rcode);
	char text[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	const char *result = name != NULL ? name->name : "refused";
	if (ask->zone != NULL)
		ask->zone->refused++;
	/* What a known key asked for is always said: somebody will look for the reason. */
	bool say = may_log(ask->dns) || ask->tsig.key != NULL;
	if (say && ask->zone != NULL)
		log_zone(LOG_LVL_INFO, ask->zone->name, "%s: %s (%s)", ask->source, text, result);
	else if (say)
		log_info("%s: %s (%s)", ask->source, text, result);
	answer(ask, rcode, NULL);
}

/* Nothing but the header of a message that cannot be read. */
static void
format_error(struct dnsio_request *req, const uint8_t *query)
{
	uint8_t wire[KNOT_WIRE_HEADER_SIZE] = {0};

	memcpy(wire, query, 4);
	knot_wire_set_qr(wire);
	knot_wire_clear_aa(wire);
	knot_wire_clear_tc(wire);
	knot_wire_clear_ad(wire);
	knot_wire_set_rcode(wire, KNOT_RCODE_FORMERR);
	dnsio_reply(req, wire, sizeof(wire));
}

/* Who asks ------------------------------------------------------------------------------------- */

/* The key must be the remote's. A remote without a key is known by its address. */
static bool
is_remote(const struct ask *ask, const struct conf_remote *remote)
{
	const struct dnsio_addr *source = dnsio_source(ask->req);

	if (remote == NULL)
		return false;
	if (remote->key != NULL)
		return ask->tsig.key == &remote->key->tsig;
	for (unsigned i = 0; i < remote->addresses; i++)
		if (dnsio_addr_same_host(source, &remote->address[i]))
			return true;
	return false;
}

static bool
is_address_of(const struct ask *ask, const struct conf_remote *remote)
{
	for (unsigned i = 0; i < remote->addresses; i++)
		if (dnsio_addr_same_host(dnsio_source(ask->req), &remote->address[i]))
			return true;
	return false;
}

static const char *
key_text(const struct ask *ask)
{
	static knot_dname_txt_storage_t text;

	if (ask->tsig.key == NULL)
		return "no key";
	return knot_dname_to_str(text, ask->tsig.key->name, sizeof(text)) != NULL ? text : "?";
}

static bool
is_update_key(const struct ask *ask)
{
	const struct conf_key *key = ask->zone->conf->update_key;
	return key != NULL && ask->tsig.key == &key->tsig;
}

/* Transfers and SOA ---------------------------------------------------------------------------- */

struct stream {
	struct combiner *combiner;
	struct xfr_out *xfr;
	knot_dname_t *zone;
	uint32_t serial, from;
	bool delta;
	uint64_t started;
	char source[DNSIO_ADDR_TEXT];
};

static int
stream_next(void *arg, uint8_t *buf, size_t max)
{
	struct stream *stream = arg;
	return xfr_out_next(stream->xfr, buf, max);
}

static void
stream_done(void *arg, int result)
{
	struct stream *stream = arg;
	struct zone *zone = zone_find(stream->combiner, stream->zone);
	unsigned long long ms = loop_mono_ms() - stream->started;

	if (result != 0)
		log_zone(LOG_LVL_WARN, stream->zone,
			 "transfer of serial %u to %s broke off after "
			 "%zu records: %s",
			 stream->serial, stream->source, xfr_out_records(stream->xfr),
			 msig_strerror(result));
	else if (stream->delta)
		log_zone(LOG_LVL_INFO, stream->zone, "IXFR %u -> %u to %s: %zu records, %llu ms",
			 stream->from, stream->serial, stream->source, xfr_out_records(stream->xfr),
			 ms);
	else
		log_zone(LOG_LVL_INFO, stream->zone,
			 "AXFR of %u to %s: %zu records in %zu "
			 "messages, %llu ms",
			 stream->serial, stream->source, xfr_out_records(stream->xfr),
			 xfr_out_messages(stream->xfr), ms);
	if (result == 0 && zone != NULL) {
		zone->transfers_out++;
		notify_seen(zone->notify, stream->serial);
	}
	xfr_out_free(stream->xfr);
	knot_dname_free(stream->zone, NULL);
	free(stream);
}

static void
transfer(struct ask *ask, struct version *from, struct version *to)
{
	struct xfr_out *xfr = xfr_out_new(ask->pkt, &ask->tsig, from, to);
	if (xfr == NULL) {
		refuse(ask, KNOT_RCODE_SERVFAIL, "transfer: out of memory");
		return;
	}
	struct stream *stream = xcalloc(1, sizeof(*stream));
	stream->combiner = ask->dns->combiner;
	stream->xfr = xfr;
	stream->zone = knot_dname_copy(ask->zone->name, NULL);
	stream->serial = version_serial(to);
	stream->from = from != NULL ? version_serial(from) : 0;
	stream->delta = from != NULL;
	stream->started = loop_mono_ms();
	memcpy(stream->source, ask->source, sizeof(stream->source));
	if (dnsio_stream(ask->req, stream_next, stream_done, stream) != 0)
		dnsio_drop(ask->req);
}

/* The serial in the authority section of IXFR. */
static bool
client_serial(const knot_pkt_t *pkt, const knot_dname_t *zone, uint32_t *serial)
{
	const knot_pktsection_t *section = knot_pkt_section(pkt, KNOT_AUTHORITY);

	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);
		if (rr->type != KNOT_RRTYPE_SOA || rr->rrs.count != 1 ||
		    !knot_dname_is_case_equal(rr->owner, zone) || !rr_soa_valid(rr->rrs.rdata))
			continue;
		*serial = rr_soa_serial(rr->rrs.rdata);
		return true;
	}
	return false;
}

static void
answer_ixfr(struct ask *ask, struct version *served)
{
	uint32_t theirs, ours = version_serial(served);

	if (!client_serial(ask->pkt, ask->zone->name, &theirs)) {
		refuse(ask, KNOT_RCODE_FORMERR,
		       "IXFR without a SOA record in the authority section");
		return;
	}
	if (theirs == ours || serial_gt(theirs, ours)) {
		if (theirs != ours)
			log_zone(LOG_LVL_WARN, ask->zone->name,
				 "%s has serial %u, which is ahead "
				 "of ours, %u: it will not transfer until ours has passed it",
				 ask->source, theirs, ours);
		else
			notify_seen(ask->zone->notify, theirs);
		answer(ask, KNOT_RCODE_NOERROR, served);
		return;
	}
	struct version *past = zone_past(ask->zone, theirs);
	if (!dnsio_is_tcp(ask->req)) { /* come again over TCP */
		answer(ask, KNOT_RCODE_NOERROR, served);
		return;
	}
	if (past == NULL)
		log_zone(LOG_LVL_INFO, ask->zone->name,
			 "%s asks for changes since %u, which are not "
			 "remembered: the whole zone instead",
			 ask->source, theirs);
	transfer(ask, past, served);
}

static void
on_query(struct ask *ask)
{
	uint16_t qtype = knot_pkt_qtype(ask->pkt);
	struct zone *zone = ask->zone;
	bool xfr = qtype == KNOT_RRTYPE_AXFR || qtype == KNOT_RRTYPE_IXFR;

	if (knot_pkt_qclass(ask->pkt) != KNOT_CLASS_IN || zone == NULL ||
	    (!xfr && qtype != KNOT_RRTYPE_SOA)) {
		answer(ask, KNOT_RCODE_REFUSED, NULL);
		return;
	}
	if (!is_remote(ask, zone->conf->signer) && (xfr || !is_update_key(ask))) {
		refuse(ask, KNOT_RCODE_REFUSED, "%s asked with %s, which is not the signer's",
		       xfr ? "a transfer" : "SOA", key_text(ask));
		return;
	}
	struct version *served = zone_serving(zone);
	if (served == NULL) {
		refuse(ask, KNOT_RCODE_SERVFAIL, "nothing can be served: %s",
		       zone_why(zone)[0] != '\0' ? zone_why(zone)
						 : "the owner has not been heard yet");
		return;
	}
	if (qtype == KNOT_RRTYPE_SOA)
		answer(ask, KNOT_RCODE_NOERROR, served);
	else if (qtype == KNOT_RRTYPE_IXFR)
		answer_ixfr(ask, served);
	else if (!dnsio_is_tcp(ask->req))
		refuse(ask, KNOT_RCODE_REFUSED, "AXFR over UDP");
	else
		transfer(ask, NULL, served);
}

/* NOTIFY and UPDATE ---------------------------------------------------------------------------- */

static void
on_notify(struct ask *ask)
{
	struct zone *zone = ask->zone;
	bool known = false;

	if (knot_pkt_qtype(ask->pkt) != KNOT_RRTYPE_SOA ||
	    knot_pkt_qclass(ask->pkt) != KNOT_CLASS_IN) {
		refuse(ask, KNOT_RCODE_FORMERR, "NOTIFY for something else than SOA");
		return;
	}
	if (zone == NULL) {
		refuse(ask, KNOT_RCODE_NOTAUTH, "NOTIFY for a zone that is not ours");
		return;
	}
	/* It only makes us ask. The owner's address is enough, as it may not sign its NOTIFY. */
	for (unsigned i = 0; i < zone->conf->masters; i++)
		known = known || is_remote(ask, zone->conf->master[i]) ||
			(ask->tsig.key == NULL && is_address_of(ask, zone->conf->master[i]));
	if (!known) {
		refuse(ask, KNOT_RCODE_REFUSED,
		       "NOTIFY with %s, from none of the owner's primaries", key_text(ask));
		return;
	}
	log_zone(LOG_LVL_DEBUG, zone->name, "NOTIFY from %s", ask->source);
	transfer_notified(zone->transfer);
	answer(ask, KNOT_RCODE_NOERROR, NULL);
}

/* TSIG allows a message to be sent again as long as its time is good. One that is older than the
 * last accepted UPDATE could bring back what was taken away since (RFC 8945 5.2.3). */
static bool
is_replay(struct ask *ask)
{
	if (ask->tsig.time >= ask->zone->row.update_time)
		return false;
	ask->tsig.error = KNOT_RCODE_BADTIME;
	refuse(ask, KNOT_RCODE_NOTAUTH,
	       "UPDATE: signed before the last one that was accepted: "
	       "sent again, or by a slow clock");
	return true;
}

/* The very same message once more: a client that missed the answer. */
static bool
is_repetition(const struct ask *ask)
{
	const struct zone *zone = ask->zone;
	bool found = false;

	for (unsigned i = 0; ask->tsig.time == zone->row.update_time && i < zone->macs; i++)
		found = found || memcmp(zone->mac[i], ask->tsig.mac, sizeof(zone->mac[i])) == 0;
	return found;
}

static void
remember(struct ask *ask, uint64_t before)
{
	struct zone *zone = ask->zone;

	if (ask->tsig.time != before)
		zone->macs = 0;
	if (zone->macs < ZONE_MACS)
		memcpy(zone->mac[zone->macs++], ask->tsig.mac, sizeof(zone->mac[0]));
}

static void
on_update(struct ask *ask)
{
	struct update_result result;

	if (update_zone(ask->pkt, &result) == NULL) {
		refuse(ask, result.rcode, "UPDATE: %s", result.why);
		return;
	}
	if (ask->zone == NULL) {
		refuse(ask, KNOT_RCODE_NOTAUTH, "UPDATE for a zone that is not ours");
		return;
	}
	if (!is_update_key(ask)) {
		refuse(ask, KNOT_RCODE_REFUSED, "UPDATE with %s, which is not the update key",
		       key_text(ask));
		return;
	}
	if (is_replay(ask))
		return;
	if (is_repetition(ask)) {
		answer(ask, KNOT_RCODE_NOERROR, NULL);
		return;
	}
	uint64_t before = ask->zone->row.update_time;
	ask->zone->row.update_time = ask->tsig.time; /* stored with what it changes */
	contribute_update(ask->zone, ask->pkt, ask->zone->conf->update_origin, &result);
	if (result.rcode != KNOT_RCODE_NOERROR) {
		ask->zone->row.update_time = before;
		refuse(ask, result.rcode, "UPDATE: %s", result.why);
		return;
	}
	remember(ask, before);
	answer(ask, KNOT_RCODE_NOERROR, NULL);
}

/* Dispatch ------------------------------------------------------------------------------------- */

static const knot_tsig_key_t *
find_key(void *arg, const knot_dname_t *name)
{
	const struct combiner *combiner = arg;
	const struct conf_key *key = conf_key_find(combiner->conf, name);
	return key != NULL ? &key->tsig : NULL;
}

static void
dispatch(struct ask *ask)
{
	uint8_t opcode = knot_wire_get_opcode(ask->pkt->wire);
	int ret = tsig_verify_request(ask->pkt, find_key, ask->dns->combiner, &ask->tsig);

	if (ret == KNOT_EMALF) {
		refuse(ask, KNOT_RCODE_FORMERR, "malformed TSIG");
		return;
	}
	if (ret != 0) {
		refuse(ask, KNOT_RCODE_NOTAUTH, "TSIG: %s", msig_strerror(ret));
		return;
	}
	if (ask->pkt->opt_rr != NULL && knot_edns_get_version(ask->pkt->opt_rr) > 0) {
		answer(ask, KNOT_RCODE_BADVERS, NULL);
		return;
	}
	if (knot_wire_get_qdcount(ask->pkt->wire) != 1) {
		refuse(ask, KNOT_RCODE_FORMERR, "%u questions",
		       knot_wire_get_qdcount(ask->pkt->wire));
		return;
	}
	ask->zone = zone_find(ask->dns->combiner, knot_pkt_qname(ask->pkt));
	switch (opcode) {
	case KNOT_OPCODE_QUERY:
		on_query(ask);
		break;
	case KNOT_OPCODE_NOTIFY:
		on_notify(ask);
		break;
	case KNOT_OPCODE_UPDATE:
		on_update(ask);
		break;
	default:
		answer(ask, KNOT_RCODE_NOTIMPL, NULL);
	}
}

static void
on_request(void *arg, struct dnsio_request *req, const uint8_t *wire, size_t len)
{
	struct ask ask = {.dns = arg, .req = req};

	dnsio_addr_str(dnsio_source(req), ask.source, sizeof(ask.source));
	uint8_t *copy = xmemdup(wire, len); /* parsing takes the TSIG off */
	ask.pkt = knot_pkt_new(copy, (uint16_t)len, NULL);
	if (ask.pkt == NULL)
		fatal("out of memory");
	int ret = knot_pkt_parse(ask.pkt, 0);
	if (ret != 0) {
		if (may_log(ask.dns))
			log_info("%s: malformed message: %s (FORMERR)", ask.source,
				 msig_strerror(ret));
		format_error(req, wire);
	} else {
		dispatch(&ask);
	}
	knot_pkt_free(ask.pkt);
	free(copy);
}

static bool
same_addr(const struct dnsio_addr *a, const struct dnsio_addr *b)
{
	return a->len == b->len && memcmp(&a->ss, &b->ss, a->len) == 0;
}

/* Takes over the listener of that address, or opens one. */
static bool
listen_on(struct dns *dns, const struct dnsio_addr *addr, struct listener *old, size_t olds,
	  struct listener *new)
{
	struct dnsio_limits limits = {.connections = dns->combiner->conf->max_connections};
	char text[DNSIO_ADDR_TEXT];
	int err = 0;

	new->addr = *addr;
	for (size_t i = 0; i < olds; i++) {
		if (old[i].server == NULL || !same_addr(&old[i].addr, addr))
			continue;
		new->server = old[i].server;
		old[i].server = NULL;
		return true;
	}
	new->server = dnsio_listen(dns->combiner->loop, addr, &limits, on_request, dns, &err);
	if (new->server == NULL)
		log_error("cannot listen on %s: %s", dnsio_addr_str(addr, text, sizeof(text)),
			  msig_strerror(err));
	return new->server != NULL;
}

static bool
listen_all(struct dns *dns)
{
	const struct conf *conf = dns->combiner->conf;
	struct listener *old = dns->at;
	size_t olds = dns->count;
	bool all = true;

	dns->at = xcalloc(conf->combiner_listens + 1, sizeof(*dns->at));
	dns->count = 0;
	for (unsigned i = 0; i < conf->combiner_listens; i++) {
		if (listen_on(dns, &conf->combiner_listen[i], old, olds, &dns->at[dns->count]))
			dns->count++;
		else
			all = false;
	}
	for (size_t i = 0; i < olds; i++)
		if (old[i].server != NULL)
			dnsio_server_free(old[i].server);
	free(old);
	return all;
}

struct dns *
dns_new(struct combiner *combiner)
{
	struct dns *dns = xcalloc(1, sizeof(*dns));

	dns->combiner = combiner;
	if (listen_all(dns))
		return dns;
	dns_free(dns);
	return NULL;
}

void
dns_reload(struct dns *dns)
{
	listen_all(dns);
}

void
dns_free(struct dns *dns)
{
	if (dns == NULL)
		return;
	for (size_t i = 0; i < dns->count; i++)
		dnsio_server_free(dns->at[i].server);
	free(dns->at);
	free(dns);
}
