#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "combinerd/serial.h"
#include "combinerd/transfer.h"
#include "combinerd/xfr_in.h"
#include "combinerd/zone.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/tsig.h"
#include "libmsig/err.h"

#define IDLE_MS 60000              /* without a message */
#define TOTAL_MS (120 * 60 * 1000) /* one transfer */
#define MAX_RECORDS 20000000
#define MAX_BYTES (1ULL << 30)
#define FIRST_RETRY_S 1 /* without any zone yet; doubles */
#define LAST_RETRY_S 60
#define WASTED_MAX 6 /* doublings of the retry time after transfers of no use */
#define RETRY_MAX_S 3600
#define ROUNDS_PER_S 5 /* that NOTIFY can cause */

enum step { STEP_IDLE, STEP_SOA, STEP_XFR };

struct transfer {
	struct zone *zone;
	struct loop_timer *timer;
	struct dnsio_client *client;
	enum step step;
	bool force, again, again_force;
	bool full_only;   /* this primary: no IXFR any more */
	unsigned primary; /* index of the one asked now */
	unsigned address;
	int pinned;        /* primary that the present version came from, -1: none */
	unsigned failures; /* rounds in a row */
	/* transfers in a row that brought records of one version and were of no use */
	unsigned wasted;
	uint32_t wasted_serial;
	unsigned wasted_primary;
	uint64_t wasted_until; /* monotonic: before that the same is not fetched again */
	uint64_t second;       /* monotonic: when the rounds began to be counted */
	unsigned rounds;
	uint64_t started; /* monotonic */
	uint64_t next;    /* UTC ms */
	/* of the query that runs */
	knot_tsig_key_t key;
	struct tsig_ctx tsig;
	bool has_key;
	uint16_t id;
	struct xfr_in xfr;
	struct change *change;
	/* for status */
	char where[80], error[200];
	uint64_t in, failed;
};

static void attempt(struct transfer *t);

static const struct conf_remote *
primary(const struct transfer *t)
{
	return t->zone->conf->master[t->primary];
}

/* Ends what runs; the client is not touched: it ends by itself or by the caller. */
static void
step_end(struct transfer *t)
{
	tsig_clear(&t->tsig);
	if (t->has_key)
		knot_tsig_key_deinit(&t->key);
	t->has_key = false;
	store_rollback(t->change);
	t->change = NULL;
	xfr_in_clear(&t->xfr);
	memset(&t->xfr, 0, sizeof(t->xfr));
	t->step = STEP_IDLE;
	t->client = NULL;
}

/* When to ask again ---------------------------------------------------------------------------- */

static uint32_t
soa_field(const struct transfer *t, unsigned from_end)
{
	const knot_rdataset_t *soa = version_apex(t->zone->owner, KNOT_RRTYPE_SOA, NULL);
	return knot_wire_read_u32(soa->rdata->data + soa->rdata->len - from_end);
}

static uint32_t
at_least(uint32_t value, uint32_t floor)
{
	if (floor == 0)
		floor = 1;
	return value > floor ? value : floor;
}

/* Seconds until the next question. */
static uint32_t
interval(struct transfer *t, bool failed)
{
	const struct conf *conf = t->zone->combiner->conf;

	if (t->zone->owner == NULL) {
		unsigned n = t->failures < 7 ? t->failures : 7;
		uint32_t wait = FIRST_RETRY_S << (n > 0 ? n - 1 : 0);
		return wait < LAST_RETRY_S ? wait : LAST_RETRY_S;
	}
	uint32_t expire = soa_field(t, 8);
	uint64_t age = loop_utc_ms() / 1000 - t->zone->row.checked;
	if (failed && age > expire)
		zone_expire(t->zone, true);
	return failed ? at_least(soa_field(t, 12), conf->min_retry)
		      : at_least(soa_field(t, 16), conf->min_refresh);
}

static void
schedule(struct transfer *t, bool failed)
{
	uint64_t wait = (uint64_t)interval(t, failed) * 1000;

	if (t->again) {
		t->force = t->again_force;
		t->again = t->again_force = false;
		wait = failed ? 1000 : 0;
	} else {
		t->force = false;
	}
	t->next = loop_utc_ms() + wait;
	loop_timer_set(t->timer, wait);
}

/* The round is over: somebody answered. */
static void
round_done(struct transfer *t)
{
	step_end(t);
	t->failures = t->wasted = 0;
	t->error[0] = '\0';
	schedule(t, false);
}

/* The next address, the next primary, or later. */
static void
attempt_next(struct transfer *t)
{
	t->full_only = false;
	if (++t->address >= primary(t)->addresses) {
		t->address = 0;
		t->primary++;
	}
	if (t->primary < t->zone->conf->masters) {
		attempt(t);
		return;
	}
	t->failures++;
	schedule(t, true);
}

