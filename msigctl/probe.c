/*
 * A probe of the signer: we are a primary for a moment. See probe.h.
 *
 *	serve a version -> NOTIFY, until its mark is seen -> ask for each type -> the next version
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libmsig/daemon/loop.h"
#include "libmsig/daemon/tsig.h"
#include "libmsig/err.h"
#include "libmsig/rrs.h"
#include "msigctl/command.h"
#include "msigctl/lint.h"
#include "msigctl/probe.h"

#define TICK_MS 300
#define ASK_MS 2000
#define NOTIFY_TICKS 7 /* NOTIFY is said again after so many */

enum { KEPT, UNSIGNED, LOST, UNKNOWN };

struct probe {
	const struct probe_wish *wish;
	struct loop *loop;
	struct loop_timer *tick, *end;
	struct dnsio_server *server;
	struct dnsio_client *asking, *notify;
	struct tsig_ctx tsig; /* of the NOTIFY */
	struct probe_zone zone;
	unsigned ticks, transfers;
	bool marked;                                 /* the signer shows the present version */
	int type;                                    /* that is asked for, when marked */
	int first[PROBE_TYPES], second[PROBE_TYPES]; /* with the records of others, and without */
	bool own[PROBE_TYPES];                       /* it adds some of its own */
	bool done;
};

/* ---- we are the primary --------------------------------------------------------------------- */

static const knot_tsig_key_t *
find_key(void *arg, const knot_dname_t *name)
{
	const struct probe *p = arg;
	return p->wish->key != NULL && knot_dname_is_case_equal(p->wish->key->name, name)
		   ? p->wish->key
		   : NULL;
}

static uint16_t
judge(struct probe *p, knot_pkt_t *query, struct tsig_ctx *ctx)
{
	if (tsig_verify_request(query, find_key, p, ctx) != 0) {
		return KNOT_RCODE_NOTAUTH;
	}
	if (p->wish->key != NULL && ctx->key == NULL) {
		return KNOT_RCODE_REFUSED;
	}
	if (knot_pkt_qname(query) == NULL ||
	    !knot_dname_is_case_equal(knot_pkt_qname(query), p->zone.name)) {
		return KNOT_RCODE_REFUSED;
	}
	return knot_wire_get_opcode(query->wire) == KNOT_OPCODE_QUERY ? KNOT_RCODE_NOERROR
								      : KNOT_RCODE_NOTIMPL;
}

static void
reply(struct probe *p, struct dnsio_request *req, knot_pkt_t *query)
{
	static uint8_t wire[16384];
	struct tsig_ctx ctx = {0};
	uint16_t type = knot_pkt_qtype(query);
	bool transfer = type == KNOT_RRTYPE_AXFR || type == KNOT_RRTYPE_IXFR;
	uint16_t rcode = judge(p, query, &ctx);
	knot_pkt_t *pkt = knot_pkt_new(wire, sizeof(wire) - 512, NULL);
	int ret = pkt == NULL ? KNOT_ENOMEM : knot_pkt_init_response(pkt, query);
	if (ret == 0 && rcode == KNOT_RCODE_NOERROR && (transfer || type == KNOT_RRTYPE_SOA)) {
		knot_wire_set_aa(pkt->wire);
		/* Over UDP the SOA says enough: it is followed by a transfer over TCP. */
		ret = probe_zone_put(&p->zone, pkt, transfer && dnsio_is_tcp(req));
		p->transfers += transfer && dnsio_is_tcp(req);
	}
	size_t len = ret == 0 ? pkt->size : 0;
	if (ret == 0) {
		knot_wire_set_rcode(pkt->wire, (uint8_t)rcode);
		ret = ctx.key != NULL || ctx.error != 0
			  ? tsig_sign_reply(&ctx, wire, &len, sizeof(wire))
			  : 0;
	}
	knot_pkt_free(pkt);
	if (ret == 0) {
		dnsio_reply(req, wire, len);
	} else {
		dnsio_drop(req);
	}
}

