#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "combinerd/serial.h"
#include "combinerd/xfr_in.h"
#include "libmsig/err.h"

enum phase {
	PHASE_FIRST,  /* nothing came yet */
	PHASE_SECOND, /* IXFR: the first SOA came, the next record tells what this is */
	PHASE_FULL,   /* the records of a whole zone */
	PHASE_REMOVE, /* delta: records that go */
	PHASE_ADD,    /* delta: records that come */
	PHASE_END,    /* the closing SOA came */
};

void
xfr_in_init(struct xfr_in *xfr, const knot_dname_t *apex, uint16_t qtype, uint16_t id,
	    uint32_t ours, xfr_sink sink, void *arg)
{
	memset(xfr, 0, sizeof(*xfr));
	xfr->apex = apex;
	xfr->qtype = qtype;
	xfr->id = id;
	xfr->ours = ours;
	xfr->sink = sink;
	xfr->arg = arg;
}

void
xfr_in_clear(struct xfr_in *xfr)
{
	rr_buf_clear(&xfr->first);
}

static int __attribute__((format(printf, 3, 4)))
fail(struct xfr_in *xfr, int err, const char *fmt, ...)
{
	va_list args;

	if (xfr->state == XFR_FAILED)
		return err;
	xfr->state = XFR_FAILED;
	xfr->err = err;
	va_start(args, fmt);
	vsnprintf(xfr->why, sizeof(xfr->why), fmt, args);
	va_end(args);
	return err;
}

static int
out(struct xfr_in *xfr, enum xfr_op op, const struct rr *rr)
{
	int ret = xfr->sink(xfr->arg, op, rr);

	if (ret >= 0)
		return 0;
	xfr->try_axfr = xfr->qtype == KNOT_RRTYPE_IXFR;
	return fail(xfr, ret, "%s",
		    op == XFR_REMOVE && ret == KNOT_ENOENT ? "it removes a record that is not there"
							   : msig_strerror(ret));
}

/* The same record as the first SOA? */
static bool
is_first(const struct xfr_in *xfr, const struct rr *rr)
{
	struct rr_buf buf = {0};

	rr_put(&buf, rr);
	bool same = buf.len == xfr->first.len && memcmp(buf.data, xfr->first.data, buf.len) == 0;
	rr_buf_clear(&buf);
	return same;
}

static int
begin(struct xfr_in *xfr, const struct rr *rr)
{
	if (rr->type != KNOT_RRTYPE_SOA)
		return fail(xfr, KNOT_EMALF, "it does not begin with a SOA record");
	rr_put(&xfr->first, rr);
	xfr->serial = rr_soa_serial(rr->rdata);
	if (xfr->qtype == KNOT_RRTYPE_IXFR) {
		xfr->phase = PHASE_SECOND;
		return 0;
	}
	xfr->phase = PHASE_FULL;
	int ret = out(xfr, XFR_FULL, NULL);
	return ret == 0 ? out(xfr, XFR_SOA, rr) : ret;
}

/* The first SOA once more, as a record. */
static int
out_first(struct xfr_in *xfr)
{
	static struct rr_room room;
	struct rr rr;
	const uint8_t *at = xfr->first.data;

	if (rr_get(&at, xfr->first.data + xfr->first.len, &room, &rr) != KNOT_EOK)
		return fail(xfr, KNOT_EMALF, "malformed SOA record");
	return out(xfr, XFR_SOA, &rr);
}

static int
finish(struct xfr_in *xfr)
{
	xfr->phase = PHASE_END;
	xfr->state = XFR_DONE;
	return 0;
}

static int full_record(struct xfr_in *xfr, const struct rr *rr);

