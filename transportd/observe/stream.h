/*
 * What a whole zone looks like, kept without the zone: content digest, TTLs, signatures by key, the
 * first one that ends. Made from the records of an AXFR, kept up to date by those of IXFRs, whose
 * deleted records are taken away again. Pure: no I/O, no clock of its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libknot/libknot.h>
#include "libmsig/digest.h"
#include "transportd/observe/tally.h"

struct picture {
	bool valid;
	uint32_t serial, refresh, retry, expire, minimum;
	uint64_t records;
	struct msig_digest digest;
	struct tally ttl;        /* records by TTL */
	struct tally signatures; /* RRSIGs by algorithm << 16 | tag */
	struct tally expires;    /* RRSIGs by UTC s, rounded down to a minute */
	knot_rrset_t *soa;       /* for the next IXFR */
};

void picture_clear(struct picture *picture);
uint32_t picture_max_ttl(const struct picture *picture);
uint64_t picture_expires(const struct picture *picture); /* 0: no signature */

enum stream_state {
	STREAM_START,
	STREAM_FIRST, /* one SOA came */
	STREAM_AXFR,
	STREAM_DELETE,
	STREAM_ADD,
	STREAM_DONE,
};

struct stream {
	const knot_dname_t *zone;
	enum stream_state state;
	struct picture work;
	uint32_t serial;   /* at the end */
	uint64_t now;      /* UTC s, for times of 32 bits */
	bool full;         /* an AXFR, or an answer in its form */
	bool older;        /* the other side has nothing newer than we */
	knot_rrset_t *soa; /* the first */
};

/* have: what an IXFR builds upon, or NULL for an AXFR; it is copied. zone is borrowed. */
int stream_begin(struct stream *stream, const knot_dname_t *zone, const struct picture *have,
		 uint64_t now);
/* One record of the answer. KNOT_EMALF, KNOT_EOUTOFZONE, or KNOT_ENORECORD if the zone does not
 * have what is deleted: then only an AXFR helps. */
int stream_record(struct stream *stream, const knot_rrset_t *rr);
/* The first message is over: one SOA alone says that there is nothing newer. */
void stream_message_end(struct stream *stream);
/* Hands over the picture; STREAM_DONE only, and not if older. */
void stream_take(struct stream *stream, struct picture *picture);
void stream_clear(struct stream *stream);
