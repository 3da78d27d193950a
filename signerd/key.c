/*
 * See key.h.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <gnutls/gnutls.h>
#include <libknot/libknot.h>

#include "libmsig/err.h"
#include "libmsig/key.h"
#include "signerd/key.h"

int
key_parse_dnskey(const char *text, struct key *key)
{
	uint8_t wire[sizeof(knot_rdata_t) + KEY_RDATA + 2];
	knot_rdata_t *rdata = (knot_rdata_t *)(void *)wire;
	const char *at = text;
	unsigned flags, protocol, algorithm;
	gnutls_datum_t in, out;
	char base64[2048];

	/* PowerDNS has the word in front of the record as well. */
	do {
		at = strstr(at, " DNSKEY ");
		if (at == NULL)
			return MSIG_EVALUE;
	} while (sscanf(at++, " DNSKEY %u %u %u %2047s", &flags, &protocol, &algorithm, base64) !=
		 4);
	if (flags > UINT16_MAX || protocol != 3 || algorithm != key->algorithm ||
	    ((flags & MSIG_DNSKEY_SEP) != 0) != key_is_ksk(key))
		return MSIG_EVALUE;
	in.data = (unsigned char *)base64;
	in.size = (unsigned)strlen(base64);
	if (gnutls_base64_decode2(&in, &out) < 0)
		return MSIG_EVALUE;
	if (out.size > 0 && out.size + 4 <= sizeof(key->dnskey)) {
		key->dnskey[0] = (uint8_t)(flags >> 8);
		key->dnskey[1] = (uint8_t)flags;
		key->dnskey[2] = 3;
		key->dnskey[3] = (uint8_t)algorithm;
		memcpy(key->dnskey + 4, out.data, out.size);
		key->len = (uint16_t)(out.size + 4);
		knot_rdata_init(rdata, key->len, key->dnskey);
	}
	gnutls_free(out.data);
	if (key->len == 0)
		return MSIG_ESIZE;
	return msig_key_tag(rdata) == key->tag ? 0 : MSIG_EVALUE;
}
