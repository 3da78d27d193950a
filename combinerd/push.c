#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "combinerd/patch.h"
#include "combinerd/push.h"
#include "combinerd/xfr_in.h"
#include "combinerd/zone.h"
#include "libmsig/daemon/dnsio.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/tsig.h"
#include "libmsig/err.h"

#define TIMEOUT_MS 60000  /* a signer may sign a lot before it answers */
#define ROUNDS 3          /* of sending and reading back, then it is a failure */
#define TURNED_DOWN_MAX 8 /* messages, then no more are tried */
#define RETRY_MS 1000     /* after the first failure; twice as long after each one */
#define RETRY_MAX_MS 300000
#define MAX_RECORDS 50000000
#define MAX_BYTES (4ULL << 30)

enum step {
	STEP_IDLE,
	STEP_ZONE, /* reading the signer's whole zone */
	STEP_APEX, /* asking for its apex, type by type */
	STEP_SEND,
};

/* What is asked of the apex. */
static const uint16_t apex_types[] = {KNOT_RRTYPE_SOA,
#define X(id, type) type,
				      MSIG_APEX_TYPES(X)
#undef X
};
#define APEX_TYPES (sizeof(apex_types) / sizeof(apex_types[0]))

struct push {
	struct zone *zone;
	struct loop_timer *timer;
	struct dnsio_client *client;
	enum step step;
	bool on, loaded;
	bool again; /* something new came while it ran */
	struct pushed pushed;
	struct version *at;     /* the signer is known to hold this one; NULL: in doubt */
	struct version *target; /* what it shall hold when this run is over */
	struct version *zone_read, *apex_read;
	struct change *change; /* what is being read */
	uint16_t signer[PATCH_SIGNERS];
	size_t signers;
	struct patch patch;
	size_t sent;        /* messages of the patch that were answered */
	size_t turned_down; /* of those, by an error */
	uint16_t rcode;     /* the first one */
	size_t asked;       /* types of the apex that were answered */
	unsigned rounds, failures;
	unsigned address;
	size_t added, removed, messages; /* of this run */
	uint64_t started;                /* monotonic */
	bool full;                       /* this run compares the whole zone */
	/* of the query that runs */
	knot_tsig_key_t key;
	bool has_key;
	struct tsig_ctx tsig;
	uint16_t id;
	struct xfr_in xfr;
	bool definite; /* it failed with an answer: nothing of the message was applied */
	/* for status */
	char where[80], trouble[400];
	char stubborn[400]; /* what the signer does not take, with all the rest there; or empty */
	uint64_t compared;  /* monotonic: when that was found */
	uint32_t serial;
	uint64_t time, next;
	uint64_t pushes, failed, repaired;
};

/* The message that is being made; whoever sends it copies it. */
static uint8_t wire[DNSIO_MAX_MSG];
static size_t wire_len;

static void begin(void *arg);

/* Ends ----------------------------------------------------------------------------------------- */

static void
versions_clear_read(struct push *p)
{
	if (p->apex_read != p->zone_read)
		version_unpin(p->apex_read);
	version_unpin(p->zone_read);
	p->apex_read = p->zone_read = NULL;
}

/* The run is over; the client ends by itself or by the caller. */
static void
run_end(struct push *p)
{
	tsig_clear(&p->tsig);
	if (p->has_key)
		knot_tsig_key_deinit(&p->key);
	p->has_key = false;
	xfr_in_clear(&p->xfr);
	memset(&p->xfr, 0, sizeof(p->xfr));
	store_rollback(p->change);
	p->change = NULL;
	versions_clear_read(p);
	patch_clear(&p->patch);
	version_unpin(p->target);
	p->target = NULL;
	p->step = STEP_IDLE;
	p->client = NULL;
}

static void
wait_for(struct push *p, uint64_t ms)
{
	p->next = loop_utc_ms() + ms;
	loop_timer_set(p->timer, ms);
}

static void
doubt(struct push *p)
{
	version_unpin(p->at);
	p->at = NULL;
}

