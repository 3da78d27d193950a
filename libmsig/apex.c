/*
 * The five apex sets together, and their form as a DNS UPDATE.
 */
#include "libmsig/apex.h"
#include <string.h>
#include "libmsig/err.h"
#include "libmsig/name.h"

static const uint16_t types[MSIG_APEX_COUNT] = {
#define X(id, type) type,
    MSIG_APEX_TYPES(X)
#undef X
};

void
msig_apex_init(struct msig_apex *apex)
{
	for (int i = 0; i < MSIG_APEX_COUNT; i++)
		msig_set_init(&apex->set[i], types[i]);
}

void
msig_apex_clear(struct msig_apex *apex)
{
	for (int i = 0; i < MSIG_APEX_COUNT; i++)
		msig_set_clear(&apex->set[i]);
}

int
msig_apex_copy(struct msig_apex *to, const struct msig_apex *from)
{
	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		int ret = msig_set_copy(&to->set[i], &from->set[i]);

		if (ret != 0)
			return ret;
	}
	return 0;
}

struct msig_set *
msig_apex_set(struct msig_apex *apex, uint16_t type)
{
	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		if (types[i] == type)
			return &apex->set[i];
	}
	return NULL;
}

bool
msig_apex_is_type(uint16_t type)
{
	struct msig_apex none;

	return msig_apex_set(&none, type) != NULL;
}

int
msig_apex_merge(struct msig_apex *to, const struct msig_apex *from)
{
	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		int ret = msig_set_merge(&to->set[i], &from->set[i]);

		if (ret != 0)
			return ret;
	}
	return 0;
}

int
msig_apex_subtract(struct msig_apex *to, const struct msig_apex *from)
{
	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		int ret = msig_set_subtract(&to->set[i], &from->set[i]);

		if (ret != 0)
			return ret;
	}
	return 0;
}

bool
msig_apex_eq(const struct msig_apex *a, const struct msig_apex *b)
{
	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		if (!msig_set_eq(&a->set[i], &b->set[i]))
			return false;
	}
	return true;
}

bool
msig_apex_empty(const struct msig_apex *apex)
{
	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		if (apex->set[i].rrs.count > 0)
			return false;
	}
	return true;
}

int
msig_apex_digest(const struct msig_apex *apex, uint8_t digest[MSIG_DIGEST_LEN])
{
	const struct msig_set *sets[MSIG_APEX_COUNT];

	for (int i = 0; i < MSIG_APEX_COUNT; i++)
		sets[i] = &apex->set[i];
	return msig_sets_digest(sets, MSIG_APEX_COUNT, digest);
}

/* Writes one RR at the zone's name, which is compressed to the question at offset 12. */
static void
put_rr(struct msig_wr *wr, uint16_t type, uint16_t rclass, uint32_t ttl, const knot_rdata_t *rr)
{
	msig_wr_u16(wr, 0xc000 | KNOT_WIRE_HEADER_SIZE);
	msig_wr_u16(wr, type);
	msig_wr_u16(wr, rclass);
	msig_wr_u32(wr, ttl);
	msig_wr_u16(wr, rr == NULL ? 0 : rr->len);
	if (rr != NULL)
		msig_wr_bytes(wr, rr->data, rr->len);
}

static unsigned
put_set(struct msig_wr *wr, const struct msig_set *set)
{
	put_rr(wr, set->type, KNOT_CLASS_ANY, 0, NULL);
	MSIG_SET_EACH(set, rr)
	put_rr(wr, set->type, KNOT_CLASS_IN, set->ttl, rr);
	return 1 + set->rrs.count;
}

int
msig_apex_to_update(const struct msig_apex *apex, unsigned mask, const knot_dname_t *zone,
		    uint16_t id, uint8_t *wire, size_t *len)
{
	struct msig_wr wr;
	unsigned count = 0;

	msig_wr_init(&wr, wire, *len > KNOT_WIRE_MAX_PKTSIZE ? KNOT_WIRE_MAX_PKTSIZE : *len);
	msig_wr_u16(&wr, id);
	msig_wr_u16(&wr, KNOT_OPCODE_UPDATE << 11);
	msig_wr_u16(&wr, 1); /* zone section */
	msig_wr_u16(&wr, 0);
	msig_wr_u16(&wr, 0); /* update section, below */
	msig_wr_u16(&wr, 0);
	msig_wr_name(&wr, zone);
	msig_wr_u16(&wr, KNOT_RRTYPE_SOA);
	msig_wr_u16(&wr, KNOT_CLASS_IN);
	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		if (mask & (1u << i))
			count += put_set(&wr, &apex->set[i]);
	}
	msig_wr_patch16(&wr, 8, count);
	if (wr.err == 0)
		*len = wr.len;
	return wr.err;
}

