/*
 * TSIG on whole messages (RFC 8945), on libknot. Single messages and the streams of transfers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>

#define TSIG_FUDGE_MAX 300 /* s; a larger one that a sender asks for is cut */

/* The key of a request that was verified, its MAC, and the state of a stream. Start with zeros, end
 * a client's with tsig_clear(). key is borrowed: it must outlive the context. */
struct tsig_ctx {
	const knot_tsig_key_t *key; /* NULL: not signed */
	uint8_t mac[64];
	size_t mac_len;
	uint64_t time;  /* last time signed, for replay checks */
	uint16_t error; /* TSIG error to answer with, or answered: BADKEY, BADSIG, BADTIME */
	bool first;
	/* of a request that is answered without signature */
	knot_dname_storage_t name, alg;
	uint16_t orig_id, fudge;
	/* what came without TSIG since the last signed message */
	uint8_t *pending;
	size_t pending_len;
	unsigned pending_count;
};

typedef const knot_tsig_key_t *(*tsig_find)(void *arg, const knot_dname_t *name);

/* Verifies a request that was parsed (pkt->tsig_rr), in the order of RFC 8945 5.2: key, MAC, time,
 * truncation. 0: valid or not signed (ctx->key tells). KNOT_EMALF: answer FORMERR. Otherwise a
 * KNOT_TSIG_E* and ctx->error: answer NOTAUTH, passed through tsig_sign_reply(). Whether a request
 * may be unsigned is the caller's decision. */
int tsig_verify_request(knot_pkt_t *pkt, tsig_find find, void *arg, struct tsig_ctx *ctx);
/* Signs a message of the answer in place; first message of a stream, then the following ones. An
 * error answer gets its TSIG: BADKEY and BADSIG unsigned, BADTIME and BADTRUNC signed (RFC 8945
 * 5.3.2). Does nothing if the request was not signed. */
int tsig_sign_reply(struct tsig_ctx *ctx, uint8_t *wire, size_t *len, size_t max);
/* Octets to leave free for what tsig_sign_reply() or tsig_sign_request() with that key adds. */
size_t tsig_space(const struct tsig_ctx *ctx);
size_t tsig_key_space(const knot_tsig_key_t *key);

/* A client's side: sign a request; verify the messages of its answer in turn. The first must be
 * signed, up to 99 without TSIG are accepted between signed ones; call tsig_verify_end behind the
 * last. KNOT_ENOTSIG where a signature is missing; a KNOT_TSIG_E* with ctx->error set where the
 * server says that ours was wrong. */
int tsig_sign_request(struct tsig_ctx *ctx, const knot_tsig_key_t *key, uint8_t *wire, size_t *len,
                      size_t max);
int tsig_verify_reply(struct tsig_ctx *ctx, knot_pkt_t *pkt);
int tsig_verify_end(struct tsig_ctx *ctx);
void tsig_clear(struct tsig_ctx *ctx);
