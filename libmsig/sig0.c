/*
 * SIG(0) on libdnssec.
 */
#include "libmsig/sig0.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include "libmsig/buf.h"
#include "libmsig/compat.h"
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "libmsig/name.h"

#define KEY_FLAGS 512 /* KEY of a host or other end entity (RFC 2535 3.1.2) */
#define KEY_PROTOCOL 3
#define SIG_FIXED 18 /* rdata before the signer's name */
#define RR_FIXED 10  /* type, class, TTL, rdlength */
#define ARCOUNT_AT 10

struct msig_sig0_key {
	knot_dname_storage_t name;
	dnssec_key_t *key;
	knot_rdata_t *rdata; /* of the KEY record */
	gnutls_datum_t pem;  /* PKCS#8: what libdnssec was given, it does not give it back */
	uint16_t tag;
};

/* Keys --------------------------------------------------------------------------------------- */

void
msig_sig0_key_free(struct msig_sig0_key *key)
{
	if (key == NULL)
		return;
	dnssec_key_free(key->key);
	free(key->rdata);
	if (key->pem.data != NULL) {
		gnutls_memset(key->pem.data, 0, key->pem.size);
		gnutls_free(key->pem.data);
	}
	free(key);
}

const knot_dname_t *
msig_sig0_key_name(const struct msig_sig0_key *key)
{
	return key->name;
}

uint8_t
msig_sig0_key_algorithm(const struct msig_sig0_key *key)
{
	return dnssec_key_get_algorithm(key->key);
}

uint16_t
msig_sig0_key_tag(const struct msig_sig0_key *key)
{
	return key->tag;
}

const knot_rdata_t *
msig_sig0_key_rdata(const struct msig_sig0_key *key)
{
	return key->rdata;
}

/* The KEY rdata is put together here: libdnssec knows zone keys only. */
static int
make_rdata(struct msig_sig0_key *key, uint16_t flags)
{
	dnssec_binary_t public;
	int ret = dnssec_key_get_pubkey(key->key, &public);

	if (ret != DNSSEC_EOK)
		return ret;
	key->rdata = malloc(knot_rdata_size(4 + public.size));
	if (key->rdata == NULL)
		return KNOT_ENOMEM;
	key->rdata->len = 4 + public.size;
	knot_wire_write_u16(key->rdata->data, flags);
	key->rdata->data[2] = KEY_PROTOCOL;
	key->rdata->data[3] = dnssec_key_get_algorithm(key->key);
	memcpy(key->rdata->data + 4, public.data, public.size);
	key->tag = msig_key_tag(key->rdata);
	return 0;
}

/* DNSSEC algorithm of a private key, 0 if it is of no use here. */
static uint8_t
algorithm_of(gnutls_x509_privkey_t key)
{
	gnutls_ecc_curve_t curve;
	unsigned bits;

	switch (gnutls_x509_privkey_get_pk_algorithm2(key, &bits)) {
	case GNUTLS_PK_RSA:
		return DNSSEC_KEY_ALGORITHM_RSA_SHA256;
	case GNUTLS_PK_EDDSA_ED25519:
		return DNSSEC_KEY_ALGORITHM_ED25519;
	case GNUTLS_PK_ECDSA:
		if (gnutls_x509_privkey_export_ecc_raw(key, &curve, NULL, NULL, NULL) < 0)
			return 0;
		return curve == GNUTLS_ECC_CURVE_SECP256R1 ? DNSSEC_KEY_ALGORITHM_ECDSA_P256_SHA256
							   : 0;
	default:
		return 0;
	}
}

static int
key_from_x509(const knot_dname_t *name, uint16_t flags, gnutls_x509_privkey_t private,
	      struct msig_sig0_key **out)
{
	struct msig_sig0_key *key = calloc(1, sizeof(*key));
	uint8_t algorithm = algorithm_of(private);
	int ret = KNOT_ENOTSUP;

