/*
 * The cheap checks: see cheap.h.
 */
#include "config.h"

#include <string.h>

#include "libmsig/err.h"
#include "transportd/peer/cheap.h"

#define OPT_FIXED 11 /* root, type, class, TTL, length */
#define OPTION_HEADER 4

static bool
check_size(struct cheap_query *q, struct cheap_verdict *v)
{
	if (q->len < KNOT_WIRE_HEADER_SIZE)
		v->drop = true;
	return !v->drop && q->len <= CHEAP_MAX;
}

/* A response is never answered: two servers would talk for ever. */
static bool
check_request(struct cheap_query *q, struct cheap_verdict *v)
{
	v->drop = true;
	return !knot_wire_get_qr(q->wire);
}

static bool
parse(struct cheap_query *q)
{
	q->pkt = knot_pkt_new(NULL, (uint16_t)q->len, NULL);
	if (q->pkt == NULL)
		return false;
	memcpy(q->pkt->wire, q->wire, q->len);
	q->pkt->size = q->len;
	if (knot_pkt_parse_question(q->pkt) != 0)
		return false;
	q->question = knot_pkt_question_size(q->pkt);
	return knot_pkt_parse(q->pkt, KNOT_PF_KEEPWIRE | KNOT_PF_NOCANON) == 0;
}

/* Over UDP the source may be forged: whoever it really is must not be hit by our answers. Over TCP
 * the message is read to say why, which is little against the connection it came by. */
static bool
check_source(struct cheap_query *q, struct cheap_verdict *v)
{
	q->from = budget_source(q->budget, q->source, q->tcp, q->now_mono);
	if (budget_take(q->budget, q->from, q->now_mono))
		return true;
	v->drop = !q->tcp;
	if (q->tcp && knot_wire_get_qdcount(q->wire) == 1)
		(void)parse(q);
	return false;
}

static bool
check_opcode(struct cheap_query *q, struct cheap_verdict *v)
{
	uint8_t opcode = knot_wire_get_opcode(q->wire);

	return opcode == KNOT_OPCODE_NOTIFY || opcode == KNOT_OPCODE_UPDATE ||
	       opcode == KNOT_OPCODE_QUERY;
}

static bool
check_question(struct cheap_query *q, struct cheap_verdict *v)
{
	return knot_wire_get_qdcount(q->wire) == 1;
}

static bool
check_parse(struct cheap_query *q, struct cheap_verdict *v)
{
	return parse(q);
}

static uint8_t *
find_option(const struct cheap_query *q)
{
	if (!knot_pkt_has_edns(q->pkt))
		return NULL;
	return knot_edns_get_option(q->pkt->opt_rr, q->option_code, NULL);
}

static bool
check_present(struct cheap_query *q, struct cheap_verdict *v)
{
	return find_option(q) != NULL;
}

static bool
check_option(struct cheap_query *q, struct cheap_verdict *v)
{
	uint8_t *option = find_option(q);

	if (knot_edns_get_option(q->pkt->opt_rr, q->option_code, option) != NULL ||
	    msig_option_decode(knot_edns_opt_get_data(option), knot_edns_opt_get_length(option), 3,
			       &q->option) != 0)
		return false;
	switch (msig_option_check(&q->option)) {
	case 0:
		return true;
	case KNOT_ENOTSUP:
		v->rcode = KNOT_RCODE_NOTIMPL;
		v->ede = KNOT_EDNS_EDE_NOTSUP;
		v->text = "operation not supported";
		return false;
	case MSIG_EMISSING:
		v->text = "mandatory field of the option missing";
		return false;
	default:
		return false;
	}
}

