/* Answers to AXFR and IXFR, message by message (u16 length before each), upon a small picture. */
#include "tests/fuzz/fuzz.h"
#include "transportd/observe/stream.h"

#define NOW 1800000000ull

static const uint8_t zone[] = "\4shop\7example";
static uint8_t wire[65535];

/* true: the transfer goes on. */
static bool
message(struct stream *s, const uint8_t *data, size_t len, bool first)
{
	const knot_pktsection_t *answer;
	knot_pkt_t *pkt;
	int err;

	memcpy(wire, data, len);
	pkt = knot_pkt_new(wire, (uint16_t)len, NULL);
	HOLDS(pkt != NULL);
	err = knot_pkt_parse(pkt, KNOT_PF_NOCANON);
	answer = knot_pkt_section(pkt, KNOT_ANSWER);
	for (uint16_t i = 0; err == 0 && i < answer->count; i++)
		err = stream_record(s, knot_pkt_rr(answer, i));
	if (err == 0 && first)
		stream_message_end(s);
	knot_pkt_free(pkt);
	return err == 0 && s->state != STREAM_DONE;
}

static void
transfer(const struct picture *have, const uint8_t *data, size_t len, struct picture *out)
{
	struct stream s;
	bool first = true;

	HOLDS(stream_begin(&s, zone, have, NOW) == 0);
	while (len > 2) {
		size_t part = (size_t)(data[0] << 8 | data[1]);

		data += 2;
		len -= 2;
		part = part > len ? len : part;
		if (part < KNOT_WIRE_HEADER_SIZE || !message(&s, data, part, first))
			break;
		first = false;
		data += part;
		len -= part;
	}
	if (s.state == STREAM_DONE && !s.older) {
		stream_take(&s, out);
		HOLDS(out->valid && out->soa != NULL && out->serial == s.serial);
		HOLDS(out->records > 0 && out->ttl.count > 0);
		HOLDS((out->signatures.count == 0) == (out->expires.count == 0));
	}
	stream_clear(&s);
}

/* What is sent is first a whole zone, then a difference to it (or something else). */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct picture first = {0}, second = {0};
	size_t half;

	if (len < 4 || len > sizeof(wire))
		return 0;
	half = (size_t)(data[0] << 8 | data[1]);
	half = half > len - 2 ? len - 2 : half;
	transfer(NULL, data + 2, half, &first);
	transfer(first.valid ? &first : NULL, data + 2 + half, len - 2 - half, &second);
	picture_clear(&first);
	picture_clear(&second);
	return 0;
}
