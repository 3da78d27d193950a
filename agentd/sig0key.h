/*
 * Our own word and that of others: the SIG(0) private key, signing and verifying of whole messages,
 * and the replay window of a sender. Knows nothing of what the messages mean.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agentd/discover.h"
#include "libmsig/sig0.h"

/* Sequence numbers of a sender (TLV 15) that were accepted: high is the largest, bit i of seen says
 * whether high - i was. Older than that counts as seen. */
#define REPLAY_WINDOW 64
struct replay {
	uint64_t high, seen;
};

bool replay_fresh(const struct replay *replay, uint64_t sequence);
void replay_mark(struct replay *replay, uint64_t sequence);

struct sig0key;

/* Reads the private key (PKCS #8 PEM, not readable for others). name is the owner of its KEY
 * record. On failure NULL with the reason in err. */
struct sig0key *sig0key_load(const char *file, const char *name, char *err, size_t errlen);
void sig0key_free(struct sig0key *own);
const struct msig_sig0_key *sig0key_key(const struct sig0key *own);

/* Appends SIG(0), valid around now (UTC s). request: NULL, or the request that this answers. */
int sig0key_sign(const struct sig0key *own, uint8_t *wire, size_t *len, size_t max,
		 const uint8_t *request, size_t request_len, uint64_t now);

/* Is it signed by a key of this peer, under the name that its validated URI gave, and now?
 * MSIG_ENOSIG, MSIG_ESIGKEY (other name or key), MSIG_ESIGTIME, MSIG_EBADSIG. *skew (may be NULL):
 * by how many seconds the clock of who signed it is ahead of ours, transport time included. */
int sig0key_verify(const struct discover_result *peer, const uint8_t *wire, size_t len,
		   const uint8_t *request, size_t request_len, uint64_t now, int64_t *skew);
