/*
 * The update section of an EXECUTE.
 */
#include "libmsig/change.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "libmsig/name.h"

void
msig_change_init(struct msig_change *change)
{
	msig_apex_init(&change->add);
	msig_apex_init(&change->del);
	change->odd[0] = '\0';
}

void
msig_change_clear(struct msig_change *change)
{
	msig_apex_clear(&change->add);
	msig_apex_clear(&change->del);
	change->odd[0] = '\0';
}

int
msig_change_copy(struct msig_change *to, const struct msig_change *from)
{
	int ret = msig_apex_copy(&to->add, &from->add);

	if (ret == 0)
		ret = msig_apex_copy(&to->del, &from->del);
	memcpy(to->odd, from->odd, sizeof(to->odd));
	return ret;
}

static uint16_t
put_sets(struct msig_wr *wr, const struct msig_apex *apex, uint16_t rclass)
{
	uint16_t count = 0;

	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		const struct msig_set *set = &apex->set[i];

		MSIG_SET_EACH(set, rr)
		{
			msig_wr_u16(wr, 0xc000 | KNOT_WIRE_HEADER_SIZE);
			msig_wr_u16(wr, set->type);
			msig_wr_u16(wr, rclass);
			msig_wr_u32(wr, rclass == KNOT_CLASS_IN ? set->ttl : 0);
			msig_wr_u16(wr, rr->len);
			msig_wr_bytes(wr, rr->data, rr->len);
			count++;
		}
	}
	return count;
}

uint16_t
msig_change_put(struct msig_wr *wr, const struct msig_change *change)
{
	uint16_t deletes = put_sets(wr, &change->del, KNOT_CLASS_NONE);

	return deletes + put_sets(wr, &change->add, KNOT_CLASS_IN);
}

static void __attribute__((format(printf, 2, 3)))
odd(struct msig_change *change, const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	if (change->odd[0] == '\0')
		vsnprintf(change->odd, sizeof(change->odd), what, ap);
	va_end(ap);
}

static int
take_rr(struct msig_change *change, const knot_rrset_t *rr, const knot_dname_t *zone)
{
	bool add = rr->rclass == KNOT_CLASS_IN;
	struct msig_set *set = msig_apex_set(add ? &change->add : &change->del, rr->type);
	const knot_rdata_t *rdata = rr->rrs.rdata;
	int ret = 0;

	if (!msig_name_eq(rr->owner, zone)) {
		odd(change, "a record of type %u at another name than the apex", rr->type);
		return 0;
	}
	if (set == NULL) {
		odd(change, "a record of type %u", rr->type);
		return 0;
	}
	if ((!add && rr->rclass != KNOT_CLASS_NONE) || rr->rrs.count == 0 || rdata->len == 0) {
		odd(change, "all records of type %u at once", rr->type);
		return 0;
	}
	set->ttl = add ? rr->ttl : 0;
	for (uint16_t i = 0; i < rr->rrs.count && ret == 0; i++) {
		ret = msig_set_add(set, rdata->data, rdata->len);
		rdata =
		    (const knot_rdata_t *)((const uint8_t *)rdata + knot_rdata_size(rdata->len));
	}
	return ret;
}

int
msig_change_take(const knot_pkt_t *pkt, struct msig_change *change)
{
	const knot_pktsection_t *updates = knot_pkt_section(pkt, KNOT_AUTHORITY);
	int ret = 0;

	msig_change_init(change);
	if (knot_wire_get_ancount(pkt->wire) != 0)
		odd(change, "%u prerequisites", knot_wire_get_ancount(pkt->wire));
	for (uint16_t i = 0; i < updates->count && ret == 0; i++)
		ret = take_rr(change, knot_pkt_rr(updates, i), knot_pkt_qname(pkt));
	if (ret != 0)
		msig_change_clear(change);
	return ret;
}
