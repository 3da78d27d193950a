/*
 * The hash functions, in the one file that knows the crypto library for them. Not installed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* algorithm: DS digest type 1 (SHA-1), 2 (SHA-256) or 4 (SHA-384). 0 or a KNOT_E*. */
int hash_digest(uint8_t algorithm, const void *data, size_t len, uint8_t *out);
/* Length of a digest type, 0 if it is not known. */
size_t hash_len(uint8_t algorithm);
