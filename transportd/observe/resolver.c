/*
 * Validated look-ups: see resolver.h.
 */
#include "config.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unbound.h>
#include <unbound-event.h>

#include "libmsig/err.h"
#include "libmsig/daemon/log.h"
#include "transportd/observe/resolver.h"

struct lookup {
	struct resolver *resolver;
	resolver_answer cb; /* NULL: nobody waits any more */
	void *arg;
	bool asking;   /* within ub_resolve_event */
	bool answered; /* meanwhile: the timer reports it */
	uint8_t *wire;
	size_t len;
	uint16_t rcode;
	enum msig_validation validation;
	char *why;
	struct lookup *prev, *next;
};

struct resolver {
	struct loop *loop;
	struct ub_ctx *ctx;
	struct lookup *first;
	struct loop_timer *timer; /* reports what was answered while it was asked */
};

static void report_answered(void *arg);

/* Caches are for the Internet's sake, not ours: what agentd asks again is soon asked again. */
static const struct {
	const char *name, *value;
} options[] = {
    {"cache-max-negative-ttl:", "30"}, {"val-bogus-ttl:", "10"},  {"infra-host-ttl:", "15"},
    {"edns-buffer-size:", "1232"},     {"hide-identity:", "yes"},
};

static bool
is_loopback(const struct dnsio_addr *addr)
{
	if (addr->ss.ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)&addr->ss)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&addr->ss)->sin6_addr);
}

/* libunbound never asks its own machine, unless it is told that servers are there. */
static bool
needs_localhost(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->forwards; i++) {
		if (is_loopback(&conf->forward[i]))
			return true;
	}
	for (unsigned i = 0; i < conf->stubs; i++) {
		for (unsigned j = 0; j < conf->stub[i].addresses; j++) {
			if (is_loopback(&conf->stub[i].address[j]))
				return true;
		}
	}
	return false;
}

static int
set_options(struct ub_ctx *ctx, const struct conf *conf, char *err, size_t errlen)
{
	int rc;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		rc = ub_ctx_set_option(ctx, options[i].name, options[i].value);
		if (rc != 0) {
			snprintf(err, errlen, "libunbound: %s %s: %s", options[i].name,
				 options[i].value, ub_strerror(rc));
			return rc;
		}
	}
	/* An answer that was insecure or bogus would stay so for as long as its records may be
	 * cached, after its owner has put the chain of trust right. */
	char ttl[16];
	snprintf(ttl, sizeof(ttl), "%u",
		 conf->cache_floor / 100 > 10 ? conf->cache_floor / 100 : 10);
	ub_ctx_set_option(ctx, "cache-max-ttl:", ttl);
	if (needs_localhost(conf))
		ub_ctx_set_option(ctx, "do-not-query-localhost:", "no");
	return 0;
}

static int
set_anchors(struct ub_ctx *ctx, const struct conf *conf, char *err, size_t errlen)
{
	int rc;

	for (unsigned i = 0; i < conf->trust_anchors; i++) {
		rc = access(conf->trust_anchor[i], R_OK) != 0
			 ? UB_READFILE
			 : ub_ctx_add_ta_file(ctx, conf->trust_anchor[i]);
		if (rc != 0) {
			snprintf(err, errlen, "observe.trust-anchor %s: %s", conf->trust_anchor[i],
				 ub_strerror(rc));
			return rc;
		}
	}
	return 0;
}

static int
set_servers(struct ub_ctx *ctx, const struct conf *conf, char *err, size_t errlen)
{
	char addr[80], zone[KNOT_DNAME_TXT_MAXLEN + 1];
	int rc;

	for (unsigned i = 0; i < conf->forwards; i++) {
		rc = ub_ctx_set_fwd(ctx, dnsio_addr_str(&conf->forward[i], addr, sizeof(addr)));
		if (rc != 0) {
			snprintf(err, errlen, "observe.forward %s: %s", addr, ub_strerror(rc));
			return rc;
		}
	}
	for (unsigned i = 0; i < conf->stubs; i++) {
		if (knot_dname_to_str(zone, conf->stub[i].name, sizeof(zone)) == NULL)
			return UB_SYNTAX;
		for (unsigned j = 0; j < conf->stub[i].addresses; j++) {
			dnsio_addr_str(&conf->stub[i].address[j], addr, sizeof(addr));
			rc = ub_ctx_set_stub(ctx, zone, addr, 0);
			if (rc != 0) {
				snprintf(err, errlen, "observe.stub %s: %s", zone, ub_strerror(rc));
				return rc;
			}
		}
	}
	return 0;
}

/* Names such as test. are answered by libunbound itself, with NXDOMAIN, unless they are taken out;
 * this also makes it read all that was set above, so it comes last. */