	if (key == NULL)
		return KNOT_ENOMEM;
	knot_dname_copy_lower(key->name, name);
	if (algorithm == 0)
		goto out;
	ret = KNOT_ERROR;
	if (gnutls_x509_privkey_export2_pkcs8(private, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
					      &key->pem) < 0)
		goto out;
	ret = dnssec_key_new(&key->key);
	if (ret == DNSSEC_EOK)
		ret = dnssec_key_set_algorithm(key->key, algorithm);
	if (ret == DNSSEC_EOK) {
		dnssec_binary_t bin = {.data = key->pem.data, .size = key->pem.size};

		ret = dnssec_key_load_pkcs8(key->key, &bin);
	}
	if (ret == DNSSEC_EOK)
		ret = make_rdata(key, flags);
out:
	if (ret != 0) {
		msig_sig0_key_free(key);
		key = NULL;
	}
	*out = key;
	return ret;
}

int
msig_sig0_key_generate(const knot_dname_t *name, uint8_t algorithm, struct msig_sig0_key **key)
{
	gnutls_x509_privkey_t private;
	int ret;

	*key = NULL;
	if (algorithm != DNSSEC_KEY_ALGORITHM_ED25519 &&
	    algorithm != DNSSEC_KEY_ALGORITHM_ECDSA_P256_SHA256)
		return KNOT_ENOTSUP;
	if (gnutls_x509_privkey_init(&private) < 0)
		return KNOT_ENOMEM;
	if (algorithm == DNSSEC_KEY_ALGORITHM_ED25519)
		ret = gnutls_x509_privkey_generate(private, GNUTLS_PK_EDDSA_ED25519, 0, 0);
	else
		ret = gnutls_x509_privkey_generate(
		    private, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	ret = ret < 0 ? KNOT_ERROR : key_from_x509(name, KEY_FLAGS, private, key);
	gnutls_x509_privkey_deinit(private);
	return ret;
}

int
msig_sig0_key_from_pem(const knot_dname_t *name, const uint8_t *pem, size_t len,
		       struct msig_sig0_key **key)
{
	gnutls_datum_t data = {(unsigned char *)(uintptr_t)pem, len};
	gnutls_x509_privkey_t private;
	int ret;

	*key = NULL;
	if (gnutls_x509_privkey_init(&private) < 0)
		return KNOT_ENOMEM;
	/* Not import2(): it tries OpenSSL's encrypted form too, and reads past the end of a file
	 * that stops behind "DEK-Info: " (GnuTLS 3.7.9). */
	ret = gnutls_x509_privkey_import(private, &data, GNUTLS_X509_FMT_PEM);
	ret = ret < 0 ? KNOT_EINVAL : key_from_x509(name, KEY_FLAGS, private, key);
	gnutls_x509_privkey_deinit(private);
	return ret;
}

int
msig_sig0_key_to_pem(const struct msig_sig0_key *key, char **pem, size_t *len)
{
	*pem = malloc(key->pem.size + 1);
	if (*pem == NULL)
		return KNOT_ENOMEM;
	memcpy(*pem, key->pem.data, key->pem.size);
	(*pem)[key->pem.size] = '\0';
	*len = key->pem.size;
	return 0;
}

/* BIND's key files -------------------------------------------------------------------------- */

/* What the .key file says: NAME [TTL] [IN] KEY FLAGS 3 ALGORITHM BASE64... */
struct bind_public {
	knot_dname_storage_t name;
	uint16_t flags;
	uint8_t algorithm;
	gnutls_datum_t key;
};

static int
from_base64(const char *text, gnutls_datum_t *out)
{
	gnutls_datum_t in = {(unsigned char *)(uintptr_t)text, strlen(text)};

	return gnutls_base64_decode2(&in, out) < 0 ? KNOT_EINVAL : 0;
}

/* The rest of a line of words, joined: base64 may be split. */
static void
join(char *save, char *out, size_t len)
{
	size_t at = 0;

	out[0] = '\0';
	for (char *w = strtok_r(NULL, " \t", &save); w != NULL; w = strtok_r(NULL, " \t", &save)) {
		size_t n = strlen(w);

		if (at + n + 1 > len)
			return;
		memcpy(out + at, w, n + 1);
		at += n;
	}
}

static int
parse_public_line(char *line, struct bind_public *pub)
{
	char *save, *word = strtok_r(line, " \t", &save);
	unsigned long number[3] = {0};
	char base64[1024];

	if (word == NULL || msig_name_parse(word, pub->name) != 0)
		return KNOT_EINVAL;
	do {
		word = strtok_r(NULL, " \t", &save);
	} while (word != NULL && strcasecmp(word, "KEY") != 0);
	for (int i = 0; i < 3; i++) {
		word = word == NULL ? NULL : strtok_r(NULL, " \t", &save);
		if (word == NULL)
			return KNOT_EINVAL;
		number[i] = strtoul(word, NULL, 10);
	}
	if (number[0] > 65535 || number[1] != KEY_PROTOCOL || number[2] > 255)
		return KNOT_EINVAL;
	pub->flags = number[0];
	pub->algorithm = number[2];
	join(save, base64, sizeof(base64));
	return from_base64(base64, &pub->key);
}

/* Calls f for each line of a copy of the text until it gives a value other than 1. */
static int
each_line(const char *text, size_t len, int (*f)(char *line, void *arg), void *arg)
{
	char *copy = strndup(text, len), *save;
	int ret = 1;

	if (copy == NULL)
		return KNOT_ENOMEM;
	for (char *line = strtok_r(copy, "\r\n", &save); line != NULL && ret == 1;
	     line = strtok_r(NULL, "\r\n", &save))
		ret = f(line, arg);
	gnutls_memset(copy, 0, strnlen(text, len));
	free(copy);
	return ret == 1 ? KNOT_EINVAL : ret;
}

static int
public_line(char *line, void *arg)
{
	return line[0] == ';' ? 1 : parse_public_line(line, arg);
}

static int
private_line(char *line, void *arg)
{
	const char *label = "PrivateKey:";

	if (strncmp(line, label, strlen(label)) != 0)
		return 1;
	line += strlen(label);
	return from_base64(line + strspn(line, " \t"), arg);
}

static int
import_raw(gnutls_x509_privkey_t key, const struct bind_public *pub, const gnutls_datum_t *secret)
{
	gnutls_datum_t x = pub->key, y = pub->key;

	if (pub->algorithm == DNSSEC_KEY_ALGORITHM_ED25519)
		return gnutls_x509_privkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL,
							  secret);
	if (pub->algorithm != DNSSEC_KEY_ALGORITHM_ECDSA_P256_SHA256 || pub->key.size != 64)
		return -1;
	x.size = y.size = 32;
	y.data += 32;
	return gnutls_x509_privkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_SECP256R1, &x, &y, secret);
}

