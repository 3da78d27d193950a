/* Key files: BIND's two (split at the first octet 0), and PEM. */
#include "tests/fuzz/fuzz.h"
#include "libmsig/sig0.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const knot_dname_t *name = (const knot_dname_t *)"\1a";
	const uint8_t *cut = len == 0 ? NULL : memchr(data, 0, len);
	struct msig_sig0_key *key;

	if (cut != NULL &&
	    msig_sig0_key_from_bind((const char *)data, cut - data, (const char *)cut + 1,
				    len - (cut - data) - 1, &key) == 0)
		HOLDS(key != NULL && msig_sig0_size(key) > 64);
	else
		key = NULL;
	msig_sig0_key_free(key);
	if (msig_sig0_key_from_pem(name, data, len, &key) != 0)
		HOLDS(key == NULL);
	msig_sig0_key_free(key);
	return 0;
}
