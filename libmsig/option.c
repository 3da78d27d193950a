/*
 * The Multi-Signer option, coded from the table of its TLVs.
 */
#include "libmsig/option.h"
#include <string.h>
#include <libknot/errcode.h>
#include "libmsig/err.h"

static const struct {
	uint8_t value;
	const char *name;
	enum msig_carrier carrier;
	uint32_t must;
} operations[] = {
#define X(value, id, carrier, must) {value, #id, MSIG_CARRIER_##carrier, must},
    MSIG_OPERATIONS(X)
#undef X
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static int
op_index(unsigned op)
{
	for (size_t i = 0; i < OPERATIONS; i++) {
		if (operations[i].value == op)
			return (int)i;
	}
	return -1;
}

const char *
msig_op_name(unsigned op)
{
	int i = op_index(op);

	return i < 0 ? "?" : operations[i].name;
}

enum msig_carrier
msig_op_carrier(unsigned op)
{
	int i = op_index(op);

	return i < 0 ? MSIG_CARRIER_NOTIFY : operations[i].carrier;
}

bool
msig_op_carried(unsigned op, enum msig_carrier carrier)
{
	return msig_op_carrier(op) == carrier ||
	       (op == MSIG_OP_EXECUTE && carrier == MSIG_CARRIER_UPDATE);
}

const char *
msig_process_name(unsigned process)
{
	switch (process) {
#define X(value, id, text) \
	case value:        \
		return text;
		MSIG_PROCESSES(X)
#undef X
	default:
		return "?";
	}
}

const char *
msig_result_text(unsigned result)
{
	switch (result) {
#define X(value, id, text) \
	case value:        \
		return text;
		MSIG_RESULTS(X)
#undef X
	default:
		return "?";
	}
}

const char *
msig_share_name(unsigned share)
{
	switch (share) {
#define X(value, id, text) \
	case value:        \
		return text;
		MSIG_SHARES(X)
#undef X
	default:
		return "?";
	}
}

int
msig_version_cmp(const struct msig_version *a, const struct msig_version *b)
{
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	if (a->counter != b->counter)
		return a->counter < b->counter ? -1 : 1;
	return 0;
}

void
msig_option_init(struct msig_option *opt, enum msig_op op, const knot_dname_t *identity,
		 const knot_dname_t *zone)
{
	memset(opt, 0, sizeof(*opt));
	opt->operation = op;
	opt->transport = MSIG_TRANSPORT_DNS;
	opt->sync = MSIG_SYNC_PEER;
	opt->protocol = MSIG_PROTOCOL;
	opt->has = MSIG_HAS(IDENTITY) | MSIG_HAS(ZONE) | MSIG_HAS(PROTOCOL);
	knot_dname_copy_lower(opt->identity, identity);
	knot_dname_copy_lower(opt->zone, zone);
}

/* How each kind is written and read. */

static void
put_U8(struct msig_wr *wr, const uint8_t *v)
{
	msig_wr_u8(wr, *v);
}

static void
put_U16(struct msig_wr *wr, const uint16_t *v)
{
	msig_wr_u16(wr, *v);
}

static void
put_U32(struct msig_wr *wr, const uint32_t *v)
{
	msig_wr_u32(wr, *v);
}

static void
put_U64(struct msig_wr *wr, const uint64_t *v)
{
	msig_wr_u64(wr, *v);
}

static void
put_VERSION(struct msig_wr *wr, const struct msig_version *v)
{
	msig_wr_u64(wr, v->epoch);
	msig_wr_u64(wr, v->counter);
}

static void
get_U8(struct msig_rd *rd, uint8_t *v)
{
	*v = msig_rd_u8(rd);
}

static void
get_U16(struct msig_rd *rd, uint16_t *v)
{
	*v = msig_rd_u16(rd);
}

static void
get_U32(struct msig_rd *rd, uint32_t *v)
{
	*v = msig_rd_u32(rd);
}

static void
get_U64(struct msig_rd *rd, uint64_t *v)
{
	*v = msig_rd_u64(rd);
}

static void
get_VERSION(struct msig_rd *rd, struct msig_version *v)
{
	v->epoch = msig_rd_u64(rd);
	v->counter = msig_rd_u64(rd);
}

static void
get_NAME(struct msig_rd *rd, knot_dname_storage_t name)
{
	const knot_dname_t *at = msig_rd_name(rd);

	if (at != NULL)
		knot_dname_copy_lower(name, at);
}

static void
get_octets(struct msig_rd *rd, uint8_t *to, size_t len)
{
	const uint8_t *at = msig_rd_bytes(rd, len);

	if (at != NULL)
		memcpy(to, at, len);
}

/* Text is for people's eyes: nothing in it may steer a terminal or end a line of a log. */
static void
get_text(struct msig_rd *rd, char text[MSIG_OPTION_TEXT])
{
	size_t len = rd->left;
	const uint8_t *at = msig_rd_bytes(rd, len);

	if (len > MSIG_OPTION_TEXT - 1)
		len = MSIG_OPTION_TEXT - 1;
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(at[i] < 0x20 || at[i] >= 0x7f ? '?' : at[i]);
	text[len] = '\0';
}

#define PUT_U8(wr, m) put_U8(wr, &(m))
#define PUT_U16(wr, m) put_U16(wr, &(m))
#define PUT_U32(wr, m) put_U32(wr, &(m))
#define PUT_U64(wr, m) put_U64(wr, &(m))
#define PUT_VERSION(wr, m) put_VERSION(wr, &(m))
#define PUT_NAME(wr, m) msig_wr_name(wr, m)
#define PUT_OCTETS(wr, m) msig_wr_bytes(wr, m, sizeof(m))
#define PUT_STR(wr, m) msig_wr_bytes(wr, m, strnlen(m, sizeof(m) - 1))
#define GET_U8(rd, m) get_U8(rd, &(m))
#define GET_U16(rd, m) get_U16(rd, &(m))
#define GET_U32(rd, m) get_U32(rd, &(m))
#define GET_U64(rd, m) get_U64(rd, &(m))
#define GET_VERSION(rd, m) get_VERSION(rd, &(m))
#define GET_NAME(rd, m) get_NAME(rd, m)
#define GET_OCTETS(rd, m) get_octets(rd, m, sizeof(m))
#define GET_STR(rd, m) get_text(rd, m)

static void
put_tlv(struct msig_wr *wr, const struct msig_option *opt, enum msig_tlv tlv)
{
	size_t at;

	if (!(opt->has & (1u << tlv)))
		return;
	msig_wr_u8(wr, tlv);
	at = wr->len;
	msig_wr_u16(wr, 0);
	switch (tlv) {
#define X(type, id, kind, member)            \
	case type:                           \
		PUT_##kind(wr, opt->member); \
		break;
		MSIG_TLVS(X)
#undef X
	}
	msig_wr_patch16(wr, at, wr->len - at - 2);
}

int
msig_option_encode(const struct msig_option *opt, unsigned fixed, struct msig_wr *wr)
{
	/* Who speaks, about what, in which version: first in every message. */
	static const enum msig_tlv order[] = {MSIG_TLV_IDENTITY, MSIG_TLV_ZONE, MSIG_TLV_PROTOCOL,
#define X(type, id, kind, member) type,
					      MSIG_TLVS(X)
#undef X
	};

	msig_wr_u8(wr, opt->operation);
	msig_wr_u8(wr, opt->transport);
	msig_wr_u8(wr, opt->sync);
	if (fixed == 4)
		msig_wr_u8(wr, 0);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (i < 3 || (order[i] != order[0] && order[i] != order[1] && order[i] != order[2]))
			put_tlv(wr, opt, order[i]);
	}
	return wr->err;
}