/* In a lab all times are short. */
static uint64_t
retry_max(const struct push *p)
{
	uint64_t ms = (uint64_t)p->zone->combiner->conf->notify_retry * 5;
	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

static uint64_t
retry_ms(const struct push *p)
{
	uint64_t base = p->zone->combiner->conf->notify_retry;
	unsigned n = p->failures < 9 ? p->failures : 9;

	base = (base < RETRY_MS ? base : RETRY_MS) << (n > 0 ? n - 1 : 0);
	return base < RETRY_MAX_MS ? base : RETRY_MAX_MS;
}

/* It failed: what and where, and what a person can do; tried again later, ever less often. */
static void __attribute__((format(printf, 3, 4)))
fail(struct push *p, const char *hint, const char *fmt, ...)
{
	const struct conf_remote *signer = p->zone->conf->signer;
	char text[200], old[sizeof(p->trouble)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	memcpy(old, p->trouble, sizeof(old));
	snprintf(p->trouble, sizeof(p->trouble), "%s%s%s", text, hint[0] != '\0' ? ": " : "", hint);
	p->failures++;
	p->failed++;
	p->address = signer != NULL && p->address + 1 < signer->addresses ? p->address + 1 : 0;
	/* What was applied of a push that broke off is not known. */
	if (p->step == STEP_SEND && (p->sent > 0 || !p->definite))
		doubt(p);
	p->definite = false;
	run_end(p);
	p->again = false;
	uint64_t wait = retry_ms(p);
	bool fresh = strcmp(old, p->trouble) != 0;
	log_zone(fresh ? LOG_LVL_WARN : LOG_LVL_DEBUG, p->zone->name,
		 "push to the signer at %s: %s; again in %llu ms", p->where, p->trouble,
		 (unsigned long long)wait);
	wait_for(p, wait);
}

/* The run is over, and the signer has what it takes. */
static void
settle(struct push *p)
{
	struct pushed left;

	pushed_copy(&left, &p->pushed);
	patch_forget(&left, p->apex_read, p->target);
	if (!pushed_eq(&left, &p->pushed) &&
	    journal_pushed(p->zone->combiner->journal, p->zone->name, &left) == 0) {
		pushed_clear(&p->pushed);
		p->pushed = left;
	} else {
		pushed_clear(&left);
	}
	doubt(p);
	p->at = version_pin(p->target);
	p->failures = 0;
	p->trouble[0] = '\0';
	p->time = loop_utc_ms();
	run_end(p);
	bool more = p->again || p->at != zone_serving(p->zone);
	p->again = false;
	/* somebody else may change the signer's zone: its apex is looked at from time to time */
	wait_for(p, more                     ? 0
		    : p->stubborn[0] != '\0' ? retry_max(p)
					     : p->zone->combiner->conf->notify_retry);
}

static void
succeed(struct push *p)
{
	if (p->messages > 0) {
		p->pushes++;
		log_zone(LOG_LVL_INFO, p->zone->name,
			 "pushed serial %u to the signer at %s: %zu out, %zu in, %zu messages, "
			 "%llu ms; its serial is %u",
			 version_serial(p->target), p->where, p->removed, p->added, p->messages,
			 (unsigned long long)(loop_mono_ms() - p->started), p->serial);
	} else if (p->full || p->trouble[0] != '\0') {
		log_zone(LOG_LVL_INFO, p->zone->name,
			 "the signer at %s has what is served as %u; its serial is %u", p->where,
			 version_serial(p->target), p->serial);
	}
	if (p->full)
		p->stubborn[0] = '\0';
	settle(p);
}

/* Messages ------------------------------------------------------------------------------------- */

static int
sign(struct push *p)
{
	tsig_clear(&p->tsig);
	memset(&p->tsig, 0, sizeof(p->tsig));
	if (getrandom(&p->id, sizeof(p->id), 0) != sizeof(p->id))
		return KNOT_ERROR;
	knot_wire_set_id(wire, p->id);
	return p->has_key ? tsig_sign_request(&p->tsig, &p->key, wire, &wire_len, sizeof(wire)) : 0;
}

/* With signatures: they tell the signer's own keys. */
static int
put_opt(knot_pkt_t *pkt)
{
	knot_rrset_t opt;
	int ret = knot_edns_init(&opt, 1232, 0, KNOT_EDNS_VERSION, NULL);

	if (ret == 0)
		knot_edns_set_do(&opt);
	if (ret == 0 && (ret = knot_pkt_begin(pkt, KNOT_ADDITIONAL)) == 0)
		ret = knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &opt, 0);
	knot_rrset_clear(&opt, NULL);
	return ret;
}

static int
question(struct push *p, uint16_t qtype)
{
	knot_pkt_t *pkt = knot_pkt_new(NULL, 1024, NULL);

	if (pkt == NULL)
		return KNOT_ENOMEM;
	int ret = knot_pkt_put_question(pkt, p->zone->name, KNOT_CLASS_IN, qtype);
	if (ret == 0 && qtype != KNOT_RRTYPE_AXFR)
		ret = put_opt(pkt);
	wire_len = pkt->size;
	memcpy(wire, pkt->wire, pkt->size);
	knot_pkt_free(pkt);
	return ret == 0 ? sign(p) : ret;
}

static int
update(struct push *p)
{
	const struct rr_buf *message = &p->patch.message[p->sent];

	if (message->len > sizeof(wire))
		return MSIG_ESIZE;
	memcpy(wire, message->data, message->len);
	wire_len = message->len;
	return sign(p);
}

/* A record of the signer's zone: what counts is kept, and which keys sign at the apex. */
static int
take_record(void *arg, enum xfr_op op, const struct rr *rr)
{
	struct push *p = arg;

	if (op == XFR_FULL) {
		store_rollback(p->change);
		p->change = store_begin(NULL, p->zone->name);
		p->signers = 0;
		return 0;
	}
	if (op != XFR_ADD && op != XFR_SOA)
		return KNOT_EMALF;
	if (rr->type == KNOT_RRTYPE_RRSIG && rr->rdata->len > 18 && p->signers < PATCH_SIGNERS &&
	    knot_dname_is_equal(rr->owner, p->zone->name)) {
		uint16_t covers = knot_wire_read_u16(rr->rdata->data);
		if (covers == KNOT_RRTYPE_DNSKEY || covers == KNOT_RRTYPE_SOA)
			p->signer[p->signers++] = knot_wire_read_u16(rr->rdata->data + 16);
	}
	if (!patch_counts(p->zone->name, rr))
		return 0;
	if (change_bytes(p->change) > MAX_BYTES)
		return MSIG_ESIZE;
	return change_add(p->change, rr);
}

/* What next: puts it into wire. 0, or an error after which the run is over. */
static int
prepare(struct push *p, enum step step)
{
	int ret;

	p->step = step;
	switch (step) {
	case STEP_ZONE:
		ret = question(p, KNOT_RRTYPE_AXFR);
		xfr_in_clear(&p->xfr);
		xfr_in_init(&p->xfr, p->zone->name, KNOT_RRTYPE_AXFR, p->id, 0, take_record, p);
		p->xfr.max_records = MAX_RECORDS;
		p->xfr.max_bytes = MAX_BYTES;
		return ret;
	case STEP_APEX:
		return question(p, apex_types[p->asked]);
	default:
		return update(p);
	}
}

/* Goes on with another question on the connection. False: the run is over. */
static bool
go_on(struct push *p, enum step step)
{
	struct dnsio_client *client = p->client;
	int ret = prepare(p, step);

	if (ret == 0)
		ret = dnsio_query_again(client, wire, wire_len);
	if (ret == 0)
		return true;
	fail(p, "", "%s",
	     ret == MSIG_ESIZE || ret == KNOT_ESPACE ? "a record is too large for an UPDATE"
						     : msig_strerror(ret));
	return false;
}

static bool
ask_apex(struct push *p)
{
	store_rollback(p->change);
	p->change = store_begin(NULL, p->zone->name);
	p->asked = p->signers = 0;
	return go_on(p, STEP_APEX);
}

/* Reading is complete: what differs? ---------------------------------------------------------- */

static const char hint_differs[] =
    "what else there is gets through. If it is BIND: max-zone-ttl of its dnssec-policy cuts longer "
    "TTLs";
static const char hint_key[] =
    "it drops other providers' DNSKEY records. If it is BIND: \"inline-signing no;\" in the zone "
    "statement of named.conf";

/* The signer said yes and did something else. With keys nothing can go on; any other record must
 * not keep the changes to come back, and is tried again from time to time. */
static void
differs(struct push *p)
{
	if (p->patch.lacks_key || !p->full) {
		doubt(p);
		fail(p, p->patch.lacks_key ? hint_key : hint_differs,
		     "the signer accepts the updates, and %s", p->patch.first);
		return;
	}
	char old[sizeof(p->stubborn)];
	memcpy(old, p->stubborn, sizeof(old));
	snprintf(p->stubborn, sizeof(p->stubborn), "the signer accepts the updates, and %s: %s",
		 p->patch.first, hint_differs);
	if (strcmp(old, p->stubborn) != 0)
		log_zone(LOG_LVL_WARN, p->zone->name, "push to the signer at %s: %s", p->where,
			 p->stubborn);
	p->compared = loop_mono_ms();
	settle(p);
}

/* What is going to be there has to be known after a crash, too. */
static int
remember(struct push *p)
{
	if (pushed_eq(&p->patch.pushed, &p->pushed))
		return 0;
	int ret = journal_pushed(p->zone->combiner->journal, p->zone->name, &p->patch.pushed);
	if (ret != 0)
		return ret;
	pushed_clear(&p->pushed);
	pushed_copy(&p->pushed, &p->patch.pushed);
	return 0;
}

static bool
compare(struct push *p)
{
	struct zone *zone = p->zone;
	bool first = p->rounds == 0;
	/* After the messages were sent the rest is known to be there, unless the whole was read. */
	struct version *from = p->zone_read != NULL ? p->zone_read : first ? p->at : p->target;
	struct patch_input in = {
	    .from = from,
	    .apex = p->apex_read,
	    .to = p->target,
	    .overlay = &zone->overlay,
	    .identity = zone->combiner->conf->identity,
	    .pushed = &p->pushed,
	    .signer = p->signer,
	    .signers = p->signers,
	    .adopt = true,
	};
	patch_clear(&p->patch);
	patch_make(&in, &p->patch);
	p->sent = p->turned_down = 0;
	int ret = remember(p);
	if (ret != 0) {
		fail(p, "", "what is to be pushed cannot be stored: %s", msig_strerror(ret));
		return false;
	}
	if (p->patch.messages == 0) {
		succeed(p);
		return false;
	}
	if (p->rounds >= ROUNDS) {
		differs(p);
		return false;
	}
	if (p->at == p->target && first) {
		p->repaired++;
		log_zone(LOG_LVL_WARN, zone->name,
			 "the signer's zone was changed by somebody else: %s; put right",
			 p->patch.first);
	}
	p->rounds++;
	p->added += p->patch.added;
	p->removed += p->patch.removed;
	p->messages += p->patch.messages;
	return go_on(p, STEP_SEND);
}

/* Answers -------------------------------------------------------------------------------------- */

static const char *
hint_of(enum step step, uint16_t rcode)
{
	switch (rcode) {
	case KNOT_RCODE_REFUSED:
		return step == STEP_ZONE
			   ? "let it be transferred with this key (BIND: \"allow-transfer { key "
			     "KEY; };\")"
			   : "allow updates of all types with this key (BIND: \"update-policy { "
			     "grant KEY zonesub ANY; };\"; if its log has \"bad CDS RRset\", there "
			     "is CDS of an algorithm that no DNSKEY has)";
	case KNOT_RCODE_NOTAUTH:
		return "the signer must be the primary of this zone (BIND: \"type primary;\", "
		       "\"inline-signing no;\") and know the key";
	case KNOT_RCODE_SERVFAIL:
		return "the reason stands in the signer's log. BIND says so when the zone has not "
		       "\"inline-signing no;\", when a DNSKEY is no valid key, and, without "
		       "\"check-integrity no;\", when an MX or NS has no address";
	case KNOT_RCODE_NOTIMPL:
		return "the signer does not take DNS UPDATE: use \"signer-feed: transfer\"";
	case KNOT_RCODE_FORMERR:
		return "the signer does not take one of the records; its log may say which";
	default:
		return "";
	}
}

static const char *
rcode_name(uint16_t rcode)
{
	const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, rcode);
	return name != NULL ? name->name : "an error";
}