/* Opcode, question and option must speak of the same thing. */
static bool
check_carrier(struct cheap_query *q, struct cheap_verdict *v)
{
	static const struct {
		uint8_t opcode;
		uint16_t qtype;
	} carrier[] = {
	    [MSIG_CARRIER_NOTIFY] = {KNOT_OPCODE_NOTIFY, KNOT_RRTYPE_SOA},
	    [MSIG_CARRIER_QUERY] = {KNOT_OPCODE_QUERY, KNOT_RRTYPE_ANY},
	    [MSIG_CARRIER_UPDATE] = {KNOT_OPCODE_UPDATE, KNOT_RRTYPE_SOA},
	};
	enum msig_carrier c = msig_op_carrier(q->option.operation);

	if (knot_wire_get_opcode(q->wire) == KNOT_OPCODE_UPDATE &&
	    msig_op_carried(q->option.operation, MSIG_CARRIER_UPDATE))
		c = MSIG_CARRIER_UPDATE; /* an EXECUTE may be one */
	return knot_wire_get_opcode(q->wire) == carrier[c].opcode &&
	       knot_pkt_qtype(q->pkt) == carrier[c].qtype &&
	       knot_pkt_qclass(q->pkt) == KNOT_CLASS_IN &&
	       knot_dname_is_equal(knot_pkt_qname(q->pkt), q->option.zone);
}

/* Every operation that is known has a body, and a body goes over TCP: nothing is decided for a
 * source that may be forged. */
static bool
check_stream(struct cheap_query *q, struct cheap_verdict *v)
{
	v->tc = true;
	return q->tcp;
}

static bool
check_ready(struct cheap_query *q, struct cheap_verdict *v)
{
	return q->table->known;
}

static bool
check_zone(struct cheap_query *q, struct cheap_verdict *v)
{
	return peertable_has_zone(q->table, q->option.zone);
}

static bool
check_signed(struct cheap_query *q, struct cheap_verdict *v)
{
	const knot_pktsection_t *additional = knot_pkt_section(q->pkt, KNOT_ADDITIONAL);
	unsigned sigs = 0;

	for (uint16_t i = 0; i < q->pkt->rrset_count; i++) {
		if (q->pkt->rr[i].type == KNOT_RRTYPE_SIG)
			sigs++;
	}
	return sigs == 1 && additional->count > 0 &&
	       knot_pkt_rr(additional, additional->count - 1)->type == KNOT_RRTYPE_SIG &&
	       msig_sig0_peek(q->wire, q->len, &q->sig) == 0;
}

static bool
check_signer(struct cheap_query *q, struct cheap_verdict *v)
{
	char text[KNOT_DNAME_TXT_MAXLEN + 1];
	const struct peer *claimed;

	q->peer = peer_find_signer(q->table, q->sig.signer, q->sig.tag);
	if (q->peer != NULL)
		return true;
	/* Discovery of that peer may not be finished yet: it should come again. */
	if (knot_dname_to_str(text, q->option.identity, sizeof(text)) != NULL &&
	    (claimed = peer_find(q->table, text)) != NULL && claimed->keys == 0 &&
	    peer_has_zone(claimed, q->option.zone)) {
		v->rcode = KNOT_RCODE_REFUSED;
		v->ede = KNOT_EDNS_EDE_NOT_READY;
		v->text = "keys of this peer not known yet";
		if (q->option.operation == MSIG_OP_HELLO)
			q->claimed = claimed;
	}
	return false;
}

static bool
check_shared(struct cheap_query *q, struct cheap_verdict *v)
{
	return peer_has_zone(q->peer, q->option.zone);
}

static bool
check_window(struct cheap_query *q, struct cheap_verdict *v)
{
	if ((int32_t)((uint32_t)(q->now / 1000) - q->sig.inception) < 0) {
		v->ede = KNOT_EDNS_EDE_SIG_NOTYET;
		v->text = "signature not valid yet";
	}
	return msig_sig0_check_time(&q->sig, q->now / 1000, q->window) == 0;
}

static bool
check_signer_budget(struct cheap_query *q, struct cheap_verdict *v)
{
	struct bucket *bucket =
	    peer_has_address(q->peer, q->source) ? &q->peer->known : &q->peer->claimed;

	if (bucket_take(bucket, q->rate_signer, q->now_mono))
		return true;
	q->peer->limited++;
	return false;
}