/* A whole transfer for nothing: the same one is not asked for again at once, and ever less often.
 */
static void
count_wasted(struct transfer *t)
{
	bool again =
	    t->wasted > 0 && t->wasted_serial == t->xfr.serial && t->wasted_primary == t->primary;
	uint64_t wait = t->zone->owner != NULL ? soa_field(t, 12) : FIRST_RETRY_S;

	t->wasted = !again ? 1 : t->wasted < WASTED_MAX ? t->wasted + 1 : t->wasted;
	t->wasted_serial = t->xfr.serial;
	t->wasted_primary = t->primary;
	wait = (wait > 0 ? wait : 1) << t->wasted;
	t->wasted_until = loop_mono_ms() + (wait < RETRY_MAX_S ? wait : RETRY_MAX_S) * 1000;
}

/* This attempt failed: AXFR where IXFR did, or somebody else. */
static void __attribute__((format(printf, 2, 3)))
attempt_failed(struct transfer *t, const char *fmt, ...)
{
	va_list args;
	char text[160];

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(t->error, sizeof(t->error), "%.79s: %.110s", t->where, text);
	t->failed++;
	bool again = t->xfr.try_axfr && !t->full_only;
	if (t->xfr.records > 0 && !again)
		count_wasted(t);
	step_end(t);
	log_zone(LOG_LVL_WARN, t->zone->name, "transfer from %s%s", t->error,
		 again ? "; AXFR instead" : "");
	if (again) {
		t->full_only = true;
		attempt(t);
	} else {
		attempt_next(t);
	}
}

/* Questions ------------------------------------------------------------------------------------ */

/* Signs the packet into wire; a new TSIG context for each question. */
static int
sign(struct transfer *t, knot_pkt_t *pkt, uint8_t *wire, size_t *len, size_t max)
{
	*len = pkt->size;
	memmove(wire, pkt->wire, *len);
	tsig_clear(&t->tsig);
	if (!t->has_key)
		return 0;
	return tsig_sign_request(&t->tsig, &t->key, wire, len, max);
}

static int
question(struct transfer *t, uint16_t qtype, uint8_t *wire, size_t *len, size_t max)
{
	knot_pkt_t *pkt = knot_pkt_new(NULL, 1024, NULL);
	int ret = KNOT_ENOMEM;

	if (pkt == NULL)
		return ret;
	if (getrandom(&t->id, sizeof(t->id), 0) != sizeof(t->id))
		goto out;
	knot_wire_set_id(pkt->wire, t->id);
	ret = knot_pkt_put_question(pkt, t->zone->name, KNOT_CLASS_IN, qtype);
	if (ret == 0 && qtype == KNOT_RRTYPE_IXFR) {
		knot_rrset_t rrset;
		uint32_t ttl;
		const knot_rdataset_t *soa = version_apex(t->zone->owner, KNOT_RRTYPE_SOA, &ttl);
		knot_rrset_init(&rrset, t->zone->name, KNOT_RRTYPE_SOA, KNOT_CLASS_IN, ttl);
		rrset.rrs = *soa;
		knot_pkt_begin(pkt, KNOT_AUTHORITY);
		ret = knot_pkt_put(pkt, KNOT_COMPR_HINT_QNAME, &rrset, 0);
	}
	if (ret == 0)
		ret = sign(t, pkt, wire, len, max);
out:
	knot_pkt_free(pkt);
	return ret;
}

/* Records of the transfer go into a change; nobody sees it before it is complete. */
static int
take_record(void *arg, enum xfr_op op, const struct rr *rr)
{
	struct transfer *t = arg;

	switch (op) {
	case XFR_FULL:
	case XFR_DELTA:
		store_rollback(t->change);
		t->change = store_begin(op == XFR_DELTA ? t->zone->owner : NULL, t->zone->name);
		return 0;
	case XFR_REMOVE:
		return change_remove(t->change, rr);
	case XFR_SOA:
		change_drop(t->change, rr->owner, KNOT_RRTYPE_SOA);
		return change_add(t->change, rr);
	default:
		if (change_bytes(t->change) > MAX_BYTES)
			return MSIG_ESIZE;
		return change_add(t->change, rr);
	}
}

static uint16_t
begin_transfer(struct transfer *t)
{
	bool ixfr = t->zone->owner != NULL && !t->force && !t->full_only &&
		    (t->pinned < 0 || t->pinned == (int)t->primary);
	uint16_t qtype = ixfr ? KNOT_RRTYPE_IXFR : KNOT_RRTYPE_AXFR;

	t->step = STEP_XFR;
	return qtype;
}

