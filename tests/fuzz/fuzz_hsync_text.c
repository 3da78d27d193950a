/* HSYNC as text, in all the forms that are read. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/hsync.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), out[MSIG_HSYNC_TEXT];
	struct msig_hsync h, again;

	HOLDS(text != NULL);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	if (msig_hsync_parse(text, 0, &h) == 0) {
		HOLDS(msig_hsync_text(&h, out, sizeof(out)) == 0);
		HOLDS(msig_hsync_parse(out, 0, &again) == 0);
		HOLDS(again.state == h.state && again.nsmgmt == h.nsmgmt && again.sign == h.sign);
		HOLDS(msig_name_eq(again.identity, h.identity));
		HOLDS(msig_name_eq(again.upstream, h.upstream));
	}
	free(text);
	return 0;
}
