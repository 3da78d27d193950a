#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "combinerd/notify.h"
#include "combinerd/zone.h"
#include "libmsig/daemon/dnsio.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/tsig.h"
#include "libmsig/err.h"

#define TIMEOUT_MS 5000
#define SLOW_FACTOR 5 /* after the tries of RFC 1996: five times as long between two */

struct notify {
	struct zone *zone;
	struct loop_timer *timer;
	struct dnsio_client *client;
	knot_tsig_key_t key; /* a copy: the configuration may change meanwhile */
	struct tsig_ctx tsig;
	struct dnsio_addr server;
	unsigned address; /* of the signer's, asked now */
	bool pending, answered, has_seen;
	unsigned tries;
	uint32_t seen;
	uint64_t seen_time;
};

static void send_next(struct notify *notify);

static void
schedule(struct notify *notify)
{
	const struct conf *conf = notify->zone->combiner->conf;
	uint64_t wait = conf->notify_retry;

	if (notify->tries >= conf->notify_tries) {
		if (notify->tries == conf->notify_tries)
			log_zone(
			    LOG_LVL_WARN, notify->zone->name,
			    "the signer has not answered %u NOTIFY of serial %u; told on, every "
			    "%u s",
			    notify->tries, notify->zone->row.serial,
			    (unsigned)(wait * SLOW_FACTOR / 1000));
		wait *= SLOW_FACTOR;
	}
	loop_timer_set(notify->timer, wait);
}

static void
client_end(struct notify *notify)
{
	tsig_clear(&notify->tsig);
	knot_tsig_key_deinit(&notify->key);
	notify->client = NULL;
}

static bool
on_answer(void *arg, int result, const uint8_t *wire, size_t len)
{
	struct notify *notify = arg;
	const struct conf_remote *signer = notify->zone->conf->signer;
	char where[DNSIO_ADDR_TEXT];

	if (result == 0) {
		uint8_t *copy = xmemdup(wire, len);
		knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)len, NULL);
		if (pkt == NULL || (result = knot_pkt_parse(pkt, 0)) != 0)
			result = KNOT_EMALF;
		else if (notify->tsig.key != NULL)
			result = tsig_verify_reply(&notify->tsig, pkt);
		if (result == 0 && knot_wire_get_rcode(pkt->wire) != KNOT_RCODE_NOERROR)
			result = MSIG_EREFUSED;
		knot_pkt_free(pkt);
		free(copy);
	}
	log_zone(result == 0 ? LOG_LVL_DEBUG : LOG_LVL_INFO, notify->zone->name,
		 "NOTIFY of serial %u to %s: %s", notify->zone->row.serial,
		 dnsio_addr_str(&notify->server, where, sizeof(where)),
		 result == 0 ? "answered" : msig_strerror(result));
	client_end(notify);
	notify->answered = notify->answered || result == 0;
	if (notify->pending && signer != NULL && ++notify->address < signer->addresses)
		send_next(notify);
	return false;
}

/* The message: the SOA in the answer section is a hint (RFC 1996 3.7). */
static knot_pkt_t *
message(struct notify *notify, uint8_t *wire)
{
	struct zone *zone = notify->zone;
	uint32_t ttl;
	const knot_rdataset_t *soa = version_apex(zone->served, KNOT_RRTYPE_SOA, &ttl);
	knot_pkt_t *pkt = knot_pkt_new(wire, DNSIO_MAX_MSG, NULL);
	uint16_t id;

	if (pkt == NULL || soa == NULL || getrandom(&id, sizeof(id), 0) != sizeof(id)) {
		knot_pkt_free(pkt);
		return NULL;
	}
	knot_pkt_clear(pkt);
	knot_wire_set_id(pkt->wire, id);
	knot_wire_set_opcode(pkt->wire, KNOT_OPCODE_NOTIFY);
	knot_wire_set_aa(pkt->wire);
	knot_rrset_t rrset;
	knot_rrset_init(&rrset, zone->name, KNOT_RRTYPE_SOA, KNOT_CLASS_IN, ttl);
	rrset.rrs = *soa;
	if (knot_pkt_put_question(pkt, zone->name, KNOT_CLASS_IN, KNOT_RRTYPE_SOA) != 0 ||
	    knot_pkt_begin(pkt, KNOT_ANSWER) != 0 ||
	    knot_pkt_put(pkt, KNOT_COMPR_HINT_QNAME, &rrset, 0) != 0) {
		knot_pkt_free(pkt);
		return NULL;
	}
	return pkt;
}

