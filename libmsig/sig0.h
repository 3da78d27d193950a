/*
 * SIG(0) (RFC 2931) on whole messages: a signature over the SIG rdata and the request, or over the
 * SIG rdata, the full request (with its own SIG(0)) and the response. The private key is in memory
 * only; files are the caller's business.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/libknot.h>

#define MSIG_SIG0_WINDOW 300 /* seconds, to both sides */
#define MSIG_SIG0_KEYS_MAX 4 /* public keys tried on one message at most */

struct msig_sig0_key; /* a private key with the name it signs as */

/* algorithm: 15 (Ed25519, the default of the project) or 13 (ECDSA P-256); name is the owner of the
 * KEY record. The caller frees the key. */
int msig_sig0_key_generate(const knot_dname_t *name, uint8_t algorithm, struct msig_sig0_key **key);
/* From PKCS#8 PEM; the algorithm follows from the key (RSA: 8, P-256: 13, Ed25519: 15). */
int msig_sig0_key_from_pem(const knot_dname_t *name, const uint8_t *pem, size_t len,
			   struct msig_sig0_key **key);
/* From the text of BIND's K<name>+<alg>+<tag>.key and .private (algorithms 13 and 15). */
int msig_sig0_key_from_bind(const char *public_text, size_t public_len, const char *private_text,
			    size_t private_len, struct msig_sig0_key **key);
/* PKCS#8 PEM, for a file of mode 0600. The caller frees it. */
int msig_sig0_key_to_pem(const struct msig_sig0_key *key, char **pem, size_t *len);
void msig_sig0_key_free(struct msig_sig0_key *key);

const knot_dname_t *msig_sig0_key_name(const struct msig_sig0_key *key);
uint8_t msig_sig0_key_algorithm(const struct msig_sig0_key *key);
uint16_t msig_sig0_key_tag(const struct msig_sig0_key *key);
/* The rdata of its KEY record; borrowed. */
const knot_rdata_t *msig_sig0_key_rdata(const struct msig_sig0_key *key);

/* Room that a signature needs in a message. */
size_t msig_sig0_size(const struct msig_sig0_key *key);
/* Appends SIG(0) to the message in wire (*len octets, room for max). request is NULL for a request,
 * else the request as it came, and this is the response to it. Valid from now - window to
 * now + window (seconds). KNOT_ESPACE if it does not fit. */
int msig_sig0_sign(const struct msig_sig0_key *key, uint8_t *wire, size_t *len, size_t max,
		   const uint8_t *request, size_t request_len, uint64_t now, uint32_t window);

/* What a SIG(0) says about itself. */
struct msig_sig0_info {
	knot_dname_storage_t signer; /* lower case */
	uint8_t algorithm;
	uint16_t tag;
	uint32_t inception;
	uint32_t expiration;
	size_t offset; /* where the SIG record begins in the message */
};

/* Reads it without any cryptography, for cheap checks first. MSIG_ENOSIG if the last record is no
 * SIG(0) (or the message has a TSIG); KNOT_EMALF if the message or the record is malformed. */
int msig_sig0_peek(const uint8_t *wire, size_t len, struct msig_sig0_info *info);
/* Is it within its own times and within window of now? 0 or MSIG_ESIGTIME (RFC 1982 arithmetic). */
int msig_sig0_check_time(const struct msig_sig0_info *info, uint64_t now, uint32_t window);

/* Verifies. keys are the rdata of the KEY RRset at the signer's name (validated by the caller); at
 * most MSIG_SIG0_KEYS_MAX that fit by algorithm and tag are tried. 0; MSIG_ENOSIG; MSIG_ESIGTIME;
 * MSIG_ESIGKEY (none fits); MSIG_EBADSIG. info (may be NULL) is filled as far as known. */
int msig_sig0_verify(const uint8_t *wire, size_t len, const uint8_t *request, size_t request_len,
		     const knot_rdataset_t *keys, uint64_t now, uint32_t window,
		     struct msig_sig0_info *info);
/* May this KEY rdata verify SIG(0)? Protocol 3, not a zone key, algorithm 8, 13, 14, 15 or 16. */
bool msig_sig0_key_usable(const knot_rdata_t *key);
