/*
 * SHA-1 (to read old DS only), SHA-256 and SHA-384.
 */
#include "libmsig/hash.h"
#include <gnutls/crypto.h>
#include <libknot/errcode.h>

static gnutls_digest_algorithm_t
algorithm_of(uint8_t algorithm)
{
	switch (algorithm) {
	case 1:
		return GNUTLS_DIG_SHA1;
	case 2:
		return GNUTLS_DIG_SHA256;
	case 4:
		return GNUTLS_DIG_SHA384;
	default:
		return GNUTLS_DIG_UNKNOWN;
	}
}

size_t
hash_len(uint8_t algorithm)
{
	gnutls_digest_algorithm_t alg = algorithm_of(algorithm);

	return alg == GNUTLS_DIG_UNKNOWN ? 0 : gnutls_hash_get_len(alg);
}

int
hash_digest(uint8_t algorithm, const void *data, size_t len, uint8_t *out)
{
	gnutls_digest_algorithm_t alg = algorithm_of(algorithm);

	if (alg == GNUTLS_DIG_UNKNOWN)
		return KNOT_ENOTSUP;
	return gnutls_hash_fast(alg, data, len, out) < 0 ? KNOT_ERROR : 0;
}