/* The second record of an answer to IXFR: an older SOA begins deltas, all else is a whole zone. */
static int
second(struct xfr_in *xfr, const struct rr *rr)
{
	int ret;

	if (rr->type == KNOT_RRTYPE_SOA && !is_first(xfr, rr)) {
		if (rr_soa_serial(rr->rdata) != xfr->ours) {
			xfr->try_axfr = true;
			return fail(xfr, KNOT_EMALF, "differences to serial %u, we have %u",
				    rr_soa_serial(rr->rdata), xfr->ours);
		}
		xfr->delta = true;
		xfr->phase = PHASE_REMOVE;
		return out(xfr, XFR_DELTA, NULL);
	}
	xfr->phase = PHASE_FULL;
	if ((ret = out(xfr, XFR_FULL, NULL)) != 0 || (ret = out_first(xfr)) != 0)
		return ret;
	return full_record(xfr, rr);
}

static int
full_record(struct xfr_in *xfr, const struct rr *rr)
{
	if (rr->type != KNOT_RRTYPE_SOA)
		return out(xfr, XFR_ADD, rr);
	if (!is_first(xfr, rr))
		return fail(xfr, KNOT_EMALF, "two different SOA records");
	return finish(xfr);
}

static int
delta_record(struct xfr_in *xfr, const struct rr *rr)
{
	bool removing = xfr->phase == PHASE_REMOVE;

	if (rr->type != KNOT_RRTYPE_SOA)
		return out(xfr, removing ? XFR_REMOVE : XFR_ADD, rr);
	uint32_t serial = rr_soa_serial(rr->rdata);
	if (removing) {
		/* the SOA of the version that the records to come lead to */
		xfr->at = serial;
		xfr->phase = PHASE_ADD;
		return out(xfr, XFR_SOA, rr);
	}
	if (serial != xfr->at) {
		xfr->try_axfr = true;
		return fail(xfr, KNOT_EMALF, "differences that do not join: %u, then %u", xfr->at,
			    serial);
	}
	if (serial == xfr->serial) {
		if (!is_first(xfr, rr))
			return fail(xfr, KNOT_EMALF,
				    "it ends with another SOA record than it began");
		return finish(xfr);
	}
	xfr->phase = PHASE_REMOVE;
	return 0;
}

static int
check_record(struct xfr_in *xfr, const knot_rrset_t *rrset)
{
	if (rrset->rclass != KNOT_CLASS_IN)
		return fail(xfr, KNOT_EMALF, "a record of class %u", rrset->rclass);
	if (rrset->rrs.count != 1)
		return fail(xfr, KNOT_EMALF, "a record without data");
	if (rr_is_meta(rrset->type))
		return fail(xfr, KNOT_EMALF, "a record of type %u, which is none of a zone",
			    rrset->type);
	if (knot_dname_in_bailiwick(rrset->owner, xfr->apex) < 0)
		return fail(xfr, KNOT_EOUTOFZONE, "a record outside the zone");
	if (rrset->type == KNOT_RRTYPE_SOA) {
		if (!knot_dname_is_equal(rrset->owner, xfr->apex))
			return fail(xfr, KNOT_EMALF, "a SOA record below the apex");
		if (!rr_soa_valid(rrset->rrs.rdata))
			return fail(xfr, KNOT_EMALF, "malformed SOA record");
	}
	return 0;
}

static int
record(struct xfr_in *xfr, const knot_rrset_t *rrset)
{
	knot_dname_storage_t owner;
	int ret = check_record(xfr, rrset);

	if (ret != 0)
		return ret;
	knot_dname_copy_lower(owner, rrset->owner);
	struct rr rr = {owner, rrset->type, rrset->ttl, rrset->rrs.rdata};
	if (++xfr->records > xfr->max_records && xfr->max_records > 0)
		return fail(xfr, MSIG_ESIZE, "more than %zu records", xfr->max_records);
	switch (xfr->phase) {
	case PHASE_FIRST:
		return begin(xfr, &rr);
	case PHASE_SECOND:
		return second(xfr, &rr);
	case PHASE_FULL:
		return full_record(xfr, &rr);
	case PHASE_REMOVE:
	case PHASE_ADD:
		return delta_record(xfr, &rr);
	default:
		return fail(xfr, KNOT_EMALF, "records behind the end");
	}
}