int
msig_sig0_key_from_bind(const char *public, size_t public_len, const char *private,
			size_t private_len, struct msig_sig0_key **key)
{
	struct bind_public pub = {.key = {NULL, 0}};
	gnutls_datum_t secret = {NULL, 0};
	gnutls_x509_privkey_t x509 = NULL;
	int ret;

	*key = NULL;
	ret = each_line(public, public_len, public_line, &pub);
	if (ret == 0)
		ret = each_line(private, private_len, private_line, &secret);
	if (ret == 0 && gnutls_x509_privkey_init(&x509) < 0)
		ret = KNOT_ENOMEM;
	if (ret == 0 && import_raw(x509, &pub, &secret) < 0)
		ret = KNOT_EINVAL;
	if (ret == 0)
		ret = key_from_x509(pub.name, pub.flags, x509, key);
	if (x509 != NULL)
		gnutls_x509_privkey_deinit(x509);
	if (secret.data != NULL)
		gnutls_memset(secret.data, 0, secret.size);
	gnutls_free(secret.data);
	gnutls_free(pub.key.data);
	return ret;
}

/* Messages ----------------------------------------------------------------------------------- */

/* A SIG(0) in a message: what it says, and where its parts are. */
struct located {
	struct msig_sig0_info info;
	const uint8_t *rdata;
	const uint8_t *signature;
	size_t signature_len;
};

/* One record of a message, wherever it stands. */
struct record {
	size_t offset;
	bool root;
	uint16_t type;
	uint16_t rclass;
	uint32_t ttl;
	uint16_t rdlen;
	const uint8_t *rdata;
};

static bool
skip_name(const uint8_t *wire, size_t len, size_t *at)
{
	int n;

	if (*at >= len)
		return false;
	n = knot_dname_wire_check(wire + *at, wire + len, wire);
	if (n <= 0)
		return false;
	*at += n;
	return true;
}

