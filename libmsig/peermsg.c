/*
 * The verbs of the peers as DNS messages.
 */
#include "libmsig/peermsg.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libmsig/err.h"
#include "libmsig/name.h"

#define UDP_PAYLOAD 1232
#define EDNS_EDE 15
#define HEADER_FLAG_QR 0x8000
#define HEADER_FLAG_AA 0x0400

void
msig_peermsg_clear(struct msig_peermsg *msg)
{
	msig_apex_clear(&msg->apex);
	msig_change_clear(&msg->change);
}

static void
init(struct msig_peermsg *msg)
{
	memset(msg, 0, sizeof(*msg));
	msig_apex_init(&msg->apex);
	msig_change_init(&msg->change);
}

static int
set_apex(struct msig_peermsg *msg, const struct msig_apex *apex)
{
	if (apex == NULL)
		return 0;
	msg->has_apex = true;
	return msig_apex_copy(&msg->apex, apex);
}

int
msig_peermsg_request(struct msig_peermsg *msg, uint16_t id, const struct msig_option *option,
		     const struct msig_apex *apex)
{
	int ret;

	init(msg);
	msg->id = id;
	msg->carrier = msig_op_carrier(option->operation);
	msg->has_option = true;
	msg->option = *option;
	msg->operation = option->operation;
	knot_dname_copy_lower(msg->zone, option->zone);
	ret = set_apex(msg, apex);
	if (ret != 0)
		msig_peermsg_clear(msg);
	return ret;
}

int
msig_peermsg_execute(struct msig_peermsg *msg, uint16_t id, const struct msig_option *option,
		     const struct msig_change *change)
{
	int ret = msig_peermsg_request(msg, id, option, NULL);

	if (ret != 0)
		return ret;
	msg->carrier = MSIG_CARRIER_UPDATE;
	msg->has_change = true;
	ret = msig_change_copy(&msg->change, change);
	if (ret != 0)
		msig_peermsg_clear(msg);
	return ret;
}

int
msig_peermsg_response(struct msig_peermsg *msg, const struct msig_peermsg *request, uint16_t rcode,
		      const struct msig_option *option, const struct msig_apex *apex)
{
	int ret;

	init(msg);
	msg->id = request->id;
	msg->response = true;
	msg->carrier = request->carrier;
	msg->rcode = rcode;
	memcpy(msg->zone, request->zone, sizeof(msg->zone));
	if (option != NULL) {
		msg->has_option = true;
		msg->option = *option;
		msg->operation = option->operation;
	}
	ret = set_apex(msg, apex);
	if (ret != 0)
		msig_peermsg_clear(msg);
	return ret;
}

void
msig_peermsg_set_ede(struct msig_peermsg *msg, uint16_t code, const char *text)
{
	msg->has_ede = true;
	msg->ede = code;
	snprintf(msg->ede_text, sizeof(msg->ede_text), "%s", text == NULL ? "" : text);
}

/* Composing ---------------------------------------------------------------------------------- */

static const struct {
	uint8_t opcode;
	uint16_t qtype;
} carriers[] = {
    [MSIG_CARRIER_NOTIFY] = {KNOT_OPCODE_NOTIFY, KNOT_RRTYPE_SOA},
    [MSIG_CARRIER_QUERY] = {KNOT_OPCODE_QUERY, KNOT_RRTYPE_ANY},
    [MSIG_CARRIER_UPDATE] = {KNOT_OPCODE_UPDATE, KNOT_RRTYPE_SOA},
};

static uint16_t
option_code(const struct msig_coding *coding)
{
	return coding == NULL || coding->option_code == 0 ? MSIG_OPTION_CODE : coding->option_code;
}

static unsigned
option_fixed(const struct msig_coding *coding)
{
	return coding != NULL && coding->fixed == 4 ? 4 : 3;
}

/* OPT is the last record (SIG(0) comes behind it). */
static void
put_opt(struct msig_wr *wr, const struct msig_peermsg *msg, const struct msig_coding *coding)
{
	size_t rdata, option;

	msig_wr_u8(wr, 0);
	msig_wr_u16(wr, KNOT_RRTYPE_OPT);
	msig_wr_u16(wr, UDP_PAYLOAD);
	msig_wr_u32(wr, (uint32_t)(msg->rcode >> 4) << 24);
	msig_wr_u16(wr, 0);
	rdata = wr->len;
	if (msg->has_option) {
		msig_wr_u16(wr, option_code(coding));
		msig_wr_u16(wr, 0);
		option = wr->len;
		msig_option_encode(&msg->option, option_fixed(coding), wr);
		msig_wr_patch16(wr, option - 2, wr->len - option);
	}
	if (msg->has_ede) {
		size_t text = strnlen(msg->ede_text, sizeof(msg->ede_text) - 1);

		msig_wr_u16(wr, EDNS_EDE);
		msig_wr_u16(wr, 2 + text);
		msig_wr_u16(wr, msg->ede);
		msig_wr_bytes(wr, msg->ede_text, text);
	}
	msig_wr_patch16(wr, rdata - 2, wr->len - rdata);
}