static int
check_header(struct xfr_in *xfr, const knot_pkt_t *pkt)
{
	const uint8_t *wire = pkt->wire;

	if (!knot_wire_get_qr(wire) || knot_wire_get_opcode(wire) != KNOT_OPCODE_QUERY ||
	    knot_wire_get_id(wire) != xfr->id)
		return fail(xfr, KNOT_EMALF, "not the answer to our question");
	uint16_t rcode = knot_wire_get_rcode(wire);
	if (rcode != KNOT_RCODE_NOERROR) {
		const knot_lookup_t *text = knot_lookup_by_id(knot_rcode_names, rcode);
		xfr->rcode = rcode;
		xfr->try_axfr = xfr->qtype == KNOT_RRTYPE_IXFR && xfr->messages == 1 &&
				(rcode == KNOT_RCODE_FORMERR || rcode == KNOT_RCODE_NOTIMPL ||
				 rcode == KNOT_RCODE_SERVFAIL);
		return fail(xfr, MSIG_EREFUSED, "the server answers %s",
			    text != NULL ? text->name : "with an error");
	}
	if (knot_wire_get_tc(wire))
		return fail(xfr, KNOT_EMALF, "truncated message");
	uint16_t questions = knot_wire_get_qdcount(wire);
	if (questions > 1 || (questions == 0 && xfr->messages == 1))
		return fail(xfr, KNOT_EMALF, "not the answer to our question");
	if (questions == 1 &&
	    (knot_pkt_qtype(pkt) != xfr->qtype || knot_pkt_qclass(pkt) != KNOT_CLASS_IN ||
	     !knot_dname_is_equal(knot_pkt_qname(pkt), xfr->apex)))
		return fail(xfr, KNOT_EMALF, "not the answer to our question");
	return 0;
}

/* A single SOA is the whole answer to IXFR: up to date, or (over UDP only) too large. */
static void
single_soa(struct xfr_in *xfr)
{
	if (serial_gt(xfr->serial, xfr->ours)) {
		xfr->try_axfr = true;
		fail(xfr, KNOT_EMALF, "a single SOA record with a newer serial");
	} else {
		xfr->state = XFR_CURRENT;
	}
}

enum xfr_state
xfr_in_message(struct xfr_in *xfr, const knot_pkt_t *pkt)
{
	const knot_pktsection_t *answer = knot_pkt_section(pkt, KNOT_ANSWER);

	if (xfr->state != XFR_MORE) {
		fail(xfr, KNOT_EMALF, "messages behind the end");
		return xfr->state;
	}
	xfr->messages++;
	xfr->bytes += pkt->size;
	if (xfr->max_bytes > 0 && xfr->bytes > xfr->max_bytes)
		fail(xfr, MSIG_ESIZE, "more than %zu octets", xfr->max_bytes);
	else if (check_header(xfr, pkt) == 0 && answer->count == 0)
		fail(xfr, KNOT_EMALF, "a message without records");
	for (uint16_t i = 0; xfr->state != XFR_FAILED && i < answer->count; i++)
		record(xfr, knot_pkt_rr(answer, i));
	/* A primary may send the SOA in a message of its own, and then go on. It may also be at the
	 * end: then our own serial is in it. */
	if (xfr->state == XFR_MORE && xfr->phase == PHASE_SECOND &&
	    !serial_gt(xfr->serial, xfr->ours))
		single_soa(xfr);
	return xfr->state;
}

enum xfr_state
xfr_in_end(struct xfr_in *xfr)
{
	if (xfr->state != XFR_MORE)
		return xfr->state;
	if (xfr->phase == PHASE_SECOND)
		single_soa(xfr);
	else
		fail(xfr, MSIG_ETRUNC, "the connection ended in the middle");
	return xfr->state;
}
