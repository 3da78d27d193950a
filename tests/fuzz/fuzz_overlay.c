/* UPDATE of one provider on an overlay that another one has records in, too. */
#include "combinerd/update.h"
#include "tests/fuzz/fuzz.h"

#define APEX ((const knot_dname_t *)"\x07" "example")
#define P1 "msa.p1.example."
#define P2 "msa.p2.example."

static void
add(struct overlay *overlay, const char *origin, uint16_t type, const void *data, uint16_t len)
{
	static struct rr_room room;

	knot_rdata_init(rr_room_rdata(&room), len, data);
	overlay_add(overlay, origin, type, 60, rr_room_rdata(&room), 1);
}

static void
fill(struct overlay *overlay)
{
	uint8_t key[68] = {1, 1, 3, 13, 7};

	add(overlay, P1, KNOT_RRTYPE_DNSKEY, key, sizeof(key));
	add(overlay, P2, KNOT_RRTYPE_DNSKEY, key, sizeof(key));
	key[5] = 9;
	add(overlay, P2, KNOT_RRTYPE_CDNSKEY, key, sizeof(key));
	add(overlay, P2, KNOT_RRTYPE_NS, "\x02ns\x02p2", 7);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct overlay before = {0}, after = {0}, again = {0};
	struct update_result result;

	if (len < KNOT_WIRE_HEADER_SIZE || len > UINT16_MAX)
		return 0;
	uint8_t *copy = malloc(len);
	memcpy(copy, data, len);
	knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)len, NULL);
	if (knot_pkt_parse(pkt, 0) != 0 || update_zone(pkt, &result) == NULL)
		goto out;
	fill(&before);
	overlay_copy(&after, &before);
	update_apply(pkt, APEX, P1, 2, &after, &result);
	/* whatever it says, the other one's records are as they were */
	HOLDS(overlay_count(&after, P2, 0) == 3);
	HOLDS(overlay_count(&after, P1, 0) + 3 == after.count);
	for (size_t i = 0; i < after.count; i++)
		HOLDS(msig_apex_is_type(after.at[i].type));
	if (result.rcode == KNOT_RCODE_NOERROR)
		update_check(&after, &before, false, APEX, NULL, &result);
	HOLDS((result.rcode == KNOT_RCODE_NOERROR) == (result.why[0] == '\0'));
	if (result.rcode == KNOT_RCODE_NOERROR) {
		HOLDS(overlay_count(&after, P1, KNOT_RRTYPE_DNSKEY) > 0);
		HOLDS(overlay_count(&after, NULL, KNOT_RRTYPE_CSYNC) <= 2);
		/* without prerequisites the same UPDATE again is no change */
		if (knot_wire_get_ancount(data) == 0) {
			overlay_copy(&again, &after);
			update_apply(pkt, APEX, P1, 3, &again, &result);
			HOLDS(result.rcode == KNOT_RCODE_NOERROR && again.count == after.count);
		}
	}
out:
	overlay_clear(&before);
	overlay_clear(&after);
	overlay_clear(&again);
	knot_pkt_free(pkt);
	free(copy);
	return 0;
}
