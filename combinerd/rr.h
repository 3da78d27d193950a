/*
 * One resource record: the unit that transfers bring, the store keeps and the journal writes.
 * Knows the wire form of records, and nothing of zones.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>

/* Class IN. Everything is borrowed. The owner is in lower case, rdata as it came, uncompressed. */
struct rr {
	const knot_dname_t *owner;
	uint16_t type;
	uint32_t ttl;
	const knot_rdata_t *rdata;
};

/* Room for one record that was decoded: the rr points into it. */
struct rr_room {
	knot_dname_storage_t owner;
	uint16_t space[(2 + KNOT_RDATA_MAXLEN + 1) / 2];
};

static inline knot_rdata_t *
rr_room_rdata(struct rr_room *room)
{
	return (knot_rdata_t *)room->space;
}

/* A growing piece of memory. Out of memory ends the process (log.h). */
struct rr_buf {
	uint8_t *data;
	size_t len, max;
};

void rr_buf_add(struct rr_buf *buf, const void *data, size_t len);
void rr_buf_clear(struct rr_buf *buf);

/* Appends the record in wire form: owner, type, class IN, TTL, length, rdata. */
void rr_put(struct rr_buf *buf, const struct rr *rr);
/* Reads one record at *at and moves *at behind it. KNOT_EMALF if there is none. */
int rr_get(const uint8_t **at, const uint8_t *end, struct rr_room *room, struct rr *rr);

/* Equal up to the case of names in rdata (RFC 4034 6.2). The owner is not looked at. */
bool rr_same(uint16_t type, const knot_rdata_t *a, const knot_rdata_t *b);

size_t rr_size(const struct rr *rr); /* octets of the uncompressed wire form */

/*
 * A sum over the records of a set, whatever their order: finds a copy that differs from what it
 * should be (disk, journal, a bug). Not a defence against somebody who wants a collision.
 */
struct rr_sum {
	uint64_t a, b;
};

void rr_sum_add(struct rr_sum *sum, const struct rr *rr);
void rr_sum_remove(struct rr_sum *sum, const struct rr *rr);
uint64_t rr_checksum(const void *data, size_t len);

/* Types that stand in no zone: 0, OPT, and 128 to 255, the query and meta types (RFC 6895 3.1). */
bool rr_is_meta(uint16_t type);

uint32_t rr_soa_serial(const knot_rdata_t *soa);
/* Whether the rdata is that of a SOA record: two names and 20 octets. */
bool rr_soa_valid(const knot_rdata_t *soa);
