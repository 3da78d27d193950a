#include "config.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include "combinerd/rr.h"
#include "libmsig/daemon/log.h"

#define SOA_NUMBERS 20

void
rr_buf_add(struct rr_buf *buf, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (buf->max - buf->len < len) {
		size_t max = buf->max > 0 ? buf->max * 2 : 1024;
		while (max - buf->len < len)
			max *= 2;
		uint8_t *more = realloc(buf->data, max);
		if (more == NULL)
			fatal("out of memory (%zu octets)", max);
		buf->data = more;
		buf->max = max;
	}
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
}

void
rr_buf_clear(struct rr_buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

static void
fixed_part(uint8_t fixed[10], const struct rr *rr)
{
	knot_wire_write_u16(fixed, rr->type);
	knot_wire_write_u16(fixed + 2, KNOT_CLASS_IN);
	knot_wire_write_u32(fixed + 4, rr->ttl);
	knot_wire_write_u16(fixed + 8, rr->rdata->len);
}

void
rr_put(struct rr_buf *buf, const struct rr *rr)
{
	uint8_t fixed[10];

	fixed_part(fixed, rr);
	rr_buf_add(buf, rr->owner, knot_dname_size(rr->owner));
	rr_buf_add(buf, fixed, sizeof(fixed));
	rr_buf_add(buf, rr->rdata->data, rr->rdata->len);
}

int
rr_get(const uint8_t **at, const uint8_t *end, struct rr_room *room, struct rr *rr)
{
	const uint8_t *p = *at;
	int len = knot_dname_wire_check(p, end, NULL);

	if (len <= 0 || end - p < len + 10)
		return KNOT_EMALF;
	memcpy(room->owner, p, (size_t)len);
	p += len;
	uint16_t rdlen = knot_wire_read_u16(p + 8);
	if (knot_wire_read_u16(p + 2) != KNOT_CLASS_IN || end - p - 10 < rdlen)
		return KNOT_EMALF;
	rr->owner = room->owner;
	rr->type = knot_wire_read_u16(p);
	rr->ttl = knot_wire_read_u32(p + 4);
	knot_rdata_init(rr_room_rdata(room), rdlen, p + 10);
	rr->rdata = rr_room_rdata(room);
	*at = p + 10 + rdlen;
	return KNOT_EOK;
}

/* A copy of the rdata as a record set in canonical form. */
static int
canonical(knot_rrset_t *set, uint16_t type, const knot_rdata_t *rdata)
{
	static const uint8_t root[1] = {0};
	knot_dname_t *owner = knot_dname_copy(root, NULL);

	if (owner == NULL)
		return KNOT_ENOMEM;
	knot_rrset_init(set, owner, type, KNOT_CLASS_IN, 0);
	int ret = knot_rdataset_add(&set->rrs, rdata, NULL);
	return ret == KNOT_EOK ? knot_rrset_rr_to_canonical(set) : ret;
}

bool
rr_same(uint16_t type, const knot_rdata_t *a, const knot_rdata_t *b)
{
	if (a->len != b->len)
		return false;
	if (memcmp(a->data, b->data, a->len) == 0)
		return true;
	if (!knot_rrtype_should_be_lowercased(type))
		return false;

	knot_rrset_t ca, cb;
	knot_rrset_init_empty(&ca);
	knot_rrset_init_empty(&cb);
	bool same = canonical(&ca, type, a) == KNOT_EOK && canonical(&cb, type, b) == KNOT_EOK &&
		    knot_rdataset_eq(&ca.rrs, &cb.rrs);
	knot_rrset_clear(&ca, NULL);
	knot_rrset_clear(&cb, NULL);
	return same;
}

size_t
rr_size(const struct rr *rr)
{
	return knot_dname_size(rr->owner) + 10 + rr->rdata->len;
}

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

static uint64_t
hash(uint64_t h, const uint8_t *data, size_t len)
{
	for (; len >= 8; data += 8, len -= 8) {
		uint64_t word;
		memcpy(&word, data, 8);
		h = mix(h ^ le64toh(word)) + 0x9e3779b97f4a7c15ULL;
	}
	uint64_t rest = 0;
	for (size_t i = 0; i < len; i++)
		rest |= (uint64_t)data[i] << (8 * i);
	return mix(h ^ rest ^ ((uint64_t)(len + 1) << 56));
}

static struct rr_sum
sum_of(const struct rr *rr)
{
	uint8_t fixed[10];
	size_t size = knot_dname_size(rr->owner);
	struct rr_sum one;

	fixed_part(fixed, rr);
	one.a = hash(hash(hash(1, rr->owner, size), fixed, 10), rr->rdata->data, rr->rdata->len);
	one.b =
	    hash(hash(hash(~one.a, fixed, 10), rr->rdata->data, rr->rdata->len), rr->owner, size);
	return one;
}

void
rr_sum_add(struct rr_sum *sum, const struct rr *rr)
{
	struct rr_sum one = sum_of(rr);
	sum->a += one.a;
	sum->b += one.b;
}

void
rr_sum_remove(struct rr_sum *sum, const struct rr *rr)
{
	struct rr_sum one = sum_of(rr);
	sum->a -= one.a;
	sum->b -= one.b;
}

uint64_t
rr_checksum(const void *data, size_t len)
{
	return hash(len, data, len);
}

bool
rr_is_meta(uint16_t type)
{
	return type == 0 || type == KNOT_RRTYPE_OPT || (type >= 128 && type <= 255);
}

bool
rr_soa_valid(const knot_rdata_t *soa)
{
	const uint8_t *end = soa->data + soa->len;
	int mname = knot_dname_wire_check(soa->data, end, NULL);

	if (mname <= 0)
		return false;
	int rname = knot_dname_wire_check(soa->data + mname, end, NULL);
	return rname > 0 && soa->len == mname + rname + SOA_NUMBERS;
}

uint32_t
rr_soa_serial(const knot_rdata_t *soa)
{
	return knot_wire_read_u32(soa->data + soa->len - SOA_NUMBERS);
}