static knot_pkt_t *
parse(const uint8_t *wire, size_t len)
{
	knot_pkt_t *pkt = knot_pkt_new(NULL, (uint16_t)len, NULL);
	if (pkt == NULL) {
		return NULL;
	}
	memcpy(pkt->wire, wire, len);
	pkt->size = len;
	if (knot_pkt_parse(pkt, 0) != 0) {
		knot_pkt_free(pkt);
		return NULL;
	}
	return pkt;
}

static void
on_query(void *arg, struct dnsio_request *req, const uint8_t *wire, size_t len)
{
	knot_pkt_t *query = parse(wire, len);
	if (query == NULL) {
		dnsio_drop(req);
		return;
	}
	reply(arg, req, query);
	knot_pkt_free(query);
}

/* ---- what the signer makes of it ------------------------------------------------------------ */

/* A question; NULL when there is no memory. */
static knot_pkt_t *
question(const struct probe *p, uint16_t type, bool notify)
{
	knot_pkt_t *pkt = knot_pkt_new(NULL, 2048, NULL);
	knot_rrset_t opt;
	uint16_t id;
	if (pkt == NULL || getrandom(&id, sizeof(id), 0) != sizeof(id)) {
		knot_pkt_free(pkt);
		return NULL;
	}
	knot_pkt_clear(pkt);
	knot_wire_set_id(pkt->wire, id);
	int ret = knot_pkt_put_question(pkt, p->zone.name, KNOT_CLASS_IN, type);
	if (notify) {
		knot_wire_set_opcode(pkt->wire, KNOT_OPCODE_NOTIFY);
		knot_wire_set_aa(pkt->wire);
		ret = ret != 0 ? ret : knot_pkt_begin(pkt, KNOT_ANSWER);
		ret = ret != 0 ? ret : knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &p->zone.soa, 0);
	} else {
		ret = ret != 0 ? ret : knot_edns_init(&opt, 1232, 0, KNOT_EDNS_VERSION, NULL);
		if (ret == 0) {
			knot_edns_set_do(&opt);
			ret = knot_pkt_begin(pkt, KNOT_ADDITIONAL);
			ret = ret != 0 ? ret : knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &opt, 0);
			knot_rrset_clear(&opt, NULL);
		}
	}
	if (ret != 0) {
		knot_pkt_free(pkt);
		return NULL;
	}
	return pkt;
}

/* How many of `what` are in what the signer shows. */
static unsigned
common(const knot_rrset_t *what, const knot_rrset_t *shown)
{
	unsigned n = 0;
	knot_rdata_t *rr = what->rrs.rdata;
	for (uint16_t i = 0; i < what->rrs.count; i++, rr = knot_rdataset_next(rr)) {
		n += shown != NULL && knot_rdataset_member(&shown->rrs, rr);
	}
	return n;
}

static void
next_version(struct probe *p)
{
	p->marked = false;
	p->type = 0;
	p->ticks = 0;
	if (!p->zone.foreign || probe_zone_set(&p->zone, p->zone.serial + 1, false) != 0) {
		p->done = true;
		loop_stop(p->loop);
	}
}

static void
judge_type(struct probe *p, const struct msig_rrs *rrs)
{
	const knot_rrset_t *shown = msig_rrs_find(rrs, p->zone.name, probe_type[p->type]);
	const knot_rrset_t *sigs = msig_rrs_sigs(rrs, p->zone.name, probe_type[p->type]);
	const knot_rrset_t *others = &p->zone.others[p->type];
	unsigned n = common(others, shown);
	int state = n < others->rrs.count ? LOST : sigs == NULL ? UNSIGNED : KEPT;
	if (p->zone.foreign) {
		p->first[p->type] = state;
		p->own[p->type] = shown != NULL && shown->rrs.count > n;
	} else {
		p->second[p->type] = n == 0 ? KEPT : LOST;
	}
	if (++p->type == PROBE_TYPES) {
		next_version(p);
	}
}

static void ask_now(struct probe *p);