static bool
bad_rcode(struct push *p, const knot_pkt_t *pkt)
{
	uint16_t rcode = knot_wire_get_rcode(pkt->wire);
	const char *what = p->step == STEP_SEND   ? "UPDATE"
			   : p->step == STEP_ZONE ? "AXFR"
						  : "a question";

	if (rcode == KNOT_RCODE_NOERROR)
		return false;
	p->definite = true;
	fail(p, hint_of(p->step, rcode), "%s to %s", rcode_name(rcode), what);
	return true;
}

static bool
on_zone(struct push *p, const knot_pkt_t *pkt)
{
	switch (xfr_in_message(&p->xfr, pkt)) {
	case XFR_MORE:
		return true;
	case XFR_DONE:
		break;
	default:
		fail(p, hint_of(STEP_ZONE, p->xfr.rcode), "AXFR of its zone: %s", p->xfr.why);
		return false;
	}
	if (p->has_key && tsig_verify_end(&p->tsig) != 0) {
		fail(p, "", "AXFR of its zone: the end is not signed");
		return false;
	}
	versions_clear_read(p);
	p->zone_read = p->apex_read = store_commit(p->change);
	p->change = NULL;
	p->serial = version_serial(p->zone_read);
	return compare(p);
}

static bool
on_apex(struct push *p, const knot_pkt_t *pkt)
{
	const knot_pktsection_t *answer = knot_pkt_section(pkt, KNOT_ANSWER);
	uint16_t type = apex_types[p->asked];

	if (bad_rcode(p, pkt))
		return false;
	for (uint16_t i = 0; i < answer->count; i++) {
		const knot_rrset_t *set = knot_pkt_rr(answer, i);
		if (!knot_dname_is_case_equal(set->owner, p->zone->name) || set->rrs.count != 1 ||
		    (set->type != type && set->type != KNOT_RRTYPE_RRSIG))
			continue;
		struct rr rr = {p->zone->name, set->type, set->ttl, set->rrs.rdata};
		if (set->type == KNOT_RRTYPE_SOA && !rr_soa_valid(rr.rdata))
			continue;
		int ret = take_record(p, XFR_ADD, &rr);
		if (ret != 0) {
			fail(p, "", "its apex cannot be read: %s", msig_strerror(ret));
			return false;
		}
	}
	if (++p->asked < APEX_TYPES)
		return go_on(p, STEP_APEX);
	versions_clear_read(p);
	p->apex_read = store_commit(p->change);
	p->change = NULL;
	if (version_apex(p->apex_read, KNOT_RRTYPE_SOA, NULL) == NULL) {
		fail(p, "the signer must have this zone", "no SOA record in its answer");
		return false;
	}
	p->serial = version_serial(p->apex_read);
	return compare(p);
}