/* One record of the update section: "delete RRset", or an add. */
static int
take_rr(struct msig_apex *apex, const knot_rrset_t *rr, const knot_dname_t *zone, unsigned *mask)
{
	struct msig_set *set = msig_apex_set(apex, rr->type);
	const knot_rdata_t *rdata = rr->rrs.rdata;

	if (set == NULL || rr->rrs.count != 1 || !msig_name_eq(rr->owner, zone))
		return MSIG_EVALUE;
	*mask |= 1u << (set - apex->set);
	if (rr->rclass == KNOT_CLASS_ANY && rdata->len == 0 && rr->ttl == 0) {
		msig_set_clear(set);
		return 0;
	}
	if (rr->rclass != KNOT_CLASS_IN || rdata->len == 0)
		return MSIG_EVALUE;
	/* One TTL per RRset: unequal ones become the smallest. */
	if (set->rrs.count == 0 || rr->ttl < set->ttl)
		set->ttl = rr->ttl;
	return msig_set_add(set, rdata->data, rdata->len);
}

static int
take_update(const knot_pkt_t *pkt, struct msig_apex *apex, unsigned *mask)
{
	const knot_pktsection_t *updates = knot_pkt_section(pkt, KNOT_AUTHORITY);

	if (knot_wire_get_opcode(pkt->wire) != KNOT_OPCODE_UPDATE ||
	    knot_wire_get_qdcount(pkt->wire) != 1 || knot_pkt_qtype(pkt) != KNOT_RRTYPE_SOA ||
	    knot_pkt_qclass(pkt) != KNOT_CLASS_IN || knot_wire_get_ancount(pkt->wire) != 0)
		return MSIG_EVALUE;
	for (uint16_t i = 0; i < updates->count; i++) {
		int ret = take_rr(apex, knot_pkt_rr(updates, i), knot_pkt_qname(pkt), mask);

		if (ret != 0)
			return ret;
	}
	return 0;
}

int
msig_apex_from_update(const uint8_t *wire, size_t len, knot_dname_storage_t zone,
		      struct msig_apex *apex, unsigned *mask)
{
	unsigned named = 0;
	knot_pkt_t *pkt;
	int ret;

	msig_apex_init(apex);
	if (len > KNOT_WIRE_MAX_PKTSIZE)
		return MSIG_ESIZE;
	/* The packet borrows the wire; KEEPWIRE has it left alone. */
	pkt = knot_pkt_new((void *)(uintptr_t)wire, len, NULL);
	if (pkt == NULL)
		return KNOT_ENOMEM;
	ret = knot_pkt_parse(pkt, KNOT_PF_KEEPWIRE | KNOT_PF_NOCANON);
	if (ret != KNOT_EOK && ret != KNOT_ENOMEM)
		ret = KNOT_EMALF; /* libknot has several words for it */
	if (ret == KNOT_EOK)
		ret = take_update(pkt, apex, &named);
	if (ret == 0)
		knot_dname_copy_lower(zone, knot_pkt_qname(pkt));
	else
		msig_apex_clear(apex);
	if (mask != NULL)
		*mask = named;
	knot_pkt_free(pkt);
	return ret;
}

int
msig_apex_to_rrs(const struct msig_apex *apex, const knot_dname_t *zone, struct msig_rrs *rrs)
{
	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		const struct msig_set *set = &apex->set[i];

		MSIG_SET_EACH(set, rr)
		{
			int ret = msig_rrs_add(rrs, zone, set->type, KNOT_CLASS_IN, set->ttl,
					       rr->data, rr->len);

			if (ret != 0)
				return ret;
		}
	}
	return 0;
}

int
msig_apex_from_rrs(const struct msig_rrs *rrs, const knot_dname_t *zone, struct msig_apex *apex)
{
	for (size_t i = 0; i < rrs->count; i++) {
		const knot_rrset_t *from = &rrs->at[i];
		struct msig_set *set = msig_apex_set(apex, from->type);
		const knot_rdata_t *rr = from->rrs.rdata;

		if (set == NULL || from->rclass != KNOT_CLASS_IN ||
		    !msig_name_eq(from->owner, zone))
			continue;
		if (from->ttl > set->ttl)
			set->ttl = from->ttl;
		for (uint16_t j = 0; j < from->rrs.count; j++) {
			int ret = msig_set_add(set, rr->data, rr->len);

			if (ret != 0)
				return ret;
			rr = (const knot_rdata_t *)((const uint8_t *)rr + knot_rdata_size(rr->len));
		}
	}
	return 0;
}
