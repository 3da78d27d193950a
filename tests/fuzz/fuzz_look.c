/* Answers of servers and of the resolver: the three values. The first octet says how to judge. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/rrs.h"
#include "transportd/observe/look.h"

static const uint8_t name[] = "\4shop\7example";

static void
check(const struct look *look)
{
	struct msig_rrs rrs;

	HOLDS(look->answer_len <= LOOK_SECTION_MAX && look->authority_len <= LOOK_SECTION_MAX);
	HOLDS((look->status == MSIG_SEEN_UNKNOWN) == (look->reason[0] != '\0'));
	HOLDS(look->status != MSIG_SEEN_ABSENT || look->aa ||
	      look->validation == MSIG_VALIDATION_SECURE);
	HOLDS(look->status == MSIG_SEEN_UNKNOWN || look->validation != MSIG_VALIDATION_BOGUS);
	if (msig_rrs_decode(look->answer, look->answer_len, &rrs) == 0) {
		HOLDS(look->status != MSIG_SEEN_SET || rrs.count > 0 || look->authority_len > 0);
		msig_rrs_clear(&rrs);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t wire[65535];
	struct look look;
	knot_pkt_t *pkt;
	uint16_t type;

	if (len < 1 + KNOT_WIRE_HEADER_SIZE || len > sizeof(wire))
		return 0;
	memcpy(wire, data + 1, len - 1);
	pkt = knot_pkt_new(wire, (uint16_t)(len - 1), NULL);
	HOLDS(pkt != NULL);
	if (knot_pkt_parse(pkt, KNOT_PF_NOCANON) == 0) {
		type = knot_pkt_qname(pkt) != NULL ? knot_pkt_qtype(pkt) : KNOT_RRTYPE_NS;
		if (data[0] & 1)
			look_server(pkt, name, type, &look);
		else
			look_validated(pkt, 0, (enum msig_validation)(data[0] >> 1 & 3), NULL, type,
				       &look);
		check(&look);
		look_clear(&look);
	}
	knot_pkt_free(pkt);
	return 0;
}