static void
begin_grammar(struct transfer *t, uint16_t qtype)
{
	uint32_t ours = qtype == KNOT_RRTYPE_IXFR ? version_serial(t->zone->owner) : 0;

	xfr_in_init(&t->xfr, t->zone->name, qtype, t->id, ours, take_record, t);
	t->xfr.max_records = MAX_RECORDS;
	t->xfr.max_bytes = MAX_BYTES;
}

/* Answers -------------------------------------------------------------------------------------- */

/* The answer to the SOA question: true with the serial, or false after attempt_failed. */
static bool
soa_answer(struct transfer *t, const knot_pkt_t *pkt, uint32_t *serial)
{
	const knot_pktsection_t *answer = knot_pkt_section(pkt, KNOT_ANSWER);
	uint16_t rcode = knot_wire_get_rcode(pkt->wire);

	if (rcode != KNOT_RCODE_NOERROR) {
		const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, rcode);
		attempt_failed(t, "the server answers %s to the SOA question",
			       name != NULL ? name->name : "with an error");
		return false;
	}
	for (uint16_t i = 0; i < answer->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(answer, i);
		if (rr->type != KNOT_RRTYPE_SOA || rr->rrs.count != 1 ||
		    !knot_dname_is_case_equal(rr->owner, t->zone->name) ||
		    !rr_soa_valid(rr->rrs.rdata))
			continue;
		*serial = rr_soa_serial(rr->rrs.rdata);
		return true;
	}
	attempt_failed(t, "no SOA record in the answer");
	return false;
}

static bool
on_soa(struct transfer *t, const knot_pkt_t *pkt)
{
	uint8_t wire[2048];
	uint32_t serial, ours = version_serial(t->zone->owner);
	size_t len;

	if (!soa_answer(t, pkt, &serial))
		return false;
	if (serial == ours) {
		log_zone(LOG_LVL_DEBUG, t->zone->name, "the owner still has serial %u", serial);
		zone_heard(t->zone);
		round_done(t);
		return false;
	}
	if (!serial_gt(serial, ours)) {
		attempt_failed(t,
			       "serial %u is behind ours, %u; not taken, as a secondary would "
			       "not. If it is right: msigctl retransfer",
			       serial, ours);
		return false;
	}
	if (t->wasted > 0 && serial == t->wasted_serial && t->primary == t->wasted_primary &&
	    loop_mono_ms() < t->wasted_until) {
		log_zone(LOG_LVL_DEBUG, t->zone->name,
			 "serial %u of %s was of no use: not fetched "
			 "again yet",
			 serial, t->where);
		step_end(t);
		attempt_next(t);
		return false;
	}
	struct dnsio_client *client = t->client;
	uint16_t qtype = begin_transfer(t);
	int ret = question(t, qtype, wire, &len, sizeof(wire));
	begin_grammar(t, qtype);
	if (ret == 0)
		ret = dnsio_query_again(client, wire, len);
	if (ret != 0) {
		attempt_failed(t, "%s", msig_strerror(ret));
		return false;
	}
	return true;
}

/* Complete: is it all signed, and will the zone have it? */
static void
complete(struct transfer *t)
{
	char why[200] = "";
	int ret = t->has_key ? tsig_verify_end(&t->tsig) : 0;

	if (ret != 0) {
		attempt_failed(t, "the end is not signed: %s", msig_strerror(ret));
		return;
	}
	struct version *version = store_commit(t->change);
	t->change = NULL;
	const char *kind = t->xfr.qtype == KNOT_RRTYPE_AXFR ? "AXFR"
			   : t->xfr.delta                   ? "IXFR"
							    : "IXFR as a whole zone";
	log_zone(LOG_LVL_INFO, t->zone->name,
		 "%s from %s: serial %u, %zu records in %zu messages, %llu ms", kind, t->where,
		 version_serial(version), t->xfr.records, t->xfr.messages,
		 (unsigned long long)(loop_mono_ms() - t->started));
	ret = zone_take(t->zone, version, t->force, why, sizeof(why));
	version_unpin(version);
	if (ret != 0) {
		t->xfr.try_axfr = false;
		attempt_failed(t, "not taken: %s", why);
		return;
	}
	t->in++;
	t->pinned = (int)t->primary;
	zone_expire(t->zone, false);
	round_done(t);
}

static bool
on_transfer(struct transfer *t, const knot_pkt_t *pkt)
{
	switch (xfr_in_message(&t->xfr, pkt)) {
	case XFR_MORE:
		if (loop_mono_ms() - t->started < TOTAL_MS)
			return true;
		attempt_failed(t, "it takes too long");
		return false;
	case XFR_DONE:
		complete(t);
		return false;
	case XFR_CURRENT:
		if (t->has_key && tsig_verify_end(&t->tsig) != 0) {
			attempt_failed(t, "the end is not signed");
			return false;
		}
		zone_heard(t->zone);
		round_done(t);
		return false;
	default:
		attempt_failed(t, "%s", t->xfr.why);
		return false;
	}
}

