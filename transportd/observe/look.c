/*
 * What an answer says: see look.h.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libmsig/buf.h"
#include "libmsig/err.h"
#include "transportd/observe/look.h"

#define PAYLOAD 1232

static void unknown(struct look *look, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
unknown(struct look *look, const char *fmt, ...)
{
	va_list ap;

	look->status = MSIG_SEEN_UNKNOWN;
	va_start(ap, fmt);
	vsnprintf(look->reason, sizeof(look->reason), fmt, ap);
	va_end(ap);
}

size_t
look_query(uint16_t id, const knot_dname_t *name, uint16_t type, uint8_t *wire, size_t max)
{
	static const uint8_t opt[] = {
	    0, 0, KNOT_RRTYPE_OPT, PAYLOAD >> 8, PAYLOAD & 0xff, 0, 0, 0x80, 0, 0, 0};
	size_t len = knot_dname_size(name);

	if (KNOT_WIRE_HEADER_SIZE + len + 4 + sizeof(opt) > max)
		return 0;
	memset(wire, 0, KNOT_WIRE_HEADER_SIZE);
	knot_wire_set_id(wire, id);
	knot_wire_set_qdcount(wire, 1);
	knot_wire_set_arcount(wire, 1);
	memcpy(wire + KNOT_WIRE_HEADER_SIZE, name, len);
	len += KNOT_WIRE_HEADER_SIZE;
	knot_wire_write_u16(wire + len, type);
	knot_wire_write_u16(wire + len + 2, KNOT_CLASS_IN);
	memcpy(wire + len + 4, opt, sizeof(opt));
	return len + 4 + sizeof(opt);
}

/* RRs one behind the other, each with its own TTL: which one counts is agentd's business. */
static int
copy_section(const knot_pktsection_t *section, uint8_t **out, size_t *len)
{
	struct msig_wr wr;

	msig_wr_grow(&wr, LOOK_SECTION_MAX);
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);
		const knot_rdata_t *rdata = rr->rrs.rdata;

		for (uint16_t j = 0; j < rr->rrs.count; j++) {
			msig_wr_name(&wr, rr->owner);
			msig_wr_u16(&wr, rr->type);
			msig_wr_u16(&wr, rr->rclass);
			msig_wr_u32(&wr, rr->ttl);
			msig_wr_u16(&wr, rdata->len);
			msig_wr_bytes(&wr, rdata->data, rdata->len);
			rdata = knot_rdataset_next((knot_rdata_t *)(uintptr_t)rdata);
		}
	}
	return msig_wr_take(&wr, out, len);
}

static bool
copy_sections(const knot_pkt_t *pkt, struct look *look)
{
	int err =
	    copy_section(knot_pkt_section(pkt, KNOT_ANSWER), &look->answer, &look->answer_len);

	if (err == 0)
		err = copy_section(knot_pkt_section(pkt, KNOT_AUTHORITY), &look->authority,
				   &look->authority_len);
	if (err != 0)
		unknown(look, "answer: %s", msig_strerror(err));
	return err == 0;
}

static bool
same_name(const knot_dname_t *a, const knot_dname_t *b)
{
	return knot_dname_is_case_equal(a, b);
}

/* owner NULL: any. */
static const knot_rrset_t *
section_find(const knot_pktsection_t *section, const knot_dname_t *owner, uint16_t type)
{
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rr = knot_pkt_rr(section, i);

		if (rr->type == type && rr->rclass == KNOT_CLASS_IN &&
		    (owner == NULL || same_name(rr->owner, owner)))
			return rr;
	}
	return NULL;
}

/* A SOA in the authority section of a zone that the name is in, and no referral. */
static bool
proves_nothing_there(const knot_pkt_t *pkt, const knot_dname_t *name)
{
	const knot_rrset_t *soa =
	    section_find(knot_pkt_section(pkt, KNOT_AUTHORITY), NULL, KNOT_RRTYPE_SOA);
	knot_dname_storage_t owner, below;

	if (soa == NULL || knot_dname_store(owner, soa->owner) == 0 ||
	    knot_dname_store(below, name) == 0)
		return false;
	knot_dname_to_lower(owner);
	knot_dname_to_lower(below);
	return knot_dname_in_bailiwick(below, owner) >= 0;
}