static bool
read_record(const uint8_t *wire, size_t len, size_t *at, struct record *rr)
{
	rr->offset = *at;
	if (!skip_name(wire, len, at) || len - *at < RR_FIXED)
		return false;
	rr->root = wire[rr->offset] == '\0';
	rr->type = knot_wire_read_u16(wire + *at);
	rr->rclass = knot_wire_read_u16(wire + *at + 2);
	rr->ttl = knot_wire_read_u32(wire + *at + 4);
	rr->rdlen = knot_wire_read_u16(wire + *at + 8);
	rr->rdata = wire + *at + RR_FIXED;
	*at += RR_FIXED;
	if (rr->rdlen > len - *at)
		return false;
	*at += rr->rdlen;
	return true;
}

static bool
is_sig0(const struct record *rr)
{
	return rr->type == KNOT_RRTYPE_SIG && rr->rdlen >= 2 && knot_wire_read_u16(rr->rdata) == 0;
}

/* Finds the last record. It is malformed to have a SIG(0) or TSIG before the end. */
static int
last_record(const uint8_t *wire, size_t len, struct record *rr)
{
	size_t at = KNOT_WIRE_HEADER_SIZE;
	unsigned count;

	if (len < KNOT_WIRE_HEADER_SIZE || len > KNOT_WIRE_MAX_PKTSIZE)
		return KNOT_EMALF;
	for (unsigned i = 0; i < knot_wire_get_qdcount(wire); i++) {
		if (!skip_name(wire, len, &at) || len - at < 4)
			return KNOT_EMALF;
		at += 4;
	}
	count = (unsigned)knot_wire_get_ancount(wire) + knot_wire_get_nscount(wire) +
		knot_wire_get_arcount(wire);
	for (unsigned i = 0; i < count; i++) {
		if (!read_record(wire, len, &at, rr))
			return KNOT_EMALF;
		if (i + 1 < count && (is_sig0(rr) || rr->type == KNOT_RRTYPE_TSIG))
			return KNOT_EMALF;
	}
	if (at != len)
		return KNOT_EMALF;
	return count == 0 || knot_wire_get_arcount(wire) == 0 || !is_sig0(rr) ? MSIG_ENOSIG : 0;
}

static int
locate(const uint8_t *wire, size_t len, struct located *sig)
{
	struct record rr = {0};
	struct msig_rd rd;
	const knot_dname_t *signer;
	int ret;

	memset(sig, 0, sizeof(*sig));
	ret = last_record(wire, len, &rr);
	if (ret != 0)
		return ret;
	if (!rr.root || rr.rclass != KNOT_CLASS_ANY || rr.ttl != 0)
		return KNOT_EMALF;
	msig_rd_init(&rd, rr.rdata, rr.rdlen);
	msig_rd_u16(&rd); /* type covered: 0 */
	sig->info.algorithm = msig_rd_u8(&rd);
	msig_rd_u8(&rd);  /* labels */
	msig_rd_u32(&rd); /* original TTL */
	sig->info.expiration = msig_rd_u32(&rd);
	sig->info.inception = msig_rd_u32(&rd);
	sig->info.tag = msig_rd_u16(&rd);
	signer = msig_rd_name(&rd);
	if (rd.err != 0 || rd.left == 0)
		return KNOT_EMALF;
	knot_dname_copy_lower(sig->info.signer, signer);
	sig->info.offset = rr.offset;
	sig->rdata = rr.rdata;
	sig->signature = rd.at;
	sig->signature_len = rd.left;
	return 0;
}

int
msig_sig0_peek(const uint8_t *wire, size_t len, struct msig_sig0_info *info)
{
	struct located sig;
	int ret = locate(wire, len, &sig);

	*info = sig.info;
	return ret;
}

/* a before or at b, in the serial arithmetic of RFC 1982. */
static bool
not_after(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a) >= 0;
}

int
msig_sig0_check_time(const struct msig_sig0_info *info, uint64_t now, uint32_t window)
{
	uint32_t t = now & 0xffffffff;

	/* Twice the window: once for the validity and once for the clocks. A signature that is
	 * good for longer would have to be remembered for longer, against replay. */
	if (!not_after(info->inception, t) || !not_after(t, info->expiration) ||
	    !not_after(t - 2 * window, info->inception) ||
	    !not_after(info->expiration, t + 2 * window))
		return MSIG_ESIGTIME;
	return 0;
}

/* Feeds what is signed: the rdata, the request if this is a response, and the message as it was
 * before its SIG(0): without the record and with a smaller count. */
