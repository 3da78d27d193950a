/* TSIG keys in the formats of Knot, BIND and kdig. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/daemon/conf_int.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = calloc(1, len + 1), err[256] = "";
	knot_tsig_key_t key = {0};
	if (text == NULL)
		abort();
	if (len > 0)
		memcpy(text, data, len);
	if (keyfile_parse(text, "k.example.", &key, err, sizeof(err)) == 0) {
		HOLDS(key.secret.size > 0);
		HOLDS(key.algorithm >= DNSSEC_TSIG_HMAC_SHA256);
		HOLDS(knot_dname_is_equal(key.name, (const uint8_t *)"\1k\7example"));
	} else {
		HOLDS(err[0] != '\0');
		HOLDS(key.name == NULL && key.secret.data == NULL);
	}
	knot_tsig_key_deinit(&key);
	free(text);
	return 0;
}
