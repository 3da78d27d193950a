/*
 * The cheap checks: what a stranger's message must pass before agentd spends a public-key operation
 * on it. A table in order, the cheapest first; no cryptography, no I/O. Each check that fails gives
 * the RCODE and Extended DNS Error of the answer, which is unsigned and never larger than the
 * query.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/option.h"
#include "libmsig/sig0.h"
#include "transportd/peer/budget.h"
#include "transportd/peer/peertable.h"

#define CHEAP_MAX 16384 /* octets of one message: a whole apex fits many times */

/* id, name in counters, RCODE and EDE when it fails, text */
#define CHEAP_CHECKS(X)                                                                     \
	X(SIZE, "size", FORMERR, INV_DATA, "message too large")                             \
	X(REQUEST, "request", FORMERR, INV_DATA, "not a request")                           \
	X(SOURCE, "source-budget", REFUSED, BLOCKED, "too many messages from this address") \
	X(OPCODE, "opcode", NOTIMPL, NOTSUP, "opcode not supported")                        \
	X(QUESTION, "question", FORMERR, INV_DATA, "not exactly one question")              \
	X(PARSE, "parse", FORMERR, INV_DATA, "malformed message")                           \
	X(PRESENT, "option", REFUSED, PROHIBITED, "no Multi-Signer option")                 \
	X(OPTION, "option-form", FORMERR, INV_DATA, "malformed Multi-Signer option")        \
	X(CARRIER, "carrier", FORMERR, INV_DATA, "question and option do not fit")          \
	X(STREAM, "stream", NOERROR, NONE, "TCP only")                                      \
	X(READY, "ready", REFUSED, NOT_READY, "peers not known yet")                        \
	X(ZONE, "zone", REFUSED, NOT_READY, "zone not shared with anybody")                 \
	X(SIGNED, "signed", REFUSED, PROHIBITED, "no SIG(0) at the end")                    \
	X(SIGNER, "signer", BADKEY, PROHIBITED, "signer not known")                         \
	X(SHARED, "shared", REFUSED, PROHIBITED, "zone not shared with this signer")        \
	X(WINDOW, "window", NOTAUTH, SIG_EXPIRED, "signature outside its time window")      \
	X(SIGNER_BUDGET, "signer-budget", REFUSED, BLOCKED, "too many messages of this signer")

enum cheap_check {
#define X(id, name, rcode, ede, text) CHEAP_##id,
	CHEAP_CHECKS(X)
#undef X
	    CHEAP_CHECK_COUNT /* passed all */
};

/* A message on its way through the checks. The caller fills the first part. */
struct cheap_query {
	const uint8_t *wire;
	size_t len;
	bool tcp;
	const struct dnsio_addr *source;
	uint64_t now; /* UTC ms */
	uint64_t now_mono;
	uint32_t window; /* s, of signatures */
	uint32_t rate_signer;
	uint16_t option_code;
	const struct peertable *table;
	struct budget *budget;

	/* What the checks found. */
	struct budget_source *from;
	knot_pkt_t *pkt;
	size_t question; /* octets of the question section, once it was understood */
	struct msig_option option;
	struct msig_sig0_info sig;
	struct peer *peer;
	const struct peer *claimed; /* CHEAP_SIGNER: it says HELLO as this one, whose keys lack */
};

/* The answer to what failed. */
struct cheap_verdict {
	enum cheap_check check;
	bool drop; /* no answer at all */
	bool tc;
	uint16_t rcode;
	int ede; /* KNOT_EDNS_EDE_NONE: none */
	const char *text;
};

/* true: passed. Call cheap_clear in any case. */
bool cheap_run(struct cheap_query *q, struct cheap_verdict *verdict);
void cheap_clear(struct cheap_query *q);

/* Writes the answer, at most min(max, length of the query). Returns its length, 0 for none. */
size_t cheap_answer(const struct cheap_query *q, const struct cheap_verdict *verdict, uint8_t *out,
		    size_t max);

const char *cheap_name(enum cheap_check check);
