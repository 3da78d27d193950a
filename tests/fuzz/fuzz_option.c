/* The Multi-Signer option; the first octet selects the layout. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/option.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct msig_option opt, again;
	uint8_t wire[4096];
	struct msig_wr wr;

	if (len == 0 || msig_option_decode(data + 1, len - 1, 3 + (data[0] & 1), &opt) != 0)
		return 0;
	(void)msig_option_check(&opt);
	msig_wr_init(&wr, wire, sizeof(wire));
	HOLDS(msig_option_encode(&opt, 3, &wr) == 0);
	HOLDS(msig_option_decode(wire, wr.len, 3, &again) == 0);
	HOLDS(memcmp(&again, &opt, sizeof(opt)) == 0);
	HOLDS(msig_option_check(&again) == msig_option_check(&opt));
	return 0;
}
