/*
 * The keys of a zone, as the signer's key store has them: the same for every driver.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "libmsig/msg.h"

#define KEYS_MAX 64
#define KEY_ID 48      /* with NUL, as agentd keeps it */
#define KEY_RDATA 1100 /* RSA-8192 */

struct key {
	char id[KEY_ID];
	uint8_t role, state; /* enum msig_key_role, enum msig_key_state */
	uint8_t algorithm;
	uint16_t tag;
	uint8_t dnskey[KEY_RDATA];
	uint16_t len;
};

struct keys {
	unsigned count;
	struct key at[KEYS_MAX];
};

static inline bool
key_is_ksk(const struct key *key)
{
	return key->role != MSIG_KEY_ROLE_ZSK;
}

static inline bool
key_is_zsk(const struct key *key)
{
	return key->role != MSIG_KEY_ROLE_KSK;
}

/* Takes the DNSKEY out of a line of presentation format: "... DNSKEY 256 3 13 base64 ...".
 * MSIG_EVALUE if it is none, or not that of a key of this role, algorithm and tag; MSIG_ESIZE if it
 * is empty or too long. */
int key_parse_dnskey(const char *text, struct key *key);

/* Its DNSKEY is in the zone. */
static inline bool
key_is_public(const struct key *key)
{
	return key->state >= MSIG_KEY_STATE_PUBLISHED && key->state <= MSIG_KEY_STATE_RETIRED;
}
