/*
 * One transfer of a zone, AXFR or IXFR, as its messages come: the query, TSIG over all of the
 * answer (RFC 8945 5.3.1), and the stream that the records make. What to do with its end is the
 * caller's.
 */
#pragma once

#include "libmsig/daemon/dnsio.h"
#include "libmsig/daemon/tsig.h"
#include "transportd/observe/stream.h"

struct transfer_end {
	int error;      /* of the network, of TSIG, of the records; 0: all is in the stream */
	uint16_t rcode; /* of the answer; other than NOERROR: that is why it failed */
	bool theirs;    /* it is the server that says so: its signature, if there is a key, holds */
};

/* Each record but the SOA; an error ends the transfer with it. */
typedef int (*transfer_record)(void *arg, const knot_rrset_t *rr);
/* Once. The transfer may be cleared, and begun anew, in here. */
typedef void (*transfer_done)(void *arg, const struct transfer_end *end);

struct transfer {
	struct dnsio_client *client; /* NULL: none runs */
	struct tsig_ctx ctx;
	struct stream stream;
	const knot_tsig_key_t *key;
	bool first; /* no message of the answer yet */
	transfer_record record;
	transfer_done done;
	void *arg;
};

struct transfer_ask {
	struct loop *loop;
	const knot_dname_t *zone; /* borrowed until the transfer is cleared, as is key */
	const struct dnsio_addr *server, *via;
	const knot_tsig_key_t *key; /* name NULL: none */
	const struct picture *have; /* what an IXFR builds upon; NULL: AXFR */
	uint32_t idle;              /* ms without progress */
};

/* record may be NULL. done is not called before this has returned. A negative error: nothing was
 * begun, and done is not called. */
int transfer_begin(struct transfer *transfer, const struct transfer_ask *ask,
		   transfer_record record, transfer_done done, void *arg);
void transfer_clear(struct transfer *transfer);

/* Why it failed, for a person. */
const char *transfer_reason(const struct transfer_end *end, char *buf, size_t len);
