/*
 * The canonical form of rdata (RFC 4034 6.2 as amended by RFC 6840 5.1): names of the listed types
 * in lower case, everything else untouched.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* In place. false if the rdata ends in the middle of a name; it is not changed from there on. */
bool msig_canon_rdata(uint16_t type, uint8_t *rdata, uint16_t len);