/* To the next address of the signer: over UDP, every second time over TCP. */
static void
send_next(struct notify *notify)
{
	static uint8_t wire[DNSIO_MAX_MSG];
	struct zone *zone = notify->zone;
	const struct conf_remote *signer = zone->conf->signer;
	knot_pkt_t *pkt = message(notify, wire);
	size_t len = pkt != NULL ? pkt->size : 0;
	int ret = pkt != NULL ? 0 : KNOT_ENOMEM;

	knot_pkt_free(pkt);
	memset(&notify->tsig, 0, sizeof(notify->tsig));
	if (ret == 0 && signer->key != NULL) {
		ret = knot_tsig_key_copy(&notify->key, &signer->key->tsig);
		if (ret == 0)
			ret = tsig_sign_request(&notify->tsig, &notify->key, wire, &len,
						sizeof(wire));
	}
	if (ret != 0) {
		log_zone(LOG_LVL_WARN, zone->name, "NOTIFY cannot be made: %s", msig_strerror(ret));
		client_end(notify);
		return;
	}
	notify->server = signer->address[notify->address];
	const struct dnsio_addr *via = signer->via.len > 0 ? &signer->via : NULL;
	notify->client = (notify->tries % 2 == 1 ? dnsio_query_udp : dnsio_query_tcp)(
	    zone->combiner->loop, &notify->server, via, wire, len, TIMEOUT_MS, on_answer, notify);
}

static void
on_timer(void *arg)
{
	struct notify *notify = arg;
	struct zone *zone = notify->zone;
	const struct conf_remote *signer = zone->conf->signer;

	if (!notify->pending || zone_serving(zone) == NULL || signer == NULL ||
	    signer->addresses == 0)
		return;
	if (notify->client != NULL) {
		dnsio_client_free(notify->client);
		client_end(notify);
	}
	if (notify->answered && notify->tries >= zone->combiner->conf->notify_tries) {
		/* A signer that has this version already answers, and need not ask. */
		log_zone(LOG_LVL_DEBUG, zone->name,
			 "the signer answered NOTIFY of serial %u and did "
			 "not come: it has it, or will ask by itself",
			 zone->row.serial);
		notify->pending = false;
		return;
	}
	notify->tries++;
	notify->address = 0;
	send_next(notify);
	schedule(notify);
}

struct notify *
notify_new(struct zone *zone)
{
	struct notify *notify = xcalloc(1, sizeof(*notify));

	notify->zone = zone;
	notify->timer = loop_timer_new(zone->combiner->loop, on_timer, notify);
	return notify;
}

void
notify_free(struct notify *notify)
{
	if (notify == NULL)
		return;
	if (notify->client != NULL) {
		dnsio_client_free(notify->client);
		client_end(notify);
	}
	loop_timer_free(notify->timer);
	free(notify);
}

void
notify_changed(struct notify *notify)
{
	notify->pending = true;
	notify->answered = false;
	notify->tries = 0;
	loop_timer_set(notify->timer, notify->zone->combiner->conf->coalesce);
}

void
notify_seen(struct notify *notify, uint32_t serial)
{
	notify->has_seen = true;
	notify->seen = serial;
	notify->seen_time = loop_utc_ms();
	if (serial != notify->zone->row.serial)
		return;
	notify->pending = false;
	loop_timer_cancel(notify->timer);
}

void
notify_status(const struct notify *notify, struct notify_status *status)
{
	*status = (struct notify_status){
	    .pending = notify->pending,
	    .tries = notify->tries,
	    .signer_serial = notify->seen,
	    .seen = notify->has_seen,
	    .seen_time = notify->seen_time,
	};
}
