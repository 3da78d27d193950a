/* HSYNC rdata (first octet: how to read), and RRsets of it: u8 length before each record. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/hsync.h"

static void
one(const uint8_t *data, size_t len, unsigned flags)
{
	struct msig_hsync h, again;
	uint8_t rdata[MSIG_HSYNC_RDATA_MAX];
	char text[MSIG_HSYNC_TEXT], generic[2 * MSIG_HSYNC_RDATA_MAX + 16];
	uint16_t size;

	if (msig_hsync_decode(data, len, flags, &h) != 0)
		return;
	HOLDS(msig_hsync_encode(&h, rdata, &size) == 0);
	HOLDS(msig_hsync_decode(rdata, size, 0, &again) == 0);
	HOLDS(again.version == 4 && again.state == h.state && again.sign == h.sign);
	HOLDS(msig_name_eq(again.identity, h.identity) && msig_name_eq(again.upstream, h.upstream));
	HOLDS(msig_hsync_text_generic(&h, generic, sizeof(generic)) == 0);
	HOLDS(msig_hsync_parse(generic, 0, &again) == 0);
	HOLDS(msig_hsync_text(&h, text, sizeof(text)) == 0);
	HOLDS(msig_hsync_parse(text, 0, &again) == 0);
	HOLDS(msig_name_eq(again.identity, h.identity) && msig_name_eq(again.upstream, h.upstream));
}

static void
set(const uint8_t *data, size_t len, unsigned flags)
{
	struct msig_set rrs;
	struct msig_hsync_set hsync;
	uint16_t bad;

	msig_set_init(&rrs, MSIG_HSYNC_TYPE);
	while (len > 0 && data[0] < len) {
		HOLDS(msig_set_add(&rrs, data + 1, data[0]) == 0);
		len -= 1 + data[0];
		data += 1 + data[0];
	}
	if (msig_hsync_set_decode(&rrs.rrs, rrs.type, flags, &hsync, &bad) == 0) {
		for (size_t i = 0; i < hsync.count; i++)
			HOLDS(msig_hsync_set_find(&hsync, hsync.at[i].identity) == &hsync.at[i]);
		HOLDS(msig_hsync_set_signers(&hsync) <= hsync.count);
	} else {
		HOLDS(hsync.count == 0 && hsync.at == NULL);
	}
	msig_hsync_set_clear(&hsync);
	msig_set_clear(&rrs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	one(data + 1, len - 1, data[0] & 3);
	set(data + 1, len - 1, data[0] & 3);
	return 0;
}