static int
feed(dnssec_sign_ctx_t *ctx, const uint8_t *rdata, const knot_dname_t *signer, const uint8_t *wire,
     size_t len, uint16_t arcount, const uint8_t *request, size_t request_len)
{
	uint8_t head[SIG_FIXED + KNOT_DNAME_MAXLEN];
	uint8_t header[KNOT_WIRE_HEADER_SIZE];
	dnssec_binary_t part[4];
	int ret = DNSSEC_EOK;

	memcpy(head, rdata, SIG_FIXED);
	memcpy(head + SIG_FIXED, signer, knot_dname_size(signer));
	memcpy(header, wire, sizeof(header));
	knot_wire_write_u16(header + ARCOUNT_AT, arcount);
	part[0] = (dnssec_binary_t){.data = head, .size = SIG_FIXED + knot_dname_size(signer)};
	part[1] = (dnssec_binary_t){.data = (uint8_t *)(uintptr_t)request,
				    .size = request == NULL ? 0 : request_len};
	part[2] = (dnssec_binary_t){.data = header, .size = sizeof(header)};
	part[3] = (dnssec_binary_t){.data = (uint8_t *)(uintptr_t)wire + sizeof(header),
				    .size = len - sizeof(header)};
	for (int i = 0; i < 4 && ret == DNSSEC_EOK; i++) {
		if (part[i].size > 0)
			ret = dnssec_sign_add(ctx, &part[i]);
	}
	return ret;
}

static size_t
signature_size(uint8_t algorithm, const struct msig_sig0_key *key)
{
	/* RSA: as long as the modulus, which is shorter than the public key field. */
	return algorithm == DNSSEC_KEY_ALGORITHM_RSA_SHA256 ? key->rdata->len : 64;
}

size_t
msig_sig0_size(const struct msig_sig0_key *key)
{
	return 1 + RR_FIXED + SIG_FIXED + knot_dname_size(key->name) +
	       signature_size(msig_sig0_key_algorithm(key), key);
}

static void
write_rdata_head(struct msig_wr *wr, const struct msig_sig0_key *key, uint64_t now, uint32_t window)
{
	msig_wr_u16(wr, 0);
	msig_wr_u8(wr, msig_sig0_key_algorithm(key));
	msig_wr_u8(wr, 0);
	msig_wr_u32(wr, 0);
	msig_wr_u32(wr, (now + window) & 0xffffffff);
	msig_wr_u32(wr, (now - window) & 0xffffffff);
	msig_wr_u16(wr, key->tag);
	msig_wr_name(wr, key->name);
}

int
msig_sig0_sign(const struct msig_sig0_key *key, uint8_t *wire, size_t *len, size_t max,
	       const uint8_t *request, size_t request_len, uint64_t now, uint32_t window)
{
	dnssec_sign_ctx_t *ctx = NULL;
	dnssec_binary_t signature = {0};
	struct msig_wr wr;
	size_t rdata;
	uint16_t arcount;
	int ret;

	if (*len < KNOT_WIRE_HEADER_SIZE || *len > max)
		return KNOT_EINVAL;
	if (max > KNOT_WIRE_MAX_PKTSIZE)
		max = KNOT_WIRE_MAX_PKTSIZE;
	arcount = knot_wire_get_arcount(wire);
	if (arcount == UINT16_MAX)
		return KNOT_ESPACE;
	msig_wr_init(&wr, wire, max);
	wr.len = *len;
	msig_wr_u8(&wr, 0);
	msig_wr_u16(&wr, KNOT_RRTYPE_SIG);
	msig_wr_u16(&wr, KNOT_CLASS_ANY);
	msig_wr_u32(&wr, 0);
	msig_wr_u16(&wr, 0);
	rdata = wr.len;
	write_rdata_head(&wr, key, now, window);
	if (wr.err != 0)
		return wr.err;

	ret = dnssec_sign_new(&ctx, key->key);
	if (ret == DNSSEC_EOK)
		ret = feed(ctx, wire + rdata, key->name, wire, *len, arcount, request, request_len);
	if (ret == DNSSEC_EOK)
		ret = dnssec_sign_write(ctx, DNSSEC_SIGN_NORMAL, &signature);
	if (ret == DNSSEC_EOK) {
		msig_wr_bytes(&wr, signature.data, signature.size);
		msig_wr_patch16(&wr, rdata - 2, wr.len - rdata);
		ret = wr.err;
	}
	if (ret == 0) {
		knot_wire_set_arcount(wire, arcount + 1);
		*len = wr.len;
	}
	dnssec_binary_free(&signature);
	dnssec_sign_free(ctx);
	return ret;
}

