#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "combinerd/xfr_out.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

/* What comes next. AXFR: FIRST, BODY, LAST, END. IXFR: FIRST (the new SOA), OLD (the old SOA),
 * REMOVED, NEW (the new SOA), ADDED, LAST (the new SOA), END. */
enum phase { FIRST, BODY, OLD, REMOVED, NEW, ADDED, LAST, END };

struct xfr_out {
	struct version *from, *to;
	enum phase phase;
	struct store_iter *iter;
	struct store_diff *diff;
	struct rr rr; /* the next record */
	bool has_rr;
	knot_pkt_t *query;
	uint8_t *query_wire;
	struct tsig_ctx tsig;
	knot_tsig_key_t key;
	bool edns;
	size_t records, messages;
};

struct xfr_out *
xfr_out_new(const knot_pkt_t *query, const struct tsig_ctx *tsig, struct version *from,
	    struct version *to)
{
	struct xfr_out *xfr = xcalloc(1, sizeof(*xfr));

	xfr->tsig = *tsig;
	if (tsig->key != NULL) {
		if (knot_tsig_key_copy(&xfr->key, tsig->key) != 0) {
			free(xfr);
			return NULL;
		}
		xfr->tsig.key = &xfr->key;
	}
	/* only header and question are needed */
	xfr->query_wire = xmemdup(query->wire, query->size);
	xfr->query = knot_pkt_new(xfr->query_wire, (uint16_t)query->size, NULL);
	if (xfr->query == NULL || knot_pkt_parse_question(xfr->query) != 0) {
		xfr_out_free(xfr);
		return NULL;
	}
	xfr->edns = query->opt_rr != NULL;
	xfr->from = version_pin(from);
	xfr->to = version_pin(to);
	return xfr;
}

void
xfr_out_free(struct xfr_out *xfr)
{
	if (xfr == NULL)
		return;
	store_iter_free(xfr->iter);
	store_diff_free(xfr->diff);
	version_unpin(xfr->from);
	version_unpin(xfr->to);
	knot_pkt_free(xfr->query);
	free(xfr->query_wire);
	knot_tsig_key_deinit(&xfr->key);
	free(xfr);
}

static bool
soa_of(const struct version *version, struct rr *rr)
{
	const knot_rdataset_t *soa = version_apex(version, KNOT_RRTYPE_SOA, &rr->ttl);

	if (soa == NULL)
		return false;
	rr->owner = version_name(version);
	rr->type = KNOT_RRTYPE_SOA;
	rr->rdata = soa->rdata;
	return true;
}

static bool
body_next(struct xfr_out *xfr)
{
	if (xfr->iter == NULL)
		xfr->iter = version_iterate(xfr->to);
	while (store_iter_next(xfr->iter, &xfr->rr))
		if (xfr->rr.type != KNOT_RRTYPE_SOA)
			return true;
	return false;
}

static bool
diff_next(struct xfr_out *xfr, bool want_added)
{
	bool added;

	if (xfr->diff == NULL)
		xfr->diff = version_diff(xfr->from, xfr->to);
	while (store_diff_next(xfr->diff, &added, &xfr->rr))
		if (added == want_added && xfr->rr.type != KNOT_RRTYPE_SOA)
			return true;
	store_diff_free(xfr->diff);
	xfr->diff = NULL;
	return false;
}

/* Puts the next record into xfr->rr; false at the end. */
static bool
advance(struct xfr_out *xfr)
{
	for (;;) {
		switch (xfr->phase) {
		case FIRST:
			xfr->phase = xfr->from != NULL ? OLD : BODY;
			return soa_of(xfr->to, &xfr->rr);
		case BODY:
			if (body_next(xfr))
				return true;
			xfr->phase = LAST;
			break;
		case OLD:
			xfr->phase = REMOVED;
			return soa_of(xfr->from, &xfr->rr);
		case REMOVED:
			if (diff_next(xfr, false))
				return true;
			xfr->phase = NEW;
			break;
		case NEW:
			xfr->phase = ADDED;
			return soa_of(xfr->to, &xfr->rr);
		case ADDED:
			if (diff_next(xfr, true))
				return true;
			xfr->phase = LAST;
			break;
		case LAST:
			xfr->phase = END;
			return soa_of(xfr->to, &xfr->rr);
		default:
			return false;
		}
	}
}

static int
put_opt(knot_pkt_t *pkt)
{
	knot_rrset_t opt;
	int ret = knot_edns_init(&opt, 1232, 0, KNOT_EDNS_VERSION, NULL);

	if (ret == 0 && (ret = knot_pkt_begin(pkt, KNOT_ADDITIONAL)) == 0)
		ret = knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &opt, 0);
	knot_rrset_clear(&opt, NULL);
	return ret;
}

/* Fills the message with records until one does not fit. */
static int
put_records(struct xfr_out *xfr, knot_pkt_t *pkt)
{
	unsigned count = 0;
	int ret = 0;

	while (xfr->has_rr || (xfr->has_rr = advance(xfr))) {
		knot_rrset_t rrset;
		knot_rrset_init(&rrset, NULL, xfr->rr.type, KNOT_CLASS_IN, xfr->rr.ttl);
		/* only read: neither owner nor rdata is changed by putting it */
		memcpy(&rrset.owner, &xfr->rr.owner, sizeof(rrset.owner));
		rrset.rrs.count = 1;
		rrset.rrs.size = (uint32_t)knot_rdata_size(xfr->rr.rdata->len);
		memcpy(&rrset.rrs.rdata, &xfr->rr.rdata, sizeof(rrset.rrs.rdata));
		ret = knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &rrset, KNOT_PF_NOTRUNC);
		if (ret == KNOT_ESPACE && count > 0)
			return 0;
		if (ret != 0)
			return ret;
		xfr->has_rr = false;
		xfr->records++;
		count++;
	}
	return 0;
}

int
xfr_out_next(struct xfr_out *xfr, uint8_t *buf, size_t max)
{
	if (!xfr->has_rr && !(xfr->has_rr = advance(xfr)))
		return 0;
	int ret = KNOT_ESPACE;
	size_t len = 0;
	/* a record too large for a message of the usual size gets one of its own */
	for (size_t room = XFR_OUT_MESSAGE; ret == KNOT_ESPACE && room <= max; room = max) {
		knot_pkt_t *pkt = knot_pkt_new(buf, (uint16_t)room, NULL);
		if (pkt == NULL)
			return KNOT_ENOMEM;
		ret = knot_pkt_init_response(pkt, xfr->query);
		knot_wire_set_aa(pkt->wire);
		if (ret == 0)
			ret = knot_pkt_reserve(pkt, (uint16_t)(tsig_space(&xfr->tsig) + 11));
		knot_pkt_begin(pkt, KNOT_ANSWER);
		if (ret == 0)
			ret = put_records(xfr, pkt);
		knot_pkt_reclaim(pkt, 11);
		if (ret == 0 && xfr->edns)
			ret = put_opt(pkt);
		len = pkt->size;
		knot_pkt_free(pkt);
		if (room == max)
			break;
	}
	if (ret == 0)
		ret = tsig_sign_reply(&xfr->tsig, buf, &len, max);
	xfr->messages++;
	return ret == 0 ? (int)len : ret;
}

size_t
xfr_out_records(const struct xfr_out *xfr)
{
	return xfr->records;
}

size_t
xfr_out_messages(const struct xfr_out *xfr)
{
	return xfr->messages;
}