static void
judge_noerror(const knot_pkt_t *pkt, const knot_dname_t *name, uint16_t type, struct look *look)
{
	const knot_pktsection_t *answer = knot_pkt_section(pkt, KNOT_ANSWER);
	const knot_rrset_t *ns =
	    section_find(knot_pkt_section(pkt, KNOT_AUTHORITY), NULL, KNOT_RRTYPE_NS);

	if (!look->aa && answer->count == 0 && ns != NULL) {
		char owner[KNOT_DNAME_TXT_MAXLEN + 1] = "?";

		if (type == KNOT_RRTYPE_NS && same_name(ns->owner, name)) {
			look->status = MSIG_SEEN_SET;
			return;
		}
		knot_dname_to_str(owner, ns->owner, sizeof(owner));
		unknown(look, "lame: a referral to %.200s", owner);
	} else if (!look->aa) {
		unknown(look, "lame: not authoritative");
	} else if (section_find(answer, name, type) != NULL) {
		look->status = MSIG_SEEN_SET;
	} else if (section_find(answer, name, KNOT_RRTYPE_CNAME) != NULL) {
		unknown(look, "the name is an alias");
	} else if (proves_nothing_there(pkt, name)) {
		look->status = MSIG_SEEN_ABSENT;
	} else {
		unknown(look, "malformed: neither the data nor a SOA");
	}
}

static void
judge_rcode(uint16_t rcode, struct look *look)
{
	const knot_lookup_t *item = knot_lookup_by_id(knot_rcode_names, rcode);

	if (item != NULL)
		unknown(look, "%s", item->name);
	else
		unknown(look, "RCODE %u", rcode);
}

void
look_server(const knot_pkt_t *pkt, const knot_dname_t *name, uint16_t type, struct look *look)
{
	*look = (struct look){.validation = MSIG_VALIDATION_NONE};
	look->rcode = knot_pkt_ext_rcode(pkt);
	look->aa = knot_wire_get_aa(pkt->wire);
	if (!knot_wire_get_qr(pkt->wire) || knot_wire_get_tc(pkt->wire) ||
	    knot_wire_get_opcode(pkt->wire) != KNOT_OPCODE_QUERY ||
	    (knot_pkt_qname(pkt) == NULL && look->rcode == 0) ||
	    (knot_pkt_qname(pkt) != NULL &&
	     (!same_name(knot_pkt_wire_qname(pkt), name) || knot_pkt_qtype(pkt) != type))) {
		unknown(look, "malformed: no answer to this question");
		return;
	}
	if (!copy_sections(pkt, look))
		return;
	if (look->rcode == KNOT_RCODE_NOERROR)
		judge_noerror(pkt, name, type, look);
	else if (look->rcode != KNOT_RCODE_NXDOMAIN)
		judge_rcode(look->rcode, look);
	else if (!look->aa)
		unknown(look, "lame: not authoritative");
	else if (!proves_nothing_there(pkt, name))
		unknown(look, "malformed: NXDOMAIN without a SOA");
	else
		look->status = MSIG_SEEN_ABSENT;
}

void
look_validated(const knot_pkt_t *pkt, uint16_t rcode, enum msig_validation validation,
	       const char *why, uint16_t type, struct look *look)
{
	bool data;

	*look = (struct look){.validation = validation, .rcode = rcode};
	if (pkt == NULL) {
		if (validation == MSIG_VALIDATION_BOGUS)
			unknown(look, "bogus: %s", why != NULL ? why : "no reason given");
		else
			judge_rcode(rcode, look);
		return;
	}
	look->rcode = knot_pkt_ext_rcode(pkt);
	if (!copy_sections(pkt, look))
		return;
	data = section_find(knot_pkt_section(pkt, KNOT_ANSWER), NULL, type) != NULL;
	if (validation == MSIG_VALIDATION_BOGUS)
		unknown(look, "bogus: %s", why != NULL ? why : "no reason given");
	else if (look->rcode != KNOT_RCODE_NOERROR && look->rcode != KNOT_RCODE_NXDOMAIN)
		judge_rcode(look->rcode, look);
	else if (data)
		look->status = MSIG_SEEN_SET;
	else if (validation == MSIG_VALIDATION_SECURE)
		look->status = MSIG_SEEN_ABSENT;
	else
		unknown(look, "insecure: nothing proves that it is absent");
}

void
look_failed(int error, struct look *look)
{
	*look = (struct look){.validation = MSIG_VALIDATION_NONE};
	unknown(look, "%s", msig_strerror(error));
}

void
look_clear(struct look *look)
{
	free(look->answer);
	free(look->authority);
	*look = (struct look){0};
}
