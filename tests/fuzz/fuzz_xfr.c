/*
 * Incoming transfers: one octet (odd: IXFR from serial 5), then messages, each behind its length. Into
 * a store, as transfer.c does it.
 */
#include "combinerd/store.h"
#include "combinerd/xfr_in.h"
#include "tests/fuzz/fuzz.h"

#define APEX ((const knot_dname_t *)"\x07" "example")

struct sink {
	struct version *base;
	struct change *change;
};

static struct version *
base_version(void)
{
	static const uint8_t soa[] = {0, 0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
	static struct rr_room room;
	struct change *change = store_begin(NULL, APEX);
	struct rr rr = {APEX, KNOT_RRTYPE_SOA, 1, rr_room_rdata(&room)};

	knot_rdata_init(rr_room_rdata(&room), sizeof(soa), soa);
	change_add(change, &rr);
	rr.type = KNOT_RRTYPE_A;
	knot_rdata_init(rr_room_rdata(&room), 4, (const uint8_t *)"\xc0\x00\x02\x01");
	change_add(change, &rr);
	return store_commit(change);
}

static int
take(void *arg, enum xfr_op op, const struct rr *rr)
{
	struct sink *sink = arg;

	switch (op) {
	case XFR_FULL:
	case XFR_DELTA:
		HOLDS(sink->change == NULL);
		sink->change = store_begin(op == XFR_DELTA ? sink->base : NULL, APEX);
		return 0;
	case XFR_REMOVE:
		HOLDS(sink->change != NULL && rr->type != KNOT_RRTYPE_SOA);
		return change_remove(sink->change, rr);
	case XFR_SOA:
		HOLDS(sink->change != NULL && rr->type == KNOT_RRTYPE_SOA);
		change_drop(sink->change, rr->owner, KNOT_RRTYPE_SOA);
		return change_add(sink->change, rr);
	default:
		HOLDS(sink->change != NULL && rr->type != KNOT_RRTYPE_SOA);
		HOLDS(knot_dname_in_bailiwick(rr->owner, APEX) >= 0);
		return change_add(sink->change, rr);
	}
}

static void
check_version(struct version *version, uint32_t serial)
{
	struct store_iter *iter = version_iterate(version);
	struct rr_sum sum = {0}, have = version_sum(version);
	size_t count = 0, bytes = 0;
	struct rr rr;

	while (store_iter_next(iter, &rr)) {
		rr_sum_add(&sum, &rr);
		count++;
		bytes += rr_size(&rr);
	}
	store_iter_free(iter);
	HOLDS(count == version_count(version) && bytes == version_bytes(version));
	HOLDS(sum.a == have.a && sum.b == have.b);
	HOLDS(version_apex(version, KNOT_RRTYPE_SOA, NULL)->count == 1);
	HOLDS(version_serial(version) == serial);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct version *base;
	struct xfr_in xfr;
	bool ixfr = len > 0 && data[0] % 2 == 1;

	if (base == NULL)
		base = base_version();
	struct sink sink = {.base = base};
	size_t at = 1;
	uint16_t id = len > 5 ? knot_wire_read_u16(data + 3) : 0;
	xfr_in_init(&xfr, APEX, ixfr ? KNOT_RRTYPE_IXFR : KNOT_RRTYPE_AXFR, id, 5, take, &sink);
	xfr.max_records = 1000;
	while (xfr.state == XFR_MORE && at + 2 < len) {
		size_t size = knot_wire_read_u16(data + at);
		at += 2;
		if (size > len - at)
			size = len - at;
		uint8_t *copy = malloc(size + 1);
		memcpy(copy, data + at, size);
		knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)size, NULL);
		if (size >= KNOT_WIRE_HEADER_SIZE && knot_pkt_parse(pkt, KNOT_PF_NOCANON) == 0)
			xfr_in_message(&xfr, pkt);
		knot_pkt_free(pkt);
		free(copy);
		at += size;
	}
	enum xfr_state state = xfr_in_end(&xfr);
	HOLDS(state != XFR_MORE);
	HOLDS((state == XFR_FAILED) == (xfr.err != 0));
	HOLDS((state == XFR_FAILED) == (xfr.why[0] != '\0'));
	HOLDS(state != XFR_CURRENT || (ixfr && sink.change == NULL));
	if (state == XFR_DONE) {
		struct version *version = store_commit(sink.change);
		check_version(version, xfr.serial);
		version_unpin(version);
	} else {
		store_rollback(sink.change);
	}
	xfr_in_clear(&xfr);
	return 0;
}
