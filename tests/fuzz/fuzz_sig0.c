/* SIG(0) of a message, looked at and verified at a time when it counts. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/sig0.h"

/* The keys of the seeds, algorithms 13 and 15. */
static const char p256[] =
    "0200030d69f7df90fc118bfb902caddaa22f99e8044041ea997f8350126ac0c7ff0103ac4afd4779"
    "d2bad759f49ba2ce5bb11cf789ffb756678ac10916fadb3c45ab5b25";
static const char ed25519[] =
    "0200030f7570f45df5de7e3a7c077b4d9ffe52c1af65862c9bee06ca8b1f265393533a2a";

static knot_rdataset_t keys;

static void
add(const char *hex)
{
	uint8_t data[256];
	knot_rdata_t *rr = malloc(knot_rdata_size(sizeof(data)));
	unsigned octet;
	uint16_t len = 0;

	for (; hex[2 * len] != '\0'; len++) {
		HOLDS(sscanf(hex + 2 * len, "%2x", &octet) == 1);
		data[len] = octet;
	}
	knot_rdata_init(rr, len, data);
	HOLDS(knot_rdataset_add(&keys, rr, NULL) == 0);
	free(rr);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msig_sig0_info info, seen;

	if (keys.count == 0) {
		add(p256);
		add(ed25519);
	}
	if (msig_sig0_peek(data, len, &info) != 0) {
		HOLDS(msig_sig0_verify(data, len, NULL, 0, &keys, 0, 300, NULL) != 0);
		return 0;
	}
	HOLDS(info.offset >= 12 && info.offset < len);
	if (msig_sig0_verify(data, len, NULL, 0, &keys, info.inception + UINT64_C(300), 300,
			     &seen) == 0)
		HOLDS(memcmp(&info, &seen, sizeof(info)) == 0);
	(void)msig_sig0_verify(data, len, data, len, &keys, info.inception, 300, NULL);
	return 0;
}
