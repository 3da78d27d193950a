/* TSIG: any message as a request, with the answer it gets, and as an answer of a stream. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/daemon/tsig.h"

static knot_tsig_key_t key;

static const knot_tsig_key_t *
find(void *arg, const knot_dname_t *name)
{
	return knot_dname_is_case_equal(name, key.name) ? &key : NULL;
}

static knot_pkt_t *
parse(const uint8_t *data, size_t len, uint8_t *copy)
{
	memcpy(copy, data, len);
	knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)len, NULL);
	HOLDS(pkt != NULL);
	if (knot_pkt_parse(pkt, 0) == KNOT_EOK)
		return pkt;
	knot_pkt_free(pkt);
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t copy[65536], answer[65536];
	if (key.name == NULL)
		HOLDS(knot_tsig_key_init(&key, "hmac-sha256", "k.example.", "c2VjcmV0c2VjcmV0") ==
		      0);
	if (len < KNOT_WIRE_HEADER_SIZE || len > 65535)
		return 0;

	knot_pkt_t *pkt = parse(data, len, copy);
	if (pkt == NULL)
		return 0;
	struct tsig_ctx server, client = {.first = (data[0] & 1) != 0, .key = &key, .mac_len = 32};
	int ret = tsig_verify_request(pkt, find, NULL, &server);
	HOLDS(ret <= 0);
	HOLDS(ret == 0 || ret == KNOT_EMALF || server.error != 0);
	HOLDS(pkt->tsig_rr != NULL || (ret == 0 && server.key == NULL));
	knot_pkt_free(pkt);
	if (ret != KNOT_EMALF) {
		size_t answer_len = KNOT_WIRE_HEADER_SIZE;
		memset(answer, 0, answer_len);
		knot_wire_set_qr(answer);
		size_t room = answer_len + tsig_space(&server);
		HOLDS(tsig_sign_reply(&server, answer, &answer_len, room) == 0);
		HOLDS(answer_len <= room);
		pkt = parse(answer, answer_len, copy);
		HOLDS(pkt != NULL);
		HOLDS((pkt->tsig_rr != NULL) == (server.key != NULL || server.error != 0));
		knot_pkt_free(pkt);
	}

	/* As the answer to a request with an all-zero MAC, and as what follows it. */
	for (int i = 0; i < 3 && (pkt = parse(data, len, copy)) != NULL; i++) {
		ret = tsig_verify_reply(&client, pkt);
		HOLDS(ret <= 0);
		knot_pkt_free(pkt);
	}
	tsig_clear(&client);
	return 0;
}
