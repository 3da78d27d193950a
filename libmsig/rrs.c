/*
 * Lists of RRsets and their wire form.
 */
#include "libmsig/rrs.h"
#include <stdlib.h>
#include <string.h>
#include "libmsig/err.h"
#include "libmsig/name.h"

void
msig_rrs_clear(struct msig_rrs *rrs)
{
	for (size_t i = 0; i < rrs->count; i++)
		knot_rrset_clear(&rrs->at[i], NULL);
	free(rrs->at);
	*rrs = (struct msig_rrs){0};
}

static uint16_t
covered(uint16_t type, const uint8_t *rdata, uint16_t len)
{
	return type == KNOT_RRTYPE_RRSIG && len >= 2 ? knot_wire_read_u16(rdata) : 0;
}

static uint16_t
rrset_covered(const knot_rrset_t *rr)
{
	return rr->rrs.count == 0 ? 0 : covered(rr->type, rr->rrs.rdata->data, rr->rrs.rdata->len);
}

static knot_rrset_t *
find(const struct msig_rrs *rrs, const knot_dname_t *owner, uint16_t type, uint16_t rclass,
     uint16_t covers)
{
	/* Lists are short, or a zone in order: the last one is the likely one. */
	for (size_t i = rrs->count; i-- > 0;) {
		knot_rrset_t *rr = &rrs->at[i];

		if (rr->type == type && rr->rclass == rclass && rrset_covered(rr) == covers &&
		    msig_name_eq(rr->owner, owner))
			return rr;
	}
	return NULL;
}

static int
append(struct msig_rrs *rrs, const knot_dname_t *owner, uint16_t type, uint16_t rclass,
       uint32_t ttl, knot_rrset_t **out)
{
	knot_rrset_t *at = rrs->at;
	knot_dname_t *name;

	/* Room doubles at each power of two. */
	if ((rrs->count & (rrs->count - 1)) == 0) {
		at = realloc(at, (rrs->count == 0 ? 1 : rrs->count * 2) * sizeof(*at));
		if (at == NULL)
			return KNOT_ENOMEM;
		rrs->at = at;
	}
	name = knot_dname_copy(owner, NULL);
	if (name == NULL)
		return KNOT_ENOMEM;
	*out = &rrs->at[rrs->count++];
	knot_rrset_init(*out, name, type, rclass, ttl);
	return 0;
}

int
msig_rrs_add(struct msig_rrs *rrs, const knot_dname_t *owner, uint16_t type, uint16_t rclass,
	     uint32_t ttl, const uint8_t *rdata, uint16_t len)
{
	knot_rrset_t *rr = find(rrs, owner, type, rclass, covered(type, rdata, len));
	int ret;

	if (rr == NULL) {
		ret = append(rrs, owner, type, rclass, ttl, &rr);
		if (ret != 0)
			return ret;
	}
	if (ttl > rr->ttl)
		rr->ttl = ttl;
	return knot_rrset_add_rdata(rr, len == 0 ? (const uint8_t *)"" : rdata, len, NULL);
}

int
msig_rrs_add_rrset(struct msig_rrs *rrs, const knot_rrset_t *rrset)
{
	knot_rdata_t *rr = rrset->rrs.rdata;

	for (uint16_t i = 0; i < rrset->rrs.count; i++) {
		int ret = msig_rrs_add(rrs, rrset->owner, rrset->type, rrset->rclass, rrset->ttl,
				       rr->data, rr->len);

		if (ret != 0)
			return ret;
		rr = knot_rdataset_next(rr);
	}
	return 0;
}

int
msig_rrs_add_section(struct msig_rrs *rrs, const knot_pktsection_t *section)
{
	for (uint16_t i = 0; i < section->count; i++) {
		int ret = msig_rrs_add_rrset(rrs, knot_pkt_rr(section, i));

		if (ret != 0)
			return ret;
	}
	return 0;
}

const knot_rrset_t *
msig_rrs_find(const struct msig_rrs *rrs, const knot_dname_t *owner, uint16_t type)
{
	return find(rrs, owner, type, KNOT_CLASS_IN, 0);
}

const knot_rrset_t *
msig_rrs_sigs(const struct msig_rrs *rrs, const knot_dname_t *owner, uint16_t type)
{
	return find(rrs, owner, KNOT_RRTYPE_RRSIG, KNOT_CLASS_IN, type);
}

int
msig_rrs_encode(const struct msig_rrs *rrs, struct msig_wr *wr)
{
	for (size_t i = 0; i < rrs->count; i++) {
		const knot_rrset_t *set = &rrs->at[i];
		knot_rdata_t *rr = set->rrs.rdata;

		for (uint16_t j = 0; j < set->rrs.count; j++) {
			msig_wr_name(wr, set->owner);
			msig_wr_u16(wr, set->type);
			msig_wr_u16(wr, set->rclass);
			msig_wr_u32(wr, set->ttl);
			msig_wr_u16(wr, rr->len);
			msig_wr_bytes(wr, rr->data, rr->len);
			rr = knot_rdataset_next(rr);
		}
	}
	return wr->err;
}

int
msig_rrs_decode(const uint8_t *data, size_t len, struct msig_rrs *rrs)
{
	struct msig_rd rd;
	size_t n = 0;
	int ret = 0;

	*rrs = (struct msig_rrs){0};
	msig_rd_init(&rd, data, len);
	while (ret == 0 && rd.err == 0 && rd.left > 0) {
		const knot_dname_t *owner = msig_rd_name(&rd);
		uint16_t type = msig_rd_u16(&rd);
		uint16_t rclass = msig_rd_u16(&rd);
		uint32_t ttl = msig_rd_u32(&rd);
		uint16_t size = msig_rd_u16(&rd);
		const uint8_t *rdata = msig_rd_bytes(&rd, size);

		if (rd.err != 0)
			ret = rd.err;
		else if (n++ == MSIG_RRS_MAX)
			ret = MSIG_ESIZE;
		else
			ret = msig_rrs_add(rrs, owner, type, rclass, ttl, rdata, size);
	}
	if (ret != 0)
		msig_rrs_clear(rrs);
	return ret;
}
