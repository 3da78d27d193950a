/*
 * TSIG on whole messages. libknot computes and compares MACs; here is the order of the checks, what
 * an answer to a wrong request looks like, and the state of streams. Stricter than the RFC asks
 * for: no truncated MAC, no fudge above 300 s, no algorithm older than HMAC-SHA-256 (conf.c).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libdnssec/tsig.h>
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/tsig.h"

#define UNSIGNED_MAX 99 /* RFC 8945 5.3.1 */

void
tsig_clear(struct tsig_ctx *ctx)
{
	free(ctx->pending);
	memset(ctx, 0, sizeof(*ctx));
}

static int
refuse(struct tsig_ctx *ctx, uint16_t error)
{
	ctx->error = error;
	switch (error) {
	case KNOT_RCODE_BADKEY:
		return KNOT_TSIG_EBADKEY;
	case KNOT_RCODE_BADTIME:
		return KNOT_TSIG_EBADTIME;
	case KNOT_RCODE_BADTRUNC:
		return KNOT_TSIG_EBADTRUNC;
	default:
		return KNOT_TSIG_EBADSIG;
	}
}

static bool
well_formed(const knot_rrset_t *rr)
{
	return rr->rrs.count == 1 && rr->rclass == KNOT_CLASS_ANY && rr->ttl == 0 &&
	       knot_tsig_rdata_is_ok(rr);
}

static bool
in_time(const knot_rrset_t *rr)
{
	uint64_t now = (uint64_t)time(NULL), then = knot_tsig_rdata_time_signed(rr);
	uint64_t apart = now > then ? now - then : then - now;
	uint16_t fudge = knot_tsig_rdata_fudge(rr);
	return apart <= (fudge < TSIG_FUDGE_MAX ? fudge : TSIG_FUDGE_MAX);
}

static bool
same_key(const knot_rrset_t *rr, const knot_tsig_key_t *key)
{
	return knot_dname_is_case_equal(rr->owner, key->name) &&
	       knot_tsig_rdata_alg(rr) == key->algorithm;
}

static bool
whole_mac(const knot_rrset_t *rr, const knot_tsig_key_t *key)
{
	return knot_tsig_rdata_mac_length(rr) == dnssec_tsig_algorithm_size(key->algorithm);
}

/* Takes over what later messages are chained to. */
static void
remember(struct tsig_ctx *ctx, const knot_rrset_t *rr)
{
	size_t len = knot_tsig_rdata_mac_length(rr);
	if (len > sizeof(ctx->mac))
		len = sizeof(ctx->mac);
	memcpy(ctx->mac, knot_tsig_rdata_mac(rr), len);
	ctx->mac_len = len;
	ctx->time = knot_tsig_rdata_time_signed(rr);
}

/* A MAC cut to half of its length or more, at least 10 octets, can be right but is not accepted:
 * that is BADTRUNC, once the rest was seen to be in order. Shorter or longer ones are malformed
 * (RFC 8945 5.2.2.1). libknot compares whole MACs only, so a cut one counts as BADSIG here, which
 * tells a forger less. */
static bool
mac_length_ok(const knot_rrset_t *rr, const knot_tsig_key_t *key)
{
	size_t len = knot_tsig_rdata_mac_length(rr),
	       full = dnssec_tsig_algorithm_size(key->algorithm);
	return len <= full && len >= 10 && len >= full / 2;
}