static void
put_rr(struct msig_wr *wr, uint16_t type, uint16_t rclass, uint32_t ttl, const uint8_t *rdata,
       uint16_t len)
{
	msig_wr_u16(wr, 0xc000 | KNOT_WIRE_HEADER_SIZE);
	msig_wr_u16(wr, type);
	msig_wr_u16(wr, rclass);
	msig_wr_u32(wr, ttl);
	msig_wr_u16(wr, len);
	msig_wr_bytes(wr, rdata, len);
}

/* The sets as records: behind "delete RRset" of each type in an UPDATE, bare in an answer. */
static uint16_t
put_apex(struct msig_wr *wr, const struct msig_apex *apex, bool update)
{
	uint16_t count = 0;

	for (int i = 0; i < MSIG_APEX_COUNT; i++) {
		const struct msig_set *set = &apex->set[i];

		if (i == MSIG_APEX_CSYNC) /* nobody's own */
			continue;
		if (update) {
			put_rr(wr, set->type, KNOT_CLASS_ANY, 0, NULL, 0);
			count++;
		}
		MSIG_SET_EACH(set, rr)
		{
			put_rr(wr, set->type, KNOT_CLASS_IN, set->ttl, rr->data, rr->len);
			count++;
		}
	}
	return count;
}

int
msig_peermsg_compose(const struct msig_peermsg *msg, const struct msig_coding *coding,
		     uint8_t *wire, size_t *len)
{
	struct msig_wr wr;
	bool update = msg->carrier == MSIG_CARRIER_UPDATE;
	uint16_t flags = carriers[msg->carrier].opcode << 11 | (msg->rcode & 0xf);

	if (msg->response)
		flags |= HEADER_FLAG_QR;
	if (msg->carrier == MSIG_CARRIER_NOTIFY || (msg->response && !update))
		flags |= HEADER_FLAG_AA;
	msig_wr_init(&wr, wire, *len > KNOT_WIRE_MAX_PKTSIZE ? KNOT_WIRE_MAX_PKTSIZE : *len);
	msig_wr_u16(&wr, msg->id);
	msig_wr_u16(&wr, flags);
	msig_wr_u16(&wr, 1);
	msig_wr_u16(&wr, 0);
	msig_wr_u16(&wr, 0);
	msig_wr_u16(&wr, 1);
	msig_wr_name(&wr, msg->zone);
	msig_wr_u16(&wr, carriers[msg->carrier].qtype);
	msig_wr_u16(&wr, KNOT_CLASS_IN);
	if (msg->has_apex && update != msg->response)
		msig_wr_patch16(&wr, update ? 8 : 6, put_apex(&wr, &msg->apex, update));
	if (msg->has_change && !msg->response)
		msig_wr_patch16(&wr, 8, msig_change_put(&wr, &msg->change));
	put_opt(&wr, msg, coding);
	if (wr.err == 0)
		*len = wr.len;
	return wr.err;
}

/* Parsing ------------------------------------------------------------------------------------ */

static int
parse_question(const knot_pkt_t *pkt, struct msig_peermsg *msg)
{
	uint8_t opcode = knot_wire_get_opcode(pkt->wire);

	if (knot_wire_get_qdcount(pkt->wire) != 1)
		return KNOT_EMALF;
	knot_dname_copy_lower(msg->zone, knot_pkt_qname(pkt));
	if (opcode == KNOT_OPCODE_NOTIFY)
		msg->carrier = MSIG_CARRIER_NOTIFY;
	else if (opcode == KNOT_OPCODE_UPDATE)
		msg->carrier = MSIG_CARRIER_UPDATE;
	else if (opcode == KNOT_OPCODE_QUERY)
		msg->carrier = MSIG_CARRIER_QUERY;
	else
		return KNOT_ENOTSUP;
	if (knot_pkt_qtype(pkt) != carriers[msg->carrier].qtype ||
	    knot_pkt_qclass(pkt) != KNOT_CLASS_IN)
		return MSIG_EVALUE;
	return 0;
}

