/*
 * The grammar of an incoming transfer (RFC 5936, RFC 1995): messages in, records out. Pure: no
 * sockets, no TSIG, no store. Strict, since what it lets through is served: SOA first and last, all
 * records in the zone and of class IN, deltas that join up, nothing behind the end.
 */
#pragma once

#include "combinerd/rr.h"

enum xfr_op {
	XFR_FULL,   /* what follows is a whole zone: begin from nothing. rr is NULL */
	XFR_DELTA,  /* what follows are differences to our version. rr is NULL */
	XFR_REMOVE, /* one record (never the SOA) */
	XFR_ADD,    /* one record (never the SOA) */
	XFR_SOA,    /* the SOA of the version reached so far */
};

/* Takes what comes out. A negative error ends the transfer with that error. */
typedef int (*xfr_sink)(void *arg, enum xfr_op op, const struct rr *rr);

enum xfr_state {
	XFR_MORE,    /* another message is wanted */
	XFR_DONE,    /* complete */
	XFR_CURRENT, /* the answer to IXFR is: you are up to date (a single SOA) */
	XFR_FAILED,  /* broken, err and why say how; nothing of it may be used */
};

struct xfr_in {
	enum xfr_state state;
	int err;        /* KNOT_E*, MSIG_E* */
	uint16_t rcode; /* of the answer, when that was the reason */
	bool try_axfr;  /* it was IXFR that failed, AXFR may work */
	char why[160];
	uint32_t serial; /* of the version that is being sent, once known */
	bool delta;      /* it came as differences */
	size_t records, messages, bytes;
	/* inside */
	const knot_dname_t *apex;
	uint16_t qtype, id;
	uint32_t ours; /* the serial in our IXFR */
	size_t max_records, max_bytes;
	int phase;
	uint32_t at;         /* serial reached inside the deltas */
	struct rr_buf first; /* first SOA, wire form */
	xfr_sink sink;
	void *arg;
};

/* apex is borrowed. ours counts for IXFR only. Limits: 0 means none. */
void xfr_in_init(struct xfr_in *xfr, const knot_dname_t *apex, uint16_t qtype, uint16_t id,
		 uint32_t ours, xfr_sink sink, void *arg);
void xfr_in_clear(struct xfr_in *xfr);

/* One message, parsed with KNOT_PF_NOCANON. Returns the new state. */
enum xfr_state xfr_in_message(struct xfr_in *xfr, const knot_pkt_t *pkt);
/* The connection ended. Anything but a complete transfer is XFR_FAILED. */
enum xfr_state xfr_in_end(struct xfr_in *xfr);