int
tsig_verify_request(knot_pkt_t *pkt, tsig_find find, void *arg, struct tsig_ctx *ctx)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->first = true;
	const knot_rrset_t *rr = pkt->tsig_rr;
	if (rr == NULL)
		return 0;
	if (!well_formed(rr))
		return KNOT_EMALF;
	if (knot_dname_store(ctx->name, rr->owner) == 0 ||
	    knot_dname_store(ctx->alg, knot_tsig_rdata_alg_name(rr)) == 0)
		return KNOT_EMALF;
	ctx->orig_id = knot_tsig_rdata_orig_id(rr);
	ctx->fudge = knot_tsig_rdata_fudge(rr);
	ctx->time = knot_tsig_rdata_time_signed(rr);

	const knot_tsig_key_t *key = find(arg, rr->owner);
	if (key == NULL || !same_key(rr, key))
		return refuse(ctx, KNOT_RCODE_BADKEY);
	if (!mac_length_ok(rr, key))
		return KNOT_EMALF;
	int ret = knot_tsig_server_check(rr, pkt->wire, pkt->size, key);
	if (ret == KNOT_TSIG_EBADTRUNC || !whole_mac(rr, key))
		return refuse(ctx, KNOT_RCODE_BADSIG);
	if (ret != 0 && ret != KNOT_TSIG_EBADTIME)
		return refuse(ctx,
			      ret == KNOT_TSIG_EBADKEY ? KNOT_RCODE_BADKEY : KNOT_RCODE_BADSIG);
	ctx->key = key;
	remember(ctx, rr);
	if (ret == KNOT_TSIG_EBADTIME || !in_time(rr))
		return refuse(ctx, KNOT_RCODE_BADTIME);
	return 0;
}

size_t
tsig_key_space(const knot_tsig_key_t *key)
{
	return key != NULL ? knot_tsig_wire_maxsize(key) : 0;
}

size_t
tsig_space(const struct tsig_ctx *ctx)
{
	if (ctx->key != NULL)
		return tsig_key_space(ctx->key);
	/* name, type, class, TTL, length; algorithm, time, fudge, MAC length, id, error, other
	 * length */
	return ctx->error != 0 ? knot_dname_size(ctx->name) + 10 + knot_dname_size(ctx->alg) + 16
			       : 0;
}

/* The TSIG of an answer that must not be signed: empty MAC, the request's names, time and fudge. */
static int
add_unsigned(const struct tsig_ctx *ctx, uint8_t *wire, size_t *len, size_t max)
{
	if (*len > max || max - *len < tsig_space(ctx))
		return KNOT_ESPACE;
	size_t name = knot_dname_size(ctx->name), alg = knot_dname_size(ctx->alg);
	uint8_t *p = wire + *len;
	memcpy(p, ctx->name, name);
	p += name;
	knot_wire_write_u16(p, KNOT_RRTYPE_TSIG);
	knot_wire_write_u16(p + 2, KNOT_CLASS_ANY);
	knot_wire_write_u32(p + 4, 0);
	knot_wire_write_u16(p + 8, (uint16_t)(alg + 16));
	memcpy(p + 10, ctx->alg, alg);
	p += 10 + alg;
	knot_wire_write_u48(p, ctx->time);
	knot_wire_write_u16(p + 6, ctx->fudge);
	knot_wire_write_u16(p + 8, 0);
	knot_wire_write_u16(p + 10, ctx->orig_id);
	knot_wire_write_u16(p + 12, ctx->error);
	knot_wire_write_u16(p + 14, 0);
	*len += tsig_space(ctx);
	knot_wire_set_arcount(wire, (uint16_t)(knot_wire_get_arcount(wire) + 1));
	return 0;
}

int
tsig_sign_reply(struct tsig_ctx *ctx, uint8_t *wire, size_t *len, size_t max)
{
	if (ctx->key == NULL)
		return ctx->error != 0 ? add_unsigned(ctx, wire, len, max) : 0;
	uint8_t mac[sizeof(ctx->mac)];
	size_t mac_len = sizeof(mac);
	int ret;
	if (ctx->first)
		ret = knot_tsig_sign(wire, len, max, ctx->mac, ctx->mac_len, mac, &mac_len,
				     ctx->key, ctx->error, ctx->time);
	else
		ret = knot_tsig_sign_next(wire, len, max, ctx->mac, ctx->mac_len, mac, &mac_len,
					  ctx->key, wire, *len);
	if (ret != 0)
		return ret;
	memcpy(ctx->mac, mac, mac_len);
	ctx->mac_len = mac_len;
	ctx->first = false;
	return 0;
}