static int
get_tlv(struct msig_rd *rd, struct msig_option *opt)
{
	uint8_t type = msig_rd_u8(rd);
	uint16_t len = msig_rd_u16(rd);
	const uint8_t *value = msig_rd_bytes(rd, len);
	struct msig_rd in;

	if (rd->err != 0)
		return MSIG_EOPTION;
	msig_rd_init(&in, value, len);
	switch (type) {
#define X(type, id, kind, member)             \
	case type:                            \
		GET_##kind(&in, opt->member); \
		break;
		MSIG_TLVS(X)
#undef X
	default:
		return 0;
	}
	if (msig_rd_end(&in) != 0 || (opt->has & (1u << type)))
		return MSIG_EOPTION;
	opt->has |= 1u << type;
	return 0;
}

int
msig_option_decode(const uint8_t *data, size_t len, unsigned fixed, struct msig_option *opt)
{
	struct msig_rd rd;
	int ret = 0;

	memset(opt, 0, sizeof(*opt));
	msig_rd_init(&rd, data, len);
	opt->operation = msig_rd_u8(&rd);
	opt->transport = msig_rd_u8(&rd);
	opt->sync = msig_rd_u8(&rd);
	if (fixed == 4)
		msig_rd_u8(&rd);
	if (rd.err != 0 || opt->operation == 0)
		return MSIG_EOPTION;
	/* A TLV has three octets at least: a body of one is the early form of HEARTBEAT. */
	if (opt->operation == MSIG_OP_HEARTBEAT && rd.left == 1) {
		MSIG_OPTION_SET(opt, REMAINING, remaining, msig_rd_u8(&rd));
		return 0;
	}
	while (ret == 0 && rd.left > 0)
		ret = get_tlv(&rd, opt);
	return ret;
}

int
msig_option_check(const struct msig_option *opt)
{
	int i = op_index(opt->operation);
	uint32_t must = MSIG_HAS(IDENTITY) | MSIG_HAS(ZONE) | MSIG_HAS(PROTOCOL);

	if (i < 0)
		return KNOT_ENOTSUP;
	must |= operations[i].must;
	if ((opt->has & must) != must)
		return MSIG_EMISSING;
	if (!(opt->transport & MSIG_TRANSPORT_DNS) || opt->protocol == 0)
		return MSIG_EOPTION;
	return 0;
}
