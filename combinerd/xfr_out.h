/*
 * Outgoing transfers: AXFR and IXFR of a pinned version, message by message as the reader takes
 * them. A slow reader holds a version and blocks nobody.
 */
#pragma once

#include "combinerd/store.h"
#include "libmsig/daemon/tsig.h"

#define XFR_OUT_MESSAGE 16384 /* largest message: compression reaches no further */

struct xfr_out;

/*
 * from NULL: the whole zone; otherwise the differences from that version to to. query is the
 * request (id, question, OPT); tsig of the verified request is taken over, its key copied. NULL: no
 * memory.
 */
struct xfr_out *xfr_out_new(const knot_pkt_t *query, const struct tsig_ctx *tsig,
			    struct version *from, struct version *to);
void xfr_out_free(struct xfr_out *xfr);

/* The next message into buf, signed. Its length, 0 behind the last one, or an error. */
int xfr_out_next(struct xfr_out *xfr, uint8_t *buf, size_t max);
size_t xfr_out_records(const struct xfr_out *xfr);
size_t xfr_out_messages(const struct xfr_out *xfr);