int
tsig_sign_request(struct tsig_ctx *ctx, const knot_tsig_key_t *key, uint8_t *wire, size_t *len,
		  size_t max)
{
	tsig_clear(ctx);
	ctx->first = true;
	if (key == NULL)
		return 0;
	uint8_t mac[sizeof(ctx->mac)];
	size_t mac_len = sizeof(mac);
	int ret = knot_tsig_sign(wire, len, max, NULL, 0, mac, &mac_len, key, 0, 0);
	if (ret != 0)
		return ret;
	ctx->key = key;
	memcpy(ctx->mac, mac, mac_len);
	ctx->mac_len = mac_len;
	return 0;
}

/* Keeps a message until a signature covers it. */
static int
keep(struct tsig_ctx *ctx, const uint8_t *wire, size_t len)
{
	uint8_t *more = realloc(ctx->pending, ctx->pending_len + len);
	if (more == NULL)
		return KNOT_ENOMEM;
	memcpy(more + ctx->pending_len, wire, len);
	ctx->pending = more;
	ctx->pending_len += len;
	return 0;
}

static int
check_signed(struct tsig_ctx *ctx, const knot_pkt_t *pkt)
{
	const knot_rrset_t *rr = pkt->tsig_rr;
	if (ctx->first)
		return knot_tsig_client_check(rr, pkt->wire, pkt->size, ctx->mac, ctx->mac_len,
					      ctx->key, 0);
	if (ctx->pending_len == 0)
		return knot_tsig_client_check_next(rr, pkt->wire, pkt->size, ctx->mac, ctx->mac_len,
						   ctx->key, ctx->time);
	int ret = keep(ctx, pkt->wire, pkt->size);
	if (ret != 0)
		return ret;
	return knot_tsig_client_check_next(rr, ctx->pending, ctx->pending_len, ctx->mac,
					   ctx->mac_len, ctx->key, ctx->time);
}

int
tsig_verify_reply(struct tsig_ctx *ctx, knot_pkt_t *pkt)
{
	const knot_rrset_t *rr = pkt->tsig_rr;
	if (ctx->key == NULL)
		return 0;
	if (rr == NULL) {
		if (ctx->first || ctx->pending_count >= UNSIGNED_MAX)
			return KNOT_ENOTSIG;
		ctx->pending_count++;
		return keep(ctx, pkt->wire, pkt->size);
	}
	if (!well_formed(rr))
		return KNOT_EMALF;
	uint16_t error = knot_tsig_rdata_error(rr);
	if (error != 0 && knot_tsig_rdata_mac_length(rr) == 0)
		return refuse(ctx, error); /* not proven, and of no use anyhow */
	if (!same_key(rr, ctx->key))
		return KNOT_TSIG_EBADKEY;
	if (!whole_mac(rr, ctx->key))
		return KNOT_TSIG_EBADTRUNC;
	int ret = check_signed(ctx, pkt);
	/* The answer BADTIME bears the time of the request, which is the one in doubt. */
	if (ret != 0 && !(ret == KNOT_TSIG_EBADTIME && error == KNOT_RCODE_BADTIME))
		return ret;
	if (error != 0)
		return refuse(ctx, error);
	if (!in_time(rr))
		return KNOT_TSIG_EBADTIME;
	remember(ctx, rr);
	ctx->first = false;
	ctx->pending_len = 0;
	ctx->pending_count = 0;
	return 0;
}

int
tsig_verify_end(struct tsig_ctx *ctx)
{
	if (ctx->key == NULL)
		return 0;
	return ctx->first || ctx->pending_count > 0 ? KNOT_ENOTSIG : 0;
}