/* One message that is turned down does not keep the others back, unless it is the same for all. */
static bool
on_update(struct push *p, const knot_pkt_t *pkt)
{
	uint16_t rcode = knot_wire_get_rcode(pkt->wire);

	if ((rcode == KNOT_RCODE_NOTAUTH || rcode == KNOT_RCODE_NOTIMPL) && bad_rcode(p, pkt))
		return false;
	if (rcode != KNOT_RCODE_NOERROR && p->turned_down++ == 0)
		p->rcode = rcode;
	if (++p->sent < p->patch.messages && p->turned_down < TURNED_DOWN_MAX)
		return go_on(p, STEP_SEND);
	if (p->turned_down > 0) {
		fail(p, hint_of(STEP_SEND, p->rcode), "%s to %zu of %zu UPDATE messages",
		     rcode_name(p->rcode), p->turned_down, p->patch.messages);
		return false;
	}
	/* A server may pass over what it does not like without a word. */
	return p->full ? go_on(p, STEP_ZONE) : ask_apex(p);
}

static bool
on_message(void *arg, int result, const uint8_t *message, size_t len)
{
	struct push *p = arg;
	bool more = false;

	if (result != 0) {
		fail(p, result == MSIG_ETIMEOUT ? "" : "is it running, and reachable over TCP?",
		     "%s", msig_strerror(result));
		return false;
	}
	uint8_t *copy = xmemdup(message, len);
	knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)len, NULL);
	if (pkt == NULL)
		fatal("out of memory");
	int ret = knot_pkt_parse(pkt, KNOT_PF_NOCANON);
	if (ret != 0)
		fail(p, "", "a malformed answer: %s", msig_strerror(ret));
	else if (p->has_key && (ret = tsig_verify_reply(&p->tsig, pkt)) != 0)
		fail(p,
		     "name and secret of the key must be the same at both ends, and the clocks "
		     "right",
		     "TSIG: %s", msig_strerror(ret));
	else if (p->step == STEP_ZONE)
		more = on_zone(p, pkt);
	else if (p->step == STEP_APEX)
		more = on_apex(p, pkt);
	else
		more = on_update(p, pkt);
	knot_pkt_free(pkt);
	free(copy);
	return more;
}