bool
msig_sig0_key_usable(const knot_rdata_t *key)
{
	if (key->len <= 4 || knot_dnskey_proto(key) != KEY_PROTOCOL ||
	    (knot_dnskey_flags(key) & MSIG_DNSKEY_ZONE))
		return false;
	switch (knot_dnskey_alg(key)) {
	case DNSSEC_KEY_ALGORITHM_RSA_SHA256:
	case DNSSEC_KEY_ALGORITHM_ECDSA_P256_SHA256:
	case DNSSEC_KEY_ALGORITHM_ECDSA_P384_SHA384:
	case DNSSEC_KEY_ALGORITHM_ED25519:
	case DNSSEC_KEY_ALGORITHM_ED448:
		return true;
	default:
		return false;
	}
}

/* One public-key operation, with the signer's name in the letters given. */
static int
verify_with(const knot_rdata_t *rdata, const struct located *sig, const knot_dname_t *signer,
	    const uint8_t *wire, const uint8_t *request, size_t request_len)
{
	dnssec_binary_t public = {.data = (uint8_t *)(uintptr_t)rdata->data + 4,
				  .size = rdata->len - 4};
	dnssec_binary_t signature = {.data = (uint8_t *)(uintptr_t)sig->signature,
				     .size = sig->signature_len};
	dnssec_key_t *key = NULL;
	dnssec_sign_ctx_t *ctx = NULL;
	int ret = dnssec_key_new(&key);

	/* Not dnssec_key_set_rdata: it takes no flags but those of zone keys. */
	if (ret == DNSSEC_EOK)
		ret = dnssec_key_set_algorithm(key, sig->info.algorithm);
	if (ret == DNSSEC_EOK)
		ret = dnssec_key_set_pubkey(key, &public);
	if (ret == DNSSEC_EOK)
		ret = dnssec_sign_new(&ctx, key);
	if (ret == DNSSEC_EOK)
		ret = feed(ctx, sig->rdata, signer, wire, sig->info.offset,
			   knot_wire_get_arcount(wire) - 1, request, request_len);
	if (ret == DNSSEC_EOK)
		ret = dnssec_sign_verify(ctx, false, &signature);
	dnssec_sign_free(ctx);
	dnssec_key_free(key);
	return ret == DNSSEC_EOK ? 0 : MSIG_EBADSIG;
}

/* The canonical form has the signer's name in lower case; BIND hashes it as it writes it. */
static int
verify_key(const knot_rdata_t *key, const struct located *sig, const uint8_t *wire,
	   const uint8_t *request, size_t request_len)
{
	const knot_dname_t *as_is = sig->rdata + SIG_FIXED;
	int ret = verify_with(key, sig, sig->info.signer, wire, request, request_len);

	if (ret != 0 && !knot_dname_is_equal(as_is, sig->info.signer))
		ret = verify_with(key, sig, as_is, wire, request, request_len);
	return ret;
}

int
msig_sig0_verify(const uint8_t *wire, size_t len, const uint8_t *request, size_t request_len,
		 const knot_rdataset_t *keys, uint64_t now, uint32_t window,
		 struct msig_sig0_info *info)
{
	struct located sig;
	const knot_rdata_t *key = keys->rdata;
	unsigned tried = 0;
	int ret = locate(wire, len, &sig);

	if (info != NULL)
		*info = sig.info;
	if (ret == 0)
		ret = msig_sig0_check_time(&sig.info, now, window);
	if (ret != 0)
		return ret;
	ret = MSIG_ESIGKEY;
	for (uint16_t i = 0; i < keys->count && tried < MSIG_SIG0_KEYS_MAX; i++) {
		if (msig_sig0_key_usable(key) && knot_dnskey_alg(key) == sig.info.algorithm &&
		    msig_key_tag(key) == sig.info.tag) {
			tried++;
			ret = verify_key(key, &sig, wire, request, request_len);
			if (ret == 0)
				return 0;
		}
		key = (const knot_rdata_t *)((const uint8_t *)key + knot_rdata_size(key->len));
	}
	return ret;
}
