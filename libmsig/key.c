/*
 * Public keys: tags, DS, CDS and CDNSKEY. All by hand from the rdata: what a peer calls a key need
 * not be one that the crypto library accepts; only msig_key_check() asks it.
 */
#include "libmsig/key.h"
#include <stdio.h>
#include <string.h>
#include <gnutls/abstract.h>
#include <libdnssec/error.h>
#include <libdnssec/key.h>
#include <libknot/errcode.h>
#include "libmsig/err.h"
#include "libmsig/hash.h"

#define DNSKEY_MIN 4 /* flags, protocol, algorithm */

bool
msig_key_is_sep(const knot_rdata_t *dnskey)
{
	uint16_t flags;

	if (dnskey->len <= DNSKEY_MIN)
		return false;
	flags = knot_dnskey_flags(dnskey);
	return (flags & MSIG_DNSKEY_ZONE) && (flags & MSIG_DNSKEY_SEP) &&
	       !(flags & MSIG_DNSKEY_REVOKE) && knot_dnskey_proto(dnskey) == 3;
}

/* X and Y (RFC 6605), or one string of octets (RFC 8080). */
static int
check_curve(const uint8_t *dnskey, size_t len, gnutls_ecc_curve_t curve, unsigned size, bool point)
{
	gnutls_datum_t x = {(uint8_t *)(uintptr_t)dnskey + DNSKEY_MIN, size};
	gnutls_datum_t y = {x.data + size, size};
	gnutls_pubkey_t key;
	int ret;

	if (len != DNSKEY_MIN + (point ? 2 * size : size) || gnutls_pubkey_init(&key) < 0)
		return MSIG_EKEY;
	ret = gnutls_pubkey_import_ecc_raw(key, curve, &x, point ? &y : NULL);
	if (ret == 0)
		ret = gnutls_pubkey_verify_params(key);
	gnutls_pubkey_deinit(key);
	return ret == 0 ? 0 : MSIG_EKEY;
}

static int
check_rsa(const uint8_t *dnskey, size_t len)
{
	dnssec_binary_t rdata = {.data = (uint8_t *)(uintptr_t)dnskey, .size = len};
	dnssec_key_t *key = NULL;
	int ret = dnssec_key_new(&key);

	if (ret == DNSSEC_EOK)
		ret = dnssec_key_set_rdata(key, &rdata);
	dnssec_key_free(key);
	return ret == DNSSEC_EOK ? 0 : MSIG_EKEY;
}

int
msig_key_check(const uint8_t *dnskey, size_t len)
{
	if (len <= DNSKEY_MIN)
		return MSIG_EKEY;
	switch (dnskey[3]) {
	case 8:
	case 10:
		return check_rsa(dnskey, len);
	case 13:
		return check_curve(dnskey, len, GNUTLS_ECC_CURVE_SECP256R1, 32, true);
	case 14:
		return check_curve(dnskey, len, GNUTLS_ECC_CURVE_SECP384R1, 48, true);
	case 15:
		return check_curve(dnskey, len, GNUTLS_ECC_CURVE_ED25519, 32, false);
	case 16:
		return check_curve(dnskey, len, GNUTLS_ECC_CURVE_ED448, 57, false);
	default:
		return 0;
	}
}

/* RFC 4034 appendix B, with the flags of the caller. */
static uint16_t
tag_with_flags(const knot_rdata_t *dnskey, uint16_t flags)
{
	uint32_t sum = flags;

	/* RSA/MD5 (B.1): octets of the modulus, which the flags do not touch. */
	if (dnskey->len > DNSKEY_MIN + 3 && dnskey->data[3] == 1)
		return knot_wire_read_u16(dnskey->data + dnskey->len - 3);
	for (uint16_t i = 2; i < dnskey->len; i++)
		sum += i & 1 ? dnskey->data[i] : (uint32_t)dnskey->data[i] << 8;
	sum += sum >> 16 & 0xffff;
	return sum & 0xffff;
}

uint16_t
msig_key_tag(const knot_rdata_t *dnskey)
{
	return dnskey->len < DNSKEY_MIN ? 0 : tag_with_flags(dnskey, knot_dnskey_flags(dnskey));
}

uint16_t
msig_key_tag_revoked(const knot_rdata_t *dnskey)
{
	return dnskey->len < DNSKEY_MIN
		   ? 0
		   : tag_with_flags(dnskey, knot_dnskey_flags(dnskey) ^ MSIG_DNSKEY_REVOKE);
}

/* The same key, but for the REVOKE bit: its variant is no stranger. */
static bool
same_key(const knot_rdata_t *a, const knot_rdata_t *b)
{
	return a->len == b->len && a->len >= DNSKEY_MIN && a->data[0] == b->data[0] &&
	       (a->data[1] | MSIG_DNSKEY_REVOKE) == (b->data[1] | MSIG_DNSKEY_REVOKE) &&
	       memcmp(a->data + 2, b->data + 2, a->len - 2) == 0;
}

static bool
tags_meet(const knot_rdata_t *a, const knot_rdata_t *b, uint16_t *tag)
{
	uint16_t ta[2] = {msig_key_tag(a), msig_key_tag_revoked(a)};
	uint16_t tb[2] = {msig_key_tag(b), msig_key_tag_revoked(b)};

	for (int i = 0; i < 4; i++) {
		if (ta[i / 2] == tb[i % 2]) {
			*tag = ta[i / 2];
			return true;
		}
	}
	return false;
}

bool
msig_key_clash(const struct msig_set *a, const struct msig_set *b, struct msig_key_clash *clash)
{
	struct msig_key_clash found;

	MSIG_SET_EACH(a, ra)
	{
		MSIG_SET_EACH(b, rb)
		{
			if (same_key(ra, rb) || !tags_meet(ra, rb, &found.tag))
				continue;
			found.a = ra;
			found.b = rb;
			if (clash != NULL)
				*clash = found;
			return true;
		}
	}
	return false;
}

