/*
 * TSIG on whole messages (RFC 8945), on libknot. Single messages and the streams of transfers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>

/* The key of a request that was verified, its MAC, and the state of a stream. */
struct tsig_ctx {
	const knot_tsig_key_t *key; /* NULL: not signed */
	uint8_t mac[64];
	size_t mac_len;
	uint64_t time; /* last time signed, for replay checks */
	uint16_t error; /* TSIG error to answer with: BADKEY, BADSIG, BADTIME, BADTRUNC */
	bool first;
};

typedef const knot_tsig_key_t *(*tsig_find)(void *arg, const knot_dname_t *name);

/* Verifies a request that was parsed (pkt->tsig_rr). 0: valid or not signed (ctx->key tells).
 * Otherwise a KNOT_TSIG_E* and ctx->error. */
int tsig_verify_request(knot_pkt_t *pkt, tsig_find find, void *arg, struct tsig_ctx *ctx);
/* Signs a message of the answer in place; first message of a stream, then the following ones. */
int tsig_sign_reply(struct tsig_ctx *ctx, uint8_t *wire, size_t *len, size_t max);

/* A client's side: sign a request; verify the messages of its answer in turn. Up to 99 messages
 * without TSIG are accepted between signed ones; call tsig_verify_end behind the last. */
int tsig_sign_request(struct tsig_ctx *ctx, const knot_tsig_key_t *key, uint8_t *wire, size_t *len,
                      size_t max);
int tsig_verify_reply(struct tsig_ctx *ctx, knot_pkt_t *pkt);
int tsig_verify_end(struct tsig_ctx *ctx);