/* Starting ------------------------------------------------------------------------------------- */

/* A reason not to push at all, or NULL. */
static const char *
obstacle(struct push *p)
{
	const struct conf_remote *signer = p->zone->conf->signer;

	if (zone_serving(p->zone) == NULL)
		return zone_why(p->zone)[0] != '\0' ? zone_why(p->zone)
						    : "the owner has not been heard yet";
	if (p->zone->row.state == MSIG_ZONE_PASSTHROUGH)
		return "the owner's zone is signed: it cannot be pushed to a signer";
	if (signer == NULL || signer->addresses == 0 || signer->key == NULL)
		return "the signer has no address or no key";
	if (!p->loaded &&
	    journal_pushed_load(p->zone->combiner->journal, p->zone->name, &p->pushed) != 0)
		return "what was pushed before cannot be read from the database";
	p->loaded = true;
	return NULL;
}

static void
begin(void *arg)
{
	struct push *p = arg;
	const struct conf_remote *signer = p->zone->conf->signer;

	if (!p->on || p->client != NULL)
		return;
	p->next = 0;
	p->again = false;
	const char *why = obstacle(p);
	if (why != NULL) {
		snprintf(p->trouble, sizeof(p->trouble), "nothing is pushed: %s", why);
		wait_for(p, RETRY_MAX_MS);
		return;
	}
	if (p->address >= signer->addresses)
		p->address = 0;
	const struct dnsio_addr *server = &signer->address[p->address];
	dnsio_addr_str(server, p->where, sizeof(p->where));
	if (p->stubborn[0] != '\0' && loop_mono_ms() - p->compared >= retry_max(p))
		doubt(p); /* perhaps it takes it now */
	p->target = version_pin(zone_serving(p->zone));
	p->full = p->at == NULL;
	p->rounds = 0;
	p->sent = p->asked = p->added = p->removed = p->messages = 0;
	p->started = loop_mono_ms();
	int ret = knot_tsig_key_copy(&p->key, &signer->key->tsig);
	p->has_key = ret == 0;
	p->signers = 0;
	if (!p->full)
		p->change = store_begin(NULL, p->zone->name);
	if (ret == 0)
		ret = prepare(p, p->full ? STEP_ZONE : STEP_APEX);
	if (ret != 0) {
		fail(p, "", "%s", msig_strerror(ret));
		return;
	}
	p->client = dnsio_query_tcp(p->zone->combiner->loop, server,
				    signer->via.len > 0 ? &signer->via : NULL, wire, wire_len,
				    TIMEOUT_MS, on_message, p);
}