static bool
on_answer(void *arg, int result, const uint8_t *wire, size_t len)
{
	struct probe *p = arg;
	knot_pkt_t *pkt = result == 0 ? parse(wire, len) : NULL;
	struct msig_rrs rrs = {0};
	p->asking = NULL;
	if (pkt == NULL) {
		return false; /* the tick asks again */
	}
	/* SERVFAIL of a signer that has choked on the zone says nothing of a type. */
	bool sound = knot_pkt_ext_rcode(pkt) == KNOT_RCODE_NOERROR &&
		     msig_rrs_add_section(&rrs, knot_pkt_section(pkt, KNOT_ANSWER)) == 0;
	knot_pkt_free(pkt);
	if (sound && p->marked) {
		judge_type(p, &rrs);
	} else if (sound) {
		p->marked =
		    probe_zone_marked(&p->zone, msig_rrs_find(&rrs, p->zone.name, KNOT_RRTYPE_TXT));
	}
	msig_rrs_clear(&rrs);
	if (sound && p->marked) {
		ask_now(p);
	}
	return false;
}

static void
ask_now(struct probe *p)
{
	knot_pkt_t *pkt = question(p, p->marked ? probe_type[p->type] : KNOT_RRTYPE_TXT, false);
	if (pkt != NULL) {
		p->asking = dnsio_query_tcp(p->loop, &p->wish->signer, NULL, pkt->wire, pkt->size,
					    ASK_MS, on_answer, p);
	}
	knot_pkt_free(pkt);
}

/* That the mark is seen is the answer that counts. */
static bool
on_notified(void *arg, int result, const uint8_t *wire, size_t len)
{
	struct probe *p = arg;
	p->notify = NULL;
	tsig_clear(&p->tsig);
	return false;
}

static void
notify_now(struct probe *p, bool udp)
{
	uint8_t wire[2048];
	knot_pkt_t *pkt = question(p, KNOT_RRTYPE_SOA, true);
	size_t len = pkt != NULL ? pkt->size : 0;
	if (pkt != NULL) {
		memcpy(wire, pkt->wire, len);
	}
	knot_pkt_free(pkt);
	memset(&p->tsig, 0, sizeof(p->tsig));
	if (len == 0 || (p->wish->key != NULL && tsig_sign_request(&p->tsig, p->wish->key, wire,
								   &len, sizeof(wire)) != 0)) {
		return;
	}
	p->notify = (udp ? dnsio_query_udp : dnsio_query_tcp)(p->loop, &p->wish->signer, NULL, wire,
							      len, ASK_MS, on_notified, p);
}

static void
on_tick(void *arg)
{
	struct probe *p = arg;
	if (!p->marked && p->notify == NULL && p->ticks % NOTIFY_TICKS == 0) {
		notify_now(p, p->ticks / NOTIFY_TICKS % 2 == 1);
	}
	if (p->asking == NULL) {
		ask_now(p);
	}
	p->ticks++;
	loop_timer_set(p->tick, TICK_MS);
}

static void
on_end(void *arg)
{
	struct probe *p = arg;
	loop_stop(p->loop);
}

/* ---- what is said of it ---------------------------------------------------------------------- */

static void
report_type(const struct probe *p, int type, const char *name, json_t *findings)
{
	static const char *const knot[PROBE_TYPES] = {
	    "policy: dnskey-management: incremental and delete-delay: 1h",
	    "policy: dnskey-management: incremental and cds-cdnskey-publish: always",
	    "policy: dnskey-management: incremental and cds-cdnskey-publish: always", "", ""};
	char check[32];
	json_t *last;
	bool kept = p->first[type] == KEPT, gone = p->second[type] == KEPT;
	snprintf(check, sizeof(check), "probe-%s", name);
	if (p->first[type] == UNKNOWN || p->second[type] == UNKNOWN) {
		lint_add(findings, LINT_NOTHING, check, p->first[type] == LOST ? "fail" : "unknown",
			 NULL, "%s",
			 p->first[type] == LOST ? "that of others is dropped"
						: "the signer did not come so far");
		return;
	}
	lint_add(findings, LINT_KNOT, check, kept && gone ? "pass" : "fail",
		 kept && gone ? NULL : knot[type], "%s",
		 p->first[type] == LOST       ? "that of others is dropped"
		 : p->first[type] == UNSIGNED ? "that of others is kept, but not signed"
		 : !gone                      ? "that of others stays when it was taken back"
					      : "that of others is kept, signed, and goes again");
	last = json_object_get(json_array_get(findings, json_array_size(findings) - 1), "fix");
	if (!kept && type <= PROBE_CDNSKEY) {
		json_object_set_new(last, "powerdns", json_string("direct-dnskey=yes"));
		json_object_set_new(last, "bind",
				    json_string("a dynamic primary, fed by UPDATE, keeps them"));
	}
}