static void
parse_ede(const uint8_t *data, uint16_t len, struct msig_peermsg *msg)
{
	if (len < 2 || msg->has_ede)
		return;
	msg->has_ede = true;
	msg->ede = knot_wire_read_u16(data);
	len -= 2;
	if (len > MSIG_EDE_TEXT - 1)
		len = MSIG_EDE_TEXT - 1;
	for (uint16_t i = 0; i < len; i++)
		msg->ede_text[i] =
		    (char)(data[2 + i] < 0x20 || data[2 + i] >= 0x7f ? '?' : data[2 + i]);
}

static int
parse_opt(const knot_pkt_t *pkt, const struct msig_coding *coding, struct msig_peermsg *msg)
{
	const knot_rdata_t *rdata;
	struct msig_rd rd;
	int ret = 0;

	if (pkt->opt_rr == NULL || pkt->opt_rr->rrs.count != 1)
		return 0;
	rdata = pkt->opt_rr->rrs.rdata;
	if (msg->response)
		msg->rcode |= (uint16_t)(pkt->opt_rr->ttl >> 24) << 4;
	msig_rd_init(&rd, rdata->data, rdata->len);
	while (rd.err == 0 && rd.left > 0 && ret == 0) {
		uint16_t code = msig_rd_u16(&rd);
		uint16_t len = msig_rd_u16(&rd);
		const uint8_t *data = msig_rd_bytes(&rd, len);

		if (data == NULL)
			break;
		if (code == EDNS_EDE)
			parse_ede(data, len, msg);
		if (code != option_code(coding))
			continue;
		if (msg->has_option)
			return MSIG_EOPTION;
		msg->has_option = true;
		ret = msig_option_decode(data, len, option_fixed(coding), &msg->option);
		msg->operation = msg->option.operation;
	}
	return ret != 0 ? ret : msig_rd_end(&rd);
}

/* The full set of the sender, from the UPDATE or from the answer. */
static int
parse_apex(const knot_pkt_t *pkt, const uint8_t *wire, size_t len, struct msig_peermsg *msg)
{
	struct msig_rrs rrs = {0};
	knot_dname_storage_t zone;
	unsigned mask;
	int ret;

	if (msg->carrier == MSIG_CARRIER_UPDATE && !msg->response &&
	    msg->operation == MSIG_OP_EXECUTE) {
		ret = msig_change_take(pkt, &msg->change);
		msg->has_change = ret == 0;
		return ret;
	}
	if (msg->carrier == MSIG_CARRIER_UPDATE && !msg->response) {
		ret = msig_apex_from_update(wire, len, zone, &msg->apex, &mask);
		/* A full set: what is not named would be left as it was, which nobody knows. */
		if (ret == 0 && (mask | MSIG_APEX_BIT(CSYNC)) != MSIG_APEX_ALL)
			ret = MSIG_EMISSING;
		msg->has_apex = ret == 0;
		return ret;
	}
	if (msg->carrier != MSIG_CARRIER_QUERY || !msg->response || msg->rcode != 0)
		return 0;
	ret = msig_rrs_add_section(&rrs, knot_pkt_section(pkt, KNOT_ANSWER));
	for (size_t i = 0; i < rrs.count && ret == 0; i++) {
		if (!msig_apex_is_type(rrs.at[i].type) || rrs.at[i].rclass != KNOT_CLASS_IN ||
		    !msig_name_eq(rrs.at[i].owner, msg->zone))
			ret = MSIG_EVALUE;
	}
	if (ret == 0)
		ret = msig_apex_from_rrs(&rrs, msg->zone, &msg->apex);
	msg->has_apex = ret == 0;
	msig_rrs_clear(&rrs);
	return ret;
}

static int
check(const struct msig_peermsg *msg)
{
	int ret;

	if (!msg->has_option)
		return msg->response ? 0 : MSIG_EMISSING;
	if (!msg->response) {
		ret = msig_option_check(&msg->option);
		if (ret != 0)
			return ret;
		if (!msig_op_carried(msg->operation, msg->carrier))
			return MSIG_EOPTION;
	}
	if ((msg->option.has & MSIG_HAS(ZONE)) && !msig_name_eq(msg->option.zone, msg->zone))
		return MSIG_EOPTION;
	return 0;
}