static int
key_digest(const knot_dname_t *zone, const knot_rdata_t *dnskey, uint8_t digest, uint8_t *out)
{
	uint8_t data[KNOT_DNAME_MAXLEN + 4096];
	size_t name = knot_dname_size(zone);

	if (dnskey->len > sizeof(data) - KNOT_DNAME_MAXLEN)
		return KNOT_ESPACE;
	knot_dname_copy_lower(data, zone);
	memcpy(data + name, dnskey->data, dnskey->len);
	return hash_digest(digest, data, name + dnskey->len, out);
}

int
msig_key_ds(const knot_dname_t *zone, const knot_rdata_t *dnskey, uint8_t digest,
	    uint8_t ds[MSIG_DS_MAX], uint16_t *len)
{
	if (dnskey->len <= DNSKEY_MIN)
		return KNOT_EINVAL;
	if (digest != 2 && digest != 4)
		return KNOT_ENOTSUP;
	knot_wire_write_u16(ds, msig_key_tag(dnskey));
	ds[2] = knot_dnskey_alg(dnskey);
	ds[3] = digest;
	*len = 4 + hash_len(digest);
	return key_digest(zone, dnskey, digest, ds + 4);
}

int
msig_key_ds_parse(const char *text, uint8_t ds[MSIG_DS_MAX], uint16_t *len)
{
	unsigned tag, algorithm, type, octet;
	int at = 0;

	if (sscanf(text, "%5u %3u %1u %n", &tag, &algorithm, &type, &at) != 3 || at == 0 ||
	    tag > UINT16_MAX || algorithm > UINT8_MAX || strspn(text, "0123456789 ") < (size_t)at)
		return MSIG_EVALUE;
	size_t octets = type == 1 ? 20 : type == 2 ? 32 : type == 4 ? 48 : 0;
	text += at;
	if (octets == 0 || strlen(text) != 2 * octets ||
	    strspn(text, "0123456789abcdefABCDEF") != 2 * octets)
		return MSIG_EVALUE;
	ds[0] = (uint8_t)(tag >> 8);
	ds[1] = (uint8_t)tag;
	ds[2] = (uint8_t)algorithm;
	ds[3] = (uint8_t)type;
	for (size_t i = 0; i < octets; i++) {
		(void)sscanf(text + 2 * i, "%2x", &octet);
		ds[4 + i] = (uint8_t)octet;
	}
	*len = (uint16_t)(4 + octets);
	return 0;
}

bool
msig_key_matches_ds(const knot_dname_t *zone, const knot_rdata_t *dnskey, const knot_rdata_t *ds)
{
	uint8_t digest[64];
	size_t len;

	if (ds->len < 5 || dnskey->len <= DNSKEY_MIN)
		return false;
	len = hash_len(ds->data[3]);
	if (len == 0 || ds->len != 4 + len || knot_ds_key_tag(ds) != msig_key_tag(dnskey) ||
	    knot_ds_alg(ds) != knot_dnskey_alg(dnskey))
		return false;
	return key_digest(zone, dnskey, ds->data[3], digest) == 0 &&
	       memcmp(digest, ds->data + 4, len) == 0;
}

int
msig_key_cds(const knot_dname_t *zone, const struct msig_set *dnskeys, struct msig_set *cds,
	     struct msig_set *cdnskey)
{
	msig_set_clear(cds);
	msig_set_clear(cdnskey);
	MSIG_SET_EACH(dnskeys, rr)
	{
		uint8_t ds[MSIG_DS_MAX];
		uint16_t len;
		int ret;

		if (!msig_key_is_sep(rr))
			continue;
		ret = msig_key_ds(zone, rr, 2, ds, &len);
		if (ret == 0)
			ret = msig_set_add(cds, ds, len);
		if (ret == 0)
			ret = msig_set_add(cdnskey, rr->data, rr->len);
		if (ret != 0)
			return ret;
	}
	cds->ttl = cdnskey->ttl = dnskeys->ttl;
	return 0;
}

bool
msig_key_has_delete(const struct msig_set *set)
{
	/* The algorithm of a CDS is its third octet, that of a CDNSKEY its fourth. */
	size_t at = set->type == KNOT_RRTYPE_CDS ? 2 : 3;

	MSIG_SET_EACH(set, rr)
	{
		if (rr->len <= at || rr->data[at] == 0)
			return true;
	}
	return false;
}

static bool
named_by_cds(const knot_dname_t *zone, const knot_rdata_t *key, const struct msig_set *cds)
{
	MSIG_SET_EACH(cds, ds)
	{
		if (msig_key_matches_ds(zone, key, ds))
			return true;
	}
	return false;
}

static bool
names_a_cdnskey(const knot_dname_t *zone, const knot_rdata_t *ds, const struct msig_set *cdnskey)
{
	MSIG_SET_EACH(cdnskey, key)
	{
		if (msig_key_matches_ds(zone, key, ds))
			return true;
	}
	return false;
}

bool
msig_key_cds_agree(const knot_dname_t *zone, const struct msig_set *cds,
		   const struct msig_set *cdnskey)
{
	if (msig_key_has_delete(cds) || msig_key_has_delete(cdnskey))
		return false;
	MSIG_SET_EACH(cdnskey, key)
	{
		if (!named_by_cds(zone, key, cds))
			return false;
	}
	MSIG_SET_EACH(cds, ds)
	{
		if (!names_a_cdnskey(zone, ds, cdnskey))
			return false;
	}
	return true;
}