static void
stop(struct push *p)
{
	if (p->client != NULL)
		dnsio_client_free(p->client);
	if (p->step == STEP_SEND)
		doubt(p);
	run_end(p);
	loop_timer_cancel(p->timer);
}

struct push *
push_new(struct zone *zone)
{
	struct push *p = xcalloc(1, sizeof(*p));

	p->zone = zone;
	p->timer = loop_timer_new(zone->combiner->loop, begin, p);
	p->on = zone->conf->signer_feed == CONF_FEED_PUSH;
	return p;
}

void
push_free(struct push *p)
{
	if (p == NULL)
		return;
	stop(p);
	doubt(p);
	pushed_clear(&p->pushed);
	loop_timer_free(p->timer);
	free(p);
}

void
push_changed(struct push *p)
{
	if (!p->on)
		return;
	p->again = true;
	/* one that failed waits for its turn: the signer is not asked more often for that */
	if (p->client == NULL && p->failures == 0)
		wait_for(p, p->zone->combiner->conf->coalesce);
}

void
push_again(struct push *p)
{
	if (!p->on)
		return;
	stop(p);
	doubt(p);
	p->failures = 0;
	wait_for(p, 0);
}

void
push_configured(struct push *p)
{
	p->on = p->zone->conf->signer_feed == CONF_FEED_PUSH;
	stop(p);
	doubt(p);
	p->trouble[0] = p->stubborn[0] = '\0';
	p->failures = 0;
	if (p->on)
		wait_for(p, 0);
}

void
push_status(const struct push *p, struct push_status *status)
{
	memset(status, 0, sizeof(*status));
	status->on = p->on;
	status->running = p->client != NULL;
	status->equal = p->at != NULL && p->at == zone_serving(p->zone) && p->trouble[0] == '\0' &&
			p->stubborn[0] == '\0';
	snprintf(status->where, sizeof(status->where), "%s", p->where);
	snprintf(status->trouble, sizeof(status->trouble), "%s",
		 p->trouble[0] != '\0' ? p->trouble : p->stubborn);
	status->sent = p->sent;
	status->of = p->step == STEP_SEND ? p->patch.messages : 0;
	status->serial = p->serial;
	status->time = p->time;
	status->next = p->next;
	status->failures = p->failures;
	status->pushes = p->pushes;
	status->failed = p->failed;
	status->repaired = p->repaired;
}