static int
parse(const knot_pkt_t *pkt, const uint8_t *wire, size_t len, const struct msig_coding *coding,
      struct msig_peermsg *msg)
{
	int ret = parse_question(pkt, msg);

	msg->response = knot_wire_get_qr(pkt->wire);
	if (msg->response)
		msg->rcode = knot_wire_get_rcode(pkt->wire);
	if (ret == 0)
		ret = parse_opt(pkt, coding, msg);
	if (ret == 0)
		ret = check(msg);
	if (ret == 0)
		ret = parse_apex(pkt, wire, len, msg);
	return ret;
}

int
msig_peermsg_parse(const uint8_t *wire, size_t len, const struct msig_coding *coding,
		   struct msig_peermsg *msg)
{
	knot_pkt_t *pkt;
	int ret;

	init(msg);
	if (len > KNOT_WIRE_MAX_PKTSIZE)
		return MSIG_ESIZE;
	if (len < KNOT_WIRE_HEADER_SIZE)
		return KNOT_EMALF;
	msg->id = knot_wire_get_id(wire);
	pkt = knot_pkt_new((void *)(uintptr_t)wire, len, NULL);
	if (pkt == NULL)
		return KNOT_ENOMEM;
	ret = knot_pkt_parse(pkt, KNOT_PF_KEEPWIRE | KNOT_PF_NOCANON);
	if (ret != KNOT_EOK && ret != KNOT_ENOMEM)
		ret = KNOT_EMALF; /* libknot has several words for it */
	if (ret == KNOT_EOK)
		ret = parse(pkt, wire, len, coding, msg);
	knot_pkt_free(pkt);
	if (ret != 0)
		msig_peermsg_clear(msg);
	return ret;
}

/* Refusals ----------------------------------------------------------------------------------- */

#define EDE_OTHER 0
#define EDE_SIGNATURE_EXPIRED 7
#define EDE_NOT_READY 14
#define EDE_PROHIBITED 18
#define EDE_NOT_SUPPORTED 21
#define EDE_INVALID_DATA 24
#define RCODE_BADKEY 17

static const struct {
	int err;
	uint16_t rcode;
	uint16_t ede;
} refusals[] = {
    {0, KNOT_RCODE_NOERROR, EDE_OTHER},
    {MSIG_ENOSIG, KNOT_RCODE_REFUSED, EDE_PROHIBITED},
    {MSIG_ESIGKEY, RCODE_BADKEY, EDE_PROHIBITED},
    {MSIG_EBADSIG, KNOT_RCODE_NOTAUTH, EDE_OTHER},
    {MSIG_ESIGTIME, KNOT_RCODE_NOTAUTH, EDE_SIGNATURE_EXPIRED},
    {MSIG_EREPLAY, KNOT_RCODE_NOTAUTH, EDE_OTHER},
    {MSIG_EAHEAD, KNOT_RCODE_NOTAUTH, EDE_OTHER},
    {MSIG_EOPTION, KNOT_RCODE_FORMERR, EDE_INVALID_DATA},
    {MSIG_EMISSING, KNOT_RCODE_FORMERR, EDE_INVALID_DATA},
    {MSIG_EVALUE, KNOT_RCODE_FORMERR, EDE_INVALID_DATA},
    {MSIG_ETRUNC, KNOT_RCODE_FORMERR, EDE_INVALID_DATA},
    {MSIG_ETRAIL, KNOT_RCODE_FORMERR, EDE_INVALID_DATA},
    {MSIG_ESIZE, KNOT_RCODE_FORMERR, EDE_INVALID_DATA},
    {KNOT_EMALF, KNOT_RCODE_FORMERR, EDE_INVALID_DATA},
    {KNOT_ENOTSUP, KNOT_RCODE_NOTIMPL, EDE_NOT_SUPPORTED},
    {MSIG_ESENDER, KNOT_RCODE_REFUSED, EDE_PROHIBITED},
    {MSIG_EREFUSED, KNOT_RCODE_REFUSED, EDE_PROHIBITED},
    {MSIG_EDOUBT, KNOT_RCODE_REFUSED, EDE_NOT_READY},
    {MSIG_EKEY, KNOT_RCODE_REFUSED, EDE_INVALID_DATA},
};

void
msig_peermsg_refusal(int err, uint16_t *rcode, uint16_t *ede)
{
	*rcode = KNOT_RCODE_SERVFAIL;
	*ede = EDE_OTHER;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].err == err) {
			*rcode = refusals[i].rcode;
			*ede = refusals[i].ede;
		}
	}
}