/* The connection ended. A single SOA may be all there was to say. */
static void
on_end(struct transfer *t, int result)
{
	bool current = t->step == STEP_XFR && result == KNOT_ECONNRESET && t->xfr.messages > 0 &&
		       xfr_in_end(&t->xfr) == XFR_CURRENT;

	if (current) {
		zone_heard(t->zone);
		round_done(t);
	} else if (t->xfr.messages > 0) {
		attempt_failed(t, "interrupted after %zu records: %s", t->xfr.records,
			       msig_strerror(result));
	} else {
		attempt_failed(t, "%s", msig_strerror(result));
	}
}

static bool
on_message(void *arg, int result, const uint8_t *wire, size_t len)
{
	struct transfer *t = arg;
	bool more = false;

	if (result != 0) {
		on_end(t, result);
		return false;
	}
	uint8_t *copy = xmemdup(wire, len);
	knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)len, NULL);
	if (pkt == NULL)
		fatal("out of memory");
	int ret = knot_pkt_parse(pkt, KNOT_PF_NOCANON);
	if (ret != 0)
		attempt_failed(t, "malformed message: %s", msig_strerror(ret));
	else if (t->has_key && (ret = tsig_verify_reply(&t->tsig, pkt)) != 0)
		attempt_failed(t, "TSIG: %s", msig_strerror(ret));
	else if (t->step == STEP_SOA)
		more = on_soa(t, pkt);
	else
		more = on_transfer(t, pkt);
	knot_pkt_free(pkt);
	free(copy);
	return more;
}

/* Starting ------------------------------------------------------------------------------------- */

static void
attempt(struct transfer *t)
{
	uint8_t wire[2048];
	size_t len;
	const struct conf_remote *remote = primary(t);
	const struct dnsio_addr *server = &remote->address[t->address];
	uint16_t qtype = KNOT_RRTYPE_SOA;
	int ret = 0;

	dnsio_addr_str(server, t->where, sizeof(t->where));
	t->started = loop_mono_ms();
	if (remote->key != NULL) {
		ret = knot_tsig_key_copy(&t->key, &remote->key->tsig);
		t->has_key = ret == 0;
	}
	t->step = STEP_SOA;
	if (t->zone->owner == NULL || t->force || t->full_only)
		qtype = begin_transfer(t);
	if (ret == 0)
		ret = question(t, qtype, wire, &len, sizeof(wire));
	if (t->step == STEP_XFR)
		begin_grammar(t, qtype);
	if (ret != 0) {
		attempt_failed(t, "%s", msig_strerror(ret));
		return;
	}
	t->client = dnsio_query_tcp(t->zone->combiner->loop, server,
				    remote->via.len > 0 ? &remote->via : NULL, wire, len, IDLE_MS,
				    on_message, t);
}

static void
begin_round(void *arg)
{
	struct transfer *t = arg;

	if (t->client != NULL || t->zone->conf->masters == 0)
		return;
	t->full_only = false;
	t->address = 0;
	t->primary = 0;
	t->next = 0;
	attempt(t);
}

struct transfer *
transfer_new(struct zone *zone)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->zone = zone;
	t->pinned = -1;
	t->timer = loop_timer_new(zone->combiner->loop, begin_round, t);
	return t;
}

void
transfer_free(struct transfer *t)
{
	if (t == NULL)
		return;
	if (t->client != NULL)
		dnsio_client_free(t->client);
	step_end(t);
	loop_timer_free(t->timer);
	free(t);
}

static void
start(struct transfer *t, bool force, uint64_t wait)
{
	if (t->client != NULL) {
		t->again = true;
		t->again_force = t->again_force || force;
		return;
	}
	t->force = t->force || force;
	t->next = 0;
	loop_timer_set(t->timer, wait);
}

void
transfer_start(struct transfer *t, bool force)
{
	t->wasted = 0;
	start(t, force, 0);
}

void
transfer_notified(struct transfer *t)
{
	uint64_t now = loop_mono_ms();

	if (now - t->second >= 1000) {
		t->second = now;
		t->rounds = 0;
	}
	start(t, false, ++t->rounds > ROUNDS_PER_S ? 1000 : 0);
}

void
transfer_status(const struct transfer *t, struct transfer_status *status)
{
	memset(status, 0, sizeof(*status));
	status->running = t->client != NULL;
	snprintf(status->primary, sizeof(status->primary), "%s", t->where);
	snprintf(status->error, sizeof(status->error), "%s", t->error);
	status->next = t->next;
	status->in = t->in;
	status->failed = t->failed;
}