static void
report(const struct probe *p, json_t *findings)
{
	static const char *const names[PROBE_TYPES] = {"dnskey", "cds", "cdnskey", "csync", "ns"};
	const char *zone = p->wish->zone;
	char listen[DNSIO_ADDR_TEXT];
	dnsio_addr_str(&p->wish->listen, listen, sizeof(listen));
	if (p->transfers == 0) {
		lint_add(findings, LINT_KNOT, "probe", "unknown",
			 "a zone and a remote as in msigctl(1), doctor",
			 "the signer did not fetch %s from %s: is it configured there?", zone,
			 listen);
		return;
	}
	if (!p->done) {
		lint_add(
		    findings, LINT_NOTHING, "probe", "unknown", NULL,
		    "the signer fetched %s %s and then did not show it: it may have refused it",
		    zone, p->zone.foreign ? "with the records of others" : "without them");
	}
	for (int i = 0; i < PROBE_TYPES; i++) {
		report_type(p, i, names[i], findings);
	}
	if (p->first[PROBE_DNSKEY] != UNKNOWN) {
		bool cds = p->own[PROBE_CDS] && p->own[PROBE_CDNSKEY];
		lint_add(findings, LINT_KNOT, "probe-own-cds", cds ? "pass" : "fail",
			 cds ? NULL : "policy: cds-cdnskey-publish: always", "%s",
			 cds ? "it adds CDS and CDNSKEY of its own"
			     : "it does not add CDS and CDNSKEY of its own to those of others");
	}
}

/* ---- the whole of it ---------------------------------------------------------------------------
 */

static int
open_all(struct probe *p, char *err, size_t errlen)
{
	int ret = probe_zone_init(&p->zone, p->wish->zone, p->wish->algorithm);
	if (ret == 0) {
		/* Larger than that of any probe before: a signer remembers. Tenths of a second, in
		 * serial arithmetic. */
		ret = probe_zone_set(&p->zone, (uint32_t)(loop_utc_ms() / 100), true);
	}
	if (ret != 0) {
		snprintf(err, errlen, "%s: %s", p->wish->zone, msig_strerror(ret));
		return EXIT_USAGE;
	}
	p->loop = loop_new();
	if (p->loop == NULL) {
		snprintf(err, errlen, "no event loop");
		return EXIT_FAILED;
	}
	p->server = dnsio_listen(p->loop, &p->wish->listen, NULL, on_query, p, &ret);
	if (p->server == NULL) {
		char text[DNSIO_ADDR_TEXT];
		snprintf(err, errlen, "%s: %s; choose another address with --listen",
			 dnsio_addr_str(&p->wish->listen, text, sizeof(text)), msig_strerror(ret));
		return EXIT_FAILED;
	}
	p->tick = loop_timer_new(p->loop, on_tick, p);
	p->end = loop_timer_new(p->loop, on_end, p);
	loop_timer_set(p->tick, 0);
	loop_timer_set(p->end, p->wish->timeout_ms);
	return 0;
}

int
probe_run(const struct probe_wish *wish, json_t *findings, char *err, size_t errlen)
{
	struct probe p = {.wish = wish};
	for (int i = 0; i < PROBE_TYPES; i++) {
		p.first[i] = p.second[i] = UNKNOWN;
	}
	int ret = open_all(&p, err, errlen);
	if (ret == 0) {
		loop_run(p.loop);
		report(&p, findings);
	}
	dnsio_client_free(p.asking);
	dnsio_client_free(p.notify);
	tsig_clear(&p.tsig);
	dnsio_server_free(p.server);
	loop_timer_free(p.tick);
	loop_timer_free(p.end);
	loop_free(p.loop);
	probe_zone_clear(&p.zone);
	return ret;
}