static int
open_special_zones(struct ub_ctx *ctx, const struct conf *conf, char *err, size_t errlen)
{
	char zone[KNOT_DNAME_TXT_MAXLEN + 1];
	int rc = ub_ctx_zone_remove(ctx, "test.");

	for (unsigned i = 0; rc == 0 && i < conf->stubs; i++) {
		const knot_dname_t *name = conf->stub[i].name;

		for (; rc == 0 && *name != 0; name = knot_wire_next_label(name, NULL)) {
			if (knot_dname_to_str(zone, name, sizeof(zone)) == NULL)
				return UB_SYNTAX;
			rc = ub_ctx_zone_remove(ctx, zone);
		}
	}
	if (rc != 0)
		snprintf(err, errlen,
			 "libunbound cannot start with these trust anchors, forward "
			 "and stub: %s",
			 ub_strerror(rc));
	return rc;
}

struct resolver *
resolver_new(struct loop *loop, const struct conf *conf, char *err, size_t errlen)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->loop = loop;
	r->timer = loop_timer_new(loop, report_answered, r);
	r->ctx = ub_ctx_create_event(loop_base(loop));
	if (r->ctx == NULL) {
		snprintf(err, errlen, "libunbound: out of memory");
	} else if (set_options(r->ctx, conf, err, errlen) == 0 &&
		   set_anchors(r->ctx, conf, err, errlen) == 0 &&
		   set_servers(r->ctx, conf, err, errlen) == 0 &&
		   open_special_zones(r->ctx, conf, err, errlen) == 0) {
		if (conf->trust_anchors == 0)
			log_warn("no observe.trust-anchor: nothing will be secure");
		return r;
	}
	resolver_free(r);
	return NULL;
}

static void
lookup_free(struct lookup *l)
{
	if (l->prev != NULL)
		l->prev->next = l->next;
	else
		l->resolver->first = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	free(l->wire);
	free(l->why);
	free(l);
}

void
resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	for (struct lookup *l = resolver->first; l != NULL; l = l->next)
		l->cb = NULL;
	/* May call back for what is under way: those entries go then, the others below. */
	if (resolver->ctx != NULL)
		ub_ctx_delete(resolver->ctx);
	while (resolver->first != NULL)
		lookup_free(resolver->first);
	loop_timer_free(resolver->timer);
	free(resolver);
}

static void
report(struct lookup *l)
{
	knot_pkt_t *pkt = NULL;

	if (l->cb != NULL && l->wire != NULL) {
		pkt = knot_pkt_new(l->wire, (uint16_t)l->len, NULL);
		if (pkt != NULL && knot_pkt_parse(pkt, KNOT_PF_NOCANON) != 0) {
			knot_pkt_free(pkt);
			pkt = NULL;
			l->rcode = KNOT_RCODE_SERVFAIL;
		}
	}
	if (l->cb != NULL)
		l->cb(l->arg, pkt, l->rcode, l->validation, l->why);
	knot_pkt_free(pkt);
	lookup_free(l);
}

/* A callback may ask again, or free other look-ups: begin anew after each. */
static void
report_answered(void *arg)
{
	struct resolver *r = arg;
	struct lookup *l = r->first;

	while (l != NULL) {
		if (l->answered) {
			report(l);
			l = r->first;
		} else {
			l = l->next;
		}
	}
}

static void
on_answer(void *arg, int rcode, void *packet, int len, int sec, char *why, int limited)
{
	static const enum msig_validation validation[] = {
	    MSIG_VALIDATION_INSECURE, MSIG_VALIDATION_BOGUS, MSIG_VALIDATION_SECURE};
	struct lookup *l = arg;

	l->rcode = (uint16_t)rcode;
	if (sec >= 0 && sec <= 2)
		l->validation = validation[sec];
	/* Without a packet nothing was looked at, and nothing is known to be insecure. */
	if (packet == NULL && l->validation != MSIG_VALIDATION_BOGUS)
		l->validation = MSIG_VALIDATION_NONE;
	if (why != NULL)
		l->why = xstrdup(why);
	if (packet != NULL && len > 0 && len <= UINT16_MAX) {
		l->wire = xmemdup(packet, (size_t)len);
		l->len = (size_t)len;
	}
	if (l->asking)
		l->answered = true;
	else
		report(l);
}

struct lookup *
resolver_ask(struct resolver *resolver, const knot_dname_t *name, uint16_t type, resolver_answer cb,
	     void *arg)
{
	struct lookup *l = xcalloc(1, sizeof(*l));
	char text[KNOT_DNAME_TXT_MAXLEN + 1];
	int rc = UB_SYNTAX;

	l->resolver = resolver;
	l->cb = cb;
	l->arg = arg;
	l->next = resolver->first;
	if (l->next != NULL)
		l->next->prev = l;
	resolver->first = l;
	l->asking = true;
	if (knot_dname_to_str(text, name, sizeof(text)) != NULL)
		rc = ub_resolve_event(resolver->ctx, text, type, KNOT_CLASS_IN, l, on_answer, NULL);
	l->asking = false;
	if (rc != 0 && !l->answered) {
		log_warn("look-up of %s: %s", text, ub_strerror(rc));
		lookup_free(l);
		return NULL;
	}
	if (l->answered)
		loop_timer_set(resolver->timer, 0);
	return l;
}

void
resolver_cancel(struct lookup *lookup)
{
	lookup->cb = NULL;
}