static bool (*const check_run[])(struct cheap_query *q, struct cheap_verdict *v) = {
    [CHEAP_SIZE] = check_size,
    [CHEAP_REQUEST] = check_request,
    [CHEAP_SOURCE] = check_source,
    [CHEAP_OPCODE] = check_opcode,
    [CHEAP_QUESTION] = check_question,
    [CHEAP_PARSE] = check_parse,
    [CHEAP_PRESENT] = check_present,
    [CHEAP_OPTION] = check_option,
    [CHEAP_CARRIER] = check_carrier,
    [CHEAP_STREAM] = check_stream,
    [CHEAP_READY] = check_ready,
    [CHEAP_ZONE] = check_zone,
    [CHEAP_SIGNED] = check_signed,
    [CHEAP_SIGNER] = check_signer,
    [CHEAP_SHARED] = check_shared,
    [CHEAP_WINDOW] = check_window,
    [CHEAP_SIGNER_BUDGET] = check_signer_budget,
};

static const struct {
	const char *name;
	uint16_t rcode;
	int ede;
	const char *text;
} check_info[] = {
#define X(id, name, rcode, ede, text) \
	[CHEAP_##id] = {name, KNOT_RCODE_##rcode, KNOT_EDNS_EDE_##ede, text},
    CHEAP_CHECKS(X)
#undef X
};

bool
cheap_run(struct cheap_query *q, struct cheap_verdict *verdict)
{
	for (unsigned i = 0; i < CHEAP_CHECK_COUNT; i++) {
		*verdict = (struct cheap_verdict){
		    .check = (enum cheap_check)i,
		    .rcode = check_info[i].rcode,
		    .ede = check_info[i].ede,
		    .text = check_info[i].text,
		};
		if (check_run[i](q, verdict))
			continue;
		if (q->from != NULL && i != CHEAP_SOURCE)
			q->from->failed++;
		return false;
	}
	q->from->passed++;
	*verdict = (struct cheap_verdict){.check = CHEAP_CHECK_COUNT, .ede = KNOT_EDNS_EDE_NONE};
	return true;
}

void
cheap_clear(struct cheap_query *q)
{
	knot_pkt_free(q->pkt);
	q->pkt = NULL;
}

size_t
cheap_answer(const struct cheap_query *q, const struct cheap_verdict *verdict, uint8_t *out,
	     size_t max)
{
	size_t len = KNOT_WIRE_HEADER_SIZE + q->question, room;
	uint16_t rcode = verdict->rcode;
	bool edns;

	if (max > q->len)
		max = q->len;
	if (verdict->drop || len > max)
		return 0;
	edns = q->pkt != NULL && knot_pkt_has_edns(q->pkt) && len + OPT_FIXED <= max;
	if (rcode > 15 && !edns)
		rcode = KNOT_RCODE_REFUSED;

	memcpy(out, q->wire, len);
	memset(out + 2, 0, KNOT_WIRE_HEADER_SIZE - 2);
	knot_wire_set_opcode(out, knot_wire_get_opcode(q->wire));
	knot_wire_set_qr(out);
	if (verdict->tc)
		knot_wire_set_tc(out);
	knot_wire_set_rcode(out, rcode & 15);
	knot_wire_set_qdcount(out, q->question > 0 ? 1 : 0);
	if (!edns)
		return len;

	knot_wire_set_arcount(out, 1);
	memset(out + len, 0, OPT_FIXED);
	knot_wire_write_u16(out + len + 1, KNOT_RRTYPE_OPT);
	knot_wire_write_u16(out + len + 3, 1232);
	out[len + 5] = (uint8_t)(rcode >> 4);
	room = max - len - OPT_FIXED;
	if (verdict->ede != KNOT_EDNS_EDE_NONE && room >= OPTION_HEADER + 2) {
		uint8_t *ede = out + len + OPT_FIXED;
		size_t text = strlen(verdict->text);

		if (text > room - OPTION_HEADER - 2)
			text = room - OPTION_HEADER - 2;
		knot_wire_write_u16(ede, KNOT_EDNS_OPTION_EDE);
		knot_wire_write_u16(ede + 2, (uint16_t)(2 + text));
		knot_wire_write_u16(ede + 4, (uint16_t)verdict->ede);
		memcpy(ede + 6, verdict->text, text);
		knot_wire_write_u16(out + len + 9, (uint16_t)(OPTION_HEADER + 2 + text));
		len += OPTION_HEADER + 2 + text;
	}
	return len + OPT_FIXED;
}

const char *
cheap_name(enum cheap_check check)
{
	return check < CHEAP_CHECK_COUNT ? check_info[check].name : "passed";
}
